// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "names.h"

#include "management.h"

#include <QtCore/qjsonobject.h>
#include <QtNetwork/qhostaddress.h>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

constexpr Option options[] = {managementOption};

// As if this were a command, with the options that say which broker is meant.
const Command asking = {"--complete", "", 0, "", "", "", options, nullptr};

// Nobody expects that the Tab key sends a password in the clear to another machine.
bool mayBeAsked(const Run &run)
{
    const QAmqpConnectionOptions &broker = run.connectionOptions();
    return !run.managementUrl().isEmpty() || broker.isTlsEnabled()
            || broker.hostName() == "localhost"_L1 || QHostAddress(broker.hostName()).isLoopback();
}

// A shell shows the name on the terminal, and reads it as one line.
bool isShowable(const QString &name)
{
    return !name.isEmpty() && std::none_of(name.begin(), name.end(), [](QChar c) {
        return c.category() == QChar::Other_Control || c.isSurrogate();
    });
}

} // namespace

QStringList namesOnBroker(NameOf what, const QStringList &given)
{
    try {
        const Arguments arguments(asking, given + QStringList{u"--timeout=1"_s});
        Run run(arguments);
        if (!mayBeAsked(run))
            return {};
        Management management(run);
        const bool isQueue = what == NameOf::Queue;
        const Management::Answer answer = management.ask(
                {isQueue ? u"queues"_s : u"exchanges"_s, run.connectionOptions().virtualHost()},
                u"columns=name"_s);
        QStringList names;
        for (const auto row : answer.rows) {
            const QString name = row[u"name"].toString(); // empty: the default exchange
            if (isShowable(name))
                names += name;
        }
        return names;
    } catch (const Failure &) {
        return {};
    }
}

} // namespace Tool
