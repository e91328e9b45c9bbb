// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "sender.h"

#include "output.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

int windowOf(const Arguments &arguments)
{
    return int(arguments.number("window", 1, 1'000'000, 1000));
}

QString returnReason(const QString &reply, const QString &exchange, const QString &routingKey)
{
    if (exchange.isEmpty())
        return u"returned: %1 (there is no queue \"%2\")"_s.arg(reply, routingKey);
    return u"returned: %1 (exchange \"%2\", routing key \"%3\")"_s.arg(reply, exchange, routingKey);
}

void Sender::report(const Run &run) const
{
    const Tally tally = this->tally();
    std::optional<Failure> printed;
    if (run.json())
        printed = tryPrint(tally.json());
    if (!tally.isAllTaken())
        throw tally.failure();
    if (printed)
        throw *printed;
}

Failure Sender::reported(const Run &run, const Failure &failure) const
{
    const Tally tally = this->tally();
    if (run.json())
        tryPrint(tally.json());
    if (tally.published + tally.earlier == 0)
        return failure;
    const QString separator = failure.text.isEmpty() ? u"stopped: "_s : u"; "_s;
    return {failure.status, failure.text + separator + tally.lastSummary() + remains(failure)};
}

ChannelSender::ChannelSender(Run &run, bool confirms)
    : m_run(run), m_confirms(confirms), m_session(run), m_channel(m_session.channel())
{
    using C = QAmqpChannel;
    m_channel->setConfirms(confirms);
    m_channel->setMaxUnconfirmed(windowOf(run.arguments()));
    if (!confirms)
        run.setLossNote(
                u"messages that were on their way may be lost, as --no-confirms is given"_s);
    QObject::connect(m_channel, &C::confirmed, &m_scope, [this] {
        ++m_tally.confirmed;
        m_open.reset();
    });
    QObject::connect(m_channel, &C::nacked, &m_scope, [this] { nacked(); });
    QObject::connect(m_channel, &C::indeterminate, &m_scope,
                     [this] { m_isLost = m_open.has_value(); });
    QObject::connect(m_channel, &C::messageReturned, &m_scope,
                     [this](const QAmqpReturn &message) { returned(message); });
}

bool ChannelSender::isReady()
{
    goOn();
    return !m_open && m_channel->isReadyToPublish();
}

void ChannelSender::send(const Outgoing &message)
{
    m_open = message;
    publish();
    ++m_tally.published;
    if (!m_confirms)
        m_open.reset();
}

void ChannelSender::publish()
{
    QFile *const body = m_open->body;
    if (body)
        body->seek(m_open->begin);
    const quint64 tag = body
            ? m_channel->publish(m_open->exchange, m_open->routingKey, body,
                                 body->size() - m_open->begin, m_open->message, m_open->flags)
            : m_channel->publish(m_open->exchange, m_open->routingKey, m_open->message,
                                 m_open->flags);
    if (tag == 0)
        throw failureOf(m_channel->lastError());
}

void ChannelSender::goOn()
{
    if (!m_isLost || !m_channel->isReadyToPublish())
        return;
    m_isLost = false;
    publish();
    ++m_tally.publishedAgain;
}

void ChannelSender::nacked()
{
    ++m_tally.nacked;
    m_tally.addReason(name(),
                      m_channel->isOpen() ? u"nacked by the broker"_s : u"not sent entirely"_s);
    m_open.reset();
}

void ChannelSender::returned(const QAmqpReturn &message)
{
    ++m_tally.returned;
    m_tally.addReason(name(),
                      returnReason(u"%1 %2"_s.arg(message.replyCode()).arg(message.replyText()),
                                   message.exchange(), message.routingKey()));
}

// Without confirms nobody knows which message it is.
QString ChannelSender::name() const
{
    return m_confirms ? u"message %1"_s.arg(m_tally.published) : QString();
}

void ChannelSender::finish()
{
    m_run.setDoing(u"waiting for confirms"_s);
    m_run.waitUntil([this] { return isReady(); });
    // The broker returns a message before it answers a request that follows the message.
    m_run.setDoing(u"waiting for the broker to take the messages"_s);
    if (!m_confirms)
        m_run.wait(m_channel->setPrefetch(0));
    m_run.setDoing(u"closing the connection"_s);
    m_session.close();
}

void ChannelSender::settle()
{
    // The channel is open, unless that is what failed.
    Run::settle([this] { return !m_channel->isOpen() || m_channel->unconfirmed() == 0; }, 2s);
}

QString ChannelSender::remains(const Failure &failure) const
{
    if (failure.status != NoConnection || !m_open)
        return {};
    return u"; not confirmed: %1"_s.arg(m_tally.published);
}

} // namespace Tool
