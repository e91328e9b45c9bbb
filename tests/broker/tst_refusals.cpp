// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What RabbitMQ refuses, and the errors it has for that.

#include "topologytest.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestRefusals
    : public EveryBroker
    , TopologyTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void refusesWhatNobodyWaitsFor();
    void missingThings_data();
    void missingThings();
    void publishToMissingExchange();
    void redeclarationWithOtherOptions();
    void queueExclusiveToAnotherConnection();
    void reservedNames();
    void unknownExchangeType();
    void channelWorksAgainAfterError();
    void wrongPassword();
    void unknownVirtualHost();
    void missingPermissions();
    void consumerIsToldThatItsQueueIsGone();
};

using Ask = std::function<QAmqpError(QAmqpChannel *)>;

void TestRefusals::refusesWhatNobodyWaitsFor()
{
    const QString name = uniqueName();
    const ChannelLog log(m_channel);
    m_channel->setNoWait();
    m_channel->declareQueue(name, exclusive);
    const auto other = QAmqpQueueOptions().setExclusive().setAutoDelete();
    QVERIFY(m_channel->declareQueue(name, other).isFinished());
    m_channel->setNoWait(false);
    const auto behind = m_channel->declareQueue(name, exclusive);
    VERIFY_ERROR(failure(behind), Cancelled, Operation, 0);
    closedByError(log, QAmqpError::Kind::PreconditionFailed, 406, u"queue.declare"_s);
}

void TestRefusals::missingThings_data()
{
    QTest::addColumn<Ask>("ask");
    QTest::addColumn<QString>("method");
    const QString none = u"there is no such thing"_s;
    const auto row = [](const char *method, const Ask &ask) {
        QTest::newRow(method) << ask << QString::fromLatin1(method);
    };
    row("queue.declare", [=](auto *c) { return failure(c->declareQueue(none, passive)); });
    row("queue.bind", [=](auto *c) { return failure(c->bindQueue(none, u"amq.fanout"_s)); });
    row("queue.purge", [=](auto *c) { return failure(c->purgeQueue(none)); });
    row("basic.get", [=](auto *c) { return failure(c->get(none)); });
    row("exchange.declare", [=](auto *c) {
        return failure(c->declareExchange(none, u"direct"_s, QAmqpExchangeOptions().setPassive()));
    });
    row("exchange.bind", [=](auto *c) { return failure(c->bindExchange(none, u"amq.fanout"_s)); });
}

void TestRefusals::missingThings()
{
    QFETCH(Ask, ask);
    QFETCH(QString, method);
    const ChannelLog log(m_channel);
    const QAmqpError error = ask(m_channel);
    VERIFY_ERROR(error, NotFound, Channel, 404);
    QCOMPARE(error.method(), method);
    QVERIFY(error.replyText().startsWith(u"NOT_FOUND"));
    closedByError(log, QAmqpError::Kind::NotFound, 404, method);
}

// Nobody knows what became of the publishes behind the guilty one, or of that itself.
void TestRefusals::publishToMissingExchange()
{
    const QString queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(queue, exclusive));
    QAmqpChannel *other = m_peer->channel();
    const ChannelLog otherLog(other);
    const ChannelLog log(m_channel);
    VERIFY_OK(m_channel->publishConfirmed({}, queue, "x"_ba));
    m_channel->publish(u"no such exchange"_s, {}, "x"_ba);
    for (int i = 0; i < 10; ++i)
        m_channel->publish({}, queue, "x"_ba);
    const auto one = m_channel->publishConfirmed({}, queue, "x"_ba);
    const auto all = m_channel->allConfirmed();
    const auto declared = m_channel->declareQueue({}, exclusive);
    VERIFY_ERROR(failure(declared), Cancelled, Operation, 0);
    QCOMPARE(failure(declared).cause().replyCode(), 404);
    QVERIFY(failure(one));
    QVERIFY(failure(all));
    closedByError(log, QAmqpError::Kind::NotFound, 404, u"basic.publish"_s);
    QVERIFY(log.waitForSettled(13));
    QCOMPARE(log.settledTwice, 0);
    QCOMPARE(log.count(Fate::Confirmed), 1);
    QCOMPARE(log.count(Fate::Indeterminate), 12);
    QCOMPARE(m_channel->publish({}, queue, "x"_ba), 0U);
    VERIFY_ERROR(m_channel->lastError(), NotOpen, Operation, 0);
    QVERIFY(!settled(other));
    QCOMPARE(otherLog.errors.size(), 0);
}

void TestRefusals::redeclarationWithOtherOptions()
{
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(name, exclusive));
    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog log(channel);
    const auto otherOptions = QAmqpQueueOptions().setExclusive().setAutoDelete();
    VERIFY_ERROR(failure(channel->declareQueue(name, otherOptions)), PreconditionFailed, Channel,
                 406);
    closedByError(log, QAmqpError::Kind::PreconditionFailed, 406, u"queue.declare"_s);

    channel = m_peer->channel();
    const ChannelLog exchangeLog(channel);
    VERIFY_ERROR(failure(channel->declareExchange(u"amq.direct"_s, u"fanout"_s,
                                                  QAmqpExchangeOptions().setDurable())),
                 PreconditionFailed, Channel, 406);
    closedByError(exchangeLog, QAmqpError::Kind::PreconditionFailed, 406, u"exchange.declare"_s);
}

void TestRefusals::queueExclusiveToAnotherConnection()
{
    const QString name = uniqueName();
    VERIFY_OK(m_channel->declareQueue(name, exclusive));
    Peer other;
    const std::vector<std::pair<QString, Ask>> requests = {
            {u"queue.declare"_s,
             [=](auto *c) { return failure(c->declareQueue(name, exclusive)); }},
            {u"queue.delete"_s, [=](auto *c) { return failure(c->deleteQueue(name)); }},
            {u"basic.get"_s, [=](auto *c) { return failure(c->get(name)); }},
    };
    QVERIFY(other.open());
    for (const auto &[method, ask] : requests) {
        QAmqpChannel *channel = other.channel();
        const ChannelLog log(channel);
        const QAmqpError error = ask(channel);
        VERIFY_ERROR(error, ResourceLocked, Channel, 405);
        QCOMPARE(error.method(), method);
        closedByError(log, QAmqpError::Kind::ResourceLocked, 405, method);
    }
    // A consumer has no future: its signal tells.
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    const ConsumerLog consumer(channel->consume(name));
    closedByError(log, QAmqpError::Kind::ResourceLocked, 405, u"basic.consume"_s);
    QCOMPARE(consumer.cancelled.size(), 1);
    QCOMPARE(consumer.cancelled.constFirst().replyCode(), 405);
    QCOMPARE(consumer.started, 0);
    QVERIFY(other.close());
    QVERIFY(other.errors.isEmpty());
}

void TestRefusals::reservedNames()
{
    const ChannelLog log(m_channel);
    VERIFY_ERROR(failure(m_channel->declareQueue(u"amq.mine"_s)), AccessRefused, Channel, 403);
    closedByError(log, QAmqpError::Kind::AccessRefused, 403, u"queue.declare"_s);

    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog exchangeLog(channel);
    VERIFY_ERROR(failure(channel->declareExchange(u"amq.mine"_s, u"direct"_s)), AccessRefused,
                 Channel, 403);
    closedByError(exchangeLog, QAmqpError::Kind::AccessRefused, 403, u"exchange.declare"_s);

    channel = m_peer->channel();
    const ChannelLog defaultLog(channel);
    VERIFY_ERROR(failure(channel->deleteExchange(u""_s)), AccessRefused, Channel, 403);
    closedByError(defaultLog, QAmqpError::Kind::AccessRefused, 403, u"exchange.delete"_s);
}

// An error of the whole connection: each channel closes, and the connection tells it once.
void TestRefusals::unknownExchangeType()
{
    Peer other;
    QAmqpChannel *guilty = other.channel();
    QAmqpChannel *bystander = other.channel();
    const ChannelLog guiltyLog(guilty);
    const ChannelLog bystanderLog(bystander);
    QVERIFY(other.open());
    bystander->publish({}, u"nowhere"_s, "x"_ba);
    VERIFY_OK(bystander->allConfirmed());
    const auto declared = guilty->declareExchange(uniqueName(), u"x-no-such-type"_s);
    const auto pending = guilty->declareQueue({}, exclusive);
    const QAmqpError error = failure(declared);
    QVERIFY(error);
    QVERIFY(failure(pending));
    QVERIFY(other.waitForClosed());
    QCOMPARE(other.closed, 1);
    QCOMPARE(other.errors.size(), 1);
    VERIFY_ERROR(other.errors.constFirst(), ProtocolViolation, Connection, 503);
    QCOMPARE(other.errors.constFirst().origin(), QAmqpError::Origin::Broker);
    QCOMPARE(other.errors.constFirst().method(), u"exchange.declare"_s);
    for (const ChannelLog *log : {&guiltyLog, &bystanderLog}) {
        QCOMPARE(log->closed, 1);
        QCOMPARE(log->errors.size(), 0); // it is the connection's
    }
    for (const QAmqpChannel *channel : {guilty, bystander})
        QCOMPARE(channel->lastError().replyCode(), 503);
}

void TestRefusals::channelWorksAgainAfterError()
{
    const ChannelLog log(m_channel);
    VERIFY_ERROR(failure(m_channel->declareQueue(u"no such queue"_s, passive)), NotFound, Channel,
                 404);
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(m_channel->state(), QAmqpChannel::State::Closed);
    VERIFY_ERROR(failure(m_channel->declareQueue({}, exclusive)), NotOpen, Operation, 0);
    m_channel->open();
    const auto queue = m_channel->declareQueue({}, exclusive);
    VERIFY_OK(queue);
    VERIFY_OK(m_channel->publishConfirmed({}, queue.result().name, "x"_ba));
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.closed, 1);
}

void TestRefusals::wrongPassword()
{
    Peer other(options().setCredentials(QAmqpCredentials::plain(u"guest"_s, u"wrong"_s)));
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    const auto declared = channel->declareQueue({}, exclusive);
    other.connection.open();
    QVERIFY(failure(declared));
    QVERIFY(other.waitForClosed());
    QCOMPARE(other.opened, 0);
    QCOMPARE(other.closed, 1);
    QCOMPARE(other.errors.size(), 1);
    VERIFY_ERROR(other.errors.constFirst(), AuthenticationFailed, Connection, 403);
    QVERIFY(other.errors.constFirst().replyText().startsWith(u"ACCESS_REFUSED"));
    QVERIFY(other.errors.constFirst().text().contains(u"guest"));
    QVERIFY(!other.errors.constFirst().text().contains(u"wrong"));
    QCOMPARE(other.errors.constFirst().phase(), QAmqpError::Phase::Handshake);
    QCOMPARE(log.closed, 1);
    QCOMPARE(log.errors.size(), 0); // it is the connection's
}

void TestRefusals::unknownVirtualHost()
{
    Peer other(options().setVirtualHost(u"no such host"_s));
    other.connection.open();
    QVERIFY(waitFor([&] { return other.closed == 1; }));
    QCOMPARE(other.opened, 0);
    QCOMPARE(other.errors.size(), 1);
    VERIFY_ERROR(other.errors.constFirst(), AccessRefused, Connection, 530);
    QVERIFY(other.errors.constFirst().text().contains(u"no such host"));
    QCOMPARE(other.errors.constFirst().phase(), QAmqpError::Phase::Handshake);
}

// A user who may read and write only what begins with "mine".
void TestRefusals::missingPermissions()
{
    const QString user = uniqueName(u"user"_s);
    const QString password = u"p:a@s s/wörd"_s;
    const auto credentials = QAmqpCredentials::plain(user, password);
    QVERIFY(broker().addUser(user, password));
    {
        Peer other(options().setCredentials(credentials));
        other.connection.open();
        QVERIFY(waitFor([&] { return other.closed == 1; }));
        QCOMPARE(other.errors.size(), 1);
        VERIFY_ERROR(other.errors.constFirst(), AccessRefused, Connection, 530);
    }
    QVERIFY(broker().setPermissions(user, u"^mine"_s));
    const QString theirs = uniqueName(u"theirs"_s);
    VERIFY_OK(m_channel->declareQueue(theirs));

    Peer other(options().setCredentials(credentials));
    QVERIFY(other.open());
    VERIFY_OK(other.channel()->declareQueue(uniqueName(u"mine"_s), exclusive));
    const std::vector<std::pair<QString, Ask>> requests = {
            {u"queue.declare"_s,
             [](auto *c) { return failure(c->declareQueue(uniqueName(), exclusive)); }},
            {u"queue.delete"_s, [=](auto *c) { return failure(c->deleteQueue(theirs)); }},
            {u"basic.get"_s, [=](auto *c) { return failure(c->get(theirs)); }},
    };
    for (const auto &[method, ask] : requests) {
        QAmqpChannel *channel = other.channel();
        const ChannelLog log(channel);
        const QAmqpError error = ask(channel);
        VERIFY_ERROR(error, AccessRefused, Channel, 403);
        QVERIFY(error.replyText().contains(user));
        closedByError(log, QAmqpError::Kind::AccessRefused, 403, method);
    }
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    QVERIFY(failure(channel->publishConfirmed(u"amq.fanout"_s, {}, "x"_ba)));
    closedByError(log, QAmqpError::Kind::AccessRefused, 403, u"basic.publish"_s);
    QVERIFY(other.connection.isOpen());
    QVERIFY(other.errors.isEmpty());
    QVERIFY(other.close());
    VERIFY_OK(m_channel->deleteQueue(theirs));
    QVERIFY(broker().deleteUser(user));
}

void TestRefusals::consumerIsToldThatItsQueueIsGone()
{
    const QString name = uniqueName();
    QAmqpQueue *queue = m_channel->queue(name);
    VERIFY_OK(queue->declare());
    QList<QAmqpError> told;
    connect(queue, &QAmqpQueue::cancelled, queue, [&](const QAmqpError &why) { told << why; });
    QAmqpConsumer *consumer = queue->consume();
    const ConsumerLog log(consumer);
    const ChannelLog channelLog(m_channel);
    QVERIFY(waitFor([&] { return log.started == 1; }));

    Peer other;
    QAmqpChannel *channel = other.channel();
    QVERIFY(other.open());
    VERIFY_OK(channel->deleteQueue(name));
    QVERIFY(other.close());

    QVERIFY(waitFor([&] { return !log.cancelled.isEmpty(); }));
    QVERIFY(!settled(m_channel));
    QCOMPARE(log.cancelled.size(), 1);
    QCOMPARE(told, log.cancelled);
    VERIFY_ERROR(log.cancelled.constFirst(), Cancelled, Operation, 0);
    QCOMPARE(log.cancelled.constFirst().origin(), QAmqpError::Origin::Broker);
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Cancelled);
    VERIFY_ERROR(failure(consumer->cancel()), NotOpen, Operation, 0);
    QCOMPARE(channelLog.errors.size(), 0);
    QVERIFY(m_channel->isOpen());
}

QTAMQP_TEST(TestRefusals)
#include "tst_refusals.moc"
