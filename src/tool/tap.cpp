// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp tap: a temporary queue gets a copy of what flows through exchanges, or into a queue by its bindings.

#include "consumption.h"
#include "management.h"
#include "typedvalue.h"

#include <QtCore/qjsondocument.h>
#include <QtCore/qjsonobject.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

struct Binding
{
    QString exchange;
    QString routingKey;
    QAmqpTable arguments;
};

Failure defaultExchange(const QString &what)
{
    return {BadUsage,
            u"%1: nothing can be bound to the default exchange, by which a message goes to the queue that "
            "its routing key names; tap another exchange"_s.arg(what)};
}

bool hasExchange(Run &run, Session &session, const QString &name)
{
    const std::unique_ptr<QAmqpChannel> probe(session.connection().createChannel());
    const QAmqpError error =
            run.outcome(probe->declareExchange(name, QAmqpExchangeOptions().setPassive()));
    if (error && error.kind() != QAmqpError::Kind::NotFound)
        throw failureOf(error);
    return !error;
}

// Reads EXCHANGE or EXCHANGE:KEY. Since a name may have colons too, the broker is asked which part of such a text is an
// exchange; the shortest one counts.
Binding readBinding(Run &run, Session &session, const QString &text)
{
    const qsizetype first = text.indexOf(u':');
    for (qsizetype colon = first; colon >= 0; colon = text.indexOf(u':', colon + 1)) {
        if (hasExchange(run, session, text.first(colon)))
            return {text.first(colon), text.sliced(colon + 1), {}};
    }
    if (first >= 0 && !hasExchange(run, session, text))
        return {text.first(first), text.sliced(first + 1), {}}; // which the broker will refuse
    // It is the pattern of a topic exchange for any key; fanout and headers exchanges ignore it.
    return {text, u"#"_s, {}};
}

void checkOptions(const Arguments &arguments)
{
    const QStringList &texts = arguments.operands();
    if (arguments.isSet("queue") != texts.isEmpty()) {
        throw Failure{BadUsage,
                      u"give one or more EXCHANGE[:KEY], or --queue; see qamqp tap --help"_s};
    }
    arguments.refuseTogether("queue", "argument");
    for (const QString &text : texts) {
        if (text.isEmpty() || text.startsWith(u':'))
            throw defaultExchange(u"\"%1\""_s.arg(text));
        if (text == "amq.direct"_L1) {
            throw Failure{
                    BadUsage,
                    u"a direct exchange passes on messages by their whole routing key: write amq.direct:KEY"_s};
        }
    }
}

std::vector<Binding> bindingsOf(Run &run, const QString &queue)
{
    Management management(run);
    const QStringList path{u"queues"_s, run.connectionOptions().virtualHost(), queue};
    const Management::Answer answer = management.ask(path + QStringList(u"bindings"_s));
    const Failure missing{Refused, u"there is no queue \"%1\""_s.arg(queue)};
    if (answer.isMissing)
        throw missing;
    if (answer.failure) {
        throw Failure{
                answer.failure->status,
                u"AMQP does not tell the bindings of a queue: give them as EXCHANGE:KEY instead of "
                "--queue; %1"_s.arg(answer.failure->text)};
    }
    std::vector<Binding> found;
    for (const auto row : answer.rows) {
        const QJsonObject table = row[u"arguments"].toObject();
        const QString exchange = row[u"source"].toString();
        if (!exchange.isEmpty()) {
            found.push_back(
                    {exchange, row[u"routing_key"].toString(),
                     QAmqpTable::fromJson(QJsonDocument(table).toJson(QJsonDocument::Compact))});
        }
    }
    // RabbitMQ makes up a binding to the default exchange for a queue that is missing, too.
    if (found.empty() && management.ask(path, QString(), Management::Object).isMissing)
        throw missing;
    if (found.empty())
        throw defaultExchange(
                u"queue \"%1\" has no binding but that to the default exchange"_s.arg(queue));
    return found;
}

std::vector<Binding> readBindings(Run &run, Session &session)
{
    const Arguments &arguments = run.arguments();
    if (arguments.isSet("queue"))
        return bindingsOf(run, arguments.value("queue"));
    const QAmqpTable table = readTable(arguments.values("argument"), "argument");
    std::vector<Binding> bindings;
    for (const QString &text : arguments.operands()) {
        bindings.push_back(readBinding(run, session, text));
        bindings.back().arguments = table;
    }
    return bindings;
}

QString prepareQueue(Run &run, Session &session)
{
    constexpr quint64 most = std::numeric_limits<qint64>::max();
    QAmqpQueueOptions options = QAmqpQueueOptions().setExclusive().setAutoDelete();
    if (const quint64 backlog = run.arguments().number("backlog", 0, most, 100'000))
        options.setMaxLength(qint64(backlog));
    const std::vector<Binding> bindings = readBindings(run, session);
    run.setLossNote(u"what flows in the meantime is not seen"_s);
    const QString queue = run.wait(session.channel()->declareQueue(QString(), options)).name;
    for (const Binding &each : bindings) {
        run.wait(session.channel()->bindQueue(queue, each.exchange, each.routingKey,
                                              each.arguments));
    }
    return queue;
}

void tap(Run &run)
{
    checkOptions(run.arguments());
    consumeAll(run, [&run](Session &session) { return prepareQueue(run, session); });
}

constexpr Option options[] = {
        {"q,queue", "QUEUE",
         "See what flows into this queue by its bindings, which the management plugin tells."},
        {"argument", "KEY=TYPE:VALUE",
         "An argument of the bindings, for headers exchanges, such as x-match=any. Repeatable."},
        {"n,count", "N", "End after N messages; status 5 if fewer came within --timeout."},
        {"backlog", "N",
         "How many messages may wait for this command, 100000 by default, 0 for no limit. If there are more, the "
         "broker drops the oldest."},
        managementOption,
        retryOption,
        rawOption,
        formatOption,
        saveOption,
};

} // namespace

const Command tapCommand = {
        "tap",
        "[EXCHANGE[:KEY]...]",
        1000,
        "Watch what flows through exchanges or into a queue",
        "Prints as consume does, but takes nothing away from anybody: the messages are copies, in a temporary\n"
        "queue that is bound to each EXCHANGE by KEY. Without a key that is # : all messages of a topic, fanout or\n"
        "headers exchange. A headers exchange gives those that fit --argument, if there is one. A direct exchange\n"
        "gives only messages whose whole routing key is KEY, and so none without one. If the name of an exchange\n"
        "has a colon, the broker is asked where the name ends.\n"
        "With --queue the bindings of that queue are taken. What is published to the queue by the default\n"
        "exchange is not seen, since nothing can be bound to that.\n"
        "Only what flows while the command runs is seen. If the connection is lost it goes on when that is back.\n",
        "qamqp declare exchange logs --type topic\n"
        "qamqp tap logs amq.fanout amq.direct:alarms --timeout 0.5\n"
        "qamqp tap 'logs:*.error' 'logs:db.#' --format '%r: %b' --timeout 0.5\n",
        options,
        tap,
};

} // namespace Tool
