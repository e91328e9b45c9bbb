// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKOBJECT_H
#define QAMQPQUICKOBJECT_H

// The base of the types that use a connection. Each object has a channel of its own, so that a refusal of the
// broker affects no other object. The channel lasts until a setting changes, the object becomes inactive, or
// the connection ends; then everything is set up again on another one. The library itself sets it up again when only
// the link was lost.

#include "qamqpquickconnection.h"

#include <QtAmqp/qamqpchannel.h>
#include <QtQml/qjsvalue.h>

#include <functional>
#include <memory>
#include <vector>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickObject : public QAmqpQuickBase
{
    Q_OBJECT
    QML_ANONYMOUS
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QAmqpQuickConnection *connection READ connection WRITE setConnection NOTIFY
                       connectionChanged FINAL)
    Q_PROPERTY(bool ready READ isReady NOTIFY readyChanged FINAL)
    Q_PROPERTY(qreal messagesPerSecond READ messagesPerSecond NOTIFY messagesPerSecondChanged FINAL)
public:
    ~QAmqpQuickObject() override;

    QAmqpQuickConnection *connection() const { return m_connection; }
    void setConnection(QAmqpQuickConnection *connection);
    bool isReady() const { return m_ready; }
    qreal messagesPerSecond() const { return m_rate.perSecond(); }

    void componentComplete() override;

Q_SIGNALS:
    void connectionChanged();
    void readyChanged();
    void messagesPerSecondChanged();

protected:
    explicit QAmqpQuickObject(QObject *parent);

    virtual void setUp(QAmqpChannel *channel) = 0; // makes all requests, each with expect()
    virtual void connectionFound() { }
    void start() override;
    void stop() override;

    QAmqpChannel *channel() const { return m_channel; }
    QObject *scope() const { return m_scope.get(); } // is destroyed with the channel
    // Whether calls are kept, because the object or its connection has not begun. They are made afterwards.
    bool keepsCalls() const { return !hasBegun() || (m_connection && !m_connection->hasBegun()); }
    void keep(std::function<void()> call) { m_kept.push_back(std::move(call)); }
    bool hasFailed() const;
    void setFailed() { m_failed = true; }
    void startForCall();
    void count(void (QAmqpQuickConnection::*direction)());

    // The object becomes ready when everything that it expects was answered.
    void expect() { ++m_expected; }
    void arrived();
    template<typename T, typename... Done>
    void expect(QFuture<T> future, Done... done)
    {
        expect();
        watch(
                future,
                [this, done...](const auto &...value) {
                    (done(value...), ...);
                    arrived();
                },
                [this](const QAmqpError &error) { refused(error); });
    }
    // Calls `done` or `failed` if the channel still exists then. (The scope cannot be a context of then(): Qt
    // 6.4 asserts that a context exists.)
    template<typename T, typename Done, typename Failed>
    void watch(QFuture<T> future, Done done, Failed failed)
    {
        const QPointer<QObject> scope = m_scope.get();
        const auto onFailed = [scope, failed](const QAmqpException &failure) {
            if (scope)
                failed(failure.error());
        };
        if constexpr (std::is_void_v<T>) {
            future.then([scope, done] {
                      if (scope)
                          done();
                  }).onFailed(onFailed);
        } else {
            future.then([scope, done](const T &value) {
                      if (scope)
                          done(value);
                  }).onFailed(onFailed);
        }
    }
    void refused(const QAmqpError &error);
    void lost(const QAmqpError &error);
    void recovered();
    // Makes a message, has `send` publish it, and returns its tag, or 0. Tags count messages that are kept
    // too, even if they are never sent, so that they may differ from the tags of the channel.
    using Send = std::function<bool(const QAmqpMessage &message, quint64 tag)>;
    quint64 publish(const QJSValue &body, const QJSValue &properties, const Send &send);
    virtual void keptChanged() { } // keptMessages() has changed
    virtual void notSent(quint64) { } // the message of this tag was kept, and cannot be sent
    int keptMessages() const { return m_keptMessages; }
    QAmqpMessage makeMessage(const QJSValue &body, const QJSValue &properties, QAmqpError *error);
    static QAmqpError notOpen();

private:
    void findConnection();
    void makeKeptCalls();
    bool sendNow(const QAmqpMessage &message, quint64 tag, const Send &send);
    void sendKept(const QAmqpMessage &message, quint64 tag, const Send &send);
    void failUnsent();
    bool canStart() const;
    void setReady(bool ready);

    QPointer<QAmqpQuickConnection> m_connection;
    QPointer<QAmqpChannel> m_channel;
    std::unique_ptr<QObject> m_scope;
    QAmqpQuickRate m_rate;
    std::vector<std::function<void()>> m_kept;
    int m_keptMessages = 0;
    quint64 m_lastTag = 0;
    int m_expected = 0;
    bool m_ready = false;
    bool m_failed = false; // the error was reported, though the channel may still be open
};

QT_END_NAMESPACE

#endif
