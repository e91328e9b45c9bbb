// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKQUEUE_H
#define QAMQPQUICKQUEUE_H

#include "qamqpquickbound.h"
#include "qamqpquickmessage.h"

#include <QtAmqp/qamqpconsumer.h>
#include <QtAmqp/qamqpqueue.h>

#include <optional>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickQueue : public QAmqpQuickBound
{
    Q_OBJECT
    QML_NAMED_ELEMENT(AmqpQueue)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QString name MEMBER m_name NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool durable MEMBER m_durable NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool exclusive READ isExclusive WRITE setExclusive NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool autoDelete READ isAutoDelete WRITE setAutoDelete NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool passive MEMBER m_passive NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QVariantMap arguments MEMBER m_arguments NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool receiving MEMBER m_receiving NOTIFY receivingChanged FINAL)
    Q_PROPERTY(qreal prefetch MEMBER m_prefetch NOTIFY consumingChanged FINAL)
    Q_PROPERTY(
            QVariantMap consumerArguments MEMBER m_consumerArguments NOTIFY consumingChanged FINAL)
    Q_PROPERTY(AckPolicy ackPolicy MEMBER m_ackPolicy NOTIFY consumingChanged FINAL)
    Q_PROPERTY(QString queueName READ queueName NOTIFY declared FINAL)
    Q_PROPERTY(int messageCount READ messageCount NOTIFY declared FINAL)
    Q_PROPERTY(int consumerCount READ consumerCount NOTIFY declared FINAL)
public:
    enum AckPolicy { AckOnReturn, AckManually, NoAck };
    Q_ENUM(AckPolicy)

    explicit QAmqpQuickQueue(QObject *parent = nullptr);

    bool isExclusive() const { return m_exclusive.value_or(isTemporary()); }
    void setExclusive(bool exclusive);
    bool isAutoDelete() const { return m_autoDelete.value_or(isTemporary()); }
    void setAutoDelete(bool autoDelete);
    QString queueName() const { return m_info.name; }
    int messageCount() const { return int(m_info.messageCount); }
    int consumerCount() const { return int(m_info.consumerCount); }

    Q_INVOKABLE quint64 publish(const QJSValue &body, const QJSValue &properties = {});
    Q_INVOKABLE void purge();

Q_SIGNALS:
    void receivingChanged();
    void consumingChanged();
    void declared();
    void messageReceived(const QAmqpQuickMessage &message);

protected:
    void setUp(QAmqpChannel *channel) override;
    void stop() override;
    QFuture<void> bind(const Binding &binding) override;
    QFuture<void> unbind(const Binding &binding) override;
    void bindingsMade() override { consume(); }

private:
    bool isTemporary() const; // exclusive and auto-delete, unless a property says otherwise
    void consume();
    QAmqpError subscribe();
    void receive(const QAmqpDelivery &delivery);

    QString m_name;
    bool m_durable = false;
    std::optional<bool> m_exclusive;
    std::optional<bool> m_autoDelete;
    bool m_passive = false;
    QVariantMap m_arguments;
    bool m_receiving = true;
    qreal m_prefetch = 250; // QML would convert any number to an int, even a wrong one
    QVariantMap m_consumerArguments;
    AckPolicy m_ackPolicy = AckOnReturn;

    QAmqpQueueInfo m_info;
    QPointer<QAmqpQueue> m_queue; // exists as long as the channel
    QPointer<QAmqpConsumer> m_consumer;
    bool m_warned = false; // that there is no handler and no model
    const QAmqpDelivery *m_handled = nullptr; // the message whose handler is running
};

QT_END_NAMESPACE

#endif
