// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPTESTBROKER_H
#define QAMQPTESTBROKER_H

#include <QtAmqpTest/qtamqptestglobal.h>

#include <QtAmqp/qamqpmessage.h>
#include <QtAmqp/qamqpoperationoptions.h>
#include <QtAmqp/qamqptable.h>
#include <QtCore/qobject.h>
#include <QtCore/qstringlist.h>
#include <QtCore/qurl.h>
#include <QtNetwork/qsslconfiguration.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

QT_BEGIN_NAMESPACE

class QAmqpTestBrokerPrivate;
class QAmqpTestFault;
class QIODevice;

class Q_AMQP_TEST_EXPORT QAmqpTestBroker : public QObject
{
    Q_OBJECT
    Q_PROPERTY(bool running READ isRunning NOTIFY runningChanged FINAL)
    Q_PROPERTY(QUrl url READ url NOTIFY runningChanged FINAL)
public:
    enum Threading { SameThread, OwnThread };
    Q_ENUM(Threading)
    enum Shutdown { Orderly, Abrupt };
    Q_ENUM(Shutdown)

    struct Counters
    {
        quint64 connections = 0;
        quint64 channels = 0;
        quint64 published = 0;
        quint64 confirmed = 0;
        quint64 returned = 0;
        quint64 delivered = 0;
        quint64 redelivered = 0;
        quint64 acknowledged = 0;
        quint64 rejected = 0;
        quint64 deadLettered = 0;

        Q_AMQP_TEST_VALUE(Counters)
    };
    struct QueueInfo
    {
        QString name;
        quint64 messages = 0;
        quint64 unacknowledged = 0;
        qsizetype consumers = 0;
        bool durable = false;
        bool exclusive = false;
        bool autoDelete = false;
        QAmqpTable arguments = {};

        Q_AMQP_TEST_VALUE(QueueInfo)
    };
    struct ExchangeInfo
    {
        QString name;
        QString type;
        bool durable = false;
        bool autoDelete = false;
        bool internal = false;
        QAmqpTable arguments = {};

        Q_AMQP_TEST_VALUE(ExchangeInfo)
    };
    struct BindingInfo
    {
        QString exchange;
        QString routingKey;
        QString destination;
        bool toExchange = false;
        QAmqpTable arguments = {};

        Q_AMQP_TEST_VALUE(BindingInfo)
    };
    struct ConnectionInfo
    {
        QString user;
        QString virtualHost;
        QString name;
        QString mechanism;
        QString certificateName;
        bool tls = false;
        QAmqpTable clientProperties = {};
        qsizetype channels = 0;
        qsizetype consumers = 0;
        qsizetype unacknowledged = 0;

        Q_AMQP_TEST_VALUE(ConnectionInfo)
    };

    explicit QAmqpTestBroker(QObject *parent = nullptr);
    ~QAmqpTestBroker() override;

    void setThreading(Threading threading);
    void setPort(quint16 port);
    void setTlsPort(quint16 port);
    void setSslConfiguration(const QSslConfiguration &configuration);
    void setSeed(quint32 seed);
    void setHeartbeat(std::chrono::seconds heartbeat);
    void setFrameMax(quint32 bytes);
    void setChannelMax(quint16 channels);
    void setMaxMessageSize(quint64 bytes);
    void setMechanisms(const QStringList &mechanisms);
    void setTrace(const std::function<void(const QString &line)> &trace);

    void addUser(const QString &name, const QString &password = {});
    void removeUser(const QString &name);
    void addVirtualHost(const QString &name);
    void setPermissions(const QString &user, const QString &virtualHost,
                        const QString &configure = QStringLiteral(".*"),
                        const QString &write = QStringLiteral(".*"),
                        const QString &read = QStringLiteral(".*"));

    bool start();
    void stop();
    bool isRunning() const;
    QString errorString() const;
    QUrl url() const;
    QUrl url(const QString &virtualHost) const;
    QUrl tlsUrl(const QString &virtualHost = QStringLiteral("/")) const;
    std::unique_ptr<QIODevice> connectDevice();

    bool declareQueue(const QString &name, const QAmqpQueueOptions &options = {},
                      const QString &virtualHost = QStringLiteral("/"));
    bool declareExchange(const QString &name, const QString &type,
                         const QAmqpExchangeOptions &options = {},
                         const QString &virtualHost = QStringLiteral("/"));
    bool declareExchange(const QString &name, QAmqpExchangeOptions::Type type,
                         const QAmqpExchangeOptions &options = {},
                         const QString &virtualHost = QStringLiteral("/"));
    bool bindQueue(const QString &queue, const QString &exchange, const QString &routingKey = {},
                   const QAmqpTable &arguments = {},
                   const QString &virtualHost = QStringLiteral("/"));
    bool setConfirming(const QString &queue, bool confirming,
                       const QString &virtualHost = QStringLiteral("/"));

    bool publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
                 const QString &virtualHost = QStringLiteral("/"));
    std::optional<QAmqpMessage> take(const QString &queue,
                                     const QString &virtualHost = QStringLiteral("/"));

    Counters counters() const;
    QList<QueueInfo> queues(const QString &virtualHost = QStringLiteral("/")) const;
    std::optional<QueueInfo> queue(const QString &name,
                                   const QString &virtualHost = QStringLiteral("/")) const;
    QList<ExchangeInfo> exchanges(const QString &virtualHost = QStringLiteral("/")) const;
    std::optional<ExchangeInfo> exchange(const QString &name,
                                         const QString &virtualHost = QStringLiteral("/")) const;
    QList<BindingInfo> bindings(const QString &virtualHost = QStringLiteral("/")) const;
    QList<ConnectionInfo> connections() const;

    void block(const QString &reason = QStringLiteral("low on memory"));
    void unblock();
    bool isBlocked() const;
    int cancelConsumers(const QString &queue, const QString &virtualHost = QStringLiteral("/"));
    void closeConnections(quint16 code = 320,
                          const QString &text = QStringLiteral("Closed by the test"));
    void dropConnections();
    void restart(Shutdown how = Shutdown::Abrupt);

    void addFault(const QAmqpTestFault &fault);
    void clearFaults();

Q_SIGNALS:
    void runningChanged(bool running);
    void changed();
    void connectionOpened(const QAmqpTestBroker::ConnectionInfo &connection);
    void connectionClosed(const QAmqpTestBroker::ConnectionInfo &connection);
    void published(const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
                   const QString &virtualHost);

protected:
    void connectNotify(const QMetaMethod &signal) override;
    void disconnectNotify(const QMetaMethod &signal) override;

private:
    Q_DISABLE_COPY_MOVE(QAmqpTestBroker)
    friend class QAmqpTestBrokerPrivate;
    std::unique_ptr<QAmqpTestBrokerPrivate> d;
};

Q_AMQP_TEST_EXPORT QDebug operator<<(QDebug debug, const QAmqpTestBroker *broker);

QT_END_NAMESPACE

#endif
