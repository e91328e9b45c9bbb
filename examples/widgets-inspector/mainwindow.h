// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MAINWINDOW_H
#define INSPECTOR_MAINWINDOW_H

#include "broker.h"
#include "messagemodel.h"

#include <QtCore/QTimer>
#include <QtWidgets/QMainWindow>

class Banner;
class MessageFilter;
class MessageTable;
class MessageView;
class PublishForm;
class QueueList;
class QLabel;
class QLineEdit;
class QSpinBox;

// Shows the queues of a broker and the messages of one of them. Messages are peeked at without losing them,
// held until they are acknowledged, requeued or moved, or consumed live. One message is shown in detail, and
// a form publishes messages and makes RPC requests.
class MainWindow : public QMainWindow
{
    Q_OBJECT
public:
    explicit MainWindow(QWidget *parent = nullptr);

    void connectTo(const QAmqpConnectionOptions &options, quint16 managementPort = 0);
    void askForBroker();
    void setQueue(const QString &queue);
    // Peeks as soon as there is a connection.
    void peekAtOnce() { m_peekAtOnce = true; }
    // Saves the messages that are selected, or all that are shown. If that fails it says so, and returns
    // false.
    bool saveTo(const QString &fileName);
    MessageModel *messages() { return &m_messages; }

protected:
    void closeEvent(QCloseEvent *event) override;

private:
    template<typename Slot>
    QAction *newAction(const char *icon, const QString &text, const QString &tip,
                       const QKeySequence &key, Slot slot);
    // Enables the action, or disables it with a tool tip that says why it cannot work.
    void allow(QAction *action, const QString &reasonAgainst);
    void createActions();
    void createMessageActions();
    void createMenus();
    void createQueueBar();
    void createQueueList();
    QWidget *newCentre();
    QWidget *newMessages();
    void connectBroker();
    void useBroker();
    void lost(const QString &text);
    void recovered(const QAmqpRecoveryReport &report);
    void updateState();
    void updateStatus();
    QString reasonAgainstTaking() const;
    void updateSelection();
    void updateCount();

    void peek();
    void toggleConsuming();
    void askHowToConsume(const QString &queue, quint32 messages);
    void togglePause();
    void purge();
    void showCurrent();
    void editAsNew();
    void peeked(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more);
    void held(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more);
    void replied(const QAmqpMessage &reply, qint64 milliseconds);
    void succeeded(const QString &text);
    QString placeholder() const;

    // Rows of the model, in the order of the view, from the top.
    QList<int> selected() const;
    QList<int> selectedOrAll() const;
    QList<int> selectedHeld() const;
    std::optional<QAmqpDelivery> current() const;
    QByteArray json(int row) const;
    void acknowledge();
    void requeue();
    void askWhereTo();
    void copy();
    void copyAsJson();
    void saveWindow() const;
    void restoreWindow();
    void save();

    Broker m_broker;
    MessageModel m_messages;
    MessageFilter *m_filter;
    bool m_hasBroker = false; // whether a broker was chosen
    bool m_peekAtOnce = false;
    QTimer m_countdown; // to the next attempt to connect
    QString m_loss; // why the connection was lost, as the banner said it
    quint16 m_managementPort = 0;
    QAction *m_connect;
    QAction *m_reconnect;
    QAction *m_disconnect;
    QAction *m_peek;
    QAction *m_consume;
    QAction *m_pause;
    QAction *m_purge;
    QAction *m_clear;
    QAction *m_edit;
    QAction *m_acknowledge;
    QAction *m_requeue;
    QAction *m_move;
    QAction *m_copy;
    QAction *m_copyJson;
    QAction *m_refresh;
    QAction *m_save;
    QAction *m_find;
    QueueList *m_queues;
    QLineEdit *m_queue;
    QLineEdit *m_search;
    QSpinBox *m_limit;
    Banner *m_banner;
    MessageTable *m_table;
    MessageView *m_view;
    PublishForm *m_form;
    QLabel *m_dot;
    QLabel *m_state;
    QLabel *m_count;
};

#endif
