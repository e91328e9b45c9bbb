// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "format.h"

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QLocale>
#include <QtCore/QStringDecoder>
#include <QtGui/QFontDatabase>

using namespace Qt::StringLiterals;

QString hexDump(const QByteArray &bytes)
{
    constexpr qsizetype perLine = 16;
    QString dump;
    dump.reserve((bytes.size() / perLine + 1) * 80);
    for (qsizetype start = 0; start < bytes.size(); start += perLine) {
        const QByteArray line = bytes.mid(start, perLine);
        QString hex = QString::fromLatin1(line.toHex(' '));
        if (hex.size() > 24)
            hex.insert(24, u' ');
        QString shown;
        for (const char c : line)
            shown += c >= 0x20 && c < 0x7f ? QChar::fromLatin1(c) : QChar(u'·');
        dump += u"%1  %2  %3\n"_s.arg(start, 8, 16, QChar(u'0')).arg(hex, -48).arg(shown);
    }
    return dump;
}

QString jsonProblem(const QByteArray &bytes)
{
    QJsonParseError error;
    QJsonDocument::fromJson('[' + bytes + ']', &error); // a number or a string is JSON as well
    return error.error == QJsonParseError::NoError ? QString() : error.errorString();
}

QString prettyJson(const QByteArray &bytes)
{
    QJsonParseError error;
    QJsonDocument::fromJson(bytes, &error);
    if (error.error != QJsonParseError::NoError)
        return {};
    // QJsonDocument is not used, since it sorts keys and rounds large numbers.
    const QString json = QString::fromUtf8(bytes);
    QString pretty;
    qsizetype depth = 0;
    bool inString = false;
    for (qsizetype i = 0; i < json.size(); ++i) {
        const QChar c = json[i];
        const bool opens = !inString && (c == u'{' || c == u'[');
        const bool closes = !inString && (c == u'}' || c == u']');
        if (!inString && c.isSpace())
            continue;
        if (closes)
            --depth;
        const QChar last = pretty.isEmpty() ? QChar() : pretty.back();
        const bool inEmpty = closes && (last == u'{' || last == u'[');
        if (!inString && !inEmpty && (closes || last == u'{' || last == u'[' || last == u','))
            pretty += u'\n' + QString(4 * depth, u' ');
        pretty += c;
        if (opens)
            ++depth;
        if (inString && c == u'\\')
            pretty += json[++i];
        else if (c == u'"')
            inString = !inString;
        else if (!inString && c == u':')
            pretty += u' ';
    }
    return pretty;
}

bool isText(const QByteArray &bytes, qsizetype most)
{
    const bool cut = most >= 0 && bytes.size() > most;
    const QByteArray shown = cut ? bytes.left(most) : bytes;
    if (shown.contains('\0'))
        return false;
    QStringDecoder decoder(QStringDecoder::Utf8,
                           cut ? QStringDecoder::Flag::Default : QStringDecoder::Flag::Stateless);
    const QString text = decoder(shown);
    return !decoder.hasError() && !text.isNull();
}

QString sizeText(qsizetype bytes)
{
    return bytes < 1024 ? u"%1 B"_s.arg(bytes) : QLocale().formattedDataSize(bytes, 1);
}

QFont fixedFont(const QFont &beside)
{
    QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    font.setPointSizeF(beside.pointSizeF());
    return font;
}
