#ifndef QTAMQP_API_MAILBOX_H
#define QTAMQP_API_MAILBOX_H

// Where acknowledgements from foreign threads wait for the connection's thread. Deliveries share it
// and outlive the connection; once that is gone, the mailbox refuses.

#include <QtAmqp/qamqptransport.h>
#include <QtCore/qshareddata.h>
#include <QtCore/qthread.h>

#include <atomic>
#include <mutex>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Engine;

struct Settlement
{
    enum Kind : quint8 { Ack, Nack };

    quint16 channel = 0;
    quint32 generation = 0; // of the channel: a tag of an earlier one must never be sent
    quint64 deliveryTag = 0;
    Kind kind = Ack;
    bool multiple = false;
    bool requeue = false;
};

class Mailbox : public QSharedData
{
public:
    // Any thread; true if it was accepted.
    bool settle(const Settlement &settlement);

    // The connection's thread.
    void attach(Engine *engine, QAmqpTransport *transport)
    {
        const std::lock_guard lock(m_mutex);
        m_owner = QThread::currentThreadId();
        m_engine = engine;
        m_transport = transport;
    }
    void detach()
    {
        const std::lock_guard lock(m_mutex);
        m_owner = nullptr;
        m_engine = nullptr;
        m_transport = nullptr;
        m_waiting.clear();
        m_hasMail = false;
    }
    bool hasMail() const { return m_hasMail.load(std::memory_order_relaxed); }
    std::vector<Settlement> take()
    {
        const std::lock_guard lock(m_mutex);
        m_hasMail = false;
        return std::exchange(m_waiting, {});
    }

private:
    std::mutex m_mutex;
    std::atomic<Qt::HANDLE> m_owner = nullptr;
    Engine *m_engine =
            nullptr; // written by the owner under the mutex, so the owner reads it without
    QAmqpTransport *m_transport = nullptr;
    std::vector<Settlement> m_waiting;
    std::atomic<bool> m_hasMail = false;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
