// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Bodies that RabbitMQ gets from a device and gives into one, and a device that fails in the middle.

#include "everybroker.h"

#include <QtCore/qbuffer.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

namespace {

// Ends when it has been read, whatever was promised of it.
class Pipe : public QIODevice
{
public:
    explicit Pipe(const QByteArray &bytes) : m_bytes(bytes) { open(ReadOnly | Unbuffered); }
    bool isSequential() const override { return true; }

protected:
    qint64 readData(char *data, qint64 most) override
    {
        const qint64 size = std::min<qint64>(most, m_bytes.size());
        memcpy(data, m_bytes.constData(), size_t(size));
        m_bytes.remove(0, qsizetype(size));
        if (size == 0)
            QMetaObject::invokeMethod(this, &QIODevice::readChannelFinished, Qt::QueuedConnection);
        return size;
    }
    qint64 writeData(const char *, qint64) override { return -1; }

private:
    QByteArray m_bytes;
};

} // namespace

class TestBodies : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void goFromADeviceIntoADevice();
    void areLeftUnfinishedIfTheirDeviceFails();
};

void TestBodies::goFromADeviceIntoADevice()
{
    Peer peer;
    QAmqpChannel *publishing = peer.channel();
    QAmqpChannel *consuming = peer.channel();
    QVERIFY(peer.open());
    const QString queue = uniqueName();
    VERIFY_OK(consuming->declareQueue(queue, exclusive));
    QByteArray body = bytes(5 * 1024 * 1024 + 7);
    QBuffer from(&body);
    from.open(QIODevice::ReadOnly);
    QBuffer to;
    to.open(QIODevice::WriteOnly);
    QAmqpConsumer *consumer = consuming->consume(queue);
    consumer->setBodySink([&](const QAmqpDelivery &, quint64) { return &to; }, 1000);
    const ConsumerLog log(consumer);
    QAmqpMessage properties;
    properties.setMessageId(u"large"_s);
    VERIFY_OK(publishing->publishConfirmed({}, queue, &from, body.size(), properties,
                                           QAmqpChannel::Mandatory));
    VERIFY_OK(publishing->publishConfirmed({}, queue, "small"_ba));
    QVERIFY(log.waitForMessages(2));
    QVERIFY2(to.data() == body, "another body came");
    QCOMPARE(log.messages[0].messageId(), u"large"_s);
    QCOMPARE(log.bodies(), QList<QByteArray>({"", "small"}));
    QVERIFY(log.messages[1].ack(QAmqpDelivery::Multiple));
    VERIFY_OK(consumer->cancel());
    QCOMPARE(readyMessages(peer, queue), 0);
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

// RabbitMQ forgets what has come of it; the other channels and the end of the connection are as usual.
void TestBodies::areLeftUnfinishedIfTheirDeviceFails()
{
    Peer peer;
    QAmqpChannel *channel = peer.channel();
    QAmqpChannel *other = peer.channel();
    const ChannelLog log(channel);
    QVERIFY(peer.open());
    const QString queue = uniqueName();
    VERIFY_OK(other->declareQueue(queue, exclusive));
    Pipe pipe(QByteArray(200'000, 'x'));
    const auto confirmed = channel->publishConfirmed({}, queue, &pipe, 1'000'000);
    QCOMPARE(failure(confirmed).kind(), QAmqpError::Kind::DeviceFailed);
    QVERIFY(waitFor([&] { return log.closed == 1; }));
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.fates.at(1), Fate::Nacked);
    VERIFY_OK(other->publishConfirmed({}, queue, "x"_ba, QAmqpChannel::Mandatory));
    QCOMPARE(readyMessages(peer, queue), 1);
    channel->open();
    VERIFY_OK(channel->publishConfirmed({}, queue, "y"_ba, QAmqpChannel::Mandatory));
    QCOMPARE(readyMessages(peer, queue), 2);
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

QTAMQP_TEST(TestBodies)
#include "tst_bodies.moc"
