// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What the other clients' tests need of us and qamqp does not do: reads a command a line, prints an
// answer a line. Works on one connection with a channel for everything and one for relaying; "-" is an
// empty name.

#include <QtAmqp/QtAmqp>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qeventloop.h>
#include <QtCore/qmap.h>

#include <functional>
#include <iostream>
#include <string>

using namespace Qt::StringLiterals;

namespace {

QString nameOf(const QString &word) { return word == u"-" ? QString() : word; }

// Runs the event loop until `done`.
void await(const std::function<bool()> &done)
{
    while (!done())
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
}

template<typename T>
QString outcome(const QFuture<T> &future)
{
    await([&] { return future.isFinished(); });
    try {
        QFuture<T>(future).waitForFinished();
    } catch (const QAmqpException &exception) {
        return u"error "_s + exception.error().text();
    }
    return u"ok"_s;
}

class Peer
{
public:
    explicit Peer(const QString &url) : m_connection(QAmqpConnectionOptions::fromUrl(url))
    {
        m_channel = m_connection.createChannel();
        m_relay = m_connection.createChannel();
        QObject::connect(&m_connection, &QAmqpConnection::blockedChanged, &m_connection,
                         [this](bool blocked) {
                             m_told += blocked ? u"blocked "_s + m_connection.blockedReason()
                                               : u"unblocked"_s;
                         });
        QObject::connect(&m_connection, &QAmqpConnection::errorOccurred, &m_connection,
                         [](const QAmqpError &error) { qFatal("%s", qPrintable(error.text())); });
        m_connection.open();
        await([this] { return m_relay->isOpen(); });
    }

    QString run(const QStringList &words)
    {
        const auto word = [&](qsizetype i) { return nameOf(words.value(i)); };
        const QMap<QString, std::function<QString()>> commands = {
                {u"tx-select"_s, [&] { return outcome(m_channel->txSelect()); }},
                {u"tx-commit"_s, [&] { return outcome(m_channel->txCommit()); }},
                {u"tx-rollback"_s, [&] { return outcome(m_channel->txRollback()); }},
                {u"publish"_s,
                 [&] {
                     return QString::number(m_channel->publish(word(1), word(2), word(3).toUtf8()));
                 }},
                {u"get"_s, [&] { return get(word(1)); }},
                {u"ack"_s, [&] { return settled(m_got.ack()); }},
                {u"nack"_s, [&] { return settled(m_got.nack(QAmqpDelivery::Discard)); }},
                {u"requeue"_s, [&] { return settled(m_got.nack()); }},
                {u"reject"_s, [&] { return settled(m_got.reject(QAmqpDelivery::Discard)); }},
                {u"relay"_s, [&] { return relay(word(1), word(2)); }},
                {u"consume"_s, [&] { return consume(word(1)); }},
                {u"told"_s, [&] { return told(); }},
        };
        const auto command = commands.value(words.value(0));
        return command ? command() : u"error no such command"_s;
    }

private:
    static QString answer(bool accepted) { return accepted ? u"ok"_s : u"error not accepted"_s; }

    // The broker has answered a request behind it: now others see it.
    QString settled(bool accepted)
    {
        return accepted ? outcome(m_channel->setPrefetch(250)) : answer(false);
    }

    QString get(const QString &queue)
    {
        const auto got = m_channel->get(queue);
        if (const QString error = outcome(got); error != u"ok")
            return error;
        if (!got.result())
            return u"empty"_s;
        m_got = *got.result();
        return u"%1 %2 %3"_s.arg(m_got.text(), m_got.isRedelivered() ? u"again"_s : u"new"_s)
                .arg(m_got.remainingMessages());
    }

    // The message as it came, every property and header of it.
    QString relay(const QString &from, const QString &to)
    {
        const auto got = m_relay->get(from, QAmqpChannel::AckPolicy::NoAck);
        if (const QString error = outcome(got); error != u"ok")
            return error;
        if (!got.result())
            return u"error nothing to relay"_s;
        return outcome(m_relay->publishConfirmed({}, to, *got.result(), QAmqpChannel::Mandatory));
    }

    QString consume(const QString &queue)
    {
        QAmqpConsumer *consumer = m_channel->consume(queue);
        QObject::connect(
                consumer, &QAmqpConsumer::cancelled, consumer,
                [this](const QAmqpError &reason) { m_told += u"cancelled "_s + reason.text(); });
        await([consumer] { return consumer->state() != QAmqpConsumer::State::Starting; });
        return answer(consumer->isActive());
    }

    // The next of what the broker tells unasked.
    QString told()
    {
        await([this] { return !m_told.isEmpty(); });
        return m_told.takeFirst();
    }

    QAmqpConnection m_connection;
    QAmqpChannel *m_channel = nullptr;
    QAmqpChannel *m_relay = nullptr;
    QAmqpDelivery m_got;
    QStringList m_told;
};

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication app(argc, argv);
    Peer peer(qEnvironmentVariable("QTAMQP_TEST_URL"));
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);)
        std::cout << peer.run(QString::fromStdString(line).split(u' ')).toStdString() << std::endl;
    return 0;
}
