// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpChannel::setNoWait() against a scripted broker: what is told without waiting for an answer.

#include "apitest.h"

#include <QtAmqp/qamqpexchange.h>

using State = QAmqpChannel::State;
using Kind = QAmqpError::Kind;

class TestNoWait : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theBitIsOnTheWire();
    void someStillWait();
    void whatIsRefusedLocallyFails();
    void orderIsKeptBeforeTheChannelIsOpen();
    void aRefusalClosesTheChannelOnce();
    void aRefusalIsNotBlamedOnALaterRequest();
    void anAnswerClearsThoseBefore();
    void closingSendsThemFirst();
};

// No answer is in the script, yet every future ends, and the next request finds its own answer.
void TestNoWait::theBitIsOnTheWire()
{
    const auto noWait = [](const auto &method) { return method.noWait; };
    Session s(openedChannel()
                      .expect<QueueDeclare>(noWait)
                      .expect<QueueBind>(noWait)
                      .expect<QueuePurge>(noWait)
                      .expect<QueueDelete>(noWait)
                      .expect<ExchangeDeclare>(noWait)
                      .expect<ExchangeBind>(noWait)
                      .expect<ExchangeUnbind>(noWait)
                      .expect<ExchangeDelete>(noWait)
                      .expect<QueueDeclare>([](const QueueDeclare &m) { return !m.noWait; })
                      .reply(QueueDeclareOk{QByteArrayView("last"), 3, 1})
                      .connectionClose());
    s.open();
    QVERIFY(!s.channel->isNoWait());
    s.channel->setNoWait();
    QVERIFY(s.channel->isNoWait());
    const auto declared = s.channel->declareQueue(u"q"_s);
    const QFuture<void> bound = s.channel->queue(u"q"_s)->bind(u"e"_s, u"k"_s);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    const auto deleted = s.channel->deleteQueue(u"q"_s);
    const QFuture<void> exchange =
            s.channel->exchange(u"e"_s)->declare(QAmqpExchange::Type::Fanout);
    const QFuture<void> exchangeBound = s.channel->bindExchange(u"e"_s, u"f"_s);
    const QFuture<void> exchangeUnbound = s.channel->unbindExchange(u"e"_s, u"f"_s);
    const QFuture<void> exchangeDeleted = s.channel->deleteExchange(u"e"_s);
    QVERIFY(declared.isFinished() && purged.isFinished() && deleted.isFinished());
    for (const QFuture<void> &future :
         {bound, exchange, exchangeBound, exchangeUnbound, exchangeDeleted}) {
        QVERIFY(future.isFinished());
        QVERIFY(!errorOf(future));
    }
    QCOMPARE(declared.result().name, u"q"_s);
    QCOMPARE(declared.result().messageCount, 0u);
    QCOMPARE(purged.result(), 0u);
    QCOMPARE(deleted.result(), 0u);

    s.channel->setNoWait(false);
    const auto last = s.channel->declareQueue(u"last"_s);
    QVERIFY(!last.isFinished());
    TRY(last.isFinished(), s.server);
    QCOMPARE(last.result().messageCount, 3u);
    s.close();
    QVERIFY(s.log.errors.isEmpty());
}

void TestNoWait::someStillWait()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>(
                              [](const QueueDeclare &m) { return m.queue.isEmpty() && !m.noWait; })
                      .reply(QueueDeclareOk{QByteArrayView("amq.gen-1"), 0, 0})
                      .expect<QueueBind>(
                              [](const QueueBind &m) { return m.queue == "amq.gen-1" && m.noWait; })
                      .expect<QueueUnbind>()
                      .reply(QueueUnbindOk{})
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>([](const BasicConsume &m) { return !m.noWait; })
                      .reply(BasicConsumeOk{QByteArrayView("c")})
                      .expect<BasicCancel>([](const BasicCancel &m) { return !m.noWait; })
                      .reply(BasicCancelOk{QByteArrayView("c")})
                      .connectionClose());
    s.open();
    s.channel->setNoWait();
    QAmqpQueue *queue = s.channel->queue();
    const auto declared = queue->declare();
    const QFuture<void> bound = queue->bind(u"e"_s);
    QVERIFY(!declared.isFinished());
    QVERIFY(bound.isFinished());
    const QFuture<void> unbound = queue->unbind(u"e"_s);
    QVERIFY(!unbound.isFinished());
    QAmqpConsumer *consumer = queue->consume(QAmqpConsumeOptions().setConsumerTag(u"c"_s));
    TRY(consumer->isActive(), s.server);
    QCOMPARE(declared.result().name, u"amq.gen-1"_s);
    QVERIFY(unbound.isFinished());
    const auto cancelled = consumer->cancel();
    QVERIFY(!cancelled.isFinished());
    TRY(cancelled.isFinished(), s.server);
    s.close();
}

void TestNoWait::whatIsRefusedLocallyFails()
{
    Session s(openedChannel().expect<ChannelClose>().reply(ChannelCloseOk{}).connectionClose());
    s.open();
    s.channel->setNoWait();
    QCOMPARE(errorOf(s.channel->declareQueue(QString(256, u'n'))).kind(), Kind::InvalidArgument);
    QCOMPARE(errorOf(s.channel->queue()->purge()).kind(), Kind::InvalidArgument);
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    QCOMPARE(errorOf(s.channel->purgeQueue(u"q"_s)).kind(), Kind::NotOpen);
    s.close();
}

void TestNoWait::orderIsKeptBeforeTheChannelIsOpen()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>([](const QueueDeclare &m) { return m.noWait; })
                      .expect<QueuePurge>([](const QueuePurge &m) { return !m.noWait; })
                      .expect<ExchangeDeclare>([](const ExchangeDeclare &m) { return m.noWait; })
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>()
                      .expect<QueueDelete>([](const QueueDelete &m) { return m.noWait; })
                      .reply(QueuePurgeOk{4})
                      .reply(ConfirmSelectOk{})
                      .reply(BasicAck{1})
                      .connectionClose());
    s.makeChannel();
    s.channel->setNoWait();
    QVERIFY(s.channel->declareQueue(u"q"_s).isFinished());
    s.channel->setNoWait(false);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    s.channel->setNoWait();
    QVERIFY(s.channel->declareExchange(u"e"_s, u"fanout"_s).isFinished());
    QCOMPARE(s.channel->publish(u"e"_s, {}, QAmqpMessage("x")), 1u);
    QVERIFY(s.channel->deleteQueue(u"q"_s).isFinished());
    s.open();
    TRY(purged.isFinished(), s.server);
    QCOMPARE(purged.result(), 4u);
    s.close();
    QCOMPARE(s.log.count(u"channel.confirmed 1-1"_s), 1);
}

void TestNoWait::aRefusalClosesTheChannelOnce()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<ExchangeDelete>()
                      .send(ChannelClose{405, QByteArrayView("RESOURCE_LOCKED - no"), 50, 10})
                      .expect<ChannelCloseOk>()
                      .connectionClose());
    s.open();
    s.channel->setNoWait();
    const auto refused = s.channel->declareQueue(u"q"_s);
    const QFuture<void> dropped = s.channel->deleteExchange(u"e"_s);
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QVERIFY(!errorOf(refused));
    QVERIFY(!errorOf(dropped));
    QCOMPARE(s.log.errors.size(), 1);
    QCOMPARE(s.log.errors.at(0).kind(), Kind::ResourceLocked);
    QCOMPARE(s.log.errors.at(0).method(), u"queue.declare"_s);
    QCOMPARE(s.channel->lastError(), s.log.errors.at(0));
    s.close();
}

// The broker names only the kind of request that it refuses. That which nobody waits for came first.
void TestNoWait::aRefusalIsNotBlamedOnALaterRequest()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<QueueBind>()
                      .expect<QueueDeclare>()
                      .expect<QueueDeclare>()
                      .send(ChannelClose{406, QByteArrayView("PRECONDITION_FAILED - no"), 50, 10})
                      .expect<ChannelCloseOk>()
                      .connectionClose());
    s.open();
    s.channel->setNoWait();
    s.channel->declareQueue(u"told"_s);
    s.channel->bindQueue(u"told"_s, u"e"_s);
    s.channel->declareQueue(u"told too"_s);
    s.channel->setNoWait(false);
    const auto asked = s.channel->declareQueue(u"asked"_s);
    TRY(asked.isFinished(), s.server);
    QCOMPARE(errorOf(asked).kind(), Kind::Cancelled);
    QCOMPARE(errorOf(asked).cause().kind(), Kind::PreconditionFailed);
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(s.log.errors.size(), 1);
    s.close();
}

// What came before an answered request was accepted: a refusal of the same kind means the next one.
void TestNoWait::anAnswerClearsThoseBefore()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<QueueBind>()
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{0})
                      .expect<QueueDeclare>()
                      .send(ChannelClose{406, QByteArrayView("PRECONDITION_FAILED - no"), 50, 10})
                      .expect<ChannelCloseOk>()
                      .connectionClose());
    s.open();
    s.channel->setNoWait();
    s.channel->declareQueue(u"told"_s);
    s.channel->bindQueue(u"told"_s, u"e"_s);
    s.channel->setNoWait(false);
    const auto purged = s.channel->purgeQueue(u"told"_s);
    TRY(purged.isFinished(), s.server);
    const auto asked = s.channel->declareQueue(u"asked"_s);
    TRY(asked.isFinished(), s.server);
    QCOMPARE(errorOf(asked).kind(), Kind::PreconditionFailed);
    QCOMPARE(errorOf(asked).scope(), QAmqpError::Scope::Channel);
    s.close();
}

// Nothing is awaited, but what stands behind a server's name is still to be sent.
void TestNoWait::closingSendsThemFirst()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .reply(QueueDeclareOk{QByteArrayView("amq.gen-1"), 0, 0})
                      .expect<QueueBind>([](const QueueBind &m) { return m.queue == "amq.gen-1"; })
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.open();
    s.channel->setNoWait();
    QAmqpQueue *queue = s.channel->queue();
    queue->declare();
    queue->bind(u"e"_s);
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    s.close();
}

QTAMQP_TEST(TestNoWait)
#include "tst_nowait.moc"
