// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A program that has bad links for a long time keeps all its messages, and needs no more of anything than at first.
// QTAMQP_SOAK_SECONDS says how long; see soak.sh.

#include "traffic.h"

#include <QtCore/qdir.h>
#include <QtCore/qfile.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestSoak : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingIsLostAndNothingGrows();
};

namespace {

constexpr auto Normally = 20s; // in the ordinary run of the tests

// What this process has of the system.
struct Resources
{
    qint64 kilobytes = 0; // resident
    qint64 descriptors = 0;
    qint64 threads = 0;

    static Resources now()
    {
        Resources resources;
        QFile file(u"/proc/self/status"_s);
        if (!file.open(QIODevice::ReadOnly))
            return resources;
        for (const QByteArray &line : file.readAll().split('\n')) {
            const QByteArray value = line.mid(line.indexOf(':') + 1).simplified();
            if (line.startsWith("VmRSS:"))
                resources.kilobytes = value.split(' ').constFirst().toLongLong();
            else if (line.startsWith("Threads:"))
                resources.threads = value.toLongLong();
        }
        resources.descriptors =
                QDir(u"/proc/self/fd"_s)
                        .entryList(QDir::NoDotAndDotDot | QDir::AllEntries | QDir::System)
                        .size();
        return resources;
    }
};

} // namespace

void TestSoak::nothingIsLostAndNothingGrows()
{
    const int asked = qEnvironmentVariableIntValue("QTAMQP_SOAK_SECONDS");
    const std::chrono::seconds duration = asked > 0 ? std::chrono::seconds(asked) : Normally;
    const auto proxy = proxyOfBroker();
    Peer peer(through(*proxy));
    Peer serving(through(*proxy));
    Traffic traffic(&peer.connection, QAmqpQueueOptions().setDurable());
    Calls calls(&peer.connection, &serving.connection);
    Chaos chaos(proxy.get());
    QVERIFY(peer.open());
    QVERIFY(serving.open());
    traffic.publish(50);
    calls.start();

    // Chaos, and then a moment of peace in which everything that was lost has come back.
    const auto wrong = [&] { return traffic.wrong() + calls.wrong(); };
    const auto endures = [&](std::chrono::milliseconds time) {
        const QDeadlineTimer end(time);
        chaos.start();
        waitFor([&] { return end.hasExpired() || !wrong().isEmpty(); }, time + Patience);
        chaos.stop();
        const qint64 arrived = traffic.arrived();
        const int answered = calls.answered();
        return waitFor([&] {
                   return !wrong().isEmpty()
                           || (peer.connection.isOpen() && serving.connection.isOpen()
                               && traffic.arrived() > arrived + 100
                               && calls.answered() > answered + 20);
               })
                && wrong().isEmpty();
    };
    // First all buffers and caches get as large as they need to be.
    QVERIFY2(endures(duration / 4), traffic.report() + qPrintable(calls.wrong()));
    const Resources before = Resources::now();
    QVERIFY2(endures(duration - duration / 4), traffic.report() + qPrintable(calls.wrong()));
    const Resources after = Resources::now();
    traffic.stop();
    calls.stop();
    QVERIFY2(waitFor([&] { return traffic.isDone() && calls.isDone(); }), traffic.report());
    QVERIFY2(wrong().isEmpty() && traffic.nacked() == 0,
             traffic.report() + qPrintable(calls.wrong()));
    QCOMPARE(peer.errors.size(), 0);
    QCOMPARE(serving.errors.size(), 0);
    qInfo("%s, %d calls, %d links; before: %lld KiB, %lld descriptors, %lld threads, after: %lld KiB, %lld "
          "descriptors, %lld threads",
          traffic.report().constData(), calls.answered(), proxy->accepted(), before.kilobytes,
          before.descriptors, before.threads, after.kilobytes, after.descriptors, after.threads);
    // A hundred bytes for each message of the ordinary run, or one for each of half an hour.
    QVERIFY(after.kilobytes - before.kilobytes < 4 * 1024);
    QVERIFY(waitFor([&] { // the proxy may still be closing sockets
        const Resources now = Resources::now();
        return now.threads <= before.threads && now.descriptors <= before.descriptors;
    }));
    VERIFY_OK(traffic.publisher()->deleteQueue(traffic.queue()));
    VERIFY_OK(traffic.publisher()->deleteQueue(calls.queue()));
}

QTAMQP_BROKER_TEST(TestSoak)
#include "tst_soak.moc"
