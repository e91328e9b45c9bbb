// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a future comes to, and waiting for it.

#include "client.h"

#include <QtCore/qpromise.h>

#include <stdexcept>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Kind = QAmqpError::Kind;
using QAmqpTest::result;

class TestResults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void areTheValueOrTheErrorOfTheBroker()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        Client client(broker.url());
        const QAmqpResult<QAmqpQueueInfo> declared = result(client.channel->declareQueue(u"q"_s));
        QVERIFY2(declared, qPrintable(declared.error().text()));
        QCOMPARE(declared->name, u"q"_s);
        const QAmqpResult<void> bound =
                result(client.channel->bindQueue(u"q"_s, u"nothing"_s, u"k"_s));
        QCOMPARE(bound.error().kind(), Kind::NotFound);
    }

    void areErrorsForWhateverElseHappens_data()
    {
        QTest::addColumn<std::function<void(QPromise<int> &)>>("end");
        QTest::addColumn<Kind>("kind");
        QTest::addColumn<QString>("text");
        using End = std::function<void(QPromise<int> &)>;
        QTest::newRow("not finished") << End([](auto &) {}) << Kind::Timeout << u"connections()"_s;
        QTest::newRow("cancelled") << End([](auto &promise) {
            promise.future().cancel();
            promise.finish();
        }) << Kind::Cancelled << u"cancelled"_s;
        QTest::newRow("exception") << End([](auto &promise) {
            promise.setException(std::make_exception_ptr(std::runtime_error("odd")));
            promise.finish();
        }) << Kind::InvalidArgument << u"odd"_s;
        QTest::newRow("no exception") << End([](auto &promise) {
            promise.setException(std::make_exception_ptr(3));
            promise.finish();
        }) << Kind::InvalidArgument << u"unknown"_s;
    }
    void areErrorsForWhateverElseHappens()
    {
        QFETCH(std::function<void(QPromise<int> &)>, end);
        QFETCH(Kind, kind);
        QFETCH(QString, text);
        QPromise<int> promise;
        promise.start();
        const QFuture<int> future = promise.future();
        end(promise);
        const QAmqpResult<int> ended = result(future, 20ms);
        QCOMPARE(ended.error().kind(), kind);
        QVERIFY2(ended.error().text().contains(text), qPrintable(ended.error().text()));
        QCOMPARE(result(QFuture<void>(future), 20ms).error().kind(), kind);
        if (!future.isFinished())
            promise.finish();
    }

    void ofNoFutureIsAnError() { QCOMPARE(result(QFuture<int>()).error().kind(), Kind::Cancelled); }

    void mayComeFromAnotherThread()
    {
        QPromise<int> promise;
        promise.start();
        const QFuture<int> future = promise.future();
        std::thread other([&] {
            promise.addResult(7);
            promise.finish();
        });
        const QAmqpResult<int> seven = result(future);
        other.join();
        QCOMPARE(*seven, 7);
    }

    void waitingAsksAtOnceAndAtTheEnd()
    {
        int asked = 0;
        QVERIFY(QAmqpTest::waitUntil([&] { return ++asked == 1; }, 0ms));
        QVERIFY(!QAmqpTest::waitUntil([&] { return ++asked < 0; }, 0ms));
        QCOMPARE(asked, 2);
        bool isLate = false;
        QMetaObject::invokeMethod(
                this, [&] { isLate = true; }, Qt::QueuedConnection);
        QVERIFY(QAmqpTest::waitUntil([&] { return isLate; }));
        auto *const object = new QObject;
        const QPointer<QObject> alive(object);
        object->deleteLater();
        QVERIFY(QAmqpTest::waitUntil([&] { return alive.isNull(); }));
    }
};

QTAMQP_TEST(TestResults)
#include "tst_results.moc"
