// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqprecoveryreport.h>

#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>
#include <QtCore/qmetaobject.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using std::chrono::milliseconds;

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

QTAMQP_VALUE(QAmqpRecoveryStep)
QTAMQP_FIELD(QAmqpRecoveryStep, QAmqpRecoveryStep::Entity, entity, setEntity)
QTAMQP_FIELD(QAmqpRecoveryStep, QString, name, setName)
QTAMQP_FIELD(QAmqpRecoveryStep, QString, source, setSource)
QTAMQP_FIELD(QAmqpRecoveryStep, QString, routingKey, setRoutingKey)
QTAMQP_FIELD(QAmqpRecoveryStep, QAmqpTable, arguments, setArguments)
QTAMQP_FIELD(QAmqpRecoveryStep, bool, isDurable, setDurable)
QTAMQP_FIELD(QAmqpRecoveryStep, bool, isExclusive, setExclusive)
QTAMQP_FIELD(QAmqpRecoveryStep, bool, isAutoDelete, setAutoDelete)

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

QTAMQP_VALUE(QAmqpRecoveryReport)
QTAMQP_FIELD(QAmqpRecoveryReport, int, attempts, setAttempts)
QTAMQP_FIELD(QAmqpRecoveryReport, milliseconds, duration, setDuration)
QTAMQP_FIELD(QAmqpRecoveryReport, QString, endpoint, setEndpoint)

QList<QPair<QString, QString>> QAmqpRecoveryReport::renamedQueues() const
{
    return peek(d).renamedQueues;
}

QAmqpRecoveryReport &QAmqpRecoveryReport::addRenamedQueue(const QString &oldName,
                                                          const QString &newName)
{
    edit(d).renamedQueues.append({oldName, newName});
    return *this;
}

QList<QAmqpError> QAmqpRecoveryReport::skipped() const { return peek(d).skipped; }

QAmqpRecoveryReport &QAmqpRecoveryReport::addSkipped(const QAmqpError &error)
{
    edit(d).skipped.append(error);
    return *this;
}

QList<QAmqpError> QAmqpRecoveryReport::pending() const { return peek(d).pending; }

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
