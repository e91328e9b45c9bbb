// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/engine.h"

#include "api/qamqpchannel_p.h"
#include "api/qamqpconnection_p.h"
#include "api/turnclock.h"
#include "transport/sockettransport.h"
#include "values/qamqpmessage_p.h"

#include <QtCore/qabstracteventdispatcher.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qrandom.h>
#include <QtCore/qscopeguard.h>
#include <QtNetwork/qsslerror.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Clock = std::chrono::steady_clock;

Engine::Engine(QAmqpConnectionPrivate *connection)
    : m_connection(connection), m_mailbox(new Mailbox)
{
    reset(connection->options);
}

Engine::~Engine() { m_mailbox->detach(); }

void Engine::reset(const QAmqpConnectionOptions &options)
{
    m_core = std::make_unique<ConnectionCore>(options, QRandomGenerator::global()->generate(),
                                              m_log);
}

void Engine::setTransport(std::unique_ptr<QAmqpTransport> transport)
{
    m_mailbox->detach();
    retireTransport();
    m_transport = std::move(transport);
    m_customTransport = m_transport != nullptr;
    m_process = 0;
    m_turnRequested = false;
    if (!m_channelsToUpdate.empty()) // in a turn of the old transport
        queueUpdate();
}

// The transport may be in the middle of its turn, so it cannot be deleted here. Without a client it has no
// more turns: one that it has asked for before would delete it while that turn runs.
void Engine::retireTransport()
{
    if (!m_transport)
        return;
    m_transport->setClient({});
    m_retired.push_back(std::move(m_transport));
}

void Engine::useTransport()
{
    if (!m_customTransport) {
        retireTransport();
        m_transport = std::make_unique<SocketTransport>();
    }
    m_transport->setClient(weak_from_this());
    m_process = QCoreApplication::applicationPid();
    m_mailbox = new Mailbox; // for this session alone: the deliveries of earlier ones are stale
    m_mailbox->attach(this, m_transport.get());
    m_turnRequested = false;
    m_deadline.reset();
}

void Engine::open(const QList<QAmqpEndpoint> &endpoints)
{
    useTransport();
    m_endpoints = endpoints;
    m_core->open(Clock::now());
    m_readingHeld = false;
    holdReading(); // devices of the last session may still be full
    link();
    scheduleTurn();
}

bool Engine::hasLoop() const
{
    return QAbstractEventDispatcher::instance() || (m_customTransport && !loopTransport());
}

void Engine::link(bool nextAddress)
{
    if (isForeign())
        return leave();
    m_linked = true;
    m_transport->setClient(
            weak_from_this()); // so that the transport takes this stream for a new one
    if (nextAddress)
        m_transport->openNext();
    else
        m_transport->open(m_endpoints.at(m_core->host()));
}

// What the transport still has to report is of no use any more. A dead peer is not waited for.
void Engine::unlink(const QAmqpError &error)
{
    write();
    m_lost.reset();
    if (!std::exchange(m_linked, false))
        return;
    m_transport->setDeadline(std::nullopt);
    m_deadline.reset();
    const bool dead = error.kind() == QAmqpError::Kind::HeartbeatMissed
            || error.kind() == QAmqpError::Kind::Timeout
            || error.origin() == QAmqpError::Origin::Transport;
    error &&dead ? m_transport->abort() : m_transport->close();
}

// This costs a system call. It is asked before bytes are written or read, at most once for each turn and each
// full block.
bool Engine::isForeign() const
{
    return m_process != 0 && m_process != QCoreApplication::applicationPid();
}

// The link belongs to the process that opened it. In this one only the descriptor is closed.
void Engine::leave()
{
    if (std::exchange(m_linked, false))
        m_transport->abort();
    m_lost.reset();
    m_sslErrors.clear();
    const QString text = QStringLiteral(
            "the connection belongs to process %1, which opened it; after fork() a process opens connections of its own");
    using Error = QAmqpError;
    m_core->transportLost(Error(Error::Kind::NotOpen, Error::Scope::Connection,
                                Error::Origin::Application, text.arg(m_process)));
    if (!m_core->isEnded()) // a recovery would try it again and again
        m_core->abort();
    scheduleTurn();
}

void Engine::failToOpen(const QAmqpError &error)
{
    useTransport();
    m_core->transportLost(error);
    scheduleTurn();
}

void Engine::close(TimePoint deadline)
{
    collectMail();
    m_core->close(deadline);
    if (m_core->isReadyToClose())
        finishClose(0);
    for (QAmqpChannelPrivate *channel : m_channels) { // which are not ready to publish any more
        if (channel)
            scheduleUpdate(*channel);
    }
    scheduleTurn();
}

void Engine::abort()
{
    if (std::exchange(m_linked, false))
        m_transport->abort();
    m_core->abort();
    scheduleTurn();
}

void Engine::scheduleTurn()
{
    if (!m_transport)
        return;
    if (m_core->hasFullBlock() && m_linked && !isForeign()) {
        while (m_core->hasFullBlock())
            m_transport->write(m_core->takeOutput());
        flush();
    }
    if (m_turnRequested)
        return;
    // A slot may run an event loop of its own and wait for what it asked for.
    if (LoopTransport *const transport = m_delivering > 0 ? loopTransport() : nullptr)
        return transport->requestTurnInLoops();
    m_turnRequested = true;
    m_transport->requestTurn();
}

LoopTransport *Engine::loopTransport() const
{
    return m_customTransport ? dynamic_cast<LoopTransport *>(m_transport.get())
                             : static_cast<SocketTransport *>(m_transport.get());
}

QSslConfiguration Engine::tlsSession() const
{
    return m_linked ? m_transport->tlsSession() : QSslConfiguration();
}

qint64 Engine::bytesToWrite() const { return m_core->pendingBytes() + m_transportBytes; }

void Engine::addChannel(quint16 number, QAmqpChannelPrivate *channel)
{
    if (m_channels.size() <= number)
        m_channels.resize(size_t(number) + 1);
    m_channels[number] = channel;
    scheduleUpdate(*channel);
}

void Engine::closeChannel(quint16 number)
{
    collectMail();
    ChannelCore *const closing = m_core->channel(number);
    closing->close();
    if (closing->isReadyToClose())
        finishClose(number);
    if (QAmqpChannelPrivate *target = channel(number))
        scheduleUpdate(*target);
}

// Acknowledgements that were accepted are sent before the close.
void Engine::finishClose(quint16 channel)
{
    collectLastMail(channel);
    if (channel == 0)
        m_core->finishClose();
    else if (ChannelCore *const closing = m_core->channel(channel))
        closing->finishClose();
}

void Engine::forgetChannel(QAmqpChannelPrivate *channel)
{
    std::replace(m_channels.begin(), m_channels.end(), channel,
                 static_cast<QAmqpChannelPrivate *>(nullptr));
}

// A transport that was closed may still report something, which belongs to no session any more.
char *Engine::receiveBuffer(qsizetype *size)
{
    *size = 0;
    return m_linked ? m_core->receiveBuffer(size) : nullptr;
}

void Engine::received(qsizetype bytes) { m_core->receive(bytes, Clock::now()); }

void Engine::reached(const QString &address, bool isLast, const QList<QAmqpError> &failures)
{
    if (m_linked)
        m_core->transportReached(address, isLast, failures);
}

void Engine::opened()
{
    if (m_linked)
        m_core->transportOpened(Clock::now());
}

void Engine::lost(const QAmqpError &reason)
{
    // What arrived before the loss is handled before it, because it may say why the broker closes the link.
    if (m_linked)
        m_lost = reason;
}

void Engine::sslErrors(const QList<QSslError> &errors) { m_sslErrors = errors; }

void Engine::turn() noexcept
{
    const std::shared_ptr<Engine> keepAlive = shared_from_this();
    m_turnRequested = false;
    if (m_linked && isForeign())
        leave();
    if (m_depth == 0)
        m_retired.clear();
    ++m_depth;
    // A message handler may run an event loop. What turns log in there does not come from the handler.
    const bool handling = m_log->setHandling(false);
    const auto end = qScopeGuard([=, this] {
        --m_depth;
        m_log->setHandling(handling);
    });
    work();
    printLog();
}

// The application's message handler runs here, and may do whatever a slot may. It is not called again before it
// has returned: what is logged meanwhile is printed after that.
bool Engine::printLog()
{
    if (m_log->isEmpty() || m_printing)
        return false;
    m_printing = true;
    const auto end = qScopeGuard([this] { m_printing = false; });
    while (!m_log->isEmpty()) {
        const LogLine line = m_log->take();
        m_log->setHandling(true);
        const auto handled = qScopeGuard([this] { m_log->setHandling(false); });
        line.print();
    }
    return true;
}

void Engine::printRest()
{
    if (m_depth == 0)
        printLog();
}

void Engine::work()
{
    m_transportBytes = m_linked ? m_transport->bytesToWrite() : 0;
    if (m_transportBytes == 0)
        m_core->transportWritten();
    if (!m_sslErrors.isEmpty() && m_connection)
        Q_EMIT m_connection->q->sslErrors(std::exchange(m_sslErrors, {}));
    const TimePoint now = Clock::now();
    // An event loop may call a little early, and its timer does not fire again.
    if (m_deadline && *m_deadline - now < std::chrono::milliseconds(10))
        m_deadline.reset();
    collectMail();
    m_core->timeout(now);
    write(); // a heartbeat and the next deadline do not wait for slots
    deliverEvents(now);
    if (m_connection)
        updateChannels();
    m_core->turnEnded(Clock::now()); // before the next deadline is set
    if (m_core->hasBodiesToSend())
        sendBodies();
    write();
}

void Engine::deliverEvents(TimePoint now)
{
    ++m_delivering;
    const bool goesOn = handOut(now);
    --m_delivering;
    if (goesOn)
        scheduleTurn();
}

// Returns whether there may be more events.
bool Engine::handOut(TimePoint now)
{
    if (m_connection)
        m_connection->emitStateChanged();
    TurnClock clock(now, m_slotsAreSlow);
    while (m_connection) {
        // The log is printed before the event is taken, since a message handler may end the event's session.
        if (m_core->findEvent(); !m_log->isEmpty() && printLog())
            continue;
        std::optional<Event> event = m_core->nextEvent();
        if (!event) {
            if (!m_lost)
                return false;
            m_core->transportLost(*std::exchange(m_lost, std::nullopt));
            continue;
        }
        // A slot may run an event loop of its own, and the other events must not wait for its end.
        if (!m_turnRequested)
            scheduleTurn();
        const auto *const delivered = std::get_if<Delivered>(&*event);
        const auto *const arrived = std::get_if<BodyArrived>(&*event);
        const qsizetype bytes = delivered ? QAmqpMessagePrivate::size(delivered->message)
                : arrived                 ? arrived->bytes.size()
                                          : 0;
        std::visit([this](auto &what) { on(what); }, *event);
        const bool isOver = clock.isOver(bytes);
        m_slotsAreSlow = clock.slotsAreSlow();
        if (isOver)
            return true;
        if (m_core->hasFullBlock())
            scheduleTurn();
    }
    return false;
}

void Engine::write()
{
    if (!m_transport)
        return;
    bool wrote = false;
    while (m_linked) {
        const QByteArray block = m_core->takeOutput();
        if (block.isEmpty())
            break;
        if (!wrote && isForeign()) // a slot has called fork()
            return leave();
        m_transport->write(block);
        wrote = true;
    }
    if (wrote)
        flush();
    const std::optional<TimePoint> deadline = m_core->nextTimeout();
    if (deadline != m_deadline) {
        m_deadline = deadline;
        m_transport->setDeadline(deadline);
    }
}

void Engine::flush()
{
    m_transport->flush();
    m_transportBytes = m_transport->bytesToWrite();
}

void Engine::on(ConnectionOpened &) { m_connection->opened(); }

void Engine::on(AttemptFailed &failed)
{
    unlink(failed.error);
    m_connection->attemptFailed(failed.error, failed.delay);
}

void Engine::on(ConnectWanted &wanted)
{
    link(wanted.nextAddress);
    if (m_connection)
        m_connection->attemptBegun();
}

void Engine::on(LinkLost &lost)
{
    if (!m_core->isLingering() || m_customTransport)
        unlink(lost.cause);
    m_connection->linkLost(lost);
}

void Engine::on(RetryScheduled &scheduled)
{
    m_connection->retryScheduled(scheduled.attempt, scheduled.delay);
}

void Engine::on(QueueRenamed &renamed)
{
    m_connection->queueRenamed(textFromWire(renamed.from), textFromWire(renamed.to));
}

void Engine::on(Recovered &recovered) { m_connection->recovered(recovered.report); }

void Engine::on(ConnectionClosed &closed)
{
    m_mailbox->detach();
    passLoss();
    if (m_linked && m_core->isLingering() && !m_customTransport) {
        takeLeave();
        useTransport();
    } else {
        unlink(closed.error);
    }
    m_connection->closed(closed.error);
}

void Engine::on(BlockedChanged &blocked)
{
    m_connection->blockedChanged(blocked.blocked, blocked.reason);
}

void Engine::on(ReadyToClose &ready) { finishClose(ready.channel); }

// While the application's function runs, the session may end and another one begin.
void Engine::on(Asked &asked)
{
    asked.question->ask();
    m_core->answered(asked.question);
}

void Engine::on(SecretUpdated &updated) { m_connection->secretUpdated(updated.error); }

void Engine::on(ChannelClosed &closed)
{
    QAmqpChannelPrivate *target = channel(closed.channel);
    if (target) {
        if (target->core && target->core->number() == closed.channel) // else it was opened again
            target->leaveCore();
        m_channels[closed.channel] = nullptr;
    }
    m_core->removeChannel(closed.channel);
    if (target)
        target->closed(closed);
}

template<typename ChannelEvent>
void Engine::on(ChannelEvent &event)
{
    if (QAmqpChannelPrivate *target = channel(event.channel))
        target->on(event);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
