// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Brokers with names, in a file: what it may hold, what goes before what, and what is said if something is wrong.

#include "tool/httpserver.h"
#include "tool/tooltest.h"

#include <QtAmqpTest/qamqptestbroker.h>

#include <QtCore/qdir.h>
#include <QtCore/qtemporarydir.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestConfiguration : public QObject
{
    Q_OBJECT

private:
    void write(const QByteArray &text, QFile::Permissions permissions = QFile::ReadOwner)
    {
        QFile::remove(m_fileName);
        QFile file(m_fileName);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text);
        file.close();
        QVERIFY(file.setPermissions(permissions));
    }

    QByteArray url(const QByteArray &user) const
    {
        return "amqp://" + user + "127.0.0.1:" + QByteArray::number(m_broker.url().port());
    }

    QTemporaryDir m_folder;
    const QString m_fileName = m_folder.filePath(u"brokers.conf"_s);
    QAmqpTestBroker m_broker;

private Q_SLOTS:
    void initTestCase()
    {
        qputenv("QAMQP_CONFIG", m_fileName.toUtf8());
        m_broker.addUser(u"me"_s, u"secret"_s);
        m_broker.setPermissions(u"me"_s, u"/"_s);
        QVERIFY(m_broker.start());
        QFile password(m_folder.filePath(u"password"_s));
        QVERIFY(password.open(QIODevice::WriteOnly));
        password.write("secret\n");
    }

    void cleanupTestCase()
    {
        qunsetenv("QAMQP_CONFIG");
        qunsetenv("XDG_CONFIG_HOME");
    }

    void namesABroker_data()
    {
        QTest::addColumn<QByteArray>("lines");
        QTest::newRow("password in the URL") << "url = " + url("me:secret@");
        QTest::newRow("password") << "url = " + url("me@") + "\npassword = secret";
        QTest::newRow("password file, beside this file")
                << "url=" + url("me@") + "\npassword-file=password";
        QTest::newRow("keys of the URL") << "url = " + url("me:secret@")
                        + "?heartbeat=5\n connection_name = a,b;c \"d\" 100%";
    }

    void namesABroker()
    {
        QFETCH(QByteArray, lines);
        write("# mine\n\n[other]\nurl = amqp://nowhere.invalid\n; and\n[my one]\n" + lines + "\n");
        for (const QStringList &arguments :
             {QStringList{u"-b"_s, u"my one"_s, u"ping"_s, u"--count"_s, u"1"_s},
              QStringList{u"ping"_s, u"--broker=my one"_s, u"--count"_s, u"1"_s}}) {
            const Result result = run(arguments);
            VERIFY_RUN(result, 0, QString());
        }
    }

    // After "consume" -b has a meaning of its own.
    void letterOfTheCommandStays()
    {
        write("[it]\nurl = " + url("me:secret@") + '\n');
        VERIFY_RUN(run({u"-b"_s, u"it"_s, u"consume"_s, u"-e"_s, u"amq.topic"_s, u"-b"_s, u"key"_s,
                        u"--timeout"_s, u"0.1"_s}),
                   0, QString());
    }

    void readersAreWarnedOf()
    {
        const auto open = QFile::ReadOwner | QFile::ReadOther;
        write("[it]\nurl = " + url("me:secret@") + '\n', open);
        VERIFY_RUN(
                run({u"-b"_s, u"it"_s, u"ping"_s}), 0,
                u"qamqp ping: others can read %1, and a password is in it; chmod 600 keeps them from "
                "that\n"_s.arg(m_fileName));
        write("[it]\nurl = " + url("me@") + "\npassword-file = password\n", open);
        VERIFY_RUN(run({u"-b"_s, u"it"_s, u"ping"_s}), 0, QString());
    }

    void managementIsNamed()
    {
        HttpServer server;
        server.setAnswer("[]");
        write("[it]\nurl = " + url("me:secret@") + "\nmanagement = " + server.url().toUtf8()
              + '\n');
        VERIFY_RUN(run({u"-b"_s, u"it"_s, u"info"_s, u"queues"_s}), 0, QString());
        QVERIFY(server.asked().contains(QByteArray("me:secret").toBase64()));
    }

    void mistakes_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QString>("error");
        const auto row = [](const char *name, const QByteArray &text, const QString &error) {
            QTest::newRow(name) << text << error;
        };
        row("unknown name", "[staging]\n[production]\n",
            u"there is no broker \"it\" in %1; there are staging, production"_s);
        row("similar name", "[its]\n",
            u"there is no broker \"it\" (did you mean its?) in %1; there are its"_s);
        row("no names", "", u"there is no broker \"it\" in %1; there are none"_s);
        row("no URL", "[it]\npassword = x\n", u"%1: the broker it has no url"_s);
        row("no section", "url = amqp://h\n",
            u"%1, line 1: write [NAME], and below it lines such as url = amqp://HOST"_s);
        row("no key", "[it]\n= x\n",
            u"%1, line 2: write [NAME], and below it lines such as url = amqp://HOST"_s);
        row("name twice", "[it]\n[it]\n", u"%1, line 2: the broker it is there twice"_s);
        row("key twice", "[it]\nurl=\nurl=x\n", u"%1, line 3: the key url is there twice"_s);
        row("no UTF-8", "[it]\nurl=\xff\n", u"%1, line 2: it is not UTF-8"_s);
        row("two passwords", "[it]\nurl = amqp://h\npassword = x\npassword-file = y\n",
            u"%1: the broker it has both a password and a password-file; leave one out"_s);
        row("no password file", "[it]\nurl = amqp://h\npassword-file = /no/such/file\n",
            u"cannot read password-file /no/such/file: No such file or directory"_s);
        row("URL", "[it]\nurl = localhost\n",
            u"%1: the broker it: The URL does not begin with amqp:// or amqps://."_s);
        row("unknown key", "[it]\nurl = amqp://h\nusre = me\n", QString());
    }

    void mistakes()
    {
        QFETCH(QByteArray, text);
        QFETCH(QString, error);
        write(text);
        const Result result = run({u"-b"_s, u"it"_s, u"ping"_s});
        if (error.isEmpty()) {
            QVERIFY2(result.errors.contains(
                             "The URL has an unknown key \"usre\"; known are heartbeat, ")
                             && result.errors.endsWith(
                                     " Besides these there are url, password, password-file and "
                                     "management here.\n"),
                     result.errors.constData());
            QCOMPARE(result.status, 1);
            return;
        }
        VERIFY_RUN(result, 1, u"qamqp ping: "_s + error.replace(u"%1"_s, m_fileName) + u'\n');
    }

    void withUrl()
    {
        VERIFY_RUN(run({u"-b"_s, u"it"_s, u"--url"_s, u"amqp://h"_s, u"ping"_s}), 1,
                   u"qamqp ping: --broker and --url do not go together; leave one out\n"_s);
    }

    void standsWithTheUsersConfiguration()
    {
        qunsetenv("QAMQP_CONFIG");
        qputenv("XDG_CONFIG_HOME", m_folder.path().toUtf8());
        VERIFY_RUN(
                run({u"-b"_s, u"it"_s, u"ping"_s}), 1,
                u"qamqp ping: cannot read %1/qamqp/brokers.conf: No such file or directory\n"_s.arg(
                        m_folder.path()));
    }
};

QTAMQP_TEST(TestConfiguration)
#include "tst_configuration.moc"
