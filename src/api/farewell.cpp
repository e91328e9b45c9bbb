// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/farewell.h"

#include "api/engine.h"
#include "transport/looptransport.h"

#include <QtCore/qcoreapplication.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Clock = std::chrono::steady_clock;

Farewell::Farewell(Core core, Transport transport)
    : m_core(std::move(core))
    , m_transport(std::move(transport))
    , m_process(QCoreApplication::applicationPid())
{
}

void Farewell::start()
{
    m_core->lingerFrom(Clock::now());
    m_transport->setClient(weak_from_this());
    m_transport->requestTurn(); // so that what has come is read
    turn();
}

void Farewell::begin(Core core, Transport transport)
{
    const std::shared_ptr<Farewell> farewell(new Farewell(std::move(core), std::move(transport)));
    const auto *const loop = dynamic_cast<LoopTransport *>(farewell->m_transport.get());
    if (loop && loop->goesOn())
        farewell->m_self = farewell;
    farewell->start();
    if (!farewell->m_self)
        farewell->wait();
}

void Farewell::finish(Core &core, Transport &transport)
{
    const std::shared_ptr<Farewell> farewell(new Farewell(std::move(core), std::move(transport)));
    farewell->m_keepsEvents = true;
    farewell->start();
    farewell->wait();
    core = std::move(farewell->m_core);
    core->giveBack(std::move(farewell->m_events));
    transport = std::move(farewell->m_transport);
}

bool Farewell::isOver() const
{
    return m_core->state() == ConnectionState::Closed && !m_core->isLingering();
}

void Farewell::wait()
{
    constexpr std::chrono::milliseconds step(50); // a deadline may be set meanwhile
    while (!isOver() && m_transport->waitForTurn(step)) { }
    m_transport->setDeadline(std::nullopt);
    m_transport->close();
}

void Farewell::received(qsizetype bytes) { m_core->receive(bytes, Clock::now()); }

// Deliveries go back to their queues as the channel closes.
void Farewell::readEvents()
{
    while (std::optional<Event> event = m_core->takeEvent()) {
        if (const auto *const ready = std::get_if<ReadyToClose>(&*event)) {
            if (ready->channel == 0)
                m_core->finishClose();
            else if (ChannelCore *const channel = m_core->channel(ready->channel))
                channel->finishClose();
        } else if (m_keepsEvents) {
            if (!std::holds_alternative<Delivered>(*event)
                && !std::holds_alternative<BodyBegan>(*event)
                && !std::holds_alternative<BodyArrived>(*event))
                m_events.append(std::move(*event));
        } else if (const auto *const closed = std::get_if<ChannelClosed>(&*event)) {
            m_core->removeChannel(closed->channel);
        }
    }
}

void Farewell::turn()
{
    const std::shared_ptr<Farewell> keepAlive = shared_from_this();
    if (m_process != QCoreApplication::applicationPid()) { // after fork() the link is the parent's
        m_transport->abort();
        return m_self.reset();
    }
    if (m_transport->bytesToWrite() == 0)
        m_core->transportWritten();
    m_core->timeout(Clock::now());
    readEvents();
    if (m_lost) {
        m_core->transportLost(*std::exchange(m_lost, std::nullopt));
        readEvents();
    }
    m_core->turnEnded(Clock::now());
    const bool isMore = sendBodies(Engine::BodyWindow - m_transport->bytesToWrite(),
                                   [this] { return m_core.get(); });
    for (QByteArray block = m_core->takeOutput(); !block.isEmpty(); block = m_core->takeOutput())
        m_transport->write(block);
    m_transport->flush();
    m_transport->setDeadline(m_core->nextTimeout());
    if ((isMore && m_transport->bytesToWrite() < Engine::BodyWindow) || m_core->hasEvents())
        m_transport->requestTurn();
    if (isOver() && m_self) {
        m_transport->close();
        m_self.reset();
    }
}

void Farewell::ending()
{
    if (const std::shared_ptr<Farewell> self = std::exchange(m_self, nullptr))
        self->wait();
}

// The connection object is being destroyed. What it was asked for is still sent, and nothing is emitted.
void Engine::detach()
{
    m_connection = nullptr;
    m_mailbox->detach();
    if (m_linked && isForeign())
        return leave();
    passLoss();
    if (m_core->isUsable() || m_core->state() == ConnectionState::Closing) {
        m_core->close(Clock::now() + m_core->options().lingerTime());
        return takeLeave();
    }
    if (m_core->isLingering())
        return takeLeave();
    m_core->abort();
    if (std::exchange(m_linked, false))
        m_transport->close();
}

// A loss that was noted belongs to this session and to no later one.
void Engine::passLoss()
{
    if (m_lost)
        m_core->transportLost(*std::exchange(m_lost, std::nullopt));
}

// The link goes on without the connection object until the broker has received everything.
void Engine::takeLeave()
{
    m_linked = false;
    Farewell::begin(std::exchange(m_core, std::make_unique<ConnectionCore>(m_core->options())),
                    std::move(m_transport));
}

// The connection object stays, but its thread emits nothing any more.
void Engine::ending()
{
    const std::shared_ptr<Engine> keepAlive = shared_from_this();
    if (!m_linked || isForeign())
        return;
    collectLastMail(0);
    if (!m_core->isUsable() && m_core->state() != ConnectionState::Closing
        && !m_core->isLingering())
        return abort();
    m_core->close(Clock::now() + m_core->options().lingerTime());
    Farewell::finish(m_core, m_transport);
    m_linked = false;
    // What is left to be told comes with the next turn, if there ever is one.
    m_transport->setClient(weak_from_this());
    m_turnRequested = false;
    scheduleTurn();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
