// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Field tables: every type both ways without loss, everything hostile refused, QVariant both ways.

#include "testmain.h"

#include "values/tableformat.h"

#include <QtAmqp/qamqpmessage.h>
#include <QtAmqp/qamqptable.h>

#include <QtCore/qdatetime.h>
#include <QtCore/qdebug.h>
#include <QtCore/qline.h>
#include <QtCore/qurl.h>
#include <QtCore/quuid.h>
#include <QtTest/qtest.h>

#include <bit>
#include <limits>
#include <vector>

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;

using Type = QAmqpValue::Type;

namespace {

QByteArray hex(const QByteArray &spaced) { return QByteArray::fromHex(spaced); }

QByteArray longString(const QByteArray &text)
{
    QByteArray size(4, Qt::Uninitialized);
    qToBigEndian(quint32(text.size()), size.data());
    return size + text;
}

QByteArray entry(const QByteArray &value, const QByteArray &name = "v"_ba)
{
    return char(name.size()) + name + value;
}

// Why a table of these bytes is refused; "accepted" if it is not.
QString refusal(const QByteArray &entries)
{
    Reader reader("x"_ba);
    // Memory of just that size, so that a sanitizer sees a read behind it.
    const std::vector<char> exact(entries.cbegin(), entries.cend());
    checkTable(QByteArrayView(exact.data(), entries.size()), reader);
    return reader.ok() ? u"accepted"_s : QString::fromLatin1(reader.error());
}

// Sends one value through the wire form and back; returns what is wrong, or nothing.
QString checkRoundTrip(const QAmqpValue &value)
{
    QAmqpTable table;
    table.append("v", value);
    const QByteArray wire = encodeTable(table);
    if (refusal(wire) != u"accepted")
        return u"is refused: "_s + refusal(wire);
    const QAmqpTable back = decodeTable(wire);
    if (back.size() != 1 || back.entries().first().first != "v")
        return u"came back as %1 entries"_s.arg(back.size());
    if (back.entries().first().second.type() != value.type())
        return u"came back as another type"_s;
    if (!(back == table))
        return u"came back changed"_s;
    if (encodeTable(back) != wire)
        return u"encodes differently the second time"_s;
    for (qsizetype size = 1; size < wire.size(); ++size) {
        if (refusal(wire.first(size)) == u"accepted")
            return u"is accepted cut off after %1 of %2 bytes"_s.arg(size).arg(wire.size());
    }
    for (const char junk : {'\0', '\1', 'v', '\xff'}) {
        if (refusal(wire + junk) == u"accepted")
            return u"is accepted with junk behind it"_s;
    }
    // The same behind and before other entries (C5, C9: a value of wrong size spoils its neighbours).
    QAmqpTable three;
    three.append("first", "before");
    three.append("v", value);
    three.append("last", 4711);
    if (decodeTable(encodeTable(three)) != three)
        return u"spoils its neighbours"_s;
    const QAmqpTable nested({{u"t"_s, three}, {u"a"_s, QList<QAmqpValue>{1, value, three, value}}});
    if (decodeTable(encodeTable(nested)) != nested)
        return u"spoils what encloses it"_s;
    return {};
}

QAmqpValue onlyValue(const QByteArray &value) { return decodeTable(entry(value)).value(u"v"_s); }

template<typename T>
QString printed(const T &value)
{
    QString text;
    QDebug(&text) << value;
    return text.trimmed();
}

// `depth` tables, the table itself counted.
QByteArray nestedTables(int depth)
{
    QByteArray wire;
    while (--depth > 0)
        wire = entry('F' + longString(wire));
    return wire;
}

QByteArray nestedArrays(int depth)
{
    QByteArray wire;
    while (--depth > 1)
        wire = 'A' + longString(wire);
    return entry('A' + longString(wire));
}

constexpr auto CutShort = "is cut short";
constexpr auto ClaimsTooMuch = "claims more bytes than its frame holds";
constexpr auto Unknown = "has a table value of unknown type";

} // namespace

class TestTable : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void valuesAreKeptExactly_data()
    {
        QTest::addColumn<QAmqpValue>("value");
        QTest::addColumn<char>("tag");
        QTest::addColumn<QByteArray>("wire");
        const auto row = [](const char *name, const QAmqpValue &value, const char *wire) {
            const QByteArray bytes = hex(wire);
            QTest::newRow(name) << value << bytes.front() << bytes;
        };
        row("true", true, "74 01");
        row("false", false, "74 00");
        row("int8 minimum", std::numeric_limits<qint8>::min(), "62 80");
        row("int8 maximum", std::numeric_limits<qint8>::max(), "62 7f");
        row("uint8 0", quint8(0), "42 00");
        row("uint8 255", quint8(255), "42 ff");
        row("int16 minimum", std::numeric_limits<qint16>::min(), "73 8000");
        row("int16 maximum", std::numeric_limits<qint16>::max(), "73 7fff");
        row("uint16 40000 (C7)", quint16(40000), "75 9c40");
        row("uint16 maximum", std::numeric_limits<quint16>::max(), "75 ffff");
        row("int32 minimum", std::numeric_limits<qint32>::min(), "49 80000000");
        row("int32 -1", -1, "49 ffffffff");
        row("int32 maximum", std::numeric_limits<qint32>::max(), "49 7fffffff");
        row("uint32 4000000000 (C7)", quint32(4000000000), "69 ee6b2800");
        row("uint32 maximum", std::numeric_limits<quint32>::max(), "69 ffffffff");
        row("int64 minimum", std::numeric_limits<qint64>::min(), "6c 8000000000000000");
        row("int64 maximum", std::numeric_limits<qint64>::max(), "6c 7fffffffffffffff");
        row("uint64 that fits", quint64(5000000000), "6c 000000012a05f200");
        row("long", 7L, "6c 0000000000000007");
        row("unsigned long", 7UL, "6c 0000000000000007");
        row("float 1.5", 1.5F, "66 3fc00000");
        row("float lowest", std::numeric_limits<float>::lowest(), "66 ff7fffff");
        row("float denormal", std::numeric_limits<float>::denorm_min(), "66 00000001");
        row("float -0", -0.0F, "66 80000000");
        row("double 0.1 (C8)", 0.1, "64 3fb999999999999a");
        row("double -1e300 (C8)", -1e300, "64 fe37e43c8800759c");
        row("double maximum", std::numeric_limits<double>::max(), "64 7fefffffffffffff");
        row("decimal 3.14", QAmqpDecimal{2, 314}, "44 02 0000013a");
        row("decimal extremes", QAmqpDecimal{255, std::numeric_limits<qint32>::min()},
            "44 ff 80000000");
        row("empty string", u""_s, "53 00000000");
        row("string (C2, C3)", u"résumé 日本"_s, "53 0000000f 72c3a973756dc3a9 20 e697a5e69cac");
        row("string of bytes that are not UTF-8", QAmqpValue::string("\xff\x00\xfe"_ba),
            "53 00000003 ff00fe");
        row("string literal", "text", "53 00000004 74657874");
        row("bytes", "\x00\xff"_ba, "78 00000002 00ff");
        row("no bytes", ""_ba, "78 00000000");
        row("timestamp", QDateTime::fromSecsSinceEpoch(1600000000, Qt::UTC), "54 000000005f5e1000");
        row("timestamp 0", QAmqpValue::timestamp(0), "54 0000000000000000");
        row("timestamp beyond QDateTime", QAmqpValue::timestamp(~quint64(0)),
            "54 ffffffffffffffff");
        row("void (C5)", QAmqpValue::null(), "56");
        row("empty array", QList<QAmqpValue>(), "41 00000000");
        row("array", QList<QAmqpValue>{1, QAmqpValue::null(), "a", true},
            "41 0000000e 49 00000001 56 53 00000001 61 74 01");
        row("empty table", QAmqpTable(), "46 00000000");
        row("table", QAmqpTable({{u"a"_s, 1}, {u"é"_s, QAmqpValue::null()}}),
            "46 0000000b 01 61 49 00000001 02 c3a9 56");
    }

    void valuesAreKeptExactly()
    {
        QFETCH(QAmqpValue, value);
        QFETCH(char, tag);
        QFETCH(QByteArray, wire);
        QCOMPARE(char(value.type()), tag);
        QVERIFY(value.isValid());
        QCOMPARE(value.errorString(), QString());
        QAmqpTable table;
        table.append("v", value);
        QCOMPARE(encodeTable(table).toHex(' '), entry(wire).toHex(' '));
        QCOMPARE(onlyValue(wire), value);
        const QString problem = checkRoundTrip(value);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
    }

    // RabbitMQ closes the connection (541) over these: they are read as they came, but not sent.
    void numbersThatAreNotFiniteAreRefused_data()
    {
        QTest::addColumn<QAmqpValue>("value");
        QTest::addColumn<QByteArray>("wire");
        QTest::addColumn<QString>("what");
        using Limits = std::numeric_limits<double>;
        QTest::newRow("float infinity") << QAmqpValue(std::numeric_limits<float>::infinity())
                                        << hex("66 7f800000") << u"infinite"_s;
        QTest::newRow("float NaN with a payload")
                << QAmqpValue(std::bit_cast<float>(quint32(0x7fc12345))) << hex("66 7fc12345")
                << u"NaN"_s;
        QTest::newRow("double -infinity")
                << QAmqpValue(-Limits::infinity()) << hex("64 fff0000000000000") << u"infinite"_s;
        QTest::newRow("double NaN with a payload")
                << QAmqpValue(std::bit_cast<double>(quint64(0x7ff8deadbeef0001)))
                << hex("64 7ff8deadbeef0001") << u"NaN"_s;
    }

    void numbersThatAreNotFiniteAreRefused()
    {
        QFETCH(QAmqpValue, value);
        QFETCH(QByteArray, wire);
        QFETCH(QString, what);
        QCOMPARE(onlyValue(wire), value);
        const QString problem = checkRoundTrip(value);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        const QString why =
                u"the number is %1, over which RabbitMQ would close the connection (541); send a finite one, or text"_s
                        .arg(what);
        QVERIFY(!value.isValid());
        QCOMPARE(value.errorString(), why);
        const QAmqpTable inside({{u"b"_s, QList<QAmqpValue>{1, value}}});
        QAmqpMessage message;
        message.setHeaders({{u"good"_s, 2.0}, {u"a"_s, inside}});
        QCOMPARE(message.errorString(), u"headers: \"a\": \"b\": element 1: "_s + why);
        QVERIFY(!message.has(QAmqpMessage::Property::Headers));
        // The path of a QVariantMap is the same.
        const QVariantMap map{{u"a"_s, QVariantMap{{u"b"_s, QVariantList{1, value.toVariant()}}}}};
        QCOMPARE(QAmqpTable::fromVariantMap(map).errorString(),
                 u"\"a\": \"b\": element 1: "_s + why);
    }

    void stringsOfEverySizeAreKept()
    {
        for (const qsizetype size : {0, 1, 127, 128, 255, 256, 300, 70000}) {
            const QByteArray bytes(size, 's');
            const QAmqpTable table(
                    {{u"s"_s, QAmqpValue::string(bytes)}, {u"x"_s, bytes}, {u"n"_s, 1}});
            QCOMPARE(decodeTable(encodeTable(table)), table);
            QCOMPARE(decodeTable(encodeTable(table)).value(u"s"_s).toBytes(), bytes);
        }
    }

    // C9: every tag that some broker or client sends is read, and its neighbours stay readable.
    void everyTagIsRead_data()
    {
        QTest::addColumn<QByteArray>("wire");
        QTest::addColumn<QAmqpValue>("value");
        const auto row = [](const char *name, const char *wire, const QAmqpValue &value) {
            QTest::newRow(name) << hex(wire) << value;
        };
        row("B, unsigned 8 bits", "42 c8", quint8(200));
        row("u, unsigned 16 bits", "75 c350", quint16(50000));
        row("i, unsigned 32 bits", "69 ee6b2800", quint32(4000000000));
        row("U, signed 16 bits of old clients", "55 fffe", qint16(-2));
        row("L, signed 64 bits of old clients", "4c fffffffffffffffe", qint64(-2));
        row("t that is 2", "74 02", true);
    }

    void everyTagIsRead()
    {
        QFETCH(QByteArray, wire);
        QFETCH(QAmqpValue, value);
        QCOMPARE(refusal(entry(wire)), u"accepted"_s);
        QCOMPARE(onlyValue(wire), value);
        const QAmqpTable table = decodeTable(entry(wire) + entry(hex("49 00000005"), "after"));
        QCOMPARE(table.size(), 2);
        QCOMPARE(table.value(u"v"_s), value);
        QCOMPARE(table.value(u"after"_s), QAmqpValue(5));
    }

    void unknownTagsAreRefused()
    {
        int known = 0;
        for (int tag = 0; tag < 256; ++tag) {
            const QString why = refusal(entry(QByteArray(1, char(tag))));
            if (QByteArrayView("tbBsUuIilLfdDSxTAFV").contains(char(tag))) {
                ++known;
                QVERIFY2(why != QLatin1StringView(Unknown), qPrintable(QString::number(tag)));
            } else {
                QCOMPARE(why, QLatin1StringView(Unknown));
            }
        }
        QCOMPARE(known, 19);
        QCOMPARE(refusal(entry(hex("41 00000001 7a"))), QLatin1StringView(Unknown));
    }

    void namesNeedNotBeUniqueOrUtf8()
    {
        QAmqpTable table;
        table.append("twice", 1);
        table.append("\xff\xfe", 2);
        table.append("twice", 3);
        table.append("", 4);
        table.append(QByteArray(255, 'n'), 5);
        QCOMPARE(table.errorString(), QString());
        const QAmqpTable back = decodeTable(encodeTable(table));
        QCOMPARE(back, table);
        QCOMPARE(back.size(), 5);
        QCOMPARE(back.entries().at(1).first, "\xff\xfe"_ba);
        QCOMPARE(back.value(u"twice"_s), QAmqpValue(1));
        QCOMPARE(back.value(u""_s), QAmqpValue(4));
        QCOMPARE(back.entries().at(4).first.size(), 255);
    }

    // C10: no length is believed beyond what holds it.
    void lengthsBeyondTheEndAreRefused_data()
    {
        QTest::addColumn<QByteArray>("entries");
        QTest::addColumn<QByteArray>("why");
        const auto row = [](const char *name, const char *entries, const char *why) {
            QTest::newRow(name) << hex(entries) << QByteArray(why);
        };
        for (const char *tag : {"53", "78", "41", "46"}) {
            for (const char *size : {"00000001", "7fffffff", "80000000", "fffffffb", "ffffffff"})
                QTest::addRow("%s of %s", tag, size)
                        << hex("01 76"_ba + tag + size) << QByteArray(ClaimsTooMuch);
        }
        row("name of 255", "ff 76", ClaimsTooMuch);
        row("name alone", "01 76", CutShort);
        row("length cut short", "01 76 53 000000", CutShort);
        row("string passing its table", "01 74 46 00000008 01 73 53 00000002 61 01 62 56",
            ClaimsTooMuch);
        row("string passing its array", "01 61 41 00000006 53 00000002 61 01 62 56", ClaimsTooMuch);
        row("table passing its table", "01 74 46 00000007 01 75 46 00000002 01 62 56",
            ClaimsTooMuch);
        row("name passing its table", "01 74 46 00000001 01 62 56", ClaimsTooMuch);
        row("number passing its array", "01 61 41 00000003 49 0000 0000 01 62 56", CutShort);
        row("array of half a tag's value", "01 61 41 00000001 64", CutShort);
        row("decimal cut short", "01 61 44 01 000000", CutShort);
        row("boolean without a value", "01 61 74", CutShort);
    }

    void lengthsBeyondTheEndAreRefused()
    {
        QFETCH(QByteArray, entries);
        QFETCH(QByteArray, why);
        QCOMPARE(refusal(entries), QString::fromLatin1(why));
    }

    void tablesNest32Deep()
    {
        QCOMPARE(refusal(nestedTables(32)), u"accepted"_s);
        QCOMPARE(refusal(nestedTables(33)), QLatin1StringView(TooDeep));
        QCOMPARE(refusal(nestedArrays(32)), u"accepted"_s);
        QCOMPARE(refusal(nestedArrays(33)), QLatin1StringView(TooDeep));
        QCOMPARE(refusal(nestedTables(5000)), QLatin1StringView(TooDeep));
        QCOMPARE(refusal(nestedArrays(5000)), QLatin1StringView(TooDeep));

        const QAmqpTable deep = decodeTable(nestedTables(32));
        QCOMPARE(encodeTable(deep), nestedTables(32));
        int depth = 1;
        for (QAmqpTable table = deep; !table.isEmpty(); table = table.value(u"v"_s).toTable())
            ++depth;
        QCOMPARE(depth, 32);
    }

    void elementsAreCounted()
    {
        // The array is an element too.
        const QByteArray fits = entry('A' + longString(QByteArray(65535, 'V')));
        QCOMPARE(refusal(fits), u"accepted"_s);
        QCOMPARE(onlyValue('A' + longString(QByteArray(65535, 'V'))).toArray().size(), 65535);
        QCOMPARE(refusal(entry('A' + longString(QByteArray(65536, 'V')))),
                 QLatin1StringView(TooManyElements));
        QCOMPARE(refusal(entry('A' + longString(QByteArray(65537, 'V')))),
                 QLatin1StringView(TooManyElements));
        // Spread over several arrays they count all the same.
        const QByteArray half = 'A' + longString(QByteArray(32768, 'V'));
        QCOMPARE(refusal(entry(half) + entry(half)), QLatin1StringView(TooManyElements));
        QCOMPARE(refusal(entry('A' + longString(half + half))), QLatin1StringView(TooManyElements));
        QCOMPARE(refusal(QByteArray("\0V", 2).repeated(65536)), u"accepted"_s);
        QCOMPARE(refusal(QByteArray("\0V", 2).repeated(65537)), QLatin1StringView(TooManyElements));
    }

    void variantsAreKeptBothWays_data()
    {
        QTest::addColumn<QVariant>("variant");
        QTest::addColumn<QAmqpValue>("value");
        QTest::addColumn<QVariant>("back");
        const auto row = [](const char *name, const QVariant &variant, const QAmqpValue &value,
                            const QVariant &back = {}) {
            QTest::newRow(name) << variant << value << (back.isValid() ? back : variant);
        };
        const auto exact = []<typename T>(T number) { return QVariant::fromValue<T>(number); };
        row("bool", true, true);
        row("char", exact('c'), qint8('c'), exact(static_cast<signed char>('c')));
        row("signed char", exact(static_cast<signed char>(-128)), qint8(-128));
        row("uchar (C6)", exact(quint8(255)), quint8(255));
        row("short (C6)", exact(qint16(-32768)), qint16(-32768));
        row("ushort (C7)", exact(quint16(40000)), quint16(40000));
        row("int", -5, -5);
        row("uint (C7)", 4000000000U, quint32(4000000000));
        row("long", exact(-7L), qint64(-7), exact(qint64(-7)));
        row("ulong", exact(7UL), qint64(7), exact(qint64(7)));
        row("qint64", exact(std::numeric_limits<qint64>::min()),
            std::numeric_limits<qint64>::min());
        row("quint64", exact(quint64(7)), qint64(7), exact(qint64(7)));
        row("float (C6)", 0.1F, 0.1F);
        row("double (C8)", 0.1, 0.1);
        row("decimal", exact(QAmqpDecimal{2, -314}), QAmqpDecimal{2, -314});
        row("string", u"é"_s, u"é"_s);
        row("null string", QString(), u""_s);
        row("bytes", "\xff"_ba, "\xff"_ba);
        const QDateTime time = QDateTime::fromSecsSinceEpoch(1600000000, Qt::UTC);
        row("time", time, QAmqpValue::timestamp(1600000000));
        row("time in 1970", QDateTime::fromSecsSinceEpoch(0, Qt::UTC), QAmqpValue::timestamp(0));
        row("time with milliseconds", time.addMSecs(999), QAmqpValue::timestamp(1600000000), time);
        row("time with an offset", time.toOffsetFromUtc(7200), QAmqpValue::timestamp(1600000000),
            time);
        row("nothing", QVariant(), QAmqpValue::null(), QVariant::fromValue(nullptr));
        row("nullptr", QVariant::fromValue(nullptr), QAmqpValue::null());
        row("list", QVariantList{1, u"a"_s}, QList<QAmqpValue>{1, u"a"_s});
        row("empty list", QVariantList(), QList<QAmqpValue>());
        row("string list (C6)", QStringList{u"a"_s, u"b"_s}, QList<QAmqpValue>{u"a"_s, u"b"_s},
            QVariantList{u"a"_s, u"b"_s});
        row("map (C6)", QVariantMap{{u"a"_s, 1}, {u"b"_s, QVariantMap{{u"c"_s, 0.5}}}},
            QAmqpTable({{u"a"_s, 1}, {u"b"_s, QAmqpTable({{u"c"_s, 0.5}})}}));
        row("hash", QVariantHash{{u"b"_s, 1}, {u"a"_s, 2}}, QAmqpTable({{u"a"_s, 2}, {u"b"_s, 1}}),
            QVariantMap{{u"a"_s, 2}, {u"b"_s, 1}});
        row("value", exact(QAmqpValue(quint8(1))), quint8(1), exact(quint8(1)));
        row("table", exact(QAmqpTable({{u"a"_s, 1}})), QAmqpTable({{u"a"_s, 1}}),
            QVariantMap{{u"a"_s, 1}});
        row("list of values", exact(QList<QAmqpValue>{1}), QList<QAmqpValue>{1}, QVariantList{1});
    }

    void variantsAreKeptBothWays()
    {
        QFETCH(QVariant, variant);
        QFETCH(QAmqpValue, value);
        QFETCH(QVariant, back);
        const QAmqpValue converted = QAmqpValue::fromVariant(variant);
        QCOMPARE(converted, value);
        QCOMPARE(converted.type(), value.type());
        QCOMPARE(converted.errorString(), QString());
        const QVariant returned = converted.toVariant();
        QCOMPARE(returned.typeId(), back.typeId());
        QCOMPARE(returned, back);
        QCOMPARE(QAmqpValue::fromVariant(returned), value);
    }

    void whatNoVariantHoldsStaysAsItIs()
    {
        const QAmqpValue late = QAmqpValue::timestamp(~quint64(0));
        QVERIFY(!late.toDateTime().isValid());
        QCOMPARE(late.toVariant().typeId(), qMetaTypeId<QAmqpValue>());
        QCOMPARE(QAmqpValue::fromVariant(late.toVariant()), late);
        QCOMPARE(QAmqpValue::string("\xff").toVariant(), QVariant("\xff"_ba));
        QCOMPARE(QAmqpValue::string("\xc3\xa9").toVariant(), QVariant(u"é"_s));
        QVERIFY(!QAmqpValue().toVariant().isValid());
        QCOMPARE(QAmqpTable::fromVariantMap({{u"a"_s, 2}}), QAmqpTable({{u"a"_s, 2}}));
    }

    // RabbitMQ looks at the first one too.
    void ofANameThatStandsTwiceTheFirstCounts()
    {
        QAmqpTable twice;
        for (int fillers : {0, 100}) { // small and large tables are looked through differently
            twice.append("a", 1);
            twice.append("a", 2);
            for (int i = 0; i < fillers; ++i)
                twice.append("filler", i);
            QCOMPARE(twice.value(u"a"_s).toInt(), qint64(1));
            QCOMPARE(twice.toVariantMap().value(u"a"_s), QVariant(1));
        }
        twice.insert(u"a"_s, 3);
        QCOMPARE(twice.value(u"a"_s).toInt(), qint64(3));
        QCOMPARE(twice.toVariantMap().value(u"a"_s), QVariant(3));
        QCOMPARE(twice.remove(u"a"_s), qsizetype(4));
        QVERIFY(!twice.contains(u"a"_s));
        QVERIFY(!twice.toVariantMap().contains(u"a"_s));
    }

    void namesThatAreNotUtf8StayApart()
    {
        const QByteArrayList names = {
                "\xff"_ba,         "\xfe"_ba,         "a\xff"_ba, "a\xff\xff"_ba,
                "%FF"_ba,          "\xc3\xa9"_ba,     "\xc3"_ba,  "\xc3\xa9\x80"_ba,
                "\xef\xbf\xbd"_ba, "\xed\xb3\xbf"_ba, ""_ba};
        QAmqpTable table;
        for (const QByteArray &name : names)
            table.append(name, name);
        const QVariantMap map = table.toVariantMap();
        QCOMPARE(map.size(), names.size());
        for (auto entry = map.cbegin(); entry != map.cend(); ++entry) {
            QCOMPARE(table.value(entry.key()).toBytes(), entry.value().toByteArray());
            QVERIFY(table.contains(entry.key()));
        }
        const QAmqpTable back = QAmqpTable::fromVariantMap(map);
        QCOMPARE(back.size(), table.size());
        for (const auto &[name, value] : back.entries())
            QCOMPARE(value.toBytes(), name);
        table.insert(map.key("\xfe"_ba), 1);
        QCOMPARE(table.size(), names.size());
        QCOMPARE(table.remove(map.key("\xff"_ba)), qsizetype(1));
        QVERIFY(table.contains(map.key("\xfe"_ba)));
    }

    // Each of these loops would take minutes if a lookup walked through the table.
    void lookingUpDoesNotWalkThroughTheTable()
    {
        constexpr int count = 30000;
        QAmqpTable table;
        const auto name = [](int i) { return u"header-%1"_s.arg(i); };
        for (int i = 0; i < count; ++i)
            table.insert(name(i), i);
        QCOMPARE(table.size(), qsizetype(count));
        const QAmqpTable copy = table;
        for (int i = 0; i < count; ++i) {
            QCOMPARE(copy.value(name(i)).toInt(), qint64(i));
            QVERIFY(!table.contains(name(count + i)));
            table.insert(name(i), -i);
        }
        QCOMPARE(copy.value(name(count - 1)).toInt(), qint64(count - 1));
        QCOMPARE(table.value(name(count - 1)).toInt(), qint64(1 - count));
        QCOMPARE(table.remove(name(0)), qsizetype(1));
        QVERIFY(!table.contains(name(0)));
        QCOMPARE(table.value(name(1)).toInt(), qint64(-1));
        QVERIFY(copy.contains(name(0)));
    }

    void timesAtTheEdgeOfQDateTime()
    {
        constexpr quint64 last = quint64(std::numeric_limits<qint64>::max()) / 1000;
        const QAmqpValue edge = QAmqpValue::timestamp(last);
        QVERIFY(edge.toDateTime().isValid());
        QCOMPARE(edge.toDateTime().toSecsSinceEpoch(), qint64(last));
        QCOMPARE(QAmqpValue(edge.toDateTime()), edge);
        for (const quint64 seconds : {last + 1, quint64(1) << 63, ~quint64(0)}) {
            QVERIFY(!QAmqpValue::timestamp(seconds).toDateTime().isValid());
            QCOMPARE(QAmqpValue::timestamp(seconds).toTimestamp(), seconds);
        }
    }

    // C6: what cannot be sent is named, never sent as something else or as nothing.
    void refusalsSayWhatToDo_data()
    {
        QTest::addColumn<QVariant>("variant");
        QTest::addColumn<QString>("text");
        const auto unsupported = [](const char *type) {
            return u"an AMQP table cannot hold a value of type %1; convert it to text, a number, bytes, "
                   "a time, a list or a map"_s.arg(QLatin1StringView(type));
        };
        const auto url = QVariant::fromValue(QUrl(u"http://host"_s));
        QTest::newRow("url") << url << unsupported("QUrl");
        QTest::newRow("uuid") << QVariant::fromValue(QUuid()) << unsupported("QUuid");
        QTest::newRow("date") << QVariant::fromValue(QDate(2020, 1, 1)) << unsupported("QDate");
        QTest::newRow("time of day") << QVariant::fromValue(QTime(1, 1)) << unsupported("QTime");
        QTest::newRow("character") << QVariant::fromValue(QChar(u'c')) << unsupported("QChar");
        QTest::newRow("line") << QVariant::fromValue(QLine()) << unsupported("QLine");
        QTest::newRow("object") << QVariant::fromValue(static_cast<QObject *>(this))
                                << unsupported("QObject*");
        QTest::newRow("2 to the 63rd")
                << QVariant::fromValue(quint64(1) << 63)
                << u"9223372036854775808 is larger than AMQP's largest integer, 9223372036854775807; send it as text"_s;
        const QString times =
                u"an AMQP timestamp cannot hold a time that is before 1970 or not valid"_s;
        QTest::newRow("1969") << QVariant(QDateTime::fromSecsSinceEpoch(-1, Qt::UTC)) << times;
        QTest::newRow("invalid time") << QVariant(QDateTime()) << times;
        QTest::newRow("in a list")
                << QVariant(QVariantList{1, url}) << u"element 1: "_s + unsupported("QUrl");
        QTest::newRow("in a map") << QVariant(QVariantMap{{u"a"_s, 1}, {u"b"_s, url}})
                                  << u"\"b\": "_s + unsupported("QUrl");
        QTest::newRow("deep inside")
                << QVariant(QVariantMap{{u"a"_s, QVariantList{0, QVariantMap{{u"b"_s, url}}}}})
                << u"\"a\": element 1: \"b\": "_s + unsupported("QUrl");
        QTest::newRow("a value not set")
                << QVariant::fromValue(QAmqpValue()) << u"no value was set"_s;
    }

    void refusalsSayWhatToDo()
    {
        QFETCH(QVariant, variant);
        QFETCH(QString, text);
        const QAmqpValue value = QAmqpValue::fromVariant(variant);
        QVERIFY(!value.isValid());
        QCOMPARE(value.errorString(), text);
        QAmqpTable table({{u"good"_s, 1}, {u"bad"_s, value}});
        QCOMPARE(table.errorString(), u"\"bad\": "_s + text);
        QCOMPARE(table.remove(u"bad"_s), 1);
        QCOMPARE(table.errorString(), QString());
    }

    void longNamesAreRefused()
    {
        QAmqpTable table({{QString(255, u'n'), 1}});
        QCOMPARE(table.errorString(), QString());
        table.append(QByteArray(300, 'n'), 1);
        QCOMPARE(table.errorString(),
                 u"the name \"%1…\" has 300 bytes, AMQP allows 255"_s.arg(QString(32, u'n')));
        // Bytes count, not characters.
        const QAmqpTable umlauts({{QString(128, u'ä'), 1}});
        QVERIFY(umlauts.errorString().endsWith(u"has 256 bytes, AMQP allows 255"));
        const QAmqpTable outer({{u"t"_s, umlauts}});
        QVERIFY(outer.errorString().startsWith(u"\"t\": the name \""));
    }

    void numbersConvert()
    {
        bool ok = false;
        QCOMPARE(QAmqpValue(quint32(4000000000)).toInt(&ok), qint64(4000000000));
        QVERIFY(ok);
        QCOMPARE(QAmqpValue(qint8(-128)).toInt(), qint64(-128));
        QCOMPARE(QAmqpValue(true).toInt(&ok), qint64(1));
        QVERIFY(ok);
        QCOMPARE(QAmqpValue("5").toInt(&ok), qint64(0));
        QVERIFY(!ok);
        QCOMPARE(QAmqpValue(1.5).toInt(&ok), qint64(0));
        QVERIFY(!ok);
        QCOMPARE(QAmqpValue::timestamp(7).toInt(&ok), qint64(7));
        QVERIFY(ok);
        QCOMPARE(QAmqpValue::timestamp(~quint64(0)).toInt(&ok), qint64(0));
        QVERIFY(!ok);
        QVERIFY(QAmqpValue(QAmqpDecimal{2, 314}).toDouble(&ok) == 3.14); // to the last bit
        QVERIFY(ok);
        QCOMPARE(QAmqpValue(0.5F).toDouble(), 0.5);
        QCOMPARE(QAmqpValue(-3).toDouble(&ok), -3.0);
        QVERIFY(ok);
        QCOMPARE(QAmqpValue("x").toDouble(&ok), 0.0);
        QVERIFY(!ok);
        QVERIFY(QAmqpValue(0.5).toBool());
        QVERIFY(!QAmqpValue(0).toBool());
        QVERIFY(!QAmqpValue("true").toBool());
        QCOMPARE(QAmqpValue(QAmqpDecimal{3, -1}).toDecimal(), (QAmqpDecimal{3, -1}));
        QVERIFY(QAmqpValue(1).toDecimal() == QAmqpDecimal());
        QVERIFY((QAmqpDecimal{1, 1} != QAmqpDecimal{2, 1}));
    }

    void textAndContainersConvert()
    {
        QCOMPARE(QAmqpValue(u"é"_s).toString(), u"é"_s);
        QCOMPARE(QAmqpValue(u"é"_s).toBytes(), "\xc3\xa9"_ba);
        QCOMPARE(QAmqpValue("\xc3\xa9"_ba).toString(), u"é"_s);
        QCOMPARE(QAmqpValue(quint8(7)).toString(), u"7"_s);
        QCOMPARE(QAmqpValue(0.1).toString(), u"0.1"_s);
        QCOMPARE(QAmqpValue(0.1F).toString(), u"0.1"_s);
        QCOMPARE(QAmqpValue(false).toString(), u"false"_s);
        QCOMPARE(QAmqpValue::timestamp(~quint64(0)).toString(), u"18446744073709551615"_s);
        QCOMPARE(QAmqpValue(1).toArray().size(), 0);
        QVERIFY(QAmqpValue(1).toTable().isEmpty());
        QVERIFY(QAmqpValue(1).toBytes().isEmpty());
        QVERIFY(!QAmqpValue(1).toDateTime().isValid());
        QVERIFY(QAmqpValue().toString().isEmpty());
    }

    void tablesAreEdited()
    {
        QAmqpTable table;
        QVERIFY(table.isEmpty());
        QVERIFY(!table.contains(u"a"_s));
        QCOMPARE(table.remove(u"a"_s), 0);
        table.insert(u"a"_s, 1);
        table.insert(u"b"_s, 2);
        const QAmqpTable copy = table;
        table.insert(u"a"_s, "new");
        QCOMPARE(table.size(), 2);
        QCOMPARE(table.entries().first().first, "a"_ba);
        QCOMPARE(table.value(u"a"_s), QAmqpValue("new"));
        QCOMPARE(copy.value(u"a"_s), QAmqpValue(1));
        table.append("a", 3);
        QCOMPARE(table.remove(u"a"_s), 2);
        QCOMPARE(table, QAmqpTable({{u"b"_s, 2}}));
        QCOMPARE(table.value(u"a"_s).type(), Type::Invalid);
    }

    void equalityIsOfTypeAndValue()
    {
        QVERIFY(QAmqpValue(1) == QAmqpValue(1));
        QVERIFY(QAmqpValue(1) != QAmqpValue(2));
        QVERIFY(QAmqpValue(1) != QAmqpValue(qint64(1)));
        QVERIFY(QAmqpValue("a") != QAmqpValue("a"_ba));
        QVERIFY(QAmqpValue() == QAmqpValue());
        QVERIFY(QAmqpValue() != QAmqpValue::null());
        QVERIFY(QAmqpValue::null() == QAmqpValue::null());
        QVERIFY(QAmqpValue(QAmqpDecimal{1, 1}) != QAmqpValue(QAmqpDecimal{2, 1}));
        const double nan = std::numeric_limits<double>::quiet_NaN();
        QVERIFY(QAmqpValue(nan) == QAmqpValue(nan));
        QVERIFY(QAmqpValue(0.0) != QAmqpValue(-0.0));
        QVERIFY(QAmqpTable()
                == QAmqpTable(std::initializer_list<std::pair<QString, QAmqpValue>>()));
        QVERIFY(QAmqpTable({{u"a"_s, 1}, {u"b"_s, 1}}) != QAmqpTable({{u"b"_s, 1}, {u"a"_s, 1}}));
        QAmqpTable emptied({{u"a"_s, 1}});
        emptied.remove(u"a"_s);
        QVERIFY(emptied == QAmqpTable());
    }

    void printsForPeople()
    {
        QCOMPARE(printed(QAmqpValue()), u"invalid"_s);
        QCOMPARE(printed(QAmqpValue::null()), u"void"_s);
        QCOMPARE(printed(QAmqpValue("a b")), u"\"a b\""_s);
        QCOMPARE(printed(QAmqpValue(quint16(40000))), u"u:40000"_s);
        QCOMPARE(printed(QAmqpValue(true)), u"t:true"_s);
        QCOMPARE(printed(QAmqpValue("\x01\xff"_ba)), u"bytes(\"01ff\")"_s);
        QCOMPARE(printed(QAmqpValue::timestamp(5)), u"timestamp(5)"_s);
        QCOMPARE(printed(QAmqpDecimal{2, -314}), u"QAmqpDecimal(-314e-2)"_s);
        QCOMPARE(printed(QAmqpTable()), u"{}"_s);
        QCOMPARE(printed(QAmqpTable({{u"a"_s, "x"},
                                     {u"b"_s, QList<QAmqpValue>{1, "y"}},
                                     {u"c"_s, QAmqpTable({{u"d"_s, QAmqpValue::null()}})}})),
                 u"{\"a\": \"x\", \"b\": QList(I:1, \"y\"), \"c\": {\"d\": void}}"_s);
    }

    // Names and texts come from the peer: neither may forge a log line, whatever the stream is set to.
    void printingEscapesControlCharacters()
    {
        const QAmqpTable hostile(
                {{u"name\r\nforged"_s, "text\r\nforged \x1b[2J"},
                 {u"array"_s, QList<QAmqpValue>{"in\narray"}},
                 {u"table"_s, QAmqpTable({{u"in\ntable"_s, QAmqpValue::string("\x01\n")}})}});
        QString noquote;
        QDebug(&noquote).noquote().nospace()
                << hostile << hostile.value(u"array"_s) << hostile.entries().first().second;
        for (const QString &line : {printed(hostile), noquote}) {
            for (const QChar c : line)
                QVERIFY2(c >= u' ', qPrintable(line));
        }
    }
};

QTAMQP_TEST(TestTable)
#include "tst_table.moc"
