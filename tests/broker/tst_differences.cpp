// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The page "Testing Your Application" has a table of what the test broker does otherwise than RabbitMQ. A row that no
// test knows may have come true meanwhile, or never was; that the others have a row is checked where they ask for it.

#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qregularexpression.h>

using namespace Qt::StringLiterals;

class TestDifferences : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyDifferenceIsTheReasonOfATest()
    {
        QStringList rows = captured(read(u"src/doc/testbrokerdifferences.qdocinc"_s),
                                    u"\\\\row \\\\li (.+)"_s);
        QVERIFY(!rows.isEmpty());
        QDir folder(QStringLiteral(QTAMQP_SOURCE_DIR "/tests/broker"));
        for (const QString &name : folder.entryList({u"tst_*.cpp"_s})) {
            const QString source = read(u"tests/broker/"_s + name);
            for (const QString &row :
                 captured(source, u"(?:differs|SKIP_WHERE_DIFFERENT)\\(\"(.+?)\"\\)"_s))
                rows.removeAll(row);
        }
        QVERIFY2(rows.isEmpty(), qPrintable("no test knows: "_L1 + rows.join(u", ")));
    }

private:
    static QString read(const QString &path)
    {
        QFile file(QStringLiteral(QTAMQP_SOURCE_DIR "/") + path);
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }

    static QStringList captured(const QString &text, const QString &pattern)
    {
        QStringList all;
        const QRegularExpression expression(pattern);
        for (auto it = expression.globalMatch(text); it.hasNext();)
            all.append(it.next().captured(1));
        return all;
    }
};

QTAMQP_TEST(TestDifferences)
#include "tst_differences.moc"
