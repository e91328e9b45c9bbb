// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A program with an outbox in a file is killed again and again while it publishes, and the broker loses its links: what
// was accepted arrives. QTAMQP_OUTBOX_KILLS says how often (8 by default).

#include "testmain.h"

#include <QtAmqpTest/QtAmqpTest>
#include <QtCore/qprocess.h>
#include <QtCore/qrandom.h>
#include <QtCore/qtemporarydir.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TestKills : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingThatWasAcceptedIsMissing()
    {
        const int kills = qEnvironmentVariableIsSet("QTAMQP_OUTBOX_KILLS")
                ? qEnvironmentVariableIntValue("QTAMQP_OUTBOX_KILLS")
                : 8;
        QAmqpTestBroker broker;
        broker.setThreading(QAmqpTestBroker::Threading::OwnThread);
        QVERIFY(broker.start());
        QVERIFY(broker.declareQueue(u"q"_s));
        // What was not confirmed when the link ends, the broker has not got.
        broker.addFault(QAmqpTestFault(QAmqpTestFault::Kind::LoseUnconfirmed).setTimes(-1));
        QTemporaryDir dir;
        quint64 accepted = 0;
        for (int i = 0; i < kills; ++i)
            QVERIFY(runAndKill(dir.filePath(u"box"_s), broker, accepted));

        QProcess last;
        last.start(u"" OUTBOX_PROGRAM ""_s,
                   {dir.filePath(u"box"_s), broker.url().toString(), u"10"_s});
        QVERIFY(QAmqpTest::waitUntil([&] { return last.state() == QProcess::NotRunning; }, 60s));
        QVERIFY2(last.exitCode() == 0, last.readAllStandardError());
        noteAccepted(last, accepted);

        QVERIFY(accepted > 0);
        quint64 expected = 1;
        quint64 duplicates = 0;
        QString box;
        QHash<quint64, QAmqpMessage> first;
        while (const std::optional<QAmqpMessage> message = broker.take(u"q"_s)) {
            const quint64 id = message->messageId().section(u'-', 1).toULongLong();
            if (box.isEmpty())
                box = message->messageId().section(u'-', 0, 0);
            QCOMPARE(message->messageId(), u"%1-%2"_s.arg(box).arg(id));
            if (first.contains(id)) {
                ++duplicates;
                QCOMPARE(*message, first[id]);
                continue;
            }
            QCOMPARE(id, expected); // in order, without holes
            ++expected;
            first.insert(id, *message);
        }
        QVERIFY2(expected > accepted,
                 qPrintable(u"%1 were accepted, %2 arrived"_s.arg(accepted).arg(expected - 1)));
        qInfo("%d kills, %llu accepted, %llu arrived, %llu duplicates", kills, accepted,
              expected - 1, duplicates);
    }

private:
    static void noteAccepted(QProcess &program, quint64 &accepted)
    {
        while (program.canReadLine())
            accepted = std::max(accepted, program.readLine().simplified().sliced(9).toULongLong());
    }

    // Kills the program when it has accepted some messages of 10,000, at any time after that.
    static bool runAndKill(const QString &file, QAmqpTestBroker &broker, quint64 &accepted)
    {
        QProcess program;
        program.start(u"" OUTBOX_PROGRAM ""_s, {file, broker.url().toString(), u"10000"_s});
        const quint64 until = accepted + 1 + QRandomGenerator::global()->bounded(3'000);
        const quint64 lossAt = accepted + QRandomGenerator::global()->bounded(6'000);
        bool isLost = false;
        const bool came = QAmqpTest::waitUntil(
                [&] {
                    noteAccepted(program, accepted);
                    if (!isLost && accepted > lossAt) {
                        isLost = true;
                        broker.dropConnections();
                    }
                    return accepted >= until || program.state() == QProcess::NotRunning;
                },
                60s);
        program.kill();
        program.waitForFinished();
        noteAccepted(program, accepted);
        if (program.exitStatus() != QProcess::CrashExit)
            qWarning() << "the program ended:" << program.readAllStandardError();
        return came && program.exitStatus() == QProcess::CrashExit;
    }
};

QTAMQP_TEST(TestKills)

#include "tst_kills.moc"
