// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a channel emits at the end of a turn, because no single event is its cause: changes of its properties,
// publishes that were refused, messages that its consumers may have now.

#include "api/qamqpchannel_p.h"
#include "api/qamqpconnection_p.h"
#include "api/qamqpconsumer_p.h"

#include <QtCore/qmetaobject.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

void QAmqpChannelPrivate::scheduleUpdate()
{
    if (engine)
        engine->scheduleUpdate(*this);
}

void QAmqpChannelPrivate::scheduleConsumerUpdate()
{
    consumersChanged = true;
    scheduleUpdate();
}

void QAmqpChannelPrivate::update()
{
    const QPointer<QAmqpChannel> alive(q);
    updateScheduled = false;
    if (emittedState != currentState() || emittedError != lastError || refusedPublishes > 0)
        scheduleUpdate(); // a slot may run an event loop, whose turns then emit what is left
    emitStateChanged();
    if (alive && refusedPublishes > 0)
        emitPublishRefused();
    if (alive)
        emitLastErrorChanged();
    if (alive && std::exchange(consumersChanged, false))
        updateConsumers();
    if (alive)
        emitReadyToPublish();
    if (alive && !drains.isEmpty())
        updateDrains();
}

void QAmqpChannelPrivate::noteSettled(quint64 deliveryTag, bool multiple, Settlement how)
{
    if (!drains.isEmpty())
        scheduleUpdate();
    for (QAmqpConsumerPrivate *consumer : std::as_const(consumers)) {
        if (consumer->deduplicator)
            consumer->deduplicator->settled(deliveryTag, multiple,
                                            how == Settlement::Ack && !core->isTransactional());
    }
}

void QAmqpChannelPrivate::emitStateChanged()
{
    const QAmqpChannel::State now = currentState();
    if (std::exchange(emittedState, now) != now)
        Q_EMIT q->stateChanged(now);
}

void QAmqpChannelPrivate::setLastError(const QAmqpError &error)
{
    lastError = error;
    if (error != emittedError)
        scheduleUpdate();
}

void QAmqpChannelPrivate::emitLastErrorChanged()
{
    const QAmqpError now = lastError;
    if (std::exchange(emittedError, now) != now)
        Q_EMIT q->lastErrorChanged(now);
}

void QAmqpChannelPrivate::updateConsumers()
{
    const QList<QPointer<QAmqpConsumer>> running = consumerObjects();
    for (const QPointer<QAmqpConsumer> &consumer : running) {
        if (consumer)
            QAmqpConsumerPrivate::of(consumer)->emitChanges();
        if (consumer)
            QAmqpConsumerPrivate::of(consumer)->deliverHeld();
        if (consumer && QAmqpConsumerPrivate::of(consumer)->bodies)
            QAmqpConsumerPrivate::of(consumer)->bodies->work();
    }
}

bool QAmqpChannelPrivate::mayPublish(qint64 bytesToWrite) const
{
    return engine && core && engine->bytesToWrite() < bytesToWrite && !core->hasStreamedBody()
            && (maxUnconfirmed == 0 || core->unconfirmed() < maxUnconfirmed);
}

// Once it is not wise to publish, the answer is no until readyToPublish() is emitted.
void QAmqpChannelPrivate::holdPublish()
{
    if (!std::exchange(publishHeld, true))
        scheduleUpdate();
}

bool QAmqpChannelPrivate::isReadyToPublish()
{
    if (publishHeld || currentState() != QAmqpChannel::State::Open || engine->core().isClosing())
        return false;
    if (mayPublish(Engine::HighWater))
        return true;
    if (!engine->mailbox()->isForeign()) // another thread can only ask
        holdPublish();
    return false;
}

void QAmqpChannelPrivate::emitReadyToPublish()
{
    const QPointer<QAmqpChannel> alive(q);
    if (emittedReady && !isReadyToPublish()) {
        emittedReady = false;
        Q_EMIT q->readyToPublishChanged(false);
    }
    // Half of what stops publishing: so that a block's worth fits each time.
    if (alive && (mayPublish(Engine::HighWater / 2) || currentState() != QAmqpChannel::State::Open))
        publishHeld = false;
    if (alive && !emittedReady && isReadyToPublish()) {
        emittedReady = true;
        Q_EMIT q->readyToPublishChanged(true);
        if (alive)
            Q_EMIT q->readyToPublish();
    }
    if (alive && publishHeld && engine)
        engine->updateLater(*this);
}

quint64 QAmqpChannelPrivate::publishReporting(const QString &exchange, const QString &routingKey,
                                              const QAmqpMessage &message,
                                              QAmqpChannel::PublishFlags flags,
                                              const QueueNamePointer &queue, const DeviceBody *body)
{
    const quint64 tag = publish(exchange, routingKey, message, flags, queue, body);
    if (tag != 0 || (engine && engine->mailbox()->isForeign())) // which was told at once
        return tag;
    refusedError = lastError;
    warnOfRefusal |= !std::exchange(refusalWarned, true);
    ++refusedPublishes;
    scheduleUpdate();
    if (!engine && std::exchange(warnOfRefusal, false)) // no turn follows any more
        qCWarning(qtAmqpChannel).noquote() << lastError.text();
    return 0;
}

void QAmqpChannelPrivate::emitPublishRefused()
{
    const quint64 messages = std::exchange(refusedPublishes, 0);
    const QAmqpError error = std::exchange(refusedError, {});
    const bool isHeard =
            q->isSignalConnected(QMetaMethod::fromSignal(&QAmqpChannel::publishRefused));
    if (std::exchange(warnOfRefusal, false) && !isHeard) {
        const QString warning = formatted(
                u"publish() returned 0, and nothing was sent: %1 (told once until the channel is opened again; publishRefused() tells of each)",
                error.text());
        if (engine)
            engine->log().add(qtAmqpChannel(), QtWarningMsg, warning);
        else // a slot has deleted the connection just now
            qCWarning(qtAmqpChannel).noquote() << warning;
    }
    Q_EMIT q->publishRefused(error, messages);
}

namespace QtAmqpPrivate {

void Engine::updateLater(QAmqpChannelPrivate &channel)
{
    if (!std::exchange(channel.updateScheduled, true))
        m_channelsToUpdate.push_back(channel.weak_from_this());
}

void Engine::scheduleUpdate(QAmqpChannelPrivate &channel)
{
    updateLater(channel);
    if (hasTurns())
        scheduleTurn();
    else
        queueUpdate();
}

void Engine::queueUpdate()
{
    if (!m_connection || std::exchange(m_updateQueued, true))
        return;
    // There was no session yet, and until there is one the connection may be moved to another thread.
    const auto update = [engine = shared_from_this()] {
        engine->m_updateQueued = false;
        if (engine->hasTurns()) // now there is one
            return engine->scheduleTurn();
        engine->updateChannels();
        engine->printRest();
    };
    QMetaObject::invokeMethod(m_connection->q, update, Qt::QueuedConnection);
}

// What changes in a slot waits for the next turn.
void Engine::updateChannels()
{
    // All channels share what waits to be written.
    const bool wasCongested = std::exchange(m_congested, bytesToWrite() >= HighWater);
    if (m_congested && !wasCongested) {
        for (QAmqpChannelPrivate *channel : m_channels) {
            if (channel)
                updateLater(*channel);
        }
    }
    for (size_t left = m_channelsToUpdate.size(); left > 0 && !m_channelsToUpdate.empty(); --left) {
        const auto channel = m_channelsToUpdate.front().lock();
        m_channelsToUpdate.pop_front();
        if (m_connection && channel && channel->q)
            channel->update();
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
