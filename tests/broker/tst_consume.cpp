// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Deliveries from RabbitMQ: to whom they come, and how many ahead.

#include "consumetest.h"

#include <set>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestConsume
    : public EveryBroker
    , ConsumeTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void prefetchBoundsWhatComesAhead();
    void prefetchOfTheChannelIsInForce();
    void prefetchOfChannelIsShared();
    void prefetchOfChannelAndQuorumQueues();
    void refusedPrefetchIsForgotten();
    void cancelledConsumerLeavesOtherMessages();
    void deletingConsumerGivesBackWhatComes();
    void pausesAndResumes();
    void consumerPriorities();
    void exclusiveConsumer();
    void consumesWithoutAcknowledgement();
    void manyMessagesComeOnceEach_data();
    void manyMessagesComeOnceEach();
    void severalConsumersShareQueue();
    void getsMessages();
    void hundredChannels();
};

void TestConsume::prefetchBoundsWhatComesAhead()
{
    publish(20);
    const ConsumerLog log(m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(5)));
    QVERIFY(log.waitForMessages(5));
    QVERIFY(!settled(m_publisher));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 15, 20000);
    QCOMPARE(log.messages.size(), 5);
    log.messages.at(0).ack();
    log.messages.at(1).ack();
    QVERIFY(log.waitForMessages(7));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 13, 20000);
    QCOMPARE(log.bodies(), numbers(0, 7));

    // Another consumer of the channel has its own.
    const ConsumerLog other(m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(2)));
    QVERIFY(other.waitForMessages(2));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 11, 20000);
    QCOMPARE(log.messages.size(), 7);
    QCOMPARE(other.messages.size(), 2);
}

// What RabbitMQ has in force, seen by what it keeps back.
void TestConsume::prefetchOfTheChannelIsInForce()
{
    publish(20);
    VERIFY_OK(m_channel->setPrefetch(5));
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(5));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 15, 20000);
    const ConsumerLog other(m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(2)));
    QVERIFY(other.waitForMessages(2));
    const ConsumerLog again(m_channel->consume(m_queue));
    QVERIFY(again.waitForMessages(5));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 8, 20000);
}

// RabbitMQ ends the connection (540) for it: refused where it is known, else explained.
void TestConsume::prefetchOfChannelAndQuorumQueues()
{
    const QString queue = uniqueName(u"quorum"_s);
    const auto options = QAmqpQueueOptions().setDurable().setType(QAmqpQueueOptions::Type::Quorum);
    VERIFY_OK(m_channel->declareQueue(queue, options));
    VERIFY_OK(m_channel->setPrefetch(6, QAmqpChannel::PrefetchScope::Channel));
    QCOMPARE(m_channel->consume(queue)->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(m_channel->lastError().kind(), QAmqpError::Kind::InvalidArgument);
    QVERIFY(m_channel->isOpen());
    Peer other;
    QAmqpChannel *channel = other.channel();
    QVERIFY(other.open());
    VERIFY_OK(channel->setPrefetch(6, QAmqpChannel::PrefetchScope::Channel));
    channel->consume(queue);
    QVERIFY(waitFor([&] { return !channel->isOpen(); }));
    QCOMPARE(other.connection.lastError().replyCode(), 540);
    QVERIFY2(other.connection.lastError().text().contains(u"has its own prefetch"),
             qPrintable(other.connection.lastError().text()));
    VERIFY_OK(m_channel->deleteQueue(queue));
}

void TestConsume::prefetchOfChannelIsShared()
{
    publish(20);
    VERIFY_OK(m_channel->setPrefetch(6, QAmqpChannel::PrefetchScope::Channel));
    const ConsumerLog first(m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(4)));
    QVERIFY(first.waitForMessages(4));
    const ConsumerLog second(m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(4)));
    QVERIFY(second.waitForMessages(2));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 14, 20000);
    QCOMPARE(first.messages.size(), 4);
    QCOMPARE(second.messages.size(), 2);
    second.messages.constFirst().ack();
    QVERIFY(waitFor([&] { return first.messages.size() + second.messages.size() == 7; }));
}

// What a closed channel was told does not count as told.
void TestConsume::refusedPrefetchIsForgotten()
{
    publish(10);
    const ChannelLog log(m_channel);
    m_channel->close();
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    VERIFY_ERROR(failure(m_channel->setPrefetch(4)), NotOpen, Operation, 0);
    m_channel->open();
    const ConsumerLog consumer(m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(4)));
    QVERIFY(consumer.waitForMessages(4));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 6, 20000);
    QCOMPARE(consumer.messages.size(), 4);
}

// What slots have seen is theirs to acknowledge, also after cancelling.
void TestConsume::cancelledConsumerLeavesOtherMessages()
{
    const QObject scope;
    publish(500);
    QAmqpConsumer *consumer = m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(100));
    ConsumerLog log(consumer);
    int seen = 0;
    QFuture<int> cancelled;
    connect(consumer, &QAmqpConsumer::messageReceived, &scope, [&] {
        if (++seen == 10)
            cancelled = consumer->cancel();
    });
    QVERIFY(waitFor([&] { return seen >= 10; }));
    VERIFY_OK(cancelled);
    QCOMPARE(seen, 10);
    QVERIFY(!settled(m_channel));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 490, 20000);
    for (const QAmqpDelivery &message : log.messages)
        QVERIFY(message.ack());
    m_channel->close();
    QVERIFY(waitFor([&] { return m_channel->state() == QAmqpChannel::State::Closed; }));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 490, 20000);
}

void TestConsume::deletingConsumerGivesBackWhatComes()
{
    const QObject scope;
    publish(500);
    std::unique_ptr<QAmqpConsumer> consumer(m_channel->consume(m_queue));
    QAmqpConsumer *const object = consumer.get();
    int seen = 0;
    connect(object, &QAmqpConsumer::messageReceived, &scope, [&](const QAmqpDelivery &delivery) {
        QVERIFY(delivery.ack());
        if (++seen == 5)
            consumer.reset();
    });
    QVERIFY(waitFor([&] { return seen == 5; }));
    QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 495; }));
    QCOMPARE(seen, 5);
    QVERIFY(m_channel->isOpen());
    // One that goes before the broker has heard of it.
    delete m_channel->consume(m_queue);
    QVERIFY(!settled(m_channel));
    QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 495; }));
}

void TestConsume::pausesAndResumes()
{
    const QObject scope;
    publish(30);
    QAmqpConsumer *consumer = m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(10));
    const ConsumerLog log(consumer, true);
    QVERIFY(consumer->pause());
    QVERIFY(consumer->isPaused());
    QVERIFY(waitFor([&] { return consumer->heldMessages() == 10; }));
    QVERIFY(!settled(m_channel));
    QCOMPARE(log.messages.size(), 0);
    consumer->resume();
    QVERIFY(!consumer->isPaused());
    QCOMPARE(log.messages.size(), 0); // never from inside a call
    QVERIFY(log.waitForMessages(30));
    QCOMPARE(log.bodies(), numbers(0, 30));
    QCOMPARE(consumer->heldMessages(), 0);

    // Pausing in a slot holds the very next one.
    QVERIFY(!settled(m_channel));
    int seen = 0;
    connect(consumer, &QAmqpConsumer::messageReceived, &scope, [&] {
        ++seen;
        QVERIFY(consumer->pause());
    });
    publish(3);
    for (int round = 1; round <= 3; ++round) {
        QVERIFY(waitFor([&] { return seen == round && consumer->heldMessages() == 3 - round; }));
        consumer->resume();
    }
    QCOMPARE(log.bodies().mid(30), numbers(0, 3));

    QAmqpConsumer *unbounded = m_channel->consume(m_queue, QAmqpConsumeOptions().setNoAck());
    QVERIFY(!unbounded->pause());
    QVERIFY(!m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(0))->pause());
}

void TestConsume::consumerPriorities()
{
    const auto withPriority = [](int priority) {
        return QAmqpConsumeOptions().setPrefetch(3).setArgument(u"x-priority"_s, priority);
    };
    const ConsumerLog low(m_channel->consume(m_queue, withPriority(0)));
    const ConsumerLog high(m_channel->consume(m_queue, withPriority(10)));
    QVERIFY(!settled(m_channel));
    publish(4);
    QVERIFY(high.waitForMessages(3));
    QVERIFY(low.waitForMessages(1));
    QCOMPARE(high.bodies(), numbers(0, 3));
    QCOMPARE(low.bodies(), numbers(3, 4));
}

void TestConsume::exclusiveConsumer()
{
    const ConsumerLog first(m_channel->consume(m_queue, QAmqpConsumeOptions().setExclusive()));
    QVERIFY(waitFor([&] { return first.started == 1; }));
    QAmqpChannel *other = m_peer->channel();
    const ChannelLog log(other);
    const ConsumerLog second(other->consume(m_queue));
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(log.errors.size(), 1);
    VERIFY_ERROR(log.errors.constFirst(), AccessRefused, Channel, 403);
    QCOMPARE(second.cancelled.size(), 1);
    QCOMPARE(second.started, 0);
    publish(1);
    QVERIFY(first.waitForMessages(1));
    QVERIFY(first.messages.constFirst().ack());
}

void TestConsume::consumesWithoutAcknowledgement()
{
    publish(1000);
    QAmqpConsumer *consumer = m_channel->consume(m_queue, QAmqpConsumeOptions().setNoAck());
    const ConsumerLog log(consumer);
    QVERIFY(log.waitForMessages(1000));
    QCOMPARE(log.bodies(), numbers(0, 1000));
    QVERIFY(log.messages.constFirst().isSettled());
    QVERIFY(!log.messages.constFirst().ack());
    QVERIFY(!m_channel->ackAll());
    VERIFY_OK(consumer->cancel());
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 0, 20000);
}

void TestConsume::manyMessagesComeOnceEach_data()
{
    QTest::addColumn<int>("prefetch");
    QTest::addColumn<int>("ackEvery");
    QTest::newRow("each acknowledged") << 250 << 1;
    QTest::newRow("acknowledged by fifty") << 500 << 50;
    QTest::newRow("prefetch of one") << 1 << 1;
    QTest::newRow("without acknowledgement") << 0 << 0;
}

// Published while they are consumed.
void TestConsume::manyMessagesComeOnceEach()
{
    const QObject scope;
    QFETCH(int, prefetch);
    QFETCH(int, ackEvery);
    const int total = prefetch == 1 ? 2000 : 20000;
    QAmqpConsumer *consumer = m_channel->consume(
            m_queue, QAmqpConsumeOptions().setPrefetch(quint16(prefetch)).setNoAck(ackEvery == 0));
    std::vector<int> seen(size_t(total), 0);
    int count = 0;
    int redelivered = 0;
    connect(consumer, &QAmqpConsumer::messageReceived, &scope, [&](const QAmqpDelivery &message) {
        ++seen[size_t(message.body().toInt())];
        redelivered += message.isRedelivered();
        ++count;
        if (ackEvery && count % ackEvery == 0)
            QVERIFY(message.ack(ackEvery == 1 ? QAmqpDelivery::Single : QAmqpDelivery::Multiple));
    });
    const ChannelLog log(m_publisher);
    m_publisher->setMaxUnconfirmed(1000);
    int published = 0;
    const auto publishMore = [&] {
        while (published < total && m_publisher->isReadyToPublish())
            m_publisher->publish({}, m_queue, QByteArray::number(published++));
    };
    connect(m_publisher, &QAmqpChannel::readyToPublish, &scope, publishMore);
    publishMore();
    QVERIFY(waitFor([&] { return count >= total; }));
    QVERIFY(log.waitForSettled(quint64(total)));
    VERIFY_OK(consumer->cancel());
    QVERIFY(!settled(m_channel));
    QCOMPARE(count, total);
    QCOMPARE(redelivered, 0);
    QCOMPARE(std::count(seen.begin(), seen.end(), 1), total);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 0, 20000);
    const ChannelLog channelLog(m_channel);
    m_channel->close();
    QVERIFY(waitFor([&] { return channelLog.closed == 1; }));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 0, 20000); // all were acknowledged
}

void TestConsume::severalConsumersShareQueue()
{
    const QObject scope;
    constexpr int total = 3000;
    std::multiset<int> seen;
    int most = 0;
    for (int i = 0; i < 6; ++i) {
        QAmqpChannel *channel = i % 2 ? m_channel : m_peer->channel();
        QAmqpConsumer *consumer = channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(20));
        auto own = std::make_shared<int>(0);
        connect(consumer, &QAmqpConsumer::messageReceived, &scope,
                [&, own, tag = consumer->consumerTag()](const QAmqpDelivery &message) {
                    QCOMPARE(message.consumerTag(), tag);
                    seen.insert(message.body().toInt());
                    most = std::max(most, ++*own);
                    QVERIFY(message.ack());
                });
    }
    publish(total);
    QVERIFY(waitFor([&] { return seen.size() >= total; }));
    QVERIFY(!settled(m_channel));
    QCOMPARE(seen.size(), size_t(total));
    QCOMPARE(std::set<int>(seen.begin(), seen.end()).size(), size_t(total));
    QVERIFY(most < total); // it was shared
}

void TestConsume::getsMessages()
{
    const auto nothing = m_channel->get(m_queue);
    VERIFY_OK(nothing);
    QVERIFY(!nothing.result());
    publish(3);
    const auto first = m_channel->get(m_queue);
    const auto second = m_channel->get(m_queue);
    const auto third = m_channel->get(m_queue, QAmqpChannel::AckPolicy::NoAck);
    const auto fourth = m_channel->get(m_queue);
    VERIFY_OK(fourth);
    QVERIFY(!fourth.result());
    QCOMPARE(first.result()->body(), "0"_ba);
    QCOMPARE(first.result()->remainingMessages(), 2U);
    QCOMPARE(first.result()->consumerTag(), QString());
    QCOMPARE(second.result()->body(), "1"_ba);
    QCOMPARE(third.result()->remainingMessages(), 0U);
    QVERIFY(third.result()->isSettled());
    QVERIFY(first.result()->nack());
    QVERIFY(second.result()->ack());
    QVERIFY(!second.result()->ack());
    const auto again = m_channel->get(m_queue);
    VERIFY_OK(again);
    QVERIFY(again.result());
    QVERIFY(again.result()->isRedelivered());
    QCOMPARE(again.result()->body(), "0"_ba);
    QVERIFY(m_channel->ackAll());
    QVERIFY(!settled(m_channel));
    m_channel->close();
    QVERIFY(waitFor([&] { return m_channel->state() == QAmqpChannel::State::Closed; }));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 0, 20000);
}

void TestConsume::hundredChannels()
{
    constexpr int channels = 100;
    constexpr int each = 20;
    std::vector<std::unique_ptr<ChannelLog>> logs;
    std::vector<std::unique_ptr<ConsumerLog>> consumers;
    std::vector<QAmqpQueue *> queues;
    std::set<int> used;
    Peer other;
    for (int i = 0; i < channels; ++i) {
        QAmqpChannel *channel = other.channel();
        used.insert(channel->number());
        logs.push_back(std::make_unique<ChannelLog>(channel));
        queues.push_back(channel->queue());
        queues.back()->declare(exclusive);
        consumers.push_back(std::make_unique<ConsumerLog>(queues.back()->consume(), true));
        for (int n = 0; n < each; ++n)
            queues.back()->publish(QByteArray::number(i * each + n));
    }
    QCOMPARE(used.size(), size_t(channels));
    QVERIFY(other.open());
    for (int i = 0; i < channels; ++i) {
        QVERIFY(consumers[size_t(i)]->waitForMessages(each));
        QVERIFY(logs[size_t(i)]->waitForSettled(each));
        QCOMPARE(consumers[size_t(i)]->bodies(), numbers(i * each, (i + 1) * each));
        QCOMPARE(logs[size_t(i)]->count(Fate::Confirmed), each);
    }
    // A failing one leaves the others alone.
    QVERIFY(failure(queues[50]->channel()->purgeQueue(u"no such queue"_s)));
    QVERIFY(waitFor([&] { return logs[50]->closed == 1; }));
    for (int i = 0; i < channels; ++i)
        QCOMPARE(logs[size_t(i)]->closed, int(i == 50));
    VERIFY_OK(queues[51]->publishConfirmed("x"_ba));
    // Its number is free again.
    QAmqpChannel *channel = other.channel();
    QCOMPARE(channel->number(), 51);
    QVERIFY(!settled(channel));
    QVERIFY(other.close());
    QVERIFY(other.errors.isEmpty());
}

QTAMQP_TEST(TestConsume)
#include "tst_consume.moc"
