// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Slots of a recovery may do anything but throw. One session that loses its link twice is played once for each signal
// that it emits meanwhile, for each future that ends, and for each deed. Meant for AddressSanitizer.

#include "apitest.h"
#include "recoverytest.h"

#include <QtAmqpTest/qamqptestbroker.h>

using namespace std::chrono_literals;

namespace {

// Two channels, a queue that the broker names, a paused consumer, one with an unsettled message, one with a sink.
class Scene
{
public:
    Scene()
    {
        broker.start();
        connection = new QAmqpConnection(QAmqpConnectionOptions::fromUrl(broker.url()));
        QObject::connect(connection, &QAmqpConnection::reconnecting, connection,
                         &QAmqpConnection::reconnectNow);
        channel = connection->createChannel();
        other = connection->createChannel();
        queue = channel->queue();
        queue->declare();
        queue->bind(u"amq.topic"_s, u"#"_s);
        consumer = queue->consume();
        second = other->consume(u"second"_s);
        second->pause();
        log.follow(connection);
        log.follow(channel);
        log.follow(other, u"other"_s);
        broker.declareQueue(u"second"_s);
        for (const char *body : {"1", "2", "3"})
            broker.publish({}, u"second"_s, QAmqpMessage(body));
        // The link is lost when these are on their way.
        QObject::connect(channel, &QAmqpChannel::readyToPublish, channel, [this] {
            if (losses > 0 && queue && !queue->name().isEmpty())
                lose();
        });
    }
    ~Scene() { delete connection; }

    void open() const { connection->open(); }
    void lose()
    {
        --losses;
        if (channel) {
            keep(channel->purgeQueue(u"second"_s));
            keep(channel->declareQueue(u"third"_s));
            keep(channel->publishConfirmed({}, u"second"_s, "4"_ba));
        }
        if (consumer)
            keep(consumer->cancel());
        if (other) {
            other->publish({}, u"second"_s, "5"_ba);
            keep(other->get(u"third"_s));
        }
        broker.dropConnections();
    }
    bool isOver() const
    {
        return !connection || connection->state() == QAmqpConnection::State::Closed;
    }
    qsizetype timesLost() const { return log.lines.filter(u"connection.lost"_s).size(); }
    // Waits until the connection has lost its link so often and works again, or is over.
    bool goesOn(qsizetype times) const
    {
        return eventually(
                [&] { return isOver() || (timesLost() >= times && connection->isOpen()); });
    }
    QObject *object(const QString &name) const
    {
        const QHash<QString, QObject *> objects = {{u"connection"_s, connection},
                                                   {u"channel"_s, channel},
                                                   {u"other"_s, other},
                                                   {u"queue"_s, queue},
                                                   {u"consumer"_s, second}};
        return objects.value(name);
    }

    template<typename T>
    void keep(const QFuture<T> &future)
    {
        ends.append([future] { return errorOf(future); });
        QFuture<T> attached = future;
        attached.then([this](const QFuture<T> &) {
            if (onEnd)
                onEnd();
        });
    }

    QAmqpTestBroker broker;
    RecoveryLog log;
    int losses = 0;
    QPointer<QAmqpConnection> connection;
    QPointer<QAmqpChannel> channel;
    QPointer<QAmqpChannel> other;
    QPointer<QAmqpQueue> queue;
    QPointer<QAmqpConsumer> consumer;
    QPointer<QAmqpConsumer> second;
    QList<std::function<QAmqpError()>> ends;
    std::function<void()> onEnd;
};

using Deed = std::function<void(Scene &)>;

const QList<std::pair<const char *, Deed>> &deeds()
{
    static const QList<std::pair<const char *, Deed>> all = {
            {"delete the consumer", [](Scene &s) { delete s.second; }},
            {"delete the queue", [](Scene &s) { delete s.queue; }},
            {"delete a channel", [](Scene &s) { delete s.channel; }},
            {"delete the other channel", [](Scene &s) { delete s.other; }},
            {"delete the connection", [](Scene &s) { delete s.connection; }},
            {"delete all, from below",
             [](Scene &s) {
                 delete s.second;
                 delete s.consumer;
                 delete s.queue;
                 delete s.channel;
                 delete s.other;
                 delete s.connection;
             }},
            {"close", [](Scene &s) { s.connection->close(100ms); }},
            {"abort", [](Scene &s) { s.connection->abort(); }},
            {"close both channels",
             [](Scene &s) {
                 s.channel->close();
                 s.other->close();
             }},
            {"close and open a channel",
             [](Scene &s) {
                 s.channel->close();
                 s.channel->open();
                 s.channel->publish({}, u"second"_s, "again"_ba);
             }},
            {"make a channel",
             [](Scene &s) { s.connection->createChannel()->publish({}, u"second"_s, "new"_ba); }},
            {"cancel, resume and pause",
             [](Scene &s) {
                 s.second->resume();
                 s.second->pause();
                 s.second->cancel();
             }},
            {"drain", [](Scene &s) { s.keep(s.second->drain(1ms)); }},
            {"reconnect now", [](Scene &s) { s.connection->reconnectNow(); }},
            {"run an event loop",
             [](Scene &) {
                 for (int i = 0; i < 100; ++i)
                     QCoreApplication::processEvents();
             }},
    };
    return all;
}

// A slot for any signal; its deed is done the first time.
class Slot : public QObject
{
    Q_OBJECT
public:
    explicit Slot(std::function<void()> deed) : m_deed(std::move(deed)) { }
    bool hasActed() const { return m_acted; }

public Q_SLOTS:
    void act()
    {
        if (!std::exchange(m_acted, true))
            m_deed();
    }

private:
    std::function<void()> m_deed;
    bool m_acted = false;
};

} // namespace

class TestRecoveryLifetime : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anythingInASlotOfARecovery_data();
    void anythingInASlotOfARecovery();
};

void TestRecoveryLifetime::anythingInASlotOfARecovery_data()
{
    QTest::addColumn<QString>("sender");
    QTest::addColumn<QByteArray>("signal");
    QTest::addColumn<Deed>("deed");
    const std::pair<const char *, const char *> signalsOf[] = {
            {"connection", "linkLost(QAmqpError)"},
            {"connection", "reconnecting(int,std::chrono::milliseconds)"},
            {"connection", "recoveryAttemptChanged(int)"},
            {"connection", "recovered(QAmqpRecoveryReport)"},
            {"connection", "queueRenamed(QString,QString)"},
            {"connection", "stateChanged(QAmqpConnection::State)"},
            {"connection", "lastErrorChanged(QAmqpError)"},
            {"connection", "nextAttemptChanged(QDateTime)"},
            {"channel", "interrupted(QAmqpError)"},
            {"channel", "recovered()"},
            {"channel", "stateChanged(QAmqpChannel::State)"},
            {"channel", "indeterminate(quint64,quint64)"},
            {"channel", "readyToPublishChanged(bool)"},
            {"queue", "nameChanged(QString)"},
            {"consumer", "stateChanged(QAmqpConsumer::State)"},
            {"then", ""}};
    for (const auto &[sender, signal] : signalsOf) {
        for (const auto &[name, deed] : deeds())
            QTest::addRow("%s.%s %s", sender, signal, name)
                    << QString::fromLatin1(sender) << QByteArray(signal) << deed;
    }
}

void TestRecoveryLifetime::anythingInASlotOfARecovery()
{
    QFETCH(QString, sender);
    QFETCH(QByteArray, signal);
    QFETCH(Deed, deed);
    Scene scene;
    scene.open();
    QVERIFY(eventually([&] {
        return scene.queue && !scene.queue->name().isEmpty() && scene.second->isActive();
    }));
    Slot slot([&] { deed(scene); });
    if (sender == u"then") {
        scene.onEnd = [&] { slot.act(); };
    } else {
        QObject *from = scene.object(sender);
        const QMetaMethod of =
                from->metaObject()->method(from->metaObject()->indexOfSignal(signal));
        connect(from, of, &slot,
                slot.metaObject()->method(slot.metaObject()->indexOfSlot("act()")));
    }
    scene.losses = 2;
    scene.lose();
    QVERIFY(scene.goesOn(1));
    // Once more when everything works again, unless the loss has come before.
    if (scene.channel && scene.losses > 0 && !scene.isOver()) {
        const qsizetype before = scene.timesLost();
        scene.lose();
        QVERIFY(scene.goesOn(before + 1));
    }
    if (scene.connection)
        scene.connection->close(100ms);
    QVERIFY(eventually([&] { return scene.isOver(); }));
    QVERIFY(slot.hasActed());
    QVERIFY(scene.log.count(u"connection.closed"_s) <= 1);
    QVERIFY(scene.log.count(u"connection.opened"_s) <= 1);
    delete scene.other;
    delete scene.connection;
    for (const auto &end : scene.ends)
        QVERIFY(!end().text().contains(u"merely") && !end().text().contains(u"not ended"));
}

QTAMQP_TEST(TestRecoveryLifetime)
#include "tst_recoverylifetime.moc"
