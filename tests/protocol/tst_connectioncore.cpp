#include "testmain.h"

#include "codec/dispatch.h"
#include "coredriver.h"
#include "protocol/negotiation.h"
#include "values/tableformat.h"

using namespace QtAmqpTest;

namespace {

QAmqpConnectionOptions options() { return QAmqpConnectionOptions().setRequestTimeout(30s); }

// Into one of the states of a session, for tests that run in each.
void enter(CoreDriver &d, ConnectionState state)
{
    if (state == ConnectionState::Idle)
        return;
    d.core.open(d.now);
    if (state != ConnectionState::Connecting)
        d.connectTransport();
    if (state == ConnectionState::Closing) {
        d.core.close(d.now + 10s);
        d.run();
    }
    QCOMPARE(d.core.state(), state);
}

Script scriptInto(ConnectionState state)
{
    switch (state) {
    case ConnectionState::Idle:
    case ConnectionState::Connecting: return Script();
    case ConnectionState::HeaderSent: return Script().expectHeader();
    case ConnectionState::Starting: return Script().start().expect<ConnectionStartOk>();
    case ConnectionState::Opening:
        return Script()
                .start()
                .expect<ConnectionStartOk>()
                .reply(ConnectionTune{2047, 131072, 60})
                .expect<ConnectionTuneOk>()
                .expect<ConnectionOpen>();
    case ConnectionState::Open: return Script().handshake();
    default: return Script().handshake().expect<ConnectionClose>();
    }
}

void addStates(std::initializer_list<ConnectionState> states)
{
    QTest::addColumn<ConnectionState>("state");
    for (const auto state : states)
        QTest::newRow(stateName(state)) << state;
}

Script forcedClose()
{
    return Script()
            .send(ConnectionClose{320, QByteArrayView("CONNECTION_FORCED - broker forced"), 0, 0})
            .expect<ConnectionCloseOk>();
}

} // namespace

class TestConnectionCore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    // --- opening ---

    void handshakeIsExactlyThis()
    {
        QByteArray properties;
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>([&](const ConnectionStartOk &m) {
                                 properties = m.clientProperties.toByteArray();
                                 return m.mechanism == "PLAIN"
                                         && m.response == QByteArray("\0guest\0guest", 12)
                                         && m.locale == "en_US";
                             })
                             .reply(ConnectionTune{2047, 131072, 60})
                             .expect<ConnectionTuneOk>()
                             .expect<ConnectionOpen>()
                             .reply(ConnectionOpenOk{}),
                     options());
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.count<ConnectionOpened>(), 1);
        const QByteArray startOk =
                methodFrame(ConnectionStartOk{QByteArrayView(properties), "PLAIN",
                                              QByteArrayView("\0guest\0guest", 12), "en_US"},
                            0);
        QCOMPARE(d.written.toHex(),
                 QByteArray("414d515000000901") + startOk.toHex()
                         + "010000"
                           "0000000c"
                           "000a001f"
                           "07ff"
                           "00020000"
                           "003c"
                           "ce"
                         + "010000"
                           "00000008"
                           "000a0028"
                           "01"
                           "2f"
                           "00"
                           "01"
                           "ce");
        QCOMPARE(d.core.bytesSent(), quint64(d.written.size()));
        QCOMPARE(d.core.framesReceived(), 3u);
    }

    void tellsWhoItIs()
    {
        QAmqpTable sent;
        CoreDriver d(Script().start().expect<ConnectionStartOk>([&](const ConnectionStartOk &m) {
            sent = decodeTable(m.clientProperties);
        }),
                     options()
                             .setConnectionName(u"order desk é"_s)
                             .setClientProperties(
                                     {{u"product"_s, u"Shop"_s},
                                      {u"capabilities"_s,
                                       QAmqpTable{{u"own"_s, true}, {u"basic.nack"_s, false}}}}));
        d.open();
        QCOMPARE(sent.value(u"connection_name"_s).toString(), u"order desk é"_s);
        QCOMPARE(sent.value(u"product"_s).toString(), u"Shop"_s);
        QVERIFY(sent.contains(u"version"_s) && sent.contains(u"platform"_s)
                && sent.contains(u"information"_s));
        const QAmqpTable known = sent.value(u"capabilities"_s).toTable();
        for (const QString &name : {u"authentication_failure_close"_s, u"connection.blocked"_s,
                                    u"consumer_cancel_notify"_s, u"exchange_exchange_bindings"_s,
                                    u"publisher_confirms"_s, u"own"_s})
            QVERIFY2(known.value(name).toBool(), qPrintable(name));
        QVERIFY(known.contains(u"basic.nack"_s) && !known.value(u"basic.nack"_s).toBool());
        // Each name once.
        for (const auto &entry : sent.entries())
            QCOMPARE(std::count_if(sent.entries().begin(), sent.entries().end(),
                                   [&](const auto &e) { return e.first == entry.first; }),
                     1);
    }

    void sendsNoConnectionNameUnlessAsked()
    {
        QVERIFY(!clientProperties(QAmqpConnectionOptions()).contains(u"connection_name"_s));
    }

    void keepsTheServersProperties()
    {
        CoreDriver d(Script().handshake(), options());
        d.open();
        const QAmqpTable &properties = d.core.negotiated().serverProperties;
        QCOMPARE(properties.value(u"version"_s).toString(), u"3.10.8"_s);
        QVERIFY(capabilities(properties).value(u"basic.nack"_s).toBool());
        QVERIFY(capabilities(QAmqpTable()).isEmpty());
    }

    void takesTheSmallerOfTwoLimits_data()
    {
        QTest::addColumn<quint32>("client");
        QTest::addColumn<quint32>("server");
        QTest::addColumn<quint32>("agreed");
        QTest::newRow("no limits") << 0u << 0u << 0u;
        QTest::newRow("client only") << 10000u << 0u << 10000u;
        QTest::newRow("server only") << 0u << 20000u << 20000u;
        QTest::newRow("client smaller") << 10000u << 20000u << 10000u;
        QTest::newRow("server smaller") << 20000u << 10000u << 10000u;
        QTest::newRow("equal") << 9000u << 9000u << 9000u;
    }

    void takesTheSmallerOfTwoLimits()
    {
        QFETCH(quint32, client);
        QFETCH(quint32, server);
        QFETCH(quint32, agreed);
        QCOMPARE(smallerLimit(client, server), agreed);
        const quint32 frameMax = agreed ? agreed : DefaultFrameMax;
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{quint16(server), server, 60})
                             .expect<ConnectionTuneOk>([&](const ConnectionTuneOk &m) {
                                 return m.channelMax == agreed && m.frameMax == frameMax
                                         && m.heartbeat == 60;
                             })
                             .expect<ConnectionOpen>()
                             .reply(ConnectionOpenOk{}),
                     options().setChannelMax(quint16(client)).setFrameMax(client));
        d.open();
        QCOMPARE(d.core.negotiated().channelMax, quint16(agreed));
        QCOMPARE(d.core.negotiated().frameMax, frameMax);
        QCOMPARE(d.core.outgoingFrameMax(), frameMax);
    }

    void takesTheLargestChannelLimit()
    {
        CoreDriver d(Script().handshake({65535, 131072, 60}), options().setChannelMax(65535));
        d.open();
        QCOMPARE(d.core.negotiated().channelMax, quint16(65535));
    }

    void refusesFramesBelowTheMinimum_data()
    {
        QTest::addColumn<quint32>("frameMax");
        for (const quint32 size : {1u, 7u, 8u, 9u, 1024u, 4095u})
            QTest::newRow(qPrintable(QString::number(size))) << size;
    }

    void refusesFramesBelowTheMinimum()
    {
        QFETCH(quint32, frameMax);
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, frameMax, 60})
                             .expect<ConnectionClose>(
                                     [](const ConnectionClose &m) { return m.replyCode == 502; }),
                     options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QVERIFY(d.error().text().contains(QString::number(frameMax)));
    }

    void acceptsTheMinimumFrame()
    {
        CoreDriver d(Script().handshake({0, 4096, 0}), options());
        d.open();
        QCOMPARE(d.core.negotiated().frameMax, 4096u);
    }

    void heartbeatIsTheClientsChoice_data()
    {
        QTest::addColumn<int>("client");
        QTest::addColumn<int>("server");
        QTest::addColumn<int>("agreed");
        QTest::newRow("the server's") << -1 << 60 << 60;
        QTest::newRow("the server has none") << -1 << 0 << 0;
        QTest::newRow("shorter") << 5 << 60 << 5;
        QTest::newRow("longer") << 600 << 60 << 600;
        QTest::newRow("off") << 0 << 60 << 0;
        QTest::newRow("on, against the server") << 7 << 0 << 7;
        QTest::newRow("the longest") << 65535 << 60 << 65535;
    }

    void heartbeatIsTheClientsChoice()
    {
        QFETCH(int, client);
        QFETCH(int, server);
        QFETCH(int, agreed);
        QAmqpConnectionOptions o = options();
        if (client >= 0)
            o.setHeartbeat(std::chrono::seconds(client));
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, 0, quint16(server)})
                             .expect<ConnectionTuneOk>([&](const ConnectionTuneOk &m) {
                                 return m.heartbeat == agreed;
                             })
                             .expect<ConnectionOpen>()
                             .reply(ConnectionOpenOk{}),
                     o);
        d.open();
        QCOMPARE(d.core.negotiated().heartbeat.count(), agreed);
        QCOMPARE(d.core.nextTimeout().has_value(), agreed != 0);
    }

    void sendsTheVirtualHostAsItIs()
    {
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, 0, 0})
                             .expect<ConnectionTuneOk>()
                             .expect<ConnectionOpen>([](const ConnectionOpen &m) {
                                 return m.virtualHost == "/träge";
                             }),
                     options().setVirtualHost(u"/träge"_s));
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Opening);
    }

    void tellsWhichMechanismsAreOffered()
    {
        CoreDriver d(Script().start("AMQPLAIN PLAINTEXT X-PLAIN"), options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::AuthenticationFailed);
        QCOMPARE(d.error().phase(), Phase::Handshake);
        QVERIFY(d.error().text().contains(u"AMQPLAIN PLAINTEXT X-PLAIN"_s));
        QVERIFY(!d.error().isRetryable());
    }

    void refusesAnotherVersionInStart()
    {
        CoreDriver d(Script().start("PLAIN", 8), options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QVERIFY2(d.error().text().contains(u"0-8"_s), qPrintable(d.error().text()));
    }

    void refusesBrokenServerProperties()
    {
        CoreDriver d(Script().expectHeader()
                             .send(ConnectionStart{0, 9, QByteArrayView("\x04name?abcd", 10),
                                                   "PLAIN", "en_US"})
                             .expect<ConnectionClose>(
                                     [](const ConnectionClose &m) { return m.replyCode == 502; }),
                     options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
    }

    void ignoresEverythingUntilItIsToldToOpen()
    {
        CoreDriver d(Script(), options());
        d.core.transportOpened(d.now);
        d.core.receive(methodFrame(ConnectionOpenOk(), 0), d.now);
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Idle);
        QVERIFY(d.written.isEmpty() && d.events.empty());
    }

    void opensOnce()
    {
        CoreDriver d(Script().handshake(), options());
        d.open();
        d.core.open(d.now);
        d.core.transportOpened(d.now);
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    // --- refusals ---

    void wrongPasswordIsAnAuthenticationFailure()
    {
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionClose{
                                     403, "ACCESS_REFUSED - Login was refused using PLAIN", 0, 0})
                             .expect<ConnectionCloseOk>(),
                     options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::AuthenticationFailed);
        QCOMPARE(d.error().origin(), Origin::Broker);
        QCOMPARE(d.error().phase(), Phase::Handshake);
        QCOMPARE(d.error().replyCode(), 403);
        QVERIFY(d.error().text().contains(u"\"guest\""_s));
        QVERIFY(d.error().text().contains(u"Login was refused"_s));
    }

    void unknownVirtualHostIsAccessRefused()
    {
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, 0, 0})
                             .expect<ConnectionTuneOk>()
                             .expect<ConnectionOpen>()
                             .reply(ConnectionClose{530, "NOT_ALLOWED - vhost nowhere not found",
                                                    10, 40})
                             .expect<ConnectionCloseOk>(),
                     options().setVirtualHost(u"nowhere"_s));
        d.open();
        QCOMPARE(d.error().kind(), Kind::AccessRefused);
        QCOMPARE(d.error().replyCode(), 530);
        QCOMPARE(d.error().method(), u"connection.open"_s);
        QVERIFY(d.error().text().contains(u"\"nowhere\""_s));
    }

    void brokerMayCloseAnOpenConnection()
    {
        CoreDriver d(Script().handshake().then(forcedClose()), options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::ClosedByBroker);
        QCOMPARE(d.error().scope(), Scope::Connection);
        QCOMPARE(d.error().phase(), Phase::Open);
        QCOMPARE(d.error().replyCode(), 320);
        QCOMPARE(d.error().replyText(), u"CONNECTION_FORCED - broker forced"_s);
        QVERIFY(d.written.endsWith(methodFrame(ConnectionCloseOk(), 0)));
        d.lose();
        d.core.abort();
        d.core.close(d.now);
        d.run();
        QCOMPARE(d.count<ConnectionClosed>(), 1);
    }

    void brokerMayCloseInEachPhase_data()
    {
        addStates({ConnectionState::HeaderSent, ConnectionState::Starting, ConnectionState::Opening,
                   ConnectionState::Open, ConnectionState::Closing});
    }

    void brokerMayCloseInEachPhase()
    {
        QFETCH(ConnectionState, state);
        CoreDriver d(scriptInto(state), options());
        enter(d, state);
        d.then(forcedClose());
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.error().replyCode(), 320);
        QCOMPARE(d.error().kind(), Kind::ClosedByBroker);
    }

    void channelsAreToldBeforeTheConnection()
    {
        CoreDriver d(Script().handshake().channelOpen(1).channelOpen(2).then(forcedClose()),
                     options());
        d.channel();
        d.channel();
        d.open();
        QCOMPARE(d.count<ChannelClosed>(), 2);
        for (const ChannelClosed &closed : d.all<ChannelClosed>())
            QCOMPARE(closed.error.replyCode(), 320);
        QVERIFY(std::holds_alternative<ConnectionClosed>(d.events.back()));
    }

    // --- who else may answer ---

    void namesAForeignPeer_data()
    {
        QTest::addColumn<QByteArray>("answer");
        QTest::addColumn<QString>("text");
        QTest::newRow("AMQP 1.0") << QByteArray("AMQP\0\1\0\0", 8) << u"speaks AMQP 1.0"_s;
        QTest::newRow("AMQP 1.0 with SASL")
                << QByteArray("AMQP\3\1\0\0", 8) << u"speaks AMQP 1.0"_s;
        QTest::newRow("AMQP 0-10") << QByteArray("AMQP\1\1\0\12", 8) << u"speaks AMQP "_s;
        QTest::newRow("HTTP") << QByteArray("HTTP/1.1 400 Bad Request\r\n\r\n")
                              << u"answered \"HTTP/1."_s;
        QTest::newRow("TLS alert") << QByteArray("\x15\x03\x01\x00\x02\x02\x46", 7) << u"TLS"_s;
        QTest::newRow("SSH") << QByteArray("SSH-2.0-OpenSSH_9.2\r\n") << u"answered \"SSH-2.0"_s;
        QTest::newRow("escapes") << QByteArray("\x1b[31m\x07\r\n\xff..........")
                                 << u"answered \".[31m.."_s;
    }

    void namesAForeignPeer()
    {
        QFETCH(QByteArray, answer);
        QFETCH(QString, text);
        CoreDriver d(Script().expectHeader().garbage(answer).drop(), options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QCOMPARE(d.error().origin(), Origin::Broker);
        QVERIFY2(d.error().text().contains(text), qPrintable(d.error().text()));
        QCOMPARE(d.written.size(), 8); // no connection.close to someone who would not understand
    }

    void namesAForeignPeerThatSaidLittle()
    {
        CoreDriver d(Script().expectHeader().garbage("Hi\r\n").drop(), options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QVERIFY2(d.error().text().contains(u"answered \"Hi..\""_s), qPrintable(d.error().text()));
    }

    void halfAStartFrameIsALostConnection()
    {
        CoreDriver d(Script().expectHeader()
                             .garbage(methodFrame(ConnectionStart{0, 9, "", "PLAIN", "en_US"}, 0)
                                              .first(20))
                             .drop(),
                     options());
        d.open();
        QVERIFY2(d.error().kind() == Kind::ConnectionLost, qPrintable(d.error().text()));
    }

    // --- losing the link ---

    // What an old RabbitMQ does with a wrong password.
    void aDropAfterTheLoginMayBeItsAnswer()
    {
        CoreDriver d(Script().expectHeader()
                             .send(ConnectionStart{0, 9, "", "PLAIN", "en_US"})
                             .expect<ConnectionStartOk>()
                             .drop(),
                     options());
        d.open();
        QCOMPARE(d.error().kind(), Kind::AuthenticationFailed);
        QVERIFY(d.error().text().contains(u"\"guest\""_s));
    }

    void dropInEachPhase_data()
    {
        QTest::addColumn<ConnectionState>("state");
        QTest::addColumn<Kind>("kind");
        QTest::addColumn<Phase>("phase");
        const auto row = [](ConnectionState state, Kind kind, Phase phase) {
            QTest::newRow(stateName(state)) << state << kind << phase;
        };
        row(ConnectionState::Idle, Kind::ConnectionLost, Phase::Connecting);
        row(ConnectionState::Connecting, Kind::ConnectionLost, Phase::Connecting);
        row(ConnectionState::HeaderSent, Kind::ConnectionLost, Phase::Handshake);
        row(ConnectionState::Starting, Kind::ConnectionLost, Phase::Handshake);
        row(ConnectionState::Opening, Kind::ConnectionLost, Phase::Handshake);
        row(ConnectionState::Open, Kind::ConnectionLost, Phase::Open);
        row(ConnectionState::Closing, Kind::NoError, Phase::None);
    }

    void dropInEachPhase()
    {
        QFETCH(ConnectionState, state);
        QFETCH(Kind, kind);
        QFETCH(Phase, phase);
        CoreDriver d(scriptInto(state), options());
        enter(d, state);
        const QByteArray written = d.written;
        d.lose();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.error().kind(), kind);
        QCOMPARE(d.error().phase(), phase);
        QCOMPARE(d.error().endpoint(), kind == Kind::NoError ? QString() : options().endpoint());
        const QString texts = d.error().text() + d.error().cause().text();
        QVERIFY(kind == Kind::NoError || texts.contains(u"the link is gone"_s));
        QCOMPARE(d.written, written);
        d.lose();
        QCOMPARE(d.count<ConnectionClosed>(), 1);
    }

    void timeoutInEachPhase_data()
    {
        addStates({ConnectionState::Connecting, ConnectionState::HeaderSent,
                   ConnectionState::Starting, ConnectionState::Opening, ConnectionState::Closing});
    }

    void timeoutInEachPhase()
    {
        QFETCH(ConnectionState, state);
        CoreDriver d(scriptInto(state).stall(),
                     options().setAmqpTimeout(4s).setHandshakeTimeout(7s).setHeartbeat(0s));
        const TimePoint start = d.now;
        if (state != ConnectionState::Connecting) { // AMQP has its own time, within the whole
            d.core.open(d.now);
            d.pass(1s);
            d.connectTransport();
        } else {
            enter(d, state);
        }
        if (state == ConnectionState::Closing)
            d.core.close(d.now + 10s);
        d.runToEnd();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.error().kind(), Kind::Timeout);
        QCOMPARE(d.error().origin(), Origin::Library);
        const auto after = state == ConnectionState::Connecting ? 7s
                : state == ConnectionState::Closing             ? 11s
                                                                : 5s;
        QVERIFY(d.now - start == after);
        QVERIFY(d.error().isRetryable());
    }

    void handshakeDeadlineIsAbsolute()
    {
        // A peer that trickles one octet a second never finishes, however slowly it fails.
        CoreDriver d(Script().expectHeader().stall(), options().setHandshakeTimeout(15s));
        d.open();
        const QByteArray start = methodFrame(ConnectionStart{0, 9, "", "PLAIN", "en_US"}, 0);
        for (int i = 0; i < 20 && d.core.state() != ConnectionState::Closed; ++i) {
            d.pass(1s);
            d.core.receive(QByteArrayView(start).sliced(i, 1), d.now);
        }
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }

    void timeoutsMayBeOff()
    {
        CoreDriver d(Script().expectHeader().stall(),
                     options().setAmqpTimeout(0ms).setHandshakeTimeout(0ms));
        d.open();
        QVERIFY(!d.core.nextTimeout());
        d.pass(1h);
        QCOMPARE(d.core.state(), ConnectionState::HeaderSent);
    }

    // --- closing ---

    void closeInEachState_data()
    {
        addStates({ConnectionState::Idle, ConnectionState::Connecting, ConnectionState::HeaderSent,
                   ConnectionState::Starting, ConnectionState::Opening, ConnectionState::Open,
                   ConnectionState::Closing});
    }

    void closeInEachState()
    {
        QFETCH(ConnectionState, state);
        CoreDriver d(scriptInto(state), options());
        enter(d, state);
        d.core.close(d.now + 10s);
        QVERIFY(d.core.isClosing());
        d.core.close(d.now + 20s);
        if (state == ConnectionState::Open)
            d.then(Script().connectionClose());
        else if (state == ConnectionState::Closing)
            d.then(Script().send(ConnectionCloseOk{}));
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(!d.error().isError());
        QCOMPARE(d.count<ConnectionClosed>(), 1);
    }

    void abortInEachState_data() { closeInEachState_data(); }

    void abortInEachState()
    {
        QFETCH(ConnectionState, state);
        CoreDriver d(scriptInto(state), options());
        enter(d, state);
        const QByteArray written = d.written;
        d.core.abort();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        d.core.abort();
        d.run();
        QVERIFY(!d.error().isError());
        QCOMPARE(d.written, written);
    }

    void commandsEmitNothingBeforeTheNextTurn()
    {
        CoreDriver d(Script().handshake().ignoreRest(), options());
        d.open();
        const auto before = d.events.size();
        ChannelCore *channel = d.channel();
        channel->request(QueueDeclare{});
        d.core.abort();
        QCOMPARE(d.events.size(), before);
        d.run();
        QVERIFY(d.events.size() > before);
    }

    void closeWaitsForRequestsPublishesAndConfirms()
    {
        CoreDriver d(Script().handshake()
                             .channelOpen()
                             .expect<ConfirmSelect>()
                             .expect<QueueDeclare>()
                             .expect<BasicPublish>(),
                     options());
        ChannelCore *channel = d.channel();
        channel->selectConfirms();
        const RequestId request = d.ask(channel->request(declare("q")));
        const quint64 tag = d.published(channel->publish(publishTo("q"), QByteArray("x"), 0));
        d.core.open(d.now);
        d.core.close(d.now + 10s);
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.then(Script().reply(ConfirmSelectOk{}).reply(QueueDeclareOk{"q", 0, 0}));
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QVERIFY(!d.reply(request).error.isError());
        d.then(Script().reply(BasicAck{tag}).connectionClose());
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.settlements(), u"confirmed 1-1"_s);
        QVERIFY(!d.error().isError());
    }

    void closeWaitsForAMessageThatWasGot()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<BasicGet>(), options());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->request(get("q")));
        d.core.close(d.now + 10s);
        d.then(Script().sendContent(getOk(1), QByteArray("body")).connectionClose());
        QCOMPARE(d.count<Got>(), 1);
        QVERIFY(!d.error().isError());
    }

    void closeDoesNotWaitForChannelsThatFail()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<QueueDelete>(), options());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->request(QueueDelete{0, "q", false, false, false}));
        d.core.close(d.now + 10s);
        d.then(Script().reply(ChannelClose{404, "NOT_FOUND - no queue 'q'", 50, 40})
                       .expect<ChannelCloseOk>()
                       .connectionClose());
        QVERIFY(!d.error().isError());
        QCOMPARE(d.last<Replied>().error.kind(), Kind::NotFound);
    }

    void closeBeforeOpeningDropsWhatNobodyWillSend()
    {
        CoreDriver d(Script(), options());
        ChannelCore *channel = d.channel();
        d.ask(channel->request(QueueDeclare{}));
        d.core.close(d.now + 10s);
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(!d.error().isError());
    }

    void closeHasADeadline()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<QueueDeclare>().stall(),
                     options().setHeartbeat(0s));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId request = d.ask(channel->request(QueueDeclare{}));
        d.core.close(d.now + 10s);
        const TimePoint start = d.now;
        d.runToEnd();
        QVERIFY(d.now - start == 10s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
        QCOMPARE(d.reply(request).error.kind(), Kind::Cancelled);
        QCOMPARE(d.reply(request).error.cause().kind(), Kind::Timeout);
    }

    void bothSidesMayCloseAtOnce()
    {
        CoreDriver d(Script().handshake(), options());
        d.open();
        d.core.close(d.now + 10s);
        d.then(Script().send(ConnectionClose{200, "Goodbye", 0, 0})
                       .expect<ConnectionClose>()
                       .expect<ConnectionCloseOk>());
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(!d.error().isError());
    }

    void whatWasUnderWayWhileClosingIsDropped()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<BasicConsume>().reply(
                             BasicConsumeOk{"c"}),
                     options());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c"), 0));
        d.run();
        d.core.close(d.now + 10s);
        const auto before = d.events.size();
        d.then(Script().expect<ConnectionClose>()
                       .sendContent(delivery("c", 1), QByteArray("late"))
                       .send(ConnectionBlocked{"memory"})
                       .send(BasicCancel{"c", true}));
        QCOMPARE(d.events.size(), before);
        d.then(Script().send(ConnectionCloseOk{}));
        QVERIFY(!d.error().isError());
    }

    // --- blocked ---

    void tellsThatTheBrokerBlocks()
    {
        CoreDriver d(Script().handshake().send(ConnectionBlocked{"low on memory"}), options());
        d.open();
        QVERIFY(d.core.isBlocked());
        QCOMPARE(d.last<BlockedChanged>().reason, u"low on memory"_s);
        QVERIFY(d.last<BlockedChanged>().blocked);
        d.then(Script().send(ConnectionUnblocked{}));
        QVERIFY(!d.core.isBlocked());
        QVERIFY(!d.last<BlockedChanged>().blocked);
        QCOMPARE(d.count<BlockedChanged>(), 2);
    }

    void blockedForTooLongIsATimeout()
    {
        CoreDriver d(Script().handshake().send(ConnectionBlocked{"disk"}),
                     options().setBlockedConnectionTimeout(20s).setHeartbeat(0s));
        d.open();
        const TimePoint start = d.now;
        d.pass(12s);
        d.then(Script().send(ConnectionBlocked{"disk, still"})); // does not start anew
        d.runToEnd();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(d.now - start == 20s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }

    void unblockedInTimeIsNoTimeout()
    {
        CoreDriver d(Script().handshake().send(ConnectionBlocked{"disk"}),
                     options().setBlockedConnectionTimeout(20s).setHeartbeat(0s));
        d.open();
        d.pass(19s);
        d.then(Script().send(ConnectionUnblocked{}));
        d.pass(1h);
        d.then(Script().send(ConnectionBlocked{"disk"}));
        d.pass(19s);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void blockedTimeoutIsOffByDefault()
    {
        CoreDriver d(Script().handshake().send(ConnectionBlocked{"disk"}),
                     options().setHeartbeat(0s));
        d.open();
        QVERIFY(!d.core.nextTimeout());
        d.pass(1h);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    // --- heartbeats ---

    void heartbeatsWhenIdleForHalfTheInterval()
    {
        CoreDriver d(Script().handshake({0, 0, 10})
                             .expectHeartbeat()
                             .sendHeartbeat()
                             .expectHeartbeat()
                             .sendHeartbeat(),
                     options());
        d.open();
        const QByteArray before = d.written;
        d.pass(4999ms);
        QCOMPARE(d.written, before);
        d.pass(1ms);
        QCOMPARE(d.written, before + heartbeatFrame());
        d.pass(5s);
        QCOMPARE(d.written, before + heartbeatFrame() + heartbeatFrame());
    }

    void trafficReplacesHeartbeats()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).channelOpen().ignoreRest(), options());
        ChannelCore *channel = d.channel();
        d.open();
        const qsizetype before = d.written.size();
        for (int second = 0; second < 60; second += 4) {
            channel->ack(1, false);
            d.core.receive(heartbeatFrame(), d.now);
            d.run();
            d.pass(4s);
        }
        QCOMPARE(d.written.size() - before, 15 * methodFrame(BasicAck(), 1).size());
    }

    void deadAfterExactlyTwoIntervals()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).stall(), options());
        d.open();
        const TimePoint start = d.now;
        d.pass(19999ms);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.pass(1ms);
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(d.now - start == 20s);
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
        QCOMPARE(d.error().origin(), Origin::Library);
        QVERIFY(d.error().isRetryable());
        QVERIFY(d.error().text().contains(u"20 s"_s));
    }

    // Never later either, at whatever moment the last octet came.
    void deadTwoIntervalsAfterTheLastOctet()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).stall(), options());
        d.open();
        d.pass(7300ms);
        d.core.receive(heartbeatFrame().first(1), d.now);
        d.run();
        const TimePoint start = d.now;
        d.runToEnd();
        QVERIFY(d.now - start == 20s);
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
    }

    void anyOctetIsASignOfLife()
    {
        CoreDriver d(Script().handshake({0, 0, 2}).channelOpen().ignoreRest(), options());
        d.channel();
        d.open();
        // One octet every three seconds, of a frame that takes forever.
        const QByteArray slow = frame(FrameType::Body, 1, QByteArray(200, 'x'));
        for (int i = 0; i < 50; ++i) {
            d.pass(3s);
            d.core.receive(QByteArrayView(slow).sliced(i, 1), d.now);
            d.run();
        }
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.runToEnd();
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
    }

    void ourOwnStallIsNotThePeersSilence()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).stall(), options());
        d.open();
        d.now += 5min; // a debugger, a suspended machine: no turn at all
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        // From here on the peer has its time; half an interval of it counts as gone.
        const TimePoint back = d.now;
        d.runToEnd();
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
        QVERIFY(d.now - back == 15s);
    }

    void whatArrivedDuringAStallCounts()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).stall(), options());
        d.open();
        d.now += 5min;
        d.core.receive(heartbeatFrame(), d.now); // the contract: receive first, then timeout()
        d.run();
        const TimePoint back = d.now;
        d.runToEnd();
        QVERIFY(d.now - back == 20s);
    }

    void shortIntervalsToo()
    {
        CoreDriver d(Script().handshake({0, 0, 1}).stall(), options());
        d.open();
        const TimePoint start = d.now;
        d.runToEnd();
        QVERIFY(d.now - start == 2s);
    }

    void noHeartbeatsWhenOff()
    {
        CoreDriver d(Script().handshake({0, 0, 60}), options().setHeartbeat(0s));
        d.open();
        QVERIFY(!d.core.nextTimeout());
        const QByteArray before = d.written;
        d.pass(24h);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.written, before);
    }

    void heartbeatsGoOnWhileBlocked()
    {
        CoreDriver d(
                Script().handshake({0, 0, 10}).send(ConnectionBlocked{"memory"}).expectHeartbeat(),
                options());
        d.open();
        d.pass(5s);
    }

    // --- frames ---

    void refusesFramesForUnknownChannels()
    {
        for (const quint16 number : {quint16(2), quint16(1000), quint16(65535)}) {
            CoreDriver d(Script().handshake()
                                 .channelOpen()
                                 .send(BasicAck{1}, number)
                                 .expect<ConnectionClose>([](const ConnectionClose &m) {
                                     return m.replyCode == 504;
                                 }),
                         options());
            d.channel();
            d.open();
            QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
            QVERIFY(d.error().text().contains(QString::number(number)));
        }
    }

    void limitsFramesBeforeTuning()
    {
        const auto startOf = [](qsizetype payload) { // a connection.start of so many octets
            const QByteArray filler(payload - (4 + 2 + 4 + 4 + 5 + 4), ' ');
            return methodFrame(
                    ConnectionStart{0, 9, "", LongString(QByteArrayView("PLAIN" + filler)), ""}, 0);
        };
        const auto start = startOf(8192 - 8);
        QCOMPARE(start.size(), 8192);
        {
            CoreDriver d(Script().expectHeader().garbage(start).expect<ConnectionStartOk>(),
                         options());
            d.open();
            QCOMPARE(d.core.state(), ConnectionState::Starting);
        }
        CoreDriver d(Script().expectHeader().garbage(startOf(8192 - 7).first(7)).ignoreRest(),
                     options());
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(d.error().isError());
    }

    void limitsFramesAfterTuning()
    {
        const auto deliver = methodFrame(delivery("c", 1), 1);
        const QByteArray fits(4096 - 8, 'x');
        {
            CoreDriver d(Script().handshake({0, 4096, 0})
                                 .channelOpen()
                                 .expect<BasicConsume>()
                                 .reply(BasicConsumeOk{"c"})
                                 .garbage(deliver + headerFrame(1, QByteArray(fits))
                                          + frame(FrameType::Body, 1, fits)),
                         options());
            ChannelCore *channel = d.channel();
            channel->consume(consume("q", "c"), 0);
            d.open();
            QCOMPARE(d.last<Delivered>().message.body(), fits);
        }
        // One octet more is refused on the seven octets of its header.
        CoreDriver d(Script().handshake({0, 4096, 0})
                             .channelOpen()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .garbage(deliver + headerFrame(1, QByteArray(fits + 'x'))
                                      + frame(FrameType::Body, 1, fits + 'x').first(7))
                             .expect<ConnectionClose>(
                                     [](const ConnectionClose &m) { return m.replyCode == 501; }),
                     options());
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"), 0);
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QCOMPARE(d.count<Delivered>(), 0);
    }

    void refusesMalformedFrames_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("code");
        QByteArray noEnd = methodFrame(ConnectionUnblocked(), 0);
        noEnd.back() = '\x00';
        QTest::newRow("no end octet") << noEnd << 501;
        QTest::newRow("unknown type") << QByteArray("\x05\0\0\0\0\0\0\xce", 8) << 501;
        QTest::newRow("four gigabytes") << QByteArray("\x01\0\0\xff\xff\xff\xff", 7) << 501;
        QTest::newRow("a method of three octets")
                << frame(FrameType::Method, 0, QByteArray("abc")) << 501;
        QTest::newRow("a header of 13 octets")
                << frame(FrameType::Header, 1, QByteArray(13, '\0')) << 501;
        QTest::newRow("a heartbeat with a payload")
                << frame(FrameType::Heartbeat, 0, QByteArray("x")) << 501;
        QTest::newRow("a heartbeat on a channel") << frame(FrameType::Heartbeat, 1, {}) << 501;
        QTest::newRow("a body on channel 0") << frame(FrameType::Body, 0, QByteArray("x")) << 501;
        QTest::newRow("a method cut short")
                << frame(FrameType::Method, 0, QByteArray("\0\x0a\0\x32\0", 5)) << 502;
        QTest::newRow("a method with more")
                << frame(FrameType::Method, 0, QByteArray("\0\x0a\0\x3d\0", 5)) << 502;
        QTest::newRow("unknown method")
                << frame(FrameType::Method, 0, QByteArray("\0\x0a\0\x63", 4)) << 540;
        QTest::newRow("unknown class")
                << frame(FrameType::Method, 1, QByteArray("\0\x63\0\x0a", 4)) << 540;
        QTest::newRow("method 0.0") << frame(FrameType::Method, 0, QByteArray(4, '\0')) << 540;
        QTest::newRow("a client's method") << methodFrame(ConnectionOpen{}, 0) << 503;
        QTest::newRow("a client's method on a channel") << methodFrame(BasicGet{}, 1) << 503;
        QTest::newRow("a channel's method on channel 0") << methodFrame(BasicAck{}, 0) << 503;
        QTest::newRow("a connection's method on a channel")
                << methodFrame(ConnectionBlocked{}, 1) << 503;
    }

    void refusesMalformedFrames()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, code);
        CoreDriver d(Script().handshake().channelOpen().garbage(bytes).expect<ConnectionClose>(
                             [&](const ConnectionClose &m) {
                                 return m.replyCode == code && !m.replyText.isEmpty();
                             }),
                     options());
        d.channel();
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QCOMPARE(d.error().replyCode(), code);
        QCOMPARE(d.error().phase(), Phase::Open);
    }

    // --- the rest ---

    void updatesTheSecret()
    {
        CoreDriver d(Script().handshake()
                             .expect<ConnectionUpdateSecret>([](const ConnectionUpdateSecret &m) {
                                 return m.newSecret == "token" && m.reason == "expiry";
                             })
                             .reply(ConnectionUpdateSecretOk{}),
                     options());
        d.open();
        d.core.updateSecret("token", "expiry");
        d.run();
        QCOMPARE(d.count<SecretUpdated>(), 1);
    }

    void aSecretThatIsNotAnsweredTimesOut()
    {
        CoreDriver d(Script().handshake({0, 0, 0})
                             .expect<ConnectionUpdateSecret>()
                             .expect<ConnectionUpdateSecret>(),
                     options());
        d.open();
        d.core.updateSecret("one", "");
        d.core.updateSecret("two", "");
        d.run();
        d.pass(30s);
        QCOMPARE(d.count<SecretUpdated>(), 1);
        d.pass(30s); // the time of the second ran from when it became the oldest
        QCOMPARE(d.count<SecretUpdated>(), 2);
        for (const SecretUpdated &updated : d.all<SecretUpdated>())
            QCOMPARE(updated.error.kind(), Kind::Timeout);
        // Their answers may still come, and are not taken for that of the third.
        d.core.updateSecret("three", "");
        d.then(Script().expect<ConnectionUpdateSecret>()
                       .send(ConnectionUpdateSecretOk())
                       .send(ConnectionUpdateSecretOk()));
        QCOMPARE(d.count<SecretUpdated>(), 2);
        d.then(Script().send(ConnectionUpdateSecretOk()));
        QCOMPARE(d.count<SecretUpdated>(), 3);
        QVERIFY(!d.last<SecretUpdated>().error);
        d.then(Script().send(ConnectionUpdateSecretOk()).expect<ConnectionClose>());
        QCOMPARE(d.error().replyCode(), int(ReplyCode::UnexpectedFrame));
    }

    void noFrameIsLargerThanItsLimit()
    {
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, 0xffffffff, 0})
                             .expect<ConnectionTuneOk>([](const ConnectionTuneOk &m) {
                                 return m.frameMax == LargestFrameMax;
                             })
                             .expect<ConnectionOpen>(),
                     options().setFrameMax(0));
        d.open();
        QCOMPARE(d.core.negotiated().frameMax, LargestFrameMax);
    }

    void channelNumbersAreTheLowestFree()
    {
        CoreDriver d(Script().handshake().channelOpen(1).channelOpen(2).channelOpen(3), options());
        d.channel();
        ChannelCore *second = d.channel();
        d.channel();
        d.open();
        second->close();
        d.then(Script().on(2).expect<ChannelClose>());
        QCOMPARE(d.core.addChannel(1)->number(), 4); // 2 is not free before close-ok
        d.then(Script().on(4).expect<ChannelOpen>().on(2).send(ChannelCloseOk{}));
        d.core.removeChannel(2);
        QCOMPARE(d.core.addChannel(1)->number(), 2);
        d.then(Script().on(2).expect<ChannelOpen>().reply(ChannelOpenOk{}));
        QCOMPARE(d.core.channel(2)->state(), ChannelState::Open);
    }

    void channelsAreLimited()
    {
        CoreDriver d(Script().handshake({2, 0, 0}).channelOpen(1).channelOpen(2),
                     options().setChannelMax(3));
        d.channel();
        d.channel();
        ChannelCore *third = d.channel();
        QVERIFY(!d.core.addChannel(1));
        const RequestId request = d.ask(third->request(QueueDeclare{}));
        d.open();
        QCOMPARE(third->state(), ChannelState::Closed);
        QCOMPARE(d.last<ChannelClosed>().channel, 3);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::LimitExceeded);
        QCOMPARE(d.reply(request).error.cause().kind(), Kind::LimitExceeded);
        d.core.removeChannel(3);
        QVERIFY(!d.core.addChannel(1));
    }

    void refusesRoomWhileOctetsWait()
    {
        CoreDriver d(Script().handshake(), options());
        d.open();
        qsizetype size = 0;
        QVERIFY(d.core.receiveBuffer(&size) && size > 0);
        d.core.receive(heartbeatFrame(), d.now);
        QVERIFY(!d.core.receiveBuffer(&size));
        QCOMPARE(size, 0);
        d.run();
        QVERIFY(d.core.receiveBuffer(&size) && size > 0);
    }
};

QTAMQP_TEST(TestConnectionCore)
#include "tst_connectioncore.moc"
