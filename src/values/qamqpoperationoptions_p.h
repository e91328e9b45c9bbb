// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_QAMQPOPERATIONOPTIONS_P_H
#define QTAMQP_VALUES_QAMQPOPERATIONOPTIONS_P_H

#include "values/sharedvalue.h"

#include <QtAmqp/qamqpoperationoptions.h>

#include <optional>

QT_BEGIN_NAMESPACE

// Three public classes share this private one. Consumers alone have a prefetch and a consumer tag.
class QAmqpOperationOptionsPrivate : public QtAmqpPrivate::SharedValue
{
public:
    bool isPassive = false;
    bool isDurable = false;
    bool isExclusive = false;
    bool isAutoDelete = false;
    bool saysExclusive = false; // isExclusive was set; otherwise the name of the queue decides
    bool saysAutoDelete = false; // the same for isAutoDelete
    bool isInternal = false;
    bool isNoAck = false;
    bool isNoLocal = false;
    int deduplication = 0;
    bool isResumedAfterCancel = false;
    std::optional<quint16> prefetch; // until it is set, the prefetch of the channel counts
    QString consumerTag;
    QAmqpTable arguments;

    bool operator==(const QAmqpOperationOptionsPrivate &) const = default;

    // Returns the options with which a queue of that name is declared.
    static QAmqpQueueOptions forName(QAmqpQueueOptions options, const QString &name);
};

QT_END_NAMESPACE

#endif
