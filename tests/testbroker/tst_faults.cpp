// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a broker does wrong on request, at the moment that was asked for.

#include "testmain.h"

#include "rawclient.h"

#include <QtAmqpTest/qamqptestfault.h>

using namespace QtAmqpTest;
using Kind = QAmqpTestFault::Kind;
using Moment = QAmqpTestFault::Moment;
using End = Broker::Connection::End;

Q_DECLARE_METATYPE(QtAmqpPrivate::Broker::Connection::End)

namespace {

// A broker with a fault, and the first connection, which may be logged in.
struct Faulty
{
    explicit Faulty(const QAmqpTestFault &fault, bool login = true, quint32 seed = 1)
        : core({}, seed), client((core.core.addFault(fault, core.now), core))
    {
        if (login)
            client.login();
    }

    void add(const QAmqpTestFault &fault) { core.core.addFault(fault, core.now); }

    TestCore core;
    RawClient client;
};

} // namespace

class TestFaults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theLinkEndsAfterAByteOfTheClient_data()
    {
        QTest::addColumn<Kind>("kind");
        QTest::addColumn<End>("end");
        QTest::newRow("drop") << Kind::Drop << End::Close;
        QTest::newRow("reset") << Kind::Reset << End::Reset;
        QTest::newRow("half-close") << Kind::HalfClose << End::HalfClose;
        QTest::newRow("restart") << Kind::Restart << End::Reset;
    }

    void theLinkEndsAfterAByteOfTheClient()
    {
        QFETCH(Kind, kind);
        QFETCH(End, end);
        const QByteArray header(ProtocolHeader, ProtocolHeaderSize);
        for (const qint64 at : {1, 7, 8}) {
            Faulty f(QAmqpTestFault(kind).atReceivedByte(at), false);
            f.client.sendBytes(header.first(qsizetype(at) - 1));
            QCOMPARE(f.client.link->end(), End::None);
            f.client.sendBytes(header.sliced(qsizetype(at) - 1));
            QCOMPARE(f.client.link->end(), end);
            // What the broker had written before still comes.
            QCOMPARE(f.client.read().isEmpty(), at < 8);
            QCOMPARE(f.client.link->outputSize(), 0);
        }
    }

    void theLinkEndsAfterAByteOfTheBroker()
    {
        QByteArray whole;
        {
            TestCore core;
            RawClient client(core);
            client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
            whole = client.read();
        }
        for (const qint64 at : {qint64(1), qint64(100), qint64(whole.size())}) {
            Faulty f(QAmqpTestFault(Kind::Drop).atSentByte(at), false);
            f.client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
            QCOMPARE(f.client.read(), whole.first(qsizetype(at)));
            QCOMPARE(f.client.link->end(), End::Close);
            QCOMPARE(f.client.link->outputSize(), 0);
        }
    }

    void itHappensOnTheConnectionThatIsMeant()
    {
        TestCore core;
        core.core.addFault(QAmqpTestFault(Kind::Drop).setConnection(2), core.now);
        RawClient first(core);
        RawClient second(core);
        RawClient third(core);
        QCOMPARE(first.link->end(), End::None);
        QCOMPARE(second.link->end(), End::Close);
        QCOMPARE(third.link->end(), End::None);
        QVERIFY(!first.link->faults());
        QVERIFY(!third.link->faults());
    }

    void itHappensAsOftenAsItMay()
    {
        TestCore core;
        core.core.addFault(QAmqpTestFault(Kind::Drop).setTimes(2), core.now);
        QList<bool> dropped;
        for (int i = 0; i < 4; ++i) {
            RawClient client(core);
            dropped.append(client.link->end() == End::Close);
        }
        QCOMPARE(dropped, QList<bool>({true, true, false, false}));
    }

    void itHappensOnConnectionsThatAreThereAlready()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        core.core.addFault(QAmqpTestFault(Kind::CloseConnection).atPublish(2), core.now);
        QVERIFY(client.link->isOpen());
        client.publish(1, publishTo("q"), QByteArray("1"));
        QVERIFY(client.link->isOpen());
        client.publish(1, publishTo("q"), QByteArray("2"));
        client.read();
        QCOMPARE(client.connectionCode(), 320);
    }

    void whatWasAskedForIsDoneThoughItsAnswerIsLost()
    {
        Faulty f(QAmqpTestFault(Kind::Drop).atMethod(u"queue.declare"_s, 2));
        f.client.call<QueueDeclareOk>(1, declare("a"));
        f.client.forget();
        f.client.gather();
        QueueDeclare durable = declare("b");
        durable.durable = true;
        f.client.send(1, durable);
        f.client.send(1, declare("c"));
        f.client.sendGathered();
        QVERIFY(f.core.queue("b"));
        QVERIFY(!f.core.queue("c"));
        QVERIFY(f.client.read().isEmpty());
        QCOMPARE(f.client.link->end(), End::Close);
    }

    void theAnswerComesBeforeTheEndIfThatIsAskedFor_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("answer");
        QTest::newRow("declare") << u"queue.declare"_s << u"1 queue.declare-ok"_s;
        QTest::newRow("consume, which is answered late")
                << u"basic.consume"_s << u"1 basic.consume-ok"_s;
        QTest::newRow("cancel") << u"basic.cancel"_s << u"1 basic.cancel-ok"_s;
        QTest::newRow("commit") << u"tx.commit"_s << u"2 tx.commit-ok"_s;
    }

    void theAnswerComesBeforeTheEndIfThatIsAskedFor()
    {
        QFETCH(QString, method);
        QFETCH(QString, answer);
        for (const Moment moment : {Moment::AfterAnswer, Moment::InsteadOfAnswer}) {
            Faulty f(QAmqpTestFault(Kind::Drop).atMethod(method, 1, moment));
            f.client.send(1, declare("q"));
            if (f.client.link->isOpen())
                f.client.send(1, consume("q", "c"));
            if (f.client.link->isOpen()) {
                f.client.send(1, BasicCancel{QByteArrayView("c"), false});
                f.client.send(2, ChannelOpen{});
                f.client.send(2, TxSelect{});
                f.client.send(2, TxCommit{});
            }
            f.client.read();
            QCOMPARE(f.client.link->end(), End::Close);
            QCOMPARE(f.client.names().contains(answer), moment == Moment::AfterAnswer);
            QCOMPARE(f.client.count<ConnectionClose>(), 0);
        }
    }

    void aPublishIsTakenThoughItsConfirmIsLost()
    {
        for (const Moment moment : {Moment::InsteadOfAnswer, Moment::AfterAnswer}) {
            Faulty f(QAmqpTestFault(Kind::Reset).atPublish(3, moment));
            QueueDeclare durable = declare("q");
            durable.durable = true;
            f.client.send(1, durable);
            f.client.send(1, ConfirmSelect{});
            f.client.read();
            f.client.forget();
            f.client.gather();
            for (int i = 1; i <= 5; ++i)
                f.client.publish(1, publishTo("q"), QByteArray::number(i));
            f.client.sendGathered();
            f.client.read();
            QCOMPARE(f.client.link->end(), End::Reset);
            QCOMPARE(f.core.queue("q")->readyCount(), quint64(3));
            const auto acks = f.client.all<BasicAck>();
            if (moment == Moment::AfterAnswer) {
                QCOMPARE(acks.size(), size_t(1));
                QCOMPARE(acks[0].deliveryTag, quint64(3));
            } else {
                QVERIFY(acks.empty());
            }
        }
    }

    void aDeliveryIsLostAndComesAgain()
    {
        for (const Moment moment : {Moment::InsteadOfAnswer, Moment::AfterAnswer}) {
            Faulty f(QAmqpTestFault(Kind::Drop).atDelivery(2, moment));
            f.client.send(1, declare("q"));
            for (const char *body : {"1", "2", "3"})
                f.client.publish(1, publishTo("q"), QByteArray(body));
            f.client.send(1, consume("q", "c"));
            f.client.read();
            QCOMPARE(f.client.bodies(),
                     moment == Moment::AfterAnswer ? QByteArrayList({"1", "2"})
                                                   : QByteArrayList({"1"}));
            RawClient other(f.core);
            other.login();
            other.send(1, consume("q", "c"));
            other.read();
            QCOMPARE(other.bodies(), QByteArrayList({"1", "2", "3"}));
            const auto deliveries = other.all<BasicDeliver>();
            QVERIFY(deliveries[0].redelivered && deliveries[1].redelivered);
            QVERIFY(!deliveries[2].redelivered);
        }
    }

    void theChannelIsClosedInsteadOfTheAnswer()
    {
        Faulty f(QAmqpTestFault(Kind::CloseChannel)
                         .atMethod(u"queue.declare"_s, 2)
                         .setReplyCode(405)
                         .setText(u"not now"_s));
        f.client.send(1, declare("a"));
        f.client.send(1, declare("b"));
        f.client.read();
        QVERIFY(!f.core.queue("b"));
        const auto closes = f.client.all<ChannelClose>();
        QCOMPARE(closes.size(), size_t(1));
        QCOMPARE(closes[0].replyCode, 405);
        QCOMPARE(closes[0].replyText.toByteArray(), "RESOURCE_LOCKED - not now");
        QCOMPARE(closes[0].classId, 50);
        QCOMPARE(closes[0].methodId, 10);
        f.client.send(1, ChannelCloseOk{});
        f.client.send(1, ChannelOpen{});
        QCOMPARE(f.client.call<QueueDeclareOk>(1, declare("b")).queue.toByteArray(), "b");
    }

    void theConnectionIsClosedAtATime()
    {
        Faulty f(QAmqpTestFault(Kind::CloseConnection)
                         .atTime(1500ms)
                         .setReplyCode(541)
                         .setText(u"enough"_s));
        f.core.pass(1499ms);
        f.client.read();
        QCOMPARE(f.client.connectionCode(), 0);
        f.core.pass(1ms);
        f.client.read();
        const auto closes = f.client.all<ConnectionClose>();
        QCOMPARE(closes.size(), size_t(1));
        QCOMPARE(closes[0].replyText.toByteArray(), "INTERNAL_ERROR - enough");
    }

    void aStalledLinkNeitherReadsNorWritesNorEnds()
    {
        Faulty f(QAmqpTestFault(Kind::Stall).atMethod(u"queue.declare"_s), false);
        f.client.login(10);
        f.client.send(1, declare("q"));
        QVERIFY(f.core.queue("q"));
        QVERIFY(!f.client.link->wantsInput());
        f.client.send(1, declare("r"));
        QVERIFY(!f.core.queue("r"));
        f.core.pass(10min);
        QVERIFY(f.client.read().isEmpty());
        QCOMPARE(f.client.link->end(), End::None);
        QVERIFY(!f.core.core.nextTimeout());
        f.core.core.clearFaults(f.core.now);
        QVERIFY(f.core.queue("r"));
        QVERIFY(f.client.link->wantsInput());
    }

    void theRestOfAHalfClosedLinkIsRead()
    {
        Faulty f(QAmqpTestFault(Kind::HalfClose).atMethod(u"queue.declare"_s));
        f.client.send(1, declare("a"));
        f.client.send(1, declare("b"));
        QVERIFY(f.core.queue("b"));
        QVERIFY(f.client.read().isEmpty());
        QCOMPARE(f.client.link->end(), End::HalfClose);
    }

    void aThrottledLinkLetsSoManyBytesThrough()
    {
        Faulty f(QAmqpTestFault(Kind::Throttle).setBytesPerSecond(1000).atMethod(u"basic.qos"_s));
        f.client.send(1, BasicQos{});
        f.core.pass(1s);
        f.client.read();
        f.client.publish(1, publishTo("nowhere", {}, true), QByteArray(5000, 'x'));
        qint64 got = 0;
        for (int second = 1; second <= 12; ++second) {
            for (int i = 0; i < 100; ++i) {
                f.core.pass(10ms);
                got += f.client.read().size();
            }
            if (second < 5)
                QCOMPARE(got, 0); // the client's own 5,000 bytes are still on their way
            QVERIFY2(got <= std::max(0, 1000 * second - 4000), qPrintable(QString::number(got)));
        }
        QCOMPARE(f.client.bodies(BasicReturn::info.id()), QByteArrayList({QByteArray(5000, 'x')}));
    }

    void aDelayedLinkIsLaterInBothDirections()
    {
        Faulty f(QAmqpTestFault(Kind::Delay).setDelay(40ms), false);
        f.client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        f.core.pass(40ms);
        QVERIFY(f.client.read().isEmpty()); // connection.start leaves now
        f.core.pass(39ms);
        QVERIFY(f.client.read().isEmpty());
        f.core.pass(1ms);
        QVERIFY(!f.client.read().isEmpty());
        QCOMPARE(f.client.count<ConnectionStart>(), 1);
    }

    void oddPiecesAreTheSameBytes()
    {
        QByteArray whole;
        {
            TestCore core;
            RawClient client(core);
            client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
            whole = client.read();
        }
        QList<QList<qsizetype>> sizes;
        for (const quint32 seed : {1u, 1u, 3u}) {
            Faulty f(QAmqpTestFault(Kind::SplitOddly), false, seed);
            f.client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
            QByteArray all;
            QList<qsizetype> pieces;
            for (int i = 0; i < 1000 && all.size() < whole.size(); ++i) {
                const QByteArray piece = f.client.read(); // one in a turn
                all += piece;
                pieces.append(piece.size());
                QVERIFY(f.core.core.nextTimeout() <= f.core.now || all.size() == whole.size());
                f.core.core.timeout(f.core.now);
            }
            QCOMPARE(all, whole);
            QVERIFY(pieces.size() > 1);
            sizes.append(pieces);
        }
        QCOMPARE(sizes[0], sizes[1]);
        QVERIFY(sizes[0] != sizes[2]);
    }

    void oneByteIsAnotherOne()
    {
        QByteArray whole;
        {
            TestCore core;
            RawClient client(core);
            client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
            whole = client.read();
        }
        for (const qsizetype at : {qsizetype(0), qsizetype(99), whole.size() - 1}) {
            Faulty f(QAmqpTestFault(Kind::Garble).atSentByte(at), false);
            f.client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
            const QByteArray garbled = f.client.read();
            QCOMPARE(garbled.size(), whole.size());
            for (qsizetype i = 0; i < whole.size(); ++i)
                QCOMPARE(garbled[i] != whole[i], i == at);
        }
    }

    void oneByteOfTheClientIsAnotherOne()
    {
        Faulty f(QAmqpTestFault(Kind::Garble).atReceivedByte(3), false);
        f.client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        QCOMPARE(f.client.link->end(), End::Close); // it was no header of AMQP
    }

    void theLoginIsRefused()
    {
        Faulty f(QAmqpTestFault(Kind::RefuseLogin), false);
        f.client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        const QByteArray able = encodeTable(
                {{u"capabilities"_s, QAmqpTable{{u"authentication_failure_close"_s, true}}}});
        f.client.send(0,
                      ConnectionStartOk{QByteArrayView(able), QByteArrayView("PLAIN"),
                                        QByteArrayView("\0guest\0guest", 12),
                                        QByteArrayView("en_US")});
        f.client.read();
        QCOMPARE(f.client.connectionCode(), 403);
        RawClient next(f.core);
        next.login();
        QVERIFY(next.link->isOpen());
    }

    void theVirtualHostIsRefused_data()
    {
        QTest::addColumn<Kind>("kind");
        QTest::addColumn<int>("code");
        QTest::newRow("unknown") << Kind::RefuseVirtualHost << 530;
        QTest::newRow("no resources") << Kind::RefuseResources << 506;
    }

    void theVirtualHostIsRefused()
    {
        QFETCH(Kind, kind);
        QFETCH(int, code);
        Faulty f(QAmqpTestFault(kind), false);
        f.client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        f.client.send(0,
                      ConnectionStartOk{{},
                                        QByteArrayView("PLAIN"),
                                        QByteArrayView("\0guest\0guest", 12),
                                        QByteArrayView("en_US")});
        f.client.send(0, ConnectionTuneOk{2047, 131072, 0});
        f.client.send(0, ConnectionOpen{QByteArrayView("/"), {}, false});
        f.client.read();
        QCOMPARE(f.client.connectionCode(), code);
        RawClient next(f.core);
        next.login();
        QVERIFY(next.link->isOpen());
    }

    void theNextPublishesAreNacked()
    {
        Faulty f(QAmqpTestFault(Kind::NackPublishes).atPublish(2).setCount(2));
        f.client.send(1, declare("q"));
        f.client.send(1, ConfirmSelect{});
        for (int i = 1; i <= 4; ++i)
            f.client.publish(1, publishTo("q"), QByteArray::number(i));
        f.client.read();
        QList<quint64> nacked;
        for (const BasicNack &nack : f.client.all<BasicNack>())
            nacked.append(nack.deliveryTag);
        QCOMPARE(nacked, QList<quint64>({2, 3}));
        QCOMPARE(f.client.count<BasicAck>(), 2);
        QCOMPARE(f.core.queue("q")->readyCount(), quint64(2));
    }

    void theNextMandatoryPublishesComeBack()
    {
        Faulty f(QAmqpTestFault(Kind::ReturnPublishes).setCount(2));
        f.client.send(1, declare("q"));
        f.client.publish(1, publishTo("q"), QByteArray("not mandatory"));
        for (int i = 1; i <= 3; ++i)
            f.client.publish(1, publishTo("q", {}, true), QByteArray::number(i));
        f.client.read();
        QCOMPARE(f.client.bodies(BasicReturn::info.id()), QByteArrayList({"1", "2"}));
        QCOMPARE(f.core.queue("q")->readyCount(), quint64(2));
    }

    void whatWasNotConfirmedIsLost()
    {
        // The length of a confirm is known; the link ends before or behind it.
        const qsizetype confirm = RawClient::frame(1, BasicAck{2, true}).size();
        for (const qsizetype sent : {confirm - 1, confirm}) {
            TestCore core;
            RawClient client(core);
            client.login();
            client.send(1, declare("q"));
            client.send(1, ConfirmSelect{});
            client.read();
            core.core.addFault(QAmqpTestFault(Kind::LoseUnconfirmed), core.now);
            core.core.addFault(QAmqpTestFault(Kind::Drop).atSentByte(sent), core.now);
            client.gather();
            client.publish(1, publishTo("q"), QByteArray("1"));
            client.publish(1, publishTo("q"), QByteArray("2"));
            client.sendGathered();
            QCOMPARE(core.queue("q")->readyCount(), quint64(0));
            client.read();
            QCOMPARE(client.link->end(), End::Close);
            client.lose();
            QCOMPARE(core.queue("q")->readyCount(), quint64(sent == confirm ? 2 : 0));
        }
    }

    void thereIsAnAlarm()
    {
        Faulty f(QAmqpTestFault(Kind::Block).atPublish(1).setText(u"no room"_s), false);
        f.client.login(0, 131072, {{u"connection.blocked"_s, true}});
        f.client.publish(1, publishTo("q"), QByteArray("1"));
        f.client.publish(1, publishTo("q"), QByteArray("2"));
        f.client.read();
        QCOMPARE(f.client.count<ConnectionBlocked>(), 1);
        QCOMPARE(f.client.all<ConnectionBlocked>()[0].reason.toByteArray(), "no room");
    }

    void consumersAreCancelled()
    {
        TestCore core;
        const QAmqpTable able{{u"consumer_cancel_notify"_s, true}};
        RawClient one(core);
        RawClient two(core);
        one.login(0, 131072, able);
        two.login(0, 131072, able);
        one.send(1, declare("q"));
        one.send(1, declare("r"));
        one.send(1, consume("q", "a"));
        one.send(1, consume("r", "other"));
        two.send(1, consume("q", "b"));
        one.read();
        core.core.addFault(QAmqpTestFault(Kind::CancelConsumers).setQueue(u"q"_s).setConnection(1),
                           core.now);
        one.read();
        two.read();
        QCOMPARE(one.count<BasicCancel>(), 1);
        QCOMPARE(one.all<BasicCancel>()[0].consumerTag.toByteArray(), "a");
        QCOMPARE(two.count<BasicCancel>(), 1);
        QCOMPARE(core.queue("q")->consumers().size(), size_t(0));
        QCOMPARE(core.queue("r")->consumers().size(), size_t(1));
    }

    void aRestartKeepsWhatIsDurable()
    {
        Faulty f(QAmqpTestFault(Kind::Restart).atMethod(u"queue.purge"_s));
        RawClient other(f.core);
        other.login();
        QueueDeclare durable = declare("durable");
        durable.durable = true;
        f.client.send(1, durable);
        f.client.send(1, declare("transient"));
        QAmqpMessage persistent("kept");
        persistent.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
        f.client.publish(1, publishTo("durable"), persistent);
        f.client.publish(1, publishTo("durable"), QByteArray("lost"));
        f.client.send(1, QueuePurge{0, QByteArrayView("transient"), false});
        QCOMPARE(other.link->end(), End::Reset);
        QCOMPARE(f.client.link->end(), End::Reset);
        QVERIFY(!f.core.queue("transient"));
        QCOMPARE(f.core.queue("durable")->readyCount(), quint64(1));
        QCOMPARE(f.core.core.take("/", "durable", f.core.now)->content.body(), "kept");
    }

    void deliveriesGoOnAfterAFaultThatEndsNothing()
    {
        Faulty f(QAmqpTestFault(Kind::Garble).atDelivery(1, Moment::AfterAnswer));
        f.client.send(1, declare("q"));
        for (const char *body : {"1", "2", "3"})
            f.client.publish(1, publishTo("q"), QByteArray(body));
        f.client.send(1, consume("q", "c"));
        QCOMPARE(f.core.queue("q")->unacknowledgedCount(), quint64(3));
    }

    void aConnectionWithoutFaultsHasNone()
    {
        TestCore core;
        core.core.addFault(QAmqpTestFault(Kind::Drop), core.now);
        RawClient first(core);
        RawClient second(core);
        QVERIFY(first.link->faults());
        QVERIFY(!second.link->faults());
    }
};

QTAMQP_TEST(TestFaults)
#include "tst_faults.moc"
