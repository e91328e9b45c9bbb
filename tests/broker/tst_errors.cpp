// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a user is told when something goes wrong. The page "Errors" (src/doc/errors.qdoc) lists the
// situations, each with its error; every row is made to happen here, against RabbitMQ or whatever else
// answers on a port, and must come out as the page has it: the same kind, scope, origin and code, the
// same words, and once.

#include "everybroker.h"

#include <QtCore/qbuffer.h>
#include <QtCore/qfile.h>
#include <QtCore/qmetaobject.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qset.h>
#include <QtCore/qurl.h>
#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

namespace {

// A server on a free port of loopback that answers the first bytes with `answer`, and may then hang up.
class OtherServer
{
public:
    explicit OtherServer(const QByteArray &answer = {}, bool hangUp = false)
    {
        server.listen(QHostAddress::LocalHost);
        QObject::connect(&server, &QTcpServer::newConnection, &server, [this, answer, hangUp] {
            QTcpSocket *socket = server.nextPendingConnection();
            QObject::connect(socket, &QTcpSocket::readyRead, socket, [socket, answer, hangUp] {
                socket->readAll();
                socket->write(answer);
                if (hangUp)
                    socket->disconnectFromHost();
            });
        });
    }
    QAmqpConnectionOptions options() const
    {
        return QAmqpConnectionOptions().setHostName(u"127.0.0.1"_s).setPort(server.serverPort());
    }

    QTcpServer server;
};

// A user of the broker for one test, with permissions for names that begin with "mine".
class User
{
public:
    explicit User(bool mayUseTheHost = true) : name(uniqueName(u"user"_s))
    {
        broker().addUser(name, u"secret"_s);
        if (mayUseTheHost)
            broker().setPermissions(name, u"^mine"_s);
    }
    ~User() { broker().deleteUser(name); }
    Q_DISABLE_COPY_MOVE(User)

    QAmqpConnectionOptions options() const
    {
        return BrokerTest::options().setCredentials(QAmqpCredentials::plain(name, u"secret"_s));
    }
    const QString name;
};

struct Outcome
{
    QAmqpError error;
    QHash<QString, QString> names = {}; // what the page calls by another name
};

// The error of a connection that does not open.
Outcome opening(const QAmqpConnectionOptions &options)
{
    Peer peer(options);
    peer.connection.open();
    if (!peer.waitForClosed() || peer.opened || peer.errors.size() != 1)
        return {};
    return {peer.errors.constFirst()};
}

// The one error of a channel on which `act` did something that closes it, and that the connection
// and its other channels survive.
template<typename Act>
Outcome channelError(const QAmqpConnectionOptions &options, Act act)
{
    Peer peer(options);
    QAmqpChannel *other = peer.channel();
    QAmqpChannel *channel = peer.channel();
    const ChannelLog log(channel);
    if (!peer.open() || settled(channel))
        return {};
    act(channel);
    if (!waitFor([&] { return log.closed == 1; }) || log.errors.size() != 1)
        return {};
    if (settled(other) || !peer.close() || !peer.errors.isEmpty())
        return {};
    return {log.errors.constFirst()};
}

// The error of one call, which the channel survives.
template<typename Act>
Outcome callError(Act act)
{
    Peer peer;
    QAmqpChannel *channel = peer.channel();
    const ChannelLog log(channel);
    if (!peer.open())
        return {};
    const QAmqpError error = act(channel);
    if (settled(channel) || !log.errors.isEmpty() || !peer.close() || !peer.errors.isEmpty())
        return {};
    return {error};
}

Outcome badUrl(const QString &url)
{
    QAmqpError error;
    QAmqpConnectionOptions::fromUrl(url, &error);
    return {error};
}

} // namespace

class TestErrors : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void page_data();
    void page();

private:
    using Situation = std::function<Outcome()>;
    static QHash<QString, Situation> situations();
};

QHash<QString, TestErrors::Situation> TestErrors::situations()
{
    QHash<QString, Situation> all;

    all[u"wrong password"_s] = [] {
        return opening(options().setCredentials(QAmqpCredentials::plain(u"guest"_s, u"wrong"_s)));
    };
    all[u"unknown virtual host"_s] = [] { return opening(options().setVirtualHost(u"nowhere"_s)); };
    all[u"virtual host without permission"_s] = [] {
        const User user(false);
        Outcome outcome = opening(user.options());
        outcome.names[user.name] = u"guest"_s;
        return outcome;
    };
    all[u"nothing listens"_s] = [] {
        OtherServer gone;
        const QAmqpConnectionOptions options = gone.options();
        gone.server.close();
        return opening(options);
    };
    all[u"unknown host"_s] = [] {
        return opening(QAmqpConnectionOptions().setHostName(u"broker.invalid"_s));
    };
    all[u"a web server"_s] = [] {
        const OtherServer server("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", true);
        return opening(server.options());
    };
    all[u"a server that says nothing"_s] = [] {
        const OtherServer server;
        return opening(server.options().setHandshakeTimeout(300ms));
    };
    all[u"an AMQP 1.0 server"_s] = [] {
        const OtherServer server(QByteArray("AMQP\x00\x01\x00\x00", 8), true);
        return opening(server.options());
    };
    all[u"a server that hangs up"_s] = [] {
        const OtherServer server(QByteArray(), true);
        return opening(server.options());
    };
    all[u"TLS to a plain port"_s] = [] { return opening(tlsOptions().setPort(options().port())); };
    all[u"plain to a TLS port"_s] = [] { return opening(options().setPort(tlsOptions().port())); };
    all[u"certificate of an unknown authority"_s] = [] {
        return opening(tlsOptions().setCaCertificateFile(QString()));
    };
    all[u"certificate for another host"_s] = [] {
        return opening(tlsOptions().setPeerVerifyName(u"broker.example"_s));
    };
    all[u"a file that is missing"_s] = [] {
        return opening(tlsOptions().setCaCertificateFile(u"/nowhere/ca.pem"_s));
    };

    all[u"missing queue"_s] = [] {
        return channelError(options(),
                            [](QAmqpChannel *channel) { channel->consume(u"orders"_s); });
    };
    all[u"missing exchange"_s] = [] {
        return channelError(options(), [](QAmqpChannel *channel) {
            channel->publish(u"orders"_s, QString(), QAmqpMessage("x"));
        });
    };
    all[u"queue with other options"_s] = [] {
        Peer owner;
        owner.open();
        QAmqpChannel *channel = owner.channel();
        channel->declareQueue(u"orders"_s);
        settled(channel);
        Outcome outcome = channelError(options(), [](QAmqpChannel *c) {
            c->declareQueue(u"orders"_s, QAmqpQueueOptions().setDurable());
        });
        channel->deleteQueue(u"orders"_s);
        settled(channel);
        return outcome;
    };
    all[u"exclusive queue of another connection"_s] = [] {
        Peer owner;
        owner.open();
        QAmqpChannel *channel = owner.channel();
        channel->declareQueue(u"orders"_s, exclusive);
        settled(channel);
        return channelError(options(),
                            [](QAmqpChannel *c) { c->declareQueue(u"orders"_s, exclusive); });
    };
    all[u"operation without permission"_s] = [] {
        const User user;
        Outcome outcome = channelError(
                user.options(), [](QAmqpChannel *channel) { channel->declareQueue(u"orders"_s); });
        outcome.names[user.name] = u"guest"_s;
        return outcome;
    };
    all[u"binding to the default exchange"_s] = [] {
        return channelError(options(), [](QAmqpChannel *channel) {
            channel->declareQueue(u"orders"_s, exclusive);
            channel->bindQueue(u"orders"_s, QString(), u"new"_s);
        });
    };
    all[u"message above the broker's limit"_s] = [] {
        return channelError(options(), [](QAmqpChannel *channel) {
            channel->publish(QString(), u"orders"_s,
                             QAmqpMessage(QByteArray(32 * 1024 * 1024 + 1, 'x')));
        });
    };

    all[u"queue that is full"_s] = [] {
        return callError([](QAmqpChannel *channel) {
            channel->declareQueue(u"orders"_s,
                                  QAmqpQueueOptions()
                                          .setExclusive()
                                          .setArgument(u"x-max-length"_s, 0)
                                          .setArgument(u"x-overflow"_s, u"reject-publish"_s));
            return failure(channel->publishConfirmed(QString(), u"orders"_s, QAmqpMessage("x")));
        });
    };
    all[u"message that no queue takes"_s] = [] {
        return callError([](QAmqpChannel *channel) {
            return failure(channel->publishConfirmed(QString(), u"orders"_s, QAmqpMessage("x"),
                                                     QAmqpChannel::Mandatory));
        });
    };
    all[u"name over 255 bytes"_s] = [] {
        return callError([](QAmqpChannel *channel) {
            return failure(channel->declareQueue(u"orders-and-more-orders-and-more-"_s
                                                 + QString(230, u'x')));
        });
    };
    all[u"device of a body that fails in its middle"_s] = [] {
        QBuffer device; // of which less comes than was promised
        return channelError(options(), [&](QAmqpChannel *channel) {
            device.setData(QByteArray(1'000'000, 'x'));
            device.open(QIODevice::ReadOnly);
            channel->publish(QString(), u"orders"_s, &device, 1'000'000);
            device.seek(1'000'000 - 65528);
        });
    };
    all[u"device of a body that fails before its first byte"_s] = [] {
        return callError([](QAmqpChannel *channel) {
            QBuffer device;
            device.setData(QByteArray(1'000'000, 'x'));
            device.open(QIODevice::ReadOnly);
            const auto confirmed =
                    channel->publishConfirmed(QString(), u"orders"_s, &device, 1'000'000);
            device.close();
            return failure(confirmed);
        });
    };
    all[u"headers larger than a frame"_s] = [] {
        return callError([](QAmqpChannel *channel) {
            QAmqpMessage message("x");
            message.setHeaders({{u"text"_s, QString(200000, u'x')}});
            channel->publish(QString(), u"orders"_s, message);
            return channel->lastError();
        });
    };
    all[u"message above QAmqpConnectionOptions::maxMessageSize(), which came"_s] = [] {
        Peer peer(options().setMaxMessageSize(1'000'000));
        QAmqpChannel *channel = peer.channel();
        channel->declareQueue(u"orders"_s, exclusive);
        channel->publish({}, u"orders"_s, QByteArray(2'000'000, 'x'));
        QAmqpError told;
        const QAmqpConsumer *consumer = channel->consume(u"orders"_s);
        QObject::connect(consumer, &QAmqpConsumer::messageDiscarded, consumer,
                         [&](const QAmqpDelivery &, const QAmqpError &error) { told = error; });
        if (!peer.open() || !waitFor([&] { return told.isError(); }) || settled(channel)
            || !peer.close() || !peer.errors.isEmpty())
            return Outcome();
        return Outcome{told};
    };
    all[u"too much kept before the channel is open"_s] = [] {
        QAmqpConnection connection;
        QAmqpChannel *channel = connection.createChannel();
        for (int i = 0; i < 9; ++i)
            channel->publish(QString(), u"orders"_s, QAmqpMessage(QByteArray(1024 * 1024, 'x')));
        return Outcome{channel->lastError()};
    };
    all[u"call on a closed channel"_s] = [] {
        Peer peer;
        peer.open();
        QAmqpChannel *channel = peer.channel();
        const ChannelLog log(channel);
        settled(channel);
        channel->close();
        waitFor([&] { return log.closed == 1; });
        return Outcome{failure(channel->declareQueue(u"orders"_s))};
    };
    all[u"too many channels"_s] = [] {
        Peer peer(options().setChannelMax(1));
        peer.open();
        peer.channel();
        return Outcome{peer.channel()->lastError()};
    };

    all[u"URL of another scheme"_s] = [] { return badUrl(u"http://localhost"_s); };
    all[u"unknown key in a URL"_s] = [] { return badUrl(u"amqp://localhost?hartbeat=10"_s); };
    all[u"value out of range in a URL"_s] = [] {
        return badUrl(u"amqp://localhost?heartbeat=often"_s);
    };
    all[u"virtual host with a slash in a URL"_s] = [] { return badUrl(u"amqp://localhost/a/b"_s); };
    return all;
}

template<typename Enum>
QString nameOf(Enum value)
{
    return QString::fromLatin1(QMetaEnum::fromType<Enum>().valueToKey(int(value)));
}

void TestErrors::page_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("text");

    QFile file(QStringLiteral(QTAMQP_SOURCE_DIR "/src/doc/errors.qdoc"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QString page = QString::fromUtf8(file.readAll());
    static const QRegularExpression row(
            uR"(\\row \\li (.+) \\li (\w+, \w+, \w+) \\li (\d*)\s*\\li \d*\s+\\li \\c \{(.+)\})"_s);
    const QStringList known = situations().keys();
    QSet<QString> missing(known.begin(), known.end());
    for (auto it = row.globalMatch(page); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        QTest::newRow(qPrintable(match.captured(1)))
                << match.captured(2) << match.captured(3) << match.captured(4);
        missing.remove(match.captured(1));
    }
    QVERIFY2(missing.isEmpty(),
             qPrintable("not on the page: "_L1 + missing.values().join(u", "_s)));
}

void TestErrors::page()
{
    QFETCH(QString, what);
    QFETCH(QString, code);
    QFETCH(QString, text);
    const auto situation = situations().value(QString::fromUtf8(QTest::currentDataTag()));
    QVERIFY2(situation, "the page has a row that no test makes happen");
    const Outcome outcome = situation();
    const QAmqpError &error = outcome.error;
    QString line = error.text();
    for (auto it = outcome.names.begin(); it != outcome.names.end(); ++it)
        line.replace(it.key(), it.value());
    static const QRegularExpression endpoint(u"(127\\.0\\.0\\.1|localhost):\\d+"_s);
    line.replace(endpoint, u"127.0.0.1:5672"_s);
    line.replace(u"127.0.0.1:5672/"_s + virtualHost(), u"127.0.0.1:5672/"_s);
    for (const QString &quoted : {u"'%1'"_s, u"\"%1\""_s})
        line.replace(quoted.arg(virtualHost()), quoted.arg(u"/"_s));
    QVERIFY2(line == text, qPrintable(line)); // QCOMPARE would cut it
    QCOMPARE(QStringList({nameOf(error.kind()), nameOf(error.scope()), nameOf(error.origin())})
                     .join(u", "_s),
             what);
    QCOMPARE(error.replyCode(), code.toInt());
}

QTAMQP_TEST(TestErrors)
#include "tst_errors.moc"
