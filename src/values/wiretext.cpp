// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/wiretext.h"

#include <QtCore/qstringconverter.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr char16_t EscapedByte = 0xDC00; // plus the byte, which is 80 or more

// Returns how many bytes at the beginning of `rest` are one valid character, or 0 if none are.
static qsizetype characterSize(QByteArrayView rest)
{
    const quint8 lead = quint8(rest.front());
    const qsizetype size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return size <= rest.size() && rest.first(size).isValidUtf8() ? size : 0;
}

QString textFromWire(QByteArrayView bytes)
{
    constexpr QByteArrayView byteOrderMark("\xEF\xBB\xBF"); // which QString::fromUtf8() drops
    if (bytes.isValidUtf8() && !bytes.startsWith(byteOrderMark))
        return QString::fromUtf8(bytes);
    QString text;
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::ConvertInitialBom);
    while (!bytes.isEmpty()) {
        const qsizetype size = characterSize(bytes);
        if (size > 0)
            text += decoder.decode(bytes.first(size));
        else
            text += QChar(EscapedByte + quint8(bytes.front()));
        bytes = bytes.sliced(size > 0 ? size : 1);
    }
    return text;
}

QByteArray wireFromText(const QString &text)
{
    if (text.isValidUtf16())
        return text.toUtf8();
    QByteArray bytes;
    qsizetype begin = 0;
    for (qsizetype at = 0; at < text.size(); ++at) {
        const QChar c = text.at(at);
        if (c.isHighSurrogate() && at + 1 < text.size() && text.at(at + 1).isLowSurrogate()) {
            ++at; // two surrogates are one character
        } else if (c >= QChar(EscapedByte + 0x80) && c <= QChar(EscapedByte + 0xFF)) {
            bytes += QStringView(text).sliced(begin, at - begin).toUtf8();
            bytes += char(c.unicode() - EscapedByte);
            begin = at + 1;
        }
    }
    return bytes + QStringView(text).sliced(begin).toUtf8();
}

// True for the C0 and C1 controls, the separators of lines and paragraphs, and the overrides, embeddings and
// isolates of direction, which Unicode Technical Report 36 warns of.
static bool isHarmful(QChar c)
{
    const char16_t code = c.unicode();
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e)
            || (code >= 0x2066 && code <= 0x2069);
}

static QString escape(QChar c)
{
    constexpr QStringView withLetter = u"\n\r\t";
    if (const qsizetype which = withLetter.indexOf(c); which >= 0)
        return QStringLiteral("\\%1").arg(QChar(u"nrt"[which]));
    const char16_t code = c.unicode();
    return code < 0x100 ? QStringLiteral("\\x%1").arg(code, 2, 16, QLatin1Char('0'))
                        : QStringLiteral("\\u%1").arg(code, 4, 16, QLatin1Char('0'));
}

QString printable(const QString &text)
{
    if (std::none_of(text.begin(), text.end(), isHarmful))
        return text;
    QString escaped;
    escaped.reserve(2 * text.size());
    for (const QChar c : text)
        escaped += isHarmful(c) ? escape(c) : QString(c);
    return escaped;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
