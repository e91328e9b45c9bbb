// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick

// Shows by its colour how something is. Words beside it say the same.
Rectangle {
    implicitWidth: Math.round(Theme.unit * 0.5)
    implicitHeight: implicitWidth
    radius: width / 2
}
