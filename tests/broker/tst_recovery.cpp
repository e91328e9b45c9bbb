// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Links are lost in the ways in which networks and operators lose them, and nothing else is.

#include "chaosproxy.h"
#include "everybroker.h"

#include <QtAmqp/qamqprecoveryreport.h>
#include <QtCore/qset.h>
#include <QtCore/qurl.h>

#include <random>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

namespace {

QAmqpConnectionOptions recovering()
{
    return options().setRecoveryEnabled(true).setRecoveryPolicy(
            QAmqpRetryPolicy::endless().setMaximumDelay(200ms));
}

// The same through a proxy.
QAmqpConnectionOptions through(const ChaosProxy &proxy)
{
    return recovering().setHosts({{u"127.0.0.1"_s, proxy.port()}});
}

std::unique_ptr<ChaosProxy> proxyOfBroker()
{
    const QAmqpHost host = options().hosts().constFirst();
    return std::make_unique<ChaosProxy>(host.hostName, host.port);
}

QAmqpMessage numbered(int number)
{
    QAmqpMessage message(QByteArray::number(number));
    message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    message.setMessageId(QString::number(number));
    return message;
}

} // namespace

class TestRecovery : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void nothingIsLostThroughResets();
    void anOperatorClosesTheConnection();
    void exclusiveQueuesComeBackAtOnce();
    void aSilentLinkIsNoticed();
    void aQueueThatIsAnotherOneNowIsReported();
};

// Publishes and consumes on one connection while the proxy breaks it again and again.
void TestRecovery::nothingIsLostThroughResets()
{
    const int messages = qEnvironmentVariableIntValue("QTAMQP_MESSAGES") > 0
            ? qEnvironmentVariableIntValue("QTAMQP_MESSAGES")
            : 5000;
    const auto proxy = proxyOfBroker();
    Peer peer(through(*proxy));
    QAmqpChannel *const publisher = peer.channel();
    QAmqpChannel *const reader = peer.channel();
    const QString name = uniqueName();
    publisher->declareQueue(name, QAmqpQueueOptions().setDurable());
    publisher->setMaxUnconfirmed(500);

    QHash<quint64, int> open; // the publishes without an outcome
    QSet<int> confirmed;
    QSet<int> arrived;
    int next = 1;
    int indeterminate = 0;
    int duplicates = 0;
    QString wrong;
    const auto publish = [&](int number) {
        const quint64 tag = publisher->publish({}, name, numbered(number), QAmqpChannel::Mandatory);
        if (tag == 0)
            wrong = publisher->lastError().text();
        open.insert(tag, number);
    };
    const auto publishMore = [&] {
        for (int i = 0; i < messages / 100 && next <= messages && publisher->isReadyToPublish();
             ++i)
            publish(next++);
    };
    const auto ended = [&](quint64 first, quint64 last, bool isConfirmed) {
        for (quint64 tag = first; tag <= last; ++tag) {
            if (!open.contains(tag))
                wrong = u"publish %1 has ended twice"_s.arg(tag);
            const int number = open.take(tag);
            if (isConfirmed)
                confirmed.insert(number);
            else
                publish(number);
        }
    };
    connect(publisher, &QAmqpChannel::confirmed, this,
            [&](quint64 first, quint64 last) { ended(first, last, true); });
    connect(publisher, &QAmqpChannel::indeterminate, this, [&](quint64 first, quint64 last) {
        indeterminate += int(last - first + 1);
        ended(first, last, false);
    });
    connect(publisher, &QAmqpChannel::nacked, this, [&] { wrong = u"a publish was nacked"_s; });
    connect(publisher, &QAmqpChannel::messageReturned, this,
            [&] { wrong = u"a message was returned"_s; });
    reader->declareQueue(name, QAmqpQueueOptions().setDurable()); // so that it is there
    QAmqpConsumer *const consumer = reader->consume(name, QAmqpConsumeOptions().setPrefetch(100));
    connect(consumer, &QAmqpConsumer::messageReceived, this, [&](const QAmqpDelivery &delivery) {
        const int number = delivery.body().toInt();
        duplicates += arrived.contains(number);
        arrived.insert(number);
        delivery.ack();
    });
    QVERIFY(peer.open());

    std::minstd_rand random(std::random_device{}());
    QTimer chaos;
    connect(&chaos, &QTimer::timeout, this, [&] {
        chaos.setInterval(100ms + std::chrono::milliseconds(random() % 300));
        switch (random() % 4) {
        case 0: return proxy->halfClose();
        case 1:
            proxy->stall(true);
            return QTimer::singleShot(50ms, this, [&] { proxy->stall(false); });
        default: return proxy->reset();
        }
    });
    chaos.start(150ms);
    QTimer pace; // so that there are some losses before the end
    connect(&pace, &QTimer::timeout, this, publishMore);
    pace.start(20ms);
    QVERIFY2(waitFor(
                     [&] {
                         return !wrong.isEmpty()
                                 || (confirmed.size() == messages && arrived.size() == messages);
                     },
                     10 * Patience),
             qPrintable(u"%1 of %2 confirmed, %3 arrived, state %4"_s.arg(confirmed.size())
                                .arg(messages)
                                .arg(arrived.size())
                                .arg(int(peer.connection.state()))));
    chaos.stop();
    QCOMPARE(wrong, QString());
    QVERIFY(proxy->accepted() > 1);
    QCOMPARE(peer.errors.size(), 0);
    qInfo("%d messages, %d links, %d indeterminate, %d came more than once", messages,
          proxy->accepted(), indeterminate, duplicates);
    QVERIFY(waitFor([&] { return peer.connection.isOpen() && publisher->isOpen(); }));
    VERIFY_OK(publisher->deleteQueue(name));
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
    QVERIFY(waitFor([&] { return consumer->state() == QAmqpConsumer::State::Active; }));
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
    constexpr int many = 20;
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
        QVERIFY(waitFor([&] { return consumer->state() == QAmqpConsumer::State::Active; }));
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
    QVERIFY(waitFor([&] { return consumer->state() == QAmqpConsumer::State::Active; }));
    proxy->stall(true);
    QVERIFY(waitFor([&] { return !losses.isEmpty(); }));
    QCOMPARE(losses.constFirst().kind(), Kind::HeartbeatMissed);
    proxy->stall(false);
    QVERIFY(waitFor([&] { return consumer->state() == QAmqpConsumer::State::Active; }));
    VERIFY_OK(channel->publishConfirmed({}, name, "again"_ba));
    QVERIFY(waitFor([&] { return arrived == 1; }));
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

QTAMQP_TEST(TestRecovery)
#include "tst_recovery.moc"
