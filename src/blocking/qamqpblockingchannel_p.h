// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_QAMQPBLOCKINGCHANNEL_P_H
#define QTAMQP_BLOCKING_QAMQPBLOCKINGCHANNEL_P_H

#include "blocking/publisher.h"
#include "blocking/qamqpblockingconnection_p.h"

#include <QtCore/qpointer.h>

QT_BEGIN_NAMESPACE

class QAmqpBlockingChannelPrivate : public std::enable_shared_from_this<QAmqpBlockingChannelPrivate>
{
public:
    using ConsumerPointer = std::shared_ptr<QAmqpBlockingConsumerPrivate>;
    template<typename T>
    using Answer = QtAmqpPrivate::AnswerPointer<QAmqpResult<T>>;

    explicit QAmqpBlockingChannelPrivate(std::shared_ptr<QAmqpBlockingConnectionPrivate> owner);

    // Any thread
    QtAmqpPrivate::TimePoint deadline() const
    {
        return QtAmqpPrivate::deadlineAfter(timeout.load());
    }
    template<typename Result, typename Start>
    Result call(const QString &what, Start start);
    template<typename T, typename... Parameters, typename... Arguments>
    QAmqpResult<T> request(const QString &what, QFuture<T> (QAmqpChannel::*function)(Parameters...),
                           const Arguments &...arguments);
    template<typename... Parameters, typename... Arguments>
    QAmqpResult<void> request(const QString &what, bool (QAmqpChannel::*function)(Parameters...),
                              const Arguments &...arguments);
    std::mutex &mutex() const { return connection->dispatcher.mutex(); }
    template<typename Function>
    auto locked(Function function) const
    {
        return connection->dispatcher.locked(function);
    }

    QAmqpResult<void> open();
    QAmqpResult<void> settleAll(const QString &what, const std::function<bool()> &settle);
    void abandon();
    QAmqpBlockingConsumer consume(const QString &queue, const QAmqpConsumeOptions &options,
                                  std::chrono::milliseconds inactivityTimeout);
    QAmqpError start(const ConsumerPointer &consumer);
    QAmqpResult<int> cancel(const std::function<bool(const QAmqpBlockingConsumerPrivate &)> &which);

    // Any thread, with the mutex held
    QAmqpError refusal(const QString &what) const;
    void setClosed(const QAmqpError &error);
    template<typename Predicate>
    std::vector<ConsumerPointer> takeOut(Predicate isOut); // destroy the result without the mutex
    void silence();

    // I/O thread
    void watch();
    void openNow(const Answer<void> &answer);
    void dropWaiting();
    void opened();
    void closed(const QAmqpError &error);
    void afterEnd(const std::function<void()> &what); // after closed() if that is due, or else now

    const std::shared_ptr<QAmqpBlockingConnectionPrivate> connection;
    std::atomic<std::chrono::milliseconds> timeout;
    QtAmqpPrivate::Publisher publisher;

    // Guarded by the dispatcher's mutex
    bool isOpen = false;
    bool silenced = false; // close() was called: no callbacks until the next open()
    int number = 0;
    QAmqpError lastError;
    std::vector<ConsumerPointer> consumers; // those that run, hold messages or await a callback
    QtAmqpPrivate::Handler<const QString &, const QAmqpError &> cancelledHandler;
    QtAmqpPrivate::Handler<const QAmqpDelivery &, const QAmqpError &> discardedHandler;
    // Why no consumer with a handler is left, once none is.
    QAmqpBlockingChannel::ConsumingEnd consumingEnd =
            QAmqpBlockingChannel::ConsumingEnd::NoConsumers;

    // Of the I/O thread
    QPointer<QAmqpChannel> channel;
    QtAmqpPrivate::Waiters waiters;
};

template<typename Predicate>
std::vector<QAmqpBlockingChannelPrivate::ConsumerPointer> QAmqpBlockingChannelPrivate::takeOut(
        Predicate isOut)
{
    std::vector<ConsumerPointer> out;
    std::copy_if(consumers.begin(), consumers.end(), std::back_inserter(out), isOut);
    std::erase_if(consumers, isOut); // this destroys none, since `out` has them too
    return out;
}

// As QAmqpBlockingConnectionPrivate::call(), with an error that says why the channel is closed.
template<typename Result, typename Start>
Result QAmqpBlockingChannelPrivate::call(const QString &what, Start start)
{
    Result result = connection->call<Result>(
            what, deadline(),
            [self = shared_from_this(), start = std::move(start)](const auto &answer) mutable {
                if (self->channel)
                    start(answer);
                else
                    answer->give(QtAmqpPrivate::endedError({}, {}));
            });
    const std::lock_guard lock(mutex());
    if (!isOpen && connection->now.open && QtAmqpPrivate::lacksReason(result.error()))
        return refusal(what);
    return result;
}

// Calls the function of the QAmqpChannel, and waits for its future.
template<typename T, typename... Parameters, typename... Arguments>
QAmqpResult<T> QAmqpBlockingChannelPrivate::request(
        const QString &what, QFuture<T> (QAmqpChannel::*function)(Parameters...),
        const Arguments &...arguments)
{
    return call<QAmqpResult<T>>(what, [=, this](const Answer<T> &answer) {
        QtAmqpPrivate::giveWhenEnded(answer, (channel->*function)(arguments...),
                                     shared_from_this());
    });
}

// Calls the function of the QAmqpChannel, which sets lastError() if it refuses.
template<typename... Parameters, typename... Arguments>
QAmqpResult<void> QAmqpBlockingChannelPrivate::request(
        const QString &what, bool (QAmqpChannel::*function)(Parameters...),
        const Arguments &...arguments)
{
    return call<QAmqpResult<void>>(what, [=, this](const Answer<void> &answer) {
        answer->give((channel->*function)(arguments...) ? QAmqpError() : channel->lastError());
    });
}

QT_END_NAMESPACE

#endif
