// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "brokertest.h"

#include <QtCore/qdebug.h>
#include <QtCore/qprocess.h>
#include <QtCore/qrandom.h>
#include <QtCore/qurl.h>

namespace BrokerTest {

QString environment(const char *name) { return qEnvironmentVariable(name); }

QString virtualHost() { return options().virtualHost(); }

// Most of the tests are about one link, which they lose on purpose or by a mistake of their own.
QAmqpConnectionOptions options()
{
    return QAmqpConnectionOptions::fromUrl(broker().url()).setRecoveryEnabled(false);
}

QAmqpConnectionOptions tlsOptions()
{
    return QAmqpConnectionOptions::fromUrl(broker().tlsUrl())
            .setCaCertificateFile(environment("QTAMQP_TEST_CA"));
}

namespace {

using namespace Qt::StringLiterals;

class RabbitMq : public Broker
{
public:
    QString url() const override { return environment("QTAMQP_TEST_URL"); }
    QString tlsUrl() const override { return environment("QTAMQP_TEST_TLS_URL"); }

    bool addUser(const QString &name, const QString &password) override
    {
        return does({u"add_user"_s, name, password});
    }
    bool changePassword(const QString &name, const QString &password) override
    {
        return does({u"change_password"_s, name, password});
    }
    bool deleteUser(const QString &name) override { return does({u"delete_user"_s, name}); }
    bool setPermissions(const QString &user, const QString &pattern) override
    {
        return does(
                {u"set_permissions"_s, u"-p"_s, virtualHost(), user, pattern, pattern, pattern});
    }
    bool raiseAlarm() override { return does({u"set_vm_memory_high_watermark"_s, u"0"_s}); }
    bool lowerAlarm() override { return does({u"set_vm_memory_high_watermark"_s, u"0.6"_s}); }
    bool closeConnections(const QString &reason) override
    {
        return does({u"close_all_connections"_s, u"--vhost"_s, virtualHost(), reason});
    }
    std::optional<Client> client(const QString &connectionName) override;
    bool setFrameMax(quint32 bytes) override
    {
        return does({u"eval"_s, u"application:set_env(rabbit, frame_max, %1)."_s.arg(bytes)});
    }

private:
    static bool does(const QStringList &arguments) { return ctl(arguments).has_value(); }
};

std::optional<Broker::Client> RabbitMq::client(const QString &connectionName)
{
    const auto listed = ctl({u"-q"_s, u"list_connections"_s, u"client_properties"_s, u"user"_s,
                             u"auth_mechanism"_s, u"ssl"_s, u"peer_cert_subject"_s});
    for (const QByteArray &line : listed.value_or(QByteArray()).split('\n')) {
        const QByteArrayList columns = line.split('\t');
        if (columns.size() == 5
            && columns.at(0).contains("{\"connection_name\",\"" + connectionName.toUtf8() + "\"}"))
            return Client{columns.at(1), columns.at(2), columns.at(3) == "true", columns.at(4),
                          columns.at(0)};
    }
    return {};
}

Broker &rabbitMq()
{
    static RabbitMq broker;
    return broker;
}

Broker &(*currentBroker)() = rabbitMq;

} // namespace

Broker &broker() { return currentBroker(); }
void setBroker(Broker &(*broker)()) { currentBroker = broker; }

std::optional<QByteArray> ctl(const QStringList &arguments)
{
    return outputOf(environment("QTAMQP_TEST_CTL"), arguments);
}

std::optional<QByteArray> outputOf(const QString &program, const QStringList &arguments)
{
    QProcess process;
    process.start(program, arguments);
    // Starting rabbitmqctl is work for two processors; beside a build half a minute was seen.
    if (!waitFor([&] { return process.state() == QProcess::NotRunning; }, 5min)) {
        qWarning() << program << arguments << "did not end";
        return std::nullopt;
    }
    if (process.exitStatus() != QProcess::NormalExit || process.exitCode() != 0) {
        qWarning() << program << arguments << "failed:" << process.errorString()
                   << process.readAllStandardError() << process.readAllStandardOutput();
        return std::nullopt;
    }
    QByteArray output = process.readAllStandardOutput();
    return output.isNull() ? QByteArray("") : output;
}

QString uniqueName(const QString &hint)
{
    static const quint32 run = QRandomGenerator::global()->generate();
    static int made = 0;
    return QStringLiteral("%1-%2-%3").arg(hint, QString::number(run, 36), QString::number(++made));
}

QByteArray bytes(qsizetype size, quint32 seed)
{
    QByteArray bytes(size, Qt::Uninitialized);
    quint32 state = seed * 2654435761U + 1;
    for (char &byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = char(state >> 24);
    }
    return bytes;
}

// A request that changes nothing: its answer comes after those of all before it.
QAmqpError settled(QAmqpChannel *channel) { return failure(channel->setPrefetch(250)); }

Peer::Peer(const QAmqpConnectionOptions &options) : connection(options)
{
    QObject::connect(&connection, &QAmqpConnection::opened, &connection, [this] { ++opened; });
    QObject::connect(&connection, &QAmqpConnection::closed, &connection, [this] { ++closed; });
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, &connection,
                     [this](const QAmqpError &error) { errors.append(error); });
    QObject::connect(&connection, &QAmqpConnection::blockedChanged, &connection,
                     [this](bool now) { blocked.append(now); });
}

bool Peer::open()
{
    const int before = opened;
    const int closedBefore = closed;
    connection.open();
    waitFor([&] { return opened > before || closed > closedBefore; });
    if (opened > before)
        return true;
    qWarning() << "cannot open:" << connection.lastError();
    return false;
}

bool Peer::close()
{
    connection.close();
    return waitForClosed();
}

bool Peer::waitForClosed()
{
    return waitFor([this] { return connection.state() == QAmqpConnection::State::Closed; });
}

ChannelLog::ChannelLog(QAmqpChannel *channel)
{
    using C = QAmqpChannel;
    QObject::connect(channel, &C::opened, &m_scope, [this] { ++opened; });
    QObject::connect(channel, &C::closed, &m_scope, [this] { ++closed; });
    QObject::connect(channel, &C::errorOccurred, &m_scope,
                     [this](const QAmqpError &error) { errors.append(error); });
    QObject::connect(channel, &C::confirmed, &m_scope,
                     [this](quint64 first, quint64 last) { settle(first, last, Fate::Confirmed); });
    QObject::connect(channel, &C::nacked, &m_scope,
                     [this](quint64 first, quint64 last) { settle(first, last, Fate::Nacked); });
    QObject::connect(channel, &C::indeterminate, &m_scope, [this](quint64 first, quint64 last) {
        settle(first, last, Fate::Indeterminate);
    });
    QObject::connect(channel, &C::messageReturned, &m_scope,
                     [this](const QAmqpReturn &message) { returned.append(message); });
}

void ChannelLog::settle(quint64 first, quint64 last, Fate fate)
{
    for (quint64 tag = first; tag <= last; ++tag)
        settledTwice += !fates.emplace(tag, fate).second;
}

qsizetype ChannelLog::count(Fate fate) const
{
    return std::count_if(fates.begin(), fates.end(),
                         [fate](const auto &entry) { return entry.second == fate; });
}

bool ChannelLog::waitForSettled(quint64 lastTag) const
{
    return waitFor([&] { return settledCount() >= qsizetype(lastTag); });
}

ConsumerLog::ConsumerLog(QAmqpConsumer *consumer, bool ack)
{
    using C = QAmqpConsumer;
    QObject::connect(consumer, &C::started, &m_scope, [this] { ++started; });
    QObject::connect(consumer, &C::messageReceived, &m_scope,
                     [this, ack](const QAmqpDelivery &delivery) {
                         messages.append(delivery);
                         if (ack)
                             delivery.ack();
                     });
    QObject::connect(consumer, &C::cancelled, &m_scope,
                     [this](const QAmqpError &reason) { cancelled.append(reason); });
}

bool ConsumerLog::waitForMessages(qsizetype count) const
{
    return waitFor([&] { return messages.size() >= count; });
}

QList<QByteArray> ConsumerLog::bodies() const
{
    QList<QByteArray> all;
    for (const QAmqpDelivery &message : messages)
        all.append(message.body());
    return all;
}

std::optional<QAmqpDelivery> fetch(QAmqpChannel *channel, const QString &queue)
{
    const auto future = channel->get(queue, QAmqpChannel::AckPolicy::NoAck);
    if (const QAmqpError error = failure(future)) {
        qWarning() << error;
        return std::nullopt;
    }
    return future.result();
}

int readyMessages(Peer &peer, const QString &queue)
{
    const std::unique_ptr<QAmqpChannel> channel(peer.channel());
    const auto future = channel->declareQueue(queue, QAmqpQueueOptions().setPassive());
    if (const QAmqpError error = failure(future)) {
        qWarning() << error;
        return -1;
    }
    return int(future.result().messageCount);
}

QByteArray describe(const QAmqpError &error)
{
    QString text;
    QDebug(&text) << error;
    return text.toUtf8();
}

} // namespace BrokerTest
