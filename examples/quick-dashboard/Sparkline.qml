// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick

// The course of the last values, from their lowest to their highest, with a dot on the last one.
Canvas {
    id: sparkline

    property var values: []
    property real serial: 0 // the values are others when it changes
    property real lowest: Math.min(...sparkline.values)
    property real highest: Math.max(...sparkline.values)
    property bool filled: false
    property color stroke: Theme.accent

    onSerialChanged: sparkline.requestPaint()
    onStrokeChanged: sparkline.requestPaint()
    onWidthChanged: sparkline.requestPaint()
    onHeightChanged: sparkline.requestPaint()
    onPaint: {
        const context = sparkline.getContext("2d");
        context.reset();
        const values = sparkline.values;
        if (values.length < 2)
            return;
        const margin = Math.max(2, Theme.unit * 0.15);
        const range = sparkline.highest - sparkline.lowest;
        const step = (sparkline.width - 2 * margin) / (Math.max(values.length, 20) - 1); // two values make no long line
        const x = (i) => sparkline.width - margin - (values.length - 1 - i) * step;
        const y = (value) => range > 0
            ? margin + (sparkline.height - 2 * margin) * (1 - (value - sparkline.lowest) / range)
            : sparkline.height / 2;
        context.beginPath();
        values.forEach((value, i) => context.lineTo(x(i), y(value)));
        context.strokeStyle = sparkline.stroke;
        context.lineWidth = Math.max(1.5, Theme.unit * 0.09);
        context.lineJoin = "round";
        context.stroke();
        if (sparkline.filled) {
            context.lineTo(x(values.length - 1), sparkline.height);
            context.lineTo(x(0), sparkline.height);
            context.closePath();
            context.fillStyle = Qt.alpha(sparkline.stroke, 0.12);
            context.fill();
        }
        context.beginPath();
        context.arc(x(values.length - 1), y(values[values.length - 1]), margin, 0, 2 * Math.PI);
        context.fillStyle = sparkline.stroke;
        context.fill();
    }
}
