// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_QUEUELIST_H
#define INSPECTOR_QUEUELIST_H

#include "management.h"

#include <QtCore/QMap>
#include <QtCore/QTimer>
#include <QtWidgets/QWidget>

class ObjectList;
class QAbstractItemModel;
class QLabel;
class QTabWidget;

// Lists the queues and exchanges of the broker with their counts and rates, which are updated while the list is
// visible. Without the management plugin it lists the queues that the user has named, as far as AMQP tells of them,
// and the exchanges that every broker has; a line says so.
class QueueList : public QWidget
{
    Q_OBJECT
public:
    explicit QueueList(QWidget *parent = nullptr);

    void setBroker(const QAmqpConnection &connection, quint16 managementPort);
    void clear();
    void refresh();
    QAbstractItemModel *model();
    // The user has named this queue, so it is asked for if there is no list.
    void addQueue(const QString &queue);
    // The queue exists and has so many messages ready; or there is none.
    void setCount(const QString &queue, std::optional<quint32> ready);

Q_SIGNALS:
    void chosen(const QString &queue);
    void activated(const QString &queue); // the user wants to peek at the queue
    void exchangeChosen(const QString &exchange);
    void countWanted(const QString &queue); // setCount() is the answer

private:
    void show(const QList<Management::Queue> &queues);
    void showExchanges(const QList<Management::Exchange> &exchanges);
    void showWithoutPlugin(const QString &reason);
    void showNamed();
    void setHasPlugin(bool hasPlugin);

    Management m_management;
    QTimer m_timer;
    bool m_hasPlugin = true;
    QMap<QString, std::optional<quint32>> m_named;
    QTabWidget *m_tabs;
    ObjectList *m_queues;
    ObjectList *m_exchanges;
    QLabel *m_note;
};

#endif
