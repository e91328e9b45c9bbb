// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_MAILBOX_H
#define QTAMQP_API_MAILBOX_H

// Acknowledgements of foreign threads wait here for the connection's thread. Deliveries share the mailbox, and may
// outlive the connection. What it accepts is sent before the channel ends. Once the channel or the connection has
// ended, it accepts nothing.

#include "protocol/deliveryledger.h"

#include <QtAmqp/qamqperror.h>
#include <QtAmqp/qamqptransport.h>
#include <QtCore/qshareddata.h>
#include <QtCore/qthread.h>

#include <atomic>
#include <mutex>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Engine;

struct Mail
{
    DeliveryMarkPointer delivery;
    Settlement how = Settlement::Ack;
    bool multiple = false;
};

// Why basic.nack and basic.reject of what came from a stream are not sent.
QAmqpError streamTakesNothingBack();

class Mailbox : public QSharedData
{
public:
    // May be called in any thread. Returns whether the settlement was accepted.
    bool settle(const Mail &mail);

    // Whether this is not the connection's thread. A connection that was not opened belongs to no thread.
    bool isForeign() const
    {
        const Qt::HANDLE owner = m_owner.load(std::memory_order_relaxed);
        return owner && owner != QThread::currentThreadId();
    }

    // These are called in the connection's thread.
    void attach(Engine *engine, QAmqpTransport *transport)
    {
        const std::lock_guard lock(m_mutex);
        m_owner = QThread::currentThreadId();
        m_engine = engine;
        m_transport = transport;
    }
    void detach();
    // Accepts settlements for this channel from now on.
    void admit(int channel, quint32 generation)
    {
        const std::lock_guard lock(m_mutex);
        if (m_admitted.size() <= size_t(channel))
            m_admitted.resize(size_t(channel) + 1);
        m_admitted[size_t(channel)] = generation;
    }
    // Whether settlements for this generation of the channel are accepted. May be called in any thread.
    bool isAdmitted(quint16 channel, quint32 generation)
    {
        const std::lock_guard lock(m_mutex);
        return channel < m_admitted.size() && m_admitted[channel] == generation;
    }
    bool hasMail() const { return m_hasMail.load(std::memory_order_relaxed); }
    std::vector<Mail> take()
    {
        const std::lock_guard lock(m_mutex);
        m_hasMail = false;
        return std::exchange(m_waiting, {});
    }
    // The same, and accepts none for the channel any more, or with 0 for any channel.
    std::vector<Mail> takeLast(int channel)
    {
        const std::lock_guard lock(m_mutex);
        if (channel == 0)
            m_admitted.clear();
        else if (size_t(channel) < m_admitted.size())
            m_admitted[size_t(channel)] = 0;
        m_hasMail = false;
        return std::exchange(m_waiting, {});
    }

private:
    std::mutex m_mutex;
    std::atomic<Qt::HANDLE> m_owner = nullptr;
    // The owner writes these under the mutex, and reads them without it.
    Engine *m_engine = nullptr;
    QAmqpTransport *m_transport = nullptr;
    std::vector<Mail> m_waiting;
    std::vector<quint32>
            m_admitted; // the generation of each channel, 0 if nothing is accepted for it
    std::atomic<bool> m_hasMail = false;
};
using MailboxPointer = QExplicitlySharedDataPointer<Mailbox>;

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
