#ifndef QTAMQP_API_QAMQPCHANNEL_P_H
#define QTAMQP_API_QAMQPCHANNEL_P_H

#include "api/engine.h"
#include "api/futures.h"
#include "api/unsettledtags.h"

#include <QtAmqp/qamqpchannel.h>
#include <QtCore/qpointer.h>

#include <functional>
#include <map>

QT_BEGIN_NAMESPACE

class QAmqpConsumerPrivate;

namespace QtAmqpPrivate {

// How a request ended: with a reply, with a message, or with an error.
struct RequestEnd
{
    const Replied *reply = nullptr;
    Got *got = nullptr;
    QAmqpError error;
};

// A name on the wire, or the declare that will tell it.
struct QueueName
{
    QByteArray utf8;
    RequestId from = 0;
};

// The UTF-8 of the last text asked for: applications mostly publish to one place.
class Utf8Memory
{
public:
    const QByteArray &of(const QString &text)
    {
        if (text != m_text || m_utf8.isNull()) {
            m_text = text;
            m_utf8 = text.toUtf8();
            if (m_utf8.isNull())
                m_utf8 = QByteArray("", 0);
        }
        return m_utf8;
    }

private:
    QString m_text;
    QByteArray m_utf8;
};

} // namespace QtAmqpPrivate

class QAmqpChannelPrivate
{
public:
    using Ended = std::function<void(QtAmqpPrivate::RequestEnd &)>;

    explicit QAmqpChannelPrivate(QAmqpConnection *connection);
    static QAmqpChannelPrivate *of(QAmqpChannel *channel)
    {
        return channel ? channel->d_ptr.get() : nullptr;
    }

    // Commands
    QAmqpError refusal(const char *function) const;
    template<typename T, typename Method, typename Convert>
    QFuture<T> request(const char *function, const Method &method, const QAmqpError &misuse,
                       Convert convert, QtAmqpPrivate::RequestId nameFrom = 0);
    template<typename Method>
    QFuture<void> request(const char *function, const Method &method, const QAmqpError &misuse,
                          QtAmqpPrivate::RequestId nameFrom = 0)
    {
        return request<void>(function, method, misuse, nullptr, nameFrom);
    }
    template<typename T, typename Convert>
    QFuture<T> wait(QtAmqpPrivate::RequestId id, Convert convert);
    QFuture<QAmqpQueueInfo> declareQueue(const QByteArray &name, const QAmqpQueueOptions &options,
                                         Ended onEnd, QtAmqpPrivate::RequestId *id);
    QFuture<void> bindQueue(const QtAmqpPrivate::QueueName &queue, const QString &exchange,
                            const QString &routingKey, const QAmqpTable &arguments, bool bind);
    QFuture<quint32> purgeQueue(const QtAmqpPrivate::QueueName &queue);
    QFuture<quint32> deleteQueue(const QtAmqpPrivate::QueueName &queue,
                                 QAmqpChannel::DeleteFlags flags);
    QFuture<void> bindExchange(const QString &destination, const QString &source,
                               const QString &routingKey, const QAmqpTable &arguments, bool bind);
    QFuture<std::optional<QAmqpDelivery>> get(const QtAmqpPrivate::QueueName &queue,
                                              QAmqpChannel::AckPolicy policy);
    QAmqpConsumer *consume(const QtAmqpPrivate::QueueName &queue,
                           const QAmqpConsumeOptions &options, QObject *parent,
                           const QAmqpError &misuse = {});
    quint64 publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
                    QAmqpChannel::PublishFlags flags, QtAmqpPrivate::RequestId nameFrom = 0);
    QFuture<quint64> publishConfirmed(const QString &exchange, const QString &routingKey,
                                      const QAmqpMessage &message, QAmqpChannel::PublishFlags flags,
                                      QtAmqpPrivate::RequestId nameFrom = 0);
    QFuture<int> cancel(QAmqpConsumerPrivate *consumer);
    bool settleDelivery(const QtAmqpPrivate::Settlement &settlement);
    bool settleAll(QtAmqpPrivate::Settlement::Kind kind, bool requeue);
    QAmqpError publishRefusal(const QByteArray &exchange, const QByteArray &routingKey,
                              const QAmqpMessage &message) const;
    QAmqpError nameErrors(std::initializer_list<std::pair<const char *, const QByteArray *>> names,
                          const QAmqpTable &table = {}) const;
    QAmqpError sizeError(const QtAmqpPrivate::MethodInfo &method, qsizetype size) const;
    void setPrefetchFor(const QAmqpConsumeOptions &options);
    void renewChannelPrefetch();
    template<typename Method>
    QFuture<void> endTransaction(const char *function, const Method &method);
    void forgetConsumer(QAmqpConsumerPrivate *consumer);
    void connectionGone();
    void abandonAll(const QAmqpError &error);
    void failPublishes(const QAmqpError &cause);
    bool isReady(qint64 highWater) const;

    // From the engine
    void opened();
    void leaveCore();
    void closed(const QAmqpError &error);
    void replied(QtAmqpPrivate::Replied &replied);
    void got(QtAmqpPrivate::Got &got);
    void delivered(QtAmqpPrivate::Delivered &delivered);
    void returned(const QtAmqpPrivate::Returned &returned);
    void settled(const QtAmqpPrivate::Settled &settled);
    void consumerCancelled(const QByteArray &consumerTag);
    void afterEvents();
    void tellState();
    QAmqpChannel::State currentState() const;

    struct ConfirmPromise
    {
        QtAmqpPrivate::SharedPromise<quint64> promise;
        QAmqpError returned;
    };
    struct AllConfirmed
    {
        quint64 lastTag = 0;
        quint64 remaining = 0; // publishes up to lastTag whose outcome was not told
        QtAmqpPrivate::SharedPromise<void> promise;
        QAmqpError failure;
    };

    QAmqpChannel *q = nullptr;
    QAmqpConnection *connection;
    QtAmqpPrivate::Engine *engine; // null once the connection is gone
    QtAmqpPrivate::ChannelCore *core = nullptr; // null while closed
    int number = 0;
    quint32 generation = 0; // unique among the channels of the connection's life
    QAmqpChannel::State toldState = QAmqpChannel::State::Closed;
    QAmqpError lastError;
    QHash<QtAmqpPrivate::RequestId, Ended> requests;

    bool confirmsWanted = true;
    quint64 nextTag = 1; // while there is no core
    quint64 maxUnconfirmed = 0;
    quint64 untold = 0; // publishes whose outcome was not told
    mutable bool publishHeld = false; // isReadyToPublish() was false; say when it is true again
    std::map<quint64, ConfirmPromise> confirmPromises;
    std::deque<AllConfirmed> allConfirmed;
    QtAmqpPrivate::Utf8Memory exchangeUtf8;
    QtAmqpPrivate::Utf8Memory routingKeyUtf8;

    QHash<QByteArray, QAmqpConsumerPrivate *> consumers;
    QtAmqpPrivate::EnvelopePointer lastEnvelope;
    QAmqpConsumerPrivate *lastConsumer = nullptr; // of lastEnvelope
    quint32 consumersMade = 0;
    std::optional<quint16> prefetchSent;
    quint16 channelPrefetch = 0; // for all consumers together, 0: none
    bool hasResumed = false; // a consumer holds messages that it may deliver
    QtAmqpPrivate::UnsettledTags unsettled;
    quint64 lastShown = 0; // the highest tag that a slot or a future was given
    int recovering = 0; // basic.recover is unanswered: what was delivered before it is void
    QAmqpDelivery scratch; // recycled from delivery to delivery
};

template<typename T, typename Convert>
QFuture<T> QAmqpChannelPrivate::wait(QtAmqpPrivate::RequestId id, Convert convert)
{
    const QtAmqpPrivate::SharedPromise<T> promise = QtAmqpPrivate::startPromise<T>();
    requests.insert(id, [promise, convert](QtAmqpPrivate::RequestEnd &end) {
        if (end.error)
            return QtAmqpPrivate::failPromise(*promise, end.error);
        if constexpr (!std::is_void_v<T>)
            promise->addResult(convert(end));
        else if constexpr (std::is_invocable_v<Convert>)
            convert();
        promise->finish();
    });
    engine->commanded();
    return promise->future();
}

template<typename T, typename Method, typename Convert>
QFuture<T> QAmqpChannelPrivate::request(const char *function, const Method &method,
                                        const QAmqpError &misuse, Convert convert,
                                        QtAmqpPrivate::RequestId nameFrom)
{
    if (misuse)
        return QtAmqpPrivate::failedFuture<T>(misuse);
    if (const QAmqpError error = refusal(function))
        return QtAmqpPrivate::failedFuture<T>(error);
    if (const QAmqpError error = sizeError(Method::info, QtAmqpPrivate::encodedSize(method)))
        return QtAmqpPrivate::failedFuture<T>(error);
    return wait<T>(core->request(method, nameFrom), convert);
}

QT_END_NAMESPACE

#endif
