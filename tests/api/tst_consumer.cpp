// QAmqpConsumer, QAmqpQueue and QAmqpDelivery against a scripted broker: who gets which message, and which
// acknowledgements reach the broker.

#include "apitest.h"

#include <thread>

using State = QAmqpConsumer::State;
using Kind = QAmqpError::Kind;

namespace {

// A channel with a consumer "t" of the queue "q".
Script consuming(bool noAck = false)
{
    Script script = openedChannel();
    if (!noAck)
        script.expect<BasicQos>().reply(BasicQosOk{});
    return script
            .expect<BasicConsume>([=](const BasicConsume &m) {
                return m.queue == "q" && m.consumerTag == "t" && m.noAck == noAck && !m.noWait;
            })
            .reply(BasicConsumeOk{QByteArrayView("t")});
}

BasicDeliver delivery(quint64 tag, bool redelivered = false)
{
    return {QByteArrayView("t"), tag, redelivered, QByteArrayView("e"), QByteArrayView("k")};
}

Script deliveries(quint64 first, quint64 last)
{
    Script script;
    for (quint64 tag = first; tag <= last; ++tag)
        script.sendContent(delivery(tag), QAmqpMessage(QByteArray::number(tag)));
    return script;
}

auto isAck(quint64 tag, bool multiple = false)
{
    return [=](const BasicAck &m) { return m.deliveryTag == tag && m.multiple == multiple; };
}

auto isNack(quint64 tag, bool multiple, bool requeue)
{
    return [=](const BasicNack &m) {
        return m.deliveryTag == tag && m.multiple == multiple && m.requeue == requeue;
    };
}

QAmqpConsumeOptions tagged() { return QAmqpConsumeOptions().setConsumerTag(u"t"_s); }

// A session with such a consumer, which keeps what it gets.
class ConsumerSession : public Session
{
public:
    explicit ConsumerSession(const Script &script, const QAmqpConsumeOptions &options = tagged())
        : Session(script)
    {
        makeChannel();
        consumer = channel->consume(u"q"_s, options);
        log.watch(consumer);
        QObject::connect(consumer, &QAmqpConsumer::messageReceived,
                         [this](const QAmqpDelivery &message) { received.append(message); });
        connection.open();
    }

    QAmqpConsumer *consumer;
    QList<QAmqpDelivery> received;
};

} // namespace

class TestConsumer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void receives();
    void queueAndConsumerBothTell();
    void severalConsumersOfAQueue();
    void optionsReachTheWire();
    void prefetchIsAskedForOnce();
    void tagsAreUnique();
    void refusedByTheBroker();
    void largeBody();
    void tooLargeBody();
    void serverNamedQueue();
    void serverNamedQueueFails();
    void serverNamedQueueAsksAnew();
    void cancels();
    void cancelsBeforeItStarted();
    void cancelTellsWhatWentBack();
    void cancelWithoutAcknowledgement();
    void cancelTwice();
    void brokerCancels();
    void brokerCancelsWhileCancelling();
    void destructionCancels();
    void pauses();
    void pausedChanged();
    void multipleSparesWhatIsHeld();
    void multipleSparesWhatCameWhileClosing();
    void cancelWhileTheEndIsTold();
    void pauseIsRefused();
    void closesWhilePaused();
    void noAcknowledgement();
    void settlesOnce();
    void settlesWithMultiple();
    void ackAllAndNackAll();
    void staleAfterClose();
    void staleAfterReopen();
    void staleAfterReconnect();
    void settlesFromThreads();
    void ownThreadKeepsItsPlace();
    void staleFromThreads();
    void deliveriesOutliveTheConnection();
};

void TestConsumer::receives()
{
    QAmqpMessage message("body");
    message.setContentType(u"text/plain"_s);
    message.setHeaders({{u"a"_s, 1}});
    ConsumerSession s(consuming()
                              .sendContent(delivery(7, true), message)
                              .sendContent(delivery(8), QAmqpMessage())
                              .connectionClose());
    QCOMPARE(s.consumer->state(), State::Starting);
    QCOMPARE(s.consumer->consumerTag(), u"t"_s);
    TRY(s.received.size() == 2, s.server);
    QVERIFY(s.consumer->isActive());
    QCOMPARE(s.consumer->channel(), s.channel);
    QCOMPARE(s.consumer->parent(), s.channel);
    const QAmqpDelivery first = s.received.at(0);
    QVERIFY(first.isValid());
    QCOMPARE(first.body(), QByteArray("body"));
    QCOMPARE(first.contentType(), u"text/plain"_s);
    QCOMPARE(first.headers(), message.headers());
    QCOMPARE(first.exchange(), u"e"_s);
    QCOMPARE(first.routingKey(), u"k"_s);
    QCOMPARE(first.consumerTag(), u"t"_s);
    QCOMPARE(first.deliveryTag(), 7u);
    QVERIFY(first.isRedelivered());
    QVERIFY(!first.isSettled());
    QVERIFY(s.received.at(1).body().isEmpty());
    QVERIFY(!s.received.at(1).isRedelivered());
    s.close();
    QCOMPARE(s.log.of(u"consumer"_s),
             QStringList({u"Active"_s, u"started"_s, u"received body"_s, u"received "_s,
                          u"Cancelled"_s, u"cancelled"_s}));
}

void TestConsumer::queueAndConsumerBothTell()
{
    Session s(consuming().then(deliveries(1, 2)).connectionClose());
    s.makeChannel();
    QAmqpQueue *queue = s.channel->queue(u"q"_s);
    QAmqpConsumer *consumer = queue->consume(tagged());
    QCOMPARE(consumer->parent(), queue);
    s.log.watch(queue);
    s.log.watch(consumer);
    s.connection.open();
    TRY(s.log.of(u"queue"_s).size() == 2, s.server);
    QCOMPARE(s.log.of(u"queue"_s), QStringList({u"received 1"_s, u"received 2"_s}));
    QCOMPARE(s.log.of(u"consumer"_s).filter(u"received"_s),
             QStringList({u"received 1"_s, u"received 2"_s}));
    s.close();
}

void TestConsumer::severalConsumersOfAQueue()
{
    const auto to = [](const char *tag, quint64 number) {
        return BasicDeliver{QByteArrayView(tag), number, false, {}, QByteArrayView("q")};
    };
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("a")})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("b")})
                      .sendContent(to("b", 1), QAmqpMessage("1"))
                      .sendContent(to("a", 2), QAmqpMessage("2"))
                      .sendContent(to("a", 3), QAmqpMessage("3"))
                      .sendContent(to("b", 4), QAmqpMessage("4"))
                      .connectionClose());
    s.makeChannel();
    QAmqpQueue *queue = s.channel->queue(u"q"_s);
    s.log.watch(queue);
    s.log.watch(queue->consume(QAmqpConsumeOptions().setConsumerTag(u"a"_s)), u"a"_s);
    s.log.watch(queue->consume(QAmqpConsumeOptions().setConsumerTag(u"b"_s)), u"b"_s);
    s.connection.open();
    TRY(s.log.of(u"queue"_s).size() == 4, s.server);
    QCOMPARE(s.log.of(u"a"_s).filter(u"received"_s),
             QStringList({u"received 2"_s, u"received 3"_s}));
    QCOMPARE(s.log.of(u"b"_s).filter(u"received"_s),
             QStringList({u"received 1"_s, u"received 4"_s}));
    s.close();
}

void TestConsumer::optionsReachTheWire()
{
    QAmqpConsumeOptions options;
    options.setConsumerTag(u"t"_s).setPrefetch(3).setNoLocal().setExclusive().setArgument(
            u"x-priority"_s, 5);
    Session s(openedChannel()
                      .expect<BasicQos>([](const BasicQos &m) {
                          return m.prefetchCount == 3 && !m.global && m.prefetchSize == 0;
                      })
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>([](const BasicConsume &m) {
                          return m.noLocal && m.exclusive && !m.noAck && m.arguments.size() > 4;
                      })
                      .reply(BasicConsumeOk{QByteArrayView("t")})
                      .connectionClose());
    s.open();
    QAmqpConsumer *consumer = s.channel->consume(u"q"_s, options);
    QCOMPARE(consumer->options(), options);
    TRY(consumer->isActive(), s.server);
    s.close();
}

void TestConsumer::prefetchIsAskedForOnce()
{
    const auto asks = [](quint16 count) {
        return [count](const BasicQos &m) { return m.prefetchCount == count; };
    };
    const auto consumeOk = BasicConsumeOk{QByteArrayView("t")};
    Session s(openedChannel()
                      .expect<BasicQos>(asks(250))
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(consumeOk)
                      .expect<BasicConsume>()
                      .reply(consumeOk)
                      .expect<BasicQos>(asks(10))
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(consumeOk)
                      .expect<BasicConsume>()
                      .reply(consumeOk) // without acknowledgement there is no prefetch
                      .expect<BasicQos>(asks(0))
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(consumeOk)
                      .connectionClose());
    s.open();
    s.channel->consume(u"q"_s);
    s.channel->consume(u"q"_s);
    s.channel->consume(u"q"_s, QAmqpConsumeOptions().setPrefetch(10));
    s.channel->consume(u"q"_s, QAmqpConsumeOptions().setPrefetch(99).setNoAck());
    QAmqpConsumer *last = s.channel->consume(u"q"_s, QAmqpConsumeOptions().setPrefetch(0));
    TRY(last->isActive(), s.server);
    s.close();
}

void TestConsumer::tagsAreUnique()
{
    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    QSet<QString> tags;
    for (int i = 0; i < 10; ++i)
        tags.insert(channel->consume(u"q"_s)->consumerTag());
    QCOMPARE(tags.size(), 10);
    QVERIFY(!tags.contains(QString()));
    QAmqpConsumer *first = channel->consume(u"q"_s, tagged());
    QAmqpConsumer *second = channel->consume(u"q"_s, tagged());
    QCOMPARE(first->state(), State::Starting);
    QCOMPARE(second->state(), State::Cancelled);
    QCOMPARE(channel->lastError().kind(), Kind::InvalidArgument);
    QVERIFY2(channel->lastError().text().contains(u"\"t\" is in use"),
             qPrintable(channel->lastError().text()));
    delete second; // leaves the first alone
    QCOMPARE(first->state(), State::Starting);
}

void TestConsumer::refusedByTheBroker()
{
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .send(ChannelClose{404, QByteArrayView("NOT_FOUND - no queue 'q'"), 60, 20})
                      .expect<ChannelCloseOk>()
                      .connectionClose());
    s.open();
    QAmqpConsumer *consumer = s.channel->consume(u"q"_s, tagged());
    s.log.watch(consumer);
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(s.log.of(u"consumer"_s), QStringList({u"Cancelled"_s, u"cancelled: NotFound"_s}));
    QCOMPARE(errorOf(consumer->cancel()).kind(), Kind::NotOpen);
    s.close();
}

void TestConsumer::largeBody()
{
    QByteArray body;
    for (int i = 0; body.size() < 3'000'000; ++i)
        body += QByteArray::number(i);
    ConsumerSession s(consuming()
                              .sendContent(delivery(1), QAmqpMessage(body))
                              .sendContent(delivery(2), QAmqpMessage(body), 4096)
                              .connectionClose());
    TRY(s.received.size() == 2, s.server);
    QVERIFY(s.received.at(0).body() == body);
    QVERIFY(s.received.at(1).body() == body);
    s.close();
}

void TestConsumer::tooLargeBody()
{
    Session s(consuming()
                      .sendContent(delivery(1), QAmqpMessage(QByteArray(1000, 'x')))
                      .sendContent(delivery(2), QAmqpMessage(QByteArray(1001, 'x')))
                      .await<ConnectionClose>()
                      .ignoreRest());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setMaxMessageSize(1000); });
    s.makeChannel();
    s.channel->consume(u"q"_s, tagged());
    s.connection.open();
    TRY(s.log.count(u"connection.closed"_s) == 1, s.server);
    QCOMPARE(s.connection.lastError().kind(), Kind::LimitExceeded);
    QVERIFY2(s.connection.lastError().text().contains(u"1001"),
             qPrintable(s.connection.lastError().text()));
    TRY(s.server.isExhausted(), s.server);
}

// Everything asked for before the broker has told the name waits for it, in order.
void TestConsumer::serverNamedQueue()
{
    Session s(
            openedChannel()
                    .expect<QueueDeclare>(
                            [](const QueueDeclare &m) { return m.queue.isEmpty() && m.exclusive; })
                    .reply(QueueDeclareOk{QByteArrayView("amq.gen-é"), 0, 0})
                    .expect<QueueBind>([](const QueueBind &m) {
                        return m.queue == "amq.gen-é" && m.exchange == "amq.topic";
                    })
                    .expect<BasicQos>()
                    .expect<BasicConsume>(
                            [](const BasicConsume &m) { return m.queue == "amq.gen-é"; })
                    .reply(QueueBindOk{})
                    .reply(BasicQosOk{})
                    .reply(BasicConsumeOk{QByteArrayView("t")})
                    .expect<ConfirmSelect>()
                    .expect<BasicPublish>([](const BasicPublish &m, const QAmqpMessage &message) {
                        return m.exchange.isEmpty() && m.routingKey == "amq.gen-é"
                                && message.body() == "1";
                    })
                    .expect<BasicPublish>(
                            [](const BasicPublish &m) { return m.routingKey == "elsewhere"; })
                    .expect<BasicGet>([](const BasicGet &m) { return m.queue == "amq.gen-é"; })
                    .expect<QueuePurge>([](const QueuePurge &m) { return m.queue == "amq.gen-é"; })
                    .expect<QueueUnbind>(
                            [](const QueueUnbind &m) { return m.queue == "amq.gen-é"; })
                    .expect<QueueDelete>(
                            [](const QueueDelete &m) { return m.queue == "amq.gen-é"; })
                    .reply(ConfirmSelectOk{})
                    .send(BasicAck{2, true})
                    .reply(BasicGetEmpty{})
                    .reply(QueuePurgeOk{})
                    .reply(QueueUnbindOk{})
                    .reply(QueueDeleteOk{9})
                    .connectionClose());
    s.open();
    QAmqpQueue *queue = s.channel->queue();
    s.log.watch(queue);
    const auto declared = queue->declare(QAmqpQueueOptions().setExclusive());
    queue->bind(u"amq.topic"_s, u"#"_s);
    queue->consume(tagged());
    QCOMPARE(queue->publish(QAmqpMessage("1")), 1u);
    QCOMPARE(s.channel->publish(QString(), u"elsewhere"_s, QAmqpMessage("2")),
             2u); // may not overtake
    queue->get();
    queue->purge();
    queue->unbind(u"amq.topic"_s, u"#"_s);
    const auto removed = queue->remove();
    TRY(removed.isFinished(), s.server);
    QCOMPARE(removed.result(), 9u);
    QCOMPARE(declared.result().name, u"amq.gen-é"_s);
    QCOMPARE(queue->name(), u"amq.gen-é"_s);
    QCOMPARE(s.log.of(u"queue"_s), QStringList({u"named amq.gen-é"_s}));
    s.close();
}

void TestConsumer::serverNamedQueueFails()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .send(ChannelClose{403, QByteArrayView("ACCESS_REFUSED"), 50, 10})
                      .expect<ChannelCloseOk>()
                      .connectionClose());
    s.open();
    QAmqpQueue *queue = s.channel->queue();
    const auto declared = queue->declare();
    const auto bound = queue->bind(u"e"_s);
    const auto published = queue->publishConfirmed(QAmqpMessage("x"));
    QAmqpConsumer *consumer = queue->consume();
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(errorOf(declared).kind(), Kind::AccessRefused);
    QCOMPARE(errorOf(bound).kind(), Kind::Cancelled);
    QCOMPARE(errorOf(published).kind(), Kind::AccessRefused);
    QCOMPARE(consumer->state(), State::Cancelled);
    QVERIFY(queue->name().isEmpty());
    s.channel->lastError();
    QCOMPARE(errorOf(queue->bind(u"e"_s)).kind(),
             Kind::InvalidArgument); // no name is on its way any more
    s.close();
}

// The queue that had the last name may be gone; a name of the application's own is for good.
void TestConsumer::serverNamedQueueAsksAnew()
{
    const auto declares = [](Script &script, const char *name) {
        script.expect<QueueDeclare>([](const QueueDeclare &m) {
                  return m.queue.isEmpty();
              }).reply(QueueDeclareOk{QByteArrayView(name)});
    };
    Script script = openedChannel();
    declares(script, "amq.gen-1");
    declares(script, "amq.gen-2");
    script.expect<QueuePurge>([](const QueuePurge &m) { return m.queue == "amq.gen-2"; })
            .reply(QueuePurgeOk{})
            .expect<ChannelClose>()
            .reply(ChannelCloseOk{})
            .channelOpen();
    declares(script, "amq.gen-3");
    script.expect<QueuePurge>([](const QueuePurge &m) { return m.queue == "amq.gen-3"; })
            .reply(QueuePurgeOk{})
            .expect<QueueDeclare>([](const QueueDeclare &m) { return m.queue == "mine"; })
            .reply(QueueDeclareOk{QByteArrayView("mine")})
            .connectionClose();
    Session s(script);
    s.open();
    QAmqpQueue *queue = s.channel->queue();
    s.log.watch(queue);
    queue->declare();
    TRY(queue->name() == u"amq.gen-1"_s, s.server);
    queue->declare();
    const auto second = queue->purge();
    TRY(second.isFinished(), s.server);
    QVERIFY(!errorOf(second));
    s.channel->close();
    TRY(s.channel->state() == QAmqpChannel::State::Closed, s.server);
    s.channel->open();
    queue->declare();
    const auto third = queue->purge();
    const auto mine = s.channel->queue(u"mine"_s)->declare();
    TRY(mine.isFinished(), s.server);
    QVERIFY(!errorOf(third));
    QCOMPARE(s.log.of(u"queue"_s),
             QStringList({u"named amq.gen-1"_s, u"named amq.gen-2"_s, u"named amq.gen-3"_s}));
    s.close();
}

void TestConsumer::cancels()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 1))
                              .expect<BasicCancel>([](const BasicCancel &m) {
                                  return m.consumerTag == "t" && !m.noWait;
                              })
                              .reply(BasicCancelOk{QByteArrayView("t")})
                              .expect<BasicAck>(isAck(1))
                              .connectionClose());
    TRY(s.received.size() == 1, s.server);
    const QFuture<int> requeued = s.consumer->cancel();
    QCOMPARE(s.consumer->state(), State::Cancelling);
    TRY(requeued.isFinished(), s.server);
    QCOMPARE(requeued.result(), 0);
    TRY_COMPARE(s.consumer->state(), State::Cancelled);
    QCOMPARE(s.log.count(u"consumer.cancelled"_s), 1);
    QVERIFY(s.received.at(0).ack()); // what was delivered is still ours to settle
    s.close();
    QCOMPARE(s.log.count(u"consumer.cancelled"_s), 1);
}

// RabbitMQ crashes the channel over a cancel before the consume-ok.
void TestConsumer::cancelsBeforeItStarted()
{
    ConsumerSession s(consuming()
                              .expect<BasicCancel>()
                              .reply(BasicCancelOk{QByteArrayView("t")})
                              .connectionClose());
    const QFuture<int> requeued = s.consumer->cancel();
    TRY(requeued.isFinished(), s.server);
    QCOMPARE(requeued.result(), 0);
    s.close();
    QCOMPARE(s.log.of(u"consumer"_s).filter(u"cancelled"_s).size(), 1);
    QCOMPARE(s.log.count(u"consumer.started"_s), 0);
}

void TestConsumer::cancelTellsWhatWentBack()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 3))
                              .expect<BasicCancel>()
                              .expect<BasicNack>(isNack(2, false, true))
                              .expect<BasicNack>(isNack(3, false, true)) // held
                              .then(deliveries(4, 5))
                              .expect<BasicNack>(isNack(4, false, true))
                              .expect<BasicNack>(isNack(5, false, true)) // under way
                              .send(BasicCancelOk{QByteArrayView("t")})
                              .connectionClose());
    QObject::connect(s.consumer, &QAmqpConsumer::messageReceived,
                     [&] { QVERIFY(s.consumer->pause()); });
    TRY(s.consumer->heldMessages() == 2, s.server);
    const QFuture<int> requeued = s.consumer->cancel();
    TRY(requeued.isFinished(), s.server);
    QCOMPARE(requeued.result(), 4);
    QCOMPARE(s.received.size(), 1);
    QCOMPARE(s.consumer->heldMessages(), 0);
    s.close();
}

// The broker has forgotten these: they are shown, or lost.
void TestConsumer::cancelWithoutAcknowledgement()
{
    ConsumerSession s(consuming(true)
                              .then(deliveries(1, 1))
                              .expect<BasicCancel>()
                              .then(deliveries(2, 3))
                              .send(BasicCancelOk{QByteArrayView("t")})
                              .connectionClose(),
                      tagged().setNoAck());
    TRY(s.received.size() == 1, s.server);
    const QFuture<int> requeued = s.consumer->cancel();
    TRY(requeued.isFinished(), s.server);
    QCOMPARE(requeued.result(), 0);
    QCOMPARE(s.received.size(), 3);
    s.close();
}

void TestConsumer::cancelTwice()
{
    ConsumerSession s(consuming()
                              .expect<BasicCancel>()
                              .reply(BasicCancelOk{QByteArrayView("t")})
                              .connectionClose());
    TRY(s.consumer->isActive(), s.server);
    const QFuture<int> first = s.consumer->cancel();
    const QAmqpError second = errorOf(s.consumer->cancel());
    QCOMPARE(second.kind(), Kind::NotOpen);
    QVERIFY2(second.text().contains(u"\"t\""), qPrintable(second.text()));
    TRY(first.isFinished(), s.server);
    QVERIFY(!errorOf(first));
    QCOMPARE(errorOf(s.consumer->cancel()).kind(), Kind::NotOpen);
    s.close();
}

void TestConsumer::brokerCancels()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 2))
                              .send(BasicCancel{QByteArrayView("t"), true})
                              .expect<BasicCancel>([](const BasicCancel &m) { return m.noWait; })
                              .expect<BasicAck>(isAck(1))
                              .connectionClose());
    TRY(s.consumer->state() == State::Cancelled, s.server);
    QCOMPARE(s.received.size(), 2);
    QCOMPARE(s.log.of(u"consumer"_s).mid(4),
             QStringList({u"Cancelled"_s, u"cancelled: Cancelled"_s}));
    QCOMPARE(errorOf(s.consumer->cancel()).kind(), Kind::NotOpen);
    QVERIFY(s.channel->isOpen());
    QVERIFY(s.received.at(0).ack());
    s.close();
    QCOMPARE(s.log.of(u"consumer"_s).filter(u"cancelled"_s).size(), 1);
}

void TestConsumer::brokerCancelsWhileCancelling()
{
    ConsumerSession s(consuming()
                              .expect<BasicCancel>()
                              .send(BasicCancel{QByteArrayView("t"), true})
                              .expect<BasicCancel>([](const BasicCancel &m) { return m.noWait; })
                              .send(BasicCancelOk{QByteArrayView("t")})
                              .connectionClose());
    TRY(s.consumer->isActive(), s.server);
    const QFuture<int> requeued = s.consumer->cancel();
    TRY(requeued.isFinished(), s.server);
    QCOMPARE(s.log.of(u"consumer"_s).filter(u"cancelled"_s).size(), 1);
    s.close();
    QCOMPARE(s.log.of(u"consumer"_s).filter(u"cancelled"_s).size(), 1);
    QVERIFY(s.log.errors.isEmpty());
}

void TestConsumer::destructionCancels()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 3))
                              .expect<BasicCancel>()
                              .expect<BasicNack>(isNack(2, false, true))
                              .expect<BasicNack>(isNack(3, false, true))
                              .then(deliveries(4, 4))
                              .expect<BasicNack>(isNack(4, false, true))
                              .send(BasicCancelOk{QByteArrayView("t")})
                              .connectionClose());
    QObject::connect(s.consumer, &QAmqpConsumer::messageReceived, [&] { s.consumer->pause(); });
    TRY(s.consumer->heldMessages() == 2, s.server);
    delete s.consumer;
    TRY(s.server.report().contains(u"expect connection.close"), s.server);
    QCOMPARE(s.log.of(u"consumer"_s).filter(u"cancelled"_s).size(), 0);
    s.close();
}

void TestConsumer::pauses()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 6))
                              .expect<BasicAck>(isAck(1))
                              .then(deliveries(7, 7))
                              .connectionClose(),
                      tagged().setPrefetch(6));
    QObject::connect(s.consumer, &QAmqpConsumer::messageReceived,
                     [&](const QAmqpDelivery &message) {
                         if (message.deliveryTag() == 1 || message.deliveryTag() == 3)
                             QVERIFY(s.consumer->pause());
                     });
    TRY(s.consumer->heldMessages() == 5, s.server);
    QVERIFY(s.consumer->isPaused());
    QVERIFY(s.consumer->isActive());
    QCOMPARE(s.received.size(), 1);
    s.consumer->resume();
    QCOMPARE(s.received.size(), 1); // not within the call
    QVERIFY(!s.consumer->isPaused());
    TRY(s.consumer->isPaused(), s.server); // at the third
    QCOMPARE(s.received.size(), 3);
    QCOMPARE(s.consumer->heldMessages(), 3);
    QVERIFY(s.received.at(0).ack());
    TRY(s.consumer->heldMessages() == 4, s.server);
    s.consumer->resume();
    TRY(s.received.size() == 7, s.server);
    for (int i = 0; i < 7; ++i)
        QCOMPARE(s.received.at(i).deliveryTag(), quint64(i + 1));
    s.close();
}

void TestConsumer::pausedChanged()
{
    ConsumerSession s(consuming().expect<ChannelClose>().reply(ChannelCloseOk{}).connectionClose());
    TRY(s.consumer->isActive(), s.server);
    QSignalSpy changes(s.consumer, &QAmqpConsumer::pausedChanged);
    QVERIFY(s.consumer->pause());
    QVERIFY(changes.isEmpty()); // not within the call
    TRY_COMPARE(changes.count(), 1);
    s.consumer->resume();
    s.consumer->pause(); // as it was
    s.consumer->resume();
    TRY_COMPARE(changes.count(), 2);
    QVERIFY(s.consumer->pause());
    TRY_COMPARE(changes.count(), 3);
    s.channel->close();
    TRY_COMPARE(changes.count(), 4);
    QCOMPARE(changes, QList<QVariantList>({{true}, {false}, {true}, {false}}));
    QVERIFY(!s.consumer->isPaused());
    s.close();
}

// A message that comes while the channel closes is shown to nobody: it must go back to its queue.
void TestConsumer::multipleSparesWhatCameWhileClosing()
{
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("t")})
                      .expect<BasicGet>()
                      .expect<BasicGet>()
                      .sendContent(
                              BasicDeliver{QByteArrayView("t"), 1, false, {}, QByteArrayView("q")},
                              QAmqpMessage("unseen"))
                      .sendContent(BasicGetOk{2, false, {}, QByteArrayView("q"), 0},
                                   QAmqpMessage("seen"))
                      .expect<BasicAck>(isAck(2))
                      .reply(BasicGetEmpty{})
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.makeChannel();
    QAmqpConsumer *consumer =
            s.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"t"_s));
    QSignalSpy received(consumer, &QAmqpConsumer::messageReceived);
    bool acked = false;
    QObject::connect(consumer, &QAmqpConsumer::started, s.channel, [&] {
        s.channel->get(u"q"_s).then([&](const std::optional<QAmqpDelivery> &delivery) {
            acked = delivery && delivery->ack(QAmqpDelivery::Multiple);
        });
        s.channel->get(u"q"_s); // keeps the channel open so long
        s.channel->close();
    });
    s.connection.open();
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QVERIFY(acked);
    QVERIFY(received.isEmpty());
    s.close();
}

// Between the loss of the link and cancelled() the consumer is over already.
void TestConsumer::cancelWhileTheEndIsTold()
{
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("a")})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("b")})
                      .expect<ConfirmSelect>()
                      .reply(ConfirmSelectOk{})
                      .expect<BasicPublish>()
                      .drop());
    s.makeChannel();
    QAmqpConsumer *a = s.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"a"_s));
    QAmqpConsumer *b = s.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"b"_s));
    QObject::connect(b, &QAmqpConsumer::started, s.channel,
                     [&] { s.channel->publish(QString(), u"q"_s, QAmqpMessage("x")); });
    QList<QFuture<int>> cancels;
    QObject::connect(s.channel, &QAmqpChannel::indeterminate, s.channel, [&] {
        cancels = {a->cancel(), b->cancel()};
    });
    s.connection.open();
    TRY(s.log.count(u"connection.closed"_s) == 1, s.server);
    QCOMPARE(cancels.size(), 2);
    for (const QFuture<int> &cancel : std::as_const(cancels)) {
        QVERIFY(cancel.isFinished());
        QCOMPARE(errorOf(cancel).kind(), Kind::NotOpen);
    }
    QCOMPARE(a->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(b->state(), QAmqpConsumer::State::Cancelled);
}

// What a paused consumer holds was seen by nobody, and "all so far" does not mean it.
void TestConsumer::multipleSparesWhatIsHeld()
{
    const auto to = [](const char *tag, quint64 number) {
        return BasicDeliver{QByteArrayView(tag), number, false, {}, QByteArrayView("q")};
    };
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("a")})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("b")})
                      .sendContent(to("a", 1), QAmqpMessage("1"))
                      .sendContent(to("b", 2), QAmqpMessage("2"))
                      .sendContent(to("a", 3), QAmqpMessage("3"))
                      .sendContent(to("b", 4), QAmqpMessage("4"))
                      .sendContent(to("b", 5), QAmqpMessage("5"))
                      .expect<BasicAck>(isAck(2))
                      .expect<BasicAck>(isAck(4))
                      .expect<BasicNack>(isNack(5, false, false))
                      .expect<BasicAck>(isAck(3, true))
                      .connectionClose());
    s.makeChannel();
    QAmqpConsumer *a = s.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"a"_s));
    QAmqpConsumer *b = s.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"b"_s));
    QList<QAmqpDelivery> received;
    const auto keep = [&](const QAmqpDelivery &message) { received.append(message); };
    QObject::connect(a, &QAmqpConsumer::messageReceived, keep);
    QObject::connect(b, &QAmqpConsumer::messageReceived, keep);
    QVERIFY(a->pause());
    s.connection.open();
    TRY(received.size() == 3, s.server);
    QCOMPARE(a->heldMessages(), 2);
    QVERIFY(received.at(1).ack(QAmqpDelivery::Multiple));
    QVERIFY(!received.at(0).ack()); // settled with it
    QVERIFY(s.channel->nackAll(QAmqpDelivery::Discard));
    QVERIFY(!s.channel->ackAll());
    a->resume();
    TRY(received.size() == 5, s.server);
    QVERIFY(s.channel->ackAll());
    s.close();
}

void TestConsumer::pauseIsRefused()
{
    ConsumerSession noAck(consuming(true).connectionClose(), tagged().setNoAck());
    TRY(noAck.consumer->isActive(), noAck.server);
    QVERIFY(!noAck.consumer->pause());
    QVERIFY(!noAck.consumer->isPaused());
    noAck.close();
    QVERIFY(!noAck.consumer->pause());
    ConsumerSession unbounded(consuming().connectionClose(), tagged().setPrefetch(0));
    TRY(unbounded.consumer->isActive(), unbounded.server);
    QVERIFY(!unbounded.consumer->pause());
    unbounded.close();
    ConsumerSession foreign(consuming().connectionClose());
    TRY(foreign.consumer->isActive(), foreign.server);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"pause.*thread"_s));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"resume.*thread"_s));
    bool paused = true;
    std::thread([&] {
        paused = foreign.consumer->pause();
        foreign.consumer->resume();
    }).join();
    QVERIFY(!paused && !foreign.consumer->isPaused());
    QVERIFY(foreign.consumer->pause());
    foreign.close();
}

void TestConsumer::closesWhilePaused()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 2))
                              .expect<ChannelClose>()
                              .reply(ChannelCloseOk{})
                              .connectionClose());
    QVERIFY(s.consumer->pause());
    TRY(s.consumer->heldMessages() == 2, s.server);
    s.channel->close();
    TRY(s.channel->state() == QAmqpChannel::State::Closed, s.server);
    QCOMPARE(s.consumer->heldMessages(), 0);
    s.consumer->resume();
    for (int i = 0; i < 3; ++i)
        QCoreApplication::processEvents();
    QVERIFY(s.received.isEmpty());
    s.close();
}

void TestConsumer::noAcknowledgement()
{
    ConsumerSession s(consuming(true).then(deliveries(1, 2)).connectionClose(),
                      tagged().setNoAck());
    TRY(s.received.size() == 2, s.server);
    const QAmqpDelivery message = s.received.at(0);
    QVERIFY(message.isSettled());
    QVERIFY(!message.ack());
    QVERIFY(!message.ack(QAmqpDelivery::Multiple));
    QVERIFY(!message.nack());
    QVERIFY(!message.reject());
    QVERIFY(!s.channel->ackAll());
    QVERIFY(!s.channel->nackAll());
    s.close();
}

void TestConsumer::settlesOnce()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 5))
                              .expect<BasicAck>(isAck(2))
                              .expect<BasicNack>(isNack(1, false, true))
                              .expect<BasicNack>(isNack(3, false, false))
                              .expect<BasicNack>(isNack(4, false, true))
                              .expect<BasicNack>(isNack(5, false, false))
                              .connectionClose());
    TRY(s.received.size() == 5, s.server);
    const QAmqpDelivery copy = s.received.at(1);
    QVERIFY(!copy.isSettled());
    QVERIFY(s.received.at(1).ack());
    QVERIFY(copy.isSettled());
    QVERIFY(!copy.ack());
    QVERIFY(!copy.nack());
    QVERIFY(!copy.reject());
    QVERIFY(s.received.at(0).nack());
    QVERIFY(s.received.at(2).nack(QAmqpDelivery::Discard));
    QVERIFY(s.received.at(3).reject());
    QVERIFY(s.received.at(4).reject(QAmqpDelivery::Discard));
    for (const QAmqpDelivery &message : std::as_const(s.received))
        QVERIFY(!message.ack());
    QVERIFY(!QAmqpDelivery().ack());
    QVERIFY(!QAmqpDelivery().isValid());
    s.close();
}

void TestConsumer::settlesWithMultiple()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 7))
                              .expect<BasicAck>(isAck(2))
                              .expect<BasicAck>(isAck(3, true))
                              .expect<BasicAck>(isAck(5))
                              .expect<BasicNack>(isNack(6, true, true))
                              .expect<BasicAck>(isAck(7, true))
                              .connectionClose());
    TRY(s.received.size() == 7, s.server);
    QVERIFY(s.received.at(1).ack());
    QVERIFY(s.received.at(2).ack(QAmqpDelivery::Multiple));
    QVERIFY(!s.received.at(0).ack()); // settled with it
    QVERIFY(!s.received.at(2).ack());
    QVERIFY(s.received.at(4).ack());
    QVERIFY(s.received.at(5).nack(QAmqpDelivery::Requeue, QAmqpDelivery::Multiple));
    QVERIFY(!s.received.at(3).ack(QAmqpDelivery::Multiple));
    QVERIFY(s.received.at(6).ack(QAmqpDelivery::Multiple));
    s.close();
}

void TestConsumer::ackAllAndNackAll()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 3))
                              .expect<BasicAck>(isAck(3, true))
                              .then(deliveries(4, 5))
                              .expect<BasicNack>(isNack(5, true, false))
                              .then(deliveries(6, 6))
                              .expect<BasicNack>(isNack(6, true, true))
                              .connectionClose());
    TRY(s.received.size() == 3, s.server);
    QVERIFY(s.channel->ackAll());
    QVERIFY(!s.channel->ackAll());
    QVERIFY(!s.channel->nackAll());
    QVERIFY(!s.received.at(0).ack());
    TRY(s.received.size() == 5, s.server);
    QVERIFY(s.channel->nackAll(QAmqpDelivery::Discard));
    TRY(s.received.size() == 6, s.server);
    QVERIFY(s.channel->nackAll());
    s.close();
    QVERIFY(!s.channel->ackAll());
}

void TestConsumer::staleAfterClose()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 3))
                              .expect<BasicAck>(isAck(1))
                              .expect<ChannelClose>()
                              .reply(ChannelCloseOk{})
                              .connectionClose());
    TRY(s.received.size() == 3, s.server);
    s.received.at(0).ack();
    s.channel->close();
    QVERIFY(!s.received.at(1).ack()); // channel.close is on its way
    TRY(s.channel->state() == QAmqpChannel::State::Closed, s.server);
    QVERIFY(!s.received.at(2).ack());
    QVERIFY(!s.received.at(2).nack());
    s.close();
    QCOMPARE(s.received.at(2).body(), QByteArray("3"));
}

void TestConsumer::staleAfterReopen()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 2))
                              .expect<ChannelClose>()
                              .reply(ChannelCloseOk{})
                              .then(Script().channelOpen()
                                            .expect<BasicQos>()
                                            .reply(BasicQosOk{})
                                            .expect<BasicConsume>()
                                            .reply(BasicConsumeOk{QByteArrayView("t")}))
                              .then(deliveries(1, 2))
                              .expect<BasicAck>(isAck(2))
                              .connectionClose());
    TRY(s.received.size() == 2, s.server);
    const QList<QAmqpDelivery> old = std::exchange(s.received, {});
    s.channel->close();
    TRY(s.channel->state() == QAmqpChannel::State::Closed, s.server);
    s.channel->open();
    QAmqpConsumer *next = s.channel->consume(u"q"_s, tagged());
    QObject::connect(next, &QAmqpConsumer::messageReceived,
                     [&](const QAmqpDelivery &message) { s.received.append(message); });
    TRY(s.received.size() == 2, s.server);
    QCOMPARE(s.channel->number(), 1);
    QVERIFY(old.at(0) != s.received.at(0)); // the same tag, another life
    QVERIFY(!old.at(0).ack());
    QVERIFY(!old.at(1).ack(QAmqpDelivery::Multiple));
    QVERIFY(s.received.at(1).ack());
    s.close();
}

void TestConsumer::staleAfterReconnect()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 2))
                              .drop()
                              .then(consuming())
                              .then(deliveries(1, 1))
                              .expect<BasicAck>(isAck(1))
                              .connectionClose());
    TRY(s.log.count(u"connection.closed"_s) == 1, s.server);
    const QList<QAmqpDelivery> old = std::exchange(s.received, {});
    QCOMPARE(old.size(), 2);
    QVERIFY(!old.at(0).ack());
    s.channel->open();
    QAmqpConsumer *next = s.channel->consume(u"q"_s, tagged());
    QObject::connect(next, &QAmqpConsumer::messageReceived,
                     [&](const QAmqpDelivery &message) { s.received.append(message); });
    s.connection.open();
    TRY(s.received.size() == 1, s.server);
    QVERIFY(!old.at(1).ack());
    QVERIFY(s.received.at(0).ack());
    s.close();
}

// From foreign threads: accepted in their order, and the connection's thread wakes for them.
void TestConsumer::settlesFromThreads()
{
    constexpr int count = 200;
    Script script = consuming().then(deliveries(1, count));
    for (int tag = 1; tag <= count; ++tag) {
        if (tag % 3 == 0)
            script.expect<BasicNack>(isNack(quint64(tag), false, true));
        else
            script.expect<BasicAck>(isAck(quint64(tag)));
    }
    ConsumerSession s(script.connectionClose());
    TRY(s.received.size() == count, s.server);
    int accepted = 0;
    int again = 0;
    std::thread worker([&, messages = s.received] {
        for (const QAmqpDelivery &message : messages) {
            accepted += message.deliveryTag() % 3 == 0 ? message.nack() : message.ack();
            again += message.ack();
        }
    });
    TRY(s.server.report().contains(u"expect connection.close"), s.server);
    worker.join();
    QCOMPARE(accepted, count);
    QCOMPARE(again, 0);
    // From several at once: each once.
    s.close();
}

// What another thread was told is accepted comes before what this thread says afterwards.
void TestConsumer::ownThreadKeepsItsPlace()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 3))
                              .expect<BasicAck>(isAck(1))
                              .expect<BasicAck>(isAck(3, true))
                              .connectionClose());
    TRY(s.received.size() == 3, s.server);
    bool first = false;
    std::thread([&, message = s.received.at(0)] { first = message.ack(); }).join();
    QVERIFY(first);
    QVERIFY(s.received.at(2).ack(QAmqpDelivery::Multiple));
    QVERIFY(!s.received.at(1).ack());
    s.close();
}

void TestConsumer::staleFromThreads()
{
    ConsumerSession s(consuming().then(deliveries(1, 2)).connectionClose());
    TRY(s.received.size() == 2, s.server);
    s.close();
    bool settled = true;
    std::thread([&, message = s.received.at(0)] { settled = message.ack(); }).join();
    QVERIFY(!settled);
}

void TestConsumer::deliveriesOutliveTheConnection()
{
    QList<QAmqpDelivery> kept;
    {
        ConsumerSession s(consuming().then(deliveries(1, 50)).ignoreRest());
        TRY(s.received.size() == 50, s.server);
        kept = s.received;
    }
    QCOMPARE(kept.at(9).body(), QByteArray("10"));
    QCOMPARE(kept.at(9).routingKey(), u"k"_s);
    QVERIFY(!kept.at(9).ack());
    int settled = 0;
    std::thread([&, messages = std::exchange(kept, {})] {
        for (const QAmqpDelivery &message : messages)
            settled += message.ack(QAmqpDelivery::Multiple);
    }).join();
    QCOMPARE(settled, 0);
}

QTAMQP_TEST(TestConsumer)
#include "tst_consumer.moc"
