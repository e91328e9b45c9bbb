// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// RabbitMQ's habits with requests that are written without waiting: replies that overtake others,
// requests that must not be sent yet, and what a failing one takes with it.

#include "everybroker.h"

#include <QtCore/qrandom.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestPipeline : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void answersMixedRequests_data();
    void answersMixedRequests();
    void manyConsumersAtOnce();
    void consumesAndCancelsAtOnce();
    void cancelsWhileMessagesCome();
    void oneOfManyFails_data();
    void oneOfManyFails();
    void commitHasMoreBehind();
    void thousandQueues();
    void closesBehindManyRequests();

private:
    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
};

void TestPipeline::init()
{
    m_peer = std::make_unique<Peer>();
    m_channel = m_peer->channel();
    QVERIFY(m_peer->open());
}

void TestPipeline::cleanup()
{
    if (!m_peer)
        return;
    QVERIFY(m_peer->close());
    QVERIFY(m_peer->errors.isEmpty());
    m_peer.reset();
}

void TestPipeline::answersMixedRequests_data()
{
    QTest::addColumn<quint32>("seed");
    for (quint32 seed = 1; seed <= 20; ++seed)
        QTest::addRow("seed %u", seed) << seed;
}

// Thirty requests of random kinds, publishes and acknowledgements between them.
void TestPipeline::answersMixedRequests()
{
    QFETCH(quint32, seed);
    QRandomGenerator random(seed);
    const QString queue = uniqueName();
    const QString exchange = uniqueName();
    const ChannelLog log(m_channel);
    std::vector<std::function<QAmqpError()>> outcomes;
    std::vector<std::unique_ptr<ConsumerLog>> consumers;
    QStringList order;
    QStringList ended;
    const auto track = [&](const QString &what, auto future) {
        const QString name = u"%1 %2"_s.arg(outcomes.size()).arg(what);
        // The replies of consume and cancel overtake others.
        if (what != u"cancel"_s)
            order << name;
        future.then([&ended, name, what](auto) {
            if (what != u"cancel"_s)
                ended << name;
        });
        outcomes.push_back([future] { return failure(future); });
    };
    track(u"declare"_s, m_channel->declareQueue(queue, exclusive));
    track(u"exchange"_s, m_channel->declareExchange(exchange, u"fanout"_s));
    std::vector<QAmqpConsumer *> running;
    quint64 published = 0;
    while (outcomes.size() < 30) {
        switch (random.bounded(11)) {
        case 0: track(u"declare"_s, m_channel->declareQueue(queue, exclusive)); break;
        case 1: track(u"named"_s, m_channel->declareQueue({}, exclusive)); break;
        case 2: track(u"bind"_s, m_channel->bindQueue(queue, exchange, u"key"_s)); break;
        case 3: track(u"unbind"_s, m_channel->unbindQueue(queue, exchange, u"key"_s)); break;
        case 4: track(u"purge"_s, m_channel->purgeQueue(queue)); break;
        case 5: track(u"get"_s, m_channel->get(queue, QAmqpChannel::AckPolicy::NoAck)); break;
        case 6: track(u"prefetch"_s, m_channel->setPrefetch(quint16(random.bounded(1, 9)))); break;
        case 7:
            running.push_back(m_channel->consume(queue));
            consumers.push_back(std::make_unique<ConsumerLog>(running.back(), true));
            break;
        case 8:
            if (!running.empty()) {
                track(u"cancel"_s, running.back()->cancel());
                running.pop_back();
            }
            break;
        default: published = m_channel->publish({}, queue, "x"_ba); break;
        }
    }
    for (const auto &outcome : outcomes) {
        const QAmqpError error = outcome();
        QVERIFY2(!error, describe(error).constData());
    }
    QCOMPARE(ended, order);
    QVERIFY(log.waitForSettled(published));
    QVERIFY(!settled(m_channel));
    for (QAmqpConsumer *consumer : running)
        QVERIFY(consumer->isActive());
    for (const auto &consumer : consumers)
        QVERIFY(consumer->started + consumer->cancelled.size() >= 1);
    QCOMPARE(log.count(Fate::Confirmed), qsizetype(published));
    QCOMPARE(log.errors.size(), 0);
    VERIFY_OK(m_channel->deleteExchange(exchange));
}

void TestPipeline::manyConsumersAtOnce()
{
    constexpr int total = 100;
    std::vector<QAmqpConsumer *> consumers;
    std::vector<std::unique_ptr<ConsumerLog>> logs;
    for (int i = 0; i < total; ++i) {
        QAmqpQueue *queue = m_channel->queue();
        queue->declare(exclusive);
        consumers.push_back(queue->consume());
        logs.push_back(std::make_unique<ConsumerLog>(consumers.back(), true));
        queue->publish(QByteArray::number(i));
    }
    for (int i = 0; i < total; ++i) {
        QVERIFY(logs[size_t(i)]->waitForMessages(1));
        QCOMPARE(logs[size_t(i)]->bodies(), QList{QByteArray::number(i)});
        QCOMPARE(logs[size_t(i)]->started, 1);
    }
    std::vector<QFuture<int>> cancelled;
    for (QAmqpConsumer *consumer : consumers)
        cancelled.push_back(consumer->cancel());
    const auto behind = m_channel->declareQueue({}, exclusive);
    for (const auto &future : cancelled) {
        VERIFY_OK(future);
        QCOMPARE(future.result(), 0);
    }
    VERIFY_OK(behind);
}

void TestPipeline::consumesAndCancelsAtOnce()
{
    const QString queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, exclusive));
    for (int i = 0; i < 100; ++i)
        m_channel->publish({}, queue, QByteArray::number(i));
    VERIFY_OK(m_channel->allConfirmed());
    for (int round = 0; round < 50; ++round) {
        QAmqpConsumer *consumer = m_channel->consume(queue);
        const ConsumerLog log(consumer);
        const auto cancelled = consumer->cancel();
        VERIFY_OK(cancelled);
        QCOMPARE(log.messages.size(), 0); // nothing is shown after cancel() was called
        QCOMPARE(log.cancelled.size(), 1);
        QVERIFY(!log.cancelled.constFirst());
        delete consumer;
    }
    QVERIFY(!settled(m_channel));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, queue), 100, 20000);

    // Also before anything is open, and with the same tag again.
    Peer other;
    QAmqpChannel *channel = other.channel();
    const auto options = QAmqpConsumeOptions().setConsumerTag(u"tag"_s);
    QAmqpQueue *own = channel->queue();
    own->declare(QAmqpQueueOptions().setAutoDelete(false));
    own->publish("x"_ba);
    QAmqpConsumer *first = own->consume(options);
    const auto cancelled = first->cancel();
    QVERIFY(other.open());
    VERIFY_OK(cancelled);
    const ConsumerLog log(own->consume(options), true);
    QVERIFY(log.waitForMessages(1));
    QVERIFY(other.close());
    QVERIFY(other.errors.isEmpty());
}

// Each message is seen by a slot, or it is in the queue afterwards.
void TestPipeline::cancelsWhileMessagesCome()
{
    const QString queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, exclusive));
    constexpr int total = 5000;
    std::vector<int> seen(total, 0);
    int count = 0;
    const QObject scope;
    QAmqpConsumer *consumer = nullptr;
    int cancels = 0;
    const std::function<void()> startAnew = [&] {
        consumer = m_channel->consume(queue, QAmqpConsumeOptions().setPrefetch(40));
        connect(consumer, &QAmqpConsumer::messageReceived, &scope,
                [&](const QAmqpDelivery &message) {
                    ++seen[size_t(message.body().toInt())];
                    QVERIFY(message.ack());
                    if (++count % 97 == 0 && count < total) {
                        ++cancels;
                        consumer->cancel();
                        startAnew();
                    }
                });
    };
    QAmqpChannel *publisher = m_peer->channel();
    const ChannelLog log(publisher);
    for (int i = 0; i < total; ++i)
        publisher->publish({}, queue, QByteArray::number(i));
    startAnew();
    QVERIFY(waitFor([&] { return count >= total; }));
    QVERIFY(!settled(m_channel));
    QCOMPARE(count, total);
    QVERIFY(cancels > 20);
    QCOMPARE(std::count(seen.begin(), seen.end(), 1), total);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, queue), 0, 20000);
}

void TestPipeline::oneOfManyFails_data()
{
    QTest::addColumn<int>("before");
    QTest::newRow("the first") << 0;
    QTest::newRow("in the middle") << 10;
    QTest::newRow("the last but one") << 19;
}

// What was before succeeds, the guilty one tells why, what is behind is given up.
void TestPipeline::oneOfManyFails()
{
    QFETCH(int, before);
    const QString queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, exclusive));
    const ChannelLog log(m_channel);
    std::vector<QFuture<QAmqpQueueInfo>> futures;
    for (int i = 0; i < 20; ++i) {
        m_channel->publish({}, queue, QByteArray::number(i));
        if (i == before)
            futures.push_back(
                    m_channel->declareQueue(u"no such queue"_s, QAmqpQueueOptions().setPassive()));
        else
            futures.push_back(m_channel->declareQueue({}, exclusive));
    }
    const ConsumerLog consumer(m_channel->consume(queue));
    const auto got = m_channel->get(queue);
    const auto last = m_channel->publishConfirmed({}, queue, "x"_ba);
    for (int i = 0; i < 20; ++i) {
        const QAmqpError error = failure(futures[size_t(i)]);
        if (i < before) {
            QVERIFY2(!error, describe(error).constData());
        } else if (i == before) {
            VERIFY_ERROR(error, NotFound, Channel, 404);
            QCOMPARE(error.method(), u"queue.declare"_s);
        } else {
            VERIFY_ERROR(error, Cancelled, Operation, 0);
            QCOMPARE(error.cause().replyCode(), 404);
        }
    }
    VERIFY_ERROR(failure(got), Cancelled, Operation, 0);
    QVERIFY(failure(last));
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(log.errors.size(), 1);
    VERIFY_ERROR(log.errors.constFirst(), NotFound, Channel, 404);
    QCOMPARE(consumer.started, 0);
    QCOMPARE(consumer.cancelled.size(), 1);
    QCOMPARE(log.settledCount(), 21);
    QCOMPARE(log.settledTwice, 0);
    QCOMPARE(log.count(Fate::Nacked), 0);
    // Those behind the failure were dropped by the broker, so none of them may count as confirmed.
    for (quint64 tag = quint64(before) + 2; tag <= 21; ++tag)
        QCOMPARE(log.fates.at(tag), Fate::Indeterminate);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, queue), before + 1, 20000);
}

// RabbitMQ closes the connection (504) for anything that comes before tx.commit-ok.
void TestPipeline::commitHasMoreBehind()
{
    const QString queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, exclusive));
    std::vector<QFuture<void>> futures;
    futures.push_back(m_channel->txSelect());
    for (int i = 0; i < 20; ++i) {
        m_channel->publish({}, queue, QByteArray::number(i));
        futures.push_back(m_channel->txCommit());
        m_channel->publish({}, queue, "gone"_ba);
        if (i % 5 == 0)
            futures.push_back(m_channel->setPrefetch(10));
        futures.push_back(m_channel->txRollback());
    }
    const auto declared = m_channel->declareQueue({}, exclusive);
    for (const auto &future : futures)
        VERIFY_OK(future);
    VERIFY_OK(declared);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, queue), 20, 20000);
    for (int i = 0; i < 20; ++i)
        QCOMPARE(fetch(m_channel, queue)->body(), QByteArray::number(i));

    // Acknowledgements wait as well.
    for (int i = 0; i < 5; ++i)
        m_channel->publish({}, queue, "x"_ba);
    VERIFY_OK(m_channel->txCommit());
    QAmqpConsumer *consumer = m_channel->consume(queue);
    const QObject scope;
    std::vector<QFuture<void>> commits;
    connect(consumer, &QAmqpConsumer::messageReceived, &scope, [&](const QAmqpDelivery &message) {
        QVERIFY(message.ack());
        commits.push_back(m_channel->txCommit());
    });
    QVERIFY(waitFor([&] { return commits.size() == 5; }));
    for (size_t i = 0; i < commits.size(); ++i)
        VERIFY_OK(commits[i]);
    VERIFY_OK(m_channel->recover());
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, queue), 0, 20000);
    QCOMPARE(commits.size(), 5U);
}

void TestPipeline::thousandQueues()
{
    std::vector<QFuture<QAmqpQueueInfo>> futures;
    for (int i = 0; i < 1000; ++i)
        futures.push_back(m_channel->declareQueue({}, exclusive));
    QSet<QString> names;
    for (const auto &future : futures) {
        VERIFY_OK(future);
        names.insert(future.result().name);
    }
    QCOMPARE(names.size(), 1000);
}

void TestPipeline::closesBehindManyRequests()
{
    QString queue = uniqueName();
    Peer other;
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    std::vector<QFuture<QAmqpQueueInfo>> futures;
    for (int i = 0; i < 50; ++i)
        futures.push_back(channel->declareQueue({}, exclusive));
    futures.push_back(channel->declareQueue(queue));
    channel->publish({}, queue, "x"_ba);
    const ConsumerLog consumer(channel->consume(queue));
    QVERIFY(other.open());
    QVERIFY(other.close());
    for (const auto &future : futures)
        VERIFY_OK(future);
    QCOMPARE(log.count(Fate::Confirmed), 1);
    QCOMPARE(log.closed, 1);
    QCOMPARE(log.errors.size(), 0);
    QCOMPARE(consumer.cancelled.size(), 1);
    QVERIFY(other.errors.isEmpty());
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, queue), 1, 20000);
    VERIFY_OK(m_channel->deleteQueue(queue));
}

QTAMQP_TEST(TestPipeline)
#include "tst_pipeline.moc"
