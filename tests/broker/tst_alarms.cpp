// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// RabbitMQ short of memory. No other test runs beside these.

#include "everybroker.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

class TestAlarms : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void memoryAlarmBlocks();
    void closesInTimeWhileBlocked();
};

// Raises the memory alarm, and lowers it again whatever happens.
class Alarm
{
public:
    bool raise() { return m_raised = broker().raiseAlarm(); }
    bool lower()
    {
        m_raised = false;
        return broker().lowerAlarm();
    }
    ~Alarm()
    {
        if (m_raised)
            lower();
    }

private:
    bool m_raised = false;
};

void TestAlarms::memoryAlarmBlocks()
{
    Peer peer;
    QAmqpChannel *channel = peer.channel();
    const ChannelLog log(channel);
    QAmqpQueue *queue = channel->queue();
    queue->declare(exclusive);
    QVERIFY(peer.open());
    VERIFY_OK(queue->publishConfirmed("before"_ba));

    Alarm alarm;
    QVERIFY(alarm.raise());
    queue->publish("the one that meets the alarm"_ba);
    QVERIFY(waitFor([&] { return peer.connection.isBlocked(); }));
    QCOMPARE(peer.blocked, QList{true});
    QVERIFY2(peer.connection.blockedReason().contains(u"memory"),
             qPrintable(peer.connection.blockedReason()));
    const QByteArray body = bytes(64 * 1024);
    for (int i = 0; i < 300; ++i)
        QVERIFY(queue->publish(body) > 0);
    QVERIFY(peer.connection.isOpen());
    QVERIFY(!channel->isReadyToPublish());
    QVERIFY(channel->unconfirmed() >= 300);

    QVERIFY(alarm.lower());
    QVERIFY(waitFor([&] { return !peer.connection.isBlocked(); }));
    VERIFY_OK(channel->allConfirmed());
    QCOMPARE(peer.blocked, (QList{true, false}));
    QCOMPARE(peer.connection.blockedReason(), QString());
    QCOMPARE(log.count(Fate::Confirmed), 302);
    QCOMPARE(log.settledTwice, 0);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(peer, queue->name()), 302, 20000);
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

void TestAlarms::closesInTimeWhileBlocked()
{
    Peer patient(options().setRequestTimeout(1s));
    Peer strict(options().setBlockedConnectionTimeout(500ms));
    QAmqpChannel *channel = patient.channel();
    const ChannelLog log(channel);
    QAmqpChannel *strictChannel = strict.channel();
    QVERIFY(patient.open());
    QVERIFY(strict.open());
    QVERIFY(!settled(channel));
    QVERIFY(!settled(strictChannel));
    Alarm alarm;
    QVERIFY(alarm.raise());
    channel->publish({}, u"nowhere"_s, "x"_ba);
    strictChannel->publish({}, u"nowhere"_s, "x"_ba);
    QVERIFY(waitFor([&] { return patient.connection.isBlocked(); }));

    // A request is not answered either, and its error says why.
    const QAmqpError late = failure(channel->declareQueue({}, exclusive));
    VERIFY_ERROR(late, Timeout, Operation, 0);
    QVERIFY2(late.text().contains(u"blocked"), describe(late).constData());

    patient.connection.close(500ms);
    QVERIFY(waitFor([&] { return patient.closed == 1; }));
    QCOMPARE(patient.errors.size(), 1);
    VERIFY_ERROR(patient.errors.constFirst(), Timeout, Connection, 0);
    QCOMPARE(log.count(Fate::Indeterminate), 1);
    QCOMPARE(patient.blocked, (QList{true, false}));

    QVERIFY(waitFor([&] { return strict.closed == 1; }));
    QCOMPARE(strict.errors.size(), 1);
    VERIFY_ERROR(strict.errors.constFirst(), Timeout, Connection, 0);
    QVERIFY(strict.errors.constFirst().text().contains(u"blocked"));
    QVERIFY(alarm.lower());
}

QTAMQP_TEST(TestAlarms)
#include "tst_alarms.moc"
