// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What an application does with the futures of requests: continuations with and without a context,
// whenAll(), cancelling, and the ends they come to.

#include "apitest.h"
#include "scripted/autobroker.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qfuturewatcher.h>
#include <QtCore/qthread.h>

using Kind = QAmqpError::Kind;

namespace {

// A request as each test needs it: its future with what is attached by then(), and its cancelling.
struct Request
{
    const char *name;
    QFuture<void> (*ask)(QAmqpChannel *, QObject *context, const std::function<void()> &done,
                         const std::function<void(QAmqpError)> &failed);
    void (*cancel)(QAmqpChannel *);
};

template<auto Call>
Request request(const char *name)
{
    return {name,
            [](QAmqpChannel *channel, QObject *context, const std::function<void()> &done,
               const std::function<void(QAmqpError)> &failed) -> QFuture<void> {
                using Future = decltype(Call(channel));
                return Call(channel)
                        .then(context,
                              [done](const Future &future) {
                                  Future finished = future;
                                  finished.waitForFinished(); // throws what it ended with
                                  done();
                              })
                        .onFailed(context, [failed](const QAmqpException &exception) {
                            failed(exception.error());
                        });
            },
            [](QAmqpChannel *channel) { Call(channel).cancel(); }};
}

using C = QAmqpChannel *;
const Request requests[] = {
        request<[](C c) { return c->declareQueue(u"q"_s); }>("declareQueue"),
        request<[](C c) { return c->bindQueue(u"q"_s, u"e"_s); }>("bindQueue"),
        request<[](C c) { return c->unbindQueue(u"q"_s, u"e"_s); }>("unbindQueue"),
        request<[](C c) { return c->purgeQueue(u"q"_s); }>("purgeQueue"),
        request<[](C c) { return c->deleteQueue(u"q"_s); }>("deleteQueue"),
        request<[](C c) { return c->declareExchange(u"e"_s, u"topic"_s); }>("declareExchange"),
        request<[](C c) { return c->bindExchange(u"e"_s, u"f"_s); }>("bindExchange"),
        request<[](C c) { return c->unbindExchange(u"e"_s, u"f"_s); }>("unbindExchange"),
        request<[](C c) { return c->deleteExchange(u"e"_s); }>("deleteExchange"),
        request<[](C c) { return c->get(u"q"_s); }>("get"),
        request<[](C c) { return c->setPrefetch(3); }>("setPrefetch"),
        request<[](C c) { return c->recover(); }>("recover"),
        request<[](C c) { return c->publishConfirmed({}, u"q"_s, QAmqpMessage("x")); }>(
                "publishConfirmed"),
        request<[](C c) { return c->allConfirmed(); }>("allConfirmed"),
        request<[](C c) { return c->consume(u"q"_s)->cancel(); }>("cancel"),
        request<[](C c) { return c->queue()->declare(); }>("queue.declare"),
        request<[](C c) { return c->queue(u"q"_s)->get(); }>("queue.get"),
        request<[](C c) { return c->exchange(u"e"_s)->bind(u"f"_s); }>("exchange.bind"),
        request<[](C c) { return c->connection()->updateSecret(u"s"_s, {}); }>("updateSecret"),
};
const Request transactions[] = {
        request<[](C c) { return c->txSelect(); }>("txSelect"),
        request<[](C c) { return c->txCommit(); }>("txCommit"),
        request<[](C c) { return c->txRollback(); }>("txRollback"),
};

} // namespace

class TestFutures : public QObject
{
    Q_OBJECT

private:
    AutoServer m_server;

    // An open channel of an open connection to `server`.
    static std::unique_ptr<QAmqpConnection> open(const QUrl &url, QAmqpChannel **channel)
    {
        auto connection = std::make_unique<QAmqpConnection>(QAmqpConnectionOptions::fromUrl(url));
        *channel = connection->createChannel();
        connection->open();
        if (!eventually([&] { return (*channel)->isOpen(); }))
            qFatal("the connection did not open");
        return connection;
    }

private Q_SLOTS:
    void everyRequestContinues()
    {
        QAmqpChannel *channel = nullptr;
        const auto connection = open(m_server.url(), &channel);
        QAmqpChannel *transacted = connection->createChannel();
        QStringList done;
        QStringList expected;
        QStringList failures;
        QObject context;
        const auto ask = [&](const Request &request, QAmqpChannel *on) {
            const QString name = QString::fromLatin1(request.name);
            expected.append(name);
            request.ask(
                    on, &context, [&done, name] { done.append(name); },
                    [&failures, name](const QAmqpError &error) {
                        failures.append(name + u": "_s + error.text());
                    });
        };
        for (const Request &request : requests)
            ask(request, channel);
        for (const Request &request : transactions)
            ask(request, transacted);
        TRY_COMPARE(done.size() + failures.size(), expected.size());
        QCOMPARE(failures, QStringList());
        done.sort();
        expected.sort();
        QCOMPARE(done, expected);
    }

    // One that fails takes onFailed() instead, and with it all that were behind on its channel.
    void everyFailureContinues()
    {
        ScriptedServer server(openedChannel()
                                      .expect<QueueDeclare>()
                                      .send(ChannelClose{403, "ACCESS_REFUSED", 50, 10})
                                      .await<ChannelCloseOk>()
                                      .ignoreRest());
        QAmqpChannel *channel = nullptr;
        const auto connection = open(server.url(), &channel);
        QStringList missed;
        int failed = 0;
        QObject context;
        for (const Request &request : requests) {
            if (QByteArrayView(request.name) == "updateSecret")
                continue; // of the connection
            request.ask(
                    channel, &context,
                    [&missed, &request] { missed.append(QString::fromLatin1(request.name)); },
                    [&](const QAmqpError &error) {
                        const QAmqpError reason = failed++ == 0 ? error : error.cause();
                        if (reason.kind() != Kind::AccessRefused)
                            missed.append(QString::fromLatin1(request.name) + u": "_s
                                          + error.text());
                    });
        }
        TRY_COMPARE(failed, int(std::size(requests)) - 1);
        QCOMPARE(missed, QStringList());
        TRY(server.isExhausted(), server);
    }

    // Each in turn is given up while all are pending; the others end as they would.
    void cancellingDisturbsNoOther_data()
    {
        QTest::addColumn<int>("cancelled");
        for (size_t i = 0; i < std::size(requests); ++i)
            QTest::newRow(requests[i].name) << int(i);
    }
    void cancellingDisturbsNoOther()
    {
        QFETCH(int, cancelled);
        QAmqpChannel *channel = nullptr;
        const auto connection = open(m_server.url(), &channel);
        SignalLog log;
        log.watch(channel);
        int done = 0;
        QStringList failures;
        QObject context;
        for (size_t i = 0; i < std::size(requests); ++i) {
            if (int(i) == cancelled)
                requests[i].cancel(channel);
            requests[i].ask(
                    channel, &context, [&] { ++done; },
                    [&](const QAmqpError &error) { failures.append(error.text()); });
        }
        TRY_COMPARE(done, int(std::size(requests)));
        QCOMPARE(failures, QStringList());
        QVERIFY(log.errors.isEmpty());
        connection->close();
        TRY_COMPARE(connection->state(), QAmqpConnection::State::Closed);
        QVERIFY(!connection->lastError());
    }

    void cancelledAndThenDestroyed()
    {
        ScriptedServer server(openedChannel().ignoreRest());
        QAmqpChannel *channel = nullptr;
        auto connection = open(server.url(), &channel);
        for (const Request &request : requests)
            request.cancel(channel);
        connection.reset();
    }

    void everyPendingRequestFailsWithItsChannel_data()
    {
        QTest::addColumn<bool>("channelOnly");
        QTest::newRow("channel") << true;
        QTest::newRow("connection") << false;
    }
    void everyPendingRequestFailsWithItsChannel()
    {
        QFETCH(bool, channelOnly);
        ScriptedServer server(openedChannel().ignoreRest());
        QAmqpChannel *channel = nullptr;
        auto connection = open(server.url(), &channel);
        QAmqpChannel *transacted = connection->createChannel();
        QStringList failures;
        QStringList missed;
        QObject context;
        int asked = 0;
        const auto ask = [&](const Request &request, QAmqpChannel *on) {
            ++asked;
            const QString name = QString::fromLatin1(request.name);
            const QFuture<void> future = request.ask(
                    on, &context, [&missed, name] { missed.append(name); },
                    [&failures](const QAmqpError &error) { failures.append(error.text()); });
            QVERIFY2(!future.isFinished(), request.name);
        };
        for (const Request &request : requests) {
            if (!channelOnly || QByteArrayView(request.name) != "updateSecret")
                ask(request, channel);
        }
        ask(transactions[0], transacted);
        if (channelOnly) {
            delete channel;
            delete transacted;
        } else {
            connection.reset();
        }
        // At once, without an event loop, and none is merely cancelled.
        QCOMPARE(missed, QStringList());
        QCOMPARE(failures.size(), asked);
        for (const QString &text : std::as_const(failures))
            QVERIFY2(text.contains(u"was destroyed"), qPrintable(text));
    }

    void whenAllAndWhenAny()
    {
        QAmqpChannel *channel = nullptr;
        const auto connection = open(m_server.url(), &channel);
        channel->declareQueue(u"q"_s);
        QList<QFuture<quint32>> purged;
        for (int i = 0; i < 5; ++i) {
            for (int j = 0; j < 7; ++j)
                channel->publish({}, u"q"_s, "x"_ba);
            purged << channel->purgeQueue(u"q"_s);
        }
        quint32 sum = 0;
        QtFuture::whenAll(purged.begin(), purged.end())
                .then([&](const QList<QFuture<quint32>> &all) {
                    for (const QFuture<quint32> &each : all)
                        sum += each.result();
                });
        TRY_COMPARE(sum, 35u);

        // Of different types, one of which fails.
        bool over = false;
        QString name;
        Kind failure = Kind::NoError;
        QtFuture::whenAll(channel->declareQueue(u"named"_s),
                          channel->publishConfirmed({}, u"nack"_s, QAmqpMessage("x")))
                .then([&](const QList<std::variant<QFuture<QAmqpQueueInfo>, QFuture<quint64>>>
                                  &all) {
                    name = std::get<0>(all.at(0)).result().name;
                    failure = errorOf(std::get<1>(all.at(1))).kind();
                    over = true;
                });
        TRY_COMPARE(over, true);
        QCOMPARE(name, u"named"_s);
        QCOMPARE(failure, Kind::Nacked);

        int first = -1;
        const QFuture<void> prefetch = channel->setPrefetch(1);
        const QFuture<quint32> removed = channel->deleteQueue(u"q"_s);
        QtFuture::whenAny(prefetch, removed)
                .then([&](const std::variant<QFuture<void>, QFuture<quint32>> &any) {
                    first = int(any.index());
                });
        TRY_COMPARE(first, 0);
    }

    // A continuation runs in the thread of its context.
    void contexts()
    {
        QAmqpChannel *channel = nullptr;
        const auto connection = open(m_server.url(), &channel);
        QThread thread;
        thread.start();
        auto *remote = new QObject;
        remote->moveToThread(&thread);
        connect(&thread, &QThread::finished, remote, &QObject::deleteLater);
        std::atomic<QThread *> ranIn = nullptr;
        bool ran = false;
        channel->purgeQueue(u"q"_s).then(remote,
                                         [&](quint32) { ranIn = QThread::currentThread(); });
        channel->purgeQueue(u"q"_s).then(this, [&](quint32) { ran = true; });
        TRY_COMPARE(ran, true);
        TRY_COMPARE(ranIn.load(), &thread);
        thread.quit();
        QVERIFY(thread.wait());
    }

    // Who may be gone before the future ends watches it: Qt 6.4 asserts that the context of then() is
    // still there.
    void watcherGone()
    {
        QAmqpChannel *channel = nullptr;
        const auto connection = open(m_server.url(), &channel);
        auto gone = std::make_unique<QObject>();
        bool ran = false;
        bool ranForGone = false;
        const auto watch = [&](QObject *context, bool *called) {
            auto *watcher = new QFutureWatcher<quint32>(context);
            connect(watcher, &QFutureWatcher<quint32>::finished, context,
                    [called] { *called = true; });
            watcher->setFuture(channel->purgeQueue(u"q"_s));
        };
        watch(gone.get(), &ranForGone);
        watch(this, &ran);
        gone.reset();
        TRY_COMPARE(ran, true);
        QVERIFY(!ranForGone);
    }
};

QTAMQP_TEST(TestFutures)
#include "tst_futures.moc"
