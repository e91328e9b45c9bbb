// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_QAMQPTESTBROKER_P_H
#define QTAMQP_TESTBROKER_QAMQPTESTBROKER_P_H

#include "testbroker/brokerserver.h"

#include <QtAmqpTest/qamqptestbroker.h>
#include <QtAmqpTest/qamqptestfault.h>

#include <QtCore/qthread.h>

#include <atomic>
#include <mutex>

QT_BEGIN_NAMESPACE

// The broker's core lives as long as the object; only what listens comes and goes. While it is stopped, or runs in the
// same thread, the server is a child of the object, and changes threads with it.
//
// What the core reports is emitted later, from the event loop of the object's thread: a slot may then do whatever it
// likes with the broker.
class QAmqpTestBrokerPrivate : public QtAmqpPrivate::Broker::Watcher
{
public:
    using BrokerServer = QtAmqpPrivate::Broker::BrokerServer;
    using Connection = QtAmqpPrivate::Broker::Connection;

    explicit QAmqpTestBrokerPrivate(QAmqpTestBroker *owner);
    ~QAmqpTestBrokerPrivate() override;

    // Runs in the thread of the server, and waits for it.
    template<typename Work>
    auto call(Work work) -> decltype(work(std::declval<BrokerServer &>()))
    {
        using Result = decltype(work(std::declval<BrokerServer &>()));
        if (server->thread() == QThread::currentThread())
            return work(*server);
        if constexpr (std::is_void_v<Result>) {
            QMetaObject::invokeMethod(
                    server.get(), [&] { work(*server); }, Qt::BlockingQueuedConnection);
        } else {
            Result result{};
            QMetaObject::invokeMethod(
                    server.get(), [&] { result = work(*server); }, Qt::BlockingQueuedConnection);
            return result;
        }
    }
    // The same for something that may give connections something to send.
    template<typename Work>
    auto change(Work work) -> decltype(work(std::declval<QtAmqpPrivate::Broker::BrokerCore &>()))
    {
        return call([&](BrokerServer &at) {
            using Result = decltype(work(at.core()));
            if constexpr (std::is_void_v<Result>) {
                at.core().setNow(BrokerServer::now());
                work(at.core());
                at.pump();
            } else {
                at.core().setNow(BrokerServer::now());
                Result result = work(at.core());
                at.pump();
                return result;
            }
        });
    }

    bool listen(BrokerServer &at);
    bool setError(const QString &text); // true if there is none
    void shutDown();
    void noteChange();
    void watch(const QMetaMethod &signal);

    void opened(const Connection &connection) override;
    void closed(const Connection &connection) override;
    void published(const QtAmqpPrivate::Broker::VirtualHost &host,
                   const QtAmqpPrivate::EnvelopePointer &envelope,
                   const QAmqpMessage &message) override;

    QAmqpTestBroker *const q;
    QAmqpTestBroker::Threading threading = QAmqpTestBroker::Threading::SameThread;
    std::optional<QSslConfiguration> sslConfiguration;
    quint16 wantedPort = 0;
    quint16 wantedTlsPort = 0;
    quint16 port = 0; // the last that was used, if any
    quint16 tlsPort = 0;
    std::atomic<bool> isRunning = false;
    // Whether somebody listens to these signals; written in any thread, read in the server's.
    std::atomic<bool> isOpenedWatched = false;
    std::atomic<bool> isClosedWatched = false;
    std::atomic<bool> isPublishedWatched = false;
    std::atomic<bool> isChangeWatched = false;
    std::atomic<bool> isChangeReported = false; // changed() is on its way
    // What any thread may change, with the mutex that guards it.
    mutable std::mutex mutex;
    QString errorString;
    QList<QAmqpTestFault> faults;
    std::unique_ptr<BrokerServer> server;
    QThread thread;
};

// What a connection is at this moment (inspection.cpp).
QAmqpTestBroker::ConnectionInfo describe(const QtAmqpPrivate::Broker::Connection &connection);

QT_END_NAMESPACE

#endif
