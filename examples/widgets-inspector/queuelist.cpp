// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "queuelist.h"

#include "objectlist.h"

#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QTabWidget>
#include <QtWidgets/QTreeView>

#include <cmath>

using namespace Qt::StringLiterals;

QueueList::QueueList(QWidget *parent)
    : QWidget(parent)
    , m_tabs(new QTabWidget)
    , m_queues(new ObjectList({tr("Name"), tr("Ready"), tr("Unacked"), tr("In/s"), tr("Out/s")}, 1,
                              tr("Search queues")))
    , m_exchanges(new ObjectList({tr("Name"), tr("Type"), tr("In/s"), tr("Out/s")}, 2,
                                 tr("Search exchanges")))
    , m_note(new QLabel)
{
    m_queues->view()->setAccessibleName(tr("Queues"));
    m_exchanges->view()->setAccessibleName(tr("Exchanges"));
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(m_queues, tr("Queues"));
    m_tabs->addTab(m_exchanges, tr("Exchanges"));
    m_note->setTextFormat(Qt::PlainText);
    m_note->setWordWrap(true);
    m_note->setAlignment(Qt::AlignTop);
    m_note->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_note->setObjectName(u"queueNote"_s);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(6, 0, 0, 6);
    layout->addWidget(m_tabs, 1);
    layout->addWidget(m_note);
    connect(m_queues, &ObjectList::chosen, this, &QueueList::chosen);
    connect(m_queues, &ObjectList::activated, this, &QueueList::activated);
    connect(m_exchanges, &ObjectList::chosen, this, &QueueList::exchangeChosen);
    connect(&m_management, &Management::listed, this, &QueueList::show);
    connect(&m_management, &Management::exchangesListed, this, &QueueList::showExchanges);
    connect(&m_management, &Management::failed, this, &QueueList::showWithoutPlugin);
    m_timer.setInterval(std::chrono::seconds(5)); // the plugin updates its counts as often
    connect(&m_timer, &QTimer::timeout, this, [this] {
        if (isVisible())
            refresh();
    });
    clear();
}

QAbstractItemModel *QueueList::model() { return m_queues->model(); }

void QueueList::setBroker(const QAmqpConnection &connection, quint16 managementPort)
{
    m_management.setBroker(connection, managementPort);
    refresh();
    m_timer.start();
}

void QueueList::clear()
{
    m_timer.stop();
    m_named.clear();
    m_note->hide();
    m_queues->show({});
    m_exchanges->show({});
}

void QueueList::refresh()
{
    m_management.list(); // also after a failure: the plugin may have been started meanwhile
}

void QueueList::addQueue(const QString &queue)
{
    if (queue.isEmpty() || m_named.contains(queue))
        return;
    m_named.insert(queue, std::nullopt);
    if (!m_hasPlugin)
        Q_EMIT countWanted(queue);
}

void QueueList::setCount(const QString &queue, std::optional<quint32> ready)
{
    if (!m_named.contains(queue))
        return;
    m_named[queue] = ready;
    if (!m_hasPlugin)
        showNamed();
}

// A number, so that it can be sorted by. Most rates are 0, which nobody needs to read.
static QVariant shownRate(double rate)
{
    if (rate <= 0)
        return {};
    return rate < 10 ? std::round(rate * 10) / 10 : std::round(rate);
}

// What AMQP does not tell has no column without the plugin, which leaves more room for the names.
void QueueList::setHasPlugin(bool hasPlugin)
{
    m_hasPlugin = hasPlugin;
    for (const int column : {2, 3, 4})
        m_queues->view()->setColumnHidden(column, !hasPlugin);
    for (const int column : {2, 3})
        m_exchanges->view()->setColumnHidden(column, !hasPlugin);
}

void QueueList::show(const QList<Management::Queue> &queues)
{
    setHasPlugin(true);
    m_note->hide();
    QList<QVariantList> rows;
    for (const Management::Queue &each : queues)
        rows.append({each.name, each.ready, each.unacknowledged, shownRate(each.in),
                     shownRate(each.out)});
    m_queues->show(rows);
}

void QueueList::showExchanges(const QList<Management::Exchange> &exchanges)
{
    QList<QVariantList> rows;
    for (const Management::Exchange &each : exchanges)
        rows.append({each.name, each.type, shownRate(each.in), shownRate(each.out)});
    m_exchanges->show(rows);
}

void QueueList::showWithoutPlugin(const QString &reason)
{
    setHasPlugin(false);
    m_note->setText(tr("Only the queues that were named here, and no rates: %1.").arg(reason));
    m_note->show();
    // Every broker has these.
    showExchanges({{u""_s, u"direct"_s},
                   {u"amq.direct"_s, u"direct"_s},
                   {u"amq.fanout"_s, u"fanout"_s},
                   {u"amq.headers"_s, u"headers"_s},
                   {u"amq.topic"_s, u"topic"_s}});
    showNamed();
    const QStringList named = m_named.keys();
    for (const QString &queue : named)
        Q_EMIT countWanted(queue);
}

// Those that exist.
void QueueList::showNamed()
{
    QList<QVariantList> rows;
    for (auto it = m_named.cbegin(); it != m_named.cend(); ++it) {
        if (it.value())
            rows.append({it.key(), *it.value()});
    }
    m_queues->show(rows);
}
