// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a program hears that publishes where nothing can be published, and does not look at the tag.

#include "consumertest.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qthread.h>

#include <atomic>

using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestRefusedPublish : public QObject
{
    Q_OBJECT

private:
    static Script lossBehindPrefetch() { return openedChannel().expect<BasicQos>().drop(); }
    static void lose(Session &s)
    {
        s.open();
        s.channel->setPrefetch(1);
        TRY(s.connection.state() == QAmqpConnection::State::Closed, s.server);
    }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".?"))); }

    // Once for each loss, and naming the call.
    void isWarnedOfOnce()
    {
        Session s(lossBehindPrefetch());
        lose(s);
        const QRegularExpression warning(
                u"publish\\(\\) returned 0, and nothing was sent: basic.publish: channel 1 is closed"_s);
        QTest::ignoreMessage(QtWarningMsg, warning);
        for (int turn = 0; turn < 3; ++turn) {
            for (int i = 0; i < 10; ++i)
                QCOMPARE(s.channel->publish({}, u"q"_s, "m"_ba), 0U);
            QTest::qWait(0);
        }
        // And again when the channel was opened again, here for another reason. What was refused before has been
        // warned of, though it is signalled later.
        s.channel->publish({}, u"q"_s, "m"_ba);
        s.channel->open();
        QTest::qWait(0);
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(u"publish\\(\\) returned 0, .* has 256 bytes"_s));
        for (int i = 0; i < 2; ++i)
            s.channel->publish(QString(256, u'x'), u"q"_s, "m"_ba);
        QTest::qWait(0);
    }

    // Once in a turn, with how many there were, in whatever way they were published.
    void isSignalled()
    {
        Session s(lossBehindPrefetch());
        lose(s);
        QSignalSpy refused(s.channel, &QAmqpChannel::publishRefused);
        s.channel->publish({}, u"q"_s, "m"_ba);
        s.channel->queue(u"q"_s)->publish("m"_ba);
        s.channel->exchange(u"e"_s)->publish(u"q"_s, "m"_ba);
        QCOMPARE(refused.size(), 0); // never before the call returns
        QVERIFY(refused.wait(Patience));
        QCOMPARE(refused.size(), 1);
        QCOMPARE(refused.at(0).at(0).value<QAmqpError>().kind(), Kind::NotOpen);
        QCOMPARE(refused.at(0).at(1).toULongLong(), 3U);
        s.channel->publish({}, u"q"_s, "m"_ba);
        QVERIFY(refused.wait(Patience));
        QCOMPARE(refused.at(1).at(1).toULongLong(), 1U);
    }

    // A slot may run an event loop, and what happens in it is signalled in the order in which it happened.
    void aSlotMayWait()
    {
        Session s(openedChannel());
        s.makeChannel();
        QList<QAmqpChannel::State> states;
        connect(s.channel, &QAmqpChannel::stateChanged, this,
                [&](QAmqpChannel::State state) { states.append(state); });
        connect(s.channel, &QAmqpChannel::publishRefused, this,
                [&] { QVERIFY(eventually([&] { return s.channel->isOpen(); })); });
        s.channel->publish({}, QString(256, u'x'), "m"_ba);
        s.connection.open();
        TRY(states.contains(QAmqpChannel::Open), s.server);
        QCOMPARE(states, QList({QAmqpChannel::Opening, QAmqpChannel::Open}));
    }

    // And so are the consumers' states.
    void aSlotMayWaitForAConsumer()
    {
        ConsumerSession s(consuming().expect<BasicCancel>().reply(BasicCancelOk{"t"}));
        TRY(s.consumer->state() == QAmqpConsumer::Active, s.server);
        QList<QAmqpConsumer::State> states;
        connect(s.consumer, &QAmqpConsumer::stateChanged, this,
                [&](QAmqpConsumer::State state) { states.append(state); });
        connect(s.channel, &QAmqpChannel::publishRefused, this, [&] {
            QVERIFY(eventually([&] { return s.consumer->state() == QAmqpConsumer::Cancelled; }));
        });
        s.channel->publish(QString(256, u'x'), {}, "m"_ba);
        s.consumer->cancel();
        TRY(states.contains(QAmqpConsumer::Cancelled), s.server);
        QCOMPARE(states, QList({QAmqpConsumer::Cancelling, QAmqpConsumer::Cancelled}));
    }

    // A slot may delete the connection, which its channel may outlive.
    void theConnectionMayGo()
    {
        Session s(openedChannel());
        QObject owner;
        QPointer<QAmqpConnection> connection = new QAmqpConnection(optionsFor(s.server));
        QAmqpChannel *channel = connection->createChannel(&owner);
        connection->open();
        TRY(channel->isOpen(), s.server);
        connect(channel, &QAmqpChannel::stateChanged, this, [&] { delete connection; });
        QTest::ignoreMessage(
                QtWarningMsg,
                QRegularExpression(u"publish\\(\\) returned 0, and nothing was sent"_s));
        channel->close();
        QCOMPARE(channel->publish({}, u"q"_s, "m"_ba), 0U);
        TRY(!connection, s.server);
        QCOMPARE(channel->state(), QAmqpChannel::Closed);
    }

    // Also what an open channel cannot send, or one whose connection was never opened.
    void whateverTheReason()
    {
        QAmqpConnection connection;
        QAmqpChannel *channel = connection.createChannel();
        QSignalSpy refused(channel, &QAmqpChannel::publishRefused);
        channel->publish(QString(256, u'x'), u"q"_s, "m"_ba);
        QVERIFY(refused.wait(Patience));
        QCOMPARE(refused.at(0).at(0).value<QAmqpError>().kind(), Kind::InvalidArgument);
    }

    // A connection that was never opened is of no thread yet, whatever was refused on it.
    void theConnectionMayBeMovedBehindIt()
    {
        auto connection = std::make_unique<QAmqpConnection>();
        QAmqpChannel *channel = connection->createChannel();
        std::atomic<QThread *> toldIn = nullptr;
        connect(channel, &QAmqpChannel::publishRefused, channel,
                [&] { toldIn = QThread::currentThread(); });
        channel->publish(QString(256, u'x'), u"q"_s, "m"_ba);
        QThread thread;
        connection->moveToThread(&thread);
        quint64 tag = 0;
        connect(&thread, &QThread::started, channel,
                [&] { tag = channel->publish({}, u"q"_s, "m"_ba); });
        thread.start();
        QVERIFY(eventually([&] { return toldIn.load() != nullptr; }));
        thread.quit();
        QVERIFY(thread.wait(Patience));
        QCOMPARE(toldIn.load(), &thread);
        QCOMPARE(tag, 1U); // it was kept, since the channel is about to be opened
    }

    // Its future tells it.
    void aFutureIsEnough()
    {
        Session s(lossBehindPrefetch());
        lose(s);
        QSignalSpy refused(s.channel, &QAmqpChannel::publishRefused);
        QCOMPARE(errorOf(s.channel->publishConfirmed({}, u"q"_s, "m"_ba)).kind(), Kind::NotOpen);
        QTest::qWait(0);
        QCOMPARE(refused.size(), 0);
    }

    // By a slot that deletes the channel, or the connection with it.
    void aSlotMayDeleteAnything()
    {
        for (const bool all : {false, true}) {
            auto s = std::make_unique<Session>(lossBehindPrefetch());
            lose(*s);
            bool told = false;
            QAmqpChannel *channel = s->channel;
            connect(channel, &QAmqpChannel::publishRefused, this, [&] {
                told = true;
                delete channel;
                if (all)
                    s.reset();
            });
            channel->publish({}, u"q"_s, "m"_ba);
            QVERIFY(eventually([&] { return told; }));
        }
    }
};

QTAMQP_TEST(TestRefusedPublish)
#include "tst_refusedpublish.moc"
