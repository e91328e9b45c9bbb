// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What somebody writes who has read the first page of the documentation alone: the obvious line compiles and
// works, in each style with the same words.

#include "await.h"
#include "testmain.h"

#include <QtAmqp/QtAmqp>
#include <QtAmqpTest/qamqptestbroker.h>
#include <QtTest/qsignalspy.h>
#include <QtTest/qtest.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

class TestGuesses : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void withSignals()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        QAmqpConnection connection(broker.url());
        QAmqpChannel *channel = connection.createChannel();
        QAmqpExchange *logs = channel->exchange(u"logs"_s);
        QAmqpQueue *queue = channel->queue(u"errors"_s);
        QStringList texts;
        connect(queue, &QAmqpQueue::messageReceived, this, [&](const QAmqpDelivery &delivery) {
            texts += delivery.text() + delivery.header(u"host"_s).toString();
            delivery.ack();
        });
        connection.open();
        logs->declare(QAmqpExchange::Topic);
        queue->declare();
        queue->bind(logs, u"*.error"_s);
        queue->consume();
        QAmqpMessage message("first");
        message.setDeliveryMode(QAmqpMessage::Persistent);
        message.setHeader(u"host"_s, u" of one"_s);
        logs->publish(u"disk.error"_s, message);
        logs->publish(u"disk.error"_s, "second");
        queue->publish(u"third"_s);
        QTRY_COMPARE(texts, QStringList({u"first of one"_s, u"second"_s, u"third"_s}));
        QCOMPARE(connection.state(), QAmqpConnection::Open);

        QCOMPARE(await(queue->unbind(logs, u"*.error"_s)), QAmqpError());
    }

    void handlesOfNothing()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        QAmqpConnection connection(broker.url());
        QAmqpChannel *channel = connection.createChannel();
        connection.open();
        const QAmqpExchange *none = nullptr;
        QCOMPARE(await(channel->queue(u"q"_s)->bind(none)).kind(), QAmqpError::InvalidArgument);
        QCOMPARE(await(channel->queue(u"q"_s)->unbind(none)).kind(), QAmqpError::InvalidArgument);
        QCOMPARE(await(channel->exchange(u"e"_s)->bind(none)).kind(), QAmqpError::InvalidArgument);
        QCOMPARE(await(channel->exchange(u"e"_s)->unbind(none)).kind(),
                 QAmqpError::InvalidArgument);
        QTRY_VERIFY(channel->isOpen());
    }

    void exchangesOfExchanges()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        QAmqpConnection connection(broker.url());
        QAmqpChannel *channel = connection.createChannel();
        QAmqpExchange *all = channel->exchange(u"all"_s);
        QAmqpExchange *errors = channel->exchange(u"errors"_s);
        connection.open();
        channel->declareExchange(u"all"_s, QAmqpExchange::Topic);
        errors->declare(QAmqpExchange::Fanout);
        errors->bind(all, u"#.error"_s);
        channel->queue(u"q"_s)->declare();
        channel->queue(u"q"_s)->bind(errors);
        QCOMPARE(await(all->publishConfirmed(u"a.error"_s, "taken")), QAmqpError());
        QCOMPARE(int(broker.queue(u"q"_s)->messages), 1);
        errors->unbind(all, u"#.error"_s);
        QCOMPARE(await(all->publishConfirmed(u"a.error"_s, "dropped")), QAmqpError());
        QCOMPARE(int(broker.queue(u"q"_s)->messages), 1);
    }

    void callsByTheNameOfAQueue()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        QAmqpConnection connection(broker.url());
        QAmqpChannel *channel = connection.createChannel();
        connection.open();
        channel->queue(u"upper"_s)->declare();
        QAmqpRpcServer server(channel, u"upper"_s);
        server.setHandler([](const QAmqpDelivery &request) { return request.text().toUpper(); });
        QVERIFY(server.start());
        QAmqpRpcClient client(channel);
        const QFuture<QAmqpMessage> reply = client.call(u"upper"_s, "hello");
        QCOMPARE(await(reply), QAmqpError());
        QCOMPARE(reply.result().text(), u"HELLO"_s);
    }

    void withCallsThatWait()
    {
        QAmqpTestBroker broker;
        broker.setThreading(QAmqpTestBroker::OwnThread);
        QVERIFY(broker.start());
        QAmqpBlockingConnection connection(broker.url());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        QVERIFY(channel.declareExchange(u"logs"_s, QAmqpExchange::Topic));
        QVERIFY(channel.declareQueue(u"errors"_s));
        QVERIFY(channel.bindQueue(u"errors"_s, u"logs"_s, u"#.error"_s));
        QVERIFY(channel.publish(u"logs"_s, u"disk.error"_s, "full"));
        for (const QAmqpDelivery &delivery : channel.consume(u"errors"_s)) {
            QCOMPARE(delivery.text(), u"full"_s);
            delivery.ack();
            break;
        }
        QT_WARNING_PUSH
        QT_WARNING_DISABLE_DEPRECATED
        QVERIFY(connection.channel().value().isOpen()); // the name in versions before 1.0
        QT_WARNING_POP
    }

    void version()
    {
        static_assert(QTAMQP_VERSION >= QTAMQP_VERSION_CHECK(1, 0, 0));
        static_assert(QTAMQP_VERSION < QTAMQP_VERSION_CHECK(255, 0, 0));
        QCOMPARE(QLatin1StringView(qtAmqpVersion()),
                 u"%1.%2.%3"_s.arg(QTAMQP_VERSION_MAJOR)
                         .arg(QTAMQP_VERSION_MINOR)
                         .arg(QTAMQP_VERSION_PATCH));
        QCOMPARE(qtAmqpVersion(), QTAMQP_VERSION_STR);
    }
};

QTAMQP_TEST(TestGuesses)
#include "tst_guesses.moc"
