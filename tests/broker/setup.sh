# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Shared by tests/run.sh, examples/run.sh and node.sh: saying what happens, installing what is
# missing, running commands so that nothing outlives the script. To be sourced by bash.
# shellcheck shell=bash

export PYTHONDONTWRITEBYTECODE=1 # which would go into the source tree

# step TEXT...: one line per step, with the seconds since the start.
step()
{
    printf '[%4d s] %s\n' "$SECONDS" "$*"
}

fail()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# marked_processes NAME=VALUE: the ids of all processes started with this in their environment.
# That finds what a tool started in turn, and never anybody else's process.
marked_processes()
{
    grep -lzxF -- "$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
}

# await_end SECONDS NAME=VALUE: true once no such process is left.
await_end()
{
    local deadline=$((SECONDS + $1))
    while [ -n "$(marked_processes "$2")" ]; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# end_processes NAME=VALUE SECONDS: asks these processes to end, and after SECONDS makes them.
end_processes()
{
    local ids
    ids=$(marked_processes "$1")
    [ -n "$ids" ] || return 0
    # shellcheck disable=SC2086 # a list of ids
    kill -TERM $ids 2>/dev/null
    await_end "$2" "$1" && return 0
    ids=$(marked_processes "$1")
    # shellcheck disable=SC2086
    [ -z "$ids" ] || kill -KILL $ids 2>/dev/null
    await_end 5 "$1"
}

# run COMMAND...: as if called plainly, except that a signal to this script is obeyed at once and
# that clean_up finds the command and whatever it started. Output goes to $log if that is set.
run()
{
    set -m # a process group of its own, in which Ctrl-C is not ignored
    if [ -n "${log-}" ]; then
        QTAMQP_RUN=$run_mark "$@" </dev/null >>"$log" 2>&1 &
    else
        QTAMQP_RUN=$run_mark "$@" </dev/null &
    fi
    local child=$!
    set +m
    wait "$child"
}
run_mark=$$.$RANDOM$RANDOM
log=
only=()

# leave_nothing: from here on, however the script ends (except by SIGKILL), what it started ends too.
leave_nothing()
{
    trap clean_up EXIT
    trap 'step "interrupted"; exit 130' INT
    trap 'step "terminated"; exit 143' TERM
    trap 'exit 129' HUP
}

clean_up()
{
    trap '' INT TERM HUP
    end_processes "QTAMQP_RUN=$run_mark" 10 || exit 1
    allow_services
    stop_node || exit 1
}

# stop_node: what start_node started; a script may have another.
stop_node()
{
    [ -n "$node_folder" ] || return 0
    step "stopping RabbitMQ"
    tests/broker/node.sh stop "$node_folder"
}
node_folder=

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "installing packages needs root: run this as root, or install sudo"
    fi
}

# install_packages PACKAGE...: installs those that are missing.
install_packages()
{
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed \
            || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    command -v apt-get >/dev/null || fail "missing: ${missing[*]} (no apt-get here to install them)"
    mkdir -p build
    local log=build/install.log
    : >"$log"
    step "installing ${missing[*]}"
    as_root true # asks for a password now, while it can
    forbid_services
    local status=0
    when_free apt-get update || status=$?
    [ "$status" != 0 ] || when_free dpkg --configure -a || status=$?
    [ "$status" != 0 ] || when_free apt-get install -y --no-install-recommends "${missing[@]}" || status=$?
    allow_services
    [ "$status" = 0 ] || { tail -n 20 "$log" >&2; fail "installing failed; all of it is in $log"; }
}

# when_free COMMAND...: as root, once no other process installs packages: a fresh machine updates itself in its
# first minutes. Each of apt's locks is waited for (its own option DPkg::Lock::Timeout leaves out the one of
# the package lists, and dpkg has none), ten minutes at most.
when_free()
{
    local status=0 waits='' start=$SECONDS before said
    said='Could not get lock|Unable to (acquire|lock)|was locked by another process'
    while :; do
        before=$(wc -c <"$log")
        status=0
        run as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 "$@" || status=$?
        [ "$status" != 0 ] && tail -c +$((before + 1)) "$log" | grep -qE "$said" || return "$status"
        [ $((SECONDS - start)) -lt "$lock_timeout" ] || return "$status"
        [ -n "$waits" ] || step "waiting for another process that installs packages (at most $lock_timeout s)"
        waits=yes
        run sleep 1
    done
}
lock_timeout=600

# While packages are installed no service may start: a RabbitMQ of the whole machine is not wanted.
# A policy that is already there is left as it is.
policy=/usr/sbin/policy-rc.d
forbid_services()
{
    [ ! -e "$policy" ] || return 0
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_root sh -c 'printf "#!/bin/sh\n# qtamqp: no services while installing\nexit 101\n" >"$1" && chmod 755 "$1"' \
        sh "$policy"
}

allow_services()
{
    if grep -qs '^# qtamqp:' "$policy"; then
        as_root rm -f "$policy"
    fi
}

# shellcheck disable=SC2034 # used by those who source this
build_packages=(qt6-base-dev libqt6sql6-sqlite cmake ninja-build g++ ccache)
# shellcheck disable=SC2034
node_packages=(rabbitmq-server openssl)
# The second compiler with its sanitizers and what names the functions in their reports, the specification, how users
# find the library, the clients that ours is measured beside, a window system without a screen, and its headers, whose
# macros ours get along with, and what reads the tool's man page and completes its commands.
# shellcheck disable=SC2034
test_packages=(clang libclang-rt-dev llvm amqp-specs pkg-config librabbitmq-dev python3-pika amqp-tools
    microsocks tinyproxy-bin xvfb xauth xdotool libx11-dev man-db fish zsh)
# The QML module, its tests and examples.
# shellcheck disable=SC2034
qml_packages=(qt6-declarative-dev qt6-declarative-dev-tools qml-qt6 qml6-module-qtqml
    qml6-module-qtqml-models qml6-module-qtqml-workerscript qml6-module-qtquick
    qml6-module-qtquick-window qml6-module-qtquick-templates qml6-module-qtquick-controls
    qml6-module-qtquick-layouts qml6-module-qttest qt6-qmltooling-plugins)
# What lint.sh checks with.
# shellcheck disable=SC2034
lint_packages=(clang-format clang-tidy clazy codespell shellcheck qt6-documentation-tools desktop-file-utils
    reuse)
# What Debian's packages are made and looked at with.
# shellcheck disable=SC2034
packaging_packages=(dpkg-dev debhelper lintian abigail-tools)
# What examples need that others do without.
# shellcheck disable=SC2034
declare -A example_packages=([loop-libev]=libev-dev [loop-asio]=libasio-dev [tunnel]=socat
    [websocket]=qt6-websockets-dev [coroutines]=qcoro-qt6-dev)

# build FOLDER CMAKE-ARGUMENT...: configures and builds all, or the targets in $only if there are any; quiet
# unless something goes wrong.
build()
{
    local folder=$1 log=$1/build.log
    shift
    step "building in $folder (log: $log)"
    mkdir -p "$folder"
    : >"$log"
    if ! run cmake -S . -B "$folder" -G Ninja "$@" \
        || ! run cmake --build "$folder" ${only[@]:+--target "${only[@]}"}; then
        grep -A20 -E 'error:|FAILED:|CMake Error' "$log" | head -n 60 >&2
        fail "the build failed; all of it is in $log"
    fi
}

# start_node FOLDER [FILE...]: a private RabbitMQ until the script ends, with the virtual hosts that the files
# name; its addresses come into the environment.
start_node()
{
    node_folder=$1
    step "starting RabbitMQ in $node_folder"
    run tests/broker/node.sh start "$@" || exit 1
    # shellcheck source=/dev/null
    . "$node_folder/env"
}
