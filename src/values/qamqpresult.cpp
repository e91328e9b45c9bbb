// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqpresult.h>

QT_BEGIN_NAMESPACE

/*!
    \class QAmqpResult
    \inmodule QtAmqp
    \brief The result of a call that waits: a value, or a QAmqpError.

    \snippet snippets.cpp result

    The compiler warns if a result is ignored. QAmqpResult<void> has no value, only success or an error.

    A program that is compiled without exceptions has no QAmqpException to catch: it must ask hasValue() or
    error() before value(), since asking for a missing value ends the program there.
*/

/*! \fn template<typename T> QAmqpResult<T>::QAmqpResult(const T &value)
    Makes the result \a value. */
/*! \fn template<typename T> QAmqpResult<T>::QAmqpResult(T &&value)
    Makes the result \a value. */
/*! \fn template<typename T> QAmqpResult<T>::QAmqpResult(QAmqpError error)
    Makes the failure \a error. */
/*! \fn template<typename T> bool QAmqpResult<T>::hasValue() const
    Returns whether the call succeeded. */
/*! \fn template<typename T> QAmqpResult<T>::operator bool() const
    Returns hasValue(). */
/*! \fn template<typename T> QAmqpError QAmqpResult<T>::error() const
    Returns why the call failed; no error if it did not. */
/*! \fn template<typename T> const T &QAmqpResult<T>::value() const &
    Returns the value, and throws a QAmqpException with error() if there is none. */
/*! \fn template<typename T> T &QAmqpResult<T>::value() &
    Returns the value, and throws a QAmqpException with error() if there is none. */
/*! \fn template<typename T> T QAmqpResult<T>::value() &&
    Returns the value, and throws a QAmqpException with error() if there is none. */
/*! \fn template<typename T> template<typename U> T QAmqpResult<T>::valueOr(U &&fallback) const
    Returns the value, or \a fallback if there is none. */
/*! \fn template<typename T> const T &QAmqpResult<T>::operator*() const &
    Returns value(). */
/*! \fn template<typename T> T &QAmqpResult<T>::operator*() &
    Returns value(). */
/*! \fn template<typename T> T QAmqpResult<T>::operator*() &&
    Returns value(). */
/*! \fn template<typename T> const T *QAmqpResult<T>::operator->() const
    Gives access to value(). */
/*! \fn template<typename T> T *QAmqpResult<T>::operator->()
    Gives access to value(). */

/*!
    \class QAmqpPublishResult
    \inmodule QtAmqp
    \inheaderfile QAmqpResult
    \brief The outcome of published messages: a number, or an error with the messages that failed.
*/

/*! Makes the success \a value. */
QAmqpPublishResult::QAmqpPublishResult(quint64 value) : QAmqpResult<quint64>(value) { }

/*! Makes the failure \a error of \a messages. */
QAmqpPublishResult::QAmqpPublishResult(const QAmqpError &error, const QList<QAmqpReturn> &messages)
    : QAmqpResult<quint64>(error), m_messages(messages)
{
}

/*! Returns the messages that failed. Those that the broker returned have its reply code and text, and all
    others have the code 0. QAmqpReturn::publishTag() is the number that QAmqpBlockingChannel::publish() gave
    to the message. */
QList<QAmqpReturn> QAmqpPublishResult::messages() const { return m_messages; }

QT_END_NAMESPACE
