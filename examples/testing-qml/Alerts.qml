// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is tested: alerts in a list; a click on one answers it.

import QtQuick
import QtAmqp

ListView {
    property alias url: broker.url
    property alias stateText: broker.stateText
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
        padding: 6
        font.bold: ListView.isCurrentItem // it is answered
        TapHandler { onTapped: row.ListView.view.currentIndex = row.index }
    }
    footer: Text {
        readonly property var alerts: ListView.view
        width: alerts?.width ?? 0
        text: alerts?.problem ? alerts.stateText + "\n" + alerts.problem : ""
        color: palette.windowText
        padding: 6
        font.italic: true
        wrapMode: Text.Wrap
    }
    currentIndex: -1
    onCurrentIndexChanged: if (currentIndex >= 0) answers.publish({ seen: JSON.parse(alerts.get(currentIndex).text).text })
}
