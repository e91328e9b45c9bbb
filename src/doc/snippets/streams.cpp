// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "Streams" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qdebug.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void declare(QAmqpChannel *channel)
{
    //! [declare]
    QAmqpQueue *readings = channel->queue(u"readings"_s);
    readings->declare(QAmqpQueueOptions()
                              .setType(QAmqpQueueOptions::Stream)
                              .setDurable()
                              .setMaxLengthBytes(qint64(20) << 30) // 20 GiB
                              .setMaxAge(24h * 7));
    readings->publish("21.5");
    //! [declare]
}

void read(QAmqpQueue *readings)
{
    //! [read]
    QObject::connect(readings, &QAmqpQueue::messageReceived, [](const QAmqpDelivery &delivery) {
        const qint64 number = delivery.header(u"x-stream-offset"_s).toInt();
        qInfo() << number << delivery.text();
        delivery.ack(); // asks for more; the message stays in the stream
    });
    readings->consume(
            QAmqpConsumeOptions().setPrefetch(500).setStreamOffset(QAmqpConsumeOptions::First));
    //! [read]
}

void goOn(QAmqpQueue *readings, quint64 lastNumber)
{
    //! [go on]
    readings->consume(QAmqpConsumeOptions().setStreamOffset(lastNumber + 1));
    //! [go on]
}

void since(QAmqpQueue *readings, const QDateTime &monday)
{
    //! [since]
    readings->consume(QAmqpConsumeOptions().setStreamOffset(monday));
    readings->consume(QAmqpConsumeOptions().setStreamOffset(10min)); // ten minutes ago
    //! [since]
}
