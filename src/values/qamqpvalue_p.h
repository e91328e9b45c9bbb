// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_QAMQPVALUE_P_H
#define QTAMQP_VALUES_QAMQPVALUE_P_H

#include "values/sharedvalue.h"

#include <QtAmqp/qamqptable.h>

#include <variant>

QT_BEGIN_NAMESPACE

// Numbers of every kind are kept as the bits of their wire form, so that what was decoded is
// encoded again byte for byte, also a signalling NaN or a timestamp far outside QDateTime. An
// invalid value has the text of its error instead.
class QAmqpValuePrivate : public QtAmqpPrivate::SharedValue
{
public:
    using Payload = std::variant<std::monostate, qint64, QByteArray, QList<QAmqpValue>, QAmqpTable,
                                 QString>;

    QAmqpValue::Type type = QAmqpValue::Type::Invalid;
    quint8 scale = 0;
    Payload payload;

    bool operator==(const QAmqpValuePrivate &) const = default;

    static QAmqpValue make(QAmqpValue::Type type, Payload payload, quint8 scale = 0);

    // The payload if it is a T, else an empty one.
    template<typename T>
    static T get(const QAmqpValue &value)
    {
        const T *payload = std::get_if<T>(&QtAmqpPrivate::peek(value.d).payload);
        return payload ? *payload : T();
    }
};

QT_END_NAMESPACE

#endif
