// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_CHANNEL_H
#define QTAMQP_TESTBROKER_CHANNEL_H

// The broker's end of a channel.
//
// Three answers come late, as RabbitMQ's do, when everything that had arrived is done: those to basic.consume,
// basic.cancel and tx.commit. So do confirms, several in one.

#include "codec/assembler.h"
#include "codec/methods.h"
#include "testbroker/brokersettings.h"
#include "testbroker/virtualhost.h"

#include <deque>
#include <map>
#include <set>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

class BrokerCore;
class Connection;

// The pseudo-queue of direct reply-to.
constexpr QByteArrayView ReplyTo = "amq.rabbitmq.reply-to";

// The name that permissions for an exchange are about: that without a name has one there.
inline QByteArrayView permissionName(QByteArrayView exchange)
{
    return exchange.isEmpty() ? QByteArrayView("amq.default") : exchange;
}

enum class Settlement : quint8 { Ack, Requeue, Reject };

// What was handed out and not settled yet.
struct Unacknowledged
{
    bool isPending() const { return queue && !held; }

    quint64 tag = 0;
    QueuePointer queue = {}; // null once it is settled
    std::shared_ptr<Consumer> consumer = {}; // null: it was got; the consumer may have ended since
    Message message = {};
    std::optional<Settlement> held = {}; // what the transaction does with it, once it is committed
};

class Channel
{
public:
    Channel(Connection &connection, quint16 number);
    ~Channel();
    Q_DISABLE_COPY_MOVE(Channel)

    quint16 number() const { return m_number; }
    Connection &connection() const { return m_connection; }
    bool isOpen() const { return m_state == State::Open; }
    bool isClosing() const { return m_state == State::Closing; }
    bool isClosed() const { return m_state == State::Closed; }
    bool isConfirming() const { return m_isConfirming; }
    qsizetype unacknowledgedCount() const { return qsizetype(m_unacknowledgedCount); }
    const std::map<QByteArray, std::shared_ptr<Consumer>, std::less<>> &consumers() const
    {
        return m_consumers;
    }

    // A method is called by on(), its content comes as header and body.
    void header(QByteArrayView payload);
    void body(QByteArrayView payload);
    bool isInContent() const { return !m_assembler.isIdle(); }
    bool isCommitting() const { return m_isCommitting; }

    // called by queues
    bool canTake(const Consumer &consumer) const;
    void deliver(Consumer &consumer, Message message);
    void queueGone(Consumer *consumer); // the consumer ends, and its client is told
    void wantsMore(); // the client has read what was sent

    // Does what was put off.
    void settleDown();
    // Gives back what is not acknowledged, and ends the consumers.
    void shutDown();
    void close(const Refusal &why, quint32 method);

    // Methods that a client may send (channeltopology.cpp, channelconsume.cpp, channelpublish.cpp).
    template<typename Method>
    void on(const Method &method)
    {
        constexpr bool hasContent =
                std::is_same_v<
                        Method,
                        BasicDeliver> || std::is_same_v<Method, BasicReturn> || std::is_same_v<Method, BasicGetOk>;
        if constexpr (hasContent)
            fail(refuse(ReplyCode::UnexpectedFrame,
                        "expected content header for class 60, got non content header frame instead"),
                 method);
        else
            fail(refuse(ReplyCode::CommandInvalid, "unimplemented method"), method);
    }
    void on(const ChannelOpen &method);
    void on(const ChannelFlow &method);
    void on(const ChannelClose &method);
    void on(const ChannelCloseOk &method);
    void on(const ExchangeDeclare &method);
    void on(const ExchangeDelete &method);
    void on(const ExchangeBind &method);
    void on(const ExchangeUnbind &method);
    void on(const QueueDeclare &method);
    void on(const QueueBind &method);
    void on(const QueuePurge &method);
    void on(const QueueDelete &method);
    void on(const QueueUnbind &method);
    void on(const BasicQos &method);
    void on(const BasicConsume &method);
    void on(const BasicCancel &method);
    void on(const BasicPublish &method);
    void on(const BasicGet &method);
    void on(const BasicAck &method);
    void on(const BasicReject &method);
    void on(const BasicNack &method);
    void on(const BasicRecoverAsync &method);
    void on(const BasicRecover &method);
    void on(const ConfirmSelect &method);
    void on(const TxSelect &method);
    void on(const TxCommit &method);
    void on(const TxRollback &method);

private:
    enum class State : quint8 { Opening, Open, Closing, Closed };
    struct Publish
    {
        EnvelopePointer envelope;
        QAmqpMessage message;
        bool mandatory = false;
    };
    struct Settle
    {
        quint64 tag = 0;
        bool multiple = false;
        Settlement how = Settlement::Ack;
    };
    // Where the last messages went, which the next one most likely goes to as well.
    struct LastRoute
    {
        EnvelopePointer envelope;
        quint64 changes = 0;
        VirtualHost::Routes routes;
    };

    // Ends the channel or the connection; false if there is nothing to refuse.
    bool fail(const Refusal &why, quint32 method);
    template<typename Method>
    bool fail(const Refusal &why, const Method &)
    {
        return fail(why, Method::info.id());
    }
    template<typename Method>
    void send(const Method &method); // defined in connection.h, which knows how
    template<typename Method>
    void answer(bool noWait, const Method &method)
    {
        if (!noWait)
            send(method);
    }
    VirtualHost &host() const;
    BrokerCore &core() const;
    TimePoint now() const;
    void putOff();

    // The queue that is meant, if that may be done with it; an empty name is the one declared last.
    using Permission = QRegularExpression Permissions::*;
    QueuePointer findQueue(QByteArrayView name, Permission what, Refusal &why) const;
    Refusal checkLock(const Queue &queue) const;
    Refusal checkFurtherExchange(const char *kind, QByteArrayView name, const QAmqpTable &arguments,
                                 const QString &argument) const;
    Binding queueBinding(QByteArrayView queue, QByteArrayView key) const;
    Refusal bindOrUnbindQueue(const auto &method, bool isBind);
    Refusal mayBind(QByteArrayView source, const Binding &binding) const;
    Refusal bindOrUnbind(QByteArrayView source, Binding binding, QByteArrayView arguments,
                         bool isBind);
    Refusal consumeFrom(const BasicConsume &method, const QByteArray &tag);
    Refusal consumeReplies(const BasicConsume &method, const QByteArray &tag);

    void published();
    void publish(Publish publish);
    void confirm(quint64 tag, Queue::Outcome outcome);
    void flushConfirms();
    Refusal checkPublish(const QAmqpMessage &message) const;
    const VirtualHost::Routes &routesOf(const Publish &publish);
    void giveBack(const Publish &publish);

    quint64 remember(QueuePointer queue, std::shared_ptr<Consumer> consumer, Message message);
    void settle(const Settle &settle, quint32 method);
    void forgetSettled();
    void endTransaction(bool isCommitted);
    void settleOne(Unacknowledged &entry, Settlement how);
    void requeueAll(bool withHeld); // what a transaction is to settle
    void recover(bool requeue, quint32 method);
    void hasRoom();
    void endConsumer(const QByteArray &tag);

    Connection &m_connection;
    const quint16 m_number;
    State m_state = State::Opening;
    QByteArray m_lastQueue;

    QAmqpMessage m_spare;
    Assembler m_assembler;
    bool m_mandatory = false;
    LastRoute m_lastRoute;
    quint64 m_published = 0; // since confirm.select
    bool m_isConfirming = false;
    std::vector<quint64> m_taken; // to be confirmed
    std::vector<quint64> m_refused; // to be nacked
    std::set<quint64> m_open; // of queues that do not answer

    bool m_isTransactional = false;
    bool m_isCommitting = false;
    std::vector<Publish> m_publishes; // of the transaction

    std::map<QByteArray, std::shared_ptr<Consumer>, std::less<>> m_consumers; // by tag
    struct Late
    {
        Consumer *consumer = nullptr;
        bool noWait = false;
    };
    std::vector<Late> m_starting; // basic.consume is still to be answered
    struct Cancelled // basic.cancel is
    {
        QByteArray tag;
        std::shared_ptr<Consumer> consumer; // null if there was none of this tag
        bool noWait = false;
    };
    std::vector<Cancelled> m_cancelled;
    bool m_isPutOff = false;
    bool m_hasRoom = false; // for further messages, on any of its queues
    QByteArray m_replyAddress; // of the consumer of direct reply-to
    quint32 m_prefetch = 0; // for consumers to come
    quint32 m_channelPrefetch = 0; // for all together
    std::deque<Unacknowledged> m_unacknowledged; // by tag
    quint64 m_unacknowledgedCount = 0;
    quint64 m_lastDeliveryTag = 0;
};

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
