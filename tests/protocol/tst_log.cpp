// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The lines of a connection, which wait until they may be printed.

#include "connectioncoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

namespace {

QStringList taken(Log &log)
{
    QStringList lines;
    while (!log.isEmpty())
        lines += log.take().text;
    return lines;
}

Frame heartbeat(quint16 channel) { return {FrameType::Heartbeat, channel, {}}; }

// What is printed while this lives.
class Printed
{
public:
    Printed()
    {
        s_lines.clear();
        s_previous = qInstallMessageHandler(
                [](QtMsgType type, const QMessageLogContext &context, const QString &text) {
                    if (QByteArrayView(context.category).startsWith("qt.amqp."))
                        s_lines += text;
                    else
                        s_previous(type, context, text);
                });
    }
    ~Printed() { qInstallMessageHandler(s_previous); }
    Q_DISABLE_COPY_MOVE(Printed)
    QStringList lines() const { return s_lines; }

private:
    static inline QStringList s_lines;
    static inline QtMessageHandler s_previous = nullptr;
};

} // namespace

class TestLog : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        CoreDriver::split = Split::Whole;
        QLoggingCategory::setFilterRules(u"qt.amqp.*=true"_s);
    }
    void cleanup() { QLoggingCategory::setFilterRules({}); }

    void linesWaitInTheirOrder()
    {
        Log log;
        log.frameReceived(heartbeat(0));
        log.add(qtAmqpConnection(), QtWarningMsg, u"a warning of \x1b[2J\n"_s);
        QLoggingCategory::setFilterRules(u"qt.amqp.*=false"_s);
        log.add(qtAmqpConnection(), QtWarningMsg, u"switched off"_s);
        log.frameReceived(heartbeat(0));
        QCOMPARE(taken(log),
                 QStringList({u"<- channel 0: heartbeat"_s, u"a warning of \\x1b[2J\\n"_s}));
    }

    void channelsOfAHandlerAreNotTraced()
    {
        Log log;
        log.used(1); // not by a handler
        QVERIFY(!log.setHandling(true));
        log.used(2);
        log.used(2);
        log.used(3);
        QVERIFY(log.setHandling(false));
        for (quint16 channel = 1; channel <= 3; ++channel)
            log.frameReceived(heartbeat(channel));
        log.opened(3);
        log.frameReceived(heartbeat(3));
        const QStringList lines = taken(log);
        QCOMPARE(lines.size(), 3);
        QVERIFY(lines.at(0).contains(u"channel 2"));
        QCOMPARE(lines.at(1), u"<- channel 1: heartbeat"_s);
        QCOMPARE(lines.at(2), u"<- channel 3: heartbeat"_s);
    }

    void framesAreLeftOutAboveAMeasure()
    {
        Log log;
        for (int i = 0; i < 100'010; ++i)
            log.frameReceived(heartbeat(0));
        log.add(qtAmqpConnection(), QtWarningMsg, u"never left out"_s);
        for (int i = 0; i < 5; ++i)
            log.frameReceived(heartbeat(0));
        const QStringList lines = taken(log);
        QCOMPARE(lines.size(), 100'003);
        QVERIFY(lines.at(100'000).startsWith(u"10 frames are left out"));
        QCOMPARE(lines.at(100'001), u"never left out"_s);
        QVERIFY(lines.at(100'002).startsWith(u"5 frames are left out"));
    }

    void blockingAllTheTimeIsToldOnceASecond()
    {
        QLoggingCategory::setFilterRules({});
        const Printed printed;
        CoreDriver d(Script().handshake(), options());
        d.open();
        const QByteArray once = methodFrame(ConnectionBlocked{"low on\nmemory"}, 0)
                + methodFrame(ConnectionUnblocked{}, 0);
        const auto block = [&](int times) {
            d.core.receive(once.repeated(times), d.now);
            d.run();
        };
        block(1'000);
        QCOMPARE(printed.lines(),
                 QStringList(u"the broker has blocked the connection: \"low on\\nmemory\""_s));
        QCOMPARE(d.count<BlockedChanged>(), 2'000);
        block(500);
        d.pass(999ms);
        QCOMPARE(printed.lines().size(), 1);
        d.pass(1ms);
        QCOMPARE(printed.lines().size(), 2);
        QVERIFY2(printed.lines().at(1).endsWith(u"1499 more times"),
                 qPrintable(printed.lines().at(1)));
        block(1);
        d.pass(10s);
        QCOMPARE(printed.lines().size(), 3);
        block(2); // after a time of peace it is told at once
        QCOMPARE(printed.lines().size(), 4);
        d.core.abort();
        d.run();
        QCOMPARE(printed.lines().size(), 5);
        QVERIFY(printed.lines().at(4).endsWith(u"1 more times"));
    }
};

QTAMQP_TEST(TestLog)
#include "tst_log.moc"
