// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_INPUT_H
#define QTAMQP_TOOL_INPUT_H

// Bodies of messages from standard input or a file. They are read in a thread of their own, since waiting for
// input must not keep this program from sending heartbeats. Only a few are held at a time.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

#include <memory>

namespace Tool {

class Input
{
public:
    enum Split { Whole, Lines };
    // A file of this size or more is better not read into memory as a whole.
    static constexpr qint64 Large = 1024 * 1024;
    // The largest message that RabbitMQ can be configured for.
    static constexpr qint64 MaxBody = 512 * 1024 * 1024;
    static QString tooLong(const QString &fileName);

    static constexpr qsizetype MostHeld = 1024 * 1024;

    // Reads standard input if `fileName` is empty, and some `mostHeld` bytes ahead. Throws a Failure if the file cannot
    // be opened.
    Input(const QString &fileName, Split split, qsizetype mostHeld = MostHeld);
    ~Input();

    // When the result of these may have changed, this thread gets an event, which ends a wait. If reading
    // failed, both throw that after everything that was read before was taken.
    bool hasNext() const;
    bool isOver() const; // the input is at its end, and nothing is left to take
    QByteArray takeNext();
    // Reads nothing more. What was read can still be taken, without a last line that has not ended.
    void end();

private:
    struct State;
    static void work(const std::shared_ptr<State> &state);

    // Shared with the reading thread, which may outlive this object: a wait in read(2) cannot be ended.
    const std::shared_ptr<State> m_state;
};

} // namespace Tool

#endif
