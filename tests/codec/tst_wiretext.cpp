// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Texts that ought to be UTF-8: whatever bytes come, the same are sent again.

#include "testmain.h"
#include "values/wiretext.h"

#include <QtAmqp/qamqpmessage.h>
#include <QtCore/qrandom.h>

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

class TestWireText : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void textOfBytes_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("text");
        QTest::newRow("ASCII") << "abc"_ba << u"abc"_s;
        QTest::newRow("UTF-8") << "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\x87"_ba
                               << u"\u00E9\u20AC\U0001F407"_s;
        QTest::newRow("zero") << "a\0b"_ba << QString::fromUtf8("a\0b", 3);
        QTest::newRow("byte order mark") << "\xEF\xBB\xBFx"_ba << QString(QChar(0xFEFF)) + u'x';
        QTest::newRow("replacement character") << "\xEF\xBF\xBD"_ba << QString(QChar(0xFFFD));
        QTest::newRow("no UTF-8") << "a\xFF\x80z"_ba
                                  << u'a' + QString(QChar(0xDCFF)) + QChar(0xDC80) + u'z';
        QTest::newRow("cut short") << "q\xC3"_ba << u'q' + QString(QChar(0xDCC3));
        QTest::newRow("surrogate")
                << "\xED\xB2\x80"_ba << QString(QChar(0xDCED)) + QChar(0xDCB2) + QChar(0xDC80);
    }
    void textOfBytes()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, text);
        QCOMPARE(textFromWire(bytes), text);
        QCOMPARE(wireFromText(text), bytes);
    }

    void anyBytesComeBack()
    {
        QRandomGenerator random(19);
        for (int round = 0; round < 20'000; ++round) {
            QByteArray bytes(int(random.bounded(9)), Qt::Uninitialized);
            for (char &byte : bytes)
                byte = "\x41\x7F\x80\xBB\xBF\xC3\xE2\xEF\xF0\xED\xFF\x9F"[random.bounded(12)];
            if (wireFromText(textFromWire(bytes)) != bytes)
                QCOMPARE(wireFromText(textFromWire(bytes)).toHex(), bytes.toHex());
        }
    }

    // Lone surrogates that stand for no byte are no text.
    void otherSurrogatesAreReplaced()
    {
        QCOMPARE(wireFromText(u'a' + QString(QChar(0xD800)) + u'b'), "a?b"_ba);
        QCOMPARE(wireFromText(QString(QChar(0xDC7F))), "?"_ba);
    }

    // As long as AMQP allows: each byte counts once.
    void propertiesAreCopiedAsTheyCame()
    {
        const QByteArray bytes(255, '\xFE');
        QAmqpMessage message;
        message.setCorrelationId(textFromWire(bytes));
        QCOMPARE(message.errorString(), QString());
        QAmqpMessage copy;
        copy.setCorrelationId(message.correlationId());
        copy.setReplyTo(message.correlationId());
        QCOMPARE(copy.bytes(QAmqpMessage::Property::CorrelationId), bytes);
        QCOMPARE(copy.bytes(QAmqpMessage::Property::ReplyTo), bytes);
    }
};

QTAMQP_TEST(TestWireText)
#include "tst_wiretext.moc"
