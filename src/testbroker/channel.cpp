// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/channel.h"

#include "testbroker/connection.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

Channel::Channel(Connection &connection, quint16 number)
    : m_connection(connection), m_number(number), m_assembler(m_spare)
{
}

Channel::~Channel() { core().forgetChannel(this); }

VirtualHost &Channel::host() const { return *m_connection.host(); }
BrokerCore &Channel::core() const { return m_connection.core(); }
TimePoint Channel::now() const { return core().now(); }

void Channel::putOff()
{
    if (!std::exchange(m_isPutOff, true))
        core().putOff(*this);
}

void Channel::settleDown()
{
    m_isPutOff = false;
    if (m_state != State::Open)
        return;
    for (const Late &late : std::exchange(m_starting, {})) {
        answer(late.noWait, BasicConsumeOk{QByteArrayView(late.consumer->tag)});
        late.consumer->isStarting = false;
        if (late.consumer->queue && !late.consumer->queue->host())
            queueGone(late.consumer);
    }
    for (const auto &[tag, consumer, noWait] : std::exchange(m_cancelled, {})) {
        if (const auto it = m_consumers.find(tag);
            it != m_consumers.end() && it->second == consumer)
            endConsumer(tag);
        answer(noWait, BasicCancelOk{QByteArrayView(tag)});
    }
    if (std::exchange(m_hasRoom, false))
        wantsMore();
    if (std::exchange(m_isCommitting, false))
        send(TxCommitOk{});
    flushConfirms();
}

bool Channel::fail(const Refusal &why, quint32 method)
{
    if (!why)
        return false;
    if (why.closesChannelOnly())
        close(why, method);
    else
        m_connection.close(why, method);
    return true;
}

void Channel::close(const Refusal &why, quint32 method)
{
    if (m_state != State::Open && m_state != State::Opening)
        return;
    flushConfirms();
    shutDown();
    m_state = State::Closing;
    const QByteArray text = replyText(why);
    send(ChannelClose{quint16(why.code), QByteArrayView(text), quint16(method >> 16),
                      quint16(method)});
}

void Channel::shutDown()
{
    m_state = State::Closed;
    m_assembler.clear();
    m_publishes.clear();
    m_starting.clear();
    m_cancelled.clear();
    requeueAll(true);
    while (!m_consumers.empty())
        endConsumer(m_consumers.begin()->first);
    m_taken.clear();
    m_refused.clear();
}

void Channel::on(const ChannelOpen &)
{
    if (m_state != State::Opening) {
        fail(refuse(ReplyCode::ChannelError, "second 'channel.open' seen"), ChannelOpen::info.id());
        return;
    }
    m_state = State::Open;
    send(ChannelOpenOk{});
}

void Channel::on(const ChannelFlow &method)
{
    if (!method.active)
        fail(refuse(ReplyCode::NotImplemented, "active=false"), method);
    else
        send(ChannelFlowOk{true});
}

void Channel::on(const ChannelClose &)
{
    if (m_state != State::Closing) {
        flushConfirms();
        shutDown();
        m_state = State::Closed;
    }
    send(ChannelCloseOk{});
}

void Channel::on(const ChannelCloseOk &)
{
    if (m_state == State::Closing)
        m_state = State::Closed;
}

void Channel::on(const ConfirmSelect &method)
{
    if (m_isTransactional) {
        fail(refuse(ReplyCode::PreconditionFailed, "cannot switch from tx to confirm mode"),
             method);
        return;
    }
    m_isConfirming = true;
    answer(method.nowait, ConfirmSelectOk{});
}

void Channel::on(const TxSelect &method)
{
    if (m_isConfirming) {
        fail(refuse(ReplyCode::PreconditionFailed, "cannot switch from confirm to tx mode"),
             method);
        return;
    }
    m_isTransactional = true;
    send(TxSelectOk{});
}

void Channel::on(const TxCommit &method)
{
    if (!m_isTransactional) {
        fail(refuse(ReplyCode::PreconditionFailed, "channel is not transactional"), method);
        return;
    }
    for (Publish &held : std::exchange(m_publishes, {}))
        publish(std::move(held));
    endTransaction(true);
    m_isCommitting = true;
    putOff();
}

void Channel::on(const TxRollback &method)
{
    if (!m_isTransactional) {
        fail(refuse(ReplyCode::PreconditionFailed, "channel is not transactional"), method);
        return;
    }
    m_publishes.clear();
    endTransaction(false);
    send(TxRollbackOk{});
}

// Whoever may not touch a name does not learn whether it is there.
QueuePointer Channel::findQueue(QByteArrayView name, Permission what, Refusal &why) const
{
    if (name.isEmpty()) {
        if (m_lastQueue.isEmpty()) {
            why = refuse(ReplyCode::NotFound, "no previously declared queue");
            return {};
        }
        name = m_lastQueue;
    }
    why = m_connection.allows(what, "queue", name);
    if (why)
        return {};
    const QueuePointer found = host().queue(name);
    why = found ? checkLock(*found) : host().missing("queue", name);
    return why ? QueuePointer() : found;
}

Refusal Channel::checkLock(const Queue &queue) const
{
    if (queue.owner() == 0 || queue.owner() == m_connection.id())
        return {};
    return host().lockedQueue(queue.name());
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
