// The part of ConnectionCore that asks the application: for credentials, for answers to challenges, for
// a new token before the last one expires, for the heartbeat. What its functions do wrong is an error of
// the attempt, and none of them is told by an exception.

#include "protocol/connectioncore.h"

#include "protocol/negotiation.h"
#include "values/qamqpcredentials_p.h"
#include "values/tableformat.h"

#include <algorithm>
#include <exception>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

constexpr int MaxChallenges = 16;
constexpr auto OneSecond = std::chrono::seconds(1);

// What the application's own function throws is told, not thrown through the core.
template<typename Call>
static QString thrownBy(Call call)
{
    try {
        call();
        return {};
    } catch (const std::exception &exception) {
        return formatted(u"it threw \"%1\"", exception.what());
    } catch (...) {
        return QStringLiteral("it threw an exception");
    }
}

// The credentials are asked for anew at each attempt.
void ConnectionCore::login(const QByteArray &offered)
{
    QString problem = thrownBy([this] { m_credentials = m_options.credentials().provided(); });
    if (problem.isEmpty())
        problem = m_credentials.hasProvider() ? QStringLiteral("it returned another provider")
                                              : m_credentials.errorString();
    if (!problem.isEmpty())
        return fail(Kind::AuthenticationFailed, Origin::Application,
                    u"the provider has no credentials for %1: %2", problem);
    const QByteArray mechanism = m_credentials.mechanism();
    if (!offered.split(' ').contains(mechanism))
        return fail(Kind::AuthenticationFailed, Origin::Library,
                    u"%1 does not offer the authentication mechanism %2, only: %3", mechanism,
                    offered);
    const QByteArray properties = encodeTable(clientProperties(m_options));
    QByteArray response;
    problem = thrownBy([&] { response = m_credentials.initialResponse(); });
    if (problem.isEmpty() && response.isNull())
        problem = QStringLiteral("it gave up");
    if (!problem.isEmpty())
        return fail(Kind::AuthenticationFailed, Origin::Application,
                    u"the responder of %2 has no response for %1: %3", mechanism, problem);
    const QByteArray locale = m_options.locale().toUtf8();
    const ConnectionStartOk reply{QByteArrayView(properties), QByteArrayView(mechanism),
                                  QByteArrayView(response), QByteArrayView(locale)};
    if (encodedSize(reply) + FrameOverhead > qsizetype(UntunedFrameMax))
        return fail(Kind::LimitExceeded, Origin::Library,
                    u"connection.start-ok to %1 takes %2 octets and must fit one frame of %3; "
                    "shorten the client properties or the secret",
                    encodedSize(reply), UntunedFrameMax);
    warnOfClearText();
    noteExpiry();
    send(reply);
}

// An address, not a name that begins like one.
static bool isLoopbackV4(QStringView host)
{
    return host.startsWith("127."_L1) && std::all_of(host.begin(), host.end(), [](QChar c) {
               return c == u'.' || (c >= u'0' && c <= u'9');
           });
}

void ConnectionCore::warnOfClearText() const
{
    const QString host = m_options.hosts().value(m_attempts.host()).hostName;
    const bool local = host == "localhost"_L1 || host == "::1"_L1 || isLoopbackV4(host);
    if (!local && !m_options.isTlsEnabled() && m_credentials.mechanism().endsWith("PLAIN"))
        qCWarning(qtAmqpConnection).noquote() << formatted(
                u"the password of user \"%1\" goes to %2 as clear text; use TLS (amqps)",
                m_credentials.userName(), m_context.endpoint);
}

void ConnectionCore::handle(const ConnectionSecure &method)
{
    if (++m_challenges > MaxChallenges)
        return fail(Kind::AuthenticationFailed, Origin::Broker,
                    u"%1 asked more than %2 times (connection.secure)", MaxChallenges);
    QByteArray response;
    QString problem =
            thrownBy([&] { response = m_credentials.response(method.challenge.toByteArray()); });
    if (problem.isEmpty() && response.isNull())
        problem = QStringLiteral("there is no answer to the challenge");
    const ConnectionSecureOk reply{QByteArrayView(response)};
    if (encodedSize(reply) + FrameOverhead > qsizetype(UntunedFrameMax))
        problem = formatted(u"the answer must fit one frame of %1 octets", UntunedFrameMax);
    if (!problem.isEmpty())
        return fail(Kind::AuthenticationFailed, Origin::Application,
                    u"the authentication by %2 failed at the challenge of %1: %3",
                    m_credentials.mechanism(), problem);
    send(reply);
}

// A token is replaced when 80 % of its life are over.
void ConnectionCore::noteExpiry()
{
    const std::chrono::seconds life = m_credentials.expiresIn();
    m_refreshAt.reset();
    if (life.count() <= 0 || life >= FarAway)
        return;
    m_expiry = m_now + life;
    m_refreshAt = m_now + std::max<TimePoint::duration>(life * 4 / 5, OneSecond);
}

void ConnectionCore::refreshSecret()
{
    QByteArray secret;
    QString problem = thrownBy([&] {
        m_credentials = m_options.credentials().provided();
        secret = QAmqpCredentialsPrivate::secret(m_credentials);
    });
    constexpr QByteArrayView reason = "the last one expires";
    const qsizetype size =
            encodedSize(ConnectionUpdateSecret{QByteArrayView(secret), reason}) + FrameOverhead;
    if (problem.isEmpty())
        problem = m_credentials.hasProvider() ? QStringLiteral("it returned another provider")
                                              : m_credentials.errorString();
    if (problem.isEmpty() && size > qsizetype(m_context.frameMax))
        problem =
                formatted(u"connection.update-secret takes %1 octets and must fit one frame of %2",
                          size, m_context.frameMax);
    if (problem.isEmpty()) {
        updateSecret(secret, reason.toByteArray(), true);
        return noteExpiry();
    }
    qCWarning(qtAmqpConnection).noquote()
            << formatted(u"there is no new secret for %1: %2", m_context.endpoint, problem);
    m_refreshAt = m_now + std::max<TimePoint::duration>((m_expiry - m_now) / 2, OneSecond);
}

// The application's choice is what counts, also 0 for none.
bool ConnectionCore::chooseHeartbeat(std::chrono::seconds proposal)
{
    std::chrono::seconds chosen = m_options.heartbeat().value_or(proposal);
    const auto tuner = m_options.heartbeatTuner();
    QString problem = thrownBy([&] { chosen = tuner ? tuner(proposal) : chosen; });
    if (problem.isEmpty() && (chosen.count() < 0 || chosen.count() > 0xffff))
        problem = formatted(u"it returned %1", chosen.count());
    if (!problem.isEmpty())
        fail(Kind::InvalidArgument, Origin::Application,
             u"the heartbeat tuner must return 0 to 65535 s for %1, but %2", problem);
    m_negotiated.heartbeat = chosen;
    return problem.isEmpty();
}

void ConnectionCore::handle(const ConnectionUpdateSecretOk &)
{
    if (m_secrets.empty())
        return blame(ReplyCode::UnexpectedFrame,
                     u"connection.update-secret-ok came, which answers no request");
    if (oldestSecret() == &m_secrets.front())
        secretEnded({});
    m_secrets.pop_front();
}

ConnectionCore::Secret *ConnectionCore::oldestSecret()
{
    const auto oldest = std::find_if(m_secrets.begin(), m_secrets.end(),
                                     [](const Secret &secret) { return !secret.over; });
    return oldest == m_secrets.end() ? nullptr : &*oldest;
}

void ConnectionCore::secretEnded(const QAmqpError &error)
{
    Secret *secret = oldestSecret();
    secret->over = true;
    m_secretDeadline.reset(); // of the next one it runs from now
    if (!secret->automatic)
        m_context.events.push_back(SecretUpdated{error});
    else if (error)
        qCWarning(qtAmqpConnection).noquote() << error.text();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
