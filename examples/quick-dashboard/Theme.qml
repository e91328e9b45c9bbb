// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

pragma Singleton
import QtQuick

// The colours of the room, light or dark as the desktop is, and its measures, which follow the font.
QtObject {
    id: theme

    property SystemPalette system: SystemPalette { }
    readonly property bool dark: theme.system.window.hslLightness < 0.5

    readonly property color background: dark ? "#14171c" : "#eef1f5"
    readonly property color card: dark ? "#1d2128" : "#ffffff"
    readonly property color field: dark ? "#14171c" : "#f6f8fa"
    readonly property color line: dark ? "#2d333d" : "#dde2e9"
    readonly property color text: dark ? "#e7ebf0" : "#1c2430"
    readonly property color faint: dark ? "#98a2b0" : "#5c6675"
    readonly property color disabled: dark ? "#656e7b" : "#9aa3af"
    readonly property color button: dark ? "#2a303a" : "#ffffff"
    readonly property color hovered: dark ? "#353c48" : "#f0f3f7"
    readonly property color pressed: "#1f6feb" // a background for white text
    readonly property color accent: dark ? "#4c9bff" : "#1f6feb"
    readonly property color second: dark ? "#c297ff" : "#7d4cc4" // for a second line in a chart
    readonly property color good: dark ? "#3fb968" : "#1f8f4a"
    readonly property color warning: dark ? "#e3a33b" : "#b26a00"
    readonly property color bad: dark ? "#ff7b72" : "#c62828"
    readonly property color alarm: "#c62828" // a background for white text

    readonly property string fixedFont: "monospace"
    property FontMetrics metrics: FontMetrics { }
    readonly property int unit: Math.ceil(theme.metrics.height) // the height of a line of text
    readonly property int gap: Math.round(unit * 0.65)
    readonly property int radius: Math.round(unit * 0.35)
    readonly property int timeWidth: Math.ceil(theme.metrics.advanceWidth("00:00:00"))
    readonly property int keyWidth: Math.round(unit * 12.5)
    readonly property int lineHeight: Math.round(unit * 1.6) // of a list
    readonly property int valueWidth: Math.ceil(theme.metrics.advanceWidth("-0.00e+00") * 1.1) // bold
    readonly property int unitWidth: Math.round(unit * 3)
    readonly property int countWidth: Math.ceil(theme.metrics.advanceWidth("0,000,000"))
    readonly property int ageWidth: Math.ceil(theme.metrics.advanceWidth("00 min"))
}
