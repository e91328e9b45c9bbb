// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// An outbox in a file: what is in it afterwards, and files that cannot be used.

#include "outboxscene.h"

#include <QtCore/qendian.h>
#include <QtCore/qfile.h>
#include <QtSql/qsqldatabase.h>
#include <QtSql/qsqlerror.h>
#include <QtSql/qsqlquery.h>
#include <QtTest/qsignalspy.h>

#include <unistd.h>

using Kind = QAmqpError::Kind;

namespace {

// Changes the file of an outbox as any program of SQLite can.
bool alter(const QString &fileName, const QStringList &statements)
{
    bool well = true;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"alter"_s);
        database.setDatabaseName(fileName);
        well = database.open();
        for (const QString &statement : statements) {
            QSqlQuery query(database);
            if (!query.exec(statement)) {
                qWarning() << query.lastError();
                well = false;
            }
        }
    }
    QSqlDatabase::removeDatabase(u"alter"_s);
    return well;
}

QByteArray contents(const QString &fileName)
{
    QFile file(fileName);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void write(const QString &fileName, const QByteArray &bytes)
{
    QFile file(fileName);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
}

} // namespace

class TestBoxFile : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsMessagesAndGoesOnWithTheirIds()
    {
        OutboxScene scene(Place::File);
        QAmqpMessage message("first");
        message.setHeaders({{u"n"_s, 5}});
        scene.publish(u"amq.fanout"_s, u"key"_s, message, QAmqpChannel::Mandatory);
        scene.publishMany(2, 3'000);
        QVERIFY(scene.file()->flush());
        const QList<QAmqpOutboxMessage> before = scene.box->messages(10);
        const qint64 bytes = scene.box->bytes();
        scene.restart();
        QCOMPARE(scene.box->count(), 3'000);
        QCOMPARE(scene.box->bytes(), bytes);
        QCOMPARE(scene.box->messages(10), before);
        QCOMPARE(scene.publish("3001"), 3'001U);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.failed.keys(), QList<quint64>{1}); // nothing is bound to that exchange
        QCOMPARE(scene.delivered, OutboxScene::ids(2, 3'001));
        QCOMPARE(scene.firstArrivals().mid(1), OutboxScene::numbers(2, 3'001));
        // Ids are not used again, since consumers would take such a message for a known one.
        scene.restart();
        QCOMPARE(scene.publish("next"), 3'002U);
    }

    void aTurnOfTheEventLoopAccepts()
    {
        OutboxScene scene(Place::File);
        scene.publish("1");
        QCoreApplication::processEvents();
        const QString copy =
                scene.dir.filePath(u"copy"_s); // what is there if the program is killed now
        QVERIFY(QFile::copy(scene.fileName(), copy));
        QVERIFY(QFile::copy(scene.fileName() + u"-wal"_s, copy + u"-wal"_s));
        QAmqpFileOutbox other;
        QVERIFY2(other.open(copy), qPrintable(other.lastError().text()));
        QCOMPARE(other.messages(10), scene.box->messages(10));
    }

    void confirmedMessagesLeaveTheFile()
    {
        OutboxScene scene(Place::File);
        scene.open();
        scene.publishMany(1, 10);
        QVERIFY(scene.drains());
        scene.restart();
        QCOMPARE(scene.box->count(), 0);
    }

    void theTimeOfMessagesPassesWhileNothingRuns()
    {
        OutboxScene scene(Place::File);
        scene.box->setMessageTimeout(1h);
        scene.publishMany(1, 3);
        scene.box.reset();
        QVERIFY(alter(scene.fileName(), {u"UPDATE message SET expires = 5 WHERE id < 3"_s}));
        scene.take(std::make_unique<QAmqpFileOutbox>());
        QVERIFY(scene.file()->open(scene.fileName()));
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.failed.size() == 2; }));
        QCOMPARE(scene.failed.keys(), (QList<quint64>{1, 2}));
        QCOMPARE(scene.box->count(), 1);
        scene.restart();
        QCOMPARE(scene.box->count(), 1);
    }

    void closesAndOpensAgain()
    {
        OutboxScene scene(Place::File);
        QSignalSpy opened(scene.file(), &QAmqpFileOutbox::openChanged);
        scene.publishMany(1, 5);
        scene.file()->close();
        QVERIFY(!scene.file()->isOpen());
        QCOMPARE(scene.box->count(), 0);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"refused 1 messages"_s));
        QCOMPARE(scene.box->publish({}, u"q"_s, QByteArray("x")), 0U);
        QCOMPARE(scene.box->lastError().kind(), Kind::NotOpen);
        QVERIFY(!scene.file()->flush());
        QCoreApplication::processEvents();
        QVERIFY(scene.file()->open(scene.fileName()));
        QVERIFY(!scene.file()->open(scene.fileName()));
        QCOMPARE(scene.box->lastError().kind(), Kind::InvalidArgument);
        QCOMPARE(opened.size(), 2);
        QCOMPARE(scene.file()->fileName(), scene.fileName());
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 5));
    }

    void canBePrinted()
    {
        OutboxScene scene(Place::File);
        scene.publish("1");
        QString text;
        QDebug(&text) << scene.file();
        QVERIFY2(text.contains(scene.fileName()) && text.contains(u"QAmqpOutbox(1 messages"),
                 qPrintable(text));
        QString nothing;
        QDebug(&nothing) << static_cast<QAmqpFileOutbox *>(nullptr);
        QVERIFY(nothing.contains(u"null"));
    }

    void bothDurabilitiesDeliver()
    {
        OutboxScene scene(Place::File);
        QVERIFY(scene.file()->setDurability(QAmqpFileOutbox::Durability::Power));
        scene.publish("1");
        QVERIFY(scene.file()->setDurability(QAmqpFileOutbox::Durability::Process));
        scene.publish("2");
        QVERIFY(scene.file()->setDurability(QAmqpFileOutbox::Durability::Power));
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 2));
    }

    void onlyOneOutboxHasAFile()
    {
        OutboxScene scene(Place::File);
        scene.publish("1");
        QAmqpFileOutbox second;
        QVERIFY(!second.open(scene.fileName()));
        QCOMPARE(second.lastError().kind(), Kind::ResourceLocked);
        QVERIFY2(second.lastError().text().contains(u"another outbox"),
                 qPrintable(second.lastError().text()));
        QVERIFY(!second.isOpen());
        scene.file()->close();
        QVERIFY(second.open(scene.fileName()));
        QCOMPARE(second.count(), 1);
    }

    void leavesFilesAloneThatAreNotItsOwn_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("why");
        const QByteArray header = QByteArray("SQLite format 3\0", 16) + QByteArray(84, '\0');
        const auto with = [&](qint32 application, qint32 version) {
            QByteArray bytes = header;
            qToBigEndian(application, bytes.data() + 68);
            qToBigEndian(version, bytes.data() + 60);
            return bytes + QByteArray(4'000, '\0');
        };
        QTest::newRow("text") << QByteArray("a shopping list") << u"not a database"_s;
        QTest::newRow("noise") << QByteArray(5'000, '\x93') << u"not a database"_s;
        QTest::newRow("half a header") << header.first(50) << u"not a database"_s;
        QTest::newRow("another application") << with(1, 1) << u"another application"_s;
        QTest::newRow("no application") << with(0, 0) << u"another application"_s;
        QTest::newRow("newer") << with(0x51414d51, 2) << u"version 2"_s;
        QTest::newRow("older than all") << with(0x51414d51, 0) << u"version 0"_s;
    }
    void leavesFilesAloneThatAreNotItsOwn()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, why);
        QTemporaryDir dir;
        const QString name = dir.filePath(u"file"_s);
        write(name, bytes);
        QAmqpFileOutbox box;
        QVERIFY(!box.open(name));
        QCOMPARE(box.lastError().kind(), Kind::InvalidArgument);
        QVERIFY2(box.lastError().text().contains(why), qPrintable(box.lastError().text()));
        QCOMPARE(contents(name), bytes);
        QCOMPARE(QDir(dir.path()).entryList(QDir::Files), QStringList{u"file"_s});
    }

    void aDatabaseOfOtherTablesIsRefused_data()
    {
        QTest::addColumn<QStringList>("statements");
        QTest::newRow("a trigger") << QStringList{
                u"CREATE TRIGGER t AFTER DELETE ON message BEGIN DELETE FROM message; END"_s};
        QTest::newRow("a view instead") << QStringList{
                u"DROP TABLE message"_s,
                u"CREATE VIEW message AS WITH RECURSIVE m(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM m) "
                "SELECT id, '' AS exchange, '' AS key, 0 AS flags, 0 AS expires, '' AS properties, '' AS body FROM m"_s};
        QTest::newRow("one table less") << QStringList{u"DROP TABLE meta"_s};
        QTest::newRow("a box without id") << QStringList{u"DELETE FROM meta"_s};
        QTest::newRow("a strange id of the box")
                << QStringList{u"UPDATE meta SET value = '\n' || hex(randomblob(500))"_s};
        QTest::newRow("negative ids")
                << QStringList{u"INSERT INTO message VALUES(-5, '', '', 0, NULL, x'0000', '')"_s};
        QTest::newRow("ids at the end") << QStringList{
                u"INSERT INTO message VALUES(9223372036854775807, '', '', 0, NULL, x'0000', '')"_s};
        QTest::newRow("a newer version") << QStringList{u"PRAGMA user_version = 7"_s};
    }
    void aDatabaseOfOtherTablesIsRefused()
    {
        QFETCH(QStringList, statements);
        OutboxScene scene(Place::File);
        scene.publish("1");
        scene.box.reset();
        QVERIFY(alter(scene.fileName(), statements));
        QAmqpFileOutbox box;
        QVERIFY(!box.open(scene.fileName()));
        QCOMPARE(box.lastError().kind(), Kind::InvalidArgument);
        QVERIFY(!box.isOpen());
    }

    void aDamagedRowFailsWithItsReason_data()
    {
        QTest::addColumn<QString>("change");
        QTest::addColumn<QString>("why");
        QTest::newRow("long exchange") << u"exchange = zeroblob(256)"_s << u"255 bytes"_s;
        QTest::newRow("long key") << u"key = zeroblob(70000)"_s << u"255 bytes"_s;
        QTest::newRow("flags") << u"flags = 2"_s << u"flags"_s;
        QTest::newRow("many flags") << u"flags = 4294967297"_s << u"flags"_s;
        QTest::newRow("no properties") << u"properties = x''"_s << u"property flags"_s;
        QTest::newRow("undefined property") << u"properties = x'0001'"_s << u"list of properties"_s;
        QTest::newRow("short property") << u"properties = x'8000ff41'"_s << u"list of properties"_s;
        QTest::newRow("too many bytes") << u"properties = x'000000'"_s << u"list of properties"_s;
        QTest::newRow("text for a number") << u"properties = 'abc'"_s << u"list of properties"_s;
        QTest::newRow("a number for bytes") << u"properties = 17.5"_s << u"list of properties"_s;
    }
    void aDamagedRowFailsWithItsReason()
    {
        QFETCH(QString, change);
        QFETCH(QString, why);
        OutboxScene scene(Place::File);
        scene.publishMany(1, 3);
        scene.box.reset();
        QVERIFY(alter(scene.fileName(), {u"UPDATE message SET %1 WHERE id = 2"_s.arg(change)}));
        scene.take(std::make_unique<QAmqpFileOutbox>(&scene.connection));
        QVERIFY(scene.file()->open(scene.fileName()));
        QCOMPARE(scene.box->messages(5).size(), 3);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, (QList<quint64>{1, 3}));
        QCOMPARE(scene.failed.value(2).kind(), Kind::InvalidArgument);
        QVERIFY2(scene.failed[2].text().contains(why), qPrintable(scene.failed[2].text()));
        QCOMPARE(scene.box->bytes(), 0);
        scene.restart();
        QCOMPARE(scene.box->count(), 0);
    }

    // Names that are not UTF-8 would end the connection with RabbitMQ.
    void aRowWithANameThatIsNotUtf8Fails()
    {
        OutboxScene scene(Place::File);
        scene.publishMany(1, 3);
        scene.box.reset();
        QVERIFY(alter(scene.fileName(), {u"UPDATE message SET key = x'ff' WHERE id = 2"_s}));
        scene.take(std::make_unique<QAmqpFileOutbox>(&scene.connection));
        QVERIFY(scene.file()->open(scene.fileName()));
        scene.open();
        QVERIFY(scene.drains());
        QVERIFY(scene.delivered.contains(3));
        QVERIFY(scene.connection.isOpen());
    }

    void damagedPagesAreRefusedOrTold()
    {
        OutboxScene scene(Place::File);
        scene.publishMany(1, 2'000);
        scene.box.reset();
        const QByteArray whole = contents(scene.fileName());
        int refused = 0;
        for (qsizetype at = 4'096; at + 4'096 < whole.size(); at += 3 * 4'096) {
            QByteArray damaged = whole;
            memset(damaged.data() + at, 0x5a, 4'096);
            write(scene.fileName(), damaged);
            QAmqpFileOutbox box;
            if (box.open(scene.fileName())) {
                box.messages(10'000);
                continue;
            }
            ++refused;
            QCOMPARE(box.lastError().kind(), Kind::DeviceFailed);
            QVERIFY2(box.lastError().text().contains(u"damaged"),
                     qPrintable(box.lastError().text()));
            QCOMPARE(contents(scene.fileName()), damaged);
        }
        QVERIFY(refused > 5);
    }

    void aFileThatIsDeletedIsNoticed()
    {
        OutboxScene scene(Place::File);
        QList<QAmqpError> errors;
        connect(scene.box.get(), &QAmqpOutbox::errorOccurred, this,
                [&](const QAmqpError &error) { errors.append(error); });
        scene.publishMany(1, 3);
        QVERIFY(scene.file()->flush());
        QVERIFY(QFile::rename(scene.fileName(), scene.fileName() + u".away"_s));
        QCOMPARE(scene.box->publish({}, u"q"_s, QByteArray("4")), 4U);
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.failed.size() == 1; }));
        QCOMPARE(scene.failed.value(4).kind(), Kind::DeviceFailed);
        QVERIFY(scene.failed[4].text().contains(u"deleted"));
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"refused 1 messages"_s));
        QCOMPARE(scene.box->publish({}, u"q"_s, QByteArray("5")), 0U);
        QCOMPARE(scene.box->lastError().kind(), Kind::DeviceFailed);
        QCOMPARE(scene.box->count(), 3);
        QCOMPARE(errors.size(), 1);
        // What was accepted before is sent all the same.
        scene.open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.delivered.size() == 3; }));
        // The file comes back.
        QVERIFY(QFile::rename(scene.fileName() + u".away"_s, scene.fileName()));
        QVERIFY(scene.box->publish({}, u"q"_s, QByteArray("6")) != 0);
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.delivered.size() == 4; }));
        // What could not be written is not sent, although the channel is open.
        QVERIFY(QFile::rename(scene.fileName(), scene.fileName() + u".away"_s));
        const quint64 lost = scene.box->publish({}, u"q"_s, QByteArray("7"));
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.failed.contains(lost); }));
        QVERIFY(QFile::rename(scene.fileName() + u".away"_s, scene.fileName()));
        QVERIFY(scene.box->publish({}, u"q"_s, QByteArray("8")) != 0);
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.delivered.size() == 5; }));
        QCOMPARE(scene.firstArrivals(), (QByteArrayList{"1", "2", "3", "6", "8"}));
        scene.restart();
        QCOMPARE(scene.box->count(), 0);
    }

    void placesThatCannotBeWrittenAreNamed_data()
    {
        QTest::addColumn<QString>("fileName");
        QTest::newRow("no such folder") << u"/no/such/folder/box"_s;
        QTest::newRow("a folder of the kernel") << u"/proc/box"_s;
        QTest::newRow("a folder") << QDir::tempPath();
        QTest::newRow("nothing") << QString();
    }
    void placesThatCannotBeWrittenAreNamed()
    {
        QFETCH(QString, fileName);
        QAmqpFileOutbox box;
        QVERIFY(!box.open(fileName));
        QCOMPARE(box.lastError().kind(),
                 fileName.isEmpty() ? Kind::InvalidArgument : Kind::DeviceFailed);
        QVERIFY(box.lastError().text().contains(fileName));
        QVERIFY(!box.isOpen());
    }

    void aFolderThatMustNotBeWrittenIsNamed()
    {
        if (geteuid() == 0)
            QSKIP("root may write everywhere");
        OutboxScene scene(Place::File);
        scene.publish("1");
        scene.box.reset();
        QFile::setPermissions(scene.dir.path(), QFile::ReadOwner | QFile::ExeOwner);
        for (const QString &name : {scene.fileName(), scene.dir.filePath(u"new"_s)}) {
            QAmqpFileOutbox box;
            QVERIFY(!box.open(name));
            QCOMPARE(box.lastError().kind(), Kind::DeviceFailed);
        }
        QFile::setPermissions(scene.dir.path(),
                              QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        scene.restart();
        QCOMPARE(scene.box->count(), 1);
    }

    void theFileBecomesSmallWhenItIsEmpty()
    {
        OutboxScene scene(Place::File);
        const QByteArray body(1024 * 1024, 'x');
        for (int i = 0; i < 24; ++i)
            scene.publish(body);
        QVERIFY(scene.file()->flush());
        QVERIFY(QFileInfo(scene.fileName()).size() > 24 * body.size());
        scene.open();
        QVERIFY(scene.drains());
        QVERIFY(QAmqpTest::waitUntil(
                [&] { return QFileInfo(scene.fileName()).size() < body.size(); }));
        QCOMPARE(scene.publish("next"), 25U);
        QVERIFY(scene.drains());
    }
};

QTAMQP_TEST(TestBoxFile)

#include "tst_boxfile.moc"
