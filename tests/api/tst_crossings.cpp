// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Everything that ends futures crossed with every kind of future and with everything that a continuation may
// do: nothing crashes, and each future ends once. Meant for AddressSanitizer. The broker is in memory, so that
// thousands of sessions take a few seconds.

#include "memorytransport.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>

using namespace std::chrono_literals;

namespace {

// A session in which the broker has fallen silent while a future of each kind is pending.
class Scene
{
public:
    Scene()
    {
        connection = new QAmqpConnection;
        connection->setTransport(std::make_unique<MemoryTransport>(wire));
        channel = connection->createChannel();
        transaction = connection->createChannel();
        queue = channel->queue(u"q"_s);
        exchange = channel->exchange(u"e"_s);
        consumer = queue->consume();
        client = new QAmqpRpcClient(channel);
        foreignClient = new QAmqpRpcClient(channel, &elsewhere);
        server = new QAmqpRpcServer(channel, u"q"_s);
        server->start();
        channel->declareQueue(u"rpc"_s);
        transaction->txSelect();
        connection->open();
        client->call({}, u"rpc"_s, "x"_ba);
        wire->run();
        wire->setMute(true);
    }
    ~Scene() { delete connection; }

    // Has the continuation of future `chosen` do the deed.
    void ask(qsizetype chosen = -1, const std::function<void()> &deed = {})
    {
        m_chosen = chosen;
        m_deed = deed;
        keep("queue declare", queue->declare());
        keep("queue declare, nameless", channel->queue()->declare());
        keep("queue bind", queue->bind(u"e"_s));
        keep("queue unbind", queue->unbind(u"e"_s));
        keep("queue purge", queue->purge());
        keep("queue delete", queue->deleteQueue());
        keep("queue get", queue->get());
        keep("exchange declare", exchange->declare(QAmqpExchange::Type::Topic));
        keep("exchange bind", exchange->bind(u"f"_s));
        keep("exchange unbind", exchange->unbind(u"f"_s));
        keep("exchange delete", exchange->deleteExchange());
        keep("publishConfirmed", queue->publishConfirmed("x"_ba));
        keep("publishConfirmed 2", exchange->publishConfirmed(u"k"_s, "x"_ba));
        keep("allConfirmed", channel->allConfirmed());
        keep("call", client->call({}, u"rpc"_s, "x"_ba));
        keep("call 2", client->call({}, u"rpc"_s, "x"_ba));
        keep("call of the foreign client", foreignClient->call({}, u"rpc"_s, "x"_ba));
        keep("setPrefetch", channel->setPrefetch(3));
        keep("setFlow", channel->setFlow(true));
        keep("recover", channel->recover());
        keep("cancel", consumer->cancel());
        keep("stop", server->stop());
        keep("declare that waits", channel->declareQueue(u"q"_s));
        transaction->publish({}, u"q"_s, "x"_ba);
        keep("txCommit", transaction->txCommit());
        keep("txRollback", transaction->txRollback());
        keep("updateSecret", connection->updateSecret(u"s"_s, {}));
        wire->run();
        for (qsizetype i = 0; i < ends.size(); ++i)
            QVERIFY2(ends.at(i) == 0, names.at(i));
    }
    void injectClose(quint16 number)
    {
        if (number == 0)
            wire->toClient += methodFrame(ConnectionClose{320, QByteArrayView("bye"), 0, 0}, 0);
        else
            wire->toClient +=
                    methodFrame(ChannelClose{404, QByteArrayView("none"), 50, 10}, number);
        wire->wantsTurn = true;
    }
    void speak()
    {
        wire->isMute = false;
        wire->wantsTurn = true;
    }

    template<typename T>
    void keep(const char *name, QFuture<T> future)
    {
        const qsizetype index = names.size();
        names.append(name);
        ends.append(0);
        future.then([this, index](const QFuture<T> &ended) {
            ++ends[index];
            if (errorOf(ended).text().contains(u"merely"))
                merelyCancelled = QString::fromLatin1(names.at(index));
            if (index == m_chosen && !std::exchange(isDone, true))
                m_deed();
        });
    }

    const std::shared_ptr<Wire> wire = std::make_shared<Wire>();
    QObject elsewhere; // a parent that survives all
    QPointer<QAmqpConnection> connection;
    QPointer<QAmqpChannel> channel;
    QPointer<QAmqpChannel> transaction;
    QPointer<QAmqpQueue> queue;
    QPointer<QAmqpExchange> exchange;
    QPointer<QAmqpConsumer> consumer;
    QPointer<QAmqpRpcClient> client;
    QPointer<QAmqpRpcClient> foreignClient;
    QPointer<QAmqpRpcServer> server;
    QList<const char *> names;
    QList<int> ends;
    QString merelyCancelled;
    bool isDone = false;

private:
    qsizetype m_chosen = -1;
    std::function<void()> m_deed;
};

using Act = std::function<void(Scene &)>;
using Acts = QList<std::pair<const char *, Act>>;

// Who deletes an object has no pointer to it from then on.
template<typename Object>
std::pair<const char *, Act> deletion(const char *name, QPointer<Object> Scene::*object)
{
    return {name, [object](Scene &s) { delete std::exchange(s.*object, {}); }};
}

const Acts &deletions()
{
    static const Acts acts = {
            deletion("delete connection", &Scene::connection),
            deletion("delete channel", &Scene::channel),
            deletion("delete transaction", &Scene::transaction),
            deletion("delete queue", &Scene::queue),
            deletion("delete exchange", &Scene::exchange),
            deletion("delete consumer", &Scene::consumer),
            deletion("delete client", &Scene::client),
            deletion("delete foreign client", &Scene::foreignClient),
            deletion("delete server", &Scene::server),
    };
    return acts;
}

const Acts &triggers()
{
    static const Acts acts = deletions()
            + Acts{
                    {"close channels",
                     [](Scene &s) {
                         s.channel->close();
                         s.transaction->close();
                         s.wire->setMute(false);
                     }},
                    {"close connection", [](Scene &s) { s.connection->close(0ms); }},
                    {"abort", [](Scene &s) { s.connection->abort(); }},
                    {"channel refused", [](Scene &s) { s.injectClose(1); }},
                    {"transaction refused", [](Scene &s) { s.injectClose(2); }},
                    {"connection refused", [](Scene &s) { s.injectClose(0); }},
                    {"lost link", [](Scene &s) { s.wire->lose(); }},
                    {"answers", [](Scene &s) { s.wire->setMute(false); }},
            };
    return acts;
}

void deleteAll(Scene &s)
{
    for (const auto &[name, act] : deletions())
        act(s);
}

// Calls everything there is.
void callAll(Scene &s)
{
    if (s.queue) {
        s.keep("new declare", s.queue->declare());
        s.queue->publish("x"_ba);
        s.keep("new get", s.queue->get());
        s.queue->consume();
    }
    if (s.channel) {
        s.keep("new publish", s.channel->publishConfirmed({}, u"q"_s, "x"_ba));
        s.keep("new allConfirmed", s.channel->allConfirmed());
        s.keep("new recover", s.channel->recover());
        s.keep("call of a new client", (new QAmqpRpcClient(s.channel))->call({}, u"rpc"_s, "x"_ba));
    }
    if (s.transaction)
        s.keep("new txCommit", s.transaction->txCommit());
    if (s.exchange)
        s.exchange->publish(u"k"_s, "x"_ba);
    for (QAmqpRpcClient *client : {s.client.data(), s.foreignClient.data()}) {
        if (client)
            s.keep("new call", client->call({}, u"rpc"_s, "x"_ba));
    }
    if (s.consumer)
        s.keep("new cancel", s.consumer->cancel());
    if (s.server && !s.server->isRunning())
        s.server->start();
    if (s.connection) {
        s.keep("new updateSecret", s.connection->updateSecret(u"s"_s, {}));
        QAmqpChannel *channel = s.connection->createChannel(&s.elsewhere);
        s.keep("declare of a new channel", channel->declareQueue(u"q"_s));
    }
}

const Acts &deeds()
{
    static const Acts acts = deletions()
            + Acts{
                    {"delete all", deleteAll},
                    {"call all", callAll},
                    {"run the loop", [](Scene &s) { s.wire->run(); }},
                    {"run the loop, then delete all",
                     [](Scene &s) {
                         s.wire->run();
                         deleteAll(s);
                     }},
                    {"open again",
                     [](Scene &s) {
                         if (s.channel)
                             s.channel->open();
                         if (s.connection)
                             s.connection->open();
                         callAll(s);
                         s.wire->run();
                     }},
                    {"close",
                     [](Scene &s) {
                         if (s.channel)
                             s.channel->close();
                         if (s.connection)
                             s.connection->close(0ms);
                     }},
                    {"abort",
                     [](Scene &s) {
                         if (s.connection)
                             s.connection->abort();
                         s.wire->run();
                     }},
            };
    return acts;
}

} // namespace

class TestCrossings : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cross_data();
    void cross();
};

void TestCrossings::cross_data()
{
    QTest::addColumn<Act>("trigger");
    QTest::addColumn<Act>("deed");
    for (const auto &[triggerName, trigger] : triggers()) {
        for (const auto &[deedName, deed] : deeds()) {
            const auto row = QByteArray(triggerName) + " / " + deedName;
            QTest::newRow(row.constData()) << trigger << deed;
        }
    }
}

void TestCrossings::cross()
{
    QFETCH(Act, trigger);
    QFETCH(Act, deed);
    // Which futures it ends at all.
    QList<int> ends;
    {
        Scene scene;
        scene.ask();
        trigger(scene);
        scene.wire->run();
        ends = scene.ends;
    }
    for (qsizetype chosen = 0; chosen < ends.size(); ++chosen) {
        if (ends.at(chosen) == 0)
            continue;
        Scene scene;
        scene.ask(chosen, [&] { deed(scene); });
        trigger(scene);
        QVERIFY(scene.wire->run());
        QVERIFY2(scene.isDone, scene.names.at(chosen));
        deleteAll(scene);
        for (qsizetype i = 0; i < scene.ends.size(); ++i)
            QVERIFY2(scene.ends.at(i) == 1, scene.names.at(i));
        QVERIFY2(scene.merelyCancelled.isEmpty(), qPrintable(scene.merelyCancelled));
    }
}

QTAMQP_TEST(TestCrossings)
#include "tst_crossings.moc"
