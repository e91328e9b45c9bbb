// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_EVERYCALL_H
#define QTAMQP_TESTS_EVERYCALL_H

// Every call of the facade that waits for the broker.

#include "blockingtest.h"

namespace QtAmqpTest {

// A call of the facade, and what it waits for.
struct Call
{
    const char *name;
    std::function<QAmqpError(QAmqpBlockingConnection &, QAmqpBlockingChannel &)> make;
};

inline const QString queue = u"q"_s;
inline const QString exchange = u"e"_s;

inline std::vector<Call> everyCall()
{
    using Connection = QAmqpBlockingConnection;
    using Channel = QAmqpBlockingChannel;
    return {
            {"channel", [](Connection &c, Channel &) { return c.createChannel().error(); }},
            {"updateSecret",
             [](Connection &c, Channel &) { return c.updateSecret(u"s"_s, u"r"_s).error(); }},
            {"declareQueue",
             [](Connection &, Channel &ch) { return ch.declareQueue(queue).error(); }},
            {"bindQueue",
             [](Connection &, Channel &ch) { return ch.bindQueue(queue, exchange).error(); }},
            {"unbindQueue",
             [](Connection &, Channel &ch) { return ch.unbindQueue(queue, exchange).error(); }},
            {"purgeQueue", [](Connection &, Channel &ch) { return ch.purgeQueue(queue).error(); }},
            {"deleteQueue",
             [](Connection &, Channel &ch) { return ch.deleteQueue(queue).error(); }},
            {"declareExchange",
             [](Connection &, Channel &ch) {
                 return ch.declareExchange(exchange, u"direct"_s).error();
             }},
            {"bindExchange",
             [](Connection &, Channel &ch) { return ch.bindExchange(exchange, exchange).error(); }},
            {"unbindExchange",
             [](Connection &, Channel &ch) {
                 return ch.unbindExchange(exchange, exchange).error();
             }},
            {"deleteExchange",
             [](Connection &, Channel &ch) { return ch.deleteExchange(exchange).error(); }},
            {"publish",
             [](Connection &, Channel &ch) { return ch.publish({}, queue, "m"_ba).error(); }},
            {"publish within a window",
             [](Connection &, Channel &ch) {
                 ch.setConfirmWindow(2);
                 for (;;) {
                     if (const auto result = ch.publish({}, queue, "m"_ba); !result)
                         return result.error();
                 }
             }},
            {"waitForConfirms",
             [](Connection &, Channel &ch) {
                 ch.setConfirmWindow(10);
                 if (const auto result = ch.publish({}, queue, "m"_ba); !result)
                     return result.error();
                 return ch.waitForConfirms().error();
             }},
            {"get", [](Connection &, Channel &ch) { return ch.get(queue).error(); }},
            {"consume", [](Connection &, Channel &ch) { return ch.consume(queue).error(); }},
            {"consume with a handler",
             [](Connection &, Channel &ch) {
                 return ch.consume(queue, [](const QAmqpDelivery &) {}).error();
             }},
            {"setPrefetch", [](Connection &, Channel &ch) { return ch.setPrefetch(1).error(); }},
            {"setFlow", [](Connection &, Channel &ch) { return ch.setFlow(true).error(); }},
            {"recover", [](Connection &, Channel &ch) { return ch.recover().error(); }},
            {"txSelect", [](Connection &, Channel &ch) { return ch.txSelect().error(); }},
            {"close channel", [](Connection &, Channel &ch) { return ch.close().error(); }},
            {"close connection",
             [](Connection &c, Channel &ch) { return c.close(ch.timeout()).error(); }},
    };
}

// How long it takes, in full milliseconds.
template<typename Work>
milliseconds timed(Work work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

} // namespace QtAmqpTest

#endif
