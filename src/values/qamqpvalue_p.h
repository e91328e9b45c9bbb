// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_QAMQPVALUE_P_H
#define QTAMQP_VALUES_QAMQPVALUE_P_H

#include "values/sharedvalue.h"

#include <QtAmqp/qamqptable.h>

#include <variant>

QT_BEGIN_NAMESPACE

// Numbers of all types are kept as the bits that they have on the wire, so that what was decoded is encoded
// again byte for byte, even a signalling NaN or a timestamp that QDateTime cannot hold. An invalid value has
// the text of its error in place of a payload.
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

    // Returns the payload if it is a T, and an empty T if it is not.
    template<typename T>
    static T get(const QAmqpValue &value)
    {
        const T *payload = std::get_if<T>(&QtAmqpPrivate::peek(value.d).payload);
        return payload ? *payload : T();
    }
};

QT_END_NAMESPACE

#endif
