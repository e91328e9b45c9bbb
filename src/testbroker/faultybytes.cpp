// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The way of the bytes through the faults of a link.

#include "testbroker/connection.h"
#include "testbroker/faults.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

static constexpr qsizetype RoomSize = 64 * 1024;
static constexpr qint64 Window = 8 * 1024 * 1024; // the bytes that may be under way

// A throttled link lets a part of what it lets through in a second pass at once.
constexpr qint64 PiecesPerSecond = 20;

char *LinkFaults::receiveBuffer(qsizetype *size)
{
    m_room.resize(RoomSize);
    *size = m_room.size();
    return m_room.data();
}

void LinkFaults::received(qsizetype size)
{
    m_inSize += size;
    m_in.push_back({timeAfter(now(), m_delay), m_room.first(size)});
    readOn();
}

bool LinkFaults::wantsInput() const { return !m_isStalled && m_inSize < Window; }

void LinkFaults::readOn()
{
    while (!m_in.empty() && !m_isStalled && std::max(m_in.front().due, m_inFree) <= now()) {
        QByteArray &bytes = m_in.front().bytes;
        const qsizetype size =
                qsizetype(untilTrigger(Trigger::ReceivedByte, m_received, pieceSize(bytes.size())));
        QByteArray part = bytes.first(size);
        bytes.remove(0, size);
        if (bytes.isEmpty())
            m_in.pop_front();
        if (std::exchange(m_garblesIn, false))
            part[0] = char(part.at(0) ^ char(1 + m_connection.core().random() % 255));
        m_inSize -= size;
        m_received += size;
        m_inFree = freeAfter(size);
        m_connection.arrived(part);
        triggerAt(Trigger::ReceivedByte, m_received);
        happen();
    }
}

qsizetype LinkFaults::pieceSize(qsizetype most)
{
    if (m_bytesPerSecond > 0)
        most = qsizetype(
                std::min(qint64(most), std::max(m_bytesPerSecond / PiecesPerSecond, qint64(1))));
    return most;
}

TimePoint LinkFaults::freeAfter(qsizetype size) const
{
    if (m_bytesPerSecond == 0)
        return now();
    return now() + std::chrono::microseconds(qint64(size) * 1'000'000 / m_bytesPerSecond);
}

qint64 LinkFaults::produced() const { return m_fetched + m_connection.m_output.size(); }

qint64 LinkFaults::outputSize() const
{
    const qint64 last = std::min(produced(), m_lastByte);
    return m_outSize + std::max(last - m_fetched, qint64(0));
}

// Takes what the broker has written. Without a delay no more than the next block, so that the broker sees that the
// rest waits.
void LinkFaults::fetch()
{
    const qint64 most = m_delay > std::chrono::milliseconds(0) ? Window : 1;
    while (m_outSize < most) {
        QByteArray block = m_connection.m_output.take();
        if (block.isEmpty())
            return;
        const qint64 begin = m_fetched;
        m_fetched += block.size();
        if (begin >= m_lastByte)
            continue;
        if (m_fetched > m_lastByte)
            block.truncate(qsizetype(m_lastByte - begin));
        m_outSize += block.size();
        m_out.push_back({timeAfter(now(), m_delay), block});
    }
}

QByteArray LinkFaults::takeOutput()
{
    fetch();
    m_looked = now();
    if (m_out.empty() || m_lastPiece || std::max(m_out.front().due, m_outFree) > now())
        return {};
    QByteArray &bytes = m_out.front().bytes;
    qint64 most = pieceSize(bytes.size());
    if (m_splits) { // as many of one digit as of two, three or four
        const quint64 random = m_connection.core().random();
        most = std::min(most, qint64(1 + (random >> 8) % (quint64(8) << (random % 4 * 3))));
        m_lastPiece = now();
    }
    const qsizetype size = qsizetype(untilTrigger(Trigger::SentByte, m_sent, most));
    QByteArray part = bytes.first(size);
    bytes.remove(0, size);
    if (bytes.isEmpty())
        m_out.pop_front();
    if (m_garbledByte >= m_sent && m_garbledByte - m_sent < size) {
        const qsizetype at = qsizetype(std::exchange(m_garbledByte, NoByte) - m_sent);
        part[at] = char(part.at(at) ^ char(1 + m_connection.core().random() % 255));
    }
    m_outSize -= size;
    m_sent += size;
    m_outFree = freeAfter(size);
    confirmsSent();
    triggerAt(Trigger::SentByte, m_sent);
    if (m_lastByte <= m_sent) { // bytes behind it were under way already
        m_out.clear();
        m_outSize = 0;
    }
    return part;
}

void LinkFaults::hold(quint16 channel, VirtualHost::Routes routes, Message message)
{
    m_unconfirmed.push_back({channel, NoByte, std::move(routes), std::move(message)});
}

void LinkFaults::confirmed(quint16 channel)
{
    for (Unconfirmed &held : m_unconfirmed) {
        if (held.channel == channel && held.confirmedAt == NoByte)
            held.confirmedAt = produced();
    }
}

void LinkFaults::confirmsSent()
{
    std::deque<Unconfirmed> waiting;
    for (Unconfirmed &held : std::exchange(m_unconfirmed, {})) {
        if (held.confirmedAt > m_sent) {
            waiting.push_back(std::move(held));
            continue;
        }
        for (const QueuePointer &queue : held.routes)
            queue->publish(held.message, now());
    }
    m_unconfirmed = std::move(waiting);
}

// What was on its way still arrives, unless nothing is read any more.
void LinkFaults::ended()
{
    m_delay = {};
    m_bytesPerSecond = 0;
    m_inFree = now();
    for (Piece &piece : m_in)
        piece.due = now();
    readOn();
    m_unconfirmed.clear();
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
