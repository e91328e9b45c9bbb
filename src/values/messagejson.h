// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_MESSAGEJSON_H
#define QTAMQP_VALUES_MESSAGEJSON_H

// Messages as JSON and back: what is written is the whole message, and what is read of it is equal to it.

#include "values/jsonvalue.h"

#include <QtAmqp/qamqpmessage.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// How a message came, as far as its JSON says.
struct JsonEnvelope
{
    QByteArray exchange; // null if it does not say
    QByteArray routingKey;
    QByteArray consumerTag;
    quint64 deliveryTag = 0;
    quint32 remaining = 0;
    bool redelivered = false;
};

void addMessage(JsonObject &json, const QAmqpMessage &message);

// If `json` is wrong, so the message says in its errorString().
QAmqpMessage readMessage(QByteArrayView json, JsonEnvelope *envelope);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
