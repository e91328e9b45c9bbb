// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "platform.h"

#include <QtCore/qcoreapplication.h>
#include <QtCore/qfile.h>
#include <QtCore/qsocketnotifier.h>
#include <QtCore/qtimer.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>

#ifdef Q_OS_WIN
#  include <fcntl.h>
#  include <io.h>
#else
#  include <fcntl.h>
#  include <poll.h>
#  include <sys/ioctl.h>
#  include <sys/stat.h>
#  include <unistd.h>
#endif

namespace Tool {

namespace {

QString lastError() { return QString::fromLocal8Bit(std::strerror(errno)); }

#ifdef Q_OS_WIN

qint64 readSome(int stream, char *buffer, qint64 size)
{
    _setmode(stream, _O_BINARY);
    return _read(stream, buffer, unsigned(qMin(size, qint64(std::numeric_limits<int>::max()))));
}

qint64 writeSome(int stream, QByteArrayView bytes)
{
    _setmode(stream, _O_BINARY);
    return _write(stream, bytes.data(),
                  unsigned(qMin(bytes.size(), qsizetype(std::numeric_limits<int>::max()))));
}

void awaitRoom(int) { }

#else

qint64 readSome(int stream, char *buffer, qint64 size)
{
    return ::read(stream, buffer, size_t(size));
}

qint64 writeSome(int stream, QByteArrayView bytes)
{
    return ::write(stream, bytes.data(), size_t(bytes.size()));
}

// Waits until the stream takes more. It may be non-blocking, since other processes share it.
void awaitRoom(int stream)
{
    pollfd room = {stream, stream == int(Stream::Input) ? short(POLLIN) : short(POLLOUT), 0};
    ::poll(&room, 1, -1);
}

#endif

bool wouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

} // namespace

void keepStandardStreams()
{
#ifndef Q_OS_WIN
    for (const int stream : {0, 1, 2}) {
        // It is opened in the wrong mode, so that using it fails like a closed stream.
        if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
            ::open("/dev/null", stream == int(Stream::Input) ? O_WRONLY : O_RDONLY);
    }
#endif
}

void ignoreBrokenPipe()
{
#ifndef Q_OS_WIN
    ::signal(SIGPIPE, SIG_IGN);
#endif
}

bool isTerminal(Stream stream)
{
#ifdef Q_OS_WIN
    return _isatty(int(stream));
#else
    return ::isatty(int(stream));
#endif
}

bool isInForeground([[maybe_unused]] Stream terminal)
{
#ifndef Q_OS_WIN
    const pid_t inForeground = ::tcgetpgrp(int(terminal));
    return inForeground < 0 || inForeground == ::getpgrp();
#else
    return true;
#endif
}

bool isPipe([[maybe_unused]] Stream stream)
{
#ifndef Q_OS_WIN
    struct stat status = {};
    return ::fstat(int(stream), &status) == 0
            && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
#else
    return false;
#endif
}

int terminalWidth([[maybe_unused]] Stream stream)
{
#ifndef Q_OS_WIN
    winsize size = {};
    if (::ioctl(int(stream), TIOCGWINSZ, &size) == 0)
        return size.ws_col;
#endif
    return 0;
}

qint64 readInput(char *buffer, qint64 size, QString *error)
{
    for (;;) {
        const qint64 bytes = readSome(int(Stream::Input), buffer, size);
        if (bytes >= 0)
            return bytes;
        if (wouldBlock())
            awaitRoom(int(Stream::Input));
        else if (errno != EINTR) {
            *error = lastError();
            return -1;
        }
    }
}

bool writeToDisk(int handle, QString *error)
{
#ifdef Q_OS_WIN
    const bool ok = _commit(handle) == 0;
#else
    const bool ok = ::fsync(handle) == 0 || errno == EINVAL; // some special files have no disk
#endif
    if (!ok)
        *error = lastError();
    return ok;
}

bool writeFolderToDisk([[maybe_unused]] const QString &path, [[maybe_unused]] QString *error)
{
#ifndef Q_OS_WIN
    const int handle = ::open(QFile::encodeName(path).constData(), O_RDONLY | O_CLOEXEC);
    if (handle < 0) {
        *error = lastError();
        return false;
    }
    const bool ok = writeToDisk(handle, error);
    ::close(handle);
    return ok;
#else
    return true;
#endif
}

WriteResult writeAll(Stream stream, QByteArrayView bytes, QString *error)
{
    while (!bytes.isEmpty()) {
        const qint64 written = writeSome(int(stream), bytes);
        if (written >= 0)
            bytes = bytes.sliced(written);
        else if (wouldBlock())
            awaitRoom(int(stream));
        else if (errno == EPIPE)
            return WriteResult::ReaderGone;
        else if (errno != EINTR) {
            *error = lastError();
            return WriteResult::Failed;
        }
    }
    return WriteResult::Written;
}

void onReaderGone([[maybe_unused]] QObject *context,
                  [[maybe_unused]] const std::function<void()> &then)
{
#ifndef Q_OS_WIN
    // The notifier asks for exceptional conditions, but poll() reports an error in any case.
    auto *notifier = new QSocketNotifier(int(Stream::Output), QSocketNotifier::Exception, context);
    QObject::connect(notifier, &QSocketNotifier::activated, context, [notifier, then] {
        notifier->setEnabled(false);
        pollfd output = {int(Stream::Output), 0, 0};
        if (::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)))
            then();
    });
#endif
}

#ifdef Q_OS_WIN

static volatile std::sig_atomic_t received = 0;

void onStopSignal(const std::function<void(int)> &stop)
{
    for (const int signal : {SIGINT, SIGTERM})
        std::signal(signal, [](int number) { received = number; }); // the next one ends the program
    auto *look = new QTimer(QCoreApplication::instance());
    QObject::connect(look, &QTimer::timeout, look, [look, stop] {
        if (received == 0)
            return;
        look->deleteLater();
        stop(received);
    });
    look->start(std::chrono::milliseconds(100));
}

#else

static int signalPipe[2];
static volatile std::sig_atomic_t handled[2];
constexpr int stopSignals[2] = {SIGINT, SIGTERM};

// From now on each of the signals ends the program, whichever came first.
static void resetStopSignals()
{
    for (const int i : {0, 1}) {
        if (handled[i])
            ::signal(stopSignals[i], SIG_DFL);
    }
}

void onStopSignal(const std::function<void(int)> &stop)
{
    if (::pipe(signalPipe) != 0)
        return;
    for (const int i : {0, 1}) {
        const int signal = stopSignals[i];
        struct sigaction action = {};
        if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN)
            continue; // it is ignored, as under nohup or for a background job of a script
        handled[i] = 1;
        action.sa_handler = [](int number) {
            const int before = errno;
            resetStopSignals();
            const char byte = char(number);
            [[maybe_unused]] const auto written = ::write(signalPipe[1], &byte, 1);
            errno = before;
        };
        ::sigaction(signal, &action, nullptr);
    }
    auto *notifier =
            new QSocketNotifier(signalPipe[0], QSocketNotifier::Read, QCoreApplication::instance());
    QObject::connect(notifier, &QSocketNotifier::activated, notifier, [stop] {
        char number = 0;
        if (::read(signalPipe[0], &number, 1) == 1)
            stop(number);
    });
}

#endif

} // namespace Tool
