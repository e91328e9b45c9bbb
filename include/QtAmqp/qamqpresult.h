// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPRESULT_H
#define QAMQPRESULT_H

#include <QtAmqp/qamqperror.h>
#include <QtAmqp/qamqpreturn.h>
#include <QtCore/qdebug.h>
#include <QtCore/qlist.h>

#include <optional>
#include <type_traits>
#include <utility>

QT_BEGIN_NAMESPACE

template<typename T>
class [[nodiscard]] QAmqpResult
{
public:
    QAmqpResult(const T &value) : m_value(value) { }
    QAmqpResult(T &&value) : m_value(std::move(value)) { }
    QAmqpResult(QAmqpError error) : m_error(std::move(error)) { }

    bool hasValue() const { return m_value.has_value(); }
    explicit operator bool() const { return hasValue(); }
    QAmqpError error() const { return m_error; }

    const T &value() const &
    {
        checkValue();
        return *m_value;
    }
    T &value() &
    {
        checkValue();
        return *m_value;
    }
    T value() &&
    {
        checkValue();
        return *std::move(m_value);
    }
    template<typename U>
    T valueOr(U &&fallback) const
    {
        return m_value ? *m_value : static_cast<T>(std::forward<U>(fallback));
    }
    const T &operator*() const & { return value(); }
    T &operator*() & { return value(); }
    T operator*() && { return std::move(*this).value(); }
    const T *operator->() const { return &value(); }
    T *operator->()
    {
        checkValue();
        return &*m_value;
    }

private:
    void checkValue() const
    {
        if (!m_value)
            m_error.raise();
    }

    std::optional<T> m_value;
    QAmqpError m_error;
};

template<>
class [[nodiscard]] QAmqpResult<void>
{
public:
    QAmqpResult() = default;
    QAmqpResult(QAmqpError error) : m_error(std::move(error)) { }

    bool hasValue() const { return !m_error.isError(); }
    explicit operator bool() const { return hasValue(); }
    QAmqpError error() const { return m_error; }
    void value() const
    {
        if (m_error.isError())
            m_error.raise();
    }

private:
    QAmqpError m_error;
};

class Q_AMQP_EXPORT QAmqpPublishResult : public QAmqpResult<quint64>
{
public:
    QAmqpPublishResult(quint64 value);
    QAmqpPublishResult(const QAmqpError &error, const QList<QAmqpReturn> &messages = {});

    QList<QAmqpReturn> messages() const;

private:
    QList<QAmqpReturn> m_messages;
};

namespace QtAmqpPrivate {

template<typename T>
void print(QDebug &debug, const T &value)
{
    debug << value;
}
template<typename T>
void print(QDebug &debug, const std::optional<T> &value)
{
    value ? print(debug, *value) : print(debug, "nothing");
}

} // namespace QtAmqpPrivate

template<typename T>
QDebug operator<<(QDebug debug, const QAmqpResult<T> &result)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "QAmqpResult(";
    if (!result.hasValue())
        debug << result.error();
    else if constexpr (std::is_void_v<T>)
        debug << "done";
    else
        QtAmqpPrivate::print(debug, *result);
    return debug << ')';
}

QT_END_NAMESPACE

#endif
