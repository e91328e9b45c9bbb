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
    order.setDeliveryMode(QAmqpMessage::Persistent);
    box->publish({}, u"orders"_s, order);
    //! [file outbox]
}

void follows(QAmqpOutbox *box)
{
    //! [outbox follow]
    QObject::connect(box, &QAmqpOutbox::delivered, box, [](quint64 first, quint64 last) {
        qInfo() << "the broker has the messages" << first << "to" << last;
    });
    QObject::connect(box, &QAmqpOutbox::failed, box, [](quint64 id, const QAmqpError &why) {
        qWarning() << "message" << id << "has left the outbox:" << why;
    });
    QObject::connect(box, &QAmqpOutbox::publishRefused, box,
                     [](const QAmqpError &error, quint64 messages) {
                         qWarning() << messages << "messages were not accepted:" << error;
                     });
    //! [outbox follow]
}

void limits(QAmqpOutbox *box)
{
    using namespace std::chrono_literals;
    //! [outbox limits]
    box->setMaximumBytes(256 * 1024 * 1024);
    box->setOverflow(QAmqpOutbox::DropOldest); // by default new messages are refused
    box->setMessageTimeout(24h);
    //! [outbox limits]
}

QAmqpConsumer *recognizesDuplicates(QAmqpChannel *channel)
{
    //! [outbox duplicates]
    return channel->consume(u"orders"_s, QAmqpConsumeOptions().setDeduplication(10000));
    //! [outbox duplicates]
}

void publishesFromAnyThread()
{
    using namespace std::chrono_literals;
    //! [blocking outbox]
    QAmqpBlockingConnection connection;
    const QAmqpBlockingOutbox box = connection.outbox().value();
    box.publish({}, u"orders"_s, "42 pencils"_ba).value(); // from any thread, at any time
    connection.open(QUrl(u"amqp://localhost"_s)).value();
    if (const auto sent = box.waitUntilEmpty(10s); !sent)
        qWarning() << box.count() << "messages were not delivered yet:" << sent.error();
    //! [blocking outbox]
}

QAmqpBlockingOutbox publishesFromAFile(QAmqpBlockingConnection &connection)
{
    //! [blocking file outbox]
    const auto box = connection.outbox([](QAmqpConnection *inside) {
        auto *file = new QAmqpFileOutbox(inside);
        file->open(u"orders.box"_s); // if that fails, outbox() does, with the reason
        return file;
    });
    //! [blocking file outbox]
    return box.value();
}
