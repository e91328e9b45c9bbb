// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A whole client and a whole broker do random things with each other, and the bytes between them come in random
// pieces. A model says which message must be where. A run that fails prints its number; QTAMQP_RUN=number runs it
// alone, and QTAMQP_RUNS=number makes as many runs.

#include "testmain.h"

#include "corepair.h"
#include "model.h"

#include <QtCore/qelapsedtimer.h>

#include <random>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

namespace {

constexpr quint32 FrameMax = 8192;

Broker::BrokerSettings smallFrames()
{
    Broker::BrokerSettings settings;
    settings.frameMax = FrameMax;
    return settings;
}

class Run
{
public:
    explicit Run(quint32 seed) : m_random(seed), m_pair(smallFrames(), seed)
    {
        m_pair.onBrokerInput = [this](QByteArrayView bytes) { m_model.brokerReads(bytes); };
        m_pair.onBrokerOutput = [this](QByteArrayView bytes) { m_model.brokerWrote(bytes); };
        m_pair.onEvent = [this](const Event &event) { happened(event); };
    }

    // Returns what is wrong, or nothing.
    QString go()
    {
        for (int i = 0; i < 1 + below(3); ++i)
            addChannel();
        m_pair.open();
        m_pair.run();
        if (below(2))
            m_pair.pieceSize = [this](qsizetype most) {
                return 1 + below(int(std::min<qsizetype>(most, 1 << below(13))));
            };
        declare();
        declare();
        for (int i = below(3); i > 0; --i)
            consume(anyChannel());
        const int steps = 4 + below(26);
        for (int i = 0; i < steps && m_model.objections.isEmpty(); ++i) {
            step();
            if (below(3) == 0)
                settleDown();
        }
        settleDown();
        m_model.checkNothingWaits();
        compareQueues();
        compareStories();
        return m_model.objections.isEmpty() ? QString() : m_model.objections.constFirst();
    }

    const Model &model() const { return m_model; }

private:
    struct Client // of a channel: what it knows
    {
        ChannelCore *core = nullptr;
        QList<Delivered> unsettled;
        QHash<RequestId, QByteArray> consumers; // by their request
        QSet<RequestId> withoutAcks;
        int lastConsumer = 0;
        bool isConfirming = false;
        bool isTransactional = false;
        bool hasOpenTransaction = false;
        QStringList story;
        quint64 confirmed = 0;
        quint64 published = 0;
    };

    int below(int limit) { return limit > 0 ? int(m_random() % quint32(limit)) : 0; }
    Client &anyChannel() { return m_channels[size_t(below(int(m_channels.size())))]; }
    QByteArray anyQueue() { return "q" + QByteArray::number(below(3)); }
    QByteArray knownQueue()
    {
        const auto name = anyQueue();
        return m_declared.contains(name) ? name : QByteArray();
    }

    void addChannel()
    {
        Client client;
        client.core = m_pair.client->addChannel(1);
        switch (below(4)) {
        case 0:
            client.core->selectTransactions();
            client.isTransactional = true;
            break;
        case 1:
        case 2:
            client.core->selectConfirms();
            client.isConfirming = true;
            break;
        default: break;
        }
        m_channels.push_back(client);
    }

    void settleDown()
    {
        m_pair.run();
        for (Client &client : m_channels) {
            if (client.isConfirming && client.confirmed != client.published)
                m_model.objections.append(
                        u"%1 of %2 confirmed"_s.arg(client.confirmed).arg(client.published));
        }
    }

    // The client's core holds back some calls until earlier ones are answered, each channel for itself. What
    // depends on a queue that another channel changes waits for that.
    void declare()
    {
        const QByteArray name = anyQueue();
        QueueDeclare method;
        method.queue = name;
        anyChannel().core->request(method);
        m_declared.insert(name);
        settleDown();
    }

    void step()
    {
        Client &client = anyChannel();
        switch (below(24)) {
        case 0: return declare();
        case 1: return bindOrUnbind(client);
        case 2: return consume(client);
        case 3: return cancel(client);
        case 4: return purge(client);
        case 5: return below(4) ? void() : remove(client);
        case 6:
        case 7: return get(client);
        case 8: return finishTransaction(client);
        case 9: return below(3) ? void() : recover(client);
        case 10:
        case 11:
        case 12:
        case 13:
        case 14: return settle(client);
        default: return publish(client);
        }
    }

    void publish(Client &client)
    {
        static constexpr const char *exchanges[] = {"", "amq.direct", "amq.fanout"};
        BasicPublish method;
        method.exchange = QByteArrayView(exchanges[below(3)]);
        const QByteArray key = anyQueue();
        method.routingKey = key;
        method.mandatory = below(3) == 0;
        QByteArray body = QByteArray::number(++m_published).rightJustified(6, '0');
        if (below(16) == 0)
            body += QByteArray(below(3 * int(FrameMax)), char('a' + below(26)));
        else
            body += QByteArray(below(64), 'x');
        client.core->publish(method, QAmqpMessage(body));
        client.published += client.isConfirming;
        client.hasOpenTransaction = client.isTransactional;
    }

    void bindOrUnbind(Client &client)
    {
        const QByteArray queue = knownQueue();
        if (queue.isEmpty())
            return;
        const QByteArray key = anyQueue();
        const QByteArrayView exchange = below(2) ? "amq.direct" : "amq.fanout";
        if (below(3)) {
            QueueBind method;
            method.queue = queue;
            method.exchange = exchange;
            method.routingKey = key;
            client.core->request(method);
        } else {
            QueueUnbind method;
            method.queue = queue;
            method.exchange = exchange;
            method.routingKey = key;
            client.core->request(method);
        }
        settleDown();
    }

    void consume(Client &client)
    {
        const QByteArray queue = knownQueue();
        if (queue.isEmpty())
            return;
        BasicConsume method;
        const QByteArray tag = "c" + QByteArray::number(++client.lastConsumer);
        method.queue = queue;
        method.consumerTag = tag;
        method.noAck = below(3) == 0;
        const RequestId request = client.core->consume(method, {}, quint16(1 + below(4)));
        client.consumers[request] = tag;
        if (method.noAck)
            client.withoutAcks.insert(request);
        settleDown();
    }

    void cancel(Client &client)
    {
        if (client.consumers.isEmpty())
            return;
        settleDown(); // the client gives back what comes while the cancel is unanswered
        if (client.consumers.isEmpty())
            return;
        const auto it = std::next(client.consumers.begin(), below(int(client.consumers.size())));
        client.core->cancel(it.value());
        client.consumers.erase(it);
        settleDown();
    }

    void purge(Client &client)
    {
        const QByteArray queue = knownQueue();
        if (!queue.isEmpty())
            client.core->request(QueuePurge{0, queue, false});
    }

    void remove(Client &client)
    {
        const QByteArray queue = knownQueue();
        if (queue.isEmpty())
            return;
        QueueDelete method;
        method.queue = queue;
        client.core->request(method);
        m_declared.remove(queue);
        settleDown();
    }

    void get(Client &client)
    {
        const QByteArray queue = knownQueue();
        if (!queue.isEmpty())
            client.core->request(BasicGet{0, queue, false});
    }

    void finishTransaction(Client &client)
    {
        if (!client.isTransactional)
            return;
        if (below(3))
            client.core->request(TxCommit{});
        else
            client.core->request(TxRollback{});
        client.hasOpenTransaction = false;
        settleDown();
    }

    void recover(Client &client)
    {
        if (client.isTransactional)
            return;
        settleDown(); // so that none is on its way
        client.core->request(BasicRecover{true});
        client.unsettled.clear();
        settleDown();
    }

    // In a transaction the client would have to follow what a rollback takes back; that is tested elsewhere.
    void settle(Client &client)
    {
        if (client.unsettled.isEmpty() || client.isTransactional)
            return;
        const int at = below(int(client.unsettled.size()));
        static constexpr Settlement ways[] = {Settlement::Ack, Settlement::Ack, Settlement::Requeue,
                                              Settlement::Discard};
        const bool multiple = below(3) == 0;
        const Delivered delivered = client.unsettled.at(at);
        const DeliveryMarkPointer mark(new DeliveryMark);
        mark->deliveryTag = delivered.deliveryTag;
        mark->generation = delivered.generation;
        if (client.core->settle(mark, ways[below(4)], multiple) != Settling::Accepted)
            m_model.objections.append(
                    u"the client does not know delivery %1"_s.arg(delivered.deliveryTag));
        if (multiple)
            client.unsettled.remove(0, at + 1);
        else
            client.unsettled.removeAt(at);
    }

    Client &clientOf(quint16 channel)
    {
        return *std::find_if(m_channels.begin(), m_channels.end(), [&](const Client &client) {
            return client.core->number() == channel;
        });
    }

    void happened(const Event &event)
    {
        if (const auto *got = std::get_if<Got>(&event))
            return came(*got, u"get-ok"_s);
        if (const auto *delivered = std::get_if<Delivered>(&event))
            return came(*delivered, u"deliver"_s);
        if (const auto *returned = std::get_if<Returned>(&event)) {
            clientOf(returned->channel).story.append(u"return "_s + numberOf(returned->message));
        } else if (const auto *settled = std::get_if<Settled>(&event)) {
            clientOf(settled->channel).confirmed += settled->lastTag - settled->firstTag + 1;
        } else if (const auto *cancelled = std::get_if<ConsumerCancelled>(&event)) {
            clientOf(cancelled->channel).consumers.remove(cancelled->consumer);
        } else if (const auto *replied = std::get_if<Replied>(&event);
                   replied && replied->error.isError()) {
            m_model.objections.append(replied->error.text());
        } else if (std::holds_alternative<Discarded>(event)) {
            m_model.objections.append(u"the client discards a message"_s);
        }
    }

    static QString numberOf(const QAmqpMessage &message)
    {
        return QString::number(message.body().left(6).toInt());
    }

    void came(const Delivered &delivered, const QString &how)
    {
        Client &client = clientOf(delivered.channel);
        client.story.append(how + u' ' + numberOf(delivered.message));
        if (!client.core->show(delivered.deliveryTag))
            m_model.objections.append(u"the client holds a delivery back"_s);
        if (!client.withoutAcks.contains(delivered.consumer))
            client.unsettled.append(delivered);
    }

    // The client has seen what the broker has written, in the same order.
    void compareStories()
    {
        for (const Client &client : m_channels) {
            const QStringList &expected = m_model.channels[client.core->number()].story;
            if (client.story != expected)
                m_model.objections.append(u"the client saw %1 instead of %2"_s.arg(
                        client.story.join(u", "), expected.join(u", ")));
        }
    }

    void compareQueues()
    {
        const auto &queues = m_pair.broker.virtualHost("/")->queues();
        if (queues.size() != m_model.queues.size())
            m_model.objections.append(u"there are %1 queues"_s.arg(queues.size()));
        for (const auto &[name, queue] : m_model.queues) {
            QStringList expected;
            for (const auto &[place, copy] : queue.waiting)
                expected.append(QString::number(copy.message));
            QStringList found;
            while (const auto message = m_pair.broker.take("/", name, m_pair.now))
                found.append(numberOf(message->content));
            if (found != expected)
                m_model.objections.append(u"%1 has %2 instead of %3"_s.arg(
                        QString::fromLatin1(name), found.join(u", "), expected.join(u", ")));
        }
    }

    std::mt19937 m_random;
    Model m_model;
    CorePair m_pair;
    std::vector<Client> m_channels;
    QSet<QByteArray> m_declared;
    int m_published = 0;
};

} // namespace

class TestRandomRuns : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void clientAndBrokerAgreeWithTheModel()
    {
        int runs = qEnvironmentVariableIntValue("QTAMQP_RUNS");
        runs = runs > 0 ? runs : 10'000;
        const int single = qEnvironmentVariableIntValue("QTAMQP_RUN");
        QElapsedTimer time;
        time.start();
        qint64 published = 0;
        qint64 delivered = 0;
        for (int run = single > 0 ? single : 1; run <= (single > 0 ? single : runs); ++run) {
            Run random{quint32(run)};
            const QString wrong = random.go();
            QVERIFY2(wrong.isEmpty(),
                     qPrintable(u"run %1 (QTAMQP_RUN=%1 repeats it): %2"_s.arg(run).arg(wrong)));
            published += random.model().published;
            delivered += random.model().delivered;
        }
        QVERIFY(published > 0 && delivered > 0);
        qInfo("%lld messages published, %lld delivered, in %lld ms", published, delivered,
              time.elapsed());
    }
};

QTAMQP_TEST(TestRandomRuns)
#include "tst_randomruns.moc"
