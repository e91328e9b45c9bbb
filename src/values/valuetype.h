// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_VALUETYPE_H
#define QTAMQP_VALUES_VALUETYPE_H

// The types of AMQP's tables: what they are called, and how a text of each is read.

#include <QtAmqp/qamqptable.h>

#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct ValueType
{
    QAmqpValue::Type type;
    const char *name;
    const char *form; // what the text must be
    std::optional<QAmqpValue> (*read)(
            const QString &text); // null for what JSON has a form of its own

    QString rule() const; // a sentence
};

const ValueType *findType(const QByteArray &name);
const ValueType *findType(QAmqpValue::Type type);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
