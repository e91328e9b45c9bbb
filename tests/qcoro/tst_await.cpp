// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Every request awaited by QCoro: its value, its error as an exception, and what dies meanwhile.

#include "broker/brokertest.h"
#include "scripted/scriptedbroker.h"

#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>

#include <QCoroFuture>
#include <QCoroSignal>
#include <QCoroTask>

using namespace BrokerTest;
using namespace QtAmqpPrivate;
using namespace QtAmqpTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

// QVERIFY() returns, which a coroutine cannot.
#define CHECK(condition) \
  if (!(condition)) \
  throw std::runtime_error("not so: " #condition)

namespace {

QCoro::Task<> openConnection(QAmqpConnection &connection)
{
    connection.open();
    co_await qCoro(&connection, &QAmqpConnection::opened);
}

QCoro::Task<> closeConnection(QAmqpConnection &connection)
{
    connection.close();
    co_await qCoro(&connection, &QAmqpConnection::closed);
    CHECK(!connection.lastError());
}

// What the coroutine threw, as text; QCoro::waitFor() itself would wait for ever.
QCoro::Task<> keepFailure(QCoro::Task<> task, std::optional<QByteArray> &failure)
{
    try {
        co_await task;
    } catch (const QAmqpException &exception) {
        failure = describe(exception.error());
    } catch (const std::exception &exception) {
        failure = exception.what();
    }
}

std::optional<QByteArray> failureOf(QCoro::Task<> task)
{
    std::optional<QByteArray> failure;
    QCoro::Task<> kept = keepFailure(std::move(task), failure);
    QCoro::waitFor(kept);
    return failure;
}

QCoro::Task<> topology(QAmqpChannel *channel, QString q, QString e, QString f)
{
    const QAmqpQueueInfo info = co_await channel->declareQueue(q);
    CHECK(info.name == q && info.messageCount == 0);
    co_await channel->declareExchange(e, u"topic"_s);
    co_await channel->declareExchange(f, u"fanout"_s);
    co_await channel->bindQueue(q, e, u"#"_s);
    co_await channel->bindExchange(f, e, u"#"_s);
    co_await channel->unbindExchange(f, e, u"#"_s);
}

QCoro::Task<> messages(QAmqpChannel *channel, QString q, QString e)
{
    const auto value1 = co_await channel->publishConfirmed(e, u"k"_s, QAmqpMessage("1"));
    CHECK(value1 == 1);
    co_await channel->allConfirmed();
    const auto value2 = co_await channel->purgeQueue(q);
    CHECK(value2 == 1);
    const auto value3 = co_await channel->publishConfirmed(e, u"k"_s, QAmqpMessage("2"));
    CHECK(value3 == 2);
    std::optional<QAmqpDelivery> got = co_await channel->get(q);
    CHECK(got && got->body() == "2" && got->ack());
    got = co_await channel->get(q);
    CHECK(!got);
    co_await channel->recover();
    co_await channel->setPrefetch(10);
    QAmqpConsumer *consumer = channel->consume(q);
    const auto value4 = co_await consumer->cancel();
    CHECK(value4 == 0);
}

QCoro::Task<> transactions(QAmqpChannel *channel)
{
    co_await channel->txSelect();
    co_await channel->txCommit();
    co_await channel->txRollback();
}

QCoro::Task<> removal(QAmqpChannel *channel, QString q, QString e, QString f)
{
    co_await channel->unbindQueue(q, e, u"#"_s);
    co_await channel->deleteExchange(e);
    co_await channel->deleteExchange(f);
    const auto value5 = co_await channel->deleteQueue(q);
    CHECK(value5 == 0);
}

// The handles' requests are those of the channel, for one name.
QCoro::Task<> handles(QAmqpChannel *channel)
{
    QAmqpQueue *queue = channel->queue();
    const QAmqpQueueInfo info =
            co_await queue->declare(QAmqpQueueOptions().setExclusive().setDurable(false));
    CHECK(info.name == queue->name() && !info.name.isEmpty());
    QAmqpExchange *exchange = channel->exchange(uniqueName());
    co_await exchange->declare(QAmqpExchange::Type::Topic);
    co_await exchange->bind(u"amq.topic"_s, u"x"_s);
    co_await exchange->unbind(u"amq.topic"_s, u"x"_s);
    co_await queue->bind(exchange->name(), u"#"_s);
    const auto value6 = co_await exchange->publishConfirmed(u"k"_s, QAmqpMessage("1"));
    CHECK(value6 == 3);
    const auto value7 = co_await queue->purge();
    CHECK(value7 == 1);
    const auto value8 = co_await queue->publishConfirmed(QAmqpMessage("2"));
    CHECK(value8 == 4);
    const std::optional<QAmqpDelivery> got = co_await queue->get();
    CHECK(got);
    co_await queue->unbind(exchange->name(), u"#"_s);
    const auto value9 = co_await queue->deleteQueue();
    CHECK(value9 == 0);
    co_await exchange->deleteExchange();
}

QCoro::Task<> calls(QAmqpChannel *channel)
{
    const QAmqpQueueInfo queue =
            co_await channel->declareQueue(QString(), QAmqpQueueOptions().setExclusive());
    QAmqpRpcServer server(channel, queue.name);
    server.setHandler(
            [](const QAmqpDelivery &request) { return QAmqpMessage(request.body().toUpper()); });
    CHECK(server.start());
    QAmqpRpcClient client(channel);
    const QAmqpMessage reply = co_await client.call(QString(), queue.name, QAmqpMessage("hello"));
    CHECK(reply.body() == "HELLO");
    const int requeued = co_await server.stop();
    CHECK(requeued == 0);
}

template<typename T>
QCoro::Task<QAmqpError> awaitedError(QFuture<T> future)
{
    try {
        co_await future;
    } catch (const QAmqpException &exception) {
        co_return exception.error();
    }
    co_return QAmqpError();
}

Script requests()
{
    return Script()
            .handshake()
            .channelOpen()
            .expect<QueueDeclare>()
            .reply(QueueDeclareOk{"q"})
            .expect<ExchangeDeclare>()
            .reply(ExchangeDeclareOk{})
            .expect<ExchangeDeclare>()
            .reply(ExchangeDeclareOk{})
            .expect<QueueBind>()
            .reply(QueueBindOk{})
            .expect<ExchangeBind>()
            .reply(ExchangeBindOk{})
            .expect<ExchangeUnbind>()
            .reply(ExchangeUnbindOk{})
            .expect<ConfirmSelect>()
            .expect<BasicPublish>()
            .send(ConfirmSelectOk{})
            .send(BasicAck{1})
            .expect<QueuePurge>()
            .reply(QueuePurgeOk{1})
            .expect<BasicPublish>()
            .reply(BasicAck{2})
            .expect<BasicGet>()
            .sendContent(BasicGetOk{1, false, "e", "k", 0}, QAmqpMessage("2"))
            .expect<BasicAck>()
            .expect<BasicGet>()
            .reply(BasicGetEmpty{})
            .expect<BasicRecover>()
            .reply(BasicRecoverOk{})
            .expect<BasicQos>()
            .reply(BasicQosOk{})
            .expect<BasicConsume>()
            .reply(BasicConsumeOk{"tag"})
            .expect<BasicCancel>()
            .reply(BasicCancelOk{"tag"})
            .expect<ConnectionUpdateSecret>()
            .reply(ConnectionUpdateSecretOk{})
            .expect<QueueUnbind>()
            .reply(QueueUnbindOk{})
            .expect<ExchangeDelete>()
            .reply(ExchangeDeleteOk{})
            .expect<ExchangeDelete>()
            .reply(ExchangeDeleteOk{})
            .expect<QueueDelete>()
            .reply(QueueDeleteOk{0})
            .connectionClose();
}

} // namespace

class TestAwait : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyRequest()
    {
        const auto run = []() -> QCoro::Task<> {
            QAmqpConnection connection(options());
            co_await openConnection(connection);
            QAmqpChannel *channel = connection.createChannel();
            const QString q = uniqueName(), e = uniqueName(), f = uniqueName();
            co_await topology(channel, q, e, f);
            co_await messages(channel, q, e);
            co_await removal(channel, q, e, f);
            co_await handles(channel);
            co_await transactions(connection.createChannel());
            co_await calls(connection.createChannel());
            co_await closeConnection(connection);
        };
        const std::optional<QByteArray> failed = failureOf(run());
        QVERIFY2(!failed, failed->constData());
    }

    void everyRequestByScript()
    {
        ScriptedServer server(requests());
        const auto run = [&]() -> QCoro::Task<> {
            QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(server.url()));
            co_await openConnection(connection);
            QAmqpChannel *channel = connection.createChannel();
            co_await topology(channel, u"q"_s, u"e"_s, u"f"_s);
            co_await messages(channel, u"q"_s, u"e"_s);
            co_await connection.updateSecret(u"secret"_s, u"renewed"_s);
            co_await removal(channel, u"q"_s, u"e"_s, u"f"_s);
            co_await closeConnection(connection);
        };
        const std::optional<QByteArray> failed = failureOf(run());
        QVERIFY2(!failed, failed->constData());
        QVERIFY2(server.isExhausted(), qPrintable(server.report()));
    }

    // A refusal is an exception where it is awaited; what was behind it has its own.
    void errorsAreExceptions()
    {
        const auto run = []() -> QCoro::Task<> {
            QAmqpConnection connection(options());
            co_await openConnection(connection);
            QAmqpChannel *channel = connection.createChannel();
            const QString none = uniqueName(u"none"_s);
            QFuture<quint32> refused = channel->purgeQueue(none);
            QFuture<void> behind = channel->setPrefetch(1);
            QAmqpError error = co_await awaitedError(refused);
            CHECK(error.kind() == Kind::NotFound && error.text().contains(none));
            error = co_await awaitedError(behind);
            CHECK(error.kind() == Kind::Cancelled && error.cause().kind() == Kind::NotFound);
            error = co_await awaitedError(channel->deleteQueue(none));
            CHECK(error.kind() == Kind::NotOpen);
            co_await closeConnection(connection);
        };
        const std::optional<QByteArray> failed = failureOf(run());
        QVERIFY2(!failed, failed->constData());
    }

    void destroyedWhileAwaiting_data()
    {
        QTest::addColumn<bool>("channelOnly");
        QTest::newRow("channel") << true;
        QTest::newRow("connection") << false;
    }
    void destroyedWhileAwaiting()
    {
        QFETCH(bool, channelOnly);
        ScriptedServer server(Script().handshake().channelOpen().ignoreRest());
        auto connection =
                std::make_unique<QAmqpConnection>(QAmqpConnectionOptions::fromUrl(server.url()));
        QAmqpChannel *channel = connection->createChannel();
        const auto run = [&]() -> QCoro::Task<> {
            co_await openConnection(*connection);
            QTimer::singleShot(0, qApp, [&] {
                if (channelOnly)
                    delete channel;
                else
                    connection.reset();
            });
            const QAmqpError error = co_await awaitedError(channel->declareQueue(u"q"_s));
            CHECK(error.kind() == Kind::Cancelled && error.text().contains(u"was destroyed"));
        };
        const std::optional<QByteArray> failed = failureOf(run());
        QVERIFY2(!failed, failed->constData());
    }

    // Several at once, each with its own end.
    void manyAtOnce()
    {
        const auto run = []() -> QCoro::Task<> {
            QAmqpConnection connection(options());
            co_await openConnection(connection);
            QAmqpChannel *channel = connection.createChannel();
            QList<QFuture<QAmqpQueueInfo>> declared;
            for (int i = 0; i < 20; ++i)
                declared << channel->declareQueue(QString(), QAmqpQueueOptions().setExclusive());
            const auto all = co_await QtFuture::whenAll(declared.begin(), declared.end());
            QSet<QString> names;
            for (const QFuture<QAmqpQueueInfo> &each : all)
                names << each.result().name;
            CHECK(names.size() == 20);
            co_await closeConnection(connection);
        };
        const std::optional<QByteArray> failed = failureOf(run());
        QVERIFY2(!failed, failed->constData());
    }
};

QTAMQP_BROKER_TEST(TestAwait)
#include "tst_await.moc"
