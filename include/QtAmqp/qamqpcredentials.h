#ifndef QAMQPCREDENTIALS_H
#define QAMQPCREDENTIALS_H

#include <QtAmqp/qtamqpglobal.h>

QT_BEGIN_NAMESPACE

class QAmqpCredentialsPrivate;

class Q_AMQP_EXPORT QAmqpCredentials
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpCredentials)

    static QAmqpCredentials plain(const QString &userName, const QString &password);

    QString userName() const;
    QByteArray mechanism() const;
    QByteArray initialResponse() const;

private:
    QSharedDataPointer<QAmqpCredentialsPrivate> d;
};

QT_END_NAMESPACE

#endif
