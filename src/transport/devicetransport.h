// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_DEVICETRANSPORT_H
#define QTAMQP_TRANSPORT_DEVICETRANSPORT_H

// A transport over any QIODevice, on the Qt event loop. It listens to readyRead() and, if the device has such
// signals, to connected(), disconnected() and errorOccurred(), whatever their arguments are.

#include "transport/looptransport.h"

#include <QtCore/qiodevice.h>

#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class DeviceTransport final : public LoopTransport
{
    Q_OBJECT
public:
    using MakeDevice = std::function<std::unique_ptr<QIODevice>(const QAmqpEndpoint &)>;

    explicit DeviceTransport(MakeDevice makeDevice);
    ~DeviceTransport() override { DeviceTransport::abort(); }

    void open(const QAmqpEndpoint &endpoint) override;
    void write(const QByteArray &block) override { m_out += block; }
    void flush() override;
    qint64 bytesToWrite() const override;
    bool waitForTurn(std::chrono::milliseconds limit) override
    {
        return waitFor(m_device.get(), limit);
    }
    void close() override;
    void abort() override;

protected:
    void runTurn() override;
    bool mayRead() const override;

private Q_SLOTS:
    void noteOpened();
    void noteWritten();
    void noteEnd();
    void noteError();

private:
    void noteLost(const QString &reason);
    bool listen(const char *signal, const char *slot);
    QIODevice *release();

    // Ready means that the device is open, but opened() was not called yet.
    enum class State : quint8 { Closed, Opening, Ready, Open };

    MakeDevice m_makeDevice;
    std::unique_ptr<QIODevice> m_device;
    State m_state = State::Closed;
    bool m_full = false; // the device has bytes that are not written yet
    QByteArray m_out;
    std::optional<QString> m_lost;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
