// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp publish: every message is confirmed unless --no-confirms is given, and failures are listed.

#include "input.h"
#include "message.h"
#include "outbox.h"
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
            return Outgoing{.message = m_message,
                            .exchange = m_target.exchange.value_or(QString()),
                            .routingKey = m_target.routingKey.value_or(QString()),
                            .body = m_file.get(),
                            .begin = m_begin};
        }
        m_message.setBody(m_input ? m_input->takeNext() : m_body);
        return Outgoing{.message = m_message,
                        .exchange = m_target.exchange.value_or(QString()),
                        .routingKey = m_target.routingKey.value_or(QString())};
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
        Outgoing next{.message = static_cast<const QAmqpMessage &>(given),
                      .exchange = m_target.exchange.value_or(given.exchange()),
                      .routingKey = m_target.routingKey.value_or(given.routingKey())};
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

void publishAll(Run &run, Session &session, Source &source, Outbox &outbox)
{
    const Arguments &arguments = run.arguments();
    QAmqpChannel *channel = session.channel();
    const bool confirms = !arguments.isSet("no-confirms");
    channel->setConfirms(confirms);
    channel->setMaxUnconfirmed(arguments.number("window", 1, 1'000'000, 1000));
    if (!confirms)
        run.setLossNote(
                u"messages that were on their way may be lost, as --no-confirms is given"_s);
    outbox.begin(confirms);

    Progress progress;
    for (;;) {
        run.waitUntil([&] {
            return source.isOver()
                    || ((outbox.isAnyLeft() || source.hasNext()) && channel->isReadyToPublish());
        });
        if (source.isOver())
            break;
        if (outbox.isAnyLeft()) {
            outbox.publishAgain();
            continue;
        }
        std::optional<Outgoing> next = source.takeNext();
        if (!next)
            continue;
        next->flags = flagsFor(arguments, *next);
        outbox.publish(*next);
        if (outbox.published() % 256 == 0) {
            progress.show(outbox.summary());
            QCoreApplication::processEvents();
        }
    }
    run.setDoing(u"waiting for confirms"_s);
    for (;;) {
        run.waitUntil([&] {
            return (outbox.isSettled() && (confirms || channel->isReadyToPublish()))
                    || (outbox.isAnyLeft() && channel->isReadyToPublish());
        });
        if (!outbox.isAnyLeft())
            break;
        outbox.publishAgain();
    }
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
    Outbox outbox(session.channel());
    try {
        publishAll(run, session, source, outbox);
    } catch (const Failure &failure) {
        QAmqpChannel *channel = session.channel(); // open, unless that is what failed
        Run::settle([&] { return !channel->isOpen() || channel->unconfirmed() == 0; }, 2s);
        if (run.json())
            tryPrint(outbox.json());
        if (outbox.published() == 0)
            throw;
        const QString separator = failure.text.isEmpty() ? u"stopped: "_s : u"; "_s;
        const QString unsettled = failure.status == NoConnection ? outbox.unsettled() : QString();
        throw Failure{
                failure.status,
                failure.text + separator + outbox.lastSummary()
                        + (unsettled.isEmpty() ? QString() : u"; not confirmed: "_s + unsettled)};
    }
    std::optional<Failure> printed;
    if (run.json())
        printed = tryPrint(outbox.json());
    if (!outbox.isAllTaken())
        throw outbox.failure();
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
        retryOption,
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
        "If a line is wrong or refused it ends, having sent the lines before it.\n"
        "If the connection is lost it goes on when that is back, and publishes again what was sent and not\n"
        "confirmed; such a message may arrive twice. If that lasts longer than --retry, it names the messages\n"
        "that were not confirmed by their numbers.\n",
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
