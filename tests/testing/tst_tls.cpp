// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The broker with TLS, and clients that log in with their certificate.

#include "certificate.h"
#include "client.h"

#include <QtNetwork/qsslsocket.h>

using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

class TestTls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aClientLogsInWithItsPassword_data()
    {
        QTest::addColumn<QAmqpTestBroker::Threading>("threading");
        QTest::newRow("same thread") << QAmqpTestBroker::Threading::SameThread;
        QTest::newRow("own thread") << QAmqpTestBroker::Threading::OwnThread;
    }
    void aClientLogsInWithItsPassword()
    {
        QFETCH(QAmqpTestBroker::Threading, threading);
        QAmqpTestBroker broker;
        broker.setThreading(threading);
        QVERIFY(broker.tlsUrl().isEmpty());
        broker.setSslConfiguration(configuration());
        QVERIFY2(broker.start(), qPrintable(broker.errorString()));
        QVERIFY(broker.tlsUrl().port() != broker.url().port());
        Client client;
        client.connection.setSslConfiguration(configuration(false));
        client.connection.open(broker.tlsUrl());
        QCOMPARE(client.roundTrip(), QByteArray("hello"));
        QVERIFY(broker.connections().first().tls);
        Client plain(broker.url());
        QVERIFY(plain.waitForOpen());
        const QUrl before = broker.tlsUrl();
        broker.stop();
        QVERIFY(client.waitForError());
        QVERIFY(broker.start());
        QCOMPARE(broker.tlsUrl(), before);
    }

    void aClientThatDoesNotKnowTheCertificateSaysSo()
    {
        QAmqpTestBroker broker;
        broker.setSslConfiguration(configuration());
        QVERIFY(broker.start());
        Client client(broker.tlsUrl());
        QVERIFY(client.waitForError());
        QCOMPARE(client.connection.lastError().kind(), Kind::TlsFailed);
        QVERIFY(broker.connections().isEmpty());
    }

    void theNameInACertificateIsTheUser_data()
    {
        QTest::addColumn<bool>("isKnown");
        QTest::addColumn<bool>("hasCertificate");
        QTest::newRow("known") << true << true;
        QTest::newRow("unknown") << false << true;
        QTest::newRow("without a certificate") << true << false;
    }
    void theNameInACertificateIsTheUser()
    {
        QFETCH(bool, isKnown);
        QFETCH(bool, hasCertificate);
        QAmqpTestBroker broker;
        QSslConfiguration strict = configuration();
        strict.setPeerVerifyMode(QSslSocket::VerifyPeer);
        broker.setSslConfiguration(strict);
        if (isKnown) {
            broker.addUser(u"till"_s);
            broker.setPermissions(u"till"_s, u"/"_s);
        }
        QVERIFY(broker.start());
        Client client;
        auto options = QAmqpConnectionOptions::fromUrl(broker.tlsUrl());
        options.setCredentials(QAmqpCredentials::external());
        client.connection.setOptions(options);
        client.connection.setSslConfiguration(configuration(hasCertificate));
        client.connection.open();
        QVERIFY(QAmqpTest::waitUntil(
                [&] { return client.channel->isOpen() || client.connection.lastError(); }));
        QCOMPARE(client.channel->isOpen(), isKnown && hasCertificate);
        if (client.channel->isOpen())
            QCOMPARE(broker.connections().first().user, u"till"_s);
    }

    // A server that does not insist on a certificate may be sent one of anybody.
    void aCertificateThatWasNotVerifiedIsNobody()
    {
        QAmqpTestBroker broker;
        QSslConfiguration lax = configuration();
        lax.setCaCertificates({});
        lax.setPeerVerifyMode(QSslSocket::QueryPeer);
        broker.setSslConfiguration(lax);
        broker.addUser(u"till"_s);
        broker.setPermissions(u"till"_s, u"/"_s);
        QVERIFY(broker.start());
        Client client;
        auto options = QAmqpConnectionOptions::fromUrl(broker.tlsUrl());
        options.setCredentials(QAmqpCredentials::external());
        client.connection.setOptions(options);
        client.connection.setSslConfiguration(configuration());
        client.connection.open();
        QVERIFY(client.waitForError());
        QCOMPARE(client.connection.lastError().kind(), Kind::AuthenticationFailed);
    }

    void endsWhileAClientIsStillGreeting()
    {
        auto broker = std::make_unique<QAmqpTestBroker>();
        broker->setSslConfiguration(configuration());
        QVERIFY(broker->start());
        Client client;
        client.connection.setSslConfiguration(configuration(false));
        client.connection.open(broker->tlsUrl());
        QCoreApplication::processEvents();
        QCoreApplication::processEvents();
        broker.reset();
        QVERIFY(client.waitForError());
    }
};

QTAMQP_TEST(TestTls)
#include "tst_tls.moc"
