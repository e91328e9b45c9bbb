// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Snippets of the documentation that show outboxes.

#include <QtAmqp/QtAmqp>
#include <QtAmqpOutbox/QtAmqpOutbox>
#include <QtCore/qdebug.h>

using namespace Qt::StringLiterals;

void keepsInMemory(QAmqpConnection *connection)
{
    //! [outbox]
    auto *box = new QAmqpOutbox(connection, connection);
    QObject::connect(box, &QAmqpOutbox::failed, box, [](quint64 id, const QAmqpError &why) {
        qWarning() << "message" << id << "was not delivered:" << why;
    });
    box->publish({}, u"orders"_s, "42 pencils"_ba); // now, or when the connection is open
    //! [outbox]
}

void keepsInAFile(QAmqpConnection *connection)
{
    //! [file outbox]
    auto *box = new QAmqpFileOutbox(connection, connection);
    if (!box->open(u"orders.box"_s))
        qFatal("%s", qPrintable(box->lastError().text()));
    QAmqpMessage order("42 pencils"_ba);
    order.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    box->publish({}, u"orders"_s, order);
    //! [file outbox]
}
