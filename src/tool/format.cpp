// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "format.h"

#include "bytes.h"

#include <QtAmqp/qamqperror.h>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

struct Letter
{
    char letter;
    const char *name; // of the field
};

constexpr Letter placeholders[] = {
        {'b', "body"},           {'r', "routing-key"},  {'e', "exchange"}, {'i', "message-id"},
        {'c', "correlation-id"}, {'t', "content-type"}, {'s', "size"},     {'f', "file"},
};

struct Escape
{
    char letter;
    char byte;
};

constexpr Escape escapes[] = {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'0', '\0'}, {'\\', '\\'}};

// Escapes control characters, so that a name cannot add lines or move the cursor.
QByteArray inLine(const QByteArray &bytes) { return QAmqpError::printable(textOf(bytes)).toUtf8(); }

} // namespace

MessageFormat::MessageFormat(const QString &given) : m_given(given), m_parts(1)
{
    for (qsizetype at = 0; at < given.size();) {
        const QChar c = given.at(at);
        if (c == u'%')
            at = readPlaceholder(at + 1);
        else if (c == u'\\')
            at = readEscape(at + 1);
        else {
            const auto special = [](QChar other) { return other == u'%' || other == u'\\'; };
            const auto end = std::find_if(given.begin() + at, given.end(), special);
            const qsizetype size = end - given.begin() - at;
            m_parts.back().text += bytesOf(given.sliced(at, size));
            at += size;
        }
    }
}

// Returns where the text goes on.
qsizetype MessageFormat::readPlaceholder(qsizetype at)
{
    const QStringView rest = QStringView(m_given).sliced(at);
    if (rest.startsWith(u'%')) {
        m_parts.back().text += '%';
        return at + 1;
    }
    if (const qsizetype end = rest.indexOf(u'}'); rest.startsWith(u'{') && end > 0) {
        add(rest.sliced(1, end - 1).toString());
        return at + end + 1;
    }
    for (const Letter &each : placeholders) {
        if (rest.startsWith(QLatin1Char(each.letter))) {
            add(text(each.name));
            return at + 1;
        }
    }
    throw wrong(
            u" has a % that stands for nothing; there are %b, %r, %e, %i, %c, %t, %s, %f, %{NAME} "
            "and %%"_s);
}

qsizetype MessageFormat::readEscape(qsizetype at)
{
    for (const Escape &each : escapes) {
        if (at < m_given.size() && m_given.at(at) == QLatin1Char(each.letter)) {
            m_parts.back().text += each.byte;
            return at + 1;
        }
    }
    throw wrong(u" has a \\ that stands for nothing; there are \\n, \\t, \\r, \\0 and \\\\"_s);
}

void MessageFormat::add(const QString &name)
{
    const std::optional<Field> field = fieldNamed(name, FieldsOf::Printed);
    if (!field)
        throw wrong(u": there is no \"%1\" in a message; there are %2"_s.arg(
                name, fieldNames(FieldsOf::Printed)));
    m_parts.back().field = *field;
    m_parts.back().isExact = name == "body"_L1;
    m_parts.emplace_back();
}

Failure MessageFormat::wrong(const QString &what) const
{
    return {BadUsage, u"--format \""_s + m_given + u'"' + what};
}

QByteArray MessageFormat::operator()(const Shown &shown) const
{
    QByteArray line;
    for (const Part &part : m_parts) {
        line += part.text;
        if (!part.field)
            continue;
        const QByteArray value = part.field(shown).value_or(QByteArray());
        line += part.isExact ? value : inLine(value);
    }
    return line + '\n';
}

} // namespace Tool
