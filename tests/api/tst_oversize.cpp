// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Messages that are larger than the application takes, or whose properties cannot be read: what each
// object tells of them, while the connection goes on.

#include "consumertest.h"
#include "unreadable.h"
#include "values/qamqpmessage_p.h"

#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>

namespace {

constexpr quint64 Most = 1000;

// With properties, which are kept.
QAmqpMessage large(const QByteArray &correlationId = "id")
{
    QAmqpMessage message(QByteArray(Most + 1, 'x'));
    message.setCorrelationId(QString::fromLatin1(correlationId));
    message.setReplyTo(u"back"_s);
    return message;
}

void limit(Session &session)
{
    session.setOptions([](QAmqpConnectionOptions &options) { options.setMaxMessageSize(Most); });
}

constexpr char tooLarge[] = "its body has 1001 bytes, the limit is 1000; raise it with "
                            "QAmqpConnectionOptions::setMaxMessageSize()";

QString textOf(const char *exchange, const char *key, const char *fate = "rejected")
{
    return u"the message from exchange \"%1\" with routing key \"%2\" was %3: %4"_s.arg(
            QLatin1String(exchange), QLatin1String(key), QLatin1String(fate),
            QLatin1String(tooLarge));
}

} // namespace

class TestOversize : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aConsumerTellsAndGoesOn()
    {
        Session session(consuming()
                                .then(deliveries(1, 1))
                                .sendContent(delivery(2), large())
                                .then(deliveries(3, 3))
                                .expect<BasicNack>(isNack(2, false, false))
                                .expect<BasicAck>(isAck(3, true))
                                .then(Script().connectionClose()));
        limit(session);
        QAmqpConsumer *consumer = session.makeChannel()->consume(u"q"_s, tagged());
        session.log.watch(consumer);
        QList<QAmqpDelivery> discarded;
        QList<QAmqpError> errors;
        QObject::connect(consumer, &QAmqpConsumer::messageDiscarded,
                         [&](const QAmqpDelivery &message, const QAmqpError &error) {
                             discarded.append(message);
                             errors.append(error);
                         });
        QObject::connect(consumer, &QAmqpConsumer::messageReceived,
                         [](const QAmqpDelivery &message) {
                             if (message.body() == "3")
                                 message.ack(QAmqpDelivery::Multiple);
                         });
        session.connection.open();
        TRY(session.log.count(u"consumer.received 3"_s), session.server);
        QCOMPARE(session.log.of(u"consumer"_s),
                 QStringList({u"Active"_s, u"started"_s, u"received 1"_s, u"received 3"_s}));
        QCOMPARE(errors.size(), 1);
        QCOMPARE(errors[0].text(), textOf("e", "k"));
        QCOMPARE(errors[0].kind(), QAmqpError::Kind::LimitExceeded);
        QCOMPARE(errors[0].scope(), QAmqpError::Scope::Operation);
        const QAmqpDelivery &message = discarded[0];
        QCOMPARE(message.consumerTag(), u"t"_s);
        QCOMPARE(message.routingKey(), u"k"_s);
        QCOMPARE(message.correlationId(), u"id"_s);
        QVERIFY(message.body().isEmpty());
        QVERIFY(message.isSettled() && !message.ack());
        // What is left of it cannot be sent on by mistake.
        QCOMPARE(session.channel->publish(QString(), u"q"_s, message), 0u);
        QCOMPARE(session.channel->lastError().kind(), QAmqpError::Kind::InvalidArgument);
        session.close();
    }

    void whoDoesNotListenIsWarnedOnce()
    {
        QTest::failOnWarning(QRegularExpression(u"."_s));
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(u"^the message from .* was dropped"_s));
        Session session(consuming(true)
                                .sendContent(delivery(1), large())
                                .sendContent(delivery(2), large())
                                .then(deliveries(3, 3))
                                .then(Script().connectionClose()));
        limit(session);
        session.log.watch(session.makeChannel()->consume(u"q"_s, tagged().setNoAck()));
        session.connection.open();
        TRY(session.log.count(u"consumer.received 3"_s), session.server);
        session.close();
    }

    void aGetFails()
    {
        const auto got = [](quint64 tag) {
            return BasicGetOk{tag, false, {}, QByteArrayView("q"), 0};
        };
        Session session(openedChannel()
                                .expect<BasicGet>()
                                .expect<BasicGet>()
                                .sendContent(got(1), large())
                                .sendContent(got(2), QByteArray("next"))
                                .expect<BasicNack>(isNack(1, false, false))
                                .then(Script().connectionClose()));
        limit(session);
        session.open();
        const auto first = session.channel->get(u"q"_s);
        const auto second = session.channel->get(u"q"_s);
        TRY(second.isFinished(), session.server);
        QCOMPARE(errorOf(first).text(), textOf("", "q"));
        QCOMPARE(errorOf(first).kind(), QAmqpError::Kind::LimitExceeded);
        QCOMPARE(second.result()->body(), "next");
        session.close();
    }

    void aReplyEndsItsCall()
    {
        QByteArray id;
        Session session(
                openedChannel()
                        .expect<BasicConsume>()
                        .reply(BasicConsumeOk{QByteArrayView("qtamqp-1.1")})
                        .expect<ConfirmSelect>()
                        .reply(ConfirmSelectOk{})
                        .expect<BasicPublish>([&](const BasicPublish &, const QAmqpMessage &m) {
                            id = m.correlationId().toLatin1();
                        })
                        .reply(BasicAck{1, false}));
        limit(session);
        session.open();
        QAmqpRpcClient client(session.channel);
        const QFuture<QAmqpMessage> reply = client.call(QString(), u"q"_s, "question"_ba);
        TRY(!id.isEmpty(), session.server);
        session.server.then(Script().sendContent(deliveryTo("qtamqp-1.1", 1), large(id)));
        TRY(reply.isFinished(), session.server);
        QCOMPARE(errorOf(reply).text(), textOf("", "q", "dropped"));
        QCOMPARE(errorOf(reply).kind(), QAmqpError::Kind::LimitExceeded);
        QVERIFY(session.channel->isOpen());
    }

    void aServerReportsARequestAndServesTheNext()
    {
        QAmqpMessage request("question");
        request.setReplyTo(u"back"_s);
        const QAmqpMessage odd =
                QAmqpMessagePrivate::make("odd", 0x0002, {}); // a flag that means nothing
        Session session(openedChannel()
                                .expect<BasicQos>()
                                .reply(BasicQosOk{})
                                .expect<BasicConsume>()
                                .reply(BasicConsumeOk{QByteArrayView("qtamqp-1.1")})
                                .sendContent(deliveryTo("qtamqp-1.1", 1), large())
                                .sendContent(deliveryTo("qtamqp-1.1", 2), odd)
                                .sendContent(deliveryTo("qtamqp-1.1", 3), request)
                                .expect<BasicNack>(isNack(1, false, false))
                                .expect<BasicNack>(isNack(2, false, false))
                                .expect<ConfirmSelect>()
                                .reply(ConfirmSelectOk{})
                                .expect<BasicPublish>()
                                .expect<BasicAck>(isAck(3)));
        limit(session);
        QAmqpRpcServer server(session.makeChannel(), u"q"_s);
        server.setHandler([](const QAmqpDelivery &) { return QAmqpMessage("answer"); });
        QList<QAmqpError> errors;
        QObject::connect(&server, &QAmqpRpcServer::errorOccurred,
                         [&](const QAmqpError &error) { errors.append(error); });
        session.connection.open();
        QVERIFY(server.start());
        TRY(session.server.isExhausted(), session.server);
        QCOMPARE(errors.size(), 2);
        QCOMPARE(errors[0].text(), textOf("", "q"));
        QCOMPARE(
                errors[1].text(),
                u"a request in queue \"q\" has no reply-to and cannot be answered; it was rejected: "
                "the property list has property flags that the basic class does not define"_s);
        QVERIFY(server.isRunning());
    }

    void aReturnIsUnroutableAllTheSame()
    {
        QAmqpMessage message = large();
        message.setMessageId(u"m"_s);
        Session session(openedChannel()
                                .expect<ConfirmSelect>()
                                .reply(ConfirmSelectOk{})
                                .expect<BasicPublish>()
                                .sendContent(BasicReturn{312,
                                                         QByteArrayView("NO_ROUTE"),
                                                         {},
                                                         QByteArrayView("q")},
                                             message)
                                .send(BasicAck{1, false}));
        limit(session);
        session.open();
        QList<QAmqpReturn> returned;
        QObject::connect(session.channel, &QAmqpChannel::messageReturned,
                         [&](const QAmqpReturn &m) { returned.append(m); });
        const auto confirmed = session.channel->publishConfirmed(QString(), u"q"_s, message,
                                                                 QAmqpChannel::Mandatory);
        TRY(confirmed.isFinished(), session.server);
        QCOMPARE(errorOf(confirmed).kind(), QAmqpError::Kind::Unroutable);
        QCOMPARE(returned.size(), 1);
        QCOMPARE(returned[0].messageId(), u"m"_s);
        QCOMPARE(returned[0].errorString(),
                 u"its body was larger than the limit and was not kept"_s);
        QCOMPARE(session.channel->publish(QString(), u"q"_s, returned[0]), 0u);
    }

    // Properties that cannot be read come with their message, and go on with it byte for byte.
    void whatCannotBeReadIsPassedOn()
    {
        Script script = consuming();
        QList<QAmqpMessage> sent;
        for (const Unreadable::Row &row : Unreadable::rows()) {
            sent.append(QAmqpMessagePrivate::make(row.name, row.flags, row.list));
            script.sendContent(delivery(quint64(sent.size())), sent.constLast());
        }
        script.expect<ConfirmSelect>().reply(ConfirmSelectOk{});
        quint64 number = 0;
        for (const QAmqpMessage &message : std::as_const(sent)) {
            script.expect<BasicPublish>(
                          [=](const BasicPublish &, const QAmqpMessage &m) { return m == message; })
                    .expect<BasicAck>()
                    .send(BasicAck{++number, false});
        }
        ConsumerSession session(script.then(Script().connectionClose()));
        QObject::connect(session.consumer, &QAmqpConsumer::messageReceived,
                         [&](const QAmqpDelivery &message) {
                             QVERIFY(session.channel->publish(QString(), u"other"_s, message));
                             QVERIFY(message.ack());
                         });
        TRY(session.received.size() == sent.size(), session.server);
        for (const QAmqpDelivery &message : std::as_const(session.received)) {
            QVERIFY(!message.propertiesError().isEmpty());
            QVERIFY(message.headers().isEmpty());
        }
        QCOMPARE(session.log.count(u"consumer.Cancelled"_s), 0);
        session.close();
    }
};

QTAMQP_TEST(TestOversize)
#include "tst_oversize.moc"
