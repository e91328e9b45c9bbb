// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp perf: its arithmetic, and short runs against RabbitMQ.

#include "tool/histogram.h"
#include "tool/tooltest.h"

#include <QtCore/qrandom.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestHistogram : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void percentilesAreThoseOfTheSortedValues()
    {
        QRandomGenerator random(20261121);
        for (int round = 0; round < 20; ++round) {
            Tool::Histogram histogram;
            std::vector<quint64> values(1 + size_t(random.bounded(5000)));
            for (quint64 &value : values) {
                value = random.generate64() >> random.bounded(64);
                histogram.add(value);
            }
            std::sort(values.begin(), values.end());
            QCOMPARE(histogram.count(), values.size());
            QCOMPARE(histogram.least(), values.front());
            QCOMPARE(histogram.most(), values.back());
            for (const double percent : {0.0, 1.0, 50.0, 95.0, 99.0, 99.9, 100.0}) {
                const double rank = std::ceil(percent / 100 * double(values.size()));
                const quint64 exact = values[size_t(std::max(1.0, rank)) - 1];
                const quint64 given = histogram.percentile(percent);
                QVERIFY2(given >= exact && given - exact <= exact / 1024,
                         qPrintable(u"%1: %2 instead of %3"_s.arg(percent).arg(given).arg(exact)));
            }
        }
    }

    void extremes()
    {
        Tool::Histogram histogram;
        QCOMPARE(histogram.percentile(50), quint64(0));
        QCOMPARE(histogram.least(), quint64(0));
        for (const quint64 value : {quint64(0), quint64(2047), quint64(2048), quint64(UINT64_MAX)})
            histogram.add(value);
        QCOMPARE(histogram.percentile(25), quint64(0));
        QCOMPARE(histogram.percentile(50), quint64(2047));
        QCOMPARE(histogram.percentile(75), quint64(2049)); // the last of its bucket
        QCOMPARE(histogram.percentile(100), quint64(UINT64_MAX));
        histogram.clear();
        QCOMPARE(histogram.count(), quint64(0));
    }
};

class TestPerf : public QObject
{
    Q_OBJECT

private:
    static QJsonObject measure(const QStringList &options)
    {
        const Result result = run(QStringList{u"perf"_s, u"--json"_s} + options);
        if (result.status != 0 || !result.errors.isEmpty())
            qWarning() << result.status << result.errors;
        return json(result.output);
    }

    static void checkLatencies(const QJsonObject &latency)
    {
        double before = 0;
        for (const QString &name : {u"min"_s, u"p50"_s, u"p95"_s, u"p99"_s, u"p99.9"_s, u"max"_s}) {
            QVERIFY2(latency.contains(name), qPrintable(name));
            QVERIFY2(latency[name].toDouble() >= before, qPrintable(name));
            before = latency[name].toDouble();
        }
        QVERIFY(before > 0 && before < 60'000);
    }

private Q_SLOTS:
    void everyMessageArrives()
    {
        const QJsonObject summary =
                measure({u"-x"_s, u"2"_s, u"-y"_s, u"2"_s, u"--pmessages"_s, u"500"_s,
                         u"--confirm"_s, u"50"_s, u"--prefetch"_s, u"20"_s, u"--multi-ack-every"_s,
                         u"10"_s, u"--size"_s, u"1000"_s});
        QCOMPARE(summary[u"producers"].toInt(), 2);
        QCOMPARE(summary[u"consumers"].toInt(), 2);
        QCOMPARE(summary[u"size"].toInt(), 1000);
        QCOMPARE(summary[u"sent"].toInt(), 1000);
        QCOMPARE(summary[u"confirmed"].toInt(), 1000);
        QCOMPARE(summary[u"received"].toInt(), 1000);
        QCOMPARE(summary[u"nacked"].toInt(), 0);
        QVERIFY(summary[u"send_rate"].toDouble() > 0);
        QVERIFY(summary[u"receive_rate"].toDouble() > 0);
        checkLatencies(summary[u"latency_ms"].toObject());
        checkLatencies(summary[u"confirm_latency_ms"].toObject());
    }

    void keepsTheRateAndTheTime()
    {
        const QJsonObject summary =
                measure({u"--time"_s, u"2"_s, u"--rate"_s, u"200"_s, u"--no-ack"_s});
        const int sent = summary[u"sent"].toInt();
        QVERIFY2(sent > 100 && sent < 500, QByteArray::number(sent).constData());
        QVERIFY(!summary.contains(u"confirm_latency_ms"_s));
    }

    void producersAndConsumersApart()
    {
        const QString queue = uniqueName(u"perf"_s);
        QCOMPARE(measure({u"-y"_s, u"0"_s, u"-C"_s, u"100"_s, u"-u"_s, queue, u"-c"_s,
                          u"10"_s})[u"confirmed"]
                         .toInt(),
                 100);
        QCOMPARE(measure({u"-x"_s, u"0"_s, u"-D"_s, u"60"_s, u"-u"_s, queue, u"-p"_s})[u"received"]
                         .toInt(),
                 60);
        const Result left = run({u"delete"_s, u"queue"_s, queue});
        QCOMPARE(left.output, queue.toUtf8() + ": messages deleted 40\n");
    }

    void endsWhenTheConsumersHaveTheirs()
    {
        QCOMPARE(measure({u"-D"_s, u"50"_s, u"--rate"_s, u"200"_s})[u"received"].toInt(), 50);
    }

    void withoutConfirmsErrorsAreToldToo()
    {
        const QStringList few = {u"perf"_s, u"--json"_s, u"-y"_s, u"0"_s, u"-C"_s, u"10"_s};
        const QStringList predeclared = {u"-p"_s, u"-u"_s, u"no-such"_s};
        VERIFY_RUN(run(few + predeclared + QStringList{u"-f"_s, u"mandatory"_s}), 4,
                   u"qamqp perf: 0 messages were nacked, 10 returned\n"_s);
        const Result result = run(few + predeclared + QStringList{u"-e"_s, u"no-such"_s});
        QCOMPARE(result.status, 3);
        QVERIFY2(result.errors.contains("no exchange 'no-such' in vhost"),
                 result.errors.constData());
    }

    void removesItsQueueThoughItCannotBegin()
    {
        VERIFY_RUN(run({u"declare"_s, u"exchange"_s, u"perf-fanout"_s, u"--type"_s, u"fanout"_s}),
                   0, QString());
        QCOMPARE(run({u"perf"_s, u"-e"_s, u"perf-fanout"_s}).status, 3);
        VERIFY_RUN(run({u"delete"_s, u"exchange"_s, u"perf-fanout"_s}), 0, QString());
        const auto queues = ctl({u"list_queues"_s, u"-q"_s, u"-p"_s, virtualHost(), u"name"_s});
        QVERIFY(queues);
        QVERIFY2(!queues->contains("qamqp-perf-"), queues->constData());
    }

    void throughAnExchangeToAQuorumQueue()
    {
        const QString queue = uniqueName(u"perf"_s);
        const QJsonObject summary =
                measure({u"-u"_s, queue, u"--quorum-queue"_s, u"-e"_s, u"amq.topic"_s, u"-k"_s,
                         queue, u"-f"_s, u"persistent"_s, u"-f"_s, u"mandatory"_s, u"-C"_s, u"20"_s,
                         u"-c"_s, u"5"_s});
        QCOMPARE(summary[u"received"].toInt(), 20);
        QCOMPARE(summary[u"returned"].toInt(), 0);
        QCOMPARE(run({u"delete"_s, u"queue"_s, queue}).status, 0);
    }

    void kindsOfQueues()
    {
        const auto received = [](const QString &option) {
            return measure({option, u"--prefetch"_s, u"5"_s, u"-C"_s, u"20"_s, u"-c"_s,
                            u"5"_s})[u"received"]
                    .toInt();
        };
        QCOMPARE(received(u"--quorum-queue"_s), 20);
        QCOMPARE(received(u"--stream-queue"_s), 20);
    }

    void showsItsWorkAndStops()
    {
        Program tool({u"perf"_s, u"--rate"_s, u"500"_s, u"--confirm"_s, u"100"_s});
        QVERIFY(tool.waitForOutput(20));
        QVERIFY2(tool.output().contains(" s: sent ") && tool.output().contains(", latency p50 "),
                 tool.output().constData());
        tool.signal(SIGINT);
        QCOMPARE(tool.status(), 130);
        QVERIFY2(tool.output().contains("\nsent ") && tool.output().contains("\nlatency: min ")
                         && tool.output().contains("\nconfirm latency: min "),
                 tool.output().constData());
        QCOMPARE(tool.errors(), QByteArray());
    }

    void nacksAreTold()
    {
        const Result result = run({u"perf"_s, u"--json"_s, u"-y"_s, u"0"_s, u"-C"_s, u"10"_s,
                                   u"-c"_s, u"5"_s, u"--argument"_s, u"x-max-length=int32:1"_s,
                                   u"--argument"_s, u"x-overflow=string:reject-publish"_s});
        VERIFY_RUN(result, 4, u"qamqp perf: 9 messages were nacked, 0 returned\n"_s);
        QCOMPARE(json(result.output)[u"confirmed"].toInt(), 1);
    }
};

QTAMQP_TEST(TestHistogram)
QTAMQP_BROKER_TEST(TestPerf)
#include "tst_perf.moc"
