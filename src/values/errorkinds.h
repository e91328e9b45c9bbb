// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_ERRORKINDS_H
#define QTAMQP_VALUES_ERRORKINDS_H

#include <QtAmqp/qamqperror.h>
#include <QtCore/qstring.h>

#include <type_traits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Returns `format`, in which %1, %2 and so on are replaced by the arguments: numbers, texts and UTF-8.
template<typename... Args>
QString formatted(QStringView format, const Args &...args)
{
    const auto shown = [](const auto &arg) {
        using Arg = std::decay_t<decltype(arg)>;
        if constexpr (std::is_arithmetic_v<Arg>)
            return QString::number(arg);
        else if constexpr (std::is_convertible_v<Arg, QString>)
            return QString(arg);
        else
            return QString::fromUtf8(QByteArrayView(arg));
    };
    if constexpr (sizeof...(Args) == 0)
        return format.toString();
    else
        return format.arg(shown(args)...);
}

// Returns the kind of error that a reply code of basic.return, channel.close or connection.close stands for
// (AMQP 0-9-1 §4.8.2). Only the caller knows that a 403 during the handshake is about authentication.
QAmqpError::Kind kindOfReplyCode(int code);

// Returns the kind of error for what was under way when the channel or the connection ended with this cause:
// ConnectionLost if an open connection ended, and else the kind of the cause.
QAmqpError::Kind kindOfLoss(const QAmqpError &cause);
// Returns what the user can do about a refusal of the broker, as "; check this", if anything is known.
QString adviceOn(int code, const QString &replyText);

// These make errors of one call, with a text that is made by formatted().
template<typename... Args>
QAmqpError operationError(QAmqpError::Kind kind, QAmqpError::Origin origin, QStringView format,
                          const Args &...args)
{
    return QAmqpError(kind, QAmqpError::Scope::Operation, origin, formatted(format, args...));
}
template<QAmqpError::Kind kind>
constexpr auto misuse = [](QStringView format, const auto &...args) {
    return operationError(kind, QAmqpError::Origin::Application, format, args...);
};
constexpr auto invalidArgument = misuse<QAmqpError::Kind::InvalidArgument>;
constexpr auto notOpen = misuse<QAmqpError::Kind::NotOpen>;
constexpr auto givenUp = misuse<QAmqpError::Kind::Cancelled>;

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
