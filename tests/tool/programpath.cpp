// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The one file that is compiled knowing where the program lies; see tests/CMakeLists.txt.
extern const char *const programPath;
const char *const programPath = QAMQP_PROGRAM;
