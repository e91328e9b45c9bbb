// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is refused is refused alike by every broker: with the same code and words, in the name of the same method,
// and for the channel or for the connection.

#include "everybroker.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Queue = QAmqpQueueOptions;
using Exchange = QAmqpExchangeOptions;
using Ask = std::function<void(QAmqpChannel *)>;
Q_DECLARE_METATYPE(Ask)

class TestWords : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void refusals_data();
    void refusals();
};

static Ask declare(const QString &argument, const QAmqpValue &value, const Queue &options = Queue())
{
    return [=](QAmqpChannel *channel) {
        channel->declareQueue(u"q"_s, Queue(options).setArgument(argument, value));
    };
}

static Ask declareTwice(const Queue &first, const Queue &second)
{
    return [=](QAmqpChannel *channel) {
        channel->declareQueue(u"q"_s, Queue(first).setExclusive());
        channel->declareQueue(u"q"_s, Queue(second).setExclusive());
    };
}

static Ask consume(const Queue &options, const QString &argument, const QAmqpValue &value)
{
    return [=](QAmqpChannel *channel) {
        channel->declareQueue(u"q"_s, Queue(options).setExclusive());
        channel->consume(u"q"_s, QAmqpConsumeOptions().setArgument(argument, value));
    };
}

static Ask publish(const std::function<void(QAmqpMessage &)> &change)
{
    return [=](QAmqpChannel *channel) {
        QAmqpMessage message("x");
        change(message);
        channel->publish({}, u"nowhere"_s, message);
    };
}

static void addArguments(
        const std::function<void(const char *, const Ask &, const QByteArray &)> &row)
{
    const auto queue = [](const char *argument) {
        return "PRECONDITION_FAILED - invalid arg '" + QByteArray(argument)
                + "' for queue 'q' in vhost 'V'";
    };
    const auto durable = Queue().setDurable();
    const auto quorum = Queue(durable).setType(Queue::Type::Quorum);
    const auto stream = Queue(durable).setType(Queue::Type::Stream);
    row("negative", declare(u"x-message-ttl"_s, -1),
        queue("x-message-ttl") + ": {value_negative,-1}");
    row("no number", declare(u"x-max-length"_s, u"a"_s),
        queue("x-max-length") + ": \"expected integer, got longstr\"");
    row("zero", declare(u"x-expires"_s, 0), queue("x-expires") + ": {value_zero,0}");
    row("too large", declare(u"x-expires"_s, 315'360'000'001),
        queue("x-expires") + ": {value_too_large,315360000001}");
    row("priorities", declare(u"x-max-priority"_s, 256),
        queue("x-max-priority") + ": {max_value_exceeded,256}");
    row("overflow", declare(u"x-overflow"_s, u"bad"_s), queue("x-overflow") + ": invalid_overflow");
    row("mode", declare(u"x-queue-mode"_s, u"bad"_s),
        queue("x-queue-mode") + ": \"unsupported queue mode 'bad'\"");
    row("type", declare(u"x-queue-type"_s, u"bad"_s),
        queue("x-queue-type") + ": \"unsupported queue type 'bad'\"");
    row("flag", declare(u"x-single-active-consumer"_s, 1),
        queue("x-single-active-consumer") + ": {unacceptable_type,signedint}");
    row("exchange of dead letters", declare(u"x-dead-letter-exchange"_s, 1),
        "PRECONDITION_FAILED - invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost 'V'");
    row("key without exchange", declare(u"x-dead-letter-routing-key"_s, u"k"_s),
        queue("x-dead-letter-routing-key") + ": routing_key_but_no_dlx_defined");
    row("not of classic queues", declare(u"x-delivery-limit"_s, 1),
        queue("x-delivery-limit") + " of queue type rabbit_classic_queue");
    row("not of quorum queues", declare(u"x-max-priority"_s, 1, quorum),
        queue("x-max-priority") + " of queue type rabbit_quorum_queue");
    row("not of streams", declare(u"x-message-ttl"_s, 1, stream),
        queue("x-message-ttl") + " of queue type rabbit_stream_queue");
    row("age of streams", declare(u"x-max-age"_s, u"1x"_s, stream),
        queue("x-max-age") + ": invalid_max_age");
    row("transient quorum queue", declare(u"x-queue-type"_s, u"quorum"_s),
        "PRECONDITION_FAILED - invalid property 'non-durable' for queue 'q' in vhost 'V'");

    const auto other = [](const char *argument) {
        return "PRECONDITION_FAILED - inequivalent arg '" + QByteArray(argument)
                + "' for queue 'q' in vhost 'V': ";
    };
    row("another flag", declareTwice(Queue(), Queue().setAutoDelete()),
        other("auto_delete") + "received 'true' but current is 'false'");
    row("another value", declareTwice(Queue().setMaxLength(5), Queue().setMaxLength(6)),
        other("x-max-length") + "received '6' but current is '5'");
    row("a value that would be refused",
        declareTwice(Queue(), Queue().setArgument(u"x-message-ttl"_s, -1)),
        other("x-message-ttl") + "received the value '-1' of type 'signedint' but current is none");
    row("no value", declareTwice(Queue().setDeadLetterExchange(u"a"_s), Queue()),
        other("x-dead-letter-exchange")
                + "received none but current is the value 'a' of type 'longstr'");

    row("priority of a consumer", consume(Queue(), u"x-priority"_s, u"a"_s),
        queue("x-priority") + ": \"expected integer, got longstr\"");
    row("offset in a classic queue", consume(Queue(), u"x-stream-offset"_s, u"first"_s),
        queue("x-stream-offset") + " of queue type rabbit_classic_queue");
}

static void addTopology(
        const std::function<void(const char *, const Ask &, const QByteArray &)> &row)
{
    row(
            "missing source before missing queue",
            [](auto *c) { c->bindQueue(u"none"_s, u"nowhere"_s, {}); },
            "NOT_FOUND - no exchange 'nowhere' in vhost 'V'");
    row(
            "match of headers",
            [](auto *c) {
                c->declareQueue(u"q"_s, exclusive);
                c->bindQueue(u"q"_s, u"amq.headers"_s, {}, {{u"x-match"_s, u"bad"_s}});
            },
            "PRECONDITION_FAILED - Invalid x-match field value <<\"bad\">>; expected all, any, all-with-x, or any-with-x");
    row(
            "deletion of a system exchange", [](auto *c) { c->deleteExchange(u"amq.direct"_s); },
            "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost 'V' not allowed");
    row(
            "exchange type", [](auto *c) { c->declareExchange(u"e"_s, u"bad"_s); },
            "COMMAND_INVALID - invalid exchange type 'bad'");
    row(
            "alternate exchange",
            [](auto *c) {
                c->declareExchange(u"e"_s, u"direct"_s,
                                   Exchange().setArgument(u"alternate-exchange"_s, 1));
            },
            "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange 'e' in vhost 'V'");
    row(
            "a long name", [](auto *c) { c->declareQueue(QString(250, u'm'), passive); },
            "NOT_FOUND - no queue '" + QByteArray(230, 'm') + "...");
    row(
            "exclusive beside a single active consumer",
            [](auto *c) {
                c->declareQueue(u"q"_s, Queue().setExclusive().setSingleActiveConsumer());
                c->consume(u"q"_s, QAmqpConsumeOptions().setExclusive());
            },
            "ACCESS_REFUSED - queue 'q' in vhost 'V' in exclusive use");
}

static void addPublishes(
        const std::function<void(const char *, const Ask &, const QByteArray &)> &row)
{
    const auto expiration = [](const QString &text) {
        return publish([=](QAmqpMessage &message) { message.setExpiration(text); });
    };
    row("lifetime that is none", expiration(u"abc"_s),
        "PRECONDITION_FAILED - invalid expiration 'abc': no_integer");
    row("lifetime with a rest", expiration(u"1.5"_s),
        "PRECONDITION_FAILED - invalid expiration '1.5': {leftover_string,\".5\"}");
    row("negative lifetime", expiration(u"-1"_s),
        "PRECONDITION_FAILED - invalid expiration '-1': {value_negative,-1}");
    row("copies", publish([](QAmqpMessage &message) {
            message.setHeaders({{u"CC"_s, u"a"_s}});
        }),
        "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"CC\",longstr}");
    row("another user", publish([](QAmqpMessage &message) { message.setUserId(u"other"_s); }),
        "PRECONDITION_FAILED - user_id property set to 'other' but authenticated user was 'guest'");
    row("reply without consumer",
        publish([](QAmqpMessage &message) { message.setReplyTo(u"amq.rabbitmq.reply-to"_s); }),
        "PRECONDITION_FAILED - fast reply consumer does not exist");
    row(
            "internal exchange",
            [](auto *c) {
                c->declareExchange(u"inner"_s, u"direct"_s,
                                   Exchange().setInternal().setAutoDelete());
                c->declareQueue(u"q"_s, exclusive);
                c->bindQueue(u"q"_s, u"inner"_s, {}); // it goes with it
                c->publish(u"inner"_s, {}, "x"_ba);
            },
            "ACCESS_REFUSED - cannot publish to internal exchange 'inner' in vhost 'V'");
}

void TestWords::refusals_data()
{
    QTest::addColumn<Ask>("ask");
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char *name, const Ask &ask, const QByteArray &text) {
        QTest::newRow(name) << ask << text;
    };
    addArguments(row);
    addTopology(row);
    addPublishes(row);
}

void TestWords::refusals()
{
    QFETCH(Ask, ask);
    QFETCH(QByteArray, text);
    Peer peer;
    QAmqpChannel *channel = peer.channel();
    QVERIFY(peer.open());
    ask(channel);
    QVERIFY(waitFor([&] { return channel->lastError().isError(); }));
    const QAmqpError error = channel->lastError();
    const QString host = u"vhost '%1'"_s.arg(virtualHost());
    QCOMPARE(error.replyText().replace(host, u"vhost 'V'"_s).toUtf8(), text);
    QVERIFY(!error.method().isEmpty());
    const bool isOfConnection = text.startsWith("COMMAND_INVALID");
    QCOMPARE(error.scope(),
             isOfConnection ? QAmqpError::Scope::Connection : QAmqpError::Scope::Channel);
    if (!isOfConnection)
        QVERIFY(peer.close());
}

QTAMQP_TEST(TestWords)
#include "tst_words.moc"
