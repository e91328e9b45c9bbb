// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "scripted/scriptedbroker.h"

#include "codec/dispatch.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <QtCore/qtimer.h>

#include <algorithm>

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

namespace QtAmqpTest {

namespace {

struct Describer
{
    QString text;
    template<typename Method>
    void on(const Method &method)
    {
        text = describe(method);
    }
};

QString describeReceived(const Received &received)
{
    Describer describer;
    if (received.method == 0)
        return u"a heartbeat"_s;
    Reader in(received.fields);
    dispatch(received.method, in, describer);
    return u"%1 on channel %2"_s
            .arg(describer.text.isEmpty() ? methodName(received.method) : describer.text)
            .arg(received.channel);
}

bool hasContent(quint32 method)
{
    return [&]<typename... Methods>(TypeList<Methods...>) {
        return ((Methods::info.id() == method && Methods::info.hasContent) || ...);
    }(AllMethods());
}

QByteArray serverProperties()
{
    const QAmqpTable capabilities = {
            {u"publisher_confirms"_s, true}, {u"exchange_exchange_bindings"_s, true},
            {u"basic.nack"_s, true},         {u"consumer_cancel_notify"_s, true},
            {u"connection.blocked"_s, true}, {u"authentication_failure_close"_s, true},
            {u"per_consumer_qos"_s, true},   {u"direct_reply_to"_s, true}};
    return encodeTable({{u"capabilities"_s, capabilities},
                        {u"product"_s, u"Scripted broker"_s},
                        {u"version"_s, u"3.10.8"_s}});
}

} // namespace

QByteArray frame(FrameType type, quint16 channel, QByteArrayView payload)
{
    QByteArray bytes(payload.size() + FrameOverhead, Qt::Uninitialized);
    Writer writer(bytes.data());
    beginFrame(writer, type, channel, payload.size());
    writer.bytes(payload);
    endFrame(writer);
    return bytes;
}

QByteArray heartbeatFrame() { return frame(FrameType::Heartbeat, 0, {}); }

QByteArray headerFrame(quint16 channel, const QAmqpMessage &message,
                       std::optional<quint64> claimedSize)
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    const ContentHeader header{BasicDeliver::info.classId,
                               claimedSize.value_or(quint64(d.body.size())), d.flags, d.properties};
    QByteArray bytes(ContentHeaderSize + header.properties.size() + FrameOverhead,
                     Qt::Uninitialized);
    Writer writer(bytes.data());
    encodeHeaderFrame(writer, channel, header);
    return bytes;
}

QByteArray contentFrames(quint16 channel, const QAmqpMessage &message, quint32 frameMax)
{
    QByteArray bytes = headerFrame(channel, message);
    const QByteArray body = message.body();
    const qsizetype most = qsizetype(frameMax) - FrameOverhead;
    for (qsizetype at = 0; at < body.size(); at += most)
        bytes += frame(FrameType::Body, channel,
                       QByteArrayView(body).sliced(at, std::min(most, body.size() - at)));
    return bytes;
}

// --- Script ---

Script &Script::add(Step step)
{
    m_steps.append(std::move(step));
    return *this;
}

Script &Script::sendBytes(const QByteArray &bytes, const QString &what)
{
    Step step{Step::Send, what};
    step.bytes = bytes;
    return add(std::move(step));
}

Script &Script::on(quint16 channel)
{
    m_channel = channel;
    return *this;
}

Script &Script::expectHeader()
{
    return add({Step::ExpectHeader, u"expect the protocol header"_s});
}

Script &Script::expectHeartbeat() { return add({Step::ExpectHeartbeat, u"expect a heartbeat"_s}); }

Script &Script::ignoreRest() { return add({Step::Ignore, u"ignore the rest"_s}); }

Script &Script::sendHeartbeat() { return sendBytes(heartbeatFrame(), u"send a heartbeat"_s); }

Script &Script::garbage(const QByteArray &bytes) { return sendBytes(bytes, u"send raw bytes"_s); }

Script &Script::after(std::chrono::milliseconds delay)
{
    Step step{Step::After, u"wait"_s};
    step.delay = delay;
    return add(std::move(step));
}

Script &Script::drop() { return add({Step::Drop, u"drop the connection"_s}); }

Script &Script::stall() { return add({Step::Stall, u"stall"_s}); }

Script &Script::start(const QByteArray &mechanisms, quint8 minorVersion)
{
    const QByteArray properties = serverProperties();
    return expectHeader().send(ConnectionStart{0, minorVersion, QByteArrayView(properties),
                                               QByteArrayView(mechanisms),
                                               QByteArrayView("en_US")});
}

Script &Script::handshake(const ConnectionTune &tune)
{
    return start()
            .expect<ConnectionStartOk>()
            .reply(tune)
            .expect<ConnectionTuneOk>()
            .expect<ConnectionOpen>()
            .reply(ConnectionOpenOk{});
}

Script &Script::channelOpen(quint16 channel)
{
    return on(channel).expect<ChannelOpen>().reply(ChannelOpenOk{});
}

Script &Script::connectionClose()
{
    return expect<ConnectionClose>([](const ConnectionClose &m) { return m.replyCode == 200; })
            .reply(ConnectionCloseOk{});
}

Script &Script::then(const Script &more)
{
    m_steps += more.m_steps;
    m_channel = more.m_channel;
    return *this;
}

Script Script::withFault(qsizetype step, Fault fault) const
{
    Script faulty;
    faulty.m_steps = m_steps.first(step);
    QString what;
    switch (fault) {
    case Fault::Disconnect:
        what = u"disconnect"_s;
        faulty.drop();
        break;
    case Fault::TruncatedFrame: {
        what = u"truncated frame and disconnect"_s;
        const QByteArray whole = m_steps.at(step).kind == Step::Send
                ? m_steps.at(step).bytes
                : methodFrame(ConnectionUnblocked{}, 0);
        faulty.garbage(whole.first(whole.size() / 2)).drop();
        break;
    }
    case Fault::Garbage:
        what = u"garbage"_s;
        faulty.garbage(QByteArray("\x07"
                                  "garbage \xff\xfe, and not a frame at all"))
                .ignoreRest();
        break;
    case Fault::BrokerClose:
        what = u"connection.close 320"_s;
        faulty.send(ConnectionClose{320, QByteArrayView("CONNECTION_FORCED - shutdown"), 0, 0}, 0)
                .await<ConnectionCloseOk>()
                .drop();
        break;
    case Fault::Stall:
        what = u"stall"_s;
        faulty.stall();
        break;
    }
    faulty.m_title = u"%1 in place of step %2 (%3)"_s.arg(what, QString::number(step + 1),
                                                          m_steps.at(step).what);
    return faulty;
}

// --- ScriptPlayer ---

ScriptPlayer::ScriptPlayer(Script script) : m_script(std::move(script)) { }

void ScriptPlayer::connected()
{
    m_headerSeen = false;
    m_frameMax = UntunedFrameMax;
    m_input.clear();
    m_received.clear();
    m_contents.clear();
    advance();
}

void ScriptPlayer::append(const Script &more)
{
    m_script.then(more);
    advance();
}

void ScriptPlayer::waited()
{
    ++m_at;
    advance();
}

void ScriptPlayer::dropped()
{
    ++m_at;
    m_received.clear();
}

void ScriptPlayer::clientClosed()
{
    if (kind() == Step::Drop || kind() == Step::Ignore || kind() == Step::Stall)
        ++m_at;
}

std::optional<Step::Kind> ScriptPlayer::kind() const
{
    if (m_at == m_script.steps().size())
        return std::nullopt;
    return m_script.steps().at(m_at).kind;
}

std::optional<std::chrono::milliseconds> ScriptPlayer::delay() const
{
    if (kind() != Step::After || hasFailed())
        return std::nullopt;
    return m_script.steps().at(m_at).delay;
}

bool ScriptPlayer::isExhausted() const
{
    const qsizetype left = m_script.steps().size() - m_at;
    return !hasFailed()
            && (left == 0 || (left == 1 && (kind() == Step::Ignore || kind() == Step::Stall)));
}

QString ScriptPlayer::report() const
{
    QString text = m_script.title().isEmpty() ? QString() : m_script.title() + u": "_s;
    if (m_at == m_script.steps().size())
        text += u"behind the last step"_s;
    else
        text += u"at step %1 of %2 (%3)"_s.arg(m_at + 1)
                        .arg(m_script.steps().size())
                        .arg(m_script.steps().at(m_at).what);
    return hasFailed() ? text + u": "_s + m_failure : text;
}

void ScriptPlayer::fail(const QString &why)
{
    if (m_failure.isEmpty())
        m_failure = why;
}

// Plays what needs nothing from the client, and what it has sent already.
void ScriptPlayer::advance()
{
    while (!hasFailed()) {
        const auto now = kind();
        if (now == Step::Send) {
            m_output += m_script.steps().at(m_at++).bytes;
            continue;
        }
        if (now == Step::Ignore || now == Step::Stall)
            m_received.clear();
        if (now == Step::After || now == Step::Drop || m_received.empty())
            return;
        const Received received = std::move(m_received.front());
        m_received.pop_front();
        if (received.method == 0 && now != Step::ExpectHeartbeat)
            continue;
        if (!now)
            return fail(u"the client sent more: "_s + describeReceived(received));
        if (take(received))
            ++m_at;
    }
}

bool ScriptPlayer::take(const Received &received)
{
    const Step &step = m_script.steps().at(m_at);
    const bool same = step.kind == Step::ExpectHeartbeat ? received.method == 0
                                                         : step.kind != Step::ExpectHeader
                    && received.method == step.method && received.channel == step.channel;
    if (!same) {
        if (step.kind != Step::Await)
            fail(u"the client sent "_s + describeReceived(received));
        return false;
    }
    if (const QString wrong = step.check ? step.check(received) : QString(); !wrong.isEmpty()) {
        fail(wrong);
        return false;
    }
    return true;
}

void ScriptPlayer::receive(QByteArrayView bytes)
{
    m_input += bytes;
    if (!m_headerSeen) {
        if (m_input.size() < ProtocolHeaderSize)
            return;
        m_headerSeen = true;
        if (m_input.first(ProtocolHeaderSize) != QByteArrayView(ProtocolHeader, ProtocolHeaderSize))
            return fail(u"the client's protocol header is "_s
                        + QString::fromLatin1(m_input.first(ProtocolHeaderSize).toHex(' ')));
        m_input.remove(0, ProtocolHeaderSize);
        if (kind() == Step::ExpectHeader)
            ++m_at;
    }
    qsizetype at = 0;
    while (!hasFailed()) {
        Frame next;
        FrameError error;
        const FrameResult result =
                nextFrame(QByteArrayView(m_input).sliced(at), m_frameMax, next, error);
        if (result == FrameResult::Malformed)
            return fail(u"the client sent a malformed frame: "_s + error.text);
        if (result == FrameResult::Incomplete)
            break;
        received(next);
        at += next.payload.size() + FrameOverhead;
    }
    m_input.remove(0, at);
    advance();
}

void ScriptPlayer::received(const Frame &next)
{
    Reader in(next.payload);
    if (next.type == FrameType::Heartbeat) {
        m_received.push_back({});
        return;
    }
    if (next.type == FrameType::Method) {
        if (m_contents.contains(next.channel))
            return fail(u"the client sent a method in the middle of a message"_s);
        const quint32 method = in.read<quint32>();
        Received received{next.channel, method, next.payload.sliced(4).toByteArray(), {}};
        if (method == ConnectionTuneOk::info.id()) {
            Reader fields(received.fields);
            const quint32 frameMax = decode<ConnectionTuneOk>(fields).frameMax;
            m_frameMax = frameMax ? frameMax : 0x7fffffff;
        }
        if (hasContent(method))
            m_contents[next.channel].received = std::move(received);
        else
            m_received.push_back(std::move(received));
        return;
    }
    const auto content = m_contents.find(next.channel);
    if (content == m_contents.end() || content->hasHeader == (next.type == FrameType::Header))
        return fail(u"the client sent a header or body frame out of place"_s);
    if (next.type == FrameType::Header) {
        const ContentHeader header = decodeContentHeader(in);
        if (!in.ok() || header.classId != BasicPublish::info.classId)
            return fail(u"the client sent a malformed content header"_s);
        content->hasHeader = true;
        content->size = header.bodySize;
        content->flags = header.flags;
        content->properties = header.properties.toByteArray();
    } else {
        content->body += next.payload;
        if (quint64(content->body.size()) > content->size || next.payload.isEmpty())
            return fail(u"the client sent a body frame too many"_s);
    }
    completeIfWhole(next.channel);
}

void ScriptPlayer::completeIfWhole(quint16 channel)
{
    if (quint64(m_contents[channel].body.size()) != m_contents[channel].size)
        return;
    Content content = m_contents.take(channel);
    content.received.message =
            QAmqpMessagePrivate::make(content.body, content.flags, content.properties);
    m_received.push_back(std::move(content.received));
}

// --- ScriptedServer ---

ScriptedServer::ScriptedServer(const Script &script) : m_player(script)
{
    QObject::connect(&m_server, &QTcpServer::newConnection, &m_server, [this] { accept(); });
    if (!m_server.listen(QHostAddress::LocalHost))
        qFatal("the scripted server cannot listen: %s", qPrintable(m_server.errorString()));
}

ScriptedServer::~ScriptedServer()
{
    // What the client has sent counts, though nobody had the time to look at it.
    while (m_socket && !isExhausted() && m_socket->waitForReadyRead(1000)) { }
    if (m_socket)
        m_socket->disconnect();
    if (!isExhausted() && !QTest::currentTestFailed())
        QTest::qFail(qPrintable(u"the script was not played to its end: "_s + report()), __FILE__,
                     __LINE__);
}

QUrl ScriptedServer::url() const { return QUrl(u"amqp://guest:guest@127.0.0.1:%1/"_s.arg(port())); }

void ScriptedServer::then(const Script &more)
{
    m_player.append(more);
    pump();
}

void ScriptedServer::accept()
{
    QTcpSocket *socket = m_server.nextPendingConnection();
    ++m_connections;
    socket->setSocketOption(QAbstractSocket::LowDelayOption, 1); // else 40 ms now and then
    if (m_socket) // one client at a time; the one before is still being dropped
        m_socket->disconnect();
    m_socket = socket;
    QObject::connect(socket, &QTcpSocket::readyRead, &m_server, [this, socket] {
        m_player.receive(socket->readAll());
        pump();
    });
    QObject::connect(socket, &QTcpSocket::disconnected, &m_server, [this, socket] {
        socket->deleteLater();
        m_socket = nullptr;
        m_player.clientClosed();
    });
    m_player.connected();
    pump();
}

void ScriptedServer::pump()
{
    if (!m_socket)
        return;
    m_socket->write(m_player.takeOutput());
    if (m_player.hasFailed()) {
        m_socket->abort();
    } else if (m_player.wantsDrop()) {
        // What was written still arrives, then the end of the stream.
        QTcpSocket *socket = m_socket;
        m_socket = nullptr;
        socket->disconnect();
        m_player.dropped();
        QObject::connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
        socket->disconnectFromHost();
    } else if (const auto delay = m_player.delay(); delay && !m_waiting) {
        m_waiting = true;
        QTimer::singleShot(*delay, &m_server, [this] {
            m_waiting = false;
            m_player.waited();
            pump();
        });
    }
}

} // namespace QtAmqpTest
