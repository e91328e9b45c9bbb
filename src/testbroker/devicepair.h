// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_DEVICEPAIR_H
#define QTAMQP_TESTBROKER_DEVICEPAIR_H

// Two devices in memory: what is written to one is read from the other, as with a pair of connected sockets. The two
// may live in different threads. Signals are always emitted from the event loop, never from within write() or read(),
// so that neither end is ever called while it is at work.

#include <QtCore/qiodevice.h>

#include <memory>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

// What both ends hold: the bytes that are under way.
class DevicePipe;

class PairedDevice : public QIODevice
{
    Q_OBJECT
public:
    // Each end has to be made in the thread that it lives in; `side` is 0 or 1.
    PairedDevice(std::shared_ptr<DevicePipe> pipe, int side);
    ~PairedDevice() override;
    static std::shared_ptr<DevicePipe> makePipe();

    bool isSequential() const override { return true; }
    qint64 bytesAvailable() const override;
    qint64 bytesToWrite() const override; // what the other end has not read yet
    void close() override;

protected:
    qint64 readData(char *data, qint64 size) override;
    qint64 writeData(const char *data, qint64 size) override;

private:
    void notify();
    void leave();

    const std::shared_ptr<DevicePipe> m_pipe;
    const int m_side;
    bool m_isEndKnown = false;

    friend class DevicePipe;
};

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
