// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include "protocol/publishledger.h"

#include <QtCore/qmetaobject.h>
#include <QtCore/qrandom.h>
#include <QtTest/qtest.h>

#include <map>
#include <vector>

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

namespace {

struct Tracker
{
    EventQueue events;
    PublishLedger ledger{events, 1};
    quint64 nextTag;
    QStringList runs;
    std::map<quint64, int> settledTimes;

    explicit Tracker(int published, quint64 firstTag = 1) : nextTag(firstTag)
    {
        publish(published);
    }

    void publish(int number)
    {
        for (int i = 0; i < number; ++i) {
            ledger.published(nextTag++);
            ledger.sent();
        }
    }

    // Settled runs are noted, ends of requests stay.
    void take()
    {
        EventQueue others;
        for (const Event &event : std::exchange(events, {})) {
            const auto *const settled = std::get_if<Settled>(&event);
            if (!settled) {
                others.append(event);
                continue;
            }
            runs += u"%1-%2"_s.arg(settled->firstTag).arg(settled->lastTag);
            for (quint64 tag = settled->firstTag; tag <= settled->lastTag; ++tag)
                ++settledTimes[tag];
            ledger.reported(*settled);
        }
        events = others;
    }

    bool settle(quint64 sequence, bool multiple, Outcome outcome = Outcome::Confirmed)
    {
        const bool known = ledger.settle(sequence, multiple, outcome);
        take();
        return known;
    }

    // The requests that ended, with the kinds of their errors.
    QStringList ends()
    {
        QStringList ended;
        for (const Event &event : std::exchange(events, {})) {
            const Replied &replied = std::get<Replied>(event);
            ended += u"%1:%2"_s.arg(replied.request)
                             .arg(QLatin1StringView(
                                     QMetaEnum::fromType<QAmqpError::Kind>().valueToKey(
                                             int(replied.error.kind()))));
        }
        return ended;
    }
};

} // namespace

class TestPublishLedger : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void settlesSingles()
    {
        Tracker t(3);
        QVERIFY(t.settle(1, false) && t.settle(2, false) && t.settle(3, false));
        QCOMPARE(t.runs, QStringList({u"1-1"_s, u"2-2"_s, u"3-3"_s}));
        QCOMPARE(t.ledger.unconfirmed(), 0u);
    }

    void settlesAMultipleAsOneRun()
    {
        Tracker t(10);
        QVERIFY(t.settle(7, true));
        QCOMPARE(t.runs, QStringList({u"1-7"_s}));
        QCOMPARE(t.ledger.unconfirmed(), 3u);
    }

    void settlesOutOfOrder()
    {
        Tracker t(5);
        QVERIFY(t.settle(4, false) && t.settle(2, false));
        QVERIFY(t.settle(5, true));
        QCOMPARE(t.runs, QStringList({u"4-4"_s, u"2-2"_s, u"1-1"_s, u"3-3"_s, u"5-5"_s}));
        QCOMPARE(t.ledger.unconfirmed(), 0u);
    }

    void takesZeroWithMultipleAsAllSoFar()
    {
        Tracker t(4);
        QVERIFY(t.settle(2, false));
        QVERIFY(t.settle(0, true));
        QCOMPARE(t.runs, QStringList({u"2-2"_s, u"1-1"_s, u"3-4"_s}));
        QVERIFY(t.settle(0, true));
        QCOMPARE(t.runs.size(), 3);
    }

    void takesZeroWithMultipleBeforeAnyPublish()
    {
        Tracker t(0);
        QVERIFY(t.settle(0, true));
        QVERIFY(t.runs.isEmpty());
    }

    void refusesWhatWasNeverPublished()
    {
        Tracker t(3);
        QVERIFY(!t.settle(0, false));
        QVERIFY(!t.settle(4, false));
        QVERIFY(!t.settle(4, true));
        QVERIFY(!t.settle(~quint64(0), true));
        QVERIFY(!t.settle(~quint64(0), false));
        QVERIFY(t.runs.isEmpty());
        QCOMPARE(t.ledger.unconfirmed(), 3u);
    }

    void answersMeanOnlyWhatWasSent()
    {
        Tracker t(2);
        t.ledger.published(t.nextTag++);
        t.ledger.published(t.nextTag++);
        QVERIFY(!t.settle(3, false) && !t.settle(3, true));
        QVERIFY(t.settle(0, true));
        QCOMPARE(t.runs, QStringList({u"1-2"_s}));
        QCOMPARE(t.ledger.unconfirmed(), 2u);
        t.ledger.sent();
        QVERIFY(t.settle(3, false) && !t.settle(4, false));
        t.ledger.end({});
        t.take();
        QCOMPARE(t.runs, QStringList({u"1-2"_s, u"3-3"_s, u"4-4"_s}));
    }

    void ignoresARepeatedAnswer()
    {
        Tracker t(3);
        QVERIFY(t.settle(1, false) && t.settle(1, false) && t.settle(1, true));
        QVERIFY(t.settle(3, false) && t.settle(3, false));
        QCOMPARE(t.runs, QStringList({u"1-1"_s, u"3-3"_s}));
        QCOMPARE(t.ledger.unconfirmed(), 1u);
    }

    void countsFromTheTagOfTheFirstPublish()
    {
        Tracker t(3, 1001);
        QVERIFY(t.settle(2, true));
        QCOMPARE(t.runs, QStringList({u"1001-1002"_s}));
        QVERIFY(!t.settle(1003, false));
    }

    void settlesAllThatIsLeft()
    {
        Tracker t(6, 11);
        QVERIFY(t.settle(2, false) && t.settle(5, false));
        t.runs.clear();
        t.ledger.end({});
        t.take();
        QCOMPARE(t.runs, QStringList({u"11-11"_s, u"13-14"_s, u"16-16"_s}));
        QCOMPARE(t.ledger.unconfirmed(), 0u);
    }

    // Where tags are left out a run ends: these are of publishes that nobody answers for.
    void runsEndWhereTagsAreLeftOut()
    {
        Tracker t(2);
        t.nextTag = 10;
        t.publish(2);
        QVERIFY(t.settle(4, true));
        QCOMPARE(t.runs, QStringList({u"1-2"_s, u"10-11"_s}));
    }

    void requestsEndWithTheirPublish()
    {
        Tracker t(1);
        t.ledger.await(7);
        t.publish(1);
        t.ledger.await(8);
        t.publish(2);
        QVERIFY(t.ledger.awaitAll(9));
        QVERIFY(t.settle(2, true, Outcome::Nacked));
        QCOMPARE(t.ends(), QStringList({u"7:Nacked"_s, u"8:Nacked"_s}));
        QVERIFY(t.settle(3, false));
        QVERIFY(t.ends().isEmpty());
        QVERIFY(t.settle(4, false));
        QCOMPARE(t.ends(), QStringList({u"9:Nacked"_s})); // the first error among them
        QVERIFY(!t.ledger.awaitAll(10));
    }

    // What is settled and not told yet belongs to "all so far" as well.
    void awaitsWhatIsOnItsWayToTheApplication()
    {
        Tracker t(2);
        QVERIFY(t.ledger.settle(2, true, Outcome::Nacked));
        QVERIFY(t.ledger.awaitAll(5));
        t.publish(1);
        QVERIFY(t.ledger.awaitAll(6));
        t.take();
        QCOMPARE(t.ends(), QStringList({u"5:Nacked"_s}));
        QVERIFY(t.settle(3, false));
        QCOMPARE(t.ends(), QStringList({u"6:Nacked"_s}));
        t.publish(1);
        QVERIFY(t.ledger.awaitAll(7));
        QVERIFY(t.settle(4, false));
        QCOMPARE(t.ends(), QStringList({u"7:NoError"_s}));
    }

    void whatWasToldIsNoFailureOfTheRest()
    {
        Tracker t(3);
        QVERIFY(t.ledger.settle(1, false, Outcome::Nacked));
        QVERIFY(t.ledger.settle(2, false, Outcome::Confirmed));
        t.ledger.reported(std::get<Settled>(t.events.front()));
        t.events.removeFirst();
        QVERIFY(t.ledger.awaitAll(5));
        QVERIFY(t.settle(3, false));
        QCOMPARE(t.ends(), QStringList({u"5:NoError"_s}));
    }

    void returnedOnesEndUnroutable()
    {
        Tracker t(1);
        t.ledger.mayReturn("logs", QueueNamePointer(new QueueName("red")), {});
        t.ledger.await(3);
        Envelope envelope;
        envelope.exchange = "logs";
        envelope.routingKey = "blue";
        QCOMPARE(t.ledger.returned(envelope, QAmqpMessage(), 312, u"NO_ROUTE"_s), 0u);
        envelope.routingKey = "red";
        QCOMPARE(t.ledger.returned(envelope, QAmqpMessage(), 312, u"NO_ROUTE"_s), 1u);
        QCOMPARE(t.ledger.returned(envelope, QAmqpMessage(), 312, u"NO_ROUTE"_s), 0u);
        QVERIFY(t.settle(1, false));
        QCOMPARE(t.ends(), QStringList({u"3:Unroutable"_s}));
    }

    void theEndIsIndeterminateForWhoWaits()
    {
        Tracker t(2);
        t.ledger.await(1);
        QVERIFY(t.ledger.awaitAll(2));
        QVERIFY(!t.ledger.unreportedFailure());
        QVERIFY(t.ledger.end(QAmqpError(QAmqpError::Kind::ConnectionLost,
                                        QAmqpError::Scope::Connection,
                                        QAmqpError::Origin::Transport, u"lost"_s)));
        QCOMPARE(t.ledger.unreportedFailure().kind(), QAmqpError::Kind::ConnectionLost);
        t.take();
        QVERIFY(!t.ledger.unreportedFailure());
        QCOMPARE(t.runs, QStringList({u"1-2"_s}));
        QCOMPARE(t.ends(), QStringList({u"1:ConnectionLost"_s, u"2:ConnectionLost"_s}));
        QCOMPARE(t.ledger.unconfirmed(), 0u);
    }

    // A million publishes, answered one by one behind one that stays open, and hostile tags: all of it
    // would take minutes if an answer cost more than what it settles.
    void costsWhatItSettles()
    {
        constexpr int number = 1000000;
        Tracker t(number);
        for (quint64 sequence = 2; sequence <= number; ++sequence) {
            t.ledger.settle(sequence, false, Outcome::Confirmed);
            t.ledger.settle(~quint64(0) - sequence, true, Outcome::Confirmed);
        }
        QCOMPARE(t.events.size(), size_t(number - 1));
        QCOMPARE(t.ledger.unconfirmed(), 1u);
    }

    void settlesEveryTagOnceWhateverTheOrder()
    {
        constexpr quint32 seed = 20240711;
        QRandomGenerator random(seed);
        for (int round = 0; round < 300; ++round) {
            const quint64 base = random.bounded(2) ? 1 : 1 + random.bounded(1u << 30);
            Tracker t(0, base);
            quint64 published = 0;
            std::vector<bool> model; // settled?
            for (int step = 0; step < 60; ++step) {
                if (random.bounded(2)) {
                    const int more = random.bounded(6);
                    t.publish(more);
                    published += quint64(more);
                    model.resize(published);
                    continue;
                }
                const quint64 sequence = random.bounded(quint32(published) + 3);
                const bool multiple = random.bounded(3) == 0;
                const bool legal = sequence <= published && (sequence > 0 || multiple);
                QVERIFY2(t.settle(sequence, multiple) == legal,
                         qPrintable(u"seed %1, round %2"_s.arg(seed).arg(round)));
                if (!legal)
                    continue;
                const quint64 to = sequence == 0 ? published : sequence;
                for (quint64 s = multiple ? 1 : to; s <= to; ++s)
                    model[s - 1] = true;
                const auto open = quint64(std::count(model.begin(), model.end(), false));
                QVERIFY2(t.ledger.unconfirmed() == open,
                         qPrintable(u"seed %1, round %2"_s.arg(seed).arg(round)));
                for (quint64 s = 1; s <= published; ++s)
                    QCOMPARE(t.settledTimes[base + s - 1], int(model[s - 1]));
            }
            t.settle(0, true);
            QCOMPARE(t.settledTimes.size(), published);
            for (const auto &[tag, times] : t.settledTimes)
                QVERIFY2(times == 1 && tag >= base && tag < base + published,
                         qPrintable(u"seed %1"_s.arg(seed)));
        }
    }
};

QTAMQP_TEST(TestPublishLedger)
#include "tst_publishledger.moc"
