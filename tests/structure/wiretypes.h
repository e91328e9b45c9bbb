// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_WIRETYPES_H
#define QTAMQP_TESTS_WIRETYPES_H

#include "codec/methods.h"

using namespace Qt::StringLiterals;

namespace QtAmqpPrivate {

// The specification's word for each wire type.
template<typename T>
QString typeName()
{
    if constexpr (isBit<T>)
        return u"bit"_s;
    else if constexpr (std::is_same_v<T, ShortString>)
        return u"shortstr"_s;
    else if constexpr (std::is_same_v<T, LongString>)
        return u"longstr"_s;
    else if constexpr (std::is_same_v<T, FieldTable>)
        return u"table"_s;
    else if constexpr (std::is_same_v<T, quint8>)
        return u"byte"_s;
    else if constexpr (std::is_same_v<T, quint16>)
        return u"short"_s;
    else if constexpr (std::is_same_v<T, quint32>)
        return u"long"_s;
    else if constexpr (std::is_same_v<T, quint64>)
        return u"longlong"_s;
    else
        return u"no type of the specification"_s;
}

} // namespace QtAmqpPrivate

#endif
