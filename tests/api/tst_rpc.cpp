// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpRpcClient and QAmqpRpcServer against a scripted broker: what they send, and how each call ends.

#include "apitest.h"

#include "values/wiretext.h"

#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>

#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;
using Kind = QAmqpError::Kind;

namespace {

const QByteArrayView replyQueue("amq.rabbitmq.reply-to");

// A channel on which a call was made.
Script called()
{
    return openedChannel()
            .expect<BasicConsume>([](const BasicConsume &m) {
                return m.queue == replyQueue && m.noAck && !m.noWait;
            })
            .reply(BasicConsumeOk{QByteArrayView("qtamqp-1.1")})
            .expect<ConfirmSelect>()
            .reply(ConfirmSelectOk{})
            .expect<BasicPublish>([](const BasicPublish &m, const QAmqpMessage &request) {
                return m.exchange.isEmpty() && m.routingKey == "q" && m.mandatory
                        && request.body() == "question" && request.correlationId().size() == 32
                        && request.replyTo() == QString::fromLatin1(replyQueue);
            });
}

class ClientSession : public Session
{
public:
    explicit ClientSession(const Script &script, std::chrono::milliseconds timeout = 0ms)
        : Session(script)
    {
        client = new QAmqpRpcClient(makeChannel());
        reply = client->call(QString(), u"q"_s, "question"_ba, timeout);
        connection.open();
    }

    QAmqpRpcClient *client;
    QFuture<QAmqpMessage> reply;
};

// A channel with a server of the queue "q".
Script serving()
{
    return openedChannel()
            .expect<BasicQos>([](const BasicQos &m) { return m.prefetchCount == 7; })
            .reply(BasicQosOk{})
            .expect<BasicConsume>([](const BasicConsume &m) { return m.queue == "q" && !m.noAck; })
            .reply(BasicConsumeOk{QByteArrayView("qtamqp-1.1")});
}

BasicDeliver delivery(quint64 tag)
{
    return {QByteArrayView("qtamqp-1.1"), tag, false, QByteArrayView(""), QByteArrayView("q")};
}

QAmqpMessage question(const QString &replyTo = u"back"_s)
{
    QAmqpMessage message("question");
    if (!replyTo.isEmpty())
        message.setReplyTo(replyTo);
    message.setCorrelationId(u"17"_s);
    return message;
}

bool isAnswer(const BasicPublish &m, const QAmqpMessage &message)
{
    return m.exchange.isEmpty() && m.routingKey == "back" && message.correlationId() == u"17"_s
            && message.body() == "answer";
}

bool isRejected(const BasicNack &m) { return !m.requeue && !m.multiple; }

class ServerSession : public Session
{
public:
    explicit ServerSession(const Script &script) : Session(script)
    {
        rpc = new QAmqpRpcServer(makeChannel(), u"q"_s);
        QObject::connect(rpc, &QAmqpRpcServer::requestReceived,
                         [this](const QAmqpRpcRequest &request) { requests.append(request); });
        QObject::connect(rpc, &QAmqpRpcServer::errorOccurred,
                         [this](const QAmqpError &error) { errors.append(error); });
        QObject::connect(rpc, &QAmqpRpcServer::stopped,
                         [this](const QAmqpError &reason) { stopped.append(reason); });
    }
    void start()
    {
        connection.open();
        started = rpc->start(7);
    }

    QAmqpRpcServer *rpc;
    bool started = false;
    QList<QAmqpRpcRequest> requests;
    QList<QAmqpError> errors;
    QList<QAmqpError> stopped;
};

} // namespace

class TestRpc : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void callTimesOut();
    void unknownRepliesAreCounted();
    void nackedRequest();
    void channelErrorEndsCalls();
    void connectionLossEndsCalls();
    void closeEndsCalls_data();
    void closeEndsCalls();
    void destroyedClientEndsCalls();
    void destroyedChannelEndsCalls();
    void deletedInTheContinuation();
    void clientsShareTheReplies();
    void refusedCalls();
    void answersLater();
    void handlerAnswers();
    void handlerThrows();
    void answersCopyTheBytes();
    void replyThatCannotBeSent();
    void requestWithoutReplyTo();
    void failsRequests();
    void serverStops();
    void serverEndsWithItsChannel();
    void staleRequestIsNotAnswered();
};

void TestRpc::callTimesOut()
{
    ClientSession s(called().reply(BasicAck{1}).connectionClose(), 30ms);
    TRY(s.reply.isFinished(), s.server);
    const QAmqpError error = errorOf(s.reply);
    QCOMPARE(error.kind(), Kind::Timeout);
    QCOMPARE(error.scope(), QAmqpError::Scope::Operation);
    QCOMPARE(
            error.text(),
            u"no reply to the request to exchange \"\" with routing key \"q\" came within 30 ms; is its "
            "server running?"_s);
    QCOMPARE(s.client->pendingCalls(), 0);
    QVERIFY(s.log.errors.isEmpty());
    s.close();
}

void TestRpc::unknownRepliesAreCounted()
{
    ClientSession s(called().reply(BasicAck{1})
                            .sendContent(delivery(1), question())
                            .sendContent(delivery(2), QAmqpMessage("nothing said"))
                            .connectionClose());
    QSignalSpy ignored(s.client, &QAmqpRpcClient::replyIgnored);
    TRY(s.client->ignoredReplies() == 2, s.server);
    QCOMPARE(ignored.size(), 2);
    QCOMPARE(ignored.at(0).at(0).value<QAmqpMessage>().body(), "question");
    QCOMPARE(s.client->pendingCalls(), 1);
    s.close();
    QVERIFY(s.reply.isFinished());
}

void TestRpc::nackedRequest()
{
    ClientSession s(called().reply(BasicNack{1}).connectionClose());
    TRY(s.reply.isFinished(), s.server);
    QCOMPARE(errorOf(s.reply).kind(), Kind::Nacked);
    s.close();
}

void TestRpc::channelErrorEndsCalls()
{
    ClientSession s(called().send(ChannelClose{404, QByteArrayView("NOT_FOUND - no q")})
                            .expect<ChannelCloseOk>()
                            .connectionClose());
    TRY(s.reply.isFinished(), s.server);
    const QAmqpError error = errorOf(s.reply);
    QCOMPARE(error.kind(), Kind::NotFound);
    QVERIFY2(error.text().startsWith(u"no reply can come any more: "_s), qPrintable(error.text()));
    QCOMPARE(error.cause().replyCode(), 404);
    QCOMPARE(errorOf(s.client->call({}, u"q"_s, {})).kind(), Kind::NotOpen);
    s.close();
}

void TestRpc::connectionLossEndsCalls()
{
    ClientSession s(called().drop());
    TRY(s.reply.isFinished(), s.server);
    QCOMPARE(errorOf(s.reply).kind(), Kind::ConnectionLost);
    QCOMPARE(s.client->pendingCalls(), 0);
}

void TestRpc::closeEndsCalls_data()
{
    QTest::addColumn<qint64>("timeout");
    QTest::newRow("none") << qint64(0);
    QTest::newRow("longest") << qint64(std::chrono::milliseconds::max().count());
}

void TestRpc::closeEndsCalls()
{
    QFETCH(qint64, timeout);
    ClientSession s(called().reply(BasicAck{1}).expect<ChannelClose>().reply(ChannelCloseOk{}),
                    std::chrono::milliseconds(timeout));
    TRY(s.channel->unconfirmed() == 0 && s.channel->isOpen(), s.server);
    QVERIFY(!s.reply.isFinished());
    s.channel->close();
    TRY(s.reply.isFinished(), s.server);
    const QAmqpError error = errorOf(s.reply);
    QCOMPARE(error.kind(), Kind::Cancelled);
    QCOMPARE(error.text(), u"no reply can come any more: the channel was closed"_s);
}

void TestRpc::destroyedClientEndsCalls()
{
    ClientSession s(openedChannel().ignoreRest());
    TRY(s.channel->isOpen(), s.server);
    delete s.client;
    QVERIFY(s.reply.isFinished());
    QCOMPARE(errorOf(s.reply).kind(), Kind::Cancelled);
}

void TestRpc::destroyedChannelEndsCalls()
{
    ClientSession s(openedChannel().ignoreRest());
    TRY(s.channel->isOpen(), s.server);
    QObject parent;
    QAmqpRpcClient other(s.channel, &parent);
    const auto second = other.call({}, u"q"_s, {});
    delete s.channel;
    QCOMPARE(errorOf(s.reply).kind(), Kind::Cancelled);
    QCOMPARE(errorOf(second).kind(), Kind::Cancelled);
    QCOMPARE(errorOf(other.call({}, u"q"_s, {})).kind(), Kind::NotOpen);
}

void TestRpc::deletedInTheContinuation()
{
    ClientSession s(openedChannel().ignoreRest());
    TRY(s.channel->isOpen(), s.server);
    QFuture<QAmqpMessage> second = s.client->call({}, u"q"_s, {});
    const auto remove = [&](const QFuture<QAmqpMessage> &) { delete s.client; };
    s.reply.then(remove);
    s.connection.abort();
    TRY(s.reply.isFinished() && second.isFinished(), s.server);
}

// RabbitMQ takes one consumer of replies on a channel (406).
void TestRpc::clientsShareTheReplies()
{
    QList<QAmqpMessage> asked;
    const auto keep = [&](const BasicPublish &, const QAmqpMessage &m) { asked.append(m); };
    Session s(openedChannel()
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("qtamqp-1.1")})
                      .expect<ConfirmSelect>()
                      .reply(ConfirmSelectOk{})
                      .expect<BasicPublish>(keep)
                      .expect<BasicPublish>(keep)
                      .expect<BasicPublish>(keep)
                      .reply(BasicAck{3, true}));
    s.open();
    auto first = std::make_unique<QAmqpRpcClient>(s.channel);
    QAmqpRpcClient second(s.channel);
    const auto one = first->call({}, u"q"_s, "1"_ba);
    const auto two = second.call({}, u"q"_s, "2"_ba);
    const auto three = second.call({}, u"q"_s, "3"_ba);
    TRY(asked.size() == 3, s.server);
    QCOMPARE(s.channel->consumerTags().size(), 1);
    const auto answer = [&](int request, const QString &id = {}) {
        QAmqpMessage message(asked.at(request).body());
        message.setCorrelationId(id.isEmpty() ? asked.at(request).correlationId() : id);
        return Script().sendContent(delivery(1), message);
    };
    s.server.then(answer(0, u"nobody's"_s).then(answer(1)).then(answer(1)));
    TRY(second.ignoredReplies() == 1, s.server); // its own, which came twice
    QCOMPARE(two.result().body(), "2");
    QCOMPARE(first->ignoredReplies(), 1u);
    first.reset(); // the other one's replies still come, and it tells of strangers
    QCOMPARE(errorOf(one).kind(), Kind::Cancelled);
    s.server.then(answer(0).then(answer(2)).connectionClose());
    TRY(three.isFinished(), s.server);
    QCOMPARE(three.result().body(), "3");
    QCOMPARE(second.ignoredReplies(), 2u);
    s.close();
}

void TestRpc::refusedCalls()
{
    Session s(openedChannel().connectionClose());
    QAmqpRpcClient client(s.makeChannel());
    QCOMPARE(errorOf(client.call({}, u"q"_s, {}, -1ms)).text(),
             u"call(): the timeout of -1 ms is negative; 0 waits for ever"_s);
    s.open();
    QAmqpError foreign;
    std::thread([&] { foreign = errorOf(client.call({}, u"q"_s, {})); }).join();
    QCOMPARE(foreign.kind(), Kind::InvalidArgument);
    QCOMPARE(client.pendingCalls(), 0);
    s.close();
    QCOMPARE(errorOf(client.call({}, u"q"_s, {})).kind(), Kind::NotOpen);
}

void TestRpc::answersLater()
{
    ServerSession s(serving()
                            .sendContent(delivery(1), question())
                            .expect<ConfirmSelect>()
                            .reply(ConfirmSelectOk{})
                            .expect<BasicPublish>(isAnswer)
                            .expect<BasicAck>([](const BasicAck &m) { return m.deliveryTag == 1; })
                            .reply(BasicAck{1})
                            .connectionClose());
    s.start();
    QVERIFY(s.started);
    TRY(s.requests.size() == 1, s.server);
    const QAmqpRpcRequest request = s.requests.constFirst();
    QVERIFY(request.isValid() && !request.isAnswered());
    QCOMPARE(request.message().body(), "question");
    QVERIFY(request.reply("answer"_ba));
    QVERIFY(s.requests.constFirst().isAnswered());
    QVERIFY(!request.reply("again"_ba));
    QVERIFY(!request.fail());
    QVERIFY(!QAmqpRpcRequest().reply("answer"_ba));
    s.close();
    QVERIFY(s.errors.isEmpty());
}

void TestRpc::handlerAnswers()
{
    ServerSession s(serving()
                            .sendContent(delivery(1), question())
                            .expect<ConfirmSelect>()
                            .reply(ConfirmSelectOk{})
                            .expect<BasicPublish>(isAnswer)
                            .expect<BasicAck>()
                            .reply(BasicAck{1})
                            .connectionClose());
    QByteArray asked;
    s.rpc->setHandler([&](const QAmqpDelivery &request) {
        asked = request.body();
        return QAmqpMessage("answer");
    });
    s.start();
    TRY(asked == "question", s.server);
    s.close();
    QVERIFY(s.requests.isEmpty());
}

void TestRpc::handlerThrows()
{
    ServerSession s(serving()
                            .sendContent(delivery(1), question())
                            .sendContent(delivery(2), question())
                            .expect<BasicNack>(isRejected)
                            .expect<BasicNack>(isRejected)
                            .connectionClose());
    int calls = 0;
    s.rpc->setHandler([&](const QAmqpDelivery &) -> QAmqpMessage {
        if (++calls == 1)
            throw std::runtime_error("no idea");
        throw 2;
    });
    s.start();
    TRY(s.errors.size() == 2, s.server);
    QCOMPARE(s.errors.at(0).text(),
             u"the handler of queue \"q\" threw, and its request was rejected: no idea"_s);
    QVERIFY(s.rpc->isRunning());
    s.close();
}

// Names and ids need not be UTF-8.
void TestRpc::answersCopyTheBytes()
{
    const QByteArray id(255, '\xFE');
    const QByteArray back("back\xC3");
    QAmqpMessage asked("question");
    asked.setCorrelationId(textFromWire(id));
    asked.setReplyTo(textFromWire(back));
    ServerSession s(
            serving()
                    .sendContent(delivery(1), asked)
                    .expect<ConfirmSelect>()
                    .reply(ConfirmSelectOk{})
                    .expect<BasicPublish>([&](const BasicPublish &m, const QAmqpMessage &a) {
                        return m.routingKey == back
                                && a.bytes(QAmqpMessage::Property::CorrelationId) == id;
                    })
                    .reply(BasicAck{1})
                    .expect<BasicAck>()
                    .connectionClose());
    bool asking = false;
    s.rpc->setHandler([&](const QAmqpDelivery &) {
        asking = true;
        return QAmqpMessage("answer");
    });
    s.start();
    TRY(asking, s.server);
    s.close();
    QVERIFY(s.errors.isEmpty());
}

void TestRpc::replyThatCannotBeSent()
{
    ServerSession s(serving()
                            .sendContent(delivery(1), question())
                            .expect<BasicNack>(isRejected)
                            .connectionClose());
    s.rpc->setHandler([&](const QAmqpDelivery &) {
        QAmqpMessage reply;
        reply.setType(QString(300, u'x'));
        return reply;
    });
    s.start();
    TRY(s.errors.size() == 1, s.server);
    QVERIFY2(s.errors.at(0).text().startsWith(u"the message cannot be sent: "_s),
             qPrintable(s.errors.at(0).text()));
    s.close();
}

void TestRpc::requestWithoutReplyTo()
{
    QAmqpMessage forged = question({});
    forged.setHeaders({{u"x-stream-offset"_s, qint64(1)}}); // is rejected all the same
    ServerSession s(serving()
                            .sendContent(delivery(1), forged)
                            .expect<BasicNack>(isRejected)
                            .connectionClose());
    s.start();
    TRY(s.errors.size() == 1, s.server);
    QCOMPARE(s.errors.at(0).kind(), Kind::InvalidArgument);
    QCOMPARE(s.errors.at(0).text(),
             u"a request in queue \"q\" has no reply-to and cannot be answered; it was rejected"_s);
    QVERIFY(s.requests.isEmpty());
    s.close();
}

void TestRpc::failsRequests()
{
    ServerSession s(serving()
                            .sendContent(delivery(1), question())
                            .expect<BasicNack>([](const BasicNack &m) { return m.requeue; })
                            .connectionClose());
    s.start();
    TRY(s.requests.size() == 1, s.server);
    QVERIFY(s.requests.constFirst().fail(QAmqpDelivery::Requeue));
    s.close();
}

void TestRpc::serverStops()
{
    ServerSession s(serving()
                            .expect<BasicCancel>()
                            .reply(BasicCancelOk{QByteArrayView("qtamqp-1.1")})
                            .connectionClose());
    QCOMPARE(errorOf(s.rpc->stop()).kind(), Kind::NotOpen);
    QSignalSpy running(s.rpc, &QAmqpRpcServer::runningChanged);
    s.start();
    QVERIFY(!s.rpc->start());
    const auto stopped = s.rpc->stop();
    TRY(stopped.isFinished(), s.server);
    QVERIFY(!errorOf(stopped));
    QCOMPARE(s.stopped, QList<QAmqpError>{QAmqpError()});
    QCOMPARE(running, (QList<QVariantList>{{true}, {false}}));
    QVERIFY(!s.rpc->isRunning());
    s.close();
}

void TestRpc::serverEndsWithItsChannel()
{
    ServerSession s(serving()
                            .send(ChannelClose{404, QByteArrayView("NOT_FOUND - no queue 'q'")})
                            .expect<ChannelCloseOk>()
                            .connectionClose());
    s.start();
    TRY(!s.stopped.isEmpty(), s.server);
    QCOMPARE(s.stopped.constFirst().kind(), Kind::NotFound);
    QVERIFY(!s.rpc->start());
    QCOMPARE(s.channel->lastError().kind(), Kind::NotOpen);
    s.close();
}

void TestRpc::staleRequestIsNotAnswered()
{
    ServerSession s(serving()
                            .sendContent(delivery(1), question())
                            .expect<ChannelClose>()
                            .reply(ChannelCloseOk{})
                            .channelOpen()
                            .connectionClose());
    s.start();
    TRY(s.requests.size() == 1, s.server);
    s.channel->close();
    TRY(s.channel->state() == QAmqpChannel::State::Closed, s.server);
    QVERIFY(!s.requests.constFirst().reply("answer"_ba));
    s.channel->open();
    TRY(s.channel->isOpen(), s.server);
    QVERIFY(!s.requests.constFirst().fail());
    s.close();
}

QTAMQP_TEST(TestRpc)

#include "tst_rpc.moc"
