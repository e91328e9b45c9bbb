// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_RAWCLIENT_H
#define QTAMQP_TESTS_RAWCLIENT_H

// A broker's core on a clock that the test moves, and clients that send whatever a test wants to send: methods,
// content or mere bytes. What the broker answers is kept until read() takes it.

#include "codec/dispatch.h"
#include "codec/methods.h"
#include "testbroker/connection.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <QtTest/qtest.h>

#include <memory>
#include <vector>

namespace QtAmqpTest {

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
namespace Broker = QtAmqpPrivate::Broker;

struct TestCore
{
    explicit TestCore(const Broker::BrokerSettings &settings = {}, quint32 seed = 1)
        : core(settings, now, 1'700'000'000, seed)
    {
    }

    // Time passes, with a turn at each deadline.
    void pass(std::chrono::milliseconds duration)
    {
        const TimePoint until = now + duration;
        for (auto next = core.nextTimeout(); next && *next <= until; next = core.nextTimeout()) {
            now = std::max(now, *next);
            core.timeout(now);
        }
        now = until;
        core.timeout(now);
    }

    Broker::VirtualHost &host() { return *core.virtualHost("/"); }
    Broker::QueuePointer queue(QByteArrayView name) { return host().queue(name); }

    TimePoint now = TimePoint(1000h);
    Broker::BrokerCore core;
};

inline QueueDeclare declare(QByteArrayView queue)
{
    QueueDeclare method;
    method.queue = queue;
    return method;
}

inline BasicConsume consume(QByteArrayView queue, QByteArrayView tag, bool noAck = false)
{
    BasicConsume method;
    method.queue = queue;
    method.consumerTag = tag;
    method.noAck = noAck;
    return method;
}

inline BasicPublish publishTo(QByteArrayView key, QByteArrayView exchange = {},
                              bool mandatory = false)
{
    BasicPublish method;
    method.exchange = exchange;
    method.routingKey = key;
    method.mandatory = mandatory;
    return method;
}

class RawClient
{
public:
    struct Received
    {
        quint16 channel = 0;
        quint32 id = 0; // of the method
        QByteArray payload;
        QByteArray body; // of its content
        qint64 claimed = 0; // the size of the body
        QAmqpTable headers;
    };

    explicit RawClient(TestCore &core, const Broker::PeerInfo &peer = {})
        : m_core(core), link(core.core.accept(peer, core.now))
    {
    }
    ~RawClient() { lose(); }
    Q_DISABLE_COPY_MOVE(RawClient)

    void lose()
    {
        if (Broker::Connection *const lost = std::exchange(link, nullptr)) {
            lost->lost(m_core.now);
            m_core.core.forget(lost);
        }
    }

    void sendBytes(QByteArrayView bytes)
    {
        if (!m_gathers)
            link->received(bytes, m_core.now);
        else
            m_gathered += bytes;
    }
    template<typename Method>
    void send(quint16 channel, const Method &method)
    {
        sendBytes(frame(channel, method));
    }
    void publish(quint16 channel, const BasicPublish &method, const QAmqpMessage &message,
                 qsizetype frameMax = 131072)
    {
        sendBytes(frame(channel, method) + content(channel, message, frameMax));
    }
    // What is sent until sendGathered() arrives together.
    void gather() { m_gathers = true; }
    void sendGathered()
    {
        m_gathers = false;
        link->received(std::exchange(m_gathered, {}), m_core.now);
    }

    void login(quint16 heartbeat = 0, quint32 frameMax = 131072, const QAmqpTable &able = {})
    {
        sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        const QByteArray properties = encodeTable({{u"capabilities"_s, able}});
        send(0,
             ConnectionStartOk{QByteArrayView(properties), QByteArrayView("PLAIN"),
                               QByteArrayView("\0guest\0guest", 12), QByteArrayView("en_US")});
        send(0, ConnectionTuneOk{2047, frameMax, heartbeat});
        send(0, ConnectionOpen{QByteArrayView("/"), {}, false});
        send(1, ChannelOpen{});
        read();
        m_received.clear();
    }

    // Takes what the broker has sent. Returns the bytes.
    QByteArray read()
    {
        QByteArray all;
        for (QByteArray block = link->takeOutput(); !block.isEmpty(); block = link->takeOutput())
            all += block;
        parse(all);
        return all;
    }

    // The methods that have been read, all or those of one kind. Their texts are valid until the next read().
    const std::vector<Received> &received() const { return m_received; }
    void forget() { m_received.clear(); }
    template<typename Method>
    std::vector<Method> all() const
    {
        std::vector<Method> found;
        for (const Received &received : m_received) {
            if (received.id == Method::info.id())
                found.push_back(decoded<Method>(received));
        }
        return found;
    }
    template<typename Method>
    qsizetype count() const
    {
        return qsizetype(all<Method>().size());
    }
    template<typename Method>
    static Method decoded(const Received &received)
    {
        Reader in(QByteArrayView(received.payload).sliced(4));
        return decode<Method>(in);
    }
    // Sends, reads and returns the last answer of the kind, or a fresh one.
    template<typename Reply, typename Method>
    Reply call(quint16 channel, const Method &method)
    {
        send(channel, method);
        read();
        const auto found = all<Reply>();
        return found.empty() ? Reply() : found.back();
    }
    QByteArrayList bodies(quint32 id = BasicDeliver::info.id()) const
    {
        QByteArrayList list;
        for (const Received &received : m_received) {
            if (received.id == id)
                list.append(received.body);
        }
        return list;
    }
    // Names of the methods, such as "1 basic.ack".
    QStringList names() const
    {
        QStringList list;
        for (const Received &received : m_received)
            list.append(QString::number(received.channel) + u' ' + methodName(received.id));
        return list;
    }
    // The code of the last close of a channel, or of the connection; 0 if there was none.
    int channelCode() const
    {
        const auto closes = all<ChannelClose>();
        return closes.empty() ? 0 : closes.back().replyCode;
    }
    int connectionCode() const
    {
        const auto closes = all<ConnectionClose>();
        return closes.empty() ? 0 : closes.back().replyCode;
    }

    template<typename Method>
    static QByteArray frame(quint16 channel, const Method &method)
    {
        const qsizetype size = encodedSize(method);
        QByteArray bytes(size + FrameOverhead, Qt::Uninitialized);
        Writer out(bytes.data());
        encodeMethodFrame(out, channel, method, size);
        return bytes;
    }
    static QByteArray rawFrame(quint8 type, quint16 channel, QByteArrayView payload)
    {
        QByteArray bytes(payload.size() + FrameOverhead, Qt::Uninitialized);
        Writer out(bytes.data());
        out.write(type);
        out.write(channel);
        out.write(quint32(payload.size()));
        out.bytes(payload);
        out.write(FrameEnd);
        return bytes;
    }
    static QByteArray header(quint16 channel, quint64 size, quint16 flags = 0,
                             QByteArrayView properties = {}, quint16 classId = 60)
    {
        QByteArray bytes(FrameOverhead + ContentHeaderSize + properties.size(), Qt::Uninitialized);
        Writer out(bytes.data());
        encodeHeaderFrame(out, channel, {classId, size, flags, properties});
        return bytes;
    }
    static QByteArray content(quint16 channel, const QAmqpMessage &message, qsizetype frameMax)
    {
        const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
        QByteArray bytes = header(channel, quint64(d.body.size()), d.flags, d.properties);
        for (qsizetype at = 0; at < d.body.size(); at += frameMax - FrameOverhead)
            bytes += rawFrame(quint8(FrameType::Body), channel,
                              d.body.mid(at, frameMax - FrameOverhead));
        return bytes;
    }

private:
    void parse(QByteArrayView bytes)
    {
        m_unread += bytes;
        QByteArrayView rest = m_unread;
        Frame frame;
        FrameError error;
        if (rest.startsWith("AMQP"))
            rest = rest.sliced(rest.size());
        while (nextFrame(rest, FrameLimits(1 << 24), frame, error) == FrameResult::Complete) {
            rest = rest.sliced(frame.payload.size() + FrameOverhead);
            Reader in(frame.payload);
            if (frame.type == FrameType::Method) {
                m_received.push_back({frame.channel,
                                      in.read<quint32>(),
                                      frame.payload.toByteArray(),
                                      {},
                                      0,
                                      {}});
            } else if (frame.type == FrameType::Header) {
                const ContentHeader header = decodeContentHeader(in);
                m_received.back().claimed = qint64(header.bodySize);
                m_received.back().headers =
                        QAmqpMessagePrivate::make({}, header.flags, header.properties.toByteArray())
                                .headers();
            } else if (frame.type == FrameType::Body) {
                m_received.back().body += frame.payload;
            } else {
                ++heartbeats;
            }
        }
        m_unread = rest.toByteArray();
    }

    TestCore &m_core;
    std::vector<Received> m_received;
    QByteArray m_unread;
    bool m_gathers = false;
    QByteArray m_gathered;

public:
    Broker::Connection *link;
    int heartbeats = 0;
};

// A client that is logged in, on channel 1, and the broker.
struct Session
{
    explicit Session(const Broker::BrokerSettings &settings = {}) : core(settings), client(core)
    {
        client.login(0, 131072,
                     {{u"consumer_cancel_notify"_s, true}, {u"connection.blocked"_s, true}});
    }

    void declareQueue(QByteArrayView name, const QAmqpTable &arguments = {}, bool durable = false)
    {
        const QByteArray table = encodeTable(arguments);
        QueueDeclare method = declare(name);
        method.durable = durable;
        method.arguments = QByteArrayView(table);
        client.send(1, method);
    }
    void publish(QByteArrayView queue, const QAmqpMessage &message)
    {
        client.publish(1, publishTo(queue), message);
    }
    quint64 ready(QByteArrayView queue)
    {
        const auto found = core.queue(queue);
        return found ? found->readyCount() : ~quint64(0);
    }
    // Bound with the key of its own name.
    void bind(QByteArrayView queue, QByteArrayView exchange)
    {
        QueueBind method;
        method.queue = queue;
        method.exchange = exchange;
        method.routingKey = queue;
        client.send(1, method);
    }
    QStringList answers()
    {
        client.forget();
        client.read();
        return client.names();
    }

    TestCore core;
    RawClient client;
};

} // namespace QtAmqpTest

#endif
