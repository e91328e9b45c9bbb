#ifndef INSPECTOR_MAINWINDOW_H
#define INSPECTOR_MAINWINDOW_H

#include "broker.h"
#include "messagemodel.h"

#include <QtWidgets/QMainWindow>

class Banner;
class MessageTable;
class MessageView;
class PublishForm;
class QLabel;
class QLineEdit;
class QSpinBox;

// The messages of a queue, looked at without losing them or consumed live; one of them in detail; a
// form to publish and to call.
class MainWindow : public QMainWindow
{
    Q_OBJECT
public:
    explicit MainWindow(QWidget *parent = nullptr);

    void connectTo(const QAmqpConnectionOptions &options);
    void askForBroker();
    void setQueue(const QString &queue);
    MessageModel *messages() { return &m_messages; }

private:
    void createActions();
    void createMenus();
    void createQueueBar();
    QWidget *newCentre();
    void connectBroker();
    void updateState();
    void updateCount();

    void look();
    void toggleConsuming();
    void togglePause();
    void purge();
    void showCurrent();
    void editAsNew();
    void looked(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more);
    void replied(const QAmqpMessage &reply, qint64 milliseconds);
    void succeeded(const QString &text);
    QString placeholder() const;

    Broker m_broker;
    MessageModel m_messages;
    bool m_hasBroker = false; // whether one was named
    QAction *m_connect;
    QAction *m_reconnect;
    QAction *m_disconnect;
    QAction *m_look;
    QAction *m_consume;
    QAction *m_pause;
    QAction *m_purge;
    QAction *m_clear;
    QAction *m_edit;
    QLineEdit *m_queue;
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
