// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "source.h"

#include "folder.h"
#include "message.h"
#include "output.h"
#include "platform.h"

#include <QtAmqp/qamqpdelivery.h>
#include <QtCore/qfileinfo.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

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

} // namespace

Source::Target Source::readTarget(const Arguments &arguments)
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
    if (!target.exchange && !target.routingKey && !arguments.isSet("json-lines")
        && !arguments.isSet("from"))
        throw Failure{
                BadUsage,
                u"the message needs a target: give --queue, or --exchange and --routing-key; see qamqp "
                "publish --help"_s};
    return target;
}

Source::Source(const Arguments &arguments)
    : m_arguments(arguments)
    , m_target(readTarget(arguments))
    , m_message(withProperties(arguments))
    , m_files(arguments.isSet("from") ? MessageFolder::files(arguments.value("from"))
                                      : QStringList())
    , m_isJson(arguments.isSet("json-lines") || !m_files.isEmpty())
    , m_isStream(arguments.isSet("json-lines") || arguments.isSet("lines"))
    , m_left(m_files.isEmpty() ? arguments.number("count", 1, std::numeric_limits<qint64>::max(), 1)
                               : quint64(m_files.size()))
{
    checkOptions();
    if (!m_files.isEmpty())
        return;
    if (const auto body = arguments.body())
        m_body = *body;
    else if (arguments.isSet("size"))
        m_body = QByteArray("0123456789abcdef").repeated(size() / 16 + 1).first(size());
    else
        openInput();
}

void Source::openInput()
{
    // What was read and is not in the outbox is lost if the program is killed, so that little is read ahead.
    constexpr qsizetype mostHeldForAFile = 16 * 1024;

    const QString fileName = m_arguments.value("file");
    const bool isKept = m_arguments.isSet("outbox");
    m_isTyped = !m_arguments.isSet("file") && isTerminal(Stream::Input);
    if (m_isTyped)
        complain(u"qamqp publish"_s, u"reading standard input; Ctrl-D ends it"_s);
    if (!m_isStream && !isKept && (m_file = openLarge(fileName))) {
        m_begin = m_file->pos();
        if (m_file->size() - m_begin > Input::MaxBody)
            throw Failure{BadUsage, Input::tooLong(fileName)};
        return;
    }
    m_input = std::make_unique<Input>(fileName, m_isStream ? Input::Lines : Input::Whole,
                                      isKept ? mostHeldForAFile : Input::MostHeld);
}

bool Source::hasNext()
{
    if (m_input && !m_isStream && m_input->hasNext()) { // the whole input is one body
        m_body = m_input->takeNext();
        m_input.reset();
    }
    return m_input ? m_input->hasNext() : m_left > 0;
}

std::optional<Outgoing> Source::takeNext()
{
    if (!m_files.isEmpty()) {
        const QString &name = m_files.at(m_files.size() - qsizetype(m_left--));
        return readMessage(MessageFolder::read(name), name);
    }
    if (m_isJson)
        return readLine(m_input->takeNext());
    Outgoing next{.message = m_message,
                  .exchange = m_target.exchange.value_or(QString()),
                  .routingKey = m_target.routingKey.value_or(QString()),
                  .body = m_file.get(),
                  .begin = m_begin};
    m_left -= m_input ? 0 : 1;
    if (!m_file)
        next.message.setBody(m_input ? m_input->takeNext() : m_body);
    next.flags = flagsFor(next.exchange);
    return next;
}

void Source::end()
{
    m_left = 0;
    if (m_input)
        m_input->end();
}

void Source::checkOptions() const
{
    for (const char *other : {"lines", "json-lines", "file", "size", "from"}) {
        if (!m_arguments.operands().isEmpty() && m_arguments.isSet(other)) {
            throw Failure{BadUsage,
                          u"BODY and --%1 do not go together; leave one out"_s.arg(
                                  QLatin1StringView(other))};
        }
    }
    for (const char *other : {"lines", "json-lines", "file"})
        m_arguments.refuseTogether("size", other);
    for (const char *other : {"lines", "json-lines", "file", "size", "count"})
        m_arguments.refuseTogether("from", other);
    m_arguments.refuseTogether("count", "lines");
    m_arguments.refuseTogether("count", "json-lines");
    m_arguments.refuseTogether("lines", "json-lines");
    m_arguments.refuseTogether("mandatory", "no-mandatory");
    m_arguments.refuseTogether("no-confirms", "outbox");
}

qsizetype Source::size() const
{
    return qsizetype(m_arguments.number("size", 0, 512 * 1024 * 1024, 0));
}

// A message is mandatory if it is for the default exchange, and so for one queue, or if it is one of
// --json-lines, which mostly are put back into their queue.
QAmqpChannel::PublishFlags Source::flagsFor(const QString &exchange) const
{
    const bool mandatory = m_arguments.isSet("mandatory") || exchange.isEmpty() || m_isJson;
    return mandatory && !m_arguments.isSet("no-mandatory") ? QAmqpChannel::Mandatory
                                                           : QAmqpChannel::NoFlags;
}

std::optional<Outgoing> Source::readLine(const QByteArray &line)
{
    ++m_line;
    if (line.trimmed().isEmpty())
        return {};
    return readMessage(line, u"line %1 of the input"_s.arg(m_line));
}

Outgoing Source::readMessage(const QByteArray &json, const QString &name) const
{
    const auto wrong = [&](const QString &what) {
        return Failure{BadUsage, u"%1: %2"_s.arg(name, what)};
    };
    const QAmqpDelivery given = QAmqpDelivery::fromJson(json);
    if (const QString error = given.errorString(); !error.isEmpty())
        throw wrong(error);
    Outgoing next{.message = static_cast<const QAmqpMessage &>(given),
                  .exchange = m_target.exchange.value_or(given.exchange()),
                  .routingKey = m_target.routingKey.value_or(given.routingKey())};
    if (next.exchange.isNull() && next.routingKey.isNull())
        throw wrong(u"it names neither exchange nor routing key; give --queue"_s);
    next.message = withProperties(m_arguments, next.message);
    next.flags = flagsFor(next.exchange);
    return next;
}

} // namespace Tool
