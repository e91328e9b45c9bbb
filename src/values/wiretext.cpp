// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/wiretext.h"

#include <QtCore/qstringconverter.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr char16_t EscapedByte = 0xDC00; // plus the byte, which is 80 or more

// How many bytes at the beginning of `rest` are one valid character; none: 0.
static qsizetype characterSize(QByteArrayView rest)
{
    const quint8 lead = quint8(rest.front());
    const qsizetype size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return size <= rest.size() && rest.first(size).isValidUtf8() ? size : 0;
}

QString textFromWire(QByteArrayView bytes)
{
    constexpr QByteArrayView byteOrderMark("\xEF\xBB\xBF"); // QString::fromUtf8() drops it
    if (bytes.isValidUtf8() && !bytes.startsWith(byteOrderMark))
        return QString::fromUtf8(bytes);
    QString text;
    while (!bytes.isEmpty()) {
        qsizetype valid = 0;
        while (valid < bytes.size()) {
            const qsizetype size = characterSize(bytes.sliced(valid));
            if (size == 0)
                break;
            valid += size;
        }
        QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::ConvertInitialBom);
        text += decoder.decode(bytes.first(valid));
        bytes = bytes.sliced(valid);
        if (!bytes.isEmpty()) {
            text += QChar(EscapedByte + quint8(bytes.front()));
            bytes = bytes.sliced(1);
        }
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
            ++at; // a pair is one character
        } else if (c >= QChar(EscapedByte + 0x80) && c <= QChar(EscapedByte + 0xFF)) {
            bytes += QStringView(text).sliced(begin, at - begin).toUtf8();
            bytes += char(c.unicode() - EscapedByte);
            begin = at + 1;
        }
    }
    return bytes + QStringView(text).sliced(begin).toUtf8();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
