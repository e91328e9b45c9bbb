// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is said if there is no broker to talk to; peers are sockets of the test.

#include "scripted/ports.h"
#include "tool/tooltest.h"

#include <QtCore/qtemporaryfile.h>
#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;
using QtAmqpTest::closedPort;

namespace {

// Sends `answer` to whoever says something, and then closes or keeps silent.
class Server : public QTcpServer
{
public:
    enum Then { Close, KeepSilent };

    Server(const QByteArray &answer, Then then)
    {
        listen(QHostAddress::LocalHost);
        connect(this, &QTcpServer::newConnection, this, [this, answer, then] {
            QTcpSocket *socket = nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, this, [socket, answer, then] {
                socket->readAll();
                socket->write(answer);
                if (then == Close)
                    socket->disconnectFromHost();
            });
        });
    }

    QString address() const { return u"127.0.0.1:%1"_s.arg(serverPort()); }
};

} // namespace

class TestConnecting : public QObject
{
    Q_OBJECT

private:
    static Result ping(const QString &url, const QStringList &more = {})
    {
        return run(QStringList{u"ping"_s, u"--url"_s, url} + more);
    }

private Q_SLOTS:
    void nobodyListens()
    {
        const QString address = u"127.0.0.1:%1"_s.arg(closedPort());
        VERIFY_RUN(
                ping(u"amqp://"_s + address), 2,
                u"qamqp ping: %1 cannot be reached: Connection refused; check that the broker runs "
                "and listens on this port\n"_s.arg(address));
    }

    void unknownHost()
    {
        const Result result = ping(u"amqp://no-such-host.invalid"_s);
        QCOMPARE(result.status, 2);
        QVERIFY2(result.errors.startsWith(
                         "qamqp ping: no-such-host.invalid:5672 cannot be reached: "),
                 result.errors.constData());
        QVERIFY(result.errors.endsWith("; check the host name\n"));
        QCOMPARE(result.errors.count('\n'), 1);
    }

    void notABroker()
    {
        const Server peer("HTTP/1.1 400 Bad Request\r\n\r\n", Server::Close);
        VERIFY_RUN(
                ping(u"amqp://"_s + peer.address()), 2,
                u"qamqp ping: amqp://%1/ does not speak AMQP: it answered \"HTTP/1.1 400 Bad Request\"; "
                "check host and port\n"_s.arg(peer.address()));
    }

    void closesInTheHandshake()
    {
        const Server peer("", Server::Close);
        const Result result = ping(u"amqp://"_s + peer.address());
        QCOMPARE(result.status, 2);
        QVERIFY2(result.errors.startsWith("qamqp ping: amqp://" + peer.address().toUtf8()
                                          + "/ closed the connection without a word of AMQP"),
                 result.errors.constData());
        QCOMPARE(result.errors.count('\n'), 1);
    }

    void silence()
    {
        const Server peer("", Server::KeepSilent);
        VERIFY_RUN(ping(u"amqp://"_s + peer.address(), {u"--timeout"_s, u"0.3"_s}), 5,
                   u"qamqp ping: gave up after 0.3 s connecting to amqp://%1/\n"_s.arg(
                           peer.address()));
    }

    void tlsWithAPlainPort()
    {
        const Server peer(QByteArray("AMQP\0\0\x9\1", 8), Server::Close);
        const Result result = ping(u"amqps://"_s + peer.address());
        QCOMPARE(result.status, 2);
        QVERIFY2(result.errors.startsWith("qamqp ping: TLS with " + peer.address().toUtf8()
                                          + " failed: "),
                 result.errors.constData());
        QVERIFY2(result.errors.endsWith(
                         "; check that this port speaks TLS, or use amqp without TLS\n"),
                 result.errors.constData());
        QCOMPARE(result.errors.count('\n'), 1);
    }

    // What a broker says cannot forge lines or move the cursor.
    void hostileText()
    {
        const Server peer("\x1b[2J\r\nqamqp: all is well\n", Server::Close);
        const Result result = ping(u"amqp://"_s + peer.address());
        QCOMPARE(result.status, 2);
        QCOMPARE(result.errors.count('\n'), 1);
        QVERIFY(!result.errors.contains('\x1b') && !result.errors.contains('\r'));
    }

    void passwordIsNeverShown()
    {
        const quint16 port = closedPort();
        const Result result = ping(u"amqp://me:secret@127.0.0.1:%1"_s.arg(port));
        QCOMPARE(result.status, 2);
        QVERIFY(!result.errors.contains("secret"));
    }

    void passwordFileKeepsTheMechanism()
    {
        // connection.start with the mechanism PLAIN alone
        const Server peer(QByteArray("\1\0\0\0\0\0\x1c\0\xa\0\xa\0\x9\0\0\0\0\0\0\0\5PLAIN"
                                     "\0\0\0\5en_US\xce",
                                     36),
                          Server::KeepSilent);
        QTemporaryFile file;
        QVERIFY(file.open());
        file.write(QByteArray(5000, 'x') + '\n'); // as long as a token may be
        file.close();
        const QString url = u"amqp://me@"_s + peer.address() + u"/?auth_mechanism="_s;
        const QStringList password{u"--password-file"_s, file.fileName()};
        const Result amqplain = ping(url + u"amqplain"_s, password);
        QCOMPARE(amqplain.status, 3);
        QVERIFY2(amqplain.errors.contains("mechanism AMQPLAIN, only: PLAIN"),
                 amqplain.errors.constData());
        VERIFY_RUN(ping(u"amqp://"_s + peer.address() + u"/?auth_mechanism=external"_s, password),
                   1,
                   u"qamqp ping: --password-file is of no use with auth_mechanism=external; leave "
                   "one out\n"_s);
    }

    void passwordsAreNotCut()
    {
        QTemporaryFile file;
        QVERIFY(file.open());
        file.write(QByteArray(8193, 'x'));
        file.close();
        VERIFY_RUN(ping(u"amqp://me@localhost"_s, {u"--password-file"_s, file.fileName()}), 1,
                   u"qamqp ping: the first line of --password-file %1 has more than 8192 bytes\n"_s
                           .arg(file.fileName()));
    }

    // Another password would be sent than is in the file, and refused.
    void passwordsAreUtf8()
    {
        QTemporaryFile file;
        QVERIFY(file.open());
        file.write("p\xc3\n");
        file.close();
        VERIFY_RUN(ping(u"amqp://me@localhost"_s, {u"--password-file"_s, file.fileName()}), 1,
                   u"qamqp ping: the first line of --password-file %1 is not UTF-8\n"_s.arg(
                           file.fileName()));
    }

    void ctrlCWhileConnecting()
    {
        const Server peer("", Server::KeepSilent);
        Program tool({u"ping"_s, u"--url"_s, u"amqp://"_s + peer.address()});
        QVERIFY(waitFor([&] { return !peer.findChildren<QTcpSocket *>().isEmpty(); }));
        tool.signal(SIGINT);
        QCOMPARE(tool.status(), 130);
        QCOMPARE(tool.errors(), QByteArray());
    }
};

QTAMQP_TEST(TestConnecting)
#include "tst_connecting.moc"
