// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The real window of examples/quick-dashboard, driven by keys and the mouse, with RabbitMQ.

#include "cuttingproxy.h"
#include "desktoptest.h"
#include "flood.h"

#include <qamqpquickqueue.h>

#include <QtAmqp/qamqpblockingchannel.h>
#include <QtAmqp/qamqpblockingconnection.h>

#include <QtCore/qelapsedtimer.h>
#include <QtCore/qjsondocument.h>
#include <QtCore/qjsonobject.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qscopeguard.h>
#include <QtCore/qurl.h>
#include <QtGui/qguiapplication.h>
#include <QtQml/qjsvalue.h>
#include <QtQml/qqmlapplicationengine.h>
#include <QtQml/qqmlcomponent.h>
#include <QtQml/qqmlextensionplugin.h>
#include <QtQuick/qquickitem.h>
#include <QtQuick/qquickwindow.h>
#include <QtTest/qtest.h>

#include <cmath>
#include <cstdio>
#include <optional>

#ifdef QTAMQP_STATIC
Q_IMPORT_QML_PLUGIN(QtAmqpPlugin)
#endif

using namespace Qt::StringLiterals;

namespace {

constexpr int Patience = 20'000;

QString url() { return qEnvironmentVariable("QTAMQP_TEST_URL"); }

constexpr const char *keys[] = {"hall.pump.pressure",     "yard.pump.pressure",
                                "hall.fan.speed",         "hall.pump.pressure",
                                "cellar.boiler.critical", "yard.valve.warning"};

QAmqpMessage reading(const QString &device, int i)
{
    const QJsonObject json{{u"device"_s, u"%1-%2"_s.arg(device).arg(i % 9 + 1)},
                           {u"pressure"_s, 3 + std::round(10 * std::sin(i / 5.0)) / 10},
                           {u"temperature"_s, 40 + i % 23},
                           {u"ok"_s, true}};
    QAmqpMessage message(QJsonDocument(json).toJson(QJsonDocument::Compact));
    message.setContentType(u"application/json"_s);
    message.setMessageId(u"r-%1"_s.arg(i));
    message.setAppId(u"plant"_s);
    message.setHeaders({{u"x-site"_s, u"hall"_s}, {u"x-firmware"_s, qint32(42)}});
    return message;
}

struct Device
{
    const char *key;
    const char *name;
    const char *unit;
    double middle;
};
constexpr Device devices[] = {
        {"cellar.boiler.temperature", "temperature", "°C", 74},
        {"cellar.tank.level", "level", "%", 61},
        {"hall.fan.speed", "speed", "rpm", 1130},
        {"hall.pump.pressure", "pressure", "bar", 4.1},
        {"hall.pump.temperature", "temperature", "°C", 39},
        {"roof.fan.warning", "temperature", "°C", 78},
        {"roof.meter.power", "power", "kW", 32},
        {"roof.weather.temperature", "", "", 17},
        {"yard.pump.pressure", "pressure", "bar", 3.6},
        {"roof.weather.report", "cloudy, light wind", "", 0},
        {"cellar.boiler.critical", "pressure", "bar", 6.8},
};

// What the devices of a plant say, in turn. Each has its own value, which changes as if it were one.
std::pair<QString, QAmqpMessage> measurement(int i)
{
    const Device &device = devices[i % std::size(devices)];
    const double change = std::sin(i / 110.0 + device.middle) + 0.2 * std::sin(i * 0.37);
    const QByteArray number =
            QByteArray::number(std::round(10 * device.middle * (1 + 0.12 * change)) / 10);
    QAmqpMessage message = reading(u"plant"_s, i);
    if (*device.unit)
        message.setBody("{\"device\":\"no-" + QByteArray::number(i % 9 + 1) + "\",\"" + device.name
                        + "\":" + number + ",\"unit\":\"" + device.unit
                        + "\",\"limit\":" + QByteArray::number(1.2 * device.middle) + '}');
    else
        message.setBody(device.middle ? number : QByteArray(device.name));
    return {QString::fromLatin1(device.key), message};
}

} // namespace

class TestDashboard : public QObject
{
    Q_OBJECT

private:
    enum class Page { Values, Messages };

    void load(const QString &broker, Page page = Page::Messages)
    {
        m_engine = std::make_unique<QQmlApplicationEngine>();
        m_engine->setInitialProperties(
                {{u"url"_s, broker}, {u"exchangeName"_s, u"tst_dashboard"_s}});
        m_engine->load(QUrl(u"qrc:/Dashboard/Main.qml"_s));
        QVERIFY(!m_engine->rootObjects().isEmpty());
        m_window = qobject_cast<QQuickWindow *>(m_engine->rootObjects().first());
        m_window->requestActivate();
        QVERIFY(QTest::qWaitForWindowActive(m_window));
        if (page == Page::Messages)
            QTest::keyClick(m_window, Qt::Key_M, Qt::AltModifier);
    }

    QQuickItem *item(const QString &name) const { return m_window->findChild<QQuickItem *>(name); }
    static QColor bad()
    {
        return qGuiApp->palette().window().color().lightness() < 128 ? QColor(u"#ff7b72"_s)
                                                                     : QColor(u"#c62828"_s);
    }
    QVariant value(const QString &name, const char *property) const
    {
        return item(name)->property(property);
    }
    int rows() const { return value(u"list"_s, "count").toInt(); }
    bool isReady() const
    {
        const auto *queue = m_window->findChild<QObject *>(u"queue"_s);
        return value(u"state"_s, "text").toString().startsWith(u"Connected to "_s) && queue
                && queue->property("ready").toBool() && value(u"publish"_s, "enabled").toBool();
    }

    void click(const QQuickItem *target, const QPointF &at = {})
    {
        const QPointF place = at.isNull() ? target->boundingRect().center() : at;
        QTest::mouseClick(m_window, Qt::LeftButton, {}, target->mapToScene(place).toPoint());
    }
    void type(const QString &field, const QByteArray &text)
    {
        click(item(field));
        QTest::keyClick(m_window, Qt::Key_A, Qt::ControlModifier);
        for (const char c : text)
            QTest::keyClick(m_window, c);
    }

    void publish(const QString &key, int i)
    {
        QVERIFY(m_channel->publish(u"tst_dashboard"_s, key, reading(key.section(u'.', 0, 0), i)));
    }

    QString note() const // of the list
    {
        return m_window->findChild<QQuickItem *>(u"telemetry"_s)->property("note").toString();
    }
    QAbstractItemModel *model() const
    {
        return item(u"list"_s)->property("model").value<QAbstractItemModel *>();
    }
    // The first row's label of that name, once there is one.
    QQuickItem *cell(const QString &name) const
    {
        QQuickItem *found = nullptr;
        if (!QTest::qWaitFor([&] { return (found = childOf(item(u"list"_s), name)) != nullptr; }))
            qFatal("no row");
        return found;
    }
    // The line of the tree with this number, if it can be seen.
    QQuickItem *treeLine(int index) const
    {
        QQuickItem *found = nullptr;
        QMetaObject::invokeMethod(item(u"tree"_s), "itemAtIndex", Q_RETURN_ARG(QQuickItem *, found),
                                  Q_ARG(int, index));
        return found;
    }
    // What the lines of the tree show, indented.
    QStringList treeLines() const
    {
        QStringList lines;
        for (int i = 0; const QQuickItem *row = treeLine(i); ++i) {
            QString line(row->property("shown").value<QJSValue>().property(u"level"_s).toInt(),
                         u' ');
            for (const char *name : {"word", "value", "unit", "valueText"}) {
                const QQuickItem *label = childOf(row, QLatin1StringView(name));
                const QString text = label->property("text").toString();
                if (label->isVisible() && !text.isEmpty())
                    line += (line.trimmed().isEmpty() ? u""_s : u" "_s) + text;
            }
            lines += line;
        }
        return lines;
    }
    // Those whose values the tree shows.
    int messagesInTree() const
    {
        int count = 0;
        for (int i = 0; const QQuickItem *row = treeLine(i); ++i) {
            const auto shown = row->property("shown").value<QJSValue>();
            if (shown.property(u"level"_s).toInt() == 0)
                count += shown.property(u"messageCount"_s).toInt();
        }
        return count;
    }
    // The line of the tree with this word, once it is there.
    const QQuickItem *line(const QString &word) const
    {
        const QQuickItem *found = nullptr;
        const auto find = [&] {
            for (int i = 0; const QQuickItem *row = found ? nullptr : treeLine(i); ++i) {
                const QQuickItem *label = childOf(row, u"word"_s);
                if (label->property("text").toString() == word)
                    found = label;
            }
            return found != nullptr;
        };
        if (!QTest::qWaitFor(find))
            qFatal("no line %s", qPrintable(word));
        return found;
    }
    bool send(const QString &key, const QByteArray &body)
    {
        return bool(m_channel->publish(u"tst_dashboard"_s, key, QAmqpMessage(body)));
    }

    static QQuickItem *childOf(const QQuickItem *item, const QString &name)
    {
        const auto children = item->childItems();
        for (QQuickItem *child : children) {
            if (child->objectName() == name)
                return child;
            if (QQuickItem *found = childOf(child, name))
                return found;
        }
        return nullptr;
    }
    // What a function of one of the window's scripts returns.
    QVariant call(const QString &script, const QString &expression)
    {
        QQmlEngine engine;
        QQmlComponent component(&engine);
        component.setData(u"import QtQml; import 'qrc:/Dashboard/%1' as Script\n"
                          "QtObject { property var result: Script.%2 }"_s.arg(script, expression)
                                  .toUtf8(),
                          QUrl(u"qrc:/Dashboard/"_s));
        const std::unique_ptr<QObject> object(component.create());
        return object ? object->property("result") : QVariant(component.errorString());
    }

    QString outcome() const { return value(u"form"_s, "outcome").toString(); }
    bool publishedAs(const QString &expected)
    {
        click(item(u"publish"_s));
        return QTest::qWaitFor([&] { return value(u"form"_s, "awaited").toDouble() == 0; },
                               Patience)
                && outcome() == expected;
    }

    void photograph(const QString &name)
    {
        QVERIFY(DesktopTest::photograph(name, [&] {
            QTest::qWait(100);
            return m_window->grabWindow();
        }));
    }

    QAmqpBlockingConnection m_connection;
    std::optional<QAmqpBlockingChannel> m_channel;
    std::unique_ptr<QQmlApplicationEngine> m_engine;
    QQuickWindow *m_window = nullptr;

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_connection.open(QUrl(url())));
        m_channel = m_connection.createChannel().value();
    }

    void init()
    {
        // All warnings, QML's too, but the one that the offscreen platform always gives, and what the library
        // tells where a function has the broker away.
        const QByteArrayView function(QTest::currentTestFunction());
        const bool isAway = function == "saysWhatIsWrongWithoutBroker"
                || function == "recoversWhenTheBrokerComesBack" || function == "scalesTheChart"
                || function == "hasMnemonicsOnce";
        QTest::failOnWarning(
                QRegularExpression(u"^(?!This plugin does not support propagateSizeHints%1)"_s.arg(
                        isAway ? u"|(the connection to )?127[.]0[.]0[.]1:" : u"")));
        QGuiApplication::setPalette(DesktopTest::lightPalette());
    }

    void cleanup()
    {
        m_engine.reset();
        QVERIFY(m_channel->deleteExchange(u"tst_dashboard"_s));
    }

    void saysWhatIsWrongWithoutBroker()
    {
        load(u"amqp://127.0.0.1:1"_s, Page::Values);
        QTRY_VERIFY_WITH_TIMEOUT(item(u"banner"_s)->isVisible(), Patience);
        QVERIFY(value(u"bannerText"_s, "text").toString().contains(u"127.0.0.1:1"_s));
        const auto status = [&] { return value(u"status"_s, "text").toString(); };
        QCOMPARE(status(), QString());
        click(item(u"publish"_s));
        QTRY_COMPARE(status(), u"1 message waits for the broker"_s);
        click(item(u"publish"_s));
        click(item(u"publish"_s));
        QTRY_COMPARE(status(), u"3 messages wait for the broker"_s);
        photograph(u"dashboard-no-broker"_s);
        click(item(u"retry"_s));
        QTRY_VERIFY_WITH_TIMEOUT(item(u"banner"_s)->isVisible(), Patience);
        click(item(u"dismiss"_s));
        QTRY_VERIFY(!item(u"banner"_s)->isVisible());
        click(item(u"online"_s));
        click(item(u"online"_s)); // the same again is news
        QTRY_VERIFY_WITH_TIMEOUT(item(u"banner"_s)->isVisible(), Patience);
        click(item(u"online"_s)); // off: nothing is tried, and there is nothing to complain about
        QTRY_VERIFY(!item(u"banner"_s)->isVisible());
    }

    void recoversWhenTheBrokerComesBack()
    {
        DesktopTest::CuttingProxy proxy;
        QVERIFY(proxy.listen());
        const QUrl there(proxy.url());
        proxy.close(); // nobody listens there yet
        load(there.toString(), Page::Values);
        QTRY_VERIFY_WITH_TIMEOUT(item(u"banner"_s)->isVisible(), Patience);
        QVERIFY(proxy.listen(quint16(there.port())));
        QTRY_VERIFY_WITH_TIMEOUT(isReady() && !item(u"banner"_s)->isVisible(), Patience);
        constexpr int sent = 150;
        for (int i = 0; i < sent; ++i) {
            const auto [key, message] = measurement(i);
            QVERIFY(m_channel->publish(u"tst_dashboard"_s, key, message));
        }
        QTRY_COMPARE_WITH_TIMEOUT(rows(), sent, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(messagesInTree(), sent, Patience);
        QTRY_COMPARE(treeLines().size(), value(u"tree"_s, "count").toInt());
        const QStringList before =
                treeLines().mid(0, 9); // the banner will take the place of others

        proxy.close();
        QTRY_VERIFY_WITH_TIMEOUT(item(u"banner"_s)->isVisible(), Patience);
        QVERIFY(!isReady());
        QTRY_VERIFY_WITH_TIMEOUT(
                value(u"state"_s, "text").toString().startsWith(u"Connection lost, trying again"_s),
                Patience);
        QCOMPARE(rows(), sent); // what was there stays
        QCOMPARE(treeLines().mid(0, 9), before);
        click(line(u"speed"_s));
        const QString detail = value(u"bannerDetail"_s, "text").toString();
        QVERIFY2(detail.contains(u"trying again in "_s), qPrintable(detail));
        click(item(u"publish"_s));
        QTRY_COMPARE(value(u"status"_s, "text").toString(), u"1 message waits for the broker"_s);
        photograph(u"dashboard-lost"_s);
        QVERIFY(proxy.listen(quint16(there.port())));
        QTest::keyClick(m_window, Qt::Key_T, Qt::AltModifier); // who does not want to wait
        QTRY_VERIFY_WITH_TIMEOUT(isReady() && !item(u"banner"_s)->isVisible(), Patience);
        publish(u"hall.fan.speed"_s, 2);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), sent + 2, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(value(u"status"_s, "text").toString(),
                                  u"Confirmed by the broker"_s, Patience);
    }

    // The window system's own keys and mouse.
    void worksByRealInput()
    {
        if (QGuiApplication::platformName() != u"xcb")
            QSKIP("offscreen there is no input but the test's own; desktop.*-xvfb has it");
        using DesktopTest::xdotool;
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        QVERIFY(xdotool({u"key"_s, u"ctrl+f"_s}));
        QVERIFY(xdotool({u"type"_s, u"#.critical"_s}));
        QTRY_COMPARE(value(u"filter"_s, "text").toString(), u"#.critical"_s);
        QVERIFY(xdotool({u"key"_s, u"Tab"_s, u"Tab"_s, u"space"_s})); // over what shows all again
        QTRY_VERIFY(value(u"pause"_s, "highlighted").toBool());
        QVERIFY(xdotool({u"key"_s, u"alt+p"_s}));
        QTRY_VERIFY(!value(u"pause"_s, "highlighted").toBool());
        const auto arrives = [&] {
            publish(u"boiler.cellar.critical"_s, 1);
            return QTest::qWaitFor([&] { return rows() > 0; }, Patience);
        };
        QVERIFY(arrives());
        const QPoint first =
                m_window->mapToGlobal(item(u"list"_s)->mapToScene(QPointF(100, 15)).toPoint());
        QVERIFY(xdotool({u"mousemove"_s, QString::number(first.x()), QString::number(first.y()),
                         u"click"_s, u"1"_s}));
        QTRY_VERIFY(value(u"body"_s, "text").toString().contains(u"boiler-"_s));
        QVERIFY(xdotool({u"key"_s, u"alt+l"_s}));
        QTRY_COMPARE(rows(), 0);
    }

    void showsWhatComesAndFilters()
    {
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        int sent = 0;
        for (const char *key : {"pump.hall.info", "fan.hall.warning", "boiler.cellar.critical"})
            publish(QString::fromLatin1(key), ++sent);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), sent, Patience);

        auto *list = item(u"list"_s);
        // The newest, once it is laid out.
        QTRY_VERIFY((click(list, {100, 15}), list->property("currentIndex").toInt() == 0));
        QVERIFY2(value(u"body"_s, "text").toString().contains(u"\"device\": \"boiler-"_s),
                 qPrintable(value(u"body"_s, "text").toString()));
        QTest::keyClick(m_window, Qt::Key_Down);
        QTRY_VERIFY(value(u"body"_s, "text").toString().contains(u"\"device\": \"fan-"_s));
        QVERIFY(value(u"properties"_s, "count").toInt() >= 7);

        click(item(u"pause"_s));
        publish(u"pump.hall.info"_s, ++sent);
        const auto *model = list->property("model").value<QObject *>();
        QVERIFY(model);
        QTRY_COMPARE_WITH_TIMEOUT(model->property("waiting").toInt(), 1, Patience);
        QCOMPARE(rows(), sent - 1);
        QTRY_COMPARE(note(), u"paused, 1 new"_s);
        click(item(u"pause"_s));
        QTRY_COMPARE_WITH_TIMEOUT(rows(), sent, Patience);

        // Bound anew as the user types, without a break for what fits.
        type(u"filter"_s, "#.critical");
        click(item(u"clear"_s));
        const auto onlyCritical = [&] {
            publish(u"pump.hall.info"_s, ++sent);
            const int before = rows();
            publish(u"boiler.cellar.critical"_s, ++sent);
            return QTest::qWaitFor([&] { return rows() > before; }, Patience)
                    && rows() == before + 1;
        };
        QTest::qWait(400); // until typing has stopped for long enough
        QTRY_VERIFY_WITH_TIMEOUT(onlyCritical() && onlyCritical(), Patience);
    }

    void fitsKeysAsTheBrokerDoes_data()
    {
        QTest::addColumn<QString>("pattern");
        QTest::addColumn<QString>("key");
        QTest::addColumn<bool>("fits");
        QTest::newRow("all") << u"#"_s << u"a.b"_s << true;
        QTest::newRow("all, no word") << u"#"_s << QString() << true;
        QTest::newRow("one of one") << u"*"_s << u"a"_s << true;
        QTest::newRow("one of none") << u"*"_s << QString() << false;
        QTest::newRow("one of two") << u"*"_s << u"a.b"_s << false;
        QTest::newRow("end") << u"#.critical"_s << u"a.b.critical"_s << true;
        QTest::newRow("end alone") << u"#.critical"_s << u"critical"_s << true;
        QTest::newRow("not the end") << u"#.critical"_s << u"a.critical.b"_s << false;
        QTest::newRow("middle") << u"a.#.b"_s << u"a.b"_s << true;
        QTest::newRow("middle of many") << u"a.#.b.*"_s << u"a.b.b.b"_s << true;
        QTest::newRow("empty word") << u"a.*.b"_s << u"a..b"_s << true;
        QTest::newRow("no expression") << u"a+.b"_s << u"aa.b"_s << false;
        // Backtracking would take for ever.
        QTest::newRow("long") << u"#.a"_s.repeated(9) << u"a."_s.repeated(120) + u"b"_s << false;
    }
    void fitsKeysAsTheBrokerDoes()
    {
        QFETCH(QString, pattern);
        QFETCH(QString, key);
        const QVariant result = call(u"topic.js"_s, u"fits('%1', '%2')"_s.arg(pattern, key));
        QTEST(result.toBool(), "fits");
        QVERIFY2(result.typeId() == QMetaType::Bool, qPrintable(result.toString()));
    }

    void formatsWhatIsLong()
    {
        const QString preview =
                call(u"format.js"_s, u"preview(new Uint8Array(300).fill(120).buffer)"_s).toString();
        QCOMPARE(preview, QString(160, u'x') + u'…');
        QVERIFY(call(u"format.js"_s, u"preview(new Uint8Array(30).buffer)"_s)
                        .toString()
                        .endsWith(u" 00 …"_s));
    }

    void formatsAnyTime()
    {
        QCOMPARE(call(u"format.js"_s, u"value(253402300800000)"_s), u"253402300800000"_s);
        QCOMPARE(call(u"format.js"_s, u"value(new Date(NaN))"_s), u"–"_s);
        QCOMPARE(call(u"format.js"_s, u"time(9007199254740991)"_s), u"9007199254740991"_s);
        QVERIFY(call(u"format.js"_s, u"time(new Date(253402300800000))"_s)
                        .toString()
                        .contains(u"10000"_s));
    }

    // The pattern is for what is listed as well as for what comes.
    void filtersWhatIsShown()
    {
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        for (const char *key : {"pump.hall.info", "fan.hall.warning", "boiler.cellar.critical"})
            publish(QString::fromLatin1(key), 1);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, Patience);
        QCOMPARE(note(), u"3 messages"_s);
        type(u"filter"_s, "*.hall.#");
        QTRY_COMPARE(rows(), 2);
        QCOMPARE(note(), u"2 of 3 fit the filter"_s);
        type(u"filter"_s, "nothing");
        QTRY_COMPARE(rows(), 0);
        QVERIFY(value(u"placeholder"_s, "text").toString().contains(u"“nothing”"_s));
        type(u"filter"_s, "#");
        QTRY_COMPARE(rows(), 3);
    }

    void saysHowManyAreNoLongerListed()
    {
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        QVERIFY(value(u"placeholder"_s, "text").toString().contains(u"Publish"_s));
        model()->setProperty("maximumCount", 5);
        for (int i = 0; i < 8; ++i)
            publish(u"pump.hall.info"_s, i);
        QTRY_COMPARE_WITH_TIMEOUT(note(), u"newest 5 of 8"_s, Patience);
        click(item(u"clear"_s));
        QTRY_COMPARE(note(), u"0 messages"_s);
    }

    void growsWithTheFont_data()
    {
        QTest::addColumn<double>("points");
        QTest::newRow("11 pt") << 11.0;
        QTest::newRow("16 pt") << 16.0;
    }
    void growsWithTheFont()
    {
        QFETCH(double, points);
        const QFont before = QGuiApplication::font();
        const auto restore = qScopeGuard([&] { QGuiApplication::setFont(before); });
        QFont font = before;
        font.setPointSizeF(points);
        QGuiApplication::setFont(font);
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        QAmqpMessage message("{\"text\":\"" + QByteArray(100, 'x') + "\"}");
        message.setContentType(u"application/json"_s);
        message.setAppId(u"plant"_s);
        message.setType(u"info"_s);
        message.setHeaders(
                {{u"x-firmware"_s, u"2.14.1"_s}, {u"x-line"_s, 3}, {u"x-site"_s, u"hall"_s}});
        QVERIFY(m_channel->publish(u"tst_dashboard"_s, u"pump.hall.info"_s, message));
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, Patience);
        item(u"list"_s)->setProperty("currentIndex", 0);

        // The columns are apart, and what is longer than its place ends in an ellipsis.
        const QQuickItem *time = cell(u"time"_s);
        QTRY_VERIFY(time->width() > 0 && time->width() >= time->implicitWidth());
        QVERIFY(time->x() + time->width() < cell(u"routingKey"_s)->x());
        QVERIFY(cell(u"preview"_s)->property("truncated").toBool());
        // The body is wrapped, and below it all the properties and headers are seen.
        QTRY_VERIFY(value(u"body"_s, "contentWidth").toDouble()
                    <= value(u"body"_s, "width").toDouble());
        QVERIFY(value(u"body"_s, "lineCount").toInt() > 4);
        QTRY_VERIFY(value(u"properties"_s, "contentHeight").toDouble()
                    <= value(u"properties"_s, "height").toDouble());
    }

    void namesPropertiesInWords()
    {
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        QAmqpMessage message("1");
        message.setContentType(u"application/json"_s);
        message.setContentEncoding(u"utf-8"_s);
        message.setAppId(u"plant"_s);
        message.setMessageId(u"m"_s);
        message.setCorrelationId(u"c"_s);
        message.setReplyTo(u"r"_s);
        message.setType(u"t"_s);
        message.setPriority(3);
        QVERIFY(m_channel->publish(u"tst_dashboard"_s, u"k"_s, message));
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, Patience);
        item(u"list"_s)->setProperty("currentIndex", 0);
        QStringList names;
        const QVariantList lines = value(u"properties"_s, "model").toList();
        for (const QVariant &line : lines)
            names += line.toStringList().first();
        QCOMPARE(names,
                 QStringList({u"Routing key"_s, u"Exchange"_s, u"Size"_s, u"Content type"_s,
                              u"Encoding"_s, u"Type"_s, u"Application"_s, u"Message id"_s,
                              u"Correlation id"_s, u"Reply to"_s, u"Priority"_s}));
    }

    // Both directions in one chart, whose scale is written beside it.
    void scalesTheChart()
    {
        load(u"amqp://127.0.0.1:1"_s);
        auto *chart = item(u"chart"_s);
        const auto marks = [&] {
            QStringList texts;
            const auto items = chart->findChildren<QQuickItem *>(u"mark"_s);
            for (const QQuickItem *mark : items)
                texts += mark->property("text").toString();
            return texts.mid(0, 3);
        };
        QCOMPARE(marks(), QStringList({u"10"_s, u"5"_s, u"0"_s}));
        chart->setProperty("received", 11.0);
        QCOMPARE(marks(), QStringList({u"20"_s, u"10"_s, u"0"_s}));
        chart->setProperty("published", 420.0);
        QCOMPARE(marks(), QStringList({u"500"_s, u"250"_s, u"0"_s}));
        chart->setProperty("published", 0.0);
        chart->setProperty("received", 1000.0);
        QCOMPARE(chart->property("highest").toDouble(), 1000.0);
    }

    // Tab goes through all of it and comes back; each control works by keys alone.
    void worksByKeyboard()
    {
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        const auto focused = [&] { return m_window->activeFocusItem(); };
        QCOMPARE(focused(), item(u"filter"_s));
        QSet<QString> seen;
        for (const Qt::Key tab : {Qt::Key_Tab, Qt::Key_Backtab}) {
            int steps = 0;
            do {
                seen += focused()->objectName();
                QTest::keyClick(m_window, tab);
            } while (focused() != item(u"filter"_s) && ++steps < 20);
            QCOMPARE(focused(), item(u"filter"_s));
            for (const char *name : {"online", "showValues", "showMessages", "pause", "clear",
                                     "list", "key", "newBody", "publish"})
                QVERIFY2(seen.contains(QLatin1StringView(name)), name);
            seen.clear();
        }

        publish(u"pump.hall.info"_s, 1);
        publish(u"fan.hall.info"_s, 2);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 2, Patience);
        while (focused() != item(u"list"_s))
            QTest::keyClick(m_window, Qt::Key_Tab);
        QTest::keyClick(m_window, Qt::Key_Down);
        QTRY_VERIFY(value(u"body"_s, "text").toString().contains(u"\"device\": \"fan-"_s));
        publish(u"pump.hall.info"_s, 3); // that does not take the place of what is read
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, Patience);
        QVERIFY(value(u"body"_s, "text").toString().contains(u"\"device\": \"fan-"_s));
        QTest::keyClick(m_window, Qt::Key_Tab);
        QCOMPARE(focused(), item(u"body"_s));
        QTest::keyClick(m_window, Qt::Key_Tab);
        QVERIFY(item(u"properties"_s)->hasActiveFocus());
        QTest::keyClick(m_window, Qt::Key_Down);
        QCOMPARE(value(u"properties"_s, "currentIndex").toInt(), 1);

        QTest::keyClick(m_window, Qt::Key_F, Qt::ControlModifier);
        QCOMPARE(focused(), item(u"filter"_s));
        QTest::keyClick(m_window, Qt::Key_P, Qt::AltModifier);
        QTRY_VERIFY(value(u"pause"_s, "highlighted").toBool());
        QTest::keyClick(m_window, Qt::Key_P, Qt::AltModifier);
        QTest::keyClick(m_window, Qt::Key_L, Qt::AltModifier);
        QTRY_COMPARE(rows(), 0);
        QTest::keyClick(m_window, Qt::Key_U, Qt::AltModifier);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, Patience);
        QTest::keyClick(m_window, Qt::Key_O, Qt::AltModifier);
        QTRY_COMPARE_WITH_TIMEOUT(value(u"state"_s, "text").toString(), u"Not connected"_s,
                                  Patience);
        QTest::keyClick(m_window, Qt::Key_O, Qt::AltModifier);
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
    }

    // The values by routing key, in a tree of its words, and what one of them was before.
    void showsValuesByRoutingKey()
    {
        load(url(), Page::Values);
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        QVERIFY(value(u"treePlaceholder"_s, "text").toString().contains(u"Publish"_s));
        QVERIFY(send(u"hall.pump"_s, "{\"pressure\":3.25,\"unit\":\"bar\",\"limit\":6}"));
        QVERIFY(send(u"hall.fan"_s, "{\"speed\":900}"));
        QVERIFY(send(u"yard"_s, "17.5"));
        QVERIFY(send(u"note"_s, "fog"));
        const QStringList lines{u"hall 2 keys"_s, u" fan 900 speed"_s, u" pump 3.25 bar"_s,
                                u"note fog"_s, u"yard 17.5"_s};
        QTRY_COMPARE_WITH_TIMEOUT(treeLines(), lines, Patience);
        QCOMPARE(note(), u"4 routing keys"_s);

        click(line(u"pump"_s));
        QCOMPARE(value(u"bigValue"_s, "text").toString(), u"3.25"_s);
        QVERIFY(send(u"hall.pump"_s, "{\"pressure\":3.5,\"unit\":\"bar\",\"limit\":7}"));
        QTRY_COMPARE_WITH_TIMEOUT(value(u"bigValue"_s, "text").toString(), u"3.5"_s, Patience);
        QCOMPARE(value(u"lowest"_s, "text").toString(), u"3.25"_s);
        QCOMPARE(value(u"highest"_s, "text").toString(), u"3.5"_s);
        QVERIFY(treeLines().contains(u" pump 3.5 bar"_s));
        QVERIFY(value(u"bigAge"_s, "text").toString().startsWith(u"2 messages, "_s));

        // Another of its numbers.
        QTRY_COMPARE(value(u"numbers"_s, "count").toInt(), 2);
        item(u"numbers"_s)->forceActiveFocus();
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Space);
        QTRY_VERIFY(treeLines().contains(u" pump 7 limit"_s));
        QCOMPARE(value(u"bigValue"_s, "text").toString(), u"7"_s);

        // By keys: closed, opened, and up to the branch.
        item(u"tree"_s)->forceActiveFocus();
        QTest::keyClick(m_window, Qt::Key_Left);
        QTest::keyClick(m_window, Qt::Key_Left);
        QTRY_COMPARE(treeLines().size(), 3);
        QVERIFY(send(u"hall.door"_s, "1"));
        QTRY_COMPARE_WITH_TIMEOUT(treeLines().first(), u"hall 3 keys"_s, Patience);
        QTest::keyClick(m_window, Qt::Key_Right);
        QTRY_COMPARE(treeLines().size(), 6);

        click(item(u"pause"_s));
        QVERIFY(send(u"yard"_s, "18"));
        QTRY_COMPARE_WITH_TIMEOUT(model()->property("waiting").toInt(), 1, Patience);
        QTest::qWait(300); // longer than it would take to be shown
        QVERIFY(treeLines().contains(u"yard 17.5"_s));
        click(item(u"pause"_s));
        QTRY_VERIFY_WITH_TIMEOUT(treeLines().contains(u"yard 18"_s), Patience);
        click(item(u"clear"_s));
        QTRY_COMPARE(treeLines(), QStringList());
        QCOMPARE(rows(), 0);
    }

    // A click on a branch shows it alone, and asks the broker for no more.
    void filtersByBranch()
    {
        load(url(), Page::Values);
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        for (const char *key : {"hall.pump", "hall.fan", "yard.pump"})
            QVERIFY(send(QLatin1StringView(key), "1"));
        QTRY_COMPARE_WITH_TIMEOUT(treeLines().size(), 5, Patience);
        click(line(u"hall"_s));
        QCOMPARE(value(u"filter"_s, "text").toString(), u"hall.#"_s);
        QTRY_COMPARE(treeLines(), QStringList({u"hall 2 keys"_s, u" fan 1"_s, u" pump 1"_s}));
        QCOMPARE(note(), u"2 of 3 routing keys fit the filter"_s);
        const auto onlyHall = [&] {
            const int before = rows();
            if (!send(u"yard.pump"_s, "2") || !send(u"hall.pump"_s, "2"))
                return false;
            return QTest::qWaitFor([&] { return rows() > before; }, Patience)
                    && rows() == before + 1;
        };
        QTRY_VERIFY_WITH_TIMEOUT(onlyHall(), Patience);
        click(line(u"hall"_s)); // once more: everything
        QCOMPARE(value(u"filter"_s, "text").toString(), QString());
        QTRY_COMPARE(treeLines().size(), 5);
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_COMPARE(treeLines().size(), 3);
        QTest::keyClick(m_window, Qt::Key_A, Qt::AltModifier);
        QTRY_COMPARE(treeLines().size(), 5);
    }

    // Whatever stands in a routing key is shown as it is.
    void showsOddRoutingKeys()
    {
        load(url(), Page::Values);
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        const QStringList odd{QString(),  u".."_s,          u"<b>bold</b>.<img src=x>"_s,
                              u"%1 %2"_s, u"line\nbreak"_s, u"__proto__"_s,
                              u"a.#.*"_s, u"größe"_s,       QString(255, u'x'),
                              u"7"_s,     u"-0"_s};
        for (const QString &key : odd)
            QVERIFY(send(key, "{\"<i>n</i>\":1,\"unit\":\"<u>m</u>\"}"));
        QVERIFY(send(u"empty"_s, QByteArray()));
        QVERIFY(send(u"binary"_s, QByteArray("\x00\xff", 2)));
        QVERIFY(send(u"huge"_s, QByteArray(100'000, '1')));
        QVERIFY(send(u"bold"_s, "<b>bold</b>"));
        QTRY_COMPARE_WITH_TIMEOUT(note(), u"15 routing keys"_s, Patience);
        QTRY_COMPARE(treeLines().size(), value(u"tree"_s, "count").toInt());
        const QStringList lines = treeLines();
        for (const char *expected :
             {"(empty) 1 <u>m</u>", "<b>bold</b> 1 key", " <img src=x> 1 <u>m</u>",
              "line·break 1 <u>m</u>", "empty (empty body)", "binary binary, 2 B: 00 ff",
              "huge too long to show a value: 97.7 KiB", "bold <b>bold</b>"})
            QVERIFY2(lines.contains(QString::fromUtf8(expected)), qPrintable(lines.join(u'\n')));
        photograph(u"dashboard-values-odd"_s);
        click(line(u"(empty)"_s));
        QCOMPARE(value(u"filter"_s, "text").toString(), u".#"_s);
        QTRY_COMPARE(treeLines().size(), 3);
    }

    // Whatever comes is shown, at once and as it is.
    void showsOddMessages()
    {
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        const auto shown = [&](const QAmqpMessage &message, const QString &key) {
            const int before = rows();
            if (!m_channel->publish(u"tst_dashboard"_s, key, message)
                || !QTest::qWaitFor([&] { return rows() > before; }, Patience))
                return QString();
            item(u"list"_s)->setProperty("currentIndex", -1);
            item(u"list"_s)->setProperty("currentIndex", 0);
            return value(u"body"_s, "text").toString();
        };
        QCOMPARE(shown(QByteArray("\x00\xff\x01 ab", 6), u"b"_s),
                 u"000000  "_s + u"00 ff 01 20 61 62"_s.leftJustified(50) + u"··· ab"_s);
        QVERIFY(shown(QByteArray("caf\xe9"), u"b"_s).startsWith(u"000000  63 61 66 e9"_s));
        QCOMPARE(shown(u"50 % Größe 😀"_s.toUtf8(), u"b"_s), u"50 % Größe 😀"_s);
        QCOMPARE(shown(QByteArray("[{},\"a\\\"[\",9007199254740993]"), u"b"_s),
                 u"[\n  {},\n  \"a\\\"[\",\n  9007199254740993\n]"_s);
        QCOMPARE(shown(QByteArray(), u"<b>bold</b>"_s), QString());
        const QString huge = shown(u"ä"_s.repeated(5 << 19).toUtf8(), QString(255, u'k'));
        QCOMPARE(huge.size(), 16 * 1024 - 1);
        QVERIFY(huge.endsWith(u'ä'));
        QCOMPARE(value(u"properties"_s, "model").toList().at(2).toStringList().last(),
                 u"5.0 MiB, the first 32.0 KiB shown"_s);

        QAmqpMessage message("{}");
        QAmqpTable headers;
        for (int i = 0; i < 300; ++i)
            headers.insert(u"header-%1"_s.arg(i), i);
        headers.insert(u"nested"_s,
                       QAmqpTable::fromVariantMap({{u"list"_s, QVariantList{1, u"two"_s}},
                                                   {u"raw"_s, QByteArray("\x01\xff", 2)}}));
        headers.insert(u"raw"_s, QByteArray("\x02\xfe", 2));
        headers.insert(u"late"_s, QAmqpValue::timestamp(253402300800)); // the year 10000
        headers.insert(u"later"_s,
                       QAmqpValue::timestamp(8'640'000'000'001)); // no date of JavaScript
        headers.insert(u"latest"_s, QAmqpValue::timestamp(std::numeric_limits<quint64>::max()));
        message.setHeaders(headers);
        message.setTimestamp(QDateTime::fromSecsSinceEpoch(253402300800));
        QCOMPARE(shown(message, u"b"_s), u"{}"_s);
        QVERIFY(value(u"properties"_s, "count").toInt() > 302);
        QStringList lines;
        for (const QVariant &line : value(u"properties"_s, "model").toList())
            lines += line.toStringList().join(u'=');
        QVERIFY2(lines.contains(u"raw=02 fe"_s), qPrintable(lines.last()));
        const QString all = lines.join(u' ');
        QVERIFY2(all.contains(u" late=10000-01-01 "_s), qPrintable(all));
        QVERIFY2(all.contains(u" Sent=10000-01-01 "_s), qPrintable(all));
        QVERIFY2(lines.contains(u"later=8640000000001"_s), qPrintable(all));
        QVERIFY2(lines.contains(u"latest=18446744073709552000"_s), qPrintable(all));
        QVERIFY2(lines.contains(u"nested={\"list\":[1,\"two\"],\"raw\":\"01 ff\"}"_s),
                 qPrintable(lines.filter(u"nested"_s).join(u' ')));
        photograph(u"dashboard-odd"_s);
    }

    // One letter, one meaning.
    void hasMnemonicsOnce()
    {
        load(u"amqp://127.0.0.1:1"_s);
        QSet<QString> seen{u"o"_s}; // Alt+O has no text to stand in
        const auto items = m_window->findChildren<QQuickItem *>();
        for (const QQuickItem *each : items) {
            const QString text = each->property("text").toString();
            const auto at = text.indexOf(u'&');
            if (at < 0 || !each->inherits("QQuickAbstractButton"))
                continue;
            const QString letter = text.sliced(at + 1, 1).toLower();
            QVERIFY2(!seen.contains(letter), qPrintable(text));
            seen += letter;
        }
        QCOMPARE(seen.size(), 9);
    }

    void publishesValidJson()
    {
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        type(u"newBody"_s, "{\"half\":");
        QVERIFY(!value(u"publish"_s, "enabled").toBool());
        const auto textColor = [&] {
            return value(u"publish"_s, "contentItem").value<QObject *>()->property("color");
        };
        const QVariant disabled = textColor();
        QCOMPARE(value(u"status"_s, "text").toString(), u"The body is not JSON"_s);
        for (const char c : QByteArray("true}"))
            QTest::keyClick(m_window, c);
        QVERIFY2(value(u"publish"_s, "enabled").toBool(),
                 qPrintable(value(u"newBody"_s, "text").toString()));
        QTest::keyClick(m_window, Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(textColor() != disabled);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(outcome(), u"Confirmed by the broker"_s, Patience);
        type(u"newBody"_s, "{\"id\":9007199254740993}");
        type(u"key"_s, "a.b");
        click(item(u"publish"_s));
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 2, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(outcome(), u"Confirmed by the broker"_s, Patience);
        const auto *model = item(u"list"_s)->property("model").value<QAbstractItemModel *>();
        QCOMPARE(model->index(0, 0).data().toString(), u"{\"id\":9007199254740993}"_s);

        type(u"filter"_s, "nothing.of.this");
        QTRY_VERIFY_WITH_TIMEOUT(publishedAs(u"No queue takes this routing key"_s), Patience);
        QCOMPARE(value(u"status"_s, "color").value<QColor>(), bad());
        click(item(u"filter"_s));
        QTest::keyClick(m_window, Qt::Key_A, Qt::ControlModifier);
        QTest::keyClick(m_window, Qt::Key_Delete); // no pattern: everything
        QTRY_VERIFY_WITH_TIMEOUT(publishedAs(u"Confirmed by the broker"_s), Patience);
    }

    // As fast as the broker delivers: the promise is for 30 s, which the CTest desktop.dashboard-flood
    // takes; otherwise it is shorter.
    void staysSmoothInAFlood()
    {
        const int given = qEnvironmentVariableIntValue("QTAMQP_FLOOD_SECONDS");
        const int seconds = given > 0 ? given : 3;
        load(url());
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        QList<DesktopTest::Flood::Letter> letters;
        for (int i = 0; i < 60; ++i)
            letters.append({QString::fromLatin1(keys[i % 6]), reading(u"pump"_s, i)});
        DesktopTest::Flood flood(u"tst_dashboard"_s, letters, std::numeric_limits<qint64>::max());
        const auto *queue = m_window->findChild<QAmqpQuickQueue *>(u"queue"_s);
        connect(queue, &QAmqpQuickQueue::messageReceived, m_window,
                [&flood] { flood.delivered(1); });
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 5000, Patience);
        click(item(u"list"_s), {100, 75}); // with a message in detail, which moves down
        QTest::qWait(seconds * 1000 / 5);

        const double memory = DesktopTest::residentMemory();
        const qint64 before = flood.deliveredSoFar();
        DesktopTest::StallMeter meter;
        meter.start();
        QTest::qWait(seconds * 500);
        QTest::keyClick(m_window, Qt::Key_V, Qt::AltModifier);
        click(line(u"speed"_s));
        QTest::qWait(seconds * 500);
        meter.stop();
        const double grown = DesktopTest::residentMemory() - memory;
        const qint64 rate = (flood.deliveredSoFar() - before) / seconds;
        const QString text = u"%1 messages/s for %2 s; %3; memory grew by %4 MiB to %5"_s.arg(rate)
                                     .arg(seconds)
                                     .arg(meter.text())
                                     .arg(grown, 0, 'f', 1)
                                     .arg(memory + grown, 0, 'f', 0);
        qInfo("%s", qPrintable(text));
        QVERIFY(isReady());
        QVERIFY(!item(u"banner"_s)->isVisible());
        QCOMPARE(rows(), 5000);
        QVERIFY2(rate > 500, qPrintable(text));
        QVERIFY2(meter.longestTurn() < 50, qPrintable(text));
        QVERIFY2(meter.longestOwnGap() < 50, qPrintable(text));
        QVERIFY2(grown < 16, qPrintable(text));
        queue->disconnect(m_window);
    }

    // Ten thousand routing keys, in one branch that is open.
    void staysSmoothWithManyRoutingKeys()
    {
        if (qEnvironmentVariableIntValue("QTAMQP_FLOOD_SECONDS") == 0)
            QSKIP("it takes some seconds; desktop.dashboard-flood has it");
        constexpr int seconds = 3;
        constexpr int count = 10'000;
        load(url(), Page::Values);
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        const double memory = DesktopTest::residentMemory();
        QList<DesktopTest::Flood::Letter> letters;
        for (int i = 0; i < count; ++i)
            letters.append({u"sensor.%1"_s.arg(i), reading(u"pump"_s, i)});
        DesktopTest::Flood flood(u"tst_dashboard"_s, letters, std::numeric_limits<qint64>::max());
        const auto *queue = m_window->findChild<QAmqpQuickQueue *>(u"queue"_s);
        connect(queue, &QAmqpQuickQueue::messageReceived, m_window,
                [&flood] { flood.delivered(1); });
        DesktopTest::StallMeter meter;
        meter.start();
        const auto *tree = item(u"tree"_s);
        QTRY_COMPARE_WITH_TIMEOUT(
                value(u"telemetry"_s, "telemetry").value<QObject *>()->property("keyCount"), count,
                3 * Patience);
        QCOMPARE(tree->property("count").toInt(), 1); // so many are not opened by themselves
        item(u"tree"_s)->forceActiveFocus();
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Right);
        QTRY_COMPARE_WITH_TIMEOUT(tree->property("count").toInt(), count + 1, Patience);
        click(line(u"1"_s));
        QTest::qWait(seconds * 1000);
        meter.stop();
        const double grown = DesktopTest::residentMemory() - memory;
        type(u"filter"_s, "sensor.777");
        QTRY_COMPARE_WITH_TIMEOUT(tree->property("count").toInt(), 2, Patience);
        const QString text = u"%1; memory grew by %2 MiB"_s.arg(meter.text()).arg(grown, 0, 'f', 1);
        qInfo("%s", qPrintable(text));
        QVERIFY(isReady());
        QVERIFY2(meter.longestTurn() < 100, qPrintable(text));
        QVERIFY2(grown < 96, qPrintable(text));
        queue->disconnect(m_window);
    }

    void looksGood()
    {
        load(url(), Page::Values);
        QTRY_VERIFY_WITH_TIMEOUT(isReady(), Patience);
        QElapsedTimer time;
        time.start();
        for (int i = 0; time.elapsed() < 4000; ++i) {
            const auto [key, message] = measurement(i);
            QVERIFY(m_channel->publish(u"tst_dashboard"_s, key, message));
            if (i % 5 == 0)
                QTest::qWait(5 + int(9 * (1 + std::sin(double(time.elapsed()) / 900))));
        }
        click(line(u"speed"_s));
        photograph(u"dashboard"_s);
        QTest::keyClick(m_window, Qt::Key_M, Qt::AltModifier);
        // Once it is laid out.
        QTRY_VERIFY((click(item(u"list"_s), {100, 75}), value(u"list"_s, "currentIndex") != -1));
        photograph(u"dashboard-messages"_s);
        m_window->resize(m_window->minimumSize());
        photograph(u"dashboard-messages-small"_s);
        QTest::keyClick(m_window, Qt::Key_V, Qt::AltModifier);
        photograph(u"dashboard-small"_s);
    }
};

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("QTAMQP_TEST_URL")) {
        std::puts("SKIP   : needs RabbitMQ; run tests/run.sh, or set QTAMQP_TEST_URL");
        return 77;
    }
    QGuiApplication app(argc, argv);
    TestDashboard test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_dashboard.moc"
