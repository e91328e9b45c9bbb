// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "mainwindow.h"

#include "banner.h"
#include "messagefilter.h"
#include "messagetable.h"
#include "messageview.h"
#include "publishform.h"
#include "queuelist.h"
#include "valuetext.h"

#include <QtCore/QLocale>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QCompleter>
#include <QtWidgets/QDockWidget>
#include <QtWidgets/QGroupBox>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QStatusBar>

using namespace Qt::StringLiterals;

MainWindow::MainWindow(QWidget *parent)
    : QMainWindow(parent)
    , m_filter(new MessageFilter(this))
    , m_queues(new QueueList)
    , m_queue(new QLineEdit)
    , m_search(new QLineEdit)
    , m_limit(new QSpinBox)
    , m_banner(new Banner)
    , m_table(new MessageTable)
    , m_view(new MessageView)
    , m_form(new PublishForm)
    , m_dot(new QLabel(u"●"_s))
    , m_state(new QLabel)
    , m_count(new QLabel)
{
    createActions();
    createMessageActions();
    createQueueBar(); // first, so that Tab begins here
    createQueueList();
    createMenus();
    m_banner->setRemedy(m_reconnect);
    m_state->setTextFormat(Qt::PlainText);
    setCentralWidget(newCentre());
    statusBar()->addPermanentWidget(m_count);
    statusBar()->addPermanentWidget(m_dot);
    statusBar()->addPermanentWidget(m_state);
    const int line = fontMetrics().height();
    resize(96 * line, 56 * line);
    auto *dock = findChild<QDockWidget *>(u"queues"_s);
    resizeDocks({dock}, {26 * line}, Qt::Horizontal);
    restoreWindow();

    connectBroker();
    connect(m_queue, &QLineEdit::textChanged, this, &MainWindow::updateState);
    connect(m_queue, &QLineEdit::returnPressed, this, &MainWindow::peek);
    connect(&m_messages, &QAbstractItemModel::rowsInserted, this, &MainWindow::updateCount);
    connect(&m_messages, &QAbstractItemModel::modelReset, this, &MainWindow::updateCount);
    connect(&m_messages, &MessageModel::rowsRemoved, this, &MainWindow::updateCount);
    connect(&m_messages, &MessageModel::unsettledChanged, this, &MainWindow::updateCount);
    connect(&m_messages, &MessageModel::unsettledChanged, this, &MainWindow::updateSelection);
    connect(m_search, &QLineEdit::textChanged, this, [this](const QString &text) {
        m_filter->setText(text);
        updateCount();
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &MainWindow::showCurrent);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            &MainWindow::updateSelection);
    connect(&m_messages, &QAbstractItemModel::modelReset, this, &MainWindow::showCurrent);
    updateState();
    updateSelection();
    updateCount();
}

QWidget *MainWindow::newMessages()
{
    m_filter->setSourceModel(&m_messages);
    m_table->setModel(m_filter);
    auto *separator = new QAction(this);
    separator->setSeparator(true);
    m_table->addActions({m_acknowledge, m_requeue, m_move, separator, m_copy, m_copyJson, m_save,
                         m_edit, m_clear});
    m_table->setContextMenuPolicy(Qt::ActionsContextMenu);
    m_search->setPlaceholderText(tr("Search messages: body, key, exchange, properties, headers"));
    m_search->setClearButtonEnabled(true);
    auto *messages = new QWidget;
    auto *layout = new QVBoxLayout(messages);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_search);
    layout->addWidget(m_table);
    return messages;
}

void MainWindow::createQueueList()
{
    auto *dock = new QDockWidget(tr("Broker"));
    dock->setObjectName(u"queues"_s);
    dock->setFeatures(QDockWidget::DockWidgetClosable | QDockWidget::DockWidgetMovable);
    dock->setWidget(m_queues);
    addDockWidget(Qt::LeftDockWidgetArea, dock);
    m_queue->setCompleter(new QCompleter(m_queues->model(), this));
    connect(m_queues, &QueueList::chosen, m_queue, &QLineEdit::setText);
    connect(m_queues, &QueueList::activated, this, &MainWindow::peek);
    connect(m_queues, &QueueList::exchangeChosen, m_form, &PublishForm::setExchange);
    connect(m_queues, &QueueList::countWanted, &m_broker, &Broker::look);
    connect(&m_broker, &Broker::seen, m_queues, &QueueList::setCount);
}

QWidget *MainWindow::newCentre()
{
    auto *columns = new QSplitter(Qt::Horizontal);
    columns->setObjectName(u"columns"_s);
    columns->addWidget(newMessages());
    columns->addWidget(m_view);
    const int line = fontMetrics().height();
    columns->setSizes({46 * line, 24 * line});
    columns->setChildrenCollapsible(false);

    auto *publish = new QGroupBox(tr("Publish or call"));
    (new QVBoxLayout(publish))->addWidget(m_form);
    auto *rows = new QSplitter(Qt::Vertical);
    rows->setObjectName(u"rows"_s);
    rows->addWidget(columns);
    rows->addWidget(publish);
    rows->setStretchFactor(0, 1);
    rows->setSizes({36 * line, 14 * line});

    auto *centre = new QWidget;
    auto *layout = new QVBoxLayout(centre);
    layout->setContentsMargins(10, 6, 10, 6);
    layout->addWidget(m_banner);
    layout->addWidget(rows, 1);
    return centre;
}

void MainWindow::setQueue(const QString &queue) { m_queue->setText(queue); }

void MainWindow::peek()
{
    if (!m_peek->isEnabled())
        return;
    m_queues->addQueue(m_queue->text());
    m_broker.peek(m_queue->text(), m_limit->value());
}

void MainWindow::peeked(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more)
{
    m_messages.forget();
    for (const QAmqpDelivery &delivery : deliveries)
        m_messages.append(delivery);
    const auto count = deliveries.size();
    if (count == 0)
        succeeded(tr("%1 is empty").arg(queue));
    else if (more == 0)
        succeeded(howMany(count, tr("The only message of %2, which is in the queue again"),
                          tr("All %1 messages of %2, which are in the queue again"))
                          .arg(queue));
    else
        succeeded(howMany(count,
                          tr("The first message of %2, which is in the queue again; %3 more"),
                          tr("The first %1 messages of %2, which are in the queue again; %3 more"))
                          .arg(queue, QLocale().toString(more)));
}

void MainWindow::held(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more)
{
    m_messages.forget();
    for (const QAmqpDelivery &delivery : deliveries)
        m_messages.append(delivery);
    succeeded(howMany(deliveries.size(), tr("1 message of %2 is held; more in the queue: %3"),
                      tr("%1 messages of %2 are held; more in the queue: %3"))
                      .arg(queue, QLocale().toString(more)));
}

void MainWindow::toggleConsuming()
{
    if (m_broker.isHolding()) {
        m_broker.release();
    } else if (m_broker.isConsuming()) {
        m_broker.stopConsuming();
    } else {
        m_queues->addQueue(m_queue->text());
        m_broker.count(m_queue->text());
    }
    updateState(); // since a checkable action has changed its state by itself
}

void MainWindow::askHowToConsume(const QString &queue, quint32 messages)
{
    const QLocale locale;
    auto *question = new QMessageBox(
            QMessageBox::Question, tr("Consume"),
            howMany(messages, tr("%2 holds 1 message."), tr("%2 holds %1 messages.")).arg(queue),
            QMessageBox::Cancel, this);
    question->setTextFormat(Qt::PlainText);
    question->setInformativeText(
            tr("Hold: at most %1 of them are kept here, unacknowledged. Those that you acknowledge or move "
               "leave the queue; the others go back to it when you stop or close the window.\n\n"
               "Consume all: each message leaves the queue for good, now and as it comes.")
                    .arg(locale.toString(m_limit->value())));
    question->setAttribute(Qt::WA_DeleteOnClose);
    const auto addChoice = [&](const QString &text, QMessageBox::ButtonRole role, auto choose) {
        QPushButton *button = question->addButton(text, role);
        connect(button, &QPushButton::clicked, this, choose);
        return button;
    };
    QPushButton *hold = addChoice(tr("&Hold"), QMessageBox::AcceptRole,
                                  [this, queue] { m_broker.hold(queue, m_limit->value()); });
    addChoice(tr("Consume &all"), QMessageBox::DestructiveRole, [this, queue] {
        m_broker.consume(queue);
    })->setObjectName(u"consumeAll"_s);
    hold->setObjectName(u"hold"_s);
    question->setDefaultButton(hold);
    question->open();
}

void MainWindow::togglePause() { m_broker.setPaused(m_pause->isChecked()); }

void MainWindow::purge()
{
    const QString queue = m_queue->text();
    auto *question = new QMessageBox(QMessageBox::Warning, tr("Purge"),
                                     tr("Remove all messages that are ready in %1?").arg(queue),
                                     QMessageBox::Cancel, this);
    question->setTextFormat(Qt::PlainText);
    question->setInformativeText(tr("They cannot be brought back."));
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton *remove = question->addButton(tr("&Remove them"), QMessageBox::DestructiveRole);
    remove->setObjectName(u"remove"_s);
    question->setDefaultButton(QMessageBox::Cancel);
    connect(remove, &QPushButton::clicked, this, [this, queue] { m_broker.purge(queue); });
    question->open();
}

void MainWindow::showCurrent()
{
    m_view->show(current());
    updateSelection();
}

void MainWindow::editAsNew()
{
    const std::optional<QAmqpDelivery> message = current();
    if (message && !m_form->fill(*message))
        m_banner->setText(tr("The body of this message is not text: it cannot be edited here"));
}

void MainWindow::replied(const QAmqpMessage &reply, qint64 milliseconds)
{
    m_messages.appendReply(reply);
    succeeded(tr("A reply after %1 ms").arg(milliseconds));
}

void MainWindow::succeeded(const QString &text)
{
    m_banner->setText({});
    statusBar()->showMessage(text, 10000);
}
