// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_JSON_H
#define QTAMQP_VALUES_JSON_H

// Writes values, tables and messages as JSON, and reads them back. Nothing is lost, so that what is read is
// equal to what was written.
//
// JSON that was read is kept as a QAmqpValue. Qt's own classes lose the order of the members, a name that
// comes twice and the digits of a number, but a message that is put back into a queue must keep all of them.
// An object becomes a Table, an array an Array, and text a String. A number becomes Bytes, a type that JSON
// does not have, which hold its digits as they were written. All functions that read throw a JsonError.

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

// The members of an object that is read. Each can be taken once; a member that is left in the end is unknown,
// which is an error.
class JsonMembers
{
public:
    JsonMembers(const QAmqpValue &object, const QString &what);

    // Returns an Invalid value if there is no such member.
    QAmqpValue take(const QByteArray &name);
    // Takes the member if it is null, and else returns false.
    bool takeNull(const QByteArray &name);
    // Takes a text, or bytes in base64 from the member whose name has _base64 appended.
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

// Returns a name that is twice in the table, if there is one.
std::optional<QByteArray> repeatedName(const QAmqpTable &table);
std::optional<QByteArray> fromBase64(const QByteArray &text);

// Returns `utf8` as a string of JSON.
QByteArray jsonText(const QByteArray &utf8);
QByteArray jsonBase64(const QByteArray &bytes);

// Writes an object.
class JsonObject
{
public:
    // Adds a member whose `value` is JSON.
    JsonObject &add(const QByteArray &name, const QByteArray &value);
    // Adds bytes: as text called `name` if they are UTF-8, and else in base64 called `base64Name`.
    JsonObject &addBytes(const QByteArray &name, const QByteArray &base64Name,
                         const QByteArray &bytes);
    JsonObject &addBytes(const QByteArray &name, const QByteArray &bytes);

    QByteArray json() const { return '{' + m_members + '}'; }

private:
    QByteArray m_members;
};

// Writes a table as an object of values, each as QAmqpValue::toJson() returns it. If a name is not UTF-8 or
// comes twice, it is an array of these values, each with "name" or "name_base64" added.
QByteArray toJson(const QAmqpTable &table);

// These read what was written in this way, or plain JSON.
QAmqpValue valueFromJson(const QAmqpValue &json);
QAmqpTable tableFromJson(const QAmqpValue &json);

// How a message was delivered, as far as its JSON says.
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

// Reads a message without throwing: if `json` is wrong, the errorString() of the message says so.
QAmqpMessage readMessage(QByteArrayView json, JsonEnvelope *envelope);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
