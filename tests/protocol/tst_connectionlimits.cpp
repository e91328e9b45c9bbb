// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Frames and channel numbers within their limits.

#include "connectioncoretest.h"
#include "testmain.h"

#include "protocol/negotiation.h"

using namespace QtAmqpTest;

class TestConnectionLimits : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void refusesFramesForUnknownChannels()
    {
        for (const quint16 number : {quint16(2), quint16(1000), quint16(65535)}) {
            CoreDriver d(Script().handshake()
                                 .channelOpen()
                                 .send(BasicAck{1}, number)
                                 .expect<ConnectionClose>([](const ConnectionClose &m) {
                                     return m.replyCode == 504;
                                 }),
                         options());
            d.channel();
            d.open();
            QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
            QVERIFY(d.error().text().contains(QString::number(number)));
        }
    }

    void limitsFramesBeforeTuning()
    {
        const auto startOf = [](qsizetype payload) { // a connection.start of so many bytes
            const QByteArray filler(payload - (4 + 2 + 4 + 4 + 5 + 4), ' ');
            return methodFrame(
                    ConnectionStart{0, 9, "", LongString(QByteArrayView("PLAIN" + filler)), ""}, 0);
        };
        const auto start = startOf(8192 - 8);
        QCOMPARE(start.size(), 8192);
        {
            CoreDriver d(Script().expectHeader().garbage(start).expect<ConnectionStartOk>(),
                         options());
            d.open();
            QCOMPARE(d.core.state(), ConnectionState::Starting);
        }
        CoreDriver d(Script().expectHeader().garbage(startOf(8192 - 7).first(7)).ignoreRest(),
                     options());
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(d.error().isError());
    }

    void limitsFramesAfterTuning()
    {
        const auto deliver = methodFrame(delivery("c", 1), 1);
        const QByteArray fits(4096 - 8, 'x');
        {
            CoreDriver d(Script().handshake({0, 4096, 0})
                                 .channelOpen()
                                 .expect<BasicConsume>()
                                 .reply(BasicConsumeOk{"c"})
                                 .garbage(deliver + headerFrame(1, QByteArray(fits))
                                          + frame(FrameType::Body, 1, fits)),
                         options());
            ChannelCore *channel = d.channel();
            channel->consume(consume("q", "c"));
            d.open();
            QCOMPARE(d.last<Delivered>().message.body(), fits);
        }
        // One byte more is refused on the seven bytes of its header.
        CoreDriver d(Script().handshake({0, 4096, 0})
                             .channelOpen()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .garbage(deliver + headerFrame(1, QByteArray(fits + 'x'))
                                      + frame(FrameType::Body, 1, fits + 'x').first(7))
                             .expect<ConnectionClose>(
                                     [](const ConnectionClose &m) { return m.replyCode == 501; }),
                     options());
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QCOMPARE(d.count<Delivered>(), 0);
    }

    void refusesMalformedFrames_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("code");
        QByteArray noEnd = methodFrame(ConnectionUnblocked(), 0);
        noEnd.back() = '\x00';
        QTest::newRow("no end byte") << noEnd << 501;
        QTest::newRow("unknown type") << QByteArray("\x05\0\0\0\0\0\0\xce", 8) << 501;
        QTest::newRow("four gigabytes") << QByteArray("\x01\0\0\xff\xff\xff\xff", 7) << 501;
        QTest::newRow("a method of three bytes")
                << frame(FrameType::Method, 0, QByteArray("abc")) << 501;
        QTest::newRow("a header of 13 bytes")
                << frame(FrameType::Header, 1, QByteArray(13, '\0')) << 501;
        QTest::newRow("a heartbeat with a payload")
                << frame(FrameType::Heartbeat, 0, QByteArray("x")) << 501;
        QTest::newRow("a heartbeat on a channel") << frame(FrameType::Heartbeat, 1, {}) << 501;
        QTest::newRow("a body on channel 0") << frame(FrameType::Body, 0, QByteArray("x")) << 501;
        QTest::newRow("a method cut short")
                << frame(FrameType::Method, 0, QByteArray("\0\x0a\0\x32\0", 5)) << 502;
        QTest::newRow("a method with more")
                << frame(FrameType::Method, 0, QByteArray("\0\x0a\0\x3d\0", 5)) << 502;
        QTest::newRow("unknown method")
                << frame(FrameType::Method, 0, QByteArray("\0\x0a\0\x63", 4)) << 540;
        QTest::newRow("unknown class")
                << frame(FrameType::Method, 1, QByteArray("\0\x63\0\x0a", 4)) << 540;
        QTest::newRow("method 0.0") << frame(FrameType::Method, 0, QByteArray(4, '\0')) << 540;
        QTest::newRow("a client's method") << methodFrame(ConnectionOpen{}, 0) << 503;
        QTest::newRow("a client's method on a channel") << methodFrame(BasicGet{}, 1) << 503;
        QTest::newRow("a channel's method on channel 0") << methodFrame(BasicAck{}, 0) << 503;
        QTest::newRow("a connection's method on a channel")
                << methodFrame(ConnectionBlocked{}, 1) << 503;
    }

    void refusesMalformedFrames()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, code);
        CoreDriver d(Script().handshake().channelOpen().garbage(bytes).expect<ConnectionClose>(
                             [&](const ConnectionClose &m) {
                                 return m.replyCode == code && !m.replyText.isEmpty();
                             }),
                     options());
        d.channel();
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QCOMPARE(d.error().replyCode(), code);
        QCOMPARE(d.error().phase(), Phase::Open);
    }

    void noFrameIsLargerThanItsLimit()
    {
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, 0xffffffff, 0})
                             .expect<ConnectionTuneOk>([](const ConnectionTuneOk &m) {
                                 return m.frameMax == LargestFrameMax;
                             })
                             .expect<ConnectionOpen>(),
                     options().setFrameMax(0));
        d.open();
        QCOMPARE(d.core.negotiated().frameMax, LargestFrameMax);
    }

    void channelNumbersAreTheLowestFree()
    {
        CoreDriver d(Script().handshake().channelOpen(1).channelOpen(2).channelOpen(3), options());
        d.channel();
        ChannelCore *second = d.channel();
        d.channel();
        d.open();
        second->close();
        d.then(Script().on(2).expect<ChannelClose>());
        QCOMPARE(d.core.addChannel(1)->number(), 4); // 2 is not free before close-ok
        d.then(Script().on(4).expect<ChannelOpen>().on(2).send(ChannelCloseOk{}));
        d.core.removeChannel(2);
        QCOMPARE(d.core.addChannel(1)->number(), 2);
        d.then(Script().on(2).expect<ChannelOpen>().reply(ChannelOpenOk{}));
        QCOMPARE(d.core.channel(2)->state(), ChannelState::Open);
    }

    void channelsAreLimited()
    {
        CoreDriver d(Script().handshake({2, 0, 0}).channelOpen(1).channelOpen(2),
                     options().setChannelMax(3));
        d.channel();
        d.channel();
        ChannelCore *third = d.channel();
        QVERIFY(!d.core.addChannel(1));
        const RequestId request = d.ask(third->request(QueueDeclare{}));
        d.open();
        QCOMPARE(third->state(), ChannelState::Closed);
        QCOMPARE(d.last<ChannelClosed>().channel, 3);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::LimitExceeded);
        QCOMPARE(d.reply(request).error.cause().kind(), Kind::LimitExceeded);
        d.core.removeChannel(3);
        QVERIFY(!d.core.addChannel(1));
    }

    void refusesRoomWhileBytesWait()
    {
        CoreDriver d(Script().handshake(), options());
        d.open();
        qsizetype size = 0;
        QVERIFY(d.core.receiveBuffer(&size) && size > 0);
        d.core.receive(heartbeatFrame(), d.now);
        QVERIFY(!d.core.receiveBuffer(&size));
        QCOMPARE(size, 0);
        d.run();
        QVERIFY(d.core.receiveBuffer(&size) && size > 0);
    }
};

QTAMQP_TEST(TestConnectionLimits)
#include "tst_connectionlimits.moc"
