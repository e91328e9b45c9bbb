// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The memory of messages that arrive: it grows with their bytes, it is used again, and nothing that somebody has
// kept is written over.

#include "testmain.h"

#include "codec/assembler.h"
#include "codec/methods.h"
#include "values/qamqpmessage_p.h"

#include <QtTest/qtest.h>

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

class TestAssembler : public QObject
{
    Q_OBJECT

private:
    static QByteArray header(quint64 bodySize, const QAmqpMessage &like = {})
    {
        const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(like);
        QByteArray payload(ContentHeaderSize + d.properties.size(), Qt::Uninitialized);
        Writer out(payload.data());
        out.write(BasicDeliver::info.classId);
        out.write(quint16(0));
        out.write(bodySize);
        out.write(d.flags);
        out.bytes(d.properties);
        return payload;
    }

    void begin(const QByteArray &routingKey = "key")
    {
        assembler.begin({.method = BasicDeliver::info.id(), .deliveryTag = 1}, "exchange",
                        routingKey, "tag");
    }
    QAmqpMessage received(const QByteArray &body, const QAmqpMessage &like = {})
    {
        begin();
        const bool isEmpty =
                assembler.header(header(quint64(body.size()), like), 0, ~quint64(0), {}, error);
        const bool isComplete = isEmpty || assembler.body(body, error);
        return isComplete ? assembler.takeMessage() : QAmqpMessage();
    }
    // As after a slot that has not kept the message.
    void giveBack(QAmqpMessage &message)
    {
        if (QAmqpMessagePrivate::keepMemory(message))
            QAmqpMessagePrivate::swap(spare, message);
        message = {};
    }
    static qsizetype capacityOf(const QAmqpMessage &message)
    {
        return QAmqpMessagePrivate::of(message).body.capacity();
    }
    static const char *memoryOf(const QAmqpMessage &message)
    {
        return QAmqpMessagePrivate::of(message).body.constData();
    }

    QAmqpMessage spare;
    Assembler assembler{spare};
    FrameError error;

private Q_SLOTS:
    void init()
    {
        spare = {};
        assembler.clear();
        error = {};
    }

    // Memory follows what arrives, and in the end the body has no more than it needs.
    void bodiesGrowToTheirSize()
    {
        constexpr qsizetype size = 20 * 1024 * 1024 + 5;
        constexpr qsizetype part = 131064;
        const QByteArray body(part, 'b');
        begin();
        QVERIFY(!assembler.header(header(size), 0, ~quint64(0), {}, error));
        bool isComplete = false;
        for (qsizetype came = 0; came < size; came += part)
            isComplete = assembler.body(body.first(std::min(part, size - came)), error);
        QVERIFY(isComplete);
        const QAmqpMessage message = assembler.takeMessage();
        QCOMPARE(message.body(), QByteArray(size, 'b'));
        QVERIFY(capacityOf(message) < size + 4096);
    }

    void aClaimTakesNoMemory()
    {
        begin();
        QVERIFY(!assembler.header(header(quint64(1) << 60), 0, ~quint64(0), {}, error));
        QVERIFY(!assembler.body(QByteArray(100, 'b'), error));
        QCOMPARE(error.code, ReplyCode::Success);
        QVERIFY(capacityOf(assembler.takeMessage()) <= 1024 * 1024 + 4096);
    }

    void memoryIsUsedAgain()
    {
        QAmqpMessage first = received(QByteArray(1000, 'a'));
        const char *const memory = memoryOf(first);
        giveBack(first);
        QAmqpMessage second = received(QByteArray(900, 'b'));
        QCOMPARE(memoryOf(second), memory);
        QCOMPARE(second.body(), QByteArray(900, 'b'));
        giveBack(second);
        QCOMPARE(received({}).body(), QByteArray());
    }

    void whatIsKeptIsNotWrittenOver()
    {
        QAmqpMessage first = received(QByteArray(1000, 'a'));
        const QAmqpMessage kept = first;
        giveBack(first);
        QAmqpMessage second = received(QByteArray(1000, 'b'));
        const QByteArray keptBody = second.body();
        giveBack(second);
        QAmqpMessage third = received(QByteArray(1000, 'c'));
        giveBack(third);
        QCOMPARE(kept.body(), QByteArray(1000, 'a'));
        QCOMPARE(keptBody, QByteArray(1000, 'b'));
    }

    // A message that is kept must not hold the memory of a large one before it.
    void smallMessagesTakeNoLargeMemory()
    {
        QAmqpMessage large = received(QByteArray(60'000, 'a'));
        giveBack(large);
        QVERIFY(capacityOf(received(QByteArray(20, 'b'))) < 1000);
        large = received(QByteArray(1024 * 1024, 'a'));
        giveBack(large);
        QCOMPARE(capacityOf(spare), 0);
    }

    void propertiesAreThoseOfTheMessage()
    {
        QAmqpMessage with;
        with.setContentType(u"text/plain"_s);
        with.setHeaders({{u"n"_s, 1}});
        QAmqpMessage other = with;
        other.setHeaders({{u"n"_s, 2}});
        const QAmqpMessage malformed =
                QAmqpMessagePrivate::make({}, quint16(QAmqpMessage::Property::ContentType), "\xff");
        for (const QAmqpMessage &like :
             {with, with, other, QAmqpMessage(), with, malformed, with}) {
            QAmqpMessage message = received("body", like);
            QCOMPARE(message.headers(), like.headers());
            QCOMPARE(message.contentType(), like.contentType());
            QCOMPARE(message.propertiesError(), like.propertiesError());
            giveBack(message);
        }
    }

    // A body that is too large is not kept, and neither is what an earlier message has left in the memory.
    void aRefusedBodyIsEmpty()
    {
        QAmqpMessage first = received(QByteArray(1000, 'a'));
        giveBack(first);
        begin();
        QVERIFY(!assembler.header(header(1000), 0, 100, {}, error));
        QVERIFY(assembler.body(QByteArray(1000, 'b'), error));
        QAmqpMessage refused = assembler.takeMessage();
        QCOMPARE(refused.body(), QByteArray());
        QVERIFY(!refused.errorString().isEmpty());
        giveBack(refused);
        QVERIFY(received("body").errorString().isEmpty());
    }

    // The envelope of a message is written over by the next one only if nobody needs it any more.
    void envelopesAreSharedOrUsedAgain()
    {
        begin("a");
        const EnvelopePointer first = assembler.envelope();
        begin("a");
        QCOMPARE(assembler.envelope(), first);
        begin("b");
        QVERIFY(assembler.envelope() != first);
        QCOMPARE(first->routingKey, "a");
        QCOMPARE(assembler.envelope()->routingKey, "b");
        QCOMPARE(assembler.envelope()->consumerTag.constData(), first->consumerTag.constData());
        const Envelope *const second = assembler.envelope().constData();
        begin("longer than b");
        QCOMPARE(assembler.envelope().constData(), second);
        QCOMPARE(second->routingKey, "longer than b");
        QCOMPARE(second->exchange, "exchange");
    }
};

QTAMQP_TEST(TestAssembler)
#include "tst_assembler.moc"
