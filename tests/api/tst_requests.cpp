// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a channel asks for beside queues and exchanges, against a scripted broker: the flow, what a
// stream takes back, closing in time, the list of consumers, and what a log is told.

#include "apitest.h"

#include "values/tableformat.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qloggingcategory.h>
#include <QtCore/qregularexpression.h>

#include <thread>

using State = QAmqpChannel::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestRequests : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aQueueWithoutANameGoesWithItsUser();
    void anExchangeIsLookedUpWithoutItsType();
    void slotsWithoutArgumentsAreConnected();
    void flow();
    void flowThatIsNotImplemented();
    void aStreamTakesNothingBack();
    void aStreamTakesNothingBackFromThreads();
    void aQueueIsNoStreamForAHeader();
    void otherQueuesGetBackTheirsBesideAStream();
    void closeHasItsTime();
    void consumerTags();
    void consumersOfOtherThreadsGetTheirParent();
    void theLogIsTold();
};

namespace {

QAmqpMessage streamMessage(const QByteArray &body)
{
    QAmqpMessage message(body);
    message.setHeaders({{u"x-stream-offset"_s, qint64(7)}});
    return message;
}

Script consuming(const QByteArray &tag)
{
    return openedChannel()
            .expect<BasicQos>()
            .reply(BasicQosOk{})
            .expect<BasicConsume>()
            .reply(BasicConsumeOk{QByteArrayView(tag)});
}

BasicDeliver deliver(QByteArrayView consumerTag, quint64 tag)
{
    return {consumerTag, tag, false, {}, QByteArrayView("q")};
}

QAmqpConsumeOptions tagged(const QString &tag) { return QAmqpConsumeOptions().setConsumerTag(tag); }

QAmqpConsumeOptions ofStream(const QString &tag)
{
    return tagged(tag).setStreamOffset(QAmqpConsumeOptions::StreamOffset::First);
}

} // namespace

void TestRequests::aQueueWithoutANameGoesWithItsUser()
{
    const auto declared = [](const QByteArray &name, bool durable, bool exclusive,
                             bool autoDelete) {
        return [=](const QueueDeclare &m) {
            return m.queue == name && m.durable == durable && m.exclusive == exclusive
                    && m.autoDelete == autoDelete;
        };
    };
    const auto ok = [](const char *name) { return QueueDeclareOk{QByteArrayView(name)}; };
    Session s(openedChannel()
                      .expect<QueueDeclare>(declared({}, false, true, true))
                      .reply(ok("amq.gen-1"))
                      .expect<QueueDeclare>(declared({}, false, false, true))
                      .reply(ok("amq.gen-2"))
                      .expect<QueueDeclare>(declared({}, false, true, false))
                      .reply(ok("amq.gen-3"))
                      .expect<QueueDeclare>(declared({}, true, false, false))
                      .reply(ok("amq.gen-4"))
                      .expect<QueueDeclare>(declared("q", false, false, false))
                      .reply(ok("q"))
                      .connectionClose());
    s.open();
    const QList<QFuture<QAmqpQueueInfo>> all = {
            s.channel->queue()->declare(),
            s.channel->declareQueue(QString(), QAmqpQueueOptions().setExclusive(false)),
            s.channel->declareQueue(QString(), QAmqpQueueOptions().setAutoDelete(false)),
            s.channel->declareQueue(QString(), QAmqpQueueOptions().setDurable()),
            s.channel->declareQueue(u"q"_s)};
    TRY(all.constLast().isFinished(), s.server);
    for (const auto &one : all)
        QVERIFY(!errorOf(one));
    s.close();
}

void TestRequests::anExchangeIsLookedUpWithoutItsType()
{
    const auto passive = [](const ExchangeDeclare &m) {
        return m.exchange == "logs" && m.passive && m.type == "direct";
    };
    Session s(openedChannel()
                      .expect<ExchangeDeclare>(passive)
                      .reply(ExchangeDeclareOk{})
                      .expect<ExchangeDeclare>(passive)
                      .reply(ExchangeDeclareOk{})
                      .connectionClose());
    s.open();
    const auto options = QAmqpExchangeOptions().setPassive();
    QVERIFY(!await(s.channel->declareExchange(u"logs"_s, options)));
    QVERIFY(!await(s.channel->exchange(u"logs"_s)->declare(options)));
    s.close();
}

void TestRequests::slotsWithoutArgumentsAreConnected()
{
    Session s(openedChannel().connectionClose());
    s.makeChannel();
    QObject button; // whose signal has an argument, as QAbstractButton::clicked() has
    connect(&button, &QObject::objectNameChanged, &s.connection,
            qOverload<>(&QAmqpConnection::open), Qt::SingleShotConnection);
    button.setObjectName(u"open"_s);
    TRY(s.channel->isOpen(), s.server);
    connect(&button, &QObject::objectNameChanged, &s.connection,
            qOverload<>(&QAmqpConnection::close));
    button.setObjectName(u"close"_s);
    TRY(s.connection.state() == QAmqpConnection::State::Closed, s.server);
    QVERIFY2(s.server.isExhausted(), qPrintable(s.server.report()));
}

void TestRequests::flow()
{
    Session s(openedChannel()
                      .expect<ChannelFlow>([](const ChannelFlow &m) { return m.active; })
                      .reply(ChannelFlowOk{true})
                      .expect<ChannelFlow>([](const ChannelFlow &m) { return !m.active; })
                      .reply(ChannelFlowOk{false})
                      .connectionClose());
    s.open();
    const QFuture<bool> on = s.channel->setFlow(true);
    const QFuture<bool> off = s.channel->setFlow(false);
    QVERIFY(!on.isFinished());
    TRY(off.isFinished(), s.server);
    QCOMPARE(on.result(), true);
    QCOMPARE(off.result(), false);
    s.close();
    QCOMPARE(errorOf(s.channel->setFlow(true)).kind(), Kind::NotOpen);
}

// As RabbitMQ does it.
void TestRequests::flowThatIsNotImplemented()
{
    Session s(openedChannel()
                      .expect<ChannelFlow>()
                      .send(ConnectionClose{540, QByteArrayView("NOT_IMPLEMENTED - active=false"),
                                            20, 20})
                      .expect<ConnectionCloseOk>());
    s.open();
    const QFuture<bool> future = s.channel->setFlow(false);
    TRY(s.log.count(u"connection.closed"_s) == 1 && s.server.isExhausted(), s.server);
    QCOMPARE(errorOf(future).kind(), Kind::ClosedByBroker);
    QCOMPARE(errorOf(future).replyCode(), 540);
    QCOMPARE(s.connection.lastError().replyCode(), 540);
    QCOMPARE(s.connection.lastError().method(), u"channel.flow"_s);
}

// RabbitMQ closes the connection over a basic.nack: the script sees none.
void TestRequests::aStreamTakesNothingBack()
{
    Session s(consuming("c")
                      .sendContent(deliver("c", 1), streamMessage("one"))
                      .sendContent(deliver("c", 2), streamMessage("two"))
                      .expect<BasicAck>(
                              [](const BasicAck &m) { return m.deliveryTag == 1 && !m.multiple; })
                      .expect<BasicAck>(
                              [](const BasicAck &m) { return m.deliveryTag == 2 && m.multiple; })
                      .connectionClose());
    s.open();
    QList<QAmqpDelivery> deliveries;
    QAmqpConsumer *consumer = s.channel->consume(u"q"_s, ofStream(u"c"_s));
    connect(consumer, &QAmqpConsumer::messageReceived, this,
            [&](const QAmqpDelivery &delivery) { deliveries.append(delivery); });
    TRY(deliveries.size() == 2, s.server);
    const QAmqpDelivery &first = deliveries.constFirst();
    const QAmqpDelivery &second = deliveries.constLast();
    QVERIFY(!first.nack());
    const QAmqpError error = s.channel->lastError();
    QCOMPARE(error.kind(), Kind::InvalidArgument);
    QVERIFY2(error.text().contains(u"a stream takes nothing back")
                     && error.text().contains(u"ack() what it delivered"),
             qPrintable(error.text()));
    QVERIFY(!first.reject(QAmqpDelivery::Discard));
    QVERIFY(!second.nack(QAmqpDelivery::Requeue, QAmqpDelivery::Multiple));
    QVERIFY(!s.channel->nackAll());
    QVERIFY(!first.isSettled());
    QVERIFY(first.ack());
    QVERIFY(!first.nack()); // as always with what is settled
    QVERIFY(s.channel->ackAll());
    s.close();
    QVERIFY(s.log.errors.isEmpty());
}

void TestRequests::aStreamTakesNothingBackFromThreads()
{
    Session s(consuming("c")
                      .sendContent(deliver("c", 1), streamMessage("one"))
                      .expect<BasicAck>()
                      .connectionClose());
    s.open();
    QAmqpDelivery delivery;
    QAmqpConsumer *consumer = s.channel->consume(u"q"_s, ofStream(u"c"_s));
    connect(consumer, &QAmqpConsumer::messageReceived, this,
            [&](const QAmqpDelivery &received) { delivery = received; });
    TRY(delivery.isValid(), s.server);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"a stream takes nothing back"_s));
    bool refused = false;
    bool taken = false;
    std::thread([&] {
        refused = !delivery.nack();
        taken = delivery.ack();
    }).join();
    QVERIFY(refused);
    QVERIFY(taken);
    QVERIFY(!s.channel->lastError());
    s.close();
}

// Anybody can set that header: it makes no message of a queue impossible to reject.
void TestRequests::aQueueIsNoStreamForAHeader()
{
    Session s(consuming("c")
                      .sendContent(deliver("c", 1), streamMessage("forged"))
                      .sendContent(deliver("c", 2), streamMessage("forged"))
                      .expect<BasicNack>([](const BasicNack &m) { return m.deliveryTag == 1; })
                      .expect<BasicNack>([](const BasicNack &m) { return m.deliveryTag == 2; })
                      .connectionClose());
    s.open();
    QList<QAmqpDelivery> deliveries;
    QAmqpConsumer *consumer = s.channel->consume(u"q"_s, tagged(u"c"_s));
    connect(consumer, &QAmqpConsumer::messageReceived, this,
            [&](const QAmqpDelivery &delivery) { deliveries.append(delivery); });
    TRY(deliveries.size() == 2, s.server);
    QVERIFY(deliveries.at(0).reject(QAmqpDelivery::Discard));
    QVERIFY(s.channel->nackAll());
    s.close();
}

void TestRequests::otherQueuesGetBackTheirsBesideAStream()
{
    Session s(consuming("stream")
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("classic")})
                      .sendContent(deliver("stream", 1), streamMessage("kept"))
                      .sendContent(deliver("classic", 2), QAmqpMessage("two"))
                      .sendContent(deliver("classic", 3), QAmqpMessage("three"))
                      .expect<BasicNack>([](const BasicNack &m) {
                          return m.deliveryTag == 3 && !m.multiple && m.requeue;
                      })
                      .expect<BasicAck>(
                              [](const BasicAck &m) { return m.deliveryTag == 2 && m.multiple; })
                      .connectionClose());
    s.open();
    QList<QAmqpDelivery> deliveries;
    for (const auto &tag : {u"stream"_s, u"classic"_s}) {
        QAmqpConsumer *consumer =
                s.channel->consume(tag, tag == u"stream"_s ? ofStream(tag) : tagged(tag));
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) { deliveries.append(delivery); });
    }
    TRY(deliveries.size() == 3, s.server);
    // Before it is one of the stream.
    QVERIFY(!deliveries.at(2).nack(QAmqpDelivery::Requeue, QAmqpDelivery::Multiple));
    QCOMPARE(s.channel->lastError().kind(), Kind::InvalidArgument);
    QVERIFY(!deliveries.at(2).isSettled());
    QVERIFY(deliveries.at(2).nack());
    QVERIFY(deliveries.at(1).ack(QAmqpDelivery::Multiple));
    s.close();
}

void TestRequests::closeHasItsTime()
{
    Session s(openedChannel()
                      .expect<ConfirmSelect>()
                      .reply(ConfirmSelectOk{})
                      .expect<BasicPublish>()
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setRequestTimeout(500ms); });
    s.open();
    const QFuture<quint64> confirmed = s.channel->publishConfirmed({}, u"q"_s, QAmqpMessage("x"));
    s.channel->close();
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(s.log.errors.size(), 1);
    QCOMPARE(s.log.errors.at(0).kind(), Kind::Timeout);
    QCOMPARE(s.log.errors.at(0).scope(), QAmqpError::Scope::Channel);
    QCOMPARE(errorOf(confirmed).kind(), Kind::Timeout);
    QCOMPARE(s.log.count(u"channel.indeterminate 1-1"_s), 1);
    QVERIFY(s.connection.isOpen());
    s.close();
}

void TestRequests::consumerTags()
{
    Session s(consuming("b")
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("a")})
                      .expect<BasicCancel>()
                      .reply(BasicCancelOk{QByteArrayView("b")})
                      .send(BasicCancel{QByteArrayView("a"), true})
                      .expect<BasicCancel>()
                      .connectionClose());
    s.open();
    QVERIFY(s.channel->consumerTags().isEmpty());
    QAmqpConsumer *b = s.channel->consume(u"q"_s, tagged(u"b"_s));
    QAmqpConsumer *a = s.channel->consume(u"q"_s, tagged(u"a"_s));
    QCOMPARE(s.channel->consumerTags(), QStringList({u"a"_s, u"b"_s}));
    s.channel->consume(u"q"_s, tagged(QString(256, u'n'))); // refused
    QCOMPARE(s.channel->consumerTags(), QStringList({u"a"_s, u"b"_s}));
    TRY(a->isActive() && b->isActive(), s.server);
    const auto cancelled = b->cancel();
    QCOMPARE(s.channel->consumerTags(), QStringList({u"a"_s, u"b"_s}));
    TRY(cancelled.isFinished(), s.server);
    TRY_COMPARE(s.channel->consumerTags(), QStringList()); // the broker cancelled the other
    s.close();
}

void TestRequests::consumersOfOtherThreadsGetTheirParent()
{
    Session s(openedChannel().ignoreRest());
    s.open();
    QAmqpQueue *queue = s.channel->queue(u"q"_s);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"consume.*thread"_s));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"consume.*thread"_s));
    QPointer<QAmqpConsumer> ofChannel;
    QPointer<QAmqpConsumer> ofQueue;
    std::thread([&] {
        ofChannel = s.channel->consume(u"q"_s);
        ofQueue = queue->consume();
    }).join();
    TRY(ofChannel->parent() == s.channel && ofQueue->parent() == queue, s.server);
    QCOMPARE(ofChannel->state(), QAmqpConsumer::State::Cancelled);
    delete queue;
    QVERIFY(!ofQueue);

    // The channel may be gone before it can be the parent.
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"consume.*thread"_s));
    QAmqpChannel *other = s.connection.createChannel();
    QPointer<QAmqpConsumer> orphan;
    std::thread([&] { orphan = other->consume(u"q"_s); }).join();
    delete other;
    TRY(!orphan, s.server);
}

void TestRequests::theLogIsTold()
{
    QStringList warnings;
    static QStringList *told = nullptr;
    told = &warnings;
    const auto previous = qInstallMessageHandler(
            [](QtMsgType type, const QMessageLogContext &context, const QString &text) {
                if (QByteArrayView(context.category) == "qt.amqp.channel")
                    told->append((type == QtWarningMsg ? u"warning: "_s : u"info: "_s) + text);
            });
    QLoggingCategory::setFilterRules(u"qt.amqp.channel=true"_s);
    const auto end = qScopeGuard([&] {
        qInstallMessageHandler(previous);
        QLoggingCategory::setFilterRules({});
    });
    Session s(
            consuming("c")
                    .send(BasicCancel{QByteArrayView("c"), true})
                    .expect<BasicCancel>()
                    .expect<QueuePurge>()
                    .send(ChannelClose{404, QByteArrayView("NOT_FOUND - no\nforged line"), 50, 30})
                    .expect<ChannelCloseOk>()
                    .connectionClose());
    s.open();
    QAmqpConsumer *consumer = s.channel->consume(u"q"_s, tagged(u"c"_s));
    TRY(consumer->state() == QAmqpConsumer::State::Cancelled, s.server);
    s.channel->purgeQueue(u"q"_s);
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    s.close(); // in good order: nothing is told
    QCOMPARE(warnings.size(), 2);
    QVERIFY2(warnings.at(0).startsWith(u"info: the broker cancelled consumer"),
             qPrintable(warnings.at(0)));
    QVERIFY2(warnings.at(1).startsWith(u"info: ") // since errorOccurred() has told it
                     && warnings.at(1).contains(u"closed channel 1: NOT_FOUND - no\\nforged line"),
             qPrintable(warnings.at(1)));
}

QTAMQP_TEST(TestRequests)
#include "tst_requests.moc"
