// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What other clients got wrong, as tests/protocol/tst_pitfalls.cpp has it, where objects, an event loop
// or a socket take part.

#include "apitest.h"
#include "scripted/autobroker.h"

#include <QtAmqp/qamqptransport.h>
#include <QtCore/qelapsedtimer.h>
#include <QtNetwork/qnetworkproxy.h>
#include <QtNetwork/qsslconfiguration.h>

#include <atomic>
#include <clocale>
#include <csignal>
#include <locale>
#include <pthread.h>
#include <thread>

using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

namespace {

// A broker at the other end of a function call, to see what is written and when.
class MemoryTransport : public QAmqpTransport
{
public:
    explicit MemoryTransport(int *writes) : m_writes(writes) { }

    void open(const QAmqpEndpoint &) override
    {
        m_opening = true;
        requestTurn();
    }
    void write(const QByteArray &block) override
    {
        ++*m_writes;
        m_answers += m_broker.receive(block);
        requestTurn();
    }
    qint64 bytesToWrite() const override { return 0; }
    void close() override { m_answers.clear(); }
    void abort() override { m_answers.clear(); }
    void setDeadline(std::optional<TimePoint>) override { }
    void requestTurn() override
    {
        QMetaObject::invokeMethod(
                &m_context, [this] { work(); }, Qt::QueuedConnection);
    }

private:
    void work()
    {
        if (std::exchange(m_opening, false))
            opened();
        qsizetype size = 0;
        while (!m_answers.isEmpty()) {
            char *const room = receiveBuffer(&size);
            if (!room)
                break;
            size = std::min(size, m_answers.size());
            std::memcpy(room, m_answers.constData(), size_t(size));
            m_answers.remove(0, size);
            received(size);
        }
        turn();
    }

    int *m_writes;
    QObject m_context;
    AutoBroker m_broker;
    QByteArray m_answers;
    bool m_opening = false;
};

// A connection to an AutoServer with one open channel.
struct Talk
{
    Talk() : connection(QAmqpConnectionOptions::fromUrl(server.url()))
    {
        channel = connection.createChannel();
        connection.open();
        eventually([this] { return channel->isOpen(); });
    }

    AutoServer server;
    QAmqpConnection connection;
    QAmqpChannel *channel = nullptr;
};

// The broker sends `count` messages to consumer "t" in one piece.
Script flood(int count)
{
    QByteArray bytes;
    for (int i = 1; i <= count; ++i) {
        bytes += methodFrame(
                BasicDeliver{QByteArrayView("t"), quint64(i), false, {}, QByteArrayView("q")}, 1);
        bytes += contentFrames(1, QAmqpMessage(QByteArray::number(i)), 131072);
    }
    return openedChannel()
            .expect<BasicQos>()
            .reply(BasicQosOk{})
            .expect<BasicConsume>()
            .reply(BasicConsumeOk{QByteArrayView("t")})
            .garbage(bytes)
            .ignoreRest();
}

QAmqpConsumeOptions tagged() { return QAmqpConsumeOptions().setConsumerTag(u"t"_s); }

} // namespace

class TestPitfalls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void handlersAreCalledInTheOrderOfConnecting();
    void theChannelListsItsConsumers();
    void severalPublishesAreOneWrite();
    void writesGoOutWhileMessagesArrive();
    void timersFireWhileMessagesWait();
    void closesWithSeveralConsumers();
    void closedChannelsLeaveNothingBehind();
    void errorsKeepNoMessageAlive();
    void signalsDoNotDisturbTheSocket();
    void openingDoesNotBlockTheLoop();
    void aReopenedConnectionTellsOfBlockingOnce();
    void globalStateStaysAsItIs();
    void openingWhatIsOpenDoesNothing();
    void publishingToAPeerThatDoesNotReadNeverWaits();
    void aFreshDeliveryIsNotRedelivered();
    void theClientHelloNamesTheHostAndNoOldVersion();
};

// Also one that is connected twice (51), once for each time; a single shot comes once.
void TestPitfalls::handlersAreCalledInTheOrderOfConnecting()
{
    const Script once = Script().handshake().connectionClose();
    ScriptedServer server(Script(once).then(once));
    QAmqpConnection connection(optionsFor(server));
    QString calls;
    const auto second = [&calls] { calls += u'2'; };
    connect(&connection, &QAmqpConnection::opened, this, [&] { calls += u'1'; });
    connect(&connection, &QAmqpConnection::opened, this, second);
    const auto third = connect(&connection, &QAmqpConnection::opened, this, second);
    connect(
            &connection, &QAmqpConnection::opened, this, [&] { calls += u'3'; },
            Qt::SingleShotConnection);
    connect(&connection, &QAmqpConnection::opened, this, [&] { calls += u'4'; });
    connection.open();
    TRY(calls.endsWith(u'4'), server);
    QCOMPARE(calls, u"12234"_s);
    connection.close();
    TRY_COMPARE(connection.state(), QAmqpConnection::State::Closed);

    QVERIFY(disconnect(third));
    QVERIFY(!disconnect(third));
    calls.clear();
    connection.open();
    TRY(calls.endsWith(u'4'), server);
    QCOMPARE(calls, u"124"_s);
    connection.close();
    TRY(server.isExhausted(), server);
}

void TestPitfalls::theChannelListsItsConsumers()
{
    Talk talk;
    QAmqpConsumer *first = talk.channel->consume(u"a"_s);
    const QAmqpConsumer *second = talk.channel->consume(u"b"_s);
    const auto active = [&talk] {
        QSet<QString> tags;
        for (const QAmqpConsumer *consumer : talk.channel->findChildren<QAmqpConsumer *>()) {
            if (consumer->isActive())
                tags.insert(consumer->consumerTag());
        }
        return tags;
    };
    TRY_COMPARE(active(), QSet<QString>({first->consumerTag(), second->consumerTag()}));
    first->cancel();
    TRY_COMPARE(active(), QSet<QString>({second->consumerTag()}));
}

// 15: a method, a header and a body frame each, and a system call for none of them alone.
void TestPitfalls::severalPublishesAreOneWrite()
{
    int writes = 0;
    QAmqpConnection connection;
    QVERIFY(connection.setTransport(std::make_unique<MemoryTransport>(&writes)));
    QAmqpChannel *channel = connection.createChannel();
    connection.open();
    QVERIFY(eventually([&] { return channel->isOpen(); }));
    QVERIFY(eventually([&] { return errorOf(channel->allConfirmed()) == QAmqpError(); }));
    channel->publish(QString(), u"q"_s, QAmqpMessage("with it goes confirm.select"));
    QVERIFY(eventually([&] { return channel->unconfirmed() == 0; }));

    int before = writes;
    for (int i = 0; i < 3; ++i)
        channel->publish(QString(), u"q"_s, QAmqpMessage("small"));
    QCOMPARE(writes, before); // not yet: more may come
    QVERIFY(eventually([&] { return channel->unconfirmed() == 0; }));
    QCOMPARE(writes, before + 1);

    before = writes;
    for (int i = 0; i < 500; ++i)
        channel->publish(QString(), u"q"_s, QAmqpMessage(QByteArray(1000, 'x')));
    QVERIFY(eventually([&] { return channel->unconfirmed() == 0; }));
    QVERIFY2(writes - before <= 10, qPrintable(QString::number(writes - before)));
}

// 38: acknowledgements leave while the broker goes on sending.
void TestPitfalls::writesGoOutWhileMessagesArrive()
{
    constexpr int Count = 20'000;
    ScriptedServer server(flood(Count));
    QAmqpConnection connection(optionsFor(server));
    QAmqpConsumer *consumer = connection.createChannel()->consume(u"q"_s, tagged());
    int received = 0;
    quint64 sentAtFirst = 0;
    quint64 sentAtLast = 0;
    connect(consumer, &QAmqpConsumer::messageReceived, [&](const QAmqpDelivery &message) {
        if (++received == 1)
            sentAtFirst = connection.bytesSent();
        sentAtLast = connection.bytesSent();
        QVERIFY(message.ack());
    });
    connection.open();
    TRY(received == Count, server);
    const auto acks = (sentAtLast - sentAtFirst) / quint64(methodFrame(BasicAck(), 1).size());
    QVERIFY2(acks > Count / 2, qPrintable(QString::number(acks)));
}

// 3
void TestPitfalls::timersFireWhileMessagesWait()
{
    constexpr int Count = 10'000;
    ScriptedServer server(flood(Count));
    QAmqpConnection connection(optionsFor(server));
    QAmqpConsumer *consumer = connection.createChannel()->consume(u"q"_s, tagged().setPrefetch(0));
    int received = 0;
    QList<int> fired;
    QTimer timer;
    connect(&timer, &QTimer::timeout, this, [&] { fired.append(received); });
    connect(consumer, &QAmqpConsumer::messageReceived, [&](const QAmqpDelivery &) {
        if (++received == 1)
            timer.start(10ms);
        QElapsedTimer work;
        work.start();
        while (work.nsecsElapsed() < 50'000) { }
    });
    connection.open();
    TRY(received == Count, server);
    // Half a second of work: the first is due at its beginning.
    QVERIFY(!fired.isEmpty());
    QVERIFY2(fired.constFirst() < Count / 4, qPrintable(QString::number(fired.constFirst())));
    QVERIFY2(fired.size() > 5, qPrintable(QString::number(fired.size())));
}

// 16
void TestPitfalls::closesWithSeveralConsumers()
{
    Talk talk;
    SignalLog log;
    log.watch(talk.channel);
    for (const QString &queue : {u"a"_s, u"b"_s, u"c"_s}) {
        QAmqpConsumer *consumer = talk.channel->consume(queue);
        log.watch(consumer, queue);
        talk.channel->publish(QString(), queue, QAmqpMessage("x"));
    }
    QVERIFY(eventually([&] { return log.lines.filter(u"received"_s).size() == 3; }));
    talk.channel->close();
    TRY_COMPARE(talk.channel->state(), QAmqpChannel::State::Closed);
    for (const QString &queue : {u"a"_s, u"b"_s, u"c"_s})
        QCOMPARE(log.of(queue).filter(u"cancelled"_s), QStringList(u"cancelled"_s));
    QCOMPARE(log.count(u"channel.closed"_s), 1);
    QVERIFY(log.errors.isEmpty());
}

// 19
void TestPitfalls::closedChannelsLeaveNothingBehind()
{
    Talk talk;
    const auto children = talk.connection.children().size();
    for (int round = 0; round < 200; ++round) {
        QAmqpChannel *channel = talk.connection.createChannel();
        QCOMPARE(channel->number(), 2);
        const auto declared = channel->declareQueue(QString());
        const auto published = channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x"));
        channel->consume(u"q"_s);
        channel->close();
        TRY_COMPARE(channel->state(), QAmqpChannel::State::Closed);
        QVERIFY(!errorOf(declared));
        QVERIFY(!errorOf(published));
        delete channel;
    }
    QCOMPARE(talk.connection.children().size(), children);
    QVERIFY(talk.channel->isOpen());
}

// 20
void TestPitfalls::errorsKeepNoMessageAlive()
{
    Talk talk;
    QByteArray body(1024 * 1024, 'x');
    QList<QAmqpError> errors;
    QList<QFuture<quint64>> futures;
    for (const QString &key : {u"nack"_s, u"nowhere"_s, u"close channel"_s}) {
        futures.append(talk.channel->publishConfirmed(QString(), key, QAmqpMessage(body),
                                                      QAmqpChannel::Mandatory));
        QVERIFY(eventually([&] { return futures.constLast().isFinished(); }));
        errors.append(errorOf(futures.constLast()));
    }
    QCOMPARE(errors.at(0).kind(), Kind::Nacked);
    QCOMPARE(errors.at(1).kind(), Kind::Unroutable);
    QCOMPARE(errors.at(2).kind(), Kind::NotFound);
    QVERIFY(body.isDetached()); // nobody else has it any more
}

// 39: system calls that a signal interrupts are made again.
void TestPitfalls::signalsDoNotDisturbTheSocket()
{
    struct sigaction before = {};
    struct sigaction action = {};
    static std::atomic<int> caught = 0;
    action.sa_handler = [](int) { ++caught; };
    QCOMPARE(sigaction(SIGUSR1, &action, &before), 0); // without SA_RESTART
    std::atomic<bool> done = false;
    const pthread_t self = pthread_self();
    std::thread storm([&] {
        while (!done) {
            pthread_kill(self, SIGUSR1);
            for (int i = 0; i < 200; ++i)
                std::this_thread::yield();
        }
    });
    const auto end = qScopeGuard([&] {
        done = true;
        storm.join();
        sigaction(SIGUSR1, &before, nullptr);
    });
    Talk talk;
    QAmqpConsumer *consumer = talk.channel->consume(u"echo"_s);
    QList<int> sizes;
    connect(consumer, &QAmqpConsumer::messageReceived, [&](const QAmqpDelivery &message) {
        sizes.append(int(message.body().size()));
        QVERIFY(message.ack());
    });
    QVERIFY(eventually([&] { return consumer->isActive(); }));
    QList<int> expected;
    for (int i = 0; i < 100; ++i) {
        expected.append(100'000 + i);
        const QAmqpMessage message(QByteArray(100'000 + i, 'x'));
        QVERIFY(talk.channel->publish(QString(), u"echo"_s, message) != 0);
    }
    QVERIFY(eventually([&] { return sizes.size() == expected.size(); }));
    QCOMPARE(sizes, expected);
    QVERIFY(talk.connection.isOpen());
    QVERIFY(caught > 0);
}

// 40: neither a name to be resolved nor a peer that is silent keeps others waiting.
void TestPitfalls::openingDoesNotBlockTheLoop()
{
    QTcpServer silent;
    QVERIFY(silent.listen(QHostAddress::LocalHost));
    for (const QString &host : {u"no-such-host.invalid"_s, u"127.0.0.1"_s}) {
        QAmqpConnection connection(QAmqpConnectionOptions()
                                           .setHostName(host)
                                           .setPort(silent.serverPort())
                                           .setHandshakeTimeout(1s));
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        int ticks = 0;
        QTimer timer;
        connect(&timer, &QTimer::timeout, [&] { ++ticks; });
        timer.start(0);
        QElapsedTimer elapsed;
        elapsed.start();
        connection.open();
        QVERIFY2(elapsed.elapsed() < 900, qPrintable(QString::number(elapsed.elapsed())));
        QVERIFY(eventually([&] { return closed.count() == 1; }));
        QVERIFY(ticks > 0);
    }
}

// 42
void TestPitfalls::aReopenedConnectionTellsOfBlockingOnce()
{
    const Script blocked = Script().handshake().send(ConnectionBlocked{QByteArrayView("disk")});
    ScriptedServer server(
            Script(blocked).drop().then(Script(blocked).send(ConnectionUnblocked{}).ignoreRest()));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    log.lines.clear();
    connection.open();
    TRY(log.count(u"connection.unblocked"_s) == 1, server);
    QCOMPARE(log.count(u"connection.blocked"_s), 1);
    QCOMPARE(log.count(u"connection.opened"_s), 1);
}

// 47
void TestPitfalls::globalStateStaysAsItIs()
{
    const QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    const QNetworkProxy proxy = QNetworkProxy::applicationProxy();
    const bool systemProxies = QNetworkProxyFactory::usesSystemConfiguration();
    const std::locale locale;
    const QByteArray cLocale = setlocale(LC_ALL, nullptr);
    const QLocale qtLocale;
    const auto handler = qInstallMessageHandler(nullptr);
    qInstallMessageHandler(handler);
    const auto terminate = std::get_terminate();
    struct sigaction interrupted = {};
    sigaction(SIGINT, nullptr, &interrupted);
    {
        Talk talk;
        talk.channel->publish(QString(), u"q"_s, QAmqpMessage("x"));
        QVERIFY(eventually([&] { return talk.channel->unconfirmed() == 0; }));
        QAmqpConnection secure(QAmqpConnectionOptions().setTlsEnabled(true).setPort(1));
        QSignalSpy closed(&secure, &QAmqpConnection::closed);
        secure.open();
        QVERIFY(eventually([&] { return closed.count() == 1; }));
    }
    QVERIFY(QSslConfiguration::defaultConfiguration() == tls);
    QVERIFY(QNetworkProxy::applicationProxy() == proxy);
    QCOMPARE(QNetworkProxyFactory::usesSystemConfiguration(), systemProxies);
    QVERIFY(std::locale() == locale);
    QCOMPARE(QByteArray(setlocale(LC_ALL, nullptr)), cLocale);
    QCOMPARE(QLocale(), qtLocale);
    QVERIFY(qInstallMessageHandler(handler) == handler);
    QVERIFY(std::get_terminate() == terminate);
    struct sigaction now = {};
    sigaction(SIGINT, nullptr, &now);
    QVERIFY(now.sa_handler == interrupted.sa_handler);
}

// P8 of an earlier library: opening again closed.
void TestPitfalls::openingWhatIsOpenDoesNothing()
{
    Session s(openedChannel().expect<QueuePurge>().reply(QueuePurgeOk{7}).connectionClose());
    s.open();
    const QStringList before = s.log.lines;
    s.channel->open();
    QVERIFY(s.channel->isOpen());
    const auto purged = s.channel->purgeQueue(u"q"_s);
    TRY(purged.isFinished(), s.server);
    QCOMPARE(purged.result(), 7u);
    QCOMPARE(s.log.lines, before);
    s.close();
}

// P25 of an earlier library: a second of waiting for each frame, and slots that ran meanwhile.
void TestPitfalls::publishingToAPeerThatDoesNotReadNeverWaits()
{
    const QByteArray body(1024 * 1024, 'x');
    int arrived = 0;
    Script script = openedChannel().expect<ConfirmSelect>().reply(ConfirmSelectOk{});
    for (int i = 0; i < 40; ++i)
        script.expect<BasicPublish>([&](const BasicPublish &, const QAmqpMessage &message) {
            arrived += message.body() == body;
        });
    Session s(script.ignoreRest());
    s.open();
    const QStringList before = s.log.lines;
    QElapsedTimer timer;
    timer.start();
    for (int i = 0; i < 40; ++i) // the server, in this thread, reads nothing
        QVERIFY(s.channel->publish(QString(), u"q"_s, QAmqpMessage(body)) != 0);
    QVERIFY2(timer.elapsed() < 5000, qPrintable(QString::number(timer.elapsed())));
    QCOMPARE(s.log.lines, before);
    QVERIFY(s.connection.isOpen());
    QVERIFY(s.connection.bytesToWrite() > 20 * body.size());
    TRY(arrived == 40, s.server);
}

// C13 of an earlier library: redelivered was whatever lay in memory, and was compared.
void TestPitfalls::aFreshDeliveryIsNotRedelivered()
{
    for (int i = 0; i < 100; ++i) {
        const auto delivery = std::make_unique<QAmqpDelivery>();
        QVERIFY(!delivery->isRedelivered());
        QVERIFY(!delivery->isValid());
        QVERIFY(*delivery == QAmqpDelivery());
    }
}

// And when the server does not want that, nobody tries again without TLS.
void TestPitfalls::theClientHelloNamesTheHostAndNoOldVersion()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    QByteArray hello;
    int connections = 0;
    connect(&server, &QTcpServer::newConnection, &server, [&] {
        QTcpSocket *socket = server.nextPendingConnection();
        ++connections;
        connect(socket, &QTcpSocket::readyRead, socket, [&hello, socket] {
            hello += socket->readAll();
            if (hello.size() > 5 && hello.size() >= 5 + quint8(hello[3]) * 256 + quint8(hello[4]))
                socket->disconnectFromHost();
        });
    });
    QAmqpConnection connection(QAmqpConnectionOptions()
                                       .setTlsEnabled(true)
                                       .setHostName(u"localhost"_s)
                                       .setPort(server.serverPort()));
    QSignalSpy closed(&connection, &QAmqpConnection::closed);
    connection.open();
    QVERIFY(eventually([&] { return closed.count() == 1; }));
    QCOMPARE(connection.lastError().kind(), Kind::TlsFailed);
    QCOMPARE(connections, 1);
    QVERIFY(hello.startsWith('\x16'));
    QVERIFY(hello.contains(QByteArray("\0\x09localhost", 11))); // SNI
    // supported_versions: TLS 1.3 and 1.2, no more
    QVERIFY(hello.contains(QByteArray("\x00\x2b\x00\x05\x04\x03\x04\x03\x03", 9)));
}

QTAMQP_TEST(TestPitfalls)
#include "tst_pitfalls.moc"
