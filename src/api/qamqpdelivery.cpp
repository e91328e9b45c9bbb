// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/qamqpdelivery_p.h"

#include "api/deliverywatch.h"
#include "protocol/channelcore.h"
#include "values/errorkinds.h"
#include "values/json.h"
#include "values/qamqpmessage_p.h"
#include "values/sharedvalue.h"
#include "values/wiretext.h"

#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpDelivery
    \inmodule QtAmqp
    \brief A message that the broker delivered, and the way to acknowledge it.

    Deliveries are implicitly shared: keep copies, pass them to other threads, acknowledge from there.
    All copies are one delivery, settled at most once. ack(), nack() and reject() may be called from
    any thread at any time; they return \c true if the settlement was accepted and \c false, sending
    nothing, if the delivery was settled before, needs no acknowledgement, or belongs to a channel or
    connection that has closed or a link that was lost since: a stale tag never reaches the broker, which would close the
    channel for it. Messages that were delivered and not settled go back to their queue when the
    channel or the connection closes, and when the link is lost, also if the connection recovers: isStale() tells that of
    a delivery, and its message comes again.

    \sa {https://www.rabbitmq.com/confirms.html#acknowledgement-modes}
*/

/*!
    \enum QAmqpDelivery::AckMode
    \value Single    Settles this message.
    \value Multiple  Settles this message and all earlier ones of its channel that are not settled.
                     Messages that a paused consumer holds were not seen yet, and are left alone.
*/

/*!
    \enum QAmqpDelivery::RequeueMode
    \value Requeue  The message goes back to its queue.
    \value Discard  The message is dropped, or dead-lettered if its queue says where to.
*/

/*! \fn QAmqpDelivery::QAmqpDelivery()
    Makes an invalid delivery. */
QTAMQP_COPYABLE(QAmqpDelivery)

void QAmqpDeliveryPrivate::assign(QAmqpDelivery &delivery, Delivered &from,
                                  const MailboxPointer &mailbox, quint32 remaining)
{
    if (!delivery.d || delivery.d->ref.loadAcquire() != 1)
        delivery.d = QExplicitlySharedDataPointer<QAmqpDeliveryPrivate>(new QAmqpDeliveryPrivate);
    QAmqpMessagePrivate::swap(delivery, from.message);
    QAmqpDeliveryPrivate &d = *delivery.d;
    if (d.mailbox != mailbox)
        d.mailbox = mailbox;
    d.envelope = std::move(from.envelope);
    d.deliveryTag = from.deliveryTag;
    d.generation = from.generation;
    d.remaining = remaining;
    d.channel = from.channel;
    d.redelivered = from.redelivered;
    d.fromStream = from.fromStream;
    d.settled.store(!mailbox, std::memory_order_relaxed);
    d.watched.store(false, std::memory_order_relaxed);
}

// Sequentially consistent, as in settle(): either this sees what another thread settles meanwhile, or that thread
// sees that somebody watches.
bool QAmqpDeliveryPrivate::watch(const QAmqpDelivery &delivery)
{
    if (delivery.isSettled())
        return false;
    delivery.d->watched = true;
    return !delivery.d->settled;
}

void QAmqpDeliveryPrivate::recycle(QAmqpDelivery &delivery, QAmqpDelivery &scratch)
{
    if (delivery.d->ref.loadAcquire() != 1)
        return;
    delivery.d->envelope.reset();
    delivery.d.swap(scratch.d);
}

/*!
    Returns the whole delivery as one line of JSON in UTF-8, without a newline: that of QAmqpMessage::toJson() with
    the exchange, routing key, delivery tag, and consumer tag or number of messages left. fromJson() makes
    a delivery of the same contents of it.
*/
QByteArray QAmqpDelivery::toJson() const
{
    if (!d)
        return QAmqpMessage::toJson();
    JsonObject json;
    json.addBytes("exchange", d->envelope->exchange);
    json.addBytes("routing_key", d->envelope->routingKey);
    json.add("redelivered", d->redelivered ? "true" : "false");
    json.add("delivery_tag", QByteArray::number(d->deliveryTag));
    if (d->envelope->consumerTag.isEmpty())
        json.add("message_count", QByteArray::number(d->remaining));
    else
        json.addBytes("consumer_tag", d->envelope->consumerTag);
    addMessage(json, *this);
    return json.json();
}

/*!
    Makes what toJson() returned, or QAmqpMessage::toJson(), into a delivery again, of which nothing is to be
    settled. exchange() and routingKey() are null if \a json does not have them.

    \snippet snippets.cpp json

    If it cannot be read, errorString() says what is wrong and where, and publishing it is refused.
*/
QAmqpDelivery QAmqpDelivery::fromJson(QByteArrayView json)
{
    JsonEnvelope envelope;
    QAmqpDelivery delivery;
    static_cast<QAmqpMessage &>(delivery) = readMessage(json, &envelope);
    delivery.d = new QAmqpDeliveryPrivate;
    delivery.d->envelope =
            new Envelope{{}, envelope.exchange, envelope.routingKey, envelope.consumerTag};
    delivery.d->deliveryTag = envelope.deliveryTag;
    delivery.d->remaining = envelope.remaining;
    delivery.d->redelivered = envelope.redelivered;
    delivery.d->settled = true;
    return delivery;
}

/*! Returns \c true if this came from a broker, or was read from JSON. */
bool QAmqpDelivery::isValid() const { return d != nullptr; }

/*! \property QAmqpDelivery::exchange
    The exchange it was published to, empty for the default exchange. */
QString QAmqpDelivery::exchange() const
{
    return d ? textFromWire(d->envelope->exchange) : QString();
}

/*! \property QAmqpDelivery::routingKey
    The routing key it was published with. */
QString QAmqpDelivery::routingKey() const
{
    return d ? textFromWire(d->envelope->routingKey) : QString();
}

/*! \property QAmqpDelivery::consumerTag
    The consumer it was delivered to, empty if it was got with basic.get. */
QString QAmqpDelivery::consumerTag() const
{
    return d ? textFromWire(d->envelope->consumerTag) : QString();
}

/*! \property QAmqpDelivery::deliveryTag
    The broker's number of this delivery, counted in its channel from 1; 0 if it is invalid. */
quint64 QAmqpDelivery::deliveryTag() const { return d ? d->deliveryTag : 0; }

/*! \property QAmqpDelivery::redelivered
    Whether it was delivered before and not acknowledged. */
bool QAmqpDelivery::isRedelivered() const { return d && d->redelivered; }

/*! Returns how many messages were left in the queue when this one was got; 0 for a consumer's. */
quint32 QAmqpDelivery::remainingMessages() const { return d ? d->remaining : 0; }

/*! Returns whether it was settled, or never needed it. \c Multiple settles others without marking
    them; settling those returns \c false. In a transaction (QAmqpChannel::txSelect()) it is settled until
    that is rolled back or its commit fails. */
bool QAmqpDelivery::isSettled() const { return !d || d->settled.load(std::memory_order_relaxed); }

/*!
    Returns whether the link over which it came is gone: that link was lost, or the channel or the connection has
    ended since. Settling it returns \c false then and sends nothing. The broker gives the message to a consumer
    again, maybe to this one, as another delivery. Costs no memory and may be called in any thread; a link that is lost
    meanwhile makes it stale a moment later. What a consumer without acknowledgement got, what was read from JSON and
    what is invalid is never stale.

    \sa QAmqpChannel::interrupted()
*/
bool QAmqpDelivery::isStale() const
{
    return d && d->mailbox && !d->mailbox->isAdmitted(d->channel, d->generation);
}

static bool settle(QAmqpDeliveryPrivate *d, Settlement how, QAmqpDelivery::AckMode mode)
{
    if (!d || d->settled.exchange(true))
        return false;
    const Mail mail{DeliveryMarkPointer(d), how, mode == QAmqpDelivery::Multiple};
    if (d->mailbox->settle(mail)) {
        if (d->watched)
            DeliveryWatch::notify();
        return true;
    }
    d->settled = false;
    return false;
}

/*! Tells the broker that the message was dealt with, and with \a mode Multiple all before it. Returns
    \c false, and sends nothing, if it was settled before or its channel has ended. Any thread.

    In another thread than the connection's, and so in every program that uses the blocking classes, \c true means
    that the acknowledgement is on its way to that thread. If the message is found to be settled already there, by a
    \c Multiple or by QAmqpChannel::recover(), nothing is sent, which is right for it in any case.
    \sa {https://www.rabbitmq.com/confirms.html} */
bool QAmqpDelivery::ack(AckMode mode) const { return settle(d.data(), Settlement::Ack, mode); }

/*! Gives the message back (or discards it, see \a requeue), and with \a mode Multiple all before it
    (basic.nack, a RabbitMQ extension). Returns \c false, and sends nothing, if it was settled before or
    its channel has ended. Any thread.

    What a stream delivered cannot be given back: RabbitMQ would close the connection (540). For a
    consumer with QAmqpConsumeOptions::setStreamOffset() this is refused too, with InvalidArgument in
    QAmqpChannel::lastError(), and the delivery stays unsettled: ack() it. Multiple and
    QAmqpChannel::nackAll() are refused as well if such a delivery is among what they would settle. The
    header \c{x-stream-offset} alone says nothing: whoever publishes can set it. In another thread than the
    connection's, what \c true means is said at ack(). \sa {https://www.rabbitmq.com/nack.html} */
bool QAmqpDelivery::nack(RequeueMode requeue, AckMode mode) const
{
    return settle(d.data(), requeue == Requeue ? Settlement::Requeue : Settlement::Discard, mode);
}

/*! Gives the message back or discards it, see \a requeue; the same as nack() with Single. Returns
    \c false, and sends nothing, if it was settled before, its channel has ended, or it came from a
    stream. Any thread. */
bool QAmqpDelivery::reject(RequeueMode requeue) const { return nack(requeue); }

bool operator==(const QAmqpDelivery &a, const QAmqpDelivery &b)
{
    if (a.d == b.d)
        return static_cast<const QAmqpMessage &>(a) == b;
    return a.d && b.d && a.d->mailbox == b.d->mailbox && a.d->generation == b.d->generation
            && a.d->deliveryTag == b.d->deliveryTag && a.d->redelivered == b.d->redelivered
            && a.consumerTag() == b.consumerTag() && a.exchange() == b.exchange()
            && a.routingKey() == b.routingKey() && static_cast<const QAmqpMessage &>(a) == b;
}

QDebug operator<<(QDebug debug, const QAmqpDelivery &delivery)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "QAmqpDelivery(tag " << delivery.deliveryTag() << ", exchange "
                    << delivery.exchange() << ", routing key " << delivery.routingKey()
                    << (delivery.isRedelivered() ? ", redelivered, " : ", ");
    return debug << static_cast<const QAmqpMessage &>(delivery) << ')';
}

QT_END_NAMESPACE
