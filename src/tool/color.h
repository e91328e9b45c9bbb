// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_COLOR_H
#define QTAMQP_TOOL_COLOR_H

// Colors on a terminal. There are few, of those that can be read on dark and on light backgrounds, and nowhere do they
// say what the text does not say.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

namespace Tool {

enum class Stream;

// How the option --color names them.
inline constexpr char colorModes[] = "auto always never";

// Takes one of these names. By default it is "auto": a terminal gets colors, unless NO_COLOR is in the environment.
void setColorMode(const QString &name);

enum class Style { Error, Heading, Text, Number };

// Returns the text in this style if the stream has colors, and otherwise the text alone.
QByteArray styled(Stream stream, Style style, const QByteArray &text);

// Returns the same JSON with names, texts and other values in their styles if standard output has colors.
QByteArray styledJson(const QByteArray &json);

} // namespace Tool

#endif
