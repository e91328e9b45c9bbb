// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What waits: timeouts, lost links, callbacks and their order, stops.

#include "blockingtest.h"
#include "everycall.h"
#include "threadedbroker.h"

#include "blocking/qamqpblockingchannel_p.h"

#include <QtCore/qelapsedtimer.h>

#include <future>

using namespace QtAmqpTest;

namespace {

// Before main() there is no QCoreApplication.
const auto withoutApplication = [] {
    QAmqpBlockingConnection connection;
    const QAmqpError error = connection.open().error();
    return std::pair(error, connection.lastError());
}();

} // namespace

class TestWaiting : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // First, since it makes a process, which has to be done before there are threads.
    void noCallOutlivesItsTimeout_data()
    {
        QTest::addColumn<int>("call");
        const auto calls = everyCall();
        for (int i = 0; i < int(calls.size()); ++i)
            QTest::newRow(calls[size_t(i)].name) << i;
    }

    void noCallOutlivesItsTimeout()
    {
        QFETCH(int, call);
        constexpr auto timeout = 100ms;
        // By a tenth of a second; a machine that was busy elsewhere gets other chances.
        milliseconds took = {};
        for (int attempt = 0; attempt < 10; ++attempt) {
            const BrokerProcess broker;
            QAmqpBlockingConnection connection(broker.options());
            QVERIFY2(connection.isOpen(), qPrintable(connection.lastError().text()));
            connection.setTimeout(timeout);
            QAmqpBlockingChannel channel = connection.createChannel().value();
            broker.stop();
            QAmqpError error;
            took = timed([&] { error = everyCall()[size_t(call)].make(connection, channel); });
            connection.abort(); // the broker would be waited for
            QCOMPARE(error.kind(), Kind::Timeout);
            QVERIFY2(took >= timeout, qPrintable(QString::number(took.count())));
            if (took <= timeout + 100ms)
                return;
        }
        QFAIL(qPrintable(u"it took %1 ms"_s.arg(took.count())));
    }

    // A process as well.
    void cancelWithoutAnswerEndsTheConsumer()
    {
        std::optional<BrokerProcess> broker(std::in_place);
        QAmqpBlockingConnection connection(broker->options().setRecoveryEnabled(false));
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const QAmqpBlockingConsumer consumer = channel.consume(queue);
        OK(channel.publish({}, queue, "m"_ba));
        QTRY_COMPARE_WITH_TIMEOUT(consumer.waitingMessages(), 1, 20'000);
        broker->stop();
        channel.setTimeout(50ms);
        QCOMPARE(consumer.cancel().error().kind(), Kind::Timeout);
        broker.reset(); // and the channel with it
        const QAmqpError error = consumer.next(20s).error();
        QCOMPARE(error.kind(), Kind::Timeout);
        QVERIFY2(error.text().contains(u"basic.cancel"), qPrintable(error.text()));
        QVERIFY(!consumer.isActive());
        QCOMPARE(consumer.error(), error);
    }

    void nothingOpensWithoutAnApplication()
    {
        const auto &[error, lastError] = withoutApplication;
        QCOMPARE(error.kind(), Kind::InvalidArgument);
        QVERIFY2(error.text().contains(u"QCoreApplication"), qPrintable(error.text()));
        QCOMPARE(lastError, error);
    }

    // A second open() is refused, and changes nothing.
    void optionsStayWhereOpenIsRefused()
    {
        const ListeningSocket silent;
        const ThreadedBroker broker;
        const QAmqpConnectionOptions elsewhere =
                QAmqpConnectionOptions(broker.options()).setPort(1);
        QAmqpBlockingConnection connection;
        auto opening = std::async(std::launch::async,
                                  [&] { return connection.open(silent.options()).error(); });
        QTRY_COMPARE_WITH_TIMEOUT(connection.options(), silent.options(), 20'000);
        QCOMPARE(connection.open(elsewhere).error().kind(), Kind::InvalidArgument);
        QCOMPARE(connection.options(), silent.options());
        connection.abort();
        QCOMPARE(opening.get().kind(), Kind::Cancelled);
        OK(connection.open(broker.options()));
        QCOMPARE(connection.open(elsewhere).error().kind(), Kind::InvalidArgument);
        QCOMPARE(connection.options(), broker.options());
        QVERIFY(!connection.lastError());
        OK(connection.close());
        OK(connection.open());
    }

    // What one of them waits for the other does, too.
    void twoThreadsMayOpenAChannel()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        QAmqpConnection *inside = nullptr;
        connection.setUp([&](QAmqpConnection *made) { inside = made; });
        OK(connection.open(broker.options()));
        auto channel = connection.createChannel();
        OK(channel->close());
        channel->setTimeout(5s);
        std::promise<void> goOn;
        std::atomic<int> calls = 0;
        QMetaObject::invokeMethod(
                inside, [&] { goOn.get_future().wait(); }, Qt::QueuedConnection);
        const auto open = [&] {
            ++calls;
            return channel->open().error();
        };
        auto one = std::async(std::launch::async, open);
        auto other = std::async(std::launch::async, open);
        while (calls < 2)
            std::this_thread::yield();
        std::this_thread::sleep_for(20ms); // both have asked by now, or the test shows less
        goOn.set_value();
        QVERIFY2(!one.get(), "the first was forgotten");
        QVERIFY2(!other.get(), "the second was forgotten");
    }

    void channelsThatAreRefusedGo()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        QAmqpConnection *inside = nullptr;
        connection.setUp([&](QAmqpConnection *made) { inside = made; });
        OK(connection.open(broker.options().setChannelMax(1)));
        const auto channels = [&] {
            std::atomic<qsizetype> count = 0; // the thread sanitizer does not see Qt's semaphore
            QMetaObject::invokeMethod(
                    inside, [&] { count = inside->findChildren<QAmqpChannel *>().size(); },
                    Qt::BlockingQueuedConnection);
            return count.load();
        };
        const auto channel = connection.createChannel();
        OK(channel);
        for (int i = 0; i < 20; ++i)
            QCOMPARE(connection.createChannel().error().kind(), Kind::LimitExceeded);
        QTRY_COMPARE_WITH_TIMEOUT(channels(), 1, 20'000);
    }

    // That there is nothing to settle is no error, and an old one is not told again.
    void settlingAllTellsItsOwnErrors()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        OK(channel.publish({}, u"x"_s, "m"_ba));
        QCOMPARE(channel.setConfirms(false).error().kind(), Kind::InvalidArgument);
        OK(channel.ackAll());
        OK(channel.nackAll());
        OK(channel.close());
        QCOMPARE(channel.ackAll().error().kind(), Kind::NotOpen);
        QCOMPARE(channel.nackAll().error().kind(), Kind::NotOpen);
    }

    void waitsMayBeNegative()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        OK(connection.sleep(milliseconds::min()));
        QCOMPARE(connection.processDataEvents(milliseconds::min()).value(), 0);
        int called = 0;
        connection.callLater(milliseconds::min(), [&] { ++called; });
        QCOMPARE(connection.processDataEvents(20s).value(), 1);
        QCOMPARE(called, 1);
    }

    void closingMayWaitForEver()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        channel.setConfirmWindow(1000);
        for (int i = 0; i < 100; ++i)
            OK(channel.publish({}, u"x"_s, "m"_ba));
        OK(connection.close(milliseconds::max()));
        QCOMPARE(channel.waitForConfirms().value(), 100U);
    }

    void openingKeepsItsTimeout()
    {
        const ListeningSocket silent;
        QAmqpBlockingConnection connection;
        connection.setTimeout(100ms);
        QElapsedTimer timer;
        timer.start();
        QCOMPARE(connection.open(silent.options()).error().kind(), Kind::Timeout);
        QVERIFY(timer.elapsed() < 2000);
        QCOMPARE(connection.lastError().kind(), Kind::Timeout);
        // It can be tried again.
        const ThreadedBroker broker;
        connection.setTimeout(20s);
        OK(connection.open(broker.options()));
    }

    // The I/O thread knows its connection before it is asked for anything.
    void othersMayCallWhileTheFirstOpens()
    {
        const ThreadedBroker broker;
        for (int i = 0; i < 50; ++i) {
            QAmqpBlockingConnection connection;
            std::atomic<bool> opened = false;
            std::thread other([&] {
                while (!opened) {
                    static_cast<void>(connection.createChannel());
                    static_cast<void>(connection.updateSecret(u"s"_s, u"r"_s));
                }
            });
            const auto result = connection.open(broker.options());
            opened = true;
            other.join();
            OK(result);
        }
    }

    void lostLinkWakesEveryWaiter()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.optionsWithoutRecovery());
        QAmqpBlockingChannel waiting = connection.createChannel().value();
        QAmqpBlockingChannel windowed = connection.createChannel().value();
        QAmqpBlockingChannel consuming = connection.createChannel().value();
        QAmqpBlockingChannel dispatching = connection.createChannel().value();
        windowed.setConfirmWindow(2);
        OK(dispatching.consume(queue, [](const QAmqpDelivery &) {}));
        OK(windowed.publish({}, u"hold"_s, "1"_ba));
        OK(windowed.publish({}, u"hold"_s, "2"_ba));
        const QAmqpBlockingConsumer consumer = consuming.consume(queue);
        const auto later = [](auto call) { return std::async(std::launch::async, call); };
        std::future<QAmqpError> errors[] = {
                later([&] { return waiting.publish({}, u"hold"_s, "m"_ba).error(); }),
                later([&] { return windowed.publish({}, u"hold"_s, "m"_ba).error(); }),
                later([&] { return windowed.waitForConfirms().error(); }),
                later([&] { return consumer.next().error(); }),
                later([&] { return dispatching.startConsuming().error(); }),
                later([&] { return connection.sleep(60s).error(); }),
                later([&] { return connection.processDataEvents(60s).error(); }),
        };
        // Whether they wait already does not matter: none may wait for ever.
        broker.drop();
        for (auto &error : errors) {
            QVERIFY(error.wait_for(20s) == std::future_status::ready);
            QAmqpError reason = error.get();
            QVERIFY2(reason.isError(), qPrintable(u"call %1 succeeded"_s.arg(&error - errors)));
            while (reason.cause())
                reason = reason.cause();
            QVERIFY2(reason.kind() == Kind::ConnectionLost || reason.kind() == Kind::NotOpen,
                     qPrintable(reason.text()));
        }
        QVERIFY(!connection.isOpen());
        QCOMPARE(connection.lastError().kind(), Kind::ConnectionLost);
        QCOMPARE(waiting.declareQueue().error().kind(), Kind::NotOpen);
        QCOMPARE(connection.addCallbackThreadsafe([] {}).error().kind(), Kind::NotOpen);
        OK(connection.open());
        OK(waiting.open());
        OK(waiting.publish({}, u"x"_s, "m"_ba));
    }

    // All of them say that it is not open, and why.
    void whatIsNotOpenIsToldAlike()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.optionsWithoutRecovery());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        broker.drop();
        QTRY_VERIFY(!connection.isOpen());
        std::vector<Call> calls = everyCall();
        std::erase_if(calls,
                      [](const Call &call) { return QByteArray(call.name).startsWith("close "); });
        using Connection = QAmqpBlockingConnection;
        using Channel = QAmqpBlockingChannel;
        const std::vector<Call> ofConnection = {
                {"channel", [](Connection &c, Channel &) { return c.createChannel().error(); }},
                {"updateSecret",
                 [](Connection &c, Channel &) { return c.updateSecret(u"s"_s, u"r"_s).error(); }},
                {"sleep", [](Connection &c, Channel &) { return c.sleep(1h).error(); }},
                {"processDataEvents",
                 [](Connection &c, Channel &) { return c.processDataEvents(1h).error(); }},
                {"addCallbackThreadsafe",
                 [](Connection &c, Channel &) { return c.addCallbackThreadsafe([] {}).error(); }}};
        const std::vector<Call> ofChannel = {
                {"open", [](Connection &, Channel &ch) { return ch.open().error(); }},
                {"cancel", [](Connection &, Channel &ch) { return ch.cancel().error(); }},
                {"ackAll", [](Connection &, Channel &ch) { return ch.ackAll().error(); }},
                {"nackAll", [](Connection &, Channel &ch) { return ch.nackAll().error(); }},
                {"startConsuming",
                 [](Connection &, Channel &ch) { return ch.startConsuming().error(); }},
                {"txCommit", [](Connection &, Channel &ch) { return ch.txCommit().error(); }}};
        calls.insert(calls.end(), ofConnection.begin(), ofConnection.end());
        calls.insert(calls.end(), ofChannel.begin(), ofChannel.end());
        const auto check = [&](const Call &call, Connection &c, Kind cause) {
            const QAmqpError error = call.make(c, channel);
            const QByteArray text = QByteArray(call.name) + ": " + error.text().toUtf8();
            QVERIFY2(error.kind() == Kind::NotOpen, text);
            QVERIFY2(error.cause().kind() == cause, text);
            QVERIFY2(!error.cause() || error.text().contains(error.cause().text()), text);
        };
        for (const Call &call : calls)
            check(call, connection, Kind::ConnectionLost);
        const auto nowhere = QAmqpConnectionOptions(broker.options()).setPort(1);
        QAmqpBlockingConnection unreachable(nowhere);
        QAmqpBlockingConnection unopened;
        for (const Call &call : ofConnection) {
            check(call, unreachable, Kind::HostUnreachable);
            check(call, unopened, QAmqpError().kind());
        }
    }

    void reopenedChannelIsNotTransactional()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        OK(channel.txSelect());
        QVERIFY(!channel.confirms());
        static_cast<void>(channel.publish({}, u"close channel"_s, "m"_ba));
        QTRY_VERIFY(!channel.isOpen());
        OK(channel.open());
        QVERIFY(channel.confirms());
        QCOMPARE(channel.publish({}, u"nack"_s, "m"_ba).error().kind(), Kind::Nacked);
    }

    void closedChannelsAreForgotten()
    {
        ThreadedBroker broker;
        const auto connection = std::make_shared<QAmqpBlockingConnectionPrivate>();
        const QAmqpConnectionOptions options = broker.options();
        OK(connection->open(options));
        for (int i = 0; i < 20; ++i) {
            const auto channel = std::make_shared<QAmqpBlockingChannelPrivate>(connection);
            OK(channel->open());
            channel->abandon();
        }
        using Count = QAmqpResult<qsizetype>;
        const Count kept = connection->call<Count>(
                u"test"_s, QtAmqpPrivate::deadlineAfter(20s),
                [&](const auto &answer) { answer->give(qsizetype(connection->channels.size())); });
        QVERIFY2(kept.value() <= 3,
                 qPrintable(QString::number(kept.value()))); // the last, on its way
        connection->end(u"the test is over"_s);
    }

    void destroyedConnectionWakesItsChannels()
    {
        ThreadedBroker broker;
        auto connection = std::make_unique<QAmqpBlockingConnection>(broker.options());
        QAmqpBlockingChannel channel = connection->createChannel().value();
        const QAmqpBlockingConsumer consumer = channel.consume(queue);
        auto waiting = std::async(std::launch::async, [&] { return consumer.next().error(); });
        connection.reset();
        QVERIFY(waiting.wait_for(20s) == std::future_status::ready);
        QVERIFY(waiting.get().isError());
        QCOMPARE(channel.declareQueue().error().kind(), Kind::NotOpen);
        QCOMPARE(channel.publish({}, queue, "m"_ba).error().kind(), Kind::NotOpen);
    }

    // Else a call that posted it would wait for its whole timeout.
    void whatTheIoThreadTakesItRuns()
    {
        for (int round = 0; round < 300; ++round) {
            QtAmqpPrivate::IoThread thread;
            std::atomic<int> ran = 0;
            std::atomic<int> taken = 0;
            thread.begin([] {});
            std::thread other([&] {
                while (thread.post([&] { ++ran; }))
                    ++taken;
            });
            while (ran == 0)
                std::this_thread::yield();
            thread.end({});
            other.join();
            QCOMPARE(ran.load(), taken.load());
        }
    }

    // However many messages wait, and however a program consumes them.
    void dueTimersDoNotWaitForMessages_data()
    {
        QTest::addColumn<bool>("range");
        QTest::newRow("range") << true;
        QTest::newRow("handler") << false;
    }

    void dueTimersDoNotWaitForMessages()
    {
        QFETCH(bool, range);
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        constexpr int messages = 10'000;
        const auto options = QAmqpConsumeOptions().setPrefetch(messages);
        int seen = 0;
        std::vector<int> seenAtCallbacks;
        const auto note = [&] { seenAtCallbacks.push_back(seen); };
        const auto arm = [&] {
            connection.callLater(0ms, note);
            OK(connection.addCallbackThreadsafe(note));
        };
        const auto handle = [&](const QAmqpDelivery &delivery) {
            QVERIFY(delivery.ack());
            ++seen;
            if (seen == 100)
                arm();
        };
        std::optional<QAmqpBlockingConsumer> consumer;
        if (range)
            consumer = channel.consume(queue, options);
        else
            OK(channel.consume(queue, handle, options));
        channel.setConfirmWindow(1000);
        for (int i = 0; i < messages; ++i)
            OK(channel.publish({}, queue, "m"_ba));
        OK(channel.waitForConfirms());
        connection.callLater(0ms, note);
        if (range) {
            for (const QAmqpDelivery &delivery : *consumer) {
                handle(delivery);
                if (seen == messages)
                    break;
            }
        } else {
            while (seen < messages)
                QVERIFY(connection.processDataEvents(20s).value() > 0);
        }
        QCOMPARE(seen, messages);
        QCOMPARE(seenAtCallbacks.size(), 3U);
        QVERIFY(seenAtCallbacks[0] <= 1);
        QVERIFY(seenAtCallbacks[1] >= 100 && seenAtCallbacks[1] <= 102);
        QVERIFY(seenAtCallbacks[2] >= 100 && seenAtCallbacks[2] <= 103);
    }

    void timersThatRearmDoNotStarveMessages()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        std::function<void()> again = [&] { connection.callLater(0ms, again); };
        again();
        int seen = 0;
        OK(channel.consume(queue, [&](const QAmqpDelivery &) { ++seen; }));
        for (int i = 0; i < 10; ++i)
            OK(channel.publish({}, queue, "m"_ba));
        while (seen < 10)
            QVERIFY(connection.processDataEvents(20s).value() > 0);
    }

    void timersRunInOrderAndCanBeTakenBack()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QByteArray order;
        connection.callLater(30ms, [&] { order += 'c'; });
        connection.callLater(10ms, [&] { order += 'a'; });
        const quint64 taken = connection.callLater(15ms, [&] { order += 'x'; });
        connection.callLater(20ms, [&] { order += 'b'; });
        const quint64 same = connection.callLater(20ms, [&] { order += 'B'; });
        QVERIFY(same != taken && same != 0);
        QVERIFY(connection.cancelTimer(taken));
        QVERIFY(!connection.cancelTimer(taken));
        while (order.size() < 4)
            OK(connection.sleep(20ms));
        QCOMPARE(order, "abBc"_ba);
        QVERIFY(!connection.cancelTimer(same));
        QElapsedTimer timer;
        timer.start();
        OK(connection.sleep(50ms));
        QVERIFY(timer.elapsed() >= 50);
        QCOMPARE(connection.processDataEvents(10ms).value(), 0);
    }

    // What a callback holds may call back when it goes.
    void callbacksAreDroppedWithoutTheMutex()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        int dropped = 0;
        const auto held = [&] {
            return std::shared_ptr<void>(nullptr, [&](void *) { dropped += connection.isOpen(); });
        };
        auto done = std::async(std::launch::async, [&] {
            QVERIFY(connection.cancelTimer(connection.callLater(1h, [h = held()] {})));
            connection.setUp([h = held()](QAmqpConnection *) {});
            connection.setUp({});
            connection.onBlocked([h = held()](const QString &) {});
            connection.onBlocked({});
            connection.onUnblocked([h = held()] {});
            connection.onUnblocked({});
            channel.onReturned([h = held()](const QAmqpReturn &) {});
            channel.onReturned({});
            channel.onCancelled([h = held()](const QString &, const QAmqpError &) {});
            channel.onCancelled({});
        });
        if (done.wait_for(20s) != std::future_status::ready)
            qFatal("it waits for itself"); // nothing could end it
        QCOMPARE(dropped, 6);
    }

    void callbackOfAnotherThreadWakesTheWait()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        std::thread::id ranIn;
        std::thread other([&] {
            OK(connection.addCallbackThreadsafe([&] { ranIn = std::this_thread::get_id(); }));
        });
        QCOMPARE(connection.processDataEvents(20s).value(), 1);
        QVERIFY(ranIn == std::this_thread::get_id());
        other.join();
    }

    void blockedAndUnblockedAreCalledBack()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        QStringList told;
        connection.onBlocked([&](const QString &reason) { told += reason; });
        connection.onUnblocked([&] { told += u"unblocked"_s; });
        OK(channel.publish({}, u"blocked"_s, "m"_ba));
        while (told.size() < 2)
            OK(connection.processDataEvents(20s));
        QCOMPARE(told, (QStringList{u"low on memory"_s, u"unblocked"_s}));
        QVERIFY(!connection.isBlocked());
        QVERIFY(connection.blockedReason().isEmpty());
    }

    void stopEndsEveryWait()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        static QAmqpBlockingConnection *signalled = nullptr;
        signalled = &connection;
        struct sigaction action = {};
        action.sa_handler = [](int) { signalled->requestStop(); };
        struct sigaction before = {};
        sigaction(SIGUSR1, &action, &before);
        const auto raiseSoon = [] {
            return std::async(std::launch::async, [target = pthread_self()] {
                std::this_thread::sleep_for(20ms);
                pthread_kill(target, SIGUSR1);
            });
        };
        const QAmqpBlockingConsumer consumer = channel.consume(queue);
        QElapsedTimer timer;
        const auto stops = [&](auto wait) {
            connection.clearStopRequest();
            timer.start();
            const auto raised = raiseSoon();
            wait();
            QVERIFY(connection.isStopRequested());
            QVERIFY2(timer.elapsed() < 1000, qPrintable(QString::number(timer.elapsed())));
        };
        stops([&] { QCOMPARE(consumer.next().error().kind(), Kind::Cancelled); });
        OK(channel.consume(queue, [](const QAmqpDelivery &) {}));
        stops([&] { OK(channel.startConsuming()); });
        stops([&] { OK(connection.sleep(60s)); });
        stops([&] { QCOMPARE(connection.processDataEvents(60s).value(), 0); });
        sigaction(SIGUSR1, &before, nullptr);
        // What the program then has to do works.
        OK(channel.cancel());
        OK(channel.stopConsuming());
        OK(connection.close());
    }

    void stopEndsALoopWhileMessagesWait()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const QAmqpBlockingConsumer consumer = channel.consume(queue);
        channel.setConfirmWindow(100);
        for (int i = 0; i < 100; ++i)
            OK(channel.publish({}, queue, "m"_ba));
        QTRY_COMPARE(consumer.waitingMessages(), 100);
        int seen = 0;
        for (const QAmqpDelivery &delivery : consumer) {
            QVERIFY(delivery.ack());
            if (++seen == 10)
                connection.requestStop();
        }
        QCOMPARE(seen, 10);
        QCOMPARE(consumer.next().error().kind(), Kind::Cancelled);
        QVERIFY(consumer.isActive());
        connection.clearStopRequest();
        OK(consumer.next());
        QCOMPARE(consumer.waitingMessages(), 89);
    }

    void handlerThatWorksLongKeepsTheConnection()
    {
        ThreadedBroker broker(1);
        QAmqpBlockingConnection connection(broker.options());
        QCOMPARE(connection.heartbeat(), 1s);
        QAmqpBlockingChannel channel = connection.createChannel().value();
        OK(channel.consume(queue, [&](const QAmqpDelivery &delivery) {
            std::this_thread::sleep_for(3 * connection.heartbeat());
            QVERIFY(delivery.ack());
            OK(channel.stopConsuming());
        }));
        OK(channel.publish({}, queue, "m"_ba));
        OK(channel.startConsuming());
        QVERIFY(connection.isOpen());
        OK(channel.declareQueue(queue));
    }

    void oneThreadAtATimeRunsCallbacks()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        std::atomic<int> running = 0;
        std::atomic<int> ran = 0;
        std::atomic<bool> overlapped = false;
        for (int i = 0; i < 200; ++i) {
            connection.callLater(0ms, [&] {
                overlapped = overlapped || ++running > 1;
                std::this_thread::yield();
                --running;
                ++ran;
            });
        }
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                while (ran < 200)
                    static_cast<void>(connection.processDataEvents(10ms));
            });
        for (std::thread &thread : threads)
            thread.join();
        QCOMPARE(ran.load(), 200);
        QVERIFY(!overlapped);
    }

    void objectsMayGoInsideCallbacks()
    {
        ThreadedBroker broker;
        auto connection = std::make_unique<QAmqpBlockingConnection>(broker.options());
        std::optional<QAmqpBlockingChannel> channel = connection->createChannel().value();
        int seen = 0;
        OK(channel->consume(queue, [&](const QAmqpDelivery &delivery) {
            ++seen;
            channel.reset();
            QVERIFY(connection->isOpen());
            connection.reset();
            static_cast<void>(delivery.ack());
        }));
        OK(channel->publish({}, queue, "m"_ba));
        QVERIFY(!channel->startConsuming());
        QCOMPARE(seen, 1);
    }

    void ioThreadRefusesToWaitForItself()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        QAmqpError error;
        connection.setUp([&](QAmqpConnection *) { error = connection.open().error(); });
        OK(connection.open(broker.options()));
        QCOMPARE(error.kind(), Kind::InvalidArgument);
    }

    void exceptionOfSetUpFailsOpen()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        connection.setUp([](QAmqpConnection *) { throw std::runtime_error("no certificate"); });
        const QAmqpError error = connection.open(broker.options()).error();
        QCOMPARE(error.kind(), Kind::InvalidArgument);
        QVERIFY2(error.text().contains(u"no certificate"), qPrintable(error.text()));
        connection.setUp([](QAmqpConnection *) { throw 1; });
        QCOMPARE(connection.open().error().kind(), Kind::InvalidArgument);
        connection.setUp({});
        OK(connection.open());
    }
};

QTAMQP_TEST(TestWaiting)
#include "tst_waiting.moc"
