// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqpreturn.h>

#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpReturn
    \inmodule QtAmqp
    \brief A message that the broker sent back because no queue took it (basic.return).

    Only messages published as mandatory come back. On a confirming channel the broker confirms such
    a message as well, right after its return.

    \sa QAmqpChannel::messageReturned(), {AMQP 0-9-1 §1.8.3.8}
*/

class QAmqpReturnPrivate : public SharedValue
{
public:
    int replyCode = 0;
    QString replyText;
    QString exchange;
    QString routingKey;
    quint64 publishTag = 0;

    bool operator==(const QAmqpReturnPrivate &) const = default;
};

/*! \fn QAmqpReturn::QAmqpReturn()
    Makes an empty message with reply code 0. */
QTAMQP_COPYABLE(QAmqpReturn)

/*!
    Makes a return of \a message with \a replyCode and \a replyText, published to \a exchange with
    \a routingKey as \a publishTag, which is 0 if the publish is not known.
*/
QAmqpReturn::QAmqpReturn(const QAmqpMessage &message, int replyCode, const QString &replyText,
                         const QString &exchange, const QString &routingKey, quint64 publishTag)
    : QAmqpMessage(message)
    , d(new QAmqpReturnPrivate{{}, replyCode, replyText, exchange, routingKey, publishTag})
{
}

/*! \property QAmqpReturn::replyCode
    Why the message came back: 312 (no queue is bound for it), with other brokers also 313 (no consumer). */
int QAmqpReturn::replyCode() const { return peek(d).replyCode; }

/*! \property QAmqpReturn::replyText
    The broker's text for this reason, such as NO_ROUTE. */
QString QAmqpReturn::replyText() const { return peek(d).replyText; }

/*! \property QAmqpReturn::exchange
    The exchange to which the message was published. */
QString QAmqpReturn::exchange() const { return peek(d).exchange; }

/*! \property QAmqpReturn::routingKey
    The routing key with which the message was published. */
QString QAmqpReturn::routingKey() const { return peek(d).routingKey; }

/*! \property QAmqpReturn::publishTag
    What QAmqpChannel::publish() returned for the message, or 0 if that is not known. */
quint64 QAmqpReturn::publishTag() const { return peek(d).publishTag; }

bool operator==(const QAmqpReturn &a, const QAmqpReturn &b)
{
    return equal(a.d, b.d) && static_cast<const QAmqpMessage &>(a) == b;
}

QDebug operator<<(QDebug debug, const QAmqpReturn &returned)
{
    const QDebugStateSaver saver(debug);
    debug.nospace().quote() << "QAmqpReturn(" << returned.replyCode() << ' ' << returned.replyText()
                            << ", exchange " << returned.exchange() << ", routing key "
                            << returned.routingKey() << ", tag " << returned.publishTag() << ", ";
    return debug << static_cast<const QAmqpMessage &>(returned) << ')';
}

QT_END_NAMESPACE
