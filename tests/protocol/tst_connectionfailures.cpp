// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A connection that fails: refused, closed, dropped or silent, in each phase.

#include "connectioncoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestConnectionFailures : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

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

    void whatTheApplicationEndsSaysNothingOfThePeer_data()
    {
        addStates({ConnectionState::Connecting, ConnectionState::HeaderSent,
                   ConnectionState::Starting, ConnectionState::Opening, ConnectionState::Open});
    }

    // As when a fork() has left the link to another process.
    void whatTheApplicationEndsSaysNothingOfThePeer()
    {
        QFETCH(ConnectionState, state);
        CoreDriver d(scriptInto(state), options());
        enter(d, state);
        d.core.transportLost(
                QAmqpError(Kind::NotOpen, Scope::Connection, Origin::Application, u"not ours"_s));
        d.run();
        QCOMPARE(d.error().kind(), Kind::NotOpen);
        QCOMPARE(d.error().text(), u"not ours"_s);
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

    // The same for the virtual host, which is asked for behind the login.
    void lossAtTheVirtualHostMayMeanNoAccessToIt()
    {
        CoreDriver d(Script().expectHeader()
                             .reply(ConnectionStart{0, 9, {}, "PLAIN", "en_US"})
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{2047, 131072, 60})
                             .expect<ConnectionTuneOk>()
                             .expect<ConnectionOpen>()
                             .drop(),
                     options().setVirtualHost(u"shop"_s));
        d.open();
        QCOMPARE(d.error().kind(), Kind::AccessRefused);
        QCOMPARE(d.error().cause().kind(), Kind::ConnectionLost);
        QVERIFY2(d.error().text().contains(u"virtual host \"shop\""_s),
                 qPrintable(d.error().text()));
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
        row(ConnectionState::Closing, Kind::NoError, Phase::NoPhase);
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
        // A peer that trickles one byte a second never finishes, however slowly it fails.
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
};

QTAMQP_TEST(TestConnectionFailures)
#include "tst_connectionfailures.moc"
