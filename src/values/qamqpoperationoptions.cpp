#include <QtAmqp/qamqpoperationoptions.h>

#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

/*!
    \class QAmqpQueueOptions
    \inmodule QtAmqp
    \brief How a queue is declared (queue.declare).

    Everything is off and there are no arguments until set. Declaring a queue that exists with other
    options than these fails with PreconditionFailed; one that another connection has exclusively,
    with ResourceLocked. Implicitly shared and reentrant.

    \sa QAmqpQueue::declare(), {AMQP 0-9-1 §1.7.2.1}, {https://www.rabbitmq.com/queues.html}
*/

/*!
    \class QAmqpExchangeOptions
    \inmodule QtAmqp
    \brief How an exchange is declared (exchange.declare).

    Everything is off and there are no arguments until set. Declaring an exchange that exists with
    another type or other options fails with PreconditionFailed. Implicitly shared and reentrant.

    \sa QAmqpExchange::declare(), {AMQP 0-9-1 §1.6.2.1}
*/

/*!
    \class QAmqpConsumeOptions
    \inmodule QtAmqp
    \brief How messages of a queue are consumed (basic.consume and basic.qos).

    Everything is off, the prefetch is 250 and there are no arguments until set. Implicitly shared
    and reentrant.

    \sa QAmqpQueue::consume(), {AMQP 0-9-1 §1.8.3.3}, {https://www.rabbitmq.com/consumers.html}
*/

namespace {

enum Flag : quint8 {
    Passive = 1,
    Durable = 2,
    Exclusive = 4,
    AutoDelete = 8,
    Internal = 16,
    NoAck = 32,
    NoLocal = 64,
};

struct FlagName
{
    Flag flag;
    const char *name;
};

constexpr FlagName flagNames[] = {
        {Passive,    "passive"    },
        {Durable,    "durable"    },
        {Exclusive,  "exclusive"  },
        {AutoDelete, "auto-delete"},
        {Internal,   "internal"   },
        {NoAck,      "no-ack"     },
        {NoLocal,    "no-local"   },
};

// One struct for three classes: prefetch and consumerTag are of use to consumers alone.
struct Fields
{
    quint8 flags = 0;
    quint16 prefetch = 250;
    QString consumerTag;
    QAmqpTable arguments;

    bool operator==(const Fields &) const = default;

    bool has(Flag flag) const { return flags & flag; }

    void set(Flag flag, bool on) { flags = quint8(on ? flags | flag : flags & ~flag); }
};

QDebug printCommon(QDebug debug, const Fields &fields, const char *separator = "")
{
    for (const auto &[flag, name] : flagNames) {
        if (fields.has(flag)) {
            debug << separator << name;
            separator = ", ";
        }
    }
    if (!fields.arguments.isEmpty())
        debug << separator << "arguments " << fields.arguments;
    return debug << ')';
}

} // namespace

class QAmqpQueueOptionsPrivate : public QSharedData
{
public:
    Fields fields;
};

class QAmqpExchangeOptionsPrivate : public QSharedData
{
public:
    Fields fields;
};

class QAmqpConsumeOptionsPrivate : public QSharedData
{
public:
    Fields fields;
};

// Three classes of the same make; a macro keeps what differs in sight.
#define QTAMQP_OPTIONS(Class) \
  Class::Class() : d(new Class##Private) { } \
  Class::Class(const Class &other) = default; \
  Class::Class(Class &&other) noexcept = default; \
  Class &Class::operator=(const Class &other) = default; \
  Class &Class::operator=(Class &&other) noexcept = default; \
  Class::~Class() = default; \
  QAmqpTable Class::arguments() const { return d->fields.arguments; } \
  Class &Class::setArguments(const QAmqpTable &arguments) \
  { \
    d->fields.arguments = arguments; \
    return *this; \
  } \
  Class &Class::setArgument(const QString &name, const QAmqpValue &value) \
  { \
    d->fields.arguments.insert(name, value); \
    return *this; \
  } \
  bool operator==(const Class &a, const Class &b) \
  { \
    return a.d == b.d || a.d->fields == b.d->fields; \
  }

#define QTAMQP_FLAG(Class, Flag) \
  bool Class::is##Flag() const { return d->fields.has(Flag); } \
  Class &Class::set##Flag(bool on) \
  { \
    d->fields.set(Flag, on); \
    return *this; \
  }

/*! \fn QAmqpQueueOptions::QAmqpQueueOptions()
    Makes options with everything off. */
/*! \fn QAmqpTable QAmqpQueueOptions::arguments() const
    Returns the arguments; none by default. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setArguments(const QAmqpTable &arguments)
    Sets all \a arguments, such as x-message-ttl or x-queue-type, in place of those before. A table
    that cannot be sent makes the declaration fail with InvalidArgument. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setArgument(const QString &name, const QAmqpValue &value)
    Sets the argument \a name to \a value. The type counts too: RabbitMQ wants integers for limits
    and times, not text. */
QTAMQP_OPTIONS(QAmqpQueueOptions)

/*! \fn bool QAmqpQueueOptions::isPassive() const
    Returns whether the queue is only looked up; off by default. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setPassive(bool passive)
    Only looks the queue up if \a passive: it must exist, else the declaration fails with NotFound. */
QTAMQP_FLAG(QAmqpQueueOptions, Passive)

/*! \fn bool QAmqpQueueOptions::isDurable() const
    Returns whether the queue survives a restart of the broker; off by default. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setDurable(bool durable)
    Makes the queue survive a restart of the broker if \a durable; its messages do only if published
    as persistent. */
QTAMQP_FLAG(QAmqpQueueOptions, Durable)

/*! \fn bool QAmqpQueueOptions::isExclusive() const
    Returns whether the queue belongs to this connection alone; off by default. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setExclusive(bool exclusive)
    Makes the queue belong to this connection alone, and end with it, if \a exclusive. */
QTAMQP_FLAG(QAmqpQueueOptions, Exclusive)

/*! \fn bool QAmqpQueueOptions::isAutoDelete() const
    Returns whether the queue is deleted after its last consumer; off by default. */
/*! \fn QAmqpQueueOptions &QAmqpQueueOptions::setAutoDelete(bool autoDelete)
    Has the queue deleted when its last consumer is gone if \a autoDelete; one that never had a
    consumer stays. */
QTAMQP_FLAG(QAmqpQueueOptions, AutoDelete)

/*! \fn QAmqpExchangeOptions::QAmqpExchangeOptions()
    Makes options with everything off. */
/*! \fn QAmqpTable QAmqpExchangeOptions::arguments() const
    Returns the arguments; none by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setArguments(const QAmqpTable &arguments)
    Sets all \a arguments, such as alternate-exchange, in place of those before. A table that cannot
    be sent makes the declaration fail with InvalidArgument. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setArgument(const QString &name, const QAmqpValue &value)
    Sets the argument \a name to \a value. */
QTAMQP_OPTIONS(QAmqpExchangeOptions)

/*! \fn bool QAmqpExchangeOptions::isPassive() const
    Returns whether the exchange is only looked up; off by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setPassive(bool passive)
    Only looks the exchange up if \a passive: it must exist, else the declaration fails with
    NotFound. */
QTAMQP_FLAG(QAmqpExchangeOptions, Passive)

/*! \fn bool QAmqpExchangeOptions::isDurable() const
    Returns whether the exchange survives a restart of the broker; off by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setDurable(bool durable)
    Makes the exchange survive a restart of the broker if \a durable. */
QTAMQP_FLAG(QAmqpExchangeOptions, Durable)

/*! \fn bool QAmqpExchangeOptions::isAutoDelete() const
    Returns whether the exchange is deleted after its last binding; off by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setAutoDelete(bool autoDelete)
    Has the exchange deleted when the last binding from it is gone if \a autoDelete (a RabbitMQ
    extension; AMQP 0-9-1 reserves the bit). */
QTAMQP_FLAG(QAmqpExchangeOptions, AutoDelete)

/*! \fn bool QAmqpExchangeOptions::isInternal() const
    Returns whether only other exchanges may publish to it; off by default. */
/*! \fn QAmqpExchangeOptions &QAmqpExchangeOptions::setInternal(bool internal)
    Lets only other exchanges publish to it if \a internal (a RabbitMQ extension; AMQP 0-9-1 reserves
    the bit). */
QTAMQP_FLAG(QAmqpExchangeOptions, Internal)

/*! \fn QAmqpConsumeOptions::QAmqpConsumeOptions()
    Makes options with everything off and a prefetch of 250. */
/*! \fn QAmqpTable QAmqpConsumeOptions::arguments() const
    Returns the arguments; none by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setArguments(const QAmqpTable &arguments)
    Sets all \a arguments, such as x-priority or x-stream-offset, in place of those before. A table
    that cannot be sent makes consuming fail with InvalidArgument. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setArgument(const QString &name, const QAmqpValue &value)
    Sets the argument \a name to \a value. */
QTAMQP_OPTIONS(QAmqpConsumeOptions)

/*! \fn bool QAmqpConsumeOptions::isNoAck() const
    Returns whether messages count as acknowledged when sent; off by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setNoAck(bool noAck)
    Has the broker forget each message as soon as it is sent if \a noAck: what is lost on the way is
    lost, and the prefetch has no effect. */
QTAMQP_FLAG(QAmqpConsumeOptions, NoAck)

/*! \fn bool QAmqpConsumeOptions::isNoLocal() const
    Returns whether the consumer wants none of its own connection's messages; off by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setNoLocal(bool noLocal)
    Asks for none of the messages published on the same connection if \a noLocal. RabbitMQ ignores
    it. */
QTAMQP_FLAG(QAmqpConsumeOptions, NoLocal)

/*! \fn bool QAmqpConsumeOptions::isExclusive() const
    Returns whether no other consumer is admitted; off by default. */
/*! \fn QAmqpConsumeOptions &QAmqpConsumeOptions::setExclusive(bool exclusive)
    Admits no other consumer on the queue if \a exclusive; fails with AccessRefused if there is one. */
QTAMQP_FLAG(QAmqpConsumeOptions, Exclusive)

/*! Returns the consumer tag; empty by default, then the library chooses one. */
QString QAmqpConsumeOptions::consumerTag() const { return d->fields.consumerTag; }

/*!
    Sets the tag to \a consumerTag, at most 255 octets of UTF-8 and unique on its channel, else
    consuming fails with InvalidArgument. Empty lets the library choose.
*/
QAmqpConsumeOptions &QAmqpConsumeOptions::setConsumerTag(const QString &consumerTag)
{
    d->fields.consumerTag = consumerTag;
    return *this;
}

/*! Returns how many messages may be unacknowledged at a time; 250 by default, 0 is no limit. */
quint16 QAmqpConsumeOptions::prefetch() const { return d->fields.prefetch; }

/*!
    Sets how many \a messages the broker sends ahead of their acknowledgements (0: no limit). It
    bounds the memory a slow consumer needs and has no effect with setNoAck().
    \sa {https://www.rabbitmq.com/consumer-prefetch.html}
*/
QAmqpConsumeOptions &QAmqpConsumeOptions::setPrefetch(quint16 messages)
{
    d->fields.prefetch = messages;
    return *this;
}

QDebug operator<<(QDebug debug, const QAmqpQueueOptions &options)
{
    const QDebugStateSaver saver(debug);
    return printCommon(debug.nospace() << "QAmqpQueueOptions(", options.d->fields);
}

QDebug operator<<(QDebug debug, const QAmqpExchangeOptions &options)
{
    const QDebugStateSaver saver(debug);
    return printCommon(debug.nospace() << "QAmqpExchangeOptions(", options.d->fields);
}

QDebug operator<<(QDebug debug, const QAmqpConsumeOptions &options)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "QAmqpConsumeOptions(tag " << options.consumerTag() << ", prefetch "
                    << options.prefetch();
    return printCommon(debug, options.d->fields, ", ");
}

QT_END_NAMESPACE
