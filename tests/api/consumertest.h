// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CONSUMERTEST_H
#define QTAMQP_TESTS_CONSUMERTEST_H

#include "apitest.h"

namespace QtAmqpTest {

// A channel with a consumer "t" of the queue "q".
inline Script consuming(bool noAck = false)
{
    Script script = openedChannel();
    if (!noAck)
        script.expect<BasicQos>().reply(BasicQosOk{});
    return script
            .expect<BasicConsume>([=](const BasicConsume &m) {
                return m.queue == "q" && m.consumerTag == "t" && m.noAck == noAck && !m.noWait;
            })
            .reply(BasicConsumeOk{QByteArrayView("t")});
}

inline BasicDeliver delivery(quint64 tag, bool redelivered = false)
{
    return {QByteArrayView("t"), tag, redelivered, QByteArrayView("e"), QByteArrayView("k")};
}

inline BasicDeliver deliveryTo(const char *consumerTag, quint64 tag)
{
    return {QByteArrayView(consumerTag), tag, false, {}, QByteArrayView("q")};
}

inline Script deliveries(quint64 first, quint64 last)
{
    Script script;
    for (quint64 tag = first; tag <= last; ++tag)
        script.sendContent(delivery(tag), QAmqpMessage(QByteArray::number(tag)));
    return script;
}

inline auto isAck(quint64 tag, bool multiple = false)
{
    return [=](const BasicAck &m) { return m.deliveryTag == tag && m.multiple == multiple; };
}

inline auto isNack(quint64 tag, bool multiple, bool requeue)
{
    return [=](const BasicNack &m) {
        return m.deliveryTag == tag && m.multiple == multiple && m.requeue == requeue;
    };
}

inline QAmqpConsumeOptions tagged() { return QAmqpConsumeOptions().setConsumerTag(u"t"_s); }

// A session with such a consumer, which keeps what it gets.
class ConsumerSession : public Session
{
public:
    explicit ConsumerSession(const Script &script, const QAmqpConsumeOptions &options = tagged())
        : Session(script)
    {
        makeChannel();
        consumer = channel->consume(u"q"_s, options);
        log.watch(consumer);
        QObject::connect(consumer, &QAmqpConsumer::messageReceived,
                         [this](const QAmqpDelivery &message) { received.append(message); });
        connection.open();
    }

    QAmqpConsumer *consumer;
    QList<QAmqpDelivery> received;
};

} // namespace QtAmqpTest

#endif
