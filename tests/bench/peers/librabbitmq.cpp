// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// librabbitmq under the workloads of the plan, called as its own examples call it.
// usage: bench_librabbitmq HOST PORT WORKLOAD COUNT SIZE QUEUE   (see ../run.py)

#include "../measure.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

[[noreturn]] void fail(const char *what)
{
    std::fprintf(stderr, "librabbitmq: %s failed\n", what);
    std::exit(1);
}

class Bench
{
public:
    explicit Bench(char **argv)
        : m_host(argv[1])
        , m_port(std::atoi(argv[2]))
        , m_workload(argv[3])
        , m_count(std::atol(argv[4]))
        , m_size(std::atol(argv[5]))
        , m_text(size_t(m_size), 'x')
        , m_body{m_text.size(), m_text.data()}
        , m_queue(amqp_cstring_bytes(argv[6]))
    {
    }

    void run()
    {
        if (m_workload == "conn") {
            connections();
        } else {
            open();
            if (m_workload == "pub" || m_workload == "pub-keys")
                publish();
            else if (m_workload == "conf")
                confirm();
            else if (m_workload == "ping")
                ping();
            else if (m_workload == "cons-keep")
                keep();
            else
                consume();
            close();
        }
        m_measure.print("librabbitmq", m_workload.c_str(), m_count, m_size, m_latencies);
    }

private:
    void open()
    {
        m_connection = amqp_new_connection();
        if (amqp_socket_open(amqp_tcp_socket_new(m_connection), m_host, m_port) != 0)
            fail("connecting");
        check(amqp_login(m_connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"),
              "login");
        amqp_channel_open(m_connection, 1);
        check(amqp_get_rpc_reply(m_connection), "opening the channel");
    }

    void close()
    {
        amqp_channel_close(m_connection, 1, AMQP_REPLY_SUCCESS);
        amqp_connection_close(m_connection, AMQP_REPLY_SUCCESS);
        amqp_destroy_connection(m_connection);
    }

    static void check(const amqp_rpc_reply_t &reply, const char *what)
    {
        if (reply.reply_type != AMQP_RESPONSE_NORMAL)
            fail(what);
    }

    void send() { send(m_queue); }

    void send(amqp_bytes_t key)
    {
        if (amqp_basic_publish(m_connection, 1, amqp_empty_bytes, key, 0, 0, nullptr, m_body) != 0)
            fail("publishing");
    }

    void publish()
    {
        std::vector<std::string> keys(1000, std::string(static_cast<char *>(m_queue.bytes)));
        for (size_t i = 0; m_workload == "pub-keys" && i < keys.size(); ++i)
            keys[i] += std::to_string(i);
        m_measure.start();
        for (long i = 0; i < m_count; ++i)
            send(amqp_cstring_bytes(keys[size_t(i) % keys.size()].c_str()));
        amqp_basic_qos(m_connection, 1, 0, 1, 0); // its reply says that all was read
        m_measure.stop();
    }

    void confirm()
    {
        amqp_confirm_select(m_connection, 1);
        uint64_t acked = 0;
        const auto waitFor = [&](uint64_t tag) {
            while (acked < tag) {
                amqp_frame_t frame;
                if (amqp_simple_wait_frame(m_connection, &frame) != 0)
                    fail("waiting for a confirm");
                if (frame.frame_type == AMQP_FRAME_METHOD
                    && frame.payload.method.id == AMQP_BASIC_ACK_METHOD)
                    acked = static_cast<amqp_basic_ack_t *>(frame.payload.method.decoded)
                                    ->delivery_tag;
                amqp_maybe_release_buffers(m_connection);
            }
        };
        m_measure.start();
        for (long i = 0; i < m_count; ++i) {
            if (uint64_t(i) >= acked + 1000)
                waitFor(acked + 1);
            send();
        }
        waitFor(uint64_t(m_count));
        m_measure.stop();
    }

    uint64_t receive()
    {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(m_connection);
        check(amqp_consume_message(m_connection, &envelope, nullptr, 0), "receiving");
        const uint64_t tag = envelope.delivery_tag;
        amqp_destroy_envelope(&envelope);
        return tag;
    }

    void subscribe(bool noAck)
    {
        amqp_basic_consume(m_connection, 1, m_queue, amqp_empty_bytes, 0, noAck, 0,
                           amqp_empty_table);
        check(amqp_get_rpc_reply(m_connection), "consuming");
    }

    void consume()
    {
        const long every = m_workload == "cons-mult" ? 100 : m_workload == "cons-ack" ? 1 : 0;
        if (every)
            amqp_basic_qos(m_connection, 1, 0, 1000, 0);
        m_measure.start();
        subscribe(every == 0);
        for (long i = 1; i <= m_count; ++i) {
            const uint64_t tag = receive();
            if (every && i % every == 0)
                amqp_basic_ack(m_connection, 1, tag, every > 1);
        }
        m_measure.stop();
    }

    // The last thousand envelopes are kept.
    void keep()
    {
        std::vector<amqp_envelope_t> kept(1000);
        m_measure.start();
        subscribe(true);
        for (long i = 0; i < m_count; ++i) {
            amqp_envelope_t &oldest = kept[size_t(i) % kept.size()];
            if (size_t(i) >= kept.size())
                amqp_destroy_envelope(&oldest);
            amqp_maybe_release_buffers(m_connection);
            check(amqp_consume_message(m_connection, &oldest, nullptr, 0), "receiving");
        }
        m_measure.stop();
        for (size_t i = 0; i < std::min(kept.size(), size_t(m_count)); ++i)
            amqp_destroy_envelope(&kept[i]);
    }

    void ping()
    {
        subscribe(true);
        m_measure.start();
        for (long i = 0; i < m_count; ++i) {
            const double start = Measure::now();
            send();
            receive();
            m_latencies.push_back(Measure::now() - start);
        }
        m_measure.stop();
    }

    void connections()
    {
        m_measure.start();
        for (long i = 0; i < m_count; ++i) {
            const double start = Measure::now();
            open();
            close();
            m_latencies.push_back(Measure::now() - start);
        }
        m_measure.stop();
    }

    const char *m_host;
    const int m_port;
    const std::string m_workload;
    const long m_count;
    const long m_size;
    std::string m_text;
    const amqp_bytes_t m_body;
    const amqp_bytes_t m_queue;
    amqp_connection_state_t m_connection = nullptr;
    Measure m_measure;
    std::vector<double> m_latencies;
};

} // namespace

int main(int argc, char **argv)
{
    if (argc < 7) {
        std::fprintf(stderr, "usage: bench_librabbitmq HOST PORT WORKLOAD COUNT SIZE QUEUE\n");
        return 2;
    }
    Bench(argv).run();
    return 0;
}
