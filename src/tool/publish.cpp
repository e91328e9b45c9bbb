// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp publish: every message is confirmed unless --no-confirms is given, and failures are listed.

#include "input.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "platform.h"
#include "run.h"

#include <QtCore/qfile.h>
#include <QtCore/qfileinfo.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

// Where the command line says that the messages are to go.
struct Target
{
    std::optional<QString> exchange;
    std::optional<QString> routingKey;
};

Target readTarget(const Arguments &arguments)
{
    arguments.refuseTogether("queue", "exchange");
    arguments.refuseTogether("queue", "routing-key");
    if (arguments.isSet("queue"))
        return {u""_s, arguments.value("queue")};
    Target target;
    if (arguments.isSet("exchange"))
        target.exchange = arguments.value("exchange");
    if (arguments.isSet("routing-key"))
        target.routingKey = arguments.value("routing-key");
    if (!target.exchange && !target.routingKey && !arguments.isSet("json-lines"))
        throw Failure{
                BadUsage,
                u"the message needs a target: give --queue, or --exchange and --routing-key; see qamqp "
                "publish --help"_s};
    return target;
}

struct Outgoing
{
    QAmqpMessage message;
    QString exchange;
    QString routingKey;
    QFile *body = nullptr; // instead of the message's own, from its position on
};

// Opens a file whose size is known and so large that it need not be in memory as a whole. Returns null for any other
// input, which Input reads.
std::unique_ptr<QFile> openLarge(const QString &fileName)
{
    auto file = std::make_unique<QFile>(fileName);
    const bool isOpen = fileName.isEmpty()
            ? file->open(int(Stream::Input), QIODevice::ReadOnly | QIODevice::Unbuffered)
            : QFileInfo(fileName).isFile()
                    && file->open(QIODevice::ReadOnly | QIODevice::Unbuffered);
    if (!isOpen || file->isSequential() || file->size() - file->pos() < Input::Large)
        return nullptr;
    return file;
}

// The source of the messages: one body again and again, or the input.
class Source
{
public:
    explicit Source(const Arguments &arguments)
        : m_arguments(arguments)
        , m_target(readTarget(arguments))
        , m_message(withProperties(arguments))
        , m_isJson(arguments.isSet("json-lines"))
        , m_isStream(m_isJson || arguments.isSet("lines"))
        , m_left(arguments.number("count", 1, std::numeric_limits<qint64>::max(), 1))
    {
        checkOptions();
        if (const auto body = arguments.body())
            m_body = *body;
        else if (arguments.isSet("size"))
            m_body = QByteArray("0123456789abcdef").repeated(size() / 16 + 1).first(size());
        else {
            if (!arguments.isSet("file") && isTerminal(Stream::Input))
                complain(u"qamqp publish"_s, u"reading standard input; Ctrl-D ends it"_s);
            if (!m_isStream && (m_file = openLarge(arguments.value("file")))) {
                m_begin = m_file->pos();
                if (m_file->size() - m_begin > Input::MaxBody)
                    throw Failure{BadUsage, Input::tooLong(arguments.value("file"))};
                return;
            }
            m_input = std::make_unique<Input>(arguments.value("file"),
                                              m_isStream ? Input::Lines : Input::Whole);
        }
    }

    bool hasNext()
    {
        if (m_input && !m_isStream && m_input->hasNext()) { // the whole input is one body
            m_body = m_input->takeNext();
            m_input.reset();
        }
        return m_input ? m_input->hasNext() : m_left > 0;
    }

    bool isOver() const { return m_input ? m_input->isOver() : m_left == 0; }

    // Returns the next message with its exchange and routing key, or nothing for an empty line of JSON.
    std::optional<Outgoing> takeNext()
    {
        if (m_isJson)
            return readLine(m_input->takeNext());
        m_left -= m_input ? 0 : 1;
        if (m_file) {
            m_file->seek(m_begin);
            return Outgoing{m_message, m_target.exchange.value_or(QString()),
                            m_target.routingKey.value_or(QString()), m_file.get()};
        }
        m_message.setBody(m_input ? m_input->takeNext() : m_body);
        return Outgoing{m_message, m_target.exchange.value_or(QString()),
                        m_target.routingKey.value_or(QString())};
    }

private:
    void checkOptions() const
    {
        for (const char *other : {"lines", "json-lines", "file", "size"}) {
            if (!m_arguments.operands().isEmpty() && m_arguments.isSet(other)) {
                throw Failure{BadUsage,
                              u"BODY and --%1 do not go together; leave one out"_s.arg(
                                      QLatin1StringView(other))};
            }
        }
        for (const char *other : {"lines", "json-lines", "file"})
            m_arguments.refuseTogether("size", other);
        m_arguments.refuseTogether("count", "lines");
        m_arguments.refuseTogether("count", "json-lines");
        m_arguments.refuseTogether("lines", "json-lines");
        m_arguments.refuseTogether("mandatory", "no-mandatory");
    }

    qsizetype size() const
    {
        return qsizetype(m_arguments.number("size", 0, 512 * 1024 * 1024, 0));
    }

    std::optional<Outgoing> readLine(const QByteArray &line)
    {
        ++m_line;
        if (line.trimmed().isEmpty())
            return {};
        const auto wrong = [this](const QString &what) {
            return Failure{BadUsage,
                           u"line %1 of the input: %2"_s.arg(QString::number(m_line), what)};
        };
        const QAmqpDelivery given = QAmqpDelivery::fromJson(line);
        if (const QString error = given.errorString(); !error.isEmpty())
            throw wrong(error);
        Outgoing next{static_cast<const QAmqpMessage &>(given),
                      m_target.exchange.value_or(given.exchange()),
                      m_target.routingKey.value_or(given.routingKey())};
        if (next.exchange.isNull() && next.routingKey.isNull())
            throw wrong(u"it names neither exchange nor routing key; give --queue"_s);
        next.message = withProperties(m_arguments, next.message);
        return next;
    }

    const Arguments &m_arguments;
    const Target m_target;
    QAmqpMessage m_message;
    const bool m_isJson;
    const bool m_isStream;
    quint64 m_left;
    quint64 m_line = 0;
    QByteArray m_body;
    std::unique_ptr<Input> m_input;
    std::unique_ptr<QFile> m_file; // a large one, which is read while it is sent
    qint64 m_begin = 0; // of the body in it
};

// Counts the outcomes of the messages.
class Tally
{
public:
    explicit Tally(QAmqpChannel *channel)
    {
        QObject::connect(channel, &QAmqpChannel::confirmed, &m_scope,
                         [this](quint64 first, quint64 last) { confirmed += last - first + 1; });
        QObject::connect(channel, &QAmqpChannel::nacked, &m_scope,
                         [this, channel](quint64 first, quint64 last) {
                             nacked += last - first + 1;
                             for (quint64 tag = first; tag <= last && tag < first + MaxListed;
                                  ++tag)
                                 addReason(tag,
                                           channel->isOpen() ? u"nacked by the broker"_s
                                                             : u"not sent entirely"_s);
                         });
        QObject::connect(channel, &QAmqpChannel::messageReturned, &m_scope,
                         [this](const QAmqpReturn &message) {
                             ++returned;
                             addReason(message.publishTag(), u"returned: "_s + reasonOf(message));
                         });
    }

    quint64 published = 0;
    quint64 confirmed = 0;
    quint64 nacked = 0;
    quint64 returned = 0;

    QString summary() const
    {
        QString text = u"%1 published, %2 confirmed"_s.arg(published).arg(confirmed);
        if (nacked > 0)
            text += u", %1 nacked"_s.arg(nacked);
        if (returned > 0)
            text += u", %1 returned"_s.arg(returned);
        return text;
    }

    // The summary with the reason of the first message that was not taken.
    QString lastSummary() const
    {
        return m_reasons.isEmpty() ? summary() : summary() + u": "_s + m_reasons.constFirst();
    }

    bool allTaken() const { return nacked + returned == 0; }

    Failure failure() const
    {
        const quint64 more = nacked + returned - quint64(m_reasons.size());
        return {NotTaken,
                u"%1 of %2 messages not taken: %3%4"_s.arg(
                        QString::number(nacked + returned), QString::number(published),
                        m_reasons.join("; "_L1), more ? u"; and %1 more"_s.arg(more) : QString())};
    }

    QByteArray json() const
    {
        return JsonObject()
                .add("published", QByteArray::number(published))
                .add("confirmed", QByteArray::number(confirmed))
                .add("nacked", QByteArray::number(nacked))
                .add("returned", QByteArray::number(returned))
                .line();
    }

private:
    static constexpr quint64 MaxListed = 5;

    static QString reasonOf(const QAmqpReturn &message)
    {
        const QString reply = u"%1 %2"_s.arg(message.replyCode()).arg(message.replyText());
        if (message.exchange().isEmpty())
            return u"%1 (there is no queue \"%2\")"_s.arg(reply, message.routingKey());
        return u"%1 (exchange \"%2\", routing key \"%3\")"_s.arg(reply, message.exchange(),
                                                                 message.routingKey());
    }

    void addReason(quint64 number, const QString &what)
    {
        if (quint64(m_reasons.size()) >= MaxListed)
            return;
        // Without confirms messages have no numbers.
        m_reasons += number == 0 ? what : u"message %1 %2"_s.arg(QString::number(number), what);
    }

    QStringList m_reasons;
    QObject m_scope; // ends the connections to the channel, which outlives this object
};

// A message is mandatory if it is for the default exchange, and so for one queue, or if it is one of
// --json-lines, which mostly are put back into their queue.
QAmqpChannel::PublishFlags flagsFor(const Arguments &arguments, const Outgoing &message)
{
    const bool isForAQueue = message.exchange.isEmpty();
    const bool mandatory =
            arguments.isSet("mandatory") || isForAQueue || arguments.isSet("json-lines");
    return mandatory && !arguments.isSet("no-mandatory") ? QAmqpChannel::Mandatory
                                                         : QAmqpChannel::NoFlags;
}

void publishAll(Run &run, Session &session, Source &source, Tally &tally)
{
    const Arguments &arguments = run.arguments();
    QAmqpChannel *channel = session.channel();
    const bool confirms = !arguments.isSet("no-confirms");
    channel->setConfirms(confirms);
    channel->setMaxUnconfirmed(arguments.number("window", 1, 1'000'000, 1000));

    Progress progress;
    for (;;) {
        run.waitUntil([&] {
            return source.isOver() || (source.hasNext() && channel->isReadyToPublish());
        });
        if (source.isOver())
            break;
        const std::optional<Outgoing> next = source.takeNext();
        if (!next)
            continue;
        const auto flags = flagsFor(arguments, *next);
        QFile *const body = next->body;
        const quint64 tag = body
                ? channel->publish(next->exchange, next->routingKey, body,
                                   body->size() - body->pos(), next->message, flags)
                : channel->publish(next->exchange, next->routingKey, next->message, flags);
        if (tag == 0)
            throw failureOf(channel->lastError());
        ++tally.published;
        if (tally.published % 256 == 0) {
            progress.show(tally.summary());
            QCoreApplication::processEvents();
        }
    }
    run.setDoing(u"waiting for confirms"_s);
    run.waitUntil([&] {
        return channel->unconfirmed() == 0 && (confirms || channel->isReadyToPublish());
    });
    // The broker returns a message before it answers a request that follows the message.
    run.setDoing(u"waiting for the broker to take the messages"_s);
    if (!confirms)
        run.wait(channel->setPrefetch(0));
    run.setDoing(u"closing the connection"_s);
    session.close();
}

void publish(Run &run)
{
    Source source(run.arguments());
    Session session(run);
    Tally tally(session.channel());
    try {
        publishAll(run, session, source, tally);
    } catch (const Failure &failure) {
        QAmqpChannel *channel = session.channel(); // open, unless that is what failed
        Run::settle([&] { return !channel->isOpen() || channel->unconfirmed() == 0; }, 2s);
        if (run.json())
            tryPrint(tally.json());
        if (tally.published == 0)
            throw;
        const QString separator = failure.text.isEmpty() ? u"stopped: "_s : u"; "_s;
        throw Failure{failure.status, failure.text + separator + tally.lastSummary()};
    }
    std::optional<Failure> printed;
    if (run.json())
        printed = tryPrint(tally.json());
    if (!tally.allTaken())
        throw tally.failure();
    if (printed)
        throw *printed;
}

const std::vector<Option> options = withMessageOptions({
        {"q,queue", "QUEUE", "Publish to this queue, through the default exchange."},
        {"e,exchange", "EXCHANGE", "Publish to this exchange, with --routing-key."},
        {"r,routing-key", "KEY", "Empty by default."},
        {"f,file", "FILE", "Read the body (or the lines) from FILE."},
        {"lines", nullptr, "Send each line of the input as a message."},
        {"json-lines", nullptr,
         "Send the messages that get and consume printed with --json, each as it was and to where it went, "
         "unless another target or other properties are given here."},
        {"n,count", "N", "Send the message N times."},
        {"size", "N", "A body of N bytes."},
        {"mandatory", nullptr,
         "A message that reaches no queue is an error, exit status 4. This is the default for messages to a queue and "
         "with --json-lines."},
        {"no-mandatory", nullptr, "Let the broker drop a message that reaches no queue."},
        {"no-confirms", nullptr, "Do not ask the broker to confirm."},
        {"window", "N", "How many messages may be unconfirmed, 1000 by default."},
});

} // namespace

const Command publishCommand = {
        "publish",
        "[BODY]",
        1,
        "Send messages to an exchange or a queue",
        "The body is BODY, which may be any bytes, or is read from standard input. With confirms, which is the\n"
        "default, the command ends when the broker has taken responsibility for each message. A message for a\n"
        "queue that does not exist is an error, status 4, which names the queue; with --no-mandatory the broker\n"
        "drops it.\n"
        "--json-lines sends an object in each line: exchange, routing_key, properties and body as get and\n"
        "consume print them with --json, every property, header type and byte as it was. What is not UTF-8\n"
        "stands in base64 under a name that ends in _base64. Other members of such a line, such as\n"
        "delivery_tag, count for nothing. What stands on the command line comes before what stands there.\n"
        "If a line is wrong or refused it ends, having sent the lines before it.\n",
        "qamqp declare queue hello\n"
        "qamqp publish --queue hello 'Hello, world!'\n"
        "qamqp publish -q hello --header attempt=int32:1 --header 'tags=array:[\"a\",\"b\"]' --priority 5 job\n"
        "echo '{\"id\":7}' | qamqp publish -q hello --persistent --content-type application/json\n"
        "qamqp get hello --json | qamqp publish --json-lines\n"
        "date | qamqp publish -e amq.topic -r app.log --lines\n"
        "qamqp publish -q hello --size 1024 --count 1000\n",
        options,
        publish,
};

} // namespace Tool
