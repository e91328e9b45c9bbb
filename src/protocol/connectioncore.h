#ifndef QTAMQP_PROTOCOL_CONNECTIONCORE_H
#define QTAMQP_PROTOCOL_CONNECTIONCORE_H

// One session with a broker, from the first attempt to connect to the last octet, without a socket, a loop or
// a clock: octets, commands and time come in as arguments; octets, events and the next deadline go out.
//
//   happened   receiveBuffer()+receive() (only appends) · transportReached() · transportOpened() ·
//              transportLost() · timeout() · turned()                              world -> core
//   command    open() close() finishClose() abort() updateSecret() answered(), and those of ChannelCore;
//              they never emit and never call back                           application -> core
//   to do      nextEvent() (parses until one event is complete) · takeOutput() ·
//              nextTimeout(); after anything happened, ask all three, in this order    core -> world
//              log(), whenever the world can let the application's message handler run; findEvent()
//              has them filled before the event is taken
//   ask        state(), what was negotiated, counters; no effect
//
// A session is used once. Time is steady and only moves forward; timeout() is called at the start of
// each turn, after what the socket held was received, whether a deadline is due or not; turned() at
// its end, which slots may have put off.

#include "codec/framereader.h"
#include "codec/heartbeat.h"
#include "protocol/attempts.h"
#include "protocol/channelcore.h"
#include "protocol/readingpause.h"
#include "values/errorkinds.h"

#include <QtAmqp/qamqpconnectionoptions.h>

#include <memory>
#include <set>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct Negotiated
{
    quint16 channelMax = 0;
    quint32 frameMax = 0;
    std::chrono::seconds heartbeat{0};
    QAmqpTable serverProperties;
    bool takesAnyName = false;
};

class ConnectionCore
{
public:
    // `seed` decides on everything that is left to chance.
    explicit ConnectionCore(const QAmqpConnectionOptions &options, quint32 seed = 1,
                            std::shared_ptr<Log> log = std::make_shared<Log>());
    ~ConnectionCore();

    // happened
    char *receiveBuffer(qsizetype *size);
    void receive(qsizetype bytes, TimePoint now);
    void receive(QByteArrayView bytes, TimePoint now);
    // Which of the host's addresses it is, whether it is the last one, and which failed before it.
    void transportReached(const QString &address, bool isLast,
                          const QList<QAmqpError> &failures = {});
    void transportOpened(TimePoint now);
    void transportLost(const QAmqpError &reason);
    void transportDrained() { m_context.answerBytes = 0; } // all that was written is with the peer
    void timeout(TimePoint now);
    void turned(TimePoint now); // a turn is over: what comes now is read

    // command
    void setOptions(const QAmqpConnectionOptions &options); // before open()
    void open(TimePoint now);
    void close(TimePoint deadline);
    bool isReadyToClose() const { return m_closeReady; }
    void finishClose(); // then, or after the event
    void setReading(bool reading, TimePoint now);
    bool isReading() const { return m_reading; }
    void abort();
    void updateSecret(const QByteArray &secret, const QByteArray &reason, bool automatic = false);
    void answered(const QuestionPointer &question);
    ChannelCore *addChannel(quint64 nextPublishTag);
    void removeChannel(quint16 number);

    // to do
    bool findEvent(); // whether there is one
    std::optional<Event> nextEvent();
    Log &log() const { return *m_context.log; }
    QByteArray takeOutput();
    bool hasFullBlock() const { return m_context.output.hasFullBlock(); }
    std::optional<TimePoint> nextTimeout();

    // ask
    ConnectionState state() const { return m_state; }
    bool isClosing() const { return m_closeDeadline || m_state >= ConnectionState::Closing; }
    bool isBlocked() const { return m_blocked; }
    const QAmqpConnectionOptions &options() const { return m_options; }
    qsizetype host() const { return m_attempts.host(); }
    const QString &endpoint() const { return m_context.endpoint; }
    const Negotiated &negotiated() const { return m_negotiated; }
    ChannelCore *channel(quint16 number) const
    {
        return number < m_channels.size() ? m_channels[number].get() : nullptr;
    }
    quint32 outgoingFrameMax() const;
    bool mayConfirm() const; // the broker can, or has not said yet
    // Names that are not UTF-8: RabbitMQ ends the connection for them (501), and before the handshake
    // nobody knows who will read them.
    bool takesAnyName() const { return m_negotiated.takesAnyName; }
    qint64 pendingBytes() const { return m_context.output.size() + m_context.waitingBytes; }
    qint64 waitingBytes() const { return m_context.waitingBytes; }
    quint64 bytesSent() const { return m_bytesSent; }
    quint64 bytesReceived() const { return m_bytesReceived; }
    quint64 framesReceived() const { return m_framesReceived; }
    quint64 framesSent() const { return m_sent.count(); }

    // Called by dispatch() with each method that arrived on channel 0.
    template<typename Method>
    void on(const Method &method)
    {
        arrived(method);
    }

private:
    struct Secret
    {
        bool automatic = false; // the application does not wait for its end
        bool over = false; // nobody does any more
    };

    bool move(quint32 cause);
    void enter(ConnectionState state)
    {
        m_state = state;
        m_context.closing = state >= ConnectionState::Closing;
    }
    template<typename Method>
    void send(const Method &method)
    {
        sendMethod(m_context.output, 0, method);
    }
    bool receiveFrame();
    void take(const Frame &frame);
    void checkContents();
    std::optional<TimePoint> nextContentDeadline();
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
    void closeIfDrained();
    void violated(ReplyCode code, const QString &text);
    // What the peer did wrong, to be found by the caller of the handler.
    template<typename... Args>
    void blame(ReplyCode code, QStringView format, const Args &...args)
    {
        m_context.error = {code, formatted(format, args...)};
    }
    // An error of the connection; `format` begins with %1, the endpoint.
    template<typename... Args>
    QAmqpError connectionError(QAmqpError::Kind kind, QAmqpError::Origin origin, QStringView format,
                               const Args &...args) const
    {
        return QAmqpError(kind, QAmqpError::Scope::Connection, origin,
                          formatted(format, m_context.endpoint, args...));
    }
    template<typename... Args>
    void fail(QAmqpError::Kind kind, QAmqpError::Origin origin, QStringView format,
              const Args &...args)
    {
        end(connectionError(kind, origin, format, args...));
    }
    void end(QAmqpError error);
    void beginAttempt(bool nextAddress = false);
    bool tryAgain(const QAmqpError &error);
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
    QAmqpError::Phase phase() const;
    QString foreignPeer() const;
    QAmqpError explained(const QAmqpError &loss) const;
    void checkDeadlines(TimePoint now);
    void tellBlocked(TimePoint now);
    void countBlocked();
    void inform(const QString &text) { log().add(qtAmqpConnection(), QtInfoMsg, text); }
    void warn(const QString &text) { log().add(qtAmqpConnection(), QtWarningMsg, text); }

    QAmqpConnectionOptions m_options;
    const quint32 m_seed;
    Attempts m_attempts;
    QAmqpCredentials m_credentials; // of this attempt
    int m_challenges = 0;
    ConnectionState m_state = ConnectionState::Idle;
    ConnectionContext m_context;
    FrameReader m_reader;
    bool m_reading = true;
    TimePoint m_readingSince;
    TimePoint m_receivedAt; // the last octets
    TimePoint m_turnedAt;
    std::optional<TimePoint> m_contentDeadline; // of what is still missing of a message
    ReadingPause m_pause;
    bool m_backlog = false; // octets arrived that nextEvent() has not been through
    std::vector<std::unique_ptr<ChannelCore>> m_channels; // by number; 0 stays empty
    std::set<quint16> m_closedChannels; // and not open again since
    Negotiated m_negotiated;
    Heartbeat m_heartbeat;
    TimePoint m_now;
    std::optional<TimePoint> m_retryAt;
    std::optional<TimePoint> m_amqpDeadline;
    std::optional<TimePoint> m_handshakeDeadline;
    std::optional<TimePoint> m_hostDeadline; // the same for all addresses of a host
    bool m_lastAddress = true; // of the host
    QList<QAmqpError> m_failedAddresses; // before the one of this attempt
    std::optional<TimePoint> m_closeDeadline;
    bool m_closeReady = false; // nothing is awaited any more
    std::optional<TimePoint> m_blockedDeadline;
    std::optional<TimePoint> m_secretDeadline;
    std::optional<TimePoint> m_refreshAt; // the time for a new token
    TimePoint m_expiry; // of the one in use
    std::deque<Secret> m_secrets; // unanswered
    QuestionPointer
            m_question; // unanswered; before the connection is open, nothing is read meanwhile
    bool m_blocked = false;
    std::optional<TimePoint> m_blockedTold; // when the log heard of it last
    int m_blockedUntold = 0; // how often since
    bool m_ended = false;
    quint64 m_bytesSent = 0;
    quint64 m_bytesReceived = 0;
    quint64 m_framesReceived = 0;
    SentFrames m_sent;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
