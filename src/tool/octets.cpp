#include "octets.h"

#include <QtCore/qstringconverter.h>

namespace Tool {

namespace {

constexpr char16_t EscapedOctet = 0xDC00; // plus the octet, which is 80 or more

// How many octets at the beginning of `rest` are one valid character; none: 0.
qsizetype characterSize(QByteArrayView rest)
{
    const quint8 lead = quint8(rest.front());
    const qsizetype size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return size <= rest.size() && rest.first(size).isValidUtf8() ? size : 0;
}

} // namespace

QString textOf(QByteArrayView octets)
{
    QString text;
    while (!octets.isEmpty()) {
        qsizetype valid = octets.isValidUtf8() ? octets.size() : 0;
        while (valid < octets.size()) {
            const qsizetype size = characterSize(octets.sliced(valid));
            if (size == 0)
                break;
            valid += size;
        }
        // QString::fromUtf8() would drop a byte order mark, which belongs to the text as all else does.
        QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::ConvertInitialBom);
        text += decoder.decode(octets.first(valid));
        octets = octets.sliced(valid);
        if (!octets.isEmpty()) {
            text += QChar(EscapedOctet + quint8(octets.front()));
            octets = octets.sliced(1);
        }
    }
    return text;
}

QByteArray octetsOf(const QString &text)
{
    if (isUtf8(text))
        return text.toUtf8();
    QByteArray octets;
    qsizetype begin = 0;
    for (qsizetype at = 0; at < text.size(); ++at) {
        const QChar c = text.at(at);
        if (c.isHighSurrogate() && at + 1 < text.size() && text.at(at + 1).isLowSurrogate()) {
            ++at; // a pair is one character
        } else if (c >= QChar(EscapedOctet + 0x80) && c <= QChar(EscapedOctet + 0xFF)) {
            octets += QStringView(text).sliced(begin, at - begin).toUtf8();
            octets += char(c.unicode() - EscapedOctet);
            begin = at + 1;
        }
    }
    return octets + QStringView(text).sliced(begin).toUtf8();
}

} // namespace Tool
