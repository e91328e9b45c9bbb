// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Several threads and one connection, against RabbitMQ. Clean under ThreadSanitizer, for which what
// goes from thread to thread does so under a std::mutex: of Qt's own it knows nothing.

#include "blocking/threadedbroker.h"
#include "broker/brokertest.h"

#include <QtConcurrent/QtConcurrentRun>
#include <QtCore/QEventLoop>
#include <QtCore/QPointer>
#include <QtCore/QThread>
#include <QtCore/QThreadPool>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

using namespace BrokerTest;
using QtAmqpTest::ThreadedBroker;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool ThreadSanitizer = true;
#else
constexpr bool ThreadSanitizer = false;
#endif

// Runs what other threads post in its own.
class Courier : public QObject
{
    Q_OBJECT
public:
    void post(std::function<void()> call)
    {
        {
            const std::lock_guard lock(m_mutex);
            m_calls.push_back(std::move(call));
        }
        QMetaObject::invokeMethod(this, "runPosted", Qt::QueuedConnection);
    }

private:
    Q_INVOKABLE void runPosted()
    {
        std::vector<std::function<void()>> calls;
        {
            const std::lock_guard lock(m_mutex);
            calls.swap(m_calls);
        }
        for (const auto &call : calls)
            call();
    }

    std::mutex m_mutex;
    std::vector<std::function<void()>> m_calls;
};

// A queue of deliveries for worker threads.
class Work
{
public:
    void push(const QAmqpDelivery &delivery)
    {
        const std::lock_guard lock(m_mutex);
        m_deliveries.push_back(delivery);
        m_changed.notify_one();
    }
    void end()
    {
        const std::lock_guard lock(m_mutex);
        m_ended = true;
        m_changed.notify_all();
    }
    std::optional<QAmqpDelivery> next()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_ended || !m_deliveries.empty(); });
        if (m_deliveries.empty())
            return std::nullopt;
        QAmqpDelivery first = std::move(m_deliveries.front());
        m_deliveries.erase(m_deliveries.begin());
        return first;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<QAmqpDelivery> m_deliveries;
    bool m_ended = false;
};

// A peer with a queue of its own, filled with `count` messages.
struct Scene
{
    explicit Scene(int count)
    {
        peer = std::make_unique<Peer>();
        QVERIFY(peer->open());
        channel = peer->channel();
        VERIFY_OK(channel->declareQueue(name, QAmqpQueueOptions().setDurable(false)));
        for (int i = 0; i < count; ++i)
            channel->publish(QString(), name, QAmqpMessage(QByteArray::number(i)));
        VERIFY_OK(channel->allConfirmed());
    }
    ~Scene()
    {
        Peer cleaner;
        if (cleaner.open())
            failure(cleaner.channel()->deleteQueue(name));
    }

    const QString name = uniqueName(u"threads"_s);
    std::unique_ptr<Peer> peer;
    QPointer<QAmqpChannel> channel;
};

using Ack = std::function<void(const QAmqpDelivery &)>;

// Consumes `count` messages and acknowledges each by `hand`, which is to count what was accepted.
void consumeAll(int count, const Ack &hand, const std::atomic<int> &accepted)
{
    Scene scene(count);
    QAmqpConsumer *consumer = scene.channel->consume(scene.name);
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, hand);
    QVERIFY(waitFor([&] { return accepted == count; }));
    // A channel that closes in good order has sent its acknowledgements.
    QVERIFY(scene.peer->close());
    QVERIFY(scene.peer->errors.isEmpty());
    Peer other;
    QVERIFY(other.open());
    QCOMPARE(readyMessages(other, scene.name), 0);
}

} // namespace

class TestThreads : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void acksFromThreads()
    {
        Work work;
        std::atomic<int> accepted = 0;
        std::vector<std::thread> workers;
        for (int i = 0; i < 4; ++i) {
            workers.emplace_back([&] {
                while (const std::optional<QAmqpDelivery> delivery = work.next())
                    accepted += delivery->ack() ? 1 : 0;
            });
        }
        consumeAll(
                2000, [&](const QAmqpDelivery &delivery) { work.push(delivery); }, accepted);
        work.end();
        for (std::thread &worker : workers)
            worker.join();
    }

    void acksFromAThreadPool()
    {
        if (ThreadSanitizer)
            QSKIP("ThreadSanitizer knows nothing of Qt's locks");
        QThreadPool pool;
        pool.setMaxThreadCount(4);
        std::atomic<int> accepted = 0;
        const auto hand = [&](const QAmqpDelivery &delivery) {
            pool.start([delivery, &accepted] { accepted += delivery.ack() ? 1 : 0; });
        };
        consumeAll(2000, hand, accepted);
        pool.waitForDone();
    }

    void acksFromQtConcurrent()
    {
        if (ThreadSanitizer)
            QSKIP("ThreadSanitizer knows nothing of Qt's locks");
        std::atomic<int> accepted = 0;
        QList<QFuture<void>> done;
        const auto hand = [&](const QAmqpDelivery &delivery) {
            done << QtConcurrent::run(
                    [delivery, &accepted] { accepted += delivery.ack() ? 1 : 0; });
        };
        consumeAll(2000, hand, accepted);
        for (QFuture<void> &future : done)
            future.waitForFinished();
    }

    // A commit covers what ack() accepted before it.
    void acksFromThreadsAreInTheTransaction()
    {
        constexpr int Rounds = 20;
        Scene scene(Rounds);
        for (int i = 0; i < Rounds; ++i) {
            const std::unique_ptr<QAmqpChannel> channel(scene.peer->channel());
            VERIFY_OK(channel->txSelect());
            const auto got = channel->get(scene.name);
            VERIFY_OK(got);
            bool accepted = false;
            std::thread([&] { accepted = got.result()->ack(); }).join();
            QVERIFY(accepted);
            VERIFY_OK(channel->txCommit());
        }
        QVERIFY(scene.peer->close());
        Peer other;
        QVERIFY(other.open());
        QCOMPARE(readyMessages(other, scene.name), 0);
    }

    // Each is published once, in the order of its thread.
    void tenThreadsPublish()
    {
        constexpr int Threads = 10;
        constexpr int Each = 100;
        Scene scene(0);
        Courier courier;
        quint64 confirmed = 0;
        connect(scene.channel, &QAmqpChannel::confirmed, this,
                [&](quint64 first, quint64 last) { confirmed += last - first + 1; });
        std::vector<std::thread> threads;
        for (int thread = 0; thread < Threads; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < Each; ++i) {
                    courier.post([&, thread, i] {
                        scene.channel->publish(QString(), scene.name,
                                               QAmqpMessage(QByteArray::number(thread) + ' '
                                                            + QByteArray::number(i)));
                    });
                }
            });
        }
        QVERIFY(waitFor([&] { return confirmed == Threads * Each; }));
        for (std::thread &thread : threads)
            thread.join();

        QAmqpConsumer *consumer = scene.channel->consume(scene.name);
        const ConsumerLog log(consumer, true);
        QVERIFY(log.waitForMessages(Threads * Each));
        QList<int> next(Threads, 0);
        for (const QByteArray &body : log.bodies())
            QCOMPARE(body.split(' ').at(1).toInt(), next[body.split(' ').at(0).toInt()]++);
        QVERIFY(scene.peer->close());
    }

    // The connection is in a thread of its own, so this one may hang for three heartbeats.
    void theMainThreadMayHang()
    {
        std::mutex mutex;
        std::condition_variable changed;
        int received = 0;
        bool isOpen = false;
        Courier *courier = nullptr; // of the worker, as what it is given
        std::function<void()> publish;
        std::function<void()> close;
        QAmqpError error;
        std::thread worker([&] {
            QEventLoop loop;
            Courier own;
            QAmqpConnection connection(options().setHeartbeat(1s));
            QAmqpQueue *queue = connection.createChannel()->queue();
            queue->declare(QAmqpQueueOptions().setExclusive());
            queue->consume();
            connect(queue, &QAmqpQueue::messageReceived, &own, [&](const QAmqpDelivery &delivery) {
                delivery.ack();
                const std::lock_guard lock(mutex);
                ++received;
                changed.notify_all();
            });
            connect(&connection, &QAmqpConnection::closed, &loop, &QEventLoop::quit);
            connect(&connection, &QAmqpConnection::opened, &own, [&, queue] {
                const std::lock_guard lock(mutex);
                isOpen = true;
                courier = &own;
                publish = [queue] { queue->publish(QAmqpMessage("x")); };
                close = [&connection] { connection.close(); };
                changed.notify_all();
            });
            connection.open();
            loop.exec();
            error = connection.lastError();
        });
        {
            std::unique_lock lock(mutex);
            const auto publishAndWait = [&](int count) {
                courier->post(publish);
                return changed.wait_for(lock, Patience, [&] { return received == count; });
            };
            QVERIFY(changed.wait_for(lock, Patience, [&] { return isOpen; }));
            QVERIFY(publishAndWait(1));
            std::this_thread::sleep_for(3s);
            QVERIFY(publishAndWait(2));
            courier->post(close);
        }
        worker.join();
        QVERIFY2(!error, describe(error).constData());
    }

    // Other channels that close, or wait for their last confirm before, are no reason to refuse what
    // could not be acknowledged again.
    void acksAreAcceptedWhileOtherChannelsClose()
    {
        constexpr int Count = 3000;
        ThreadedBroker broker;
        Work work;
        std::atomic<int> accepted = 0;
        std::vector<std::thread> workers;
        for (int i = 0; i < 2; ++i) {
            workers.emplace_back([&] {
                while (const std::optional<QAmqpDelivery> delivery = work.next())
                    accepted += delivery->ack();
            });
        }
        QAmqpConnection connection(broker.options());
        QAmqpChannel *waiting = connection.createChannel();
        QAmqpChannel *channel = connection.createChannel();
        QAmqpConsumer *consumer = channel->consume(u"q"_s);
        int received = 0;
        int closed = 0;
        const auto openAnother = [&] {
            QAmqpChannel *other = connection.createChannel();
            connect(other, &QAmqpChannel::opened, other, &QAmqpChannel::close);
            connect(other, &QAmqpChannel::closed, other, [&closed, other] {
                ++closed;
                other->deleteLater();
            });
        };
        connect(consumer, &QAmqpConsumer::started, this, [&] {
            waiting->publish(QString(), u"hold"_s, QAmqpMessage("never confirmed"));
            waiting->close();
            for (int i = 0; i < 50; ++i)
                channel->publish(QString(), u"q"_s, QAmqpMessage("x"));
        });
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) {
                    work.push(delivery);
                    if (++received % 50 == 0)
                        openAnother();
                    if (received + 50 <= Count)
                        channel->publish(QString(), u"q"_s, QAmqpMessage("x"));
                });
        connection.open();
        const bool done = waitFor([&] { return received == Count && closed == Count / 50; });
        work.end();
        for (std::thread &worker : workers)
            worker.join();
        QVERIFY2(done, describe(connection.lastError()).constData());
        QCOMPARE(waiting->state(), QAmqpChannel::State::Closing);
        QCOMPARE(accepted.load(), Count);
        connection.abort();
    }

    // Slots delete what the other threads are busy with. A late ack() is refused, and that is all.
    void deletingWhileOthersAck_data()
    {
        QTest::addColumn<int>("deed");
        QTest::newRow("consumer") << 0;
        QTest::newRow("channel") << 1;
        QTest::newRow("connection") << 2;
        QTest::newRow("abort") << 3;
        QTest::newRow("close") << 4;
    }
    void deletingWhileOthersAck()
    {
        QFETCH(int, deed);
        Scene scene(1000);
        Work work;
        std::atomic<int> accepted = 0;
        std::atomic<int> refused = 0;
        std::vector<std::thread> workers;
        for (int i = 0; i < 4; ++i) {
            workers.emplace_back([&] {
                while (const std::optional<QAmqpDelivery> delivery = work.next())
                    ++(delivery->ack() ? accepted : refused);
            });
        }
        auto *connection = new QAmqpConnection(options());
        QAmqpChannel *channel = connection->createChannel();
        QAmqpConsumer *consumer = channel->consume(scene.name);
        int received = 0;
        bool done = false;
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) {
                    work.push(delivery);
                    if (++received != 200)
                        return;
                    done = true;
                    switch (deed) {
                    case 0: delete consumer; break;
                    case 1: delete channel; break;
                    case 2: delete std::exchange(connection, nullptr); break;
                    case 3: connection->abort(); break;
                    case 4: connection->close(); break;
                    }
                });
        connection->open();
        QVERIFY(waitFor([&] { return done; }));
        work.end();
        for (std::thread &worker : workers)
            worker.join();
        QCOMPARE(accepted + refused, received);
        if (connection) {
            connection->close();
            QVERIFY(waitFor([&] { return connection->state() == QAmqpConnection::State::Closed; }));
            delete connection;
        }
        // What was not acknowledged is back.
        Peer other;
        QVERIFY(other.open());
        QVERIFY(waitFor([&] { return readyMessages(other, scene.name) >= 1000 - accepted; }));
    }

    // Moved before it is opened, it works in its thread; what the main thread asks is refused there.
    void aConnectionBelongsToTheThreadThatOpensIt()
    {
        if (ThreadSanitizer)
            QSKIP("ThreadSanitizer knows nothing of Qt's locks");
        QThread thread;
        auto *connection = new QAmqpConnection(options());
        QAmqpChannel *channel = connection->createChannel();
        std::atomic<bool> isOpen = false;
        std::atomic<bool> closed = false;
        connect(channel, &QAmqpChannel::opened, channel, [&] { isOpen = true; });
        connect(connection, &QAmqpConnection::closed, connection, [&] { closed = true; });
        connect(&thread, &QThread::started, connection, qOverload<>(&QAmqpConnection::open));
        connect(&thread, &QThread::finished, connection, &QObject::deleteLater);
        connection->moveToThread(&thread);
        thread.start();
        QVERIFY(waitFor([&] { return isOpen.load(); }));
        const QAmqpError error = failure(channel->declareQueue(QString()));
        QCOMPARE(error.kind(), Kind::InvalidArgument);
        QVERIFY2(error.text().contains(u"thread"), qPrintable(error.text()));
        QMetaObject::invokeMethod(connection, [connection] { connection->close(); });
        QVERIFY(waitFor([&] { return closed.load(); }));
        thread.quit();
        QVERIFY(thread.wait());
    }
};

QTAMQP_BROKER_TEST(TestThreads)
#include "tst_threads.moc"
