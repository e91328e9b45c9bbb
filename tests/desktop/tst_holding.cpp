// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What examples/widgets-inspector does with messages that it keeps back from their queue, with RabbitMQ:
// nothing is lost, and nothing leaves the queue unasked. And the list of queues that the management plugin
// gives.

#include "cuttingproxy.h"
#include "inspectortest.h"

#include "queuelist.h"

#include <QtCore/qprocess.h>
#include <QtCore/qtemporarydir.h>
#include <QtGui/qclipboard.h>
#include <QtWidgets/qapplication.h>
#include <QtWidgets/qdialogbuttonbox.h>
#include <QtWidgets/qlabel.h>
#include <QtWidgets/qlineedit.h>
#include <QtWidgets/qmessagebox.h>
#include <QtWidgets/qpushbutton.h>
#include <QtWidgets/qtreeview.h>

using namespace Qt::StringLiterals;
using Fate = MessageModel::Fate;

class TestHolding : public InspectorTest
{
    Q_OBJECT

private:
    void hold(int count)
    {
        publish(count);
        connectByCall();
        m_window->setQueue(u"inspected"_s);
        consume(u"hold"_s);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), count, Patience);
        QCOMPARE(m_window->messages()->unsettled(), count);
        QCOMPARE(ready(), 0);
    }
    void select(int first, int last)
    {
        const auto *model = table()->model();
        table()->selectionModel()->select({model->index(first, 0), model->index(last, 0)},
                                          QItemSelectionModel::ClearAndSelect
                                                  | QItemSelectionModel::Rows);
    }
    QString states() const
    {
        QStringList states;
        for (int row = 0; row < rows(); ++row)
            states += cell(row, MessageModel::StateColumn);
        return states.join(u' ');
    }
    QStringList takeIds(const QString &queue)
    {
        QStringList ids;
        while (const auto message = m_channel->get(queue, QAmqpChannel::AckPolicy::NoAck).value())
            ids += message->messageId();
        return ids;
    }
    void moveTo(const QString &queue, const QString &exchange = {})
    {
        key(Qt::Key_M, Qt::ControlModifier);
        QTRY_VERIFY(m_window->findChild<QLineEdit *>(u"moveKey"_s));
        auto *dialog = m_window->findChild<QLineEdit *>(u"moveKey"_s)->window();
        dialog->findChildren<QLineEdit *>().constFirst()->setText(exchange);
        m_window->findChild<QLineEdit *>(u"moveKey"_s)->setText(queue);
        photograph(u"inspector-move"_s, dialog);
        dialog->findChild<QDialogButtonBox *>()->button(QDialogButtonBox::Ok)->click();
        QTRY_VERIFY(!m_window->findChild<QLineEdit *>(u"moveKey"_s));
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }

private Q_SLOTS:
    void asksWithTheNumber()
    {
        publish(7);
        connectByCall();
        m_window->setQueue(u"inspected"_s);
        key(Qt::Key_F6);
        auto *question = dialog<QMessageBox>();
        QVERIFY(question);
        QVERIFY2(question->text().contains(u"7 messages"_s), qPrintable(question->text()));
        photograph(u"inspector-consume"_s, question);
        QCOMPARE(ready(), 7);
        question->reject();
        QTRY_VERIFY(!m_window->findChild<QMessageBox *>());
        QCOMPARE(ready(), 7);
        QCOMPARE(rows(), 0);
    }

    void holdsUntilAcknowledged()
    {
        hold(5);
        select(0, 1);
        key(Qt::Key_K, Qt::ControlModifier);
        select(2, 2);
        key(Qt::Key_R, Qt::ControlModifier);
        QCOMPARE(states(), u"acknowledged acknowledged requeued held held"_s);
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 1, Patience);
        photograph(u"inspector-held"_s);
        key(Qt::Key_L, Qt::ControlModifier);
        QCOMPARE(states(), u"held held"_s); // these are not forgotten
        key(Qt::Key_F6);
        QTRY_COMPARE_WITH_TIMEOUT(states(), u"requeued requeued"_s, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 3, Patience);
        QCOMPARE(takeIds(u"inspected"_s), (QStringList{u"m-3"_s, u"m-4"_s, u"m-5"_s}));
    }

    void givesBackWhenTheWindowCloses()
    {
        hold(5);
        select(1, 1);
        key(Qt::Key_K, Qt::ControlModifier);
        m_window->close();
        QTRY_VERIFY_WITH_TIMEOUT(!m_window->isVisible(), Patience);
        QCOMPARE(takeIds(u"inspected"_s), (QStringList{u"m-1"_s, u"m-3"_s, u"m-4"_s, u"m-5"_s}));
    }

    void moves()
    {
        QVERIFY(m_channel->deleteQueue(u"elsewhere"_s));
        QVERIFY(m_channel->declareQueue(u"elsewhere"_s));
        hold(4);
        select(1, 2);
        moveTo(u"elsewhere"_s);
        QTRY_COMPARE_WITH_TIMEOUT(states(), u"held moved moved held"_s, Patience);
        key(Qt::Key_F6);
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 2, Patience);
        QCOMPARE(takeIds(u"inspected"_s), (QStringList{u"m-1"_s, u"m-4"_s}));
        const auto moved = m_channel->get(u"elsewhere"_s, QAmqpChannel::AckPolicy::NoAck).value();
        QCOMPARE(static_cast<QAmqpMessage>(*moved), sample(2));
        QCOMPARE(takeIds(u"elsewhere"_s), QStringList{u"m-3"_s});
        QVERIFY(m_channel->deleteQueue(u"elsewhere"_s));
    }

    // Neither what no queue takes nor what the broker refuses leaves the queue.
    void keepsWhatCannotBeMoved_data()
    {
        QTest::addColumn<QString>("exchange");
        QTest::addColumn<QString>("text");
        QTest::newRow("no queue") << QString() << u"NO_ROUTE"_s;
        QTest::newRow("no exchange") << u"no exchange"_s << u"NOT_FOUND"_s;
    }
    void keepsWhatCannotBeMoved()
    {
        QFETCH(const QString, exchange);
        QFETCH(const QString, text);
        hold(3);
        select(0, 2);
        moveTo(u"nowhere"_s, exchange);
        QTRY_VERIFY2_WITH_TIMEOUT(banner().contains(text), qPrintable(banner()), Patience);
        QCOMPARE(states(), u"held held held"_s);
        key(Qt::Key_F6);
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 3, Patience);
        QCOMPARE(takeIds(u"inspected"_s), (QStringList{u"m-1"_s, u"m-2"_s, u"m-3"_s}));
    }

    // Wherever the link breaks, each message is in one of the queues, or in both.
    void movesWithoutLossWhenTheLinkIsCut()
    {
        constexpr int count = 60;
        QVERIFY(m_channel->deleteQueue(u"elsewhere"_s));
        QVERIFY(m_channel->declareQueue(u"elsewhere"_s));
        publish(count);
        DesktopTest::CuttingProxy proxy;
        QVERIFY(proxy.listen());
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(proxy.slowUrl()));
        QTRY_VERIFY_WITH_TIMEOUT(isConnected(), Patience);
        m_window->setQueue(u"inspected"_s);
        consume(u"hold"_s);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), count, Patience);
        select(0, count - 1);
        proxy.cutAfter(40); // of what the broker sends: in the middle of its first confirm
        moveTo(u"elsewhere"_s);
        QTRY_VERIFY_WITH_TIMEOUT(!isConnected() && !banner().isEmpty(), Patience);
        QTRY_COMPARE_WITH_TIMEOUT(m_window->messages()->unsettled(), 0, Patience);
        QSet<QString> ids;
        const auto isAllThere = [&] {
            for (const QString &id : takeIds(u"inspected"_s) + takeIds(u"elsewhere"_s))
                ids += id;
            return ids.size() == count;
        };
        QTRY_VERIFY2_WITH_TIMEOUT(isAllThere(), qPrintable(states()), Patience);
        QVERIFY(m_channel->deleteQueue(u"elsewhere"_s));
    }

    void savesWhatTheToolPutsBack()
    {
#ifdef QAMQP_TOOL
        const QAmqpTable nested = {{u"time"_s, QAmqpValue::timestamp(99'999'999'999'999)},
                                   { u"raw"_s,
                                     QByteArray("\x01\xff") }};
        QAmqpMessage message("\xff\x00 body"_ba);
        QAmqpTable headers = {{u"int8"_s, qint8(-5)},
                              {u"decimal"_s,
                               QAmqpDecimal {
                                   2,
                                   -5
                               }},
                              {u"nested"_s, nested},
                              { u"list"_s,
                                QList<QAmqpValue> {
                                    1,
                                    u"two"_s,
                                    nested
                                } }};
        headers.append("caf\xe9", QAmqpValue::string("\xe9"));
        message.setHeaders(headers);
        QVERIFY(m_channel->publish({}, u"inspected"_s, message));
        connectByCall();
        peekAt(1);
        const QTemporaryDir folder;
        const QString file = folder.filePath(u"saved.jsonl"_s);
        QVERIFY(m_window->saveTo(file));
        QProcess tool;
        tool.setStandardInputFile(file);
        tool.start(QStringLiteral(QAMQP_TOOL),
                   {u"--url"_s, url(), u"publish"_s, u"--json-lines"_s});
        QVERIFY(tool.waitForFinished(Patience));
        QVERIFY2(tool.exitCode() == 0, tool.readAllStandardError());
        QCOMPARE(ready(), 2);
        for (int i = 0; i < 2; ++i)
            QCOMPARE(static_cast<QAmqpMessage>(
                             *m_channel->get(u"inspected"_s, QAmqpChannel::AckPolicy::NoAck)
                                      .value()),
                     message);
#else
        QSKIP("the command-line tool is not built");
#endif
    }

    void searchesAndCopies()
    {
        publish(12);
        connectByCall();
        peekAt(12);
        table()->setFocus();
        key(Qt::Key_F, Qt::ControlModifier);
        QTest::keyClicks(m_window->focusWidget(), u"M-1"_s); // 1 and 10 to 12
        QCOMPARE(table()->model()->rowCount(), 4);
        table()->setFocus();
        key(Qt::Key_A, Qt::ControlModifier);
        key(Qt::Key_C, Qt::ControlModifier);
        const QString copied = QApplication::clipboard()->text();
        QCOMPARE(copied.count(u"\n"_s), 3);
        QVERIFY(copied.startsWith(sample(1).text()));
    }

    void listsQueues()
    {
        const int port = qEnvironmentVariableIntValue("QTAMQP_TEST_MANAGEMENT_PORT");
        if (port == 0)
            QSKIP("the broker's management plugin is not known");
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(url()), quint16(port));
        auto *list = m_window->findChild<QueueList *>();
        const auto isListed = [&] {
            return !list->model()
                            ->match(list->model()->index(0, 0), Qt::DisplayRole, u"inspected"_s, 1,
                                    Qt::MatchExactly)
                            .isEmpty();
        };
        QTRY_VERIFY2_WITH_TIMEOUT(isListed(),
                                  qPrintable(list->findChild<QLabel *>(u"queueNote"_s)->text()),
                                  Patience);
        auto *exchanges = labelled<QTreeView>(u"Exchanges"_s);
        const auto topic = [&] {
            return exchanges->model()->match(exchanges->model()->index(0, 0), Qt::DisplayRole,
                                             u"amq.topic"_s, 1, Qt::MatchExactly);
        };
        QTRY_VERIFY_WITH_TIMEOUT(!topic().isEmpty(), Patience);
        Q_EMIT exchanges->clicked(topic().first());
        QCOMPARE(field(u"Exchange"_s)->text(), u"amq.topic"_s);
        photograph(u"inspector-lists"_s);
    }

    void startsWithAQueueAndWithoutAList()
    {
        publish(2);
        m_window->setQueue(u"inspected"_s);
        m_window->peekAtOnce();
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(url()), 1);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 2, Patience);
        auto *note = m_window->findChild<QLabel *>(u"queueNote"_s);
        QTRY_VERIFY2_WITH_TIMEOUT(note->text().contains(u"does not answer at 127.0.0.1:1"_s),
                                  qPrintable(note->text()), Patience);
        QVERIFY(banner().isEmpty());
        // The queue that was named is counted by AMQP.
        const auto *queues = m_window->findChild<QueueList *>()->model();
        QTRY_COMPARE_WITH_TIMEOUT(queues->index(0, 1).data().toInt(), 2, Patience);
        QCOMPARE(queues->index(0, 0).data().toString(), u"inspected"_s);
        photograph(u"inspector-no-list"_s);
    }
};

INSPECTOR_TEST(TestHolding)
#include "tst_holding.moc"
