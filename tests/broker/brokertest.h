// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_BROKERTEST_H
#define QTAMQP_TESTS_BROKERTEST_H

// What the tests against brokers share: the broker itself, waiting with generous limits, and logs of everything a connection, a channel or a consumer tells.

#include "await.h"
#include "testmain.h"

#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpconnection.h>
#include <QtAmqp/qamqpconsumer.h>
#include <QtAmqp/qamqpexchange.h>
#include <QtAmqp/qamqpqueue.h>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdeadlinetimer.h>
#include <QtCore/qtimer.h>

#include <map>
#include <optional>
#include <vector>

namespace BrokerTest {

using namespace std::chrono_literals;

// Nothing is expected to take this long; what does has hung.
constexpr auto Patience = 60s;
inline const QAmqpQueueOptions exclusive = QAmqpQueueOptions().setExclusive();
inline const QAmqpQueueOptions passive = QAmqpQueueOptions().setPassive();

// The broker that the tests talk to, and what an operator can do with it.
class Broker
{
public:
    // What it knows of a connection.
    struct Client
    {
        QByteArray user;
        QByteArray mechanism;
        bool isTls = false;
        QByteArray certificate; // the subject, CN=name
        QByteArray properties; // as text
    };

    virtual ~Broker() = default;
    virtual QString url() const = 0;
    virtual QString tlsUrl() const = 0;

    // These return false if it did not work.
    virtual bool addUser(const QString &name, const QString &password) = 0;
    virtual bool changePassword(const QString &name, const QString &password) = 0;
    virtual bool deleteUser(const QString &name) = 0;
    // Names that the user may configure, write to and read from in the tests' virtual host.
    virtual bool setPermissions(const QString &user, const QString &pattern) = 0;
    virtual bool raiseAlarm() = 0;
    virtual bool lowerAlarm() = 0;
    virtual bool closeConnections(const QString &reason) = 0;
    virtual std::optional<Client> client(const QString &connectionName) = 0;
    // For connections that are opened from now on.
    virtual bool setFrameMax(quint32 bytes) = 0;
};

// RabbitMQ, which the environment names, unless the tests run with other brokers as well (everybroker.h).
Broker &broker();
void setBroker(Broker &(*broker)());

QAmqpConnectionOptions options();
QAmqpConnectionOptions tlsOptions();
QString environment(const char *name);
QString virtualHost(); // of options() and tlsOptions()

// Run a program, or rabbitmqctl, with `arguments` while the event loop goes on; its output, or null on failure.
std::optional<QByteArray> outputOf(const QString &program, const QStringList &arguments);
std::optional<QByteArray> ctl(const QStringList &arguments);

// A name that no other test uses.
QString uniqueName(const QString &hint = QStringLiteral("test"));

// Bytes that differ from place to place and from seed to seed.
QByteArray bytes(qsizetype size, quint32 seed = 1);

// Lets the event loop run until `condition` holds; false if it never did.
template<typename Condition>
bool waitFor(Condition condition, std::chrono::milliseconds patience = Patience)
{
    const QDeadlineTimer limit(patience);
    QTimer wake;
    wake.start(10ms);
    while (!condition()) {
        if (limit.hasExpired())
            return false;
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    return true;
}

// Waits for a future and returns the error it ended with, none if it ended well.
template<typename T>
QAmqpError failure(QFuture<T> future)
{
    waitFor([&] { return future.isFinished(); });
    return QtAmqpTest::errorOf(future);
}

// Waits for all that was asked of a channel so far.
QAmqpError settled(QAmqpChannel *channel);

class Peer
{
public:
    explicit Peer(const QAmqpConnectionOptions &options = BrokerTest::options());

    bool open();
    bool close();
    bool waitForClosed();
    QAmqpChannel *channel() { return connection.createChannel(); }

    QAmqpConnection connection;
    int opened = 0;
    int closed = 0;
    QList<QAmqpError> errors;
    QList<bool> blocked;
};

enum class Fate { Confirmed, Nacked, Indeterminate };

class ChannelLog
{
public:
    explicit ChannelLog(QAmqpChannel *channel);

    qsizetype settledCount() const { return qsizetype(fates.size()); }
    qsizetype count(Fate fate) const;
    bool waitForSettled(quint64 lastTag) const;

    int opened = 0;
    int closed = 0;
    QList<QAmqpError> errors;
    std::map<quint64, Fate> fates;
    int settledTwice = 0;
    QList<QAmqpReturn> returned;

private:
    void settle(quint64 first, quint64 last, Fate fate);

    QObject m_scope; // its connections end with this object, which may go before the channel
};

class ConsumerLog
{
public:
    explicit ConsumerLog(QAmqpConsumer *consumer, bool ack = false);

    bool waitForMessages(qsizetype count) const;
    QList<QByteArray> bodies() const;

    QList<QAmqpDelivery> messages;
    int started = 0;
    QList<QAmqpError> cancelled;

private:
    QObject m_scope;
};

// The message that lies first in `queue`, by basic.get without acknowledgement.
std::optional<QAmqpDelivery> fetch(QAmqpChannel *channel, const QString &queue);

// How many messages are ready in `queue`, asked on a channel of its own.
int readyMessages(Peer &peer, const QString &queue);

QByteArray describe(const QAmqpError &error);

inline QList<QByteArray> numbers(int from, int to)
{
    QList<QByteArray> list;
    for (int i = from; i < to; ++i)
        list << QByteArray::number(i);
    return list;
}

} // namespace BrokerTest

// Waits for the future and fails the test with the error's text unless it ended well.
#define VERIFY_OK(future) \
  do { \
    const QAmqpError failed = BrokerTest::failure(future); \
    QVERIFY2(!failed, BrokerTest::describe(failed).constData()); \
  } while (false)

#define VERIFY_ERROR(error, expectedKind, expectedScope, expectedCode) \
  do { \
    const QAmqpError given = (error); \
    QVERIFY2(given.kind() == QAmqpError::Kind::expectedKind, \
             BrokerTest::describe(given).constData()); \
    QVERIFY2(given.scope() == QAmqpError::Scope::expectedScope, \
             BrokerTest::describe(given).constData()); \
    QCOMPARE(given.replyCode(), expectedCode); \
  } while (false)

#endif
