// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_BROKERSETTINGS_H
#define QTAMQP_TESTBROKER_BROKERSETTINGS_H

// What a broker is set up with: who may do what, and the limits that keep it small whatever clients send.

#include "codec/constants.h"

#include <QtCore/qbytearray.h>
#include <QtCore/qbytearraylist.h>
#include <QtCore/qregularexpression.h>

#include <chrono>
#include <map>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

// Names that a user may configure, write to and read from.
struct Permissions
{
    QRegularExpression configure{QStringLiteral(".*")};
    QRegularExpression write{QStringLiteral(".*")};
    QRegularExpression read{QStringLiteral(".*")};
};

struct User
{
    QByteArray password;
    std::map<QByteArray, Permissions> hosts; // by virtual host
};

struct BrokerSettings
{
    BrokerSettings() { users["guest"] = {"guest", {{"/", {}}}}; }

    std::map<QByteArray, User> users; // by name
    QByteArrayList virtualHosts = {"/"};
    QByteArrayList mechanisms = {"PLAIN", "AMQPLAIN", "EXTERNAL"};

    quint16 channelMax = 2047;
    quint32 frameMax = 131072;
    std::chrono::seconds heartbeat{60};
    quint64 maxMessageSize = 134217728;
    std::chrono::seconds handshakeTimeout{10};
    // How long a client may leave its output unread.
    std::chrono::seconds sendTimeout{30};

    qsizetype maxConnections = 10'000;
    qsizetype maxEntities = 100'000; // queues, exchanges and bindings of a virtual host, each
    qsizetype maxConsumers = 10'000; // of a connection
};

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
