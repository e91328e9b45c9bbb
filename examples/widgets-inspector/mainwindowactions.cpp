// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The actions of the window and when they are enabled, the menus, the queue's bar and the status line.

#include "mainwindow.h"

#include "banner.h"
#include "messagefilter.h"
#include "messagetable.h"
#include "messageview.h"
#include "publishform.h"

#include <QtCore/QLocale>
#include <QtGui/QAction>
#include <QtWidgets/QDockWidget>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QMenuBar>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QToolBar>

#include <algorithm>
#include <chrono>

using namespace Qt::StringLiterals;

template<typename Slot>
QAction *MainWindow::newAction(const QString &text, const QString &tip, const QKeySequence &key,
                               Slot slot)
{
    auto *action = new QAction(text, this);
    action->setShortcut(key);
    action->setToolTip(
            key.isEmpty() ? tip : u"%1 (%2)"_s.arg(tip, key.toString(QKeySequence::NativeText)));
    connect(action, &QAction::triggered, this, slot);
    return action;
}

void MainWindow::createActions()
{
    m_connect = newAction(tr("&Connect…"), tr("Choose a broker"), QKeySequence::Open,
                          &MainWindow::askForBroker);
    m_reconnect = newAction(tr("&Reconnect"), tr("Try the same broker again"),
                            Qt::CTRL | Qt::SHIFT | Qt::Key_O, [this] {
                                m_banner->setText({});
                                m_broker.reopen();
                            });
    m_disconnect = newAction(tr("&Disconnect"), tr("Close the connection"),
                             Qt::CTRL | Qt::SHIFT | Qt::Key_D, [this] { m_broker.close(); });
    m_peek = newAction(
            tr("P&eek"),
            tr("Fetch the first messages and give them back: none is lost, but the broker "
               "marks them as redelivered, and a quorum queue counts it towards its delivery limit. "
               "A stream does not allow it: consume from that, it keeps its messages"),
            QKeySequence::Refresh, &MainWindow::peek);
    m_consume =
            newAction(tr("Con&sume…"),
                      tr("Hold messages until you acknowledge, requeue or move them; or consume "
                         "them for good. Once more: stop"),
                      Qt::Key_F6, &MainWindow::toggleConsuming);
    m_consume->setCheckable(true);
    m_pause = newAction(tr("P&ause"), tr("Hold what arrives; nothing is lost"), Qt::Key_F7,
                        &MainWindow::togglePause);
    m_pause->setCheckable(true);
    m_purge = newAction(tr("P&urge…"), tr("Remove all messages that are ready in the queue"),
                        Qt::CTRL | Qt::SHIFT | Qt::Key_P, &MainWindow::purge);
}

void MainWindow::createMessageActions()
{
    m_acknowledge =
            newAction(tr("&Acknowledge"), tr("What is selected and held leaves the queue for good"),
                      Qt::CTRL | Qt::Key_K, &MainWindow::acknowledge);
    m_requeue = newAction(tr("&Requeue"), tr("What is selected and held goes back to the queue"),
                          Qt::CTRL | Qt::Key_R, &MainWindow::requeue);
    m_move = newAction(
            tr("&Move to…"),
            tr("Publish what is selected and held elsewhere; what another queue has taken "
               "leaves this one"),
            Qt::CTRL | Qt::Key_M, &MainWindow::askWhereTo);
    m_copy = newAction(tr("Cop&y"), tr("Copy the bodies of what is selected"), QKeySequence::Copy,
                       &MainWindow::copy);
    m_copy->setShortcutContext(Qt::WidgetShortcut); // elsewhere it copies selected text
    m_save = newAction(
            tr("&Save…"),
            tr("Write what is selected, or all that is shown, to a file, as lines of JSON "
               "that \"qamqp publish --json-lines\" takes"),
            QKeySequence::Save, &MainWindow::save);
    m_find = newAction(tr("&Find"), tr("Show only messages that have a text"), QKeySequence::Find,
                       [this] { m_search->setFocus(); });
    m_edit = newAction(tr("&Edit as new"), tr("Take the message into the form below"),
                       Qt::CTRL | Qt::SHIFT | Qt::Key_E, &MainWindow::editAsNew);
    m_clear = newAction(tr("&Clear the list"),
                        tr("Forget what is shown; the queue keeps its own, and what is held stays"),
                        Qt::CTRL | Qt::Key_L, [this] { m_messages.clear(); });
}

void MainWindow::createMenus()
{
    QMenu *connection = menuBar()->addMenu(tr("&Connection"));
    connection->addActions({m_connect, m_reconnect, m_disconnect});
    connection->addSeparator();
    connection->addAction(tr("&Quit"), QKeySequence::Quit, this, &QWidget::close);
    QMenu *queue = menuBar()->addMenu(tr("&Queue"));
    queue->addActions({m_peek, m_consume, m_pause});
    queue->addSeparator();
    queue->addAction(m_purge);
    queue->addSeparator();
    queue->addAction(findChild<QDockWidget *>(u"queues"_s)->toggleViewAction());
    QMenu *message = menuBar()->addMenu(tr("&Message"));
    message->addActions({m_acknowledge, m_requeue, m_move});
    message->addSeparator();
    message->addActions({m_find, m_copy, m_save, m_edit, m_clear});
    message->addSeparator();
    QMenu *body = message->addMenu(tr("Show the &body as"));
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
    m_limit->setRange(1, 10'000);
    m_limit->setValue(100);
    m_limit->setPrefix(tr("first "));
    m_limit->setAccessibleName(tr("How many messages to peek at or to hold"));
    auto *label = new QLabel(tr(" Q&ueue "));
    label->setBuddy(m_queue);

    QToolBar *bar = addToolBar(tr("Queue"));
    bar->setMovable(false);
    bar->setToolButtonStyle(Qt::ToolButtonTextOnly);
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

void MainWindow::updateState()
{
    using State = QAmqpConnection::State;
    const QAmqpConnection &connection = m_broker.connection();
    const bool open = connection.isOpen();
    const bool hasQueue = open && !m_queue->text().isEmpty();
    const bool consuming = m_broker.isConsuming();
    const bool taking = consuming || m_broker.isHolding();
    const bool canTake = hasQueue && !taking && !m_broker.isFetching();
    const bool closed = connection.state() == State::Closed;
    const bool recovering = connection.isRecovering();
    m_reconnect->setEnabled(m_hasBroker && (closed || recovering));
    m_disconnect->setEnabled(!closed);
    m_peek->setEnabled(canTake);
    m_consume->setEnabled(taking || canTake);
    m_consume->setChecked(taking);
    m_consume->setText(taking ? tr("&Stop") : tr("Con&sume…"));
    m_pause->setEnabled(consuming);
    if (!consuming)
        m_pause->setChecked(false);
    m_purge->setEnabled(hasQueue);
    m_form->setOnline(open);
    m_table->setLive(consuming);
    m_table->setPlaceholder(placeholder());

    const QString endpoint = closed ? connection.options().endpoint() : connection.endpoint();
    QString text = tr("Not connected");
    QString colour = u"#8a8a8a"_s;
    if (open) {
        text = connection.isBlocked()
                ? tr("%1 — blocked: %2").arg(endpoint, connection.blockedReason())
                : tr("Connected to %1").arg(endpoint);
        colour = connection.isBlocked() ? u"#d98200"_s : u"#2e9e4f"_s;
    } else if (recovering) {
        const auto left = std::chrono::ceil<std::chrono::seconds>(connection.nextAttemptIn());
        text = left.count() > 0 ? tr("Connection lost, next attempt in %1 s").arg(left.count())
                                : tr("Connection lost, trying again…");
        colour = u"#d98200"_s;
    } else if (!closed) {
        text = tr("Connecting to %1…").arg(endpoint);
        colour = u"#d98200"_s;
    }
    if (recovering && !m_countdown.isActive())
        m_countdown.start();
    else if (!recovering)
        m_countdown.stop();
    m_state->setText(text);
    m_dot->setStyleSheet(u"color: "_s + colour);
    setWindowTitle(open ? tr("%1 — Inspector").arg(endpoint) : tr("Inspector"));
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
    const QList<const MessageModel::Row *> rows = selected();
    const bool hasHeld = std::any_of(rows.begin(), rows.end(), [](const MessageModel::Row *row) {
        return row->fate == MessageModel::Fate::Held;
    });
    for (QAction *action : {m_acknowledge, m_requeue, m_move})
        action->setEnabled(hasHeld);
    m_copy->setEnabled(!rows.isEmpty());
    m_edit->setEnabled(current());
}

void MainWindow::updateCount()
{
    const QLocale locale;
    const int count = m_messages.rowCount();
    const int shown = m_filter->rowCount();
    m_clear->setEnabled(count > 0);
    m_save->setEnabled(shown > 0);
    QString text = shown < count
            ? tr("%1 of %2 messages").arg(locale.toString(shown), locale.toString(count))
            : tr("%1 messages").arg(locale.toString(count));
    if (m_messages.held() > 0)
        text += tr(", %1 held").arg(locale.toString(m_messages.held()));
    m_count->setText(count == 0 ? QString() : text);
}
