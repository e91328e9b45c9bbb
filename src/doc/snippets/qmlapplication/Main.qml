// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls
import QtAmqp

ApplicationWindow {
    title: qsTr("Tickets")
    width: 400
    height: 500
    visible: true

    AmqpConnection {
        id: broker
        url: "amqp://localhost"
        active: true

        AmqpQueue {
            id: tickets
            name: "tickets"
            durable: true
        }
    }

    header: Label {
        padding: 8
        text: tickets.errorString || broker.stateText
    }

    ListView {
        anchors.fill: parent
        model: AmqpMessageModel {
            queue: tickets
            newestFirst: true
        }
        delegate: ItemDelegate {
            required property string bodyText
            width: ListView.view.width
            text: bodyText
        }
    }

    footer: TextField {
        placeholderText: qsTr("A new ticket")
        enabled: tickets.ready
        onAccepted: if (tickets.publish(text, { persistent: true })) clear()
    }
}
