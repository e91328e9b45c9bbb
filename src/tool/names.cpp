// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "names.h"

#include "management.h"

#include <QtCore/qjsonobject.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

constexpr Option options[] = {managementOption};

// As if this were a command, with the options that say which broker is meant.
const Command asking = {"--complete", "", 0, "", "", "", options, nullptr};

} // namespace

QStringList namesOnBroker(NameOf what, const QStringList &given)
{
    try {
        const Arguments arguments(asking, given + QStringList{u"--timeout=1"_s});
        Run run(arguments);
        Management management(run);
        const bool isQueue = what == NameOf::Queue;
        const Management::Answer answer = management.ask(
                {isQueue ? u"queues"_s : u"exchanges"_s, run.connectionOptions().virtualHost()},
                u"columns=name"_s);
        QStringList names;
        for (const QJsonValue row : answer.rows)
            names += row[u"name"].toString();
        names.removeAll(QString()); // the default exchange
        return names;
    } catch (const Failure &) {
        return {};
    }
}

} // namespace Tool
