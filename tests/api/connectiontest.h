// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CONNECTIONTEST_H
#define QTAMQP_TESTS_CONNECTIONTEST_H

#include "apitest.h"

#include <QtAmqp/qamqptransport.h>
#include <QtCore/qmetaobject.h>
#include <QtNetwork/qtcpserver.h>

namespace QtAmqpTest {

// Counts every signal of the objects it is given.
class SignalCounter : public QObject
{
    Q_OBJECT
public:
    void watch(QObject *object)
    {
        const QMetaMethod slot = metaObject()->method(metaObject()->indexOfSlot("count()"));
        for (int i = QObject::staticMetaObject.methodCount();
             i < object->metaObject()->methodCount(); ++i) {
            const QMetaMethod method = object->metaObject()->method(i);
            if (method.methodType() == QMetaMethod::Signal)
                connect(object, method, this, slot);
        }
    }
    int counted = 0;
public Q_SLOTS:
    void count() { ++counted; }
};

// A server that is no broker: says what it is told to, at once or when it is spoken to.
class OtherServer
{
public:
    explicit OtherServer(const QByteArray &answer, bool drop = false)
    {
        QObject::connect(&m_server, &QTcpServer::newConnection, &m_server, [this, answer, drop] {
            QTcpSocket *socket = m_server.nextPendingConnection();
            QObject::connect(socket, &QTcpSocket::readyRead, socket, [socket, answer, drop] {
                socket->readAll();
                socket->write(answer);
                if (drop)
                    socket->disconnectFromHost();
            });
        });
        m_server.listen(QHostAddress::LocalHost);
    }
    quint16 port() const { return m_server.serverPort(); }

private:
    QTcpServer m_server;
};

inline QAmqpConnectionOptions localPort(quint16 port)
{
    return QAmqpConnectionOptions().setHostName(u"127.0.0.1"_s).setPort(port);
}

// Does nothing at all.
class DeadTransport : public QAmqpTransport
{
public:
    void open(const QAmqpEndpoint &) override { }
    void write(const QByteArray &) override { }
    qint64 bytesToWrite() const override { return 0; }
    void close() override { }
    void abort() override { }
    void setDeadline(std::optional<TimePoint>) override { }
    void requestTurn() override { }
};

} // namespace QtAmqpTest

#endif
