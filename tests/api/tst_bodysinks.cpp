// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Bodies that go into devices as they arrive: devices of every kind, and everything that may be deleted or end while
// one arrives. The broker is in memory.

#include "memorytransport.h"

#include "api/engine.h"

#include <QtCore/qbuffer.h>
#include <QtCore/qfile.h>
#include <QtCore/qthread.h>

namespace {

QByteArray large(qsizetype size = 300'000)
{
    QByteArray body(size, Qt::Uninitialized);
    for (qsizetype i = 0; i < size; ++i)
        body[i] = char('a' + i % 23);
    return body;
}

// A device that keeps what it is given, or keeps it to be written later if it buffers.
class Taker : public QIODevice
{
public:
    explicit Taker(bool buffers = false) : m_buffers(buffers) { open(WriteOnly | Unbuffered); }
    bool isSequential() const override { return true; }
    qint64 bytesToWrite() const override { return m_toWrite; }
    void drain()
    {
        const qint64 bytes = std::exchange(m_toWrite, 0);
        Q_EMIT bytesWritten(bytes);
    }

    QByteArray taken;
    qint64 most = 1'000'000'000; // takes no more than this
    QString failure; // of the next write
    std::function<void()> onWrite; // called once

protected:
    qint64 readData(char *, qint64) override { return -1; }
    qint64 writeData(const char *data, qint64 size) override
    {
        if (onWrite)
            std::exchange(onWrite, {})();
        if (!failure.isEmpty()) {
            setErrorString(failure);
            return -1;
        }
        size = std::min(size, most - taken.size());
        taken.append(data, qsizetype(size));
        if (m_buffers)
            m_toWrite += size;
        return size;
    }

private:
    const bool m_buffers;
    qint64 m_toWrite = 0;
};

// A consumer of the queue "q" that has not more than what the test sends it.
class Scene
{
public:
    explicit Scene(const QAmqpConsumeOptions &options = {},
                   const QAmqpConnectionOptions &connectionOptions = {})
        : Scene(Unopened, options, connectionOptions)
    {
        connection->open();
        wire->run();
    }
    enum NotYet { Unopened };
    explicit Scene(NotYet, const QAmqpConsumeOptions &options = {},
                   const QAmqpConnectionOptions &connectionOptions = {})
    {
        connection = new QAmqpConnection(connectionOptions);
        connection->setTransport(std::make_unique<MemoryTransport>(wire));
        channel = connection->createChannel();
        consumer = channel->consume(u"q"_s, QAmqpConsumeOptions(options).setConsumerTag(u"c"_s));
        consumer->setBodySink(
                [this](const QAmqpDelivery &delivery, quint64 size) -> QIODevice * {
                    begun.append(delivery);
                    sizes.append(size);
                    if (onSink)
                        onSink();
                    return device;
                },
                100);
        QObject::connect(
                consumer, &QAmqpConsumer::messageReceived, &context,
                [this](const QAmqpDelivery &delivery) {
                    received.append(delivery);
                    order.append(delivery.messageId());
                    if (onReceived)
                        onReceived();
                },
                Qt::DirectConnection);
        QObject::connect(
                consumer, &QAmqpConsumer::messageDiscarded, &context,
                [this](const QAmqpDelivery &delivery, const QAmqpError &error) {
                    discarded.append(delivery);
                    errors.append(error);
                    order.append(u"no "_s + delivery.messageId());
                },
                Qt::DirectConnection);
        QObject::connect(
                consumer, &QAmqpConsumer::cancelled, &context, [this] { order.append(u"end"_s); },
                Qt::DirectConnection);
        QObject::connect(connection, &QAmqpConnection::errorOccurred, &context,
                         [] {}); // so that a loss is no warning
    }
    ~Scene() { delete connection; }

    // The beginning of a message; more() sends the next part of the body.
    void begin(quint64 tag, quint64 size)
    {
        QAmqpMessage properties;
        properties.setMessageId(QString::number(tag));
        wire->inject(methodFrame(BasicDeliver{"c", tag, false, "e", "k"}, 1)
                     + headerFrame(1, properties, size));
        run();
    }
    void more(const QByteArray &part)
    {
        wire->inject(frame(FrameType::Body, 1, part));
        run();
    }
    void send(quint64 tag, const QByteArray &body)
    {
        QAmqpMessage message(body);
        message.setMessageId(QString::number(tag));
        wire->inject(methodFrame(BasicDeliver{"c", tag, false, "e", "k"}, 1)
                     + contentFrames(1, message, 131072));
        run();
    }
    void run() const { QVERIFY(wire->run()); }

    const std::shared_ptr<Wire> wire = std::make_shared<Wire>();
    QPointer<QAmqpConnection> connection;
    QPointer<QAmqpChannel> channel;
    QPointer<QAmqpConsumer> consumer;
    QIODevice *device = nullptr;
    std::function<void()> onSink;
    std::function<void()> onReceived;
    QList<QAmqpDelivery> begun;
    QList<quint64> sizes;
    QList<QAmqpDelivery> received;
    QList<QAmqpDelivery> discarded;
    QList<QAmqpError> errors;
    QStringList order; // of all that was emitted
    QObject context;
};

} // namespace

class TestBodySinks : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aBodyGoesIntoTheDeviceOfItsMessage()
    {
        Scene scene;
        QBuffer buffer;
        buffer.open(QIODevice::WriteOnly);
        scene.device = &buffer;
        scene.onSink = [&] { QVERIFY(!scene.begun.last().ack()); };
        scene.send(1, "small");
        scene.send(2, large());
        scene.send(3, "small too");
        QCOMPARE(scene.begun.size(), 1);
        QCOMPARE(scene.sizes, QList<quint64>({300'000}));
        QCOMPARE(buffer.data(), large());
        QCOMPARE(scene.received.size(), 3);
        QCOMPARE(scene.received[0].body(), "small"_ba);
        const QAmqpDelivery &delivery = scene.received[1];
        QVERIFY(delivery.body().isEmpty());
        QCOMPARE(delivery.messageId(), u"2"_s);
        QCOMPARE(delivery.exchange(), u"e"_s);
        QCOMPARE(delivery.deliveryTag(), 2u);
        QVERIFY(buffer.isOpen());
        QVERIFY(scene.begun[0].ack()); // it is the same delivery
        QVERIFY(delivery.isSettled() && !delivery.ack());
        scene.run();
        QCOMPARE(scene.wire->broker->acked, QList<quint64>({2}));
    }

    void aSinkMayBeTakenAwayAndReplaced()
    {
        Scene scene;
        Taker one, two;
        scene.device = &one;
        scene.begin(1, 200);
        scene.consumer->setBodySink({});
        scene.more(large(200)); // which has begun
        scene.send(2, large(200));
        scene.consumer->setBodySink([&](const QAmqpDelivery &, quint64) { return &two; });
        scene.send(3, "small"); // from the first byte on
        QCOMPARE(one.taken, large(200));
        QCOMPARE(two.taken, "small"_ba);
        QCOMPARE(scene.received.size(), 3);
        QCOMPARE(scene.received[1].body(), large(200));
    }

    void aMessageThatHasBegunKeepsItsSink()
    {
        Scene scene;
        Taker one, two;
        scene.device = &one;
        scene.onSink = [&] {
            scene.onSink = {};
            scene.more(large(200));
            scene.send(2, large(200));
            scene.consumer->setBodySink([&](const QAmqpDelivery &, quint64) { return &two; });
        };
        scene.begin(1, 200);
        QCOMPARE(one.taken, large(200) + large(200));
        QVERIFY(two.taken.isEmpty());
        QCOMPARE(scene.received.size(), 2);
    }

    void theLimitOfMessagesDoesNotHoldForThem()
    {
        Scene scene;
        Taker taker;
        scene.device = &taker;
        scene.begin(1, quint64(1) << 62);
        for (int i = 0; i < 10; ++i)
            scene.more(large(100'000));
        QCOMPARE(taker.taken.size(), 1'000'000);
        QVERIFY(scene.discarded.isEmpty() && scene.received.isEmpty());
    }

    void aDeviceThatFailsLeavesTheMessageToTheApplication_data()
    {
        QTest::addColumn<std::function<void(Scene &, std::unique_ptr<Taker> &)>>("fail");
        QTest::addColumn<qint64>("written");
        QTest::addColumn<QString>("why");
        using Fail = std::function<void(Scene &, std::unique_ptr<Taker> &)>;
        const auto row = [](const char *name, const Fail &fail, qint64 written, const char *why) {
            QTest::newRow(name) << fail << written << QString::fromLatin1(why);
        };
        row(
                "null", [](Scene &s, auto &) { s.device = nullptr; }, 0,
                "no device was given for it");
        row(
                "closed", [](Scene &, auto &taker) { taker->close(); }, 0,
                "the device is not open for writing");
        row(
                "fails", [](Scene &, auto &taker) { taker->failure = u"no paper"_s; }, 0,
                "no paper");
        row(
                "takes less", [](Scene &, auto &taker) { taker->most = 150; }, 150,
                "the device took only a part of it");
        row(
                "is destroyed by the sink",
                [](Scene &s, auto &taker) { s.onSink = [&] { taker.release()->deleteLater(); }; },
                100, "the device was destroyed");
        row(
                "closes while it is written",
                [](Scene &, auto &taker) { taker->onWrite = [&] { taker->close(); }; }, 100,
                "the device was closed");
    }
    void aDeviceThatFailsLeavesTheMessageToTheApplication()
    {
        QFETCH(std::function<void(Scene &, std::unique_ptr<Taker> &)>, fail);
        QFETCH(qint64, written);
        QFETCH(QString, why);
        Scene scene;
        auto taker = std::make_unique<Taker>();
        scene.device = taker.get();
        fail(scene, taker);
        scene.begin(1, 300);
        scene.more(large(100));
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        scene.more(large(100));
        QVERIFY(scene.discarded.isEmpty());
        scene.more(large(100));
        QCOMPARE(scene.discarded.size(), 1);
        QCOMPARE(scene.errors[0].kind(), QAmqpError::Kind::DeviceFailed);
        QCOMPARE(
                scene.errors[0].text(),
                u"the message from exchange \"e\" with routing key \"k\" is incomplete, since its body was written up to byte %1 of 300: %2"_s
                        .arg(written)
                        .arg(why));
        QVERIFY(scene.received.isEmpty());
        QVERIFY(!scene.discarded[0].isSettled());
        QVERIFY(scene.discarded[0].nack());
        scene.run();
        QCOMPARE(scene.wire->broker->nacked, QList<quint64>({1}));
        // The next message comes.
        Taker good;
        scene.onSink = {};
        scene.device = &good;
        scene.send(2, large());
        QCOMPARE(good.taken, large());
        QCOMPARE(scene.received.size(), 1);
    }

    void whoDoesNotListenIsWarned()
    {
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"is incomplete, .*no device"_s));
        Scene scene;
        scene.consumer->disconnect(&scene.context);
        scene.send(1, large());
        QCOMPARE(scene.begun.size(), 1);
        QVERIFY(!scene.begun[0].isSettled());
    }

    // A device that goes on buffering stops the reading, and the message goes on when it has written.
    void aDeviceThatBuffersStopsTheReading()
    {
        Scene scene;
        Taker taker(true);
        scene.device = &taker;
        const QByteArray body = large(8'000'000);
        scene.wire->inject(methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1)
                           + contentFrames(1, body, 131072));
        scene.run();
        QVERIFY(taker.taken.size() > 1'000'000);
        QVERIFY(taker.taken.size() < 3'000'000);
        for (int i = 0; i < 20 && scene.received.isEmpty(); ++i) {
            taker.drain();
            scene.run();
        }
        QCOMPARE(scene.received.size(), 1);
        QCOMPARE(taker.taken, body);
    }

    void aFullDeviceThatIsDestroyedDoesNotStopTheReadingForGood()
    {
        Scene scene;
        auto taker = std::make_unique<Taker>(true);
        scene.device = taker.get();
        scene.wire->inject(methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1)
                           + contentFrames(1, large(3'000'000), 131072));
        scene.run();
        QVERIFY(scene.received.isEmpty());
        taker.reset();
        scene.run();
        QCOMPARE(scene.discarded.size(), 1);
        scene.send(2, "small");
        QCOMPARE(scene.received.size(), 1);
    }

    void aFullDeviceWhoseChannelIsDestroyedDoesNotStopTheReadingForGood()
    {
        Scene scene;
        Taker taker(true);
        scene.device = &taker;
        scene.wire->inject(methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1)
                           + contentFrames(1, large(3'000'000), 131072));
        scene.run();
        delete scene.channel;
        const QAmqpChannel *const other = scene.connection->createChannel();
        scene.run();
        QVERIFY(other->isOpen());
        QVERIFY(scene.order.isEmpty());
    }

    // Each session has its own: a device of the last one does not hold the next one up, and does not keep it from
    // being held up.
    void aFullDeviceStopsTheReadingOfItsSessionAlone()
    {
        Scene scene;
        Taker one(true), two(true);
        scene.device = &one;
        const QByteArray content = contentFrames(1, large(8'000'000), 131072);
        scene.wire->inject(methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1) + content);
        scene.run();
        scene.connection->abort();
        scene.run();
        QCOMPARE(scene.order, QStringList({u"no "_s, u"end"_s}));
        scene.connection->open();
        scene.channel->open();
        QAmqpConsumer *const next =
                scene.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"d"_s));
        next->setBodySink([&](const QAmqpDelivery &, quint64) { return &two; });
        scene.run();
        QVERIFY(next->isActive());
        scene.wire->inject(methodFrame(BasicDeliver{"d", 1, false, "e", "k"}, 1) + content);
        scene.run();
        QVERIFY(two.taken.size() > 1'000'000);
        QVERIFY(two.taken.size() < 3'000'000);
    }

    void theApplicationDoesNotReadOnWhileADeviceIsFull()
    {
        Scene scene;
        Taker taker(true);
        scene.device = &taker;
        scene.wire->inject(methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1)
                           + contentFrames(1, large(8'000'000), 131072));
        scene.run();
        scene.connection->setReading(false);
        QVERIFY(!scene.connection->isReading());
        scene.connection->setReading(true);
        scene.run();
        QVERIFY(scene.connection->isReading());
        QVERIFY(taker.taken.size() < 3'000'000);
        for (int i = 0; i < 20 && scene.received.isEmpty(); ++i) {
            taker.drain();
            scene.run();
        }
        QCOMPARE(scene.received.size(), 1);
    }

    void aConnectionMayMoveToAnotherThreadWithItsSinks()
    {
        Scene scene(Scene::Unopened);
        qsizetype atFirst = 0;
        const std::unique_ptr<QThread> thread(QThread::create([&] {
            Taker taker(true);
            scene.device = &taker;
            scene.connection->open();
            scene.run();
            scene.wire->inject(methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1)
                               + contentFrames(1, large(8'000'000), 131072));
            scene.run();
            atFirst = taker.taken.size();
            for (int i = 0; i < 20 && scene.received.isEmpty(); ++i) {
                taker.drain();
                scene.run();
            }
            delete scene.connection;
        }));
        scene.connection->moveToThread(thread.get());
        thread->start();
        QVERIFY(thread->wait(60'000));
        QVERIFY(atFirst > 0 && atFirst < 3'000'000);
        QCOMPARE(scene.received.size(), 1);
    }

    void pausingHoldsTheMessageAndNotItsBody()
    {
        Scene scene;
        Taker taker;
        scene.device = &taker;
        QVERIFY(scene.consumer->pause());
        scene.send(1, large());
        QCOMPARE(taker.taken, large());
        QVERIFY(scene.received.isEmpty());
        QCOMPARE(scene.consumer->heldMessages(), 1);
        scene.consumer->resume();
        scene.run();
        QCOMPARE(scene.received.size(), 1);
        QVERIFY(scene.received[0].ack());
    }

    // A dialog in the sink, and a device that waits: what comes meanwhile keeps its order.
    void whatComesInAnEventLoopOfTheSinkWaitsInOrder_data()
    {
        QTest::addColumn<bool>("inWrite");
        QTest::newRow("sink") << false;
        QTest::newRow("write") << true;
    }
    void whatComesInAnEventLoopOfTheSinkWaitsInOrder()
    {
        QFETCH(bool, inWrite);
        Scene scene;
        Taker taker;
        scene.device = &taker;
        int loops = 0;
        const auto loop = [&] {
            if (++loops > 1)
                return;
            if (!inWrite)
                scene.more(QByteArray(100, 'A'));
            scene.more("B");
            scene.more("C");
            scene.send(2, "small");
            scene.send(3, large(200));
            QVERIFY(scene.received.isEmpty());
            QCOMPARE(scene.begun.size(), 1);
        };
        if (inWrite)
            taker.onWrite = loop;
        else
            scene.onSink = loop;
        scene.begin(1, 102);
        if (inWrite)
            scene.more(QByteArray(100, 'A'));
        QCOMPARE(scene.received.size(), 3);
        for (quint64 tag = 1; tag <= 3; ++tag)
            QCOMPARE(scene.received[qsizetype(tag) - 1].deliveryTag(), tag);
        QCOMPARE(taker.taken, QByteArray(100, 'A') + "BC" + large(200));
    }

    void tooMuchInAnEventLoopOfTheSinkIsNotRead()
    {
        Scene scene;
        Taker taker;
        scene.device = &taker;
        const QByteArray body = large(8'000'000);
        qsizetype left = 0;
        scene.onSink = [&] {
            scene.run();
            left = scene.wire->toClient.size();
        };
        scene.wire->inject(methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1)
                           + contentFrames(1, body, 131072));
        scene.run();
        QVERIFY(left > 4'000'000);
        QCOMPARE(taker.taken, body);
        QCOMPARE(scene.received.size(), 1);
    }

    // However small they are.
    void manyMessagesBehindASinkThatWaitsAreNotRead()
    {
        Scene scene(QAmqpConsumeOptions().setNoAck());
        Taker taker;
        scene.device = &taker;
        constexpr int messages = 10'000;
        qsizetype left = 0;
        scene.onSink = [&] {
            QByteArray small = frame(FrameType::Body, 1, large(200));
            for (quint64 tag = 2; tag <= messages; ++tag) {
                small += methodFrame(BasicDeliver{"c", tag, false, "e", "k"}, 1)
                        + headerFrame(1, QAmqpMessage(), 0);
            }
            scene.wire->inject(small);
            scene.run();
            left = scene.wire->toClient.size();
        };
        scene.begin(1, 200);
        QVERIFY(left > 100'000);
        QCOMPARE(scene.received.size(), messages);
        for (int i = 0; i < messages; ++i)
            QCOMPARE(scene.received[i].deliveryTag(), quint64(i) + 1);
    }

    // Other events of the loop have their turn between slots that take long.
    void whatHasWaitedIsNotHandedOutInOneTurn()
    {
        Scene scene;
        Taker taker;
        scene.device = &taker;
        scene.onSink = [&] {
            scene.more(large(200));
            for (quint64 tag = 2; tag <= 10; ++tag)
                scene.send(tag, "small");
        };
        scene.onReceived = [] {
            QElapsedTimer timer;
            timer.start();
            while (timer.elapsed() < 4) { } // longer than a turn
        };
        scene.wire->inject(methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1)
                           + headerFrame(1, QAmqpMessage(), 200));
        scene.wire->transport->runOnce();
        QVERIFY(scene.received.size() < 5);
        scene.run();
        QCOMPARE(scene.received.size(), 10);
        for (quint64 tag = 1; tag <= 10; ++tag)
            QCOMPARE(scene.received[qsizetype(tag) - 1].deliveryTag(), tag);
    }

    // The answer comes behind more of a body than may wait.
    void aSlotMayWaitForAnAnswerWhileALargeBodyComes()
    {
        Scene scene;
        Taker taker;
        scene.device = &taker;
        bool isAnswered = false;
        scene.onReceived = [&] {
            scene.onReceived = {};
            scene.wire->inject(methodFrame(BasicDeliver{"c", 2, false, "e", "k"}, 1)
                               + contentFrames(1, large(4'000'000), 131072));
            const QFuture<QAmqpQueueInfo> answer = scene.channel->declareQueue(u"other"_s);
            scene.run();
            isAnswered = answer.isFinished();
            QCOMPARE(scene.received.size(), 1); // no slot is called again before it has returned
        };
        scene.send(1, large(200));
        QVERIFY(isAnswered);
        QCOMPARE(taker.taken.size(), 4'000'200);
        QCOMPARE(scene.received.size(), 2);
    }

    void aMessageThatIsTooLargeWaitsForThoseBeforeIt()
    {
        Scene scene({}, QAmqpConnectionOptions().setMaxMessageSize(20));
        Taker taker;
        scene.device = &taker;
        scene.onSink = [&] {
            scene.more(large(200));
            scene.send(2, large(50));
            QVERIFY(scene.order.isEmpty());
        };
        scene.begin(1, 200);
        QCOMPARE(scene.order, QStringList({u"1"_s, u"no 2"_s}));
        QCOMPARE(scene.errors[0].kind(), QAmqpError::Kind::LimitExceeded);
    }

    void withoutAcknowledgementItIsTheSame()
    {
        Scene scene(QAmqpConsumeOptions().setNoAck());
        Taker taker;
        scene.device = &taker;
        scene.send(1, large());
        scene.begin(2, 300);
        scene.more(large(100));
        scene.consumer->cancel(); // the broker has forgotten it
        scene.more(large(200));
        QCOMPARE(scene.received.size(), 2);
        QCOMPARE(taker.taken.size(), 300'300);
        QVERIFY(scene.received[0].isSettled());
    }

    // Whatever ends in the middle of a body, the application hears of the message once; and of nothing more once it
    // has destroyed the consumer.
    void anythingMayEndInTheMiddle_data()
    {
        QTest::addColumn<std::function<void(Scene &)>>("deed");
        QTest::addColumn<bool>("isTold");
        using Deed = std::function<void(Scene &)>;
        const auto row = [](const char *name, const Deed &deed, bool isTold) {
            QTest::newRow(name) << deed << isTold;
        };
        row(
                "cancel", [](Scene &s) { s.consumer->cancel(); }, true);
        row(
                "close the channel", [](Scene &s) { s.channel->close(); }, true);
        row(
                "close the connection", [](Scene &s) { s.connection->close(); }, true);
        row(
                "abort", [](Scene &s) { s.connection->abort(); }, true);
        row(
                "lose the link", [](Scene &s) { s.wire->lose(); }, true);
        row(
                "delete the consumer", [](Scene &s) { delete s.consumer; }, false);
        row(
                "delete the channel", [](Scene &s) { delete s.channel; }, false);
        row(
                "delete the connection", [](Scene &s) { delete s.connection; }, false);
        row(
                "abort and open again",
                [](Scene &s) {
                    s.connection->abort();
                    s.connection->open();
                },
                true);
    }
    void anythingMayEndInTheMiddle()
    {
        QFETCH(std::function<void(Scene &)>, deed);
        QFETCH(bool, isTold);
        enum Place { Outside, InSink, InWrite };
        for (const Place place : {Outside, InSink, InWrite}) {
            Scene scene;
            Taker taker;
            scene.device = &taker;
            if (place == InSink)
                scene.onSink = [&] { deed(scene); };
            if (place == InWrite)
                taker.onWrite = [&] { deed(scene); };
            // A broker sends the whole message before it answers anything.
            scene.wire->setMute(true);
            scene.begin(1, 300);
            if (scene.connection)
                scene.more(large(100));
            if (place == Outside)
                deed(scene);
            scene.run();
            if (scene.connection && scene.wire->broker && !scene.wire->broker->closed) {
                scene.more(large(100));
                scene.more(large(100));
            }
            scene.wire->setMute(false);
            scene.run();
            const qsizetype told = scene.received.size() + scene.discarded.size();
            QCOMPARE(told, qsizetype(isTold));
            if (isTold) {
                QCOMPARE(scene.discarded.size(), 1);
                QVERIFY(scene.errors[0].kind() != QAmqpError::Kind::DeviceFailed);
                QVERIFY(!scene.discarded[0].ack());
            }
        }
    }

    void theEndComesBehindTheLastMessage_data()
    {
        QTest::addColumn<bool>("noAck");
        QTest::addColumn<bool>("inWrite");
        QTest::addColumn<QStringList>("order");
        const QStringList delivered{u"1"_s, u"2"_s, u"no 3"_s, u"end"_s};
        const QStringList lost{u"no 1"_s, u"no 3"_s, u"end"_s};
        QTest::newRow("sink") << false << false << lost;
        QTest::newRow("write") << false << true << lost;
        QTest::newRow("sink, without acknowledgement") << true << false << delivered;
        QTest::newRow("write, without acknowledgement") << true << true << delivered;
    }
    void theEndComesBehindTheLastMessage()
    {
        QFETCH(bool, noAck);
        QFETCH(bool, inWrite);
        QFETCH(QStringList, order);
        Scene scene(QAmqpConsumeOptions().setNoAck(noAck),
                    QAmqpConnectionOptions().setRecoveryEnabled(false));
        Taker taker;
        scene.device = &taker;
        const auto lose = [&] {
            scene.onSink = {};
            scene.more(large(200));
            scene.send(2, "small");
            scene.begin(3, 200);
            scene.wire->lose();
            scene.run();
            QVERIFY(scene.order.isEmpty());
        };
        (inWrite ? taker.onWrite : scene.onSink) = lose;
        scene.begin(1, inWrite ? 201 : 200);
        if (inWrite)
            scene.more("1");
        QCOMPARE(scene.order, order);
    }

    void whatBeginsAfterClosingIsNotShown()
    {
        Scene scene;
        Taker taker;
        scene.device = &taker;
        scene.wire->setMute(true);
        scene.channel->close();
        scene.send(1, large());
        scene.wire->setMute(false);
        scene.run();
        QVERIFY(scene.channel->state() == QAmqpChannel::State::Closed);
        QVERIFY(scene.begun.isEmpty() && scene.received.isEmpty() && scene.discarded.isEmpty());
        QVERIFY(taker.taken.isEmpty());
    }

    // Cut after each byte of a message in three frames, the rest of which never comes.
    void aMessageThatIsCutAnywhereIsToldOnceIfItHasBegun()
    {
        const QByteArray bytes = methodFrame(BasicDeliver{"c", 1, false, "e", "k"}, 1)
                + headerFrame(1, QAmqpMessage(), 150) + frame(FrameType::Body, 1, large(75))
                + frame(FrameType::Body, 1, large(75));
        for (qsizetype cut = 0; cut <= bytes.size(); ++cut) {
            Scene scene;
            Taker taker;
            scene.device = &taker;
            scene.wire->inject(bytes.first(cut));
            scene.run();
            scene.wire->lose();
            scene.run();
            QCOMPARE(scene.received.size() + scene.discarded.size(), scene.begun.size());
            QCOMPARE(scene.received.size(), qsizetype(cut == bytes.size()));
        }
    }
};

QTAMQP_TEST(TestBodySinks)
#include "tst_bodysinks.moc"
