// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp ping: shows which broker answers, and how long it takes.

#include "json.h"
#include "output.h"
#include "run.h"

#include <QtCore/qelapsedtimer.h>
#include <QtNetwork/qsslcipher.h>
#include <QtNetwork/qsslconfiguration.h>

#include <algorithm>
#include <numeric>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

double milliseconds(qint64 nanoseconds) { return double(nanoseconds) / 1e6; }

// Measures a request that changes nothing and that every broker answers at once.
QList<double> measure(Run &run, QAmqpChannel *channel, quint64 count)
{
    QList<double> times;
    for (quint64 i = 0; i < count; ++i) {
        QElapsedTimer timer;
        timer.start();
        run.wait(channel->setPrefetch(1));
        times += milliseconds(timer.nsecsElapsed());
    }
    return times;
}

struct Peer
{
    QString product;
    QString version;
    QString protocol; // of TLS; empty without TLS
    QString cipher;
};

Peer describe(const QAmqpConnection &connection)
{
    const QAmqpTable properties = connection.serverProperties();
    const QSslCipher cipher = connection.tlsSession().sessionCipher();
    return {properties.value(u"product"_s).toString(), properties.value(u"version"_s).toString(),
            cipher.protocolString(), cipher.name()};
}

QByteArray toJson(const QAmqpConnection &connection, const Peer &peer, double connectTime,
                  const QList<double> &times)
{
    JsonObject json;
    json.addText("endpoint", connection.endpoint())
            .addText("product", peer.product)
            .addText("version", peer.version)
            .addNumber("channel_max", connection.channelMax())
            .addNumber("frame_max", connection.frameMax())
            .addNumber("heartbeat", connection.heartbeat().count());
    if (!peer.cipher.isEmpty())
        json.addText("tls_protocol", peer.protocol).addText("tls_cipher", peer.cipher);
    json.addReal("connect_ms", connectTime, 3);
    QList<QByteArray> numbers;
    for (const double time : times)
        numbers += QByteArray::number(time, 'f', 3);
    return json.add("round_trip_ms", jsonArray(numbers)).line();
}

QString toText(const QAmqpConnection &connection, const Peer &peer, double connectTime,
               const QList<double> &times)
{
    QString text = u"%1: %2 %3\n"_s.arg(connection.endpoint(), QAmqpError::printable(peer.product),
                                        QAmqpError::printable(peer.version));
    if (!peer.cipher.isEmpty())
        text += u"TLS: %1, %2\n"_s.arg(peer.protocol, peer.cipher);
    text += u"limits: %1 channels, frames of %2 bytes, heartbeat %3 s\n"_s
                    .arg(connection.channelMax())
                    .arg(connection.frameMax())
                    .arg(connection.heartbeat().count());
    const auto [least, most] = std::minmax_element(times.begin(), times.end());
    const double sum = std::accumulate(times.begin(), times.end(), 0.0);
    return text
            + u"connected in %1 ms; %2 round trips: least %3, mean %4, most %5 ms\n"_s
                      .arg(connectTime, 0, 'f', 1)
                      .arg(times.size())
                      .arg(*least, 0, 'f', 3)
                      .arg(sum / double(times.size()), 0, 'f', 3)
                      .arg(*most, 0, 'f', 3);
}

void ping(Run &run)
{
    const quint64 count = run.arguments().number("count", 1, 1'000'000, 5);
    QElapsedTimer timer;
    timer.start();
    Session session(run);
    const double connectTime = milliseconds(timer.nsecsElapsed());
    const QList<double> times = measure(run, session.channel(), count);
    const Peer peer = describe(session.connection());
    print(run.json() ? toJson(session.connection(), peer, connectTime, times)
                     : toText(session.connection(), peer, connectTime, times).toUtf8());
    session.close();
}

constexpr Option options[] = {
        {"n,count", "N", "How many round trips to measure, 5 by default."},
};

} // namespace

const Command pingCommand = {
        "ping",
        "",
        0,
        "Connect, and show what the broker is and how fast it answers",
        "For a broker with TLS, and a password that is not on the command line:\n"
        "--url 'amqps://user@host/?cacertfile=ca.pem' --password-file FILE.\n",
        "qamqp ping\n"
        "qamqp ping --count 20 --json\n",
        options,
        ping,
};

} // namespace Tool
