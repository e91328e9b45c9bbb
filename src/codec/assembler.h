// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_ASSEMBLER_H
#define QTAMQP_CODEC_ASSEMBLER_H

// Content is a method, a header frame and body frames, in this order and with no other method of the same
// channel in between (AMQP 0-9-1 §2.3.5.2). The assembler owns the parts of one content that have arrived.
//
// The body size in the header is only a claim: memory grows with the bytes that really arrive. The body of a
// message that is larger than the options allow is dropped as it arrives, and only its properties are kept. That of
// a message that goes to a device is not kept either.

#include "codec/frame.h"
#include "values/privateexport.h"

#include <QtAmqp/qamqpmessage.h>
#include <QtCore/qshareddata.h>

#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// How a message was routed. Consecutive deliveries with the same values share one envelope.
struct Envelope : QSharedData
{
    QByteArray exchange;
    QByteArray routingKey;
    QByteArray consumerTag = {};
};
using EnvelopePointer = QExplicitlySharedDataPointer<const Envelope>;

// What a content belongs to: the fields of the method that announced it.
struct ContentStart
{
    quint32 method = 0; // basic.deliver, basic.get-ok or basic.return; 0 if no content is arriving
    bool redelivered = false;
    quint64 deliveryTag = 0;
    quint32 remaining = 0; // of basic.get-ok
    quint16 replyCode = 0; // of basic.return
    QByteArray replyText = {}; // of basic.return
};

class Q_AMQP_PRIVATE_EXPORT Assembler
{
public:
    // `spare` is a message, or none, whose memory the next one may take.
    explicit Assembler(QAmqpMessage &spare) : m_spare(spare) { }

    bool isIdle() const { return m_start.method == 0; }
    const ContentStart &start() const { return m_start; }
    EnvelopePointer envelope() const { return m_envelope; }

    void begin(ContentStart start, QByteArrayView exchange, QByteArrayView routingKey,
               QByteArrayView consumerTag = {});
    // Begins a content whose method is the same as the last one, but for the delivery's tag.
    void beginSame(quint64 deliveryTag);
    // Return true once the content is complete. A frame that must not come sets `error`, which ends the
    // connection.
    // `missing` bytes of the properties were too many and have been dropped. `streamFrom` is the size from which on the
    // body is not kept, but handed on as it arrives, if it is at all.
    bool header(QByteArrayView payload, qint64 missing, quint64 maxBodySize,
                std::optional<quint64> streamFrom, FrameError &error);
    bool body(QByteArrayView payload, FrameError &error);
    // Why the body of this content, or the properties, were not kept; empty if they were.
    const QString &excess() const { return m_excess; }
    bool isStreamed() const { return m_isStreamed; }
    quint64 missing() const { return m_missing; }
    QAmqpMessage messageWithoutBody() const; // from the header on

    // Returns the message of a complete content, and makes the assembler idle.
    QAmqpMessage takeMessage();
    void clear();

private:
    void keep(QByteArrayView part);

    ContentStart m_start;
    QExplicitlySharedDataPointer<Envelope> m_envelope;
    bool m_hasHeader = false;
    quint64 m_claimed = 0; // the size of the body, as the header says
    quint64 m_missing = 0; // how much of that is still to come
    QString m_excess;
    bool m_isStreamed = false;
    QAmqpMessage &m_spare;
    QAmqpMessage m_message; // what has arrived of it
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
