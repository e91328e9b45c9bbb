// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "requestenvironment.h"

#include "bytes.h"
#include "message.h"
#include "typedvalue.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Property = QAmqpMessage::Property;

// A request must not make the environment so large that the system refuses to start the command.
constexpr qsizetype MaxVariable = 32 * 1024;
constexpr qsizetype MaxVariables = 256 * 1024;
constexpr auto headerPrefix = "QAMQP_HEADER_"_L1;

class Variables
{
public:
    Variables() : m_environment(QProcessEnvironment::systemEnvironment())
    {
        const QStringList inherited = m_environment.keys();
        for (const QString &name : inherited) {
            if (name.startsWith(headerPrefix))
                m_environment.remove(name);
        }
    }

    void remove(const QString &name)
    {
        m_environment.remove(name);
        m_environment.remove(name + "_BASE64"_L1);
    }

    // Leaves out bytes that a variable cannot hold. If two would have the same name, the first one counts.
    void add(const QString &name, const QByteArray &bytes)
    {
        if (!bytes.isValidUtf8())
            return add(name + "_BASE64"_L1, bytes.toBase64());
        m_size += name.size() + bytes.size();
        if (bytes.size() <= MaxVariable && m_size <= MaxVariables && !bytes.contains('\0')
            && !m_environment.contains(name))
            m_environment.insert(name, textOf(bytes));
    }

    const QProcessEnvironment &environment() const { return m_environment; }

private:
    QProcessEnvironment m_environment;
    qsizetype m_size = 0;
};

// Shells allow letters, digits and underscores in names.
QString nameOf(const QByteArray &header)
{
    QString name = headerPrefix;
    for (const char c : header) {
        const bool plain =
                (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name += QLatin1Char(plain ? c : '_');
    }
    return name;
}

void addProperties(Variables &variables, const QAmqpDelivery &request)
{
    const auto number = [&](Property property, const QString &name, const QString &digits) {
        variables.remove(name);
        if (request.has(property))
            variables.add(name, digits.toUtf8());
    };
    for (const TextProperty &row : textProperties()) {
        const QString name =
                "QAMQP_"_L1 + QString::fromLatin1(row.option).toUpper().replace(u'-', u'_');
        variables.remove(name);
        if (request.has(row.property))
            variables.add(name, request.bytes(row.property));
    }
    number(Property::DeliveryMode, u"QAMQP_DELIVERY_MODE"_s,
           QString::number(int(request.deliveryMode())));
    number(Property::Priority, u"QAMQP_PRIORITY"_s, QString::number(request.priority()));
    number(Property::Timestamp, u"QAMQP_TIMESTAMP"_s,
           QString::number(request.timestamp().toSecsSinceEpoch()));
}

} // namespace

QProcessEnvironment environmentFor(const QAmqpDelivery &request)
{
    Variables variables;
    addProperties(variables, request);
    for (const QString &name :
         {u"QAMQP_EXCHANGE"_s, u"QAMQP_ROUTING_KEY"_s, u"QAMQP_REDELIVERED"_s})
        variables.remove(name);
    variables.add(u"QAMQP_EXCHANGE"_s, bytesOf(request.exchange()));
    variables.add(u"QAMQP_ROUTING_KEY"_s, bytesOf(request.routingKey()));
    variables.add(u"QAMQP_REDELIVERED"_s, request.isRedelivered() ? "true" : "false");
    const QAmqpTable headers = request.headers();
    for (const auto &[name, value] : headers.entries())
        variables.add(nameOf(name), textOfValue(value));
    return variables.environment();
}

} // namespace Tool
