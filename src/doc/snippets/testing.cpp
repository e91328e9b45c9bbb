// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a test of an application does (\snippet). The tests compile it.

#include <QtAmqpTest/QtAmqpTest>

#include <QtAmqp/QtAmqp>
#include <QtTest/qsignalspy.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void orderIsTaken(QAmqpChannel *channel)
{
    //! [result]
    const auto declared = QAmqpTest::result(channel->declareQueue(u"orders"_s));
    QVERIFY2(declared, qPrintable(declared.error().text()));
    QCOMPARE(declared->messageCount, 0U);

    const auto missing = QAmqpTest::result(channel->purgeQueue(u"nowhere"_s));
    QCOMPARE(missing.error().kind(), QAmqpError::NotFound);
    //! [result]
}

void orderIsAcknowledged(QAmqpTestBroker &broker)
{
    //! [inspection]
    broker.publish(u"shop"_s, u"order.new"_s, QByteArray("3 apples"));
    QVERIFY(QAmqpTest::waitUntil([&] { return broker.counters().acknowledged == 1; }));
    QCOMPARE(broker.queue(u"orders"_s)->messages, 0U);
    QCOMPARE(broker.queue(u"orders"_s)->consumers, 1);
    QVERIFY(broker.exchange(u"shop"_s)->durable);
    QCOMPARE(broker.take(u"bills"_s)->text(), u"Bill: 3 apples"_s);
    //! [inspection]
}

void priceIsPublished(QAmqpTestBroker &broker)
{
    //! [published]
    QSignalSpy published(&broker, &QAmqpTestBroker::published);
    // The application does something that makes it publish.
    QVERIFY(published.wait());
    QCOMPARE(published.first().at(0).toString(), u"prices"_s); // the exchange
    QCOMPARE(published.first().at(1).toString(), u"apple.red"_s); // the routing key
    QCOMPARE(published.first().at(2).value<QAmqpMessage>().text(), u"0.40"_s);
    //! [published]
}

void orderIsWaitedFor(QAmqpTestBroker &broker)
{
    //! [wait]
    QVERIFY(QAmqpTest::waitUntil([&] { return broker.counters().acknowledged == 1; }));
    //! [wait]
}

void linkIsCut(QAmqpTestBroker &broker)
{
    //! [fifth]
    broker.addFault(QAmqpTestFault(QAmqpTestFault::Drop).atPublish(5).setConnection(1));
    //! [fifth]
}

void orderIsNotLost(QAmqpTestBroker &broker)
{
    //! [faults]
    // The link is cut when the broker has the first bill, before it confirms that.
    broker.addFault(QAmqpTestFault(QAmqpTestFault::Drop).atPublish(1));
    broker.publish({}, u"orders"_s, QByteArray("3 apples"));
    QVERIFY(QAmqpTest::waitUntil([&] { return broker.connections().isEmpty(); }));
    QCOMPARE(broker.queue(u"orders"_s)->messages, 1U); // it was not acknowledged
    //! [faults]
}

void withoutSockets(QAmqpTestBroker &broker, QAmqpConnection &connection)
{
    //! [device]
    connection.setTransport(QAmqpTransport::overDevice(
            [&](const QAmqpEndpoint &) { return broker.connectDevice(); }));
    //! [device]
}

void encrypted(QAmqpTestBroker &broker, QSslConfiguration configuration)
{
    //! [tls]
    configuration.setPeerVerifyMode(QSslSocket::VerifyPeer); // clients need a certificate
    broker.setSslConfiguration(configuration);
    broker.addUser(u"till-3"_s); // the common name in the client's certificate
    broker.setPermissions(u"till-3"_s, u"/"_s);
    QVERIFY2(broker.start(), qPrintable(broker.errorString()));
    QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(broker.tlsUrl())
                                       .setCredentials(QAmqpCredentials::external()));
    //! [tls]
}

void blocking()
{
    //! [blocking]
    QAmqpTestBroker broker;
    broker.setThreading(QAmqpTestBroker::OwnThread);
    QVERIFY(broker.start());
    QAmqpBlockingConnection connection;
    QVERIFY(connection.open(broker.url()));
    //! [blocking]
}
