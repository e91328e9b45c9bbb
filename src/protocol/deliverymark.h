// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_DELIVERYMARK_H
#define QTAMQP_PROTOCOL_DELIVERYMARK_H

// The words in which the settling of deliveries is spoken of, from an application's thread down to the ledger.

#include <QtCore/qshareddata.h>

#include <atomic>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// What all copies of a delivery share, in whichever threads they are.
struct DeliveryMark : QSharedData
{
    virtual ~DeliveryMark() = default;

    quint64 deliveryTag = 0;
    quint32 generation = 0; // of the channel: the tag is valid in this generation alone
    quint16 channel = 0;
    bool fromStream = false; // a stream takes no message back
    std::atomic<bool> settled = false;
};
using DeliveryMarkPointer = QExplicitlySharedDataPointer<DeliveryMark>;

enum class Settlement : quint8 { Ack, Requeue, Discard };

// The result of an attempt to settle deliveries. Anything is sent only if it was Accepted.
enum class Settling : quint8 {
    Accepted,
    NotUnsettled, // the delivery was settled before, or never came
    NotNow, // the channel is not open, basic.recover is unanswered, or the connection closes
    FromStream // a stream takes no message back
};

// Which kind of queue a consumer has, as far as it is known. RabbitMQ closes the connection (540) when a
// message is given back to a stream. So the library gives nothing back of its own accord even to a queue that
// only seems to be a stream.
enum class QueueKind : quint8 { Unknown, Classic, Quorum, SeemsStream, Stream };

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
