// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of ChannelCore that watches the time of requests, and says what becomes of one that is not answered.

#include "protocol/channelcore.h"

#include "codec/dispatch.h"
#include "values/errorkinds.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// The request whose timeout runs. It need not have been sent: it may wait behind one whose reply is lost.
Request *ChannelCore::oldestRequest()
{
    if (Request *const sent = m_link ? m_link->oldestRequest() : nullptr)
        return sent;
    if (m_link && m_link->isSendingBody()) // which takes as long as it takes
        return nullptr;
    return m_waiting.oldestRequest();
}

// Whether the channel is to close and awaits nothing but confirms, or the end of channel.flow.
bool ChannelCore::isCloseHeldUp()
{
    return state() == ChannelState::Draining && !oldestRequest()
            && !(m_link && m_link->isSendingBody());
}

void ChannelCore::timeout(TimePoint now, std::chrono::milliseconds requestTimeout, bool blocked)
{
    const std::optional<TimePoint> deadline = nextTimeout(now, requestTimeout);
    if (!deadline || now < *deadline)
        return;
    if (Request *const oldest = oldestRequest())
        requestTimedOut(*oldest, requestTimeout, blocked);
    else
        closeTimedOut(requestTimeout, blocked);
}

static QString blockedNote(bool blocked)
{
    return blocked ? QStringLiteral("; the broker has this connection blocked, see "
                                    "QAmqpConnection::blockedReason()")
                   : QString();
}

void ChannelCore::requestTimedOut(Request &request, std::chrono::milliseconds requestTimeout,
                                  bool blocked)
{
    const bool isOfOpening = m_link && m_link->isOpening(&request);
    if (m_user || m_settingUp > 0
        || (m_context.isRecovering && isOfOpening)) { // whether it is still carried out is unknown
        if (!m_context.isReading) {
            request.oldestSince.reset();
            return;
        }
        m_context.abandon = m_context.error(
                QAmqpError::Kind::Timeout, QAmqpError::Origin::Library,
                u"%1 did not answer %2 within %3 ms while the connection recovered%4",
                methodName(request.method), requestTimeout.count(), blockedNote(blocked));
        if (request.origin == Request::Origin::SetUp)
            blame(request.consumerTag, m_context.abandon);
        return;
    }
    QAmqpError error(QAmqpError::Kind::Timeout, QAmqpError::Scope::Operation,
                     QAmqpError::Origin::Library,
                     formatted(u"%1 on channel %2 was not answered within %3 ms%4",
                               methodName(request.method), m_number, requestTimeout.count(),
                               blockedNote(blocked)));
    error.setMethod(methodName(request.method));
    // Without some answers the channel is stuck: nothing may be sent before tx.commit-ok, no request before
    // that of basic.consume or basic.cancel, and basic.recover leaves open which tags are valid.
    if (isOfOpening || request.overtakes() || request.method == TxCommit::info.id()
        || request.method == BasicRecover::info.id())
        return giveUp(error.setScope(QAmqpError::Scope::Channel), request.method);
    request.over = true;
    m_context.events.append(Replied{.channel = m_number, .request = request.id, .error = error});
    closeIfIdle();
}

void ChannelCore::closeTimedOut(std::chrono::milliseconds requestTimeout, bool blocked)
{
    const quint64 publishes = std::max<quint64>(m_publishes.unconfirmed(), m_waiting.size());
    giveUp(QAmqpError(QAmqpError::Kind::Timeout, QAmqpError::Scope::Channel,
                      QAmqpError::Origin::Library,
                      formatted(u"channel %1 was closed before the broker had answered for %2 "
                                "publishes, since it answered for none within %3 ms%4",
                                m_number, publishes, requestTimeout.count(), blockedNote(blocked))),
           0);
}

// Asked at the end of a turn, so that a request which became the oldest in it gets its deadline.
std::optional<TimePoint> ChannelCore::nextTimeout(TimePoint now,
                                                  std::chrono::milliseconds requestTimeout)
{
    if (requestTimeout.count() == 0 || !isOnLink())
        return std::nullopt;
    std::optional<TimePoint> *since = nullptr;
    if (Request *const oldest = oldestRequest())
        since = &oldest->oldestSince;
    else if (isCloseHeldUp())
        since = &m_closeHeldUp;
    if (!since)
        return std::nullopt;
    if (!*since)
        *since = now;
    return **since + requestTimeout;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
