// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The real window of examples/widgets-inspector, driven by keys and the mouse, with RabbitMQ.

#include "desktoptest.h"
#include "inspectortest.h"

#include "banner.h"
#include "connectdialog.h"
#include "headertree.h"

#include <QtAmqp/qamqprpcserver.h>

#include <QtCore/qregularexpression.h>
#include <QtCore/qurl.h>
#include <QtWidgets/qapplication.h>
#include <QtWidgets/qcombobox.h>
#include <QtWidgets/qlabel.h>
#include <QtWidgets/qlineedit.h>
#include <QtWidgets/qmenubar.h>
#include <QtWidgets/qmessagebox.h>
#include <QtWidgets/qplaintextedit.h>
#include <QtWidgets/qpushbutton.h>
#include <QtWidgets/qspinbox.h>
#include <QtWidgets/qtabbar.h>
#include <QtWidgets/qtoolbutton.h>

#include <algorithm>

using namespace Qt::StringLiterals;

class TestInspector : public InspectorTest
{
    Q_OBJECT

private Q_SLOTS:
    void saysWhatIsWrongWithoutBroker()
    {
        photograph(u"inspector-start"_s);
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(u"amqp://127.0.0.1:1"_s));
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains(u"127.0.0.1:1"_s), Patience);
        photograph(u"inspector-no-broker"_s);
        auto *dismiss = m_window->findChild<Banner *>()->findChild<QToolButton *>();
        QTest::mouseClick(dismiss, Qt::LeftButton);
        QVERIFY(!m_window->findChild<Banner *>()->isVisible());
    }

    void connectsByDialog_data()
    {
        QTest::addColumn<bool>("byUrl");
        QTest::newRow("parts") << false;
        QTest::newRow("url") << true;
    }
    void connectsByDialog()
    {
        QFETCH(const bool, byUrl);
        key(Qt::Key_O, Qt::ControlModifier);
        QTRY_VERIFY(m_window->findChild<ConnectDialog *>());
        auto *dialog = m_window->findChild<ConnectDialog *>();
        QVERIFY(QTest::qWaitForWindowActive(dialog));
        const auto type = [&](const QString &text) {
            dialog->focusWidget()->setFocus();
            QTest::keyClick(dialog->focusWidget(), Qt::Key_A, Qt::ControlModifier);
            QTest::keyClicks(dialog->focusWidget(), text);
        };
        const QUrl broker(url());
        if (byUrl) {
            QTest::keyClick(dialog->focusWidget(), Qt::Key_Tab, Qt::ShiftModifier);
            QTest::keyClick(dialog->focusWidget(), Qt::Key_Right);
            QTest::keyClick(dialog->focusWidget(), Qt::Key_Tab);
            type(u"amqp://localhost:notaport"_s);
            QVERIFY(!dialog->findChild<QPushButton *>()->isEnabled());
            photograph(u"inspector-connect-url"_s, dialog);
            type(url());
        } else {
            type(broker.host());
            QTest::keyClick(dialog->focusWidget(), Qt::Key_Tab);
            type(QString::number(broker.port()));
            photograph(u"inspector-connect"_s, dialog);
        }
        QTest::keyClick(dialog->focusWidget(), Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(m_window->windowTitle().contains(u"127.0.0.1"_s), Patience);
        QVERIFY(banner().isEmpty());
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        key(Qt::Key_D, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE_WITH_TIMEOUT(m_window->windowTitle(), u"Inspector"_s, Patience);
    }

    // The window system's own keys and mouse, all the way from its input to the table.
    void worksByRealInput()
    {
        if (QGuiApplication::platformName() != u"xcb")
            QSKIP("offscreen there is no input but the test's own; desktop.*-xvfb has it");
        using DesktopTest::xdotool;
        publish(3);
        QVERIFY(xdotool({u"key"_s, u"ctrl+o"_s}));
        QTRY_VERIFY(m_window->findChild<ConnectDialog *>());
        QTRY_COMPARE(QApplication::activeWindow(), m_window->findChild<ConnectDialog *>());
        QVERIFY(xdotool({u"key"_s, u"shift+Tab"_s, u"Right"_s, u"Tab"_s}));
        QVERIFY(xdotool({u"type"_s, url()}));
        QVERIFY(xdotool({u"key"_s, u"Return"_s}));
        QTRY_VERIFY_WITH_TIMEOUT(isConnected(), Patience);
        m_window->activateWindow(); // as a window manager does, which is not there
        QTRY_COMPARE(QApplication::activeWindow(), m_window.get());
        QVERIFY(xdotool({u"type"_s, u"inspected"_s}));
        QVERIFY(xdotool({u"key"_s, u"Return"_s}));
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, Patience);

        const QPoint second = table()->viewport()->mapToGlobal(
                table()->visualRect(table()->model()->index(1, 1)).center());
        QVERIFY(xdotool({u"mousemove"_s, QString::number(second.x()), QString::number(second.y()),
                         u"click"_s, u"1"_s}));
        QTRY_COMPARE(table()->currentIndex().row(), 1);
        QVERIFY(xdotool({u"key"_s, u"Down"_s, u"ctrl+4"_s}));
        const auto *body = labelled<QPlainTextEdit>(u"Body"_s);
        QTRY_VERIFY(body->toPlainText().startsWith(u"00000000"_s));
        QCOMPARE(table()->currentIndex().row(), 2);
        QVERIFY(xdotool({u"key"_s, u"alt+c"_s}));
        QTRY_VERIFY(QApplication::activePopupWidget());
        QVERIFY(xdotool({u"key"_s, u"d"_s}));
        QTRY_VERIFY_WITH_TIMEOUT(!isConnected(), Patience);
    }

    // Mutual TLS, all of it typed: each field is reached by its mnemonic.
    void connectsWithCertificate()
    {
        key(Qt::Key_O, Qt::ControlModifier);
        QTRY_VERIFY(m_window->findChild<ConnectDialog *>());
        auto *dialog = m_window->findChild<ConnectDialog *>();
        dialog->activateWindow();
        QTRY_COMPARE(QApplication::activeWindow(), dialog);
        const auto type = [&](Qt::Key mnemonic, const QString &text) {
            QTest::keyClick(dialog->focusWidget(), mnemonic, Qt::AltModifier);
            QTest::keyClick(dialog->focusWidget(), Qt::Key_A, Qt::ControlModifier);
            QTest::keyClicks(dialog->focusWidget(), text);
        };
        const QUrl broker(qEnvironmentVariable("QTAMQP_TEST_TLS_URL"));
        type(Qt::Key_H, broker.host());
        type(Qt::Key_P, QString::number(broker.port()));
        QTest::keyClick(dialog->focusWidget(), Qt::Key_T, Qt::AltModifier);
        QTRY_VERIFY(dialog->findChild<QLineEdit *>(u"certificate"_s)->isEnabled());
        QVERIFY(!dialog->findChild<QLineEdit *>(u"keyPassword"_s)->isEnabled());
        type(Qt::Key_A, qEnvironmentVariable("QTAMQP_TEST_CA"));
        type(Qt::Key_F, qEnvironmentVariable("QTAMQP_TEST_CERT"));
        type(Qt::Key_K, qEnvironmentVariable("QTAMQP_TEST_KEY"));
        QTest::keyClick(dialog->focusWidget(), Qt::Key_I, Qt::AltModifier);
        QVERIFY(dialog->findChild<QLineEdit *>(u"keyPassword"_s)->isEnabled());
        QTRY_VERIFY(!dialog->findChild<QLineEdit *>(u"user"_s)->isEnabled());
        photograph(u"inspector-connect-tls"_s, dialog);
        QTest::keyClick(dialog->focusWidget(), Qt::Key_C, Qt::AltModifier);
        QTRY_VERIFY2_WITH_TIMEOUT(m_window->windowTitle().contains(u"amqps://"_s),
                                  qPrintable(banner()), Patience);
    }

    // One letter, one meaning, in each window.
    void hasMnemonicsOnce()
    {
        const auto letters = [](const QWidget *window) {
            QStringList texts;
            const auto widgets = window->findChildren<const QWidget *>();
            for (const QWidget *each : widgets) {
                if (each->window() != window)
                    continue;
                if (const auto *tabs = qobject_cast<const QTabBar *>(each)) {
                    for (int i = 0; i < tabs->count(); ++i)
                        texts += tabs->tabText(i);
                } else if (const auto *menu = qobject_cast<const QMenuBar *>(each)) {
                    for (const QAction *action : menu->actions())
                        texts += action->text();
                } else if (!qobject_cast<const QToolButton *>(each)) { // they show none
                    texts += each->property("text").toString();
                }
            }
            QString all;
            for (const QString &text : texts) {
                if (const auto at = text.indexOf(u'&'); at >= 0)
                    all += text[at + 1].toLower();
            }
            std::sort(all.begin(), all.end());
            return all;
        };
        const ConnectDialog dialog;
        for (const QWidget *window : {static_cast<const QWidget *>(m_window.get()),
                                      static_cast<const QWidget *>(&dialog)}) {
            const QString all = letters(window);
            QVERIFY2(all.size() >= 10, qPrintable(all));
            QVERIFY2(std::adjacent_find(all.begin(), all.end()) == all.end(), qPrintable(all));
        }
        for (const QAction *menu : m_window->menuBar()->actions()) {
            QString all;
            for (const QAction *action : menu->menu()->actions()) {
                if (const auto at = action->text().indexOf(u'&'); at >= 0)
                    all += action->text()[at + 1].toLower();
            }
            std::sort(all.begin(), all.end());
            QVERIFY2(std::adjacent_find(all.begin(), all.end()) == all.end(), qPrintable(all));
        }
    }

    void peeksWithoutLoss()
    {
        publish(20);
        QVERIFY(m_channel->publish({}, u"inspected"_s, QByteArray("\x00\x01 binary", 9)));
        connectByCall();
        QTest::keyClicks(m_window->focusWidget(),
                         u"inspected"_s); // the queue's field has the focus
        key(Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 21, Patience);
        QVERIFY(status().contains(u"All 21 messages"_s));
        QCOMPARE(cell(0, MessageModel::RedeliveredColumn), QString());
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 21, Patience);
        peekAt(21);
        QTRY_COMPARE_WITH_TIMEOUT(cell(0, MessageModel::RedeliveredColumn), u"yes"_s, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 21, Patience);

        table()->setFocus();
        setCurrent(0);
        key(Qt::Key_Down);
        auto *body = labelled<QPlainTextEdit>(u"Body"_s);
        QVERIFY2(body->toPlainText().contains(u"    \"device\": \"pump-2\""_s),
                 qPrintable(body->toPlainText()));
        const auto *properties = labelled<QTableView>(u"Properties and headers"_s)->model();
        QStringList lines;
        for (int row = 0; row < properties->rowCount(); ++row)
            lines += properties->index(row, 0).data().toString() + u' '
                    + properties->index(row, 1).data().toString() + u' '
                    + properties->index(row, 2).data().toString();
        for (const QString &line :
             {u"message-id string m-2"_s, u"delivery-mode byte 2 (persistent)"_s,
              u"x-site string north"_s, u"x-retries int32 2"_s, u"x-raw bytes 01 ff"_s})
            QVERIFY2(lines.contains(line), qPrintable(lines.join(u'\n')));
        photograph(u"inspector"_s);

        key(Qt::Key_4, Qt::ControlModifier);
        QVERIFY(body->toPlainText().startsWith(u"00000000  7b 22 64 65"_s));
        key(Qt::Key_2, Qt::ControlModifier);
        QVERIFY(body->toPlainText().startsWith(u"{\"device\""_s));
        key(Qt::Key_1, Qt::ControlModifier);
        key(Qt::Key_End, Qt::ControlModifier);
        QVERIFY2(body->toPlainText().contains(u"00 01 20 62"_s), qPrintable(body->toPlainText()));

        m_window->findChild<QSpinBox *>()->setValue(5);
        key(Qt::Key_F5);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 5, Patience);
        QVERIFY2(status().contains(u"16 more"_s), qPrintable(status()));
    }

    void publishes()
    {
        connectByCall();
        auto *body = labelled<QPlainTextEdit>(u"Body of the message to publish"_s);
        field(u"Routing key"_s)->setFocus();
        QTest::keyClicks(m_window->focusWidget(), u"inspected"_s);
        body->setFocus();
        QTest::keyClicks(body, u"{\"half\":"_s);
        key(Qt::Key_Return, Qt::ControlModifier);
        QTest::qWait(50);
        QCOMPARE(ready(), 0); // that is no JSON
        QTest::keyClicks(body, u"true}"_s);
        auto *headers = m_window->findChild<HeaderTree *>();
        headers->addAction()->trigger();
        QTest::keyClicks(QApplication::focusWidget(), u"a"_s);
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
        QTRY_COMPARE(headers->topLevelItem(0)->text(0), u"a"_s); // the editor ends in another turn
        headers->topLevelItem(0)->setText(1, u"int32"_s);
        body->setFocus();
        key(Qt::Key_Return, Qt::ControlModifier);
        QTest::qWait(50);
        QCOMPARE(ready(), 0); // an empty text is no number
        headers->topLevelItem(0)->setText(2, u"1"_s);
        body->setFocus();
        key(Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(status().contains(u"confirmed"_s), Patience);
        const auto message = m_channel->get(u"inspected"_s, QAmqpChannel::AckPolicy::NoAck).value();
        QVERIFY(message);
        QCOMPARE(message->text(), u"{\"half\":true}"_s);
        QCOMPARE(message->contentType(), u"application/json"_s);
        QCOMPARE(message->headers(), (QAmqpTable{{u"a"_s, 1}}));

        field(u"Routing key"_s)->setText(u"nowhere"_s);
        key(Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains(u"NO_ROUTE"_s), Patience);
    }

    void calls()
    {
        QAmqpConnection connection;
        QAmqpChannel *channel = connection.createChannel();
        QAmqpRpcServer server(channel, u"inspected"_s);
        server.setHandler([](const QAmqpDelivery &request) {
            return QAmqpMessage("echo of " + request.body());
        });
        server.start();
        connection.open(QUrl(url()));
        connectByCall();
        field(u"Routing key"_s)->setText(u"inspected"_s);
        auto *body = labelled<QPlainTextEdit>(u"Body of the message to publish"_s);
        body->setFocus();
        QTest::keyClicks(body, u"123"_s);
        key(Qt::Key_Return, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, Patience);
        QCOMPARE(cell(0, MessageModel::BodyColumn), u"echo of 123"_s);
        QVERIFY(status().startsWith(u"A reply after"_s));
    }

    void purgesWhenSure()
    {
        publish(3);
        connectByCall();
        m_window->setQueue(u"inspected"_s);
        for (const bool sure : {false, true}) {
            key(Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
            QTRY_VERIFY(m_window->findChild<QMessageBox *>());
            auto *question = m_window->findChild<QMessageBox *>();
            QVERIFY(QTest::qWaitForWindowActive(question));
            photograph(u"inspector-purge"_s, question);
            if (sure)
                QTest::mouseClick(question->findChild<QPushButton *>(u"remove"_s), Qt::LeftButton);
            else
                QTest::keyClick(question, Qt::Key_Return); // the default is to cancel
            QTRY_VERIFY(!m_window->findChild<QMessageBox *>());
            m_window->activateWindow();
            QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
            if (sure)
                QTRY_VERIFY_WITH_TIMEOUT(status().contains(u"3 messages removed"_s), Patience);
            QCOMPARE(ready(), sure ? 0 : 3);
        }
    }

    void consumesWithPause()
    {
        connectByCall();
        m_window->setQueue(u"inspected"_s);
        consume(u"consumeAll"_s);
        publish(10);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 10, Patience);
        key(Qt::Key_F7);
        publish(5);
        QTest::qWait(100);
        QCOMPARE(rows(), 10);
        key(Qt::Key_F7);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 15, Patience);
        key(Qt::Key_F7);
        publish(4);
        key(Qt::Key_F6); // what was held goes back
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 4, Patience);
        QCOMPARE(rows(), 15);
        key(Qt::Key_L, Qt::ControlModifier);
        QCOMPARE(rows(), 0);
    }

    void editsAsNew()
    {
        QAmqpMessage original = sample(1);
        original.setBody(
                "{\"z\":12345678901234567890,\"a\":[{},\"\\\\\\\"[,:\"],\"e\":{\"f\":[]}}");
        QVERIFY(m_channel->publish({}, u"inspected"_s, original));
        QVERIFY(m_channel->publish({}, u"inspected"_s, QByteArray("\x00\xff", 2)));
        connectByCall();
        peekAt(2);
        table()->setFocus();
        setCurrent(1);
        key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(banner().contains(u"not text"_s));
        table()->setFocus();
        setCurrent(0);
        key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(field(u"Routing key"_s)->text(), u"inspected"_s);
        auto *body = labelled<QPlainTextEdit>(u"Body of the message to publish"_s);
        QCOMPARE(body->toPlainText(),
                 u"{\n    \"z\": 12345678901234567890,\n    \"a\": [\n        {},\n"
                 "        \"\\\\\\\"[,:\"\n    ],\n    \"e\": {\n        \"f\": []\n"
                 "    }\n}"_s);
        key(Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 3, Patience);
        body->setPlainText(u"[18446744073709551615]"_s);
        key(Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 4, Patience);
        const auto take = [&] {
            return m_channel->get(u"inspected"_s, QAmqpChannel::AckPolicy::NoAck).value().value();
        };
        QCOMPARE(static_cast<QAmqpMessage>(take()), original);
        take();
        QCOMPARE(static_cast<QAmqpMessage>(take()), original);
        original.setBody("[18446744073709551615]");
        QCOMPARE(static_cast<QAmqpMessage>(take()), original);
    }

    // Tab goes through the window and comes back; nothing on the way keeps it.
    void isReachableByTab()
    {
        connectByCall();
        QSet<QWidget *> seen;
        QWidget *const first = m_window->focusWidget();
        for (int i = 0; i < 40; ++i) {
            seen += m_window->focusWidget();
            key(Qt::Key_Tab);
            if (m_window->focusWidget() == first)
                break;
        }
        QCOMPARE(m_window->focusWidget(), first);
        QVERIFY(seen.contains(table()));
        QVERIFY(seen.contains(labelled<QPlainTextEdit>(u"Body"_s)));
        QVERIFY(seen.contains(field(u"Routing key"_s)));
    }
};

INSPECTOR_TEST(TestInspector)
#include "tst_inspector.moc"
