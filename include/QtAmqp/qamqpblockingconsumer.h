// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPBLOCKINGCONSUMER_H
#define QAMQPBLOCKINGCONSUMER_H

#include <QtAmqp/qamqpdelivery.h>
#include <QtAmqp/qamqpresult.h>

#include <chrono>
#include <iterator>
#include <memory>

QT_BEGIN_NAMESPACE

class QAmqpBlockingConsumerPrivate;

class Q_AMQP_EXPORT QAmqpBlockingConsumer
{
public:
    class Q_AMQP_EXPORT const_iterator
    {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = QAmqpDelivery;
        using difference_type = std::ptrdiff_t;
        using pointer = const QAmqpDelivery *;
        using reference = const QAmqpDelivery &;

        reference operator*() const { return m_delivery; }
        pointer operator->() const { return &m_delivery; }
        const_iterator &operator++();
        friend bool operator==(const const_iterator &a, const const_iterator &b)
        {
            return a.m_consumer == b.m_consumer;
        }
        friend bool operator!=(const const_iterator &a, const const_iterator &b)
        {
            return !(a == b);
        }

    private:
        friend class QAmqpBlockingConsumer;
        std::shared_ptr<QAmqpBlockingConsumerPrivate> m_consumer; // null at the end
        std::chrono::milliseconds m_inactivityTimeout = {};
        QAmqpDelivery m_delivery;
    };

    const_iterator begin() const;
    const_iterator end() const;
    QAmqpResult<QAmqpDelivery> next() const;
    QAmqpResult<QAmqpDelivery> next(std::chrono::milliseconds inactivityTimeout) const;

    QString consumerTag() const;
    bool isActive() const;
    QAmqpError error() const;
    int waitingMessages() const;
    QAmqpResult<int> cancel() const;

    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpBlockingConsumer &consumer);

private:
    friend class QAmqpBlockingChannelPrivate;
    QAmqpBlockingConsumer(std::shared_ptr<QAmqpBlockingConsumerPrivate> dd,
                          std::chrono::milliseconds inactivityTimeout);
    std::shared_ptr<QAmqpBlockingConsumerPrivate> d;
    std::chrono::milliseconds m_inactivityTimeout;
};

QT_END_NAMESPACE

#endif
