// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_AUTOBROKER_H
#define QTAMQP_TESTS_AUTOBROKER_H

// A test broker that obliges clients which follow no script: which objects are left to talk to it differs from run to
// run. Every queue and exchange that a client names is there, and the routing key of a message says what becomes of it:
//
//     the queue of a consumer   delivered to it
//     nack                      refused
//     hold                      never answered for
//     nowhere                   returned, if mandatory
//     cancel                    the broker cancels all consumers of the channel
//     blocked                   connection.blocked and connection.unblocked
//     close channel             the broker closes the channel (404)
//     close connection          the broker closes the connection (320), once it is alone with one channel
//
// A fault takes the place of one answer. AutoBroker serves one connection without any input or output; AutoServer puts
// it on a loopback socket.

#include "scripted/scriptedbroker.h"

#include "codec/dispatch.h"
#include "testbroker/connection.h"
#include "values/tableformat.h"

namespace QtAmqpTest {

using namespace QtAmqpPrivate;

// What comes instead of the answer to a method, once. The method 0 is the protocol header.
struct AutoFault
{
    enum Kind { None, Drop, CloseConnection, CloseChannel, Silence };

    Kind kind = None;
    quint32 method = 0;
};

// What makes a broker one of these.
class Obliging
{
public:
    void oblige(Broker::BrokerCore &core)
    {
        m_host = core.virtualHost("/");
        core.setObserver([this](Broker::Connection &connection, quint16 channel, quint32 method,
                                QByteArrayView fields) {
            return watch(connection, channel, method, fields);
        });
        Broker::QueueSettings full;
        full.arguments = {{QStringLiteral("x-max-length"), 0},
                          {QStringLiteral("x-overflow"), QStringLiteral("reject-publish")}};
        m_host->declareQueue("nack", full, 0);
        m_host->declareQueue("hold", {}, 0);
        m_host->queue("hold")->setAnswering(false);
    }

    template<typename Method>
    void on(const Method &)
    {
    }
    void on(const QtAmqpPrivate::ExchangeDeclare &method)
    {
        topology.append('*' + method.exchange.toByteArray());
        keep(method.arguments);
        const auto type = Broker::exchangeType(method.type);
        if (!type || method.exchange.startsWith("amq.")) {
            addExchange(method.exchange);
            m_connection->send(m_channel, ExchangeDeclareOk{});
            m_isAnswered = true;
        } else if (m_host->exchange(method.exchange)
                   && m_host->declareExchange(method.exchange,
                                              {*type, method.durable, method.autoDelete,
                                               method.internal, decodeTable(method.arguments)})) {
            m_host->deleteExchange(method.exchange, false); // to be declared anew
        }
    }
    void on(const QtAmqpPrivate::ExchangeBind &method)
    {
        addExchange(method.source);
        addExchange(method.destination);
        note('+', method.source, method.routingKey, method.destination);
        keep(method.arguments);
    }
    void on(const QtAmqpPrivate::ExchangeUnbind &method)
    {
        note('-', method.source, method.routingKey, method.destination);
    }
    void on(const QtAmqpPrivate::QueueDeclare &method)
    {
        declared.append(method.queue.toByteArray() + (method.durable ? " durable" : "")
                        + (method.exclusive ? " exclusive" : "")
                        + (method.autoDelete ? " auto-delete" : ""));
        keep(method.arguments);
        if (method.passive)
            return addQueue(method.queue);
        Broker::QueueSettings settings;
        settings.durable = method.durable;
        settings.exclusive = method.exclusive;
        settings.autoDelete = method.autoDelete;
        settings.arguments = decodeTable(method.arguments);
        const auto present = m_host->queue(method.queue);
        if (readArguments(settings, {})) {
            const QByteArray name =
                    method.queue.isEmpty() ? QByteArray("amq.gen-1") : method.queue.toByteArray();
            addQueue(name);
            m_connection->send(m_channel, QueueDeclareOk{QByteArrayView(name), 0, 0});
            m_isAnswered = true;
        } else if (present && m_host->declareQueue(method.queue, settings, m_connection->id())) {
            m_host->removeQueue(*present); // to be declared anew
        }
    }
    void on(const QtAmqpPrivate::QueueBind &method)
    {
        addExchange(method.exchange);
        addQueue(method.queue);
        note('+', method.exchange, method.routingKey, method.queue);
        keep(method.arguments);
    }
    void on(const QtAmqpPrivate::QueueUnbind &method)
    {
        note('-', method.exchange, method.routingKey, method.queue);
    }
    void on(const QtAmqpPrivate::QueuePurge &method) { addQueue(method.queue); }
    void on(const QtAmqpPrivate::BasicGet &method) { addQueue(method.queue); }
    void on(const QtAmqpPrivate::BasicConsume &method)
    {
        keep(method.arguments);
        addQueue(method.queue);
    }
    void on(const QtAmqpPrivate::BasicAck &method) { acked.append(method.deliveryTag); }
    void on(const QtAmqpPrivate::BasicNack &method) { nacked.append(method.deliveryTag); }
    void on(const QtAmqpPrivate::BasicPublish &method)
    {
        using namespace QtAmqpPrivate::Broker;
        Channel &channel = *m_connection->channels().at(m_channel);
        addExchange(method.exchange);
        if (method.routingKey == "close channel") {
            channel.close(refuse(ReplyCode::NotFound, "no such thing"), BasicPublish::info.id());
        } else if (method.routingKey == "close connection") {
            m_closeWanted = true;
            m_silent.insert(m_channel);
        } else if (method.routingKey == "cancel") {
            while (!channel.consumers().empty())
                channel.queueGone(channel.consumers().begin()->second.get());
        } else if (method.routingKey == "blocked") {
            m_connection->send(0, ConnectionBlocked{QByteArrayView("low on memory")});
            m_connection->send(0, ConnectionUnblocked{});
        }
    }

    AutoFault *fault = nullptr;
    bool dropped = false; // the link is to break
    QList<QAmqpTable> arguments; // of all that had some
    QByteArrayList declared; // queues: the name that was asked for, and what was said of it
    QByteArrayList topology; // *exchange, +exchange/key>destination, -exchange/key>destination
    QList<quint64> acked;
    QList<quint64> nacked;

protected:
    bool isSilent(quint16 channel) const { return m_silent.contains(channel); }
    bool isFaultAt(quint32 method) const
    {
        return fault && fault->kind != AutoFault::None && fault->method == method;
    }
    void doFault(quint16 channel, quint32 method)
    {
        using namespace QtAmqpPrivate::Broker;
        switch (std::exchange(*fault, {}).kind) {
        case AutoFault::Drop: dropped = true; break;
        case AutoFault::CloseConnection:
            if (method == 0) // which no broker does
                m_connection->send(
                        0, ConnectionClose{541, QByteArrayView("INTERNAL_ERROR - a fault"), 0, 0});
            else
                m_connection->close(refuse(ReplyCode::InternalError, "a fault"));
            break;
        case AutoFault::CloseChannel:
            if (const auto it = m_connection->channels().find(channel);
                it != m_connection->channels().end())
                it->second->close(refuse(ReplyCode::NotFound, "a fault"), method);
            else // it is being opened
                m_connection->send(channel,
                                   ChannelClose{404, QByteArrayView("NOT_FOUND - a fault"),
                                                quint16(method >> 16), quint16(method)});
            break;
        case AutoFault::Silence:
            m_silent.insert(channel);
            if (const auto it = m_connection->channels().find(channel);
                it != m_connection->channels().end())
                it->second->shutDown(); // it takes no messages from others either
            break;
        case AutoFault::None: break;
        }
    }

    Broker::Connection *m_connection = nullptr; // on which something was said last
    bool m_closeWanted = false;

private:
    bool watch(Broker::Connection &connection, quint16 channel, quint32 method,
               QByteArrayView fields)
    {
        m_connection = &connection;
        m_channel = channel;
        if (isSilent(channel) || isSilent(0))
            return false;
        const auto known = m_connection->channels().find(channel);
        if (channel != 0 && known != m_connection->channels().end() && !known->second->isOpen()
            && method != ChannelOpen::info.id())
            return true;
        if (method == ChannelCloseOk::info.id()) { // to what a test or a fault has put in
            if (known == m_connection->channels().end())
                return false;
            known->second->shutDown();
        }
        if (isFaultAt(method)) {
            doFault(channel, method);
            return false;
        }
        QtAmqpPrivate::Reader in(fields);
        m_isAnswered = false;
        QtAmqpPrivate::dispatch(method, in, *this);
        if (m_isAnswered)
            return false;
        // What tests have put in themselves is settled too, of which the broker knows nothing.
        return !isSettlement(method) || known == m_connection->channels().end()
                || known->second->unacknowledgedCount() > 0;
    }
    static bool isSettlement(quint32 method)
    {
        return method == BasicAck::info.id() || method == BasicNack::info.id()
                || method == BasicReject::info.id();
    }
    void addQueue(QByteArrayView name)
    {
        if (!name.isEmpty() && !m_host->queue(name)) {
            m_host->declareQueue(name, {}, 0);
        }
    }
    void addExchange(QByteArrayView name)
    {
        if (!m_host->exchange(name)) {
            m_host->declareExchange(name, {});
        }
    }
    void keep(QByteArrayView table)
    {
        if (!table.isEmpty())
            arguments.append(QtAmqpPrivate::decodeTable(table));
    }
    template<typename ShortString>
    void note(char what, ShortString exchangeName, ShortString key, ShortString destination)
    {
        topology.append(what + exchangeName.toByteArray() + '/' + key.toByteArray() + '>'
                        + destination.toByteArray());
    }
    Broker::VirtualHost *m_host = nullptr;
    quint16 m_channel = 0;
    QSet<quint16> m_silent; // to these nothing is said any more, 0: to nobody
    bool m_isAnswered = false; // though the broker itself would refuse it
};

class AutoBroker : public Obliging
{
public:
    AutoBroker()
    {
        m_connection = m_core.accept({}, {});
        oblige(m_core);
        m_core.virtualHost("/")->declareQueue("log", {}, 0);
        m_core.virtualHost("/")->declareQueue("answered", {}, 0); // with what was asked
    }
    Q_DISABLE_COPY_MOVE(AutoBroker)

    // Takes bytes of the client, gives the answer.
    QByteArray receive(QByteArrayView bytes)
    {
        m_core.settings().heartbeat = std::chrono::seconds(heartbeat);
        if (isFaultAt(0))
            doFault(0, 0);
        else
            takeFrames(bytes);
        while (const auto message = m_core.take("/", "log", {}))
            logged.append(message->content.body());
        while (const auto request = m_core.take("/", "answered", {})) {
            QAmqpMessage reply(request->content.body());
            reply.setCorrelationId(request->content.correlationId());
            m_core.publish("/", {}, request->content.replyTo().toUtf8(), reply, {});
        }
        QByteArray answer;
        for (QByteArray block = m_connection->takeOutput(); !block.isEmpty();
             block = m_connection->takeOutput())
            answer += block;
        closed = m_connection->end() == Broker::Connection::End::Close;
        return answer;
    }

    quint16 heartbeat = 60;
    bool closed = false; // both sides agree
    QByteArrayList logged; // the bodies that came with the routing key "log"
    int heartbeats() const { return int(m_core.counters().heartbeats); }

private:
    // One by one, so that what a frame asks for is done before the next one is looked at.
    void takeFrames(QByteArrayView bytes)
    {
        m_input += bytes;
        for (qsizetype size = nextSize(); size > 0 && size <= m_input.size(); size = nextSize()) {
            if (!isLeftOut())
                m_connection->received(QByteArrayView(m_input).first(size), {});
            m_input.remove(0, size);
            if (m_closeWanted && m_connection->channels().size() <= 1) {
                m_closeWanted = false;
                m_connection->close(Broker::refuse(ReplyCode::ConnectionForced, "shutdown"));
            }
            m_core.settleDown({});
        }
    }
    // Of a method that is passed over in silence, the content is too.
    bool isLeftOut() const
    {
        const auto type = FrameType(quint8(m_input.at(0)));
        return (type == FrameType::Header || type == FrameType::Body)
                && (isSilent(0) || isSilent(qFromBigEndian<quint16>(m_input.constData() + 1)));
    }
    qsizetype nextSize() const
    {
        if (m_input.startsWith("AMQP"))
            return ProtocolHeaderSize;
        return m_input.size() < FrameHeaderSize
                ? 0
                : qFromBigEndian<quint32>(m_input.constData() + 3) + FrameOverhead;
    }

    Broker::BrokerCore m_core;
    QByteArray m_input;
};

// A new AutoBroker for each connection to a loopback port.
class AutoServer
{
public:
    AutoServer()
    {
        QObject::connect(&m_server, &QTcpServer::newConnection, &m_server, [this] {
            QTcpSocket *socket = m_server.nextPendingConnection();
            auto broker = std::make_shared<AutoBroker>();
            broker->fault = &fault;
            brokers.append(broker);
            QObject::connect(socket, &QTcpSocket::readyRead, socket, [socket, broker] {
                socket->write(broker->receive(socket->readAll()));
                if (broker->dropped)
                    socket->abort();
                else if (broker->closed)
                    socket->disconnectFromHost();
            });
            QObject::connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
        });
        if (!m_server.listen(QHostAddress::LocalHost))
            qFatal("the broker cannot listen: %s", qPrintable(m_server.errorString()));
    }

    QUrl url() const
    {
        return QUrl(QStringLiteral("amqp://guest:guest@127.0.0.1:%1/").arg(m_server.serverPort()));
    }

    QList<std::shared_ptr<AutoBroker>> brokers;
    AutoFault fault;

private:
    QTcpServer m_server;
};

} // namespace QtAmqpTest

#endif
