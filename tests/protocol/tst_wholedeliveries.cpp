// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include "coredriver.h"
#include "values/qamqpmessage_p.h"

#include <QtCore/qrandom.h>

using namespace QtAmqpTest;

// A delivery that has arrived as a whole is taken in one pass, and any other frame by frame. Whatever the peer
// sends, and wherever it is cut, both ways say the same. Byte by byte there is never a whole delivery.

namespace {

constexpr quint32 SmallFrames = 4096;
constexpr quint64 LargestBody = 9000;

QString described(const Delivered &delivered)
{
    const QAmqpMessagePrivate &message = QAmqpMessagePrivate::of(delivered.message);
    return u"delivered %1 on %2 to %3%4: %5 %6 %7 %8 %9"_s.arg(delivered.deliveryTag)
            .arg(delivered.channel)
            .arg(delivered.consumer)
            .arg(delivered.redelivered ? u" again"_s : QString())
            .arg(QString::fromLatin1(delivered.envelope->exchange.toHex()),
                 QString::fromLatin1(delivered.envelope->routingKey.toHex()),
                 QString::fromLatin1(delivered.envelope->consumerTag.toHex()))
            .arg(message.flags)
            .arg(QString::fromLatin1((message.properties + '|' + message.body).toHex())
                 + delivered.message.propertiesError());
}

// An application that settles most deliveries at once, keeps some, and writes down all that happens.
class Application
{
public:
    Application()
        : m_core(QAmqpConnectionOptions().setMaxMessageSize(LargestBody).setFrameMax(SmallFrames))
    {
        for (const QByteArray &tag : {QByteArray("c"), QByteArray("d")}) {
            ChannelCore *const channel = m_core.addChannel(1);
            channel->consume(consume("q", tag));
            channel->consume(consume("q", tag + "-noack", true));
        }
        m_core.open(m_now);
        m_core.transportOpened(m_now);
        feed(methodFrame(ConnectionStart{0, 9, {}, "PLAIN", "en_US"}, 0)
             + methodFrame(ConnectionTune{10, SmallFrames, 0}, 0)
             + methodFrame(ConnectionOpenOk{}, 0) + methodFrame(ChannelOpenOk{}, 1)
             + methodFrame(ChannelOpenOk{}, 2));
    }

    void feed(QByteArrayView bytes)
    {
        m_core.receive(bytes, m_now);
        m_core.timeout(m_now);
        while (auto event = m_core.nextEvent())
            std::visit([this](auto &what) { happened(what); }, *event);
        for (QByteArray out = m_core.takeOutput(); !out.isEmpty(); out = m_core.takeOutput())
            m_written += out;
    }

    QString report() const
    {
        QStringList kept;
        for (const Delivered &delivered : m_kept)
            kept += described(delivered);
        return (m_lines + kept).join(u'\n') + u"\nwritten "_s
                + QString::fromLatin1(m_written.toHex())
                + (m_isClosed ? QString() // then it depends on the pieces
                              : u"\nframes %1"_s.arg(m_core.traffic().framesReceived));
    }
    qsizetype deliveries() const { return m_deliveries; }

private:
    void happened(const Asked &asked)
    {
        asked.question->ask();
        m_core.answered(asked.question);
    }
    void happened(Delivered &delivered)
    {
        ++m_deliveries;
        m_lines += described(delivered);
        if (delivered.deliveryTag % 5 == 0)
            return m_kept.push_back(delivered);
        if (ChannelCore *const channel = m_core.channel(delivered.channel);
            channel && delivered.deliveryTag % 3 != 0)
            settle(channel, delivered);
        m_core.recycle(delivered.message);
    }
    void happened(const Discarded &discarded)
    {
        m_lines += u"discarded, "_s + discarded.error.text() + described(discarded);
    }
    void happened(const Returned &returned)
    {
        m_lines += u"returned "_s + QString::fromLatin1(returned.message.body().toHex());
    }
    void happened(const ChannelClosed &closed)
    {
        m_lines += u"closed %1: "_s.arg(closed.channel) + closed.error.text();
        m_core.removeChannel(closed.channel);
    }
    void happened(const ConnectionClosed &closed)
    {
        m_lines += u"closed: "_s + closed.error.text();
        m_isClosed = true;
    }
    template<typename Other>
    void happened(const Other &)
    {
        m_lines += QString::fromLatin1(typeid(Other).name());
    }

    ConnectionCore m_core;
    const TimePoint m_now = TimePoint(1000h);
    QStringList m_lines;
    std::vector<Delivered> m_kept;
    QByteArray m_written;
    qsizetype m_deliveries = 0;
    bool m_isClosed = false;
};

QString reportOf(const QByteArray &stream, const QList<qsizetype> &cuts)
{
    Application application;
    qsizetype at = 0;
    for (const qsizetype cut : cuts) {
        application.feed(QByteArrayView(stream).sliced(at, cut - at));
        at = cut;
    }
    application.feed(QByteArrayView(stream).sliced(at));
    return application.report();
}

QString reportByteByByte(const QByteArray &stream)
{
    QList<qsizetype> everywhere;
    for (qsizetype at = 1; at < stream.size(); ++at)
        everywhere += at;
    return reportOf(stream, everywhere);
}

QString difference(const QString &a, const QString &b)
{
    const QStringList left = a.split(u'\n');
    const QStringList right = b.split(u'\n');
    for (qsizetype i = 0; i < std::max(left.size(), right.size()); ++i) {
        if (left.value(i) != right.value(i))
            return left.value(i) + u"\nis not\n"_s + right.value(i);
    }
    return {};
}

QAmqpMessage messageOfSize(qsizetype size, int kind)
{
    QAmqpMessage message(QByteArray(size, char('a' + size % 26)));
    if (kind > 0)
        message.setContentType(u"text/plain"_s);
    if (kind > 1)
        message.setHeaders({{u"n"_s, kind}});
    return message;
}

class Stream
{
public:
    explicit Stream(QRandomGenerator &random) : m_random(random)
    {
        bytes = methodFrame(BasicConsumeOk{"c"}, 1) + methodFrame(BasicConsumeOk{"c-noack"}, 1)
                + methodFrame(BasicConsumeOk{"d"}, 2) + methodFrame(BasicConsumeOk{"d-noack"}, 2);
    }

    void addRandomContents(int count)
    {
        for (int i = 0; i < count; ++i) {
            if (m_random.bounded(8) == 0)
                addUnusual();
            else
                addDelivery();
        }
    }
    // Changes single bytes, with a liking for the edges.
    void spoil()
    {
        for (int i = int(m_random.bounded(4)); i > 0; --i) {
            const quint8 edges[] = {0, 1, 3, 0x7f, 0x80, 0xce, 0xff, quint8(m_random.bounded(256))};
            bytes[qsizetype(m_random.bounded(quint32(bytes.size())))] =
                    char(edges[m_random.bounded(8)]);
        }
    }

    QByteArray bytes;

private:
    qsizetype anySize()
    {
        const qsizetype sizes[] = {0,    1,    7,    16,    200,
                                   1000, 4088, 4089, 10000, qsizetype(m_random.bounded(6000))};
        return sizes[m_random.bounded(10)];
    }
    void addDelivery()
    {
        const quint16 channel = quint16(1 + m_random.bounded(2));
        const QByteArray tag =
                QByteArray(channel == 1 ? "c" : "d") + (m_random.bounded(3) == 0 ? "-noack" : "");
        const QByteArray key =
                m_random.bounded(3) == 0 ? QByteArray::number(m_random.bounded(12)) : "key";
        const BasicDeliver method{tag, ++m_tags[channel], m_random.bounded(10) == 0, "x", key};
        bytes += methodFrame(method, channel)
                + contentFrames(channel,
                                messageOfSize(anySize(), std::max(0, int(m_random.bounded(6)) - 3)),
                                SmallFrames);
    }
    void addUnusual()
    {
        const QAmqpMessage message = messageOfSize(20, 1);
        switch (m_random.bounded(6)) {
        case 0: bytes += heartbeatFrame(); break;
        case 1:
            bytes += methodFrame(BasicReturn{312, "NO_ROUTE", "", "q"}, 1)
                    + contentFrames(1, message, SmallFrames);
            break;
        case 2: // nobody's consumer
            bytes += methodFrame(delivery("x", ++m_tags[1]), 1)
                    + contentFrames(1, message, SmallFrames);
            break;
        case 3: bytes += methodFrame(BasicCancel{"c", true}, 1); break;
        case 4: bytes += methodFrame(ConnectionBlocked{"memory"}, 0); break;
        default: // another channel's frame in the middle of a content
            bytes += methodFrame(delivery("c", ++m_tags[1]), 1);
            addOf2();
            bytes += contentFrames(1, message, SmallFrames);
        }
    }
    void addOf2()
    {
        bytes += methodFrame(delivery("d", ++m_tags[2]), 2)
                + contentFrames(2, messageOfSize(30, 0), SmallFrames);
    }

    QRandomGenerator &m_random;
    quint64 m_tags[3] = {};
};

} // namespace

class TestWholeDeliveries : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void areTheSameAsTheirFrames()
    {
        QRandomGenerator random(4);
        Stream stream(random);
        stream.addRandomContents(60);
        Application application;
        application.feed(stream.bytes);
        QVERIFY(application.deliveries() > 30);
        QCOMPARE(application.report(), reportByteByByte(stream.bytes));
    }

    void mayBeCutAnywhere()
    {
        QRandomGenerator random(5);
        Stream stream(random);
        while (stream.bytes.size() < 1000)
            stream.addRandomContents(1);
        stream.bytes.truncate(3000);
        const QString expected = reportByteByByte(stream.bytes);
        for (qsizetype cut = 0; cut <= stream.bytes.size(); ++cut)
            QCOMPARE(reportOf(stream.bytes, {cut}), expected);
    }

    // Every byte of two deliveries once, changed to its complement.
    void mayBeWrongAnywhere()
    {
        QRandomGenerator random(6);
        const Stream begin(random);
        const QByteArray deliveries = methodFrame(delivery("c", 1), 1)
                + contentFrames(1, messageOfSize(5, 2), SmallFrames)
                + methodFrame(delivery("c", 2), 1)
                + contentFrames(1, messageOfSize(0, 0), SmallFrames);
        for (qsizetype at = 0; at < deliveries.size(); ++at) {
            QByteArray wrong = deliveries;
            wrong[at] = char(~wrong[at]);
            const QString report = reportOf(begin.bytes + wrong, {begin.bytes.size()});
            const QString expected = reportByteByByte(begin.bytes + wrong);
            QVERIFY2(report == expected,
                     qPrintable(u"byte %1: "_s.arg(at) + difference(report, expected)));
        }
    }

    void mayBeSpoiledAtRandom()
    {
        const quint32 seed = QRandomGenerator::global()->generate();
        QRandomGenerator random(seed);
        for (int i = 0; i < 150; ++i) {
            Stream stream(random);
            stream.addRandomContents(6);
            if (i % 4 > 0)
                stream.spoil();
            QList<qsizetype> cuts;
            for (qsizetype at = 0; at < stream.bytes.size(); at += 1 + random.bounded(3000))
                cuts += at;
            const QString report = reportOf(stream.bytes, cuts);
            const QString expected = reportByteByByte(stream.bytes);
            QVERIFY2(report == expected,
                     qPrintable(u"seed %1, stream %2: "_s.arg(seed).arg(i)
                                + difference(report, expected)));
        }
    }
};

QTAMQP_TEST(TestWholeDeliveries)
#include "tst_wholedeliveries.moc"
