// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "json.h"

#include "bytes.h"
#include "color.h"

#include <QtCore/qjsonarray.h>
#include <QtCore/qjsondocument.h>

namespace Tool {

namespace {

// JSON need not escape these control characters, which terminals obey.
QByteArray withEscapedControls(QByteArray json)
{
    json.replace('\x7f', "\\u007f");
    for (int code = 0x80; code <= 0x9f && json.contains('\xc2'); ++code)
        json.replace(QByteArray("\xc2") + char(code), "\\u00" + QByteArray::number(code, 16));
    return json;
}

} // namespace

QByteArray jsonText(const QByteArray &utf8)
{
    const QByteArray array = QJsonDocument(QJsonArray{textOf(utf8)}).toJson(QJsonDocument::Compact);
    return array.sliced(1, array.size() - 2);
}

QByteArray jsonArray(const QList<QByteArray> &elements) { return '[' + elements.join(',') + ']'; }

JsonObject &JsonObject::add(const QByteArray &name, const QByteArray &value)
{
    if (!m_members.isEmpty())
        m_members += ',';
    m_members += jsonText(name) + ':' + value;
    return *this;
}

JsonObject &JsonObject::add(const QByteArray &name, bool value)
{
    return add(name, QByteArray(value ? "true" : "false"));
}

JsonObject &JsonObject::addNumber(const QByteArray &name, qint64 value)
{
    return add(name, QByteArray::number(value));
}

JsonObject &JsonObject::addReal(const QByteArray &name, double value, int decimals)
{
    return add(name, QByteArray::number(value, 'f', decimals));
}

JsonObject &JsonObject::addText(const QByteArray &name, const QString &text)
{
    const QByteArray bytes = bytesOf(text);
    if (bytes.isValidUtf8())
        return add(name, jsonText(bytes));
    return add(name + "_base64", '"' + bytes.toBase64() + '"');
}

QByteArray JsonObject::line() const { return styledJson(withEscapedControls(json())) + '\n'; }

} // namespace Tool
