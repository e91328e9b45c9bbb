// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a lost link does to a connection that recovers: calls wait, and what may not be asked twice is reported.

#include "everycall.h"
#include "recoveringsession.h"

#include <future>

using namespace QtAmqpTest;

class TestRecovery : public QObject
{
    Q_OBJECT

private:
    using Session = RecoveringSession;

private Q_SLOTS:
    // Without confirms memory is bounded too, and what waits is sent.
    void withoutConfirmsPublishesWaitForTheLink()
    {
        Session s;
        OK(s.channel->setConfirms(false));
        s.lose();
        for (int i = 0; i < 1000; ++i)
            OK(s.channel->publish({}, u"x"_s, "m"_ba));
        s.channel->setTimeout(1ms);
        const QAmqpError error = s.channel->publish({}, u"x"_s, "m"_ba).error();
        QCOMPARE(error.kind(), Kind::Timeout);
        QCOMPARE(error.cause(), s.connection.lastError());
        s.channel->setTimeout(20s);
        s.comeBack();
        OK(s.channel->publish({}, u"x"_s, "m"_ba));
        QTRY_COMPARE_WITH_TIMEOUT(s.broker.published(), 1001U, 20'000);
    }

    // Those that begin while there is no link, and are all the same to the broker.
    void callsWaitForTheLink_data()
    {
        QTest::addColumn<int>("call");
        const std::vector<Call> calls = everyCall();
        for (int i = 0; i < int(calls.size()); ++i) {
            const QByteArray name = calls[size_t(i)].name;
            if (name != "updateSecret" && name != "publish within a window"
                && !name.startsWith("close "))
                QTest::newRow(name) << i;
        }
    }
    void callsWaitForTheLink()
    {
        QFETCH(int, call);
        Session s;
        const bool transactional = QByteArray(QTest::currentDataTag()) == "txSelect";
        OK(s.channel->declareQueue(queue));
        if (!transactional)
            s.publish(u"x"_s); // so that there are confirms to bring back
        s.loseAndComeBack();
        const QAmqpError error = everyCall()[size_t(call)].make(s.connection, *s.channel);
        QVERIFY2(!error, qPrintable(error.text()));
        QTRY_VERIFY_WITH_TIMEOUT(!s.connection.isRecovering(), 20'000);
    }

    // What may be asked twice is, and the call does not notice.
    void anUnansweredCallIsAskedAgain_data()
    {
        using Ask = std::function<QAmqpError(QAmqpBlockingChannel &)>;
        QTest::addColumn<QString>("method");
        QTest::addColumn<Ask>("ask");
        const auto row = [](const char *method, const Ask &ask) {
            QTest::newRow(method) << QString::fromLatin1(method) << ask;
        };
        row("queue.declare", [](auto &channel) { return channel.declareQueue(queue).error(); });
        row("queue.bind", [](auto &channel) { return channel.bindQueue(queue, exchange).error(); });
        row("basic.qos", [](auto &channel) { return channel.setPrefetch(3).error(); });
        row("basic.consume", [](auto &channel) { return channel.consume(queue).error(); });
        row("tx.select", [](auto &channel) { return channel.txSelect().error(); });
    }
    void anUnansweredCallIsAskedAgain()
    {
        QFETCH(QString, method);
        QFETCH(std::function<QAmqpError(QAmqpBlockingChannel &)>, ask);
        Session s;
        s.broker.add(QAmqpTestFault().atMethod(method));
        auto asked = std::async(std::launch::async, [&] { return ask(*s.channel); });
        s.awaitLoss();
        s.comeBack();
        const QAmqpError error = asked.get();
        QVERIFY2(!error, qPrintable(error.text()));
    }

    // What may not be asked twice fails at once; whoever hears of that finds the connection recovering.
    void anUnansweredCallIsInterrupted_data()
    {
        using Ask = std::function<QAmqpError(Session &)>;
        QTest::addColumn<QString>("method");
        QTest::addColumn<Ask>("ask");
        const auto row = [](const char *method, const Ask &ask) {
            QTest::newRow(method) << QString::fromLatin1(method) << ask;
        };
        row("queue.purge", [](Session &s) { return s.channel->purgeQueue(queue).error(); });
        row("queue.delete", [](Session &s) { return s.channel->deleteQueue(queue).error(); });
        row("basic.get", [](Session &s) { return s.channel->get(queue).error(); });
        row("basic.publish",
            [](Session &s) { return s.channel->publish({}, queue, "m"_ba).error(); });
        row("connection.update-secret",
            [](Session &s) { return s.connection.updateSecret(u"s"_s, u"r"_s).error(); });
    }
    void anUnansweredCallIsInterrupted()
    {
        QFETCH(QString, method);
        QFETCH(std::function<QAmqpError(Session &)>, ask);
        Session s;
        OK(s.channel->declareQueue(queue));
        if (method == u"basic.publish")
            s.publish(u"x"_s); // else confirm.select is under way too
        s.broker.add(QAmqpTestFault().atMethod(method));
        const QAmqpError error = ask(s);
        QVERIFY(s.connection.isRecovering());
        QVERIFY(s.connection.isOpen());
        QVERIFY(s.channel->isOpen());
        QVERIFY2(error.kind() == Kind::Interrupted, qPrintable(error.text()));
        QVERIFY(error.isRetryable());
        QVERIFY2(isLoss(error.cause()), qPrintable(error.cause().text()));
        s.comeBack();
        OK(s.channel->declareQueue(queue));
        QVERIFY(!s.connection.lastError());
    }

    // Only what had left is unknown; what waits is sent and confirmed.
    void aWindowTellsWhatWasInterrupted()
    {
        Session s;
        s.channel->setConfirmWindow(10);
        OK(s.channel->publish({}, u"hold"_s, "1"_ba));
        OK(s.channel->publish({}, u"hold"_s, "2"_ba));
        QTRY_COMPARE_WITH_TIMEOUT(s.broker.published(), 2U, 20'000);
        s.lose();
        OK(s.channel->publish({}, u"x"_s, "3"_ba));
        s.comeBack();
        const QAmqpPublishResult result = s.channel->waitForConfirms();
        QCOMPARE(result.error().kind(), Kind::Interrupted);
        QVERIFY(isLoss(result.error().cause()));
        QCOMPARE(result.messages().size(), 2);
        QCOMPARE(result.messages().constFirst().body(), "1"_ba);
        QCOMPARE(result.messages().constLast().body(), "2"_ba);
        QCOMPARE(s.channel->waitForConfirms().value(), 0U); // the third was confirmed
        QCOMPARE(s.broker.published(), 3U);
    }

    // As every call: with what is the matter.
    void aTimeoutNamesTheLoss()
    {
        Session s;
        const QAmqpBlockingConsumer consumer = s.channel->consume(queue);
        OK(s.channel->declareQueue(u"late"_s));
        s.lose();
        s.channel->setTimeout(1ms);
        QVERIFY(isLoss(s.connection.lastError()));
        const auto check = [&](const QAmqpError &error) {
            QCOMPARE(error.kind(), Kind::Timeout);
            QCOMPARE(error.cause(), s.connection.lastError());
            QVERIFY2(error.text().contains(s.connection.lastError().text()),
                     qPrintable(error.text()));
        };
        check(s.channel->declareQueue(queue).error());
        check(s.channel->publish({}, u"late"_s, "m"_ba).error());
        check(consumer.next(1ms).error());
        check(s.channel->consume(u"other"_s).error());
        s.connection.setTimeout(1ms);
        check(s.connection.createChannel().error());
        s.channel->setTimeout(20s);
        s.comeBack();
        OK(s.channel->declareQueue(u"late"_s)); // behind the message that was published too late
        const auto late = s.channel->get(u"late"_s).value();
        QVERIFY(late.has_value());
        QCOMPARE(late->body(), "m"_ba);
        QCOMPARE(s.channel->consumerTags(), QStringList{consumer.consumerTag()});
    }

    // Nothing of it is left to be settled, and that is no success.
    void settlingAllIsInterruptedMeanwhile()
    {
        Session s;
        QVERIFY(s.channel->consume(queue).isActive());
        s.lose();
        QCOMPARE(s.channel->ackAll().error().kind(), Kind::Interrupted);
        QCOMPARE(s.channel->nackAll().error().kind(), Kind::Interrupted);
        s.comeBack();
        OK(s.channel->declareQueue(queue));
        OK(s.channel->ackAll());
    }

    void openingAgainChangesNothing()
    {
        Session s;
        s.lose();
        QCOMPARE(s.connection.open().error().kind(), Kind::InvalidArgument);
        OK(s.channel->open());
        QVERIFY(s.connection.isRecovering());
        s.comeBack();
        OK(s.channel->declareQueue(queue));
    }

    void lossAndRecoveryAreCalledBack()
    {
        Session s;
        QStringList told;
        s.connection.onInterrupted([&](const QAmqpError &cause) {
            told += u"interrupted"_s;
            QVERIFY(isLoss(cause));
            s.comeBack();
        });
        s.connection.onRecovered([&](const QAmqpRecoveryReport &report) {
            told += u"recovered"_s;
            QVERIFY(report.attempts() >= 1);
            QVERIFY(!s.connection.isRecovering());
        });
        s.connection.onClosed([&](const QAmqpError &) { told += u"closed"_s; });
        for (const qsizetype count : {2, 4}) {
            s.broker.drop();
            while (told.size() < count)
                OK(s.connection.processDataEvents(20s));
        }
        const QStringList once = {u"interrupted"_s, u"recovered"_s};
        QCOMPARE(told, once + once);
        s.connection.onInterrupted({});
        s.connection.onRecovered({});
        s.loseAndComeBack();
        OK(s.channel->declareQueue(queue));
        QTRY_VERIFY_WITH_TIMEOUT(!s.connection.isRecovering(), 20'000);
        QCOMPARE(s.connection.processDataEvents().value(), 0);
    }

    // As every other end.
    void aRecoveryThatIsGivenUpClosesTheConnection()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options().setRecoveryPolicy(
                QAmqpRetryPolicy::endless().setMaximumAttempts(1).setInitialDelay(1ms)));
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const QAmqpBlockingConsumer consumer = channel.consume(queue);
        int told = 0;
        connection.onClosed([&](const QAmqpError &) { ++told; });
        QAmqpTestFault refused(QAmqpTestFault::Kind::RefuseVirtualHost);
        broker.add(refused.setTimes(0));
        broker.drop();
        QVERIFY(!consumer.next(20s));
        QVERIFY(!connection.isOpen());
        QVERIFY(!connection.isRecovering());
        QVERIFY(connection.lastError().isError());
        QVERIFY(!connection.sleep(20s));
        QCOMPARE(told, 1);
        QCOMPARE(channel.declareQueue(queue).error().kind(), Kind::NotOpen);
    }

    void closingEndsARecovery_data()
    {
        using End = std::function<void(Session &)>;
        QTest::addColumn<End>("end");
        const auto row = [](const char *name, const End &end) { QTest::newRow(name) << end; };
        row("close", [](Session &s) { OK(s.connection.close(milliseconds::max())); });
        row("abort", [](Session &s) { s.connection.abort(); });
    }
    void closingEndsARecovery()
    {
        QFETCH(std::function<void(Session &)>, end);
        Session s;
        const QAmqpBlockingConsumer consumer = s.channel->consume(queue);
        s.lose();
        auto declaring =
                std::async(std::launch::async, [&] { return s.channel->declareQueue().error(); });
        auto publishing = std::async(std::launch::async,
                                     [&] { return s.channel->publish({}, queue, "m"_ba).error(); });
        end(s);
        QVERIFY(!s.connection.isOpen());
        QVERIFY(!s.connection.isRecovering());
        QVERIFY(declaring.get().isError());
        QVERIFY(publishing.get().isError());
        QVERIFY(!consumer.next(20s));
        QVERIFY(!consumer.isActive());
        OK(s.connection.open());
        OK(s.channel->open());
        OK(s.channel->declareQueue(queue));
    }

    void aChannelMayBeClosedMeanwhile()
    {
        Session s;
        QAmqpBlockingChannel other = s.connection.createChannel().value();
        s.lose();
        OK(other.close());
        QVERIFY(!other.isOpen());
        s.comeBack();
        OK(s.channel->declareQueue(queue));
        QVERIFY(!other.isOpen());
        OK(other.open());
        OK(other.declareQueue(queue));
    }

    void objectsMayGoMeanwhile()
    {
        std::optional<Session> s(std::in_place);
        std::optional<QAmqpBlockingChannel> other = s->connection.createChannel().value();
        OK(other->consume(queue, [](const QAmqpDelivery &) {}));
        const QAmqpBlockingConsumer consumer = s->channel->consume(queue);
        s->lose();
        other.reset();
        auto waiting = std::async(std::launch::async, [&] { return consumer.next().error(); });
        const auto took = timed([&] { s.reset(); });
        QVERIFY2(took < 5s, qPrintable(QString::number(took.count())));
        QVERIFY(waiting.get().isError());
        QVERIFY(!consumer.isActive());
    }

    // What has to be done then ends too.
    void aStopEndsTheWaits()
    {
        Session s;
        const QAmqpBlockingConsumer consumer = s.channel->consume(queue);
        OK(s.channel->consume(u"other"_s, [](const QAmqpDelivery &) {}));
        s.lose();
        auto declaring =
                std::async(std::launch::async, [&] { return s.channel->declareQueue().error(); });
        s.connection.callLater(0ms, [&] { s.connection.requestStop(); });
        QCOMPARE(s.channel->startConsuming().value(),
                 QAmqpBlockingChannel::ConsumingEnd::StopRequested);
        QCOMPARE(consumer.next().error().kind(), Kind::Cancelled);
        OK(s.connection.sleep(1h));
        OK(s.connection.close());
        QVERIFY(declaring.get().isError());
        QVERIFY(!s.connection.isOpen());
    }
};

QTAMQP_TEST(TestRecovery)
#include "tst_recovery.moc"
