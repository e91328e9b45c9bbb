import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts

// The last minute of a rate, a sample each second.
Card {
    id: chart

    property real rate: 0
    property color stroke: Theme.accent
    property var samples: []
    readonly property real highest: Math.max(10, rate, ...samples)

    note: qsTr("peak of the last minute: %L1/s").arg(Math.round(Math.max(rate, ...samples)))

    Timer {
        interval: 1000
        repeat: true
        running: true
        onTriggered: chart.samples = [...chart.samples.slice(-59), chart.rate]
    }

    RowLayout {
        Layout.fillWidth: true
        Layout.fillHeight: true
        spacing: Theme.gap

        Label {
            Layout.preferredWidth: 76
            text: Number(Math.round(chart.rate)).toLocaleString(Qt.locale(), "f", 0)
            font.pixelSize: 28
            font.bold: true
            color: chart.stroke
        }
        Canvas {
            id: canvas
            Layout.fillWidth: true
            Layout.fillHeight: true

            property var samples: chart.samples
            property color stroke: chart.stroke
            onSamplesChanged: canvas.requestPaint()
            onStrokeChanged: canvas.requestPaint()
            onWidthChanged: canvas.requestPaint()

            onPaint: {
                const context = canvas.getContext("2d");
                const y = (value) => canvas.height - 2 - (canvas.height - 6) * value / chart.highest;
                const x = (i) => canvas.width - (chart.samples.length - 1 - i) * canvas.width / 59;
                context.reset();
                context.strokeStyle = Theme.line;
                context.lineWidth = 1;
                for (const part of [0, 0.5, 1]) {
                    context.moveTo(0, y(chart.highest * part));
                    context.lineTo(canvas.width, y(chart.highest * part));
                }
                context.stroke();
                if (chart.samples.length < 2)
                    return;
                context.beginPath();
                chart.samples.forEach((value, i) => context.lineTo(x(i), y(value)));
                context.strokeStyle = chart.stroke;
                context.lineWidth = 2;
                context.stroke();
                context.lineTo(canvas.width, canvas.height);
                context.lineTo(x(0), canvas.height);
                context.closePath();
                context.globalAlpha = 0.15;
                context.fillStyle = chart.stroke;
                context.fill();
            }
        }
    }
}
