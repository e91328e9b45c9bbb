// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_PUBLISHER_H
#define QTAMQP_BLOCKING_PUBLISHER_H

// What one channel has published and nobody has answered for.
//
// A message counts from the call until the broker answered for it, or, without confirms, until it left.
// Callers wait while too many count, so that memory stays bounded however slow the broker is.

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
        quint64 number = 0; // of this channel's publishes, from 1: what the caller knows it by
        bool confirmed = true;
        Answered answer = {}; // null: waitForConfirms() tells
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
    bool m_confirms = true; // wanted
    bool m_transactional = false; // until the channel ends
    quint64 m_window = 1;
    quint64 m_lastNumber = 0;
    quint64 m_counted = 0; // messages
    qint64 m_countedBytes = 0;
    quint64 m_confirmed = 0; // since waitForConfirms() last told
    QAmqpError m_failure; // the first since then
    QList<QAmqpReturn> m_failed;
    qint64 m_failedBytes = 0;
    Handler<const QAmqpReturn &> m_returnedHandler;
    qint64 m_returns = 0; // that no callback was told of yet
    qint64 m_returnBytes = 0;
    qint64 m_countedReturns = 0; // as the connection was last told
    qint64 m_countedReturnBytes = 0;

    // Of the I/O thread
    std::map<quint64, Outgoing> m_unanswered; // by the channel's tags
    quint64 m_held = 0; // without confirms: messages that have not left
    qint64 m_heldBytes = 0;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
