// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickvalues.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qurl.h>
#include <QtQml/qjsengine.h>

#include <algorithm>
#include <cmath>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

namespace QtAmqpQuick {

std::optional<qint64> wholeNumber(const QVariant &value)
{
    bool ok = false;
    switch (value.typeId()) {
    case QMetaType::Int:
    case QMetaType::UInt:
    case QMetaType::LongLong:
    case QMetaType::ULongLong:
    case QMetaType::Float:
    case QMetaType::Double:
    case QMetaType::QString: break;
    default: return {};
    }
    const double number = value.toDouble(&ok);
    if (!ok || std::trunc(number) != number || std::abs(number) > double(LargestWhole))
        return {}; // NaN is unequal to itself
    return qint64(number);
}

QString wholeNumberError(QLatin1StringView property, const QVariant &value, qint64 least,
                         qint64 most)
{
    const std::optional<qint64> number = wholeNumber(value);
    if (number && *number >= least && *number <= most)
        return {};
    const QString text = value.toString();
    return u"%1 is %2; it may be a whole number from %3 to %4"_s.arg(
            property, text.isEmpty() ? u"no number"_s : text, QString::number(least),
            QString::number(most));
}

QString localFile(const QString &file)
{
    if (file.startsWith(u"qrc:"))
        return file.mid(3);
    return file.startsWith(u"file:") ? QUrl(file).toLocalFile() : file;
}

// Converts lists and maps by their elements, and everything else by `convert`.
template<typename Convert>
static QVariant converted(const QVariant &value, Convert convert)
{
    switch (value.typeId()) {
    case QMetaType::QVariantList: {
        QVariantList list = value.toList();
        for (QVariant &element : list)
            element = converted(element, convert);
        return list;
    }
    case QMetaType::QVariantMap: {
        QVariantMap map = value.toMap();
        for (QVariant &element : map)
            element = converted(element, convert);
        return map;
    }
    }
    return convert(value);
}

QVariant leafFromJs(const QJSValue &value)
{
    const bool isSymbol = !value.isUndefined() && !value.isNull() && !value.isBool()
            && !value.isNumber() && !value.isString() && !value.isObject();
    if (isSymbol)
        return QVariant::fromValue(value);
    // A typed array is a view of an ArrayBuffer.
    if (value.property(u"byteLength"_s).isNumber()) {
        const QVariant buffer = value.property(u"buffer"_s).toVariant(QJSValue::RetainJSObjects);
        if (buffer.metaType() == QMetaType::fromType<QByteArray>())
            return buffer.toByteArray().mid(value.property(u"byteOffset"_s).toInt(),
                                            value.property(u"byteLength"_s).toInt());
    }
    return value.toVariant(QJSValue::RetainJSObjects);
}

static QVariant variantFromJs(const QJSValue &value, QJSEngine *engine, QList<QJSValue> around)
{
    constexpr qsizetype mostNesting = 64; // more than a table may have
    const QVariant leaf = leafFromJs(value);
    const bool isInItself = std::any_of(around.cbegin(), around.cend(), [&](const QJSValue &outer) {
        return outer.strictlyEquals(value);
    });
    if (leaf.metaType() != QMetaType::fromType<QJSValue>() || !value.isObject()
        || value.isCallable() || isInItself)
        return leaf;
    if (around.size() > mostNesting)
        return QVariantMap(); // the whole value is refused, so this is never seen
    around.append(value);
    if (value.isArray()) {
        QVariantList list;
        const quint32 length = value.property(u"length"_s).toUInt();
        for (quint32 i = 0; i < length; ++i)
            list.append(variantFromJs(value.property(i), engine, around));
        return list;
    }
    // JavaScript's own function skips what is not enumerable, and reports a getter that throws.
    const QJSValue entriesOf = engine->globalObject().property(u"Object"_s).property(u"entries"_s);
    const QJSValue entries = entriesOf.call({value});
    if (!entries.isArray())
        return leaf;
    QVariantMap map;
    const quint32 count = entries.property(u"length"_s).toUInt();
    for (quint32 i = 0; i < count; ++i) {
        const QJSValue entry = entries.property(i);
        map.insert(entry.property(0).toString(), variantFromJs(entry.property(1), engine, around));
    }
    return map;
}

QVariant variantFromJs(const QJSValue &value, QJSEngine *engine)
{
    return variantFromJs(value, engine, {});
}

QAmqpTable tableFromJs(const QVariantMap &map)
{
    const auto fromJs = [](const QVariant &value) {
        const std::optional<qint64> number =
                value.typeId() == QMetaType::QString ? std::nullopt : wholeNumber(value);
        return number ? QVariant(*number) : value;
    };
    return QAmqpTable::fromVariantMap(converted(map, fromJs).toMap());
}

QVariant timestampToJs(const QAmqpValue &timestamp)
{
    constexpr quint64 lastOfDate = 8'640'000'000'000; // ECMAScript, "Time Values and Time Range"
    const quint64 seconds = timestamp.toTimestamp();
    return seconds > lastOfDate ? QVariant(double(seconds)) : QVariant(timestamp.toDateTime());
}

QVariantMap tableToJs(const QAmqpTable &table)
{
    const auto toJs = [](const QVariant &value) {
        const QAmqpValue exact = QAmqpValue::fromVariant(value);
        switch (exact.type()) {
        case QAmqpValue::Type::Int8: return QVariant(int(exact.toInt()));
        case QAmqpValue::Type::Decimal: return QVariant(exact.toDouble());
        case QAmqpValue::Type::Timestamp: return timestampToJs(exact);
        default: return value;
        }
    };
    return converted(table.toVariantMap(), toJs).toMap();
}

} // namespace QtAmqpQuick

QT_END_NAMESPACE
