// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A disk that becomes full under an outbox, and has room again.

#include "outboxscene.h"

#include <QtCore/qscopeguard.h>

#ifdef Q_OS_LINUX
#  include <csignal>
#  include <sched.h>
#  include <sys/mount.h>
#  include <sys/resource.h>
#endif

using Kind = QAmqpError::Kind;

namespace {

#ifdef Q_OS_LINUX
// In a view of this thread alone, so that nothing is left if the test fails.
bool mountSmallDisk(const QString &folder)
{
    return unshare(CLONE_NEWNS) == 0
            && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0
            && mount("tmpfs", qPrintable(folder), "tmpfs", 0, "size=2m") == 0;
}
bool grow(const QString &folder)
{
    return mount("tmpfs", qPrintable(folder), "tmpfs", MS_REMOUNT, "size=20m") == 0;
}
void unmount(const QString &folder) { umount2(qPrintable(folder), MNT_DETACH); }
bool limitFiles(bool on)
{
    signal(SIGXFSZ, SIG_IGN); // so that write() fails
    rlimit size = {};
    getrlimit(RLIMIT_FSIZE, &size);
    size.rlim_cur = on ? 2 * 1024 * 1024 : size.rlim_max;
    return setrlimit(RLIMIT_FSIZE, &size) == 0;
}
#else
bool mountSmallDisk(const QString &) { return false; }
bool grow(const QString &) { return false; }
void unmount(const QString &) { }
bool limitFiles(bool) { return false; }
#endif

} // namespace

class TestFullDisk : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void refusesMessagesUntilThereIsRoom_data()
    {
        QTest::addColumn<bool>("isDisk");
        QTest::newRow("a full disk") << true; // for root alone
        QTest::newRow("a limit of the system") << false;
    }
    void refusesMessagesUntilThereIsRoom()
    {
        QFETCH(bool, isDisk);
        QTemporaryDir dir;
        if (isDisk && !mountSmallDisk(dir.path()))
            QSKIP("no disk can be mounted here");
        if (!isDisk && !limitFiles(true))
            QSKIP("the size of files cannot be limited here");
        const auto restore = qScopeGuard([&] {
            if (isDisk)
                unmount(dir.path());
            else
                limitFiles(false);
        });
        OutboxScene scene;
        scene.take(std::make_unique<QAmqpFileOutbox>(&scene.connection));
        QVERIFY2(scene.file()->open(dir.filePath(u"box"_s)),
                 qPrintable(scene.box->lastError().text()));
        QList<QAmqpError> errors;
        connect(scene.box.get(), &QAmqpOutbox::errorOccurred, this,
                [&](const QAmqpError &error) { errors.append(error); });
        // Some in each turn, so that a transaction fails of which several ids were returned; then what still fits.
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"refused 1 messages"_s));
        const QByteArray body(20'000, 'x');
        QList<quint64> ids;
        while (scene.failed.isEmpty() && ids.size() < 1'000) {
            for (int i = 0; i < 7; ++i)
                ids.append(scene.box->publish({}, u"q"_s, body));
            QCoreApplication::processEvents();
        }
        QCOMPARE(scene.failed.size(), 7);
        while (ids.constLast() != 0 && ids.size() < 1'000) {
            ids.append(scene.box->publish({}, u"q"_s, body));
            QCoreApplication::processEvents();
        }
        QCOMPARE(ids.takeLast(), 0U);
        QCOMPARE(scene.box->lastError().kind(), Kind::DeviceFailed);
        QVERIFY2(!isDisk || scene.box->lastError().text().contains(u"the disk is full"),
                 qPrintable(scene.box->lastError().text()));
        QVERIFY(!errors.isEmpty());
        const quint64 last = ids.constLast();
        ids.removeIf([&](quint64 id) { return scene.failed.contains(id); });
        QCOMPARE(scene.box->count(), ids.size());

        // What was accepted is sent all the same.
        scene.open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.delivered.size() == ids.size(); }));
        QCOMPARE(scene.delivered, ids);
        QCOMPARE(scene.box->count(), 0);

        QVERIFY(isDisk ? grow(dir.path()) : limitFiles(false));
        const quint64 next = scene.box->publish({}, u"q"_s, body);
        QVERIFY(next > last);
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.delivered.constLast() == next; }));
        scene.box.reset();
        scene.take(std::make_unique<QAmqpFileOutbox>(&scene.connection));
        QVERIFY2(scene.file()->open(dir.filePath(u"box"_s)),
                 qPrintable(scene.box->lastError().text()));
        QCOMPARE(scene.box->count(), 0);
        scene.box.reset();
    }
};

QTAMQP_TEST(TestFullDisk)

#include "tst_fulldisk.moc"
