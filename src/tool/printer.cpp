// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "printer.h"

#include "color.h"
#include "message.h"

#include <QtAmqp/qamqperror.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

constexpr QByteArrayView placeholders = "breicts%";

// Escapes control characters, so that a name cannot add lines or move the cursor.
QByteArray inLine(const QString &name) { return QAmqpError::printable(name).toUtf8(); }

QByteArray meaning(char placeholder, const QAmqpMessage &message, const QAmqpDelivery *delivery)
{
    switch (placeholder) {
    case 'b': return message.body();
    case 's': return QByteArray::number(message.body().size());
    case 'i': return inLine(message.messageId());
    case 'c': return inLine(message.correlationId());
    case 't': return inLine(message.contentType());
    case 'r': return delivery ? inLine(delivery->routingKey()) : QByteArray();
    case 'e': return delivery ? inLine(delivery->exchange()) : QByteArray();
    default: return "%";
    }
}

QByteArray filled(const QByteArray &format, const QAmqpMessage &message,
                  const QAmqpDelivery *delivery)
{
    QByteArray line;
    qsizetype begin = 0;
    for (qsizetype at = 0; (at = format.indexOf('%', begin)) >= 0; begin = at + 2) {
        line += QByteArrayView(format).sliced(begin, at - begin);
        line += meaning(format.at(at + 1), message, delivery);
    }
    return line + format.sliced(begin) + '\n';
}

QByteArray readFormat(const QString &given)
{
    const QByteArray format = given.toUtf8();
    for (qsizetype at = -2; (at = format.indexOf('%', at + 2)) >= 0;) {
        if (at + 1 == format.size() || !placeholders.contains(format.at(at + 1))) {
            throw Failure{
                    BadUsage,
                    u"--format \""_s + given
                            + u"\" has a % that stands for nothing; there are %b, %r, %e, %i, %c, %t, "
                              "%s and %%"_s};
        }
    }
    return format;
}

} // namespace

Printer::Printer(const Arguments &arguments)
{
    arguments.refuseTogether("raw", "json");
    arguments.refuseTogether("raw", "format");
    arguments.refuseTogether("format", "json");
    if (arguments.isSet("json"))
        m_form = Json;
    else if (arguments.isSet("raw"))
        m_form = Raw;
    else if (arguments.isSet("format")) {
        m_form = Format;
        m_format = readFormat(arguments.value("format"));
    }
}

QByteArray Printer::operator()(const QAmqpDelivery &delivery) const
{
    switch (m_form) {
    case Json: return styledJson(delivery.toJson()) + '\n';
    case Raw: return delivery.body();
    case Format: return filled(m_format, delivery, &delivery);
    case Body: break;
    }
    return delivery.body() + '\n';
}

QByteArray Printer::operator()(const QAmqpMessage &message) const
{
    switch (m_form) {
    case Json: return styledJson(message.toJson()) + '\n';
    case Raw: return message.body();
    case Format: return filled(m_format, message, nullptr);
    case Body: break;
    }
    return message.body() + '\n';
}

} // namespace Tool
