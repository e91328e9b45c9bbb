// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_BUFFERS_H
#define QTAMQP_CODEC_BUFFERS_H

// The two buffers of a connection. Both grow with the bytes that really pass through them, never with a size
// that the peer claims.

#include <QtCore/qbytearray.h>
#include <QtCore/qlist.h>

#include <algorithm>
#include <cstring>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Bytes that arrived and were not parsed yet. Bytes are read into space(), then commit()ted; parsing consumes
// them from the front. What is left is moved to the front only when there is too little room behind it.
class Input
{
public:
    char *space(qsizetype *size)
    {
        if (m_begin == m_end) {
            // The buffer grew for a large frame, and little came after that: the memory is given back.
            if (m_buffer.size() > 4 * Comfortable && m_end < Comfortable)
                m_buffer = QByteArray(Comfortable, Qt::Uninitialized);
            m_begin = m_end = 0;
        }
        if (m_buffer.size() - m_end < Minimum && m_begin > 0) {
            std::memmove(m_buffer.data(), m_buffer.constData() + m_begin, size_t(m_end - m_begin));
            m_end -= m_begin;
            m_begin = 0;
        }
        // The buffer grows if an incomplete frame fills it, or if the last read filled all of it, which
        // shows that the connection is busy.
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
    static constexpr qsizetype Comfortable = 512 * 1024;

    QByteArray m_buffer;
    qsizetype m_begin = 0;
    qsizetype m_end = 0;
    bool m_filled = false;
};

// Bytes to be sent, in contiguous blocks of 64 KiB: one block is one write. Passing bodies to the socket by
// reference instead takes two system calls per message, and was up to nine times slower when measured. Only for
// parts of more than 100 KB their copy costs more than that.
class Output
{
public:
    static constexpr qsizetype BlockSize = 64 * 1024;

    // Returns contiguous room for something that must not be split; all of it must be filled.
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

    // The same for something that has memory of its own and must not be split: a large block is taken over as it is.
    void appendBlock(QByteArray block)
    {
        if (block.size() < BlockSize / 2) {
            std::memcpy(reserve(block.size()), block.constData(), size_t(block.size()));
            return;
        }
        endBlock();
        m_total += block.size();
        m_full.append(std::move(block));
    }

    // The same for a part of `bytes`, whose memory a large part shares if it is not that of the caller
    // (QByteArray::fromRawData()).
    void appendPart(const QByteArray &bytes, qsizetype at, qsizetype size)
    {
        constexpr qsizetype large = 100'000;
        QByteArray::DataPointer part = QByteArray(bytes).data_ptr();
        if (size < large || !part.isMutable())
            return append(QByteArrayView(bytes).sliced(at, size));
        part.setBegin(part.begin() + at);
        part.size = size;
        appendBlock(QByteArray(part));
    }

    bool hasFullBlock() const { return !m_full.isEmpty(); }
    qint64 size() const { return m_total; }

    // Takes the oldest block, and the unfinished one last; returns an empty array if there is none. The
    // result may be kept for as long as the peer does not read, so it has at most twice the memory that it
    // needs: a block that is not half full is copied, and filled again from its beginning.
    QByteArray take()
    {
        if (m_full.isEmpty())
            endBlock();
        if (m_full.isEmpty())
            return {};
        const QByteArray block = m_full.takeFirst();
        if (block.capacity() == BlockSize)
            m_taken = block;
        m_total -= block.size();
        return block;
    }

private:
    void endBlock()
    {
        if (m_used == 0)
            return;
        if (m_used >= m_block.size() / 2)
            return closeBlock();
        m_full.append(QByteArray(m_at, m_used));
        m_used = 0;
    }
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
        // Once the socket has taken all of a block, its memory is used again.
        if (atLeast <= BlockSize && m_taken.isDetached()) {
            m_block = std::move(m_taken);
            m_block.resize(BlockSize);
        } else {
            m_block = QByteArray(std::max(BlockSize, atLeast), Qt::Uninitialized);
        }
        m_at = m_block.data();
    }

    QList<QByteArray> m_full;
    QByteArray m_block;
    QByteArray m_taken; // a block that was taken last, and may still be in use
    char *m_at = nullptr; // the memory of m_block, which is not shared
    qsizetype m_used = 0;
    qint64 m_total = 0;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
