// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls
import QtAmqp

ApplicationWindow {
    title: qsTr("Orders")
    width: 400
    height: 500
    visible: true

    AmqpConnection {
        id: broker
        url: "amqp://localhost"
        active: true

        AmqpQueue {
            id: orders
            name: "orders"
            durable: true
        }
    }

    header: Label {
        padding: 8
        text: orders.errorString || broker.stateText
    }

    ListView {
        anchors.fill: parent
        model: AmqpMessageModel {
            queue: orders
            newestFirst: true
        }
        delegate: ItemDelegate {
            required property string bodyText
            width: ListView.view.width
            text: bodyText
        }
    }

    footer: TextField {
        placeholderText: qsTr("A new order")
        enabled: orders.ready
        onAccepted: if (orders.publish(text, { persistent: true })) clear()
    }
}
