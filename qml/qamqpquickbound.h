// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKBOUND_H
#define QAMQPQUICKBOUND_H

// The base of the types with bindings: queues, and exchanges that are bound to others. The bindings are made
// when all exchanges of the connection are declared, and follow the property from then on.

#include "qamqpquickobject.h"

#include <QtAmqp/qamqptable.h>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickBound : public QAmqpQuickObject
{
    Q_OBJECT
    QML_ANONYMOUS
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QVariantList bindings READ bindings WRITE setBindings NOTIFY bindingsChanged FINAL)
public:
    QVariantList bindings() const { return m_bindings; }
    void setBindings(const QVariantList &bindings);

Q_SIGNALS:
    void bindingsChanged();

protected:
    struct Binding
    {
        QString exchange;
        QString routingKey;
        QAmqpTable arguments;

        friend bool operator==(const Binding &a, const Binding &b)
        {
            return a.exchange == b.exchange && a.routingKey == b.routingKey
                    && a.arguments == b.arguments;
        }
    };

    using QAmqpQuickObject::QAmqpQuickObject;

    virtual QFuture<void> bind(const Binding &binding) = 0;
    virtual QFuture<void> unbind(const Binding &binding) = 0;
    virtual void bindingsMade() { } // called when the bindings were requested for the first time
    void setUp(QAmqpChannel *channel) override; // to be called after the declaration was requested
    void stop() override;
    void connectionFound() override;

private:
    QList<Binding> wantedBindings();
    void bindIfDeclared();
    void rebind();

    QVariantList m_bindings;
    QList<Binding> m_bound;
    bool m_waits = false; // until the exchanges of the connection are declared
    bool m_rebindWanted = false;
    bool m_wrong = false; // a binding is not valid, or was refused
};

QT_END_NAMESPACE

#endif
