#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Runs all tests on a Debian 12 machine, as root or with sudo: installs what is missing, builds, starts a
# private RabbitMQ on loopback, runs CTest, stops RabbitMQ. One of the tests is tests/lint.sh. Each test is
# built once: what runs QtAmqp in its own process by clang, with the address and undefined-behaviour
# sanitizers, in build/asan; what runs programs or measures time by g++, without them, in build/tests.
#
#   tests/run.sh [--quick | --threads] [CTEST-ARGUMENT...]
#
# --quick is for daily work: it leaves out what is installed, the desktop programs and the tutorials.
# --threads runs nothing but the tests with several threads, under the thread sanitizer. Arguments such
# as -R api go to ctest. Besides packages, only build/ is touched.

set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source-path=SCRIPTDIR source=broker/setup.sh
. tests/broker/setup.sh

quick=
threads=
case ${1-} in
--quick) quick=yes; shift ;;
--threads) threads=yes; shift ;;
-h | --help) sed -n '5,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

leave_nothing

install_packages "${build_packages[@]}" "${node_packages[@]}" "${test_packages[@]}" \
    "${qml_packages[@]}" "${example_packages[@]}" "${lint_packages[@]}" "${packaging_packages[@]}"

if [ -n "$threads" ]; then
    only=(tst_threads tst_blocking)
    build build/tsan -DCMAKE_BUILD_TYPE=Debug -DQTAMQP_SANITIZE=thread -DQTAMQP_WERROR=ON \
        -DQTAMQP_PCH=ON -DQTAMQP_TESTS=ON -DQTAMQP_EXAMPLES=OFF -DQTAMQP_QML=OFF -DQTAMQP_TOOL=OFF
    start_node build/tsan/node build/tsan/tests/virtualhosts.txt
    step "testing with the thread sanitizer"
    run ctest --test-dir build/tsan --output-on-failure --no-tests=error -L '^(threads|blocking)$' "$@"
    exit
fi

# Names and lines are enough to find a fault by, and are compiled in three quarters of the time.
common=(-DQTAMQP_WERROR=ON -DQTAMQP_PCH=ON -DQTAMQP_UNITY=ON -DQTAMQP_TESTS=ON -DCMAKE_CXX_FLAGS_DEBUG=-g1
    "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1 -DNDEBUG")
build build/tests "${common[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DQTAMQP_TEST_PART=outer \
    -DCMAKE_INSTALL_PREFIX=/usr -DQTAMQP_EXAMPLES=ON -DQTAMQP_BENCH=ON -DQTAMQP_DOCS=ON
# Where the folder was used with another compiler, CMake would forget all other settings.
fresh=()
grep -qs '^CMAKE_CXX_COMPILER:[A-Z]*=.*clang++$' build/asan/CMakeCache.txt || fresh=(--fresh)
build build/asan "${fresh[@]}" "${common[@]}" -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug \
    -DQTAMQP_TEST_PART=inner -DQTAMQP_SANITIZE=address -DQTAMQP_EXAMPLES=OFF -DQTAMQP_TOOL=OFF
start_node build/node build/{tests,asan}/tests/virtualhosts.txt

# Both folders are one run with one summary. Most tests wait for another program most of the time.
echo 'subdirs(tests asan)' >build/CTestTestfile.cmake
selection=()
[ -z "$quick" ] || selection=(-LE '^(package|desktop|tutorials)$')
step "testing"
status=0
run ctest --test-dir build --output-on-failure --no-tests=error \
    --parallel $((2 * $(getconf _NPROCESSORS_ONLN))) "${selection[@]}" "$@" || status=1
step "the ten that took longest:"
awk '/^[0-9]+\/[0-9]+ Test: / { name = $3 } /^Test time =/ { printf "%8.1f s  %s\n", $4, name }' \
    build/Testing/Temporary/LastTest.log | sort -rn | head

if [ "$status" = 0 ]; then
    step "all tests passed"
else
    step "SOME TESTS FAILED"
fi
exit "$status"
