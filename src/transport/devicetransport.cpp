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

// It belongs to no thread until it is opened, so that the connection may be moved to another one before.
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
             != QBuffer().errorString()) // the error came before we listened
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
void DeviceTransport::noteError() { noteLost(m_device->errorString()); }

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
        m_device->setParent(application); // if no event loop goes on
    return m_device.release();
}

// It sends what was written on its own, if an event loop goes on and the peer reads.
void DeviceTransport::close()
{
    if (m_state == State::Open && !m_out.isEmpty())
        m_device->write(m_out);
    QIODevice *const device = release();
    if (!device)
        return;
    if (device->thread() != QThread::currentThread()) { // its thread is over: nothing goes on there
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

// In its turn this object may go: with the connection, or at the end of a farewell.
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
    if (turn() && alive && ((m_state == State::Open && m_device->bytesAvailable() > 0) || m_lost)
        && hasRoom())
        requestTurn();
}

} // namespace QtAmqpPrivate

/*!
    Makes a transport over a QIODevice, such as QLocalSocket, QProcess or a device of your own, on the Qt
    event loop of the connection's thread. \a makeDevice is called for each link that is wanted, since
    a lost device is of no use any more.

    \snippet snippets.cpp device

    The device is to be given open, or about to be opened: then a signal of the same name as
    QAbstractSocket::connected() tells when it is. Its end is told by QIODevice::readChannelFinished(),
    QIODevice::aboutToClose() or signals like QAbstractSocket::disconnected() and
    QAbstractSocket::errorOccurred(), if it has them; QIODevice::errorString() becomes part of the
    connection's error. It must be sequential, and unbuffered writing is not needed.

    The connection may be moved to another thread after this transport was set, but not any more once it
    was open; set a new transport then.

    What the URL says of host and port is in the QAmqpEndpoint, to be used or not. TLS is known of
    QSslSocket only: with \c amqps any other device is refused. If no device can be made, return null.
*/
std::unique_ptr<QAmqpTransport> QAmqpTransport::overDevice(
        std::function<std::unique_ptr<QIODevice>(const QAmqpEndpoint &)> makeDevice)
{
    return std::make_unique<QtAmqpPrivate::DeviceTransport>(std::move(makeDevice));
}

QT_END_NAMESPACE
