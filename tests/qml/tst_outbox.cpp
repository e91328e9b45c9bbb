// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// AmqpOutbox with the broker for tests: in memory and in a file, before there is a connection, without one, and over
// the end of it.

#include "qmltest.h"

#include <QtAmqpTest/qamqptestbroker.h>
#include <QtCore/qtemporarydir.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

namespace {

#ifdef WITH_FILES
constexpr bool withFiles = true;
#else
constexpr bool withFiles = false; // QtAmqpOutbox was not built
#endif

// What the outbox `box` tells is kept in its properties.
constexpr auto notes = R"(
    property var sent: []; property var lost: []; property var errors: []
    onDelivered: (first, last) => { for (let id = first; id <= last; ++id) sent.push(id) }
    onFailed: (id, why) => lost.push(id + why.kind)
    onErrorOccurred: (error) => errors.push(error.kind)
)";

QByteArray withBox(QByteArray qml) { return qml.replace("NOTES", notes); }

} // namespace

class TestOutbox : public QObject
{
    Q_OBJECT

private:
    QStringList texts() const
    {
        QStringList all;
        while (const std::optional<QAmqpMessage> message = m_broker->take(u"q"_s))
            all.append(message->text());
        return all;
    }
    QVariantMap file() const
    {
        const QString name = m_dir->filePath(u"new/folder/box"_s);
        return {{u"boxFile"_s, name}, {u"boxUrl"_s, QUrl::fromLocalFile(name).toString()}};
    }

    std::unique_ptr<QAmqpTestBroker> m_broker;
    std::unique_ptr<QTemporaryDir> m_dir;

private Q_SLOTS:
    void init()
    {
        QTest::failOnWarning(QRegularExpression(u"^(?!the connection to )"_s));
        m_broker = std::make_unique<QAmqpTestBroker>();
        QVERIFY2(m_broker->start(), qPrintable(m_broker->errorString()));
        QVERIFY(m_broker->declareQueue(u"q"_s));
        m_dir = std::make_unique<QTemporaryDir>();
    }

    void takesMessagesBeforeThereIsAConnection()
    {
        Scene scene(withBox(R"(
            AmqpConnection {
                id: broker; url: "URL"
                AmqpOutbox { id: box; NOTES
                             Component.onCompleted: publish("", "q", { n: 1 }, { messageId: "m" }) }
            })"),
                    m_broker->url());
        QVERIFY(scene.holds("box.publish('', 'q', 'two') === 2 && box.count === 2"));
        QVERIFY(scene.holds("box.bytes > 10 && box.connection === broker"));
        scene.value("broker.active = true");
        TRY_HOLDS(scene, "box.sent.join() === '1,2' && box.count === 0 && box.bytes === 0");
        const std::optional<QAmqpMessage> first = m_broker->take(u"q"_s);
        QCOMPARE(first->text(), u"{\"n\":1}"_s);
        QCOMPARE(first->contentType() + u' ' + first->messageId(), u"application/json m"_s);
        QVERIFY(m_broker->take(u"q"_s)->messageId().endsWith(u"-2"_s));
        QVERIFY(scene.holds("box.lost.length + box.errors.length === 0"));
    }

    // A lost link, and another QAmqpConnection in the place of the former one.
    void outlivesLinksAndConnections()
    {
        QVERIFY(m_broker->setConfirming(u"q"_s, false));
        Scene scene(withBox(R"(
            AmqpConnection { id: broker; url: "URL"; active: true; onErrorOccurred: { }
                             AmqpOutbox { id: box; NOTES } })"),
                    m_broker->url());
        scene.value("box.publish('', 'q', 'a')");
        QTRY_COMPARE(m_broker->counters().published, quint64(1));
        m_broker->dropConnections();
        TRY_HOLDS(scene, "broker.recovering");
        scene.value("box.publish('', 'q', 'b')");
        TRY_HOLDS(scene, "broker.connected");
        QTRY_COMPARE(m_broker->counters().published, quint64(3)); // the first of them twice
        scene.value("broker.reopen(); box.publish('', 'q', 'c')");
        QVERIFY(m_broker->setConfirming(u"q"_s, true));
        TRY_HOLDS(scene, "box.sent.join() === '1,2,3' && box.count === 0");
        QSet<QString> ids;
        QStringList all;
        while (const std::optional<QAmqpMessage> message = m_broker->take(u"q"_s)) {
            if (!ids.contains(message->messageId()))
                all.append(message->text());
            ids.insert(message->messageId());
        }
        QCOMPARE(all.join(u' '), u"a b c"_s);
        QVERIFY(scene.holds("box.lost.length + box.errors.length === 0"));
    }

    void aFileIsSentByTheNextProgram()
    {
        if (!withFiles)
            QSKIP("without QtAmqpOutbox");
        {
            Scene scene(withBox("AmqpOutbox { id: box; file: boxFile; NOTES }"), {}, file());
            QVERIFY(scene.holds("box.publish('', 'q', 'a') && box.publish('', 'q', 'b')"));
        }
        Scene scene(withBox(R"(
            AmqpConnection { id: broker; url: "URL"; active: true },
            AmqpOutbox { id: box; connection: broker; paused: true; NOTES
                           durability: AmqpOutbox.Power; file: boxUrl })"),
                    m_broker->url(), file());
        TRY_HOLDS(scene, "box.count === 2 && broker.connected");
        QVERIFY(scene.holds("box.publish('', 'q', 'c') === 3"));
        scene.value("box.durability = AmqpOutbox.Process; box.paused = false");
        TRY_HOLDS(scene, "box.sent.join() === '1,2,3' && box.count === 0");
        QCOMPARE(texts().join(u' '), u"a b c"_s);
        QVERIFY(scene.holds("box.errors.length === 0"));
    }

    void messagesInMemoryMoveToAFile()
    {
        if (!withFiles)
            QSKIP("without QtAmqpOutbox");
        Scene scene(withBox(R"(
            AmqpConnection { id: broker; url: "URL" },
            AmqpOutbox { id: box; connection: broker; NOTES })"),
                    m_broker->url(), file());
        scene.value("box.publish('', 'q', 'a'); box.messageTimeout = 1; box.publish('', 'q', 'b')");
        scene.value("box.messageTimeout = 0; box.maximumCount = 1; box.file = boxFile");
        TRY_HOLDS(scene, "box.count === 1 && box.lost.join() === '2Timeout'");
        QVERIFY(scene.holds("box.publish('', 'q', 'c') === 0"));
        scene.value("box.active = false");
        QVERIFY(scene.holds("box.count === 0 && box.publish('', 'q', 'd') === 0"));
        QCOMPARE(scene.text("box.errors.join()"), u"LimitExceeded,NotOpen"_s);
        scene.value("box.active = broker.active = true");
        TRY_HOLDS(scene, "box.sent.join() === '1' && box.count === 0");
        QCOMPARE(texts().join(u' '), u"a"_s);
    }

    void saysWhatFails()
    {
        Scene scene(withBox(R"(
            AmqpConnection { id: broker; url: "URL"; active: true
                             AmqpOutbox { id: box; mandatory: true; NOTES } })"),
                    m_broker->url());
        scene.value("box.publish('', 'nowhere', 'x'); box.publish('missing', 'q', 'x')");
        scene.value("box.mandatory = false; box.publish('', 'nowhere', 'x')");
        TRY_HOLDS(scene, "box.lost.length === 2 && box.sent.join() === '3'");
        QCOMPARE(scene.text("box.lost.sort().join()"), u"1Unroutable,2NotFound"_s);
        QVERIFY(scene.holds("box.errorString === '' && box.publish('', 'q', 'x', { n: 1 }) === 0"));
        QVERIFY(scene.holds("box.error.kind === 'InvalidArgument' && box.errors.length === 1"));
        QVERIFY(scene.holds("box.publish('', 'q', 'x') > 0 && box.errorString === ''"));
    }

    void limitsMayChangeAtAnyTime()
    {
        Scene scene(withBox("AmqpOutbox { id: box; maximumCount: 1; NOTES }"));
        QVERIFY(scene.holds("box.publish('', 'q', 'a') === 1 && box.publish('', 'q', 'b') === 0"));
        QVERIFY(scene.holds("box.error.kind === 'LimitExceeded' && box.count === 1"));
        scene.value("box.overflow = AmqpOutbox.DropOldest");
        QVERIFY(scene.holds("box.publish('', 'q', 'b') === 2 && box.errorString === ''"));
        TRY_HOLDS(scene, "box.lost.join() === '1LimitExceeded'");
        scene.value("box.window = 0");
        QCOMPARE(scene.text("box.errorString"),
                 u"window is 0; it may be a whole number from 1 to 2147483647"_s);
        scene.value("box.window = 1; box.maximumCount = -1; box.publish('', 'q', 'c')");
        QVERIFY(scene.holds("box.count === 2 && box.errorString === ''"));
    }

    void aBadFileIsToldAndTriedAgain()
    {
        QFile wrong(m_dir->filePath(u"new"_s)); // where a folder is to be
        QVERIFY(wrong.open(QIODevice::WriteOnly));
        Scene scene(withBox("AmqpOutbox { id: box; file: boxFile; NOTES }"), {}, file());
        TRY_HOLDS(scene, "box.errors.length === 1");
        if (!withFiles) {
            QVERIFY(scene.text("box.errorString").contains(u"-DQTAMQP_OUTBOX=ON"_s));
            QVERIFY(scene.holds("box.publish('', 'q', 'a') === 0"));
            return;
        }
        QCOMPARE(scene.text("box.error.kind"), u"DeviceFailed"_s);
        QVERIFY(scene.holds("box.publish('', 'q', 'a') === 0 && box.errors.length === 2"));
        QVERIFY2(scene.text("box.errorString").contains(m_dir->path()),
                 qPrintable(scene.text("box.errorString")));
        QVERIFY(wrong.remove());
        QVERIFY(scene.holds("box.publish('', 'q', 'a') === 1 && box.errorString === ''"));
        // A second outbox cannot have it.
        Scene second(withBox("AmqpOutbox { id: box; file: boxFile; NOTES }"), {}, file());
        TRY_HOLDS(second, "box.error.kind === 'ResourceLocked'");
    }

    void itsHandlersMayDoAnything_data()
    {
        QTest::addColumn<QString>("action");
        for (const char *action :
             {"holder.active = false", "box.file = boxFile", "box.active = false",
              "box.connection = null", "broker.active = false"})
            QTest::newRow(action) << QString::fromUtf8(action);
    }

    void itsHandlersMayDoAnything()
    {
        QFETCH(QString, action);
        const QByteArray qml = R"(
            AmqpConnection { id: broker; url: "URL"; active: true },
            Instantiator {
                id: holder
                property int told: 0
                AmqpOutbox {
                    id: box
                    connection: broker
                    function act() { ++holder.told; ACTION }
                    onCountChanged: if (count === 0 && holder.told === 0) act()
                    onDelivered: act()
                    onFailed: act()
                    Component.onCompleted: {
                        mandatory = true
                        publish("", "nowhere", "x"); publish("", "q", "x"); publish("", "nowhere", "y")
                    }
                }
            })";
        Scene scene(QByteArray(qml).replace("ACTION", action.toUtf8()), m_broker->url(), file());
        TRY_HOLDS(scene, "holder.told > 0");
        QCoreApplication::processEvents();
    }
};

QTAMQP_TEST(TestOutbox)
#include "tst_outbox.moc"
