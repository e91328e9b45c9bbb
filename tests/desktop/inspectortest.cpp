// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "inspectortest.h"

#include "banner.h"
#include "desktoptest.h"

#include <QtCore/qregularexpression.h>
#include <QtCore/qsettings.h>
#include <QtCore/qtemporarydir.h>
#include <QtCore/qurl.h>
#include <QtGui/qaction.h>
#include <QtWidgets/qapplication.h>
#include <QtWidgets/qlabel.h>
#include <QtWidgets/qlineedit.h>
#include <QtWidgets/qmessagebox.h>
#include <QtWidgets/qpushbutton.h>
#include <QtWidgets/qstatusbar.h>

#include <algorithm>
#include <cstdio>

using namespace Qt::StringLiterals;

QAmqpMessage InspectorTest::sample(int i)
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

QLineEdit *InspectorTest::field(const QString &label) const
{
    for (const QLabel *each : m_window->findChildren<QLabel *>()) {
        if (each->text().remove(u'&').trimmed() == label)
            return qobject_cast<QLineEdit *>(each->buddy());
    }
    return nullptr;
}

void InspectorTest::key(Qt::Key key, Qt::KeyboardModifiers modifiers)
{
    QWidget *focus = m_window->focusWidget();
    QTest::keyClick(focus ? focus : m_window.get(), key, modifiers);
}

QString InspectorTest::status() const { return m_window->statusBar()->currentMessage(); }

QString InspectorTest::banner() const { return m_window->findChild<Banner *>()->text(); }

void InspectorTest::connectByCall()
{
    m_window->connectTo(QAmqpConnectionOptions::fromUrl(url()));
    QTRY_VERIFY_WITH_TIMEOUT(isConnected(), Patience);
}

void InspectorTest::consume(const QString &button)
{
    // What was refused before may still be closing its channel.
    const auto actions = m_window->findChildren<QAction *>();
    const auto consuming = std::find_if(actions.begin(), actions.end(), [](const QAction *action) {
        return action->shortcut() == QKeySequence(Qt::Key_F6);
    });
    QTRY_VERIFY_WITH_TIMEOUT((*consuming)->isEnabled() && !(*consuming)->isChecked(), Patience);
    key(Qt::Key_F6);
    QTRY_VERIFY_WITH_TIMEOUT(m_window->findChild<QMessageBox *>(), Patience);
    QTest::mouseClick(m_window->findChild<QPushButton *>(button), Qt::LeftButton);
    QTRY_VERIFY(!m_window->findChild<QMessageBox *>());
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
}

void InspectorTest::peekAt(int count)
{
    m_window->setQueue(u"inspected"_s);
    key(Qt::Key_F5);
    QTRY_VERIFY_WITH_TIMEOUT(rows() == count && !status().isEmpty(), Patience);
}

void InspectorTest::publish(int count)
{
    for (int i = 1; i <= count; ++i)
        QVERIFY(m_channel->publish({}, u"inspected"_s, sample(i)));
}

void InspectorTest::photograph(const QString &name, QWidget *window)
{
    QVERIFY(DesktopTest::photograph(name, [&] {
        QApplication::processEvents();
        return (window ? window : m_window.get())->grab().toImage();
    }));
}

void InspectorTest::initTestCase()
{
    QVERIFY(m_connection.open(QUrl(url())));
    m_channel = m_connection.createChannel().value();
}

void InspectorTest::init()
{
    // All warnings but the one that the offscreen platform always gives, and that of a link which the test cuts.
    const QByteArray function(QTest::currentTestFunction());
    const bool isCut =
            function.endsWith("WhenTheLinkIsCut") || function == "recoversWhenTheBrokerComesBack";
    QTest::failOnWarning(
            QRegularExpression(u"^(?!This plugin does not support propagateSizeHints%1)"_s.arg(
                    isCut ? u"|the connection to 127[.]0[.]0[.]1:" : u"")));
    QVERIFY(m_channel->deleteQueue(u"inspected"_s));
    QVERIFY(m_channel->declareQueue(u"inspected"_s));
    QApplication::setPalette(DesktopTest::lightPalette());
    QSettings().clear(); // what the test before has typed
    m_window = std::make_unique<MainWindow>();
    m_window->show();
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
}

void InspectorTest::cleanup()
{
    m_window.reset();
    QVERIFY(m_channel->deleteQueue(u"inspected"_s));
}

int InspectorTest::main(int argc, char **argv, QObject *(*newTest)())
{
    if (qEnvironmentVariableIsEmpty("QTAMQP_TEST_URL")) {
        std::puts("SKIP   : needs RabbitMQ; run tests/run.sh, or set QTAMQP_TEST_URL");
        return 77;
    }
    QApplication::setStyle(u"fusion"_s);
    QApplication app(argc, argv);
    QApplication::setOrganizationName(u"QtAmqp"_s);
    QApplication::setApplicationName(u"tst_inspector"_s);
    const QTemporaryDir settings; // this process's own: others run at the same time
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, settings.path());
    const std::unique_ptr<QObject> test(newTest());
    return QTest::qExec(test.get(), argc, argv);
}
