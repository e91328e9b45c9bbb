// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Whatever is public can be printed: it says what it is about, and no secret.

#include "apitest.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtAmqp/qamqpmessagemodel.h>
#include <QtAmqp/qamqpresult.h>
#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>
#include <QtAmqp/qamqptransport.h>

using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

namespace {

template<typename T>
QString printed(const T &value)
{
    QString text;
    QDebug(&text) << value;
    return text.trimmed();
}

QAmqpError error()
{
    return QAmqpError(Kind::Timeout, QAmqpError::Scope::Operation, QAmqpError::Origin::Library,
                      u"too late"_s);
}

} // namespace

class TestDebug : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void objects();
    void nullObjects();
    void results();
    void values();
    void enums();
};

void TestDebug::objects()
{
    Session s(openedChannel()
                      .expect<BasicQos>()
                      .reply(BasicQosOk{})
                      .expect<BasicConsume>()
                      .reply(BasicConsumeOk{QByteArrayView("tag")})
                      .expect<ConfirmSelect>()
                      .expect<BasicPublish>()
                      .ignoreRest());
    s.setOptions([](QAmqpConnectionOptions &options) {
        options.setCredentials(QAmqpCredentials::plain(u"guest"_s, u"hunter2"_s));
    });
    s.open();
    QAmqpChannel *channel = s.channel;
    QCOMPARE(printed(channel), u"QAmqpChannel(1, QAmqpChannel::Open)"_s);
    QAmqpConsumer *consumer =
            channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"tag"_s));
    TRY(consumer->isActive(), s.server);
    QCOMPARE(printed(consumer), u"QAmqpConsumer(\"tag\", QAmqpConsumer::Active)"_s);
    consumer->pause();
    QCOMPARE(printed(consumer),
             u"QAmqpConsumer(\"tag\", QAmqpConsumer::Active, paused with 0 messages)"_s);
    channel->publish({}, u"q"_s, QAmqpMessage("x"));
    QCOMPARE(printed(channel),
             u"QAmqpChannel(1, QAmqpChannel::Open, 1 unconfirmed, 1 consumers)"_s);
    QCOMPARE(printed(channel->queue(u"orders"_s)), u"QAmqpQueue(\"orders\", channel 1)"_s);
    QCOMPARE(printed(channel->queue()), u"QAmqpQueue(\"\", channel 1)"_s);
    QCOMPARE(printed(channel->exchange(u"logs"_s)), u"QAmqpExchange(\"logs\", channel 1)"_s);
    const QAmqpRpcClient client(channel);
    QCOMPARE(printed(&client), u"QAmqpRpcClient(0 calls, channel 1)"_s);
    QAmqpRpcServer server(channel, u"work"_s);
    QCOMPARE(printed(&server), u"QAmqpRpcServer(\"work\", stopped, channel 1)"_s);
    QVERIFY(server.start());
    QCOMPARE(printed(&server), u"QAmqpRpcServer(\"work\", running, channel 1)"_s);
    QAmqpMessageModel model;
    model.append(QAmqpDelivery());
    QCoreApplication::processEvents();
    QCOMPARE(printed(&model), u"QAmqpMessageModel(1 rows, 0 unsettled)"_s);
    QVERIFY(printed(&s.connection).contains(u"QAmqpConnection::Open"));
    QVERIFY(!printed(&s.connection).contains(u"hunter2"));
    TRY(s.server.isExhausted(), s.server);
    s.connection.abort();
    TRY(s.log.count(u"connection.closed"_s) == 1, s.server);
    QVERIFY(printed(channel).startsWith(u"QAmqpChannel(1, QAmqpChannel::Closed"));
}

void TestDebug::nullObjects()
{
    QCOMPARE(printed(static_cast<QAmqpChannel *>(nullptr)), u"QAmqpChannel(null)"_s);
    QCOMPARE(printed(static_cast<QAmqpQueue *>(nullptr)), u"QAmqpQueue(null)"_s);
    QCOMPARE(printed(static_cast<QAmqpExchange *>(nullptr)), u"QAmqpExchange(null)"_s);
    QCOMPARE(printed(static_cast<QAmqpConsumer *>(nullptr)), u"QAmqpConsumer(null)"_s);
    QCOMPARE(printed(static_cast<QAmqpMessageModel *>(nullptr)), u"QAmqpMessageModel(null)"_s);
    QCOMPARE(printed(static_cast<QAmqpRpcClient *>(nullptr)), u"QAmqpRpcClient(null)"_s);
    QCOMPARE(printed(static_cast<QAmqpRpcServer *>(nullptr)), u"QAmqpRpcServer(null)"_s);
}

void TestDebug::results()
{
    QCOMPARE(printed(QAmqpResult<quint32>(7)), u"QAmqpResult(7)"_s);
    QCOMPARE(printed(QAmqpResult<void>()), u"QAmqpResult(done)"_s);
    QCOMPARE(printed(QAmqpResult<QString>(u"name"_s)), u"QAmqpResult(\"name\")"_s);
    const QString failed = printed(QAmqpResult<quint32>(error()));
    QVERIFY2(failed.contains(u"Timeout") && failed.contains(u"too late"), qPrintable(failed));
    QCOMPARE(printed(QAmqpResult<void>(error())), failed);
    QCOMPARE(printed(QAmqpPublishResult(error())), failed);
    QCOMPARE(printed(QAmqpPublishResult(3)), u"QAmqpResult(3)"_s);
    QCOMPARE(printed(QAmqpResult<std::optional<QAmqpDelivery>>(std::nullopt)),
             u"QAmqpResult(nothing)"_s);
    QVERIFY(printed(QAmqpResult<std::optional<QAmqpDelivery>>(QAmqpDelivery()))
                    .startsWith(u"QAmqpResult(QAmqpDelivery("));
    const QAmqpQueueInfo info{u"q"_s, 3, 1};
    QCOMPARE(printed(QAmqpResult<QAmqpQueueInfo>(info)),
             u"QAmqpResult(QAmqpQueueInfo(\"q\", 3 messages, 1 consumers))"_s);
    QVERIFY(info == QAmqpQueueInfo({u"q"_s, 3, 1}));
    QVERIFY(info != QAmqpQueueInfo({u"q"_s, 3, 2}));
}

void TestDebug::values()
{
    QCOMPARE(printed(QAmqpException(error())), printed(error()));

    QAmqpEndpoint endpoint;
    endpoint.hostName = u"host"_s;
    endpoint.port = 5671;
    endpoint.tls = true;
    endpoint.proxy = QNetworkProxy(QNetworkProxy::Socks5Proxy, u"p"_s, 1, u"u"_s, u"hunter2"_s);
    QCOMPARE(printed(endpoint), u"QAmqpEndpoint(\"host\", port 5671, TLS)"_s);

    for (const QAmqpCredentials &credentials :
         {QAmqpCredentials::plain(u"ann"_s, u"hunter2"_s),
          QAmqpCredentials::amqplain(u"ann"_s, u"hunter2"_s)}) {
        QVERIFY(!printed(credentials).isEmpty());
        QVERIFY(!printed(credentials).contains(u"hunter2"));
        QVERIFY(!printed(QAmqpConnectionOptions()
                                 .setCredentials(credentials)
                                 .setPrivateKeyPassword(u"hunter2"_s))
                         .contains(u"hunter2"));
    }
    QVERIFY(!printed(QAmqpToken{u"hunter2"_s, {}}).contains(u"hunter2"));
}

void TestDebug::enums()
{
    QCOMPARE(printed(QAmqpChannel::Closing), u"QAmqpChannel::Closing"_s);
    QCOMPARE(printed(QAmqpChannel::AckPolicy::NoAck), u"QAmqpChannel::NoAck"_s);
    QCOMPARE(printed(QAmqpChannel::PrefetchScope::Channel), u"QAmqpChannel::Channel"_s);
    QVERIFY(printed(QAmqpChannel::DeleteFlags(QAmqpChannel::IfUnused | QAmqpChannel::IfEmpty))
                    .contains(u"IfUnused|IfEmpty"));
    QVERIFY(printed(QAmqpChannel::PublishFlags(QAmqpChannel::Mandatory)).contains(u"Mandatory"));
    QCOMPARE(printed(QAmqpConsumer::Starting), u"QAmqpConsumer::Starting"_s);
    QCOMPARE(printed(QAmqpExchange::Type::Topic), u"QAmqpExchangeOptions::Topic"_s);
    QVERIFY(printed(QAmqpDelivery::Discard).endsWith(u"Discard"));
    QVERIFY(printed(QAmqpDelivery::Multiple).endsWith(u"Multiple"));
    QCOMPARE(printed(Kind::Unroutable), u"QAmqpError::Unroutable"_s);
    QCOMPARE(printed(QAmqpError::Phase::Tls), u"QAmqpError::Tls"_s);
    QCOMPARE(printed(QAmqpConnection::State::Open), u"QAmqpConnection::Open"_s);
}

QTAMQP_TEST(TestDebug)
#include "tst_debug.moc"
