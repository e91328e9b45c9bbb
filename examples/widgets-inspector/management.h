// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MANAGEMENT_H
#define INSPECTOR_MANAGEMENT_H

#include <QtAmqp/QAmqpConnection>
#include <QtNetwork/QNetworkAccessManager>
#include <QtNetwork/QNetworkRequest>
#include <QtNetwork/QSslConfiguration>

#include <optional>

// Asks RabbitMQ's management plugin which queues and exchanges there are, since AMQP has no method for that. The
// plugin speaks HTTP on a port of its own.
class Management : public QObject
{
    Q_OBJECT
public:
    struct Queue
    {
        QString name;
        qint64 ready = 0;
        qint64 unacknowledged = 0;
        double in = 0; // messages per second that are published to it
        double out = 0; // and that are delivered from it
    };
    struct Exchange
    {
        QString name;
        QString type;
        double in = 0;
        double out = 0; // into queues and other exchanges
    };

    explicit Management(QObject *parent = nullptr);

    // The port at which the plugin of an open connection's broker is asked; 0 stands for the usual port.
    void setBroker(const QAmqpConnection &connection, quint16 port);
    void list();

Q_SIGNALS:
    void listed(const QList<Management::Queue> &queues);
    void exchangesListed(const QList<Management::Exchange> &exchanges);
    void failed(const QString &text);

private:
    QNetworkRequest requestFor(const QString &kind, const QString &columns) const;
    void get(const QNetworkRequest &request);
    void finish(QNetworkReply *reply);

    QNetworkAccessManager m_network;
    QNetworkRequest m_queues;
    QNetworkRequest m_exchanges;
    QUrl m_url; // without the path
    QString m_virtualHost; // as in a path
    QByteArray m_authorization;
    QSslConfiguration m_tls;
    QString m_peerVerifyName;
    QString m_problem; // why the plugin cannot be asked
};

#endif
