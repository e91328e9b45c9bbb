// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What happens to an outbox when its connection, or the outbox itself, goes at an awkward time.

#include "outboxscene.h"

class TestBoxLifetime : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void outlivesItsConnectionAndGoesOnWithAnother_data() { placeColumn(); }
    void outlivesItsConnectionAndGoesOnWithAnother()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        auto first = std::make_unique<QAmqpConnection>(scene.connection.options());
        scene.box->setConnection(first.get());
        scene.broker.setConfirming(u"q"_s, false);
        scene.publishMany(1, 3);
        first->open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.arrivals.size() == 3; }));
        first.reset();
        QCOMPARE(scene.box->connection(), nullptr);
        scene.publishMany(4, 5);
        QCOMPARE(scene.box->count(), 5);
        scene.broker.setConfirming(u"q"_s, true);
        scene.box->setConnection(&scene.connection);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 5));
        QCOMPARE(scene.arrivals.size(), 8); // three of them twice
        QCOMPARE(scene.firstArrivals(), OutboxScene::numbers(1, 5));
    }

    void keepsEverythingWhileTheConnectionIsClosed()
    {
        OutboxScene scene;
        scene.open();
        scene.publish("1");
        QVERIFY(scene.drains());
        for (int i = 2; i <= 4; ++i) { // several times
            scene.connection.close();
            QVERIFY(QAmqpTest::waitUntil(
                    [&] { return scene.connection.state() == QAmqpConnection::State::Closed; }));
            scene.publish(QByteArray::number(i));
            QCoreApplication::processEvents();
            QCOMPARE(scene.box->count(), 1);
            scene.open();
            QVERIFY(scene.drains());
        }
        QCOMPARE(scene.arrivals.size(), 4);
    }

    void isDeletedInEachOfItsSlots_data()
    {
        QTest::addColumn<Place>("place");
        QTest::addColumn<QByteArray>("signal");
        for (const char *const signal :
             {"delivered(quint64,quint64)", "failed(quint64,QAmqpError)", "countChanged()",
              "publishRefused(QAmqpError,quint64)", "lastErrorChanged(QAmqpError)",
              "pausedChanged(bool)", "errorOccurred(QAmqpError)"}) {
            QTest::addRow("%s in memory", signal) << Place::Memory << QByteArray(signal);
            QTest::addRow("%s in a file", signal) << Place::File << QByteArray(signal);
        }
    }
    void isDeletedInEachOfItsSlots()
    {
        QFETCH(Place, place);
        QFETCH(QByteArray, signal);
        OutboxScene scene(place);
        scene.open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.connection.isOpen(); }));
        m_doomed = scene.box.release();
        const QMetaObject *const meta = m_doomed->metaObject();
        const int method = meta->indexOfSignal(QMetaObject::normalizedSignature(signal));
        QVERIFY(method >= 0);
        QVERIFY(connect(m_doomed, meta->method(method), this,
                        metaObject()->method(metaObject()->indexOfSlot("destroyBox()"))));
        const QPointer<QAmqpOutbox> box(m_doomed);
        if (signal.startsWith("errorOccurred")) // all channels are taken
            useAllChannels(scene);
        for (int i = 0; i < 10; ++i)
            box->publish({}, i % 2 ? u"q"_s : u"nowhere"_s, QByteArray("x"),
                         QAmqpChannel::Mandatory);
        box->publish(QString(300, u'x'), {}, QByteArray("x"));
        if (signal.startsWith("paused"))
            box->pause();
        QVERIFY(QAmqpTest::waitUntil([&] { return !box; }));
        QCoreApplication::processEvents();
    }

    void theConnectionIsDeletedInASlot()
    {
        OutboxScene scene;
        auto *const connection = new QAmqpConnection(scene.connection.options());
        scene.box->setConnection(connection);
        scene.box->setWindow(2);
        connect(scene.box.get(), &QAmqpOutbox::delivered, connection, [&] { delete connection; });
        connection->open();
        scene.publishMany(1, 10);
        QVERIFY(QAmqpTest::waitUntil([&] { return !scene.box->connection(); }));
        QCoreApplication::processEvents();
        QVERIFY(scene.box->count() > 0);
        scene.box->setConnection(&scene.connection);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.firstArrivals(), OutboxScene::numbers(1, 10));
    }

    void slotsMayPublishAndRunAnEventLoop()
    {
        OutboxScene scene;
        int depth = 0;
        connect(scene.box.get(), &QAmqpOutbox::delivered, this, [&](quint64, quint64 last) {
            if (last < 50)
                scene.publish("next");
            if (depth < 5) {
                ++depth;
                QCoreApplication::processEvents();
                --depth;
            }
        });
        scene.open();
        scene.publish("first");
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, OutboxScene::ids(1, quint64(scene.delivered.size())));
    }

    void callsFromAForeignThreadAreRefused()
    {
        OutboxScene scene;
        quint64 id = 1;
        QTest::ignoreMessage(
                QtWarningMsg,
                QRegularExpression(u"QAmqpOutbox::publish\\(\\) was called from another thread"_s));
        std::unique_ptr<QThread> thread(QThread::create([&] { id = scene.publish("foreign"); }));
        thread->start();
        thread->wait();
        QCOMPARE(id, 0U);
        QCOMPARE(scene.box->count(), 0);
    }

    void tellsOnceThatThereIsNoChannelAndGoesOnWhenThereIs()
    {
        OutboxScene scene;
        scene.open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.connection.isOpen(); }));
        useAllChannels(scene);
        QList<QAmqpError> errors;
        connect(scene.box.get(), &QAmqpOutbox::errorOccurred, this,
                [&](const QAmqpError &error) { errors.append(error); });
        scene.box->setRetryDelay(1ms);
        scene.publish("1");
        QVERIFY(QAmqpTest::waitUntil([&] { return errors.size() == 1; }));
        QCOMPARE(errors[0].kind(), QAmqpError::Kind::LimitExceeded);
        delete std::exchange(m_channels, {}).constFirst();
        QVERIFY(scene.drains());
        QCOMPARE(errors.size(), 1);
    }

public Q_SLOTS:
    void destroyBox() { delete std::exchange(m_doomed, nullptr); }

private:
    void useAllChannels(OutboxScene &scene)
    {
        m_channels.clear();
        for (int i = 0; i < scene.connection.channelMax(); ++i)
            m_channels.append(scene.connection.createChannel());
    }

    QAmqpOutbox *m_doomed = nullptr;
    QList<QAmqpChannel *> m_channels;
};

QTAMQP_TEST(TestBoxLifetime)

#include "tst_boxlifetime.moc"
