// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The examples of the blocking facade, as a user runs them.

#include "blockingtest.h"

#include <QtCore/qprocess.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qurl.h>

using namespace QtAmqpTest;

class TestExamples : public QObject
{
    Q_OBJECT

private:
    static QString url() { return qEnvironmentVariable("QTAMQP_TEST_URL"); }

    // What the example printed; null if it failed, which is to be told and nothing worse.
    static QString run(const QString &example, const QString &broker = url())
    {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        // The locks of a QThreadPool are Qt's, which ThreadSanitizer does not see.
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"TSAN_OPTIONS"_s, u"report_bugs=0"_s);
        process.setProcessEnvironment(environment);
        process.start(QStringLiteral(EXAMPLES "/example_") + example, {broker});
        process.waitForFinished(60'000);
        const QString output = QString::fromUtf8(process.readAll());
        if (process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0)
            return output + u'\n';
        if (process.exitStatus() != QProcess::NormalExit || process.exitCode() != 1)
            QTest::qFail(qPrintable(process.errorString() + u": "_s + output), __FILE__, __LINE__);
        qInfo("%s", qPrintable(output));
        return {};
    }

    QAmqpBlockingConnection m_connection;
    std::optional<QAmqpBlockingChannel> m_channel;

private Q_SLOTS:
    void init()
    {
        QVERIFY2(!QStringLiteral(EXAMPLES).isEmpty(), "the blocking examples were not built");
        OK(m_connection.open(QUrl(url())));
        m_channel = m_connection.createChannel().value();
        OK(m_channel->declareQueue(u"test"_s));
    }

    void cleanup()
    {
        if (!m_channel)
            return;
        OK(m_channel->deleteQueue(u"test"_s));
        OK(m_connection.close());
    }

    void publishes()
    {
        OK(m_channel->declareExchange(u"example"_s, u"direct"_s));
        OK(m_channel->bindQueue(u"test"_s, u"example"_s, u"test"_s));
        QVERIFY(!run(u"blocking-publish"_s).isNull());
        const auto message = m_channel->get(u"test"_s, QAmqpChannel::AckPolicy::NoAck).value();
        QVERIFY(message);
        QCOMPARE(message->body(), "Test Message"_ba);
        QCOMPARE(message->exchange(), u"example"_s);
        QCOMPARE(message->routingKey(), u"test"_s);
        OK(m_channel->deleteExchange(u"example"_s));
    }

    void tellsWhatIsWrong()
    {
        QTest::ignoreMessage(QtInfoMsg, QRegularExpression(u"no exchange 'example'"_s));
        QVERIFY(run(u"blocking-publish"_s).isNull());
    }

    void tellsThatTheBrokerIsNotThere()
    {
        for (const char *example : {"blocking-publish", "blocking-consume", "blocking-threads"}) {
            QTest::ignoreMessage(QtInfoMsg, QRegularExpression(u"127\\.0\\.0\\.1.*refused"_s));
            QVERIFY(run(QString::fromLatin1(example), u"amqp://127.0.0.1:1"_s).isNull());
        }
    }

    void consumesTenAndTellsWhatWentBack()
    {
        for (int i = 1; i <= 25; ++i) {
            QAmqpMessage message("message "_ba + QByteArray::number(i));
            message.setContentType(u"text/plain"_s);
            OK(m_channel->publish({}, u"test"_s, message));
        }
        const QString output = run(u"blocking-consume"_s);
        for (int i = 1; i <= 10; ++i)
            QVERIFY2(output.contains(u"message %1\""_s.arg(i)), qPrintable(output));
        QVERIFY2(!output.contains(u"message 11\""_s), qPrintable(output));
        QVERIFY2(output.contains(u"text/plain"), qPrintable(output));
        static const QRegularExpression last(u"Requeued (\\d+) messages"_s);
        const int requeued = last.match(output).captured(1).toInt();
        // The true number: what went back has been delivered before.
        int left = 0;
        int redelivered = 0;
        for (const QAmqpDelivery &delivery : m_channel->consume(u"test"_s, {}, 500ms)) {
            ++left;
            redelivered += delivery.isRedelivered();
            QVERIFY(delivery.ack());
        }
        QCOMPARE(left, 15);
        QCOMPARE(requeued, redelivered);
    }

    void worksInOtherThreads()
    {
        for (int i = 1; i <= 10; ++i)
            OK(m_channel->publish({}, u"test"_s, "work "_ba + QByteArray::number(i)));
        const QString output = run(u"blocking-threads"_s);
        QSet<QString> threads;
        static const QRegularExpression line(u"(\\S+) has done \"work (\\d+)\""_s);
        int done = 0;
        for (auto it = line.globalMatch(output); it.hasNext(); ++done)
            threads += it.next().captured(1);
        QCOMPARE(done, 10);
        QVERIFY2(threads.size() > 1 || QThread::idealThreadCount() == 1, qPrintable(output));
        QCOMPARE(m_channel->purgeQueue(u"test"_s).value(), 0U); // all were acknowledged
    }
};

QTAMQP_BROKER_TEST(TestExamples)
#include "tst_examples.moc"
