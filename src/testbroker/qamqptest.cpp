// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqpTest/qamqptest.h>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdeadlinetimer.h>
#include <QtCore/qeventloop.h>
#include <QtCore/qtimer.h>

QT_BEGIN_NAMESPACE

/*!
    \namespace QAmqpTest
    \inmodule QtAmqpTest
    \inheaderfile QAmqpTest
    \brief What makes a test of asynchronous code short.

    The functions run the event loop of the calling thread while they wait, so that a client and a QAmqpTestBroker that
    live in that thread go on. They look after each turn of the event loop, and so return as soon as what they wait for
    has happened in that thread, where \c QTRY_VERIFY would notice it only up to 50 ms later.
*/

/*!
    Runs the event loop until \a condition returns true, and returns whether it did within \a timeout.

    \snippet testing.cpp wait

    The condition is asked at once, then after each turn of the event loop, and at least every 5 ms, because what
    happens in another thread need not wake this one.
*/
bool QAmqpTest::waitUntil(const std::function<bool()> &condition, std::chrono::milliseconds timeout)
{
    constexpr auto interval = std::chrono::milliseconds(5);
    const QDeadlineTimer deadline(timeout);
    QEventLoop loop;
    QTimer ticks;
    ticks.start(interval);
    while (!condition()) {
        if (deadline.hasExpired())
            return false;
        loop.processEvents(QEventLoop::WaitForMoreEvents);
        // Objects that are to be deleted later are so only when an outer event loop goes on, which there need not be.
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    return true;
}

static QAmqpError failure(QAmqpError::Kind kind, const QString &text)
{
    return QAmqpError(kind, QAmqpError::Scope::Operation, QAmqpError::Origin::Application, text);
}

/*!
    \fn template<typename T> QAmqpResult<T> QAmqpTest::result(const QFuture<T> &future, std::chrono::milliseconds timeout)

    Waits for \a future with the event loop running, and returns its value, or why it has none.

    \snippet testing.cpp result

    The error is that of the QAmqpException in the future. It is one of the kind QAmqpError::Kind::Timeout if the future
    is not finished within \a timeout, QAmqpError::Kind::Cancelled if it was cancelled, and
    QAmqpError::Kind::InvalidArgument with the text of any other exception.
*/

/*! \overload
    For a \a future that has no value. See there for \a timeout and the errors. */
QAmqpResult<void> QAmqpTest::result(const QFuture<void> &future, std::chrono::milliseconds timeout)
{
    using Kind = QAmqpError::Kind;
    if (!waitUntil([&] { return future.isFinished(); }, timeout))
        return failure(
                Kind::Timeout,
                QStringLiteral(
                        "The future was not finished within %1 ms. Is the connection open, and does "
                        "what has to answer live in a thread whose event loop runs? "
                        "QAmqpTestBroker::connections() shows what the broker knows, and "
                        "QT_LOGGING_RULES=\"qt.amqp.frames=true\" what was sent and received.")
                        .arg(timeout.count()));
    try {
        QFuture<void>(future).waitForFinished(); // which throws what it holds
    } catch (const QAmqpException &exception) {
        return exception.error();
    } catch (const std::exception &exception) {
        return failure(Kind::InvalidArgument,
                       QStringLiteral("The future failed with an exception: %1")
                               .arg(QString::fromLocal8Bit(exception.what())));
    } catch (...) {
        return failure(Kind::InvalidArgument,
                       QStringLiteral("The future failed with an exception of an unknown type."));
    }
    if (future.isCanceled())
        return failure(Kind::Cancelled, QStringLiteral("The future was cancelled."));
    return {};
}

QT_END_NAMESPACE
