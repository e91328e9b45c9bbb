// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How messages become rows of a QAmqpMessageModel, and leave it again.

#include "api/qamqpmessagemodel_p.h"

#include <QtCore/qdatetime.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

QAmqpMessageModelPrivate::QAmqpMessageModelPrivate(QAmqpMessageModel *model)
    : q(model), watch(model, [this] { updateFates(); })
{
}

QAmqpMessageModelPrivate::Change::Change(QAmqpMessageModelPrivate *model)
    : m_model(model), m_count(model->count()), m_open(model->open)
{
}

QAmqpMessageModelPrivate::Change::~Change()
{
    if (m_model->count() != m_count)
        Q_EMIT m_model->q->countChanged();
    if (m_model->open != m_open)
        Q_EMIT m_model->q->unsettledChanged();
}

void QAmqpMessageModelPrivate::append(const QAmqpDelivery &message)
{
    waiting.push_back({message, QDateTime::currentMSecsSinceEpoch()});
    waitingSize += message.size();
    boundWaiting();
    showSoon();
}

void QAmqpMessageModelPrivate::boundWaiting()
{
    const auto isUnsettled = [](const QAmqpDelivery &message) {
        return !message.isSettled() && !message.isStale();
    };
    while (waiting.size() > size_t(maximumCount)
           || (waiting.size() > 1 && waitingSize > maximumSize)) {
        while (keepUnsettled && waitingKept < waiting.size()
               && isUnsettled(waiting[waitingKept].message))
            ++waitingKept;
        if (waitingKept + 1 >= waiting.size()) // the newest is kept in any case
            return;
        waitingSize -= waiting[waitingKept].message.size();
        waiting.erase(waiting.begin() + qptrdiff(waitingKept));
    }
}

void QAmqpMessageModelPrivate::forgetWaiting()
{
    waiting.clear();
    waitingSize = 0;
    waitingKept = 0;
}

void QAmqpMessageModelPrivate::showSoon()
{
    if (std::exchange(isShowWanted, true))
        return;
    QMetaObject::invokeMethod(
            q, [this] { show(); }, Qt::QueuedConnection);
}

// Makes rows of the messages that have come, once in a turn, however many there are.
void QAmqpMessageModelPrivate::show()
{
    isShowWanted = false;
    if (isPaused) {
        Q_EMIT q->waitingChanged();
        return;
    }
    const Change change(this);
    std::deque<Entry> arrived = std::exchange(waiting, {});
    forgetWaiting();
    std::vector<size_t> passing; // filled first, since the filter may call any function
    const QAmqpMessageModel::Filter passes = filter; // which it may replace
    for (size_t i = 0; i < arrived.size(); ++i) {
        if (!passes || passes(arrived[i].message))
            passing.push_back(i);
    }
    const quint64 number = next;
    qint64 arrivedSize = 0;
    for (Entry &entry : arrived) {
        entry.number = next++;
        entry.isOpen = DeliveryWatch::mark(entry.message);
        open += entry.isOpen;
        arrivedSize += entry.message.size();
    }
    dropOldest(arrived.size(), arrivedSize);
    size += arrivedSize;
    std::move(arrived.begin(), arrived.end(), std::back_inserter(entries));
    if (passing.empty())
        return;
    const int row = isNewestFirst ? 0 : count();
    q->beginInsertRows({}, row, row + int(passing.size()) - 1);
    for (size_t i : passing)
        shown.push_back(number + i);
    q->endInsertRows();
}

void QAmqpMessageModelPrivate::setFilter(QAmqpMessageModel::Filter newFilter)
{
    filter = std::move(newFilter);
    const QAmqpMessageModel::Filter passes = filter;
    std::deque<quint64> passing;
    for (const Entry &entry : std::deque<Entry>(entries)) {
        if (!passes || passes(entry.message))
            passing.push_back(entry.number);
    }
    // The filter may call any function, even clear(): entries that are gone then are not shown.
    std::erase_if(passing, [this](quint64 number) { return place(number) == entries.size(); });
    const Change change(this);
    q->beginResetModel();
    shown = std::move(passing);
    q->endResetModel();
}

// Makes room for so many other messages of that size together. The newest of all is kept, however large it is.
void QAmqpMessageModelPrivate::dropOldest(size_t others, qint64 othersSize)
{
    size_t first = 0;
    while (true) {
        while (first < entries.size() && !mayBeDropped(entries[first]))
            ++first;
        size_t last = first;
        qint64 left = size;
        for (; last < entries.size() && mayBeDropped(entries[last]); ++last) {
            const size_t all = entries.size() - (last - first) + others;
            const bool isNewest = others == 0 && last + 1 == entries.size();
            if (isNewest || (all <= size_t(maximumCount) && left + othersSize <= maximumSize))
                break;
            left -= entries[last].message.size();
        }
        if (last == first)
            return;
        removeEntries(first, last);
    }
}

void QAmqpMessageModelPrivate::removeEntries(size_t first, size_t last)
{
    const auto from = entries.begin() + qptrdiff(first);
    const auto to = entries.begin() + qptrdiff(last);
    const quint64 end = to == entries.end() ? next : to->number;
    const auto firstShown = std::lower_bound(shown.begin(), shown.end(), from->number);
    const auto lastShown = std::lower_bound(firstShown, shown.end(), end);
    const int rows = int(lastShown - firstShown);
    const int before = int(firstShown - shown.begin());
    const int row = isNewestFirst ? count() - before - rows : before;
    if (rows > 0) {
        q->beginRemoveRows({}, row, row + rows - 1);
        shown.erase(firstShown, lastShown);
    }
    std::for_each(from, to, [this](const Entry &entry) { forget(entry); });
    entries.erase(from, to);
    if (rows > 0)
        q->endRemoveRows();
}

// What the filter hides between the rows stays.
void QAmqpMessageModelPrivate::removeRows(int row, int rows)
{
    const Change change(this);
    const auto first = shown.begin() + (isNewestFirst ? count() - row - rows : row);
    const auto last = first + rows;
    const size_t from = place(*first);
    const size_t to = place(*(last - 1)) + 1;
    q->beginRemoveRows({}, row, row + rows - 1);
    auto removed = first;
    const auto isRemoved = [&](const Entry &entry) {
        if (removed == last || *removed != entry.number)
            return false;
        ++removed;
        forget(entry);
        return true;
    };
    const auto begin = entries.begin() + qptrdiff(from);
    const auto end = entries.begin() + qptrdiff(to);
    entries.erase(std::remove_if(begin, end, isRemoved), end);
    shown.erase(first, last);
    q->endRemoveRows();
}

// Forgets an entry that is about to be removed.
void QAmqpMessageModelPrivate::forget(const Entry &entry)
{
    size -= entry.message.size();
    open -= entry.isOpen;
}

void QAmqpMessageModelPrivate::clear()
{
    const Change change(this);
    q->beginResetModel();
    entries.clear();
    shown.clear();
    forgetWaiting();
    size = 0;
    open = 0;
    next = 1;
    q->endResetModel();
}

void QAmqpMessageModelPrivate::setNewestFirst(bool newestFirst)
{
    q->beginResetModel();
    isNewestFirst = newestFirst;
    q->endResetModel();
}

// Called once in a turn, however many messages were settled or became stale, so that views get a single change.
void QAmqpMessageModelPrivate::updateFates()
{
    if (open == 0)
        return;
    const Change change(this);
    int first = -1; // both in the order of the entries
    int last = -1;
    auto row = shown.cbegin();
    for (Entry &entry : entries) {
        row = std::find_if(row, shown.cend(),
                           [&](quint64 number) { return number >= entry.number; });
        if (!entry.isOpen || (!entry.message.isSettled() && !entry.message.isStale()))
            continue;
        entry.isOpen = false;
        --open;
        if (row == shown.cend() || *row != entry.number)
            continue;
        last = int(row - shown.cbegin());
        if (first < 0)
            first = last;
    }
    if (first >= 0) {
        const int from = isNewestFirst ? count() - 1 - last : first;
        Q_EMIT q->dataChanged(q->index(from), q->index(from + last - first, q->columnCount() - 1),
                              {Qt::DisplayRole, QAmqpMessageModel::DeliveryRole,
                               QAmqpMessageModel::SettledRole, QAmqpMessageModel::StaleRole,
                               QAmqpMessageModel::SortRole});
    }
    if (keepUnsettled) // there may be room now
        dropOldest(0, 0);
}

// Returns the index of the entry with that number, or the number of entries if it is gone. If no entry was
// removed, the index follows from the number.
size_t QAmqpMessageModelPrivate::place(quint64 number) const
{
    if (entries.empty() || number < entries.front().number)
        return entries.size();
    const size_t most = size_t(number - entries.front().number);
    if (most < entries.size() && entries[most].number == number)
        return most;
    const auto end = entries.begin() + qptrdiff(qMin(most, entries.size()));
    const auto found =
            std::lower_bound(entries.begin(), end, number, [](const Entry &entry, quint64 wanted) {
                return entry.number < wanted;
            });
    return found != end && found->number == number ? size_t(found - entries.begin())
                                                   : entries.size();
}

QT_END_NAMESPACE
