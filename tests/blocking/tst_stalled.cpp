// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Every call of the blocking facade while RabbitMQ stands still: its process is stopped for a moment, so no
// other test runs beside these.

#include "everycall.h"
#include "session.h"

#include <QtCore/qprocess.h>
#include <QtCore/qscopeguard.h>

#include <csignal>

using namespace QtAmqpTest;

class TestStalled : public QObject
{
    Q_OBJECT

private:
    // How long the longest of all calls takes while RabbitMQ is stopped; what did not time out is `wrong`.
    milliseconds timeUnanswered(milliseconds timeout, QStringList &wrong) const
    {
        const std::vector<Call> calls = everyCall();
        std::vector<std::unique_ptr<Session>> sessions;
        for (size_t i = 0; i < calls.size(); ++i) {
            sessions.push_back(std::make_unique<Session>());
            sessions.back()->connection.setTimeout(timeout);
            sessions.back()->channel.setTimeout(timeout);
        }
        milliseconds longest = {};
        {
            kill(m_broker, SIGSTOP);
            const auto goOn = qScopeGuard([this] { kill(m_broker, SIGCONT); });
            for (size_t i = 0; i < calls.size(); ++i) {
                Session &session = *sessions[i];
                QAmqpError error;
                longest = std::max(longest, timed([&] {
                                       error = calls[i].make(session.connection, session.channel);
                                   }));
                if (error.kind() != Kind::Timeout)
                    wrong += QLatin1StringView(calls[i].name) + u": "_s + error.text();
                session.connection.abort();
            }
        }
        return longest;
    }

    pid_t m_broker = 0;

private Q_SLOTS:
    void initTestCase()
    {
        QProcess control;
        control.start(qEnvironmentVariable("QTAMQP_TEST_CTL"), {u"eval"_s, u"os:getpid()."_s});
        QVERIFY2(control.waitForFinished(60'000), qPrintable(control.errorString()));
        m_broker = control.readAllStandardOutput().trimmed().replace('"', "").toInt();
        QVERIFY2(m_broker > 1, control.readAllStandardError().constData());
    }

    void noCallOutlivesItsTimeout()
    {
        constexpr milliseconds timeout = 100ms;
        // A machine that was busy elsewhere gets another chance.
        QStringList wrong;
        milliseconds longest = timeUnanswered(timeout, wrong);
        for (int attempt = 1; attempt < 5 && longest > timeout + 100ms; ++attempt)
            longest = timeUnanswered(timeout, wrong);
        QCOMPARE(wrong, QStringList());
        qInfo("the longest call took %lld ms", qlonglong(longest.count()));
        QVERIFY(longest >= timeout && longest <= timeout + 100ms);
        // What was asked for is done all the same.
        Session s;
        static_cast<void>(s.channel.deleteQueue(queue));
        static_cast<void>(s.channel.open());
        OK(s.channel.deleteExchange(exchange));
    }

    // On the same channel, since a message that is not settled goes back when its channel closes.
    void whatIsGotTooLateGoesBack()
    {
        Session s;
        const QString own = s.queue();
        OK(s.channel.publish({}, own, "late"_ba));
        s.channel.setTimeout(50ms);
        {
            kill(m_broker, SIGSTOP);
            const auto goOn = qScopeGuard([this] { kill(m_broker, SIGCONT); });
            QCOMPARE(s.channel.get(own).error().kind(), Kind::Timeout);
        }
        s.channel.setTimeout(20s);
        std::optional<QAmqpDelivery> again;
        while (!again)
            again = s.channel.get(own).value();
        QCOMPARE(again->body(), "late"_ba);
        QVERIFY(again->isRedelivered() && again->ack());
    }
};

QTAMQP_BROKER_TEST(TestStalled)
#include "tst_stalled.moc"
