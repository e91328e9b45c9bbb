// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_JSON_H
#define QTAMQP_TOOL_JSON_H

// Writes the results of commands as lines of JSON. Unlike QJsonObject this keeps the order of the members.

#include <QtCore/qbytearray.h>
#include <QtCore/qlist.h>
#include <QtCore/qstring.h>

namespace Tool {

QByteArray jsonText(const QByteArray &utf8);
QByteArray jsonArray(const QList<QByteArray> &elements);

class JsonObject
{
public:
    // Adds a member whose `value` is JSON.
    JsonObject &add(const QByteArray &name, const QByteArray &value);
    JsonObject &add(const QByteArray &name, bool value);
    JsonObject &addNumber(const QByteArray &name, qint64 value);
    JsonObject &addReal(const QByteArray &name, double value, int decimals);
    // Adds text if it is UTF-8, and otherwise its bytes in base64, with _base64 appended to the name.
    JsonObject &addText(const QByteArray &name, const QString &text);

    QByteArray json() const { return '{' + m_members + '}'; }
    QByteArray line() const; // for standard output, with its colors

private:
    QByteArray m_members;
};

} // namespace Tool

#endif
