// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The examples of other event loops, as a user runs them: no Qt event loop runs in them, and no
// QCoreApplication exists.

#include "broker/brokertest.h"
#include "scripted/ports.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QProcess>
#include <QtCore/QRegularExpression>

using namespace BrokerTest;
using QtAmqpTest::closedPort;
using namespace Qt::StringLiterals;

class TestLoops : public QObject
{
    Q_OBJECT

private:
    static QString run(const QString &example, const QString &url, bool *succeeded)
    {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(QStringLiteral(EXAMPLES "/example_") + example, {url});
        process.waitForFinished(60'000);
        *succeeded = process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0;
        return process.errorString() + u'\n' + QString::fromUtf8(process.readAll());
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY2(!QStringLiteral(EXAMPLES).isEmpty(),
                 "the loop examples were not built; install libev-dev and libasio-dev");
    }

    void everythingWorks_data()
    {
        QTest::addColumn<QString>("loop");
        for (const QString &loop : {u"poll"_s, u"epoll"_s, u"libev"_s, u"asio"_s})
            QTest::newRow(qPrintable(loop)) << loop;
    }
    void everythingWorks()
    {
        QFETCH(QString, loop);
        bool succeeded = false;
        const QString output =
                run(u"loop-"_s + loop, qEnvironmentVariable("QTAMQP_TEST_URL"), &succeeded);
        QVERIFY2(succeeded, qPrintable(output));
        QVERIFY2(output.contains(u"declared amq.gen"), qPrintable(output));
        QVERIFY2(output.contains(u"confirmed 5 messages"), qPrintable(output));
        for (int i = 1; i <= 5; ++i)
            QVERIFY2(output.contains(u"received %1\n"_s.arg(i)), qPrintable(output));
        // Three intervals of silence, which the broker does not forgive without our heartbeats.
        static const QRegularExpression silence(u"silent but for (\\d+) heartbeats"_s);
        QVERIFY2(silence.match(output).captured(1).toInt() >= 3, qPrintable(output));
        // Qt warns when the TLS library is loaded without a QCoreApplication.
        QVERIFY2(!output.contains(u"qt.core"_s), qPrintable(output));
    }

    void failuresAreTold_data() { everythingWorks_data(); }
    void failuresAreTold()
    {
        QFETCH(QString, loop);
        const QString url = u"amqp://127.0.0.1:%1"_s.arg(closedPort());
        bool succeeded = true;
        const QString output = run(u"loop-"_s + loop, url, &succeeded);
        QVERIFY2(!succeeded && output.contains(u"Connection refused"), qPrintable(output));
        QVERIFY2(!output.contains(u"qt.core"_s), qPrintable(output));
    }

    // An adapter is for reading: what is particular to the loop, and the socket that all share.
    void noAdapterHasMoreThanAHundredLines()
    {
        int adapters = 0;
        const QDir folder(QStringLiteral(QTAMQP_SOURCE_DIR "/examples"));
        for (const QString &name : folder.entryList({u"loop*"_s}, QDir::Dirs)) {
            const QDir example(folder.filePath(name));
            for (const QString &header : example.entryList({u"*transport.h"_s})) {
                QFile file(example.filePath(header));
                QVERIFY(file.open(QIODevice::ReadOnly));
                const auto lines =
                        file.readAll().count('\n') - 3; // the licence and the blank line behind it
                QVERIFY2(lines <= 100, qPrintable(u"%1: %2"_s.arg(file.fileName()).arg(lines)));
                ++adapters;
            }
        }
        QCOMPARE(adapters, 5);
    }
};

QTAMQP_BROKER_TEST(TestLoops)
#include "tst_loops.moc"
