// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The method declarations against the specification's XML, which Debian's package amqp-specs brings
// (tests/run.sh installs it). QTAMQP_SPEC names the file if it lies elsewhere.
//
// What RabbitMQ adds or answers differently stands in `extras` below, and nowhere else.

#include "structure/wiretypes.h"
#include "testmain.h"

#include "codec/constants.h"

#include <QtAmqp/qamqpmessage.h>

#include <QtCore/qfile.h>
#include <QtCore/qmap.h>
#include <QtCore/qmetaobject.h>
#include <QtCore/qset.h>
#include <QtCore/qxmlstream.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;

namespace {

constexpr auto DefaultSpec = "/usr/share/amqp/specs/0-9-1-rabbit/amqp0-9-1.stripped.extended.xml";

struct Declared
{
    quint32 id = 0;
    bool hasContent = false;
    bool sentByClient = false;
    bool sentByServer = false;
    QStringList fields; // "name: type", in wire order
    QStringList replies; // "class.method", sorted

    friend bool operator==(const Declared &, const Declared &) = default;
};

using Methods = QMap<QString, Declared>;

QString toText(const Declared &method)
{
    return u"%1.%2 content=%3 client=%4 server=%5 (%6) -> %7"_s.arg(method.id >> 16)
            .arg(method.id & 0xffff)
            .arg(method.hasContent)
            .arg(method.sentByClient)
            .arg(method.sentByServer)
            .arg(method.fields.join(u", "), method.replies.join(u", "));
}

struct Spec
{
    Methods methods;
    QStringList properties; // of the basic class
    QMap<QString, int> constants;
    QString error;
};

// A chassis element names who must be able to *receive* the method.
Spec readSpec(QIODevice *device)
{
    Spec spec;
    QMap<QString, QString> domains;
    QString className;
    quint16 classId = 0;
    QString methodName;
    QXmlStreamReader xml(device);
    while (!xml.atEnd()) {
        const auto token = xml.readNext();
        if (token == QXmlStreamReader::EndElement && xml.name() == u"method")
            methodName.clear();
        if (token != QXmlStreamReader::StartElement)
            continue;
        const QXmlStreamAttributes attributes = xml.attributes();
        const QString name = attributes.value("name"_L1).toString();
        if (xml.name() == u"constant") {
            spec.constants.insert(name, attributes.value("value"_L1).toInt());
        } else if (xml.name() == u"domain") {
            domains.insert(name, attributes.value("type"_L1).toString());
        } else if (xml.name() == u"class") {
            className = name;
            classId = attributes.value("index"_L1).toUShort();
        } else if (xml.name() == u"method") {
            methodName = className + u'.' + name;
            Declared &method = spec.methods[methodName];
            method.id = methodId(classId, attributes.value("index"_L1).toUShort());
            method.hasContent = attributes.value("content"_L1) == u"1";
        } else if (xml.name() == u"field") {
            const QString domain = attributes.value("domain"_L1).toString();
            QString type = domain.isEmpty() ? attributes.value("type"_L1).toString()
                                            : domains.value(domain);
            if (type == u"octet") // as the specification calls it
                type = u"byte"_s;
            const QString field = name + u": "_s + type;
            methodName.isEmpty() ? spec.properties.append(field)
                                 : spec.methods[methodName].fields.append(field);
        } else if (xml.name() == u"response") {
            spec.methods[methodName].replies.append(className + u'.' + name);
        } else if (xml.name() == u"chassis" && !methodName.isEmpty()) {
            (name == u"server" ? spec.methods[methodName].sentByClient
                               : spec.methods[methodName].sentByServer) = true;
        }
    }
    spec.error = xml.errorString();
    for (Declared &method : spec.methods)
        method.replies.sort();
    return spec;
}

template<typename... Replies>
QStringList names(TypeList<Replies...>)
{
    QStringList list{QLatin1StringView(Replies::info.name)...};
    list.sort();
    return list;
}

template<typename Method>
Declared declared()
{
    Declared result;
    result.id = Method::info.id();
    result.hasContent = Method::info.hasContent;
    result.sentByClient = quint8(Method::info.sentBy) & quint8(SentBy::Client);
    result.sentByServer = quint8(Method::info.sentBy) & quint8(SentBy::Server);
    Method method;
    forEachField(method, [&]<typename T>(const char *name, T &) {
        result.fields.append(QLatin1StringView(name) + u": "_s + typeName<T>());
    });
    if constexpr (requires { typename Method::Replies; })
        result.replies = names(typename Method::Replies());
    return result;
}

Methods ourMethods()
{
    Methods methods;
    [&]<typename... All>(TypeList<All...>) {
        (methods.insert(QLatin1StringView(All::info.name), declared<All>()), ...);
    }(AllMethods());
    return methods;
}

// What RabbitMQ speaks beyond the XML file. Sources: rabbitmq.com, specification extensions
// (connection.blocked, connection.update-secret); 0-9-1 §1.8.3.13 (recover-ok answers recover, which
// the XML does not say).
const Methods extras = {
        {u"connection.blocked"_s,
         {methodId(10, 60), false, false, true, {u"reason: shortstr"_s}, {}}},
        {u"connection.unblocked"_s, {methodId(10, 61), false, false, true, {}, {}}},
        {u"connection.update-secret"_s,
         {methodId(10, 70),
          false,
          true,
          false,
          {u"new-secret: longstr"_s, u"reason: shortstr"_s},
          {u"connection.update-secret-ok"_s}}},
        {u"connection.update-secret-ok"_s, {methodId(10, 71), false, false, true, {}, {}}},
};

// Lines that differ, empty if none does.
QStringList differences(const Methods &ours, const Methods &theirs)
{
    QStringList lines;
    for (auto it = theirs.cbegin(); it != theirs.cend(); ++it) {
        if (!ours.contains(it.key()))
            lines += it.key() + u" is missing"_s;
        else if (ours.value(it.key()) != it.value())
            lines += u"%1 is\n    %2, should be\n    %3"_s.arg(
                    it.key(), toText(ours.value(it.key())), toText(it.value()));
    }
    for (auto it = ours.cbegin(); it != ours.cend(); ++it) {
        if (!theirs.contains(it.key()))
            lines += it.key() + u" is unknown to the specification"_s;
    }
    return lines;
}

} // namespace

class TestSpec : public QObject
{
    Q_OBJECT

private:
    Spec m_spec;

private Q_SLOTS:
    void initTestCase()
    {
        const QString path = qEnvironmentVariable("QTAMQP_SPEC", QString::fromLatin1(DefaultSpec));
        QFile file(path);
        QVERIFY2(
                file.open(QIODevice::ReadOnly),
                qPrintable(path + u": "_s + file.errorString()
                           + u". Install Debian's amqp-specs, or name the file in QTAMQP_SPEC."_s));
        m_spec = readSpec(&file);
        QCOMPARE(m_spec.error, QString());
        QCOMPARE(m_spec.methods.size(), 60);
    }

    void everyMethodIsAsTheSpecificationHasIt()
    {
        Methods theirs = m_spec.methods;
        for (auto it = extras.cbegin(); it != extras.cend(); ++it) {
            QVERIFY2(!theirs.contains(it.key()), "the file has it now: it is no extra any more");
            theirs.insert(it.key(), it.value());
        }
        QVERIFY(theirs[u"basic.recover"_s].replies.isEmpty());
        theirs[u"basic.recover"_s].replies = QStringList{u"basic.recover-ok"_s};
        const QStringList lines = differences(ourMethods(), theirs);
        QVERIFY2(lines.isEmpty(), qPrintable(lines.join(u'\n')));
    }

    void everyReplyIsAMethodThatTheOtherSideSends()
    {
        const Methods ours = ourMethods();
        int replies = 0;
        for (auto it = ours.cbegin(); it != ours.cend(); ++it) {
            for (const QString &reply : it->replies) {
                ++replies;
                QVERIFY2(ours.contains(reply), qPrintable(it.key()));
                QVERIFY2((it->sentByClient && ours.value(reply).sentByServer)
                                 || (it->sentByServer && ours.value(reply).sentByClient),
                         qPrintable(it.key()));
            }
        }
        QCOMPARE(replies, 28);
    }

    void methodsStandInTheOrderOfTheirNumbers()
    {
        quint32 last = 0;
        QStringList wrong;
        [&]<typename... All>(TypeList<All...>) {
            (...,
             (All::info.id() > last ? void(last = All::info.id())
                                    : wrong.append(QLatin1StringView(All::info.name))));
        }(AllMethods());
        QCOMPARE(wrong, QStringList());
    }

    void constantsAreThoseOfTheSpecification()
    {
        const auto &constants = m_spec.constants;
        QCOMPARE(int(FrameType::Method), constants.value(u"frame-method"_s));
        QCOMPARE(int(FrameType::Header), constants.value(u"frame-header"_s));
        QCOMPARE(int(FrameType::Body), constants.value(u"frame-body"_s));
        QCOMPARE(int(FrameType::Heartbeat), constants.value(u"frame-heartbeat"_s));
        QCOMPARE(int(FrameMinSize), constants.value(u"frame-min-size"_s));
        QCOMPARE(int(FrameMinSize), 4096);
        QCOMPARE(int(FrameEnd), constants.value(u"frame-end"_s));
        QCOMPARE(int(UntunedFrameMax), 8192); // RabbitMQ's own least, since 4.1
        QCOMPARE(QByteArray(ProtocolHeader, ProtocolHeaderSize), "AMQP\0\0\x09\x01"_ba);
    }

    void replyCodesAreThoseOfTheSpecification()
    {
        const QMap<QString, ReplyCode> ours = {
                {u"reply-success"_s, ReplyCode::Success},
                {u"content-too-large"_s, ReplyCode::ContentTooLarge},
                {u"no-consumers"_s, ReplyCode::NoConsumers},
                {u"connection-forced"_s, ReplyCode::ConnectionForced},
                {u"invalid-path"_s, ReplyCode::InvalidPath},
                {u"access-refused"_s, ReplyCode::AccessRefused},
                {u"not-found"_s, ReplyCode::NotFound},
                {u"resource-locked"_s, ReplyCode::ResourceLocked},
                {u"precondition-failed"_s, ReplyCode::PreconditionFailed},
                {u"frame-error"_s, ReplyCode::FrameError},
                {u"syntax-error"_s, ReplyCode::SyntaxError},
                {u"command-invalid"_s, ReplyCode::CommandInvalid},
                {u"channel-error"_s, ReplyCode::ChannelError},
                {u"unexpected-frame"_s, ReplyCode::UnexpectedFrame},
                {u"resource-error"_s, ReplyCode::ResourceError},
                {u"not-allowed"_s, ReplyCode::NotAllowed},
                {u"not-implemented"_s, ReplyCode::NotImplemented},
                {u"internal-error"_s, ReplyCode::InternalError},
        };
        int codes = 0;
        for (auto it = m_spec.constants.cbegin(); it != m_spec.constants.cend(); ++it) {
            if (it.key().startsWith(u"frame-") && it.key() != u"frame-error")
                continue;
            ++codes;
            QVERIFY2(ours.contains(it.key()), qPrintable(it.key()));
            QCOMPARE(int(ours.value(it.key())), it.value());
        }
        QCOMPARE(codes, ours.size());
        // Only RabbitMQ's basic.return uses this one; the file lacks it.
        QVERIFY(!m_spec.constants.contains(u"no-route"_s));
        QCOMPARE(int(ReplyCode::NoRoute), 312);
    }

    // The order of the list is the order of the flags, from bit 15 down (§4.2.6.1).
    void propertiesAreThoseOfTheSpecification()
    {
        const auto flags = QMetaEnum::fromType<QAmqpMessage::Property>();
        QCOMPARE(m_spec.properties.size(), 14);
        QCOMPARE(flags.keyCount(), 14);
        for (int i = 0; i < 14; ++i) {
            QString spelled; // ContentType: content-type
            for (const char *c = flags.key(i); *c; ++c) {
                if (*c >= 'A' && *c <= 'Z' && !spelled.isEmpty())
                    spelled += u'-';
                spelled += QChar::fromLatin1(*c).toLower();
            }
            if (spelled == u"cluster-id") // its name in 0-8, which everybody still uses
                spelled = u"reserved"_s;
            QCOMPARE(m_spec.properties.at(i).section(u": "_s, 0, 0), spelled);
            QCOMPARE(flags.value(i), 0x8000 >> i);
        }
        QCOMPARE(m_spec.properties.filter(u": shortstr"_s).size(), 10);
        QCOMPARE(m_spec.properties.filter(u": table"_s), QStringList{u"headers: table"_s});
        QCOMPARE(m_spec.properties.filter(u": timestamp"_s),
                 QStringList{u"timestamp: timestamp"_s});
        QCOMPARE(m_spec.properties.filter(u": byte"_s),
                 (QStringList{u"delivery-mode: byte"_s, u"priority: byte"_s}));
    }

    void aDifferenceIsSeen()
    {
        const Methods ours = ourMethods();
        QVERIFY(differences(ours, ours).isEmpty());
        const auto changed = [&](auto change) {
            Methods theirs = ours;
            change(theirs[u"basic.get"_s]);
            return differences(ours, theirs).size();
        };
        QCOMPARE(changed([](Declared &method) { method.id += 1; }), 1);
        QCOMPARE(changed([](Declared &method) { method.hasContent = true; }), 1);
        QCOMPARE(changed([](Declared &method) { method.sentByServer = true; }), 1);
        QCOMPARE(changed([](Declared &method) { method.replies.removeFirst(); }), 1);
        QCOMPARE(changed([](Declared &method) { method.fields.swapItemsAt(0, 1); }), 1);
        QCOMPARE(changed([](Declared &method) { method.fields[2] = u"no-ack: byte"_s; }), 1);
        Methods fewer = ours;
        fewer.remove(u"basic.get"_s);
        QCOMPARE(differences(ours, fewer).size(), 1);
        QCOMPARE(differences(fewer, ours).size(), 1);
    }
};

QTAMQP_TEST(TestSpec)
#include "tst_spec.moc"
