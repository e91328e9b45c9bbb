#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Cuts a session after every single byte, outward and inward, once and twelve times, instead of the sample that the
# ordinary run of the tests takes. It takes half an hour or more.
#
#   tests/cut.sh [BUILD-FOLDER]     the folder is build/asan, which tests/run.sh makes, unless it is given

set -eu
cd "$(dirname "$0")/.."
program=${1:-build/asan}/tests/tst_testbroker
[ -x "$program" ] || { echo "cut.sh: there is no $program; build it first, for example by tests/run.sh" >&2; exit 1; }
hour=3600000 # in milliseconds, for each function
QTAMQP_CUTS=all QTEST_FUNCTION_TIMEOUT=$hour exec "$program" cuts
