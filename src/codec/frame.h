// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_FRAME_H
#define QTAMQP_CODEC_FRAME_H

// Frames (AMQP 0-9-1 §4.2.3) and the content header (§4.2.6.1).
//
// A frame is checked by its seven-byte header before its payload is awaited: a wrong type, size or channel
// ends the connection at once. The content of a header frame concerns its message alone, and so does its
// size: RabbitMQ (3.10.8) does not split content headers, which may be larger than the negotiated frame size.

#include "codec/buffers.h"
#include "codec/constants.h"
#include "codec/fields.h"
#include "values/privateexport.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct Frame
{
    FrameType type = FrameType::Heartbeat;
    quint16 channel = 0;
    QByteArrayView payload; // a view into the input, valid until the input changes
    qint64 missing = 0; // how many bytes of an Oversized frame are not in the payload
};

// The largest frames that are accepted, overhead included.
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

constexpr qsizetype ContentHeaderSize = 14; // of the payload, without the property list

// Returns the size of the payload if the bytes begin with a complete frame of this type that has nothing unusual,
// as nearly all do, and otherwise -1.
inline qsizetype ordinaryFrame(QByteArrayView bytes, FrameType type, FrameLimits limits)
{
    if (bytes.size() < FrameOverhead || quint8(bytes[0]) != quint8(type))
        return -1;
    const bool isHeader = type == FrameType::Header;
    const quint32 size = qFromBigEndian<quint32>(bytes.data() + 3);
    const quint32 most = (isHeader ? limits.header : limits.frame) - quint32(FrameOverhead);
    const quint32 least = isHeader ? quint32(ContentHeaderSize) : type == FrameType::Method ? 4 : 0;
    if (size < least || size > most || qsizetype(size) > bytes.size() - FrameOverhead
        || quint8(bytes[FrameHeaderSize + qsizetype(size)]) != FrameEnd)
        return -1;
    return qsizetype(size);
}

// Finds the first frame of `bytes`. If it is Complete, `frame` is set, and takes frame.payload.size() + 8
// bytes. Oversized is a header frame above its limit: `frame` has its payload up to the property list, and
// the caller has to drop frame.missing more bytes and the frame's end as they come.
FrameResult nextFrame(QByteArrayView bytes, FrameLimits limits, Frame &frame, FrameError &error);

// The payloads of the frames of a basic.deliver and its content, of which the body is one frame or empty.
struct WholeDelivery
{
    quint16 channel = 0;
    QByteArrayView method;
    QByteArrayView header;
    QByteArrayView body;
    qsizetype size = 0; // of all frames
};

// Turns the bytes that arrive into frames. Of a header frame above its limit only the beginning is kept; it
// is returned when all of it has arrived.
class Q_AMQP_PRIVATE_EXPORT FrameReader
{
public:
    // Bytes are read into this room, then commit()ted.
    char *space(qsizetype *size) { return m_input.space(size); }
    void commit(qsizetype size) { m_input.commit(size); }

    // Finds the next complete frame, whose payload is valid until space() is called. Returns false if there
    // is none yet, or, with `error` set, if the peer sent something wrong.
    bool next(FrameLimits limits, Frame &frame, FrameError &error);

    // Finds a delivery that has arrived as a whole, as most do, and leaves it where it is until take() is called.
    // Whatever else the bytes begin with is left to next(), which alone judges what is wrong.
    bool findDelivery(FrameLimits limits, WholeDelivery &delivery) const;
    void take(const WholeDelivery &delivery) { m_input.consume(delivery.size); }

    // Drops bytes of rest() that are not a frame, such as a protocol header.
    void skip(qsizetype size) { m_input.consume(size); }
    // Drops all bytes that have arrived.
    void discard()
    {
        m_input.consume(m_input.size());
        m_toSkip = 0;
    }

    // Whether the frame that is arriving is for this channel.
    bool isArriving(quint16 channel) const;
    // The bytes that have arrived and were not returned as frames yet.
    QByteArrayView rest() const { return m_input.view(); }

private:
    bool skipRest(Frame &frame, FrameError &error);

    Input m_input;
    Frame m_skipped;
    QByteArray m_beginning; // of the payload of m_skipped
    qint64 m_toSkip = 0; // bytes of m_skipped that are still to be dropped, its end included
};

struct ContentHeader
{
    quint16 classId = 0;
    quint64 bodySize = 0;
    quint16 flags = 0;
    QByteArrayView properties;
};

// The property list is not checked here, see QAmqpMessage::propertiesError().
inline ContentHeader decodeContentHeader(Reader &in)
{
    ContentHeader header;
    header.classId = in.read<quint16>();
    in.read<quint16>();
    header.bodySize = in.read<quint64>();
    header.flags = in.read<quint16>();
    header.properties = in.rest();
    return header;
}

// Writes the seven bytes of a frame's header; the payload must follow, then endFrame().
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

inline void encodeHeaderFrame(Writer &out, quint16 channel, const ContentHeader &header)
{
    beginFrame(out, FrameType::Header, channel, ContentHeaderSize + header.properties.size());
    out.write(header.classId);
    out.write(quint16(0)); // the weight, which is unused
    out.write(header.bodySize);
    out.write(header.flags);
    out.bytes(header.properties);
    endFrame(out);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
