pragma Singleton
import QtQuick

// The colours of the room, light or dark as the desktop is.
QtObject {
    id: theme

    property SystemPalette system: SystemPalette { }
    readonly property bool dark: theme.system.window.hslLightness < 0.5

    readonly property color background: dark ? "#14171c" : "#eef1f5"
    readonly property color card: dark ? "#1d2128" : "#ffffff"
    readonly property color field: dark ? "#14171c" : "#f6f8fa"
    readonly property color line: dark ? "#2d333d" : "#dde2e9"
    readonly property color text: dark ? "#e7ebf0" : "#1c2430"
    readonly property color faint: dark ? "#8d97a5" : "#667080"
    readonly property color disabled: dark ? "#656e7b" : "#9aa3af"
    readonly property color button: dark ? "#2a303a" : "#ffffff"
    readonly property color hovered: dark ? "#353c48" : "#f0f3f7"
    readonly property color pressed: "#1f6feb" // below white text
    readonly property color accent: dark ? "#4c9bff" : "#1f6feb"
    readonly property color good: dark ? "#3fb968" : "#1f8f4a"
    readonly property color warning: dark ? "#e3a33b" : "#b26a00"
    readonly property color bad: dark ? "#e5534b" : "#c62828"
    readonly property color alarm: "#c62828" // below white text

    readonly property int gap: 12
    readonly property string fixedFont: "monospace"
}
