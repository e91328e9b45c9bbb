// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_RECOVERYTEST_H
#define QTAMQP_TESTS_RECOVERYTEST_H

#include "apitest.h"

#include <QtAmqp/qamqprecoveryreport.h>

namespace QtAmqpTest {

// Also the signals of a recovery.
class RecoveryLog : public SignalLog
{
public:
    QList<QAmqpRecoveryReport> reports;

    void follow(QAmqpConnection *object)
    {
        watch(object);
        using C = QAmqpConnection;
        connect(object, &C::linkLost, this, [this](const QAmqpError &cause) {
            lines.append(u"connection.lost "_s + nameOf(cause.kind()));
        });
        connect(object, &C::reconnecting, this,
                [this](int attempt) { lines.append(u"connection.attempt %1"_s.arg(attempt)); });
        connect(object, &C::recovered, this, [this](const QAmqpRecoveryReport &report) {
            lines.append(u"connection.recovered"_s);
            reports.append(report);
        });
        connect(object, &C::queueRenamed, this, [this](const QString &from, const QString &to) {
            lines.append(u"connection.renamed %1 %2"_s.arg(from, to));
        });
    }
    void follow(QAmqpChannel *object, const QString &name = u"channel"_s)
    {
        watch(object, name);
        using C = QAmqpChannel;
        connect(object, &C::interrupted, this, [=, this](const QAmqpError &cause) {
            lines.append(name + u".interrupted "_s + nameOf(cause.kind()));
        });
        connect(object, &C::recovered, this, [=, this] { lines.append(name + u".recovered"_s); });
    }
    // Of all objects, without what says nothing about the order.
    QStringList story() const
    {
        QStringList kept;
        for (const QString &line : lines) {
            if (!line.endsWith(u".ready"_s))
                kept.append(line);
        }
        return kept;
    }
};

} // namespace QtAmqpTest

#endif
