// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_QAMQPOPERATIONOPTIONS_P_H
#define QTAMQP_VALUES_QAMQPOPERATIONOPTIONS_P_H

#include "values/sharedvalue.h"

#include <QtAmqp/qamqpoperationoptions.h>

#include <optional>

QT_BEGIN_NAMESPACE

// One private class for three: prefetch and consumerTag are of use to consumers alone.
class QAmqpOperationOptionsPrivate : public QtAmqpPrivate::SharedValue
{
public:
    bool isPassive = false;
    bool isDurable = false;
    bool isExclusive = false;
    bool isAutoDelete = false;
    bool saysExclusive = false; // what was not said of a queue is a matter of its name
    bool saysAutoDelete = false;
    bool isInternal = false;
    bool isNoAck = false;
    bool isNoLocal = false;
    std::optional<quint16> prefetch; // that of the channel until it is set
    QString consumerTag;
    QAmqpTable arguments;

    bool operator==(const QAmqpOperationOptionsPrivate &) const = default;

    // Whether the queue is a quorum queue or a stream.
    static bool isReplicated(const QAmqpQueueOptions &options);
    // The options with which a queue of that name is declared.
    static QAmqpQueueOptions forName(QAmqpQueueOptions options, const QString &name);
};

QT_END_NAMESPACE

#endif
