// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/mailbox.h"

#include "api/engine.h"
#include "api/qamqpchannel_p.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

bool Mailbox::settle(const Settlement &settlement)
{
    if (QThread::currentThreadId() == m_owner.load(std::memory_order_relaxed)) {
        if (m_engine && hasMail()) // what was accepted before comes before
            m_engine->collectMail();
        return m_engine && m_engine->settle(settlement);
    }
    const std::lock_guard lock(m_mutex);
    if (settlement.channel >= m_admitted.size()
        || m_admitted[settlement.channel] != settlement.generation)
        return false;
    m_waiting.push_back(settlement);
    if (!m_hasMail.exchange(true) && m_transport)
        m_transport->requestTurn();
    return true;
}

void Mailbox::refuse(const Settlement &settlement, const QAmqpError &error) const
{
    if (isForeign())
        qWarning("QtAmqp: %s", qPrintable(error.text()));
    else if (m_engine)
        m_engine->refuse(settlement, error);
}

bool Engine::settle(const Settlement &settlement)
{
    QAmqpChannelPrivate *target = channel(settlement.channel);
    return target && target->settleDelivery(settlement);
}

void Engine::refuse(const Settlement &settlement, const QAmqpError &error) const
{
    QAmqpChannelPrivate *target = channel(settlement.channel);
    if (target && target->generation == settlement.generation)
        target->refuse(error);
}

void Engine::settleAll(const std::vector<Settlement> &mail)
{
    for (const Settlement &settlement : mail)
        settle(settlement);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
