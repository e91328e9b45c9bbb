// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import "topic.js" as Topic
import "value.js" as Value

// A line of the tree: a word, and either the last value of the routing key that ends with it or how much is below.
ItemDelegate {
    id: row

    required property int index
    readonly property var tree: ListView.view?.owner // a ValueTree
    readonly property var shown: row.tree?.telemetry.line(row.index, row.tree.telemetry.revision) ?? ({ })
    readonly property real trendWidth: row.tree?.trendWidth ?? 0
    readonly property real unitWidth: row.tree?.unitWidth ?? 0
    readonly property bool narrow: row.tree?.narrow ?? false // there is no room for all columns
    // Whether nothing but this branch is shown.
    readonly property bool alone: row.shown.isBranch && row.tree?.telemetry.pattern === Topic.branch(row.shown.path)
    readonly property bool hasValue: !!row.shown.entry
    readonly property bool hasNumber: row.shown.number !== undefined
    readonly property string value: !row.hasValue ? "" : row.hasNumber ? Value.brief(row.shown.number)
                                  : row.shown.text || qsTr("(empty body)")
    readonly property string keys: row.shown.keyCount === 1 ? qsTr("1 key") : qsTr("%L1 keys").arg(row.shown.keyCount)
    readonly property string offer: row.alone ? qsTr("show all") : qsTr("show only this")

    width: ListView.view?.width ?? 0
    height: Theme.lineHeight
    leftPadding: Theme.gap
    rightPadding: Theme.gap * 1.5 // leaves room for the scroll bar
    topPadding: 0
    bottomPadding: 0
    highlighted: ListView.isCurrentItem
    onClicked: row.tree.click(row.index)
    Accessible.role: Accessible.TreeItem
    Accessible.name: row.shown.path || qsTr("(empty)")
    Accessible.description: row.hasValue ? qsTr("%1 %2, %3").arg(row.value).arg(row.shown.unit).arg(row.shown.age)
                                      : qsTr("%1, %2").arg(row.keys).arg(row.shown.open ? qsTr("open") : qsTr("closed"))

    background: Rectangle {
        radius: Theme.radius
        color: row.highlighted ? Qt.alpha(Theme.accent, 0.25)
             : row.hovered ? Qt.alpha(Theme.accent, 0.08) : "transparent"
    }
    contentItem: RowLayout {
        spacing: Theme.gap

        RowLayout {
            Layout.fillWidth: true
            Layout.leftMargin: row.shown.level * Math.round(Theme.unit * 0.8)
            spacing: Theme.gap / 2
            Label {
                objectName: "toggle"
                Layout.preferredWidth: Theme.unit
                Layout.fillHeight: true
                horizontalAlignment: Text.AlignHCenter
                verticalAlignment: Text.AlignVCenter
                text: row.shown.isBranch ? "›" : ""
                rotation: row.shown.open ? 90 : 0
                font.pixelSize: Math.round(Theme.unit * 1.1)
                color: Theme.faint
                Accessible.ignored: true // the tree's keys do the same
                TapHandler {
                    enabled: row.shown.isBranch
                    gesturePolicy: TapHandler.ReleaseWithinBounds
                    onTapped: row.tree.toggle(row.index)
                }
            }
            Dot {
                visible: row.shown.word === "critical" || row.shown.word === "warning"
                color: row.shown.word === "critical" ? Theme.bad : Theme.warning
            }
            Label {
                objectName: "word"
                Layout.fillWidth: true
                text: row.shown.word === "" ? qsTr("(empty)") : row.shown.word
                textFormat: Text.PlainText
                font.italic: row.shown.word === ""
                maximumLineCount: 1
                elide: Text.ElideRight
                color: row.alone ? Theme.accent : row.shown.word === "" ? Theme.faint : Theme.text
            }
        }
        Label { // a text takes the place of value, unit and trend
            visible: row.hasValue && !row.hasNumber
            objectName: "valueText"
            Layout.preferredWidth: Theme.valueWidth + row.unitWidth + row.trendWidth + Theme.gap * 1.5
            text: row.value
            textFormat: Text.PlainText
            maximumLineCount: 1
            elide: Text.ElideRight
            font.family: Theme.fixedFont
            color: Theme.faint
        }
        RowLayout {
            visible: !row.hasValue || row.hasNumber
            spacing: Theme.gap / 2
            Label {
                objectName: "value"
                Layout.preferredWidth: Theme.valueWidth
                horizontalAlignment: Text.AlignRight
                text: row.hasNumber ? row.value : ""
                textFormat: Text.PlainText
                font.bold: true
                elide: Text.ElideRight
                color: Theme.text
            }
            Label {
                objectName: "unit"
                Layout.preferredWidth: row.unitWidth
                text: row.hasNumber ? row.shown.unit : row.keys
                textFormat: Text.PlainText
                maximumLineCount: 1
                elide: Text.ElideRight
                color: Theme.faint
            }
        }
        Item {
            visible: !row.hasValue || row.hasNumber
            Layout.preferredWidth: row.trendWidth
            Layout.fillHeight: true
            Sparkline {
                objectName: "trend"
                anchors.fill: parent
                anchors.topMargin: Theme.unit * 0.25
                anchors.bottomMargin: Theme.unit * 0.25
                visible: row.hasNumber
                values: row.hasNumber ? row.shown.values : []
                serial: row.shown.serial
            }
            Label {
                anchors.fill: parent
                verticalAlignment: Text.AlignVCenter
                visible: !row.hasValue && row.shown.isBranch && (row.hovered || row.highlighted || row.alone)
                text: row.offer
                elide: Text.ElideRight
                color: Theme.accent
            }
        }
        Label {
            objectName: "messageCount"
            visible: !row.narrow
            Layout.preferredWidth: Theme.countWidth
            horizontalAlignment: Text.AlignRight
            text: qsTr("%L1").arg(row.shown.messageCount)
            color: Theme.faint
        }
        Label {
            objectName: "age"
            visible: !row.narrow
            Layout.preferredWidth: Theme.ageWidth
            horizontalAlignment: Text.AlignRight
            text: row.shown.age
            color: Theme.faint
        }
    }
}
