// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A message that the broker accepted never ends the connection of who gets it: headers larger than a
// frame, tables deeper or longer than are read, bodies above the consumer's own limit.

#include "everybroker.h"

#include "unreadable.h"
#include "values/qamqpmessage_p.h"

#include <QtAmqp/qamqpblockingconnection.h>
#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>
#include <QtCore/qscopeguard.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

namespace {

constexpr qsizetype LargeTable = 130 * 1024; // more than a frame of the size that all agree on
constexpr quint64 MaxBody = 10000;

QAmqpConnectionOptions limited() { return options().setMaxMessageSize(MaxBody); }

QAmqpMessage odd(const QByteArray &body, const QByteArray &entries,
                 const QByteArray &correlationId = Unreadable::CorrelationId)
{
    // Headers, correlation-id, reply-to.
    const auto text = [](const QByteArray &bytes) { return char(bytes.size()) + bytes; };
    return QAmqpMessagePrivate::make(
            body, 0x2600, Unreadable::longString(entries) + text(correlationId) + text("back"));
}

struct Sent
{
    QAmqpMessage message;
    bool isReadable;
};

// In the order in which they are published.
QList<Sent> oddMessages(const QByteArray &id = Unreadable::CorrelationId)
{
    return {{odd("large table", Unreadable::tableOf(LargeTable), id), true},
            {odd("deep", Unreadable::deepTable(200), id), false},
            {odd("voids", Unreadable::voids(70000), id), false},
            {odd(bytes(MaxBody + 1), {}, id), true},
            {odd("behind", {}, id), true}};
}

QString problemOf(const QAmqpMessage &got, const Sent &sent)
{
    if (got != sent.message)
        return u"a message is not what was sent"_s;
    if (got.propertiesError().isEmpty() != sent.isReadable)
        return u"it says: "_s + got.propertiesError();
    return got.headers().isEmpty() == (sent.message.headers().isEmpty()) ? QString()
                                                                         : u"its headers"_s;
}

} // namespace

class TestOversizeOnBroker : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanupTestCase();

    void byAConsumer();
    void byGet();
    void blocking();
    void asRequests();
    void asReplies();

private:
    // Publishes on a connection whose frames are larger than others have.
    bool send(const QString &queue, const QList<Sent> &messages);
    QString filled();

    struct Sender
    {
        std::unique_ptr<Peer> peer;
        QAmqpChannel *channel = nullptr;
        QStringList queues = {};
    };
    std::map<const Broker *, Sender> m_senders;
    Sender *m_sender = nullptr; // of the row
};

// The broker offers larger frames only while this connection opens.
void TestOversizeOnBroker::init()
{
    m_sender = &m_senders[&broker()];
    if (m_sender->peer)
        return;
    QVERIFY(broker().setFrameMax(1048576));
    m_sender->peer = std::make_unique<Peer>(options().setFrameMax(1048576));
    m_sender->channel = m_sender->peer->channel();
    const bool opened = m_sender->peer->open();
    QVERIFY(broker().setFrameMax(131072)); // which is what all brokers have
    QVERIFY(opened);
    QVERIFY(waitFor([&] { return m_sender->channel->isOpen(); }));
    QCOMPARE(m_sender->peer->connection.frameMax(), 1048576U);
}

void TestOversizeOnBroker::cleanupTestCase()
{
    for (const auto &[of, sender] : m_senders) {
        for (const QString &queue : sender.queues)
            VERIFY_OK(sender.channel->deleteQueue(queue));
        QVERIFY(sender.peer->close());
    }
}

bool TestOversizeOnBroker::send(const QString &queue, const QList<Sent> &messages)
{
    for (const Sent &sent : messages) {
        if (!m_sender->channel->publish({}, queue, sent.message, QAmqpChannel::Mandatory))
            return false;
    }
    return !failure(m_sender->channel->allConfirmed());
}

// A queue that holds them all; what is rejected goes to one of its own, called so and "-dead".
QString TestOversizeOnBroker::filled()
{
    const QString queue = uniqueName();
    const QAmqpTable deadLetters = {{u"x-dead-letter-exchange"_s, u""_s},
                                    {u"x-dead-letter-routing-key"_s, queue + u"-dead"_s}};
    m_sender->queues << queue << queue + u"-dead"_s;
    const bool made = !failure(m_sender->channel->declareQueue(queue + u"-dead"_s))
            && !failure(m_sender->channel->declareQueue(
                    queue, QAmqpQueueOptions().setArguments(deadLetters)))
            && send(queue, oddMessages());
    return made ? queue : QString();
}

void TestOversizeOnBroker::byAConsumer()
{
    const QString queue = filled();
    QVERIFY(!queue.isEmpty());
    const QString other = uniqueName();
    m_sender->queues << other;
    VERIFY_OK(m_sender->channel->declareQueue(other));

    Peer peer(limited());
    QAmqpChannel *channel = peer.channel();
    QAmqpConsumer *consumer = channel->consume(queue);
    const ConsumerLog log(consumer);
    QList<QAmqpError> discarded;
    connect(consumer, &QAmqpConsumer::messageDiscarded, this,
            [&](const QAmqpDelivery &, const QAmqpError &error) { discarded << error; });
    QVERIFY(peer.open());
    QVERIFY(log.waitForMessages(4));
    QCOMPARE(discarded.size(), 1);
    VERIFY_ERROR(discarded.constFirst(), LimitExceeded, Operation, 0);
    QList<Sent> sent = oddMessages();
    sent.removeAt(3);
    for (qsizetype i = 0; i < sent.size(); ++i) {
        const QAmqpDelivery &got = log.messages.at(i);
        QCOMPARE(problemOf(got, sent.at(i)), QString());
        // What fits a frame goes on unchanged; the first is rejected, the others are acknowledged.
        const quint64 tag = channel->publish({}, other, got);
        QCOMPARE(tag == 0, i == 0);
        QVERIFY(i == 0 ? got.reject(QAmqpDelivery::Discard) : got.ack());
    }
    QCOMPARE(channel->lastError().kind(), Kind::LimitExceeded);
    VERIFY_OK(channel->allConfirmed());
    for (qsizetype i = 1; i < sent.size(); ++i) {
        const auto forwarded = fetch(channel, other);
        QVERIFY(forwarded);
        QCOMPARE(problemOf(*forwarded, sent.at(i)), QString());
    }
    // Both that were rejected are in the dead-letter queue, and nothing is left.
    QVERIFY(waitFor([&] { return readyMessages(peer, queue + u"-dead"_s) == 2; }));
    QCOMPARE(readyMessages(peer, queue), 0);
    QCOMPARE(peer.errors.size(), 0);
    QVERIFY(peer.close());
}

void TestOversizeOnBroker::byGet()
{
    const QString queue = filled();
    QVERIFY(!queue.isEmpty());
    Peer peer(limited());
    QAmqpChannel *channel = peer.channel();
    QVERIFY(peer.open());
    for (const Sent &sent : oddMessages()) {
        const auto future = channel->get(queue);
        const QAmqpError error = failure(future);
        if (sent.message.body().size() > qsizetype(MaxBody)) {
            VERIFY_ERROR(error, LimitExceeded, Operation, 0);
            continue;
        }
        QVERIFY2(!error && future.result(), describe(error).constData());
        QCOMPARE(problemOf(*future.result(), sent), QString());
        QVERIFY(future.result()->ack());
    }
    QVERIFY(waitFor([&] { return readyMessages(peer, queue + u"-dead"_s) == 1; }));
    QCOMPARE(peer.errors.size(), 0);
    QVERIFY(peer.close());
}

void TestOversizeOnBroker::blocking()
{
    const QString queue = filled();
    QVERIFY(!queue.isEmpty());
    QAmqpBlockingConnection connection(limited());
    auto channel = connection.createChannel();
    QVERIFY2(channel, qPrintable(channel.error().text()));
    const QAmqpBlockingConsumer range = channel->consume(queue);
    for (const Sent &sent : oddMessages()) {
        const auto got = range.next(Patience);
        if (sent.message.body().size() > qsizetype(MaxBody)) {
            VERIFY_ERROR(got.error(), LimitExceeded, Operation, 0);
            continue;
        }
        QVERIFY2(got, qPrintable(got.error().text()));
        QCOMPARE(problemOf(*got, sent), QString());
        QVERIFY(got->ack());
    }
    QVERIFY(range.isActive());
    QCOMPARE(range.cancel().value(), 0);
}

void TestOversizeOnBroker::asRequests()
{
    const QString queue = filled();
    QVERIFY(!queue.isEmpty());
    Peer peer(limited());
    QAmqpRpcServer server(peer.channel(), queue);
    QList<QAmqpDelivery> requests;
    QList<QAmqpError> errors;
    server.setHandler([&](const QAmqpDelivery &request) {
        requests << request;
        return QAmqpMessage("answer");
    });
    connect(&server, &QAmqpRpcServer::errorOccurred, this,
            [&](const QAmqpError &error) { errors << error; });
    QVERIFY(peer.open());
    QVERIFY(server.start());
    QVERIFY(waitFor([&] { return requests.size() == 4; }));
    QCOMPARE(errors.size(), 1);
    VERIFY_ERROR(errors.constFirst(), LimitExceeded, Operation, 0);
    QCOMPARE(requests.constLast().body(), "behind"_ba);
    QVERIFY(waitFor([&] { return readyMessages(peer, queue + u"-dead"_s) == 1; }));
    QVERIFY(server.isRunning());
    QCOMPARE(peer.errors.size(), 0);
    QVERIFY(peer.close());
}

void TestOversizeOnBroker::asReplies()
{
    const QString queue = uniqueName();
    m_sender->queues << queue;
    VERIFY_OK(m_sender->channel->declareQueue(queue));
    // Whoever answers here has larger frames than the client, as the broker has.
    QAmqpConsumer *answering = m_sender->channel->consume(queue);
    const auto end = qScopeGuard([&] { delete answering; });
    connect(answering, &QAmqpConsumer::messageReceived, this, [&](const QAmqpDelivery &request) {
        const QList<Sent> all = oddMessages(request.bytes(QAmqpMessage::Property::CorrelationId));
        m_sender->channel->publish({}, request.replyTo(), all.at(request.text().toInt()).message);
        request.ack();
    });

    Peer peer(limited());
    QAmqpRpcClient client(peer.channel());
    QVERIFY(peer.open());
    const QList<Sent> sent = oddMessages();
    for (qsizetype i = 0; i < sent.size(); ++i) {
        const auto reply = client.call({}, queue, QByteArray::number(i));
        const QAmqpError error = failure(reply);
        if (sent.at(i).message.body().size() > qsizetype(MaxBody)) {
            VERIFY_ERROR(error, LimitExceeded, Operation, 0);
            continue;
        }
        QVERIFY2(!error, describe(error).constData());
        QCOMPARE(reply.result().body(), sent.at(i).message.body());
        QCOMPARE(reply.result().propertiesError().isEmpty(), sent.at(i).isReadable);
    }
    QCOMPARE(peer.errors.size(), 0);
    QVERIFY(peer.close());
}

QTAMQP_TEST(TestOversizeOnBroker)
#include "tst_oversize.moc"
