#include "api/mailbox.h"

#include "api/engine.h"

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

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
