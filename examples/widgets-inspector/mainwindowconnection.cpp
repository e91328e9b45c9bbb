// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The connection: how it is made, what the window says when it is lost and when it is there again. And what of the
// window is kept for the next time.

#include "mainwindow.h"

#include "banner.h"
#include "connectdialog.h"
#include "publishform.h"
#include "queuelist.h"
#include "valuetext.h"

#include <QtCore/QLocale>
#include <QtCore/QSettings>
#include <QtGui/QCloseEvent>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QStatusBar>

#include <chrono>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void MainWindow::connectBroker()
{
    connect(&m_broker, &Broker::stateChanged, this, &MainWindow::updateState);
    connect(&m_broker, &Broker::opened, this, &MainWindow::useBroker);
    connect(&m_broker, &Broker::closed, m_queues, &QueueList::clear);
    connect(&m_broker, &Broker::recovered, m_queues, &QueueList::refresh);
    connect(&m_broker, &Broker::lost, this, &MainWindow::lost);
    connect(&m_broker, &Broker::recovered, this, &MainWindow::recovered);
    m_countdown.setInterval(1s);
    connect(&m_countdown, &QTimer::timeout, this, &MainWindow::updateState);
    connect(&m_broker, &Broker::consumingChanged, this, &MainWindow::updateState);
    connect(&m_broker, &Broker::failed, m_banner, &Banner::setText);
    connect(&m_broker, &Broker::failed, statusBar(), &QStatusBar::clearMessage);
    connect(&m_broker, &Broker::done, this, &MainWindow::succeeded);
    connect(&m_broker, &Broker::done, this, &MainWindow::updateSelection); // messages were moved
    connect(&m_broker, &Broker::received, &m_messages, &MessageModel::append);
    connect(&m_broker, &Broker::peeked, this, &MainWindow::peeked);
    connect(&m_broker, &Broker::held, this, &MainWindow::held);
    connect(&m_broker, &Broker::released, this, &MainWindow::updateSelection);
    connect(&m_broker, &Broker::moved, &m_messages, &MessageModel::setMoved);
    connect(&m_broker, &Broker::counted, this, &MainWindow::askHowToConsume);
    connect(&m_broker, &Broker::replied, this, &MainWindow::replied);
    connect(m_form, &PublishForm::publish, &m_broker, &Broker::publish);
    connect(m_form, &PublishForm::call, &m_broker, &Broker::call);
}

void MainWindow::connectTo(const QAmqpConnectionOptions &options, quint16 managementPort)
{
    m_banner->setText(options.errorString());
    if (!options.errorString().isEmpty())
        return;
    m_hasBroker = true;
    m_managementPort = managementPort;
    m_broker.open(options);
    updateState();
}

void MainWindow::askForBroker()
{
    auto *dialog = new ConnectDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this,
            [this, dialog] { connectTo(dialog->options(), dialog->managementPort()); });
    dialog->open();
}

void MainWindow::useBroker()
{
    m_queues->setBroker(m_broker.connection(), m_managementPort);
    m_queues->addQueue(m_queue->text());
    if (std::exchange(m_peekAtOnce, false))
        peek();
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    saveWindow();
    if (m_broker.connection().state() == QAmqpConnection::Closed)
        return;
    // The connection is closed in good order: held messages go back to their queue, and publishes and
    // acknowledgements arrive.
    event->ignore();
    setEnabled(false);
    connect(&m_broker, &Broker::closed, this, &QWidget::close);
    m_broker.close();
}

// What the loss has spoilt is told rather than the loss, and stays when that is over.
void MainWindow::lost(const QString &text)
{
    statusBar()->clearMessage();
    if (!m_banner->text().isEmpty())
        return;
    m_loss = tr("The connection was lost: %1").arg(text);
    if (const int held = m_messages.unsettled(); held > 0)
        m_loss +=
                u'\n'
                + howMany(
                        held,
                        tr("The message that was held is in its queue again, and will be redelivered."),
                        tr("%1 messages that were held are in their queue again, and will be redelivered."));
    if (m_broker.isConsuming())
        m_loss += u'\n' + tr("Consuming goes on when it is made again.");
    m_banner->setText(m_loss);
}

void MainWindow::recovered(const QAmqpRecoveryReport &report)
{
    if (m_banner->text() == m_loss)
        m_banner->setText({});
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(report.duration());
    QString news = tr("Connected again to %1 after %2 s")
                           .arg(report.endpoint(), QLocale().toString(qint64(seconds.count())));
    if (m_broker.isConsuming())
        news += tr(", and consuming goes on");
    m_banner->tell(news + u'.');
}

void MainWindow::saveWindow() const
{
    QSettings settings;
    settings.setValue(u"window/geometry"_s, saveGeometry());
    settings.setValue(u"window/state"_s, saveState());
    for (const QSplitter *each : findChildren<QSplitter *>())
        settings.setValue(u"window/"_s + each->objectName(), each->saveState());
    settings.setValue(u"window/limit"_s, m_limit->value());
}

void MainWindow::restoreWindow()
{
    const QSettings settings;
    restoreGeometry(settings.value(u"window/geometry"_s).toByteArray());
    restoreState(settings.value(u"window/state"_s).toByteArray());
    for (QSplitter *each : findChildren<QSplitter *>())
        each->restoreState(settings.value(u"window/"_s + each->objectName()).toByteArray());
    m_limit->setValue(settings.value(u"window/limit"_s, m_limit->value()).toInt());
}
