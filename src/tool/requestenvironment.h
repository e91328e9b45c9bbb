// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_REQUESTENVIRONMENT_H
#define QTAMQP_TOOL_REQUESTENVIRONMENT_H

// The environment variables through which qamqp serve passes the properties of a request to its command.

#include <QtAmqp/qamqpdelivery.h>
#include <QtCore/qprocess.h>

namespace Tool {

// Returns the environment of this process, with a variable such as QAMQP_MESSAGE_ID for each property and
// header of the request. Such variables of this process itself are removed, since it may be the command of
// another request.
QProcessEnvironment environmentFor(const QAmqpDelivery &request);

} // namespace Tool

#endif
