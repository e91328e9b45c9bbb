// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What becomes of messages that a queue gives up or hands out again: the headers that brokers add are compared as
// a whole, with their order and their types.

#include "everybroker.h"

#include <QtCore/qregularexpression.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Queue = QAmqpQueueOptions;
using Ack = QAmqpChannel::AckPolicy;

class TestDeadLetters : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_peer = std::make_unique<Peer>();
        m_channel = m_peer->channel();
        QVERIFY(m_peer->open());
    }

    void cleanup()
    {
        QVERIFY(m_peer->close());
        m_peer.reset();
    }

    // From queue to queue and back, for two reasons.
    void aChainIsWrittenDown()
    {
        declare(u"work"_s, Queue().setDeadLetterExchange(u""_s).setDeadLetterRoutingKey(u"wait"_s));
        declare(u"wait"_s,
                Queue().setDeadLetterExchange(u""_s)
                        .setDeadLetterRoutingKey(u"work"_s)
                        .setMessageTtl(1ms));
        QAmqpMessage message("x");
        message.setHeaders({{u"z"_s, 1}, {u"a"_s, u"b"_s}});
        m_channel->publish({}, u"work"_s, message);
        reject(u"work"_s);
        reject(u"work"_s);
        const auto again = await(u"work"_s);
        QVERIFY(again);
        QVERIFY(!again->isRedelivered());
        QVERIFY(!again->has(QAmqpMessage::Property::Expiration));
        const QByteArray deaths =
                R"([{"count": 2, "exchange": "", "queue": "wait", "reason": "expired", "routing-keys": ["wait"], "time": T},)"
                R"( {"count": 2, "exchange": "", "queue": "work", "reason": "rejected", "routing-keys": ["work"], "time": T}])";
        QCOMPARE(headersOf(*again),
                 R"({"a": "b", "x-death": )" + deaths
                         + R"(, "x-first-death-exchange": "", "x-first-death-queue": "work",)"
                           R"( "x-first-death-reason": "rejected", "z": 1})");
    }

    void aMessagesOwnLifetimeIsWrittenDown()
    {
        declare(u"dead"_s);
        declare(u"work"_s, Queue().setDeadLetterExchange(u""_s).setDeadLetterRoutingKey(u"dead"_s));
        QAmqpMessage message("x");
        message.setExpiration(1ms);
        message.setHeaders({{u"CC"_s, QList<QAmqpValue>{u"copy"_s}}});
        m_channel->publish({}, u"work"_s, message);
        const auto dead = await(u"dead"_s);
        QVERIFY(dead);
        QVERIFY(!dead->has(QAmqpMessage::Property::Expiration));
        QCOMPARE(
                headersOf(*dead),
                R"({"x-death": [{"count": 1, "reason": "expired", "queue": "work", "time": T, "exchange": "",)"
                R"( "routing-keys": ["work", "copy"], "original-expiration": "1"}],)"
                R"( "x-first-death-exchange": "", "x-first-death-queue": "work", "x-first-death-reason": "expired"})"_ba);
    }

    // Two queues whose messages expire, each into the other: nobody rejected them, so they go round once.
    void aCycleEnds()
    {
        for (const auto &[name, other] : {std::pair(u"one"_s, u"two"_s), {u"two"_s, u"one"_s}})
            declare(name,
                    Queue().setDeadLetterExchange(u""_s)
                            .setDeadLetterRoutingKey(other)
                            .setMessageTtl(1ms));
        VERIFY_OK(m_channel->publishConfirmed({}, u"one"_s, "x"_ba));
        QVERIFY(waitFor([&] {
            return readyMessages(*m_peer, u"one"_s) + readyMessages(*m_peer, u"two"_s) == 0;
        }));
    }

    // A message behind one that lives longer stays, though its time is over, until it comes to the head.
    void messagesExpireAtTheHeadOnly()
    {
        declare(u"work"_s);
        m_channel->publish({}, u"work"_s, "long"_ba);
        QAmqpMessage brief("brief");
        brief.setExpiration(1ms);
        m_channel->publish({}, u"work"_s, brief);
        m_channel->publish({}, u"head"_s, brief);
        declare(u"head"_s);
        VERIFY_OK(m_channel->publishConfirmed({}, u"head"_s, brief));
        QVERIFY(waitFor([&] { return readyMessages(*m_peer, u"head"_s) == 0; }));
        QCOMPARE(readyMessages(*m_peer, u"work"_s), 2);
        QCOMPARE(fetch(m_channel, u"work"_s)->body(), "long"_ba);
        QCOMPARE(readyMessages(*m_peer, u"work"_s), 0);
    }

    // The one that would be handed out next goes.
    void aFullQueueOfPrioritiesDropsTheHighest()
    {
        declare(u"work"_s, Queue().setMaxPriority(3).setMaxLength(3));
        for (const quint8 priority : {quint8(2), quint8(1), quint8(3), quint8(1), quint8(9)}) {
            QAmqpMessage message(QByteArray::number(priority));
            message.setPriority(priority);
            m_channel->publish({}, u"work"_s, message);
        }
        VERIFY_OK(m_channel->allConfirmed());
        for (const QByteArray &body : {"2"_ba, "1"_ba, "1"_ba})
            QCOMPARE(fetch(m_channel, u"work"_s)->body(), body);
    }

    void aQuorumQueueCountsDeliveries()
    {
        const QString work = uniqueName();
        declare(u"dead"_s);
        VERIFY_OK(m_channel->declareQueue(work,
                                          Queue().setDurable()
                                                  .setType(Queue::Type::Quorum)
                                                  .setDeliveryLimit(1)
                                                  .setDeadLetterExchange(u""_s)
                                                  .setDeadLetterRoutingKey(u"dead"_s)));
        VERIFY_OK(m_channel->publishConfirmed({}, work, "x"_ba));
        for (int count = 0; count < 2; ++count) {
            const auto got = await(work, Ack::Manual);
            QVERIFY(got);
            QCOMPARE(got->isRedelivered(), count > 0);
            QCOMPARE(headersOf(*got), "{\"x-delivery-count\": " + QByteArray::number(count) + '}');
            got->nack();
        }
        const auto dead = await(u"dead"_s);
        QVERIFY(dead);
        QCOMPARE(
                headersOf(*dead).replace(work.toUtf8(), "W"),
                R"({"x-death": [{"count": 1, "reason": "delivery_limit", "queue": "W", "time": T, "exchange": "",)"
                R"( "routing-keys": ["W"]}],)"
                R"( "x-first-death-exchange": "", "x-first-death-queue": "W", "x-first-death-reason": "delivery_limit"})"_ba);
        VERIFY_OK(m_channel->deleteQueue(work));
    }

    // Copies go to further routing keys; the blind ones are not told of.
    void carbonCopiesAreRouted()
    {
        for (const QString &name : {u"one"_s, u"two"_s, u"three"_s})
            declare(name);
        QAmqpMessage message("x");
        message.setHeaders({{u"CC"_s, QList<QAmqpValue>{u"two"_s, u"one"_s}},
                            {u"BCC"_s, QList<QAmqpValue>{u"three"_s}}});
        VERIFY_OK(m_channel->publishConfirmed({}, u"one"_s, message));
        for (const QString &name : {u"one"_s, u"two"_s, u"three"_s}) {
            const auto got = fetch(m_channel, name);
            QVERIFY(got);
            QCOMPARE(got->routingKey(), u"one"_s);
            QCOMPARE(headersOf(*got), R"({"CC": ["two", "one"]})"_ba);
            QCOMPARE(readyMessages(*m_peer, name), 0);
        }
    }

    // x-match in all its forms, and what has no value: that the header is there is enough.
    void headersAreMatched()
    {
        const QList<QAmqpTable> wanted = {
                {{u"x-match"_s, u"all"_s}, {u"x-h"_s, 1}},
                {{u"x-match"_s, u"all-with-x"_s}, {u"x-h"_s, 1}},
                {{u"x-match"_s, u"any-with-x"_s}, {u"x-h"_s, 1}, {u"q"_s, 2}},
                {{u"x-match"_s, u"any"_s}},
                {{u"a"_s, QAmqpValue::null()}},
        };
        for (qsizetype i = 0; i < wanted.size(); ++i) {
            declare(QString::number(i));
            m_channel->bindQueue(QString::number(i), u"amq.headers"_s, {}, wanted.at(i));
        }
        const auto takers = [&](const QAmqpTable &headers) {
            QAmqpMessage message("x");
            message.setHeaders(headers);
            m_channel->publishConfirmed(u"amq.headers"_s, {}, message);
            QList<qsizetype> found;
            for (qsizetype i = 0; i < wanted.size(); ++i) {
                if (fetch(m_channel, QString::number(i)))
                    found.append(i);
            }
            return found;
        };
        QCOMPARE(takers({}), (QList<qsizetype>{0}));
        QCOMPARE(takers({{u"x-h"_s, 1}}), (QList<qsizetype>{0, 1, 2}));
        QCOMPARE(takers({{u"a"_s, u"anything"_s}}), (QList<qsizetype>{0, 4}));
        QCOMPARE(takers({{u"q"_s, 2}}), (QList<qsizetype>{0, 2}));
    }

    void topicsHaveWords_data()
    {
        QTest::addColumn<QString>("pattern");
        QTest::addColumn<QString>("key");
        QTest::addColumn<bool>("matches");
        QTest::newRow("no word") << u"*"_s << u""_s << false;
        QTest::newRow("no word is enough") << u"#"_s << u""_s << true;
        QTest::newRow("nothing for nothing") << u""_s << u""_s << true;
        QTest::newRow("a word at least") << u"*.#"_s << u""_s << false;
        QTest::newRow("an empty word") << u"a.*"_s << u"a."_s << true;
        QTest::newRow("three words, one empty") << u"a.*.b"_s << u"a..b"_s << true;
        QTest::newRow("nothing between") << u"a.#.b"_s << u"a.b"_s << true;
        QTest::newRow("much between") << u"a.#.b"_s << u"a.x.y.b.b"_s << true;
        QTest::newRow("anywhere") << u"#.a.#"_s << u"x.a.y"_s << true;
        QTest::newRow("too long") << u"*.*"_s << u"a.b.c"_s << false;
    }

    void topicsHaveWords()
    {
        QFETCH(QString, pattern);
        QFETCH(QString, key);
        QFETCH(bool, matches);
        declare(u"topic"_s);
        m_channel->bindQueue(u"topic"_s, u"amq.topic"_s, pattern);
        const QAmqpError error = failure(
                m_channel->publishConfirmed(u"amq.topic"_s, key, "x"_ba, QAmqpChannel::Mandatory));
        QCOMPARE(error.kind(), matches ? QAmqpError::Kind::NoError : QAmqpError::Kind::Unroutable);
    }

private:
    void declare(const QString &name, const Queue &options = Queue())
    {
        VERIFY_OK(m_channel->declareQueue(name, Queue(options).setExclusive()));
    }

    // The first message of the queue, once there is one.
    std::optional<QAmqpDelivery> await(const QString &queue, Ack ack = Ack::NoAck)
    {
        std::optional<QAmqpDelivery> got;
        waitFor([&] {
            const auto future = m_channel->get(queue, ack);
            if (!failure(future))
                got = future.result();
            return got || !m_channel->isOpen();
        });
        return got;
    }

    void reject(const QString &queue)
    {
        const auto got = await(queue, Ack::Manual);
        QVERIFY(got && got->reject(QAmqpDelivery::Discard));
    }

    // In the order in which they come; T stands for times.
    static QByteArray headersOf(const QAmqpMessage &message)
    {
        QString text = textOf(message.headers());
        static const QRegularExpression time(u"\"time\": [0-9]+"_s);
        return text.replace(time, u"\"time\": T"_s).toUtf8();
    }

    static QString textOf(const QAmqpValue &value)
    {
        using Type = QAmqpValue::Type;
        QStringList parts;
        switch (value.type()) {
        case Type::Table: return textOf(value.toTable());
        case Type::Array:
            for (const QAmqpValue &element : value.toArray())
                parts.append(textOf(element));
            return u'[' + parts.join(u", ") + u']';
        case Type::String: return u'"' + value.toString() + u'"';
        case Type::Timestamp: return QString::number(value.toTimestamp());
        case Type::Int32:
        case Type::Int64: return QString::number(value.toInt());
        default: return u"another type"_s;
        }
    }

    static QString textOf(const QAmqpTable &table)
    {
        QStringList parts;
        for (const auto &[name, value] : table.entries())
            parts.append(u"\"%1\": %2"_s.arg(QString::fromUtf8(name), textOf(value)));
        return u'{' + parts.join(u", ") + u'}';
    }

    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
};

QTAMQP_TEST(TestDeadLetters)
#include "tst_deadletters.moc"
