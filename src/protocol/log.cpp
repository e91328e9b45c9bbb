#include "protocol/log.h"

#include "codec/dispatch.h"

#include <QtCore/qdebug.h>
#include <QtCore/qendian.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

Q_LOGGING_CATEGORY(qtAmqpConnection, "qt.amqp.connection", QtWarningMsg)
Q_LOGGING_CATEGORY(qtAmqpChannel, "qt.amqp.channel", QtWarningMsg)
Q_LOGGING_CATEGORY(qtAmqpFrames, "qt.amqp.frames", QtWarningMsg)

namespace QtAmqpPrivate {

namespace {

struct Describer
{
    template<typename Method>
    void on(const Method &method)
    {
        text = describe(method);
    }
    QString text;
};

QString described(const Frame &frame, qsizetype size)
{
    Reader in(frame.payload);
    switch (frame.type) {
    case FrameType::Method: {
        Describer describer;
        const quint32 id = in.read<quint32>();
        dispatch(id, in, describer);
        return describer.text.isEmpty() ? methodName(id) + QStringLiteral(", malformed")
                                        : describer.text;
    }
    case FrameType::Header:
        return QStringLiteral("header of a body of %1 octets")
                .arg(decodeContentHeader(in).bodySize);
    case FrameType::Body: return QStringLiteral("body, %1 octets").arg(size);
    case FrameType::Heartbeat: return QStringLiteral("heartbeat");
    }
    return QStringLiteral("unknown");
}

} // namespace

void traceFrame(const char *direction, const Frame &frame, qsizetype size)
{
    qCDebug(qtAmqpFrames).noquote().nospace()
            << direction << " channel " << frame.channel << ": " << described(frame, size);
}

void SentFrames::add(QByteArrayView block)
{
    while (!block.isEmpty()) {
        if (m_left == 0 && block.startsWith(QByteArrayView(ProtocolHeader, 4))) {
            m_left = ProtocolHeaderSize;
        } else if (m_left == 0) {
            ++m_count;
            const auto size = qsizetype(qFromBigEndian<quint32>(block.data() + 3));
            m_left = size + FrameOverhead;
            if (qtAmqpFrames().isDebugEnabled()) {
                const auto payload = block.sliced(FrameHeaderSize);
                traceFrame("->",
                           {FrameType(block.front()), qFromBigEndian<quint16>(block.data() + 1),
                            payload.first(std::min(payload.size(), size))},
                           size);
            }
        }
        const qsizetype step = std::min(m_left, block.size());
        m_left -= step;
        block = block.sliced(step);
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
