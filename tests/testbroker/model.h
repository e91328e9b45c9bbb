// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_MODEL_H
#define QTAMQP_TESTS_MODEL_H

// Which message is where, as it follows from what a client has sent on one connection: each queue has messages in the
// order of their places, each channel has those that it got and did not settle. A message is known by the number
// that its body begins with.
//
// It reads the frames that the broker gets, and says what must come of each; then it reads the frames that the broker
// has written and compares. Which consumer gets a message is the broker's choice, which message is not.

#include "codec/dispatch.h"
#include "codec/frame.h"
#include "codec/methods.h"

#include <QtCore/qhash.h>
#include <QtCore/qstringlist.h>

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

namespace QtAmqpTest {

using namespace QtAmqpPrivate;

class Model
{
public:
    struct Copy
    {
        int message = 0;
        bool redelivered = false;
    };
    using Waiting = std::map<quint64, Copy>; // by place
    struct Held
    {
        QByteArray queue;
        quint64 life = 0; // of the queue, which may have been deleted since
        quint64 place = 0;
        Copy copy;
        QByteArray consumer; // empty: basic.get, or the consumer is gone
    };
    struct Consumer
    {
        QByteArray queue;
        bool noAck = false;
        int prefetch = 0;
    };
    struct Queue
    {
        quint64 life = 0;
        quint64 next = 0;
        Waiting waiting;
        bool hasOverflown = false;
    };
    struct Publish
    {
        QByteArray exchange;
        QByteArray key;
        bool mandatory = false;
        int message = 0;
    };
    struct Settle
    {
        quint64 tag = 0;
        bool multiple = false;
        bool requeue = false;
    };
    struct Channel
    {
        std::map<quint64, Held> held; // by delivery tag
        std::map<QByteArray, Consumer> consumers;
        std::map<QByteArray, Consumer> starting;
        int prefetch = 0;
        quint64 lastTag = 0;
        bool isConfirming = false;
        bool isTransactional = false;
        std::vector<Publish> publishes; // of the transaction
        std::vector<Settle> settles;
        quint64 published = 0;
        quint64 confirmed = 0;
        std::deque<QByteArray> expected; // answers, in their order
        // What the client must see, in its order.
        QStringList story;
    };

    std::map<QByteArray, Queue> queues;
    std::map<quint16, Channel> channels;
    std::vector<std::tuple<QByteArray, QByteArray, QByteArray>> bindings; // exchange, key, queue
    QStringList objections;
    int published = 0;
    int delivered = 0;

    void brokerReads(QByteArrayView bytes) { read(m_in, bytes, true); }
    void brokerWrote(QByteArrayView bytes) { read(m_out, bytes, false); }

    // Nothing waits that a consumer could have.
    void checkNothingWaits()
    {
        for (auto &[number, channel] : channels) {
            for (const auto &[tag, consumer] : channel.consumers) {
                const auto queue = queues.find(consumer.queue);
                if (queue != queues.end() && !queue->second.waiting.empty()
                    && (consumer.noAck || consumer.prefetch == 0
                        || unsettled(channel, tag) < consumer.prefetch))
                    object("a message of " + consumer.queue + " waits for no reason");
            }
            if (channel.confirmed != channel.published)
                object("publishes are not confirmed");
            if (!channel.expected.empty())
                object("no answer came: " + channel.expected.front());
        }
    }

    // Called by dispatch().
    template<typename Method>
    void on(const Method &method)
    {
        if (m_isInput)
            asked(method);
        else
            answered(method);
    }

private:
    struct Stream
    {
        QByteArray bytes;
        std::map<quint16, QByteArray> bodies; // that are arriving
        std::map<quint16, quint64> missing;
    };

    void object(const QByteArray &what)
    {
        objections.append(QString::fromLatin1(what)
                          + QStringLiteral(" on channel %1").arg(m_channel));
    }
    Channel &channel() { return channels[m_channel]; }

    void read(Stream &stream, QByteArrayView bytes, bool isInput)
    {
        stream.bytes += bytes;
        QByteArrayView rest = stream.bytes;
        if (rest.startsWith("AMQP"))
            rest = rest.size() < ProtocolHeaderSize ? QByteArrayView()
                                                    : rest.sliced(ProtocolHeaderSize);
        Frame frame;
        FrameError error;
        while (nextFrame(rest, FrameLimits(1 << 20), frame, error) == FrameResult::Complete) {
            rest = rest.sliced(frame.payload.size() + FrameOverhead);
            m_isInput = isInput;
            m_channel = frame.channel;
            Reader in(frame.payload);
            if (frame.type == FrameType::Method) {
                const quint32 id = in.read<quint32>();
                dispatch(id, in, *this);
            } else if (frame.type == FrameType::Header) {
                stream.bodies[frame.channel].clear();
                stream.missing[frame.channel] = decodeContentHeader(in).bodySize;
            } else if (frame.type == FrameType::Body) {
                stream.bodies[frame.channel] += frame.payload;
                stream.missing[frame.channel] -= quint64(frame.payload.size());
            }
            if ((frame.type == FrameType::Header || frame.type == FrameType::Body)
                && stream.missing[frame.channel] == 0)
                content(stream.bodies[frame.channel]);
        }
        if (error.code != ReplyCode::Success)
            object("a frame is wrong: " + error.text.toLatin1());
        stream.bytes = rest.toByteArray();
    }

    // --- what the client asks for ---

    template<typename Method>
    void asked(const Method &)
    {
    }
    void asked(const QueueDeclare &method)
    {
        const QByteArray name = method.queue.toByteArray();
        if (!queues.contains(name))
            queues[name].life = ++m_lives;
        expect("queue.declare-ok " + name + ' '
               + QByteArray::number(quint32(queues[name].waiting.size())));
    }
    void asked(const QueueBind &method)
    {
        const auto binding =
                std::tuple(method.exchange.toByteArray(), method.routingKey.toByteArray(),
                           method.queue.toByteArray());
        if (std::find(bindings.begin(), bindings.end(), binding) == bindings.end())
            bindings.push_back(binding);
    }
    void asked(const QueueUnbind &method)
    {
        std::erase(bindings,
                   std::tuple(method.exchange.toByteArray(), method.routingKey.toByteArray(),
                              method.queue.toByteArray()));
    }
    void asked(const QueuePurge &method)
    {
        Waiting &waiting = queues[method.queue.toByteArray()].waiting;
        expect("queue.purge-ok " + QByteArray::number(quint32(waiting.size())));
        waiting.clear();
    }
    void asked(const QueueDelete &method)
    {
        const QByteArray name = method.queue.toByteArray();
        expect("queue.delete-ok " + QByteArray::number(quint32(queues[name].waiting.size())));
        queues.erase(name);
        std::erase_if(bindings, [&](const auto &binding) { return std::get<2>(binding) == name; });
        for (auto &[number, other] : channels) {
            for (auto *all : {&other.consumers, &other.starting})
                std::erase_if(*all, [&](const auto &entry) { return entry.second.queue == name; });
        }
    }
    void asked(const BasicQos &method) { channel().prefetch = method.prefetchCount; }
    void asked(const BasicConsume &method)
    {
        channel().starting[method.consumerTag.toByteArray()] = {method.queue.toByteArray(),
                                                                method.noAck, channel().prefetch};
    }
    void asked(const BasicPublish &method)
    {
        m_publishes[m_channel] = {method.exchange.toByteArray(), method.routingKey.toByteArray(),
                                  method.mandatory, 0};
    }
    void content(const QByteArray &body)
    {
        const int number = body.left(6).toInt();
        if (!m_isInput)
            return came(number, body);
        Publish publish = m_publishes[m_channel];
        publish.message = number;
        m_bodies[number] = body;
        ++published;
        if (channel().isTransactional)
            channel().publishes.push_back(publish);
        else
            take(publish);
    }
    void take(const Publish &publish)
    {
        std::vector<QByteArray> routes;
        if (publish.exchange.isEmpty()) {
            if (queues.contains(publish.key))
                routes.push_back(publish.key);
        } else {
            for (const auto &[exchange, key, queue] : bindings) {
                if (exchange == publish.exchange && (exchange == "amq.fanout" || key == publish.key)
                    && std::find(routes.begin(), routes.end(), queue) == routes.end())
                    routes.push_back(queue);
            }
        }
        channel().published += channel().isConfirming;
        for (const QByteArray &name : routes) {
            Queue &queue = queues[name];
            queue.waiting[queue.next++] = {publish.message, false};
        }
        if (routes.empty() && publish.mandatory)
            expect("basic.return " + QByteArray::number(publish.message));
    }
    void asked(const BasicGet &method)
    {
        const QByteArray name = method.queue.toByteArray();
        Queue &queue = queues[name];
        if (queue.waiting.empty())
            return expect("basic.get-empty");
        const auto [place, copy] = *queue.waiting.begin();
        queue.waiting.erase(queue.waiting.begin());
        ++channel().lastTag;
        if (!method.noAck)
            channel().held[channel().lastTag] = {name, queue.life, place, copy, {}};
        expect(text("basic.get-ok", channel().lastTag, copy));
    }
    void asked(const BasicAck &method)
    {
        asked(Settle{method.deliveryTag, method.multiple, false}, true);
    }
    void asked(const BasicNack &method)
    {
        asked(Settle{method.deliveryTag, method.multiple, method.requeue}, true);
    }
    void asked(const BasicReject &method)
    {
        asked(Settle{method.deliveryTag, false, method.requeue}, true);
    }
    void asked(const Settle &settle, bool)
    {
        if (channel().isTransactional)
            channel().settles.push_back(settle);
        else
            take(settle);
    }
    void take(const Settle &settle)
    {
        Channel &at = channel();
        if (!at.held.contains(settle.tag))
            return object("an unknown tag is settled");
        const auto first = settle.multiple ? at.held.begin() : at.held.find(settle.tag);
        const auto end = at.held.upper_bound(settle.tag);
        for (auto it = first; it != end; ++it) {
            if (settle.requeue)
                giveBack(it->second);
        }
        at.held.erase(first, end);
    }
    void giveBack(const Held &held)
    {
        const auto queue = queues.find(held.queue);
        if (queue != queues.end() && queue->second.life == held.life)
            queue->second.waiting[held.place] = {held.copy.message, true};
    }
    void asked(const BasicRecover &)
    {
        for (const auto &[tag, held] : channel().held)
            giveBack(held);
        channel().held.clear();
    }
    void asked(const BasicCancel &method)
    {
        const QByteArray tag = method.consumerTag.toByteArray();
        channel().consumers.erase(tag);
        for (auto &[deliveryTag, held] : channel().held) {
            if (held.consumer == tag)
                held.consumer.clear();
        }
    }
    void asked(const ConfirmSelect &) { channel().isConfirming = true; }
    void asked(const TxSelect &) { channel().isTransactional = true; }
    void asked(const TxCommit &)
    {
        for (const Publish &publish : std::exchange(channel().publishes, {}))
            take(publish);
        for (const Settle &settle : std::exchange(channel().settles, {}))
            take(settle);
    }
    void asked(const TxRollback &)
    {
        channel().publishes.clear();
        channel().settles.clear();
    }
    void asked(const ChannelOpen &)
    {
        const QStringList story = channel().story;
        channel() = {};
        channel().story = story;
    }
    void asked(const ChannelClose &)
    {
        for (const auto &[tag, held] : channel().held)
            giveBack(held);
        const QStringList story = channel().story;
        channel() = {};
        channel().story = story;
    }

    // --- what the broker says ---

    void expect(const QByteArray &answer) { channel().expected.push_back(answer); }
    void compare(const QByteArray &answer)
    {
        auto &expected = channel().expected;
        if (expected.empty())
            return object("an answer too many: " + answer);
        if (expected.front() != answer)
            object("instead of " + expected.front() + " came " + answer);
        expected.pop_front();
    }
    static QByteArray text(const char *name, quint64 tag, const Copy &copy)
    {
        return QByteArray(name) + ' ' + QByteArray::number(tag) + ' '
                + QByteArray::number(copy.message) + (copy.redelivered ? " again" : "");
    }
    template<typename Method>
    void answered(const Method &)
    {
    }
    void answered(const ChannelClose &method)
    {
        object("closed: " + method.replyText.toByteArray());
    }
    void answered(const ConnectionClose &method)
    {
        object("closed: " + method.replyText.toByteArray());
    }
    void answered(const QueueDeclareOk &method)
    {
        compare("queue.declare-ok " + method.queue.toByteArray() + ' '
                + QByteArray::number(method.messageCount));
    }
    void answered(const QueuePurgeOk &method)
    {
        compare("queue.purge-ok " + QByteArray::number(method.messageCount));
    }
    void answered(const QueueDeleteOk &method)
    {
        compare("queue.delete-ok " + QByteArray::number(method.messageCount));
    }
    void answered(const BasicGetEmpty &) { compare("basic.get-empty"); }
    void answered(const BasicConsumeOk &method)
    {
        const auto node = channel().starting.extract(method.consumerTag.toByteArray());
        if (!node.empty())
            channel().consumers[node.key()] = node.mapped();
    }
    void answered(const BasicAck &method)
    {
        Channel &at = channel();
        if (method.deliveryTag > at.published || method.deliveryTag <= at.confirmed
            || (!method.multiple && method.deliveryTag != at.confirmed + 1))
            object("confirmed " + QByteArray::number(method.deliveryTag));
        at.confirmed = method.deliveryTag;
    }
    void answered(const BasicGetOk &method)
    {
        m_coming[m_channel] = {"basic.get-ok", method.deliveryTag, method.redelivered, {}};
    }
    void answered(const BasicReturn &) { m_coming[m_channel] = {"basic.return", 0, false, {}}; }
    void answered(const BasicDeliver &method)
    {
        m_coming[m_channel] = {"basic.deliver", method.deliveryTag, method.redelivered,
                               method.consumerTag.toByteArray()};
    }
    void came(int message, const QByteArray &body)
    {
        const Coming &what = m_coming[m_channel];
        if (m_bodies.value(message) != body)
            object("a body is not what was published");
        const Copy copy{message, what.redelivered};
        channel().story.append(QString::fromLatin1(what.name).mid(6) + u' '
                               + QString::number(message));
        if (what.name == "basic.return")
            return compare("basic.return " + QByteArray::number(message));
        ++delivered;
        if (what.name == "basic.get-ok")
            return compare(text("basic.get-ok", what.tag, copy));
        Channel &at = channel();
        const auto consumer = at.consumers.find(what.consumer);
        if (consumer == at.consumers.end())
            return object("a delivery to nobody");
        Queue &queue = queues[consumer->second.queue];
        if (queue.waiting.empty() || queue.waiting.begin()->second.message != message
            || queue.waiting.begin()->second.redelivered != what.redelivered)
            return object("not the next message of " + consumer->second.queue + " but "
                          + QByteArray::number(message));
        if (what.tag != ++at.lastTag)
            object("delivery tag " + QByteArray::number(what.tag));
        const quint64 place = queue.waiting.begin()->first;
        queue.waiting.erase(queue.waiting.begin());
        if (consumer->second.noAck)
            return;
        at.held[what.tag] = {consumer->second.queue, queue.life, place, copy, what.consumer};
        if (consumer->second.prefetch > 0
            && unsettled(at, what.consumer) > consumer->second.prefetch)
            object("more than the prefetch");
    }
    static int unsettled(const Channel &channel, const QByteArray &consumer)
    {
        return int(std::count_if(channel.held.begin(), channel.held.end(), [&](const auto &entry) {
            return entry.second.consumer == consumer;
        }));
    }

    struct Coming
    {
        QByteArray name;
        quint64 tag = 0;
        bool redelivered = false;
        QByteArray consumer;
    };

    Stream m_in;
    Stream m_out;
    bool m_isInput = false;
    quint16 m_channel = 0;
    quint64 m_lives = 0;
    std::map<quint16, Publish> m_publishes;
    std::map<quint16, Coming> m_coming;
    QHash<int, QByteArray> m_bodies;
};

} // namespace QtAmqpTest

#endif
