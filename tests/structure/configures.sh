#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Every combination of shared or static, examples, tests and QML module configures; CMake says what is left out.
#
#   tests/structure/configures.sh SOURCE FOLDER
#
# FOLDER is emptied and worked in. CXX and CMAKE_GENERATOR are obeyed.

set -u
[ $# = 2 ] || { sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
source=$1 folder=$2
rm -rf "$folder"
mkdir -p "$folder"

# configured CMAKE-ARGUMENT...
configured()
{
    rm -rf "$folder/build"
    cmake -S "$source" -B "$folder/build" "$@" >"$folder/log" 2>&1 && return
    cat "$folder/log" >&2
    echo "FAILED: cmake $*" >&2
    exit 1
}

# told TEXT: cmake said so.
told()
{
    grep -qF "$1" "$folder/log" && return
    cat "$folder/log" >&2
    echo "FAILED: not told: $1" >&2
    exit 1
}

for shared in ON OFF; do
    for examples in ON OFF; do
        for tests in ON OFF; do
            for qml in ON OFF; do
                configured -DBUILD_SHARED_LIBS=$shared -DQTAMQP_EXAMPLES=$examples \
                    -DQTAMQP_TESTS=$tests -DQTAMQP_QML=$qml
                [ $qml = ON ] || told "without the QML module: QTAMQP_QML is OFF"
            done
        done
    done
done

configured -DQTAMQP_TEST_LIBRARY=OFF
told "no example testing"

configured -DQTAMQP_TESTS=OFF -DCMAKE_DISABLE_FIND_PACKAGE_Qt6Qml=ON
told "without the QML module: Qt6Qml was not found (Debian: qt6-declarative-dev)"
told "no example quick-chat"
