// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_FORMAT_H
#define INSPECTOR_FORMAT_H

#include <QtCore/QString>
#include <QtGui/QFont>

// How bytes look to a person.

QString hexDump(const QByteArray &bytes);
QString jsonProblem(const QByteArray &bytes); // null if it is JSON
// Indented, but for that as it is; null if it is neither an object nor an array.
QString prettyJson(const QByteArray &bytes);
// Of what is cut off at `most` bytes a character may be cut as well.
bool isText(const QByteArray &bytes, qsizetype most = -1);
QString preview(const QByteArray &bytes); // one short line
// The system's font for code, as large as the font of what it stands beside.
QFont fixedFont(const QFont &beside);
QString sizeText(qsizetype bytes);

#endif
