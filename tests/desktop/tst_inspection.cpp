// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What examples/widgets-inspector does to queues, with RabbitMQ: nothing is lost, everything is shown,
// what the broker refuses is told, and it stays smooth.

#include "cuttingproxy.h"
#include "desktoptest.h"
#include "flood.h"
#include "inspectortest.h"

#include "banner.h"

#include <QtAmqp/qamqpoperationoptions.h>

#include <QtCore/qregularexpression.h>
#include <QtCore/qurl.h>
#include <QtWidgets/qapplication.h>
#include <QtWidgets/qlabel.h>
#include <QtWidgets/qlineedit.h>
#include <QtWidgets/qplaintextedit.h>
#include <QtWidgets/qpushbutton.h>
#include <QtWidgets/qscrollbar.h>
#include <QtWidgets/qspinbox.h>
#include <QtWidgets/qtableview.h>
#include <QtWidgets/qtoolbutton.h>

using namespace Qt::StringLiterals;
using DesktopTest::CuttingProxy;

class TestInspection : public InspectorTest
{
    Q_OBJECT

private:
    QStringList properties() const
    {
        const auto *model = labelled<QTableView>(u"Properties and headers"_s)->model();
        QStringList lines;
        for (int row = 0; row < model->rowCount(); ++row)
            lines += model->index(row, 0).data().toString() + u'='
                    + model->index(row, 2).data().toString();
        return lines;
    }

private Q_SLOTS:
    void peeksOnceAtATime()
    {
        publish(20);
        connectByCall();
        m_window->setQueue(u"inspected"_s);
        key(Qt::Key_F5);
        key(Qt::Key_F5);
        m_window->setQueue(u"another"_s);
        QTRY_VERIFY_WITH_TIMEOUT(rows() == 20 && !status().isEmpty(), Patience);
        QVERIFY2(status().contains(u"All 20 messages of inspected"_s), qPrintable(status()));
        for (int row = 0; row < 20; ++row)
            QCOMPARE(cell(row, MessageModel::RedeliveredColumn), QString());
        QCOMPARE(ready(), 20);
        peekAt(20);
    }

    void peeksWithoutLossWhenTheLinkIsCut_data()
    {
        QTest::addColumn<QString>("type");
        QTest::newRow("classic") << u"classic"_s;
        QTest::newRow("quorum") << u"quorum"_s;
    }
    void peeksWithoutLossWhenTheLinkIsCut()
    {
        QFETCH(const QString, type);
        constexpr int count = 300;
        const QString queue = u"inspected-"_s + type;
        QVERIFY(m_channel->deleteQueue(queue));
        QVERIFY(m_channel->declareQueue(
                queue,
                QAmqpQueueOptions().setDurable(true).setArguments({{u"x-queue-type"_s, type}})));
        QByteArrayList bodies;
        for (int i = 0; i < count; ++i) {
            bodies += QByteArray::number(i).rightJustified(3, '0') + QByteArray(400, 'x');
            QVERIFY(m_channel->publish({}, queue, bodies.last()));
        }
        CuttingProxy proxy;
        QVERIFY(proxy.listen());
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(proxy.slowUrl()));
        QTRY_VERIFY_WITH_TIMEOUT(isConnected(), Patience);
        m_window->setQueue(queue);
        m_window->findChild<QSpinBox *>()->setValue(count);
        proxy.cutAfter(50'000); // in the middle of a peek
        key(Qt::Key_F5);
        QTRY_VERIFY_WITH_TIMEOUT(!banner().isEmpty(), Patience);
        QVERIFY(status().isEmpty());
        // A long slot puts off what else there is to tell to the next turn.
        QTRY_VERIFY2_WITH_TIMEOUT(!isConnected(), qPrintable(banner()), Patience);
        QCOMPARE(rows(), 0);

        // The same window again, all the way.
        key(Qt::Key_O, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_VERIFY_WITH_TIMEOUT(isConnected(), Patience);
        const auto peekedAtAll = [&] {
            key(Qt::Key_F5);
            return QTest::qWaitFor([&] { return rows() > 0; }, Patience) && rows() == count;
        };
        QTRY_VERIFY_WITH_TIMEOUT(peekedAtAll(), Patience);
        QVERIFY2(status().contains(u"All 300 messages"_s), qPrintable(status()));
        QTRY_COMPARE_WITH_TIMEOUT(
                int(m_channel->declareQueue(queue, QAmqpQueueOptions().setPassive(true))
                            .value()
                            .messageCount),
                count, Patience);
        QByteArrayList found;
        while (const auto message = m_channel->get(queue, QAmqpChannel::AckPolicy::NoAck).value())
            found += message->body();
        std::sort(found.begin(), found.end());
        QCOMPARE(found, bodies);
        QVERIFY(m_channel->deleteQueue(queue));
    }

    void recoversWhenTheBrokerComesBack()
    {
        CuttingProxy proxy;
        QVERIFY(proxy.listen());
        const QUrl there(proxy.url());
        proxy.close(); // nobody listens there yet
        auto *again = m_window->findChild<Banner *>()->findChild<QToolButton *>();
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(there.toString()));
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains(u"refused"_s), Patience);
        QVERIFY(again->isVisible());
        QTest::mouseClick(again, Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains(u"refused"_s), Patience);
        QVERIFY(proxy.listen(quint16(there.port())));
        QTest::mouseClick(again, Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(isConnected(), Patience);
        QVERIFY(banner().isEmpty());

        publish(1);
        m_window->setQueue(u"inspected"_s);
        consume(u"consumeAll"_s); // when it goes
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, Patience);
        proxy.close();
        QTRY_VERIFY_WITH_TIMEOUT(!banner().isEmpty() && again->isVisible(), Patience);
        QVERIFY(!isConnected());
        QCOMPARE(rows(), 1); // what was there stays
        const auto shown = [&] {
            return m_window->findChild<Banner *>()->findChild<QLabel *>()->text();
        };
        QTRY_VERIFY2_WITH_TIMEOUT(shown().contains(u"Next attempt in"), qPrintable(shown()),
                                  Patience);
        QVERIFY2(banner().contains(u"Consuming goes on"), qPrintable(banner()));
        photograph(u"inspector-lost"_s);
        QVERIFY(proxy.listen(quint16(there.port())));
        key(Qt::Key_O, Qt::ControlModifier | Qt::ShiftModifier); // who does not want to wait
        QTRY_VERIFY_WITH_TIMEOUT(isConnected() && banner().isEmpty(), Patience);
        QTRY_VERIFY2_WITH_TIMEOUT(shown().startsWith(u"Connected again"), qPrintable(shown()),
                                  Patience);
        photograph(u"inspector-recovered"_s);
        publish(1); // it consumes still
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 2, Patience);
    }

    // Another broker is chosen while there is a connection: that ends in good order first.
    void connectsToAnotherBroker()
    {
        connectByCall();
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(u"amqp://127.0.0.1:1"_s));
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains(u"refused"_s), Patience);
        QVERIFY(!isConnected());
        connectByCall();
        QVERIFY(banner().isEmpty());
    }

    void tellsWhatTheBrokerRefuses_data()
    {
        QTest::addColumn<QString>("what");
        QTest::addColumn<QString>("text");
        QTest::newRow("peek at no queue") << u"peek"_s << u"no queue"_s;
        QTest::newRow("consume no queue") << u"consume"_s << u"no queue"_s;
        QTest::newRow("purge no queue") << u"purge"_s << u"no queue"_s;
        QTest::newRow("publish to no exchange") << u"publish"_s << u"no exchange"_s;
        QTest::newRow("publish to no queue") << u"nowhere"_s << u"NO_ROUTE"_s;
        QTest::newRow("call no exchange") << u"call"_s << u"no exchange"_s;
        QTest::newRow("call nobody") << u"call nobody"_s << u"NO_ROUTE"_s;
    }
    void tellsWhatTheBrokerRefuses()
    {
        QFETCH(const QString, what);
        QFETCH(const QString, text);
        connectByCall();
        auto *body = labelled<QPlainTextEdit>(u"Body of the message to publish"_s);
        body->setPlainText(u"1"_s);
        m_window->setQueue(u"no such queue"_s);
        field(u"Exchange"_s)->setText(text == u"NO_ROUTE" ? QString() : u"no exchange"_s);
        field(u"Routing key"_s)->setText(u"nowhere"_s);
        if (what == u"peek") {
            key(Qt::Key_F5);
        } else if (what == u"consume") {
            key(Qt::Key_F6);
        } else if (what == u"purge") {
            key(Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
            QPushButton *remove = nullptr;
            QTRY_VERIFY((remove = m_window->findChild<QPushButton *>(u"remove"_s)));
            QTest::mouseClick(remove, Qt::LeftButton);
        } else {
            body->setFocus();
            key(Qt::Key_Return,
                what.startsWith(u"call") ? Qt::ControlModifier | Qt::ShiftModifier
                                         : Qt::ControlModifier);
        }
        QTRY_VERIFY2_WITH_TIMEOUT(banner().contains(text), qPrintable(banner()), Patience);
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        QVERIFY(isConnected());
        m_window->setQueue(u"inspected"_s); // nothing else is disturbed
        key(Qt::Key_F5);
        QTRY_VERIFY_WITH_TIMEOUT(banner().isEmpty() && status().contains(u"is empty"_s), Patience);
    }

    void tellsWhatAUserMayNot()
    {
        const QString user =
                u"restricted-%1"_s.arg(QCoreApplication::applicationPid()); // its test's own
        QVERIFY(DesktopTest::ctl({u"add_user"_s, user, u"secret"_s}));
        QVERIFY(DesktopTest::ctl({u"set_permissions"_s, u"-p"_s,
                                  QAmqpConnectionOptions::fromUrl(url()).virtualHost(), user,
                                  u"^$"_s, u"^$"_s, u"^$"_s}));
        QUrl broker(url());
        broker.setUserName(user);
        broker.setPassword(u"wrong"_s);
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(broker.toString()));
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains(u"ACCESS_REFUSED"_s), Patience);
        broker.setPassword(u"secret"_s);
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(broker.toString()));
        QTRY_VERIFY_WITH_TIMEOUT(isConnected(), Patience);
        m_window->setQueue(u"inspected"_s);
        for (const QString &each : {u"peek"_s, u"hold"_s, u"consumeAll"_s}) {
            m_window->findChild<Banner *>()->setText({});
            if (each == u"consumeAll") // which alone has no future to tell it
                QTest::ignoreMessage(QtWarningMsg,
                                     QRegularExpression(u"closed channel \\d+: ACCESS_REFUSED"_s));
            if (each == u"peek")
                key(Qt::Key_F5);
            else
                consume(each);
            QTRY_VERIFY2_WITH_TIMEOUT(banner().contains(u"user '%1'"_s.arg(user)),
                                      qPrintable(status() + banner()), Patience);
        }
        QVERIFY(isConnected());
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(u"amqp://localhost:x"_s));
        QTRY_VERIFY2_WITH_TIMEOUT(banner().contains(u"port"_s), qPrintable(banner()), Patience);
        QVERIFY(DesktopTest::ctl({u"delete_user"_s, user}));
    }

    void tellsThatTheQueueIsGone()
    {
        connectByCall();
        m_window->setQueue(u"inspected"_s);
        consume(u"consumeAll"_s);
        publish(1);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, Patience);
        QVERIFY(m_channel->deleteQueue(u"inspected"_s));
        QTRY_VERIFY2_WITH_TIMEOUT(banner().contains(u"inspected"_s), qPrintable(banner()),
                                  Patience);
        QVERIFY(isConnected());
    }

    // Whatever is in a queue is shown, at once and as it is.
    void showsOddMessages()
    {
        QAmqpMessage many("{}");
        QAmqpTable headers;
        for (int i = 0; i < 300; ++i)
            headers.insert(u"header-%1"_s.arg(i), i);
        headers.insert(u"nested"_s,
                       QAmqpTable::fromVariantMap({{u"list"_s, QVariantList{1, u"two"_s}},
                                                   {u"raw"_s, QByteArray("\x01\xff", 2)}}));
        many.setHeaders(headers);
        const QAmqpMessage odd[] = {
                QByteArray("\x00\xff\x01 ab", 6),
                QByteArray("caf\xe9"),
                QByteArray(),
                many,
                u"ä"_s.repeated(5 << 19).toUtf8(), // a line of 5 MiB
                "[" + QByteArray("{\"a\":1.5,\"b\":[true,null]},\n").repeated(40'000) + "0]"};
        for (const QAmqpMessage &message : odd)
            QVERIFY(m_channel->publish({}, u"inspected"_s, message));
        connectByCall();
        peekAt(int(std::size(odd)));
        auto *body = labelled<QPlainTextEdit>(u"Body"_s);
        DesktopTest::StallMeter meter;
        const auto show = [&](int row) {
            setCurrent(row);
            QTest::qWait(20);
            return body->toPlainText();
        };
        QVERIFY(show(0).startsWith(u"00000000  00 ff 01 20 61 62"_s));
        QVERIFY(show(1).startsWith(u"00000000  63 61 66 e9"_s));
        QCOMPARE(cell(1, MessageModel::BodyColumn), u"binary: 63 61 66 e9"_s);
        QCOMPARE(show(2), QString());
        QCOMPARE(show(3), u"{}"_s);
        QVERIFY(properties().contains(u"header-299=299"_s));
        QVERIFY2(properties().contains(u"nested={\"list\":[1,\"two\"],\"raw\":\"01 ff\"}"_s),
                 qPrintable(properties().filter(u"nested"_s).join(u' ')));
        photograph(u"inspector-odd"_s);
        for (int row = 0; row < int(std::size(odd)); ++row) {
            show(0);
            meter.start();
            QTest::qWait(20);
            const QString text = show(row);
            QTest::qWait(20);
            meter.stop();
            qInfo("message %d: %s", row, qPrintable(meter.text()));
            QVERIFY2(meter.longestTurn() < 200, qPrintable(meter.text()));
            QVERIFY(row < 4 || text.startsWith(row == 4 ? u"ää"_s : u"[{\"a\":1.5"_s));
        }
    }

    void staysSmoothWith100000Rows()
    {
        constexpr int count = 110'000; // more than are kept
        connectByCall();
        m_window->setQueue(u"inspected"_s);
        consume(u"consumeAll"_s);
        DesktopTest::Flood flood({}, {{u"inspected"_s, sample(7)}}, count);
        connect(
                m_window->messages(), &QAbstractItemModel::rowsInserted, &flood,
                [&](const QModelIndex &, int first, int last) {
                    flood.delivered(last - first + 1);
                },
                Qt::DirectConnection);
        QElapsedTimer all;
        all.start();
        DesktopTest::StallMeter meter;
        meter.start();
        const auto last = [&] { return cell(rows() - 1, MessageModel::NumberColumn).toInt(); };
        QVERIFY(QTest::qWaitFor([&] { return rows() > 0 && last() == count; }, 4 * Patience));
        meter.stop();
        qInfo("%d messages in %lld ms; %s", count, all.elapsed(), qPrintable(meter.text()));
        QCOMPARE(rows(), MessageModel::Capacity);
        QCOMPARE(cell(0, MessageModel::NumberColumn).toInt(), count - MessageModel::Capacity + 1);
        QCOMPARE(table()->verticalScrollBar()->value(), table()->verticalScrollBar()->maximum());
        QVERIFY2(meter.longestTurn() < 50, qPrintable(meter.text()));

        meter.start();
        table()->setFocus();
        for (int i = 0; i < 100; ++i) {
            key(i % 2 ? Qt::Key_Home : Qt::Key_End, Qt::ControlModifier);
            QTest::qWait(2);
            key(Qt::Key_PageDown);
            QTest::qWait(2);
        }
        meter.stop();
        qInfo("100 jumps: %s", qPrintable(meter.text()));
        QVERIFY2(meter.longestTurn() < 50, qPrintable(meter.text()));
        photograph(u"inspector-100000"_s);
    }
};

INSPECTOR_TEST(TestInspection)
#include "tst_inspection.moc"
