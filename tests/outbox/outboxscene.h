// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_OUTBOXSCENE_H
#define QTAMQP_TESTS_OUTBOXSCENE_H

// An outbox, in memory or in a file, its connection and a broker, and what became of the messages.

#include "testmain.h"

#include <QtAmqp/QtAmqp>
#include <QtAmqpOutbox/QtAmqpOutbox>
#include <QtAmqpTest/QtAmqpTest>
#include <QtCore/qtemporarydir.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

enum class Place { Memory, File };

class OutboxScene
{
public:
    struct Arrival // at the broker
    {
        QByteArray body;
        QString id;
    };

    explicit OutboxScene(Place place = Place::Memory)
    {
        broker.start();
        broker.declareQueue(u"q"_s);
        QObject::connect(&broker, &QAmqpTestBroker::published, &broker,
                         [this](const QString &, const QString &, const QAmqpMessage &message) {
                             arrivals.append({message.body(), message.messageId()});
                         });
        connection.setOptions(QAmqpConnectionOptions::fromUrl(broker.url()));
        if (place == Place::Memory) {
            take(std::make_unique<QAmqpOutbox>(&connection));
        } else {
            take(std::make_unique<QAmqpFileOutbox>(&connection));
            file()->open(fileName());
        }
    }

    // Follows what becomes of the messages of another outbox.
    void take(std::unique_ptr<QAmqpOutbox> other)
    {
        box = std::move(other);
        QObject::connect(box.get(), &QAmqpOutbox::delivered, box.get(),
                         [this](quint64 first, quint64 last) {
                             for (quint64 id = first; id <= last; ++id)
                                 delivered.append(id);
                         });
        QObject::connect(box.get(), &QAmqpOutbox::failed, box.get(),
                         [this](quint64 id, const QAmqpError &why) { failed.insert(id, why); });
    }
    // The program ends and begins anew: another outbox opens the file.
    void restart()
    {
        box.reset();
        take(std::make_unique<QAmqpFileOutbox>(&connection));
        QVERIFY2(file()->open(fileName()), qPrintable(box->lastError().text()));
    }
    QAmqpFileOutbox *file() const { return static_cast<QAmqpFileOutbox *>(box.get()); }
    QString fileName() const { return dir.filePath(u"box"_s); }

    quint64 publish(const QString &exchange, const QString &key, const QAmqpMessage &message,
                    QAmqpChannel::PublishFlags flags = {})
    {
        const quint64 id = box->publish(exchange, key, message, flags);
        expected += id != 0;
        return id;
    }
    quint64 publish(const QByteArray &body) { return publish({}, u"q"_s, body); }
    void publishMany(int first, int last)
    {
        for (int i = first; i <= last; ++i)
            publish(QByteArray::number(i));
    }
    void open() { connection.open(); }
    // Whether it becomes known what became of all messages.
    bool drains()
    {
        return QAmqpTest::waitUntil([this] { return delivered.size() + failed.size() >= expected; },
                                    20s)
                && box->count() == 0;
    }
    // The bodies as they arrived, each one once.
    QByteArrayList firstArrivals() const
    {
        QByteArrayList bodies;
        for (const Arrival &each : arrivals) {
            if (!bodies.contains(each.body))
                bodies.append(each.body);
        }
        return bodies;
    }
    static QByteArrayList numbers(int first, int last)
    {
        QByteArrayList all;
        for (int i = first; i <= last; ++i)
            all.append(QByteArray::number(i));
        return all;
    }
    static QList<quint64> ids(quint64 first, quint64 last)
    {
        QList<quint64> all;
        for (quint64 id = first; id <= last; ++id)
            all.append(id);
        return all;
    }

    QTemporaryDir dir;
    QAmqpTestBroker broker;
    QAmqpConnection connection;
    std::unique_ptr<QAmqpOutbox> box;
    QList<quint64> delivered;
    QMap<quint64, QAmqpError> failed;
    QList<Arrival> arrivals;
    qsizetype expected = 0; // messages whose outcome is told
};

// For tests that a box in memory and one in a file pass alike.
inline void placeColumn()
{
    QTest::addColumn<Place>("place");
    QTest::newRow("in memory") << Place::Memory;
    QTest::newRow("in a file") << Place::File;
}

Q_DECLARE_METATYPE(Place)

#endif
