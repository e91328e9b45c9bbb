// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_NEAREST_H
#define QTAMQP_TOOL_NEAREST_H

// What was probably meant by a word that is not known.

#include <QtCore/qstringlist.h>

namespace Tool {

// Returns the known word that was probably meant, or an empty text if none is similar.
QString nearest(const QString &word, const QStringList &known);

// Returns " (did you mean --option?)", or an empty text if no known option is similar.
QString didYouMean(const QString &option, const QStringList &known);

} // namespace Tool

#endif
