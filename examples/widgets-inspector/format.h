// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_FORMAT_H
#define INSPECTOR_FORMAT_H

#include <QtCore/QString>
#include <QtGui/QFont>

// Makes bytes readable for people.

QString hexDump(const QByteArray &bytes);
QString jsonProblem(const QByteArray &bytes); // null if the bytes are JSON
// Returns the JSON with indentation and otherwise unchanged; null if it is neither an object nor an array.
QString prettyJson(const QByteArray &bytes);
// If only the first `most` bytes are checked, the last character may be incomplete.
bool isText(const QByteArray &bytes, qsizetype most = -1);
// Returns the system's font for code, in the size of the font of the widget beside it.
QFont fixedFont(const QFont &beside);
QString sizeText(qsizetype bytes);

#endif
