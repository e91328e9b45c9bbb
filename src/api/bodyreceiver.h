// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_BODYRECEIVER_H
#define QTAMQP_API_BODYRECEIVER_H

// The bodies of one consumer that go to devices of the application as they arrive.
//
// The application's function and its devices may run an event loop, as a dialog does that asks for the name of a
// file. What arrives meanwhile is kept in order; and when it is too much, nothing is read from the connection.

#include <QtAmqp/qamqpconsumer.h>
#include <QtCore/qiodevice.h>
#include <QtCore/qpointer.h>

#include <deque>
#include <optional>

QT_BEGIN_NAMESPACE

class QAmqpConsumerPrivate;

namespace QtAmqpPrivate {

class BodyReceiver final : public QObject
{
public:
    BodyReceiver(QAmqpConsumerPrivate &consumer, QAmqpConsumer::BodySink sink);
    ~BodyReceiver() override;

    void setSink(QAmqpConsumer::BodySink sink) { m_sink = std::move(sink); }
    // Whether messages that come now have to wait for earlier ones.
    bool isBusy() const { return !m_arrivals.empty(); }

    // What arrives: a message whose body follows, its parts, its end. Nothing more is written once it is not wanted.
    void began(const QAmqpDelivery &delivery, quint64 size);
    void arrived(QByteArray &&bytes, bool isWanted);
    void ended(quint64 deliveryTag, bool isWanted);
    // Another message for the consumer, which has its turn behind the others.
    void queue(const QAmqpDelivery &delivery);
    // The consumer ends: what has not arrived entirely will not. May delete this.
    void giveUp(const QAmqpError &reason);

private:
    struct Arrival
    {
        QAmqpDelivery delivery;
        quint64 size = 0;
        quint64 written = 0;
        QByteArray bytes = {}; // to be written
        QAmqpError error = {};
        bool isStreamed = true;
        bool isOpen = false; // the application's function was called
        bool isComplete = false;
    };

    void work();
    bool step(Arrival &arrival);
    void open(Arrival &arrival);
    void write(Arrival &arrival);
    void finish(Arrival arrival);
    void fail(Arrival &arrival, QAmqpError::Kind kind, const QString &why) const;
    void notWanted();
    void watch(QIODevice *device);
    void measure();

    QAmqpConsumerPrivate &m_consumer;
    QAmqpConsumer::BodySink m_sink;
    std::deque<Arrival> m_arrivals;
    QPointer<QIODevice> m_device; // of the first arrival, or of the last one before
    qint64 m_waiting = 0; // bytes in m_arrivals
    bool m_isWorking = false;
    bool m_isFull = false;
    std::optional<QAmqpError> m_endsWith;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
