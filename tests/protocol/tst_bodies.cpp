// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Bodies that are read from a source while they are sent: their order, what waits behind them, and every way in
// which one can end.

#include "channelcoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

namespace {

constexpr quint32 SmallFrames = 4096;

// A source that gives what the test lets it give, at most `mostAtOnce` bytes.
class Source : public BodySource
{
public:
    explicit Source(const QByteArray &bytes) : data(bytes), ready(bytes.size()) { }

    qint64 read(char *to, qint64 most) override
    {
        ++reads;
        const qint64 size = std::min({most, mostAtOnce, qint64(ready) - at});
        if (size <= 0)
            return failure.isEmpty() ? 0 : -1;
        memcpy(to, data.constData() + at, size_t(size));
        at += size;
        return size;
    }
    QString error() const override { return failure; }

    QByteArray data;
    qsizetype ready;
    qint64 mostAtOnce = 1'000'000;
    QString failure;
    qint64 at = 0;
    int reads = 0;
};

std::shared_ptr<Source> sourceOf(const QByteArray &bytes)
{
    return std::make_shared<Source>(bytes);
}

QByteArray large(char first = 'a', qsizetype size = 3 * SmallFrames)
{
    QByteArray body(size, Qt::Uninitialized);
    for (qsizetype i = 0; i < size; ++i)
        body[i] = char(first + i % 23);
    return body;
}

Script openedSmall() { return Script().handshake({2047, SmallFrames, 0}).channelOpen(); }
Script confirming() { return openedSmall().expect<ConfirmSelect>().reply(ConfirmSelectOk{}); }

// The frames behind what was written before, as "1m 1h 1b 2m": the channel, and the first letter of the type.
QString framesOf(QByteArrayView bytes)
{
    QStringList texts;
    Frame frame;
    FrameError error;
    while (nextFrame(bytes, SmallFrames, frame, error) == FrameResult::Complete) {
        constexpr const char *names[] = {"?", "m", "h", "b"};
        const quint8 type = quint8(frame.type);
        texts += u"%1%2"_s.arg(frame.channel).arg(QLatin1String(type < 4 ? names[type] : "x"));
        bytes = bytes.sliced(frame.payload.size() + FrameOverhead);
    }
    return texts.join(u' ');
}

quint64 stream(ChannelCore *channel, const BodySourcePointer &source, quint64 size,
               QByteArrayView routingKey = "q")
{
    return channel->publish(publishTo(routingKey), message({}), {}, {source, size});
}

} // namespace

class TestBodies : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void aBodyComesFromItsSourceAndCountsAsOnePublish()
    {
        const QByteArray body = large();
        CoreDriver d(confirming()
                             .expect<BasicPublish>(bodyIs("before"))
                             .expect<BasicPublish>(bodyIs(body))
                             .expect<BasicPublish>(bodyIs("behind"))
                             .reply(BasicAck{3, true}));
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        const auto source = sourceOf(body);
        d.published(channel->publish(publishTo("q"), message("before")));
        d.published(stream(channel, source, quint64(body.size())));
        d.published(channel->publish(publishTo("q"), message("behind")));
        QVERIFY(channel->hasStreamedBody());
        d.run();
        QCOMPARE(d.settlements(), u"confirmed 1-3"_s);
        QCOMPARE(source.use_count(), 1); // nothing holds it any more
        QVERIFY(!channel->hasStreamedBody());
    }

    void noMoreIsReadThanThereIsRoomFor()
    {
        CoreDriver d(openedSmall());
        ChannelCore *channel = d.channel();
        d.open();
        const auto source = sourceOf(large('a', 100 * SmallFrames));
        stream(channel, source, quint64(source->data.size()));
        const auto core = [&] { return &d.core; };
        QVERIFY(sendBodies(0, core)); // there is more to send
        QCOMPARE(source->at, 0);
        QVERIFY(sendBodies(1, core)); // one frame at least
        QCOMPARE(source->at, qint64(SmallFrames - FrameOverhead));
        QVERIFY(sendBodies(10 * SmallFrames, core));
        QVERIFY(source->at <= 11 * SmallFrames);
        d.core.abort();
        d.run();
        QCOMPARE(source.use_count(), 1);
    }

    void nothingOfTheChannelComesBetweenTheFramesAndOtherChannelsGoOn()
    {
        CoreDriver d(Script().handshake({2047, SmallFrames, 0})
                             .channelOpen()
                             .channelOpen(2)
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"}) // on channel 2 from here on
                             .sendContent(delivery("c", 1), message("m"))
                             .ignoreRest());
        ChannelCore *one = d.channel();
        ChannelCore *two = d.channel();
        d.open();
        Q_UNUSED(one);
        d.ask(two->consume(consume("q", "c")));
        d.run();
        d.written.clear();
        const auto source = sourceOf(large());
        source->ready = SmallFrames; // one frame and the beginning of the next
        stream(two, source, quint64(source->data.size()));
        QVERIFY(settle(two, d.last<Delivered>()));
        two->publish(publishTo("q"), message("behind"));
        one->publish(publishTo("q"), message("other"));
        d.run();
        QCOMPARE(framesOf(d.written), u"1m 1h 1b 2m 2h 2b 2b"_s);
        one->publish(publishTo("q"), message("other"));
        d.run();
        source->ready = source->data.size();
        d.run();
        QCOMPARE(framesOf(d.written), u"1m 1h 1b 2m 2h 2b 2b 1m 1h 1b 2b 2b 2b 2m 2m 2h 2b"_s);
    }

    void channelsTakeTurnsByFrame()
    {
        CoreDriver d(Script().handshake({2047, SmallFrames, 0})
                             .channelOpen()
                             .channelOpen(2)
                             .ignoreRest());
        ChannelCore *one = d.channel();
        ChannelCore *two = d.channel();
        d.open();
        d.written.clear();
        stream(one, sourceOf(large('a', 2 * SmallFrames)), 2 * SmallFrames);
        stream(two, sourceOf(large('b', 2 * SmallFrames)), 2 * SmallFrames);
        d.run();
        QCOMPARE(framesOf(d.written), u"1m 1h 1b 2m 2h 2b 1b 2b 1b 2b"_s);
    }

    void aSourceThatHasNothingIsAskedAgainInTheNextTurn()
    {
        const QByteArray body = large();
        CoreDriver d(openedSmall().expect<BasicPublish>(bodyIs(body)));
        ChannelCore *channel = d.channel();
        d.open();
        const auto source = sourceOf(body);
        source->mostAtOnce = 100;
        source->ready = 0;
        stream(channel, source, quint64(body.size()));
        d.run();
        QCOMPARE(source->reads, 1); // no busy loop
        QCOMPARE(channel->state(), ChannelState::Open);
        for (qsizetype step = 0; step < body.size(); step += 1000) {
            source->ready = std::min(step + 1000, body.size());
            d.run();
        }
        QVERIFY(!channel->hasStreamedBody());
    }

    void aFailureBeforeTheFirstByteEndsTheMessageAlone()
    {
        QTest::ignoreMessage(
                QtWarningMsg,
                "a message was not sent, since its body ended at byte 0 of 5: no disk");
        CoreDriver d(confirming()
                             .expect<BasicPublish>(bodyIs("1"))
                             .expect<BasicPublish>(bodyIs("3"))
                             .reply(BasicAck{2, true}));
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("1")));
        const auto source = sourceOf({});
        source->failure = u"no disk"_s;
        d.published(stream(channel, source, 5));
        const RequestId confirm = d.ask(channel->awaitConfirm());
        d.published(channel->publish(publishTo("q"), message("3")));
        d.run();
        QCOMPARE(d.settlements(), u"nacked 2-2, confirmed 1-1, confirmed 3-3"_s);
        QCOMPARE(d.reply(confirm).error.kind(), Kind::DeviceFailed);
        QCOMPARE(channel->state(), ChannelState::Open);
    }

    void aFailureBeforeTheFirstByteClosesAChannelWithoutConfirms()
    {
        CoreDriver d(openedSmall().expect<ChannelClose>().reply(ChannelCloseOk{}));
        ChannelCore *channel = d.channel();
        d.open();
        const auto source = sourceOf({});
        source->failure = u"no disk"_s;
        stream(channel, source, 5);
        d.run();
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::DeviceFailed);
    }

    void aFailureInTheMiddleEndsTheChannelAndNothingMoreIsSentOnIt()
    {
        CoreDriver d(Script().handshake({2047, SmallFrames, 0})
                             .channelOpen()
                             .channelOpen(2)
                             .expect<ConfirmSelect>()
                             .reply(ConfirmSelectOk{})
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("c", 1), message("m")));
        ChannelCore *other = d.channel();
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        d.ask(channel->consume(consume("q", "c")));
        d.run();
        d.written.clear();
        d.published(channel->publish(publishTo("q"), message("answered for by nobody")), 2);
        const auto source = sourceOf(large());
        source->ready = 2 * SmallFrames;
        source->failure = u"the disk is gone"_s;
        d.published(stream(channel, source, quint64(source->data.size())), 2);
        const RequestId confirm = d.ask(channel->awaitConfirm());
        QVERIFY(settle(channel, d.last<Delivered>()));
        const RequestId behind = d.ask(channel->request(declare("r")));
        d.published(channel->publish(publishTo("q"), message("behind")), 2);
        d.then(Script().on(2).expect<BasicPublish>());

        const QAmqpError error = d.last<ChannelClosed>().error;
        QCOMPARE(error.kind(), Kind::DeviceFailed);
        QCOMPARE(error.scope(), Scope::Channel);
        QCOMPARE(
                error.text(),
                u"a message was not sent, since its body ended at byte 8192 of 12288: the disk is gone"_s);
        QCOMPARE(d.settlements(2), u"nacked 2-2, indeterminate 1-1, indeterminate 3-3"_s);
        QCOMPARE(d.reply(confirm).error.kind(), Kind::DeviceFailed);
        QCOMPARE(d.reply(behind).error.kind(), Kind::Cancelled);
        QCOMPARE(framesOf(d.written), u"2m 2h 2b 2m 2h 2b 2b 2b"_s);
        QCOMPARE(source.use_count(), 1);

        // What still comes is dropped, and the number is not used again.
        d.core.removeChannel(2);
        d.then(Script().on(2)
                       .sendContent(delivery("c", 2), message("late"))
                       .send(ChannelFlow{false})
                       .send(ChannelClose{406, "PRECONDITION_FAILED", 60, 80})
                       .channelOpen(3)
                       .on(1)
                       .expect<BasicPublish>());
        ChannelCore *next = d.channel();
        QCOMPARE(int(next->number()), 3);
        other->publish(publishTo("q"), message("goes on"));
        d.run();
        d.written.clear();
        d.then(Script().connectionClose());
        d.core.close(d.now + 10s);
        d.run();
        QCOMPARE(framesOf(d.written), u"0m"_s);
        QVERIFY(!d.error());
    }

    void aBrokerThatClosesTheChannelInTheMiddleGetsNoAnswer()
    {
        CoreDriver d(confirming());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        const auto source = sourceOf(large());
        source->ready = 100;
        d.published(stream(channel, source, quint64(source->data.size())));
        d.run();
        d.written.clear();
        d.then(Script().send(ChannelClose{404, "NOT_FOUND", 0, 0}, 1));
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::NotFound);
        QCOMPARE(d.settlements(), u"nacked 1-1"_s);
        QCOMPARE(d.written, QByteArray());
        d.core.removeChannel(1);
        d.then(Script().channelOpen(2).connectionClose());
        QCOMPARE(int(d.channel()->number()), 2);
        d.run();
        d.core.close(d.now + 10s);
        d.run();
        QVERIFY(!d.error());
    }

    void closingWaitsForTheEndOfTheBody()
    {
        const QByteArray body = large();
        CoreDriver d(confirming()
                             .expect<BasicPublish>(bodyIs(body))
                             .reply(BasicAck{1, false})
                             .expect<ChannelClose>()
                             .reply(ChannelCloseOk{})
                             .connectionClose());
        QAmqpConnectionOptions options;
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        const auto source = sourceOf(body);
        source->ready = 100;
        d.published(stream(channel, source, quint64(body.size())));
        d.run();
        channel->close();
        d.pass(10min); // a body has no timeout
        QCOMPARE(channel->state(), ChannelState::Draining);
        source->ready = body.size();
        d.run();
        d.core.close(d.now + 10s);
        d.run();
        QCOMPARE(d.settlements(), u"confirmed 1-1"_s);
        QVERIFY(!d.last<ChannelClosed>().error);
    }

    void requestsBehindABodyHaveTheirTimeFromItsEndOn()
    {
        const QByteArray body = large();
        CoreDriver d(openedSmall().expect<BasicPublish>(bodyIs(body)).expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        const auto source = sourceOf(body);
        source->ready = 100;
        stream(channel, source, quint64(body.size()));
        const RequestId behind = d.ask(channel->request(declare("q")));
        d.pass(10min);
        QVERIFY(!d.ended(behind));
        source->ready = body.size();
        d.run();
        d.pass(QAmqpConnectionOptions().requestTimeout() - 1ms);
        QVERIFY(!d.ended(behind));
        d.pass(1ms);
        QCOMPARE(d.reply(behind).error.kind(), Kind::Timeout);
    }

    void flowIsAnsweredBehindTheBodyThatHasBegunAndStopsTheNextOne()
    {
        const QByteArray body = large();
        CoreDriver d(openedSmall());
        ChannelCore *channel = d.channel();
        d.open();
        const auto source = sourceOf(body);
        source->ready = 100;
        stream(channel, source, quint64(body.size()));
        const auto next = sourceOf(body);
        stream(channel, next, quint64(body.size()));
        d.run();
        d.then(Script().send(ChannelFlow{false}, 1));
        d.then(Script().expect<BasicPublish>(bodyIs(body)).expect<ChannelFlowOk>([](const auto &m) {
            return !m.active;
        }));
        source->ready = body.size();
        d.run();
        QCOMPARE(next->reads, 0);
        d.then(Script().send(ChannelFlow{true}, 1)
                       .expect<ChannelFlowOk>([](const auto &m) { return m.active; })
                       .expect<BasicPublish>(bodyIs(body)));
        QCOMPARE(next.use_count(), 1);
    }

    void heartbeatsGoOnWhileASourceHasNothing()
    {
        CoreDriver d(Script().handshake({2047, SmallFrames, 10}).channelOpen());
        ChannelCore *channel = d.channel();
        d.open();
        const auto source = sourceOf(large());
        source->ready = 100;
        stream(channel, source, quint64(source->data.size()));
        d.run();
        d.written.clear();
        d.pass(5s);
        QCOMPARE(framesOf(d.written), u"0x"_s);
        d.core.abort();
        d.run();
    }

    // Each publish has one outcome, and the source is let go of, wherever the link is cut.
    void aLinkThatIsCutAnywhereFailsEachPublishOnce()
    {
        if (CoreDriver::split == Split::Bytewise)
            return; // nothing of interest comes in
        const QByteArray body = large('a', 2 * SmallFrames);
        for (qint64 cut = 1; cut<20'000; cut += cut> 700 && cut % 4000 > 100 ? 97 : 1) {
            CoreDriver d(confirming()
                                 .expect<BasicPublish>()
                                 .expect<BasicPublish>(bodyIs(body))
                                 .expect<BasicPublish>()
                                 .reply(BasicAck{3, true})
                                 .ignoreRest());
            d.outwardsLeft = cut;
            ChannelCore *channel = d.channel();
            d.open();
            const auto source = sourceOf(body);
            if (!d.isCut()) {
                channel->selectConfirms();
                d.published(channel->publish(publishTo("q"), message("before")));
                d.published(stream(channel, source, quint64(body.size())));
                d.ask(channel->awaitConfirm());
                d.published(channel->publish(publishTo("q"), message("behind")));
                d.run();
            }
            if (!d.isCut())
                d.lose();
            QCOMPARE(source.use_count(), 1);
            if (QTest::currentTestFailed())
                return;
        }
    }

    void aBrokerThatAnswersBeforeTheEndOfABodyBreaksTheProtocol()
    {
        CoreDriver d(confirming());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        const auto source = sourceOf(large());
        source->ready = 100;
        d.published(stream(channel, source, quint64(source->data.size())));
        d.run();
        d.then(Script().send(BasicAck{1, false}, 1).expect<ConnectionClose>());
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QCOMPARE(d.settlements(), u"nacked 1-1"_s);
    }
};

QTAMQP_TEST(TestBodies)
#include "tst_bodies.moc"
