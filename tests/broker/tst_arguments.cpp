// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What the arguments with a name of their own (QAmqpQueueOptions::setMessageTtl() and so on) do on
// RabbitMQ: each is accepted, and has its effect.

#include "everybroker.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Queue = QAmqpQueueOptions;
using Consume = QAmqpConsumeOptions;

class TestArguments : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_peer = std::make_unique<Peer>();
        m_channel = m_peer->channel();
        QVERIFY(m_peer->open());
        m_queue = uniqueName();
        m_dead = uniqueName(u"dead"_s);
        VERIFY_OK(m_channel->declareQueue(m_dead, Queue().setExclusive()));
    }

    void cleanup()
    {
        if (!m_peer)
            return;
        VERIFY_OK(m_peer->channel()->deleteQueue(m_queue));
        QVERIFY(m_peer->close());
        m_peer.reset();
    }

    void messagesExpireAndAreDeadLettered()
    {
        declare(transient().setMessageTtl(50ms));
        VERIFY_OK(m_channel->publishConfirmed({}, m_queue, "late"_ba));
        const auto dead = fetchDead();
        QVERIFY(dead);
        QCOMPARE(dead->body(), "late"_ba);
        QCOMPARE(reasonOf(*dead), u"expired"_s);
        QCOMPARE(dead->routingKey(), m_dead);
    }

    void anUnusedQueueExpires()
    {
        declare(Queue().setExpires(100ms));
        QAmqpError error;
        QVERIFY(waitFor([&] { // publishing does not use it
            error = failure(
                    m_channel->publishConfirmed({}, m_queue, "x"_ba, QAmqpChannel::Mandatory));
            return error.isError();
        }));
        QCOMPARE(error.kind(), QAmqpError::Kind::Unroutable);
    }

    void aFullQueueDropsItsOldest()
    {
        declare(transient().setMaxLength(2).setOverflow(Queue::Overflow::DropHead));
        publishAll({"1", "2", "3"});
        QCOMPARE(readyMessages(*m_peer, m_queue), 2);
        QCOMPARE(fetch(m_channel, m_queue)->body(), "2"_ba);
        const auto dead = fetchDead();
        QVERIFY(dead);
        QCOMPARE(dead->body(), "1"_ba);
        QCOMPARE(reasonOf(*dead), u"maxlen"_s);
    }

    void aQueueIsFullByItsBytes()
    {
        declare(transient().setMaxLengthBytes(10));
        publishAll({"12345", "67890", "abcde"});
        QCOMPARE(readyMessages(*m_peer, m_queue), 2);
        QCOMPARE(fetch(m_channel, m_queue)->body(), "67890"_ba);
    }

    void aFullQueueRefuses_data()
    {
        QTest::addColumn<Queue::Overflow>("overflow");
        QTest::newRow("and drops") << Queue::Overflow::RejectPublish;
        QTest::newRow("and dead-letters") << Queue::Overflow::RejectPublishDlx;
    }

    void aFullQueueRefuses()
    {
        QFETCH(Queue::Overflow, overflow);
        declare(transient().setMaxLength(1).setOverflow(overflow));
        VERIFY_OK(m_channel->publishConfirmed({}, m_queue, "kept"_ba));
        const auto refused = m_channel->publishConfirmed({}, m_queue, "refused"_ba);
        QCOMPARE(failure(refused).kind(), QAmqpError::Kind::Nacked);
        QCOMPARE(fetch(m_channel, m_queue)->body(), "kept"_ba);
        if (overflow == Queue::Overflow::RejectPublishDlx)
            QCOMPARE(fetchDead()->body(), "refused"_ba);
        else
            QCOMPARE(readyMessages(*m_peer, m_dead), 0);
    }

    void oneConsumerIsActiveAtATime()
    {
        declare(Queue().setSingleActiveConsumer());
        QAmqpConsumer *first = m_channel->consume(m_queue);
        const ConsumerLog firstLog(first, true);
        const ConsumerLog secondLog(m_channel->consume(m_queue), true);
        VERIFY_OK(m_channel->declareQueue(m_queue, Queue().setPassive()));
        publishAll({"1", "2", "3", "4"});
        QVERIFY(firstLog.waitForMessages(4));
        QCOMPARE(secondLog.messages.size(), 0);
        VERIFY_OK(first->cancel());
        publishAll({"5"});
        QVERIFY(secondLog.waitForMessages(1));
    }

    void messagesOfAHigherPriorityComeFirst()
    {
        declare(Queue().setMaxPriority(5));
        for (const quint8 priority : {quint8(1), quint8(5), quint8(3)}) {
            QAmqpMessage message(QByteArray::number(priority));
            message.setPriority(priority);
            VERIFY_OK(m_channel->publishConfirmed({}, m_queue, message));
        }
        for (const char *expected : {"5", "3", "1"})
            QCOMPARE(fetch(m_channel, m_queue)->body(), QByteArray(expected));
    }

    void aQuorumQueueGivesUpAfterItsLimit()
    {
        declare(durable(Queue::Type::Quorum)
                        .setDeliveryLimit(2)
                        .setDeadLetterExchange({})
                        .setDeadLetterRoutingKey(m_dead));
        VERIFY_OK(m_channel->publishConfirmed({}, m_queue, "poison"_ba));
        QAmqpConsumer *consumer = m_channel->consume(m_queue);
        int deliveries = 0;
        connect(consumer, &QAmqpConsumer::messageReceived, consumer,
                [&](const QAmqpDelivery &delivery) {
                    ++deliveries;
                    delivery.nack();
                });
        const auto dead = fetchDead();
        QVERIFY(dead);
        QCOMPARE(dead->body(), "poison"_ba);
        QCOMPARE(reasonOf(*dead), u"delivery_limit"_s);
        QCOMPARE(deliveries, 3);
    }

    void classicIsTheDefaultType()
    {
        declare(Queue());
        VERIFY_OK(m_channel->declareQueue(m_queue, Queue().setType(Queue::Type::Classic)));
        VERIFY_ERROR(failure(m_channel->declareQueue(m_queue, durable(Queue::Type::Quorum))),
                     PreconditionFailed, Channel, 406);
    }

    void whatAnExchangeCannotRouteTakesItsAlternate()
    {
        const QString alternate = uniqueName(u"alternate"_s);
        const QString exchange = uniqueName(u"exchange"_s);
        const auto temporary = QAmqpExchangeOptions().setAutoDelete();
        declare(Queue());
        VERIFY_OK(m_channel->declareExchange(alternate, u"fanout"_s, temporary));
        VERIFY_OK(m_channel->bindQueue(m_queue, alternate));
        VERIFY_OK(m_channel->declareExchange(
                exchange, u"direct"_s,
                QAmqpExchangeOptions(temporary).setAlternateExchange(alternate)));
        VERIFY_OK(m_channel->publishConfirmed(exchange, u"nowhere"_s, "found"_ba,
                                              QAmqpChannel::Mandatory));
        QCOMPARE(fetch(m_channel, m_queue)->body(), "found"_ba);
        VERIFY_OK(m_channel->deleteExchange(exchange));
    }

    void consumersOfAHigherPriorityComeFirst()
    {
        declare(Queue());
        const ConsumerLog low(m_channel->consume(m_queue, Consume().setPriority(-1)));
        const ConsumerLog high(m_channel->consume(m_queue, Consume().setPriority(5)), true);
        VERIFY_OK(m_channel->declareQueue(m_queue, Queue().setPassive()));
        publishAll({"1", "2", "3"});
        QVERIFY(high.waitForMessages(3));
        QCOMPARE(low.messages.size(), 0);
    }

    void streamsAreReadFromAnywhere()
    {
        declare(durable(Queue::Type::Stream).setMaxAge(24h).setMaxLengthBytes(20'000'000));
        QList<QByteArray> bodies;
        for (int i = 0; i < 10; ++i)
            bodies.append(QByteArray::number(i));
        publishAll(bodies);

        QCOMPARE(readStream(Consume().setStreamOffset(Consume::StreamOffset::First), 10), bodies);
        QCOMPARE(readStream(Consume().setStreamOffset(7), 3), bodies.sliced(7));
        QCOMPARE(readStream(Consume().setStreamOffset(1h), 10), bodies);
        QCOMPARE(
                readStream(Consume().setStreamOffset(QDateTime::currentDateTime().addDays(-1)), 10),
                bodies);
        const QList<QByteArray> last =
                readStream(Consume().setStreamOffset(Consume::StreamOffset::Last), 1);
        QVERIFY(bodies.contains(last.value(0)));

        const ConsumerLog next(m_channel->consume(
                m_queue, Consume().setStreamOffset(Consume::StreamOffset::Next)));
        QVERIFY(waitFor([&] { return next.started == 1; }));
        publishAll({"new"});
        QVERIFY(next.waitForMessages(1));
        QCOMPARE(next.bodies(), QList<QByteArray>{"new"});
        QCOMPARE(next.messages.constFirst().headers().value(u"x-stream-offset"_s),
                 QAmqpValue(qint64(10)));
    }

    // Nothing reaches the broker, and the channel lives on.
    void whatIsOutOfRangeIsRefusedHere()
    {
        const QAmqpError error =
                failure(m_channel->declareQueue(m_queue, Queue().setMessageTtl(-1ms)));
        VERIFY_ERROR(error, InvalidArgument, Operation, 0);
        QVERIFY2(
                error.text().contains(
                        u"\"x-message-ttl\": -1 is not a whole number of milliseconds from 0 to 4294967295"_s),
                describe(error).constData());
        declare(Queue());
    }

private:
    // Whose dead letters come to m_dead.
    Queue transient() const
    {
        return Queue().setDeadLetterExchange({}).setDeadLetterRoutingKey(m_dead);
    }

    static Queue durable(Queue::Type type) { return Queue().setDurable().setType(type); }

    void declare(const Queue &options) { VERIFY_OK(m_channel->declareQueue(m_queue, options)); }

    void publishAll(const QList<QByteArray> &bodies)
    {
        for (const QByteArray &body : bodies)
            m_channel->publish({}, m_queue, body);
        VERIFY_OK(m_channel->allConfirmed());
    }

    std::optional<QAmqpDelivery> fetchDead()
    {
        std::optional<QAmqpDelivery> dead;
        waitFor([&] { return (dead = fetch(m_channel, m_dead)).has_value(); });
        return dead;
    }

    static QString reasonOf(const QAmqpMessage &dead)
    {
        const QList<QAmqpValue> deaths = dead.headers().value(u"x-death"_s).toArray();
        return deaths.value(0).toTable().value(u"reason"_s).toString();
    }

    // What comes first, on a channel of its own, since the next reader begins elsewhere.
    QList<QByteArray> readStream(const Consume &options, qsizetype count)
    {
        const std::unique_ptr<QAmqpChannel> channel(m_peer->channel());
        const ConsumerLog log(channel->consume(m_queue, options), true);
        log.waitForMessages(count);
        return log.bodies();
    }

    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
    QString m_queue;
    QString m_dead;
};

QTAMQP_TEST(TestArguments)

#include "tst_arguments.moc"
