// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What the command line may be, and what is said when it is something else. No broker is needed: all
// of this is found before one is asked.

#include "tool/tooltest.h"

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestUsage : public QObject
{
    Q_OBJECT

private:
    static QStringList commands()
    {
        return {u"publish"_s, u"consume"_s, u"get"_s,    u"declare queue"_s, u"declare exchange"_s,
                u"bind"_s,    u"unbind"_s,  u"purge"_s,  u"delete queue"_s,  u"delete exchange"_s,
                u"perf"_s,    u"ping"_s,    u"broker"_s, u"outbox"_s,        u"tap"_s,
                u"move"_s,    u"copy"_s,    u"info"_s};
    }

private Q_SLOTS:
    void initTestCase() { qunsetenv("QTAMQP_TEST_URL"); }

    void helpNamesEveryCommand()
    {
        const Result result = run({u"--help"_s});
        QCOMPARE(result.status, 0);
        for (const QString &command : commands())
            QVERIFY2(result.output.contains("\n  " + command.toUtf8() + ' '), qPrintable(command));
        QVERIFY(result.output.contains("Exit status: 0 done, 1 "));
    }

    void everyCommandHasHelpWithExamples_data()
    {
        QTest::addColumn<QString>("command");
        for (const QString &command : commands())
            QTest::newRow(qPrintable(command)) << command;
    }

    void everyCommandHasHelpWithExamples()
    {
        QFETCH(QString, command);
        const QStringList words = command.split(u' ');
        for (const QStringList &arguments :
             {words + QStringList{u"--help"_s}, words + QStringList{u"-h"_s},
              QStringList{u"--help"_s} + words, QStringList{u"help"_s} + words}) {
            const Result result = run(arguments);
            QCOMPARE(result.status, 0);
            QCOMPARE(result.errors, QByteArray());
            QVERIFY(result.output.startsWith("Usage: qamqp " + command.toUtf8() + " [OPTIONS]"));
            QVERIFY(result.output.contains("\nExamples:\n  "));
            QVERIFY(result.output.contains("qamqp " + command.toUtf8()));
            QVERIFY(result.output.contains("--password-file"));
            QVERIFY(result.output.contains("Exit status: "));
            for (const QByteArray &line : result.output.split('\n'))
                QVERIFY2(line.size() <= 120, line.constData());
        }
    }

    void everyOptionIsOnThePageAboutTheTool()
    {
        QFile page(QStringLiteral(QTAMQP_SOURCE_DIR "/src/doc/tool.qdoc"));
        QVERIFY(page.open(QIODevice::ReadOnly));
        const QByteArray text = page.readAll();
        static const QRegularExpression option(u"^  (?:-\\w, )?(--[a-z][^<]*?) (?: |<)"_s,
                                               QRegularExpression::MultilineOption);
        int found = 0;
        for (const QString &command : commands()) {
            const Result result = run(command.split(u' ') + QStringList{u"--help"_s});
            for (auto it = option.globalMatch(QString::fromUtf8(result.output)); it.hasNext();) {
                const QStringList names = it.next().captured(1).split(u", "_s);
                for (const QString &name : names) {
                    ++found;
                    QVERIFY2(name == u"--help" || text.contains(name.toUtf8()), qPrintable(name));
                }
            }
        }
        QVERIFY2(found > 100, QByteArray::number(found).constData());
    }

    void helpOfHalfACommand()
    {
        for (const QStringList &arguments :
             {QStringList{u"declare"_s, u"--help"_s}, QStringList{u"help"_s, u"declare"_s}}) {
            const Result result = run(arguments);
            QCOMPARE(result.status, 0);
            QVERIFY(result.output.startsWith("  declare queue "));
            QVERIFY(result.output.contains("\n  declare exchange "));
            QCOMPARE(result.output.count('\n'), 2);
        }
    }

    void version()
    {
        const Result result = run({u"--version"_s});
        QCOMPARE(result.status, 0);
        QVERIFY(result.output.startsWith("qamqp "));
    }

    void mistakes_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("error");
        const auto row = [](const char *name, const QStringList &arguments, const QString &error) {
            QTest::newRow(name) << arguments << error;
        };
        const auto header = [&](const char *name, const QString &entry, const QString &error) {
            row(name, {u"publish"_s, u"-q"_s, u"q"_s, u"x"_s, u"--header"_s, entry},
                u"qamqp publish: --header \"%1\": %2"_s.arg(entry, error));
        };
        const QString types =
                u"there are bool, int8, uint8, int16, uint16, int32, uint32, int64, float, "
                "double, decimal, string, text, bytes, timestamp, array, table, void"_s;
        const QString names =
                u"publish, outbox, consume, get, tap, move, copy, declare queue, declare exchange, bind, unbind, "
                "purge, delete queue, delete exchange, call, serve, info, ping, perf, broker"_s;

        row("nothing", {}, u"qamqp: no command; see qamqp --help"_s);
        row("unknown command", {u"send"_s},
            u"qamqp: there is no command \"send\"; there are "_s + names);
        row("half a command", {u"declare"_s},
            u"qamqp: the command is not complete: write declare queue or declare exchange"_s);
        row("option inside of a command", {u"delete"_s, u"--if-empty"_s, u"queue"_s, u"q"_s},
            u"qamqp: the command is not complete: write delete queue or delete exchange"_s);
        row("no name", {u"publish"_s, u"-q"_s, u""_s, u"x"_s},
            u"qamqp publish: --queue is empty; see qamqp publish --help"_s);
        row("no file name", {u"publish"_s, u"-q"_s, u"q"_s, u"-f"_s, u""_s},
            u"qamqp publish: --file is empty; see qamqp publish --help"_s);
        row("number of %", {u"ping"_s, u"--count"_s, u"%1%3"_s},
            u"qamqp ping: --count \"%1%3\" is not a whole number from 1 to 1000000"_s);
        row("option before the command", {u"--queue"_s, u"q"_s, u"publish"_s},
            u"qamqp: --queue stands before the command; see qamqp --help"_s);
        row("unknown option", {u"publish"_s, u"--qeue"_s, u"q"_s},
            u"qamqp publish: unknown option 'qeue' (did you mean --queue?); see qamqp publish --help"_s);
        row("unknown short option", {u"publish"_s, u"-v"_s, u"x"_s},
            u"qamqp publish: unknown option 'v'; see qamqp publish --help"_s);
        row("version", {u"-v"_s},
            u"qamqp: unknown option -v (did you mean --version?); see qamqp --help"_s);
        row("unknown option before the command", {u"--ulr"_s, u"x"_s, u"ping"_s},
            u"qamqp: unknown option --ulr (did you mean --url?); see qamqp --help"_s);
        row("unknown option with its value", {u"--ulr=x"_s, u"ping"_s},
            u"qamqp: unknown option --ulr (did you mean --url?); see qamqp --help"_s);
        row("mistyped command", {u"pubilsh"_s, u"x"_s},
            u"qamqp: there is no command \"pubilsh x\" (did you mean publish?); there are "_s
                    + names);
        row("option of another command", {u"get"_s, u"q"_s, u"--mandatory"_s},
            u"qamqp get: unknown option 'mandatory'; see qamqp get --help"_s);
        row("no value", {u"publish"_s, u"--queue"_s},
            u"qamqp publish: missing value after '--queue'; see qamqp publish --help"_s);
        row("value of a switch", {u"get"_s, u"q"_s, u"--ack=yes"_s},
            u"qamqp get: unexpected value after '--ack'; see qamqp get --help"_s);
        row("twice", {u"get"_s, u"-q"_s, u"a"_s, u"-q"_s, u"b"_s},
            u"qamqp get: --queue was given twice; see qamqp get --help"_s);
        row("operand missing", {u"purge"_s},
            u"qamqp purge: QUEUE is missing; see qamqp purge --help"_s);
        row("operand too many", {u"purge"_s, u"a"_s, u"b"_s},
            u"qamqp purge: \"b\" is one argument too many; see qamqp purge --help"_s);

        row("not a URL", {u"ping"_s, u"--url"_s, u"localhost"_s},
            u"qamqp ping: --url: The URL does not begin with amqp:// or amqps://."_s);
        row("URL with an unknown key", {u"--url=amqp://h/?channel_mux=1"_s, u"ping"_s},
            u"qamqp ping: --url: The URL has an unknown key \"channel_mux\"; known are heartbeat, "
            "channel_max, frame_max, socket_timeout, stack_timeout, blocked_connection_timeout, tcp_keepidle, "
            "tcp_keepintvl, tcp_keepcnt, tcp_user_timeout, locale, connection_name, cacertfile, certfile, "
            "keyfile, password, server_name_indication, connection_timeout, connection_attempts, retry_delay, "
            "recovery, recovery_attempts, recovery_delay, topology_recovery, auth_mechanism, verify."_s);
        row("slash in the password", {u"ping"_s, u"--url"_s, u"amqp://me:secret/word@h"_s},
            u"qamqp ping: --url: The URL has an @ behind its host; write %40 for it, and if it ends a "
            "password, write %2F and %3F for a / and a ? in the password."_s);
        row("no password file", {u"ping"_s, u"--password-file"_s, u"/no/such/file"_s},
            u"qamqp ping: cannot read --password-file /no/such/file: No such file or directory"_s);
        row("timeout", {u"ping"_s, u"--timeout"_s, u"-1"_s},
            u"qamqp ping: --timeout \"-1\" is not a number of seconds such as 2.5"_s);
        row("count", {u"ping"_s, u"--count"_s, u"0"_s},
            u"qamqp ping: --count \"0\" is not a whole number from 1 to 1000000"_s);
        row("count with a sign", {u"get"_s, u"q"_s, u"-n"_s, u"+5"_s},
            u"qamqp get: --count \"+5\" is not a whole number from 1 to 9223372036854775807"_s);

        row("publish nowhere", {u"publish"_s, u"x"_s},
            u"qamqp publish: the message needs a target: give --queue, or --exchange and --routing-key; see qamqp "
            "publish --help"_s);
        row("publish twice", {u"publish"_s, u"-q"_s, u"q"_s, u"-e"_s, u"e"_s, u"x"_s},
            u"qamqp publish: --queue and --exchange do not go together; leave one out"_s);
        row("body and lines", {u"publish"_s, u"-q"_s, u"q"_s, u"--lines"_s, u"x"_s},
            u"qamqp publish: BODY and --lines do not go together; leave one out"_s);
        row("size and file", {u"publish"_s, u"-q"_s, u"q"_s, u"--size"_s, u"1"_s, u"-f"_s, u"x"_s},
            u"qamqp publish: --size and --file do not go together; leave one out"_s);
        row("no file", {u"publish"_s, u"-q"_s, u"q"_s, u"-f"_s, u"/no/such/file"_s},
            u"qamqp publish: cannot read /no/such/file: No such file or directory"_s);
        row("delivery mode", {u"publish"_s, u"-q"_s, u"q"_s, u"--delivery-mode"_s, u"3"_s, u"x"_s},
            u"qamqp publish: --delivery-mode \"3\" is not a whole number from 1 to 2"_s);
        row("priority", {u"publish"_s, u"-q"_s, u"q"_s, u"--priority"_s, u"256"_s, u"x"_s},
            u"qamqp publish: --priority \"256\" is not a whole number from 0 to 255"_s);
        row("timestamp", {u"publish"_s, u"-q"_s, u"q"_s, u"--timestamp"_s, u"noon"_s, u"x"_s},
            u"qamqp publish: --timestamp \"noon\" is neither seconds since 1970, an ISO 8601 time nor "
            "now"_s);
        row("long property",
            {u"publish"_s, u"-q"_s, u"q"_s, u"--type"_s, QString(256, u'a'), u"x"_s},
            u"qamqp publish: the message cannot be sent: type has more than 255 bytes of "
            "UTF-8"_s);
        row("outbox without confirms",
            {u"publish"_s, u"-q"_s, u"q"_s, u"--no-confirms"_s, u"--outbox"_s, u"f"_s, u"x"_s},
            u"qamqp publish: --no-confirms and --outbox do not go together; leave one out"_s);
        row("outbox in no folder",
            {u"publish"_s, u"-q"_s, u"q"_s, u"--outbox"_s, u"/no/such/box"_s, u"x"_s},
            u"qamqp publish: the file /no/such/box of the outbox cannot be opened; its folder must exist and be "
            "writable (SQLite: unable to open database file)"_s);
        row("no outbox", {u"outbox"_s, u"/no/such/box"_s},
            u"qamqp outbox: there is no file /no/such/box"_s);
        row("outbox of nothing", {u"outbox"_s},
            u"qamqp outbox: FILE is missing; see qamqp outbox --help"_s);
        row("consume nothing", {u"consume"_s},
            u"qamqp consume: give one of QUEUE and --exchange; see qamqp consume --help"_s);
        row("consume two", {u"consume"_s, u"a"_s, u"-q"_s, u"b"_s},
            u"qamqp consume: give one of QUEUE and --exchange; see qamqp consume --help"_s);
        row("binding of a queue", {u"consume"_s, u"a"_s, u"-b"_s, u"b"_s},
            u"qamqp consume: --binding is for --exchange; a queue keeps its bindings"_s);
        row("no-ack and count", {u"consume"_s, u"a"_s, u"--no-ack"_s, u"-n"_s, u"3"_s},
            u"qamqp consume: --no-ack and --count do not go together: messages that are on their way "
            "when the count is reached would be lost; leave --no-ack out"_s);
        row("get nothing", {u"get"_s}, u"qamqp get: give one QUEUE; see qamqp get --help"_s);
        const QString placeholders =
                u" has a % that stands for nothing; there are %b, %r, %e, %i, %c, %t, %s, %f, %{NAME} and %%"_s;
        row("format", {u"get"_s, u"q"_s, u"--format"_s, u"%b %x"_s},
            u"qamqp get: --format \"%b %x\""_s + placeholders);
        row("half a format", {u"consume"_s, u"q"_s, u"--format"_s, u"%%%"_s},
            u"qamqp consume: --format \"%%%\""_s + placeholders);
        row("format of nothing", {u"get"_s, u"q"_s, u"--format"_s, u"%{id}"_s},
            u"qamqp get: --format \"%{id}\": there is no \"id\" in a message; there are body, size, exchange, "
            "routing-key, redelivered, headers, delivery-mode, priority, timestamp, file, content-type, "
            "content-encoding, correlation-id, reply-to, expiration, message-id, type, user-id, app-id, "
            "cluster-id and header:NAME"_s);
        row("escape in a format", {u"get"_s, u"q"_s, u"--format"_s, u"\\x"_s},
            u"qamqp get: --format \"\\x\" has a \\ that stands for nothing; there are \\n, \\t, \\r, \\0 "
            "and \\\\"_s);
        row("raw and JSON", {u"get"_s, u"q"_s, u"--raw"_s, u"--json"_s},
            u"qamqp get: --raw and --json do not go together; leave one out"_s);
        row("raw and format",
            {u"call"_s, u"-q"_s, u"q"_s, u"--raw"_s, u"--format"_s, u"%b"_s, u"x"_s},
            u"qamqp call: --raw and --format do not go together; leave one out"_s);
        row("body and JSON lines", {u"publish"_s, u"-q"_s, u"q"_s, u"--json-lines"_s, u"x"_s},
            u"qamqp publish: BODY and --json-lines do not go together; leave one out"_s);
        row("mandatory or not",
            {u"publish"_s, u"-q"_s, u"q"_s, u"--mandatory"_s, u"--no-mandatory"_s, u"x"_s},
            u"qamqp publish: --mandatory and --no-mandatory do not go together; leave one out"_s);
        row("get two ways", {u"get"_s, u"q"_s, u"--ack"_s, u"--requeue"_s},
            u"qamqp get: --ack and --requeue do not go together; leave one out"_s);
        row("bind half", {u"bind"_s, u"-e"_s, u"e"_s},
            u"qamqp bind: give --exchange and one of --queue and --to-exchange"_s);
        row("queue type", {u"declare"_s, u"queue"_s, u"q"_s, u"--type"_s, u"fast"_s},
            u"qamqp declare queue: --type \"fast\" is not classic, quorum or stream"_s);

        row("perf flag", {u"perf"_s, u"-f"_s, u"durable"_s},
            u"qamqp perf: --flag \"durable\" is not persistent or mandatory"_s);
        row("perf of nothing", {u"perf"_s, u"-x"_s, u"0"_s, u"-y"_s, u"0"_s},
            u"qamqp perf: there is nothing to do without producers and consumers"_s);
        row("perf that would stall", {u"perf"_s, u"-q"_s, u"5"_s, u"-A"_s, u"6"_s},
            u"qamqp perf: --multi-ack-every must not be more than --prefetch: the broker would wait for "
            "the acknowledgement"_s);
        row("perf size", {u"perf"_s, u"--size"_s, u"7"_s},
            u"qamqp perf: --size \"7\" is not a whole number from 8 to 134217728"_s);

        const QString form = u"write KEY=TYPE:VALUE, such as x-max-length=int32:1000"_s;
        header("no key", u"=int32:1"_s, form);
        header("no value", u"a"_s, form);
        const QString text = u"; for a text write string: before it"_s;
        header("unknown type", u"a=int:1"_s, u"\"int\" is no type; "_s + types + text);
        header("address", u"a=http://x"_s, u"\"http\" is no type; "_s + types + text);
        header("bool", u"a=bool:yes"_s, u"a value of type bool is true or false"_s);
        header("int8", u"a=int8:128"_s,
               u"a value of type int8 is a whole number from -128 to 127"_s);
        header("uint8", u"a=uint8:-1"_s,
               u"a value of type uint8 is a whole number from 0 to 255"_s);
        header("int16", u"a=int16:32768"_s,
               u"a value of type int16 is a whole number from -32768 to 32767"_s);
        header("uint16", u"a=uint16:65536"_s,
               u"a value of type uint16 is a whole number from 0 to 65535"_s);
        header("int32", u"a=int32:1.5"_s,
               u"a value of type int32 is a whole number from -2147483648 to 2147483647"_s);
        header("uint32", u"a=uint32:4294967296"_s,
               u"a value of type uint32 is a whole number from 0 to 4294967295"_s);
        header("int64", u"a=int64:9223372036854775808"_s,
               u"a value of type int64 is a whole number of 64 bits"_s);
        header("float", u"a=float:x"_s, u"a value of type float is a number"_s);
        header("double", u"a=double:"_s, u"a value of type double is a number"_s);
        header("decimal", u"a=decimal:1.2.3"_s,
               u"a value of type decimal is a number of at most 31 bits such as 12.50"_s);
        header("bytes", u"a=bytes:%%%"_s, u"a value of type bytes is base64"_s);
        header("timestamp", u"a=timestamp:noon"_s,
               u"a value of type timestamp is seconds since 1970, an ISO 8601 time or now"_s);
        header("array", u"a=array:{}"_s, u"a value of type array is a JSON array"_s);
        header("table", u"a=table:[]"_s, u"a value of type table is a JSON object"_s);
        header("table that does not end", u"a=table:{"_s,
               u"inside of it, no name of a member at byte 2"_s);
        header("string of a number", u"a=array:[{\"type\":\"string\",\"value\":5}]"_s,
               u"inside of it, element 0: a value of type string is text"_s);
        header("number of null", u"a=array:[{\"type\":\"double\",\"value\":null}]"_s,
               u"inside of it, element 0: a value of type double is a number"_s);
        header("string of wrong base64", u"a=array:[{\"type\":\"string\",\"base64\":\"%%\"}]"_s,
               u"inside of it, element 0: a value of type string is text"_s);
        row("key twice",
            {u"publish"_s, u"-q"_s, u"q"_s, u"x"_s, u"--header"_s, u"a=int8:1"_s, u"--header"_s,
             u"a=int8:2"_s},
            u"qamqp publish: --header \"a=int8:2\": the key is given twice"_s);
        header("void", u"a=void:x"_s, u"a value of type void is empty"_s);
    }

    void mistakes()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, error);
        const Result result = run(arguments);
        VERIFY_RUN(result, 1, error + u'\n');
        QCOMPARE(result.output, QByteArray());
    }

    void urlOfTheEnvironmentIsNamed()
    {
        qputenv("QTAMQP_TEST_URL", "localhost");
        VERIFY_RUN(run({u"ping"_s}), 1,
                   u"qamqp ping: $QAMQP_URL: The URL does not begin with amqp:// or amqps://.\n"_s);
        qunsetenv("QTAMQP_TEST_URL");

        QProcess shell;
        shell.start(u"/bin/sh"_s,
                    {u"-c"_s, u"QAMQP_URL=$(printf 'amqp://localhost/\\377') $0 ping"_s,
                     programName()});
        QVERIFY(waitFor([&] { return shell.state() == QProcess::NotRunning; }));
        QCOMPARE(shell.readAllStandardError(),
                 "qamqp ping: $QAMQP_URL is not UTF-8; write such bytes as %FF\n");
        QCOMPARE(shell.exitCode(), 1);
    }
};

QTAMQP_TEST(TestUsage)
#include "tst_usage.moc"
