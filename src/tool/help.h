// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_HELP_H
#define QTAMQP_TOOL_HELP_H

// What the program says about itself: its help, its man page, and what a shell completes. All of it is made from the
// table of commands in command.h.

#include "command.h"

namespace Tool {

struct StatusText
{
    const char *number;
    const char *meaning;
};

std::span<const StatusText> statusTexts();
QString statusHelp(); // the same as lines of text

// One line for each command.
QString summaries(std::span<const Command *const> commands);
QString generalHelp();

QByteArray manPage();

// What may stand in the place of the last of `words`, which are those behind "qamqp". The first line says what the
// other lines are: "words", "parts" (behind which something follows without a blank), or that the shell is to complete
// the names of files, folders or programs ("files", "folders", "programs"). A tab and a description may follow a word.
QByteArray completions(const QStringList &words);

// The script that asks for completions() in this shell. Throws a Failure that names the shells if there is none.
QByteArray completionScript(const QString &shell);

} // namespace Tool

#endif
