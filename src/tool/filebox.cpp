// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "filebox.h"

#include "command.h"

#ifdef QTAMQP_WITH_OUTBOX
#  include <QtAmqpOutbox/qamqpfileoutbox.h>
#endif

using namespace Qt::StringLiterals;

namespace Tool {

std::unique_ptr<QAmqpOutbox> openFileBox(const QString &fileName)
{
#ifdef QTAMQP_WITH_OUTBOX
    auto box = std::make_unique<QAmqpFileOutbox>();
    if (!box->open(fileName))
        throw Failure{BadUsage, box->lastError().text()};
    return box;
#else
    throw Failure{
            BadUsage,
            u"cannot open %1: this qamqp was built without QtSql, and so without an outbox in a file"_s
                    .arg(fileName)};
#endif
}

} // namespace Tool
