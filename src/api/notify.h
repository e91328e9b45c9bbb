// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_NOTIFY_H
#define QTAMQP_API_NOTIFY_H

// How the futures of the api end.
//
// Each promise ends with a value or a QAmqpException, never merely cancelled, because awaiting a
// cancelled future crashes QCoro 0.8. A promise is taken out of its list before it ends: continuations
// run inside finish().

#include "values/errorkinds.h"

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

// Ends the promise with the error, or with the value if there is none. A promise of void has no value.
template<typename T, typename... Value>
void endPromise(QPromise<T> &promise, const QAmqpError &error, const Value &...value)
{
    if (error)
        promise.setException(QAmqpException(error));
    else
        (promise.addResult(value), ...);
    promise.finish();
}

template<typename T>
QFuture<T> failedFuture(const QAmqpError &error, QFuture<T> = {})
{
    const SharedPromise<T> promise = startPromise<T>();
    endPromise(*promise, error);
    return promise->future();
}

inline QFuture<void> noExchange()
{
    return failedFuture<void>(invalidArgument(
            u"the exchange is null; QAmqpChannel::exchange() gives a handle for one"));
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
