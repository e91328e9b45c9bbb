// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "management.h"

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QUrlQuery>
#include <QtNetwork/QNetworkReply>
#include <QtNetwork/QSslConfiguration>

using namespace Qt::StringLiterals;

Management::Management(QObject *parent) : QObject(parent)
{
    m_network.setTransferTimeout(10'000);
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
    QUrl url;
    url.setScheme(tls ? u"https"_s : u"http"_s);
    url.setHost(QUrl(connection.endpoint()).host());
    if (url.host().isEmpty())
        url.setHost(options.hostName());
    url.setPort(port != 0 ? port : tls ? standardWithTls : standard);
    const QByteArray virtualHost = QUrl::toPercentEncoding(options.virtualHost());
    url.setPath(u"/api/queues/"_s + QString::fromLatin1(virtualHost), QUrl::TolerantMode);
    url.setQuery(u"columns=name,messages_ready,messages_unacknowledged&sort=name"_s);
    m_request = QNetworkRequest(url);
    if (tls) {
        QSslConfiguration configuration = connection.sslConfiguration();
        if (const QString file = options.caCertificateFile(); !file.isEmpty())
            configuration.addCaCertificates(file);
        m_request.setSslConfiguration(configuration);
    }
    // The response of PLAIN is a NUL, the user, a NUL and the password. HTTP needs a colon between the two.
    const QAmqpCredentials credentials = options.credentials();
    const QByteArrayList parts = credentials.initialResponse().split('\0');
    m_problem = credentials.mechanism() != "PLAIN" || parts.size() != 3
            ? tr("it needs a user and a password")
            : QString();
    if (m_problem.isEmpty())
        m_request.setRawHeader("Authorization", "Basic " + (parts[1] + ':' + parts[2]).toBase64());
}

void Management::list()
{
    if (!m_problem.isEmpty())
        return Q_EMIT failed(m_problem);
    QNetworkReply *reply = m_network.get(m_request);
    connect(reply, &QNetworkReply::downloadProgress, reply, [reply](qint64 received) {
        constexpr qint64 most = 64 << 20; // several hundred thousand queues
        if (received > most)
            reply->abort();
    });
}

void Management::finish(QNetworkReply *reply)
{
    reply->deleteLater();
    if (reply->request().url() != m_request.url()) // the reply is from another broker
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
    QList<Queue> queues;
    const QJsonArray array = json.array();
    for (const QJsonValue each : array)
        queues += {each[u"name"].toString(), each[u"messages_ready"].toInteger(),
                   each[u"messages_unacknowledged"].toInteger()};
    Q_EMIT listed(queues);
}
