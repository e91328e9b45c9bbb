// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKMESSAGEMODEL_H
#define QAMQPQUICKMESSAGEMODEL_H

#include "qamqpquickqueue.h"

#include <QtAmqp/qamqpmessagemodel.h>
#include <QtQml/qjsvalue.h>

QT_BEGIN_NAMESPACE

// QAmqpMessageModel with roles that are values of QML.
class Q_AMQPQUICK_EXPORT QAmqpQuickMessageModel : public QAmqpMessageModel
{
    Q_OBJECT
    QML_NAMED_ELEMENT(AmqpMessageModel)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QAmqpQuickQueue *queue READ queue WRITE setQueue NOTIFY queueChanged FINAL)
    // A real number, since QML has no integer of 64 bits.
    Q_PROPERTY(qreal maximumSize READ maximumSizeToJs WRITE setMaximumSizeFromJs NOTIFY
                       maximumSizeChanged FINAL)
    Q_PROPERTY(QJSValue filter READ filter WRITE setFilter NOTIFY filterChanged FINAL)
public:
    explicit QAmqpQuickMessageModel(QObject *parent = nullptr);

    QAmqpQuickQueue *queue() const { return m_queue; }
    void setQueue(QAmqpQuickQueue *queue);
    qreal maximumSizeToJs() const { return qreal(maximumSize()); }
    void setMaximumSizeFromJs(qreal size);
    QJSValue filter() const { return m_filter; }
    void setFilter(const QJSValue &filter);

    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    Q_INVOKABLE QAmqpQuickMessage get(int row) const;
    Q_INVOKABLE void append(const QAmqpQuickMessage &message);
    Q_INVOKABLE bool nack(int row, bool requeue = true);

Q_SIGNALS:
    void queueChanged();
    void filterChanged();

private:
    bool passes(const QAmqpDelivery &message) const;

    QPointer<QAmqpQuickQueue> m_queue;
    QJSValue m_filter;
};

QT_END_NAMESPACE

#endif
