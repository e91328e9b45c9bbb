// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// An outbox in a file, of a connection whose calls wait.

#include "outboxscene.h"

#include <QtCore/qfile.h>

#include <future>

using Kind = QAmqpError::Kind;

class TestBlockingFile : public QObject
{
    Q_OBJECT

private:
    static QAmqpResult<QAmqpBlockingOutbox> boxOf(QAmqpBlockingConnection &connection,
                                                  const QString &fileName)
    {
        return connection.outbox([fileName](QAmqpConnection *inside) {
            auto *const box = new QAmqpFileOutbox(inside);
            box->open(fileName);
            return box;
        });
    }

private Q_SLOTS:
    // The connection is destroyed with messages in its outbox, and the next one delivers them.
    void aFileIsReopenedByTheNextConnection()
    {
        OutboxScene scene;
        {
            QAmqpBlockingConnection connection;
            const QAmqpBlockingOutbox box = boxOf(connection, scene.fileName()).value();
            QCOMPARE(box.publish({}, u"q"_s, QAmqpMessage("1")).value(), 1U);
            QCOMPARE(box.publish({}, u"q"_s, QAmqpMessage("2")).value(), 2U);
            QCOMPARE(boxOf(connection, scene.fileName()).error().kind(), Kind::ResourceLocked);
        }
        QAmqpBlockingConnection connection;
        const QAmqpBlockingOutbox box = boxOf(connection, scene.fileName()).value();
        QCOMPARE(box.count(), 2);
        QCOMPARE(box.publish({}, u"q"_s, QAmqpMessage("3")).value(), 3U);
        auto opening = std::async(std::launch::async, [&] { // the broker needs this event loop
            return connection.open(scene.connection.options()).error();
        });
        QVERIFY(QAmqpTest::waitUntil([&] { return box.count() == 0; }));
        QVERIFY(!opening.get());
        QCOMPARE(scene.firstArrivals(), OutboxScene::numbers(1, 3));
        connection.abort();
    }

    // When publish() returns, the message would survive the end of the program.
    void publishReturnsWhenTheMessageIsWritten()
    {
        QTemporaryDir dir;
        const QString name = dir.filePath(u"box"_s);
        QAmqpBlockingConnection connection;
        const QAmqpBlockingOutbox box = boxOf(connection, name).value();
        for (int i = 1; i <= 20; ++i) {
            QCOMPARE(box.publish({}, u"q"_s, QAmqpMessage("x")).value(), quint64(i));
            const QString copy = dir.filePath(QString::number(i));
            QVERIFY(QFile::copy(name, copy));
            QVERIFY(QFile::copy(name + u"-wal"_s, copy + u"-wal"_s));
            QAmqpFileOutbox other;
            QVERIFY2(other.open(copy), qPrintable(other.lastError().text()));
            QCOMPARE(other.count(), i);
        }
    }

    void whatCouldNotBeWrittenIsRefused()
    {
        QTemporaryDir dir;
        const QString name = dir.filePath(u"box"_s);
        QAmqpBlockingConnection connection;
        const QAmqpBlockingOutbox box = boxOf(connection, name).value();
        int failures = 0;
        box.onFailed([&](quint64, const QAmqpError &) { ++failures; });
        QVERIFY(box.publish({}, u"q"_s, QAmqpMessage("1")));
        QVERIFY(QFile::remove(name));
        QCOMPARE(box.publish({}, u"q"_s, QAmqpMessage("2")).error().kind(), Kind::DeviceFailed);
        QCOMPARE(box.publish({}, u"q"_s, QAmqpMessage("3")).error().kind(), Kind::DeviceFailed);
        QCOMPARE(box.count(), 1);
        static_cast<void>(connection.processDataEvents()); // would run the callback
        QCOMPARE(failures, 0);
    }

    void aFileThatCannotBeOpenedIsTold()
    {
        QAmqpBlockingConnection connection;
        const auto box = boxOf(connection, u"/nowhere/box"_s);
        QCOMPARE(box.error().kind(), Kind::DeviceFailed);
    }
};

QTAMQP_TEST(TestBlockingFile)

#include "tst_blockingfile.moc"
