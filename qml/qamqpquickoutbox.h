// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKOUTBOX_H
#define QAMQPQUICKOUTBOX_H

#include "qamqpquickconnection.h"

#include <QtAmqp/qamqpoutbox.h>
#include <QtCore/qlist.h>
#include <QtQml/qjsvalue.h>

#include <memory>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickOutbox : public QAmqpQuickBase
{
    Q_OBJECT
    QML_NAMED_ELEMENT(AmqpOutbox)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QAmqpQuickConnection *connection READ connection WRITE setConnection NOTIFY
                       connectionChanged FINAL)
    Q_PROPERTY(QString file MEMBER m_file NOTIFY fileChanged FINAL)
    Q_PROPERTY(Durability durability MEMBER m_durability NOTIFY settingsChanged FINAL)
    Q_PROPERTY(bool paused MEMBER m_paused NOTIFY pausedChanged FINAL)
    Q_PROPERTY(bool mandatory MEMBER m_mandatory NOTIFY mandatoryChanged FINAL)
    Q_PROPERTY(qreal maximumCount MEMBER m_maximumCount NOTIFY settingsChanged FINAL)
    Q_PROPERTY(qreal maximumBytes MEMBER m_maximumBytes NOTIFY settingsChanged FINAL)
    Q_PROPERTY(Overflow overflow MEMBER m_overflow NOTIFY settingsChanged FINAL)
    Q_PROPERTY(qreal messageTimeout MEMBER m_messageTimeout NOTIFY settingsChanged FINAL)
    Q_PROPERTY(qreal maximumAttempts MEMBER m_maximumAttempts NOTIFY settingsChanged FINAL)
    Q_PROPERTY(Rejection rejection MEMBER m_rejection NOTIFY settingsChanged FINAL)
    Q_PROPERTY(qreal retryDelay MEMBER m_retryDelay NOTIFY settingsChanged FINAL)
    Q_PROPERTY(qreal window MEMBER m_window NOTIFY settingsChanged FINAL)
    Q_PROPERTY(qreal count READ count NOTIFY countChanged FINAL)
    Q_PROPERTY(qreal bytes READ bytes NOTIFY countChanged FINAL)
public:
    enum Durability { Process, Power };
    Q_ENUM(Durability)
    enum Overflow { Refuse, DropOldest };
    Q_ENUM(Overflow)
    enum Rejection { Fail, Retry };
    Q_ENUM(Rejection)

    explicit QAmqpQuickOutbox(QObject *parent = nullptr);
    ~QAmqpQuickOutbox() override;

    QAmqpQuickConnection *connection() const { return m_connection; }
    void setConnection(QAmqpQuickConnection *connection);
    qreal count() const { return m_box ? qreal(m_box->count()) : 0; }
    qreal bytes() const { return m_box ? qreal(m_box->bytes()) : 0; }

    void componentComplete() override;

    Q_INVOKABLE quint64 publish(const QString &exchange, const QString &routingKey,
                                const QJSValue &body, const QJSValue &properties = {});

Q_SIGNALS:
    void connectionChanged();
    void fileChanged();
    void pausedChanged();
    void mandatoryChanged();
    void countChanged();
    void delivered(quint64 firstId, quint64 lastId);
    void failed(quint64 id, const QAmqpQuickError &why);

protected:
    void start() override;
    void stop() override;

private:
    using Box = std::unique_ptr<QAmqpOutbox>;
    struct Failure
    {
        quint64 id;
        QAmqpError why;
    };

    void findConnection();
    Box openFile(QAmqpError *error) const;
    void use(Box box, bool isFile);
    QList<Failure> takeMessages(const QAmqpOutbox &from);
    QString settingsError() const;
    void change();
    void configure();
    void setDurability();
    void followPaused();
    void followSession();
    void passDelivered(quint64 first, quint64 last);
    void trouble(const QAmqpError &error);

    QPointer<QAmqpQuickConnection> m_connection;
    QString m_file;
    Durability m_durability = Process;
    bool m_paused = false;
    bool m_mandatory = false;
    qreal m_maximumCount = -1;
    qreal m_maximumBytes = -1;
    Overflow m_overflow = Refuse;
    qreal m_messageTimeout = 0;
    qreal m_maximumAttempts = 0;
    Rejection m_rejection = Fail;
    qreal m_retryDelay = 1'000;
    qreal m_window = 1'000;

    Box m_box; // in memory it stays while this is not active
    qint64 m_usualCount = 0; // the limits of such a box unless others are set
    qint64 m_usualBytes = 0;
    bool m_isFile = false;
    bool m_isOpen = false; // takes and sends messages
    bool m_isTroubled =
            false; // since something cannot be done, and until messages are delivered again
};

QT_END_NAMESPACE

#endif
