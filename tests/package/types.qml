// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Makes one of each type, by the plugin, and says so.

import QtQuick
import QtAmqp
import QtAmqp.Test

Item {
    AmqpConnection {
        id: connection
        AmqpExchange { id: exchange }
        AmqpQueue { id: queue; ackPolicy: AmqpQueue.AckManually }
        AmqpRpcClient { id: client }
        AmqpOutbox { id: box }
    }
    AmqpMessageModel { id: model; queue: queue }
    AmqpTestBroker { id: server }

    Component.onCompleted: {
        const names = [connection, exchange, queue, client, box, model, server].map((each) => String(each).replace(/\(.*/, ""))
        const used = exchange.connection === connection && queue.connection === connection
                   && client.connection === connection && box.connection === connection
                   && connection.state === AmqpConnection.Closed
                   && server.running
        console.log(names.join(" ") + (used ? " used" : "") + " '" + connection.error.kind + model.get(0).text + "'")
        Qt.callLater(Qt.quit)
    }
}
