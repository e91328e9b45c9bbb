// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The tool while RabbitMQ is short of memory. No other test runs beside these.

#include "tool/tooltest.h"

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestToolAlarms : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void blockedBroker()
    {
        const QString queue = uniqueName();
        QVERIFY(ctl({u"set_vm_memory_high_watermark"_s, u"0.0001"_s}));
        const Result result = run({u"publish"_s, u"-q"_s, queue, u"x"_s, u"--timeout"_s, u"2"_s});
        QVERIFY(ctl({u"set_vm_memory_high_watermark"_s, u"0.4"_s}));
        QCOMPARE(result.status, 5);
        const QString endpoint = options().endpoint();
        QCOMPARE(
                QString::fromUtf8(result.errors),
                u"qamqp: %1 takes no messages for now (low on memory); waiting\nqamqp publish: gave up "
                "after 2 s waiting for confirms; 1 published, 0 confirmed\n"_s.arg(endpoint));
    }

    void endsWhileTheBrokerTakesNothing()
    {
        QVERIFY(ctl({u"set_vm_memory_high_watermark"_s, u"0.0001"_s}));
        const Result result = run({u"perf"_s, u"--json"_s, u"-y"_s, u"0"_s, u"-x"_s, u"2"_s,
                                   u"--size"_s, u"1000"_s, u"--time"_s, u"1"_s});
        QVERIFY(ctl({u"set_vm_memory_high_watermark"_s, u"0.4"_s}));
        QCOMPARE(result.status, 0);
        QVERIFY2(result.errors.contains(" takes no messages for now "), result.errors.constData());
        QVERIFY(json(result.output).contains(u"sent"_s));
    }
};

QTAMQP_BROKER_TEST(TestToolAlarms)
#include "tst_alarms.moc"
