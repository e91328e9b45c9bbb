// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_BODYSOURCE_H
#define QTAMQP_PROTOCOL_BODYSOURCE_H

// Bodies that are read while they are sent, so that no more than a few frames of them are in memory.
//
// The core knows no device and never calls a source: a device may be the application's own, and reading it may
// run any code. The core hands out one part of a body at a time; the world reads it and gives it back.

#include "codec/frame.h"

#include <QtCore/qstring.h>

#include <memory>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class BodySource
{
public:
    virtual ~BodySource() = default;

    // Reads at most so many bytes. Returns 0 if there are none at the moment, and -1 if none will come any
    // more; error() says why then.
    virtual qint64 read(char *to, qint64 most) = 0;
    virtual QString error() const = 0;
};
using BodySourcePointer = std::shared_ptr<BodySource>;

// A body that is to be sent from a source, which is null for one that is in memory.
struct StreamedBody
{
    BodySourcePointer source = {};
    quint64 size = 0;
};

// The next frame of such a body. It is read into its block, with room for the frame around it, so that the block
// goes to the socket as it is.
class BodyPart
{
public:
    BodyPart(quint16 channel, BodySourcePointer source, qsizetype most)
        : m_channel(channel), m_source(std::move(source)), m_most(most)
    {
    }

    quint16 channel() const { return m_channel; }
    const BodySourcePointer &source() const { return m_source; }

    void read()
    {
        m_block = QByteArray(m_most + FrameOverhead, Qt::Uninitialized);
        m_size = std::min<qint64>(m_source->read(m_block.data() + FrameHeaderSize, m_most), m_most);
    }
    // What read() found: how many bytes, 0 if there were none, or -1 if the source has failed.
    qsizetype size() const { return qsizetype(m_size); }
    QByteArray takeFrame()
    {
        Writer begin(m_block.data());
        beginFrame(begin, FrameType::Body, m_channel, size());
        Writer end(m_block.data() + FrameHeaderSize + size());
        endFrame(end);
        m_block.truncate(size() + FrameOverhead);
        return std::move(m_block);
    }

private:
    quint16 m_channel;
    BodySourcePointer m_source;
    qsizetype m_most;
    QByteArray m_block;
    qint64 m_size = 0;
};

// Sends what there is of all such bodies until `room` bytes wait in the output. `core` returns the core, or null
// once there is none to go on with: the application may have ended its session while a device was read. Returns
// whether it stopped only because there was no more room.
template<typename Core>
bool sendBodies(qint64 room, Core core)
{
    for (auto *at = core(); at; at = core()) {
        auto part = at->nextBodyPart(room);
        if (!part)
            return at->hasBodiesToSend();
        part->read();
        if (at = core(); at)
            at->bodyRead(*part);
    }
    return false;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
