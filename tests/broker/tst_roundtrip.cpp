// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What goes into RabbitMQ comes out of it unchanged: bodies, names, properties, headers.

#include "everybroker.h"

#include <limits>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Property = QAmqpMessage::Property;

class TestRoundtrip : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void carriesBodies_data();
    void carriesBodies();
    void carriesBodiesInSmallFrames();
    void carriesQueueNames_data() { names(); }
    void carriesQueueNames();
    void carriesExchangeNamesAndRoutingKeys_data() { names(); }
    void carriesExchangeNamesAndRoutingKeys();
    void carriesConsumerTags_data() { names(); }
    void carriesConsumerTags();
    void refusesNamesThatAreTooLong();
    void carriesAllPropertiesTogether();
    void carriesEachPropertyAlone_data();
    void carriesEachPropertyAlone();
    void carriesMessageWithoutProperties();
    void carriesEachHeaderType_data();
    void carriesEachHeaderType();
    void carriesAllHeaderTypesTogether();
    void keepsOrderAndDuplicatesOfHeaders();
    void carriesArgumentsOfEachTypeToTheBroker();

private:
    static void names();
    static QAmqpTable everyHeader();
    void passThrough(const QAmqpMessage &message);

    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
    QString m_queue;
};

void TestRoundtrip::init()
{
    m_peer = std::make_unique<Peer>();
    m_channel = m_peer->channel();
    QVERIFY(m_peer->open());
    m_queue = uniqueName();
    VERIFY_OK(m_channel->declareQueue(m_queue, QAmqpQueueOptions().setExclusive()));
}

void TestRoundtrip::cleanup()
{
    if (!m_peer)
        return;
    QVERIFY(m_peer->close());
    QVERIFY(m_peer->errors.isEmpty());
    m_peer.reset();
}

// Sends the message twice, and gets it once with basic.get, once with basic.consume.
void TestRoundtrip::passThrough(const QAmqpMessage &message)
{
    VERIFY_OK(m_channel->publishConfirmed({}, m_queue, message, QAmqpChannel::Mandatory));
    VERIFY_OK(m_channel->publishConfirmed({}, m_queue, message, QAmqpChannel::Mandatory));

    const std::optional<QAmqpDelivery> got = fetch(m_channel, m_queue);
    QVERIFY(got);
    QVERIFY2(got->body() == message.body(), "basic.get gave another body");
    QVERIFY2(static_cast<const QAmqpMessage &>(*got) == message, "basic.get gave other properties");
    QCOMPARE(got->headers(), message.headers());
    QCOMPARE(got->remainingMessages(), 1U);
    QVERIFY(got->isSettled());

    const std::unique_ptr<QAmqpConsumer> consumer(m_channel->consume(m_queue));
    const ConsumerLog log(consumer.get(), true);
    QVERIFY(log.waitForMessages(1));
    const QAmqpDelivery &delivery = log.messages.constFirst();
    QVERIFY2(delivery.body() == message.body(), "basic.deliver gave another body");
    QVERIFY2(static_cast<const QAmqpMessage &>(delivery) == message,
             "basic.deliver gave other properties");
    QCOMPARE(delivery.headers(), message.headers());
    QCOMPARE(delivery.routingKey(), m_queue);
    QCOMPARE(delivery.exchange(), QString());
    VERIFY_OK(consumer->cancel());
}

void TestRoundtrip::carriesBodies_data()
{
    // Relative to what one body frame holds.
    QTest::addColumn<qsizetype>("size");
    QTest::addColumn<bool>("ofFrame");
    QTest::newRow("empty") << qsizetype(0) << false;
    QTest::newRow("one byte") << qsizetype(1) << false;
    QTest::newRow("4 KiB") << qsizetype(4096) << false;
    QTest::newRow("one byte less than a frame") << qsizetype(-1) << true;
    QTest::newRow("exactly one frame") << qsizetype(0) << true;
    QTest::newRow("one byte more than a frame") << qsizetype(1) << true;
    QTest::newRow("10 MiB") << qsizetype(10 * 1024 * 1024) << false;
}

void TestRoundtrip::carriesBodies()
{
    QFETCH(qsizetype, size);
    QFETCH(bool, ofFrame);
    if (ofFrame)
        size += qsizetype(m_peer->connection.frameMax()) - 8;
    QVERIFY(m_peer->connection.frameMax() > 8);
    passThrough(QAmqpMessage(bytes(size)));
}

void TestRoundtrip::carriesBodiesInSmallFrames()
{
    Peer small(options().setFrameMax(4096));
    QAmqpChannel *channel = small.channel();
    QVERIFY(small.open());
    QCOMPARE(small.connection.frameMax(), 4096U);
    const QString queue = uniqueName();
    VERIFY_OK(channel->declareQueue(queue, QAmqpQueueOptions().setExclusive()));
    for (const qsizetype size : {4087, 4088, 4089, 2 * 4088, 2 * 4088 + 1, 1000003}) {
        const QByteArray body = bytes(size, quint32(size));
        VERIFY_OK(channel->publishConfirmed({}, queue, body));
        const std::optional<QAmqpDelivery> got = fetch(channel, queue);
        QVERIFY(got);
        QVERIFY(got->body() == body);
    }
    QVERIFY(small.close());
    QVERIFY(small.errors.isEmpty());
}

void TestRoundtrip::names()
{
    QTest::addColumn<QString>("name");
    // A letter in front keeps it apart from amq. and from other tests' names.
    const auto row = [](const char *what, const QString &name) { QTest::newRow(what) << name; };
    row("1 byte", u"x"_s);
    row("127 bytes", QString(127, u'y'));
    row("128 bytes", QString(128, u'y'));
    row("255 bytes", QString(255, u'y'));
    row("non-ASCII", u"Grüße, 世界 \U0001F407 \u0001"_s);
    row("255 bytes of non-ASCII", QString(85, u'世'));
}

void TestRoundtrip::carriesQueueNames()
{
    QFETCH(QString, name);
    const auto declared = m_channel->declareQueue(name, exclusive);
    VERIFY_OK(declared);
    QCOMPARE(declared.result().name, name);
    VERIFY_OK(m_channel->publishConfirmed({}, name, "hello"_ba, QAmqpChannel::Mandatory));
    const std::optional<QAmqpDelivery> got = fetch(m_channel, name);
    QVERIFY(got);
    QCOMPARE(got->routingKey(), name);
    QCOMPARE(got->body(), "hello"_ba);
    VERIFY_OK(m_channel->deleteQueue(name));
}

void TestRoundtrip::carriesExchangeNamesAndRoutingKeys()
{
    QFETCH(QString, name);
    QAmqpExchange *exchange = m_channel->exchange(name);
    VERIFY_OK(exchange->declare(QAmqpExchange::Type::Direct));
    VERIFY_OK(m_channel->bindQueue(m_queue, name, name));
    VERIFY_OK(exchange->publishConfirmed(name, "hello"_ba, QAmqpChannel::Mandatory));
    const std::optional<QAmqpDelivery> got = fetch(m_channel, m_queue);
    QVERIFY(got);
    QCOMPARE(got->exchange(), name);
    QCOMPARE(got->routingKey(), name);
    VERIFY_OK(exchange->deleteExchange());
}

void TestRoundtrip::carriesConsumerTags()
{
    QFETCH(QString, name);
    const std::unique_ptr<QAmqpConsumer> consumer(
            m_channel->consume(m_queue, QAmqpConsumeOptions().setConsumerTag(name)));
    QCOMPARE(consumer->consumerTag(), name);
    const ConsumerLog log(consumer.get(), true);
    m_channel->publish({}, m_queue, "hello"_ba);
    QVERIFY(log.waitForMessages(1));
    QCOMPARE(log.started, 1);
    QCOMPARE(log.messages.constFirst().consumerTag(), name);
    VERIFY_OK(consumer->cancel());
}

void TestRoundtrip::refusesNamesThatAreTooLong()
{
    const QString tooLong = QString(254, u'y') + u'ü';
    VERIFY_ERROR(failure(m_channel->declareQueue(tooLong)), InvalidArgument, Operation, 0);
    VERIFY_ERROR(failure(m_channel->bindQueue(m_queue, tooLong)), InvalidArgument, Operation, 0);
    VERIFY_ERROR(failure(m_channel->bindQueue(m_queue, u"x"_s, tooLong)), InvalidArgument,
                 Operation, 0);
    VERIFY_ERROR(failure(m_channel->declareExchange(tooLong, u"fanout"_s)), InvalidArgument,
                 Operation, 0);
    VERIFY_ERROR(failure(m_channel->deleteQueue(tooLong)), InvalidArgument, Operation, 0);
    VERIFY_ERROR(failure(m_channel->get(tooLong)), InvalidArgument, Operation, 0);
    QCOMPARE(m_channel->publish(tooLong, {}, "x"_ba), 0U);
    VERIFY_ERROR(m_channel->lastError(), InvalidArgument, Operation, 0);
    QCOMPARE(m_channel->publish({}, tooLong, "x"_ba), 0U);
    QCOMPARE(m_channel->consume(m_queue, QAmqpConsumeOptions().setConsumerTag(tooLong))->state(),
             QAmqpConsumer::State::Cancelled);
    QVERIFY(!settled(m_channel)); // and the channel works on
}

static QAmqpMessage withEveryProperty(const QString &text)
{
    QAmqpMessage message("body"_ba);
    message.setContentType(text);
    message.setContentEncoding(text);
    message.setHeaders({{u"header"_s, text}});
    message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    message.setPriority(255);
    message.setCorrelationId(text);
    message.setReplyTo(text);
    message.setExpiration(1h);
    message.setMessageId(text);
    message.setTimestamp(QDateTime::fromSecsSinceEpoch(1700000000));
    message.setType(text);
    message.setUserId(u"guest"_s); // RabbitMQ checks it
    message.setAppId(text);
    message.setClusterId(text);
    return message;
}

void TestRoundtrip::carriesAllPropertiesTogether()
{
    for (const QString &text : {u"text"_s, u""_s, QString(255, u'x'), QString(127, u'ö')}) {
        const QAmqpMessage message = withEveryProperty(text);
        QCOMPARE(message.errorString(), QString());
        passThrough(message);
    }
    const QAmqpMessage message = withEveryProperty(u"text"_s);
    VERIFY_OK(m_channel->publishConfirmed({}, m_queue, message));
    const std::optional<QAmqpDelivery> got = fetch(m_channel, m_queue);
    QVERIFY(got);
    QCOMPARE(got->contentType(), u"text"_s);
    QCOMPARE(got->contentEncoding(), u"text"_s);
    QCOMPARE(got->headers().value(u"header"_s), QAmqpValue(u"text"_s));
    QCOMPARE(got->deliveryMode(), QAmqpMessage::DeliveryMode::Persistent);
    QCOMPARE(got->priority(), quint8(255));
    QCOMPARE(got->correlationId(), u"text"_s);
    QCOMPARE(got->replyTo(), u"text"_s);
    QCOMPARE(got->expiration(), u"3600000"_s);
    QCOMPARE(got->messageId(), u"text"_s);
    QCOMPARE(got->timestamp().toSecsSinceEpoch(), 1700000000);
    QCOMPARE(got->type(), u"text"_s);
    QCOMPARE(got->userId(), u"guest"_s);
    QCOMPARE(got->appId(), u"text"_s);
    QCOMPARE(got->clusterId(), u"text"_s);
}

void TestRoundtrip::carriesEachPropertyAlone_data()
{
    QTest::addColumn<QAmqpMessage>("message");
    QTest::addColumn<Property>("property");
    using Setter = void (QAmqpMessage::*)(const QString &);
    const std::tuple<const char *, Property, Setter> texts[] = {
            {"content-type", Property::ContentType, &QAmqpMessage::setContentType},
            {"content-encoding", Property::ContentEncoding, &QAmqpMessage::setContentEncoding},
            {"correlation-id", Property::CorrelationId, &QAmqpMessage::setCorrelationId},
            {"reply-to", Property::ReplyTo, &QAmqpMessage::setReplyTo},
            {"message-id", Property::MessageId, &QAmqpMessage::setMessageId},
            {"type", Property::Type, &QAmqpMessage::setType},
            {"app-id", Property::AppId, &QAmqpMessage::setAppId},
            {"cluster-id", Property::ClusterId, &QAmqpMessage::setClusterId},
    };
    for (const auto &[name, property, setter] : texts) {
        for (const auto &[what, value] : {std::pair{"empty", u""_s},
                                          {"short", u"x"_s},
                                          {"255 bytes", QString(255, u'x')},
                                          {"non-ASCII", u"Grüße, 世界 \U0001F407"_s}}) {
            QAmqpMessage message("body"_ba);
            (message.*setter)(value);
            QTest::addRow("%s: %s", name, what) << message << property;
        }
    }
    const auto row = [](const char *what, Property property, auto set) {
        QAmqpMessage message("body"_ba);
        set(message);
        QTest::newRow(what) << message << property;
    };
    using M = QAmqpMessage;
    row("empty headers", Property::Headers, [](M &m) { m.setHeaders({}); });
    row("headers", Property::Headers, [](M &m) { m.setHeaders({{u"a"_s, 1}}); });
    row("transient", Property::DeliveryMode,
        [](M &m) { m.setDeliveryMode(M::DeliveryMode::Transient); });
    row("persistent", Property::DeliveryMode,
        [](M &m) { m.setDeliveryMode(M::DeliveryMode::Persistent); });
    row("priority 0", Property::Priority, [](M &m) { m.setPriority(0); });
    row("priority 255", Property::Priority, [](M &m) { m.setPriority(255); });
    row("expiration", Property::Expiration, [](M &m) { m.setExpiration(24h); });
    row("the longest expiration", Property::Expiration,
        [](M &m) { m.setExpiration(u"4294967295"_s); });
    row("timestamp 0", Property::Timestamp,
        [](M &m) { m.setTimestamp(QDateTime::fromSecsSinceEpoch(0)); });
    row("timestamp after 2038", Property::Timestamp,
        [](M &m) { m.setTimestamp(QDateTime::fromSecsSinceEpoch(99999999999)); });
    row("user-id", Property::UserId, [](M &m) { m.setUserId(u"guest"_s); });
}

void TestRoundtrip::carriesEachPropertyAlone()
{
    QFETCH(QAmqpMessage, message);
    QFETCH(Property, property);
    QCOMPARE(message.errorString(), QString());
    QVERIFY(message.has(property));
    passThrough(message);
}

void TestRoundtrip::carriesMessageWithoutProperties()
{
    passThrough(QAmqpMessage());
    VERIFY_OK(m_channel->publishConfirmed({}, m_queue, QAmqpMessage()));
    const std::optional<QAmqpDelivery> got = fetch(m_channel, m_queue);
    QVERIFY(got);
    for (int bit = 2; bit < 16; ++bit)
        QVERIFY(!got->has(Property(1 << bit)));
}

// Finite numbers only: RabbitMQ's parser cannot take infinities, and closes the connection.
template<typename T>
static void addLimits(QAmqpTable &table, const QString &name)
{
    using Limits = std::numeric_limits<T>;
    table.insert(name + u" lowest"_s, Limits::lowest());
    table.insert(name + u" highest"_s, Limits::max());
    table.insert(name + u" zero"_s, T(0));
    table.insert(name + u" one"_s, T(1));
    if constexpr (Limits::is_signed)
        table.insert(name + u" minus one"_s, T(-1));
    if constexpr (!Limits::is_integer) {
        table.insert(name + u" smallest"_s, Limits::min());
        table.insert(name + u" denormal"_s, Limits::denorm_min());
        table.insert(name + u" minus zero"_s, T(-0.0));
        table.insert(name + u" a third"_s, T(1) / T(3));
    }
}

QAmqpTable TestRoundtrip::everyHeader()
{
    QAmqpTable table;
    table.insert(u"true"_s, true);
    table.insert(u"false"_s, false);
    addLimits<qint8>(table, u"int8"_s);
    addLimits<quint8>(table, u"uint8"_s);
    addLimits<qint16>(table, u"int16"_s);
    addLimits<quint16>(table, u"uint16"_s);
    addLimits<qint32>(table, u"int32"_s);
    addLimits<quint32>(table, u"uint32"_s);
    addLimits<qint64>(table, u"int64"_s);
    addLimits<float>(table, u"float"_s);
    addLimits<double>(table, u"double"_s);
    table.insert(u"decimal zero"_s, QAmqpDecimal{0, 0});
    table.insert(u"decimal"_s, QAmqpDecimal{2, 314});
    table.insert(u"decimal widest scale"_s, QAmqpDecimal{255, std::numeric_limits<qint32>::max()});
    table.insert(u"empty text"_s, u""_s);
    table.insert(u"text"_s, u"Grüße, 世界 \U0001F407"_s);
    table.insert(u"long text"_s, QString(30000, u'x'));
    table.insert(u"text that is not UTF-8"_s, QAmqpValue::string("\xff\xfe\x00\x80"_ba));
    table.insert(u"empty bytes"_s, QByteArray(""));
    table.insert(u"bytes"_s, bytes(300));
    table.insert(u"timestamp 0"_s, QAmqpValue::timestamp(0));
    table.insert(u"timestamp"_s, QDateTime::fromSecsSinceEpoch(1700000000));
    table.insert(u"last timestamp"_s, QAmqpValue::timestamp(std::numeric_limits<quint64>::max()));
    table.insert(u"void"_s, QAmqpValue::null());
    table.insert(u"empty array"_s, QList<QAmqpValue>());
    table.insert(u"array"_s,
                 QList<QAmqpValue>{true, qint8(1), u"x"_s, QAmqpValue::null(), 1.5,
                                   QByteArray("\0", 1),
                                   QList<QAmqpValue>{QAmqpDecimal{1, 2}, QAmqpTable{{u"a"_s, 1}}}});
    table.insert(u"empty table"_s, QAmqpTable());
    table.insert(u"table"_s, QAmqpTable{{u"a"_s, 1}, {u"b"_s, QAmqpTable{{u"c"_s, QAmqpTable()}}}});
    QAmqpValue deep = 1;
    for (int depth = 0; depth < 20; ++depth)
        deep = depth % 2
                ? QAmqpValue(QList<QAmqpValue>{deep, deep.type() == QAmqpValue::Type::Void})
                : QAmqpValue(QAmqpTable{{QString::number(depth), deep}});
    table.insert(u"deep"_s, deep);
    return table;
}

void TestRoundtrip::carriesEachHeaderType_data()
{
    QTest::addColumn<QAmqpTable>("headers");
    const QAmqpTable all = everyHeader();
    for (const auto &[name, value] : all.entries()) {
        QAmqpTable one;
        one.append(name, value);
        QTest::newRow(name.constData()) << one;
    }
}

void TestRoundtrip::carriesEachHeaderType()
{
    QFETCH(QAmqpTable, headers);
    QAmqpMessage message;
    message.setHeaders(headers);
    QCOMPARE(message.errorString(), QString());
    VERIFY_OK(m_channel->publishConfirmed({}, m_queue, message));
    const std::optional<QAmqpDelivery> got = fetch(m_channel, m_queue);
    QVERIFY(got);
    QCOMPARE(got->headers(), headers);
    QCOMPARE(got->bytes(Property::Headers), message.bytes(Property::Headers));
}

void TestRoundtrip::carriesAllHeaderTypesTogether()
{
    QAmqpMessage message("body"_ba);
    message.setHeaders(everyHeader());
    QCOMPARE(message.errorString(), QString());
    passThrough(message);
}

void TestRoundtrip::keepsOrderAndDuplicatesOfHeaders()
{
    QAmqpTable table;
    table.append("b", 1);
    table.append("a", u"first"_s);
    table.append("b", QAmqpValue::null());
    table.append("", u"the name is empty"_s);
    table.append("\xff not UTF-8 \x80", true);
    table.append("a", u"second"_s);
    table.append(QByteArray(255, 'n'), u"the name is long"_s);
    table.append("b", 1);
    QAmqpMessage message("body"_ba);
    message.setHeaders(table);
    QCOMPARE(message.errorString(), QString());
    passThrough(message);
}

// The broker reads these, where it only passed headers on.
void TestRoundtrip::carriesArgumentsOfEachTypeToTheBroker()
{
    for (const QAmqpValue &expires :
         {QAmqpValue(quint8(200)), QAmqpValue(qint16(30000)), QAmqpValue(quint16(60000)),
          QAmqpValue(qint32(3600000)), QAmqpValue(quint32(3600000)), QAmqpValue(qint64(3600000))}) {
        VERIFY_OK(m_channel->declareQueue(
                {}, QAmqpQueueOptions().setExclusive().setArgument(u"x-message-ttl"_s, expires)));
    }
    const auto options = QAmqpQueueOptions()
                                 .setExclusive()
                                 .setArgument(u"x-queue-mode"_s, u"lazy"_s)
                                 .setArgument(u"x-single-active-consumer"_s, true)
                                 .setArgument(u"x-unknown"_s, everyHeader());
    VERIFY_OK(m_channel->declareQueue({}, options));
}

QTAMQP_TEST(TestRoundtrip)
#include "tst_roundtrip.moc"
