// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/bodyreceiver.h"

#include "api/qamqpconsumer_p.h"
#include "values/errorkinds.h"
#include "values/qamqpmessage_p.h"

#include <QtCore/qthread.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;

// With more than these nothing is read from the connection, until half of them are written.
constexpr qint64 MostWaiting = 1024 * 1024;

BodyReceiver::BodyReceiver(QAmqpConsumerPrivate &consumer, QAmqpConsumer::BodySink sink)
    : m_consumer(consumer), m_sink(std::move(sink))
{
}

BodyReceiver::~BodyReceiver()
{
    m_device.clear();
    m_waiting = 0;
    measure();
}

void BodyReceiver::began(const QAmqpDelivery &delivery, quint64 size)
{
    m_arrivals.push_back({.delivery = delivery, .size = size});
    work();
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

void BodyReceiver::queue(const QAmqpDelivery &delivery)
{
    m_waiting += QAmqpMessagePrivate::size(delivery);
    m_arrivals.push_back({.delivery = delivery, .isStreamed = false, .isComplete = true});
    measure();
}

void BodyReceiver::notWanted()
{
    Arrival &last = m_arrivals.back();
    if (!last.error)
        fail(last, Kind::Cancelled,
             QStringLiteral("its consumer, channel or connection is being closed"));
}

void BodyReceiver::giveUp(const QAmqpError &reason)
{
    m_endsWith = reason;
    work();
}

// Goes on with what has arrived. While the application's code runs, this does nothing but wait for its end.
void BodyReceiver::work()
{
    measure();
    if (std::exchange(m_isWorking, true))
        return;
    const QPointer<BodyReceiver> alive(this);
    while (alive && !m_arrivals.empty() && step(m_arrivals.front())) { }
    if (!alive)
        return;
    m_isWorking = false;
    measure();
}

// False if there is nothing more to do, or if this is gone. A deque does not move its elements when others are
// added behind them.
bool BodyReceiver::step(Arrival &arrival)
{
    const QPointer<BodyReceiver> alive(this);
    const bool isLost = m_endsWith && (!arrival.isComplete || !m_consumer.noAck);
    if (isLost && !arrival.error)
        fail(arrival, *m_endsWith ? kindOfLoss(*m_endsWith) : Kind::Cancelled,
             *m_endsWith ? m_endsWith->text() : QStringLiteral("the consumer was cancelled"));
    if (arrival.isStreamed && !arrival.isOpen && !arrival.error)
        open(arrival);
    else if (!arrival.bytes.isEmpty())
        write(arrival);
    else if (!arrival.isComplete && !m_endsWith)
        return false;
    else {
        Arrival done = std::move(arrival);
        m_arrivals.pop_front();
        finish(std::move(done));
    }
    return alive;
}

void BodyReceiver::open(Arrival &arrival)
{
    const QPointer<BodyReceiver> alive(this);
    arrival.isOpen = true;
    const auto sink = m_sink; // which may set another one
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
    measure();
}

// The delivery is settled by the application, whether its body was written or not.
void BodyReceiver::finish(Arrival arrival)
{
    if (!arrival.isStreamed)
        m_waiting -= QAmqpMessagePrivate::size(arrival.delivery);
    if (!arrival.error)
        return m_consumer.deliver(arrival.delivery);
    if (!arrival.isStreamed) // it comes again
        return;
    m_consumer.noteShown(arrival.delivery);
    m_consumer.discarded(arrival.delivery, arrival.error);
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

void BodyReceiver::watch(QIODevice *device)
{
    if (m_device == device)
        return;
    if (m_device)
        m_device->disconnect(this);
    m_device = device;
    if (!device)
        return;
    connect(device, &QIODevice::bytesWritten, this, &BodyReceiver::measure);
    connect(device, &QIODevice::aboutToClose, this, &BodyReceiver::measure, Qt::QueuedConnection);
    connect(device, &QObject::destroyed, this, &BodyReceiver::measure);
}

// A device that buffers, such as a socket, may have much to write even when the message is complete.
void BodyReceiver::measure()
{
    const qint64 bytes =
            m_waiting + (m_device && m_device->isOpen() ? m_device->bytesToWrite() : 0);
    const bool isFull = m_isFull ? bytes > MostWaiting / 2 : bytes > MostWaiting;
    if (std::exchange(m_isFull, isFull) != isFull && m_consumer.channel->engine)
        m_consumer.channel->engine->countFullSinks(isFull ? 1 : -1);
}

void Engine::countFullSinks(int change)
{
    m_fullSinks += change;
    holdReading();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
