// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The blocking facade under the workloads of the plan.
// usage: bench_blocking HOST PORT WORKLOAD COUNT SIZE QUEUE   (see run.py)
//
//     each      publish, waiting for each confirm
//     window    publish, a thousand unconfirmed at most
//     call      a request and its answer
//     stopped   how much longer than its timeout a call takes while the broker, whose process id is
//               QUEUE, is stopped

#include "measure.h"

#include <QtAmqp/qamqpblockingconnection.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qdir.h>
#include <QtCore/qfile.h>
#include <QtCore/qstringlist.h>
#include <QtCore/qthread.h>

#include <algorithm>
#include <functional>

#include <csignal>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

Measure measure;
std::vector<double> latencies;

void timeEach(long count, const std::function<void()> &call)
{
    measure.start();
    for (long i = 0; i < count; ++i) {
        const double start = Measure::now();
        call();
        latencies.push_back(Measure::now() - start);
    }
    measure.stop();
}

void publishWithinWindow(QAmqpBlockingChannel &channel, const QString &queue,
                         const QAmqpMessage &message, long count)
{
    channel.setConfirmWindow(1000);
    measure.start();
    for (long i = 0; i < count; ++i)
        channel.publish({}, queue, message).value();
    channel.waitForConfirms().value();
    measure.stop();
}

// SIGSTOP is obeyed a moment later, one thread after the other, and later on a busy machine.
void stop(pid_t process)
{
    kill(process, SIGSTOP);
    const auto stands = [](const QFileInfo &thread) {
        QFile stat(thread.filePath() + u"/stat"_s);
        if (!stat.open(QIODevice::ReadOnly))
            return true; // it has ended
        const QByteArray line = stat.readAll();
        return line.mid(line.lastIndexOf(')') + 2, 1) == "T";
    };
    const QDir threads(u"/proc/%1/task"_s.arg(process));
    QFileInfoList all;
    do {
        QThread::msleep(1);
        all = threads.entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot);
    } while (!std::all_of(all.cbegin(), all.cend(), stands));
}

void callWhileStopped(QAmqpBlockingChannel &channel, pid_t broker, long count)
{
    constexpr auto timeout = 50ms;
    channel.setTimeout(timeout);
    stop(broker);
    timeEach(count, [&] {
        const auto result = channel.setPrefetch(1);
        if (result || result.error().kind() != QAmqpError::Kind::Timeout)
            qFatal("not a timeout: %s",
                   result ? "it was answered" : qPrintable(result.error().text()));
    });
    kill(broker, SIGCONT);
    for (double &latency : latencies)
        latency -= std::chrono::duration<double>(timeout).count();
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    if (arguments.size() < 7) {
        std::fprintf(stderr, "usage: %s HOST PORT WORKLOAD COUNT SIZE QUEUE\n", argv[0]);
        return 1;
    }
    const QString workload = arguments.at(3);
    const long count = arguments.at(4).toLong();
    const long size = arguments.at(5).toLong();
    const QString &queue = arguments.at(6);
    const QAmqpMessage message(QByteArray(size, 'x'));
    QAmqpBlockingConnection connection(QAmqpConnectionOptions()
                                               .setHostName(arguments.at(1))
                                               .setPort(arguments.at(2).toUShort())
                                               .setHeartbeat(0s));
    QAmqpBlockingChannel channel = connection.createChannel().value();
    if (workload == u"each")
        timeEach(count, [&] { channel.publish({}, queue, message).value(); });
    else if (workload == u"call")
        timeEach(count, [&] { channel.setPrefetch(1).value(); });
    else if (workload == u"stopped")
        callWhileStopped(channel, pid_t(queue.toInt()), count);
    else
        publishWithinWindow(channel, queue, message, count);
    measure.print("QtAmqp", qPrintable(workload), count, size, latencies);
    connection.abort();
    return 0;
}
