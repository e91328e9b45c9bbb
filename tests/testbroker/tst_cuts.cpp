// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A session is cut after a byte, outward or inward, and recovers. Whatever the byte: no message is lost, every publish
// and every request ends once, and everything that was set up is back. A run takes a sample of the bytes, drawn anew
// each time; QTAMQP_CUT=number takes one, and QTAMQP_CUTS=all takes them all.

#include "testmain.h"

#include "corepair.h"
#include "values/tableformat.h"

#include <QtCore/qset.h>

#include <map>
#include <random>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

namespace {

constexpr quint32 FrameMax = 4096;

QAmqpMessage numbered(int number, int size = 0)
{
    QAmqpMessage message(QByteArray::number(number).leftJustified(size, '.'));
    message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    return message;
}

int numberOf(const QAmqpMessage &message)
{
    const QByteArray body = message.body();
    const qsizetype end = body.indexOf('.');
    return (end < 0 ? body : body.first(end)).toInt();
}

// What an application does that declares, binds, consumes, publishes and acknowledges.
class Session
{
public:
    enum class Cut { Outward, OutwardWithAnswers, Inward };

    Session(std::optional<qint64> at, Cut cut, int losses)
        : m_pair(settings(), 1, options()), m_at(at), m_cut(cut), m_lossesLeft(losses)
    {
        m_pair.reconnects = true;
        m_pair.onEvent = [this](const Event &event) { happened(event); };
        m_pair.onCut = [this] {
            if (--m_lossesLeft > 0)
                cutAt(RepeatAfter);
            else
                m_pair.cutToBroker = m_pair.cutToClient = std::nullopt;
        };
        if (m_at)
            cutAt(*m_at);
    }

    // Returns what is wrong, or nothing.
    QString go()
    {
        m_first = m_pair.client->addChannel(1);
        m_second = m_pair.client->addChannel(1);
        m_pair.open();
        setUp();
        m_pair.run();
        for (int i = 0; i < 60 && m_ended.size() < size_t(m_requests.size()); ++i)
            m_pair.pass(10s);
        publish(); // not before the queues are there
        for (int i = 0; i < 60 && !isDone(); ++i) {
            m_pair.pass(10s);
            goOn();
        }
        if (!isDone())
            object(u"not everything ended: %1"_s.arg(waitingFor()));
        check();
        return m_objections.isEmpty() ? QString() : m_objections.constFirst();
    }

    qint64 outward() const { return m_pair.toBroker.passed; }
    qint64 inward() const { return m_pair.toClient.passed; }
    int losses() const { return m_losses; }

private:
    static constexpr int RepeatAfter = 2500;
    static constexpr int Publishes = 50;
    static constexpr int StreamMessages = 20; // from FirstOfStream on
    static constexpr int FirstOfStream = 2000;
    static constexpr int PausedMessages = 5; // for a consumer that is paused
    static constexpr int FirstOfPaused = 3000;
    static constexpr int GotMessage = 4000; // is fetched by basic.get
    static constexpr int AllMessages = Publishes + StreamMessages + PausedMessages + 1;
    static constexpr int OwnMessage = 1000; // for the queue that the broker names

    static Broker::BrokerSettings settings()
    {
        Broker::BrokerSettings settings;
        settings.frameMax = FrameMax;
        return settings;
    }
    static QAmqpConnectionOptions options()
    {
        return QAmqpConnectionOptions().setHeartbeat(0s).setRetryPolicy(
                QAmqpRetryPolicy::endless());
    }

    void cutAt(qint64 at)
    {
        (m_cut == Cut::Inward ? m_pair.cutToClient : m_pair.cutToBroker) = at;
        m_pair.answersBeforeCut = m_cut == Cut::OutwardWithAnswers;
    }

    RequestId ask(const QString &what, RequestId id)
    {
        m_requests[id] = what;
        return id;
    }

    void setUp()
    {
        ExchangeDeclare exchange;
        exchange.exchange = "x";
        exchange.type = "direct";
        ask(u"exchange"_s, m_first->request(exchange));
        QueueDeclare durable;
        durable.queue = "durable";
        durable.durable = true;
        ask(u"durable queue"_s, m_first->request(durable));
        QueueDeclare own;
        own.exclusive = own.autoDelete = true;
        ask(u"own queue"_s, m_first->request(own));
        m_own = m_first->lastDeclared();
        QueueBind bind;
        bind.exchange = "x";
        bind.routingKey = "a";
        bind.queue = "durable";
        ask(u"binding"_s, m_first->request(bind));
        bind.routingKey = "b";
        ask(u"another binding"_s, m_first->request(bind));
        QueueBind bindOwn;
        bindOwn.exchange = "x";
        bindOwn.routingKey = "own";
        ask(u"binding of the own queue"_s, m_first->request(bindOwn, m_own));
        consume(m_second, "durable", "c1", 3);
        declareDurable("stream", true);
        declareDurable("paused", false);
        declareDurable("got", false);
        consume(m_second, "paused", "held", 0);
        QAmqpTable fromStart;
        fromStart.insert(u"x-stream-offset"_s, QAmqpValue(u"first"_s));
        const QByteArray arguments = encodeTable(fromStart);
        BasicConsume stream;
        stream.queue = "stream";
        stream.consumerTag = "s1";
        stream.arguments = arguments;
        m_consumers[m_second->consume(stream, {}, 4)] = "s1";
        BasicConsume method;
        method.consumerTag = "c2";
        m_consumers[m_first->consume(method, m_own, 7)] = "c2";
        m_first->selectConfirms();
    }
    void declareDurable(QByteArrayView name, bool isStream)
    {
        QAmqpTable type;
        if (isStream)
            type.insert(u"x-queue-type"_s, QAmqpValue(u"stream"_s));
        const QByteArray arguments = encodeTable(type);
        QueueDeclare method;
        method.queue = name;
        method.durable = true;
        method.arguments = arguments;
        ask(QString::fromUtf8(name), m_second->request(method));
    }
    void consume(ChannelCore *channel, QByteArrayView queue, QByteArrayView tag, quint16 prefetch)
    {
        BasicConsume method;
        method.queue = queue;
        method.consumerTag = tag;
        m_consumers[channel->consume(method, {}, prefetch)] = tag.toByteArray();
    }

    void publish()
    {
        for (int i = 1; i <= Publishes; ++i)
            publishOne(i);
        for (int i = 0; i < StreamMessages; ++i)
            publishOne(FirstOfStream + i);
        for (int i = 0; i < PausedMessages; ++i)
            publishOne(FirstOfPaused + i);
        publishOne(GotMessage);
        m_pair.run();
    }
    static QByteArray queueOf(int number)
    {
        if (number >= GotMessage)
            return "got";
        if (number >= FirstOfPaused)
            return "paused";
        return number >= FirstOfStream ? "stream" : QByteArray();
    }
    void publishOne(int number)
    {
        BasicPublish method;
        const QByteArray queue = queueOf(number); // by the default exchange
        method.exchange = queue.isEmpty() ? "x" : "";
        method.routingKey = number == OwnMessage ? "own" : number % 2 ? "a" : "b";
        if (!queue.isEmpty())
            method.routingKey = queue;
        const quint64 tag = m_first->publish(method, numbered(number, number % 20 == 0 ? 9000 : 0));
        if (tag <= m_lastTag)
            object(u"tag %1 came behind %2"_s.arg(tag).arg(m_lastTag));
        m_lastTag = tag;
        m_published[tag] = number;
        ++m_unsettled;
    }

    void happened(const Event &event)
    {
        if (const auto *replied = std::get_if<Replied>(&event))
            return ended(*replied);
        if (const auto *settled = std::get_if<Settled>(&event))
            return publishEnded(*settled);
        if (const auto *delivered = std::get_if<Delivered>(&event))
            return arrived(*delivered);
        if (const auto *got = std::get_if<Got>(&event)) {
            m_get = 0;
            return arrived(*got);
        }
        if (std::holds_alternative<ChannelLost>(event))
            return m_held.clear();
        if (std::holds_alternative<LinkLost>(event)) {
            ++m_losses;
            m_isRecovered = false;
        } else if (std::holds_alternative<Recovered>(event)) {
            m_isRecovered = true;
            const auto &report = std::get<Recovered>(event).report;
            for (const QAmqpError &skipped : report.skipped())
                object(u"skipped: "_s + skipped.text());
            for (const int number : std::exchange(m_again, {}))
                publishOne(number);
        } else if (const auto *closed = std::get_if<ChannelClosed>(&event)) {
            object(u"channel %1 closed: %2"_s.arg(closed->channel).arg(closed->error.text()));
        } else if (const auto *over = std::get_if<ConnectionClosed>(&event)) {
            object(u"the connection closed: "_s + over->error.text());
        } else if (const auto *cancelled = std::get_if<ConsumerCancelled>(&event)) {
            object(u"consumer %1 ended: %2"_s.arg(cancelled->consumer)
                           .arg(cancelled->reason.text()));
        }
    }

    void ended(const Replied &replied)
    {
        if (replied.request == m_get) {
            if (replied.error && replied.error.kind() != QAmqpError::Kind::Interrupted)
                object(u"get: "_s + replied.error.text());
            m_get = 0; // the queue was empty, or it is asked again
        }
        if (!m_requests.contains(replied.request))
            return;
        if (replied.error)
            object(m_requests[replied.request] + u": "_s + replied.error.text());
        if (!m_ended.insert(replied.request).second)
            object(m_requests[replied.request] + u" ended twice"_s);
    }

    void publishEnded(const Settled &settled)
    {
        for (quint64 tag = settled.firstTag; tag <= settled.lastTag; ++tag) {
            if (!m_published.contains(tag)) {
                object(u"publish %1 was settled twice"_s.arg(tag));
                continue;
            }
            const int number = m_published.take(tag);
            --m_unsettled;
            if (settled.outcome == Outcome::Confirmed)
                m_confirmed.insert(number);
            else if (settled.outcome == Outcome::Indeterminate)
                m_isRecovered ? publishOne(number) : m_again.append(number);
            else
                object(u"publish %1 was nacked"_s.arg(number));
        }
    }

    void arrived(const Delivered &delivered)
    {
        const int number = numberOf(delivered.message);
        if (queueOf(number) == "paused" && !m_isResumed)
            return m_held.append(delivered);
        show(delivered);
    }
    void show(const Delivered &delivered)
    {
        const int number = numberOf(delivered.message);
        if (!m_arrived.contains(number) || delivered.redelivered || m_losses > 0)
            m_arrived.insert(number);
        else
            object(u"message %1 came twice without a loss"_s.arg(number));
        ChannelCore *const channel = m_pair.client->channel(delivered.channel);
        const DeliveryMarkPointer mark(new DeliveryMark);
        mark->deliveryTag = delivered.deliveryTag;
        mark->generation = delivered.generation;
        channel->show(delivered.deliveryTag);
        channel->settle(mark, Settlement::Ack, number % 5 == 0);
    }

    // The paused consumer goes on, and one message is fetched.
    void goOn()
    {
        m_isResumed = true;
        for (const Delivered &delivered : std::exchange(m_held, {}))
            show(delivered);
        if (m_get == 0 && !m_arrived.contains(GotMessage)) {
            BasicGet method;
            method.queue = "got";
            m_get = m_second->request(method);
        }
    }

    bool isDone() const
    {
        return m_pair.client->state() == ConnectionState::Open && !m_pair.client->isRecovering()
                && m_ended.size() == size_t(m_requests.size()) && m_unsettled == 0
                && m_again.isEmpty() && m_arrived.size() == AllMessages;
    }
    QString waitingFor() const
    {
        return u"state %1, recovering %2, requests %3 of %4, %5 unsettled, %6 to publish again, %7 arrived, after %8 losses"_s
                .arg(int(m_pair.client->state()))
                .arg(m_pair.client->isRecovering())
                .arg(m_ended.size())
                .arg(m_requests.size())
                .arg(m_unsettled)
                .arg(m_again.size())
                .arg(m_arrived.size())
                .arg(m_losses);
    }

    // Everything is there: an own message for the own queue arrives too, and nothing is left in the queues.
    void check()
    {
        // What the own queue has goes with it when the link is lost.
        for (int i = 0; i < 60 && !m_arrived.contains(OwnMessage); ++i) {
            if (m_unsettled == 0 && m_again.isEmpty())
                publishOne(OwnMessage);
            m_pair.pass(10s);
        }
        if (!m_arrived.contains(OwnMessage))
            object(u"the own queue got nothing"_s);
        Broker::VirtualHost *const host = m_pair.broker.virtualHost("/");
        const auto expect = [&](const QByteArray &queue, qsizetype consumers) {
            const Broker::QueuePointer found = host->queue(queue);
            if (!found)
                return object(u"there is no queue %1"_s.arg(QString::fromUtf8(queue)));
            if (qsizetype(found->consumers().size()) != consumers)
                object(u"queue %1 has %2 consumers"_s.arg(QString::fromUtf8(queue))
                               .arg(found->consumers().size()));
            if (found->readyCount() + found->unacknowledgedCount() != 0)
                object(u"queue %1 has %2 messages"_s.arg(QString::fromUtf8(queue))
                               .arg(found->readyCount() + found->unacknowledgedCount()));
        };
        expect("durable", 1);
        expect("paused", 1);
        if (m_losses == 0) // else its acknowledgement may have been lost, and it waits there again
            expect("got", 0);
        expect(m_own->name, 1);
    }

    void object(const QString &what) { m_objections.append(what); }

    CorePair m_pair;
    const std::optional<qint64> m_at;
    const Cut m_cut;
    int m_lossesLeft;
    int m_losses = 0;
    bool m_isRecovered = true;
    ChannelCore *m_first = nullptr;
    ChannelCore *m_second = nullptr;
    QueueNamePointer m_own;
    QHash<RequestId, QString> m_requests;
    QHash<RequestId, QByteArray> m_consumers;
    std::set<RequestId> m_ended;
    QHash<quint64, int> m_published; // by tag, unsettled
    QList<int> m_again;
    int m_unsettled = 0;
    quint64 m_lastTag = 0;
    QSet<int> m_confirmed;
    QList<Delivered> m_held;
    bool m_isResumed = false;
    RequestId m_get = 0;
    QSet<int> m_arrived;
    QStringList m_objections;
};

} // namespace

class TestCuts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theSessionWorksWithoutACut();
    void nothingIsLostWhereverTheLinkIsCut_data();
    void nothingIsLostWhereverTheLinkIsCut();
};

void TestCuts::theSessionWorksWithoutACut()
{
    Session session(std::nullopt, Session::Cut::Outward, 0);
    QCOMPARE(session.go(), QString());
    QVERIFY(session.outward() > 10000);
}

void TestCuts::nothingIsLostWhereverTheLinkIsCut_data()
{
    QTest::addColumn<int>("cut");
    QTest::addColumn<int>("losses");
    QTest::newRow("outward") << int(Session::Cut::Outward) << 1;
    QTest::newRow("outward, with the answers to what had arrived")
            << int(Session::Cut::OutwardWithAnswers) << 1;
    QTest::newRow("inward") << int(Session::Cut::Inward) << 1;
    QTest::newRow("outward, twelve times") << int(Session::Cut::Outward) << 12;
    QTest::newRow("inward, twelve times") << int(Session::Cut::Inward) << 12;
}

void TestCuts::nothingIsLostWhereverTheLinkIsCut()
{
    QFETCH(const int, cut);
    QFETCH(const int, losses);
    const auto how = Session::Cut(cut);
    Session whole(std::nullopt, how, 0);
    QCOMPARE(whole.go(), QString());
    const qint64 bytes = how == Session::Cut::Inward ? whole.inward() : whole.outward();
    const QString one = qEnvironmentVariable("QTAMQP_CUT");
    const bool all = qEnvironmentVariable("QTAMQP_CUTS") == "all"_L1;
    const int sample = all ? int(bytes) : 150;
    std::minstd_rand random(std::random_device{}());
    for (int i = 0; i < sample; ++i) {
        const qint64 at = !one.isEmpty() ? one.toLongLong()
                : all                    ? i + 1
                                         : 1 + qint64(random() % quint32(bytes));
        Session session(at, how, losses);
        const QString objection = session.go();
        QVERIFY2(objection.isEmpty(), qPrintable(u"QTAMQP_CUT=%1: %2"_s.arg(at).arg(objection)));
        if (!one.isEmpty())
            return;
    }
}

QTAMQP_TEST(TestCuts)
#include "tst_cuts.moc"
