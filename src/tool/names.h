// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_NAMES_H
#define QTAMQP_TOOL_NAMES_H

// The names of what there is on a broker, as its management plugin tells them, for a shell that completes them.

#include <QtCore/qstringlist.h>

namespace Tool {

enum class NameOf { Queue, Exchange };

// `options` say which broker is meant, by --management and by options that each command has, such as --url=URL. Returns nothing if it
// does not answer at once, for whatever reason, or if it is on another machine and asked without TLS, unless the
// management plugin is named.
QStringList namesOnBroker(NameOf what, const QStringList &options);

} // namespace Tool

#endif
