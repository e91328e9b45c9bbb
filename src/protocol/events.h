// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_EVENTS_H
#define QTAMQP_PROTOCOL_EVENTS_H

// What the core tells the world. Events own their data and name channels by number: whoever takes
// one looks its object up anew, so any object may have gone meanwhile.

#include "codec/assembler.h"
#include "protocol/question.h"

#include <QtAmqp/qamqperror.h>

#include <variant>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using RequestId = quint64; // unique in a connection's life; 0 is none

struct ConnectionOpened
{
};

// An attempt to connect failed, but not the last one: the transport is of no use any more, and the next
// attempt follows after the delay.
struct AttemptFailed
{
    QAmqpError error = {};
    std::chrono::milliseconds delay = {};
};

// The transport is to be opened anew, to this one of the options' hosts, or to its next address.
struct ConnectWanted
{
    qsizetype host = 0;
    bool nextAddress = false;
};

// The link of an open session is lost: the transport is of no use any more. What was under way on it ended
// before, channel by channel.
struct LinkLost
{
    QAmqpError cause = {};
};

// The session is over, and every channel's end was told before. No error: closed as asked.
struct ConnectionClosed
{
    QAmqpError error = {};
};

struct BlockedChanged
{
    bool blocked = false;
    QString reason = {};
};

// A function of the application is to be called: ask(), then ConnectionCore::answered().
struct Asked
{
    QuestionPointer question = {};
};

struct SecretUpdated
{
    QAmqpError error = {};
};

// All that was asked for before close() is done, or the channel is at its end. What the world has yet to
// send goes now, and then it calls finishClose(). Channel 0: of the connection.
struct ReadyToClose
{
    quint16 channel = 0;
};
struct ChannelOpened
{
    quint16 channel = 0;
    quint32 generation = 0; // of the deliveries that it will have
};

// The link is lost, and with it all that was unanswered or unsettled on this channel; what the application
// asked for and was not sent is still there.
struct ChannelLost
{
    quint16 channel = 0;
    QAmqpError cause = {};
};

struct ChannelClosed
{
    quint16 channel = 0;
    QAmqpError error = {};
    bool reported = false; // to the caller of a request
};

// A request ended, well or with an error. What a reply carries besides its name fits two numbers
// and a text: queue and message-count and consumer-count, or a consumer tag, or what was requeued.
struct Replied
{
    quint16 channel = 0;
    RequestId request = 0;
    QByteArray name = {};
    quint32 messageCount = 0;
    quint32 count = 0;
    QAmqpError error = {};
};

struct Delivered
{
    quint16 channel = 0;
    bool redelivered = false;
    bool fromStream = false;
    quint32 generation = 0;
    quint64 deliveryTag = 0;
    RequestId consumer = 0; // the basic.consume that it is for; 0: it was got
    EnvelopePointer envelope = {};
    QAmqpMessage message = {};
};

// A message for a consumer that is larger than the application takes. It is settled already, and its
// body was not kept.
struct Discarded : Delivered
{
    QAmqpError error = {};
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

struct ConsumerCancelled
{
    quint16 channel = 0;
    RequestId consumer = 0;
};

// A consumer that holds messages back may be shown more of them: some were settled.
struct ShowMore
{
    quint16 channel = 0;
};

using Event = std::variant<ConnectionOpened, AttemptFailed, ConnectWanted, LinkLost,
                           ConnectionClosed, BlockedChanged, Asked, SecretUpdated, ReadyToClose,
                           ChannelOpened, ChannelLost, ChannelClosed, Replied, Delivered, Discarded,
                           Got, Returned, Settled, ConsumerCancelled, ShowMore>;

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
