#include "json.h"

#include <QtCore/qjsonarray.h>
#include <QtCore/qjsondocument.h>
#include <QtCore/qstringconverter.h>

namespace Tool {

QByteArray jsonText(const QByteArray &utf8)
{
    // QString::fromUtf8() would drop a byte order mark, which belongs to the text as all else does.
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::ConvertInitialBom);
    const QString text = decoder(utf8);
    const QByteArray array = QJsonDocument(QJsonArray{text}).toJson(QJsonDocument::Compact);
    return array.sliced(1, array.size() - 2);
}

QByteArray jsonArray(const QList<QByteArray> &elements) { return '[' + elements.join(',') + ']'; }

JsonObject &JsonObject::add(const QByteArray &name, const QByteArray &value)
{
    if (!m_members.isEmpty())
        m_members += ',';
    m_members += jsonText(name) + ':' + value;
    return *this;
}

JsonObject &JsonObject::add(const QByteArray &name, bool value)
{
    return add(name, QByteArray(value ? "true" : "false"));
}

JsonObject &JsonObject::addNumber(const QByteArray &name, qint64 value)
{
    return add(name, QByteArray::number(value));
}

JsonObject &JsonObject::addReal(const QByteArray &name, double value, int decimals)
{
    return add(name, QByteArray::number(value, 'f', decimals));
}

JsonObject &JsonObject::addText(const QByteArray &name, const QString &text)
{
    return add(name, jsonText(text));
}

JsonObject &JsonObject::addOctets(const QByteArray &name, const QByteArray &base64Name,
                                  const QByteArray &octets)
{
    if (QUtf8StringView(octets).isValidUtf8())
        return add(name, jsonText(octets));
    return add(base64Name, '"' + octets.toBase64() + '"');
}

} // namespace Tool
