// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a connection on Qt's event loop does where there is none: not yet, or not any more.

#include "connectiontest.h"
#include "scripted/ports.h"

#include <QtCore/qthread.h>

#include <thread>

using State = QAmqpConnection::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestEventLoop : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void openWithoutALoopIsRefusedAtOnce_data();
    void openWithoutALoopIsRefusedAtOnce();
    void theRefusalIsToldByALaterLoop();
    void aTransportOfOnesOwnNeedsNone();
    void aConnectionMayBeDeletedAfterItsThread_data();
    void aConnectionMayBeDeletedAfterItsThread();

private:
    static void expectWarning()
    {
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(u"needs an event loop in its thread"_s));
    }
};

void TestEventLoop::openWithoutALoopIsRefusedAtOnce_data()
{
    QTest::addColumn<bool>("device");
    QTest::newRow("sockets") << false;
    QTest::newRow("a device") << true;
}

void TestEventLoop::openWithoutALoopIsRefusedAtOnce()
{
    QFETCH(bool, device);
    expectWarning();
    QAmqpError error;
    std::thread([&] {
        QAmqpConnection connection(localPort(1));
        if (device)
            connection.setTransport(QAmqpTransport::overDevice(
                    [](const QAmqpEndpoint &) { return std::make_unique<QTcpSocket>(); }));
        connection.open();
        error = connection.lastError();
    }).join();
    QCOMPARE(error.kind(), Kind::InvalidArgument);
    QCOMPARE(error.origin(), QAmqpError::Origin::Application);
    QVERIFY2(error.text().contains(u"QCoreApplication") && error.text().contains(u"QThread"),
             qPrintable(error.text()));
}

void TestEventLoop::theRefusalIsToldByALaterLoop()
{
    expectWarning();
    QStringList lines;
    QAmqpError error;
    std::thread([&] {
        QAmqpConnection connection(localPort(1));
        const QFuture<QAmqpQueueInfo> declared = connection.createChannel()->declareQueue(u"q"_s);
        SignalLog log;
        log.watch(&connection);
        connection.open();
        QEventLoop loop;
        QObject::connect(&connection, &QAmqpConnection::closed, &loop, &QEventLoop::quit);
        loop.exec();
        lines = log.lines;
        error = errorOf(declared).cause();
    }).join();
    QCOMPARE(lines, QStringList({u"connection.error InvalidArgument"_s, u"connection.closed"_s}));
    QCOMPARE(error.kind(), Kind::InvalidArgument);
}

void TestEventLoop::aTransportOfOnesOwnNeedsNone()
{
    State state = State::Closed;
    QAmqpError error;
    std::thread([&] {
        QAmqpConnection connection(localPort(1));
        connection.setTransport(std::make_unique<DeadTransport>());
        connection.open();
        state = connection.state();
        error = connection.lastError();
        connection.abort();
    }).join();
    QCOMPARE(state, State::Connecting);
    QVERIFY(!error);
}

void TestEventLoop::aConnectionMayBeDeletedAfterItsThread_data()
{
    QTest::addColumn<QString>("host");
    QTest::addColumn<State>("state");
    QTest::addColumn<bool>("device");
    QTest::newRow("open") << u"127.0.0.1"_s << State::Open << false;
    QTest::newRow("a device, open") << u"127.0.0.1"_s << State::Open << true;
    QTest::newRow("connecting") << QString() << State::Connecting << false;
    QTest::newRow("resolving") << u"nobody.invalid"_s << State::Connecting << false;
}

// Qt warns of much that is done to objects of another thread.
void TestEventLoop::aConnectionMayBeDeletedAfterItsThread()
{
    QFETCH(QString, host);
    QFETCH(State, state);
    QFETCH(bool, device);
    QTest::failOnWarning(QRegularExpression(u"."_s));
    ScriptedServer server(state == State::Open ? Script().handshake({0, 0, 60}).ignoreRest()
                                               : Script());
    const FullPort silent;
    const bool toSilence = host.isEmpty();
    auto connection = std::make_unique<QAmqpConnection>(
            localPort(toSilence ? silent.port() : server.port())
                    .setHostName(toSilence ? u"127.0.0.1"_s : host));
    if (device)
        connection->setTransport(QAmqpTransport::overDevice([](const QAmqpEndpoint &to) {
            auto socket = std::make_unique<QTcpSocket>();
            socket->connectToHost(to.hostName, to.port);
            return socket;
        }));
    std::atomic<bool> there = false;
    connect(connection.get(), &QAmqpConnection::stateChanged, connection.get(),
            [&](State now) { there = there || now == state; });
    connect(connection.get(), &QAmqpConnection::errorOccurred, connection.get(), [] {});
    QThread thread;
    connect(&thread, &QThread::started, connection.get(), qOverload<>(&QAmqpConnection::open));
    connection->moveToThread(&thread);
    thread.start();
    TRY(there.load(), server);
    thread.quit();
    QVERIFY(thread.wait(Patience));
    connection.reset();
}

QTAMQP_TEST(TestEventLoop)
#include "tst_eventloop.moc"
