// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqpTest/qamqptestbroker.h>
#include <QtAmqpTest/qamqptestfault.h>

#include "testbroker/brokerserver.h"
#include "testbroker/connection.h"

#include <QtCore/qthread.h>

#include <atomic>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate::Broker;

class QAmqpTestBrokerPrivate
{
public:
    // Runs in the broker's thread, and waits for it.
    template<typename Work>
    auto call(Work work) -> decltype(work(std::declval<BrokerServer &>()))
    {
        using Result = decltype(work(std::declval<BrokerServer &>()));
        if (!server)
            return Result();
        if (server->thread() == QThread::currentThread())
            return work(*server);
        if constexpr (std::is_void_v<Result>) {
            QMetaObject::invokeMethod(
                    server.get(), [&] { work(*server); }, Qt::BlockingQueuedConnection);
        } else {
            Result result{};
            QMetaObject::invokeMethod(
                    server.get(), [&] { result = work(*server); }, Qt::BlockingQueuedConnection);
            return result;
        }
    }

    BrokerSettings settings;
    QAmqpTestBroker::Threading threading = QAmqpTestBroker::Threading::SameThread;
    std::optional<QSslConfiguration> sslConfiguration;
    quint16 wantedPort = 0;
    quint16 wantedTlsPort = 0;
    std::atomic<bool> isChangeSaid = false; // changed() will come
    std::function<void(const QString &)> trace;
    quint32 seed = 1;
    QList<QAmqpTestFault> faults;
    quint16 port = 0;
    quint16 tlsPort = 0;
    QString errorString;
    std::unique_ptr<BrokerServer> server;
    QThread thread;
};

QAmqpTestBroker::QAmqpTestBroker(QObject *parent)
    : QObject(parent), d(std::make_unique<QAmqpTestBrokerPrivate>())
{
}

QAmqpTestBroker::~QAmqpTestBroker() { stop(); }

void QAmqpTestBroker::setThreading(Threading threading) { d->threading = threading; }
void QAmqpTestBroker::setPort(quint16 port) { d->wantedPort = port; }
void QAmqpTestBroker::setSslConfiguration(const QSslConfiguration &configuration)
{
    d->sslConfiguration = configuration;
}
void QAmqpTestBroker::setSeed(quint32 seed) { d->seed = seed; }
void QAmqpTestBroker::setHeartbeat(std::chrono::seconds heartbeat)
{
    d->settings.heartbeat = heartbeat;
}
void QAmqpTestBroker::setFrameMax(quint32 bytes) { d->settings.frameMax = bytes; }
void QAmqpTestBroker::setChannelMax(quint16 channels) { d->settings.channelMax = channels; }
void QAmqpTestBroker::setMaxMessageSize(quint64 bytes) { d->settings.maxMessageSize = bytes; }

/*!
    Sets the \a port on which start() listens for TLS, if there is a setSslConfiguration(). By default, and with 0, it
    is one that is free; tlsUrl() has it.
*/
void QAmqpTestBroker::setTlsPort(quint16 port) { d->wantedTlsPort = port; }

/*!
    Makes the broker call \a trace, before start(), with a line for each method that a client sends (\c{>}) or gets
    (\c{<}), and for each content: its connection and channel by their numbers, its name and its fields as the
    specification calls them (AMQP 0-9-1, part II). Passwords and other secrets are shown as \c{***}, and nothing in a
    line is a control character. What is traced is said in the order in which the broker reads and answers.

    The function is called in the broker's thread, which is another one with \l {Threading::}{OwnThread}; it must not
    call the broker. Without it, which is the default, tracing costs nothing.
*/
void QAmqpTestBroker::setTrace(const std::function<void(const QString &line)> &trace)
{
    d->trace = trace;
}

void QAmqpTestBroker::addUser(const QString &name, const QString &password)
{
    const User user{password.toUtf8(), {}};
    d->settings.users[name.toUtf8()] = user;
    d->call([&](BrokerServer &server) { server.core().settings().users[name.toUtf8()] = user; });
}

void QAmqpTestBroker::addVirtualHost(const QString &name)
{
    d->settings.virtualHosts.append(name.toUtf8());
    d->call([&](BrokerServer &server) { server.core().addVirtualHost(name.toUtf8()); });
}

void QAmqpTestBroker::setPermissions(const QString &user, const QString &virtualHost,
                                     const QString &configure, const QString &write,
                                     const QString &read)
{
    const Permissions permissions{QRegularExpression(configure), QRegularExpression(write),
                                  QRegularExpression(read)};
    d->settings.users[user.toUtf8()].hosts[virtualHost.toUtf8()] = permissions;
    d->call([&](BrokerServer &server) {
        server.core().settings().users[user.toUtf8()].hosts[virtualHost.toUtf8()] = permissions;
    });
}

/*!
    \fn void QAmqpTestBroker::changed()
    Is emitted after clients, the passing of time or calls of this object did something: counters(), queues() and all
    else that can be asked may be different now. It comes at most once in a turn of the event loop of this object's
    thread.
*/
bool QAmqpTestBroker::start()
{
    if (isRunning())
        return true;
    d->server = std::make_unique<BrokerServer>(d->settings, d->seed);
    d->server->core().setTrace(d->trace);
    d->server->setOnActivity([this] {
        if (!d->isChangeSaid.exchange(true))
            QMetaObject::invokeMethod(
                    this,
                    [this] {
                        d->isChangeSaid = false;
                        Q_EMIT changed();
                    },
                    Qt::QueuedConnection);
    });
    if (d->threading == Threading::OwnThread) {
        d->server->moveToThread(&d->thread);
        d->thread.start();
    }
    d->call([this](BrokerServer &server) {
        for (const QAmqpTestFault &fault : std::as_const(d->faults))
            server.core().addFault(fault, BrokerServer::now());
        d->port = server.listen(d->wantedPort);
        if (d->port && d->sslConfiguration)
            d->tlsPort = server.listenTls(d->wantedTlsPort, *d->sslConfiguration);
        d->errorString = server.errorString();
    });
    if (!d->port || (d->sslConfiguration && !d->tlsPort)) {
        stop();
        return false;
    }
    Q_EMIT runningChanged(true);
    return true;
}

void QAmqpTestBroker::stop()
{
    if (!d->server)
        return;
    const bool wasRunning = isRunning();
    if (d->thread.isRunning()) {
        QMetaObject::invokeMethod(
                d->server.get(), [this] { d->server.reset(); }, Qt::BlockingQueuedConnection);
        d->thread.quit();
        d->thread.wait();
    }
    d->server.reset();
    d->port = d->tlsPort = 0;
    if (wasRunning)
        Q_EMIT runningChanged(false);
}

bool QAmqpTestBroker::isRunning() const { return d->port != 0; }
QString QAmqpTestBroker::errorString() const { return d->errorString; }

static QUrl makeUrl(const QString &scheme, const QString &host, quint16 port,
                    const QString &virtualHost)
{
    if (port == 0)
        return {};
    QUrl url;
    url.setScheme(scheme);
    url.setUserName(QStringLiteral("guest"));
    url.setPassword(QStringLiteral("guest"));
    url.setHost(host);
    url.setPort(port);
    if (virtualHost != QStringLiteral("/"))
        url.setPath(u'/' + QString::fromLatin1(QUrl::toPercentEncoding(virtualHost)),
                    QUrl::StrictMode);
    return url;
}

QUrl QAmqpTestBroker::url() const { return url(QStringLiteral("/")); }
QUrl QAmqpTestBroker::url(const QString &virtualHost) const
{
    return makeUrl(QStringLiteral("amqp"), QStringLiteral("127.0.0.1"), d->port, virtualHost);
}
QUrl QAmqpTestBroker::tlsUrl(const QString &virtualHost) const
{
    return makeUrl(QStringLiteral("amqps"), QStringLiteral("localhost"), d->tlsPort, virtualHost);
}

std::unique_ptr<QIODevice> QAmqpTestBroker::connectDevice() { return {}; }

bool QAmqpTestBroker::publish(const QString &exchange, const QString &routingKey,
                              const QAmqpMessage &message, const QString &virtualHost)
{
    return d->call([&](BrokerServer &server) {
        const bool isTaken =
                server.core().publish(virtualHost.toUtf8(), exchange.toUtf8(), routingKey.toUtf8(),
                                      message, BrokerServer::now());
        server.pump();
        return isTaken;
    });
}

std::optional<QAmqpMessage> QAmqpTestBroker::take(const QString &queue, const QString &virtualHost)
{
    return d->call([&](BrokerServer &server) -> std::optional<QAmqpMessage> {
        const auto taken =
                server.core().take(virtualHost.toUtf8(), queue.toUtf8(), BrokerServer::now());
        server.pump();
        return taken ? std::optional(taken->content) : std::nullopt;
    });
}

QAmqpTestBroker::Counters QAmqpTestBroker::counters() const
{
    return d->call([](BrokerServer &server) {
        const auto &all = server.core().counters();
        return Counters{all.connections, all.channels,    all.published,   all.confirmed,
                        all.returned,    all.delivered,   all.redelivered, all.acknowledged,
                        all.rejected,    all.deadLettered};
    });
}

static QAmqpTestBroker::QueueInfo describe(const Queue &queue)
{
    return {QString::fromUtf8(queue.name()), queue.readyCount(),
            queue.unacknowledgedCount(),     qsizetype(queue.consumers().size()),
            queue.settings().durable,        queue.settings().exclusive,
            queue.settings().autoDelete};
}

QList<QAmqpTestBroker::QueueInfo> QAmqpTestBroker::queues(const QString &virtualHost) const
{
    return d->call([&](BrokerServer &server) {
        QList<QueueInfo> list;
        if (const VirtualHost *host = server.core().virtualHost(virtualHost.toUtf8())) {
            for (const auto &[name, queue] : host->queues())
                list.append(describe(*queue));
        }
        return list;
    });
}

std::optional<QAmqpTestBroker::QueueInfo> QAmqpTestBroker::queue(const QString &name,
                                                                 const QString &virtualHost) const
{
    return d->call([&](BrokerServer &server) -> std::optional<QueueInfo> {
        const VirtualHost *host = server.core().virtualHost(virtualHost.toUtf8());
        const QueuePointer queue = host ? host->queue(name.toUtf8()) : nullptr;
        return queue ? std::optional(describe(*queue)) : std::nullopt;
    });
}

QStringList QAmqpTestBroker::exchanges(const QString &virtualHost) const
{
    return d->call([&](BrokerServer &server) {
        QStringList list;
        if (const VirtualHost *host = server.core().virtualHost(virtualHost.toUtf8())) {
            for (const auto &[name, exchange] : host->exchanges())
                list.append(QString::fromUtf8(name));
        }
        return list;
    });
}

QList<QAmqpTestBroker::BindingInfo> QAmqpTestBroker::bindings(const QString &virtualHost) const
{
    return d->call([&](BrokerServer &server) {
        QList<BindingInfo> list;
        if (const VirtualHost *host = server.core().virtualHost(virtualHost.toUtf8())) {
            for (const auto &[name, exchange] : host->exchanges()) {
                for (const Binding &binding : exchange->bindings())
                    list.append({QString::fromUtf8(name), QString::fromUtf8(binding.key),
                                 QString::fromUtf8(binding.destination), binding.toExchange});
            }
        }
        return list;
    });
}

QList<QAmqpTestBroker::ConnectionInfo> QAmqpTestBroker::connections() const
{
    return d->call([](BrokerServer &server) {
        QList<ConnectionInfo> list;
        for (const auto &connection : server.core().connections()) {
            if (!connection->isOpen())
                continue;
            ConnectionInfo info;
            info.user = QString::fromUtf8(connection->user());
            info.virtualHost = QString::fromUtf8(connection->host()->name());
            info.name = connection->clientProperties()
                                .value(QStringLiteral("connection_name"))
                                .toString();
            info.channels = qsizetype(connection->channels().size());
            info.consumers = connection->consumerCount();
            for (const auto &[number, channel] : connection->channels())
                info.unacknowledged += channel->unacknowledgedCount();
            list.append(info);
        }
        return list;
    });
}

void QAmqpTestBroker::block(const QString &reason)
{
    d->call([&](BrokerServer &server) {
        server.core().block(reason.toUtf8(), BrokerServer::now());
        server.pump();
    });
}

void QAmqpTestBroker::unblock()
{
    d->call([](BrokerServer &server) {
        server.core().unblock(BrokerServer::now());
        server.pump();
    });
}

void QAmqpTestBroker::restart()
{
    d->call([](BrokerServer &server) {
        server.core().restart(BrokerCore::Stop::Killed, BrokerServer::now());
        server.pump();
    });
}

void QAmqpTestBroker::closeConnections(quint16 code, const QString &text)
{
    d->call([&](BrokerServer &server) {
        for (const auto &connection : server.core().connections())
            connection->close(refuse(QtAmqpPrivate::ReplyCode(code), text.toUtf8()));
        server.core().settleDown(BrokerServer::now());
        server.pump();
    });
}

void QAmqpTestBroker::dropConnections()
{
    d->call([](BrokerServer &server) {
        for (const auto &connection : server.core().connections())
            connection->closeLink(Connection::End::Reset);
        server.core().settleDown(BrokerServer::now());
        server.pump();
    });
}

/*!
    Makes the broker do something wrong: \a fault says what, when and on which connection. It may be called
    before start(); the faults stay until clearFaults(), and stop() and start() begin them anew.
*/
void QAmqpTestBroker::addFault(const QAmqpTestFault &fault)
{
    d->faults.append(fault);
    d->call([&](BrokerServer &server) {
        server.core().addFault(fault, BrokerServer::now());
        server.pump();
    });
}

/*!
    Forgets all faults, and ends those that last: a link that was stalled, slowed down or delayed works again. A
    link that has ended stays so.
*/
void QAmqpTestBroker::clearFaults()
{
    d->faults.clear();
    d->call([](BrokerServer &server) {
        server.core().clearFaults(BrokerServer::now());
        server.pump();
    });
}

QT_END_NAMESPACE
