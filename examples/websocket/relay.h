// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef RELAY_H
#define RELAY_H

// Relays each WebSocket to a TCP connection of its own, as a proxy in front of the broker would.

#include "websocketdevice.h"

#include <QtNetwork/QTcpSocket>
#include <QtWebSockets/QWebSocketServer>

class Relay : public QObject
{
    Q_OBJECT
public:
    Relay(const QString &host, quint16 port)
        : m_server(QStringLiteral("relay"), QWebSocketServer::NonSecureMode)
    {
        connect(&m_server, &QWebSocketServer::newConnection, this, [this, host, port] {
            auto *outside = new WebSocketDevice(
                    std::unique_ptr<QWebSocket>(m_server.nextPendingConnection()));
            auto *inside = new QTcpSocket(outside);
            outside->setParent(this);
            connect(outside, &QIODevice::readyRead, inside,
                    [=] { inside->write(outside->readAll()); });
            connect(inside, &QIODevice::readyRead, outside,
                    [=] { outside->write(inside->readAll()); });
            connect(outside, &WebSocketDevice::disconnected, outside, &QObject::deleteLater);
            connect(inside, &QTcpSocket::disconnected, outside, &WebSocketDevice::close);
            connect(inside, &QTcpSocket::errorOccurred, outside, &WebSocketDevice::close);
            inside->connectToHost(host, port); // the socket keeps what is written until then
        });
        m_server.listen(QHostAddress::LocalHost);
    }
    QUrl url() const { return m_server.serverUrl(); }
    void dropAll() { qDeleteAll(findChildren<WebSocketDevice *>(Qt::FindDirectChildrenOnly)); }

private:
    QWebSocketServer m_server;
};

#endif
