// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is too large or too many.

#include "everybroker.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

class TestLimits : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void refusesMessageAboveLimit();
    void refusesHeadersThatDoNotFit();
    void channelLimitOfClient();
    void channelLimitOfBroker();
};

void TestLimits::refusesMessageAboveLimit()
{
    const QString queue = uniqueName();
    Peer peer;
    QAmqpChannel *channel = peer.channel();
    QVERIFY(peer.open());
    VERIFY_OK(channel->declareQueue(queue));
    VERIFY_OK(channel->publishConfirmed({}, queue, bytes(1000)));
    VERIFY_OK(channel->publishConfirmed({}, queue, bytes(1001)));

    VERIFY_OK(channel->publishConfirmed({}, queue, bytes(999)));

    Peer careful(options().setMaxMessageSize(1000));
    QAmqpConsumer *consumer = careful.channel()->consume(queue);
    const ConsumerLog log(consumer, true);
    QList<QAmqpError> discarded;
    connect(consumer, &QAmqpConsumer::messageDiscarded, this,
            [&](const QAmqpDelivery &, const QAmqpError &error) { discarded << error; });
    QVERIFY(careful.open());
    QVERIFY(log.waitForMessages(2));
    QCOMPARE(log.messages.constFirst().body().size(), 1000);
    QCOMPARE(log.messages.constLast().body().size(), 999);
    QCOMPARE(discarded.size(), 1);
    VERIFY_ERROR(discarded.constFirst(), LimitExceeded, Operation, 0);
    QVERIFY(discarded.constFirst().text().contains(u"1001"));
    QVERIFY(careful.close());
    QCOMPARE(careful.errors.size(), 0);
    QCOMPARE(readyMessages(peer, queue), 0);
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
    // 22 bytes of frame and content header, 4 + 3 + 4 of the table around the text.
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

QTAMQP_TEST(TestLimits)
#include "tst_limits.moc"
