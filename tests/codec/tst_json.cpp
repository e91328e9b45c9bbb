// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Values, tables and messages as JSON: what is written is all, and what is read of it is equal.

#include "everymessage.h"
#include "testmain.h"
#include "unreadable.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <QtCore/qjsondocument.h>
#include <QtCore/qjsonobject.h>

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
using Property = QAmqpMessage::Property;

namespace {

QAmqpMessage withHeaders(const QByteArray &entries)
{
    return QAmqpMessagePrivate::make("body", quint16(Property::Headers),
                                     Unreadable::longString(entries));
}

} // namespace

class TestJson : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void messagesAreEqual()
    {
        for (const QAmqpMessage &message : everyMessage()) {
            const QByteArray json = message.toJson();
            QVERIFY2(QJsonDocument::fromJson(json).isObject(), json.constData());
            QVERIFY(!json.contains('\n'));
            const QAmqpMessage read = QAmqpMessage::fromJson(json);
            QCOMPARE(read.errorString(), QString());
            QCOMPARE(read, message);
            QCOMPARE(read.toJson(), json);
        }
    }

    void propertiesThatCannotBeRead()
    {
        for (const Unreadable::Row &row : Unreadable::rows()) {
            const QAmqpMessage message = QAmqpMessagePrivate::make("body", row.flags, row.list);
            const QAmqpMessage read = QAmqpMessage::fromJson(message.toJson());
            QVERIFY2(read == message, row.name);
            QCOMPARE(read.propertiesError(), row.error);
            QCOMPARE(read.errorString(), QString());
        }
    }

    // Else a message whose body is lost would be sent as one that is empty.
    void aBodyThatWasNotKept()
    {
        QAmqpMessage message =
                QAmqpMessagePrivate::make({}, quint16(Property::Priority), QByteArray("\7"));
        QAmqpMessagePrivate::editable(message).dropBody();
        QVERIFY(message.toJson().endsWith(R"("body":null})"));
        const QAmqpMessage read = QAmqpMessage::fromJson(message.toJson());
        QCOMPARE(read, message);
        QVERIFY(!read.errorString().isEmpty());
    }

    // Whoever forwards a message sends the bytes that came, also where others write them differently.
    void headersThatOthersWriteDifferently()
    {
        const QList<QByteArray> others = {
                QByteArray("\1lL\0\0\0\0\0\0\0\5", 11), // the tag of older brokers
                QByteArray("\1tt\2", 4), // a true that is not 1
                QByteArray("\1nd\x7f\xf8\0\0\0\0\0\1", 11), // one of many that are no number
        };
        for (const QByteArray &entries : others) {
            const QAmqpMessage message = withHeaders(entries);
            QCOMPARE(message.propertiesError(), QString());
            const QAmqpMessage read = QAmqpMessage::fromJson(message.toJson());
            QCOMPARE(read, message);
            QCOMPARE(read.bytes(Property::Headers), message.bytes(Property::Headers));
        }
    }

    void bytesOfProperties()
    {
        QAmqpMessage message;
        QAmqpMessagePrivate::editable(message).set(Property::DeliveryMode, QByteArray(1, '\0'));
        QAmqpMessagePrivate::editable(message).set(Property::Timestamp, QByteArray(8, '\xff'));
        QCOMPARE(
                message.toJson(),
                R"({"properties":{"delivery_mode":0,"timestamp":18446744073709551615},"body":""})");
        QCOMPARE(QAmqpMessage::fromJson(message.toJson()), message);
    }

    void valuesAndTablesAreEqual()
    {
        const QAmqpTable table = everyType();
        QCOMPARE(QAmqpTable::fromJson(table.toJson()), table);
        for (const auto &[name, value] : table.entries())
            QCOMPARE(QAmqpValue::fromJson(value.toJson()), value);
        QCOMPARE(QAmqpValue::fromJson(QAmqpValue(table).toJson()).toTable(), table);
        QCOMPARE(QAmqpTable({{u"a"_s, qint8(5)}}).toJson(), R"({"a":{"type":"int8","value":5}})");
    }

    void plainJson()
    {
        const QAmqpTable read = QAmqpTable::fromJson(
                R"({"a":5,"b":1.5,"c":"\udcff","d":null,"e":[true,{"type":"int8","value":"5"}],"f":{"x":1}})");
        QCOMPARE(read.errorString(), QString());
        QAmqpTable expected{{u"a"_s, 5},
                            {u"b"_s, 1.5},
                            {u"c"_s, QAmqpValue::string("\xff")},
                            {u"d"_s, QAmqpValue::null()}};
        expected.append("e", QAmqpValue(QList<QAmqpValue>{true, qint8(5)}));
        expected.append("f", QAmqpValue(QAmqpTable{{u"x"_s, 1}}));
        QCOMPARE(read, expected);
        QCOMPARE(QAmqpValue::fromJson(R"({"type":"timestamp","value":"2001-09-09T01:46:40Z"})"),
                 QAmqpValue::timestamp(1000000000));
    }

    void plainNumbers()
    {
        QCOMPARE(QAmqpValue::fromJson("2147483647"), QAmqpValue(2147483647));
        QCOMPARE(QAmqpValue::fromJson("-2147483649"), QAmqpValue(qint64(-2147483649)));
        QCOMPARE(QAmqpValue::fromJson("9223372036854775807"),
                 QAmqpValue(std::numeric_limits<qint64>::max()));
        QCOMPARE(QAmqpValue::fromJson("9223372036854775808"), QAmqpValue(9223372036854775808.0));
        QCOMPARE(QAmqpValue::fromJson("1e3"), QAmqpValue(1000));
        QCOMPARE(QAmqpValue::fromJson("1.5"), QAmqpValue(1.5));
    }

    // Text that is not UTF-8 is text all the same.
    void textOfValues()
    {
        for (const QByteArray &bytes : {"\xff"_ba, "q\xc3"_ba, "\xEF\xBB\xBFx"_ba}) {
            const QAmqpValue value = QAmqpValue::string(bytes);
            QCOMPARE(QAmqpValue(value.toString()), value);
        }
    }

    // Seconds if it were looked for among all the others.
    void aNameAmongManyThatComesTwice()
    {
        QByteArray json = "{";
        for (int i = 0; i < 100'000; ++i)
            json += '"' + QByteArray::number(i) + "\":0,";
        QCOMPARE(QAmqpMessage::fromJson(json + "\"7\":0}").errorString(),
                 u"the message has \"7\" twice"_s);
    }

    void mistakes_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QString>("error");
        QTest::newRow("nothing") << ""_ba << u"no JSON value at byte 1"_s;
        QTest::newRow("half a character")
                << R"({"body":"\ud83dude00"})"_ba << u"half a character at byte 16"_s;
        QTest::newRow("list") << "[]"_ba << u"the message is not a JSON object"_s;
        QTest::newRow("member") << R"({"bdy":""})"_ba
                                << u"the message has an unknown member \"bdy\""_s;
        QTest::newRow("byte") << R"({"properties":{"priority":256}})"_ba
                              << u"priority is not a whole number from 0 to 255"_s;
        QTest::newRow("tag")
                << R"({"delivery_tag":"1"})"_ba
                << u"delivery_tag is not a whole number from 0 to 18446744073709551615"_s;
        QTest::newRow("truth") << R"({"redelivered":1})"_ba
                               << u"redelivered is not true or false"_s;
        QTest::newRow("header")
                << R"({"properties":{"headers":{"a":[0,{"type":"int8","value":128}]}}})"_ba
                << u"\"a\": element 1: a value of type int8 is a whole number from -128 to 127"_s;
        for (const char *number : {R"(1e999)", R"({"type":"double","value":1e999})"}) {
            QTest::newRow(number) << R"({"properties":{"headers":{"a":)" + QByteArray(number)
                            + "}}}"
                                  << u"\"a\": 1e999 is a number that a double cannot hold"_s;
        }
        QTest::newRow("headers twice") << R"({"properties":{"headers":{},"headers_base64":""}})"_ba
                                       << u"properties has both headers and headers_base64"_s;
        QTest::newRow("long text") << "{\"properties\":{\"type\":\"" + QByteArray(256, 'x') + "\"}}"
                                   << u"type has more than 255 bytes of UTF-8"_s;
    }
    void mistakes()
    {
        QFETCH(QByteArray, json);
        QFETCH(QString, error);
        QCOMPARE(QAmqpMessage::fromJson(json).errorString(), error);
    }

    // Nothing that was set later makes a message of what nobody could read.
    void whatCouldNotBeReadStaysSo()
    {
        QAmqpMessage message = QAmqpMessage::fromJson("{");
        message.setBody("body");
        message.setHeaders({{u"a"_s, 1}});
        QVERIFY(!message.errorString().isEmpty());
        QVERIFY(!QAmqpTable::fromJson("{").errorString().isEmpty());
        QVERIFY(!QAmqpValue::fromJson("{").isValid());
    }
};

QTAMQP_TEST(TestJson)
#include "tst_json.moc"
