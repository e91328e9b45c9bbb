// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is to be sent, as the blocks in which it is taken: they may be kept for as long as the peer does
// not read.

#include "testmain.h"

#include "codec/buffers.h"

#include <QtTest/qtest.h>

using namespace QtAmqpPrivate;

class TestBuffers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void blocksHaveAtMostTwiceTheMemoryOfTheirBytes_data()
    {
        QTest::addColumn<int>("size");
        for (const int size : {21, 200, 4'096, 30'000, 40'000, 65'000, 200'000})
            QTest::newRow(qPrintable(QString::number(size))) << size;
    }

    void blocksHaveAtMostTwiceTheMemoryOfTheirBytes()
    {
        QFETCH(int, size);
        Output output;
        QByteArray sent;
        QList<QByteArray> kept;
        for (int i = 0; i < 20; ++i) {
            const QByteArray bytes(size, char('a' + i));
            sent += bytes;
            output.append(bytes);
            for (QByteArray block = output.take(); !block.isEmpty(); block = output.take())
                kept.append(block);
            QCOMPARE(output.size(), 0);
        }
        qsizetype memory = 0;
        for (const QByteArray &block : kept)
            memory += block.capacity();
        QVERIFY2(memory <= 2 * sent.size(), qPrintable(QString::number(memory)));
        QCOMPARE(kept.join(), sent);
    }

    // A large block is taken over where it is, a small one is copied; the order stays.
    void blocksOfTheirOwnMemoryKeepTheirPlace()
    {
        Output output;
        output.append("before ");
        const QByteArray large(Output::BlockSize, 'l');
        const void *const memory = large.constData();
        output.appendBlock(large);
        output.append(" between ");
        output.appendBlock("small");
        output.append(" behind");
        QCOMPARE(output.size(), 7 + Output::BlockSize + 21);
        QCOMPARE(output.take(), "before ");
        const QByteArray taken = output.take();
        QCOMPARE(taken, large);
        QCOMPARE(static_cast<const void *>(taken.constData()), memory);
        QCOMPARE(output.take(), " between small behind");
        QCOMPARE(output.size(), 0);
    }

    void whatIsTakenStaysAsItIs()
    {
        Output output;
        output.append("first");
        const QByteArray first = output.take();
        std::memcpy(output.reserve(6), "second", 6);
        QCOMPARE(first, "first");
        QCOMPARE(output.take(), "second");
        QVERIFY(output.take().isEmpty());
    }

    void theMemoryOfABlockThatWasSentIsUsedAgain()
    {
        const QByteArray filling(Output::BlockSize, 'x');
        Output output;
        output.append(filling);
        QByteArray sent = output.take();
        const char *const memory = sent.constData();
        sent.clear();
        const QByteArray other(Output::BlockSize, 'o'); // would get the memory if it had been freed
        QVERIFY(other.constData() != memory);
        output.append("again");
        output.append(filling);
        const QByteArray kept = output.take();
        QCOMPARE(kept.constData(), memory);
        QVERIFY(output.take() == "xxxxx");
        output.append(filling);
        QVERIFY(output.take().constData() != memory); // that is not sent yet
        QVERIFY(kept.startsWith("againx"));
    }

    // A large part of a body is not copied, unless the body is in memory that the application may change.
    void largePartsShareTheirMemory()
    {
        const QByteArray body(300'000, 'b');
        const auto raw = QByteArray::fromRawData(body.constData(), body.size());
        for (const bool isOwn : {true, false}) {
            Output output;
            output.append("head");
            output.appendPart(isOwn ? body : raw, 1000, 150'000);
            output.append("end");
            QCOMPARE(output.size(), 4 + 150'000 + 3);
            QByteArray sent;
            bool isShared = false;
            for (QByteArray block = output.take(); !block.isEmpty(); block = output.take()) {
                isShared = isShared || block.constData() == body.constData() + 1000;
                sent += block;
            }
            QCOMPARE(sent, "head" + body.sliced(1000, 150'000) + "end");
            QCOMPARE(isShared, isOwn);
        }
    }

    // The frames that leave are counted by their headers, which must not be split.
    void blocksThatAreAppendedStayWhole()
    {
        for (qsizetype before = Output::BlockSize - 30; before <= Output::BlockSize; ++before) {
            Output output;
            output.append(QByteArray(before, 'a'));
            output.appendBlock("a frame of a body");
            QByteArrayList blocks;
            for (QByteArray block = output.take(); !block.isEmpty(); block = output.take())
                blocks += block;
            QCOMPARE(blocks.join(), QByteArray(before, 'a') + "a frame of a body");
            QVERIFY(blocks.constLast().endsWith("a frame of a body"));
        }
    }
};

QTAMQP_TEST(TestBuffers)
#include "tst_buffers.moc"
