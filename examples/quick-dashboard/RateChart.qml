// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts

// Shows how many messages came in and went out in each second of the last minute, on one scale.
Card {
    id: chart
    objectName: "chart"

    property real received: 0
    property real published: 0
    property var samples: [] // both rates of each second, the oldest first
    readonly property real highest: chart.roundUp(Math.max(
        chart.received, chart.published, ...chart.samples.map((each) => Math.max(...each))))

    // Returns the end of the scale: 10, 20, 50, 100, 200, …
    function roundUp(rate: real): real {
        const power = Math.pow(10, Math.max(1, Math.floor(Math.log10(rate))));
        return power * [1, 2, 5, 10].find((step) => step * power >= rate);
    }

    component Legend: RowLayout {
        id: legend
        property string name
        property real rate
        property color stroke
        spacing: Theme.gap / 2

        Dot { color: legend.stroke }
        Label {
            Layout.fillWidth: true
            text: legend.name
            color: Theme.text
        }
        Label {
            text: qsTr("%L1").arg(Math.round(legend.rate))
            font.bold: true
            font.pixelSize: Math.round(Theme.unit * 1.2)
            color: Theme.text
        }
    }

    component Mark: Label {
        objectName: "mark"
        rightPadding: Theme.gap / 2
        color: Theme.faint
    }

    title: qsTr("Messages per second")
    Accessible.role: Accessible.Chart
    Accessible.name: qsTr("%L1 messages received and %L2 published per second")
                     .arg(Math.round(chart.received)).arg(Math.round(chart.published))

    Timer {
        interval: 1000
        repeat: true
        running: true
        onTriggered: chart.samples = [...chart.samples.slice(-60), [chart.received, chart.published]]
    }

    RowLayout {
        Layout.fillWidth: true
        Layout.fillHeight: true
        spacing: Theme.gap * 2

        ColumnLayout {
            Layout.fillWidth: false
            Layout.preferredWidth: Theme.unit * 9
            Legend {
                name: qsTr("Received")
                rate: chart.received
                stroke: Theme.accent
            }
            Legend {
                name: qsTr("Published")
                rate: chart.published
                stroke: Theme.second
            }
        }
        Item {
            Layout.fillWidth: true
            Layout.fillHeight: true

            Mark {
                text: qsTr("%L1").arg(chart.highest)
                anchors.right: canvas.left
                anchors.verticalCenter: canvas.top
            }
            Mark {
                text: qsTr("%L1").arg(chart.highest / 2)
                anchors.right: canvas.left
                anchors.verticalCenter: canvas.verticalCenter
            }
            Mark {
                text: "0"
                anchors.right: canvas.left
                anchors.verticalCenter: canvas.bottom
            }
            Mark {
                text: qsTr("a minute ago")
                anchors.left: canvas.left
                anchors.bottom: parent.bottom
            }
            Mark {
                text: qsTr("now")
                rightPadding: 0
                anchors.right: canvas.right
                anchors.bottom: parent.bottom
            }
            Canvas {
                id: canvas
                anchors.fill: parent
                anchors.leftMargin: Theme.unit * 3.5
                anchors.topMargin: Theme.unit / 2
                anchors.bottomMargin: Theme.unit * 1.2

                property var samples: chart.samples
                property color grid: Theme.line // all other colours change together with this one
                onSamplesChanged: canvas.requestPaint()
                onGridChanged: canvas.requestPaint()
                onWidthChanged: canvas.requestPaint()
                onHeightChanged: canvas.requestPaint()

                function draw(context, series, stroke) {
                    const x = (i) => (canvas.width - 2) * (1 - (chart.samples.length - 1 - i) / 60);
                    const y = (rate) => 1 + (canvas.height - 2) * (1 - rate / chart.highest);
                    context.beginPath();
                    chart.samples.forEach((each, i) => context.lineTo(x(i), y(each[series])));
                    context.strokeStyle = stroke;
                    context.lineWidth = 2;
                    context.stroke();
                    context.lineTo(x(chart.samples.length - 1), canvas.height);
                    context.lineTo(x(0), canvas.height);
                    context.closePath();
                    context.fillStyle = Qt.alpha(stroke, 0.12);
                    context.fill();
                }

                onPaint: {
                    const context = canvas.getContext("2d");
                    context.reset();
                    context.fillStyle = canvas.grid;
                    for (const part of [0, 0.5, 1])
                        context.fillRect(0, Math.round((canvas.height - 1) * part), canvas.width, 1);
                    if (chart.samples.length < 2)
                        return;
                    canvas.draw(context, 0, Theme.accent);
                    canvas.draw(context, 1, Theme.second);
                }
            }
        }
    }
}
