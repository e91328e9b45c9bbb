#ifndef QAMQPCREDENTIALS_H
#define QAMQPCREDENTIALS_H

#include <QtAmqp/qtamqpglobal.h>
#include <QtCore/qobjectdefs.h>
#include <QtCore/qshareddata.h>
#include <QtCore/qstring.h>

QT_BEGIN_NAMESPACE

class QDebug;
class QAmqpCredentialsPrivate;

class Q_AMQP_EXPORT QAmqpCredentials
{
    Q_GADGET
public:
    QAmqpCredentials();
    static QAmqpCredentials plain(const QString &userName, const QString &password);
    QAmqpCredentials(const QAmqpCredentials &other);
    QAmqpCredentials(QAmqpCredentials &&other) noexcept;
    QAmqpCredentials &operator=(const QAmqpCredentials &other);
    QAmqpCredentials &operator=(QAmqpCredentials &&other) noexcept;
    ~QAmqpCredentials();

    QString userName() const;
    QByteArray mechanism() const;
    QByteArray initialResponse() const;

private:
    Q_AMQP_EXPORT friend bool operator==(const QAmqpCredentials &a, const QAmqpCredentials &b);
    friend bool operator!=(const QAmqpCredentials &a, const QAmqpCredentials &b)
    {
        return !(a == b);
    }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpCredentials &credentials);

    QSharedDataPointer<QAmqpCredentialsPrivate> d;
};

QT_END_NAMESPACE

#endif
