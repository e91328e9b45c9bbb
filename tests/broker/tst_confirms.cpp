// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What becomes of publishes on RabbitMQ: each is confirmed, refused or returned, and told once.

#include "everybroker.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestConfirms : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void confirmsEachOfManyPublishesOnce();
    void tellsWhenToGoOnPublishing();
    void fullQueueRefuses();
    void unroutableMessagesComeBack();
    void matchesReturnsToTheirPublishes();
    void matchesIdenticalReturnsInOrder();
    void allConfirmedCoversWhatWasPublishedBefore();
    void publishesBeforeOpeningAreKept();
    void tagsGoOnAfterReopening();
    void closingConnectionLosesNothing();
    void closingChannelLosesNothing();
    void closingLargeBacklogLosesNothing();
    void destroyingConnectionEndsWhatIsPending();
    void publishesWithoutConfirms();
    void transactionCommits();
    void transactionRollsBack();
    void transactionsAndConfirmsExcludeEachOther();

private:
    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
    QString m_queue;
};

void TestConfirms::init()
{
    m_peer = std::make_unique<Peer>();
    m_channel = m_peer->channel();
    QVERIFY(m_peer->open());
    m_queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(m_queue));
}

void TestConfirms::cleanup()
{
    if (!m_peer)
        return;
    QVERIFY(!failure(m_peer->channel()->deleteQueue(m_queue)));
    QVERIFY(m_peer->close());
    QVERIFY(m_peer->errors.isEmpty());
    m_peer.reset();
}

void TestConfirms::confirmsEachOfManyPublishesOnce()
{
    constexpr quint64 total = 20000;
    constexpr quint64 window = 500;
    const ChannelLog log(m_channel);
    quint64 published = 0;
    quint64 mostUnconfirmed = 0;
    const auto publishMore = [&] {
        while (published < total && m_channel->unconfirmed() < window) {
            ++published;
            QCOMPARE(m_channel->publish({}, m_queue, QByteArray::number(published)), published);
            mostUnconfirmed = std::max(mostUnconfirmed, m_channel->unconfirmed());
        }
    };
    const QObject scope;
    connect(m_channel, &QAmqpChannel::confirmed, &scope, publishMore);
    publishMore();
    QVERIFY(log.waitForSettled(total));
    QCOMPARE(log.settledTwice, 0);
    QCOMPARE(log.count(Fate::Confirmed), qsizetype(total));
    QCOMPARE(log.fates.begin()->first, 1U);
    QCOMPARE(log.fates.rbegin()->first, total);
    QCOMPARE(mostUnconfirmed, window);
    QCOMPARE(m_channel->unconfirmed(), 0U);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), int(total), 20000);
}

void TestConfirms::tellsWhenToGoOnPublishing()
{
    constexpr quint64 total = 3000;
    const QByteArray body = bytes(4096);
    const ChannelLog log(m_channel);
    m_channel->setMaxUnconfirmed(100);
    quint64 published = 0;
    int pauses = 0;
    const auto publishMore = [&] {
        while (published < total && m_channel->isReadyToPublish()) {
            QVERIFY(m_channel->unconfirmed() < 100);
            QVERIFY(m_peer->connection.bytesToWrite() < 256 * 1024);
            published = m_channel->publish({}, m_queue, body);
        }
        ++pauses;
    };
    const QObject scope;
    connect(m_channel, &QAmqpChannel::readyToPublish, &scope, publishMore);
    publishMore();
    QVERIFY(log.waitForSettled(total));
    QVERIFY(pauses > 1);
    QCOMPARE(published, total);
    QCOMPARE(log.count(Fate::Confirmed), qsizetype(total));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), int(total), 20000);
}

void TestConfirms::fullQueueRefuses()
{
    const QString full = uniqueName();
    VERIFY_OK(m_channel->declareQueue(full,
                                      QAmqpQueueOptions()
                                              .setExclusive()
                                              .setArgument(u"x-max-length"_s, 10)
                                              .setArgument(u"x-overflow"_s, u"reject-publish"_s)));
    const ChannelLog log(m_channel);
    // One at a time, since the limit only binds once the queue has counted.
    for (int i = 0; i < 10; ++i)
        VERIFY_OK(m_channel->publishConfirmed({}, full, "x"_ba));
    for (int i = 0; i < 5; ++i)
        VERIFY_ERROR(failure(m_channel->publishConfirmed({}, full, "x"_ba)), Nacked, Operation, 0);
    const auto elsewhere = m_channel->publishConfirmed({}, m_queue, "x"_ba);
    VERIFY_OK(elsewhere);
    QCOMPARE(elsewhere.result(), 16U);
    m_channel->publish({}, full, "x"_ba);
    VERIFY_ERROR(failure(m_channel->allConfirmed()), Nacked, Operation, 0);
    QCOMPARE(log.settledCount(), 17);
    QCOMPARE(log.settledTwice, 0);
    QCOMPARE(log.count(Fate::Nacked), 6);
    for (quint64 tag = 11; tag <= 15; ++tag)
        QCOMPARE(log.fates.at(tag), Fate::Nacked);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, full), 10, 20000);
}

void TestConfirms::unroutableMessagesComeBack()
{
    const ChannelLog log(m_channel);
    QAmqpMessage message(bytes(200000));
    message.setHeaders({{u"a"_s, 1}});
    message.setContentType(u"text/plain"_s);
    const quint64 tag =
            m_channel->publish(u"amq.direct"_s, u"nobody"_s, message, QAmqpChannel::Mandatory);
    QVERIFY(waitFor([&] { return log.settledCount() == 1; }));
    QCOMPARE(log.returned.size(), 1);
    const QAmqpReturn &returned = log.returned.constFirst();
    QVERIFY(returned.body() == message.body());
    QVERIFY(static_cast<const QAmqpMessage &>(returned) == message);
    QCOMPARE(returned.replyCode(), 312);
    QCOMPARE(returned.replyText(), u"NO_ROUTE"_s);
    QCOMPARE(returned.exchange(), u"amq.direct"_s);
    QCOMPARE(returned.routingKey(), u"nobody"_s);
    QCOMPARE(returned.publishTag(), tag);
    QCOMPARE(log.fates.at(tag), Fate::Confirmed); // as the broker does

    // Without the flag nobody hears of it.
    VERIFY_OK(m_channel->publishConfirmed(u"amq.direct"_s, u"nobody"_s, message));
    QCOMPARE(log.returned.size(), 1);
}

void TestConfirms::matchesReturnsToTheirPublishes()
{
    const ChannelLog log(m_channel);
    std::map<quint64, QByteArray> unroutable;
    std::vector<std::pair<bool, QFuture<quint64>>> futures;
    for (int i = 0; i < 300; ++i) {
        const bool routed = i % 3 == 0;
        QAmqpMessage message(QByteArray::number(i));
        if (i % 2)
            message.setMessageId(QString::number(i));
        const QString key = routed ? m_queue : i % 2 ? u"nowhere"_s : u"nowhere %1"_s.arg(i);
        auto future = m_channel->publishConfirmed({}, key, message, QAmqpChannel::Mandatory);
        futures.emplace_back(routed, future);
        if (!routed)
            unroutable.emplace(quint64(i + 1), message.body());
    }
    quint64 tag = 0;
    for (const auto &[routed, future] : futures) {
        ++tag;
        if (routed) {
            VERIFY_OK(future);
            QCOMPARE(future.result(), tag);
        } else {
            VERIFY_ERROR(failure(future), Unroutable, Operation, 312);
        }
    }
    QCOMPARE(log.returned.size(), qsizetype(unroutable.size()));
    for (const QAmqpReturn &returned : log.returned) {
        const auto publish = unroutable.find(returned.publishTag());
        QVERIFY(publish != unroutable.end());
        QCOMPARE(returned.body(), publish->second);
        unroutable.erase(publish);
    }
    QVERIFY(unroutable.empty());
    QCOMPARE(log.count(Fate::Confirmed), 300);
    QCOMPARE(log.settledTwice, 0);
}

void TestConfirms::matchesIdenticalReturnsInOrder()
{
    const ChannelLog log(m_channel);
    for (int i = 0; i < 20; ++i)
        m_channel->publish({}, u"nowhere"_s, QByteArray::number(i), QAmqpChannel::Mandatory);
    VERIFY_OK(m_channel->allConfirmed()); // a return is no failure to confirm
    QCOMPARE(log.returned.size(), 20);
    for (int i = 0; i < 20; ++i) {
        QCOMPARE(log.returned.at(i).publishTag(), quint64(i + 1));
        QCOMPARE(log.returned.at(i).body(), QByteArray::number(i));
    }
}

void TestConfirms::allConfirmedCoversWhatWasPublishedBefore()
{
    const auto nothing = m_channel->allConfirmed();
    QVERIFY(nothing.isFinished());
    VERIFY_OK(nothing);
    const ChannelLog log(m_channel);
    std::vector<QFuture<void>> futures;
    std::vector<qsizetype> settledThen;
    for (int batch = 0; batch < 5; ++batch) {
        for (int i = 0; i < 100; ++i)
            m_channel->publish({}, m_queue, "x"_ba);
        futures.push_back(m_channel->allConfirmed());
        QVERIFY(!futures.back().isFinished());
    }
    for (auto &future : futures)
        VERIFY_OK(future);
    QVERIFY(log.waitForSettled(500));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 500, 20000);
}

void TestConfirms::publishesBeforeOpeningAreKept()
{
    Peer other;
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    std::vector<QFuture<quint64>> futures;
    for (int i = 0; i < 1000; ++i)
        futures.push_back(channel->publishConfirmed({}, m_queue, QByteArray::number(i)));
    QVERIFY(other.open());
    for (const auto &future : futures)
        VERIFY_OK(future);
    QVERIFY(log.waitForSettled(1000));
    QCOMPARE(log.count(Fate::Confirmed), 1000);

    const ConsumerLog consumer(channel->consume(m_queue), true);
    QVERIFY(consumer.waitForMessages(1000));
    for (int i = 0; i < 1000; ++i)
        QCOMPARE(consumer.messages.at(i).body(), QByteArray::number(i));
    QVERIFY(other.close());

    // There is a bound, and it is told.
    channel->open();
    const QByteArray large = bytes(1024 * 1024);
    int kept = 0;
    while (kept < 100 && channel->publish({}, m_queue, large))
        ++kept;
    QVERIFY(kept >= 7 && kept <= 8);
    VERIFY_ERROR(channel->lastError(), LimitExceeded, Operation, 0);
    QVERIFY(other.open());
    VERIFY_OK(channel->allConfirmed());
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), kept, 20000);
    QVERIFY(other.close());
}

void TestConfirms::tagsGoOnAfterReopening()
{
    const ChannelLog log(m_channel);
    for (quint64 tag = 1; tag <= 3; ++tag)
        QCOMPARE(m_channel->publish({}, m_queue, "x"_ba), tag);
    m_channel->close();
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(log.count(Fate::Confirmed), 3);
    m_channel->open();
    QCOMPARE(m_channel->publish({}, m_queue, "x"_ba), 4U);
    VERIFY_OK(m_channel->allConfirmed());
    const auto fifth = m_channel->publishConfirmed({}, m_queue, "x"_ba);
    VERIFY_OK(fifth);
    QCOMPARE(fifth.result(), 5U);
    QCOMPARE(log.count(Fate::Confirmed), 5);
    QCOMPARE(log.settledTwice, 0);
    QCOMPARE(log.errors.size(), 0);
}

void TestConfirms::closingConnectionLosesNothing()
{
    Peer other;
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    QVERIFY(other.open());
    for (int round = 1; round <= 5; ++round) {
        if (round > 1) {
            channel->open();
            QVERIFY(other.open());
        }
        for (int i = 0; i < 200; ++i)
            channel->publish({}, m_queue, "x"_ba);
        QVERIFY(other.close());
        QCOMPARE(log.count(Fate::Confirmed), 200 * round);
        QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 200 * round, 20000);
    }
    QVERIFY(other.errors.isEmpty());
    QCOMPARE(log.errors.size(), 0);
    QCOMPARE(log.settledTwice, 0);

    // All at once, before anything is open.
    channel->open();
    other.connection.open();
    for (int i = 0; i < 200; ++i)
        channel->publish({}, m_queue, "x"_ba);
    QVERIFY(waitFor([&] { return other.connection.isOpen(); }));
    other.connection.close();
    QCOMPARE(channel->publish({}, m_queue, "too late"_ba), 0U);
    QVERIFY(other.waitForClosed());
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 1200, 20000);
}

void TestConfirms::closingChannelLosesNothing()
{
    QAmqpChannel *channel = m_peer->channel();
    const ChannelLog log(channel);
    for (int i = 0; i < 200; ++i)
        channel->publish({}, m_queue, "x"_ba);
    channel->close();
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(log.count(Fate::Confirmed), 200);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 200, 20000);
}

// More than the socket's and the transport's buffers hold.
void TestConfirms::closingLargeBacklogLosesNothing()
{
    Peer other;
    QAmqpChannel *channel = other.channel();
    const ChannelLog log(channel);
    QVERIFY(other.open());
    QVERIFY(waitFor([&] { return channel->isOpen(); }));
    const QByteArray body = bytes(256 * 1024);
    for (int i = 0; i < 200; ++i)
        QVERIFY(channel->publish({}, m_queue, body) > 0);
    QVERIFY(other.close());
    QVERIFY(other.errors.isEmpty());
    QCOMPARE(log.count(Fate::Confirmed), 200);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 200, 20000);
}

// All of it is sent, but RabbitMQ drops what it has not worked off when a link is cut without
// connection.close: that is why close() waits.
void TestConfirms::destroyingConnectionEndsWhatIsPending()
{
    auto other = std::make_unique<Peer>();
    QAmqpChannel *channel = other->channel();
    QVERIFY(other->open());
    QVERIFY(waitFor([&] { return channel->isOpen(); }));
    std::vector<QFuture<quint64>> futures;
    for (int i = 0; i < 10; ++i)
        futures.push_back(channel->publishConfirmed({}, m_queue, QByteArray::number(i)));
    const auto all = channel->allConfirmed();
    const auto declared = channel->declareQueue({}, exclusive);
    other.reset();
    for (const auto &future : futures) {
        QVERIFY(future.isFinished());
        VERIFY_ERROR(failure(future), Cancelled, Operation, 0);
    }
    VERIFY_ERROR(failure(all), Cancelled, Operation, 0);
    VERIFY_ERROR(failure(declared), Cancelled, Operation, 0);

    int arrived = 0;
    while (const std::optional<QAmqpDelivery> got = fetch(m_channel, m_queue))
        QCOMPARE(got->body(), QByteArray::number(arrived++));
    QVERIFY(arrived <= 10);
}

void TestConfirms::publishesWithoutConfirms()
{
    QVERIFY(m_channel->setConfirms(false));
    QVERIFY(!m_channel->confirms());
    const ChannelLog log(m_channel);
    for (int i = 0; i < 100; ++i)
        m_channel->publish({}, m_queue, "x"_ba);
    m_channel->publish({}, u"nowhere"_s, "x"_ba, QAmqpChannel::Mandatory);
    VERIFY_ERROR(failure(m_channel->publishConfirmed({}, m_queue, "x"_ba)), InvalidArgument,
                 Operation, 0);
    VERIFY_ERROR(failure(m_channel->allConfirmed()), InvalidArgument, Operation, 0);
    QVERIFY(waitFor([&] { return log.returned.size() == 1; }));
    QCOMPARE(log.settledCount(), 0);
    QVERIFY(!settled(m_channel));
    QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 100; }));
}

void TestConfirms::transactionCommits()
{
    VERIFY_OK(m_channel->txSelect());
    m_channel->publish({}, m_queue, "a"_ba);
    m_channel->publish({}, m_queue, "b"_ba);
    QVERIFY(!settled(m_channel));
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 0, 20000);
    VERIFY_OK(m_channel->txCommit());
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 2, 20000);

    // An acknowledgement counts once it is committed.
    const auto got = m_channel->get(m_queue);
    VERIFY_OK(got);
    QVERIFY(got.result()->ack());
    VERIFY_OK(m_channel->txCommit());
    VERIFY_OK(m_channel->recover());
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 1, 20000);
}

void TestConfirms::transactionRollsBack()
{
    const ChannelLog log(m_channel);
    const auto selected = m_channel->txSelect();
    m_channel->publish({}, m_queue, "a"_ba);
    const auto rolledBack = m_channel->txRollback();
    m_channel->publish({}, m_queue, "b"_ba);
    const auto committed = m_channel->txCommit();
    VERIFY_OK(selected);
    VERIFY_OK(rolledBack);
    VERIFY_OK(committed);
    QTRY_COMPARE_WITH_TIMEOUT(readyMessages(*m_peer, m_queue), 1, 20000);
    QCOMPARE(fetch(m_channel, m_queue)->body(), "b"_ba);
    QCOMPARE(log.settledCount(), 0);
}

void TestConfirms::transactionsAndConfirmsExcludeEachOther()
{
    QAmqpChannel *channel = m_peer->channel();
    VERIFY_ERROR(failure(channel->txCommit()), InvalidArgument, Operation, 0);
    VERIFY_ERROR(failure(channel->txRollback()), InvalidArgument, Operation, 0);
    channel->publish({}, m_queue, "x"_ba);
    VERIFY_ERROR(failure(channel->txSelect()), InvalidArgument, Operation, 0);
    QVERIFY(!channel->setConfirms(false));
    VERIFY_OK(channel->allConfirmed());

    VERIFY_OK(m_channel->txSelect());
    VERIFY_ERROR(failure(m_channel->publishConfirmed({}, m_queue, "x"_ba)), InvalidArgument,
                 Operation, 0);
    VERIFY_ERROR(failure(m_channel->allConfirmed()), InvalidArgument, Operation, 0);
    QVERIFY(m_channel->isOpen());
}

QTAMQP_TEST(TestConfirms)
#include "tst_confirms.moc"
