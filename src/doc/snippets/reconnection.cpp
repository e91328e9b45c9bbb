// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "Reconnection" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

using namespace Qt::StringLiterals;

void filter(QAmqpConnectionOptions &options)
{
    //! [filter]
    // The broker keeps what is durable. Only the rest is restored, and all bindings and consumers.
    options.setRecoveryFilter([](const QAmqpRecoveryStep &step) { return !step.isDurable(); });
    //! [filter]
}
