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

QByteArray Printer::operator()(const QAmqpDelivery &delivery) const
{
    const QString file = m_folder ? m_folder->save(delivery) : QString();
    switch (m_form) {
    case Json: return styledJson(delivery.toJson()) + '\n';
    case Raw: return delivery.body();
    case Format: return (*m_format)({.message = delivery, .delivery = &delivery, .file = file});
    case Body: break;
    }
    return (m_folder ? file.toUtf8() : delivery.body()) + '\n';
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
