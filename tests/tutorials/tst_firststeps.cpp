// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The programs of the pages "Getting started" and "The five-minute tour", as the pages show them: what they print, and
// that they leave nothing behind.

#include "testmain.h"

#include <QtAmqpTest/qamqptestbroker.h>

#include <QtCore/qfile.h>
#include <QtCore/qprocess.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qurl.h>

using namespace Qt::StringLiterals;

namespace {

struct Ended
{
    int status = -1;
    QStringList lines;
};

// The broker of this process answers meanwhile.
Ended run(const char *program, const QUrl &url)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(QString::fromLocal8Bit(program), {url.toString()});
    if (!QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 60'000))
        process.kill();
    process.waitForFinished();
    Ended ended;
    if (process.exitStatus() == QProcess::NormalExit)
        ended.status = process.exitCode();
    ended.lines = QString::fromUtf8(process.readAll()).split(u'\n', Qt::SkipEmptyParts);
    return ended;
}

QString page(const QString &name)
{
    QFile file(QStringLiteral(QTAMQP_SOURCE_DIR "/src/doc/") + name);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

// Confirms and deliveries may come in another order.
QStringList sorted(QStringList lines)
{
    lines.sort();
    return lines;
}

const QUrl nobody(u"amqp://guest:guest@127.0.0.1:1"_s);

} // namespace

class TestFirstSteps : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theFirstProgramSendsItsMessage()
    {
        QAmqpTestBroker broker;
        QVERIFY2(broker.start(), qPrintable(broker.errorString()));
        const Ended ended = run(SNIPPET_GETTINGSTARTED, broker.url());
        QCOMPARE(ended.lines, QStringList{u"The broker has it."_s});
        QCOMPARE(ended.status, 0);
        QVERIFY(page(u"gettingstarted.qdoc"_s).contains(u'"' + ended.lines.first() + u'"'));
        const auto message = broker.take(u"hello"_s);
        QVERIFY(message);
        QCOMPARE(message->text(), u"Hello from C++"_s);
    }

    void theTourPrintsWhatItsPageShows()
    {
        static const QRegularExpression shown(u"It prints:\\s+\\\\badcode\\n(.*?)\\\\endcode"_s,
                                              QRegularExpression::DotMatchesEverythingOption);
        QStringList lines = shown.match(page(u"tour.qdoc"_s)).captured(1).split(u'\n');
        for (QString &line : lines)
            line = line.trimmed();
        lines.removeAll(QString());
        QCOMPARE(lines.size(), 5);

        QAmqpTestBroker broker;
        QVERIFY2(broker.start(), qPrintable(broker.errorString()));
        const Ended ended = run(SNIPPET_TOUR, broker.url());
        QCOMPARE(sorted(ended.lines), sorted(lines));
        QCOMPARE(ended.status, 0);
        QVERIFY(QTest::qWaitFor([&] { return broker.connections().isEmpty(); }));
        QVERIFY(!broker.exchange(u"weather"_s) && broker.queues().isEmpty());
    }

    void withoutABrokerTheySaySo()
    {
        for (const char *program : {SNIPPET_GETTINGSTARTED, SNIPPET_TOUR}) {
            const Ended ended = run(program, nobody);
            QCOMPARE(ended.status, 1);
            QVERIFY2(ended.lines.first().contains(u"Connection refused"_s),
                     qPrintable(ended.lines.join(u'\n')));
        }
    }
};

QTAMQP_TEST(TestFirstSteps)
#include "tst_firststeps.moc"
