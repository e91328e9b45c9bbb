// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickconnection.h"

#include "qamqpquickvalues.h"

#include <QtCore/qdebug.h>
#include <QtCore/qloggingcategory.h>
#include <QtCore/qurl.h>
#include <QtCore/qurlquery.h>

QT_BEGIN_NAMESPACE

// The category of the library, which itself logs an error only if nothing is connected to the signal.
Q_LOGGING_CATEGORY(qtAmqpQuickConnection, "qt.amqp.connection", QtWarningMsg)

using namespace Qt::StringLiterals;

using Kind = QAmqpError::Kind;

/*!
    \qmltype AmqpConnection
    \inqmlmodule QtAmqp
    \brief A connection to an AMQP 0-9-1 broker such as RabbitMQ.

    \qml
    AmqpConnection {
        id: broker
        url: "amqp://localhost"
        active: true

        AmqpQueue { name: "orders"; onMessageReceived: (message) => console.log(message.text) }
    }
    \endqml

    No socket is opened before \l active is \c true. Properties may be set in any order and changed at any
    time: another \l url closes the old connection in good order and opens the new one, and everything on it
    is set up again. Objects that are declared inside use this connection; an AmqpQueue elsewhere names it by
    its property \c connection.

    \l active states a wish: if there is no broker, or the link is lost, other attempts to connect follow, by the
    recovery policy of the \l url (QAmqpConnectionOptions::recoveryPolicy(); without end unless it says otherwise).
    Meanwhile \l connected is \c false, \l lastError says why, \l stateText and \l secondsToNextAttempt say when the
    next attempt begins, and reconnectNow() makes it at once. When the link is back, the library declares queues,
    exchanges and bindings again and subscribes again. Objects on the connection are only not \c ready for a while,
    and messages that were not acknowledged come once more.

    The connection fails for good, with errorOccurred(), when the broker refuses it, for example because of the
    password, or when the policy allows no further attempt. Then \l errorString says why; set \l active to
    \c false and to \c true, or call reopen(). With \c{recovery=off} in the \l url each failure and each lost link
    is final.

    \sa QAmqpConnection
*/

/*! \qmlproperty bool AmqpConnection::active
    Whether there is to be a connection. It is \c false at first, and stays \c true when the connection
    is lost or fails. */
/*! \qmlproperty list<QtObject> AmqpConnection::data
    \qmldefault
    The objects that are declared inside: queues, exchanges, and anything else. */
/*! \qmlproperty string AmqpConnection::url
    Where to connect: \c{amqp://user:password@host:port/vhost}, or \c amqps for TLS. An empty URL means
    \c{amqp://localhost}. The URL may name several hosts and have the query keys of
    QAmqpConnectionOptions::fromUrl(). The properties below take precedence over it. */
/*! \qmlproperty string AmqpConnection::userName
    The user who logs in; by default it is the user of the \l url. */
/*! \qmlproperty string AmqpConnection::password
    The password of \l userName, or of the user of the \l url. */
/*! \qmlproperty string AmqpConnection::virtualHost
    The virtual host; by default it is that of the \l url. */
/*! \qmlproperty string AmqpConnection::connectionName
    The name of this connection in the broker's list of connections. */
/*! \qmlproperty real AmqpConnection::heartbeat
    The seconds between heartbeats, a whole number up to 65535. 0 turns heartbeats off, and -1, the default,
    leaves the number to the broker. */
/*! \qmlproperty string AmqpConnection::caCertificateFile
    A PEM file with the authorities to trust, a path or a \c file or \c qrc URL. */
/*! \qmlproperty string AmqpConnection::certificateFile
    The client's own certificate, if the broker asks for one. */
/*! \qmlproperty string AmqpConnection::privateKeyFile
    The key of \l certificateFile. */
/*! \qmlproperty string AmqpConnection::privateKeyPassword
    The password of \l privateKeyFile. */
/*! \qmlproperty bool AmqpConnection::peerVerification
    Whether the broker must prove who it is. It is \c true by default, and should stay so. */
/*! \qmlproperty amqpError AmqpConnection::error
    The last error. It is kept until the connection is opened again. */
/*! \qmlproperty string AmqpConnection::errorString
    The text of \l error, which is empty if there is none. */
/*! \qmlproperty int AmqpConnection::errorCode
    The reply code of \l error, which is 0 if there is none. */
/*! \qmlproperty bool AmqpConnection::connected
    Whether \l state is \c AmqpConnection.Open. */
/*! \qmlproperty bool AmqpConnection::recovering
    Whether \l state is \c AmqpConnection.Recovering: the link was lost, and another one is being made. */
/*! \qmlproperty real AmqpConnection::messagesPerSecondIn
    How many messages its queues received in the last second. */
/*! \qmlproperty real AmqpConnection::messagesPerSecondOut
    How many messages were published on it in the last second. */
/*! \qmlsignal AmqpConnection::errorOccurred(amqpError error)
    The connection failed because of \a error. Errors of a queue are reported by that queue. */
/*! \qmlmethod void AmqpConnection::reopen()
    Opens the connection anew if it is \l active. This does the same as switching \l active off and on: everything
    on it is set up again. To end only the wait for the next attempt, call reconnectNow(). */

/*! \qmlproperty enumeration AmqpConnection::state
    \value AmqpConnection.Closed       No link, and none is being made.
    \value AmqpConnection.Connecting   The host is being resolved and reached; with TLS, the handshake.
    \value AmqpConnection.Handshaking  AMQP is being negotiated, the user is logged in.
    \value AmqpConnection.Open         Everything works.
    \value AmqpConnection.Closing      A \l source is being closed by C++.
    \value AmqpConnection.Recovering   The link was lost; the next attempt is waited for or made, or what was on
                                       the link is being set up again. */

/*! \qmlproperty string AmqpConnection::endpoint
    Where the connection goes, or the present attempt to connect, as a text for a label. Of several hosts and
    addresses it is the one in use, such as \c {amqps://broker.example:5671/vhost (192.0.2.7)}. It is empty
    while the connection is closed.
    \sa QAmqpConnection::endpoint */

/*! \qmlproperty bool AmqpConnection::blocked
    Whether the broker takes no messages because it is short of memory or disk space. What is published
    meanwhile is kept. */

QAmqpQuickConnection::QAmqpQuickConnection(QObject *parent) : QAmqpQuickBase(false, parent)
{
    connect(this, &QAmqpQuickBase::settingsChanged, this, [this] {
        setLastError({}); // it was about the old settings
        restart();
    });
    connect(this, &QAmqpQuickBase::errorChanged, this, &QAmqpQuickConnection::stateTextChanged);
    connect(this, &QAmqpQuickBase::errorChanged, this, [this] {
        if (error().error())
            setLastError(error().error());
    });
    m_countdown.setInterval(std::chrono::seconds(1));
    m_countdown.setTimerType(Qt::PreciseTimer);
    connect(&m_countdown, &QTimer::timeout, this, &QAmqpQuickConnection::countDown);
    connect(this, &QAmqpQuickConnection::secondsToNextAttemptChanged, this,
            &QAmqpQuickConnection::stateTextChanged);
    connect(this, &QAmqpQuickConnection::nextAttemptChanged, this,
            &QAmqpQuickConnection::stateTextChanged);
    connect(this, &QAmqpQuickBase::activeChanged, this, &QAmqpQuickConnection::stateTextChanged);
    connect(this, &QAmqpQuickConnection::stateChanged, this,
            &QAmqpQuickConnection::stateTextChanged);
    connect(&m_in, &QAmqpQuickRate::changed, this,
            &QAmqpQuickConnection::messagesPerSecondInChanged);
    connect(&m_out, &QAmqpQuickRate::changed, this,
            &QAmqpQuickConnection::messagesPerSecondOutChanged);
}

QAmqpQuickConnection::~QAmqpQuickConnection()
{
    if (m_amqp)
        m_amqp->disconnect(this);
    setSession(nullptr); // for objects elsewhere that use this connection
}

// An object that is destroyed is removed from the list.
QQmlListProperty<QObject> QAmqpQuickConnection::data()
{
    using List = QQmlListProperty<QObject>;
    using Objects = QList<QObject *>;
    return List(
            this, &m_data,
            [](List *list, QObject *object) {
                auto *self = static_cast<QAmqpQuickConnection *>(list->object);
                self->m_data.append(object);
                if (object)
                    connect(object, &QObject::destroyed, self,
                            [self, object] { self->m_data.removeAll(object); });
            },
            [](List *list) { return static_cast<Objects *>(list->data)->size(); },
            [](List *list, qsizetype i) { return static_cast<Objects *>(list->data)->at(i); },
            [](List *list) { static_cast<Objects *>(list->data)->clear(); });
}

/*! \qmlproperty QtObject AmqpConnection::source
    A QAmqpConnection that was made in C++, for programs that have one already. C++ opens, closes and owns it.
    Then \l url and the other settings have no effect, and \l active decides whether the queues and exchanges
    here use it. Once this property was set, \c null means that the connection is still to come. It must live
    in the thread of the engine. */
void QAmqpQuickConnection::setSource(QObject *source)
{
    if (m_hasSource && m_source == source)
        return;
    m_hasSource = true;
    if (m_source)
        disconnect(m_source, &QObject::destroyed, this, &QAmqpQuickConnection::sourceChanged);
    m_source = source;
    if (source)
        connect(source, &QObject::destroyed, this, &QAmqpQuickConnection::sourceChanged);
    Q_EMIT sourceChanged();
    restart();
}

/*! \qmlproperty amqpError AmqpConnection::lastError
    Why the connection was lost, could not be opened, or why the last attempt to open it failed while others
    follow. Unlike \l error it stays while the connection is being opened again. There is no such error once
    the connection is open, when a setting changes, or while the connection is not \l active. */
/*! \qmlproperty date AmqpConnection::nextAttempt
    When the next attempt to connect begins, by the recovery policy of the \l url. The first attempts to open the
    connection follow its retry policy instead, if the \l url has one (\c connection_attempts, \c retry_delay).
    Unless the connection waits for an attempt, it is an invalid date. */
/*! \qmlproperty int AmqpConnection::secondsToNextAttempt
    In how many seconds the next attempt begins, for a countdown: it changes once a second. It is 0 if the
    connection does not wait for an attempt. */

/*! \qmlproperty string AmqpConnection::stateText
    The state in words, for a label. */
QString QAmqpQuickConnection::stateText() const
{
    if (m_nextAttempt.isValid()) {
        return m_state == Recovering
                ? tr("Connection lost, trying again in %n s", nullptr, m_secondsToNextAttempt)
                : tr("Trying again in %n s", nullptr, m_secondsToNextAttempt);
    }
    switch (m_state) {
    case Connecting: return tr("Connecting…");
    case Handshaking: return tr("Logging in…");
    case Open:
        return m_blocked ? tr("Connected, but the broker takes no messages") : tr("Connected");
    case Closing: return tr("Closing…");
    case Recovering: return tr("Connection lost, trying again…");
    case Closed: break;
    }
    const QAmqpError reason = error().error();
    if (!isActive() || !reason)
        return tr("Not connected");
    using Phase = QAmqpError::Phase;
    if (reason.phase() != Phase::Open && reason.phase() != Phase::Closing)
        return tr("Connection failed");
    return reason.origin() == QAmqpError::Origin::Broker ? tr("The broker closed the connection")
                                                         : tr("Connection lost");
}

void QAmqpQuickConnection::start()
{
    if (m_amqp)
        return;
    setError({});
    if (m_amqp || !isActive()) // a signal handler may have changed anything
        return;
    if (m_hasSource) {
        if (!useSource())
            return;
    } else {
        QAmqpError error;
        const QAmqpConnectionOptions wanted = options(&error);
        if (error)
            return fail(error);
        m_amqp = new QAmqpConnection(wanted, this);
        m_amqp->open();
    }
    connect(m_amqp, &QAmqpConnection::stateChanged, this, [this](QAmqpConnection::State state) {
        if (state == QAmqpConnection::State::Connecting) // C++ has opened it again
            setError({});
        if (state != QAmqpConnection::State::Closed) // closed() comes after the error is known
            follow();
    });
    connect(m_amqp, &QAmqpConnection::errorOccurred, this, [this](const QAmqpError &error) {
        setError(error);
        follow();
        if (!hasErrorHandler()) // otherwise nobody would notice that there is no broker
            qCWarning(qtAmqpQuickConnection).noquote() << error.text();
        Q_EMIT errorOccurred(error); // a handler may delete this object
    });
    connect(m_amqp, &QAmqpConnection::endpointChanged, this, &QAmqpQuickConnection::followEndpoint);
    connect(m_amqp, &QAmqpConnection::lastErrorChanged, this, [this](const QAmqpError &error) {
        using Amqp = QAmqpConnection::State;
        const Amqp now = m_amqp->state();
        if (error && (now == Amqp::Connecting || now == Amqp::Handshaking))
            warnOfFailedAttempt(error);
        if (error)
            setLastError(error);
    });
    connect(m_amqp, &QAmqpConnection::nextAttemptChanged, this,
            &QAmqpQuickConnection::followNextAttempt);
    connect(m_amqp, &QAmqpConnection::closed, this, &QAmqpQuickConnection::follow);
    connect(m_amqp, &QAmqpConnection::blockedChanged, this, &QAmqpQuickConnection::follow);
    connect(m_amqp, &QObject::destroyed, this, &QAmqpQuickConnection::follow);
    follow();
}

bool QAmqpQuickConnection::useSource()
{
    if (!m_source)
        return false; // the source is still to come
    auto *amqp = qobject_cast<QAmqpConnection *>(m_source);
    if (!amqp) {
        fail(invalid(tr("source is a %1, not a QAmqpConnection")
                             .arg(QLatin1StringView(m_source->metaObject()->className()))));
    } else if (amqp->thread() != thread()) {
        fail(invalid(tr(
                "source lives in another thread; QML needs a QAmqpConnection in the thread of its engine")));
    } else {
        m_amqp = amqp;
        if (amqp->state() == QAmqpConnection::State::Closed)
            setError(amqp->lastError());
    }
    return m_amqp;
}

void QAmqpQuickConnection::stop()
{
    QAmqpConnection *amqp = m_amqp;
    m_amqp = nullptr;
    m_warned = false;
    if (amqp)
        amqp->disconnect(this);
    follow(); // closes the channels on the connection before that is closed
    if (!isActive())
        setLastError({});
    if (!amqp || amqp->parent() != this)
        return;
    if (amqp->state() == QAmqpConnection::State::Closed)
        return amqp->deleteLater();
    connect(amqp, &QAmqpConnection::closed, amqp, &QObject::deleteLater);
    amqp->close();
}

// The connection in which this object is declared, null if there is none.
QAmqpQuickConnection *QAmqpQuickConnection::around(const QObject *object)
{
    QAmqpQuickConnection *found = nullptr;
    for (QObject *each = object->parent(); each && !found; each = each->parent())
        found = qobject_cast<QAmqpQuickConnection *>(each);
    return found;
}

/*! \qmlmethod void AmqpConnection::reconnectNow()
    Begins the next attempt to connect at once, for example because the user has asked for it or the network is
    there again. It does nothing unless the connection waits for an attempt, see \l nextAttempt. Unlike reopen()
    it keeps what is on the connection. */
void QAmqpQuickConnection::reconnectNow()
{
    if (m_amqp)
        m_amqp->reconnectNow();
}

QAmqpConnectionOptions QAmqpQuickConnection::options(QAmqpError *error) const
{
    QAmqpConnectionOptions options;
    if (!m_url.isEmpty())
        options = QAmqpConnectionOptions::fromUrl(m_url, error);
    // What is declared to be active is wanted for as long as it is so.
    const QUrlQuery asked(QUrl(m_url).query());
    const bool saysHow =
            asked.hasQueryItem(u"connection_attempts"_s) || asked.hasQueryItem(u"retry_delay"_s);
    if (options.isRecoveryEnabled() && !saysHow)
        options.setRetryPolicy(options.recoveryPolicy());
    if (!m_userName.isEmpty() || !m_password.isEmpty())
        options.setCredentials(QAmqpCredentials::plain(
                m_userName.isEmpty() ? options.credentials().userName() : m_userName, m_password));
    if (!m_virtualHost.isEmpty())
        options.setVirtualHost(m_virtualHost);
    if (!m_connectionName.isEmpty())
        options.setConnectionName(m_connectionName);
    const QString wrong = QtAmqpQuick::wholeNumberError("heartbeat"_L1, m_heartbeat, -1, 65535);
    if (!wrong.isEmpty())
        *error = invalid(wrong);
    else if (m_heartbeat >= 0)
        options.setHeartbeat(std::chrono::seconds(qint64(m_heartbeat)));
    if (!m_caCertificateFile.isEmpty())
        options.setCaCertificateFile(QtAmqpQuick::localFile(m_caCertificateFile));
    if (!m_certificateFile.isEmpty())
        options.setCertificateFile(QtAmqpQuick::localFile(m_certificateFile));
    if (!m_privateKeyFile.isEmpty())
        options.setPrivateKeyFile(QtAmqpQuick::localFile(m_privateKeyFile));
    if (!m_privateKeyPassword.isEmpty())
        options.setPrivateKeyPassword(m_privateKeyPassword);
    if (!m_peerVerification)
        options.setPeerVerificationEnabled(false);
    return options;
}

// Notes that an exchange is being declared: queues wait until it exists before they are bound.
void QAmqpQuickConnection::setDeclaring(const QObject *exchange, bool declaring)
{
    if (declaring)
        m_declaring.insert(exchange);
    else if (m_declaring.remove(exchange) && m_declaring.isEmpty())
        Q_EMIT declared();
}

void QAmqpQuickConnection::setSession(QAmqpConnection *session)
{
    if (m_session == session)
        return;
    m_session = session;
    Q_EMIT sessionChanged();
}

// Takes over the state of the connection.
void QAmqpQuickConnection::follow()
{
    const State state = m_amqp ? State(m_amqp->state()) : Closed;
    // The session outlives its link, and so do the channels of the objects on it.
    const bool isUsable = (state >= Connecting && state <= Open) || state == Recovering;
    setSession(isUsable ? m_amqp.get() : nullptr);
    const bool blocked = m_amqp && m_amqp->isBlocked();
    const bool changed = m_state != state || m_blocked != blocked;
    m_state = state;
    m_blocked = blocked;
    followEndpoint();
    followNextAttempt();
    if (state == Open) {
        m_warned = false;
        setLastError({});
    } else if (state == Recovering) {
        setLastError(m_amqp->lastError());
    }
    if (changed)
        Q_EMIT stateChanged();
}

void QAmqpQuickConnection::followNextAttempt()
{
    const QDateTime time = m_amqp ? m_amqp->nextAttempt() : QDateTime();
    if (m_nextAttempt == time)
        return;
    m_nextAttempt = time;
    if (time.isValid()) {
        m_countdown.start();
        setLastError(m_amqp->lastError()); // a source may have failed before it was set
    } else {
        m_countdown.stop();
    }
    countDown();
    Q_EMIT nextAttemptChanged();
}

void QAmqpQuickConnection::countDown()
{
    const qint64 left =
            m_nextAttempt.isValid() ? QDateTime::currentDateTimeUtc().msecsTo(m_nextAttempt) : 0;
    const int seconds = int(qMax(qint64(0), (left + 999) / 1000));
    if (std::exchange(m_secondsToNextAttempt, seconds) != seconds)
        Q_EMIT secondsToNextAttemptChanged();
}

void QAmqpQuickConnection::setLastError(const QAmqpError &error)
{
    if (m_lastError.error() == error)
        return;
    m_lastError = error;
    Q_EMIT lastErrorChanged();
}

// Else nobody would notice that there is no broker. (The library itself warns of a lost link.)
void QAmqpQuickConnection::warnOfFailedAttempt(const QAmqpError &error)
{
    if (!std::exchange(m_warned, true) && !hasErrorHandler())
        qCWarning(qtAmqpQuickConnection).noquote() << error.text();
}

void QAmqpQuickConnection::followEndpoint()
{
    const QString endpoint = m_amqp ? m_amqp->endpoint() : QString();
    if (std::exchange(m_endpoint, endpoint) != endpoint)
        Q_EMIT endpointChanged();
}

QT_END_NAMESPACE
