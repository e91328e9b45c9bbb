// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_QAMQPOUTBOX_P_H
#define QTAMQP_API_QAMQPOUTBOX_P_H

// An outbox works in turns of the event loop: what was asked for and what the broker answered since the last one is
// committed to the store together, then messages are sent, then signals are emitted. So a message leaves only after it
// was committed, a slot may delete anything, and nothing else runs the application's code.
//
// A message is in one of three places besides the store: not loaded (its id is behind m_lastRead), in m_waiting, or
// in m_sent. It returns from m_sent to m_waiting when nobody knows whether it arrived.

#include "api/outboxshelf.h"
#include "codec/timepoint.h"

#include <QtAmqp/qamqpconnection.h>
#include <QtCore/qpointer.h>
#include <QtCore/qtimer.h>

#include <deque>

QT_BEGIN_NAMESPACE

class Q_AMQP_PRIVATE_EXPORT QAmqpOutboxPrivate
    : public std::enable_shared_from_this<QAmqpOutboxPrivate>
{
public:
    struct Settings
    {
        qint64 maximumCount = 100'000;
        qint64 maximumBytes = 64 * 1024 * 1024;
        QAmqpOutbox::Overflow overflow = QAmqpOutbox::Overflow::Refuse;
        std::chrono::milliseconds messageTimeout{0};
        int maximumAttempts = 0;
        QAmqpOutbox::Rejection rejection = QAmqpOutbox::Rejection::Fail;
        std::chrono::milliseconds retryDelay = std::chrono::seconds(1);
        int window = 1'000;
        bool addsMessageIds = true;
    };

    static QAmqpOutboxPrivate *of(const QAmqpOutbox *outbox) { return outbox->d_ptr.get(); }
    virtual ~QAmqpOutboxPrivate();

    // The outbox has the messages of this store from now on, until end().
    void begin(std::unique_ptr<QtAmqpPrivate::OutboxStore> store);
    QAmqpError end();
    QtAmqpPrivate::OutboxStore *store() const { return m_store.get(); }
    void attach(QAmqpOutbox *outbox);
    void setConnection(QAmqpConnection *connection);
    QAmqpConnection *connection() const { return m_connection; }
    quint64 publish(QtAmqpPrivate::OutboxEntry entry);
    int unconfirmed() const { return int(m_sent.size()); }
    QList<QAmqpOutboxMessage> messages(qsizetype maximum, quint64 afterId);
    // Writes what was asked for so far. If that fails, nothing of it counts; `except` is a message whose caller hears
    // of it by other means.
    QAmqpError commit(quint64 except = 0);
    void setPaused(bool paused);
    void setLastError(const QAmqpError &error);
    bool isForeign(const char *function) const;
    // Asks for a turn.
    void schedule();
    // The object goes.
    void leave();

    QAmqpOutbox *q = nullptr; // null once it is destroyed
    Settings settings;
    qint64 count = 0;
    qint64 bytes = 0;
    quint64 publishedAgain = 0;
    bool isPaused = false;
    QAmqpError lastError;

private:
    using Shelf = QtAmqpPrivate::OutboxShelf;
    struct Fresh // was accepted since the last commit
    {
        quint64 id = 0; // 0: it has left the outbox already
        qint64 size = 0;
    };
    struct Range
    {
        quint64 first = 0;
        quint64 last = 0;
    };
    struct News // something to tell: of messages, or, if their ids are 0, of the outbox
    {
        quint64 first = 0;
        quint64 last = 0;
        QAmqpError why = {};
    };

    // What is loaded and not sent, and what is sent and not confirmed. One message may have more bytes.
    static constexpr qsizetype MostLoaded = 1'000;
    static constexpr qint64 MostLoadedBytes = 4 * 1024 * 1024;
    static constexpr qint64 MostSentBytes = 4 * 1024 * 1024;

    // Accepting
    QAmqpError refusal(const QtAmqpPrivate::OutboxEntry &entry) const;
    QAmqpError accept(QtAmqpPrivate::OutboxEntry &entry);
    QAmqpError makeRoom(qint64 size);
    bool dropOldest();
    void undo(const QAmqpError &error, quint64 except);
    void refuse(const QAmqpError &error);

    // Messages that leave the outbox
    void finish(quint64 id, qint64 size, const QAmqpError &why);
    void finish(const Shelf::Node &message, const QAmqpError &why);
    bool isRemoved(quint64 id) const;
    void expire();
    void report(bool &isKnown, const QAmqpError &trouble);

    // Sending
    bool isReady();
    void openChannel();
    void dropChannel();
    void send();
    bool load();
    bool hasRoom(const Shelf::Message &message) const;
    QAmqpError unfitness(const Shelf::Message &message, qint64 now) const;
    bool sendFirst();
    void putBack(Shelf::Node message);
    void reject(Shelf::Node message, const QAmqpError &why);
    void hold();
    void confirmed(quint64 firstTag, quint64 lastTag);
    void nacked(quint64 firstTag, quint64 lastTag);
    void indeterminate(quint64 firstTag, quint64 lastTag);
    void returned(const QAmqpReturn &message);
    void channelFailed(const QAmqpError &error);

    void turn();
    void arm();
    void emitNews();
    void emitState();

    std::unique_ptr<QtAmqpPrivate::OutboxStore> m_store;
    QString m_boxId;
    quint64 m_nextId = 1;
    quint64 m_lastRead = 0;
    std::vector<Fresh> m_fresh; // in the order of their ids
    std::vector<Range> m_removed; // is to be removed from the store
    bool m_commitsAtOnce = false; // since the last commit failed
    // Was told, and it has not worked since.
    bool m_cannotWrite = false;
    bool m_cannotSend = false;
    std::optional<QtAmqpPrivate::TimePoint> m_commitAgainAt;

    QPointer<QAmqpConnection> m_connection;
    QPointer<QAmqpChannel> m_channel;
    Shelf m_waiting; // by id
    Shelf m_sent; // by the tag of the channel
    // The messages that were lost with the channel: one of them may be the reason.
    Range m_lost; // their ids
    int m_lostCount = 0;
    quint64 m_suspectsUntil = 0; // up to this id, messages are sent one by one
    std::optional<QtAmqpPrivate::TimePoint> m_heldUntil;
    qint64 m_nextExpiry = 0; // in milliseconds since 1970, 0: none
    bool m_checksExpiry = false;

    QTimer *m_timer = nullptr; // a child of the object, whose thread it follows
    bool m_scheduled = false;
    std::deque<News> m_news;
    qint64 m_emittedCount = 0;
    qint64 m_emittedBytes = 0;
    bool m_emittedPaused = false;
    QAmqpError m_emittedError;
    quint64 m_refused = 0; // whose publishRefused() is to be emitted
    QAmqpError m_refusedError;
    bool m_refusalWarned = false;
};

QT_END_NAMESPACE

#endif
