// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_MESSAGE_H
#define QTAMQP_TESTBROKER_MESSAGE_H

#include "codec/assembler.h"
#include "codec/timepoint.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

// A message in a queue. Queues that got the same one share its parts.
struct Message
{
    EnvelopePointer envelope; // to which exchange it was published, and with which routing key
    QAmqpMessage content;
    TimePoint expires = TimePoint::max();
    quint64 position = 0; // in its queue
    quint32 deliveries = 0; // how often it was handed out before
};

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
