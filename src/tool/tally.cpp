// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "tally.h"

#include "command.h"
#include "json.h"

using namespace Qt::StringLiterals;

namespace Tool {

void Tally::addReason(const QString &message, const QString &what)
{
    if (quint64(reasons.size()) < MaxListed)
        reasons += message.isEmpty() ? what : message + u' ' + what;
}

QString Tally::summary() const
{
    QString text = u"%1 published"_s.arg(published);
    if (earlier > 0)
        text += u", %1 from before"_s.arg(earlier);
    text += u", %1 confirmed"_s.arg(confirmed);
    if (nacked > 0)
        text += u", %1 nacked"_s.arg(nacked);
    if (returned > 0)
        text += u", %1 returned"_s.arg(returned);
    if (dropped > 0)
        text += u", %1 dropped"_s.arg(dropped);
    if (publishedAgain > 0)
        text += u", %1 published again"_s.arg(publishedAgain);
    return text;
}

QString Tally::lastSummary() const
{
    return reasons.isEmpty() ? summary() : summary() + u": "_s + reasons.constFirst();
}

Failure Tally::failure() const
{
    const quint64 more = notTaken() - quint64(reasons.size());
    return {NotTaken,
            u"%1 of %2 messages not taken: %3%4"_s.arg(
                    QString::number(notTaken()), QString::number(published + earlier),
                    reasons.join("; "_L1), more ? u"; and %1 more"_s.arg(more) : QString())};
}

QByteArray Tally::json() const
{
    JsonObject json;
    json.add("published", QByteArray::number(published))
            .add("confirmed", QByteArray::number(confirmed))
            .add("nacked", QByteArray::number(nacked))
            .add("returned", QByteArray::number(returned));
    if (publishedAgain > 0)
        json.add("published_again", QByteArray::number(publishedAgain));
    if (dropped > 0)
        json.add("dropped", QByteArray::number(dropped));
    if (hasFile) {
        json.add("earlier", QByteArray::number(earlier))
                .add("waiting", QByteArray::number(waiting));
    }
    return json.line();
}

} // namespace Tool
