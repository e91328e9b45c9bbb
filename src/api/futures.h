#ifndef QTAMQP_API_FUTURES_H
#define QTAMQP_API_FUTURES_H

// Promises of the api: each ends with a value or a QAmqpException, never merely cancelled, because
// awaiting a cancelled future crashes QCoro 0.8. A promise is taken out of its list before it is
// finished: continuations run inside finish().

#include <QtAmqp/qamqperror.h>
#include <QtCore/qfuture.h>
#include <QtCore/qpromise.h>

#include <memory>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

template<typename T>
using SharedPromise = std::shared_ptr<QPromise<T>>;

template<typename T>
SharedPromise<T> startPromise()
{
    auto promise = std::make_shared<QPromise<T>>();
    promise->start();
    return promise;
}

template<typename T>
void failPromise(QPromise<T> &promise, const QAmqpError &error)
{
    promise.setException(QAmqpException(error));
    promise.finish();
}

template<typename T>
QFuture<T> failedFuture(const QAmqpError &error)
{
    const auto promise = startPromise<T>();
    failPromise(*promise, error);
    return promise->future();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
