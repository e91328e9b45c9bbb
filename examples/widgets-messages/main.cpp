// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The queue "orders" in a table. A double click on a message, or Enter, acknowledges it.
// usage: widgets-messages [--url amqp://user:password@host:port/vhost]

#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpMessageModel>
#include <QtAmqp/QAmqpQueue>
#include <QtCore/QCommandLineParser>
#include <QtCore/QUrl>
#include <QtWidgets/QApplication>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QTableView>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker, amqp://localhost by default."_s, u"url"_s,
                      u"amqp://localhost"_s});
    parser.process(app);
    QAmqpConnection connection;
    QAmqpQueue *queue = connection.createChannel()->queue(u"orders"_s);

    //! [model]
    QAmqpMessageModel model;
    model.setKeepUnsettled(true); // what nobody has acknowledged yet stays in the table
    QObject::connect(queue, &QAmqpQueue::messageReceived, &model, &QAmqpMessageModel::append);
    QTableView view;
    view.setModel(&model);
    view.setSelectionBehavior(QTableView::SelectRows);
    view.setWordWrap(false);
    view.verticalHeader()->hide(); // the first column has numbers
    view.horizontalHeader()->setStretchLastSection(true);
    QObject::connect(&view, &QTableView::activated, &model,
                     [&](const QModelIndex &index) { model.ack(index.row()); });
    //! [model]

    const auto tell = [&](const QAmqpError &error) { view.setWindowTitle(error.text()); };
    QObject::connect(&connection, &QAmqpConnection::opened, &view,
                     [&] { view.setWindowTitle(u"orders"_s); });
    QObject::connect(&connection, &QAmqpConnection::linkLost, &view, tell);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, &view, tell);
    QObject::connect(queue->channel(), &QAmqpChannel::errorOccurred, &view, tell);
    queue->declare();
    queue->consume(QAmqpConsumeOptions().setPrefetch(100));
    connection.open(QUrl(parser.value(u"url"_s)));
    view.resize(900, 400);
    view.show();
    return app.exec();
}
