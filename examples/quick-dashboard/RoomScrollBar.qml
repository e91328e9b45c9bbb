// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic

// A scroll bar that is shown as long as not everything is visible.
ScrollBar {
    id: bar

    policy: bar.size < 1 ? ScrollBar.AlwaysOn : ScrollBar.AlwaysOff
    contentItem: Rectangle {
        implicitWidth: Math.round(Theme.unit * 0.3)
        radius: width / 2
        color: bar.pressed || bar.hovered ? Theme.faint : Theme.disabled
    }
}
