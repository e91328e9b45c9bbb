// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is settled in a transaction, and what becomes of it when that is committed, rolled back, or fails.

#include "channelcoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

namespace {

auto acks(quint64 tag, bool multiple = false)
{
    return [=](const BasicAck &m) { return m.deliveryTag == tag && m.multiple == multiple; };
}

auto requeues(quint64 tag)
{
    return [tag](const BasicNack &m) { return m.deliveryTag == tag && !m.multiple && m.requeue; };
}

// A consumer of a transactional channel, to which three messages came.
struct Consuming
{
    explicit Consuming(quint16 prefetch = 3)
        : d(opened().expect<TxSelect>()
                    .expect<BasicQos>()
                    .expect<BasicConsume>()
                    .reply(TxSelectOk{})
                    .reply(BasicQosOk{})
                    .reply(BasicConsumeOk{"c"})
                    .sendContent(delivery("c", 1), message("1"))
                    .sendContent(delivery("c", 2), message("2"))
                    .sendContent(delivery("c", 3), message("3")))
        , channel(d.channel())
    {
        d.open();
        d.ask(channel->selectTransactions());
        d.ask(channel->consume(consume("q", "c"), {}, prefetch));
        d.run();
        deliveries = d.all<Delivered>();
        for (int i = 0; i < 3; ++i)
            marks.emplace_back(new DeliveryMark);
    }

    // As QAmqpDelivery does it: once, until a rollback takes it back.
    bool settle(quint64 tag, Settlement how = Settlement::Ack, bool multiple = false)
    {
        const DeliveryMarkPointer &mark = marks.at(tag - 1);
        if (mark->settled.exchange(true))
            return false;
        const bool accepted =
                QtAmqpTest::settle(channel, deliveries.at(tag - 1), how, multiple, mark);
        if (!accepted)
            mark->settled = false;
        return accepted;
    }
    bool isSettled(quint64 tag) const { return marks.at(tag - 1)->settled; }

    CoreDriver d;
    ChannelCore *channel;
    std::vector<Delivered> deliveries;
    std::vector<DeliveryMarkPointer> marks;
};

} // namespace

class TestTransactions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void aRollbackUnsettles()
    {
        Consuming s;
        QVERIFY(s.settle(1) && s.settle(2, Settlement::Discard));
        QVERIFY(s.isSettled(1) && !s.settle(1));
        s.d.ask(s.channel->request(TxRollback{}));
        s.d.then(Script().expect<BasicAck>(acks(1)).expect<BasicNack>().expect<TxRollback>());
        QVERIFY(!s.settle(1)); // as long as it is not answered
        s.d.then(Script().reply(TxRollbackOk{}));
        QVERIFY(!s.isSettled(1) && !s.isSettled(2));
        QVERIFY(s.settle(1) && s.settle(2));
        s.d.ask(s.channel->request(TxCommit{}));
        s.d.then(Script().expect<BasicAck>(acks(1))
                         .expect<BasicAck>(acks(2))
                         .expect<TxCommit>()
                         .reply(TxCommitOk{}));
        QVERIFY(s.isSettled(1) && !s.settle(1) && !s.settle(2));
        s.d.ask(s.channel->request(TxRollback{})); // of nothing
        s.d.then(Script().expect<TxRollback>().reply(TxRollbackOk{}));
        QVERIFY(s.isSettled(1) && !s.settle(1));
        QVERIFY(s.settle(3));
        s.d.then(Script().expect<BasicAck>(acks(3)));
    }

    void aRollbackUnsettlesAllOfThem()
    {
        Consuming s;
        for (const quint64 tag : {1u, 2u, 3u})
            QVERIFY(s.channel->show(tag));
        QVERIFY(s.settle(3, Settlement::Ack, true));
        QVERIFY(!s.settle(1) && !s.isSettled(1));
        QCOMPARE(s.channel->settle({}, Settlement::Ack, true), Settling::NotUnsettled);
        s.d.ask(s.channel->request(TxRollback{}));
        s.d.then(Script().expect<BasicAck>(acks(3, true))
                         .expect<TxRollback>()
                         .reply(TxRollbackOk{}));
        QVERIFY(s.settle(2));
        QCOMPARE(s.channel->settle({}, Settlement::Ack, true), Settling::Accepted);
        QVERIFY(!s.settle(1) && !s.settle(3));
        s.d.then(Script().expect<BasicAck>(acks(2)).expect<BasicAck>(acks(3, true)));
    }

    // The next transaction begins when the end of one is asked for.
    void transactionsAreToldApart()
    {
        Consuming s;
        QVERIFY(s.settle(1));
        s.d.ask(s.channel->request(TxRollback{}));
        QVERIFY(s.settle(2));
        s.d.ask(s.channel->request(TxCommit{}));
        QVERIFY(s.settle(3));
        s.d.then(Script().expect<BasicAck>(acks(1))
                         .expect<TxRollback>()
                         .expect<BasicAck>(acks(2))
                         .expect<TxCommit>()
                         .reply(TxRollbackOk{}));
        QVERIFY(!s.isSettled(1) && s.isSettled(2) && s.isSettled(3));
        s.d.then(Script().reply(TxCommitOk{}).expect<BasicAck>(acks(3)));
        QVERIFY(s.settle(1) && !s.settle(2) && !s.settle(3));
        s.d.ask(s.channel->request(TxRollback{}));
        s.d.then(Script().expect<BasicAck>(acks(1)).expect<TxRollback>().reply(TxRollbackOk{}));
        QVERIFY(!s.isSettled(1) && s.isSettled(2) && !s.isSettled(3));
    }

    void aFailedCommitSettlesNothing_data()
    {
        QTest::addColumn<bool>("isLost");
        QTest::newRow("refused") << false;
        QTest::newRow("lost") << true;
    }
    void aFailedCommitSettlesNothing()
    {
        QFETCH(bool, isLost);
        Consuming s;
        QVERIFY(s.settle(1));
        s.d.ask(s.channel->request(TxCommit{}));
        Script script = Script().expect<BasicAck>().expect<TxCommit>();
        if (isLost)
            script.drop();
        else
            script.send(ChannelClose{406, "PRECONDITION_FAILED", 90, 20}).expect<ChannelCloseOk>();
        s.d.then(script);
        QCOMPARE(s.d.count<ChannelClosed>(), 1);
        QVERIFY(!s.isSettled(1));
        if (!isLost)
            QVERIFY(!s.settle(1)); // nothing can be any more
    }

    // The broker counts an acknowledgement when it is committed, and so does the prefetch.
    void aCommitMakesRoomForTheNextOne()
    {
        Consuming s(1);
        QVERIFY(s.channel->show(1) && !s.channel->show(2));
        QVERIFY(s.settle(1));
        QVERIFY(!s.channel->show(2));
        s.d.ask(s.channel->request(TxRollback{}));
        s.d.then(Script().expect<BasicAck>().expect<TxRollback>().reply(TxRollbackOk{}));
        QVERIFY(s.settle(1) && !s.channel->show(2));
        s.d.ask(s.channel->request(TxCommit{}));
        const qsizetype before = s.d.count<ShowMore>();
        s.d.then(Script().expect<BasicAck>().expect<TxCommit>().reply(TxCommitOk{}));
        QCOMPARE(s.d.count<ShowMore>(), before + 2); // at the acknowledgement as well
        QVERIFY(s.channel->show(2) && !s.channel->show(3));
    }

    // What nobody has seen goes back to its queue, whatever becomes of the transaction.
    void whatTheLibraryGivesBackGoesBackAgain()
    {
        Consuming s;
        QVERIFY(s.channel->show(1));
        QVERIFY(s.settle(1));
        const RequestId cancel = s.d.ask(s.channel->cancel("c"));
        s.d.ask(s.channel->request(TxRollback{}));
        s.d.then(Script().expect<BasicAck>(acks(1))
                         .expect<BasicCancel>()
                         .expect<BasicNack>(requeues(2))
                         .expect<BasicNack>(requeues(3))
                         .reply(BasicCancelOk{"c"})
                         .expect<TxRollback>()
                         .reply(TxRollbackOk{})
                         .expect<BasicNack>(requeues(2))
                         .expect<BasicNack>(requeues(3)));
        QCOMPARE(s.d.reply(cancel).count, 2u);
        QVERIFY(!s.settle(2) && s.settle(1));
        s.d.ask(s.channel->request(TxCommit{}));
        s.d.then(Script().expect<BasicAck>(acks(1)).expect<TxCommit>().reply(TxCommitOk{}));
        s.d.ask(s.channel->request(TxRollback{})); // gives back nothing any more
        s.d.then(Script().expect<TxRollback>().reply(TxRollbackOk{}));
    }

    // To the broker what is settled in a transaction is not among what it recovers.
    void whatIsSettledIsNotRecovered()
    {
        Consuming s;
        QVERIFY(s.settle(1));
        s.d.ask(s.channel->request(BasicRecover{true}));
        QCOMPARE(s.channel->settle({}, Settlement::Ack, true), Settling::NotUnsettled);
        QVERIFY(!s.settle(2));
        s.d.ask(s.channel->request(TxRollback{}));
        s.d.then(Script().expect<BasicAck>()
                         .expect<BasicRecover>()
                         .expect<TxRollback>()
                         .reply(BasicRecoverOk{})
                         .reply(TxRollbackOk{}));
        QVERIFY(s.settle(1) && !s.settle(2) && !s.settle(3));
        s.d.then(Script().expect<BasicAck>(acks(1)));
    }

    void selectedTwiceIsSelectedOnce()
    {
        Consuming s;
        QVERIFY(s.settle(1));
        s.d.ask(s.channel->selectTransactions());
        s.d.ask(s.channel->request(TxRollback{}));
        s.d.then(Script().expect<BasicAck>()
                         .expect<TxSelect>()
                         .expect<TxRollback>()
                         .reply(TxSelectOk{})
                         .reply(TxRollbackOk{}));
        QVERIFY(s.settle(1));
        s.d.then(Script().expect<BasicAck>());
    }
};

QTAMQP_TEST(TestTransactions)
#include "tst_transactions.moc"
