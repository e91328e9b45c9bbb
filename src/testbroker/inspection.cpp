// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a test can ask the broker about its state.

#include "testbroker/connection.h"
#include "testbroker/qamqptestbroker_p.h"

#include <QtCore/qdebug.h>

#include <tuple>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate::Broker;

/*!
    \class QAmqpTestBroker::Counters
    \inmodule QtAmqpTest
    \brief How often what has happened since the broker was made.

    They only grow: stop(), start() and restart() leave them as they are.
*/
/*! \variable QAmqpTestBroker::Counters::connections
    Links that were accepted, whether or not the login succeeded. */
/*! \variable QAmqpTestBroker::Counters::channels
    Channels that were opened. */
/*! \variable QAmqpTestBroker::Counters::published
    Messages that clients published, those that went nowhere among them. */
/*! \variable QAmqpTestBroker::Counters::confirmed
    Messages that were confirmed with basic.ack. */
/*! \variable QAmqpTestBroker::Counters::returned
    Mandatory messages that came back with basic.return. */
/*! \variable QAmqpTestBroker::Counters::delivered
    Messages given to consumers, and answers of basic.get that have a message. */
/*! \variable QAmqpTestBroker::Counters::redelivered
    Those of \c delivered that had been delivered before. */
/*! \variable QAmqpTestBroker::Counters::acknowledged
    Messages that clients acknowledged. */
/*! \variable QAmqpTestBroker::Counters::rejected
    Messages that clients rejected or acknowledged negatively, those that were requeued among them. */
/*! \variable QAmqpTestBroker::Counters::deadLettered
    Messages that a queue passed on to its dead-letter exchange. */

bool operator==(const QAmqpTestBroker::Counters &a, const QAmqpTestBroker::Counters &b)
{
    const auto all = [](const QAmqpTestBroker::Counters &of) {
        return std::tie(of.connections, of.channels, of.published, of.confirmed, of.returned,
                        of.delivered, of.redelivered, of.acknowledged, of.rejected,
                        of.deadLettered);
    };
    return all(a) == all(b);
}

QDebug operator<<(QDebug debug, const QAmqpTestBroker::Counters &value)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "Counters(connections " << value.connections << ", channels "
                           << value.channels << ", published " << value.published << ", confirmed "
                           << value.confirmed << ", returned " << value.returned << ", delivered "
                           << value.delivered << ", redelivered " << value.redelivered
                           << ", acknowledged " << value.acknowledged << ", rejected "
                           << value.rejected << ", dead-lettered " << value.deadLettered << ')';
}

// The words that are true, such as " durable exclusive".
static QString flags(std::initializer_list<std::pair<bool, const char *>> words)
{
    QString text;
    for (const auto &[isSet, word] : words) {
        if (isSet)
            text += u' ' + QString::fromLatin1(word);
    }
    return text;
}

/*!
    \class QAmqpTestBroker::QueueInfo
    \inmodule QtAmqpTest
    \brief A queue as it is at one moment.
*/
/*! \variable QAmqpTestBroker::QueueInfo::name
    The name; one that the broker made begins with "amq.gen-". */
/*! \variable QAmqpTestBroker::QueueInfo::messages
    How many messages wait to be delivered. */
/*! \variable QAmqpTestBroker::QueueInfo::unacknowledged
    How many messages were delivered and are neither acknowledged nor rejected yet. */
/*! \variable QAmqpTestBroker::QueueInfo::consumers
    How many consumers there are. */
/*! \variable QAmqpTestBroker::QueueInfo::durable
    Whether the queue is kept when the broker restarts. */
/*! \variable QAmqpTestBroker::QueueInfo::exclusive
    Whether the queue belongs to one connection, and ends with it. */
/*! \variable QAmqpTestBroker::QueueInfo::autoDelete
    Whether the queue ends with its last consumer. */
/*! \variable QAmqpTestBroker::QueueInfo::arguments
    The arguments it was declared with. */

bool operator==(const QAmqpTestBroker::QueueInfo &a, const QAmqpTestBroker::QueueInfo &b)
{
    const auto all = [](const QAmqpTestBroker::QueueInfo &of) {
        return std::tie(of.name, of.messages, of.unacknowledged, of.consumers, of.durable,
                        of.exclusive, of.autoDelete, of.arguments);
    };
    return all(a) == all(b);
}

QDebug operator<<(QDebug debug, const QAmqpTestBroker::QueueInfo &value)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "QueueInfo(" << value.name;
    debug.noquote() << flags({{value.durable, "durable"},
                              {value.exclusive, "exclusive"},
                              {value.autoDelete, "auto-delete"}});
    return debug.quote() << ", messages " << value.messages << ", unacknowledged "
                         << value.unacknowledged << ", consumers " << value.consumers << ", "
                         << value.arguments << ')';
}

/*!
    \class QAmqpTestBroker::ExchangeInfo
    \inmodule QtAmqpTest
    \brief An exchange as it was declared.
*/
/*! \variable QAmqpTestBroker::ExchangeInfo::name
    The name; that of the default exchange is empty. */
/*! \variable QAmqpTestBroker::ExchangeInfo::type
    One of \c direct, \c fanout, \c topic and \c headers. */
/*! \variable QAmqpTestBroker::ExchangeInfo::durable
    Whether the exchange is kept when the broker restarts. */
/*! \variable QAmqpTestBroker::ExchangeInfo::autoDelete
    Whether the exchange ends with its last binding. */
/*! \variable QAmqpTestBroker::ExchangeInfo::internal
    Whether clients may not publish to it. */
/*! \variable QAmqpTestBroker::ExchangeInfo::arguments
    The arguments it was declared with. */

bool operator==(const QAmqpTestBroker::ExchangeInfo &a, const QAmqpTestBroker::ExchangeInfo &b)
{
    const auto all = [](const QAmqpTestBroker::ExchangeInfo &of) {
        return std::tie(of.name, of.type, of.durable, of.autoDelete, of.internal, of.arguments);
    };
    return all(a) == all(b);
}

QDebug operator<<(QDebug debug, const QAmqpTestBroker::ExchangeInfo &value)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "ExchangeInfo(" << value.name;
    debug.noquote() << ' ' << value.type
                    << flags({{value.durable, "durable"},
                              {value.autoDelete, "auto-delete"},
                              {value.internal, "internal"}});
    return debug.quote() << ", " << value.arguments << ')';
}

/*!
    \class QAmqpTestBroker::BindingInfo
    \inmodule QtAmqpTest
    \brief A binding from an exchange to a queue or to another exchange.
*/
/*! \variable QAmqpTestBroker::BindingInfo::exchange
    The exchange whose messages take this way. */
/*! \variable QAmqpTestBroker::BindingInfo::routingKey
    The routing key, or the pattern of it. */
/*! \variable QAmqpTestBroker::BindingInfo::destination
    The queue or exchange that gets the messages. */
/*! \variable QAmqpTestBroker::BindingInfo::toExchange
    Whether the destination is an exchange. */
/*! \variable QAmqpTestBroker::BindingInfo::arguments
    The arguments, which headers exchanges compare with the headers of messages. */

bool operator==(const QAmqpTestBroker::BindingInfo &a, const QAmqpTestBroker::BindingInfo &b)
{
    const auto all = [](const QAmqpTestBroker::BindingInfo &of) {
        return std::tie(of.exchange, of.routingKey, of.destination, of.toExchange, of.arguments);
    };
    return all(a) == all(b);
}

QDebug operator<<(QDebug debug, const QAmqpTestBroker::BindingInfo &value)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "BindingInfo(" << value.exchange << ", key " << value.routingKey
                           << (value.toExchange ? ", to exchange " : ", to queue ")
                           << value.destination << ", " << value.arguments << ')';
}

/*!
    \class QAmqpTestBroker::ConnectionInfo
    \inmodule QtAmqpTest
    \brief An open connection as it is at one moment.
*/
/*! \variable QAmqpTestBroker::ConnectionInfo::user
    The user that is logged in. */
/*! \variable QAmqpTestBroker::ConnectionInfo::virtualHost
    The virtual host. */
/*! \variable QAmqpTestBroker::ConnectionInfo::name
    The \c connection_name of the client's properties, see QAmqpConnectionOptions::connectionName(). */
/*! \variable QAmqpTestBroker::ConnectionInfo::mechanism
    The mechanism by which the user logged in. */
/*! \variable QAmqpTestBroker::ConnectionInfo::certificateName
    The common name of the client's certificate; empty if it showed none. */
/*! \variable QAmqpTestBroker::ConnectionInfo::clientProperties
    What the client says of itself (AMQP 0-9-1, connection.start-ok). */
/*! \variable QAmqpTestBroker::ConnectionInfo::tls
    Whether it is encrypted. */
/*! \variable QAmqpTestBroker::ConnectionInfo::channels
    How many channels are open. */
/*! \variable QAmqpTestBroker::ConnectionInfo::consumers
    How many consumers its channels have. */
/*! \variable QAmqpTestBroker::ConnectionInfo::unacknowledged
    How many messages it was given that are neither acknowledged nor rejected yet. */

bool operator==(const QAmqpTestBroker::ConnectionInfo &a, const QAmqpTestBroker::ConnectionInfo &b)
{
    const auto all = [](const QAmqpTestBroker::ConnectionInfo &of) {
        return std::tie(of.user, of.virtualHost, of.name, of.mechanism, of.certificateName, of.tls,
                        of.clientProperties, of.channels, of.consumers, of.unacknowledged);
    };
    return all(a) == all(b);
}

QDebug operator<<(QDebug debug, const QAmqpTestBroker::ConnectionInfo &value)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "ConnectionInfo(" << value.name << ", user " << value.user
                           << ", virtual host " << value.virtualHost << (value.tls ? ", TLS" : "")
                           << ", channels " << value.channels << ", consumers " << value.consumers
                           << ", unacknowledged " << value.unacknowledged << ')';
}

static QAmqpTestBroker::QueueInfo describe(const Queue &queue)
{
    const QueueSettings &settings = queue.settings();
    return {QString::fromUtf8(queue.name()),
            queue.readyCount(),
            queue.unacknowledgedCount(),
            qsizetype(queue.consumers().size()),
            settings.durable,
            settings.exclusive,
            settings.autoDelete,
            settings.arguments};
}

static QAmqpTestBroker::ExchangeInfo describe(const Exchange &exchange)
{
    const ExchangeSettings &settings = exchange.settings();
    return {QString::fromUtf8(exchange.name()),
            QString::fromLatin1(nameOf(settings.type)),
            settings.durable,
            settings.autoDelete,
            settings.internal,
            settings.arguments};
}

QAmqpTestBroker::ConnectionInfo describe(const Connection &connection)
{
    QAmqpTestBroker::ConnectionInfo info;
    info.user = QString::fromUtf8(connection.user());
    info.virtualHost = QString::fromUtf8(connection.host()->name());
    info.name = connection.clientProperties().value(QStringLiteral("connection_name")).toString();
    info.mechanism = QString::fromUtf8(connection.mechanism());
    info.certificateName = QString::fromUtf8(connection.peer().certificateName);
    info.tls = connection.peer().isTls;
    info.clientProperties = connection.clientProperties();
    info.channels = qsizetype(connection.channels().size());
    info.consumers = connection.consumerCount();
    for (const auto &[number, channel] : connection.channels())
        info.unacknowledged += channel->unacknowledgedCount();
    return info;
}

/*! Returns what has happened since the broker was made. */
QAmqpTestBroker::Counters QAmqpTestBroker::counters() const
{
    return d->call([](BrokerServer &server) {
        const auto &all = server.core().counters();
        return Counters{all.connections, all.channels,    all.published,   all.confirmed,
                        all.returned,    all.delivered,   all.redelivered, all.acknowledged,
                        all.rejected,    all.deadLettered};
    });
}

/*! Returns the queues of \a virtualHost, by name. The list is empty if there is no such virtual host. */
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

/*! Returns the queue \a name of \a virtualHost, or nothing if it does not exist. */
std::optional<QAmqpTestBroker::QueueInfo> QAmqpTestBroker::queue(const QString &name,
                                                                 const QString &virtualHost) const
{
    return d->call([&](BrokerServer &server) -> std::optional<QueueInfo> {
        const VirtualHost *host = server.core().virtualHost(virtualHost.toUtf8());
        const QueuePointer queue = host ? host->queue(name.toUtf8()) : nullptr;
        return queue ? std::optional(describe(*queue)) : std::nullopt;
    });
}

/*! Returns the exchanges of \a virtualHost, by name, with those that every virtual host has: the default exchange,
    whose name is empty, and those whose names begin with "amq.". The list is empty if there is no such virtual
    host. */
QList<QAmqpTestBroker::ExchangeInfo> QAmqpTestBroker::exchanges(const QString &virtualHost) const
{
    return d->call([&](BrokerServer &server) {
        QList<ExchangeInfo> list;
        if (const VirtualHost *host = server.core().virtualHost(virtualHost.toUtf8())) {
            for (const auto &[name, exchange] : host->exchanges())
                list.append(describe(*exchange));
        }
        return list;
    });
}

/*! Returns the exchange \a name of \a virtualHost, or nothing if it does not exist. */
std::optional<QAmqpTestBroker::ExchangeInfo> QAmqpTestBroker::exchange(
        const QString &name, const QString &virtualHost) const
{
    return d->call([&](BrokerServer &server) -> std::optional<ExchangeInfo> {
        VirtualHost *const host = server.core().virtualHost(virtualHost.toUtf8());
        const Exchange *exchange = host ? host->exchange(name.toUtf8()) : nullptr;
        return exchange ? std::optional(describe(*exchange)) : std::nullopt;
    });
}

/*! Returns the bindings of all exchanges of \a virtualHost. Those of the default exchange, which every queue has by
    its name, are left out. */
QList<QAmqpTestBroker::BindingInfo> QAmqpTestBroker::bindings(const QString &virtualHost) const
{
    return d->call([&](BrokerServer &server) {
        QList<BindingInfo> list;
        if (const VirtualHost *host = server.core().virtualHost(virtualHost.toUtf8())) {
            for (const auto &[name, exchange] : host->exchanges()) {
                if (name.isEmpty())
                    continue;
                for (const Binding &binding : exchange->bindings())
                    list.append({QString::fromUtf8(name), QString::fromUtf8(binding.key),
                                 QString::fromUtf8(binding.destination), binding.toExchange,
                                 binding.arguments});
            }
        }
        return list;
    });
}

/*! Returns the connections that are open, in the order in which they came. */
QList<QAmqpTestBroker::ConnectionInfo> QAmqpTestBroker::connections() const
{
    return d->call([](BrokerServer &server) {
        QList<ConnectionInfo> list;
        for (const auto &connection : server.core().connections()) {
            if (connection->isOpen())
                list.append(describe(*connection));
        }
        return list;
    });
}

/*! \relates QAmqpTestBroker
    Writes whether \a broker runs, its port and how many connections it has to \a debug. */
QDebug operator<<(QDebug debug, const QAmqpTestBroker *broker)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!broker)
        return debug << "QAmqpTestBroker(null)";
    return debug << "QAmqpTestBroker(" << (broker->isRunning() ? "running" : "stopped") << ", port "
                 << broker->url().port() << ", connections " << broker->connections().size() << ')';
}

QT_END_NAMESPACE
