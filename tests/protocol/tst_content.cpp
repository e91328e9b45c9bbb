// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Bodies cut into frames and put together again, within the limits.

#include "channelcoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestContent : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void bodiesAreCutAtTheFrameSize_data()
    {
        QTest::addColumn<int>("size");
        QTest::addColumn<int>("frames");
        QTest::newRow("nothing") << 0 << 0;
        QTest::newRow("one byte") << 1 << 1;
        QTest::newRow("exactly a frame") << 4088 << 1;
        QTest::newRow("one more") << 4089 << 2;
        QTest::newRow("two frames") << 2 * 4088 << 2;
        QTest::newRow("many") << 100000 << 25;
    }

    void bodiesAreCutAtTheFrameSize()
    {
        QFETCH(int, size);
        QFETCH(int, frames);
        QByteArray body(size, Qt::Uninitialized);
        for (int i = 0; i < size; ++i)
            body[i] = char(i * 7);
        QAmqpMessage sent(body);
        sent.setContentType(u"application/octet-stream"_s);
        sent.setHeaders({{u"n"_s, 1}});
        CoreDriver d(Script().handshake({0, 4096, 0})
                             .channelOpen()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .expect<BasicPublish>([&](const BasicPublish &,
                                                       const QAmqpMessage &m) { return m == sent; })
                             .sendContent(delivery("c", 1), sent, 4096));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"));
        d.run();
        const qsizetype before = d.written.size();
        channel->publish(publishTo("q"), sent);
        d.run();
        const qsizetype overhead =
                methodFrame(publishTo("q"), 1).size() + headerFrame(1, sent).size();
        QCOMPARE(d.written.size() - before, overhead + size + 8 * frames);
        QCOMPARE(d.last<Delivered>().message, sent);
    }

    void largeBodiesWaitWithTheirOrder()
    {
        const QByteArray large(300000, 'L');
        CoreDriver d(opened().expect<BasicConsume>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"));
        channel->request(declare("r"));
        channel->publish(publishTo("q"), message(large));
        channel->publish(publishTo("q"), message("small"));
        QVERIFY(d.core.waitingBytes() > large.size());
        QVERIFY(d.core.pendingBytes() > d.core.waitingBytes());
        d.then(Script().reply(BasicConsumeOk{"c"})
                       .expect<QueueDeclare>()
                       .expect<BasicPublish>(bodyIs(large))
                       .expect<BasicPublish>(bodyIs("small"))
                       .reply(QueueDeclareOk{"r", 0, 0}));
        QCOMPARE(d.core.waitingBytes(), 0);
        QCOMPARE(d.core.pendingBytes(), 0);
    }

    void refusesContentOutOfPlace_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("code");
        const QByteArray method = methodFrame(delivery("c", 1), 1);
        const QByteArray three = headerFrame(1, QByteArray("123"));
        const auto body = [](const QByteArray &bytes) { return frame(FrameType::Body, 1, bytes); };
        QByteArray otherClass = three;
        otherClass[8] = 50;
        QTest::newRow("header without a method") << three << 505;
        QTest::newRow("body without a header") << method + body("123") << 505;
        QTest::newRow("body without anything") << body("123") << 505;
        QTest::newRow("two headers") << method + three + three << 505;
        QTest::newRow("body too long") << method + three + body("1234") << 505;
        QTest::newRow("second body too long") << method + three + body("12") + body("34") << 505;
        QTest::newRow("body behind an empty one")
                << method + headerFrame(1, QByteArray()) + body("1") << 505;
        QTest::newRow("a method instead of the header")
                << method + methodFrame(BasicAck{1, false}, 1) << 505;
        QTest::newRow("a method instead of the body")
                << method + three + methodFrame(ChannelFlow{true}, 1) << 505;
        QTest::newRow("another delivery in the middle")
                << method + three + body("1") + method << 505;
        QTest::newRow("header of another class") << method + otherClass << 505;
    }

    void refusesContentOutOfPlace()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, code);
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .garbage(bytes)
                             .expect<ConnectionClose>([&](const ConnectionClose &m) {
                                 return m.replyCode == code;
                             }));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        d.run();
        // Nothing but whole messages is ever delivered.
        for (const Delivered &delivered : d.all<Delivered>())
            QVERIFY(delivered.message.body().isEmpty());
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
    }

    void acceptsABodyAtTheLimit()
    {
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("c", 1), QByteArray(10000, 'x')),
                     QAmqpConnectionOptions().setMaxMessageSize(10000));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        QCOMPARE(d.count<Delivered>(), 1);
    }

    void memoryFollowsWhatArrives()
    {
        // With no limit to speak of, a claim of 2^40 bytes costs nothing until they come.
        const QByteArray claim = methodFrame(delivery("c", 1), 1)
                + headerFrame(1, QByteArray(), quint64(1) << 40)
                + frame(FrameType::Body, 1, QByteArray(100, 'x'));
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}).garbage(claim),
                     QAmqpConnectionOptions().setMaxMessageSize(quint64(1) << 62));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.count<Delivered>(), 0);
    }

    void channelsInterleaveTheirContents()
    {
        Script script = Script().handshake({0, 0, 0}).channelOpen(1).channelOpen(2);
        for (quint16 n : {quint16(1), quint16(2)})
            script.on(n).expect<BasicConsume>();
        for (quint16 n : {quint16(1), quint16(2)})
            script.on(n).reply(BasicConsumeOk{"c"});
        for (quint16 n : {quint16(1), quint16(2)})
            script.garbage(methodFrame(delivery("c", n), n));
        for (quint16 n : {quint16(1), quint16(2)})
            script.garbage(headerFrame(n, QByteArray("abcdef")));
        for (const char *part : {"abc", "def"}) {
            for (quint16 n : {quint16(2), quint16(1)})
                script.garbage(frame(FrameType::Body, n, part));
        }
        CoreDriver d(script);
        ChannelCore *first = d.channel();
        ChannelCore *second = d.channel();
        d.open();
        first->consume(consume("q", "c"));
        second->consume(consume("q", "c"));
        d.run();
        const auto got = d.all<Delivered>();
        QCOMPARE(got.size(), 2u);
        QCOMPARE(got[0].channel, 2);
        QCOMPARE(got[0].message.body(), "abcdef");
        QCOMPARE(got[1].channel, 1);
        QCOMPARE(got[1].message.body(), "abcdef");
    }
};

QTAMQP_TEST(TestContent)
#include "tst_content.moc"
