#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Runs an example on a Debian 12 machine, as root or with sudo: installs what is missing, builds,
# starts a private RabbitMQ on loopback, runs the example against it, stops RabbitMQ.
#
#   examples/run.sh [NAME] [--url URL] [-- ARGUMENT...]
#
# NAME is a folder in examples/ (default: hello) or in examples/tutorials/ (1-hello and so on; tutorials
# for all of them). With --url the example talks to that broker instead of a private one, which then
# has to have what it expects (see examples/NAME/prepare). What follows -- goes to the example. Besides
# packages, only build/ is touched. Examples that run at the same time share one RabbitMQ, which the
# last of them stops.

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
    for folder in examples/tutorials/*/; do
        folder=${folder%/}
        printf ' %s' "${folder##*/}"
    done
    echo
    exit "$1"
}

name=hello
url=
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage 0 ;;
    --url) [ $# -ge 2 ] || usage 2 >&2; url=$2; shift 2 ;;
    --url=*) url=${1#--url=}; shift ;;
    --) shift; break ;;
    -*) usage 2 >&2 ;;
    *) name=$1; shift ;;
    esac
done
# The tutorials in QML are told which one: the first by default.
[ "$name" != tutorials-qml ] || [ $# -gt 0 ] || set -- examples/tutorials-qml/1-hello/Send.qml
if ! [ -f "examples/$name/main.cpp" ] && ! [ -d "examples/tutorials/$name" ] && [ "$name" != tutorials ]; then
    printf 'There is no example "%s".\n\n' "$name" >&2
    usage 2 >&2
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

leave_nothing
lock

packages=("${build_packages[@]}")
[ -n "$url" ] || packages+=("${node_packages[@]}")
case $name in quick-* | *-qml) packages+=("${qml_packages[@]}") ;; esac
[ -z "${example_packages[$name]-}" ] || packages+=("${example_packages[$name]}")
! compgen -G "examples/$name/*.qml" >/dev/null || packages+=("${qml_packages[@]}")
install_packages "${packages[@]}"

build build/examples -DCMAKE_BUILD_TYPE=Release -DQTAMQP_TESTS=OFF -DQTAMQP_EXAMPLES=ON
if [ -z "$url" ]; then
    use_node
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
else
    # The smallest ones take the URL alone.
    options=(--url "$url")
    grep -q QCommandLineParser "examples/$name/main.cpp" || options=("$url")
    run "build/examples/examples/example_$name" "${options[@]}" "$@" || status=$?
fi
step "the example $name ended with status $status"
exit "$status"
