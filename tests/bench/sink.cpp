// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A peer for measuring clients alone: it speaks just enough AMQP to be opened, and then costs little.
// usage: bench_sink PORT [ACK_EVERY=100]      PORT 0: any that is free; it prints the one it has
//
// Publishes are counted and dropped; on a confirming channel every ACK_EVERY-th is acknowledged
// ("multiple" if more than one), the rest after a millisecond of silence. Consuming from a queue called
// bench-c-COUNT-SIZE streams COUNT deliveries of SIZE bytes; from bench-echo each publish comes back.
// The deliveries have no properties, unless the queue's name ends in -few (content type and delivery mode) or
// -many (a message id, a timestamp and three headers too), and one routing key, unless it ends in -keys.
//
// One process serves all connections, since forking one for each would be most of what connecting costs; a
// connection is served until it has to wait, since of several all but one are idle. SIGTERM ends it.

#include "codec/dispatch.h"
#include "codec/frame.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

namespace {

using Clock = std::chrono::steady_clock;

// What connections read into. Memory that one has left is used by the next, which then has no new pages to fault in.
class InputBlocks
{
public:
    static constexpr size_t Size = 1 << 20;

    std::unique_ptr<char[]> take()
    {
        if (m_free.empty())
            return std::make_unique<char[]>(Size);
        auto block = std::move(m_free.back());
        m_free.pop_back();
        return block;
    }
    void giveBack(std::unique_ptr<char[]> block) { m_free.push_back(std::move(block)); }

private:
    std::vector<std::unique_ptr<char[]>> m_free;
};

class Session
{
public:
    Session(int socket, quint64 ackEvery, InputBlocks &blocks)
        : m_socket(socket), m_ackEvery(ackEvery), m_blocks(blocks), m_in(blocks.take())
    {
    }
    Q_DISABLE_COPY_MOVE(Session)
    ~Session()
    {
        close(m_socket);
        m_blocks.giveBack(std::move(m_in));
    }

    // Until it has to wait; false if it is over.
    bool serve()
    {
        for (;;) {
            m_pending = write();
            if (m_closing && !m_pending)
                return false;
            const ssize_t got =
                    recv(m_socket, m_in.get() + m_have, InputBlocks::Size - m_have, MSG_DONTWAIT);
            if (got < 0 && errno == EAGAIN)
                break;
            if (got <= 0)
                return false;
            m_have += size_t(got);
            if (!receive())
                return false;
        }
        if (hasTail())
            m_tailUntil = Clock::now() + std::chrono::milliseconds(1);
        return true;
    }

    pollfd waitsFor() const { return {m_socket, short(POLLIN | (m_pending ? POLLOUT : 0)), 0}; }

    // Publishes of which nobody knows yet whether there will be enough of them for an acknowledgement.
    bool hasTail() const { return m_confirming && m_published > m_acked; }
    bool isTailDue() const { return hasTail() && Clock::now() >= m_tailUntil; }
    bool acknowledgeTail()
    {
        acknowledge();
        return serve();
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
            stream(count, size, queue.substr(queue.rfind('-') + 1));
        else
            m_echo = queue == "bench-echo";
    }

private:
    // Takes the frames that are complete; false if there is no sense in them.
    bool receive()
    {
        size_t used = 0;
        if (!m_greeted && m_have >= ProtocolHeaderSize) {
            m_greeted = true;
            used = ProtocolHeaderSize;
            greet();
        }
        while (m_greeted) {
            Frame frame;
            FrameError error;
            const auto result =
                    nextFrame({m_in.get() + used, qsizetype(m_have - used)}, 131072, frame, error);
            if (result == FrameResult::Malformed)
                return false;
            if (result == FrameResult::Incomplete)
                break;
            used += size_t(frame.payload.size() + FrameOverhead);
            receive(frame);
        }
        std::memmove(m_in.get(), m_in.get() + used, m_have - used);
        m_have -= used;
        return true;
    }

    void greet()
    {
        static const QByteArray properties =
                encodeTable({{u"product"_s, u"RabbitMQ"_s},
                             {u"version"_s, u"3.10.8"_s},
                             {u"capabilities"_s,
                              QAmqpTable{{u"publisher_confirms"_s, true},
                                         {u"basic.nack"_s, true},
                                         {u"consumer_cancel_notify"_s, true}}}});
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
            deliver(++m_echoed, QAmqpMessage(m_body));
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

    void deliver(quint64 tag, const QAmqpMessage &message)
    {
        send(m_channel,
             BasicDeliver{
                     QByteArrayView(m_consumerTag), tag, false, {}, QByteArrayView(m_routingKey)});
        const QAmqpMessagePrivate &content = QAmqpMessagePrivate::of(message);
        QByteArrayView body = content.body;
        Writer header(reserve(FrameOverhead + ContentHeaderSize + content.properties.size()));
        encodeHeaderFrame(
                header, m_channel,
                {60, quint64(body.size()), content.flags, QByteArrayView(content.properties)});
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

    static QAmqpMessage message(quint64 size, const std::string &form)
    {
        QAmqpMessage message(QByteArray(qsizetype(size), 'x'));
        if (form == "few" || form == "many") {
            message.setContentType(u"application/octet-stream"_s);
            message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
        }
        if (form == "many") {
            message.setMessageId(u"0f8fad5b-d9cb-469f-a165-70867728950e"_s);
            message.setTimestamp(QDateTime::fromSecsSinceEpoch(1'700'000'000));
            message.setHeaders({{u"tenant"_s, u"example"_s},
                                {u"attempt"_s, qint32(1)},
                                {u"trace-id"_s, u"4bf92f3577b34da6a3ce929d0e0e4736"_s}});
        }
        return message;
    }

    // Encodes a block of deliveries once; later blocks only get new tags, and new routing keys.
    void stream(quint64 count, quint64 size, const std::string &form)
    {
        const QByteArray replies = std::exchange(m_out, {});
        m_ownKeys = form == "keys";
        if (m_ownKeys)
            m_routingKey = "bench-key-00000000";
        deliver(0, message(size, form));
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
        for (quint64 i = 0; i < count; ++i, tag += m_messageSize) {
            qToBigEndian(++m_streamed, tag);
            if (m_ownKeys)
                writeNumber(tag + 8 + 1 + 1 + 1 + m_routingKey.size(), m_streamed);
        }
        m_streaming -= count;
        m_blockSize = qsizetype(count) * m_messageSize;
        m_blockAt = 0;
    }

    // The last eight digits, in front of `end`.
    static void writeNumber(char *end, quint64 number)
    {
        for (int i = 0; i < 8; ++i, number /= 10)
            *--end = char('0' + number % 10);
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

    int m_socket;
    quint64 m_ackEvery;
    InputBlocks &m_blocks;
    std::unique_ptr<char[]> m_in;
    size_t m_have = 0;
    bool m_greeted = false;
    bool m_pending = false;
    Clock::time_point m_tailUntil;
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
    QByteArray m_routingKey = "bench-key";
    bool m_ownKeys = false;
    QByteArray m_block;
    qsizetype m_messageSize = 0;
    qsizetype m_blockSize = 0;
    qsizetype m_blockAt = 0;
    quint64 m_streaming = 0;
    quint64 m_streamed = 0;
};

int listenAt(int port)
{
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(quint16(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0
        || listen(listener, 64) != 0) {
        std::perror("bench_sink");
        std::exit(1);
    }
    socklen_t length = sizeof address;
    getsockname(listener, reinterpret_cast<sockaddr *>(&address), &length);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return listener;
}

[[noreturn]] void serveAll(int listener, quint64 ackEvery)
{
    InputBlocks blocks;
    std::vector<std::unique_ptr<Session>> sessions;
    std::vector<pollfd> ready;
    for (;;) {
        bool tail = false;
        ready.assign(1, {listener, POLLIN, 0});
        for (const auto &session : sessions) {
            ready.push_back(session->waitsFor());
            tail = tail || session->hasTail();
        }
        poll(ready.data(), nfds_t(ready.size()), tail ? 1 : -1);
        for (size_t i = 0; i < sessions.size(); ++i) {
            const bool goesOn = ready[i + 1].revents   ? sessions[i]->serve()
                    : tail && sessions[i]->isTailDue() ? sessions[i]->acknowledgeTail()
                                                       : true;
            if (!goesOn)
                sessions[i].reset();
        }
        std::erase(sessions, nullptr);
        const int peer = ready[0].revents ? accept(listener, nullptr, nullptr) : -1;
        if (peer >= 0) {
            const int on = 1;
            setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            sessions.push_back(std::make_unique<Session>(peer, ackEvery, blocks));
        }
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_sink PORT [ACK_EVERY=100]\n");
        return 2;
    }
    serveAll(listenAt(std::atoi(argv[1])), argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100);
}
