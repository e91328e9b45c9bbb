// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickerror.h"

#include <QtCore/qmetaobject.h>

QT_BEGIN_NAMESPACE

/*!
    \qmlvaluetype amqpError
    \inqmlmodule QtAmqp
    \brief Why something failed.

    If the kind is empty, \c {error.kind === ""}, there is no error.

    \sa QAmqpError
*/

QAmqpQuickError::QAmqpQuickError(QAmqpError error) : m_error(std::move(error)) { }

/*! \qmlproperty string amqpError::kind
    The name of the kind: \c "NotFound", \c "AuthenticationFailed" and so on, see QAmqpError::Kind. */
QString QAmqpQuickError::kind() const
{
    if (!m_error.isError())
        return {};
    return QString::fromLatin1(
            QMetaEnum::fromType<QAmqpError::Kind>().valueToKey(int(m_error.kind())));
}

/*! \qmlproperty string amqpError::text
    A text for people that says what went wrong and what to do about it. */
QString QAmqpQuickError::text() const { return m_error.text(); }

/*! \qmlproperty int amqpError::code
    The reply code of AMQP, such as 404 for a queue that does not exist. It is 0 if the broker gave none. */
int QAmqpQuickError::code() const { return m_error.replyCode(); }

/*! \qmlproperty string amqpError::method
    The AMQP method that failed, such as \c "queue.declare", if it is known. */
QString QAmqpQuickError::method() const { return m_error.method(); }

/*! \qmlproperty string amqpError::endpoint
    For errors of a connection, which broker the error is about. */
QString QAmqpQuickError::endpoint() const { return m_error.endpoint(); }

/*! \qmlproperty bool amqpError::retryable
    Whether trying the same again later may succeed. */
bool QAmqpQuickError::isRetryable() const { return m_error.isRetryable(); }

QT_END_NAMESPACE
