#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Publishes, consumes and calls through bad links for a long time, with a RabbitMQ node of its own: no message is lost,
# and memory, descriptors and threads stay as they are. The ordinary run of the tests does the same for 20 s.
#
#   tests/broker/soak.sh [MINUTES [BUILD-FOLDER]]     30 minutes in build/tests, which tests/run.sh makes

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=setup.sh
. tests/broker/setup.sh

minutes=${1:-30}
program=${2:-build/tests}/tests/tst_broker
[[ $minutes =~ ^[1-9][0-9]{0,4}$ ]] || fail "the minutes are a whole number from 1 on"
[ -x "$program" ] || fail "there is no $program; build it first, for example by tests/run.sh"
leave_nothing
start_node "${program%/*}/node-soak"
step "$minutes minutes of bad links"
# Each lost link is a warning.
run env QT_LOGGING_RULES=qt.amqp.connection.warning=false QTAMQP_SOAK_SECONDS=$((minutes * 60)) \
    QTEST_FUNCTION_TIMEOUT=$(((minutes + 10) * 60000)) "$program" soak
