// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "management.h"

#include "bytes.h"

#include <QtCore/qjsondocument.h>
#include <QtCore/qjsonobject.h>
#include <QtCore/qurl.h>
#include <QtNetwork/qnetworkreply.h>
#include <QtNetwork/qsslcertificate.h>
#include <QtNetwork/qsslconfiguration.h>
#include <QtNetwork/qsslsocket.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

constexpr qint64 MostBytes = 64 * 1024 * 1024; // several hundred thousand queues
constexpr auto LongestSilence = 10s;
constexpr auto LongestAnswer = 60s;

QUrl defaultUrl(const QAmqpConnectionOptions &broker)
{
    const bool tls = broker.isTlsEnabled();
    QUrl url;
    url.setScheme(tls ? u"https"_s : u"http"_s);
    url.setHost(broker.hostName());
    url.setPort(tls ? 15671 : 15672);
    return url;
}

QUrl givenUrl(const QString &text)
{
    const QUrl url(text, QUrl::StrictMode);
    const bool isHttp = url.scheme() == "http"_L1 || url.scheme() == "https"_L1;
    if (!url.isValid() || !isHttp || url.host().isEmpty() || url.hasQuery() || url.hasFragment()) {
        throw Failure{
                BadUsage,
                u"the URL of the management plugin is not one such as http://localhost:15672 or "
                "https://USER:PASSWORD@broker.example"_s};
    }
    return url;
}

QByteArray authorization(const QUrl &url, const QAmqpCredentials &credentials)
{
    if (!url.userName().isEmpty()) {
        const QString both = url.userName() + u':' + url.password();
        return "Basic " + both.toUtf8().toBase64();
    }
    // The response of PLAIN is a NUL, the user, a NUL and the password. HTTP needs a colon between the two.
    const QByteArrayList parts = credentials.initialResponse().split('\0');
    if (credentials.mechanism() != "PLAIN" || parts.size() != 3)
        return {};
    return "Basic " + (parts[1] + ':' + parts[2]).toBase64();
}

} // namespace

Management::Management(Run &run) : m_run(run)
{
    const QString given = run.managementUrl();
    m_base = given.isEmpty() ? defaultUrl(run.connectionOptions()) : givenUrl(given);
    m_authorization = authorization(m_base, run.connectionOptions().credentials());
    m_base.setUserInfo(QString());
    m_network.setTransferTimeout(int(std::chrono::milliseconds(LongestSilence).count()));
    m_network.setRedirectPolicy(
            QNetworkRequest::ManualRedirectPolicy); // the password must not go elsewhere
}

QString Management::where() const { return m_base.toString(); }

QNetworkRequest Management::request(const QStringList &path, const QString &query) const
{
    QUrl url = m_base;
    QString whole = url.path(QUrl::FullyEncoded);
    if (whole.endsWith(u'/'))
        whole.chop(1);
    whole += "/api"_L1;
    for (const QString &part : path)
        whole += u'/' + QString::fromLatin1(bytesOf(part).toPercentEncoding());
    url.setPath(whole, QUrl::TolerantMode);
    if (!query.isEmpty())
        url.setQuery(query);
    QNetworkRequest request(url);
    request.setRawHeader("Authorization", m_authorization);
    const QAmqpConnectionOptions &broker = m_run.connectionOptions();
    QSslConfiguration ssl = QSslConfiguration::defaultConfiguration();
    // These authorities and no others, as for AMQP.
    if (const QString file = broker.caCertificateFile(); !file.isEmpty())
        ssl.setCaCertificates(QSslCertificate::fromPath(file));
    if (!broker.isPeerVerificationEnabled())
        ssl.setPeerVerifyMode(QSslSocket::VerifyNone);
    request.setSslConfiguration(ssl);
    return request;
}

Management::Answer Management::ask(const QStringList &path, const QString &query, Shape shape)
{
    if (m_authorization.isEmpty()) {
        return {.failure = Failure{
                        Refused,
                        u"the management plugin at %1 needs a user and a password; name them by "
                        "--management http://USER:PASSWORD@HOST:PORT"_s.arg(where())}};
    }
    m_run.setDoing(u"waiting for %1"_s.arg(where()));
    const std::unique_ptr<QNetworkReply> reply(m_network.get(request(path, query)));
    QByteArray body;
    bool isTooLong = false;
    QObject::connect(reply.get(), &QNetworkReply::readyRead, reply.get(), [&] {
        body += reply->readAll();
        isTooLong = body.size() > MostBytes;
        if (isTooLong)
            reply->abort();
    });
    QTimer limit;
    limit.callOnTimeout(reply.get(), &QNetworkReply::abort);
    limit.start(LongestAnswer);
    m_run.waitUntil([&] { return reply->isFinished(); });
    body += reply->readAll();
    if (isTooLong)
        return {.failure = Failure{
                        Refused,
                        u"%1 answers with more than %2 bytes"_s.arg(where()).arg(MostBytes)}};
    return read(*reply, body, shape);
}

Management::Answer Management::read(const QNetworkReply &reply, const QByteArray &body,
                                    Shape shape) const
{
    const QJsonDocument json = QJsonDocument::fromJson(body);
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status != 200 || reply.error() != QNetworkReply::NoError) {
        return {.failure = refusal(reply, status),
                .isMissing = status == 404 && json.object().contains("error"_L1)};
    }
    if (shape == List ? !json.isArray() : !json.isObject())
        return {.failure =
                        Failure{Refused,
                                u"what answers at %1 is not the management plugin"_s.arg(where())}};
    return {.rows = shape == List ? json.array() : QJsonArray{json.object()}};
}

Failure Management::refusal(const QNetworkReply &reply, int status) const
{
    const QString byOption = u"; name its URL by --management"_s;
    if (status == 401 || status == 403) {
        return {Refused,
                u"%1 refused the user; check the user and the password, and that the user has the tag "
                "\"management\""_s.arg(where())};
    }
    if (status >= 300 && status < 400) {
        const QUrl target = reply.attribute(QNetworkRequest::RedirectionTargetAttribute).toUrl();
        return {Refused,
                u"%1 refers to %2%3"_s.arg(where(), target.toString(QUrl::RemoveUserInfo),
                                           byOption)};
    }
    if (status >= 500)
        return {NoConnection, u"%1 answers with status %2"_s.arg(where()).arg(status)};
    if (status >= 400)
        return {Refused, u"%1 answers with status %2%3"_s.arg(where()).arg(status).arg(byOption)};
    const bool inTime = reply.error() != QNetworkReply::OperationCanceledError;
    return {NoConnection,
            u"the management plugin does not answer at %1 (%2); enable it by rabbitmq-plugins enable "
            "rabbitmq_management%3"_s.arg(where(),
                                          inTime ? reply.errorString() : u"the time is up"_s,
                                          u", or name its URL by --management"_s)};
}

} // namespace Tool
