// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "nearest.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

// Returns how many letters must be added, dropped, changed or swapped to make one word of the other.
static qsizetype distance(const QString &one, const QString &other)
{
    QList<QList<qsizetype>> rows(one.size() + 1, QList<qsizetype>(other.size() + 1));
    for (qsizetype i = 0; i <= one.size(); ++i) {
        for (qsizetype j = 0; j <= other.size(); ++j) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            const bool same = one.at(i - 1) == other.at(j - 1);
            rows[i][j] = std::min(
                    {rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (same ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && one.at(i - 1) == other.at(j - 2)
                    && one.at(i - 2) == other.at(j - 1);
            if (swapped)
                rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows.constLast().constLast();
}

QString nearest(const QString &word, const QStringList &known)
{
    QString best;
    qsizetype least = std::max(word.size() / 3, qsizetype(1)) + 1;
    for (const QString &candidate : known) {
        const qsizetype far = candidate.startsWith(word) ? 1 : distance(word, candidate);
        if (far < least && far < candidate.size()) {
            best = candidate;
            least = far;
        }
    }
    return best;
}

QString didYouMean(const QString &option, const QStringList &known)
{
    const QString meant = nearest(option, known);
    return meant.isEmpty() ? QString() : u" (did you mean --%1?)"_s.arg(meant);
}

} // namespace Tool
