// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The lines that README.md and qamqp's help show run as they are printed, each block on a broker of its own.

#include "tool/tooltest.h"

#include <QtCore/qregularexpression.h>
#include <QtCore/qtemporarydir.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

QByteArray blockOfReadme()
{
    QFile file(QStringLiteral(QTAMQP_SOURCE_DIR "/README.md"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray text = file.readAll();
    const QByteArray fence = "```sh\n";
    const qsizetype begin = text.indexOf(fence, text.indexOf("\n## The tool\n")) + fence.size();
    return text.sliced(begin, text.indexOf("```", begin) - begin);
}

// The indented lines below `title`.
QByteArray blockOfHelp(const QStringList &arguments, const QByteArray &title)
{
    const QByteArray help = run(arguments).output;
    const qsizetype at = help.indexOf('\n' + title + ":\n");
    if (at < 0)
        return {};
    const qsizetype begin = at + title.size() + 3;
    return help.sliced(begin, help.indexOf("\n\n", begin) + 1 - begin);
}

// The commands that the general help lists, in its groups: "  name  What it does".
QList<QStringList> commands()
{
    static const QRegularExpression line(u"^  ([a-z]+(?: [a-z]+)?)  +[A-Z]"_s,
                                         QRegularExpression::MultilineOption);
    const QString help = QString::fromUtf8(run({u"--help"_s}).output);
    QList<QStringList> all;
    for (auto it = line.globalMatch(help); it.hasNext();)
        all += it.next().captured(1).split(u' ');
    return all;
}

// A virtual host is as good as a fresh broker, and made in less time.
bool changeVirtualHosts(qsizetype count, const QString &deed)
{
    QStringList names;
    for (qsizetype i = 0; i < count; ++i)
        names += u"<<\"examples%1\">>"_s.arg(i);
    return bool(
            ctl({u"eval"_s, u"[begin %1 end || V <- [%2]], ok."_s.arg(deed, names.join(u','))}));
}

} // namespace

class TestExamples : public QObject
{
    Q_OBJECT

private:
    QList<std::pair<QString, QByteArray>> m_blocks;

private Q_SLOTS:
    void initTestCase()
    {
        m_blocks += {u"README.md"_s, blockOfReadme()};
        m_blocks += {u"help"_s, blockOfHelp({u"--help"_s}, "First steps")};
        for (const QStringList &command : commands())
            m_blocks += {command.join(u' '),
                         blockOfHelp(command + QStringList{u"--help"_s}, "Examples")};
        QVERIFY(m_blocks.size() > 10);
        QVERIFY(changeVirtualHosts(
                m_blocks.size(),
                u"catch rabbit_vhost:delete(V, <<\"test\">>), rabbit_vhost:add(V, <<\"test\">>), "
                "rabbit_auth_backend_internal:set_permissions(<<\"guest\">>, V, "
                "<<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"test\">>)"_s));
    }

    void cleanupTestCase()
    {
        QVERIFY(changeVirtualHosts(m_blocks.size(), u"rabbit_vhost:delete(V, <<\"test\">>)"_s));
    }

    void runsAsPrinted_data()
    {
        QTest::addColumn<QByteArray>("block");
        QTest::addColumn<QString>("virtualHost");
        for (qsizetype i = 0; i < m_blocks.size(); ++i) {
            QTest::newRow(qPrintable(m_blocks.at(i).first))
                    << m_blocks.at(i).second << u"/examples%1"_s.arg(i);
        }
    }

    void runsAsPrinted()
    {
        QFETCH(QByteArray, block);
        QFETCH(QString, virtualHost);
        QVERIFY2(block.contains("qamqp "), block.constData());
        const QTemporaryDir folder;
        QVERIFY(QFile::link(programName(), folder.filePath(u"qamqp"_s)));
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"PATH"_s, folder.path() + u':' + environment.value(u"PATH"_s));
        QUrl url(BrokerTest::environment("QTAMQP_TEST_URL"));
        url.setPath(virtualHost);
        environment.insert(u"QAMQP_URL"_s, url.toString());
        environment.insert(u"QAMQP_MANAGEMENT"_s,
                           u"http://127.0.0.1:"_s
                                   + BrokerTest::environment("QTAMQP_TEST_MANAGEMENT_PORT"));
        QProcess shell;
        shell.setProcessEnvironment(environment);
        shell.setWorkingDirectory(folder.path());
        shell.start(u"/bin/sh"_s, {u"-ec"_s, QString::fromUtf8(block)});
        QVERIFY(waitFor([&] { return shell.state() == QProcess::NotRunning; }));
        QByteArray errors = shell.readAllStandardError();
        // What is said to whoever starts it is no error.
        errors.replace("qamqp broker: keeps everything in memory and is for development only; "
                       "Ctrl-C ends it\n",
                       "");
        QCOMPARE(QString::fromUtf8(errors), QString());
        QCOMPARE(shell.exitStatus(), QProcess::NormalExit);
        QCOMPARE(shell.exitCode(), 0);
    }
};

QTAMQP_BROKER_TEST(TestExamples)
#include "tst_examples.moc"
