// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_QAMQPBLOCKINGOUTBOX_P_H
#define QTAMQP_BLOCKING_QAMQPBLOCKINGOUTBOX_P_H

#include "blocking/qamqpblockingconnection_p.h"

#include <QtAmqp/qamqpblockingoutbox.h>
#include <QtCore/qpointer.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// What an outbox answers to a call. It has no error of the call itself, for which
// QAmqpBlockingConnectionPrivate::call() would take the NotOpen of an outbox without a file.
template<typename T>
struct OutboxAnswer
{
    OutboxAnswer(QAmqpError error) : result(std::move(error)) { }
    OutboxAnswer(T value) : result(std::move(value)) { }
    QAmqpError error() const { return {}; }

    QAmqpResult<T> result;
};

} // namespace QtAmqpPrivate

// An outbox in the I/O thread, and what other threads know of it. The connection owns it until its own end, or close().
class QAmqpBlockingOutboxPrivate final
    : public std::enable_shared_from_this<QAmqpBlockingOutboxPrivate>
{
public:
    template<typename T>
    using Answer = QtAmqpPrivate::AnswerPointer<QtAmqpPrivate::OutboxAnswer<T>>;
    using Make = std::function<QAmqpOutbox *(QAmqpConnection *)>;

    explicit QAmqpBlockingOutboxPrivate(std::shared_ptr<QAmqpBlockingConnectionPrivate> owner)
        : connection(std::move(owner))
    {
    }

    // Any thread
    std::mutex &mutex() const { return connection->dispatcher.mutex(); }
    template<typename Function>
    auto locked(Function function) const
    {
        return connection->dispatcher.locked(function);
    }
    // Asks the I/O thread, unless the outbox is closed.
    template<typename T, typename Start>
    QAmqpResult<T> ask(const QString &what, Start start);
    QAmqpResult<void> waitUntilEmpty(QtAmqpPrivate::TimePoint deadline);
    void forgetCallbacks();

    // Any thread, with the mutex held
    void silence();
    QAmqpError closedError(const QString &what) const;
    QAmqpError refusal(const QString &what) const
    {
        return closed ? closedError(what) : QAmqpError();
    }

    // I/O thread
    QAmqpError make(const Make &make);
    void publish(const Answer<quint64> &answer, const QString &exchange, const QString &routingKey,
                 const QAmqpMessage &message, QAmqpChannel::PublishFlags flags);
    // Writes what was published, answers for it, and deletes the outbox.
    void finish(const QAmqpError &why);
    void end(const QAmqpError &why);

    const std::shared_ptr<QAmqpBlockingConnectionPrivate> connection;

    // Guarded by the dispatcher's mutex
    qint64 count = 0; // once it is closed: what was left in it
    qint64 bytes = 0;
    bool closed = false;
    QAmqpError lastError;
    QtAmqpPrivate::Handler<quint64, quint64> deliveredHandler;
    QtAmqpPrivate::Handler<quint64, const QAmqpError &> failedHandler;

private:
    struct News // messages that were delivered, or one that has failed
    {
        quint64 first = 0;
        quint64 last = 0;
        QAmqpError why = {};
    };

    void watch();
    void accepted(quint64 id);
    void failed(quint64 id, const QAmqpError &why);
    void counted();
    void gone();
    void tell(const News &news); // with the mutex held
    QtAmqpPrivate::Callback nextCallback(); // with the mutex held

    // Guarded by the dispatcher's mutex
    std::condition_variable m_emptied; // or closed
    QAmqpError m_closeReason;
    QAmqpError m_firstFailure; // since the last waitUntilEmpty()
    std::deque<News> m_news; // each of them has its event in the dispatcher

    // Of the I/O thread
    QPointer<QAmqpOutbox> m_box;
    std::map<quint64, Answer<quint64>> m_asking; // those who wait for their messages to be accepted
};

template<typename T, typename Start>
QAmqpResult<T> QAmqpBlockingOutboxPrivate::ask(const QString &what, Start start)
{
    if (const QAmqpError error = locked([&] { return refusal(what); }))
        return error;
    const auto begin = [self = shared_from_this(), what, start](const Answer<T> &answer) {
        if (const QAmqpError error = self->locked([&] { return self->refusal(what); }))
            answer->give(error);
        else
            start(answer);
    };
    return connection
            ->call<QtAmqpPrivate::OutboxAnswer<T>>(
                    what, QtAmqpPrivate::deadlineAfter(connection->timeout), begin)
            .result;
}

QT_END_NAMESPACE

#endif
