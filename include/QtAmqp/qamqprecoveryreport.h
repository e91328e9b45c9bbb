// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPRECOVERYREPORT_H
#define QAMQPRECOVERYREPORT_H

#include <QtAmqp/qamqperror.h>
#include <QtAmqp/qamqptable.h>
#include <QtCore/qpair.h>

#include <chrono>

QT_BEGIN_NAMESPACE

class Q_AMQP_EXPORT QAmqpRecoveryStep
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpRecoveryStep, QAmqpRecoveryStepPrivate)

    enum Entity : quint8 { Exchange, Queue, ExchangeBinding, QueueBinding, Consumer };
    Q_ENUM(Entity)

    Entity entity() const;
    QAmqpRecoveryStep &setEntity(Entity entity);
    QString name() const;
    QAmqpRecoveryStep &setName(const QString &name);
    QString source() const;
    QAmqpRecoveryStep &setSource(const QString &source);
    QString routingKey() const;
    QAmqpRecoveryStep &setRoutingKey(const QString &routingKey);
    QAmqpTable arguments() const;
    QAmqpRecoveryStep &setArguments(const QAmqpTable &arguments);
    bool isDurable() const;
    QAmqpRecoveryStep &setDurable(bool durable);
    bool isExclusive() const;
    QAmqpRecoveryStep &setExclusive(bool exclusive);
    bool isAutoDelete() const;
    QAmqpRecoveryStep &setAutoDelete(bool autoDelete);
};

class Q_AMQP_EXPORT QAmqpRecoveryReport
{
    Q_GADGET
    Q_PROPERTY(int attempts READ attempts)
    Q_PROPERTY(QString endpoint READ endpoint)
public:
    Q_AMQP_VALUE(QAmqpRecoveryReport, QAmqpRecoveryReportPrivate)

    int attempts() const;
    QAmqpRecoveryReport &setAttempts(int attempts);
    std::chrono::milliseconds duration() const;
    QAmqpRecoveryReport &setDuration(std::chrono::milliseconds duration);
    QString endpoint() const;
    QAmqpRecoveryReport &setEndpoint(const QString &endpoint);
    QList<QPair<QString, QString>> renamedQueues() const;
    QAmqpRecoveryReport &addRenamedQueue(const QString &oldName, const QString &newName);
    QList<QAmqpError> skipped() const;
    QAmqpRecoveryReport &addSkipped(const QAmqpError &error);
    QList<QAmqpError> pending() const;
    QAmqpRecoveryReport &addPending(const QAmqpError &error);
};

QT_END_NAMESPACE

#endif
