// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp info: what there is on the broker, as its management plugin tells it. AMQP itself tells only the counts of
// queues whose names are known.

#include "color.h"
#include "filter.h"
#include "json.h"
#include "management.h"
#include "nearest.h"
#include "output.h"
#include "platform.h"

#include <QtCore/qjsondocument.h>
#include <QtCore/qjsonobject.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

struct Column
{
    const char *title;
    const char *name; // in JSON
    const char *path; // in what the plugin answers, with points between its parts
    bool isRate = false;
};

constexpr Column ofQueues[] = {
        {"QUEUE", "queue", "name"},
        {"TYPE", "type", "type"},
        {"STATE", "state", "state"},
        {"READY", "ready", "messages_ready"},
        {"UNACKED", "unacknowledged", "messages_unacknowledged"},
        {"CONSUMERS", "consumers", "consumers"},
        {"IN/S", "in_rate", "message_stats.publish_details.rate", true},
        {"OUT/S", "out_rate", "message_stats.deliver_get_details.rate", true},
};
constexpr Column ofExchanges[] = {
        {"EXCHANGE", "exchange", "name"},
        {"TYPE", "type", "type"},
        {"DURABLE", "durable", "durable"},
        {"INTERNAL", "internal", "internal"},
        {"IN/S", "in_rate", "message_stats.publish_in_details.rate", true},
        {"OUT/S", "out_rate", "message_stats.publish_out_details.rate", true},
};
constexpr Column ofBindings[] = {
        {"EXCHANGE", "exchange", "source"},
        {"KEY", "routing_key", "routing_key"},
        {"TO", "destination", "destination"},
        {"WHICH IS", "destination_type", "destination_type"},
        {"ARGUMENTS", "arguments", "arguments"},
};
constexpr Column ofConnections[] = {
        {"CONNECTION", "connection", "name"},
        {"NAME", "name", "user_provided_name"},
        {"USER", "user", "user"},
        {"STATE", "state", "state"},
        {"TLS", "tls", "ssl"},
        {"CHANNELS", "channels", "channels"},
        {"BYTES IN/S", "in_rate", "recv_oct_details.rate", true},
        {"BYTES OUT/S", "out_rate", "send_oct_details.rate", true},
};
constexpr Column ofChannels[] = {
        {"CHANNEL", "channel", "name"},
        {"USER", "user", "user"},
        {"CONSUMERS", "consumers", "consumer_count"},
        {"PREFETCH", "prefetch", "prefetch_count"},
        {"UNACKED", "unacknowledged", "messages_unacknowledged"},
        {"UNCONFIRMED", "unconfirmed", "messages_unconfirmed"},
        {"IN/S", "in_rate", "message_stats.publish_details.rate", true},
        {"OUT/S", "out_rate", "message_stats.deliver_get_details.rate", true},
};
constexpr Column ofConsumers[] = {
        {"QUEUE", "queue", "queue.name"},
        {"CONSUMER", "consumer", "consumer_tag"},
        {"CHANNEL", "channel", "channel_details.name"},
        {"PREFETCH", "prefetch", "prefetch_count"},
        {"ACKS", "acknowledges", "ack_required"},
        {"EXCLUSIVE", "exclusive", "exclusive"},
};
constexpr Column ofBroker[] = {
        {"CLUSTER", "cluster", "cluster_name"},
        {"VERSION", "version", "rabbitmq_version"},
        {"QUEUES", "queues", "object_totals.queues"},
        {"CONNECTIONS", "connections", "object_totals.connections"},
        {"CONSUMERS", "consumers", "object_totals.consumers"},
        {"READY", "ready", "queue_totals.messages_ready"},
        {"UNACKED", "unacknowledged", "queue_totals.messages_unacknowledged"},
        {"IN/S", "in_rate", "message_stats.publish_details.rate", true},
        {"OUT/S", "out_rate", "message_stats.deliver_get_details.rate", true},
};

struct Kind
{
    const char *name;
    const char *single;
    const char *path; // below /api, with the virtual host as %
    std::span<const Column> columns;
};

// The first one is what is shown if none is named.
constexpr Kind kinds[] = {
        {"broker", "broker", "overview", ofBroker},
        {"queues", "queue", "queues/%", ofQueues},
        {"exchanges", "exchange", "exchanges/%", ofExchanges},
        {"bindings", "exchange", "bindings/%", ofBindings},
        {"connections", "connection", "vhosts/%/connections", ofConnections},
        {"channels", "channel", "vhosts/%/channels", ofChannels},
        {"consumers", "queue", "consumers/%", ofConsumers},
};

const Kind &kindOf(const Arguments &arguments)
{
    const QString name = arguments.operands().value(0, text(kinds[0].name));
    QStringList known;
    for (const Kind &kind : kinds) {
        if (name == text(kind.name))
            return kind;
        known += text(kind.name);
    }
    const QString meant = nearest(name, known);
    throw Failure{BadUsage,
                  u"there are no \"%1\"%2; there are %3; see qamqp info --help"_s.arg(
                          name, meant.isEmpty() ? QString() : u" (did you mean %1?)"_s.arg(meant),
                          known.join(", "_L1))};
}

using Row = QList<QJsonValue>;

QJsonValue valueAt(const QJsonValue &row, const char *path)
{
    QJsonValue value = row;
    const QStringList parts = text(path).split(u'.');
    for (const QString &part : parts)
        value = value[part];
    return value;
}

Row readRow(const QJsonValue &given, std::span<const Column> columns)
{
    Row row;
    for (const Column &column : columns)
        row += valueAt(given, column.path);
    return row;
}

// Asks for no more than what is shown; of ten thousand queues all would be many megabytes.
QString queryOf(std::span<const Column> columns)
{
    QStringList paths;
    for (const Column &column : columns)
        paths += text(column.path);
    return u"columns="_s + paths.join(u',');
}

QByteArray jsonOf(const QJsonValue &value)
{
    if (value.isUndefined())
        return "null";
    const QByteArray array = QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact);
    return array.sliced(1, array.size() - 2);
}

// What the plugin did not tell is a dash. A name that is empty is that of the default exchange.
QString cellOf(const QJsonValue &value, const Column &column)
{
    switch (value.type()) {
    case QJsonValue::Bool: return value.toBool() ? u"yes"_s : u"no"_s;
    case QJsonValue::Double: return QString::number(value.toDouble(), 'f', column.isRate ? 1 : 0);
    case QJsonValue::String:
        return value.toString().isEmpty() ? u"\"\""_s : QAmqpError::printable(value.toString());
    case QJsonValue::Array:
    case QJsonValue::Object: {
        const QByteArray json = jsonOf(value);
        return json.size() == 2 ? u"-"_s : QAmqpError::printable(QString::fromUtf8(json));
    }
    default: return u"-"_s;
    }
}

void printJson(const QList<Row> &rows, std::span<const Column> columns)
{
    for (const Row &row : rows) {
        JsonObject line;
        for (size_t i = 0; i < columns.size(); ++i)
            line.add(columns[i].name, jsonOf(row.at(qsizetype(i))));
        print(line.line());
    }
}

// Numbers stand below the end of their titles.
void printTable(const QList<Row> &rows, std::span<const Column> columns)
{
    QList<QStringList> cells;
    QList<bool> areNumbers;
    QList<qsizetype> widths;
    for (const Column &column : columns) {
        QStringList cellsBelow{text(column.title)};
        bool isNumber = column.isRate;
        for (const Row &row : rows) {
            const QJsonValue &value = row.at(cells.size());
            isNumber = isNumber || value.isDouble();
            cellsBelow += cellOf(value, column);
        }
        qsizetype width = 0;
        for (const QString &cell : std::as_const(cellsBelow))
            width = std::max(width, cell.size());
        cells += cellsBelow;
        areNumbers += isNumber;
        widths += width;
    }
    for (qsizetype r = 0; r <= rows.size(); ++r) {
        QString line;
        for (qsizetype c = 0; c < cells.size(); ++c) {
            const QString cell = cells.at(c).at(r);
            line += (areNumbers.at(c) ? cell.rightJustified(widths.at(c))
                                      : cell.leftJustified(widths.at(c)))
                    + u"  "_s;
        }
        const QByteArray bytes = line.trimmed().toUtf8();
        print((r == 0 ? styled(Stream::Output, Style::Heading, bytes) : bytes) + '\n');
    }
}

void printRows(const Run &run, const QList<Row> &rows, std::span<const Column> columns)
{
    if (run.json())
        printJson(rows, columns);
    else
        printTable(rows, columns);
}

bool isPattern(const QString &name) { return name.contains(u'*') || name.contains(u'?'); }

// Without a plugin: each queue is asked for by its name.
void printCounts(Run &run, const QStringList &names)
{
    constexpr Column columns[] = {
            {"QUEUE", "queue", ""}, {"READY", "ready", ""}, {"CONSUMERS", "consumers", ""}};

    Session session(run);
    QList<Row> rows;
    std::optional<Failure> missing;
    for (const QString &name : names) {
        const std::unique_ptr<QAmqpChannel> channel(session.connection().createChannel());
        const auto declared = channel->declareQueue(name, QAmqpQueueOptions().setPassive());
        if (const QAmqpError error = run.outcome(declared)) {
            if (error.kind() != QAmqpError::Kind::NotFound)
                throw failureOf(error);
            missing = Failure{Refused, u"there is no queue \"%1\""_s.arg(name)};
            continue;
        }
        const QAmqpQueueInfo info = run.wait(declared);
        rows += Row{info.name, qint64(info.messageCount), qint64(info.consumerCount)};
    }
    session.close();
    printRows(run, rows, columns);
    if (missing)
        throw *missing;
}

void withoutPlugin(Run &run, const Kind &kind, const QStringList &names, const Failure &why)
{
    const bool isKnown = kind.columns.data() == ofQueues && !names.isEmpty()
            && std::none_of(names.begin(), names.end(), isPattern);
    if (!isKnown) {
        throw Failure{
                why.status,
                u"%1; without it there are only the counts of queues that are named, as in qamqp info "
                "queues NAME, and qamqp ping"_s.arg(why.text)};
    }
    complain(run.name(), u"%1; AMQP itself tells only these counts"_s.arg(why.text));
    printCounts(run, names);
}

void info(Run &run)
{
    const Kind &kind = kindOf(run.arguments());
    const QStringList names = run.arguments().operands().mid(1);
    QStringList path = text(kind.path).split(u'/');
    path.replaceInStrings(u"%"_s, run.connectionOptions().virtualHost());
    Management management(run);
    const auto shape = kind.columns.data() == ofBroker ? Management::Object : Management::List;
    const QString columns = shape == Management::List ? queryOf(kind.columns) : QString();
    const Management::Answer answer = management.ask(path, columns, shape);
    if (answer.failure)
        return withoutPlugin(run, kind, names, *answer.failure);
    QList<Row> rows;
    QStringList missing = names;
    missing.removeIf(isPattern);
    for (const auto given : answer.rows) {
        const Row row = readRow(given, kind.columns);
        const QByteArray name = row.constFirst().toString().toUtf8();
        if (names.isEmpty() || std::any_of(names.begin(), names.end(), [&](const QString &wanted) {
                return fitsPattern(wanted.toUtf8(), name);
            }))
            rows += row;
        missing.removeAll(row.constFirst().toString());
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row &one, const Row &other) {
        return one.constFirst().toString() < other.constFirst().toString();
    });
    printRows(run, rows, kind.columns);
    if (!missing.isEmpty())
        throw Failure{Refused,
                      u"there is no %1 \"%2\""_s.arg(text(kind.single), missing.constFirst())};
}

constexpr Option options[] = {managementOption};

} // namespace

const Command infoCommand = {
        "info",
        "[KIND] [NAME...]",
        1000,
        "Show queues, exchanges, bindings, connections",
        "KIND is broker, which is the default, queues, exchanges, bindings, connections, channels or consumers, all\n"
        "of the virtual host. NAME chooses the lines whose first column it fits; * in it stands for any text, ? for\n"
        "one byte. If there is none for a NAME without these, the status is 3.\n"
        "Prints a table or, with --json, an object in each line. The rates are messages in a second, those of\n"
        "connections bytes. What the broker does not tell, such as rates of which it keeps no statistics, is - or\n"
        "null.\n"
        "AMQP has no method for this, so that RabbitMQ's management plugin is asked. Where it does not answer, only\n"
        "the counts of queues are shown whose names are given.\n",
        "qamqp declare queue jobs\n"
        "qamqp info queues jobs\n"
        "qamqp info queues jobs --json\n",
        options,
        info,
};

} // namespace Tool
