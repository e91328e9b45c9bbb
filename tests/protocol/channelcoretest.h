// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CHANNELCORETEST_H
#define QTAMQP_TESTS_CHANNELCORETEST_H

#include "coredriver.h"

namespace QtAmqpTest {

inline Script opened() { return Script().handshake({2047, 131072, 0}).channelOpen(); }

inline QAmqpMessage message(const QByteArray &body, const QString &id = {})
{
    QAmqpMessage m(body);
    if (!id.isEmpty())
        m.setMessageId(id);
    return m;
}

// For expect(): the method is about this queue.
inline auto queueIs(QByteArrayView name)
{
    return [name](const auto &m) { return m.queue == name; };
}

inline auto bodyIs(QByteArrayView body)
{
    return [body](const BasicPublish &, const QAmqpMessage &m) { return m.body() == body; };
}

} // namespace QtAmqpTest

#endif
