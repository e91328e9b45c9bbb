// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_PUBLISHER_H
#define QTAMQP_BLOCKING_PUBLISHER_H

// The publishes of one channel, and their outcomes.
//
// A message counts from the call until the broker has answered for it or, without confirms, until it was
// sent. Callers wait while too many count, so that memory stays bounded however slow the broker is.

#include "blocking/dispatcher.h"

#include <QtAmqp/qamqpchannel.h>

QT_BEGIN_NAMESPACE

class QAmqpBlockingChannelPrivate;

namespace QtAmqpPrivate {

class Publisher
{
public:
    using Answered = AnswerPointer<QAmqpPublishResult>;

    struct Outgoing
    {
        QString exchange;
        QString routingKey;
        QAmqpMessage message;
        QAmqpChannel::PublishFlags flags;
        quint64 number = 0; // counts the publishes of this channel from 1; the caller gets it
        bool confirmed = true;
        Answered answer = {}; // null if waitForConfirms() returns the outcome
        QAmqpError returned = {};
    };

    explicit Publisher(QAmqpBlockingChannelPrivate *channel) : m_channel(channel) { }

    // Any thread
    QAmqpPublishResult publish(Outgoing message);
    QAmqpPublishResult waitForConfirms(TimePoint deadline);
    void onReturned(std::function<void(const QAmqpReturn &)> function);

    // Any thread, with the mutex held
    bool isConfirming() const { return m_confirms && !m_transactional; }
    void setConfirming(bool confirms) { m_confirms = confirms; }
    void setTransactional(bool transactional) { m_transactional = transactional; }
    quint64 window() const { return m_window; }
    void setWindow(quint64 messages);
    quint64 unconfirmed() const { return isConfirming() ? m_counted : 0; }
    void silence();
    void giveUp(const QAmqpError &reason);

    // I/O thread
    void watch(QAmqpChannel *channel);
    void interrupted(const QAmqpError &cause);
    void channelClosed(const QAmqpError &reason);

private:
    void send(Outgoing &&message);
    void settle(quint64 firstTag, quint64 lastTag, const QAmqpError &error);
    void letGo();
    void returned(const QAmqpReturn &message);

    // With the mutex held
    bool hasRoom(quint64 parts) const;
    QAmqpError refusal(bool confirmed) const;
    void settle(Outgoing &message, const QAmqpError &error);
    void wakeForRoom();
    void keep(const QAmqpReturn &message);
    void countReturns(qint64 messages = 0, qint64 bytes = 0);

    QAmqpBlockingChannelPrivate *const m_channel;

    // Guarded by the dispatcher's mutex
    std::condition_variable m_room;
    bool m_confirms = true; // as set by setConfirms()
    bool m_transactional = false; // until the channel ends
    quint64 m_window = 1;
    quint64 m_lastNumber = 0;
    quint64 m_counted = 0; // how many messages count, see above
    qint64 m_countedBytes = 0;
    quint64 m_confirmed = 0; // since waitForConfirms() last returned a result
    QAmqpError m_failure; // the first one since then
    QList<QAmqpReturn> m_failed;
    qint64 m_failedBytes = 0;
    Handler<const QAmqpReturn &> m_returnedHandler;
    qint64 m_returns = 0; // returned messages that wait for a callback
    qint64 m_returnBytes = 0;
    qint64 m_countedReturns = 0; // how many of them the connection counts, see countReturns()
    qint64 m_countedReturnBytes = 0;

    // Of the I/O thread
    std::map<quint64, Outgoing> m_unanswered; // by the publish tags of the QAmqpChannel
    std::vector<std::pair<quint64, quint64>> m_lost; // first and last tags of what may have arrived
    quint64 m_held = 0; // without confirms: messages that were not sent yet
    qint64 m_heldBytes = 0;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
