// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_WIRETEXT_H
#define QTAMQP_VALUES_WIRETEXT_H

// Texts of AMQP are bytes that ought to be UTF-8 and need not be, and whoever passes a message on, or
// answers it, must send exactly what came. So a byte that is no UTF-8 becomes a lone surrogate, U+DC80
// for 80 to U+DCFF for FF, which no valid text holds, and is written as that byte again.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

QString textFromWire(QByteArrayView bytes);
QByteArray wireFromText(const QString &text);

// `text` as it may go to a terminal or a log, whoever wrote it: what ends a line, begins a terminal's
// escape sequence or turns the direction of text is shown by an escape of its own, such as \n or \x1b.
// What is escaped already stays as it is, so that a text may pass through here more than once.
QString printable(const QString &text);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
