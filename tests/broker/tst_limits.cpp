// RabbitMQ short of memory, and what is too large or too many.

#include "brokertest.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

class TestLimits : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void memoryAlarmBlocks();
    void closesInTimeWhileBlocked();
    void refusesMessageAboveLimit();
    void refusesHeadersThatDoNotFit();
    void channelLimitOfClient();
    void channelLimitOfBroker();
};

// Raises the memory alarm, and lowers it again whatever happens.
class Alarm
{
public:
    bool raise() { return raised = ctl({u"set_vm_memory_high_watermark"_s, u"0"_s}).has_value(); }
    bool lower()
    {
        raised = false;
        return ctl({u"set_vm_memory_high_watermark"_s, u"0.6"_s}).has_value();
    }
    ~Alarm()
    {
        if (raised)
            lower();
    }

private:
    bool raised = false;
};

void TestLimits::memoryAlarmBlocks()
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
    const QByteArray body = octets(64 * 1024);
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

void TestLimits::closesInTimeWhileBlocked()
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

void TestLimits::refusesMessageAboveLimit()
{
    const QString queue = uniqueName();
    Peer peer;
    QAmqpChannel *channel = peer.channel();
    QVERIFY(peer.open());
    VERIFY_OK(channel->declareQueue(queue));
    VERIFY_OK(channel->publishConfirmed({}, queue, octets(1000)));
    VERIFY_OK(channel->publishConfirmed({}, queue, octets(1001)));

    Peer careful(options().setMaxMessageSize(1000));
    const ConsumerLog log(careful.channel()->consume(queue));
    QVERIFY(careful.open());
    QVERIFY(waitFor([&] { return careful.closed == 1; }));
    QCOMPARE(log.messages.size(), 1);
    QCOMPARE(log.messages.constFirst().body().size(), 1000);
    QCOMPARE(careful.errors.size(), 1);
    VERIFY_ERROR(careful.errors.constFirst(), LimitExceeded, Connection, 311);
    QVERIFY(careful.errors.constFirst().text().contains(u"1001"));
    // Nothing is lost by it.
    QVERIFY(waitFor([&] { return readyMessages(peer, queue) == 2; }));
    VERIFY_OK(channel->deleteQueue(queue));
    QVERIFY(peer.close());
}

void TestLimits::refusesHeadersThatDoNotFit()
{
    Peer peer(options().setFrameMax(4096));
    QAmqpChannel *channel = peer.channel();
    const ChannelLog log(channel);
    QAmqpQueue *queue = channel->queue();
    QVERIFY(peer.open());
    VERIFY_OK(queue->declare(exclusive));
    // 22 octets of frame and content header, 4 + 3 + 4 of the table around the text.
    const auto withText = [](qsizetype size) {
        QAmqpMessage message("body"_ba);
        message.setHeaders({{u"a"_s, QString(size, u'x')}});
        return message;
    };
    const quint64 sentBefore = peer.connection.bytesSent();
    QCOMPARE(queue->publish(withText(4096 - 33 + 1)), 0U);
    VERIFY_ERROR(channel->lastError(), LimitExceeded, Operation, 0);
    VERIFY_ERROR(failure(queue->publishConfirmed(withText(100000))), LimitExceeded, Operation, 0);
    QCOMPARE(peer.connection.bytesSent(), sentBefore);
    const QAmqpMessage fits = withText(4096 - 33);
    VERIFY_OK(queue->publishConfirmed(fits));
    QCOMPARE(fetch(channel, queue->name())->headers(), fits.headers());
    QCOMPARE(log.errors.size(), 0);
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

void TestLimits::channelLimitOfClient()
{
    Peer peer(options().setChannelMax(5));
    QVERIFY(peer.open());
    QCOMPARE(peer.connection.channelMax(), 5);
    QList<QAmqpChannel *> channels;
    for (int i = 0; i < 5; ++i) {
        channels << peer.channel();
        QVERIFY(!settled(channels.last()));
    }
    QAmqpChannel *oneTooMany = peer.channel();
    QCOMPARE(oneTooMany->state(), QAmqpChannel::State::Closed);
    VERIFY_ERROR(oneTooMany->lastError(), LimitExceeded, Channel, 0);
    VERIFY_ERROR(failure(oneTooMany->declareQueue({}, exclusive)), NotOpen, Operation, 0);
    channels.at(2)->close();
    QVERIFY(waitFor([&] { return channels.at(2)->state() == QAmqpChannel::State::Closed; }));
    oneTooMany->open();
    QVERIFY(!settled(oneTooMany));
    QCOMPARE(oneTooMany->number(), 3);
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

// Made before the broker has said that it allows 2047.
void TestLimits::channelLimitOfBroker()
{
    Peer peer(options().setChannelMax(0));
    QList<QAmqpChannel *> channels;
    for (int i = 0; i < 2049; ++i)
        channels << peer.channel();
    const ChannelLog log(channels.at(2047));
    const ChannelLog lastLog(channels.at(2048));
    const auto refused = channels.at(2047)->declareQueue({}, exclusive);
    QVERIFY(peer.open());
    QCOMPARE(peer.connection.channelMax(), 2047);
    VERIFY_ERROR(failure(refused), Cancelled, Operation, 0);
    QVERIFY(waitFor([&] { return log.closed == 1 && lastLog.closed == 1; }));
    QCOMPARE(log.errors.size(), 1);
    VERIFY_ERROR(log.errors.constFirst(), LimitExceeded, Channel, 0);
    QVERIFY(log.errors.constFirst().text().contains(u"2047"));
    QVERIFY(!settled(channels.at(2046)));
    QVERIFY(!settled(channels.at(0)));
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

QTAMQP_BROKER_TEST(TestLimits)
#include "tst_limits.moc"
