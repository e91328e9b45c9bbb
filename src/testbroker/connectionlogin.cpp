// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// From connection.start to connection.open-ok, and who may do what.

#include "testbroker/connection.h"
#include "values/tableformat.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;

static QAmqpTable serverProperties()
{
    QAmqpTable able;
    for (const char *name : {"publisher_confirms", "exchange_exchange_bindings", "basic.nack",
                             "consumer_cancel_notify", "connection.blocked", "consumer_priorities",
                             "authentication_failure_close", "per_consumer_qos", "direct_reply_to"})
        able.insert(QString::fromLatin1(name), true);
    return {{u"capabilities"_s, able},
            {u"product"_s, u"QtAmqp test broker"_s},
            {u"version"_s, QStringLiteral(QTAMQP_VERSION_STR)},
            {u"platform"_s, QStringLiteral("Qt " QT_VERSION_STR)},
            {u"information"_s, u"Keeps everything in memory; for development and tests only."_s}};
}

void Connection::start()
{
    static const QByteArray properties = encodeTable(serverProperties());
    QByteArrayList offered = m_core.settings().mechanisms;
    if (m_peer.certificateName.isEmpty())
        offered.removeAll("EXTERNAL");
    const QByteArray mechanisms = offered.join(' ');
    m_state = State::StartOk;
    send(0,
         ConnectionStart{0, 9, QByteArrayView(properties), QByteArrayView(mechanisms),
                         QByteArrayView("en_US")});
}

void Connection::onChannel0(const ConnectionStartOk &method)
{
    Reader table(method.clientProperties);
    checkTable(method.clientProperties, table);
    if (!table.ok())
        return close(
                refuse(ReplyCode::SyntaxError, QByteArray("client-properties ") + table.error()),
                ConnectionStartOk::info.id());
    m_clientProperties = decodeTable(method.clientProperties);
    const QAmqpTable able = m_clientProperties.value(u"capabilities"_s).toTable();
    m_cancelNotify = able.value(u"consumer_cancel_notify"_s).toBool();
    m_blockedNotify = able.value(u"connection.blocked"_s).toBool();
    m_failureClose = able.value(u"authentication_failure_close"_s).toBool();
    m_mechanism = method.mechanism.toByteArray();
    if (!m_core.settings().mechanisms.contains(m_mechanism))
        return close(refuse(ReplyCode::CommandInvalid,
                            "unknown authentication mechanism '" + m_mechanism + '\''),
                     ConnectionStartOk::info.id());
    login(method.response);
}

void Connection::login(QByteArrayView response)
{
    bool isAllowed = false;
    if (m_mechanism == "PLAIN") { // an identity that may be empty, the user, and the password
        const QByteArrayList parts = response.toByteArray().split('\0');
        m_user = parts.value(1);
        isAllowed = parts.size() == 3 && isPassword(m_user, parts.at(2));
    } else if (m_mechanism == "AMQPLAIN") {
        Reader table(response);
        checkTable(response, table);
        const QAmqpTable fields = table.ok() ? decodeTable(response) : QAmqpTable();
        m_user = fields.value(u"LOGIN"_s).toBytes();
        isAllowed = isPassword(m_user, fields.value(u"PASSWORD"_s).toBytes());
    } else if (m_mechanism == "EXTERNAL") {
        m_user = m_peer.certificateName;
        isAllowed = !m_user.isEmpty() && m_core.settings().users.contains(m_user);
    } else if (m_mechanism == "RABBIT-CR-DEMO") {
        m_user = response.toByteArray();
        m_state = State::SecureOk;
        return send(0, ConnectionSecure{QByteArrayView("Please tell me your password")});
    }
    finishLogin(isAllowed);
}

void Connection::onChannel0(const ConnectionSecureOk &method)
{
    constexpr QByteArrayView words("My password is ");
    const bool isAnswer = method.response.startsWith(words);
    finishLogin(isAnswer && isPassword(m_user, method.response.sliced(words.size()).toByteArray()));
}

bool Connection::isPassword(const QByteArray &user, const QByteArray &password) const
{
    const auto known = m_core.settings().users.find(user);
    return known != m_core.settings().users.end() && known->second.password == password;
}

void Connection::finishLogin(bool isAllowed)
{
    const BrokerSettings &settings = m_core.settings();
    if (isAllowed && !(m_faults && m_faults->refusesLogin())) {
        m_state = State::TuneOk;
        return send(0,
                    ConnectionTune{settings.channelMax, settings.frameMax,
                                   quint16(settings.heartbeat.count())});
    }
    if (!m_failureClose)
        return closeLink(End::Close);
    close(refuse(ReplyCode::AccessRefused,
                 "Login was refused using authentication mechanism " + m_mechanism
                         + ". For details see the broker logfile."));
}

void Connection::onChannel0(const ConnectionTuneOk &method)
{
    const BrokerSettings &settings = m_core.settings();
    const auto judge = [&](const char *name, quint64 value, quint64 least, quint64 most) {
        const QByteArray negotiated =
                QByteArray("negotiated ") + name + " = " + QByteArray::number(value) + " is ";
        if (most > 0 && (value > most || value == 0))
            return refuse(ReplyCode::NotAllowed,
                          negotiated + "higher than the maximum allowed value ("
                                  + QByteArray::number(most) + ')');
        if (value < least)
            return refuse(ReplyCode::NotAllowed,
                          negotiated + "lower than the minimum allowed value ("
                                  + QByteArray::number(least) + ')');
        return Refusal();
    };
    if (const auto refusal = judge("frame_max", method.frameMax, FrameMinSize, settings.frameMax))
        return close(refusal, ConnectionTuneOk::info.id());
    if (const auto refusal = judge("channel_max", method.channelMax, 0, settings.channelMax))
        return close(refusal, ConnectionTuneOk::info.id());
    m_frameMax = method.frameMax;
    m_channelMax = method.channelMax;
    m_heartbeat.start(std::chrono::seconds(method.heartbeat), now());
    m_state = State::OpenExpected;
}

void Connection::onChannel0(const ConnectionOpen &method)
{
    const QByteArray name = method.virtualHost.toByteArray();
    VirtualHost *const host = m_core.virtualHost(name);
    if (!host || (m_faults && m_faults->refusesVirtualHost()))
        return close(refuse(ReplyCode::NotAllowed, "vhost " + name + " not found"),
                     ConnectionOpen::info.id());
    const auto user = m_core.settings().users.find(m_user);
    if (user == m_core.settings().users.end() || !user->second.hosts.contains(name))
        return close(refuse(ReplyCode::NotAllowed,
                            "access to vhost '" + name + "' refused for user '" + m_user + '\''),
                     ConnectionOpen::info.id());
    m_host = host;
    m_state = State::Open;
    send(0, ConnectionOpenOk{});
    if (m_faults)
        m_faults->opened();
    if (m_core.watcher())
        m_core.watcher()->opened(*this);
}

void Connection::onChannel0(const ConnectionUpdateSecret &method)
{
    m_secret = method.newSecret.toByteArray();
    send(0, ConnectionUpdateSecretOk{});
}

Refusal Connection::allows(QRegularExpression Permissions::*what, const char *kind,
                           QByteArrayView name) const
{
    const auto user = m_core.settings().users.find(m_user);
    if (user != m_core.settings().users.end()) {
        const auto host = user->second.hosts.find(m_host->name());
        if (host != user->second.hosts.end()) {
            const QRegularExpression &allowed = host->second.*what;
            if (allowed.pattern() == u".*" || allowed.match(QString::fromUtf8(name)).hasMatch())
                return {};
        }
    }
    return refuse(ReplyCode::AccessRefused,
                  "access to " + m_host->describe(kind, name) + " refused for user '" + m_user
                          + '\'');
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
