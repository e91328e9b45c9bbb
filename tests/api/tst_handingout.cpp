// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How many messages a consumer is handed at a time, whatever the broker sends, and that its slot is not
// entered again while it runs an event loop.

#include "consumertest.h"

#include <QtAmqp/qamqprpcserver.h>

using Kind = QAmqpError::Kind;
using State = QAmqpConsumer::State;

namespace {

auto asks(quint16 count)
{
    return [count](const BasicQos &m) { return m.prefetchCount == count && !m.global; };
}

const BasicConsumeOk consumeOk{QByteArrayView("t")};

QStringList bodies(const QList<QAmqpDelivery> &messages)
{
    QStringList texts;
    for (const QAmqpDelivery &message : messages)
        texts.append(message.text());
    return texts;
}

// What a slot deletes or ends in its event loop, while messages wait behind it.
enum class Deed { DeleteConsumer, DeleteChannel, DeleteConnection, Cancel, Close };

} // namespace

class TestHandingOut : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void prefetchOfTheChannelHolds()
    {
        Session s(openedChannel()
                          .expect<BasicQos>(asks(5))
                          .reply(BasicQosOk{})
                          .expect<BasicConsume>()
                          .reply(consumeOk)
                          .expect<BasicQos>(asks(10))
                          .reply(BasicQosOk{})
                          .expect<BasicConsume>()
                          .reply(consumeOk)
                          .expect<BasicQos>(asks(5))
                          .reply(BasicQosOk{})
                          .expect<BasicConsume>()
                          .reply(consumeOk)
                          .expect<BasicQos>(asks(0))
                          .reply(BasicQosOk{})
                          .expect<BasicConsume>()
                          .reply(consumeOk)
                          .connectionClose());
        s.open();
        s.channel->setPrefetch(5);
        const auto options = QAmqpConsumeOptions();
        QCOMPARE(s.channel->consume(u"q"_s, options)->options().prefetch(), quint16(5));
        s.channel->consume(u"q"_s, QAmqpConsumeOptions().setPrefetch(10));
        QCOMPARE(s.channel->consume(u"q"_s, options)->options().prefetch(), quint16(5));
        s.channel->setPrefetch(0);
        QAmqpConsumer *unlimited = s.channel->consume(u"q"_s, options);
        QVERIFY(!unlimited->pause()); // nothing would bound what it holds
        TRY(unlimited->isActive(), s.server);
        s.close();
    }

    void serversTakeThePrefetchOfTheChannel()
    {
        Session s(openedChannel()
                          .expect<BasicQos>(asks(3))
                          .reply(BasicQosOk{})
                          .expect<BasicConsume>()
                          .reply(BasicConsumeOk{"qtamqp-1.1"})
                          .connectionClose());
        s.open();
        s.channel->setPrefetch(3);
        QAmqpRpcServer server(s.channel, u"q"_s);
        QVERIFY(server.start());
        s.close();
    }

    void noMoreThanThePrefetchIsHandedOut()
    {
        ConsumerSession s(consuming()
                                  .then(deliveries(1, 5))
                                  .expect<BasicAck>(isAck(2))
                                  .expect<BasicAck>(isAck(1))
                                  .expect<BasicNack>(isNack(3, false, true))
                                  .connectionClose(),
                          tagged().setPrefetch(2));
        TRY(s.consumer->heldMessages() == 3, s.server);
        QCOMPARE(bodies(s.received), QStringList({u"1"_s, u"2"_s}));
        QVERIFY(s.received.at(1).ack());
        TRY(s.received.size() == 3, s.server);
        QVERIFY(s.received.at(0).ack());
        QVERIFY(s.received.at(2).nack());
        TRY(s.received.size() == 5, s.server);
        QCOMPARE(bodies(s.received), QStringList({u"1"_s, u"2"_s, u"3"_s, u"4"_s, u"5"_s}));
        QCOMPARE(s.consumer->heldMessages(), 0);
        s.close();
    }

    void aServerHandlesAsManyAsItsPrefetch()
    {
        Script script = openedChannel()
                                .expect<BasicQos>(asks(1))
                                .reply(BasicQosOk{})
                                .expect<BasicConsume>()
                                .reply(BasicConsumeOk{"qtamqp-1.1"});
        QAmqpMessage question("?");
        question.setReplyTo(u"back"_s);
        for (quint64 tag = 1; tag <= 4; ++tag)
            script.sendContent(deliveryTo("qtamqp-1.1", tag), question);
        Session s(script.expect<BasicNack>().expect<BasicNack>().connectionClose());
        s.open();
        QAmqpRpcServer server(s.channel, u"q"_s);
        QList<QAmqpRpcRequest> requests;
        connect(&server, &QAmqpRpcServer::requestReceived, this,
                [&](const QAmqpRpcRequest &request) { requests.append(request); });
        QVERIFY(server.start(1));
        const auto *consumer = s.channel->findChild<QAmqpConsumer *>();
        TRY(consumer->heldMessages() == 3, s.server);
        QCOMPARE(requests.size(), 1);
        QVERIFY(requests.constFirst().fail());
        TRY(requests.size() == 2, s.server);
        QCOMPARE(consumer->heldMessages(), 2);
        QVERIFY(requests.constLast().fail());
        TRY(requests.size() == 3, s.server);
        s.close();
    }

    void aFloodEndsAPausedConsumer()
    {
        ConsumerSession s(consuming()
                                  .then(deliveries(1, 9))
                                  .expect<ChannelClose>([](const ChannelClose &m) {
                                      return m.replyCode == 406 && m.replyText.contains("prefetch");
                                  })
                                  .then(deliveries(10, 40))
                                  .reply(ChannelCloseOk{})
                                  .connectionClose(),
                          tagged().setPrefetch(2));
        QVERIFY(s.consumer->pause());
        TRY(s.consumer->state() == State::Cancelled, s.server);
        QVERIFY(s.received.isEmpty());
        QCOMPARE(s.consumer->heldMessages(), 0);
        QCOMPARE(s.channel->lastError().kind(), Kind::ProtocolViolation);
        QCOMPARE(s.channel->lastError().scope(), QAmqpError::Scope::Channel);
        QVERIFY2(s.channel->lastError().text().contains(u"consumer \"t\""),
                 qPrintable(s.channel->lastError().text()));
        s.close();
    }

    void recoverForgetsWhatIsHeld()
    {
        ConsumerSession s(consuming()
                                  .then(deliveries(1, 2))
                                  .expect<BasicRecover>()
                                  .reply(BasicRecoverOk{})
                                  .then(deliveries(3, 4))
                                  .connectionClose(),
                          tagged().setPrefetch(2));
        QVERIFY(s.consumer->pause());
        TRY(s.consumer->heldMessages() == 2, s.server);
        const auto recovered = s.channel->recover();
        TRY(recovered.isFinished() && s.consumer->heldMessages() == 2, s.server);
        s.consumer->resume();
        TRY(s.received.size() == 2, s.server);
        QCOMPARE(bodies(s.received), QStringList({u"3"_s, u"4"_s}));
        s.close();
    }

    void aSlotIsNotEnteredAgain()
    {
        constexpr int flood = 3000;
        Script script = consuming(true)
                                .expect<BasicConsume>()
                                .reply(BasicConsumeOk{"other"})
                                .then(deliveries(1, 1))
                                .expect<QueueDeclare>()
                                .then(deliveries(2, flood))
                                .reply(QueueDeclareOk{"q", 0, 0})
                                .sendContent(deliveryTo("other", flood + 1), QAmqpMessage("x"))
                                .connectionClose();
        ConsumerSession s(script, tagged().setNoAck());
        const QAmqpConsumer *other = s.channel->consume(
                u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"other"_s).setNoAck());
        int others = 0;
        connect(other, &QAmqpConsumer::messageReceived, this, [&] { ++others; });
        int depth = 0;
        int deepest = 0;
        connect(s.consumer, &QAmqpConsumer::messageReceived, this, [&](const QAmqpDelivery &d) {
            deepest = std::max(deepest, ++depth);
            if (d.deliveryTag() == 1) {
                const auto declared = s.channel->declareQueue(u"q"_s);
                QVERIFY(eventually([&] { return declared.isFinished() && others == 1; }));
                QCOMPARE(s.received.size(), 1);
                QCOMPARE(s.consumer->heldMessages(), flood - 1);
            }
            --depth;
        });
        TRY(s.received.size() == flood, s.server);
        QCOMPARE(deepest, 1);
        for (int i = 0; i < flood; ++i)
            QCOMPARE(s.received.at(i).deliveryTag(), quint64(i + 1));
        s.close();
    }

    // Also when each of them takes a turn of its own, in which the slot runs turns.
    void whatWaitsComesInTheEnd()
    {
        const QAmqpMessage large(QByteArray(70 * 1024, 'x'));
        Script script = consuming(true);
        for (quint64 tag = 1; tag <= 5; ++tag)
            script.sendContent(delivery(tag), large);
        ConsumerSession s(script.connectionClose(), tagged().setNoAck());
        connect(s.consumer, &QAmqpConsumer::messageReceived, this, [&](const QAmqpDelivery &d) {
            if (d.deliveryTag() == 1)
                QVERIFY(eventually([&] { return s.consumer->heldMessages() == 4; }));
            QCoreApplication::processEvents();
        });
        TRY(s.received.size() == 5, s.server);
        s.close();
    }

    void whatAStreamSendsAheadIsBounded()
    {
        QAmqpMessage large(QByteArray(1024 * 1024, 'x'));
        Script script = consuming();
        for (quint64 tag = 1; tag <= 70; ++tag) {
            large.setHeaders({{u"x-stream-offset"_s, qint64(tag)}});
            script.sendContent(delivery(tag), large);
        }
        for (quint64 tag = 1; tag <= 70; ++tag)
            script.expect<BasicAck>(isAck(tag));
        ConsumerSession s(script.connectionClose(), tagged().setPrefetch(2));
        TRY(s.consumer->heldMessages() >= 65, s.server);
        QTest::qWait(0);
        QVERIFY(s.consumer->heldMessages() < 68); // the rest is not read
        int acknowledged = 0;
        while (acknowledged < 70) {
            TRY(s.received.size() > acknowledged, s.server);
            QVERIFY(s.received.at(acknowledged).ack());
            s.received[acknowledged++] = QAmqpDelivery();
        }
        s.close();
    }

    // Nothing else bounds what waits for such a slot. Large are bodies and headers.
    void readingStopsWhenTooMuchWaits()
    {
        const QByteArray content(1024 * 1024, 'x');
        QAmqpMessage headers;
        headers.setHeaders({{u"h"_s, content}});
        const QAmqpMessage large[] = {QAmqpMessage(content), headers};
        Script script = consuming(true);
        for (quint64 tag = 1; tag <= 70; ++tag)
            script.sendContent(delivery(tag), large[tag % 2]);
        ConsumerSession s(script.connectionClose(), tagged().setNoAck());
        bool wasBounded = false;
        connect(s.consumer, &QAmqpConsumer::messageReceived, this, [&](const QAmqpDelivery &d) {
            s.received.clear();
            if (d.deliveryTag() != 1)
                return;
            wasBounded = eventually([&] { return s.consumer->heldMessages() >= 63; });
            for (int i = 0; i < 1000; ++i)
                QCoreApplication::processEvents();
            wasBounded = wasBounded && s.consumer->heldMessages() <= 66
                    && s.connection.isReading(); // the application has not said otherwise
        });
        TRY(s.consumer->heldMessages() == 0 && wasBounded
                    && s.connection.bytesReceived() > 70 << 20,
            s.server);
        s.close();
    }

    void anythingMayEndInTheSlot_data()
    {
        QTest::addColumn<Deed>("deed");
        QTest::addColumn<bool>("noAck");
        QTest::addColumn<int>("received");
        QTest::newRow("consumer") << Deed::DeleteConsumer << true << 1;
        QTest::newRow("channel") << Deed::DeleteChannel << true << 1;
        QTest::newRow("connection") << Deed::DeleteConnection << true << 1;
        QTest::newRow("cancel") << Deed::Cancel << false << 1; // the others go back
        // The broker has forgotten them: they come, and then the end.
        QTest::newRow("cancel, no ack") << Deed::Cancel << true << 3;
        QTest::newRow("close, no ack") << Deed::Close << true << 3;
    }
    void anythingMayEndInTheSlot()
    {
        QFETCH(Deed, deed);
        QFETCH(bool, noAck);
        QFETCH(int, received);
        ScriptedServer server(consuming(noAck).then(deliveries(1, 3)).ignoreRest());
        SignalLog log;
        auto *connection = new QAmqpConnection(optionsFor(server));
        const QPointer<QAmqpConnection> alive(connection);
        const QPointer<QAmqpChannel> channel(connection->createChannel());
        const QPointer<QAmqpConsumer> consumer(channel->consume(u"q"_s, tagged().setNoAck(noAck)));
        log.watch(consumer);
        int count = 0;
        bool done = false;
        connect(consumer, &QAmqpConsumer::messageReceived, this, [&] {
            if (++count > 1)
                return;
            QVERIFY(eventually([&] { return consumer->heldMessages() == 2; }));
            switch (deed) {
            case Deed::DeleteConsumer: delete consumer; break;
            case Deed::DeleteChannel: delete channel; break;
            case Deed::DeleteConnection: delete connection; break;
            case Deed::Cancel: consumer->cancel(); break;
            case Deed::Close: connection->abort(); break;
            }
            if (deed == Deed::Close)
                QVERIFY(eventually([&] { return !channel->isOpen(); }));
            QCoreApplication::processEvents();
            done = true;
        });
        connection->open();
        TRY(done && count == received, server);
        if (deed == Deed::Close) {
            TRY(consumer->state() == State::Cancelled, server);
            QCOMPARE(log.of(u"consumer"_s).last(), u"cancelled"_s);
            QCOMPARE(log.of(u"consumer"_s).count(u"received 3"_s), 1);
        }
        delete alive;
    }
};

QTAMQP_TEST(TestHandingOut)
#include "tst_handingout.moc"
