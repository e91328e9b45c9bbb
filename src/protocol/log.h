#ifndef QTAMQP_PROTOCOL_LOG_H
#define QTAMQP_PROTOCOL_LOG_H

// What the library tells a log. Warnings are on by default, the rest is not:
//
//   qt.amqp.connection   info: opened, closed, attempts that failed; warning: unsafe settings,
//                        blocked, closed by the broker
//   qt.amqp.channel      info: a consumer cancelled by the broker; warning: closed by an error
//   qt.amqp.frames       debug: every frame, both ways
//
// The trace shows the fields of each method, those that carry credentials masked, and what a peer
// sent escaped, so that it cannot forge lines. Switched off, it costs one branch for each frame.

#include "codec/frame.h"

#include <QtCore/qloggingcategory.h>

QT_BEGIN_NAMESPACE

Q_DECLARE_LOGGING_CATEGORY(qtAmqpConnection)
Q_DECLARE_LOGGING_CATEGORY(qtAmqpChannel)
Q_DECLARE_LOGGING_CATEGORY(qtAmqpFrames)

namespace QtAmqpPrivate {

// `size` is that of the whole payload, of which a body need not be there.
void traceFrame(const char *direction, const Frame &frame, qsizetype size);

inline void traceReceived(const Frame &frame)
{
    if (qtAmqpFrames().isDebugEnabled())
        traceFrame("<-", frame, frame.payload.size());
}

// Follows the frames through the blocks they are sent in. Only a body may go on in the next block.
class SentFrames
{
public:
    void add(QByteArrayView block);
    quint64 count() const { return m_count; }

private:
    quint64 m_count = 0;
    qsizetype m_left = 0; // of the frame that the last block ended in
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
