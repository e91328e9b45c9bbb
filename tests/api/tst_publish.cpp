// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a publish of QAmqpChannel comes to: confirms, returns, bounds, flow.

#include "channeltest.h"
#include "scripted/autobroker.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qregularexpression.h>

#include <thread>

using State = QAmqpChannel::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestPublish : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void acksOfThreadsComeBeforeTheNextCall();
    void acksOfThreadsOutliveTheObjects_data();
    void acksOfThreadsOutliveTheObjects();
    void boundOfWaitingBytes();
    void everyPublishIsAnsweredOnce();
    void publishConfirmed();
    void publishConfirmedIndeterminate();
    void allConfirmed();
    void allConfirmedWhileTheChannelEnds();
    void setConfirmsRules();
    void withoutConfirms();
    void brokerWithoutConfirms();
    void maxUnconfirmed();
    void readyWhenBytesHaveLeft();
    void notReadyWhileTheConnectionCloses();
    void readyOnAnotherNumber();
    void brokerStopsTheFlow();
    void returnsFindTheirPublishes();
    void confirmsInTheSlotOfAReturn();
};

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

void TestPublish::acksOfThreadsComeBeforeTheNextCall()
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

void TestPublish::acksOfThreadsOutliveTheObjects_data()
{
    QTest::addColumn<bool>("channel");
    QTest::newRow("channel") << true;
    QTest::newRow("connection") << false;
}

void TestPublish::acksOfThreadsOutliveTheObjects()
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

void TestPublish::boundOfWaitingBytes()
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

void TestPublish::everyPublishIsAnsweredOnce()
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
    const QStringList inOrder(fates.cbegin(), fates.cend());
    QCOMPARE(inOrder.join(QString()), u"+-++++--?+??"_s);
    QCOMPARE(twice, 0);
    s.close();
}

void TestPublish::publishConfirmed()
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

void TestPublish::publishConfirmedIndeterminate()
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

void TestPublish::allConfirmed()
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

// The channel has ended, and that is about to be told: whoever asks in between hears of it too.
void TestPublish::allConfirmedWhileTheChannelEnds()
{
    Session s(
            confirming()
                    .expect<BasicPublish>()
                    .expect<BasicPublish>()
                    .expect<BasicPublish>()
                    .reply(BasicAck{2})
                    .send(ChannelClose{404, QByteArrayView("NOT_FOUND - no exchange 'e'"), 60, 40})
                    .expect<ChannelCloseOk>()
                    .connectionClose());
    s.open();
    QList<QFuture<void>> asked;
    connect(s.channel, &QAmqpChannel::indeterminate, this,
            [&] { asked.append(s.channel->allConfirmed()); });
    for (int i = 0; i < 3; ++i)
        s.channel->publish(u"e"_s, u"q"_s, QAmqpMessage("x"));
    TRY(s.log.count(u"channel.closed"_s) == 1, s.server);
    QCOMPARE(asked.size(), 2); // 1-1 and 3-3
    QVERIFY(asked.at(0).isFinished() && asked.at(1).isFinished());
    QCOMPARE(errorOf(asked.at(0)).kind(), Kind::NotFound);
    QVERIFY(!errorOf(asked.at(1))); // by now all is known
    QVERIFY(!errorOf(s.channel->allConfirmed()));
    s.close();
}

void TestPublish::setConfirmsRules()
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

void TestPublish::withoutConfirms()
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
void TestPublish::brokerWithoutConfirms()
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

void TestPublish::maxUnconfirmed()
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
void TestPublish::readyWhenBytesHaveLeft()
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

// What is published once the connection closes is refused.
void TestPublish::notReadyWhileTheConnectionCloses()
{
    Session s(openedChannel()
                      .expect<ConfirmSelect>()
                      .reply(ConfirmSelectOk{})
                      .expect<BasicPublish>()
                      .expect<QueueDeclare>()
                      .send(BasicAck{1})
                      .reply(QueueDeclareOk{QByteArrayView("q")})
                      .connectionClose());
    s.open();
    s.channel->publish(QString(), u"q"_s, QAmqpMessage("x"));
    QVERIFY(s.channel->isReadyToPublish());
    QList<bool> emitted;
    connect(s.channel, &QAmqpChannel::readyToPublishChanged,
            [&](bool ready) { emitted.append(ready); });
    s.channel->declareQueue(u"q"_s);
    s.connection.close();
    QVERIFY(!s.channel->isReadyToPublish());
    TRY_COMPARE(s.connection.state(), QAmqpConnection::State::Closed);
    QCOMPARE(emitted, QList<bool>{false});
}

// A channel that was asked while it was closed, and opens again where another has its number.
void TestPublish::readyOnAnotherNumber()
{
    AutoServer server;
    QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(server.url()));
    QAmqpChannel *channel = connection.createChannel();
    int ready = 0;
    connect(channel, &QAmqpChannel::readyToPublish, this, [&] { ++ready; });
    connection.open();
    TRY_COMPARE(ready, 1);
    channel->close();
    TRY_COMPARE(channel->state(), State::Closed);
    const QAmqpChannel *other = connection.createChannel();
    QCOMPARE(other->number(), channel->number());
    TRY_COMPARE(other->state(), State::Open);
    QVERIFY(!channel->isReadyToPublish());
    QCOMPARE(ready, 1);
    channel->open();
    QVERIFY(channel->number() != other->number());
    QVERIFY(!channel->isReadyToPublish());
    TRY_COMPARE(ready, 2);
    QVERIFY(channel->isReadyToPublish());
    connection.close();
    TRY_COMPARE(connection.state(), QAmqpConnection::State::Closed);
}

void TestPublish::brokerStopsTheFlow()
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

void TestPublish::returnsFindTheirPublishes()
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

void TestPublish::confirmsInTheSlotOfAReturn()
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

QTAMQP_TEST(TestPublish)
#include "tst_publish.moc"
