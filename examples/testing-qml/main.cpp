// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Runs the tst_*.qml of this folder, or what -input names; -help lists what else there is.

#include <QtQuickTest/quicktest.h>

QUICK_TEST_MAIN(testing_qml)
