// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Calls that AMQP cannot carry out: each is refused at once, with a text that says what is wrong, and
// nothing of it reaches a broker; there is none here.

#include "apitest.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qurl.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

using Call = std::function<QAmqpError(QAmqpChannel *)>;

QString longName() { return QString(128, u'é'); } // 256 bytes

QAmqpMessage withHeader(const QAmqpValue &value)
{
    QAmqpMessage message("x");
    message.setHeaders({{u"h"_s, value}});
    return message;
}

QAmqpMessage withText(void (QAmqpMessage::*set)(const QString &))
{
    QAmqpMessage message("x");
    (message.*set)(longName());
    return message;
}

QAmqpQueueOptions withArgument(const QAmqpValue &value)
{
    return QAmqpQueueOptions().setArgument(u"a"_s, value);
}

Call publishing(const QAmqpMessage &message)
{
    return [message](QAmqpChannel *c) { return errorOf(c->publishConfirmed({}, u"q"_s, message)); };
}

Call declaring(const QAmqpQueueOptions &options)
{
    return [options](QAmqpChannel *c) { return errorOf(c->declareQueue(u"q"_s, options)); };
}

} // namespace

Q_DECLARE_METATYPE(Call)

class TestBadInput : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isRefusedAtOnce_data()
    {
        QTest::addColumn<Call>("call");
        QTest::addColumn<QString>("text");
        const auto row = [](const char *name, const Call &call, const QString &text) {
            QTest::newRow(name) << call << text;
        };
        const auto tooLong = [](const char *method, const char *field) {
            return u"%1: the %2 \"%3…\" has 256 bytes of UTF-8, AMQP allows 255; shorten it"_s.arg(
                    QString::fromLatin1(method), QString::fromLatin1(field), QString(16, u'é'));
        };
        row(
                "queue name", [](auto *c) { return errorOf(c->declareQueue(longName())); },
                tooLong("queue.declare", "queue"));
        row(
                "bound queue", [](auto *c) { return errorOf(c->bindQueue(longName(), u"e"_s)); },
                tooLong("queue.bind", "queue"));
        row(
                "binding's exchange",
                [](auto *c) { return errorOf(c->bindQueue(u"q"_s, longName())); },
                tooLong("queue.bind", "exchange"));
        row(
                "binding's key",
                [](auto *c) { return errorOf(c->bindQueue(u"q"_s, u"e"_s, longName())); },
                tooLong("queue.bind", "routing-key"));
        row(
                "unbound queue",
                [](auto *c) { return errorOf(c->unbindQueue(longName(), u"e"_s)); },
                tooLong("queue.unbind", "queue"));
        row(
                "purged queue", [](auto *c) { return errorOf(c->purgeQueue(longName())); },
                tooLong("queue.purge", "queue"));
        row(
                "deleted queue", [](auto *c) { return errorOf(c->deleteQueue(longName())); },
                tooLong("queue.delete", "queue"));
        row(
                "asked queue", [](auto *c) { return errorOf(c->get(longName())); },
                tooLong("basic.get", "queue"));
        row(
                "exchange name",
                [](auto *c) { return errorOf(c->declareExchange(longName(), u"direct"_s)); },
                tooLong("exchange.declare", "exchange"));
        row(
                "exchange type",
                [](auto *c) { return errorOf(c->declareExchange(u"e"_s, longName())); },
                tooLong("exchange.declare", "type"));
        row(
                "binding's source",
                [](auto *c) { return errorOf(c->bindExchange(u"e"_s, longName())); },
                tooLong("exchange.bind", "source"));
        row(
                "unbound destination",
                [](auto *c) { return errorOf(c->unbindExchange(longName(), u"e"_s)); },
                tooLong("exchange.unbind", "destination"));
        row(
                "deleted exchange", [](auto *c) { return errorOf(c->deleteExchange(longName())); },
                tooLong("exchange.delete", "exchange"));
        row(
                "exchange to publish to",
                [](auto *c) { return errorOf(c->publishConfirmed(longName(), {}, "x"_ba)); },
                tooLong("basic.publish", "exchange"));
        row(
                "routing key",
                [](auto *c) { return errorOf(c->publishConfirmed({}, longName(), "x"_ba)); },
                tooLong("basic.publish", "routing-key"));

        row("type", publishing(withText(&QAmqpMessage::setType)),
            u"the message cannot be sent: type has more than 255 bytes of UTF-8"_s);
        row("correlation id", publishing(withText(&QAmqpMessage::setCorrelationId)),
            u"the message cannot be sent: correlation-id has more than 255 bytes of UTF-8"_s);
        QAmqpMessage old("x");
        old.setTimestamp(QDateTime::fromSecsSinceEpoch(-1, Qt::UTC));
        row("timestamp", publishing(old),
            u"the message cannot be sent: timestamp lies before 1970"_s);
        row("integer of 64 bits", publishing(withHeader(18446744073709551615u)),
            u"the message cannot be sent: headers: \"h\": 18446744073709551615 is larger than AMQP's "
            "largest integer, 9223372036854775807; send it as text"_s);
        row("no value", publishing(withHeader(QAmqpValue())),
            u"the message cannot be sent: headers: \"h\": no value was set"_s);
        row("foreign type", publishing(withHeader(QAmqpValue::fromVariant(QVariant(QUrl())))),
            u"the message cannot be sent: headers: \"h\": an AMQP table cannot hold a value of type QUrl; "
            "convert it to text, a number, bytes, a time, a list or a map"_s);
        row("large headers", publishing(withHeader(QString(200'000, u'x'))),
            u"the message's properties do not fit one frame of 131072 bytes; shorten its headers"_s);

        row("argument", declaring(withArgument(QAmqpValue())),
            u"the arguments cannot be sent: \"a\": no value was set"_s);
        row("argument's name", declaring(QAmqpQueueOptions().setArgument(longName(), 1)),
            u"the arguments cannot be sent: the name \"%1…\" has 256 bytes, AMQP allows 255"_s.arg(
                    QString(16, u'é')));
        row("argument out of range", declaring(QAmqpQueueOptions().setMaxPriority(256)),
            u"the arguments cannot be sent: \"x-max-priority\": 256 is not a whole number from 1 to 255"_s);
        row("large argument", declaring(withArgument(QString(200'000, u'x'))),
            u"queue.declare takes 200020 bytes and must fit one frame of 131072; shorten its arguments"_s);
        row(
                "exchange's argument",
                [](auto *c) {
                    return errorOf(c->declareExchange(
                            u"e"_s, u"direct"_s,
                            QAmqpExchangeOptions().setArgument(u"a"_s, QDateTime())));
                },
                u"the arguments cannot be sent: \"a\": an AMQP timestamp cannot hold a time that is before 1970 "
                "or not valid"_s);
        row(
                "binding's argument",
                [](auto *c) {
                    return errorOf(c->bindQueue(u"q"_s, u"e"_s, {}, {{u"a"_s, QAmqpValue()}}));
                },
                u"the arguments cannot be sent: \"a\": no value was set"_s);

        row(
                "commit", [](auto *c) { return errorOf(c->txCommit()); },
                u"tx.commit needs txSelect() before"_s);
        row(
                "rollback", [](auto *c) { return errorOf(c->txRollback()); },
                u"tx.rollback needs txSelect() before"_s);
        row(
                "nameless queue", [](auto *c) { return errorOf(c->queue()->purge()); },
                u"queue.purge: the queue has no name yet; declare it, and the broker makes one up"_s);
    }

    void isRefusedAtOnce()
    {
        QFETCH(Call, call);
        QFETCH(QString, text);
        QAmqpConnection connection;
        QAmqpChannel *channel = connection.createChannel();
        const QAmqpError error = call(channel);
        QCOMPARE(error.text(), text);
        QVERIFY(error.kind() == QAmqpError::Kind::InvalidArgument
                || error.kind() == QAmqpError::Kind::LimitExceeded);
        QCOMPARE(error.scope(), QAmqpError::Scope::Operation);
        QVERIFY(!error.isRetryable());
        QCOMPARE(connection.bytesToWrite(), 0);
        QVERIFY(channel->state() != QAmqpChannel::State::Closed);
    }
};

QTAMQP_TEST(TestBadInput)

#include "tst_badinput.moc"
