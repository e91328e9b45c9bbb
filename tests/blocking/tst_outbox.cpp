// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Outboxes of a blocking connection, and the threads that share them.

#include "recoveringsession.h"

#include <future>

using namespace QtAmqpTest;

class TestOutbox : public QObject
{
    Q_OBJECT

private:
    static QAmqpBlockingOutbox limitedOutbox(QAmqpBlockingConnection &connection, qint64 count)
    {
        return connection
                .outbox([count](QAmqpConnection *inside) {
                    auto *const box = new QAmqpOutbox(inside);
                    box->setMaximumCount(count);
                    return box;
                })
                .value();
    }
    // Some threads publish, each one its letter and a number.
    static void publishAll(const QAmqpBlockingOutbox &box, int messages)
    {
        std::vector<std::future<void>> threads;
        for (const char letter : {'a', 'b', 'c', 'd'}) {
            threads.push_back(std::async(std::launch::async, [=] {
                for (int i = 0; i < messages; ++i)
                    box.publish({}, u"q"_s, QByteArray(1, letter) + QByteArray::number(i)).value();
            }));
        }
        for (auto &thread : threads)
            thread.get();
    }
    // The numbers of one thread, as they arrived.
    static QList<int> numbersOf(char letter, const QByteArrayList &bodies)
    {
        QList<int> numbers;
        for (const QByteArray &body : bodies) {
            if (body.startsWith(letter))
                numbers.append(body.sliced(1).toInt());
        }
        return numbers;
    }

private Q_SLOTS:
    // Before the connection is open, through a loss, and in the order of each thread.
    void threadsShareAnOutbox()
    {
        constexpr int messages = 50;
        ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        const QAmqpBlockingOutbox box = connection.outbox().value();
        publishAll(box, messages);
        QCOMPARE(box.count(), 4 * messages);
        QVERIFY(box.bytes() > 4 * messages);
        OK(connection.open(broker.options()));
        QAmqpBlockingChannel channel = connection.createChannel().value();
        OK(channel.declareQueue(u"q"_s));
        broker.drop();
        publishAll(box, messages);
        OK(box.waitUntilEmpty());
        QCOMPARE(box.count(), 0);
        QCOMPARE(box.bytes(), 0);
    }

    void eachThreadHasItsOrder()
    {
        constexpr int messages = 50;
        RecoveringSession s;
        OK(s.channel->declareQueue(u"q"_s));
        const QAmqpBlockingOutbox box = s.connection.outbox().value();
        s.lose();
        publishAll(box, messages);
        QCOMPARE(box.count(), 4 * messages);
        s.comeBack();
        OK(box.waitUntilEmpty());
        QByteArrayList bodies;
        while (const auto message = s.channel->get(u"q"_s).value())
            bodies.append(message->body());
        QCOMPARE(bodies.size(), 4 * messages);
        QList<int> expected(messages);
        std::iota(expected.begin(), expected.end(), 0);
        for (const char letter : {'a', 'b', 'c', 'd'})
            QCOMPARE(numbersOf(letter, bodies), expected);
    }

    void callbacksTellWhatBecameOfMessages()
    {
        RecoveringSession s;
        OK(s.channel->declareQueue(u"q"_s));
        const QAmqpBlockingOutbox box = s.connection.outbox().value();
        QList<quint64> delivered;
        QMap<quint64, Kind> failed;
        std::thread::id thread;
        box.onDelivered([&](quint64 first, quint64 last) {
            for (quint64 id = first; id <= last; ++id)
                delivered.append(id);
            thread = std::this_thread::get_id();
        });
        box.onFailed([&](quint64 id, const QAmqpError &why) { failed.insert(id, why.kind()); });
        QCOMPARE(box.publish({}, u"q"_s, "1"_ba).value(), 1U);
        QCOMPARE(box.publish({}, u"nowhere"_s, "2"_ba, QAmqpChannel::Mandatory).value(), 2U);
        QCOMPARE(box.publish({}, u"q"_s, "3"_ba).value(), 3U);
        QCOMPARE(box.waitUntilEmpty().error().kind(), Kind::Unroutable);
        QVERIFY(delivered.isEmpty() && failed.isEmpty()); // no callback has run so far
        OK(s.connection.sleep(0ms));
        QCOMPARE(delivered, (QList<quint64>{1, 3}));
        QCOMPARE(failed, (QMap<quint64, Kind>{{2, Kind::Unroutable}}));
        QCOMPARE(thread, std::this_thread::get_id());
        OK(box.waitUntilEmpty()); // each failure is returned once
    }

    void refusesMoreThanItsLimits()
    {
        QAmqpBlockingConnection connection;
        const QAmqpBlockingOutbox box = limitedOutbox(connection, 2);
        OK(box.publish({}, u"q"_s, "1"_ba));
        OK(box.publish({}, u"q"_s, "2"_ba));
        const QAmqpError full = box.publish({}, u"q"_s, "3"_ba).error();
        QCOMPARE(full.kind(), Kind::LimitExceeded);
        QTRY_COMPARE(box.lastError(), full);
        QCOMPARE(box.publish(QString(300, u'x'), {}, "4"_ba).error().kind(), Kind::InvalidArgument);
        QCOMPARE(box.count(), 2);
        QCOMPARE(box.waitUntilEmpty(1ms).error().kind(), Kind::Timeout);
        QCOMPARE(box.close().value(), 2);
        QCOMPARE(box.publish({}, u"q"_s, "5"_ba).error().kind(), Kind::NotOpen);
        QCOMPARE(box.close().error().kind(), Kind::NotOpen);
        QCOMPARE(box.waitUntilEmpty().error().kind(), Kind::NotOpen);
    }

    // Several boxes have their own ids and messages, and work again after close().
    void severalOutboxesOutliveAClose()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        const QAmqpBlockingOutbox first = connection.outbox().value();
        const QAmqpBlockingOutbox second = connection.outbox().value();
        OK(connection.close());
        QCOMPARE(first.publish({}, u"q"_s, "1"_ba).value(), 1U);
        QCOMPARE(second.publish({}, u"q"_s, "2"_ba).value(), 1U);
        QCOMPARE(second.publish({}, u"q"_s, "3"_ba).value(), 2U);
        QCOMPARE(first.count(), 1);
        QCOMPARE(second.count(), 2);
        OK(connection.open());
        OK(first.waitUntilEmpty());
        OK(second.waitUntilEmpty());
        QCOMPARE(broker.published(), 3U);
    }

    void itsConnectionIsDestroyedWhileThreadsPublish()
    {
        QTest::ignoreMessage(
                QtWarningMsg,
                QRegularExpression(
                        u"messages in an outbox in memory were not delivered and are lost"_s));
        std::optional<QAmqpBlockingConnection> connection(std::in_place);
        const QAmqpBlockingOutbox box = limitedOutbox(*connection, 0);
        std::vector<std::future<std::pair<qint64, Kind>>> threads;
        for (int i = 0; i < 3; ++i) {
            threads.push_back(std::async(std::launch::async, [box] {
                qint64 count = 0;
                for (;; ++count) {
                    if (const auto id = box.publish({}, u"q"_s, "x"_ba); !id)
                        return std::make_pair(count, id.error().kind());
                }
            }));
        }
        QTRY_VERIFY_WITH_TIMEOUT(box.count() > 100, 20'000);
        connection.reset();
        qint64 accepted = 0;
        for (auto &thread : threads) {
            const auto [count, kind] = thread.get();
            QCOMPARE(kind, Kind::NotOpen);
            accepted += count;
        }
        QCOMPARE(box.count(), accepted);
    }

    void aMakerThatFailsIsTold()
    {
        QAmqpBlockingConnection connection;
        const auto kindOf = [&](const std::function<QAmqpOutbox *(QAmqpConnection *)> &make) {
            return connection.outbox(make).error().kind();
        };
        QCOMPARE(kindOf([](QAmqpConnection *) { return nullptr; }), Kind::InvalidArgument);
        QCOMPARE(kindOf([](QAmqpConnection *) -> QAmqpOutbox * { throw 1; }),
                 Kind::InvalidArgument);
        Kind inside = Kind::NoError;
        OK(connection.outbox([&](QAmqpConnection *made) {
            inside = connection.outbox().error().kind(); // it would wait for itself
            return new QAmqpOutbox(made);
        }));
        QCOMPARE(inside, Kind::InvalidArgument);
    }
};

QTAMQP_TEST(TestOutbox)

#include "tst_outbox.moc"
