// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_INPUT_H
#define QTAMQP_TOOL_INPUT_H

// Bodies of messages from standard input or a file, read on a thread of its own: waiting for input
// must not keep this program from answering heartbeats. Only a few are held at a time.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

#include <memory>

namespace Tool {

class Input
{
public:
    enum Split { Whole, Lines };

    // Standard input if `fileName` is empty. Throws a Failure if the file cannot be opened.
    Input(const QString &fileName, Split split);
    ~Input();

    // Each makes an event in this thread when it may have changed; when what was read before an error
    // is taken, both throw it.
    bool hasNext() const;
    bool isOver() const; // and nothing is left
    QByteArray takeNext();

private:
    struct State;
    static void work(const std::shared_ptr<State> &state);

    // Shared, since a thread that waits in read(2) cannot be made to end.
    const std::shared_ptr<State> m_state;
};

} // namespace Tool

#endif
