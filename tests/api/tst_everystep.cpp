// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// One conversation through the real objects, and at each of its steps a link that breaks, a frame cut
// short, garbage, a broker that closes, a broker that says nothing more. Whatever it is and whenever: one
// end for each operation, one closed(), and the same objects are of use again.

#include "apitest.h"

using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

namespace {

Script conversation()
{
    return Script()
            .handshake()
            .channelOpen()
            .expect<QueueDeclare>()
            .reply(QueueDeclareOk{QByteArrayView("amq.gen-1")})
            .expect<BasicQos>()
            .reply(BasicQosOk{})
            .expect<BasicConsume>([](const BasicConsume &m) { return m.queue == "amq.gen-1"; })
            .reply(BasicConsumeOk{QByteArrayView("t")})
            .expect<ConfirmSelect>()
            .reply(ConfirmSelectOk{})
            .expect<BasicPublish>()
            .expect<BasicPublish>()
            .expect<BasicGet>()
            .send(BasicAck{1})
            .sendContent(
                    BasicDeliver{QByteArrayView("t"), 1, false, {}, QByteArrayView("amq.gen-1")},
                    QAmqpMessage(QByteArray(300'000, 'x')))
            .expect<BasicAck>()
            .expect<BasicCancel>()
            .send(BasicGetEmpty{})
            .send(BasicCancelOk{QByteArrayView("t")})
            .sendContent(
                    BasicReturn{312, QByteArrayView("NO_ROUTE"), {}, QByteArrayView("nowhere")},
                    QAmqpMessage("2"))
            .send(BasicNack{2})
            .expect<ChannelClose>()
            .reply(ChannelCloseOk{})
            .connectionClose();
}

// The client's part, for any number of sessions of the same two objects.
class Client
{
public:
    Client()
    {
        log.watch(&connection);
        channel = connection.createChannel();
        log.watch(channel);
        const auto note = [this](quint64 first, quint64 last) {
            for (quint64 tag = first; tag <= last; ++tag)
                ++fates[tag];
        };
        QObject::connect(channel, &QAmqpChannel::confirmed, note);
        QObject::connect(channel, &QAmqpChannel::nacked, note);
        QObject::connect(channel, &QAmqpChannel::indeterminate, note);
    }

    void begin(const ScriptedServer &server, std::chrono::milliseconds handshakeTimeout = 15s)
    {
        QAmqpConnectionOptions options = optionsFor(server);
        options.setHandshakeTimeout(handshakeTimeout);
        connection.setOptions(options);
        channel->open();
        auto *queue = channel->queue();
        keep("declare", queue->declare());
        auto *consumer = queue->consume(QAmqpConsumeOptions().setConsumerTag(u"t"_s));
        log.watch(consumer);
        QObject::connect(consumer, &QAmqpConsumer::messageReceived,
                         [=, this](const QAmqpDelivery &delivery) {
                             delivery.ack();
                             keep("cancel", consumer->cancel());
                         });
        QObject::connect(consumer, &QAmqpConsumer::cancelled, [this](const QAmqpError &error) {
            if (!error)
                channel->close();
        });
        QObject::connect(channel, &QAmqpChannel::closed, consumer, [this] {
            wasClosed = connection.isOpen();
            connection.close();
        });
        keep("publish", channel->publishConfirmed(QString(), u"q"_s, QAmqpMessage("1")));
        keep("returned",
             channel->publishConfirmed(QString(), u"nowhere"_s, QAmqpMessage("2"),
                                       QAmqpChannel::Mandatory));
        keep("all", channel->allConfirmed());
        keep("get", channel->get(u"q"_s));
        connection.open();
    }
    Kind kindOf(const char *name) const
    {
        for (const auto &[known, error] : futures) {
            if (qstrcmp(known, name) == 0)
                return error().kind();
        }
        return Kind::InvalidArgument;
    }

    SignalLog log;
    QAmqpConnection connection;
    QAmqpChannel *channel = nullptr;
    bool wasClosed = false; // by us, not by the failure
    QMap<quint64, int> fates; // of publishes: how often they were answered
    QList<std::pair<const char *, std::function<QAmqpError()>>> futures;

private:
    template<typename T>
    void keep(const char *name, const QFuture<T> &future)
    {
        futures.append({name, [future] { return errorOf(future); }});
    }
};

} // namespace

class TestEveryStep : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void undisturbed();
    void atEveryStep_data();
    void atEveryStep();

private:
    static void checkUndisturbed(Client &client, ScriptedServer &server);
};

void TestEveryStep::checkUndisturbed(Client &client, ScriptedServer &server)
{
    client.log.lines.clear();
    client.log.errors.clear();
    client.futures.clear();
    client.begin(server);
    TRY(client.log.count(u"connection.closed"_s) == 1, server);
    QVERIFY2(server.isExhausted(), qPrintable(server.report()));
    QVERIFY2(client.log.errors.isEmpty(), qPrintable(client.log.lines.join(u'\n')));
    QCOMPARE(client.kindOf("declare"), Kind::NoError);
    QCOMPARE(client.kindOf("publish"), Kind::NoError);
    QCOMPARE(client.kindOf("returned"), Kind::Nacked);
    QCOMPARE(client.kindOf("all"), Kind::Nacked);
    QCOMPARE(client.kindOf("get"), Kind::NoError);
    QCOMPARE(client.kindOf("cancel"), Kind::NoError);
    QCOMPARE(client.log.count(u"channel.closed"_s), 1);
    QCOMPARE(client.log.count(u"consumer.cancelled"_s), 1);
}

void TestEveryStep::undisturbed()
{
    ScriptedServer server(conversation());
    Client client;
    checkUndisturbed(client, server);
    ScriptedServer again(conversation());
    checkUndisturbed(client, again);
}

void TestEveryStep::atEveryStep_data()
{
    QTest::addColumn<Script>("script");
    // As rows, so that a failure names its step.
    forEachStep(conversation(),
                [](const Script &faulty) { QTest::newRow(qPrintable(faulty.title())) << faulty; });
}

void TestEveryStep::atEveryStep()
{
    QFETCH(Script, script);
    ScriptedServer server(script);
    Client client;
    const bool stalls = script.title().startsWith(u"stall");
    client.begin(server, stalls ? 200ms : 15s);
    SignalLog &log = client.log;
    TRY(log.count(u"connection.closed"_s) == 1
                || (stalls && server.isExhausted() && client.connection.isOpen())
                || client.connection.state() == QAmqpConnection::State::Closing,
        server);
    if (stalls)
        client.connection.abort(); // patience with a silent broker is for other tests
    TRY(log.count(u"connection.closed"_s) == 1, server);
    TRY(server.isExhausted(), server);
    for (int i = 0; i < 5; ++i)
        QCoreApplication::processEvents();

    const QString lines = log.lines.join(u'\n');
    QVERIFY2(log.count(u"connection.closed"_s) == 1, qPrintable(lines));
    QVERIFY2(log.count(u"channel.closed"_s) == 1, qPrintable(lines));
    QVERIFY2(log.of(u"consumer"_s).filter(u"cancelled"_s).size() == 1, qPrintable(lines));
    QVERIFY2(log.of(u"connection"_s).filter(u"error"_s).size() <= 1, qPrintable(lines));
    QVERIFY2(log.errors.size() <= 1, qPrintable(lines)); // by the connection or by the channel
    // Not told as an error: what came while we were closing, and our own abort().
    const bool wasClosing = client.wasClosed || log.lines.contains(u"connection.Closing"_s);
    QVERIFY2(wasClosing || stalls || log.of(u"connection"_s).filter(u"error"_s).size() == 1,
             qPrintable(lines));
    QVERIFY2(log.lines.endsWith(u"connection.closed"_s), qPrintable(lines));
    for (const auto &[name, error] : client.futures) {
        QVERIFY2(!error().text().contains(u"merely") && !error().text().contains(u"not ended"),
                 name);
        QVERIFY2(!error() || !error().text().isEmpty(), name);
    }
    QCOMPARE(client.fates.keys(), QList<quint64>({1, 2}));
    QCOMPARE(client.fates.values(), QList<int>({1, 1}));
    QCOMPARE(client.channel->state(), QAmqpChannel::State::Closed);
    QCOMPARE(client.channel->unconfirmed(), 0u);
    QCOMPARE(client.connection.bytesToWrite(), 0);

    ScriptedServer healthy(conversation());
    checkUndisturbed(client, healthy);
    QCOMPARE(client.fates.values(), QList<int>({1, 1, 1, 1}));
}

QTAMQP_TEST(TestEveryStep)
#include "tst_everystep.moc"
