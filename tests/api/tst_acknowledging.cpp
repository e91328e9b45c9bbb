// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpDelivery and pauses against a scripted broker: which acknowledgements reach the broker.

#include "consumertest.h"

#include <thread>

using State = QAmqpConsumer::State;

class TestAcknowledging : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void pauses();
    void pausedChanged();
    void multipleSparesWhatIsHeld();
    void multipleSparesWhatCameWhileClosing();
    void pauseIsRefused();
    void closesWhilePaused();
    void noAcknowledgement();
    void settlesOnce();
    void settlesWithMultiple();
    void ackAllAndNackAll();
    void ackAllComesBehindOtherThreads();
    void aRollbackUnsettles();
    void aFailedCommitSettlesNothing();
    void aCancelledGetGivesItsMessageBack();
    void whatAPublisherMarkedAsAStreamsGoesBack();
    void staleAfterClose();
    void staleAfterReopen();
    void staleAfterReconnect();
    void settlesFromThreads();
    void ownThreadKeepsItsPlace();
    void staleFromThreads();
    void deliveriesOutliveTheConnection();
};

void TestAcknowledging::pauses()
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

void TestAcknowledging::pausedChanged()
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

// What a paused consumer holds was seen by nobody, and "all so far" does not mean it.
void TestAcknowledging::multipleSparesWhatIsHeld()
{
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("a")})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("b")})
                      .sendContent(deliveryTo("a", 1), QAmqpMessage("1"))
                      .sendContent(deliveryTo("b", 2), QAmqpMessage("2"))
                      .sendContent(deliveryTo("a", 3), QAmqpMessage("3"))
                      .sendContent(deliveryTo("b", 4), QAmqpMessage("4"))
                      .sendContent(deliveryTo("b", 5), QAmqpMessage("5"))
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

// A message that comes while the channel closes is shown to nobody: it must go back to its queue.
void TestAcknowledging::multipleSparesWhatCameWhileClosing()
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

void TestAcknowledging::pauseIsRefused()
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

void TestAcknowledging::closesWhilePaused()
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

void TestAcknowledging::noAcknowledgement()
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

void TestAcknowledging::settlesOnce()
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

void TestAcknowledging::settlesWithMultiple()
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

void TestAcknowledging::ackAllAndNackAll()
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

void TestAcknowledging::ackAllComesBehindOtherThreads()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 2))
                              .expect<BasicAck>(isAck(2))
                              .expect<BasicNack>(isNack(1, true, true))
                              .connectionClose());
    TRY(s.received.size() == 2, s.server);
    bool accepted = false;
    std::thread([&, message = s.received.at(1)] { accepted = message.ack(); }).join();
    QVERIFY(accepted);
    QVERIFY(s.channel->nackAll());
    s.close();
}

// Whatever thread settles it then.
void TestAcknowledging::aRollbackUnsettles()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 3))
                              .expect<TxSelect>()
                              .expect<BasicAck>(isAck(1))
                              .expect<BasicAck>(isAck(3, true))
                              .expect<TxRollback>()
                              .reply(TxSelectOk{})
                              .reply(TxRollbackOk{})
                              .expect<BasicAck>(isAck(1))
                              .expect<BasicNack>(isNack(2, false, true))
                              .expect<BasicAck>(isAck(3))
                              .expect<TxCommit>()
                              .reply(TxCommitOk{})
                              .connectionClose());
    TRY(s.received.size() == 3, s.server);
    const QAmqpDelivery copy = s.received.at(0);
    s.channel->txSelect();
    QVERIFY(s.received.at(0).ack() && s.received.at(2).ack(QAmqpDelivery::Multiple));
    QVERIFY(copy.isSettled() && !copy.ack());
    QVERIFY(!s.received.at(1).ack()); // settled with the third
    const auto rolledBack = s.channel->txRollback();
    QVERIFY(copy.isSettled() && !copy.ack());
    TRY(rolledBack.isFinished(), s.server);
    for (const QAmqpDelivery &message : std::as_const(s.received))
        QVERIFY(!message.isSettled());
    bool accepted = false;
    std::thread([&] { accepted = copy.ack(); }).join();
    QVERIFY(accepted && copy.isSettled());
    QVERIFY(s.received.at(1).nack() && s.received.at(2).ack());
    const auto committed = s.channel->txCommit();
    TRY(committed.isFinished(), s.server);
    for (const QAmqpDelivery &message : std::as_const(s.received))
        QVERIFY(message.isSettled() && !message.ack());
    s.close();
}

void TestAcknowledging::aFailedCommitSettlesNothing()
{
    ConsumerSession s(consuming()
                              .then(deliveries(1, 1))
                              .expect<TxSelect>()
                              .reply(TxSelectOk{})
                              .expect<BasicAck>(isAck(1))
                              .expect<TxCommit>()
                              .send(ChannelClose{404, "NOT_FOUND", 90, 20})
                              .expect<ChannelCloseOk>()
                              .connectionClose());
    TRY(s.received.size() == 1, s.server);
    s.channel->txSelect();
    QVERIFY(s.received.at(0).ack());
    const auto committed = s.channel->txCommit();
    TRY(committed.isFinished(), s.server);
    QCOMPARE(errorOf(committed).kind(), QAmqpError::Kind::NotFound);
    QVERIFY(!s.received.at(0).isSettled());
    QVERIFY(!s.received.at(0).ack()); // it has gone back to its queue
    s.close();
}

void TestAcknowledging::aCancelledGetGivesItsMessageBack()
{
    const auto got = [](quint64 tag) { return BasicGetOk{tag, false, {}, "q", 0}; };
    Session s(openedChannel()
                      .expect<BasicGet>()
                      .expect<BasicGet>()
                      .expect<BasicGet>()
                      .sendContent(got(1), QAmqpMessage("not wanted"))
                      .sendContent(got(2), QAmqpMessage("lost"))
                      .sendContent(got(3), QAmqpMessage("wanted"))
                      .expect<BasicNack>(isNack(1, false, true))
                      .expect<BasicAck>(isAck(3))
                      .connectionClose());
    QLoggingCategory::setFilterRules(u"qt.amqp.channel.debug=true"_s);
    const auto quiet = qScopeGuard([] { QLoggingCategory::setFilterRules({}); });
    QTest::ignoreMessage(QtDebugMsg, QRegularExpression(u"nobody waits any more for message 1 "_s));
    s.open();
    s.channel->get(u"q"_s).cancel();
    s.channel->get(u"q"_s, QAmqpChannel::AckPolicy::NoAck).cancel(); // the broker has forgotten it
    const auto wanted = s.channel->get(u"q"_s);
    TRY(wanted.isFinished(), s.server);
    QVERIFY(wanted.result()->ack());
    s.close();
}

// Anybody can set that header.
void TestAcknowledging::whatAPublisherMarkedAsAStreamsGoesBack()
{
    QAmqpMessage marked("x");
    marked.setHeaders({{u"x-stream-offset"_s, qint64(1)}});
    ConsumerSession s(consuming()
                              .sendContent(delivery(1), marked)
                              .sendContent(delivery(2), marked)
                              .sendContent(delivery(3), marked)
                              .expect<BasicCancel>()
                              .expect<BasicNack>(isNack(2, false, true))
                              .expect<BasicNack>(isNack(3, false, true))
                              .sendContent(delivery(4), marked)
                              .expect<BasicNack>(isNack(4, false, true))
                              .reply(BasicCancelOk{"t"})
                              .expect<BasicNack>(isNack(1, false, true))
                              .connectionClose());
    QObject::connect(s.consumer, &QAmqpConsumer::messageReceived,
                     [&] { QVERIFY(s.consumer->pause()); });
    TRY(s.consumer->heldMessages() == 2, s.server);
    const QFuture<int> requeued = s.consumer->cancel();
    TRY(requeued.isFinished(), s.server);
    QCOMPARE(requeued.result(), 3);
    QVERIFY(s.received.at(0).nack());
    s.close();
}

void TestAcknowledging::staleAfterClose()
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

void TestAcknowledging::staleAfterReopen()
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

void TestAcknowledging::staleAfterReconnect()
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
void TestAcknowledging::settlesFromThreads()
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
void TestAcknowledging::ownThreadKeepsItsPlace()
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

void TestAcknowledging::staleFromThreads()
{
    ConsumerSession s(consuming().then(deliveries(1, 2)).connectionClose());
    TRY(s.received.size() == 2, s.server);
    s.close();
    bool settled = true;
    std::thread([&, message = s.received.at(0)] { settled = message.ack(); }).join();
    QVERIFY(!settled);
}

void TestAcknowledging::deliveriesOutliveTheConnection()
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

QTAMQP_TEST(TestAcknowledging)
#include "tst_acknowledging.moc"
