// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_CONNECTION_H
#define QTAMQP_TESTBROKER_CONNECTION_H

// The broker's end of a connection: frames, the login, the class connection, and the channels.

#include "codec/buffers.h"
#include "codec/dispatch.h"
#include "codec/frame.h"
#include "codec/heartbeat.h"
#include "testbroker/brokercore.h"
#include "testbroker/channel.h"
#include "testbroker/faults.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

class Connection
{
public:
    // What becomes of the link once the output has been written.
    enum class End : quint8 { None, Close, HalfClose, Reset };

    Connection(BrokerCore &core, PeerInfo peer, quint64 id, TimePoint now);
    ~Connection();
    Q_DISABLE_COPY_MOVE(Connection)

    // happened
    // Bytes are read into this room; received() takes them.
    char *receiveBuffer(qsizetype *size)
    {
        return m_faults ? m_faults->receiveBuffer(size) : m_reader.space(size);
    }
    void received(qsizetype size, TimePoint now);
    void received(QByteArrayView bytes, TimePoint now);
    // The link is gone. What was exclusive goes, and what was not acknowledged comes back to its queue.
    void lost(TimePoint now);
    void timeout(TimePoint now);

    // to do
    // Whether to read: not while the broker has an alarm, or this client does not read.
    bool wantsInput() const;
    QByteArray takeOutput();
    qint64 outputSize() const { return m_faults ? m_faults->outputSize() : m_output.size(); }
    End end() const { return m_end; }
    std::optional<TimePoint> nextTimeout() const;

    // ask
    quint64 id() const { return m_id; }
    const PeerInfo &peer() const { return m_peer; }
    const QByteArray &user() const { return m_user; }
    const QByteArray &mechanism() const { return m_mechanism; }
    const QByteArray &secret() const { return m_secret; }
    const QAmqpTable &clientProperties() const { return m_clientProperties; }
    VirtualHost *host() const { return m_host; }
    bool isOpen() const { return m_state == State::Open; }
    const std::map<quint16, std::unique_ptr<Channel>> &channels() const { return m_channels; }
    quint32 frameMax() const { return m_frameMax; }
    qsizetype consumerCount() const;
    BrokerCore &core() const { return m_core; }
    TimePoint now() const;

    // on request; settleDown() of the broker has to follow
    void close(const Refusal &why, quint32 method = 0);
    void closeLink(End how);
    void addFault(const FaultPointer &fault);
    void clearFaults();
    void unblocked(TimePoint now);

    // called by its channels
    template<typename Method>
    void send(quint16 channel, const Method &method)
    {
        if (m_core.trace()) [[unlikely]]
            trace(channel, Direction::ToClient, describe(method));
        const qsizetype size = encodedSize(method);
        Writer writer(m_output.reserve(size + FrameOverhead));
        encodeMethodFrame(writer, channel, method, size);
        touch();
    }
    void sendContent(quint16 channel, const QAmqpMessage &message);
    bool takesDeliveries();
    bool isFull() const { return m_output.size() >= MaxOutput; }
    Refusal allows(QRegularExpression Permissions::*what, const char *kind,
                   QByteArrayView name) const;
    bool cancelNotify() const { return m_cancelNotify; }
    LinkFaults *faults() const { return m_faults.get(); } // null on nearly all connections

    // called by dispatch()
    template<typename Method>
    void on(const Method &method)
    {
        if constexpr (Method::info.classId == ConnectionStart::info.classId)
            onChannel0(method);
        else
            m_current->on(method);
    }

private:
    enum class State : quint8 {
        Header,
        StartOk,
        SecureOk,
        TuneOk,
        OpenExpected,
        Open,
        Closing,
        Closed
    };
    enum class Direction : quint8 { FromClient, ToClient };
    static constexpr qint64 HighWater = 1024 * 1024; // of the output: no more deliveries
    static constexpr qint64 MaxOutput = 8 * HighWater; // no more is read either

    void arrived(QByteArrayView bytes); // once no fault holds them up
    void halfClose();
    void readFrames();
    void receive(const Frame &frame);
    void receiveMethod(const Frame &frame);
    bool isExpected(quint32 method) const;
    Channel *channelFor(quint16 number) const;
    Channel *addChannel(quint16 number);
    bool findChannel(quint16 number, quint32 method);
    void shutDown();
    void touch();

    // The lines for BrokerCore::setTrace() (trace.cpp).
    void trace(quint16 channel, Direction direction, const QString &what) const;
    void traceReceived(const Frame &frame) const;
    void traceContent(quint16 channel, qsizetype size) const;

    // The login (connectionlogin.cpp).
    void start();
    void login(QByteArrayView response);
    void finishLogin(bool isAllowed);
    bool isPassword(const QByteArray &user, const QByteArray &password) const;

    template<typename Method>
    void onChannel0(const Method &method)
    {
        close(refuse(ReplyCode::CommandInvalid, "unimplemented method"), method.info.id());
    }
    void onChannel0(const ConnectionStartOk &method);
    void onChannel0(const ConnectionSecureOk &method);
    void onChannel0(const ConnectionTuneOk &method);
    void onChannel0(const ConnectionOpen &method);
    void onChannel0(const ConnectionClose &method);
    void onChannel0(const ConnectionCloseOk &method);
    void onChannel0(const ConnectionUpdateSecret &method);

    BrokerCore &m_core;
    const PeerInfo m_peer;
    const quint64 m_id;
    quint64 m_number = 0; // 1 is the first connection of the broker
    State m_state = State::Header;
    End m_end = End::None;
    bool m_isReady = false;
    FrameReader m_reader;
    Output m_output;
    Heartbeat m_heartbeat;
    TimePoint m_handshakeLimit;
    std::optional<TimePoint> m_unreadSince; // since when the output waits to be taken
    quint32 m_frameMax = UntunedFrameMax;
    quint16 m_channelMax = 0;
    QByteArray m_mechanism;
    QByteArray m_user;
    QByteArray m_secret; // the last one of connection.update-secret
    QAmqpTable m_clientProperties;
    bool m_cancelNotify = false;
    bool m_blockedNotify = false;
    bool m_failureClose = false;
    bool m_isBlocked = false; // it has published while the broker is blocked, and is not read
    bool m_isGarbled = false; // no frame can be found any more in what comes
    bool m_isFull = false; // until it has read more, what has arrived is not done either
    bool m_isHeld = false; // until it has read more, no deliveries are added
    VirtualHost *m_host = nullptr;
    std::map<quint16, std::unique_ptr<Channel>> m_channels;
    Channel *m_current = nullptr;
    std::unique_ptr<LinkFaults> m_faults;

    friend class BrokerCore; // which clears m_isReady and sets m_number
    friend class LinkFaults;
};

template<typename Method>
void Channel::send(const Method &method)
{
    m_connection.send(m_number, method);
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
