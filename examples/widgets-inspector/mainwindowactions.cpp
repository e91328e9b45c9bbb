// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The actions of the window and when they are enabled, the menus, the queue's bar and the status line.

#include "mainwindow.h"

#include "banner.h"
#include "icons.h"
#include "messagefilter.h"
#include "messagetable.h"
#include "messageview.h"
#include "publishform.h"
#include "queuelist.h"
#include "valuetext.h"

#include <QtCore/QLocale>
#include <QtGui/QAction>
#include <QtWidgets/QDockWidget>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QMenuBar>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QToolBar>

#include <chrono>

using namespace Qt::StringLiterals;

template<typename Slot>
QAction *MainWindow::newAction(const char *icon, const QString &text, const QString &tip,
                               const QKeySequence &key, Slot slot)
{
    auto *action = new QAction(drawnIcon(icon), text, this);
    action->setShortcut(key);
    action->setData(key.isEmpty() ? tip
                                  : u"%1 (%2)"_s.arg(tip, key.toString(QKeySequence::NativeText)));
    action->setToolTip(action->data().toString());
    connect(action, &QAction::triggered, this, slot);
    return action;
}

void MainWindow::allow(QAction *action, const QString &reasonAgainst)
{
    action->setEnabled(reasonAgainst.isEmpty());
    const QString tip = action->data().toString();
    action->setToolTip(reasonAgainst.isEmpty()
                               ? tip
                               : u"%1\n\n%2"_s.arg(tip, tr("Not now: %1").arg(reasonAgainst)));
}

void MainWindow::createActions()
{
    m_connect = newAction("connect", tr("&Connect…"), tr("Choose a broker"), QKeySequence::Open,
                          &MainWindow::askForBroker);
    m_reconnect = newAction("reconnect", tr("&Reconnect"), tr("Try the same broker again, now"),
                            Qt::CTRL | Qt::SHIFT | Qt::Key_O, [this] {
                                m_banner->setText({});
                                m_broker.reopen();
                            });
    m_disconnect = newAction("disconnect", tr("&Disconnect"), tr("Close the connection"),
                             Qt::CTRL | Qt::SHIFT | Qt::Key_D, [this] { m_broker.close(); });
    m_refresh = newAction(
            "refresh", tr("Refresh the &lists"),
            tr("Ask for the queues and exchanges at once; that is done every 5 s as well"),
            Qt::SHIFT | Qt::Key_F5, [this] { m_queues->refresh(); });
    m_peek = newAction(
            "peek", tr("P&eek"),
            tr("Fetch the first messages and give them back: none is lost, but the broker "
               "marks them as redelivered, and a quorum queue counts it towards its delivery limit. "
               "A stream does not allow it: consume from that, it keeps its messages"),
            QKeySequence::Refresh, &MainWindow::peek);
    m_consume =
            newAction("consume", tr("Con&sume…"),
                      tr("Hold messages until you acknowledge, requeue or move them; or consume "
                         "them for good. Once more: stop"),
                      Qt::Key_F6, &MainWindow::toggleConsuming);
    m_consume->setCheckable(true);
    m_pause = newAction("pause", tr("P&ause"), tr("Hold what arrives; nothing is lost"), Qt::Key_F7,
                        &MainWindow::togglePause);
    m_pause->setCheckable(true);
    m_purge =
            newAction("purge", tr("P&urge…"), tr("Remove all messages that are ready in the queue"),
                      Qt::CTRL | Qt::SHIFT | Qt::Key_P, &MainWindow::purge);
}

void MainWindow::createMessageActions()
{
    m_acknowledge = newAction("acknowledge", tr("&Acknowledge"),
                              tr("What is selected and held leaves the queue for good"),
                              Qt::CTRL | Qt::Key_K, &MainWindow::acknowledge);
    m_requeue = newAction("requeue", tr("&Requeue"),
                          tr("What is selected and held goes back to the queue"),
                          Qt::CTRL | Qt::Key_R, &MainWindow::requeue);
    m_move = newAction(
            "move", tr("&Move to…"),
            tr("Publish what is selected and held elsewhere; what another queue has taken "
               "leaves this one"),
            Qt::CTRL | Qt::Key_M, &MainWindow::askWhereTo);
    m_copy = newAction("copy", tr("Cop&y"), tr("Copy the bodies of what is selected"),
                       QKeySequence::Copy, &MainWindow::copy);
    m_copy->setShortcutContext(Qt::WidgetShortcut); // elsewhere it copies selected text
    m_copyJson = newAction(
            "copy", tr("Copy as &JSON"),
            tr("Copy what is selected with its properties and headers, each message as a line of JSON"),
            Qt::CTRL | Qt::SHIFT | Qt::Key_C, &MainWindow::copyAsJson);
    m_save = newAction(
            "save", tr("&Save…"),
            tr("Write what is selected, or all that is shown, to a file, as lines of JSON "
               "that \"qamqp publish --json-lines\" takes"),
            QKeySequence::Save, &MainWindow::save);
    m_find = newAction("find", tr("&Find"), tr("Show only messages that have a text"),
                       QKeySequence::Find, [this] { m_search->setFocus(); });
    m_edit = newAction("edit", tr("&Edit as new"), tr("Take the message into the form below"),
                       Qt::CTRL | Qt::SHIFT | Qt::Key_E, &MainWindow::editAsNew);
    m_clear = newAction("clear", tr("&Clear the list"),
                        tr("Forget what is shown; the queue keeps its own, and what is held stays"),
                        Qt::CTRL | Qt::Key_L, [this] { m_messages.forget(); });
}

void MainWindow::createMenus()
{
    QMenu *connection = menuBar()->addMenu(tr("&Connection"));
    connection->addActions({m_connect, m_reconnect, m_disconnect});
    connection->addSeparator();
    connection->addAction(drawnIcon("quit"), tr("&Quit"), QKeySequence::Quit, this,
                          &QWidget::close);
    QMenu *queue = menuBar()->addMenu(tr("&Queue"));
    queue->addActions({m_peek, m_consume, m_pause});
    queue->addSeparator();
    queue->addAction(m_purge);
    queue->addSeparator();
    queue->addAction(m_refresh);
    queue->addAction(findChild<QDockWidget *>(u"queues"_s)->toggleViewAction());
    QMenu *message = menuBar()->addMenu(tr("&Message"));
    message->addActions({m_acknowledge, m_requeue, m_move});
    message->addSeparator();
    message->addActions({m_find, m_copy, m_copyJson, m_save, m_edit, m_clear});
    message->addSeparator();
    QMenu *body = message->addMenu(drawnIcon("body"), tr("Show the &body as"));
    for (QMenu *menu : {connection, queue, message})
        menu->setToolTipsVisible(true); // they say why an action is disabled
    using Format = MessageView::Format;
    const std::pair<QString, Format> formats[] = {{tr("&Automatic"), Format::Automatic},
                                                  {tr("&Text"), Format::Text},
                                                  {tr("&JSON"), Format::Json},
                                                  {tr("&Hex"), Format::Hex}};
    for (int i = 0; i < 4; ++i)
        body->addAction(formats[i].first, Qt::CTRL | Qt::Key(Qt::Key_1 + i), this,
                        [this, format = formats[i].second] { m_view->setFormat(format); });
}

void MainWindow::createQueueBar()
{
    m_queue->setPlaceholderText(tr("name of a queue"));
    m_queue->setClearButtonEnabled(true);
    m_queue->setMinimumWidth(220);
    m_queue->setMaximumWidth(360);
    m_limit->setRange(1, 10000);
    m_limit->setValue(100);
    m_limit->setPrefix(tr("first "));
    m_limit->setAccessibleName(tr("How many messages to peek at or to hold"));
    auto *label = new QLabel(tr(" Q&ueue "));
    label->setBuddy(m_queue);

    QToolBar *bar = addToolBar(tr("Queue"));
    bar->setObjectName(u"queueBar"_s);
    bar->setMovable(false);
    bar->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
    bar->addAction(m_connect);
    bar->addSeparator();
    bar->addWidget(label);
    bar->addWidget(m_queue);
    bar->addWidget(m_limit);
    bar->addActions({m_peek, m_consume, m_pause});
    bar->addSeparator();
    bar->addActions({m_acknowledge, m_requeue, m_move});
    bar->addSeparator();
    bar->addActions({m_save, m_edit});
}

// Why no message can be taken from the queue now; nothing if that is possible.
QString MainWindow::reasonAgainstTaking() const
{
    if (!m_broker.connection().isOpen())
        return m_hasBroker ? tr("there is no connection to the broker.")
                           : tr("no broker is chosen.");
    if (m_queue->text().isEmpty())
        return tr("no queue is chosen.");
    if (m_broker.isConsuming() || m_broker.isHolding())
        return tr("messages are taken already; stop that first (F6).");
    if (m_broker.isFetching())
        return tr("messages are being fetched.");
    return {};
}

void MainWindow::updateState()
{
    const QAmqpConnection &connection = m_broker.connection();
    const bool open = connection.isOpen();
    const bool consuming = m_broker.isConsuming();
    const bool taking = consuming || m_broker.isHolding();
    const bool closed = connection.state() == QAmqpConnection::Closed;
    const QString reason = reasonAgainstTaking();
    allow(m_reconnect,
          !m_hasBroker                                  ? tr("no broker is chosen.")
                  : closed || connection.isRecovering() ? QString()
                                                        : tr("the connection is there."));
    allow(m_disconnect, closed ? tr("there is no connection.") : QString());
    allow(m_refresh, open ? QString() : tr("there is no connection to the broker."));
    allow(m_peek, reason);
    allow(m_consume, taking ? QString() : reason);
    m_consume->setChecked(taking);
    m_consume->setText(taking ? tr("&Stop") : tr("Con&sume…"));
    m_consume->setIcon(drawnIcon(taking ? "stop" : "consume"));
    allow(m_pause, consuming ? QString() : tr("nothing is consumed."));
    if (!consuming)
        m_pause->setChecked(false);
    allow(m_purge,
          !open                               ? tr("there is no connection to the broker.")
                  : m_queue->text().isEmpty() ? tr("no queue is chosen.")
                                              : QString());
    m_form->setOnline(open);
    m_table->setLive(consuming);
    m_table->setPlaceholder(placeholder());
    updateStatus();
}

// The line at the bottom, the title, and how long it takes until the next attempt to connect.
void MainWindow::updateStatus()
{
    const QAmqpConnection &connection = m_broker.connection();
    const bool closed = connection.state() == QAmqpConnection::Closed;
    const bool recovering = connection.isRecovering();
    const QString endpoint = closed ? connection.options().endpoint() : connection.endpoint();
    QString text = tr("Not connected");
    QString colour = u"#8a8a8a"_s;
    QString progress;
    if (connection.isOpen()) {
        text = connection.isBlocked()
                ? tr("%1 — blocked: %2").arg(endpoint, connection.blockedReason())
                : tr("Connected to %1").arg(endpoint);
        colour = connection.isBlocked() ? u"#d98200"_s : u"#2e9e4f"_s;
    } else if (recovering) {
        const auto left = std::chrono::ceil<std::chrono::seconds>(connection.nextAttemptIn());
        progress = left.count() > 0 ? tr("Next attempt in %1 s.").arg(left.count())
                                    : tr("Trying to connect again…");
        text = tr("Connection lost");
        colour = u"#d98200"_s;
    } else if (!closed) {
        text = tr("Connecting to %1…").arg(endpoint);
        colour = u"#d98200"_s;
    }
    if (recovering && m_banner->text().isEmpty())
        text += u", "_s + progress.at(0).toLower() + progress.mid(1);
    else
        m_banner->setProgress(progress);
    if (recovering && !m_countdown.isActive())
        m_countdown.start();
    else if (!recovering)
        m_countdown.stop();
    m_state->setText(text);
    m_dot->setStyleSheet(u"color: "_s + colour);
    setWindowTitle(connection.isOpen() ? tr("%1 — Inspector").arg(endpoint) : tr("Inspector"));
}

QString MainWindow::placeholder() const
{
    if (!m_hasBroker)
        return tr("No broker yet.\n\nConnect to one with Ctrl+O.");
    if (m_broker.connection().isRecovering())
        return tr(
                "The connection was lost. It is made again by itself, or at once with Ctrl+Shift+O.");
    if (!m_broker.connection().isOpen())
        return tr("No connection to the broker.\n\n"
                  "Try it again with Ctrl+Shift+O, or connect to another one with Ctrl+O.");
    if (m_broker.isConsuming())
        return tr("Waiting for messages of %1.").arg(m_queue->text());
    if (m_queue->text().isEmpty())
        return tr("Choose a queue, or name one above.");
    return tr("Peek (F5) shows the first messages of %1 and gives them back: none is lost, the broker only "
              "marks them as redelivered.\n\n"
              "Consume (F6) holds messages until you acknowledge, requeue or move them, or takes all "
              "as they come.")
            .arg(m_queue->text());
}

void MainWindow::updateSelection()
{
    const bool isEmpty = !m_table->selectionModel()->hasSelection();
    const QString nothing = isEmpty ? tr("no message is selected.") : QString();
    const bool hasHeld = !isEmpty && m_messages.unsettled() > 0 && !selectedHeld().isEmpty();
    for (QAction *action : {m_acknowledge, m_requeue, m_move})
        allow(action,
              hasHeld ? QString()
                      : isEmpty
                      ? nothing
                      : tr("no message that is selected is held; hold some by Consume (F6)."));
    allow(m_copy, nothing);
    allow(m_copyJson, nothing);
    allow(m_edit, current() ? QString() : tr("no message is selected."));
}

void MainWindow::updateCount()
{
    const QLocale locale;
    const int count = m_messages.rowCount();
    const int shown = m_filter->rowCount();
    allow(m_clear, count > 0 ? QString() : tr("there are no messages."));
    allow(m_save, shown > 0 ? QString() : tr("no messages are shown."));
    QString text = shown < count
            ? tr("%1 of %2 messages").arg(locale.toString(shown), locale.toString(count))
            : howMany(count, tr("1 message"), tr("%1 messages"));
    if (m_messages.unsettled() > 0)
        text += tr(", %1 held").arg(locale.toString(m_messages.unsettled()));
    m_count->setText(count == 0 ? QString() : text);
}
