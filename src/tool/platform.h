// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_PLATFORM_H
#define QTAMQP_TOOL_PLATFORM_H

// Functions that neither Qt nor the standard library has: unbuffered reads and writes of standard streams,
// and the signals that ask a program to stop. All system calls of the tool are in platform.cpp.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

#include <functional>

class QObject;

namespace Tool {

enum class Stream { Input = 0, Output = 1, Error = 2 };

// To be called before anything else. If the parent process has closed a standard stream, this keeps its
// number from being given to a socket or a pipe of this program. Using such a stream is an error.
void keepStandardStreams();

bool isTerminal(Stream stream);

// Returns whether this program is what the user of the terminal has before them, and not a job in the background.
bool isInForeground(Stream terminal);

// Returns whether another program reads what is written there.
bool isPipe(Stream stream);

// Returns the number of columns of a terminal, 0 if it is unknown.
int terminalWidth(Stream stream);

// Waits for input. Returns how many bytes came, 0 at the end of the input, or -1 and sets `error`.
qint64 readInput(char *buffer, qint64 size, QString *error);

// Waits until what was written to a file is on the disk. Returns false and sets `error` if that fails.
bool writeToDisk(int handle, QString *error);
// The same for the names of files in a folder. (Windows has nothing for that.)
bool writeFolderToDisk(const QString &path, QString *error);

enum class WriteResult { Written, ReaderGone, Failed };

// Waits until all is written. Sets `error` if that fails.
WriteResult writeAll(Stream stream, QByteArrayView bytes, QString *error);

// Calls `then` from the event loop when the reader of standard output has gone away, even if nothing is
// written. (Windows notices it only when something is written.) Lasts as long as `context`.
void onReaderGone(QObject *context, const std::function<void()> &then);

// Makes writing to a stream without a reader an error, instead of the end of the program.
void ignoreBrokenPipe();

// Calls `stop` from the event loop when Ctrl-C or SIGTERM arrives for the first time. The next such signal
// ends the program.
void onStopSignal(const std::function<void(int signal)> &stop);

} // namespace Tool

#endif
