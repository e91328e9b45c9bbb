// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/qamqpconnection_p.h"

#include "api/endpoint.h"
#include "api/qamqpchannel_p.h"
#include "protocol/negotiation.h"
#include "values/errorkinds.h"

#include <QtCore/qmetaobject.h>
#include <QtCore/qpointer.h>
#include <QtCore/qurl.h>
#include <QtNetwork/qsslconfiguration.h>
#include <QtNetwork/qsslerror.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpConnection
    \inmodule QtAmqp
    \brief A connection to an AMQP 0-9-1 broker such as RabbitMQ.

    \snippet snippets.cpp connection

    Nothing waits: channels can be made and used before the connection is open, what they were asked
    for is kept and sent in order. All signals come from the event loop, never from inside a call.
    Any object, the connection included, may be deleted in any slot. An exception that leaves a slot ends
    the application, as everywhere in Qt.

    A connection and everything made with it belongs to one thread, the one that opens it; move it
    only while it is closed. Only QAmqpDelivery's acknowledgements may come from other threads.

    \section1 When the link is lost

    The connection makes itself another link and goes on, unless QAmqpConnectionOptions::setRecoveryEnabled() says
    otherwise. From the loss until everything works again its state is Recovering, and its channels are Opening. In
    this time what channels are asked for is kept as it is before the first opening (at most 8 MiB of messages), and
    sent when they are back. Then queues, exchanges and bindings are declared again, each channel is opened with its
    number, its confirms or transactions and its prefetch, and each consumer starts again with its tag; recovered()
    says what could not be restored. opened() and closed() are emitted once for each open() all the same.

    \table
    \header \li What was under way \li What becomes of it
    \row \li a request that was not sent \li It is sent on the next link.
    \row \li a request that can be repeated: declaring, binding, unbinding, consuming, the prefetch \li
             It is sent again, and its future ends with that answer.
    \row \li another request: deleting, purging, QAmqpChannel::get(), ending a transaction, updateSecret() \li
             Its future fails with Interrupted: whether it was carried out is unknown.
    \row \li a cancel, a recover or the close of a channel \li It ends well: the loss has done it.
    \row \li a publish that was sent and not answered for \li It is QAmqpChannel::indeterminate(): it may have
             arrived. The library does not publish it a second time.
    \row \li a transaction of which something was sent \li All of it is gone, and its commit fails with Interrupted.
    \row \li a delivery that was not settled \li It is stale (QAmqpDelivery::isStale()), settling it returns
             \c false, and the broker delivers the message again.
    \endtable

    While it recovers, lastError is the loss or the last attempt that failed, and nextAttempt, nextAttemptIn() and
    reconnecting() tell how it goes; reconnectNow() does not wait. QAmqpConnectionOptions::recoveryPolicy() says how
    long it is tried, for ever if nothing else is set. Where Qt can tell whether the network is reachable
    (QNetworkInformation), the next attempt is made as soon as it becomes so. A connection of the application's main
    thread loads Qt's default backend for that, the first time that it recovers; one of another thread uses it if it is
    loaded.

    The connection ends, with errorOccurred() and closed(), when that policy allows no further attempt; and when the
    link did not fail but was ended for a reason that another link would not remove: by close(), by an error of one side
    or of the application (such as 501 or 505), or because the broker blocked it longer than
    QAmqpConnectionOptions::blockedConnectionTimeout(). Then each pending future fails, each unanswered publish is
    indeterminate, and every channel is closed before, see \l {Errors}. The connection may be opened again; channels
    made before need QAmqpChannel::open(). close() and abort() end a recovery at once.

    \section1 Several hosts, several attempts

    Each of QAmqpConnectionOptions::hosts() is tried until one lets the connection open: its name is
    resolved, its addresses are raced (RFC 8305), then come TLS and AMQP, and if the address turns out to be
    no broker the next one, all within QAmqpConnectionOptions::handshakeTimeout(). When all have failed, QAmqpConnectionOptions::retryPolicy()
    says whether and when they are tried again; a host that refused for good, by a wrong password
    or certificate, is left out. Until then nothing is reported as failed, and what channels were asked
    for stays; lastError and nextAttempt are for a label meanwhile. The error in the end names every attempt, see QAmqpError::attempts(). This is about
    opening alone: a connection that was open and is lost recovers, for which QAmqpConnectionOptions::recoveryPolicy()
    counts.

    \section1 Logging

    \table
    \header \li Category \li What it tells
    \row \li \c qt.amqp.connection \li warnings: unsafe settings, the broker blocks or closes; info:
             opened, closed, failed attempts
    \row \li \c qt.amqp.channel \li warnings: the broker closes a channel, or did not answer in time;
             info: the broker cancels a consumer
    \row \li \c qt.amqp.frames \li debug: every frame in both directions, credentials masked
    \endtable

    Warnings are on; \c{QT_LOGGING_RULES="qt.amqp.*=true"} switches all on.

    \sa {AMQP 0-9-1 §2.2.4}, {https://www.rabbitmq.com/connections.html}
*/

/*!
    \enum QAmqpConnection::State
    \value Closed       No link, and none is being made.
    \value Connecting   The host is being resolved and reached; with TLS, the handshake.
    \value Handshaking  AMQP is being negotiated: authentication, limits, virtual host.
    \value Open         Everything works.
    \value Closing      close() was called; what was asked before is being finished.
    \value Recovering   The link was lost, and the connection makes another one until everything works again. It is
                        neither Connecting nor Handshaking meanwhile.
*/

/*! \fn void QAmqpConnection::stateChanged(QAmqpConnection::State state)
    Emitted when \a state is reached, before the signal that is particular to it. */
/*! \fn void QAmqpConnection::opened()
    Emitted once for each open(), when the connection is open; channels open next. After the loss of a link
    recovered() is emitted instead. */
/*! \fn void QAmqpConnection::closed()
    Emitted once for each open(), when the connection is closed for whatever reason. */
/*! \fn void QAmqpConnection::errorOccurred(const QAmqpError &error)
    Emitted once, before closed(), if the connection ended by an \a error, also if close() missed its
    deadline. Not emitted when it was closed in good order or by abort(), nor by the loss of a link from which the
    connection recovers, see linkLost(). */
/*! \fn void QAmqpConnection::lastErrorChanged(const QAmqpError &error)
    Emitted when \a error has become the one that lastError() returns: also for an attempt to connect that failed,
    when others follow. */
/*! \fn void QAmqpConnection::nextAttemptChanged(const QDateTime &time)
    Emitted when the connection begins to wait for its next attempt at \a time, and with an invalid one when it
    waits no more. */
/*! \fn void QAmqpConnection::endpointChanged(const QString &endpoint)
    Emitted when \a endpoint has become the one in use or the one that is tried, empty when the
    connection is closed. */
/*! \fn void QAmqpConnection::blockedChanged(bool blocked)
    Emitted when the broker stops taking messages (\a blocked is \c true), gives another reason, or takes them
    again, see isBlocked(). */
/*! \fn void QAmqpConnection::sslErrors(const QList<QSslError> &errors)
    Tells by \a errors what is wrong with the peer's certificate; the connection fails right after. */

/*! \fn void QAmqpConnection::linkLost(const QAmqpError &cause)
    Emitted when an open link was lost for \a cause and the connection recovers, after stateChanged() with Recovering
    and after the QAmqpChannel::interrupted() of each channel that was open on it. A link that is lost before
    everything was restored on it is told too. errorOccurred() is emitted instead if the connection ends. If nothing is
    connected to this signal, a warning tells the loss. */
/*! \fn void QAmqpConnection::reconnecting(int attempt, std::chrono::milliseconds delay)
    Emitted while the connection recovers, when its next attempt to connect has been set for \a delay from now, which is
    0 if another host or address comes at once. \a attempt counts from 1 since the link was lost.
    \sa recoveryAttempt, nextAttempt, reconnectNow() */
/*! \fn void QAmqpConnection::recoveryAttemptChanged(int attempt)
    Emitted when \a attempt has become what recoveryAttempt() returns, before reconnecting(); and with 0 before
    recovered() or closed(). */
/*! \fn void QAmqpConnection::recovered(const QAmqpRecoveryReport &report)
    Emitted when everything works again after the loss of a link: the topology is declared, channels are open and their
    consumers run, each of which was told by QAmqpChannel::recovered() before. \a report says how long that took, which
    queues have other names now, what the broker refused to restore, and what it is still asked for. stateChanged()
    with Open comes before. */
/*! \fn void QAmqpConnection::queueRenamed(const QString &oldName, const QString &newName)
    Emitted while the connection recovers, when the broker has made up \a newName for a queue that it had named
    \a oldName and that went with the link. Handles have the new name already (QAmqpQueue::nameChanged()). Bindings,
    consumers and later calls that use \a oldName as the name of a queue mean the new one; but a routing key, and a
    reply-to that the application wrote into a message, stay as they are. */

/*! Makes a closed connection to \c{amqp://guest:guest@localhost:5672/}, a child of \a parent. */
QAmqpConnection::QAmqpConnection(QObject *parent)
    : QAmqpConnection(QAmqpConnectionOptions(), parent)
{
}

/*! Makes a closed connection with \a options, a child of \a parent; no socket is opened before open(). */
QAmqpConnection::QAmqpConnection(const QAmqpConnectionOptions &options, QObject *parent)
    : QObject(parent), d_ptr(std::make_unique<QAmqpConnectionPrivate>(this, options))
{
}

/*! Makes a closed connection with the options of \a url, a child of \a parent, see
    QAmqpConnectionOptions::fromUrl(). If the URL is wrong, open() says so. */
QAmqpConnection::QAmqpConnection(const QUrl &url, QObject *parent)
    : QAmqpConnection(QAmqpConnectionOptions::fromUrl(url), parent)
{
}

/*!
    Takes leave of the broker: what was published, asked and acknowledged before is still sent, and the
    connection is closed in good order, in silence. Its channels are deleted, their pending futures fail, and
    no signal is emitted. A continuation of such a future may delete any other object; what it asks of this
    one and its channels is refused. An event loop of Qt does the rest in the background; without one it is
    waited for, see QAmqpConnectionOptions::setLingerTime(). A connection that is not open is given up at
    once. Call close() and wait for closed() to hear what became of each publish; abort() cuts the link.
*/
QAmqpConnection::~QAmqpConnection()
{
    d_ptr->engine->collectLastMail(0); // acknowledgements that were accepted are sent
    std::vector<std::shared_ptr<QAmqpChannelPrivate>> channels;
    const auto leaveChannels = [&] {
        while (!d_ptr->channels.isEmpty()) {
            channels.push_back(d_ptr->channels.constFirst()->shared_from_this());
            channels.back()->leaveConnection();
        }
    };
    leaveChannels();
    d_ptr->engine->detach();
    setParent(nullptr); // a continuation may delete the parent
    const QAmqpError gone = givenUp(u"the connection was destroyed");
    size_t ended = 0;
    const auto failChannels = [&] { // also channels that a continuation makes
        for (leaveChannels(); ended < channels.size(); leaveChannels())
            channels[ended++]->failRequests(gone);
    };
    failChannels();
    for (const auto &promise : std::exchange(d_ptr->secretPromises, {}))
        endPromise(*promise, gone);
    d_ptr->engine->printRest();
    failChannels();
    // Children would otherwise be deleted by ~QObject, when d_ptr is gone.
    while (auto *channel = findChild<QAmqpChannel *>(QString(), Qt::FindDirectChildrenOnly))
        delete channel;
}

QAmqpConnectionPrivate::QAmqpConnectionPrivate(QAmqpConnection *connection,
                                               QAmqpConnectionOptions initial)
    : q(connection), options(std::move(initial)), engine(std::make_shared<Engine>(this))
{
}

// Another thread must touch nothing, not even lastError(), since that would be the race that this prevents.
bool QAmqpConnectionPrivate::isOwnThread(const char *function) const
{
    if (QThread::currentThread() == q->thread())
        return true;
    qCWarning(qtAmqpConnection,
              "QAmqpConnection::%s() was called from another thread and does nothing; use "
              "QMetaObject::invokeMethod()",
              function);
    return false;
}

bool QAmqpConnectionPrivate::refuseUnlessClosed(const char *function)
{
    if (!isOwnThread(function))
        return true;
    if (engine->isDetached()) { // a continuation calls what is being destroyed
        lastError = notOpen(u"%1(): the connection is being destroyed", function);
        return true;
    }
    if (currentState() == QAmqpConnection::State::Closed)
        return false;
    lastError = invalidArgument(
            u"%1() works on a closed connection only; call close() and wait for closed()",
            function);
    engine->scheduleTurn(); // which emits lastErrorChanged()
    return true;
}

/*! Returns the options that the next open() uses. */
QAmqpConnectionOptions QAmqpConnection::options() const { return d_ptr->options; }

/*! Sets the \a options for the next open(). Returns \c false, and sets lastError(), unless closed. */
bool QAmqpConnection::setOptions(const QAmqpConnectionOptions &options)
{
    if (d_ptr->refuseUnlessClosed("setOptions"))
        return false;
    d_ptr->options = options;
    d_ptr->engine->core().setOptions(options); // calls before open() are checked against them
    return true;
}

/*! Returns what setSslConfiguration() set, or Qt's default. */
QSslConfiguration QAmqpConnection::sslConfiguration() const
{
    return d_ptr->sslConfiguration.value_or(QSslConfiguration::defaultConfiguration());
}

/*!
    Uses \a configuration for TLS. The files named by the options are added to it, and the least
    version is raised to TLS 1.2. Returns \c false, and sets lastError(), unless closed.
*/
bool QAmqpConnection::setSslConfiguration(const QSslConfiguration &configuration)
{
    if (d_ptr->refuseUnlessClosed("setSslConfiguration"))
        return false;
    d_ptr->sslConfiguration = configuration;
    return true;
}

/*!
    Has the next open() accept a certificate that has no errors but \a errors, in place of those that were given
    before. An error stands for one certificate, with which it was told by sslErrors() or made: another
    certificate with the same error is refused. So a self-signed certificate that is known may be accepted, and
    nothing else is. Returns \c false, and sets lastError(), unless closed.

    \snippet snippets.cpp ignored certificate

    \sa QAmqpConnectionOptions::setCaCertificateFile()
*/
bool QAmqpConnection::ignoreSslErrors(const QList<QSslError> &errors)
{
    if (d_ptr->refuseUnlessClosed("ignoreSslErrors"))
        return false;
    d_ptr->ignoredSslErrors = errors;
    return true;
}

/*! Returns what setProxy() set, or QNetworkProxy::DefaultProxy. */
QNetworkProxy QAmqpConnection::proxy() const { return d_ptr->proxy; }

/*!
    Reaches the broker through \a proxy, SOCKS 5 or HTTP (with CONNECT), which then resolves the host's
    name. With QNetworkProxy::DefaultProxy, as it is at first, Qt's rules decide: the proxy of the
    application or its QNetworkProxyFactory. Use QNetworkProxy::NoProxy for none at all. Returns
    \c false, and sets lastError(), unless closed.
*/
bool QAmqpConnection::setProxy(const QNetworkProxy &proxy)
{
    if (d_ptr->refuseUnlessClosed("setProxy"))
        return false;
    d_ptr->proxy = proxy;
    return true;
}

/*!
    Uses \a transport instead of sockets on Qt's event loop; null goes back to these. Returns
    \c false, and sets lastError(), unless closed.
*/
bool QAmqpConnection::setTransport(std::unique_ptr<QAmqpTransport> transport)
{
    if (d_ptr->refuseUnlessClosed("setTransport"))
        return false;
    d_ptr->engine->setTransport(std::move(transport));
    return true;
}

/*! \property QAmqpConnection::state
    The state, as of now; stateChanged() follows from the event loop. */
QAmqpConnection::State QAmqpConnection::state() const { return d_ptr->currentState(); }

QAmqpConnection::State QAmqpConnectionPrivate::currentState() const
{
    using State = QAmqpConnection::State;
    const ConnectionCore &core = engine->core();
    if (core.state() == ConnectionState::Idle)
        return State::Closed;
    if (core.isClosing()) // or the session is over, and closed() is still to be emitted
        return State::Closing;
    if (core.isRecovering())
        return State::Recovering;
    if (core.state() <= ConnectionState::Connecting)
        return State::Connecting;
    return core.state() == ConnectionState::Open ? State::Open : State::Handshaking;
}

/*! Returns whether state() is Open. */
bool QAmqpConnection::isOpen() const { return state() == State::Open; }

/*! \property QAmqpConnection::endpoint
    Where the link in use goes, or the one that is being made: a URL without credentials and query and, if
    the host is a name that was reached, the address in parentheses, such as
    \c {amqps://broker.example:5671/vhost (192.0.2.7)}. Of several hosts and addresses it is the one at hand,
    and it changes while they are tried. Empty while the connection is closed. It is for people: what it
    is made of is in QAmqpConnectionOptions::hosts(). Errors name it in QAmqpError::endpoint(). */
QString QAmqpConnection::endpoint() const
{
    return state() == State::Closed ? QString() : d_ptr->engine->core().endpoint();
}

/*! \property QAmqpConnection::blocked
    Whether the broker has stopped taking messages, for want of memory or disk. Publishing goes on
    and is kept; see bytesToWrite() and QAmqpChannel::isReadyToPublish().
    \sa {https://www.rabbitmq.com/connection-blocked.html} */
bool QAmqpConnection::isBlocked() const { return d_ptr->blocked; }

/*! \property QAmqpConnection::blockedReason
    What the broker gave as the reason, empty while not blocked. */
QString QAmqpConnection::blockedReason() const { return d_ptr->blockedReason; }

/*! \property QAmqpConnection::lastError
    Why the connection ended, why the last attempt to open it failed while others follow, or why a call on it was
    refused. While the connection recovers it is the loss of the link, and then the last attempt that failed. There is
    none from open() on, nor once the connection is open or has recovered. Its change is told from the event loop. */
QAmqpError QAmqpConnection::lastError() const { return d_ptr->lastError; }

/*! \property QAmqpConnection::nextAttempt
    When the next attempt to connect begins, by the clock of this machine in UTC, while the connection waits for
    that; lastError says why the last one failed. An invalid time if none is waited for. How long it waits says
    QAmqpConnectionOptions::retryPolicy(), or QAmqpConnectionOptions::recoveryPolicy() after the loss of a link.
    \sa nextAttemptIn(), reconnectNow() */
QDateTime QAmqpConnection::nextAttempt() const { return d_ptr->nextAttempt; }

/*! Returns how long it takes until the next attempt to connect begins, for a countdown: 0 if none is waited for. It is
    measured by a clock that nobody sets, unlike nextAttempt. */
std::chrono::milliseconds QAmqpConnection::nextAttemptIn() const
{
    if (!d_ptr->nextAttempt.isValid())
        return std::chrono::milliseconds::zero();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(d_ptr->nextAttemptAt
                                                                   - TimePoint::clock::now());
    return std::max(left, std::chrono::milliseconds::zero());
}

/*! \property QAmqpConnection::recovering
    Whether the link was lost and the connection makes another one: whether state() is Recovering. */
bool QAmqpConnection::isRecovering() const { return state() == State::Recovering; }

/*! \property QAmqpConnection::recoveryAttempt
    Which attempt to connect is under way or waited for since the link was lost, counted from 1; 0 while the connection
    does not recover. */
int QAmqpConnection::recoveryAttempt() const { return d_ptr->engine->core().recoveryAttempt(); }

/*! Returns how many channels may be open at once, as negotiated; 0 before that. While the connection recovers, it is
    what was negotiated on the link that was lost, as with the four functions that follow. */
quint16 QAmqpConnection::channelMax() const
{
    return d_ptr->engine->core().negotiated().channelMax;
}

/*! Returns the largest frame in bytes, as negotiated; 0 before that. */
quint32 QAmqpConnection::frameMax() const { return d_ptr->engine->core().negotiated().frameMax; }

/*! Returns the heartbeat interval as negotiated, 0 if there are none. */
std::chrono::seconds QAmqpConnection::heartbeat() const
{
    return d_ptr->engine->core().negotiated().heartbeat;
}

/*!
    Returns what the server told about itself in connection.start. RabbitMQ gives \c product,
    \c version, \c platform, \c cluster_name, \c copyright, \c information and \c capabilities, a
    table of flags that hasCapability() reads. Empty before the first handshake and after closed(). It is
    what the peer claims, and not to be trusted further than the peer.
*/
QAmqpTable QAmqpConnection::serverProperties() const
{
    return d_ptr->engine->core().negotiated().serverProperties;
}

/*! Returns whether the server has the capability \a name, such as \c basic.nack. */
bool QAmqpConnection::hasCapability(const QString &name) const
{
    return capabilities(serverProperties()).value(name).toBool();
}

/*!
    Returns the TLS configuration of the link with the state it is in: QSslConfiguration::sessionProtocol(),
    QSslConfiguration::sessionCipher() and the peer's certificates. It is null without TLS, before the
    handshake and while there is no link.
*/
QSslConfiguration QAmqpConnection::tlsSession() const { return d_ptr->engine->tlsSession(); }

/*! Returns whether what the broker sends is read. */
bool QAmqpConnection::isReading() const { return d_ptr->engine->isReading(); }

/*! Stops reading, or (\a reading) goes on: back-pressure for consumers without acknowledgement, whose
    messages no prefetch bounds. Meanwhile nothing arrives, no answer and no confirm either; what was
    read before is still delivered. Heartbeats go on being sent, and silence of the peer does not count.
    RabbitMQ closes a connection that is not read for 30 s. A connection reads again when it is closed
    or opened. While devices of QAmqpConsumer::setBodySink() or held messages (see
    QAmqpConsumer::messageReceived()) have stopped the reading, it does not go on before these allow it. */
void QAmqpConnection::setReading(bool reading)
{
    if (d_ptr->isOwnThread("setReading"))
        d_ptr->engine->setReading(reading);
}

/*! Returns how many bytes were published or asked for and are not with the operating system yet. */
qint64 QAmqpConnection::bytesToWrite() const { return d_ptr->engine->bytesToWrite(); }

/*!
    Returns how many bytes were handed to the transport since open(), all attempts to connect and
    frame overhead included, but not what TLS adds. Like the other counters it is 0 again after
    closed().
    \sa bytesToWrite(), framesSent()
*/
quint64 QAmqpConnection::bytesSent() const { return d_ptr->engine->core().traffic().bytesSent; }

/*! Returns how many bytes have been received since open(), without what TLS adds.
    \sa framesReceived() */
quint64 QAmqpConnection::bytesReceived() const
{
    return d_ptr->engine->core().traffic().bytesReceived;
}

/*! Returns how many frames have been received since open(): methods, content headers, parts of bodies
    and heartbeats. A message is one method, one header and as many parts as frameMax() makes of it. */
quint64 QAmqpConnection::framesReceived() const
{
    return d_ptr->engine->core().traffic().framesReceived;
}

/*! Returns how many frames were handed to the transport since open(). \sa framesReceived() */
quint64 QAmqpConnection::framesSent() const { return d_ptr->engine->core().traffic().framesSent; }

/*!
    Makes a channel, a child of \a parent or of this connection, and opens it as soon as the connection
    is open. It takes the lowest free number; if there is none, the channel is closed and its
    lastError() says so. Each channel needs some memory in the broker: use few, and keep them.
    Returns null, with a warning, in a thread other than the connection's.
    \sa {https://www.rabbitmq.com/channels.html}
*/
QAmqpChannel *QAmqpConnection::createChannel(QObject *parent)
{
    if (!d_ptr->isOwnThread("createChannel"))
        return nullptr;
    auto *channel = new QAmqpChannel(new QAmqpChannelPrivate(this), parent ? parent : this);
    channel->open();
    return channel;
}

/*!
    Gives the broker a new \a secret (an OAuth 2 token, mostly) with a \a reason for its log. Fails with
    NotOpen unless the connection is open, with Interrupted if the link is lost before the broker has answered (on
    the next one the connection logs in with its credentials; QAmqpCredentials::token() gives newer ones), with
    InvalidArgument in a thread other than the connection's,
    with LimitExceeded if it does not fit one frame, with Timeout if the broker does not answer within
    QAmqpConnectionOptions::requestTimeout().
    \sa {https://www.rabbitmq.com/oauth2.html}
*/
QFuture<void> QAmqpConnection::updateSecret(const QString &secret, const QString &reason)
{
    if (QThread::currentThread() != thread())
        return failedFuture<void>(invalidArgument(
                u"updateSecret() was called from a thread other than the connection's; call it there, for example by QMetaObject::invokeMethod()"));
    const QByteArray reasonUtf8 = reason.toUtf8();
    if (!isOpen())
        return failedFuture<void>(notOpen(u"updateSecret() needs an open connection"));
    if (reasonUtf8.size() > MaxShortString)
        return failedFuture<void>(
                invalidArgument(u"the reason has more than 255 bytes of UTF-8; shorten it"));
    ConnectionCore &core = d_ptr->engine->core();
    const QByteArray token = secret.toUtf8();
    const qsizetype size = encodedSize(ConnectionUpdateSecret{token, reasonUtf8}) + FrameOverhead;
    if (size > qsizetype(core.outgoingFrameMax()))
        return failedFuture<void>(operationError(
                QAmqpError::Kind::LimitExceeded, QAmqpError::Origin::Library,
                u"connection.update-secret takes %1 bytes and must fit one frame of %2", size,
                core.outgoingFrameMax()));
    d_ptr->secretPromises.push_back(startPromise<void>());
    QFuture<void> future = d_ptr->secretPromises.back()->future();
    core.updateSecret(token, reasonUtf8);
    d_ptr->engine->scheduleTurn();
    return future;
}

/*! \relates QAmqpConnection
    Writes the state of \a connection and where it goes to \a debug, without credentials. */
QDebug operator<<(QDebug debug, const QAmqpConnection *connection)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!connection)
        return debug << "QAmqpConnection(null)";
    const QString endpoint = connection->endpoint();
    debug << "QAmqpConnection(" << connection->state() << ", "
          << (endpoint.isEmpty() ? connection->options().endpoint() : endpoint);
    if (connection->isBlocked())
        debug << ", blocked: " << connection->blockedReason();
    return debug << ')';
}

/*! Opens with the options of \a url, as QAmqpConnectionOptions::fromUrl() reads it. A bad URL gives
    errorOccurred() and closed(). */
void QAmqpConnection::open(const QUrl &url)
{
    if (setOptions(QAmqpConnectionOptions::fromUrl(url)))
        open();
}

/*!
    Starts to connect; opened(), or errorOccurred() and closed(), follow from the event loop. Channels
    made or opened since the last closed() open with it. Sets lastError(), and does nothing else, unless
    the connection is closed.

    The thread needs an event loop: a QCoreApplication made before, or a QThread. Without one, and without
    a transport that needs none, it fails at once, with a warning and lastError(); errorOccurred() and
    closed() come if there is a loop later.
*/
void QAmqpConnection::open()
{
    if (!d_ptr->isOwnThread("open") || d_ptr->refuseUnlessClosed("open"))
        return;
    d_ptr->lastError = QAmqpError();
    QString error;
    QList<QAmqpEndpoint> endpoints;
    QAmqpEndpoint common;
    common.options = d_ptr->options;
    common.sslConfiguration = d_ptr->sslConfiguration;
    common.ignoredSslErrors = d_ptr->ignoredSslErrors;
    common.proxy = d_ptr->proxy;
    const bool hasLoop = d_ptr->engine->hasLoop();
    if (hasLoop) // without an application Qt cannot tell whether it has TLS
        endpoints = endpointsOf(common, &error);
    else
        error = QStringLiteral(
                "open() needs an event loop in its thread, and there is none: make the QCoreApplication before, or call it in a QThread; only a transport of your own needs none");
    if (d_ptr->options.isTlsEnabled() && !d_ptr->options.isPeerVerificationEnabled())
        d_ptr->engine->log().add(
                qtAmqpConnection(), QtWarningMsg,
                formatted(u"the certificate of %1 is not verified: anybody may pretend to be it",
                          d_ptr->options.endpoint()));
    if (error.isEmpty())
        return d_ptr->engine->open(endpoints);
    const QAmqpError refusal(QAmqpError::Kind::InvalidArgument, QAmqpError::Scope::Connection,
                             QAmqpError::Origin::Application, error);
    d_ptr->engine->failToOpen(refusal);
    if (!hasLoop) { // there will be no turn that emits it
        d_ptr->lastError = refusal;
        qCWarning(qtAmqpConnection).noquote() << error;
    }
}

/*! \overload
    Closes with a deadline of 10 s. */
void QAmqpConnection::close() { close(std::chrono::seconds(10)); }

/*!
    Closes as soon as everything asked for before is done: requests answered, kept publishes sent and
    confirmed. Only updateSecret() is not waited for: its future fails. After \a deadline the link is
    cut, and what was unanswered is reported as such. Safe in every state, and at once where nothing
    can be finished any more, as between two attempts to connect and while the connection recovers: what waits then
    is not sent, and no further attempt is made. A link that is lost meanwhile is not made again. Deliveries that arrive meanwhile are
    not shown and go back to their queues.

    A slot without arguments is connected as \c{qOverload<>(&QAmqpConnection::close)}, see
    \l {Buttons that connect}.
*/
void QAmqpConnection::close(std::chrono::milliseconds deadline)
{
    if (!d_ptr->isOwnThread("close") || state() == State::Closed || state() == State::Closing)
        return;
    d_ptr->engine->close(timeAfter(TimePoint::clock::now(), deadline));
}

/*! Cuts the link at once, without a word to the broker. Pending futures fail, unanswered publishes
    become indeterminate, and closed() follows, without errorOccurred(), from the event loop. */
void QAmqpConnection::abort()
{
    if (!d_ptr->isOwnThread("abort") || state() == State::Closed)
        return;
    d_ptr->engine->abort();
}

/*! Makes the next attempt to connect now, instead of waiting for nextAttempt: while the connection recovers, and
    between two attempts to open it. For a button, or when the application knows that the network is back. Does nothing
    if no attempt is waited for, nor in a thread other than the connection's, where it warns. */
void QAmqpConnection::reconnectNow()
{
    if (!d_ptr->isOwnThread("reconnectNow"))
        return;
    d_ptr->engine->core().reconnectNow(TimePoint::clock::now());
    d_ptr->engine->scheduleTurn();
}

QT_END_NAMESPACE
