// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef DECLARATIONS_H
#define DECLARATIONS_H

// What a header declares, read as text: the tests of this folder compare it with lists and with the
// documentation.

#include <QtCore/qregularexpression.h>
#include <QtCore/qstringlist.h>

namespace declarations {

inline QRegularExpression regex(const char *pattern)
{
    return QRegularExpression(QString::fromLatin1(pattern),
                              QRegularExpression::MultilineOption
                                      | QRegularExpression::DotMatchesEverythingOption);
}

// Where the bracket that opens at `from` is closed.
inline qsizetype closing(const QString &code, qsizetype from)
{
    int depth = 0;
    for (qsizetype at = from; at < code.size(); ++at) {
        depth += code.at(at) == u'{';
        if (code.at(at) == u'}' && --depth == 0)
            return at;
    }
    return code.size();
}

// The statements of a class that are not private, without the bodies of functions.
inline QStringList statements(QString body)
{
    using namespace Qt::StringLiterals;
    body.replace(
            regex(R"(\b(?:Q_OBJECT|Q_GADGET|QML_ANONYMOUS)\b|\bQ_(?:ENUM|FLAG|INTERFACES|CLASSINFO)\([^)]*\))"),
            QString());
    body.replace(
            regex(R"((\b(?:Q_AMQP_COPYABLE|Q_AMQP_VALUE|Q_AMQP_TEST_VALUE|Q_DECLARE_FLAGS|Q_PROPERTY|QML_\w+)\([^)]*\)))"),
            u"\\1;"_s);
    QStringList found;
    QString text;
    bool isPublic = false;
    for (qsizetype at = 0; at < body.size(); ++at) {
        const QChar c = body.at(at);
        const QString word = text.simplified();
        if (c == u':' && body.mid(at, 2) != u"::" && !body.mid(at - 1, 1).startsWith(u':')
            && QStringList({u"public"_s, u"public Q_SLOTS"_s, u"Q_SIGNALS"_s, u"protected"_s,
                            u"private"_s})
                       .contains(word)) {
            isPublic = word != u"private";
            text.clear();
        } else if (c == u'{' && !word.contains(u'=')) {
            const qsizetype end = closing(body, at);
            if (word.startsWith(u"enum"))
                for (const QString &value : body.mid(at + 1, end - at - 1).split(u','))
                    if (!value.trimmed().isEmpty() && isPublic)
                        found += word.section(u" :"_s, 0, 0) + u" "_s + value.simplified();
            if (word.startsWith(u"struct ") && isPublic)
                for (const QString &inner :
                     statements(u"public:"_s + body.mid(at + 1, end - at - 1)))
                    found += word + u' ' + inner;
            if (!word.startsWith(u"enum") && isPublic)
                found += word;
            text.clear();
            at = body.mid(end + 1).trimmed().startsWith(u';') ? body.indexOf(u';', end) : end;
        } else if (c == u';') {
            if ((isPublic || word.startsWith(u"Q_PROPERTY")) && !word.isEmpty()
                && !word.startsWith(u"friend"))
                found += word;
            text.clear();
        } else {
            text += c;
        }
    }
    return found;
}

// "QAmqpQueue: QString name() const" and so on; of a structure in a class "struct Name quint64 member = 0".
inline QStringList of(QString header)
{
    using namespace Qt::StringLiterals;
    header.replace(regex(R"(//[^\n]*|/\*.*?\*/)"), QString());
    header.replace(regex(R"(^#(?:[^\n]*\\\n)*[^\n]*$)"), QString());
    QStringList found;
    static const QRegularExpression type = regex(
            R"(^(?:class|struct|namespace(?= QAmqp))(?: \[\[nodiscard\]\])?(?: Q_AMQP\w*_EXPORT)? (\w+)[^;{]*\{)");
    for (auto it = type.globalMatch(header); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        const qsizetype start = match.capturedEnd() - 1;
        QString body = header.mid(start + 1, closing(header, start) - start - 1);
        if (!match.captured().startsWith(u"class"))
            body.prepend(u"public:"_s);
        for (const QString &statement : statements(body))
            found += match.captured(1) + u": "_s + statement;
    }
    return found;
}

} // namespace declarations

#endif
