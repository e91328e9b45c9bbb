// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include "coredriver.h"

using namespace QtAmqpTest;

// A representative conversation, and the same with a fault at each of its steps. Whatever happens,
// CoreDriver::verdict() holds: every request ends once, every publish is settled once, the end of each
// channel and then of the connection is told once, and no deadline stays.

namespace {

Script conversation()
{
    return Script()
            .handshake({2047, 131072, 10})
            .channelOpen()
            .expect<QueueDeclare>()
            .reply(QueueDeclareOk{"amq.gen-1", 0, 0})
            .expect<QueueBind>([](const QueueBind &m) { return m.queue == "amq.gen-1"; })
            .reply(QueueBindOk{})
            .expect<ConfirmSelect>()
            .reply(ConfirmSelectOk{})
            .expect<BasicPublish>()
            .expect<BasicPublish>()
            .reply(BasicAck{1, false})
            .sendContent(BasicReturn{312, "NO_ROUTE", "", "nowhere"}, QByteArray("second"))
            .reply(BasicAck{2, false})
            .expect<BasicConsume>()
            .reply(BasicConsumeOk{"c"})
            .sendContent(delivery("c", 1), QByteArray("delivered"))
            .expect<BasicAck>([](const BasicAck &m) { return m.deliveryTag == 1; })
            .expect<BasicGet>()
            .sendContent(getOk(2), QByteArray(200, 'g'))
            .sendHeartbeat()
            .expect<BasicCancel>()
            .reply(BasicCancelOk{"c"})
            .expect<ChannelClose>()
            .reply(ChannelCloseOk{})
            .connectionClose();
}

// The client's side of it: reacts to what it is told, as an application would.
class Client
{
public:
    explicit Client(const Script &script)
        : d(script, QAmqpConnectionOptions().setConnectTimeout(10s).setHandshakeTimeout(15s))
    {
        d.onEvent = [this](const Event &event) { react(event); };
    }

    void run()
    {
        ChannelCore *channel = d.channel();
        d.ask(channel->request(declare()));
        const QueueNamePointer queue = channel->lastDeclared();
        d.ask(channel->request(bind({}, "amq.topic"), queue));
        channel->selectConfirms();
        d.published(channel->publish(publishTo({}), QByteArray("first"), queue));
        d.published(channel->publish(publishTo("nowhere", true), QByteArray("second")));
        d.ask(channel->consume(consume({}, "c"), queue));
        d.open();
        d.runToEnd();
    }

    CoreDriver d;

private:
    // Commands reach the core between turns or inside one; here they come inside.
    void react(const Event &event)
    {
        ChannelCore *channel = d.core.channel(1);
        const bool usable = channel
                && (channel->state() == ChannelState::Opening
                    || channel->state() == ChannelState::Open);
        if (std::holds_alternative<Delivered>(event) && usable) {
            settle(channel, std::get<Delivered>(event));
            d.ask(channel->request(get("amq.gen-1")));
        } else if (std::holds_alternative<Got>(event) && usable) {
            d.ask(channel->cancel("c"));
            channel->close();
        } else if (std::holds_alternative<ChannelClosed>(event)) {
            d.core.close(d.now + 5s);
        } else if (const auto *replied = std::get_if<Replied>(&event);
                   replied && replied->error.isError()) {
            d.core.close(d.now + 5s);
        }
    }
};

} // namespace

class TestEveryStep : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void goesWell()
    {
        Client client(conversation());
        client.run();
        QCOMPARE(client.d.core.state(), ConnectionState::Closed);
        QVERIFY2(!client.d.error().isError(), qPrintable(client.d.error().text()));
        QCOMPARE(client.d.settlements(), u"confirmed 1-1, confirmed 2-2"_s);
        QCOMPARE(client.d.last<Returned>().publishTag, 2u);
        QCOMPARE(client.d.count<Delivered>(), 1);
        QCOMPARE(client.d.count<Got>(), 1);
        for (const Replied &replied : client.d.all<Replied>())
            QVERIFY2(!replied.error.isError(), qPrintable(replied.error.text()));
    }

    void survivesAFaultAtEachStep()
    {
        int runs = 0;
        const Script script = conversation();
        forEachStep(script, [&](const Script &faulty) {
            Client client(faulty);
            client.run();
            ++runs;
            QCOMPARE(client.d.core.state(), ConnectionState::Closed);
            const QString verdict = client.d.verdict();
            QVERIFY2(verdict.isEmpty(), qPrintable(verdict));
            // A fault is an error, unless we had said goodbye already; a lost link says where it was.
            const bool goodbye = client.d.written.contains(
                    methodFrame(ConnectionClose{200, "Normal shutdown", 0, 0}, 0));
            QVERIFY2(client.d.error().isError() || goodbye, qPrintable(faulty.title()));
            if (client.d.error().isError())
                QVERIFY(!client.d.error().text().isEmpty()
                        && !client.d.error().endpoint().isEmpty());
        });
        QCOMPARE(runs, int(script.steps().size()) * 5);
    }
};

QTAMQP_TEST(TestEveryStep)
#include "tst_everystep.moc"
