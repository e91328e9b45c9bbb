#ifndef QAMQPCREDENTIALS_H
#define QAMQPCREDENTIALS_H

#include <QtAmqp/qtamqpglobal.h>

QT_BEGIN_NAMESPACE

class Q_AMQP_EXPORT QAmqpCredentials
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpCredentials, QAmqpCredentialsPrivate)

    static QAmqpCredentials plain(const QString &userName, const QString &password);

    QString userName() const;
    QByteArray mechanism() const;
    QByteArray initialResponse() const;
};

QT_END_NAMESPACE

#endif
