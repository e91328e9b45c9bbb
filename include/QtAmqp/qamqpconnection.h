// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPCONNECTION_H
#define QAMQPCONNECTION_H

#include <QtAmqp/qamqpconnectionoptions.h>
#include <QtCore/qdatetime.h>
#include <QtCore/qfuture.h>
#include <QtCore/qobject.h>
#include <QtNetwork/qsslerror.h>

#include <memory>

QT_BEGIN_NAMESPACE

class QNetworkProxy;
class QSslConfiguration;
class QAmqpChannel;
class QAmqpConnectionPrivate;
class QAmqpTransport;

class Q_AMQP_EXPORT QAmqpConnection : public QObject
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString endpoint READ endpoint NOTIFY endpointChanged FINAL)
    Q_PROPERTY(bool blocked READ isBlocked NOTIFY blockedChanged FINAL)
    Q_PROPERTY(QString blockedReason READ blockedReason NOTIFY blockedChanged FINAL)
    Q_PROPERTY(QAmqpError lastError READ lastError NOTIFY lastErrorChanged FINAL)
    Q_PROPERTY(QDateTime nextAttempt READ nextAttempt NOTIFY nextAttemptChanged FINAL)
    Q_PROPERTY(bool recovering READ isRecovering NOTIFY stateChanged FINAL)
    Q_PROPERTY(int recoveryAttempt READ recoveryAttempt NOTIFY recoveryAttemptChanged FINAL)
public:
    enum State : quint8 { Closed, Connecting, Handshaking, Open, Closing, Recovering };
    Q_ENUM(State)

    explicit QAmqpConnection(QObject *parent = nullptr);
    explicit QAmqpConnection(const QAmqpConnectionOptions &options, QObject *parent = nullptr);
    explicit QAmqpConnection(const QUrl &url, QObject *parent = nullptr);
    ~QAmqpConnection() override;

    QAmqpConnectionOptions options() const;
    bool setOptions(const QAmqpConnectionOptions &options);
    QSslConfiguration sslConfiguration() const;
    bool setSslConfiguration(const QSslConfiguration &configuration);
    bool ignoreSslErrors(const QList<QSslError> &errors);
    QNetworkProxy proxy() const;
    bool setProxy(const QNetworkProxy &proxy);
    bool setTransport(std::unique_ptr<QAmqpTransport> transport);

    State state() const;
    bool isOpen() const;
    QString endpoint() const;
    bool isBlocked() const;
    QString blockedReason() const;
    QAmqpError lastError() const;
    QDateTime nextAttempt() const;
    std::chrono::milliseconds nextAttemptIn() const;
    bool isRecovering() const;
    int recoveryAttempt() const;

    quint16 channelMax() const;
    quint32 frameMax() const;
    std::chrono::seconds heartbeat() const;
    QAmqpTable serverProperties() const;
    bool hasCapability(const QString &name) const;
    QSslConfiguration tlsSession() const;

    bool isReading() const;
    void setReading(bool reading);
    qint64 bytesToWrite() const;
    quint64 bytesSent() const;
    quint64 bytesReceived() const;
    quint64 framesReceived() const;
    quint64 framesSent() const;

    QAmqpChannel *createChannel(QObject *parent = nullptr);
    QFuture<void> updateSecret(const QString &secret, const QString &reason);

public Q_SLOTS:
    void open();
    void open(const QUrl &url);
    void close();
    void close(std::chrono::milliseconds deadline);
    void abort();
    void reconnectNow();

Q_SIGNALS:
    void stateChanged(QAmqpConnection::State state);
    void opened();
    void closed();
    void errorOccurred(const QAmqpError &error);
    void lastErrorChanged(const QAmqpError &error);
    void nextAttemptChanged(const QDateTime &time);
    void endpointChanged(const QString &endpoint);
    void blockedChanged(bool blocked);
    void sslErrors(const QList<QSslError> &errors);
    void linkLost(const QAmqpError &cause);
    void reconnecting(int attempt, std::chrono::milliseconds delay);
    void recoveryAttemptChanged(int attempt);
    void recovered(const QAmqpRecoveryReport &report);
    void queueRenamed(const QString &oldName, const QString &newName);

private:
    friend class QAmqpChannel;
    friend class QAmqpConnectionPrivate;
    Q_DISABLE_COPY_MOVE(QAmqpConnection)
    const std::unique_ptr<QAmqpConnectionPrivate> d_ptr;
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpConnection *connection);

QT_END_NAMESPACE

#endif
