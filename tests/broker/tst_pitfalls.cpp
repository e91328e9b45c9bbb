// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What other clients got wrong, as tests/protocol/tst_pitfalls.cpp has it, seen on RabbitMQ.

#include "everybroker.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestPitfalls : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void aChannelsErrorIsToldOnceAndThere();
    void getOnAClosedChannelLeavesTheConnectionAlone();
    void publishesDoNotOvertakeDeclares();
    void cancellingAgainAlwaysAnswers();
    void closesWithSeveralConsumers();
    void aForgedUserIdClosesTheChannel();
    void anEmptyQueueNameIsTheLastDeclared();
    void theSameTagServesTwoChannels();
    void takesANewSecret();

private:
    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
    QString m_queue;
};

void TestPitfalls::init()
{
    m_peer = std::make_unique<Peer>();
    m_channel = m_peer->channel();
    QVERIFY(m_peer->open());
    m_queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(m_queue, exclusive));
}

void TestPitfalls::cleanup()
{
    if (!m_peer)
        return;
    QVERIFY(m_peer->close());
    QVERIFY(m_peer->errors.isEmpty());
    m_peer.reset();
}

// 1: not by what is called next, nor on a channel that has nothing to do with it.
void TestPitfalls::aChannelsErrorIsToldOnceAndThere()
{
    QAmqpChannel *guilty = m_peer->channel();
    const ChannelLog log(guilty);
    const ChannelLog innocent(m_channel);
    VERIFY_ERROR(failure(guilty->purgeQueue(u"no such queue"_s)), NotFound, Channel, 404);
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    for (int i = 0; i < 5; ++i)
        VERIFY_OK(m_channel->publishConfirmed({}, m_queue, "x"_ba));
    QVERIFY(!settled(m_channel));
    QCOMPARE(log.errors.size(), 1);
    QVERIFY(innocent.errors.isEmpty());
    QVERIFY(!m_channel->lastError());
}

// 4: a frame on a closed channel would cost the connection (504).
void TestPitfalls::getOnAClosedChannelLeavesTheConnectionAlone()
{
    QAmqpChannel *closed = m_peer->channel();
    const ChannelLog log(closed);
    QVERIFY(!settled(closed));
    closed->close();
    VERIFY_ERROR(failure(closed->get(m_queue)), NotOpen, Operation, 0); // on its way
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    VERIFY_ERROR(failure(closed->get(m_queue)), NotOpen, Operation, 0);
    QVERIFY(!settled(m_channel));
}

// 7: a message to a queue that was asked for just before is routable.
void TestPitfalls::publishesDoNotOvertakeDeclares()
{
    for (int round = 0; round < 20; ++round) {
        const QString first = uniqueName();
        const QString second = uniqueName();
        m_channel->declareQueue(first, exclusive);
        m_channel->declareQueue(second, exclusive);
        const auto published =
                m_channel->publishConfirmed({}, second, "x"_ba, QAmqpChannel::Mandatory);
        VERIFY_OK(published);
    }
}

// 11
void TestPitfalls::cancellingAgainAlwaysAnswers()
{
    QAmqpConsumer *consumer = m_channel->consume(m_queue);
    const auto first = consumer->cancel();
    const auto second = consumer->cancel();
    VERIFY_OK(first);
    VERIFY_ERROR(failure(second), NotOpen, Operation, 0);
    VERIFY_ERROR(failure(consumer->cancel()), NotOpen, Operation, 0);
    QVERIFY(!settled(m_channel));
}

// 16
void TestPitfalls::closesWithSeveralConsumers()
{
    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog channelLog(channel);
    std::vector<std::unique_ptr<ConsumerLog>> logs;
    for (int i = 0; i < 5; ++i)
        logs.push_back(std::make_unique<ConsumerLog>(
                channel->consume(m_queue, QAmqpConsumeOptions().setPrefetch(5))));
    QVERIFY(!settled(channel));
    for (int i = 0; i < 50; ++i)
        m_channel->publish({}, m_queue, QByteArray::number(i));
    VERIFY_OK(m_channel->allConfirmed());
    for (const auto &log : logs)
        QVERIFY(log->waitForMessages(1));
    channel->close();
    QVERIFY(waitFor([&] { return channelLog.closed == 1; }));
    QVERIFY(channelLog.errors.isEmpty());
    for (const auto &log : logs)
        QCOMPARE(log->cancelled.size(), 1);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 50, 20000);
}

void TestPitfalls::aForgedUserIdClosesTheChannel()
{
    QAmqpMessage message("x"_ba);
    message.setUserId(options().credentials().userName());
    VERIFY_OK(m_channel->publishConfirmed({}, m_queue, message));
    QCOMPARE(fetch(m_channel, m_queue)->userId(), options().credentials().userName());

    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog log(channel);
    message.setUserId(u"somebody else"_s);
    const QAmqpError error = failure(channel->publishConfirmed({}, m_queue, message));
    VERIFY_ERROR(error, PreconditionFailed, Operation, 406);
    QVERIFY2(error.text().contains(u"somebody else"), describe(error).constData());
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(log.count(Fate::Indeterminate), 1);
}

void TestPitfalls::anEmptyQueueNameIsTheLastDeclared()
{
    QAmqpChannel *channel = m_peer->channel();
    const auto named = channel->declareQueue({}, exclusive);
    const auto published = m_channel;
    VERIFY_OK(named);
    VERIFY_OK(published->publishConfirmed({}, named.result().name, "x"_ba));
    const ConsumerLog log(channel->consume(QString()), true);
    QVERIFY(log.waitForMessages(1));
    QCOMPARE(log.messages.constFirst().routingKey(), named.result().name);
    VERIFY_OK(channel->bindQueue(QString(), u"amq.fanout"_s));
    VERIFY_OK(m_channel->publishConfirmed(u"amq.fanout"_s, {}, "y"_ba, QAmqpChannel::Mandatory));
    QVERIFY(log.waitForMessages(2));

    QAmqpChannel *fresh = m_peer->channel(); // none was declared here
    QCOMPARE(fresh->consume(QString())->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(fresh->lastError().kind(), QAmqpError::Kind::InvalidArgument);
}

void TestPitfalls::theSameTagServesTwoChannels()
{
    const auto options = QAmqpConsumeOptions().setConsumerTag(u"tag"_s).setPrefetch(1);
    QAmqpChannel *other = m_peer->channel();
    QAmqpConsumer *first = m_channel->consume(m_queue, options);
    QAmqpConsumer *second = other->consume(m_queue, options);
    const ConsumerLog firstLog(first);
    const ConsumerLog secondLog(second);
    QVERIFY(waitFor([&] { return first->isActive() && second->isActive(); }));
    for (const char *body : {"a", "b"})
        VERIFY_OK(m_channel->publishConfirmed({}, m_queue, QByteArray(body)));
    QVERIFY(firstLog.waitForMessages(1));
    QVERIFY(secondLog.waitForMessages(1));
    VERIFY_OK(first->cancel());
    QVERIFY(second->isActive());
    QVERIFY(firstLog.messages.constFirst().ack());
    QVERIFY(secondLog.messages.constFirst().ack());
    VERIFY_OK(m_channel->publishConfirmed({}, m_queue, "c"_ba));
    QVERIFY(secondLog.waitForMessages(2));
}

void TestPitfalls::takesANewSecret()
{
    VERIFY_OK(m_peer->connection.updateSecret(u"a token"_s, u"the old one expires"_s));
    QVERIFY(!settled(m_channel));
}

QTAMQP_TEST(TestPitfalls)
#include "tst_pitfalls.moc"
