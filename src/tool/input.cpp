// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "input.h"

#include "command.h"
#include "platform.h"

#include <QtCore/qcoreapplication.h>
#include <QtCore/qfile.h>
#include <QtCore/qfileinfo.h>
#include <QtCore/qmetaobject.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

using namespace Qt::StringLiterals;

namespace Tool {

constexpr qint64 BlockSize = 64 * 1024;
constexpr QStringView TooLong = u"more than 512 MiB, the largest message there is; split it";

static QString cannotRead(const QString &name, const QString &why)
{
    return u"cannot read %1: %2"_s.arg(name.isEmpty() ? u"standard input"_s : name, why);
}

QString Input::tooLong(const QString &fileName) { return cannotRead(fileName, TooLong.toString()); }

struct Input::State
{
    std::unique_ptr<QFile> file; // null for standard input; used by the reading thread alone
    Split split;
    qsizetype mostHeld = 0;

    mutable std::mutex mutex;
    std::condition_variable taken;
    std::deque<QByteArray> bodies;
    qsizetype held = 0;
    bool over = false; // the input is at its end
    bool reading = false; // the thread waits for input
    bool ending = false; // nothing more is to be read
    bool unwanted = false; // the Input was destroyed
    QString error;

    QString name() const { return file ? file->fileName() : QString(); }

    // Throws the error of the input, after everything that was read before was taken.
    void check() const
    {
        if (over && bodies.empty() && !error.isEmpty())
            throw Failure{BadUsage, cannotRead(name(), error)};
    }

    void open()
    {
        if (!file->open(QIODevice::ReadOnly | QIODevice::Unbuffered))
            error = file->errorString();
    }

    // Returns 0 at the end of the input, and less if it failed or is to end here.
    qint64 readNext(char *buffer)
    {
        {
            const std::lock_guard lock(mutex);
            if (ending)
                return -1;
            reading = true;
        }
        const qint64 bytes = read(buffer);
        const std::lock_guard lock(mutex);
        reading = false;
        return bytes;
    }

    qint64 read(char *buffer)
    {
        if (file && !file->isOpen())
            open();
        if (!error.isEmpty())
            return -1;
        if (!file)
            return readInput(buffer, BlockSize, &error);
        const qint64 bytes = file->read(buffer, BlockSize);
        if (bytes < 0)
            error = file->errorString();
        return bytes;
    }

    // Waits for room and adds a body. Returns false if the Input was destroyed.
    bool hand(QByteArray body)
    {
        std::unique_lock lock(mutex);
        taken.wait(lock, [&] { return unwanted || ending || held < mostHeld; });
        if (unwanted)
            return false;
        held += body.size() + 64;
        bodies.push_back(std::move(body));
        return true;
    }
};

Input::Input(const QString &fileName, Split split, qsizetype mostHeld)
    : m_state(std::make_shared<State>())
{
    m_state->split = split;
    m_state->mostHeld = mostHeld;
    if (!fileName.isEmpty()) {
        m_state->file = std::make_unique<QFile>(fileName);
        // Opening a FIFO waits for its writer, so the thread does that.
        const QFileInfo info(fileName);
        if (!info.exists() || info.isFile() || info.isDir()) {
            m_state->open();
            m_state->over = !m_state->error.isEmpty();
            m_state->check();
        }
    }
    std::thread([state = m_state] { work(state); }).detach();
}

Input::~Input()
{
    const std::lock_guard lock(m_state->mutex);
    m_state->unwanted = true;
    m_state->taken.notify_one();
}

void Input::work(const std::shared_ptr<State> &state)
{
    // The lock delays ~Input(), and so the end of the application object, to which the event is posted.
    const auto wake = [&state] {
        const std::lock_guard lock(state->mutex);
        if (!state->unwanted)
            QMetaObject::invokeMethod(
                    QCoreApplication::instance(), [] {}, Qt::QueuedConnection);
    };
    QByteArray pending;
    QByteArray block(BlockSize, Qt::Uninitialized);
    qint64 bytes = 0;
    while ((bytes = state->readNext(block.data())) > 0) {
        QByteArrayView rest(block.constData(), bytes);
        for (qsizetype end = 0; state->split == Lines && (end = rest.indexOf('\n')) >= 0;
             rest = rest.sliced(end + 1)) {
            pending += rest.first(end);
            if (!state->hand(std::exchange(pending, {})))
                return;
        }
        pending += rest;
        if (pending.size() > MaxBody)
            break;
        wake();
    }
    const bool tooLong = pending.size() > MaxBody;
    if (bytes == 0 && (state->split == Whole || !pending.isEmpty()) && !state->hand(pending))
        return;
    {
        const std::lock_guard lock(state->mutex);
        state->over = true;
        if (tooLong)
            state->error = TooLong.toString();
    }
    wake();
}

bool Input::hasNext() const
{
    const std::lock_guard lock(m_state->mutex);
    m_state->check();
    return !m_state->bodies.empty();
}

bool Input::isOver() const
{
    const std::lock_guard lock(m_state->mutex);
    m_state->check();
    const bool over = m_state->over || (m_state->ending && m_state->reading);
    return over && m_state->bodies.empty();
}

void Input::end()
{
    const std::lock_guard lock(m_state->mutex);
    m_state->ending = true;
    m_state->taken.notify_one();
}

QByteArray Input::takeNext()
{
    const std::lock_guard lock(m_state->mutex);
    QByteArray body = std::move(m_state->bodies.front());
    m_state->bodies.pop_front();
    m_state->held -= body.size() + 64;
    m_state->taken.notify_one();
    return body;
}

} // namespace Tool
