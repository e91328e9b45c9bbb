// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "traffic.h"

namespace BrokerTest {

using namespace Qt::StringLiterals;

namespace {

// Of the numbers that were published and have not arrived, all are within this many.
constexpr qint64 MostInQueue = 5000;

} // namespace

void NumberSet::insert(qint64 number)
{
    if (contains(number))
        return;
    m_beyond.insert(number);
    while (m_beyond.remove(m_next))
        ++m_next;
}

Traffic::Traffic(QAmqpConnection *connection, const QAmqpQueueOptions &options)
    : m_publisher(connection->createChannel()), m_reader(connection->createChannel())
{
    m_publisher->declareQueue(m_queue, options);
    m_publisher->setMaxUnconfirmed(500);
    connect(m_publisher, &QAmqpChannel::confirmed, this, [this](quint64 first, quint64 last) {
        for (quint64 tag = first; tag <= last; ++tag)
            m_confirmed.insert(takeEnded(tag));
    });
    connect(m_publisher, &QAmqpChannel::indeterminate, this, [this](quint64 first, quint64 last) {
        m_indeterminate += qint64(last - first + 1);
        publishAgain(first, last);
    });
    connect(m_publisher, &QAmqpChannel::nacked, this, [this](quint64 first, quint64 last) {
        m_nacked += qint64(last - first + 1);
        for (quint64 tag = first; tag <= last; ++tag) {
            m_waiting.append(takeEnded(tag));
            m_again.insert(m_waiting.constLast());
        }
        if (!m_afterNacks.isActive())
            m_afterNacks.start(500ms);
    });
    connect(m_publisher, &QAmqpChannel::closed, m_publisher, &QAmqpChannel::open);
    m_afterNacks.setSingleShot(true);
    connect(&m_afterNacks, &QTimer::timeout, m_publisher, &QAmqpChannel::close);
    connect(m_publisher, &QAmqpChannel::messageReturned, this, [this] { complain(u"a return"_s); });
    m_reader->declareQueue(m_queue, options); // so that it is there
    QAmqpConsumer *const consumer =
            m_reader->consume(m_queue, QAmqpConsumeOptions().setPrefetch(100));
    connect(consumer, &QAmqpConsumer::messageReceived, this, &Traffic::arrive);
    connect(consumer, &QAmqpConsumer::cancelled, this,
            [this](const QAmqpError &reason) { complain(u"cancelled: "_s + reason.text()); });
    connect(&m_pace, &QTimer::timeout, this, &Traffic::publishMore);
}

void Traffic::publish(int batch, qint64 last)
{
    m_batch = batch;
    m_last = last;
    m_pace.start(20ms);
}

bool Traffic::isDone() const
{
    return !m_wrong.isEmpty()
            || (m_confirmed.size() == m_last && m_arrived.size() == m_last && m_next > m_last);
}

QByteArray Traffic::report() const
{
    return u"%1 messages published, %2 confirmed, %3 arrived, %4 indeterminate, %5 nacked, %6 came more than once %7"_s
            .arg(m_next - 1)
            .arg(m_confirmed.size())
            .arg(m_arrived.size())
            .arg(m_indeterminate)
            .arg(m_nacked)
            .arg(m_duplicates)
            .arg(m_wrong)
            .toUtf8();
}

bool Traffic::mayPublish() const
{
    const auto state = m_publisher->state();
    return state == QAmqpChannel::State::Open || state == QAmqpChannel::State::Opening;
}

void Traffic::publishMore()
{
    if (!mayPublish())
        return;
    while (!m_waiting.isEmpty() && m_publisher->isReadyToPublish())
        publishOne(m_waiting.takeFirst());
    for (int i = 0; i < m_batch && m_next <= m_last && m_publisher->isReadyToPublish()
         && m_next - m_arrived.size() < MostInQueue;
         ++i)
        publishOne(m_next++);
}

void Traffic::publishOne(qint64 number)
{
    QAmqpMessage message(QByteArray::number(number));
    message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    message.setMessageId(QString::number(number));
    const quint64 tag = m_publisher->publish({}, m_queue, message, QAmqpChannel::Mandatory);
    if (tag == 0)
        complain(m_publisher->lastError().text());
    m_open.insert(tag, number);
}

qint64 Traffic::takeEnded(quint64 tag)
{
    if (!m_open.contains(tag))
        complain(u"publish %1 has ended twice"_s.arg(tag));
    return m_open.take(tag);
}

void Traffic::publishAgain(quint64 first, quint64 last)
{
    for (quint64 tag = first; tag <= last; ++tag) {
        const qint64 number = takeEnded(tag);
        m_again.insert(number);
        if (mayPublish())
            publishOne(number);
        else
            m_waiting.append(number);
    }
    // All copies of the older ones have arrived.
    m_again.removeIf([this](qint64 number) { return number < m_next - 4 * MostInQueue; });
}

void Traffic::arrive(const QAmqpDelivery &delivery)
{
    const qint64 number = delivery.body().toLongLong();
    if (m_arrived.contains(number)) {
        ++m_duplicates;
        if (!delivery.isRedelivered() && !m_again.contains(number))
            complain(u"message %1 came again for no reason"_s.arg(number));
    }
    m_arrived.insert(number);
    delivery.ack();
}

void Traffic::complain(const QString &what)
{
    if (m_wrong.isEmpty())
        m_wrong = what;
}

Calls::Calls(QAmqpConnection *client, QAmqpConnection *server)
    : m_client(client->createChannel())
    , m_serving(server->createChannel())
    , m_server(m_serving, m_queue)
{
    m_client.setIdempotent(true);
    m_client.setTimeout(10 * Patience);
    m_client.channel()->declareQueue(m_queue, QAmqpQueueOptions().setDurable());
    m_serving->declareQueue(m_queue, QAmqpQueueOptions().setDurable());
    m_server.setHandler([](const QAmqpDelivery &request) { return QAmqpMessage(request.body()); });
    m_server.start();
}

void Calls::start()
{
    if (m_isStopped)
        return;
    const QByteArray request = QByteArray::number(++m_called);
    m_client.call({}, m_queue, QAmqpMessage(request))
            .then(this,
                  [this, request](const QAmqpMessage &reply) {
                      ++m_answered;
                      if (reply.body() == request)
                          return start();
                      m_wrong = u"another answer"_s;
                  })
            .onFailed(this, [this](const QAmqpException &exception) {
                m_wrong = exception.error().text();
            });
}

Chaos::Chaos(ChaosProxy *proxy) : m_proxy(*proxy)
{
    m_relief.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &Chaos::happen);
    connect(&m_relief, &QTimer::timeout, this, [this] {
        m_proxy.stall(false);
        m_proxy.throttle(0);
    });
}

void Chaos::stop()
{
    m_timer.stop();
    m_relief.start(0);
}

void Chaos::happen()
{
    m_timer.setInterval(100ms + std::chrono::milliseconds(m_random() % 300));
    switch (m_random() % 5) {
    case 0: return m_proxy.halfClose();
    case 1: m_proxy.stall(true); return m_relief.start(50ms);
    case 2: m_proxy.throttle(64 * 1024); return m_relief.start(90ms);
    default: return m_proxy.reset();
    }
}

std::unique_ptr<ChaosProxy> proxyOfBroker()
{
    const QAmqpHost host = options().hosts().constFirst();
    return std::make_unique<ChaosProxy>(host.hostName, host.port);
}

QAmqpConnectionOptions recovering()
{
    return options().setRecoveryEnabled(true).setRecoveryPolicy(
            QAmqpRetryPolicy::endless().setMaximumDelay(200ms));
}

QAmqpConnectionOptions through(const ChaosProxy &proxy)
{
    return recovering().setHosts({{u"127.0.0.1"_s, proxy.port()}});
}

} // namespace BrokerTest
