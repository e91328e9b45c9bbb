// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/negotiation.h"

#include "values/wiretext.h"

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

namespace QtAmqpPrivate {

QAmqpTable clientProperties(const QAmqpConnectionOptions &options)
{
    // Without authentication_failure_close RabbitMQ only drops a refused connection, without
    // consumer_cancel_notify it never says that a queue is gone, and so on.
    QAmqpTable known = {
            {u"authentication_failure_close"_s, true}, {u"basic.nack"_s, true},
            {u"connection.blocked"_s, true},           {u"consumer_cancel_notify"_s, true},
            {u"exchange_exchange_bindings"_s, true},   {u"publisher_confirms"_s, true}};
    const QAmqpTable own = options.clientProperties();
    for (const auto &[name, value] : capabilities(own).entries())
        known.insert(textFromWire(name), value);

    QAmqpTable properties = {{u"product"_s, u"QtAmqp"_s},
                             {u"version"_s, u"" QTAMQP_VERSION_STR ""_s},
                             {u"platform"_s, u"Qt "_s + QLatin1StringView(qVersion())},
                             {u"information"_s, u"AMQP 0-9-1 client for Qt, MIT licence"_s}};
    for (const auto &[name, value] : own.entries())
        properties.insert(textFromWire(name), value);
    if (!options.connectionName().isEmpty())
        properties.insert(u"connection_name"_s, options.connectionName());
    properties.insert(u"capabilities"_s, known);
    return properties;
}

QAmqpTable capabilities(const QAmqpTable &serverProperties)
{
    return serverProperties.value(u"capabilities"_s).toTable();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
