// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKCONNECTION_H
#define QAMQPQUICKCONNECTION_H

#include "qamqpquickbase.h"
#include "qamqpquickrate.h"

#include <QtAmqp/qamqpconnection.h>
#include <QtCore/qdatetime.h>
#include <QtCore/qpointer.h>
#include <QtCore/qset.h>
#include <QtCore/qtimer.h>
#include <QtQml/qqmllist.h>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickConnection : public QAmqpQuickBase
{
    Q_OBJECT
    QML_NAMED_ELEMENT(AmqpConnection)
    QML_ADDED_IN_VERSION(1, 0)
    Q_CLASSINFO("DefaultProperty", "data")
    Q_PROPERTY(QQmlListProperty<QObject> data READ data CONSTANT FINAL)
    Q_PROPERTY(QObject *source READ source WRITE setSource NOTIFY sourceChanged FINAL)
    Q_PROPERTY(QString url MEMBER m_url NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString userName MEMBER m_userName NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString password MEMBER m_password NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString virtualHost MEMBER m_virtualHost NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString connectionName MEMBER m_connectionName NOTIFY settingsChanged FINAL)
    Q_PROPERTY(qreal heartbeat MEMBER m_heartbeat NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString caCertificateFile MEMBER m_caCertificateFile NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString certificateFile MEMBER m_certificateFile NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString privateKeyFile MEMBER m_privateKeyFile NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString privateKeyPassword MEMBER m_privateKeyPassword NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool peerVerification MEMBER m_peerVerification NOTIFY settingsChanged FINAL)
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(bool connected READ isConnected NOTIFY stateChanged FINAL)
    Q_PROPERTY(bool recovering READ isRecovering NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString endpoint READ endpoint NOTIFY endpointChanged FINAL)
    Q_PROPERTY(QAmqpQuickError lastError READ lastError NOTIFY lastErrorChanged FINAL)
    Q_PROPERTY(QDateTime nextAttempt READ nextAttempt NOTIFY nextAttemptChanged FINAL)
    Q_PROPERTY(int secondsToNextAttempt READ secondsToNextAttempt NOTIFY secondsToNextAttemptChanged
                       FINAL)
    Q_PROPERTY(QString stateText READ stateText NOTIFY stateTextChanged FINAL)
    Q_PROPERTY(bool blocked READ isBlocked NOTIFY stateChanged FINAL)
    Q_PROPERTY(qreal messagesPerSecondIn READ messagesPerSecondIn NOTIFY messagesPerSecondInChanged
                       FINAL)
    Q_PROPERTY(qreal messagesPerSecondOut READ messagesPerSecondOut NOTIFY
                       messagesPerSecondOutChanged FINAL)
public:
    enum State { Closed, Connecting, Handshaking, Open, Closing, Recovering };
    Q_ENUM(State)

    explicit QAmqpQuickConnection(QObject *parent = nullptr);
    ~QAmqpQuickConnection() override;

    QQmlListProperty<QObject> data();
    QObject *source() const { return m_source; }
    void setSource(QObject *source);
    State state() const { return m_state; }
    bool isConnected() const { return m_state == Open; }
    bool isRecovering() const { return m_state == Recovering; }
    QString endpoint() const { return m_endpoint; }
    bool isBlocked() const { return m_blocked; }
    QString stateText() const;
    QAmqpQuickError lastError() const { return m_lastError; }
    QDateTime nextAttempt() const { return m_nextAttempt; }
    int secondsToNextAttempt() const { return m_secondsToNextAttempt; }
    qreal messagesPerSecondIn() const { return m_in.perSecond(); }
    qreal messagesPerSecondOut() const { return m_out.perSecond(); }

    Q_INVOKABLE void reopen() { restart(); }
    Q_INVOKABLE void reconnectNow();

    // called by the objects on this connection
    static QAmqpQuickConnection *around(const QObject *object);
    using QAmqpQuickBase::hasBegun;
    using QAmqpQuickBase::startNow;
    QAmqpConnection *session() const { return m_session; }
    void setDeclaring(const QObject *exchange, bool declaring);
    bool isDeclaring() const { return !m_declaring.isEmpty(); }
    void countIn() { m_in.count(); }
    void countOut() { m_out.count(); }
    void countMoreOut(int messages) { m_out.count(messages); }

Q_SIGNALS:
    void sourceChanged();
    void stateChanged();
    void endpointChanged();
    void lastErrorChanged();
    void nextAttemptChanged();
    void secondsToNextAttemptChanged();
    void stateTextChanged();
    void messagesPerSecondInChanged();
    void messagesPerSecondOutChanged();
    void sessionChanged();
    void declared();

protected:
    void start() override;
    void stop() override;

private:
    QAmqpConnectionOptions options(QAmqpError *error) const;
    bool useSource();
    void setSession(QAmqpConnection *session);
    void follow();
    void followEndpoint();
    void followNextAttempt();
    void countDown();
    void setLastError(const QAmqpError &error);
    void warnOfFailedAttempt(const QAmqpError &error);

    QList<QObject *> m_data;
    QPointer<QObject> m_source;
    bool m_hasSource = false; // the source was set, perhaps to null
    QString m_url;
    QString m_userName;
    QString m_password;
    QString m_virtualHost;
    QString m_connectionName;
    qreal m_heartbeat = -1;
    QString m_caCertificateFile;
    QString m_certificateFile;
    QString m_privateKeyFile;
    QString m_privateKeyPassword;
    bool m_peerVerification = true;

    QPointer<QAmqpConnection> m_amqp; // null only while this is not active
    QPointer<QAmqpConnection> m_session; // the same while channels can be made on it, else null
    State m_state = Closed;
    QString m_endpoint;
    bool m_blocked = false;
    QAmqpQuickError m_lastError;
    bool m_warned = false; // that an attempt to connect failed
    QDateTime m_nextAttempt;
    int m_secondsToNextAttempt = 0;
    QTimer m_countdown;
    QSet<const QObject *> m_declaring; // the exchanges for which queues wait
    QAmqpQuickRate m_in;
    QAmqpQuickRate m_out;
};

QT_END_NAMESPACE

#endif
