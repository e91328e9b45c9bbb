#include "protocol/channelcore.h"

#include "codec/dispatch.h"
#include "values/errorkinds.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <algorithm>
#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

ChannelCore::ChannelCore(ConnectionContext &context, quint16 number, quint64 nextPublishTag)
    : m_context(context)
    , m_number(number)
    , m_nextTag(nextPublishTag)
    , m_publishes(context.events, number)
{
}

ChannelCore::~ChannelCore() = default;

bool ChannelCore::isIdle() const
{
    return m_publishes.unconfirmed() == 0 && !m_getting.isAwaited()
            && std::none_of(m_unanswered.begin(), m_unanswered.end(),
                            std::mem_fn(&Request::isAwaited))
            && std::all_of(m_waiting.begin(), m_waiting.end(),
                           [&](const Waiting &waiting) { return waiting.request.over; });
}

bool ChannelCore::move(quint32 cause)
{
    const ChannelState *to = findTransition(ChannelTable::rows, m_state, cause);
    if (to)
        enter(*to);
    return to != nullptr;
}

void ChannelCore::open()
{
    if (!move(Cause::OpenCommand))
        return;
    m_closeReady = false;
    m_context.log->opened(m_number);
    m_context.log->used(m_number);
    if (m_context.open)
        connectionOpened();
}

void ChannelCore::connectionOpened()
{
    send(ChannelOpen{});
    m_handshake = {.method = ChannelOpen::info.id()};
    m_context.timed.insert(m_number);
}

void ChannelCore::close()
{
    if (std::exchange(m_closeWanted, true))
        return;
    m_context.timed.insert(m_number);
    closeIfIdle();
}

// Closing waits for what was asked before, confirms included: RabbitMQ drops them otherwise.
void ChannelCore::closeIfIdle()
{
    if (!m_closeWanted || m_state != ChannelState::Open)
        return;
    m_closeHeldUp.reset(); // something was done
    if (isIdle())
        readyToClose();
}

void ChannelCore::readyToClose()
{
    if (!std::exchange(m_closeReady, true))
        m_context.events.push_back(ReadyToClose{m_number});
}

void ChannelCore::finishClose()
{
    if (m_closeReady && m_state == ChannelState::Open)
        sendClose();
}

void ChannelCore::sendClose(ReplyCode code, QByteArrayView text)
{
    move(Cause::CloseSent);
    send(ChannelClose{.replyCode = quint16(code), .replyText = text});
    m_handshake = {.method = ChannelClose::info.id()};
    m_context.timed.insert(m_number);
}

bool ChannelCore::maySend(const Waiting &waiting) const
{
    if (m_state != ChannelState::Open || m_context.closing || m_commitUnanswered
        || waiting.nameFrom)
        return false;
    if (waiting.request.method)
        return !m_consumeUnanswered;
    return !(waiting.hasContent && m_flowStopped);
}

void ChannelCore::queue(Waiting waiting)
{
    m_context.log->used(m_number);
    if (const auto name = m_names.constFind(waiting.nameFrom); name != m_names.cend())
        setName(waiting, *name);
    if (waiting.request.method)
        m_context.timed.insert(m_number);
    if (m_waiting.empty() && maySend(waiting))
        return sendWaiting(std::move(waiting));
    m_context.waitingBytes += waiting.size();
    m_waiting.push_back(std::move(waiting));
}

void ChannelCore::setName(Waiting &waiting, const QByteArray &name) const
{
    waiting.method.replace(waiting.nameAt, 1, char(name.size()) + name);
    waiting.nameFrom = 0;
}

void ChannelCore::sendWaiting(Waiting waiting)
{
    if (waiting.hasContent) {
        Reader in(QByteArrayView(waiting.method).sliced(4));
        sendPublish(decode<BasicPublish>(in), waiting.message);
    } else {
        Writer writer(m_context.output.reserve(waiting.method.size() + FrameOverhead));
        beginFrame(writer, FrameType::Method, m_number, waiting.method.size());
        writer.bytes(waiting.method);
        endFrame(writer);
    }
    if (waiting.confirming)
        m_publishes.sent();
    if (const quint32 method = waiting.request.method) {
        m_consumeUnanswered = m_consumeUnanswered || waiting.request.overtakes();
        m_commitUnanswered = m_commitUnanswered || method == TxCommit::info.id();
        if (!waiting.request.noWait || !mayBeRefused(method))
            m_unanswered.push_back(std::move(waiting.request));
    }
}

// Of those without a reply since the last request, one of a kind is kept: that is enough to know that a
// refusal of its kind is not of a request behind it.
bool ChannelCore::mayBeRefused(quint32 method) const
{
    for (auto last = m_unanswered.rbegin(); last != m_unanswered.rend() && last->noWait; ++last) {
        if (last->method == method)
            return true;
    }
    return false;
}

void ChannelCore::pump()
{
    while (!m_waiting.empty() && maySend(m_waiting.front())) {
        Waiting next = std::move(m_waiting.front());
        m_waiting.pop_front();
        m_context.waitingBytes -= next.size();
        sendWaiting(std::move(next));
    }
    closeIfIdle();
}

RequestId ChannelCore::consume(const BasicConsume &method, RequestId nameFrom)
{
    const QByteArray tag = method.consumerTag.toByteArray();
    const QAmqpTable arguments = decodeTable(method.arguments);
    // What limits its credit itself is no matter of the prefetch.
    const bool isLimited = !method.noAck && !arguments.contains(QStringLiteral("x-credit"));
    const quint16 limit = isLimited ? m_prefetchSent.value_or(0) : 0;
    m_consumers.insert(tag,
                       {.noAck = method.noAck,
                        .fromStream = arguments.contains(QStringLiteral("x-stream-offset")),
                        .ledgerId = m_deliveries.addConsumer(limit)});
    return request(method, nameFrom, tag);
}

RequestId ChannelCore::cancel(const QByteArray &consumerTag)
{
    const auto consumer = m_consumers.find(consumerTag);
    if (consumer == m_consumers.end() || consumer->cancelling)
        return 0;
    consumer->cancelling = true;
    return request(BasicCancel{.consumerTag = QByteArrayView(consumerTag)}, 0, consumerTag);
}

void ChannelCore::selectConfirms()
{
    m_confirming = true;
    request(ConfirmSelect{});
}

RequestId ChannelCore::selectTransactions()
{
    m_transactional = true;
    return request(TxSelect{});
}

qsizetype ChannelCore::storedSize(const QAmqpMessage &message)
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    return d.body.size() + d.properties.size();
}

bool ChannelCore::fitsFrame(const QAmqpMessage &message, quint32 frameMax)
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    return d.properties.size() + ContentHeaderSize + FrameOverhead <= qsizetype(frameMax);
}

bool ChannelCore::waitingFitsFrames() const
{
    return std::all_of(m_waiting.begin(), m_waiting.end(), [this](const Waiting &waiting) {
        const qsizetype name = waiting.nameFrom ? MaxShortString : 0;
        return waiting.method.size() + name + FrameOverhead <= qsizetype(m_context.frameMax)
                && fitsFrame(waiting.message, m_context.frameMax);
    });
}

quint64 ChannelCore::publish(const BasicPublish &method, const QAmqpMessage &message,
                             RequestId nameFrom)
{
    const quint64 tag = m_nextTag++;
    m_context.log->used(m_number);
    if (m_confirming) {
        m_publishes.published(tag);
        if (method.mandatory)
            m_publishes.mayReturn(method.exchange,
                                  m_names.value(nameFrom, method.routingKey.toByteArray()),
                                  message.bytes(QAmqpMessage::Property::MessageId), nameFrom);
    }
    if (sendsAtOnce() && !nameFrom) {
        sendPublish(method, message);
        if (m_confirming)
            m_publishes.sent();
        return tag;
    }
    queue({.method = encoded(method),
           .nameAt = nameAt<BasicPublish>,
           .nameFrom = nameFrom,
           .hasContent = true,
           .confirming = m_confirming,
           .message = message});
    return tag;
}

// The three frames of an ordinary message in one piece; a large body goes block by block.
void ChannelCore::sendPublish(const BasicPublish &method, const QAmqpMessage &message)
{
    constexpr qsizetype smallBody = 4096 - 1024;
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    const qsizetype methodSize = encodedSize(method);
    const bool small = !d.body.isEmpty() && d.body.size() <= smallBody;
    Writer writer(m_context.output.reserve(methodSize + FrameOverhead + ContentHeaderSize
                                           + d.properties.size() + FrameOverhead
                                           + (small ? d.body.size() + FrameOverhead : 0)));
    encodeMethodFrame(writer, m_number, method, methodSize);
    encodeHeaderFrame(writer, m_number,
                      {BasicPublish::info.classId, quint64(d.body.size()), d.flags, d.properties});
    if (small) {
        beginFrame(writer, FrameType::Body, m_number, d.body.size());
        writer.bytes(d.body);
        endFrame(writer);
        return;
    }
    const qsizetype most = qsizetype(m_context.frameMax) - FrameOverhead;
    for (QByteArrayView rest = d.body; !rest.isEmpty();) {
        const QByteArrayView part = rest.first(std::min(rest.size(), most));
        Writer begin(m_context.output.reserve(FrameHeaderSize));
        beginFrame(begin, FrameType::Body, m_number, part.size());
        m_context.output.append(part);
        *m_context.output.reserve(1) = char(FrameEnd);
        rest = rest.sliced(part.size());
    }
}

RequestId ChannelCore::awaitConfirm()
{
    m_publishes.await(++m_context.lastRequest);
    return m_context.lastRequest;
}

RequestId ChannelCore::awaitAllConfirms()
{
    return m_publishes.awaitAll(++m_context.lastRequest) ? m_context.lastRequest : 0;
}

Deadline ChannelCore::await(TimePoint until, const QAmqpError &late)
{
    const Deadline deadline(until, ++m_context.lastRequest);
    m_context.awaited.emplace(
            deadline, Replied{.channel = m_number, .request = deadline.second, .error = late});
    return deadline;
}

void ChannelCore::ack(quint64 deliveryTag, bool multiple)
{
    sendOrQueue(BasicAck{deliveryTag, multiple});
}

void ChannelCore::nack(quint64 deliveryTag, bool multiple, bool requeue)
{
    sendOrQueue(BasicNack{deliveryTag, multiple, requeue});
}

void ChannelCore::giveBack(quint64 deliveryTag)
{
    m_deliveries.settle(deliveryTag, false, [this](quint64 tag, bool) { nack(tag, false, true); });
}

// The request whose time runs: not only one that was sent, also one that waits behind a lost reply.
ChannelCore::Request *ChannelCore::oldestRequest()
{
    for (Request *request : {&m_handshake, &m_getting}) {
        if (request->isAwaited())
            return request;
    }
    for (Request &request : m_unanswered) {
        if (request.isAwaited())
            return &request;
    }
    for (Waiting &waiting : m_waiting) {
        if (waiting.request.isAwaited())
            return &waiting.request;
    }
    return nullptr;
}

// close() was called, and all that is still missing are confirms, or the broker's leave to publish.
bool ChannelCore::isCloseHeldUp()
{
    return m_closeWanted && !m_closeReady && m_state == ChannelState::Open && !oldestRequest();
}

void ChannelCore::timeout(TimePoint now, std::chrono::milliseconds requestTimeout, bool blocked)
{
    const std::optional<TimePoint> deadline = nextTimeout(now, requestTimeout);
    if (!deadline || now < *deadline)
        return;
    if (Request *const oldest = oldestRequest())
        requestTimedOut(*oldest, requestTimeout, blocked);
    else
        closeTimedOut(requestTimeout, blocked);
}

static QString blockedNote(bool blocked)
{
    return blocked ? QStringLiteral("; the broker has this connection blocked, see "
                                    "QAmqpConnection::blockedReason()")
                   : QString();
}

void ChannelCore::requestTimedOut(Request &request, std::chrono::milliseconds requestTimeout,
                                  bool blocked)
{
    QAmqpError error(QAmqpError::Kind::Timeout, QAmqpError::Scope::Operation,
                     QAmqpError::Origin::Library,
                     formatted(u"%1 on channel %2 was not answered within %3 ms%4",
                               methodName(request.method), m_number, requestTimeout.count(),
                               blockedNote(blocked)));
    error.setMethod(methodName(request.method));
    // Nothing may be sent before tx.commit-ok, and basic.recover leaves open which tags are valid.
    if (&request == &m_handshake || request.method == TxCommit::info.id()
        || request.method == BasicRecover::info.id())
        return giveUp(error.setScope(QAmqpError::Scope::Channel), request.method);
    request.over = true;
    m_context.events.push_back(Replied{.channel = m_number, .request = request.id, .error = error});
    // What waits behind the lost answer is never sent; a close need not wait for it.
    if (m_closeWanted && m_state == ChannelState::Open && m_consumeUnanswered && !oldestRequest())
        readyToClose();
    closeIfIdle();
}

void ChannelCore::closeTimedOut(std::chrono::milliseconds requestTimeout, bool blocked)
{
    const quint64 publishes = std::max<quint64>(m_publishes.unconfirmed(), m_waiting.size());
    giveUp(QAmqpError(QAmqpError::Kind::Timeout, QAmqpError::Scope::Channel,
                      QAmqpError::Origin::Library,
                      formatted(u"channel %1 was closed before the broker had answered for %2 "
                                "publishes, since it answered for none within %3 ms%4",
                                m_number, publishes, requestTimeout.count(), blockedNote(blocked))),
           0);
}

// Asked at the end of a turn, so that a request which became the oldest in it gets its deadline.
std::optional<TimePoint> ChannelCore::nextTimeout(TimePoint now,
                                                  std::chrono::milliseconds requestTimeout)
{
    if (requestTimeout.count() == 0)
        return std::nullopt;
    std::optional<TimePoint> *since = nullptr;
    if (Request *const oldest = oldestRequest())
        since = &oldest->oldestSince;
    else if (isCloseHeldUp())
        since = &m_closeHeldUp;
    if (!since)
        return std::nullopt;
    if (!*since)
        *since = now;
    return **since + requestTimeout;
}

// Returns whether that tells the cause to a caller; nobody called confirm.select, and basic.consume has
// no answer of its own.
bool ChannelCore::failRequests(const QAmqpError &error, quint32 guiltyMethod)
{
    bool told = false;
    const auto fail = [&](const Request &request) {
        const bool guilty = request.method && request.method == guiltyMethod;
        if (guilty)
            guiltyMethod = 0;
        if (!request.isAwaited())
            return;
        QAmqpError own = error;
        told |= guilty && request.method != ConfirmSelect::info.id()
                && request.method != BasicConsume::info.id();
        if (guilty) {
            own.setScope(QAmqpError::Scope::Operation);
        } else {
            const QString name = methodName(request.method);
            const QString why = error ? error.text() : QStringLiteral("the channel was closed");
            own = operationError(QAmqpError::Kind::Cancelled, error.origin(),
                                 formatted(u"%1 was given up: %2", name, why));
            own.setMethod(name).setCause(error);
        }
        m_context.events.push_back(
                Replied{.channel = m_number, .request = request.id, .error = own});
    };
    fail(m_getting);
    for (const Request &request : m_unanswered)
        fail(request);
    for (const Waiting &waiting : m_waiting) {
        fail(waiting.request);
        m_context.waitingBytes -= waiting.size();
    }
    m_getting = {};
    m_unanswered.clear();
    m_waiting.clear();
    for (auto next = m_context.awaited.begin(); next != m_context.awaited.end();) {
        const auto answer = next++;
        if (answer->second.channel != m_number)
            continue;
        Replied end = std::move(m_context.awaited.extract(answer).mapped());
        end.error = operationError(error ? error.kind() : QAmqpError::Kind::Cancelled,
                                   error.origin(), u"no reply can come any more: %1",
                                   error ? error.text() : QStringLiteral("the channel was closed"))
                            .setCause(error);
        m_context.events.push_back(std::move(end));
        told = true;
    }
    return told;
}

void ChannelCore::end(const QAmqpError &error)
{
    if (move(Cause::Ended))
        finish(error, 0);
}

// The channel cannot go on, without this answer or with such a peer. For the application it is over; its
// number stays taken until the broker, which may only be slow, has answered the close.
void ChannelCore::giveUp(const QAmqpError &error, quint32 guiltyMethod, ReplyCode code)
{
    const QByteArray why = error.text().toUtf8().left(MaxShortString);
    if (m_state != ChannelState::Closing)
        code == ReplyCode::Success ? sendClose() : sendClose(code, why);
    m_handshake.over = true;
    finish(error, guiltyMethod);
}

// Tells everything that was under way how it ended.
void ChannelCore::finish(const QAmqpError &error, quint32 guiltyMethod)
{
    if (std::exchange(m_told, true))
        return;
    readyToClose(); // before any slot hears of the end
    const bool told = failRequests(error, guiltyMethod) | m_publishes.end(error);
    m_assembler.clear();
    m_consumers.clear();
    m_context.events.push_back(ChannelClosed{m_number, error, told});
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
