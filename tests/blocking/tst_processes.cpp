// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The process a connection is in: fork() does not take it along, and the end of main() ends it.

#include "blockingtest.h"
#include "everycall.h"
#include "threadedbroker.h"

#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpconnection.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qprocess.h>

using namespace QtAmqpTest;

namespace {

// Whether what it does in a process of its own succeeded, and ended.
bool inNewProcess(const std::function<bool()> &work)
{
    const pid_t process = fork();
    if (process == 0) {
        alarm(20);
        _exit(work() ? 0 : 1);
    }
    int status = 0;
    waitpid(process, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool isOfFork(const QAmqpError &error, const char *call = "")
{
    if (error.kind() == Kind::NotOpen && error.text().contains(u"fork()"))
        return true;
    fprintf(stderr, "%s: %s\n", call, qPrintable(error.text()));
    return false;
}

void runLoop(const std::function<bool()> &until)
{
    while (!until())
        QCoreApplication::processEvents(QEventLoop::AllEvents, 50);
}

} // namespace

class TestProcesses : public QObject
{
    Q_OBJECT

private:
    struct Session
    {
        Session() : connection(new QAmqpConnection(broker.options()))
        {
            channel = connection->createChannel();
            connection->open();
        }
        ThreadedBroker broker;
        std::unique_ptr<QAmqpConnection> connection;
        QAmqpChannel *channel = nullptr;
    };
    static constexpr auto leaveOpen = "QTAMQP_TEST_LEAVE_OPEN";

private Q_SLOTS:
    void forkLeavesTheLinkAlone_data()
    {
        using Work = std::function<bool(Session &)>;
        QTest::addColumn<Work>("work");
        const auto row = [](const char *name, const Work &work) { QTest::newRow(name) << work; };
        row("delete", [](Session &s) {
            s.connection.reset();
            return true;
        });
        row("abort", [](Session &s) {
            s.connection->abort();
            runLoop([&] { return s.connection->state() == QAmqpConnection::State::Closed; });
            return true;
        });
        row("run the loop", [](Session &s) {
            auto answered = s.channel->declareQueue(queue);
            runLoop([&] { return answered.isFinished(); });
            return isOfFork(s.connection->lastError()) && !s.channel->isOpen();
        });
        row("publish much", [](Session &s) {
            const quint64 tag = s.channel->publish({}, u"x"_s, QByteArray(500'000, 'm'));
            bool indeterminate = false;
            QObject::connect(s.channel, &QAmqpChannel::indeterminate, s.channel,
                             [&] { indeterminate = tag != 0; });
            runLoop([&] { return indeterminate; });
            return isOfFork(s.connection->lastError());
        });
        row("close", [](Session &s) {
            s.connection->close();
            runLoop([&] { return s.connection->state() == QAmqpConnection::State::Closed; });
            return true;
        });
        row("open another", [](Session &s) {
            auto answered = s.channel->declareQueue(queue);
            runLoop([&] { return answered.isFinished(); });
            s.connection->open();
            runLoop([&] { return s.connection->isOpen(); });
            return true;
        });
    }

    void forkLeavesTheLinkAlone()
    {
        QFETCH(std::function<bool(Session &)>, work);
        Session s;
        QTRY_VERIFY_WITH_TIMEOUT(s.channel->isOpen(), 20'000);
        auto answered = s.channel->declareQueue(queue);
        runLoop([&] { return s.connection->bytesToWrite() == 0; });
        std::this_thread::sleep_for(20ms); // the answer lies in the socket, or the test shows less
        QVERIFY(inNewProcess([&] { return work(s); }));
        QTRY_VERIFY_WITH_TIMEOUT(answered.isFinished(), 20'000);
        QCOMPARE(answered.result().name, queue);
        auto again = s.channel->declareQueue(queue);
        QTRY_VERIFY_WITH_TIMEOUT(again.isFinished(), 20'000);
        QVERIFY(s.connection->isOpen());
    }

    void forkedBlockingConnectionIsOfNoUse()
    {
        ThreadedBroker broker;
        auto connection = std::make_unique<QAmqpBlockingConnection>(broker.options());
        std::optional<QAmqpBlockingChannel> channel = connection->createChannel().value();
        const QAmqpBlockingConsumer consumer = channel->consume(queue);
        const QAmqpBlockingOutbox box = connection->outbox().value();
        QVERIFY(inNewProcess([&] {
            for (const Call &call : everyCall()) {
                const QAmqpError error = call.make(*connection, *channel);
                if (!QByteArray(call.name).startsWith("close ") && !isOfFork(error, call.name))
                    return false;
            }
            const bool failed = isOfFork(connection->open().error(), "open")
                    && isOfFork(connection->sleep(1h).error(), "sleep")
                    && isOfFork(connection->processDataEvents(1h).error(), "processDataEvents")
                    && isOfFork(channel->startConsuming().error(), "startConsuming")
                    && isOfFork(consumer.next().error(), "next")
                    && isOfFork(connection->outbox().error(), "outbox")
                    && isOfFork(box.publish({}, queue, "m"_ba).error(), "publish to an outbox")
                    && isOfFork(box.waitUntilEmpty(1h).error(), "waitUntilEmpty")
                    && isOfFork(box.close().error(), "close an outbox") && !channel->isOpen()
                    && !connection->isOpen() && !consumer.isActive();
            connection.reset(); // and does not wait for a thread that is not there
            channel.reset();
            return failed;
        }));
        OK(channel->publish({}, queue, "m"_ba));
        QCOMPARE(consumer.next(20s).value().body(), "m"_ba);
        OK(box.publish({}, queue, "of the outbox"_ba));
        QCOMPARE(consumer.next(20s).value().body(), "of the outbox"_ba);
        OK(connection->close());
    }

    void forkInsideAHandlerEndsTheWait()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel channel = connection.createChannel().value();
        pid_t process = -1;
        OK(channel.consume(queue, [&](const QAmqpDelivery &) {
            process = fork();
            if (process == 0)
                alarm(20);
            else
                OK(channel.stopConsuming());
        }));
        OK(channel.publish({}, queue, "m"_ba));
        const auto ended = channel.startConsuming();
        if (process == 0)
            _exit(isOfFork(ended.error()) ? 0 : 1);
        OK(ended);
        int status = 0;
        waitpid(process, &status, 0);
        QVERIFY(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        OK(channel.declareQueue(queue));
    }

    void staticConnectionsEndWithTheProgram_data()
    {
        QTest::addColumn<bool>("blocking");
        QTest::newRow("blocking") << true;
        QTest::newRow("signals") << false;
    }

    // The program is this one: there the function leaves a connection open.
    void staticConnectionsEndWithTheProgram()
    {
        QFETCH(bool, blocking);
        const int port = qEnvironmentVariableIntValue(leaveOpen);
        if (port > 0) {
            const auto options =
                    QAmqpConnectionOptions().setHostName(u"127.0.0.1"_s).setPort(quint16(port));
            if (blocking) {
                static QAmqpBlockingConnection connection;
                OK(connection.open(options));
                static QAmqpBlockingChannel channel = connection.createChannel().value();
            } else {
                static QAmqpConnection connection(options);
                connection.createChannel();
                connection.open();
                QTRY_VERIFY_WITH_TIMEOUT(connection.isOpen(), 20'000);
            }
            return;
        }
        const ThreadedBroker broker;
        QProcess program;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QString::fromLatin1(leaveOpen),
                           QString::number(broker.options().hosts().constFirst().port));
        // OpenSSL forgets what it keeps for a thread that ends behind its own end.
        environment.insert(u"ASAN_OPTIONS"_s, u"detect_leaks=0"_s);
        program.setProcessEnvironment(environment);
        program.setProcessChannelMode(QProcess::MergedChannels);
        program.start(QCoreApplication::applicationFilePath(),
                      {u"processes"_s,
                       u"staticConnectionsEndWithTheProgram:"_s
                               + (blocking ? u"blocking"_s : u"signals"_s)});
        QVERIFY2(program.waitForFinished(20'000), "it does not end");
        const QByteArray output = program.readAll();
        QVERIFY2(program.exitStatus() == QProcess::NormalExit && program.exitCode() == 0, output);
        const QByteArray last = "Finished testing of TestProcesses *********";
        QCOMPARE(output.mid(output.indexOf(last) + last.size()).trimmed(), ""_ba);
    }

    void stopEndsOpening()
    {
        const ListeningSocket silent;
        const ThreadedBroker broker;
        QAmqpBlockingConnection connection;
        QAmqpError error;
        std::thread opening([&] { error = connection.open(silent.options()).error(); });
        QTRY_COMPARE_WITH_TIMEOUT(connection.options(), silent.options(), 20'000);
        connection.requestStop();
        opening.join();
        QCOMPARE(error.kind(), Kind::Cancelled);
        QVERIFY2(error.text().contains(u"a stop was requested"), qPrintable(error.text()));
        QCOMPARE(connection.open(silent.options()).error().kind(), Kind::Cancelled);
        connection.clearStopRequest();
        OK(connection.open(broker.options()));
    }

    void stopEndsCallsThatWait()
    {
        ThreadedBroker broker;
        QAmqpBlockingConnection connection(broker.options());
        QAmqpBlockingChannel waiting = connection.createChannel().value();
        QAmqpBlockingChannel windowed = connection.createChannel().value();
        QAmqpBlockingChannel collecting = connection.createChannel().value();
        windowed.setConfirmWindow(2);
        collecting.setConfirmWindow(2);
        OK(windowed.publish({}, u"hold"_s, "1"_ba));
        OK(windowed.publish({}, u"hold"_s, "2"_ba));
        OK(collecting.publish({}, u"hold"_s, "3"_ba));
        const std::function<QAmqpError()> calls[] = {
                [&] { return waiting.publish({}, u"hold"_s, "m"_ba).error(); },
                [&] { return windowed.publish({}, u"hold"_s, "m"_ba).error(); },
                [&] { return collecting.waitForConfirms().error(); },
        };
        QAmqpError errors[std::size(calls)];
        std::vector<std::thread> threads;
        for (size_t i = 0; i < std::size(calls); ++i)
            threads.emplace_back([&, i] { errors[i] = calls[i](); });
        std::this_thread::sleep_for(100ms); // what begins after the stop is not ended by it
        connection.requestStop();
        for (std::thread &thread : threads)
            thread.join();
        for (const QAmqpError &error : errors) {
            QCOMPARE(error.kind(), Kind::Cancelled);
            QVERIFY2(error.text().contains(u"a stop was requested"), qPrintable(error.text()));
        }
        // What the program then has to do works.
        OK(waiting.declareQueue(queue));
        OK(waiting.consume(queue, [](const QAmqpDelivery &) {}));
        OK(waiting.stopConsuming());
        connection.abort();
    }
};

QTAMQP_TEST(TestProcesses)
#include "tst_processes.moc"
