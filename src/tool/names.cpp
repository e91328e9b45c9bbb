// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "names.h"

namespace Tool {

QStringList namesOnBroker(NameOf, const QStringList &) { return {}; }

} // namespace Tool
