#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Measures QtAmqp beside librabbitmq, amqp091-go, amqplib and Pika on a Debian 12 machine, as root or
# with sudo: installs what is missing, builds a release, runs them interleaved against the project's
# own sink, prints tables. Besides packages, only build/ is touched.
#
#   tests/bench/run.sh [--broker] [--rounds N] [--short] [--json FILE] [WORKLOAD]
#   tests/bench/run.sh [--sweep] [--counts] [--tls] [--svg FILE] [--page FOLDER] ...
#
# --broker measures against a private RabbitMQ node too; --short takes a hundredth of the messages,
# to see that it works; WORKLOAD is a regular expression. A peer that cannot be installed is left out.
#
# The others measure something else instead: --sweep how the cost of a message grows with the number of
# messages, channels and unacknowledged deliveries and with the body, and draws it in the --svg FILE;
# --counts instructions, allocations, bytes copied and system calls; --tls reading with TLS.
# --page src/doc writes the tables, and the picture of a sweep, into the page "Performance" of the
# reference. So all of that page is measured again by these two:
#
#   tests/bench/run.sh --page src/doc --rounds 5
#   tests/bench/run.sh --page src/doc --rounds 5 --sweep --counts --tls

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../broker/setup.sh
. tests/broker/setup.sh

case ${1-} in
-h | --help) sed -n '5,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
broker=
case " $* " in *" --broker "*) broker=yes ;; esac
packages=("${build_packages[@]}")
case " $* " in *" --counts "*) packages+=(strace valgrind) ;; esac
case " $* " in *" --tls "*) packages+=(libssl-dev openssl) ;; esac
programs=build/bench/tests/bench

leave_nothing

[ -z "$broker" ] || packages+=("${node_packages[@]}")
install_packages "${packages[@]}"
for peer in librabbitmq-dev amqp-tools python3-pika "golang-go golang-github-rabbitmq-amqp091-go-dev"; do
    # shellcheck disable=SC2086 # a list of packages
    (install_packages $peer) || step "going on without $peer"
done
if ! command -v npm >/dev/null; then
    (install_packages nodejs npm) || step "going on without Node"
fi

build build/bench -DCMAKE_BUILD_TYPE=Release -DQTAMQP_TESTS=OFF -DQTAMQP_EXAMPLES=OFF \
    -DQTAMQP_BENCH=ON
if command -v npm >/dev/null && [ ! -d "$programs/node_modules/amqplib" ]; then
    step "installing amqplib in $programs"
    log=build/bench/npm.log run npm install --prefix "$programs" --no-save --no-audit --no-fund amqplib@2 \
        || step "going on without amqplib; what npm said is in build/bench/npm.log"
fi
[ -z "$broker" ] || start_node build/bench/node

step "trying the other clients with the test broker"
log=build/bench/testbroker.log run tests/interop/testbroker.py --modules "$programs/node_modules" \
    build/bench/src/tool/qamqp broker --port 0 || fail "what went wrong is in build/bench/testbroker.log"

step "measuring"
run tests/bench/run.py --programs "$programs" "$@"
