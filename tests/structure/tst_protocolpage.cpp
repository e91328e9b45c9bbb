// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The reference's page "Protocol support" is written from the method declarations, with the function
// that stands for each method. The test compares it with what it would write now; run it with
// QTAMQP_WRITE_PAGES=1 to have the page written.

#include "structure/wiretypes.h"
#include "testmain.h"

#include <QtCore/qfile.h>
#include <QtCore/qmap.h>
#include <QtTest/qtest.h>

using namespace QtAmqpPrivate;

namespace {

constexpr auto PagePath = QTAMQP_SOURCE_DIR "/src/doc/protocol.qdoc";

// Where a user meets the method. What begins a group stands for its answers too.
const QMap<QString, QString> meanings = {
        {u"connection.start"_s, u"\\l {QAmqpConnection::}{open()}"_s},
        {u"connection.secure"_s, u"\\l QAmqpCredentials"_s},
        {u"connection.tune"_s,
         u"\\l {QAmqpConnection::}{channelMax()}, \\l {QAmqpConnection::}{frameMax()}, "
         "\\l {QAmqpConnection::}{heartbeat()}"_s},
        {u"connection.open"_s, u"\\l {QAmqpConnectionOptions::}{setVirtualHost()}"_s},
        {u"connection.close"_s,
         u"\\l {QAmqpConnection::}{close()}, \\l {QAmqpConnection::}{errorOccurred()}"_s},
        {u"connection.blocked"_s, u"\\l {QAmqpConnection::}{blockedChanged()}"_s},
        {u"connection.unblocked"_s, u"\\l {QAmqpConnection::}{blockedChanged()}"_s},
        {u"connection.update-secret"_s, u"\\l {QAmqpConnection::}{updateSecret()}"_s},
        {u"channel.open"_s, u"\\l {QAmqpConnection::}{createChannel()}"_s},
        {u"channel.flow"_s, u"answered by itself; publishes wait while the broker asks for it"_s},
        {u"channel.close"_s,
         u"\\l {QAmqpChannel::}{close()}, \\l {QAmqpChannel::}{errorOccurred()}"_s},
        {u"exchange.declare"_s, u"\\l {QAmqpChannel::}{declareExchange()}"_s},
        {u"exchange.delete"_s, u"\\l {QAmqpChannel::}{deleteExchange()}"_s},
        {u"exchange.bind"_s, u"\\l {QAmqpChannel::}{bindExchange()}"_s},
        {u"exchange.unbind"_s, u"\\l {QAmqpChannel::}{unbindExchange()}"_s},
        {u"queue.declare"_s, u"\\l {QAmqpChannel::}{declareQueue()}"_s},
        {u"queue.bind"_s, u"\\l {QAmqpChannel::}{bindQueue()}"_s},
        {u"queue.purge"_s, u"\\l {QAmqpChannel::}{purgeQueue()}"_s},
        {u"queue.delete"_s, u"\\l {QAmqpChannel::}{deleteQueue()}"_s},
        {u"queue.unbind"_s, u"\\l {QAmqpChannel::}{unbindQueue()}"_s},
        {u"basic.qos"_s,
         u"\\l {QAmqpConsumeOptions::}{setPrefetch()}, \\l {QAmqpChannel::}{setPrefetch()}"_s},
        {u"basic.consume"_s, u"\\l {QAmqpChannel::}{consume()}, \\l {QAmqpQueue::}{consume()}"_s},
        {u"basic.cancel"_s,
         u"\\l {QAmqpConsumer::}{cancel()}; from the broker: \\l {QAmqpConsumer::}{cancelled()}"_s},
        {u"basic.publish"_s,
         u"\\l {QAmqpChannel::}{publish()}, \\l {QAmqpChannel::}{publishConfirmed()}"_s},
        {u"basic.return"_s, u"\\l {QAmqpChannel::}{messageReturned()}"_s},
        {u"basic.deliver"_s, u"\\l {QAmqpConsumer::}{messageReceived()}"_s},
        {u"basic.get"_s, u"\\l {QAmqpChannel::}{get()}"_s},
        {u"basic.ack"_s,
         u"\\l {QAmqpDelivery::}{ack()}; from the broker: \\l {QAmqpChannel::}{confirmed()}"_s},
        {u"basic.reject"_s, u"\\l {QAmqpDelivery::}{reject()}"_s},
        {u"basic.recover-async"_s, u"not used: basic.recover took its place"_s},
        {u"basic.recover"_s, u"\\l {QAmqpChannel::}{recover()}"_s},
        {u"basic.nack"_s,
         u"\\l {QAmqpDelivery::}{nack()}; from the broker: \\l {QAmqpChannel::}{nacked()}"_s},
        {u"confirm.select"_s, u"\\l {QAmqpChannel::}{setConfirms()}"_s},
        {u"tx.select"_s, u"\\l {QAmqpChannel::}{txSelect()}"_s},
        {u"tx.commit"_s, u"\\l {QAmqpChannel::}{txCommit()}"_s},
        {u"tx.rollback"_s, u"\\l {QAmqpChannel::}{txRollback()}"_s},
};

constexpr auto head = R"(// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

/*!
    \page qtamqp-protocol.html
    \title Protocol support
    \brief Every method of AMQP 0-9-1 and where it is in QtAmqp.
    \previouspage Security
    \nextpage Versions and ABI

    QtAmqp speaks AMQP 0-9-1 with RabbitMQ's extensions, all methods of the tables below. Their names
    and fields are those of the specification. \e Client and \e server tell who sends a method.
    Answers stand behind the method they answer; \e content means that a content header and a body
    follow.

    This page is written from the declarations that encode and decode the methods, and a test
    compares these with the specification's XML.
)";

constexpr auto tail = R"(
    \section1 What RabbitMQ adds

    Publisher confirms (the class confirm, and basic.ack and basic.nack from the broker), negative
    acknowledgements (basic.nack), exchange-to-exchange bindings, connection.blocked and unblocked,
    connection.update-secret, and basic.cancel from the broker are extensions. QtAmqp says in its
    client properties that it knows them; QAmqpConnection::hasCapability() tells what the server
    knows.

    \section1 What is not sent

    The immediate flag of basic.publish, a prefetch size in bytes, and basic.recover without
    requeueing are not offered: RabbitMQ closes the connection over each of them.

    \section1 Types

    Every type of a field table is read and written as it is, see QAmqpValue::Type. The letters are
    those that RabbitMQ uses, which differ from the specification's: \c s is a 16-bit integer, \c l
    a signed 64-bit integer, \c x a byte array.
*/
)";

QString group(const MethodInfo &info) { return QString::fromLatin1(info.name).section(u'.', 0, 0); }

template<typename... Replies>
QStringList names(TypeList<Replies...>)
{
    return {QString::fromLatin1(Replies::info.name)...};
}

// Where a method stands in the library; of an answer, what it answers.
template<AmqpMethod Method>
QString meaning()
{
    const QString name = QLatin1StringView(Method::info.name);
    QString text = meanings.value(name);
    const auto look = [&]<typename Other>(TypeList<Other>) {
        if constexpr (requires { typename Other::Replies; }) {
            if (names(typename Other::Replies()).contains(name))
                text = u"answers %1"_s.arg(QLatin1StringView(Other::info.name));
        }
    };
    [&]<typename... Methods>(TypeList<Methods...>) {
        (look(TypeList<Methods>()), ...);
    }(AllMethods());
    return text;
}

template<AmqpMethod Method>
QString row()
{
    const QString name = QLatin1StringView(Method::info.name);
    QStringList fields;
    Method method;
    forEachField(method, [&]<typename T>(const char *field, T &) {
        fields += QLatin1StringView(field) + u" (%1)"_s.arg(typeName<T>());
    });
    QStringList senders;
    if (quint8(Method::info.sentBy) & quint8(SentBy::Client))
        senders += u"client"_s;
    if (quint8(Method::info.sentBy) & quint8(SentBy::Server))
        senders += u"server"_s;
    QString text = u"    \\row \\li %1 \\li %2%3 \\li %4\n"_s.arg(
            name, senders.join(u", "_s), Method::info.hasContent ? u", content"_s : QString(),
            meaning<Method>());
    return text + u"         \\li %1\n"_s.arg(fields.isEmpty() ? u"none"_s : fields.join(u", "_s));
}

QString page()
{
    QString text = QLatin1StringView(head);
    QString open;
    const auto add = [&]<typename Method>(TypeList<Method>) {
        if (const QString name = group(Method::info); name != open) {
            if (!open.isEmpty())
                text += u"    \\endtable\n"_s;
            open = name;
            text += u"\n    \\section1 The class %1\n\n    \\table\n"
                    "    \\header \\li Method \\li Sent by \\li In QtAmqp \\li Fields\n"_s.arg(
                            name);
        }
        text += row<Method>();
    };
    [&]<typename... Methods>(TypeList<Methods...>) {
        (add(TypeList<Methods>()), ...);
    }(AllMethods());
    return text + u"    \\endtable\n"_s + QLatin1StringView(tail);
}

} // namespace

class TestProtocolPage : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // An answer needs no place of its own, whatever else does.
    void everyMethodHasItsPlace()
    {
        QStringList known;
        const auto look = [&]<typename Method>(TypeList<Method>) {
            const QString name = QLatin1StringView(Method::info.name);
            known += name;
            const bool isAnswer = name.endsWith("-ok"_L1) || name.endsWith("-empty"_L1);
            QVERIFY2(meanings.contains(name) != isAnswer, qPrintable(name));
        };
        [&]<typename... Methods>(TypeList<Methods...>) {
            (look(TypeList<Methods>()), ...);
        }(AllMethods());
        QCOMPARE(known.size(), qsizetype(AllMethods::size));
        for (auto it = meanings.keyBegin(); it != meanings.keyEnd(); ++it)
            QVERIFY2(known.contains(*it), qPrintable(*it));
    }

    void thePageIsWhatTheDeclarationsSay()
    {
        const QByteArray now = page().toUtf8();
        QFile file(QString::fromLatin1(PagePath));
        if (qEnvironmentVariableIsSet("QTAMQP_WRITE_PAGES")) {
            QVERIFY(file.open(QIODevice::WriteOnly));
            QCOMPARE(file.write(now), now.size());
            file.close();
        }
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY2(file.readAll() == now, "run tst_structure protocolpage with QTAMQP_WRITE_PAGES=1");
    }
};

QTAMQP_TEST(TestProtocolPage)
#include "tst_protocolpage.moc"
