// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The actions for selected messages.

#include "mainwindow.h"

#include "banner.h"
#include "messagefilter.h"
#include "messagetable.h"
#include "queuelist.h"
#include "valuetext.h"

#include <QtCore/QSaveFile>
#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtWidgets/QCompleter>
#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPushButton>

#include <algorithm>

using namespace Qt::StringLiterals;
using Fate = MessageModel::Fate;

std::optional<QAmqpDelivery> MainWindow::current() const
{
    const QModelIndex index = m_filter->mapToSource(m_table->currentIndex());
    return index.isValid() ? std::optional(m_messages.delivery(index.row())) : std::nullopt;
}

QList<int> MainWindow::selected() const
{
    QModelIndexList indexes = m_table->selectionModel()->selectedRows();
    std::sort(indexes.begin(), indexes.end());
    QList<int> rows;
    for (const QModelIndex &index : std::as_const(indexes))
        rows += m_filter->mapToSource(index).row();
    return rows;
}

QList<int> MainWindow::selectedOrAll() const
{
    QList<int> rows = selected();
    for (int row = 0; rows.isEmpty() && row < m_filter->rowCount(); ++row)
        rows += m_filter->mapToSource(m_filter->index(row, 0)).row();
    return rows;
}

QList<int> MainWindow::selectedHeld() const
{
    QList<int> rows = selected();
    rows.removeIf([this](int row) { return m_messages.fate(row) != Fate::Held; });
    return rows;
}

void MainWindow::acknowledge()
{
    const QList<int> rows = selectedHeld();
    const auto count = std::count_if(rows.begin(), rows.end(),
                                     [this](int row) { return m_messages.ack(row); });
    updateSelection();
    succeeded(howMany(count, tr("1 message acknowledged: it is no longer in the queue"),
                      tr("%1 messages acknowledged: they are no longer in the queue")));
}

void MainWindow::requeue()
{
    const int count = m_messages.requeue(selectedHeld());
    updateSelection();
    succeeded(howMany(count, tr("1 message is in the queue again"),
                      tr("%1 messages are in the queue again")));
}

void MainWindow::askWhereTo()
{
    auto *dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Move to"));
    auto *exchange = new QLineEdit;
    exchange->setPlaceholderText(tr("(default)"));
    auto *routingKey = new QLineEdit;
    routingKey->setObjectName(u"moveKey"_s);
    routingKey->setCompleter(new QCompleter(m_queues->model(), routingKey));
    auto *note = new QLabel(
            tr("Each message is published there, and leaves this queue when the broker has "
               "confirmed that another has it."));
    note->setWordWrap(true);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
    QPushButton *move = buttons->button(QDialogButtonBox::Ok);
    move->setText(tr("&Move"));
    move->setEnabled(false);
    auto *layout = new QFormLayout(dialog);
    layout->addRow(tr("&Exchange"), exchange);
    layout->addRow(tr("Routing &key"), routingKey);
    layout->addRow(note);
    layout->addRow(buttons);
    const auto check = [=] {
        move->setEnabled(!exchange->text().isEmpty() || !routingKey->text().isEmpty());
    };
    connect(exchange, &QLineEdit::textChanged, move, check);
    connect(routingKey, &QLineEdit::textChanged, move, check);
    connect(buttons, &QDialogButtonBox::accepted, dialog, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    connect(dialog, &QDialog::accepted, this, [=] {
        QList<QAmqpDelivery> messages;
        for (const int row : selectedHeld())
            messages += m_messages.delivery(row);
        m_broker.move(messages, exchange->text(), routingKey->text());
    });
    routingKey->setFocus();
    dialog->resize(30 * fontMetrics().height(), dialog->sizeHint().height());
    dialog->open();
}

void MainWindow::copy()
{
    QStringList bodies;
    for (const int row : selected())
        bodies += m_messages.delivery(row).text();
    QGuiApplication::clipboard()->setText(bodies.join(u'\n'));
}

void MainWindow::copyAsJson()
{
    QByteArray lines;
    for (const int row : selected())
        lines += json(row);
    QGuiApplication::clipboard()->setText(QString::fromUtf8(lines));
}

// A line with the whole message, as the tool reads it.
QByteArray MainWindow::json(int row) const { return m_messages.delivery(row).toJson() + '\n'; }

void MainWindow::save()
{
    const auto count = selectedOrAll().size();
    auto *dialog =
            new QFileDialog(this, howMany(count, tr("Save 1 message"), tr("Save %1 messages")), {},
                            tr("Lines of JSON (*.jsonl);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(u"jsonl"_s);
    connect(dialog, &QFileDialog::fileSelected, this, &MainWindow::saveTo);
    dialog->open();
}

bool MainWindow::saveTo(const QString &fileName)
{
    const QList<int> rows = selectedOrAll();
    QSaveFile file(fileName);
    bool written = file.open(QSaveFile::WriteOnly);
    for (const int row : rows) {
        const QByteArray line = json(row);
        written = written && file.write(line) == line.size();
    }
    if (!written || !file.commit()) {
        m_banner->setText(tr("%1 cannot be written: %2").arg(fileName, file.errorString()));
        return false;
    }
    succeeded(howMany(rows.size(), tr("1 message saved to %2"), tr("%1 messages saved to %2"))
                      .arg(fileName));
    return true;
}
