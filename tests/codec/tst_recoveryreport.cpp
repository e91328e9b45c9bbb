// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include <QtAmqp/qamqprecoveryreport.h>

#include <QtCore/qdebug.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

using Step = QAmqpRecoveryStep;
using Report = QAmqpRecoveryReport;

template<typename T>
QString printed(const T &value)
{
    QString text;
    QDebug(&text) << value;
    return text.trimmed();
}

QAmqpError refusal(const QString &text)
{
    return QAmqpError(QAmqpError::Kind::PreconditionFailed, QAmqpError::Scope::Operation,
                      QAmqpError::Origin::Broker, text)
            .setMethod(u"queue.declare"_s);
}

Step binding()
{
    return Step()
            .setEntity(Step::Entity::QueueBinding)
            .setName(u"orders"_s)
            .setSource(u"shop"_s)
            .setRoutingKey(u"order.*"_s)
            .setArguments(QAmqpTable({{u"x-match"_s, u"all"_s}}));
}

Report report()
{
    return Report()
            .setAttempts(3)
            .setDuration(1500ms)
            .setEndpoint(u"amqp://b:5672/"_s)
            .addRenamedQueue(u"amq.gen-1"_s, u"amq.gen-2"_s)
            .addSkipped(refusal(u"skipped"_s))
            .addPending(refusal(u"pending"_s));
}

} // namespace

class TestRecoveryReport : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aStepKeepsWhatWasSet()
    {
        const Step step = binding();
        QCOMPARE(step.entity(), Step::Entity::QueueBinding);
        QCOMPARE(step.name(), u"orders"_s);
        QCOMPARE(step.source(), u"shop"_s);
        QCOMPARE(step.routingKey(), u"order.*"_s);
        QCOMPARE(step.arguments(), QAmqpTable({{u"x-match"_s, u"all"_s}}));
        QVERIFY(!step.isDurable() && !step.isExclusive() && !step.isAutoDelete());
        QVERIFY(Step().setDurable(true).isDurable());
        QVERIFY(Step().setExclusive(true).isExclusive());
        QVERIFY(Step().setAutoDelete(true).isAutoDelete());
    }

    void aStepDiffersWhereOneSetterDiffers()
    {
        const Step base = binding();
        QCOMPARE(base, binding());
        QCOMPARE(Step().setEntity(Step::Entity::Exchange).setDurable(false), Step());
        QVERIFY(base != Step(base).setEntity(Step::Entity::ExchangeBinding));
        QVERIFY(base != Step(base).setName(u"x"_s));
        QVERIFY(base != Step(base).setSource(u"x"_s));
        QVERIFY(base != Step(base).setRoutingKey(u"x"_s));
        QVERIFY(base != Step(base).setArguments({}));
        QVERIFY(base != Step(base).setDurable(true));
        QVERIFY(base != Step(base).setExclusive(true));
        QVERIFY(base != Step(base).setAutoDelete(true));
    }

    void aReportKeepsWhatWasSetAndAdded()
    {
        const Report done = report().addRenamedQueue(u"amq.gen-3"_s, u"amq.gen-4"_s);
        QCOMPARE(done.attempts(), 3);
        QVERIFY(done.duration() == 1500ms);
        QCOMPARE(done.endpoint(), u"amqp://b:5672/"_s);
        QCOMPARE(done.renamedQueues(),
                 (QList<QPair<QString, QString>>{{u"amq.gen-1"_s, u"amq.gen-2"_s},
                                                 {u"amq.gen-3"_s, u"amq.gen-4"_s}}));
        QCOMPARE(done.skipped(), QList{refusal(u"skipped"_s)});
        QCOMPARE(done.pending(), QList{refusal(u"pending"_s)});
    }

    void aReportDiffersWhereOneSetterDiffers()
    {
        const Report base = report();
        QCOMPARE(base, report());
        QCOMPARE(Report().setAttempts(0).setDuration(0ms), Report());
        QVERIFY(base != Report(base).setAttempts(4));
        QVERIFY(base != Report(base).setDuration(1ms));
        QVERIFY(base != Report(base).setEndpoint({}));
        QVERIFY(base != Report(base).addRenamedQueue(u"x"_s, u"y"_s));
        QVERIFY(base != Report(base).addSkipped(refusal(u"x"_s)));
        QVERIFY(base != Report(base).addPending(refusal(u"x"_s)));
    }

    void bothPrintWhatIsNotEmpty()
    {
        QCOMPARE(printed(Step()), u"QAmqpRecoveryStep(Exchange \"\")"_s);
        QCOMPARE(printed(Step().setEntity(Step::Entity::Queue)
                                 .setName(u"a\nb"_s)
                                 .setDurable(true)
                                 .setExclusive(true)
                                 .setAutoDelete(true)),
                 u"QAmqpRecoveryStep(Queue \"a\\nb\", durable, exclusive, auto-delete)"_s);
        QCOMPARE(printed(binding()),
                 u"QAmqpRecoveryStep(QueueBinding \"orders\", source \"shop\", routing key "
                 "\"order.*\", "_s
                         + printed(binding().arguments()) + u')');
        QCOMPARE(printed(Report()), u"QAmqpRecoveryReport(0 attempts, 0 ms, endpoint \"\")"_s);
        QCOMPARE(printed(report()),
                 u"QAmqpRecoveryReport(3 attempts, 1500 ms, endpoint \"amqp://b:5672/\", queue "
                 "\"amq.gen-1\" is now \"amq.gen-2\", skipped QList(%1), pending QList(%2))"_s.arg(
                         printed(refusal(u"skipped"_s)), printed(refusal(u"pending"_s))));
    }
};

QTAMQP_TEST(TestRecoveryReport)

#include "tst_recoveryreport.moc"
