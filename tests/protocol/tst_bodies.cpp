// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Bodies that are read from a source while they are sent: their order, what waits behind them, and every way in
// which one can end. And those that are handed on as they arrive.

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

// What has arrived of streamed bodies on a channel, as "3:abc 2:d", the claimed size before what came of it.
QString arrivalsOf(const CoreDriver &d, quint16 channel = 1)
{
    QStringList texts;
    for (const Event &event : d.events) {
        if (const auto *began = std::get_if<BodyBegan>(&event); began && began->channel == channel)
            texts += QString::number(began->size) + u':';
        if (const auto *part = std::get_if<BodyArrived>(&event); part && part->channel == channel)
            texts.last() += QLatin1String(part->bytes);
    }
    return texts.join(u' ');
}

Script consuming(bool noAck = false)
{
    return openedSmall()
            .expect<BasicConsume>([noAck](const auto &m) { return m.noAck == noAck; })
            .reply(BasicConsumeOk{"c"});
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

    void theBodyOfAMessageIsHandedOnAsItComes()
    {
        const QByteArray body = large();
        QAmqpMessage sent = message(body, u"id"_s);
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), message("12345"))
                             .sendContent(delivery("c", 2), sent, SmallFrames)
                             .sendContent(delivery("c", 3), message("1234"))
                             .sendContent(delivery("c", 4), message("123456"))
                             .expect<BasicAck>([](const auto &m) { return m.deliveryTag == 2; }));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId consumer = d.ask(channel->consume(consume("q", "c")));
        channel->setStreamFrom("c", 5);
        d.run();
        QCOMPARE(arrivalsOf(d), u"5:12345 12288:%1 6:123456"_s.arg(QLatin1String(body)));
        const auto began = d.all<BodyBegan>();
        QCOMPARE(began.at(1).deliveryTag, 2u);
        QCOMPARE(began.at(1).consumer, consumer);
        QCOMPARE(began.at(1).message.messageId(), u"id"_s);
        const auto delivered = d.all<Delivered>();
        QCOMPARE(delivered.size(), 4u);
        QVERIFY(delivered.at(1).isStreamed);
        QVERIFY(delivered.at(1).message.body().isEmpty());
        QVERIFY(delivered.at(1).message.errorString().isEmpty());
        QVERIFY(!delivered.at(2).isStreamed);
        QCOMPARE(delivered.at(2).message.body(), "1234"_ba);
        QVERIFY(settle(channel, delivered.at(1)));
        d.run();
    }

    void anEmptyBodyBeginsAndEnds()
    {
        CoreDriver d(consuming(true).sendContent(delivery("c", 1), message({})));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c", true)));
        channel->setStreamFrom("c", 0);
        d.run();
        QCOMPARE(arrivalsOf(d), u"0:"_s);
        QVERIFY(d.last<Delivered>().isStreamed);
    }

    void theLimitIsForBodiesThatAreKept()
    {
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), message("123456"))
                             .sendContent(delivery("c", 2), message("1234567"))
                             .expect<BasicNack>([](const auto &m) { return m.deliveryTag == 1; }),
                     QAmqpConnectionOptions().setMaxMessageSize(5));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        channel->setStreamFrom("c", 7);
        d.run();
        QCOMPARE(d.count<Discarded>(), 1);
        QCOMPARE(arrivalsOf(d), u"7:1234567"_s);
    }

    void bodiesOfSeveralChannelsMayArriveInterleaved()
    {
        const auto body = [](quint16 channel, QByteArrayView part) {
            return frame(FrameType::Body, channel, part);
        };
        CoreDriver d(
                Script().handshake({2047, SmallFrames, 0})
                        .channelOpen()
                        .channelOpen(2)
                        .on(1)
                        .expect<BasicConsume>()
                        .reply(BasicConsumeOk{"c"})
                        .on(2)
                        .expect<BasicConsume>()
                        .reply(BasicConsumeOk{"c"})
                        .garbage(methodFrame(delivery("c", 1), 1) + headerFrame(1, message({}), 6)
                                 + methodFrame(delivery("c", 1), 2) + headerFrame(2, message({}), 4)
                                 + body(1, "abc") + body(2, "wx") + body(1, "de") + body(2, "yz")
                                 + body(1, "f")));
        ChannelCore *one = d.channel();
        ChannelCore *two = d.channel();
        d.open();
        for (ChannelCore *channel : {one, two}) {
            d.ask(channel->consume(consume("q", "c")));
            channel->setStreamFrom("c", 0);
        }
        d.run();
        QCOMPARE(arrivalsOf(d, 1), u"6:abcdef"_s);
        QCOMPARE(arrivalsOf(d, 2), u"4:wxyz"_s);
        QCOMPARE(d.count<Delivered>(), 2);
    }

    void whatIsCancelledInTheMiddleGoesBackToTheQueue()
    {
        CoreDriver d(consuming().garbage(methodFrame(delivery("c", 1), 1)
                                         + headerFrame(1, message({}), 6)
                                         + frame(FrameType::Body, 1, "abc")));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        channel->setStreamFrom("c", 0);
        d.run();
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>()
                       .garbage(frame(FrameType::Body, 1, "def"))
                       .expect<BasicNack>(
                               [](const auto &m) { return m.deliveryTag == 1 && m.requeue; })
                       .sendContent(delivery("c", 2), message("late, and not kept"))
                       .expect<BasicNack>(
                               [](const auto &m) { return m.deliveryTag == 2 && m.requeue; })
                       .reply(BasicCancelOk{"c"}));
        QCOMPARE(d.reply(cancel).count, 2u);
        QCOMPARE(d.count<Delivered>(), 0);
        QCOMPARE(arrivalsOf(d), u"6:abc"_s);
    }

    void sizesAreOnlyClaims_data()
    {
        QTest::addColumn<quint64>("claimed");
        QTest::newRow("2^64-1") << ~quint64(0);
        QTest::newRow("2^63") << (quint64(1) << 63);
        QTest::newRow("less than comes") << quint64(2);
    }
    void sizesAreOnlyClaims()
    {
        QFETCH(quint64, claimed);
        const bool isTooMuch = claimed == 2;
        Script script = consuming().garbage(methodFrame(delivery("c", 1), 1)
                                            + headerFrame(1, message({}), claimed)
                                            + frame(FrameType::Body, 1, "abc"));
        if (isTooMuch)
            script.expect<ConnectionClose>();
        CoreDriver d(script);
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        channel->setStreamFrom("c", 0);
        d.run();
        QCOMPARE(d.last<BodyBegan>().size, claimed);
        QCOMPARE(d.count<BodyArrived>(), isTooMuch ? 0 : 1);
        QCOMPARE(d.core.isEnded(), isTooMuch);
        QCOMPARE(d.count<Delivered>(), 0);
    }

    // Only while a consumer wants bodies as they come, each frame has to be looked at.
    void deliveriesAreTakenAsAWholeOnceNobodyWantsBodies()
    {
        CoreDriver d(consuming());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        d.run();
        QVERIFY(channel->takesDelivery());
        channel->setStreamFrom("c", 0);
        QVERIFY(!channel->takesDelivery());
        channel->setStreamFrom("c", std::nullopt);
        QVERIFY(channel->takesDelivery());
        channel->setStreamFrom("c", 0);
        d.then(Script().expect<BasicCancel>().reply(BasicCancelOk{"c"}));
        d.ask(channel->cancel("c"));
        d.run();
        QVERIFY(channel->takesDelivery());
    }

    void whatABasicGetFetchesIsKept()
    {
        CoreDriver d(consuming().expect<BasicGet>().sendContent(getOk(1), message("123456")));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        channel->setStreamFrom("c", 0);
        d.run();
        d.ask(channel->request(get("q")));
        d.run();
        QCOMPARE(d.last<Got>().message.body(), "123456"_ba);
    }
};

QTAMQP_TEST(TestBodies)
#include "tst_bodies.moc"
