// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_BOXSENDER_H
#define QTAMQP_TOOL_BOXSENDER_H

// Sends through an outbox, which keeps each message until the broker has confirmed it, and publishes it again when its
// link is lost. With a file it takes messages also while there is no broker; what an earlier run has left there is
// sent first.

#include "sender.h"

#include <QtAmqp/qamqpoutbox.h>

#include <map>

namespace Tool {

class BoxSender final : public Sender
{
public:
    // Messages in memory.
    explicit BoxSender(Run &run);
    // Messages in this file, which is made if it does not exist.
    BoxSender(Run &run, const QString &fileName);

    bool isReady() override;
    void send(const Outgoing &message) override;
    void finish() override;
    void settle() override;
    Tally tally() const override;
    quint64 unconfirmed() const override { return quint64(m_box->count()); }
    QString remains(const Failure &failure) const override;

private:
    void begin();
    void delivered(quint64 firstId, quint64 lastId);
    void failed(quint64 id, const QAmqpError &why);
    void stop(const QAmqpError &why);
    void noteTarget(quint64 id, const Outgoing &message);
    QString name(quint64 id) const;
    QString returnReason(quint64 id, const QAmqpError &why) const;
    QString unsettled() const;
    // Whether it was told what became of all messages that have left the box.
    bool isReported() const;
    bool isOwn(quint64 id) const { return m_firstId != 0 && id >= m_firstId; }

    struct Target
    {
        QString exchange;
        QString routingKey;
    };

    Run &m_run;
    const QString m_fileName; // as it was given, empty: in memory
    const int m_window;
    Link m_link;
    std::unique_ptr<QAmqpOutbox> m_box;
    quint64 m_firstId = 0; // of what this run has published
    // Where messages were published to: an entry for the first of several messages with the same target.
    std::map<quint64, Target> m_targets;
    Tally m_tally;
    quint64 m_reported = 0; // messages whose outcome is known
};

} // namespace Tool

#endif
