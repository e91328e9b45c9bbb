// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"
#include "values/qamqpoperationoptions_p.h"

#include <QtAmqp/qamqpoperationoptions.h>

#include <QtCore/qdatetime.h>
#include <QtCore/qdebug.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Queue = QAmqpQueueOptions;
using Exchange = QAmqpExchangeOptions;
using Consume = QAmqpConsumeOptions;
using Type = QAmqpValue::Type;

namespace {

template<typename T>
QString printed(const T &value)
{
    QString text;
    QDebug(&text) << value;
    return text.trimmed();
}

// One flag: off by default, set by its setter (on without an argument), compared, printed.
template<typename Options>
void checkFlag(bool (Options::*is)() const, Options &(Options::*set)(bool), const char *name,
               bool saysOff = false) // which is not the same as to say nothing
{
    Options options;
    QVERIFY2(!(options.*is)(), name);
    const Options before(options);
    QVERIFY2(&(options.*set)(true) == &options, name);
    QVERIFY2((options.*is)(), name);
    QVERIFY2(!(before.*is)(), name);
    QVERIFY2(options != before && !(options == before), name);
    QVERIFY2(printed(options).contains(QString::fromLatin1(name)), name);
    QVERIFY2(!printed(before).contains(QString::fromLatin1(name)), name);
    (options.*set)(true);
    QVERIFY2((options.*is)(), name);
    (options.*set)(false);
    QVERIFY2(!(options.*is)(), name);
    QCOMPARE(options != before, saysOff);
    QCOMPARE(printed(options).contains(u"not "_s + QString::fromLatin1(name)), saysOff);
}

template<typename Options>
void checkValue()
{
    Options one;
    QVERIFY(one.arguments().isEmpty());
    one.setArgument(u"a"_s, 1).setArgument(u"b"_s, u"text"_s).setArgument(u"a"_s, 2);
    QCOMPARE(one.arguments(), QAmqpTable({{u"a"_s, 2}, {u"b"_s, u"text"_s}}));
    QVERIFY(one != Options());
    QVERIFY(printed(one).contains("arguments"_L1));

    const Options two(one);
    one.setArguments({});
    QVERIFY(one == Options());
    QCOMPARE(two.arguments().size(), 2);
    QVERIFY(Options().setArguments(two.arguments()) == two);

    Options three(std::move(one));
    QVERIFY(three == Options());
    three = two;
    QVERIFY(three == two);
    one = std::move(three);
    QVERIFY(one == two);
}

} // namespace

class TestOperationOptions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // Nobody would find it again to delete it, unless it was said that it is to stay.
    void aQueueWithoutANameIsTheConnectionsOwn()
    {
        const auto flags = [](const Queue &options, const QString &name = QString()) {
            const Queue used = QAmqpOperationOptionsPrivate::forName(options, name);
            return std::pair(used.isExclusive(), used.isAutoDelete());
        };
        const std::pair both(true, true);
        const std::pair none(false, false);
        QCOMPARE(flags(Queue()), both);
        QCOMPARE(flags(Queue().setMaxLength(5)), both);
        QCOMPARE(flags(Queue().setType(Queue::Type::Classic)), both);
        QCOMPARE(flags(Queue().setExclusive()), both);
        QCOMPARE(flags(Queue().setAutoDelete(false)), std::pair(true, false));
        QCOMPARE(flags(Queue().setExclusive(false)), std::pair(false, true));
        QCOMPARE(flags(Queue().setExclusive(false).setAutoDelete(false)), none);
        QCOMPARE(flags(Queue(), u"q"_s), none);
        QCOMPARE(flags(Queue().setPassive()), none);
        QCOMPARE(flags(Queue().setDurable()), none);
        QCOMPARE(flags(Queue().setDurable().setExclusive()), std::pair(true, false));
        QCOMPARE(flags(Queue().setType(Queue::Type::Quorum)), none);
        QCOMPARE(flags(Queue().setType(Queue::Type::Stream)), none);
    }

    void queueFlagsAreIndependent()
    {
        using Q = QAmqpQueueOptions;
        checkFlag(&Q::isPassive, &Q::setPassive, "passive");
        checkFlag(&Q::isDurable, &Q::setDurable, "durable");
        checkFlag(&Q::isExclusive, &Q::setExclusive, "exclusive", true);
        checkFlag(&Q::isAutoDelete, &Q::setAutoDelete, "auto-delete", true);
        const Q all = Q().setPassive().setDurable().setExclusive().setAutoDelete();
        QVERIFY(all.isPassive() && all.isDurable() && all.isExclusive() && all.isAutoDelete());
        QVERIFY(!Q(all).setExclusive(false).isExclusive());
        QVERIFY(Q(all).setExclusive(false).isDurable());
    }

    void exchangeFlagsAreIndependent()
    {
        using E = QAmqpExchangeOptions;
        checkFlag(&E::isPassive, &E::setPassive, "passive");
        checkFlag(&E::isDurable, &E::setDurable, "durable");
        checkFlag(&E::isAutoDelete, &E::setAutoDelete, "auto-delete");
        checkFlag(&E::isInternal, &E::setInternal, "internal");
        const E all = E().setPassive().setDurable().setAutoDelete().setInternal();
        QVERIFY(all.isPassive() && all.isDurable() && all.isAutoDelete() && all.isInternal());
    }

    void consumeFlagsAreIndependent()
    {
        using C = QAmqpConsumeOptions;
        checkFlag(&C::isNoAck, &C::setNoAck, "no-ack");
        checkFlag(&C::isNoLocal, &C::setNoLocal, "no-local");
        checkFlag(&C::isExclusive, &C::setExclusive, "exclusive");
        const C all = C().setNoAck().setNoLocal().setExclusive();
        QVERIFY(all.isNoAck() && all.isNoLocal() && all.isExclusive());
    }

    void argumentsAreValues()
    {
        checkValue<QAmqpQueueOptions>();
        checkValue<QAmqpExchangeOptions>();
        checkValue<QAmqpConsumeOptions>();
    }

    void consumersHaveATagAndAPrefetch()
    {
        QAmqpConsumeOptions options;
        QCOMPARE(options.prefetch(), quint16(250));
        QVERIFY(!options.hasPrefetch()); // that of the channel, then
        QVERIFY(options != QAmqpConsumeOptions().setPrefetch(250));
        QCOMPARE(options.consumerTag(), QString());
        options.setPrefetch(0).setConsumerTag(u"tag"_s);
        QCOMPARE(options.prefetch(), quint16(0));
        QCOMPARE(options.consumerTag(), u"tag"_s);
        QVERIFY(options != QAmqpConsumeOptions().setPrefetch(0));
        QVERIFY(options != QAmqpConsumeOptions().setConsumerTag(u"tag"_s));
        QCOMPARE(options, QAmqpConsumeOptions().setConsumerTag(u"tag"_s).setPrefetch(0));
    }

    void printsForPeople()
    {
        QCOMPARE(printed(QAmqpQueueOptions()), u"QAmqpQueueOptions()"_s);
        QCOMPARE(printed(QAmqpQueueOptions().setDurable().setExclusive()),
                 u"QAmqpQueueOptions(durable, exclusive)"_s);
        QCOMPARE(printed(QAmqpExchangeOptions().setInternal()),
                 u"QAmqpExchangeOptions(internal)"_s);
        QCOMPARE(printed(QAmqpConsumeOptions().setConsumerTag(u"t"_s)),
                 u"QAmqpConsumeOptions(tag \"t\")"_s);
        QCOMPARE(printed(QAmqpConsumeOptions().setConsumerTag(u"t"_s).setPrefetch(9)),
                 u"QAmqpConsumeOptions(tag \"t\", prefetch 9)"_s);
        QCOMPARE(printed(QAmqpConsumeOptions().setConsumerTag(u"t"_s).setNoAck()),
                 u"QAmqpConsumeOptions(tag \"t\", no-ack)"_s);
    }

    // Each helper sets the one argument that RabbitMQ knows, with the type it wants.
    void argumentsHaveTheirNamesAndTypes_data()
    {
        QTest::addColumn<QAmqpTable>("arguments");
        QTest::addColumn<QString>("name");
        QTest::addColumn<QAmqpValue>("value");
        const auto row = [](const char *title, const auto &options, const QString &name,
                            const QAmqpValue &value) {
            QTest::newRow(title) << options.arguments() << name << value;
        };
        row("classic", Queue().setType(Queue::Type::Classic), u"x-queue-type"_s, "classic");
        row("quorum", Queue().setType(Queue::Type::Quorum), u"x-queue-type"_s, "quorum");
        row("stream", Queue().setType(Queue::Type::Stream), u"x-queue-type"_s, "stream");
        row("ttl", Queue().setMessageTtl(90s), u"x-message-ttl"_s, qint64(90000));
        row("ttl 0", Queue().setMessageTtl(0ms), u"x-message-ttl"_s, qint64(0));
        row("longest ttl", Queue().setMessageTtl(4294967295ms), u"x-message-ttl"_s,
            qint64(4294967295));
        row("expires", Queue().setExpires(1ms), u"x-expires"_s, qint64(1));
        row("max length", Queue().setMaxLength(10), u"x-max-length"_s, qint64(10));
        row("max length bytes", Queue().setMaxLengthBytes(9223372036854775807),
            u"x-max-length-bytes"_s, qint64(9223372036854775807));
        row("max age", Queue().setMaxAge(24h), u"x-max-age"_s, "86400s");
        row("drop", Queue().setOverflow(Queue::Overflow::DropHead), u"x-overflow"_s, "drop-head");
        row("reject", Queue().setOverflow(Queue::Overflow::RejectPublish), u"x-overflow"_s,
            "reject-publish");
        row("reject and dead-letter", Queue().setOverflow(Queue::Overflow::RejectPublishDlx),
            u"x-overflow"_s, "reject-publish-dlx");
        row("dead letters", Queue().setDeadLetterExchange(u"dé"_s), u"x-dead-letter-exchange"_s,
            "dé");
        row("dead letters to the default exchange", Queue().setDeadLetterExchange({}),
            u"x-dead-letter-exchange"_s, "");
        row("dead letters' key", Queue().setDeadLetterRoutingKey(u"k"_s),
            u"x-dead-letter-routing-key"_s, "k");
        row("single", Queue().setSingleActiveConsumer(), u"x-single-active-consumer"_s, true);
        row("not single", Queue().setSingleActiveConsumer(false), u"x-single-active-consumer"_s,
            false);
        row("deliveries", Queue().setDeliveryLimit(0), u"x-delivery-limit"_s, qint64(0));
        row("priorities", Queue().setMaxPriority(255), u"x-max-priority"_s, qint64(255));
        row("alternate", Exchange().setAlternateExchange(u"a"_s), u"alternate-exchange"_s, "a");
        row("priority", Consume().setPriority(-5), u"x-priority"_s, qint32(-5));
        row("first", Consume().setStreamOffset(Consume::StreamOffset::First), u"x-stream-offset"_s,
            "first");
        row("last", Consume().setStreamOffset(Consume::StreamOffset::Last), u"x-stream-offset"_s,
            "last");
        row("next", Consume().setStreamOffset(Consume::StreamOffset::Next), u"x-stream-offset"_s,
            "next");
        row("offset", Consume().setStreamOffset(7), u"x-stream-offset"_s, qint64(7));
        row("time",
            Consume().setStreamOffset(QDateTime::fromMSecsSinceEpoch(1700000000999, Qt::UTC)),
            u"x-stream-offset"_s, QAmqpValue::timestamp(1700000000));
        row("age", Consume().setStreamOffset(2h), u"x-stream-offset"_s, "7200s");
    }

    void argumentsHaveTheirNamesAndTypes()
    {
        QFETCH(QAmqpTable, arguments);
        QFETCH(QString, name);
        QFETCH(QAmqpValue, value);
        QCOMPARE(arguments, QAmqpTable({{name, value}}));
        QCOMPARE(arguments.value(name).type(), value.type());
        QCOMPARE(arguments.errorString(), QString());
    }

    void argumentsOutOfRangeAreNamed_data()
    {
        QTest::addColumn<QAmqpTable>("arguments");
        QTest::addColumn<QString>("error");
        const auto row = [](const char *title, const auto &options, const QString &error) {
            QTest::newRow(title) << options.arguments() << error;
        };
        row("ttl", Queue().setMessageTtl(-1ms),
            u"\"x-message-ttl\": -1 is not a whole number of milliseconds from 0 to 4294967295"_s);
        row("long ttl", Queue().setMessageTtl(4294967296ms),
            u"\"x-message-ttl\": 4294967296 is not a whole number of milliseconds from 0 to 4294967295"_s);
        row("expires", Queue().setExpires(0ms),
            u"\"x-expires\": 0 is not a whole number of milliseconds from 1 to 4294967295"_s);
        row("max length", Queue().setMaxLength(-1),
            u"\"x-max-length\": -1 is not a whole number, at least 0"_s);
        row("max length bytes", Queue().setMaxLengthBytes(-1),
            u"\"x-max-length-bytes\": -1 is not a whole number, at least 0"_s);
        row("max age", Queue().setMaxAge(0s),
            u"\"x-max-age\": 0 is not a whole number of seconds, at least 1"_s);
        row("deliveries", Queue().setDeliveryLimit(-1),
            u"\"x-delivery-limit\": -1 is not a whole number from 0 to 2147483647"_s);
        row("priorities", Queue().setMaxPriority(0),
            u"\"x-max-priority\": 0 is not a whole number from 1 to 255"_s);
        row("more priorities", Queue().setMaxPriority(256),
            u"\"x-max-priority\": 256 is not a whole number from 1 to 255"_s);
        row("offset", Consume().setStreamOffset(9223372036854775808u),
            u"\"x-stream-offset\": 9223372036854775808 is larger than AMQP's largest integer, "
            "9223372036854775807; send it as text"_s);
        row("time", Consume().setStreamOffset(QDateTime()),
            u"\"x-stream-offset\": an AMQP timestamp cannot hold a time that is before 1970 or not "
            "valid"_s);
        row("age", Consume().setStreamOffset(-1s),
            u"\"x-stream-offset\": -1 is not a whole number of seconds, at least 1"_s);
    }

    void argumentsOutOfRangeAreNamed()
    {
        QFETCH(QAmqpTable, arguments);
        QFETCH(QString, error);
        QCOMPARE(arguments.errorString(), error);
    }
};

QTAMQP_TEST(TestOperationOptions)

#include "tst_operationoptions.moc"
