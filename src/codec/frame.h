#ifndef QTAMQP_CODEC_FRAME_H
#define QTAMQP_CODEC_FRAME_H

// Frames (AMQP 0-9-1 §4.2.3) and the content header (§4.2.6.1).
//
// A frame is judged by its seven-octet header before anything waits for its payload: an impossible
// type, size or channel ends the conversation at once, whatever the peer claims to send.

#include "codec/constants.h"
#include "codec/fields.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct Frame
{
    FrameType type = FrameType::Heartbeat;
    quint16 channel = 0;
    QByteArrayView payload; // into the input; valid until the input changes
};

struct FrameError
{
    ReplyCode code = ReplyCode::Success;
    QString text;
};

enum class FrameResult : quint8 { Complete, Incomplete, Malformed };

// Takes the first frame of `bytes`. Complete: fills `frame`; its size is frame.payload.size() + 8.
FrameResult nextFrame(QByteArrayView bytes, quint32 frameMax, Frame &frame, FrameError &error);

struct ContentHeader
{
    quint16 classId = 0;
    quint64 bodySize = 0;
    quint16 flags = 0;
    QByteArrayView properties;
};

// Leaves `in` failed if the header or a property in it is malformed.
ContentHeader decodeContentHeader(Reader &in);

// A frame's seven octets; the payload follows, then FrameEnd.
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
