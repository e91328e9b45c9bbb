// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The window of examples/widgets-messages, whose main() is exampleMain() here, with a broker in this process.

#include "desktoptest.h"

#include <QtAmqp/qamqpmessagemodel.h>
#include <QtAmqpTest/qamqptestbroker.h>

#include <QtCore/qtimer.h>
#include <QtGui/qpainter.h>
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
    // With the title, which only a window system shows.
    QImage picture() const
    {
        constexpr int height = 28;
        QApplication::processEvents();
        const QImage table = view()->grab().toImage();
        QImage all(table.width(), table.height() + height, table.format());
        all.fill(QApplication::palette().color(QPalette::Window));
        QPainter painter(&all);
        painter.setPen(QApplication::palette().color(QPalette::WindowText));
        painter.drawText(QRect(0, 0, all.width(), height), Qt::AlignCenter, view()->windowTitle());
        painter.drawImage(0, height, table);
        return all;
    }
    bool photograph(const QString &name) const
    {
        return DesktopTest::photograph(name, [this] { return picture(); });
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
    void saysThatThereIsNoBroker()
    {
        QTRY_VERIFY(view()->windowTitle().contains(u"127.0.0.1:1 cannot be reached"_s));
        QVERIFY(photograph(u"widgets-messages-no-broker"_s));
    }

    void showsAQueueAndAcknowledges()
    {
        QTRY_COMPARE(column(QAmqpMessageModel::StateColumn), u"unsettled unsettled unsettled"_s);
        QVERIFY(QTest::qWaitForWindowExposed(view()));
        Q_EMIT view()->activated(view()->model()->index(1, 0));
        QTRY_COMPARE(broker().counters().acknowledged, 1);
        QCOMPARE(column(QAmqpMessageModel::StateColumn), u"unsettled settled unsettled"_s);
        QVERIFY(photograph(u"widgets-messages"_s));
    }

    void showsThatTheLinkIsLost()
    {
        broker().stop();
        QTRY_COMPARE(column(QAmqpMessageModel::StateColumn), u"stale settled stale"_s);
        QVERIFY(!view()->windowTitle().contains(u"orders"));
        QVERIFY(photograph(u"widgets-messages-lost"_s));
    }
};

// The example runs twice, the second time with a broker. It reads its arguments only after the application has started,
// and with it the broker.
static bool hasBroker = false;
static std::array<char, 200> url;
static int status = 0;
static QStringList arguments;

static void begin()
{
    if (hasBroker)
        TestMessages::startBroker(url.data());
    QTimer::singleShot(0, qApp, [] {
        TestMessages test;
        const QStringList functions = hasBroker
                ? QStringList{u"showsAQueueAndAcknowledges"_s, u"showsThatTheLinkIsLost"_s}
                : QStringList{u"saysThatThereIsNoBroker"_s};
        status |= QTest::qExec(&test, arguments + functions);
        QCoreApplication::quit();
    });
}
Q_COREAPP_STARTUP_FUNCTION(begin)

static int runExample(char *program)
{
    QByteArray option("--url");
    char *example[] = {program, option.data(), url.data(), nullptr};
    return exampleMain(3, example);
}

int main(int argc, char **argv)
{
    for (int i = 0; i < argc; ++i)
        arguments += QString::fromLocal8Bit(argv[i]);
    QApplication::setStyle(u"fusion"_s);
    qstrcpy(url.data(), "amqp://127.0.0.1:1");
    int result = runExample(argv[0]);
    hasBroker = true;
    result |= runExample(argv[0]);
    return result | status;
}

#include "tst_messages.moc"
