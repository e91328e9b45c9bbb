// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include "coredriver.h"

#include "values/tableformat.h"

#include <QtCore/qrandom.h>

using namespace QtAmqpTest;

// A peer that sends anything at all. Invariant: no crash, at most one end of the connection, told
// last, every request ended and every publish settled once it came (CoreDriver::verdict() without a
// script), and what is kept never exceeds what was sent by much.

namespace {

// A core that is open, with a channel that confirms, consumes, gets and waits for replies. If it recovers, it gets
// another link for each one that it has lost.
struct Target
{
    const bool recovers;
    ConnectionCore core;
    TimePoint now = TimePoint(1000h);
    std::vector<RequestId> requests;
    QHash<RequestId, int> ended;
    QHash<quint64, int> settled;
    int closed = 0;
    int lost = 0;
    bool behindTheEnd = false;

    explicit Target(bool recovering = false)
        : recovers(recovering)
        , core(QAmqpConnectionOptions()
                       .setMaxMessageSize(1 << 20)
                       .setRecoveryEnabled(recovering)
                       .setRetryPolicy(recovering ? QAmqpRetryPolicy::endless()
                                                  : QAmqpRetryPolicy()))
    {
        ChannelCore *channel = core.addChannel(1);
        channel->selectConfirms();
        for (int i = 0; i < 3; ++i)
            channel->publish(publishTo("q", true), QByteArray("x"));
        requests = {channel->request(declare()), channel->request(get("q")),
                    channel->consume(consume("q", "c"))};
        channel->publish(publishTo({}), QByteArray("named"), channel->lastDeclared());
        requests.push_back(channel->request(declare("r")));
        core.open(now);
        core.transportOpened(now);
    }

    void feed(QByteArrayView bytes)
    {
        if (core.state() == ConnectionState::Waiting)
            connect();
        core.receive(bytes, now);
        turn();
    }

    void connect()
    {
        now += 31s;
        turn();
        core.transportOpened(now);
        turn();
    }

    void turn()
    {
        core.timeout(now);
        while (const auto event = core.nextEvent()) {
            behindTheEnd = behindTheEnd || closed;
            closed += std::holds_alternative<ConnectionClosed>(*event);
            lost += std::holds_alternative<LinkLost>(*event);
            if (const auto *asked = std::get_if<Asked>(&*event)) {
                asked->question->ask();
                core.answered(asked->question);
            } else if (const auto *replied = std::get_if<Replied>(&*event))
                ++ended[replied->request];
            else if (const auto *got = std::get_if<Got>(&*event))
                ++ended[got->request];
            else if (const auto *s = std::get_if<Settled>(&*event)) {
                for (quint64 tag = s->firstTag; tag <= s->lastTag; ++tag)
                    ++settled[tag];
            } else if (const auto *end = std::get_if<ChannelClosed>(&*event)) {
                core.removeChannel(end->channel);
            }
        }
        while (!core.takeOutput().isEmpty()) { }
        core.nextTimeout();
    }

    void lose()
    {
        core.transportLost(
                QAmqpError(Kind::ConnectionLost, Scope::Connection, Origin::Transport, u"gone"_s));
        turn();
    }

    QString finish()
    {
        recovers ? core.abort() : lose();
        turn();
        if (closed != 1 || behindTheEnd)
            return u"the end was told %1 times, or not last"_s.arg(closed);
        for (const RequestId request : requests) {
            if (ended.value(request) != 1)
                return u"request %1 ended %2 times"_s.arg(request).arg(ended.value(request));
        }
        for (quint64 tag = 1; tag <= 4; ++tag) {
            if (settled.value(tag) != 1)
                return u"publish %1 was settled %2 times"_s.arg(tag).arg(settled.value(tag));
        }
        return core.waitingBytes() == 0 ? QString() : u"bytes are said to wait"_s;
    }
};

// What an honest broker sends, frame by frame: the seeds of what is mutated.
QList<QByteArray> honestFrames()
{
    QAmqpMessage message(QByteArray(300, 'm'));
    message.setContentType(u"text/plain"_s);
    message.setHeaders({{u"a"_s, 1}, {u"nested"_s, QAmqpTable{{u"b"_s, u"c"_s}}}});
    const QAmqpTable able{{u"publisher_confirms"_s, true}};
    const QByteArray properties = encodeTable(QAmqpTable{{u"capabilities"_s, able}});
    return {methodFrame(ConnectionStart{0, 9, QByteArrayView(properties), "PLAIN", "en_US"}, 0),
            methodFrame(ConnectionTune{10, 8192, 20}, 0),
            methodFrame(ConnectionOpenOk{}, 0),
            methodFrame(ChannelOpenOk{}, 1),
            methodFrame(ConfirmSelectOk{}, 1),
            methodFrame(BasicAck{1, false}, 1),
            methodFrame(QueueDeclareOk{"amq.gen-1", 1, 2}, 1),
            methodFrame(getOk(1), 1) + contentFrames(1, message, 200),
            methodFrame(BasicConsumeOk{"c"}, 1),
            methodFrame(delivery("c", 2), 1) + contentFrames(1, message, 8192),
            methodFrame(BasicReturn{312, "NO_ROUTE", "", "q"}, 1) + contentFrames(1, message, 8192),
            methodFrame(QueueDeclareOk{"r", 0, 0}, 1),
            methodFrame(ConnectionBlocked{"memory"}, 0),
            methodFrame(BasicNack{3, true, false}, 1),
            heartbeatFrame(),
            methodFrame(BasicCancel{"c", true}, 1),
            methodFrame(ConnectionUnblocked{}, 0),
            methodFrame(ChannelFlow{false}, 1),
            methodFrame(BasicAck{0, true}, 1),
            methodFrame(ChannelClose{404, "NOT_FOUND", 50, 10}, 1),
            methodFrame(ConnectionClose{320, "CONNECTION_FORCED", 0, 0}, 0)};
}

QByteArray mutated(QList<QByteArray> frames, QRandomGenerator &random)
{
    const auto pick = [&](qsizetype size) { return qsizetype(random.bounded(quint32(size))); };
    const int changes = int(random.bounded(4));
    for (int i = 0; i < changes; ++i) {
        const qsizetype at = pick(frames.size());
        switch (random.bounded(7)) {
        case 0: frames.swapItemsAt(at, pick(frames.size())); break;
        case 1: frames.removeAt(at); break;
        case 2: frames.insert(at, frames.at(pick(frames.size()))); break;
        case 3: frames[at].truncate(pick(frames.at(at).size())); break;
        case 4: frames[at].insert(pick(frames.at(at).size()), char(random.bounded(256))); break;
        default: // mostly: single bytes, with a liking for the edges
            for (int n = int(random.bounded(1, 4)); n > 0 && !frames.at(at).isEmpty(); --n) {
                const quint8 edges[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff, quint8(random.bounded(256))};
                frames[at][pick(frames.at(at).size())] = char(edges[random.bounded(7)]);
            }
        }
        if (frames.isEmpty())
            break;
    }
    return frames.join();
}

} // namespace

class TestHostileInput : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // All of it understood: else the mutations would only ever try the first frames.
    void seedsAreHonest()
    {
        Target target;
        const QList<QByteArray> frames = honestFrames();
        for (const QByteArray &next : frames) {
            QCOMPARE(target.closed, 0);
            target.feed(next);
        }
        QCOMPARE(target.closed, 1);
        QCOMPARE(target.core.traffic().framesReceived, quint64(28));
        QCOMPARE(target.finish(), QString());
    }

    void survivesMutatedConversations()
    {
        constexpr quint32 seed = 4711;
        QRandomGenerator random(seed);
        const QList<QByteArray> frames = honestFrames();
        int closedByPeer = 0;
        for (int i = 0; i < 15000; ++i) {
            Target target(i % 2);
            for (int links = target.recovers ? 3 : 1; links > 0; --links) {
                const QByteArray input = mutated(frames, random);
                for (qsizetype at = 0; at < input.size();) { // in pieces of any size
                    const qsizetype part = std::min<qsizetype>(
                            input.size() - at, 1 + random.bounded(random.bounded(2) ? 20 : 4000));
                    target.feed(QByteArrayView(input).sliced(at, part));
                    at += part;
                }
                if (target.recovers)
                    target.lose();
            }
            closedByPeer += target.closed + target.lost > 0;
            const QString wrong = target.finish();
            QVERIFY2(wrong.isEmpty(),
                     qPrintable(u"seed %1, input %2: %3"_s.arg(seed).arg(i).arg(wrong)));
        }
        QVERIFY(closedByPeer > 10000);
    }

    void survivesRandomBytes()
    {
        constexpr quint32 seed = 815;
        QRandomGenerator random(seed);
        const QList<QByteArray> frames = honestFrames();
        for (int i = 0; i < 5000; ++i) {
            Target target(i % 2);
            // Behind an honest start of any length, so that every state gets its noise.
            const auto good = qsizetype(random.bounded(quint32(frames.size())));
            for (qsizetype at = 0; at < good; ++at)
                target.feed(frames.at(at));
            QByteArray noise(qsizetype(random.bounded(200)), Qt::Uninitialized);
            for (char &c : noise)
                c = char(random.bounded(256));
            if (random.bounded(2)) // framed noise gets past the splitter
                noise = frame(FrameType(random.bounded(1, 4)), quint16(random.bounded(2)), noise);
            target.feed(noise);
            if (target.recovers) { // and on another link the same again
                target.lose();
                for (qsizetype at = 0; at < good; ++at)
                    target.feed(frames.at(at));
                target.feed(noise);
            }
            const QString wrong = target.finish();
            QVERIFY2(wrong.isEmpty(),
                     qPrintable(u"seed %1, input %2: %3"_s.arg(seed).arg(i).arg(wrong)));
        }
    }

    // Every pair (frame, byte) once, changed to its complement.
    void survivesEveryFlippedByte()
    {
        const QList<QByteArray> frames = honestFrames();
        for (qsizetype f = 0; f < frames.size(); ++f) {
            for (qsizetype at = 0; at < std::min<qsizetype>(frames.at(f).size(), 120); ++at) {
                Target target(at % 2);
                for (int links = target.recovers ? 2 : 1; links > 0; --links) {
                    for (qsizetype i = 0; i < frames.size(); ++i) {
                        QByteArray bytes = frames.at(i);
                        if (i == f)
                            bytes[at] = char(~bytes[at]);
                        target.feed(bytes);
                    }
                }
                const QString wrong = target.finish();
                QVERIFY2(wrong.isEmpty(),
                         qPrintable(u"frame %1, byte %2: %3"_s.arg(f).arg(at).arg(wrong)));
            }
        }
    }
};

QTAMQP_TEST(TestHostileInput)
#include "tst_hostileinput.moc"
