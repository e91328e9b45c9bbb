// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_EVENTS_H
#define QTAMQP_PROTOCOL_EVENTS_H

// What the core reports to the world. Events own their data and refer to channels by number. Whoever takes
// an event looks the channel's object up, since the object may have been destroyed meanwhile.

#include "codec/assembler.h"
#include "protocol/question.h"

#include <QtAmqp/qamqperror.h>
#include <QtAmqp/qamqprecoveryreport.h>

#include <variant>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using RequestId = quint64; // unique as long as the connection lives; 0 is no request

struct ConnectionOpened
{
};

// An attempt to connect failed, and another follows after the delay. The transport is of no use any more.
struct AttemptFailed
{
    QAmqpError error = {};
    std::chrono::milliseconds delay = {};
};

// A new transport is to connect to this one of the options' hosts, or to the next address of that host.
struct ConnectWanted
{
    qsizetype host = 0;
    bool nextAddress = false;
};

// The link of an open session is lost: the transport is of no use any more. A ChannelLost of each channel
// came before. If the session recovers, another link is made, and what waits in the channels stays; else
// ConnectionClosed follows.
struct LinkLost
{
    QAmqpError cause = {};
    bool recovers = false;
};

// The session recovers, and its next attempt to connect begins after the delay.
struct RetryScheduled
{
    int attempt = 0; // 1 for the first one since the link was lost
    std::chrono::milliseconds delay = {};
};

// The broker has given a queue of this connection another name, since it had made up the old one.
struct QueueRenamed
{
    QByteArray from = {};
    QByteArray to = {};
};

// Everything works again: topology, channels and consumers are back, but for what the report names.
struct Recovered
{
    QAmqpRecoveryReport report = {};
};

// The session is over; a ChannelClosed of each channel came before. There is no error if the application
// closed it.
struct ConnectionClosed
{
    QAmqpError error = {};
};

struct BlockedChanged
{
    bool blocked = false;
    QString reason = {};
};

// A function of the application is to be called: call Question::ask(), then ConnectionCore::answered().
struct Asked
{
    QuestionPointer question = {};
};

struct SecretUpdated
{
    QAmqpError error = {};
};

// All that was asked for before close() is done, or the channel is at its end. The world sends what it still
// has to send, such as acknowledgements, and then calls finishClose().
struct ReadyToClose
{
    quint16 channel = 0; // 0 is the connection
};
struct ChannelOpened
{
    quint16 channel = 0;
    quint32 generation = 0; // which the deliveries of this channel will have
};

// The link is lost, and with it all that was unanswered or unsettled on this channel. Calls that were not
// sent yet still wait.
struct ChannelLost
{
    quint16 channel = 0;
    QAmqpError cause = {};
};

// The channel is back, with its modes and its consumers.
struct ChannelRecovered
{
    quint16 channel = 0;
};

struct ChannelClosed
{
    quint16 channel = 0;
    QAmqpError error = {};
    bool reported = false; // the caller of a request has got the error too
};

// A request ended, well or with an error. The fields of all replies fit a name and two numbers.
struct Replied
{
    quint16 channel = 0;
    RequestId request = 0;
    QByteArray name = {}; // of the queue, or the consumer tag
    quint32 messageCount = 0;
    quint32 count = 0; // consumers of a queue, messages requeued by a cancel, or 1 for active flow
    QAmqpError error = {};
};

struct Delivered
{
    quint16 channel = 0;
    bool redelivered = false;
    bool fromStream = false;
    bool isStreamed = false; // its body came by BodyArrived
    quint32 generation = 0;
    quint64 deliveryTag = 0;
    RequestId consumer = 0; // the basic.consume of its consumer; 0 if basic.get fetched it
    EnvelopePointer envelope = {};
    QAmqpMessage message = {};
};

// A message for a consumer that is larger than the options allow. It is settled already, and its body was
// not kept.
struct Discarded : Delivered
{
    QAmqpError error = {};
};

// The header of a message has come whose body is not kept. The parts of the body follow as they come, and then
// Delivered; or the channel or the consumer ends before.
struct BodyBegan : Delivered
{
    quint64 size = 0;
};
struct BodyArrived
{
    quint16 channel = 0;
    RequestId consumer = 0;
    QByteArray bytes = {};
};

struct Got : Delivered
{
    RequestId request = 0;
    quint32 remaining = 0;
};

struct Returned
{
    quint16 channel = 0;
    quint16 replyCode = 0;
    QByteArray replyText = {};
    EnvelopePointer envelope = {};
    QAmqpMessage message = {};
    quint64 publishTag = 0;
};

enum class Outcome : quint8 { Confirmed, Nacked, Indeterminate };

struct Settled
{
    quint16 channel = 0;
    Outcome outcome = Outcome::Confirmed;
    quint64 firstTag = 0;
    quint64 lastTag = 0;
};

// The broker cancelled the consumer, which is started again when its queue is there.
struct ConsumerInterrupted
{
    quint16 channel = 0;
    RequestId consumer = 0;
};

// A consumer runs again, on a new link or after it was interrupted.
struct ConsumerResumed
{
    quint16 channel = 0;
    RequestId consumer = 0;
};

struct ConsumerCancelled
{
    quint16 channel = 0;
    RequestId consumer = 0;
    QAmqpError reason = {}; // none if the broker cancelled it
};

// Deliveries were settled, so that a consumer which holds messages back may show more of them.
struct ShowMore
{
    quint16 channel = 0;
};

using Event = std::variant<ConnectionOpened, AttemptFailed, ConnectWanted, LinkLost, RetryScheduled,
                           QueueRenamed, Recovered, ConnectionClosed, BlockedChanged, Asked,
                           SecretUpdated, ReadyToClose, ChannelOpened, ChannelLost,
                           ChannelRecovered, ChannelClosed, Replied, Delivered, Discarded,
                           BodyBegan, BodyArrived, Got, Returned, Settled, ConsumerInterrupted,
                           ConsumerResumed, ConsumerCancelled, ShowMore>;

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
