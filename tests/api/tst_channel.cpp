// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpChannel against a scripted broker: its requests and their replies.

#include "channeltest.h"

#include <QtAmqp/qamqpexchange.h>

using State = QAmqpChannel::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestChannel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void operationsSucceed();
    void handlesOfQueueAndExchange();
    void callsBeforeOpenKeepTheirOrder();
    void otherChannelsGoOn();
    void repliesGoToTheirAskers();
    void getsMessages();
    void requestTimeout();
    void requestTimeoutOfWaitingRequest();
    void theLatestDeclareNamesTheQueue();
    void opensAgainOnceItWasGivenUp();
    void requestTimeoutTellsOfBlockage();
    void transactions();
};

void TestChannel::operationsSucceed()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .reply(QueueDeclareOk{QByteArrayView("q"), 5, 2})
                      .expect<QueueBind>()
                      .reply(QueueBindOk{})
                      .expect<QueueUnbind>()
                      .reply(QueueUnbindOk{})
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{17})
                      .expect<QueueDelete>()
                      .reply(QueueDeleteOk{4'000'000'000})
                      .expect<ExchangeDeclare>()
                      .reply(ExchangeDeclareOk{})
                      .expect<ExchangeBind>()
                      .reply(ExchangeBindOk{})
                      .expect<ExchangeUnbind>()
                      .reply(ExchangeUnbindOk{})
                      .expect<ExchangeDelete>()
                      .reply(ExchangeDeleteOk{})
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicRecover>()
                      .reply(BasicRecoverOk{})
                      .connectionClose());
    s.open();
    const auto declared = s.channel->declareQueue(u"q"_s);
    const auto bound = s.channel->bindQueue(u"q"_s, u"e"_s);
    const auto unbound = s.channel->unbindQueue(u"q"_s, u"e"_s);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    const auto deleted = s.channel->deleteQueue(u"q"_s);
    const auto exchange = s.channel->declareExchange(u"e"_s, u"topic"_s);
    const auto exchangeBound = s.channel->bindExchange(u"e"_s, u"f"_s);
    const auto exchangeUnbound = s.channel->unbindExchange(u"e"_s, u"f"_s);
    const auto exchangeDeleted = s.channel->deleteExchange(u"e"_s);
    const auto prefetch = s.channel->setPrefetch(10);
    const auto recovered = s.channel->recover();
    TRY(recovered.isFinished(), s.server);
    QCOMPARE(declared.result().name, u"q"_s);
    QCOMPARE(declared.result().messageCount, 5u);
    QCOMPARE(declared.result().consumerCount, 2u);
    QCOMPARE(purged.result(), 17u);
    QCOMPARE(deleted.result(), 4'000'000'000u);
    for (const QFuture<void> &future : {bound, unbound, exchange, exchangeBound, exchangeUnbound,
                                        exchangeDeleted, prefetch, recovered})
        QVERIFY(!errorOf(future));
    s.close();
}

void TestChannel::handlesOfQueueAndExchange()
{
    Session s(openedChannel()
                      .expect<ExchangeDeclare>([](const ExchangeDeclare &m) {
                          return m.exchange == "e" && m.type == "headers";
                      })
                      .expect<ExchangeBind>([](const ExchangeBind &m) {
                          return m.destination == "e" && m.source == "f";
                      })
                      .expect<ExchangeUnbind>([](const ExchangeUnbind &m) {
                          return m.destination == "e" && m.source == "f";
                      })
                      .expect<QueueBind>([](const QueueBind &m) {
                          return m.queue == "q" && m.exchange == "e";
                      })
                      .expect<QueueUnbind>([](const QueueUnbind &m) {
                          return m.queue == "q" && m.exchange == "e";
                      })
                      .expect<QueuePurge>([](const QueuePurge &m) { return m.queue == "q"; })
                      .expect<QueueDelete>([](const QueueDelete &m) { return m.queue == "q"; })
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>([](const BasicPublish &m) {
                          return m.exchange == "e" && m.routingKey == "k" && m.mandatory;
                      })
                      .expect<BasicPublish>([](const BasicPublish &m) {
                          return m.exchange.isEmpty() && m.routingKey == "q";
                      })
                      .expect<ExchangeDelete>([](const ExchangeDelete &m) {
                          return m.exchange == "e" && !m.ifUnused;
                      })
                      .ignoreRest());
    s.open();
    QAmqpExchange *e = s.channel->exchange(u"e"_s);
    QAmqpQueue *q = s.channel->queue(u"q"_s);
    QCOMPARE(e->name(), u"e"_s);
    QCOMPARE(e->channel(), s.channel);
    QCOMPARE(q->channel(), s.channel);
    e->declare(QAmqpExchange::Type::Headers);
    e->bind(u"f"_s);
    e->unbind(u"f"_s);
    q->bind(u"e"_s);
    q->unbind(u"e"_s);
    q->purge();
    q->deleteQueue();
    QCOMPARE(e->publish(u"k"_s, QAmqpMessage("x"), QAmqpChannel::Mandatory), 1u);
    QCOMPARE(q->publish(QAmqpMessage("x")), 2u);
    e->deleteExchange();
    TRY(s.server.isExhausted(), s.server);
}

void TestChannel::callsBeforeOpenKeepTheirOrder()
{
    const auto bodyIs = [](const char *body) {
        return [body](const BasicPublish &, const QAmqpMessage &message) {
            return message.body() == body;
        };
    };
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>(bodyIs("1"))
                      .expect<BasicQos>([](const BasicQos &m) { return m.prefetchCount == 250; })
                      .expect<BasicConsume>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .reply(ConfirmSelectOk{})
                      .reply(BasicQosOk{})
                      .send(BasicConsumeOk{QByteArrayView("tag")})
                      .send(BasicAck{1})
                      .expect<QueueBind>()
                      .expect<BasicPublish>(bodyIs("2"))
                      .expect<QueuePurge>()
                      .reply(QueueBindOk{})
                      .reply(BasicAck{2})
                      .reply(QueuePurgeOk{})
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.makeChannel();
    s.channel->declareQueue(u"q"_s);
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("1")), 1u);
    QAmqpConsumer *consumer =
            s.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"tag"_s));
    s.channel->bindQueue(u"q"_s, u"e"_s); // waits for consume-ok, and all behind it for this
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("2")), 2u);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    s.channel->close();
    QCOMPARE(s.connection.bytesSent(), 0u);
    s.connection.open();
    TRY_COMPARE(s.channel->state(), State::Closed);
    QVERIFY(!errorOf(purged));
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(s.log.of(u"channel"_s).filter(u"confirmed"_s),
             QStringList({u"confirmed 1-1"_s, u"confirmed 2-2"_s}));
    s.close();
}

// Two channels: an error, replies and messages of one are none of the other's (its objects' names too).
void TestChannel::otherChannelsGoOn()
{
    Session s(Script().handshake()
                      .on(1)
                      .expect<ChannelOpen>()
                      .on(2)
                      .expect<ChannelOpen>()
                      .send(ChannelOpenOk{}, 2)
                      .send(ChannelOpenOk{}, 1)
                      .on(1)
                      .expect<QueueDeclare>()
                      .on(2)
                      .expect<QueueDeclare>()
                      .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 50, 10}, 1)
                      .send(QueueDeclareOk{QByteArrayView("two")}, 2)
                      .on(1)
                      .expect<ChannelCloseOk>()
                      .on(2)
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{1})
                      .connectionClose());
    s.makeChannel();
    QAmqpChannel *second = s.connection.createChannel();
    s.log.watch(second, u"second"_s);
    QCOMPARE(second->number(), 2);
    s.open();
    TRY(second->isOpen(), s.server);
    const auto refused = s.channel->declareQueue(u"one"_s, QAmqpQueueOptions().setPassive());
    const auto declared = second->declareQueue(u"two"_s);
    TRY(declared.isFinished() && refused.isFinished(), s.server);
    QCOMPARE(errorOf(refused).kind(), Kind::NotFound);
    QCOMPARE(declared.result().name, u"two"_s);
    const auto purged = second->purgeQueue(u"two"_s);
    TRY(purged.isFinished(), s.server);
    QCOMPARE(purged.result(), 1u);
    QVERIFY(second->isOpen());
    QVERIFY(!second->lastError());
    QCOMPARE(s.log.errors.size(), 1);
    s.close();
    QCOMPARE(s.log.count(u"channel.closed"_s), 1);
    QCOMPARE(s.log.count(u"second.closed"_s), 1);
    QVERIFY(!second->lastError());
}

// Two queues on one channel, a return and a delivery: each reply reaches only who asked for it.
void TestChannel::repliesGoToTheirAskers()
{
    Session s(
            openedChannel()
                    .expect<QueueDeclare>()
                    .expect<QueueDeclare>()
                    .reply(QueueDeclareOk{QByteArrayView("amq.gen-a"), 1})
                    .reply(QueueDeclareOk{QByteArrayView("amq.gen-b"), 2})
                    .expect<BasicQos>()
                    .expect<BasicConsume>()
                    .reply(BasicQosOk{})
                    .reply(BasicConsumeOk{QByteArrayView("a")})
                    .expect<ConfirmSelect>()
                    .expect<BasicPublish>()
                    .reply(ConfirmSelectOk{})
                    .sendContent(
                            BasicDeliver{
                                    QByteArrayView("a"), 1, false, {}, QByteArrayView("amq.gen-a")},
                            QAmqpMessage("delivered"))
                    .sendContent(
                            BasicReturn{
                                    312, QByteArrayView("NO_ROUTE"), {}, QByteArrayView("nowhere")},
                            QAmqpMessage("returned"))
                    .send(BasicAck{1})
                    .sendContent(
                            BasicDeliver{
                                    QByteArrayView("a"), 2, true, {}, QByteArrayView("amq.gen-a")},
                            QAmqpMessage("again"))
                    .connectionClose());
    s.open();
    QAmqpQueue *a = s.channel->queue();
    QAmqpQueue *b = s.channel->queue();
    s.log.watch(a, u"a"_s);
    s.log.watch(b, u"b"_s);
    a->declare();
    b->declare();
    TRY(!b->name().isEmpty(), s.server);
    a->consume(QAmqpConsumeOptions().setConsumerTag(u"a"_s));
    s.channel->publish(QString(), u"nowhere"_s, QAmqpMessage("returned"), QAmqpChannel::Mandatory);
    TRY(s.log.count(u"a.received again"_s) == 1, s.server);
    s.close();
    QCOMPARE(s.log.of(u"a"_s),
             QStringList({u"named amq.gen-a"_s, u"received delivered"_s, u"received again"_s,
                          u"cancelled"_s}));
    QCOMPARE(s.log.of(u"b"_s), QStringList({u"named amq.gen-b"_s}));
    QCOMPARE(s.log.of(u"channel"_s).filter(u"1"_s),
             QStringList({u"returned 1"_s, u"confirmed 1-1"_s}));
}

void TestChannel::getsMessages()
{
    QAmqpMessage message("body");
    message.setContentType(u"text/plain"_s);
    Session s(
            openedChannel()
                    .expect<BasicGet>([](const BasicGet &m) { return !m.noAck; })
                    .expect<BasicGet>()
                    .expect<BasicGet>()
                    .sendContent(BasicGetOk{1, true, QByteArrayView("e"), QByteArrayView("k"), 41},
                                 message)
                    .send(BasicGetEmpty{})
                    .sendContent(BasicGetOk{2, false, {}, QByteArrayView("k"), 0}, QAmqpMessage())
                    .expect<BasicAck>(
                            [](const BasicAck &m) { return m.deliveryTag == 1 && !m.multiple; })
                    .connectionClose());
    s.open();
    const auto first = s.channel->get(u"q"_s);
    const auto empty = s.channel->get(u"q"_s);
    const auto third = s.channel->get(u"q"_s, QAmqpChannel::AckPolicy::NoAck);
    TRY(third.isFinished(), s.server);
    QVERIFY(first.result().has_value());
    const QAmqpDelivery delivery = *first.result();
    QCOMPARE(delivery.body(), QByteArray("body"));
    QCOMPARE(delivery.contentType(), u"text/plain"_s);
    QCOMPARE(delivery.exchange(), u"e"_s);
    QCOMPARE(delivery.routingKey(), u"k"_s);
    QCOMPARE(delivery.consumerTag(), QString());
    QCOMPARE(delivery.deliveryTag(), 1u);
    QCOMPARE(delivery.remainingMessages(), 41u);
    QVERIFY(delivery.isRedelivered());
    QVERIFY(!empty.result().has_value());
    QVERIFY(third.result()->body().isEmpty());
    QVERIFY(third.result()->isSettled());
    QVERIFY(!third.result()->ack());
    QVERIFY(delivery.ack());
    QVERIFY(!first.result()->ack()); // all copies are one
    s.close();
}

// The late reply is the timed-out request's, not the next one's.
void TestChannel::requestTimeout()
{
    Session s(Script().handshake({2047, 131072, 0})
                      .channelOpen()
                      .expect<QueuePurge>()
                      .await<QueueDelete>()
                      .send(QueuePurgeOk{1})
                      .send(QueueDeleteOk{2})
                      .connectionClose());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setRequestTimeout(500ms); });
    s.open();
    const auto late = s.channel->purgeQueue(u"q"_s);
    TRY(late.isFinished(), s.server);
    const QAmqpError error = errorOf(late);
    QCOMPARE(error.kind(), Kind::Timeout);
    QCOMPARE(error.scope(), QAmqpError::Scope::Operation);
    QCOMPARE(error.method(), u"queue.purge"_s);
    QVERIFY2(error.text().contains(u"500 ms"), qPrintable(error.text()));
    QVERIFY(s.channel->isOpen());
    const auto next = s.channel->deleteQueue(u"q"_s);
    TRY(next.isFinished(), s.server);
    QCOMPARE(next.result(), 2u);
    QVERIFY(s.log.errors.isEmpty());
    s.close();
}

// No turn of the event loop but the timer's would come.
void TestChannel::requestTimeoutOfWaitingRequest()
{
    Session s(Script().handshake({2047, 131072, 0})
                      .channelOpen()
                      .expect<QueuePurge>()
                      .expect<QueueDelete>()
                      .stall());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setRequestTimeout(500ms); });
    s.makeChannel();
    const auto first = s.channel->purgeQueue(u"q"_s); // sent with the opening
    const auto second = s.channel->deleteQueue(u"q"_s);
    s.connection.open();
    TRY(second.isFinished(), s.server);
    QCOMPARE(errorOf(first).kind(), Kind::Timeout);
    QCOMPARE(errorOf(second).kind(), Kind::Timeout);
}

// The end of an earlier declare, which its channel took along, is no end of the wait for the later one.
void TestChannel::theLatestDeclareNamesTheQueue()
{
    Session s(openedChannel()
                      .expect<QueueBind>()
                      .expect<QueueDeclare>()
                      .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 50, 20})
                      .expect<ChannelCloseOk>()
                      .channelOpen(2)
                      .on(2)
                      .expect<QueueDeclare>()
                      .reply(QueueDeclareOk{QByteArrayView("amq.gen-2")})
                      .expect<QueuePurge>([](const QueuePurge &purge) {
                          return purge.queue == QByteArrayView("amq.gen-2");
                      })
                      .reply(QueuePurgeOk{3})
                      .connectionClose());
    s.open();
    QAmqpQueue *queue = s.channel->queue();
    s.channel->bindQueue(u"q"_s, u"missing"_s).then([&](const QFuture<void> &) {
        s.channel->open();
        queue->declare();
    });
    bool isAsked = false;
    QFuture<quint32> purged;
    queue->declare().then([&](const QFuture<QAmqpQueueInfo> &) {
        purged = queue->purge();
        isAsked = true;
    });
    TRY(isAsked && purged.isFinished(), s.server);
    QCOMPARE(purged.result(), 3U);
    QCOMPARE(queue->name(), u"amq.gen-2"_s);
    s.close();
}

// The old number stays taken until the broker answers, and the channel need not wait for that.
void TestChannel::opensAgainOnceItWasGivenUp()
{
    Session s(openedChannel()
                      .expect<BasicRecover>()
                      .expect<ChannelClose>()
                      .channelOpen(2)
                      .on(2)
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{3})
                      .connectionClose());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setRequestTimeout(500ms); });
    s.open();
    bool isAsked = false;
    QFuture<quint32> purged;
    s.channel->recover().then([&](const QFuture<void> &recovered) {
        QCOMPARE(errorOf(recovered).kind(), Kind::Timeout);
        QCOMPARE(s.channel->state(), QAmqpChannel::State::Closed);
        s.channel->open();
        purged = s.channel->purgeQueue(u"q"_s);
        isAsked = true;
    });
    TRY(isAsked && purged.isFinished(), s.server);
    QCOMPARE(purged.result(), 3U);
    QCOMPARE(s.channel->number(), 2);
    s.close();
}

void TestChannel::requestTimeoutTellsOfBlockage()
{
    Session s(openedChannel()
                      .send(ConnectionBlocked{QByteArrayView("low on disk")})
                      .expect<QueuePurge>()
                      .stall());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setRequestTimeout(500ms); });
    s.open();
    TRY(s.connection.isBlocked(), s.server);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    TRY(purged.isFinished(), s.server);
    QVERIFY2(errorOf(purged).text().contains(u"blocked"), qPrintable(errorOf(purged).text()));
}

void TestChannel::transactions()
{
    Session s(openedChannel()
                      .expect<TxSelect>()
                      .expect<BasicPublish>()
                      .expect<TxCommit>()
                      .reply(TxSelectOk{})
                      .reply(TxCommitOk{})
                      .expect<BasicPublish>()
                      .expect<TxRollback>()
                      .reply(TxRollbackOk{})
                      .connectionClose());
    s.open();
    const auto selected = s.channel->txSelect();
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("1")), 1u);
    const auto committed = s.channel->txCommit();
    // Nothing follows a commit before its answer: RabbitMQ would close the connection.
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("2")), 2u);
    const auto rolledBack = s.channel->txRollback();
    TRY(rolledBack.isFinished(), s.server);
    QVERIFY(!errorOf(selected));
    QVERIFY(!errorOf(committed));
    QVERIFY(!errorOf(rolledBack));
    QCOMPARE(s.channel->unconfirmed(), 0u);
    s.close();
}

QTAMQP_TEST(TestChannel)
#include "tst_channel.moc"
