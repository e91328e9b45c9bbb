#include "testmain.h"

#include "protocol/confirms.h"

#include <QtCore/qrandom.h>
#include <QtTest/qtest.h>

#include <map>
#include <vector>

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

namespace {

struct Tracker
{
    Confirms confirms;
    QStringList runs;
    std::map<quint64, int> settledTimes;

    explicit Tracker(int published, quint64 firstTag = 1)
    {
        confirms.select(firstTag);
        publish(published);
    }

    void publish(int number)
    {
        for (int i = 0; i < number; ++i) {
            confirms.published();
            confirms.sent();
        }
    }

    bool settle(quint64 sequence, bool multiple)
    {
        return confirms.settle(sequence, multiple, [this](quint64 first, quint64 last) {
            runs += u"%1-%2"_s.arg(first).arg(last);
            for (quint64 tag = first; tag <= last; ++tag)
                ++settledTimes[tag];
        });
    }
};

} // namespace

class TestConfirms : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void settlesSingles()
    {
        Tracker t(3);
        QVERIFY(t.settle(1, false) && t.settle(2, false) && t.settle(3, false));
        QCOMPARE(t.runs, QStringList({u"1-1"_s, u"2-2"_s, u"3-3"_s}));
        QCOMPARE(t.confirms.outstanding(), 0u);
        QCOMPARE(t.confirms.firstOutstanding(), 4u);
    }

    void settlesAMultipleAsOneRun()
    {
        Tracker t(10);
        QVERIFY(t.settle(7, true));
        QCOMPARE(t.runs, QStringList({u"1-7"_s}));
        QCOMPARE(t.confirms.outstanding(), 3u);
        QCOMPARE(t.confirms.firstOutstanding(), 8u);
    }

    void settlesOutOfOrder()
    {
        Tracker t(5);
        QVERIFY(t.settle(4, false) && t.settle(2, false));
        QCOMPARE(t.confirms.firstOutstanding(), 1u);
        QVERIFY(t.settle(5, true));
        QCOMPARE(t.runs, QStringList({u"4-4"_s, u"2-2"_s, u"1-1"_s, u"3-3"_s, u"5-5"_s}));
        QCOMPARE(t.confirms.outstanding(), 0u);
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
        QCOMPARE(t.confirms.outstanding(), 3u);
    }

    void answersMeanOnlyWhatWasSent()
    {
        Tracker t(2);
        t.confirms.published();
        t.confirms.published();
        QVERIFY(!t.settle(3, false) && !t.settle(3, true));
        QVERIFY(t.settle(0, true));
        QCOMPARE(t.runs, QStringList({u"1-2"_s}));
        QCOMPARE(t.confirms.outstanding(), 2u);
        t.confirms.sent();
        QVERIFY(t.settle(3, false) && !t.settle(4, false));
        t.confirms.settleAll(
                [&](quint64 first, quint64 last) { t.runs += u"%1-%2"_s.arg(first).arg(last); });
        QCOMPARE(t.runs, QStringList({u"1-2"_s, u"3-3"_s, u"4-4"_s}));
    }

    void ignoresARepeatedAnswer()
    {
        Tracker t(3);
        QVERIFY(t.settle(1, false) && t.settle(1, false) && t.settle(1, true));
        QVERIFY(t.settle(3, false) && t.settle(3, false));
        QCOMPARE(t.runs, QStringList({u"1-1"_s, u"3-3"_s}));
        QCOMPARE(t.confirms.outstanding(), 1u);
    }

    void countsFromTheTagOfTheFirstPublish()
    {
        Tracker t(3, 1001);
        QCOMPARE(t.confirms.firstOutstanding(), 1001u);
        QVERIFY(t.settle(2, true));
        QCOMPARE(t.runs, QStringList({u"1001-1002"_s}));
        QCOMPARE(t.confirms.firstOutstanding(), 1003u);
        QVERIFY(!t.settle(1003, false));
    }

    void settlesAllThatIsLeft()
    {
        Tracker t(6, 11);
        QVERIFY(t.settle(2, false) && t.settle(5, false));
        t.runs.clear();
        t.confirms.settleAll(
                [&](quint64 first, quint64 last) { t.runs += u"%1-%2"_s.arg(first).arg(last); });
        QCOMPARE(t.runs, QStringList({u"11-11"_s, u"13-14"_s, u"16-16"_s}));
        QCOMPARE(t.confirms.outstanding(), 0u);
    }

    // A million publishes, answered one by one behind one that stays open, and hostile tags: all of it
    // would take minutes if an answer cost more than what it settles.
    void costsWhatItSettles()
    {
        constexpr int number = 1000000;
        Tracker t(number);
        quint64 settled = 0;
        for (quint64 sequence = 2; sequence <= number; ++sequence) {
            t.confirms.settle(sequence, false, [&](quint64, quint64) { ++settled; });
            t.confirms.settle(~quint64(0) - sequence, true, [&](quint64, quint64) { ++settled; });
        }
        QCOMPARE(settled, quint64(number - 1));
        QCOMPARE(t.confirms.outstanding(), 1u);
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
                QVERIFY2(t.confirms.outstanding() == open,
                         qPrintable(u"seed %1, round %2"_s.arg(seed).arg(round)));
                const auto first = std::find(model.begin(), model.end(), false) - model.begin();
                QCOMPARE(t.confirms.firstOutstanding(), base + quint64(first));
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

QTAMQP_TEST(TestConfirms)
#include "tst_confirms.moc"
