// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The connection is lost while a command is at work, and comes back or does not.

#include "tool/tooltest.h"

#include <QtAmqpTest/qamqptestbroker.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

// The two lines that tell an outage, with nothing else on standard error.
void verifyOutage(const QByteArray &errors, const QByteArray &command)
{
    const QByteArrayList lines = errors.split('\n');
    QVERIFY2(lines.size() == 3, errors.constData());
    QVERIFY2(lines[0].startsWith(command + ": the connection to ")
                     && lines[0].contains(" was lost: ")
                     && lines[0].contains("; trying again for "),
             errors.constData());
    QVERIFY2(lines[1].startsWith(command + ": connected to amqp://")
                     && lines[1].contains(" again after "),
             errors.constData());
}

} // namespace

class TestRecovery : public QObject
{
    Q_OBJECT

private:
    QStringList with(const QStringList &arguments) const
    {
        return arguments + QStringList{u"--url"_s, m_broker->url().toString()};
    }
    bool isConsumed(const QString &queue) const
    {
        const auto info = m_broker->queue(queue);
        return info && info->consumers == 1;
    }

    std::unique_ptr<QAmqpTestBroker> m_broker;

private Q_SLOTS:
    void init()
    {
        m_broker = std::make_unique<QAmqpTestBroker>();
        QVERIFY2(m_broker->start(), qPrintable(m_broker->errorString()));
        QVERIFY(m_broker->declareQueue(u"q"_s, QAmqpQueueOptions().setDurable()));
    }

    void consumeSurvivesARestart()
    {
        Program tool(with({u"consume"_s, u"q"_s}));
        QVERIFY(waitFor([&] { return isConsumed(u"q"_s); }));
        QVERIFY(m_broker->publish(QString(), u"q"_s, QAmqpMessage("one")));
        QVERIFY(tool.waitForOutput(4));
        QVERIFY(waitFor([&] { return m_broker->counters().acknowledged == 1; }));
        m_broker->restart();
        QVERIFY(waitFor([&] { return isConsumed(u"q"_s); }));
        QVERIFY(m_broker->publish(QString(), u"q"_s, QAmqpMessage("two")));
        QVERIFY(tool.waitForOutput(8));
        tool.signal(SIGINT);
        QCOMPARE(tool.status(), 130);
        QCOMPARE(tool.output(), QByteArray("one\ntwo\n"));
        verifyOutage(tool.errors(), "qamqp consume");
    }

    // The queue of an exchange's messages was the connection's own.
    void aTemporaryQueueComesBack()
    {
        Program tool(with({u"consume"_s, u"--exchange"_s, u"amq.topic"_s, u"--binding"_s, u"a.#"_s,
                           u"--no-ack"_s}));
        const auto isBound = [&] {
            const auto bindings = m_broker->bindings();
            return std::any_of(bindings.begin(), bindings.end(), [](const auto &binding) {
                return binding.exchange == u"amq.topic"_s && binding.routingKey == u"a.#"_s;
            });
        };
        const auto isReady = [&] {
            const auto queues = m_broker->queues();
            return isBound() && std::any_of(queues.begin(), queues.end(), [](const auto &queue) {
                       return queue.exclusive && queue.consumers == 1;
                   });
        };
        QVERIFY(waitFor(isReady));
        m_broker->dropConnections();
        QVERIFY(waitFor([&] { return !isReady(); }));
        QVERIFY(waitFor(isReady));
        QVERIFY(m_broker->publish(u"amq.topic"_s, u"a.b"_s, QAmqpMessage("one")));
        QVERIFY(tool.waitForOutput(4));
        tool.signal(SIGINT);
        QCOMPARE(tool.status(), 130);
        verifyOutage(tool.errors(), "qamqp consume");
        QVERIFY2(
                tool.errors().contains("; messages that were on their way are lost, as --no-ack is "
                                       "given\n"),
                tool.errors().constData());
    }

    void serveSurvives()
    {
        Program tool({u"serve"_s, u"--url"_s, m_broker->url().toString(), u"-q"_s, u"q"_s, u"--"_s,
                      u"cat"_s});
        QVERIFY(m_broker->declareQueue(u"replies"_s, QAmqpQueueOptions().setDurable()));
        const auto isAnswered = [&](const QByteArray &text) {
            QAmqpMessage request(text);
            request.setReplyTo(u"replies"_s);
            if (!m_broker->publish(QString(), u"q"_s, request))
                return false;
            std::optional<QAmqpMessage> reply;
            waitFor([&] { return (reply = m_broker->take(u"replies"_s)).has_value(); });
            return reply && reply->body() == text;
        };
        QVERIFY(isAnswered("one"));
        QVERIFY(waitFor([&] { return m_broker->counters().acknowledged == 1; }));
        m_broker->dropConnections();
        QVERIFY(isAnswered("two"));
        tool.signal(SIGINT);
        QCOMPARE(tool.status(), 130);
        verifyOutage(tool.errors(), "qamqp serve");
    }

    void whatWasNotConfirmedIsPublishedAgain()
    {
        QVERIFY(m_broker->setConfirming(u"q"_s, false));
        Program tool(with({u"publish"_s, u"-q"_s, u"q"_s, u"--lines"_s, u"--json"_s}));
        tool.write("one\n");
        QVERIFY(waitFor([&] { return m_broker->counters().published == 1; }));
        QVERIFY(m_broker->setConfirming(u"q"_s, true));
        m_broker->dropConnections();
        QVERIFY(waitFor([&] { return tool.errors().contains(" again after "); }));
        tool.write("two\n");
        tool.closeInput();
        QCOMPARE(tool.status(), 0);
        verifyOutage(tool.errors(), "qamqp publish");
        QCOMPARE(json(tool.output()).value(u"published"_s).toInt(), 2);
        QCOMPARE(json(tool.output()).value(u"confirmed"_s).toInt(), 2);
        QCOMPARE(json(tool.output()).value(u"published_again"_s).toInt(), 1);
        QByteArrayList bodies;
        while (const auto message = m_broker->take(u"q"_s))
            bodies += message->body();
        std::sort(bodies.begin(), bodies.end());
        QCOMPARE(bodies, (QByteArrayList{"one", "one", "two"}));
    }

    void whatWasNotConfirmedIsNamed()
    {
        QVERIFY(m_broker->setConfirming(u"q"_s, false));
        Program tool(with({u"publish"_s, u"-q"_s, u"q"_s, u"--lines"_s, u"--retry"_s, u"0.2"_s}));
        tool.write("one\ntwo\n");
        QVERIFY(waitFor([&] { return m_broker->counters().published == 2; }));
        m_broker->dropConnections(); // a broker that stops waits for its clients, and serves others meanwhile
        m_broker->stop();
        QCOMPARE(tool.status(), 2);
        const QByteArrayList lines = tool.errors().split('\n');
        QVERIFY2(lines.size() == 3 && lines[0].endsWith("; trying again for 0.2 s"),
                 tool.errors().constData());
        QVERIFY2(lines[1].startsWith("qamqp publish: gave up after 0.2 s without a connection: ")
                         && lines[1].endsWith("; 2 published, 0 confirmed; not confirmed: 1-2"),
                 tool.errors().constData());
    }

    void endsAtOnceIfThatIsWanted_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("consume --retry 0")
                << QStringList{u"consume"_s, u"q"_s, u"--retry"_s, u"0"_s};
        QTest::newRow("recovery=off") << QStringList{u"consume"_s, u"q"_s};
        QTest::newRow("call") << QStringList{u"call"_s, u"-q"_s, u"q"_s, u"x"_s};
    }

    // A command that does one thing has nothing to go on with.
    void endsAtOnceIfThatIsWanted()
    {
        QFETCH(QStringList, arguments);
        QString url = m_broker->url().toString();
        if (qstrcmp(QTest::currentDataTag(), "recovery=off") == 0)
            url += u"?recovery=off"_s;
        Program tool(arguments + QStringList{u"--url"_s, url});
        QVERIFY(waitFor([&] { return isConsumed(u"q"_s) || m_broker->counters().published == 1; }));
        m_broker->dropConnections();
        QCOMPARE(tool.status(), 2);
        QVERIFY2(tool.errors().contains(" was lost: ") && tool.errors().count('\n') == 1
                         && !tool.errors().contains("trying again"),
                 tool.errors().constData());
    }

    void perfCountsWhatIsIndeterminate()
    {
        QVERIFY(m_broker->setConfirming(u"q"_s, false));
        Program tool(with({u"perf"_s, u"-y"_s, u"0"_s, u"-C"_s, u"3"_s, u"-c"_s, u"1"_s, u"-u"_s,
                           u"q"_s, u"-p"_s, u"--json"_s}));
        QVERIFY(waitFor([&] { return m_broker->counters().published == 1; }));
        QVERIFY(m_broker->setConfirming(u"q"_s, true));
        m_broker->dropConnections();
        QCOMPARE(tool.status(), 0);
        // Once, though two connections were lost. It may have ended before both were back.
        QVERIFY2(tool.errors().count(" was lost: ") == 1 && tool.errors().count('\n') <= 2,
                 tool.errors().constData());
        const QJsonObject report = json(tool.output());
        QCOMPARE(report[u"sent"].toInt(), 3);
        QCOMPARE(report[u"confirmed"].toInt(), 2);
        QCOMPARE(report[u"indeterminate"].toInt(), 1);
    }

    void theTimeIsANumber()
    {
        VERIFY_RUN(run(with({u"consume"_s, u"q"_s, u"--retry"_s, u"long"_s})), 1,
                   u"qamqp consume: --retry \"long\" is not a number of seconds such as 2.5\n"_s);
    }
};

QTAMQP_TEST(TestRecovery)
#include "tst_recovery.moc"
