// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Deliveries from RabbitMQ: each comes once, and what is not acknowledged goes back.

#include "consumetest.h"

#include <atomic>
#include <mutex>
#include <thread>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestAcknowledging
    : public EveryBroker
    , ConsumeTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void acknowledgesOneByOne();
    void acknowledgesSeveralAtOnce();
    void acknowledgesAll();
    void givesBackAndGetsAgain();
    void givesBackSeveralAtOnce();
    void discardedMessagesAreDeadLettered();
    void settlesOnlyOnce();
    void staleDeliveriesAreNotSettled();
    void recoverDeliversAgain();
    void whatIsRolledBackIsSettledAgain();
    void aFailedCommitSettlesNothing();
    void cancelGivesBackWhatIsHeld();
    void closingChannelGivesBackWhatIsUnsettled();
    void acknowledgesFromOtherThreads();
    void acknowledgesAfterConnectionIsGone();
};

void TestAcknowledging::acknowledgesOneByOne()
{
    publish(10);
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(10));
    for (int i = 0; i < 10; i += 2) {
        QVERIFY(!log.messages.at(i).isSettled());
        QVERIFY(log.messages.at(i).ack());
        QVERIFY(log.messages.at(i).isSettled());
    }
    m_channel->close();
    QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 5; }));
    QCOMPARE(fetch(m_publisher, m_queue)->body(), "1"_ba);
}

void TestAcknowledging::acknowledgesSeveralAtOnce()
{
    publish(10);
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(10));
    QVERIFY(log.messages.at(6).ack(QAmqpDelivery::Multiple));
    QVERIFY(!log.messages.at(3).ack()); // settled with the others
    QVERIFY(log.messages.at(8).ack());
    m_channel->close();
    QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 2; }));
    QCOMPARE(fetch(m_publisher, m_queue)->body(), "7"_ba);
    QCOMPARE(fetch(m_publisher, m_queue)->body(), "9"_ba);
}

void TestAcknowledging::acknowledgesAll()
{
    QVERIFY(!m_channel->ackAll()); // there is nothing
    publish(10);
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(10));
    QVERIFY(log.messages.at(4).ack());
    QVERIFY(m_channel->ackAll());
    QVERIFY(!m_channel->ackAll());
    QVERIFY(!m_channel->nackAll());
    QVERIFY(!log.messages.at(5).nack());
    QVERIFY(!settled(m_channel));
    m_channel->close();
    QVERIFY(waitFor([&] { return !m_channel->isOpen(); }));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 0, 20000);
}

void TestAcknowledging::givesBackAndGetsAgain()
{
    publish(3);
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(3));
    for (const QAmqpDelivery &message : log.messages)
        QVERIFY(!message.isRedelivered());
    QVERIFY(log.messages.at(1).nack());
    QVERIFY(log.waitForMessages(4));
    QCOMPARE(log.messages.at(3).body(), "1"_ba);
    QVERIFY(log.messages.at(3).isRedelivered());
    QVERIFY(log.messages.at(3).reject());
    QVERIFY(log.waitForMessages(5));
    QCOMPARE(log.messages.at(4).body(), "1"_ba);
    QVERIFY(log.messages.at(4).isRedelivered());
    QVERIFY(log.messages.at(4).deliveryTag() > log.messages.at(3).deliveryTag());
    QVERIFY(m_channel->ackAll());
}

void TestAcknowledging::givesBackSeveralAtOnce()
{
    publish(10);
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(10));
    QVERIFY(log.messages.at(4).nack(QAmqpDelivery::Requeue, QAmqpDelivery::Multiple));
    QVERIFY(log.waitForMessages(15));
    QCOMPARE(log.bodies().mid(10), numbers(0, 5)); // to their old places
    QVERIFY(m_channel->nackAll());
    QVERIFY(log.waitForMessages(25));
    QVERIFY(m_channel->nackAll(QAmqpDelivery::Discard));
    QVERIFY(!settled(m_channel));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 0, 20000);
}

void TestAcknowledging::discardedMessagesAreDeadLettered()
{
    const QString dead = uniqueName();
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(dead, exclusive));
    VERIFY_OK(m_channel->declareQueue(name,
                                      QAmqpQueueOptions()
                                              .setExclusive()
                                              .setArgument(u"x-dead-letter-exchange"_s, u""_s)
                                              .setArgument(u"x-dead-letter-routing-key"_s, dead)));
    publish(3, name);
    const ConsumerLog log(m_channel->consume(name));
    const ConsumerLog deadLog(m_channel->consume(dead), true);
    QVERIFY(log.waitForMessages(3));
    QVERIFY(log.messages.at(0).reject(QAmqpDelivery::Discard));
    QVERIFY(log.messages.at(1).nack(QAmqpDelivery::Discard));
    QVERIFY(log.messages.at(2).ack());
    QVERIFY(deadLog.waitForMessages(2));
    QVERIFY(!settled(m_channel));
    QCOMPARE(deadLog.bodies(), numbers(0, 2));
    QCOMPARE(deadLog.messages.at(0).headers().value(u"x-first-death-reason"_s).toString(),
             u"rejected"_s);
    QCOMPARE(log.messages.size(), 3);
}

void TestAcknowledging::settlesOnlyOnce()
{
    publish(1);
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(1));
    const QAmqpDelivery copy = log.messages.constFirst();
    QVERIFY(copy.ack());
    QVERIFY(!copy.ack());
    QVERIFY(!log.messages.constFirst().nack());
    QVERIFY(!copy.reject());
    QVERIFY(!settled(m_channel)); // a second one would have closed it (406)
    QVERIFY(!QAmqpDelivery().ack());
}

void TestAcknowledging::staleDeliveriesAreNotSettled()
{
    publish(2);
    ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(2));
    const ChannelLog channelLog(m_channel);
    m_channel->close();
    QVERIFY(waitFor([&] { return channelLog.closed == 1; }));
    QVERIFY(!log.messages.at(0).ack());
    m_channel->open();
    const ConsumerLog again(m_channel->consume(m_queue));
    QVERIFY(again.waitForMessages(2));
    QVERIFY(again.messages.at(0).isRedelivered());
    QVERIFY(!log.messages.at(1).ack()); // the same tag, of an earlier life of the channel
    QVERIFY(!settled(m_channel));
    QCOMPARE(channelLog.errors.size(), 0);
    QVERIFY(again.messages.at(0).ack());
    QVERIFY(again.messages.at(1).ack());
    QVERIFY(!settled(m_channel));
}

void TestAcknowledging::recoverDeliversAgain()
{
    publish(3);
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(3));
    QVERIFY(log.messages.at(0).ack());
    VERIFY_OK(m_channel->recover());
    QVERIFY(log.waitForMessages(5));
    QCOMPARE(log.bodies().mid(3), numbers(1, 3));
    QVERIFY(log.messages.at(3).isRedelivered());
    QVERIFY(m_channel->ackAll());
    QVERIFY(!settled(m_channel));
}

// RabbitMQ counts a message that was settled in the transaction as unsettled again, and so it may be settled
// in another way.
void TestAcknowledging::whatIsRolledBackIsSettledAgain()
{
    publish(4);
    VERIFY_OK(m_channel->txSelect());
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(4));
    QVERIFY(log.messages.at(0).ack());
    QVERIFY(log.messages.at(2).ack(QAmqpDelivery::Multiple));
    QVERIFY(log.messages.at(3).nack(QAmqpDelivery::Discard));
    VERIFY_OK(m_channel->txRollback());
    for (const QAmqpDelivery &message : log.messages)
        QVERIFY(!message.isSettled());
    QVERIFY(log.messages.at(0).nack()); // which comes again
    QVERIFY(log.messages.at(2).ack(QAmqpDelivery::Multiple));
    VERIFY_OK(m_channel->txCommit());
    QVERIFY(log.waitForMessages(5));
    QVERIFY(log.messages.at(4).isRedelivered());
    QVERIFY(!log.messages.at(3).isSettled());
    m_channel->close();
    QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 2; }));
    QCOMPARE(fetch(m_publisher, m_queue)->body(), "0"_ba);
    QCOMPARE(fetch(m_publisher, m_queue)->body(), "3"_ba);
}

// A publish to an exchange that is not there ends the channel, and the transaction with it.
void TestAcknowledging::aFailedCommitSettlesNothing()
{
    publish(1);
    VERIFY_OK(m_channel->txSelect());
    const ConsumerLog log(m_channel->consume(m_queue));
    QVERIFY(log.waitForMessages(1));
    QVERIFY(log.messages.at(0).ack());
    m_channel->publish(u"there is no such exchange"_s, {}, "m"_ba);
    const QAmqpError failed = failure(m_channel->txCommit()); // for which it was not to blame
    VERIFY_ERROR(failed, Cancelled, Operation, 0);
    QCOMPARE(failed.cause().kind(), QAmqpError::Kind::NotFound);
    QVERIFY(!log.messages.at(0).isSettled() && !log.messages.at(0).ack());
    QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 1; }));
}

void TestAcknowledging::cancelGivesBackWhatIsHeld()
{
    publish(20);
    QAmqpConsumer *consumer = m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(12));
    const ConsumerLog log(consumer);
    QVERIFY(consumer->pause());
    QVERIFY(waitFor([&] { return consumer->heldMessages() == 12; }));
    QCOMPARE(log.messages.size(), 0);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 8, 20000);
    const auto cancelled = consumer->cancel();
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Cancelling);
    VERIFY_OK(cancelled);
    QCOMPARE(cancelled.result(), 12);
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(log.cancelled.size(), 1);
    QVERIFY(!log.cancelled.constFirst());
    QCOMPARE(log.messages.size(), 0);
    QVERIFY(!settled(m_channel));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 20, 20000);
    QVERIFY(fetch(m_publisher, m_queue)->isRedelivered());
    VERIFY_ERROR(failure(consumer->cancel()), NotOpen, Operation, 0);
}

void TestAcknowledging::closingChannelGivesBackWhatIsUnsettled()
{
    publish(50);
    const ConsumerLog log(m_channel->consume(m_queue));
    const ChannelLog channelLog(m_channel);
    QVERIFY(log.waitForMessages(10));
    for (int i = 0; i < 10; ++i)
        QVERIFY(log.messages.at(i).ack());
    m_channel->close();
    QVERIFY(waitFor([&] { return channelLog.closed == 1; }));
    QCOMPARE(log.cancelled.size(), 1);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 40, 20000);
}

void TestAcknowledging::acknowledgesFromOtherThreads()
{
    const QObject scope;
    constexpr int total = 4000;
    constexpr int threads = 4;
    std::mutex mutex;
    std::vector<QAmqpDelivery> mail[threads];
    std::atomic<bool> done = false;
    std::atomic<int> accepted = 0;
    std::atomic<int> twice = 0;
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) {
        workers.emplace_back([&, i] {
            while (true) {
                std::vector<QAmqpDelivery> mine;
                const bool last = done;
                {
                    const std::lock_guard lock(mutex);
                    mine.swap(mail[i]);
                }
                for (const QAmqpDelivery &delivery : mine) {
                    accepted += delivery.ack();
                    twice += delivery.ack();
                }
                if (last && mine.empty())
                    return;
                if (mine.empty())
                    std::this_thread::yield();
            }
        });
    }
    QAmqpConsumer *consumer = m_channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(50));
    const ChannelLog log(m_channel);
    int count = 0;
    connect(consumer, &QAmqpConsumer::messageReceived, &scope, [&](const QAmqpDelivery &message) {
        const std::lock_guard lock(mutex);
        mail[count++ % threads].push_back(message);
    });
    for (int i = 0; i < total; ++i)
        m_publisher->publish({}, m_queue, QByteArray::number(i));
    const bool all = waitFor([&] { return count >= total && accepted >= total; });
    done = true;
    for (std::thread &worker : workers)
        worker.join();
    QVERIFY(all);
    QCOMPARE(count, total);
    QCOMPARE(accepted, total);
    QCOMPARE(twice, 0);
    QVERIFY(!settled(m_channel));
    QCOMPARE(log.errors.size(), 0);
    m_channel->close();
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 0, 20000);
}

void TestAcknowledging::acknowledgesAfterConnectionIsGone()
{
    publish(2);
    QList<QAmqpDelivery> kept;
    {
        Peer other;
        QAmqpChannel *channel = other.channel();
        QVERIFY(other.open());
        const ConsumerLog log(channel->consume(m_queue));
        QVERIFY(log.waitForMessages(2));
        kept = log.messages;
    }
    QVERIFY(!kept.at(0).ack());
    bool accepted = true;
    std::thread([&] { accepted = kept.at(1).nack(); }).join();
    QVERIFY(!accepted);
    QCOMPARE(kept.at(0).body(), "0"_ba);
    QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 2; }));
}

QTAMQP_TEST(TestAcknowledging)
#include "tst_acknowledging.moc"
