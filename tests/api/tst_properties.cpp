// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Each change of a property is followed by its signal: what bindings have read is what is there whenever there is
// nothing to do.

#include "memorytransport.h"

#include <QtAmqp/qamqprpcserver.h>
#include <QtCore/qmetaobject.h>

using namespace std::chrono_literals;

namespace {

// Reads each property as its signal comes, as a binding does.
class Bindings : public QObject
{
    Q_OBJECT
public:
    void bind(const QByteArray &name, QObject *object)
    {
        const QMetaMethod slot = metaObject()->method(metaObject()->indexOfSlot("read()"));
        const QMetaObject *const type = object->metaObject();
        for (int i = type->propertyOffset(); i < type->propertyCount(); ++i) {
            const QMetaProperty property = type->property(i);
            m_bound.append({name + '.' + property.name(), object, property, property.read(object)});
            if (property.hasNotifySignal())
                connect(object, property.notifySignal(), this, slot);
        }
    }
    // Those that are not what was read last.
    QByteArrayList stale() const
    {
        QByteArrayList names;
        for (const Bound &each : m_bound) {
            if (each.object && each.property.read(each.object) != each.value)
                names.append(each.name);
        }
        return names;
    }
    QByteArrayList neverChanged() const
    {
        QByteArrayList names;
        for (const Bound &each : m_bound) {
            if (!each.isChanged && !each.property.isConstant())
                names.append(each.name);
        }
        return names;
    }

private Q_SLOTS:
    void read()
    {
        for (Bound &each : m_bound) {
            if (each.object != sender() || each.property.notifySignalIndex() != senderSignalIndex())
                continue;
            const QVariant value = each.property.read(each.object);
            each.isChanged |= std::exchange(each.value, value) != value;
        }
    }

private:
    struct Bound
    {
        QByteArray name;
        QPointer<QObject> object;
        QMetaProperty property;
        QVariant value;
        bool isChanged = false;
    };
    QList<Bound> m_bound;
};

} // namespace

class TestProperties : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyChangeIsNotified();
};

void TestProperties::everyChangeIsNotified()
{
    const auto wire = std::make_shared<Wire>();
    QAmqpConnection connection;
    connection.setTransport(std::make_unique<MemoryTransport>(wire));
    QAmqpChannel *channel = connection.createChannel();
    QAmqpChannel *other = connection.createChannel();
    QAmqpQueue *queue = channel->queue();
    QAmqpRpcServer server(other, u"q"_s);
    Bindings bindings;
    bindings.bind("connection", &connection);
    bindings.bind("channel", channel);
    bindings.bind("queue", queue);
    bindings.bind("server", &server);
    const auto step = [&](const char *name, const std::function<void()> &act) {
        act();
        QVERIFY2(wire->run(), name);
        QCoreApplication::processEvents();
        const QByteArrayList stale = bindings.stale();
        QVERIFY2(stale.isEmpty(), (name + (": " + stale.join(", "))).constData());
    };
    const QByteArray large(300 * 1024, 'x');
    QAmqpConsumer *consumer = nullptr;

    step("refused before open", [&] { channel->publish({}, QString(256, u'x'), "x"_ba); });
    step("open", [&] { connection.open(); });
    step("refused options", [&] { QVERIFY(!connection.setOptions({})); });
    step("declare", [&] { queue->declare(); });
    step("declare anew", [&] { queue->declare(); });
    step("consume", [&] {
        consumer = queue->consume();
        bindings.bind("consumer", consumer);
    });
    step("pause", [&] { QVERIFY(consumer->pause()); });
    step("resume", [&] { consumer->resume(); });
    step("start", [&] { QVERIFY(server.start()); });
    for (const char *reason : {"memory", "disk"})
        step(reason,
             [&] { wire->inject(methodFrame(ConnectionBlocked{QByteArrayView(reason)}, 0)); });
    step("unblocked", [&] { wire->inject(methodFrame(ConnectionUnblocked{}, 0)); });
    step("refused publish", [&] { channel->publish({}, QString(256, u'x'), "x"_ba); });
    step("much on another channel", [&] {
        wire->setMute(true);
        other->publish({}, u"q"_s, large);
    });
    QVERIFY(!channel->isReadyToPublish());
    step("it is gone", [&] { wire->setMute(false); });
    QVERIFY(channel->isReadyToPublish());
    step("bound", [&] { channel->setMaxUnconfirmed(1); });
    step("one unconfirmed", [&] { channel->publish({}, u"hold"_s, "x"_ba); });
    QVERIFY(!channel->isReadyToPublish());
    step("bound of two", [&] { channel->setMaxUnconfirmed(2); });
    QVERIFY(channel->isReadyToPublish());
    step("cancel, unanswered", [&] {
        wire->setMute(true);
        consumer->cancel();
    });
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Cancelling);
    step("cancel, answered", [&] { wire->setMute(false); });
    step("close, unanswered", [&] {
        wire->setMute(true);
        channel->close();
    });
    QCOMPARE(channel->state(), QAmqpChannel::State::Closing);
    step("refused channel", [&] {
        wire->inject(methodFrame(ChannelClose{404, QByteArrayView("none"), 50, 10}, 1));
        wire->setMute(false);
    });
    step("open again, with another number", [&] {
        connection.createChannel();
        channel->open();
    });
    step("close the connection, unanswered", [&] {
        wire->setMute(true);
        connection.close();
    });
    QCOMPARE(connection.state(), QAmqpConnection::State::Closing);
    step("close the connection, answered", [&] { wire->setMute(false); });
    QCOMPARE(connection.state(), QAmqpConnection::State::Closed);
    step("open the connection again", [&] {
        connection.open();
        channel->open();
    });
    step("lost", [&] { wire->lose(); });
    QCOMPARE(connection.state(), QAmqpConnection::State::Recovering);
    QCOMPARE(channel->state(), QAmqpChannel::State::Opening);
    step("recovered", [&] { connection.reconnectNow(); });
    QCOMPARE(connection.state(), QAmqpConnection::State::Open);
    QCOMPARE(channel->state(), QAmqpChannel::State::Open);
    step("abort", [&] { connection.abort(); });
    step("open without recovery", [&] {
        connection.setOptions(QAmqpConnectionOptions().setRecoveryEnabled(false));
        connection.open();
    });
    step("lost for good", [&] { wire->lose(); });
    QCOMPARE(connection.state(), QAmqpConnection::State::Closed);
    step("open the connection for the last time", [&] { connection.open(); });
    step("abort the last one", [&] { connection.abort(); });
    QCOMPARE(bindings.neverChanged().join(", "), QByteArray());
}

QTAMQP_TEST(TestProperties)
#include "tst_properties.moc"
