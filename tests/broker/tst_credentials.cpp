// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Every way to log in to RabbitMQ, but for TLS certificates (tst_tls.cpp).

#include "everybroker.h"

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestCredentials : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void logsInByAmqplain()
    {
        const QAmqpCredentials guest = QAmqpCredentials::amqplain(u"guest"_s, u"guest"_s);
        Peer peer(options().setCredentials(guest));
        QVERIFY(peer.open());
        QVERIFY(peer.close());
        const QAmqpError error = refusal(QAmqpCredentials::amqplain(u"guest"_s, u"s3cret"_s));
        VERIFY_ERROR(error, AuthenticationFailed, Connection, 403);
        QVERIFY2(
                error.text().contains(u"refused user \"guest\": ACCESS_REFUSED - Login was refused "
                                      "using authentication mechanism AMQPLAIN"_s),
                describe(error).constData());
        QVERIFY(!describe(error).contains("s3cret"));
    }

    void refusesAMechanismThatIsNotOffered()
    {
        const QAmqpError error = refusal(
                QAmqpCredentials::custom("X-NONE"_ba, [](const QByteArray &) { return "x"_ba; }));
        VERIFY_ERROR(error, AuthenticationFailed, Connection, 0);
        QVERIFY2(error.text().contains(
                         u"does not offer the authentication mechanism X-NONE, only: "_s),
                 describe(error).constData());
    }

    // RabbitMQ has a mechanism that asks back, to demonstrate it; node.sh has it offered.
    void answersTheBrokersChallenge()
    {
        QByteArrayList challenges;
        QByteArray password = "guest";
        const auto demo = QAmqpCredentials::custom(
                "RABBIT-CR-DEMO"_ba, [&](const QByteArray &challenge) -> QByteArray {
                    challenges.append(challenge);
                    return challenge.isNull() ? "guest"_ba : "My password is " + password;
                });
        Peer peer(options().setCredentials(demo));
        QVERIFY(peer.open());
        QVERIFY(peer.close());
        QCOMPARE(challenges, (QByteArrayList{{}, "Please tell me your password"}));

        password = "s3cret";
        const QAmqpError error = refusal(demo);
        VERIFY_ERROR(error, AuthenticationFailed, Connection, 403);
        QVERIFY(!describe(error).contains("s3cret"));
    }

    void asksTheProviderAgainWhenItsPasswordIsRefused()
    {
        int asked = 0;
        Peer peer(options().setCredentials(QAmqpCredentials::fromProvider([&] {
            return QAmqpCredentials::plain(u"guest"_s, ++asked == 1 ? u"old"_s : u"guest"_s);
        })));
        QVERIFY(peer.open());
        QCOMPARE(asked, 2);
        QVERIFY(peer.errors.isEmpty());
        QVERIFY(peer.close());

        asked = -100; // from here on it is wrong
        const QAmqpError error = refusal(QAmqpCredentials::fromProvider([&] {
            ++asked;
            return QAmqpCredentials::plain(u"guest"_s, u"s3cret"_s);
        }));
        QCOMPARE(error.kind(), QAmqpError::Kind::AuthenticationFailed);
        QCOMPARE(asked, -98);
        QCOMPARE(error.attempts().size(), 2);
        QVERIFY(!describe(error).contains("s3cret"));
    }

    // connection.update-secret goes out in time, and RabbitMQ takes it.
    void passesANewTokenOnBeforeTheOldOneExpires()
    {
        int asked = 0;
        Peer peer(options().setCredentials(QAmqpCredentials::token(
                [&] {
                    ++asked;
                    return QAmqpToken{u"guest"_s, 2s};
                },
                u"guest"_s)));
        QVERIFY(peer.open());
        QCOMPARE(asked, 1);
        QVERIFY(waitFor([&] { return asked == 3; }));
        VERIFY_OK(peer.channel()->declareQueue({}, QAmqpQueueOptions().setExclusive()));
        QCOMPARE(peer.opened, 1);
        QVERIFY(peer.errors.isEmpty());
        QVERIFY(peer.close());
    }

private:
    static QAmqpError refusal(const QAmqpCredentials &credentials)
    {
        Peer peer(options().setCredentials(credentials));
        peer.connection.open();
        peer.waitForClosed();
        return peer.connection.lastError();
    }
};

QTAMQP_TEST(TestCredentials)

#include "tst_credentials.moc"
