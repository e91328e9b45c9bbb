// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_TALLY_H
#define QTAMQP_TOOL_TALLY_H

// What became of the messages that qamqp publish and qamqp outbox have sent, in numbers and in words.

#include <QtCore/qbytearray.h>
#include <QtCore/qstringlist.h>

namespace Tool {

struct Failure;

struct Tally
{
    static constexpr quint64 MaxListed = 5;

    quint64 published = 0;
    quint64 confirmed = 0;
    quint64 nacked = 0;
    quint64 returned = 0;
    quint64 dropped =
            0; // not sent: the time of the message was over, or its row in the file is damaged
    quint64 publishedAgain = 0;
    bool hasFile = false;
    quint64 earlier = 0; // messages that were in the file before
    quint64 waiting = 0; // messages that are in it now
    QStringList reasons; // of the first messages that were not taken

    void addReason(const QString &message, const QString &what);
    bool isAllTaken() const { return notTaken() == 0; }
    quint64 notTaken() const { return nacked + returned + dropped; }
    QString summary() const;
    QString lastSummary() const; // with the reason of the first message that was not taken
    Failure failure() const;
    QByteArray json() const;
};

} // namespace Tool

#endif
