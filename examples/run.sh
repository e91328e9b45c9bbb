#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Runs an example on a Debian 12 machine, as root or with sudo: installs what is missing, builds the
# example, starts a broker for it, runs it, stops the broker.
#
#   examples/run.sh [NAME] [--rabbitmq | --url URL] [-- ARGUMENT...]
#
# NAME is a folder in examples/ (default: hello) or in examples/tutorials/ (1-hello and so on; tutorials
# for all of them). The broker is `qamqp broker`, which is built with the example, keeps everything in
# memory and is for development only. With --rabbitmq it is a private RabbitMQ on loopback, which is
# installed if need be; widgets-inspector always has that one, since it shows what RabbitMQ's management
# plugin knows. With --url the example talks to that broker, which then has to have what it expects (see
# examples/NAME/prepare). What follows -- goes to the example. Besides packages, only build/ is touched.
# Each run has a test broker of its own; a second window of the first one's chat takes its --url. Runs
# with --rabbitmq at the same time share one RabbitMQ, which the last of them stops.

set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../tests/broker/setup.sh
. tests/broker/setup.sh

usage()
{
    sed -n '5,/^$/s/^# \{0,1\}//p' "$0"
    printf 'Examples:'
    for main in examples/*/main.cpp; do
        main=${main%/main.cpp}
        printf ' %s' "${main##*/}"
    done
    printf ' testing'
    for folder in examples/tutorials/*/; do
        folder=${folder%/}
        printf ' %s' "${folder##*/}"
    done
    echo
    exit "$1"
}

name=hello
url=
rabbitmq=
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage 0 ;;
    --url) [ $# -ge 2 ] || usage 2 >&2; url=$2; shift 2 ;;
    --url=*) url=${1#--url=}; shift ;;
    --rabbitmq) rabbitmq=yes; shift ;;
    --) shift; break ;;
    -*) usage 2 >&2 ;;
    *) name=$1; shift ;;
    esac
done
# The tutorials in QML are told which one: the first by default.
[ "$name" != tutorials-qml ] || [ $# -gt 0 ] || set -- examples/tutorials-qml/1-hello/Send.qml
# The outboxes are told their file, and one of them what to publish.
case $name in
outbox) [ $# -gt 0 ] || set -- build/examples/outbox.box 'a message' 'another one' ;;
quick-outbox) [ $# -gt 0 ] || set -- --file build/examples/notes.box ;;
esac
if ! [ -f "examples/$name/main.cpp" ] && ! [ -d "examples/tutorials/$name" ] && [ "$name" != tutorials ] \
    && [ "$name" != testing ]; then
    printf 'There is no example "%s".\n\n' "$name" >&2
    usage 2 >&2
fi

if [ -n "$url" ] && [ -n "$rabbitmq" ]; then
    fail "--url and --rabbitmq do not go together; leave one out"
fi
# The tests in examples bring their own broker.
needs_broker=yes
program=example_$name
binary=
case $name in
testing) needs_broker='' program=testing/tst_orders ;;
testing-*) needs_broker='' ;;
widgets-inspector) binary=qamqp-inspector ;;
esac
[ -n "$needs_broker" ] || rabbitmq=
if [ "$name" = widgets-inspector ] && [ -z "$url$rabbitmq" ]; then
    step "$name lists the queues by RabbitMQ's management plugin, so it gets a RabbitMQ (as by --rabbitmq)"
    rabbitmq=yes
fi

node=$(realpath -m build/examples/node)
users=$node.users # a file for each run that needs it, named by its process

# lock, unlock: one run at a time installs, builds, starts or stops.
lock()
{
    mkdir -p build/examples
    exec 9>build/examples/lock
    run flock 9 || exit 1
}
unlock()
{
    flock -u 9
}

# shellcheck disable=SC2317 # called by clean_up
used_by_another()
{
    local file pid
    for file in "$users"/*; do
        pid=${file##*/}
        [ "$pid" != $$ ] && grep -qs run.sh "/proc/$pid/cmdline" && return 0
        rm -f "$file"
    done
    return 1
}

# Instead of setup.sh's: the last one stops it.
# shellcheck disable=SC2317 # called by clean_up
stop_node()
{
    [ -n "$node_folder" ] || return 0
    local status=0
    flock 9
    if used_by_another; then
        rm -f "$users/$$"
        step "leaving RabbitMQ to the examples that still use it"
    else
        step "stopping RabbitMQ"
        tests/broker/node.sh stop "$node_folder" || status=1
    fi
    unlock
    return "$status"
}

# use_node: the node that runs already, or a new one.
use_node()
{
    node_folder=$node
    mkdir -p "$users"
    : >"$users/$$"
    if [ -e "$node/env" ] && [ -n "$(marked_processes "QTAMQP_NODE=$node")" ]; then
        step "using the RabbitMQ that runs in $node"
        # shellcheck source=/dev/null
        . "$node/env"
    else
        start_node "$node"
    fi
    url=$QTAMQP_TEST_URL
}

# use_test_broker: one that ends with this run, like all that was started with its mark.
use_test_broker()
{
    local pipe=build/examples/broker.$$
    mkfifo "$pipe" || exit 1
    set -m # Ctrl-C ends the example first
    QTAMQP_RUN=$run_mark build/examples/src/tool/qamqp broker --port 0 </dev/null >"$pipe" 9>&- &
    set +m
    read -r url <"$pipe"
    rm -f "$pipe"
    [ -n "$url" ] || fail "the test broker did not start"
    step "the test broker runs; others reach it by --url $url"
}

# build_targets: what this example consists of, and qamqp, which is the test broker and prepares things.
build_targets()
{
    local source folder
    only=(qamqp)
    [ -n "$needs_broker" ] || only=()
    if ! [ -d "examples/tutorials/$name" ] && [ "$name" != tutorials ]; then
        only+=("${program##*/}")
        return
    fi
    for source in examples/tutorials/*/*.cpp; do
        folder=$(basename "$(dirname "$source")")
        if [ "$name" = tutorials ] || [ "$name" = "$folder" ]; then
            only+=("tutorial_${folder}_$(basename "$source" .cpp)")
        fi
    done
}

leave_nothing
lock

packages=("${build_packages[@]}")
[ -z "$rabbitmq" ] || packages+=("${node_packages[@]}")
[ -z "${example_packages[$name]-}" ] || packages+=("${example_packages[$name]}")
with_qml=OFF
case $name in quick-* | *-qml) with_qml=ON ;; esac
! compgen -G "examples/$name/*.qml" >/dev/null || with_qml=ON
[ "$with_qml" = OFF ] || packages+=("${qml_packages[@]}")
install_packages "${packages[@]}"

build_targets
build build/examples -DCMAKE_BUILD_TYPE=Release -DQTAMQP_TESTS=OFF -DQTAMQP_EXAMPLES=ON -DQTAMQP_PCH=ON \
    -DQTAMQP_QML=$with_qml
if [ -n "$needs_broker" ] && [ -z "$url" ]; then
    if [ -n "$rabbitmq" ]; then
        use_node
    else
        use_test_broker
    fi
    if [ -x "examples/$name/prepare" ]; then
        step "preparing what the example expects of the broker"
        QAMQP_URL=$url run "examples/$name/prepare" build/examples/src/tool/qamqp || exit 1
    fi
    if [ -x "examples/$name/feed" ]; then
        step "feeding the example with messages until it ends"
        # shellcheck disable=SC2154 # setup.sh sets it
        QAMQP_URL=$url QTAMQP_RUN=$run_mark \
            "examples/$name/feed" build/examples/src/tool/qamqp </dev/null >/dev/null 2>&1 &
    fi
fi

# It starts with what was prepared, and finds the plugin that lists the queues.
if [ "$name" = widgets-inspector ] && [ -n "$node_folder" ]; then
    set -- --queue orders --management-port "${QTAMQP_TEST_MANAGEMENT_PORT:-0}" "$@"
fi

unlock

step "running the example $name"
status=0
if [ "$name" = tutorials ]; then
    for folder in examples/tutorials/*/; do
        folder=${folder%/}
        step "tutorial ${folder##*/}"
        run examples/tutorials/try "build/examples/examples/tutorials/${folder##*/}" --url "$url" || status=$?
    done
elif [ -d "examples/tutorials/$name" ]; then
    run examples/tutorials/try "build/examples/examples/tutorials/$name" --url "$url" || status=$?
elif [ -z "$needs_broker" ]; then
    QT_QPA_PLATFORM=${QT_QPA_PLATFORM-offscreen} run "build/examples/examples/$program" "$@" || status=$?
else
    # The smallest ones take the URL alone.
    options=(--url "$url")
    grep -q QCommandLineParser "examples/$name/main.cpp" || options=("$url")
    run "build/examples/examples/${binary:-$program}" "${options[@]}" "$@" || status=$?
fi
step "the example $name ended with status $status"
exit "$status"
