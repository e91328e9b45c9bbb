// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CUTTINGPROXY_H
#define QTAMQP_TESTS_CUTTINGPROXY_H

#include <QtNetwork/qtcpserver.h>

namespace DesktopTest {

// Stands between a program and the broker of QTAMQP_TEST_URL, and cuts the link when told to.
class CuttingProxy : public QObject
{
    Q_OBJECT
public:
    CuttingProxy();

    bool listen(quint16 port = 0) { return m_server.listen(QHostAddress::LocalHost, port); }
    void close();
    QString url() const;
    // With a long wait before a connection that is cut is made again.
    QString slowUrl() const;
    // After that many more bytes from the broker the link is gone.
    void cutAfter(qint64 bytes) { m_left = bytes; }

private:
    void accept();

    QTcpServer m_server;
    qint64 m_left = -1; // without a limit
};

} // namespace DesktopTest

#endif
