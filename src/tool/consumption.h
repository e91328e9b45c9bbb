// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_CONSUMPTION_H
#define QTAMQP_TOOL_CONSUMPTION_H

// What consume and tap do with a queue: each message is printed, and acknowledged after that.

#include "output.h"
#include "printer.h"
#include "run.h"

#include <QtAmqp/qamqpconsumer.h>

namespace Tool {

class Consumption
{
public:
    // Takes the options --count, --no-ack, --prefetch, --exclusive, --raw and --argument, as far as the command has
    // them.
    Consumption(Run &run, Session &session, const Printer &toOutput);

    quint64 written() const { return m_writer.written(); }

    void start(const QString &queue);
    void run();
    // Writes and acknowledges what was received, as far as that is possible within two seconds. Returns how
    // many messages may be lost for good: the last one may be written in part.
    quint64 finish();

private:
    bool isComplete() const { return m_count > 0 && written() >= m_count; }
    // What comes now is not acknowledged, and goes back to the queue.
    bool isEnough() const { return m_count > 0 && m_received == m_count; }
    QAmqpConsumeOptions options() const;
    Standing standing() const;
    void listen();
    void linkLost(const QAmqpError &cause);
    void receive(const QAmqpDelivery &delivery);
    // Hands what came since the last time to the writer, with one acknowledgement for all of it.
    void flush();

    Run &m_run;
    Session &m_session;
    const quint64 m_count;
    const bool m_noAck;
    const Printer &m_toOutput;
    quint64 m_received = 0;
    quint64 m_handedOver = 0; // of these, to the writer
    QByteArray m_lines; // of those that it does not have
    QAmqpDelivery m_last;
    QAmqpConsumer *m_consumer = nullptr;
    Writer m_writer;
    WriterDevice m_device{m_writer};
    bool m_hasFailed = false; // a message could not be saved
    bool m_isArriving = false; // a large body is being written
    QObject m_scope; // ends the connections to a consumer that outlives this object
};

// Consumes from the queue that `prepare` returns until the command is to end, and closes the connection.
void consumeAll(Run &run, const std::function<QString(Session &)> &prepare);

} // namespace Tool

#endif
