// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp move and copy: messages of a queue are published elsewhere as they are. A message is acknowledged when the
// broker has confirmed that it has it at its target; what is to stay is held unacknowledged, and so in its place, until
// the end.

#include "filter.h"
#include "json.h"
#include "output.h"
#include "sender.h"

#include <deque>
#include <map>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

struct Target
{
    QString exchange;
    std::optional<QString> routingKey; // that of the message, if there is none

    bool isQueue(const QString &name) const { return exchange.isEmpty() && routingKey == name; }
};

Target readTarget(const Arguments &arguments)
{
    const bool toExchange = arguments.isSet("exchange");
    const bool toQueue = arguments.operands().size() > 1;
    if (toQueue == toExchange || (toQueue && arguments.isSet("routing-key"))) {
        throw Failure{
                BadUsage,
                u"give one of TARGET and --exchange, with --routing-key; see qamqp %1 --help"_s.arg(
                        text(arguments.command().name))};
    }
    Target target;
    target.exchange = arguments.value("exchange");
    if (toQueue)
        target.routingKey = arguments.operands().at(1);
    else if (arguments.isSet("routing-key"))
        target.routingKey = arguments.value("routing-key");
    if (target.isQueue(arguments.operands().constFirst()))
        throw Failure{BadUsage, u"SOURCE and TARGET are the same queue"_s};
    return target;
}

class Transfer
{
public:
    Transfer(Run &run, bool removes)
        : m_run(run)
        , m_removes(removes)
        , m_queue(run.arguments().operands().constFirst())
        , m_target(readTarget(run.arguments()))
        , m_filter(run.arguments())
        , m_window(size_t(windowOf(run.arguments())))
        , m_count(run.arguments().number("count", 1, std::numeric_limits<qint64>::max(),
                                         std::numeric_limits<qint64>::max()))
        , m_source(run)
        , m_link(run)
        , m_channel(m_link.channel())
    {
        using C = QAmqpChannel;
        m_channel->setConfirms(true);
        QObject::connect(m_channel, &C::confirmed, &m_scope,
                         [this](quint64 first, quint64 last) { confirmed(first, last); });
        QObject::connect(m_channel, &C::nacked, &m_scope, [this](quint64 first, quint64 last) {
            for (quint64 tag = first; tag <= last; ++tag)
                refuse(tag, u"nacked by the broker"_s);
        });
        QObject::connect(m_channel, &C::messageReturned, &m_scope,
                         [this](const QAmqpReturn &message) { returned(message); });
    }

    // Goes on to the end, or until a message is not taken.
    void run()
    {
        checkTarget();
        m_there = m_run.wait(m_source.channel()->declareQueue(m_queue,
                                                              QAmqpQueueOptions().setPassive()))
                          .messageCount;
        m_run.setDoing(u"with messages of \"%1\""_s.arg(m_queue));
        const Counting counting(m_run.progress(), [this] { return standing(); });
        m_run.waitUntil([&] {
            takeAnswers();
            ask();
            return m_asked.empty() && m_open.empty() && isEnough();
        });
        giveBack();
        m_source.close();
        m_link.close();
    }

    // The command ends by a failure: what is under way gets a short time.
    void settle()
    {
        m_isStopped = true;
        Run::settle([this] { return m_open.empty() || !m_channel->isOpen(); }, 2s);
    }

    // Prints what was done, and throws a Failure if a message was not taken.
    void report() const
    {
        if (m_refusal.isEmpty())
            return print(m_run.json() ? json() : (summary() + u'\n').toUtf8());
        if (m_run.json())
            tryPrint(json());
        throw Failure{NotTaken, u"%1; it stays in \"%2\"; %3"_s.arg(m_refusal, m_queue, summary())};
    }

    // The same for a command that ends by a failure; returns what it is to throw.
    Failure reported(const Failure &failure) const
    {
        if (m_run.json())
            tryPrint(json());
        if (m_done + m_open.size() + m_doubtful == 0)
            return failure;
        QString what = failure.text.isEmpty() ? u"stopped"_s : failure.text;
        what += u"; "_s + summary();
        if (const quint64 open = m_open.size() + m_doubtful) {
            what += u"; %1 more may be at the target too, as that was not confirmed in time"_s.arg(
                    open);
        }
        return {failure.status, what};
    }

private:
    static constexpr size_t MostAsked = 100;
    static constexpr qsizetype MostBytes = 8 * 1024 * 1024;

    Standing standing() const
    {
        return {m_done + m_filtered, u"%1 of %2 messages %3"_s.arg(m_done).arg(m_there).arg(deed()),
                m_open.empty() ? QString()
                               : u"waiting for the broker to confirm %1"_s.arg(m_open.size())};
    }

    QString deed() const { return m_removes ? u"moved"_s : u"copied"_s; }

    QString summary() const
    {
        QString line =
                u"%1: messages %2 %3"_s.arg(QAmqpError::printable(m_queue), deed()).arg(m_done);
        if (!m_filter.isEmpty())
            line += u", %1 did not pass the filter"_s.arg(m_filtered);
        return line;
    }

    QByteArray json() const
    {
        return JsonObject()
                .addText("queue", m_queue)
                .addNumber(m_removes ? "moved" : "copied", qint64(m_done))
                .addNumber("filtered_out", qint64(m_filtered))
                .addNumber("unknown", qint64(m_open.size() + m_doubtful))
                .line();
    }

    // A message that is returned would be back in its queue unharmed, but marked as redelivered.
    void checkTarget()
    {
        const std::unique_ptr<QAmqpChannel> probe(m_link.connection().createChannel());
        const bool toQueue = m_target.exchange.isEmpty();
        if (toQueue && !m_target.routingKey)
            return;
        const QAmqpError error = toQueue
                ? m_run.outcome(
                        probe->declareQueue(*m_target.routingKey, QAmqpQueueOptions().setPassive()))
                : m_run.outcome(probe->declareExchange(m_target.exchange,
                                                       QAmqpExchangeOptions().setPassive()));
        if (error && error.kind() != QAmqpError::Kind::AccessRefused)
            throw failureOf(error);
    }

    // No more than were there at the beginning, since what is published may come back into the queue.
    bool isEnough() const
    {
        return m_isStopped || m_isEmpty || m_askedFor == m_there || m_published == m_count;
    }

    void ask()
    {
        // Nobody knows how large the next ones are: first one is asked for, then more and more, as far as they fit if
        // all are as large as the largest one so far.
        const auto room = [&] {
            if (m_asked.empty() && m_open.empty())
                return true;
            const qsizetype bytes = m_openBytes + qsizetype(m_asked.size() + 1) * m_largest;
            return m_asked.size() < m_mostAsked && m_asked.size() + m_open.size() < m_window
                    && bytes <= MostBytes;
        };
        const auto wanted = [&] {
            return !isEnough() && (!m_filter.isEmpty() || m_askedFor < m_count);
        };
        while (wanted() && room()) {
            m_asked.push_back(m_source.channel()->get(m_queue));
            ++m_askedFor;
        }
    }

    void takeAnswers()
    {
        while (!m_asked.empty() && m_asked.front().isFinished()) {
            const std::optional<QAmqpDelivery> delivery = m_run.wait(m_asked.front());
            m_asked.pop_front();
            m_mostAsked = std::min(2 * m_mostAsked, MostAsked);
            if (!delivery)
                m_isEmpty = true;
            else if (!m_isStopped)
                take(*delivery);
        }
    }

    void take(const QAmqpDelivery &delivery)
    {
        m_largest = std::max(m_largest, delivery.size());
        if (m_published == m_count)
            return;
        if (!m_filter.fits(delivery)) {
            ++m_filtered;
            return;
        }
        const quint64 tag = m_channel->publish(m_target.exchange,
                                               m_target.routingKey.value_or(delivery.routingKey()),
                                               delivery, QAmqpChannel::Mandatory);
        if (tag == 0)
            throw failureOf(m_channel->lastError());
        ++m_published;
        m_openBytes += delivery.size();
        m_open.emplace(tag, delivery);
    }

    void confirmed(quint64 first, quint64 last)
    {
        for (auto it = m_open.lower_bound(first); it != m_open.end() && it->first <= last;
             it = m_open.erase(it)) {
            m_openBytes -= it->second.size();
            if (!m_removes || it->second.ack())
                ++m_done;
            else
                ++m_doubtful;
        }
    }

    // It comes before the broker confirms the message.
    void returned(const QAmqpReturn &message)
    {
        refuse(message.publishTag(),
               returnReason(u"%1 %2"_s.arg(message.replyCode()).arg(message.replyText()),
                            message.exchange(), message.routingKey()));
    }

    void refuse(quint64 tag, const QString &why)
    {
        const auto found = m_open.find(tag);
        if (found == m_open.end())
            return;
        if (m_refusal.isEmpty())
            m_refusal = u"message %1 %2"_s.arg(QString::number(tag), why);
        m_openBytes -= found->second.size();
        m_open.erase(found);
        m_isStopped = true;
    }

    // By a request that is answered, so that all is back in the queue when the command has ended.
    void giveBack()
    {
        m_source.channel()->nackAll(QAmqpDelivery::Requeue);
        m_run.wait(m_source.channel()->setPrefetch(0));
    }

    Run &m_run;
    const bool m_removes;
    const QString m_queue;
    const Target m_target;
    const Filter m_filter;
    const size_t m_window;
    const quint64 m_count;
    // Two connections, since a broker that is short of memory does not read those that publish, and so would not
    // take acknowledgements either.
    Session m_source;
    Session m_link;
    QAmqpChannel *const m_channel;
    std::deque<QFuture<std::optional<QAmqpDelivery>>> m_asked; // in the order of their answers
    std::map<quint64, QAmqpDelivery>
            m_open; // what is not confirmed, by the number of its publishing
    qsizetype m_openBytes = 0;
    qsizetype m_largest = 0; // of the messages so far
    size_t m_mostAsked = 1;
    quint64 m_there = 0;
    quint64 m_askedFor = 0;
    quint64 m_published = 0;
    quint64 m_done = 0;
    quint64 m_filtered = 0;
    quint64 m_doubtful = 0; // confirmed, and not acknowledged, as the connection was lost
    bool m_isEmpty = false;
    bool m_isStopped = false;
    QString m_refusal; // why the first message was not taken
    QObject m_scope; // ends the connections to the channel, which outlives what they use
};

void transfer(Run &run, bool removes)
{
    Transfer transfer(run, removes);
    try {
        transfer.run();
    } catch (const Failure &failure) {
        transfer.settle();
        throw transfer.reported(failure);
    }
    transfer.report();
}

void move(Run &run) { transfer(run, true); }

void copy(Run &run) { transfer(run, false); }

constexpr Option options[] = {
        {"e,exchange", "EXCHANGE", "Publish to this exchange instead of a queue."},
        {"r,routing-key", "KEY", "With --exchange; each message keeps its own by default."},
        {"n,count", "N", "Take no more than N messages."},
        filterOption,
        windowOption,
};

} // namespace

const Command moveCommand = {
        "move",
        "SOURCE [TARGET]",
        2,
        "Move messages from a queue to another or to an exchange",
        "Publishes the messages that are in the queue SOURCE to the queue TARGET, or to --exchange, each with its\n"
        "body, properties and headers byte for byte, and prints how many these were. A message is taken out of\n"
        "SOURCE when the broker has confirmed that it has it at the target. One that is nacked or reaches no queue\n"
        "stays in SOURCE and ends the command with status 4. What is published to SOURCE meanwhile stays there.\n"
        "What does not pass --filter stays in its place, as far as the broker puts it back there; until the end\n"
        "other consumers do not get it, and it is marked as redelivered then.\n"
        "If the connection is lost or the command is killed, messages that were published and not confirmed may be\n"
        "in both places; it says how many these are.\n"
        "NAME in a filter is exchange, routing-key, redelivered, body, size, headers (as JSON), header:NAME,\n"
        "timestamp, or a property. A header that is no text counts as the text in decimal or JSON.\n",
        "qamqp declare queue dead\n"
        "qamqp declare queue jobs\n"
        "qamqp move dead jobs\n"
        "qamqp move dead jobs --count 10 --filter 'header:tenant=acme-*' --filter 'body~timeout'\n"
        "qamqp move dead --exchange amq.topic --filter 'routing-key=jobs.*'\n",
        options,
        move,
};

const Command copyCommand = {
        "copy",
        "SOURCE [TARGET]",
        2,
        "Copy messages of a queue to another or to an exchange",
        "Does what move does, but leaves the messages in SOURCE. They are marked as redelivered, and a quorum queue\n"
        "counts one more delivery for each, of which it may have a limit. Until the end the messages are held, so\n"
        "that other consumers of SOURCE do not get them.\n",
        "qamqp declare queue jobs\n"
        "qamqp declare queue trial\n"
        "qamqp copy jobs trial --count 100\n"
        "qamqp copy jobs trial --filter 'type!=heartbeat'\n",
        options,
        copy,
};

} // namespace Tool
