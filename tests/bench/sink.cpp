// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A peer for measuring clients alone: it speaks just enough AMQP to be opened, and then costs little.
// usage: bench_sink PORT [ACK_EVERY=100]      PORT 0: any that is free; it prints the one it has
//
// Publishes are counted and dropped; on a confirming channel every ACK_EVERY-th is acknowledged
// ("multiple" if more than one), the rest after a millisecond of silence. Consuming from a queue called
// bench-c-COUNT-SIZE streams COUNT deliveries of SIZE bytes; from bench-echo each publish comes back.
// One process per connection, ended by SIGTERM or the peer.

#include "codec/dispatch.h"
#include "codec/frame.h"
#include "values/tableformat.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

namespace {

class Session
{
public:
    Session(int socket, quint64 ackEvery)
        : m_socket(socket), m_ackEvery(ackEvery), m_in(1 << 20) { }

    void run()
    {
        bool greeted = false;
        size_t have = 0;
        for (;;) {
            const bool pending = write();
            if (m_closing && !pending)
                return;
            const ssize_t got =
                    recv(m_socket, m_in.data() + have, m_in.size() - have, MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN))
                return;
            if (got < 0) {
                wait(pending);
                continue;
            }
            have += size_t(got);
            size_t used = 0;
            if (!greeted && have >= 8) {
                greeted = true;
                used = 8;
                greet();
            }
            while (greeted) {
                Frame frame;
                FrameError error;
                const auto result = nextFrame({m_in.data() + used, qsizetype(have - used)}, 131072,
                                              frame, error);
                if (result == FrameResult::Malformed)
                    return;
                if (result == FrameResult::Incomplete)
                    break;
                used += size_t(frame.payload.size() + FrameOverhead);
                receive(frame);
            }
            std::memmove(m_in.data(), m_in.data() + used, have - used);
            have -= used;
        }
    }

    template<typename Method>
    void on(const Method &)
    {
        std::fprintf(stderr, "sink: %s is not for it\n", Method::info.name);
    }
    void on(const ConnectionStartOk &) { send(0, ConnectionTune{2047, 131072, 0}); }
    void on(const ConnectionTuneOk &) { }
    void on(const ConnectionOpen &) { send(0, ConnectionOpenOk{}); }
    void on(const ConnectionCloseOk &) { m_closing = true; }
    void on(const ConnectionClose &)
    {
        send(0, ConnectionCloseOk{});
        m_closing = true;
    }
    void on(const ChannelOpen &) { send(m_channel, ChannelOpenOk{}); }
    void on(const ChannelClose &) { send(m_channel, ChannelCloseOk{}); }
    void on(const QueueDeclare &declare) { send(m_channel, QueueDeclareOk{declare.queue, 0, 0}); }
    void on(const BasicQos &) { send(m_channel, BasicQosOk{}); }
    void on(const BasicAck &) { }
    void on(const BasicPublish &) { }
    void on(const BasicCancel &cancel) { send(m_channel, BasicCancelOk{cancel.consumerTag}); }
    void on(const ConfirmSelect &)
    {
        m_confirming = true;
        send(m_channel, ConfirmSelectOk{});
    }
    void on(const BasicConsume &consume)
    {
        m_consumerTag = consume.consumerTag.toByteArray();
        send(m_channel, BasicConsumeOk{QByteArrayView(m_consumerTag)});
        const std::string queue(consume.queue.data(), size_t(consume.queue.size()));
        unsigned long count = 0;
        unsigned long size = 0;
        if (std::sscanf(queue.c_str(), "bench-c-%lu-%lu", &count, &size) == 2)
            stream(count, size);
        else
            m_echo = queue == "bench-echo";
    }

private:
    void greet()
    {
        const QAmqpTable able = {{u"publisher_confirms"_s, true},
                                 {u"basic.nack"_s, true},
                                 {u"consumer_cancel_notify"_s, true}};
        const QByteArray properties = encodeTable({{u"product"_s, u"RabbitMQ"_s},
                                                   {u"version"_s, u"3.10.8"_s},
                                                   {u"capabilities"_s, able}});
        send(0,
             ConnectionStart{0, 9, QByteArrayView(properties), QByteArrayView("PLAIN AMQPLAIN"),
                             QByteArrayView("en_US")});
    }

    void receive(const Frame &frame)
    {
        m_channel = frame.channel;
        if (frame.type == FrameType::Method) {
            Reader in(frame.payload);
            const quint32 id = in.read<quint32>();
            if (id != BasicPublish::info.id() && id != BasicAck::info.id())
                dispatch(id, in, *this);
        } else if (frame.type == FrameType::Header) {
            m_missing = qFromBigEndian<quint64>(frame.payload.data() + 4);
            if (m_missing == 0)
                published();
        } else if (frame.type == FrameType::Body) {
            if (m_echo)
                m_body.append(frame.payload);
            m_missing -= quint64(frame.payload.size());
            if (m_missing == 0)
                published();
        }
    }

    void published()
    {
        ++m_published;
        if (m_confirming && m_published - m_acked >= m_ackEvery)
            acknowledge();
        if (m_echo) {
            deliver(++m_echoed, m_body);
            m_body.clear();
        }
    }

    void acknowledge()
    {
        send(m_channel, BasicAck{m_published, m_ackEvery > 1});
        m_acked = m_published;
    }

    char *reserve(qsizetype size)
    {
        const qsizetype at = m_out.size();
        m_out.resize(at + size);
        return m_out.data() + at;
    }

    template<typename Method>
    void send(quint16 channel, const Method &method)
    {
        const qsizetype size = encodedSize(method);
        Writer out(reserve(size + FrameOverhead));
        encodeMethodFrame(out, channel, method, size);
    }

    void deliver(quint64 tag, QByteArrayView body)
    {
        send(m_channel,
             BasicDeliver{
                     QByteArrayView(m_consumerTag), tag, false, {}, QByteArrayView("bench-key")});
        Writer header(reserve(FrameOverhead + ContentHeaderSize));
        encodeHeaderFrame(header, m_channel, {60, quint64(body.size()), 0, {}});
        while (!body.isEmpty()) {
            const QByteArrayView part =
                    body.first(std::min<qsizetype>(body.size(), 131072 - FrameOverhead));
            Writer out(reserve(part.size() + FrameOverhead));
            beginFrame(out, FrameType::Body, m_channel, part.size());
            out.bytes(part);
            endFrame(out);
            body = body.sliced(part.size());
        }
    }

    // Encodes a block of deliveries once; later blocks only get new tags.
    void stream(quint64 count, quint64 size)
    {
        const QByteArray replies = std::exchange(m_out, {});
        deliver(0, QByteArray(qsizetype(size), 'x'));
        m_messageSize = m_out.size();
        const QByteArray one = std::exchange(m_out, replies);
        m_block = one.repeated(262144 / one.size() + 1);
        m_streaming = count;
    }

    void nextBlock()
    {
        const quint64 fits = quint64(m_block.size() / m_messageSize);
        const quint64 count = std::min(m_streaming, fits);
        char *tag = m_block.data() + FrameHeaderSize + 4 + 1 + m_consumerTag.size();
        for (quint64 i = 0; i < count; ++i)
            qToBigEndian(++m_streamed, tag + qsizetype(i) * m_messageSize);
        m_streaming -= count;
        m_blockSize = qsizetype(count) * m_messageSize;
        m_blockAt = 0;
    }

    // Returns whether there is more than the socket takes. A block that was begun is finished first.
    bool write()
    {
        for (;;) {
            const bool inBlock = m_blockAt > 0 && m_blockAt < m_blockSize;
            if (!inBlock && m_outAt < m_out.size()) {
                const ssize_t sent =
                        ::send(m_socket, m_out.constData() + m_outAt,
                               size_t(m_out.size() - m_outAt), MSG_DONTWAIT | MSG_NOSIGNAL);
                if (sent < 0)
                    return true;
                m_outAt += sent;
                if (m_outAt == m_out.size()) {
                    m_out.resize(0);
                    m_outAt = 0;
                }
                continue;
            }
            if (m_blockAt == m_blockSize) {
                if (m_streaming == 0)
                    return false;
                nextBlock();
            }
            const ssize_t sent =
                    ::send(m_socket, m_block.constData() + m_blockAt,
                           size_t(m_blockSize - m_blockAt), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0)
                return true;
            m_blockAt += sent;
        }
    }

    void wait(bool pending)
    {
        const bool tail = m_confirming && m_published > m_acked;
        pollfd ready{m_socket, short(POLLIN | (pending ? POLLOUT : 0)), 0};
        if (poll(&ready, 1, tail ? 1 : -1) == 0 && tail)
            acknowledge();
    }

    int m_socket;
    quint64 m_ackEvery;
    std::vector<char> m_in;
    QByteArray m_out;
    qsizetype m_outAt = 0;
    bool m_closing = false;
    bool m_confirming = false;
    bool m_echo = false;
    quint16 m_channel = 0;
    quint64 m_missing = 0;
    quint64 m_published = 0;
    quint64 m_acked = 0;
    quint64 m_echoed = 0;
    QByteArray m_body;
    QByteArray m_consumerTag;
    QByteArray m_block;
    qsizetype m_messageSize = 0;
    qsizetype m_blockSize = 0;
    qsizetype m_blockAt = 0;
    quint64 m_streaming = 0;
    quint64 m_streamed = 0;
};

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_sink PORT [ACK_EVERY=100]\n");
        return 2;
    }
    const int port = std::atoi(argv[1]);
    const quint64 ackEvery = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100;
    std::signal(SIGCHLD, SIG_IGN);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(quint16(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0
        || listen(listener, 64) != 0) {
        std::perror("bench_sink");
        return 1;
    }
    socklen_t length = sizeof address;
    getsockname(listener, reinterpret_cast<sockaddr *>(&address), &length);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    for (;;) {
        const int peer = accept(listener, nullptr, nullptr);
        if (peer < 0)
            continue;
        setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (fork() == 0) {
            close(listener);
            Session(peer, ackEvery).run();
            _exit(0);
        }
        close(peer);
    }
}
