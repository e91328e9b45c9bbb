// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "codec/assembler.h"

#include "codec/methods.h"
#include "values/errorkinds.h"
#include "values/qamqpmessage_p.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// The memory that is reserved at most when the first body frame arrives; a larger body grows from there.
constexpr qsizetype MaxReserve = 1024 * 1024;

// Keeps the memory of `to`, which QByteArrayView::toByteArray() would not.
static void assign(QByteArray &to, QByteArrayView from)
{
    if (to == from)
        return;
    to.resize(from.size());
    std::memcpy(to.data(), from.data(), size_t(from.size()));
}

// Consecutive messages mostly have the same routing: they share one envelope. If only its routing key is another,
// the envelope of the last message is written over, unless somebody still needs it; so the memory of the
// consumer's tag stays the same.
void Assembler::begin(ContentStart start, QByteArrayView exchange, QByteArrayView routingKey,
                      QByteArrayView consumerTag)
{
    m_start = std::move(start);
    m_hasHeader = false;
    const Envelope *last = m_envelope.constData();
    if (last && last->routingKey == routingKey && last->consumerTag == consumerTag
        && last->exchange == exchange)
        return;
    if (!last) {
        m_envelope = new Envelope;
    } else if (last->ref.loadAcquire() != 1) {
        auto *const next = new Envelope;
        next->consumerTag = last->consumerTag;
        m_envelope = next;
    }
    assign(m_envelope->exchange, exchange);
    assign(m_envelope->routingKey, routingKey);
    if (m_envelope->consumerTag != consumerTag)
        m_envelope->consumerTag = consumerTag.toByteArray();
}

void Assembler::beginSame(quint64 deliveryTag)
{
    m_start.method = BasicDeliver::info.id();
    m_start.deliveryTag = deliveryTag;
    m_hasHeader = false;
}

bool Assembler::header(QByteArrayView payload, qint64 missing, quint64 maxBodySize,
                       std::optional<quint64> streamFrom, FrameError &error)
{
    Reader in(payload);
    const ContentHeader header = decodeContentHeader(in);
    if (isIdle() || m_hasHeader) {
        error = {ReplyCode::UnexpectedFrame,
                 QStringLiteral("a content header came without its method")};
    } else if (header.classId != BasicDeliver::info.classId) {
        error = {ReplyCode::UnexpectedFrame,
                 formatted(u"a content header is of class %1, its method of class 60",
                           header.classId)};
    } else {
        m_hasHeader = true;
        m_missing = m_claimed = header.bodySize;
        m_isStreamed = streamFrom && header.bodySize >= *streamFrom && !missing;
        if (missing)
            m_excess = formatted(u"its properties have %1 bytes, which is too many", missing);
        else if (header.bodySize > maxBodySize && !m_isStreamed)
            m_excess = formatted(u"its body has %1 bytes, the limit is %2; raise it with "
                                 "QAmqpConnectionOptions::setMaxMessageSize()",
                                 header.bodySize, maxBodySize);
        QAmqpMessagePrivate::swap(m_message, m_spare);
        QAmqpMessagePrivate::makeAgain(m_message, missing ? 0 : header.flags, header.properties,
                                       m_excess.isEmpty() && !m_isStreamed ? m_claimed : 0);
        return m_missing == 0;
    }
    return false;
}

bool Assembler::body(QByteArrayView payload, FrameError &error)
{
    if (isIdle() || !m_hasHeader) {
        error = {ReplyCode::UnexpectedFrame,
                 QStringLiteral("a body frame came without its content header")};
        return false;
    }
    if (quint64(payload.size()) > m_missing) {
        error = {ReplyCode::UnexpectedFrame,
                 QStringLiteral("a message has more bytes than its header said")};
        return false;
    }
    if (m_excess.isEmpty() && !m_isStreamed) // else the body is not kept
        keep(payload);
    m_missing -= quint64(payload.size());
    return m_missing == 0;
}

// The body gets memory as its parts come, up to the size that its header claims, so that it never has more than it
// needs, and a body in one frame gets all at once.
void Assembler::keep(QByteArrayView part)
{
    QByteArray &body = QAmqpMessagePrivate::editable(m_message).body;
    const auto before = qsizetype(m_claimed - m_missing);
    const qsizetype size = before + part.size();
    if (size > body.capacity())
        body.reserve(qsizetype(std::min(m_claimed, quint64(std::max(2 * size, MaxReserve)))));
    if (body.size() != size)
        body.resize(size);
    std::memcpy(body.data() + before, part.data(), size_t(part.size()));
}

QAmqpMessage Assembler::messageWithoutBody() const
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(m_message);
    return QAmqpMessagePrivate::make({}, d.flags, d.properties);
}

QAmqpMessage Assembler::takeMessage()
{
    m_start.method = 0;
    if (!m_excess.isEmpty()) {
        m_excess.clear();
        QAmqpMessagePrivate::editable(m_message).dropBody();
    }
    return std::move(m_message);
}

void Assembler::clear()
{
    m_start = {};
    m_envelope.reset();
    m_excess.clear();
    m_message = {};
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
