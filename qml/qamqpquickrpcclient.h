// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKRPCCLIENT_H
#define QAMQPQUICKRPCCLIENT_H

#include "qamqpquickmessage.h"
#include "qamqpquickobject.h"

#include <QtAmqp/qamqprpcclient.h>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickRpcClient : public QAmqpQuickObject
{
    Q_OBJECT
    QML_NAMED_ELEMENT(AmqpRpcClient)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QString exchange MEMBER m_exchange NOTIFY exchangeChanged FINAL)
    Q_PROPERTY(qreal timeout MEMBER m_timeout NOTIFY timeoutChanged FINAL)
    Q_PROPERTY(int pending READ pending NOTIFY pendingChanged FINAL)
public:
    explicit QAmqpQuickRpcClient(QObject *parent = nullptr);

    int pending() const { return m_pending; }

    Q_INVOKABLE void call(const QString &routingKey, const QJSValue &body, const QJSValue &callback,
                          const QJSValue &properties = {});
    Q_INVOKABLE void request(const QString &routingKey, const QJSValue &body,
                             const QJSValue &callback, const QJSValue &properties = {})
    {
        call(routingKey, body, callback, properties);
    }

Q_SIGNALS:
    void exchangeChanged();
    void timeoutChanged();
    void pendingChanged();

protected:
    void setUp(QAmqpChannel *channel) override;
    void stop() override;

private:
    void ask(const QString &routingKey, const QAmqpMessage &message, const QJSValue &callback);
    void answerSoon(const QJSValue &callback, const QAmqpQuickMessage &reply,
                    const QAmqpError &error);
    void answer(const QJSValue &callback, const QAmqpQuickMessage &reply, const QAmqpError &error);
    void setPending(int pending);

    QString m_exchange;
    qreal m_timeout = 30'000;
    int m_pending = 0;
    QPointer<QAmqpRpcClient> m_client; // exists as long as the channel
};

QT_END_NAMESPACE

#endif
