// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_MANAGEMENT_H
#define QTAMQP_TOOL_MANAGEMENT_H

// The HTTP API of RabbitMQ's management plugin, which knows what AMQP has no method for: which queues, exchanges,
// bindings and connections there are. All that it answers is checked, as it may be any other server.

#include "run.h"

#include <QtCore/qjsonarray.h>
#include <QtNetwork/qnetworkaccessmanager.h>

namespace Tool {

inline constexpr Option managementOption = {
        "management", "URL",
        "The management plugin: http[s]://[USER:PASSWORD@]HOST[:PORT]. The default is $QAMQP_MANAGEMENT, or else port "
        "15672 of the broker's host, or https and port 15671 if the broker's URL begins with amqps:, with the same user "
        "and password."};

class Management
{
public:
    struct Answer
    {
        QJsonArray rows = {};
        std::optional<Failure> failure = {}; // why there is no answer
        bool isMissing = false; // it has answered that there is no such thing
    };

    enum Shape { List, Object };

    // Throws a Failure if the option --management is wrong.
    explicit Management(Run &run);

    // Asks for a list or for one object, which becomes the only row, and waits for it. The `path` below /api is
    // given as its parts.
    Answer ask(const QStringList &path, const QString &query = QString(), Shape shape = List);
    // Where it is, without user and password.
    QString where() const;

private:
    QNetworkRequest request(const QStringList &path, const QString &query) const;
    Answer read(const QNetworkReply &reply, const QByteArray &body, Shape shape) const;
    Failure refusal(const QNetworkReply &reply, int status) const;

    Run &m_run;
    QUrl m_base;
    QByteArray m_authorization; // empty: there is no user with a password
    QNetworkAccessManager m_network;
};

} // namespace Tool

#endif
