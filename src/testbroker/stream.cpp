// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The queue of the type "stream": nothing is taken out by reading, each consumer has its own place.

#include "testbroker/brokercore.h"
#include "testbroker/channel.h"
#include "testbroker/queue.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;

// A number and one of Y, M, D, h, m, s.
static bool isInterval(const QString &text)
{
    bool ok = false;
    text.chopped(text.isEmpty() ? 0 : 1).toUInt(&ok);
    return ok && QStringView(u"YMDhms").contains(text.back());
}

// x-stream-offset: first, last, next, a number, a time or an interval
// (https://www.rabbitmq.com/docs/streams#consuming). Times are those of the whole stream here.
Refusal Queue::placeInStream(Consumer *consumer) const
{
    const quint64 first = m_nextPosition - m_readyCount;
    const QAmqpValue offset = consumer->arguments.value(u"x-stream-offset"_s);
    consumer->streamPosition = m_nextPosition;
    if (offset.type() == QAmqpValue::Type::String) {
        const QString where = offset.toString();
        if (where == u"first")
            consumer->streamPosition = first;
        else if (where
                 == u"last") // RabbitMQ begins with the last chunk, which is the last message here
            consumer->streamPosition = m_nextPosition - std::min<quint64>(m_readyCount, 1);
        else if (isInterval(where))
            consumer->streamPosition = first;
        else if (where != u"next")
            return crash();
    } else if (offset.type() == QAmqpValue::Type::Timestamp) {
        consumer->streamPosition = first;
    } else if (offset.isValid()) {
        bool ok = false;
        const qint64 number = offset.toInt(&ok);
        if (!ok || offset.type() == QAmqpValue::Type::Boolean)
            return crash();
        consumer->streamPosition = std::max(first, quint64(std::max<qint64>(number, 0)));
    }
    return {};
}

void Queue::dispatchStream()
{
    for (Consumer *consumer : std::vector<Consumer *>(m_consumers)) {
        const quint64 first = m_nextPosition - m_readyCount;
        consumer->streamPosition = std::max(consumer->streamPosition, first);
        while (consumer->streamPosition < m_nextPosition && consumer->channel->canTake(*consumer)) {
            Message message = m_ready[0][size_t(consumer->streamPosition - first)];
            addHeader(message.content, u"x-stream-offset"_s, qint64(consumer->streamPosition));
            ++consumer->streamPosition;
            handOut(*consumer, std::move(message));
        }
    }
}

void Queue::trimStream()
{
    while (m_settings.maxBytes && m_readyCount > 1 && m_readyBytes > *m_settings.maxBytes)
        takeFirst(m_ready[0]);
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
