#include "qamqpquickobject.h"

#include "qamqpquickmessage.h"

#include <QtCore/qdebug.h>
#include <QtCore/qloggingcategory.h>
#include <QtQml/qqmlengine.h>

QT_BEGIN_NAMESPACE

// The library's own, which leaves it to who listens to tell an error.
Q_LOGGING_CATEGORY(qtAmqpQuickChannel, "qt.amqp.channel", QtWarningMsg)

using Kind = QAmqpError::Kind;
using Scope = QAmqpError::Scope;

QAmqpQuickObject::QAmqpQuickObject(QObject *parent) : QAmqpQuickBase(true, parent)
{
    connect(this, &QAmqpQuickBase::settingsChanged, this, &QAmqpQuickObject::restart);
    connect(&m_rate, &QAmqpQuickRate::changed, this, &QAmqpQuickObject::messagesPerSecondChanged);
}

QAmqpQuickObject::~QAmqpQuickObject()
{
    m_scope.reset(); // nothing is told to what is half destroyed
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
        connect(connection, &QObject::destroyed, this, &QAmqpQuickObject::connectionChanged);
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

// The enclosing one, unless another was named.
void QAmqpQuickObject::findConnection()
{
    for (QObject *around = parent(); around && !m_connection; around = around->parent())
        setConnection(qobject_cast<QAmqpQuickConnection *>(around));
}

bool QAmqpQuickObject::canStart() const
{
    return isActive() && !m_channel && m_connection && m_connection->session();
}

bool QAmqpQuickObject::hasFailed() const
{
    return m_failed || (m_channel && m_channel->state() == QAmqpChannel::State::Closed);
}

// What is to be set up for a call is set up now, and what has failed is anew.
void QAmqpQuickObject::startForCall()
{
    if (hasFailed())
        stop();
    if (isComplete())
        start();
}

void QAmqpQuickObject::start()
{
    findConnection(); // an Instantiator becomes the parent late
    if (m_connection)
        m_connection->startNow();
    if (!canStart())
        return;
    setError({});
    if (!canStart()) // a handler may have changed anything
        return;
    m_scope = std::make_unique<QObject>();
    m_channel = m_connection->session()->createChannel(this);
    m_expected = 0;
    m_failed = false;
    connect(m_channel, &QAmqpChannel::errorOccurred, m_scope.get(),
            [this](const QAmqpError &error) {
                if (error.scope() == Scope::Connection) // which tells its errors itself
                    return setReady(false);
                lost(error); // which may delete this
                qCWarning(qtAmqpQuickChannel).noquote()
                        << error.text(); // a document may not listen
            });
    expect();
    connect(m_channel, &QAmqpChannel::opened, m_scope.get(), [this] { arrived(); });
    setUp(m_channel);
}

void QAmqpQuickObject::stop()
{
    m_scope.reset();
    delete m_channel;
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
    if (--m_expected == 0)
        setReady(true);
}

// A request that the broker refuses ends the channel, which tells that, or the connection.
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

void QAmqpQuickObject::count(void (QAmqpQuickConnection::*direction)())
{
    m_rate.count();
    if (m_connection)
        (m_connection->*direction)();
}

// What is given as a message in QML, if it can be sent.
QAmqpMessage QAmqpQuickObject::makeMessage(const QJSValue &body, const QVariantMap &properties,
                                           QAmqpError *error)
{
    if (!m_channel) {
        *error = notOpen();
        return {};
    }
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
