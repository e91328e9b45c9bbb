// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The reference has every property, function and signal of the QML types.

#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qregularexpression.h>

using namespace Qt::StringLiterals;

class TestReference : public QObject
{
    Q_OBJECT

    static QString contents(const QString &path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }
    static QStringList all(const QString &text, const char *pattern)
    {
        QStringList found;
        const QRegularExpression expression(QString::fromUtf8(pattern));
        for (auto it = expression.globalMatch(text); it.hasNext();)
            found.append(it.next().captured(1));
        return found;
    }
    static QStringList properties(const QString &header)
    {
        return all(header, "Q_PROPERTY\\([\\w:<>]+ \\*?(\\w+)");
    }

private Q_SLOTS:
    void nothingIsLeftOut()
    {
        const QDir folder(QStringLiteral(QTAMQP_SOURCE_DIR "/qml"));
        const QStringList common = properties(contents(folder.filePath(u"qamqpquickbase.h"_s)));
        const QStringList ofChannels =
                properties(contents(folder.filePath(u"qamqpquickobject.h"_s)));
        const QStringList ofBindings =
                properties(contents(folder.filePath(u"qamqpquickbound.h"_s)));
        QCOMPARE(common.size() + ofChannels.size() + ofBindings.size(), 8);
        int types = 0;
        const QStringList headers = folder.entryList({u"*.h"_s});
        for (const QString &name : headers) {
            const QString header = contents(folder.filePath(name));
            const QString type =
                    all(header, "QML_(?:NAMED_ELEMENT|VALUE_TYPE)\\((\\w+)\\)").value(0);
            if (type.isEmpty())
                continue;
            ++types;
            const QString reference =
                    contents(folder.filePath(QString(name).replace(u".h"_s, u".cpp"_s)));
            QStringList members = properties(header);
            if (header.contains(u"public QAmqpQuickBase"))
                members += common;
            if (header.contains(u"public QAmqpQuickObject"))
                members += common + ofChannels;
            if (header.contains(u"public QAmqpQuickBound"))
                members += common + ofChannels + ofBindings;
            if (header.contains(u"public QAmqpMessageModel"))
                members += properties(
                        contents(folder.filePath(u"../include/QtAmqp/qamqpmessagemodel.h"_s)));
            members += all(header, "Q_INVOKABLE \\w+ (\\w+)\\(");
            members += all(header.section(u"Q_SIGNALS:"_s, 1, 1).section(u"protected:"_s, 0, 0),
                           "void (\\w+)\\((?:const |quint64)");
            for (const QString &member : std::as_const(members)) {
                const QRegularExpression entry(
                        u"\\\\qml(property|method|signal) [^\\n]*%1::%2\\b"_s.arg(type, member));
                QVERIFY2(reference.contains(entry), qPrintable(type + u"::"_s + member));
            }
        }
        QCOMPARE(types, 8);
    }
};

QTAMQP_TEST(TestReference)
#include "tst_reference.moc"
