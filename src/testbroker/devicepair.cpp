// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/devicepair.h"

#include <QtCore/qpointer.h>

#include <algorithm>
#include <cstring>
#include <mutex>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

class DevicePipe
{
public:
    struct Side
    {
        PairedDevice *device = nullptr;
        QByteArray input; // not read yet, from m_begin on
        qsizetype begin = 0;
        qint64 written = 0; // what the other end has read and this one has not announced yet
        bool hasNews = false; // there is input that was not announced yet
        bool isClosed = false; // it neither reads nor writes any more
        bool isAwake = false; // notify() is on its way

        qsizetype available() const { return input.size() - begin; }
    };

    // To be called with the mutex locked, which keeps the device alive meanwhile.
    void wake(int side)
    {
        Side &at = sides[side];
        if (at.device && !std::exchange(at.isAwake, true))
            QMetaObject::invokeMethod(
                    at.device, [device = at.device] { device->notify(); }, Qt::QueuedConnection);
    }

    std::mutex mutex;
    Side sides[2];
};

std::shared_ptr<DevicePipe> PairedDevice::makePipe() { return std::make_shared<DevicePipe>(); }

PairedDevice::PairedDevice(std::shared_ptr<DevicePipe> pipe, int side)
    : m_pipe(std::move(pipe)), m_side(side)
{
    open(ReadWrite | Unbuffered);
    const std::lock_guard lock(m_pipe->mutex);
    m_pipe->sides[m_side].device = this;
    m_pipe->wake(m_side); // the other end may have written already
}

PairedDevice::~PairedDevice() { leave(); }

qint64 PairedDevice::bytesAvailable() const
{
    const std::lock_guard lock(m_pipe->mutex);
    return QIODevice::bytesAvailable() + m_pipe->sides[m_side].available();
}

qint64 PairedDevice::bytesToWrite() const
{
    const std::lock_guard lock(m_pipe->mutex);
    const DevicePipe::Side &other = m_pipe->sides[1 - m_side];
    return other.isClosed ? 0 : other.available();
}

void PairedDevice::close()
{
    if (!isOpen())
        return;
    QIODevice::close();
    leave();
}

// The other end can still read what was written before.
void PairedDevice::leave()
{
    const std::lock_guard lock(m_pipe->mutex);
    DevicePipe::Side &own = m_pipe->sides[m_side];
    own.device = nullptr;
    own.input.clear();
    own.begin = 0;
    if (!std::exchange(own.isClosed, true))
        m_pipe->wake(1 - m_side);
}

qint64 PairedDevice::readData(char *data, qint64 size)
{
    const std::lock_guard lock(m_pipe->mutex);
    DevicePipe::Side &own = m_pipe->sides[m_side];
    DevicePipe::Side &other = m_pipe->sides[1 - m_side];
    const qsizetype taken = std::min(qsizetype(size), own.available());
    if (taken == 0)
        return other.isClosed && size > 0 ? -1 : 0;
    std::memcpy(data, own.input.constData() + own.begin, size_t(taken));
    own.begin += taken;
    if (own.available() == 0) {
        own.input.resize(0); // its memory is used again
        own.begin = 0;
    }
    other.written += taken;
    m_pipe->wake(1 - m_side);
    return taken;
}

qint64 PairedDevice::writeData(const char *data, qint64 size)
{
    {
        const std::lock_guard lock(m_pipe->mutex);
        DevicePipe::Side &other = m_pipe->sides[1 - m_side];
        if (!other.isClosed) {
            if (other.begin > other.input.size() / 2) {
                other.input.remove(0, other.begin);
                other.begin = 0;
            }
            other.input.append(data, qsizetype(size));
            other.hasNews = true;
            m_pipe->wake(1 - m_side);
            return size;
        }
    }
    setErrorString(QStringLiteral("The other end is closed."));
    return -1;
}

// A slot may delete the device.
void PairedDevice::notify()
{
    qint64 written = 0;
    bool hasNews = false;
    bool isEnd = false;
    {
        const std::lock_guard lock(m_pipe->mutex);
        DevicePipe::Side &own = m_pipe->sides[m_side];
        own.isAwake = false;
        written = std::exchange(own.written, 0);
        hasNews = std::exchange(own.hasNews, false);
        isEnd = m_pipe->sides[1 - m_side].isClosed;
    }
    const QPointer<PairedDevice> alive(this);
    if (written > 0)
        Q_EMIT bytesWritten(written);
    if (hasNews && alive && isOpen())
        Q_EMIT readyRead();
    if (isEnd && alive && isOpen() && !std::exchange(m_isEndKnown, true))
        Q_EMIT readChannelFinished();
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
