// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is kept in memory, and what keeps it from growing.

#include "blockingtest.h"
#include "everycall.h"
#include "scripted/scriptedbroker.h"
#include "threadedbroker.h"

using namespace QtAmqpTest;
using namespace QtAmqpPrivate;

namespace {

// Plays a script in a thread of its own.
class ThreadedScript
{
public:
    explicit ThreadedScript(const Script &script)
    {
        m_thread.start();
        m_context.moveToThread(&m_thread);
        call([&] { m_server = std::make_unique<ScriptedServer>(script); });
    }
    ~ThreadedScript()
    {
        call([this] { m_server.reset(); });
        m_thread.quit();
        m_thread.wait();
    }
    Q_DISABLE_COPY_MOVE(ThreadedScript)

    QAmqpConnectionOptions options() const
    {
        return QAmqpConnectionOptions::fromUrl(m_server->url()).setRecoveryEnabled(false);
    }

private:
    template<typename Work>
    void call(Work work)
    {
        QMetaObject::invokeMethod(&m_context, work, Qt::BlockingQueuedConnection);
    }

    QThread m_thread;
    QObject m_context;
    std::unique_ptr<ScriptedServer> m_server;
};

} // namespace

class TestBounds : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void failuresNobodyAskedForAreBounded()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        channel.setConfirmWindow(100);
        const auto fail = [&](const QByteArray &body) {
            for (int published = 0; published < 5000; ++published) {
                if (const auto r = channel.publish({}, u"nowhere"_s, body, QAmqpChannel::Mandatory);
                    !r)
                    return std::pair(published, r.error());
            }
            return std::pair(5000, QAmqpError());
        };
        for (const QByteArray &body : {"m"_ba, QByteArray(100'000, 'm')}) {
            const auto [published, error] = fail(body);
            QCOMPARE(error.kind(), Kind::LimitExceeded);
            QVERIFY2(error.text().contains(u"waitForConfirms()"), qPrintable(error.text()));
            QVERIFY2(published <= 1100 && published >= 80, qPrintable(QString::number(published)));
            const auto told = channel.waitForConfirms();
            QCOMPARE(told.error().kind(), Kind::Unroutable);
            QCOMPARE(told.messages().size(), published);
            OK(channel.publish({}, u"x"_s, body)); // and on it goes
            QCOMPARE(channel.waitForConfirms().value(), 1U);
        }
    }

    // Without a prefetch nothing else bounds them.
    void messagesWithoutAckAreBoundedByNotReading()
    {
        ThreadedBroker broker(1);
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const QAmqpBlockingConsumer consumer =
                channel.consume(queue, QAmqpConsumeOptions().setNoAck());
        constexpr int messages = 5000;
        channel.setConfirmWindow(2 * messages); // no publish() waits
        for (int i = 0; i < messages; ++i)
            OK(channel.publish({}, queue, QByteArray::number(i).rightJustified(1000)));
        QTRY_VERIFY(consumer.waitingMessages() >= 1000);
        std::this_thread::sleep_for(3 * connection.heartbeat()); // nobody reads
        QVERIFY2(consumer.waitingMessages() < 1500,
                 qPrintable(QString::number(consumer.waitingMessages())));
        QVERIFY(connection.isOpen());
        OK(channel.waitForConfirms()); // whose answers are behind the messages
        for (int i = 0; i < messages; ++i)
            QCOMPARE(consumer.next(20s).value().body().trimmed(), QByteArray::number(i));
        OK(channel.declareQueue(queue));
    }

    void returnsAreBoundedByNotReading()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        OK(channel.setConfirms(false));
        channel.setTimeout(500ms);
        int told = 0;
        channel.onReturned([&](const QAmqpReturn &message) {
            QCOMPARE(message.body().trimmed(), QByteArray::number(told));
            ++told;
        });
        int published = 0;
        QAmqpError error;
        while (published < 100'000 && !error) {
            const QByteArray body = QByteArray::number(published).rightJustified(2000);
            error = channel.publish({}, u"nowhere"_s, body, QAmqpChannel::Mandatory).error();
            published += !error;
        }
        QCOMPARE(error.kind(), Kind::Timeout);
        QVERIFY2(error.text().contains(u"nothing is read"), qPrintable(error.text()));
        const int waited = connection.processDataEvents(0ms).value();
        QVERIFY2(waited >= 10'000 && waited < 11'000, qPrintable(QString::number(waited)));
        while (told < published)
            OK(connection.processDataEvents(20s));
        channel.setTimeout(20s);
        OK(channel.declareQueue(queue));
    }

    // Whom nobody listens to is not waited for; the last ones are kept.
    void eventsNobodyAskedForAreBounded()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        OK(channel.setConfirms(false));
        for (int i = 0; i < 3000; ++i)
            OK(channel.publish({}, u"nowhere"_s, QByteArray::number(i), QAmqpChannel::Mandatory));
        for (int i = 0; i < 60; ++i)
            OK(channel.publish({}, u"blocked"_s, "m"_ba));
        OK(channel.declareQueue(queue));
        QByteArray changes;
        QList<int> returned;
        connection.onBlocked([&](const QString &) { changes += 'b'; });
        connection.onUnblocked([&] { changes += 'u'; });
        channel.onReturned([&](const QAmqpReturn &r) { returned.append(r.body().toInt()); });
        OK(connection.sleep(0ms));
        QCOMPARE(changes, QByteArray("bu").repeated(50));
        QCOMPARE(returned.size(), 1000);
        QCOMPARE(returned.constFirst(), 2000);
        QCOMPARE(returned.constLast(), 2999);
    }

    // Nor do calls that wait lift the bound for ever.
    void messagesWithoutAckAreBoundedWhileCallsWait()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const QAmqpBlockingConsumer consumer =
                channel.consume(queue, QAmqpConsumeOptions().setNoAck());
        channel.setTimeout(500ms);
        channel.setConfirmWindow(100);
        QAmqpError error;
        for (int i = 0; i < 20'000 && !error; ++i)
            error = channel.publish({}, queue, QByteArray(100, 'm')).error();
        QCOMPARE(error.kind(), Kind::Timeout);
        QVERIFY2(error.text().contains(u"nothing is read"), qPrintable(error.text()));
        QVERIFY2(consumer.waitingMessages() >= 10'000 && consumer.waitingMessages() < 11'000,
                 qPrintable(QString::number(consumer.waitingMessages())));
        while (consumer.waitingMessages() > 0)
            OK(consumer.next());
        channel.setTimeout(20s);
        OK(channel.waitForConfirms());
    }

    // Messages that nobody takes do not keep others from theirs.
    void waitsReadWhateverElseWaits()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const auto noAck = QAmqpConsumeOptions().setNoAck();
        QAmqpBlockingConsumer laggard = channel.consume(queue, noAck);
        channel.setConfirmWindow(10'000);
        for (int i = 0; i < 1500; ++i)
            OK(channel.publish({}, queue, "m"_ba));
        OK(channel.waitForConfirms());
        QTRY_VERIFY(laggard.waitingMessages() >= 1000);
        const QAmqpBlockingConsumer other = channel.consume(u"other"_s);
        OK(channel.publish({}, u"other"_s, "1"_ba));
        QCOMPARE(other.next(20s).value().body(), "1"_ba);
        bool handled = false;
        OK(channel.consume(u"handled"_s, [&](const QAmqpDelivery &) {
            handled = true;
            OK(channel.stopConsuming());
        }));
        OK(channel.publish({}, u"handled"_s, "2"_ba));
        OK(channel.startConsuming(20s));
        QVERIFY(handled);
        // What is left of a lost session does not count for the next.
        connection.abort();
        OK(connection.open());
        OK(channel.open());
        const QAmqpBlockingConsumer next = channel.consume(u"next"_s);
        OK(channel.publish({}, u"next"_s, "3"_ba));
        QTRY_COMPARE(next.waitingMessages(), 1);
        QCOMPARE(laggard.waitingMessages(), 1500);
        OK(laggard.next());
    }

    // The prefetch that the channel was given is that of its consumers, unless they have their own.
    void messagesAreBoundedByThePrefetchOfTheChannel()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        OK(channel.setPrefetch(5));
        QCOMPARE(channel.setFlow(true).value(), true);
        QAmqpBlockingConsumer consumer = channel.consume(queue);
        for (int i = 0; i < 20; ++i)
            OK(channel.publish({}, queue, QByteArray::number(i)));
        OK(channel.declareQueue(queue)); // whose answer comes behind what was delivered
        QCOMPARE(consumer.waitingMessages(), 5);
        for (int i = 0; i < 20; ++i) {
            const QAmqpDelivery delivery = consumer.next(20s).value();
            QCOMPARE(delivery.body(), QByteArray::number(i));
            QVERIFY(consumer.waitingMessages() < 5);
            QVERIFY(delivery.ack());
        }
    }

    // A broker that takes no notice of the prefetch is not trusted any more.
    void aFloodEndsItsConsumers_data()
    {
        QTest::addColumn<bool>("hasHandler");
        QTest::newRow("next()") << false;
        QTest::newRow("handler") << true;
    }
    void aFloodEndsItsConsumers()
    {
        QFETCH(bool, hasHandler);
        Script flood;
        for (quint64 tag = 1; tag <= 100; ++tag)
            flood.sendContent(BasicDeliver{"t", tag, false, {}, "q"}, QAmqpMessage("m"));
        const ThreadedScript broker(Script().handshake()
                                            .channelOpen()
                                            .expect<BasicQos>()
                                            .reply(BasicQosOk{})
                                            .expect<BasicConsume>()
                                            .reply(BasicConsumeOk{"t"})
                                            .then(flood)
                                            .expect<ChannelClose>()
                                            .reply(ChannelCloseOk{})
                                            .connectionClose());
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const auto options = QAmqpConsumeOptions().setConsumerTag(u"t"_s).setPrefetch(2);
        int received = 0;
        QAmqpError error;
        if (hasHandler) {
            OK(channel.consume(
                    u"q"_s, [&](const QAmqpDelivery &) { ++received; }, options));
            QTRY_VERIFY(!channel.isOpen()); // nobody takes the messages meanwhile
            error = channel.startConsuming(20s).error();
            QCOMPARE(error.kind(), Kind::NotOpen);
        } else {
            const QAmqpBlockingConsumer consumer = channel.consume(u"q"_s, options);
            QTRY_VERIFY(!channel.isOpen());
            auto next = consumer.next(20s);
            for (; next; next = consumer.next(20s))
                ++received;
            error = next.error();
            QCOMPARE(error.kind(), Kind::ProtocolViolation);
        }
        QVERIFY2(error.text().contains(u"takes no notice of the prefetch"),
                 qPrintable(error.text()));
        QVERIFY2(received <= 8, qPrintable(QString::number(received)));
        QVERIFY(connection.isOpen());
    }

    // Also if somebody listens, as long as no call runs callbacks.
    void changesThatNoWaitTellsOfAreBounded()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        OK(channel.setConfirms(false));
        QByteArray changes;
        connection.onBlocked([&](const QString &) { changes += 'b'; });
        connection.onUnblocked([&] { changes += 'u'; });
        for (int i = 0; i < 60; ++i)
            OK(channel.publish({}, u"blocked"_s, "m"_ba));
        OK(channel.declareQueue(queue));
        QCOMPARE(changes, QByteArray());
        OK(connection.sleep(0ms));
        QCOMPARE(changes, QByteArray("bu").repeated(50));
    }

    void lossWhileNotReadingLeavesWhatHadArrived()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.optionsWithoutRecovery());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        const QAmqpBlockingConsumer consumer =
                channel.consume(queue, QAmqpConsumeOptions().setNoAck());
        channel.setConfirmWindow(1000);
        for (int i = 0; i < 1500; ++i)
            OK(channel.publish({}, queue, "m"_ba));
        OK(channel.waitForConfirms());
        broker.drop();
        QTRY_VERIFY(!connection.isOpen());
        QCOMPARE(connection.lastError().kind(), Kind::ConnectionLost);
        int left = 0;
        for (auto next = consumer.next(); next; next = consumer.next())
            ++left;
        QCOMPARE(left, 1500);
        QCOMPARE(consumer.error().kind(), Kind::ConnectionLost);
    }
};

QTAMQP_TEST(TestBounds)
#include "tst_bounds.moc"
