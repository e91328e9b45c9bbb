// What the adapters for other event loops share, on poll(2).

#include "blocking/threadedbroker.h"
#include "polltransport.h" // the example loop-poll
#include "testmain.h"

#include <QtAmqp/QtAmqp>
#include <QtCore/qdeadlinetimer.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

class TestAdapters : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // Octets that nobody has room for must not wake the loop again and again.
    void whoDoesNotReadSleeps()
    {
        ThreadedBroker broker(1); // heartbeats end each wait
        auto owned = std::make_unique<PollTransport>();
        PollTransport *transport = owned.get();
        QAmqpConnection connection(broker.options());
        QVERIFY(connection.setTransport(std::move(owned)));
        QAmqpQueue *queue = connection.createChannel()->queue(u"q"_s);
        QByteArrayList received;
        connect(queue, &QAmqpQueue::messageReceived, this,
                [&](const QAmqpDelivery &delivery) { received += delivery.body(); });
        const QAmqpConsumer *consumer = queue->consume();
        connection.open();
        const QDeadlineTimer limit(20'000);
        while (consumer->state() != QAmqpConsumer::State::Active && !limit.hasExpired())
            QVERIFY(transport->runOnce());
        connection.setReading(false);
        queue->publish("m"_ba);
        int rounds = 0;
        for (const QDeadlineTimer silence(1500); !silence.hasExpired(); ++rounds)
            QVERIFY(transport->runOnce());
        QVERIFY2(rounds < 50, qPrintable(QString::number(rounds)));
        QVERIFY(received.isEmpty());
        connection.setReading(true);
        while (received.isEmpty() && !limit.hasExpired())
            QVERIFY(transport->runOnce());
        QCOMPARE(received, QByteArrayList{"m"_ba});
    }
};

QTAMQP_TEST(TestAdapters)
#include "tst_adapters.moc"
