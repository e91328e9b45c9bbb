// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How a program that looks at no tag hears of publishes that were refused: once for all since the last turn.

#include "api/qamqpchannel_p.h"
#include "api/qamqpconnection_p.h"

#include <QtCore/qmetaobject.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

quint64 QAmqpChannelPrivate::publishReporting(const QString &exchange, const QString &routingKey,
                                              const QAmqpMessage &message,
                                              QAmqpChannel::PublishFlags flags,
                                              const QueueNamePointer &queue)
{
    const quint64 tag = publish(exchange, routingKey, message, flags, queue);
    if (tag != 0 || (engine && engine->mailbox()->isForeign())) // which was told at once
        return tag;
    refusedError = lastError;
    warnOfRefusal |= !std::exchange(refusalWarned, true);
    if (++refusedPublishes > 1)
        return 0;
    if (engine)
        engine->reportRefused(shared_from_this());
    else if (std::exchange(warnOfRefusal, false)) // no turn follows any more
        qCWarning(qtAmqpChannel).noquote() << lastError.text();
    return 0;
}

void QAmqpChannelPrivate::reportRefused()
{
    const quint64 messages = std::exchange(refusedPublishes, 0);
    const QAmqpError error = std::exchange(refusedError, {});
    const bool told = q->isSignalConnected(QMetaMethod::fromSignal(&QAmqpChannel::publishRefused));
    if (std::exchange(warnOfRefusal, false) && !told)
        engine->log().add(
                qtAmqpChannel(), QtWarningMsg,
                formatted(
                        u"publish() returned 0, and nothing was sent: %1 (told once until the channel is opened again; publishRefused() tells of each)",
                        error.text()));
    Q_EMIT q->publishRefused(error, messages);
}

namespace QtAmqpPrivate {

void Engine::reportRefused(std::weak_ptr<QAmqpChannelPrivate> channel)
{
    m_refusing.push_back(std::move(channel));
    if (m_transport)
        return scheduleTurn();
    // There was no session yet, whose turn would tell it, and until then the connection may be moved to
    // another thread.
    const auto tell = [engine = shared_from_this()] {
        if (engine->m_transport) // now there is one
            return engine->scheduleTurn();
        engine->reportRefusals();
        engine->printRest();
    };
    QMetaObject::invokeMethod(m_connection->q, tell, Qt::QueuedConnection);
}

// What is refused in a slot waits for the next turn.
void Engine::reportRefusals()
{
    for (size_t left = m_refusing.size(); left > 0 && !m_refusing.empty(); --left) {
        const auto refusing = m_refusing.front().lock();
        m_refusing.erase(m_refusing.begin());
        if (m_connection && refusing && refusing->q)
            refusing->reportRefused();
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
