// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "output.h"

#include "color.h"
#include "command.h"
#include "platform.h"

#include <QtAmqp/qamqperror.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qdeadlinetimer.h>
#include <QtCore/qmetaobject.h>

#include <algorithm>
#include <thread>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

// The line that showStatus() writes. Standard output may be the same terminal, and be written to in another thread.
struct Status
{
    std::mutex mutex;
    bool isShown = false;
    QByteArray shown;
    bool isLineOpen = false; // on standard output: something would have to be written behind it
    QDeadlineTimer quiet; // of standard output, which has its lines to itself until then
};

Status status;

void writeError(const QByteArray &bytes)
{
    QString error;
    writeAll(Stream::Error, bytes, &error);
}

void clear(Status &which)
{
    if (std::exchange(which.isShown, false))
        writeError("\r\033[K");
}

bool sharesTerminal()
{
    static const bool shares = canShowStatus() && isTerminal(Stream::Output);
    return shares;
}

WriteResult writeOutput(QByteArrayView bytes, QString *error)
{
    if (!sharesTerminal())
        return writeAll(Stream::Output, bytes, error);
    const std::lock_guard lock(status.mutex);
    clear(status);
    status.isLineOpen = bytes.isEmpty() ? status.isLineOpen : !bytes.endsWith('\n');
    status.quiet.setRemainingTime(1s);
    return writeAll(Stream::Output, bytes, error);
}

} // namespace

std::optional<Failure> tryPrint(QByteArrayView bytes)
{
    QString error;
    switch (writeOutput(bytes, &error)) {
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

void complain(const QString &name, const QString &text, Severity severity)
{
    clearStatus();
    const Style style = severity == Severity::Error ? Style::Error : Style::Heading;
    writeError(styled(Stream::Error, style, name.toUtf8() + ':') + ' '
               + QAmqpError::printable(text).toUtf8() + '\n');
}

bool canShowStatus()
{
    static const bool can = isTerminal(Stream::Error) && qgetenv("TERM") != "dumb";
    return can;
}

void showStatus(const QString &line)
{
    if (!canShowStatus() || !isInForeground(Stream::Error))
        return;
    const std::unique_lock lock(status.mutex, std::try_to_lock);
    if (!lock.owns_lock() || status.isLineOpen || !status.quiet.hasExpired())
        return; // standard output is being written, or was just now
    const int width = terminalWidth(Stream::Error); // a line that wraps could not be rewritten
    const QString plain = QAmqpError::printable(line);
    const QByteArray shown = (width > 1 ? plain.left(width - 1) : plain).toUtf8();
    if (status.isShown && status.shown == shown)
        return;
    status.isShown = true;
    status.shown = shown;
    writeError("\r\033[K" + shown);
}

void clearStatus()
{
    // Who holds the lock has cleared it already, and may hold it for as long as the terminal is stopped.
    const std::unique_lock lock(status.mutex, std::try_to_lock);
    if (lock.owns_lock())
        clear(status);
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

void Writer::write(const QByteArray &bytes, const std::function<void()> &then, quint64 messages)
{
    const std::lock_guard lock(m_state->mutex);
    m_state->bytes += bytes;
    m_state->then = then;
    m_state->accepted += messages;
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
