// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef COMMENTS_H
#define COMMENTS_H

// The comments of qdoc in a source, and the names in them that are not those of the library.

#include "structure/declarations.h"

#include <QtCore/qset.h>

namespace comments {

using namespace Qt::StringLiterals;

// Names that others gave: those of languages and systems, of Qt where they stand alone, and of Pika.
inline bool isForeign(const QString &name)
{
    static const QSet<QString> known = [] {
        const QStringList words =
                u"true false null undefined var co_await main exec fork poll epoll head now hello "
                "copyright gzip socat qml qmllint qmlpreview QML_IMPORT_PATH CMAKE_PREFIX_PATH "
                "QT_NO_EXCEPTIONS QTRY_VERIFY find_package "
                "BODY QUEUE CC BCC _BASE64 "
                "NackError UnroutableError BlockingConnection flow channel "
                "then onFailed result waitForFinished deleteLater moveToThread invokeMethod "
                "sudo apt qamqp fsync set BUILD_SHARED_LIBS FetchContent install component cflags libs " // of systems and builds
                "createObject createTemporaryObject tryCompare tryVerify qmltestrunner qInstallMessageHandler qCoro runOnce"_s
                        .split(u' ');
        return QSet<QString>(words.begin(), words.end());
    }();
    static const QRegularExpression pika(u"^[a-z]+(?:_[a-z0-9]+)+$"_s);
    static const QRegularExpression variable(u"^QT?AMQP_"_s); // which another test looks for
    return known.contains(name) || name.contains(pika) || name.contains(variable);
}

// One comment of qdoc's: what it is about, and its text without what is quoted from elsewhere.
struct Comment
{
    QString type;
    QString text;
};

inline QList<Comment> of(const QString &source)
{
    static const QRegularExpression comment =
            declarations::regex(R"(/\*!(.*?)\*/(?=((?:(?!/\*)[^{;])*)))");
    static const QRegularExpression topic(
            u"\\\\(?:(page|module|qmlmodule)|(?:class|qmltype|qmlvaluetype) (\\w+)"
            "|(?:property|enum|variable|typedef|fn|qml\\w+) [^\\n]*?(\\w+)::~?\\w)"_s);
    static const QRegularExpression defined(u"(?:^|[ *&])(\\w+)::~?\\w+\\("_s,
                                            QRegularExpression::MultilineOption);
    static const QRegularExpression quoted =
            declarations::regex(R"(\\badcode.*?\\endcode|^ *\\(?:snippet|quote\w+|skip\w+|print\w+)"
                                R"(|image|title|section\d|brief|\w+page) [^\n]*)");
    // What another library calls it, in the tables for those who come from there.
    static const QRegularExpression theirs = declarations::regex(R"(\\row \\li .*?(?= \\li ))");
    static const QRegularExpression comingFrom(u"\\\\title Coming from (?!Pika)"_s);
    QList<Comment> found;
    QString type;
    for (auto it = comment.globalMatch(source); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        Comment one = {type, match.captured(1)};
        if (one.text.contains(comingFrom))
            one.text.remove(theirs);
        if (const auto about = topic.match(one.text); about.hasMatch()) {
            one.type = about.captured(about.lastCapturedIndex());
            if (!about.captured(1).isEmpty() || !about.captured(2).isEmpty())
                type = one.type = about.captured(2);
        } else if (const auto behind = defined.match(match.captured(2)); behind.hasMatch()) {
            one.type = behind.captured(1);
        }
        one.text.remove(quoted).replace(u"::}{"_s, u"::"_s);
        found += one;
    }
    return found;
}

} // namespace comments

#endif
