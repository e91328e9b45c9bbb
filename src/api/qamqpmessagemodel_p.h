// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_QAMQPMESSAGEMODEL_P_H
#define QTAMQP_API_QAMQPMESSAGEMODEL_P_H

// A message waits until the event loop turns, or until a pause is over. Then all that wait become entries together,
// the oldest entries are dropped, and the views hear of one change. An entry that the filter lets pass is shown as
// a row.

#include "api/deliverywatch.h"

#include <QtAmqp/qamqpmessagemodel.h>

#include <deque>

QT_BEGIN_NAMESPACE

class QAmqpMessageModelPrivate
{
public:
    struct Entry
    {
        QAmqpDelivery message;
        qint64 received; // in milliseconds since the epoch: a QDateTime costs more to make
        quint64 number = 0; // grows from entry to entry, but not always by one
        bool isOpen = false; // neither settled nor stale, as it was last reported to the views
    };
    // Reports to the views, at its end, how many there are of what it saw change.
    class Change
    {
    public:
        explicit Change(QAmqpMessageModelPrivate *model);
        ~Change();

    private:
        Q_DISABLE_COPY_MOVE(Change)
        QAmqpMessageModelPrivate *const m_model;
        const int m_count;
        const int m_open;
    };

    explicit QAmqpMessageModelPrivate(QAmqpMessageModel *model);

    static bool isStale(const QAmqpDelivery &message)
    {
        return !message.isSettled() && message.isStale();
    }
    int count() const { return int(shown.size()); }
    void append(const QAmqpDelivery &message);
    void showSoon();
    void boundWaiting();
    void forgetWaiting();
    void setFilter(QAmqpMessageModel::Filter filter);
    const Entry &at(int row) const { return entries[place(numberAt(row))]; }
    // The entry may be any of those that are kept, also one that is not shown.
    void removeEntries(size_t first, size_t last);
    void removeRows(int row, int rows);
    void clear();
    void setNewestFirst(bool newestFirst);
    QString text(const Entry &entry, int column) const;

    QAmqpMessageModel *const q;
    int maximumCount = 1000;
    qint64 maximumSize = 64 * 1024 * 1024;
    bool keepUnsettled = false;
    bool isNewestFirst = false;
    bool isPaused = false;
    std::deque<Entry> waiting;
    std::deque<quint64> shown; // the numbers of the entries that pass the filter
    int open = 0; // how many entries are neither settled nor stale

private:
    quint64 numberAt(int row) const
    {
        return shown[size_t(isNewestFirst ? count() - 1 - row : row)];
    }
    void show();
    void dropOldest(size_t others, qint64 size);
    bool mayBeDropped(const Entry &entry) const { return !keepUnsettled || !entry.isOpen; }
    void forget(const Entry &entry);
    void updateFates();
    size_t place(quint64 number) const;

    std::deque<Entry> entries; // all that are kept, the oldest first
    QAmqpMessageModel::Filter filter;
    quint64 next = 1; // the number of the next entry
    qint64 waitingSize = 0;
    qint64 size = 0; // of the messages in `entries`
    size_t waitingKept = 0; // so many at the beginning of `waiting` were found to be kept
    bool isShowWanted = false;
    QtAmqpPrivate::DeliveryWatch watch;
};

QT_END_NAMESPACE

#endif
