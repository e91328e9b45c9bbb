// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/qamqpoperationoptions_p.h"

#include "values/errorkinds.h"
#include "values/qamqpvalue_p.h"
#include "values/range.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qdebug.h>

#include <utility>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;

/*!
    \class QAmqpQueueOptions
    \inmodule QtAmqp
    \brief How a queue is declared (queue.declare).

    By default everything is off, and there are no arguments. Only a queue without a name of its own, to
    which the broker gives one, is exclusive and auto-delete unless setExclusive() and setAutoDelete() say
    otherwise, since nobody would know its name to delete it. This does not apply to a queue that is meant to
    stay: one that is durable, a quorum queue or a stream.

    Declaring a queue that exists with other options fails with PreconditionFailed. Declaring a queue that
    belongs to another connection alone fails with ResourceLocked. Implicitly shared and reentrant.

    The functions for the arguments of RabbitMQ, such as setMessageTtl(), set one of arguments() with the
    type that the broker wants. A number out of range makes the declaration fail with InvalidArgument.

    \snippet snippets.cpp queue arguments

    \sa QAmqpQueue::declare(), {AMQP 0-9-1 §1.7.2.1}, {https://www.rabbitmq.com/queues.html}
*/

/*!
    \class QAmqpExchangeOptions
    \inmodule QtAmqp
    \brief How an exchange is declared (exchange.declare).

    By default everything is off, and there are no arguments. Declaring an exchange that exists with another
    type or other options fails with PreconditionFailed. Implicitly shared and reentrant.

    \sa QAmqpExchange::declare(), {AMQP 0-9-1 §1.6.2.1}
*/

/*!
    \enum QAmqpExchangeOptions::Type
    The types of exchanges that each broker has. QAmqpExchange has the same names, such as \c QAmqpExchange::Topic.
    \value Direct   Routes to queues bound with exactly the routing key.
    \value Fanout   Routes to all bound queues.
    \value Topic    Routes by patterns: \c * is one word, \c # any number of words.
    \value Headers  Routes by the message's headers.
*/

/*!
    \class QAmqpConsumeOptions
    \inmodule QtAmqp
    \brief How messages of a queue are consumed (basic.consume and basic.qos).

    By default everything is off, and there are no arguments. A consumer without a prefetch of its own has
    the one that QAmqpChannel::setPrefetch() has set last, or else 250. Implicitly shared and reentrant.

    \sa QAmqpQueue::consume(), {AMQP 0-9-1 §1.8.3.3}, {https://www.rabbitmq.com/consumers.html}
*/

// A number out of range makes an invalid value, with which the call is refused; its error is this text.
static QAmqpValue argumentOf(qint64 number, const Range &range)
{
    return range.contains(double(number))
            ? QAmqpValue(number)
            : QAmqpValuePrivate::make(QAmqpValue::Type::Invalid,
                                      formatted(u"%1 is not %2", number, range.form()));
}

static QAmqpValue argumentOf(std::chrono::milliseconds time, const Range &range)
{
    return argumentOf(time.count(), range);
}

static QAmqpValue argumentOf(std::chrono::seconds age, const Range &range)
{
    const QAmqpValue number = argumentOf(age.count(), range);
    return number.isValid() ? number.toString() + u's' : number;
}

template<typename Enum, std::size_t Count>
static QAmqpValue argumentOf(Enum value, const char *const (&names)[Count])
{
    return names[quint8(value)];
}

template<typename T>
static QAmqpValue argumentOf(const T &value)
{
    return value;
}

constexpr Range Expiry{1, 4294967295, "milliseconds"};
constexpr Range Length{0, Range::Unlimited};
constexpr Range Age{1, Range::Unlimited, "seconds"};
constexpr Range DeliveryLimit{0, 2147483647};
constexpr Range Priority{1, 255};
constexpr const char *queueTypes[] = {"classic", "quorum", "stream"};
constexpr const char *overflows[] = {"drop-head", "reject-publish", "reject-publish-dlx"};
constexpr const char *streamOffsets[] = {"first", "last", "next"};

// Defines the setter of an argument that has this name in RabbitMQ. A range of numbers, or the names of an
// enum's values, may follow.
#define QTAMQP_ARGUMENT(Class, setter, Type, name, ...) \
  Class &Class::setter(QtAmqpPrivate::Argument<Type> value) \
  { \
    return setArgument(QStringLiteral(name), argumentOf(value __VA_OPT__(, ) __VA_ARGS__)); \
  }

#define QTAMQP_OPTIONS(Class) \
  QTAMQP_VALUE(Class) \
  QTAMQP_FIELD(Class, QAmqpTable, arguments, setArguments) \
  Class &Class::setArgument(const QString &name, const QAmqpValue &value) \
  { \
    QtAmqpPrivate::edit(d).arguments.insert(name, value); \
    return *this; \
  }

/*! \fn QAmqpQueueOptions::QAmqpQueueOptions()
    Makes options with everything off. */
/*! \fn QAmqpTable QAmqpQueueOptions::arguments() const
    Returns the arguments; none by default. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setArguments(const QAmqpTable &arguments)
    Replaces all arguments by \a arguments, such as x-message-ttl or x-queue-type. A table
    that cannot be sent makes the declaration fail with InvalidArgument. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setArgument(const QString &name, const QAmqpValue &value)
    Sets the argument \a name to \a value. The type counts too: RabbitMQ wants integers for limits
    and times, not text. */
QTAMQP_OPTIONS(QAmqpQueueOptions)

/*! \fn bool QAmqpQueueOptions::isPassive() const
    Returns whether the queue is only looked up; off by default. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setPassive(bool passive)
    Only looks the queue up if \a passive: it must exist, else the declaration fails with NotFound. */
QTAMQP_FIELD(QAmqpQueueOptions, bool, isPassive, setPassive)

/*! \fn bool QAmqpQueueOptions::isDurable() const
    Returns whether the queue survives a restart of the broker; off by default. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setDurable(bool durable)
    Makes the queue survive a restart of the broker if \a durable; its messages do only if published
    as persistent. */
QTAMQP_FIELD(QAmqpQueueOptions, bool, isDurable, setDurable)

/*! \fn bool QAmqpQueueOptions::isExclusive() const
    Returns whether it was set that the queue belongs to this connection alone; off by default, but see
    QAmqpQueueOptions for a queue without a name. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setExclusive(bool exclusive)
    Makes the queue belong to this connection alone, and end with it, if \a exclusive. */
bool QAmqpQueueOptions::isExclusive() const { return peek(d).isExclusive; }
QAmqpQueueOptions &QAmqpQueueOptions::setExclusive(bool exclusive)
{
    edit(d).isExclusive = exclusive;
    edit(d).saysExclusive = true;
    return *this;
}

/*! \fn bool QAmqpQueueOptions::isAutoDelete() const
    Returns whether it was set that the queue is deleted after its last consumer; off by default, but see
    QAmqpQueueOptions for a queue without a name. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setAutoDelete(bool autoDelete)
    Has the queue deleted when its last consumer is gone if \a autoDelete; one that never had a
    consumer stays. */
bool QAmqpQueueOptions::isAutoDelete() const { return peek(d).isAutoDelete; }
QAmqpQueueOptions &QAmqpQueueOptions::setAutoDelete(bool autoDelete)
{
    edit(d).isAutoDelete = autoDelete;
    edit(d).saysAutoDelete = true;
    return *this;
}

// Whether the queue is a quorum queue or a stream.
static bool isReplicated(const QAmqpQueueOptions &options)
{
    const QString type = options.arguments().value(u"x-queue-type"_s).toString();
    return type == "quorum"_L1 || type == "stream"_L1;
}

QAmqpQueueOptions QAmqpOperationOptionsPrivate::forName(QAmqpQueueOptions options,
                                                        const QString &name)
{
    // A passive declaration without a name means the queue that was declared last.
    if (!name.isEmpty() || options.isPassive() || options.isDurable() || isReplicated(options))
        return options;
    const QAmqpOperationOptionsPrivate &set = peek(options.d);
    const bool exclusive = set.isExclusive || !set.saysExclusive;
    const bool autoDelete = set.isAutoDelete || !set.saysAutoDelete;
    return options.setExclusive(exclusive).setAutoDelete(autoDelete);
}

/*!
    \enum QAmqpQueueOptions::Type
    \value Classic  Kept on one node, with every feature.
    \value Quorum   Replicated by Raft: durable, not exclusive, not auto-delete.
    \value Stream   An append-only log that is read by any number of consumers, each with a prefetch.
*/

/*!
    \enum QAmqpQueueOptions::Overflow
    What a full queue does.
    \value DropHead          Drops or dead-letters its oldest messages; RabbitMQ's default.
    \value RejectPublish     Nacks new messages, see QAmqpChannel::nacked().
    \value RejectPublishDlx  Nacks new messages and dead-letters them; classic queues only.
*/

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setType(Type type)
    Sets the \a type of the queue (x-queue-type). Quorum queues and streams must be durable. */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setType, Type, "x-queue-type", queueTypes)

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setMessageTtl(std::chrono::milliseconds ttl)
    Has messages expire after \a ttl in the queue, 0 to 4294967295 ms (x-message-ttl). With 0 they
    expire unless a consumer takes them at once. */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setMessageTtl, std::chrono::milliseconds, "x-message-ttl",
                TimeToLive)

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setExpires(std::chrono::milliseconds unused)
    Has the queue deleted after \a unused, 1 to 4294967295 ms, without consumers, declarations and
    basic.get (x-expires). */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setExpires, std::chrono::milliseconds, "x-expires", Expiry)

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setMaxLength(qint64 messages)
    Limits the queue to so many ready \a messages, 0 or more (x-max-length); see setOverflow(). */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setMaxLength, qint64, "x-max-length", Length)

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setMaxLengthBytes(qint64 bytes)
    Limits the bodies of all ready messages to \a bytes, 0 or more (x-max-length-bytes); see
    setOverflow(). Streams drop their oldest messages. */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setMaxLengthBytes, qint64, "x-max-length-bytes", Length)

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setMaxAge(std::chrono::seconds age)
    Has a stream drop messages older than \a age, 1 s or more (x-max-age). It drops whole segments, so
    they can stay for longer. */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setMaxAge, std::chrono::seconds, "x-max-age", Age)

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setOverflow(Overflow overflow)
    Sets what a full queue does to \a overflow (x-overflow). */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setOverflow, Overflow, "x-overflow", overflows)

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setDeadLetterExchange(const QString &exchange)
    Publishes messages that are rejected, expire or do not fit into the queue to \a exchange
    (x-dead-letter-exchange). An empty name stands for the default exchange. */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setDeadLetterExchange, QString, "x-dead-letter-exchange")

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setDeadLetterRoutingKey(const QString &routingKey)
    Publishes dead letters with \a routingKey in place of their own (x-dead-letter-routing-key). Needs
    setDeadLetterExchange(). */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setDeadLetterRoutingKey, QString, "x-dead-letter-routing-key")

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setSingleActiveConsumer(bool single)
    Delivers to one consumer at a time if \a single, and to the next one when that is gone
    (x-single-active-consumer). */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setSingleActiveConsumer, bool, "x-single-active-consumer")

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setDeliveryLimit(int deliveries)
    Drops or dead-letters a message that was given back to the queue more often than \a deliveries, 0 or more
    (x-delivery-limit). Quorum queues only. */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setDeliveryLimit, int, "x-delivery-limit", DeliveryLimit)

/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setMaxPriority(int priority)
    Delivers messages of a higher QAmqpMessage::priority() first, up to \a priority, 1 to 255
    (x-max-priority). Classic queues only. Up to 10 are enough for most uses, since each priority costs
    memory. */
QTAMQP_ARGUMENT(QAmqpQueueOptions, setMaxPriority, int, "x-max-priority", Priority)

/*! Returns how AMQP calls \a type, such as \c "topic". */
QString QAmqpExchangeOptions::typeName(Type type)
{
    static constexpr const char *names[] = {"direct", "fanout", "topic", "headers"};
    return QString::fromLatin1(names[type]);
}

/*! \fn QAmqpExchangeOptions::QAmqpExchangeOptions()
    Makes options with everything off. */
/*! \fn QAmqpTable QAmqpExchangeOptions::arguments() const
    Returns the arguments; none by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setArguments(const QAmqpTable &arguments)
    Replaces all arguments by \a arguments, such as alternate-exchange. A table that cannot
    be sent makes the declaration fail with InvalidArgument. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setArgument(const QString &name, const QAmqpValue &value)
    Sets the argument \a name to \a value. */
QTAMQP_OPTIONS(QAmqpExchangeOptions)

/*! \fn bool QAmqpExchangeOptions::isPassive() const
    Returns whether the exchange is only looked up; off by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setPassive(bool passive)
    Only looks the exchange up if \a passive: it must exist, else the declaration fails with
    NotFound. */
QTAMQP_FIELD(QAmqpExchangeOptions, bool, isPassive, setPassive)

/*! \fn bool QAmqpExchangeOptions::isDurable() const
    Returns whether the exchange survives a restart of the broker; off by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setDurable(bool durable)
    Makes the exchange survive a restart of the broker if \a durable. */
QTAMQP_FIELD(QAmqpExchangeOptions, bool, isDurable, setDurable)

/*! \fn bool QAmqpExchangeOptions::isAutoDelete() const
    Returns whether the exchange is deleted after its last binding; off by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setAutoDelete(bool autoDelete)
    Has the exchange deleted when the last binding from it is gone if \a autoDelete (a RabbitMQ
    extension; AMQP 0-9-1 reserves the bit). */
QTAMQP_FIELD(QAmqpExchangeOptions, bool, isAutoDelete, setAutoDelete)

/*! \fn bool QAmqpExchangeOptions::isInternal() const
    Returns whether only other exchanges may publish to it; off by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setInternal(bool internal)
    Lets only other exchanges publish to it if \a internal (a RabbitMQ extension; AMQP 0-9-1 reserves
    the bit). */
QTAMQP_FIELD(QAmqpExchangeOptions, bool, isInternal, setInternal)

/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setAlternateExchange(const QString &exchange)
    Publishes messages that the exchange cannot route to \a exchange (alternate-exchange). Such a message
    counts as routed: it is not returned, even if it was mandatory. */
QTAMQP_ARGUMENT(QAmqpExchangeOptions, setAlternateExchange, QString, "alternate-exchange")

/*! \fn QAmqpConsumeOptions::QAmqpConsumeOptions()
    Makes options with everything off and no prefetch of their own. */
/*! \fn QAmqpTable QAmqpConsumeOptions::arguments() const
    Returns the arguments; none by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setArguments(const QAmqpTable &arguments)
    Replaces all arguments by \a arguments, such as x-priority or x-stream-offset. A table
    that cannot be sent makes consuming fail with InvalidArgument. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setArgument(const QString &name, const QAmqpValue &value)
    Sets the argument \a name to \a value. */
QTAMQP_OPTIONS(QAmqpConsumeOptions)

/*! \fn bool QAmqpConsumeOptions::isNoAck() const
    Returns whether messages count as acknowledged when sent; off by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setNoAck(bool noAck)
    Has the broker forget each message as soon as it is sent if \a noAck: a message that does not arrive is
    lost for good, and the prefetch has no effect. */
QTAMQP_FIELD(QAmqpConsumeOptions, bool, isNoAck, setNoAck)

/*! \fn bool QAmqpConsumeOptions::isNoLocal() const
    Returns whether the consumer wants none of its own connection's messages; off by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setNoLocal(bool noLocal)
    Asks for none of the messages published on the same connection if \a noLocal. RabbitMQ ignores
    it. */
QTAMQP_FIELD(QAmqpConsumeOptions, bool, isNoLocal, setNoLocal)

/*! \fn bool QAmqpConsumeOptions::isExclusive() const
    Returns whether no other consumer is admitted; off by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setExclusive(bool exclusive)
    Admits no other consumer on the queue if \a exclusive; fails with AccessRefused if there is one. */
QTAMQP_FIELD(QAmqpConsumeOptions, bool, isExclusive, setExclusive)

/*! \fn int QAmqpConsumeOptions::deduplication() const
    Returns of how many messages the consumer remembers that it acknowledged them; 0 by default, which is none. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setDeduplication(int messages)
    Has the consumer remember the message-id of the last \a messages that it acknowledged (QAmqpDelivery::ack() had
    returned \c true), 0 or less for none. A message that is delivered again with such an id is acknowledged and not
    shown, and counts in QAmqpConsumer::duplicates(): the broker delivers it again because the acknowledgement was lost
    with the link. An id takes its own length and some 100 bytes.

    This covers one consumer object as long as it lives, across the loss of links. What another consumer or another
    process acknowledged it does not know; messages without a message-id, consumers without acknowledgement, channels
    in a transaction, and bodies that go to QAmqpConsumer::setBodySink() are not looked at. The publisher must give each message an id of its own. */
QTAMQP_FIELD(QAmqpConsumeOptions, int, deduplication, setDeduplication)

/*! \fn bool QAmqpConsumeOptions::isResumedAfterCancel() const
    Returns whether the consumer is started again after the broker has cancelled it; off by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setResumedAfterCancel(bool resumed)
    Has the consumer started again after the broker has cancelled it, if \a resumed: because the queue was deleted, its
    node failed or it moved to another node of a cluster, or, since RabbitMQ 4.3, because an acknowledgement took too long.
    QAmqpConsumer::cancelled() is not emitted then: the consumer is in state Starting until it runs again, and Active
    from then on. Messages that it held back go back to the queue; those that the application has got may still be
    settled.

    A queue that was declared on this connection is declared again first, with its bindings; of any other one it is
    only looked whether it is there, by a passive declare. Both happen on a channel of the library's own, after 100 ms
    at first, and up to 10 seconds later if the broker cancels again within 10 seconds. As long as the queue is not
    there, it is looked for after 1 second, then after twice as long each time, at most 32, for as long as the consumer
    lives. It ends with QAmqpConsumer::cancelled() if the broker refuses the declaration for another reason, if the queue was deleted on
    this connection, or if it was exclusive or auto-delete and QAmqpConnectionOptions::topologyRecovery() keeps it from
    being declared again.

    A consumer of a stream goes on with the message behind the last one that it settled, also if the stream was deleted
    and made anew, which begins with 0 again. If the queue is there with other arguments, it is consumed as it is.

    Without it, the consumer ends, and the application decides.

    \sa QAmqpConsumer::cancelled(), {https://www.rabbitmq.com/consumer-cancel.html} */
QTAMQP_FIELD(QAmqpConsumeOptions, bool, isResumedAfterCancel, setResumedAfterCancel)

/*! \fn QString QAmqpConsumeOptions::consumerTag() const
    Returns the consumer tag; empty by default, which lets the library choose one. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setConsumerTag(const QString &consumerTag)
    Sets the tag to \a consumerTag, at most 255 bytes of UTF-8 and unique on its channel, else
    consuming fails with InvalidArgument. Empty lets the library choose. */
QTAMQP_FIELD(QAmqpConsumeOptions, QString, consumerTag, setConsumerTag)

/*! \fn quint16 QAmqpConsumeOptions::prefetch() const
    Returns how many messages may be unacknowledged at a time; 0 is no limit. If it was not set, this returns
    250, but the consumer gets what QAmqpChannel::setPrefetch() has set last for its channel, and 250 only if
    that was not called. QAmqpConsumer::options() has the prefetch that is in force. */
quint16 QAmqpConsumeOptions::prefetch() const
{
    return QtAmqpPrivate::peek(d).prefetch.value_or(250);
}

/*! Returns whether setPrefetch() was called. */
bool QAmqpConsumeOptions::hasPrefetch() const
{
    return QtAmqpPrivate::peek(d).prefetch.has_value();
}

/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setPrefetch(quint16 messages)
    Sets how many \a messages the broker sends ahead of their acknowledgements; 0 is no limit. It bounds the
    memory that a slow consumer needs and has no effect with setNoAck(). A consumer gets no more
    unacknowledged messages than that, whatever the broker sends: those beyond wait. If a broker sends more
    than four times as many, the channel is closed (ProtocolViolation). Streams are excepted, since they send
    whole chunks, and so are messages that are delivered again.
    \sa {https://www.rabbitmq.com/consumer-prefetch.html} */
QAmqpConsumeOptions &QAmqpConsumeOptions::setPrefetch(quint16 messages)
{
    QtAmqpPrivate::edit(d).prefetch = messages;
    return *this;
}

/*!
    \enum QAmqpConsumeOptions::StreamOffset
    Where in a stream a consumer begins.
    \value First  With the first message that is there.
    \value Last   With the last chunk of messages that was written.
    \value Next   With messages that are published from now on; RabbitMQ's default.
*/

/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setPriority(int priority)
    Gives the consumer a \a priority (x-priority), which is 0 by default and may be negative. A consumer gets
    messages only while all those of a higher priority have reached their prefetch. */
QTAMQP_ARGUMENT(QAmqpConsumeOptions, setPriority, int, "x-priority")

/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setStreamOffset(StreamOffset offset)
    Begins to read a stream at \a offset (x-stream-offset). */
QTAMQP_ARGUMENT(QAmqpConsumeOptions, setStreamOffset, StreamOffset, "x-stream-offset",
                streamOffsets)

/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setStreamOffset(quint64 offset)
    \overload
    Begins with the message number \a offset. Each delivery of a stream has its number in the header
    x-stream-offset. */
QTAMQP_ARGUMENT(QAmqpConsumeOptions, setStreamOffset, quint64, "x-stream-offset")

/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setStreamOffset(const QDateTime &time)
    \overload
    Begins with the chunk of messages that was written at \a time, 1970 or later, in whole seconds. */
QTAMQP_ARGUMENT(QAmqpConsumeOptions, setStreamOffset, QDateTime, "x-stream-offset")

/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setStreamOffset(std::chrono::seconds age)
    \overload
    Begins with the chunk of messages that was written \a age ago, 1 s or more. */
QTAMQP_ARGUMENT(QAmqpConsumeOptions, setStreamOffset, std::chrono::seconds, "x-stream-offset", Age)

static QDebug print(QDebug debug, const QAmqpOperationOptionsPrivate &options,
                    const char *separator = "")
{
    const std::pair<bool, const char *> flags[] = {
            {options.isPassive, "passive"},
            {options.isDurable, "durable"},
            {options.isExclusive, "exclusive"},
            {options.isAutoDelete, "auto-delete"},
            {options.isInternal, "internal"},
            {options.isNoAck, "no-ack"},
            {options.isNoLocal, "no-local"},
            {options.saysExclusive && !options.isExclusive, "not exclusive"},
            {options.saysAutoDelete && !options.isAutoDelete, "not auto-delete"},
    };
    for (const auto &[isSet, name] : flags) {
        if (isSet)
            debug << std::exchange(separator, ", ") << name;
    }
    if (!options.arguments.isEmpty())
        debug << separator << "arguments " << options.arguments;
    return debug << ')';
}

QDebug operator<<(QDebug debug, const QAmqpQueueOptions &options)
{
    const QDebugStateSaver saver(debug);
    return print(debug.nospace() << "QAmqpQueueOptions(", QtAmqpPrivate::peek(options.d));
}

QDebug operator<<(QDebug debug, const QAmqpExchangeOptions &options)
{
    const QDebugStateSaver saver(debug);
    return print(debug.nospace() << "QAmqpExchangeOptions(", QtAmqpPrivate::peek(options.d));
}

QDebug operator<<(QDebug debug, const QAmqpConsumeOptions &options)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "QAmqpConsumeOptions(tag " << options.consumerTag();
    if (options.hasPrefetch())
        debug << ", prefetch " << options.prefetch();
    if (options.deduplication() > 0)
        debug << ", deduplication of " << options.deduplication();
    if (options.isResumedAfterCancel())
        debug << ", resumed after a cancel";
    return print(debug, QtAmqpPrivate::peek(options.d), ", ");
}

QT_END_NAMESPACE
