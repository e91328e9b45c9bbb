#include "mainwindow.h"

#include "banner.h"
#include "connectdialog.h"
#include "messagetable.h"
#include "messageview.h"
#include "publishform.h"

#include <QtCore/QLocale>
#include <QtWidgets/QBoxLayout>
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
    , m_queue(new QLineEdit)
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
    createMenus();
    createQueueBar();
    m_banner->setRemedy(m_reconnect);
    setCentralWidget(newCentre());
    statusBar()->addPermanentWidget(m_count);
    statusBar()->addPermanentWidget(m_dot);
    statusBar()->addPermanentWidget(m_state);
    resize(1280, 780);

    connectBroker();
    connect(m_queue, &QLineEdit::textChanged, this, &MainWindow::updateState);
    connect(m_queue, &QLineEdit::returnPressed, this, &MainWindow::look);
    connect(&m_messages, &QAbstractItemModel::rowsInserted, this, &MainWindow::updateCount);
    connect(&m_messages, &QAbstractItemModel::modelReset, this, &MainWindow::updateCount);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &MainWindow::showCurrent);
    connect(&m_messages, &QAbstractItemModel::modelReset, this, &MainWindow::showCurrent);
    updateState();
    updateCount();
    m_queue->setFocus();
}

QWidget *MainWindow::newCentre()
{
    m_table->setModel(&m_messages);
    m_table->addActions({m_edit, m_clear});
    m_table->setContextMenuPolicy(Qt::ActionsContextMenu);
    auto *columns = new QSplitter(Qt::Horizontal);
    columns->addWidget(m_table);
    columns->addWidget(m_view);
    columns->setSizes({810, 450});
    columns->setChildrenCollapsible(false);

    auto *publish = new QGroupBox(tr("Publish or call"));
    (new QVBoxLayout(publish))->addWidget(m_form);
    auto *rows = new QSplitter(Qt::Vertical);
    rows->addWidget(columns);
    rows->addWidget(publish);
    rows->setStretchFactor(0, 1);
    rows->setSizes({520, 180});

    auto *centre = new QWidget;
    auto *layout = new QVBoxLayout(centre);
    layout->setContentsMargins(10, 6, 10, 6);
    layout->addWidget(m_banner);
    layout->addWidget(rows, 1);
    return centre;
}

void MainWindow::connectBroker()
{
    connect(&m_broker, &Broker::stateChanged, this, &MainWindow::updateState);
    connect(&m_broker, &Broker::consumingChanged, this, &MainWindow::updateState);
    connect(&m_broker, &Broker::failed, m_banner, &Banner::setText);
    connect(&m_broker, &Broker::failed, statusBar(), &QStatusBar::clearMessage);
    connect(&m_broker, &Broker::done, this, &MainWindow::succeeded);
    connect(&m_broker, &Broker::received, this,
            [this](const QAmqpDelivery &delivery) { m_messages.add(delivery); });
    connect(&m_broker, &Broker::looked, this, &MainWindow::looked);
    connect(&m_broker, &Broker::replied, this, &MainWindow::replied);
    connect(m_form, &PublishForm::publish, &m_broker, &Broker::publish);
    connect(m_form, &PublishForm::call, &m_broker, &Broker::call);
}

void MainWindow::connectTo(const QAmqpConnectionOptions &options)
{
    m_banner->setText(options.errorString());
    if (!options.errorString().isEmpty())
        return;
    m_hasBroker = true;
    m_broker.open(options);
    updateState();
}

void MainWindow::askForBroker()
{
    auto *dialog = new ConnectDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { connectTo(dialog->options()); });
    dialog->open();
}

void MainWindow::setQueue(const QString &queue) { m_queue->setText(queue); }

void MainWindow::look()
{
    if (m_look->isEnabled())
        m_broker.look(m_queue->text(), m_limit->value());
}

void MainWindow::looked(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more)
{
    m_messages.clear();
    for (const QAmqpDelivery &delivery : deliveries)
        m_messages.add(delivery);
    const QLocale locale;
    succeeded(deliveries.isEmpty() ? tr("%1 is empty").arg(queue)
                      : more == 0
                      ? tr("All %1 messages of %2, which are in the queue again")
                                .arg(locale.toString(deliveries.size()), queue)
                      : tr("The first %1 messages of %2, which are in the queue again; %3 more")
                                .arg(locale.toString(deliveries.size()), queue,
                                     locale.toString(more)));
}

void MainWindow::toggleConsuming()
{
    if (m_broker.isConsuming())
        m_broker.stopConsuming();
    else
        m_broker.consume(m_queue->text());
}

void MainWindow::togglePause() { m_broker.setPaused(m_pause->isChecked()); }

void MainWindow::purge()
{
    const QString queue = m_queue->text();
    auto *question = new QMessageBox(QMessageBox::Warning, tr("Purge"),
                                     tr("Remove all messages that are ready in %1?").arg(queue),
                                     QMessageBox::Cancel, this);
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
    m_view->show(m_messages.row(m_table->currentIndex()));
    updateState();
}

void MainWindow::editAsNew()
{
    const MessageModel::Row *row = m_messages.row(m_table->currentIndex());
    if (row && !m_form->fill(*row))
        m_banner->setText(tr("The body of this message is not text: it cannot be edited here"));
}

void MainWindow::replied(const QAmqpMessage &reply, qint64 milliseconds)
{
    m_messages.addReply(reply);
    succeeded(tr("A reply after %1 ms").arg(milliseconds));
}

void MainWindow::succeeded(const QString &text)
{
    m_banner->setText({});
    statusBar()->showMessage(text, 10'000);
}
