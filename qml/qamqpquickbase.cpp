// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickbase.h"

#include <QtCore/qmetaobject.h>
#include <QtCore/qpointer.h>

QT_BEGIN_NAMESPACE

void QAmqpQuickBase::setActive(bool active)
{
    if (m_active == active)
        return;
    m_active = active;
    // It stops at once, so that switching off and on in one turn sets everything up again.
    if (!active)
        stop();
    Q_EMIT activeChanged();
    startSoon();
}

void QAmqpQuickBase::componentComplete()
{
    m_complete = true;
    startSoon();
}

void QAmqpQuickBase::startSoon()
{
    if (!m_complete || m_startWanted)
        return;
    m_startWanted = true;
    QMetaObject::invokeMethod(this, &QAmqpQuickBase::begin, Qt::QueuedConnection);
}

void QAmqpQuickBase::begin()
{
    const QPointer<QAmqpQuickBase> self = this;
    const bool isFirst = !std::exchange(m_begun, true);
    startNow();
    if (self && isFirst)
        Q_EMIT begun();
}

// Also called by a function that needs what is still to be set up.
void QAmqpQuickBase::startNow()
{
    if (std::exchange(m_startWanted, false) && m_active)
        start();
}

void QAmqpQuickBase::restart()
{
    stop();
    startSoon();
}

void QAmqpQuickBase::setError(const QAmqpError &error)
{
    if (m_error.error() == error)
        return;
    m_error = error;
    Q_EMIT errorChanged();
}

bool QAmqpQuickBase::hasErrorHandler() const
{
    return isSignalConnected(QMetaMethod::fromSignal(&QAmqpQuickBase::errorOccurred));
}

void QAmqpQuickBase::fail(const QAmqpError &error)
{
    setError(error);
    Q_EMIT errorOccurred(error);
}

QAmqpError QAmqpQuickBase::invalid(const QString &text)
{
    return QAmqpError(QAmqpError::Kind::InvalidArgument, QAmqpError::Scope::Operation,
                      QAmqpError::Origin::Application, text);
}

QT_END_NAMESPACE
