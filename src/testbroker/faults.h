// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_FAULTS_H
#define QTAMQP_TESTBROKER_FAULTS_H

// Faults on request. A connection on which one may happen has a LinkFaults, through which its bytes pass in both
// directions and which is asked at each method, message and delivery. Other connections have a null pointer.
//
// A fault is triggered in the middle of something; it happens when that is done, at which the rest of the broker can
// bear that a channel or the connection goes.

#include "testbroker/virtualhost.h"

#include <QtAmqpTest/qamqptestfault.h>

#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

class Connection;

// A fault that was asked for, which the connections share.
struct RequestedFault
{
    explicit RequestedFault(const QAmqpTestFault &request);

    // Counts that it happened, unless that was often enough.
    bool happens();
    bool isSpent() const { return left == 0; }

    const QAmqpTestFault fault;
    const quint32 method; // at which it happens, or 0
    qint64 left; // how often it may still happen; negative: always
};
using FaultPointer = std::shared_ptr<RequestedFault>;

class LinkFaults
{
public:
    using Kind = QAmqpTestFault::Kind;
    using Trigger = QAmqpTestFault::Trigger;

    explicit LinkFaults(Connection &connection);
    ~LinkFaults();
    Q_DISABLE_COPY_MOVE(LinkFaults)

    void add(const FaultPointer &fault);
    void clear(); // from now on all is well, as far as the link is still there

    // The client's bytes.
    char *receiveBuffer(qsizetype *size);
    void received(qsizetype size);
    bool wantsInput() const;
    // The broker's bytes.
    QByteArray takeOutput();
    qint64 outputSize() const;
    // Whether nothing more is sent, or may not be before a fault has happened.
    bool holdsDeliveries() const { return m_lastByte != NoByte || !m_pending.empty(); }
    // Time, and the end of the link.
    void timeout();
    std::optional<TimePoint> nextTimeout() const;
    bool isStalled() const { return m_isStalled; }
    void opened();
    void ended();

    // Something is about to happen on the connection. True: it must not, since something else happens instead.
    bool comes(Trigger trigger, quint32 method, quint16 channel);
    bool isPending() const { return !m_pending.empty(); }
    void happen(); // what is pending

    // For the parts of the broker that do something wrong themselves.
    bool refusesLogin() { return uses(Kind::RefuseLogin); }
    bool refusesVirtualHost() { return uses(Kind::RefuseVirtualHost); }
    bool nacksPublish() { return uses(Kind::NackPublishes); }
    bool returnsPublish() { return uses(Kind::ReturnPublishes); }
    bool losesUnconfirmed() const { return m_losesUnconfirmed; }
    // Messages that wait until their confirms have been sent. confirmed(): they have been written.
    void hold(quint16 channel, VirtualHost::Routes routes, Message message);
    void confirmed(quint16 channel);

private:
    static constexpr qint64 NoByte = std::numeric_limits<qint64>::max();

    struct Armed // a fault that waits for its trigger
    {
        FaultPointer request;
        qint64 count = 0; // of what the trigger counts
        bool isTriggered = false;
    };
    struct Pending
    {
        FaultPointer request;
        quint32 method = 0;
        quint16 channel = 0; // 0: none in particular
        qint64 byte = 0; // of the output, before which it was triggered
    };
    struct Piece
    {
        TimePoint due;
        QByteArray bytes;
    };
    struct Unconfirmed
    {
        quint16 channel = 0;
        qint64 confirmedAt = NoByte; // the byte of the output behind the confirm
        VirtualHost::Routes routes;
        Message message;
    };

    TimePoint now() const;
    qint64 produced() const; // the bytes that the broker has written so far
    bool uses(Kind kind);
    void trigger(Armed &armed, quint32 method, quint16 channel);
    void triggerAt(Trigger trigger, qint64 position);
    qint64 untilTrigger(Trigger trigger, qint64 position, qint64 most) const;
    void happen(const Pending &pending);
    void closeChannels(const Pending &pending);
    void cancelConsumers(const QByteArray &queue);
    void readOn();
    void fetch();
    qsizetype pieceSize(qsizetype most);
    void confirmsSent();
    TimePoint freeAfter(qsizetype size) const;

    Connection &m_connection;
    std::vector<Armed> m_armed;
    std::vector<Pending> m_pending;
    std::optional<TimePoint> m_openedAt;

    std::chrono::milliseconds m_delay{0};
    qint64 m_bytesPerSecond = 0; // 0: no limit
    bool m_splits = false;
    bool m_isStalled = false;
    bool m_losesUnconfirmed = false;

    QByteArray m_room; // for bytes that are read
    std::deque<Piece> m_in;
    qint64 m_inSize = 0;
    qint64 m_received = 0;
    TimePoint m_inFree; // when the next bytes may pass
    bool m_garblesIn = false;

    std::deque<Piece> m_out;
    qint64 m_outSize = 0;
    qint64 m_fetched = 0; // from the connection's output
    qint64 m_sent = 0;
    qint64 m_lastByte = NoByte; // behind the last one that is sent at all
    qint64 m_garbledByte = NoByte;
    TimePoint m_outFree;
    std::optional<TimePoint> m_lastPiece; // since which no turn has passed
    TimePoint m_looked; // when it was last said that there is output, or asked for it
    std::deque<Unconfirmed> m_unconfirmed;
};

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
