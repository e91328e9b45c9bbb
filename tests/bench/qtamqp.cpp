// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Our client under the workloads of the plan, through the public API and without tuning.
// usage: bench_qtamqp HOST PORT WORKLOAD COUNT SIZE QUEUE [CHANNELS [UNACKED]]
// WORKLOAD: pub pub-fresh pub-keys conf conf-future cons-ack cons-mult cons-noack cons-keep ping conn; prints a
// line of JSON. gap and gap-slow (slots of 50 us) consume and print how late a timer of 1 ms came at most, in ms.
// CHANNELS are open besides, with nothing to do. With UNACKED, cons-ack leaves so many deliveries without an
// acknowledgement, and acknowledges the oldest as another comes.
// For measuring against a broker also: fill (declares the queue and puts COUNT messages into it) and drop (deletes the
// queue). It connects with TLS if QTAMQP_BENCH_TLS names the file of the certificate to trust.

#include "measure.h"

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpConsumer>
#include <QtCore/QCoreApplication>
#include <QtCore/QTimer>

#include <functional>

using namespace Qt::StringLiterals;

namespace {

class Bench
{
public:
    Bench(const QAmqpConnectionOptions &options, QByteArray workload, long count, long size,
          QString queue, int idleChannels, size_t unacked)
        : m_options(options)
        , m_workload(std::move(workload))
        , m_count(count)
        , m_size(size)
        , m_queue(std::move(queue))
        , m_idleChannels(idleChannels)
        , m_unacked(unacked)
        , m_message(QByteArray(size, 'x'))
    {
    }

    int run()
    {
        if (m_workload == "conn")
            return connections();
        open();
        QObject::connect(m_channel, &QAmqpChannel::opened, [this] {
            if (m_workload == "fill")
                fill();
            else if (m_workload == "drop")
                m_channel->deleteQueue(m_queue).then([this](quint32) { m_connection->close(); });
            else if (m_workload.startsWith("pub"))
                publishing();
            else if (m_workload.startsWith("conf"))
                confirming();
            else if (m_workload.startsWith("gap"))
                watchingGaps();
            else if (m_workload.startsWith("cons"))
                consuming();
            else
                pinging();
        });
        return QCoreApplication::exec();
    }

private:
    void open()
    {
        m_connection = std::make_unique<QAmqpConnection>(m_options);
        QObject::connect(m_connection.get(), &QAmqpConnection::errorOccurred,
                         [this](const QAmqpError &error) {
                             std::fprintf(stderr, "%s\n", qPrintable(error.text()));
                             m_failed = true;
                         });
        QObject::connect(m_connection.get(), &QAmqpConnection::closed, qApp,
                         [this] { QCoreApplication::exit(m_failed ? 1 : 0); });
        for (int i = 0; i < m_idleChannels; ++i)
            m_connection->createChannel();
        m_channel = m_connection->createChannel();
        m_connection->open();
    }

    void fill()
    {
        const auto declared = m_channel->declareQueue(m_queue);
        if (m_count > 0)
            confirming();
        else
            QFuture(declared).then([this](const QAmqpQueueInfo &) { m_connection->close(); });
    }

    void finish()
    {
        m_measure.stop();
        m_measure.print("qtamqp", m_workload.constData(), m_count, m_size, m_latencies);
        m_connection->close();
    }

    void publishing()
    {
        m_channel->setConfirms(false);
        const bool fresh = m_workload == "pub-fresh";
        QStringList keys(1000, m_queue);
        for (int i = 0; m_workload == "pub-keys" && i < keys.size(); ++i)
            keys[i] += QString::number(i);
        const auto publish = [this, fresh, keys] {
            while (m_done < m_count && m_channel->isReadyToPublish()) {
                m_channel->publish(QString(), keys.at(m_done % keys.size()),
                                   fresh ? QAmqpMessage(QByteArray(m_size, 'x')) : m_message);
                ++m_done;
            }
            // A request behind the publishes: its reply says that all of them were read.
            if (m_done == m_count && !std::exchange(m_asked, true))
                m_channel->setPrefetch(1).then([this] { finish(); });
        };
        QObject::connect(m_channel, &QAmqpChannel::readyToPublish, publish);
        m_measure.start();
        publish();
    }

    void confirming()
    {
        m_channel->setMaxUnconfirmed(1000);
        const bool futures = m_workload == "conf-future";
        const auto publish = [this, futures] {
            while (m_done < m_count && m_channel->isReadyToPublish()) {
                if (futures)
                    m_channel->publishConfirmed(QString(), m_queue, m_message);
                else
                    m_channel->publish(QString(), m_queue, m_message);
                ++m_done;
            }
        };
        QObject::connect(m_channel, &QAmqpChannel::readyToPublish, publish);
        QObject::connect(m_channel, &QAmqpChannel::confirmed, [this](quint64 first, quint64 last) {
            m_confirmed += long(last - first + 1);
            if (m_confirmed == m_count)
                finish();
        });
        m_measure.start();
        publish();
    }

    void consuming()
    {
        const long every = m_workload == "cons-mult" ? 100 : m_workload == "cons-ack" ? 1 : 0;
        const auto prefetch = quint16(1000 + m_unacked); // else nothing more would come
        m_measure.start();
        QAmqpConsumer *consumer = m_channel->consume(
                m_queue, QAmqpConsumeOptions().setNoAck(every == 0).setPrefetch(prefetch));
        if (m_workload == "cons-keep" || m_unacked > 0)
            return keeping(consumer, m_unacked > 0 ? m_unacked : 1000);
        QObject::connect(consumer, &QAmqpConsumer::messageReceived,
                         [this, every](const QAmqpDelivery &delivery) {
                             ++m_done;
                             if (every == 1)
                                 delivery.ack();
                             else if (every > 1 && m_done % every == 0)
                                 delivery.ack(QAmqpDelivery::Multiple);
                             if (m_done == m_count)
                                 finish();
                         });
    }

    void watchingGaps()
    {
        const double slotTime = m_workload == "gap-slow" ? 50e-6 : 0;
        const auto last = std::make_shared<double>(0);
        const auto largest = std::make_shared<double>(0);
        auto *timer = new QTimer(m_channel);
        timer->setTimerType(Qt::PreciseTimer);
        QObject::connect(timer, &QTimer::timeout, [=] {
            const double now = Measure::now();
            *largest = std::max(*largest, *last > 0 ? now - *last : 0);
            *last = now;
        });
        timer->start(1);
        QAmqpConsumer *consumer = m_channel->consume(m_queue, QAmqpConsumeOptions().setNoAck());
        QObject::connect(consumer, &QAmqpConsumer::messageReceived, [=, this] {
            for (const double end = Measure::now() + slotTime; Measure::now() < end;) { }
            if (++m_done == m_count) {
                std::printf("%.1f\n", *largest * 1e3);
                m_connection->close();
            }
        });
    }

    // Keeps the last `number` deliveries, and acknowledges those that it keeps no longer if that is wanted.
    void keeping(QAmqpConsumer *consumer, size_t number)
    {
        m_kept.resize(number);
        QObject::connect(consumer, &QAmqpConsumer::messageReceived,
                         [this](const QAmqpDelivery &delivery) {
                             QAmqpDelivery &oldest = m_kept[size_t(m_done) % m_kept.size()];
                             if (m_unacked > 0 && size_t(m_done) >= m_kept.size())
                                 oldest.ack();
                             oldest = delivery;
                             if (++m_done == m_count)
                                 finish();
                         });
    }

    void pinging()
    {
        m_channel->setConfirms(false);
        QAmqpConsumer *consumer = m_channel->consume(m_queue, QAmqpConsumeOptions().setNoAck());
        const auto ping = [this] {
            m_sent = Measure::now();
            m_channel->publish(QString(), m_queue, m_message);
        };
        QObject::connect(consumer, &QAmqpConsumer::messageReceived, [this, ping] {
            m_latencies.push_back(Measure::now() - m_sent);
            if (++m_done == m_count)
                finish();
            else
                ping();
        });
        QObject::connect(consumer, &QAmqpConsumer::started, [this, ping] {
            m_measure.start();
            ping();
        });
    }

    int connections()
    {
        m_measure.start();
        for (long i = 0; i < m_count; ++i) {
            const double start = Measure::now();
            open();
            QObject::connect(m_channel, &QAmqpChannel::opened, m_connection.get(),
                             [this] { m_connection->close(); });
            if (const int failed = QCoreApplication::exec())
                return failed;
            m_latencies.push_back(Measure::now() - start);
        }
        m_measure.stop();
        m_measure.print("qtamqp", "conn", m_count, 0, m_latencies);
        return 0;
    }

    const QAmqpConnectionOptions m_options;
    const QByteArray m_workload;
    const long m_count;
    const long m_size;
    const QString m_queue;
    const int m_idleChannels;
    const size_t m_unacked;
    const QAmqpMessage m_message;
    std::unique_ptr<QAmqpConnection> m_connection;
    QAmqpChannel *m_channel = nullptr;
    Measure m_measure;
    std::vector<double> m_latencies;
    std::vector<QAmqpDelivery> m_kept;
    double m_sent = 0;
    long m_done = 0;
    long m_confirmed = 0;
    bool m_asked = false;
    bool m_failed = false;
};

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    if (argc < 7) {
        std::fprintf(
                stderr,
                "usage: bench_qtamqp HOST PORT WORKLOAD COUNT SIZE QUEUE [CHANNELS [UNACKED]]\n");
        return 2;
    }
    QAmqpConnectionOptions options;
    options.setHostName(QString::fromLocal8Bit(argv[1]))
            .setPort(quint16(std::atoi(argv[2])))
            .setHeartbeat(std::chrono::seconds(0));
    if (const QString certificate = qEnvironmentVariable("QTAMQP_BENCH_TLS");
        !certificate.isEmpty())
        options.setTlsEnabled(true).setCaCertificateFile(certificate);
    return Bench(options, argv[3], std::atol(argv[4]), std::atol(argv[5]),
                 QString::fromLocal8Bit(argv[6]), argc > 7 ? std::atoi(argv[7]) : 0,
                 argc > 8 ? size_t(std::atol(argv[8])) : 0)
            .run();
}
