#include "jsonvalue.h"

#include "octets.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

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
        throw JsonError{u"%1 at octet %2"_s.arg(QLatin1StringView(what)).arg(m_at + 1)};
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
        QByteArray octets;
        for (;;) {
            const qsizetype begin = m_at;
            while (quint8(peek()) >= 0x20 && peek() != '"' && peek() != '\\')
                ++m_at;
            octets += m_text.sliced(begin, m_at - begin);
            if (skip("\""))
                return octets;
            if (!skip("\\"))
                fail("a string that does not end");
            octets += readEscape();
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
            text += readUnit();
            if (!text.back().isLowSurrogate())
                fail("half a character");
        }
        const bool isOctet = text.front() >= QChar(0xDC80) && text.front() <= QChar(0xDCFF);
        if (!isUtf8(text) && !isOctet)
            fail("half a character");
        return octetsOf(text);
    }

    // \uXXXX, whose \ may have been read.
    QChar readUnit()
    {
        skip("\\");
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

} // namespace Tool
