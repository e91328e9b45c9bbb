// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The example with an outbox in a file, as a user runs it.

#include "testmain.h"

#include <QtAmqpTest/QtAmqpTest>
#include <QtCore/qprocess.h>
#include <QtCore/qtemporarydir.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TestBoxExamples : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsMessagesUntilThereIsABroker()
    {
        QVERIFY2(!QString(EXAMPLE_OUTBOX ""_L1).isEmpty(), "the example was not built");
        QTemporaryDir dir;
        QProcess away; // it has accepted the messages when it tries to connect
        away.setProcessChannelMode(QProcess::MergedChannels);
        away.start(u"" EXAMPLE_OUTBOX ""_s,
                   {u"amqp://127.0.0.1:1"_s, dir.filePath(u"box"_s), u"one"_s, u"two"_s});
        QByteArray output;
        const auto says = [&](const char *text) {
            return (output += away.readAll()).contains(text);
        };
        QVERIFY2(QAmqpTest::waitUntil([&] { return says("2 messages wait"); }, 60s),
                 output.constData());
        away.kill();
        QVERIFY(away.waitForFinished(60'000));

        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        QProcess again;
        again.start(u"" EXAMPLE_OUTBOX ""_s,
                    {broker.url().toString(), dir.filePath(u"box"_s), u"three"_s});
        QVERIFY(QAmqpTest::waitUntil([&] { return again.state() == QProcess::NotRunning; }, 60s));
        QVERIFY2(again.exitCode() == 0, again.readAllStandardError());
        QSet<QString>
                texts; // one that came before its queue was there is sent again, behind others
        while (const std::optional<QAmqpMessage> message = broker.take(u"notes"_s))
            texts.insert(message->text());
        QCOMPARE(texts, QSet<QString>({u"one"_s, u"two"_s, u"three"_s}));
        QVERIFY(broker.queue(u"notes"_s)->durable);
    }
};

QTAMQP_TEST(TestBoxExamples)
#include "tst_boxexamples.moc"
