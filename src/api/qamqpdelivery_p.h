// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_QAMQPDELIVERY_P_H
#define QTAMQP_API_QAMQPDELIVERY_P_H

#include "api/mailbox.h"
#include "protocol/events.h"

#include <QtAmqp/qamqpdelivery.h>

QT_BEGIN_NAMESPACE

class QAmqpDeliveryPrivate : public QtAmqpPrivate::DeliveryMark
{
public:
    QtAmqpPrivate::MailboxPointer mailbox; // null: nothing to acknowledge
    QtAmqpPrivate::EnvelopePointer envelope;
    quint32 remaining = 0;
    bool redelivered = false;
    std::atomic<bool> watched = false; // DeliveryWatch hears of it when it is settled

    // Sets `watched`. Returns false if there is nothing to settle any more.
    static bool watch(const QAmqpDelivery &delivery);
    // Fills `delivery` with what arrived, in the memory it already has if nobody else holds it.
    static void assign(QAmqpDelivery &delivery, QtAmqpPrivate::Delivered &from,
                       const QtAmqpPrivate::MailboxPointer &mailbox, quint32 remaining = 0);
    static void take(QAmqpDelivery &delivery, QAmqpDelivery &scratch)
    {
        delivery.d.swap(scratch.d);
    }
    // Keeps the memory of a delivery that nobody else holds for the next one.
    static void recycle(QAmqpDelivery &delivery, QAmqpDelivery &scratch);
};

QT_END_NAMESPACE

#endif
