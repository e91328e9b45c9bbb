// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPTESTFAULT_H
#define QAMQPTESTFAULT_H

#include <QtAmqpTest/qtamqptestglobal.h>

#include <QtCore/qobjectdefs.h>
#include <QtCore/qshareddata.h>
#include <QtCore/qstring.h>

#include <chrono>

QT_BEGIN_NAMESPACE

class QAmqpTestFaultPrivate;

class Q_AMQP_TEST_EXPORT QAmqpTestFault
{
    Q_GADGET
public:
    enum Kind {
        Drop,
        Reset,
        HalfClose,
        Stall,
        Throttle,
        Delay,
        SplitOddly,
        Garble,
        RefuseLogin,
        RefuseVirtualHost,
        RefuseResources,
        NackPublishes,
        ReturnPublishes,
        LoseUnconfirmed,
        Block,
        CancelConsumers,
        CloseChannel,
        CloseConnection,
        Restart
    };
    Q_ENUM(Kind)
    enum Trigger { Immediately, ReceivedByte, SentByte, Publish, Delivery, Method, Elapsed };
    Q_ENUM(Trigger)
    enum Moment { InsteadOfAnswer, AfterAnswer };
    Q_ENUM(Moment)

    explicit QAmqpTestFault(Kind kind = Kind::Drop);
    QAmqpTestFault(const QAmqpTestFault &other);
    QAmqpTestFault(QAmqpTestFault &&other) noexcept;
    QAmqpTestFault &operator=(const QAmqpTestFault &other);
    QAmqpTestFault &operator=(QAmqpTestFault &&other) noexcept;
    ~QAmqpTestFault();

    Kind kind() const;

    // When; without any of these at once.
    QAmqpTestFault &atReceivedByte(qint64 bytes);
    QAmqpTestFault &atSentByte(qint64 bytes);
    QAmqpTestFault &atPublish(qint64 count, Moment moment = Moment::InsteadOfAnswer);
    QAmqpTestFault &atDelivery(qint64 count, Moment moment = Moment::InsteadOfAnswer);
    QAmqpTestFault &atMethod(const QString &name, qint64 count = 1,
                             Moment moment = Moment::InsteadOfAnswer);
    QAmqpTestFault &atTime(std::chrono::milliseconds afterOpen);
    Trigger trigger() const;
    Moment moment() const;
    qint64 position() const;
    QString method() const;

    // Where, and how often.
    int connection() const;
    QAmqpTestFault &setConnection(int number);
    int times() const;
    QAmqpTestFault &setTimes(int times);

    // How.
    int count() const;
    QAmqpTestFault &setCount(int messages);
    qint64 bytesPerSecond() const;
    QAmqpTestFault &setBytesPerSecond(qint64 bytes);
    std::chrono::milliseconds delay() const;
    QAmqpTestFault &setDelay(std::chrono::milliseconds delay);
    QString queue() const;
    QAmqpTestFault &setQueue(const QString &name);
    quint16 replyCode() const;
    QAmqpTestFault &setReplyCode(quint16 code);
    QString text() const;
    QAmqpTestFault &setText(const QString &text);

    Q_AMQP_TEST_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpTestFault &fault);

private:
    friend class QAmqpTestFaultPrivate;
    QSharedDataPointer<QAmqpTestFaultPrivate> d;
};

QT_END_NAMESPACE

#endif
