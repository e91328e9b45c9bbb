#!/usr/bin/env bash
# Runs all tests on a Debian 12 machine, as root or with sudo: installs what is missing, builds,
# starts a private RabbitMQ on loopback, runs CTest, builds and runs again with the address and
# undefined-behaviour sanitizers, stops RabbitMQ.
#
#   tests/run.sh [--quick | --threads] [CTEST-ARGUMENT...]
#
# --quick leaves the sanitizers out; --threads runs nothing but the tests with several threads, under
# the thread sanitizer; arguments such as -R api go to ctest. Besides packages, only build/ is
# touched. What needs RabbitMQ runs one by one (RESOURCE_LOCK), everything else beside it.

set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source-path=SCRIPTDIR source=broker/setup.sh
. tests/broker/setup.sh

quick=
threads=
case ${1-} in
--quick) quick=yes; shift ;;
--threads) threads=yes; shift ;;
-h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

leave_nothing

install_packages "${build_packages[@]}" "${node_packages[@]}" "${test_packages[@]}" \
    "${qml_packages[@]}" "${example_packages[@]}"

if [ -n "$threads" ]; then
    only=(tst_threads tst_blocking)
    build build/tsan -DCMAKE_BUILD_TYPE=Debug -DQTAMQP_SANITIZE=thread -DQTAMQP_WERROR=ON \
        -DQTAMQP_PCH=ON -DQTAMQP_TESTS=ON -DQTAMQP_EXAMPLES=OFF -DQTAMQP_QML=OFF -DQTAMQP_TOOL=OFF
    start_node build/tsan/node
    step "testing with the thread sanitizer"
    run ctest --test-dir build/tsan --output-on-failure --no-tests=error -L '^(threads|blocking)$' "$@"
    exit
fi

# Names and lines are enough to find a fault by, and are compiled in three quarters of the time.
lines=(-DCMAKE_CXX_FLAGS_DEBUG=-g1 "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1 -DNDEBUG")

build build/tests -DCMAKE_BUILD_TYPE=RelWithDebInfo -DQTAMQP_WERROR=ON -DQTAMQP_PCH=ON \
    -DQTAMQP_TESTS=ON -DQTAMQP_EXAMPLES=ON -DQTAMQP_BENCH=ON "${lines[@]}"
start_node build/tests/node

together=(--output-on-failure --parallel "$(getconf _NPROCESSORS_ONLN)")
status=0
step "testing"
run ctest --test-dir build/tests "${together[@]}" --no-tests=error "$@" || status=1

if [ -z "$quick" ]; then
    build build/asan -DCMAKE_BUILD_TYPE=Debug -DQTAMQP_SANITIZE=address -DQTAMQP_WERROR=ON \
        -DQTAMQP_PCH=ON -DQTAMQP_TESTS=ON -DQTAMQP_EXAMPLES=OFF "${lines[@]}"
    step "testing with the address and undefined-behaviour sanitizers"
    run ctest --test-dir build/asan "${together[@]}" --no-tests=ignore "$@" || status=1
fi

if [ "$status" = 0 ]; then
    step "all tests passed"
else
    step "SOME TESTS FAILED"
fi
exit "$status"
