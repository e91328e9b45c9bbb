// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "missing.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

// A refusal closes the channel, so that each request has one of its own.
template<typename Request>
QAmqpError outcomeOf(Run &run, QAmqpConnection &connection, Request request)
{
    const std::unique_ptr<QAmqpChannel> channel(connection.createChannel());
    return run.outcome(request(*channel));
}

template<typename Options, typename Declare>
void declareIfMissing(Run &run, QAmqpConnection &connection, Declare declare)
{
    const auto request = [&](const Options &options) {
        return outcomeOf(run, connection,
                         [&](QAmqpChannel &channel) { return declare(channel, options); });
    };
    QAmqpError error = request(Options().setPassive());
    if (error.kind() == QAmqpError::Kind::NotFound)
        error = request(Options().setDurable());
    if (error)
        throw failureOf(error);
}

} // namespace

void declareMissing(Run &run, QAmqpConnection &connection, const QString &queue,
                    const QString &exchange)
{
    if (!run.arguments().isSet("declare"))
        return;
    if (!queue.isEmpty()) {
        declareIfMissing<QAmqpQueueOptions>(
                run, connection, [&](QAmqpChannel &channel, const QAmqpQueueOptions &options) {
                    return channel.declareQueue(queue, options);
                });
    }
    if (!exchange.isEmpty()) {
        declareIfMissing<QAmqpExchangeOptions>(
                run, connection, [&](QAmqpChannel &channel, const QAmqpExchangeOptions &options) {
                    return channel.declareExchange(exchange, u"topic"_s, options);
                });
    }
}

} // namespace Tool
