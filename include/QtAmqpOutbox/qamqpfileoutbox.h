// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPFILEOUTBOX_H
#define QAMQPFILEOUTBOX_H

#include <QtAmqpOutbox/qtamqpoutboxglobal.h>

#include <QtAmqp/qamqpoutbox.h>

QT_BEGIN_NAMESPACE

class Q_AMQP_OUTBOX_EXPORT QAmqpFileOutbox : public QAmqpOutbox
{
    Q_OBJECT
    Q_PROPERTY(QString fileName READ fileName NOTIFY openChanged FINAL)
    Q_PROPERTY(bool open READ isOpen NOTIFY openChanged FINAL)
public:
    enum Durability : quint8 { Process, Power };
    Q_ENUM(Durability)

    explicit QAmqpFileOutbox(QAmqpConnection *connection = nullptr, QObject *parent = nullptr);
    ~QAmqpFileOutbox() override;

    bool open(const QString &fileName);
    void close();
    bool isOpen() const;
    QString fileName() const;

    Durability durability() const;
    bool setDurability(Durability durability);
    bool flush();

Q_SIGNALS:
    void openChanged(bool open);

private:
    Q_DISABLE_COPY_MOVE(QAmqpFileOutbox)
};

Q_AMQP_OUTBOX_EXPORT QDebug operator<<(QDebug debug, const QAmqpFileOutbox *outbox);

QT_END_NAMESPACE

#endif
