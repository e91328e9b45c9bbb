// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_COREDRIVER_H
#define QTAMQP_TESTS_COREDRIVER_H

// Carries bytes between a ConnectionCore and a script, without a loop, a socket or a clock: the test
// moves `now`. One turn is what the contract in connectioncore.h asks for; bytes come in at once, or
// one by one with a turn after each.
//
// Its destructor fails the test if the script was not played to its end, if the core asks for a wake-up
// in the past (a busy loop), or if anything was reported twice.

#include "protocol/connectioncore.h"
#include "scripted/scriptedbroker.h"

#include <QtTest/qtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

namespace QtAmqpTest {

using namespace QtAmqpPrivate;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;
using Scope = QAmqpError::Scope;
using Origin = QAmqpError::Origin;
using Phase = QAmqpError::Phase;

// Methods with what a test cares about.
inline QueueDeclare declare(QByteArrayView queue = {})
{
    QueueDeclare method;
    method.queue = queue;
    return method;
}

inline QueueBind bind(QByteArrayView queue, QByteArrayView exchange)
{
    QueueBind method;
    method.queue = queue;
    method.exchange = exchange;
    return method;
}

inline BasicConsume consume(QByteArrayView queue, QByteArrayView consumerTag, bool noAck = false)
{
    BasicConsume method;
    method.queue = queue;
    method.consumerTag = consumerTag;
    method.noAck = noAck;
    return method;
}

inline BasicPublish publishTo(QByteArrayView routingKey, bool mandatory = false)
{
    BasicPublish method;
    method.routingKey = routingKey;
    method.mandatory = mandatory;
    return method;
}

inline BasicGet get(QByteArrayView queue, bool noAck = false) { return {0, queue, noAck}; }

inline BasicGetOk getOk(quint64 deliveryTag, QByteArrayView routingKey = "q",
                        quint32 messageCount = 0)
{
    return {deliveryTag, false, {}, routingKey, messageCount};
}

inline BasicDeliver delivery(QByteArrayView consumerTag, quint64 deliveryTag,
                             QByteArrayView routingKey = "q")
{
    return {consumerTag, deliveryTag, false, {}, routingKey};
}

// Settles a message that was delivered or got, as the application does that sees it.
inline bool settle(ChannelCore *channel, const Delivered &delivered,
                   Settlement how = Settlement::Ack, bool multiple = false,
                   const DeliveryMarkPointer &mark = DeliveryMarkPointer(new DeliveryMark))
{
    mark->deliveryTag = delivered.deliveryTag;
    mark->generation = delivered.generation;
    channel->show(delivered.deliveryTag);
    return channel->settle(mark, how, multiple) == Settling::Accepted;
}

enum class Split { Whole, Bytewise };

class CoreDriver
{
public:
    // How bytes come in, for the drivers made from now on.
    static inline Split split = Split::Whole;

    // As initTestCase_data() and init() of a test class: every conversation whole and byte by byte.
    static void addSplitRows()
    {
        QTest::addColumn<bool>("bytewise");
        QTest::newRow("whole") << false;
        QTest::newRow("byte by byte") << true;
    }
    static void useSplitRow()
    {
        QFETCH_GLOBAL(bool, bytewise);
        split = bytewise ? Split::Bytewise : Split::Whole;
    }

    explicit CoreDriver(const Script &script, const QAmqpConnectionOptions &options = {})
        // A session that recovers has no end with its link, which is what most of these tests are about.
        : core(QAmqpConnectionOptions(options).setRecoveryEnabled(false)), player(script)
    {
    }
    Q_DISABLE_COPY_MOVE(CoreDriver)

    ~CoreDriver()
    {
        if (QTest::currentTestFailed())
            return;
        if (const QString text = verdict(); !text.isEmpty())
            QTest::qFail(qPrintable(text), __FILE__, __LINE__);
    }

    // --- driving ---

    void connectTransport()
    {
        m_connected = true;
        core.transportOpened(now);
        player.connected();
        run();
    }

    void open()
    {
        core.open(now);
        connectTransport();
    }

    ChannelCore *channel(quint64 nextPublishTag = 1)
    {
        ChannelCore *added = core.addChannel(nextPublishTag);
        if (added)
            m_channels.push_back(added->number());
        return added;
    }

    // Until both sides are quiet; no time passes but that of after() in the script.
    void run()
    {
        // No turn but for what happened: a deadline that is set a turn late shows.
        turn();
        while (exchange()) { }
    }

    void then(const Script &more)
    {
        player.append(more);
        run();
    }

    // Time passes, with a turn at each deadline of the core.
    void pass(std::chrono::milliseconds duration)
    {
        const TimePoint until = now + duration;
        for (auto next = core.nextTimeout(); next && *next <= until; next = core.nextTimeout()) {
            now = *next;
            run();
        }
        now = until;
        run();
    }

    // From deadline to deadline until the connection is closed, or nothing is due any more.
    void runToEnd()
    {
        run();
        for (int i = 0; i < 10000 && core.state() != ConnectionState::Closed; ++i) {
            const auto next = core.nextTimeout();
            if (!next)
                return;
            now = *next;
            run();
        }
    }

    void lose(const QString &text = u"the link is gone"_s, Kind kind = Kind::ConnectionLost)
    {
        core.transportLost(QAmqpError(kind, Scope::Connection, Origin::Transport, text));
        m_connected = false;
        turn();
    }

    void finishClose(quint16 number)
    {
        if (number == 0)
            core.finishClose();
        else if (ChannelCore *closing = core.channel(number))
            closing->finishClose();
    }

    void turn()
    {
        core.timeout(now);
        do
            takeEvents();
        while (readBodies());
        send();
        core.turnEnded(now);
        print();
        if (const auto next = core.nextTimeout(); next && *next <= now)
            object(u"after a turn the core wants to be woken at once"_s);
    }

    void takeEvents()
    {
        while (auto event = next()) {
            if (const auto *asked = std::get_if<Asked>(&*event)) {
                asked->question->ask();
                core.answered(asked->question);
                continue;
            }
            note(*event);
            if (const auto *ready = std::get_if<ReadyToClose>(&*event))
                finishClose(ready->channel);
            events.push_back(std::move(*event));
            if (onEvent)
                onEvent(Event(events.back()));
        }
    }

    // Sends what there is of bodies that come from a source; true if that made events.
    bool readBodies()
    {
        while (sendBodies(bodyRoom, [this] { return &core; }))
            send();
        return core.hasEvents();
    }

    // --- what came of it ---

    // Registers a request that must end exactly once.
    RequestId ask(RequestId request)
    {
        m_answers.emplace(request, 0);
        return request;
    }

    // Registers a publish on a confirming channel, to be settled exactly once.
    quint64 published(quint64 tag, quint16 channel = 1)
    {
        m_settled.emplace(std::pair(channel, tag), 0);
        return tag;
    }

    template<typename E>
    std::vector<E> all() const
    {
        std::vector<E> found;
        for (const Event &event : events) {
            if (const E *e = std::get_if<E>(&event))
                found.push_back(*e);
        }
        return found;
    }

    template<typename E>
    qsizetype count() const
    {
        return qsizetype(all<E>().size());
    }

    // The last event of this type, or a fresh one.
    template<typename E>
    E last() const
    {
        const std::vector<E> found = all<E>();
        return found.empty() ? E() : found.back();
    }

    QAmqpError error() const { return last<ConnectionClosed>().error; }

    bool ended(RequestId request) const
    {
        const auto answer = m_answers.find(request);
        return answer != m_answers.end() && answer->second > 0;
    }

    // How a request ended; it is an error of the test if it did not.
    Replied reply(RequestId request) const
    {
        for (const Replied &replied : all<Replied>()) {
            if (replied.request == request)
                return replied;
        }
        QTest::qFail("a request has not been answered", __FILE__, __LINE__);
        return {};
    }

    // As "confirmed 1-3, nacked 4-4".
    QString settlements(quint16 channel = 1) const
    {
        constexpr const char *names[] = {"confirmed", "nacked", "indeterminate"};
        QStringList texts;
        for (const Settled &s : all<Settled>()) {
            if (s.channel == channel)
                texts += u"%1 %2-%3"_s.arg(QLatin1String(names[int(s.outcome)]))
                                 .arg(s.firstTag)
                                 .arg(s.lastTag);
        }
        return texts.join(u", "_s);
    }

    QString verdict()
    {
        if (!m_objection.isEmpty())
            return player.report() + u": "_s + m_objection;
        if (!m_cut && !player.isExhausted())
            return u"the script was not played to its end: "_s + player.report();
        const bool closed = core.state() == ConnectionState::Closed;
        if (count<ConnectionClosed>() != qsizetype(closed))
            return u"%1: the end of the connection was told %2 times"_s.arg(player.report())
                    .arg(count<ConnectionClosed>());
        if (!closed)
            return {};
        if (!std::holds_alternative<ConnectionClosed>(events.back()))
            return player.report() + u": something came behind the end of the connection"_s;
        for (const auto &[request, answers] : m_answers) {
            if (answers != 1)
                return u"%1: request %2 ended %3 times"_s.arg(player.report())
                        .arg(request)
                        .arg(answers);
        }
        for (const auto &[publish, times] : m_settled) {
            if (times != 1)
                return u"%1: publish %2 was settled %3 times"_s.arg(player.report())
                        .arg(publish.second)
                        .arg(times);
        }
        for (const quint16 number : m_channels) {
            const auto told = all<ChannelClosed>();
            if (std::count_if(told.begin(), told.end(),
                              [&](const ChannelClosed &c) { return c.channel == number; })
                != std::count(m_channels.begin(), m_channels.end(), number))
                return u"%1: the end of channel %2 was not told once"_s.arg(player.report())
                        .arg(number);
        }
        if (core.waitingBytes() != 0)
            return u"%1: %2 bytes are said to wait"_s.arg(player.report()).arg(core.waitingBytes());
        if (core.nextTimeout())
            return player.report() + u": a closed connection still has a deadline"_s;
        return {};
    }

    // Whether the link was cut by one of the next two.
    bool isCut() const { return m_cut; }

    // How many bytes still get through before the link is cut.
    bool keepsLingering = false; // the peer does not close, though it was told all
    std::optional<qint64> inwardsLeft;
    std::optional<qint64> outwardsLeft;
    TimePoint now = TimePoint(1000h);
    ConnectionCore core;
    ScriptPlayer player;
    std::vector<Event> events;
    std::function<void(const Event &)> onEvent;
    qint64 bodyRoom = 128 * 1024; // how much of streamed bodies may wait in the output
    QByteArray written;

private:
    std::optional<Event> next()
    {
        core.findEvent();
        print();
        return core.nextEvent();
    }

    void print()
    {
        while (!core.log().isEmpty())
            core.log().take().print();
    }

    // What is left of `bytes` on the way there; none any more is the cut.
    static QByteArrayView through(std::optional<qint64> &left, QByteArrayView bytes)
    {
        if (!left)
            return bytes;
        const QByteArrayView passed = bytes.first(qsizetype(std::min<qint64>(*left, bytes.size())));
        *left -= passed.size();
        return passed;
    }
    bool isCutNow() const { return inwardsLeft == 0 || outwardsLeft == 0; }
    void cut()
    {
        m_cut = true;
        if (core.state() != ConnectionState::Closed)
            lose();
    }

    bool exchange()
    {
        if (core.state() == ConnectionState::Closed) {
            if (std::exchange(m_connected, false))
                player.clientClosed();
            if (core.isLingering() && !keepsLingering)
                core.transportLost({}); // the peer has read all, and closes
            return false;
        }
        if (!m_connected)
            return false;
        if (isCutNow()) {
            cut();
            return false;
        }
        bool progress = false;
        if (const QByteArray bytes = player.takeOutput(); !bytes.isEmpty()) {
            feed(bytes);
            progress = true;
        }
        if (player.wantsDrop()) {
            player.dropped();
            lose();
            return false;
        }
        if (const auto delay = player.delay()) {
            now += *delay;
            player.waited();
            turn();
            progress = true;
        }
        if (player.hasFailed()) {
            lose();
            return false;
        }
        return progress || core.state() == ConnectionState::Closed;
    }

    void feed(QByteArrayView bytes)
    {
        bytes = through(inwardsLeft, bytes);
        if (split == Split::Whole) {
            core.receive(bytes, now);
            return turn();
        }
        for (const char byte : bytes) {
            if (core.state() == ConnectionState::Closed || !m_connected)
                return;
            core.receive(QByteArrayView(&byte, 1), now);
            turn();
        }
    }

    void send()
    {
        for (QByteArray block = core.takeOutput(); !block.isEmpty(); block = core.takeOutput()) {
            const QByteArrayView passed = through(outwardsLeft, block);
            written += passed;
            player.receive(passed.toByteArray());
        }
    }

    void object(const QString &text)
    {
        if (m_objection.isEmpty())
            m_objection = text;
    }

    void note(const Event &event)
    {
        if (std::holds_alternative<AttemptFailed>(event)) {
            send(); // before the transport ends
            if (std::exchange(m_connected, false))
                player.clientClosed();
        }
        if (const auto *replied = std::get_if<Replied>(&event)) {
            if (replied->request == 0)
                object(u"a reply was told for no request"_s);
            answered(replied->request);
        } else if (const auto *got = std::get_if<Got>(&event)) {
            answered(got->request);
        } else if (const auto *settled = std::get_if<Settled>(&event)) {
            for (quint64 tag = settled->firstTag; tag <= settled->lastTag; ++tag) {
                if (const auto publish = m_settled.find({settled->channel, tag});
                    publish != m_settled.end() && ++publish->second > 1)
                    object(u"publish %1 was settled twice"_s.arg(tag));
            }
        }
    }

    void answered(RequestId request)
    {
        if (const auto answer = m_answers.find(request);
            answer != m_answers.end() && ++answer->second > 1)
            object(u"request %1 ended twice"_s.arg(request));
    }

    bool m_connected = false;
    bool m_cut = false;
    std::vector<quint16> m_channels;
    std::map<RequestId, int> m_answers;
    std::map<std::pair<quint16, quint64>, int> m_settled;
    QString m_objection;
};

} // namespace QtAmqpTest

#endif
