// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The parts of examples/widgets-inspector without a broker: every value of a table can be shown, edited
// and saved without damage to another; what is kept is bounded; what the management plugin says.

#include "connectdialog.h"
#include "headertree.h"
#include "mainwindow.h"
#include "management.h"
#include "messagefilter.h"
#include "propertymodel.h"
#include "valuetext.h"

#include <QtCore/qlocale.h>
#include <QtCore/qsettings.h>
#include <QtCore/qtemporarydir.h>
#include <QtCore/qtimezone.h>
#include <QtGui/qaction.h>
#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>
#include <QtTest/qsignalspy.h>
#include <QtTest/qtest.h>
#include <QtWidgets/qapplication.h>
#include <QtWidgets/qlineedit.h>
#include <QtWidgets/qtabwidget.h>

#include <limits>

using namespace Qt::StringLiterals;

class TestInspectorParts : public QObject
{
    Q_OBJECT

private:
    static QList<QAmqpValue> simpleValues()
    {
        return {true,
                qint8(-128),
                quint8(255),
                qint16(-32768),
                quint16(65535),
                qint32(-1),
                quint32(4'294'967'295),
                std::numeric_limits<qint64>::min(),
                0.1f,
                0.1,
                -0.0,
                1e300,
                QAmqpDecimal{0, 7},
                QAmqpDecimal{3, -5},
                QAmqpDecimal{255, std::numeric_limits<qint32>::min()},
                u"grün 🙂"_s,
                QString(),
                QByteArray("\x00\xff", 2),
                QAmqpValue::timestamp(0),
                QAmqpValue::timestamp(1'700'000'000),
                QAmqpValue::timestamp(253'402'300'800), // the year 10000
                QAmqpValue::timestamp(std::numeric_limits<quint64>::max()),
                QAmqpValue::null()};
    }
    static QAmqpTable allHeaders()
    {
        QAmqpTable table;
        int number = 0;
        for (const QAmqpValue &value : simpleValues())
            table.insert(u"h%1"_s.arg(number++), value);
        QAmqpTable nested = table;
        nested.append("caf\xe9", QAmqpValue::string("\xe9"));
        table.insert(u"table"_s, nested);
        table.insert(u"array"_s, QList<QAmqpValue>(simpleValues()) + QList<QAmqpValue>{nested});
        table.append("caf\xe9", QAmqpValue::string("\xe9"));
        table.append("twice", 1);
        table.append("twice", 2);
        return table;
    }
    static QAmqpDelivery deliveryOf(const QAmqpMessage &message)
    {
        return QAmqpDelivery::fromJson(message.toJson());
    }

private Q_SLOTS:
    void readsWhatItWrites()
    {
        for (const QAmqpValue &value : simpleValues()) {
            const QAmqpValue read = valueFromText(value.type(), valueText(value));
            QVERIFY2(read == value, qPrintable(valueText(value)));
        }
    }

    void refusesWhatIsNotOfTheType_data()
    {
        QTest::addColumn<QAmqpValue::Type>("type");
        QTest::addColumn<QString>("text");
        using Type = QAmqpValue::Type;
        QTest::newRow("bool") << Type::Boolean << u"yes"_s;
        QTest::newRow("int8") << Type::Int8 << u"128"_s;
        QTest::newRow("uint8") << Type::UInt8 << u"-1"_s;
        QTest::newRow("int64") << Type::Int64 << u"9223372036854775808"_s;
        QTest::newRow("double") << Type::Double << u"1,5"_s;
        QTest::newRow("decimal") << Type::Decimal << u"1.2.3"_s;
        QTest::newRow("large decimal") << Type::Decimal << u"2147483648"_s;
        QTest::newRow("bytes") << Type::Bytes << u"f"_s;
        QTest::newRow("timestamp") << Type::Timestamp << u"1969-12-31T23:59:59Z"_s;
    }
    void refusesWhatIsNotOfTheType()
    {
        QFETCH(const QAmqpValue::Type, type);
        QFETCH(const QString, text);
        QVERIFY(!valueFromText(type, text).isValid());
    }

    // Each is edited in turn; all the others stay what they are.
    void editsOneHeaderAlone()
    {
        const QAmqpTable original = allHeaders();
        HeaderTree tree;
        tree.setHeaders(original);
        QCOMPARE(tree.headers(), original);
        for (int i = 0; i < tree.topLevelItemCount(); ++i) {
            tree.setHeaders(original);
            tree.topLevelItem(i)->setText(1, u"string"_s);
            tree.topLevelItem(i)->setText(2, u"edited"_s);
            QList<QAmqpTable::Entry> expected = original.entries();
            expected[i].second = u"edited"_s;
            QCOMPARE(tree.headers().entries(), expected);
        }
        tree.setHeaders(original);
        QTreeWidgetItem *table = tree.topLevelItem(int(simpleValues().size()));
        table->child(1)->setText(2, u"5"_s);
        QAmqpTable nested = original.value(u"table"_s).toTable();
        nested.insert(u"h1"_s, qint8(5));
        QCOMPARE(tree.headers().value(u"table"_s).toTable(), nested);
        table->child(1)->setText(2, u"500"_s);
        QVERIFY2(tree.headers().errorString().contains(u"int8"_s),
                 qPrintable(tree.headers().errorString()));
    }

    void showsLateTimesAndNamesThatAreNotUtf8()
    {
        QAmqpMessage message;
        message.setTimestamp(QDateTime({10000, 1, 1}, {}, Qt::UTC));
        message.setHeaders(allHeaders());
        message.setReplyTo(QString(QChar(0xDCE9)));
        message.setType(u"<img src=x>"_s);
        PropertyModel model;
        model.show(deliveryOf(message));
        QStringList lines;
        for (int line = 0; line < model.rowCount(); ++line)
            lines += model.index(line, 0).data().toString() + u'='
                    + model.index(line, 2).data().toString();
        for (const QString &line : {u"timestamp=253402300800"_s, u"h20=253402300800"_s,
                                    u"caf\\xe9=\\xe9"_s, u"reply-to=\\xe9"_s})
            QVERIFY2(lines.contains(line), qPrintable(lines.join(u'\n')));
        const auto type = lines.indexOf(u"type=<img src=x>"_s);
        QVERIFY(!model.index(int(type), 2).data(Qt::ToolTipRole).toString().contains(u"<img"_s));
    }

    void countsAsPeopleDo()
    {
        const QString one = u"The only message of %2"_s;
        const QString many = u"All %1 messages of %2"_s;
        QCOMPARE(howMany(1, one, many).arg(u"q"_s), u"The only message of q"_s);
        QCOMPARE(howMany(0, one, many).arg(u"q"_s), u"All 0 messages of q"_s);
        QCOMPARE(howMany(2345, one, many).arg(u"q"_s),
                 u"All %1 messages of q"_s.arg(QLocale().toString(2345)));
    }

    void isBoundedByBytes()
    {
        MessageModel model;
        model.setMaximumSize(1000);
        const auto add = [&](int size) {
            model.appendReply(QByteArray(size, 'x'));
            QCoreApplication::processEvents();
        };
        for (int i = 0; i < 10; ++i)
            add(300);
        QCOMPARE(model.rowCount(), 3);
        QCOMPARE(model.index(0, MessageModel::NumberColumn).data().toString(), u"8"_s);
        add(5000); // one too large is shown all the same, alone
        QCOMPARE(model.rowCount(), 1);
        add(300);
        QCOMPARE(model.index(0, MessageModel::NumberColumn).data().toString(), u"12"_s);
        for (int i = 0; i < 10; ++i)
            model.appendReply(QByteArray(300, 'x')); // in one turn
        QCoreApplication::processEvents();
        QCOMPARE(model.rowCount(), 3);
    }

    void searchesAndSorts()
    {
        MessageModel model;
        MessageFilter filter;
        filter.setSourceModel(&model);
        QAmqpMessage message("Zwölf");
        message.setHeaders({{u"x-site"_s, QList<QAmqpValue>{u"North"_s}}});
        model.appendReply(message);
        model.appendReply("eleven elements"_ba);
        model.appendReply("ten"_ba);
        QCoreApplication::processEvents();
        const auto found = [&](const QString &text) {
            filter.setText(text);
            QString numbers;
            for (int row = 0; row < filter.rowCount(); ++row)
                numbers += filter.index(row, MessageModel::NumberColumn).data().toString();
            return numbers;
        };
        QCOMPARE(found(u"ZWÖLF"_s), u"1"_s);
        QCOMPARE(found(u"north"_s), u"1"_s);
        QCOMPARE(found(u"e"_s), u"123"_s); // "reply" is the key
        filter.sort(MessageModel::SizeColumn, Qt::DescendingOrder);
        QCOMPARE(found({}), u"213"_s);
    }

    void remembersTheWindowAndTheBrokerButNoPassword()
    {
        const QTemporaryDir folder;
        QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder.path());
        QApplication::setOrganizationName(u"QtAmqp"_s);
        QApplication::setApplicationName(u"tst_inspectorparts"_s);
        {
            MainWindow window;
            window.show();
            window.resize(1011, 707);
            QVERIFY(window.close());
        }
        MainWindow window;
        QCOMPARE(window.size(), QSize(1011, 707));

        const auto accept = [](auto fill) {
            ConnectDialog dialog;
            fill(dialog);
            dialog.accept();
        };
        accept([](ConnectDialog &dialog) {
            const auto fields = dialog.findChildren<QLineEdit *>();
            for (QLineEdit *field : fields) {
                if (field->echoMode() == QLineEdit::Password)
                    field->setText(u"secret"_s);
            }
            dialog.findChild<QLineEdit *>(u"user"_s)->setText(u"me"_s);
        });
        accept([](ConnectDialog &dialog) {
            dialog.findChild<QTabWidget *>()->setCurrentIndex(1);
            dialog.findChild<QLineEdit *>(u"url"_s)->setText(
                    u"amqps://me:secret@there:1/v%2Fh?password=secret&heartbeat=7"_s);
        });
        const ConnectDialog dialog;
        QCOMPARE(dialog.findChild<QLineEdit *>(u"url"_s)->text(),
                 u"amqps://me@there:1/v%2Fh?heartbeat=7"_s);
        QCOMPARE(dialog.findChild<QLineEdit *>(u"user"_s)->text(), u"me"_s);
        const QSettings settings;
        for (const QString &key : settings.allKeys())
            QVERIFY2(!settings.value(key).toByteArray().contains("secret"), qPrintable(key));
    }

    void saysWhyAnActionIsDisabled()
    {
        MainWindow window;
        int disabled = 0;
        for (const QAction *action : window.findChildren<QAction *>()) {
            if (action->data().toString().isEmpty()) // it is none of the window's own
                continue;
            QVERIFY2(!action->icon().isNull() && !action->shortcut().isEmpty(),
                     qPrintable(action->text()));
            QCOMPARE(action->toolTip().contains(u"Not now: "), !action->isEnabled());
            disabled += !action->isEnabled();
        }
        QVERIFY(disabled > 10);
    }

    void understandsTheManagementPlugin_data()
    {
        QTest::addColumn<QByteArray>("answer");
        QTest::addColumn<QString>("expected");
        QTest::newRow("queues")
                << "HTTP/1.1 200 OK\r\n\r\n"
                   "[{\"name\":\"a b\",\"messages_ready\":5000000000,\"messages_unacknowledged\":2,"
                   "\"message_stats\":{\"publish_details\":{\"rate\":1.5},\"deliver_get_details\":{\"rate\":2}}}]"_ba
                << u"a b 5000000000 2 1.5 2"_s;
        QTest::newRow("exchanges")
                << "HTTP/1.1 200 OK\r\n\r\n"
                   "[{\"name\":\"logs\",\"type\":\"topic\",\"message_stats\":"
                   "{\"publish_in_details\":{\"rate\":3},\"publish_out_details\":{\"rate\":4.5}}}]"_ba
                << u"logs is a topic exchange 3 4.5"_s;
        QTest::newRow("no tag") << "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}"_ba
                                << u"the user needs the tag \"management\""_s;
        QTest::newRow("another program") << "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"_ba
                                         << u"is not the management plugin"_s;
        QTest::newRow("elsewhere")
                << "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"_ba
                << u"is not the management plugin"_s;
        QTest::newRow("no HTTP") << "AMQP\r\n\r\n"_ba << u"does not answer"_s;
    }
    void understandsTheManagementPlugin()
    {
        QFETCH(const QByteArray, answer);
        QFETCH(const QString, expected);
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        QByteArray request;
        connect(&server, &QTcpServer::newConnection, &server, [&] {
            QTcpSocket *socket = server.nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, socket, [&, socket] {
                request += socket->readAll();
                if (!request.endsWith("\r\n\r\n"))
                    return;
                socket->write(answer);
                socket->disconnectFromHost();
            });
        });
        QAmqpConnection connection;
        connection.setOptions(QAmqpConnectionOptions::fromUrl(u"amqp://u:p@127.0.0.1/a%2Fb"_s));
        Management management;
        QString said;
        connect(&management, &Management::failed, this, [&](const QString &text) { said = text; });
        connect(&management, &Management::listed, this,
                [&](const QList<Management::Queue> &queues) {
                    for (const Management::Queue &queue : queues)
                        said += u"%1 %2 %3 %4 %5"_s.arg(queue.name)
                                        .arg(queue.ready)
                                        .arg(queue.unacknowledged)
                                        .arg(queue.in)
                                        .arg(queue.out);
                });
        connect(&management, &Management::exchangesListed, this,
                [&](const QList<Management::Exchange> &exchanges) {
                    for (const Management::Exchange &exchange : exchanges)
                        said += u"%1 is a %2 exchange %3 %4"_s.arg(exchange.name, exchange.type)
                                        .arg(exchange.in)
                                        .arg(exchange.out);
                });
        management.setBroker(connection, server.serverPort());
        management.list();
        QTRY_VERIFY2(said.contains(expected), qPrintable(said));
        QVERIFY2(request.startsWith("GET /api/queues/a%2Fb?"), request);
        QVERIFY2(!expected.contains(u"exchange") || request.contains("GET /api/exchanges/a%2Fb?"),
                 request);
        QVERIFY2(request.contains("Basic dTpw"), request);
    }
};

QTEST_MAIN(TestInspectorParts)
#include "tst_inspectorparts.moc"
