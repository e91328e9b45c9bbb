// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is tested: alerts in a list; a click on one answers it.

import QtQuick
import QtAmqp

ListView {
    id: view
    property alias url: broker.url
    readonly property string problem: broker.lastError.text
    readonly property bool ready: queue.ready && answers.ready
    width: 300
    height: 200

    AmqpConnection {
        id: broker
        active: url !== ""
        onErrorOccurred: error => console.log(error.text)
        AmqpQueue { id: queue; name: "alerts" }
        AmqpQueue { id: answers; name: "answers"; receiving: false }
    }
    model: AmqpMessageModel { id: alerts; queue: queue }
    delegate: Text {
        id: row
        required property int index
        required property var json
        text: json?.text ?? ""
        color: palette.windowText
        padding: 4
        TapHandler { onTapped: row.ListView.view.currentIndex = row.index }
    }
    footer: Text {
        width: view.width
        text: view.problem
        color: palette.windowText
        font.italic: true
        padding: 4
        wrapMode: Text.Wrap
    }
    currentIndex: -1
    onCurrentIndexChanged: if (currentIndex >= 0) answers.publish({ seen: JSON.parse(alerts.get(currentIndex).text).text })
}
