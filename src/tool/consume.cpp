// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp consume: a message is acknowledged after it was written; all others go back to the queue.

#include "output.h"
#include "platform.h"
#include "printer.h"
#include "run.h"
#include "typedvalue.h"

#include <QtAmqp/qamqpconsumer.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

// Returns the queue to consume from: that of the options, or a temporary one that is declared and bound here.
QString prepareQueue(Run &run, Session &session)
{
    const Arguments &arguments = run.arguments();
    if (!arguments.isSet("exchange"))
        return arguments.isSet("queue") ? arguments.value("queue") : arguments.operands().value(0);
    const QString queue =
            run.wait(session.channel()->declareQueue(
                             QString(), QAmqpQueueOptions().setExclusive().setAutoDelete()))
                    .name;
    QStringList keys = arguments.values("binding");
    if (keys.isEmpty())
        keys += QString();
    for (const QString &key : std::as_const(keys))
        run.wait(session.channel()->bindQueue(queue, arguments.value("exchange"), key));
    return queue;
}

void checkOptions(const Arguments &arguments)
{
    const bool operand = !arguments.operands().isEmpty();
    const int sources = arguments.isSet("queue") + arguments.isSet("exchange") + operand;
    if (sources != 1)
        throw Failure{BadUsage, u"give one of QUEUE and --exchange; see qamqp consume --help"_s};
    if (arguments.isSet("binding") && !arguments.isSet("exchange"))
        throw Failure{BadUsage, u"--binding is for --exchange; a queue keeps its bindings"_s};
    if (arguments.isSet("no-ack") && arguments.isSet("count")) {
        throw Failure{BadUsage,
                      u"--no-ack and --count do not go together: messages that are on their "
                      "way when the count is reached would be lost; leave --no-ack out"_s};
    }
}

class Consumption
{
public:
    Consumption(Run &run, Session &session, const Printer &toOutput)
        : m_run(run)
        , m_session(session)
        , m_count(run.arguments().number("count", 1, std::numeric_limits<qint64>::max(), 0))
        , m_noAck(run.arguments().isSet("no-ack"))
        , m_toOutput(toOutput)
    {
    }

    quint64 written() const { return m_writer.written(); }

    void start(const QString &queue)
    {
        if (m_noAck)
            m_run.setLossNote(u"messages that were on their way are lost, as --no-ack is given"_s);
        QObject::connect(&m_session.connection(), &QAmqpConnection::linkLost, &m_scope,
                         [this](const QAmqpError &cause) { linkLost(cause); });
        const Arguments &arguments = m_run.arguments();
        quint64 prefetch = arguments.number("prefetch", 0, 65535, 250);
        if (m_count > 0 && (prefetch == 0 || prefetch > m_count))
            prefetch = std::min(m_count, quint64(65535)); // more messages stay in the queue
        m_consumer = m_session.channel()->consume(
                queue,
                QAmqpConsumeOptions()
                        .setPrefetch(quint16(prefetch))
                        .setNoAck(m_noAck)
                        .setExclusive(arguments.isSet("exclusive"))
                        .setArguments(readTable(arguments.values("argument"), "argument")));
        if (m_consumer->state() == QAmqpConsumer::State::Cancelled)
            throw failureOf(m_session.channel()->lastError());
        if (arguments.isSet("raw")) // a large body is written as it comes
            m_consumer->setBodySink(
                    [this](const QAmqpDelivery &, quint64) -> QIODevice * {
                        if (isEnough())
                            return nullptr;
                        m_isArriving = true;
                        return &m_device;
                    },
                    LargeBody);
        QObject::connect(m_consumer, &QAmqpConsumer::messageReceived, &m_scope,
                         [this](const QAmqpDelivery &delivery) { receive(delivery); });
        QObject::connect(m_consumer, &QAmqpConsumer::messageDiscarded, &m_scope,
                         [this](const QAmqpDelivery &, const QAmqpError &error) {
                             m_isArriving = false;
                             if (!isEnough())
                                 complain(u"qamqp consume"_s, error.text());
                         });
        QObject::connect(m_consumer, &QAmqpConsumer::cancelled, &m_scope,
                         [this](const QAmqpError &reason) {
                             if (reason)
                                 m_run.fail(failureOf(reason));
                         });
        m_run.waitUntil([this] { return m_consumer->isActive() || isComplete(); });
        // Without this the command would notice only when the next message is written.
        onReaderGone(&m_scope, [this] { m_run.fail({Done, {}}); });
    }

    void run()
    {
        const bool onTerminal =
                isTerminal(Stream::Output); // the messages themselves show the progress there
        Progress progress;
        m_run.waitUntil([&] {
            m_device.notice();
            if (const auto failure = m_writer.failure())
                m_run.fail(*failure);
            m_run.check();
            if (!onTerminal)
                progress.show(u"%1 received"_s.arg(written()));
            return isComplete();
        });
    }

    // Writes and acknowledges what was received, as far as that is possible within two seconds. Returns how
    // many messages may be lost for good: the last one may be written in part.
    quint64 finish()
    {
        if (m_consumer && m_session.channel()->isOpen()) {
            const auto cancelled = m_consumer->cancel();
            Run::settle([&] { return cancelled.isFinished(); }, 2s);
        }
        Run::settle(
                [&] {
                    m_device.notice();
                    return m_writer.written() == m_received || m_writer.failure();
                },
                2s);
        const auto isDone = [](const std::optional<Failure> &f) { return f && f->status == Done; };
        const bool enough =
                isDone(m_writer.failure()) || isDone(m_run.failure()); // the reader went away
        return m_noAck && !enough ? m_received - m_writer.written() + m_isArriving : 0;
    }

private:
    static constexpr qint64 LargeBody = 64 * 1024;

    bool isComplete() const { return m_count > 0 && written() >= m_count; }
    // What comes now is not acknowledged, and goes back to the queue.
    bool isEnough() const { return m_count > 0 && m_received == m_count; }

    // A message that was written and not acknowledged comes again, and is written again. Half a body cannot be
    // taken back, and the whole one would follow it.
    void linkLost(const QAmqpError &cause)
    {
        if (m_isArriving)
            m_run.fail({NoConnection,
                        u"%1; the body of a message was written in part"_s.arg(cause.text())});
    }

    void receive(const QAmqpDelivery &delivery)
    {
        if (isEnough())
            return;
        ++m_received;
        m_isArriving = false;
        // One "multiple" acknowledgement is enough, since earlier messages were written before.
        const bool ack = !m_noAck;
        m_writer.write(m_toOutput(delivery), [delivery, ack] {
            if (ack)
                delivery.ack(QAmqpDelivery::Multiple);
        });
    }

    Run &m_run;
    Session &m_session;
    const quint64 m_count;
    const bool m_noAck;
    const Printer &m_toOutput;
    quint64 m_received = 0;
    QAmqpConsumer *m_consumer = nullptr;
    Writer m_writer;
    WriterDevice m_device{m_writer};
    bool m_isArriving = false; // a large body is being written
    QObject m_scope; // ends the connections to a consumer that outlives this object
};

void consume(Run &run)
{
    checkOptions(run.arguments());
    const Printer toOutput(run.arguments());
    const bool bounded = run.arguments().isSet("count");
    Session session(run);
    Consumption consumption(run, session, toOutput);
    bool started = false;
    try {
        consumption.start(prepareQueue(run, session));
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

constexpr Option options[] = {
        {"q,queue", "QUEUE", "The same as the argument QUEUE."},
        {"e,exchange", "EXCHANGE", "Consume from a temporary queue that is bound to EXCHANGE."},
        {"b,binding", "KEY",
         "The routing key of the temporary queue's binding, empty by default. Repeatable."},
        {"n,count", "N", "End after N messages; status 5 if fewer came within --timeout."},
        {"prefetch", "N",
         "How many messages may be unacknowledged at a time, 250 by default, 0 for no limit."},
        {"no-ack", nullptr, "Let the broker forget a message as it sends it."},
        {"exclusive", nullptr, "Ask to be the queue's only consumer."},
        retryOption,
        rawOption,
        formatOption,
        {"argument", "KEY=TYPE:VALUE",
         "An argument of the subscription, such as "
         "x-stream-offset=first. Repeatable."},
};

} // namespace

const Command consumeCommand = {
        "consume",
        "[QUEUE]",
        1,
        "Print messages as they come",
        "Prints each body and a newline; with --raw the body alone, as it comes; with --format a line of one's own; with\n"
        "--json an object with the envelope, all properties (headers with their AMQP types) and the body,\n"
        "which publish --json-lines takes. A text or name that is not UTF-8 is in base64 under a name with\n"
        "_base64 behind it; headers with such names, or with a name twice, are an array of entries.\n"
        "A message is acknowledged after it was written; if the reader of the output goes away it ends at\n"
        "once, and what was not written goes back to the queue. With --timeout and no --count it ends in\n"
        "time with status 0. If the connection is lost it goes on when that is back; messages that were not\n"
        "acknowledged come again, and may be printed twice.\n",
        "qamqp declare queue hello\n"
        "seq 20 | qamqp publish --queue hello --lines\n"
        "qamqp consume hello --count 10 --timeout 5 --json\n"
        "qamqp consume hello --timeout 1 --format '%r: %b'\n"
        "qamqp consume --exchange amq.topic --binding 'app.*' --binding 'db.#' --timeout 1\n"
        "qamqp declare queue events --type stream\n"
        "qamqp consume events --argument x-stream-offset=first --prefetch 100 --timeout 1\n",
        options,
        consume,
};

} // namespace Tool
