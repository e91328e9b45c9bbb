// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKVALUES_H
#define QAMQPQUICKVALUES_H

// Values on their way between JavaScript and AMQP. JavaScript has one type of number, of which the engine
// makes an int or a double as it likes: what counts is the value.

#include <QtAmqp/qamqptable.h>
#include <QtQml/qjsvalue.h>

#include <optional>

QT_BEGIN_NAMESPACE

class QJSEngine;

namespace QtAmqpQuick {

// All whole numbers that a double tells apart: up to 2 to the 53rd.
constexpr qint64 LargestWhole = qint64(1) << 53;

// A number of any type, or text that is one; nothing if it is not whole.
std::optional<qint64> wholeNumber(const QVariant &value);

// What is wrong with a number that is to be whole and within bounds; empty if nothing.
QString wholeNumberError(QLatin1StringView property, const QVariant &value, qint64 least,
                         qint64 most);

// What is neither an array nor an object of JavaScript's own; these stay a QJSValue, as do functions and symbols,
// but for typed arrays, which are bytes.
QVariant leafFromJs(const QJSValue &value);

// Arrays and objects by their elements, where QJSValue::toVariant() takes typed arrays for objects and crashes
// over symbols. What is inside of itself, or has a getter that throws, stays a QJSValue, which no table holds.
QVariant variantFromJs(const QJSValue &value, QJSEngine *engine);

// Whole numbers become 64-bit integers, whatever the engine has made of them.
QAmqpTable tableFromJs(const QVariantMap &map);

// The types that JavaScript does not know become numbers.
QVariantMap tableToJs(const QAmqpTable &table);

// A Date, or the number of seconds since 1970 where that is no time for a Date; an invalid one if there
// is none.
QVariant timestampToJs(const QAmqpValue &timestamp);

} // namespace QtAmqpQuick

QT_END_NAMESPACE

#endif
