// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Ranges and handlers go on behind a lost link, with what the broker delivers again.

#include "everycall.h"
#include "recoveringsession.h"

using namespace QtAmqpTest;

class TestRecoveredConsumers : public QObject
{
    Q_OBJECT

private:
    using Session = RecoveringSession;

private Q_SLOTS:
    // What had come and was not taken is not seen twice.
    void aRangeGoesOnBehindALoss()
    {
        Session s;
        const QAmqpBlockingConsumer consumer = s.channel->consume(queue, {}, 20s);
        const QString tag = consumer.consumerTag();
        for (const QByteArray &body : {"1"_ba, "2"_ba, "3"_ba})
            s.publish(queue, body);
        QTRY_COMPARE_WITH_TIMEOUT(consumer.waitingMessages(), 3, 20'000);
        QByteArray seen;
        for (const QAmqpDelivery &delivery : consumer) {
            const bool isFirst = seen.isEmpty();
            seen += delivery.body();
            if (isFirst) {
                s.lose();
                QVERIFY(delivery.isStale());
                QVERIFY(!delivery.ack());
                QCOMPARE(consumer.waitingMessages(), 0);
                s.comeBack();
                continue;
            }
            QVERIFY(delivery.isRedelivered());
            QVERIFY(delivery.ack());
            if (seen.size() == 4)
                break;
        }
        QCOMPARE(seen, "1123"_ba);
        QVERIFY(consumer.isActive());
        QCOMPARE(consumer.consumerTag(), tag);
    }

    // Though callbacks wait that will never be called.
    void aHandlerGoesOnBehindALoss()
    {
        Session s;
        int cancelled = 0;
        s.channel->onCancelled([&](const QString &, const QAmqpError &) { ++cancelled; });
        QByteArray seen;
        OK(s.channel->consume(queue, [&](const QAmqpDelivery &delivery) {
            seen += delivery.body();
            if (seen.size() == 1)
                s.loseAndComeBack();
            else
                QVERIFY(delivery.ack());
            if (seen.size() == 4)
                OK(s.channel->stopConsuming());
        }));
        for (const QByteArray &body : {"1"_ba, "2"_ba, "3"_ba})
            s.publish(queue, body);
        QCOMPARE(s.channel->startConsuming(20s).value(),
                 QAmqpBlockingChannel::ConsumingEnd::NoConsumers);
        QCOMPARE(seen, "1123"_ba);
        QCOMPARE(cancelled, 0);
    }

    // The broker has forgotten it.
    void whatNeedsNoAcknowledgementStays()
    {
        Session s;
        const QAmqpBlockingConsumer consumer =
                s.channel->consume(queue, QAmqpConsumeOptions().setNoAck(), 20s);
        s.publish(queue, "1");
        s.publish(queue, "2");
        QTRY_COMPARE_WITH_TIMEOUT(consumer.waitingMessages(), 2, 20'000);
        s.lose();
        QCOMPARE(consumer.waitingMessages(), 2);
        s.comeBack();
        s.publish(queue, "3");
        QByteArray seen;
        for (int i = 0; i < 3; ++i)
            seen += consumer.next().value().body();
        QCOMPARE(seen, "123"_ba);
    }

    // The link comes back though nobody takes what waits, and then nothing is read as before.
    void aLossWhileNothingIsReadIsRecoveredFrom()
    {
        Session s;
        const QAmqpBlockingConsumer consumer =
                s.channel->consume(queue, QAmqpConsumeOptions().setNoAck());
        s.channel->setConfirmWindow(1000);
        for (int i = 0; i < 1500; ++i)
            OK(s.channel->publish({}, queue, "m"_ba));
        OK(s.channel->waitForConfirms());
        QTRY_VERIFY_WITH_TIMEOUT(consumer.waitingMessages() >= 1000, 20'000);
        const auto isReading = [&] {
            std::atomic<bool> reading = false; // the thread sanitizer does not see Qt's semaphore
            QMetaObject::invokeMethod(
                    s.inside, [&] { reading = s.inside->isReading(); },
                    Qt::BlockingQueuedConnection);
            return reading.load();
        };
        QTRY_VERIFY_WITH_TIMEOUT(!isReading(), 20'000);
        s.loseAndComeBack();
        QTRY_VERIFY_WITH_TIMEOUT(!s.connection.isRecovering(), 20'000);
        QTRY_VERIFY_WITH_TIMEOUT(!isReading(), 20'000);
        QVERIFY(consumer.waitingMessages() >= 1000);
        OK(s.channel->declareQueue(queue));
    }

    // What was too large was rejected, so that it does not come again; but it is still told of.
    void whatWasTooLargeIsStillTold()
    {
        Session s;
        OK(s.connection.close());
        OK(s.connection.open(s.connection.options().setMaxMessageSize(1000)));
        OK(s.channel->open());
        const QAmqpBlockingConsumer consumer = s.channel->consume(queue, {}, 20s);
        s.publish(queue, QByteArray(1001, 'x'));
        s.publish(queue, "2");
        QTRY_COMPARE_WITH_TIMEOUT(consumer.waitingMessages(), 2, 20'000);
        s.lose();
        QCOMPARE(consumer.waitingMessages(), 1);
        s.comeBack();
        QCOMPARE(consumer.next().error().kind(), Kind::LimitExceeded);
        QCOMPARE(consumer.next().value().body(), "2"_ba);
    }

    void aConsumerThatIsCancelledMeanwhileStaysAway()
    {
        Session s;
        const QAmqpBlockingConsumer consumer = s.channel->consume(queue, {}, 20s);
        s.lose();
        QCOMPARE(consumer.cancel().value(), 0);
        QVERIFY(!consumer.isActive());
        s.comeBack();
        s.publish(queue);
        const auto left = s.channel->get(queue).value();
        QVERIFY(left.has_value());
        QCOMPARE(left->body(), "m"_ba);
    }

    // A range and a handler both end, and the channel goes on without them.
    void aConsumerThatIsRefusedIsCancelled()
    {
        for (const bool handled : {false, true}) {
            Session s;
            QList<QAmqpError> reasons;
            s.channel->onCancelled(
                    [&](const QString &, const QAmqpError &reason) { reasons.append(reason); });
            std::optional<QAmqpBlockingConsumer> consumer;
            if (handled)
                OK(s.channel->consume(queue, [](const QAmqpDelivery &) {}));
            else
                consumer = s.channel->consume(queue);
            QAmqpTestFault refused(QAmqpTestFault::Kind::CloseChannel);
            s.broker.add(refused.atMethod(u"basic.consume"_s).setReplyCode(406));
            s.loseAndComeBack();
            if (handled) {
                QCOMPARE(s.channel->startConsuming(20s).value(),
                         QAmqpBlockingChannel::ConsumingEnd::CancelledByBroker);
                QCOMPARE(reasons.size(), 1);
                QCOMPARE(reasons.constFirst().kind(), Kind::PreconditionFailed);
            } else {
                QCOMPARE(consumer->next(20s).error().kind(), Kind::PreconditionFailed);
                QVERIFY(!consumer->isActive());
            }
            QVERIFY(s.channel->isOpen());
            OK(s.channel->declareQueue(queue));
        }
    }
};

QTAMQP_TEST(TestRecoveredConsumers)
#include "tst_recoveredconsumers.moc"
