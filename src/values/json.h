// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_JSON_H
#define QTAMQP_VALUES_JSON_H

// Values, tables and messages as JSON, and back. The whole value or message is written, so that what is read
// again is equal to it.
//
// JSON that was read is kept as a QAmqpValue. Qt's own classes keep neither the order of the members nor a name
// that comes twice nor the digits of a number, all of which belong to a message that is put back into a queue.
// An object becomes a Table, an array an Array, and text a String. A number becomes Bytes, a type that JSON does
// not have, which hold its digits as they were written. All functions that read throw a JsonError.

#include <QtAmqp/qamqpmessage.h>

#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct JsonError
{
    QString text;
};

// In a string, \udc80 to \udcff stand for bytes that are not UTF-8, as they do in Python.
QAmqpValue readJson(QByteArrayView utf8);

// The members of an object that is read. Each is taken once. What is left in the end is unknown, and an error.
class JsonMembers
{
public:
    JsonMembers(const QAmqpValue &object, const QString &what);

    // Returns an Invalid value if there is no such member.
    QAmqpValue take(const QByteArray &name);
    // Takes a member that is null. Any other stays, and false is returned.
    bool takeNull(const QByteArray &name);
    // Takes a text, or bytes in base64 whose name ends in _base64.
    std::optional<QByteArray> bytes(const QByteArray &name);
    std::optional<QByteArray> base64(const QByteArray &name);
    std::optional<quint64> number(const QByteArray &name, quint64 most);
    std::optional<bool> truth(const QByteArray &name);
    void finish() const;

private:
    QAmqpValue take(const QByteArray &name, QAmqpValue::Type type, const QString &form);

    const QString m_what;
    QAmqpTable m_left;
};

// Returns a name that the table has twice, if there is one.
std::optional<QByteArray> repeatedName(const QAmqpTable &table);
std::optional<QByteArray> fromBase64(const QByteArray &text);

// Returns `utf8` as a string of JSON.
QByteArray jsonText(const QByteArray &utf8);
QByteArray jsonBase64(const QByteArray &bytes);

// An object that is written.
class JsonObject
{
public:
    // `value` is JSON already.
    JsonObject &add(const QByteArray &name, const QByteArray &value);
    // Bytes that are UTF-8 are written as text, others in base64 by the other name.
    JsonObject &addBytes(const QByteArray &name, const QByteArray &base64Name,
                         const QByteArray &bytes);
    JsonObject &addBytes(const QByteArray &name, const QByteArray &bytes);

    QByteArray json() const { return '{' + m_members + '}'; }

private:
    QByteArray m_members;
};

// A table is an object of values, each as QAmqpValue::toJson() returns it. If a name is not UTF-8 or comes
// twice it is an array of them, each with "name" or "name_base64".
QByteArray toJson(const QAmqpTable &table);

// Read what was written in this way, or plain JSON.
QAmqpValue valueFromJson(const QAmqpValue &json);
QAmqpTable tableFromJson(const QAmqpValue &json);

// How a message came, as far as its JSON says.
struct JsonEnvelope
{
    QByteArray exchange; // null if the JSON does not have it
    QByteArray routingKey;
    QByteArray consumerTag;
    quint64 deliveryTag = 0;
    quint32 remaining = 0;
    bool redelivered = false;
};

void addMessage(JsonObject &json, const QAmqpMessage &message);

// Does not throw: if `json` is wrong, the errorString() of the message says so.
QAmqpMessage readMessage(QByteArrayView json, JsonEnvelope *envelope);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
