// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_OUTPUT_H
#define QTAMQP_TOOL_OUTPUT_H

// Standard output, whose reader may go away at any time, and standard error.

#include <QtCore/qbytearray.h>
#include <QtCore/qiodevice.h>
#include <QtCore/qstring.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace Tool {

struct Failure;

// Writes to standard output and waits until that is done. Throws a Failure if it cannot write, which has no
// text if the reader has gone away.
void print(QByteArrayView bytes);
// Does the same, but returns the Failure, for a caller that may have a worse one.
std::optional<Failure> tryPrint(QByteArrayView bytes);

// Writes one line to standard error: "name: text". Control characters in it are escaped.
enum class Severity { Note, Error };
void complain(const QString &name, const QString &text, Severity severity = Severity::Note);

// A line on standard error that is written again and again, if that is a terminal. Whatever else is written there by
// this program takes its place.
bool canShowStatus();
void showStatus(const QString &line);
void clearStatus();

// Writes to standard output in a thread of its own, so that a slow reader (a pager) does not keep this
// program from sending heartbeats.
class Writer
{
public:
    // Whenever written() or failure() changes, this thread gets an event, which ends a wait.
    Writer();
    ~Writer(); // does not wait: check written() first

    // Writes `bytes`, which are this many messages, then calls `then` in the writing thread. If several calls are
    // written together, only the last `then` is called.
    void write(const QByteArray &bytes, const std::function<void()> &then, quint64 messages = 1);
    void writePart(QByteArrayView bytes); // of what the next write() ends
    qint64 bytesToWrite() const;
    quint64 written() const; // how many messages are written
    std::optional<Failure> failure() const;

private:
    struct State;
    static void work(const std::shared_ptr<State> &state);

    // Shared with the writing thread, which may outlive this object: a wait in write(2) cannot be ended.
    const std::shared_ptr<State> m_state;
};

// A Writer as a device. It fails when the writer does.
class WriterDevice : public QIODevice
{
public:
    explicit WriterDevice(Writer &writer) : m_writer(writer) { open(WriteOnly | Unbuffered); }

    bool isSequential() const override { return true; }
    qint64 bytesToWrite() const override { return m_writer.bytesToWrite(); }
    void notice(); // to be called when an event has come: emits bytesWritten() if something was

protected:
    qint64 readData(char *, qint64) override { return -1; }
    qint64 writeData(const char *data, qint64 size) override;

private:
    Writer &m_writer;
    qint64 m_toWrite = 0; // when that was looked at last
};

} // namespace Tool

#endif
