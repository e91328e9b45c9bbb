// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Queues, exchanges and bindings on RabbitMQ.

#include "topologytest.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Type = QAmqpExchange::Type;

class TestTopology
    : public EveryBroker
    , TopologyTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void declaresDurableQueue();
    void declaresTransientQueueThatGoesWithItsLastConsumer();
    void exclusiveQueueGoesWithItsConnection();
    void queueNamedByBroker();
    void handleLearnsNameFromBroker();
    void appliesArguments();
    void bindsAndUnbindsQueue();
    void countsPurgedAndDeletedMessages();
    void deletesUnderConditions();
    void declaresExchanges();
    void routesByType();
    void routesByHeaders();
    void bindsExchangeToExchange();
    void internalExchangeRefusesPublishes();
    void repeatsDeclarationsAndDeletions();
    void declaresWithoutWaiting();
    void noNameMeansTheQueueDeclaredLast();
};

static const QAmqpExchangeOptions temporary = QAmqpExchangeOptions().setAutoDelete();

void TestTopology::declaresDurableQueue()
{
    const QString name = uniqueName();
    const auto durable = QAmqpQueueOptions().setDurable();
    const auto declared = m_channel->declareQueue(name, durable);
    VERIFY_OK(declared);
    QCOMPARE(declared.result().name, name);
    QCOMPARE(declared.result().messageCount, 0U);
    QCOMPARE(declared.result().consumerCount, 0U);
    VERIFY_OK(m_channel->declareQueue(name, durable));

    VERIFY_OK(m_channel->publishConfirmed({}, name, "a"_ba));
    VERIFY_OK(m_channel->publishConfirmed({}, name, "b"_ba));
    Peer other;
    QAmqpChannel *channel = other.channel();
    QVERIFY(other.open());
    auto found = channel->declareQueue(name, passive);
    VERIFY_OK(found);
    QCOMPARE(found.result().messageCount, 2U);
    const ConsumerLog log(channel->consume(name));
    QVERIFY(log.waitForMessages(2));
    found = channel->declareQueue(name, passive);
    VERIFY_OK(found);
    QCOMPARE(found.result().messageCount, 0U);
    QCOMPARE(found.result().consumerCount, 1U);
    QVERIFY(other.close());
    VERIFY_OK(m_channel->deleteQueue(name));
}

void TestTopology::declaresTransientQueueThatGoesWithItsLastConsumer()
{
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(name, QAmqpQueueOptions().setAutoDelete()));
    VERIFY_OK(m_channel->declareQueue(name, passive));
    for (const QString &exchange : {u"amq.topic"_s, u"amq.direct"_s}) // whatever its type
        VERIFY_OK(m_channel->declareExchange(exchange, QAmqpExchangeOptions().setPassive()));
    VERIFY_OK(m_channel->consume(name)->cancel());
    VERIFY_ERROR(failure(m_channel->declareQueue(name, passive)), NotFound, Channel, 404);
}

void TestTopology::exclusiveQueueGoesWithItsConnection()
{
    const QString name = uniqueName();
    Peer other;
    QAmqpChannel *channel = other.channel();
    QVERIFY(other.open());
    VERIFY_OK(channel->declareQueue(name, exclusive));
    QVERIFY(other.close());
    VERIFY_ERROR(failure(m_channel->declareQueue(name, passive)), NotFound, Channel, 404);
}

void TestTopology::queueNamedByBroker()
{
    const auto first = m_channel->declareQueue({}, exclusive);
    const auto second = m_channel->declareQueue({}, exclusive);
    VERIFY_OK(first);
    VERIFY_OK(second);
    QVERIFY(first.result().name.startsWith(u"amq.gen-"));
    QVERIFY(first.result().name != second.result().name);
}

// Everything is asked for before the broker has said what the queue is called.
void TestTopology::handleLearnsNameFromBroker()
{
    QAmqpQueue *queue = m_channel->queue();
    QStringList names;
    connect(queue, &QAmqpQueue::nameChanged, queue, [&](const QString &name) { names << name; });
    const QString exchangeName = uniqueName();
    const auto exchange = m_channel->declareExchange(exchangeName, u"fanout"_s, temporary);
    VERIFY_ERROR(failure(queue->purge()), InvalidArgument, Operation, 0);

    const auto declared = queue->declare(exclusive);
    const auto bound = queue->bind(exchangeName);
    const auto published = queue->publishConfirmed("by the queue"_ba, QAmqpChannel::Mandatory);
    const auto broadcast = m_channel->publishConfirmed(exchangeName, {}, "by the exchange"_ba,
                                                       QAmqpChannel::Mandatory);
    const auto first = queue->get(QAmqpChannel::AckPolicy::NoAck);
    QList<QByteArray> received;
    connect(queue, &QAmqpQueue::messageReceived, queue, [&](const QAmqpDelivery &delivery) {
        received << delivery.body();
        delivery.ack();
    });
    QAmqpConsumer *consumer = queue->consume();
    VERIFY_OK(exchange);
    VERIFY_OK(declared);
    VERIFY_OK(bound);
    VERIFY_OK(published);
    VERIFY_OK(broadcast);
    VERIFY_OK(first);
    QCOMPARE(names, QStringList(queue->name()));
    QCOMPARE(queue->name(), declared.result().name);
    QVERIFY(first.result());
    QCOMPARE(first.result()->body(), "by the queue"_ba);
    QVERIFY(waitFor([&] { return received == QList{"by the exchange"_ba}; }));
    VERIFY_OK(consumer->cancel());
    const auto removed = queue->deleteQueue();
    VERIFY_OK(removed);
    QCOMPARE(removed.result(), 0U);
}

void TestTopology::appliesArguments()
{
    const QString dead = uniqueName();
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(dead, exclusive));
    VERIFY_OK(m_channel->declareQueue(name,
                                      QAmqpQueueOptions()
                                              .setExclusive()
                                              .setArgument(u"x-max-length"_s, 2)
                                              .setArgument(u"x-dead-letter-exchange"_s, u""_s)
                                              .setArgument(u"x-dead-letter-routing-key"_s, dead)));
    for (const char *body : {"a", "b", "c"})
        VERIFY_OK(m_channel->publishConfirmed({}, name, QByteArray(body)));
    std::optional<QAmqpDelivery> oldest;
    QVERIFY(waitFor([&] { return (oldest = fetch(m_channel, dead)).has_value(); }));
    QCOMPARE(oldest->body(), "a"_ba);
    QCOMPARE(oldest->headers().value(u"x-first-death-reason"_s).toString(), u"maxlen"_s);
    const QList<QAmqpValue> deaths = oldest->headers().value(u"x-death"_s).toArray();
    QCOMPARE(deaths.size(), 1);
    QCOMPARE(deaths.constFirst().toTable().value(u"queue"_s).toString(), name);
    QCOMPARE(deaths.constFirst().toTable().value(u"time"_s).type(), QAmqpValue::Type::Timestamp);
}

void TestTopology::bindsAndUnbindsQueue()
{
    const QString exchange = uniqueName();
    QAmqpQueue *queue = m_channel->queue(uniqueName());
    VERIFY_OK(queue->declare(exclusive));
    VERIFY_OK(m_channel->declareExchange(exchange, u"direct"_s));
    VERIFY_OK(queue->bind(exchange, u"one"_s));
    VERIFY_OK(queue->bind(exchange, u"two"_s));
    VERIFY_OK(queue->bind(exchange, u"two"_s)); // once more does nothing
    for (const auto &key : {u"one"_s, u"two"_s, u"three"_s})
        m_channel->publish(exchange, key, key.toUtf8());
    VERIFY_OK(m_channel->allConfirmed());
    auto purged = queue->purge();
    VERIFY_OK(purged);
    QCOMPARE(purged.result(), 2U);

    VERIFY_OK(queue->unbind(exchange, u"one"_s));
    VERIFY_OK(queue->unbind(exchange, u"never bound"_s));
    m_channel->publish(exchange, u"one"_s, "x"_ba);
    m_channel->publish(exchange, u"two"_s, "x"_ba);
    VERIFY_OK(m_channel->allConfirmed());
    purged = queue->purge();
    VERIFY_OK(purged);
    QCOMPARE(purged.result(), 1U);
    VERIFY_OK(m_channel->deleteExchange(exchange));
}

void TestTopology::countsPurgedAndDeletedMessages()
{
    QAmqpQueue *queue = m_channel->queue(uniqueName());
    VERIFY_OK(queue->declare());
    for (int i = 0; i < 5; ++i)
        queue->publish("x"_ba);
    VERIFY_OK(m_channel->allConfirmed());
    auto count = queue->purge();
    VERIFY_OK(count);
    QCOMPARE(count.result(), 5U);
    count = queue->purge();
    VERIFY_OK(count);
    QCOMPARE(count.result(), 0U);
    for (int i = 0; i < 3; ++i)
        queue->publish("x"_ba);
    VERIFY_OK(m_channel->allConfirmed());
    count = queue->deleteQueue();
    VERIFY_OK(count);
    QCOMPARE(count.result(), 3U);
    count = queue->deleteQueue(); // RabbitMQ does not mind
    VERIFY_OK(count);
    QCOMPARE(count.result(), 0U);
}

void TestTopology::deletesUnderConditions()
{
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(name));
    VERIFY_OK(m_channel->publishConfirmed({}, name, "x"_ba));
    QAmqpChannel *channel = m_peer->channel();
    VERIFY_ERROR(failure(channel->deleteQueue(name, QAmqpChannel::IfEmpty)), PreconditionFailed,
                 Channel, 406);
    const ConsumerLog log(m_channel->consume(name), true);
    QVERIFY(log.waitForMessages(1));
    channel = m_peer->channel();
    VERIFY_ERROR(failure(channel->deleteQueue(name, QAmqpChannel::IfUnused)), PreconditionFailed,
                 Channel, 406);
    VERIFY_OK(m_channel->deleteQueue(name));
    QVERIFY(waitFor([&] { return log.cancelled.size() == 1; }));

    const QString exchange = uniqueName();
    VERIFY_OK(m_channel->declareExchange(exchange, u"fanout"_s));
    const auto queue = m_channel->declareQueue({}, exclusive);
    VERIFY_OK(queue);
    VERIFY_OK(m_channel->bindQueue(queue.result().name, exchange));
    channel = m_peer->channel();
    VERIFY_ERROR(failure(channel->deleteExchange(exchange, QAmqpChannel::IfUnused)),
                 PreconditionFailed, Channel, 406);
    VERIFY_OK(m_channel->unbindQueue(queue.result().name, exchange));
    VERIFY_OK(m_channel->deleteExchange(exchange, QAmqpChannel::IfUnused));
    VERIFY_OK(m_channel->deleteQueue(queue.result().name,
                                     QAmqpChannel::IfUnused | QAmqpChannel::IfEmpty));
}

void TestTopology::declaresExchanges()
{
    QAmqpExchange *durable = m_channel->exchange(uniqueName());
    VERIFY_OK(durable->declare(Type::Topic, QAmqpExchangeOptions().setDurable()));
    VERIFY_OK(durable->declare(Type::Topic, QAmqpExchangeOptions().setDurable()));
    VERIFY_OK(durable->declare(Type::Topic, QAmqpExchangeOptions().setPassive()));
    VERIFY_OK(durable->deleteExchange());
    VERIFY_OK(durable->deleteExchange());

    // Goes with its last binding.
    QAmqpExchange *shortLived = m_channel->exchange(uniqueName());
    VERIFY_OK(shortLived->declare(Type::Fanout, temporary));
    const auto queue = m_channel->declareQueue({}, exclusive);
    VERIFY_OK(queue);
    VERIFY_OK(m_channel->bindQueue(queue.result().name, shortLived->name()));
    VERIFY_OK(m_channel->unbindQueue(queue.result().name, shortLived->name()));
    VERIFY_ERROR(failure(shortLived->declare(Type::Fanout, QAmqpExchangeOptions().setPassive())),
                 NotFound, Channel, 404);
}

void TestTopology::routesByType()
{
    struct Case
    {
        Type type;
        QString binding;
        QStringList reaches;
        QStringList misses;
    };
    const Case cases[] = {
            {Type::Direct, u"a.b"_s, {u"a.b"_s}, {u"a"_s, u"a.b.c"_s}},
            {Type::Fanout, u"a.b"_s, {u"a.b"_s, u"x"_s, QString()}, {}},
            {Type::Topic, u"*.b.#"_s, {u"a.b"_s, u"x.b.c.d"_s}, {u"b"_s, u"a.c.b"_s}},
    };
    for (const Case &one : cases) {
        QAmqpExchange *exchange = m_channel->exchange(uniqueName());
        QAmqpQueue *queue = m_channel->queue();
        const auto declared = exchange->declare(one.type);
        const auto named = queue->declare(exclusive);
        const auto bound = queue->bind(exchange->name(), one.binding);
        VERIFY_OK(declared);
        VERIFY_OK(named);
        VERIFY_OK(bound);
        for (const QString &key : one.reaches)
            VERIFY_OK(exchange->publishConfirmed(key, key.toUtf8(), QAmqpChannel::Mandatory));
        for (const QString &key : one.misses)
            VERIFY_ERROR(
                    failure(exchange->publishConfirmed(key, key.toUtf8(), QAmqpChannel::Mandatory)),
                    Unroutable, Operation, 312);
        const auto count = queue->purge();
        VERIFY_OK(count);
        QCOMPARE(count.result(), quint32(one.reaches.size()));
        VERIFY_OK(exchange->deleteExchange());
    }
}

void TestTopology::routesByHeaders()
{
    QAmqpExchange *exchange = m_channel->exchange(uniqueName());
    VERIFY_OK(exchange->declare(Type::Headers, temporary));
    QAmqpQueue *all = m_channel->queue(uniqueName());
    QAmqpQueue *any = m_channel->queue(uniqueName());
    VERIFY_OK(all->declare(exclusive));
    VERIFY_OK(any->declare(exclusive));
    const QAmqpTable wanted = {{u"kind"_s, u"report"_s}, {u"pages"_s, 3}};
    QAmqpTable arguments = wanted;
    arguments.insert(u"x-match"_s, u"all"_s);
    VERIFY_OK(all->bind(exchange->name(), {}, arguments));
    arguments.insert(u"x-match"_s, u"any"_s);
    VERIFY_OK(any->bind(exchange->name(), {}, arguments));

    const auto publish = [&](const QAmqpTable &headers) {
        QAmqpMessage message("x"_ba);
        message.setHeaders(headers);
        exchange->publish({}, message);
    };
    publish(wanted);
    publish({{u"kind"_s, u"report"_s}});
    publish({{u"pages"_s, 3}, {u"kind"_s, u"letter"_s}});
    publish({{u"colour"_s, u"red"_s}});
    publish({});
    VERIFY_OK(m_channel->allConfirmed());
    const auto inAll = all->purge();
    const auto inAny = any->purge();
    VERIFY_OK(inAll);
    VERIFY_OK(inAny);
    QCOMPARE(inAll.result(), 1U);
    QCOMPARE(inAny.result(), 3U);
    VERIFY_OK(all->unbind(exchange->name(), {}, wanted)); // other arguments: another binding
    QVERIFY(m_channel->isOpen());
}

void TestTopology::bindsExchangeToExchange()
{
    QAmqpExchange *source = m_channel->exchange(uniqueName());
    QAmqpExchange *destination = m_channel->exchange(uniqueName());
    QAmqpQueue *queue = m_channel->queue();
    VERIFY_OK(source->declare(Type::Direct));
    VERIFY_OK(destination->declare(Type::Fanout));
    VERIFY_OK(queue->declare(exclusive));
    VERIFY_OK(queue->bind(destination->name()));
    VERIFY_OK(destination->bind(source->name(), u"key"_s));
    VERIFY_OK(source->publishConfirmed(u"key"_s, "x"_ba, QAmqpChannel::Mandatory));
    const std::optional<QAmqpDelivery> got = fetch(m_channel, queue->name());
    QVERIFY(got);
    QCOMPARE(got->exchange(), source->name());
    VERIFY_OK(destination->unbind(source->name(), u"key"_s));
    VERIFY_ERROR(failure(source->publishConfirmed(u"key"_s, "x"_ba, QAmqpChannel::Mandatory)),
                 Unroutable, Operation, 312);
    VERIFY_OK(source->deleteExchange());
    VERIFY_OK(destination->deleteExchange());
}

void TestTopology::internalExchangeRefusesPublishes()
{
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareExchange(name, u"fanout"_s, QAmqpExchangeOptions().setInternal()));
    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog log(channel);
    const auto published = channel->publishConfirmed(name, {}, "x"_ba);
    QVERIFY(failure(published));
    closedByError(log, QAmqpError::Kind::AccessRefused, 403, u"basic.publish"_s);
    QCOMPARE(log.count(Fate::Indeterminate), 1);
    VERIFY_OK(m_channel->deleteExchange(name));
}

void TestTopology::repeatsDeclarationsAndDeletions()
{
    const QString name = uniqueName();
    const auto declared = m_channel->declareQueue(name, exclusive);
    const auto again = m_channel->declareQueue(name, exclusive);
    const auto removed = m_channel->deleteQueue(name);
    const auto oncemore = m_channel->declareQueue(name, exclusive);
    VERIFY_OK(declared);
    VERIFY_OK(again);
    VERIFY_OK(removed);
    VERIFY_OK(oncemore);
}

// One answer at the end tells that all before was done.
void TestTopology::declaresWithoutWaiting()
{
    const QString queue = uniqueName();
    const QString source = uniqueName();
    const QString exchange = uniqueName();
    m_channel->setNoWait();
    QList<QFuture<void>> told;
    QVERIFY(m_channel->declareQueue(queue).isFinished());
    told.append(m_channel->declareExchange(exchange, u"fanout"_s));
    told.append(m_channel->declareExchange(source, u"direct"_s));
    told.append(m_channel->bindExchange(exchange, source, u"k"_s));
    told.append(m_channel->bindQueue(queue, exchange));
    for (const QFuture<void> &future : told)
        QVERIFY(future.isFinished());
    m_channel->setNoWait(false);
    VERIFY_OK(m_channel->publishConfirmed(source, u"k"_s, "routed"_ba, QAmqpChannel::Mandatory));
    auto found = m_channel->declareQueue(queue, passive);
    VERIFY_OK(found);
    QCOMPARE(found.result().messageCount, 1U);

    m_channel->setNoWait();
    QVERIFY(m_channel->purgeQueue(queue).isFinished());
    m_channel->setNoWait(false);
    found = m_channel->declareQueue(queue, passive);
    VERIFY_OK(found);
    QCOMPARE(found.result().messageCount, 0U);

    m_channel->setNoWait();
    m_channel->unbindExchange(exchange, source, u"k"_s);
    m_channel->deleteExchange(source);
    m_channel->deleteExchange(exchange);
    m_channel->deleteQueue(queue);
    m_channel->setNoWait(false);
    VERIFY_ERROR(failure(m_channel->declareQueue(queue, passive)), NotFound, Channel, 404);
    QAmqpChannel *other = m_peer->channel();
    VERIFY_ERROR(failure(other->exchange(exchange)->declare(Type::Fanout,
                                                            QAmqpExchangeOptions().setPassive())),
                 NotFound, Channel, 404);
}

void TestTopology::noNameMeansTheQueueDeclaredLast()
{
    m_channel->declareQueue(uniqueName(), exclusive);
    const auto last = m_channel->declareQueue({}, exclusive);
    const auto bound =
            m_channel->bindQueue({}, u"amq.direct"_s); // with its name as the routing key
    VERIFY_OK(bound);
    VERIFY_OK(m_channel->publishConfirmed(u"amq.direct"_s, last.result().name, "bound"_ba,
                                          QAmqpChannel::Mandatory));
    QCOMPARE(fetch(m_channel, {})->body(), "bound"_ba);
    for (const char *body : {"got", "consumed"})
        VERIFY_OK(m_channel->publishConfirmed({}, last.result().name, QByteArray(body)));
    const auto got = fetch(m_channel, {});
    QVERIFY(got);
    QCOMPARE(got->body(), "got"_ba);
    const ConsumerLog log(m_channel->consume({}), true);
    QVERIFY(log.waitForMessages(1));
    QCOMPARE(log.bodies(), QList{"consumed"_ba});
    const auto checked = m_channel->declareQueue({}, passive);
    VERIFY_OK(checked);
    QCOMPARE(checked.result().name, last.result().name);
    VERIFY_OK(m_channel->purgeQueue({}));
    VERIFY_OK(m_channel->deleteQueue({}));

    QAmqpChannel *other = m_peer->channel();
    QCOMPARE(failure(other->declareQueue({}, passive)).kind(), QAmqpError::Kind::InvalidArgument);
    QCOMPARE(failure(other->purgeQueue({})).kind(), QAmqpError::Kind::InvalidArgument);
    QTRY_VERIFY(other->isOpen()); // the call is not sent
}

QTAMQP_TEST(TestTopology)
#include "tst_topology.moc"
