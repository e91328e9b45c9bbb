// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_OWNNODE_H
#define QTAMQP_TESTS_OWNNODE_H

// RabbitMQ nodes that one test has for itself, so that it can stop and starve them while others run.

#include "brokertest.h"

namespace BrokerTest {

class OwnNodes
{
public:
    // Several are a cluster. They take seconds to start.
    explicit OwnNodes(int count = 1);
    ~OwnNodes();
    Q_DISABLE_COPY_MOVE(OwnNodes)

    bool areRunning() const { return m_areRunning; }
    QAmqpHost host(int index = 0) const;
    // Of the first node, with recovery as a program has it that sets nothing.
    QString url() const;
    QAmqpConnectionOptions options() const;

    // These return false if it did not work. A node that was killed starts again with its data at its port.
    bool kill(int index = 0);
    bool restart(int index = 0);
    bool ctl(const QStringList &arguments) const;

private:
    bool script(const QString &command, int index) const;
    QString folder(int index) const;

    QString m_folder;
    bool m_areRunning = false;
};

} // namespace BrokerTest

#endif
