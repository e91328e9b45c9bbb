// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The test broker, in a thread of its own, with our client on loopback: messages of 16 bytes through publish, confirm,
// deliver and ack; and the memory of queues and messages that wait. Prints lines of JSON.
//
//     bench_testbroker [MESSAGES [QUEUES]]

#include "measure.h"

#include <QtAmqp/QtAmqp>
#include <QtAmqpTest/qamqptestbroker.h>
#include <QtCore/qcoreapplication.h>

#include <malloc.h>

using namespace Qt::StringLiterals;

namespace {

// Until all are confirmed and acknowledged; at most a thousand are unconfirmed.
bool passThrough(const QUrl &url, long total)
{
    constexpr quint64 window = 1000;
    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    channel->declareQueue(u"q"_s);
    const QAmqpConsumer *consumer = channel->consume(u"q"_s);
    const QAmqpMessage message(QByteArray(16, 'x'));
    quint64 sent = 0;
    quint64 confirmed = 0;
    quint64 received = 0;
    const auto more = [&] {
        for (; sent < quint64(total) && sent - confirmed < window; ++sent)
            channel->publish({}, u"q"_s, message);
    };
    const auto check = [&] {
        if (received == quint64(total) && confirmed == quint64(total))
            connection.close();
    };
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, [&](const QAmqpDelivery &delivery) {
        delivery.ack();
        ++received;
        check();
    });
    QObject::connect(channel, &QAmqpChannel::confirmed, [&](quint64 first, quint64 last) {
        confirmed += last - first + 1;
        more();
        check();
    });
    QObject::connect(&connection, &QAmqpConnection::closed, qApp,
                     [&] { QCoreApplication::exit(received == quint64(total) ? 0 : 1); });
    connection.open(url);
    more();
    return QCoreApplication::exec() == 0;
}

size_t used() { return mallinfo2().uordblks; }

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication app(argc, argv);
    const long messages = argc > 1 ? std::atol(argv[1]) : 1'000'000;
    const long queues = argc > 2 ? std::atol(argv[2]) : 10'000;
    QAmqpTestBroker broker;
    broker.setThreading(QAmqpTestBroker::Threading::OwnThread);
    const double begin = Measure::now();
    if (!broker.start()) {
        std::fprintf(stderr, "bench_testbroker: %s\n", qPrintable(broker.errorString()));
        return 1;
    }
    const double started = Measure::now();
    if (!passThrough(broker.url(), messages))
        return 1;
    const double done = Measure::now();
    std::printf("{\"start_us\":%.0f,\"messages\":%ld,\"per_second\":%.0f}\n",
                (started - begin) * 1e6, messages, double(messages) / (done - started));

    const size_t before = used();
    for (long i = 0; i < queues; ++i)
        broker.declareQueue(u"queue-%1"_s.arg(i));
    const size_t withQueues = used();
    for (long i = 0; i < messages; ++i)
        broker.publish({}, u"q"_s, QAmqpMessage(QByteArray(16, 'x')));
    const size_t withMessages = used();
    std::printf("{\"bytes_per_queue\":%.0f,\"bytes_per_message\":%.0f}\n",
                double(withQueues - before) / double(queues),
                double(withMessages - withQueues) / double(messages));
    return 0;
}
