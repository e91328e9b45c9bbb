// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_PLATFORM_H
#define QTAMQP_TOOL_PLATFORM_H

// The few things that neither Qt nor the standard library has: plain reads and writes of the standard
// streams, and the signals that ask a program to stop. All system calls of the tool are in platform.cpp.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

#include <functional>

class QObject;

namespace Tool {

enum class Stream { Input = 0, Output = 1, Error = 2 };

// To be called before anything else: keeps the number of a standard stream that the caller has closed
// from being given to a socket or a pipe of ours. Reading or writing such a stream is an error.
void keepStandardStreams();

bool isTerminal(Stream stream);

// The columns of a terminal, 0 if that is unknown.
int terminalWidth(Stream stream);

// Waits for input. Returns how many bytes came, 0 at the end, -1 on an error, which goes to `error`.
qint64 readInput(char *buffer, qint64 size, QString *error);

enum class WriteResult { Written, ReaderGone, Failed };

// Waits until all is written; what is wrong goes to `error`.
WriteResult writeAll(Stream stream, QByteArrayView bytes, QString *error);

// Calls `then` from the event loop when nobody reads standard output any more, though nothing is written.
// (Windows tells it by writing alone.) Lasts as long as `context`.
void onReaderGone(QObject *context, const std::function<void()> &then);

// Writing to a stream that nobody reads any more is an error instead of the end of the program.
void ignoreBrokenPipe();

// Calls `stop` from the event loop when Ctrl-C or SIGTERM arrives, once; the next one ends the program.
void onStopSignal(const std::function<void(int signal)> &stop);

} // namespace Tool

#endif
