// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_BODYRECEIVER_H
#define QTAMQP_API_BODYRECEIVER_H

// The bodies of one consumer that go to devices of the application as they arrive.
//
// The application's function and its devices may run an event loop, as a dialog does that asks for the name of a
// file. What arrives meanwhile is kept in order; and when it is too much, nothing is read from the connection. While
// the application's slots run, the bodies behind go on: a slot may wait for an answer that comes after these.

#include <QtAmqp/qamqpconsumer.h>
#include <QtCore/qiodevice.h>
#include <QtCore/qpointer.h>

#include <deque>
#include <optional>

QT_BEGIN_NAMESPACE

class QAmqpConsumerPrivate;

namespace QtAmqpPrivate {

// It is a child of the consumer's object, so that it moves to another thread with it: signals of devices come to it.
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
    // Another message for the consumer, which has its turn behind the others. With an error it is one that the
    // consumer cannot have.
    void queue(const QAmqpDelivery &delivery, const QAmqpError &error = {});
    // Goes on with what has arrived. May delete this, as all of the above.
    void work();
    // The link is lost, and the consumer goes on with another one: what has not arrived entirely or may not be shown
    // comes again. May delete this.
    void interrupted(const QAmqpError &cause);
    // The consumer ends: what has not arrived entirely will not. May delete this.
    void giveUp(const QAmqpError &reason);
    // The channel or the connection is destroyed: nothing more is written and nobody hears of anything.
    void leave();

private:
    enum class Sort { Streamed, Whole, Discarded };
    struct Arrival
    {
        qint64 waitingBytes() const;

        QAmqpDelivery delivery;
        QAmqpConsumer::BodySink sink = {};
        quint64 size = 0;
        quint64 written = 0;
        QByteArray bytes = {}; // to be written
        QAmqpError error = {};
        Sort sort = Sort::Streamed;
        bool isOpen = false; // the application's function was called
        bool isComplete = false;
    };

    // What was done for the first arrival; nothing if it has to wait, or if this is gone.
    enum class Step { Nothing, GoesOn, HandedOut };

    void add(Arrival &&arrival);
    Step step(Arrival &arrival);
    void open(Arrival &arrival);
    void write(Arrival &arrival);
    void finish(const Arrival &arrival);
    void fail(Arrival &arrival, QAmqpError::Kind kind, const QString &why) const;
    void failLost(Arrival &arrival, const QAmqpError &reason) const;
    void notWanted();
    void watch(QIODevice *device);
    void holdIfFull();

    QAmqpConsumerPrivate &m_consumer;
    QAmqpConsumer::BodySink m_sink;
    std::deque<Arrival> m_arrivals;
    QPointer<QIODevice> m_device; // of the first arrival, or of the last one before
    qint64 m_waiting = 0; // bytes in m_arrivals
    bool m_isWorking = false; // the function or a device of the application may be running
    bool m_isHolding = false; // the engine was asked to read nothing
    bool m_hasLeft = false;
    std::optional<QAmqpError> m_endsWith;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
