// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_LINK_H
#define QTAMQP_PROTOCOL_LINK_H

// One attempt to talk to a broker, from its first byte to its last: what was negotiated, which bytes arrived
// and are not parsed yet, what waits to be sent, and whether the peer is alive. ConnectionCore makes a new
// Link for each attempt; a Link is never reset, and reports its end by ConnectionCore::end().

#include "codec/frame.h"
#include "codec/heartbeat.h"
#include "protocol/connectioncontext.h"
#include "protocol/deadlines.h"
#include "protocol/question.h"
#include "protocol/readingpause.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class ConnectionCore;

struct Negotiated
{
    quint16 channelMax = 0;
    quint32 frameMax = 0;
    std::chrono::seconds heartbeat{0};
    QAmqpTable serverProperties;
    bool takesAnyName = false;
};

// What was sent and received over one link, or over all links of a session.
struct Traffic
{
    quint64 bytesSent = 0;
    quint64 bytesReceived = 0;
    quint64 framesSent = 0;
    quint64 framesReceived = 0;

    friend Traffic operator+(const Traffic &a, const Traffic &b)
    {
        return {a.bytesSent + b.bytesSent, a.bytesReceived + b.bytesReceived,
                a.framesSent + b.framesSent, a.framesReceived + b.framesReceived};
    }
};

class Link
{
public:
    Link(ConnectionCore &connection, ConnectionContext &session, QAmqpHost host,
         std::optional<TimePoint> handshakeDeadline);

    // happened
    char *receiveBuffer(qsizetype *size);
    void receive(qsizetype bytes, TimePoint now);
    void receive(QByteArrayView bytes, TimePoint now);
    void opened(TimePoint now);
    void lost(const QAmqpError &reason);
    void written() { m_context.answerBytes = 0; } // the socket has taken all output
    void turnBegan(TimePoint now); // at the start of a turn
    void checkDeadlines(TimePoint now);
    void checkPeer(TimePoint now); // heartbeats and the token, while the link is open
    void turnEnded(TimePoint now); // from here on the socket is read again

    // command
    void setReading(bool reading, TimePoint now);
    void drain(); // the application closes: what it asked for before is still sent and answered
    void drained(); // all of that is done
    void close(); // sends connection.close
    void lingerFrom(TimePoint now);
    void updateSecret(const QByteArray &secret, const QByteArray &reason, bool automatic);
    void answered(const QuestionPointer &question);
    // The attempt failed, and another one follows; or the session is over. If the link lingers, the last
    // output still reaches the peer.
    void leave(quint32 cause);

    // to do
    bool readFrame(); // handles one frame; false if no complete one has arrived
    void caughtUp(); // readFrame() returned false
    QByteArray takeOutput(TimePoint now);
    std::optional<TimePoint> nextTimeout();

    // ask
    ConnectionState state() const { return m_context.state; }
    bool isUsable() const { return QtAmqpPrivate::isUsable(state()); }
    bool isBlocked() const { return m_blocked; }
    bool isAsking(const QuestionPointer &question) const { return question == m_question; }
    // Before the link is open nothing more is read until the application has answered.
    bool isWaitingForAnswer() const { return m_question && state() < ConnectionState::Open; }
    const Negotiated &negotiated() const { return m_negotiated; }
    // Whether it ended by a rule of the application, which another link would not change.
    bool isGivenUp() const { return m_isGivenUp; }
    const Output &output() const { return m_context.output; }
    LinkContext &context() { return m_context; }
    bool hasBodiesToSend() const { return !m_context.bodies.empty(); }
    Traffic traffic() const;
    QAmqpError::Phase phase() const;

    // Called by dispatch() with each method that arrived on channel 0.
    template<typename Method>
    void on(const Method &method)
    {
        arrived(method);
    }

private:
    static constexpr auto BlockedLineInterval = std::chrono::seconds(1);
    enum class Deadline {
        Amqp, // for the handshake of AMQP, see amqpTimeout()
        Handshake, // for the transport and the handshake, see handshakeTimeout()
        Blocked,
        BlockedLog, // until then further connection.blocked are only counted
        Secret, // for the answer to the oldest connection.update-secret
        Refresh, // when to ask for a new token
        Content, // for the next frame of a message
        Linger,
        Count
    };
    struct Secret
    {
        bool automatic = false; // sent by the library: the application gets no SecretUpdated
        bool over = false; // timed out: its end was reported, but its reply is still due
    };

    bool changeState(quint32 cause);
    template<typename Method>
    void send(const Method &method)
    {
        sendMethod(m_context.output, 0, method);
    }
    bool readDelivery();
    void judge();
    void leaveAtLast();
    void checkContents();
    void setContentDeadline();
    bool isLate(const Frame &frame);
    void understand(const Frame &frame);
    void receiveMethod(const Frame &frame);
    template<typename Method>
    void arrived(const Method &method);
    template<typename Method>
    void handle(const Method &)
    {
    }
    void handle(const ConnectionStart &method);
    void handle(const ConnectionSecure &method);
    void handle(const ConnectionTune &method);
    void handle(const ConnectionOpenOk &);
    void handle(const ConnectionClose &method);
    void handle(const ConnectionCloseOk &);
    void handle(const ConnectionBlocked &method);
    void handle(const ConnectionUnblocked &);
    void handle(const ConnectionUpdateSecretOk &);
    void violated(ReplyCode code, const QString &text);
    // Notes what the peer did wrong; judge() then ends the link.
    template<typename... Args>
    void blame(ReplyCode code, QStringView format, const Args &...args)
    {
        m_context.error = {code, formatted(format, args...)};
    }
    void end(const QAmqpError &error, quint32 guiltyMethod = 0);
    template<typename... Args>
    void fail(QAmqpError::Kind kind, QAmqpError::Origin origin, QStringView format,
              const Args &...args)
    {
        end(m_session.error(kind, origin, format, args...));
    }
    void ask(Question question);
    void login(const Question &login);
    void warnOfClearText();
    void respond(const Question &challenge);
    void tuned(const Question &heartbeat);
    void noteExpiry();
    void refreshSecret();
    void refreshed(const Question &secret);
    Secret *oldestSecret();
    void secretEnded(const QAmqpError &error);
    QString foreignPeer() const;
    QAmqpError explained(const QAmqpError &loss) const;
    void logBlocked(TimePoint now);
    void countBlocked();
    void inform(const QString &text) { m_session.log->add(qtAmqpConnection(), QtInfoMsg, text); }
    void warn(const QString &text) { m_session.log->add(qtAmqpConnection(), QtWarningMsg, text); }

    ConnectionCore &m_connection;
    ConnectionContext &m_session;
    const QAmqpConnectionOptions &m_options;
    const QAmqpHost m_host;
    LinkContext m_context{m_session};
    FrameReader m_reader;
    bool m_backlog = false; // bytes arrived that readFrame() has not handled yet
    bool m_reading; // whether the application wants the socket to be read
    TimePoint m_readingSince;
    TimePoint m_receivedAt; // when the last bytes arrived
    TimePoint m_turnEndedAt;
    ReadingPause m_pause;
    std::set<quint16> m_closedChannels; // those that were closed and not opened again since
    Negotiated m_negotiated;
    QAmqpCredentials m_credentials;
    int m_challenges = 0;
    QuestionPointer m_question; // the unanswered question, if there is one
    Heartbeat m_heartbeat;
    TimePoint m_now;
    Deadlines<Deadline> m_deadlines;
    TimePoint m_expiry; // of the token in use
    std::optional<TimePoint> m_refreshAt; // when to ask for a new one, once the link is open
    std::deque<Secret> m_secrets; // every connection.update-secret without a reply, oldest first
    bool m_blocked = false;
    bool m_isGivenUp = false;
    bool m_closeAnswered =
            false; // a peer may repeat its connection.close, but close-ok is sent once
    std::optional<TimePoint> m_blockedLoggedAt; // when a block was logged last
    int m_blockedNotLogged = 0; // how often the broker has blocked since
    Traffic m_traffic;
    SentFrames m_sent;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
