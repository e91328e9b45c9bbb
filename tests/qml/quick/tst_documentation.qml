// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The QML that the documentation shows is compiled: see documentation.h.

import QtQuick
import QtTest

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    name: "Documentation"

    function test_blocksCompile() {
        compare(probe.errorsOfDocumentation(), [])
    }

    function test_errorsAreSeen() {
        verify(probe.errorsOf("AmqpQueue { naem: \"orders\" }").includes("naem"))
        verify(probe.errorsOf("AmqpExchange { onMesageReturned: { } }").includes("onMesageReturned"))
        compare(probe.errorsOf("AmqpQueue { name: \"orders\" }"), "")
    }
}
