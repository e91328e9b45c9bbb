#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# The pictures of programs that the documentation and README.md show. Tests take them, while they drive the real
# windows: DesktopTest::photograph() writes them to screenshots/ in the build folder.
#
#   tests/desktop/pictures.sh BUILD-FOLDER           copies them to src/doc/images, with at most 256 colours each
#   tests/desktop/pictures.sh --check BUILD-FOLDER   tells which of them the last run of the tests did not take
#
# After tests/run.sh, or after `ctest -L "desktop|qml"` in a build with RabbitMQ at hand, the first is all that it
# takes to show how the programs look now. It makes the files small by pngquant (Debian: pngquant).

set -u
cd "$(dirname "$0")/../.." || exit 1

fail()
{
    printf 'pictures.sh: %s\n' "$*" >&2
    exit 1
}

# Names without their folder and suffix, of what is shown.
shown()
{
    { grep -rhoE '\\(inline)?image [a-z0-9-]+[.]png' src qml
      grep -oE 'src/doc/images/[a-z0-9-]+[.]png' README.md; } | grep -oE '[a-z0-9-]+[.]png' | sort -u
}

check()
{
    local name status=0
    for name in $(shown); do
        if [ ! -f "src/doc/images/$name" ]; then
            echo "shown, but not in src/doc/images: $name"
            status=1
        elif [ ! "$screenshots/$name" -nt "$screenshots/begin" ]; then
            echo "shown, but no test has taken it in this run: $name"
            status=1
        fi
    done
    for name in src/doc/images/*.png; do
        if ! shown | grep -qxF "${name##*/}"; then
            echo "nothing shows it: $name"
            status=1
        fi
    done
    return $status
}

copy()
{
    local name
    command -v pngquant >/dev/null || fail "there is no pngquant here (Debian: pngquant)"
    for name in $(shown); do
        [ -f "$screenshots/$name" ] || fail "no test has taken $name: run the tests of the programs first"
        pngquant --force --strip --speed 1 --output "src/doc/images/$name" 256 "$screenshots/$name" \
            || fail "pngquant failed for $name"
    done
    du -sh src/doc/images
}

action=copy
if [ "${1-}" = --check ]; then
    action=check
    shift
    [ -n "${QTAMQP_TEST_URL-}" ] || { echo "SKIP: most pictures need RabbitMQ; run tests/run.sh"; exit 77; }
fi
[ $# = 1 ] || fail "which build folder? See the head of this file"
screenshots=$1/screenshots
[ -d "$screenshots" ] || fail "$screenshots is not there"
$action
