// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_FILEBOX_H
#define QTAMQP_TOOL_FILEBOX_H

// The outbox in a file, which a build without QtSql does not have.

#include <QtAmqp/qamqpoutbox.h>

#include <memory>

namespace Tool {

// Opens the file, and makes it if it does not exist. Throws a Failure if that cannot be done.
std::unique_ptr<QAmqpOutbox> openFileBox(const QString &fileName);

} // namespace Tool

#endif
