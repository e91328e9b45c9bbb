// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_JSON_H
#define QTAMQP_VALUES_JSON_H

// Values, tables and messages as JSON and back. What is written is the whole value or message, and what is
// read of it is equal to it.
//
// JSON that was read is a QAmqpValue, since Qt's own classes keep neither the order of the members nor a name
// that comes twice nor the digits of a number, all of which belong to a message that is put back. An object is
// a Table, an array an Array, text a String; and a number is Bytes, of which JSON has none: its digits as they
// were written. All that reads throws a JsonError.

#include <QtAmqp/qamqpmessage.h>

#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct JsonError
{
    QString text;
};

// In a string \udc80 to \udcff is a byte that is not UTF-8, as Python writes it.
QAmqpValue readJson(QByteArrayView utf8);

// The members of an object that is read. Each is taken once; what is left in the end is a mistake.
class JsonMembers
{
public:
    JsonMembers(const QAmqpValue &object, const QString &what);

    // The value, which is Invalid if there is none.
    QAmqpValue take(const QByteArray &name);
    bool takeNull(const QByteArray &name); // a member that is not null stays, and false is returned
    // Text, or bytes in base64 by the name with _base64 behind it.
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

// A name that comes twice.
std::optional<QByteArray> repeatedName(const QAmqpTable &table);
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

// What was written so, or plain JSON.
QAmqpValue valueFromJson(const QAmqpValue &json);
QAmqpTable tableFromJson(const QAmqpValue &json);

// How a message came, as far as its JSON tells.
struct JsonEnvelope
{
    QByteArray exchange; // null if it does not tell
    QByteArray routingKey;
    QByteArray consumerTag;
    quint64 deliveryTag = 0;
    quint32 remaining = 0;
    bool redelivered = false;
};

void addMessage(JsonObject &json, const QAmqpMessage &message);

// If `json` is wrong, this does not throw: the errorString() of the message tells.
QAmqpMessage readMessage(QByteArrayView json, JsonEnvelope *envelope);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
