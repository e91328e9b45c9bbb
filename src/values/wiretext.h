// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_WIRETEXT_H
#define QTAMQP_VALUES_WIRETEXT_H

// Texts of AMQP should be UTF-8, but may be any bytes; an application that forwards or answers a message must
// send the same bytes again. So a byte that is not UTF-8 becomes a lone surrogate, from U+DC80 for 80 to
// U+DCFF for FF, which no valid text contains, and that becomes the same byte again.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

QString textFromWire(QByteArrayView bytes);
QByteArray wireFromText(const QString &text);

// Returns `text` in a form that is safe in a terminal or a log, whoever wrote it. Characters that end a line,
// begin an escape sequence of a terminal or change the direction of text are shown as escapes such as \n or
// \x1b. Escapes in `text` stay as they are, so that a text may pass through here more than once.
QString printable(const QString &text);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
