// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Bodies that are sent from a device: what is refused, devices of every kind, and everything that may be deleted or
// fail while one is sent. The broker is in memory.

#include "memorytransport.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qbuffer.h>
#include <QtCore/qthread.h>

using namespace std::chrono_literals;

namespace {

constexpr qsizetype Large = 1'000'000; // several times what is read at once

QByteArray large()
{
    QByteArray body(Large, Qt::Uninitialized);
    for (qsizetype i = 0; i < Large; ++i)
        body[i] = char('a' + i % 23);
    return body;
}

// A sequential device that has what it was given so far.
class Pipe : public QIODevice
{
public:
    Pipe() { open(ReadOnly | Unbuffered); }
    bool isSequential() const override { return true; }
    qint64 bytesAvailable() const override { return m_bytes.size() + QIODevice::bytesAvailable(); }
    void give(const QByteArray &bytes)
    {
        m_bytes += bytes;
        Q_EMIT readyRead();
    }
    void fail(const QString &why)
    {
        setErrorString(why);
        m_failed = true;
        Q_EMIT readyRead();
    }
    std::function<void()> onRead;

protected:
    qint64 readData(char *data, qint64 most) override
    {
        if (onRead)
            std::exchange(onRead, {})();
        if (m_failed)
            return -1;
        const qsizetype size = std::min(qsizetype(most), m_bytes.size());
        memcpy(data, m_bytes.constData(), size_t(size));
        m_bytes.remove(0, size);
        return size;
    }
    qint64 writeData(const char *, qint64) override { return -1; }

private:
    QByteArray m_bytes;
    bool m_failed = false;
};

class Scene
{
public:
    Scene()
    {
        connection = new QAmqpConnection;
        connection->setTransport(std::make_unique<MemoryTransport>(wire));
        log.watch(connection);
        channel = connection->createChannel();
        log.watch(channel);
        other = connection->createChannel();
        connection->open();
        wire->run();
        log.lines.clear();
    }
    ~Scene() { delete connection; }

    QByteArrayList logged() const { return wire->broker ? wire->broker->logged : QByteArrayList(); }
    // The connection goes on, on the other channel.
    bool goesOn()
    {
        const QFuture<quint64> confirmed = other->publishConfirmed({}, u"q"_s, "x"_ba);
        wire->run();
        return confirmed.isFinished() && !errorOf(confirmed);
    }

    const std::shared_ptr<Wire> wire = std::make_shared<Wire>();
    SignalLog log;
    QPointer<QAmqpConnection> connection;
    QPointer<QAmqpChannel> channel;
    QAmqpChannel *other = nullptr;
};

} // namespace

class TestBodies : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aDeviceBecomesTheBodyOfOneMessage()
    {
        Scene scene;
        QByteArray bytes = "xy" + large();
        QBuffer device(&bytes);
        device.open(QIODevice::ReadOnly);
        device.seek(2);
        QAmqpMessage properties;
        properties.setMessageId(u"id"_s);
        QCOMPARE(scene.channel->publish({}, u"log"_s, "before"_ba), 1u);
        const QFuture<quint64> confirmed =
                scene.channel->publishConfirmed({}, u"log"_s, &device, Large, properties);
        QCOMPARE(scene.channel->queue(u"log"_s)->publish("behind"_ba), 3u);
        QVERIFY(!scene.channel->isReadyToPublish());
        QVERIFY(scene.wire->run());
        QCOMPARE(scene.logged(), QByteArrayList({"before", large(), "behind"}));
        QVERIFY(confirmed.isFinished());
        QCOMPARE(confirmed.result(), 2u);
        QVERIFY(scene.channel->isReadyToPublish());
        QCOMPARE(scene.log.of(u"channel"_s).last(), u"ready"_s);
        QVERIFY(device.isOpen());
        QCOMPARE(device.pos(), device.size());
    }

    void handlesPublishFromDevicesToo()
    {
        Scene scene;
        QByteArray bytes = "onetwothreefour";
        QBuffer device(&bytes);
        device.open(QIODevice::ReadOnly);
        QAmqpQueue *queue = scene.channel->queue(u"log"_s);
        QAmqpExchange *exchange = scene.channel->exchange();
        QCOMPARE(queue->publish(&device, 3), 1u);
        const auto two = queue->publishConfirmed(&device, 3);
        QCOMPARE(exchange->publish(u"log"_s, &device, 5), 3u);
        const auto four = exchange->publishConfirmed(u"log"_s, &device, 4);
        QCOMPARE(exchange->publish(u"log"_s, &device, 0), 5u);
        QVERIFY(scene.wire->run());
        QCOMPARE(scene.logged(), QByteArrayList({"one", "two", "three", "four", ""}));
        QCOMPARE(two.result(), 2u);
        QCOMPARE(four.result(), 4u);
    }

    void whatCannotBeSentIsRefusedAtOnce_data()
    {
        QTest::addColumn<std::function<quint64(QAmqpChannel *)>>("publish");
        QTest::addColumn<QString>("text");
        using Publish = std::function<quint64(QAmqpChannel *)>;
        const auto row = [](const char *name, const Publish &publish, const char *text) {
            QTest::newRow(name) << publish << QString::fromLatin1(text);
        };
        static QByteArray bytes = "12345";
        static QBuffer open(&bytes);
        static QBuffer closed;
        static QBuffer written;
        open.open(QIODevice::ReadOnly);
        open.seek(1);
        written.open(QIODevice::WriteOnly);
        row(
                "null", [](QAmqpChannel *c) { return c->publish({}, u"q"_s, nullptr, 5); },
                "there is no device");
        row(
                "closed", [](QAmqpChannel *c) { return c->publish({}, u"q"_s, &closed, 0); },
                "not open for reading");
        row(
                "write only", [](QAmqpChannel *c) { return c->publish({}, u"q"_s, &written, 0); },
                "not open for reading");
        row(
                "negative", [](QAmqpChannel *c) { return c->publish({}, u"q"_s, &open, -1); },
                "cannot have -1 bytes");
        row(
                "too many", [](QAmqpChannel *c) { return c->publish({}, u"q"_s, &open, 5); },
                "5 bytes was asked for, and the device has 4");
        row(
                "body", [](QAmqpChannel *c) { return c->publish({}, u"q"_s, &open, 4, "body"_ba); },
                "has a body already");
        row(
                "key", [](QAmqpChannel *c) { return c->publish({}, QString(256, u'k'), &open, 4); },
                "AMQP allows 255");
        row(
                "thread",
                [](QAmqpChannel *c) {
                    QThread thread;
                    auto *const device = new QBuffer;
                    device->open(QIODevice::ReadOnly);
                    device->moveToThread(&thread);
                    QObject::connect(&thread, &QThread::finished, device, &QObject::deleteLater);
                    const quint64 tag = c->publish({}, u"q"_s, device, 0);
                    thread.start();
                    thread.quit();
                    thread.wait();
                    return tag;
                },
                "another thread");
    }
    void whatCannotBeSentIsRefusedAtOnce()
    {
        QFETCH(std::function<quint64(QAmqpChannel *)>, publish);
        QFETCH(QString, text);
        Scene scene;
        QList<QAmqpError> refused;
        QObject::connect(scene.channel, &QAmqpChannel::publishRefused,
                         [&](const QAmqpError &error) { refused.append(error); });
        QCOMPARE(publish(scene.channel), 0u);
        QCOMPARE(scene.channel->lastError().kind(), QAmqpError::Kind::InvalidArgument);
        QVERIFY2(scene.channel->lastError().text().contains(text),
                 qPrintable(scene.channel->lastError().text()));
        scene.wire->run();
        QCOMPARE(refused.size(), 1);
        QVERIFY(scene.channel->isOpen());
        QVERIFY(scene.goesOn());
    }

    void aSequentialDeviceIsReadWhenItHasSomething()
    {
        Scene scene;
        Pipe pipe;
        const QByteArray body = large();
        const auto confirmed = scene.channel->publishConfirmed({}, u"log"_s, &pipe, Large);
        QVERIFY(scene.wire->run());
        for (qsizetype at = 0; at < Large; at += 30'000) {
            QVERIFY(!confirmed.isFinished());
            pipe.give(body.sliced(at, std::min<qsizetype>(30'000, Large - at)));
            QVERIFY(scene.wire->run());
        }
        QCOMPARE(scene.logged(), QByteArrayList({body}));
        QVERIFY(confirmed.isFinished());
    }

    void noMoreIsReadThanTheTransportTakes()
    {
        Scene scene;
        QByteArray bytes = large();
        QBuffer device(&bytes);
        device.open(QIODevice::ReadOnly);
        scene.wire->setMute(true);
        scene.channel->publish({}, u"log"_s, &device, Large);
        for (int turns = 0; turns < 10; ++turns) {
            scene.wire->wantsTurn = true;
            QVERIFY(scene.wire->run());
        }
        QVERIFY(device.pos() > 0);
        QVERIFY(device.pos() <= 256 * 1024);
        scene.wire->setMute(false);
        QVERIFY(scene.wire->run());
        QCOMPARE(scene.logged(), QByteArrayList({large()}));
    }

    // What ends a device in the middle of a body, and what the error says of it.
    void aDeviceThatEndsInTheMiddleEndsTheChannelAlone_data()
    {
        QTest::addColumn<std::function<void(std::unique_ptr<Pipe> &)>>("end");
        QTest::addColumn<QString>("why");
        using End = std::function<void(std::unique_ptr<Pipe> &)>;
        QTest::newRow("fails") << End([](auto &pipe) { pipe->fail(u"no paper"_s); })
                               << u"no paper"_s;
        QTest::newRow("finishes") << End([](auto &pipe) { Q_EMIT pipe->readChannelFinished(); })
                                  << u"the device has nothing more to read"_s;
        QTest::newRow("closes") << End([](auto &pipe) { pipe->close(); })
                                << u"the device was closed"_s;
        QTest::newRow("is destroyed")
                << End([](auto &pipe) { pipe.reset(); }) << u"the device was destroyed"_s;
        QTest::newRow("is destroyed while it is read") << End([](auto &pipe) {
            pipe->onRead = [&pipe] { pipe.release()->deleteLater(); };
            pipe->fail(u"gone"_s);
        }) << u"gone"_s;
    }
    void aDeviceThatEndsInTheMiddleEndsTheChannelAlone()
    {
        QFETCH(std::function<void(std::unique_ptr<Pipe> &)>, end);
        QFETCH(QString, why);
        Scene scene;
        auto pipe = std::make_unique<Pipe>();
        const auto confirmed = scene.channel->publishConfirmed({}, u"log"_s, pipe.get(), Large);
        const auto all = scene.channel->allConfirmed();
        pipe->give(QByteArray(100'000, 'x'));
        QVERIFY(scene.wire->run());
        QVERIFY(!confirmed.isFinished());
        end(pipe);
        QVERIFY(scene.wire->run());
        const QString text =
                u"a message was not sent, since its body ended at byte 100000 of 1000000: "_s + why;
        QCOMPARE(errorOf(confirmed).kind(), QAmqpError::Kind::DeviceFailed);
        QCOMPARE(errorOf(confirmed).text(), text);
        QCOMPARE(errorOf(all).kind(), QAmqpError::Kind::DeviceFailed);
        QCOMPARE(scene.log.errors.size(), 1);
        QCOMPARE(scene.log.errors[0].text(), text);
        QCOMPARE(scene.log.of(u"channel"_s),
                 QStringList({u"nacked 1-1"_s, u"Closed"_s, u"error DeviceFailed"_s, u"closed"_s}));
        QCOMPARE(scene.logged(), QByteArrayList());
        QVERIFY(scene.goesOn());
        // The channel goes on with another number.
        scene.channel->open();
        QVERIFY(scene.wire->run());
        QVERIFY(scene.channel->isOpen());
        QCOMPARE(scene.channel->number(), 3);
        scene.log.lines.clear();
        scene.connection->close();
        QVERIFY(scene.wire->run());
        QCOMPARE(scene.log.of(u"connection"_s),
                 QStringList({u"Closing"_s, u"Closed"_s, u"closed"_s}));
    }

    // Whatever is deleted or ended while a device is read or waited for, nothing crashes, and the outcome is told
    // once at most.
    void anythingMayEndInTheMiddle_data()
    {
        QTest::addColumn<std::function<void(Scene &)>>("deed");
        QTest::addColumn<QString>("outcome");
        using Deed = std::function<void(Scene &)>;
        const auto row = [](const char *name, const Deed &deed, const char *outcome) {
            QTest::newRow(name) << deed << QString::fromLatin1(outcome);
        };
        row(
                "delete the connection", [](Scene &s) { delete s.connection; }, "ConnectionLost");
        row(
                "delete the channel", [](Scene &s) { delete s.channel; }, "Cancelled");
        row(
                "abort", [](Scene &s) { s.connection->abort(); }, "Cancelled");
        row(
                "abort and open again",
                [](Scene &s) {
                    s.connection->abort();
                    s.connection->open();
                },
                "Cancelled");
        row(
                "lose the link", [](Scene &s) { s.wire->lose(); }, "ConnectionLost");
        row(
                "another publish", [](Scene &s) { s.other->publish({}, u"log"_s, "x"_ba); }, "");
        row(
                "close", [](Scene &s) { s.channel->close(); }, "");
        row(
                "close the connection", [](Scene &s) { s.connection->close(); }, "");
    }
    void anythingMayEndInTheMiddle()
    {
        QFETCH(std::function<void(Scene &)>, deed);
        QFETCH(QString, outcome);
        for (const bool whileReading : {false, true}) {
            for (const bool behind : {false, true}) {
                Scene scene;
                Pipe pipe;
                QFuture<quint64> first =
                        scene.channel->publishConfirmed({}, u"log"_s, &pipe, 200'000);
                if (behind)
                    scene.channel->publishConfirmed({}, u"log"_s, &pipe, 100);
                QVERIFY(scene.wire->run());
                pipe.give(QByteArray(100'000, 'x'));
                QVERIFY(scene.wire->run());
                if (whileReading) {
                    pipe.onRead = [&] { deed(scene); };
                    pipe.give(QByteArray(50'000, 'x'));
                } else {
                    deed(scene);
                }
                QVERIFY(scene.wire->run());
                pipe.give(QByteArray(100'100, 'x'));
                QVERIFY(scene.wire->run());
                if (outcome.isEmpty()) {
                    QVERIFY(first.isFinished());
                    QVERIFY(!errorOf(first));
                } else {
                    QVERIFY(first.isFinished());
                    QVERIFY(errorOf(first));
                }
            }
        }
    }

    void aChannelThatIsDeletedStillSendsItsBodies()
    {
        Scene scene;
        QByteArray bytes = large();
        QBuffer device(&bytes);
        device.open(QIODevice::ReadOnly);
        scene.channel->publish({}, u"log"_s, &device, Large);
        delete scene.channel;
        QVERIFY(scene.wire->run());
        QCOMPARE(scene.logged(), QByteArrayList({large()}));
        QVERIFY(scene.goesOn());
    }
};

QTAMQP_TEST(TestBodies)
#include "tst_bodies.moc"
