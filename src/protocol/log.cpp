// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/log.h"

#include "codec/describeframe.h"
#include "values/errorkinds.h"
#include "values/wiretext.h"

#include <QtCore/qdebug.h>
#include <QtCore/qendian.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

Q_LOGGING_CATEGORY(qtAmqpConnection, "qt.amqp.connection", QtWarningMsg)
Q_LOGGING_CATEGORY(qtAmqpChannel, "qt.amqp.channel", QtWarningMsg)
Q_LOGGING_CATEGORY(qtAmqpFrames, "qt.amqp.frames", QtWarningMsg)

namespace QtAmqpPrivate {

namespace {

constexpr size_t MaxLines = 100'000;

} // namespace

void LogLine::print() const
{
    const QMessageLogger logger(nullptr, 0, nullptr, category->categoryName());
    switch (type) {
    case QtDebugMsg: logger.debug().noquote() << text; break;
    case QtInfoMsg: logger.info().noquote() << text; break;
    default: logger.warning().noquote() << text; break;
    }
}

void Log::add(const QLoggingCategory &category, QtMsgType type, const QString &text)
{
    if (!category.isEnabled(type))
        return;
    // Memory stays bounded even if an application publishes for ever without returning to its event loop.
    if (m_lines.size() >= MaxLines && type == QtDebugMsg) {
        ++m_leftOut;
        return;
    }
    if (m_leftOut > 0)
        addLeftOut();
    m_lines.push_back({&category, type, printable(text)});
}

void Log::addLeftOut()
{
    m_lines.push_back({&qtAmqpFrames(), QtDebugMsg,
                       formatted(u"%1 frames are left out, since %2 lines waited to be printed",
                                 std::exchange(m_leftOut, 0), m_lines.size())});
}

LogLine Log::take()
{
    LogLine line = std::move(m_lines.front());
    m_lines.pop_front();
    if (m_lines.empty() && m_leftOut > 0)
        addLeftOut();
    return line;
}

void Log::exclude(quint16 channel)
{
    if (!m_excluded.insert(channel).second || std::exchange(m_exclusionLogged, true))
        return;
    add(qtAmqpFrames(), QtDebugMsg,
        formatted(u"frames of channels that a message handler uses are not shown, such as those of "
                  "channel %1",
                  channel));
}

void Log::addFrame(const char *direction, const Frame &frame, qsizetype size)
{
    if (m_excluded.count(frame.channel) == 0)
        add(qtAmqpFrames(), QtDebugMsg,
            formatted(u"%1 channel %2: %3", direction, frame.channel, describeFrame(frame, size)));
}

void SentFrames::add(QByteArrayView block, Log &log)
{
    while (!block.isEmpty()) {
        if (m_left == 0 && block.startsWith(QByteArrayView(ProtocolHeader, 4))) {
            m_left = ProtocolHeaderSize;
        } else if (m_left == 0) {
            ++m_count;
            const auto size = qsizetype(qFromBigEndian<quint32>(block.data() + 3));
            m_left = size + FrameOverhead;
            if (qtAmqpFrames().isDebugEnabled()) {
                const auto payload = block.sliced(FrameHeaderSize);
                log.addFrame("->",
                             {FrameType(block.front()), qFromBigEndian<quint16>(block.data() + 1),
                              payload.first(std::min(payload.size(), size))},
                             size);
            }
        }
        const qsizetype step = std::min(m_left, block.size());
        m_left -= step;
        block = block.sliced(step);
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
