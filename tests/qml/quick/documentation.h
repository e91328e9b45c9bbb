// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_DOCUMENTATION_H
#define QTAMQP_TESTS_DOCUMENTATION_H

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qregularexpression.h>
#include <QtQml/qqmlcomponent.h>
#include <QtQml/qqmlengine.h>

// The QML that the documentation shows, compiled: types, properties and handlers are there. What it shows is seldom a
// whole document, which it becomes here.

namespace Documentation {

struct Block
{
    QString where;
    QString owner; // the type that the comment is about, if there is one
    QString code;
};

inline QList<Block> blocks(const QDir &root)
{
    using namespace Qt::StringLiterals;
    static const QRegularExpression token(
            u"\\\\qml(?:type|property \\w+|method \\w+|signal) (Amqp\\w+)|\\\\qml\\n(.*?)\\\\endqml"_s,
            QRegularExpression::DotMatchesEverythingOption);
    QList<Block> found;
    for (const QString &folder : {u"src"_s, u"qml"_s}) {
        QDirIterator it(root.filePath(folder), {u"*.cpp"_s, u"*.qdoc"_s}, QDir::Files,
                        QDirIterator::Subdirectories);
        while (it.hasNext()) {
            QFile file(it.next());
            if (!file.open(QIODevice::ReadOnly))
                continue;
            const QString text = QString::fromUtf8(file.readAll());
            QString owner;
            for (auto t = token.globalMatch(text); t.hasNext();) {
                const QRegularExpressionMatch match = t.next();
                if (match.lastCapturedIndex() == 1) {
                    owner = match.captured(1);
                    continue;
                }
                const auto line = QStringView(text).left(match.capturedStart()).count(u'\n') + 1;
                found += {root.relativeFilePath(file.fileName()) + u':' + QString::number(line),
                          owner, match.captured(2)};
            }
        }
    }
    return found;
}

// Objects go into an Item, properties into their type, statements into a function of a test.
inline QString document(const Block &block)
{
    using namespace Qt::StringLiterals;
    static const QRegularExpression head(u"^ *(?:import|pragma) [^\\n]*\\n"_s,
                                         QRegularExpression::MultilineOption);
    static const QRegularExpression property(u"\\A\\s*[a-z]\\w*:"_s);
    static const QRegularExpression statement(u"\\A\\s*[a-z][\\w.]*\\("_s);
    QString code = block.code;
    code.remove(head);
    if (code.contains(property))
        code = block.owner + u" {\n"_s + code + u"}\n"_s;
    else if (code.contains(statement))
        code = u"TestCase { function test() {\n"_s + code + u"} }\n"_s;
    return u"import QtQuick\nimport QtQuick.Controls\nimport QtQuick.Layouts\nimport QtTest\n"
           "import QtAmqp\nimport QtAmqp.Test\nItem {\n"_s
            + code + u"}\n"_s;
}

inline QString errors(QQmlEngine *engine, const QString &text, const QDir &folder)
{
    QQmlComponent component(engine);
    component.setData(text.toUtf8(),
                      QUrl::fromLocalFile(folder.filePath(QStringLiteral("Shown.qml"))));
    return component.errorString();
}

} // namespace Documentation

#endif
