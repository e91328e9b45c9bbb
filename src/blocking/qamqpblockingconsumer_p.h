#ifndef QTAMQP_BLOCKING_QAMQPBLOCKINGCONSUMER_P_H
#define QTAMQP_BLOCKING_QAMQPBLOCKINGCONSUMER_P_H

#include "blocking/qamqpblockingchannel_p.h"

#include <QtAmqp/qamqpconsumer.h>

QT_BEGIN_NAMESPACE

class QAmqpBlockingConsumerPrivate
    : public std::enable_shared_from_this<QAmqpBlockingConsumerPrivate>
{
public:
    using Handler = QAmqpBlockingChannel::Handler;

    ~QAmqpBlockingConsumerPrivate();

    // Any thread
    QAmqpResult<QAmqpDelivery> next(QtAmqpPrivate::TimePoint deadline);
    QAmqpDelivery take(); // with the mutex held; there is one
    void handleOne();
    std::deque<QAmqpDelivery> takeAll(); // with the mutex held
    bool isBounded() const { return !options.isNoAck() && options.prefetch() > 0; }
    // With the mutex held. Whether its messages count for the connection: no more of them come once it
    // has ended.
    bool isCounted() const { return !ended && !isBounded(); }
    void setEnded(const QAmqpError &reason); // with the mutex held
    bool isRange() const { return !handler; }
    bool isOver() const { return ended && waiting.empty(); } // with the mutex held

    // I/O thread
    void watch(const QtAmqpPrivate::AnswerPointer<QAmqpResult<void>> &answer);
    void deliver(const QAmqpDelivery &delivery);
    void end(const QAmqpError &reason);

    // Without a connection or channel: consume() was refused, and `error` says why.
    std::shared_ptr<QAmqpBlockingConnectionPrivate> connection;
    std::weak_ptr<QAmqpBlockingChannelPrivate> channel;
    QString queue;
    QAmqpConsumeOptions options;
    Handler handler; // none: a range

    // Guarded by the dispatcher's mutex
    QString tag;
    std::deque<QAmqpDelivery> waiting;
    bool ended = false;
    QAmqpError error;

    // Of the I/O thread
    QPointer<QAmqpConsumer> consumer;
};

QT_END_NAMESPACE

#endif
