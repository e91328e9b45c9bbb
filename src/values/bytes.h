// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_BYTES_H
#define QTAMQP_VALUES_BYTES_H

// Reads and writes the big-endian bytes of the wire format.
//
// A Reader never reads past its end. The first read that does not fit makes it fail, and from then on every
// read yields zero or nothing, so that a decoder needs to check only once, when it is done. A length is
// compared with the number of bytes that remain and never added to a position, so that no length that a peer
// claims can overflow. A Writer writes to memory whose size was computed before, by encodedSize(), and checks
// nothing.
//
// Both belong to this layer and not to the codec, because tables and the properties of messages are kept as
// they are on the wire.

#include <QtCore/qbytearray.h>
#include <QtCore/qendian.h>

#include <cstring>
#include <limits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Reader
{
public:
    Reader() = default;
    explicit Reader(QByteArrayView bytes)
        : m_at(bytes.data()), m_end(bytes.data() + bytes.size()), m_begin(m_at)
    {
    }

    bool ok() const { return m_error == nullptr; }
    bool atEnd() const { return m_at == m_end; }
    qsizetype remaining() const { return m_end - m_at; }
    qsizetype offset() const { return m_at - m_begin; }
    QByteArrayView rest() const { return {m_at, remaining()}; }

    // Returns what was wrong, as a phrase without an offset, or null as long as ok() is true.
    const char *error() const { return m_error; }
    qsizetype errorOffset() const { return m_errorOffset; }

    void fail(const char *why)
    {
        if (m_error)
            return;
        m_error = why;
        m_errorOffset = offset();
        m_at = m_end;
    }

    template<typename T>
    T read()
    {
        if (remaining() < qsizetype(sizeof(T))) {
            fail("is cut short");
            return T{};
        }
        const T value = qFromBigEndian<T>(m_at);
        m_at += sizeof(T);
        return value;
    }

    QByteArrayView view(quint64 size)
    {
        if (size > quint64(remaining())) {
            fail("claims more bytes than its frame holds");
            return {};
        }
        const QByteArrayView bytes(m_at, qsizetype(size));
        m_at += size;
        return bytes;
    }

    // A short string has a length of one byte, a long string one of four.
    template<typename Length>
    QByteArrayView string()
    {
        return view(read<Length>());
    }

private:
    const char *m_at = nullptr;
    const char *m_end = nullptr;
    const char *m_begin = nullptr;
    const char *m_error = nullptr;
    qsizetype m_errorOffset = 0;
};

class Writer
{
public:
    explicit Writer(char *at) : m_at(at) { }

    char *at() const { return m_at; }

    template<typename T>
    void write(T value)
    {
        qToBigEndian(value, m_at);
        m_at += sizeof(T);
    }

    void bytes(QByteArrayView bytes)
    {
        // memcpy() must not be given a null source, not even for no bytes.
        if (!bytes.isEmpty())
            std::memcpy(m_at, bytes.data(), size_t(bytes.size()));
        m_at += bytes.size();
    }

    template<typename Length>
    void string(QByteArrayView text)
    {
        Q_ASSERT(quint64(text.size()) <= std::numeric_limits<Length>::max());
        write(Length(text.size()));
        bytes(text);
    }

private:
    char *m_at;
};

template<typename T>
QByteArray bigEndian(T number)
{
    QByteArray bytes(sizeof number, Qt::Uninitialized);
    qToBigEndian(number, bytes.data());
    return bytes;
}

// Names are at most 255 bytes of UTF-8 (AMQP 0-9-1 §4.2.5.3, short string).
constexpr qsizetype MaxShortString = 255;

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
