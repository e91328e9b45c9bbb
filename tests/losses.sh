#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Makes a million sessions at random, with losses, stalls, errors and restarts at random, instead of the ten thousand
# of the ordinary run of the tests. A session that fails prints its number. It takes an hour or more.
#
#   tests/losses.sh [RUNS [BUILD-FOLDER]]     the folder is build/asan, which tests/run.sh makes, unless it is given

set -eu
cd "$(dirname "$0")/.."
program=${2:-build/asan}/tests/tst_testbroker
[ -x "$program" ] || { echo "losses.sh: there is no $program; build it first, for example by tests/run.sh" >&2; exit 1; }
day=86400000 # in milliseconds, for each function
QTAMQP_RUNS=${1:-1000000} QTEST_FUNCTION_TIMEOUT=$day exec "$program" randomlosses
