// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Programs that end without waiting for an answer: what they published and acknowledged has arrived. Each round is
// a process; QTAMQP_TEST_ROUNDS says how many there are of each kind, 3 by default.

#include "everybroker.h"

#include <QtCore/qprocess.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestGoodbye : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void everythingArrives_data();
    void everythingArrives();
};

void TestGoodbye::everythingArrives_data()
{
    QTest::addColumn<QString>("thread");
    QTest::addColumn<QString>("way");
    for (const auto &way : {u"delete"_s, u"later"_s, u"close"_s, u"quit"_s, u"static"_s, u"leak"_s})
        QTest::addRow("main, %s", qPrintable(way)) << u"main"_s << way;
    for (const auto &way :
         {u"delete"_s, u"close"_s, u"quit"_s, u"finished"_s, u"behind"_s, u"run"_s})
        QTest::addRow("worker, %s", qPrintable(way)) << u"worker"_s << way;
    for (const auto &way : {u"delete"_s, u"static"_s, u"leak"_s, u"worker"_s})
        QTest::addRow("blocking, %s", qPrintable(way)) << u"blocking"_s << way;
}

void TestGoodbye::everythingArrives()
{
    QFETCH(QString, thread);
    QFETCH(QString, way);
    constexpr quint32 messages = 400;
    const QString inbox = uniqueName(u"inbox"_s);
    const QString outbox = uniqueName(u"outbox"_s);
    Peer peer;
    QAmqpChannel *const channel = peer.channel();
    QVERIFY(peer.open());
    // Of the connection, but not exclusive: another one works with them.
    const auto temporary = QAmqpQueueOptions().setExpires(10min);
    channel->declareQueue(inbox, temporary);
    channel->declareQueue(outbox, temporary);
    const int asked = qEnvironmentVariableIntValue("QTAMQP_TEST_ROUNDS");
    const int rounds = asked > 0 ? asked : 3;
    const auto count = [&](const QString &queue) {
        const auto info = channel->declareQueue(queue, passive);
        waitFor([&] { return info.isFinished(); });
        return info.result().messageCount;
    };
    for (int round = 0; round < rounds; ++round) {
        for (quint32 i = 0; i < messages; ++i)
            channel->publish({}, inbox, QByteArray("hello"));
        QVERIFY(!settled(channel));
        QProcess program;
        program.setProcessChannelMode(QProcess::MergedChannels);
        program.start(u"" GOODBYE_PROGRAM ""_s, {broker().url(), inbox, outbox, thread, way});
        QVERIFY(waitFor([&] { return program.state() == QProcess::NotRunning; }));
        const QByteArray output = program.readAll();
        QVERIFY2(program.exitStatus() == QProcess::NormalExit && program.exitCode() == 0, output);
        QCOMPARE(output, ""_ba);
        // What was not acknowledged would be back by now, or a little later.
        QVERIFY2(waitFor([&] { return count(outbox) == messages; }, 10s),
                 qPrintable(u"%1 of 400 publishes arrived in round %2"_s.arg(count(outbox))
                                    .arg(round)));
        QVERIFY2(
                waitFor([&] { return count(inbox) == 0; }, 10s),
                qPrintable(u"%1 of 400 acknowledgements are missing in round %2"_s.arg(count(inbox))
                                   .arg(round)));
        channel->purgeQueue(outbox);
    }
    channel->deleteQueue(inbox);
    QVERIFY(!failure(channel->deleteQueue(outbox)));
}

QTAMQP_TEST(TestGoodbye)
#include "tst_goodbye.moc"
