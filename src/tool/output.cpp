// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "output.h"

#include "command.h"
#include "platform.h"

#include <QtAmqp/qamqperror.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qmetaobject.h>

#include <algorithm>
#include <thread>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

void writeError(const QString &text)
{
    QString error;
    writeAll(Stream::Error, text.toUtf8(), &error);
}

} // namespace

std::optional<Failure> tryPrint(QByteArrayView bytes)
{
    QString error;
    switch (writeAll(Stream::Output, bytes, &error)) {
    case WriteResult::Written: return {};
    case WriteResult::ReaderGone: return Failure{Done, {}}; // as after `| head`: not an error
    case WriteResult::Failed: break;
    }
    return Failure{BadUsage, u"cannot write to standard output: %1"_s.arg(error)};
}

void print(QByteArrayView bytes)
{
    if (const auto failure = tryPrint(bytes))
        throw *failure;
}

void complain(const QString &name, const QString &text)
{
    writeError(name + ": "_L1 + QAmqpError::printable(text) + u'\n');
}

Progress::Progress() : m_terminal(isTerminal(Stream::Error)) { }

Progress::~Progress() { clear(); }

void Progress::show(const QString &line)
{
    if (!m_terminal || (m_since.isValid() && m_since.elapsed() < 200))
        return;
    m_since.start();
    m_shown = true;
    const int width = terminalWidth(Stream::Error); // a line that wraps could not be rewritten
    writeError(u"\r\033[K"_s + (width > 1 ? line.left(width - 1) : line));
}

void Progress::clear()
{
    if (std::exchange(m_shown, false))
        writeError(u"\r\033[K"_s);
}

struct Writer::State
{
    std::mutex mutex;
    std::condition_variable changed;
    QByteArray bytes;
    qint64 writing = 0; // how many bytes the thread has taken and not written yet
    std::function<void()> then;
    quint64 accepted = 0;
    quint64 written = 0;
    std::optional<Failure> failure;
    bool over = false;
};

Writer::Writer() : m_state(std::make_shared<State>())
{
    std::thread([state = m_state] { work(state); }).detach();
}

Writer::~Writer()
{
    const std::lock_guard lock(m_state->mutex);
    m_state->over = true;
    m_state->changed.notify_all();
}

void Writer::work(const std::shared_ptr<State> &state)
{
    std::unique_lock lock(state->mutex);
    for (;;) {
        state->changed.wait(lock, [&] {
            return state->over || state->accepted > state->written || !state->bytes.isEmpty();
        });
        if (state->over)
            return;
        const QByteArray bytes = std::exchange(state->bytes, {});
        state->writing = bytes.size();
        const auto then = std::exchange(state->then, nullptr);
        const quint64 accepted = state->accepted;
        lock.unlock();
        const std::optional<Failure> failure = tryPrint(bytes);
        if (!failure && then)
            then();
        lock.lock();
        state->failure = failure;
        state->writing = 0;
        if (!failure)
            state->written = accepted;
        // The lock delays ~Writer(), and so the end of the application object, to which the event is posted.
        if (!state->over)
            QMetaObject::invokeMethod(
                    QCoreApplication::instance(), [] {}, Qt::QueuedConnection);
        if (failure)
            return;
    }
}

void Writer::write(const QByteArray &bytes, const std::function<void()> &then)
{
    const std::lock_guard lock(m_state->mutex);
    m_state->bytes += bytes;
    m_state->then = then;
    ++m_state->accepted;
    m_state->changed.notify_all();
}

void Writer::writePart(QByteArrayView bytes)
{
    const std::lock_guard lock(m_state->mutex);
    m_state->bytes += bytes;
    m_state->changed.notify_all();
}

qint64 Writer::bytesToWrite() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->bytes.size() + m_state->writing;
}

qint64 WriterDevice::writeData(const char *data, qint64 size)
{
    if (const auto failure = m_writer.failure()) {
        setErrorString(failure->text.isEmpty() ? u"the reader has gone away"_s : failure->text);
        return -1;
    }
    m_writer.writePart(QByteArrayView(data, size));
    m_toWrite += size;
    return size;
}

void WriterDevice::notice()
{
    const qint64 toWrite = bytesToWrite();
    if (const qint64 written = std::exchange(m_toWrite, toWrite) - toWrite; written > 0)
        Q_EMIT bytesWritten(written);
}

quint64 Writer::written() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->written;
}

std::optional<Failure> Writer::failure() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->failure;
}

} // namespace Tool
