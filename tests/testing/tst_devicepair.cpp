// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A client and its broker without a socket.

#include "client.h"

#include "testbroker/devicepair.h"

using namespace Qt::StringLiterals;
using QAmqpTest::waitUntil;
using QtAmqpPrivate::Broker::PairedDevice;

class TestDevicePair : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void carriesAWholeClient_data()
    {
        QTest::addColumn<QAmqpTestBroker::Threading>("threading");
        QTest::newRow("same thread") << QAmqpTestBroker::Threading::SameThread;
        QTest::newRow("own thread") << QAmqpTestBroker::Threading::OwnThread;
    }
    void carriesAWholeClient()
    {
        QFETCH(QAmqpTestBroker::Threading, threading);
        QAmqpTestBroker broker;
        broker.setThreading(threading);
        QVERIFY(!broker.connectDevice());
        QVERIFY(!broker.errorString().isEmpty());
        QVERIFY(broker.start());
        Client client;
        client.connection.setTransport(QAmqpTransport::overDevice(
                [&](const QAmqpEndpoint &) { return broker.connectDevice(); }));
        client.connection.open();
        const QByteArray large(3'000'000, 'x');
        QCOMPARE(client.roundTrip(large), large);
        QSignalSpy closed(&client.connection, &QAmqpConnection::closed);
        client.connection.close();
        QVERIFY(closed.wait());
        QVERIFY(broker.connections().isEmpty());
        client.connection.open(); // on a new pair
        client.channel = client.connection.createChannel();
        QCOMPARE(client.roundTrip(), QByteArray("hello"));
        broker.dropConnections();
        QVERIFY(client.waitForError());
        QCOMPARE(client.connection.lastError().kind(), QAmqpError::Kind::ConnectionLost);
    }

    void saysNothingWhileItIsAtWork()
    {
        const auto pipe = PairedDevice::makePipe();
        PairedDevice a(pipe, 0);
        PairedDevice b(pipe, 1);
        int readable = 0;
        int written = 0;
        bool isEnd = false;
        connect(&b, &QIODevice::readyRead, this, [&] { ++readable; });
        connect(&a, &QIODevice::bytesWritten, this, [&](qint64 bytes) { written += int(bytes); });
        connect(&b, &QIODevice::readChannelFinished, this, [&] { isEnd = true; });
        QCOMPARE(a.write("one"), 3);
        QCOMPARE(a.write("12"), 2);
        QCOMPARE(readable, 0);
        QCOMPARE(a.bytesToWrite(), 5);
        QVERIFY(waitUntil([&] { return readable > 0; }));
        QCOMPARE(readable, 1);
        QCOMPARE(b.read(2), QByteArray("on"));
        QCOMPARE(written, 0);
        QCOMPARE(a.bytesToWrite(), 3);
        QVERIFY(waitUntil([&] { return written > 0; }));
        QCOMPARE(written, 2);
        a.close();
        QVERIFY(!isEnd);
        QCOMPARE(b.write("x"), -1);
        QVERIFY(waitUntil([&] { return isEnd; }));
        QCOMPARE(b.readAll(), QByteArray("e12")); // what was written before is not lost
        QCOMPARE(b.read(1), QByteArray());
        QVERIFY(!b.errorString().isEmpty());
    }

    void anEndMayBeDeletedInItsSlots()
    {
        const auto pipe = PairedDevice::makePipe();
        auto a = std::make_unique<PairedDevice>(pipe, 0);
        a->write("early"); // before the other end is there
        QPointer<PairedDevice> b = new PairedDevice(pipe, 1);
        connect(b.data(), &QIODevice::readyRead, this, [&] { delete b; });
        QVERIFY(waitUntil([&] { return b.isNull(); }));
        QCOMPARE(a->write("late"), -1);
        bool isEnd = false;
        connect(a.get(), &QIODevice::readChannelFinished, this, [&] {
            isEnd = true;
            a.reset();
        });
        QVERIFY(waitUntil([&] { return isEnd; }));
    }
};

QTAMQP_TEST(TestDevicePair)
#include "tst_devicepair.moc"
