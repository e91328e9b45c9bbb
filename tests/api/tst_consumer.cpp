// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpConsumer and QAmqpQueue against a scripted broker: who gets which message, and how consuming ends.

#include "consumertest.h"

using State = QAmqpConsumer::State;
using Kind = QAmqpError::Kind;

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
    void cancelWhileTheEndIsTold();
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
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("a")})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("b")})
                      .sendContent(deliveryTo("b", 1), QAmqpMessage("1"))
                      .sendContent(deliveryTo("a", 2), QAmqpMessage("2"))
                      .sendContent(deliveryTo("a", 3), QAmqpMessage("3"))
                      .sendContent(deliveryTo("b", 4), QAmqpMessage("4"))
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
                      .expect<BasicNack>(isNack(2, false, false))
                      .connectionClose());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setMaxMessageSize(1000); });
    s.makeChannel();
    QAmqpConsumer *consumer = s.channel->consume(u"q"_s, tagged());
    QAmqpError discarded;
    connect(consumer, &QAmqpConsumer::messageDiscarded,
            [&](const QAmqpDelivery &, const QAmqpError &error) { discarded = error; });
    s.connection.open();
    TRY(discarded.isError(), s.server);
    QCOMPARE(discarded.kind(), Kind::LimitExceeded);
    QVERIFY2(discarded.text().contains(u"1001"), qPrintable(discarded.text()));
    s.close();
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
    const auto removed = queue->deleteQueue();
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
                      .channelOpen()
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
    QCOMPARE(errorOf(queue->bind(u"e"_s)).kind(), Kind::NotOpen);
    s.channel->open();
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

QTAMQP_TEST(TestConsumer)
#include "tst_consumer.moc"
