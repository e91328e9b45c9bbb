// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The objects lose their link and go on with another one: what they emit, how what was under way ends, and what they
// are when everything works again.

#include "connectiontest.h"
#include "consumertest.h"
#include "memorytransport.h"
#include "recoverytest.h"

#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>
#include <QtAmqpTest/qamqptestbroker.h>
#include <QtCore/qbuffer.h>

#include <thread>

using State = QAmqpConnection::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

namespace {

// A connection over a wire in memory, with a channel and a consumer "t" of the queue "q". No time passes: the next
// attempt is made when recover() is called.
class Scene
{
public:
    explicit Scene(const QAmqpConsumeOptions &options = tagged())
    {
        connection = new QAmqpConnection;
        connection->setTransport(std::make_unique<MemoryTransport>(wire));
        log.follow(connection);
        channel = connection->createChannel();
        log.follow(channel);
        consumer = channel->consume(u"q"_s, options);
        log.watch(consumer);
        QObject::connect(consumer, &QAmqpConsumer::messageReceived, &context,
                         [this](const QAmqpDelivery &delivery) { received.append(delivery); });
        connection->open();
        run();
    }
    ~Scene() { delete connection; }

    void run() const
    {
        QVERIFY(wire->run());
        QCoreApplication::processEvents();
        QVERIFY(wire->run());
    }
    void lose()
    {
        wire->lose();
        run();
    }
    void recover()
    {
        wire->setMute(false);
        connection->reconnectNow();
        run();
    }
    void send(quint64 tag, const QByteArray &body, bool redelivered = false)
    {
        QAmqpMessage message(body);
        message.setMessageId(QString::fromLatin1(body));
        wire->inject(methodFrame(BasicDeliver{"t", tag, redelivered, "e", "k"}, 1)
                     + contentFrames(1, message, 131072));
        run();
    }
    QByteArrayList bodies() const
    {
        QByteArrayList all;
        for (const QAmqpDelivery &delivery : received)
            all.append(delivery.body());
        return all;
    }

    RecoveryLog log;
    const std::shared_ptr<Wire> wire = std::make_shared<Wire>();
    QPointer<QAmqpConnection> connection;
    QPointer<QAmqpChannel> channel;
    QPointer<QAmqpConsumer> consumer;
    QList<QAmqpDelivery> received;
    QObject context;
};

// A connection to a whole broker, which makes its attempts without waiting.
struct Client
{
    explicit Client(const QAmqpTestBroker &broker)
        : connection(QAmqpConnectionOptions::fromUrl(broker.url()))
    {
        log.follow(&connection);
        QObject::connect(&connection, &QAmqpConnection::reconnecting, &connection,
                         &QAmqpConnection::reconnectNow);
        channel = connection.createChannel();
        log.follow(channel);
    }
    bool waitFor(const QString &line, qsizetype times = 1)
    {
        return eventually([&] { return log.count(line) == times; });
    }

    RecoveryLog log;
    QAmqpConnection connection;
    QAmqpChannel *channel = nullptr;
};

} // namespace

class TestRecovery : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void statesAndSignalsComeInOrder();
    void whatWasUnderWayEnds();
    void whatWaitsGoesOut();
    void deliveriesOfTheOldLinkAreStale();
    void publishesAreIndeterminateOnce();
    void whatIsNegotiatedStays();
    void theLastErrorIsTheLossUntilItHasRecovered();
    void aLossIsToldOnceMoreWhileItRecovers();
    void aSecretUnderWayIsInterrupted();
    void itReadsThoughTheApplicationDoesNot();
    void aBrokerThatBlockedIsAskedAnew();
    void givesUpWhenThePolicySaysSo();
    void aRefusedLinkIsNotMadeAgain();
    void endsInEveryPhase_data();
    void endsInEveryPhase();
    void aChannelThatGoesIsNotOpenedAgain();
    void aChannelMadeMeanwhileOpens();
    void queuesThatTheBrokerNamesGetAnotherName();
    void aPausedConsumerStaysPaused();
    void heldMessagesWithoutAcknowledgementAreKept();
    void aBodyThatWasArrivingIsGivenUp();
    void aConsumerThatIsNotRestoredIsCancelled();
    void callsThatWereSentAreInterrupted();
    void idempotentCallsAreSentAgain();
    void aServerGoesOn();
    void drainingWaitsForWhatWasShown();
    void aSlotMayWaitForTheNextLink();
    void drainingEndsWithItsTimeOrItsLink();
    void whatWasAcknowledgedIsNotShownAgain();
};

void TestRecovery::statesAndSignalsComeInOrder()
{
    Scene s;
    s.send(1, "a");
    QVERIFY(s.received.last().ack());
    s.log.lines.clear();
    s.lose();
    QCOMPARE(s.log.story(),
             QStringList({u"channel.interrupted ConnectionLost"_s, u"channel.Opening"_s,
                          u"consumer.Starting"_s, u"connection.Recovering"_s,
                          u"connection.lost ConnectionLost"_s, u"connection.attempt 1"_s}));
    QVERIFY(s.connection->isRecovering());
    QVERIFY(!s.connection->isOpen());
    QCOMPARE(s.connection->recoveryAttempt(), 1);
    QVERIFY(s.connection->nextAttemptIn() > 0ms);
    QVERIFY(s.connection->nextAttemptIn() <= 30s);
    QVERIFY(s.connection->nextAttempt().isValid());
    QCOMPARE(s.consumer->state(), QAmqpConsumer::State::Starting);
    s.log.lines.clear();
    s.recover();
    QCOMPARE(s.log.story(),
             QStringList({u"channel.Open"_s, u"consumer.Active"_s, u"channel.recovered"_s,
                          u"connection.Open"_s, u"connection.recovered"_s}));
    QCOMPARE(s.connection->recoveryAttempt(), 0);
    QCOMPARE(s.connection->nextAttemptIn(), 0ms);
    QCOMPARE(s.log.reports.first().attempts(), 1);
    s.send(1, "b");
    QCOMPARE(s.bodies(), QByteArrayList({"a", "b"}));
    QVERIFY(s.received.last().ack());
    s.connection->close();
    s.run();
    QCOMPARE(s.log.count(u"connection.closed"_s), 1);
    QVERIFY(s.log.errors.isEmpty());
}

void TestRecovery::whatWasUnderWayEnds()
{
    Scene s;
    s.wire->setMute(true);
    QAmqpChannel *const c = s.channel;
    const QFuture<void> again[] = {
            QFuture<void>(c->declareQueue(u"x"_s)),
            c->bindQueue(u"q"_s, u"e"_s, u"k"_s),
            c->declareExchange(u"y"_s, u"topic"_s),
            c->setPrefetch(7),
    };
    const QFuture<void> interrupted[] = {QFuture<void>(c->purgeQueue(u"q"_s)),
                                         QFuture<void>(c->deleteQueue(u"x"_s)),
                                         QFuture<void>(c->get(u"q"_s))};
    const QFuture<void> recovered = c->recover();
    const QFuture<int> cancelled = s.consumer->cancel();
    s.run();
    s.lose();
    for (const QFuture<void> &future : interrupted) {
        const QAmqpError error = errorOf(future);
        QCOMPARE(error.kind(), Kind::Interrupted);
        QVERIFY(error.isRetryable());
        QCOMPARE(error.cause().kind(), Kind::ConnectionLost);
    }
    QCOMPARE(errorOf(recovered).kind(), Kind::NoError);
    QCOMPARE(errorOf(cancelled).kind(), Kind::NoError);
    QCOMPARE(s.log.count(u"consumer.cancelled"_s), 1);
    for (const QFuture<void> &future : again)
        QVERIFY(!future.isFinished());
    s.recover();
    for (const QFuture<void> &future : again)
        QCOMPARE(errorOf(future).kind(), Kind::NoError);
    QCOMPARE(s.log.count(u"channel.closed"_s), 0);
}

void TestRecovery::whatWaitsGoesOut()
{
    Scene s;
    s.lose();
    QFuture<quint32> purged = s.channel->purgeQueue(u"q"_s);
    const QFuture<quint64> published = s.channel->publishConfirmed({}, u"log"_s, "kept"_ba);
    QVERIFY(s.channel->publish({}, u"log"_s, "kept too"_ba) > 0);
    QVERIFY(!s.channel->isReadyToPublish());
    s.run();
    QVERIFY(!purged.isFinished() && !published.isFinished());
    s.recover();
    QCOMPARE(errorOf(purged).kind(), Kind::NoError);
    QCOMPARE(errorOf(published).kind(), Kind::NoError);
    QCOMPARE(s.wire->broker->logged, QByteArrayList({"kept", "kept too"}));
    QCOMPARE(s.log.count(u"channel.indeterminate 1-1"_s), 0);
    QVERIFY(s.channel->isReadyToPublish());
}

void TestRecovery::deliveriesOfTheOldLinkAreStale()
{
    Scene s;
    s.send(1, "a");
    const QAmqpDelivery old = s.received.first();
    QVERIFY(!old.isStale());
    QVERIFY(!QAmqpDelivery().isStale());
    bool wasStale = false;
    connect(s.channel, &QAmqpChannel::interrupted, &s.context, [&] { wasStale = old.isStale(); });
    s.lose();
    QVERIFY(wasStale);
    s.recover();
    s.send(1, "a", true); // with the same tag
    QVERIFY(!s.received.last().isStale());
    QVERIFY(old.isStale() && !old.ack() && !old.isSettled());
    bool accepted = true;
    std::thread other([&] {
        wasStale = old.isStale();
        accepted = old.nack();
    });
    other.join();
    QVERIFY(wasStale && !accepted);
    QVERIFY(s.received.last().ack());
    s.run();
    QCOMPARE(s.wire->broker->acked, QList<quint64>({1}));
    QVERIFY(s.wire->broker->nacked.isEmpty());
    s.connection->abort();
    s.run();
    QVERIFY(s.received.last().isStale());
}

void TestRecovery::publishesAreIndeterminateOnce()
{
    Scene s;
    s.channel->publish({}, u"log"_s, "confirmed"_ba);
    s.run();
    s.wire->setMute(true);
    s.channel->publish({}, u"log"_s, "sent"_ba);
    const QFuture<quint64> confirm = s.channel->publishConfirmed({}, u"log"_s, "sent too"_ba);
    s.run();
    s.lose();
    QVERIFY(errorOf(confirm).isError());
    s.channel->publish({}, u"log"_s, "later"_ba);
    s.recover();
    QCOMPARE(s.log.of(u"channel"_s).filter(u"1-1"_s), QStringList({u"confirmed 1-1"_s}));
    QCOMPARE(s.log.count(u"channel.indeterminate 2-3"_s), 1);
    QCOMPARE(s.log.count(u"channel.confirmed 4-4"_s), 1);
    QCOMPARE(s.wire->broker->logged, QByteArrayList({"later"})); // nothing is published again
}

void TestRecovery::whatIsNegotiatedStays()
{
    Scene s;
    const quint32 frameMax = s.connection->frameMax();
    const quint16 channelMax = s.connection->channelMax();
    QVERIFY(frameMax > 0 && channelMax > 0);
    const quint64 sent = s.connection->bytesSent();
    s.lose();
    QCOMPARE(s.connection->frameMax(), frameMax);
    QCOMPARE(s.connection->channelMax(), channelMax);
    QVERIFY(s.connection->hasCapability(u"basic.nack"_s));
    QVERIFY(s.connection->bytesSent() >= sent);
    s.wire->setMute(true);
    s.connection->reconnectNow();
    s.run();
    QCOMPARE(s.connection->frameMax(), frameMax);
    QCOMPARE(s.connection->state(), State::Recovering); // never Connecting or Handshaking
    s.recover();
    QVERIFY(s.connection->bytesSent() > sent);
}

void TestRecovery::theLastErrorIsTheLossUntilItHasRecovered()
{
    Scene s;
    QList<Kind> told;
    connect(s.connection, &QAmqpConnection::lastErrorChanged, &s.context,
            [&](const QAmqpError &error) { told.append(error.kind()); });
    s.lose();
    QCOMPARE(s.connection->lastError().kind(), Kind::ConnectionLost);
    QVERIFY(!s.connection->setOptions({}));
    QCOMPARE(s.connection->lastError().kind(), Kind::InvalidArgument);
    s.recover();
    QVERIFY(!s.connection->lastError().isError());
    QCOMPARE(told, QList<Kind>({Kind::ConnectionLost, Kind::InvalidArgument, Kind::NoError}));
}

void TestRecovery::aLossIsToldOnceMoreWhileItRecovers()
{
    Scene s;
    s.lose();
    s.wire->setMute(true);
    s.connection->reconnectNow();
    s.run();
    s.lose(); // in the handshake: only an attempt
    QCOMPARE(s.log.count(u"connection.lost ConnectionLost"_s), 1);
    QCOMPARE(s.connection->recoveryAttempt(), 2);
    QCOMPARE(s.log.count(u"connection.attempt 2"_s), 1);
    s.recover();
    QCOMPARE(s.log.count(u"connection.recovered"_s), 1);
    QCOMPARE(s.log.count(u"channel.recovered"_s), 1);
    QCOMPARE(s.log.reports.first().attempts(), 2);
    s.lose();
    s.recover();
    QCOMPARE(s.log.count(u"connection.lost ConnectionLost"_s), 2);
    QCOMPARE(s.log.count(u"connection.recovered"_s), 2);
    QCOMPARE(s.log.count(u"connection.opened"_s), 1);
    QCOMPARE(s.log.count(u"channel.opened"_s), 1);
    QCOMPARE(s.log.count(u"consumer.started"_s), 1);
}

void TestRecovery::aSecretUnderWayIsInterrupted()
{
    Scene s;
    s.wire->setMute(true);
    const QFuture<void> future = s.connection->updateSecret(u"token"_s, {});
    s.run();
    s.lose();
    QCOMPARE(errorOf(future).kind(), Kind::Interrupted);
    QCOMPARE(errorOf(future).cause().kind(), Kind::ConnectionLost);
    QCOMPARE(errorOf(s.connection->updateSecret(u"token"_s, {})).kind(), Kind::NotOpen);
    s.recover();
    QVERIFY(s.connection->isOpen());
}

void TestRecovery::itReadsThoughTheApplicationDoesNot()
{
    Scene s;
    s.connection->setReading(false);
    s.lose();
    s.recover();
    QVERIFY(s.connection->isOpen());
    QVERIFY(!s.connection->isReading());
    s.send(1, "a");
    QVERIFY(s.received.isEmpty());
    s.connection->setReading(true);
    s.run();
    QCOMPARE(s.bodies(), QByteArrayList({"a"}));
}

void TestRecovery::aBrokerThatBlockedIsAskedAnew()
{
    Scene s;
    s.wire->inject(methodFrame(ConnectionBlocked{QByteArrayView("memory")}, 0));
    s.run();
    QVERIFY(s.connection->isBlocked());
    s.lose();
    QVERIFY(!s.connection->isBlocked());
    QCOMPARE(s.connection->blockedReason(), QString());
    QCOMPARE(s.log.count(u"connection.unblocked"_s), 1);
}

void TestRecovery::givesUpWhenThePolicySaysSo()
{
    Scene s;
    s.connection->abort();
    s.run();
    s.connection->setOptions(
            QAmqpConnectionOptions().setRecoveryPolicy(QAmqpRetryPolicy().setMaximumAttempts(2)));
    s.channel->open();
    s.connection->open();
    s.run();
    QVERIFY(s.connection->isOpen());
    s.log.lines.clear();
    s.wire->setMute(true);
    const QFuture<quint32> sent = s.channel->purgeQueue(u"q"_s);
    s.run();
    s.lose();
    const QFuture<quint32> waiting = s.channel->purgeQueue(u"q"_s);
    for (int attempt = 1; s.connection->isRecovering(); ++attempt) {
        QVERIFY(attempt <= 3);
        s.connection->reconnectNow();
        s.run();
        s.lose();
    }
    QCOMPARE(errorOf(sent).kind(), Kind::Interrupted);
    QVERIFY(errorOf(waiting).isError());
    QCOMPARE(s.log.of(u"connection"_s).last(), u"closed"_s);
    QCOMPARE(s.log.count(u"connection.error ConnectionLost"_s), 1);
    QCOMPARE(s.log.count(u"channel.closed"_s), 1);
    QCOMPARE(s.log.count(u"connection.recovered"_s), 0);
    QCOMPARE(s.connection->recoveryAttempt(), 0);
    QVERIFY(!s.connection->nextAttempt().isValid());
}

void TestRecovery::aRefusedLinkIsNotMadeAgain()
{
    Scene s;
    s.wire->inject(methodFrame(ConnectionClose{505, QByteArrayView("UNEXPECTED_FRAME"), 0, 0}, 0));
    s.run();
    QCOMPARE(s.connection->state(), State::Closed);
    QCOMPARE(s.log.count(u"connection.closed"_s), 1);
    QVERIFY(s.log.lines.filter(u"interrupted"_s).isEmpty());
    QVERIFY(s.log.lines.filter(u"lost"_s).isEmpty());
}

void TestRecovery::endsInEveryPhase_data()
{
    QTest::addColumn<std::optional<quint32>>("silentAt");
    QTest::addColumn<int>("how");
    const std::pair<const char *, std::optional<quint32>> phases[] = {
            {"waiting", std::nullopt},
            {"handshake", 0},
            {"private channel", ChannelOpen::info.id()},
            {"replay", QueueDeclare::info.id()},
            {"consumers", BasicConsume::info.id()}};
    for (const auto &[phase, method] : phases) {
        int how = 0;
        for (const char *end : {"close", "abort", "delete"})
            QTest::addRow("%s, %s", phase, end) << method << how++;
    }
}

void TestRecovery::endsInEveryPhase()
{
    QFETCH(std::optional<quint32>, silentAt);
    QFETCH(int, how);
    AutoServer server;
    auto *connection = new QAmqpConnection(QAmqpConnectionOptions::fromUrl(server.url()));
    QAmqpChannel *channel = connection->createChannel();
    RecoveryLog log;
    log.follow(connection);
    log.follow(channel);
    channel->declareQueue(u"q"_s);
    QAmqpConsumer *consumer = channel->consume(u"q"_s, tagged());
    connection->open();
    TRY_COMPARE(consumer->isActive(), true);
    server.fault = {AutoFault::Drop, QueuePurge::info.id()};
    const QFuture<quint32> purged = channel->purgeQueue(u"q"_s);
    TRY_COMPARE(log.count(u"connection.attempt 1"_s), 1);
    if (silentAt) {
        server.fault = {AutoFault::Silence, *silentAt};
        connection->reconnectNow();
        TRY_COMPARE(server.fault.kind, AutoFault::None);
    }
    QCOMPARE(connection->state(), State::Recovering);
    const quint64 tag = channel->publish({}, u"q"_s, "x"_ba);
    const QFuture<QAmqpQueueInfo> waiting = channel->declareQueue(u"r"_s);
    const qsizetype dialled = server.brokers.size();
    log.lines.clear();
    if (how == 2) {
        delete connection;
        QVERIFY(log.lines.isEmpty());
    } else {
        how == 0 ? connection->close() : connection->abort();
        QCOMPARE(connection->state(), State::Closing);
        TRY_COMPARE(connection->state(), State::Closed);
        QCOMPARE(log.count(u"connection.closed"_s), 1);
        QCOMPARE(log.count(u"channel.closed"_s), 1);
        QCOMPARE(log.count(u"channel.indeterminate %1-%1"_s.arg(tag)), 1);
        QVERIFY(log.errors.isEmpty());
        QCOMPARE(connection->bytesToWrite(), 0);
    }
    QCOMPARE(errorOf(purged).kind(), Kind::Interrupted);
    QCOMPARE(errorOf(waiting).kind(), Kind::Cancelled);
    for (int i = 0; i < 20; ++i)
        QCoreApplication::processEvents();
    QCOMPARE(server.brokers.size(), dialled);
    if (how != 2)
        delete connection;
}

void TestRecovery::aChannelThatGoesIsNotOpenedAgain()
{
    QAmqpTestBroker broker;
    QVERIFY(broker.start());
    Client client(broker);
    QAmqpChannel *closed = client.connection.createChannel();
    QAmqpChannel *deleted = client.connection.createChannel();
    client.log.follow(closed, u"other"_s);
    client.connection.open();
    TRY_COMPARE(deleted->isOpen(), true);
    connect(&client.connection, &QAmqpConnection::linkLost, closed, [&] {
        closed->close();
        delete deleted;
    });
    broker.dropConnections();
    QVERIFY(client.waitFor(u"connection.recovered"_s));
    QCOMPARE(broker.connections().constFirst().channels, 1);
    QCOMPARE(client.log.count(u"other.closed"_s), 1);
    QCOMPARE(closed->state(), QAmqpChannel::State::Closed);
    QVERIFY(client.channel->isOpen());
}

void TestRecovery::aChannelMadeMeanwhileOpens()
{
    QAmqpTestBroker broker;
    QVERIFY(broker.start());
    Client client(broker);
    client.connection.open();
    TRY_COMPARE(client.channel->isOpen(), true);
    QAmqpChannel *made = nullptr;
    QFuture<QAmqpQueueInfo> declared;
    connect(&client.connection, &QAmqpConnection::linkLost, &client.connection, [&] {
        made = client.connection.createChannel();
        client.log.follow(made, u"made"_s);
        declared = made->declareQueue(u"q"_s);
    });
    broker.dropConnections();
    QVERIFY(client.waitFor(u"connection.recovered"_s));
    TRY_COMPARE(declared.isFinished(), true);
    QCOMPARE(errorOf(declared).kind(), Kind::NoError);
    QCOMPARE(client.log.count(u"made.opened"_s), 1);
    QCOMPARE(client.log.count(u"made.recovered"_s), 0);
}

void TestRecovery::queuesThatTheBrokerNamesGetAnotherName()
{
    QAmqpTestBroker broker;
    QVERIFY(broker.start());
    Client client(broker);
    QAmqpQueue *queue = client.channel->queue();
    client.log.watch(queue);
    queue->declare();
    queue->bind(u"amq.topic"_s, u"#"_s);
    QAmqpConsumer *consumer = queue->consume();
    client.connection.open();
    TRY_COMPARE(consumer->isActive(), true);
    const QString before = queue->name();
    QAmqpChannel *other = client.connection.createChannel();
    QAmqpQueue *same = other->queue(before);
    QAmqpQueue *unrelated = other->queue(u"q"_s);
    client.log.lines.clear();
    broker.dropConnections();
    QVERIFY(client.waitFor(u"connection.recovered"_s));
    const QString after = queue->name();
    QVERIFY(after != before);
    QCOMPARE(same->name(), after);
    QCOMPARE(unrelated->name(), u"q"_s);
    const qsizetype renamed =
            client.log.lines.indexOf(u"connection.renamed %1 %2"_s.arg(before, after));
    QVERIFY(renamed > client.log.lines.indexOf(u"queue.named "_s + after));
    QVERIFY(renamed < client.log.lines.indexOf(u"connection.recovered"_s));
    using Renamed = QList<QPair<QString, QString>>;
    QCOMPARE(client.log.reports.first().renamedQueues(), Renamed({{before, after}}));
    client.channel->publish(u"amq.topic"_s, u"key"_s, "bound"_ba);
    same->publish("direct"_ba);
    TRY_COMPARE(client.log.of(u"queue"_s).filter(u"received"_s).size(), 2);
    const QFuture<QAmqpQueueInfo> kept = client.channel->declareQueue(
            before, QAmqpQueueOptions().setPassive()); // a name that the application kept
    TRY_COMPARE(kept.isFinished(), true);
    QCOMPARE(errorOf(kept).kind(), Kind::NoError);
}

void TestRecovery::aPausedConsumerStaysPaused()
{
    QAmqpTestBroker broker;
    QVERIFY(broker.start());
    QVERIFY(broker.declareQueue(u"q"_s));
    Client client(broker);
    QAmqpConsumer *consumer = client.channel->consume(u"q"_s, tagged().setPrefetch(2));
    client.log.watch(consumer);
    QVERIFY(consumer->pause());
    client.connection.open();
    for (const char *body : {"1", "2", "3"})
        QVERIFY(broker.publish({}, u"q"_s, QAmqpMessage(body)));
    TRY_COMPARE(consumer->heldMessages(), 2);
    connect(client.channel, &QAmqpChannel::interrupted, consumer,
            [&] { QCOMPARE(consumer->heldMessages(), 0); });
    broker.dropConnections();
    QVERIFY(client.waitFor(u"connection.recovered"_s));
    TRY_COMPARE(consumer->heldMessages(), 2);
    QVERIFY(consumer->isPaused());
    QVERIFY(client.log.of(u"consumer"_s).filter(u"received"_s).isEmpty());
    connect(consumer, &QAmqpConsumer::messageReceived, consumer,
            [](const QAmqpDelivery &delivery) { QVERIFY(delivery.ack()); });
    consumer->resume();
    TRY_COMPARE(client.log.of(u"consumer"_s).filter(u"received"_s),
                QStringList({u"received 1"_s, u"received 2"_s, u"received 3"_s}));
    TRY_COMPARE(broker.queue(u"q"_s)->unacknowledged, quint64(0));
}

void TestRecovery::aSlotMayWaitForTheNextLink()
{
    QAmqpTestBroker broker;
    QVERIFY(broker.start());
    QVERIFY(broker.declareQueue(u"q"_s));
    Client client(broker);
    QAmqpConsumer *consumer = client.channel->consume(u"q"_s);
    client.log.watch(consumer);
    client.connection.open();
    QVERIFY(client.waitFor(u"consumer.started"_s));
    client.log.lines.clear();
    connect(client.channel, &QAmqpChannel::interrupted, consumer,
            [&] { QVERIFY(client.waitFor(u"channel.recovered"_s)); });
    broker.dropConnections();
    QVERIFY(client.waitFor(u"connection.recovered"_s));
    const QStringList story = client.log.story();
    QCOMPARE(story.filter(u"channel."_s),
             QStringList({u"channel.interrupted ConnectionLost"_s, u"channel.Opening"_s,
                          u"channel.Open"_s, u"channel.recovered"_s}));
    QCOMPARE(story.filter(u"consumer."_s),
             QStringList({u"consumer.Starting"_s, u"consumer.Active"_s}));
}

// The broker has forgotten what it sent.
void TestRecovery::heldMessagesWithoutAcknowledgementAreKept()
{
    Scene s(tagged().setNoAck());
    connect(s.consumer, &QAmqpConsumer::messageReceived, &s.context,
            [&](const QAmqpDelivery &delivery) {
                if (delivery.body() != "1")
                    return;
                s.send(2, "2"); // is held while this slot runs
                QCOMPARE(s.consumer->heldMessages(), 1);
                s.lose();
                QVERIFY(s.connection->isRecovering());
                QCOMPARE(s.consumer->heldMessages(), 1);
            });
    s.send(1, "1");
    s.recover();
    QCOMPARE(s.bodies(), QByteArrayList({"1", "2"}));
    QVERIFY(!s.received.last().isStale());
}

void TestRecovery::aBodyThatWasArrivingIsGivenUp()
{
    Scene s;
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    QStringList order;
    s.consumer->setBodySink(
            [&](const QAmqpDelivery &, quint64) {
                order.append(u"sink"_s);
                return &buffer;
            },
            100);
    QList<QAmqpDelivery> given;
    connect(s.consumer, &QAmqpConsumer::messageDiscarded, &s.context,
            [&](const QAmqpDelivery &message, const QAmqpError &error) {
                order.append(u"no "_s + nameOf(error.kind()));
                given.append(message);
            });
    connect(s.consumer, &QAmqpConsumer::messageReceived, &s.context,
            [&] { order.append(u"received"_s); });
    s.wire->inject(methodFrame(BasicDeliver{"t", 1, false, "e", "k"}, 1)
                   + headerFrame(1, QAmqpMessage(), 200)
                   + frame(FrameType::Body, 1, QByteArray(150, 'x')));
    s.run();
    s.lose();
    QCOMPARE(order, QStringList({u"sink"_s, u"no ConnectionLost"_s}));
    QVERIFY(given.first().isStale() && !given.first().ack());
    s.recover();
    s.send(1, QByteArray(200, 'y'), true);
    QCOMPARE(order, QStringList({u"sink"_s, u"no ConnectionLost"_s, u"sink"_s, u"received"_s}));
    QCOMPARE(buffer.data(), QByteArray(150, 'x') + QByteArray(200, 'y'));
    QVERIFY(s.received.last().ack());
}

void TestRecovery::aConsumerThatIsNotRestoredIsCancelled()
{
    Scene s;
    s.connection->abort();
    s.run();
    s.connection->setOptions(QAmqpConnectionOptions().setTopologyRecovery(
            QAmqpConnectionOptions::TopologyRecovery::Nothing));
    s.channel->open();
    QAmqpConsumer *consumer = s.channel->consume(u"q"_s, tagged());
    s.log.watch(consumer, u"second"_s);
    s.connection->open();
    s.run();
    QVERIFY(consumer->isActive());
    s.lose();
    s.recover();
    QCOMPARE(s.log.count(u"second.cancelled: Interrupted"_s), 1);
    QVERIFY(s.channel->isOpen());
    QVERIFY(s.channel->consumerTags().isEmpty());
}

void TestRecovery::callsThatWereSentAreInterrupted()
{
    Scene s;
    QAmqpRpcClient client(s.channel);
    const QFuture<QAmqpMessage> before = client.call({}, u"answered"_s, "0"_ba);
    s.run();
    QCOMPARE(errorOf(before).kind(), Kind::NoError);
    const QFuture<QAmqpMessage> confirmed = client.call({}, u"log"_s, "1"_ba); // never answered
    s.run();
    s.wire->setMute(true);
    const QFuture<QAmqpMessage> sent = client.call({}, u"answered"_s, "2"_ba);
    s.run();
    s.lose();
    for (const QFuture<QAmqpMessage> &call : {confirmed, sent}) {
        QCOMPARE(errorOf(call).kind(), Kind::Interrupted);
        QCOMPARE(errorOf(call).cause().kind(), Kind::ConnectionLost);
    }
    const QFuture<QAmqpMessage> waiting = client.call({}, u"answered"_s, "3"_ba);
    const QFuture<QAmqpMessage> late = client.call({}, u"answered"_s, "4"_ba, 1ms);
    QCOMPARE(client.pendingCalls(), 2);
    QVERIFY(eventually([&] {
        s.run();
        s.wire->wantsTurn = true; // this transport has no deadlines
        return late.isFinished();
    }));
    QCOMPARE(errorOf(late).kind(), Kind::Timeout);
    s.recover();
    QCOMPARE(errorOf(waiting).kind(), Kind::NoError);
    QCOMPARE(waiting.result().body(), "3"_ba);
    QCOMPARE(client.pendingCalls(), 0);
}

void TestRecovery::idempotentCallsAreSentAgain()
{
    Scene s;
    QAmqpRpcClient client(s.channel);
    QVERIFY(!client.isIdempotent());
    const QFuture<QAmqpMessage> once = client.call({}, u"log"_s, "once"_ba);
    client.setIdempotent(true);
    s.run();
    s.wire->setMute(true);
    const QFuture<QAmqpMessage> first = client.call({}, u"answered"_s, "first"_ba);
    const QFuture<QAmqpMessage> second = client.call({}, u"answered"_s, "second"_ba);
    s.run();
    s.lose();
    QCOMPARE(errorOf(once).kind(), Kind::Interrupted);
    QVERIFY(!first.isFinished() && !second.isFinished());
    QCOMPARE(client.pendingCalls(), 2);
    s.recover();
    QCOMPARE(errorOf(first).kind(), Kind::NoError);
    QCOMPARE(first.result().body(), "first"_ba);
    QCOMPARE(second.result().body(), "second"_ba);
    QCOMPARE(client.pendingCalls(), 0);
    QCOMPARE(client.ignoredReplies(), quint64(0));
}

void TestRecovery::aServerGoesOn()
{
    QAmqpTestBroker broker;
    QVERIFY(broker.start());
    QVERIFY(broker.declareQueue(u"requests"_s));
    Client client(broker);
    QAmqpRpcServer server(client.channel, u"requests"_s);
    QList<QAmqpRpcRequest> requests;
    connect(&server, &QAmqpRpcServer::requestReceived, this,
            [&](const QAmqpRpcRequest &request) { requests.append(request); });
    QSignalSpy running(&server, &QAmqpRpcServer::runningChanged);
    QSignalSpy errors(&server, &QAmqpRpcServer::errorOccurred);
    QVERIFY(server.start());
    client.connection.open();
    QVERIFY(broker.declareQueue(u"replies"_s));
    QAmqpMessage request("?");
    request.setReplyTo(u"replies"_s);
    QVERIFY(broker.publish({}, u"requests"_s, request));
    TRY_COMPARE(requests.size(), 1);
    broker.dropConnections();
    QVERIFY(client.waitFor(u"connection.recovered"_s));
    TRY_COMPARE(requests.size(), 2);
    QVERIFY(requests.at(0).reply("late"_ba)); // the one who asked may still be there
    QVERIFY(requests.at(0).isAnswered() && !requests.at(0).message().isSettled());
    QVERIFY(requests.at(1).reply("again"_ba));
    TRY_COMPARE(broker.queue(u"replies"_s)->messages, quint64(2));
    TRY_COMPARE(broker.queue(u"requests"_s)->unacknowledged, quint64(0));
    QCOMPARE(running.count(), 1);
    QCOMPARE(errors.count(), 0);
    QVERIFY(server.isRunning());
}

void TestRecovery::drainingWaitsForWhatWasShown()
{
    Scene s;
    for (quint64 tag : {1u, 2u, 3u})
        s.send(tag, QByteArray::number(tag));
    QVERIFY(s.consumer->pause());
    s.send(4, "4");
    QCOMPARE(s.consumer->heldMessages(), 1);
    QCOMPARE(errorOf(s.consumer->drain(-1ms)).kind(), Kind::InvalidArgument);
    const QFuture<int> drained = s.consumer->drain(0ms);
    s.run();
    QCOMPARE(s.log.count(u"consumer.cancelled"_s), 1);
    QVERIFY(!drained.isFinished());
    QVERIFY(s.received.at(0).ack());
    s.run();
    QVERIFY(!drained.isFinished());
    QVERIFY(s.received.at(2).ack(QAmqpDelivery::Multiple));
    s.run();
    QCOMPARE(errorOf(drained).kind(), Kind::NoError);
    QCOMPARE(drained.result(), 1);
    QCOMPARE(s.bodies(), QByteArrayList({"1", "2", "3"}));
    QCOMPARE(errorOf(s.consumer->drain(1s)).kind(), Kind::NotOpen);
}

void TestRecovery::drainingEndsWithItsTimeOrItsLink()
{
    Scene s;
    s.send(1, "1");
    QAmqpConsumer *other = s.channel->consume(u"r"_s, QAmqpConsumeOptions().setConsumerTag(u"u"_s));
    s.run();
    const QFuture<int> late = s.consumer->drain(1ms);
    QVERIFY(eventually([&] {
        s.wire->wantsTurn = true;
        s.run();
        return late.isFinished();
    }));
    QCOMPARE(errorOf(late).kind(), Kind::Timeout);
    QVERIFY(s.received.first().ack());
    s.wire->inject(methodFrame(BasicDeliver{"u", 2, false, "e", "k"}, 1)
                   + contentFrames(1, QAmqpMessage("2"), 131072));
    s.run();
    const QFuture<int> lost = other->drain(0ms);
    s.run();
    QVERIFY(!lost.isFinished());
    s.lose();
    QCOMPARE(errorOf(lost).kind(), Kind::NoError); // it comes again
    s.recover();
    QCOMPARE(s.channel->consumerTags(), QStringList());
    QAmqpConsumer *third = s.channel->consume(u"r"_s, QAmqpConsumeOptions().setConsumerTag(u"v"_s));
    s.run();
    s.wire->inject(methodFrame(BasicDeliver{"v", 1, false, "e", "k"}, 1)
                   + contentFrames(1, QAmqpMessage("3"), 131072));
    s.run();
    const QFuture<int> closed = third->drain(0ms);
    s.run();
    delete s.channel;
    QVERIFY(errorOf(closed).isError());
}

void TestRecovery::whatWasAcknowledgedIsNotShownAgain()
{
    Scene s(tagged().setDeduplication(2));
    for (quint64 tag : {1u, 2u, 3u, 4u})
        s.send(tag, QByteArray::number(tag));
    s.wire->setMute(true);
    QVERIFY(s.received.at(2).ack(QAmqpDelivery::Multiple)); // 1, 2, 3, of which two are remembered
    s.run();
    s.lose();
    s.recover();
    quint64 tag = 0;
    for (const char *body : {"1", "2", "3", "4"})
        s.send(++tag, body, true);
    QCOMPARE(s.bodies(), QByteArrayList({"1", "2", "3", "4", "1", "4"}));
    QCOMPARE(s.consumer->duplicates(), quint64(2));
    QCOMPARE(s.wire->broker->acked, QList<quint64>({2, 3}));
    s.send(5, "3"); // not delivered again, so that it is another message
    QCOMPARE(s.received.last().body(), "3"_ba);
    QVERIFY(s.received.last().nack());
    QCOMPARE(Scene().consumer->duplicates(), quint64(0));
}

QTAMQP_TEST(TestRecovery)
#include "tst_recovery.moc"
