// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_OUTPUT_H
#define QTAMQP_TOOL_OUTPUT_H

// Standard output, which may be closed at any time, and standard error.

#include <QtCore/qbytearray.h>
#include <QtCore/qelapsedtimer.h>
#include <QtCore/qstring.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace Tool {

struct Failure;

// Writes to standard output and waits for it. Throws a Failure; without a text if nobody reads any more.
void print(QByteArrayView bytes);
// Returns it instead, for when there may be something worse to tell.
std::optional<Failure> tryPrint(QByteArrayView bytes);

// One line on standard error: "name: text". What a broker sent cannot add lines or move the cursor.
void complain(const QString &name, const QString &text);

// A line on standard error that rewrites itself, if that is a terminal.
class Progress
{
public:
    Progress();
    ~Progress();

    void show(const QString &line); // at most five times a second
    void clear();

private:
    const bool m_terminal;
    bool m_shown = false;
    QElapsedTimer m_since;
};

// Writes to standard output on a thread of its own, so that a reader that takes its time (a pager)
// does not keep this program from answering heartbeats.
class Writer
{
public:
    // Makes an event in this thread whenever written() or failure() has changed.
    Writer();
    ~Writer(); // waits for nothing: write what matters, then look at written()

    // Writes `bytes`, then calls `then` on the writer's thread: for the last of what was written in one go.
    void write(const QByteArray &bytes, const std::function<void()> &then);
    quint64 written() const; // how many calls of write() are done
    std::optional<Failure> failure() const;

private:
    struct State;
    static void work(const std::shared_ptr<State> &state);

    // Shared, since a thread that waits in write(2) cannot be made to end.
    const std::shared_ptr<State> m_state;
};

} // namespace Tool

#endif
