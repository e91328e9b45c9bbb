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
    template<typename T = void, typename Call>
    QAmqpResult<T> request(const char *what, Call call);
    template<typename Result, typename Start>
    Result wait(const char *what, Start start);
    QAmqpError explained(const QAmqpError &error) const;
    QAmqpError refusal(const char *what) const; // with the mutex held
    bool isUsable() const { return isOpen && !connection->orphaned; } // with the mutex held
    std::mutex &mutex() const { return connection->dispatcher.mutex(); }

    QAmqpResult<void> open();
    QAmqpResult<void> close();
    void abandon();
    QAmqpBlockingConsumer consume(const QString &queue, const QAmqpConsumeOptions &options,
                                  std::chrono::milliseconds inactivityTimeout);
    QAmqpResult<ConsumerPointer> startConsumer(const QString &queue,
                                               const QAmqpConsumeOptions &options,
                                               QAmqpBlockingChannel::Handler handler);
    QAmqpResult<int> cancel(const std::function<bool(const QAmqpBlockingConsumerPrivate &)> &which);
    std::deque<QAmqpDelivery> forget(QAmqpBlockingConsumerPrivate &consumer,
                                     const QAmqpError &error);
    std::vector<ConsumerPointer> takeOver(); // with the mutex held, to go without it
    void silence();

    // I/O thread
    void watch();
    void tellOpened();
    void tellClosed(const QAmqpError &error);

    const std::shared_ptr<QAmqpBlockingConnectionPrivate> connection;
    std::atomic<std::chrono::milliseconds> timeout;
    QtAmqpPrivate::Publisher publisher;

    // Guarded by the dispatcher's mutex
    bool isOpen = false;
    int number = 0;
    QAmqpError lastError;
    std::vector<ConsumerPointer> consumers; // that run, hold messages or have a callback to come
    QtAmqpPrivate::Handler<const QString &, const QAmqpError &> cancelledHandler;
    QtAmqpPrivate::Handler<const QAmqpDelivery &, const QAmqpError &> discardedHandler;
    // Why no consumer with a handler is left, once none is.
    QAmqpBlockingChannel::ConsumingEnd consumingEnd =
            QAmqpBlockingChannel::ConsumingEnd::NoConsumers;

    // Of the I/O thread
    QPointer<QAmqpChannel> channel;
    std::vector<Answer<void>> openers;
    std::vector<Answer<void>> closers;
};

// As QAmqpBlockingConnectionPrivate::wait(), with an error that says why the channel is closed.
template<typename Result, typename Start>
Result QAmqpBlockingChannelPrivate::wait(const char *what, Start start)
{
    Result result =
            connection->wait<Result>(what, deadline(),
                                     [self = shared_from_this(), what,
                                      start = std::move(start)](const auto &answer) mutable {
                                         if (self->channel)
                                             start(answer);
                                         else
                                             answer->give(self->connection->notOpen(what));
                                     });
    connection->awaitEnd(result.error(), isOpen);
    if (!result && result.error().kind() == QAmqpError::Kind::NotOpen)
        return explained(result.error());
    return result;
}

// `call` makes the request of the QAmqpChannel, in the I/O thread, and returns its future.
template<typename T, typename Call>
QAmqpResult<T> QAmqpBlockingChannelPrivate::request(const char *what, Call call)
{
    return wait<QAmqpResult<T>>(what, [this, call = std::move(call)](const Answer<T> &answer) {
        QtAmqpPrivate::giveWhenEnded(answer, call(channel.data()));
    });
}

QT_END_NAMESPACE

#endif
