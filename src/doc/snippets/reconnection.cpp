// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "Reconnection" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdebug.h>
#include <QtCore/qmap.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void filter(QAmqpConnectionOptions &options)
{
    //! [filter]
    // The broker keeps what is durable. Only the rest is restored, and all bindings and consumers.
    options.setRecoveryFilter([](const QAmqpRecoveryStep &step) { return !step.isDurable(); });
    //! [filter]
}

void policy(QAmqpConnectionOptions &options)
{
    //! [policy]
    options.setRecoveryPolicy(QAmqpRetryPolicy::endless().setMaximumDelay(5s));
    //! [policy]
}

void follow(QAmqpConnection *connection, QObject *window)
{
    //! [follow]
    QObject::connect(connection, &QAmqpConnection::linkLost, window,
                     [](const QAmqpError &cause) { qInfo() << "lost:" << cause.text(); });
    QObject::connect(connection, &QAmqpConnection::reconnecting, window,
                     [](int attempt, std::chrono::milliseconds delay) {
                         qInfo() << "attempt" << attempt << "in" << delay.count() << "ms";
                     });
    QObject::connect(connection, &QAmqpConnection::recovered, window,
                     [](const QAmqpRecoveryReport &report) {
                         for (const QAmqpError &error : report.skipped())
                             qWarning() << "not restored:" << error.text();
                     });
    //! [follow]
}

void loop(const QAmqpConnection &connection)
{
    //! [loop]
    while (connection.state() != QAmqpConnection::Closed)
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    //! [loop]
}

void again(QAmqpChannel *channel)
{
    //! [again]
    QList<QAmqpMessage> waiting;
    QMap<quint64, QAmqpMessage> sent; // by the tags of their publishes
    const auto publish = [&] {
        while (!waiting.isEmpty() && channel->isReadyToPublish()) {
            const QAmqpMessage message = waiting.takeFirst();
            if (const quint64 tag = channel->publish(u"orders"_s, u"new"_s, message))
                sent.insert(tag, message);
        }
    };
    const auto forget = [&](quint64 first, quint64 last) {
        sent.erase(sent.lowerBound(first), sent.upperBound(last));
    };
    QObject::connect(channel, &QAmqpChannel::readyToPublish, publish);
    QObject::connect(channel, &QAmqpChannel::confirmed, forget);
    QObject::connect(channel, &QAmqpChannel::nacked, forget);
    QObject::connect(channel, &QAmqpChannel::indeterminate, [&](quint64 first, quint64 last) {
        for (quint64 tag = first; tag <= last; ++tag)
            waiting.append(sent.take(tag));
    });
    //! [again]
}
