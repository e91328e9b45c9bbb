// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_JSONVALUE_H
#define QTAMQP_VALUES_JSONVALUE_H

// JSON that was read, and that is to be written. Unlike Qt's classes this keeps the order of the members, a
// name that comes twice and the digits of a number, all of which belong to a message that is put back.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

#include <optional>
#include <utility>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct JsonError
{
    QString text;
};

struct JsonValue
{
    enum Type { Null, Bool, Number, String, Array, Object };

    Type type = Null;
    QByteArray text; // a number or a truth value as written, or the bytes of a string
    std::vector<JsonValue> elements; // of an array, or the values of an object
    std::vector<QByteArray> names; // of the values of an object

    // The first member of that name, or none.
    const JsonValue *find(QByteArrayView name) const;
};

// Throws a JsonError. In a string \udc80 to \udcff is a byte that is no UTF-8, as Python writes it.
JsonValue readJson(QByteArrayView utf8);

// The members of an object that is read, each to be taken once; what is left is a mistake. These throw a
// JsonError too.
class JsonMembers
{
public:
    JsonMembers(const JsonValue &object, const QString &what);

    const JsonValue *take(QByteArrayView name);
    bool takeNull(QByteArrayView name); // false, and it stays, if it is something else
    // Text, or bytes in base64 under the name that has _base64 behind it.
    std::optional<QByteArray> bytes(const QByteArray &name);
    std::optional<QByteArray> base64(const QByteArray &name);
    std::optional<quint64> number(QByteArrayView name, quint64 most);
    std::optional<bool> truth(QByteArrayView name);
    void finish() const;

private:
    const QString m_what;
    std::vector<std::pair<QByteArray, const JsonValue *>> m_left;
};

std::optional<QByteArray> fromBase64(const QByteArray &text);

// `utf8` as a JSON string.
QByteArray jsonText(const QByteArray &utf8);
QByteArray jsonBase64(const QByteArray &bytes);

// An object that is written.
class JsonObject
{
public:
    // `value` is JSON already.
    JsonObject &add(const QByteArray &name, const QByteArray &value);
    // As text if they are UTF-8, else in base64 under the other name.
    JsonObject &addBytes(const QByteArray &name, const QByteArray &base64Name,
                         const QByteArray &bytes);
    JsonObject &addBytes(const QByteArray &name, const QByteArray &bytes);

    QByteArray json() const { return '{' + m_members + '}'; }

private:
    QByteArray m_members;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
