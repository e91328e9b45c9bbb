// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Habits of RabbitMQ that an application meets on each type of queue: replies that come out of order,
// requests that must not follow at once, returns and confirms that overtake each other.

#include "everybroker.h"

#include <QtCore/qelapsedtimer.h>
#include <QtCore/qsemaphore.h>
#include <QtCore/qset.h>
#include <QtCore/qthread.h>

#include <atomic>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestHabits : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void consumesAndCancelsAtOnce_data() { queueTypes(); }
    void consumesAndCancelsAtOnce();
    void cancelsRightAfterConsuming_data() { queueTypes(); }
    void cancelsRightAfterConsuming();
    void cancelsWithMessagesHeld_data() { queueTypes(); }
    void cancelsWithMessagesHeld();
    void aRequestFailsAmongOthers_data() { queueTypes(); }
    void aRequestFailsAmongOthers();
    void aReturnComesBeforeAnEarlierConfirm();
    void manyOutstandingSeveralReturned();
    void nacksAmongManyPublishes();
    void aClientThatDoesNotReadIsCutOff();
    void aStreamTakesNothingBack();
    void theFlowIsAlwaysOn();

private:
    static void queueTypes();
    QString makeQueue();
    QAmqpConsumer *consume(const QString &queue, QAmqpChannel *channel = nullptr);

    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
    QStringList m_queues;
};

void TestHabits::init()
{
    m_peer = std::make_unique<Peer>();
    m_channel = m_peer->channel();
    QVERIFY(m_peer->open());
}

void TestHabits::cleanup()
{
    if (!m_peer)
        return;
    QAmqpChannel *channel = m_peer->channel();
    for (const QString &queue : std::exchange(m_queues, {}))
        VERIFY_OK(channel->deleteQueue(queue));
    QVERIFY(m_peer->close());
    QVERIFY(m_peer->errors.isEmpty());
    m_peer.reset();
}

void TestHabits::queueTypes()
{
    QTest::addColumn<QString>("type");
    for (const char *type : {"classic", "quorum", "stream"})
        QTest::newRow(type) << QString::fromLatin1(type);
}

// Its declaration is asked for, no more: what follows waits for nothing.
QString TestHabits::makeQueue()
{
    QFETCH(QString, type);
    m_queues.append(uniqueName(type));
    m_channel->declareQueue(m_queues.constLast(),
                            QAmqpQueueOptions().setDurable().setArgument(u"x-queue-type"_s, type));
    return m_queues.constLast();
}

QAmqpConsumer *TestHabits::consume(const QString &queue, QAmqpChannel *channel)
{
    QFETCH(QString, type);
    QAmqpConsumeOptions options;
    if (type == u"stream")
        options.setArgument(u"x-stream-offset"_s, u"first"_s);
    return (channel ? channel : m_channel)->consume(queue, options);
}

// Ten queues with three consumers each, two of which go again, in one piece.
void TestHabits::consumesAndCancelsAtOnce()
{
    const ChannelLog log(m_channel);
    std::vector<std::unique_ptr<ConsumerLog>> stayed;
    std::vector<QFuture<int>> cancelled;
    std::vector<QFuture<QAmqpQueueInfo>> declared;
    for (int i = 0; i < 10; ++i) {
        const QString queue = makeQueue();
        QAmqpConsumer *first = consume(queue);
        stayed.push_back(std::make_unique<ConsumerLog>(consume(queue), true));
        QAmqpConsumer *last = consume(queue);
        cancelled.push_back(last->cancel());
        declared.push_back(m_channel->declareQueue({}, exclusive));
        cancelled.push_back(first->cancel());
        m_channel->publish({}, queue, QByteArray::number(i));
    }
    for (const auto &future : cancelled)
        VERIFY_OK(future);
    for (const auto &future : declared)
        VERIFY_OK(future);
    for (int i = 0; i < 10; ++i) {
        const ConsumerLog &consumer = *stayed[size_t(i)];
        QVERIFY(consumer.waitForMessages(1));
        QCOMPARE(consumer.started, 1);
        QCOMPARE(consumer.bodies(), QList{QByteArray::number(i)});
    }
    QVERIFY(log.waitForSettled(10));
    QCOMPARE(log.count(Fate::Confirmed), 10);
    QVERIFY(log.errors.isEmpty());
}

void TestHabits::cancelsRightAfterConsuming()
{
    const QString queue = makeQueue();
    VERIFY_OK(m_channel->publishConfirmed({}, queue, "x"_ba));
    for (int round = 0; round < 20; ++round) {
        QAmqpConsumer *consumer = consume(queue);
        const ConsumerLog log(consumer);
        VERIFY_OK(consumer->cancel());
        QCOMPARE(log.messages.size(), 0);
        QCOMPARE(log.cancelled.size(), 1);
        delete consumer;
    }
    const ConsumerLog log(consume(queue), true);
    QVERIFY(log.waitForMessages(1));
    QCOMPARE(log.bodies(), QList{"x"_ba});
}

// What nobody has seen goes back to a queue. A stream keeps it, and takes nothing back (540).
void TestHabits::cancelsWithMessagesHeld()
{
    QFETCH(QString, type);
    const QString queue = makeQueue();
    for (int i = 0; i < 10; ++i)
        m_channel->publish({}, queue, QByteArray::number(i));
    VERIFY_OK(m_channel->allConfirmed());
    QAmqpConsumer *consumer = consume(queue);
    QVERIFY(consumer->pause());
    QVERIFY(waitFor([&] { return consumer->heldMessages() == 10; }));
    const auto cancelled = consumer->cancel();
    VERIFY_OK(cancelled);
    QCOMPARE(cancelled.result(), type == u"stream" ? 0 : 10);
    QAmqpConsumer *deleted = consume(queue);
    QVERIFY(deleted->pause());
    QVERIFY(waitFor([&] { return deleted->heldMessages() == 10; }));
    delete deleted;
    const ConsumerLog log(consume(queue), true);
    QVERIFY(log.waitForMessages(10));
    QVERIFY(!settled(m_channel));
    QCOMPARE(log.messages.size(), 10);
}

// The guilty one is named, what was before counts, and of what is behind nothing is claimed.
void TestHabits::aRequestFailsAmongOthers()
{
    constexpr quint64 Before = 20;
    constexpr quint64 Behind = 20;
    const QString queue = makeQueue();
    VERIFY_OK(m_channel->publishConfirmed({}, queue, "0"_ba));
    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog log(channel);
    const ConsumerLog consumer(consume(queue, channel));
    for (quint64 i = 0; i < Before; ++i)
        channel->publish({}, queue, "before"_ba);
    VERIFY_OK(channel->allConfirmed());
    const auto fine = channel->bindQueue(queue, u"amq.fanout"_s, queue);
    const auto guilty = channel->bindQueue(queue, u"no such exchange"_s);
    const auto behind = channel->bindQueue(queue, u"amq.topic"_s);
    for (quint64 i = 0; i < Behind; ++i)
        channel->publish({}, queue, "behind"_ba);
    VERIFY_OK(fine);
    VERIFY_ERROR(failure(guilty), NotFound, Channel, 404);
    QCOMPARE(failure(guilty).method(), u"queue.bind"_s);
    VERIFY_ERROR(failure(behind), Cancelled, Operation, 0);
    QVERIFY(log.waitForSettled(Before + Behind));
    QCOMPARE(log.count(Fate::Confirmed), qsizetype(Before));
    for (quint64 tag = Before + 1; tag <= Before + Behind; ++tag)
        QCOMPARE(log.fates.at(tag), Fate::Indeterminate);
    QCOMPARE(log.settledTwice, 0);
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(consumer.cancelled.size(), 1);
    // What the broker really did with them.
    const ConsumerLog again(consume(queue), true);
    QVERIFY(again.waitForMessages(1 + Before));
    QVERIFY(!settled(m_channel));
    QVERIFY(!again.bodies().contains("behind"_ba));
}

// The order tells nothing: a return overtakes the confirm of the same message sent before.
void TestHabits::aReturnComesBeforeAnEarlierConfirm()
{
    m_queues.append(uniqueName());
    const QString queue = m_queues.constLast();
    const QString key = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, QAmqpQueueOptions().setDurable()));
    int overtook = 0;
    for (int round = 0; round < 20; ++round) {
        VERIFY_OK(m_channel->bindQueue(queue, u"amq.direct"_s, key));
        QString order;
        const QObject scope;
        connect(m_channel, &QAmqpChannel::messageReturned, &scope, [&] { order += u'r'; });
        connect(m_channel, &QAmqpChannel::confirmed, &scope, [&] { order += u'c'; });
        QAmqpMessage message("the same"_ba);
        message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
        const auto publish = [&] {
            message.setMessageId(uniqueName());
            return m_channel->publishConfirmed(u"amq.direct"_s, key, message,
                                               QAmqpChannel::Mandatory);
        };
        const auto routed = publish();
        m_channel->unbindQueue(queue, u"amq.direct"_s, key);
        const auto unroutable = publish();
        VERIFY_OK(routed);
        VERIFY_ERROR(failure(unroutable), Unroutable, Operation, 312);
        overtook += order.startsWith(u'r');
    }
    QVERIFY(overtook > 0);
    QCOMPARE(readyMessages(*m_peer, queue), 20);
}

// Confirms come for many at once, among them those of returned messages.
void TestHabits::manyOutstandingSeveralReturned()
{
    constexpr int Total = 3000;
    const QString queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, exclusive));
    const ChannelLog log(m_channel);
    int ranges = 0;
    const QObject scope;
    connect(m_channel, &QAmqpChannel::confirmed, &scope, [&] { ++ranges; });
    std::vector<QFuture<quint64>> futures;
    QHash<quint64, QByteArray> unroutable;
    for (int i = 1; i <= Total; ++i) {
        const bool routed = i % 7 != 0;
        QAmqpMessage message(QByteArray::number(i));
        if (i % 2)
            message.setMessageId(QString::number(i));
        futures.push_back(m_channel->publishConfirmed({}, routed ? queue : u"nowhere"_s, message,
                                                      QAmqpChannel::Mandatory));
        if (!routed)
            unroutable.insert(quint64(i), message.body());
    }
    for (int i = 1; i <= Total; ++i) {
        const QAmqpError error = failure(futures[size_t(i - 1)]);
        QVERIFY2(unroutable.contains(quint64(i)) ? error.kind() == QAmqpError::Kind::Unroutable
                                                 : !error,
                 describe(error).constData());
    }
    QVERIFY(log.waitForSettled(Total));
    QCOMPARE(log.count(Fate::Confirmed), Total);
    QCOMPARE(log.settledTwice, 0);
    QVERIFY2(ranges < Total, "the broker confirmed each message alone");
    QCOMPARE(log.returned.size(), unroutable.size());
    for (const QAmqpReturn &returned : log.returned)
        QCOMPARE(unroutable.take(returned.publishTag()), returned.body());
    QVERIFY(unroutable.isEmpty());
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, queue), int(log.fates.size()) - Total / 7,
                              20000);
}

// What a full queue refuses is told among what it and others take.
void TestHabits::nacksAmongManyPublishes()
{
    constexpr int Total = 2000;
    const QString full = uniqueName();
    const QString open = uniqueName();
    VERIFY_OK(m_channel->declareQueue(open, exclusive));
    VERIFY_OK(m_channel->declareQueue(full,
                                      QAmqpQueueOptions()
                                              .setExclusive()
                                              .setArgument(u"x-max-length"_s, 5)
                                              .setArgument(u"x-overflow"_s, u"reject-publish"_s)));
    const ChannelLog log(m_channel);
    for (int i = 1; i <= Total; ++i)
        m_channel->publish({}, i % 2 ? open : full, QByteArray::number(i));
    QVERIFY(log.waitForSettled(Total));
    QCOMPARE(log.settledTwice, 0);
    QCOMPARE(log.count(Fate::Indeterminate), 0);
    int taken = 0;
    for (const auto &[tag, fate] : log.fates) {
        if (tag % 2)
            QCOMPARE(fate, Fate::Confirmed);
        else
            taken += fate == Fate::Confirmed;
    }
    QVERIFY(log.count(Fate::Nacked) > 0);
    QVERIFY(taken >= 5);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, full), taken, 20000);
    QCOMPARE(readyMessages(*m_peer, open), Total / 2);
}

// Without acknowledgements nothing else bounds what is sent to a slot that is busy for half a minute:
// its thread reads nothing, the broker's sends fill the sockets, and after 30 s it gives the client up,
// whatever the heartbeat. This takes that long, the only way to see it.
void TestHabits::aClientThatDoesNotReadIsCutOff()
{
    ONE_BROKER_IS_ENOUGH();
    const QString queue = uniqueName();
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, QAmqpQueueOptions().setAutoDelete()));
    const QByteArray body = bytes(200'000);
    for (int i = 0; i < 300; ++i)
        m_channel->publish({}, queue, body);
    VERIFY_OK(m_channel->allConfirmed());

    QThread thread;
    QSemaphore busy;
    std::atomic<bool> received = false;
    QList<QAmqpError> errors;
    auto *connection = new QAmqpConnection(options().setHeartbeat(0s).setConnectionName(name));
    QAmqpConsumer *consumer =
            connection->createChannel()->consume(queue, QAmqpConsumeOptions().setNoAck());
    connect(consumer, &QAmqpConsumer::messageReceived, consumer, [&] {
        if (!received.exchange(true))
            busy.acquire();
    });
    connect(connection, &QAmqpConnection::errorOccurred, connection,
            [&](const QAmqpError &error) { errors.append(error); });
    connect(connection, &QAmqpConnection::closed, &thread, &QThread::quit, Qt::DirectConnection);
    connection->moveToThread(&thread);
    connect(&thread, &QThread::finished, connection, &QObject::deleteLater);
    QElapsedTimer timer;
    timer.start();
    thread.start();
    QMetaObject::invokeMethod(connection, [connection] { connection->open(); });
    QVERIFY(waitFor([&] { return received.load(); }));
    bool cutOff = false;
    while (!cutOff && timer.elapsed() < 90'000) {
        cutOff = !broker().client(name);
    }
    const qint64 elapsed = timer.elapsed();
    busy.release();
    QVERIFY(thread.wait(60'000));
    QVERIFY(cutOff);
    QVERIFY2(elapsed > 20'000, qPrintable(QString::number(elapsed)));
    QCOMPARE(errors.size(), 1);
    VERIFY_ERROR(errors.constFirst(), ConnectionLost, Connection, 0);
    QVERIFY2(errors.constFirst().text().contains(
                     u"RabbitMQ closes a connection that is not read for 30 s"),
             describe(errors.constFirst()).constData());
}

// What it takes back of a queue's, it does not of a stream's: the connection would be closed (540).
void TestHabits::aStreamTakesNothingBack()
{
    const QString queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(
            queue, QAmqpQueueOptions().setDurable().setType(QAmqpQueueOptions::Type::Stream)));
    for (int i = 0; i < 3; ++i)
        m_channel->publish({}, queue, QByteArray::number(i));
    VERIFY_OK(m_channel->allConfirmed());
    const ConsumerLog log(m_channel->consume(
            queue,
            QAmqpConsumeOptions().setStreamOffset(QAmqpConsumeOptions::StreamOffset::First)));
    QVERIFY(log.waitForMessages(3));
    QVERIFY(!log.messages.at(0).nack());
    QVERIFY(!log.messages.at(1).reject(QAmqpDelivery::Discard));
    QVERIFY(!m_channel->nackAll());
    VERIFY_ERROR(m_channel->lastError(), InvalidArgument, Operation, 0);
    VERIFY_ERROR(failure(m_channel->recover()), InvalidArgument, Operation, 0); // 541
    VERIFY_ERROR(failure(m_channel->get(queue)), InvalidArgument, Operation, 0);
    QVERIFY(log.messages.at(0).ack());
    QVERIFY(log.messages.at(2).ack(QAmqpDelivery::Multiple));
    VERIFY_OK(m_channel->recover());
    VERIFY_OK(m_channel->deleteQueue(queue));
    QVERIFY(m_channel->isOpen());
}

// RabbitMQ leaves it to prefetch to hold deliveries back.
void TestHabits::theFlowIsAlwaysOn()
{
    const auto on = m_channel->setFlow(true);
    VERIFY_OK(on);
    QVERIFY(on.result());
    Peer other;
    QAmqpChannel *channel = other.channel();
    QVERIFY(other.open());
    VERIFY_ERROR(failure(channel->setFlow(false)), ClosedByBroker, Connection, 540);
    QVERIFY(other.waitForClosed());
    QCOMPARE(other.errors.size(), 1);
    VERIFY_ERROR(other.errors.constFirst(), ClosedByBroker, Connection, 540);
    QCOMPARE(other.errors.constFirst().method(), u"channel.flow"_s);
}

QTAMQP_TEST(TestHabits)
#include "tst_habits.moc"
