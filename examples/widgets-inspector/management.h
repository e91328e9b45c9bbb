// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MANAGEMENT_H
#define INSPECTOR_MANAGEMENT_H

#include <QtAmqp/QAmqpConnection>
#include <QtNetwork/QNetworkAccessManager>

#include <optional>

// Asks RabbitMQ's management plugin, which speaks HTTP on a port of its own, which queues there are: AMQP
// has no question for that.
class Management : public QObject
{
    Q_OBJECT
public:
    struct Queue
    {
        QString name;
        qint64 ready = 0;
        qint64 unacknowledged = 0;
    };

    explicit Management(QObject *parent = nullptr);

    // Where the broker of an open connection is asked; 0 is the standard port.
    void setBroker(const QAmqpConnection &connection, quint16 port);
    void list();

Q_SIGNALS:
    void listed(const QList<Management::Queue> &queues);
    void failed(const QString &text);

private:
    void finish(QNetworkReply *reply);

    QNetworkAccessManager m_network;
    QNetworkRequest m_request;
    QString m_problem; // why it cannot be asked
};

#endif
