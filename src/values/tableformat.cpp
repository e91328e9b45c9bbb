// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/tableformat.h"

#include "values/qamqpvalue_p.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Type = QAmqpValue::Type;

template<typename T>
static void appendNumber(QByteArray &out, T number)
{
    char bytes[sizeof(T)];
    qToBigEndian(number, bytes);
    out.append(bytes, sizeof bytes);
}

// Writes the length after the content, which otherwise would have to be measured first.
template<typename Content>
static void appendNested(QByteArray &out, Content content)
{
    const qsizetype start = out.size();
    appendNumber(out, quint32(0));
    content();
    qToBigEndian(quint32(out.size() - start - 4), out.data() + start);
}

static void appendEntries(QByteArray &out, const QAmqpTable &table);

static void appendValue(QByteArray &out, const QAmqpValue &value)
{
    const auto bits = QAmqpValuePrivate::get<qint64>(value);
    out.append(char(value.type()));
    switch (value.type()) {
    case Type::Boolean:
    case Type::Int8:
    case Type::UInt8: return appendNumber(out, quint8(bits));
    case Type::Int16:
    case Type::UInt16: return appendNumber(out, quint16(bits));
    case Type::Int32:
    case Type::UInt32:
    case Type::Float: return appendNumber(out, quint32(bits));
    case Type::Int64:
    case Type::Double:
    case Type::Timestamp: return appendNumber(out, quint64(bits));
    case Type::Decimal:
        appendNumber(out, value.toDecimal().scale);
        return appendNumber(out, quint32(bits));
    case Type::String:
    case Type::Bytes: return appendNested(out, [&] { out.append(value.toBytes()); });
    case Type::Array:
        return appendNested(out, [&] {
            const QList<QAmqpValue> array = value.toArray();
            for (const QAmqpValue &element : array)
                appendValue(out, element);
        });
    case Type::Table: return appendNested(out, [&] { appendEntries(out, value.toTable()); });
    case Type::Void: return;
    case Type::Invalid: Q_ASSERT_X(false, "encodeTable", "errorString() was not consulted"); return;
    }
}

static void appendEntries(QByteArray &out, const QAmqpTable &table)
{
    for (const auto &[name, value] : table.entries()) {
        out.append(char(name.size()));
        out.append(name);
        appendValue(out, value);
    }
}

QByteArray encodeTable(const QAmqpTable &table)
{
    QByteArray out;
    appendEntries(out, table);
    return out;
}

namespace {

// Checks a table, and builds it too if Build is true.
template<bool Build>
class TableWalk
{
public:
    explicit TableWalk(Reader &reader) : m_in(reader) { }

    QAmqpTable table()
    {
        QAmqpTable entries;
        forEachElement([&] {
            const QByteArrayView name = m_in.string<quint8>();
            const QAmqpValue item = value();
            if constexpr (Build)
                entries.append(name.toByteArray(), item);
        });
        return entries;
    }

private:
    QList<QAmqpValue> array()
    {
        QList<QAmqpValue> elements;
        forEachElement([&] {
            const QAmqpValue element = value();
            if constexpr (Build)
                elements.append(element);
        });
        return elements;
    }

    template<typename ReadElement>
    void forEachElement(ReadElement readElement)
    {
        if (++m_depth > MaxTableDepth)
            m_in.fail(TooDeep);
        while (m_in.ok() && !m_in.atEnd()) {
            if (++m_elements > MaxTableElements)
                return m_in.fail(TooManyElements);
            readElement();
        }
        --m_depth;
    }

    // Reads nested content with a reader of its own, which cannot read beyond the end of that content.
    template<typename Content>
    auto nested(Content readContent)
    {
        Reader inner(m_in.string<quint32>());
        std::swap(inner, m_in);
        const auto content = readContent();
        std::swap(inner, m_in);
        if (!inner.ok())
            m_in.fail(inner.error());
        return content;
    }

    template<typename Payload>
    QAmqpValue make(Type type, const Payload &payload, quint8 scale = 0)
    {
        if constexpr (!Build)
            return {};
        else if constexpr (std::is_same_v<Payload, QByteArrayView>)
            return QAmqpValuePrivate::make(type, payload.toByteArray());
        else
            return QAmqpValuePrivate::make(type, payload, scale);
    }

    QAmqpValue value()
    {
        switch (m_in.read<char>()) {
        case 't': return make(Type::Boolean, m_in.read<quint8>() != 0);
        case 'b': return make(Type::Int8, m_in.read<qint8>());
        case 'B': return make(Type::UInt8, m_in.read<quint8>());
        case 's':
        case 'U': return make(Type::Int16, m_in.read<qint16>());
        case 'u': return make(Type::UInt16, m_in.read<quint16>());
        case 'I': return make(Type::Int32, m_in.read<qint32>());
        case 'i': return make(Type::UInt32, m_in.read<quint32>());
        case 'l':
        case 'L': return make(Type::Int64, m_in.read<qint64>());
        case 'f': return make(Type::Float, m_in.read<quint32>());
        case 'd': return make(Type::Double, m_in.read<qint64>());
        case 'T': return make(Type::Timestamp, m_in.read<qint64>());
        case 'D': {
            const quint8 scale = m_in.read<quint8>();
            return make(Type::Decimal, m_in.read<qint32>(), scale);
        }
        case 'S': return make(Type::String, m_in.string<quint32>());
        case 'x': return make(Type::Bytes, m_in.string<quint32>());
        case 'A': return make(Type::Array, nested([this] { return array(); }));
        case 'F': return make(Type::Table, nested([this] { return table(); }));
        case 'V': return make(Type::Void, std::monostate());
        default: m_in.fail("has a table value of unknown type"); return {};
        }
    }

    Reader &m_in;
    int m_depth = 0;
    int m_elements = 0;
};

} // namespace

QAmqpTable decodeTable(QByteArrayView entries)
{
    Reader reader(entries);
    QAmqpTable table = TableWalk<true>(reader).table();
    return reader.ok() ? table : QAmqpTable();
}

void checkTable(QByteArrayView entries, Reader &failTo)
{
    Reader reader(entries);
    TableWalk<false>(reader).table();
    if (!reader.ok())
        failTo.fail(reader.error());
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
