// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The broker as the tests of an application use it: from start() to its end, and all that a test can ask of it.

#include "client.h"

#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>

using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;
using Threading = QAmqpTestBroker::Threading;
using QAmqpTest::result;
using QAmqpTest::waitUntil;

class TestTestBroker : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // It ends with the broker that raised it.
    void anAlarmIsNotRemembered()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        broker.block();
        QVERIFY(broker.isBlocked());
        broker.restart();
        QVERIFY(!broker.isBlocked());
        broker.block();
        broker.stop();
        QVERIFY(broker.start());
        QVERIFY(!broker.isBlocked());
        broker.addFault(QAmqpTestFault(QAmqpTestFault::Kind::Block));
        Client client(broker.url());
        QVERIFY(QAmqpTest::waitUntil([&] { return broker.isBlocked(); }));
        broker.clearFaults();
        QVERIFY(!broker.isBlocked());
        QCOMPARE(client.roundTrip(), QByteArray("hello"));
    }

    void aUserThatIsRemovedIsOut()
    {
        QAmqpTestBroker broker;
        broker.addUser(u"till"_s, u"secret"_s);
        broker.setPermissions(u"till"_s, u"/"_s);
        QVERIFY(broker.start());
        Client client;
        client.connection.setOptions(
                QAmqpConnectionOptions::fromUrl(broker.url())
                        .setCredentials(QAmqpCredentials::plain(u"till"_s, u"secret"_s)));
        client.connection.open();
        QVERIFY(client.waitForOpen());
        Client other(broker.url());
        QVERIFY(other.waitForOpen());
        broker.removeUser(u"till"_s);
        QVERIFY(client.waitForError());
        QCOMPARE(client.connection.lastError().replyText(),
                 u"CONNECTION_FORCED - user 'till' was deleted"_s);
        QVERIFY(other.connection.isOpen());
    }

    void servesAClientInThisThreadOrAnother_data()
    {
        QTest::addColumn<Threading>("threading");
        QTest::newRow("same thread") << Threading::SameThread;
        QTest::newRow("own thread") << Threading::OwnThread;
    }
    void servesAClientInThisThreadOrAnother()
    {
        QFETCH(Threading, threading);
        QAmqpTestBroker broker;
        broker.setThreading(threading);
        QVERIFY(broker.url().isEmpty());
        QSignalSpy running(&broker, &QAmqpTestBroker::runningChanged);
        QVERIFY2(broker.start(), qPrintable(broker.errorString()));
        QVERIFY(broker.isRunning() && broker.start());
        Client client(broker.url());
        QCOMPARE(client.roundTrip(), QByteArray("hello"));
        QVERIFY(waitUntil([&] { return broker.counters().acknowledged == 1; }));
        broker.stop();
        broker.stop();
        QCOMPARE(running.count(), 2);
        QVERIFY(!broker.isRunning());
        QVERIFY(client.waitForError());
        QCOMPARE(client.connection.lastError().kind(), Kind::ClosedByBroker);
        QCOMPARE(client.connection.lastError().replyCode(), 320);
    }

    void aBlockingClientNeedsItsThread()
    {
        QAmqpTestBroker broker;
        broker.setThreading(Threading::OwnThread);
        QVERIFY(broker.start());
        QAmqpBlockingConnection connection;
        QVERIFY(connection.open(broker.url()));
        QCOMPARE(broker.connections().size(), 1);
        QVERIFY(connection.close());
    }

    void withItsOwnThreadItMayBeAskedFromAny()
    {
        QAmqpTestBroker broker;
        broker.setThreading(Threading::OwnThread);
        QVERIFY(broker.start());
        Client client(broker.url());
        QVERIFY(result(client.channel->declareQueue(u"q"_s)));
        std::thread other([&] {
            for (int i = 0; i < 100; ++i)
                broker.publish({}, u"q"_s, QByteArray("x"));
        });
        for (int i = 0; i < 100; ++i)
            broker.publish({}, u"q"_s, QByteArray("y"));
        other.join();
        QCOMPARE(broker.queue(u"q"_s)->messages, 200U);
    }

    void manyRunAtOnce()
    {
        std::vector<std::unique_ptr<QAmqpTestBroker>> brokers;
        std::vector<std::unique_ptr<Client>> clients;
        QSet<int> ports;
        for (int i = 0; i < 20; ++i) {
            brokers.push_back(std::make_unique<QAmqpTestBroker>());
            if (i % 5 == 0)
                brokers.back()->setThreading(Threading::OwnThread);
            QVERIFY(brokers.back()->start());
            ports.insert(brokers.back()->url().port());
            clients.push_back(std::make_unique<Client>(brokers.back()->url()));
        }
        QCOMPARE(ports.size(), 20);
        for (size_t i = 0; i < clients.size(); ++i) {
            QCOMPARE(clients[i]->roundTrip(), QByteArray("hello"));
            QCOMPARE(brokers[i]->counters().published, 1U);
        }
    }

    void saysWhyItCannotStart()
    {
        QTcpServer taken;
        QVERIFY(taken.listen(QHostAddress::LocalHost));
        QAmqpTestBroker broker;
        broker.setPort(taken.serverPort());
        QVERIFY(!broker.start());
        QVERIFY(!broker.isRunning());
        QVERIFY2(broker.errorString().contains(QString::number(taken.serverPort())),
                 qPrintable(broker.errorString()));
        broker.setThreading(Threading::OwnThread); // it can be set up again, and started
        broker.setPort(0);
        QVERIFY2(broker.start(), qPrintable(broker.errorString()));
        QVERIFY(broker.errorString().isEmpty());
        broker.stop();
        broker.setSslConfiguration(QSslConfiguration::defaultConfiguration());
        QVERIFY(!broker.start());
        QVERIFY(broker.errorString().contains(u"certificate"_s));
    }

    void listensOnTheLoopbackAddressOfIPv4Only()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        QCOMPARE(broker.url().host(), u"127.0.0.1"_s);
        QTcpSocket socket;
        socket.connectToHost(QHostAddress(QHostAddress::LocalHostIPv6),
                             quint16(broker.url().port()));
        QVERIFY(!socket.waitForConnected(5000));
        socket.connectToHost(QHostAddress(u"127.0.0.2"_s), quint16(broker.url().port()));
        QVERIFY(!socket.waitForConnected(5000));
    }

    void wrongUseIsRefusedWithAWarning()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        const auto warns = [](const char *pattern) {
            QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QString::fromLatin1(pattern)));
        };
        warns("running");
        broker.setThreading(Threading::OwnThread);
        warns("4096");
        broker.setFrameMax(100);
        warns("65535");
        broker.setHeartbeat(std::chrono::seconds(70000));
        warns("no user 'nobody'");
        broker.setPermissions(u"nobody"_s, u"/"_s);
        warns("setPermissions");
        broker.setPermissions(u"guest"_s, u"/"_s, u"("_s);
        QUrl url = broker.url();
        url.setUserName(u"nobody"_s);
        url.setPassword({});
        Client client(url);
        QVERIFY(client.waitForError());
        QCOMPARE(client.connection.lastError().kind(), Kind::AuthenticationFailed);
    }

    void limitsAreNegotiated()
    {
        QAmqpTestBroker broker;
        broker.setFrameMax(8192);
        broker.setChannelMax(7);
        broker.setHeartbeat(std::chrono::seconds(13));
        QVERIFY(broker.start());
        Client client(broker.url());
        QVERIFY(client.waitForOpen());
        QCOMPARE(client.connection.frameMax(), 8192U);
        QCOMPARE(client.connection.channelMax(), quint16(7));
        QCOMPARE(client.connection.heartbeat(), std::chrono::seconds(13));
        QVERIFY(client.connection.serverProperties()
                        .value(u"information"_s)
                        .toString()
                        .contains(u"memory"_s));
    }

    void whatIsDurableOutlivesStopAndStart()
    {
        QAmqpTestBroker broker;
        broker.addVirtualHost(u"shop"_s);
        QVERIFY(broker.start());
        const QUrl url = broker.url(u"shop"_s);
        {
            Client client(url);
            QAmqpMessage kept(QByteArray("kept"));
            kept.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
            QVERIFY(result(client.channel->declareQueue(u"d"_s, QAmqpQueueOptions().setDurable())));
            client.channel->declareQueue(u"t"_s, QAmqpQueueOptions().setDurable(false));
            client.channel->publish({}, u"d"_s, QByteArray("gone"));
            QVERIFY(result(client.channel->publishConfirmed({}, u"d"_s, kept)));
            broker.stop();
            QCOMPARE(broker.url(u"shop"_s), url);
            QVERIFY(client.waitForError());
        }
        Client refused(url);
        QVERIFY(refused.waitForError());
        QCOMPARE(refused.connection.lastError().kind(), Kind::HostUnreachable);

        QVERIFY(broker.start());
        QCOMPARE(broker.url(u"shop"_s), url);
        QVERIFY(!broker.queue(u"t"_s, u"shop"_s));
        Client client(url);
        const auto got = result(client.channel->get(u"d"_s));
        QVERIFY(got && *got);
        QCOMPARE((*got)->body(), QByteArray("kept"));
        QCOMPARE(broker.counters().connections, 2U);
    }

    void maySeeToAnotherThreadBetweenStopAndStart()
    {
        QAmqpTestBroker broker;
        for (const auto threading :
             {Threading::OwnThread, Threading::SameThread, Threading::OwnThread}) {
            broker.setThreading(threading);
            QVERIFY(broker.start());
            Client client(broker.url());
            QCOMPARE(client.roundTrip(), QByteArray("hello"));
            broker.stop();
        }
        QThread thread;
        broker.moveToThread(&thread);
        thread.start();
        bool isStarted = false;
        const auto inThread = [&](auto work) {
            QMetaObject::invokeMethod(&broker, work, Qt::BlockingQueuedConnection);
        };
        broker.setThreading(Threading::SameThread);
        inThread([&] { isStarted = broker.start(); });
        QVERIFY(isStarted);
        QAmqpBlockingConnection connection; // the broker works in the other thread
        QVERIFY(connection.open(broker.url()));
        inThread([&] {
            broker.stop();
            broker.moveToThread(qApp->thread());
        });
        thread.quit();
        QVERIFY(thread.wait());
    }

    void endsInSlots_data()
    {
        QTest::addColumn<bool>("ofClient");
        QTest::addColumn<bool>("isDeleted");
        QTest::newRow("deleted in a client's slot") << true << true;
        QTest::newRow("stopped in a client's slot") << true << false;
        QTest::newRow("deleted in its own signal") << false << true;
        QTest::newRow("stopped in its own signal") << false << false;
    }
    void endsInSlots()
    {
        QFETCH(bool, ofClient);
        QFETCH(bool, isDeleted);
        auto *broker = new QAmqpTestBroker(this);
        QVERIFY(broker->start());
        Client client(broker->url());
        QAmqpQueue *const queue = client.channel->queue(u"q"_s);
        QPointer<QAmqpTestBroker> alive(broker);
        int ends = 0;
        const auto end = [&] {
            ++ends;
            if (isDeleted)
                delete broker;
            else
                broker->stop();
        };
        if (ofClient)
            connect(queue, &QAmqpQueue::messageReceived, this, end);
        else
            connect(broker, &QAmqpTestBroker::published, this, end);
        queue->declare();
        queue->consume();
        queue->publish(QByteArray("1"));
        QVERIFY(waitUntil([&] { return ends > 0; }));
        QVERIFY(client.waitForError());
        QCOMPARE(alive.isNull(), isDeleted);
        delete alive;
    }

    void reportsWhatClientsDo()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        QSignalSpy opened(&broker, &QAmqpTestBroker::connectionOpened);
        QSignalSpy closed(&broker, &QAmqpTestBroker::connectionClosed);
        QSignalSpy published(&broker, &QAmqpTestBroker::published);
        Client client;
        client.connection.setOptions(
                QAmqpConnectionOptions::fromUrl(broker.url()).setConnectionName(u"till 3"_s));
        client.connection.open();
        client.channel->publish(u"amq.topic"_s, u"a.b"_s, QByteArray("x"));
        QVERIFY(published.wait());
        QCOMPARE(published.first().at(0).toString(), u"amq.topic"_s);
        QCOMPARE(published.first().at(1).toString(), u"a.b"_s);
        QCOMPARE(published.first().at(2).value<QAmqpMessage>().body(), QByteArray("x"));
        QCOMPARE(published.first().at(3).toString(), u"/"_s);
        broker.publish(u"amq.topic"_s, u"a.b"_s, QByteArray("not by a client"));
        QCOMPARE(opened.count(), 1);
        QCOMPARE(opened.first().first().value<QAmqpTestBroker::ConnectionInfo>().name, u"till 3"_s);
        broker.dropConnections();
        QVERIFY(closed.wait());
        const auto info = closed.first().first().value<QAmqpTestBroker::ConnectionInfo>();
        QCOMPARE(info.name, u"till 3"_s);
        QCOMPARE(info.user, u"guest"_s);
        QCOMPARE(info.channels, 1);
        QCOMPARE(published.count(), 1);
    }

    void showsWhatThereIs()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        Client client(broker.url());
        QAmqpChannel *const channel = client.channel;
        channel->declareExchange(u"orders"_s, u"topic"_s);
        channel->declareQueue(u"bills"_s, QAmqpQueueOptions().setDurable());
        channel->bindQueue(u"bills"_s, u"orders"_s, u"eu.#"_s);
        QSignalSpy received(channel->consume(u"bills"_s), &QAmqpConsumer::messageReceived);
        QVERIFY(result(channel->publishConfirmed(u"orders"_s, u"eu.fr"_s, QByteArray("1"))));
        QVERIFY(waitUntil([&] { return received.count() == 1; }));

        QCOMPARE(broker.queues().size(), 1);
        const auto queue = broker.queue(u"bills"_s);
        QVERIFY(queue && *queue == broker.queues().first());
        QCOMPARE(queue->unacknowledged, 1U);
        QCOMPARE(queue->messages, 0U);
        QCOMPARE(queue->consumers, 1);
        QVERIFY(queue->durable && !queue->exclusive && !queue->autoDelete);
        const auto exchange = broker.exchange(u"orders"_s);
        QVERIFY(exchange && exchange->type == u"topic" && !exchange->internal);
        QVERIFY(broker.exchanges().contains(*exchange));
        const QAmqpTestBroker::BindingInfo binding{u"orders"_s, u"eu.#"_s, u"bills"_s};
        QCOMPARE(broker.bindings(), {binding});
        QCOMPARE(broker.connections().size(), 1);
        QCOMPARE(broker.connections().first().unacknowledged, 1);
        QCOMPARE(broker.connections().first().consumers, 1);
        QVERIFY(broker.queues(u"nowhere"_s).isEmpty());
        QVERIFY(!broker.queue(u"nothing"_s) && !broker.exchange(u"nothing"_s));

        const auto printed = [](const auto &value) {
            QString text;
            QDebug(&text) << value;
            return text;
        };
        QVERIFY2(printed(*queue).startsWith(u"QueueInfo(\"bills\" durable, messages 0"),
                 qPrintable(printed(*queue)));
        QVERIFY(printed(*exchange).startsWith(u"ExchangeInfo(\"orders\" topic"));
        QVERIFY(printed(binding).startsWith(u"BindingInfo(\"orders\", key \"eu.#\", to queue"));
        QVERIFY(printed(broker.connections().first()).contains(u"user \"guest\""));
        QVERIFY(printed(broker.counters()).contains(u"delivered 1"));
    }

    void publishesAndTakesItself()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        Client client(broker.url());
        QVERIFY(result(client.channel->declareQueue(u"q"_s)));
        QVERIFY(broker.publish({}, u"q"_s, QByteArray("1")));
        QVERIFY(!broker.publish({}, u"nothing"_s, QByteArray("1")));
        QVERIFY(!broker.publish(u"nothing"_s, {}, QByteArray("1")));
        QVERIFY(!broker.publish({}, u"q"_s, QByteArray("1"), u"nowhere"_s));
        QVERIFY(!broker.publish(u"amq.fanout"_s, QString(300, u'x'), QByteArray("1")));
        QCOMPARE(broker.take(u"q"_s)->body(), QByteArray("1"));
        QVERIFY(!broker.take(u"q"_s));
        QVERIFY(!broker.take(u"nothing"_s));
        QCOMPARE(broker.counters().published, 0U);
    }

    void usersMayDoWhatTheyArePermitted()
    {
        QAmqpTestBroker broker;
        broker.addUser(u"reader"_s, u"secret"_s);
        broker.addVirtualHost(u"shop"_s);
        QVERIFY(broker.start());
        QUrl url = broker.url(u"shop"_s);
        Client guest(url);
        QVERIFY(result(guest.channel->declareQueue(u"news"_s)));
        url.setUserName(u"reader"_s);
        url.setPassword(u"secret"_s);
        {
            Client none(url);
            QVERIFY(none.waitForError());
            QCOMPARE(none.connection.lastError().replyCode(), 530);
        }
        broker.setPermissions(u"reader"_s, u"shop"_s, {}, {}, u"^news$"_s);
        Client reader(url);
        QVERIFY(result(reader.channel->get(u"news"_s)));
        const auto refused = result(reader.channel->declareQueue(u"mine"_s));
        QCOMPARE(refused.error().kind(), Kind::AccessRefused);
    }

    void raisesAnAlarm()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        Client client(broker.url());
        QVERIFY(client.waitForOpen());
        broker.block(u"the disk is full"_s);
        const auto published = client.channel->publishConfirmed({}, u"q"_s, QByteArray("1"));
        QVERIFY(waitUntil([&] { return client.connection.isBlocked(); }));
        QCOMPARE(client.connection.blockedReason(), u"the disk is full"_s);
        broker.unblock();
        QVERIFY(result(published));
        QVERIFY(!client.connection.isBlocked());
    }

    void cancelsConsumers()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        Client client(broker.url());
        QVERIFY(result(client.channel->declareQueue(u"q"_s)));
        QAmqpConsumer *const consumer = client.channel->consume(u"q"_s);
        QVERIFY(waitUntil([&] { return consumer->isActive(); }));
        QSignalSpy cancelled(consumer, &QAmqpConsumer::cancelled);
        QCOMPARE(broker.cancelConsumers(u"q"_s), 1);
        QCOMPARE(broker.cancelConsumers(u"nothing"_s), 0);
        QVERIFY(waitUntil([&] { return cancelled.count() == 1; }));
        QCOMPARE(broker.queue(u"q"_s)->consumers, 0);
    }

    void endsConnections_data()
    {
        using End = std::function<void(QAmqpTestBroker &)>;
        QTest::addColumn<End>("end");
        QTest::addColumn<Kind>("kind");
        QTest::addColumn<QString>("text");
        QTest::newRow("closed") << End(
                [](auto &broker) { broker.closeConnections(541, u"no luck"_s); })
                                << Kind::ClosedByBroker << u"INTERNAL_ERROR - no luck"_s;
        QTest::newRow("dropped") << End([](auto &broker) { broker.dropConnections(); })
                                 << Kind::ConnectionLost << QString();
        QTest::newRow("killed") << End([](auto &broker) { broker.restart(); })
                                << Kind::ConnectionLost << QString();
        QTest::newRow("restarted")
                << End([](auto &broker) { broker.restart(QAmqpTestBroker::Shutdown::Orderly); })
                << Kind::ClosedByBroker << u"CONNECTION_FORCED"_s;
    }
    void endsConnections()
    {
        QFETCH(std::function<void(QAmqpTestBroker &)>, end);
        QFETCH(Kind, kind);
        QFETCH(QString, text);
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        Client client(broker.url());
        QVERIFY(client.waitForOpen());
        end(broker);
        QVERIFY(client.waitForError());
        QCOMPARE(client.connection.lastError().kind(), kind);
        QVERIFY2(client.connection.lastError().text().contains(text),
                 qPrintable(client.connection.lastError().text()));
        Client again(broker.url());
        QCOMPARE(again.roundTrip(), QByteArray("hello"));
        QVERIFY(waitUntil([&] { return broker.connections().size() == 1; }));
    }
};

QTAMQP_TEST(TestTestBroker)
#include "tst_testbroker.moc"
