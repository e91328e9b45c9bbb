// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Requests and replies through RabbitMQ's direct reply-to, and through a reply queue.

#include "everybroker.h"

#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>
#include <QtTest/qsignalspy.h>

#include <set>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

class TestRpcOnBroker : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void callsAndReplies();
    void manyOutstanding();
    void unroutable();
    void lateReplyIsIgnored();
    void requestOfDeadServerIsServedByAnother();
    void afterTheChannelWasOpenedAgain();
    void replyQueueOfAnOrdinaryClient();
    void bytesThatAreNotUtf8();

private:
    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr; // the client's
    QAmqpChannel *m_serving = nullptr;
    QString m_queue;
};

void TestRpcOnBroker::init()
{
    m_peer = std::make_unique<Peer>();
    m_channel = m_peer->channel();
    m_serving = m_peer->channel();
    QVERIFY(m_peer->open());
    m_queue = uniqueName(u"rpc"_s);
    VERIFY_OK(m_serving->declareQueue(m_queue, QAmqpQueueOptions().setExclusive()));
}

void TestRpcOnBroker::cleanup()
{
    if (!m_peer)
        return;
    QVERIFY(m_peer->close());
    QVERIFY(m_peer->errors.isEmpty());
    m_peer.reset();
}

void TestRpcOnBroker::callsAndReplies()
{
    QAmqpRpcServer server(m_serving, m_queue);
    server.setHandler([](const QAmqpDelivery &request) {
        QAmqpMessage reply(request.body().toUpper());
        reply.setContentType(u"text/plain"_s);
        return reply;
    });
    QVERIFY(server.start());
    QAmqpRpcClient client(m_channel);
    const auto reply = client.call({}, m_queue, "hello"_ba);
    VERIFY_OK(reply);
    QCOMPARE(reply.result().body(), "HELLO");
    QCOMPARE(reply.result().contentType(), u"text/plain"_s);
    QCOMPARE(client.ignoredReplies(), 0u);
}

void TestRpcOnBroker::manyOutstanding()
{
    constexpr int count = 500;
    QAmqpRpcServer server(m_serving, m_queue);
    QList<QAmqpRpcRequest> requests;
    connect(&server, &QAmqpRpcServer::requestReceived,
            [&](const QAmqpRpcRequest &request) { requests.append(request); });
    QVERIFY(server.start(0));
    QAmqpRpcClient client(m_channel);
    QList<QFuture<QAmqpMessage>> replies;
    std::set<QString> ids;
    for (int i = 0; i < count; ++i)
        replies += client.call({}, m_queue, QByteArray::number(i));
    QCOMPARE(client.pendingCalls(), count);
    QVERIFY(waitFor([&] { return requests.size() == count; }));
    while (!requests.isEmpty()) { // the last comes first
        const QAmqpRpcRequest request = requests.takeLast();
        ids.insert(request.message().correlationId());
        QVERIFY(request.reply(request.message().body()));
    }
    for (int i = 0; i < count; ++i) {
        VERIFY_OK(replies.at(i));
        QCOMPARE(replies.at(i).result().body(), QByteArray::number(i));
    }
    QCOMPARE(int(ids.size()), count);
    QCOMPARE(client.pendingCalls(), 0);
}

void TestRpcOnBroker::unroutable()
{
    QAmqpRpcClient client(m_channel);
    const auto toNobody = client.call({}, uniqueName(), "hello"_ba);
    VERIFY_ERROR(failure(toNobody), Unroutable, Operation, 312);
    QVERIFY(m_channel->isOpen());
}

void TestRpcOnBroker::lateReplyIsIgnored()
{
    QAmqpRpcServer server(m_serving, m_queue);
    QAmqpRpcRequest kept;
    connect(&server, &QAmqpRpcServer::requestReceived,
            [&](const QAmqpRpcRequest &request) { kept = request; });
    QVERIFY(server.start());
    QAmqpRpcClient client(m_channel);
    const auto reply = client.call({}, m_queue, "hello"_ba, 50ms);
    VERIFY_ERROR(failure(reply), Timeout, Operation, 0);
    QVERIFY(waitFor([&] { return kept.isValid(); }));
    QVERIFY(kept.reply("too late"_ba));
    QVERIFY(waitFor([&] { return client.ignoredReplies() == 1; }));
    QVERIFY(m_channel->isOpen());
}

void TestRpcOnBroker::requestOfDeadServerIsServedByAnother()
{
    QAmqpChannel *dying = m_peer->channel();
    QAmqpRpcServer first(dying, m_queue);
    int seen = 0;
    connect(&first, &QAmqpRpcServer::requestReceived, [&] { ++seen; });
    QVERIFY(first.start());
    QAmqpRpcClient client(m_channel);
    const auto reply = client.call({}, m_queue, "hello"_ba);
    QVERIFY(waitFor([&] { return seen == 1; }));
    QAmqpRpcServer second(m_serving, m_queue);
    second.setHandler([](const QAmqpDelivery &request) {
        return QAmqpMessage(request.isRedelivered() ? "again" : "first");
    });
    dying->close();
    QVERIFY(second.start());
    VERIFY_OK(reply);
    QCOMPARE(reply.result().body(), "again");
}

void TestRpcOnBroker::afterTheChannelWasOpenedAgain()
{
    QAmqpRpcServer server(m_serving, m_queue);
    server.setHandler([](const QAmqpDelivery &request) { return request; });
    QVERIFY(server.start());
    QAmqpRpcClient client(m_channel);
    VERIFY_OK(client.call({}, m_queue, "one"_ba));
    m_channel->close();
    QVERIFY(waitFor([&] { return m_channel->state() == QAmqpChannel::State::Closed; }));
    m_channel->open();
    const auto reply = client.call({}, m_queue, "two"_ba);
    VERIFY_OK(reply);
    QCOMPARE(reply.result().body(), "two");
}

void TestRpcOnBroker::replyQueueOfAnOrdinaryClient()
{
    QAmqpRpcServer server(m_serving, m_queue);
    server.setHandler([](const QAmqpDelivery &) { return QAmqpMessage("answer"); });
    QVERIFY(server.start());
    QAmqpQueue *replies = m_channel->queue();
    VERIFY_OK(replies->declare(QAmqpQueueOptions().setExclusive()));
    QAmqpMessage request("hello");
    request.setReplyTo(replies->name());
    request.setCorrelationId(u"my own"_s);
    m_channel->publish({}, m_queue, request);
    ConsumerLog log(replies->consume());
    QVERIFY(log.waitForMessages(1));
    QCOMPARE(log.messages.constFirst().body(), "answer");
    QCOMPARE(log.messages.constFirst().correlationId(), u"my own"_s);
}

// Ids of another client's making are the same in the answer. As a name RabbitMQ takes UTF-8 alone, and
// would end the server's connection for an answer to such a queue.
void TestRpcOnBroker::bytesThatAreNotUtf8()
{
    SKIP_WHERE_DIFFERENT("Names that are not UTF-8");
    const QString bytes = u'a' + QString(QChar(0xDCFF)) + QChar(0xDCC3);
    QAmqpRpcServer server(m_serving, m_queue);
    server.setHandler([](const QAmqpDelivery &request) { return request; });
    QSignalSpy refused(&server, &QAmqpRpcServer::errorOccurred);
    QVERIFY(server.start());
    QAmqpQueue *replies = m_channel->queue();
    VERIFY_OK(replies->declare(QAmqpQueueOptions().setExclusive()));
    QAmqpMessage request("hello");
    request.setReplyTo(bytes);
    m_channel->publish({}, m_queue, request);
    QTRY_COMPARE(refused.count(), 1);
    QVERIFY(refused.constFirst().constFirst().value<QAmqpError>().text().contains(u"is not UTF-8"));
    request.setReplyTo(replies->name());
    request.setCorrelationId(bytes);
    request.setMessageId(bytes);
    m_channel->publish({}, m_queue, request);
    ConsumerLog log(replies->consume());
    QVERIFY(log.waitForMessages(1));
    QCOMPARE(log.messages.constFirst().bytes(QAmqpMessage::Property::CorrelationId),
             "a\xFF\xC3"_ba);
    QCOMPARE(log.messages.constFirst().bytes(QAmqpMessage::Property::MessageId), "a\xFF\xC3"_ba);
}

QTAMQP_TEST(TestRpcOnBroker)

#include "tst_rpc.moc"
