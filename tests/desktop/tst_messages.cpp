// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The window of examples/widgets-messages, whose main() is exampleMain() here, with a broker in this process.

#include "desktoptest.h"

#include <QtAmqp/qamqpmessagemodel.h>
#include <QtAmqpTest/qamqptestbroker.h>

#include <QtCore/qtimer.h>
#include <QtTest/qtest.h>
#include <QtWidgets/qapplication.h>
#include <QtWidgets/qtableview.h>

#include <array>

using namespace Qt::StringLiterals;

int exampleMain(int argc, char **argv);

class TestMessages : public QObject
{
    Q_OBJECT

    static QAmqpTestBroker &broker()
    {
        static QAmqpTestBroker broker;
        return broker;
    }
    QTableView *view() const
    {
        return qobject_cast<QTableView *>(qApp->topLevelWidgets().value(0));
    }
    QString column(int column) const
    {
        QStringList texts;
        for (int row = 0; row < view()->model()->rowCount(); ++row)
            texts += view()->model()->index(row, column).data().toString();
        return texts.join(u' ');
    }

public:
    static void startBroker(char *url)
    {
        broker().declareQueue(u"orders"_s);
        for (const char *body :
             {"{\"order\":1,\"item\":\"bolt M8\"}", "{\"order\":2,\"item\":\"paint\"}",
              "{\"order\":3,\"item\":\"hinge\"}"}) {
            QAmqpMessage message{QByteArray(body)};
            message.setContentType(u"application/json"_s);
            broker().publish({}, u"orders"_s, message);
        }
        if (broker().start())
            qstrcpy(url, broker().url().toEncoded().constData());
    }

private Q_SLOTS:
    void showsAQueueAndAcknowledges()
    {
        QTRY_COMPARE(column(QAmqpMessageModel::StateColumn), u"unsettled unsettled unsettled"_s);
        QVERIFY(QTest::qWaitForWindowExposed(view()));
        Q_EMIT view()->activated(view()->model()->index(1, 0));
        QTRY_COMPARE(broker().counters().acknowledged, 1);
        QCOMPARE(column(QAmqpMessageModel::StateColumn), u"unsettled settled unsettled"_s);
        for (const bool dark : {false, true}) {
            QApplication::setPalette(dark ? DesktopTest::darkPalette()
                                          : DesktopTest::lightPalette());
            QApplication::processEvents();
            QVERIFY(DesktopTest::savePicture(view()->grab().toImage(),
                                             dark ? u"widgets-messages-dark"_s
                                                  : u"widgets-messages-light"_s));
        }
    }

    void showsThatTheLinkIsLost()
    {
        broker().stop();
        QTRY_COMPARE(column(QAmqpMessageModel::StateColumn), u"stale settled stale"_s);
        QVERIFY(!view()->windowTitle().contains(u"orders"));
    }
};

// The example reads its arguments only after the application has started, and with it the broker.
static std::array<char, 200> url;
static int status = 0;
static QStringList arguments;

static void begin()
{
    TestMessages::startBroker(url.data());
    QTimer::singleShot(0, qApp, [] {
        TestMessages test;
        status = QTest::qExec(&test, arguments);
        QCoreApplication::quit();
    });
}
Q_COREAPP_STARTUP_FUNCTION(begin)

int main(int argc, char **argv)
{
    for (int i = 0; i < argc; ++i)
        arguments += QString::fromLocal8Bit(argv[i]);
    QByteArray option("--url");
    char *example[] = {argv[0], option.data(), url.data(), nullptr};
    QApplication::setStyle(u"fusion"_s);
    return exampleMain(3, example) || status;
}

#include "tst_messages.moc"
