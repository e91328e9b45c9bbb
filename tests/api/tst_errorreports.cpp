// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How often a failure is told, and by whom: what ends the connection by the connection alone, what ends
// a channel by that channel, to each future that waited for it besides; the log says it where nobody
// listens.

#include "connectiontest.h"
#include "scripted/autobroker.h"
#include "testmain.h"

using namespace QtAmqpTest;
using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

namespace {

// How many were told of it, and what they were told.
struct Counts
{
    int connection = 0; // errorOccurred()
    int channel = 0;
    int futures = 0;
    int cancelled = 0; // consumers, with an error
    int unsettled = 0; // publishes: nacked, indeterminate or returned
    int warnings = 0;

    friend bool operator==(const Counts &a, const Counts &b)
    {
        return a.connection == b.connection && a.channel == b.channel && a.futures == b.futures
                && a.cancelled == b.cancelled && a.unsettled == b.unsettled
                && a.warnings == b.warnings;
    }
};

char *toString(const Counts &c)
{
    return QTest::toString(
            u"connection %1, channel %2, futures %3, consumers %4, publishes %5, warnings %6"_s.arg(
                    QString::number(c.connection), QString::number(c.channel),
                    QString::number(c.futures), QString::number(c.cancelled),
                    QString::number(c.unsettled), QString::number(c.warnings)));
}

int warnings = 0;

} // namespace

class TestErrorReports : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void eachFailureIsReportedOnce_data();
    void eachFailureIsReportedOnce();

private:
    QList<QFuture<void>> fail(const QString &what, QAmqpChannel *channel, AutoServer &server);
};

void TestErrorReports::eachFailureIsReportedOnce_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<bool>("listens"); // to errorOccurred()
    QTest::addColumn<Counts>("told");
    const auto add = [](const char *what, const Counts &told, int warningsOtherwise) {
        const QString name = QString::fromLatin1(what);
        QTest::newRow(what) << name << true << told;
        Counts unheard = told;
        unheard.connection = unheard.channel = 0;
        unheard.warnings = warningsOtherwise;
        QTest::newRow(qPrintable(name + u", nobody listens"_s)) << name << false << unheard;
    };
    // connection, channel, futures, consumers, publishes
    add("no broker", {1, 0, 2, 1, 0}, 1);
    add("closed while it opens", {1, 0, 2, 1, 0}, 1);
    add("lost connection", {1, 0, 2, 1, 1}, 1);
    add("closed connection", {1, 0, 2, 1, 1}, 1);
    add("refused request", {0, 1, 2, 1, 1}, 0); // its future tells
    add("refused consume", {0, 1, 0, 2, 1}, 1);
    add("refused publish", {0, 1, 0, 1, 2}, 1);
    add("refused publish with a future", {0, 1, 1, 1, 2}, 0);
    add("nacked publish", {0, 0, 1, 0, 1}, 0);
    add("returned publish", {0, 0, 1, 0, 1}, 0);
    add("request refused on this side", {0, 0, 1, 0, 0}, 0);
}

// Begins what fails; the futures that are to end.
QList<QFuture<void>> TestErrorReports::fail(const QString &what, QAmqpChannel *channel,
                                            AutoServer &server)
{
    static const QHash<QString, AutoFault> faults = {
            {u"closed while it opens"_s,
             {AutoFault::CloseConnection, ConnectionStartOk::info.id()}},
            {u"lost connection"_s, {AutoFault::Drop, QueuePurge::info.id()}},
            {u"closed connection"_s, {AutoFault::CloseConnection, QueuePurge::info.id()}},
            {u"refused request"_s, {AutoFault::CloseChannel, QueuePurge::info.id()}},
            {u"refused consume"_s, {AutoFault::CloseChannel, BasicConsume::info.id()}}};
    server.fault = faults.value(what);
    const auto publish = [&](const char *key) {
        return QFuture<void>(channel->publishConfirmed({}, QString::fromLatin1(key), "x"_ba,
                                                       QAmqpChannel::Mandatory));
    };
    if (what == u"refused consume")
        channel->consume(u"q"_s);
    else if (what == u"refused publish")
        channel->publish({}, u"close channel"_s, "x"_ba);
    else if (what == u"refused publish with a future")
        return {publish("close channel")};
    else if (what == u"nacked publish")
        return {publish("nack")};
    else if (what == u"returned publish")
        return {publish("nowhere")};
    else if (what == u"request refused on this side")
        return {QFuture<void>(channel->purgeQueue(QString(300, u'x')))};
    else
        return {QFuture<void>(channel->purgeQueue(u"q"_s)),
                QFuture<void>(channel->declareQueue(u"r"_s))};
    return {};
}

void TestErrorReports::eachFailureIsReportedOnce()
{
    QFETCH(QString, what);
    QFETCH(bool, listens);
    QFETCH(Counts, told);
    AutoServer server;
    QAmqpConnection connection(
            QAmqpConnectionOptions::fromUrl(server.url()).setRecoveryEnabled(false));
    if (what == u"no broker")
        connection.setOptions(localPort(1));
    QAmqpChannel *channel = connection.createChannel();
    Counts counts;
    if (listens) {
        connect(&connection, &QAmqpConnection::errorOccurred, this, [&] { ++counts.connection; });
        connect(channel, &QAmqpChannel::errorOccurred, this, [&] { ++counts.channel; });
    }
    const auto unsettled = [&](quint64 first, quint64 last) {
        counts.unsettled += int(last - first + 1);
    };
    connect(channel, &QAmqpChannel::nacked, this, unsettled);
    connect(channel, &QAmqpChannel::indeterminate, this, unsettled);
    connect(channel, &QAmqpChannel::messageReturned, this, [&] { ++counts.unsettled; });
    bool isOver = false;
    connect(channel, &QAmqpChannel::closed, this, [&] { isOver = true; });
    warnings = 0;
    const auto handler = qInstallMessageHandler(
            [](QtMsgType type, const auto &, const auto &) { warnings += type == QtWarningMsg; });
    const auto end = qScopeGuard([handler] { qInstallMessageHandler(handler); });

    const bool opens = what != u"no broker" && what != u"closed while it opens";
    if (opens) {
        connection.open();
        channel->consume(u"q"_s);
        const QFuture<void> ready(channel->declareQueue(u"q"_s));
        if (told.cancelled > 0)
            channel->publish({}, u"hold"_s, "x"_ba);
        TRY_COMPARE(ready.isFinished(), true);
    } else {
        channel->consume(u"q"_s);
    }
    const QList<QFuture<void>> futures = fail(what, channel, server);
    for (QAmqpConsumer *consumer : channel->findChildren<QAmqpConsumer *>())
        connect(consumer, &QAmqpConsumer::cancelled, this,
                [&](const QAmqpError &error) { counts.cancelled += error.isError(); });
    if (!opens)
        connection.open();
    TRY_COMPARE(isOver || told.cancelled == 0, true);
    for (const QFuture<void> &future : futures) {
        TRY_COMPARE(future.isFinished(), true);
        counts.futures += errorOf(future).isError();
    }
    TRY_COMPARE(connection.state() == QAmqpConnection::State::Closed,
                what.endsWith(u" connection") || !opens);
    QCoreApplication::processEvents();
    counts.warnings = warnings;
    QCOMPARE(counts, told);
}

QTAMQP_TEST(TestErrorReports)
#include "tst_errorreports.moc"
