// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of Link that asks functions of the application: for credentials, for answers to challenges, for
// a new token before the last one expires, and for the heartbeat. If one of them fails, so does the attempt
// to connect. None of them is called in here, see question.h.

#include "protocol/link.h"

#include "protocol/negotiation.h"
#include "values/tableformat.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

constexpr int MaxChallenges = 16;
constexpr auto OneSecond = std::chrono::seconds(1);

// There is at most one question at a time: those of the handshake follow each other, and a new secret is
// asked for when the link is open. A question is dropped when the attempt or the session ends.
void Link::ask(Question question)
{
    m_question = std::make_shared<Question>(std::move(question));
    m_session.events.append(Asked{m_question});
}

void Link::answered(const QuestionPointer &question)
{
    if (question != m_question)
        return; // the link that asked has ended
    m_question.reset();
    switch (question->topic) {
    case Question::Topic::Login: return login(*question);
    case Question::Topic::Challenge: return respond(*question);
    case Question::Topic::Heartbeat: return tuned(*question);
    case Question::Topic::Secret: return refreshed(*question);
    case Question::Topic::Recovery: return; // ConnectionCore asks that
    }
}

void Link::login(const Question &login)
{
    if (!login.isProvided)
        return fail(Kind::AuthenticationFailed, Origin::Application,
                    u"the provider has no credentials for %1: %2", login.problem);
    m_credentials = login.credentials;
    const QByteArray mechanism = m_credentials.mechanism();
    if (!login.asked.split(' ').contains(mechanism))
        return fail(Kind::AuthenticationFailed, Origin::Library,
                    u"%1 does not offer the authentication mechanism %2, only: %3", mechanism,
                    login.asked);
    const bool gaveUp = login.problem.isEmpty() && login.response.isNull();
    if (gaveUp || !login.problem.isEmpty())
        return fail(Kind::AuthenticationFailed, Origin::Application,
                    u"the responder of %2 has no response for %1: %3", mechanism,
                    gaveUp ? QStringLiteral("it gave up") : login.problem);
    const QByteArray properties = encodeTable(clientProperties(m_options));
    const QByteArray locale = m_options.locale().toUtf8();
    const ConnectionStartOk reply{QByteArrayView(properties), QByteArrayView(mechanism),
                                  QByteArrayView(login.response), QByteArrayView(locale)};
    if (encodedSize(reply) + FrameOverhead > qsizetype(UntunedFrameMax))
        return fail(Kind::LimitExceeded, Origin::Library,
                    u"connection.start-ok to %1 takes %2 bytes and must fit one frame of %3; "
                    "shorten the client properties or the secret",
                    encodedSize(reply), UntunedFrameMax);
    warnOfClearText();
    noteExpiry();
    send(reply);
}

// True for an IPv4 address only, not for a host name such as 127.example.com.
static bool isLoopbackV4(QStringView host)
{
    return host.startsWith("127."_L1) && std::all_of(host.begin(), host.end(), [](QChar c) {
               return c == u'.' || (c >= u'0' && c <= u'9');
           });
}

void Link::warnOfClearText()
{
    const QString host = m_host.hostName;
    const bool local = host == "localhost"_L1 || host == "::1"_L1 || isLoopbackV4(host);
    if (!local && !m_options.isTlsEnabled() && m_credentials.mechanism().endsWith("PLAIN"))
        warn(formatted(u"the password of user \"%1\" goes to %2 as clear text; use TLS (amqps)",
                       m_credentials.userName(), m_session.endpoint));
}

void Link::handle(const ConnectionSecure &method)
{
    if (++m_challenges > MaxChallenges)
        return fail(Kind::AuthenticationFailed, Origin::Broker,
                    u"%1 asked more than %2 times (connection.secure)", MaxChallenges);
    ask({.topic = Question::Topic::Challenge,
         .asked = method.challenge.toByteArray(),
         .credentials = m_credentials});
}

void Link::respond(const Question &challenge)
{
    QString problem = challenge.problem;
    if (problem.isEmpty() && challenge.response.isNull())
        problem = QStringLiteral("there is no answer to the challenge");
    const ConnectionSecureOk reply{QByteArrayView(challenge.response)};
    if (encodedSize(reply) + FrameOverhead > qsizetype(UntunedFrameMax))
        problem = formatted(u"the answer must fit one frame of %1 bytes", UntunedFrameMax);
    if (!problem.isEmpty())
        return fail(Kind::AuthenticationFailed, Origin::Application,
                    u"the authentication by %2 failed at the challenge of %1: %3",
                    m_credentials.mechanism(), problem);
    send(reply);
}

// A token is replaced when 80 % of its lifetime is over.
void Link::noteExpiry()
{
    const std::chrono::seconds life = m_credentials.expiresIn();
    m_refreshAt.reset();
    if (life.count() <= 0 || life >= FarAway)
        return;
    m_expiry = m_now + life;
    m_refreshAt = m_now + std::max<TimePoint::duration>(life * 4 / 5, OneSecond);
}

void Link::refreshSecret()
{
    ask({.topic = Question::Topic::Secret, .credentials = m_options.credentials()});
}

void Link::updateSecret(const QByteArray &secret, const QByteArray &reason, bool automatic)
{
    send(ConnectionUpdateSecret{QByteArrayView(secret), QByteArrayView(reason)});
    m_secrets.push_back({.automatic = automatic});
}

void Link::refreshed(const Question &secret)
{
    constexpr QByteArrayView reason = "the last one expires";
    const qsizetype size =
            encodedSize(ConnectionUpdateSecret{QByteArrayView(secret.response), reason})
            + FrameOverhead;
    QString problem = secret.problem;
    if (problem.isEmpty() && size > qsizetype(m_context.frameMax))
        problem = formatted(u"connection.update-secret takes %1 bytes and must fit one frame of %2",
                            size, m_context.frameMax);
    if (problem.isEmpty()) {
        m_credentials = secret.credentials;
        updateSecret(secret.response, reason.toByteArray(), true);
        noteExpiry();
        m_deadlines[Deadline::Refresh] = m_refreshAt;
        return;
    }
    warn(formatted(u"there is no new secret for %1: %2", m_session.endpoint, problem));
    m_deadlines[Deadline::Refresh] =
            m_now + std::max<TimePoint::duration>((m_expiry - m_now) / 2, OneSecond);
}

// The application's choice counts, whatever the broker proposed; 0 switches heartbeats off.
void Link::tuned(const Question &heartbeat)
{
    const qint64 seconds = heartbeat.heartbeat.count();
    QString problem = heartbeat.problem;
    if (problem.isEmpty() && (seconds < 0 || seconds > 0xffff))
        problem = formatted(u"it returned %1", seconds);
    if (!problem.isEmpty())
        return fail(Kind::InvalidArgument, Origin::Application,
                    u"the heartbeat tuner must return 0 to 65535 s for %1, but %2", problem);
    m_negotiated.heartbeat = heartbeat.heartbeat;
    m_context.frameMax = m_negotiated.frameMax;
    m_context.headerMax = largestHeader(m_context.frameMax, m_session.maxMessageSize);
    send(ConnectionTuneOk{m_negotiated.channelMax, m_negotiated.frameMax, quint16(seconds)});
    const QByteArray virtualHost = m_options.virtualHost().toUtf8();
    send(ConnectionOpen{QByteArrayView(virtualHost), {}, true}); // "insist", as peers expect it
}

void Link::handle(const ConnectionUpdateSecretOk &)
{
    if (m_secrets.empty())
        return blame(ReplyCode::UnexpectedFrame,
                     u"connection.update-secret-ok came, which answers no request");
    if (oldestSecret() == &m_secrets.front())
        secretEnded({});
    m_secrets.pop_front();
}

Link::Secret *Link::oldestSecret()
{
    const auto oldest = std::find_if(m_secrets.begin(), m_secrets.end(),
                                     [](const Secret &secret) { return !secret.over; });
    return oldest == m_secrets.end() ? nullptr : &*oldest;
}

void Link::secretEnded(const QAmqpError &error)
{
    Secret *secret = oldestSecret();
    secret->over = true;
    m_deadlines[Deadline::Secret].reset(); // the time of the next one starts now
    if (!secret->automatic)
        m_session.events.append(SecretUpdated{error});
    else if (error)
        warn(error.text());
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
