// qamqp publish: every message is confirmed unless --no-confirms, and what was not taken is named.

#include "input.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "platform.h"
#include "run.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

// Where the bodies come from: one body again and again, or the input.
class Bodies
{
public:
    explicit Bodies(const Arguments &arguments)
        : m_left(arguments.number("count", 1, std::numeric_limits<qint64>::max(), 1))
    {
        const bool operand = !arguments.operands().isEmpty();
        const bool lines = arguments.isSet("lines");
        for (const char *other : {"lines", "file", "size"}) {
            if (operand && arguments.isSet(other)) {
                throw Failure{BadUsage,
                              u"BODY and --%1 do not go together; leave one out"_s.arg(
                                      QLatin1StringView(other))};
            }
        }
        arguments.refuseTogether("size", "file");
        arguments.refuseTogether("size", "lines");
        arguments.refuseTogether("count", "lines");
        if (operand)
            m_body = arguments.operands().constFirst().toUtf8();
        else if (arguments.isSet("size"))
            m_body = QByteArray("0123456789abcdef")
                             .repeated(size(arguments) / 16 + 1)
                             .first(size(arguments));
        else {
            if (!arguments.isSet("file") && isTerminal(Stream::Input))
                complain(u"qamqp publish"_s, u"reading standard input; Ctrl-D ends it"_s);
            m_input = std::make_unique<Input>(arguments.value("file"),
                                              lines ? Input::Lines : Input::Whole);
        }
        m_isStream = lines;
    }

    bool hasNext()
    {
        if (m_input && !m_isStream && m_input->hasNext()) { // all of it has come
            m_body = m_input->takeNext();
            m_input.reset();
        }
        return m_input ? m_input->hasNext() : m_left > 0;
    }

    bool isOver() const { return m_input ? m_input->isOver() : m_left == 0; }

    QByteArray takeNext()
    {
        if (m_input)
            return m_input->takeNext();
        --m_left;
        return m_body;
    }

private:
    static qsizetype size(const Arguments &arguments)
    {
        return qsizetype(arguments.number("size", 0, 512 * 1024 * 1024, 0));
    }

    quint64 m_left;
    bool m_isStream = false;
    QByteArray m_body;
    std::unique_ptr<Input> m_input;
};

// What became of the messages.
class Tally
{
public:
    explicit Tally(QAmqpChannel *channel)
    {
        QObject::connect(channel, &QAmqpChannel::confirmed, &m_scope,
                         [this](quint64 first, quint64 last) { confirmed += last - first + 1; });
        QObject::connect(channel, &QAmqpChannel::nacked, &m_scope,
                         [this](quint64 first, quint64 last) {
                             nacked += last - first + 1;
                             for (quint64 tag = first; tag <= last && tag < first + MaxNamed; ++tag)
                                 name(tag, u"nacked by the broker"_s);
                         });
        QObject::connect(channel, &QAmqpChannel::messageReturned, &m_scope,
                         [this](const QAmqpReturn &message) {
                             ++returned;
                             name(message.publishTag(),
                                  u"returned: %1 %2 (exchange \"%3\", routing key \"%4\")"_s.arg(
                                          QString::number(message.replyCode()), message.replyText(),
                                          message.exchange(), message.routingKey()));
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

    // And why, of the first that was not taken.
    QString lastSummary() const
    {
        return m_named.isEmpty() ? summary() : summary() + u": "_s + m_named.constFirst();
    }

    bool allTaken() const { return nacked + returned == 0; }

    Failure failure() const
    {
        const quint64 more = nacked + returned - quint64(m_named.size());
        return {NotTaken,
                u"%1 of %2 messages not taken: %3%4"_s.arg(
                        QString::number(nacked + returned), QString::number(published),
                        m_named.join("; "_L1), more ? u"; and %1 more"_s.arg(more) : QString())};
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
    static constexpr quint64 MaxNamed = 5;

    void name(quint64 number, const QString &what)
    {
        if (quint64(m_named.size()) >= MaxNamed)
            return;
        // Without confirms messages have no numbers.
        m_named += number == 0 ? what : u"message %1 %2"_s.arg(QString::number(number), what);
    }

    QStringList m_named;
    QObject m_scope; // the channel goes on while its session closes, which is after this
};

struct Target
{
    QString exchange;
    QString routingKey;
};

Target readTarget(const Arguments &arguments)
{
    arguments.refuseTogether("queue", "exchange");
    arguments.refuseTogether("queue", "routing-key");
    if (!arguments.isSet("queue") && !arguments.isSet("exchange")
        && !arguments.isSet("routing-key"))
        throw Failure{BadUsage,
                      u"where to? Give --queue, or --exchange and --routing-key; see qamqp "
                      "publish --help"_s};
    if (arguments.isSet("queue"))
        return {{}, arguments.value("queue")};
    return {arguments.value("exchange"), arguments.value("routing-key")};
}

void publishAll(Run &run, Session &session, Bodies &bodies, Tally &tally)
{
    const Arguments &arguments = run.arguments();
    const Target target = readTarget(arguments);
    QAmqpMessage message = readProperties(arguments);
    const auto flags =
            arguments.isSet("mandatory") ? QAmqpChannel::Mandatory : QAmqpChannel::NoFlags;
    QAmqpChannel *channel = session.channel();
    const bool confirms = !arguments.isSet("no-confirms");
    channel->setConfirms(confirms);
    channel->setMaxUnconfirmed(arguments.number("window", 1, 1'000'000, 1000));

    Progress progress;
    for (;;) {
        run.waitUntil([&] {
            return bodies.isOver() || (bodies.hasNext() && channel->isReadyToPublish());
        });
        if (bodies.isOver())
            break;
        message.setBody(bodies.takeNext());
        if (channel->publish(target.exchange, target.routingKey, message, flags) == 0)
            throw failureOf(channel->lastError());
        ++tally.published;
        if (tally.published % 256 == 0) {
            progress.show(tally.summary());
            QCoreApplication::processEvents();
        }
    }
    run.setDoing(u"waiting for confirms"_s);
    run.waitUntil([&] { return channel->unconfirmed() == 0; });
    // What the broker has to say of a message, it says before it answers what was asked behind it.
    run.setDoing(u"waiting for the broker to take the messages"_s);
    if (!confirms)
        run.wait(channel->setPrefetch(0));
    run.setDoing(u"closing the connection"_s);
    session.close();
}

void publish(Run &run)
{
    readTarget(run.arguments());
    readProperties(run.arguments());
    Bodies bodies(run.arguments());
    Session session(run);
    Tally tally(session.channel());
    try {
        publishAll(run, session, bodies, tally);
    } catch (const Failure &failure) {
        QAmqpChannel *channel = session.channel(); // open unless that is what failed
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
        {"q,queue", "QUEUE", "Straight into this queue, through the default exchange."},
        {"e,exchange", "EXCHANGE", "To this exchange, with --routing-key."},
        {"r,routing-key", "KEY", "Empty by default."},
        {"f,file", "FILE", "Read the body (or the lines) from FILE."},
        {"lines", nullptr, "Send each line of the input as a message."},
        {"n,count", "N", "Send the message N times."},
        {"size", "N", "A body of N octets."},
        {"mandatory", nullptr, "A message that reaches no queue is an error, exit status 4."},
        {"no-confirms", nullptr, "Do not ask the broker to confirm."},
        {"window", "N", "How many messages may be unconfirmed, 1000 by default."},
});

} // namespace

const Command publishCommand = {
        "publish",
        "[BODY]",
        1,
        "Send messages to an exchange or a queue",
        "The body is BODY, or is read from standard input. With confirms, the default, it ends when\n"
        "the broker has taken responsibility for each message.\n",
        "qamqp publish --queue hello 'Hello, world!'\n"
        "qamqp publish -e logs -r app.error --persistent --content-type application/json -f event.json\n"
        "tail -f app.log | qamqp publish -e logs -r app.log --lines\n"
        "qamqp publish -q jobs --header 'attempt=int32:1' --header 'tags=array:[\"a\",\"b\"]' --priority 5 job\n"
        "qamqp publish -q load --size 1024 --count 100000\n",
        options,
        publish,
};

} // namespace Tool
