// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqpTest/qamqptestfault.h>

#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using std::chrono::milliseconds;

/*!
    \class QAmqpTestFault
    \inmodule QtAmqpTest
    \brief Something that a QAmqpTestBroker does wrong on request.

    A fault has a kind, which is what happens; a trigger, which is when; and a connection. A fault without a
    trigger happens at once: on connections that are there, and on those that come. For example the link ends
    when the fifth message of the first connection has been taken, but not confirmed yet:

    \snippet testing.cpp fifth

    A position is counted on each connection for itself, from the connection's beginning, or from the call of
    QAmqpTestBroker::addFault() if the connection was there already. Everything that is left to chance follows
    QAmqpTestBroker::setSeed(): the same seed and the same bytes of the client make the same bytes of the
    broker.

    Faults are implicitly shared and reentrant. What the broker does at once without a trigger can be asked for
    by QAmqpTestBroker's own functions too, such as QAmqpTestBroker::dropConnections().

    \sa QAmqpTestBroker::addFault(), QAmqpTestBroker::clearFaults()
*/

/*!
    \enum QAmqpTestFault::Kind
    \value Drop  The link ends without connection.close, after what the broker has written before.
    \value Reset  The same, but abruptly: a TCP connection is reset.
    \value HalfClose  The broker writes nothing more and closes its direction, and goes on reading.
    \value Stall  Nothing is read or written any more, and the link stays until the client ends it.
    \value Throttle  From then on bytesPerSecond() pass in each direction.
    \value Delay  From then on each byte arrives delay() later, in both directions.
    \value SplitOddly  From then on the broker's bytes come in pieces of random sizes, one in a turn of the
           event loop.
    \value Garble  One byte becomes another one: the byte of the client that is at atReceivedByte(), or else the
           next one that the broker sends.
    \value RefuseLogin  The broker refuses the login (ACCESS_REFUSED).
    \value RefuseVirtualHost  The broker does not know the virtual host (NOT_ALLOWED), whatever its name is.
    \value RefuseResources  The broker ends the connection for want of resources (RESOURCE_ERROR).
    \value NackPublishes  The next count() messages are not taken, and are answered by basic.nack if confirms
           are on.
    \value ReturnPublishes  The next count() mandatory messages come back as if no queue took them (NO_ROUTE).
    \value LoseUnconfirmed  From then on a message that is to be confirmed is put into its queues only when its
           confirm has been sent; those that wait for that are lost when the link ends. So no limit of a queue
           refuses such a message.
    \value Block  The broker has an alarm, as after QAmqpTestBroker::block(), with text() as the reason.
    \value CancelConsumers  The broker cancels the consumers of queue(), or if that is empty all of the
           connection, as RabbitMQ does when the leader of a queue moves to another node.
    \value CloseChannel  The broker closes the channel at which the fault happens, or else all channels of the
           connection, with replyCode() and text().
    \value CloseConnection  The broker closes the connection with replyCode() and text().
    \value Restart  All links end, and what is not durable is gone, as by QAmqpTestBroker::restart().
*/

/*!
    \enum QAmqpTestFault::Trigger
    When a fault happens.
    \value Immediately  As soon as there is a connection.
    \value ReceivedByte  See atReceivedByte().
    \value SentByte  See atSentByte().
    \value Publish  See atPublish().
    \value Delivery  See atDelivery().
    \value Method  See atMethod().
    \value Elapsed  See atTime().
*/

/*!
    \enum QAmqpTestFault::Moment
    \value InsteadOfAnswer  What the client has asked for is done, but it does not get to know that: the link
           ends or stalls before the answer. A fault that answers otherwise, such as CloseChannel, happens
           instead of what was asked for.
    \value AfterAnswer  The answer has been sent.
*/

class QAmqpTestFaultPrivate : public SharedValue
{
public:
    using Kind = QAmqpTestFault::Kind;

    static QAmqpTestFaultPrivate &set(QAmqpTestFault &fault, QAmqpTestFault::Trigger trigger,
                                      qint64 position)
    {
        QAmqpTestFaultPrivate &d = edit(fault.d);
        d.trigger = trigger;
        d.position = std::max(position, qint64(0));
        return d;
    }

    static bool isLasting(Kind kind)
    {
        return kind == Kind::Throttle || kind == Kind::Delay || kind == Kind::SplitOddly
                || kind == Kind::LoseUnconfirmed;
    }

    Kind kind = Kind::Drop;
    QAmqpTestFault::Trigger trigger = QAmqpTestFault::Trigger::Immediately;
    QAmqpTestFault::Moment moment = QAmqpTestFault::Moment::InsteadOfAnswer;
    qint64 position = 0;
    QString method;
    int connection = 0;
    int times = 1;
    int count = 1;
    qint64 bytesPerSecond = 1024;
    milliseconds delay{100};
    QString queue;
    quint16 replyCode = 0;
    QString text;
};

/*! Makes a fault of this \a kind. */
QAmqpTestFault::QAmqpTestFault(Kind kind) : d(new QAmqpTestFaultPrivate)
{
    d->kind = kind;
    d->times = QAmqpTestFaultPrivate::isLasting(kind) ? 0 : 1;
}
QAmqpTestFault::QAmqpTestFault(const QAmqpTestFault &other) = default;
QAmqpTestFault::QAmqpTestFault(QAmqpTestFault &&other) noexcept = default;
QAmqpTestFault &QAmqpTestFault::operator=(const QAmqpTestFault &other) = default;
QAmqpTestFault &QAmqpTestFault::operator=(QAmqpTestFault &&other) noexcept = default;
/*! Destroys the fault; a broker that was given it keeps its own copy. */
QAmqpTestFault::~QAmqpTestFault() = default;

/*! Returns what happens. */
QAmqpTestFault::Kind QAmqpTestFault::kind() const { return peek(d).kind; }

/*! Happens once \a bytes of the client have been read, protocol header included: 0 is before the first. */
QAmqpTestFault &QAmqpTestFault::atReceivedByte(qint64 bytes)
{
    QAmqpTestFaultPrivate::set(*this, Trigger::ReceivedByte, bytes);
    return *this;
}

/*! Happens once \a bytes have been sent to the client: 0 is before the first. */
QAmqpTestFault &QAmqpTestFault::atSentByte(qint64 bytes)
{
    QAmqpTestFaultPrivate::set(*this, Trigger::SentByte, bytes);
    return *this;
}

/*! Happens at the message with this number, \a count, that the client publishes, 1 being the first, when all of
    it has arrived; see \a moment for its confirm. */
QAmqpTestFault &QAmqpTestFault::atPublish(qint64 count, Moment moment)
{
    QAmqpTestFaultPrivate::set(*this, Trigger::Publish, count).moment = moment;
    return *this;
}

/*! Happens at the delivery with this number, \a count, to a consumer of the connection, 1 being the first:
    instead of it, though the message counts as handed out, or after it, which \a moment says. */
QAmqpTestFault &QAmqpTestFault::atDelivery(qint64 count, Moment moment)
{
    QAmqpTestFaultPrivate::set(*this, Trigger::Delivery, count).moment = moment;
    return *this;
}

/*! Happens when the client has sent the method \a name, such as "queue.declare", for this time, \a count, 1
    being the first: instead of its answer, or after it, which \a moment says. A fault for a name that AMQP
    does not have never happens. */
QAmqpTestFault &QAmqpTestFault::atMethod(const QString &name, qint64 count, Moment moment)
{
    QAmqpTestFaultPrivate &set = QAmqpTestFaultPrivate::set(*this, Trigger::Method, count);
    set.method = name;
    set.moment = moment;
    return *this;
}

/*! Happens so long after the connection was opened (connection.open-ok): \a afterOpen, to the millisecond. */
QAmqpTestFault &QAmqpTestFault::atTime(milliseconds afterOpen)
{
    QAmqpTestFaultPrivate::set(*this, Trigger::Elapsed, afterOpen.count());
    return *this;
}

/*! Returns what the fault waits for. */
QAmqpTestFault::Trigger QAmqpTestFault::trigger() const { return peek(d).trigger; }
/*! Returns whether it happens instead of an answer or after it. */
QAmqpTestFault::Moment QAmqpTestFault::moment() const { return peek(d).moment; }
/*! Returns the number of bytes, messages, calls of the method, or milliseconds that trigger() means. */
qint64 QAmqpTestFault::position() const { return peek(d).position; }
/*! Returns the name of the method at which it happens, or an empty text. */
QString QAmqpTestFault::method() const { return peek(d).method; }

/*! \fn int QAmqpTestFault::connection() const
    Returns the number of the connection on which it happens; 0, the default, stands for each. */
/*! \fn QAmqpTestFault &QAmqpTestFault::setConnection(int number)
    Lets it happen only on the connection with this \a number: 1 is the first that the broker has accepted since
    it was made. With 0 it may happen on each. */
QTAMQP_FIELD(QAmqpTestFault, int, connection, setConnection)

/*! \fn int QAmqpTestFault::times() const
    Returns how often it happens, over all connections; 0 stands for always. */
/*! \fn QAmqpTestFault &QAmqpTestFault::setTimes(int times)
    Lets it happen so many \a times, over all connections, and at most once on each; 0 stands for always. The
    default is 1, so that a client that comes back is served well; it is 0 for Throttle, Delay, SplitOddly and
    LoseUnconfirmed, which last. */
QTAMQP_FIELD(QAmqpTestFault, int, times, setTimes)

/*! \fn int QAmqpTestFault::count() const
    Returns how many messages NackPublishes or ReturnPublishes mean; 1 by default. */
/*! \fn QAmqpTestFault &QAmqpTestFault::setCount(int messages)
    Sets how many \a messages NackPublishes or ReturnPublishes mean. */
QTAMQP_FIELD(QAmqpTestFault, int, count, setCount)

/*! \fn qint64 QAmqpTestFault::bytesPerSecond() const
    Returns how much Throttle lets through; 1024 bytes per second by default. */
/*! \fn QAmqpTestFault &QAmqpTestFault::setBytesPerSecond(qint64 bytes)
    Sets how many \a bytes Throttle lets through per second in each direction, at least 1. */
QTAMQP_FIELD(QAmqpTestFault, qint64, bytesPerSecond, setBytesPerSecond)

/*! \fn std::chrono::milliseconds QAmqpTestFault::delay() const
    Returns how much later Delay makes a byte arrive; 100 ms by default. */
/*! \fn QAmqpTestFault &QAmqpTestFault::setDelay(std::chrono::milliseconds delay)
    Sets how much later Delay makes a byte arrive. A negative \a delay counts as none. */
QTAMQP_FIELD(QAmqpTestFault, milliseconds, delay, setDelay)

/*! \fn QString QAmqpTestFault::queue() const
    Returns the queue whose consumers CancelConsumers cancels; empty by default. */
/*! \fn QAmqpTestFault &QAmqpTestFault::setQueue(const QString &name)
    Sets the \a name of the queue whose consumers CancelConsumers cancels, those of other connections
    included. */
QTAMQP_FIELD(QAmqpTestFault, QString, queue, setQueue)

/*! Returns the code with which CloseChannel, CloseConnection and RefuseResources close; by default 406
    (PRECONDITION_FAILED), 320 (CONNECTION_FORCED) and 506 (RESOURCE_ERROR). */
quint16 QAmqpTestFault::replyCode() const
{
    if (peek(d).replyCode)
        return peek(d).replyCode;
    switch (kind()) {
    case Kind::CloseChannel: return 406;
    case Kind::RefuseResources: return 506;
    default: return 320;
    }
}

/*! Sets the code with which CloseChannel, CloseConnection and RefuseResources close to \a code; 0 stands for
    the default. The codes are those of AMQP 0-9-1 §1.2. */
QAmqpTestFault &QAmqpTestFault::setReplyCode(quint16 code)
{
    edit(d).replyCode = code;
    return *this;
}

/*! \fn QString QAmqpTestFault::text() const
    Returns the reason that the client is given; empty by default. */
/*! \fn QAmqpTestFault &QAmqpTestFault::setText(const QString &text)
    Sets the reason that the client is given: \a text, behind the name of the code. */
QTAMQP_FIELD(QAmqpTestFault, QString, text, setText)

QDebug operator<<(QDebug debug, const QAmqpTestFault &fault)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "QAmqpTestFault(" << fault.kind() << ", " << fault.trigger();
    if (fault.trigger() != QAmqpTestFault::Trigger::Immediately)
        debug << ' ' << fault.method() << ' ' << fault.position() << ' ' << fault.moment();
    return debug << ", connection " << fault.connection() << ", times " << fault.times() << ')';
}

QT_END_NAMESPACE
