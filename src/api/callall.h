#ifndef QTAMQP_API_CALLALL_H
#define QTAMQP_API_CALLALL_H

// One event may be several signals, closed() the last of them. A slot that throws must not cost the
// application the others.

#include <QtCore/qglobal.h>

#include <exception>
#include <utility>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class CallAll
{
public:
    template<typename Call>
    void operator()(Call &&call)
    {
        try {
            std::forward<Call>(call)();
        } catch (...) {
            if (!m_thrown)
                m_thrown = std::current_exception();
        }
    }
    // At the end: what the first of them threw, if any did.
    void rethrow()
    {
        if (m_thrown)
            std::rethrow_exception(std::exchange(m_thrown, nullptr));
    }

private:
    std::exception_ptr m_thrown;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
