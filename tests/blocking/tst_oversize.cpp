// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Messages that are larger than the connection takes: where a blocking program hears of them.

#include "blockingtest.h"
#include "everycall.h"
#include "threadedbroker.h"

using namespace QtAmqpTest;

class TestOversize : public QObject
{
    Q_OBJECT

private:
    struct Session
    {
        Session()
            : connection(broker.options().setMaxMessageSize(1000))
            , channel(connection.createChannel().value())
        {
        }
        void publish(const QByteArray &body) { OK(channel.publish({}, queue, body)); }

        ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        QAmqpBlockingChannel channel;
    };
    static inline const QByteArray large = QByteArray(1001, 'x');

private Q_SLOTS:
    void inARangeNextFailsInItsPlace()
    {
        Session s;
        const QAmqpBlockingConsumer range = s.channel.consume(queue);
        for (const QByteArray &body : {"1"_ba, large, "3"_ba})
            s.publish(body);
        QCOMPARE(range.next(20s)->body(), "1");
        const auto second = range.next(20s);
        QCOMPARE(second.error().kind(), Kind::LimitExceeded);
        QCOMPARE(second.error().scope(), QAmqpError::Scope::Operation);
        QVERIFY(range.isActive() && !range.error());
        QCOMPARE(range.next(20s)->body(), "3");
        // What was rejected does not go back.
        s.publish(large);
        s.publish("5");
        QTRY_COMPARE(range.waitingMessages(), 2);
        QCOMPARE(range.cancel().value(), 1);
        QVERIFY(s.connection.isOpen());
    }

    void aHandlerHasACallbackBesideIt()
    {
        Session s;
        QByteArrayList seen;
        const QString tag = s.channel
                                    .consume(queue,
                                             [&](const QAmqpDelivery &message) {
                                                 seen += message.body();
                                                 if (message.body() == "3")
                                                     OK(s.channel.stopConsuming());
                                             })
                                    .value();
        s.channel.onDiscarded([&](const QAmqpDelivery &message, const QAmqpError &error) {
            QCOMPARE(error.kind(), Kind::LimitExceeded);
            QCOMPARE(message.consumerTag(), tag);
            QVERIFY(message.body().isEmpty());
            seen += "discarded";
        });
        for (const QByteArray &body : {"1"_ba, large, "3"_ba})
            s.publish(body);
        OK(s.channel.startConsuming(20s));
        QCOMPARE(seen, QByteArrayList({"1", "discarded", "3"}));
    }

    void theCallbackOfTheMomentIsCalled()
    {
        Session s;
        OK(s.channel.consume(queue, [](const QAmqpDelivery &) {}));
        QByteArray told;
        const auto set = [&](char mark) {
            s.channel.onDiscarded(
                    [&told, mark](const QAmqpDelivery &, const QAmqpError &) { told += mark; });
        };
        set('a');
        s.publish(large);
        OK(s.channel.declareQueue(queue)); // what came before its answer is there
        set('b');
        OK(s.connection.sleep(0ms));
        QCOMPARE(told, "b");
    }

    void withoutACallbackAWarningTells()
    {
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(u"^QtAmqp: the message .* was rejected"_s));
        Session s;
        OK(s.channel.consume(queue, [](const QAmqpDelivery &) {}));
        s.publish(large);
        OK(s.channel.declareQueue(queue)); // what came before its answer is there
        OK(s.channel.startConsuming(0ms));
    }
};

QTAMQP_TEST(TestOversize)
#include "tst_oversize.moc"
