// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "codec/framereader.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

bool FrameReader::next(FrameLimits limits, Frame &frame, FrameError &error)
{
    if (m_toSkip > 0)
        return skip(frame, error);
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
    return skip(frame, error);
}

bool FrameReader::skip(Frame &frame, FrameError &error)
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
