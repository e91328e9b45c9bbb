// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/json.h"

#include "values/errorkinds.h"
#include "values/wiretext.h"

#include <QtCore/qjsonarray.h>
#include <QtCore/qjsondocument.h>
#include <QtCore/qset.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using Type = QAmqpValue::Type;

namespace QtAmqpPrivate {

namespace {

class Parser
{
public:
    explicit Parser(QByteArrayView text) : m_text(text) { }

    QAmqpValue document()
    {
        if (!m_text.isValidUtf8())
            throw JsonError{u"it is not UTF-8"_s};
        const QAmqpValue value = read(0);
        skipSpace();
        if (m_at < m_text.size())
            fail("something follows the value");
        return value;
    }

private:
    static constexpr int MostNesting = 256; // several times as deep as a message can be nested

    [[noreturn]] void fail(const char *what) const
    {
        throw JsonError{u"%1 at byte %2"_s.arg(QLatin1StringView(what)).arg(m_at + 1)};
    }

    char peek() const { return m_at < m_text.size() ? m_text.at(m_at) : '\0'; }

    bool skip(QByteArrayView word)
    {
        if (!m_text.sliced(m_at).startsWith(word))
            return false;
        m_at += word.size();
        return true;
    }

    void skipSpace()
    {
        while (m_at < m_text.size() && QByteArrayView(" \t\r\n").contains(peek()))
            ++m_at;
    }

    QAmqpValue read(int depth)
    {
        if (depth > MostNesting)
            fail("nested too deep");
        skipSpace();
        if (skip("{"))
            return readObject(depth);
        if (skip("["))
            return readArray(depth);
        if (peek() == '"')
            return QAmqpValue::string(readString());
        if (skip("true"))
            return true;
        if (skip("false"))
            return false;
        return skip("null") ? QAmqpValue::null() : QAmqpValue(readNumber());
    }

    template<typename ReadElement>
    void readElements(QByteArrayView end, const char *problem, ReadElement readElement)
    {
        skipSpace();
        if (skip(end))
            return;
        do {
            readElement();
            skipSpace();
        } while (skip(","));
        if (!skip(end))
            fail(problem);
    }

    QAmqpValue readArray(int depth)
    {
        QList<QAmqpValue> array;
        readElements("]", "no , or ] behind an element", [&] { array += read(depth + 1); });
        return array;
    }

    QAmqpValue readObject(int depth)
    {
        QAmqpTable object;
        readElements("}", "no , or } behind a member", [&] {
            skipSpace();
            if (peek() != '"')
                fail("no name of a member");
            const QByteArray name = readString();
            skipSpace();
            if (!skip(":"))
                fail("no : behind a name");
            object.append(name, read(depth + 1));
        });
        return object;
    }

    void readDigits()
    {
        const qsizetype begin = m_at;
        while (peek() >= '0' && peek() <= '9')
            ++m_at;
        if (m_at == begin)
            fail("no JSON value");
    }

    QByteArray readNumber()
    {
        const qsizetype begin = m_at;
        skip("-");
        readDigits();
        if (skip("."))
            readDigits();
        if (skip("e") || skip("E")) {
            if (!skip("-"))
                skip("+");
            readDigits();
        }
        return m_text.sliced(begin, m_at - begin).toByteArray();
    }

    QByteArray readString()
    {
        ++m_at;
        QByteArray bytes;
        for (;;) {
            const qsizetype begin = m_at;
            while (quint8(peek()) >= 0x20 && peek() != '"' && peek() != '\\')
                ++m_at;
            bytes += m_text.sliced(begin, m_at - begin);
            if (skip("\""))
                return bytes;
            if (!skip("\\"))
                fail("a string that does not end");
            bytes += readEscape();
        }
    }

    QByteArray readEscape()
    {
        constexpr QByteArrayView letters = "\"\\/bfnrt";
        constexpr QByteArrayView meanings = "\"\\/\b\f\n\r\t";
        if (const qsizetype which = letters.indexOf(peek()); peek() && which >= 0) {
            ++m_at;
            return QByteArray(1, meanings.at(which));
        }
        QString text(readUnit());
        if (text.front().isHighSurrogate() && skip("\\"))
            text += readUnit();
        const bool isByte = text.front() >= QChar(0xDC80) && text.front() <= QChar(0xDCFF);
        if (!text.isValidUtf16() && !isByte)
            fail("half a character");
        return wireFromText(text);
    }

    // Reads \uXXXX after its backslash.
    QChar readUnit()
    {
        const bool begins = skip("u") && m_text.size() - m_at >= 4;
        const QByteArray digits = begins ? m_text.sliced(m_at, 4).toByteArray() : QByteArray();
        const auto isDigit = [](char c) {
            return QByteArrayView("0123456789abcdefABCDEF").contains(c);
        };
        if (!begins || !std::all_of(digits.begin(), digits.end(), isDigit))
            fail("an unknown escape");
        m_at += 4;
        return QChar(digits.toUShort(nullptr, 16));
    }

    const QByteArrayView m_text;
    qsizetype m_at = 0;
};

} // namespace

QAmqpValue readJson(QByteArrayView utf8) { return Parser(utf8).document(); }

std::optional<QByteArray> repeatedName(const QAmqpTable &table)
{
    QSet<QByteArray> names; // a list would be slow, since there may be a million of them
    for (const auto &[name, value] : table.entries()) {
        if (names.contains(name))
            return name;
        names.insert(name);
    }
    return {};
}

JsonMembers::JsonMembers(const QAmqpValue &object, const QString &what)
    : m_what(what), m_left(object.toTable())
{
    if (object.type() != Type::Table)
        throw JsonError{formatted(u"%1 is not a JSON object", what)};
    if (const auto name = repeatedName(m_left))
        throw JsonError{formatted(u"%1 has \"%2\" twice", what, textFromWire(*name))};
}

QAmqpValue JsonMembers::take(const QByteArray &name)
{
    const QString key = QString::fromLatin1(name);
    const QAmqpValue value = m_left.value(key);
    m_left.remove(key);
    return value;
}

// Throws if there is a value that is not of the type.
QAmqpValue JsonMembers::take(const QByteArray &name, Type type, const QString &form)
{
    const QAmqpValue value = take(name);
    if (value.type() != Type::Invalid && value.type() != type)
        throw JsonError{formatted(u"%1 is not %2", name, form)};
    return value;
}

bool JsonMembers::takeNull(const QByteArray &name)
{
    const bool isNull = m_left.value(QString::fromLatin1(name)).type() == Type::Void;
    if (isNull)
        take(name);
    return isNull;
}

std::optional<QByteArray> JsonMembers::bytes(const QByteArray &name)
{
    const QAmqpValue text = take(name, Type::String, u"text"_s);
    const QByteArray other = name + "_base64";
    const auto bytes = base64(other);
    if (text.type() == Type::Invalid)
        return bytes;
    if (bytes)
        throw JsonError{formatted(u"%1 has both %2 and %3", m_what, name, other)};
    return text.toBytes();
}

std::optional<QByteArray> JsonMembers::base64(const QByteArray &name)
{
    const QString form = u"base64"_s;
    const QAmqpValue text = take(name, Type::String, form);
    if (text.type() == Type::Invalid)
        return {};
    const auto bytes = fromBase64(text.toBytes());
    if (!bytes)
        throw JsonError{formatted(u"%1 is not %2", name, form)};
    return bytes;
}

std::optional<quint64> JsonMembers::number(const QByteArray &name, quint64 most)
{
    const QString form = formatted(u"a whole number from 0 to %1", most);
    const QAmqpValue digits = take(name, Type::Bytes, form);
    if (digits.type() == Type::Invalid)
        return {};
    bool ok = false;
    const quint64 number = digits.toBytes().toULongLong(&ok);
    if (!ok || number > most)
        throw JsonError{formatted(u"%1 is not %2", name, form)};
    return number;
}

std::optional<bool> JsonMembers::truth(const QByteArray &name)
{
    const QAmqpValue value = take(name, Type::Boolean, u"true or false"_s);
    return value.type() == Type::Invalid ? std::nullopt : std::optional(value.toBool());
}

void JsonMembers::finish() const
{
    for (const auto &[name, value] : m_left.entries())
        throw JsonError{formatted(u"%1 has an unknown member \"%2\"", m_what, textFromWire(name))};
}

std::optional<QByteArray> fromBase64(const QByteArray &text)
{
    auto decoded = QByteArray::fromBase64Encoding(
            text, QByteArray::Base64Encoding | QByteArray::AbortOnBase64DecodingErrors);
    return decoded ? std::optional(std::move(*decoded)) : std::nullopt;
}

QByteArray jsonText(const QByteArray &utf8)
{
    const QByteArray array =
            QJsonDocument(QJsonArray{textFromWire(utf8)}).toJson(QJsonDocument::Compact);
    return array.sliced(1, array.size() - 2);
}

QByteArray jsonBase64(const QByteArray &bytes) { return '"' + bytes.toBase64() + '"'; }

JsonObject &JsonObject::add(const QByteArray &name, const QByteArray &value)
{
    if (!m_members.isEmpty())
        m_members += ',';
    m_members += jsonText(name) + ':' + value;
    return *this;
}

JsonObject &JsonObject::addBytes(const QByteArray &name, const QByteArray &base64Name,
                                 const QByteArray &bytes)
{
    return bytes.isValidUtf8() ? add(name, jsonText(bytes)) : add(base64Name, jsonBase64(bytes));
}

JsonObject &JsonObject::addBytes(const QByteArray &name, const QByteArray &bytes)
{
    return addBytes(name, name + "_base64", bytes);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
