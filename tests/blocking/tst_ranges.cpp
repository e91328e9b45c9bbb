// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What ends a loop over the messages of a blocking consumer: this side quietly, all else by an exception.

#include "blockingtest.h"
#include "everycall.h"
#include "threadedbroker.h"

using namespace QtAmqpTest;

class TestRanges : public QObject
{
    Q_OBJECT

public:
    // Loops as a program does that has no name for the consumer; tells what was thrown and how many messages
    // were seen.
    static std::pair<QAmqpError, int> loop(QAmqpBlockingChannel &channel,
                                           const std::function<void(int)> &body,
                                           std::chrono::milliseconds inactivity = 5s)
    {
        int seen = 0;
        try {
            for (const QAmqpDelivery &delivery : channel.consume(queue, {}, inactivity)) {
                static_cast<void>(delivery.ack());
                body(++seen);
            }
        } catch (const QAmqpException &exception) {
            return {exception.error(), seen};
        }
        return {QAmqpError(), seen};
    }

    struct Session
    {
        Session()
            : connection(broker.optionsWithoutRecovery().setMaxMessageSize(1000))
            , channel(*connection.createChannel())
        {
        }
        // To a subscription that loop() goes on with.
        void publish(const QByteArray &body)
        {
            QVERIFY(channel.consume(queue).isActive());
            OK(channel.publish({}, queue, body));
        }

        ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        QAmqpBlockingChannel channel;
    };

private Q_SLOTS:
    void theEndOfTheLinkIsThrown()
    {
        Session s;
        s.publish("m");
        const auto [error, seen] = loop(s.channel, [&](int) { s.broker.drop(); });
        QCOMPARE(error.kind(), Kind::ConnectionLost);
        QCOMPARE(seen, 1);
    }

    void theEndOfTheChannelIsThrown()
    {
        Session s;
        s.publish("m");
        const auto [error, seen] = loop(s.channel, [&](int) {
            static_cast<void>(s.channel.publish({}, u"close channel"_s, "m"_ba));
        });
        QCOMPARE(error.kind(), Kind::NotFound);
        QCOMPARE(seen, 1);
    }

    void theBrokersCancellationIsThrown()
    {
        Session s;
        s.publish("m");
        const auto [error, seen] = loop(s.channel, [&](int) {
            static_cast<void>(s.channel.publish({}, u"cancel"_s, "m"_ba));
        });
        QCOMPARE(error.kind(), Kind::Cancelled);
        QCOMPARE(error.origin(), QAmqpError::Origin::Broker);
        QCOMPARE(seen, 1);
    }

    void aRefusedConsumerIsThrown()
    {
        Session s;
        OK(s.channel.close());
        const auto [error, seen] = loop(s.channel, [](int) {});
        QCOMPARE(error.kind(), Kind::NotOpen);
        QCOMPARE(seen, 0);
    }

    // The loop may be entered again, and goes on behind it.
    void aMessageThatIsTooLargeIsThrown()
    {
        Session s;
        for (const QByteArray &body : {"1"_ba, QByteArray(1001, 'x'), "3"_ba})
            s.publish(body);
        const auto [error, seen] = loop(s.channel, [](int) {});
        QCOMPARE(error.kind(), Kind::LimitExceeded);
        QCOMPARE(seen, 1);
        const auto [none, more] = loop(s.channel, [&](int) { s.connection.requestStop(); });
        QVERIFY2(!none, qPrintable(none.text()));
        QCOMPARE(more, 1);
    }

    void thisSideEndsItQuietly_data()
    {
        QTest::addColumn<std::function<void(Session &)>>("deed");
        const auto row = [](const char *name, const std::function<void(Session &)> &deed) {
            QTest::newRow(name) << deed;
        };
        row("cancel", [](Session &s) { OK(s.channel.cancel()); });
        row("stop", [](Session &s) { s.connection.requestStop(); });
        row("close the channel", [](Session &s) { OK(s.channel.close()); });
        row("close the connection", [](Session &s) { OK(s.connection.close()); });
        row("abort the connection", [](Session &s) { s.connection.abort(); });
    }
    void thisSideEndsItQuietly()
    {
        QFETCH(std::function<void(Session &)>, deed);
        Session s;
        s.publish("m");
        const auto [error, seen] = loop(s.channel, [&](int) { deed(s); });
        QVERIFY2(!error, qPrintable(error.text()));
        QCOMPARE(seen, 1);
    }

    void inactivityEndsItQuietly()
    {
        Session s;
        s.publish("m");
        const auto [error, seen] = loop(
                s.channel, [](int) {}, 1ms);
        QVERIFY2(!error, qPrintable(error.text()));
        QVERIFY(seen <= 1);
    }
};

QTAMQP_TEST(TestRanges)
#include "tst_ranges.moc"
