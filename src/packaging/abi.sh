#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Compares the shared libraries with what programs were promised, the dumps in src/packaging/abi, or writes these anew.
#
#   src/packaging/abi.sh check FOLDER
#   src/packaging/abi.sh write [FOLDER]
#
# FOLDER has libQtAmqp.so, libQtAmqpOutbox.so and libQtAmqpTest.so, compiled with the flags below and file by file, as the
# test package.shared has them in its folder library/src. Without one, write builds them in build/abi. A version that
# only adds to the interface passes; its release writes the dumps anew, so that from then on the additions are promised
# too. The tools are in Debian's package abigail-tools.

set -u
cd "$(dirname "$0")/../.." || exit 1
dumps=src/packaging/abi
# The debug information has our own types, and of Qt's only the names: the dumps do not change with Qt.
flags="-O0 -g -femit-struct-debug-baseonly -femit-class-debug-always"
libraries=(QtAmqp QtAmqpOutbox QtAmqpTest)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

fail() { printf 'abi.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '5,/^$/s/^# \{0,1\}//p' "$0"; exit "$1"; }

for tool in abidw abidiff xz; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done

# dump FOLDER LIBRARY FILE: what the headers of a library declare and the library exports.
dump()
{
    abidw --headers-dir "include/$2" --drop-private-types --exported-interfaces-only --no-show-locs \
        --no-comp-dir-path --no-corpus-path --suppressions "$dumps/private.abignore" \
        --out-file "$3" "$1/lib$2.so" || fail "abidw failed for lib$2.so"
}

write()
{
    local folder=${1-} library
    if [ -z "$folder" ]; then
        folder=build/abi/src
        cmake -S . -B build/abi -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="$flags" -DBUILD_SHARED_LIBS=ON \
            -DQTAMQP_{TESTS,EXAMPLES,TOOL,QML,INSPECTOR}=OFF && cmake --build build/abi --parallel || exit 1
    fi
    for library in "${libraries[@]}"; do
        dump "$folder" "$library" "$work/$library.abi"
        xz --force -9e --stdout "$work/$library.abi" >"$dumps/$library.abi.xz" || fail "cannot write $dumps"
    done
    ls -l "$dumps"
}

check()
{
    local folder=$1 library status bad=0
    for library in "${libraries[@]}"; do
        [ -e "$folder/lib$library.so" ] || { echo "skipped: there is no $folder/lib$library.so"; exit 77; }
        xz -dc "$dumps/$library.abi.xz" >"$work/$library.abi" || fail "there is no dump of $library"
        dump "$folder" "$library" "$work/new.abi"
        status=0
        abidiff --no-added-syms "$work/$library.abi" "$work/new.abi" || status=$?
        [ "$status" = 0 ] || bad=1
    done
    [ "$bad" = 0 ] || fail "this is not what the version before has promised; src/doc/versions.qdoc says what may change"
    echo "Programs that were compiled with the version before run with these libraries."
}

case ${1-} in
check) [ $# = 2 ] || usage 2 >&2; check "$2" ;;
write) write "${2-}" ;;
-h | --help) usage 0 ;;
*) usage 2 >&2 ;;
esac
