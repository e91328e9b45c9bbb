// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Messages that are larger than the application takes, or whose properties nobody can read, are a matter
// of themselves: the connection, and what comes behind them, go on. And how long one may take to come.

#include "channelcoretest.h"
#include "testmain.h"
#include "unreadable.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

using namespace QtAmqpTest;

namespace {

constexpr quint64 MaxBody = 10000;

QAmqpConnectionOptions options() { return QAmqpConnectionOptions().setMaxMessageSize(MaxBody); }

QByteArray body(quint16 channel, const QByteArray &bytes)
{
    return frame(FrameType::Body, channel, bytes);
}

// A header frame with so many bytes of properties.
QByteArray largeHeader(qsizetype properties, const QByteArray &content = {})
{
    return headerFrame(
            1,
            QAmqpMessagePrivate::make(content, Unreadable::Flags,
                                      Unreadable::listWith(Unreadable::tableOf(properties - 7))));
}

auto rejects(quint64 tag)
{
    return [tag](const BasicNack &m) { return m.deliveryTag == tag && !m.multiple && !m.requeue; };
}

// A script with a consumer "c".
Script consuming() { return opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}); }

} // namespace

class TestContentLimits : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void whatCannotBeReadIsDelivered()
    {
        Script script = consuming();
        QList<QAmqpMessage> sent;
        for (const Unreadable::Row &row : Unreadable::rows()) {
            if (CoreDriver::split == Split::Bytewise && row.list.size() > 5000)
                continue;
            sent.append(QAmqpMessagePrivate::make(row.name, row.flags, row.list));
            script.sendContent(delivery("c", quint64(sent.size())), sent.constLast());
        }
        script.sendContent(delivery("c", quint64(sent.size() + 1)), message("behind"));
        CoreDriver d(script);
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        const auto all = d.all<Delivered>();
        QCOMPARE(all.size(), std::size_t(sent.size() + 1));
        for (qsizetype i = 0; i < sent.size(); ++i) {
            QCOMPARE(all[std::size_t(i)].message, sent.at(i));
            QVERIFY(!all[std::size_t(i)].message.propertiesError().isEmpty());
        }
        QCOMPARE(all.back().message.body(), "behind");
        // Each can be settled, and passed on byte for byte.
        for (const Delivered &delivered : all) {
            QVERIFY(settle(channel, delivered));
            d.then(Script().expect<BasicAck>());
            const qsizetype before = d.written.size();
            channel->publish(publishTo("other"), delivered.message);
            d.then(Script().expect<BasicPublish>());
            QCOMPARE(d.written.sliced(before),
                     methodFrame(publishTo("other"), 1)
                             + contentFrames(1, delivered.message, 131072));
        }
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void returnsAndGetsCannotBeUnreadableEither()
    {
        const QAmqpMessage odd = QAmqpMessagePrivate::make(
                "odd", Unreadable::Flags, Unreadable::listWith(Unreadable::deepTable(200)));
        CoreDriver d(opened().expect<BasicGet>()
                             .sendContent(getOk(1), odd)
                             .sendContent(BasicReturn{312, "NO_ROUTE", {}, "q"}, odd));
        ChannelCore *channel = d.channel();
        channel->request(get("q"));
        d.open();
        QCOMPARE(d.last<Got>().message, odd);
        QCOMPARE(d.last<Returned>().message, odd);
        QVERIFY(!d.last<Got>().message.propertiesError().isEmpty());
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    // RabbitMQ does not split content headers.
    void aHeaderMayBeLargerThanAFrame()
    {
        const qsizetype size = CoreDriver::split == Split::Bytewise ? 5000 : 1000000;
        CoreDriver d(Script().handshake({0, 4096, 0})
                             .channelOpen()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .garbage(methodFrame(delivery("c", 1), 1) + largeHeader(size, "body")
                                      + body(1, "body"))
                             .sendContent(delivery("c", 2), message("behind")));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        const auto all = d.all<Delivered>();
        QCOMPARE(all.size(), 2u);
        QCOMPARE(all[0].message.bytes(QAmqpMessage::Property::Headers).size(), size - 3);
        QCOMPARE(all[0].message.headers().size(), 1);
        QVERIFY(!ChannelCore::fitsFrame(all[0].message, d.core.outgoingFrameMax()));
        // Method and body frames keep to what was agreed on.
        d.then(Script().garbage(frame(FrameType::Body, 1, QByteArray(4089, 'x')))
                       .expect<ConnectionClose>(
                               [](const ConnectionClose &m) { return m.replyCode == 501; }));
    }

    void whatIsTooLargeIsRejectedAndTold_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QString>("why");
        QTest::addColumn<bool>("withProperties");
        const QByteArray bytes(MaxBody + 1, 'x');
        QAmqpMessage large(bytes);
        large.setCorrelationId(u"id"_s);
        const QString tooLong = u"its body has 10001 bytes, the limit is 10000; raise it with "
                                "QAmqpConnectionOptions::setMaxMessageSize()"_s;
        QTest::newRow("a body in one frame") << contentFrames(1, large, 131072) << tooLong << true;
        QTest::newRow("a body in many frames") << contentFrames(1, large, 1000) << tooLong << true;
        if (CoreDriver::split == Split::Bytewise)
            return;
        const qsizetype most = 1024 * 1024 - FrameOverhead - ContentHeaderSize;
        const QString tooMany = u"its properties have %1 bytes, which is too many"_s.arg(most + 1);
        QTest::newRow("properties")
                << largeHeader(most + 1, "b") + body(1, "b") << tooMany << false;
        QTest::newRow("properties of an empty message")
                << largeHeader(most + 1) << tooMany << false;
        QTest::newRow("both") << largeHeader(most + 1, bytes) + body(1, bytes) << tooMany << false;
    }

    void whatIsTooLargeIsRejectedAndTold()
    {
        QFETCH(QByteArray, content);
        QFETCH(QString, why);
        QFETCH(bool, withProperties);
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), message("before"))
                             .garbage(methodFrame(delivery("c", 2, "key"), 1) + content)
                             .sendContent(delivery("c", 3), message("behind"))
                             .expect<BasicNack>(rejects(2)),
                     options());
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        const auto discarded = d.all<Discarded>();
        QCOMPARE(discarded.size(), 1u);
        const QAmqpError error = discarded[0].error;
        QCOMPARE(error.text(),
                 u"the message from exchange \"\" with routing key \"key\" was rejected: "_s + why);
        QCOMPARE(error.kind(), Kind::LimitExceeded);
        QCOMPARE(error.scope(), Scope::Operation);
        QCOMPARE(error.origin(), Origin::Library);
        QCOMPARE(discarded[0].deliveryTag, 2u);
        QVERIFY(discarded[0].message.body().isEmpty());
        QCOMPARE(discarded[0].message.correlationId(), withProperties ? u"id"_s : QString());
        QCOMPARE(discarded[0].message.errorString(),
                 u"its body was larger than the limit and was not kept"_s);
        const auto all = d.all<Delivered>();
        QCOMPARE(all.size(), 2u);
        QCOMPARE(all[0].message.body(), "before");
        QCOMPARE(all[1].message.body(), "behind");
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void theLargestPropertiesAreTaken()
    {
        if (CoreDriver::split == Split::Bytewise)
            return;
        constexpr qsizetype most = 1024 * 1024 - FrameOverhead - ContentHeaderSize;
        CoreDriver d(consuming().garbage(methodFrame(delivery("c", 1), 1) + largeHeader(most)),
                     options());
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        QCOMPARE(d.count<Delivered>(), 1);
    }

    void withoutAcknowledgementItIsDropped()
    {
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), message(QByteArray(MaxBody + 1, 'x')))
                             .sendContent(delivery("c", 2), message("behind")),
                     options());
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c", true));
        d.open();
        QVERIFY(d.last<Discarded>().error.text().contains(u"was dropped"));
        QCOMPARE(d.last<Delivered>().message.body(), "behind");
    }

    // RabbitMQ closes the connection (540) over a basic.nack for what a stream delivered.
    void whatAStreamDeliversIsAcknowledged()
    {
        const QByteArray offset = encodeTable({{u"x-stream-offset"_s, u"first"_s}});
        BasicConsume method = consume("q", "c");
        method.arguments = FieldTable(offset);
        const QAmqpMessage large(QByteArray(MaxBody + 1, 'x'));
        QAmqpMessage marked = large;
        marked.setHeaders({{u"x-stream-offset"_s, qint64(7)}});
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), large)
                             .expect<BasicAck>()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"d"})
                             .sendContent(delivery("d", 2), marked)
                             .expect<BasicAck>(),
                     options());
        ChannelCore *channel = d.channel();
        channel->consume(method);
        d.open();
        channel->consume(consume("q", "d"));
        d.run();
        QCOMPARE(d.count<Discarded>(), 2);
    }

    void aConsumerThatCancelsGivesItBack()
    {
        CoreDriver d(consuming(), options());
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>()
                       .sendContent(delivery("c", 1), message(QByteArray(MaxBody + 1, 'x')))
                       .expect<BasicNack>([](const BasicNack &m) { return m.requeue; })
                       .reply(BasicCancelOk{"c"}));
        QCOMPARE(d.count<Discarded>(), 0);
        QCOMPARE(d.reply(cancel).count, 1u);
    }

    void aGetFailsOverIt()
    {
        const QAmqpMessage large(QByteArray(MaxBody + 1, 'x'));
        CoreDriver d(opened().expect<BasicGet>()
                             .expect<BasicGet>()
                             .sendContent(getOk(1), large)
                             .expect<BasicNack>(rejects(1))
                             .sendContent(getOk(2), large)
                             .expect<QueueDeclare>()
                             .reply(QueueDeclareOk{"q", 0, 0}),
                     options());
        ChannelCore *channel = d.channel();
        const RequestId first = d.ask(channel->request(get("q")));
        const RequestId second = d.ask(channel->request(get("q", true)));
        d.open();
        const RequestId after = d.ask(channel->request(declare("q")));
        d.run();
        for (const RequestId request : {first, second}) {
            QCOMPARE(d.reply(request).error.kind(), Kind::LimitExceeded);
            QCOMPARE(d.reply(request).error.scope(), Scope::Operation);
        }
        QVERIFY(!d.reply(after).error);
        QCOMPARE(d.count<Got>(), 0);
    }

    void aReturnTellsWhatItWas()
    {
        QAmqpMessage large(QByteArray(MaxBody + 1, 'x'));
        large.setMessageId(u"m"_s);
        CoreDriver d(opened().expect<ConfirmSelect>()
                             .reply(ConfirmSelectOk{})
                             .expect<BasicPublish>()
                             .sendContent(BasicReturn{312, "NO_ROUTE", {}, "q"}, large)
                             .send(BasicAck{1, false}),
                     options());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        const quint64 tag = d.published(channel->publish(publishTo("q", true), large));
        d.run();
        QCOMPARE(d.last<Returned>().publishTag, tag);
        QCOMPARE(d.last<Returned>().message.messageId(), u"m"_s);
        QVERIFY(d.last<Returned>().message.body().isEmpty());
        QVERIFY(!d.last<Returned>()
                         .message.errorString()
                         .isEmpty()); // not to be sent again like this
        QCOMPARE(d.settlements(), u"confirmed 1-1"_s);
    }

    // Neither of a body nor of properties is anything kept, and no claim costs anything.
    void claimsCostNothing()
    {
        QByteArray fourGigabytes = headerFrame(1, QAmqpMessage());
        qToBigEndian(0xfffffff0u, fourGigabytes.data() + 3);
        for (const QByteArray &claim :
             {headerFrame(1, QAmqpMessage(), ~quint64(0)) + body(1, QByteArray(100, 'x')),
              headerFrame(1, QAmqpMessage(), quint64(1) << 63),
              fourGigabytes.chopped(1) + QByteArray(1000, 'x')}) {
            CoreDriver d(consuming().garbage(methodFrame(delivery("c", 1), 1) + claim), options());
            ChannelCore *channel = d.channel();
            channel->consume(consume("q", "c"));
            d.open();
            QCOMPARE(d.core.state(), ConnectionState::Open);
            QCOMPARE(d.count<Delivered>() + d.count<Discarded>(), 0);
        }
    }

    void aDroppedHeaderMustEndAsFramesDo()
    {
        if (CoreDriver::split == Split::Bytewise)
            return;
        QByteArray header = largeHeader(1024 * 1024);
        header.back() = 'x';
        CoreDriver d(consuming()
                             .garbage(methodFrame(delivery("c", 1), 1) + header)
                             .expect<ConnectionClose>(
                                     [](const ConnectionClose &m) { return m.replyCode == 501; }),
                     options());
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
    }

    // A message is written in one go; where the rest does not come, nothing here can be relied on.
    void theRestOfAMessageIsWaitedForAsForAnAnswer_data()
    {
        QTest::addColumn<QByteArray>("begin");
        const QByteArray method = methodFrame(delivery("c", 1), 1);
        const QByteArray returned = methodFrame(BasicReturn{312, "NO_ROUTE", {}, "q"}, 1);
        const QByteArray header = headerFrame(1, QByteArray("123"));
        QTest::newRow("no header") << method;
        QTest::newRow("no body") << method + header;
        QTest::newRow("half a body") << method + header + body(1, "1");
        QTest::newRow("half a frame") << method + header.chopped(3);
        QTest::newRow("no header of a return") << returned;
        QTest::newRow("no body of a return") << returned + header;
        QTest::newRow("a body that is dropped")
                << method + headerFrame(1, QAmqpMessage(), MaxBody + 1) + body(1, "x");
        QTest::newRow("a header that is dropped") << method + largeHeader(1024 * 1024).first(1000);
    }

    void theRestOfAMessageIsWaitedForAsForAnAnswer()
    {
        QFETCH(QByteArray, begin);
        CoreDriver d(consuming().garbage(begin).ignoreRest(), options().setRequestTimeout(30s));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        d.pass(29999ms);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.pass(1ms);
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.error().kind(), Kind::Timeout);
        QCOMPARE(d.error().scope(), Scope::Connection);
        QVERIFY2(d.error().text().endsWith(u"sent the beginning of a message on channel 1, and "
                                           "nothing more of it within 30000 ms"),
                 qPrintable(d.error().text()));
    }

    void aMessageMayTakeLongAsAWhole()
    {
        const QByteArray header = headerFrame(1, QByteArray("123"));
        Script script = consuming().garbage(methodFrame(delivery("c", 1), 1)).after(20s);
        script.garbage(header.first(10)).after(20s); // what comes of a frame counts too
        script.garbage(header.sliced(10)).after(20s);
        for (const char *part : {"1", "2", "3"})
            script.garbage(body(1, part)).after(20s);
        CoreDriver d(script, options().setRequestTimeout(30s));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        QCOMPARE(d.last<Delivered>().message.body(), "123");
        d.pass(100s);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void framesOfOtherChannelsAreNotPartOfIt()
    {
        Script script = Script().handshake({2047, 131072, 0}).channelOpen(1).channelOpen(2);
        script.on(1).expect<BasicConsume>().reply(BasicConsumeOk{"c"});
        script.garbage(methodFrame(delivery("c", 1), 1));
        for (int i = 0; i < 2; ++i)
            script.after(15s).on(2).send(ChannelFlow{true}).expect<ChannelFlowOk>();
        CoreDriver d(script.ignoreRest(), options().setRequestTimeout(30s));
        ChannelCore *channel = d.channel();
        d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        d.pass(20s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }

    void withoutTimeoutItIsWaitedForForEver()
    {
        CoreDriver d(consuming().garbage(methodFrame(delivery("c", 1), 1)),
                     options().setRequestTimeout(0s));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        d.pass(1h);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void timeInWhichNothingIsReadDoesNotCount()
    {
        CoreDriver d(consuming().garbage(methodFrame(delivery("c", 1), 1)),
                     options().setRequestTimeout(30s));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        d.core.setReading(false, d.now);
        d.pass(100s);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.core.setReading(true, d.now);
        d.pass(29s);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.then(Script().ignoreRest());
        d.pass(1s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }

    // A slot may take its time, and what came meanwhile is in the socket until the loop runs again.
    void timeInWhichWeDoNotRunDoesNotCount()
    {
        const QByteArray header = headerFrame(1, QByteArray("123"));
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), message("first"))
                             .garbage(methodFrame(delivery("c", 2), 1) + header),
                     options().setRequestTimeout(30s));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.onEvent = [&](const Event &event) {
            if (std::holds_alternative<Delivered>(event))
                d.now += 40s;
        };
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.now += 31s; // as a slot of another channel
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.onEvent = {};
        d.then(Script().garbage(body(1, "12")));
        d.then(Script().garbage(body(1, "3")));
        QCOMPARE(d.last<Delivered>().message.body(), "123");
        d.then(Script().garbage(methodFrame(delivery("c", 3), 1)).ignoreRest());
        d.now += 40s;
        d.run();
        d.pass(29999ms);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.pass(1ms);
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }

    // A get has the request's time, and is told of; what is missing then has its own.
    void aGetEndsBeforeItsConnection()
    {
        CoreDriver d(opened().expect<BasicGet>().garbage(methodFrame(getOk(1), 1)).ignoreRest(),
                     options().setRequestTimeout(30s));
        ChannelCore *channel = d.channel();
        const RequestId request = d.ask(channel->request(get("q")));
        d.open();
        d.pass(30s);
        QCOMPARE(d.reply(request).error.kind(), Kind::Timeout);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.pass(30s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }
};

QTAMQP_TEST(TestContentLimits)
#include "tst_contentlimits.moc"
