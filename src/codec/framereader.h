// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_FRAMEREADER_H
#define QTAMQP_CODEC_FRAMEREADER_H

// Turns the bytes that arrive into frames. Of a header frame that is too large to be kept only the
// beginning is: it is a whole frame once the rest of it has passed by.

#include "codec/buffers.h"
#include "codec/frame.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class FrameReader
{
public:
    // Bytes are read into this room, then commit()ted.
    char *space(qsizetype *size) { return m_input.space(size); }
    void commit(qsizetype size) { m_input.commit(size); }

    // The next complete frame, whose payload stands where it is until room is asked for. False if there
    // is none, or, with `error` set, never will be.
    bool next(FrameLimits limits, Frame &frame, FrameError &error);

    // Nothing of what has come is looked at any more.
    void discard()
    {
        m_input.consume(m_input.size());
        m_toSkip = 0;
    }

    // Whether a part of a frame for this channel has come.
    bool isArriving(quint16 channel) const;
    // What has come and is no frame yet.
    QByteArrayView rest() const { return m_input.view(); }

private:
    bool skip(Frame &frame, FrameError &error);

    Input m_input;
    Frame m_skipped;
    QByteArray m_beginning; // of its payload
    qint64 m_toSkip = 0; // what is missing of it, its end included
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
