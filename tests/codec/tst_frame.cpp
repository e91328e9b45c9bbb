// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Frames and content headers: the three ways to arrive (whole, byte by byte, with junk behind),
// and every way to be refused.

#include "testmain.h"

#include "codec/frame.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;

namespace {

constexpr quint32 Limit = FrameMinSize;

QByteArray frameBytes(quint8 type, quint16 channel, const QByteArray &payload,
                      quint8 end = FrameEnd)
{
    QByteArray bytes(FrameHeaderSize, Qt::Uninitialized);
    bytes[0] = char(type);
    qToBigEndian(channel, bytes.data() + 1);
    qToBigEndian(quint32(payload.size()), bytes.data() + 3);
    return bytes + payload + char(end);
}

QByteArray sevenBytes(quint8 type, quint16 channel, quint32 size)
{
    QByteArray bytes(FrameHeaderSize, Qt::Uninitialized);
    bytes[0] = char(type);
    qToBigEndian(channel, bytes.data() + 1);
    qToBigEndian(size, bytes.data() + 3);
    return bytes;
}

// Feeds `bytes` byte by byte, then with junk behind; returns what is wrong, or nothing.
QString checkArrival(const QByteArray &bytes, FrameType type, quint16 channel,
                     const QByteArray &payload)
{
    Frame frame;
    FrameError error;
    QByteArray arrived;
    for (const char byte : bytes) {
        if (nextFrame(arrived, Limit, frame, error) != FrameResult::Incomplete)
            return u"%1 bytes are not incomplete: %2"_s.arg(arrived.size()).arg(error.text);
        arrived.append(byte);
    }
    for (const QByteArray &behind : {QByteArray(), "\xff"_ba, "junk that is no frame"_ba, bytes}) {
        const QByteArray input = arrived + behind;
        frame = {};
        if (nextFrame(input, Limit, frame, error) != FrameResult::Complete)
            return u"the frame is not complete: "_s + error.text;
        if (frame.type != type || frame.channel != channel || frame.payload != payload)
            return u"the frame is not what was sent"_s;
        if (frame.payload.size() + FrameOverhead != bytes.size())
            return u"the frame's size is not that of what was sent"_s;
    }
    return {};
}

QString refusal(const QByteArray &bytes, quint32 frameMax = Limit)
{
    Frame frame;
    FrameError error;
    const FrameResult result = nextFrame(bytes, frameMax, frame, error);
    if (result != FrameResult::Malformed)
        return result == FrameResult::Complete ? u"complete"_s : u"incomplete"_s;
    if (error.code != ReplyCode::FrameError)
        return u"reply code %1"_s.arg(quint16(error.code));
    return error.text;
}

QByteArray shortString(const QByteArray &text) { return char(text.size()) + text; }

QByteArray longString(const QByteArray &text)
{
    QByteArray size(4, Qt::Uninitialized);
    qToBigEndian(quint32(text.size()), size.data());
    return size + text;
}

QByteArray headerPayload(quint16 flags, const QByteArray &properties, quint64 bodySize = 5)
{
    QByteArray payload(ContentHeaderSize, Qt::Uninitialized);
    Writer out(payload.data());
    out.write(quint16(60));
    out.write(quint16(0));
    out.write(bodySize);
    out.write(flags);
    return payload + properties;
}

QString headerRefusal(const QByteArray &payload)
{
    Reader in(payload);
    const ContentHeader header = decodeContentHeader(in);
    Reader list(header.properties);
    if (in.ok())
        checkProperties(header.flags, list);
    const char *const error = in.ok() ? list.error() : in.error();
    return error ? QString::fromLatin1(error) : u"accepted"_s;
}

// One of each property, in the order of the flags, from the highest bit down.
struct PropertyWire
{
    quint16 flag;
    QByteArray wire;
};

QList<PropertyWire> allProperties()
{
    const QByteArray headers = longString(encodeTable({{u"a"_s, 1}, {u"b"_s, QAmqpValue::null()}}));
    return {{0x8000, shortString("text/plain")},
            {0x4000, shortString("gzip")},
            {0x2000, headers},
            {0x1000, "\x02"_ba},
            {0x0800, "\x09"_ba},
            {0x0400, shortString("correlation")},
            {0x0200, shortString("reply.to")},
            {0x0100, shortString("60000")},
            {0x0080, shortString("id")},
            {0x0040, QByteArray::fromHex("000000005f5e1000")},
            {0x0020, shortString("kind")},
            {0x0010, shortString("guest")},
            {0x0008, shortString("app")},
            {0x0004, shortString("")}};
}

} // namespace

class TestFrame : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void arrivesWholeByteByByteAndWithJunkBehind_data()
    {
        QTest::addColumn<quint8>("type");
        QTest::addColumn<quint16>("channel");
        QTest::addColumn<QByteArray>("payload");
        QTest::newRow("method on channel 0") << quint8(1) << quint16(0) << QByteArray(4, '\x0a');
        QTest::newRow("method on a channel") << quint8(1) << quint16(1) << QByteArray(13, '\x0b');
        QTest::newRow("method on the last channel")
                << quint8(1) << quint16(65535) << QByteArray(5, 'm');
        QTest::newRow("shortest header") << quint8(2) << quint16(1) << QByteArray(14, '\0');
        QTest::newRow("header") << quint8(2) << quint16(258) << QByteArray(60, 'h');
        QTest::newRow("body without bytes") << quint8(3) << quint16(1) << QByteArray();
        QTest::newRow("body of one byte") << quint8(3) << quint16(1) << QByteArray(1, 'b');
        QTest::newRow("body of three bytes") << quint8(3) << quint16(1) << QByteArray(3, 'b');
        QTest::newRow("body full of frame ends")
                << quint8(3) << quint16(1) << QByteArray(40, '\xce');
        QTest::newRow("largest body")
                << quint8(3) << quint16(7) << QByteArray(qsizetype(Limit) - FrameOverhead, 'x');
        QTest::newRow("heartbeat") << quint8(8) << quint16(0) << QByteArray();
    }

    void arrivesWholeByteByByteAndWithJunkBehind()
    {
        QFETCH(quint8, type);
        QFETCH(quint16, channel);
        QFETCH(QByteArray, payload);
        const QByteArray bytes = frameBytes(type, channel, payload);
        const QString problem = checkArrival(bytes, FrameType(type), channel, payload);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
    }

    // C11: seven bytes suffice to refuse; nobody waits for a payload that never should come.
    void isJudgedByItsSevenBytes_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("expected");
        const auto claims = [](const char *name, quint32 size) {
            return u"a %1 frame claims %2 bytes, the limit is 4088"_s.arg(QLatin1StringView(name))
                    .arg(size);
        };
        QTest::newRow("method one byte too long")
                << sevenBytes(1, 1, 4089) << claims("method", 4089);
        QTest::newRow("body one byte too long") << sevenBytes(3, 1, 4089) << claims("body", 4089);
        QTest::newRow("body of 2 GiB")
                << sevenBytes(3, 1, 0x80000000) << claims("body", 0x80000000);
        QTest::newRow("method of 4 GiB")
                << sevenBytes(1, 0, 0xffffffff) << claims("method", 0xffffffff);
        QTest::newRow("body of 4 GiB less 8")
                << sevenBytes(3, 1, 0xfffffff8) << claims("body", 0xfffffff8);
        QTest::newRow("heartbeat of 4 GiB")
                << sevenBytes(8, 0, 0xffffffff) << claims("heartbeat", 0xffffffff);
        // C12
        for (quint32 size = 0; size < 4; ++size)
            QTest::addRow("method of %u bytes", size)
                    << sevenBytes(1, 1, size)
                    << u"a method frame has %1 bytes, at least 4 are needed"_s.arg(size);
        for (const quint32 size : {0u, 1u, 4u, 13u})
            QTest::addRow("header of %u bytes", size)
                    << sevenBytes(2, 1, size)
                    << u"a header frame has %1 bytes, at least 14 are needed"_s.arg(size);
        for (const int type : {0, 4, 5, 6, 7, 9, 65 /* the A of a protocol header */, 206, 255})
            QTest::addRow("type %d", type) << sevenBytes(quint8(type), 0, 0)
                                           << u"a frame has the unknown type %1"_s.arg(type);
        QTest::newRow("heartbeat on a channel")
                << sevenBytes(8, 1, 0) << u"a heartbeat frame has a payload or a channel"_s;
        QTest::newRow("heartbeat with a payload")
                << sevenBytes(8, 0, 1) << u"a heartbeat frame has a payload or a channel"_s;
        QTest::newRow("header on channel 0")
                << sevenBytes(2, 0, 14) << u"a header frame came on channel 0"_s;
        QTest::newRow("body on channel 0")
                << sevenBytes(3, 0, 10) << u"a body frame came on channel 0"_s;
        QTest::newRow("empty body on channel 0")
                << sevenBytes(3, 0, 0) << u"a body frame came on channel 0"_s;
        QTest::newRow("protocol header of a broker that speaks another version")
                << "AMQP\0\0\x09\x01"_ba << u"a frame has the unknown type 65"_s;
    }

    void isJudgedByItsSevenBytes()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, expected);
        // Six bytes are judged by nobody, seven by us, and more change nothing.
        QCOMPARE(refusal(bytes.first(6)), u"incomplete"_s);
        QCOMPARE(refusal(bytes.first(7)), expected);
        QCOMPARE(refusal(bytes.first(7) + QByteArray(5000, '\xce')), expected);
    }

    void everyTypeButFourIsRefused()
    {
        int known = 0;
        for (int type = 0; type < 256; ++type) {
            const bool isKnown = type == 1 || type == 2 || type == 3 || type == 8;
            known += isKnown;
            const QString result =
                    refusal(sevenBytes(quint8(type), type == 8 ? 0 : 1, type == 8 ? 0 : 20));
            QCOMPARE(result,
                     isKnown ? u"incomplete"_s : u"a frame has the unknown type %1"_s.arg(type));
        }
        QCOMPARE(known, 4);
    }

    void everyByteButCEIsABadEnd()
    {
        for (int end = 0; end < 256; ++end) {
            const QString expected =
                    end == FrameEnd ? u"complete"_s : u"a frame does not end with byte 0xCE"_s;
            QCOMPARE(refusal(frameBytes(1, 1, QByteArray(13, '\xce'), quint8(end))), expected);
            QCOMPARE(refusal(frameBytes(8, 0, {}, quint8(end))), expected);
        }
    }

    void theLimitCountsTheWholeFrame()
    {
        for (const quint32 frameMax : {FrameMinSize, UntunedFrameMax, 131072u, 0xffffffffu}) {
            QCOMPARE(refusal(sevenBytes(3, 1, frameMax - 8), frameMax), u"incomplete"_s);
            QVERIFY(refusal(sevenBytes(3, 1, frameMax - 7), frameMax)
                            .startsWith(u"a body frame claims"));
        }
    }

    // RabbitMQ does not split content headers, which may be larger than the frames agreed on.
    void headerFramesHaveALimitOfTheirOwn()
    {
        const FrameLimits limits(4096, 10000);
        const auto result = [&](const QByteArray &bytes, Frame &frame) {
            FrameError error;
            return nextFrame(bytes, limits, frame, error);
        };
        Frame frame;
        const QByteArray largest = frameBytes(2, 1, headerPayload(0, QByteArray(9978, 'x')), 0xce);
        QCOMPARE(largest.size(), 10000);
        QVERIFY(result(largest.chopped(1), frame) == FrameResult::Incomplete);
        QVERIFY(result(largest, frame) == FrameResult::Complete);
        QCOMPARE(frame.payload.size(), 10000 - FrameOverhead);
        QCOMPARE(frame.missing, 0);

        // Of a larger one the fixed part is told as soon as it is there; its end is not waited for.
        for (const quint32 size : {9993u, 0xffffffffu}) {
            const QByteArray claim = sevenBytes(2, 7, size) + headerPayload(0x8000, {}, 99);
            QVERIFY(result(claim.first(7), frame) == FrameResult::Incomplete);
            QVERIFY(result(claim.chopped(1), frame) == FrameResult::Incomplete);
            for (const QByteArray &bytes : {claim, claim + "junk"}) {
                QVERIFY(result(bytes, frame) == FrameResult::Oversized);
                QVERIFY(frame.type == FrameType::Header);
                QCOMPARE(frame.channel, quint16(7));
                QCOMPARE(frame.payload.toByteArray(), claim.sliced(7));
                QCOMPARE(frame.missing, qint64(size) - ContentHeaderSize);
            }
        }
        // A body and a method keep to what was agreed on.
        for (const quint8 type : {quint8(1), quint8(3)})
            QVERIFY(result(sevenBytes(type, 1, 4089), frame) == FrameResult::Malformed);
    }

    void aClaimWithinTheLimitOnlyWaits()
    {
        QCOMPARE(refusal(sevenBytes(3, 1, 4088)), u"incomplete"_s);
        QCOMPARE(refusal(sevenBytes(3, 1, 4088) + QByteArray(4088, 'x')), u"incomplete"_s);
        QCOMPARE(refusal(sevenBytes(3, 1, 4088) + QByteArray(4088, 'x') + '\xce'), u"complete"_s);
    }

    void isWrittenAsItIsRead()
    {
        QByteArray bytes(FrameOverhead + 3, Qt::Uninitialized);
        Writer out(bytes.data());
        beginFrame(out, FrameType::Body, 0x0102, 3);
        out.bytes("abc");
        endFrame(out);
        QCOMPARE(out.at() - bytes.constData(), bytes.size());
        QCOMPARE(bytes.toHex(' '), "03 01 02 00 00 00 03 61 62 63 ce"_ba);

        const ContentHeader header = {60, 0x0102030405060708, 0x1000, "\x02"};
        QByteArray frame(FrameOverhead + ContentHeaderSize + 1, Qt::Uninitialized);
        Writer second(frame.data());
        encodeHeaderFrame(second, 1, header);
        QCOMPARE(second.at() - frame.constData(), frame.size());
        QCOMPARE(frame.toHex(),
                 "0200010000000f003c000001020304050607081000"
                 "02ce"_ba);
    }

    void aContentHeaderSaysClassSizeAndProperties()
    {
        const QByteArray list = shortString("text/plain") + '\x02';
        const QByteArray payload = headerPayload(0x9000, list, 0x0102030405060708);
        Reader in(payload);
        const ContentHeader header = decodeContentHeader(in);
        QVERIFY(in.ok());
        QCOMPARE(header.classId, quint16(60));
        QCOMPARE(header.bodySize, quint64(0x0102030405060708));
        QCOMPARE(header.flags, quint16(0x9000));
        QCOMPARE(header.properties.toByteArray(), list);

        const QByteArray foreign = "\0\x32"_ba + headerPayload(0, {}, ~quint64(0)).sliced(2);
        Reader second(foreign);
        const ContentHeader bare = decodeContentHeader(second);
        QVERIFY(second.ok());
        QCOMPARE(bare.classId, quint16(50)); // whose the class is, who assembles the message judges
        QCOMPARE(bare.bodySize, ~quint64(0));
        QVERIFY(bare.properties.isEmpty());
    }

    void everyPropertyIsExpectedWhereItsFlagIs()
    {
        QByteArray list;
        quint16 flags = 0;
        for (const auto &[flag, wire] : allProperties()) {
            QCOMPARE(headerRefusal(headerPayload(flag, wire)), u"accepted"_s);
            QCOMPARE(headerRefusal(headerPayload(flag, wire + '\0')),
                     u"has bytes behind its last property"_s);
            for (qsizetype size = 0; size < wire.size(); ++size)
                QVERIFY(headerRefusal(headerPayload(flag, wire.first(size))) != u"accepted");
            flags = quint16(flags | flag);
            list += wire;
        }
        QCOMPARE(flags, quint16(0xfffc));
        QCOMPARE(headerRefusal(headerPayload(flags, list)), u"accepted"_s);
        for (qsizetype size = 0; size < list.size(); ++size)
            QVERIFY2(headerRefusal(headerPayload(flags, list.first(size))) != u"accepted",
                     QByteArray::number(size));
    }

    void everyPrefixOfAContentHeaderIsRefused()
    {
        const QByteArray payload = headerPayload(0, {});
        for (qsizetype size = 0; size < payload.size(); ++size)
            QCOMPARE(headerRefusal(payload.first(size)), u"is cut short"_s);
        QCOMPARE(headerRefusal(payload), u"accepted"_s);
        QCOMPARE(headerRefusal(payload + '\0'), u"has bytes behind its last property"_s);
    }

    void flagsThatContinueOrMeanNothingAreRefused()
    {
        const QString expected = u"has property flags that the basic class does not define"_s;
        QCOMPARE(headerRefusal(headerPayload(0x0001, {})), expected);
        QCOMPARE(headerRefusal(headerPayload(0x0002, {})), expected);
        QCOMPARE(headerRefusal(headerPayload(0x8001, "\0\0\x01x"_ba)), expected);
        // A chain of continued flags must not be walked, however long.
        QCOMPARE(headerRefusal(headerPayload(0x0001, QByteArray(4000, '\x01'))), expected);
    }

    void lengthsInPropertiesCannotPassTheFrame()
    {
        const QString expected = u"claims more bytes than its frame holds"_s;
        QCOMPARE(headerRefusal(headerPayload(0x8000, "\xff"_ba + QByteArray(254, 'x'))), expected);
        QCOMPARE(headerRefusal(headerPayload(0x2000, QByteArray::fromHex("ffffffff"))), expected);
        QCOMPARE(headerRefusal(headerPayload(0x2000, QByteArray::fromHex("80000000"))), expected);
        QCOMPARE(headerRefusal(headerPayload(0x2000, QByteArray::fromHex("00000001"))), expected);
    }

    void headersThatAreNoTableAreRefused()
    {
        QCOMPARE(headerRefusal(headerPayload(0x2000,
                                             longString("\x01"
                                                        "az"_ba))),
                 u"has a table value of unknown type"_s);
        // The string inside claims bytes of the property behind the table.
        QCOMPARE(headerRefusal(headerPayload(
                         0x3000, longString(QByteArray::fromHex("0161 53 00000002 78")) + '\x02')),
                 u"claims more bytes than its frame holds"_s);
    }
};

QTAMQP_TEST(TestFrame)
#include "tst_frame.moc"
