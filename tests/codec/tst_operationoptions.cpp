#include "testmain.h"

#include <QtAmqp/qamqpoperationoptions.h>

#include <QtCore/qdebug.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

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
void checkFlag(bool (Options::*is)() const, Options &(Options::*set)(bool), const char *name)
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
    QVERIFY2(options == before, name);
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
    void queueFlagsAreIndependent()
    {
        using Q = QAmqpQueueOptions;
        checkFlag(&Q::isPassive, &Q::setPassive, "passive");
        checkFlag(&Q::isDurable, &Q::setDurable, "durable");
        checkFlag(&Q::isExclusive, &Q::setExclusive, "exclusive");
        checkFlag(&Q::isAutoDelete, &Q::setAutoDelete, "auto-delete");
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
                 u"QAmqpConsumeOptions(tag \"t\", prefetch 250)"_s);
        QCOMPARE(printed(QAmqpConsumeOptions().setConsumerTag(u"t"_s).setNoAck()),
                 u"QAmqpConsumeOptions(tag \"t\", prefetch 250, no-ack)"_s);
    }
};

QTAMQP_TEST(TestOperationOptions)

#include "tst_operationoptions.moc"
