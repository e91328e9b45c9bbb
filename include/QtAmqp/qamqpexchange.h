// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPEXCHANGE_H
#define QAMQPEXCHANGE_H

#include <QtAmqp/qamqpchannel.h>

QT_BEGIN_NAMESPACE

class QAmqpExchangePrivate;

class Q_AMQP_EXPORT QAmqpExchange : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QString name READ name CONSTANT FINAL)
public:
    using Type = QAmqpExchangeOptions::Type;
    static constexpr Type Direct = QAmqpExchangeOptions::Direct;
    static constexpr Type Fanout = QAmqpExchangeOptions::Fanout;
    static constexpr Type Topic = QAmqpExchangeOptions::Topic;
    static constexpr Type Headers = QAmqpExchangeOptions::Headers;

    ~QAmqpExchange() override;

    QAmqpChannel *channel() const;
    QString name() const;

    QFuture<void> declare(Type type, const QAmqpExchangeOptions &options = QAmqpExchangeOptions());
    QFuture<void> declare(const QString &type,
                          const QAmqpExchangeOptions &options = QAmqpExchangeOptions());
    QFuture<void> declare(const QAmqpExchangeOptions &options);
    QFuture<void> bind(const QString &source, const QString &routingKey = QString(),
                       const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> bind(const QAmqpExchange *source, const QString &routingKey = QString(),
                       const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> unbind(const QString &source, const QString &routingKey = QString(),
                         const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> unbind(const QAmqpExchange *source, const QString &routingKey = QString(),
                         const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> deleteExchange(QAmqpChannel::DeleteFlags flags = QAmqpChannel::Unconditionally);

    quint64 publish(const QString &routingKey, const QAmqpMessage &message,
                    QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);
    QFuture<quint64> publishConfirmed(const QString &routingKey, const QAmqpMessage &message,
                                      QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);
    quint64 publish(const QString &routingKey, QIODevice *body, qint64 size,
                    const QAmqpMessage &properties = QAmqpMessage(),
                    QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);
    QFuture<quint64> publishConfirmed(const QString &routingKey, QIODevice *body, qint64 size,
                                      const QAmqpMessage &properties = QAmqpMessage(),
                                      QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);

private:
    friend class QAmqpChannel;
    Q_DISABLE_COPY_MOVE(QAmqpExchange)
    QAmqpExchange(const QString &name, QAmqpChannel *channel);
    const std::unique_ptr<QAmqpExchangePrivate> d_ptr;
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpExchange *exchange);

QT_END_NAMESPACE

#endif
