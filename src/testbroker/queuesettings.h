// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_QUEUESETTINGS_H
#define QTAMQP_TESTBROKER_QUEUESETTINGS_H

// What a queue was declared with, and whether that is allowed.

#include "testbroker/refusal.h"

#include <QtAmqp/qamqptable.h>

#include <chrono>
#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

enum class QueueType : quint8 { Classic, Quorum, Stream };
enum class Overflow : quint8 { DropHead, RejectPublish, RejectPublishDeadLetter };

struct QueueSettings
{
    bool durable = false;
    bool exclusive = false;
    bool autoDelete = false;
    QAmqpTable arguments = {};

    // What the arguments mean.
    QueueType type = QueueType::Classic;
    Overflow overflow = Overflow::DropHead;
    std::optional<std::chrono::milliseconds> messageTtl = {};
    std::optional<std::chrono::milliseconds> expires = {};
    std::optional<std::chrono::seconds> maxAge = {};
    std::optional<quint64> maxLength = {};
    std::optional<quint64> maxBytes = {};
    std::optional<quint64> deliveryLimit = {};
    std::optional<QByteArray> deadLetterExchange = {};
    std::optional<QByteArray> deadLetterRoutingKey = {};
    int maxPriority = 0;
    bool singleActiveConsumer = false;
};

const char *typeName(const QAmqpValue &value); // as RabbitMQ calls its type

// Sets the meaning of the arguments. `what` names the queue as RabbitMQ does.
Refusal readArguments(QueueSettings &settings, const QByteArray &what);
Refusal checkConsumerArguments(const QAmqpTable &arguments, QueueType type, const QByteArray &what);
Refusal checkMatch(const QAmqpTable &arguments); // of a binding to a headers exchange
// Of an exchange.
Refusal checkAlternate(const QAmqpTable &arguments, const QByteArray &what);

// Whether a declaration says the same as the one that made the queue or the exchange.
Refusal compareFlag(const char *name, bool given, bool present, const QByteArray &what);
Refusal compareArguments(const char *const *names, const QAmqpTable &given,
                         const QAmqpTable &present, const QByteArray &what);
Refusal compareSettings(const QueueSettings &given, const QueueSettings &present,
                        const QByteArray &what);

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
