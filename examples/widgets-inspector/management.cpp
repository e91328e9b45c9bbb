// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "management.h"

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QUrlQuery>
#include <QtNetwork/QNetworkReply>
#include <QtNetwork/QSslCertificate>

using namespace Qt::StringLiterals;

Management::Management(QObject *parent) : QObject(parent)
{
    m_network.setTransferTimeout(10000);
    m_network.setRedirectPolicy(
            QNetworkRequest::ManualRedirectPolicy); // the password must not go elsewhere
    connect(&m_network, &QNetworkAccessManager::finished, this, &Management::finish);
}

void Management::setBroker(const QAmqpConnection &connection, quint16 port)
{
    const QAmqpConnectionOptions options = connection.options();
    const bool tls = options.isTlsEnabled();
    constexpr quint16 standard = 15672;
    constexpr quint16 standardWithTls = 15671;
    m_url = QUrl();
    m_url.setScheme(tls ? u"https"_s : u"http"_s);
    m_url.setHost(QUrl(connection.endpoint()).host());
    if (m_url.host().isEmpty())
        m_url.setHost(options.hostName());
    m_url.setPort(port != 0 ? port : tls ? standardWithTls : standard);
    m_virtualHost = QString::fromLatin1(QUrl::toPercentEncoding(options.virtualHost()));
    // The same that AMQP trusts: a certificate authority that is named is trusted instead of the system's.
    m_tls = connection.sslConfiguration();
    if (const QString file = options.caCertificateFile(); tls && !file.isEmpty())
        m_tls.setCaCertificates(QSslCertificate::fromPath(file));
    m_peerVerifyName = options.peerVerifyName();
    if (!options.isPeerVerificationEnabled())
        m_tls.setPeerVerifyMode(QSslSocket::VerifyNone);
    // The response of PLAIN is a NUL, the user, a NUL and the password. HTTP needs a colon between the two.
    const QAmqpCredentials credentials = options.credentials();
    const QByteArrayList parts = credentials.initialResponse().split('\0');
    m_problem = credentials.mechanism() != "PLAIN" || parts.size() != 3
            ? tr("it needs a user and a password")
            : QString();
    m_authorization.clear();
    if (m_problem.isEmpty())
        m_authorization = "Basic " + (parts[1] + ':' + parts[2]).toBase64();
    m_queues = requestFor(u"queues"_s,
                          u"name,messages_ready,messages_unacknowledged,"
                          "message_stats.publish_details.rate,"
                          "message_stats.deliver_get_details.rate"_s);
    m_exchanges = requestFor(u"exchanges"_s,
                             u"name,type,message_stats.publish_in_details.rate,"
                             "message_stats.publish_out_details.rate"_s);
}

QNetworkRequest Management::requestFor(const QString &kind, const QString &columns) const
{
    QUrl url = m_url;
    url.setPath(u"/api/%1/%2"_s.arg(kind, m_virtualHost), QUrl::TolerantMode);
    url.setQuery(u"columns=%1&sort=name"_s.arg(columns));
    QNetworkRequest request(url);
    if (url.scheme() == u"https") {
        request.setSslConfiguration(m_tls);
        request.setPeerVerifyName(m_peerVerifyName);
    }
    request.setRawHeader("Authorization", m_authorization);
    return request;
}

void Management::list()
{
    if (!m_problem.isEmpty())
        return Q_EMIT failed(m_problem);
    get(m_queues); // and the exchanges when that was answered
}

void Management::get(const QNetworkRequest &request)
{
    QNetworkReply *reply = m_network.get(request);
    connect(reply, &QNetworkReply::downloadProgress, reply, [reply](qint64 received) {
        constexpr qint64 most = 64 << 20; // several hundred thousand queues
        if (received > most)
            reply->abort();
    });
}

static double rate(const QJsonValue &of, const QString &name)
{
    return of[u"message_stats"][name][u"rate"].toDouble();
}

void Management::finish(QNetworkReply *reply)
{
    reply->deleteLater();
    const QUrl asked = reply->request().url();
    if (asked != m_queues.url() && asked != m_exchanges.url()) // the reply is from another broker
        return;
    const QString where = reply->url().authority();
    const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status == 401)
        return Q_EMIT failed(tr("the user needs the tag \"management\""));
    if (reply->error() != QNetworkReply::NoError)
        return Q_EMIT failed(tr("the management plugin does not answer at %1 (%2)")
                                     .arg(where, reply->errorString()));
    const QJsonDocument json = QJsonDocument::fromJson(reply->readAll());
    if (!json.isArray())
        return Q_EMIT failed(tr("what answers at %1 is not the management plugin").arg(where));
    const QJsonArray array = json.array();
    if (asked == m_exchanges.url()) {
        QList<Exchange> exchanges;
        for (const auto each : array)
            exchanges +=
                    {each[u"name"].toString(), each[u"type"].toString(),
                     rate(each, u"publish_in_details"_s), rate(each, u"publish_out_details"_s)};
        return Q_EMIT exchangesListed(exchanges);
    }
    QList<Queue> queues;
    for (const auto each : array)
        queues += {each[u"name"].toString(), each[u"messages_ready"].toInteger(),
                   each[u"messages_unacknowledged"].toInteger(), rate(each, u"publish_details"_s),
                   rate(each, u"deliver_get_details"_s)};
    get(m_exchanges);
    Q_EMIT listed(queues);
}
