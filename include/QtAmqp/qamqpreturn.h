// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPRETURN_H
#define QAMQPRETURN_H

#include <QtAmqp/qamqpmessage.h>

QT_BEGIN_NAMESPACE

class Q_AMQP_EXPORT QAmqpReturn : public QAmqpMessage
{
    Q_GADGET
    Q_PROPERTY(int replyCode READ replyCode)
    Q_PROPERTY(QString replyText READ replyText)
    Q_PROPERTY(QString exchange READ exchange)
    Q_PROPERTY(QString routingKey READ routingKey)
    Q_PROPERTY(quint64 publishTag READ publishTag)
public:
    Q_AMQP_VALUE(QAmqpReturn, QAmqpReturnPrivate)

    QAmqpReturn(const QAmqpMessage &message, int replyCode, const QString &replyText,
                const QString &exchange, const QString &routingKey, quint64 publishTag);

    int replyCode() const;
    QString replyText() const;
    QString exchange() const;
    QString routingKey() const;
    quint64 publishTag() const;
};

QT_END_NAMESPACE

#endif
