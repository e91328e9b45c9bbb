// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Which callbacks are called, and when: in waits, of what is set and open by then.

#include "blockingtest.h"
#include "everycall.h"
#include "threadedbroker.h"

#include <QtAmqp/qamqpconnection.h>
#include <QtCore/qthread.h>

using namespace QtAmqpTest;
using ConsumingEnd = QAmqpBlockingChannel::ConsumingEnd;

class TestCallbacks : public QObject
{
    Q_OBJECT

private:
    struct Session
    {
        Session()
            : connection(broker.optionsWithoutRecovery())
            , channel(connection.createChannel().value())
        {
        }
        // What the broker sent before its answer is there afterwards.
        void collect() { OK(channel->declareQueue(queue)); }
        void publish(const QString &key)
        {
            OK(channel->publish({}, key, "m"_ba,
                                key == u"nowhere" ? QAmqpChannel::Mandatory
                                                  : QAmqpChannel::NoFlags));
        }
        ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        std::optional<QAmqpBlockingChannel> channel;
    };

    QAmqpBlockingChannel::Handler count(int &counter)
    {
        return [&counter](const QAmqpDelivery &) { ++counter; };
    }

private Q_SLOTS:
    void nothingIsCalledOnceItIsClosed_data()
    {
        using End = std::function<void(Session &)>;
        QTest::addColumn<End>("end");
        const auto row = [](const char *name, const End &end) { QTest::newRow(name) << end; };
        row("close the channel", [](Session &s) { OK(s.channel->close()); });
        row("destroy the channel", [](Session &s) { s.channel.reset(); });
        row("replace the channel",
            [](Session &s) { s.channel = s.connection.createChannel().value(); });
        row("close the connection", [](Session &s) { OK(s.connection.close()); });
        row("abort the connection", [](Session &s) { s.connection.abort(); });
        row("lose the link, and close the channel", [](Session &s) {
            s.broker.drop();
            QTRY_VERIFY(!s.connection.isOpen());
            OK(s.channel->close());
        });
        row("lose the link, and close the connection", [](Session &s) {
            s.broker.drop();
            QTRY_VERIFY(!s.connection.isOpen());
            OK(s.connection.close());
        });
    }

    void nothingIsCalledOnceItIsClosed()
    {
        QFETCH(std::function<void(Session &)>, end);
        Session s;
        QAmqpBlockingChannel other = s.connection.createChannel().value();
        int called = 0;
        const QString handled = s.channel->consume(queue, count(called)).value();
        const QString withoutAck =
                s.channel->consume(u"other"_s, count(called), QAmqpConsumeOptions().setNoAck())
                        .value();
        s.channel->onReturned([&](const QAmqpReturn &) { ++called; });
        s.channel->onCancelled([&](const QString &, const QAmqpError &) { ++called; });
        OK(s.channel->setConfirms(false));
        for (int i = 0; i < 3; ++i) {
            s.publish(queue);
            s.publish(u"other"_s);
            s.publish(u"nowhere"_s);
        }
        s.publish(u"cancel"_s);
        s.collect();
        end(s);
        if (!s.connection.isOpen())
            OK(s.connection.open());
        OK(s.connection.sleep(0ms));
        OK(other.open());
        OK(other.startConsuming(0ms));
        OK(s.connection.processDataEvents(0ms));
        QCOMPARE(called, 0);
    }

    void cancellationIsToldBeforeConsumingEnds()
    {
        Session s;
        QByteArray order;
        OK(s.channel->consume(queue, [&](const QAmqpDelivery &) { order += 'm'; }));
        s.channel->onCancelled([&](const QString &, const QAmqpError &) { order += 'c'; });
        s.publish(queue);
        s.publish(u"cancel"_s);
        s.collect();
        QCOMPARE(s.channel->startConsuming().value(), ConsumingEnd::CancelledByBroker);
        QCOMPARE(order, "mc"_ba);
    }

    void ownCancelDropsTheBrokers()
    {
        Session s;
        int told = 0;
        int seen = 0;
        const QString tag = s.channel->consume(queue, count(seen)).value();
        const QAmqpBlockingConsumer range = s.channel->consume(u"range"_s);
        s.channel->onCancelled([&](const QString &, const QAmqpError &) { ++told; });
        s.publish(u"cancel"_s);
        s.collect();
        QCOMPARE(s.channel->cancel(tag).value(), 0);
        QCOMPARE(range.cancel().value(), 0);
        OK(s.connection.sleep(0ms));
        QCOMPARE(told, 0);
        QCOMPARE(s.channel->startConsuming().value(), ConsumingEnd::NoConsumers);
    }

    void consumingTellsWhyItEnded()
    {
        Session s;
        QCOMPARE(s.channel->startConsuming().value(), ConsumingEnd::NoConsumers);
        OK(s.channel->consume(queue,
                              [&](const QAmqpDelivery &) { OK(s.channel->stopConsuming()); }));
        QCOMPARE(s.channel->startConsuming(1ms).value(), ConsumingEnd::TimeLimit);
        s.connection.requestStop();
        QCOMPARE(s.channel->startConsuming().value(), ConsumingEnd::StopRequested);
        s.connection.clearStopRequest();
        s.publish(queue);
        QCOMPARE(s.channel->startConsuming().value(), ConsumingEnd::NoConsumers);
        const QString text = QDebug::toString(s.channel->startConsuming());
        QVERIFY2(text.contains(u"NoConsumers"), qPrintable(text));
    }

    void waitsOfNoLengthRunWhatIsReady_data()
    {
        using Wait = std::function<void(Session &)>;
        QTest::addColumn<Wait>("wait");
        const auto row = [](const char *name, const Wait &wait) { QTest::newRow(name) << wait; };
        row("sleep", [](Session &s) { OK(s.connection.sleep(0ms)); });
        row("startConsuming", [](Session &s) {
            QCOMPARE(s.channel->startConsuming(0ms).value(), ConsumingEnd::TimeLimit);
        });
        row("processDataEvents",
            [](Session &s) { QCOMPARE(s.connection.processDataEvents(0ms).value(), 3); });
    }

    void waitsOfNoLengthRunWhatIsReady()
    {
        QFETCH(std::function<void(Session &)>, wait);
        Session s;
        int seen = 0;
        OK(s.channel->consume(queue, count(seen)));
        s.publish(queue);
        s.publish(queue);
        s.collect();
        int timers = 0;
        std::function<void()> again = [&] {
            ++timers;
            s.connection.callLater(0ms, again); // not for ever
        };
        s.connection.callLater(0ms, again);
        wait(s);
        QCOMPARE(seen + timers, 3);
        QVERIFY(timers > 0);
    }

    // What is set when an event is told counts, not what was set when it came.
    void callbackOfTheMomentIsCalled()
    {
        Session s;
        OK(s.channel->consume(queue, [](const QAmqpDelivery &) {}));
        OK(s.channel->setConfirms(false));
        QByteArray told;
        const auto set = [&](char mark) {
            s.channel->onReturned([&told, mark](const QAmqpReturn &) { told += mark; });
            s.channel->onCancelled(
                    [&told, mark](const QString &, const QAmqpError &) { told += mark; });
            s.connection.onBlocked([&told, mark](const QString &) { told += mark; });
            s.connection.onUnblocked([&told, mark] { told += mark; });
        };
        const auto unset = [&] {
            s.channel->onReturned({});
            s.channel->onCancelled({});
            s.connection.onBlocked({});
            s.connection.onUnblocked({});
        };
        const auto happen = [&] {
            for (const QString &key : {u"nowhere"_s, u"blocked"_s, u"cancel"_s})
                s.publish(key);
            s.collect();
        };
        happen();
        set('a'); // for what came before
        OK(s.connection.sleep(0ms));
        QCOMPARE(told, "aaaa"_ba);
        OK(s.channel->consume(queue, [](const QAmqpDelivery &) {}));
        happen();
        set('b'); // instead
        OK(s.connection.sleep(0ms));
        QCOMPARE(told, "aaaabbbb"_ba);
        OK(s.channel->consume(queue, [](const QAmqpDelivery &) {}));
        happen();
        unset();
        QCOMPARE(s.connection.processDataEvents(1ms).value(), 0);
        set('c'); // too late: there was a wait
        QCOMPARE(s.connection.processDataEvents(0ms).value(), 0);
        QCOMPARE(told, "aaaabbbb"_ba);
    }

    void exceptionsPassThroughTheWaitThatRunsTheCallback()
    {
        Session s;
        const auto raise = [&] { s.connection.callLater(0ms, [] { throw 42; }); };
        raise();
        QVERIFY_THROWS_EXCEPTION(int, static_cast<void>(s.connection.sleep(20s)));
        raise();
        QVERIFY_THROWS_EXCEPTION(int, static_cast<void>(s.connection.processDataEvents()));
        raise();
        const QAmqpBlockingConsumer range = s.channel->consume(queue);
        QVERIFY_THROWS_EXCEPTION(int, static_cast<void>(range.next()));
        OK(s.channel->consume(u"other"_s, [](const QAmqpDelivery &) {}));
        raise();
        QVERIFY_THROWS_EXCEPTION(int, static_cast<void>(s.channel->startConsuming()));
        int called = 0; // and callbacks are called as before
        s.connection.callLater(0ms, [&] { ++called; });
        QCOMPARE(s.connection.processDataEvents().value(), 1);
        QCOMPARE(called, 1);
    }

    // A callback is called itself, not a copy of it for each event.
    void callbacksKeepTheirState()
    {
        Session s;
        OK(s.channel->setConfirms(false));
        QList<int> told;
        s.channel->onReturned([&told, n = 0](const QAmqpReturn &) mutable { told.append(++n); });
        s.publish(u"nowhere"_s);
        s.publish(u"nowhere"_s);
        s.collect();
        OK(s.connection.sleep(0ms));
        QCOMPARE(told, (QList<int>{1, 2}));
    }

    // Once, also by a wait that begins when it is over; what this side ends it is not told of.
    void aLostConnectionIsTold()
    {
        Session s;
        QList<QAmqpError> told;
        const auto tell = [&](const QAmqpError &reason) { told.append(reason); };
        s.connection.onClosed(tell);
        s.broker.drop();
        QVERIFY(!s.connection.sleep(20s)); // ConnectionLost, or NotOpen if it was over before
        QCOMPARE(told.size(), 1);
        QCOMPARE(told.constFirst().kind(), Kind::ConnectionLost);

        OK(s.connection.open());
        s.connection.onClosed({});
        s.broker.drop();
        QTRY_VERIFY(!s.connection.isOpen());
        s.connection.onClosed(tell); // the one that is set when it is told
        QCOMPARE(s.connection.processDataEvents().value(), 1);
        QCOMPARE(told.size(), 2);
        QVERIFY(!s.connection.processDataEvents());
        QCOMPARE(told.size(), 2);

        OK(s.connection.open());
        s.broker.drop();
        QTRY_VERIFY(!s.connection.isOpen());
        s.connection.onClosed({}); // stops the one that was set when it came
        QVERIFY(!s.connection.processDataEvents());
        s.connection.onClosed(tell);
        QVERIFY(!s.connection.processDataEvents());
        QCOMPARE(told.size(), 2);

        OK(s.connection.open());
        OK(s.connection.close());
        OK(s.connection.open());
        s.connection.abort();
        QTRY_VERIFY(!s.connection.isOpen());
        QVERIFY(!s.connection.processDataEvents());
        QCOMPARE(told.size(), 2);
    }

    // Inside of a callback nothing else is called, and no wait waits for it.
    void aLostConnectionEndsAWaitInsideOfACallback()
    {
        Session s;
        int told = 0;
        s.connection.onClosed([&](const QAmqpError &) { ++told; });
        bool ended = false;
        s.connection.callLater(0ms, [&] {
            s.broker.drop();
            ended = !s.connection.sleep(20s) && told == 0;
        });
        QVERIFY(!s.connection.sleep(20s));
        QVERIFY(ended);
        QCOMPARE(told, 1);
    }

    // Who is told of the loss by a wait for messages finds the connection lost, and may open it at once.
    void aWaitForMessagesEndsAfterTheConnection()
    {
        for (const bool handled : {false, true}) {
            Session s;
            OK(s.connection.close());
            s.connection.setUp(
                    [](QAmqpConnection *connection) { // its end follows that of its channels late
                        connect(connection, &QAmqpConnection::lastErrorChanged, connection,
                                [](const QAmqpError &) { QThread::msleep(5); });
                    });
            OK(s.connection.open());
            OK(s.channel->open());
            const auto waitForLoss = [&] {
                s.connection.callLater(0ms, [&] { s.broker.drop(); }); // so that it waits already
                if (handled) {
                    (void)s.channel->consume(queue, [](const QAmqpDelivery &) {});
                    return s.channel->startConsuming(20s).error();
                }
                const QAmqpBlockingConsumer consumer = s.channel->consume(queue);
                return consumer.next(20s).error();
            };
            const QAmqpError error = waitForLoss();
            QCOMPARE(error.kind(), Kind::ConnectionLost);
            QVERIFY(!s.connection.isOpen());
            OK(s.connection.open());
        }
    }

    void aChannelKnowsItsConnection()
    {
        ThreadedBroker broker;
        auto connection = std::make_unique<QAmqpBlockingConnection>(broker.options());
        const QAmqpBlockingChannel channel = connection->createChannel().value();
        QCOMPARE(channel.connection(), connection.get());
        connection.reset();
        QVERIFY(!channel.connection());
    }

    void channelOfAResultCanBeUsed()
    {
        Session s;
        auto channel = s.connection.createChannel();
        OK((*channel).declareQueue(queue));
        OK(channel.value().close());
        QVERIFY(!channel->isOpen());
    }
};

QTAMQP_TEST(TestCallbacks)
#include "tst_callbacks.moc"
