// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a client and the broker say to each other, as lines for people.

#include "codec/describeframe.h"
#include "testbroker/connection.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

void Connection::trace(quint16 channel, Direction direction, const QString &what) const
{
    m_core.trace()(QStringLiteral("connection %1 channel %2 %3 %4")
                           .arg(m_number)
                           .arg(channel)
                           .arg(QLatin1Char(direction == Direction::ToClient ? '<' : '>'))
                           .arg(what));
}

void Connection::traceReceived(const Frame &frame) const
{
    trace(frame.channel, Direction::FromClient, describeFrame(frame, frame.payload.size()));
}

void Connection::traceContent(quint16 channel, qsizetype size) const
{
    trace(channel, Direction::ToClient, QStringLiteral("header of a body of %1 bytes").arg(size));
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
