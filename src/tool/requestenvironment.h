// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_REQUESTENVIRONMENT_H
#define QTAMQP_TOOL_REQUESTENVIRONMENT_H

// What a command of qamqp serve knows of the request besides its body: variables of its environment.

#include <QtAmqp/qamqpdelivery.h>
#include <QtCore/qprocess.h>

namespace Tool {

// The environment of this process with QAMQP_MESSAGE_ID and its like, one for each property and header that
// is there; those of another request, whose command this program may be, are not.
QProcessEnvironment environmentFor(const QAmqpDelivery &request);

} // namespace Tool

#endif
