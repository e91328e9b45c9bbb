// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "RPC: requests and replies" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdebug.h>
#include <QtCore/qthreadpool.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void ask(QAmqpRpcClient *client, QObject *window)
{
    //! [ask]
    QAmqpMessage request(R"({"article":17})");
    request.setContentType(u"application/json"_s);
    client->call(QString(), u"prices"_s, request, 5s)
            .then(window, [](const QAmqpMessage &reply) { qInfo() << "It costs" << reply.text(); })
            .onFailed(window, [](const QAmqpException &exception) {
                switch (exception.error().kind()) {
                case QAmqpError::Unroutable: qWarning() << "There is no queue of that name."; break;
                case QAmqpError::Timeout: qWarning() << "Nobody has answered."; break;
                default: qWarning() << exception.error().text();
                }
            });
    //! [ask]
}

static QByteArray slowAnswer(const QByteArray &request) { return request; }

void answerLater(QAmqpRpcServer *server)
{
    //! [later]
    QObject *app = QCoreApplication::instance(); // outlives the pool's work, as the server may not
    QObject::connect(server, &QAmqpRpcServer::requestReceived,
                     [app](const QAmqpRpcRequest &request) {
                         QThreadPool::globalInstance()->start([app, request] {
                             const QByteArray answer = slowAnswer(request.message().body());
                             QMetaObject::invokeMethod(app, [=] { request.reply(answer); });
                         });
                     });
    //! [later]
}

void idempotent(QAmqpRpcClient *client)
{
    //! [idempotent]
    client->setIdempotent(true); // to ask for a price twice does no harm
    //! [idempotent]
}

QAmqpMessage waitForReply(QAmqpBlockingChannel &channel, QAmqpMessage request)
{
    //! [wait]
    const QString replies = u"amq.rabbitmq.reply-to"_s;
    const QAmqpBlockingConsumer consumer =
            channel.consume(replies, QAmqpConsumeOptions().setNoAck());
    request.setReplyTo(replies);
    request.setCorrelationId(u"1"_s);
    channel.publish({}, u"prices"_s, request, QAmqpChannel::Mandatory).value();
    return consumer.next(5s).value(); // or throws a QAmqpException, Timeout for example
    //! [wait]
}
