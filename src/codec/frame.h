// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_FRAME_H
#define QTAMQP_CODEC_FRAME_H

// Frames (AMQP 0-9-1 §4.2.3) and the content header (§4.2.6.1).
//
// A frame is judged by its seven-byte header before anything waits for its payload: an impossible
// type, size or channel ends the conversation at once, whatever the peer claims to send. What a header
// frame holds is a matter of its message alone, and so is its size: RabbitMQ does not split content
// headers (3.10.8), they may be larger than what was negotiated.

#include "codec/buffers.h"
#include "codec/constants.h"
#include "codec/fields.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct Frame
{
    FrameType type = FrameType::Heartbeat;
    quint16 channel = 0;
    QByteArrayView payload; // into the input; valid until the input changes
    qint64 missing = 0; // how much of the payload does not stand in it (Oversized)
};

// The largest frames to be taken, overhead included.
struct FrameLimits
{
    FrameLimits(quint32 all) : frame(all), header(all) { }
    FrameLimits(quint32 frameMax, quint32 headerMax) : frame(frameMax), header(headerMax) { }

    quint32 frame;
    quint32 header; // of header frames
};

struct FrameError
{
    ReplyCode code = ReplyCode::Success;
    QString text;
};

constexpr QStringView BadFrameEnd = u"a frame does not end with byte 0xCE";

enum class FrameResult : quint8 { Complete, Incomplete, Malformed, Oversized };

// Takes the first frame of `bytes`. Complete: fills `frame`; its size is frame.payload.size() + 8.
// Oversized: a header frame above its limit; `frame` has its payload up to the property list, and
// frame.missing more bytes and the frame's end are for the caller to drop as they come.
FrameResult nextFrame(QByteArrayView bytes, FrameLimits limits, Frame &frame, FrameError &error);

// Turns the bytes that arrive into frames. Of a header frame that is too large to be kept only the beginning is
// kept, and it counts as a whole frame once the rest of it has passed by.
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

struct ContentHeader
{
    quint16 classId = 0;
    quint64 bodySize = 0;
    quint16 flags = 0;
    QByteArrayView properties;
};

// What is in the property list is not looked at, see QAmqpMessage::propertiesError().
ContentHeader decodeContentHeader(Reader &in);

// A frame's seven bytes; the payload follows, then FrameEnd.
inline void beginFrame(Writer &out, FrameType type, quint16 channel, qsizetype payloadSize)
{
    out.write(quint8(type));
    out.write(channel);
    out.write(quint32(payloadSize));
}

inline void endFrame(Writer &out) { out.write(FrameEnd); }

template<typename Method>
void encodeMethodFrame(Writer &out, quint16 channel, const Method &method, qsizetype size)
{
    beginFrame(out, FrameType::Method, channel, size);
    encode(method, out);
    endFrame(out);
}

constexpr qsizetype ContentHeaderSize = 14; // without the property list

inline void encodeHeaderFrame(Writer &out, quint16 channel, const ContentHeader &header)
{
    beginFrame(out, FrameType::Header, channel, ContentHeaderSize + header.properties.size());
    out.write(header.classId);
    out.write(quint16(0)); // weight, unused
    out.write(header.bodySize);
    out.write(header.flags);
    out.bytes(header.properties);
    endFrame(out);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
