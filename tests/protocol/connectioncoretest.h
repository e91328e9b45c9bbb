// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CONNECTIONCORETEST_H
#define QTAMQP_TESTS_CONNECTIONCORETEST_H

#include "coredriver.h"

#include <initializer_list>

namespace QtAmqpTest {

inline QAmqpConnectionOptions options() { return QAmqpConnectionOptions().setRequestTimeout(30s); }

// Into one of the states of a session, for tests that run in each.
inline void enter(CoreDriver &d, ConnectionState state)
{
    if (state == ConnectionState::Idle)
        return;
    d.core.open(d.now);
    if (state != ConnectionState::Connecting)
        d.connectTransport();
    if (state == ConnectionState::Closing) {
        d.core.close(d.now + 10s);
        d.run();
    }
    QCOMPARE(d.core.state(), state);
}

inline Script scriptInto(ConnectionState state)
{
    switch (state) {
    case ConnectionState::Idle:
    case ConnectionState::Connecting: return Script();
    case ConnectionState::HeaderSent: return Script().expectHeader();
    case ConnectionState::Starting: return Script().start().expect<ConnectionStartOk>();
    case ConnectionState::Opening:
        return Script()
                .start()
                .expect<ConnectionStartOk>()
                .reply(ConnectionTune{2047, 131072, 60})
                .expect<ConnectionTuneOk>()
                .expect<ConnectionOpen>();
    case ConnectionState::Open: return Script().handshake();
    default: return Script().handshake().expect<ConnectionClose>();
    }
}

inline void addStates(std::initializer_list<ConnectionState> states)
{
    QTest::addColumn<ConnectionState>("state");
    for (const auto state : states)
        QTest::newRow(stateName(state)) << state;
}

inline Script forcedClose()
{
    return Script()
            .send(ConnectionClose{320, QByteArrayView("CONNECTION_FORCED - broker forced"), 0, 0})
            .expect<ConnectionCloseOk>();
}

} // namespace QtAmqpTest

#endif
