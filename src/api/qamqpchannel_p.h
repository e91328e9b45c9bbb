// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_QAMQPCHANNEL_P_H
#define QTAMQP_API_QAMQPCHANNEL_P_H

#include "api/engine.h"
#include "api/notify.h"
#include "values/errorkinds.h"
#include "values/tableformat.h"
#include "values/wiretext.h"

#include <QtAmqp/qamqpchannel.h>

#include <functional>
#include <map>

QT_BEGIN_NAMESPACE

class QAmqpConsumerPrivate;

namespace QtAmqpPrivate {

struct ReplyConsumer;

// A body that is to be sent from a device.
struct DeviceBody
{
    QIODevice *device = nullptr;
    qint64 size = 0;
};

// How a request ended: with the broker's reply, with a message, or with an error.
struct RequestEnd : Replied
{
    Delivered *message = nullptr; // of basic.get
};

// Returns null for an empty name, which means the queue that the channel declared last.
inline QueueNamePointer queueNameOf(const QString &name)
{
    return QueueNamePointer(name.isEmpty() ? nullptr : new QueueName(wireFromText(name)));
}

// Keeps the UTF-8 of the last text, since applications mostly publish to one place.
class Utf8Memory
{
public:
    const QByteArray &of(const QString &text)
    {
        if (text != m_text || m_utf8.isNull()) {
            m_text = text;
            m_utf8 = wireFromText(text);
            if (m_utf8.isNull())
                m_utf8 = QByteArray("", 0);
            m_valid = text.isValidUtf16();
        }
        return m_utf8;
    }
    bool isValid() const { return m_valid; }

private:
    QString m_text;
    QByteArray m_utf8;
    bool m_valid = true;
};

using RequestEnded = std::function<void(RequestEnd &)>;

// A consumer that is cancelled, and whose shown messages are waited for.
struct Drain
{
    SharedPromise<int> promise;
    std::vector<quint64> tags; // of what was shown and is not settled
    bool isCancelled = false; // the broker has answered
    int returned = 0;
    Deadline deadline = {};
};
using DrainPointer = std::shared_ptr<Drain>;

// What a request needs besides the fields of its method.
struct ChannelCall
{
    QueueNamePointer queue = {};
    QAmqpTable arguments = {};
    QAmqpError misuse = {};
    RequestEnded first = {}; // called before the future ends

    QByteArray encodedArguments = {};
};

} // namespace QtAmqpPrivate

class QAmqpChannelPrivate : public std::enable_shared_from_this<QAmqpChannelPrivate>
{
public:
    using Ended = QtAmqpPrivate::RequestEnded;
    using Call = QtAmqpPrivate::ChannelCall;

    explicit QAmqpChannelPrivate(QAmqpConnection *connection);
    static QAmqpChannelPrivate *of(QAmqpChannel *channel) { return channel->d_ptr.get(); }

    // The error that prevents a call, if any does. `queue` is the one that the call is about.
    QAmqpError threadError(const char *what) const;
    QAmqpError refusal(const QtAmqpPrivate::MethodInfo &method, qsizetype size,
                       const QtAmqpPrivate::QueueName *queue) const;
    template<typename Method>
    QAmqpError refusal(const Method &method, const QtAmqpPrivate::QueueName *queue = nullptr) const;
    QAmqpError confirmsRefusal(const char *function) const;
    QAmqpError publishRefusal(const QtAmqpPrivate::BasicPublish &method,
                              const QAmqpMessage &message,
                              const QtAmqpPrivate::QueueName *queue) const;
    static QAmqpError bodyRefusal(const QtAmqpPrivate::DeviceBody &body,
                                  const QAmqpMessage &properties);
    void refuse(const QAmqpError &error);

    // Puts queue and arguments into the method. Returns the error that prevents the call, if any does.
    template<typename Method>
    QAmqpError prepare(Method &method, Call &call) const;
    // Sends a request. `convert` makes the value of the future from the reply.
    template<typename T = void, typename Method, typename Convert = std::nullptr_t>
    QFuture<T> request(Method method, Call call = {}, Convert convert = nullptr);
    template<typename T, typename Method, typename Convert>
    QFuture<T> requestNoWait(const Method &method, const QtAmqpPrivate::QueueNamePointer &queue,
                             Convert convert);
    template<typename T = void, typename Convert = std::nullptr_t>
    QFuture<T> wait(QtAmqpPrivate::RequestId id, const Ended &first = {},
                    Convert convert = nullptr);

    // For an answer that comes as a message. `ended` is called with the error `late` after `limit`, or with that of
    // the channel if it ends before, unless forget() was called. A limit of 0 is none. The channel must be open.
    QtAmqpPrivate::Deadline await(std::chrono::milliseconds limit, const QAmqpError &late,
                                  const Ended &ended);
    void forget(const QtAmqpPrivate::Deadline &answer);

    // Commands
    QFuture<QAmqpQueueInfo> declareQueue(const QString &name, const QAmqpQueueOptions &options,
                                         const Ended &first = {});
    template<typename Method>
    QFuture<void> bindQueue(const QtAmqpPrivate::QueueNamePointer &queue, const QString &exchange,
                            const QString &routingKey, const QAmqpTable &arguments);
    QFuture<quint32> purgeQueue(const QtAmqpPrivate::QueueNamePointer &queue);
    QFuture<quint32> deleteQueue(const QtAmqpPrivate::QueueNamePointer &queue,
                                 QAmqpChannel::DeleteFlags flags);
    QFuture<std::optional<QAmqpDelivery>> get(const QtAmqpPrivate::QueueNamePointer &queue,
                                              QAmqpChannel::AckPolicy policy);
    QAmqpConsumer *consume(const QtAmqpPrivate::QueueNamePointer &queue,
                           const QAmqpConsumeOptions &options, QObject *parent);
    QFuture<int> cancel(QAmqpConsumerPrivate *consumer);
    QFuture<int> drain(QAmqpConsumerPrivate *consumer, std::chrono::milliseconds deadline);
    // With a queue, publishes to the default exchange with the queue's name as the routing key. With a body, the
    // message is its properties.
    quint64 publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
                    QAmqpChannel::PublishFlags flags,
                    const QtAmqpPrivate::QueueNamePointer &queue = {},
                    const QtAmqpPrivate::DeviceBody *body = nullptr);
    // The same for callers that get the tag alone: publishRefused() is emitted in a turn.
    quint64 publishReporting(const QString &exchange, const QString &routingKey,
                             const QAmqpMessage &message, QAmqpChannel::PublishFlags flags,
                             const QtAmqpPrivate::QueueNamePointer &queue = {},
                             const QtAmqpPrivate::DeviceBody *body = nullptr);
    QFuture<quint64> publishConfirmed(const QString &exchange, const QString &routingKey,
                                      const QAmqpMessage &message, QAmqpChannel::PublishFlags flags,
                                      const QtAmqpPrivate::QueueNamePointer &queue = {},
                                      const QtAmqpPrivate::DeviceBody *body = nullptr);
    bool settleAll(const char *function, QtAmqpPrivate::Settlement how);
    template<typename Method>
    QFuture<void> endTransaction(const Method &method);
    void forgetConsumer(QAmqpConsumerPrivate *consumer);
    // Gives the handle the new name, if it has the old one. The signal that it emits may delete anything.
    static void queueRenamed(QAmqpQueue *handle, const QString &from, const QString &to);
    QList<QPointer<QAmqpConsumer>> consumerObjects() const;
    void leaveConnection();
    void failRequests(const QAmqpError &error);
    bool isReadyToPublish();
    void holdPublish();
    void setLastError(const QAmqpError &error);
    void scheduleUpdate();
    void scheduleConsumerUpdate();
    QAmqpChannel::State currentState() const;
    // Whether the event is about the channel as it was before open() was called again, which may happen before
    // closed() is emitted.
    bool isEarlier(quint16 channel) const { return channel != number; }
    bool wantsDeliveries(const QAmqpConsumerPrivate &consumer) const;
    void giveBack(const QtAmqpPrivate::Delivered &message);

    // Called by the engine
    void leaveCore();
    void closed(const QtAmqpPrivate::ChannelClosed &closed);
    void on(const QtAmqpPrivate::ChannelOpened &opened);
    void on(const QtAmqpPrivate::ChannelLost &lost);
    void on(const QtAmqpPrivate::ChannelRecovered &recovered);
    void on(QtAmqpPrivate::Replied &replied);
    void on(QtAmqpPrivate::Got &got);
    void on(QtAmqpPrivate::Delivered &delivered);
    void on(QtAmqpPrivate::Discarded &discarded);
    void on(QtAmqpPrivate::BodyBegan &began);
    void on(QtAmqpPrivate::BodyArrived &arrived);
    void on(const QtAmqpPrivate::Returned &returned);
    void on(const QtAmqpPrivate::Settled &settled);
    void on(const QtAmqpPrivate::ConsumerInterrupted &interrupted);
    void on(const QtAmqpPrivate::ConsumerResumed &resumed);
    void on(const QtAmqpPrivate::ConsumerCancelled &cancelled);
    void on(const QtAmqpPrivate::ShowMore &) { scheduleConsumerUpdate(); }
    void update();

    void emitStateChanged();
    void emitLastErrorChanged();
    void emitReadyToPublish();
    void emitPublishRefused();
    void updateConsumers();
    // Deliveries were settled: the one of this tag, and with `multiple` those before it.
    void noteSettled(quint64 deliveryTag, bool multiple, QtAmqpPrivate::Settlement how);
    bool mayPublish(qint64 bytesToWrite) const;
    QtAmqpPrivate::RequestId beginCancel(QAmqpConsumerPrivate *consumer);
    Ended cancelEnded(QtAmqpPrivate::RequestId consumer);
    void updateDrains();
    void drained(const QtAmqpPrivate::DrainPointer &drain, const QAmqpError &error);

    QAmqpChannel *q = nullptr; // null again once it is destroyed, since handles outlive it
    QAmqpConnection *connection;
    QtAmqpPrivate::Engine *engine; // null once the connection is destroyed
    QtAmqpPrivate::ChannelCore *core = nullptr; // null while closed
    int number = 0;
    bool wasOpened = false; // since open() was called last
    QAmqpChannel::State emittedState = QAmqpChannel::State::Closed;
    QAmqpError lastError;
    QAmqpError emittedError;
    QHash<QtAmqpPrivate::RequestId, Ended> requests;

    bool confirmsWanted = true;
    bool noWait = false; // sends requests without an answer where AMQP allows it
    quint64 nextTag = 1; // of publishes, while there is no core that counts them
    quint64 maxUnconfirmed = 0;
    bool publishHeld = false; // until there is room again
    bool emittedReady = false;
    bool updateScheduled = false;
    quint64 refusedPublishes = 0; // whose publishRefused() is still to be emitted
    QAmqpError refusedError; // of the last one
    bool refusalWarned = false; // since open() was called last
    bool warnOfRefusal = false; // when publishRefused() is emitted
    QtAmqpPrivate::Utf8Memory exchangeUtf8;
    QtAmqpPrivate::Utf8Memory routingKeyUtf8;

    QMap<QtAmqpPrivate::RequestId, QAmqpConsumerPrivate *> consumers; // by their basic.consume
    // These are kept from the end of the core until closed() is emitted.
    QList<QPointer<QAmqpConsumer>> endedConsumers;
    QAmqpError
            unreportedFailure; // the first error of publishes whose outcome is still to be emitted
    QList<QAmqpQueue *>
            queues; // the handles that name a queue, in the order in which they were made
    QList<QtAmqpPrivate::DrainPointer> drains;
    // How many consumers look at what is settled: to leave out duplicates.
    int settlementWatchers = 0;
    quint32 consumersMade = 0;
    bool consumersChanged = false; // one was paused, or may go on, which update() emits
    std::weak_ptr<QtAmqpPrivate::ReplyConsumer> replies; // which all clients of RPC share
    QAmqpDelivery scratch; // recycled from delivery to delivery
};

template<typename Method>
QAmqpError QAmqpChannelPrivate::refusal(const Method &method,
                                        const QtAmqpPrivate::QueueName *queue) const
{
    using namespace QtAmqpPrivate;
    QAmqpError error = refusal(Method::info, encodedSize(method), queue);
    if (!engine)
        return error;
    forEachField(method, [&](const char *field, const auto &value) {
        if constexpr (std::is_same_v<decltype(value), const ShortString &>) {
            if (value.size() > MaxShortString)
                error = invalidArgument(
                        u"%1: the %2 \"%3…\" has %4 bytes of UTF-8, AMQP allows 255; shorten it",
                        Method::info.name, field, value.first(32), value.size());
            else if (!value.isValidUtf8() && !engine->core().takesAnyName())
                error = invalidArgument(
                        u"%1: the %2 \"%3\" is not UTF-8; RabbitMQ would end the connection for it (501)",
                        Method::info.name, field, value);
        }
    });
    return error;
}

template<typename Method>
QAmqpError QAmqpChannelPrivate::prepare(Method &method, Call &call) const
{
    if (const QAmqpError error = threadError(Method::info.name))
        return error;
    const QtAmqpPrivate::QueueName *queue = call.queue.data();
    if (queue) {
        if constexpr (requires { method.queue; })
            method.queue = queue->name;
    } else if constexpr (requires { method.queue; }
                         && !std::is_same_v<Method, QtAmqpPrivate::QueueDeclare>) {
        queue = core ? core->lastDeclared().data() : nullptr;
    }
    if constexpr (requires { method.arguments; }) {
        if (const QString reason = call.arguments.errorString(); !reason.isEmpty())
            call.misuse =
                    QtAmqpPrivate::invalidArgument(u"the arguments cannot be sent: %1", reason);
        else
            call.encodedArguments = QtAmqpPrivate::encodeTable(call.arguments);
        method.arguments = call.encodedArguments;
    }
    return call.misuse ? call.misuse : refusal(method, queue);
}

template<typename T, typename Method, typename Convert>
QFuture<T> QAmqpChannelPrivate::request(Method method, Call call, Convert convert)
{
    if (const QAmqpError error = prepare(method, call))
        return QtAmqpPrivate::failedFuture<T>(error);
    Q_ASSERT(core); // without one the call was refused
    engine->collectMail();
    if constexpr (requires { method.noWait; }) {
        // A name that the broker makes up comes with the answer, which there must be then.
        bool asksForName = false;
        if constexpr (std::is_same_v<Method, QtAmqpPrivate::QueueDeclare>)
            asksForName = method.queue.isEmpty();
        if (noWait && !asksForName) {
            method.noWait = true;
            return requestNoWait<T>(method, call.queue, convert);
        }
    }
    return wait<T>(core->request(method, call.queue), call.first, convert);
}

template<typename T, typename Method, typename Convert>
QFuture<T> QAmqpChannelPrivate::requestNoWait(const Method &method,
                                              const QtAmqpPrivate::QueueNamePointer &queue,
                                              Convert convert)
{
    core->requestNoWait(method, queue);
    engine->scheduleTurn();
    if constexpr (std::is_void_v<T>) {
        return QtFuture::makeReadyFuture();
    } else {
        QtAmqpPrivate::RequestEnd end;
        if constexpr (requires { method.queue; })
            end.name = method.queue.toByteArray();
        return QtFuture::makeReadyFuture(convert(end));
    }
}

template<typename T, typename Convert>
QFuture<T> QAmqpChannelPrivate::wait(QtAmqpPrivate::RequestId id, const Ended &first,
                                     Convert convert)
{
    using namespace QtAmqpPrivate;
    const SharedPromise<T> promise = startPromise<T>();
    requests.insert(id, [=, this](RequestEnd &end) {
        const bool isWanted = !promise->isCanceled();
        if (end.message && !isWanted)
            giveBack(*end.message);
        if (first)
            first(end);
        if constexpr (std::is_void_v<T>)
            endPromise(*promise, end.error);
        else
            endPromise(*promise, end.error, end.error || !isWanted ? T() : convert(end));
    });
    engine->scheduleTurn();
    return promise->future();
}

template<typename Method>
QFuture<void> QAmqpChannelPrivate::bindQueue(const QtAmqpPrivate::QueueNamePointer &queue,
                                             const QString &exchange, const QString &routingKey,
                                             const QAmqpTable &arguments)
{
    return request(Method{.exchange = QtAmqpPrivate::wireFromText(exchange),
                          .routingKey = QtAmqpPrivate::wireFromText(routingKey)},
                   {.queue = queue, .arguments = arguments});
}

inline quint32 messageCount(const QtAmqpPrivate::RequestEnd &end) { return end.messageCount; }

QT_END_NAMESPACE

#endif
