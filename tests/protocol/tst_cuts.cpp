// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include "coredriver.h"

using namespace QtAmqpTest;

// A whole session whose link is cut at every byte, in both directions. Wherever that is: each publish has
// one outcome, each request one end that names the loss, each channel and the connection end once, and what
// was shown to the application is what arrived.

namespace {

constexpr quint32 SmallFrames = 4096;
constexpr int Publishes = 20;

bool isLarge(int publish) { return publish % 7 == 3; }

// Bodies over one frame are three of twenty.
QByteArray bodyOf(int publish)
{
    return QByteArray(isLarge(publish) ? SmallFrames + 100 : 10, 'b');
}

Script session()
{
    Script script = Script().handshake({2047, SmallFrames, 60})
                            .channelOpen()
                            .expect<ExchangeDeclare>()
                            .reply(ExchangeDeclareOk{})
                            .expect<QueueDeclare>()
                            .reply(QueueDeclareOk{"amq.gen-1", 0, 0})
                            .expect<QueueBind>()
                            .reply(QueueBindOk{})
                            .expect<ConfirmSelect>()
                            .reply(ConfirmSelectOk{});
    for (int i = 0; i < Publishes; ++i)
        script.expect<BasicPublish>();
    script.reply(BasicAck{5, true})
            .sendContent(BasicReturn{312, "NO_ROUTE", "", "nowhere"}, QByteArray("returned"))
            .reply(BasicAck{7, false})
            .reply(BasicNack{6, false, false})
            .reply(BasicAck{20, true})
            .expect<BasicConsume>()
            .reply(BasicConsumeOk{"c"})
            .sendContent(delivery("c", 1), bodyOf(0), SmallFrames)
            .sendContent(delivery("c", 2), bodyOf(3), SmallFrames)
            .expect<BasicAck>()
            .expect<BasicAck>()
            .expect<BasicGet>()
            .sendContent(getOk(3), QByteArray(200, 'g'))
            .expect<BasicAck>()
            .expect<ChannelClose>()
            .reply(ChannelCloseOk{})
            .connectionClose();
    return script;
}

class Client
{
public:
    Client() : d(session())
    {
        d.onEvent = [this](const Event &event) { react(event); };
    }

    void run()
    {
        ChannelCore *channel = d.channel();
        d.ask(channel->request(ExchangeDeclare{.exchange = "x", .type = "topic"}));
        d.ask(channel->request(declare()));
        d.ask(channel->request(bind({}, "x"), channel->lastDeclared()));
        channel->selectConfirms();
        for (int i = 0; i < Publishes; ++i) {
            d.published(channel->publish(publishTo(i == 6 ? "nowhere" : "key", i == 6), bodyOf(i)));
            if (i % 5 == 0)
                promises.push_back(d.ask(channel->awaitConfirm()));
        }
        promises.push_back(d.ask(channel->awaitAllConfirms()));
        d.ask(channel->consume(consume({}, "c")));
        d.open();
        d.runToEnd();
    }

    // Empty if all is as it must be.
    QString objection()
    {
        if (const QString verdict = d.verdict(); !verdict.isEmpty())
            return verdict;
        if (d.core.state() != ConnectionState::Closed)
            return u"the connection is not closed"_s;
        const std::vector<ReadyToClose> ready = d.all<ReadyToClose>();
        const bool goodbye = std::any_of(ready.begin(), ready.end(),
                                         [](const ReadyToClose &r) { return r.channel == 0; });
        const QAmqpError error = d.error();
        if (error.isError() == goodbye)
            return u"the connection ended with \"%1\""_s.arg(error.text());
        if (!goodbye
            && (error.kind() != Kind::ConnectionLost || error.scope() != Scope::Connection))
            return u"that is no loss: "_s + error.text();
        for (const Replied &replied : d.all<Replied>()) {
            const bool isPromise =
                    std::find(promises.begin(), promises.end(), replied.request) != promises.end();
            if (const QString text = judge(replied.error, isPromise); !text.isEmpty())
                return text;
        }
        quint64 last = 0;
        for (const Delivered &delivered : d.all<Delivered>()) {
            if (delivered.deliveryTag != ++last
                || delivered.message.body() != bodyOf(last == 1 ? 0 : 3))
                return u"delivery %1 is not what was sent"_s.arg(delivered.deliveryTag);
        }
        return {};
    }

    CoreDriver d;

private:
    static QString judge(const QAmqpError &error, bool isPromise)
    {
        if (!error
            || (isPromise && (error.kind() == Kind::Nacked || error.kind() == Kind::Unroutable)))
            return {};
        if (error.kind() != Kind::ConnectionLost || error.scope() != Scope::Connection
            || error.cause().kind() != Kind::ConnectionLost)
            return u"a request ended with \"%1\""_s.arg(error.text());
        return {};
    }

    // As an application does: from inside of the turn.
    void react(const Event &event)
    {
        ChannelCore *channel = d.core.channel(1);
        const bool usable = channel && channel->state() == ChannelState::Open;
        if (const auto *delivered = std::get_if<Delivered>(&event); delivered && usable) {
            settle(channel, *delivered);
            if (delivered->deliveryTag == 2)
                d.ask(channel->request(get("amq.gen-1")));
        } else if (const auto *got = std::get_if<Got>(&event); got && usable) {
            settle(channel, *got);
            channel->close();
        } else if (std::holds_alternative<ChannelClosed>(event)) {
            d.core.close(d.now + 5s);
        }
    }

    std::vector<RequestId> promises;
};

} // namespace

class TestCuts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void goesWell()
    {
        Client client;
        client.run();
        QCOMPARE(client.objection(), QString());
        QVERIFY(!client.d.error().isError());
        QCOMPARE(client.d.settlements(),
                 u"confirmed 1-5, confirmed 7-7, nacked 6-6, confirmed 8-20"_s);
        QCOMPARE(client.d.count<Delivered>(), 2);
        QCOMPARE(client.d.count<Got>(), 1);
    }

    void atEachByteInwards() { cutEverywhere(&CoreDriver::inwardsLeft); }
    void atEachByteOutwards() { cutEverywhere(&CoreDriver::outwardsLeft); }

private:
    static void cutEverywhere(std::optional<qint64> CoreDriver::*left)
    {
        qint64 cuts = 0;
        for (bool isCut = true; isCut; ++cuts) {
            Client client;
            client.d.*left = cuts;
            client.run();
            const QString objection = client.objection();
            QVERIFY2(objection.isEmpty(),
                     qPrintable(u"after %1 bytes: %2"_s.arg(cuts).arg(objection)));
            isCut = client.d.isCut();
        }
        QVERIFY2(cuts > 1000, "the session is too short to show anything");
    }
};

QTAMQP_TEST(TestCuts)
#include "tst_cuts.moc"
