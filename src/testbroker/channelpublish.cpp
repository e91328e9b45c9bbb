// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How messages come: basic.publish, its content, returns and confirms.

#include "testbroker/channel.h"
#include "testbroker/connection.h"
#include "values/tableformat.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using Property = QAmqpMessage::Property;

void Channel::on(const BasicPublish &method)
{
    const auto refusal = [&]() -> Refusal {
        if (method.immediate)
            return refuse(ReplyCode::NotImplemented, "immediate=true");
        if (const auto why = m_connection.allows(&Permissions::write, "exchange",
                                                 permissionName(method.exchange)))
            return why;
        const Exchange *const to = host().exchange(method.exchange);
        if (!to)
            return host().missing("exchange", method.exchange);
        if (to->settings().internal)
            return refuse(ReplyCode::AccessRefused,
                          "cannot publish to internal "
                                  + host().describe("exchange", method.exchange));
        return {};
    }();
    if (fail(refusal, method))
        return;
    m_mandatory = method.mandatory;
    m_assembler.begin({BasicPublish::info.id()}, method.exchange, method.routingKey);
}

void Channel::header(QByteArrayView payload)
{
    const quint64 most = core().settings().maxMessageSize;
    Reader in(payload);
    const quint64 size = decodeContentHeader(in).bodySize;
    if (size > most) {
        fail(refuse(ReplyCode::PreconditionFailed,
                    "message size " + QByteArray::number(size)
                            + " is larger than configured max size " + QByteArray::number(most)),
             BasicPublish::info.id());
        return;
    }
    FrameError error;
    const bool isComplete = m_assembler.header(payload, 0, most, {}, error);
    if (error.code != ReplyCode::Success)
        m_connection.close(refuse(error.code, error.text.toUtf8()), BasicPublish::info.id());
    else if (isComplete)
        published();
}

void Channel::body(QByteArrayView payload)
{
    FrameError error;
    const bool isComplete = m_assembler.body(payload, error);
    if (error.code != ReplyCode::Success)
        m_connection.close(refuse(error.code, error.text.toUtf8()), BasicPublish::info.id());
    else if (isComplete)
        published();
}

static bool isBeyondLimits(const QString &error)
{
    return error.endsWith(QLatin1StringView(TooDeep))
            || error.endsWith(QLatin1StringView(TooManyElements));
}

void Channel::published()
{
    Publish publish{m_assembler.envelope(), m_assembler.takeMessage(), m_mandatory};
    // Headers beyond the limits of this library are passed on as they are; for routing there are none.
    if (const QString wrong = publish.message.propertiesError();
        !wrong.isEmpty() && !isBeyondLimits(wrong)) {
        m_connection.close(refuse(ReplyCode::SyntaxError, wrong.toUtf8()), BasicPublish::info.id());
        return;
    }
    if (fail(checkPublish(publish.message), BasicPublish::info.id()))
        return;
    if (LinkFaults *const faults = m_connection.faults(); faults
        && faults->comes(QAmqpTestFault::Trigger::Publish, BasicPublish::info.id(), m_number))
        return;
    ++core().count().published;
    if (publish.message.bytes(Property::ReplyTo) == ReplyTo)
        publish.message.setReplyTo(QString::fromUtf8(m_replyAddress));
    if (m_isTransactional)
        m_publishes.push_back(std::move(publish));
    else
        this->publish(std::move(publish));
}

// In Erlang's words, of string:to_integer().
static QByteArray problemOfExpiration(const QByteArray &given)
{
    constexpr qint64 longest = 315'360'000'000; // ten years
    qsizetype end = given.startsWith('-') || given.startsWith('+') ? 1 : 0;
    const qsizetype begin = end;
    while (end < given.size() && given.at(end) >= '0' && given.at(end) <= '9')
        ++end;
    if (end == begin)
        return "no_integer";
    if (end < given.size())
        return "{leftover_string,\"" + given.sliced(end) + "\"}";
    bool ok = false;
    const qint64 time = given.toLongLong(&ok);
    if (ok && time < 0)
        return "{value_negative," + given + '}';
    return ok && time <= longest ? QByteArray() : "{value_too_large," + given + '}';
}

Refusal checkProperties(const QAmqpMessage &message)
{
    if (message.has(Property::Expiration)) {
        const QByteArray given = message.bytes(Property::Expiration);
        if (const QByteArray wrong = problemOfExpiration(given); !wrong.isEmpty())
            return refuse(ReplyCode::PreconditionFailed,
                          "invalid expiration '" + given + "': " + wrong);
    }
    if (message.has(Property::DeliveryMode)) {
        const int mode = int(message.deliveryMode());
        if (mode != 1 && mode != 2)
            return refuse(ReplyCode::PreconditionFailed,
                          "invalid message: {delivery_mode_unknown," + QByteArray::number(mode)
                                  + '}');
    }
    if (message.has(Property::Headers)) {
        const QAmqpTable headers = message.headers();
        for (const char *name : {"CC", "BCC"}) {
            const QAmqpValue keys = headers.value(QString::fromLatin1(name));
            if (keys.isValid() && keys.type() != QAmqpValue::Type::Array)
                return refuse(ReplyCode::PreconditionFailed,
                              QByteArray("invalid message: {unacceptable_type_in_header,\"") + name
                                      + "\"," + typeName(keys) + '}');
        }
    }
    return {};
}

Refusal Channel::checkPublish(const QAmqpMessage &message) const
{
    if (message.has(Property::UserId) && message.bytes(Property::UserId) != m_connection.user())
        return refuse(ReplyCode::PreconditionFailed,
                      "user_id property set to '" + message.bytes(Property::UserId)
                              + "' but authenticated user was '" + m_connection.user() + '\'');
    if (const auto why = checkProperties(message))
        return why;
    if (message.bytes(Property::ReplyTo) == ReplyTo && m_replyAddress.isEmpty())
        return refuse(ReplyCode::PreconditionFailed, "fast reply consumer does not exist");
    return {};
}

// Most messages go where the last one went.
const VirtualHost::Routes &Channel::routesOf(const Publish &publish)
{
    Exchange *const to = host().exchange(publish.envelope->exchange);
    const bool hasHeaders = publish.message.has(Property::Headers);
    if (!hasHeaders && m_lastRoute.envelope == publish.envelope
        && m_lastRoute.changes == host().changes())
        return m_lastRoute.routes;
    m_lastRoute.envelope.reset();
    m_lastRoute.routes.clear();
    if (to) {
        m_lastRoute.routes = host().routeAll(
                *to, routingKeys(publish.envelope->routingKey, publish.message), publish.message);
    }
    if (!hasHeaders && to && to->settings().type != ExchangeType::Headers) {
        m_lastRoute.envelope = publish.envelope;
        m_lastRoute.changes = host().changes();
    }
    return m_lastRoute.routes;
}

void Channel::publish(Publish publish)
{
    if (Watcher *const watcher = core().watcher())
        watcher->published(host(), publish.envelope, publish.message);
    const quint64 tag = m_isConfirming ? ++m_published : 0;
    LinkFaults *const faults = m_connection.faults();
    Queue::Outcome outcome = Queue::Outcome::Taken;
    if (faults && faults->nacksPublish()) {
        outcome = Queue::Outcome::Refused;
    } else if (faults && publish.mandatory && faults->returnsPublish()) {
        giveBack(publish);
    } else if (core().publishReply(publish.envelope, publish.message)) {
        if (publish.mandatory) // which is a habit of RabbitMQ: there is no queue
            giveBack(publish);
    } else {
        const VirtualHost::Routes &routes = routesOf(publish);
        if (routes.empty() && publish.mandatory)
            giveBack(publish);
        removeBlindCopies(publish.message);
        if (faults && tag > 0 && faults->losesUnconfirmed()) {
            faults->hold(m_number, routes, {publish.envelope, publish.message});
        } else {
            for (const QueuePointer &queue : routes)
                outcome = std::max(outcome,
                                   queue->publish({publish.envelope, publish.message}, now()));
        }
    }
    if (tag > 0)
        confirm(tag, outcome);
}

void Channel::giveBack(const Publish &publish)
{
    ++core().count().returned;
    send(BasicReturn{quint16(ReplyCode::NoRoute), QByteArrayView("NO_ROUTE"),
                     QByteArrayView(publish.envelope->exchange),
                     QByteArrayView(publish.envelope->routingKey)});
    m_connection.sendContent(m_number, publish.message);
}

void Channel::confirm(quint64 tag, Queue::Outcome outcome)
{
    if (outcome == Queue::Outcome::Open) {
        m_open.insert(tag);
        return;
    }
    (outcome == Queue::Outcome::Taken ? m_taken : m_refused).push_back(tag);
    putOff();
}

// Several in one, up to the first that has another fate.
void Channel::flushConfirms()
{
    if (m_taken.empty() && m_refused.empty())
        return;
    core().count().confirmed += m_taken.size();
    if (m_refused.empty() && (m_open.empty() || *m_open.begin() > m_taken.back())) {
        send(BasicAck{m_taken.back(), m_taken.size() > 1});
    } else {
        for (const quint64 tag : m_taken)
            send(BasicAck{tag, false});
        for (const quint64 tag : m_refused)
            send(BasicNack{tag, false, false});
    }
    if (LinkFaults *const faults = m_connection.faults())
        faults->confirmed(m_number);
    m_taken.clear();
    m_refused.clear();
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
