// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp serve: a command answers requests. A request is acknowledged after its reply; all others go back.

#include "missing.h"
#include "output.h"
#include "requestenvironment.h"
#include "run.h"

#include <QtAmqp/qamqprpcserver.h>
#include <QtCore/qprocess.h>
#include <QtCore/qscopeguard.h>

#include <deque>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

class Service
{
public:
    Service(Run &run, Session &session)
        : m_run(run)
        , m_session(session)
        , m_command(run.arguments().operands())
        , m_count(run.arguments().number("count", 1, std::numeric_limits<qint64>::max(), 0))
        , m_parallel(run.arguments().number("parallel", 1, 1000, 1))
        , m_grace(run.arguments().seconds("grace").value_or(2s))
        , m_server(session.channel(), run.arguments().value("queue"))
    {
        QObject::connect(&m_server, &QAmqpRpcServer::requestReceived, &m_scope,
                         [this](const QAmqpRpcRequest &request) { take(request); });
        QObject::connect(&m_server, &QAmqpRpcServer::errorOccurred, &m_scope,
                         [](const QAmqpError &error) { report(error.text()); });
        // They come again, to this server or to another one.
        QObject::connect(&session.connection(), &QAmqpConnection::linkLost, &m_scope,
                         [this] { m_waiting.clear(); });
        QObject::connect(&m_server, &QAmqpRpcServer::stopped, &m_scope,
                         [this](const QAmqpError &reason) {
                             if (reason)
                                 m_run.fail(failureOf(reason));
                         });
    }

    void run()
    {
        if (!m_server.start(quint16(m_count ? std::min(m_count, m_parallel) : m_parallel)))
            throw failureOf(m_session.channel()->lastError());
        m_run.waitUntil([this] { return m_count > 0 && m_done >= m_count; });
    }

    // Requests that are being answered get some time; the others go back at once, for other servers.
    void finish()
    {
        stopTaking();
        Run::settleFor([this] { return m_running == 0; }, m_grace);
    }

private:
    void stopTaking()
    {
        m_stopping = true;
        if (m_server.isRunning())
            m_server.stop();
        for (const QAmqpRpcRequest &request : std::exchange(m_waiting, {}))
            request.fail(QAmqpDelivery::Requeue);
    }

    void take(const QAmqpRpcRequest &request)
    {
        if (m_stopping || (m_count > 0 && m_started + m_waiting.size() >= m_count)) {
            request.fail(QAmqpDelivery::Requeue);
            return;
        }
        m_waiting.push_back(request);
        answerNext();
    }

    // Never answers more than --parallel at once, even if the broker ignores the prefetch.
    void answerNext()
    {
        while (!m_waiting.empty() && quint64(m_running) < m_parallel) {
            const QAmqpRpcRequest request = m_waiting.front();
            m_waiting.pop_front();
            answer(request);
        }
        if (m_count > 0 && m_started == m_count && !m_stopping)
            stopTaking();
    }

    static void report(const QString &text) { complain(u"qamqp serve"_s, text); }

    void answer(const QAmqpRpcRequest &request)
    {
        ++m_started;
        ++m_running;
        auto *process = new QProcess(&m_scope);
        process->setProcessChannelMode(QProcess::ForwardedErrorChannel);
        process->setProcessEnvironment(environmentFor(request.message()));
        QObject::connect(process, &QProcess::finished, &m_scope,
                         [this, process, request] { reply(process, request); });
        QObject::connect(process, &QProcess::errorOccurred, &m_scope,
                         [this, process, request](QProcess::ProcessError error) {
                             if (error != QProcess::FailedToStart)
                                 return;
                             --m_running;
                             m_run.fail({BadUsage,
                                         u"cannot run %1: %2"_s.arg(m_command.constFirst(),
                                                                    process->errorString())});
                         });
        process->start(m_command.constFirst(), m_command.mid(1));
        process->write(request.message().body());
        process->closeWriteChannel();
    }

    void reply(QProcess *process, const QAmqpRpcRequest &request)
    {
        process->deleteLater();
        --m_running;
        const auto next = qScopeGuard([this] { answerNext(); });
        const bool crashed = process->exitStatus() == QProcess::CrashExit;
        if (crashed && m_run.stopSignal()) // the signal has ended the command too
            return;
        ++m_done;
        if (crashed || process->exitCode() != 0) {
            const QString fate = request.fail() ? u"was rejected"_s : u"could not be rejected"_s;
            return report(u"%1 %2; its request %3"_s.arg(
                    m_command.constFirst(),
                    crashed ? u"crashed"_s : u"exited with status %1"_s.arg(process->exitCode()),
                    fate));
        }
        QAmqpMessage answer(process->readAllStandardOutput());
        if (m_run.arguments().isSet("content-type"))
            answer.setContentType(m_run.arguments().value("content-type"));
        if (request.reply(answer))
            return;
        if (request.message().isStale() && !m_run.failure())
            report(u"a request was answered after its connection was lost, and comes again"_s);
        else if (m_session.channel()->isOpen())
            m_run.fail(failureOf(m_session.channel()->lastError()));
    }

    Run &m_run;
    Session &m_session;
    const QStringList m_command;
    const quint64 m_count;
    const quint64 m_parallel;
    const std::chrono::milliseconds m_grace;
    std::deque<QAmqpRpcRequest> m_waiting;
    quint64 m_started = 0;
    quint64 m_done = 0;
    int m_running = 0;
    bool m_stopping = false;
    QAmqpRpcServer m_server;
    QObject m_scope; // the parent of the processes, which end with it
};

void serve(Run &run)
{
    const Arguments &arguments = run.arguments();
    if (!arguments.isSet("queue"))
        throw Failure{
                BadUsage,
                u"the queue of the requests is missing: give --queue; see qamqp serve --help"_s};
    Session session(run);
    declareMissing(run, session.connection(), arguments.value("queue"), QString());
    Service service(run, session);
    try {
        run.setDoing(u"serving"_s);
        run.progress().hide(); // the commands may write to the terminal
        service.run();
    } catch (const Failure &failure) {
        service.finish();
        // The user asked to serve for that long.
        if (run.stopSignal() || failure.status != TooLate || arguments.isSet("count"))
            throw;
        return;
    }
    service.finish();
    session.close();
}

constexpr Option options[] = {
        {"q,queue", "QUEUE", "Where the requests come."},
        {"n,count", "N", "End after N requests; status 5 if fewer came within --timeout."},
        {"parallel", "N", "How many commands may run at a time, 1 by default."},
        {"grace", "SECONDS",
         "How long commands that run may take to finish when serve is told to end, 2 by default. A second "
         "Ctrl-C or SIGTERM ends it at once."},
        {"content-type", "TEXT", "The content type of the replies, such as application/json."},
        declareOption,
        retryOption,
};

} // namespace

const Command serveCommand = {
        "serve",
        "COMMAND [ARGUMENT...]",
        10000,
        "Answer requests with a command's output",
        "Runs COMMAND for each request that comes to the queue: the body is its standard input, its standard\n"
        "output is the reply. Put -- before it, so that its options are not taken for those of qamqp.\n"
        "If it exits with a status other than 0 the request is rejected (dead-lettered or dropped): the\n"
        "caller gets no reply, and its time runs out. Requests without a reply-to are rejected too.\n"
        "COMMAND finds the rest of its request in the environment, as far as it is there: QAMQP_MESSAGE_ID,\n"
        "QAMQP_CORRELATION_ID, QAMQP_CONTENT_TYPE and so on for each property, QAMQP_EXCHANGE,\n"
        "QAMQP_ROUTING_KEY, QAMQP_REDELIVERED (true or false), and QAMQP_HEADER_name for each header, in whose\n"
        "name all but letters and digits becomes _. Texts that are not UTF-8 are in base64, in a variable with\n"
        "_BASE64 behind its name; arrays and tables are JSON. What has more than 32 KiB is left out.\n"
        "If the connection is lost it goes on when that is back. A request whose command was running comes\n"
        "again then, to this server or to another, so that COMMAND may run twice for it.\n",
        "qamqp declare queue uppercase\n"
        "qamqp serve --queue uppercase --timeout 1 -- tr a-z A-Z\n"
        "qamqp serve -q uppercase --parallel 4 --grace 30 --timeout 1 -- sh -c 'echo $QAMQP_MESSAGE_ID'\n",
        options,
        serve,
};

} // namespace Tool
