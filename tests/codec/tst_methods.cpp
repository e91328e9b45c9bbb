// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The 64 methods: everything that folds over fields(), with random instances and golden frames.
//
// A random run prints its seed when it fails; QTAMQP_TEST_SEED=<number> repeats it.

#include "testmain.h"

#include "codec/dispatch.h"
#include "codec/frame.h"
#include "values/tableformat.h"

#include <QtAmqp/qamqptable.h>

#include <QtCore/qrandom.h>
#include <QtTest/qtest.h>

#include <array>
#include <deque>
#include <limits>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;

namespace {

class Random
{
public:
    explicit Random(quint32 seed) : m_engine(seed) { }

    quint64 below(quint64 limit) { return m_engine() % limit; }
    bool oneIn(quint64 chances) { return below(chances) == 0; }

    template<typename T>
    T number()
    {
        constexpr T edges[] = {0, 1, std::numeric_limits<T>::max(), std::numeric_limits<T>::min(),
                               T(std::numeric_limits<T>::max() / 2 + 1)};
        return oneIn(2) ? edges[below(std::size(edges))] : T(m_engine());
    }

    QByteArray bytes(qsizetype size)
    {
        QByteArray bytes(size, Qt::Uninitialized);
        for (char &byte : bytes)
            byte = char(m_engine());
        return bytes;
    }

    QByteArray text(qsizetype maximum)
    {
        constexpr qsizetype sizes[] = {0, 1, 127, 128, 254, 255, 256, 3000};
        const qsizetype size = oneIn(3) ? qsizetype(below(300)) : sizes[below(std::size(sizes))];
        if (oneIn(3))
            return QString(u"日本é"_s.repeated(100)).toUtf8().first(std::min(size, qsizetype(255)));
        return bytes(std::min(size, maximum));
    }

    QAmqpValue value(int depth)
    {
        switch (below(depth > 3 ? 16 : 18)) {
        case 0: return oneIn(2);
        case 1: return number<qint8>();
        case 2: return number<quint8>();
        case 3: return number<qint16>();
        case 4: return number<quint16>();
        case 5: return number<qint32>();
        case 6: return number<quint32>();
        case 7: return number<qint64>();
        case 8: return float(number<qint32>()) / 3;
        case 9: return double(number<qint64>()) / 3;
        case 10: return QAmqpDecimal{number<quint8>(), number<qint32>()};
        case 11: return QAmqpValue::string(text(3000));
        case 12: return bytes(qsizetype(below(40)));
        case 13: return QAmqpValue::timestamp(number<quint64>());
        case 14: return QAmqpValue::null();
        case 15: return text(255);
        case 16: {
            QList<QAmqpValue> array;
            for (quint64 i = below(4); i > 0; --i)
                array.append(value(depth + 1));
            return array;
        }
        default: return table(depth + 1);
        }
    }

    QAmqpTable table(int depth = 0)
    {
        QAmqpTable table;
        for (quint64 i = below(5); i > 0; --i)
            table.append(text(MaxShortString), value(depth));
        return table;
    }

private:
    std::mt19937 m_engine;
};

// Methods are views: `storage` holds what a random one refers to.
template<typename Method>
Method randomMethod(Random &random, std::deque<QByteArray> &storage)
{
    Method method;
    forEachField(method, [&](const char *, auto &value) {
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (isBit<T>)
            value = random.oneIn(2);
        else if constexpr (std::is_same_v<T, ShortString>)
            value = T(storage.emplace_back(random.text(MaxShortString)));
        else if constexpr (std::is_same_v<T, LongString>)
            value = T(storage.emplace_back(random.text(3000)));
        else if constexpr (std::is_same_v<T, FieldTable>)
            value = T(storage.emplace_back(encodeTable(random.table())));
        else
            value = random.number<T>();
    });
    return method;
}

// Room is given for more than encodedSize() says, so that a wrong size is seen and harms nothing.
template<typename Method>
QByteArray encoded(const Method &method)
{
    QByteArray bytes(encodedSize(method) + 64, char(0x5a));
    Writer out(bytes.data());
    encode(method, out);
    return bytes.first(out.at() - bytes.constData());
}

template<typename Method>
QByteArray encodedFrame(quint16 channel, const Method &method)
{
    const qsizetype size = encodedSize(method);
    QByteArray bytes(size + FrameOverhead, Qt::Uninitialized);
    Writer out(bytes.data());
    encodeMethodFrame(out, channel, method, size);
    return bytes;
}

template<typename Method>
std::pair<Method, bool> decoded(QByteArrayView payload)
{
    Reader in(payload.sliced(4));
    const auto method = decode<Method>(in);
    return {method, in.ok()};
}

struct Recorder
{
    template<typename Method>
    void on(const Method &method)
    {
        ++calls;
        id = Method::info.id();
        again = encoded(method);
        log = describe(method);
    }

    int calls = 0;
    quint32 id = 0;
    QByteArray again;
    QString log;
};

// Each check returns what is wrong, or nothing.

template<typename Method>
QString checkRoundTrip(Random &random)
{
    std::deque<QByteArray> storage;
    const auto method = randomMethod<Method>(random, storage);
    const QByteArray payload = encoded(method);
    if (payload.size() != encodedSize(method))
        return u"encodedSize() is %1, really it is %2"_s.arg(encodedSize(method))
                .arg(payload.size());
    if (payload.first(4)
        != QByteArray::fromHex(QByteArray::number(Method::info.id(), 16).rightJustified(8, '0')))
        return u"does not begin with its numbers"_s;
    const auto [back, ok] = decoded<Method>(payload);
    if (!ok)
        return u"is refused: "_s + describe(method);
    if (!(back == method))
        return u"came back as %1, it was %2"_s.arg(describe(back), describe(method));
    if (encoded(back) != payload)
        return u"encodes differently the second time"_s;
    return {};
}

template<typename Method>
QString checkTruncation(Random &random)
{
    std::deque<QByteArray> storage;
    const QByteArray payload = encoded(randomMethod<Method>(random, storage));
    for (qsizetype size = 4; size < payload.size(); ++size) {
        // Memory of just that size, so that a sanitizer sees a read behind it.
        const std::vector<char> exact(payload.cbegin(), payload.cbegin() + size);
        if (decoded<Method>(QByteArrayView(exact.data(), size)).second)
            return u"is accepted cut off after %1 of %2 bytes"_s.arg(size).arg(payload.size());
    }
    for (const char junk : {'\0', '\1', '\xce', '\xff'}) {
        if (decoded<Method>(payload + junk).second)
            return u"is accepted with a byte of junk behind it"_s;
    }
    return {};
}

template<typename Method>
QString checkDispatch(Random &random)
{
    std::deque<QByteArray> storage;
    const QByteArray payload = encoded(randomMethod<Method>(random, storage));
    const auto run = [](const QByteArray &bytes, Recorder &recorder, bool &ok) {
        Reader in(bytes);
        const quint32 id = in.read<quint32>();
        const bool known = dispatch(id, in, recorder);
        ok = in.ok();
        return known;
    };

    Recorder recorder;
    bool ok = false;
    if (!run(payload, recorder, ok) || !ok)
        return u"is not dispatched"_s;
    if (recorder.calls != 1 || recorder.id != Method::info.id())
        return u"reached the overload of %1, %2 times"_s.arg(methodName(recorder.id))
                .arg(recorder.calls);
    if (recorder.again != payload)
        return u"reached the handler changed: "_s + recorder.log;
    if (methodName(Method::info.id()) != QLatin1StringView(Method::info.name)
        || !recorder.log.startsWith(QLatin1StringView(Method::info.name) + u'('))
        return u"goes by the wrong name in "_s + recorder.log;

    Recorder untouched;
    if (!run(payload + '\0', untouched, ok) || ok || untouched.calls != 0)
        return u"with junk behind it reaches the handler"_s;
    if (payload.size() > 4
        && (!run(payload.chopped(1), untouched, ok) || ok || untouched.calls != 0))
        return u"cut short reaches the handler"_s;
    return {};
}

template<typename Method>
QString checkFrame(Random &random)
{
    std::deque<QByteArray> storage;
    const auto method = randomMethod<Method>(random, storage);
    const auto channel = random.number<quint16>();
    const QByteArray bytes = encodedFrame(channel, method);
    constexpr quint32 Limit = 128 * 1024;
    Frame frame;
    FrameError error;
    for (qsizetype size = 0; size < bytes.size(); ++size) {
        if (nextFrame(QByteArrayView(bytes).first(size), Limit, frame, error)
            != FrameResult::Incomplete)
            return u"%1 of %2 bytes are not called incomplete: %3"_s.arg(size)
                    .arg(bytes.size())
                    .arg(error.text);
    }
    for (const QByteArray &junk : {QByteArray(), "junk"_ba, bytes}) {
        const QByteArray input = bytes + junk;
        if (nextFrame(input, Limit, frame, error) != FrameResult::Complete)
            return u"the frame is not complete: "_s + error.text;
        if (frame.type != FrameType::Method || frame.channel != channel
            || frame.payload != encoded(method))
            return u"the frame came back changed"_s;
    }
    return {};
}

struct MethodRow
{
    const char *name;
    quint32 id;
    QString (*roundTrip)(Random &);
    QString (*truncation)(Random &);
    QString (*dispatched)(Random &);
    QString (*framed)(Random &);
};

template<typename... Methods>
constexpr auto makeMethodRows(TypeList<Methods...>)
{
    return std::array<MethodRow, sizeof...(Methods)>{
            {{Methods::info.name, Methods::info.id(), checkRoundTrip<Methods>,
              checkTruncation<Methods>, checkDispatch<Methods>, checkFrame<Methods>}...}};
}

constexpr auto methodRows = makeMethodRows(AllMethods());

QByteArray hex(const char *spaced) { return QByteArray::fromHex(spaced); }

// The golden frame both ways; what the frame says is asserted on `method` by the caller's literal.
template<typename Method>
QString compareGolden(const char *spaced, quint16 channel, const Method &method)
{
    const QByteArray golden = hex(spaced);
    const QByteArray ours = encodedFrame(channel, method);
    if (ours != golden)
        return u"encodes to\n  %1, should be\n  %2"_s.arg(QLatin1StringView(ours.toHex(' ')),
                                                          QLatin1StringView(golden.toHex(' ')));
    Frame frame;
    FrameError error;
    if (nextFrame(golden, UntunedFrameMax, frame, error) != FrameResult::Complete
        || frame.channel != channel)
        return u"is no frame: "_s + error.text;
    const auto [back, ok] = decoded<Method>(frame.payload);
    if (!ok || !(back == method))
        return u"decodes to %1, should be %2"_s.arg(describe(back), describe(method));
    return {};
}

} // namespace

#define VERIFY_GOLDEN(...) \
  do { \
    const QString problem = compareGolden(__VA_ARGS__); \
    QVERIFY2(problem.isEmpty(), qPrintable(problem)); \
  } while (false)

class TestMethods : public QObject
{
    Q_OBJECT

private:
    void methods_data()
    {
        QTest::addColumn<qsizetype>("row");
        for (std::size_t i = 0; i < methodRows.size(); ++i)
            QTest::newRow(methodRows[i].name) << qsizetype(i);
    }

    void repeat(QString (*MethodRow::*check)(Random &), int times)
    {
        QFETCH(qsizetype, row);
        for (int i = 0; i < times; ++i) {
            const quint32 seed = m_seed + quint32(i);
            Random random(seed);
            const QString problem = (methodRows[std::size_t(row)].*check)(random);
            QVERIFY2(problem.isEmpty(),
                     qPrintable(u"%1 [QTAMQP_TEST_SEED=%2]"_s.arg(problem).arg(seed)));
        }
    }

    quint32 m_seed = 0;

private Q_SLOTS:
    void initTestCase()
    {
        bool given = false;
        m_seed = quint32(qEnvironmentVariable("QTAMQP_TEST_SEED").toUInt(&given));
        if (!given)
            m_seed = QRandomGenerator::global()->generate();
    }

    void thereAre64WithDistinctNumbersAndNames()
    {
        QCOMPARE(AllMethods::size, std::size_t(64));
        std::set<quint32> ids;
        std::set<QByteArray> names;
        for (const MethodRow &row : methodRows) {
            ids.insert(row.id);
            names.insert(row.name);
        }
        QCOMPARE(ids.size(), std::size_t(64));
        QCOMPARE(names.size(), std::size_t(64));
    }

    void comesBackAsItWasSent_data() { methods_data(); }
    void comesBackAsItWasSent() { repeat(&MethodRow::roundTrip, 60); }

    void isRefusedCutShortOrWithJunkBehindIt_data() { methods_data(); }
    void isRefusedCutShortOrWithJunkBehindIt() { repeat(&MethodRow::truncation, 10); }

    void reachesItsOwnOverload_data() { methods_data(); }
    void reachesItsOwnOverload() { repeat(&MethodRow::dispatched, 10); }

    void travelsInAFrame_data() { methods_data(); }
    void travelsInAFrame() { repeat(&MethodRow::framed, 3); }

    void unknownNumbersAreNotDispatched()
    {
        std::set<quint32> known;
        for (const MethodRow &row : methodRows)
            known.insert(row.id);
        std::set<quint32> unknown = {0,
                                     1,
                                     0xffffffff,
                                     methodId(0, 10),
                                     methodId(10, 0),
                                     methodId(30, 10),
                                     methodId(60, 65535),
                                     methodId(91, 10)};
        for (const quint32 id : known) {
            unknown.insert({id - 1, id + 1, id + 0x10000, (id << 16) | (id >> 16)});
        }
        int tried = 0;
        for (const quint32 id : unknown) {
            if (known.count(id))
                continue;
            ++tried;
            Recorder recorder;
            Reader in("\0\0\0\0"_ba);
            QVERIFY2(!dispatch(id, in, recorder), qPrintable(methodName(id)));
            QCOMPARE(recorder.calls, 0);
            QVERIFY(in.ok());
        }
        QVERIFY(tried > 100);
        QCOMPARE(methodName(methodId(10, 99)), u"10.99"_s);
        QCOMPARE(methodName(methodId(60, 60)), u"basic.deliver"_s);
    }

    void eachBitHasItsOwnPlace()
    {
        // P18: no-wait of exchange.delete is the second bit.
        VERIFY_GOLDEN("01 0001 00000009 0028 0014 0000 01 65 02 ce", 1, [] {
            ExchangeDelete method;
            method.exchange = "e";
            method.noWait = true;
            return method;
        }());
        VERIFY_GOLDEN("01 0001 00000009 0028 0014 0000 01 65 01 ce", 1, [] {
            ExchangeDelete method;
            method.exchange = "e";
            method.ifUnused = true;
            return method;
        }());

        bool ExchangeDeclare::*const bits[] = {
                &ExchangeDeclare::passive, &ExchangeDeclare::durable, &ExchangeDeclare::autoDelete,
                &ExchangeDeclare::internal, &ExchangeDeclare::noWait};
        for (int i = 0; i < 5; ++i) {
            ExchangeDeclare method;
            method.*bits[i] = true;
            QCOMPARE(quint8(encoded(method).at(8)), quint8(1 << i));
        }
    }

    void bitsOfTheSpareKindAreIgnored()
    {
        // 0-9-1 does not say what the unused bits of a byte hold; they mean nothing to us.
        const auto [method, ok] = decoded<BasicAck>(hex("003c 0050 0000000000000007 ff"));
        QVERIFY(ok);
        QVERIFY(method.multiple);
        QCOMPARE(method.deliveryTag, quint64(7));
    }

    void goldenFramesOfTheConnection()
    {
        ConnectionStart start;
        start.versionMinor = 9;
        const QByteArray properties = hex("07 70726f64756374 53 00000008 5261626269744d51");
        start.serverProperties = properties;
        start.mechanisms = "PLAIN";
        start.locales = "en_US";
        VERIFY_GOLDEN("01 0000 00000031 000a 000a 00 09"
                      "00000015 07 70726f64756374 53 00000008 5261626269744d51"
                      "00000005 504c41494e 00000005 656e5f5553 ce",
                      0, start);
        QCOMPARE(decodeTable(start.serverProperties), QAmqpTable({{u"product"_s, "RabbitMQ"}}));

        ConnectionStartOk startOk;
        startOk.mechanism = "PLAIN";
        const QByteArray response("\0guest\0guest", 12);
        startOk.response = response;
        startOk.locale = "en_US";
        VERIFY_GOLDEN("01 0000 00000024 000a 000b 00000000 05 504c41494e"
                      "0000000c 00 6775657374 00 6775657374 05 656e5f5553 ce",
                      0, startOk);

        ConnectionTuneOk tuneOk;
        tuneOk.channelMax = 2047;
        tuneOk.frameMax = 131072;
        tuneOk.heartbeat = 60;
        VERIFY_GOLDEN("01 0000 0000000c 000a 001f 07ff 00020000 003c ce", 0, tuneOk);

        ConnectionOpen open;
        open.virtualHost = "/";
        VERIFY_GOLDEN("01 0000 00000008 000a 0028 01 2f 00 00 ce", 0, open);

        ConnectionClose close;
        close.replyCode = 320;
        close.replyText = "bye";
        close.classId = 60;
        close.methodId = 40;
        VERIFY_GOLDEN("01 0000 0000000e 000a 0032 0140 03 627965 003c 0028 ce", 0, close);
        VERIFY_GOLDEN("01 0000 00000004 000a 0033 ce", 0, ConnectionCloseOk());

        ConnectionBlocked blocked;
        blocked.reason = "low on disk";
        VERIFY_GOLDEN("01 0000 00000010 000a 003c 0b 6c6f77206f6e206469736b ce", 0, blocked);

        ConnectionUpdateSecret secret;
        secret.newSecret = "abc";
        secret.reason = "r";
        VERIFY_GOLDEN("01 0000 0000000d 000a 0046 00000003 616263 01 72 ce", 0, secret);
    }

    void goldenFramesOfAChannel()
    {
        VERIFY_GOLDEN("01 0001 00000005 0014 000a 00 ce", 1, ChannelOpen());
        VERIFY_GOLDEN("01 ffff 00000008 0014 000b 00000000 ce", 65535, ChannelOpenOk());

        ExchangeDeclare exchange;
        exchange.exchange = "e";
        exchange.type = "topic";
        exchange.passive = exchange.durable = exchange.autoDelete = exchange.internal =
                exchange.noWait = true;
        VERIFY_GOLDEN("01 0001 00000013 0028 000a 0000 01 65 05 746f706963 1f 00000000 ce", 1,
                      exchange);

        QueueDeclare queue;
        queue.queue = "q";
        queue.durable = queue.autoDelete = true;
        const QByteArray arguments = encodeTable({{u"x-max-length"_s, 10}});
        queue.arguments = arguments;
        VERIFY_GOLDEN("01 0001 0000001f 0032 000a 0000 01 71 0a"
                      "00000012 0c 782d6d61782d6c656e677468 49 0000000a ce",
                      1, queue);

        QueueDeclareOk queueOk;
        queueOk.queue = "amq.gen-é";
        queueOk.messageCount = 4000000000;
        queueOk.consumerCount = 2;
        VERIFY_GOLDEN("01 0001 00000017 0032 000b 0a 616d712e67656e2dc3a9 ee6b2800 00000002 ce", 1,
                      queueOk);

        BasicQos qos;
        qos.prefetchCount = 250;
        qos.global = true;
        VERIFY_GOLDEN("01 0001 0000000b 003c 000a 00000000 00fa 01 ce", 1, qos);

        ConfirmSelect confirm;
        VERIFY_GOLDEN("01 0001 00000005 0055 000a 00 ce", 1, confirm);
        VERIFY_GOLDEN("01 0001 00000004 005a 001e ce", 1, TxRollback());
    }

    void goldenFramesOfMessages()
    {
        BasicConsume consume;
        consume.queue = "q";
        consume.consumerTag = "c";
        consume.noAck = consume.noWait = true;
        VERIFY_GOLDEN("01 0001 0000000f 003c 0014 0000 01 71 01 63 0a 00000000 ce", 1, consume);

        BasicPublish publish;
        publish.routingKey = "q";
        publish.mandatory = true;
        VERIFY_GOLDEN("01 0001 0000000a 003c 0028 0000 00 01 71 01 ce", 1, publish);

        BasicReturn returned;
        returned.replyCode = 312;
        returned.replyText = "NO_ROUTE";
        returned.exchange = "e";
        returned.routingKey = "k";
        VERIFY_GOLDEN("01 0001 00000013 003c 0032 0138 08 4e4f5f524f555445 01 65 01 6b ce", 1,
                      returned);

        BasicDeliver deliver;
        deliver.consumerTag = "c";
        deliver.deliveryTag = 0x0102030405060708;
        deliver.redelivered = true;
        deliver.routingKey = "q";
        VERIFY_GOLDEN("01 0001 00000012 003c 003c 01 63 0102030405060708 01 00 01 71 ce", 1,
                      deliver);

        BasicGetOk getOk;
        getOk.deliveryTag = 3;
        getOk.routingKey = "q";
        getOk.messageCount = 9;
        VERIFY_GOLDEN("01 0001 00000014 003c 0047 0000000000000003 00 00 01 71 00000009 ce", 1,
                      getOk);

        BasicAck ack;
        ack.deliveryTag = std::numeric_limits<quint64>::max();
        ack.multiple = true;
        VERIFY_GOLDEN("01 0001 0000000d 003c 0050 ffffffffffffffff 01 ce", 1, ack);

        BasicNack nack;
        nack.deliveryTag = 5;
        nack.requeue = true;
        VERIFY_GOLDEN("01 0001 0000000d 003c 0078 0000000000000005 02 ce", 1, nack);
    }

    // C1: a short string's length is an unsigned byte.
    void shortStringsOf128To255BytesStayWhole()
    {
        for (const int size : {127, 128, 200, 255}) {
            const QByteArray key(size, 'k');
            BasicDeliver deliver;
            deliver.consumerTag = key;
            deliver.exchange = "e";
            deliver.routingKey = key;
            const QByteArray payload = encoded(deliver);
            const auto [back, ok] = decoded<BasicDeliver>(payload);
            QVERIFY(ok);
            QCOMPARE(back.routingKey.toByteArray(), key);
            QCOMPARE(back.consumerTag.toByteArray(), key);
            QCOMPARE(back.exchange.toByteArray(), "e"_ba);
        }
    }

    void logLinesMaskSecrets()
    {
        ConnectionStartOk startOk;
        startOk.mechanism = "PLAIN";
        startOk.response = "hunter2";
        QCOMPARE(describe(startOk),
                 u"connection.start-ok(client-properties=table of 0 bytes, mechanism=\"PLAIN\", "
                 "response=***, locale=\"\")"_s);
        ConnectionSecureOk secureOk;
        secureOk.response = "hunter2";
        QCOMPARE(describe(secureOk), u"connection.secure-ok(response=***)"_s);
        ConnectionUpdateSecret secret;
        secret.newSecret = "hunter2";
        secret.reason = "expired";
        QCOMPARE(describe(secret),
                 u"connection.update-secret(new-secret=***, reason=\"expired\")"_s);
    }

    void logLinesEscapeWhatIsNotPrintable()
    {
        ChannelClose close;
        close.replyCode = 404;
        close.replyText = "NOT_FOUND - no 'q'\r\n\x1b[2J\"%\x7f é";
        close.classId = 50;
        close.methodId = 10;
        const QString line = describe(close);
        QCOMPARE(
                line,
                u"channel.close(reply-code=404, reply-text=\"NOT_FOUND - no 'q'%0D%0A%1B[2J%22%25%7F %C3%A9\", "
                "class-id=50, method-id=10)"_s);
        for (const QChar c : line)
            QVERIFY(c >= u' ' && c < u'\x7f');
        QCOMPARE(describe(TxSelect()), u"tx.select()"_s);
        BasicNack nack;
        nack.deliveryTag = 7;
        nack.multiple = true;
        QCOMPARE(describe(nack), u"basic.nack(delivery-tag=7, multiple=1, requeue=0)"_s);
    }
};

QTAMQP_TEST(TestMethods)
#include "tst_methods.moc"
