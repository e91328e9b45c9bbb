// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_CONFIGURATION_H
#define QTAMQP_TOOL_CONFIGURATION_H

// Which broker a command talks to: that of --url, that of --broker as a file names it, that of $QAMQP_URL, or
// amqp://localhost.

#include "command.h"

#include <QtAmqp/qamqpconnectionoptions.h>

namespace Tool {

struct Broker
{
    QAmqpConnectionOptions options;
    QString managementUrl; // empty: where it usually is
};

// Throws a Failure if an option, the file or the variable is wrong.
Broker readBroker(const Arguments &arguments);

// Returns the file that names brokers: $QAMQP_CONFIG, or qamqp/brokers.conf where the user's configuration is.
QString configurationFile();
// Returns the names in it, and none if it cannot be read.
QStringList brokerNames();

// Returns the first line of the file; throws a Failure if it cannot, which calls the file `what`.
QString readPassword(const QString &fileName,
                     const QString &what = QStringLiteral("--password-file"));

} // namespace Tool

#endif
