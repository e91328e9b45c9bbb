// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include "values/qamqpcredentials_p.h"
#include "values/tableformat.h"

#include <QtAmqp/qamqpcredentials.h>

#include <QtCore/qdebug.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

template<typename T>
QString printed(const T &value)
{
    QString text;
    QDebug(&text) << value;
    return text.trimmed();
}

QByteArray noAnswer(const QByteArray &) { return {}; }

} // namespace

class TestCredentials : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void plainIsTheUserAndThePassword()
    {
        const auto credentials = QAmqpCredentials::plain(u"mé"_s, u"s3cret"_s);
        QCOMPARE(credentials.mechanism(), "PLAIN"_ba);
        QCOMPARE(credentials.userName(), u"mé"_s);
        QCOMPARE(credentials.initialResponse(), QByteArray("\0m\xc3\xa9\0s3cret", 11));
        QVERIFY(credentials.response("more?"_ba).isNull());
        QCOMPARE(QAmqpCredentials(), QAmqpCredentials::plain(u"guest"_s, u"guest"_s));
        QVERIFY(QAmqpCredentials() != QAmqpCredentials::plain(u"guest"_s, u"guests"_s));
    }

    void amqplainIsATableWithoutItsLength()
    {
        const auto credentials = QAmqpCredentials::amqplain(u"me"_s, u"s3cret"_s);
        QCOMPARE(credentials.mechanism(), "AMQPLAIN"_ba);
        QCOMPARE(credentials.initialResponse(),
                 QByteArray("\5LOGINS\0\0\0\2me"
                            "\10PASSWORDS\0\0\0\6s3cret",
                            33));
        QCOMPARE(QtAmqpPrivate::decodeTable(credentials.initialResponse()),
                 QAmqpTable({{u"LOGIN"_s, "me"}, {u"PASSWORD"_s, "s3cret"}}));
        QVERIFY(credentials != QAmqpCredentials::plain(u"me"_s, u"s3cret"_s));
    }

    void externalSaysNothing()
    {
        const auto credentials = QAmqpCredentials::external();
        QCOMPARE(credentials.mechanism(), "EXTERNAL"_ba);
        QCOMPARE(credentials.userName(), QString());
        QVERIFY(credentials.initialResponse().isEmpty());
        QVERIFY(!credentials.initialResponse().isNull());
        QCOMPARE(credentials, QAmqpCredentials::external());
    }

    void aCustomMechanismAnswersChallenges()
    {
        QByteArrayList asked;
        const auto credentials = QAmqpCredentials::custom("X-TEST"_ba, [&](const QByteArray &c) {
            asked.append(c.isNull() ? "null"_ba : c);
            return QByteArray("answer " + QByteArray::number(asked.size()));
        });
        QCOMPARE(credentials.mechanism(), "X-TEST"_ba);
        QCOMPARE(credentials.errorString(), QString()); // does not ask
        QCOMPARE(credentials.initialResponse(), "answer 1"_ba);
        QCOMPARE(credentials.response("one"_ba), "answer 2"_ba);
        QCOMPARE(credentials.response(""_ba), "answer 3"_ba);
        QCOMPARE(asked, (QByteArrayList{"null", "one", ""}));
        QVERIFY(QAmqpCredentials::custom("X"_ba, noAnswer).initialResponse().isNull());
    }

    void aProviderIsAskedAnewEachTime()
    {
        int count = 0;
        const auto credentials = QAmqpCredentials::fromProvider(
                [&] { return QAmqpCredentials::plain(u"me"_s, QString::number(++count)); });
        QVERIFY(credentials.hasProvider());
        QCOMPARE(credentials.errorString(), QString());
        QCOMPARE(count, 0);
        QCOMPARE(credentials.provided(), QAmqpCredentials::plain(u"me"_s, u"1"_s));
        QCOMPARE(credentials.provided(), QAmqpCredentials::plain(u"me"_s, u"2"_s));
        QVERIFY(!credentials.provided().hasProvider());
        const auto plain = QAmqpCredentials::plain(u"a"_s, u"b"_s);
        QCOMPARE(plain.provided(), plain);
    }

    void aTokenIsAPasswordThatExpires()
    {
        const auto credentials = QAmqpCredentials::token(
                [] {
                    return QAmqpToken{u"abc"_s, 300s};
                },
                u"me"_s);
        QVERIFY(credentials.hasProvider());
        const QAmqpCredentials now = credentials.provided();
        QCOMPARE(now.mechanism(), "PLAIN"_ba);
        QCOMPARE(now.initialResponse(), QByteArray("\0me\0abc", 7));
        QVERIFY(now.expiresIn() == 300s);
        QCOMPARE(QAmqpCredentialsPrivate::secret(now), "abc"_ba);
        QVERIFY(credentials.expiresIn() == 0s);
        QVERIFY(QAmqpCredentials::plain(u"me"_s, u"abc"_s).expiresIn() == 0s);
    }

    void functionsAreEqualWhereTheyAreShared()
    {
        const auto one = QAmqpCredentials::custom("X"_ba, noAnswer);
        const auto copy = one;
        QCOMPARE(copy, one);
        QVERIFY(one != QAmqpCredentials::custom("X"_ba, noAnswer));
        const auto provider = QAmqpCredentials::fromProvider([] { return QAmqpCredentials(); });
        QCOMPARE(QAmqpCredentials(provider), provider);
        QVERIFY(provider != QAmqpCredentials::fromProvider([] { return QAmqpCredentials(); }));
        QCOMPARE((QAmqpToken{u"a"_s, 1s}), (QAmqpToken{u"a"_s, 1s}));
        QVERIFY((QAmqpToken{u"a"_s, 1s} != QAmqpToken{u"a"_s, 2s}));
        QVERIFY((QAmqpToken{u"a"_s, 1s} != QAmqpToken{u"b"_s, 1s}));
    }

    void nothingSecretIsPrinted()
    {
        QCOMPARE(printed(QAmqpCredentials::plain(u"m\ne"_s, u"s3cret"_s)),
                 u"QAmqpCredentials(PLAIN, \"m\\ne\", ***)"_s);
        QCOMPARE(printed(QAmqpCredentials::amqplain(u"me"_s, u"s3cret"_s)),
                 u"QAmqpCredentials(AMQPLAIN, \"me\", ***)"_s);
        QCOMPARE(printed(QAmqpCredentials::external()), u"QAmqpCredentials(EXTERNAL)"_s);
        QCOMPARE(printed(QAmqpCredentials::custom("X"_ba, noAnswer)), u"QAmqpCredentials(X)"_s);
        const auto token = QAmqpCredentials::token([] { return QAmqpToken{u"s3cret"_s, 1s}; });
        QCOMPARE(printed(token), u"QAmqpCredentials(from a provider)"_s);
        QCOMPARE(printed(token.provided()), u"QAmqpCredentials(PLAIN)"_s);
        QCOMPARE(printed(QAmqpToken{u"s3cret"_s, 60s}), u"QAmqpToken(***, 60 s)"_s);
    }
};

QTAMQP_TEST(TestCredentials)

#include "tst_credentials.moc"
