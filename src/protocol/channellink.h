// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_CHANNELLINK_H
#define QTAMQP_PROTOCOL_CHANNELLINK_H

// One channel on one link: its state, the requests that the broker has not answered, and the message that is
// arriving. The constructor opens the channel, and it is never opened again. ChannelCore decides what is
// sent, and is called for what arrives.

#include "codec/assembler.h"
#include "protocol/channelcalls.h"
#include "protocol/connectioncontext.h"
#include "protocol/transitions.h"
#include "values/errorkinds.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class ChannelCore;

class ChannelLink
{
public:
    ChannelLink(LinkContext &link, ChannelCore &channel); // sends channel.open

    ChannelState state() const { return m_state; }
    bool isOf(const LinkContext &link) const { return &m_link == &link; }
    bool isUsable() const { return QtAmqpPrivate::isUsable(m_state); }
    bool mayWrite() const { return isUsable() && m_link.mayWrite(); }
    bool changeState(quint32 cause);
    quint32 generation() const { return m_generation; }
    // Whether an acknowledgement, or a publish, may be sent now.
    bool takesAcknowledgements() const { return isUsable() && !m_commitUnanswered && !m_body; }
    bool takesContent() const { return !m_flowStopped; }
    bool takes(const WireCall &call) const;
    bool isReceiving() const { return isUsable() && !m_assembler.isIdle(); }
    bool takesDelivery() const { return isUsable() && m_assembler.isIdle(); }

    // What goes out.
    void send(WireCall call);
    template<typename Method>
    void send(const Method &method)
    {
        if (m_link.mayWrite() && !m_unfinished)
            sendMethod(m_link.output, m_number, method);
    }
    // Counts an answer that the peer made us send: the link is cut if a peer causes many and does not read.
    template<typename Method>
    const Method &counted(const Method &answer)
    {
        m_link.answerBytes += encodedSize(answer) + FrameOverhead;
        return answer;
    }
    void blame(ReplyCode code, const QString &text) { m_link.error = {code, text}; }
    void sendPublish(const BasicPublish &method, const QAmqpMessage &message);
    void close();
    // Closes the channel, unless it is closing. Nobody waits for the answer, since the application gets the
    // end of the channel at once.
    void giveUp(ReplyCode code, QByteArrayView text);

    // The body that is sent from a source, if there is one: nothing else may be sent on this channel until all of
    // it was (§4.2.6). RabbitMQ (3.10.8) ends the connection (505) for any other method in between, even for
    // channel.close or close-ok.
    bool isSendingBody() const { return m_body.has_value(); }
    // Whether nothing of that message was sent so far, so that it can be left out without a trace.
    bool isBodyUntouched() const { return m_body && !m_body->begun; }
    WireCall takeBody()
    {
        WireCall call = std::move(m_body->call);
        m_body.reset();
        return call;
    }
    quint64 bodyBytesSent() const { return m_body ? m_body->call.body.size - m_body->missing : 0; }
    const WireCall &bodyCall() const { return m_body->call; }
    std::optional<BodyPart> nextBodyPart();
    bool isBodyOf(const BodyPart &part) const
    {
        return m_body && m_body->call.body.source == part.source();
    }
    bool sendBodyPart(BodyPart &part); // true if it was the last one
    // Forgets the body. What was sent of it stays unfinished, and nothing more is sent on this channel.
    void dropBody();
    // Whether a message stays unfinished: then this channel's number is of no use any more on this link.
    bool isUnfinished() const { return m_unfinished; }

    // What is awaited.
    Request *oldestRequest();
    // Whether the request is channel.open or channel.close.
    bool isOpening(const Request *request) const { return request == &m_handshake; }
    // The oldest unanswered request of this method, or null.
    const Request *unanswered(quint32 method) const;
    bool isIdle() const;
    // Calls end() with all requests, oldest first, and drops them.
    template<typename End>
    void endRequests(End end)
    {
        std::deque<Request> requests = std::exchange(m_unanswered, {});
        requests.push_front(std::exchange(m_getting, {}));
        for (Request &request : requests)
            end(request);
        m_assembler.clear();
        m_lastDeliver.clear();
    }

    // What comes in.
    void receive(const Frame &frame);
    void receive(const WholeDelivery &delivery); // if takesDelivery()
    void lost()
    {
        changeState(Cause::Ended);
        m_handshake = {};
    }
    // Whether this tag may come now: tags ascend.
    bool acceptTag(quint64 deliveryTag, bool noAck);
    // When the next frame of a message that is arriving is late. For the message of a basic.get there is no
    // such time as long as the timeout of the request runs.
    std::optional<TimePoint> contentDeadline(TimePoint now, std::chrono::milliseconds patience);
    void contentCame(TimePoint at); // a part of such a frame came

    // Called by dispatch() with each method that arrived.
    template<typename Method>
    void on(const Method &method);

private:
    struct OutgoingBody
    {
        WireCall call = {};
        quint64 missing = 0; // bytes that were not sent yet
        bool begun = false; // the method and the header were sent
    };

    void sendHead(const BasicPublish &method, const QAmqpMessage &message, quint64 bodySize);
    bool mayBeRefused(quint32 method) const;
    // Our close is sent: until it is answered, everything else that comes is dropped (§1.5.2.5).
    bool isDropping() const
    {
        return m_state == ChannelState::Closing || m_state == ChannelState::Lingering;
    }
    template<typename... Args>
    void violated(ReplyCode code, QStringView format, const Args &...args)
    {
        m_link.error = {code, formatted(format, args...)};
    }
    template<typename Reply>
    void handle(const Reply &reply);
    void handle(const ChannelOpenOk &);
    void handle(const ChannelFlow &method);
    void handle(const ChannelClose &method);
    void handle(const ChannelCloseOk &);
    void handle(const BasicCancel &method);
    void handle(const BasicReturn &method);
    void handle(const BasicDeliver &method);
    void handle(const BasicGetOk &method);
    void handle(const BasicAck &method);
    void handle(const BasicNack &method);
    void requestSent(WireCall call);
    void sendQos(const BasicQos &method);
    void qosSent(const BasicQos &method);
    std::optional<Request> answered(const MethodInfo &reply);
    bool repeatsLastDeliver(QByteArrayView method) const;
    void beginContent(ContentStart start, QByteArrayView exchange, QByteArrayView routingKey,
                      QByteArrayView consumerTag = {});

    LinkContext &m_link;
    ChannelCore &m_channel;
    const quint16 m_number;
    const quint32 m_generation; // unique in the session; its delivery tags are valid in it alone
    ChannelState m_state = ChannelState::Opening;
    std::deque<Request> m_unanswered;
    Request m_handshake; // channel.open or channel.close while unanswered
    Request m_getting; // basic.get whose message is arriving
    bool m_consumeUnanswered = false;
    bool m_commitUnanswered = false;
    bool m_flowStopped = false;
    std::optional<bool> m_flowAnswer; // of channel.flow-ok, which waits for the end of the body
    std::optional<OutgoingBody> m_body; // that is being sent from a source
    bool m_unfinished = false; // a message was begun and will never be finished
    std::optional<quint16> m_prefetch; // for new consumers, as sent last
    quint16 m_channelPrefetch = 0; // for all consumers together, as sent last; 0 is no limit
    QAmqpError m_closeError; // of the broker, if both sides closed at once
    quint64 m_lastTag = 0; // the highest tag of a delivery
    quint64 m_lastTagToAck = 0; // the same, of those that need an acknowledgement
    Assembler m_assembler;
    QByteArray m_lastDeliver; // the last basic.deliver, if m_assembler still has its envelope
    std::optional<TimePoint> m_contentSince; // since when no frame of the arriving message came
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
