// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Reading with TLS: what our client is measured beside, and the server that it needs.
// usage: bench_tls relay SINK_PORT CERTIFICATE KEY          puts TLS before the sink; prints its port
//        bench_tls openssl HOST PORT COUNT SIZE QUEUE       the same bytes read by OpenSSL alone
//        bench_tls qsslsocket HOST PORT COUNT SIZE QUEUE    and by a bare QSslSocket
//
// The last two send the whole opening without listening, which the sink puts up with, and read until as many bytes
// came as that many deliveries have.

#include "measure.h"

#include "codec/frame.h"
#include "codec/methods.h"

#include <QtCore/QCoreApplication>
#include <QtNetwork/QSslConfiguration>
#include <QtNetwork/QSslSocket>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <memory>
#include <string>

using namespace QtAmqpPrivate;

namespace {

[[noreturn]] void fail(const char *what)
{
    std::fprintf(stderr, "bench_tls: %s failed\n", what);
    std::exit(1);
}

template<typename Method>
QByteArray frame(quint16 channel, const Method &method)
{
    const qsizetype size = encodedSize(method);
    QByteArray bytes(size + FrameOverhead, Qt::Uninitialized);
    Writer out(bytes.data());
    encodeMethodFrame(out, channel, method, size);
    return bytes;
}

QByteArray opening(const QByteArray &queue)
{
    BasicConsume consume;
    consume.queue = QByteArrayView(queue);
    consume.noAck = true;
    return QByteArray("AMQP\0\0\x09\x01", 8)
            + frame(0,
                    ConnectionStartOk{{}, "PLAIN", QByteArrayView("\0guest\0guest", 12), "en_US"})
            + frame(0, ConnectionTuneOk{2047, 131072, 0}) + frame(0, ConnectionOpen{"/", {}})
            + frame(1, ChannelOpen{}) + frame(1, consume);
}

// Of deliveries whose consumer has an empty tag.
qint64 bytesOf(long count, long size)
{
    const qint64 bodies = (size + 131072 - FrameOverhead - 1) / (131072 - FrameOverhead);
    const qint64 method = frame(1, BasicDeliver{{}, 1, false, {}, "bench-key"}).size();
    return count * (method + ContentHeaderSize + FrameOverhead + size + bodies * FrameOverhead);
}

int connectTo(const char *host, int port)
{
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(quint16(port));
    inet_pton(AF_INET, host, &address.sin_addr);
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(descriptor, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0)
        fail("connecting");
    return descriptor;
}

void byOpenSsl(const char *host, int port, const QByteArray &request, qint64 wanted,
               Measure &measure)
{
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
            SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), connectTo(host, port));
    if (SSL_connect(ssl.get()) != 1)
        fail("the handshake");
    QByteArray in(65536, Qt::Uninitialized);
    measure.start();
    SSL_write(ssl.get(), request.constData(), int(request.size()));
    for (qint64 got = 0; got < wanted;) {
        const int some = SSL_read(ssl.get(), in.data(), int(in.size()));
        if (some <= 0)
            fail("reading");
        got += some;
    }
    measure.stop();
}

void byQSslSocket(const char *host, int port, const QByteArray &request, qint64 wanted,
                  Measure &measure)
{
    QSslSocket socket;
    socket.setPeerVerifyMode(QSslSocket::VerifyNone);
    socket.setReadBufferSize(65536);
    socket.connectToHostEncrypted(QString::fromLatin1(host), quint16(port));
    if (!socket.waitForEncrypted())
        fail("the handshake");
    QByteArray in(65536, Qt::Uninitialized);
    qint64 got = 0;
    QObject::connect(&socket, &QIODevice::readyRead, &socket, [&] {
        while (const qint64 some = std::max(qint64(0), socket.read(in.data(), in.size())))
            got += some;
        if (got >= wanted) {
            measure.stop();
            QCoreApplication::quit();
        }
    });
    QObject::connect(&socket, &QAbstractSocket::disconnected, &socket, [] { fail("reading"); });
    measure.start();
    socket.write(request);
    QCoreApplication::exec();
    socket.disconnect();
}

// Between one client and the sink, until one of both ends.
void pump(SSL *ssl, int client, int sink)
{
    QByteArray block(262144, Qt::Uninitialized);
    for (;;) {
        pollfd ready[] = {{client, POLLIN, 0}, {sink, POLLIN, 0}};
        if (SSL_pending(ssl) == 0)
            poll(ready, 2, -1);
        if (SSL_pending(ssl) > 0 || ready[0].revents) {
            const int some = SSL_read(ssl, block.data(), int(block.size()));
            if (some <= 0 || write(sink, block.constData(), size_t(some)) != some)
                return;
        }
        if (ready[1].revents) {
            const ssize_t some = recv(sink, block.data(), size_t(block.size()), MSG_DONTWAIT);
            if (some <= 0 || SSL_write(ssl, block.constData(), int(some)) <= 0)
                return;
        }
    }
}

[[noreturn]] void relay(int sinkPort, const char *certificate, const char *key)
{
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        fail("reading the certificate");
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), length) != 0
        || listen(listener, 8) != 0
        || getsockname(listener, reinterpret_cast<sockaddr *>(&address), &length) != 0)
        fail("listening");
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    for (;;) {
        const int client = accept(listener, nullptr, nullptr);
        const int on = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const int sink = connectTo("127.0.0.1", sinkPort);
        const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context), SSL_free);
        SSL_set_fd(ssl.get(), client);
        if (SSL_accept(ssl.get()) == 1)
            pump(ssl.get(), client, sink);
        close(client);
        close(sink);
    }
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "relay" && argc == 5)
        relay(std::atoi(argv[2]), argv[3], argv[4]);
    if (argc != 7 || (mode != "openssl" && mode != "qsslsocket")) {
        std::fprintf(stderr,
                     "usage: bench_tls relay SINK_PORT CERTIFICATE KEY\n"
                     "       bench_tls openssl|qsslsocket HOST PORT COUNT SIZE QUEUE\n");
        return 2;
    }
    const long count = std::atol(argv[4]);
    const long size = std::atol(argv[5]);
    Measure measure;
    const auto read = mode == "openssl" ? byOpenSsl : byQSslSocket;
    read(argv[2], std::atoi(argv[3]), opening(argv[6]), bytesOf(count, size), measure);
    measure.print(mode.c_str(), "cons-noack", count, size);
    return 0;
}
