// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include "codec/dispatch.h"
#include "connectioncoretest.h"

#include <set>

using namespace QtAmqpTest;

namespace {

// Calls each(from, to, row) for every pair of states that a row joins.
template<typename State, std::size_t N, typename Each>
void forEachStep(const Transition<State> (&rows)[N], Each each)
{
    for (const auto &row : rows) {
        for (quint8 from = 0; from <= quint8(State::Closed); ++from) {
            if (row.from & in(State(from)))
                each(State(from), row.to.value_or(State(from)), row);
        }
    }
}

template<typename State, std::size_t N>
std::set<State> reachableFrom(const Transition<State> (&rows)[N], State start)
{
    std::set<State> reached = {start};
    for (std::size_t before = 0; before != reached.size();) {
        before = reached.size();
        forEachStep(rows, [&](State from, State to, const auto &) {
            if (reached.count(from))
                reached.insert(to);
        });
    }
    return reached;
}

template<typename State, std::size_t N>
void checkTable(const Transition<State> (&rows)[N], State start)
{
    const int states = int(State::Closed) + 1;
    std::set<std::pair<State, quint32>> seen;
    forEachStep(rows, [&](State from, State, const auto &row) {
        QVERIFY2(seen.emplace(from, row.cause).second,
                 qPrintable(u"two rows for %1 while %2"_s.arg(methodName(row.cause),
                                                              QLatin1String(stateName(from)))));
    });
    QCOMPARE(int(reachableFrom(rows, start).size()), states);
    for (int state = 0; state < states; ++state)
        QVERIFY2(reachableFrom(rows, State(state)).count(State::Closed), stateName(State(state)));
}

struct Sample
{
    quint32 id;
    QLatin1String name;
    SentBy sentBy;
    quint16 classId;
    QByteArray onConnection;
    QByteArray onChannel;
};

// Every method there is, with the fields of a fresh one.
std::vector<Sample> samples()
{
    std::vector<Sample> list;
    [&]<typename... Methods>(TypeList<Methods...>) {
        (list.push_back({Methods::info.id(), QLatin1String(Methods::info.name),
                         Methods::info.sentBy, Methods::info.classId, methodFrame(Methods(), 0),
                         methodFrame(Methods(), 1)}),
         ...);
    }(AllMethods());
    return list;
}

Script scriptInto(ChannelState state)
{
    Script script = Script().handshake();
    switch (state) {
    case ChannelState::Opening: return script.expect<ChannelOpen>();
    case ChannelState::Closing: return script.channelOpen().expect<ChannelClose>();
    case ChannelState::Closed:
        return script.channelOpen()
                .send(ChannelClose{404, QByteArrayView("NOT_FOUND"), 50, 10})
                .expect<ChannelCloseOk>();
    default: return script.channelOpen();
    }
}

} // namespace

class TestTransitions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { CoreDriver::split = Split::Whole; }

    void connectionTableIsSound() { checkTable(ConnectionTable::rows, ConnectionState::Idle); }

    void channelTableIsSound() { checkTable(ChannelTable::rows, ChannelState::Opening); }

    void aClosedConnectionStaysClosed()
    {
        for (const auto &row : ConnectionTable::rows)
            QVERIFY(!(row.from & in(ConnectionState::Closed)));
        for (const auto &row : ChannelTable::rows)
            QVERIFY(!(row.from & in(ChannelState::Closed)));
    }

    void everyMethodCauseComesFromTheServer()
    {
        std::set<quint32> server;
        for (const Sample &sample : samples()) {
            if (sample.sentBy != SentBy::Client)
                server.insert(sample.id);
        }
        for (const auto &row : ConnectionTable::rows)
            QVERIFY(row.cause <= Cause::Ended || server.count(row.cause));
        for (const auto &row : ChannelTable::rows)
            QVERIFY(row.cause <= Cause::Ended || server.count(row.cause));
    }

    void connectionRefusesWhatHasNoRow_data()
    {
        QTest::addColumn<ConnectionState>("state");
        for (const auto state : {ConnectionState::HeaderSent, ConnectionState::Starting,
                                 ConnectionState::Opening, ConnectionState::Open})
            QTest::newRow(stateName(state)) << state;
    }

    void connectionRefusesWhatHasNoRow()
    {
        QFETCH(ConnectionState, state);
        int refused = 0;
        for (const Sample &sample : samples()) {
            if (sample.sentBy != SentBy::Client
                && findTransition(ConnectionTable::rows, state, sample.id))
                continue;
            CoreDriver d(scriptInto(state));
            d.open();
            QCOMPARE(d.core.state(), state);
            const bool known = sample.sentBy != SentBy::Client && sample.classId == 10;
            d.then(Script().garbage(sample.onConnection)
                           .expect<ConnectionClose>([&](const ConnectionClose &m) {
                               return m.replyCode
                                       == quint16(known ? ReplyCode::UnexpectedFrame
                                                        : ReplyCode::CommandInvalid);
                           }));
            QCOMPARE(d.core.state(), ConnectionState::Closed);
            QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
            QCOMPARE(d.error().origin(), Origin::Broker);
            QVERIFY2(d.error().text().contains(sample.name), qPrintable(d.error().text()));
            QVERIFY2(d.verdict().isEmpty(), qPrintable(sample.name + d.verdict()));
            ++refused;
        }
        QVERIFY(refused > 40);
    }

    // One connection.close is enough: what comes behind it, in order or not, is not answered by another.
    void nothingCountsBehindOurOwnClose()
    {
        int dropped = 0;
        for (const Sample &sample : samples()) {
            if (sample.id == ConnectionClose::info.id()
                || sample.id == ConnectionCloseOk::info.id())
                continue;
            CoreDriver d(scriptInto(ConnectionState::Closing));
            d.open();
            d.core.close(d.now + 10s);
            d.run();
            d.then(Script().garbage(sample.onConnection));
            QVERIFY2(d.core.state() == ConnectionState::Closing, qPrintable(sample.name));
            d.then(Script().send(ConnectionCloseOk{}));
            QVERIFY2(d.core.state() == ConnectionState::Closed && !d.error(),
                     qPrintable(sample.name));
            ++dropped;
        }
        QVERIFY(dropped > 40);
    }

    void channelRefusesWhatHasNoRow_data()
    {
        QTest::addColumn<ChannelState>("state");
        for (const auto state : {ChannelState::Closed, ChannelState::Opening, ChannelState::Open})
            QTest::newRow(stateName(state)) << state;
    }

    void channelRefusesWhatHasNoRow()
    {
        QFETCH(ChannelState, state);
        int refused = 0;
        for (const Sample &sample : samples()) {
            const bool known = sample.sentBy != SentBy::Client && sample.classId != 10;
            if (known && findTransition(ChannelTable::rows, state, sample.id))
                continue;
            const QSet<quint32> late{BasicDeliver::info.id(), BasicReturn::info.id(),
                                     BasicAck::info.id(), BasicNack::info.id(),
                                     BasicCancel::info.id()};
            if (state == ChannelState::Closed && late.contains(sample.id))
                continue; // by the broker, which may have had that under way
            CoreDriver d(scriptInto(state));
            ChannelCore *channel = d.channel();
            d.open();
            QCOMPARE(channel->state(), state);
            d.then(Script().garbage(sample.onChannel)
                           .expect<ConnectionClose>([&](const ConnectionClose &m) {
                               return m.replyCode
                                       == quint16(known ? ReplyCode::UnexpectedFrame
                                                        : ReplyCode::CommandInvalid);
                           }));
            QCOMPARE(d.core.state(), ConnectionState::Closed);
            QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
            QVERIFY2(d.verdict().isEmpty(), qPrintable(sample.name + d.verdict()));
            ++refused;
        }
        QVERIFY(refused > 25);
    }

    // While a channel closes, what was under way is dropped (§1.5.2.5), but not what a server never sends.
    void closingChannelDropsWhatHasNoRow()
    {
        for (const Sample &sample : samples()) {
            if (sample.sentBy == SentBy::Client || sample.classId == 10
                || findTransition(ChannelTable::rows, ChannelState::Closing, sample.id))
                continue;
            CoreDriver d(scriptInto(ChannelState::Closing));
            ChannelCore *channel = d.channel();
            d.open();
            channel->close();
            d.run();
            const auto before = d.events.size();
            d.then(Script().garbage(sample.onChannel));
            QCOMPARE(channel->state(), ChannelState::Closing);
            QCOMPARE(d.events.size(), before);
            d.then(Script().send(ChannelCloseOk{}));
            QCOMPARE(channel->state(), ChannelState::Closed);
            QVERIFY(!d.last<ChannelClosed>().error.isError());
        }
    }

    void statesHaveNames()
    {
        std::set<QByteArray> names;
        for (int state = 0; state <= int(ConnectionState::Closed); ++state)
            names.insert(stateName(ConnectionState(state)));
        QCOMPARE(names.size(),
                 size_t(ConnectionState::Closed)); // two are closed for the application
        names.clear();
        for (int state = 0; state <= int(ChannelState::Closed); ++state)
            names.insert(stateName(ChannelState(state)));
        QCOMPARE(names.size(), size_t(ChannelState::Closed));
    }
};

QTAMQP_TEST(TestTransitions)
#include "tst_transitions.moc"
