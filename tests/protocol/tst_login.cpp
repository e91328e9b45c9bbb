// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What the application is asked for while a connection opens: credentials, challenges, tokens, heartbeat.

#include "testmain.h"

#include "coredriver.h"

#include <stdexcept>

using namespace QtAmqpTest;

namespace {

QAmqpConnectionOptions with(const QAmqpCredentials &credentials)
{
    return QAmqpConnectionOptions().setCredentials(credentials).setRequestTimeout(30s);
}

Script handshakeBehindLogin()
{
    return Script()
            .reply(ConnectionTune{0, 0, 0})
            .expect<ConnectionTuneOk>()
            .expect<ConnectionOpen>()
            .reply(ConnectionOpenOk{});
}

} // namespace

class TestLogin : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void externalSendsNothing()
    {
        CoreDriver d(Script().start("PLAIN EXTERNAL")
                             .expect<ConnectionStartOk>([](const ConnectionStartOk &m) {
                                 return m.mechanism == "EXTERNAL" && m.response.isEmpty();
                             })
                             .then(handshakeBehindLogin()),
                     with(QAmqpCredentials::external()));
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void externalNeverFallsBack()
    {
        CoreDriver d(Script().start("PLAIN AMQPLAIN"), with(QAmqpCredentials::external()));
        d.open();
        QCOMPARE(d.error().kind(), Kind::AuthenticationFailed);
        QVERIFY(d.error().text().contains(u"EXTERNAL"));
    }

    void challengesAreAnswered()
    {
        QList<QByteArray> asked;
        const auto respond = [&](const QByteArray &challenge) {
            asked.append(challenge);
            return challenge.isNull() ? "first"_ba : "re: " + challenge;
        };
        CoreDriver d(Script().start("X-DIALOGUE")
                             .expect<ConnectionStartOk>([](const ConnectionStartOk &m) {
                                 return m.response == "first";
                             })
                             .reply(ConnectionSecure{"one"})
                             .expect<ConnectionSecureOk>([](const ConnectionSecureOk &m) {
                                 return m.response == "re: one";
                             })
                             .reply(ConnectionSecure{"two"})
                             .expect<ConnectionSecureOk>([](const ConnectionSecureOk &m) {
                                 return m.response == "re: two";
                             })
                             .then(handshakeBehindLogin()),
                     with(QAmqpCredentials::custom("X-DIALOGUE", respond)));
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(asked, (QList<QByteArray>{{}, "one", "two"}));
    }

    void challengesAreBounded()
    {
        Script script = Script().start("X").expect<ConnectionStartOk>();
        for (int i = 0; i < 16; ++i)
            script.reply(ConnectionSecure{"?"}).expect<ConnectionSecureOk>();
        CoreDriver d(script.reply(ConnectionSecure{"?"}),
                     with(QAmqpCredentials::custom("X", [](const auto &) { return "!"_ba; })));
        d.open();
        QCOMPARE(d.error().kind(), Kind::AuthenticationFailed);
        QVERIFY(d.error().text().contains(u"16"));
    }

    void challengeWithoutAnswer()
    {
        CoreDriver d(Script().start().expect<ConnectionStartOk>().reply(ConnectionSecure{"?"}),
                     with(QAmqpCredentials()));
        d.open();
        QCOMPARE(d.error().kind(), Kind::AuthenticationFailed);
        QCOMPARE(d.error().phase(), Phase::Handshake);
    }

    void challengeOutOfPlace()
    {
        CoreDriver d(Script().handshake().send(ConnectionSecure{"?"}).expect<ConnectionClose>());
        d.open();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
    }

    void whatTheApplicationThrowsIsAnError_data()
    {
        QTest::addColumn<QAmqpCredentials>("credentials");
        QTest::addColumn<QString>("text");
        const auto throwing = [](const auto &...) -> QByteArray {
            throw std::runtime_error("no entropy");
        };
        QTest::newRow("responder")
                << QAmqpCredentials::custom("PLAIN", throwing) << u"no entropy"_s;
        QTest::newRow("responder gives up")
                << QAmqpCredentials::custom("PLAIN", [](const auto &) { return QByteArray(); })
                << u"gave up"_s;
        QTest::newRow("provider") << QAmqpCredentials::fromProvider([]() -> QAmqpCredentials {
            throw 1;
        }) << u"threw an exception"_s;
        QTest::newRow("provider of a provider") << QAmqpCredentials::fromProvider([] {
            return QAmqpCredentials::fromProvider([] { return QAmqpCredentials(); });
        }) << u"another provider"_s;
        QTest::newRow("bad credentials") << QAmqpCredentials::fromProvider([] {
            return QAmqpCredentials::plain(QString(300, u'x'), {});
        }) << u"255 bytes"_s;
    }

    void whatTheApplicationThrowsIsAnError()
    {
        QFETCH(QAmqpCredentials, credentials);
        QFETCH(QString, text);
        CoreDriver d(Script().start(), with(credentials));
        d.open();
        if (d.core.state() != ConnectionState::Closed) { // a provider is asked once more
            d.then(Script().start());
            d.connectTransport();
        }
        QCOMPARE(d.error().kind(), Kind::AuthenticationFailed);
        QCOMPARE(d.error().origin(), Origin::Application);
        QVERIFY2(d.error().text().contains(text), qPrintable(d.error().text()));
    }

    void providerIsAskedAtEachAttempt()
    {
        int asked = 0;
        const auto provider = [&] {
            return QAmqpCredentials::plain(u"ann"_s, u"password %1"_s.arg(++asked));
        };
        const auto expects = [](const QByteArray &password) {
            return [=](const ConnectionStartOk &m) {
                return m.response == QByteArray("\0ann\0", 5) + password;
            };
        };
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>(expects("password 1"))
                             .reply(ConnectionClose{403, "ACCESS_REFUSED", 0, 0})
                             .expect<ConnectionCloseOk>()
                             .then(Script().start())
                             .expect<ConnectionStartOk>(expects("password 2"))
                             .then(handshakeBehindLogin()),
                     with(QAmqpCredentials::fromProvider(provider)));
        d.open();
        QCOMPARE(d.last<AttemptFailed>().error.kind(), Kind::AuthenticationFailed);
        QVERIFY(d.last<AttemptFailed>().error.text().contains(u"\"ann\""));
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(asked, 2);
    }

    void whoHasClosedIsNotAskedAnyMore()
    {
        int asked = 0;
        const auto provider = [&] {
            ++asked;
            return QAmqpToken{u"token"_s, 100s};
        };
        CoreDriver d(Script().start().expect<ConnectionStartOk>().then(handshakeBehindLogin()),
                     with(QAmqpCredentials::token(provider)));
        d.open();
        QCOMPARE(asked, 1);
        d.now += 80s;
        d.core.timeout(d.now);
        d.core.abort();
        d.run();
        QCOMPARE(asked, 1);
    }

    void tokenIsRefreshedBeforeItExpires()
    {
        int made = 0;
        const auto provider = [&] { return QAmqpToken{u"token %1"_s.arg(++made), 100s}; };
        const auto refresh = [](const QByteArray &token) {
            return Script()
                    .expect<ConnectionUpdateSecret>(
                            [=](const ConnectionUpdateSecret &m) { return m.newSecret == token; })
                    .reply(ConnectionUpdateSecretOk{});
        };
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>([](const ConnectionStartOk &m) {
                                 return m.response.endsWith("token 1");
                             })
                             .then(handshakeBehindLogin()),
                     with(QAmqpCredentials::token(provider)));
        d.open();
        d.pass(79s);
        QCOMPARE(made, 1);
        d.player.append(refresh("token 2"));
        d.pass(1s);
        QCOMPARE(made, 2);
        d.player.append(refresh("token 3"));
        d.pass(80s);
        QCOMPARE(made, 3);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.count<SecretUpdated>(), 0); // nobody asked for these
        // One of the application's own is told as ever.
        d.core.updateSecret("own", "");
        d.then(refresh("own"));
        QCOMPARE(d.count<SecretUpdated>(), 1);
    }

    void tokenThatIsNotThereIsAskedForAgain()
    {
        int asked = 0;
        const auto provider = [&] {
            if (++asked == 2)
                throw std::runtime_error("no network");
            return QAmqpToken{u"token %1"_s.arg(asked), 100s};
        };
        CoreDriver d(Script().start().expect<ConnectionStartOk>().then(handshakeBehindLogin()),
                     with(QAmqpCredentials::token(provider)));
        d.open();
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"no new secret.*no network"_s));
        d.pass(80s);
        QCOMPARE(asked, 2);
        d.player.append(Script().expect<ConnectionUpdateSecret>(
                [](const auto &m) { return m.newSecret == "token 3"; }));
        d.pass(10s); // half of what is left
        QCOMPARE(asked, 3);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"not answered"_s));
        d.pass(30s);
    }

    void tokenThatCannotBeSentIsNot_data()
    {
        QTest::addColumn<QAmqpCredentials>("second");
        QTest::addColumn<QString>("text");
        QTest::newRow("above a frame")
                << QAmqpCredentials::plain({}, QString(5000, u'x')) << u"must fit one frame"_s;
        QTest::newRow("another provider")
                << QAmqpCredentials::fromProvider([] { return QAmqpCredentials(); })
                << u"another provider"_s;
    }

    void tokenThatCannotBeSentIsNot()
    {
        QFETCH(QAmqpCredentials, second);
        QFETCH(QString, text);
        int asked = 0;
        const QAmqpCredentials first = QAmqpCredentials::token([] {
            return QAmqpToken{u"token"_s, 100s};
        });
        const auto provider = [&] { return ++asked == 1 ? first.provided() : second; };
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, 4096, 0})
                             .expect<ConnectionTuneOk>()
                             .expect<ConnectionOpen>()
                             .reply(ConnectionOpenOk{}),
                     with(QAmqpCredentials::fromProvider(provider)));
        d.open();
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"no new secret.*"_s + text));
        d.pass(80s); // the script expects nothing
        QCOMPARE(asked, 2);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void passwordThatDoesNotExpireIsNotRefreshed_data()
    {
        QTest::addColumn<qint64>("seconds");
        QTest::newRow("never") << qint64(0);
        QTest::newRow("negative") << std::numeric_limits<qint64>::min();
        QTest::newRow("a thousand years") << qint64(365 * 24 * 3600) * 1000;
        QTest::newRow("more milliseconds than there are")
                << std::numeric_limits<qint64>::max() / 1000 + 1;
        QTest::newRow("longest") << std::numeric_limits<qint64>::max();
    }

    void passwordThatDoesNotExpireIsNotRefreshed()
    {
        QFETCH(qint64, seconds);
        const auto provider = [=] {
            return QAmqpToken{u"for ever"_s, std::chrono::seconds(seconds)};
        };
        CoreDriver d(Script().start().expect<ConnectionStartOk>().then(handshakeBehindLogin()),
                     with(QAmqpCredentials::token(provider)));
        d.open();
        QVERIFY(!d.core.nextTimeout());
        d.pass(24h * 365);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void heartbeatTunerDecides()
    {
        std::chrono::seconds proposed{0};
        CoreDriver d(Script().start()
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, 0, 60})
                             .expect<ConnectionTuneOk>(
                                     [](const ConnectionTuneOk &m) { return m.heartbeat == 20; })
                             .expect<ConnectionOpen>()
                             .reply(ConnectionOpenOk{}),
                     QAmqpConnectionOptions().setHeartbeatTuner([&](std::chrono::seconds proposal) {
                         proposed = proposal;
                         return proposal / 3;
                     }));
        d.open();
        QCOMPARE(proposed.count(), 60);
        QCOMPARE(d.core.negotiated().heartbeat.count(), 20);
    }

    void heartbeatTunerMayBeWrong_data()
    {
        QTest::addColumn<int>("returned");
        QTest::newRow("negative") << -1;
        QTest::newRow("too much") << 65536;
        QTest::newRow("throws") << 7;
    }

    void heartbeatTunerMayBeWrong()
    {
        QFETCH(int, returned);
        CoreDriver d(Script().start().expect<ConnectionStartOk>().reply(ConnectionTune{0, 0, 60}),
                     QAmqpConnectionOptions().setHeartbeatTuner([=](std::chrono::seconds) {
                         if (returned == 7)
                             throw std::runtime_error("what now");
                         return std::chrono::seconds(returned);
                     }));
        d.open();
        QCOMPARE(d.error().kind(), Kind::InvalidArgument);
        QCOMPARE(d.error().origin(), Origin::Application);
        QVERIFY2(d.error().text().contains(returned == 7 ? u"what now"_s
                                                         : QString::number(returned)),
                 qPrintable(d.error().text()));
    }

    void clearTextIsWarnedOf_data()
    {
        QTest::addColumn<QString>("host");
        QTest::addColumn<bool>("tls");
        QTest::addColumn<bool>("warned");
        QTest::newRow("local name") << u"localhost"_s << false << false;
        QTest::newRow("local address") << u"127.0.0.7"_s << false << false;
        QTest::newRow("local IPv6 address") << u"::1"_s << false << false;
        QTest::newRow("name like an address") << u"127.broker.test"_s << false << true;
        QTest::newRow("elsewhere") << u"broker.test"_s << false << true;
        QTest::newRow("elsewhere with TLS") << u"broker.test"_s << true << false;
    }

    void clearTextIsWarnedOf()
    {
        QFETCH(QString, host);
        QFETCH(bool, tls);
        QFETCH(bool, warned);
        QTest::failOnWarning(QRegularExpression(u"."_s));
        if (warned)
            QTest::ignoreMessage(QtWarningMsg,
                                 QRegularExpression(u"password of user \"guest\".*clear text"_s));
        CoreDriver d(Script().start().expect<ConnectionStartOk>(),
                     QAmqpConnectionOptions().setHostName(host).setTlsEnabled(tls));
        d.open();
    }
};

QTAMQP_TEST(TestLogin)
#include "tst_login.moc"
