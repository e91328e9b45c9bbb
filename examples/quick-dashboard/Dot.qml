// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick

// How something is, by its colour; words beside it say so too.
Rectangle {
    implicitWidth: Math.round(Theme.unit * 0.5)
    implicitHeight: implicitWidth
    radius: width / 2
}
