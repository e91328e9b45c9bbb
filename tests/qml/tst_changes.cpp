// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Every property of every type is changed in every state and back again: nothing is warned of, nobody else
// is disturbed, and with the old value all is well.

#include "qmltest.h"
#include "scripted/autobroker.h"

#include <qamqpquickmessagemodel.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

namespace {

constexpr auto document = R"(
    AmqpConnection {
        id: broker; url: "URL"; active: false
        AmqpQueue { id: sibling; name: "sibling"; property int errors: 0; onErrorOccurred: ++errors
                    property int received: 0; onMessageReceived: ++received }
        AmqpQueue { id: queue; name: "close channel"; bindings: [{ exchange: "amq.topic" }]
                    onMessageReceived: () => { } }
        AmqpExchange { id: exchange; name: "e"; type: "topic"; bindings: [{ exchange: "amq.topic" }] }
        AmqpRpcClient { id: client }
        AmqpMessageModel { id: model; queue: sibling }
    })";

QVariantList oddValues(const QMetaProperty &property)
{
    if (property.isEnumType())
        return {0, 1, 2};
    switch (property.typeId()) {
    case QMetaType::Bool: return {true, false};
    case QMetaType::Int: return {-1, 0, 1, 7, 100'000, 2'000'000'000};
    case QMetaType::Double: return {-1.0, 0.0, 0.5, 1.0, 7.0, 1e5, 2e9, 1e300};
    case QMetaType::QString: return {QString(), u"x"_s, QString(300, u'y'), u"amq.%Fé"_s};
    case QMetaType::QVariantMap:
        return {QVariantMap(), QVariantMap{{u"x-a"_s, 1}},
                QVariantMap{{u"x-b"_s, QVariantList{1, QVariantMap{{u"c"_s, QVariant()}}}}}};
    case QMetaType::QVariantList:
        return {QVariantList(), QVariantList{1}, QVariantList{QVariantMap{}},
                QVariantList{QVariantMap{{u"exchange"_s, u"a"_s}, {u"routingKey"_s, u"b"_s}}},
                QVariantList{QVariantMap{{u"exchange"_s, u"a"_s},
                                         {u"routingKey"_s, QString(300, u'y')}}}};
    default: return {QVariant()}; // an object or a function: none
    }
}

struct State
{
    const char *name;
    const char *reach;
    const char *reached;
};

const State states[] = {
        {"at rest", "", "true"},
        {"connecting", "broker.active = true", "true"},
        {"ready", "broker.active = true",
         "client.ready && queue.ready"
         " && exchange.ready && sibling.ready"},
        {"off", "broker.active = true; subject.active = false", "sibling.ready"},
        {"channel closed",
         "broker.active = true; queue.publish(1);"
         "exchange.publish('close channel', 1);"
         "client.call('close channel', 1, () => { })",
         "queue.errorCode && exchange.errorCode && client.errorCode && sibling.ready"},
        {"message in flight",
         "broker.active = true; exchange.publish('hold', 1);"
         "client.call('hold', 1, () => { })",
         "exchange.ready && client.ready"},
        {"no broker", "broker.url = 'amqp://127.0.0.1:1?recovery=off'; broker.active = true",
         "broker.errorString"},
};

} // namespace

class TestChanges : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        QTest::failOnWarning(QRegularExpression(u"qml|QML|Error:|QObject|QJS|QMeta|invalid"_s));
    }

    void everyPropertyInEveryState_data()
    {
        QTest::addColumn<QString>("subject");
        QTest::addColumn<int>("state");
        for (const char *subject : {"broker", "queue", "exchange", "client", "model"}) {
            for (int state = 0; state < int(std::size(states)); ++state) {
                const bool canBeOff = qstrcmp(subject, "model") && qstrcmp(subject, "broker");
                if (canBeOff || qstrcmp(states[state].name, "off"))
                    QTest::addRow("%s: %s", subject, states[state].name)
                            << QString::fromLatin1(subject) << state;
            }
        }
    }

    void everyPropertyInEveryState()
    {
        QFETCH(QString, subject);
        QFETCH(int, state);
        AutoServer server;
        Scene scene(QByteArray(document), server.url());
        auto *object = scene.value(subject).value<QObject *>();
        QVERIFY(object);
        const bool isBroker = subject == "broker"_L1;
        const QMetaObject *type = object->metaObject();
        int changed = 0;
        for (int i = QObject::staticMetaObject.propertyCount(); i < type->propertyCount(); ++i) {
            const QMetaProperty property = type->property(i);
            // A source that was set is waited for from then on.
            const QByteArray name = property.name();
            if (!property.isWritable() || name == "source" || (isBroker && name == "active"))
                continue;
            scene.value("broker.active = false; sibling.errors = 0");
            scene.value(QString::fromLatin1(states[state].reach).replace(u"subject"_s, subject));
            TRY_HOLDS(scene, states[state].reached);
            const QVariant before = property.read(object);
            for (const QVariant &odd : oddValues(property)) {
                property.write(object, odd);
                if (++changed % 2)
                    QCoreApplication::processEvents();
                else
                    (void)property.read(object);
            }
            QCoreApplication::processEvents();
            if (!isBroker)
                QVERIFY2(scene.holds("!sibling.errors"), property.name());
            property.write(object, before);
            scene.value(u"broker.url = '%1'; broker.active = true"_s.arg(server.url().toString()));
            if (subject != "model"_L1)
                scene.value(subject + u".active = true"_s);
            // What was refused is mended by its old value, what was closed before by switching it.
            if (qstrcmp(states[state].name, "channel closed") == 0)
                scene.value("for (const each of [queue, exchange, client]) "
                            "{ each.active = false; each.active = true }");
            if (!scene.becomes("queue.ready && exchange.ready && client.ready && sibling.ready && "
                               "!queue.errorString"))
                QFAIL(qPrintable(QLatin1StringView(property.name()) + u": "_s
                                 + scene.text("[broker, queue, exchange, client, sibling].map("
                                              "(each) => each.errorString + each.ready).join()")));
            if (name != "active" && name != "url" && name != "filter")
                QCOMPARE(property.read(object), before);
        }
        QVERIFY(changed > 3);
        scene.value("sibling.received = 0; model.clear(); sibling.publish('x')");
        TRY_HOLDS(scene, "sibling.received === 1 && model.count === 1");
    }
};

QTAMQP_TEST(TestChanges)
#include "tst_changes.moc"
