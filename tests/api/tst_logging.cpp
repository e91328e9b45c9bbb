// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The application's own code that the library calls back: a message handler, a provider of credentials. It
// may publish over the connection that it hears of, run an event loop, or delete the connection.

#include "apitest.h"
#include "scripted/autobroker.h"

#include <QtCore/qeventloop.h>
#include <QtCore/qloggingcategory.h>

#include <stdexcept>

using namespace std::chrono_literals;

namespace {

// The message handler of the application, for the categories of the library with all that they tell.
class Handler
{
public:
    explicit Handler(std::function<void(const QString &line)> handle)
    {
        s_handle = std::move(handle);
        QLoggingCategory::setFilterRules(u"qt.amqp.*=true"_s);
        s_previous = qInstallMessageHandler(
                [](QtMsgType type, const QMessageLogContext &context, const QString &text) {
                    if (QByteArrayView(context.category).startsWith("qt.amqp."))
                        s_handle(QString::fromLatin1(context.category).mid(8) + u": "_s + text);
                    else
                        s_previous(type, context, text);
                });
    }
    ~Handler()
    {
        qInstallMessageHandler(s_previous);
        QLoggingCategory::setFilterRules({});
    }
    Q_DISABLE_COPY_MOVE(Handler)

private:
    static inline std::function<void(const QString &)> s_handle;
    static inline QtMessageHandler s_previous = nullptr;
};

// An application with a consumer, that publishes and ends in good order.
class Application
{
public:
    explicit Application(const AutoServer &server)
        : connection(
                std::make_unique<QAmqpConnection>(QAmqpConnectionOptions::fromUrl(server.url())))
    {
        QObject::connect(connection.get(), &QAmqpConnection::closed, [this] { isOver = true; });
        QObject::connect(connection.get(), &QAmqpConnection::errorOccurred,
                         [this](const QAmqpError &e) { error = e; });
        channel = connection->createChannel();
        QObject::connect(channel, &QAmqpChannel::confirmed,
                         [this](quint64 first, quint64 last) { confirmed += last - first + 1; });
        consumer = channel->consume(u"q"_s);
        QObject::connect(consumer, &QAmqpConsumer::messageReceived,
                         [this](const QAmqpDelivery &delivery) {
                             delivery.ack();
                             if (++received == expected)
                                 connection->close();
                         });
        connection->open();
    }
    void publish(int count, qsizetype size)
    {
        expected = count;
        for (int i = 0; i < count; ++i)
            channel->publish({}, u"q"_s, QAmqpMessage(QByteArray(size, 'x')));
    }

    std::unique_ptr<QAmqpConnection> connection;
    QPointer<QAmqpChannel> channel;
    QAmqpConsumer *consumer = nullptr;
    QAmqpError error;
    bool isOver = false;
    int expected = 0;
    int received = 0;
    quint64 confirmed = 0;
};

// What one such life tells, to a handler that only listens.
QStringList plainTrace(const AutoServer &server)
{
    QStringList lines;
    const Handler handler([&](const QString &line) { lines.append(line); });
    Application application(server);
    application.publish(3, 10);
    eventually([&] { return application.isOver; });
    application.connection.reset();
    return lines;
}

} // namespace

class TestLogging : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void handlerThatPublishes_data();
    void handlerThatPublishes();
    void handlerThatRunsAnEventLoop();
    void handlerThatDeletesTheConnection();
    void handlerThatOpensAgain();
    void theEndIsTold();
    void warnsOfWhatNobodyIsTold_data();
    void warnsOfWhatNobodyIsTold();
    void providerMayDoAnything_data();
    void providerMayDoAnything();
    void tunerThatDeletesTheConnection();
    void loginWaitsForItsProvider();
};

void TestLogging::handlerThatPublishes_data()
{
    QTest::addColumn<bool>("ownChannel");
    QTest::addColumn<int>("count");
    QTest::addColumn<int>("size");
    QTest::newRow("on a channel of its own") << true << 40 << 50'000;
    QTest::newRow("on the application's channel") << false << 40 << 50'000;
    QTest::newRow("small messages, own channel") << true << 500 << 10;
}

void TestLogging::handlerThatPublishes()
{
    QFETCH(bool, ownChannel);
    QFETCH(int, count);
    QFETCH(int, size);
    AutoServer server;
    QStringList lines;
    QByteArrayList sent;
    QPointer<QAmqpChannel> channel;
    const Handler handler([&](const QString &line) {
        lines.append(line);
        if (channel && channel->publish({}, u"log"_s, QAmqpMessage(line.toUtf8())))
            sent.append(line.toUtf8());
    });
    Application application(server);
    TRY_COMPARE(application.channel->isOpen(), true);
    channel = ownChannel ? application.connection->createChannel() : application.channel.get();
    TRY_COMPARE(channel->isOpen(), true);
    application.publish(count, size);
    TRY_COMPARE(application.isOver, true);
    QVERIFY2(!application.error, qPrintable(application.error.text()));
    QCOMPARE(application.received, count);
    QVERIFY(sent.size() >= 2);
    QCOMPARE(server.brokers.constFirst()->logged, sent);
    const auto shown = [&](const QString &what) { return lines.filter(what).size(); };
    QCOMPARE(shown(u"channel 1: basic.deliver"_s), ownChannel ? count : shown(u"basic.deliver"_s));
    if (ownChannel) // of the other only what came before the handler used it
        QCOMPARE(shown(u"-> channel 1: basic.publish"_s), count);
    QVERIFY(shown(u"channel 2"_s) <= 6);
    QVERIFY(shown(u"a message handler uses"_s) == 1);
    QCOMPARE(lines.constLast(), u"connection: closed"_s);
}

void TestLogging::handlerThatRunsAnEventLoop()
{
    AutoServer server;
    const QStringList plain = plainTrace(server);
    QVERIFY(plain.size() > 20);
    QStringList lines;
    int depth = 0;
    int deepest = 0;
    const Handler handler([&](const QString &line) {
        lines.append(line);
        deepest = std::max(deepest, ++depth);
        for (int i = 0; i < 10; ++i)
            QCoreApplication::processEvents();
        --depth;
    });
    Application application(server);
    application.publish(3, 10);
    TRY_COMPARE(application.isOver, true);
    application.connection.reset();
    QCOMPARE(deepest, 1);
    // What happens in such a loop changes the times at which things are sent, not what is told of a direction.
    for (const QString &direction : {u"frames: -> "_s, u"frames: <- "_s})
        QCOMPARE(lines.filter(direction), plain.filter(direction));
    QCOMPARE(lines.filter(u"connection: "_s), plain.filter(u"connection: "_s));
}

void TestLogging::handlerThatDeletesTheConnection()
{
    AutoServer server;
    const qsizetype all = plainTrace(server).size();
    for (qsizetype at = 1; at <= all; ++at) {
        std::unique_ptr<Application> application;
        QStringList lines;
        const Handler handler([&](const QString &line) {
            lines.append(line);
            if (lines.size() == at && application)
                application->connection.reset();
        });
        application = std::make_unique<Application>(server);
        application->publish(3, 10);
        TRY_COMPARE(!application->connection || application->isOver, true);
        QCoreApplication::processEvents();
        QVERIFY2(lines.size() >= at, qPrintable(lines.join(u'\n')));
    }
}

// The line belongs to a session that the handler ends; what was read of it is not told in the next one.
void TestLogging::handlerThatOpensAgain()
{
    AutoServer server;
    std::unique_ptr<Application> application;
    bool again = false;
    const Handler handler([&](const QString &line) {
        if (!line.contains(u"<- channel 1: body"_s) || std::exchange(again, true))
            return;
        application->connection->abort();
        while (!application->isOver)
            QCoreApplication::processEvents();
        application->isOver = false;
        application->channel->open();
        application->connection->open();
    });
    application = std::make_unique<Application>(server);
    application->publish(1, 10);
    TRY_COMPARE(application->channel->isOpen() && again, true);
    QCOMPARE(application->received, 0);
    QCOMPARE(server.brokers.size(), 2);
    application->connection->close();
    TRY_COMPARE(application->isOver, true);
    QVERIFY2(!application->error, qPrintable(application->error.text()));
}

void TestLogging::theEndIsTold()
{
    AutoServer server;
    QStringList lines;
    QPointer<QAmqpChannel> made;
    std::unique_ptr<Application> application;
    const Handler handler([&](const QString &line) {
        lines.append(line);
        if (application && line.contains(u"-> channel 0: connection.close("))
            made = application->connection->createChannel();
    });
    application = std::make_unique<Application>(server);
    TRY_COMPARE(application->consumer->state(), QAmqpConsumer::State::Active);
    application->channel->publish({}, u"q"_s, QAmqpMessage("last"));
    delete application->channel.get();
    lines.clear();
    delete application->connection.get(); // so that the handler still finds it
    Q_UNUSED(application->connection.release());
    QCOMPARE(lines.filter(u"-> channel 1: basic.publish"_s).size(), 1);
    QVERIFY(!made); // it went with the connection
}

void TestLogging::warnsOfWhatNobodyIsTold_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<bool>("connected"); // errorOccurred()
    QTest::addColumn<int>("warnings");
    QTest::newRow("publish") << u"publish"_s << false << 1;
    QTest::newRow("publish with a slot") << u"publish"_s << true << 0;
    QTest::newRow("publish with a future") << u"publish with a future"_s << false << 0;
    QTest::newRow("request") << u"request"_s << false << 0;
    QTest::newRow("consume") << u"consume"_s << false << 1;
    QTest::newRow("end of the connection") << u"connection"_s << false << 1;
    QTest::newRow("end of the connection with a slot") << u"connection"_s << true << 0;
}

void TestLogging::warnsOfWhatNobodyIsTold()
{
    QFETCH(QString, what);
    QFETCH(bool, connected);
    QFETCH(int, warnings);
    AutoServer server;
    QAmqpConnection connection(
            QAmqpConnectionOptions::fromUrl(server.url()).setRecoveryEnabled(false));
    QAmqpChannel *channel = connection.createChannel();
    const QSignalSpy over(channel, &QAmqpChannel::closed);
    if (connected) {
        QObject::connect(channel, &QAmqpChannel::errorOccurred, [] {});
        QObject::connect(&connection, &QAmqpConnection::errorOccurred, [] {});
    }
    connection.open();
    TRY_COMPARE(channel->isOpen(), true);
    int told = 0;
    const auto end = qScopeGuard(
            [previous = qInstallMessageHandler(nullptr)] { qInstallMessageHandler(previous); });
    static int *count = nullptr;
    count = &told;
    qInstallMessageHandler(
            [](QtMsgType type, const auto &, const auto &) { *count += type == QtWarningMsg; });
    if (what == u"publish") {
        channel->publish({}, u"close channel"_s, QAmqpMessage("x"));
    } else if (what == u"publish with a future") {
        channel->publishConfirmed({}, u"close channel"_s, QAmqpMessage("x"));
    } else if (what == u"request") {
        server.fault = {AutoFault::CloseChannel, QueueDeclare::info.id()};
        channel->declareQueue(u"q"_s);
    } else if (what == u"consume") {
        server.fault = {AutoFault::CloseChannel, BasicConsume::info.id()};
        channel->consume(u"q"_s);
    } else {
        server.fault = {AutoFault::CloseConnection, QueueDeclare::info.id()};
        channel->declareQueue(u"q"_s);
    }
    TRY_COMPARE(over.count(), 1);
    QCoreApplication::processEvents();
    QCOMPARE(told, warnings);
}

void TestLogging::providerMayDoAnything_data()
{
    QTest::addColumn<QString>("deed");
    for (const QString &deed : {u"publish"_s, u"delete"_s, u"abort"_s, u"close"_s, u"loop"_s,
                                u"outlast"_s, u"open again"_s})
        QTest::newRow(qPrintable(deed)) << deed;
}

void TestLogging::providerMayDoAnything()
{
    QFETCH(QString, deed);
    AutoServer server;
    auto connection = std::make_unique<QAmqpConnection>();
    QPointer<QAmqpChannel> channel = connection->createChannel();
    bool isOver = false;
    QObject::connect(connection.get(), &QAmqpConnection::closed, [&] { isOver = true; });
    QAmqpError error;
    QObject::connect(connection.get(), &QAmqpConnection::errorOccurred,
                     [&](const QAmqpError &e) { error = e; });
    bool isConfirmed = false;
    QObject::connect(channel, &QAmqpChannel::confirmed, [&] { isConfirmed = true; });
    int asked = 0;
    const auto provider = [&] {
        if (++asked == 1 || deed == u"outlast") {
            if (deed == u"publish")
                channel->publish({}, u"q"_s, QAmqpMessage("1"));
            else if (deed == u"delete")
                connection.reset();
            else if (deed == u"abort")
                connection->abort();
            else if (deed == u"close")
                connection->close();
            else if (deed == u"loop")
                for (int i = 0; i < 20; ++i)
                    QCoreApplication::processEvents();
            else
                connection->abort();
            if (deed == u"outlast" || deed == u"open again") {
                while (!isOver)
                    QCoreApplication::processEvents();
            }
            if (deed == u"open again") {
                isOver = false;
                connection->open();
            }
        }
        return QAmqpCredentials::plain(u"guest"_s, u"guest"_s);
    };
    connection->setOptions(QAmqpConnectionOptions::fromUrl(server.url())
                                   .setCredentials(QAmqpCredentials::fromProvider(provider)));
    connection->open();
    const bool opens = deed == u"publish" || deed == u"loop" || deed == u"open again";
    TRY_COMPARE(!connection || isOver || connection->isOpen(), true);
    QCOMPARE(connection && connection->isOpen(), opens);
    QVERIFY2(!error, qPrintable(error.text()));
    if (deed == u"publish")
        TRY_COMPARE(isConfirmed, true);
    if (deed == u"open again")
        QCOMPARE(asked, 2);
}

void TestLogging::tunerThatDeletesTheConnection()
{
    AutoServer server;
    auto connection = std::make_unique<QAmqpConnection>();
    connection->setOptions(
            QAmqpConnectionOptions::fromUrl(server.url()).setHeartbeatTuner([&](auto proposal) {
                connection.reset();
                return proposal;
            }));
    connection->open();
    TRY_COMPARE(connection == nullptr, true);
    QCoreApplication::processEvents();
}

// Bytes that come meanwhile, in the loop of a provider, are read when it has answered.
void TestLogging::loginWaitsForItsProvider()
{
    ScriptedServer server(Script().start()
                                  .send(ConnectionTune{0, 0, 0})
                                  .expect<ConnectionStartOk>()
                                  .expect<ConnectionTuneOk>()
                                  .expect<ConnectionOpen>());
    QAmqpConnection connection;
    bool isOver = false;
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { isOver = true; });
    const auto provider = [&] {
        for (int i = 0; i < 20; ++i)
            QCoreApplication::processEvents();
        if (connection.state() != QAmqpConnection::State::Handshaking)
            throw std::runtime_error("it did not wait");
        return QAmqpCredentials();
    };
    connection.setOptions(
            optionsFor(server).setCredentials(QAmqpCredentials::fromProvider(provider)));
    connection.open();
    TRY(server.isExhausted(), server);
    QVERIFY(!isOver);
    connection.abort();
}

QTAMQP_TEST(TestLogging)
#include "tst_logging.moc"
