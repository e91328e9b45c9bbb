// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_ANSWER_H
#define QTAMQP_BLOCKING_ANSWER_H

// One answer that the I/O thread gives and another thread waits for. It is shared, since the waiter may
// be gone when the answer comes.

#include <QtAmqp/qamqpresult.h>
#include <QtCore/qfuture.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using TimePoint = std::chrono::steady_clock::time_point;

// As good as for ever, and safe to reckon with.
constexpr std::chrono::milliseconds Century = std::chrono::hours(24 * 365 * 100);

// Never overflows: a time so far away that no clock reaches it stands for none. (The core has the same;
// this layer sees the public headers only.)
inline TimePoint deadlineAfter(std::chrono::milliseconds timeout)
{
    return timeout < Century ? TimePoint::clock::now() + std::max(timeout, -Century)
                             : TimePoint::max();
}

// `Result` is a QAmqpResult, or anything else that can be made of a QAmqpError.
template<typename Result>
class Answer
{
public:
    void give(Result result) { offer(std::move(result)); }
    // False if nobody waits for it any more.
    bool offer(Result result)
    {
        {
            const std::lock_guard lock(m_mutex);
            if (m_result || m_abandoned) // the first counts
                return false;
            m_result = std::move(result);
        }
        m_given.notify_all();
        return true;
    }
    // Empty if there is none in the time that `patience` has.
    template<typename Patience>
    std::optional<Result> wait(Patience &patience)
    {
        std::unique_lock lock(m_mutex);
        patience.wait(m_given, lock, [this] { return m_result.has_value(); });
        m_abandoned = !m_result;
        return m_result;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_given;
    std::optional<Result> m_result;
    bool m_abandoned = false; // the waiter has gone without it
};

template<typename Result>
using AnswerPointer = std::shared_ptr<Answer<Result>>;

// In the thread that ends the future. What nobody waits for any more goes to `unwanted`, if there is one.
template<typename T, typename Unwanted = std::nullptr_t>
void giveWhenEnded(const AnswerPointer<QAmqpResult<T>> &answer, QFuture<T> future,
                   Unwanted unwanted = nullptr)
{
    future.then([answer, unwanted](QFuture<T> ended) {
        try {
            if constexpr (std::is_void_v<T>) {
                ended.waitForFinished();
                answer->give(QAmqpResult<void>());
            } else {
                const T value = ended.result();
                const bool isTaken = answer->offer(QAmqpResult<T>(value));
                if constexpr (!std::is_null_pointer_v<Unwanted>) {
                    if (!isTaken)
                        unwanted(value);
                }
            }
        } catch (const QAmqpException &exception) {
            answer->give(QAmqpResult<T>(exception.error()));
        }
    });
}

// What the facade itself has to say about a call.
inline QAmqpError blockingError(QAmqpError::Kind kind, const QString &text)
{
    const auto origin = kind == QAmqpError::Kind::Timeout ? QAmqpError::Origin::Library
                                                          : QAmqpError::Origin::Application;
    return QAmqpError(kind, QAmqpError::Scope::Operation, origin, text);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
