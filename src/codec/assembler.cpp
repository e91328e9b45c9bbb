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
constexpr quint64 MaxReserve = 1024 * 1024;

void Assembler::begin(ContentStart start, QByteArrayView exchange, QByteArrayView routingKey,
                      QByteArrayView consumerTag)
{
    m_start = std::move(start);
    m_hasHeader = false;
    // Consecutive messages mostly have the same routing: they share one envelope.
    const Envelope *last = m_envelope.constData();
    if (last && last->routingKey == routingKey && last->consumerTag == consumerTag
        && last->exchange == exchange)
        return;
    auto *envelope = new Envelope;
    envelope->exchange = exchange.toByteArray();
    envelope->routingKey = routingKey.toByteArray();
    envelope->consumerTag = consumerTag.toByteArray();
    m_envelope = EnvelopePointer(envelope);
}

bool Assembler::header(const Frame &frame, quint64 maxBodySize, FrameError &error)
{
    Reader in(frame.payload);
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
        m_missing = header.bodySize;
        m_flags = frame.missing ? 0 : header.flags;
        m_properties = header.properties.toByteArray();
        m_body = QByteArray();
        if (frame.missing)
            m_excess = formatted(u"its properties have %1 bytes, which is too many", frame.missing);
        else if (header.bodySize > maxBodySize)
            m_excess = formatted(u"its body has %1 bytes, the limit is %2; raise it with "
                                 "QAmqpConnectionOptions::setMaxMessageSize()",
                                 header.bodySize, maxBodySize);
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
    if (!m_excess.isEmpty()) {
        // the body is not kept
    } else if (m_body.isEmpty() && quint64(payload.size()) == m_missing) {
        m_body = payload.toByteArray();
    } else {
        if (m_body.isEmpty())
            m_body.reserve(qsizetype(std::min(m_missing, MaxReserve)));
        m_body.append(payload);
    }
    m_missing -= quint64(payload.size());
    return m_missing == 0;
}

QAmqpMessage Assembler::takeMessage()
{
    m_start.method = 0;
    if (!m_excess.isEmpty()) {
        m_excess.clear();
        return QAmqpMessagePrivate::makeBodiless(m_flags, std::exchange(m_properties, {}));
    }
    return QAmqpMessagePrivate::make(std::exchange(m_body, {}), m_flags,
                                     std::exchange(m_properties, {}));
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
