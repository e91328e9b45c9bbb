// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "transport/looptransport.h"

#include <QtCore/qabstracteventdispatcher.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qcoreevent.h>
#include <QtCore/qiodevice.h>
#include <QtNetwork/qabstractsocket.h>
#include <QtNetwork/qlocalsocket.h>

#include <algorithm>
#include <mutex>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

static QEvent::Type turnEvent()
{
    static const auto type = QEvent::Type(QEvent::registerEventType());
    return type;
}

// A timer that fires too early is left as it is, and started again when it has fired.
void LoopTransport::setDeadline(std::optional<TimePoint> deadline)
{
    m_deadline = deadline;
    if (!deadline)
        return m_timer.stop();
    if (!m_timer.isActive() || m_armed > *deadline)
        startTimer();
}

void LoopTransport::startTimer()
{
    m_armed = *m_deadline;
    const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(m_armed - TimePoint::clock::now());
    m_timer.start(int(std::clamp<qint64>(left.count(), 0, 24 * 3600 * 1000)), Qt::PreciseTimer,
                  this);
}

// The transports in the main thread, which ends with the application. Some of them outlive all static
// objects, and one that was opened there may be destroyed in another thread.
struct OfApplication
{
    std::mutex mutex;
    QList<LoopTransport *> transports;
    bool isWatching = false;
};
static OfApplication &ofApplication()
{
    static auto *const all = new OfApplication;
    return *all;
}

// A turn on the stack. The turns of all transports of a thread lie in it one in another, and what a slot in the
// innermost runs may be an event loop: before that waits, and when it goes on, those turns are requested that
// have something to do. They cannot be requested before each slot, since that would cost a pass of the loop and
// several system calls in each turn, and almost no slot runs a loop. Nor may they be requested when there is
// nothing to do, since such a loop would never wait.
class LoopTransport::Running
{
public:
    explicit Running(LoopTransport *transport)
        : m_transport(transport)
        , m_outer(std::exchange(innermost, this))
        , m_before(std::exchange(transport->m_running, this))
    {
        watchLoops();
        transport->m_wanted = false;
    }
    ~Running()
    {
        innermost = m_outer;
        if (m_transport)
            m_transport->m_running = m_before;
    }
    Running(const Running &) = delete;
    Running &operator=(const Running &) = delete;

    // The turn goes on without its transport.
    void leave()
    {
        for (Running *turn = this; turn; turn = turn->m_before)
            turn->m_transport = nullptr;
    }

private:
    static void watchLoops();
    static void requestTurns();

    static thread_local Running *innermost;
    LoopTransport *m_transport;
    Running *const m_outer;
    Running *const m_before; // of the same transport
};

thread_local LoopTransport::Running *LoopTransport::Running::innermost = nullptr;

void LoopTransport::Running::watchLoops()
{
    static thread_local QPointer<QAbstractEventDispatcher> watched;
    QAbstractEventDispatcher *const dispatcher = QAbstractEventDispatcher::instance();
    if (watched == dispatcher)
        return;
    watched = dispatcher;
    if (!dispatcher)
        return;
    connect(dispatcher, &QAbstractEventDispatcher::aboutToBlock, dispatcher, requestTurns);
    connect(dispatcher, &QAbstractEventDispatcher::awake, dispatcher, requestTurns);
}

void LoopTransport::Running::requestTurns()
{
    for (const Running *turn = innermost; turn; turn = turn->m_outer) {
        LoopTransport *const transport = turn->m_transport;
        if (!transport)
            continue;
        if (std::exchange(transport->m_wanted, false)
            || (transport->mayRead() && transport->hasRoom()))
            transport->requestTurn();
    }
}

void LoopTransport::giveTurn()
{
    const Running running(this);
    runTurn();
}

LoopTransport::~LoopTransport()
{
    if (m_running)
        m_running->leave();
    const std::lock_guard lock(ofApplication().mutex);
    ofApplication().transports.removeOne(this);
}

void LoopTransport::applicationEnds()
{
    std::unique_lock lock(ofApplication().mutex);
    ofApplication().isWatching = false;
    while (!ofApplication().transports.isEmpty()) {
        LoopTransport *const transport = ofApplication().transports.takeLast();
        lock.unlock();
        transport->threadEnds();
        lock.lock();
    }
}

// The timer must be stopped before its thread ends: Qt warns if it is stopped later, in another thread.
void LoopTransport::watchThread()
{
    if (m_watched != thread()) {
        disconnect(m_threadEnd);
        m_watched = thread();
        m_threadEnd = connect(
                m_watched, &QThread::finished, this, [this] { threadEnds(); },
                Qt::DirectConnection);
    }
    const QCoreApplication *const application = QCoreApplication::instance();
    const std::lock_guard lock(ofApplication().mutex);
    ofApplication().transports.removeOne(this);
    if (!application || application->thread() != thread())
        return;
    ofApplication().transports.append(this);
    if (!std::exchange(ofApplication().isWatching, true))
        qAddPostRoutine(applicationEnds);
}

void LoopTransport::threadEnds()
{
    const QPointer<LoopTransport> alive(this);
    ending();
    if (alive)
        m_timer.stop();
}

bool LoopTransport::goesOn() const
{
    const QThread *const current = QThread::currentThread();
    return thread() == current && QAbstractEventDispatcher::instance() && !current->isFinished()
            && QCoreApplication::instance() && !QCoreApplication::closingDown();
}

bool LoopTransport::isOnlyLate(const QIODevice &device)
{
    if (const auto *const socket = qobject_cast<const QAbstractSocket *>(&device))
        return socket->error() == QAbstractSocket::SocketTimeoutError
                && socket->state() == QAbstractSocket::ConnectedState;
    if (const auto *const local = qobject_cast<const QLocalSocket *>(&device))
        return local->error() == QLocalSocket::SocketTimeoutError
                && local->state() == QLocalSocket::ConnectedState;
    return false;
}

// The turn may delete this object.
bool LoopTransport::waitFor(QIODevice *device, std::chrono::milliseconds limit)
{
    if (!device || thread() != QThread::currentThread())
        return false;
    const TimePoint start = TimePoint::clock::now();
    const bool isReady =
            device->bytesAvailable() > 0 || device->waitForReadyRead(int(limit.count()));
    // A device that returned at once, without data, does not support waiting.
    const bool waited = isReady || TimePoint::clock::now() - start >= limit / 2;
    giveTurn();
    return waited;
}

void LoopTransport::timerEvent(QTimerEvent *)
{
    m_timer.stop();
    if (m_deadline && TimePoint::clock::now() < *m_deadline)
        return startTimer();
    giveTurn();
}

void LoopTransport::readFrom(QIODevice &device)
{
    while (device.bytesAvailable() > 0) {
        qsizetype size = 0;
        char *buffer = receiveBuffer(&size);
        const qint64 bytes = size > 0 ? device.read(buffer, size) : 0;
        if (bytes <= 0)
            return;
        received(qsizetype(bytes));
    }
}

bool LoopTransport::hasRoom()
{
    qsizetype size = 0;
    return receiveBuffer(&size);
}

void LoopTransport::requestTurn()
{
    if (!m_turnPosted.exchange(true))
        QCoreApplication::postEvent(this, new QEvent(turnEvent()));
}

bool LoopTransport::event(QEvent *event)
{
    if (event->type() != turnEvent())
        return QObject::event(event);
    m_turnPosted = false;
    giveTurn();
    return true;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
