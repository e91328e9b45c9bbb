// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_DISPATCH_H
#define QTAMQP_CODEC_DISPATCH_H

// Leads from a method frame to handler.on(method). The method is found in a table that is made of AllMethods,
// and decoded on the stack.

#include "codec/methods.h"

#include <algorithm>
#include <array>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

template<typename Handler>
struct DispatchRow
{
    quint32 id;
    void (*decodeAndCall)(Reader &, Handler &);
};

template<typename Handler, typename... Methods>
constexpr auto makeDispatchTable(TypeList<Methods...>)
{
    return std::array<DispatchRow<Handler>, sizeof...(Methods)>{
            {{Methods::info.id(), [](Reader &in, Handler &handler) {
                  const auto method = decode<Methods>(in);
                  if (in.ok())
                      handler.on(method);
              }}...}};
}

// Decodes the method with this number from `in`, and calls handler.on() with it. Returns false if there is no
// such method. If the method is too short or too long, `in` has failed and the handler is not called.
template<typename Handler>
bool dispatch(quint32 id, Reader &in, Handler &handler)
{
    static constexpr auto table = makeDispatchTable<Handler>(AllMethods());
    static_assert(std::is_sorted(table.begin(), table.end(),
                                 [](const auto &a, const auto &b) { return a.id < b.id; }));
    const auto row = std::lower_bound(
            table.begin(), table.end(), id,
            [](const auto &candidate, quint32 wanted) { return candidate.id < wanted; });
    if (row == table.end() || row->id != id)
        return false;
    row->decodeAndCall(in, handler);
    return true;
}

// The specification's name of a method, or its numbers if it has none.
inline QString methodName(quint32 id)
{
    QString name;
    const auto tryName = [&](const MethodInfo &info) {
        if (info.id() == id)
            name = QLatin1StringView(info.name);
    };
    [&]<typename... Methods>(TypeList<Methods...>) { (tryName(Methods::info), ...); }(AllMethods());
    return name.isEmpty() ? QStringLiteral("%1.%2").arg(id >> 16).arg(id & 0xffff) : name;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
