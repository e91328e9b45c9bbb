// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include "values/errorkinds.h"

#include <QtAmqp/qamqperror.h>
#include <QtAmqp/qamqpreturn.h>

#include <QtCore/qdebug.h>
#include <QtCore/qfuture.h>
#include <QtCore/qmetaobject.h>
#include <QtCore/qpromise.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

using Error = QAmqpError;
using Kind = QAmqpError::Kind;
using Scope = QAmqpError::Scope;
using Origin = QAmqpError::Origin;
using Phase = QAmqpError::Phase;

template<typename T>
QString printed(const T &value)
{
    QString text;
    QDebug(&text) << value;
    return text.trimmed();
}

Error notFound()
{
    return Error(Kind::NotFound, Scope::Channel, Origin::Broker, u"There is no queue \"a\"."_s)
            .setReply(404, u"NOT_FOUND - no queue 'a'"_s)
            .setMethod(u"queue.bind"_s)
            .setEndpoint(u"amqp://localhost:5672/"_s);
}

} // namespace

class TestError : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void textIsSafeToPrint()
    {
        const QString hostile =
                u"no\nforged\r\tline \x1b[2J\x7f\u009b \u2028\u202e\u2066 d\u00e9j\u00e0 vu"_s;
        const QString shown =
                u"no\\nforged\\r\\tline \\x1b[2J\\x7f\\x9b \\u2028\\u202e\\u2066 d\u00e9j\u00e0 vu"_s;
        Error error(Kind::NotFound, Scope::Channel, Origin::Broker, hostile);
        error.setReply(404, hostile);
        QCOMPARE(error.text(), shown);
        QCOMPARE(error.replyText(), hostile); // data
        QCOMPARE(Error::printable(hostile), shown);
        QCOMPARE(Error::printable(shown), shown); // a text may pass through another error
    }

    void isNoErrorByDefault()
    {
        const Error error;
        QVERIFY(!error.isError());
        QVERIFY(!error);
        QCOMPARE(error.kind(), Kind::NoError);
        QCOMPARE(error.scope(), Scope::Operation);
        QCOMPARE(error.origin(), Origin::Application);
        QCOMPARE(error.phase(), Phase::NoPhase);
        QCOMPARE(error.replyCode(), 0);
        QVERIFY(error.text().isEmpty() && error.replyText().isEmpty());
        QVERIFY(error.method().isEmpty() && error.endpoint().isEmpty());
        QVERIFY(!error.cause());
        QVERIFY(error.attempts().isEmpty());
        QVERIFY(!error.isRetryable());
        QCOMPARE(printed(error), u"QAmqpError(NoError)"_s);
    }

    void equalsAnErrorThatWasGivenTheDefaults()
    {
        Error error;
        error.setScope(Scope::Operation);
        QCOMPARE(error, Error());
        QCOMPARE(Error(Kind::NoError, Scope::Operation, Origin::Application, {}), Error());
    }

    void keepsWhatWasSet()
    {
        const Error error = notFound().setPhase(Phase::Open);
        QVERIFY(error.isError());
        QVERIFY(bool(error));
        QCOMPARE(error.kind(), Kind::NotFound);
        QCOMPARE(error.scope(), Scope::Channel);
        QCOMPARE(error.origin(), Origin::Broker);
        QCOMPARE(error.phase(), Phase::Open);
        QCOMPARE(error.replyCode(), 404);
        QCOMPARE(error.replyText(), u"NOT_FOUND - no queue 'a'"_s);
        QCOMPARE(error.text(), u"There is no queue \"a\"."_s);
        QCOMPARE(error.method(), u"queue.bind"_s);
        QCOMPARE(error.endpoint(), u"amqp://localhost:5672/"_s);
    }

    void differsWhereOneFieldDiffers()
    {
        const Error base = notFound();
        QCOMPARE(base, notFound());
        QVERIFY(base != Error());
        QVERIFY(base != Error(base).setScope(Scope::Connection));
        QVERIFY(base != Error(base).setPhase(Phase::Closing));
        QVERIFY(base != Error(base).setReply(405, base.replyText()));
        QVERIFY(base != Error(base).setReply(404, u"x"_s));
        QVERIFY(base != Error(base).setMethod(u"x"_s));
        QVERIFY(base != Error(base).setEndpoint(u"x"_s));
        QVERIFY(base != Error(base).setCause(base));
        QVERIFY(base != Error(base).setAttempts({base}));
        const Error plain(Kind::Timeout, Scope::Channel, Origin::Library, u"x"_s);
        QVERIFY(plain != Error(Kind::NotOpen, Scope::Channel, Origin::Library, u"x"_s));
        QVERIFY(plain != Error(Kind::Timeout, Scope::Channel, Origin::Broker, u"x"_s));
        QVERIFY(plain != Error(Kind::Timeout, Scope::Channel, Origin::Library, u"y"_s));
    }

    void isAnImplicitlySharedValue()
    {
        Error one = notFound();
        const Error two(one);
        one.setMethod(u"queue.declare"_s);
        QCOMPARE(two, notFound());
        Error three(std::move(one));
        QCOMPARE(three.method(), u"queue.declare"_s);
        one = two;
        QCOMPARE(one, two);
        QCOMPARE(Error(one).setCause(three).cause(), three);
    }

    void listsAttempts()
    {
        const Error last(Kind::Timeout, Scope::Connection, Origin::Library, u"late"_s);
        Error error = Error(last).setAttempts({notFound(), last});
        QCOMPARE(error.attempts(), (QList<Error>{notFound(), last}));
        error.setAttempts({error});
        QCOMPARE(error.attempts().size(), 1);
        QCOMPARE(error.attempts().constFirst().attempts().size(), 2);
        QCOMPARE(
                printed(Error(last).setAttempts({last, last})),
                u"QAmqpError(Timeout, Connection, Library, \"late\", attempts QList(%1, %1))"_s.arg(
                        printed(last)));
    }

    void mayBeItsOwnCause()
    {
        Error error = notFound();
        error.setCause(error);
        QCOMPARE(error.cause(), notFound());
        QVERIFY(!error.cause().cause());
        error.setCause(error.cause());
        QCOMPARE(error.cause(), notFound());
    }

    void tellsWhatIsWorthARetry()
    {
        const QList<Kind> retryable = {Kind::HostUnreachable, Kind::ConnectionLost,
                                       Kind::HeartbeatMissed, Kind::Timeout, Kind::Interrupted};
        const QMetaEnum kinds = QMetaEnum::fromType<Kind>();
        QCOMPARE(kinds.keyCount(), 21);
        for (int i = 0; i < kinds.keyCount(); ++i) {
            const Kind kind = Kind(kinds.value(i));
            const Error error(kind, Scope::Connection, Origin::Transport, {});
            QVERIFY2(error.isRetryable() == retryable.contains(kind), kinds.key(i));
        }
        Error closed(Kind::ClosedByBroker, Scope::Connection, Origin::Broker, {});
        QVERIFY(closed.setReply(320, u"CONNECTION_FORCED"_s).isRetryable());
        QVERIFY(closed.setReply(541, u"INTERNAL_ERROR"_s).isRetryable());
        QVERIFY(!closed.setReply(530, u"NOT_ALLOWED"_s).isRetryable());
        QVERIFY(!notFound().setReply(320, {}).isRetryable());
    }

    void mapsReplyCodes_data()
    {
        QTest::addColumn<int>("code");
        QTest::addColumn<Kind>("kind");
        QTest::newRow("reply-success") << 200 << Kind::ClosedByBroker;
        QTest::newRow("content-too-large") << 311 << Kind::LimitExceeded;
        QTest::newRow("no-route") << 312 << Kind::Unroutable;
        QTest::newRow("no-consumers") << 313 << Kind::Unroutable;
        QTest::newRow("connection-forced") << 320 << Kind::ClosedByBroker;
        QTest::newRow("invalid-path") << 402 << Kind::ClosedByBroker;
        QTest::newRow("access-refused") << 403 << Kind::AccessRefused;
        QTest::newRow("not-found") << 404 << Kind::NotFound;
        QTest::newRow("resource-locked") << 405 << Kind::ResourceLocked;
        QTest::newRow("precondition-failed") << 406 << Kind::PreconditionFailed;
        QTest::newRow("frame-error") << 501 << Kind::ProtocolViolation;
        QTest::newRow("syntax-error") << 502 << Kind::ProtocolViolation;
        QTest::newRow("command-invalid") << 503 << Kind::ProtocolViolation;
        QTest::newRow("channel-error") << 504 << Kind::ProtocolViolation;
        QTest::newRow("unexpected-frame") << 505 << Kind::ProtocolViolation;
        QTest::newRow("resource-error") << 506 << Kind::LimitExceeded;
        QTest::newRow("not-allowed") << 530 << Kind::ClosedByBroker;
        QTest::newRow("not-implemented") << 540 << Kind::ClosedByBroker;
        QTest::newRow("internal-error") << 541 << Kind::ClosedByBroker;
        QTest::newRow("unknown") << 999 << Kind::ClosedByBroker;
    }

    void mapsReplyCodes()
    {
        QFETCH(int, code);
        QFETCH(Kind, kind);
        QCOMPARE(QtAmqpPrivate::kindOfReplyCode(code), kind);
    }

    // What RabbitMQ 3.10 says.
    void advisesOnRefusals_data()
    {
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("said");
        QTest::addColumn<QString>("advice");
        QTest::newRow("no permission")
                << 403
                << u"ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'ann'"_s
                << u"; give the user the permission (rabbitmqctl set_permissions)"_s;
        QTest::newRow("internal exchange")
                << 403 << u"ACCESS_REFUSED - cannot publish to internal exchange 'x' in vhost '/'"_s
                << u"; it takes messages from other exchanges only; publish to one that is bound to it"_s;
        QTest::newRow("exclusive queue")
                << 405
                << u"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration."_s
                << u"; use it on the connection that declared it; on that one declare it with the same exclusive as before"_s;
        QTest::newRow("of another broker") << 506 << u"no"_s << QString();
    }

    void advisesOnRefusals()
    {
        QFETCH(int, code);
        QFETCH(QString, said);
        QFETCH(QString, advice);
        QCOMPARE(QtAmqpPrivate::adviceOn(code, said), advice);
    }

    void printsEverything()
    {
        const Error error = notFound().setPhase(Phase::Open);
        QCOMPARE(printed(error),
                 u"QAmqpError(NotFound, Channel, Broker, Open, 404 \"NOT_FOUND - no queue 'a'\", "
                 "\"There is no queue \\\"a\\\".\", endpoint \"amqp://localhost:5672/\", "
                 "method \"queue.bind\")"_s);
        const Error cancelled =
                Error(Kind::Cancelled, Scope::Operation, Origin::Library, u"x"_s).setCause(error);
        QCOMPARE(printed(cancelled),
                 u"QAmqpError(Cancelled, Operation, Library, \"x\", cause %1)"_s.arg(
                         printed(error)));
    }

    void escapesControlCharactersOfTheBroker()
    {
        QString text;
        QDebug(&text).noquote() << notFound().setReply(404, u"a\n\u001b[31m"_s);
        QVERIFY2(!text.contains(u'\n') && !text.contains(u'\u001b'), qPrintable(text));
    }

    void travelsThroughAFuture()
    {
        QPromise<int> promise;
        promise.start();
        promise.setException(QAmqpException(notFound()));
        promise.finish();
        try {
            promise.future().result();
            QFAIL("no exception");
        } catch (const QAmqpException &exception) {
            QCOMPARE(exception.error(), notFound());
            QCOMPARE(exception.what(), "There is no queue \"a\".");
        }
        Error caught;
        promise.future().then([](int) {}).onFailed([&caught](const QAmqpException &e) {
            caught = e.error();
        });
        QCOMPARE(caught, notFound());
    }

    void isAnExceptionOfQtAndOfTheStandard()
    {
        QVERIFY_THROWS_EXCEPTION(QException, QAmqpException(notFound()).raise());
        QVERIFY_THROWS_EXCEPTION(std::exception, QAmqpException(notFound()).raise());
        const std::unique_ptr<QAmqpException> copy(QAmqpException(notFound()).clone());
        QCOMPARE(copy->error(), notFound());
        QCOMPARE(QAmqpException(Error()).what(), "");
    }

    void returnsCarryTheMessageAndTheReason()
    {
        QAmqpMessage message("body");
        message.setMessageId(u"7"_s);
        const QAmqpReturn returned(message, 312, u"NO_ROUTE"_s, u"logs"_s, u"key"_s, 42);
        QCOMPARE(returned.body(), "body");
        QCOMPARE(returned.messageId(), u"7"_s);
        QCOMPARE(returned.replyCode(), 312);
        QCOMPARE(returned.replyText(), u"NO_ROUTE"_s);
        QCOMPARE(returned.exchange(), u"logs"_s);
        QCOMPARE(returned.routingKey(), u"key"_s);
        QCOMPARE(returned.publishTag(), quint64(42));
        QVERIFY(printed(returned).startsWith(
                "QAmqpReturn(312 \"NO_ROUTE\", exchange \"logs\", routing key \"key\", tag 42, QAmqpMessage("_L1));

        QAmqpReturn copy(returned);
        QVERIFY(copy == returned);
        copy.setBody("other");
        QVERIFY(copy != returned);
        QVERIFY(returned != QAmqpReturn(message, 313, u"NO_ROUTE"_s, u"logs"_s, u"key"_s, 42));
        QVERIFY(returned != QAmqpReturn(message, 312, u"x"_s, u"logs"_s, u"key"_s, 42));
        QVERIFY(returned != QAmqpReturn(message, 312, u"NO_ROUTE"_s, u"x"_s, u"key"_s, 42));
        QVERIFY(returned != QAmqpReturn(message, 312, u"NO_ROUTE"_s, u"logs"_s, u"x"_s, 42));
        QVERIFY(returned != QAmqpReturn(message, 312, u"NO_ROUTE"_s, u"logs"_s, u"key"_s, 0));
        const QAmqpReturn moved(std::move(copy));
        QCOMPARE(moved.body(), "other");
        copy = moved;
        QVERIFY(copy == moved);
        QCOMPARE(QAmqpReturn().replyCode(), 0);
        QVERIFY(QAmqpReturn() == QAmqpReturn());
    }
};

QTAMQP_TEST(TestError)

#include "tst_error.moc"
