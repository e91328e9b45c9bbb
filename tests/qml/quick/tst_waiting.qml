// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a program shows while there is no broker yet, for as long as that takes.

import QtQuick
import QtQuick.Controls
import QtTest
import QtAmqp

TestCase {
    id: test
    name: "Waiting"
    when: windowShown
    width: 600
    height: 100
    visible: true

    AmqpConnection {
        id: broker
        url: "amqp://127.0.0.1:1?connection_attempts=0&retry_delay=60"
        active: true
        property int errors: 0
        onErrorOccurred: ++errors
    }
    Column {
        Label { id: state; text: broker.stateText }
        Label { id: reason; text: broker.lastError.text; visible: text !== "" }
        ProgressBar { id: progress; to: 60; value: to - broker.secondsToNextAttempt }
        Button { id: button; text: "Now"; visible: broker.secondsToNextAttempt > 0; onClicked: broker.reopen() }
    }

    function test_theReasonAndTheCountdownAreSeen() {
        tryCompare(reason, "visible", true, 20000)
        verify(reason.text.includes("127.0.0.1"), reason.text)
        compare(state.text, "Trying again in " + broker.secondsToNextAttempt + " s")
        verify(progress.value < 10)
        compare(broker.errors, 0) // it goes on
        compare(broker.errorString, "")
        mouseClick(button)
        compare(button.visible, false)
        verify(reason.visible)
        tryCompare(button, "visible", true, 20000)
        broker.active = false
        compare(state.text, "Not connected")
        verify(!reason.visible && !button.visible)
    }
}
