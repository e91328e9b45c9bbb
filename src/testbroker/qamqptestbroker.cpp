// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/connection.h"
#include "testbroker/devicepair.h"
#include "testbroker/qamqptestbroker_p.h"

#include <QtCore/qmetaobject.h>
#include <QtNetwork/qsslcertificate.h>
#include <QtNetwork/qsslkey.h>
#include <QtNetwork/qsslsocket.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate::Broker;
using namespace Qt::StringLiterals;

constexpr QByteArrayView Guest("guest");

QAmqpTestBrokerPrivate::QAmqpTestBrokerPrivate(QAmqpTestBroker *owner)
    : q(owner), server(std::make_unique<BrokerServer>(BrokerSettings(), 1))
{
    server->setParent(owner);
    server->core().setWatcher(this);
    server->setOnActivity([this] { noteChange(); });
}

QAmqpTestBrokerPrivate::~QAmqpTestBrokerPrivate()
{
    server->core().setWatcher(nullptr);
    server->setOnActivity({});
}

// Called in the thread of the server.
bool QAmqpTestBrokerPrivate::setError(const QString &text)
{
    const std::lock_guard lock(mutex);
    errorString = text;
    return text.isEmpty();
}

bool QAmqpTestBrokerPrivate::listen(BrokerServer &at)
{
    // Clients that try to connect again expect it where it was.
    const quint16 before = std::exchange(port, 0);
    const quint16 tlsBefore = std::exchange(tlsPort, 0);
    if (wantedPort == 0 && before > 0)
        port = at.listen(before);
    if (port == 0)
        port = at.listen(wantedPort);
    if (port == 0 || !sslConfiguration)
        return port > 0;
    if (wantedTlsPort == 0 && tlsBefore > 0)
        tlsPort = at.listenTls(tlsBefore, *sslConfiguration);
    if (tlsPort == 0)
        tlsPort = at.listenTls(wantedTlsPort, *sslConfiguration);
    return tlsPort > 0;
}

// The server comes back to the thread of the object.
void QAmqpTestBrokerPrivate::shutDown()
{
    call([this](BrokerServer &at) {
        at.stop();
        if (at.thread() != q->thread())
            at.moveToThread(q->thread());
    });
    if (thread.isRunning()) {
        thread.quit();
        thread.wait();
    }
    server->setParent(q);
}

void QAmqpTestBrokerPrivate::watch(const QMetaMethod &signal)
{
    const auto note = [&](std::atomic<bool> &isWatched, const QMetaMethod &which) {
        if (!signal.isValid() || signal == which) // not valid: everything was disconnected
            isWatched = q->isSignalConnected(which);
    };
    note(isChangeWatched, QMetaMethod::fromSignal(&QAmqpTestBroker::changed));
    note(isOpenedWatched, QMetaMethod::fromSignal(&QAmqpTestBroker::connectionOpened));
    note(isClosedWatched, QMetaMethod::fromSignal(&QAmqpTestBroker::connectionClosed));
    note(isPublishedWatched, QMetaMethod::fromSignal(&QAmqpTestBroker::published));
}

void QAmqpTestBrokerPrivate::noteChange()
{
    if (!isChangeWatched || isChangeReported.exchange(true))
        return;
    QMetaObject::invokeMethod(
            q,
            [this] {
                isChangeReported = false;
                Q_EMIT q->changed();
            },
            Qt::QueuedConnection);
}

void QAmqpTestBrokerPrivate::opened(const Connection &connection)
{
    if (isOpenedWatched)
        QMetaObject::invokeMethod(
                q,
                [owner = q, info = describe(connection)] { Q_EMIT owner->connectionOpened(info); },
                Qt::QueuedConnection);
}

void QAmqpTestBrokerPrivate::closed(const Connection &connection)
{
    if (isClosedWatched)
        QMetaObject::invokeMethod(
                q,
                [owner = q, info = describe(connection)] { Q_EMIT owner->connectionClosed(info); },
                Qt::QueuedConnection);
}

void QAmqpTestBrokerPrivate::published(const VirtualHost &host,
                                       const QtAmqpPrivate::EnvelopePointer &envelope,
                                       const QAmqpMessage &message)
{
    if (!isPublishedWatched)
        return;
    QMetaObject::invokeMethod(
            q,
            [owner = q, envelope, message, name = host.name()] {
                Q_EMIT owner->published(QString::fromUtf8(envelope->exchange),
                                        QString::fromUtf8(envelope->routingKey), message,
                                        QString::fromUtf8(name));
            },
            Qt::QueuedConnection);
}

/*!
    \class QAmqpTestBroker
    \inmodule QtAmqpTest
    \brief An AMQP 0-9-1 broker in the process of a test, or of a program under development.

    \snippet testing/tst_orders.cpp test

    The broker speaks AMQP 0-9-1 as RabbitMQ does, with the extensions of RabbitMQ that the library uses, and answers
    mistakes with the reply codes and texts of RabbitMQ. \l {Testing your application} lists what differs.
    It is for development and tests only: it keeps everything in memory, listens on the IPv4 loopback address alone, and
    tells clients so in its server properties. It has the user \c guest with the password \c guest, and the virtual host
    \c /, in which \c guest may do everything.

    A process may have any number of brokers. Each takes a free port by itself, so that tests can run at the same time.
    Making and starting one takes less than a millisecond, and more with a thread of its own.

    \section1 Threads

    By default the broker works in the event loop of the thread that the object lives in, beside the clients
    that are tested. It answers only while that loop runs: QAmqpTest::result() and QAmqpTest::waitUntil() run it. With
    setThreading() it has a thread of its own, which a test of QAmqpBlockingConnection needs, since that blocks the
    thread of the test.

    start(), stop(), the setters and the destructor belong to the thread of the object, and the object can be moved to
    another thread only while the broker is stopped. With Threading::OwnThread all other functions may be called from
    any thread; they wait until the broker's thread has done what they ask for. Signals are always emitted in
    the thread of the object, from its event loop, so that a slot may call every function and delete the broker.

    \section1 Stopping and restarting

    The broker keeps what a real one keeps on its disk: after stop() and start() the durable exchanges and queues, their
    bindings and the persistent messages in them are there again, at the same address, and so are users, permissions,
    virtual hosts and counters. What is not durable, exclusive queues and connections are gone. restart() does the
    same at once.
*/

/*!
    \enum QAmqpTestBroker::Threading
    The thread in which the broker works.

    \value SameThread That of the object.
    \value OwnThread One of its own, from start() to stop().
*/

/*!
    \enum QAmqpTestBroker::Shutdown
    How a broker ends.

    \value Orderly Clients are sent connection.close with the code 320 (CONNECTION_FORCED), as when a node is stopped.
    \value Abrupt Links are reset without a word, as when a node is killed.
*/

/*!
    Makes a broker with the parent \a parent. It does not run yet; see start(). */
QAmqpTestBroker::QAmqpTestBroker(QObject *parent)
    : QObject(parent), d(std::make_unique<QAmqpTestBrokerPrivate>(this))
{
}

/*! Stops the broker, without a signal; see stop(). The function of setTrace() is not called any more. Clients that are in
    the same process may be deleted before or after it. */
QAmqpTestBroker::~QAmqpTestBroker()
{
    setTrace({}); // which may use what is gone already
    const QSignalBlocker blocker(this);
    stop();
}

/*! Sets the thread in which the broker works to \a threading; it is Threading::SameThread by default. While the
    broker runs, this is refused with a warning. */
void QAmqpTestBroker::setThreading(Threading threading)
{
    if (d->isRunning)
        return qWarning("QAmqpTestBroker::setThreading: the broker is running");
    d->threading = threading;
}

/*! Makes start() listen on \a port of the IPv4 loopback address. The default is 0: a free port, and the same one again
    whenever it is started again. This takes effect with the next start(). */
void QAmqpTestBroker::setPort(quint16 port) { d->wantedPort = port; }

/*! Does the same as setPort() with the \a port for TLS, which is used if setSslConfiguration() was called. */
void QAmqpTestBroker::setTlsPort(quint16 port) { d->wantedTlsPort = port; }

/*!
    Makes start() listen for TLS as well, with the local certificate and private key of \a configuration. See tlsUrl().

    By default a client needs no certificate, but one that it has must be signed by one of the configuration's
    certificate authorities; with the QSslConfiguration::peerVerifyMode() QSslSocket::VerifyPeer it needs one. The
    common name of a certificate that was verified is the user that logs in with the mechanism EXTERNAL (see
    QAmqpCredentials::external()); add it with addUser() and setPermissions().

    This takes effect with the next start().
*/
void QAmqpTestBroker::setSslConfiguration(const QSslConfiguration &configuration)
{
    d->sslConfiguration = configuration;
}

/*! Makes everything that the broker leaves to chance, such as the names of queues that it makes, follow from \a seed,
    which is 1 by default. */
void QAmqpTestBroker::setSeed(quint32 seed)
{
    d->call([&](BrokerServer &server) { server.core().setSeed(seed); });
}

/*! Proposes \a heartbeat as the heartbeat interval to clients that connect from now on: 0 (off) to 65535 seconds, by
    default 60. Any other value is refused with a warning. (AMQP 0-9-1 §1.4.2.6, connection.tune) */
void QAmqpTestBroker::setHeartbeat(std::chrono::seconds heartbeat)
{
    if (heartbeat.count() < 0 || heartbeat.count() > 65535)
        return qWarning("QAmqpTestBroker::setHeartbeat: it must be 0 to 65535 seconds");
    d->call([&](BrokerServer &server) { server.core().settings().heartbeat = heartbeat; });
}

/*! Proposes \a bytes as the largest frame to clients that connect from now on: at least 4096, by default 131072.
    A smaller value is refused with a warning. (AMQP 0-9-1 §1.4.2.6, connection.tune) */
void QAmqpTestBroker::setFrameMax(quint32 bytes)
{
    if (bytes < QtAmqpPrivate::FrameMinSize)
        return qWarning("QAmqpTestBroker::setFrameMax: it must be at least 4096 bytes");
    d->call([&](BrokerServer &server) { server.core().settings().frameMax = bytes; });
}

/*! Allows clients that connect from now on at most \a channels channels: by default 2047; 0 is without limit.
    (AMQP 0-9-1 §1.4.2.6, connection.tune) */
void QAmqpTestBroker::setChannelMax(quint16 channels)
{
    d->call([&](BrokerServer &server) { server.core().settings().channelMax = channels; });
}

/*! Refuses messages whose body has more than \a bytes bytes, by default 134217728, with the reply code 406
    (PRECONDITION_FAILED), as RabbitMQ does with its setting \c max_message_size. */
void QAmqpTestBroker::setMaxMessageSize(quint64 bytes)
{
    d->call([&](BrokerServer &server) { server.core().settings().maxMessageSize = bytes; });
}

/*!
    Makes the broker call \a trace with a line for each method that a client sends (\c{>}) or gets (\c{<}), and for
    each content: its connection and channel by their numbers, its name and its fields as the specification calls them
    (AMQP 0-9-1, part II). Passwords and other secrets are shown as \c{***}, and nothing in a line is a control
    character. The lines come in the order in which the broker reads and answers. A null function ends it.

    The function is called in the broker's thread, which is another one with Threading::OwnThread; it must not call the
    broker. Without it, which is the default, tracing costs nothing.
*/
void QAmqpTestBroker::setTrace(const std::function<void(const QString &line)> &trace)
{
    d->call([&](BrokerServer &server) { server.core().setTrace(trace); });
}

/*! Offers \a mechanisms to clients that connect from now on: by default PLAIN, AMQPLAIN and, to clients that show a
    certificate, EXTERNAL. The broker knows RABBIT-CR-DEMO too, RabbitMQ's demonstration of a mechanism that asks back
    (connection.secure). (AMQP 0-9-1 §1.4.2.1, connection.start) */
void QAmqpTestBroker::setMechanisms(const QStringList &mechanisms)
{
    QByteArrayList names;
    for (const QString &mechanism : mechanisms)
        names.append(mechanism.toUtf8());
    d->call([&](BrokerServer &server) { server.core().settings().mechanisms = names; });
}

/*! Adds the user \a name with \a password, or gives it this password if it exists. A new user may do nothing until
    setPermissions() is called, as with <tt>rabbitmqctl add_user</tt>. */
void QAmqpTestBroker::addUser(const QString &name, const QString &password)
{
    d->call([&](BrokerServer &server) {
        server.core().settings().users[name.toUtf8()].password = password.toUtf8();
    });
}

/*! Removes the user \a name, as with <tt>rabbitmqctl delete_user</tt>: it cannot log in any more, and its connections are
    closed with the code 320 (CONNECTION_FORCED). */
void QAmqpTestBroker::removeUser(const QString &name)
{
    d->change([&](BrokerCore &core) {
        const QByteArray user = name.toUtf8();
        if (core.settings().users.erase(user) == 0)
            return;
        for (const auto &connection : core.connections()) {
            if (connection->user() == user)
                connection->close(refuse(QtAmqpPrivate::ReplyCode::ConnectionForced,
                                         "user '" + user + "' was deleted"));
        }
        core.settleDown(BrokerServer::now());
    });
}

/*! Adds the virtual host \a name, in which \c guest may do everything. If it exists, nothing changes. */
void QAmqpTestBroker::addVirtualHost(const QString &name)
{
    d->call([&](BrokerServer &server) {
        server.core().addVirtualHost(name.toUtf8());
        const auto guest = server.core().settings().users.find(Guest.toByteArray());
        if (guest != server.core().settings().users.end())
            guest->second.hosts.try_emplace(name.toUtf8());
    });
}

static QRegularExpression pattern(const QString &text)
{
    return QRegularExpression(text.isEmpty() ? u"^$"_s : text);
}

/*!
    Allows \a user to do in \a virtualHost what has names that match these regular expressions: \a configure is for
    declaring and deleting exchanges and queues, \a write for publishing, and \a read for consuming. Each matches
    everything by default; an empty one matches no name. See \l {https://www.rabbitmq.com/docs/access-control}.

    If there is no such user or virtual host, or an expression is not valid, this does nothing but print a warning.
*/
void QAmqpTestBroker::setPermissions(const QString &user, const QString &virtualHost,
                                     const QString &configure, const QString &write,
                                     const QString &read)
{
    const Permissions permissions{pattern(configure), pattern(write), pattern(read)};
    for (const QRegularExpression &expression :
         {permissions.configure, permissions.write, permissions.read}) {
        if (!expression.isValid())
            return qWarning("QAmqpTestBroker::setPermissions: %s: %s",
                            qPrintable(expression.pattern()), qPrintable(expression.errorString()));
    }
    const bool isSet = d->call([&](BrokerServer &server) {
        auto &users = server.core().settings().users;
        const auto found = users.find(user.toUtf8());
        if (found == users.end() || !server.core().virtualHost(virtualHost.toUtf8()))
            return false;
        found->second.hosts[virtualHost.toUtf8()] = permissions;
        return true;
    });
    if (!isSet)
        qWarning("QAmqpTestBroker::setPermissions: there is no user '%s' or no virtual host '%s'",
                 qPrintable(user), qPrintable(virtualHost));
}

/*!
    Starts to listen, and returns whether that succeeded; errorString() says why not. It takes less than a millisecond
    with Threading::SameThread, and clients may connect at once. A broker that runs already goes on.

    It fails if a port that was set is taken, and if the configuration for TLS has no certificate with its private key.
    What the broker had before stop() is there again, see \l {Stopping and restarting}.
*/
bool QAmqpTestBroker::start()
{
    if (d->isRunning)
        return true;
    QString wrong;
    if (QThread::currentThread() != thread())
        wrong = u"start() must be called in the thread of the broker"_s;
    else if (d->sslConfiguration && !QSslSocket::supportsSsl())
        wrong = u"Qt finds no library for TLS"_s;
    else if (d->sslConfiguration
             && (d->sslConfiguration->localCertificate().isNull()
                 || d->sslConfiguration->privateKey().isNull()))
        wrong = u"the configuration for TLS has no certificate with its private key"_s;
    if (!d->setError(wrong))
        return false;
    if (d->threading == Threading::OwnThread) {
        d->server->setParent(nullptr);
        d->server->moveToThread(&d->thread);
        d->thread.start();
    }
    d->isRunning = true;
    const bool isListening = d->call([this](BrokerServer &server) {
        server.core().clearFaults(BrokerServer::now());
        const std::lock_guard lock(d->mutex);
        for (const QAmqpTestFault &fault : std::as_const(d->faults))
            server.core().addFault(fault, BrokerServer::now());
        return d->listen(server);
    });
    if (!isListening) {
        d->isRunning = false;
        d->shutDown();
        return d->setError(d->server->errorString());
    }
    Q_EMIT runningChanged(true);
    return true;
}

/*!
    Stops the broker: it listens no more, and clients that are connected are sent connection.close with the code 320
    (CONNECTION_FORCED), as when a RabbitMQ node is stopped, without waiting for their answers. What had not
    been read from them is lost. See \l {Stopping and restarting} for what start() finds again.

    May be called in a slot of any client. If the broker does not run, nothing happens.
*/
void QAmqpTestBroker::stop()
{
    if (!d->isRunning.exchange(false))
        return;
    d->shutDown();
    Q_EMIT runningChanged(false);
}

/*! \property QAmqpTestBroker::running
    Whether the broker runs: from start() to stop(). */
bool QAmqpTestBroker::isRunning() const { return d->isRunning; }

/*! Returns why start() or connectDevice() failed last; an empty text after a success. */
QString QAmqpTestBroker::errorString() const
{
    const std::lock_guard lock(d->mutex);
    return d->errorString;
}

static QUrl makeUrl(const QString &scheme, const QString &host, quint16 port,
                    const QString &virtualHost)
{
    if (port == 0)
        return {};
    QUrl url;
    url.setScheme(scheme);
    url.setUserName(QString::fromLatin1(Guest));
    url.setPassword(QString::fromLatin1(Guest));
    url.setHost(host);
    url.setPort(port);
    if (virtualHost != u"/"_s)
        url.setPath(u'/' + QString::fromLatin1(QUrl::toPercentEncoding(virtualHost)),
                    QUrl::StrictMode);
    return url;
}

/*! \property QAmqpTestBroker::url
    The address of the virtual host \c / for QAmqpConnection::open(), with the user \c guest and the password. It is empty
    until the broker is started for the first time, and stays the same while it is stopped. */
QUrl QAmqpTestBroker::url() const { return url(u"/"_s); }

/*! \overload
    Returns the address of \a virtualHost, which need not exist. */
QUrl QAmqpTestBroker::url(const QString &virtualHost) const
{
    return makeUrl(u"amqp"_s, u"127.0.0.1"_s, d->port, virtualHost);
}

/*! Returns the address of \a virtualHost for TLS, with the host name \c localhost, which the certificate should have. It
    is empty if setSslConfiguration() was not called before start(). */
QUrl QAmqpTestBroker::tlsUrl(const QString &virtualHost) const
{
    return makeUrl(u"amqps"_s, u"localhost"_s, d->tlsPort, virtualHost);
}

/*!
    Returns one end of a connection in memory, whose other end the broker serves, for a client without a socket:

    \snippet testing.cpp device

    The device is open, and belongs to the thread that calls this. It ends as a socket does: the client notices when the
    broker closes it, and what had been written before can still be read. Returns null with an errorString() if the
    broker does not run or has too many connections.
*/
std::unique_ptr<QIODevice> QAmqpTestBroker::connectDevice()
{
    const std::shared_ptr<DevicePipe> pipe = PairedDevice::makePipe();
    auto device = std::make_unique<PairedDevice>(pipe, 0);
    const bool isServed = d->isRunning && d->call([&](BrokerServer &server) {
        return server.serve(new PairedDevice(pipe, 1));
    });
    if (!d->setError(isServed               ? QString()
                             : d->isRunning ? u"there are too many connections"_s
                                            : u"the broker does not run"_s))
        return {};
    return device;
}

/*!
    Publishes \a message to \a exchange of \a virtualHost with \a routingKey, as a client would that needs no permission,
    and returns whether it got into a queue. With the empty name of the default exchange the routing key is the name of a
    queue.

    Returns false as well if there is no such exchange, if the routing key has more than 255 bytes in UTF-8, if the
    message cannot be sent (see QAmqpMessage::errorString()), or if RabbitMQ would refuse one of its properties, such as
    an expiration that is no number. A message to the reply-to address of a request answers its client (direct reply-to).
    Works also while the broker is stopped. The signal published() and the counters are about clients only.
*/
bool QAmqpTestBroker::publish(const QString &exchange, const QString &routingKey,
                              const QAmqpMessage &message, const QString &virtualHost)
{
    const QByteArray key = routingKey.toUtf8();
    if (key.size() > QtAmqpPrivate::MaxShortString || !message.errorString().isEmpty())
        return false;
    return d->change([&](BrokerCore &core) {
        return core.publish(virtualHost.toUtf8(), exchange.toUtf8(), key, message,
                            BrokerServer::now());
    });
}

/*! Takes the first message that waits in \a queue of \a virtualHost, as with basic.get and an automatic
    acknowledgement. Returns nothing if none waits or if there is no such queue. Works also while the broker
    is stopped. The counters are about clients only. */
std::optional<QAmqpMessage> QAmqpTestBroker::take(const QString &queue, const QString &virtualHost)
{
    return d->change([&](BrokerCore &core) -> std::optional<QAmqpMessage> {
        const auto taken = core.take(virtualHost.toUtf8(), queue.toUtf8(), BrokerServer::now());
        return taken ? std::optional(taken->content) : std::nullopt;
    });
}

/*! Raises an alarm, as RabbitMQ does when memory or disk space runs low: a client that publishes from now on is sent
    connection.blocked with \a reason, and nothing more is read from it until unblock(). See QAmqpConnection::blockedChanged()
    and \l {https://www.rabbitmq.com/docs/connection-blocked}. */
void QAmqpTestBroker::block(const QString &reason)
{
    d->change([&](BrokerCore &core) { core.block(reason.toUtf8(), BrokerServer::now()); });
}

/*! Returns whether block(), or a QAmqpTestFault, has raised an alarm that unblock() has not ended yet. stop() and
    restart() end it too. */
bool QAmqpTestBroker::isBlocked() const
{
    return d->call([](BrokerServer &server) { return server.core().isBlocked(); });
}

/*! Ends the alarm that block() raised: clients are sent connection.unblocked, and read again. */
void QAmqpTestBroker::unblock()
{
    d->change([](BrokerCore &core) { core.unblock(BrokerServer::now()); });
}

/*! Ends all consumers of \a queue in \a virtualHost, and returns how many there were. Clients get basic.cancel, as when
    a RabbitMQ queue moves to another node, see \l {https://www.rabbitmq.com/docs/consumer-cancel}. What they
    had not acknowledged they still can. A queue that is auto-delete ends with them. */
int QAmqpTestBroker::cancelConsumers(const QString &queue, const QString &virtualHost)
{
    return d->change([&](BrokerCore &core) {
        return int(core.cancelConsumers(virtualHost.toUtf8(), queue.toUtf8(), BrokerServer::now()));
    });
}

/*! Closes all connections with connection.close, the reply code \a code and the reply text \a text, behind the name of
    the code as RabbitMQ writes it: "CONNECTION_FORCED - Closed by the test". The codes are those of AMQP
    0-9-1 §1.2. Clients may connect again at once. */
void QAmqpTestBroker::closeConnections(quint16 code, const QString &text)
{
    d->change([&](BrokerCore &core) {
        for (const auto &connection : core.connections())
            connection->close(refuse(QtAmqpPrivate::ReplyCode(code), text.toUtf8()));
        core.settleDown(BrokerServer::now());
    });
}

/*! Resets all connections without a word, as when the network fails. Clients may connect again at once. */
void QAmqpTestBroker::dropConnections()
{
    d->change([](BrokerCore &core) {
        for (const auto &connection : core.connections())
            connection->closeLink(Connection::End::Reset);
        core.settleDown(BrokerServer::now());
    });
}

/*! Does at once what a node does that ends as \a how says, by default abruptly, and is started again: all connections
    end, and of exchanges, queues and messages only the durable and persistent ones are left. Clients may connect again
    at once. Use stop() and start() for a broker that is away for a while. */
void QAmqpTestBroker::restart(Shutdown how)
{
    d->change([&](BrokerCore &core) {
        core.restart(how == Shutdown::Orderly ? BrokerCore::Stop::Orderly
                                              : BrokerCore::Stop::Killed,
                     BrokerServer::now());
    });
}

/*!
    Makes the broker do something wrong: \a fault says what, when and on which connection. It may be called
    before start(); the faults stay until clearFaults(), and stop() and start() begin them anew.
*/
void QAmqpTestBroker::addFault(const QAmqpTestFault &fault)
{
    {
        const std::lock_guard lock(d->mutex);
        d->faults.append(fault);
    }
    if (d->isRunning)
        d->change([&](BrokerCore &core) { core.addFault(fault, BrokerServer::now()); });
}

/*!
    Forgets all faults, and ends those that last: a link that was stalled, slowed down or delayed works again, and an
    alarm ends. A link that has ended stays so.
*/
void QAmqpTestBroker::clearFaults()
{
    {
        const std::lock_guard lock(d->mutex);
        d->faults.clear();
    }
    d->change([](BrokerCore &core) { core.clearFaults(BrokerServer::now()); });
}

/*! \fn void QAmqpTestBroker::changed()
    Emitted after clients, the passing of time or calls of this object did something: counters(), queues() and all else
    that can be asked may be different now. It comes at most once in a turn of the event loop. */
/*! \fn void QAmqpTestBroker::runningChanged(bool running)
    Emitted by start() and stop(), with the state of \a running. */
/*! \fn void QAmqpTestBroker::connectionOpened(const QAmqpTestBroker::ConnectionInfo &connection)
    Emitted after a client has opened \a connection. */
/*! \fn void QAmqpTestBroker::connectionClosed(const QAmqpTestBroker::ConnectionInfo &connection)
    Emitted after \a connection, which was open, has ended, in whatever way; its numbers are those of before. */
/*! \fn void QAmqpTestBroker::published(const QString &exchange, const QString &routingKey, const QAmqpMessage &message, const QString &virtualHost)
    Emitted after a client has published \a message to \a exchange of \a virtualHost with \a routingKey, whether or not
    a queue took it. What is published in a transaction comes when that is committed. With QSignalSpy a test sees what
    a publisher sends without declaring a queue. */

/*! \reimp */
void QAmqpTestBroker::connectNotify(const QMetaMethod &signal) { d->watch(signal); }
/*! \reimp */
void QAmqpTestBroker::disconnectNotify(const QMetaMethod &signal) { d->watch(signal); }

QT_END_NAMESPACE
