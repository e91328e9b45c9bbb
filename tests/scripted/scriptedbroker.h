// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_SCRIPTEDBROKER_H
#define QTAMQP_TESTS_SCRIPTEDBROKER_H

// A broker that follows a script. The script is data, a list of steps that reads as a conversation:
//
//     Script script = Script().handshake().channelOpen()
//             .expect<QueueDeclare>([](const QueueDeclare &m) { return m.queue == "q"; })
//             .reply(QueueDeclareOk{"q"})
//             .expect<BasicPublish>([](const BasicPublish &, const QAmqpMessage &m) { return m.body() == "x"; })
//             .reply(BasicAck{1});
//
// It is played without any input or output by a ScriptPlayer (tests/protocol does that with a virtual
// clock), or on a loopback socket by a ScriptedServer. forEachStep() plays it once for every step and
// every fault, the fault taking the step's place.
//
// Players reuse the library's codec and know nothing of its protocol layer. They are strict: a method
// that the script does not expect next, a malformed one, a frame above the negotiated size and anything
// behind the last step is a failure. The client's heartbeats alone are let pass where none is expected.

#include "codec/frame.h"
#include "codec/methods.h"

#include <QtAmqp/qamqpmessage.h>
#include <QtCore/qhash.h>
#include <QtCore/qpointer.h>
#include <QtCore/qurl.h>
#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>
#include <QtTest/qtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <optional>

namespace QtAmqpTest {

// A method that the client sent, with its content if it carries one.
struct Received
{
    quint16 channel = 0;
    quint32 method = 0; // 0: a heartbeat
    QByteArray fields;
    QAmqpMessage message;
};

struct Step
{
    enum Kind { ExpectHeader, ExpectHeartbeat, Expect, Await, Ignore, Send, After, Drop, Stall };

    Kind kind;
    QString what;
    quint16 channel = 0;
    quint32 method = 0;
    std::function<QString(const Received &)> check = {}; // what is wrong with it, or nothing
    QByteArray bytes = {};
    std::chrono::milliseconds delay{0};
};

enum class Fault { Disconnect, TruncatedFrame, Garbage, BrokerClose, Stall };

template<typename Method>
QByteArray methodFrame(const Method &method, quint16 channel)
{
    const qsizetype size = QtAmqpPrivate::encodedSize(method);
    QByteArray bytes(size + QtAmqpPrivate::FrameOverhead, Qt::Uninitialized);
    QtAmqpPrivate::Writer writer(bytes.data());
    QtAmqpPrivate::encodeMethodFrame(writer, channel, method, size);
    return bytes;
}

QByteArray frame(QtAmqpPrivate::FrameType type, quint16 channel, QByteArrayView payload);
QByteArray heartbeatFrame();
// The header of a content; `claimedSize` instead of the body's own for a broker that lies.
QByteArray headerFrame(quint16 channel, const QAmqpMessage &message,
                       std::optional<quint64> claimedSize = {});
// Header and body frames of at most `frameMax` bytes.
QByteArray contentFrames(quint16 channel, const QAmqpMessage &message, quint32 frameMax);

class Script
{
public:
    // What the channel number of the following steps is, those of class connection aside. At first: 1.
    Script &on(quint16 channel);

    Script &expectHeader();
    Script &expectHeartbeat();
    template<typename Method>
    Script &expect()
    {
        return expect<Method>([](const Method &) {});
    }
    // `check` takes the method, or the method and its QAmqpMessage; it returns bool, or nothing.
    template<typename Method, typename Check>
    Script &expect(Check check)
    {
        return add(awaiting<Method>(Step::Expect, "expect ", std::move(check)));
    }
    // Lets everything pass until this method comes.
    template<typename Method>
    Script &await()
    {
        return add(awaiting<Method>(Step::Await, "await ", [](const Method &) {}));
    }
    Script &ignoreRest();

    template<typename Method>
    Script &send(const Method &method, quint16 channel)
    {
        return sendBytes(methodFrame(method, channel),
                         QStringLiteral("send ") + QLatin1String(Method::info.name));
    }
    template<typename Method>
    Script &send(const Method &method)
    {
        return send(method, channelOf<Method>());
    }
    // The same as send(), for a method that answers the one before.
    template<typename Method>
    Script &reply(const Method &method)
    {
        return send(method);
    }
    // A content in one step: method, header, body frames.
    template<typename Method>
    Script &sendContent(const Method &method, const QAmqpMessage &message,
                        quint32 frameMax = 131072)
    {
        return sendBytes(methodFrame(method, m_channel)
                                 + contentFrames(m_channel, message, frameMax),
                         QStringLiteral("send ") + QLatin1String(Method::info.name));
    }
    Script &sendHeartbeat();
    Script &garbage(const QByteArray &bytes);
    Script &after(std::chrono::milliseconds delay);
    Script &drop();
    Script &stall();

    // Protocol header up to connection.open-ok, as RabbitMQ does it.
    Script &handshake(const QtAmqpPrivate::ConnectionTune &tune = {2047, 131072, 60});
    // Only the first two steps of it: header, connection.start.
    Script &start(const QByteArray &mechanisms = "PLAIN AMQPLAIN", quint8 minorVersion = 9);
    Script &channelOpen(quint16 channel = 1);
    // What follows close() on the client: connection.close and its answer.
    Script &connectionClose();

    Script &then(const Script &more);

    const QList<Step> &steps() const { return m_steps; }
    QString title() const { return m_title; }
    Script withFault(qsizetype step, Fault fault) const;

private:
    template<typename Method>
    quint16 channelOf() const
    {
        return Method::info.classId == QtAmqpPrivate::ConnectionStart::info.classId ? 0 : m_channel;
    }
    Script &add(Step step);
    Script &sendBytes(const QByteArray &bytes, const QString &what);

    template<typename Method, typename Check>
    Step awaiting(Step::Kind kind, const char *verb, Check check)
    {
        Step step{kind, QLatin1String(verb) + QLatin1String(Method::info.name), channelOf<Method>(),
                  Method::info.id()};
        step.check = [check](const Received &received) -> QString {
            QtAmqpPrivate::Reader in(received.fields);
            const Method method = QtAmqpPrivate::decode<Method>(in);
            if (!in.ok())
                return QLatin1String(Method::info.name) + u' ' + QLatin1String(in.error());
            const auto call = [&] {
                if constexpr (std::is_invocable_v<Check, const Method &, const QAmqpMessage &>)
                    return check(method, received.message);
                else
                    return check(method);
            };
            if constexpr (std::is_void_v<decltype(call())>)
                call();
            else if (!call())
                return QStringLiteral("not as expected: ") + QtAmqpPrivate::describe(method);
            return {};
        };
        return step;
    }

    QList<Step> m_steps;
    QString m_title;
    quint16 m_channel = 1;
};

// Plays a script for one client at a time; a client that comes back goes on where the last one ended.
class ScriptPlayer
{
public:
    explicit ScriptPlayer(Script script);

    // happened
    void connected();
    void receive(QByteArrayView bytes);
    void clientClosed();
    void waited();
    void dropped();
    void append(const Script &more);

    // to do
    QByteArray takeOutput() { return std::exchange(m_output, {}); }
    std::optional<std::chrono::milliseconds> delay() const;
    bool wantsDrop() const { return kind() == Step::Drop && m_failure.isEmpty(); }

    // ask
    bool isExhausted() const;
    bool hasFailed() const { return !m_failure.isEmpty(); }
    QString report() const; // where the script stands and what went wrong

private:
    struct Content
    {
        Received received;
        bool hasHeader = false;
        quint64 size = 0;
        quint16 flags = 0;
        QByteArray properties;
        QByteArray body;
    };

    std::optional<Step::Kind> kind() const;
    void advance();
    bool take(const Received &received);
    void fail(const QString &why);
    void received(const QtAmqpPrivate::Frame &frame);
    void completeIfWhole(quint16 channel);

    Script m_script;
    qsizetype m_at = 0;
    QByteArray m_input;
    QByteArray m_output;
    bool m_headerSeen = false;
    quint32 m_frameMax = 0;
    std::deque<Received> m_received;
    QHash<quint16, Content> m_contents;
    QString m_failure;
};

// Plays a script on a loopback port, in the thread and event loop of the test. Its destructor fails
// the test if the script was not played to its end.
class ScriptedServer
{
public:
    explicit ScriptedServer(const Script &script);
    ~ScriptedServer();
    Q_DISABLE_COPY_MOVE(ScriptedServer)

    quint16 port() const { return m_server.serverPort(); }
    QUrl url() const;

    void then(const Script &more);
    bool isExhausted() const { return m_player.isExhausted(); }
    QString report() const { return m_player.report(); }
    int connections() const { return m_connections; }

private:
    void accept();
    void pump();

    ScriptPlayer m_player;
    QTcpServer m_server;
    QPointer<QTcpSocket> m_socket;
    bool m_waiting = false;
    int m_connections = 0;
};

// Runs `run` with the script as it is once per step and fault: the fault in place of the step, and
// nothing after it.
template<typename Run>
void forEachStep(const Script &script, Run run)
{
    for (qsizetype step = 0; step < script.steps().size(); ++step) {
        for (const Fault fault : {Fault::Disconnect, Fault::TruncatedFrame, Fault::Garbage,
                                  Fault::BrokerClose, Fault::Stall}) {
            const Script faulty = script.withFault(step, fault);
            run(faulty);
            if (QTest::currentTestFailed()) {
                qWarning("that was: %s", qPrintable(faulty.title()));
                return;
            }
        }
    }
}

} // namespace QtAmqpTest

#endif
