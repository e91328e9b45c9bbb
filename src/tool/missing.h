// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_MISSING_H
#define QTAMQP_TOOL_MISSING_H

// The option --declare: what a command uses is declared if it does not exist.

#include "run.h"

namespace Tool {

inline constexpr Option declareOption = {
        "declare", nullptr,
        "If the queue does not exist, declare a durable one, and if the exchange does not exist, a durable one of type "
        "topic. What exists stays as it is."};

// Does that if --declare is given. An empty name stands for nothing.
void declareMissing(Run &run, QAmqpConnection &connection, const QString &queue,
                    const QString &exchange);

} // namespace Tool

#endif
