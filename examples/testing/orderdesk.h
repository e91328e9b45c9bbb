// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef ORDERDESK_H
#define ORDERDESK_H

#include <QtAmqp/QtAmqp>

// Takes orders from one queue and writes a bill to another. An order is acknowledged once its bill is certain.
class OrderDesk : public QObject
{
    Q_OBJECT
public:
    explicit OrderDesk(const QUrl &broker);

private:
    void bill(const QAmqpDelivery &order);

    QAmqpConnection m_connection;
    QAmqpChannel *const m_channel = m_connection.createChannel();
};

#endif
