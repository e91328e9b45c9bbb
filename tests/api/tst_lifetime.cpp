// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Slots may do anything but throw: delete any object, run an event loop, open and close. One conversation
// that emits every signal is played once for each signal and each such deed. Meant for AddressSanitizer.

#include "apitest.h"
#include "connectiontest.h"
#include "scripted/autobroker.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qeventloop.h>

#include <sys/wait.h>
#include <unistd.h>

using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

namespace {

// A slot for any signal; its deed is done the first time.
class Slot : public QObject
{
    Q_OBJECT
public:
    explicit Slot(std::function<void()> deed) : m_deed(std::move(deed)) { }
    void listen(QObject *sender, const QMetaMethod &signal)
    {
        connect(sender, signal, this, metaObject()->method(metaObject()->indexOfSlot("act()")));
    }
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

// The conversation: two channels, a queue that the broker names, two consumers, publishes of every fate.
class Scene
{
public:
    Scene()
    {
        server.fault = {AutoFault::Drop, 0}; // the first attempt fails
        connection = new QAmqpConnection(QAmqpConnectionOptions::fromUrl(server.url())
                                                 .setMaxMessageSize(100)
                                                 .setRecoveryEnabled(false)
                                                 .setRetryPolicy(QAmqpRetryPolicy()
                                                                         .setMaximumAttempts(2)
                                                                         .setInitialDelay(1ms)
                                                                         .setJitter(0)));
        channel = connection->createChannel();
        other = connection->createChannel();
        queue = channel->queue();
        log.watch(connection);
        log.watch(channel);
        log.watch(other, u"other"_s);
        log.watch(queue);
        keep("declare", queue->declare());
        consumer = queue->consume();
        log.watch(consumer);
        consumer->pause();
        QObject::connect(consumer, &QAmqpConsumer::pausedChanged, consumer, &QAmqpConsumer::resume);
        second = channel->consume(u"second"_s);
        log.watch(second, u"second"_s);
        third = channel->consume(u"third"_s);
        keep("cancel", third->cancel());
        keep("bind", queue->bind(u"amq.topic"_s, u"#"_s));
        for (const char *body : {"1", "2", "3"})
            queue->publish(QAmqpMessage(body));
        queue->publish(QAmqpMessage(QByteArray(101, 'x'))); // too large to come back
        channel->publish(QString(), u"second"_s, QAmqpMessage("4"));
        channel->publish(QString(), u"nack"_s, QAmqpMessage("5"));
        channel->publish(QString(), u"nowhere"_s, QAmqpMessage("6"), QAmqpChannel::Mandatory);
        channel->publish(QString(), u"blocked"_s, QAmqpMessage("7"));
        keep("publishConfirmed",
             channel->publishConfirmed(QString(), u"second"_s, QAmqpMessage("8")));
        keep("nackedPublish", channel->publishConfirmed(QString(), u"nack"_s, QAmqpMessage("9")));
        keep("allConfirmed", channel->allConfirmed());
        keep("get", channel->get(u"empty"_s));
        channel->publish(QString(), u"cancel"_s, QAmqpMessage("10"));
        other->publish(QString(), u"hold"_s, QAmqpMessage("11"));
        keep("heldPublish", other->publishConfirmed(QString(), u"hold"_s, QAmqpMessage("12")));
        keep("heldAll", other->allConfirmed());
        other->publish(QString(), u"close channel"_s, QAmqpMessage("13"));
        keep("lostDeclare", other->declareQueue(u"q"_s));
        channel->publish(QString(), u"close connection"_s, QAmqpMessage("14"));
        keep("lostPurge", channel->purgeQueue(u"q"_s));
    }
    ~Scene() { delete connection; }

    // Until the connection is closed or gone; closes it if the broker does not.
    void play(const std::function<bool()> &acted)
    {
        channel->publish(QString(256, u'x'), u"q"_s, "refused"_ba);
        connection->open();
        QVERIFY(eventually([&] { return isOver() || acted(); }));
        for (int i = 0; i < 50 && !isOver(); ++i)
            QCoreApplication::processEvents();
        if (connection)
            connection->close(100ms); // unanswered publishes hold it up
        QVERIFY(eventually([&] { return isOver(); }));
        delete other;
        delete connection;
        for (const Kept &future : kept) {
            QVERIFY2(future.isFinished(), future.name);
            QVERIFY2(!future.error().text().contains(u"merely"), future.name);
        }
    }
    bool isOver() const
    {
        return !connection || connection->state() == QAmqpConnection::State::Closed;
    }

    QObject *object(const QString &name) const
    {
        const QHash<QString, QObject *> objects = {
                {u"connection"_s, connection}, {u"channel"_s, channel},   {u"other"_s, other},
                {u"queue"_s, queue},           {u"consumer"_s, consumer}, {u"second"_s, second}};
        return objects.value(name);
    }
    void listen(Slot *slot, const QString &sender, const QByteArray &signal)
    {
        if (sender == u"then") {
            for (const Kept &future : kept) {
                if (future.name == signal)
                    future.listen([slot] { slot->act(); });
            }
            return;
        }
        QObject *from = object(sender);
        slot->listen(from, from->metaObject()->method(from->metaObject()->indexOfSignal(signal)));
    }

    struct Kept
    {
        const char *name;
        std::function<bool()> isFinished;
        std::function<QAmqpError()> error;
        std::function<void(std::function<void()>)> listen;
    };

    SignalLog log;
    AutoServer server;
    QPointer<QAmqpConnection> connection;
    QPointer<QAmqpChannel> channel;
    QPointer<QAmqpChannel> other;
    QPointer<QAmqpQueue> queue;
    QPointer<QAmqpConsumer> consumer;
    QPointer<QAmqpConsumer> second;
    QPointer<QAmqpConsumer> third;
    QList<Kept> kept;

private:
    template<typename T>
    void keep(const char *name, const QFuture<T> &future)
    {
        kept.append({name, [future] { return future.isFinished(); },
                     [future] { return errorOf(future); },
                     [future](const std::function<void()> &act) {
                         QFuture<T> attached = future;
                         attached.then([act](const QFuture<T> &) { act(); });
                     }});
    }
};

using Deed = std::function<void(Scene &)>;

const QList<std::pair<const char *, Deed>> &deletions()
{
    static const QList<std::pair<const char *, Deed>> deeds = {
            {"consumer", [](Scene &s) { delete s.consumer; }},
            {"queue", [](Scene &s) { delete s.queue; }},
            {"channel", [](Scene &s) { delete s.channel; }},
            {"other channel", [](Scene &s) { delete s.other; }},
            {"connection", [](Scene &s) { delete s.connection; }},
            {"all, from below",
             [](Scene &s) {
                 delete s.second;
                 delete s.consumer;
                 delete s.queue;
                 delete s.channel;
                 delete s.other;
                 delete s.connection;
             }},
    };
    return deeds;
}

const QList<std::pair<const char *, Deed>> &commands()
{
    static const QList<std::pair<const char *, Deed>> deeds = {
            {"close the connection", [](Scene &s) { s.connection->close(100ms); }},
            {"abort", [](Scene &s) { s.connection->abort(); }},
            {"close and abort",
             [](Scene &s) {
                 s.connection->close();
                 s.connection->abort();
             }},
            {"open", [](Scene &s) { s.connection->open(); }},
            {"close both channels",
             [](Scene &s) {
                 s.channel->close();
                 s.other->close();
             }},
            {"close and open a channel",
             [](Scene &s) {
                 s.channel->close();
                 s.channel->open();
                 s.channel->publish(QString(), u"nack"_s, QAmqpMessage("again"));
             }},
            {"make a channel",
             [](Scene &s) {
                 s.connection->createChannel()->publish(QString(), u"nack"_s, QAmqpMessage("new"));
             }},
            {"cancel",
             [](Scene &s) {
                 s.consumer->cancel();
                 s.second->cancel();
             }},
            {"pause and resume",
             [](Scene &s) {
                 s.consumer->pause();
                 s.consumer->resume();
             }},
    };
    return deeds;
}

// Without what a deed may rightly change: an object that closed meanwhile is not told to be open.
QStringList steady(const QStringList &lines)
{
    static const QRegularExpression madeName(u"amq\\.gen-\\S+"_s);
    QStringList kept;
    for (const QString &line : lines) {
        if (!line.endsWith(u".ready"_s) && !line.endsWith(u".opened"_s))
            kept.append(QString(line).replace(madeName, u"amq.gen"_s));
    }
    return kept;
}

} // namespace

class TestLifetime : public QObject
{
    Q_OBJECT

private:
    void addSignals(const QList<std::pair<const char *, Deed>> &deeds);

private Q_SLOTS:
    void initTestCase();
    void deletes_data() { addSignals(deletions()); }
    void deletes();
    void calls_data() { addSignals(commands()); }
    void calls();
    void nestedLoop_data() { addSignals({{"", {}}}); }
    void nestedLoop();
    void deletesInNestedLoop_data() { addSignals(deletions()); }
    void deletesInNestedLoop();
    void messagesInNestedLoop();
    void waitsInSlot();
    void heldMessagesInNestedLoop();
    void exceptionOfASlotEndsTheApplication();
    void pendingFuturesOfChannel_data() { pendingFutures_data(); }
    void pendingFuturesOfChannel() { pendingFutures(false); }
    void pendingFuturesOfConnection_data() { pendingFutures_data(); }
    void pendingFuturesOfConnection() { pendingFutures(true); }
    void continuationsDeleteSiblings();
    void continuationsCallWhatDies();
    void handlesOutliveTheirChannel();
    void channelOutlivesConnection();

private:
    void pendingFutures_data();
    void pendingFutures(bool connectionDies);

    QStringList m_reference;
};

// Rows: sender.signal, once for each deed.
void TestLifetime::addSignals(const QList<std::pair<const char *, Deed>> &deeds)
{
    QTest::addColumn<QString>("sender");
    QTest::addColumn<QByteArray>("signal");
    QTest::addColumn<Deed>("deed");
    const auto addRow = [&](const QString &sender, const QByteArray &signal) {
        for (const auto &[name, deed] : deeds) {
            const QString row = u"%1.%2 %3"_s.arg(sender, QString::fromLatin1(signal),
                                                  QString::fromLatin1(name));
            QTest::newRow(qPrintable(row)) << sender << signal << deed;
        }
    };
    const Scene scene;
    for (const char *sender : {"connection", "channel", "queue", "consumer"}) {
        const QMetaObject *type = scene.object(QString::fromLatin1(sender))->metaObject();
        for (int i = type->methodOffset(); i < type->methodCount(); ++i) {
            const QByteArray signature = type->method(i).methodSignature();
            // The channel is ended by the connection, which tells the error; the other by its own.
            const bool ofOther = type == &QAmqpChannel::staticMetaObject
                    && signature.startsWith("errorOccurred");
            // Those of a recovery are for tst_recoverylifetime.
            static const QByteArrayList elsewhere = {
                    "sslErrors", "linkLost",     "reconnecting", "recoveryAttemptChanged",
                    "recovered", "queueRenamed", "interrupted"};
            if (type->method(i).methodType() == QMetaMethod::Signal
                && !elsewhere.contains(signature.left(signature.indexOf('('))))
                addRow(ofOther ? u"other"_s : QString::fromLatin1(sender), signature);
        }
    }
    addRow(u"other"_s, "closed()");
    addRow(u"other"_s, "indeterminate(quint64,quint64)");
    for (const Scene::Kept &future : scene.kept)
        addRow(u"then"_s, future.name);
}

// The conversation undisturbed.
void TestLifetime::initTestCase()
{
    Scene scene;
    scene.play([] { return false; });
    m_reference = scene.log.lines;
    const auto expect = [&](const QString &object, const QStringList &lines) {
        QCOMPARE(SignalLog::pick(steady(scene.log.lines), object).join(u'\n'), lines.join(u'\n'));
    };
    expect(u"connection"_s,
           {u"Connecting"_s, u"Handshaking"_s, u"Connecting"_s, u"Handshaking"_s, u"Open"_s,
            u"blocked"_s, u"unblocked"_s, u"Closed"_s, u"error ClosedByBroker"_s, u"closed"_s});
    expect(u"other"_s,
           {u"Opening"_s, u"Open"_s, u"indeterminate 1-3"_s, u"Closed"_s, u"error NotFound"_s,
            u"closed"_s});
    expect(u"queue"_s,
           {u"named amq.gen"_s, u"received 1"_s, u"received 2"_s, u"received 3"_s,
            u"cancelled: Cancelled"_s});
    expect(u"second"_s,
           {u"Active"_s, u"started"_s, u"received 4"_s, u"received 8"_s, u"Cancelled"_s,
            u"cancelled: Cancelled"_s});
    const auto kind = [&](const char *name) {
        for (const Scene::Kept &future : scene.kept) {
            if (qstrcmp(future.name, name) == 0)
                return future.error().kind();
        }
        return Kind::InvalidArgument;
    };
    QCOMPARE(kind("declare"), Kind::NoError);
    QCOMPARE(kind("publishConfirmed"), Kind::NoError);
    QCOMPARE(kind("nackedPublish"), Kind::Nacked);
    QCOMPARE(kind("allConfirmed"), Kind::Nacked);
    QCOMPARE(kind("heldPublish"), Kind::NotFound);
    QCOMPARE(kind("heldAll"), Kind::NotFound);
    QCOMPARE(kind("lostDeclare"), Kind::Cancelled);
    QCOMPARE(kind("lostPurge"), Kind::ConnectionLost);
}

void TestLifetime::deletes()
{
    QFETCH(QString, sender);
    QFETCH(QByteArray, signal);
    QFETCH(Deed, deed);
    Scene scene;
    Slot slot([&] { deed(scene); });
    scene.listen(&slot, sender, signal);
    scene.play([&] { return slot.hasActed(); });
    QVERIFY(slot.hasActed());
    QVERIFY(scene.log.count(u"connection.closed"_s) <= 1);
    QVERIFY(scene.log.count(u"channel.closed"_s) <= 1);
    QVERIFY(scene.log.count(u"other.closed"_s) <= 1);
}

void TestLifetime::calls()
{
    QFETCH(QString, sender);
    QFETCH(QByteArray, signal);
    QFETCH(Deed, deed);
    Scene scene;
    Slot slot([&] { deed(scene); });
    scene.listen(&slot, sender, signal);
    scene.play([&] { return slot.hasActed(); });
    QVERIFY(slot.hasActed());
    // Some reopen it.
    const qsizetype closed = scene.log.count(u"connection.closed"_s);
    QVERIFY2(closed == 1
                     || (closed == 2 && QByteArrayView(QTest::currentDataTag()).endsWith(" open")),
             qPrintable(scene.log.lines.join(u'\n')));
    QVERIFY(scene.log.of(u"connection"_s).endsWith(u"closed"_s));
    for (const char *line :
         {"consumer.received 1", "consumer.received 3", "second.received 4", "second.received 8"})
        QVERIFY(scene.log.count(QString::fromLatin1(line)) <= 1);
}

void TestLifetime::nestedLoop()
{
    QFETCH(QString, sender);
    QFETCH(QByteArray, signal);
    Scene scene;
    Slot slot([&] {
        for (int i = 0; i < 200; ++i)
            QCoreApplication::processEvents();
    });
    scene.listen(&slot, sender, signal);
    scene.play([] { return false; });
    QVERIFY(slot.hasActed());
    QStringList lines = steady(scene.log.lines);
    QStringList reference = steady(m_reference);
    // What waits until its slot has returned may go back to the queue meanwhile.
    const bool waits = signal.startsWith("messageReceived") && sender != u"channel";
    if (waits) {
        lines.removeIf([](const QString &line) { return line.contains(u".received"); });
        reference.removeIf([](const QString &line) { return line.contains(u".received"); });
    }
    lines.sort();
    reference.sort();
    QCOMPARE(lines.join(u'\n'), reference.join(u'\n'));
    if (!waits)
        QCOMPARE(scene.log.of(u"queue"_s), SignalLog::pick(m_reference, u"queue"_s));
}

void TestLifetime::deletesInNestedLoop()
{
    QFETCH(QString, sender);
    QFETCH(QByteArray, signal);
    QFETCH(Deed, deed);
    Scene scene;
    Slot slot([&] {
        QEventLoop loop;
        QMetaObject::invokeMethod(
                &loop,
                [&] {
                    deed(scene);
                    QCoreApplication::processEvents();
                    loop.quit();
                },
                Qt::QueuedConnection);
        loop.exec();
    });
    scene.listen(&slot, sender, signal);
    scene.play([&] { return slot.hasActed(); });
    QVERIFY(slot.hasActed());
}

void TestLifetime::messagesInNestedLoop()
{
    AutoServer server;
    QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(server.url()));
    QAmqpChannel *channel = connection.createChannel();
    QAmqpConsumer *consumer = channel->consume(u"q"_s);
    QByteArrayList bodies;
    int depth = 0;
    connect(consumer, &QAmqpConsumer::messageReceived, [&](const QAmqpDelivery &delivery) {
        bodies.append(delivery.body());
        QVERIFY(delivery.ack());
        QCOMPARE(++depth, 1); // it is not called again meanwhile
        if (bodies.size() == 5)
            QTRY_COMPARE_WITH_TIMEOUT(consumer->heldMessages(), 5, Patience);
        --depth;
    });
    for (int i = 1; i <= 10; ++i)
        channel->publish(QString(), u"q"_s, QAmqpMessage(QByteArray::number(i)));
    connection.open();
    TRY_COMPARE(bodies.size(), 10);
    QCOMPARE(bodies, QByteArrayList({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}));
    TRY_COMPARE(server.brokers.at(0)->acked, QList<quint64>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

// A slot that asks, and waits in a loop of its own for the answer.
void TestLifetime::waitsInSlot()
{
    AutoServer server;
    QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(server.url()));
    QAmqpChannel *channel = connection.createChannel();
    int purged = -1;
    connect(&connection, &QAmqpConnection::opened, [&] {
        const QFuture<QAmqpQueueInfo> declared = channel->declareQueue(u"q"_s);
        QTRY_VERIFY_WITH_TIMEOUT(declared.isFinished(), Patience);
        QAmqpConsumer *consumer = channel->consume(u"q"_s);
        connect(consumer, &QAmqpConsumer::messageReceived, [&] {
            const QFuture<quint32> inner = channel->purgeQueue(u"q"_s);
            QTRY_VERIFY_WITH_TIMEOUT(inner.isFinished(), Patience);
            purged = int(inner.result());
        });
        const QFuture<quint64> published =
                channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x"));
        QTRY_VERIFY_WITH_TIMEOUT(published.isFinished(), Patience);
    });
    connect(channel, &QAmqpChannel::readyToPublish, [&] {
        const QFuture<void> bound = channel->bindQueue(u"q"_s, u"e"_s);
        QTRY_VERIFY_WITH_TIMEOUT(bound.isFinished(), Patience);
    });
    connection.open();
    TRY_COMPARE(purged, 0);
    connection.close();
    TRY_COMPARE(connection.state(), QAmqpConnection::State::Closed);
}

void TestLifetime::heldMessagesInNestedLoop()
{
    AutoServer server;
    QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(server.url()));
    QAmqpChannel *channel = connection.createChannel();
    QAmqpConsumer *consumer = channel->consume(u"q"_s);
    QByteArrayList bodies;
    connect(consumer, &QAmqpConsumer::messageReceived, [&](const QAmqpDelivery &delivery) {
        bodies.append(delivery.body());
        if (bodies.size() == 1) {
            channel->publish(QString(), u"q"_s, QAmqpMessage("4"));
            QTRY_COMPARE_WITH_TIMEOUT(consumer->heldMessages(), 3, Patience);
            QCOMPARE(bodies.size(), 1);
        }
    });
    QVERIFY(consumer->pause());
    for (const char *body : {"1", "2", "3"})
        channel->publish(QString(), u"q"_s, QAmqpMessage(body));
    connection.open();
    TRY_COMPARE(consumer->heldMessages(), 3);
    consumer->resume();
    TRY_COMPARE(bodies, QByteArrayList({"1", "2", "3", "4"}));
}

// Also of one that catches around the event loop.
void TestLifetime::exceptionOfASlotEndsTheApplication()
{
    const pid_t process = fork();
    if (process == 0) {
        alarm(20);
        std::set_terminate([] { _exit(42); });
        QAmqpConnection connection(localPort(1)); // nobody listens there
        connect(&connection, &QAmqpConnection::errorOccurred, [] { throw std::exception(); });
        connection.open();
        for (;;) {
            try {
                QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
            } catch (const std::exception &) {
            }
        }
    }
    int status = 0;
    QCOMPARE(waitpid(process, &status, 0), process);
    QVERIFY(WIFEXITED(status));
    QCOMPARE(WEXITSTATUS(status), 42);
}

void TestLifetime::pendingFutures_data()
{
    QTest::addColumn<bool>("open");
    QTest::newRow("before the connection is open") << false;
    QTest::newRow("unanswered") << true;
}

// Each ends with an exception that says why, none hangs and none is merely cancelled.
void TestLifetime::pendingFutures(bool connectionDies)
{
    QFETCH(bool, open);
    ScriptedServer server(open ? openedChannel().ignoreRest() : Script());
    auto connection = std::make_unique<QAmqpConnection>(optionsFor(server));
    QAmqpChannel *channel = connection->createChannel();
    if (open) {
        connection->open();
        TRY(channel->isOpen(), server);
    }
    QObject elsewhere; // a parent that survives both
    QList<std::pair<const char *, std::function<QAmqpError()>>> futures;
    const auto keep = [&](const char *name, auto future) {
        futures.append({name, [future] { return errorOf(future); }});
    };
    keep("declareQueue", channel->declareQueue(u"q"_s));
    keep("bindQueue", channel->bindQueue(u"q"_s, u"e"_s));
    keep("unbindQueue", channel->unbindQueue(u"q"_s, u"e"_s));
    keep("purgeQueue", channel->purgeQueue(u"q"_s));
    keep("deleteQueue", channel->deleteQueue(u"q"_s));
    keep("declareExchange", channel->declareExchange(u"e"_s, u"direct"_s));
    keep("bindExchange", channel->bindExchange(u"e"_s, u"f"_s));
    keep("unbindExchange", channel->unbindExchange(u"e"_s, u"f"_s));
    keep("deleteExchange", channel->deleteExchange(u"e"_s));
    keep("get", channel->get(u"q"_s));
    keep("setPrefetch", channel->setPrefetch(3));
    keep("recover", channel->recover());
    keep("declare", channel->queue()->declare());
    keep("publishConfirmed", channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x")));
    keep("allConfirmed", channel->allConfirmed());
    QAmqpConsumer *child = channel->consume(u"q"_s);
    keep("cancel of a child", child->cancel());
    QAmqpConsumer *stranger = channel->consume(u"r"_s);
    stranger->setParent(&elsewhere);
    keep("cancel of a stranger", stranger->cancel());
    if (connectionDies) {
        if (open)
            keep("updateSecret", connection->updateSecret(u"s"_s, {}));
        channel->setParent(&elsewhere);
        connection.reset();
        QVERIFY(!channel->connection());
        QCOMPARE(channel->state(), QAmqpChannel::State::Closed);
    } else {
        delete channel;
        QVERIFY(!stranger->channel());
        delete stranger; // its cancel was its own
    }
    for (const auto &[name, error] : futures) {
        QVERIFY2(error().kind() == Kind::Cancelled,
                 qPrintable(QString::fromLatin1(name) + u": "_s + error().text()));
        QVERIFY2(error().text().contains(u"was destroyed"),
                 qPrintable(QString::fromLatin1(name) + u": "_s + error().text()));
    }
}

void TestLifetime::continuationsDeleteSiblings()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    auto connection = std::make_unique<QAmqpConnection>(optionsFor(server));
    QList<QPointer<QAmqpChannel>> channels;
    int ended = 0;
    for (int i = 0; i < 4; ++i)
        channels.append(connection->createChannel());
    for (int i = 0; i < 4; ++i) {
        channels.at(i)->declareQueue(u"q"_s).then([&, i](const QFuture<QAmqpQueueInfo> &) {
            ++ended;
            if (i < 3)
                delete channels.at(i + 1);
        });
    }
    connection->open();
    TRY(connection->isOpen(), server);
    connection.reset();
    QCOMPARE(ended, 4);
}

void TestLifetime::continuationsCallWhatDies()
{
    ScriptedServer server(openedChannel().ignoreRest());
    auto connection = std::make_unique<QAmqpConnection>(optionsFor(server));
    QAmqpChannel *channel = connection->createChannel();
    connection->open();
    TRY(channel->isOpen(), server);
    QList<QAmqpError> errors;
    QObject owner;
    std::unique_ptr<QAmqpChannel> made;
    QFuture<QAmqpQueueInfo> never;
    QAmqpConnection *const dying = connection.get();
    channel->declareQueue(u"q"_s).then([&](const QFuture<QAmqpQueueInfo> &first) {
        errors.append(errorOf(first));
        errors.append(errorOf(channel->declareQueue(u"r"_s)));
        errors.append(errorOf(channel->publishConfirmed(QString(), u"r"_s, QAmqpMessage("x"))));
        errors.append(errorOf(channel->get(u"r"_s)));
        QCOMPARE(channel->publish(QString(), u"r"_s, QAmqpMessage("x")), 0u);
        channel->open();
        channel->close();
        channel->queue(u"r"_s)->consume();
        dying->open(); // as a program does that connects again whatever happened
        QCOMPARE(dying->state(), QAmqpConnection::State::Closed);
        QCOMPARE(dying->lastError().kind(), Kind::NotOpen);
        made.reset(dying->createChannel(&owner));
        never = made->declareQueue(u"s"_s);
    });
    connection.reset();
    QCOMPARE(errors.size(), 4);
    QCOMPARE(errors.takeFirst().kind(), Kind::Cancelled);
    QVERIFY(never.isFinished());
    errors.append(errorOf(made->declareQueue(u"t"_s)));
    for (const QAmqpError &error : std::as_const(errors))
        QVERIFY2(error.kind() == Kind::NotOpen, qPrintable(error.text()));
}

// Handles are the channel's children, but nothing stops an application from giving them to others.
void TestLifetime::handlesOutliveTheirChannel()
{
    ScriptedServer server(openedChannel().ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    QAmqpChannel *channel = connection.createChannel();
    connection.open();
    TRY(channel->isOpen(), server);
    QObject elsewhere;
    QAmqpQueue *queue = channel->queue(u"q"_s);
    QAmqpQueue *nameless = channel->queue();
    QAmqpExchange *exchange = channel->exchange(u"e"_s);
    QAmqpConsumer *consumer = queue->consume();
    for (QObject *handle : QObjectList{queue, nameless, exchange})
        handle->setParent(&elsewhere);
    delete channel;
    QVERIFY(!queue->channel());
    QVERIFY(!exchange->channel());
    QVERIFY(!consumer->channel());
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Cancelled);
    QVERIFY(!consumer->pause());
    consumer->resume();
    QCOMPARE(queue->publish(QAmqpMessage("x")), 0u);
    QCOMPARE(exchange->publish(u"k"_s, QAmqpMessage("x")), 0u);
    QCOMPARE(queue->consume()->state(), QAmqpConsumer::State::Cancelled);
    for (const QAmqpError &error :
         {errorOf(queue->declare()), errorOf(queue->bind(u"e"_s)), errorOf(queue->unbind(u"e"_s)),
          errorOf(queue->purge()), errorOf(queue->deleteQueue()), errorOf(queue->get()),
          errorOf(queue->publishConfirmed(QAmqpMessage("x"))), errorOf(nameless->declare()),
          errorOf(nameless->purge()), errorOf(exchange->declare(QAmqpExchange::Type::Topic)),
          errorOf(exchange->bind(u"f"_s)), errorOf(exchange->unbind(u"f"_s)),
          errorOf(exchange->deleteExchange()),
          errorOf(exchange->publishConfirmed(u"k"_s, QAmqpMessage("x"))),
          errorOf(consumer->cancel())}) {
        QVERIFY2(error.kind() == Kind::NotOpen, qPrintable(error.text()));
    }
    QVERIFY2(errorOf(queue->declare()).text().contains(u"destroyed"),
             qPrintable(errorOf(queue->declare()).text()));
}

void TestLifetime::channelOutlivesConnection()
{
    AutoServer server;
    auto connection =
            std::make_unique<QAmqpConnection>(QAmqpConnectionOptions::fromUrl(server.url()));
    QObject elsewhere;
    QAmqpChannel *channel = connection->createChannel(&elsewhere);
    QAmqpConsumer *consumer = channel->consume(u"q"_s);
    QAmqpDelivery kept;
    connect(consumer, &QAmqpConsumer::messageReceived,
            [&](const QAmqpDelivery &delivery) { kept = delivery; });
    channel->publish(QString(), u"q"_s, QAmqpMessage("x"));
    connection->open();
    TRY_COMPARE(kept.body(), QByteArray("x"));
    connection.reset();
    QVERIFY(!kept.ack());
    QCOMPARE(channel->state(), QAmqpChannel::State::Closed);
    QCOMPARE(channel->publish(QString(), u"q"_s, QAmqpMessage("x")), 0u);
    QCOMPARE(channel->lastError().kind(), Kind::NotOpen);
    QCOMPARE(errorOf(channel->declareQueue(u"q"_s)).kind(), Kind::NotOpen);
    const QString halfASurrogatePair(QChar(0xd800));
    QCOMPARE(channel->publish(QString(), halfASurrogatePair, QAmqpMessage("x")), 0u);
    QCOMPARE(channel->lastError().kind(), Kind::NotOpen);
    QCOMPARE(errorOf(channel->declareQueue(halfASurrogatePair)).kind(), Kind::NotOpen);
    QCOMPARE(errorOf(consumer->cancel()).kind(), Kind::NotOpen);
    QVERIFY(!channel->ackAll());
    channel->open();
    channel->close();
    consumer->resume();
    QVERIFY(!channel->isReadyToPublish());
    QCOMPARE(channel->state(), QAmqpChannel::State::Closed);
    QVERIFY(!channel->queue(u"q"_s)->consume()->isActive());
}

QTAMQP_TEST(TestLifetime)
#include "tst_lifetime.moc"
