// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_ENGINE_H
#define QTAMQP_API_ENGINE_H

// Core and transport, joined. All work happens in turns: a turn takes what arrived, emits it as signals,
// writes once and sets one deadline. The engine is shared and outlives its connection object while a turn
// runs, so that any slot may delete anything. Each event finds its object by the channel's number.

#include "api/mailbox.h"
#include "protocol/connectioncore.h"
#include "transport/transportclient.h"

#include <deque>

QT_BEGIN_NAMESPACE

class QAmqpChannelPrivate;
class QAmqpConnectionPrivate;

namespace QtAmqpPrivate {

class LoopTransport;

class Engine final
    : public QAmqpTransportClient
    , public std::enable_shared_from_this<Engine>
{
public:
    explicit Engine(QAmqpConnectionPrivate *connection);
    ~Engine() override;

    ConnectionCore &core() { return *m_core; }
    Log &log() const { return *m_log; }
    // Prints what no turn will print, when the message handler may do anything: turns print theirs at their end.
    void printRest();
    const MailboxPointer &mailbox() const { return m_mailbox; }

    // Makes a new session, which has not begun. Channels may be made for it already.
    void reset(const QAmqpConnectionOptions &options);
    void setTransport(std::unique_ptr<QAmqpTransport> transport);
    // Whether the transport can work in this thread. The default one and devices need Qt's event loop.
    bool hasLoop() const;
    // There is one endpoint for each host of the options.
    void open(const QList<QAmqpEndpoint> &endpoints);
    void failToOpen(const QAmqpError &error); // ends a session that cannot begin
    void close(TimePoint deadline);
    void abort();
    void detach();
    bool isDetached() const { return !m_connection; }

    // Is called after each command: what follows from it is done in a turn.
    void scheduleTurn();
    void setReading(bool reading);
    bool isReading() const
    {
        return m_core->isReading() || m_readingHeld;
    } // as setReading() wants it
    // Counts the messages that are held and that nothing else bounds. Nothing is read while they are too many.
    void countHeld(qint64 bytes);
    // Counts the devices that take a body and have too much of it to write. Nothing is read while there is one.
    void countFullSinks(int change);
    qint64 bytesToWrite() const;
    QSslConfiguration tlsSession() const;
    bool settle(const Mail &mail);
    // Is called before each command: what other threads acknowledged earlier is sent earlier.
    void collectMail()
    {
        if (m_mailbox->hasMail())
            settleAll(m_mailbox->take());
    }
    // Is called before the channel ends, or with 0 the connection. Later acknowledgements return false.
    void collectLastMail(int channel);

    void addChannel(quint16 number, QAmqpChannelPrivate *channel);
    void closeChannel(quint16 number);
    // With more bytes than these on their way out it is not wise to publish.
    static constexpr qint64 HighWater = 256 * 1024;
    // Bodies are read from their devices up to here, so that a long one leaves room for other publishes.
    static constexpr qint64 BodyWindow = HighWater / 2;
    // Calls the channel's update() at the end of a turn. The first one asks for that turn, and the second one
    // takes the next that comes.
    void scheduleUpdate(QAmqpChannelPrivate &channel);
    void updateLater(QAmqpChannelPrivate &channel);
    void forgetChannel(QAmqpChannelPrivate *channel);
    QAmqpChannelPrivate *channel(quint16 number) const
    {
        return number < m_channels.size() ? m_channels[number] : nullptr;
    }

    char *receiveBuffer(qsizetype *size) override;
    void received(qsizetype bytes) override;
    void reached(const QString &address, bool isLast, const QList<QAmqpError> &failures) override;
    void opened() override;
    void lost(const QAmqpError &reason) override;
    void sslErrors(const QList<QSslError> &errors) override;
    // Runs the application's slots: an exception that leaves one ends the application.
    void turn() noexcept override;
    void ending() override;

private:
    void settleAll(const std::vector<Mail> &mails);
    void holdReading();
    void finishClose(quint16 channel);
    void work();
    bool printLog();
    void deliverEvents(TimePoint now);
    bool handOut(TimePoint now);
    LoopTransport *loopTransport() const;
    void updateChannels();
    void write();
    void sendBodies();
    void flush();
    void useTransport();
    void link(bool nextAddress = false);
    void unlink(const QAmqpError &error);
    void retireTransport();
    void takeLeave();
    void passLoss();
    void queueUpdate();
    // Whether the transport has turns: it has none before the first session.
    bool hasTurns() const { return m_transport && m_process != 0; }
    bool isForeign() const;
    void leave();

    void on(ConnectionOpened &);
    void on(AttemptFailed &failed);
    void on(ConnectWanted &wanted);
    void on(LinkLost &lost);
    void on(RetryScheduled &scheduled);
    void on(QueueRenamed &renamed);
    void on(Recovered &recovered);
    void on(ConnectionClosed &closed);
    void on(BlockedChanged &blocked);
    void on(Asked &asked);
    void on(SecretUpdated &updated);
    void on(ReadyToClose &ready);
    void on(ChannelClosed &closed);
    template<typename ChannelEvent>
    void on(ChannelEvent &event);

    QAmqpConnectionPrivate *m_connection; // null once its object is destroyed
    const std::shared_ptr<Log> m_log = std::make_shared<Log>(); // all sessions use it
    std::unique_ptr<ConnectionCore> m_core;
    std::unique_ptr<QAmqpTransport> m_transport;
    std::vector<std::unique_ptr<QAmqpTransport>> m_retired; // their turn may still be on the stack
    bool m_customTransport = false;
    QList<QAmqpEndpoint> m_endpoints; // in the order of the hosts
    bool m_linked = false; // the transport has been opened and not closed
    qint64 m_process = 0; // which began to use the transport; fork() copies its link
    std::vector<QAmqpChannelPrivate *> m_channels; // by number
    std::deque<std::weak_ptr<QAmqpChannelPrivate>> m_channelsToUpdate;
    bool m_updateQueued = false; // in the event loop, as long as there is no transport for a turn
    bool m_congested = false; // there are more bytes on their way out than HighWater
    MailboxPointer m_mailbox;
    qint64 m_heldBytes = 0;
    int m_fullSinks = 0;
    bool m_readingHeld = false; // because one of these is too much
    qint64 m_transportBytes =
            0; // that it had to write when it was asked last; asking costs more than a publish
    int m_depth = 0; // turns on the stack: slots may run event loops of their own
    int m_delivering = 0; // those of them that hand out events, after which they update and write
    bool m_printing = false; // the application's message handler runs
    bool m_turnRequested = false;
    bool m_slotsAreSlow = false; // see TurnClock
    std::optional<TimePoint> m_deadline;
    QList<QSslError> m_sslErrors;
    std::optional<QAmqpError> m_lost;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
