// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What an outbox does with messages and with what the broker answers, whether it is in memory or in a file.

#include "outboxscene.h"

#include <QtTest/qsignalspy.h>

using Kind = QAmqpError::Kind;

class TestSending : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void deliversInOrderWhatWasPublishedBeforeTheConnectionOpened_data() { placeColumn(); }
    void deliversInOrderWhatWasPublishedBeforeTheConnectionOpened()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        scene.publishMany(1, 2'500);
        QCOMPARE(scene.box->count(), 2'500);
        QVERIFY(scene.box->bytes() > 2'500 * 20); // the message-id counts too
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 2'500));
        QCOMPARE(scene.arrivals.size(), 2'500);
        QCOMPARE(scene.firstArrivals(), OutboxScene::numbers(1, 2'500));
        QCOMPARE(scene.box->bytes(), 0);
    }

    void givesMessagesAnIdAndKeepsTheirOwn_data() { placeColumn(); }
    void givesMessagesAnIdAndKeepsTheirOwn()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        QAmqpMessage own("own");
        own.setMessageId(u"mine"_s);
        scene.publish({}, u"q"_s, own);
        scene.publish("without");
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.arrivals[0].id, u"mine"_s);
        static const QRegularExpression form(u"^[0-9a-f]{16}-2$"_s);
        QVERIFY2(form.match(scene.arrivals[1].id).hasMatch(), qPrintable(scene.arrivals[1].id));
    }

    void addsNoMessageIdsIfThatIsNotWanted()
    {
        OutboxScene scene;
        scene.box->setAddsMessageIds(false);
        scene.publish("without");
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.arrivals.value(0).body, QByteArray("without"));
        QCOMPARE(scene.arrivals.value(0).id, QString());
    }

    // A name from the wire may be any bytes; the channel knows whether the broker takes them.
    void namesThatAreNotUtf8AreTakenAsTheyAre_data() { placeColumn(); }
    void namesThatAreNotUtf8AreTakenAsTheyAre()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        const QString name = u"a"_s + QChar(0xdcff);
        QCOMPARE(scene.publish({}, name, QByteArray("x")), 1);
        QCOMPARE(scene.box->messages(1).value(0).routingKey, name);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, QList<quint64>{1});
    }

    void keepsAllPropertiesAndTheFlags_data() { placeColumn(); }
    void keepsAllPropertiesAndTheFlags()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        QAmqpMessage message(QByteArray("\0body\xff", 6));
        message.setContentType(u"text/ä"_s);
        message.setHeaders({{u"n"_s, 1}, {u"t"_s, QAmqpTable{{u"x"_s, u"y"_s}}}});
        message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
        message.setPriority(3);
        message.setMessageId(u"id"_s);
        QList<QAmqpMessage> published;
        connect(&scene.broker, &QAmqpTestBroker::published, this,
                [&](const QString &exchange, const QString &key, const QAmqpMessage &arrived) {
                    QCOMPARE(exchange, u"amq.topic"_s);
                    QCOMPARE(key, u"a.ß"_s);
                    published.append(arrived);
                });
        scene.publish(u"amq.topic"_s, u"a.ß"_s, message, QAmqpChannel::Mandatory);
        const QList<QAmqpOutboxMessage> waiting = scene.box->messages(10);
        QCOMPARE(waiting.size(), 1);
        QCOMPARE(waiting[0].message, message);
        QCOMPARE(waiting[0].exchange, u"amq.topic"_s);
        QCOMPARE(waiting[0].flags, QAmqpChannel::Mandatory);
        QVERIFY(!waiting[0].expires.isValid());
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(published, QList<QAmqpMessage>{message});
        QCOMPARE(scene.failed.value(1).kind(), Kind::Unroutable); // nothing is bound
    }

    void aMessageWithoutBodyArrives_data() { placeColumn(); }
    void aMessageWithoutBodyArrives()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        scene.publish({});
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, QList<quint64>{1});
    }

    void aNackedMessageLeavesWithItsReason_data() { placeColumn(); }
    void aNackedMessageLeavesWithItsReason()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        scene.broker.addFault(QAmqpTestFault(QAmqpTestFault::Kind::NackPublishes).atPublish(2));
        scene.publishMany(1, 3);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.failed.keys(), QList<quint64>{2});
        QCOMPARE(scene.failed[2].kind(), Kind::Nacked);
        QCOMPARE(scene.delivered, (QList<quint64>{1, 3}));
    }

    void aReturnedMessageLeavesWithItsReason()
    {
        OutboxScene scene;
        scene.publish({}, u"nowhere"_s, QByteArray("x"), QAmqpChannel::Mandatory);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.failed.value(1).kind(), Kind::Unroutable);
        QCOMPARE(scene.failed.value(1).replyCode(), 312);
        QVERIFY(scene.delivered.isEmpty());
    }

    void aNackedMessageIsTriedAgainIfAskedFor_data() { placeColumn(); }
    void aNackedMessageIsTriedAgainIfAskedFor()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        scene.box->setRejection(QAmqpOutbox::Rejection::Retry);
        scene.box->setRetryDelay(1ms);
        scene.box->setWindow(1);
        scene.broker.addFault(
                QAmqpTestFault(QAmqpTestFault::Kind::NackPublishes).atPublish(2).setCount(3));
        scene.publishMany(1, 3);
        scene.open();
        QVERIFY(scene.drains());
        QVERIFY(scene.failed.isEmpty());
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 3));
        QByteArrayList bodies;
        for (const OutboxScene::Arrival &each : std::as_const(scene.arrivals))
            bodies.append(each.body);
        QCOMPARE(bodies, (QByteArrayList{"1", "2", "2", "2", "2", "3"}));
        QCOMPARE(scene.box->publishedAgain(), 3);
    }

    void attemptsAreLimited()
    {
        OutboxScene scene;
        scene.box->setRejection(QAmqpOutbox::Rejection::Retry);
        scene.box->setRetryDelay(1ms);
        scene.box->setMaximumAttempts(3);
        scene.publish({}, u"nowhere"_s, QByteArray("x"), QAmqpChannel::Mandatory);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.failed.value(1).kind(), Kind::Unroutable);
        QCOMPARE(scene.arrivals.size(), 3);
    }

    // The broker closes the channel over it, and does not say which message it was.
    void aMissingExchangeFailsOnlyTheMessagesForIt_data() { placeColumn(); }
    void aMissingExchangeFailsOnlyTheMessagesForIt()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        for (int i = 1; i <= 30; ++i)
            scene.publish(i % 10 == 5 ? u"missing"_s : u""_s, u"q"_s, QByteArray::number(i));
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.failed.keys(), (QList<quint64>{5, 15, 25}));
        QCOMPARE(scene.failed[5].kind(), Kind::NotFound);
        QCOMPARE(scene.failed[5].scope(), QAmqpError::Scope::Operation);
        QCOMPARE(scene.delivered.size(), 27);
        QVERIFY(scene.connection.isOpen());
    }

    void publishesAgainInOrderWhatALostLinkLeftOpen_data() { placeColumn(); }
    void publishesAgainInOrderWhatALostLinkLeftOpen()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        scene.box->setWindow(50);
        scene.broker.addFault(QAmqpTestFault(QAmqpTestFault::Kind::LoseUnconfirmed));
        for (int i = 1; i <= 3; ++i)
            scene.broker.addFault(
                    QAmqpTestFault(QAmqpTestFault::Kind::Reset).setConnection(i).atPublish(30 * i));
        scene.publishMany(1, 200);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.firstArrivals(), OutboxScene::numbers(1, 200));
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 200));
        QVERIFY(scene.arrivals.size() > 200);
        QMap<QByteArray, QSet<QString>> idsOf;
        for (const OutboxScene::Arrival &each : std::as_const(scene.arrivals))
            idsOf[each.body].insert(each.id);
        for (const QSet<QString> &ids : std::as_const(idsOf))
            QCOMPARE(ids.size(), 1);
    }

    void givesUpAMessageThatLosesEveryLink()
    {
        OutboxScene scene;
        scene.box->setMaximumAttempts(2);
        scene.broker.addFault(QAmqpTestFault(QAmqpTestFault::Kind::Reset).atPublish(1).setTimes(2));
        scene.publish("1");
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.failed.value(1).kind(), Kind::Interrupted);
        QVERIFY(scene.delivered.isEmpty());
    }

    void sendsNotMoreThanTheWindow()
    {
        OutboxScene scene;
        scene.broker.setConfirming(u"q"_s, false);
        scene.box->setWindow(7);
        scene.publishMany(1, 20);
        scene.open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.arrivals.size() == 7; }));
        scene.publish("21");
        QCoreApplication::processEvents();
        QCOMPARE(scene.arrivals.size(), 7);
        QCOMPARE(scene.box->count(), 21);
        QCOMPARE(scene.box->unconfirmed(), 7);
        scene.broker.setConfirming(u"q"_s, true);
        scene.broker.dropConnections();
        QVERIFY(scene.drains());
    }

    void pausesAndGoesOn()
    {
        OutboxScene scene;
        QSignalSpy paused(scene.box.get(), &QAmqpOutbox::pausedChanged);
        scene.box->pause();
        scene.publishMany(1, 3);
        scene.open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.connection.isOpen(); }));
        QVERIFY(QAmqpTest::waitUntil([&] { return paused.size() == 1; }));
        QVERIFY(scene.box->isPaused());
        QCOMPARE(scene.arrivals.size(), 0);
        scene.box->resume();
        QVERIFY(scene.drains());
        QCOMPARE(paused.size(), 2);
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 3));
    }

    void messagesExpire_data() { placeColumn(); }
    void messagesExpire()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        scene.publish("stays");
        scene.box->setMessageTimeout(1ms);
        scene.publish("goes");
        QVERIFY(scene.box->messages(1, 1).value(0).expires.isValid());
        scene.box->setMessageTimeout(1h);
        scene.publish("stays too");
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.failed.size() == 1; }));
        QCOMPARE(scene.failed.value(2).kind(), Kind::Timeout);
        QCOMPARE(scene.box->count(), 2);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.firstArrivals(), (QByteArrayList{"stays", "stays too"}));
    }

    // They may still be confirmed.
    void messagesOnTheirWayDoNotExpireBeforeTheyComeBack()
    {
        OutboxScene scene;
        scene.broker.setConfirming(u"q"_s, false);
        scene.open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.connection.isOpen(); }));
        scene.box->setMessageTimeout(200ms);
        scene.publish("under way");
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.arrivals.size() == 1; }));
        // This one has no chance to be sent.
        scene.box->pause();
        scene.publish("waits");
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.failed.size() == 1; }));
        QCOMPARE(scene.failed.firstKey(), 2U);
        QCOMPARE(scene.box->count(), 1);
        // It is not sent once more.
        scene.broker.dropConnections();
        QVERIFY(scene.drains());
        QCOMPARE(scene.failed.value(1).kind(), Kind::Timeout);
        QCOMPARE(scene.arrivals.size(), 1);
    }

    void refusesWhatCannotBeSent()
    {
        OutboxScene scene;
        QSignalSpy refused(scene.box.get(), &QAmqpOutbox::publishRefused);
        QCOMPARE(scene.box->publish(QString(300, u'x'), u"q"_s, QByteArray("x")), 0U);
        QCOMPARE(scene.box->lastError().kind(), Kind::InvalidArgument);
        QAmqpMessage wrong;
        wrong.setContentType(QString(300, u'x'));
        QCOMPARE(scene.publish({}, u"q"_s, wrong), 0U);
        QCOMPARE(scene.box->count(), 0);
        QVERIFY(QAmqpTest::waitUntil([&] { return refused.size() == 1; }));
        QCOMPARE(refused[0][1].toULongLong(), 2U);
        QCOMPARE(scene.publish("good"), 1U);
    }

    void oneBoxPublishesToSeveralExchangesInOrder_data() { placeColumn(); }
    void oneBoxPublishesToSeveralExchangesInOrder()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        const QStringList exchanges = {u"red"_s, u"green"_s, u""_s};
        for (const QString &exchange : exchanges.first(2)) {
            QVERIFY(scene.broker.declareExchange(exchange, u"direct"_s));
            QVERIFY(scene.broker.bindQueue(u"q"_s, exchange, u"q"_s));
        }
        QStringList arrived;
        connect(&scene.broker, &QAmqpTestBroker::published, this,
                [&](const QString &exchange) { arrived.append(exchange); });
        QStringList published;
        for (int i = 1; i <= 30; ++i) {
            published.append(exchanges[i % 3]);
            scene.publish(published.constLast(), u"q"_s, QByteArray::number(i));
        }
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(arrived, published);
        QCOMPARE(scene.firstArrivals(), OutboxScene::numbers(1, 30));
    }

    void severalBoxesOfOneConnectionDoNotMix()
    {
        OutboxScene scene;
        QAmqpFileOutbox other(&scene.connection);
        QVERIFY(other.open(scene.dir.filePath(u"other"_s)));
        QList<quint64> delivered;
        connect(&other, &QAmqpOutbox::delivered, this, [&](quint64 first, quint64 last) {
            delivered.append(OutboxScene::ids(first, last));
        });
        for (int i = 1; i <= 100; ++i) {
            scene.publish(QByteArray::number(i));
            other.publish(u"amq.fanout"_s, {}, QByteArray::number(1'000 + i));
        }
        scene.open();
        QVERIFY(scene.drains());
        QVERIFY(QAmqpTest::waitUntil([&] { return delivered.size() == 100; }));
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 100));
        QCOMPARE(delivered, OutboxScene::ids(1, 100));
        QSet<QString> ids;
        for (const OutboxScene::Arrival &each : std::as_const(scene.arrivals))
            ids.insert(each.id);
        QCOMPARE(ids.size(), 200);
    }
};

QTAMQP_TEST(TestSending)

#include "tst_sending.moc"
