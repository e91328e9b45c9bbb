// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Links are lost in the ways in which networks and operators lose them, and nothing else is.

#include "everybroker.h"
#include "traffic.h"

#include <QtAmqp/qamqprecoveryreport.h>
#include <QtCore/qelapsedtimer.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

namespace {

constexpr auto isActive = [](const QAmqpConsumer *consumer) {
    return consumer->state() == QAmqpConsumer::State::Active;
};

// A user of the broker whose password changes while a link is down.
class User
{
public:
    User() : name(uniqueName(u"user"_s))
    {
        m_isThere = broker().addUser(name, password) && broker().setPermissions(name, u".*"_s);
    }
    ~User() { broker().deleteUser(name); }
    Q_DISABLE_COPY_MOVE(User)

    bool isThere() const { return m_isThere; }
    bool changePassword()
    {
        password = u"another"_s;
        return broker().changePassword(name, password);
    }

    const QString name;
    QString password = u"secret"_s;

private:
    bool m_isThere = false;
};

} // namespace

class TestRecovery : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void nothingIsLostThroughResets();
    void anOperatorClosesTheConnection();
    void exclusiveQueuesComeBackAtOnce();
    void aSilentLinkIsNoticed();
    void aSilentHostIsPassedOver();
    void aSlowLinkIsNotLost();
    void aQueueThatIsAnotherOneNowIsReported();
    void aQueueIsDeletedWhileTheLinkIsDown();
    void aQueueIsDeletedUnderAConsumer();
    void aChangedPasswordEndsTheRecoveryUnlessAProviderKnowsIt();
    void deliveriesFlowAgain_data();
    void deliveriesFlowAgain();
};

// Publishes and consumes on one connection while the proxy breaks it again and again.
void TestRecovery::nothingIsLostThroughResets()
{
    const int messages = qEnvironmentVariableIntValue("QTAMQP_MESSAGES") > 0
            ? qEnvironmentVariableIntValue("QTAMQP_MESSAGES")
            : 5000;
    const auto proxy = proxyOfBroker();
    Peer peer(through(*proxy));
    Traffic traffic(&peer.connection, QAmqpQueueOptions().setDurable());
    QVERIFY(peer.open());
    Chaos chaos(proxy.get());
    chaos.start();
    traffic.publish(messages / 100, messages); // so that there are some losses before the end
    QVERIFY2(waitFor([&] { return traffic.isDone(); }, 10 * Patience),
             traffic.report() + ", state " + QByteArray::number(int(peer.connection.state())));
    chaos.stop();
    QVERIFY2(traffic.wrong().isEmpty() && traffic.nacked() == 0, traffic.report());
    QVERIFY(proxy->accepted() > 1);
    QCOMPARE(peer.errors.size(), 0);
    qInfo("%s, %d links", traffic.report().constData(), proxy->accepted());
    QVERIFY(waitFor([&] { return peer.connection.isOpen() && traffic.publisher()->isOpen(); }));
    VERIFY_OK(traffic.publisher()->deleteQueue(traffic.queue()));
}

void TestRecovery::anOperatorClosesTheConnection()
{
    Peer peer(recovering());
    QAmqpChannel *const channel = peer.channel();
    QAmqpQueue *const queue = channel->queue();
    queue->declare();
    QList<QByteArray> bodies;
    QAmqpConsumer *const consumer = queue->consume();
    connect(consumer, &QAmqpConsumer::messageReceived, this, [&](const QAmqpDelivery &delivery) {
        bodies.append(delivery.body());
        delivery.ack();
    });
    int recovered = 0;
    connect(&peer.connection, &QAmqpConnection::recovered, this, [&] { ++recovered; });
    QVERIFY(peer.open());
    QVERIFY(waitFor([&] { return isActive(consumer); }));
    const QString oldName = queue->name();
    QVERIFY(broker().closeConnections(u"maintenance"_s));
    QVERIFY(waitFor([&] { return recovered == 1; }));
    QVERIFY(queue->name() != oldName);
    VERIFY_OK(queue->publishConfirmed("again"_ba));
    QVERIFY(waitFor([&] { return bodies.size() == 1; }));
    QCOMPARE(peer.opened, 1);
    QCOMPARE(peer.closed, 0);
    QCOMPARE(peer.errors.size(), 0);
}

// The broker may not have deleted them yet when they are declared again.
void TestRecovery::exclusiveQueuesComeBackAtOnce()
{
    constexpr int many = 60;
    const auto proxy = proxyOfBroker();
    std::vector<std::unique_ptr<Peer>> peers;
    int recovered = 0;
    int arrived = 0;
    QStringList wrong;
    for (int i = 0; i < many; ++i) {
        peers.push_back(std::make_unique<Peer>(through(*proxy)));
        Peer &peer = *peers.back();
        QAmqpChannel *const channel = peer.channel();
        const QString name = uniqueName();
        channel->declareQueue(name, QAmqpQueueOptions().setExclusive(i % 2).setAutoDelete());
        QAmqpConsumer *const consumer = channel->consume(name);
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) { arrived += delivery.ack(); });
        connect(&peer.connection, &QAmqpConnection::recovered, this,
                [&, channel, name](const QAmqpRecoveryReport &report) {
                    for (const QAmqpError &error : report.skipped() + report.pending())
                        wrong.append(error.text());
                    ++recovered;
                    channel->publish({}, name, "again"_ba, QAmqpChannel::Mandatory);
                });
        connect(channel, &QAmqpChannel::messageReturned, this,
                [&] { wrong.append(u"a queue is gone"_s); });
        QVERIFY(peer.open());
        QVERIFY(waitFor([&] { return isActive(consumer); }));
    }
    proxy->reset();
    QVERIFY2(waitFor([&] { return recovered == many && arrived + wrong.size() >= many; }, 10s),
             qPrintable(u"%1 have recovered, %2 messages have arrived, and: %3"_s.arg(recovered)
                                .arg(arrived)
                                .arg(wrong.join(u"; "_s))));
    QCOMPARE(wrong, QStringList());
}

// The proxy passes nothing on any more. Both sides notice by their heartbeats, the broker later than the client, so
// that an exclusive queue is still locked when it is declared again.
void TestRecovery::aSilentLinkIsNoticed()
{
    ONE_BROKER_IS_ENOUGH();
    const auto proxy = proxyOfBroker();
    Peer peer(through(*proxy).setHeartbeat(1s));
    QAmqpChannel *const channel = peer.channel();
    const QString name = uniqueName();
    channel->declareQueue(name, exclusive);
    QAmqpConsumer *const consumer = channel->consume(name);
    int arrived = 0;
    connect(consumer, &QAmqpConsumer::messageReceived, this,
            [&](const QAmqpDelivery &delivery) { arrived += delivery.ack(); });
    QList<QAmqpError> losses;
    connect(&peer.connection, &QAmqpConnection::linkLost, this,
            [&](const QAmqpError &cause) { losses.append(cause); });
    QVERIFY(peer.open());
    QVERIFY(waitFor([&] { return isActive(consumer); }));
    proxy->stall(true);
    QVERIFY(waitFor([&] { return !losses.isEmpty(); }));
    QCOMPARE(losses.constFirst().kind(), Kind::HeartbeatMissed);
    proxy->stall(false);
    QVERIFY(waitFor([&] { return isActive(consumer); }));
    VERIFY_OK(channel->publishConfirmed({}, name, "again"_ba));
    QVERIFY(waitFor([&] { return arrived == 1; }));
}

// It accepts connections, and says nothing: the next one is used.
void TestRecovery::aSilentHostIsPassedOver()
{
    const auto proxy = proxyOfBroker();
    const auto other = proxyOfBroker();
    Peer peer(through(*proxy)
                      .setHosts({{u"127.0.0.1"_s, proxy->port()}, {u"127.0.0.1"_s, other->port()}})
                      .setAmqpTimeout(2s));
    QAmqpChannel *const channel = peer.channel();
    const QString name = uniqueName();
    channel->declareQueue(name, exclusive);
    const ConsumerLog log(channel->consume(name));
    QVERIFY(peer.open());
    QCOMPARE(other->accepted(), 0);
    QVERIFY(waitFor([&] { return log.started == 1; }));
    proxy->stall(true);
    proxy->reset();
    QVERIFY(waitFor([&] { return peer.connection.isRecovering(); }));
    VERIFY_OK(channel->publishConfirmed({}, name, "again"_ba));
    QVERIFY(log.waitForMessages(1));
    QVERIFY(proxy->accepted() > 1);
    QVERIFY(other->accepted() > 0);
}

// Half a megabyte takes longer than two heartbeats, and it is none.
void TestRecovery::aSlowLinkIsNotLost()
{
    ONE_BROKER_IS_ENOUGH();
    const auto proxy = proxyOfBroker();
    Peer peer(through(*proxy).setHeartbeat(1s));
    QAmqpChannel *const channel = peer.channel();
    const QString name = uniqueName();
    channel->declareQueue(name, exclusive);
    const ConsumerLog log(channel->consume(name), true);
    int losses = 0;
    connect(&peer.connection, &QAmqpConnection::linkLost, this, [&] { ++losses; });
    QVERIFY(peer.open());
    QVERIFY(waitFor([&] { return log.started == 1; }));
    proxy->throttle(128 * 1024);
    const QByteArray body = bytes(256 * 1024);
    channel->publish({}, name, body);
    channel->publish({}, name, body);
    VERIFY_OK(channel->allConfirmed());
    QVERIFY(log.waitForMessages(2));
    QCOMPARE(log.bodies(), (QList<QByteArray>{body, body}));
    QCOMPARE(losses, 0);
    QCOMPARE(proxy->accepted(), 1);
}

void TestRecovery::aQueueThatIsAnotherOneNowIsReported()
{
    const auto proxy = proxyOfBroker();
    Peer other;
    Peer peer(through(*proxy));
    QAmqpChannel *const channel = peer.channel();
    const QString name = uniqueName();
    const QString good = uniqueName();
    std::optional<QAmqpRecoveryReport> report;
    connect(&peer.connection, &QAmqpConnection::recovered, this,
            [&](const QAmqpRecoveryReport &what) { report = what; });
    QVERIFY(peer.open());
    QVERIFY(other.open());
    VERIFY_OK(channel->declareQueue(name));
    VERIFY_OK(channel->declareQueue(good, exclusive));
    QAmqpChannel *const operation = other.channel();
    VERIFY_OK(operation->deleteQueue(name));
    VERIFY_OK(operation->declareQueue(name, QAmqpQueueOptions().setDurable()));
    proxy->reset();
    QVERIFY(waitFor([&] { return report.has_value(); }));
    QCOMPARE(report->skipped().size(), 1);
    QCOMPARE(report->skipped().constFirst().kind(), Kind::PreconditionFailed);
    QVERIFY2(report->skipped().constFirst().text().contains(name),
             qPrintable(report->skipped().constFirst().text()));
    VERIFY_OK(channel->declareQueue(good, passive));
    VERIFY_OK(operation->deleteQueue(name));
}

// What the connection declared comes back at once. A queue of somebody else is waited for, which costs nobody else
// anything.
void TestRecovery::aQueueIsDeletedWhileTheLinkIsDown()
{
    const auto proxy = proxyOfBroker();
    Peer other;
    Peer peer(through(*proxy));
    QAmqpChannel *const channel = peer.channel();
    QAmqpChannel *const operation = other.channel();
    const QString own = uniqueName();
    const QString foreign = uniqueName();
    QVERIFY(other.open());
    VERIFY_OK(operation->declareQueue(foreign));
    channel->declareQueue(own, QAmqpQueueOptions().setDurable());
    QAmqpConsumer *const ownConsumer = channel->consume(own);
    QAmqpConsumer *const foreignConsumer = channel->consume(foreign);
    const ConsumerLog ownLog(ownConsumer, true);
    const ConsumerLog foreignLog(foreignConsumer, true);
    const ChannelLog channelLog(channel);
    int recovered = 0;
    connect(&peer.connection, &QAmqpConnection::recovered, this, [&] { ++recovered; });
    QVERIFY(peer.open());
    QVERIFY(waitFor([&] { return isActive(ownConsumer) && isActive(foreignConsumer); }));
    proxy->stall(true); // so that nothing is told of what happens
    VERIFY_OK(operation->deleteQueue(own));
    VERIFY_OK(operation->deleteQueue(foreign));
    proxy->reset();
    proxy->stall(false);
    QVERIFY(waitFor([&] { return recovered == 1; }));
    QCOMPARE(ownConsumer->state(), QAmqpConsumer::State::Active);
    QCOMPARE(foreignConsumer->state(), QAmqpConsumer::State::Starting);
    VERIFY_OK(channel->publishConfirmed({}, own, "again"_ba));
    QVERIFY(ownLog.waitForMessages(1));
    VERIFY_OK(operation->declareQueue(foreign));
    QVERIFY(waitFor([&] { return isActive(foreignConsumer); }));
    VERIFY_OK(channel->publishConfirmed({}, foreign, "again"_ba));
    QVERIFY(foreignLog.waitForMessages(1));
    QCOMPARE(foreignLog.cancelled.size(), 0);
    QCOMPARE(channelLog.errors.size(), 0);
    QCOMPARE(peer.errors.size(), 0);
    VERIFY_OK(channel->deleteQueue(own));
}

// The broker says so, and the consumer ends. That is not the link's loss, and no later one brings it back.
void TestRecovery::aQueueIsDeletedUnderAConsumer()
{
    const auto proxy = proxyOfBroker();
    Peer other;
    Peer peer(through(*proxy));
    QAmqpChannel *const channel = peer.channel();
    QAmqpChannel *const operation = other.channel();
    const QString name = uniqueName();
    const QString good = uniqueName();
    QVERIFY(other.open());
    VERIFY_OK(operation->declareQueue(name));
    const ConsumerLog log(channel->consume(name));
    channel->declareQueue(good, exclusive);
    const ConsumerLog goodLog(channel->consume(good), true);
    const ChannelLog channelLog(channel);
    int recovered = 0;
    connect(&peer.connection, &QAmqpConnection::recovered, this, [&] { ++recovered; });
    QVERIFY(peer.open());
    QVERIFY(waitFor([&] { return log.started == 1 && goodLog.started == 1; }));
    VERIFY_OK(operation->deleteQueue(name));
    QVERIFY(waitFor([&] { return !log.cancelled.isEmpty(); }));
    proxy->reset();
    QVERIFY(waitFor([&] { return recovered == 1; }));
    VERIFY_OK(channel->publishConfirmed({}, good, "again"_ba));
    QVERIFY(goodLog.waitForMessages(1));
    QCOMPARE(log.cancelled.size(), 1);
    QCOMPARE(goodLog.cancelled.size(), 0);
    QCOMPARE(channelLog.errors.size(), 0);
}

// Brokers may refuse good users while they start, so it is not the end the first time.
void TestRecovery::aChangedPasswordEndsTheRecoveryUnlessAProviderKnowsIt()
{
    const auto proxy = proxyOfBroker();
    const auto otherProxy = proxyOfBroker();
    User user;
    QVERIFY(user.isThere());
    Peer peer(through(*proxy).setCredentials(QAmqpCredentials::plain(user.name, user.password)));
    Peer informed(through(*otherProxy).setCredentials(QAmqpCredentials::fromProvider([&user] {
        return QAmqpCredentials::plain(user.name, user.password);
    })));
    QAmqpChannel *const channel = peer.channel();
    QAmqpChannel *const informedChannel = informed.channel();
    const ChannelLog log(channel);
    const QString name = uniqueName();
    informedChannel->declareQueue(name, exclusive);
    const ConsumerLog informedLog(informedChannel->consume(name));
    QVERIFY(peer.open());
    QVERIFY(informed.open());
    VERIFY_OK(channel->declareQueue({}, exclusive));
    QVERIFY(user.changePassword());
    proxy->reset();
    otherProxy->reset();
    QVERIFY(waitFor(
            [&] { return peer.connection.isRecovering() && informed.connection.isRecovering(); }));
    channel->publish({}, u"nowhere"_s, "it waits, and is not sent"_ba);
    VERIFY_OK(informedChannel->publishConfirmed({}, name, "again"_ba));
    QVERIFY(informedLog.waitForMessages(1));
    QCOMPARE(informed.errors.size(), 0);

    QVERIFY(peer.waitForClosed());
    QCOMPARE(proxy->accepted(), 1 + 4);
    QCOMPARE(peer.errors.size(), 1);
    QCOMPARE(peer.errors.constFirst().kind(), Kind::AuthenticationFailed);
    QVERIFY2(peer.errors.constFirst().text().contains(user.name),
             describe(peer.errors.constFirst()));
    QCOMPARE(log.count(Fate::Indeterminate), 1);
}

void TestRecovery::deliveriesFlowAgain_data()
{
    QTest::addColumn<bool>("byOperator");
    QTest::newRow("reset") << false;
    if (qEnvironmentVariableIsSet("QTAMQP_REPETITIONS")) // otherwise the tests above have had it
        QTest::newRow("closed by an operator") << true;
}

// With the policy that a program has which sets none. How long that takes is told for as many times as
// QTAMQP_REPETITIONS says, and is no more than a matter of luck for once.
void TestRecovery::deliveriesFlowAgain()
{
    QFETCH(const bool, byOperator);
    const int repetitions = std::max(1, qEnvironmentVariableIntValue("QTAMQP_REPETITIONS"));
    const auto proxy = proxyOfBroker();
    QList<qint64> times;
    for (int i = 0; i < repetitions; ++i) {
        Peer peer(through(*proxy).setRecoveryPolicy(QAmqpRetryPolicy::endless()));
        QAmqpChannel *const channel = peer.channel();
        const QString name = uniqueName();
        channel->declareQueue(name, QAmqpQueueOptions().setDurable());
        const ConsumerLog log(channel->consume(name));
        QElapsedTimer timer;
        connect(&peer.connection, &QAmqpConnection::linkLost, this, [&] { timer.start(); });
        QVERIFY(peer.open());
        QVERIFY(waitFor([&] { return log.started == 1; }));
        if (byOperator)
            QVERIFY(broker().closeConnections(u"maintenance"_s));
        else
            proxy->reset();
        QVERIFY(waitFor([&] { return timer.isValid(); }));
        channel->publish({}, name, "again"_ba);
        QVERIFY(log.waitForMessages(1));
        times.append(timer.elapsed());
        VERIFY_OK(channel->deleteQueue(name));
    }
    std::sort(times.begin(), times.end());
    qInfo("from the loss to the first delivery: %lld ms, at most %lld ms", times[times.size() / 2],
          times.constLast());
}

QTAMQP_TEST(TestRecovery)
#include "tst_recovery.moc"
