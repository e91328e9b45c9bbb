// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_LATEBODY_H
#define QTAMQP_TESTS_LATEBODY_H

// The body of a message whose bytes are there when the test wants it.

#include "corepair.h"

namespace QtAmqpTest {

class Source : public BodySource
{
public:
    qint64 read(char *to, qint64 most) override
    {
        if (!isReady)
            return 0;
        std::fill_n(to, most, 'x');
        return most;
    }
    QString error() const override { return {}; }

    bool isReady = false;
};

inline void readBodies(CorePair &pair)
{
    for (int turn = 0; turn < 5; ++turn) {
        pair.client->timeout(pair.now);
        while (auto part = pair.client->nextBodyPart(1 << 20)) {
            part->read();
            pair.client->bodyRead(*part);
        }
        pair.run();
        pair.pass(50ms);
    }
}

} // namespace QtAmqpTest

#endif
