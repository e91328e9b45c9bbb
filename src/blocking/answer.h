// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_ANSWER_H
#define QTAMQP_BLOCKING_ANSWER_H

// The parts of a call that waits: its deadline, the answer that the I/O thread gives it, and the errors that
// the facade itself makes.

#include <QtAmqp/qamqpdelivery.h>
#include <QtAmqp/qamqpresult.h>
#include <QtCore/qfuture.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using TimePoint = std::chrono::steady_clock::time_point;

// Long enough to stand for "for ever", and still far from any overflow.
constexpr std::chrono::milliseconds Century = std::chrono::hours(24 * 365 * 100);

inline TimePoint deadlineAfter(std::chrono::milliseconds timeout)
{
    return timeout < Century ? TimePoint::clock::now() + std::max(timeout, -Century)
                             : TimePoint::max();
}

// An error of the facade itself; its text is `format` with %1, %2... replaced.
template<typename... Arguments>
QAmqpError blockingError(QAmqpError::Kind kind, QStringView format, const Arguments &...arguments)
{
    const auto origin = kind == QAmqpError::Kind::Timeout ? QAmqpError::Origin::Library
                                                          : QAmqpError::Origin::Application;
    QString text = format.toString();
    if constexpr (sizeof...(arguments) > 0)
        text = text.arg(arguments...);
    return QAmqpError(kind, QAmqpError::Scope::Operation, origin, text);
}

// Makes the error that something is not open, and why it ended if there is a reason.
inline QAmqpError endedError(const QString &text, const QAmqpError &reason)
{
    return blockingError(QAmqpError::Kind::NotOpen,
                         reason ? text + QStringLiteral(". It ended because: ") + reason.text()
                                : text)
            .setCause(reason);
}

// Returns the error that `function` threw an exception, or none. An exception of the application must not end the I/O
// thread, and the program with it. `what` names the function.
template<typename Function>
QAmqpError exceptionIn(const QString &what, Function function)
{
    QString text = QStringLiteral("something that is no std::exception");
    try {
        function();
        return {};
    } catch (const std::exception &exception) {
        text = QString::fromLocal8Bit(exception.what());
    } catch (...) { // gets the general text above
    }
    return blockingError(QAmqpError::Kind::InvalidArgument, u"%1 threw an exception: %2", what,
                         text);
}

inline bool lacksReason(const QAmqpError &error)
{
    return error.kind() == QAmqpError::Kind::NotOpen && !error.cause();
}

// One answer, which the I/O thread gives and another thread waits for. It is shared, because the call may
// have given up by the time the answer comes. `Result` can be made of a QAmqpError.
template<typename Result>
struct Answer
{
    explicit Answer(std::mutex &dispatcherMutex) : mutex(dispatcherMutex) { }
    void give(Result result)
    {
        const std::lock_guard lock(mutex);
        giveLocked(std::move(result));
    }
    void giveLocked(Result result) // with the mutex held; only the first answer counts
    {
        if (!value)
            value = std::move(result);
        given.notify_all();
    }

    bool isAbandoned() // nobody waits for it any more
    {
        const std::lock_guard lock(mutex);
        return abandoned;
    }

    std::mutex &mutex;
    std::condition_variable given;
    std::optional<Result> value;
    bool abandoned = false;
};

template<typename Result>
using AnswerPointer = std::shared_ptr<Answer<Result>>;

// Gives the answer when the future has ended. A failure because the owner, a channel or connection, ended is
// given after isOpen() and lastError() of that owner are up to date.
template<typename T, typename Owner>
void giveWhenEnded(const AnswerPointer<QAmqpResult<T>> &answer, QFuture<T> future, Owner owner)
{
    const bool isRefused = future.isFinished(); // such a refusal does not end the owner
    future.then([=](QFuture<T> ended) {
        try {
            if constexpr (std::is_void_v<T>) {
                ended.waitForFinished();
                answer->give(QAmqpResult<void>());
            } else {
                const T value = ended.result();
                answer->give(value);
                if constexpr (std::is_same_v<T, std::optional<QAmqpDelivery>>) {
                    if (value && answer->isAbandoned()) // nobody else would settle the message
                        value->nack();
                }
            }
        } catch (const QAmqpException &exception) {
            if (isRefused)
                answer->give(exception.error());
            else
                owner->afterEnd([=, error = exception.error()] { answer->give(error); });
        }
    });
}

// The functions to call when a channel or connection has opened, without an error, or has ended.
using Waiters = std::vector<std::function<void(const QAmqpError &)>>;

inline void answerAll(Waiters &waiters, const QAmqpError &error)
{
    for (const auto &waiter : std::exchange(waiters, {}))
        waiter(error);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
