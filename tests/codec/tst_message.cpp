// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpMessage: the 14 properties in their packed form, against an encoding written by hand here.

#include "testmain.h"
#include "unreadable.h"

#include "codec/frame.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <QtAmqp/qamqpmessage.h>

#include <QtCore/qdatetime.h>
#include <QtCore/qdebug.h>
#include <QtCore/qmetaobject.h>
#include <QtTest/qtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;
using namespace std::chrono_literals;

using Property = QAmqpMessage::Property;
using DeliveryMode = QAmqpMessage::DeliveryMode;

namespace {

QByteArray hex(const QByteArray &spaced) { return QByteArray::fromHex(spaced); }

quint16 flagsOf(const QAmqpMessage &message) { return QAmqpMessagePrivate::of(message).flags; }

QByteArray wireOf(const QAmqpMessage &message)
{
    return QAmqpMessagePrivate::of(message).properties;
}

const QAmqpTable someHeaders = {{u"a"_s, 1}, {u"b"_s, QAmqpValue::null()}};
const QDateTime someTime = QDateTime::fromSecsSinceEpoch(1600000000, Qt::UTC);

// One property: how to set it, how to know that it is set, and its bytes by hand.
struct Row
{
    Property property;
    const char *name;
    QByteArray wire;
    std::function<void(QAmqpMessage &)> set;
    std::function<bool(const QAmqpMessage &)> isSet;
    std::function<bool(const QAmqpMessage &)> isDefault;
};

template<typename Get, typename Set>
Row textRow(Property property, const char *name, Get get, Set set, const char *text)
{
    const QString value = QString::fromUtf8(text);
    const QByteArray utf8(text);
    return {property,
            name,
            char(utf8.size()) + utf8,
            [=](QAmqpMessage &message) { (message.*set)(value); },
            [=](const QAmqpMessage &message) { return (message.*get)() == value; },
            [=](const QAmqpMessage &message) { return (message.*get)().isNull(); }};
}

// In the order of the specification's list, which is that of the flags from the highest bit down.
std::vector<Row> makeRows()
{
    using M = QAmqpMessage;
    using SetText = void (M::*)(const QString &);
    return {
            textRow(Property::ContentType, "content-type", &M::contentType, &M::setContentType,
                    "text/plain"),
            textRow(Property::ContentEncoding, "content-encoding", &M::contentEncoding,
                    &M::setContentEncoding, "gzip"),
            {Property::Headers, "headers", hex("0000000a 0161 49 00000001 0162 56"),
             [](M &message) { message.setHeaders(someHeaders); },
             [](const M &message) { return message.headers() == someHeaders; },
             [](const M &message) { return message.headers().isEmpty(); }},
            {Property::DeliveryMode, "delivery-mode", "\x02"_ba,
             [](M &message) { message.setDeliveryMode(DeliveryMode::Persistent); },
             [](const M &message) { return message.deliveryMode() == DeliveryMode::Persistent; },
             [](const M &message) { return message.deliveryMode() == DeliveryMode::Unset; }},
            {Property::Priority, "priority", "\xc8"_ba,
             [](M &message) { message.setPriority(200); },
             [](const M &message) { return message.priority() == 200; },
             [](const M &message) { return message.priority() == 0; }},
            textRow(Property::CorrelationId, "correlation-id", &M::correlationId,
                    &M::setCorrelationId, "résumé"),
            textRow(Property::ReplyTo, "reply-to", &M::replyTo, &M::setReplyTo,
                    "amq.rabbitmq.reply-to"),
            textRow(Property::Expiration, "expiration", &M::expiration, SetText(&M::setExpiration),
                    "60000"),
            textRow(Property::MessageId, "message-id", &M::messageId, &M::setMessageId, "日本"),
            {Property::Timestamp, "timestamp", hex("000000005f5e1000"),
             [](M &message) { message.setTimestamp(someTime); },
             [](const M &message) { return message.timestamp() == someTime; },
             [](const M &message) { return !message.timestamp().isValid(); }},
            textRow(Property::Type, "type", &M::type, &M::setType, "order"),
            textRow(Property::UserId, "user-id", &M::userId, &M::setUserId, "guest"),
            textRow(Property::AppId, "app-id", &M::appId, &M::setAppId, ""),
            textRow(Property::ClusterId, "cluster-id", &M::clusterId, &M::setClusterId, "c"),
    };
}

const std::vector<Row> rows = makeRows();

// What the message must look like if exactly the rows in `present` are set; else what is wrong.
QString checkExactly(const QAmqpMessage &message, const std::vector<bool> &present)
{
    quint16 flags = 0;
    QByteArray wire;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row &row = rows[i];
        const QLatin1StringView name(row.name);
        if (message.has(row.property) != present[i])
            return u"has() is wrong about "_s + name;
        if (present[i]) {
            flags = quint16(flags | 0x8000 >> i);
            wire += row.wire;
            if (!row.isSet(message))
                return name + u" has the wrong value"_s;
        } else if (!row.isDefault(message) && row.property != Property::AppId) {
            return name + u" is there and should not be"_s;
        }
    }
    if (flagsOf(message) != flags)
        return u"the flags are %1, should be %2"_s.arg(flagsOf(message), 4, 16).arg(flags, 4, 16);
    if (wireOf(message) != wire)
        return u"the list is\n  %1, should be\n  %2"_s.arg(
                QLatin1StringView(wireOf(message).toHex(' ')), QLatin1StringView(wire.toHex(' ')));
    Reader list(wire);
    checkProperties(flags, list);
    return list.ok() ? QString() : QString::fromLatin1(list.error());
}

template<typename T>
QString printed(const T &value)
{
    QString text;
    QDebug(&text) << value;
    return text.trimmed();
}

} // namespace

class TestMessage : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isEmptyByDefault()
    {
        for (const QAmqpMessage &message : {QAmqpMessage(), QAmqpMessage(QByteArray())}) {
            QVERIFY(message.body().isEmpty());
            QCOMPARE(message.errorString(), QString());
            const QString problem = checkExactly(message, std::vector<bool>(rows.size()));
            QVERIFY2(problem.isEmpty(), qPrintable(problem));
            for (const Row &row : rows)
                QCOMPARE(message.bytes(row.property), QByteArray());
        }
        QVERIFY(QAmqpMessage() == QAmqpMessage(QByteArray()));
    }

    void eachPropertyAlone_data()
    {
        QTest::addColumn<qsizetype>("index");
        for (std::size_t i = 0; i < rows.size(); ++i)
            QTest::newRow(rows[i].name) << qsizetype(i);
    }

    void eachPropertyAlone()
    {
        QFETCH(qsizetype, index);
        const Row &row = rows[std::size_t(index)];
        QCOMPARE(quint16(row.property), quint16(0x8000 >> index));
        std::vector<bool> present(rows.size());
        present[std::size_t(index)] = true;
        QAmqpMessage message("body");
        row.set(message);
        QString problem = checkExactly(message, present);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QVERIFY(message != QAmqpMessage("body"));
        QVERIFY(message.errorString().isEmpty());

        const QAmqpMessage copy = message;
        message.clear(row.property);
        QVERIFY(copy.has(row.property));
        QVERIFY(message == QAmqpMessage("body"));
        problem = checkExactly(copy, present);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        message.clear(row.property);
        QVERIFY(message == QAmqpMessage("body"));
    }

    void allInAnyOrder()
    {
        std::vector<std::size_t> order(rows.size());
        std::iota(order.begin(), order.end(), std::size_t(0));
        for (quint32 seed = 0; seed < 200; ++seed) {
            std::mt19937 engine(seed);
            std::shuffle(order.begin(), order.end(), engine);
            QAmqpMessage message;
            std::vector<bool> present(rows.size());
            const auto step = [&](std::size_t index, bool on) {
                present[index] = on;
                on ? rows[index].set(message) : message.clear(rows[index].property);
                const QString problem = checkExactly(message, present);
                return problem.isEmpty() ? problem : u"%1 [seed %2]"_s.arg(problem).arg(seed);
            };
            for (const std::size_t index : order) {
                const QString problem = step(index, true);
                QVERIFY2(problem.isEmpty(), qPrintable(problem));
            }
            std::shuffle(order.begin(), order.end(), engine);
            for (const std::size_t index : order) {
                QString problem = step(index, false);
                QVERIFY2(problem.isEmpty(), qPrintable(problem));
                if (index % 3 == 0) {
                    problem = step(order.front(), true);
                    QVERIFY2(problem.isEmpty(), qPrintable(problem));
                    problem = step(order.front(), false);
                    QVERIFY2(problem.isEmpty(), qPrintable(problem));
                }
            }
            QVERIFY(message == QAmqpMessage());
        }
    }

    void aPropertyIsReplacedByALongerOrShorterOne()
    {
        QAmqpMessage message;
        for (const Row &row : rows)
            row.set(message);
        const QAmqpMessage before = message;
        for (const qsizetype size : {0, 1, 127, 128, 255, 7}) {
            message.setReplyTo(QString(size, u'r').append(u""));
            QCOMPARE(message.replyTo().size(), size);
            QVERIFY(message.has(Property::ReplyTo));
            QCOMPARE(message.correlationId(), u"résumé"_s);
            QCOMPARE(message.expiration(), u"60000"_s);
            QCOMPARE(message.clusterId(), u"c"_s);
        }
        message.setReplyTo(before.replyTo());
        QVERIFY(message == before);
    }

    void emptyIsNotAbsent()
    {
        QAmqpMessage message;
        message.setType(u""_s);
        QVERIFY(message.has(Property::Type));
        QVERIFY(message.type().isEmpty() && !message.type().isNull());
        QCOMPARE(wireOf(message), QByteArray(1, '\0'));
        QVERIFY(message != QAmqpMessage());
        message.setType(QString());
        QVERIFY(!message.has(Property::Type));
        QVERIFY(message.type().isNull());
        QVERIFY(message == QAmqpMessage());

        message.setHeaders(QAmqpTable());
        QVERIFY(message.has(Property::Headers));
        QCOMPARE(wireOf(message), QByteArray(4, '\0'));
        message.clear(Property::Headers);
        QVERIFY(!message.has(Property::Headers));

        message.setPriority(0);
        QVERIFY(message.has(Property::Priority));
        message.clear(Property::Priority);
        message.setDeliveryMode(DeliveryMode::Transient);
        QVERIFY(message.has(Property::DeliveryMode));
        QCOMPARE(wireOf(message), "\x01"_ba);
        message.setDeliveryMode(DeliveryMode::Unset);
        QVERIFY(!message.has(Property::DeliveryMode));
        message.setTimestamp(QDateTime::fromSecsSinceEpoch(0, Qt::UTC));
        QVERIFY(message.has(Property::Timestamp));
        QCOMPARE(message.timestamp().toSecsSinceEpoch(), qint64(0));
        message.setTimestamp(QDateTime());
        QVERIFY(message == QAmqpMessage());
    }

    // C4: 255 bytes fit, 256 are refused and say so; they are never cut or wrapped.
    void textHas255Bytes_data()
    {
        QTest::addColumn<QString>("property");
        const QMetaObject &meta = QAmqpMessage::staticMetaObject;
        for (int i = 0; i < meta.propertyCount(); ++i) {
            const QMetaProperty property = meta.property(i);
            if (property.typeId() == QMetaType::QString)
                QTest::newRow(property.name()) << QString::fromLatin1(property.name());
        }
    }

    void textHas255Bytes()
    {
        QFETCH(QString, property);
        const QMetaObject &meta = QAmqpMessage::staticMetaObject;
        const QMetaProperty text = meta.property(meta.indexOfProperty(property.toLatin1()));
        QString spelled; // contentType: content-type
        for (const QChar c : property)
            spelled += c.isUpper() ? u'-' + QString(c.toLower()) : QString(c);

        QAmqpMessage message;
        for (const QString &fits :
             {QString(255, u'x'), QString(127, u'é') + u'x', QString(85, u'日')}) {
            QVERIFY(text.writeOnGadget(&message, fits));
            QCOMPARE(text.readOnGadget(&message).toString(), fits);
            QCOMPARE(wireOf(message).size(), 256);
            QCOMPARE(message.errorString(), QString());
        }
        for (const QString &tooLong :
             {QString(256, u'x'), QString(128, u'é'), QString(300, u'x')}) {
            message.setUserId(u"u"_s);
            QVERIFY(text.writeOnGadget(&message, tooLong));
            QVERIFY(text.readOnGadget(&message).toString().isNull());
            QCOMPARE(message.errorString(), spelled + u" has more than 255 bytes of UTF-8"_s);
            QCOMPARE(wireOf(message), property == u"userId" ? QByteArray() : "\x01u"_ba);
        }
        QVERIFY(text.writeOnGadget(&message, u"short"_s));
        QCOMPARE(message.errorString(), QString());
        QVERIFY(text.writeOnGadget(&message, QString(256, u'x')));
        QVERIFY(!message.errorString().isEmpty());
        QVERIFY(text.writeOnGadget(&message, QString()));
        QCOMPARE(message.errorString(), QString());
    }

    void tenOfTheFourteenAreText()
    {
        int texts = 0;
        const QMetaObject &meta = QAmqpMessage::staticMetaObject;
        for (int i = 0; i < meta.propertyCount(); ++i)
            texts += meta.property(i).typeId() == QMetaType::QString;
        QCOMPARE(texts, 10);
        QCOMPARE(meta.propertyCount(), 15); // with the body
        QCOMPARE(QMetaEnum::fromType<Property>().keyCount(), 14);
    }

    void timesBefore1970AreRefused()
    {
        QAmqpMessage message;
        message.setTimestamp(someTime);
        message.setTimestamp(QDateTime::fromSecsSinceEpoch(-1, Qt::UTC));
        QVERIFY(!message.has(Property::Timestamp));
        QCOMPARE(message.errorString(), u"timestamp lies before 1970"_s);
        QVERIFY(message != QAmqpMessage());
        message.clear(Property::Timestamp);
        QCOMPARE(message.errorString(), QString());
        QVERIFY(message == QAmqpMessage());
    }

    void timesAreWholeSecondsOfUtc()
    {
        QAmqpMessage message;
        message.setTimestamp(someTime.addMSecs(999).toOffsetFromUtc(3600));
        QCOMPARE(message.timestamp(), someTime);
        QCOMPARE(message.timestamp().timeSpec(), Qt::UTC);

        const QAmqpMessage late =
                QAmqpMessagePrivate::make({}, quint16(Property::Timestamp), QByteArray(8, '\xff'));
        QVERIFY(late.has(Property::Timestamp));
        QVERIFY(!late.timestamp().isValid());
        QCOMPARE(late.bytes(Property::Timestamp), QByteArray(8, '\xff'));
    }

    void headersThatCannotBeSentAreRefused()
    {
        QAmqpMessage message;
        message.setHeaders(someHeaders);
        message.setHeaders({{u"a"_s, 1}, {u"b"_s, QAmqpValue()}});
        QVERIFY(!message.has(Property::Headers));
        QCOMPARE(message.errorString(), u"headers: \"b\": no value was set"_s);
        message.setHeaders({{QString(256, u'n'), 1}});
        QVERIFY(message.errorString().startsWith(u"headers: the name \"nnn"));
        message.setHeaders({{u"a"_s, QDateTime::fromSecsSinceEpoch(-1, Qt::UTC)}});
        QVERIFY(message.errorString().startsWith(u"headers: \"a\": an AMQP timestamp cannot hold"));
        message.setContentType(QString(256, u'x'));
        QVERIFY(message.errorString().startsWith(u"content-type has more")); // one at a time
        message.setContentType(u"x"_s);
        message.setHeaders(someHeaders);
        QCOMPARE(message.errorString(), QString());
        QCOMPARE(message.headers(), someHeaders);
    }

    // Whoever receives it could not read it: such a message would be poison.
    void headersBeyondTheLimitsOfDecodingAreRefused()
    {
        QAmqpTable deep;
        for (int depth = 1; depth < MaxTableDepth; ++depth)
            deep = {{u"t"_s, deep}};
        QAmqpMessage message;
        message.setHeaders(deep);
        QCOMPARE(message.errorString(), QString());
        QCOMPARE(message.headers(), deep);
        message.setHeaders({{u"t"_s, deep}});
        QVERIFY(!message.has(Property::Headers));
        QCOMPARE(message.errorString(), u"headers: nests tables more than 32 deep"_s);
        message.setHeaders({{u"a"_s, QList<QAmqpValue>(MaxTableElements, QAmqpValue::null())}});
        QCOMPARE(message.errorString(), u"headers: has more than 65536 table elements"_s);
    }

    void expirationIsDecimalText()
    {
        QAmqpMessage message;
        message.setExpiration(1min);
        QCOMPARE(message.expiration(), u"60000"_s);
        QCOMPARE(wireOf(message),
                 "\x05"
                 "60000"_ba);
        message.setExpiration(0ms);
        QCOMPARE(message.expiration(), u"0"_s);
        message.setExpiration(-1ms);
        QVERIFY(!message.has(Property::Expiration));
        QCOMPARE(message.errorString(),
                 u"expiration must be a whole number of milliseconds from 0 to 4294967295"_s);
        message.setExpiration(4294967295ms);
        QCOMPARE(message.expiration(), u"4294967295"_s);
        QCOMPARE(message.errorString(), QString());
        message.setExpiration(4294967296ms);
        QVERIFY(!message.has(Property::Expiration));
        QCOMPARE(message.errorString(),
                 u"expiration must be a whole number of milliseconds from 0 to 4294967295"_s);
        message.setExpiration(QString(256, u'1'));
        QCOMPARE(message.errorString(), u"expiration has more than 255 bytes of UTF-8"_s);
        message.setExpiration(-1ms);
        message.clear(Property::Expiration);
        QCOMPARE(message.errorString(), QString());
    }

    void bytesOfThePeerAreKept()
    {
        const QByteArray list = "\x03\xff\x00\xfe"_ba + '\x07' + '\x2a';
        const QAmqpMessage message = QAmqpMessagePrivate::make("b", 0x8000 | 0x1000 | 0x0800, list);
        QCOMPARE(message.bytes(Property::ContentType), "\xff\x00\xfe"_ba);
        QCOMPARE(message.contentType().size(), 3);
        QCOMPARE(int(message.deliveryMode()), 7); // a mode that nobody has defined
        QCOMPARE(message.priority(), quint8(42));
        QAmqpMessage changed = message;
        changed.setAppId(u"a"_s);
        QCOMPARE(wireOf(changed),
                 list
                         + "\x01"
                           "a");
        changed.clear(Property::AppId);
        QVERIFY(changed == message);

        // A boolean of 2, and the tags of old clients, stay as they are for whoever passes them on.
        const QByteArray table = hex("00000009 0162 74 02 0173 55 fffe");
        const QAmqpMessage passed =
                QAmqpMessagePrivate::make({}, quint16(Property::Headers), table);
        QCOMPARE(passed.bytes(Property::Headers), table);
        QCOMPARE(passed.headers(), QAmqpTable({{u"b"_s, true}, {u"s"_s, qint16(-2)}}));
        QCOMPARE(wireOf(passed), table);
    }

    void whatCannotBeReadIsToldAndKept_data()
    {
        QTest::addColumn<int>("index");
        for (int i = 0; i < Unreadable::rows().size(); ++i)
            QTest::newRow(Unreadable::rows().at(i).name) << i;
    }

    void whatCannotBeReadIsToldAndKept()
    {
        QFETCH(int, index);
        const Unreadable::Row &row = Unreadable::rows().at(index);
        QAmqpMessage message = QAmqpMessagePrivate::make("body", row.flags, row.list);
        QCOMPARE(message.propertiesError(), row.error);
        QCOMPARE(message.errorString(), QString()); // it may be passed on
        QCOMPARE(message.body(), "body");
        QVERIFY(message.headers().isEmpty());
        QVERIFY(printed(message).contains(row.error));
        QCOMPARE(flagsOf(message), row.flags);
        QCOMPARE(wireOf(message), row.list);
        QVERIFY(message == QAmqpMessagePrivate::make("body", row.flags, row.list));
        QVERIFY(message != QAmqpMessage("body"));

        const bool onlyHeaders = row.error.startsWith(u"the table");
        QCOMPARE(message.correlationId(), onlyHeaders ? u"id"_s : QString());
        for (const Row &property : rows) {
            const bool isThere = onlyHeaders && quint16(property.property) & row.flags;
            QCOMPARE(message.has(property.property), isThere);
            QCOMPARE(message.bytes(property.property).isEmpty(), !isThere);
        }
        QVERIFY(!message.timestamp().isValid());
        QCOMPARE(message.priority(), quint8(0));

        // Beside headers that cannot be read others may be set; a list that cannot be read stays as it is.
        message.setAppId(u"app"_s);
        message.setPriority(7);
        if (onlyHeaders) {
            QCOMPARE(message.appId(), u"app"_s);
            QCOMPARE(message.correlationId(), u"id"_s);
            QCOMPARE(message.propertiesError(), row.error);
            message.setHeaders({{u"a"_s, 1}});
            QCOMPARE(message.propertiesError(), QString());
            QCOMPARE(message.headers().size(), 1);
        } else {
            QCOMPARE(wireOf(message), row.list);
            QVERIFY(message.errorString().startsWith(u"priority cannot be set beside properties"));
            message.clear(Property::Priority);
            QVERIFY(message.errorString().startsWith(u"app-id cannot be set beside properties"));
            message.clear(Property::AppId);
            QCOMPARE(message.errorString(), QString());
        }
    }

    void whatCanBeReadHasNoError()
    {
        QAmqpMessage message;
        QCOMPARE(message.propertiesError(), QString());
        for (const Row &row : rows) {
            row.set(message);
            QCOMPARE(message.propertiesError(), QString());
        }
        const QByteArray deepest = Unreadable::listWith(Unreadable::deepTable(32));
        QCOMPARE(QAmqpMessagePrivate::make({}, Unreadable::Flags, deepest).propertiesError(),
                 QString());
    }

    // Decoding 2,000 headers anew for each of them would take a minute.
    void sizeIsThatOfBodyAndProperties()
    {
        QAmqpMessage message;
        QCOMPARE(message.size(), 0);
        message.setBody("12345");
        QCOMPARE(message.size(), 5);
        message.setMessageId(u"abc"_s); // and its length
        QCOMPARE(message.size(), 9);
        message.setHeaders({{u"k"_s, true}}); // length, name, tag and value
        QCOMPARE(message.size(), 9 + 4 + 2 + 2);
    }

    void headersAreDecodedOnce()
    {
        QAmqpTable table;
        for (int i = 0; i < 2000; ++i)
            table.append("h" + QByteArray::number(i), i);
        QAmqpMessage message;
        message.setHeaders(table);
        const QAmqpTable first = message.headers();
        for (const auto &[name, value] : table.entries())
            QCOMPARE(message.headers().value(QString::fromUtf8(name)), value);
        QAmqpMessage other = message;
        other.setHeaders({{u"a"_s, 1}});
        QCOMPARE(message.headers(), table);
        QCOMPARE(other.headers().size(), 1);
        other.clear(Property::Headers);
        QVERIFY(other.headers().isEmpty());
    }

    void travelsInAContentHeader()
    {
        QAmqpMessage message("body");
        for (const Row &row : rows)
            row.set(message);
        const ContentHeader header = {60, 4, flagsOf(message), wireOf(message)};
        QByteArray bytes(FrameOverhead + ContentHeaderSize + header.properties.size(),
                         Qt::Uninitialized);
        Writer out(bytes.data());
        encodeHeaderFrame(out, 1, header);
        QCOMPARE(out.at() - bytes.constData(), bytes.size());

        Frame frame;
        FrameError error;
        QVERIFY(nextFrame(bytes, UntunedFrameMax, frame, error) == FrameResult::Complete);
        Reader in(frame.payload);
        const ContentHeader back = decodeContentHeader(in);
        QVERIFY2(in.ok(), in.error());
        QCOMPARE(back.flags, quint16(0xfffc));
        QVERIFY(QAmqpMessagePrivate::make("body", back.flags, back.properties.toByteArray())
                == message);
    }

    void bodiesAreBytes()
    {
        const QByteArray body("\0\xff\n", 3);
        QAmqpMessage message(body);
        QCOMPARE(message.body(), body);
        QCOMPARE(message.body().constData(), body.constData()); // shared, not copied
        message.setBody("日本");
        QCOMPARE(message.text(), u"日本"_s);
        QVERIFY(message != QAmqpMessage(body));
        QAmqpMessage empty;
        empty.setBody("x");
        QVERIFY(empty == QAmqpMessage("x"));
    }

    void copiesAreIndependent()
    {
        QAmqpMessage first("a");
        first.setType(u"t"_s);
        QAmqpMessage second = first;
        QVERIFY(first == second);
        second.setType(u"u"_s);
        QCOMPARE(first.type(), u"t"_s);
        QVERIFY(first != second);
        QAmqpMessage moved = std::move(second);
        QCOMPARE(moved.type(), u"u"_s);
        moved = first;
        QVERIFY(moved == first);
    }

    void printsForPeople()
    {
        QCOMPARE(printed(QAmqpMessage()), u"QAmqpMessage(0 bytes)"_s);
        QAmqpMessage message("secret body");
        message.setContentType(u"text/plain"_s);
        message.setHeaders({{u"a"_s, "x"}});
        message.setPriority(9);
        message.setTimestamp(someTime);
        const QString line = printed(message);
        QVERIFY2(line.startsWith(
                         u"QAmqpMessage(11 bytes, content-type: \"text/plain\", headers: {\"a\": "
                         "\"x\"}, priority: 9, timestamp: QDateTime(2020-09-13 12:26:40.000"),
                 qPrintable(line));
        QVERIFY(!line.contains(u"secret"));
    }

    void printingEscapesControlCharacters()
    {
        QAmqpMessage message;
        message.setMessageId(u"id\r\nforged \x1b[2J"_s);
        message.setHeaders({{u"a\nb"_s, "c\nd"}});
        QString noquote;
        QDebug(&noquote).noquote() << message;
        for (const QString &line : {printed(message), noquote}) {
            for (const QChar c : line)
                QVERIFY2(c >= u' ', qPrintable(line));
        }
    }
};

QTAMQP_TEST(TestMessage)
#include "tst_message.moc"
