// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKERROR_H
#define QAMQPQUICKERROR_H

#include "qtamqpquickglobal.h"

#include <QtAmqp/qamqperror.h>
#include <QtQml/qqmlregistration.h>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickError
{
    Q_GADGET
    QML_VALUE_TYPE(amqpError)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QString kind READ kind CONSTANT FINAL)
    Q_PROPERTY(QString text READ text CONSTANT FINAL)
    Q_PROPERTY(int code READ code CONSTANT FINAL)
    Q_PROPERTY(QString method READ method CONSTANT FINAL)
    Q_PROPERTY(QString endpoint READ endpoint CONSTANT FINAL)
    Q_PROPERTY(bool retryable READ isRetryable CONSTANT FINAL)
public:
    QAmqpQuickError() = default;
    QAmqpQuickError(QAmqpError error);

    const QAmqpError &error() const { return m_error; }
    QString kind() const;
    QString text() const;
    int code() const;
    QString method() const;
    QString endpoint() const;
    bool isRetryable() const;

    friend bool operator==(const QAmqpQuickError &a, const QAmqpQuickError &b)
    {
        return a.m_error == b.m_error;
    }
    friend bool operator!=(const QAmqpQuickError &a, const QAmqpQuickError &b) { return !(a == b); }

private:
    QAmqpError m_error;
};

QT_END_NAMESPACE

#endif
