// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKMESSAGEMODEL_H
#define QAMQPQUICKMESSAGEMODEL_H

#include "qamqpquickqueue.h"

#include <QtCore/qabstractitemmodel.h>

#include <deque>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickMessageModel : public QAbstractListModel
{
    Q_OBJECT
    QML_NAMED_ELEMENT(AmqpMessageModel)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QAmqpQuickQueue *queue READ queue WRITE setQueue NOTIFY queueChanged FINAL)
    Q_PROPERTY(int maximumCount READ maximumCount WRITE setMaximumCount NOTIFY maximumCountChanged
                       FINAL)
    Q_PROPERTY(
            qreal maximumSize READ maximumSize WRITE setMaximumSize NOTIFY maximumSizeChanged FINAL)
    Q_PROPERTY(bool newestFirst READ isNewestFirst WRITE setNewestFirst NOTIFY newestFirstChanged
                       FINAL)
    Q_PROPERTY(bool paused READ isPaused WRITE setPaused NOTIFY pausedChanged FINAL)
    Q_PROPERTY(QJSValue filter READ filter WRITE setFilter NOTIFY filterChanged FINAL)
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
    Q_PROPERTY(int waiting READ waiting NOTIFY waitingChanged FINAL)
public:
    explicit QAmqpQuickMessageModel(QObject *parent = nullptr);

    QAmqpQuickQueue *queue() const { return m_queue; }
    void setQueue(QAmqpQuickQueue *queue);
    int maximumCount() const { return m_maximumCount; }
    void setMaximumCount(int count);
    qreal maximumSize() const { return qreal(m_maximumSize); }
    void setMaximumSize(qreal size);
    bool isNewestFirst() const { return m_newestFirst; }
    void setNewestFirst(bool newestFirst);
    bool isPaused() const { return m_paused; }
    void setPaused(bool paused);
    QJSValue filter() const { return m_filter; }
    void setFilter(const QJSValue &filter);
    int count() const { return int(m_shown.size()); }
    int waiting() const { return m_paused ? int(m_waiting.size()) : 0; }

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    Q_INVOKABLE QAmqpQuickMessage get(int row) const;
    Q_INVOKABLE void append(const QAmqpQuickMessage &message);
    Q_INVOKABLE bool ack(int row);
    Q_INVOKABLE bool nack(int row, bool requeue = true);
    Q_INVOKABLE void remove(int row);

public Q_SLOTS:
    void clear();

Q_SIGNALS:
    void queueChanged();
    void maximumCountChanged();
    void maximumSizeChanged();
    void newestFirstChanged();
    void pausedChanged();
    void filterChanged();
    void countChanged();
    void waitingChanged();

private:
    struct Entry
    {
        QAmqpQuickMessage message;
        qint64 received; // in milliseconds since the epoch: a QDateTime costs more to make
        quint64 number; // grows from entry to entry, but not always by one
        bool settled = false; // these two as they were last reported to the views
        bool stale = false;

        bool isOpen() const { return !settled && !stale; }

        qsizetype size() const { return message.delivery().size(); }
    };
    void showSoon();
    void show();
    void boundWaiting();
    void scheduleUpdateFates();
    void updateFates();
    bool passes(const Entry &entry) const;
    void forget(size_t place);
    void dropOldest(size_t others, qint64 size);
    size_t place(quint64 number) const;
    const Entry &at(int row) const;
    template<typename Change>
    void reset(Change change);

    QPointer<QAmqpQuickQueue> m_queue;
    int m_maximumCount = 1000;
    qint64 m_maximumSize = 64 * 1024 * 1024;
    bool m_newestFirst = false;
    bool m_paused = false;
    bool m_showWanted = false;
    bool m_updateFatesWanted = false;
    QJSValue m_filter;

    std::deque<Entry> m_waiting; // those that came since the last turn, or since the pause began
    std::deque<Entry> m_entries; // all that are kept, the oldest first
    std::deque<quint64> m_shown; // the numbers of the entries that pass the filter
    quint64 m_next = 0; // the number of the next entry
    qint64 m_waitingSize = 0; // the size of the messages in m_waiting
    qint64 m_size = 0; // the size of the messages in m_entries
    int m_open = 0; // how many entries are neither settled nor stale
};

QT_END_NAMESPACE

#endif
