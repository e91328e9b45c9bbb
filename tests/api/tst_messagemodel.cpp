// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpMessageModel as views of widgets see it, and what becomes of rows when messages are settled. That it
// is bounded, batched, paused and filtered is tested with the QML type, which is the same model.

#include "consumertest.h"

#include <QtAmqp/qamqpmessagemodel.h>
#include <QtCore/qsortfilterproxymodel.h>
#include <QtTest/qabstractitemmodeltester.h>

#include <thread>

namespace {

using Model = QAmqpMessageModel;

QAmqpDelivery made(const QAmqpMessage &message)
{
    QAmqpDelivery delivery;
    static_cast<QAmqpMessage &>(delivery) = message;
    return delivery;
}

void add(Model &model, const QAmqpMessage &message)
{
    model.append(made(message));
    QCoreApplication::processEvents();
}

QString column(const QAbstractItemModel &model, int column)
{
    QStringList texts;
    for (int row = 0; row < model.rowCount(); ++row)
        texts += model.index(row, column).data().toString();
    return texts.join(u' ');
}

// A model of what a consumer gets.
class Shown : public ConsumerSession
{
public:
    explicit Shown(const Script &script, int count) : ConsumerSession(script)
    {
        QObject::connect(consumer, &QAmqpConsumer::messageReceived, &model, &Model::append);
        TRY(model.count() == count, server);
    }
    QString states() const { return column(model, Model::StateColumn); }

    Model model;
    const QAbstractItemModelTester tester{&model};
};

} // namespace

class TestMessageModel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void columnsAreTextsThatPeopleRead()
    {
        QAmqpMessage message("a\nb  c");
        message.setContentType(u"x/y"_s);
        Shown shown(consuming().sendContent(delivery(7), message).ignoreRest(), 1);
        add(shown.model, QByteArray("caf\xe9"));
        add(shown.model, QByteArray(300, 'x'));
        QCOMPARE(shown.model.rowCount(), 3);
        QStringList texts;
        for (const int each : {Model::NumberColumn, Model::ExchangeColumn, Model::RoutingKeyColumn,
                               Model::ContentTypeColumn, Model::StateColumn, Model::BodyColumn})
            texts += shown.model.headerData(each, Qt::Horizontal).toString() + u'='
                    + shown.model.index(0, each).data().toString();
        QCOMPARE(
                texts.join(u"; "_s),
                u"#=1; Exchange=e; Routing key=k; Content type=x/y; State=unsettled; Body=a b c"_s);
        const auto value = [&](int row, int each, int role = Qt::DisplayRole) {
            return shown.model.index(row, each).data(role);
        };
        QCOMPARE(value(1, Model::BodyColumn).toString(), u"binary: 63 61 66 e9"_s);
        QCOMPARE(value(2, Model::BodyColumn).toString(), QString(160, u'x') + u"…"_s);
        QCOMPARE(value(2, Model::SizeColumn, Model::SortRole), 300);
        QVERIFY(value(0, Model::BodyColumn, Qt::AccessibleTextRole).toString() == u"Body a b c");
        QCOMPARE(value(0, 0, Model::DeliveryRole).value<QAmqpDelivery>(), shown.received.first());
        QVERIFY(value(0, 0, Model::ReceivedRole).toDateTime().isValid());
        QVERIFY(!value(0, 0, Qt::DecorationRole).isValid());
        QVERIFY(!value(3, 0).isValid() && !shown.model.delivery(3).isValid());
        QVERIFY(shown.model.delivery(0).isValid() && !shown.model.delivery(1).isValid());
    }

    // In the next turn, by whichever copy and in whichever thread it happened.
    void rowsTellWhatIsSettled()
    {
        Shown shown(consuming().then(deliveries(1, 5)).ignoreRest(), 5);
        QCOMPARE(shown.states(), u"unsettled unsettled unsettled unsettled unsettled"_s);
        QCOMPARE(shown.model.unsettled(), 5);
        QSignalSpy changed(&shown.model, &QAbstractItemModel::dataChanged);
        QSignalSpy unsettled(&shown.model, &Model::unsettledChanged);
        QVERIFY(shown.model.ack(1) && !shown.model.ack(1));
        QVERIFY(shown.model.nack(3, QAmqpDelivery::Discard) && !shown.model.nack(9));
        QCOMPARE(shown.states(), u"unsettled settled unsettled settled unsettled"_s);
        TRY_COMPARE(shown.model.unsettled(), 3);
        QCOMPARE(changed.size(), 1);
        QCOMPARE(changed.first()[0].toModelIndex(), shown.model.index(1));
        QCOMPARE(changed.first()[1].toModelIndex(), shown.model.index(3, Model::BodyColumn));
        bool acked = false;
        std::thread([&] { acked = shown.received[4].ack(); }).join();
        QVERIFY(acked);
        TRY_COMPARE(changed.size(), 2);
        QCOMPARE(changed.last()[0].toModelIndex(), shown.model.index(4));
        QCOMPARE(unsettled.size(), 2);
        QVERIFY(shown.model.index(4).data(Model::SettledRole).toBool());
        QVERIFY(!shown.model.index(4).data(Model::StaleRole).toBool());
    }

    void rowsBecomeStaleWithTheirChannel()
    {
        Shown shown(consuming().then(deliveries(1, 3)).await<BasicAck>().drop(), 3);
        QSignalSpy changed(&shown.model, &QAbstractItemModel::dataChanged);
        QVERIFY(shown.model.ack(1));
        TRY_COMPARE(shown.states(), u"stale settled stale"_s);
        TRY_COMPARE(shown.model.unsettled(), 0);
        QVERIFY(!changed.isEmpty());
        QVERIFY(!shown.model.ack(0));
        QVERIFY(shown.model.index(0).data(Model::StaleRole).toBool());
        QVERIFY(!shown.model.index(0).data(Model::SettledRole).toBool());
    }

    void unsettledMessagesAreKeptIfWanted()
    {
        Shown shown(consuming().then(deliveries(1, 4)).ignoreRest(), 4);
        Model &model = shown.model;
        model.setKeepUnsettled(true);
        model.setMaximumCount(2);
        add(model, "a"_ba);
        add(model, "b"_ba);
        QCOMPARE(column(model, Model::BodyColumn), u"1 2 3 4 b"_s);
        QVERIFY(model.ack(2));
        TRY_COMPARE(column(model, Model::BodyColumn), u"1 2 4 b"_s);
        model.setPaused(true);
        for (const QAmqpDelivery &message : std::as_const(shown.received))
            model.append(message); // all but one of these are unsettled
        for (const char *body : {"c", "d"})
            model.append(made(QByteArray(body)));
        QCOMPARE(model.waiting(), 4);
        model.setPaused(false);
        TRY_COMPARE(column(model, Model::BodyColumn), u"1 2 4 1 2 4 d"_s);
        model.setKeepUnsettled(false);
        TRY_COMPARE(column(model, Model::BodyColumn), u"4 d"_s);
        model.setMaximumSize(1);
        TRY_COMPARE(column(model, Model::BodyColumn), u"d"_s);
    }

    void hiddenMessagesStayBetweenRemovedRows()
    {
        Model model;
        const QAbstractItemModelTester tester(&model);
        for (int i = 1; i <= 9; ++i)
            model.append(made(QByteArray::number(i)));
        QCoreApplication::processEvents();
        model.setFilter(
                [](const QAmqpDelivery &message) { return message.body().toInt() % 2 == 1; });
        QCOMPARE(column(model, Model::BodyColumn), u"1 3 5 7 9"_s);
        QVERIFY(model.removeRows(1, 3));
        QVERIFY(!model.removeRows(1, 2) && !model.removeRows(-1, 1) && !model.removeRows(0, 0));
        QCOMPARE(column(model, Model::BodyColumn), u"1 9"_s);
        model.setFilter({});
        QCOMPARE(column(model, Model::BodyColumn), u"1 2 4 6 8 9"_s);
        model.setNewestFirst(true);
        QVERIFY(model.removeRows(1, 2));
        QCOMPARE(column(model, Model::BodyColumn), u"9 4 2 1"_s);
        QCOMPARE(column(model, Model::NumberColumn), u"9 4 2 1"_s);
    }

    void sortsByNumbers()
    {
        Model model;
        QSortFilterProxyModel sorted;
        sorted.setSourceModel(&model);
        sorted.setSortRole(Model::SortRole);
        for (const int size : {30, 5000, 7})
            add(model, QByteArray(size, 'x'));
        sorted.sort(Model::SizeColumn);
        QCOMPARE(column(sorted, Model::NumberColumn), u"3 1 2"_s);
    }
};

QTAMQP_TEST(TestMessageModel)
#include "tst_messagemodel.moc"
