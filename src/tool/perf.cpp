// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp perf: measures throughput and latency.

#include "perfreport.h"
#include "typedvalue.h"

#include <QtCore/quuid.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

QString queueName(const Arguments &arguments)
{
    if (arguments.isSet("queue"))
        return arguments.value("queue");
    if (arguments.isSet("predeclared"))
        throw Failure{BadUsage, u"--predeclared needs --queue"_s};
    // The broker makes no names for quorum queues and streams.
    return u"qamqp-perf-"_s + QUuid::createUuid().toString(QUuid::WithoutBraces);
}

// Declares the queue to measure with unless --predeclared is given, and binds it if there is an exchange. Each
// connection does so, so that one that was lost finds the queue again, though the broker was started anew.
void prepareQueue(Run &run, Session &session, const QString &queue, const PerfOptions &options)
{
    const Arguments &arguments = run.arguments();
    QAmqpChannel *channel = session.channel();
    if (!arguments.isSet("predeclared")) {
        QAmqpTable table = readTable(arguments.values("argument"), "argument");
        const bool quorum = arguments.isSet("quorum-queue");
        const bool stream = arguments.isSet("stream-queue");
        arguments.refuseTogether("quorum-queue", "stream-queue");
        if (quorum || stream)
            table.insert(u"x-queue-type"_s, quorum ? u"quorum"_s : u"stream"_s);
        run.wait(channel->declareQueue(queue,
                                       QAmqpQueueOptions()
                                               .setDurable(options.persistent || quorum || stream)
                                               .setArguments(table)));
        if (!options.exchange.isEmpty() && !options.exchange.startsWith("amq."_L1)) {
            const QString type = arguments.isSet("type") ? arguments.value("type") : u"direct"_s;
            run.wait(channel->declareExchange(options.exchange, type));
        }
        if (!options.exchange.isEmpty())
            run.wait(channel->bindQueue(queue, options.exchange, options.routingKey));
    }
}

// The load itself, from the first message to the last.
class Load
{
public:
    Load(Run &run, const PerfOptions &options, PerfTotals &totals, const QString &queue)
        : m_run(run), m_totals(totals)
    {
        for (int i = 0; i < options.consumers; ++i)
            m_consumers.push_back(std::make_unique<Consumer>(run, options, totals));
        for (const auto &consumer : m_consumers) {
            prepareQueue(run, consumer->session(), queue, options);
            consumer->start(run, queue);
        }
        for (int i = 0; i < options.producers; ++i) {
            m_producers.push_back(std::make_unique<Producer>(run, options, totals));
            prepareQueue(run, m_producers.back()->session(), queue, options);
        }
    }

    void run(const PerfOptions &options)
    {
        m_totals.begin = nanoseconds();
        PerfTicker ticker(m_run, m_totals);
        QTimer second;
        bool tick = false;
        second.callOnTimeout([&tick] { tick = true; });
        second.start(1s);
        QTimer end;
        end.setSingleShot(true);
        end.setTimerType(Qt::PreciseTimer);
        end.callOnTimeout([this] { stop(); });
        if (options.duration)
            end.start(*options.duration);
        while (!isOver()) {
            m_run.check();
            // Producers without a limit of their own go on until the consumers have all their messages.
            if (!m_stopped && options.producerMessages == 0 && options.consumerMessages > 0
                && !m_consumers.empty() && all(m_consumers, &Consumer::isDone))
                stop();
            bool busy = false;
            for (const auto &producer : m_producers)
                busy |= producer->pump();
            QCoreApplication::processEvents(busy ? QEventLoop::AllEvents
                                                 : QEventLoop::WaitForMoreEvents);
            if (m_run.isLost())
                m_lastLost = nanoseconds();
            if (std::exchange(tick, false))
                ticker.tick();
        }
    }

    void stop()
    {
        m_stopped = QDeadlineTimer(2s);
        for (const auto &producer : m_producers)
            producer->stop();
    }

    // After Ctrl-C: waits two seconds at most for what is unconfirmed.
    void settle()
    {
        stop();
        Run::settle([this] { return all(m_producers, &Producer::isSettled); }, 2s);
    }

    // Closes all at the same time, and with a limit, since a broker that takes no messages does not answer.
    void close()
    {
        for (const auto &producer : m_producers)
            producer->session().beginClose();
        for (const auto &consumer : m_consumers)
            consumer->session().beginClose();
        const auto closed = [](const auto &client) { return client->session().isClosed(); };
        Run::settle(
                [&] {
                    return std::all_of(m_producers.begin(), m_producers.end(), closed)
                            && std::all_of(m_consumers.begin(), m_consumers.end(), closed);
                },
                2s);
    }

private:
    template<typename List, typename Member>
    static bool all(const List &list, Member member)
    {
        return std::all_of(list.begin(), list.end(),
                           [member](const auto &element) { return ((*element).*member)(); });
    }

    // Whether everything is sent and answered for and, unless the time is up, the consumers are done: they
    // have their number of messages or all that was sent, or nothing has come for a second.
    bool isOver() const
    {
        if (m_stopped && m_stopped->hasExpired())
            return true;
        if (!all(m_producers, &Producer::isSettled))
            return false;
        if (m_stopped || m_consumers.empty() || all(m_consumers, &Consumer::isDone))
            return true;
        if (m_producers.empty())
            return false;
        const qint64 last = std::max({m_totals.lastReceived, m_totals.lastSent, m_lastLost});
        return m_totals.received >= m_totals.sent - m_totals.nacked - m_totals.returned
                || nanoseconds() - last > std::chrono::nanoseconds(1s).count();
    }

    Run &m_run;
    PerfTotals &m_totals;
    std::vector<std::unique_ptr<Producer>> m_producers;
    std::vector<std::unique_ptr<Consumer>> m_consumers;
    qint64 m_lastLost = 0; // when a connection was lost for the last time
    std::optional<QDeadlineTimer> m_stopped; // until when to wait for what is still on its way
};

// Returns why the report could not be printed.
std::optional<Failure> measure(Run &run, const PerfOptions &options, PerfTotals &totals,
                               const QString &queue)
{
    Load load(run, options, totals, queue);
    run.setDoing(u"measuring"_s);
    try {
        load.run(options);
    } catch (const Failure &) {
        if (run.stopSignal())
            load.settle();
        if (totals.begin > 0 && totals.sent + totals.received > 0)
            tryPrint(report(run, options, totals));
        throw;
    }
    const auto printed = tryPrint(report(run, options, totals));
    load.close();
    return printed;
}

// Removes the queue over a new channel, since an error may have closed that of the session.
void removeQueue(Session &session, const QString &queue)
{
    QAmqpChannel *channel = session.channel();
    if (!channel->isOpen())
        channel = session.connection().createChannel();
    const auto isUseless = [&] {
        return session.connection().state() != QAmqpConnection::State::Open;
    };
    if (!Run::settle([&] { return channel->isOpen() || isUseless(); }, 2s) || isUseless())
        return;
    const auto removed = channel->deleteQueue(queue);
    Run::settle([&] { return removed.isFinished(); }, 2s);
}

void perf(Run &run)
{
    PerfOptions options(run.arguments());
    PerfTotals totals;
    const QString queue = queueName(run.arguments());
    if (options.exchange.isEmpty())
        options.routingKey = queue;
    const bool isOurs = !run.arguments().isSet("queue");
    Session session(run);
    std::optional<Failure> failure;
    try {
        prepareQueue(run, session, queue, options);
        failure = measure(run, options, totals, queue);
    } catch (const Failure &thrown) {
        failure = thrown;
    }
    if (isOurs)
        removeQueue(session, queue);
    if (failure && failure->status != Done) // Done: only the reader of the output has gone away
        throw *failure;
    session.close();
    if (totals.nacked + totals.returned > 0) {
        throw Failure{
                NotTaken,
                u"%1 messages were nacked, %2 returned"_s.arg(totals.nacked).arg(totals.returned)};
    }
}

constexpr Option options[] = {
        {"x,producers", "N", "How many connections publish, 1 by default."},
        {"y,consumers", "N", "How many connections consume, 1 by default."},
        {"s,size", "N", "The size of a body in bytes, 12 by default; it begins with a time stamp."},
        {"r,rate", "N", "How many messages each producer sends in a second, no limit by default."},
        {"c,confirm", "N", "Ask for confirms, at most N outstanding for each producer."},
        {"q,qos,prefetch", "N",
         "How many messages each consumer may have unacknowledged, no limit by default."},
        {"a,autoack,no-ack", nullptr, "Consume without acknowledgement."},
        {"A,multi-ack-every", "N", "Acknowledge N messages at once."},
        {"z,duration,time", "SECONDS",
         "How long to measure, 10 by default if no number of messages is given."},
        {"C,count,pmessages", "N", "How many messages each producer sends."},
        {"D,cmessages", "N", "How many messages each consumer takes."},
        {"f,flag", "FLAG", "Publish messages that are persistent or mandatory. Repeatable.",
         "persistent mandatory"},
        {"u,queue", "QUEUE",
         "Use this queue and keep it; by default a temporary one is deleted at the end."},
        {"p,predeclared", nullptr, "The queue exists with its bindings: declare nothing."},
        {"quorum-queue", nullptr, "Declare a quorum queue."},
        {"stream-queue", nullptr, "Declare a stream; it needs --prefetch."},
        {"argument", "KEY=TYPE:VALUE", "An argument of the queue. Repeatable."},
        {"e,exchange", "EXCHANGE",
         "Publish to this exchange, declared unless its name begins with amq."},
        {"t,type", "TYPE", "The exchange's type, direct by default.",
         "direct fanout topic headers"},
        {"k,routing-key", "KEY", "The routing key of the queue's binding and of the messages."},
        retryOption,
};

} // namespace

const Command perfCommand = {
        "perf",
        "",
        0,
        "Measure rates and latencies",
        "Options mean what they mean to RabbitMQ's PerfTest. Prints a line each second, and at the end\n"
        "the rates and the latencies from publish to delivery (and to confirm). Latencies between processes\n"
        "are right on one machine only, since they are taken by its clock. When the time is up, consumers stop\n"
        "too; with a number of messages they take all that was sent. --json prints only the end. If a\n"
        "connection is lost it goes on when that is back; what was not confirmed then counts as indeterminate.\n",
        "qamqp perf -x 2 -y 2 --size 1024 --confirm 200 --prefetch 100 --time 1\n"
        "qamqp perf --rate 1000 --flag persistent --quorum-queue --confirm 50 --prefetch 50 -z 1 --json\n"
        "qamqp perf --consumers 0 --queue events --pmessages 1000\n"
        "qamqp perf --producers 0 --queue events --predeclared --cmessages 1000\n",
        options,
        perf,
};

} // namespace Tool
