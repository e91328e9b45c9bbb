// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Calls of QAmqpChannel that fail: refused by the broker, or here without a word to it.

#include "channeltest.h"

#include "codec/dispatch.h"
#include "values/tableformat.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qregularexpression.h>

#include <thread>

using State = QAmqpChannel::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestRefusals : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void argumentsReachTheWire();
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
    void transactionGuards();
};

void TestRefusals::argumentsReachTheWire()
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

void TestRefusals::brokerErrors_data()
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

void TestRefusals::brokerErrors()
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
    QCOMPARE(error.scope(), QAmqpError::Scope::Channel);
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

void TestRefusals::notOpen_data()
{
    QTest::addColumn<int>("index");
    for (int i = 0; i < operations().size(); ++i)
        QTest::newRow(operations().at(i).name) << i;
}

void TestRefusals::notOpen()
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
void TestRefusals::invalidArguments()
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
        check(errorOf(c->declareQueue(name)), u"256 bytes"_s);
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
void TestRefusals::largeArguments()
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

void TestRefusals::negotiatedFrameIsSmaller()
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

void TestRefusals::longestNamesPass()
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

void TestRefusals::misusePutsNothingOnTheWire()
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
    // A handle without a name, and no name at all before a queue was declared.
    QAmqpQueue *nameless = s.channel->queue();
    for (const QAmqpError &error :
         {errorOf(nameless->bind(u"e"_s)), errorOf(nameless->unbind(u"e"_s)),
          errorOf(nameless->purge()), errorOf(nameless->deleteQueue()), errorOf(nameless->get()),
          errorOf(nameless->publishConfirmed(QAmqpMessage("x"))),
          errorOf(s.channel->bindQueue({}, u"e"_s)), errorOf(s.channel->unbindQueue({}, u"e"_s)),
          errorOf(s.channel->purgeQueue({})), errorOf(s.channel->deleteQueue({})),
          errorOf(s.channel->get({}))}) {
        QCOMPARE(error.kind(), Kind::InvalidArgument);
        QVERIFY2(error.text().contains(u"declare it"), qPrintable(error.text()));
    }
    QCOMPARE(nameless->publish(QAmqpMessage("x")), 0u);
    QCOMPARE(s.channel->lastError().kind(), Kind::InvalidArgument);
    QCOMPARE(nameless->consume()->state(), QAmqpConsumer::State::Cancelled);
    QCOMPARE(s.channel->consume({})->state(), QAmqpConsumer::State::Cancelled);
    for (int i = 0; i < 5; ++i)
        QCoreApplication::processEvents();
    QCOMPARE(s.connection.bytesSent(), sent);
    QCOMPARE(s.channel->unconfirmed(), 0u);
    s.close();
}

void TestRefusals::otherThreadsAreRefused()
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

void TestRefusals::transactionGuards()
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

QTAMQP_TEST(TestRefusals)
#include "tst_refusals.moc"
