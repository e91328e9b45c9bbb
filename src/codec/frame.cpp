// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "codec/frame.h"

#include "codec/methods.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

namespace {

struct TypeRow
{
    FrameType type;
    quint32 minimum;
    const char *name;
};

constexpr TypeRow frameTypes[] = {
        {FrameType::Method, 4, "method"},
        {FrameType::Header, ContentHeaderSize, "header"},
        {FrameType::Body, 0, "body"},
        {FrameType::Heartbeat, 0, "heartbeat"},
};

QString judge(quint8 type, quint16 channel, quint32 size, quint32 frameMax)
{
    for (const TypeRow &row : frameTypes) {
        if (quint8(row.type) != type)
            continue;
        const QLatin1StringView name(row.name);
        if (row.type != FrameType::Header && size > frameMax - quint32(FrameOverhead))
            return QStringLiteral("a %1 frame claims %2 bytes, the limit is %3")
                    .arg(name, QString::number(size),
                         QString::number(frameMax - quint32(FrameOverhead)));
        if (size < row.minimum)
            return QStringLiteral("a %1 frame has %2 bytes, at least %3 are needed")
                    .arg(name, QString::number(size), QString::number(row.minimum));
        if (row.type == FrameType::Heartbeat && (size != 0 || channel != 0))
            return QStringLiteral("a heartbeat frame has a payload or a channel");
        if (channel == 0 && (row.type == FrameType::Header || row.type == FrameType::Body))
            return QStringLiteral("a %1 frame came on channel 0").arg(name);
        return {};
    }
    return QStringLiteral("a frame has the unknown type %1").arg(type);
}

} // namespace

FrameResult nextFrame(QByteArrayView bytes, FrameLimits limits, Frame &frame, FrameError &error)
{
    if (bytes.size() < FrameHeaderSize)
        return FrameResult::Incomplete;
    const char *at = bytes.data();
    const quint8 type = quint8(at[0]);
    const quint16 channel = qFromBigEndian<quint16>(at + 1);
    for (const FrameType common : {FrameType::Body, FrameType::Method, FrameType::Header}) {
        const qsizetype payload = channel ? ordinaryFrame(bytes, common, limits) : -1;
        if (payload < 0)
            continue;
        frame = {common, channel, bytes.sliced(FrameHeaderSize, payload), 0};
        return FrameResult::Complete;
    }
    const quint32 size = qFromBigEndian<quint32>(at + 3);
    if (QString text = judge(type, channel, size, limits.frame); !text.isEmpty()) {
        error = {ReplyCode::FrameError, std::move(text)};
        return FrameResult::Malformed;
    }
    if (size > limits.header - quint32(FrameOverhead)) { // only a header frame: others failed above
        if (bytes.size() < FrameHeaderSize + ContentHeaderSize)
            return FrameResult::Incomplete;
        frame = {FrameType(type), channel, bytes.sliced(FrameHeaderSize, ContentHeaderSize),
                 qint64(size) - ContentHeaderSize};
        return FrameResult::Oversized;
    }
    if (bytes.size() - FrameOverhead < qsizetype(size))
        return FrameResult::Incomplete;
    if (quint8(at[FrameHeaderSize + qsizetype(size)]) != FrameEnd) {
        error = {ReplyCode::FrameError, BadFrameEnd.toString()};
        return FrameResult::Malformed;
    }
    frame = {FrameType(type), channel, bytes.sliced(FrameHeaderSize, qsizetype(size)), 0};
    return FrameResult::Complete;
}

bool FrameReader::next(FrameLimits limits, Frame &frame, FrameError &error)
{
    if (m_toSkip > 0)
        return skipRest(frame, error);
    switch (nextFrame(m_input.view(), limits, frame, error)) {
    case FrameResult::Incomplete:
    case FrameResult::Malformed: return false;
    case FrameResult::Complete: m_input.consume(frame.payload.size() + FrameOverhead); return true;
    case FrameResult::Oversized: break;
    }
    m_skipped = frame;
    m_beginning = frame.payload.toByteArray();
    m_toSkip = frame.missing + 1;
    m_input.consume(FrameHeaderSize + frame.payload.size());
    return skipRest(frame, error);
}

bool FrameReader::findDelivery(FrameLimits limits, WholeDelivery &delivery) const
{
    if (m_toSkip > 0 || m_input.size() < FrameOverhead)
        return false;
    QByteArrayView rest = m_input.view();
    delivery.channel = qFromBigEndian<quint16>(rest.data() + 1);
    const auto find = [&](FrameType type, QByteArrayView &payload) {
        const qsizetype size = ordinaryFrame(rest, type, limits);
        if (size < 0 || qFromBigEndian<quint16>(rest.data() + 1) != delivery.channel)
            return false;
        payload = rest.sliced(FrameHeaderSize, size);
        rest = rest.sliced(size + FrameOverhead);
        return true;
    };
    if (!find(FrameType::Method, delivery.method)
        || qFromBigEndian<quint32>(delivery.method.data()) != BasicDeliver::info.id()
        || !find(FrameType::Header, delivery.header))
        return false;
    Reader in(delivery.header);
    const quint64 bodySize = decodeContentHeader(in).bodySize;
    if (bodySize > 0
        && (!find(FrameType::Body, delivery.body) || quint64(delivery.body.size()) != bodySize))
        return false;
    delivery.size = m_input.size() - rest.size();
    return delivery.channel != 0;
}

bool FrameReader::skipRest(Frame &frame, FrameError &error)
{
    const QByteArrayView part =
            m_input.view().first(qsizetype(std::min<qint64>(m_toSkip, m_input.size())));
    m_toSkip -= part.size();
    m_input.consume(part.size());
    if (m_toSkip > 0)
        return false;
    if (quint8(part.back()) != FrameEnd) {
        error = {ReplyCode::FrameError, BadFrameEnd.toString()};
        return false;
    }
    frame = m_skipped;
    frame.payload = m_beginning;
    return true;
}

bool FrameReader::isArriving(quint16 channel) const
{
    if (m_toSkip > 0)
        return channel == m_skipped.channel;
    return m_input.size() >= 3 && qFromBigEndian<quint16>(m_input.view().data() + 1) == channel;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
