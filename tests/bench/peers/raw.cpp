// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The limit of the machine: the bytes of a workload through a socket, and no client at all.
// usage: bench_raw HOST PORT WORKLOAD COUNT SIZE QUEUE   WORKLOAD: pub cons-noack ping (see ../run.py)
//
// It sends the whole opening without listening, which only the sink puts up with.

#include "../measure.h"

#include "codec/frame.h"
#include "codec/methods.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

using namespace QtAmqpPrivate;

namespace {

[[noreturn]] void fail(const char *what)
{
    std::perror(what);
    std::exit(1);
}

class Frames
{
public:
    const QByteArray &bytes() const { return m_bytes; }

    template<typename Method>
    void method(quint16 channel, const Method &method)
    {
        const qsizetype size = encodedSize(method);
        Writer out(reserve(size + FrameOverhead));
        encodeMethodFrame(out, channel, method, size);
    }

    void publish(const QByteArray &queue, qsizetype size)
    {
        method(1, BasicPublish{0, {}, QByteArrayView(queue)});
        Writer header(reserve(FrameOverhead + ContentHeaderSize));
        encodeHeaderFrame(header, 1, {60, quint64(size), 0, {}});
        while (size > 0) {
            const QByteArray part(std::min<qsizetype>(size, 131072 - FrameOverhead), 'x');
            Writer out(reserve(part.size() + FrameOverhead));
            beginFrame(out, FrameType::Body, 1, part.size());
            out.bytes(part);
            endFrame(out);
            size -= part.size();
        }
    }

private:
    char *reserve(qsizetype size)
    {
        const qsizetype at = m_bytes.size();
        m_bytes.resize(at + size);
        return m_bytes.data() + at;
    }

    QByteArray m_bytes;
};

// Counts frames of the kinds it is asked about; looks at frame headers and method ids alone.
class Walker
{
public:
    long deliveries = 0;
    long prefetchReplies = 0;
    bool betweenFrames() const { return m_skip == 0 && m_have == 0; }

    void walk(const char *data, size_t size)
    {
        for (const char *const end = data + size; data < end;) {
            if (m_skip > 0) {
                const size_t step = std::min(m_skip, size_t(end - data));
                data += step;
                m_skip -= step;
                continue;
            }
            const char *head = data;
            if (m_have == 0 && end - data >= Head) {
                data += Head;
            } else {
                while (m_have < Head && data < end)
                    m_partial[m_have++] = *data++;
                if (m_have < Head)
                    return;
                head = m_partial;
                m_have = 0;
            }
            if (FrameType(head[0]) == FrameType::Method) {
                const quint32 id = qFromBigEndian<quint32>(head + FrameHeaderSize);
                deliveries += id == BasicDeliver::info.id();
                prefetchReplies += id == BasicQosOk::info.id();
            }
            m_skip = qFromBigEndian<quint32>(head + 3) + size_t(FrameOverhead) - Head;
        }
    }

private:
    static constexpr int Head = FrameHeaderSize + 4; // no payload of the sink is shorter than 4
    char m_partial[Head] = {};
    int m_have = 0;
    size_t m_skip = 0;
};

class Bench
{
public:
    explicit Bench(char **argv)
        : m_workload(argv[3])
        , m_count(std::atol(argv[4]))
        , m_size(std::atol(argv[5]))
        , m_queue(argv[6])
        , m_in(524288) // a smaller one leaves more acknowledgements of TCP to this process
    {
        m_socket = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(quint16(std::atoi(argv[2])));
        inet_pton(AF_INET, argv[1], &address.sin_addr);
        const int on = 1;
        setsockopt(m_socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(m_socket, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0)
            fail("connect");

        Frames opening;
        opening.method(
                0, ConnectionStartOk{{}, "PLAIN", QByteArrayView("\0guest\0guest", 12), "en_US"});
        opening.method(0, ConnectionTuneOk{2047, 131072, 0});
        opening.method(0, ConnectionOpen{"/", {}});
        opening.method(1, ChannelOpen{});
        send(QByteArray("AMQP\0\0\x09\x01", 8) + opening.bytes());
    }

    void run()
    {
        if (m_workload == "pub")
            publish();
        else if (m_workload == "cons-noack")
            consume();
        else if (m_workload == "ping")
            ping();
        else
            fail("no such workload");
        m_measure.print("raw", m_workload.c_str(), m_count, m_size, m_latencies);
    }

private:
    void send(QByteArrayView bytes)
    {
        while (!bytes.isEmpty()) {
            const ssize_t sent = write(m_socket, bytes.data(), size_t(bytes.size()));
            if (sent <= 0)
                fail("write");
            bytes = bytes.sliced(sent);
        }
    }

    void receive()
    {
        const ssize_t got = recv(m_socket, m_in.data(), m_in.size(), 0);
        if (got <= 0)
            fail("recv");
        m_walker.walk(m_in.data(), size_t(got));
    }

    void publish()
    {
        Frames one;
        one.publish(m_queue, m_size);
        const long batch = std::max(1L, long(65536 / one.bytes().size()));
        const QByteArray block = one.bytes().repeated(batch);
        Frames last;
        last.method(1, BasicQos{0, 1, false});
        m_measure.start();
        for (long left = m_count; left > 0; left -= batch)
            send(QByteArrayView(block).first(std::min(left, batch) * one.bytes().size()));
        send(last.bytes());
        while (m_walker.prefetchReplies == 0)
            receive();
        m_measure.stop();
    }

    void subscribe()
    {
        Frames consume;
        BasicConsume method;
        method.queue = QByteArrayView(m_queue);
        method.noAck = true;
        consume.method(1, method);
        send(consume.bytes());
    }

    void consume()
    {
        m_measure.start();
        subscribe();
        while (m_walker.deliveries < m_count || !m_walker.betweenFrames())
            receive();
        m_measure.stop();
    }

    void ping()
    {
        subscribe();
        Frames one;
        one.publish(m_queue, m_size);
        m_measure.start();
        for (long i = 0; i < m_count; ++i) {
            const double start = Measure::now();
            send(one.bytes());
            while (m_walker.deliveries <= i || !m_walker.betweenFrames())
                receive();
            m_latencies.push_back(Measure::now() - start);
        }
        m_measure.stop();
    }

    const std::string m_workload;
    const long m_count;
    const long m_size;
    const QByteArray m_queue;
    std::vector<char> m_in;
    int m_socket = -1;
    Walker m_walker;
    Measure m_measure;
    std::vector<double> m_latencies;
};

} // namespace

int main(int argc, char **argv)
{
    if (argc < 7) {
        std::fprintf(stderr, "usage: bench_raw HOST PORT WORKLOAD COUNT SIZE QUEUE\n");
        return 2;
    }
    Bench(argv).run();
    return 0;
}
