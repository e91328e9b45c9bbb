// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_LOG_H
#define QTAMQP_PROTOCOL_LOG_H

// What the library tells a log. Warnings are on by default, the rest is not:
//
//   qt.amqp.connection   info: opened, closed, attempts that failed; warning: unsafe settings,
//                        blocked, closed by the broker and nobody else is told
//   qt.amqp.channel      info: a consumer cancelled by the broker; warning: closed by an error that
//                        nobody else is told
//   qt.amqp.frames       debug: every frame, both ways
//
// The trace shows the fields of each method, those that carry credentials masked, and what a peer
// sent escaped, so that it cannot forge lines. Switched off, it costs one branch for each frame.
//
// A message handler (qInstallMessageHandler) is the application's code and may do anything: publish
// over the same connection, run an event loop, delete the connection. So nothing is printed where
// something happens. Lines are kept, and whoever drives the core prints them when it holds no view, no
// block and no iterator.

#include "codec/frame.h"

#include <QtCore/qloggingcategory.h>

#include <deque>
#include <set>
#include <utility>

QT_BEGIN_NAMESPACE

Q_DECLARE_LOGGING_CATEGORY(qtAmqpConnection)
Q_DECLARE_LOGGING_CATEGORY(qtAmqpChannel)
Q_DECLARE_LOGGING_CATEGORY(qtAmqpFrames)

namespace QtAmqpPrivate {

struct LogLine
{
    const QLoggingCategory *category;
    QtMsgType type;
    QString text;

    void print() const; // runs the application's message handler
};

// The lines of a connection that are not printed yet, in the order in which what they tell happened.
class Log
{
public:
    // Drops what its category does not let through.
    void add(const QLoggingCategory &category, QtMsgType type, const QString &text);
    bool isEmpty() const { return m_lines.empty(); }
    LogLine take();

    // While a message handler runs, to its end or to a turn inside of it. A channel that is used
    // meanwhile is not traced any more: each line would make frames, and these lines, for ever.
    // Returns what it was before.
    bool setHandling(bool handling) { return std::exchange(m_handling, handling); }
    void used(quint16 channel)
    {
        if (m_handling)
            exclude(channel);
    }
    void opened(quint16 channel) { m_excluded.erase(channel); } // a new one of this number

    void frameReceived(const Frame &frame)
    {
        if (qtAmqpFrames().isDebugEnabled())
            addFrame("<-", frame, frame.payload.size());
    }
    // `size` is that of the whole payload, of which a body need not be there.
    void addFrame(const char *direction, const Frame &frame, qsizetype size);

private:
    void exclude(quint16 channel);
    void addLeftOut();

    std::deque<LogLine> m_lines;
    quint64 m_leftOut = 0; // frames, since the last line
    std::set<quint16> m_excluded; // channels
    bool m_handling = false;
    bool m_exclusionLogged = false;
};

// Follows the frames through the blocks they are sent in. Only a body may go on in the next block.
class SentFrames
{
public:
    void add(QByteArrayView block, Log &log);
    quint64 count() const { return m_count; }

private:
    quint64 m_count = 0;
    qsizetype m_left = 0; // of the frame that the last block ended in
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
