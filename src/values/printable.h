// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_PRINTABLE_H
#define QTAMQP_VALUES_PRINTABLE_H

#include <QtCore/qstring.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// `text` as it may go to a terminal or a log, whoever wrote it: what ends a line, begins a terminal's
// escape sequence or turns the direction of text is shown by an escape of its own, such as \n or \x1b.
// What is escaped already stays as it is, so that a text may pass through here more than once.
QString printable(const QString &text);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
