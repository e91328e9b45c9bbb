// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The blocking facade against RabbitMQ.

#include "session.h"

#include <QtAmqp/qamqpconnection.h>

#include <future>
#include <thread>

using namespace QtAmqpTest;

class TestCalls : public QObject
{
    Q_OBJECT

private:
    static QByteArray body(int number) { return QByteArray::number(number); }
    static void fill(QAmqpBlockingChannel &channel, const QString &queue, int messages)
    {
        channel.setConfirmWindow(100);
        for (int i = 0; i < messages; ++i)
            OK(channel.publish({}, queue, body(i)));
        OK(channel.waitForConfirms());
        channel.setConfirmWindow(1);
    }
    // How many messages are ready; what goes back to the queue may be counted a moment later.
    static quint32 ready(QAmqpBlockingChannel &channel, const QString &queue)
    {
        return channel.declareQueue(queue, QAmqpQueueOptions().setPassive()).value().messageCount;
    }

private Q_SLOTS:
    void opensAndCloses()
    {
        QAmqpBlockingConnection connection;
        QVERIFY(!connection.isOpen());
        OK(connection.open(url()));
        QVERIFY(connection.isOpen());
        QVERIFY(connection.frameMax() >= 4096);
        QVERIFY(connection.channelMax() > 0);
        QVERIFY(connection.heartbeat() > 0s);
        QVERIFY(connection.hasCapability(u"basic.nack"_s));
        QCOMPARE(connection.open().error().kind(), Kind::InvalidArgument);
        OK(connection.close());
        OK(connection.close());
        QVERIFY(!connection.isOpen());
        QCOMPARE(connection.createChannel().error().kind(), Kind::NotOpen);
        OK(connection.open());
        OK(connection.createChannel());
    }

    // Of two hosts, where the first refuses.
    void tellsWhichHostIsInUse()
    {
        const auto options = QAmqpConnectionOptions::fromUrl(url());
        QAmqpBlockingConnection connection;
        QCOMPARE(connection.endpoint(), QString());
        OK(connection.open(QAmqpConnectionOptions(options).setHosts(
                {{u"127.0.0.1"_s, 1}, options.hosts().constFirst()})));
        QCOMPARE(connection.endpoint(), options.endpoint());
        QString debug;
        QDebug(&debug) << connection;
        QVERIFY2(debug.contains(options.endpoint()), qPrintable(debug));
        OK(connection.close());
        QCOMPARE(connection.endpoint(), QString());
    }

    void refusedLoginIsTold()
    {
        QUrl wrong = url();
        wrong.setPassword(u"wrong"_s);
        QAmqpBlockingConnection connection(wrong);
        QVERIFY(!connection.isOpen());
        QCOMPARE(connection.lastError().kind(), Kind::AuthenticationFailed);
        const QAmqpError error = connection.createChannel().error();
        QCOMPARE(error.kind(), Kind::NotOpen);
        QCOMPARE(error.cause().kind(), Kind::AuthenticationFailed);
    }

    void declaresBindsAndDeletes()
    {
        Session s;
        const QString exchange = u"qtamqp-blocking-%1"_s.arg(QCoreApplication::applicationPid());
        const auto passing = QAmqpExchangeOptions().setAutoDelete();
        OK(s.channel.declareExchange(exchange, u"topic"_s));
        OK(s.channel.declareExchange(exchange + u"2"_s, u"fanout"_s, passing));
        OK(s.channel.bindExchange(exchange + u"2"_s, exchange, u"a.#"_s));
        const QString queue = s.queue();
        OK(s.channel.bindQueue(queue, exchange, u"a.*"_s));
        OK(s.channel.bindQueue(queue, exchange + u"2"_s));
        OK(s.channel.publish(exchange, u"a.b"_s, "1"_ba, QAmqpChannel::Mandatory));
        QCOMPARE(ready(s.channel, queue), 1U); // once, however many ways lead there
        OK(s.channel.unbindQueue(queue, exchange, u"a.*"_s));
        OK(s.channel.unbindExchange(exchange + u"2"_s, exchange, u"a.#"_s));
        const auto unroutable =
                s.channel.publish(exchange, u"a.b"_s, "2"_ba, QAmqpChannel::Mandatory);
        QCOMPARE(unroutable.error().kind(), Kind::Unroutable);
        QCOMPARE(unroutable.messages().size(), 1);
        QCOMPARE(unroutable.messages().constFirst().body(), "2"_ba);
        QCOMPARE(unroutable.messages().constFirst().replyCode(), 312);
        QCOMPARE(unroutable.messages().constFirst().publishTag(), 2U);
        QCOMPARE(s.channel.purgeQueue(queue).value(), 1U);
        QCOMPARE(s.channel.deleteQueue(queue).value(), 0U);
        OK(s.channel.deleteExchange(exchange));
    }

    void refusalClosesTheChannelAndIsToldOnce()
    {
        Session s;
        QAmqpBlockingChannel other = s.connection.createChannel().value();
        const auto missing = QAmqpQueueOptions().setPassive();
        QCOMPARE(s.channel.declareQueue(u"no such queue"_s, missing).error().kind(),
                 Kind::NotFound);
        QVERIFY(!s.channel.isOpen());
        QCOMPARE(s.channel.lastError().kind(), Kind::NotFound);
        const QAmqpError later = s.channel.declareQueue().error();
        QCOMPARE(later.kind(), Kind::NotOpen);
        QCOMPARE(later.cause().kind(), Kind::NotFound);
        QVERIFY2(later.text().contains(u"no such queue"), qPrintable(later.text()));
        QCOMPARE(s.channel.startConsuming().error().cause().kind(), Kind::NotFound);
        // The innocent go on.
        OK(other.declareQueue(QString(), QAmqpQueueOptions().setExclusive()));
        OK(s.connection.processDataEvents());
        OK(s.channel.open());
        OK(s.channel.declareQueue(QString(), QAmqpQueueOptions().setExclusive()));
        QVERIFY(!s.channel.lastError());
    }

    void publishTellsItsOutcome()
    {
        Session s;
        const QString queue = s.queue(QAmqpQueueOptions()
                                              .setExclusive()
                                              .setArgument(u"x-max-length"_s, 1)
                                              .setArgument(u"x-overflow"_s, u"reject-publish"_s));
        QCOMPARE(s.channel.publish({}, queue, "1"_ba).value(), 1U);
        const auto nacked = s.channel.publish({}, queue, "2"_ba);
        QCOMPARE(nacked.error().kind(), Kind::Nacked);
        QCOMPARE(nacked.messages().size(), 1);
        QCOMPARE(nacked.messages().constFirst().body(), "2"_ba);
        QCOMPARE(nacked.messages().constFirst().routingKey(), queue);
        QCOMPARE(nacked.messages().constFirst().replyCode(), 0);
        QVERIFY_THROWS_EXCEPTION(QAmqpException, nacked.value());
        const auto lost = s.channel.publish(u"no such exchange"_s, queue, "3"_ba);
        QCOMPARE(lost.error().kind(), Kind::NotFound);
        QVERIFY2(!lost.error().text().contains(u"may have arrived"),
                 qPrintable(lost.error().text()));
        QCOMPARE(lost.messages().size(), 1);
        QCOMPARE(s.channel.publish({}, queue, "4"_ba).error().kind(), Kind::NotOpen);
        OK(s.channel.open());
        QAmqpMessage unsendable("5"_ba);
        unsendable.setContentType(QString(300, u'x'));
        QCOMPARE(s.channel.publish({}, queue, unsendable).error().kind(), Kind::InvalidArgument);
    }

    void windowTellsFailuresOnce()
    {
        Session s;
        const QString queue = s.queue();
        s.channel.setConfirmWindow(10);
        QCOMPARE(s.channel.confirmWindow(), 10U);
        for (int i = 0; i < 100; ++i) {
            OK(s.channel.publish({}, i % 10 == 9 ? u"nowhere"_s : queue, body(i),
                                 QAmqpChannel::Mandatory));
            QVERIFY(s.channel.unconfirmed() <= 10);
        }
        const auto outcome = s.channel.waitForConfirms();
        QCOMPARE(outcome.error().kind(), Kind::Unroutable);
        QCOMPARE(outcome.messages().size(), 10);
        QCOMPARE(outcome.messages().constFirst().body(), "9"_ba);
        QCOMPARE(outcome.messages().constFirst().publishTag(), 10U);
        QCOMPARE(s.channel.waitForConfirms().value(), 0U);
        QCOMPARE(ready(s.channel, queue), 90U);
        OK(s.channel.publish({}, queue, "more"_ba));
        QCOMPARE(s.channel.waitForConfirms(20s).value(), 1U);
    }

    void withoutConfirmsReturnsAreCalledBack()
    {
        Session s;
        OK(s.channel.setConfirms(false));
        QVERIFY(!s.channel.confirms());
        QList<QByteArray> returned;
        s.channel.onReturned([&](const QAmqpReturn &message) { returned += message.body(); });
        for (int i = 0; i < 5000; ++i)
            OK(s.channel.publish({}, u"nowhere"_s, body(i), QAmqpChannel::Mandatory));
        QCOMPARE(s.channel.waitForConfirms().error().kind(), Kind::InvalidArgument);
        while (returned.size() < 5000)
            QVERIFY(s.connection.processDataEvents(20s).value() > 0);
        QCOMPARE(returned.constLast(), "4999"_ba);
    }

    void getsAndSettles()
    {
        Session s;
        const QString queue = s.queue();
        QVERIFY(!s.channel.get(queue).value());
        fill(s.channel, queue, 3);
        const auto first = s.channel.get(queue).value();
        QCOMPARE(first->body(), "0"_ba);
        QCOMPARE(first->remainingMessages(), 2U);
        QVERIFY(first->reject());
        const auto again = s.channel.get(queue).value();
        QVERIFY(again->isRedelivered());
        QVERIFY(again->ack());
        QVERIFY(!again->ack());
        QCOMPARE(s.channel.get(queue, QAmqpChannel::AckPolicy::NoAck).value()->body(), "1"_ba);
        OK(s.channel.get(queue));
        OK(s.channel.recover());
        QTRY_COMPARE(ready(s.channel, queue), 1U);
        OK(s.channel.get(queue));
        OK(s.channel.ackAll());
        OK(s.channel.nackAll());
        QCOMPARE(ready(s.channel, queue), 0U);
        OK(s.channel.setPrefetch(5));
        QCOMPARE(s.channel.get(u"no such queue"_s).error().kind(), Kind::NotFound);
    }

    void consumesAsARangeAndResumes()
    {
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 30);
        const auto options = QAmqpConsumeOptions().setPrefetch(20);
        int seen = 0;
        for (const QAmqpDelivery &delivery : s.channel.consume(queue, options)) {
            QCOMPARE(delivery.body(), body(seen));
            QVERIFY(delivery.ack());
            if (++seen == 5)
                break;
        }
        // The same goes on where it was left; another may not take its place.
        const QAmqpBlockingConsumer clash = s.channel.consume(queue);
        QCOMPARE(clash.error().kind(), Kind::InvalidArgument);
        QVERIFY_THROWS_EXCEPTION(QAmqpException, clash.begin());
        QAmqpBlockingConsumer consumer = s.channel.consume(queue, options);
        QCOMPARE(s.channel.consumerTags(), QStringList{consumer.consumerTag()});
        for (const QAmqpDelivery &delivery : consumer) {
            QCOMPARE(delivery.body(), body(seen));
            QVERIFY(delivery.ack());
            if (++seen == 10)
                break;
        }
        const auto unsettled = consumer.next();
        QCOMPARE(unsettled->body(), "10"_ba);
        QTRY_COMPARE(consumer.waitingMessages(), 19);
        const int requeued = s.channel.cancel().value();
        QCOMPARE(requeued, 19);
        QTRY_COMPARE(ready(s.channel, queue), 19U); // but for the one that is not settled
        QVERIFY(!consumer.isActive());
        QVERIFY(!consumer.error());
        QCOMPARE(consumer.next().error().kind(), Kind::Cancelled);
        QVERIFY(unsettled->reject());
        QTRY_COMPARE(ready(s.channel, queue), 20U);
        QCOMPARE(s.channel.cancel().value(), 0);
    }

    void inactivityEndsTheLoop()
    {
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 2);
        int seen = 0;
        QAmqpBlockingConsumer consumer = s.channel.consume(queue, {}, 200ms);
        for (const QAmqpDelivery &delivery : consumer)
            seen += delivery.ack();
        QCOMPARE(seen, 2);
        QVERIFY(consumer.isActive());
        QVERIFY(!consumer.error());
        QCOMPARE(consumer.next(10ms).error().kind(), Kind::Timeout);
        OK(s.channel.publish({}, queue, "late"_ba));
        for (const QAmqpDelivery &delivery : consumer)
            seen += delivery.ack();
        QCOMPARE(seen, 3);
        QCOMPARE(consumer.cancel().value(), 0);
    }

    void withoutAckTheBufferStaysReadable()
    {
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 10);
        QAmqpBlockingConsumer consumer = s.channel.consume(queue, QAmqpConsumeOptions().setNoAck());
        QCOMPARE(consumer.next()->body(), "0"_ba);
        QTRY_COMPARE(consumer.waitingMessages(), 9);
        QCOMPARE(s.channel.cancel().value(), 0);
        int seen = 1;
        for (const QAmqpDelivery &delivery : consumer)
            QCOMPARE(delivery.body(), body(seen++));
        QCOMPARE(seen, 10);
    }

    void laggardWithoutAckStopsReading()
    {
        Session s;
        const QString queue = s.queue();
        QAmqpBlockingChannel consuming = s.connection.createChannel().value();
        s.channel.setConfirmWindow(1000);
        constexpr int messages = 20'000; // 20 MB: more than all sockets hold
        for (int i = 0; i < messages; ++i)
            OK(s.channel.publish({}, queue, body(i).rightJustified(1000)));
        OK(s.channel.waitForConfirms());
        const QAmqpBlockingConsumer consumer =
                consuming.consume(queue, QAmqpConsumeOptions().setNoAck());
        QTRY_VERIFY(consumer.waitingMessages() >= 1000);
        // Which sleep() is not: it reads for those who need it, up to ten times that.
        QTest::qWait(300);
        QVERIFY2(consumer.waitingMessages() < 5000,
                 qPrintable(QString::number(consumer.waitingMessages())));
        OK(s.connection.sleep(2s));
        QVERIFY2(consumer.waitingMessages() < 15'000,
                 qPrintable(QString::number(consumer.waitingMessages())));
        for (int i = 0; i < messages; ++i)
            QCOMPARE(consumer.next(20s).value().body().trimmed(), body(i));
    }

    void missingQueueIsTold()
    {
        Session s;
        const QAmqpBlockingConsumer consumer = s.channel.consume(u"no such queue"_s);
        QCOMPARE(consumer.error().kind(), Kind::NotFound);
        QVERIFY(!consumer.isActive());
        QVERIFY_THROWS_EXCEPTION(QAmqpException, consumer.begin());
        QCOMPARE(consumer.waitingMessages(), 0);
        QCOMPARE(s.channel.cancel().error().cause().kind(), Kind::NotFound);
    }

    void deletedQueueEndsTheRange()
    {
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 3);
        QAmqpBlockingConsumer consumer = s.channel.consume(queue);
        QTRY_COMPARE(consumer.waitingMessages(), 3);
        QString cancelled;
        s.channel.onCancelled([&](const QString &tag, const QAmqpError &) { cancelled = tag; });
        OK(s.channel.deleteQueue(queue));
        int seen = 0;
        const auto loop = [&] {
            for (const QAmqpDelivery &delivery : consumer)
                seen += delivery.ack();
        };
        QVERIFY_THROWS_EXCEPTION(QAmqpException, loop());
        QCOMPARE(seen, 3);
        QCOMPARE(consumer.error().kind(), Kind::Cancelled);
        OK(s.connection.processDataEvents());
        QCOMPARE(cancelled, consumer.consumerTag());
    }

    void startConsumingRunsUntilStopped()
    {
        Session s;
        const QString queue = s.queue();
        OK(s.channel.startConsuming()); // nothing to do
        fill(s.channel, queue, 20);
        int seen = 0;
        int requeued = -1;
        QAmqpError nested;
        const auto options = QAmqpConsumeOptions().setPrefetch(8);
        OK(s.channel.consume(
                queue,
                [&](const QAmqpDelivery &delivery) {
                    QCOMPARE(delivery.body(), body(seen));
                    QVERIFY(delivery.ack());
                    ++seen;
                    if (seen == 3) { // calls work here, and nothing else is dispatched
                        nested = s.channel.startConsuming().error();
                        OK(s.channel.declareQueue(queue, QAmqpQueueOptions().setPassive()));
                        OK(s.connection.sleep(20ms));
                        QCOMPARE(s.connection.processDataEvents(20ms).value(), 0);
                        QCOMPARE(seen, 3);
                    }
                    if (seen == 10)
                        requeued = s.channel.stopConsuming().value();
                },
                options));
        OK(s.channel.startConsuming());
        QCOMPARE(nested.kind(), Kind::InvalidArgument);
        QCOMPARE(seen, 10);
        QTRY_COMPARE(ready(s.channel, queue), 10U);
        QVERIFY(requeued >= 0 && requeued <= 8);
        QVERIFY(s.channel.consumerTags().isEmpty());
    }

    void closingGivesBackWhatNoHandlerSaw_data()
    {
        using End = std::function<void(Session &, std::optional<QAmqpBlockingChannel> &)>;
        QTest::addColumn<End>("end");
        const auto row = [](const char *name, const End &end) { QTest::newRow(name) << end; };
        row("close the channel", [](Session &, auto &channel) { OK(channel->close()); });
        row("destroy the channel", [](Session &, auto &channel) { channel.reset(); });
        row("close the connection", [](Session &s, auto &) { OK(s.connection.close()); });
    }

    void closingGivesBackWhatNoHandlerSaw()
    {
        QFETCH(std::function<void(Session &, std::optional<QAmqpBlockingChannel> &)>, end);
        Session watching;
        const QString queue =
                watching.queue(QAmqpQueueOptions().setExclusive(false).setAutoDelete(false));
        fill(watching.channel, queue, 5);
        Session s;
        std::optional<QAmqpBlockingChannel> consuming = s.connection.createChannel().value();
        int seen = 0;
        OK(consuming->consume(queue, [&](const QAmqpDelivery &) { ++seen; }));
        QTRY_COMPARE(ready(watching.channel, queue), 0U);
        OK(consuming->declareQueue(queue, QAmqpQueueOptions().setPassive())); // they have come
        end(s, consuming);
        static_cast<void>(s.connection.sleep(0ms));
        QCOMPARE(seen, 0);
        QTRY_COMPARE(ready(watching.channel, queue), 5U);
        OK(watching.channel.deleteQueue(queue));
    }

    // What waits to be taken was delivered before, so it must not be handed out as well as come again.
    void whatWaitsGoesWithAllOthers_data()
    {
        QTest::addColumn<int>("call");
        QTest::addColumn<QByteArrayList>("afterwards");
        QTest::newRow("recover") << 0 << QByteArrayList{"0", "1", "2"};
        QTest::newRow("nackAll") << 1 << QByteArrayList{"0", "1", "2"};
        QTest::newRow("nackAll, discard") << 2 << QByteArrayList{};
        QTest::newRow("ackAll") << 3 << QByteArrayList{};
    }
    void whatWaitsGoesWithAllOthers()
    {
        QFETCH(int, call);
        QFETCH(QByteArrayList, afterwards);
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 3);
        const QAmqpBlockingConsumer consumer = s.channel.consume(queue);
        QTRY_COMPARE(consumer.waitingMessages(), 3);
        switch (call) {
        case 0: OK(s.channel.recover()); break;
        case 1: OK(s.channel.nackAll()); break;
        case 2: OK(s.channel.nackAll(QAmqpDelivery::Discard)); break;
        case 3: OK(s.channel.ackAll()); break;
        }
        QByteArrayList received;
        for (int i = 0; i < afterwards.size(); ++i) {
            const auto delivery = consumer.next(20s);
            QVERIFY(delivery && delivery->isRedelivered() && delivery->ack());
            received.append(delivery->body());
        }
        std::sort(received.begin(), received.end());
        QCOMPARE(received, afterwards);
        OK(s.channel.declareQueue(
                queue, QAmqpQueueOptions().setPassive())); // whatever was on its way is here
        QCOMPARE(consumer.waitingMessages(), 0);
    }

    // The handler is of the time before.
    void anOpenedChannelCallsNoHandlerOfBefore()
    {
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 3);
        int seen = 0;
        OK(s.channel.consume(queue, [&](const QAmqpDelivery &) { ++seen; }));
        QTRY_COMPARE(ready(s.channel, queue), 0U);
        QCOMPARE(s.channel.purgeQueue(u"there is no such queue"_s).error().kind(), Kind::NotFound);
        OK(s.channel.open());
        QVERIFY(s.connection.processDataEvents(0ms));
        QCOMPARE(seen, 0);
        QTRY_COMPARE(ready(s.channel, queue), 3U);
    }

    // Its message comes when nobody waits for it any more.
    void lateAnswerToGetGivesItsMessageBack()
    {
        QAmqpBlockingConnection connection;
        QAmqpConnection *inside = nullptr;
        connection.setUp([&](QAmqpConnection *made) { inside = made; });
        OK(connection.open(url()));
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const QString queue =
                channel.declareQueue(QString(), QAmqpQueueOptions().setExclusive()).value().name;
        fill(channel, queue, 1);
        std::promise<void> goOn;
        QMetaObject::invokeMethod(
                inside, [&] { goOn.get_future().wait(); }, Qt::QueuedConnection);
        channel.setTimeout(20ms);
        QCOMPARE(channel.get(queue).error().kind(), Kind::Timeout);
        goOn.set_value();
        channel.setTimeout(20s);
        std::optional<QAmqpDelivery> message;
        while (!message)
            message = channel.get(queue).value();
        QVERIFY(message->isRedelivered());
    }

    void exceptionOfAHandlerLosesNothing()
    {
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 5);
        int seen = 0;
        const auto handler = [&](const QAmqpDelivery &delivery) {
            QVERIFY(delivery.ack());
            if (++seen == 2)
                throw 42;
            if (seen == 5)
                OK(s.channel.stopConsuming());
        };
        OK(s.channel.consume(queue, handler));
        QVERIFY_THROWS_EXCEPTION(int, static_cast<void>(s.channel.startConsuming()));
        QCOMPARE(seen, 2);
        OK(s.channel.startConsuming());
        QCOMPARE(seen, 5);
    }

    void transactions()
    {
        Session s;
        const QString queue = s.queue();
        OK(s.channel.txSelect());
        QVERIFY(!s.channel.confirms());
        OK(s.channel.publish({}, queue, "1"_ba));
        OK(s.channel.txRollback());
        OK(s.channel.publish({}, queue, "2"_ba));
        QCOMPARE(ready(s.channel, queue), 0U);
        OK(s.channel.txCommit());
        QCOMPARE(s.channel.get(queue).value()->body(), "2"_ba);
    }

    void acksAreInTheTransaction()
    {
        Session s;
        const QString queue = s.queue();
        OK(s.channel.txSelect());
        for (int i = 0; i < 20; ++i) {
            OK(s.channel.publish({}, queue, body(i)));
            OK(s.channel.txCommit());
            const auto got = s.channel.get(queue).value();
            OK(s.channel.publish({}, queue,
                                 "answer"_ba)); // in the batch the acknowledgement follows
            QVERIFY(got->ack());
            OK(s.channel.txCommit());
            OK(s.channel.close()); // what is not committed comes back
            OK(s.channel.open());
            QCOMPARE(ready(s.channel, queue), 1U);
            OK(s.channel.purgeQueue(queue));
            OK(s.channel.txSelect());
        }
    }

    void tenThreadsPublish()
    {
        Session s;
        const QString queue = s.queue();
        std::atomic<int> failures = 0;
        std::vector<std::thread> threads;
        QAmqpBlockingChannel windowed = s.connection.createChannel().value();
        windowed.setConfirmWindow(50);
        for (int t = 0; t < 10; ++t) {
            threads.emplace_back([&, t] {
                QAmqpBlockingChannel own = s.connection.createChannel().value();
                for (int i = 0; i < 50; ++i) {
                    failures += !own.publish({}, queue, body(i));
                    failures += !s.channel.publish({}, queue, body(i));
                    failures += !windowed.publish({}, queue, body(t));
                }
            });
        }
        for (std::thread &thread : threads)
            thread.join();
        QCOMPARE(failures.load(), 0);
        QCOMPARE(windowed.waitForConfirms().value(), 500U);
        QCOMPARE(ready(s.channel, queue), 1500U);
    }

    void anotherThreadAcknowledges()
    {
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 10);
        std::vector<std::thread> workers;
        std::atomic<int> acked = 0;
        for (const QAmqpDelivery &delivery : s.channel.consume(queue)) {
            workers.emplace_back([&acked, delivery] { acked += delivery.ack(); });
            if (workers.size() == 10)
                break;
        }
        for (std::thread &worker : workers)
            worker.join();
        QCOMPARE(acked.load(), 10);
        OK(s.channel.close());
        OK(s.channel.open());
        QCOMPARE(ready(s.channel, queue), 0U);
    }

    // RabbitMQ closes a connection that misses two heartbeats.
    void handlerThatWorksLongKeepsTheConnection()
    {
        QAmqpBlockingConnection connection(QAmqpConnectionOptions::fromUrl(url()).setHeartbeat(1s));
        QCOMPARE(connection.heartbeat(), 1s);
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const auto options = QAmqpQueueOptions().setAutoDelete(false); // when the handler stops
        const QString queue = channel.declareQueue(QString(), options).value().name;
        bool accepted = false;
        OK(channel.consume(queue, [&](const QAmqpDelivery &delivery) {
            std::this_thread::sleep_for(4 * connection.heartbeat());
            accepted = delivery.ack();
            OK(channel.stopConsuming());
        }));
        OK(channel.publish({}, queue, "m"_ba));
        OK(channel.startConsuming());
        QVERIFY(accepted);
        QVERIFY2(connection.isOpen(), qPrintable(connection.lastError().text()));
        QCOMPARE(ready(channel, queue), 0U);
        OK(connection.close());
    }

    // As tst_waiting has it, and with RabbitMQ itself stopped.
    void closingObjectsRequeues()
    {
        Session s;
        const QString queue = s.queue();
        fill(s.channel, queue, 3);
        {
            QAmqpBlockingChannel channel = s.connection.createChannel().value();
            OK(channel.get(queue));
            OK(channel.publish({}, queue, "4"_ba));
        }
        QTRY_COMPARE(ready(s.channel, queue), 4U);
    }

    void thePlainBackendTakesANewSecret()
    {
        Session s;
        // RabbitMQ answers connection.update-secret whatever the user's mechanism is.
        const auto result = s.connection.updateSecret(u"secret"_s, u"test"_s);
        QVERIFY2(result, qPrintable(result.error().text()));
        QVERIFY(s.connection.isOpen());
    }
};

QTAMQP_BROKER_TEST(TestCalls)
#include "tst_calls.moc"
