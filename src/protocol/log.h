// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_LOG_H
#define QTAMQP_PROTOCOL_LOG_H

// What the library logs. Warnings are on by default, the rest is not:
//
//   qt.amqp.connection   info: opened, closed, attempts that failed; warning: unsafe settings, blocked,
//                        errors that no slot and no caller gets
//   qt.amqp.channel      info: a consumer cancelled by the broker; warning: errors that no slot and no
//                        caller gets
//   qt.amqp.frames       debug: every frame, both ways
//
// The trace of frames shows the fields of each method. Credentials are masked, and text of the peer is
// escaped, so that it cannot forge lines. Switched off, the trace costs one branch for each frame.
//
// A message handler (qInstallMessageHandler) is the application's code and may do anything: publish
// over the same connection, run an event loop, delete the connection. So nothing is printed at once: lines
// are kept, and whoever drives the core prints them when it holds no view, block or iterator.

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

// The lines of a connection that are not printed yet, oldest first.
class Log
{
public:
    // Drops the line if its category is switched off.
    void add(const QLoggingCategory &category, QtMsgType type, const QString &text);
    bool isEmpty() const { return m_lines.empty(); }
    LogLine take();

    // A message handler starts or ends, or a turn of the event loop inside of it does. A channel that is used
    // while a handler runs is not traced any more: its frames would make lines, and these frames, for ever.
    // Returns the former value.
    bool setHandling(bool handling) { return std::exchange(m_handling, handling); }
    void used(quint16 channel)
    {
        if (m_handling)
            exclude(channel);
    }
    void opened(quint16 channel) { m_excluded.erase(channel); } // the number has a new channel

    void frameReceived(const Frame &frame)
    {
        if (qtAmqpFrames().isDebugEnabled())
            addFrame("<-", frame, frame.payload.size());
    }
    void deliveryReceived(const WholeDelivery &delivery)
    {
        if (!qtAmqpFrames().isDebugEnabled())
            return;
        frameReceived({FrameType::Method, delivery.channel, delivery.method});
        frameReceived({FrameType::Header, delivery.channel, delivery.header});
        if (!delivery.body.isEmpty())
            frameReceived({FrameType::Body, delivery.channel, delivery.body});
    }
    // `size` is that of the whole payload; of a body, `frame` need not hold all of it.
    void addFrame(const char *direction, const Frame &frame, qsizetype size);

private:
    void exclude(quint16 channel);
    void addLeftOut();

    std::deque<LogLine> m_lines;
    quint64 m_leftOut = 0; // frames that were left out since the last line
    std::set<quint16> m_excluded; // channels that are not traced
    bool m_handling = false;
    bool m_exclusionLogged = false;
};

// Counts and traces the frames in the blocks that are sent. Only a body may continue in the next block.
class SentFrames
{
public:
    void add(QByteArrayView block, Log &log);
    quint64 count() const { return m_count; }

private:
    quint64 m_count = 0;
    qsizetype m_left = 0; // bytes of the last frame that the next blocks hold
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
