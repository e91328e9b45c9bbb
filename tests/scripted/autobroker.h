// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_AUTOBROKER_H
#define QTAMQP_TESTS_AUTOBROKER_H

// A broker that answers everything as it should, for tests that cannot follow a script: which objects
// are left to talk to it differs from run to run. What it does to a message is told by its routing key:
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
// A queue that was declared is known, and a message for it is not returned. A fault takes the place of one
// answer. It does no input or output itself: AutoServer puts it on a loopback socket.

#include "scripted/scriptedbroker.h"

#include "codec/dispatch.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

namespace QtAmqpTest {

// What comes instead of the answer to a method, once. The method 0 is the protocol header.
struct AutoFault
{
    enum Kind { None, Drop, CloseConnection, CloseChannel, Silence };

    Kind kind = None;
    quint32 method = 0;
};

class AutoBroker
{
public:
    // Takes bytes of the client, gives the answer.
    QByteArray receive(QByteArrayView bytes)
    {
        using namespace QtAmqpPrivate;
        m_input += bytes;
        if (!m_started) {
            if (m_input.size() < ProtocolHeaderSize)
                return {};
            m_started = true;
            m_input.remove(0, ProtocolHeaderSize);
            if (isFaultAt(0)) {
                doFault(0);
                return std::exchange(m_output, {});
            }
            const QAmqpTable able{{QStringLiteral("publisher_confirms"), true}};
            const QByteArray properties =
                    encodeTable(QAmqpTable{{QStringLiteral("capabilities"), able}});
            m_channel = 0;
            send(ConnectionStart{0, 9, QByteArrayView(properties), QByteArrayView("PLAIN"),
                                 QByteArrayView("en_US")});
        }
        qsizetype at = 0;
        Frame frame;
        FrameError error;
        while (nextFrame(QByteArrayView(m_input).sliced(at), 131072, frame, error)
               == FrameResult::Complete) {
            at += frame.payload.size() + FrameOverhead;
            m_channel = frame.channel;
            Reader in(frame.payload);
            const quint32 method = frame.type == FrameType::Method ? in.read<quint32>() : 0;
            // What has closed listens to nothing but the answer.
            if (m_closing ? method != ConnectionCloseOk::info.id()
                          : m_closingChannels.contains(m_channel)
                                && method != ChannelCloseOk::info.id())
                continue;
            if (m_silent.contains(m_channel) || m_silent.contains(0))
                continue;
            if (method && isFaultAt(method))
                doFault(method);
            else if (frame.type == FrameType::Method)
                dispatch(method, in, *this);
            else if (frame.type == FrameType::Header)
                header(decodeContentHeader(in));
            else if (frame.type == FrameType::Body)
                body(frame.payload);
            else
                ++heartbeats;
        }
        m_input.remove(0, at);
        return std::exchange(m_output, {});
    }

    template<typename Method>
    void on(const Method &)
    {
    }
    void on(const QtAmqpPrivate::ConnectionStartOk &)
    {
        send(QtAmqpPrivate::ConnectionTune{2047, 131072, heartbeat});
    }
    void on(const QtAmqpPrivate::ConnectionOpen &) { send(QtAmqpPrivate::ConnectionOpenOk{}); }
    void on(const QtAmqpPrivate::ConnectionUpdateSecret &)
    {
        send(QtAmqpPrivate::ConnectionUpdateSecretOk{});
    }
    void on(const QtAmqpPrivate::ConnectionClose &)
    {
        send(QtAmqpPrivate::ConnectionCloseOk{});
        closed = true;
    }
    void on(const QtAmqpPrivate::ConnectionCloseOk &) { closed = true; }
    void on(const QtAmqpPrivate::ChannelOpen &)
    {
        m_channels.insert(m_channel, {});
        send(QtAmqpPrivate::ChannelOpenOk{});
    }
    void on(const QtAmqpPrivate::ChannelClose &)
    {
        m_channels.remove(m_channel);
        send(QtAmqpPrivate::ChannelCloseOk{});
        closeIfAlone();
    }
    void on(const QtAmqpPrivate::ChannelCloseOk &)
    {
        m_closingChannels.remove(m_channel);
        m_channels.remove(m_channel);
        closeIfAlone();
    }
    void on(const QtAmqpPrivate::ExchangeDeclare &method)
    {
        topology.append('*' + method.exchange.toByteArray());
        keep(method.arguments);
        send(QtAmqpPrivate::ExchangeDeclareOk{});
    }
    void on(const QtAmqpPrivate::ExchangeBind &method)
    {
        note('+', method.source, method.routingKey, method.destination);
        keep(method.arguments);
        send(QtAmqpPrivate::ExchangeBindOk{});
    }
    void on(const QtAmqpPrivate::ExchangeUnbind &method)
    {
        note('-', method.source, method.routingKey, method.destination);
        send(QtAmqpPrivate::ExchangeUnbindOk{});
    }
    void on(const QtAmqpPrivate::ExchangeDelete &) { send(QtAmqpPrivate::ExchangeDeleteOk{}); }
    void on(const QtAmqpPrivate::QueueDeclare &method)
    {
        const QByteArray name =
                method.queue.isEmpty() ? QByteArray("amq.gen-1") : method.queue.toByteArray();
        m_queues.insert(name);
        declared.append(method.queue.toByteArray() + (method.durable ? " durable" : "")
                        + (method.exclusive ? " exclusive" : "")
                        + (method.autoDelete ? " auto-delete" : ""));
        keep(method.arguments);
        send(QtAmqpPrivate::QueueDeclareOk{QByteArrayView(name), 0, 0});
    }
    void on(const QtAmqpPrivate::QueueBind &method)
    {
        note('+', method.exchange, method.routingKey, method.queue);
        keep(method.arguments);
        send(QtAmqpPrivate::QueueBindOk{});
    }
    void on(const QtAmqpPrivate::QueueUnbind &method)
    {
        note('-', method.exchange, method.routingKey, method.queue);
        send(QtAmqpPrivate::QueueUnbindOk{});
    }
    void on(const QtAmqpPrivate::QueuePurge &) { send(QtAmqpPrivate::QueuePurgeOk{7}); }
    void on(const QtAmqpPrivate::QueueDelete &) { send(QtAmqpPrivate::QueueDeleteOk{3}); }
    void on(const QtAmqpPrivate::BasicQos &) { send(QtAmqpPrivate::BasicQosOk{}); }
    void on(const QtAmqpPrivate::BasicConsume &method)
    {
        keep(method.arguments);
        m_channels[m_channel].consumers.insert(method.queue.toByteArray(),
                                               method.consumerTag.toByteArray());
        send(QtAmqpPrivate::BasicConsumeOk{method.consumerTag});
    }
    void on(const QtAmqpPrivate::BasicCancel &method)
    {
        Channel &channel = m_channels[m_channel];
        const QList<QByteArray> names = channel.consumers.keys(method.consumerTag.toByteArray());
        for (const QByteArray &name : names)
            channel.consumers.remove(name);
        if (!method.noWait)
            send(QtAmqpPrivate::BasicCancelOk{method.consumerTag});
    }
    void on(const QtAmqpPrivate::BasicRecover &) { send(QtAmqpPrivate::BasicRecoverOk{}); }
    void on(const QtAmqpPrivate::BasicGet &) { send(QtAmqpPrivate::BasicGetEmpty{}); }
    void on(const QtAmqpPrivate::BasicAck &method) { acked.append(method.deliveryTag); }
    void on(const QtAmqpPrivate::BasicNack &method) { nacked.append(method.deliveryTag); }
    void on(const QtAmqpPrivate::ConfirmSelect &)
    {
        m_channels[m_channel].confirms = true;
        send(QtAmqpPrivate::ConfirmSelectOk{});
    }
    void on(const QtAmqpPrivate::TxSelect &) { send(QtAmqpPrivate::TxSelectOk{}); }
    void on(const QtAmqpPrivate::TxCommit &) { send(QtAmqpPrivate::TxCommitOk{}); }
    void on(const QtAmqpPrivate::TxRollback &) { send(QtAmqpPrivate::TxRollbackOk{}); }
    void on(const QtAmqpPrivate::BasicPublish &method)
    {
        Channel &channel = m_channels[m_channel];
        channel.routingKey = method.routingKey.toByteArray();
        channel.mandatory = method.mandatory;
    }

    quint16 heartbeat = 60;
    bool closed = false; // both sides agree
    bool dropped = false; // the link is to break
    AutoFault *fault = nullptr;
    QByteArrayList logged; // the bodies that came with the routing key "log"
    QList<QAmqpTable> arguments; // of all that had some
    QByteArrayList declared; // queues: the name that was asked for, and what was said of it
    QByteArrayList topology; // *exchange, +exchange/key>destination, -exchange/key>destination
    QList<quint64> acked;
    QList<quint64> nacked;
    int heartbeats = 0;

private:
    struct Channel
    {
        QHash<QByteArray, QByteArray> consumers = {}; // by queue
        bool confirms = false;
        quint64 published = 0;
        quint64 delivered = 0;
        QByteArray routingKey = {};
        bool mandatory = false;
        QtAmqpPrivate::ContentHeader header = {};
        QByteArray properties = {};
        QByteArray body = {};
    };

    template<typename Method>
    void send(const Method &method)
    {
        m_output += methodFrame(method, m_channel);
    }
    void header(const QtAmqpPrivate::ContentHeader &header)
    {
        Channel &channel = m_channels[m_channel];
        channel.header = header;
        channel.properties = header.properties.toByteArray();
        channel.body.clear();
        if (header.bodySize == 0)
            published(channel);
    }
    void body(QByteArrayView payload)
    {
        Channel &channel = m_channels[m_channel];
        channel.body += payload;
        if (quint64(channel.body.size()) == channel.header.bodySize)
            published(channel);
    }
    void published(Channel &channel)
    {
        using namespace QtAmqpPrivate;
        const quint64 tag = ++channel.published;
        const QByteArray key = channel.routingKey;
        const QAmqpMessage message =
                QAmqpMessagePrivate::make(channel.body, channel.header.flags, channel.properties);
        if (key == "close channel") {
            send(ChannelClose{404, QByteArrayView("NOT_FOUND - no such thing"), 60, 40});
            m_closingChannels.insert(m_channel);
            return;
        }
        if (key == "close connection") {
            m_closeWanted = true;
            return closeIfAlone();
        }
        if (key == "log")
            logged.append(channel.body);
        if (key == "hold")
            return;
        if (key == "nack") {
            send(BasicNack{tag, false, false});
            return;
        }
        if (key == "blocked") {
            const quint16 channelNumber = std::exchange(m_channel, 0);
            send(ConnectionBlocked{QByteArrayView("low on memory")});
            send(ConnectionUnblocked{});
            m_channel = channelNumber;
        }
        if (key == "cancel") {
            const auto cancelled = std::exchange(channel.consumers, {});
            for (const QByteArray &consumer : cancelled)
                send(BasicCancel{.consumerTag = QByteArrayView(consumer), .noWait = true});
        }
        const bool routed = channel.consumers.contains(key);
        if (channel.mandatory && !routed && !m_queues.contains(key)) {
            send(BasicReturn{312, QByteArrayView("NO_ROUTE"), {}, QByteArrayView(key)});
            m_output += contentFrames(m_channel, message, 131072);
        }
        if (channel.confirms)
            send(BasicAck{tag, false});
        if (routed) {
            const QByteArray consumer = channel.consumers.value(key);
            send(BasicDeliver{
                    QByteArrayView(consumer), ++channel.delivered, false, {}, QByteArrayView(key)});
            m_output += contentFrames(m_channel, message, 131072);
        }
    }
    void closeIfAlone()
    {
        if (!m_closeWanted || m_channels.size() > 1)
            return;
        m_closeWanted = false;
        m_closing = true;
        m_channel = 0;
        send(QtAmqpPrivate::ConnectionClose{320, QByteArrayView("CONNECTION_FORCED - shutdown"), 0,
                                            0});
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
    bool isFaultAt(quint32 method) const
    {
        return fault && fault->kind != AutoFault::None && fault->method == method;
    }
    void doFault(quint32 method)
    {
        using namespace QtAmqpPrivate;
        switch (std::exchange(*fault, {}).kind) {
        case AutoFault::Drop: dropped = true; break;
        case AutoFault::CloseConnection:
            m_closing = true;
            m_channel = 0;
            send(ConnectionClose{541, QByteArrayView("INTERNAL_ERROR - a fault"), 0, 0});
            break;
        case AutoFault::CloseChannel:
            m_closingChannels.insert(m_channel);
            send(ChannelClose{404, QByteArrayView("NOT_FOUND - a fault"), quint16(method >> 16),
                              quint16(method)});
            break;
        case AutoFault::Silence: m_silent.insert(m_channel); break;
        case AutoFault::None: break;
        }
    }

    bool m_started = false;
    bool m_closeWanted = false;
    bool m_closing = false;
    QSet<quint16> m_closingChannels;
    QSet<quint16> m_silent; // to these nothing is said any more, 0: to nobody
    QSet<QByteArray> m_queues;
    QByteArray m_input;
    QByteArray m_output;
    quint16 m_channel = 0;
    QHash<quint16, Channel> m_channels;
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
