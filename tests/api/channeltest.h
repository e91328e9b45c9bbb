// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CHANNELTEST_H
#define QTAMQP_TESTS_CHANNELTEST_H

#include "apitest.h"

#include <functional>

namespace QtAmqpTest {

using Call = std::function<std::function<QAmqpError()>(QAmqpChannel *)>;

template<typename T>
inline std::function<QAmqpError()> ending(const QFuture<T> &future)
{
    return [future] { return errorOf(future); };
}

struct Operation
{
    const char *name; // as texts name it
    Call call;
    std::function<void(Script &)> expect;
    quint16 classId;
    quint16 methodId;
};

template<typename Method>
inline Operation operation(const char *name, Call call)
{
    return {name, std::move(call), [](Script &script) { script.expect<Method>(); },
            Method::info.classId, Method::info.index};
}

inline const QList<Operation> &operations()
{
    static const QList<Operation> all = {
            operation<QueueDeclare>(
                    "declareQueue",
                    [](QAmqpChannel *c) { return ending(c->declareQueue(u"q"_s)); }),
            operation<QueueBind>(
                    "bindQueue",
                    [](QAmqpChannel *c) { return ending(c->bindQueue(u"q"_s, u"e"_s)); }),
            operation<QueueUnbind>(
                    "unbindQueue",
                    [](QAmqpChannel *c) { return ending(c->unbindQueue(u"q"_s, u"e"_s)); }),
            operation<QueuePurge>("purgeQueue",
                                  [](QAmqpChannel *c) { return ending(c->purgeQueue(u"q"_s)); }),
            operation<QueueDelete>("deleteQueue",
                                   [](QAmqpChannel *c) { return ending(c->deleteQueue(u"q"_s)); }),
            operation<ExchangeDeclare>(
                    "declareExchange",
                    [](QAmqpChannel *c) { return ending(c->declareExchange(u"e"_s, u"topic"_s)); }),
            operation<ExchangeBind>(
                    "bindExchange",
                    [](QAmqpChannel *c) { return ending(c->bindExchange(u"e"_s, u"f"_s)); }),
            operation<ExchangeUnbind>(
                    "unbindExchange",
                    [](QAmqpChannel *c) { return ending(c->unbindExchange(u"e"_s, u"f"_s)); }),
            operation<ExchangeDelete>(
                    "deleteExchange",
                    [](QAmqpChannel *c) { return ending(c->deleteExchange(u"e"_s)); }),
            operation<BasicGet>("get", [](QAmqpChannel *c) { return ending(c->get(u"q"_s)); }),
            operation<BasicQos>("setPrefetch",
                                [](QAmqpChannel *c) { return ending(c->setPrefetch(3)); }),
            operation<BasicRecover>("recover",
                                    [](QAmqpChannel *c) { return ending(c->recover()); }),
            operation<TxSelect>("txSelect", [](QAmqpChannel *c) { return ending(c->txSelect()); }),
    };
    return all;
}

inline QString longName() { return QString(256, u'n'); }
inline QString longUtf8() { return QString(128, u'é'); } // 128 characters, 256 bytes
inline QAmqpTable badTable() { return {{longName(), 1}}; }

inline Script confirming()
{
    return openedChannel().expect<ConfirmSelect>().reply(ConfirmSelectOk{});
}

} // namespace QtAmqpTest

#endif
