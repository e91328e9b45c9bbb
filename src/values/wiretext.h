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

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
