// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpChannel against a scripted broker: opening, closing, opening again.

#include "channeltest.h"

#include <QtCore/qregularexpression.h>

using State = QAmqpChannel::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestChannelStates : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void opensAndCloses();
    void reopensAfterError();
    void reopensInClosedSlot();
    void reopensBeforeClosedIsEmitted_data();
    void reopensBeforeClosedIsEmitted();
    void numbersAreRecycled();
    void channelLimit();
    void closeWaitsForWhatWasAsked();
    void closeInEveryState();
    void tagsGoOnOverReopen();
};

void TestChannelStates::opensAndCloses()
{
    Session s(
            openedChannel()
                    .expect<ChannelClose>([](const ChannelClose &m) { return m.replyCode == 200; })
                    .reply(ChannelCloseOk{})
                    .connectionClose());
    s.makeChannel();
    QCOMPARE(s.channel->state(), State::Opening);
    QCOMPARE(s.channel->number(), 1);
    QCOMPARE(s.channel->connection(), &s.connection);
    QCOMPARE(s.channel->parent(), &s.connection);
    s.open();
    s.channel->close();
    QCOMPARE(s.channel->state(), State::Closing);
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    s.channel->close();
    s.close();
    QCOMPARE(s.log.of(u"channel"_s),
             QStringList({u"Opening"_s, u"Open"_s, u"opened"_s, u"ready"_s, u"Closing"_s,
                          u"Closed"_s, u"closed"_s}));
    QVERIFY(!s.channel->lastError());
}

void TestChannelStates::reopensAfterError()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<BasicQos>()
                      .expect<BasicConsume>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .reply(BasicQosOk{})
                      .reply(BasicConsumeOk{QByteArrayView("t")})
                      .send(ChannelClose{
                              406, QByteArrayView("PRECONDITION_FAILED - unknown delivery tag 9"),
                              60, 80})
                      .expect<ChannelCloseOk>()
                      .channelOpen()
                      .expect<QueueDeclare>()
                      .expect<BasicQos>()
                      .expect<BasicConsume>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .reply(BasicQosOk{})
                      .reply(BasicConsumeOk{QByteArrayView("t")})
                      .sendContent(
                              BasicDeliver{QByteArrayView("t"), 1, false, {}, QByteArrayView("q")},
                              QAmqpMessage("x"))
                      .connectionClose());
    s.open();
    QAmqpQueue *queue = s.channel->queue(u"q"_s);
    s.log.watch(queue);
    const auto use = [&] {
        queue->declare();
        return queue->consume(QAmqpConsumeOptions().setConsumerTag(u"t"_s));
    };
    QAmqpConsumer *first = use();
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(first->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(s.channel->lastError().kind(), Kind::PreconditionFailed);
    s.channel->open();
    QVERIFY(!s.channel->lastError());
    s.channel->open(); // once is enough
    QAmqpConsumer *second = use();
    TRY(s.log.count(u"queue.received x"_s) == 1, s.server);
    QVERIFY(second->isActive());
    QCOMPARE(s.log.count(u"channel.opened"_s), 2);
    s.close();
    QCOMPARE(s.log.count(u"channel.closed"_s), 2);
    QCOMPARE(s.log.errors.size(), 1);
}

void TestChannelStates::reopensInClosedSlot()
{
    const auto broken = [](Script script) {
        return script.expect<QueuePurge>()
                .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 50, 30})
                .expect<ChannelCloseOk>();
    };
    Session s(Script().handshake()
                      .then(broken(Script().channelOpen()))
                      .then(broken(Script().channelOpen()))
                      .channelOpen()
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{3})
                      .connectionClose());
    s.makeChannel();
    QList<QFuture<quint32>> purges = {s.channel->purgeQueue(u"q"_s)};
    connect(s.channel, &QAmqpChannel::closed, [&] {
        s.channel->open();
        purges.append(s.channel->purgeQueue(u"q"_s));
    });
    s.connection.open();
    TRY(purges.size() == 3 && purges.last().isFinished(), s.server);
    QCOMPARE(purges.last().result(), 3u);
    s.channel->disconnect();
    s.close();
}

// Each connection counts for itself, and a number is free again once both sides have closed it.
void TestChannelStates::reopensBeforeClosedIsEmitted_data()
{
    QTest::addColumn<QString>("when");
    for (const QString &when : {u"declare"_s, u"purge"_s, u"indeterminate"_s, u"cancelled"_s})
        QTest::newRow(qPrintable(when)) << when;
}

// As soon as state() says that it is closed, in whatever is called first.
void TestChannelStates::reopensBeforeClosedIsEmitted()
{
    QFETCH(QString, when);
    const bool isTold =
            when == u"indeterminate" || when == u"cancelled"; // what becomes of the publish
    const quint16 number = when == u"cancelled" ? 1 : 2; // the old one is taken before
    const QByteArrayView tag("t");
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .expect<BasicConsume>()
                      .reply(BasicQosOk{})
                      .reply(BasicConsumeOk{tag})
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>()
                      .expect<QueueDeclare>()
                      .expect<QueuePurge>()
                      .reply(ConfirmSelectOk{})
                      .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 50, 10})
                      .expect<ChannelCloseOk>()
                      .channelOpen(number)
                      .on(number)
                      .expect<BasicQos>()
                      .expect<BasicConsume>()
                      .reply(BasicQosOk{})
                      .reply(BasicConsumeOk{tag})
                      .expect<QueueDeclare>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .sendContent(BasicDeliver{tag, 1, false, {}, QByteArrayView("q")},
                                   QAmqpMessage("x"))
                      .expect<BasicAck>()
                      .connectionClose());
    s.open();
    const auto consume = [&s](const QString &name) {
        QAmqpConsumer *consumer =
                s.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"t"_s));
        s.log.watch(consumer, name);
        return consumer;
    };
    QAmqpConsumer *first = consume(u"first"_s);
    TRY(first->isActive(), s.server);
    QFuture<QAmqpQueueInfo> again;
    bool acked = false;
    const auto reopen = [&](const QString &now) {
        if (when != now)
            return;
        QCOMPARE(s.channel->state(), State::Closed);
        s.channel->open();
        QCOMPARE(s.channel->state(), State::Opening);
        QCOMPARE(errorOf(s.channel->allConfirmed()).kind(),
                 isTold ? Kind::NoError : Kind::NotFound);
        connect(consume(u"second"_s), &QAmqpConsumer::messageReceived,
                [&](const QAmqpDelivery &delivery) { acked = delivery.ack(); });
        again = s.channel->declareQueue(u"q"_s);
    };
    connect(s.channel, &QAmqpChannel::indeterminate, [&] { reopen(u"indeterminate"_s); });
    connect(first, &QAmqpConsumer::cancelled, [&] { reopen(u"cancelled"_s); });
    s.channel->publish({}, u"q"_s, "x"_ba);
    s.channel->declareQueue(u"q"_s).then(
            [&](const QFuture<QAmqpQueueInfo> &) { reopen(u"declare"_s); });
    s.channel->purgeQueue(u"q"_s).then([&](const QFuture<quint32> &) { reopen(u"purge"_s); });
    TRY(acked, s.server);
    QVERIFY(!errorOf(again));
    QVERIFY(!s.channel->lastError());
    QCOMPARE(s.log.of(u"first"_s),
             QStringList({u"Active"_s, u"started"_s, u"Cancelled"_s, u"cancelled: NotFound"_s}));
    QCOMPARE(s.log.of(u"second"_s), QStringList({u"Active"_s, u"started"_s, u"received x"_s}));
    QStringList lines = s.log.of(u"channel"_s);
    QCOMPARE(lines.removeAll(u"Opening"_s), 2);
    QCOMPARE(lines,
             QStringList({u"Open"_s, u"opened"_s, u"ready"_s, u"indeterminate 1-1"_s,
                          u"error NotFound"_s, u"closed"_s, u"Open"_s, u"opened"_s, u"ready"_s}));
    s.close();
}

void TestChannelStates::numbersAreRecycled()
{
    const Script script = Script().handshake()
                                  .channelOpen(1)
                                  .channelOpen(2)
                                  .channelOpen(3)
                                  .on(2)
                                  .expect<ChannelClose>()
                                  .reply(ChannelCloseOk{})
                                  .channelOpen(2)
                                  .connectionClose();
    Session a(script);
    Session b(script);
    for (Session *s : {&a, &b}) {
        QList<QAmqpChannel *> channels;
        for (int i = 1; i <= 3; ++i) {
            channels.append(s->connection.createChannel());
            QCOMPARE(channels.last()->number(), i);
        }
        s->connection.open();
        TRY(channels.last()->isOpen(), s->server);
        channels.at(1)->close();
        QCOMPARE(s->connection.state(), QAmqpConnection::State::Open);
        TRY_COMPARE(channels.at(1)->state(), State::Closed);
        s->channel = s->makeChannel();
        QCOMPARE(s->channel->number(), 2);
        TRY(s->channel->isOpen(), s->server);
    }
    a.close();
    QVERIFY(b.channel->isOpen());
    b.close();
}

void TestChannelStates::channelLimit()
{
    Session s(Script().handshake({2, 131072, 60})
                      .channelOpen(1)
                      .channelOpen(2)
                      .on(1)
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .channelOpen(1)
                      .connectionClose());
    s.makeChannel();
    QAmqpChannel *second = s.connection.createChannel();
    QAmqpChannel *third = s.connection.createChannel(); // fits the client's limit, not the broker's
    s.log.watch(third, u"third"_s);
    const auto lost = third->declareQueue(u"q"_s);
    s.open();
    TRY(second->isOpen(), s.server);
    QCOMPARE(third->state(), State::Closed);
    QCOMPARE(third->lastError().kind(), Kind::LimitExceeded);
    QCOMPARE(errorOf(lost).cause().kind(), Kind::LimitExceeded);
    QCOMPARE(s.log.of(u"third"_s).mid(s.log.of(u"third"_s).size() - 2),
             QStringList({u"error LimitExceeded"_s, u"closed"_s}));
    QAmqpChannel *fourth = s.connection.createChannel();
    QCOMPARE(fourth->state(), State::Closed);
    QCOMPARE(fourth->lastError().kind(), Kind::LimitExceeded);
    QCOMPARE(fourth->number(), 0);
    QCOMPARE(errorOf(fourth->declareQueue(u"q"_s)).kind(), Kind::NotOpen);
    QVERIFY(fourth->lastError().text().contains(u"in use; close some"));
    s.channel->close();
    fourth->open();
    QCOMPARE(fourth->number(), 0);
    QCOMPARE(fourth->lastError().kind(), Kind::LimitExceeded);
    QVERIFY2(fourth->lastError().text().contains(u"1 of them only until the broker has answered"),
             qPrintable(fourth->lastError().text()));
    TRY_COMPARE(s.channel->state(), State::Closed);
    fourth->open();
    QCOMPARE(fourth->number(), 1);
    TRY(fourth->isOpen(), s.server);
    s.close();
}

void TestChannelStates::closeWaitsForWhatWasAsked()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .reply(ConfirmSelectOk{})
                      .send(BasicAck{1})
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.open();
    const auto declared = s.channel->declareQueue(u"q"_s);
    const auto published = s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x"));
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    QVERIFY(!errorOf(declared));
    QVERIFY(!errorOf(published));
    QVERIFY(s.log.errors.isEmpty());
    s.close();
}

void TestChannelStates::closeInEveryState()
{
    Session s(Script().handshake().channelOpen().expect<ChannelClose>().stall());
    s.makeChannel();
    s.channel->close(); // before the connection is open
    QCOMPARE(s.channel->state(), State::Closing);
    QCOMPARE(errorOf(s.channel->declareQueue(u"q"_s)).kind(), Kind::NotOpen);
    s.connection.open();
    TRY(s.server.isExhausted(), s.server);
    s.channel->close();
    s.connection.abort();
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QVERIFY(s.log.errors.isEmpty());
    TRY_COMPARE(s.connection.state(), QAmqpConnection::State::Closed);
}

void TestChannelStates::tagsGoOnOverReopen()
{
    Session s(confirming()
                      .expect<BasicPublish>()
                      .expect<BasicPublish>()
                      .reply(BasicAck{1})
                      .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 60, 40})
                      .expect<ChannelCloseOk>()
                      .channelOpen()
                      .expect<ConfirmSelect>()
                      .reply(ConfirmSelectOk{})
                      .expect<BasicPublish>()
                      .reply(BasicAck{1})
                      .connectionClose());
    s.open();
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("1")), 1u);
    QCOMPARE(s.channel->publish(u"missing"_s, u"q"_s, QAmqpMessage("2")), 2u);
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(s.channel->unconfirmed(), 0u);
    s.channel->open();
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("3")), 3u);
    TRY(s.log.count(u"channel.confirmed 3-3"_s) == 1, s.server);
    QCOMPARE(s.log.of(u"channel"_s).filter(QRegularExpression(u"[0-9]-"_s)),
             QStringList({u"confirmed 1-1"_s, u"indeterminate 2-2"_s, u"confirmed 3-3"_s}));
    s.close();
}

QTAMQP_TEST(TestChannelStates)
#include "tst_channelstates.moc"
