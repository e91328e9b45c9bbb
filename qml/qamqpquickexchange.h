// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKEXCHANGE_H
#define QAMQPQUICKEXCHANGE_H

#include "qamqpquickbound.h"
#include "qamqpquickmessage.h"

#include <map>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickExchange : public QAmqpQuickBound
{
    Q_OBJECT
    QML_NAMED_ELEMENT(AmqpExchange)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QString name MEMBER m_name NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QString type MEMBER m_type NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool durable MEMBER m_durable NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool autoDelete MEMBER m_autoDelete NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool internal MEMBER m_internal NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool passive MEMBER m_passive NOTIFY settingsChanged FINAL)
    Q_PROPERTY(QVariantMap arguments MEMBER m_arguments NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool confirms MEMBER m_confirms NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool mandatory MEMBER m_mandatory NOTIFY mandatoryChanged FINAL)
    Q_PROPERTY(int unconfirmed READ unconfirmed NOTIFY unconfirmedChanged FINAL)
public:
    explicit QAmqpQuickExchange(QObject *parent = nullptr);
    ~QAmqpQuickExchange() override;

    void componentComplete() override;
    int unconfirmed() const { return int(m_open.size()) + keptMessages(); }

    Q_INVOKABLE quint64 publish(const QString &routingKey, const QJSValue &body,
                                const QJSValue &properties = {});

Q_SIGNALS:
    void mandatoryChanged();
    void unconfirmedChanged();
    void confirmed(quint64 firstTag, quint64 lastTag);
    void nacked(quint64 firstTag, quint64 lastTag);
    void indeterminate(quint64 firstTag, quint64 lastTag);
    void messageReturned(const QAmqpQuickMessage &message, const QString &routingKey,
                         const QString &reason, quint64 tag);

protected:
    void setUp(QAmqpChannel *channel) override;
    void stop() override;
    void connectionFound() override;
    void keptChanged() override { Q_EMIT unconfirmedChanged(); }
    void notSent(quint64 tag) override { Q_EMIT indeterminate(tag, tag); }
    QFuture<void> bind(const Binding &binding) override;
    QFuture<void> unbind(const Binding &binding) override;

private:
    void settle(bool settled);
    void reportDeclaring();
    using Outcome = void (QAmqpQuickExchange::*)(quint64 firstTag, quint64 lastTag);
    void emitOutcome(Outcome outcome, quint64 first, quint64 last);

    QString m_name;
    QString m_type;
    bool m_durable = false;
    bool m_autoDelete = false;
    bool m_internal = false;
    bool m_passive = false;
    QVariantMap m_arguments;
    bool m_confirms = true;
    bool m_mandatory = false;
    bool m_settled = false; // the exchange was declared, or that was refused
    std::map<quint64, quint64> m_open; // tags of unconfirmed messages, by the channel's own tags
    quint64 m_tagsBefore = 0; // how far the last tag is ahead of the channel's last one
    QPointer<QAmqpQuickConnection> m_declaringOn;
};

QT_END_NAMESPACE

#endif
