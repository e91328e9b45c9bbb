// The real window of examples/widgets-inspector, driven by keys and the mouse, with RabbitMQ.

#include "desktoptest.h"

#include "banner.h"
#include "connectdialog.h"
#include "mainwindow.h"
#include "messagetable.h"

#include <QtAmqp/qamqpblockingchannel.h>
#include <QtAmqp/qamqpblockingconnection.h>
#include <QtAmqp/qamqprpcserver.h>

#include <QtCore/qelapsedtimer.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qsettings.h>
#include <QtCore/qstandardpaths.h>
#include <QtCore/qtimer.h>
#include <QtCore/qurl.h>
#include <QtTest/qtest.h>
#include <QtWidgets/qapplication.h>
#include <QtWidgets/qcombobox.h>
#include <QtWidgets/qlabel.h>
#include <QtWidgets/qlineedit.h>
#include <QtWidgets/qmessagebox.h>
#include <QtWidgets/qplaintextedit.h>
#include <QtWidgets/qpushbutton.h>
#include <QtWidgets/qscrollbar.h>
#include <QtWidgets/qspinbox.h>
#include <QtWidgets/qstatusbar.h>
#include <QtWidgets/qtoolbutton.h>

#include <cstdio>
#include <optional>

using namespace Qt::StringLiterals;
using DesktopTest::savePicture;

namespace {

constexpr int Patience = 20'000;

QString url() { return qEnvironmentVariable("QTAMQP_TEST_URL"); }

QAmqpMessage sample(int i)
{
    const QByteArray json =
            R"({"device":"pump-%1","pressure":%2,"ok":true,"tags":["hall","north"]})";
    QAmqpMessage message(QByteArray(json)
                                 .replace("%1", QByteArray::number(i))
                                 .replace("%2", QByteArray::number(3.2 + i)));
    message.setContentType(u"application/json"_s);
    message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    message.setMessageId(u"m-%1"_s.arg(i));
    message.setTimestamp(QDateTime::fromSecsSinceEpoch(1'700'000'000 + i));
    message.setHeaders({{u"x-site"_s, u"north"_s},
                        {u"x-retries"_s, qint32(i)},
                        {u"x-raw"_s, QByteArray("\x01\xff", 2)}});
    return message;
}

} // namespace

class TestInspector : public QObject
{
    Q_OBJECT

private:
    template<typename T>
    T *labelled(const QString &accessibleName) const
    {
        for (T *widget : m_window->findChildren<T *>()) {
            if (widget->accessibleName() == accessibleName)
                return widget;
        }
        return nullptr;
    }

    QLineEdit *field(const QString &label) const
    {
        for (const QLabel *each : m_window->findChildren<QLabel *>()) {
            if (each->text().remove(u'&').trimmed() == label)
                return qobject_cast<QLineEdit *>(each->buddy());
        }
        return nullptr;
    }

    void key(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier)
    {
        QWidget *focus = m_window->focusWidget();
        QTest::keyClick(focus ? focus : m_window.get(), key, modifiers);
    }

    QString status() const { return m_window->statusBar()->currentMessage(); }
    QString banner() const { return m_window->findChild<Banner *>()->text(); }
    MessageTable *table() const { return m_window->findChild<MessageTable *>(); }
    int rows() const { return m_window->messages()->rowCount(); }
    QString cell(int row, MessageModel::Column column) const
    {
        return m_window->messages()->index(row, column).data().toString();
    }

    void connectByCall()
    {
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(url()));
        QTRY_VERIFY_WITH_TIMEOUT(m_window->windowTitle().contains(u"127.0.0.1"_s), Patience);
    }

    void lookAt(int count)
    {
        m_window->setQueue(u"inspected"_s);
        key(Qt::Key_F5);
        QTRY_VERIFY_WITH_TIMEOUT(rows() == count && !status().isEmpty(), Patience);
    }

    int ready() { return int(m_channel->declareQueue(u"inspected"_s).value().messageCount); }

    void publish(int count)
    {
        for (int i = 1; i <= count; ++i)
            QVERIFY(m_channel->publish({}, u"inspected"_s, sample(i)));
    }

    void photograph(const QString &name)
    {
        for (const bool dark : {false, true}) {
            QApplication::setPalette(dark ? DesktopTest::darkPalette()
                                          : DesktopTest::lightPalette());
            QApplication::processEvents();
            QVERIFY(savePicture(m_window->grab().toImage(),
                                name + (dark ? u"-dark"_s : u"-light"_s)));
        }
        QApplication::setPalette(DesktopTest::lightPalette());
    }

    QAmqpBlockingConnection m_connection;
    std::optional<QAmqpBlockingChannel> m_channel;
    std::unique_ptr<MainWindow> m_window;

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QSettings().clear();
        QVERIFY(m_connection.open(QUrl(url())));
        m_channel = m_connection.channel().value();
    }

    void init()
    {
        // All warnings but the one that the offscreen platform always gives.
        QTest::failOnWarning(
                QRegularExpression(u"^(?!This plugin does not support propagateSizeHints)"_s));
        QVERIFY(m_channel->deleteQueue(u"inspected"_s));
        QVERIFY(m_channel->declareQueue(u"inspected"_s));
        QApplication::setPalette(DesktopTest::lightPalette());
        m_window = std::make_unique<MainWindow>();
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }

    void cleanup()
    {
        m_window.reset();
        QVERIFY(m_channel->deleteQueue(u"inspected"_s));
    }

    void saysWhatIsWrongWithoutBroker()
    {
        photograph(u"inspector-start"_s);
        m_window->connectTo(QAmqpConnectionOptions::fromUrl(u"amqp://127.0.0.1:1"_s));
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains(u"127.0.0.1:1"_s), Patience);
        photograph(u"inspector-error"_s);
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
            QVERIFY(savePicture(dialog->grab().toImage(), u"inspector-connect-url"_s));
            type(url());
        } else {
            type(broker.host());
            QTest::keyClick(dialog->focusWidget(), Qt::Key_Tab);
            type(QString::number(broker.port()));
            QVERIFY(savePicture(dialog->grab().toImage(), u"inspector-connect"_s));
        }
        QTest::keyClick(dialog->focusWidget(), Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(m_window->windowTitle().contains(u"127.0.0.1"_s), Patience);
        QVERIFY(banner().isEmpty());
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        key(Qt::Key_D, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE_WITH_TIMEOUT(m_window->windowTitle(), u"Inspector"_s, Patience);
    }

    void looksWithoutLoss()
    {
        publish(20);
        QVERIFY(m_channel->publish({}, u"inspected"_s, QByteArray("\x00\x01 binary", 9)));
        connectByCall();
        QTest::keyClicks(m_window->focusWidget(),
                         u"inspected"_s); // the queue's field has the focus
        key(Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 21, Patience);
        QVERIFY(status().contains(u"All 21 messages"_s));
        QCOMPARE(cell(0, MessageModel::Redelivered), QString());
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 21, Patience);
        lookAt(21);
        QTRY_COMPARE_WITH_TIMEOUT(cell(0, MessageModel::Redelivered), u"yes"_s, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(ready(), 21, Patience);

        table()->setFocus();
        table()->setCurrentIndex(m_window->messages()->index(0, 0));
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
             {u"message-id string m-2"_s, u"delivery-mode octet 2 (persistent)"_s,
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

    void tellsWhatTheBrokerRefuses()
    {
        connectByCall();
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"closed channel \\d+: NOT_FOUND"_s));
        m_window->setQueue(u"no such queue"_s);
        key(Qt::Key_F5);
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains(u"no such queue"_s), Patience);
        m_window->setQueue(u"inspected"_s); // nothing else is disturbed
        key(Qt::Key_F5);
        QTRY_VERIFY_WITH_TIMEOUT(banner().isEmpty() && status().contains(u"is empty"_s), Patience);
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
        QTest::keyClicks(field(u"Headers"_s), u"{\"a\":1}"_s);
        body->setFocus();
        key(Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(status().contains(u"confirmed"_s), Patience);
        const auto message = m_channel->get(u"inspected"_s, QAmqpChannel::AckPolicy::NoAck).value();
        QVERIFY(message);
        QCOMPARE(message->text(), u"{\"half\":true}"_s);
        QCOMPARE(message->contentType(), u"application/json"_s);
        QCOMPARE(message->headers().value(u"a"_s).toInt(), 1);

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
        QCOMPARE(cell(0, MessageModel::Body), u"echo of 123"_s);
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
        key(Qt::Key_F6);
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
        lookAt(2);
        table()->setFocus();
        table()->setCurrentIndex(m_window->messages()->index(1, 0));
        key(Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(banner().contains(u"not text"_s));
        table()->setFocus();
        table()->setCurrentIndex(m_window->messages()->index(0, 0));
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

    void looksOnceAtATime()
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
            QCOMPARE(cell(row, MessageModel::Redelivered), QString());
        QCOMPARE(ready(), 20);
        lookAt(20);
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

    void staysSmoothWith100000Rows()
    {
        constexpr int count = 110'000; // more than are kept
        QAmqpConnection connection;
        QAmqpChannel *channel = connection.createChannel();
        channel->setMaxUnconfirmed(2000);
        int published = 0;
        QAmqpMessage message = sample(7);
        connect(channel, &QAmqpChannel::readyToPublish, this, [&] {
            for (int i = 0; i < 500 && published < count && channel->isReadyToPublish();
                 ++i, ++published)
                channel->publish({}, u"inspected"_s, message);
            if (published < count && channel->isReadyToPublish())
                QTimer::singleShot(0, channel, &QAmqpChannel::readyToPublish);
        });
        connectByCall();
        m_window->setQueue(u"inspected"_s);
        key(Qt::Key_F6);

        qint64 longest = 0;
        QElapsedTimer since;
        QTimer beat;
        connect(&beat, &QTimer::timeout, this,
                [&] { longest = std::max(longest, since.restart()); });
        since.start();
        beat.start(2);
        QElapsedTimer all;
        all.start();
        connection.open(QUrl(url()));
        const auto last = [&] { return cell(rows() - 1, MessageModel::Number).toInt(); };
        QVERIFY(QTest::qWaitFor([&] { return rows() > 0 && last() == count; }, 4 * Patience));
        beat.stop();
        qInfo("%d messages in %lld ms, the event loop away for %lld ms at most", count,
              all.elapsed(), longest);
        QCOMPARE(rows(), MessageModel::Capacity);
        QCOMPARE(cell(0, MessageModel::Number).toInt(), count - MessageModel::Capacity + 1);
        QVERIFY(longest < 500); // below 60 ms unless the machine is busy with other work
        QCOMPARE(table()->verticalScrollBar()->value(), table()->verticalScrollBar()->maximum());

        since.restart();
        table()->setFocus();
        for (int i = 0; i < 50; ++i) {
            key(i % 2 ? Qt::Key_Home : Qt::Key_End, Qt::ControlModifier);
            key(Qt::Key_PageDown);
            QApplication::processEvents();
        }
        qInfo("100 jumps and their drawing in %lld ms", since.elapsed());
        QVERIFY(since.elapsed() < 5000);
        photograph(u"inspector-100000"_s);
    }
};

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("QTAMQP_TEST_URL")) {
        std::puts("SKIP   : needs RabbitMQ; run tests/run.sh, or set QTAMQP_TEST_URL");
        return 77;
    }
    QApplication::setStyle(u"fusion"_s);
    QApplication app(argc, argv);
    QApplication::setOrganizationName(u"QtAmqp"_s);
    QApplication::setApplicationName(u"tst_inspector"_s);
    TestInspector test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_inspector.moc"
