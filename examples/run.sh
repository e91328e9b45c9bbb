#!/usr/bin/env bash
# Runs an example on a Debian 12 machine, as root or with sudo: installs what is missing, builds,
# starts a private RabbitMQ on loopback, runs the example against it, stops RabbitMQ.
#
#   examples/run.sh [NAME] [--url URL] [-- ARGUMENT...]
#
# NAME is a folder in examples/ (default: hello) or in examples/tutorials/ (1-hello and so on). With --url the example talks to that broker instead
# of a private one, which then has to have what it expects (see examples/NAME/prepare). What follows --
# goes to the example. Besides packages, only build/ is touched.

set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../tests/broker/setup.sh
. tests/broker/setup.sh

usage()
{
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
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
[ -f "examples/$name/main.cpp" ] || [ -d "examples/tutorials/$name" ] || usage 2 >&2

leave_nothing

packages=("${build_packages[@]}")
[ -n "$url" ] || packages+=("${node_packages[@]}")
case $name in quick-* | *-qml) packages+=("${qml_packages[@]}") ;; esac
[ -z "${example_packages[$name]-}" ] || packages+=("${example_packages[$name]}")
! compgen -G "examples/$name/*.qml" >/dev/null || packages+=("${qml_packages[@]}")
install_packages "${packages[@]}"

build build/examples -DCMAKE_BUILD_TYPE=Release -DQTAMQP_TESTS=OFF -DQTAMQP_EXAMPLES=ON
# Started twice, an example has one broker: that of the first.
node=$(realpath -m build/examples/node)
if [ -z "$url" ] && [ -e "$node/env" ] && [ -n "$(marked_processes "QTAMQP_NODE=$node")" ]; then
    step "using the RabbitMQ that runs in $node"
    # shellcheck source=/dev/null
    . "$node/env"
    url=$QTAMQP_TEST_URL
fi
if [ -z "$url" ]; then
    start_node "$node"
    url=$QTAMQP_TEST_URL
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

step "running the example $name"
status=0
if [ -d "examples/tutorials/$name" ]; then
    run examples/tutorials/try "build/examples/examples/tutorials/$name" --url "$url" || status=$?
else
    run "build/examples/examples/example_$name" --url "$url" "$@" || status=$?
fi
step "the example $name ended with status $status"
exit "$status"
