// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_SENDER_H
#define QTAMQP_TOOL_SENDER_H

// How qamqp publish sends messages. An outbox does that, in memory or in a file (boxsender.h); only what an outbox
// cannot do goes through a channel: messages without confirms, and a body that is read while it is sent.

#include "run.h"
#include "tally.h"

#include <QtAmqp/qamqpreturn.h>
#include <QtCore/qfile.h>

namespace Tool {

struct Outgoing
{
    QAmqpMessage message;
    QString exchange;
    QString routingKey;
    QAmqpChannel::PublishFlags flags = {};
    QFile *body = nullptr; // instead of the message's own, from `begin` on
    qint64 begin = 0;
};

inline constexpr Option windowOption = {"window", "N",
                                        "How many messages may be unconfirmed, 1000 by default."};
int windowOf(const Arguments &arguments);

// Returns why a message was returned, if it was published to there.
QString returnReason(const QString &reply, const QString &exchange, const QString &routingKey);

class Sender
{
public:
    virtual ~Sender() = default;

    // Whether it takes a message now; when that may have changed, an event comes.
    virtual bool isReady() = 0;
    virtual void send(const Outgoing &message) = 0;
    // The input is at its end: waits until the outcome of all messages is known, and closes the connection.
    virtual void finish() = 0;
    // The command ends by a failure: gives what is under way a short time.
    virtual void settle() = 0;
    virtual Tally tally() const = 0;
    // How many messages the broker has to confirm before finish() returns.
    virtual quint64 unconfirmed() const = 0;
    // What becomes of messages whose outcome is not known, for the line that tells the failure; may be empty.
    virtual QString remains(const Failure &failure) const = 0;

    // Prints the tally if that is wanted, and throws a Failure if messages were not taken.
    void report(const Run &run) const;
    // Does that for a command that ends by a failure, and returns what it is to throw.
    Failure reported(const Run &run, const Failure &failure) const;
};

// Sends through a channel. With confirms it waits for the outcome of each message before it takes the next one.
class ChannelSender final : public Sender
{
public:
    ChannelSender(Run &run, bool confirms);

    bool isReady() override;
    void send(const Outgoing &message) override;
    void finish() override;
    void settle() override;
    Tally tally() const override { return m_tally; }
    quint64 unconfirmed() const override { return m_open ? 1 : 0; }
    QString remains(const Failure &failure) const override;

private:
    void publish();
    void goOn();
    void nacked();
    void returned(const QAmqpReturn &message);
    QString name() const;

    Run &m_run;
    const bool m_confirms;
    Session m_session;
    QAmqpChannel *const m_channel;
    std::optional<Outgoing> m_open; // what is not confirmed
    bool m_isLost = false; // with its link, and is to be sent once more
    Tally m_tally;
    QObject m_scope; // ends the connections to the channel, which outlives what they use
};

} // namespace Tool

#endif
