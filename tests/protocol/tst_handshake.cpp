// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The handshake, byte by byte, and what is agreed on in it.

#include "connectioncoretest.h"
#include "testmain.h"

#include "protocol/negotiation.h"
#include "values/tableformat.h"

using namespace QtAmqpTest;

class TestHandshake : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

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
        QCOMPARE(d.core.traffic().bytesSent, quint64(d.written.size()));
        QCOMPARE(d.core.traffic().framesReceived, 3u);
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
};

QTAMQP_TEST(TestHandshake)
#include "tst_handshake.moc"
