// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Slots that run event loops of their own: there the connection goes on as usual, and a loop with nothing to do waits.
// Qt's two event dispatchers for Unix are both tried.

#include "consumertest.h"

#include <QtCore/qabstracteventdispatcher.h>
#include <QtCore/qeventloop.h>

#include <thread>

namespace {

// Runs the event loop that a slot runs, until a condition is true.
bool waitInside(const std::function<bool()> &condition) { return eventually(condition); }

// How often the event loop looks for events while a timer fires 20 times and nothing else happens.
int passesWhileIdle()
{
    int passes = 0;
    int ticks = 0;
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, [&] { ++ticks; });
    const auto counting = QObject::connect(QAbstractEventDispatcher::instance(),
                                           &QAbstractEventDispatcher::awake, [&] { ++passes; });
    timer.start(1);
    while (ticks < 20)
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    QObject::disconnect(counting);
    return passes;
}

constexpr int FewPasses = 200; // a loop that spins makes thousands

} // namespace

class TestNestedLoops : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void loopsInsideLoopsGetEverything_data() { dispatchers(); }
    void loopsInsideLoopsGetEverything();
    void theConnectionMayBeDeletedInside_data() { dispatchers(); }
    void theConnectionMayBeDeletedInside();
    void theEndIsToldInside_data();
    void theEndIsToldInside();
    void aNewSessionBeginsInside_data() { dispatchers(); }
    void aNewSessionBeginsInside();

private:
    static void dispatchers()
    {
        QTest::addColumn<bool>("glib");
        QTest::newRow("with glib") << true;
        QTest::newRow("without glib") << false;
    }
    // A thread gets its dispatcher when its first event loop is made.
    static void inThread(bool glib, const std::function<void()> &function)
    {
        if (!glib)
            qputenv("QT_NO_GLIB", "1");
        std::thread([&] {
            const QEventLoop loop;
            qunsetenv("QT_NO_GLIB");
            function();
        }).join();
    }
};

// A consumer's next message waits for its slot, so four consumers take turns here: the slots of the first three run
// event loops, one in another, until the fourth has everything. What is published in such a loop is sent, and what the
// broker sends after that comes.
void TestNestedLoops::loopsInsideLoopsGetEverything()
{
    QFETCH(bool, glib);
    constexpr int count = 2000;
    QStringList expected;
    QStringList received;
    int passes = 0;
    bool everything = true;
    bool isExhausted = false;
    inThread(glib, [&] {
        const QByteArrayList tags = {"a", "b", "c", "t"};
        Script script = openedChannel();
        for (const QByteArray &tag : tags)
            script.expect<BasicConsume>().reply(BasicConsumeOk{QByteArrayView(tag)});
        for (int i = 0; i < 3; ++i)
            script.sendContent(deliveryTo(tags.at(i).constData(), quint64(i) + 1), QAmqpMessage());
        script.expect<BasicPublish>().then(deliveries(4, count)).connectionClose();
        Session session(script);
        session.makeChannel()->setConfirms(false);
        const auto hasEverything = [&] { return received.size() == count - 3; };
        for (const QByteArray &tag : tags) {
            QAmqpConsumer *const consumer = session.channel->consume(
                    u"q"_s,
                    QAmqpConsumeOptions().setNoAck().setConsumerTag(QString::fromUtf8(tag)));
            QObject::connect(consumer, &QAmqpConsumer::messageReceived,
                             [&, consumer](const QAmqpDelivery &message) {
                                 if (consumer->consumerTag() == u"t")
                                     return received.append(QString::fromUtf8(message.body()));
                                 if (consumer->consumerTag() == u"c")
                                     QTimer::singleShot(0, session.channel, [&] {
                                         session.channel->publish(u"x"_s, u"y"_s,
                                                                  QAmqpMessage("z"));
                                     });
                                 everything = waitInside(hasEverything) && everything;
                                 passes = std::max(passes, passesWhileIdle());
                             });
        }
        session.connection.open();
        everything = eventually(hasEverything) && everything;
        session.connection.close();
        eventually([&] { return session.log.count(u"connection.closed"_s) == 1; });
        isExhausted = session.server.isExhausted();
    });
    for (int i = 4; i <= count; ++i)
        expected.append(QString::number(i));
    QVERIFY(everything);
    QCOMPARE(received, expected);
    QVERIFY(isExhausted);
    QVERIFY(passes > 0);
    QVERIFY2(passes < FewPasses, qPrintable(QString::number(passes)));
}

void TestNestedLoops::theConnectionMayBeDeletedInside()
{
    QFETCH(bool, glib);
    int passes = 0;
    bool isClosed = false;
    inThread(glib, [&] {
        ScriptedServer server(consuming(true)
                                      .then(deliveries(1, 500))
                                      .expect<BasicCancel>()
                                      .reply(BasicCancelOk{QByteArrayView("t")})
                                      .expect<ChannelClose>()
                                      .reply(ChannelCloseOk{})
                                      .connectionClose());
        auto *const connection = new QAmqpConnection(optionsFor(server));
        QAmqpConsumer *const consumer =
                connection->createChannel()->consume(u"q"_s, tagged().setNoAck());
        bool isOver = false;
        QObject::connect(consumer, &QAmqpConsumer::messageReceived, [&, connection] {
            if (isOver)
                return;
            isOver = true;
            QTimer::singleShot(0, connection, [connection] { delete connection; });
            const QPointer<QAmqpConnection> alive(connection);
            waitInside([&] { return !alive; });
            isClosed = waitInside([&] { return server.isExhausted(); }); // the last frame gets out
            passes = passesWhileIdle();
        });
        connection->open();
        eventually([&] { return isClosed; });
    });
    QVERIFY(isClosed);
    QVERIFY2(passes < FewPasses, qPrintable(QString::number(passes)));
}

void TestNestedLoops::theEndIsToldInside_data()
{
    QTest::addColumn<bool>("glib");
    QTest::addColumn<bool>("isLost");
    QTest::newRow("aborted, with glib") << true << false;
    QTest::newRow("aborted, without glib") << false << false;
    QTest::newRow("lost, with glib") << true << true;
    QTest::newRow("lost, without glib") << false << true;
}

void TestNestedLoops::theEndIsToldInside()
{
    QFETCH(bool, glib);
    QFETCH(bool, isLost);
    bool isTold = false;
    int passes = 0;
    inThread(glib, [&] {
        Script script = consuming(true).then(deliveries(1, 1));
        ConsumerSession session(isLost ? script.drop() : script.ignoreRest(), tagged().setNoAck());
        QObject::connect(session.consumer, &QAmqpConsumer::messageReceived, [&] {
            if (!isLost)
                session.connection.abort();
            isTold = waitInside([&] { return session.log.count(u"connection.closed"_s) == 1; });
            passes = passesWhileIdle();
        });
        eventually([&] { return passes > 0; });
    });
    QVERIFY(isTold);
    QVERIFY2(passes < FewPasses, qPrintable(QString::number(passes)));
}

// The new session has another transport than the one whose turn runs the slot.
void TestNestedLoops::aNewSessionBeginsInside()
{
    QFETCH(bool, glib);
    bool isOpen = false;
    int passes = 0;
    inThread(glib, [&] {
        Session session(openedChannel().drop());
        ScriptedServer second(openedChannel().ignoreRest());
        QObject::connect(&session.connection, &QAmqpConnection::closed, &session.connection, [&] {
            if (passes > 0)
                return;
            session.connection.setOptions(optionsFor(second));
            session.connection.open();
            QAmqpChannel *const channel = session.connection.createChannel();
            isOpen = waitInside([&] { return channel->isOpen(); });
            passes = passesWhileIdle();
        });
        session.makeChannel();
        session.connection.open();
        eventually([&] { return passes > 0; });
    });
    QVERIFY(isOpen);
    QVERIFY2(passes < FewPasses, qPrintable(QString::number(passes)));
}

QTAMQP_TEST(TestNestedLoops)
#include "tst_nestedloops.moc"
