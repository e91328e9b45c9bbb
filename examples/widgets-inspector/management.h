// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MANAGEMENT_H
#define INSPECTOR_MANAGEMENT_H

#include <QtAmqp/QAmqpConnection>
#include <QtNetwork/QNetworkAccessManager>

#include <optional>

// Asks RabbitMQ's management plugin which queues there are, since AMQP has no method for that. The plugin
// speaks HTTP on a port of its own.
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

    // The port at which the plugin of an open connection's broker is asked; 0 stands for the usual port.
    void setBroker(const QAmqpConnection &connection, quint16 port);
    void list();

Q_SIGNALS:
    void listed(const QList<Management::Queue> &queues);
    void failed(const QString &text);

private:
    void finish(QNetworkReply *reply);

    QNetworkAccessManager m_network;
    QNetworkRequest m_request;
    QString m_problem; // why the plugin cannot be asked
};

#endif
