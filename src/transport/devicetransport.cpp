// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "transport/devicetransport.h"

#include "transport/nativesocket.h"

#include <QtCore/qbuffer.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qmetaobject.h>
#include <QtCore/qthread.h>
#include <QtCore/qtimer.h>
#include <QtNetwork/qlocalsocket.h>
#include <QtNetwork/qsslsocket.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr qint64 MostInDevice = 256 * 1024;
constexpr auto LingerTime = std::chrono::seconds(10);

static QMetaMethod findSignal(const QObject &object, const char *name)
{
    const QMetaObject *type = object.metaObject();
    for (int i = 0; i < type->methodCount(); ++i) {
        if (type->method(i).methodType() == QMetaMethod::Signal && type->method(i).name() == name)
            return type->method(i);
    }
    return {};
}

// Connects to the signal of that name whatever its arguments are, as they differ from device to device.
bool DeviceTransport::listen(const char *signal, const char *slot)
{
    const QMetaMethod found = findSignal(*m_device, signal);
    const QMetaObject *own = &staticMetaObject;
    return found.isValid()
            && connect(m_device.get(), found, this, own->method(own->indexOfSlot(slot)));
}

// The transport belongs to no thread until it is opened, so that the connection can be moved to another one
// before that.
DeviceTransport::DeviceTransport(MakeDevice makeDevice) : m_makeDevice(std::move(makeDevice))
{
    moveToThread(nullptr);
}

void DeviceTransport::open(const QAmqpEndpoint &endpoint)
{
    if (!thread())
        moveToThread(QThread::currentThread());
    watchThread();
    abort();
    m_lost.reset();
    m_device = m_makeDevice(endpoint);
    if (!m_device)
        return noteLost(QStringLiteral("no device was made for it"));
    if (endpoint.tls && !qobject_cast<QSslSocket *>(m_device.get()))
        return noteLost(QStringLiteral(
                "this device has no TLS of which the connection knows; use amqp instead of amqps"));
    connect(m_device.get(), &QIODevice::readyRead, this, &DeviceTransport::requestTurn);
    connect(m_device.get(), &QIODevice::bytesWritten, this, &DeviceTransport::noteWritten);
    connect(m_device.get(), &QIODevice::readChannelFinished, this, &DeviceTransport::noteEnd);
    connect(m_device.get(), &QIODevice::aboutToClose, this, &DeviceTransport::noteEnd);
    listen("errorOccurred", "noteError()");
    listen("disconnected", "noteEnd()");
    m_state = State::Opening;
    const auto *socket = qobject_cast<QAbstractSocket *>(m_device.get());
    const auto *tls = qobject_cast<QSslSocket *>(m_device.get());
    const bool isReady = !socket  ? m_device->isOpen()
            : tls && endpoint.tls ? tls->isEncrypted()
                                  : socket->state() == QAbstractSocket::ConnectedState;
    if (isReady)
        noteOpened();
    else if (m_device->errorString()
             != QBuffer().errorString()) // the device failed before its signals were connected
        noteError();
    else if (!listen(endpoint.tls ? "encrypted" : "connected", "noteOpened()"))
        noteLost(
                QStringLiteral("the device is not open and has no signal connected() to wait for"));
}

void DeviceTransport::noteOpened()
{
    if (m_state == State::Opening)
        m_state = State::Ready;
    if (const auto *socket = qobject_cast<QAbstractSocket *>(m_device.get()))
        keepFromForks(socket->socketDescriptor(), *m_device);
    else if (const auto *local = qobject_cast<QLocalSocket *>(m_device.get()))
        keepFromForks(local->socketDescriptor(), *m_device);
    requestTurn();
}

void DeviceTransport::noteWritten()
{
    if (std::exchange(m_full, !m_out.isEmpty()))
        requestTurn();
}

void DeviceTransport::noteEnd() { noteLost(QStringLiteral("the peer closed it")); }
void DeviceTransport::noteError()
{
    if (!isOnlyLate(*m_device))
        noteLost(m_device->errorString());
}

void DeviceTransport::noteLost(const QString &reason)
{
    if (!m_lost)
        m_lost = reason;
    requestTurn();
}

void DeviceTransport::flush()
{
    if (m_state != State::Open || m_out.isEmpty() || m_device->bytesToWrite() > MostInDevice)
        return;
    const qint64 taken = m_device->write(m_out);
    m_out.remove(0, qMax<qint64>(taken, 0));
    m_full = m_device->bytesToWrite() > 0 || !m_out.isEmpty();
}

qint64 DeviceTransport::bytesToWrite() const
{
    return m_out.size() + (m_device ? m_device->bytesToWrite() : 0);
}

// The device is not deleted at once, since one of its signals may be what led here.
QIODevice *DeviceTransport::release()
{
    setDeadline(std::nullopt);
    m_state = State::Closed;
    m_full = false;
    m_out.clear();
    if (!m_device)
        return nullptr;
    m_device->disconnect(this);
    if (QCoreApplication *const application = QCoreApplication::instance();
        application && application->thread() == m_device->thread())
        m_device->setParent(application); // deletes the device if no event loop does
    return m_device.release();
}

// The device itself still sends what was written, if an event loop goes on and the peer reads.
void DeviceTransport::close()
{
    if (m_state == State::Open && !m_out.isEmpty())
        m_device->write(m_out);
    QIODevice *const device = release();
    if (!device)
        return;
    if (device->thread() != QThread::currentThread()) { // its thread has ended, with its event loop
        device->close();
        delete device;
        return;
    }
    const QMetaMethod ended = findSignal(*device, "disconnected");
    const QMetaObject &type = QObject::staticMetaObject;
    if (ended.isValid() && device->bytesToWrite() > 0) {
        connect(device, ended, device, type.method(type.indexOfSlot("deleteLater()")));
        QTimer::singleShot(LingerTime, device, &QObject::deleteLater);
    } else {
        device->deleteLater();
    }
    device->close();
}

void DeviceTransport::abort()
{
    QIODevice *const device = release();
    if (device && device->thread() != QThread::currentThread())
        delete device;
    else if (device)
        device->deleteLater();
}

// The turn may delete this object: with the connection, or at the end of a Farewell.
void DeviceTransport::runTurn()
{
    if (m_state == State::Ready) {
        m_state = State::Open;
        opened();
    }
    if (m_state == State::Open)
        readFrom(*m_device);
    if (m_lost && (!m_device || m_state != State::Open || m_device->bytesAvailable() == 0))
        lost(*std::exchange(m_lost, std::nullopt));
    flush();
    const QPointer<LoopTransport> alive(this);
    if (turn() && alive && (mayRead() || m_lost) && hasRoom())
        requestTurn();
}

bool DeviceTransport::mayRead() const
{
    return m_state == State::Open && m_device->bytesAvailable() > 0;
}

} // namespace QtAmqpPrivate

/*!
    Makes a transport over a QIODevice, such as QLocalSocket, QProcess or a device of your own, on the Qt
    event loop of the connection's thread. \a makeDevice is called for each attempt to connect, since a
    device cannot be used again once it was lost. If it cannot make a device, it returns null.

    \snippet snippets.cpp device

    The device is either open, or opening: then it must emit a signal with the name of
    QAbstractSocket::connected() when it is open. The transport notices the end of the device by
    QIODevice::readChannelFinished() and QIODevice::aboutToClose(), and by signals with the names of
    QAbstractSocket::disconnected() and QAbstractSocket::errorOccurred(), if the device has them.
    QIODevice::errorString() becomes part of the connection's error. The device must be sequential; it may
    buffer what is written.

    The connection may be moved to another thread after this transport was set, but not any more once it
    was open; set a new transport then.

    The QAmqpEndpoint has the host and port of the URL, which the function may ignore. TLS is supported with
    QSslSocket only: with \c amqps any other device is refused.
*/
std::unique_ptr<QAmqpTransport> QAmqpTransport::overDevice(
        std::function<std::unique_ptr<QIODevice>(const QAmqpEndpoint &)> makeDevice)
{
    return std::make_unique<QtAmqpPrivate::DeviceTransport>(std::move(makeDevice));
}

QT_END_NAMESPACE
