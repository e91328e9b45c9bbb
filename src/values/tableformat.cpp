#include "values/tableformat.h"

#include "values/qamqpvalue_p.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Type = QAmqpValue::Type;

static void appendValue(QByteArray &out, const QAmqpValue &value);

template<typename T>
static void appendNumber(QByteArray &out, T number)
{
    char octets[sizeof(T)];
    qToBigEndian(number, octets);
    out.append(octets, sizeof octets);
}

static void appendSized(QByteArray &out, const QByteArray &bytes)
{
    appendNumber(out, quint32(bytes.size()));
    out.append(bytes);
}

static void appendEntries(QByteArray &out, const QAmqpTable &table)
{
    for (const auto &[name, value] : table.entries()) {
        out.append(char(name.size()));
        out.append(name);
        appendValue(out, value);
    }
}

// Writes the length afterwards: nothing has to be walked twice to know it beforehand.
template<typename Content>
static void appendNested(QByteArray &out, Content content)
{
    const qsizetype start = out.size();
    appendNumber(out, quint32(0));
    content();
    qToBigEndian(quint32(out.size() - start - 4), out.data() + start);
}

static void appendValue(QByteArray &out, const QAmqpValue &value)
{
    const qint64 bits = QAmqpValuePrivate::bits(value);
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
    case Type::Bytes: return appendSized(out, value.toBytes());
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

QByteArray encodeTable(const QAmqpTable &table)
{
    QByteArray out;
    appendEntries(out, table);
    return out;
}

namespace {

// One walk serves both checking and building; Build is false while a frame is being judged.
template<bool Build>
class TableWalk
{
public:
    explicit TableWalk(Reader &reader) : m_in(reader) { }

    QAmqpTable entries(int depth = 1)
    {
        QAmqpTable table;
        if (depth > MaxTableDepth)
            m_in.fail("nests tables more than 32 deep");
        while (m_in.ok() && !m_in.atEnd() && count()) {
            const QByteArrayView name = m_in.shortString();
            QAmqpValue item = value(depth);
            if constexpr (Build)
                table.append(name.toByteArray(), item);
        }
        return table;
    }

private:
    bool count()
    {
        if (++m_elements > MaxTableElements)
            m_in.fail("has more than 65536 table elements");
        return m_in.ok();
    }

    template<typename Wire>
    QAmqpValue number(Type type)
    {
        return make(type, [bits = qint64(m_in.read<Wire>())] { return bits; });
    }

    template<typename Payload>
    QAmqpValue make(Type type, Payload payload, quint8 scale = 0)
    {
        if constexpr (Build)
            return QAmqpValuePrivate::make(type, payload(), scale);
        else
            return {};
    }

    // Reads what a nested length encloses, with a reader of its own that cannot pass that length.
    template<typename Content>
    void nested(Content content)
    {
        Reader inner(m_in.longString());
        std::swap(inner, m_in);
        content();
        std::swap(inner, m_in);
        if (!inner.ok())
            m_in.fail(inner.error());
    }

    QAmqpValue array(int depth)
    {
        QList<QAmqpValue> elements;
        nested([&] {
            if (depth > MaxTableDepth)
                m_in.fail("nests tables more than 32 deep");
            while (m_in.ok() && !m_in.atEnd() && count()) {
                QAmqpValue element = value(depth);
                if constexpr (Build)
                    elements.append(element);
            }
        });
        return make(Type::Array, [&] { return elements; });
    }

    QAmqpValue value(int depth)
    {
        const char tag = m_in.read<char>();
        switch (tag) {
        case 't':
            return make(Type::Boolean, [bit = qint64(m_in.read<quint8>() != 0)] { return bit; });
        case 'b': return number<qint8>(Type::Int8);
        case 'B': return number<quint8>(Type::UInt8);
        case 's':
        case 'U': return number<qint16>(Type::Int16);
        case 'u': return number<quint16>(Type::UInt16);
        case 'I': return number<qint32>(Type::Int32);
        case 'i': return number<quint32>(Type::UInt32);
        case 'l':
        case 'L': return number<qint64>(Type::Int64);
        case 'f': return number<quint32>(Type::Float);
        case 'd': return number<quint64>(Type::Double);
        case 'T': return number<quint64>(Type::Timestamp);
        case 'D': {
            const quint8 scale = m_in.read<quint8>();
            return make(
                    Type::Decimal, [bits = qint64(m_in.read<qint32>())] { return bits; }, scale);
        }
        case 'S':
            return make(Type::String, [text = m_in.longString()] { return text.toByteArray(); });
        case 'x':
            return make(Type::Bytes, [text = m_in.longString()] { return text.toByteArray(); });
        case 'A': return array(depth + 1);
        case 'F': {
            QAmqpTable table;
            nested([&] { table = entries(depth + 1); });
            return make(Type::Table, [&] { return table; });
        }
        case 'V': return make(Type::Void, [] { return std::monostate(); });
        default: m_in.fail("has a table value of unknown type"); return {};
        }
    }

    Reader &m_in;
    int m_elements = 0;
};

} // namespace

QAmqpTable decodeTable(QByteArrayView entries)
{
    Reader reader(entries);
    return TableWalk<true>(reader).entries();
}

void checkTable(QByteArrayView entries, Reader &failTo)
{
    Reader reader(entries);
    TableWalk<false>(reader).entries();
    if (!reader.ok())
        failTo.fail(reader.error());
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
