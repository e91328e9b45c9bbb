// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "cuttingproxy.h"

#include <QtCore/qurl.h>
#include <QtNetwork/qtcpsocket.h>

namespace DesktopTest {

CuttingProxy::CuttingProxy()
{
    connect(&m_server, &QTcpServer::newConnection, this, &CuttingProxy::accept);
}

void CuttingProxy::accept()
{
    const QUrl broker(qEnvironmentVariable("QTAMQP_TEST_URL"));
    QTcpSocket *near = m_server.nextPendingConnection();
    auto *far = new QTcpSocket(near);
    connect(near, &QTcpSocket::readyRead, far, [near, far] { far->write(near->readAll()); });
    connect(far, &QTcpSocket::readyRead, near, [this, near, far] {
        const QByteArray bytes = far->readAll();
        const bool cut = m_left >= 0 && bytes.size() > m_left;
        near->write(cut ? bytes.left(m_left) : bytes);
        if (m_left >= 0)
            m_left -= bytes.size();
        if (!cut)
            return;
        m_left = -1;
        near->flush();
        near->abort();
    });
    connect(near, &QTcpSocket::disconnected, far, &QTcpSocket::abort);
    connect(near, &QTcpSocket::disconnected, near, &QObject::deleteLater);
    connect(far, &QTcpSocket::disconnected, near, &QTcpSocket::disconnectFromHost);
    far->connectToHost(broker.host(), quint16(broker.port()));
}

void CuttingProxy::close()
{
    m_server.close();
    const auto sockets = m_server.findChildren<QTcpSocket *>(Qt::FindDirectChildrenOnly);
    for (QTcpSocket *socket : sockets)
        socket->abort();
}

QString CuttingProxy::url() const
{
    QUrl url(qEnvironmentVariable("QTAMQP_TEST_URL"));
    url.setPort(m_server.serverPort());
    return url.toString();
}

QString CuttingProxy::slowUrl() const
{
    QUrl slow(url());
    slow.setQuery(QStringLiteral("recovery_delay=60"));
    return slow.toString();
}

} // namespace DesktopTest
