// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_VALUETEXT_H
#define INSPECTOR_VALUETEXT_H

#include <QtAmqp/QAmqpTable>
#include <QtCore/QStringList>

// Converts values of AMQP's tables to text that people read and edit, and back, each with its type.

QStringList typeNames();
QString typeName(QAmqpValue::Type type);
QAmqpValue::Type typeOfName(const QString &name);

// Writes the value in one line; the elements of arrays and tables look like JSON.
QString valueText(const QAmqpValue &value);
// Reads a value other than an array or a table. If the text is not of that type, the value is invalid and
// says why.
QAmqpValue valueFromText(QAmqpValue::Type type, const QString &text);

// Returns the text for one, or the text for many with their number in place of %1.
QString howMany(qint64 count, const QString &one, const QString &many);

// Returns text to be shown, not to be edited: bytes that are not UTF-8 become \xNN.
QString readable(const QByteArray &bytes);
QString readable(const QString &text);

#endif
