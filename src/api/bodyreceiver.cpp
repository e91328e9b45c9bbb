// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/bodyreceiver.h"

#include "api/qamqpconsumer_p.h"
#include "api/turnclock.h"
#include "values/errorkinds.h"
#include "values/qamqpmessage_p.h"

#include <QtCore/qthread.h>
#include <QtNetwork/qsslsocket.h>

QT_BEGIN_NAMESPACE

using Kind = QAmqpError::Kind;

namespace QtAmqpPrivate {

// When more bytes than these wait here and in the device, nothing is read from the connection, until half of them are
// written.
constexpr qint64 MostUnwritten = 1024 * 1024;

static qint64 bytesToWrite(const QIODevice &device)
{
    const auto *const tls = qobject_cast<const QSslSocket *>(&device);
    return device.bytesToWrite() + (tls ? tls->encryptedBytesToWrite() : 0);
}

BodyReceiver::BodyReceiver(QAmqpConsumerPrivate &consumer, QAmqpConsumer::BodySink sink)
    : QObject(consumer.q), m_consumer(consumer), m_sink(std::move(sink))
{
}

BodyReceiver::~BodyReceiver()
{
    m_hasLeft = true;
    holdIfFull();
}

// Many messages without a body take memory too.
qint64 BodyReceiver::Arrival::waitingBytes() const
{
    return bytes.size() + QAmqpMessagePrivate::size(delivery) + QAmqpConsumerPrivate::Overhead;
}

void BodyReceiver::add(Arrival &&arrival)
{
    m_waiting += arrival.waitingBytes();
    m_arrivals.push_back(std::move(arrival));
    work();
}

void BodyReceiver::began(const QAmqpDelivery &delivery, quint64 size)
{
    add({.delivery = delivery, .sink = m_sink, .size = size});
}

void BodyReceiver::arrived(QByteArray &&bytes, bool isWanted)
{
    if (m_arrivals.empty() || m_arrivals.back().isComplete)
        return;
    Arrival &last = m_arrivals.back();
    if (!isWanted)
        notWanted();
    if (last.error)
        return;
    m_waiting += bytes.size();
    if (last.bytes.isEmpty())
        last.bytes = std::move(bytes);
    else
        last.bytes += bytes;
    work();
    // This may be deleted by now.
}

void BodyReceiver::ended(quint64 deliveryTag, bool isWanted)
{
    if (m_arrivals.empty() || m_arrivals.back().delivery.deliveryTag() != deliveryTag)
        return; // nobody wanted it when it began
    if (!isWanted)
        notWanted();
    m_arrivals.back().isComplete = true;
    work();
}

void BodyReceiver::queue(const QAmqpDelivery &delivery, const QAmqpError &error)
{
    add({.delivery = delivery,
         .error = error,
         .sort = error ? Sort::Discarded : Sort::Whole,
         .isComplete = true});
}

void BodyReceiver::notWanted()
{
    Arrival &last = m_arrivals.back();
    if (!last.error)
        fail(last, Kind::Cancelled,
             QStringLiteral("its consumer, channel or connection is being closed"));
}

void BodyReceiver::interrupted(const QAmqpError &cause)
{
    for (Arrival &arrival : m_arrivals) {
        failLost(arrival, cause);
        arrival.isComplete = true;
    }
    work();
}

// The broker has forgotten what it has sent entirely without acknowledgement; everything else is void.
void BodyReceiver::failLost(Arrival &arrival, const QAmqpError &reason) const
{
    if (arrival.error || (arrival.isComplete && m_consumer.noAck))
        return;
    fail(arrival, reason ? kindOfLoss(reason) : Kind::Cancelled,
         reason ? reason.text() : QStringLiteral("the consumer was cancelled"));
}

void BodyReceiver::giveUp(const QAmqpError &reason)
{
    m_endsWith = reason;
    work();
}

void BodyReceiver::leave()
{
    m_hasLeft = true;
    holdIfFull();
}

// While the application's function or a device runs, this does nothing but wait for its end.
void BodyReceiver::work()
{
    holdIfFull();
    if (std::exchange(m_isWorking, true))
        return;
    const QPointer<BodyReceiver> alive(this);
    TurnClock clock(TimePoint::clock::now(), true);
    while (!m_hasLeft && !m_arrivals.empty()) {
        const Step done = step(m_arrivals.front());
        if (done == Step::Nothing)
            break;
        if (done == Step::HandedOut && !m_arrivals.empty() && !m_endsWith && clock.isOver(0)) {
            m_consumer.channel->scheduleConsumerUpdate(); // which calls this again
            break;
        }
    }
    if (!alive)
        return;
    m_isWorking = false;
    holdIfFull();
    if (m_arrivals.empty())
        m_consumer.deliverLast();
}

// A deque does not move its elements when others are added behind them.
BodyReceiver::Step BodyReceiver::step(Arrival &arrival)
{
    const QPointer<BodyReceiver> alive(this);
    if (m_endsWith)
        failLost(arrival, *m_endsWith);
    if (arrival.sort == Sort::Streamed && !arrival.isOpen && !arrival.error)
        open(arrival);
    else if (!arrival.bytes.isEmpty())
        write(arrival);
    else if (!arrival.isComplete && !m_endsWith)
        return Step::Nothing;
    else {
        Arrival done = std::move(arrival);
        m_arrivals.pop_front();
        finish(done);
        return alive ? Step::HandedOut : Step::Nothing;
    }
    return alive ? Step::GoesOn : Step::Nothing;
}

void BodyReceiver::open(Arrival &arrival)
{
    const QPointer<BodyReceiver> alive(this);
    arrival.isOpen = true;
    const auto sink = std::exchange(arrival.sink, {}); // which may delete this
    QIODevice *const device = sink ? sink(arrival.delivery, arrival.size) : nullptr;
    if (!alive)
        return;
    watch(device);
    if (arrival.error) // the consumer was cancelled meanwhile
        return;
    if (!device)
        fail(arrival, Kind::DeviceFailed, QStringLiteral("no device was given for it"));
    else if (!device->isWritable())
        fail(arrival, Kind::DeviceFailed, QStringLiteral("the device is not open for writing"));
    else if (device->thread() != QThread::currentThread())
        fail(arrival, Kind::DeviceFailed, QStringLiteral("the device belongs to another thread"));
}

void BodyReceiver::write(Arrival &arrival)
{
    const QByteArray bytes = std::exchange(arrival.bytes, {});
    m_waiting -= bytes.size();
    if (arrival.error)
        return;
    if (!m_device || !m_device->isOpen())
        return fail(arrival, Kind::DeviceFailed,
                    m_device ? QStringLiteral("the device was closed")
                             : QStringLiteral("the device was destroyed"));
    const QPointer<BodyReceiver> alive(this);
    const qint64 written = m_device->write(bytes);
    if (!alive)
        return;
    arrival.written += quint64(std::max<qint64>(written, 0));
    if (written != bytes.size() && !arrival.error)
        fail(arrival, Kind::DeviceFailed,
             !m_device             ? QStringLiteral("the device was destroyed")
                     : written < 0 ? m_device->errorString()
                                   : QStringLiteral("the device took only a part of it"));
    holdIfFull();
}

// The delivery is settled by the application, whether its body was written or not. A slot may run an event loop, and
// what comes in it must be worked at, since reading stops when too much of it waits.
void BodyReceiver::finish(const Arrival &arrival)
{
    m_waiting -= arrival.waitingBytes();
    const QPointer<BodyReceiver> alive(this);
    m_isWorking = false;
    if (!arrival.error) {
        m_consumer.deliver(arrival.delivery);
    } else if (arrival.sort != Sort::Whole) { // else it comes again
        if (arrival.sort == Sort::Streamed)
            m_consumer.noteShown(arrival.delivery);
        m_consumer.discarded(arrival.delivery, arrival.error);
    }
    if (alive)
        m_isWorking = true;
}

void BodyReceiver::fail(Arrival &arrival, QAmqpError::Kind kind, const QString &why) const
{
    arrival.error = operationError(
            kind,
            kind == Kind::DeviceFailed ? QAmqpError::Origin::Application
                                       : QAmqpError::Origin::Library,
            u"the message from exchange \"%1\" with routing key \"%2\" is incomplete, since its body "
            "was written up to byte %3 of %4: %5",
            arrival.delivery.exchange(), arrival.delivery.routingKey(), arrival.written,
            arrival.size, why);
}

// What an earlier device still has to write does not count any more: that device is the application's again.
void BodyReceiver::watch(QIODevice *device)
{
    if (m_device == device)
        return;
    if (m_device)
        m_device->disconnect(this);
    m_device = device;
    if (!device)
        return;
    connect(device, &QIODevice::bytesWritten, this, &BodyReceiver::holdIfFull);
    connect(device, &QIODevice::aboutToClose, this, &BodyReceiver::holdIfFull,
            Qt::QueuedConnection);
    connect(device, &QObject::destroyed, this, &BodyReceiver::holdIfFull);
    if (auto *const tls = qobject_cast<QSslSocket *>(device))
        connect(tls, &QSslSocket::encryptedBytesWritten, this, &BodyReceiver::holdIfFull);
}

// A device that buffers, such as a socket, may have much to write even when the message is complete. But no device
// stops the reading for a consumer for which nothing more comes.
void BodyReceiver::holdIfFull()
{
    const bool isOver = m_hasLeft || m_endsWith;
    const qint64 bytes = m_waiting + (m_device && m_device->isOpen() ? bytesToWrite(*m_device) : 0);
    const bool isFull = !isOver && bytes > (m_isHolding ? MostUnwritten / 2 : MostUnwritten);
    if (std::exchange(m_isHolding, isFull) == isFull)
        return;
    if (const std::shared_ptr<Engine> engine = m_consumer.engine.lock())
        engine->countFullSinks(isFull ? 1 : -1);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
