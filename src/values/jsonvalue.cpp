// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/jsonvalue.h"

#include "values/wiretext.h"

#include <QtCore/qjsonarray.h>
#include <QtCore/qjsondocument.h>
#include <QtCore/qset.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

namespace QtAmqpPrivate {

namespace {

class Parser
{
public:
    explicit Parser(QByteArrayView text) : m_text(text) { }

    JsonValue document()
    {
        if (!m_text.isValidUtf8())
            throw JsonError{u"it is not UTF-8"_s};
        JsonValue value = read(0);
        skipSpace();
        if (m_at < m_text.size())
            fail("something follows the value");
        return value;
    }

private:
    static constexpr int MostNesting = 256; // several times what a message can hold

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

    JsonValue read(int depth)
    {
        if (depth > MostNesting)
            fail("nested too deep");
        skipSpace();
        JsonValue value;
        if (skip("{")) {
            readObject(value, depth);
        } else if (skip("[")) {
            readArray(value, depth);
        } else if (peek() == '"') {
            value.type = JsonValue::String;
            value.text = readString();
        } else if (skip("true") || skip("false")) {
            value.type = JsonValue::Bool;
            value.text = m_text.at(m_at - 2) == 'u' ? "true" : "false";
        } else if (!skip("null")) {
            value.type = JsonValue::Number;
            value.text = readNumber();
        }
        return value;
    }

    void readArray(JsonValue &array, int depth)
    {
        array.type = JsonValue::Array;
        skipSpace();
        if (skip("]"))
            return;
        do {
            array.elements.push_back(read(depth + 1));
            skipSpace();
        } while (skip(","));
        if (!skip("]"))
            fail("no , or ] behind an element");
    }

    void readObject(JsonValue &object, int depth)
    {
        object.type = JsonValue::Object;
        skipSpace();
        if (skip("}"))
            return;
        do {
            skipSpace();
            if (peek() != '"')
                fail("no name of a member");
            object.names.push_back(readString());
            skipSpace();
            if (!skip(":"))
                fail("no : behind a name");
            object.elements.push_back(read(depth + 1));
            skipSpace();
        } while (skip(","));
        if (!skip("}"))
            fail("no , or } behind a member");
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
        if (text.front().isHighSurrogate()) {
            if (!skip("\\"))
                fail("half a character");
            text += readUnit();
            if (!text.back().isLowSurrogate())
                fail("half a character");
        }
        const bool isByte = text.front() >= QChar(0xDC80) && text.front() <= QChar(0xDCFF);
        if (!text.isValidUtf16() && !isByte)
            fail("half a character");
        return wireFromText(text);
    }

    // \uXXXX, whose \ has been read.
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

const JsonValue *JsonValue::find(QByteArrayView name) const
{
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name)
            return &elements[i];
    }
    return nullptr;
}

JsonValue readJson(QByteArrayView utf8) { return Parser(utf8).document(); }

JsonMembers::JsonMembers(const JsonValue &object, const QString &what) : m_what(what)
{
    if (object.type != JsonValue::Object)
        throw JsonError{u"%1 is not a JSON object"_s.arg(what)};
    QSet<QByteArray> names; // there may be a million of them
    for (std::size_t i = 0; i < object.names.size(); ++i) {
        names.insert(object.names[i]);
        if (std::size_t(names.size()) == i)
            throw JsonError{u"%1 has \"%2\" twice"_s.arg(what, textFromWire(object.names[i]))};
        m_left.emplace_back(object.names[i], &object.elements[i]);
    }
}

const JsonValue *JsonMembers::take(QByteArrayView name)
{
    for (auto &[member, value] : m_left) {
        if (member == name)
            return std::exchange(value, nullptr);
    }
    return nullptr;
}

bool JsonMembers::takeNull(QByteArrayView name)
{
    const auto isNull = [name](const auto &member) {
        return member.first == name && member.second && member.second->type == JsonValue::Null;
    };
    const auto found = std::find_if(m_left.begin(), m_left.end(), isNull);
    return found != m_left.end() && std::exchange(found->second, nullptr);
}

std::optional<QByteArray> JsonMembers::bytes(const QByteArray &name)
{
    const JsonValue *text = take(name);
    const QByteArray other = name + "_base64";
    auto bytes = base64(other);
    if (text && bytes) {
        throw JsonError{u"%1 has both %2 and %3"_s.arg(m_what, QString::fromLatin1(name),
                                                       QString::fromLatin1(other))};
    }
    if (text && text->type != JsonValue::String)
        throw JsonError{u"%1 is not text"_s.arg(QString::fromLatin1(name))};
    return text ? text->text : bytes;
}

std::optional<QByteArray> JsonMembers::base64(const QByteArray &name)
{
    const JsonValue *value = take(name);
    if (!value)
        return {};
    auto bytes = value->type == JsonValue::String ? fromBase64(value->text) : std::nullopt;
    if (!bytes)
        throw JsonError{u"%1 is not base64"_s.arg(QString::fromLatin1(name))};
    return bytes;
}

std::optional<quint64> JsonMembers::number(QByteArrayView name, quint64 most)
{
    const JsonValue *value = take(name);
    if (!value)
        return {};
    bool ok = value->type == JsonValue::Number;
    const quint64 number = ok ? value->text.toULongLong(&ok) : 0;
    if (!ok || number > most) {
        throw JsonError{u"%1 is not a whole number from 0 to %2"_s.arg(QString::fromLatin1(name),
                                                                       QString::number(most))};
    }
    return number;
}

std::optional<bool> JsonMembers::truth(QByteArrayView name)
{
    const JsonValue *value = take(name);
    if (value && value->type != JsonValue::Bool)
        throw JsonError{u"%1 is not true or false"_s.arg(QString::fromLatin1(name))};
    return value ? std::optional(value->text == "true") : std::nullopt;
}

void JsonMembers::finish() const
{
    for (const auto &[name, value] : m_left) {
        if (value)
            throw JsonError{u"%1 has an unknown member \"%2\""_s.arg(m_what, textFromWire(name))};
    }
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
