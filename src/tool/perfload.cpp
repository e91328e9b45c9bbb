// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "perfload.h"

#include <QtAmqp/qamqpconsumer.h>
#include <QtCore/qendian.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

constexpr int Burst = 64; // messages that are published before the event loop gets its turn
constexpr qsizetype StampSize = sizeof(qint64);

qint64 nanoseconds()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

PerfOptions::PerfOptions(const Arguments &arguments)
    : producers(int(arguments.number("producers", 0, 1000, 1)))
    , consumers(int(arguments.number("consumers", 0, 1000, 1)))
    , size(qsizetype(arguments.number("size", StampSize, 128 * 1024 * 1024, 12)))
    , rate(double(arguments.number("rate", 1, 10'000'000, 0)))
    , window(arguments.number("confirm", 1, 1'000'000, 0))
    , prefetch(quint16(arguments.number("prefetch", 0, 65535, 0)))
    , noAck(arguments.isSet("no-ack"))
    , ackEvery(arguments.number("multi-ack-every", 1, 65535, 1))
    , producerMessages(arguments.number("pmessages", 1, std::numeric_limits<qint64>::max(), 0))
    , consumerMessages(arguments.number("cmessages", 1, std::numeric_limits<qint64>::max(), 0))
    , duration(arguments.seconds("time"))
    , exchange(arguments.value("exchange"))
    , routingKey(arguments.value("routing-key"))
{
    for (const QString &flag : arguments.values("flag")) {
        if (flag != "persistent"_L1 && flag != "mandatory"_L1)
            throw Failure{BadUsage, u"--flag \"%1\" is not persistent or mandatory"_s.arg(flag)};
        (flag == "persistent"_L1 ? persistent : mandatory) = true;
    }
    if (producers + consumers == 0)
        throw Failure{BadUsage, u"there is nothing to do without producers and consumers"_s};
    if (prefetch > 0 && ackEvery > prefetch) {
        throw Failure{BadUsage,
                      u"--multi-ack-every must not be more than --prefetch: the broker would "
                      "wait for the acknowledgement"_s};
    }
    // A test without any limit ends after ten seconds.
    const bool ends = duration || (producers > 0 && producerMessages > 0)
            || (consumers > 0 && consumerMessages > 0);
    if (!ends)
        duration = 10s;
}

Producer::Producer(Run &run, const PerfOptions &options, PerfTotals &totals)
    : m_options(options)
    , m_totals(totals)
    , m_body(options.size, '\0')
    , m_session(run, u"qamqp perf producer"_s)
{
    using C = QAmqpChannel;
    QAmqpChannel *channel = m_session.channel();
    channel->setConfirms(options.window > 0);
    channel->setMaxUnconfirmed(options.window);
    if (options.persistent)
        m_message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    QObject::connect(channel, &C::confirmed, channel, [this](quint64 first, quint64 last) {
        m_totals.confirmed += last - first + 1;
        settle(first, last);
    });
    QObject::connect(channel, &C::nacked, channel, [this](quint64 first, quint64 last) {
        m_totals.nacked += last - first + 1;
        settle(first, last);
    });
    QObject::connect(channel, &C::indeterminate, channel, [this](quint64 first, quint64 last) {
        m_totals.indeterminate += last - first + 1;
        forget(first, last);
    });
    QObject::connect(channel, &C::messageReturned, channel, [this] { ++m_totals.returned; });
    if (options.rate > 0) {
        m_wake.setTimerType(Qt::PreciseTimer);
        m_wake.callOnTimeout([] {}); // the event is enough: pump() is called after each
        m_wake.start(1ms);
    }
}

void Producer::settle(quint64 first, quint64 last)
{
    const qint64 now = nanoseconds();
    for (quint64 tag = first; tag <= last; ++tag) {
        if (const auto it = m_sentAt.constFind(tag); it != m_sentAt.cend()) {
            m_totals.confirmLatency.add(quint64(now - *it));
            m_sentAt.erase(it);
        }
    }
}

void Producer::forget(quint64 first, quint64 last)
{
    for (quint64 tag = first; tag <= last; ++tag)
        m_sentAt.remove(tag);
}

bool Producer::isDone() const
{
    return m_stopped || (m_options.producerMessages > 0 && m_sent >= m_options.producerMessages);
}

bool Producer::isSettled() const
{
    if (!isDone() || m_session.channel()->unconfirmed() > 0)
        return false;
    return m_options.window > 0 || (m_end && m_end->isFinished());
}

void Producer::stop()
{
    m_stopped = true;
    askForTheEnd();
}

// The broker returns a message before it answers a request that follows the message.
void Producer::askForTheEnd()
{
    if (m_options.window == 0 && !m_end)
        m_end = m_session.channel()->setPrefetch(0);
}

bool Producer::pump()
{
    QAmqpChannel *channel = m_session.channel();
    if (isDone())
        askForTheEnd();
    for (int i = 0; i < Burst; ++i) {
        const qint64 now = nanoseconds();
        const double due = double(now - m_totals.begin) * 1e-9 * m_options.rate;
        if (isDone() || (m_options.rate > 0 && double(m_sent) >= due)
            || !channel->isReadyToPublish())
            return false;
        qToBigEndian(now, m_body.data());
        m_message.setBody(m_body);
        const quint64 tag = channel->publish(m_options.exchange, m_options.routingKey, m_message,
                                             m_options.mandatory ? QAmqpChannel::Mandatory
                                                                 : QAmqpChannel::NoFlags);
        if (tag == 0)
            throw failureOf(channel->lastError());
        if (m_options.window > 0)
            m_sentAt.insert(tag, now);
        ++m_sent;
        ++m_totals.sent;
        m_totals.lastSent = now;
    }
    return true;
}

Consumer::Consumer(Run &run, const PerfOptions &options, PerfTotals &totals)
    : m_options(options), m_totals(totals), m_session(run, u"qamqp perf consumer"_s)
{
}

void Consumer::start(Run &run, const QString &queue)
{
    m_consumer = m_session.channel()->consume(
            queue, QAmqpConsumeOptions().setPrefetch(m_options.prefetch).setNoAck(m_options.noAck));
    if (m_consumer->state() == QAmqpConsumer::State::Cancelled)
        throw failureOf(m_session.channel()->lastError());
    QObject::connect(m_consumer, &QAmqpConsumer::messageReceived, m_consumer,
                     [this](const QAmqpDelivery &delivery) { receive(delivery); });
    QObject::connect(m_consumer, &QAmqpConsumer::cancelled, m_consumer,
                     [&run](const QAmqpError &reason) {
                         if (reason)
                             run.fail(failureOf(reason));
                     });
    run.waitUntil([this] { return m_consumer->isActive(); });
}

void Consumer::receive(const QAmqpDelivery &delivery)
{
    if (isDone())
        return; // the message is not acknowledged, and goes back to the queue
    const qint64 now = nanoseconds();
    const QByteArray body = delivery.body();
    if (body.size() >= StampSize) {
        // A message that another program put into the queue has no stamp.
        const qint64 age = now - qFromBigEndian<qint64>(body.constData());
        if (age >= 0 && age < std::chrono::nanoseconds(24h).count()) {
            m_totals.latency.add(quint64(age));
            m_totals.recentLatency.add(quint64(age));
        }
    }
    ++m_received;
    ++m_totals.received;
    m_totals.lastReceived = now;
    if (!m_options.noAck && (m_received % m_options.ackEvery == 0 || isDone()))
        delivery.ack(m_options.ackEvery > 1 ? QAmqpDelivery::Multiple : QAmqpDelivery::Single);
}

} // namespace Tool
