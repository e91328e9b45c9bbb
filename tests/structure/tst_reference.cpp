// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Every public symbol has its place in the reference: types and their members, enums with each value, typedefs and
// handlers, functions and operators, macros; in QML properties, methods, signals and values. qdoc says nothing of
// what has no comment, it leaves it out.

#include "structure/declarations.h"
#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qhash.h>
#include <QtCore/qset.h>
#include <QtTest/qtest.h>

using declarations::regex;
using namespace Qt::StringLiterals;

namespace {

const QDir root(QStringLiteral(QTAMQP_SOURCE_DIR));

QString contents(const QString &path)
{
    QFile file(root.filePath(path));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QStringList files(const QStringList &folders, const QStringList &patterns)
{
    QStringList found;
    for (const QString &folder : folders) {
        QDirIterator it(root.filePath(folder), patterns, QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext())
            found += it.next();
    }
    return found;
}

// The name of a function, with its class: "QAmqpError::operator bool", or "operator<<(QAmqpQueue" of one that is in no
// class, by the type that it is about.
QString functionName(const QString &signature)
{
    static const QRegularExpression name(
            u"((?:\\w+(?:<\\w+>)?::)*(?:operator (?:bool|\\w+ \\*)|operator\\(\\)|operator *[^\\w\\s(]+|~?\\w+))\\("_s);
    static const QRegularExpression templates(u"<\\w+>(?=::)"_s);
    static const QRegularExpression type(u"(QAmqp[\\w:]+)(?:<\\w+>)? [*&]\\w+\\)?$"_s);
    const QRegularExpressionMatch match = name.match(signature);
    QString found = match.captured(1).remove(templates);
    if (found.startsWith(u"operator"_s)) {
        const QString arguments = signature.mid(match.capturedEnd()).section(u')', 0, 0);
        found += u'(' + type.match(arguments).captured(1);
    }
    return found;
}

void addDeclaration(QSet<QString> &names, const QString &scope, const QString &text)
{
    static const QRegularExpression enumerator(u"^enum (?:class )?(\\w+) (\\w+)"_s);
    static const QRegularExpression nested(
            u"^(?:struct|class)(?: Q_AMQP\\w*)? (\\w+)(?: (.+))?$"_s);
    static const QRegularExpression property(u"^Q_PROPERTY\\(.*?(\\w+) (?:READ|MEMBER)"_s);
    static const QRegularExpression value(u"^Q_AMQP\\w*_(?:COPYABLE|VALUE)\\("_s);
    static const QRegularExpression alias(u"^(?:using (\\w+) =|typedef .*?(\\w+)$)"_s);
    static const QRegularExpression nothing(
            u"^(?:Q_\\w+\\(|using |template|enum |friend )|\\breturn "_s);
    static const QRegularExpression variable(u"(\\w+)(?: = .*| \\{.*)?$"_s);
    if (const auto e = enumerator.match(text); e.hasMatch()) {
        names << scope + u"::"_s + e.captured(1)
              << scope + u"::"_s + e.captured(1) + u"::"_s + e.captured(2);
    } else if (const auto inner = nested.match(text); inner.hasMatch()) {
        names << scope + u"::"_s + inner.captured(1);
        if (inner.captured(1) != u"const_iterator" && !inner.captured(2).isEmpty())
            addDeclaration(names, scope + u"::"_s + inner.captured(1), inner.captured(2));
    } else if (const auto p = property.match(text); p.hasMatch()) {
        names << scope + u"::"_s + p.captured(1);
    } else if (text.contains(value)) {
        for (const QString &function : {u"operator=="_s, u"operator!="_s, u"operator<<"_s})
            names << scope + u"::"_s + function;
    } else if (const auto a = alias.match(text); a.hasMatch()) {
        names << scope + u"::"_s + a.captured(a.lastCapturedIndex());
    } else if (text.contains(nothing) || text.isEmpty()) {
        return;
    } else if (text.contains(u'(') && !text.section(u'(', 0, 0).contains(u" = "_s)) {
        names << scope + u"::"_s + functionName(text).section(u'(', 0, 0);
    } else {
        names << scope + u"::"_s + variable.match(text).captured(1);
    }
}

// What a header declares: "QAmqpError", "QAmqpError::Kind", "QAmqpError::Kind::Timeout", "QAmqpError::text" and so on.
QSet<QString> declaredNames(QString header)
{
    static const QRegularExpression comment = regex(R"(//[^\n]*|/\*.*?\*/)");
    static const QRegularExpression macro = regex(R"(^# *define ((?!Q_AMQP|\w+_H$)\w+))");
    static const QRegularExpression directive = regex(R"(^#(?:[^\n]*\\\n)*[^\n]*$)");
    static const QRegularExpression friendly(
            u"friend [\\w ]*?\\b(operator[^\\s(]+)\\(const (\\w+) &"_s);
    static const QRegularExpression type = regex(
            R"(^(?:class|struct|namespace(?= QAmqp| QtAmqpPrivate))(?: Q_AMQP\w*_EXPORT)? (\w+)[^;{]*\{)");
    static const QRegularExpression function = regex(
            R"(^(?:template<[^\n]*> *\n?)?(?:Q_AMQP\w*_EXPORT |inline |constexpr )*(?!return|using|class|struct|template|namespace|friend)[\w:<>,]+(?: [*&]?|[*&] ?)(?:operator[^\s(]+|\w+)\([^;{]*\))");
    static const QRegularExpression attribute(u"\\[\\[[^\\]]*\\]\\] *"_s);
    header.remove(comment).remove(attribute);
    QSet<QString> names;
    for (const QString &declaration : declarations::of(header))
        addDeclaration(names, declaration.section(u": "_s, 0, 0), declaration.section(u": "_s, 1));
    for (auto it = macro.globalMatch(header); it.hasNext();)
        names << it.next().captured(1);
    header.remove(directive);
    for (auto it = friendly.globalMatch(header); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        names << match.captured(2) + u"::"_s + match.captured(1);
    }
    for (auto match = type.match(header); match.hasMatch(); match = type.match(header)) {
        if (match.captured(1) != u"QtAmqpPrivate")
            names << match.captured(1);
        header.remove(match.capturedStart(),
                      declarations::closing(header, match.capturedEnd() - 1) + 1
                              - match.capturedStart());
    }
    for (auto it = function.globalMatch(header); it.hasNext();)
        names << functionName(it.next().captured());
    for (const QString &name : {u"const_iterator::operator=="_s, u"const_iterator::operator!="_s,
                                u"QAmqpOutbox::d_ptr"_s}) // which are not for users
        names.remove(name);
    return names;
}

// What comments are about: named by their commands, or defined right behind them.
QSet<QString> documentedNames(const QString &source)
{
    static const QRegularExpression comment = regex(R"(/\*!(.*?)\*/(?=((?:(?!/\*)[^{;])*)))");
    static const QRegularExpression named(
            u"\\\\(?:class|namespace|property|typedef|variable|enum|macro(?: \\w+(?= \\w))?) ([\\w:]+)"_s);
    static const QRegularExpression function(u"\\\\fn ([^\\n]*(?:\\n[^\\n\\\\]*\\))?)"_s);
    static const QRegularExpression enumeration(u"\\\\enum ([\\w:]+)"_s);
    static const QRegularExpression value(u"\\\\(?:omit)?value (\\w+)"_s);
    static const QRegularExpression qml(
            u"\\\\qml(?:(?:type|valuetype) (\\w+)|(?:property|method|signal)\\b[^\\n(]*?(\\w+::\\w+))"_s);
    static const QRegularExpression qmlValue(u"\\b(Amqp\\w+\\.\\w+)"_s);
    QSet<QString> names;
    for (auto it = comment.globalMatch(source); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        const QString text = match.captured(1);
        for (const QRegularExpression &expression : {named, qml, qmlValue}) {
            for (auto n = expression.globalMatch(text); n.hasNext();) {
                const QRegularExpressionMatch one = n.next();
                names << one.captured(one.lastCapturedIndex());
            }
        }
        for (auto f = function.globalMatch(text); f.hasNext();)
            names << functionName(f.next().captured(1));
        for (auto v = value.globalMatch(text); v.hasNext();)
            names << enumeration.match(text).captured(1) + u"::"_s + v.next().captured(1);
        names << functionName(match.captured(2).simplified());
    }
    return names;
}

// What the types of a QML module are made of, "AmqpQueue::purge" and values as "AmqpQueue.NoAck", also what they
// have from the classes that QML does not know by name.
class QmlTypes
{
public:
    void add(const QString &header);
    QSet<QString> names() const;

private:
    QHash<QString, QStringList> m_members;
    QHash<QString, QString> m_bases;
    QHash<QString, QString> m_elements; // by their class
};

void QmlTypes::add(const QString &header)
{
    static const QRegularExpression type =
            regex(R"(^class Q_AMQP(?:TEST)?QUICK_EXPORT (\w+)\s*:?(?: public (\w+))?(.*?)^\};)");
    static const QRegularExpression element(u"QML_(?:NAMED_ELEMENT|VALUE_TYPE)\\((\\w+)\\)"_s);
    static const QRegularExpression property(
            u"Q_PROPERTY\\(\\s*[^()]*?(\\w+)\\s+(?:READ|MEMBER)\\s[^()]*?(?:NOTIFY\\s+(\\w+)|CONSTANT|FINAL)"_s);
    static const QRegularExpression callable(u"Q_INVOKABLE [^(]*?(\\w+)\\("_s);
    static const QRegularExpression signalList =
            regex(R"(Q_SIGNALS:(.*?)(?=^\w+(?: Q_SLOTS)?:|\z))");
    static const QRegularExpression signal(u"void (\\w+)\\("_s);
    static const QRegularExpression enumeration(u"\\benum (?:class )?\\w+ \\{([^}]*)\\}"_s);
    for (auto it = type.globalMatch(header); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        const QString name = match.captured(1);
        const QString body = match.captured(3);
        m_bases.insert(name, match.captured(2));
        if (const auto e = element.match(body); e.hasMatch())
            m_elements.insert(name, e.captured(1));
        QStringList &members = m_members[name];
        QSet<QString> changes;
        for (auto p = property.globalMatch(body); p.hasNext();) {
            const QRegularExpressionMatch one = p.next();
            members += u"::"_s + one.captured(1);
            changes += one.captured(2);
        }
        for (auto i = callable.globalMatch(body); i.hasNext();)
            members += u"::"_s + i.next().captured(1);
        for (auto l = signalList.globalMatch(body); l.hasNext();) {
            const QString list = l.next().captured(1);
            for (auto s = signal.globalMatch(list); s.hasNext();) {
                const QString emitted = s.next().captured(1);
                // What the module's own classes tell each other is not for documents.
                const bool isOurs = QStringList({u"begun"_s, u"declared"_s}).contains(emitted);
                if (!isOurs && !changes.contains(emitted) && !emitted.endsWith(u"Changed"_s))
                    members += u"::"_s + emitted;
            }
        }
        for (auto e = enumeration.globalMatch(body); e.hasNext();) {
            for (const QString &value : e.next().captured(1).split(u',', Qt::SkipEmptyParts))
                members += u'.' + value.section(u'=', 0, 0).trimmed();
        }
    }
}

QSet<QString> QmlTypes::names() const
{
    QSet<QString> found;
    for (auto it = m_elements.begin(); it != m_elements.end(); ++it) {
        found << it.value();
        for (QString name = it.key(); !name.isEmpty(); name = m_bases.value(name)) {
            for (const QString &member : m_members.value(name))
                found << it.value() + member;
        }
    }
    return found;
}

// Functions that read and write properties share the property's comment, and friends may be documented as what they are or
// as members.
QSet<QString> without(QSet<QString> names, const QSet<QString> &documented)
{
    static const QRegularExpression setter(u"::(?:set|is)(\\w)(\\w*)$"_s);
    static const QRegularExpression member(u"^(\\w+)::(operator[^\\w\\s]+)$"_s);
    for (auto it = names.begin(); it != names.end();) {
        bool isThere = documented.contains(*it);
        if (const auto s = setter.match(*it); !isThere && s.hasMatch())
            isThere = documented.contains(it->left(s.capturedStart()) + u"::"_s
                                          + s.captured(1).toLower() + s.captured(2));
        if (const auto m = member.match(*it); !isThere && m.hasMatch())
            isThere = documented.contains(m.captured(2) + u'(' + m.captured(1));
        it = isThere ? names.erase(it) : std::next(it);
    }
    return names;
}

QString list(const QSet<QString> &names)
{
    QStringList sorted = names.values();
    sorted.sort();
    return sorted.join(u", "_s);
}

} // namespace

class TestReference : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        for (const QString &path : files({u"src"_s, u"qml"_s}, {u"*.cpp"_s, u"*.qdoc"_s}))
            m_documented += documentedNames(contents(path));
    }

    void everySymbolIsThere()
    {
        QSet<QString> names;
        for (const QString &path : files({u"include"_s}, {u"*.h"_s}))
            names += declaredNames(contents(path));
        qInfo("%lld symbols", qlonglong(names.size()));
        QVERIFY(names.size() > 1000);
        names = without(names, m_documented);
        for (const QString &name : std::as_const(names))
            qWarning("not documented: %s", qPrintable(name));
        QVERIFY(names.isEmpty());
    }

    void everySymbolOfQmlIsThere()
    {
        QmlTypes types;
        for (const QString &path : files({u"qml"_s}, {u"*.h"_s}))
            types.add(contents(path));
        QSet<QString> names = types.names();
        qInfo("%lld symbols", qlonglong(names.size()));
        QVERIFY(names.size() > 100);
        names = without(names, m_documented);
        for (const QString &name : std::as_const(names))
            qWarning("not documented: %s", qPrintable(name));
        QVERIFY(names.isEmpty());
    }

    void symbolsAreFound()
    {
        const QString header =
                u"#ifndef A_H\n#define A_H\n#define A_VERSION 1\n"
                "class Q_AMQP_EXPORT A : public B\n{\n    Q_PROPERTY(int p READ p)\npublic:\n"
                "    Q_AMQP_VALUE(A, APrivate)\n    using Handler = std::function<void()>;\n"
                "    enum class E { One, Two = 2 };\n    static constexpr int Three = 3;\n"
                "    struct S { int member = 0; };\n    A();\n    ~A() override;\n"
                "    explicit operator bool() const { return f(1); }\n    int p() const;\n"
                "private:\n    void hidden();\n};\n"
                "Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const A *a);\nint version();\n#endif\n"_s;
        QCOMPARE(
                list(declaredNames(header)),
                u"A, A::A, A::E, A::E::One, A::E::Two, A::Handler, A::S, A::S::member, A::Three, A::operator bool, "
                "A::operator!=, A::operator<<, A::operator==, A::p, A::~A, A_VERSION, operator<<(, version"_s);
        const QString source =
                u"/*! \\class A */\n/*! \\enum A::E\n \\value One Text.\n*/\n"
                "/*! \\typedef A::Handler\n*/\n/*! \\macro int A_VERSION(a) */\n"
                "/*! \\fn A::operator bool() const\n    \\fn A &A::operator=(A &&a) */\n"
                "/*! \\relates A */\nQDebug operator<<(QDebug debug, const QAmqpA *a)\n{\n}\n"
                "/*! Text. */\nQList<B> &A::f(const C &c)\n{\n    A::g();\n}\n"
                "/*! \\qmlmethod bool AmqpA::g(int i)\n    \\value AmqpA.One One. */\n"_s;
        const QSet<QString> documented = documentedNames(source);
        for (const QString &name :
             {u"A"_s, u"A::E"_s, u"A::E::One"_s, u"A::Handler"_s, u"A_VERSION"_s,
              u"A::operator bool"_s, u"A::operator="_s, u"operator<<(QAmqpA"_s, u"A::f"_s,
              u"AmqpA::g"_s, u"AmqpA.One"_s})
            QVERIFY2(documented.contains(name),
                     qPrintable(name + u" not in "_s + list(documented)));
        QVERIFY(!documented.contains(u"A::g"_s));
    }

    void symbolsOfQmlAreFound()
    {
        QmlTypes types;
        types.add(
                u"class Q_AMQPQUICK_EXPORT Base : public QObject\n{\n    QML_ANONYMOUS\n"
                "    Q_PROPERTY(int p READ p NOTIFY moved FINAL)\nQ_SIGNALS:\n    void moved();\n"
                "    void told(int a);\n};\n"
                "class Q_AMQPQUICK_EXPORT One : public Base\n{\n    QML_NAMED_ELEMENT(AmqpOne)\npublic:\n"
                "    enum E { Two, Three = 3 };\n    Q_INVOKABLE void f(int a);\n};\n"_s);
        QCOMPARE(list(types.names()),
                 u"AmqpOne, AmqpOne.Three, AmqpOne.Two, AmqpOne::f, AmqpOne::p, AmqpOne::told"_s);
    }

private:
    QSet<QString> m_documented;
};

QTAMQP_TEST(TestReference)
#include "tst_reference.moc"
