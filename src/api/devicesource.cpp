// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/devicesource.h"

#include "api/engine.h"

#include <QtCore/qfiledevice.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// QFileDevice has no signal for what can be read, and waits for it instead.
DeviceSource::DeviceSource(QIODevice *device, std::weak_ptr<Engine> engine)
    : m_device(device)
    , m_engine(std::move(engine))
    , m_isFinished(!device->isSequential() || qobject_cast<QFileDevice *>(device))
{
    connect(device, &QIODevice::readyRead, this, &DeviceSource::wake);
    connect(device, &QIODevice::aboutToClose, this, &DeviceSource::wake);
    connect(device, &QObject::destroyed, this, &DeviceSource::wake);
    connect(device, &QIODevice::readChannelFinished, this, [this] {
        m_isFinished = true;
        wake();
    });
}

void DeviceSource::wake()
{
    if (!std::exchange(m_isWaiting, false))
        return;
    if (const std::shared_ptr<Engine> engine = m_engine.lock())
        engine->scheduleTurn();
}

qint64 DeviceSource::fail(const QString &error)
{
    m_error = error;
    return -1;
}

// A device may be the application's own: while it is read, it may even be deleted.
qint64 DeviceSource::read(char *to, qint64 most)
{
    if (!m_device)
        return fail(QStringLiteral("the device was destroyed"));
    if (!m_device->isOpen())
        return fail(QStringLiteral("the device was closed"));
    m_isWaiting = true; // it may emit readyRead() meanwhile
    const qint64 bytes = m_device->read(to, most);
    m_isWaiting = m_isWaiting && bytes == 0;
    if (bytes > 0)
        return bytes;
    if (bytes < 0)
        return fail(m_device ? m_device->errorString()
                             : QStringLiteral("the device was destroyed"));
    if (m_isFinished)
        return fail(QStringLiteral("the device has nothing more to read"));
    return 0;
}

// A turn sends what there is room for. The next one follows when the transport has written most of that: at once if
// it took all of it. Reading a device may run any code of the application, as a slot may.
void Engine::sendBodies()
{
    const bool isMore = QtAmqpPrivate::sendBodies(
            BodyWindow - m_transportBytes, [this] { return m_linked ? m_core.get() : nullptr; });
    write();
    if ((isMore && m_transportBytes < BodyWindow) || m_core->hasEvents())
        scheduleTurn();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
