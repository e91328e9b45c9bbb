// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A client does random things while its link is lost at random moments. Every publish and every request ends once,
// nothing that was confirmed is lost, nothing that was acknowledged comes back, and the broker objects to nothing. A
// run that fails prints its number; QTAMQP_RUN=number runs it alone, and QTAMQP_RUNS=number makes as many runs.

#include "testmain.h"

#include "recoveryscene.h"

#include <QtCore/qelapsedtimer.h>
#include <QtCore/qset.h>

#include <random>

using namespace QtAmqpTest;

namespace {

class Run
{
public:
    explicit Run(quint32 seed) : m_random(seed), m_scene(recovering())
    {
        m_scene.pair.client = std::make_unique<ConnectionCore>(
                recovering().setRetryPolicy(QAmqpRetryPolicy::endless()), seed);
        m_scene.onEvent = [this](const Event &event) { happened(event); };
    }

    // Returns what is wrong, or nothing.
    QString go()
    {
        setUp();
        const int steps = 20 + below(60);
        for (int i = 0; i < steps && m_objections.isEmpty(); ++i) {
            step();
            if (below(3) == 0)
                settleDown();
            if (below(5) == 0)
                lose();
        }
        end();
        return m_objections.isEmpty() ? QString() : m_objections.constFirst();
    }

    int losses() const { return m_losses; }
    int published() const { return m_lastNumber; }
    qsizetype delivered() const { return m_delivered; }

private:
    struct Channel
    {
        ChannelCore *core = nullptr;
        quint32 generation = 0;
        bool isTransactional = false;
        std::vector<Delivered> unsettled = {};
        QByteArrayList tags = {}; // of consumers that run
        QList<int> transaction = {}; // what was published in it
    };
    struct Publish
    {
        int number = 0;
        int outcomes = 0;
    };

    int below(int limit) { return int(m_random() % quint32(limit)); }
    void object(const QString &what) { m_objections.append(what); }
    Channel &any() { return m_channels[size_t(below(int(m_channels.size())))]; }
    QByteArray anyQueue() { return "d" + QByteArray::number(below(3)); }
    RequestId ask(RequestId request)
    {
        m_requests[request] = 0;
        return request;
    }
    CorePair &pair() { return m_scene.pair; }

    void setUp()
    {
        for (int i = 0; i < 3; ++i) {
            Channel channel;
            channel.core = pair().client->addChannel(1);
            channel.isTransactional = i == 2;
            m_channels.push_back(channel);
        }
        pair().open();
        if (below(2))
            pair().pieceSize = [this](qsizetype most) {
                return 1 + below(int(std::min<qsizetype>(most, 1 << below(10))));
            };
        m_channels[0].core->selectConfirms();
        m_channels[1].core->selectConfirms();
        ask(m_channels[2].core->selectTransactions());
        ChannelCore *const first = m_channels[0].core;
        for (const char *queue : {"d0", "d1", "d2"})
            ask(first->request(durable(queue)));
        ask(first->request(exchange("x")));
        ask(first->request(exclusive("own")));
        ask(first->request(bind("own", "x")));
        ask(first->request(exclusive({})));
        m_named = first->lastDeclared();
        ask(first->request(bind({}, "x"), m_named));
        m_scene.pair.run();
    }

    void step()
    {
        switch (below(14)) {
        case 0:
        case 1:
        case 2:
        case 3: return publish(any());
        case 4:
        case 5: return consumeSome(any());
        case 6: return cancelOne(any());
        case 7:
        case 8:
        case 9: return settleOne(any());
        case 10: return getOne(any());
        case 11: return declareSome(any());
        case 12: return commit(m_channels[2]);
        default: return;
        }
    }

    void publish(Channel &channel)
    {
        for (int i = below(5); i >= 0; --i) {
            const int number = ++m_lastNumber;
            QAmqpMessage message =
                    persistent(QByteArray::number(number).leftJustified(below(8) ? 0 : 5000, '.'));
            const quint64 tag = channel.core->publish(publishTo(anyQueue()), message);
            if (channel.isTransactional)
                channel.transaction.append(number);
            else
                m_publishes[{channel.core->number(), tag}] = {number};
        }
        if (below(2))
            channel.core->publish(publishTo("k", "x"), QByteArray("0"));
        else
            return;
        if (!channel.isTransactional)
            m_publishes[{channel.core->number(), channel.core->nextPublishTag() - 1}] = {0};
    }

    void consumeSome(Channel &channel)
    {
        if (channel.tags.size() > 3)
            return;
        const QByteArray tag = "c" + QByteArray::number(++m_lastTag);
        BasicConsume method = consume({}, tag);
        const std::optional<quint16> prefetch =
                below(2) ? std::optional(quint16(below(4))) : std::nullopt;
        RequestId request = 0;
        QByteArray queue = anyQueue();
        switch (below(4)) {
        case 0:
            method.noAck = below(2) == 0; // what is on its way when the link is lost is lost too
            request = channel.core->consume(method, m_named, prefetch);
            break;
        case 1: { // comes and goes with its consumer
            queue = "a" + tag;
            QueueDeclare declared = declare(queue);
            declared.autoDelete = true;
            ask(channel.core->request(declared));
            ask(channel.core->request(bind(queue, "x")));
            [[fallthrough]];
        }
        default: method.queue = queue; request = channel.core->consume(method, {}, prefetch);
        }
        m_consumers[ask(request)] = method.noAck;
        channel.tags.append(tag);
    }

    void cancelOne(Channel &channel)
    {
        if (channel.tags.isEmpty())
            return;
        const QByteArray tag = channel.tags.takeAt(below(int(channel.tags.size())));
        ask(channel.core->cancel(tag));
    }

    void settleOne(Channel &channel)
    {
        if (channel.unsettled.empty())
            return;
        const auto at = channel.unsettled.begin() + below(int(channel.unsettled.size()));
        const Delivered delivered = *at;
        channel.unsettled.erase(at);
        const bool requeue = below(4) == 0;
        const bool accepted =
                settle(channel.core, delivered, requeue ? Settlement::Requeue : Settlement::Ack);
        if (accepted && delivered.generation != channel.generation)
            object(u"an acknowledgement of an old link was accepted"_s);
        if (!accepted || requeue)
            return;
        const int number = numberOf(delivered);
        m_acknowledged.insert(number);
        if (!channel.isTransactional)
            m_onTheirWay.insert(number);
    }

    void getOne(Channel &channel)
    {
        BasicGet method;
        const QByteArray queue = anyQueue();
        method.queue = queue;
        m_gets.insert(ask(channel.core->request(method)));
    }

    void declareSome(Channel &channel)
    {
        const QByteArray key = QByteArray::number(++m_lastTag);
        switch (below(4)) {
        case 0: ask(channel.core->request(bind("own", "x", key))); return;
        case 1: ask(channel.core->request(bind({}, "x", key), m_named)); return;
        case 2: {
            const QByteArray queue = "t" + key;
            QueueDelete method;
            method.queue = queue;
            ask(channel.core->request(exclusive(queue)));
            ask(channel.core->request(bind(queue, "x", key)));
            ask(channel.core->request(method));
            return;
        }
        default: ask(channel.core->setPrefetch(quint16(below(5)), false)); return;
        }
    }

    void commit(Channel &channel)
    {
        const RequestId request = channel.core->request(TxCommit{});
        m_commits[ask(request)] = std::exchange(channel.transaction, {});
    }

    void settleDown()
    {
        const int before = m_losses;
        pair().run();
        if (before == m_losses && pair().client->state() == ConnectionState::Open
            && !pair().client->isRecovering())
            m_gone.unite(std::exchange(m_onTheirWay, {}));
    }

    void lose()
    {
        switch (below(5)) {
        case 0: pair().cut(); break;
        case 1: pair().cutToBroker = pair().toBroker.passed + below(3000); break;
        case 2: pair().cutToClient = pair().toClient.passed + below(3000); break;
        case 3: pair().broker.restart(Broker::BrokerCore::Stop::Killed, pair().now); break;
        default: pair().broker.restart(Broker::BrokerCore::Stop::Orderly, pair().now);
        }
        pair().onCut = [this] {
            pair().cutToBroker = pair().cutToClient = std::nullopt;
            if (below(4) == 0)
                pair().cutToBroker = below(2000);
        };
        if (below(3))
            pair().pass(std::chrono::milliseconds(below(1000)));
    }

    void end()
    {
        pair().cutToBroker = pair().cutToClient = std::nullopt;
        for (int i = 0; i < 20; ++i)
            pair().pass(10s);
        if (pair().client->isRecovering() || pair().client->state() != ConnectionState::Open)
            object(u"it did not recover"_s);
        settleDown();
        for (const auto &[request, ends] : m_requests) {
            if (ends != 1)
                object(u"request %1 ended %2 times"_s.arg(request).arg(ends));
        }
        for (const auto &[key, publish] : m_publishes) {
            if (publish.outcomes != 1)
                object(u"publish %1 had %2 outcomes"_s.arg(key.second).arg(publish.outcomes));
        }
        if (pair().client->waitingBytes() != 0)
            object(u"%1 bytes are said to wait"_s.arg(pair().client->waitingBytes()));
        const auto consumers = [&] {
            qsizetype count = 0;
            for (const auto &[name, queue] : m_scene.host().queues())
                count += qsizetype(queue->consumers().size());
            return count;
        }();
        qsizetype expected = 0;
        for (const Channel &channel : m_channels)
            expected += channel.tags.size();
        if (consumers != expected)
            object(u"there are %1 consumers instead of %2"_s.arg(consumers).arg(expected));
        m_isOver = true;
        pair().client->abort();
        pair().run();
        QSet<int> left;
        for (const char *queue : {"d0", "d1", "d2"}) {
            while (const auto message = pair().broker.take("/", queue, pair().now))
                left.insert(numberOf(message->content));
        }
        for (const int number : std::as_const(m_confirmed)) {
            if (!left.contains(number) && !m_acknowledged.contains(number))
                object(u"message %1 was confirmed and is lost"_s.arg(number));
        }
        for (const int number : std::as_const(m_gone)) {
            if (left.contains(number))
                object(u"message %1 was acknowledged and is there"_s.arg(number));
        }
    }

    static int numberOf(const QAmqpMessage &message)
    {
        const QByteArray body = message.body();
        return body.first(body.indexOf('.') < 0 ? body.size() : body.indexOf('.')).toInt();
    }
    static int numberOf(const Delivered &delivered) { return numberOf(delivered.message); }

    void happened(const Event &event)
    {
        if (m_isOver)
            return;
        m_scene.events.clear();
        m_scene.asked.clear();
        if (const auto *replied = std::get_if<Replied>(&event)) {
            ended(*replied);
        } else if (const auto *settled = std::get_if<Settled>(&event)) {
            for (quint64 tag = settled->firstTag; tag <= settled->lastTag; ++tag) {
                Publish &publish = m_publishes[{settled->channel, tag}];
                ++publish.outcomes;
                if (settled->outcome == Outcome::Confirmed && publish.number != 0)
                    m_confirmed.insert(publish.number);
            }
        } else if (const auto *got = std::get_if<Got>(&event)) {
            ++m_requests[got->request];
            arrived(*got, false);
        } else if (const auto *delivered = std::get_if<Delivered>(&event)) {
            arrived(*delivered, m_consumers.value(delivered->consumer));
        } else if (const auto *opened = std::get_if<ChannelOpened>(&event)) {
            m_channels[opened->channel - 1U].generation = opened->generation;
        } else if (std::holds_alternative<LinkLost>(event)) {
            ++m_losses;
            m_onTheirWay.clear();
        } else if (const auto *closed = std::get_if<ChannelClosed>(&event)) {
            object(u"channel %1 closed: %2"_s.arg(closed->channel).arg(closed->error.text()));
        } else if (const auto *over = std::get_if<ConnectionClosed>(&event)) {
            object(u"the connection closed: "_s + over->error.text());
        } else if (const auto *cancelled = std::get_if<ConsumerCancelled>(&event)) {
            object(u"consumer %1 ended: %2"_s.arg(cancelled->consumer)
                           .arg(cancelled->reason.text()));
        } else if (const auto *recovered = std::get_if<Recovered>(&event)) {
            for (const QAmqpError &skipped : recovered->report.skipped())
                object(u"skipped: "_s + skipped.text());
        }
    }

    void ended(const Replied &replied)
    {
        const auto request = m_requests.find(replied.request);
        if (request == m_requests.end())
            return;
        ++request->second;
        if (replied.error && replied.error.kind() != QAmqpError::Kind::Interrupted)
            object(u"request %1: %2"_s.arg(replied.request).arg(replied.error.text()));
        if (const auto commit = m_commits.find(replied.request);
            commit != m_commits.end() && !replied.error) {
            for (const int number : commit->second)
                m_confirmed.insert(number);
        }
    }

    void arrived(const Delivered &delivered, bool noAck)
    {
        ++m_delivered;
        const int number = numberOf(delivered);
        if (number == 0 && noAck)
            return;
        if (number && m_gone.contains(number))
            object(u"message %1 was acknowledged and came again"_s.arg(number));
        if (noAck)
            m_acknowledged.insert(number);
        else
            m_channels[delivered.channel - 1U].unsettled.push_back(delivered);
    }

    std::minstd_rand m_random;
    RecoveryScene m_scene;
    std::vector<Channel> m_channels;
    QueueNamePointer m_named;
    std::map<RequestId, int> m_requests; // how often each ended
    std::map<std::pair<quint16, quint64>, Publish> m_publishes;
    std::map<RequestId, QList<int>> m_commits; // what each one commits
    QHash<RequestId, bool> m_consumers; // whether they need no acknowledgement
    QSet<RequestId> m_gets;
    QSet<int> m_confirmed;
    QSet<int> m_acknowledged; // as far as the client accepted that
    QSet<int> m_onTheirWay; // acknowledgements that the broker may not have seen yet
    QSet<int> m_gone; // acknowledged, and the broker knows
    int m_lastNumber = 0;
    int m_lastTag = 0;
    int m_losses = 0;
    qsizetype m_delivered = 0;
    bool m_isOver = false;
    QStringList m_objections;
};

} // namespace

class TestRandomLosses : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingIsLost()
    {
        const QString one = qEnvironmentVariable("QTAMQP_RUN");
        const int runs = one.isEmpty() ? qEnvironmentVariableIntValue("QTAMQP_RUNS") : 1;
        const quint32 first = one.isEmpty() ? std::random_device{}() : one.toUInt();
        QElapsedTimer timer;
        timer.start();
        qint64 losses = 0;
        qint64 published = 0;
        qint64 delivered = 0;
        int done = 0;
        for (; runs ? done < runs : timer.elapsed() < 5000; ++done) {
            const quint32 seed = first + quint32(done);
            Run run(seed);
            const QString objection = run.go();
            QVERIFY2(objection.isEmpty(),
                     qPrintable(u"QTAMQP_RUN=%1: %2"_s.arg(seed).arg(objection)));
            losses += run.losses();
            published += run.published();
            delivered += run.delivered();
        }
        qInfo("%d runs: %lld losses, %lld messages published, %lld delivered", done, losses,
              published, delivered);
        QVERIFY(losses > 0 && delivered > 0);
    }
};

QTAMQP_TEST(TestRandomLosses)
#include "tst_randomlosses.moc"
