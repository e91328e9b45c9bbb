// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What other clients got wrong, and users paid for: each function is one such defect (the numbers are
// those of the table in tests/parity). What a broker is needed for stands in tests/broker, what the
// objects do in tests/api, each under the same name.

#include "testmain.h"

#include "coredriver.h"
#include "protocol/negotiation.h"

#include <QtCore/qsysinfo.h>

using namespace QtAmqpTest;

namespace {

Script opened(quint16 heartbeat = 0)
{
    return Script().handshake({2047, 131072, heartbeat}).channelOpen();
}

} // namespace

class TestPitfalls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { CoreDriver::split = Split::Whole; }

    void heartbeatsThatWereNotAgreedAreIgnored()
    {
        CoreDriver d(Script().handshake({0, 0, 60}), QAmqpConnectionOptions().setHeartbeat(0s));
        d.open();
        const QByteArray before = d.written;
        d.then(Script().sendHeartbeat().sendHeartbeat().sendHeartbeat());
        d.pass(1h);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.written, before);
    }

    void beingBlockedDoesNotCountWhileConnecting()
    {
        CoreDriver d(
                Script().start().expect<ConnectionStartOk>().stall(),
                QAmqpConnectionOptions().setHandshakeTimeout(7s).setBlockedConnectionTimeout(1s));
        const TimePoint start = d.now;
        d.open();
        d.runToEnd();
        QVERIFY(d.now - start == 7s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }

    // Four kilobytes at a time keep a fast broker waiting.
    void readsAtLeast64KiBAtOnce()
    {
        CoreDriver d(Script().handshake());
        d.open();
        qsizetype size = 0;
        for (int read = 0; read < 4; ++read) {
            char *const room = d.core.receiveBuffer(&size);
            QVERIFY(room);
            QCOMPARE(size % heartbeatFrame().size(), 0);
            const QByteArray bytes = heartbeatFrame().repeated(size / heartbeatFrame().size());
            std::memcpy(room, bytes.constData(), size_t(size));
            d.core.receive(size, d.now); // all the room there is: a busy broker
            d.run();
        }
        QVERIFY(d.core.receiveBuffer(&size));
        QVERIFY2(size >= 64 * 1024, qPrintable(QString::number(size)));
    }

    // 24: a buffer that is trimmed for each frame moves four million megabytes here.
    void aMillionFramesInOnePieceCostNoMoreEach()
    {
        CoreDriver d(Script().handshake());
        d.open();
        const quint64 before = d.core.traffic().framesReceived;
        d.core.receive(heartbeatFrame().repeated(1'000'000), d.now);
        QElapsedTimer timer;
        timer.start();
        d.run();
        QCOMPARE(d.core.traffic().framesReceived - before, 1'000'000u);
        QVERIFY2(timer.elapsed() < 15'000, qPrintable(QString::number(timer.elapsed())));
    }

    // 27
    void theBrokerClosesWhileOurCloseWaits()
    {
        CoreDriver d(opened().expect<QueueDeclare>().expect<QueuePurge>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId guilty = d.ask(channel->request(declare("a")));
        const RequestId behind = d.ask(channel->request(QueuePurge{0, "a", false}));
        channel->close();
        d.run();
        QCOMPARE(d.count<ChannelClosed>(), 0);
        d.then(Script().send(ChannelClose{406, "PRECONDITION_FAILED", 50, 10})
                       .expect<ChannelCloseOk>());
        QCOMPARE(d.count<ChannelClosed>(), 1);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::PreconditionFailed);
        QCOMPARE(d.reply(guilty).error.kind(), Kind::PreconditionFailed);
        QCOMPARE(d.reply(behind).error.kind(), Kind::Cancelled);
        d.core.removeChannel(1);
        QCOMPARE(d.core.addChannel(1)->number(), 1); // both are through with it
        d.then(Script().channelOpen());
    }

    // 35
    void deadlinesOfTheSameMomentAreAllMet()
    {
        CoreDriver d(Script().handshake({0, 0, 0})
                             .channelOpen(1)
                             .channelOpen(2)
                             .expect<ConnectionUpdateSecret>()
                             .on(1)
                             .expect<QueueDeclare>()
                             .on(2)
                             .expect<QueueDeclare>());
        ChannelCore *first = d.channel();
        ChannelCore *second = d.channel();
        d.open();
        d.core.updateSecret("token", "");
        const std::vector<RequestId> requests = {d.ask(first->request(declare("q"))),
                                                 d.ask(second->request(declare("q")))};
        d.run();
        d.pass(29999ms);
        QCOMPARE(d.count<Replied>(), 0);
        d.pass(1ms);
        for (const RequestId request : requests)
            QCOMPARE(d.reply(request).error.kind(), Kind::Timeout);
        QCOMPARE(d.last<SecretUpdated>().error.kind(), Kind::Timeout);
        QVERIFY(!d.core.nextTimeout()); // nothing is left to wake up for
    }

    // 36
    void anIdleConnectionWakesForItsHeartbeatsAlone()
    {
        CoreDriver d(Script().handshake({0, 0, 60}).ignoreRest());
        d.open();
        const TimePoint until = d.now + 1h;
        int wakes = 0;
        for (auto next = d.core.nextTimeout(); next && *next <= until;
             next = d.core.nextTimeout()) {
            d.now = *next;
            d.core.receive(heartbeatFrame(), d.now);
            d.run();
            ++wakes;
        }
        QCOMPARE(wakes, 120);
        QCOMPARE(d.core.state(), ConnectionState::Open);

        CoreDriver off(Script().handshake({0, 0, 0}));
        off.open();
        QVERIFY(!off.core.nextTimeout());
    }

    // 49: they belong to the time before, and confirms are counted from there.
    void returnsFromBeforeTheConfirmsAreTold()
    {
        CoreDriver d(
                opened().expect<BasicPublish>()
                        .expect<ConfirmSelect>()
                        .expect<BasicPublish>()
                        .sendContent(BasicReturn{312, "NO_ROUTE", "", "k"}, QAmqpMessage("before"))
                        .send(ConfirmSelectOk{})
                        .sendContent(BasicReturn{312, "NO_ROUTE", "", "other"},
                                     QAmqpMessage("after"))
                        .send(BasicAck{1, false}));
        ChannelCore *channel = d.channel();
        d.open();
        channel->publish(publishTo("k", true), QAmqpMessage("before"));
        channel->selectConfirms();
        const quint64 tag =
                d.published(channel->publish(publishTo("other", true), QAmqpMessage("after")));
        d.run();
        const auto returns = d.all<Returned>();
        QCOMPARE(returns.size(), 2u);
        QCOMPARE(returns[0].message.body(), "before");
        QCOMPARE(returns[1].message.body(), "after");
        QCOMPARE(returns[1].publishTag, tag);
        QCOMPARE(d.settlements(), u"confirmed 2-2"_s);
    }

    // Our own bytes are no sign of the peer's life.
    void aDeadPeerIsFoundWhilePublishing()
    {
        CoreDriver d(opened(10).ignoreRest());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        const TimePoint start = d.now;
        while (d.core.state() != ConnectionState::Closed && d.now - start < 1h) {
            d.published(channel->publish(publishTo("q"), QAmqpMessage("x")));
            d.run();
            d.pass(500ms);
        }
        QVERIFY(d.now - start == 20s);
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
        QCOMPARE(d.settlements(), u"indeterminate 1-40"_s);
    }

    void aServerWithoutConfirmsRefusesThem()
    {
        CoreDriver d(Script().expectHeader()
                             .send(ConnectionStart{0, 9, "", "PLAIN", "en_US"})
                             .expect<ConnectionStartOk>()
                             .reply(ConnectionTune{0, 0, 0})
                             .expect<ConnectionTuneOk>()
                             .expect<ConnectionOpen>()
                             .reply(ConnectionOpenOk{})
                             .channelOpen()
                             .expect<ConfirmSelect>()
                             .expect<BasicPublish>()
                             .send(ConnectionClose{540, "NOT_IMPLEMENTED", 85, 10})
                             .expect<ConnectionCloseOk>());
        ChannelCore *channel = d.channel();
        d.open();
        QVERIFY(capabilities(d.core.negotiated().serverProperties).isEmpty());
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), QAmqpMessage("x")));
        d.run();
        QCOMPARE(d.error().replyCode(), 540);
        QCOMPARE(d.error().method(), u"confirm.select"_s);
        QCOMPARE(d.error().origin(), Origin::Broker);
        QCOMPARE(d.settlements(), u"indeterminate 1-1"_s);
    }

    // What a broker's administrator sees of a client is what the client chose to tell.
    void nothingIsToldAboutTheHost()
    {
        const QAmqpTable properties = clientProperties(QAmqpConnectionOptions());
        QStringList names;
        for (const auto &[name, value] : properties.entries())
            names += QString::fromUtf8(name);
        names.sort();
        QCOMPARE(names,
                 QStringList({u"capabilities"_s, u"information"_s, u"platform"_s, u"product"_s,
                              u"version"_s}));
        QCOMPARE(properties.value(u"platform"_s).toString(),
                 u"Qt "_s + QString::fromLatin1(qVersion()));
        const QString host = QSysInfo::machineHostName();
        for (const auto &[name, value] : properties.entries())
            QVERIFY(host.size() < 4 || !value.toString().contains(host));
    }

    // What the application had to say is no answer to the peer, however many frames it makes.
    void manySmallMessagesMayWait()
    {
        CoreDriver d(Script().handshake({2047, 131072, 0}).channelOpen().ignoreRest());
        ChannelCore *channel = d.channel();
        for (int i = 0; i < 120'000; ++i)
            channel->publish(publishTo("q"), QAmqpMessage("x"));
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.core.waitingBytes(), 0);
    }

    // Nothing is parsed ahead of what is taken: a flood waits in the socket, not here.
    void floodsFillNoQueue()
    {
        CoreDriver d(opened());
        d.channel();
        d.open();
        const QByteArray flood = methodFrame(ConnectionBlocked{"memory"}, 0)
                + methodFrame(ConnectionUnblocked{}, 0) + methodFrame(BasicCancel{"c", true}, 1);
        const quint64 before = d.core.traffic().framesReceived;
        d.core.receive(flood.repeated(20'000), d.now);
        qsizetype size = 0;
        QVERIFY(!d.core.receiveBuffer(&size)); // no room for more until it is worked off
        for (quint64 taken = 1; taken <= 10; ++taken) {
            QVERIFY(d.core.nextEvent());
            QVERIFY(d.core.traffic().framesReceived - before <= 2 * taken);
        }
        d.run();
        QCOMPARE(d.core.traffic().framesReceived - before, 60'000u);
        QCOMPARE(d.core.pendingBytes(), 0);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }
};

QTAMQP_TEST(TestPitfalls)
#include "tst_pitfalls.moc"
