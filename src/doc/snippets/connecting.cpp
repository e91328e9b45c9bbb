// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "Connecting" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void hosts(QAmqpConnectionOptions &options)
{
    //! [hosts]
    options.setHosts({{u"one.example"_s}, {u"two.example"_s, 5673}});
    //! [hosts]
}

void retry(QAmqpConnectionOptions &options)
{
    //! [retry]
    options.setRetryPolicy(QAmqpRetryPolicy().setMaximumAttempts(5).setInitialDelay(500ms));
    //! [retry]
}
