// Queues, exchanges and bindings on RabbitMQ, and the errors it has for them.

#include "brokertest.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Type = QAmqpExchange::Type;

class TestTopology : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

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
    void refusesWhatNobodyWaitsFor();
    void noNameMeansTheQueueDeclaredLast();

    void missingThings_data();
    void missingThings();
    void publishToMissingExchange();
    void redeclarationWithOtherOptions();
    void queueExclusiveToAnotherConnection();
    void reservedNames();
    void unknownExchangeType();
    void channelWorksAgainAfterError();
    void wrongPassword();
    void unknownVirtualHost();
    void missingPermissions();
    void consumerIsToldThatItsQueueIsGone();

private:
    // Waits for the channel to close and checks that its one error is this, told once.
    void closedByError(const ChannelLog &log, QAmqpError::Kind kind, int code,
                       const QString &method);

    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
};

static const QAmqpQueueOptions exclusive = QAmqpQueueOptions().setExclusive();
static const QAmqpQueueOptions passive = QAmqpQueueOptions().setPassive();
static const QAmqpExchangeOptions temporary = QAmqpExchangeOptions().setAutoDelete();

void TestTopology::init()
{
    m_peer = std::make_unique<Peer>();
    m_channel = m_peer->channel();
    QVERIFY(m_peer->open());
}

void TestTopology::cleanup()
{
    if (!m_peer)
        return;
    QVERIFY(m_peer->close());
    QCOMPARE(m_peer->closed, 1);
    m_peer.reset();
}

void TestTopology::closedByError(const ChannelLog &log, QAmqpError::Kind kind, int code,
                                 const QString &method)
{
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(log.errors.size(), 1);
    const QAmqpError &error = log.errors.constFirst();
    QVERIFY2(error.kind() == kind, describe(error).constData());
    QCOMPARE(error.scope(), QAmqpError::Scope::Channel);
    QCOMPARE(error.origin(), QAmqpError::Origin::Broker);
    QCOMPARE(error.replyCode(), code);
    QCOMPARE(error.method(), method);
    QVERIFY(!error.replyText().isEmpty());
    QCOMPARE(m_peer->errors.size(), 0);
    QVERIFY(m_peer->connection.isOpen());
}

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
    VERIFY_OK(m_channel->consume(name)->cancel());
    VERIFY_ERROR(failure(m_channel->declareQueue(name, passive)), NotFound, Operation, 404);
}

void TestTopology::exclusiveQueueGoesWithItsConnection()
{
    const QString name = uniqueName();
    Peer other;
    QAmqpChannel *channel = other.channel();
    QVERIFY(other.open());
    VERIFY_OK(channel->declareQueue(name, exclusive));
    QVERIFY(other.close());
    VERIFY_ERROR(failure(m_channel->declareQueue(name, passive)), NotFound, Operation, 404);
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
    const auto removed = queue->remove();
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
    count = queue->remove();
    VERIFY_OK(count);
    QCOMPARE(count.result(), 3U);
    count = queue->remove(); // RabbitMQ does not mind
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
                 Operation, 406);
    const ConsumerLog log(m_channel->consume(name), true);
    QVERIFY(log.waitForMessages(1));
    channel = m_peer->channel();
    VERIFY_ERROR(failure(channel->deleteQueue(name, QAmqpChannel::IfUnused)), PreconditionFailed,
                 Operation, 406);
    VERIFY_OK(m_channel->deleteQueue(name));
    QVERIFY(waitFor([&] { return log.cancelled.size() == 1; }));

    const QString exchange = uniqueName();
    VERIFY_OK(m_channel->declareExchange(exchange, u"fanout"_s));
    const auto queue = m_channel->declareQueue({}, exclusive);
    VERIFY_OK(queue);
    VERIFY_OK(m_channel->bindQueue(queue.result().name, exchange));
    channel = m_peer->channel();
    VERIFY_ERROR(failure(channel->deleteExchange(exchange, QAmqpChannel::IfUnused)),
                 PreconditionFailed, Operation, 406);
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
    VERIFY_OK(durable->remove());
    VERIFY_OK(durable->remove());

    // Goes with its last binding.
    QAmqpExchange *shortLived = m_channel->exchange(uniqueName());
    VERIFY_OK(shortLived->declare(Type::Fanout, temporary));
    const auto queue = m_channel->declareQueue({}, exclusive);
    VERIFY_OK(queue);
    VERIFY_OK(m_channel->bindQueue(queue.result().name, shortLived->name()));
    VERIFY_OK(m_channel->unbindQueue(queue.result().name, shortLived->name()));
    VERIFY_ERROR(failure(shortLived->declare(Type::Fanout, QAmqpExchangeOptions().setPassive())),
                 NotFound, Operation, 404);
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
        VERIFY_OK(exchange->remove());
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
    VERIFY_OK(source->remove());
    VERIFY_OK(destination->remove());
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

using Ask = std::function<QAmqpError(QAmqpChannel *)>;

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
    VERIFY_ERROR(failure(m_channel->declareQueue(queue, passive)), NotFound, Operation, 404);
    QAmqpChannel *other = m_peer->channel();
    VERIFY_ERROR(failure(other->exchange(exchange)->declare(Type::Fanout,
                                                            QAmqpExchangeOptions().setPassive())),
                 NotFound, Operation, 404);
}

void TestTopology::refusesWhatNobodyWaitsFor()
{
    const QString name = uniqueName();
    const ChannelLog log(m_channel);
    m_channel->setNoWait();
    m_channel->declareQueue(name, exclusive);
    const auto other = QAmqpQueueOptions().setExclusive().setAutoDelete();
    QVERIFY(m_channel->declareQueue(name, other).isFinished());
    m_channel->setNoWait(false);
    const auto behind = m_channel->declareQueue(name, exclusive);
    VERIFY_ERROR(failure(behind), Cancelled, Operation, 0);
    closedByError(log, QAmqpError::Kind::PreconditionFailed, 406, u"queue.declare"_s);
}

void TestTopology::noNameMeansTheQueueDeclaredLast()
{
    m_channel->declareQueue(uniqueName(), exclusive);
    const auto last = m_channel->declareQueue({}, exclusive);
    const auto bound = m_channel->bindQueue({}, u"amq.fanout"_s);
    VERIFY_OK(bound);
    for (const char *body : {"got", "consumed"})
        VERIFY_OK(m_channel->publishConfirmed({}, last.result().name, QByteArray(body)));
    const auto got = fetch(m_channel, {});
    QVERIFY(got);
    QCOMPARE(got->body(), "got"_ba);
    const ConsumerLog log(m_channel->consume({}), true);
    QVERIFY(log.waitForMessages(1));
    QCOMPARE(log.bodies(), QList{"consumed"_ba});
    VERIFY_OK(m_channel->purgeQueue({}));
    VERIFY_OK(m_channel->deleteQueue({}));

    QAmqpChannel *other = m_peer->channel();
    VERIFY_ERROR(failure(other->purgeQueue({})), NotFound, Operation, 404);
}

void TestTopology::missingThings_data()
{
    QTest::addColumn<Ask>("ask");
    QTest::addColumn<QString>("method");
    const QString none = u"there is no such thing"_s;
    const auto row = [](const char *method, const Ask &ask) {
        QTest::newRow(method) << ask << QString::fromLatin1(method);
    };
    row("queue.declare", [=](auto *c) { return failure(c->declareQueue(none, passive)); });
    row("queue.bind", [=](auto *c) { return failure(c->bindQueue(none, u"amq.fanout"_s)); });
    row("queue.purge", [=](auto *c) { return failure(c->purgeQueue(none)); });
    row("basic.get", [=](auto *c) { return failure(c->get(none)); });
    row("exchange.declare", [=](auto *c) {
        return failure(c->declareExchange(none, u"direct"_s, QAmqpExchangeOptions().setPassive()));
    });
    row("exchange.bind", [=](auto *c) { return failure(c->bindExchange(none, u"amq.fanout"_s)); });
}

void TestTopology::missingThings()
{
    QFETCH(Ask, ask);
    QFETCH(QString, method);
    const ChannelLog log(m_channel);
    const QAmqpError error = ask(m_channel);
    VERIFY_ERROR(error, NotFound, Operation, 404);
    QCOMPARE(error.method(), method);
    QVERIFY(error.replyText().startsWith(u"NOT_FOUND"));
    closedByError(log, QAmqpError::Kind::NotFound, 404, method);
}

// Nobody knows what became of the publishes behind the guilty one, or of that itself.
void TestTopology::publishToMissingExchange()
{
    const QString queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, exclusive));
    QAmqpChannel *other = m_peer->channel();
    const ChannelLog otherLog(other);
    const ChannelLog log(m_channel);
    VERIFY_OK(m_channel->publishConfirmed({}, queue, "x"_ba));
    m_channel->publish(u"no such exchange"_s, {}, "x"_ba);
    for (int i = 0; i < 10; ++i)
        m_channel->publish({}, queue, "x"_ba);
    const auto one = m_channel->publishConfirmed({}, queue, "x"_ba);
    const auto all = m_channel->allConfirmed();
    const auto declared = m_channel->declareQueue({}, exclusive);
    VERIFY_ERROR(failure(declared), Cancelled, Operation, 0);
    QCOMPARE(failure(declared).cause().replyCode(), 404);
    QVERIFY(failure(one));
    QVERIFY(failure(all));
    closedByError(log, QAmqpError::Kind::NotFound, 404, u"basic.publish"_s);
    QVERIFY(log.waitForSettled(13));
    QCOMPARE(log.settledTwice, 0);
    QCOMPARE(log.count(Fate::Confirmed), 1);
    QCOMPARE(log.count(Fate::Indeterminate), 12);
    QCOMPARE(m_channel->publish({}, queue, "x"_ba), 0U);
    VERIFY_ERROR(m_channel->lastError(), NotOpen, Operation, 0);
    QVERIFY(!settled(other));
    QCOMPARE(otherLog.errors.size(), 0);
}

void TestTopology::redeclarationWithOtherOptions()
{
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(name, exclusive));
    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog log(channel);
    const auto otherOptions = QAmqpQueueOptions().setExclusive().setAutoDelete();
    VERIFY_ERROR(failure(channel->declareQueue(name, otherOptions)), PreconditionFailed, Operation,
                 406);
    closedByError(log, QAmqpError::Kind::PreconditionFailed, 406, u"queue.declare"_s);

    channel = m_peer->channel();
    const ChannelLog exchangeLog(channel);
    VERIFY_ERROR(failure(channel->declareExchange(u"amq.direct"_s, u"fanout"_s,
                                                  QAmqpExchangeOptions().setDurable())),
                 PreconditionFailed, Operation, 406);
    closedByError(exchangeLog, QAmqpError::Kind::PreconditionFailed, 406, u"exchange.declare"_s);
}

void TestTopology::queueExclusiveToAnotherConnection()
{
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(name, exclusive));
    Peer other;
    const std::vector<std::pair<QString, Ask>> requests = {
            {u"queue.declare"_s,
             [=](auto *c) { return failure(c->declareQueue(name, exclusive)); }},
            {u"queue.delete"_s, [=](auto *c) { return failure(c->deleteQueue(name)); }},
            {u"basic.get"_s, [=](auto *c) { return failure(c->get(name)); }},
    };
    QVERIFY(other.open());
    for (const auto &[method, ask] : requests) {
        QAmqpChannel *channel = other.channel();
        const ChannelLog log(channel);
        const QAmqpError error = ask(channel);
        VERIFY_ERROR(error, ResourceLocked, Operation, 405);
        QCOMPARE(error.method(), method);
        closedByError(log, QAmqpError::Kind::ResourceLocked, 405, method);
    }
    // A consumer has no future: its signal tells.
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    const ConsumerLog consumer(channel->consume(name));
    closedByError(log, QAmqpError::Kind::ResourceLocked, 405, u"basic.consume"_s);
    QCOMPARE(consumer.cancelled.size(), 1);
    QCOMPARE(consumer.cancelled.constFirst().replyCode(), 405);
    QCOMPARE(consumer.started, 0);
    QVERIFY(other.close());
    QVERIFY(other.errors.isEmpty());
}

void TestTopology::reservedNames()
{
    const ChannelLog log(m_channel);
    VERIFY_ERROR(failure(m_channel->declareQueue(u"amq.mine"_s)), AccessRefused, Operation, 403);
    closedByError(log, QAmqpError::Kind::AccessRefused, 403, u"queue.declare"_s);

    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog exchangeLog(channel);
    VERIFY_ERROR(failure(channel->declareExchange(u"amq.mine"_s, u"direct"_s)), AccessRefused,
                 Operation, 403);
    closedByError(exchangeLog, QAmqpError::Kind::AccessRefused, 403, u"exchange.declare"_s);

    channel = m_peer->channel();
    const ChannelLog defaultLog(channel);
    VERIFY_ERROR(failure(channel->deleteExchange(u""_s)), AccessRefused, Operation, 403);
    closedByError(defaultLog, QAmqpError::Kind::AccessRefused, 403, u"exchange.delete"_s);
}

// An error of the whole connection: each channel is told once, then the connection.
void TestTopology::unknownExchangeType()
{
    Peer other;
    QAmqpChannel *guilty = other.channel();
    QAmqpChannel *bystander = other.channel();
    const ChannelLog guiltyLog(guilty);
    const ChannelLog bystanderLog(bystander);
    QVERIFY(other.open());
    bystander->publish({}, u"nowhere"_s, "x"_ba);
    VERIFY_OK(bystander->allConfirmed());
    const auto declared = guilty->declareExchange(uniqueName(), u"x-no-such-type"_s);
    const auto pending = guilty->declareQueue({}, exclusive);
    const QAmqpError error = failure(declared);
    QVERIFY(error);
    QVERIFY(failure(pending));
    QVERIFY(other.waitForClosed());
    QCOMPARE(other.closed, 1);
    QCOMPARE(other.errors.size(), 1);
    VERIFY_ERROR(other.errors.constFirst(), ProtocolViolation, Connection, 503);
    QCOMPARE(other.errors.constFirst().origin(), QAmqpError::Origin::Broker);
    QCOMPARE(other.errors.constFirst().method(), u"exchange.declare"_s);
    for (const ChannelLog *log : {&guiltyLog, &bystanderLog}) {
        QCOMPARE(log->closed, 1);
        QCOMPARE(log->errors.size(), 1);
        QCOMPARE(log->errors.constFirst().replyCode(), 503);
    }
}

void TestTopology::channelWorksAgainAfterError()
{
    const ChannelLog log(m_channel);
    VERIFY_ERROR(failure(m_channel->declareQueue(u"no such queue"_s, passive)), NotFound, Operation,
                 404);
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(m_channel->state(), QAmqpChannel::State::Closed);
    VERIFY_ERROR(failure(m_channel->declareQueue({}, exclusive)), NotOpen, Operation, 0);
    m_channel->open();
    const auto queue = m_channel->declareQueue({}, exclusive);
    VERIFY_OK(queue);
    VERIFY_OK(m_channel->publishConfirmed({}, queue.result().name, "x"_ba));
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.closed, 1);
}

void TestTopology::wrongPassword()
{
    Peer other(options().setCredentials(QAmqpCredentials::plain(u"guest"_s, u"wrong"_s)));
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    const auto declared = channel->declareQueue({}, exclusive);
    other.connection.open();
    QVERIFY(failure(declared));
    QVERIFY(other.waitForClosed());
    QCOMPARE(other.opened, 0);
    QCOMPARE(other.closed, 1);
    QCOMPARE(other.errors.size(), 1);
    VERIFY_ERROR(other.errors.constFirst(), AuthenticationFailed, Connection, 403);
    QVERIFY(other.errors.constFirst().replyText().startsWith(u"ACCESS_REFUSED"));
    QVERIFY(other.errors.constFirst().text().contains(u"guest"));
    QVERIFY(!other.errors.constFirst().text().contains(u"wrong"));
    QCOMPARE(other.errors.constFirst().phase(), QAmqpError::Phase::Handshake);
    QCOMPARE(log.closed, 1);
    QCOMPARE(log.errors.size(), 1);
}

void TestTopology::unknownVirtualHost()
{
    Peer other(options().setVirtualHost(u"no such host"_s));
    other.connection.open();
    QVERIFY(waitFor([&] { return other.closed == 1; }));
    QCOMPARE(other.opened, 0);
    QCOMPARE(other.errors.size(), 1);
    VERIFY_ERROR(other.errors.constFirst(), AccessRefused, Connection, 530);
    QVERIFY(other.errors.constFirst().text().contains(u"no such host"));
    QCOMPARE(other.errors.constFirst().phase(), QAmqpError::Phase::Handshake);
}

// A user who may read and write only what begins with "mine".
void TestTopology::missingPermissions()
{
    const QString user = uniqueName(u"user"_s);
    const QString password = u"p:a@s s/wörd"_s;
    const auto credentials = QAmqpCredentials::plain(user, password);
    QVERIFY(ctl({u"add_user"_s, user, password}));
    {
        Peer other(options().setCredentials(credentials));
        other.connection.open();
        QVERIFY(waitFor([&] { return other.closed == 1; }));
        QCOMPARE(other.errors.size(), 1);
        VERIFY_ERROR(other.errors.constFirst(), AccessRefused, Connection, 530);
    }
    QVERIFY(ctl({u"set_permissions"_s, user, u"^mine"_s, u"^mine"_s, u"^mine"_s}));
    const QString theirs = uniqueName(u"theirs"_s);
    VERIFY_OK(m_channel->declareQueue(theirs));

    Peer other(options().setCredentials(credentials));
    QVERIFY(other.open());
    VERIFY_OK(other.channel()->declareQueue(uniqueName(u"mine"_s), exclusive));
    const std::vector<std::pair<QString, Ask>> requests = {
            {u"queue.declare"_s,
             [](auto *c) { return failure(c->declareQueue(uniqueName(), exclusive)); }},
            {u"queue.delete"_s, [=](auto *c) { return failure(c->deleteQueue(theirs)); }},
            {u"basic.get"_s, [=](auto *c) { return failure(c->get(theirs)); }},
    };
    for (const auto &[method, ask] : requests) {
        QAmqpChannel *channel = other.channel();
        const ChannelLog log(channel);
        const QAmqpError error = ask(channel);
        VERIFY_ERROR(error, AccessRefused, Operation, 403);
        QVERIFY(error.replyText().contains(user));
        closedByError(log, QAmqpError::Kind::AccessRefused, 403, method);
    }
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    QVERIFY(failure(channel->publishConfirmed(u"amq.fanout"_s, {}, "x"_ba)));
    closedByError(log, QAmqpError::Kind::AccessRefused, 403, u"basic.publish"_s);
    QVERIFY(other.connection.isOpen());
    QVERIFY(other.errors.isEmpty());
    QVERIFY(other.close());
    VERIFY_OK(m_channel->deleteQueue(theirs));
    QVERIFY(ctl({u"delete_user"_s, user}));
}

void TestTopology::consumerIsToldThatItsQueueIsGone()
{
    const QString name = uniqueName();
    QAmqpQueue *queue = m_channel->queue(name);
    VERIFY_OK(queue->declare());
    QList<QAmqpError> told;
    connect(queue, &QAmqpQueue::cancelled, queue, [&](const QAmqpError &why) { told << why; });
    QAmqpConsumer *consumer = queue->consume();
    const ConsumerLog log(consumer);
    const ChannelLog channelLog(m_channel);
    QVERIFY(waitFor([&] { return log.started == 1; }));

    Peer other;
    QAmqpChannel *channel = other.channel();
    QVERIFY(other.open());
    VERIFY_OK(channel->deleteQueue(name));
    QVERIFY(other.close());

    QVERIFY(waitFor([&] { return !log.cancelled.isEmpty(); }));
    QVERIFY(!settled(m_channel));
    QCOMPARE(log.cancelled.size(), 1);
    QCOMPARE(told, log.cancelled);
    VERIFY_ERROR(log.cancelled.constFirst(), Cancelled, Operation, 0);
    QCOMPARE(log.cancelled.constFirst().origin(), QAmqpError::Origin::Broker);
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Cancelled);
    VERIFY_ERROR(failure(consumer->cancel()), NotOpen, Operation, 0);
    QCOMPARE(channelLog.errors.size(), 0);
    QVERIFY(m_channel->isOpen());
}

QTAMQP_BROKER_TEST(TestTopology)
#include "tst_topology.moc"
