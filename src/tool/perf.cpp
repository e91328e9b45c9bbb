// qamqp perf: how much, and how fast.

#include "json.h"
#include "output.h"
#include "perfload.h"
#include "typedvalue.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

// The queue to measure with: declared unless --predeclared, bound if there is an exchange.
QString prepareQueue(Run &run, Session &session, PerfOptions &options)
{
    const Arguments &arguments = run.arguments();
    QAmqpChannel *channel = session.channel();
    QString queue = arguments.value("queue");
    if (arguments.isSet("predeclared")) {
        if (queue.isEmpty())
            throw Failure{BadUsage, u"--predeclared needs --queue"_s};
    } else {
        QAmqpTable table = readTable(arguments.values("argument"), "argument");
        const bool quorum = arguments.isSet("quorum-queue");
        const bool stream = arguments.isSet("stream-queue");
        arguments.refuseTogether("quorum-queue", "stream-queue");
        if (quorum || stream)
            table.insert(u"x-queue-type"_s, quorum ? u"quorum"_s : u"stream"_s);
        queue = run.wait(channel->declareQueue(
                                 queue,
                                 QAmqpQueueOptions()
                                         .setDurable(options.persistent || quorum || stream)
                                         .setArguments(table)))
                        .name;
        if (!options.exchange.isEmpty() && !options.exchange.startsWith("amq."_L1)) {
            const QString type = arguments.isSet("type") ? arguments.value("type") : u"direct"_s;
            run.wait(channel->declareExchange(options.exchange, type));
        }
        if (!options.exchange.isEmpty())
            run.wait(channel->bindQueue(queue, options.exchange, options.routingKey));
    }
    if (options.exchange.isEmpty())
        options.routingKey = queue;
    return queue;
}

double perSecond(quint64 count, qint64 nanoseconds)
{
    return nanoseconds > 0 ? double(count) * 1e9 / double(nanoseconds) : 0;
}

QString milliseconds(quint64 nanoseconds)
{
    return QString::number(double(nanoseconds) / 1e6, 'f', 3);
}

// One line each second, of that second alone.
class Ticker
{
public:
    Ticker(Run &run, PerfTotals &totals) : m_run(run), m_totals(totals), m_last(totals.begin) { }

    void tick()
    {
        const qint64 now = nanoseconds();
        const auto rate = [&](quint64 PerfCounts::*member) {
            return qRound64(perSecond(m_totals.*member - m_before.*member, now - m_last));
        };
        QString line = u"%1 s: sent %2/s"_s.arg(double(now - m_totals.begin) / 1e9, 0, 'f', 1)
                               .arg(rate(&PerfCounts::sent));
        if (m_totals.confirmed + m_totals.nacked > 0)
            line += u", confirmed %1/s"_s.arg(rate(&PerfCounts::confirmed));
        if (m_totals.nacked > 0)
            line += u", nacked %1/s"_s.arg(rate(&PerfCounts::nacked));
        line += u", received %1/s"_s.arg(rate(&PerfCounts::received));
        if (Histogram &recent = m_totals.recentLatency; recent.count() > 0) {
            line += u", latency p50 %1 p99 %2 max %3 ms"_s.arg(milliseconds(recent.percentile(50)),
                                                               milliseconds(recent.percentile(99)),
                                                               milliseconds(recent.most()));
            recent.clear();
        }
        if (m_run.json())
            m_progress.show(line);
        else
            print(line.toUtf8() + '\n');
        m_before = m_totals;
        m_last = now;
    }

private:
    Run &m_run;
    PerfTotals &m_totals;
    PerfCounts m_before;
    qint64 m_last;
    Progress m_progress;
};

constexpr std::pair<const char *, double> percentiles[] = {
        {"p50", 50}, {"p95", 95}, {"p99", 99}, {"p99.9", 99.9}};

QByteArray latencyJson(const Histogram &latency)
{
    JsonObject json;
    const auto add = [&json](const char *name, quint64 nanoseconds) {
        json.addReal(name, double(nanoseconds) / 1e6, 3);
    };
    add("min", latency.least());
    for (const auto &[name, percent] : percentiles)
        add(name, latency.percentile(percent));
    add("max", latency.most());
    return json.json();
}

QString latencyText(const char *name, const Histogram &latency)
{
    QString line = u"%1: min %2"_s.arg(QLatin1StringView(name), milliseconds(latency.least()));
    for (const auto &[label, percent] : percentiles)
        line += u", %1 %2"_s.arg(QLatin1StringView(label),
                                 milliseconds(latency.percentile(percent)));
    return line + u", max %1 ms\n"_s.arg(milliseconds(latency.most()));
}

void report(Run &run, const PerfOptions &options, const PerfTotals &totals)
{
    const double sendRate = perSecond(totals.sent, totals.lastSent - totals.begin);
    const double receiveRate = perSecond(totals.received, totals.lastReceived - totals.begin);
    if (run.json()) {
        JsonObject json;
        json.addNumber("producers", options.producers)
                .addNumber("consumers", options.consumers)
                .addNumber("size", options.size)
                .addNumber("sent", qint64(totals.sent))
                .addNumber("confirmed", qint64(totals.confirmed))
                .addNumber("nacked", qint64(totals.nacked))
                .addNumber("returned", qint64(totals.returned))
                .addNumber("received", qint64(totals.received))
                .addReal("send_rate", sendRate, 1)
                .addReal("receive_rate", receiveRate, 1);
        if (totals.latency.count() > 0)
            json.add("latency_ms", latencyJson(totals.latency));
        if (totals.confirmLatency.count() > 0)
            json.add("confirm_latency_ms", latencyJson(totals.confirmLatency));
        return print(json.line());
    }
    QString text = u"sent %1 (%2/s), received %3 (%4/s)"_s.arg(totals.sent)
                           .arg(sendRate, 0, 'f', 0)
                           .arg(totals.received)
                           .arg(receiveRate, 0, 'f', 0);
    if (options.window > 0)
        text += u", confirmed %1, nacked %2"_s.arg(totals.confirmed).arg(totals.nacked);
    if (totals.returned > 0)
        text += u", returned %1"_s.arg(totals.returned);
    text += u'\n';
    if (totals.latency.count() > 0)
        text += latencyText("latency", totals.latency);
    if (totals.confirmLatency.count() > 0)
        text += latencyText("confirm latency", totals.confirmLatency);
    print(text.toUtf8());
}

// The load itself, from the first message to the last.
class Load
{
public:
    Load(Run &run, const PerfOptions &options, PerfTotals &totals, const QString &queue)
        : m_run(run), m_totals(totals)
    {
        for (int i = 0; i < options.consumers; ++i)
            m_consumers.push_back(std::make_unique<Consumer>(run, options, totals, queue));
        for (int i = 0; i < options.producers; ++i)
            m_producers.push_back(std::make_unique<Producer>(run, options, totals));
    }

    void run(const PerfOptions &options)
    {
        m_totals.begin = nanoseconds();
        Ticker ticker(m_run, m_totals);
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
            bool busy = false;
            for (const auto &producer : m_producers)
                busy |= producer->pump();
            QCoreApplication::processEvents(busy ? QEventLoop::AllEvents
                                                 : QEventLoop::WaitForMoreEvents);
            if (std::exchange(tick, false))
                ticker.tick();
        }
    }

    void stop()
    {
        m_stopped = true;
        for (const auto &producer : m_producers)
            producer->stop();
    }

    // After Ctrl-C: what is unconfirmed gets two seconds.
    void settle()
    {
        stop();
        Run::settle([this] { return all(m_producers, &Producer::isSettled); }, 2s);
    }

    void close()
    {
        for (const auto &producer : m_producers)
            producer->close();
        for (const auto &consumer : m_consumers)
            consumer->close();
    }

private:
    template<typename List, typename Member>
    static bool all(const List &list, Member member)
    {
        return std::all_of(list.begin(), list.end(),
                           [member](const auto &element) { return ((*element).*member)(); });
    }

    // Everything is sent and answered for, and, unless the time is up, the consumers have what they
    // want: their number of messages, or what was sent, or nothing new for a second.
    bool isOver() const
    {
        if (!all(m_producers, &Producer::isSettled))
            return false;
        if (m_stopped || m_consumers.empty() || all(m_consumers, &Consumer::isDone))
            return true;
        if (m_producers.empty())
            return false;
        const qint64 last = std::max(m_totals.lastReceived, m_totals.lastSent);
        return m_totals.received >= m_totals.sent - m_totals.nacked - m_totals.returned
                || nanoseconds() - last > std::chrono::nanoseconds(1s).count();
    }

    Run &m_run;
    PerfTotals &m_totals;
    std::vector<std::unique_ptr<Producer>> m_producers;
    std::vector<std::unique_ptr<Consumer>> m_consumers;
    bool m_stopped = false;
};

void measure(Run &run, PerfOptions &options, PerfTotals &totals, const QString &queue)
{
    Load load(run, options, totals, queue);
    run.setDoing(u"measuring"_s);
    try {
        load.run(options);
    } catch (const Failure &) {
        if (run.stopSignal())
            load.settle();
        if (totals.begin > 0 && totals.sent + totals.received > 0)
            report(run, options, totals);
        throw;
    }
    report(run, options, totals);
    load.close();
}

void perf(Run &run)
{
    PerfOptions options(run.arguments());
    PerfTotals totals;
    Session session(run);
    const QString queue = prepareQueue(run, session, options);
    const auto clean = [&] {
        if (!run.arguments().isSet("queue") && session.channel()->isOpen()) {
            const auto removed = session.channel()->deleteQueue(queue);
            Run::settle([&] { return removed.isFinished(); }, 2s);
        }
    };
    try {
        measure(run, options, totals, queue);
    } catch (const Failure &) {
        clean();
        throw;
    }
    clean();
    session.close();
    if (totals.nacked + totals.returned > 0) {
        throw Failure{
                NotTaken,
                u"%1 messages were nacked, %2 returned"_s.arg(totals.nacked).arg(totals.returned)};
    }
}

constexpr Option options[] = {
        {"x,producers", "N", "Connections that publish, 1 by default."},
        {"y,consumers", "N", "Connections that consume, 1 by default."},
        {"s,size", "N", "Octets of a body, 12 by default; it begins with a time stamp."},
        {"r,rate", "N", "Messages a second for each producer, no limit by default."},
        {"c,confirm", "N", "Ask for confirms, at most N outstanding for each producer."},
        {"q,qos,prefetch", "N", "Unacknowledged messages for each consumer, no limit by default."},
        {"a,autoack,no-ack", nullptr, "Consume without acknowledgement."},
        {"A,multi-ack-every", "N", "Acknowledge N messages at once."},
        {"z,duration,time", "SECONDS",
         "How long, 10 by default if no number of messages is given."},
        {"C,count,pmessages", "N", "Messages for each producer."},
        {"D,cmessages", "N", "Messages for each consumer."},
        {"f,flag", "FLAG", "persistent or mandatory. Repeatable."},
        {"u,queue", "QUEUE", "The queue, which stays; by default one that goes at the end."},
        {"p,predeclared", nullptr, "The queue exists with its bindings: declare nothing."},
        {"quorum-queue", nullptr, "Declare a quorum queue."},
        {"stream-queue", nullptr, "Declare a stream; it needs --prefetch."},
        {"argument", "KEY=TYPE:VALUE", "An argument of the queue. Repeatable."},
        {"e,exchange", "EXCHANGE",
         "Publish to this exchange, declared unless its name begins with amq."},
        {"t,type", "TYPE", "The exchange's type, direct by default."},
        {"k,routing-key", "KEY", "What the queue is bound and messages are published with."},
};

} // namespace

const Command perfCommand = {
        "perf",
        "",
        0,
        "Measure rates and latencies",
        "Options mean what they mean to RabbitMQ's PerfTest. Prints a line each second, and at the end\n"
        "the rates and the latencies from publish to delivery (and to confirm). Latencies between\n"
        "processes hold on one machine only, by whose clock they are taken. When the time is up consumers\n"
        "stop too; with a number of messages they take all that was sent. --json prints the end alone.\n",
        "qamqp perf\n"
        "qamqp perf -x 2 -y 2 --size 1024 --confirm 200 --prefetch 100 --time 30\n"
        "qamqp perf --rate 1000 --flag persistent --quorum-queue --confirm 50 --prefetch 50 -z 60 --json\n"
        "qamqp perf --producers 0 --queue events --predeclared --cmessages 100000\n",
        options,
        perf,
};

} // namespace Tool
