// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "printer.h"

#include "color.h"

namespace Tool {

Printer::Printer(const Arguments &arguments)
{
    arguments.refuseTogether("raw", "json");
    arguments.refuseTogether("raw", "format");
    arguments.refuseTogether("raw", "save");
    arguments.refuseTogether("format", "json");
    if (arguments.isSet("json"))
        m_form = Json;
    else if (arguments.isSet("raw"))
        m_form = Raw;
    else if (arguments.isSet("format")) {
        m_form = Format;
        m_format.emplace(arguments.value("format"));
    }
    if (arguments.isSet("save"))
        m_folder = std::make_shared<MessageFolder>(arguments.value("save"));
}

void Printer::append(QByteArray &to, const QAmqpDelivery &delivery) const
{
    const QString file = m_folder ? m_folder->save(delivery) : QString();
    switch (m_form) {
    case Json: to += styledJson(delivery.toJson()) + '\n'; return;
    case Raw: to += delivery.body(); return;
    case Format:
        to += (*m_format)({.message = delivery, .delivery = &delivery, .file = file});
        return;
    case Body: break;
    }
    to += m_folder ? file.toUtf8() : delivery.body();
    to += '\n';
}

QByteArray Printer::operator()(const QAmqpDelivery &delivery) const
{
    QByteArray bytes;
    append(bytes, delivery);
    return bytes;
}

QByteArray Printer::operator()(const QAmqpMessage &message) const
{
    switch (m_form) {
    case Json: return styledJson(message.toJson()) + '\n';
    case Raw: return message.body();
    case Format: return (*m_format)({.message = message});
    case Body: break;
    }
    return message.body() + '\n';
}

} // namespace Tool
