// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// An outbox in a file, by publish --outbox and outbox: what was taken arrives, whatever ends in between.

#include "tool/tooltest.h"

#include <QtAmqpTest/qamqptestbroker.h>
#include <QtCore/qtemporarydir.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestFileBox : public QObject
{
    Q_OBJECT

private:
    QString box() const { return m_folder->filePath(u"app.box"_s); }
    QStringList with(const QStringList &arguments) const
    {
        return arguments + QStringList{u"--url"_s, m_broker->url().toString()};
    }
    QStringList publish(const QStringList &arguments = {}) const
    {
        return with({u"publish"_s, u"-q"_s, m_queue, u"--lines"_s, u"--persistent"_s, u"--outbox"_s,
                     box()})
                + arguments;
    }
    static bool kill(Program &tool)
    {
        tool.signal(SIGKILL);
        return waitFor([&] { return !tool.isRunning(); });
    }
    // What is in the file: the object of the whole, and one for each message.
    QList<QJsonObject> contents() const
    {
        const Result result = run({u"outbox"_s, box(), u"--json"_s});
        if (result.status != 0)
            qWarning() << result.errors;
        return jsonLines(result.output);
    }
    // The bodies in the queue, each message-id once.
    QByteArrayList arrived()
    {
        QByteArrayList bodies;
        QStringList ids;
        while (const auto message = m_broker->take(u"q"_s)) {
            if (ids.contains(message->messageId()))
                continue;
            ids += message->messageId();
            bodies += message->body();
        }
        return bodies;
    }
    // Leaves these lines in the file, since the broker is away.
    Result leaveInFile(const QByteArray &lines)
    {
        m_broker->stop();
        return run(publish({u"--retry"_s, u"0.1"_s, u"--json"_s}), lines);
    }

    QString m_queue;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<QAmqpTestBroker> m_broker;

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_broker = std::make_unique<QAmqpTestBroker>();
        QVERIFY2(m_broker->start(), qPrintable(m_broker->errorString()));
        m_queue = u"q"_s;
        QVERIFY(m_broker->declareQueue(u"q"_s, QAmqpQueueOptions().setDurable()));
    }

    void nothingIsLostThroughKillsAndRestarts()
    {
        QVERIFY(m_broker->setConfirming(u"q"_s, false));
        Program first(publish());
        first.write("1\n2\n3\n");
        QVERIFY(waitFor([&] { return m_broker->counters().published == 3; }));
        QVERIFY(kill(first));
        QCOMPARE(contents().value(0).value(u"count"_s).toInt(), 3);

        Program second(publish());
        second.write("4\n");
        QVERIFY(waitFor([&] { return m_broker->counters().published == 7; }));
        QVERIFY(m_broker->setConfirming(u"q"_s, true));
        m_broker->restart();
        QVERIFY(waitFor([&] { return m_broker->counters().published == 11; }));
        second.write("5\n");
        QVERIFY(waitFor([&] { return m_broker->counters().published == 12; }));
        QVERIFY(kill(second));

        const Result last = run(publish({u"--json"_s}), "6\n7\n");
        QCOMPARE(last.errors, QByteArray());
        QCOMPARE(last.status, 0);
        QCOMPARE(json(last.output).value(u"published"_s).toInt(), 2);
        QCOMPARE(json(last.output).value(u"waiting"_s).toInt(-1), 0);
        QCOMPARE(arrived(), (QByteArrayList{"1", "2", "3", "4", "5", "6", "7"}));
        QCOMPARE(contents().value(0).value(u"count"_s).toInt(-1), 0);
    }

    void takesLinesBeforeThereIsABroker()
    {
        m_broker->stop();
        Program tool(publish({u"--json"_s}));
        tool.write("1\n2\n");
        QVERIFY(waitFor(
                [&] { return tool.errors().contains("; trying again; messages wait in "); }));
        tool.write("3\n");
        tool.closeInput();
        QVERIFY(m_broker->start());
        QCOMPARE(tool.status(), 0);
        const QByteArrayList lines = tool.errors().split('\n');
        QVERIFY2(lines.size() == 3 && lines[1].startsWith("qamqp publish: connected to amqp://")
                         && lines[1].contains("/ after "),
                 tool.errors().constData());
        QCOMPARE(json(tool.output()).value(u"confirmed"_s).toInt(), 3);
        QCOMPARE(arrived(), (QByteArrayList{"1", "2", "3"}));
    }

    void saysWhatStaysInTheFileAndSendsIt()
    {
        const Result left = leaveInFile("one\ntwo\n");
        QCOMPARE(left.status, 2);
        QVERIFY2(left.errors.contains("gave up after 0.1 s without a connection: ")
                         && left.errors.endsWith(
                                 u"; 2 published, 0 confirmed; 2 messages stay in %1: send "
                                 "them with qamqp outbox --send %1\n"_s.arg(box())
                                         .toUtf8()),
                 left.errors.constData());
        QCOMPARE(json(left.output).value(u"waiting"_s).toInt(), 2);
        QVERIFY(m_broker->start());
        VERIFY_RUN(run(with({u"outbox"_s, box(), u"--send"_s})), 0, QString());
        QCOMPARE(arrived(), (QByteArrayList{"one", "two"}));
        QCOMPARE(contents().value(0).value(u"count"_s).toInt(-1), 0);
    }

    void showsWhatIsInTheFile()
    {
        leaveInFile("one\nthree\n");
        const QList<QJsonObject> objects = contents();
        QCOMPARE(objects.size(), 3);
        QCOMPARE(objects[0].value(u"count"_s).toInt(), 2);
        QCOMPARE(objects[0].value(u"bytes"_s).toInt(),
                 objects[1].value(u"bytes"_s).toInt() + objects[2].value(u"bytes"_s).toInt());
        QCOMPARE(objects[2].value(u"id"_s).toInt(), 2);
        QCOMPARE(objects[2].value(u"exchange"_s).toString(u"none"_s), QString());
        QCOMPARE(objects[2].value(u"routing_key"_s).toString(), u"q"_s);
        const QString id = objects[2].value(u"message_id"_s).toString();
        QVERIFY2(id.endsWith(u"-2"), qPrintable(id));
        const Result result = run({u"outbox"_s, box()});
        VERIFY_RUN(result, 0, QString());
        const QByteArrayList lines = result.output.split('\n');
        QCOMPARE(lines.size(), 4);
        QVERIFY2(lines[0].startsWith(box().toUtf8() + ": 2 messages, "), result.output.constData());
        QCOMPARE(QString::fromUtf8(lines[2]),
                 u"message 2: %1 bytes to queue \"q\", message-id %2"_s.arg(
                         QString::number(objects[2].value(u"bytes"_s).toInt()), id));
    }

    // What was read is in the file, so that nobody needs to read it again.
    void aSignalLeavesInTheFileWhatWasTaken()
    {
        m_broker->stop();
        Program tool(publish({u"--json"_s}));
        tool.write("1\n2\nnot ended");
        QVERIFY(waitFor([&] { return tool.errors().contains("; trying again; "); }));
        tool.signal(SIGTERM);
        QCOMPARE(tool.status(), 143);
        const int published = json(tool.output()).value(u"published"_s).toInt();
        QCOMPARE(contents().value(0).value(u"count"_s).toInt(-1), published);
        QCOMPARE(published, 2);
    }

    void aMissingExchangeEndsItAndTheRestStays()
    {
        const QStringList arguments =
                with({u"publish"_s, u"-e"_s, u"missing"_s, u"--lines"_s, u"--outbox"_s, box()});
        const Result result = run(arguments, "one\ntwo\n");
        QCOMPARE(result.status, 3);
        QVERIFY2(result.errors.contains("NOT_FOUND")
                         && result.errors.contains("; 1 message stays in "),
                 result.errors.constData());
        QCOMPARE(contents().value(0).value(u"count"_s).toInt(), 1);
    }

    void namesReturnedMessagesOfEarlierRunsToo()
    {
        m_queue = u"nowhere"_s;
        leaveInFile("one\n");
        QVERIFY(m_broker->start());
        VERIFY_RUN(
                run(publish(), "two\n"), 4,
                u"qamqp publish: 2 of 2 messages not taken: message 1 of %1 returned: the message to "
                "exchange \"\" with routing key \"nowhere\" reached no queue: NO_ROUTE; message 1 returned: 312 "
                "NO_ROUTE (there is no queue \"nowhere\")\n"_s.arg(box()));
    }

    void filesThatAreNoOutboxAreLeftAlone_data()
    {
        QTest::addColumn<QByteArray>("contents");
        QTest::addColumn<QString>("error");
        QTest::newRow("empty") << QByteArray() << u"the file %1 is empty, and no outbox"_s;
        const QString unusable =
                u"the file %1 cannot be used as an outbox, and was left as it is: "_s;
        QTest::newRow("a text") << QByteArray(200, 'x')
                                << unusable + u"it is not a database of SQLite"_s;
        QByteArray header(100, '\0');
        header.replace(0, 15, "SQLite format 3");
        header.replace(68, 4, "QAMQ");
        header[63] = 9;
        QTest::newRow("newer") << header
                               << unusable
                        + u"its format has version 9, and this program knows version 1"_s;
    }

    void filesThatAreNoOutboxAreLeftAlone()
    {
        QFETCH(QByteArray, contents);
        QFETCH(QString, error);
        QFile file(box());
        QVERIFY(file.open(QIODevice::ReadWrite) && file.write(contents) == contents.size()
                && file.flush());
        for (const QStringList &send : {QStringList(), QStringList{u"--send"_s}})
            VERIFY_RUN(run(with({u"outbox"_s, box()}) + send), 1,
                       u"qamqp outbox: "_s + error.arg(box()) + u'\n');
        QVERIFY(file.seek(0) && file.readAll() == contents);
    }

    void aFileThatIsInUseIsRefused()
    {
        Program tool(publish());
        tool.write("one\n");
        QVERIFY(waitFor([&] { return m_broker->counters().published == 1; }));
        const Result result = run({u"outbox"_s, box()});
        QCOMPARE(result.status, 1);
        QVERIFY2(result.errors.contains(
                         " is in use by another outbox, of this program or of another one"),
                 result.errors.constData());
        tool.closeInput();
        QCOMPARE(tool.status(), 0);
    }
};

QTAMQP_TEST(TestFileBox)
#include "tst_filebox.moc"
