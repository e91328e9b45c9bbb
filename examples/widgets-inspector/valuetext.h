// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_VALUETEXT_H
#define INSPECTOR_VALUETEXT_H

#include <QtAmqp/QAmqpTable>
#include <QtCore/QStringList>

// Values of AMQP's tables as text that a person reads and edits, each with its type.

QStringList typeNames();
QString typeName(QAmqpValue::Type type);
QAmqpValue::Type typeOfName(const QString &name);

// One line; what is in arrays and tables looks like JSON.
QString valueText(const QAmqpValue &value);
// The other way, for all but arrays and tables; invalid, with the reason, if the text is not of that type.
QAmqpValue valueFromText(QAmqpValue::Type type, const QString &text);

// To read, not to edit: bytes that are not UTF-8 as \xNN.
QString readable(const QByteArray &bytes);
QString readable(const QString &text);

#endif
