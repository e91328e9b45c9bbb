// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickobject.h"

#include "qamqpquickmessage.h"

#include <QtCore/qdebug.h>
#include <QtCore/qloggingcategory.h>
#include <QtQml/qqmlengine.h>

QT_BEGIN_NAMESPACE

// The category of the library, which itself logs an error only if nothing is connected to the signal.
Q_LOGGING_CATEGORY(qtAmqpQuickChannel, "qt.amqp.channel", QtWarningMsg)

using Kind = QAmqpError::Kind;
using Scope = QAmqpError::Scope;

QAmqpQuickObject::QAmqpQuickObject(QObject *parent) : QAmqpQuickBase(true, parent)
{
    connect(this, &QAmqpQuickBase::settingsChanged, this, &QAmqpQuickObject::restart);
    connect(this, &QAmqpQuickBase::begun, this, &QAmqpQuickObject::makeKeptCalls);
    connect(&m_rate, &QAmqpQuickRate::changed, this, &QAmqpQuickObject::messagesPerSecondChanged);
}

QAmqpQuickObject::~QAmqpQuickObject()
{
    m_scope.reset(); // so that no callback reaches this half-destroyed object
    delete m_channel;
}

void QAmqpQuickObject::setConnection(QAmqpQuickConnection *connection)
{
    if (m_connection == connection)
        return;
    if (m_connection)
        m_connection->disconnect(this);
    m_connection = connection;
    stop();
    if (connection) {
        connect(connection, &QAmqpQuickConnection::sessionChanged, this,
                &QAmqpQuickObject::restart);
        connect(connection, &QAmqpQuickBase::begun, this, &QAmqpQuickObject::makeKeptCalls);
        connect(connection, &QObject::destroyed, this, [this] {
            Q_EMIT connectionChanged();
            makeKeptCalls(); // there is no connection to wait for
        });
        connectionFound();
    }
    Q_EMIT connectionChanged();
    startSoon();
}

void QAmqpQuickObject::componentComplete()
{
    findConnection();
    QAmqpQuickBase::componentComplete();
}

// Finds the enclosing connection, unless the property names one.
void QAmqpQuickObject::findConnection()
{
    if (!m_connection)
        setConnection(QAmqpQuickConnection::around(this));
}

bool QAmqpQuickObject::canStart() const
{
    return isActive() && !m_channel && m_connection && m_connection->session();
}

bool QAmqpQuickObject::hasFailed() const
{
    return m_failed || (m_channel && m_channel->state() == QAmqpChannel::State::Closed);
}

// Sets up at once what a call needs, and sets everything up again if it has failed.
void QAmqpQuickObject::startForCall()
{
    if (hasFailed())
        stop();
    if (isComplete())
        start();
}

void QAmqpQuickObject::start()
{
    findConnection(); // an Instantiator becomes the parent only after the object is complete
    if (m_connection)
        m_connection->startNow();
    if (!canStart())
        return;
    setError({});
    if (!canStart()) // a signal handler may have changed anything
        return;
    m_scope = std::make_unique<QObject>();
    m_channel = m_connection->session()->createChannel(this);
    connect(m_channel, &QAmqpChannel::publishRefused, m_channel, [] {}); // publish() reports it
    m_expected = 0;
    m_failed = false;
    connect(m_channel, &QAmqpChannel::errorOccurred, m_scope.get(),
            [this](const QAmqpError &error) {
                if (!hasErrorHandler())
                    qCWarning(qtAmqpQuickChannel).noquote() << error.text();
                lost(error); // a handler may delete this object
            });
    connect(m_channel, &QAmqpChannel::closed, m_scope.get(), [this] { setReady(false); });
    // The library sets the channel up again. What was expected then is expected still.
    connect(m_channel, &QAmqpChannel::interrupted, m_scope.get(), [this] { setReady(false); });
    connect(m_channel, &QAmqpChannel::recovered, m_scope.get(), [this] { recovered(); });
    expect();
    connect(m_channel, &QAmqpChannel::opened, m_scope.get(), [this] { arrived(); });
    const QPointer<QAmqpChannel> alive = m_channel; // the handler of an error may end it
    setUp(m_channel);
    if (alive)
        makeKeptCalls();
}

void QAmqpQuickObject::makeKeptCalls()
{
    if (keepsCalls())
        return;
    const QPointer<QAmqpQuickObject> self = this;
    for (const std::function<void()> &call : std::exchange(m_kept, {})) {
        if (!self)
            return;
        call();
    }
}

void QAmqpQuickObject::stop()
{
    m_scope.reset();
    delete m_channel;
    if (m_keptMessages == 0)
        m_lastTag = 0;
    setReady(false);
}

void QAmqpQuickObject::setReady(bool ready)
{
    if (m_ready == ready)
        return;
    m_ready = ready;
    Q_EMIT readyChanged();
}

void QAmqpQuickObject::arrived()
{
    if (--m_expected == 0 && m_channel && m_channel->isOpen())
        setReady(true);
}

// A request failed. If the broker refused it, that ends the channel or the connection, whose signal reports
// the error.
void QAmqpQuickObject::refused(const QAmqpError &error)
{
    if (error.scope() == Scope::Operation && error.origin() != QAmqpError::Origin::Broker
        && error.kind() != Kind::Cancelled)
        fail(error);
}

void QAmqpQuickObject::lost(const QAmqpError &error)
{
    setFailed();
    setReady(false);
    fail(error);
}

void QAmqpQuickObject::recovered()
{
    if (m_expected == 0 && !hasFailed())
        setReady(true);
}

void QAmqpQuickObject::count(void (QAmqpQuickConnection::*direction)())
{
    m_rate.count();
    if (m_connection)
        (m_connection->*direction)();
}

quint64 QAmqpQuickObject::publish(const QJSValue &body, const QJSValue &properties,
                                  const Send &send)
{
    QAmqpError error;
    const QAmqpMessage message = makeMessage(body, properties, &error);
    if (error && keepsCalls())
        keep([this, error] { setError(error); }); // set once more, since setting up clears it
    if (error) {
        fail(error);
        return 0;
    }
    if (!keepsCalls())
        startForCall(); // this may make a new channel, whose tags begin again
    const quint64 tag = ++m_lastTag;
    if (keepsCalls()) {
        ++m_keptMessages;
        keep([=, this] { sendKept(message, tag, send); });
        keptChanged();
    } else if (!sendNow(message, tag, send)) {
        --m_lastTag;
        failUnsent();
        return 0;
    }
    return tag;
}

bool QAmqpQuickObject::sendNow(const QAmqpMessage &message, quint64 tag, const Send &send)
{
    if (!m_channel || !send(message, tag))
        return false;
    count(&QAmqpQuickConnection::countOut);
    return true;
}

void QAmqpQuickObject::sendKept(const QAmqpMessage &message, quint64 tag, const Send &send)
{
    const QPointer<QAmqpQuickObject> self = this;
    startForCall();
    --m_keptMessages;
    if (!sendNow(message, tag, send)) {
        failUnsent();
        if (self)
            notSent(tag);
    }
    if (self)
        keptChanged();
}

void QAmqpQuickObject::failUnsent() { fail(m_channel ? m_channel->lastError() : notOpen()); }

// Makes a message of what is given in QML.
QAmqpMessage QAmqpQuickObject::makeMessage(const QJSValue &body, const QJSValue &properties,
                                           QAmqpError *error)
{
    QString wrong;
    const QAmqpMessage message =
            QAmqpQuickMessage::fromJs(body, properties, qmlEngine(this), &wrong);
    if (!wrong.isEmpty())
        *error = invalid(wrong);
    return message;
}

QAmqpError QAmqpQuickObject::notOpen()
{
    return QAmqpError(
            Kind::NotOpen, Scope::Operation, QAmqpError::Origin::Application,
            tr("nothing can be sent: there is no connection, or it is not active or has failed"));
}

QT_END_NAMESPACE
