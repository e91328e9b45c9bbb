// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKVALUES_H
#define QAMQPQUICKVALUES_H

// Converts values between JavaScript and AMQP. JavaScript has one type of number, and the engine passes an
// int or a double as it likes, so that only the value counts.

#include <QtAmqp/qamqptable.h>
#include <QtQml/qjsvalue.h>

#include <optional>

QT_BEGIN_NAMESPACE

class QJSEngine;

namespace QtAmqpQuick {

// A double can hold every whole number up to this one.
constexpr qint64 LargestWhole = qint64(1) << 53;

// Reads a number of any type, or text that is one. Returns nothing if it is not whole.
std::optional<qint64> wholeNumber(const QVariant &value);

// Returns what is wrong with a number that must be whole and within bounds; empty if it is right.
QString wholeNumberError(QLatin1StringView property, const QVariant &value, qint64 least,
                         qint64 most);

// The name of a file that is given by it, or by a file or qrc URL.
QString localFile(const QString &file);

// Converts a value that is neither an array nor a plain object; these stay a QJSValue, and so do functions
// and symbols. Typed arrays become bytes.
QVariant leafFromJs(const QJSValue &value);

// Converts arrays and objects by their elements; QJSValue::toVariant() takes typed arrays for objects and
// crashes over symbols. A value that contains itself, or has a getter that throws, stays a QJSValue, which no
// table can hold.
QVariant variantFromJs(const QJSValue &value, QJSEngine *engine);

// Converts an object to a table. Whole numbers become 64-bit integers, also if the engine passes a double.
QAmqpTable tableFromJs(const QVariantMap &map);

// Converts a table to an object. Number types that JavaScript does not have become its numbers.
QVariantMap tableToJs(const QAmqpTable &table);

// Converts a timestamp to a Date, or to the number of seconds since 1970 if a Date cannot hold it. Without a
// timestamp, returns an invalid Date.
QVariant timestampToJs(const QAmqpValue &timestamp);

} // namespace QtAmqpQuick

QT_END_NAMESPACE

#endif
