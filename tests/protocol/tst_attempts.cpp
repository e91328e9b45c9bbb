// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Several hosts, several times: who is tried when, and what is told if nobody answers.

#include "testmain.h"

#include "coredriver.h"

#include <set>

using namespace QtAmqpTest;

namespace {

QAmqpConnectionOptions hosts(int count)
{
    QAmqpConnectionOptions options;
    options.setHostName(u"host0"_s).setRequestTimeout(30s);
    for (int i = 1; i < count; ++i)
        options.addHost(u"host%1"_s.arg(i));
    return options;
}

QAmqpRetryPolicy times(int attempts)
{
    return QAmqpRetryPolicy().setMaximumAttempts(attempts).setJitter(0);
}

QAmqpError failure(Kind kind, const QString &text = u"why"_s)
{
    return QAmqpError(kind, Scope::Connection, Origin::Transport, text);
}

Script refusedLogin()
{
    return Script()
            .start()
            .expect<ConnectionStartOk>()
            .reply(ConnectionClose{403, "ACCESS_REFUSED - Login was refused", 0, 0})
            .expect<ConnectionCloseOk>();
}

} // namespace

class TestAttempts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    // --- whose turn it is ---

    void hostsComeInOrder()
    {
        Attempts attempts;
        attempts.start(hosts(3).setRetryPolicy(times(2)), 1);
        QList<qsizetype> order;
        QList<qint64> delays;
        for (std::optional<std::chrono::milliseconds> delay(0); delay;
             delay = attempts.next(failure(Kind::HostUnreachable))) {
            order.append(attempts.host());
            delays.append(delay->count());
        }
        QCOMPARE(order, (QList<qsizetype>{0, 1, 2, 0, 1, 2}));
        QCOMPARE(delays, (QList<qint64>{0, 0, 0, 2000, 0, 0}));
    }

    void shufflingIsByTheSeed()
    {
        const auto order = [](quint32 seed) {
            Attempts attempts;
            attempts.start(hosts(6).setHostsShuffled(true).setRetryPolicy(times(2)), seed);
            QList<qsizetype> all;
            do
                all.append(attempts.host());
            while (attempts.next(failure(Kind::HostUnreachable)));
            return all;
        };
        std::set<QList<qsizetype>> orders;
        for (quint32 seed = 1; seed <= 20; ++seed) {
            const QList<qsizetype> all = order(seed);
            QCOMPARE(all.size(), 12);
            QCOMPARE(all.first(6), all.last(6)); // shuffled once
            QCOMPARE(std::set<qsizetype>(all.begin(), all.end()).size(), 6U);
            QCOMPARE(order(seed), all);
            orders.insert(all);
        }
        QVERIFY(orders.size() > 10);
    }

    void delaysGrowWithJitterAndLimit()
    {
        const auto delaysOf = [](const QAmqpRetryPolicy &policy, quint32 seed) {
            Attempts attempts;
            attempts.start(hosts(1).setRetryPolicy(policy), seed);
            QList<qint64> delays;
            for (int i = 0; i < 6; ++i)
                delays.append(attempts.next(failure(Kind::Timeout))->count());
            return delays;
        };
        const QAmqpRetryPolicy policy = times(0).setMaximumDelay(10s);
        QCOMPARE(delaysOf(policy, 1), (QList<qint64>{2000, 4000, 8000, 10000, 10000, 10000}));
        const QAmqpRetryPolicy jittery = QAmqpRetryPolicy(policy).setJitter(0.5);
        const QList<qint64> delays = delaysOf(jittery, 1);
        for (qsizetype i = 0; i < delays.size(); ++i) {
            const qint64 most = delaysOf(policy, 1).at(i);
            QVERIFY(delays.at(i) >= most / 2 && delays.at(i) <= most);
        }
        QCOMPARE(delaysOf(jittery, 1), delays);
        QVERIFY(delaysOf(jittery, 2) != delays);
    }

    void finalRefusalsAreNotRepeated_data()
    {
        QTest::addColumn<Kind>("kind");
        QTest::addColumn<Kind>("cause");
        QTest::addColumn<bool>("repeated");
        const auto row = [](const char *name, Kind kind, Kind cause, bool repeated) {
            QTest::newRow(name) << kind << cause << repeated;
        };
        row("refused", Kind::HostUnreachable, Kind::NoError, true);
        row("lost", Kind::ConnectionLost, Kind::NoError, true);
        row("late", Kind::Timeout, Kind::NoError, true);
        row("password", Kind::AuthenticationFailed, Kind::NoError, false);
        row("dropped at the login", Kind::AuthenticationFailed, Kind::ConnectionLost, true);
        row("virtual host", Kind::AccessRefused, Kind::NoError, false);
        row("certificate", Kind::TlsFailed, Kind::NoError, false);
        row("lost in TLS", Kind::TlsFailed, Kind::ConnectionLost, true);
        row("no broker", Kind::ProtocolViolation, Kind::NoError, false);
        row("misuse", Kind::InvalidArgument, Kind::NoError, false);
    }

    void finalRefusalsAreNotRepeated()
    {
        QFETCH(Kind, kind);
        QFETCH(Kind, cause);
        QFETCH(bool, repeated);
        Attempts attempts;
        attempts.start(hosts(2).setRetryPolicy(times(2)), 1);
        QAmqpError error = failure(kind);
        if (cause != Kind::NoError)
            error.setCause(failure(cause));
        QVERIFY(attempts.next(error)); // the other host has its turn all the same
        QCOMPARE(attempts.host(), 1);
        QVERIFY(attempts.next(failure(Kind::HostUnreachable)));
        QCOMPARE(attempts.host(), repeated ? 0 : 1);
    }

    void providerIsAskedOnceMore()
    {
        Attempts attempts;
        attempts.start(hosts(1).setCredentials(
                               QAmqpCredentials::fromProvider([] { return QAmqpCredentials(); })),
                       1);
        const auto again = attempts.next(failure(Kind::AuthenticationFailed));
        QVERIFY(again && again->count() == 0);
        QVERIFY(!attempts.next(failure(Kind::AuthenticationFailed)));
    }

    void verdictListsAll()
    {
        Attempts one;
        one.start(hosts(1), 1);
        const QAmqpError only = failure(Kind::Timeout, u"only"_s);
        QVERIFY(!one.next(only));
        QCOMPARE(one.verdict(), QAmqpError(only).setAttempts({only}));

        Attempts many;
        many.start(hosts(2).setRetryPolicy(times(2)), 1);
        many.next(failure(Kind::Timeout, u"first"_s));
        many.next(failure(Kind::HostUnreachable, u"second"_s));
        many.next(failure(Kind::Timeout, u"first"_s));
        QVERIFY(!many.next(failure(Kind::ConnectionLost, u"last"_s)));
        const QAmqpError verdict = many.verdict();
        QCOMPARE(verdict.kind(), Kind::ConnectionLost);
        QCOMPARE(verdict.cause().text(), u"last"_s);
        QCOMPARE(verdict.attempts().size(), 4);
        QCOMPARE(verdict.attempts().at(1).text(), u"second"_s);
        QCOMPARE(verdict.text(), u"4 attempts to connect failed: first — second — last"_s);
    }

    // The transport tells of a host what it tried for it.
    void verdictListsEachAddress()
    {
        const QList<QAmqpError> ofHost = {failure(Kind::Timeout, u"one"_s),
                                          failure(Kind::HostUnreachable, u"two"_s)};
        QAmqpError error = failure(Kind::HostUnreachable, u"one and two"_s);
        error.setAttempts(ofHost).setEndpoint(u"amqp://host0:5672/"_s);
        Attempts attempts;
        attempts.start(hosts(2), 1);
        QVERIFY(attempts.next(error));
        QVERIFY(!attempts.next(failure(Kind::ConnectionLost, u"three"_s)));
        const QAmqpError verdict = attempts.verdict();
        QCOMPARE(verdict.text(), u"2 attempts to connect failed: one and two — three"_s);
        const QStringList texts = {u"one"_s, u"two"_s, u"three"_s};
        QCOMPARE(verdict.attempts().size(), texts.size());
        for (qsizetype i = 0; i < texts.size(); ++i) {
            QCOMPARE(verdict.attempts().at(i).text(), texts.at(i));
            QCOMPARE(verdict.attempts().at(i).endpoint(), i < 2 ? error.endpoint() : QString());
        }
    }

    void endlessAttemptsAreNotRememberedForEver()
    {
        Attempts attempts;
        attempts.start(hosts(1).setRetryPolicy(times(0)), 1);
        for (int i = 0; i < 1000; ++i)
            QVERIFY(attempts.next(failure(Kind::Timeout, QString::number(i))));
        const QAmqpError verdict = attempts.verdict();
        QVERIFY(verdict.text().startsWith(u"1000 attempts"));
        QVERIFY(verdict.text().size() < 100);
        QCOMPARE(verdict.attempts().size(), 100);
    }

    // --- the connection between attempts ---

    void nextHostFollowsAtOnce()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<QueueDeclare>().reply(
                             QueueDeclareOk{"q", 0, 0}),
                     hosts(2));
        ChannelCore *channel = d.channel();
        const RequestId request = d.ask(channel->request(declare("q")));
        d.core.open(d.now);
        QCOMPARE(d.core.host(), 0);
        d.lose(u"refused"_s, Kind::HostUnreachable);
        QCOMPARE(d.count<AttemptFailed>(), 1);
        QCOMPARE(d.last<AttemptFailed>().error.endpoint(), u"amqp://host0:5672/"_s);
        QCOMPARE(d.last<AttemptFailed>().error.phase(), Phase::Connecting);
        QCOMPARE(d.count<ConnectWanted>(), 1);
        QCOMPARE(d.last<ConnectWanted>().host, 1);
        QCOMPARE(d.core.host(), 1);
        QCOMPARE(d.core.state(), ConnectionState::Connecting);
        QCOMPARE(d.count<ChannelClosed>(), 0);
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QVERIFY(!d.reply(request).error); // asked for before the first host failed
        d.then(Script().send(ConnectionClose{320, "CONNECTION_FORCED", 0, 0})
                       .expect<ConnectionCloseOk>());
        QVERIFY(d.error().text().startsWith(u"amqp://host1:5672/"));
        QVERIFY(d.error().attempts().isEmpty());
    }

    void openConnectionIsNotTriedAgain()
    {
        CoreDriver d(Script().handshake(), hosts(2).setRetryPolicy(times(5)));
        d.open();
        d.lose();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.error().kind(), Kind::ConnectionLost);
        QCOMPARE(d.count<ConnectWanted>(), 0);
    }

    void pausesBetweenCycles()
    {
        CoreDriver d(Script().handshake(), hosts(1).setRetryPolicy(times(3)).setHeartbeat(0s));
        d.core.open(d.now);
        for (const auto pause : {2s, 4s}) {
            const TimePoint start = d.now;
            const auto wanted = d.count<ConnectWanted>();
            d.lose(u"refused"_s, Kind::HostUnreachable);
            QCOMPARE(d.core.state(), ConnectionState::Waiting);
            QVERIFY(d.core.nextTimeout() == start + pause);
            d.pass(pause - 1ms);
            QCOMPARE(d.count<ConnectWanted>(), wanted);
            d.pass(1ms);
            QCOMPARE(d.count<ConnectWanted>(), wanted + 1);
            QCOMPARE(d.core.state(), ConnectionState::Connecting);
        }
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QVERIFY(!d.core.nextTimeout());
    }

    void theEndListsEveryAttempt()
    {
        CoreDriver d(Script(), hosts(2).setRetryPolicy(times(2)));
        ChannelCore *channel = d.channel();
        const RequestId request = d.ask(channel->request(declare("q")));
        d.core.open(d.now);
        for (int i = 0; i < 4; ++i) {
            d.lose(u"refused %1"_s.arg(i), Kind::HostUnreachable);
            if (i == 1)
                d.pass(2s);
        }
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        const QAmqpError error = d.error();
        QCOMPARE(error.kind(), Kind::HostUnreachable);
        QCOMPARE(error.attempts().size(), 4);
        for (int i = 0; i < 4; ++i) {
            QVERIFY(error.text().contains(u"refused %1"_s.arg(i)));
            QCOMPARE(error.attempts().at(i).endpoint(), u"amqp://host%1:5672/"_s.arg(i % 2));
        }
        QCOMPARE(d.reply(request).error.cause().kind(), Kind::HostUnreachable);
        QCOMPARE(d.count<ChannelClosed>(), 1);
    }

    // The host's name has two addresses: the first takes the connection and says nothing.
    void theNextAddressFollowsWithinTheTimeOfTheHost()
    {
        CoreDriver d(Script().expectHeader().stall().then(Script().handshake()),
                     hosts(1).setAmqpTimeout(4s).setHandshakeTimeout(10s).setHeartbeat(0s));
        d.core.open(d.now);
        d.core.transportReached(u"::1"_s, false);
        QCOMPARE(d.core.endpoint(), u"amqp://host0:5672/ (::1)"_s);
        d.connectTransport();
        d.pass(4s);
        QCOMPARE(d.last<AttemptFailed>().error.kind(), Kind::Timeout);
        QCOMPARE(d.last<AttemptFailed>().error.endpoint(), u"amqp://host0:5672/ (::1)"_s);
        QCOMPARE(d.last<ConnectWanted>().host, 0);
        QVERIFY(d.last<ConnectWanted>().nextAddress);
        QCOMPARE(d.core.endpoint(), u"amqp://host0:5672/"_s);
        d.core.transportReached(u"127.0.0.1"_s, true);
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.core.endpoint(), u"amqp://host0:5672/ (127.0.0.1)"_s);
        QVERIFY(!d.core.nextTimeout());
    }

    // Of the policy it is one attempt, however many addresses there are.
    void addressesAreNoAttemptsOfThePolicy()
    {
        CoreDriver d(Script(), hosts(1).setRetryPolicy(times(2)));
        d.core.open(d.now);
        d.core.transportReached(u"1"_s, false);
        d.lose(u"first"_s);
        d.core.transportReached(u"2"_s, true, {failure(Kind::HostUnreachable, u"refused"_s)});
        d.lose(u"second"_s);
        QCOMPARE(d.core.state(), ConnectionState::Waiting);
        d.pass(2s);
        QVERIFY(!d.last<ConnectWanted>().nextAddress);
        d.core.transportReached(u"1"_s, true);
        d.lose(u"third"_s);
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        const QList<QAmqpError> attempts = d.error().attempts();
        QStringList texts;
        for (const QAmqpError &attempt : attempts)
            texts += attempt.text() + u" at "_s + attempt.endpoint();
        QCOMPARE(texts,
                 QStringList({u"first at amqp://host0:5672/ (1)"_s,
                              u"refused at amqp://host0:5672/"_s,
                              u"second at amqp://host0:5672/ (2)"_s,
                              u"third at amqp://host0:5672/ (1)"_s}));
    }

    void theTimeOfTheHostIsForAllItsAddresses()
    {
        CoreDriver d(Script().expectHeader().stall(),
                     hosts(1).setAmqpTimeout(0s).setHandshakeTimeout(5s));
        const TimePoint start = d.now;
        d.core.open(d.now);
        d.core.transportReached(u"1"_s, false);
        d.pass(3s);
        d.lose();
        QVERIFY(d.last<ConnectWanted>().nextAddress);
        d.core.transportReached(u"2"_s, false);
        d.connectTransport();
        d.runToEnd();
        QVERIFY(d.now - start == 5s);
        QCOMPARE(d.count<ConnectWanted>(), 1); // a third address would have no time
        QCOMPARE(d.error().attempts().size(), 2);
    }

    void aForeignPeerAtOneAddressIsNotAtTheNext()
    {
        CoreDriver d(Script().expectHeader()
                             .garbage("HTTP/1.1 400 Bad Request\r\n\r\n")
                             .then(Script().handshake()),
                     hosts(1));
        d.core.open(d.now);
        d.core.transportReached(u"::1"_s, false);
        d.connectTransport();
        QVERIFY(d.last<ConnectWanted>().nextAddress);
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void aRefusalIsOfTheHost()
    {
        CoreDriver d(refusedLogin(), hosts(2));
        d.core.open(d.now);
        d.core.transportReached(u"::1"_s, false);
        d.connectTransport();
        QCOMPARE(d.last<ConnectWanted>().host, 1);
        QVERIFY(!d.last<ConnectWanted>().nextAddress);
    }

    void noAddressFollowsAClose()
    {
        CoreDriver d(Script(), hosts(1));
        ChannelCore *channel = d.channel();
        d.ask(channel->request(declare("q")));
        d.core.open(d.now);
        d.core.transportReached(u"::1"_s, false);
        d.core.close(d.now + 10s);
        d.lose();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.count<ConnectWanted>(), 0);
        QCOMPARE(d.error().attempts().size(), 1);
    }

    void eachHostHasItsWholeTime()
    {
        CoreDriver d(Script().expectHeader().stall(), hosts(2).setHandshakeTimeout(5s));
        const TimePoint start = d.now;
        d.open();
        d.pass(5s);
        QCOMPARE(d.count<AttemptFailed>(), 1);
        QCOMPARE(d.last<AttemptFailed>().error.kind(), Kind::Timeout);
        QCOMPARE(d.last<ConnectWanted>().host, 1);
        d.runToEnd(); // the transport of the second never opens
        QVERIFY(d.now - start == 10s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
        QCOMPARE(d.error().attempts().size(), 2);
    }

    void aRefusedLoginGoesOnWithTheNextHost()
    {
        CoreDriver d(refusedLogin().then(Script().handshake()), hosts(2));
        d.open();
        QCOMPARE(d.last<AttemptFailed>().error.kind(), Kind::AuthenticationFailed);
        QVERIFY(d.written.endsWith(methodFrame(ConnectionCloseOk(), 0)));
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void aRefusedLoginIsNotRepeated()
    {
        CoreDriver d(refusedLogin(), hosts(1).setRetryPolicy(times(0)));
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.error().kind(), Kind::AuthenticationFailed);
        QCOMPARE(d.error().attempts().size(), 1);
        QCOMPARE(d.error().attempts().constFirst().text(), d.error().text());
    }

    void nothingStaysOfTheAttemptBefore()
    {
        const QByteArray start = methodFrame(ConnectionStart{0, 9, "", "PLAIN", "en_US"}, 0);
        CoreDriver d(
                Script().expectHeader().garbage(start.first(20)).drop().then(Script().handshake()),
                hosts(2));
        d.open();
        QCOMPARE(d.count<AttemptFailed>(), 1);
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void aForeignPeerIsNamedAndTheNextTried()
    {
        CoreDriver d(Script().expectHeader()
                             .garbage("HTTP/1.1 400 Bad Request\r\n\r\n")
                             .then(Script().handshake()),
                     hosts(2));
        d.open();
        QVERIFY(d.last<AttemptFailed>().error.text().contains(u"\"HTTP/1."));
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void endsAtOnceWhileWaiting_data()
    {
        QTest::addColumn<bool>("abort");
        QTest::addColumn<bool>("due");
        QTest::newRow("close") << false << false;
        QTest::newRow("abort") << true << false;
        QTest::newRow("close, the next is due") << false << true;
        QTest::newRow("abort, the next is due") << true << true;
    }

    void endsAtOnceWhileWaiting()
    {
        QFETCH(bool, abort);
        QFETCH(bool, due);
        CoreDriver d(Script(), hosts(2).setRetryPolicy(times(0)));
        ChannelCore *channel = d.channel();
        d.ask(channel->request(declare("q")));
        d.core.open(d.now);
        if (due) {
            // Between the event and its being taken.
            d.core.transportLost(failure(Kind::HostUnreachable));
        } else {
            d.lose(u"refused"_s, Kind::HostUnreachable);
            d.lose(u"refused"_s, Kind::HostUnreachable);
        }
        QCOMPARE(d.core.state(), ConnectionState::Waiting);
        const auto wanted = d.count<ConnectWanted>();
        abort ? d.core.abort() : d.core.close(d.now + 10s);
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        d.run();
        QCOMPARE(d.count<ConnectWanted>(), wanted);
        QCOMPARE(d.count<ConnectionClosed>(), 1);
        QVERIFY(!d.error());
        QVERIFY(!d.core.nextTimeout());
    }

    void noAttemptFollowsAClose()
    {
        CoreDriver d(Script(), hosts(2).setRetryPolicy(times(0)));
        ChannelCore *channel = d.channel();
        d.ask(channel->request(declare("q"))); // close() waits for it, as long as there is hope
        d.core.open(d.now);
        d.core.close(d.now + 10s);
        QCOMPARE(d.core.state(), ConnectionState::Connecting);
        d.lose(u"refused"_s, Kind::HostUnreachable);
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.error().text(), u"refused"_s);
        QCOMPARE(d.error().attempts().size(), 1);
        QCOMPARE(d.count<ConnectWanted>(), 0);
    }

    void latecomersDoNotMatterWhileWaiting()
    {
        CoreDriver d(Script(), hosts(1).setRetryPolicy(times(2)));
        d.core.open(d.now);
        d.lose();
        d.core.transportOpened(d.now);
        d.core.receive(methodFrame(ConnectionOpenOk(), 0), d.now);
        d.core.transportLost(failure(Kind::ConnectionLost));
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Waiting);
        QCOMPARE(d.count<AttemptFailed>(), 1);
    }
};

QTAMQP_TEST(TestAttempts)
#include "tst_attempts.moc"
