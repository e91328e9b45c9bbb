// QAmqpChannel against a scripted broker: every request's future, publishes and what becomes of them,
// and calls that are refused without a word to the broker.

#include "apitest.h"

#include "codec/dispatch.h"
#include "values/tableformat.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qregularexpression.h>

#include <thread>

using State = QAmqpChannel::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

Q_DECLARE_METATYPE(QAmqpChannel::PublishFlags)

namespace {

using Call = std::function<std::function<QAmqpError()>(QAmqpChannel *)>;

template<typename T>
std::function<QAmqpError()> ending(const QFuture<T> &future)
{
    return [future] { return errorOf(future); };
}

struct Operation
{
    const char *name; // as texts name it
    Call call;
    std::function<void(Script &)> expect;
    quint16 classId;
    quint16 methodId;
};

template<typename Method>
Operation operation(const char *name, Call call)
{
    return {name, std::move(call), [](Script &script) { script.expect<Method>(); },
            Method::info.classId, Method::info.index};
}

const QList<Operation> &operations()
{
    static const QList<Operation> all = {
            operation<QueueDeclare>(
                    "declareQueue",
                    [](QAmqpChannel *c) { return ending(c->declareQueue(u"q"_s)); }),
            operation<QueueBind>(
                    "bindQueue",
                    [](QAmqpChannel *c) { return ending(c->bindQueue(u"q"_s, u"e"_s)); }),
            operation<QueueUnbind>(
                    "unbindQueue",
                    [](QAmqpChannel *c) { return ending(c->unbindQueue(u"q"_s, u"e"_s)); }),
            operation<QueuePurge>("purgeQueue",
                                  [](QAmqpChannel *c) { return ending(c->purgeQueue(u"q"_s)); }),
            operation<QueueDelete>("deleteQueue",
                                   [](QAmqpChannel *c) { return ending(c->deleteQueue(u"q"_s)); }),
            operation<ExchangeDeclare>(
                    "declareExchange",
                    [](QAmqpChannel *c) { return ending(c->declareExchange(u"e"_s, u"topic"_s)); }),
            operation<ExchangeBind>(
                    "bindExchange",
                    [](QAmqpChannel *c) { return ending(c->bindExchange(u"e"_s, u"f"_s)); }),
            operation<ExchangeUnbind>(
                    "unbindExchange",
                    [](QAmqpChannel *c) { return ending(c->unbindExchange(u"e"_s, u"f"_s)); }),
            operation<ExchangeDelete>(
                    "deleteExchange",
                    [](QAmqpChannel *c) { return ending(c->deleteExchange(u"e"_s)); }),
            operation<BasicGet>("get", [](QAmqpChannel *c) { return ending(c->get(u"q"_s)); }),
            operation<BasicQos>("setPrefetch",
                                [](QAmqpChannel *c) { return ending(c->setPrefetch(3)); }),
            operation<BasicRecover>("recover",
                                    [](QAmqpChannel *c) { return ending(c->recover()); }),
            operation<TxSelect>("txSelect", [](QAmqpChannel *c) { return ending(c->txSelect()); }),
    };
    return all;
}

QString longName() { return QString(256, u'n'); }
QString longUtf8() { return QString(128, u'é'); } // 128 characters, 256 octets
QAmqpTable badTable() { return {{longName(), 1}}; }

Script confirming() { return openedChannel().expect<ConfirmSelect>().reply(ConfirmSelectOk{}); }

} // namespace

class TestChannel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void opensAndCloses();
    void operationsSucceed();
    void argumentsReachTheWire();
    void handlesOfQueueAndExchange();
    void brokerErrors_data();
    void brokerErrors();
    void notOpen_data();
    void notOpen();
    void invalidArguments();
    void largeArguments();
    void negotiatedFrameIsSmaller();
    void longestNamesPass();
    void misusePutsNothingOnTheWire();
    void otherThreadsAreRefused();
    void acksOfThreadsComeBeforeTheNextCall();
    void acksOfThreadsOutliveTheObjects_data();
    void acksOfThreadsOutliveTheObjects();
    void callsBeforeOpenKeepTheirOrder();
    void boundOfWaitingBytes();
    void otherChannelsGoOn();
    void repliesGoToTheirAskers();
    void reopensAfterError();
    void reopensInClosedSlot();
    void numbersAreRecycled();
    void channelLimit();
    void closeWaitsForWhatWasAsked();
    void closeInEveryState();
    void tagsGoOnOverReopen();
    void everyPublishIsAnsweredOnce();
    void publishConfirmed();
    void publishConfirmedIndeterminate();
    void allConfirmed();
    void setConfirmsRules();
    void withoutConfirms();
    void brokerWithoutConfirms();
    void maxUnconfirmed();
    void readyWhenOctetsHaveLeft();
    void brokerStopsTheFlow();
    void returnsFindTheirPublishes();
    void confirmsInTheSlotOfAReturn();
    void getsMessages();
    void requestTimeout();
    void requestTimeoutOfWaitingRequest();
    void requestTimeoutTellsOfBlockage();
    void transactions();
    void transactionGuards();
};

void TestChannel::opensAndCloses()
{
    Session s(
            openedChannel()
                    .expect<ChannelClose>([](const ChannelClose &m) { return m.replyCode == 200; })
                    .reply(ChannelCloseOk{})
                    .connectionClose());
    s.makeChannel();
    QCOMPARE(s.channel->state(), State::Opening);
    QCOMPARE(s.channel->number(), 1);
    QCOMPARE(s.channel->connection(), &s.connection);
    QCOMPARE(s.channel->parent(), &s.connection);
    s.open();
    s.channel->close();
    QCOMPARE(s.channel->state(), State::Closing);
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    s.channel->close();
    s.close();
    QCOMPARE(s.log.of(u"channel"_s),
             QStringList({u"Opening"_s, u"Open"_s, u"opened"_s, u"ready"_s, u"Closing"_s,
                          u"Closed"_s, u"closed"_s}));
    QVERIFY(!s.channel->lastError());
}

void TestChannel::operationsSucceed()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .reply(QueueDeclareOk{QByteArrayView("q"), 5, 2})
                      .expect<QueueBind>()
                      .reply(QueueBindOk{})
                      .expect<QueueUnbind>()
                      .reply(QueueUnbindOk{})
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{17})
                      .expect<QueueDelete>()
                      .reply(QueueDeleteOk{4'000'000'000})
                      .expect<ExchangeDeclare>()
                      .reply(ExchangeDeclareOk{})
                      .expect<ExchangeBind>()
                      .reply(ExchangeBindOk{})
                      .expect<ExchangeUnbind>()
                      .reply(ExchangeUnbindOk{})
                      .expect<ExchangeDelete>()
                      .reply(ExchangeDeleteOk{})
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicRecover>()
                      .reply(BasicRecoverOk{})
                      .connectionClose());
    s.open();
    const auto declared = s.channel->declareQueue(u"q"_s);
    const auto bound = s.channel->bindQueue(u"q"_s, u"e"_s);
    const auto unbound = s.channel->unbindQueue(u"q"_s, u"e"_s);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    const auto deleted = s.channel->deleteQueue(u"q"_s);
    const auto exchange = s.channel->declareExchange(u"e"_s, u"topic"_s);
    const auto exchangeBound = s.channel->bindExchange(u"e"_s, u"f"_s);
    const auto exchangeUnbound = s.channel->unbindExchange(u"e"_s, u"f"_s);
    const auto exchangeDeleted = s.channel->deleteExchange(u"e"_s);
    const auto prefetch = s.channel->setPrefetch(10);
    const auto recovered = s.channel->recover();
    TRY(recovered.isFinished(), s.server);
    QCOMPARE(declared.result().name, u"q"_s);
    QCOMPARE(declared.result().messageCount, 5u);
    QCOMPARE(declared.result().consumerCount, 2u);
    QCOMPARE(purged.result(), 17u);
    QCOMPARE(deleted.result(), 4'000'000'000u);
    for (const QFuture<void> &future : {bound, unbound, exchange, exchangeBound, exchangeUnbound,
                                        exchangeDeleted, prefetch, recovered})
        QVERIFY(!errorOf(future));
    s.close();
}

void TestChannel::argumentsReachTheWire()
{
    const QAmqpTable table = {{u"x-max-length"_s, 10}};
    const auto isTable = [table](QByteArrayView wire) { return decodeTable(wire) == table; };
    Session s(
            openedChannel()
                    .expect<QueueDeclare>([=](const QueueDeclare &m) {
                        return m.queue == "Größe" && !m.passive && m.durable && m.exclusive
                                && m.autoDelete && !m.noWait && isTable(m.arguments);
                    })
                    .expect<QueueDeclare>([=](const QueueDeclare &m) {
                        return m.queue == "p" && m.passive && !m.durable && !m.exclusive
                                && !m.autoDelete && m.arguments.isEmpty();
                    })
                    .expect<QueueBind>([=](const QueueBind &m) {
                        return m.queue == "q" && m.exchange == "e" && m.routingKey == "k"
                                && !m.noWait && isTable(m.arguments);
                    })
                    .expect<QueueUnbind>([=](const QueueUnbind &m) {
                        return m.queue == "q" && m.exchange == "e" && m.routingKey == "k"
                                && isTable(m.arguments);
                    })
                    .expect<QueueDelete>([](const QueueDelete &m) {
                        return m.queue == "q" && m.ifUnused && !m.ifEmpty && !m.noWait;
                    })
                    .expect<QueueDelete>(
                            [](const QueueDelete &m) { return !m.ifUnused && m.ifEmpty; })
                    .expect<ExchangeDeclare>([=](const ExchangeDeclare &m) {
                        return m.exchange == "e" && m.type == "x-delayed" && !m.passive && m.durable
                                && m.autoDelete && m.internal && !m.noWait && isTable(m.arguments);
                    })
                    .expect<ExchangeBind>([=](const ExchangeBind &m) {
                        return m.destination == "to" && m.source == "from" && m.routingKey == "k"
                                && isTable(m.arguments);
                    })
                    .expect<ExchangeUnbind>([=](const ExchangeUnbind &m) {
                        return m.destination == "to" && m.source == "from" && m.routingKey == "k"
                                && isTable(m.arguments);
                    })
                    .expect<ExchangeDelete>([](const ExchangeDelete &m) {
                        return m.exchange == "e" && m.ifUnused && !m.noWait;
                    })
                    .expect<BasicQos>([](const BasicQos &m) {
                        return m.prefetchSize == 0 && m.prefetchCount == 7 && m.global;
                    })
                    .expect<BasicQos>(
                            [](const BasicQos &m) { return m.prefetchCount == 65535 && !m.global; })
                    // The broker forgets the channel's limit when it learns that of the consumers.
                    .expect<BasicQos>(
                            [](const BasicQos &m) { return m.prefetchCount == 7 && m.global; })
                    .expect<BasicGet>([](const BasicGet &m) { return m.queue == "q" && m.noAck; })
                    .expect<BasicRecover>([](const BasicRecover &m) { return m.requeue; })
                    .ignoreRest());
    s.open();
    QAmqpChannel *c = s.channel;
    c->declareQueue(
            u"Größe"_s,
            QAmqpQueueOptions().setDurable().setExclusive().setAutoDelete().setArguments(table));
    c->declareQueue(u"p"_s, QAmqpQueueOptions().setPassive());
    c->bindQueue(u"q"_s, u"e"_s, u"k"_s, table);
    c->unbindQueue(u"q"_s, u"e"_s, u"k"_s, table);
    c->deleteQueue(u"q"_s, QAmqpChannel::IfUnused);
    c->deleteQueue(u"q"_s, QAmqpChannel::IfEmpty);
    c->declareExchange(
            u"e"_s, u"x-delayed"_s,
            QAmqpExchangeOptions().setDurable().setAutoDelete().setInternal().setArguments(table));
    c->bindExchange(u"to"_s, u"from"_s, u"k"_s, table);
    c->unbindExchange(u"to"_s, u"from"_s, u"k"_s, table);
    c->deleteExchange(u"e"_s, QAmqpChannel::IfUnused);
    c->setPrefetch(7, QAmqpChannel::PrefetchScope::Channel);
    c->setPrefetch(65535);
    c->get(u"q"_s, QAmqpChannel::AckPolicy::NoAck);
    c->recover();
    TRY(s.server.isExhausted(), s.server);
}

void TestChannel::handlesOfQueueAndExchange()
{
    Session s(openedChannel()
                      .expect<ExchangeDeclare>([](const ExchangeDeclare &m) {
                          return m.exchange == "e" && m.type == "headers";
                      })
                      .expect<ExchangeBind>([](const ExchangeBind &m) {
                          return m.destination == "e" && m.source == "f";
                      })
                      .expect<ExchangeUnbind>([](const ExchangeUnbind &m) {
                          return m.destination == "e" && m.source == "f";
                      })
                      .expect<QueueBind>([](const QueueBind &m) {
                          return m.queue == "q" && m.exchange == "e";
                      })
                      .expect<QueueUnbind>([](const QueueUnbind &m) {
                          return m.queue == "q" && m.exchange == "e";
                      })
                      .expect<QueuePurge>([](const QueuePurge &m) { return m.queue == "q"; })
                      .expect<QueueDelete>([](const QueueDelete &m) { return m.queue == "q"; })
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>([](const BasicPublish &m) {
                          return m.exchange == "e" && m.routingKey == "k" && m.mandatory;
                      })
                      .expect<BasicPublish>([](const BasicPublish &m) {
                          return m.exchange.isEmpty() && m.routingKey == "q";
                      })
                      .expect<ExchangeDelete>([](const ExchangeDelete &m) {
                          return m.exchange == "e" && !m.ifUnused;
                      })
                      .ignoreRest());
    s.open();
    QAmqpExchange *e = s.channel->exchange(u"e"_s);
    QAmqpQueue *q = s.channel->queue(u"q"_s);
    QCOMPARE(e->name(), u"e"_s);
    QCOMPARE(e->channel(), s.channel);
    QCOMPARE(q->channel(), s.channel);
    e->declare(QAmqpExchange::Type::Headers);
    e->bind(u"f"_s);
    e->unbind(u"f"_s);
    q->bind(u"e"_s);
    q->unbind(u"e"_s);
    q->purge();
    q->remove();
    QCOMPARE(e->publish(u"k"_s, QAmqpMessage("x"), QAmqpChannel::Mandatory), 1u);
    QCOMPARE(q->publish(QAmqpMessage("x")), 2u);
    e->remove();
    TRY(s.server.isExhausted(), s.server);
}

void TestChannel::brokerErrors_data()
{
    QTest::addColumn<int>("index");
    QTest::addColumn<int>("code");
    QTest::addColumn<Kind>("kind");
    const QList<std::pair<int, Kind>> codes = {{403, Kind::AccessRefused},
                                               {404, Kind::NotFound},
                                               {405, Kind::ResourceLocked},
                                               {406, Kind::PreconditionFailed}};
    for (int i = 0; i < operations().size(); ++i) {
        for (const auto &[code, kind] : codes)
            QTest::addRow("%s %d", operations().at(i).name, code) << i << code << kind;
    }
}

void TestChannel::brokerErrors()
{
    QFETCH(int, index);
    QFETCH(int, code);
    QFETCH(Kind, kind);
    const Operation &operation = operations().at(index);
    const QByteArray replyText = "REASON - it 'may' not be";
    Script script = openedChannel().expect<QueuePurge>();
    operation.expect(script);
    script.expect<QueueDelete>()
            .reply(QueuePurgeOk{0})
            .send(ChannelClose{quint16(code), QByteArrayView(replyText), operation.classId,
                               operation.methodId})
            .expect<ChannelCloseOk>()
            .connectionClose();
    Session s(script);
    s.open();
    const QFuture<quint32> before = s.channel->purgeQueue(u"q"_s);
    const auto guilty = operation.call(s.channel);
    const QFuture<quint32> behind = s.channel->deleteQueue(u"q"_s);
    TRY(behind.isFinished() && s.log.count(u"channel.closed"_s) == 1, s.server);
    // An operation before or behind it with the same name is not the guilty one.
    const bool sameBefore = operation.methodId == QueuePurge::info.index
            && operation.classId == QueuePurge::info.classId;
    QVERIFY2(!errorOf(before) || sameBefore, qPrintable(errorOf(before).text()));
    const QAmqpError error = guilty();
    QVERIFY2(error.kind() == kind, qPrintable(error.text()));
    QCOMPARE(error.scope(), QAmqpError::Scope::Operation);
    QCOMPARE(error.origin(), QAmqpError::Origin::Broker);
    QCOMPARE(error.replyCode(), code);
    QCOMPARE(error.replyText(), QString::fromUtf8(replyText));
    QCOMPARE(error.method(), methodName(methodId(operation.classId, operation.methodId)));
    const QAmqpError other = errorOf(behind);
    QCOMPARE(other.kind(), Kind::Cancelled);
    QCOMPARE(other.cause().kind(), kind);
    QCOMPARE(other.cause().replyCode(), code);
    // Told once, at the channel.
    QCOMPARE(s.log.errors.size(), 1);
    QCOMPARE(s.log.errors.at(0).scope(), QAmqpError::Scope::Channel);
    QCOMPARE(s.log.errors.at(0).replyCode(), code);
    QCOMPARE(s.channel->lastError(), s.log.errors.at(0));
    QCOMPARE(s.channel->state(), State::Closed);
    QVERIFY(s.connection.isOpen());
    s.close();
    QCOMPARE(s.log.count(u"channel.closed"_s), 1);
}

void TestChannel::notOpen_data()
{
    QTest::addColumn<int>("index");
    for (int i = 0; i < operations().size(); ++i)
        QTest::newRow(operations().at(i).name) << i;
}

void TestChannel::notOpen()
{
    QFETCH(int, index);
    const Operation &operation = operations().at(index);
    Session s(openedChannel()
                      .expect<QueuePurge>()
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{})
                      .reply(QueuePurgeOk{})
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.open();
    // Closing: what was asked before is finished first.
    s.channel->purgeQueue(u"q"_s);
    s.channel->purgeQueue(u"q"_s);
    s.channel->close();
    const auto closing = operation.call(s.channel);
    QCOMPARE(closing().kind(), Kind::NotOpen);
    const QString method = methodName(methodId(operation.classId, operation.methodId));
    QVERIFY2(closing().text().contains(method + u": channel 1 is closing"_s),
             qPrintable(closing().text()));
    TRY_COMPARE(s.channel->state(), State::Closed);
    const auto closed = operation.call(s.channel);
    QCOMPARE(closed().kind(), Kind::NotOpen);
    QCOMPARE(closed().scope(), QAmqpError::Scope::Operation);
    QVERIFY2(closed().text().contains(method + u": channel 1 is closed; open() it again"_s),
             qPrintable(closed().text()));
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("x")), 0u);
    QCOMPARE(s.channel->lastError().kind(), Kind::NotOpen);
    QCOMPARE(errorOf(s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x"))).kind(),
             Kind::NotOpen);
    s.close();
}

// Each of these says what is wrong, and the script sees none of them.
void TestChannel::invalidArguments()
{
    Session s(openedChannel().connectionClose());
    s.open();
    QAmqpChannel *c = s.channel;
    QAmqpQueueOptions queueOptions;
    queueOptions.setArguments(badTable());
    QAmqpExchangeOptions exchangeOptions;
    exchangeOptions.setArguments(badTable());
    const auto check = [](const QAmqpError &error, const QString &says) {
        QVERIFY2(error.kind() == Kind::InvalidArgument, qPrintable(error.text()));
        QCOMPARE(error.scope(), QAmqpError::Scope::Operation);
        QCOMPARE(error.origin(), QAmqpError::Origin::Application);
        QVERIFY2(error.text().contains(says), qPrintable(error.text()));
        QVERIFY2(error.text().contains(u"255"), qPrintable(error.text()));
    };
    for (const QString &name : {longName(), longUtf8()}) {
        check(errorOf(c->declareQueue(name)), u"the queue \""_s);
        check(errorOf(c->declareQueue(name)), u"256 octets"_s);
        check(errorOf(c->bindQueue(name, u"e"_s)), u"the queue \""_s);
        check(errorOf(c->bindQueue(u"q"_s, name)), u"the exchange \""_s);
        check(errorOf(c->bindQueue(u"q"_s, u"e"_s, name)), u"the routing-key \""_s);
        check(errorOf(c->unbindQueue(u"q"_s, u"e"_s, name)), u"the routing-key \""_s);
        check(errorOf(c->purgeQueue(name)), u"the queue \""_s);
        check(errorOf(c->deleteQueue(name)), u"the queue \""_s);
        check(errorOf(c->declareExchange(name, u"direct"_s)), u"the exchange \""_s);
        check(errorOf(c->declareExchange(u"e"_s, name)), u"the type \""_s);
        check(errorOf(c->bindExchange(name, u"e"_s)), u"the destination \""_s);
        check(errorOf(c->bindExchange(u"e"_s, name)), u"the source \""_s);
        check(errorOf(c->unbindExchange(u"e"_s, u"f"_s, name)), u"the routing-key \""_s);
        check(errorOf(c->deleteExchange(name)), u"the exchange \""_s);
        check(errorOf(c->get(name)), u"the queue \""_s);
        QCOMPARE(c->publish(name, u"k"_s, QAmqpMessage("x")), 0u);
        check(c->lastError(), u"the exchange \""_s);
        QCOMPARE(c->publish(u"e"_s, name, QAmqpMessage("x")), 0u);
        check(c->lastError(), u"the routing-key \""_s);
        check(errorOf(c->publishConfirmed(u"e"_s, name, QAmqpMessage("x"))),
              u"the routing-key \""_s);
        QCOMPARE(c->consume(name)->state(), QAmqpConsumer::State::Cancelled);
        check(c->lastError(), u"the queue \""_s);
        QCOMPARE(c->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(name))->state(),
                 QAmqpConsumer::State::Cancelled);
        check(c->lastError(), u"the consumer-tag \""_s);
    }
    check(errorOf(c->declareQueue(u"q"_s, queueOptions)), u"arguments"_s);
    check(errorOf(c->bindQueue(u"q"_s, u"e"_s, {}, badTable())), u"arguments"_s);
    check(errorOf(c->unbindQueue(u"q"_s, u"e"_s, {}, badTable())), u"arguments"_s);
    check(errorOf(c->declareExchange(u"e"_s, u"direct"_s, exchangeOptions)), u"arguments"_s);
    check(errorOf(c->bindExchange(u"e"_s, u"f"_s, {}, badTable())), u"arguments"_s);
    check(errorOf(c->unbindExchange(u"e"_s, u"f"_s, {}, badTable())), u"arguments"_s);
    QCOMPARE(c->consume(u"q"_s, QAmqpConsumeOptions().setArguments(badTable()))->state(),
             QAmqpConsumer::State::Cancelled);
    check(c->lastError(), u"arguments"_s);
    s.close();
    QVERIFY(s.log.errors.isEmpty());
}

// A frame above the negotiated size would cost the whole connection.
void TestChannel::largeArguments()
{
    const QAmqpTable large = {{u"x-text"_s, QString(131'072, u'x')}};
    Session s(openedChannel().connectionClose());
    s.makeChannel();
    for (int round = 0; round < 2; ++round) {
        QAmqpChannel *c = s.channel;
        for (const QAmqpError &error :
             {errorOf(c->declareQueue(u"q"_s, QAmqpQueueOptions().setArguments(large))),
              errorOf(c->bindQueue(u"q"_s, u"e"_s, {}, large)),
              errorOf(c->unbindQueue(u"q"_s, u"e"_s, {}, large)),
              errorOf(c->declareExchange(u"e"_s, u"fanout"_s,
                                         QAmqpExchangeOptions().setArguments(large))),
              errorOf(c->bindExchange(u"e"_s, u"f"_s, {}, large)),
              errorOf(c->unbindExchange(u"e"_s, u"f"_s, {}, large))}) {
            QVERIFY2(error.kind() == Kind::LimitExceeded, qPrintable(error.text()));
            QVERIFY2(error.text().contains(u"131072"), qPrintable(error.text()));
        }
        QCOMPARE(c->consume(u"q"_s, QAmqpConsumeOptions().setArguments(large))->state(),
                 QAmqpConsumer::State::Cancelled);
        QCOMPARE(c->lastError().kind(), Kind::LimitExceeded);
        if (round == 0)
            s.open();
    }
    s.close();
}

void TestChannel::negotiatedFrameIsSmaller()
{
    const QAmqpTable table = {{u"text"_s, QString(5000, u'x')}};
    Session s(Script().handshake({2047, 4096, 60})
                      .channelOpen(3)
                      .on(1)
                      .channelOpen(1)
                      .connectionClose());
    s.makeChannel();
    QAmqpChannel *second = s.connection.createChannel();
    s.log.watch(second, u"second"_s);
    QAmqpChannel *third = s.connection.createChannel();
    QAmqpMessage message("x");
    message.setHeaders(table);
    const auto published = s.channel->publishConfirmed(QString(), u"q"_s, message);
    const auto declared = second->declareQueue(u"q"_s, QAmqpQueueOptions().setArguments(table));
    s.connection.open();
    TRY(third->isOpen(), s.server);
    QCOMPARE(errorOf(published).kind(), Kind::LimitExceeded);
    QCOMPARE(errorOf(declared).cause().kind(), Kind::LimitExceeded);
    QCOMPARE(s.channel->lastError().kind(), Kind::LimitExceeded);
    QVERIFY2(s.channel->lastError().text().contains(u"4096"),
             qPrintable(s.channel->lastError().text()));
    QCOMPARE(s.log.count(u"channel.closed"_s), 1);
    QCOMPARE(s.log.count(u"second.closed"_s), 1);
    QCOMPARE(s.log.count(u"channel.indeterminate 1-1"_s), 1);
    s.channel->open();
    TRY(s.channel->isOpen(), s.server);
    QCOMPARE(s.channel->publish(QString(), u"q"_s, message), 0u);
    s.close();
}

void TestChannel::longestNamesPass()
{
    const QByteArray name = QByteArray(255, 'n');
    const QByteArray utf8 = QString(127, u'é').toUtf8() + 'x';
    QCOMPARE(utf8.size(), 255);
    Session s(openedChannel()
                      .expect<QueueDeclare>([=](const QueueDeclare &m) { return m.queue == name; })
                      .reply(QueueDeclareOk{QByteArrayView(name)})
                      .expect<QueueDeclare>([=](const QueueDeclare &m) { return m.queue == utf8; })
                      .reply(QueueDeclareOk{QByteArrayView(utf8)})
                      .connectionClose());
    s.open();
    const auto first = s.channel->declareQueue(QString::fromUtf8(name));
    const auto second = s.channel->declareQueue(QString::fromUtf8(utf8));
    TRY(second.isFinished(), s.server);
    QCOMPARE(first.result().name.toUtf8(), name);
    QCOMPARE(second.result().name.toUtf8(), utf8);
    s.close();
}

void TestChannel::misusePutsNothingOnTheWire()
{
    Session s(openedChannel().connectionClose());
    s.open();
    for (int i = 0; i < 5; ++i)
        QCoreApplication::processEvents();
    const quint64 sent = s.connection.bytesSent();
    QAmqpMessage bad("x");
    bad.setType(longName());
    QCOMPARE(s.channel->publish(QString(), u"q"_s, bad), 0u);
    QCOMPARE(s.channel->lastError().kind(), Kind::InvalidArgument);
    QAmqpMessage large("x");
    large.setHeaders({{u"big"_s, QString(200'000, u'x')}});
    QCOMPARE(s.channel->publish(QString(), u"q"_s, large), 0u);
    QCOMPARE(s.channel->lastError().kind(), Kind::LimitExceeded);
    QVERIFY2(s.channel->lastError().text().contains(u"131072"),
             qPrintable(s.channel->lastError().text()));
    QCOMPARE(errorOf(s.channel->publishConfirmed(QString(), u"q"_s, large)).kind(),
             Kind::LimitExceeded);
    QVERIFY(!s.channel->ackAll());
    QVERIFY(!s.channel->nackAll());
    QCOMPARE(errorOf(s.channel->txCommit()).kind(), Kind::InvalidArgument);
    QCOMPARE(errorOf(s.channel->txRollback()).kind(), Kind::InvalidArgument);
    // A handle without a name.
    QAmqpQueue *nameless = s.channel->queue();
    for (const QAmqpError &error :
         {errorOf(nameless->bind(u"e"_s)), errorOf(nameless->unbind(u"e"_s)),
          errorOf(nameless->purge()), errorOf(nameless->remove()), errorOf(nameless->get()),
          errorOf(nameless->publishConfirmed(QAmqpMessage("x")))}) {
        QCOMPARE(error.kind(), Kind::InvalidArgument);
        QVERIFY2(error.text().contains(u"declare() it"), qPrintable(error.text()));
    }
    QCOMPARE(nameless->publish(QAmqpMessage("x")), 0u);
    QCOMPARE(s.channel->lastError().kind(), Kind::InvalidArgument);
    QCOMPARE(nameless->consume()->state(), QAmqpConsumer::State::Cancelled);
    for (int i = 0; i < 5; ++i)
        QCoreApplication::processEvents();
    QCOMPARE(s.connection.bytesSent(), sent);
    QCOMPARE(s.channel->unconfirmed(), 0u);
    s.close();
}

void TestChannel::otherThreadsAreRefused()
{
    Session s(openedChannel().connectionClose());
    s.open();
    QAmqpChannel *c = s.channel;
    const auto refused = [](const QAmqpError &error) {
        return error.kind() == Kind::InvalidArgument && error.text().contains(u"thread");
    };
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"publish.*thread"_s));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"consume.*thread"_s));
    for (const char *function : {"open", "close", "setConfirms", "setNoWait", "setMaxUnconfirmed",
                                 "setReading", "createChannel"}) {
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QLatin1StringView(function) + u"\\(\\).*thread"_s));
    }
    QStringList missed;
    quint64 tag = 1;
    std::thread([&] {
        for (const Operation &operation : operations()) {
            if (!refused(operation.call(c)()))
                missed.append(QString::fromLatin1(operation.name));
        }
        if (!refused(errorOf(c->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x")))))
            missed.append(u"publishConfirmed"_s);
        if (!refused(errorOf(c->allConfirmed())))
            missed.append(u"allConfirmed"_s);
        tag = c->publish(QString(), u"q"_s, QAmqpMessage("x"));
        const QAmqpConsumer *consumer = c->consume(u"q"_s);
        if (consumer->state() != QAmqpConsumer::State::Cancelled || c->ackAll() || c->nackAll())
            missed.append(u"consume"_s);
        c->open();
        c->close();
        c->setNoWait(true);
        c->setMaxUnconfirmed(1);
        s.connection.setReading(false);
        if (c->setConfirms(false))
            missed.append(u"setConfirms"_s);
        if (!refused(errorOf(s.connection.updateSecret(u"x"_s, {}))))
            missed.append(u"updateSecret"_s);
        if (s.connection.createChannel())
            missed.append(u"createChannel"_s);
    }).join();
    QCOMPARE(missed, QStringList());
    QVERIFY(c->isOpen() && c->confirms() && !c->isNoWait() && c->maxUnconfirmed() == 0);
    QVERIFY(s.connection.isReading());
    QCOMPARE(tag, 0u);
    QVERIFY(!c->lastError());
    s.close(); // nothing was sent
}

static Script gettingOne()
{
    return openedChannel().expect<BasicGet>().sendContent(BasicGetOk{1, false, "", "q", 0},
                                                          QAmqpMessage("x"));
}

// Gets a message and has a thread acknowledge it, which no turn of the event loop follows.
static void ackInThread(Session &s)
{
    s.open();
    const auto got = s.channel->get(u"q"_s);
    TRY(got.isFinished(), s.server);
    bool accepted = false;
    std::thread([&] { accepted = got.result()->ack(); }).join();
    QVERIFY(accepted);
}

void TestChannel::acksOfThreadsComeBeforeTheNextCall()
{
    QList<Operation> all = operations();
    all << operation<BasicConsume>("consume", [](QAmqpChannel *c) {
        c->consume(u"q"_s, QAmqpConsumeOptions().setNoAck());
        return [] { return QAmqpError(); };
    });
    all << operation<BasicPublish>("publish", [](QAmqpChannel *c) {
        c->setConfirms(false);
        c->publish({}, u"q"_s, QAmqpMessage("x"));
        return [] { return QAmqpError(); };
    });
    for (const Operation &operation : std::as_const(all)) {
        Script script = gettingOne().expect<BasicAck>();
        operation.expect(script);
        Session s(script);
        ackInThread(s);
        operation.call(s.channel);
        TRY(s.server.isExhausted(), s.server);
        s.connection.abort();
    }
    Session s(openedChannel()
                      .expect<BasicConsume>(
                              [](const BasicConsume &m) { return m.consumerTag == "c"; })
                      .reply(BasicConsumeOk{"c"})
                      .expect<BasicGet>()
                      .sendContent(BasicGetOk{1, false, "", "q", 0}, QAmqpMessage("x"))
                      .expect<BasicAck>()
                      .expect<BasicCancel>());
    QAmqpConsumer *consumer = s.makeChannel()->consume(
            u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"c"_s).setNoAck());
    ackInThread(s);
    consumer->cancel();
    TRY(s.server.isExhausted(), s.server);
    s.connection.abort();
}

void TestChannel::acksOfThreadsOutliveTheObjects_data()
{
    QTest::addColumn<bool>("channel");
    QTest::newRow("channel") << true;
    QTest::newRow("connection") << false;
}

void TestChannel::acksOfThreadsOutliveTheObjects()
{
    QFETCH(bool, channel);
    ScriptedServer server(channel ? gettingOne().expect<BasicAck>().expect<ChannelClose>()
                                  : gettingOne().expect<BasicAck>().ignoreRest());
    auto connection = std::make_unique<QAmqpConnection>(optionsFor(server));
    QAmqpChannel *own = connection->createChannel();
    const auto got = own->get(u"q"_s);
    connection->open();
    TRY(got.isFinished(), server);
    bool accepted = false;
    std::thread([&] { accepted = got.result()->ack(); }).join();
    QVERIFY(accepted);
    if (channel)
        delete own;
    else
        connection.reset();
    TRY(server.isExhausted(), server);
}

void TestChannel::callsBeforeOpenKeepTheirOrder()
{
    const auto bodyIs = [](const char *body) {
        return [body](const BasicPublish &, const QAmqpMessage &message) {
            return message.body() == body;
        };
    };
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>(bodyIs("1"))
                      .expect<BasicQos>([](const BasicQos &m) { return m.prefetchCount == 250; })
                      .expect<BasicConsume>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .reply(ConfirmSelectOk{})
                      .reply(BasicQosOk{})
                      .send(BasicConsumeOk{QByteArrayView("tag")})
                      .send(BasicAck{1})
                      .expect<QueueBind>()
                      .expect<BasicPublish>(bodyIs("2"))
                      .expect<QueuePurge>()
                      .reply(QueueBindOk{})
                      .reply(BasicAck{2})
                      .reply(QueuePurgeOk{})
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.makeChannel();
    s.channel->declareQueue(u"q"_s);
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("1")), 1u);
    QAmqpConsumer *consumer =
            s.channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"tag"_s));
    s.channel->bindQueue(u"q"_s, u"e"_s); // waits for consume-ok, and all behind it for this
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("2")), 2u);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    s.channel->close();
    QCOMPARE(s.connection.bytesSent(), 0u);
    s.connection.open();
    TRY_COMPARE(s.channel->state(), State::Closed);
    QVERIFY(!errorOf(purged));
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(s.log.of(u"channel"_s).filter(u"confirmed"_s),
             QStringList({u"confirmed 1-1"_s, u"confirmed 2-2"_s}));
    s.close();
}

void TestChannel::boundOfWaitingBytes()
{
    const QByteArray body(3 * 1024 * 1024, 'x');
    int arrived = 0;
    const auto count = [&](const BasicPublish &, const QAmqpMessage &message) {
        arrived += message.body().size() == body.size();
    };
    Session s(Script().handshake()
                      .on(1)
                      .expect<ChannelOpen>()
                      .on(2)
                      .expect<ChannelOpen>()
                      .send(ChannelOpenOk{}, 1)
                      .send(ChannelOpenOk{}, 2)
                      .on(1)
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>(count)
                      .expect<BasicPublish>(count)
                      .reply(ConfirmSelectOk{})
                      .reply(BasicAck{2, true})
                      .expect<BasicPublish>(count)
                      .reply(BasicAck{3})
                      .connectionClose());
    s.makeChannel();
    QAmqpChannel *second = s.connection.createChannel(); // the bound is the connection's
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage(body)), 1u);
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage(body)), 2u);
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage(body)), 0u);
    QCOMPARE(s.channel->lastError().kind(), Kind::LimitExceeded);
    QVERIFY2(s.channel->lastError().text().contains(u"8 MiB"),
             qPrintable(s.channel->lastError().text()));
    QCOMPARE(second->publish(QString(), u"q"_s, QAmqpMessage(body)), 0u);
    QCOMPARE(s.channel->unconfirmed(), 2u);
    QVERIFY(!s.channel->isReadyToPublish());
    connect(s.channel, &QAmqpChannel::confirmed, [&](quint64, quint64 last) {
        if (last == 2)
            QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage(body)), 3u);
    });
    s.connection.open();
    TRY(arrived == 3, s.server);
    s.close();
}

// Two channels: an error, replies and messages of one are none of the other's (its objects' names too).
void TestChannel::otherChannelsGoOn()
{
    Session s(Script().handshake()
                      .on(1)
                      .expect<ChannelOpen>()
                      .on(2)
                      .expect<ChannelOpen>()
                      .send(ChannelOpenOk{}, 2)
                      .send(ChannelOpenOk{}, 1)
                      .on(1)
                      .expect<QueueDeclare>()
                      .on(2)
                      .expect<QueueDeclare>()
                      .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 50, 10}, 1)
                      .send(QueueDeclareOk{QByteArrayView("two")}, 2)
                      .on(1)
                      .expect<ChannelCloseOk>()
                      .on(2)
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{1})
                      .connectionClose());
    s.makeChannel();
    QAmqpChannel *second = s.connection.createChannel();
    s.log.watch(second, u"second"_s);
    QCOMPARE(second->number(), 2);
    s.open();
    TRY(second->isOpen(), s.server);
    const auto refused = s.channel->declareQueue(u"one"_s, QAmqpQueueOptions().setPassive());
    const auto declared = second->declareQueue(u"two"_s);
    TRY(declared.isFinished() && refused.isFinished(), s.server);
    QCOMPARE(errorOf(refused).kind(), Kind::NotFound);
    QCOMPARE(declared.result().name, u"two"_s);
    const auto purged = second->purgeQueue(u"two"_s);
    TRY(purged.isFinished(), s.server);
    QCOMPARE(purged.result(), 1u);
    QVERIFY(second->isOpen());
    QVERIFY(!second->lastError());
    QCOMPARE(s.log.errors.size(), 1);
    s.close();
    QCOMPARE(s.log.count(u"channel.closed"_s), 1);
    QCOMPARE(s.log.count(u"second.closed"_s), 1);
    QVERIFY(!second->lastError());
}

// Two queues on one channel, a return and a delivery: each reply reaches only who asked for it.
void TestChannel::repliesGoToTheirAskers()
{
    Session s(
            openedChannel()
                    .expect<QueueDeclare>()
                    .expect<QueueDeclare>()
                    .reply(QueueDeclareOk{QByteArrayView("amq.gen-a"), 1})
                    .reply(QueueDeclareOk{QByteArrayView("amq.gen-b"), 2})
                    .expect<BasicQos>()
                    .expect<BasicConsume>()
                    .reply(BasicQosOk{})
                    .reply(BasicConsumeOk{QByteArrayView("a")})
                    .expect<ConfirmSelect>()
                    .expect<BasicPublish>()
                    .reply(ConfirmSelectOk{})
                    .sendContent(
                            BasicDeliver{
                                    QByteArrayView("a"), 1, false, {}, QByteArrayView("amq.gen-a")},
                            QAmqpMessage("delivered"))
                    .sendContent(
                            BasicReturn{
                                    312, QByteArrayView("NO_ROUTE"), {}, QByteArrayView("nowhere")},
                            QAmqpMessage("returned"))
                    .send(BasicAck{1})
                    .sendContent(
                            BasicDeliver{
                                    QByteArrayView("a"), 2, true, {}, QByteArrayView("amq.gen-a")},
                            QAmqpMessage("again"))
                    .connectionClose());
    s.open();
    QAmqpQueue *a = s.channel->queue();
    QAmqpQueue *b = s.channel->queue();
    s.log.watch(a, u"a"_s);
    s.log.watch(b, u"b"_s);
    a->declare();
    b->declare();
    TRY(!b->name().isEmpty(), s.server);
    a->consume(QAmqpConsumeOptions().setConsumerTag(u"a"_s));
    s.channel->publish(QString(), u"nowhere"_s, QAmqpMessage("returned"), QAmqpChannel::Mandatory);
    TRY(s.log.count(u"a.received again"_s) == 1, s.server);
    s.close();
    QCOMPARE(s.log.of(u"a"_s),
             QStringList({u"named amq.gen-a"_s, u"received delivered"_s, u"received again"_s,
                          u"cancelled"_s}));
    QCOMPARE(s.log.of(u"b"_s), QStringList({u"named amq.gen-b"_s}));
    QCOMPARE(s.log.of(u"channel"_s).filter(u"1"_s),
             QStringList({u"returned 1"_s, u"confirmed 1-1"_s}));
}

void TestChannel::reopensAfterError()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<BasicQos>()
                      .expect<BasicConsume>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .reply(BasicQosOk{})
                      .reply(BasicConsumeOk{QByteArrayView("t")})
                      .send(ChannelClose{
                              406, QByteArrayView("PRECONDITION_FAILED - unknown delivery tag 9"),
                              60, 80})
                      .expect<ChannelCloseOk>()
                      .channelOpen()
                      .expect<QueueDeclare>()
                      .expect<BasicQos>()
                      .expect<BasicConsume>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .reply(BasicQosOk{})
                      .reply(BasicConsumeOk{QByteArrayView("t")})
                      .sendContent(
                              BasicDeliver{QByteArrayView("t"), 1, false, {}, QByteArrayView("q")},
                              QAmqpMessage("x"))
                      .connectionClose());
    s.open();
    QAmqpQueue *queue = s.channel->queue(u"q"_s);
    s.log.watch(queue);
    const auto use = [&] {
        queue->declare();
        return queue->consume(QAmqpConsumeOptions().setConsumerTag(u"t"_s));
    };
    QAmqpConsumer *first = use();
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(first->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(s.channel->lastError().kind(), Kind::PreconditionFailed);
    s.channel->open();
    QVERIFY(!s.channel->lastError());
    s.channel->open(); // once is enough
    QAmqpConsumer *second = use();
    TRY(s.log.count(u"queue.received x"_s) == 1, s.server);
    QVERIFY(second->isActive());
    QCOMPARE(s.log.count(u"channel.opened"_s), 2);
    s.close();
    QCOMPARE(s.log.count(u"channel.closed"_s), 2);
    QCOMPARE(s.log.errors.size(), 1);
}

void TestChannel::reopensInClosedSlot()
{
    const auto broken = [](Script script) {
        return script.expect<QueuePurge>()
                .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 50, 30})
                .expect<ChannelCloseOk>();
    };
    Session s(Script().handshake()
                      .then(broken(Script().channelOpen()))
                      .then(broken(Script().channelOpen()))
                      .channelOpen()
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{3})
                      .connectionClose());
    s.makeChannel();
    QList<QFuture<quint32>> purges = {s.channel->purgeQueue(u"q"_s)};
    connect(s.channel, &QAmqpChannel::closed, [&] {
        s.channel->open();
        purges.append(s.channel->purgeQueue(u"q"_s));
    });
    s.connection.open();
    TRY(purges.size() == 3 && purges.last().isFinished(), s.server);
    QCOMPARE(purges.last().result(), 3u);
    s.channel->disconnect();
    s.close();
}

// Each connection counts for itself, and a number is free again once both sides have closed it.
void TestChannel::numbersAreRecycled()
{
    const Script script = Script().handshake()
                                  .channelOpen(1)
                                  .channelOpen(2)
                                  .channelOpen(3)
                                  .on(2)
                                  .expect<ChannelClose>()
                                  .reply(ChannelCloseOk{})
                                  .channelOpen(2)
                                  .connectionClose();
    Session a(script);
    Session b(script);
    for (Session *s : {&a, &b}) {
        QList<QAmqpChannel *> channels;
        for (int i = 1; i <= 3; ++i) {
            channels.append(s->connection.createChannel());
            QCOMPARE(channels.last()->number(), i);
        }
        s->connection.open();
        TRY(channels.last()->isOpen(), s->server);
        channels.at(1)->close();
        QCOMPARE(s->connection.state(), QAmqpConnection::State::Open);
        TRY_COMPARE(channels.at(1)->state(), State::Closed);
        s->channel = s->makeChannel();
        QCOMPARE(s->channel->number(), 2);
        TRY(s->channel->isOpen(), s->server);
    }
    a.close();
    QVERIFY(b.channel->isOpen());
    b.close();
}

void TestChannel::channelLimit()
{
    Session s(Script().handshake({2, 131072, 60})
                      .channelOpen(1)
                      .channelOpen(2)
                      .on(1)
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .channelOpen(1)
                      .connectionClose());
    s.makeChannel();
    QAmqpChannel *second = s.connection.createChannel();
    QAmqpChannel *third = s.connection.createChannel(); // fits the client's limit, not the broker's
    s.log.watch(third, u"third"_s);
    const auto lost = third->declareQueue(u"q"_s);
    s.open();
    TRY(second->isOpen(), s.server);
    QCOMPARE(third->state(), State::Closed);
    QCOMPARE(third->lastError().kind(), Kind::LimitExceeded);
    QCOMPARE(errorOf(lost).cause().kind(), Kind::LimitExceeded);
    QCOMPARE(s.log.of(u"third"_s).mid(s.log.of(u"third"_s).size() - 2),
             QStringList({u"error LimitExceeded"_s, u"closed"_s}));
    QAmqpChannel *fourth = s.connection.createChannel();
    QCOMPARE(fourth->state(), State::Closed);
    QCOMPARE(fourth->lastError().kind(), Kind::LimitExceeded);
    QCOMPARE(fourth->number(), 0);
    QCOMPARE(errorOf(fourth->declareQueue(u"q"_s)).kind(), Kind::NotOpen);
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    fourth->open();
    QCOMPARE(fourth->number(), 1);
    TRY(fourth->isOpen(), s.server);
    s.close();
}

void TestChannel::closeWaitsForWhatWasAsked()
{
    Session s(openedChannel()
                      .expect<QueueDeclare>()
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>()
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .reply(ConfirmSelectOk{})
                      .send(BasicAck{1})
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.open();
    const auto declared = s.channel->declareQueue(u"q"_s);
    const auto published = s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x"));
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    QVERIFY(!errorOf(declared));
    QVERIFY(!errorOf(published));
    QVERIFY(s.log.errors.isEmpty());
    s.close();
}

void TestChannel::closeInEveryState()
{
    Session s(Script().handshake().channelOpen().expect<ChannelClose>().stall());
    s.makeChannel();
    s.channel->close(); // before the connection is open
    QCOMPARE(s.channel->state(), State::Closing);
    QCOMPARE(errorOf(s.channel->declareQueue(u"q"_s)).kind(), Kind::NotOpen);
    s.connection.open();
    TRY(s.server.isExhausted(), s.server);
    s.channel->close();
    s.connection.abort();
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QVERIFY(s.log.errors.isEmpty());
    TRY_COMPARE(s.connection.state(), QAmqpConnection::State::Closed);
}

void TestChannel::tagsGoOnOverReopen()
{
    Session s(confirming()
                      .expect<BasicPublish>()
                      .expect<BasicPublish>()
                      .reply(BasicAck{1})
                      .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 60, 40})
                      .expect<ChannelCloseOk>()
                      .channelOpen()
                      .expect<ConfirmSelect>()
                      .reply(ConfirmSelectOk{})
                      .expect<BasicPublish>()
                      .reply(BasicAck{1})
                      .connectionClose());
    s.open();
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("1")), 1u);
    QCOMPARE(s.channel->publish(u"missing"_s, u"q"_s, QAmqpMessage("2")), 2u);
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(s.channel->unconfirmed(), 0u);
    s.channel->open();
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("3")), 3u);
    TRY(s.log.count(u"channel.confirmed 3-3"_s) == 1, s.server);
    QCOMPARE(s.log.of(u"channel"_s).filter(QRegularExpression(u"[0-9]-"_s)),
             QStringList({u"confirmed 1-1"_s, u"indeterminate 2-2"_s, u"confirmed 3-3"_s}));
    s.close();
}

void TestChannel::everyPublishIsAnsweredOnce()
{
    Script script = confirming();
    for (int i = 0; i < 12; ++i)
        script.expect<BasicPublish>();
    script.send(BasicAck{3})
            .send(BasicNack{2})
            .send(BasicAck{6, true})
            .send(BasicNack{8, true})
            .send(BasicAck{7}) // again
            .send(BasicAck{10})
            .send(ChannelClose{406, QByteArrayView("PRECONDITION_FAILED"), 60, 40})
            .expect<ChannelCloseOk>()
            .connectionClose();
    Session s(script);
    s.open();
    QMap<quint64, QString> fates;
    int twice = 0;
    const auto note = [&](const QString &fate) {
        return [&, fate](quint64 first, quint64 last) {
            for (quint64 tag = first; tag <= last; ++tag) {
                twice += fates.contains(tag);
                fates.insert(tag, fate);
            }
        };
    };
    connect(s.channel, &QAmqpChannel::confirmed, note(u"+"_s));
    connect(s.channel, &QAmqpChannel::nacked, note(u"-"_s));
    connect(s.channel, &QAmqpChannel::indeterminate, note(u"?"_s));
    for (int i = 1; i <= 12; ++i)
        QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("x")), quint64(i));
    QCOMPARE(s.channel->unconfirmed(), 12u);
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(QStringList(fates.values()).join(QString()), u"+-++++--?+??"_s);
    QCOMPARE(twice, 0);
    s.close();
}

void TestChannel::publishConfirmed()
{
    Session s(confirming()
                      .expect<BasicPublish>()
                      .expect<BasicPublish>()
                      .expect<BasicPublish>([](const BasicPublish &m) { return m.mandatory; })
                      .expect<BasicPublish>()
                      .sendContent(BasicReturn{312,
                                               QByteArrayView("NO_ROUTE"),
                                               {},
                                               QByteArrayView("nowhere")},
                                   QAmqpMessage("3"))
                      .send(BasicAck{3})
                      .send(BasicNack{2})
                      .send(BasicAck{1})
                      .send(BasicAck{4})
                      .connectionClose());
    s.open();
    const auto fine = s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("1"));
    const auto nacked = s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("2"));
    const auto returned = s.channel->publishConfirmed(QString(), u"nowhere"_s, QAmqpMessage("3"),
                                                      QAmqpChannel::Mandatory);
    const auto last = s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("4"));
    TRY(last.isFinished(), s.server);
    QCOMPARE(fine.result(), 1u);
    QCOMPARE(last.result(), 4u);
    QCOMPARE(errorOf(nacked).kind(), Kind::Nacked);
    const QAmqpError error = errorOf(returned);
    QCOMPARE(error.kind(), Kind::Unroutable);
    QCOMPARE(error.replyCode(), 312);
    QVERIFY2(error.text().contains(u"nowhere") && error.text().contains(u"NO_ROUTE"),
             qPrintable(error.text()));
    s.close();
}

void TestChannel::publishConfirmedIndeterminate()
{
    Session s(
            confirming()
                    .expect<BasicPublish>()
                    .expect<QueuePurge>()
                    .send(ChannelClose{404, QByteArrayView("NOT_FOUND - no exchange 'e'"), 60, 40})
                    .expect<ChannelCloseOk>()
                    .channelOpen()
                    .expect<ConfirmSelect>()
                    .reply(ConfirmSelectOk{})
                    .expect<BasicPublish>()
                    .drop());
    s.open();
    const auto first = s.channel->publishConfirmed(u"e"_s, u"q"_s, QAmqpMessage("1"));
    const auto all = s.channel->allConfirmed();
    const auto purged = s.channel->purgeQueue(u"q"_s);
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    const QAmqpError error = errorOf(first);
    QCOMPARE(error.kind(), Kind::NotFound);
    QCOMPARE(error.scope(), QAmqpError::Scope::Operation);
    QVERIFY2(error.text().contains(u"no exchange 'e'"), qPrintable(error.text()));
    QCOMPARE(error.cause(), s.channel->lastError());
    QCOMPARE(errorOf(all).kind(), Kind::NotFound);
    QCOMPARE(errorOf(purged).kind(), Kind::Cancelled);
    s.channel->open();
    const auto second = s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("2"));
    TRY(s.log.count(u"connection.closed"_s) == 1, s.server);
    QCOMPARE(errorOf(second).kind(), Kind::ConnectionLost);
    QCOMPARE(s.log.of(u"channel"_s).filter(u"indeterminate"_s),
             QStringList({u"indeterminate 1-1"_s, u"indeterminate 2-2"_s}));
}

void TestChannel::allConfirmed()
{
    Session s(confirming()
                      .expect<BasicPublish>()
                      .expect<BasicPublish>()
                      .reply(BasicAck{2})
                      .expect<BasicPublish>()
                      .reply(BasicAck{1})
                      .reply(BasicNack{3})
                      .expect<BasicPublish>()
                      .reply(BasicAck{4})
                      .connectionClose());
    s.open();
    const auto nothing = s.channel->allConfirmed();
    QVERIFY(nothing.isFinished());
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("1"));
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("2"));
    const auto two = s.channel->allConfirmed();
    TRY(s.log.count(u"channel.confirmed 2-2"_s) == 1, s.server);
    QVERIFY(!two.isFinished());
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("3"));
    const auto three = s.channel->allConfirmed();
    TRY(three.isFinished(), s.server);
    QVERIFY(two.isFinished());
    QVERIFY(!errorOf(two));
    QCOMPARE(errorOf(three).kind(), Kind::Nacked);
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("4"));
    const auto four = s.channel->allConfirmed();
    TRY(four.isFinished(), s.server);
    QVERIFY(!errorOf(four));
    s.close();
}

void TestChannel::setConfirmsRules()
{
    Session s(openedChannel()
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>()
                      .reply(ConfirmSelectOk{})
                      .reply(BasicAck{1})
                      .connectionClose());
    s.makeChannel();
    QVERIFY(s.channel->confirms());
    QVERIFY(s.channel->setConfirms(false));
    QVERIFY(!s.channel->confirms());
    QCOMPARE(errorOf(s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x"))).kind(),
             Kind::InvalidArgument);
    QCOMPARE(errorOf(s.channel->allConfirmed()).kind(), Kind::InvalidArgument);
    QVERIFY(s.channel->setConfirms(true));
    s.open();
    QVERIFY(s.channel->setConfirms(false));
    QVERIFY(s.channel->setConfirms(true));
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("x"));
    QVERIFY(!s.channel->setConfirms(false));
    QVERIFY(s.channel->confirms());
    QCOMPARE(s.channel->lastError().kind(), Kind::InvalidArgument);
    TRY(s.log.count(u"channel.confirmed 1-1"_s) == 1, s.server);
    s.close();
}

void TestChannel::withoutConfirms()
{
    Session s(openedChannel()
                      .expect<BasicPublish>()
                      .expect<BasicPublish>()
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .connectionClose());
    s.open();
    QVERIFY(s.channel->setConfirms(false));
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("1")), 1u);
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("2")), 2u);
    QCOMPARE(s.channel->unconfirmed(), 0u);
    QVERIFY(!s.channel->setConfirms(true)); // too late
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    QVERIFY(s.log.of(u"channel"_s).filter(QRegularExpression(u"[0-9]-"_s)).isEmpty());
    s.close();
}

// It would close the connection over confirm.select (540).
void TestChannel::brokerWithoutConfirms()
{
    Session s(Script().expectHeader()
                      .send(ConnectionStart{0, 9, "", "PLAIN", "en_US"})
                      .expect<ConnectionStartOk>()
                      .reply(ConnectionTune{0, 0, 0})
                      .expect<ConnectionTuneOk>()
                      .expect<ConnectionOpen>()
                      .reply(ConnectionOpenOk{})
                      .channelOpen(2)
                      .on(1)
                      .channelOpen()
                      .expect<BasicPublish>()
                      .connectionClose());
    QAmqpChannel *early = s.makeChannel();
    const auto published = early->publishConfirmed({}, u"q"_s, QAmqpMessage("early"));
    QAmqpChannel *other = s.connection.createChannel();
    s.connection.open();
    TRY(other->isOpen(), s.server);
    QCOMPARE(early->state(), State::Closed);
    QCOMPARE(errorOf(published).kind(), Kind::InvalidArgument);
    early->open();
    TRY(early->isOpen(), s.server);
    QCOMPARE(early->publish({}, u"q"_s, QAmqpMessage("1")), 0u);
    QVERIFY2(early->lastError().text().contains(u"setConfirms(false)"),
             qPrintable(early->lastError().text()));
    QVERIFY(early->setConfirms(false));
    QVERIFY(early->publish({}, u"q"_s, QAmqpMessage("2")) > 0);
    s.close();
}

void TestChannel::maxUnconfirmed()
{
    Session s(confirming()
                      .expect<BasicPublish>()
                      .expect<BasicPublish>()
                      .reply(BasicAck{1})
                      .expect<BasicPublish>()
                      .reply(BasicAck{3, true})
                      .connectionClose());
    s.open();
    TRY(s.log.count(u"channel.ready"_s) == 1, s.server);
    QVERIFY(s.channel->isReadyToPublish());
    s.channel->setMaxUnconfirmed(2);
    QCOMPARE(s.channel->maxUnconfirmed(), 2u);
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("1"));
    QVERIFY(s.channel->isReadyToPublish());
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("2"));
    QVERIFY(!s.channel->isReadyToPublish());
    TRY(s.log.count(u"channel.ready"_s) == 2, s.server);
    QCOMPARE(s.channel->unconfirmed(), 1u);
    QVERIFY(s.channel->isReadyToPublish());
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("3"));
    QVERIFY(!s.channel->isReadyToPublish());
    TRY(s.log.count(u"channel.ready"_s) == 3, s.server);
    QCOMPARE(s.channel->unconfirmed(), 0u);
    s.close();
}

// A loop that publishes only while it should never keeps more than the high-water mark.
void TestChannel::readyWhenOctetsHaveLeft()
{
    constexpr int count = 400;
    const QByteArray body(50'000, 'x');
    Script script = openedChannel();
    for (int i = 0; i < count; ++i)
        script.expect<BasicPublish>();
    Session s(script.connectionClose());
    s.makeChannel();
    s.channel->setConfirms(false);
    int published = 0;
    qint64 most = 0;
    connect(s.channel, &QAmqpChannel::readyToPublish, [&] {
        while (published < count && s.channel->isReadyToPublish()) {
            ++published;
            s.channel->publish(QString(), u"q"_s, QAmqpMessage(body));
            most = std::max(most, s.connection.bytesToWrite());
        }
    });
    s.connection.open();
    TRY(published == count, s.server);
    QVERIFY2(most < 400'000, qPrintable(QString::number(most)));
    s.close();
}

void TestChannel::brokerStopsTheFlow()
{
    Session s(confirming()
                      .expect<BasicPublish>()
                      .reply(BasicAck{1})
                      .send(ChannelFlow{false})
                      .expect<ChannelFlowOk>([](const ChannelFlowOk &m) { return !m.active; })
                      .expect<QueuePurge>()
                      .reply(QueuePurgeOk{})
                      .send(ChannelFlow{true})
                      .expect<ChannelFlowOk>([](const ChannelFlowOk &m) { return m.active; })
                      .expect<BasicPublish>()
                      .reply(BasicAck{2})
                      .connectionClose());
    s.open();
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("1"));
    TRY(s.server.report().contains(u"expect queue.purge"), s.server);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("2"));
    TRY(s.log.count(u"channel.confirmed 2-2"_s) == 1, s.server);
    QVERIFY(!errorOf(purged));
    s.close();
}

void TestChannel::returnsFindTheirPublishes()
{
    const auto returned = [](const char *key, const QAmqpMessage &message) {
        return std::pair(BasicReturn{312, QByteArrayView("NO_ROUTE"), QByteArrayView("e"),
                                     QByteArrayView(key)},
                         message);
    };
    QAmqpMessage named("5");
    named.setMessageId(u"id-5"_s);
    Script script = confirming();
    for (int i = 0; i < 6; ++i)
        script.expect<BasicPublish>();
    for (const auto &[method, message] :
         {returned("k", named), returned("k", QAmqpMessage("1")),
          returned("other", QAmqpMessage("3")), returned("k", QAmqpMessage("2")),
          returned("unknown", QAmqpMessage("?"))})
        script.sendContent(method, message);
    Session s(script.send(BasicAck{6, true}).connectionClose());
    s.open();
    QByteArrayList bodies;
    connect(s.channel, &QAmqpChannel::messageReturned, [&](const QAmqpReturn &message) {
        bodies.append(message.body());
        QCOMPARE(message.replyCode(), 312);
        QCOMPARE(message.replyText(), u"NO_ROUTE"_s);
        QCOMPARE(message.exchange(), u"e"_s);
    });
    s.channel->publish(u"e"_s, u"k"_s, QAmqpMessage("1"), QAmqpChannel::Mandatory);
    s.channel->publish(u"e"_s, u"k"_s, QAmqpMessage("2"), QAmqpChannel::Mandatory);
    s.channel->publish(u"e"_s, u"other"_s, QAmqpMessage("3"), QAmqpChannel::Mandatory);
    s.channel->publish(u"e"_s, u"k"_s, QAmqpMessage("4")); // not mandatory
    s.channel->publish(u"e"_s, u"k"_s, named, QAmqpChannel::Mandatory);
    s.channel->publish(u"e"_s, u"k"_s, QAmqpMessage("6"), QAmqpChannel::Mandatory);
    TRY(s.channel->unconfirmed() == 0, s.server);
    QCOMPARE(s.log.of(u"channel"_s).filter(u"returned"_s),
             QStringList({u"returned 5"_s, u"returned 1"_s, u"returned 3"_s, u"returned 2"_s,
                          u"returned 0"_s}));
    QCOMPARE(bodies, QByteArrayList({"5", "1", "3", "2", "?"}));
    s.close();
}

void TestChannel::confirmsInTheSlotOfAReturn()
{
    Session s(confirming()
                      .expect<BasicPublish>()
                      .sendContent(
                              BasicReturn{312, QByteArrayView("NO_ROUTE"), {}, QByteArrayView("k")},
                              QAmqpMessage("1"))
                      .send(BasicAck{1})
                      .expect<BasicPublish>()
                      .reply(BasicAck{2})
                      .connectionClose());
    s.open();
    connect(s.channel, &QAmqpChannel::messageReturned, [&](const QAmqpReturn &message) {
        QCOMPARE(s.channel->publish(QString(), u"fallback"_s, message), 2u);
    });
    s.channel->publish(QString(), u"k"_s, QAmqpMessage("1"), QAmqpChannel::Mandatory);
    TRY(s.log.count(u"channel.confirmed 2-2"_s) == 1, s.server);
    QCOMPARE(s.log.of(u"channel"_s).filter(QRegularExpression(u"[0-9]"_s)),
             QStringList({u"returned 1"_s, u"confirmed 1-1"_s, u"confirmed 2-2"_s}));
    s.close();
}

void TestChannel::getsMessages()
{
    QAmqpMessage message("body");
    message.setContentType(u"text/plain"_s);
    Session s(
            openedChannel()
                    .expect<BasicGet>([](const BasicGet &m) { return !m.noAck; })
                    .expect<BasicGet>()
                    .expect<BasicGet>()
                    .sendContent(BasicGetOk{1, true, QByteArrayView("e"), QByteArrayView("k"), 41},
                                 message)
                    .send(BasicGetEmpty{})
                    .sendContent(BasicGetOk{2, false, {}, QByteArrayView("k"), 0}, QAmqpMessage())
                    .expect<BasicAck>(
                            [](const BasicAck &m) { return m.deliveryTag == 1 && !m.multiple; })
                    .connectionClose());
    s.open();
    const auto first = s.channel->get(u"q"_s);
    const auto empty = s.channel->get(u"q"_s);
    const auto third = s.channel->get(u"q"_s, QAmqpChannel::AckPolicy::NoAck);
    TRY(third.isFinished(), s.server);
    QVERIFY(first.result().has_value());
    const QAmqpDelivery delivery = *first.result();
    QCOMPARE(delivery.body(), QByteArray("body"));
    QCOMPARE(delivery.contentType(), u"text/plain"_s);
    QCOMPARE(delivery.exchange(), u"e"_s);
    QCOMPARE(delivery.routingKey(), u"k"_s);
    QCOMPARE(delivery.consumerTag(), QString());
    QCOMPARE(delivery.deliveryTag(), 1u);
    QCOMPARE(delivery.remainingMessages(), 41u);
    QVERIFY(delivery.isRedelivered());
    QVERIFY(!empty.result().has_value());
    QVERIFY(third.result()->body().isEmpty());
    QVERIFY(third.result()->isSettled());
    QVERIFY(!third.result()->ack());
    QVERIFY(delivery.ack());
    QVERIFY(!first.result()->ack()); // all copies are one
    s.close();
}

// The late reply is the timed-out request's, not the next one's.
void TestChannel::requestTimeout()
{
    Session s(Script().handshake({2047, 131072, 0})
                      .channelOpen()
                      .expect<QueuePurge>()
                      .await<QueueDelete>()
                      .send(QueuePurgeOk{1})
                      .send(QueueDeleteOk{2})
                      .connectionClose());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setRequestTimeout(500ms); });
    s.open();
    const auto late = s.channel->purgeQueue(u"q"_s);
    TRY(late.isFinished(), s.server);
    const QAmqpError error = errorOf(late);
    QCOMPARE(error.kind(), Kind::Timeout);
    QCOMPARE(error.scope(), QAmqpError::Scope::Operation);
    QCOMPARE(error.method(), u"queue.purge"_s);
    QVERIFY2(error.text().contains(u"500 ms"), qPrintable(error.text()));
    QVERIFY(s.channel->isOpen());
    const auto next = s.channel->deleteQueue(u"q"_s);
    TRY(next.isFinished(), s.server);
    QCOMPARE(next.result(), 2u);
    QVERIFY(s.log.errors.isEmpty());
    s.close();
}

// No turn of the event loop but the timer's would come.
void TestChannel::requestTimeoutOfWaitingRequest()
{
    Session s(Script().handshake({2047, 131072, 0})
                      .channelOpen()
                      .expect<QueuePurge>()
                      .expect<QueueDelete>()
                      .stall());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setRequestTimeout(500ms); });
    s.makeChannel();
    const auto first = s.channel->purgeQueue(u"q"_s); // sent with the opening
    const auto second = s.channel->deleteQueue(u"q"_s);
    s.connection.open();
    TRY(second.isFinished(), s.server);
    QCOMPARE(errorOf(first).kind(), Kind::Timeout);
    QCOMPARE(errorOf(second).kind(), Kind::Timeout);
}

void TestChannel::requestTimeoutTellsOfBlockage()
{
    Session s(openedChannel()
                      .send(ConnectionBlocked{QByteArrayView("low on disk")})
                      .expect<QueuePurge>()
                      .stall());
    s.setOptions([](QAmqpConnectionOptions &options) { options.setRequestTimeout(500ms); });
    s.open();
    TRY(s.connection.isBlocked(), s.server);
    const auto purged = s.channel->purgeQueue(u"q"_s);
    TRY(purged.isFinished(), s.server);
    QVERIFY2(errorOf(purged).text().contains(u"blocked"), qPrintable(errorOf(purged).text()));
}

void TestChannel::transactions()
{
    Session s(openedChannel()
                      .expect<TxSelect>()
                      .expect<BasicPublish>()
                      .expect<TxCommit>()
                      .reply(TxSelectOk{})
                      .reply(TxCommitOk{})
                      .expect<BasicPublish>()
                      .expect<TxRollback>()
                      .reply(TxRollbackOk{})
                      .connectionClose());
    s.open();
    const auto selected = s.channel->txSelect();
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("1")), 1u);
    const auto committed = s.channel->txCommit();
    // Nothing follows a commit before its answer: RabbitMQ would close the connection.
    QCOMPARE(s.channel->publish(QString(), u"q"_s, QAmqpMessage("2")), 2u);
    const auto rolledBack = s.channel->txRollback();
    TRY(rolledBack.isFinished(), s.server);
    QVERIFY(!errorOf(selected));
    QVERIFY(!errorOf(committed));
    QVERIFY(!errorOf(rolledBack));
    QCOMPARE(s.channel->unconfirmed(), 0u);
    s.close();
}

void TestChannel::transactionGuards()
{
    Session s(confirming()
                      .expect<BasicPublish>()
                      .reply(BasicAck{1})
                      .expect<ChannelClose>()
                      .reply(ChannelCloseOk{})
                      .channelOpen()
                      .expect<TxSelect>()
                      .reply(TxSelectOk{})
                      .connectionClose());
    s.open();
    QCOMPARE(errorOf(s.channel->txCommit()).kind(), Kind::InvalidArgument);
    QVERIFY(errorOf(s.channel->txRollback()).text().contains(u"txSelect()"));
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("1"));
    const QAmqpError confirms = errorOf(s.channel->txSelect());
    QCOMPARE(confirms.kind(), Kind::InvalidArgument);
    QVERIFY2(confirms.text().contains(u"confirms"), qPrintable(confirms.text()));
    s.channel->close();
    TRY_COMPARE(s.channel->state(), State::Closed);
    s.channel->open();
    const auto selected = s.channel->txSelect();
    QVERIFY(!s.channel->setConfirms(true));
    QCOMPARE(errorOf(s.channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("x"))).kind(),
             Kind::InvalidArgument);
    QCOMPARE(errorOf(s.channel->allConfirmed()).kind(), Kind::InvalidArgument);
    TRY(selected.isFinished(), s.server);
    s.close();
}

QTAMQP_TEST(TestChannel)
#include "tst_channel.moc"
