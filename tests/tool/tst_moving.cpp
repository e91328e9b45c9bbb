// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// move and copy lose nothing, double nothing and change nothing, whatever the broker does; tap takes nothing away; what
// --save keeps is put back by publish --from. Against a broker in this process.

#include "everymessage.h"
#include "tool/tooltest.h"

#include <QtAmqpTest/qamqptestbroker.h>

#include <QtCore/qdir.h>
#include <QtCore/qtemporarydir.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

using Property = QAmqpMessage::Property;

// All that a message consists of.
QList<QByteArray> contents(const QAmqpMessage &message)
{
    QList<QByteArray> all{message.body()};
    for (quint16 bit = 0x8000; bit >= 0x0004; bit = quint16(bit >> 1)) {
        const Property property = Property(bit);
        all += message.has(property) ? '=' + message.bytes(property) : "absent";
    }
    return all;
}

QAmqpMessage numbered(int number)
{
    QAmqpMessage message(QByteArray::number(number));
    message.setHeaders({{u"odd"_s, number % 2 == 1}, {u"tenant"_s, u"t%1"_s.arg(number % 3)}});
    message.setType(number % 2 == 1 ? u"a*b"_s : u"even"_s);
    return message;
}

} // namespace

class TestMoving : public QObject
{
    Q_OBJECT

private:
    QString url() const { return m_broker->url().toString(); }

    QStringList withUrl(const QStringList &arguments) const
    {
        return arguments + QStringList{u"--url"_s, url()};
    }

    Result tool(const QStringList &arguments) { return run(withUrl(arguments)); }

    void fill(int count)
    {
        for (int i = 0; i < count; ++i)
            QVERIFY(m_broker->publish(QString(), u"from"_s, numbered(i)));
    }

    // Takes all that is in the queue.
    QList<QByteArray> bodies(const QString &queue)
    {
        QList<QByteArray> all;
        while (const auto message = m_broker->take(queue))
            all += message->body();
        return all;
    }

    quint64 ready(const QString &queue) const { return m_broker->queue(queue)->messages; }

    std::unique_ptr<QAmqpTestBroker> m_broker;

private Q_SLOTS:
    void init()
    {
        m_broker = std::make_unique<QAmqpTestBroker>();
        QVERIFY(m_broker->start());
        QVERIFY(m_broker->declareQueue(u"from"_s));
        QVERIFY(m_broker->declareQueue(u"to"_s));
    }

    void movesEveryByteInOrder()
    {
        for (const QAmqpMessage &message : everyMessage())
            QVERIFY(m_broker->publish(QString(), u"from"_s, message));
        const Result result = tool({u"move"_s, u"from"_s, u"to"_s});
        VERIFY_RUN(result, 0, QString());
        const QByteArray count = QByteArray::number(everyMessage().size());
        QCOMPARE(result.output, "from: messages moved " + count + '\n');
        for (const QAmqpMessage &expected : everyMessage()) {
            const auto given = m_broker->take(u"to"_s);
            QVERIFY(given);
            QCOMPARE(contents(*given), contents(expected));
        }
        QCOMPARE(ready(u"from"_s), quint64(0));
        QCOMPARE(ready(u"to"_s), quint64(0));
    }

    void filters_data()
    {
        QTest::addColumn<QStringList>("filters");
        QTest::addColumn<QList<QByteArray>>("moved");
        QTest::addColumn<QList<QByteArray>>("left");
        const auto row = [](const char *name, const QStringList &filters,
                            const QList<QByteArray> &moved, const QList<QByteArray> &left) {
            QTest::newRow(name) << filters << moved << left;
        };
        row("header", {u"header:tenant=t1"_s}, {"1", "4"}, {"0", "2", "3", "5"});
        row("header that is no text", {u"header:odd=true"_s}, {"1", "3", "5"}, {"0", "2", "4"});
        row("pattern", {u"type=*e?"_s}, {"0", "2", "4"}, {"1", "3", "5"});
        row("not", {u"type!=*e?"_s}, {"1", "3", "5"}, {"0", "2", "4"});
        row("text without patterns", {u"type~a*b"_s}, {"1", "3", "5"}, {"0", "2", "4"});
        row("all must fit", {u"header:odd=true"_s, u"body~5"_s}, {"5"}, {"0", "1", "2", "3", "4"});
        row("what is absent fits nothing", {u"message-id=*"_s}, {}, numbers(0, 6));
        row("key", {u"routing-key=fr*"_s, u"exchange="_s}, numbers(0, 6), {});
    }

    void filters()
    {
        QFETCH(QStringList, filters);
        QFETCH(QList<QByteArray>, moved);
        QFETCH(QList<QByteArray>, left);
        fill(6);
        QStringList arguments{u"move"_s, u"from"_s, u"to"_s, u"--json"_s};
        for (const QString &filter : filters)
            arguments += {u"--filter"_s, filter};
        const Result result = tool(arguments);
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(json(result.output).value(u"moved"_s).toInt(), int(moved.size()));
        QCOMPARE(json(result.output).value(u"filtered_out"_s).toInt(), int(left.size()));
        QCOMPARE(bodies(u"to"_s), moved);
        QCOMPARE(bodies(u"from"_s), left);
    }

    void countsAndCopies()
    {
        fill(6);
        VERIFY_RUN(tool({u"copy"_s, u"from"_s, u"to"_s, u"--count"_s, u"2"_s, u"--filter"_s,
                         u"header:odd=true"_s}),
                   0, QString());
        QCOMPARE(bodies(u"to"_s), (QList<QByteArray>{"1", "3"}));
        Result result = tool({u"copy"_s, u"from"_s, u"to"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, "from: messages copied 6\n");
        QCOMPARE(bodies(u"to"_s), numbers(0, 6));
        VERIFY_RUN(tool({u"move"_s, u"from"_s, u"to"_s, u"-n"_s, u"4"_s, u"--window"_s, u"2"_s}), 0,
                   QString());
        QCOMPARE(bodies(u"to"_s), numbers(0, 4));
        QCOMPARE(bodies(u"from"_s), numbers(4, 6));
        result = tool({u"move"_s, u"from"_s, u"to"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, "from: messages moved 0\n");
    }

    // What is published comes back to where it is taken from, and is not taken a second time.
    void endsWhenTheTargetLeadsBack()
    {
        fill(5);
        QVERIFY(m_broker->bindQueue(u"from"_s, u"amq.topic"_s, u"#"_s));
        const Result result = tool({u"move"_s, u"from"_s, u"-e"_s, u"amq.topic"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, "from: messages moved 5\n");
        QCOMPARE(bodies(u"from"_s), numbers(0, 5));
    }

    void keepsTheRoutingKey()
    {
        QVERIFY(m_broker->bindQueue(u"to"_s, u"amq.direct"_s, u"from"_s));
        fill(2);
        VERIFY_RUN(tool({u"move"_s, u"from"_s, u"--exchange"_s, u"amq.direct"_s}), 0, QString());
        QCOMPARE(bodies(u"to"_s), numbers(0, 2));
        fill(2);
        VERIFY_RUN(tool({u"move"_s, u"from"_s, u"--exchange="_s, u"-r"_s, u"to"_s}), 0, QString());
        QCOMPARE(bodies(u"to"_s), numbers(0, 2));
    }

    void whatReachesNoQueueStays()
    {
        fill(5);
        const Result missing = tool({u"move"_s, u"from"_s, u"nowhere"_s});
        QCOMPARE(missing.status, 3);
        QVERIFY2(missing.errors.contains("no queue 'nowhere' in vhost"),
                 missing.errors.constData());
        QCOMPARE(missing.errors.count('\n'), 1);
        VERIFY_RUN(tool({u"move"_s, u"from"_s, u"-e"_s, u"amq.topic"_s, u"-r"_s, u"x"_s}), 4,
                   u"qamqp move: message 1 returned: 312 NO_ROUTE (exchange \"amq.topic\", routing "
                   "key \"x\"); it stays in \"from\"; from: messages moved 0\n"_s);
        QCOMPARE(bodies(u"from"_s), numbers(0, 5));
        QCOMPARE(tool({u"move"_s, u"nowhere"_s, u"to"_s}).status, 3);
    }

    void whatIsNackedStays()
    {
        QVERIFY(m_broker->declareQueue(u"full"_s,
                                       QAmqpQueueOptions().setMaxLength(2).setOverflow(
                                               QAmqpQueueOptions::Overflow::RejectPublish)));
        fill(5);
        VERIFY_RUN(
                tool({u"move"_s, u"from"_s, u"full"_s, u"--window"_s, u"1"_s}), 4,
                u"qamqp move: message 3 nacked by the broker; it stays in \"from\"; from: messages "
                "moved 2\n"_s);
        QCOMPARE(bodies(u"full"_s), numbers(0, 2));
        QCOMPARE(bodies(u"from"_s), numbers(2, 5));
    }

    // A broker that does not confirm leaves open whether it has the messages, however the command ends.
    void saysWhatMayBeTwice_data()
    {
        QTest::addColumn<bool>("isStopped");
        QTest::addColumn<int>("status");
        QTest::newRow("Ctrl-C") << true << 130;
        QTest::newRow("lost connection") << false << 2;
    }

    void saysWhatMayBeTwice()
    {
        QFETCH(bool, isStopped);
        QFETCH(int, status);
        fill(5);
        QVERIFY(m_broker->setConfirming(u"to"_s, false));
        Program move(withUrl({u"move"_s, u"from"_s, u"to"_s}));
        QVERIFY(waitFor([&] { return ready(u"to"_s) == 5; }));
        if (isStopped)
            move.signal(SIGINT);
        else
            m_broker->dropConnections();
        QCOMPARE(move.status(), status);
        const QByteArray what =
                "; from: messages moved 0; 5 more may be at the target too, as that was not "
                "confirmed in time\n";
        QVERIFY2(move.errors().endsWith(what), move.errors().constData());
        QCOMPARE(bodies(u"from"_s), numbers(0, 5));
    }

    void refusesNonsense_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("error");
        const auto row = [](const char *name, const QStringList &arguments, const QString &error) {
            QTest::newRow(name) << arguments << error;
        };
        row("same queue", {u"move"_s, u"q"_s, u"q"_s}, u"SOURCE and TARGET are the same queue"_s);
        row("same queue by the default exchange",
            {u"copy"_s, u"q"_s, u"--exchange="_s, u"-r"_s, u"q"_s},
            u"SOURCE and TARGET are the same queue"_s);
        row("no target", {u"move"_s, u"q"_s},
            u"give one of TARGET and --exchange, with --routing-key; see qamqp move --help"_s);
        row("two targets", {u"copy"_s, u"q"_s, u"r"_s, u"-e"_s, u"x"_s},
            u"give one of TARGET and --exchange, with --routing-key; see qamqp copy --help"_s);
        row("filter without relation", {u"move"_s, u"q"_s, u"r"_s, u"--filter"_s, u"body"_s},
            u"--filter \"body\": write NAME=PATTERN, NAME!=PATTERN or NAME~TEXT, such as "
            "routing-key=app.*"_s);
        row("filter of nothing", {u"move"_s, u"q"_s, u"r"_s, u"--filter"_s, u"key=x"_s},
            u"--filter \"key=x\": there is no \"key\" in a message; there are body, size, exchange, "
            "routing-key, redelivered, headers, delivery-mode, priority, timestamp, content-type, "
            "content-encoding, correlation-id, reply-to, expiration, message-id, type, user-id, app-id, "
            "cluster-id and header:NAME"_s);
        row("filter of what is not in a queue",
            {u"copy"_s, u"q"_s, u"r"_s, u"--filter"_s, u"file=x"_s},
            u"--filter \"file=x\": there is no \"file\" in a message; there are body, size, exchange, "
            "routing-key, redelivered, headers, delivery-mode, priority, timestamp, content-type, "
            "content-encoding, correlation-id, reply-to, expiration, message-id, type, user-id, app-id, "
            "cluster-id and header:NAME"_s);
        row("tap nothing", {u"tap"_s},
            u"give one or more EXCHANGE[:KEY], or --queue; see qamqp tap --help"_s);
        row("tap a direct exchange", {u"tap"_s, u"amq.direct"_s},
            u"a direct exchange passes on messages by their whole routing key: write amq.direct:KEY"_s);
        row("tap the default exchange", {u"tap"_s, u":q"_s},
            u"\":q\": nothing can be bound to the default exchange, by which a message goes to the queue that "
            "its routing key names; tap another exchange"_s);
        row("raw and save", {u"get"_s, u"q"_s, u"--raw"_s, u"--save"_s, u"d"_s},
            u"--raw and --save do not go together; leave one out"_s);
        row("save nowhere", {u"get"_s, u"q"_s, u"--save"_s, u"/dev/null/x"_s},
            u"--save: cannot make the folder /dev/null/x"_s);
        row("from nowhere", {u"publish"_s, u"--from"_s, u"/dev/null"_s},
            u"--from: there is no folder /dev/null"_s);
        row("from and body", {u"publish"_s, u"--from"_s, QDir::tempPath(), u"x"_s},
            u"BODY and --from do not go together; leave one out"_s);
    }

    void refusesNonsense()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, error);
        if (arguments.contains(QDir::tempPath())) {
            const QTemporaryDir folder;
            QFile(folder.filePath(u"1.json"_s)).open(QIODevice::WriteOnly);
            arguments.replaceInStrings(QDir::tempPath(), folder.path());
            VERIFY_RUN(tool(arguments), 1, u"qamqp %1: %2\n"_s.arg(arguments.constFirst(), error));
            return;
        }
        VERIFY_RUN(tool(arguments), 1, u"qamqp %1: %2\n"_s.arg(arguments.constFirst(), error));
    }

    void tapsWhatFlows()
    {
        QVERIFY(m_broker->declareExchange(u"My.App:Event"_s, u"fanout"_s));
        QVERIFY(m_broker->bindQueue(u"to"_s, u"amq.topic"_s, u"#"_s));
        Program tap(withUrl({u"tap"_s, u"amq.topic"_s, u"amq.headers"_s, u"My.App:Event"_s,
                             u"amq.direct:a:b"_s, u"--count"_s, u"4"_s, u"--format"_s,
                             u"%e|%r|%b\\t%{priority}|%{header:odd}"_s}));
        QVERIFY(waitFor([&] {
            const auto bindings = m_broker->bindings();
            return std::count_if(bindings.begin(), bindings.end(),
                                 [](const auto &binding) {
                                     return binding.destination.startsWith("amq.gen"_L1)
                                             && !binding.exchange.isEmpty();
                                 })
                    == 4;
        }));
        QAmqpMessage message = numbered(7);
        message.setPriority(3);
        QVERIFY(m_broker->publish(u"amq.topic"_s, u"x.y"_s, message));
        QVERIFY(m_broker->publish(u"amq.headers"_s, QString(), message));
        QVERIFY(m_broker->publish(u"My.App:Event"_s, u"k"_s, message));
        QVERIFY(!m_broker->publish(u"amq.direct"_s, u"a"_s, message));
        QVERIFY(m_broker->publish(u"amq.direct"_s, u"a:b"_s, message));
        QCOMPARE(tap.status(), 0);
        QCOMPARE(tap.errors(), QByteArray());
        QCOMPARE(tap.output(),
                 "amq.topic|x.y|7\t3|true\namq.headers||7\t3|true\nMy.App:Event|k|7\t3|true\n"
                 "amq.direct|a:b|7\t3|true\n");
        QCOMPARE(bodies(u"to"_s), QList<QByteArray>{"7"});
    }

    void tapOfAMissingExchange()
    {
        const Result result = tool({u"tap"_s, u"none:x"_s});
        QCOMPARE(result.status, 3);
        QVERIFY2(result.errors.contains("no exchange 'none' in vhost"), result.errors.constData());
        QCOMPARE(result.errors.count('\n'), 1);
    }

    void savedMessagesArePutBack()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath(u"new/messages"_s);
        const QList<QAmqpMessage> all = everyMessage();
        for (const QAmqpMessage &message : all)
            QVERIFY(m_broker->publish(QString(), u"from"_s, message));
        const QByteArray first = path.toUtf8() + "/000000001.json\n";
        Result result = tool({u"get"_s, u"from"_s, u"--save"_s, path});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, first);
        QVERIFY(!(QFile::permissions(path) & (QFile::ReadGroup | QFile::ReadOther)));
        // What is there is not overwritten: neither a message nor what another program writes.
        QFile(path + "/000000002.json.part"_L1).open(QIODevice::WriteOnly);
        result = tool({u"consume"_s, u"from"_s, u"--save"_s, path, u"--count"_s,
                       QString::number(all.size() - 1), u"--format"_s, u"%f %s"_s});
        VERIFY_RUN(result, 0, QString());
        QVERIFY2(result.output.startsWith(path.toUtf8() + "/000000003.json "),
                 result.output.constData());
        QCOMPARE(ready(u"from"_s), quint64(0));
        QCOMPARE(QDir(path).entryList({u"*.json"_s}).size(), all.size());

        VERIFY_RUN(tool({u"publish"_s, u"--from"_s, path}), 0, QString());
        for (const QAmqpMessage &expected : all) {
            const auto given = m_broker->take(u"from"_s);
            QVERIFY(given);
            QCOMPARE(contents(*given), contents(expected));
        }
        VERIFY_RUN(tool({u"publish"_s, u"--from"_s, path, u"-q"_s, u"to"_s}), 0, QString());
        QCOMPARE(ready(u"to"_s), quint64(all.size()));
    }

    // Nothing can be written in /proc. (As root, the permissions of a folder say nothing.)
    void whatCannotBeSavedStays()
    {
        fill(3);
        const QString error = u"qamqp %1: cannot write /proc/self/000000001.json.part: "_s;
        for (const QString &command : {u"get"_s, u"consume"_s}) {
            const Result result = tool({command, u"from"_s, u"--save"_s, u"/proc/self"_s});
            QCOMPARE(result.status, 1);
            QVERIFY2(result.errors.startsWith(error.arg(command).toUtf8()),
                     result.errors.constData());
            QCOMPARE(result.errors.count('\n'), 1);
            QCOMPARE(result.output, QByteArray());
        }
        QTRY_COMPARE(ready(u"from"_s), quint64(3));
        QCOMPARE(bodies(u"from"_s), numbers(0, 3));
    }

    void filesThatAreNoMessages()
    {
        const QTemporaryDir folder;
        VERIFY_RUN(tool({u"publish"_s, u"--from"_s, folder.path()}), 1,
                   u"qamqp publish: --from: there are no messages in %1, which are files *.json\n"_s
                           .arg(folder.path()));
        for (const auto &[name, text] :
             {std::pair{u"1.json"_s, "{\"routing_key\":\"to\"}"}, std::pair{u"2.json"_s, "{"}}) {
            QFile file(folder.filePath(name));
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(text);
        }
        const Result result = tool({u"publish"_s, u"--from"_s, folder.path()});
        QCOMPARE(result.status, 1);
        QVERIFY2(result.errors.startsWith("qamqp publish: " + folder.path().toUtf8() + "/2.json: "),
                 result.errors.constData());
        QVERIFY2(result.errors.endsWith("; 1 published, 1 confirmed\n"), result.errors.constData());
        QCOMPARE(ready(u"to"_s), quint64(1));
    }

    void declaresWhatIsMissing()
    {
        VERIFY_RUN(tool({u"publish"_s, u"--declare"_s, u"-q"_s, u"new"_s, u"1"_s}), 0, QString());
        VERIFY_RUN(tool({u"publish"_s, u"--declare"_s, u"-q"_s, u"new"_s, u"2"_s}), 0, QString());
        QVERIFY(m_broker->queue(u"new"_s)->durable);
        QCOMPARE(bodies(u"new"_s), (QList<QByteArray>{"1", "2"}));
        VERIFY_RUN(tool({u"publish"_s, u"--declare"_s, u"-e"_s, u"e"_s, u"-r"_s, u"k"_s, u"x"_s}),
                   0, QString());
        QCOMPARE(m_broker->exchange(u"e"_s)->type, u"topic"_s);
        // What is there stays as it is: "from" is not durable.
        VERIFY_RUN(tool({u"consume"_s, u"from"_s, u"--declare"_s, u"--timeout"_s, u"0.1"_s}), 0,
                   QString());
        VERIFY_RUN(tool({u"consume"_s, u"-e"_s, u"f"_s, u"--declare"_s, u"--timeout"_s, u"0.1"_s}),
                   0, QString());
        QVERIFY(m_broker->exchange(u"f"_s)->durable);
        VERIFY_RUN(tool({u"serve"_s, u"-q"_s, u"rpc"_s, u"--declare"_s, u"--timeout"_s, u"0.1"_s,
                         u"cat"_s}),
                   0, QString());
        QVERIFY(m_broker->queue(u"rpc"_s));
        QCOMPARE(tool({u"call"_s, u"-q"_s, u"rpc2"_s, u"--declare"_s, u"--timeout"_s, u"0.1"_s,
                       u"x"_s})
                         .status,
                 5);
        QVERIFY(m_broker->queue(u"rpc2"_s));
        VERIFY_RUN(tool({u"publish"_s, u"--declare"_s, u"--json-lines"_s}), 1,
                   u"qamqp publish: --declare needs --queue or --exchange\n"_s);
    }
};

QTAMQP_TEST(TestMoving)
#include "tst_moving.moc"
