// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "Topics and routing" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qdebug.h>

using namespace Qt::StringLiterals;

void fanout(QAmqpChannel *channel, QAmqpQueue *screen, QAmqpQueue *archive)
{
    //! [fanout]
    QAmqpExchange *news = channel->exchange(u"news"_s);
    news->declare(QAmqpExchange::Fanout);
    screen->bind(news);
    archive->bind(news);
    news->publish(QString(), "The harbour is open again"); // to both queues
    //! [fanout]
}

void direct(QAmqpChannel *channel, QAmqpQueue *alarms, QAmqpQueue *archive)
{
    //! [direct]
    QAmqpExchange *logs = channel->exchange(u"logs"_s);
    logs->declare(QAmqpExchange::Direct);
    alarms->bind(logs, u"error"_s);
    for (const QString &level : {u"error"_s, u"warning"_s, u"info"_s})
        archive->bind(logs, level);
    logs->publish(u"error"_s, "The disk is full"); // to both queues
    logs->publish(u"info"_s, "A user has logged in"); // to the archive
    //! [direct]
}

void topic(QAmqpChannel *channel, QAmqpQueue *kitchen, QAmqpQueue *heat)
{
    //! [topic]
    QAmqpExchange *telemetry = channel->exchange(u"telemetry"_s);
    telemetry->declare(QAmqpExchange::Topic, QAmqpExchangeOptions().setDurable());
    kitchen->bind(telemetry, u"kitchen.#"_s);
    heat->bind(telemetry, u"*.*.temperature"_s);
    telemetry->publish(u"kitchen.oven.temperature"_s, "180"); // to both queues
    telemetry->publish(u"kitchen.door"_s, "open"); // to the queue of the kitchen
    telemetry->publish(u"cellar.boiler.temperature"_s, "64"); // to the queue of the heat
    //! [topic]
}

void headers(QAmqpChannel *channel, QAmqpQueue *printer)
{
    //! [headers]
    QAmqpExchange *documents = channel->exchange(u"documents"_s);
    documents->declare(QAmqpExchange::Headers);
    printer->bind(documents, QString(),
                  QAmqpTable{{u"x-match"_s, u"all"_s}, {u"format"_s, u"pdf"_s}});

    QAmqpMessage document("%PDF-1.7 …");
    document.setHeader(u"format"_s, u"pdf"_s);
    document.setHeader(u"pages"_s, 12);
    documents->publish(QString(), document);
    //! [headers]
}

void exchangeToExchange(QAmqpChannel *channel)
{
    //! [exchange to exchange]
    QAmqpExchange *telemetry = channel->exchange(u"telemetry"_s);
    QAmqpExchange *everything = channel->exchange(u"everything"_s);
    everything->declare(QAmqpExchange::Fanout);
    everything->bind(telemetry, u"#"_s); // what telemetry gets, everything gets too
    //! [exchange to exchange]
}

void returned(QAmqpChannel *channel)
{
    //! [mandatory]
    QObject::connect(channel, &QAmqpChannel::messageReturned, [](const QAmqpReturn &message) {
        qWarning() << "No queue takes" << message.routingKey() << message.replyText();
    });
    channel->publish(u"telemetry"_s, u"attic.window"_s, "open", QAmqpChannel::Mandatory);
    //! [mandatory]
}

void alternate(QAmqpChannel *channel)
{
    //! [alternate]
    channel->declareExchange(u"unrouted"_s, QAmqpExchange::Fanout);
    channel->declareExchange(u"telemetry"_s, QAmqpExchange::Topic,
                             QAmqpExchangeOptions().setAlternateExchange(u"unrouted"_s));
    //! [alternate]
}

void deadLetters(QAmqpChannel *channel)
{
    //! [dead letters]
    channel->declareExchange(u"failed"_s, QAmqpExchange::Fanout);
    channel->declareQueue(u"failed jobs"_s);
    channel->bindQueue(u"failed jobs"_s, u"failed"_s);
    channel->declareQueue(u"jobs"_s, QAmqpQueueOptions().setDeadLetterExchange(u"failed"_s));
    //! [dead letters]
}
