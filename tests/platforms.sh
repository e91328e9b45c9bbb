#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Looks whether the library and the tool compile for systems that no test runs on, as far as that can be found out on
# Debian 12 without Qt for them.
#
#   tests/platforms.sh [windows] [macos]
#
# windows: every source file is read by a compiler for Windows, mingw-w64, with its headers and those of Debian's Qt.
# macos: what asks for the system is read by clang with the macros of macOS, and with the headers of Debian.
# That shows what is wrong in the preprocessor's paths and, for Windows, in sizes of types and in calls of the system.
# Nothing is linked or run, and nothing is found out about Qt's own libraries there. As root or with sudo this installs
# the compiler for Windows if it is missing, which has 400 MB. tests/run.sh does the second, which takes seconds.

set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source-path=SCRIPTDIR source=broker/setup.sh
. tests/broker/setup.sh

folder=build/platforms
headers=$(qtpaths6 --query QT_INSTALL_HEADERS) || fail "this needs Debian's qt6-base-dev"
warnings=(-Wall -Wextra -Wconversion -Wshadow -Werror)
definitions=(-DQT_NO_KEYWORDS -DQT_NO_FOREACH -DQT_NO_CAST_FROM_ASCII -DQT_NO_CAST_TO_ASCII -DQTAMQP_BUILD
    -DQTAMQP_OUTBOX_BUILD -DQTAMQP_TEST_BUILD -DQTAMQP_WITH_BROKER -DQTAMQP_WITH_OUTBOX
    -DQT_CORE_LIB -DQT_NETWORK_LIB)

# read_by COMPILER ARGUMENT...: the files that come in, one a line, as many at a time as there are processors.
read_by()
{
    local includes=(-Iinclude -Isrc -I"$folder") module
    for module in '' /QtCore /QtNetwork /QtSql; do
        includes+=(-isystem "$headers$module")
    done
    xargs -n 1 -P "$(getconf _NPROCESSORS_ONLN)" "$@" -std=c++20 -fsyntax-only "${warnings[@]}" \
        "${definitions[@]}" "${includes[@]}"
}

for_windows()
{
    install_packages g++-mingw-w64-x86-64-posix
    step "reading src for Windows"
    find src -name '*.cpp' -not -path 'src/doc/*' | read_by x86_64-w64-mingw32-g++-posix \
        || fail "src does not compile for Windows"
}

for_macos()
{
    # What Qt's headers ask about the system is in files that come with Apple's compiler.
    mkdir -p "$folder/apple"
    echo '#define TARGET_OS_MAC 1' >"$folder/apple/TargetConditionals.h"
    : >"$folder/apple/Availability.h"
    : >"$folder/apple/AvailabilityMacros.h"
    local compiler
    compiler=$(command -v clang++ || command -v clang++-14) || { echo "skipped: clang++ is not installed"; exit 77; }
    step "reading what differs on macOS"
    grep -rlE 'Q_OS_' src --include='*.cpp' --exclude-dir=doc \
        | read_by "$compiler" -U__linux__ -U__linux -Ulinux -D__APPLE__ -D__MACH__ -isystem "$folder/apple" \
        || fail "src does not compile for macOS"
}

leave_nothing
mkdir -p "$folder"
"$(qtpaths6 --query QT_INSTALL_LIBEXECS)/moc" -Iinclude -Isrc src/transport/dialler.cpp -o "$folder/dialler.moc" \
    || fail "moc does not understand src/transport/dialler.cpp"
[ $# -gt 0 ] || set -- windows macos
for system; do
    case $system in
    windows | macos) "for_$system" ;;
    *) sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
step "done"
