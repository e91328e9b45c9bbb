// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick

// Shows a state by its colour. A text beside it always says the same.
Rectangle {
    implicitWidth: Math.round(Theme.unit * 0.5)
    implicitHeight: implicitWidth
    radius: width / 2
}
