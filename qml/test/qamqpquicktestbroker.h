// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKTESTBROKER_H
#define QAMQPQUICKTESTBROKER_H

#include "qtamqptestquickglobal.h"

#include <QtAmqpTest/qamqptestbroker.h>
#include <QtQml/qjsvalue.h>
#include <QtQml/qqmlparserstatus.h>
#include <QtQml/qqmlregistration.h>

QT_BEGIN_NAMESPACE

class Q_AMQPTESTQUICK_EXPORT QAmqpQuickTestBroker
    : public QObject
    , public QQmlParserStatus
{
    Q_OBJECT
    Q_INTERFACES(QQmlParserStatus)
    QML_NAMED_ELEMENT(AmqpTestBroker)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(bool running READ isRunning WRITE setRunning NOTIFY runningChanged FINAL)
    Q_PROPERTY(int port READ port WRITE setPort NOTIFY portChanged FINAL)
    Q_PROPERTY(QString url READ url NOTIFY runningChanged FINAL)
    Q_PROPERTY(QString errorString READ errorString NOTIFY errorStringChanged FINAL)
    Q_PROPERTY(bool blocked READ isBlocked NOTIFY blockedChanged FINAL)
    Q_PROPERTY(QVariantList queues READ queues NOTIFY changed FINAL)
    Q_PROPERTY(QVariantList bindings READ bindings NOTIFY changed FINAL)
    Q_PROPERTY(QVariantList connections READ connections NOTIFY changed FINAL)
    Q_PROPERTY(QVariantList exchanges READ exchanges NOTIFY changed FINAL)
    Q_PROPERTY(qreal published READ published NOTIFY changed FINAL)
    Q_PROPERTY(qreal confirmed READ confirmed NOTIFY changed FINAL)
    Q_PROPERTY(qreal returned READ returned NOTIFY changed FINAL)
    Q_PROPERTY(qreal delivered READ delivered NOTIFY changed FINAL)
    Q_PROPERTY(qreal redelivered READ redelivered NOTIFY changed FINAL)
    Q_PROPERTY(qreal acknowledged READ acknowledged NOTIFY changed FINAL)
    Q_PROPERTY(qreal rejected READ rejected NOTIFY changed FINAL)
    Q_PROPERTY(qreal deadLettered READ deadLettered NOTIFY changed FINAL)
public:
    explicit QAmqpQuickTestBroker(QObject *parent = nullptr);
    ~QAmqpQuickTestBroker() override;

    QAmqpTestBroker *broker() { return &m_broker; }
    bool isRunning() const { return m_isComplete ? m_broker.isRunning() : m_wanted; }
    void setRunning(bool running);
    int port() const { return m_port; }
    void setPort(int port);
    QString url() const { return m_broker.url().toString(); }
    QString errorString() const { return m_errorString; }
    bool isBlocked() const { return m_isBlocked; }
    QVariantList queues() const;
    QVariantList bindings() const;
    QVariantList connections() const;
    QVariantList exchanges() const;
    qreal published() const { return qreal(m_broker.counters().published); }
    qreal confirmed() const { return qreal(m_broker.counters().confirmed); }
    qreal returned() const { return qreal(m_broker.counters().returned); }
    qreal delivered() const { return qreal(m_broker.counters().delivered); }
    qreal redelivered() const { return qreal(m_broker.counters().redelivered); }
    qreal acknowledged() const { return qreal(m_broker.counters().acknowledged); }
    qreal rejected() const { return qreal(m_broker.counters().rejected); }
    qreal deadLettered() const { return qreal(m_broker.counters().deadLettered); }

    Q_INVOKABLE bool publish(const QString &exchange, const QString &routingKey,
                             const QJSValue &body, const QJSValue &properties = {});
    Q_INVOKABLE QVariant take(const QString &queue);
    Q_INVOKABLE QVariant queue(const QString &name) const;
    Q_INVOKABLE void block(const QString &reason = QStringLiteral("low on memory"));
    Q_INVOKABLE void unblock();
    Q_INVOKABLE void restart() { m_broker.restart(); }
    Q_INVOKABLE void closeConnections(int code = 320,
                                      const QString &text = QStringLiteral("Closed by the test"));
    Q_INVOKABLE void dropConnections() { m_broker.dropConnections(); }

    Q_INVOKABLE bool waitUntil(const QJSValue &condition, int timeout = 5000);

    void classBegin() override { m_isComplete = false; }
    void componentComplete() override;

Q_SIGNALS:
    void runningChanged();
    void portChanged();
    void errorStringChanged();
    void blockedChanged();
    void changed();

private:
    void start();
    void setErrorString(const QString &text);
    void setBlocked(bool blocked);

    QAmqpTestBroker m_broker;
    int m_port = 0;
    QString m_errorString;
    bool m_wanted = true;
    bool m_isComplete = true; // QML calls classBegin(), which makes this false; C++ does not
    bool m_isBlocked = false;
};

QT_END_NAMESPACE

#endif
