// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What all transports share: that of the example loop-poll, and those on Qt's own loop.

#include "blocking/threadedbroker.h"
#include "polltransport.h" // the example loop-poll
#include "testmain.h"

#include <QtAmqp/QtAmqp>
#include <QtCore/qdeadlinetimer.h>
#include <QtNetwork/qtcpsocket.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

class TestAdapters : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whoDoesNotReadSleeps_data()
    {
        QTest::addColumn<QString>("way");
        QTest::addRow("poll") << u"poll"_s;
        QTest::addRow("socket") << u"socket"_s;
        QTest::addRow("device") << u"device"_s;
    }

    // Bytes that nobody has room for must not wake the loop again and again.
    void whoDoesNotReadSleeps()
    {
        QFETCH(const QString, way);
        ThreadedBroker broker(1); // heartbeats end each wait
        QAmqpConnection connection(broker.options());
        std::function<bool()> runOnce = [] {
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
            return true;
        };
        if (way == "poll"_L1) {
            auto transport = std::make_unique<PollTransport>();
            runOnce = [poll = transport.get()] { return poll->runOnce(); };
            QVERIFY(connection.setTransport(std::move(transport)));
        } else if (way == "device"_L1) {
            const auto makeDevice = [](const QAmqpEndpoint &endpoint) {
                auto socket = std::make_unique<QTcpSocket>();
                socket->connectToHost(endpoint.hostName, endpoint.port);
                return socket;
            };
            QVERIFY(connection.setTransport(QAmqpTransport::overDevice(makeDevice)));
        }
        QAmqpQueue *queue = connection.createChannel()->queue(u"q"_s);
        QByteArrayList received;
        connect(queue, &QAmqpQueue::messageReceived, this,
                [&](const QAmqpDelivery &delivery) { received += delivery.body(); });
        const QAmqpConsumer *consumer = queue->consume();
        connection.open();
        const QDeadlineTimer limit(20'000);
        while (consumer->state() != QAmqpConsumer::State::Active && !limit.hasExpired())
            QVERIFY(runOnce());
        connection.setReading(false);
        queue->publish("m"_ba);
        int rounds = 0;
        for (const QDeadlineTimer silence(1500); !silence.hasExpired(); ++rounds)
            QVERIFY(runOnce());
        QVERIFY2(rounds < 50, qPrintable(QString::number(rounds)));
        QVERIFY(received.isEmpty());
        connection.setReading(true);
        while (received.isEmpty() && !limit.hasExpired())
            QVERIFY(runOnce());
        QCOMPARE(received, QByteArrayList{"m"_ba});
    }
};

QTAMQP_TEST(TestAdapters)
#include "tst_adapters.moc"
