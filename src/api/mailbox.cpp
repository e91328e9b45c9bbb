// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/mailbox.h"

#include "api/deliverywatch.h"
#include "api/engine.h"
#include "api/qamqpchannel_p.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

QAmqpError streamTakesNothingBack()
{
    return invalidArgument(
            u"basic.nack: a stream takes nothing back, and RabbitMQ would close the connection (540); ack() what it delivered, it stays in the stream all the same");
}

void Mailbox::detach()
{
    {
        const std::lock_guard lock(m_mutex);
        m_owner = nullptr;
        m_engine = nullptr;
        m_transport = nullptr;
        m_waiting.clear();
        m_hasMail = false;
        m_admitted.clear();
    }
    DeliveryWatch::notify(); // its deliveries are stale
}

bool Mailbox::settle(const Mail &mail)
{
    if (QThread::currentThreadId() == m_owner.load(std::memory_order_relaxed)) {
        if (m_engine && hasMail()) // what was accepted earlier is sent earlier
            m_engine->collectMail();
        return m_engine && m_engine->settle(mail);
    }
    std::unique_lock lock(m_mutex);
    const quint16 channel = mail.delivery->channel;
    if (channel >= m_admitted.size() || m_admitted[channel] != mail.delivery->generation)
        return false;
    if (mail.how != Settlement::Ack && mail.delivery->fromStream) {
        lock.unlock();
        qWarning("QtAmqp: %s", qPrintable(streamTakesNothingBack().text()));
        return false;
    }
    m_waiting.push_back(mail);
    if (!m_hasMail.exchange(true) && m_transport)
        m_transport->requestTurn();
    return true;
}

bool Engine::settle(const Mail &mail)
{
    QAmqpChannelPrivate *const target = channel(mail.delivery->channel);
    if (!target || !target->core)
        return false;
    const Settling settling = target->core->settle(mail.delivery, mail.how, mail.multiple);
    if (settling == Settling::FromStream)
        target->setLastError(streamTakesNothingBack());
    if (settling == Settling::Accepted) {
        if (target->settlementWatchers > 0)
            target->noteSettled(mail.delivery->deliveryTag, mail.multiple, mail.how);
        scheduleTurn();
    }
    return settling == Settling::Accepted;
}

void Engine::collectLastMail(int channel)
{
    settleAll(m_mailbox->takeLast(channel));
    DeliveryWatch::notify(); // what is unsettled is stale from now on
}

void Engine::settleAll(const std::vector<Mail> &mails)
{
    for (const Mail &mail : mails) {
        if (!settle(mail))
            mail.delivery->settled = false;
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
