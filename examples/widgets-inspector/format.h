// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_FORMAT_H
#define INSPECTOR_FORMAT_H

#include <QtCore/QString>
#include <QtGui/QFont>

// How bytes are shown to a person.

QString hexDump(const QByteArray &bytes);
QString jsonProblem(const QByteArray &bytes); // null if it is JSON
// The JSON with indentation and otherwise unchanged; null if it is neither an object nor an array.
QString prettyJson(const QByteArray &bytes);
// Where the bytes are cut off at `most`, a character may be cut as well.
bool isText(const QByteArray &bytes, qsizetype most = -1);
QString preview(const QByteArray &bytes); // one short line
// The system's font for code, as large as the font of the widget beside it.
QFont fixedFont(const QFont &beside);
QString sizeText(qsizetype bytes);

#endif
