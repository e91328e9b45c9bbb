// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How often memory is allocated for a message, through the public API. A count is the same on every machine, so that
// what makes messages cost more is seen without measuring time. The limits in the tables are what is allowed for one
// message, with some room for what is allocated once for many of them; lower them when the library gets better.

#include "counts/allocations.h"
#include "counts/cannedtransport.h"
#include "testmain.h"

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpConsumer>

#include <vector>

using namespace QtAmqpPrivate;
using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

namespace {

constexpr int FrameMax = 131072;
constexpr int Kept = 1000; // deliveries that a slot keeps

enum class Form { Plain, WithProperties, OwnKeys };

QAmqpMessage makeMessage(int size, Form form)
{
    QAmqpMessage message(QByteArray(size, 'x'));
    if (form == Form::WithProperties) {
        message.setContentType(u"application/json"_s);
        message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
        message.setMessageId(u"0f8fad5b-d9cb-469f-a165-70867728950e"_s);
        message.setTimestamp(QDateTime::fromSecsSinceEpoch(1'700'000'000));
        message.setHeaders(
                {{u"tenant"_s, u"example"_s}, {u"attempt"_s, 1}, {u"trace"_s, u"4bf92f35"_s}});
    }
    return message;
}

// A connection that is open, with a channel.
class Session
{
public:
    Session()
    {
        auto owned = std::make_unique<CannedTransport>();
        transport = owned.get();
        connection.setTransport(std::move(owned));
        channel = connection.createChannel();
        connection.open();
        transport->play();
    }

    QAmqpConnection connection;
    CannedTransport *transport = nullptr;
    QAmqpChannel *channel = nullptr;
};

// How many messages are counted: enough for what is allocated now and then to show, and few enough for a short test.
int countedOf(int size) { return size > 65536 ? 20 : size == 65536 ? 200 : 4000; }

// How many come first, so that whatever is kept is there, and so many are kept as a slot keeps.
int uncountedOf(int size) { return size >= 65536 ? 20 : Kept; }

// How many are received, or published, in one turn of the event loop.
int inOneTurnOf(int size) { return size > 65536 ? 1 : size == 65536 ? 4 : 500; }

QStringList routingKeys(int count, Form form)
{
    QStringList keys(count, u"key"_s);
    for (int i = 0; form == Form::OwnKeys && i < count; ++i)
        keys[i] += QString::number(i);
    return keys;
}

QByteArray deliveryFrames(const QByteArray &consumerTag, quint64 tag, Form form,
                          const QByteArray &content)
{
    const QByteArray key = form == Form::OwnKeys ? "key-" + QByteArray::number(tag) : "key"_ba;
    BasicDeliver method;
    method.consumerTag = QByteArrayView(consumerTag);
    method.deliveryTag = tag;
    method.routingKey = QByteArrayView(key);
    return methodFrame(method, 1) + content;
}

} // namespace

class TestAllocations : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!countsAllocations)
            QSKIP("Allocations cannot be counted in this build: a sanitizer replaces malloc(), or the C library is "
                  "not glibc.");
    }

    // If nothing were counted every limit would hold.
    void allocationsAreCounted()
    {
        const unsigned long before = allocationCount();
        const QByteArray bytes(1000, 'x');
        const auto number = std::make_unique<int>(1);
        QCOMPARE(allocationCount() - before, 2UL);
    }

    void deliveriesAllocateLittle_data();
    void deliveriesAllocateLittle();
    void publishesAllocateLittle_data();
    void publishesAllocateLittle();
    void confirmsAllocateLittle_data();
    void confirmsAllocateLittle();

private:
    static void check(unsigned long allocated, int messages, double limit)
    {
        const double each = double(allocated) / messages;
        qInfo("%s: %.3f for each message, %.3f allowed", QTest::currentDataTag(), each, limit);
        QVERIFY2(each <= limit, "a message costs more allocations than it may");
    }
};

enum class Slot { OnlyCounts, Acknowledges, Keeps };
Q_DECLARE_METATYPE(Form)
Q_DECLARE_METATYPE(Slot)

void TestAllocations::deliveriesAllocateLittle_data()
{
    QTest::addColumn<int>("size");
    QTest::addColumn<Form>("form");
    QTest::addColumn<Slot>("slot");
    QTest::addColumn<double>("limit");
    // clang-format off
    QTest::newRow("16 B")                    << 16      << Form::Plain          << Slot::OnlyCounts   << 0.01;
    QTest::newRow("1 KiB")                   << 1024    << Form::Plain          << Slot::OnlyCounts   << 0.01;
    QTest::newRow("64 KiB")                  << 65536   << Form::Plain          << Slot::OnlyCounts   << 0.05;
    QTest::newRow("1 MiB")                   << 1048576 << Form::Plain          << Slot::OnlyCounts   << 1.10;
    QTest::newRow("another routing key each") << 16     << Form::OwnKeys        << Slot::OnlyCounts   << 0.01;
    QTest::newRow("with properties")         << 16      << Form::WithProperties << Slot::OnlyCounts   << 0.01;
    QTest::newRow("16 B, acknowledged")      << 16      << Form::Plain          << Slot::Acknowledges << 0.05;
    QTest::newRow("1 KiB, acknowledged")     << 1024    << Form::Plain          << Slot::Acknowledges << 0.05;
    QTest::newRow("64 KiB, acknowledged")    << 65536   << Form::Plain          << Slot::Acknowledges << 0.35;
    QTest::newRow("16 B, the last 1,000 kept")  << 16   << Form::Plain          << Slot::Keeps        << 3.05;
    QTest::newRow("1 KiB, the last 1,000 kept") << 1024 << Form::Plain          << Slot::Keeps        << 3.05;
    // clang-format on
}

void TestAllocations::deliveriesAllocateLittle()
{
    QFETCH(int, size);
    QFETCH(Form, form);
    QFETCH(Slot, slot);
    QFETCH(double, limit);
    Session session;
    QAmqpConsumer *consumer = session.channel->consume(
            u"q"_s, QAmqpConsumeOptions().setNoAck(slot != Slot::Acknowledges));
    int received = 0;
    std::vector<QAmqpDelivery> kept(Kept);
    connect(consumer, &QAmqpConsumer::messageReceived, this, [&](const QAmqpDelivery &delivery) {
        if (slot == Slot::Acknowledges)
            delivery.ack();
        else if (slot == Slot::Keeps)
            kept[size_t(received) % kept.size()] = delivery;
        ++received;
    });
    session.transport->play();
    QVERIFY(consumer->isActive());
    session.transport->mute();

    const QByteArray content = contentFrames(1, makeMessage(size, form), FrameMax);
    const QByteArray consumerTag = consumer->consumerTag().toUtf8();
    const int messages = countedOf(size);
    const int before = uncountedOf(size);
    unsigned long allocated = 0;
    for (int done = 0; done < before + messages;) {
        QByteArray bytes;
        for (int i = 0; i < inOneTurnOf(size); ++i)
            bytes += deliveryFrames(consumerTag, quint64(++done), form, content);
        const unsigned long start = allocationCount();
        session.transport->play(bytes);
        if (done > before)
            allocated += allocationCount() - start;
    }
    QCOMPARE(received, before + messages);
    check(allocated, messages, limit);
}

void TestAllocations::publishesAllocateLittle_data()
{
    QTest::addColumn<int>("size");
    QTest::addColumn<Form>("form");
    QTest::addColumn<bool>("fresh");
    QTest::addColumn<double>("limit");
    // clang-format off
    QTest::newRow("16 B")                     << 16      << Form::Plain          << false << 0.01;
    QTest::newRow("1 KiB")                    << 1024    << Form::Plain          << false << 0.03;
    QTest::newRow("64 KiB")                   << 65536   << Form::Plain          << false << 0.35;
    QTest::newRow("1 MiB")                    << 1048576 << Form::Plain          << false << 9.50;
    QTest::newRow("another routing key each") << 16      << Form::OwnKeys        << false << 1.01;
    QTest::newRow("with properties")          << 16      << Form::WithProperties << false << 0.01;
    QTest::newRow("16 B, a new message each") << 16      << Form::Plain          << true  << 2.01;
    // clang-format on
}

void TestAllocations::publishesAllocateLittle()
{
    QFETCH(int, size);
    QFETCH(Form, form);
    QFETCH(bool, fresh);
    QFETCH(double, limit);
    Session session;
    session.channel->setConfirms(false);
    session.transport->play();
    session.transport->mute();
    const QAmqpMessage message = makeMessage(size, form);
    const int messages = countedOf(size);
    const int before = uncountedOf(size);
    const QStringList keys = routingKeys(before + messages, form);
    unsigned long start = 0;
    for (int i = 0; i < keys.size(); ++i) {
        if (i == before)
            start = allocationCount();
        session.channel->publish({}, keys.at(i),
                                 fresh ? QAmqpMessage(QByteArray(size, 'x')) : message);
        if (i % inOneTurnOf(size) == 0 || !session.channel->isReadyToPublish())
            session.transport->play();
    }
    session.transport->play();
    const unsigned long allocated = allocationCount() - start;
    QVERIFY(session.transport->written > qint64(messages) * size);
    check(allocated, messages, limit);
}

void TestAllocations::confirmsAllocateLittle_data()
{
    QTest::addColumn<int>("size");
    QTest::addColumn<int>("inOneConfirm");
    QTest::addColumn<bool>("futures");
    QTest::addColumn<double>("limit");
    // clang-format off
    QTest::newRow("16 B, by 100")            << 16    << 100 << false << 0.05;
    QTest::newRow("16 B, one by one")        << 16    << 1   << false << 0.06;
    QTest::newRow("1 KiB, by 100")           << 1024  << 100 << false << 0.06;
    QTest::newRow("64 KiB, by 100")          << 65536 << 100 << false << 0.06;
    QTest::newRow("1 KiB, a future each")    << 1024  << 100 << true  << 10.30;
    // clang-format on
}

void TestAllocations::confirmsAllocateLittle()
{
    QFETCH(int, size);
    QFETCH(int, inOneConfirm);
    QFETCH(bool, futures);
    QFETCH(double, limit);
    Session session;
    int confirmed = 0;
    connect(session.channel, &QAmqpChannel::confirmed, this,
            [&](quint64 first, quint64 last) { confirmed += int(last - first + 1); });
    session.transport->mute();
    const QAmqpMessage message = makeMessage(size, Form::Plain);
    const QString key = u"key"_s;
    const int messages = countedOf(size);
    unsigned long allocated = 0;
    for (int done = 0; done < 100 + messages;) {
        QByteArray confirms;
        for (int i = inOneConfirm; i <= 100; i += inOneConfirm)
            confirms += methodFrame(BasicAck{quint64(done + i), inOneConfirm > 1}, 1);
        const unsigned long start = allocationCount();
        for (int i = 0; i < 100; ++i) {
            if (futures)
                session.channel->publishConfirmed({}, key, message);
            else
                session.channel->publish({}, key, message);
        }
        session.transport->play();
        session.transport->play(confirms);
        if (done > 0)
            allocated += allocationCount() - start;
        done += 100;
    }
    QCOMPARE(confirmed, 100 + messages);
    check(allocated, messages, limit);
}

QTAMQP_TEST(TestAllocations)
#include "tst_allocations.moc"
