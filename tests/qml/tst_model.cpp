// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// AmqpMessageModel alone, fed by append().

#include "qmltest.h"

#include <qamqpquickmessagemodel.h>
#include <QtTest/qabstractitemmodeltester.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

namespace {

QAmqpQuickMessage message(int number)
{
    QAmqpMessage message(QByteArray::number(number));
    message.setType(number % 2 ? u"odd"_s : u"even"_s);
    return message;
}

void append(QAmqpQuickMessageModel &model, int from, int to)
{
    for (int number = from; number <= to; ++number)
        model.append(message(number));
    QCoreApplication::processEvents();
}

QString rows(const QAmqpQuickMessageModel &model)
{
    QStringList all;
    for (int row = 0; row < model.rowCount(); ++row)
        all.append(model.data(model.index(row), Qt::DisplayRole).toString());
    return all.join(u' ');
}

} // namespace

class TestModel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".?"))); }

    void oneChangeATurnHoweverManyMessages()
    {
        QAmqpQuickMessageModel model;
        const QAbstractItemModelTester tester(&model);
        QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted);
        QSignalSpy counted(&model, &QAmqpQuickMessageModel::countChanged);
        append(model, 1, 500);
        QCOMPARE(model.count(), 500);
        QCOMPARE(inserted.size(), 1);
        QCOMPARE(counted.size(), 1);
    }

    void theOldestAreDropped_data()
    {
        QTest::addColumn<bool>("newestFirst");
        QTest::addColumn<QString>("after");
        QTest::addColumn<QString>("fewer");
        QTest::newRow("oldest first") << false << u"3 4 5 6"_s << u"5 6"_s;
        QTest::newRow("newest first") << true << u"6 5 4 3"_s << u"6 5"_s;
    }

    void theOldestAreDropped()
    {
        QFETCH(bool, newestFirst);
        QAmqpQuickMessageModel model;
        const QAbstractItemModelTester tester(&model);
        model.setMaximumCount(4);
        model.setNewestFirst(newestFirst);
        append(model, 1, 3);
        append(model, 4, 6);
        QTEST(rows(model), "after");
        model.setMaximumCount(2);
        QCoreApplication::processEvents();
        QTEST(rows(model), "fewer");
        append(model, 7, 100);
        QCOMPARE(rows(model), newestFirst ? u"100 99"_s : u"99 100"_s);
        model.setNewestFirst(!newestFirst);
        QCOMPARE(rows(model), newestFirst ? u"99 100"_s : u"100 99"_s);
    }

    void bytesAreBoundedToo_data()
    {
        QTest::addColumn<bool>("newestFirst");
        QTest::newRow("oldest first") << false;
        QTest::newRow("newest first") << true;
    }

    // Each message has the bytes of its body and one of its type's length and "odd" or "even".
    void bytesAreBoundedToo()
    {
        QFETCH(bool, newestFirst);
        QAmqpQuickMessageModel model;
        const QAbstractItemModelTester tester(&model);
        QCOMPARE(qint64(model.maximumSize()), 64 * 1024 * 1024);
        model.setNewestFirst(newestFirst);
        const auto shown = [&] {
            QStringList all = rows(model).split(u' ');
            if (newestFirst)
                std::reverse(all.begin(), all.end());
            return all.join(u' ');
        };
        append(model, 1, 5);
        QSignalSpy changed(&model, &QAmqpQuickMessageModel::maximumSizeChanged);
        model.setMaximumSize(5 + 6 + 5); // 3, 4, 5
        QCoreApplication::processEvents();
        QCOMPARE(shown(), u"3 4 5"_s);
        append(model, 6, 6);
        QCOMPARE(shown(), u"5 6"_s);
        append(model, 7, 9);
        QCOMPARE(shown(), u"7 8 9"_s);
        model.append(QAmqpMessage(QByteArray(100, 'x'))); // the newest in any case
        QCoreApplication::processEvents();
        QCOMPARE(shown(), QString(100, u'x'));
        append(model, 1, 1);
        QCOMPARE(shown(), u"1"_s);
        model.setMaximumSize(-1);
        QCOMPARE(qint64(model.maximumSize()), 1);
        QCOMPARE(changed.size(), 2);
        append(model, 2, 4);
        QCOMPARE(shown(), u"4"_s);
    }

    void whatWaitsIsBoundedByBytesToo()
    {
        QAmqpQuickMessageModel model;
        model.setPaused(true);
        model.setMaximumSize(3000000);
        for (int i = 0; i < 10; ++i)
            model.append(QAmqpMessage(QByteArray(1000000, char('0' + i))));
        QCOMPARE(model.waiting(), 3);
        model.setMaximumSize(10);
        QCOMPARE(model.waiting(), 1);
        model.setPaused(false);
        QCoreApplication::processEvents();
        QCOMPARE(model.get(0).text().at(0), u'9');
    }

    void rowsAreRemoved_data() { bytesAreBoundedToo_data(); }

    void rowsAreRemoved()
    {
        QFETCH(bool, newestFirst);
        QAmqpQuickMessageModel model;
        const QAbstractItemModelTester tester(&model);
        QSignalSpy counted(&model, &QAmqpQuickMessageModel::countChanged);
        model.setNewestFirst(newestFirst);
        model.setMaximumCount(5);
        append(model, 1, 5);
        model.remove(1);
        model.remove(2);
        QCOMPARE(rows(model), newestFirst ? u"5 3 1"_s : u"1 3 5"_s);
        QCOMPARE(counted.size(), 3);
        for (const int row : {-1, 3})
            model.remove(row);
        QCOMPARE(counted.size(), 3);
        append(model, 6, 7); // there is room for them
        QCOMPARE(rows(model), newestFirst ? u"7 6 5 3 1"_s : u"1 3 5 6 7"_s);
        append(model, 8, 9);
        QCOMPARE(rows(model), newestFirst ? u"9 8 7 6 5"_s : u"5 6 7 8 9"_s);
        while (model.count() > 0)
            model.remove(model.count() / 2);
        append(model, 10, 10);
        QCOMPARE(rows(model), u"10"_s);
    }

    void removedRowsStayAwayWhateverTheFilter()
    {
        Scene scene("AmqpMessageModel { id: model }");
        auto &model = *scene.value("model").value<QAmqpQuickMessageModel *>();
        const QAbstractItemModelTester tester(&model);
        append(model, 1, 6);
        scene.value("model.filter = (message) => message.type === 'odd'");
        scene.value("model.remove(1)");
        QCOMPARE(rows(model), u"1 5"_s);
        scene.value("model.filter = undefined");
        QCOMPARE(rows(model), u"1 2 4 5 6"_s);
        // One that removes rows itself.
        scene.value(
                "model.filter = (message) => { if (message.text === '4') model.remove(0); return true }");
        QCOMPARE(rows(model), u"2 4 5 6"_s);
        scene.value("model.maximumSize = 2 ** 40");
        QCOMPARE(qint64(model.maximumSize()), qint64(1) << 40);
        QVERIFY(scene.holds("model.maximumSize === 2 ** 40"));
    }

    void aPauseHoldsWhatComes()
    {
        QAmqpQuickMessageModel model;
        const QAbstractItemModelTester tester(&model);
        model.setMaximumCount(3);
        append(model, 1, 2);
        model.setPaused(true);
        QSignalSpy waiting(&model, &QAmqpQuickMessageModel::waitingChanged);
        append(model, 3, 7);
        QCOMPARE(rows(model), u"1 2"_s);
        QCOMPARE(model.waiting(), 3);
        QCOMPARE(waiting.size(), 1);
        model.setPaused(false);
        QCOMPARE(model.waiting(), 0);
        QCoreApplication::processEvents();
        QCOMPARE(rows(model), u"5 6 7"_s);
        model.setPaused(true);
        append(model, 8, 8);
        model.clear();
        QCOMPARE(model.waiting(), 0);
        QCOMPARE(model.count(), 0);
        model.setPaused(false);
        append(model, 9, 9);
        QCOMPARE(rows(model), u"9"_s);
    }

    void aFilterShowsAndHides()
    {
        Scene scene("AmqpMessageModel { id: model; maximumCount: 5 }");
        auto &model = *scene.value("model").value<QAmqpQuickMessageModel *>();
        const QAbstractItemModelTester tester(&model);
        append(model, 1, 4);
        scene.value("model.filter = (message) => message.type === 'odd'");
        QCOMPARE(rows(model), u"1 3"_s);
        append(model, 5, 7);
        QCOMPARE(rows(model), u"3 5 7"_s);
        scene.value("model.newestFirst = true");
        QCOMPARE(rows(model), u"7 5 3"_s);
        append(model, 8, 8);
        QCOMPARE(rows(model), u"7 5"_s);
        scene.value("model.filter = undefined");
        QCOMPARE(rows(model), u"8 7 6 5 4"_s);
        // One that changes the model it is asked for, too.
        scene.value(
                "model.filter = (message) => { if (message.text === '9') model.clear(); return true }");
        append(model, 9, 10);
        QCOMPARE(rows(model), u"10 9"_s);
        scene.value("let asked = 0; "
                    "model.filter = () => { if (++asked === 2) model.clear(); return true }");
        QCOMPARE(rows(model), QString());
        append(model, 11, 11);
        QCOMPARE(rows(model), u"11"_s);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"TypeError"_s));
        scene.value("model.clear(); model.filter = (message) => message.nothing.at");
        append(model, 12, 12);
        QCOMPARE(rows(model), u"12"_s); // a filter that fails hides nothing
    }

    void everyPropertyIsARole()
    {
        QAmqpQuickMessageModel model;
        append(model, 1, 1);
        const QHash<int, QByteArray> roles = model.roleNames();
        QSet<QByteArray> names(roles.cbegin(), roles.cend());
        QCOMPARE(names.size(), roles.size());
        const QMetaObject &properties = QAmqpQuickMessage::staticMetaObject;
        for (int i = 0; i < properties.propertyCount(); ++i) {
            const QByteArray property = properties.property(i).name();
            QVERIFY2(names.contains(property == "text" ? "bodyText" : property), property);
        }
        QVERIFY(names.contains("message") && names.contains("received"));
        QVERIFY(!names.contains("text")); // which an ItemDelegate, a Button and a Label have
        const auto value = [&](const char *role) {
            return model.data(model.index(0), roles.key(role));
        };
        QCOMPARE(value("bodyText"), u"1"_s);
        QCOMPARE(value("type"), u"odd"_s);
        QCOMPARE(value("body"), QByteArray("1"));
        QCOMPARE(value("message").value<QAmqpQuickMessage>(), message(1));
        QVERIFY(qAbs(value("received").toDateTime().secsTo(QDateTime::currentDateTime())) < 60);
        QVERIFY(!model.data(model.index(5), Qt::DisplayRole).isValid());
        for (const int role : {-1, int(Qt::DecorationRole), int(Qt::UserRole) + 1000})
            QVERIFY(!model.data(model.index(0), role).isValid());
        model.setMaximumCount(0);
        QSignalSpy changed(&model, &QAmqpQuickMessageModel::maximumCountChanged);
        model.setMaximumCount(-5);
        QVERIFY(model.maximumCount() == 1 && changed.isEmpty());
        QCOMPARE(model.get(5), QAmqpQuickMessage());
    }
};

QTAMQP_TEST(TestModel)
#include "tst_model.moc"
