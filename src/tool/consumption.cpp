// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "consumption.h"

#include "platform.h"
#include "typedvalue.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

constexpr qint64 LargeBody = 64 * 1024;
// What is written while more comes. A turn of the event loop brings less, unless messages are large.
constexpr qsizetype MostLines = 64 * 1024;

Consumption::Consumption(Run &run, Session &session, const Printer &toOutput)
    : m_run(run)
    , m_session(session)
    , m_count(run.arguments().number("count", 1, std::numeric_limits<qint64>::max(), 0))
    , m_noAck(run.arguments().isSet("no-ack"))
    , m_toOutput(toOutput)
{
}

QAmqpConsumeOptions Consumption::options() const
{
    const Arguments &arguments = m_run.arguments();
    quint64 prefetch = arguments.number("prefetch", 0, 65535, 250);
    if (m_count > 0 && (prefetch == 0 || prefetch > m_count))
        prefetch = std::min(m_count, quint64(65535)); // more messages stay in the queue
    return QAmqpConsumeOptions()
            .setPrefetch(quint16(prefetch))
            .setNoAck(m_noAck)
            .setExclusive(arguments.isSet("exclusive"))
            .setArguments(readTable(arguments.values("argument"), "argument"));
}

void Consumption::start(const QString &queue)
{
    if (m_noAck)
        m_run.setLossNote(u"messages that were on their way are lost, as --no-ack is given"_s);
    QObject::connect(&m_session.connection(), &QAmqpConnection::linkLost, &m_scope,
                     [this](const QAmqpError &cause) { linkLost(cause); });
    m_consumer = m_session.channel()->consume(queue, options());
    if (m_consumer->state() == QAmqpConsumer::State::Cancelled)
        throw failureOf(m_session.channel()->lastError());
    listen();
    m_run.waitUntil([this] {
        flush();
        return m_consumer->isActive() || isComplete();
    });
    // Without this the command would notice only when the next message is written.
    onReaderGone(&m_scope, [this] { m_run.fail({Done, {}}); });
}

void Consumption::listen()
{
    if (m_run.arguments().isSet("raw")) // a large body is written as it comes
        m_consumer->setBodySink(
                [this](const QAmqpDelivery &, quint64) -> QIODevice * {
                    if (isEnough())
                        return nullptr;
                    m_isArriving = true;
                    flush();
                    return &m_device;
                },
                LargeBody);
    QObject::connect(m_consumer, &QAmqpConsumer::messageReceived, &m_scope,
                     [this](const QAmqpDelivery &delivery) { receive(delivery); });
    QObject::connect(m_consumer, &QAmqpConsumer::messageDiscarded, &m_scope,
                     [this](const QAmqpDelivery &, const QAmqpError &error) {
                         m_isArriving = false;
                         if (!isEnough())
                             complain(m_run.name(), error.text());
                     });
    QObject::connect(m_consumer, &QAmqpConsumer::cancelled, &m_scope,
                     [this](const QAmqpError &reason) {
                         if (reason)
                             m_run.fail(failureOf(reason));
                     });
}

void Consumption::run()
{
    if (isPipe(Stream::Output)) // another program may write to the terminal
        m_run.progress().hide();
    const Counting counting(m_run.progress(), [this] { return standing(); });
    m_run.waitUntil([&] {
        flush();
        m_device.notice();
        if (const auto failure = m_writer.failure())
            m_run.fail(*failure);
        m_run.check();
        return isComplete();
    });
}

Standing Consumption::standing() const
{
    const quint64 done = written();
    const quint64 unwritten = m_received - done;
    return {done,
            m_count > 0 ? u"%1 of %2 messages"_s.arg(done).arg(m_count)
                        : u"%1 messages"_s.arg(done),
            unwritten > 0 ? u"waiting for the output to take %1"_s.arg(unwritten) : QString()};
}

quint64 Consumption::finish()
{
    if (m_consumer && m_session.channel()->isOpen()) {
        const auto cancelled = m_consumer->cancel();
        Run::settle([&] { return cancelled.isFinished(); }, 2s);
    }
    Run::settle(
            [&] {
                flush();
                m_device.notice();
                return m_writer.written() == m_received || m_writer.failure();
            },
            2s);
    const auto isDone = [](const std::optional<Failure> &f) { return f && f->status == Done; };
    const bool enough =
            isDone(m_writer.failure()) || isDone(m_run.failure()); // the reader went away
    return m_noAck && !enough ? m_received - m_writer.written() + m_isArriving : 0;
}

// A message that was written and not acknowledged comes again, and is written again. Half a body cannot be
// taken back, and the whole one would follow it.
void Consumption::linkLost(const QAmqpError &cause)
{
    if (m_isArriving)
        m_run.fail({NoConnection,
                    u"%1; the body of a message was written in part"_s.arg(cause.text())});
}

void Consumption::receive(const QAmqpDelivery &delivery)
{
    m_isArriving = false;
    if (isEnough() || m_hasFailed)
        return;
    try {
        m_toOutput.append(m_lines, delivery);
    } catch (const Failure &failure) {
        m_hasFailed = true; // a later one would acknowledge this one too
        return m_run.fail(failure);
    }
    ++m_received;
    m_last = delivery;
    if (m_lines.size() >= MostLines)
        flush();
}

void Consumption::flush()
{
    if (m_handedOver == m_received)
        return;
    // One "multiple" acknowledgement is enough, since earlier messages were written before.
    const auto ack = [last = m_last] { last.ack(QAmqpDelivery::Multiple); };
    m_writer.write(std::exchange(m_lines, {}), m_noAck ? std::function<void()>() : ack,
                   m_received - std::exchange(m_handedOver, m_received));
}

void consumeAll(Run &run, const std::function<QString(Session &)> &prepare)
{
    const Printer toOutput(run.arguments());
    const bool bounded = run.arguments().isSet("count");
    Session session(run);
    Consumption consumption(run, session, toOutput);
    bool started = false;
    try {
        consumption.start(prepare(session));
        started = true;
        run.setDoing(u"waiting for messages"_s);
        consumption.run();
    } catch (const Failure &failure) {
        if (const quint64 lost = consumption.finish(); lost > 0) {
            throw Failure{
                    failure.status,
                    failure.text + (failure.text.isEmpty() ? u""_s : u"; "_s)
                            + u"up to %1 messages are lost: they were not written, and --no-ack"_s
                                      .arg(lost)};
        }
        if (run.stopSignal() || !started || failure.status != TooLate)
            throw;
        if (!bounded)
            return; // the user asked to consume for that long
        throw Failure{
                TooLate,
                u"%1 of %2 messages came within %3 s"_s.arg(consumption.written())
                        .arg(run.arguments().value("count"), run.arguments().value("timeout"))};
    }
    consumption.finish();
    session.close();
}

} // namespace Tool
