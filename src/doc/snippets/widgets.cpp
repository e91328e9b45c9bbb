// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "A Widgets application" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qtimer.h>
#include <QtWidgets/qlabel.h>
#include <QtWidgets/qlineedit.h>
#include <QtWidgets/qmainwindow.h>
#include <QtWidgets/qmessagebox.h>
#include <QtWidgets/qpushbutton.h>
#include <QtWidgets/qstatusbar.h>
#include <QtWidgets/qtableview.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

//! [window]
class Window : public QMainWindow
{
public:
    explicit Window(const QUrl &broker) : m_connection(broker)
    {
        m_channel = m_connection.createChannel();
        m_tickets = m_channel->queue(u"tickets"_s);
        showMessages();
        showState();
        m_connection.open();
        m_tickets->declare(QAmqpQueueOptions().setDurable());
        m_tickets->consume();
    }

private:
    void showMessages();
    void showState();
    void send(QLineEdit *line);
    void ask(QPushButton *button, QLabel *price);

    QAmqpConnection m_connection;
    QAmqpChannel *m_channel = nullptr;
    QAmqpQueue *m_tickets = nullptr;
};
//! [window]

//! [messages]
void Window::showMessages()
{
    auto *model = new QAmqpMessageModel(this);
    model->setMaximumCount(500);
    connect(m_tickets, &QAmqpQueue::messageReceived, model, &QAmqpMessageModel::append);
    connect(m_tickets, &QAmqpQueue::messageReceived, this,
            [](const QAmqpDelivery &delivery) { delivery.ack(); });
    auto *view = new QTableView;
    view->setModel(model);
    setCentralWidget(view);
}
//! [messages]

//! [state]
void Window::showState()
{
    auto *state = new QLabel(tr("Connecting"));
    statusBar()->addWidget(state);
    connect(&m_connection, &QAmqpConnection::opened, state,
            [=] { state->setText(tr("Connected")); });
    connect(&m_connection, &QAmqpConnection::recovered, state,
            [=] { state->setText(tr("Connected")); });
    connect(&m_connection, &QAmqpConnection::reconnecting, state,
            [=](int, std::chrono::milliseconds delay) {
                state->setText(tr("Connection lost, trying again in %1 s").arg(delay / 1s));
            });
    const auto fail = [=](const QAmqpError &error) { state->setText(error.text()); };
    connect(&m_connection, &QAmqpConnection::errorOccurred, state, fail);
    connect(m_channel, &QAmqpChannel::errorOccurred, state, fail);
}
//! [state]

//! [send]
void Window::send(QLineEdit *line)
{
    QAmqpMessage ticket(line->text());
    ticket.setDeliveryMode(QAmqpMessage::Persistent);
    line->setEnabled(false);
    m_tickets->publishConfirmed(ticket)
            .then(line, [line](quint64) { line->clear(); })
            .onFailed(line,
                      [this](const QAmqpException &exception) {
                          QMessageBox::warning(this, tr("Ticket"), exception.error().text());
                      })
            .then(line, [line] { line->setEnabled(true); });
}
//! [send]

//! [ask]
void Window::ask(QPushButton *button, QLabel *price)
{
    auto *client = new QAmqpRpcClient(m_channel, this);
    connect(button, &QPushButton::clicked, this, [=] {
        button->setEnabled(false);
        client->call(u"prices"_s, u"apple"_s)
                .then(price, [price](const QAmqpMessage &reply) { price->setText(reply.text()); })
                .onFailed(price,
                          [price](const QAmqpException &e) { price->setText(e.error().text()); })
                .then(button, [button] { button->setEnabled(true); });
    });
}
//! [ask]

void buttons(QAmqpConnection *connection, QPushButton *connectButton, QPushButton *disconnectButton)
{
    //! [buttons]
    QObject::connect(connectButton, &QPushButton::clicked, connection,
                     qOverload<>(&QAmqpConnection::open));
    QObject::connect(disconnectButton, &QPushButton::clicked, connection,
                     qOverload<>(&QAmqpConnection::close));
    //! [buttons]
}

void show(const QUrl &broker)
{
    Window window(broker);
    window.show();
}
