// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_BUFFERS_H
#define QTAMQP_CODEC_BUFFERS_H

// The two buffers of a connection. Both grow with what really passes through them, never with what
// a peer claims will come.

#include <QtCore/qbytearray.h>
#include <QtCore/qlist.h>

#include <algorithm>
#include <cstring>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Bytes that arrived and were not understood yet. Bytes are read into space(), then commit()ted;
// parsing consumes from the front. The tail moves only when room runs out.
class Input
{
public:
    char *space(qsizetype *size)
    {
        if (m_begin == m_end) {
            // A large frame has passed, and what came behind it is small: its room is given back.
            if (m_buffer.size() > 4 * Comfortable && m_end < Comfortable)
                m_buffer = QByteArray(Comfortable, Qt::Uninitialized);
            m_begin = m_end = 0;
        }
        if (m_buffer.size() - m_end < Minimum && m_begin > 0) {
            std::memmove(m_buffer.data(), m_buffer.constData() + m_begin, size_t(m_end - m_begin));
            m_end -= m_begin;
            m_begin = 0;
        }
        // Full of one incomplete frame, or the last read filled all there was: a busy connection.
        if (m_buffer.size() - m_end < Minimum || (m_filled && m_buffer.size() < Comfortable))
            m_buffer.resize(std::max(2 * m_buffer.size(), 2 * Minimum));
        *size = m_buffer.size() - m_end;
        return m_buffer.data() + m_end;
    }

    void commit(qsizetype size)
    {
        m_end += size;
        m_filled = m_end == m_buffer.size();
    }

    QByteArrayView view() const { return {m_buffer.constData() + m_begin, m_end - m_begin}; }
    void consume(qsizetype size) { m_begin += size; }
    qsizetype size() const { return m_end - m_begin; }
    void clear() { m_begin = m_end = 0; }

private:
    static constexpr qsizetype Minimum = 16 * 1024;
    static constexpr qsizetype Comfortable = 256 * 1024;

    QByteArray m_buffer;
    qsizetype m_begin = 0;
    qsizetype m_end = 0;
    bool m_filled = false;
};

// Bytes to be sent, in contiguous blocks of 64 KiB: one block is one write. Handing bodies to the
// socket by reference instead was measured at two system calls a message and up to nine times slower.
class Output
{
public:
    static constexpr qsizetype BlockSize = 64 * 1024;

    // Contiguous room for something that must not be split; use it all.
    char *reserve(qsizetype size)
    {
        if (m_used + size > m_block.size())
            newBlock(size);
        char *at = m_at + m_used;
        m_used += size;
        m_total += size;
        return at;
    }

    void append(QByteArrayView bytes)
    {
        while (!bytes.isEmpty()) {
            if (m_used == m_block.size())
                newBlock(1);
            const qsizetype part = std::min(bytes.size(), m_block.size() - m_used);
            std::memcpy(m_at + m_used, bytes.data(), size_t(part));
            m_used += part;
            m_total += part;
            bytes = bytes.sliced(part);
        }
    }

    bool hasFullBlock() const { return !m_full.isEmpty(); }
    qint64 size() const { return m_total; }

    // The oldest block, the unfinished one last; empty if there is nothing. What is taken has at most twice
    // the memory that it needs, since it may be kept for as long as the peer does not read: of little a
    // copy is given, and the block goes on being filled from its begin.
    QByteArray take()
    {
        QByteArray block;
        if (!m_full.isEmpty()) {
            block = m_full.takeFirst();
        } else if (m_used > 0 && m_used < m_block.size() / 2) {
            block = QByteArray(m_at, m_used);
            m_used = 0;
        } else if (m_used > 0) {
            closeBlock();
            block = m_full.takeFirst();
        }
        m_total -= block.size();
        return block;
    }

private:
    void closeBlock()
    {
        m_block.truncate(m_used);
        m_full.append(std::move(m_block));
        m_block = QByteArray();
        m_used = 0;
    }

    void newBlock(qsizetype atLeast)
    {
        if (m_used > 0)
            closeBlock();
        m_block = QByteArray(std::max(BlockSize, atLeast), Qt::Uninitialized);
        m_at = m_block.data();
    }

    QList<QByteArray> m_full;
    QByteArray m_block;
    char *m_at = nullptr; // m_block's own memory, unshared
    qsizetype m_used = 0;
    qint64 m_total = 0;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
