// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a message costs from AmqpQueue::messageReceived() until it is a row: in an AmqpMessageModel, and in
// a ListModel that JavaScript fills. Both keep 10,000 rows; no view is attached. The messages of one turn
// of the event loop come together.
//
//     bench_model [--short]

#include "measure.h"

#include <qamqpquickqueue.h>
#include <QtCore/qcoreapplication.h>
#include <QtQml/qqmlcomponent.h>
#include <QtQml/qqmlengine.h>

#include <memory>

namespace {

constexpr char documents[][400] = {
        R"(import QtAmqp
AmqpQueue { id: queue; active: false
    property AmqpMessageModel rows: AmqpMessageModel { queue: queue; maximumCount: 10000 } })",
        R"(import QtAmqp
import QtQml.Models
AmqpQueue { id: queue; active: false
    property ListModel rows: ListModel { }
    onMessageReceived: (message) => {
        if (rows.count >= 10000) rows.remove(0)
        rows.append({ routingKey: message.routingKey, text: message.text, messageId: message.messageId })
    } })"};
constexpr const char *names[] = {"AmqpMessageModel", "ListModel"};

void run(QQmlEngine &engine, int which, long perTurn, long count)
{
    QQmlComponent component(&engine);
    component.setData(documents[which], {});
    const std::unique_ptr<QObject> root(component.create());
    auto *queue = qobject_cast<QAmqpQuickQueue *>(root.get());
    if (!queue)
        qFatal("%s", qPrintable(component.errorString()));
    QAmqpMessage message(QByteArray(100, 'x'));
    message.setMessageId(QStringLiteral("0123456789abcdef"));
    Measure measure;
    measure.start();
    for (long sent = 0; sent < count;) {
        for (long i = 0; i < perTurn; ++i, ++sent)
            Q_EMIT queue->messageReceived(message);
        QCoreApplication::processEvents();
    }
    measure.stop();
    const int rows = root->property("rows").value<QObject *>()->property("count").toInt();
    if (rows != int(qMin(count, 10000L)))
        qFatal("%s has %d rows", names[which], rows);
    const std::string workload = std::to_string(perTurn) + " per turn";
    measure.print(names[which], workload.c_str(), count, message.body().size());
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const bool brief = application.arguments().contains(QLatin1StringView("--short"));
    QQmlEngine engine;
    for (const long perTurn : {1L, 100L, 10'000L}) {
        run(engine, 0, perTurn, brief ? 10'000 : 1'000'000);
        run(engine, 1, perTurn, brief ? 10'000 : 50'000);
    }
}
