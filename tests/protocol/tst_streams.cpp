// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// RabbitMQ closes the connection (540) when something is to go back to a stream. What it knows a stream by
// anybody can publish, though, and what is not of a stream must go back to its queue.

#include "channelcoretest.h"
#include "testmain.h"
#include "values/tableformat.h"

using namespace QtAmqpTest;

namespace {

QAmqpMessage marked(const QAmqpValue &offset)
{
    QAmqpMessage m("x");
    m.setHeaders({{u"x-stream-offset"_s, offset}});
    return m;
}

Script consuming()
{
    return opened()
            .expect<BasicQos>()
            .reply(BasicQosOk{})
            .expect<BasicConsume>()
            .reply(BasicConsumeOk{"c"});
}

} // namespace

class TestStreams : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void whatAPublisherMarkedGoesBack_data()
    {
        QTest::addColumn<QAmqpValue>("offset");
        QTest::newRow("the same again") << QAmqpValue(qint64(7));
        QTest::newRow("another type") << QAmqpValue(7);
        QTest::newRow("text") << QAmqpValue(u"7"_s);
    }
    void whatAPublisherMarkedGoesBack()
    {
        QFETCH(QAmqpValue, offset);
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), marked(offset))
                             .sendContent(delivery("c", 2), marked(offset)));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"), {}, 5);
        d.open();
        QCOMPARE(d.count<Delivered>(), 2);
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>()
                       .expect<BasicNack>()
                       .expect<BasicNack>()
                       .sendContent(delivery("c", 3), marked(offset))
                       .expect<BasicNack>([](const BasicNack &m) { return m.deliveryTag == 3; })
                       .reply(BasicCancelOk{"c"}));
        QCOMPARE(d.reply(cancel).count, 3u);
    }

    // One without the header is enough, and what came before it then goes back as well.
    void oneOfAQueueTellsOfTheOthers()
    {
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), marked(qint64(1)))
                             .sendContent(delivery("c", 2), marked(qint64(2)))
                             .sendContent(delivery("c", 3), message("x")));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"), {}, 5);
        d.open();
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>()
                       .expect<BasicNack>()
                       .expect<BasicNack>()
                       .expect<BasicNack>()
                       .reply(BasicCancelOk{"c"}));
        QCOMPARE(d.reply(cancel).count, 3u);
    }

    // A stream has a name of the application's, is durable and not exclusive, and has a prefetch.
    void whatIsNoStreamGivesBack_data()
    {
        QTest::addColumn<QByteArray>("queue");
        QTest::addColumn<bool>("durable");
        QTest::addColumn<bool>("exclusive");
        QTest::addColumn<QString>("type");
        QTest::addColumn<quint16>("prefetch");
        QTest::addColumn<int>("count");
        const QByteArray q("q");
        QTest::newRow("named by the broker")
                << "amq.gen-1"_ba << true << false << QString() << quint16(5) << 1;
        QTest::newRow("being named by the broker")
                << ""_ba << true << false << QString() << quint16(5) << 1;
        QTest::newRow("transient") << q << false << false << QString() << quint16(5) << 1;
        QTest::newRow("exclusive") << q << true << true << QString() << quint16(5) << 1;
        QTest::newRow("classic") << q << true << false << u"classic"_s << quint16(5) << 1;
        QTest::newRow("quorum") << q << true << false << u"quorum"_s << quint16(5) << 1;
        QTest::newRow("no prefetch") << q << true << false << QString() << quint16(0) << 1;
        // It is one, or may be: a virtual host can have another default type.
        QTest::newRow("stream") << q << true << false << u"stream"_s << quint16(5) << 0;
        QTest::newRow("durable") << q << true << false << QString() << quint16(5) << 0;
    }
    void whatIsNoStreamGivesBack()
    {
        QFETCH(QByteArray, queue);
        QFETCH(bool, durable);
        QFETCH(bool, exclusive);
        QFETCH(QString, type);
        QFETCH(quint16, prefetch);
        QFETCH(int, count);
        Script script = opened().expect<QueueDeclare>()
                                .reply(QueueDeclareOk{queue.isEmpty() ? "amq.gen-1" : queue, 0, 0})
                                .expect<BasicQos>()
                                .expect<BasicConsume>()
                                .reply(BasicQosOk{})
                                .reply(BasicConsumeOk{"c"})
                                .sendContent(delivery("c", 1), marked(qint64(7)));
        CoreDriver d(script);
        ChannelCore *channel = d.channel();
        const QByteArray arguments =
                type.isEmpty() ? QByteArray() : encodeTable({{u"x-queue-type"_s, type}});
        QueueDeclare declare{.queue = queue, .durable = durable, .exclusive = exclusive};
        declare.arguments = FieldTable(arguments);
        d.ask(channel->request(declare));
        channel->consume(consume(queue, "c"), {}, prefetch);
        d.open();
        QCOMPARE(d.count<Delivered>(), 1);
        const RequestId cancel = d.ask(channel->cancel("c"));
        Script end = Script().expect<BasicCancel>();
        if (count > 0)
            end.expect<BasicNack>();
        d.then(end.reply(BasicCancelOk{"c"}));
        QCOMPARE(d.reply(cancel).count, quint32(count));
    }

    // Also of a stream that was consumed without a word of it: what came, what comes, and behind it.
    void nothingGoesBackToAStream()
    {
        CoreDriver d(consuming()
                             .sendContent(delivery("c", 1), marked(qint64(7)))
                             .sendContent(delivery("c", 2), marked(qint64(9)))
                             .sendContent(delivery("ghost", 3), marked(qint64(1))));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"), {}, 5);
        d.open();
        QVERIFY(channel->show(1));
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>()
                       .sendContent(delivery("c", 4), marked(qint64(10)))
                       .reply(BasicCancelOk{"c"}));
        QCOMPARE(d.count<Delivered>(), 2);
        QCOMPARE(d.reply(cancel).count, 0u);
        QVERIFY(settle(channel, d.all<Delivered>().at(0)));
        d.then(Script().expect<BasicAck>());
    }

    // Who asked for an offset, or declared a stream, cannot give back by mistake either.
    void giveBackToAStreamIsRefused_data()
    {
        QTest::addColumn<bool>("isDeclared");
        QTest::addColumn<QByteArray>("queue");
        QTest::newRow("consumed as one") << false << "q"_ba;
        QTest::newRow("declared as one") << true << "q"_ba;
        QTest::newRow("declared last") << true << ""_ba;
    }
    void giveBackToAStreamIsRefused()
    {
        QFETCH(bool, isDeclared);
        QFETCH(QByteArray, queue);
        CoreDriver d((isDeclared ? opened().expect<QueueDeclare>() : opened())
                             .expect<BasicQos>()
                             .expect<BasicConsume>()
                             .reply(BasicQosOk{})
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("c", 1), marked(qint64(7))));
        ChannelCore *channel = d.channel();
        const QByteArray type = encodeTable({{u"x-queue-type"_s, u"stream"_s}});
        const QByteArray first = encodeTable({{u"x-stream-offset"_s, u"first"_s}});
        QueueDeclare declare{.queue = "q", .durable = true, .noWait = true};
        declare.arguments = FieldTable(type);
        BasicConsume consumer = consume(queue, "c");
        if (isDeclared)
            channel->requestNoWait(declare);
        else
            consumer.arguments = FieldTable(first);
        channel->consume(consumer, {}, 5);
        d.open();
        const Delivered delivered = d.last<Delivered>();
        QVERIFY(delivered.fromStream);
        QVERIFY(!settle(channel, delivered, Settlement::Requeue));
        QVERIFY(!settle(channel, delivered, Settlement::Discard, true));
        QCOMPARE(channel->settle({}, Settlement::Requeue, true), Settling::FromStream);
        QVERIFY(settle(channel, delivered));
        d.then(Script().expect<BasicAck>());
    }

    // What is refused is no more than that.
    void othersAreGivenBackBesideAStream()
    {
        const QByteArray first = encodeTable({{u"x-stream-offset"_s, u"first"_s}});
        CoreDriver d(consuming()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"queue"})
                             .sendContent(delivery("queue", 1), message("x"))
                             .sendContent(delivery("c", 2), marked(qint64(7)))
                             .sendContent(delivery("queue", 3), message("x")));
        ChannelCore *channel = d.channel();
        BasicConsume stream = consume("s", "c");
        stream.arguments = FieldTable(first);
        channel->consume(stream, {}, 5);
        channel->consume(consume("q", "queue"), {}, 5);
        d.open();
        const std::vector<Delivered> all = d.all<Delivered>();
        QVERIFY(settle(channel, all.at(0), Settlement::Requeue, true)); // none of the stream
        QVERIFY(channel->show(2));
        QVERIFY(!settle(channel, all.at(2), Settlement::Requeue, true));
        QVERIFY(settle(channel, all.at(2), Settlement::Requeue));
        QVERIFY(settle(channel, all.at(1)));
        d.then(Script().expect<BasicNack>().expect<BasicNack>().expect<BasicAck>());
    }
};

QTAMQP_TEST(TestStreams)
#include "tst_streams.moc"
