// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_APITEST_H
#define QTAMQP_TESTS_APITEST_H

// What the tests of the objects share: a log of signals in order, and a connection to a scripted broker.

#include "await.h"
#include "scripted/scriptedbroker.h"
#include "testmain.h"

#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpconnection.h>
#include <QtAmqp/qamqpconsumer.h>
#include <QtAmqp/qamqpqueue.h>
#include <QtCore/qdeadlinetimer.h>
#include <QtCore/qtimer.h>
#include <QtTest/qsignalspy.h>

#include <functional>

namespace QtAmqpTest {

// Nothing here takes long; a machine under load may.
constexpr int Patience = 20'000;

// Without recovery: most scripts end with their link.
inline QAmqpConnectionOptions optionsFor(const ScriptedServer &server)
{
    return QAmqpConnectionOptions::fromUrl(server.url()).setRecoveryEnabled(false);
}

template<typename Enum>
QString nameOf(Enum value)
{
    return QString::fromLatin1(QMetaEnum::fromType<Enum>().valueToKey(int(value)));
}

// The signals of the watched objects, one line each, in the order of their emission.
class SignalLog : public QObject
{
public:
    QStringList lines;
    QList<QAmqpError> errors;

    void watch(QAmqpConnection *object, const QString &name = QStringLiteral("connection"))
    {
        using C = QAmqpConnection;
        connect(object, &C::stateChanged, this,
                [=, this](C::State state) { add(name, nameOf(state)); });
        connect(object, &C::opened, this, [=, this] { add(name, u"opened"); });
        connect(object, &C::closed, this, [=, this] { add(name, u"closed"); });
        connect(object, &C::errorOccurred, this,
                [=, this](const QAmqpError &error) { addError(name, error); });
        connect(object, &C::blockedChanged, this,
                [=, this](bool blocked) { add(name, blocked ? u"blocked" : u"unblocked"); });
    }
    void watch(QAmqpChannel *object, const QString &name = QStringLiteral("channel"))
    {
        using C = QAmqpChannel;
        connect(object, &C::stateChanged, this,
                [=, this](C::State state) { add(name, nameOf(state)); });
        connect(object, &C::opened, this, [=, this] { add(name, u"opened"); });
        connect(object, &C::closed, this, [=, this] { add(name, u"closed"); });
        connect(object, &C::errorOccurred, this,
                [=, this](const QAmqpError &error) { addError(name, error); });
        connect(object, &C::confirmed, this,
                [=, this](quint64 a, quint64 b) { addRange(name, u"confirmed", a, b); });
        connect(object, &C::nacked, this,
                [=, this](quint64 a, quint64 b) { addRange(name, u"nacked", a, b); });
        connect(object, &C::indeterminate, this,
                [=, this](quint64 a, quint64 b) { addRange(name, u"indeterminate", a, b); });
        connect(object, &C::messageReturned, this, [=, this](const QAmqpReturn &returned) {
            add(name, u"returned %1"_qs.arg(returned.publishTag()));
        });
        connect(object, &C::readyToPublish, this, [=, this] { add(name, u"ready"); });
    }
    void watch(QAmqpConsumer *object, const QString &name = QStringLiteral("consumer"))
    {
        using C = QAmqpConsumer;
        connect(object, &C::stateChanged, this,
                [=, this](C::State state) { add(name, nameOf(state)); });
        connect(object, &C::started, this, [=, this] { add(name, u"started"); });
        connect(object, &C::messageReceived, this, [=, this](const QAmqpDelivery &d) {
            add(name, u"received "_qs + QString::fromUtf8(d.body()));
        });
        connect(object, &C::cancelled, this, [=, this](const QAmqpError &error) {
            add(name, error ? u"cancelled: "_qs + nameOf(error.kind()) : u"cancelled"_qs);
        });
    }
    void watch(QAmqpQueue *object, const QString &name = QStringLiteral("queue"))
    {
        using C = QAmqpQueue;
        connect(object, &C::nameChanged, this,
                [=, this](const QString &to) { add(name, u"named "_qs + to); });
        connect(object, &C::messageReceived, this, [=, this](const QAmqpDelivery &d) {
            add(name, u"received "_qs + QString::fromUtf8(d.body()));
        });
        connect(object, &C::cancelled, this, [=, this](const QAmqpError &error) {
            add(name, error ? u"cancelled: "_qs + nameOf(error.kind()) : u"cancelled"_qs);
        });
    }

    qsizetype count(const QString &line) const { return lines.count(line); }
    // The lines of one object, without its name.
    QStringList of(const QString &name) const { return pick(lines, name); }
    static QStringList pick(const QStringList &lines, const QString &name)
    {
        QStringList own;
        for (const QString &line : lines) {
            if (line.startsWith(name + u'.'))
                own.append(line.mid(name.size() + 1));
        }
        return own;
    }

private:
    void add(const QString &name, QStringView what) { lines.append(name + u'.' + what.toString()); }
    void addError(const QString &name, const QAmqpError &error)
    {
        add(name, u"error "_qs + nameOf(error.kind()));
        errors.append(error);
    }
    void addRange(const QString &name, QStringView what, quint64 first, quint64 last)
    {
        add(name, u"%1 %2-%3"_qs.arg(what).arg(first).arg(last));
    }
};

// A connection to a scripted broker, with one channel; open() opens both.
class Session
{
public:
    explicit Session(const Script &script) : server(script), connection(optionsFor(server))
    {
        log.watch(&connection);
    }

    void open()
    {
        if (!channel)
            makeChannel();
        connection.open();
        QTRY_VERIFY2_WITH_TIMEOUT(channel->isOpen(), qPrintable(server.report()), Patience);
    }
    QAmqpChannel *makeChannel()
    {
        channel = connection.createChannel();
        log.watch(channel);
        return channel;
    }
    void setOptions(const std::function<void(QAmqpConnectionOptions &)> &change)
    {
        QAmqpConnectionOptions options = connection.options();
        change(options);
        connection.setOptions(options);
    }
    // Waits until the script was played and the client knows it.
    void close()
    {
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        connection.close();
        QVERIFY2(!closed.isEmpty() || closed.wait(Patience), qPrintable(server.report()));
        QVERIFY2(server.isExhausted(), qPrintable(server.report()));
    }

    SignalLog log; // outlives what it watches
    ScriptedServer server;
    QAmqpConnection connection;
    QAmqpChannel *channel = nullptr;
};

// Runs the event loop until `condition` is true; false if it does not become so.
template<typename Condition>
bool eventually(Condition condition)
{
    const QDeadlineTimer deadline(Patience);
    QTimer wake; // conditions may come true without an event
    wake.start(std::chrono::milliseconds(10));
    while (!condition()) {
        if (deadline.hasExpired())
            return false;
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    return true;
}

inline Script openedChannel() { return Script().handshake().channelOpen(); }

} // namespace QtAmqpTest

using namespace QtAmqpPrivate;
using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

// As QTRY_VERIFY() and QTRY_COMPARE(), which look every 50 ms only; on failure the first tells where
// the broker's script stands.
#define TRY(condition, server) \
  QVERIFY2(eventually([&] { return bool(condition); }), qPrintable((server).report()))
#define TRY_COMPARE(value, expected) \
  do { \
    eventually([&] { return (value) == (expected); }); \
    QCOMPARE(value, expected); \
  } while (false)

#endif
