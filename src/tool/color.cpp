// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "color.h"

#include "command.h"
#include "platform.h"

#include <QtCore/qstringlist.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

enum class Mode { Auto, Always, Never };

Mode mode = Mode::Auto;

bool hasColors([[maybe_unused]] Stream stream)
{
    if (mode != Mode::Auto)
        return mode == Mode::Always;
        // See https://no-color.org. A terminal of Windows has colors only if it is asked for them.
#ifdef Q_OS_WIN
    return false;
#else
    static const bool wanted = qEnvironmentVariableIsEmpty("NO_COLOR") && qgetenv("TERM") != "dumb";
    static const bool terminals[] = {false, isTerminal(Stream::Output), isTerminal(Stream::Error)};
    return wanted && terminals[int(stream)];
#endif
}

QByteArray begin(Style style)
{
    switch (style) {
    case Style::Error: return "\033[1;31m"; // bold red
    case Style::Heading: return "\033[1m";
    case Style::Text: return "\033[32m"; // green
    case Style::Number: return "\033[35m"; // magenta
    }
    return {};
}

QByteArray inStyle(Style style, QByteArrayView text)
{
    return begin(style).append(text) + "\033[0m";
}

// Returns where the string ends that begins here.
qsizetype endOfString(const QByteArray &json, qsizetype at)
{
    for (++at; at < json.size() && json.at(at) != '"'; ++at) {
        if (json.at(at) == '\\')
            ++at;
    }
    return std::min(at + 1, json.size());
}

} // namespace

void setColorMode(const QString &name)
{
    const QStringList names = QString::fromLatin1(colorModes).split(u' ');
    const qsizetype index = names.indexOf(name);
    if (index < 0)
        throw Failure{BadUsage, u"--color \"%1\" is not auto, always or never"_s.arg(name)};
    mode = Mode(index);
}

QByteArray styled(Stream stream, Style style, const QByteArray &text)
{
    return hasColors(stream) ? inStyle(style, text) : text;
}

QByteArray styledJson(const QByteArray &json)
{
    if (!hasColors(Stream::Output))
        return json;
    constexpr QByteArrayView punctuation = "{}[],: \n";
    QByteArray colored;
    for (qsizetype at = 0, end = 0; at < json.size(); at = end) {
        end = at + 1;
        if (json.at(at) == '"') {
            end = endOfString(json, at);
            const bool isName = end < json.size() && json.at(end) == ':';
            colored += inStyle(isName ? Style::Heading : Style::Text,
                               QByteArrayView(json).sliced(at, end - at));
        } else if (punctuation.contains(json.at(at))) {
            colored += json.at(at);
        } else {
            while (end < json.size() && !punctuation.contains(json.at(end)))
                ++end;
            colored += inStyle(Style::Number, QByteArrayView(json).sliced(at, end - at));
        }
    }
    return colored;
}

} // namespace Tool
