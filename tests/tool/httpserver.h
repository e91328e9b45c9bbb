// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_HTTPSERVER_H
#define QTAMQP_TESTS_HTTPSERVER_H

// Answers each HTTP request with the same bytes, as a management plugin or as something else that is at its port.

#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>

namespace ToolTest {

class HttpServer
{
public:
    HttpServer()
    {
        m_server.listen(QHostAddress::LocalHost);
        QObject::connect(&m_server, &QTcpServer::newConnection, &m_server, [this] {
            QTcpSocket *client = m_server.nextPendingConnection();
            QObject::connect(client, &QTcpSocket::readyRead, client, [this, client] {
                m_asked += client->readAll();
                if (!m_asked.endsWith("\r\n\r\n") || m_answer.isEmpty())
                    return;
                client->write(m_answer);
                client->disconnectFromHost();
            });
        });
    }

    QString url(const QString &user = QString()) const
    {
        return QStringLiteral("http://") + user + QStringLiteral("127.0.0.1:")
                + QString::number(m_server.serverPort());
    }
    // Without an answer it stays silent.
    void setAnswer(const QByteArray &body, const QByteArray &status = "200 OK",
                   const QByteArray &header = QByteArray())
    {
        m_asked.clear();
        m_answer = "HTTP/1.1 " + status + "\r\n" + header
                + "Content-Length: " + QByteArray::number(body.size()) + "\r\n\r\n" + body;
    }
    void setRawAnswer(const QByteArray &bytes)
    {
        m_asked.clear();
        m_answer = bytes;
    }
    const QByteArray &asked() const { return m_asked; }

private:
    QTcpServer m_server;
    QByteArray m_answer;
    QByteArray m_asked;
};

} // namespace ToolTest

#endif
