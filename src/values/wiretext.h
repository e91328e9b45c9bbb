// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_WIRETEXT_H
#define QTAMQP_VALUES_WIRETEXT_H

// Texts of AMQP are bytes that should be UTF-8 but need not be, and whoever passes a message on, or answers it,
// must send exactly what came. So a byte that is not UTF-8 becomes a lone surrogate, from U+DC80 for 80 to U+DCFF
// for FF, which no valid text has, and is written as the same byte again.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

QString textFromWire(QByteArrayView bytes);
QByteArray wireFromText(const QString &text);

// Returns `text` as it may go to a terminal or a log, whoever wrote it. What ends a line, begins an escape
// sequence of a terminal or changes the direction of text is shown by an escape such as \n or \x1b. An escape
// stays as it is, so that a text may pass through here more than once.
QString printable(const QString &text);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
