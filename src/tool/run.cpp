// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "run.h"

#include "output.h"
#include "platform.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

using Kind = QAmqpError::Kind;

bool isBeforeOpen(const QAmqpError &error)
{
    const auto phase = error.phase();
    return phase != QAmqpError::Phase::NoPhase && phase < QAmqpError::Phase::Open;
}

// Scripts decide by the status whether to try again later, or whether the command itself must be changed.
int statusOf(const QAmqpError &error)
{
    const bool fromBroker = error.origin() == QAmqpError::Origin::Broker;
    switch (error.kind()) {
    case Kind::NoError: return Done;
    case Kind::HostUnreachable:
    case Kind::TlsFailed:
    case Kind::ConnectionLost:
    case Kind::HeartbeatMissed:
    case Kind::Interrupted: return NoConnection;
    case Kind::Timeout: return isBeforeOpen(error) ? NoConnection : TooLate;
    case Kind::Unroutable:
    case Kind::Nacked: return NotTaken;
    case Kind::DeviceFailed: return BadUsage;
    case Kind::InvalidArgument: return fromBroker ? Refused : BadUsage;
    case Kind::LimitExceeded:
        return isBeforeOpen(error) ? NoConnection : fromBroker ? Refused : BadUsage;
    case Kind::ClosedByBroker: return error.isRetryable() ? NoConnection : Refused;
    case Kind::AuthenticationFailed:
    case Kind::AccessRefused:
    case Kind::NotFound:
    case Kind::PreconditionFailed:
    case Kind::ResourceLocked: return Refused;
    case Kind::Cancelled:
    case Kind::NotOpen:
    case Kind::ProtocolViolation: return isBeforeOpen(error) ? NoConnection : Refused;
    }
    return NoConnection;
}

} // namespace

Failure failureOf(const QAmqpError &error)
{
    QAmqpError root = error;
    while (root.kind() == Kind::Cancelled && root.cause())
        root = root.cause();
    return {statusOf(root), root.text()};
}

Run::Run(const Arguments &arguments)
    : m_arguments(arguments)
    , m_json(arguments.isSet("json"))
    , m_broker(readBroker(arguments))
    , m_options(m_broker.options)
    , m_progress(name())
{
    m_progress.setObstacle([this] { return obstacle(); });
    if (m_options.connectionName().isEmpty())
        m_options.setConnectionName(name());
    m_options.setMaxMessageSize(quint64(1) << 30);
    const std::chrono::milliseconds retryTime = arguments.retryTime();
    m_options.setRecoveryEnabled(m_options.isRecoveryEnabled() && retryTime > 0ms);
    m_retryEnd.setSingleShot(true);
    m_retryEnd.setInterval(retryTime);
    m_retryEnd.callOnTimeout([this] {
        fail({NoConnection,
              u"gave up after %1 s without a connection: %2"_s.arg(m_retryEnd.interval() / 1e3)
                      .arg(m_lastError.text())});
    });

    onStopSignal([this](int signal) {
        m_signal = signal;
        fail({BySignal + signal, {}});
    });
    if (const auto limit = arguments.seconds("timeout")) {
        m_deadline.setSingleShot(true);
        m_deadline.callOnTimeout([this] {
            fail({TooLate, u"gave up after %1 s %2"_s.arg(m_arguments.value("timeout"), m_doing)});
        });
        m_deadline.start(*limit);
    }
}

QString Run::name() const { return u"qamqp "_s + text(m_arguments.command().name); }

void Run::setDoing(const QString &what)
{
    m_doing = what;
    m_progress.setDoing(what);
}

QString Run::obstacle() const
{
    if (m_lost == 0)
        return m_blocked;
    const qint64 wait = QDateTime::currentDateTimeUtc().msecsTo(m_nextAttempt);
    const QString next = m_nextAttempt.isValid() && wait > 0
            ? u", next attempt in %1 s"_s.arg((wait + 999) / 1000)
            : u", trying now"_s;
    return u"not connected%1: %2"_s.arg(next, m_lastError.text());
}

QString Run::managementUrl() const
{
    return m_arguments.isSet("management") ? m_arguments.value("management")
                                           : m_broker.managementUrl;
}

void Run::fail(const Failure &failure)
{
    if (!m_failure)
        m_failure = failure;
}

void Run::lost(const QAmqpError &cause)
{
    setLastError(cause);
    if (m_lost++ > 0)
        return;
    m_lostSince.start();
    if (m_retryEnd.interval() == 0)
        return fail(failureOf(cause));
    if (!m_isPatient)
        m_retryEnd.start();
    const QString howLong =
            m_isPatient ? QString() : u" for %1 s"_s.arg(m_retryEnd.interval() / 1e3);
    complain(
            name(),
            u"%1; trying again%2%3"_s.arg(cause.text(), howLong,
                                          m_lossNote.isEmpty() ? QString() : u"; "_s + m_lossNote));
}

void Run::found(const QString &endpoint, const QString &again)
{
    if (--m_lost > 0)
        return;
    m_retryEnd.stop();
    if (endpoint.isEmpty()) // it was given up, and so is the rest
        return;
    complain(name(),
             u"connected to %1%2 after %3 s"_s.arg(endpoint, again)
                     .arg(double(m_lostSince.elapsed()) / 1e3, 0, 'f', 1));
}

std::chrono::milliseconds Run::timeToEnd()
{
    static const QDeadlineTimer end(3s);
    return std::chrono::milliseconds(end.remainingTime());
}

void Run::check() const
{
    if (m_failure)
        throw *m_failure;
}

void Run::setPatient() { m_isPatient = m_retryEnd.interval() > 0; }

void Run::endPatience()
{
    if (std::exchange(m_isPatient, false) && m_lost > 0)
        m_retryEnd.start();
}

Link::Link(Run &run, const QString &name) : m_run(run), m_connection(run.connectionOptions())
{
    if (!name.isEmpty())
        m_connection.setOptions(
                QAmqpConnectionOptions(run.connectionOptions()).setConnectionName(name));
    QObject::connect(&m_connection, &QAmqpConnection::errorOccurred, &m_connection,
                     [this](const QAmqpError &error) { fail(error); });
    const auto complainIfBlocked = [this](bool blocked) {
        m_run.setBlocked(blocked ? u"%1 takes no messages for now"_s.arg(m_connection.endpoint())
                                 : QString());
        if (blocked) {
            complain(u"qamqp"_s,
                     u"%1 takes no messages for now (%2); waiting"_s.arg(
                             m_connection.endpoint(), m_connection.blockedReason()));
        }
    };
    QObject::connect(&m_connection, &QAmqpConnection::blockedChanged, &m_connection,
                     complainIfBlocked);
    reportLoss();
}

Link::~Link()
{
    // It is closed after an error too, since a broker logs a warning for each connection that just ends.
    beginClose();
    Run::settle([this] { return isClosed(); }, 2s);
}

void Link::fail(const QAmqpError &error)
{
    if (!m_isClosing)
        m_run.fail(failureOf(error));
}

void Link::reportLoss()
{
    using C = QAmqpConnection;
    QObject::connect(&m_connection, &C::linkLost, &m_connection,
                     [this](const QAmqpError &cause) { lost(cause); });
    QObject::connect(&m_connection, &C::lastErrorChanged, &m_connection,
                     [this](const QAmqpError &error) {
                         if (m_isLost && error)
                             m_run.setLastError(error);
                     });
    QObject::connect(&m_connection, &C::recovered, &m_connection, [this] { found(u" again"_s); });
    QObject::connect(&m_connection, &C::nextAttemptChanged, &m_connection,
                     [this](const QDateTime &time) { m_run.setNextAttempt(time); });
}

void Link::lost(const QAmqpError &cause)
{
    if (!m_isClosing && !std::exchange(m_isLost, true))
        m_run.lost(cause);
}

void Link::found(const QString &again)
{
    if (std::exchange(m_isLost, false))
        m_run.found(m_connection.endpoint(), again);
}

void Link::beginOpen()
{
    const auto showEndpoint = [this](const QString &endpoint) {
        m_run.setDoing(u"connecting to %1"_s.arg(endpoint));
    };
    showEndpoint(m_connection.options().endpoint());
    m_showing = QObject::connect(&m_connection, &QAmqpConnection::endpointChanged, &m_connection,
                                 showEndpoint);
    m_connection.open();
}

void Link::endOpen()
{
    QObject::disconnect(m_showing);
    m_run.setDoing(u"waiting for %1"_s.arg(m_connection.endpoint()));
}

void Link::openLater()
{
    using C = QAmqpConnection;
    QAmqpConnectionOptions options = m_connection.options();
    m_connection.setOptions(options.setRetryPolicy(options.recoveryPolicy()));
    QObject::connect(&m_connection, &C::nextAttemptChanged, &m_connection,
                     [this](const QDateTime &time) {
                         if (time.isValid())
                             lost(m_connection.lastError());
                     });
    QObject::connect(&m_connection, &C::opened, &m_connection, [this] { found(QString()); });
    m_run.setDoing(u"waiting for %1"_s.arg(options.endpoint()));
    m_connection.open();
}

void Link::beginClose()
{
    m_isClosing = true;
    if (std::exchange(m_isLost, false))
        m_run.found({}, {});
    m_connection.close(1s);
}

void Link::close()
{
    m_connection.close();
    m_run.waitUntil([this] { return isClosed(); });
    m_run.check(); // there may have been an error while it closed
}

Session::Session(Run &run, const QString &name)
    : Link(run, name), m_channel(connection().createChannel())
{
    QObject::connect(m_channel, &QAmqpChannel::errorOccurred, m_channel,
                     [&link = static_cast<Link &>(*this)](const QAmqpError &error) {
                         link.fail(error); // also while only the link is left of this object
                     });
    // publish() returns 0 then, so that no warning is needed.
    QObject::connect(m_channel, &QAmqpChannel::publishRefused, m_channel, [] {});
    open([this] { return m_channel->isOpen(); });
}

} // namespace Tool
