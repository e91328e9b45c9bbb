// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_QAMQPCONSUMER_P_H
#define QTAMQP_API_QAMQPCONSUMER_P_H

#include "api/bodyreceiver.h"
#include "api/deduplicator.h"
#include "api/qamqpchannel_p.h"

#include <QtAmqp/qamqpconsumer.h>

#include <deque>

QT_BEGIN_NAMESPACE

class QAmqpConsumerPrivate
{
public:
    static constexpr qint64 Overhead = 512; // about what a message without body takes

    static QAmqpConsumerPrivate *of(QAmqpConsumer *consumer) { return consumer->d_ptr.get(); }

    ~QAmqpConsumerPrivate();

    void started();
    void interrupted(const QAmqpError &cause); // the link is lost
    void resumed(); // it runs on the next link
    void deliver(const QAmqpDelivery &delivery);
    void discarded(const QAmqpDelivery &message, const QAmqpError &error);
    void deliverHeld();
    void deliverLast();
    void dropHeld();
    void ended(const QAmqpError &reason);
    void emitChanges();
    void noteShown(const QAmqpDelivery &delivery) const
    {
        if (!delivery.isStale()) // else its tag may be that of another one by now
            mayShow(delivery);
    }
    bool isOfChannel() const; // of the session of the channel that goes on

    QAmqpConsumer *q = nullptr;
    std::shared_ptr<QAmqpChannelPrivate> channel;
    std::weak_ptr<QtAmqpPrivate::Engine> engine; // also when the channel has left it
    QAmqpConsumeOptions options;
    QByteArray tag;
    QtAmqpPrivate::RequestId id = 0; // of its basic.consume
    QAmqpConsumer::State state = QAmqpConsumer::State::Starting;
    QAmqpConsumer::State emittedState = QAmqpConsumer::State::Starting;
    bool noAck = false; // of the options, for each delivery
    bool isReentrant = false; // its slot is the library's own
    bool paused = false;
    bool emittedPaused = false;
    bool warned = false; // of a message that was discarded
    std::deque<QAmqpDelivery> held;
    std::unique_ptr<QtAmqpPrivate::Deduplicator> deduplicator; // none if the options want none

private:
    bool mayShow(const QAmqpDelivery &delivery) const;
    bool callSlot(const QAmqpDelivery &delivery);
    void hold(const QAmqpDelivery &delivery);
    QAmqpDelivery takeHeld();
    size_t bound() const;
    void countHeld(const QAmqpDelivery &delivery, int sign) const;
    void emitCancelled(const QAmqpError &reason);

    bool *slotRuns = nullptr; // while it does: becomes true if this is deleted in it
    std::optional<QAmqpError> endsWith; // behind what is held

public:
    // None before setBodySink(). It is the last member, since its destructor uses the others.
    std::unique_ptr<QtAmqpPrivate::BodyReceiver> bodies;
};

QT_END_NAMESPACE

#endif
