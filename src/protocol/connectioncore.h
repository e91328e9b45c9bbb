// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_CONNECTIONCORE_H
#define QTAMQP_PROTOCOL_CONNECTIONCORE_H

// One session with a broker, from the first attempt to connect to the last byte, without a socket, a loop or
// a clock: bytes, commands and time come in as arguments; bytes, events and the next deadline go out. Each
// attempt to connect is a Link; what is kept here outlives it. When an open link is lost, the session recovers if the
// options let it: another link is made, Replay declares the topology again, the channels open with their consumers,
// and what waited goes out.
//
//   happened   receiveBuffer()+receive() (only appends) · transportReached() · transportOpened() ·
//              transportLost() · timeout() · turnEnded()                           world -> core
//   command    open() close() finishClose() abort() reconnectNow() updateSecret() answered(), and those of ChannelCore;
//              they never emit and never call back                           application -> core
//   to do      nextEvent() (parses until one event is complete) · takeOutput() ·
//              nextTimeout(); after anything happened, ask all three, in this order    core -> world
//              log(): its lines are printed whenever the application's message handler may run;
//              findEvent() parses, and so adds lines, without taking the event
//   ask        state(), what was negotiated, counters; without any effect
//
// The world is what drives the core: the engine of a connection, or a test. A session is used once. Time is
// steady and only moves forward. The world calls timeout() at the start of each turn of its event loop, after
// it received what the socket held and whether a deadline is due or not; and turnEnded() at the end of the
// turn, which slots may have delayed.

#include "protocol/attempts.h"
#include "protocol/channelcore.h"
#include "protocol/link.h"
#include "protocol/replay.h"

#include <QtAmqp/qamqpconnectionoptions.h>

#include <memory>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

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
    // The TCP connection is there: at which address of the host, whether that is the last of its addresses,
    // and how those before it failed.
    void transportReached(const QString &address, bool isLast,
                          const QList<QAmqpError> &failures = {});
    void transportOpened(TimePoint now);
    void transportLost(const QAmqpError &reason);
    void transportWritten(); // the socket has taken everything that takeOutput() returned
    void timeout(TimePoint now);
    void turnEnded(TimePoint now); // from here on the socket is read again

    // command
    void setOptions(const QAmqpConnectionOptions &options); // before open()
    void open(TimePoint now);
    void close(TimePoint deadline);
    bool isReadyToClose() const { return state() == ConnectionState::Drained; }
    void finishClose(); // when isReadyToClose() is true, or after the event ReadyToClose
    void setReading(bool reading, TimePoint now);
    bool isReading() const { return m_reading; }
    void abort();
    void reconnectNow(TimePoint now); // does not wait for the next attempt
    void updateSecret(const QByteArray &secret, const QByteArray &reason);
    void answered(const QuestionPointer &question);
    ChannelCore *addChannel(quint64 nextPublishTag);
    void removeChannel(quint16 number);

    // to do
    bool findEvent(); // parses until there is an event; false if there is none
    std::optional<Event> nextEvent();
    // For a session that nobody listens to: takes an event without counting it as reported, so that it can be
    // given back and reported later.
    std::optional<Event> takeEvent();
    void giveBack(EventQueue events) { m_context.events = std::move(events); }
    // The application is done with a message that was delivered: the next one takes its memory.
    void recycle(QAmqpMessage &message);
    void lingerFrom(TimePoint now);
    Log &log() const { return *m_context.log; }
    QByteArray takeOutput();
    bool hasFullBlock() const { return m_link && m_link->output().hasFullBlock(); }
    std::optional<TimePoint> nextTimeout();
    // Bodies that are read while they are sent: a part is to be read and given back by bodyRead(). There is none
    // if `room` bytes wait in the output already. See sendBodies().
    std::optional<BodyPart> nextBodyPart(qint64 room);
    void bodyRead(BodyPart &part);
    bool hasBodiesToSend() const { return isUsable() && m_link->hasBodiesToSend(); }
    bool hasEvents() const { return !m_context.events.empty(); }

    // ask
    ConnectionState state() const
    {
        if (m_ended)
            return ConnectionState::Closed;
        return m_link ? m_link->state() : ConnectionState::Idle;
    }
    bool isUsable() const { return !m_ended && m_link && m_link->isUsable(); }
    bool isClosing() const
    {
        return m_deadlines[Deadline::Close] || state() >= ConnectionState::Closing;
    }
    bool isEnded() const { return m_ended; }
    // From the loss of a link until everything works again.
    bool isRecovering() const { return m_context.isRecovering && !m_ended; }
    int recoveryAttempt() const { return isRecovering() ? m_recovery.attempt : 0; }
    bool isCloseRequested() const { return m_deadlines[Deadline::Close].has_value(); }
    // The session is over for the application, but the link goes on reading until the peer closes it.
    bool isLingering() const
    {
        return m_ended && m_link && m_link->state() == ConnectionState::Lingering;
    }
    bool isBlocked() const { return m_link && m_link->isBlocked(); }
    const QAmqpConnectionOptions &options() const { return m_options; }
    qsizetype host() const { return m_attempts.host(); }
    const QString &endpoint() const { return m_context.endpoint; }
    const Negotiated &negotiated() const; // on the present link, or else on the last one
    ChannelCore *channel(quint16 number) const
    {
        return number < m_channels.size() ? m_channels[number].get() : nullptr;
    }
    quint32 outgoingFrameMax() const;
    bool mayConfirm() const; // the broker supports confirms, or it is not known yet whether it does
    // Whether names may be sent that are not UTF-8. RabbitMQ ends the connection for them (501), and before
    // the handshake it is not known which broker will read them.
    bool takesAnyName() const { return negotiated().takesAnyName; }
    qint64 pendingBytes() const
    {
        return (m_link ? m_link->output().size() : 0) + m_context.waitingBytes;
    }
    qint64 waitingBytes() const { return m_context.waitingBytes; }
    Traffic traffic() const { return m_link ? m_earlier + m_link->traffic() : m_earlier; }

    // called by Link
    ChannelCore *channelOnLink(quint16 number) const
    {
        return isPrivate(number) ? m_privateChannel.get() : channel(number);
    }
    const std::vector<std::unique_ptr<ChannelCore>> &channels() const { return m_channels; }
    void linkOpened();
    void dropIfOver(quint16 channel);
    void end(QAmqpError error, quint32 guiltyMethod = 0);

private:
    enum class Deadline {
        Host, // when to give up all addresses of the present host
        Retry, // when to make the next attempt
        Close, // when the session ends after close(), whatever is still unanswered
        Count
    };

    // What is known of a recovery that is under way.
    struct Recovery
    {
        TimePoint since = {};
        int attempt = 0;
        QAmqpRecoveryReport report = {};
    };

    void closeIfDrained();
    void beginAttempt(bool nextAddress = false);
    bool tryAgain(const QAmqpError &error);
    void linkLost(const QAmqpError &cause, quint32 guiltyMethod);
    bool recover(const QAmqpError &cause, quint32 guiltyMethod);
    bool isWorthAnother(const QAmqpError &cause, bool isBlamed) const;
    void waitForAttempt(std::chrono::milliseconds delay);
    void openChannels();
    void openChannel(ChannelCore &channel);
    void beginReplay();
    void askFilter(const std::vector<quint64> &entities);
    void filtered(const Question &question);
    void replay();
    void giveReplayChannel();
    void goOn();
    void passQueuesOn();
    bool mayOpenChannels() const;
    bool isOneChannelTooMany(const QAmqpError &cause, quint32 guiltyMethod);
    void recovered();
    void dropPrivateChannel();
    bool isPrivate(quint16 number) const
    {
        return m_privateChannel && m_privateChannel->number() == number;
    }

    QAmqpConnectionOptions m_options;
    const quint32 m_seed;
    Attempts m_attempts;
    ConnectionContext m_context;
    std::unique_ptr<Link> m_link; // the present one or the last; none before the first attempt
    Traffic m_earlier; // of all links before the present one
    bool m_reading = true; // whether the application wants the socket to be read
    std::vector<std::unique_ptr<ChannelCore>> m_channels; // by number; 0 stays empty
    TimePoint m_now;
    Deadlines<Deadline> m_deadlines;
    bool m_lastAddress = true; // the host has no address after the one of this attempt
    QList<QAmqpError> m_failedAddresses; // how the addresses before that of this attempt failed
    bool m_ended = false;
    Recovery m_recovery;
    Replay m_replay{m_context};
    // That m_replay uses; it may have the number of a channel which is not open on this link yet.
    std::unique_ptr<ChannelCore> m_privateChannel;
    QuestionPointer m_filter; // while the application is asked what to recover
    std::vector<quint64> m_toReplay;
    std::vector<RequestId> m_toResume; // the consumers that it is asked about
    std::set<quint64> m_leftOut; // entities that it does not want
    bool m_hasSpareChannel =
            true; // the broker allows one more than the application uses, as far as is known
    int m_channelRefusals = 0; // one link after the other was lost because of such a limit
    TimePoint m_openSince; // of the link in use, or of the last one
    Negotiated m_lastNegotiated;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
