// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_VALUEJSON_H
#define QTAMQP_VALUES_VALUEJSON_H

// Values of AMQP tables as JSON, with their types.

#include "values/jsonvalue.h"

#include <QtAmqp/qamqptable.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// An object of values, each as QAmqpValue::toJson() returns it; if a name is not UTF-8 or comes twice an
// array of them, each with "name" or "name_base64".
QByteArray toJson(const QAmqpTable &table);

// What was written so, or plain JSON. These throw a JsonError.
QAmqpValue valueFromJson(const JsonValue &json);
QAmqpTable tableFromJson(const JsonValue &json);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
