// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqprecoveryreport.h>

#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>
#include <QtCore/qmetaobject.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using std::chrono::milliseconds;

/*!
    \class QAmqpRecoveryStep
    \inmodule QtAmqp
    \brief One thing that a recovery can restore: an exchange, a queue, a binding or a consumer.

    The filter of QAmqpConnectionOptions::setRecoveryFilter() is given such steps, and decides which of them are
    taken:

    \snippet reconnection.cpp filter

    Implicitly shared and reentrant.
*/

/*!
    \enum QAmqpRecoveryStep::Entity
    What is to be restored.
    \value Exchange         An exchange that was declared on the connection.
    \value Queue            A queue that was declared on the connection.
    \value ExchangeBinding  The binding of an exchange to another one.
    \value QueueBinding     The binding of a queue to an exchange.
    \value Consumer         A consumer that was running.
*/

class QAmqpRecoveryStepPrivate : public SharedValue
{
public:
    QAmqpRecoveryStep::Entity entity = QAmqpRecoveryStep::Entity::Exchange;
    QString name;
    QString source;
    QString routingKey;
    QAmqpTable arguments;
    bool isDurable = false;
    bool isExclusive = false;
    bool isAutoDelete = false;

    bool operator==(const QAmqpRecoveryStepPrivate &) const = default;
};

/*! \fn QAmqpRecoveryStep::QAmqpRecoveryStep()
    Makes a step for an exchange without a name, with everything off. */
QTAMQP_VALUE(QAmqpRecoveryStep)

/*! \fn QAmqpRecoveryStep::Entity QAmqpRecoveryStep::entity() const
    Returns what is to be restored; Exchange by default. */
/*! \fn QAmqpRecoveryStep &QAmqpRecoveryStep::setEntity(QAmqpRecoveryStep::Entity entity)
    Sets what is to be restored to \a entity. */
QTAMQP_FIELD(QAmqpRecoveryStep, QAmqpRecoveryStep::Entity, entity, setEntity)

/*! \fn QString QAmqpRecoveryStep::name() const
    Returns the name of the exchange or of the queue, the tag of the consumer, or the queue or exchange to which
    a binding leads. A queue that was named by the broker has the name here that it had on the lost link. */
/*! \fn QAmqpRecoveryStep &QAmqpRecoveryStep::setName(const QString &name)
    Sets the \a name or consumer tag. */
QTAMQP_FIELD(QAmqpRecoveryStep, QString, name, setName)

/*! \fn QString QAmqpRecoveryStep::source() const
    Returns the exchange from which a binding takes its messages, or the queue of a consumer; else empty. */
/*! \fn QAmqpRecoveryStep &QAmqpRecoveryStep::setSource(const QString &source)
    Sets the \a source of the messages: an exchange or a queue. */
QTAMQP_FIELD(QAmqpRecoveryStep, QString, source, setSource)

/*! \fn QString QAmqpRecoveryStep::routingKey() const
    Returns the routing key of a binding; else empty. */
/*! \fn QAmqpRecoveryStep &QAmqpRecoveryStep::setRoutingKey(const QString &routingKey)
    Sets the \a routingKey of a binding. */
QTAMQP_FIELD(QAmqpRecoveryStep, QString, routingKey, setRoutingKey)

/*! \fn QAmqpTable QAmqpRecoveryStep::arguments() const
    Returns the arguments with which the exchange or queue was declared or bound; none of a consumer. */
/*! \fn QAmqpRecoveryStep &QAmqpRecoveryStep::setArguments(const QAmqpTable &arguments)
    Sets the \a arguments. */
QTAMQP_FIELD(QAmqpRecoveryStep, QAmqpTable, arguments, setArguments)

/*! \fn bool QAmqpRecoveryStep::isDurable() const
    Returns whether the exchange or queue was declared as durable; else \c false. */
/*! \fn QAmqpRecoveryStep &QAmqpRecoveryStep::setDurable(bool durable)
    Sets whether the exchange or queue is \a durable. */
QTAMQP_FIELD(QAmqpRecoveryStep, bool, isDurable, setDurable)

/*! \fn bool QAmqpRecoveryStep::isExclusive() const
    Returns whether the queue was declared as exclusive; else \c false. */
/*! \fn QAmqpRecoveryStep &QAmqpRecoveryStep::setExclusive(bool exclusive)
    Sets whether the queue is \a exclusive. */
QTAMQP_FIELD(QAmqpRecoveryStep, bool, isExclusive, setExclusive)

/*! \fn bool QAmqpRecoveryStep::isAutoDelete() const
    Returns whether the exchange or queue was declared as auto-delete; else \c false. */
/*! \fn QAmqpRecoveryStep &QAmqpRecoveryStep::setAutoDelete(bool autoDelete)
    Sets whether the exchange or queue is deleted with its last user to \a autoDelete. */
QTAMQP_FIELD(QAmqpRecoveryStep, bool, isAutoDelete, setAutoDelete)

/*!
    \class QAmqpRecoveryReport
    \inmodule QtAmqp
    \brief How a connection recovered from the loss of its link.

    Everything is back that is not named by skipped() or pending(). Implicitly shared and reentrant.

    \sa QAmqpConnection::recovered(), {Reconnection: what survives and what does not}
*/

class QAmqpRecoveryReportPrivate : public SharedValue
{
public:
    int attempts = 0;
    milliseconds duration{0};
    QString endpoint;
    QList<QPair<QString, QString>> renamedQueues;
    QList<QAmqpError> skipped;
    QList<QAmqpError> pending;

    bool operator==(const QAmqpRecoveryReportPrivate &) const = default;
};

/*! \fn QAmqpRecoveryReport::QAmqpRecoveryReport()
    Makes an empty report. */
QTAMQP_VALUE(QAmqpRecoveryReport)

/*! \property QAmqpRecoveryReport::attempts
    How many attempts it took since the link was lost, the one that succeeded included; with several hosts each
    that was tried counts. */
/*! \fn QAmqpRecoveryReport &QAmqpRecoveryReport::setAttempts(int attempts)
    Sets the number of \a attempts. */
QTAMQP_FIELD(QAmqpRecoveryReport, int, attempts, setAttempts)

/*! \fn std::chrono::milliseconds QAmqpRecoveryReport::duration() const
    Returns the time from the loss of the link until everything was back. */
/*! \fn QAmqpRecoveryReport &QAmqpRecoveryReport::setDuration(std::chrono::milliseconds duration)
    Sets how long it took to \a duration. */
QTAMQP_FIELD(QAmqpRecoveryReport, milliseconds, duration, setDuration)

/*! \property QAmqpRecoveryReport::endpoint
    The broker to which the connection leads now, as in QAmqpConnection::endpoint(). With several hosts it may
    be another one than before. */
/*! \fn QAmqpRecoveryReport &QAmqpRecoveryReport::setEndpoint(const QString &endpoint)
    Sets the \a endpoint, a text without credentials. */
QTAMQP_FIELD(QAmqpRecoveryReport, QString, endpoint, setEndpoint)

/*! Returns the queues that the broker has given another name, each as its old and its new one: queues that were
    declared without a name, and that it had deleted with the lost link.
    \sa QAmqpConnection::queueRenamed() */
QList<QPair<QString, QString>> QAmqpRecoveryReport::renamedQueues() const
{
    return peek(d).renamedQueues;
}

/*! Adds a queue whose name was \a oldName and is \a newName now. */
QAmqpRecoveryReport &QAmqpRecoveryReport::addRenamedQueue(const QString &oldName,
                                                          const QString &newName)
{
    edit(d).renamedQueues.append({oldName, newName});
    return *this;
}

/*! Returns an error for each entity that was not restored because the broker refused it. QAmqpError::method() is
    what was refused, such as queue.declare, and QAmqpError::text() names the entity and the reason. */
QList<QAmqpError> QAmqpRecoveryReport::skipped() const { return peek(d).skipped; }

/*! Adds the \a error of an entity that was not restored. */
QAmqpRecoveryReport &QAmqpRecoveryReport::addSkipped(const QAmqpError &error)
{
    edit(d).skipped.append(error);
    return *this;
}

/*! Returns an error for each entity that is not restored yet and is still tried, such as an exclusive queue that
    the broker still keeps for the lost link. QAmqpError::method() and QAmqpError::text() say which one and why. */
QList<QAmqpError> QAmqpRecoveryReport::pending() const { return peek(d).pending; }

/*! Adds the \a error of an entity that is still tried. */
QAmqpRecoveryReport &QAmqpRecoveryReport::addPending(const QAmqpError &error)
{
    edit(d).pending.append(error);
    return *this;
}

QDebug operator<<(QDebug debug, const QAmqpRecoveryStep &step)
{
    const QDebugStateSaver saver(debug);
    const char *entity =
            QMetaEnum::fromType<QAmqpRecoveryStep::Entity>().valueToKey(int(step.entity()));
    debug.nospace().quote() << "QAmqpRecoveryStep(" << (entity ? entity : "?") << ' '
                            << step.name();
    if (!step.source().isEmpty())
        debug << ", source " << step.source();
    if (!step.routingKey().isEmpty())
        debug << ", routing key " << step.routingKey();
    if (step.isDurable())
        debug << ", durable";
    if (step.isExclusive())
        debug << ", exclusive";
    if (step.isAutoDelete())
        debug << ", auto-delete";
    if (!step.arguments().isEmpty())
        debug << ", " << step.arguments();
    return debug << ')';
}

QDebug operator<<(QDebug debug, const QAmqpRecoveryReport &report)
{
    const QDebugStateSaver saver(debug);
    debug.nospace().quote() << "QAmqpRecoveryReport(" << report.attempts() << " attempts, "
                            << report.duration().count() << " ms, endpoint " << report.endpoint();
    for (const auto &[from, to] : report.renamedQueues())
        debug << ", queue " << from << " is now " << to;
    if (!report.skipped().isEmpty())
        debug << ", skipped " << report.skipped();
    if (!report.pending().isEmpty())
        debug << ", pending " << report.pending();
    return debug << ')';
}

QT_END_NAMESPACE
