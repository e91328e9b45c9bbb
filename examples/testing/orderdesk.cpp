// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "orderdesk.h"

OrderDesk::OrderDesk(const QUrl &broker)
{
    QAmqpQueue *const orders = m_channel->queue(QStringLiteral("orders"));
    connect(orders, &QAmqpQueue::messageReceived, this, &OrderDesk::bill);
    orders->declare();
    m_channel->queue(QStringLiteral("bills"))->declare();
    orders->consume();
    m_connection.open(broker);
}

void OrderDesk::bill(const QAmqpDelivery &order)
{
    const QByteArray bill = "Bill: " + order.body();
    m_channel->queue(QStringLiteral("bills"))->publishConfirmed(bill).then(this, [order](quint64) {
        order.ack();
    });
}
