#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Makes the Debian packages of what was built already, and looks at them with lintian.
#
#   tests/package/packages.sh SHARED STATIC FOLDER
#
# SHARED and STATIC are folders of builds, and FOLDER gets the packages: see src/packaging/build.sh --from.

set -u
[ $# = 3 ] || { sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
shared=$1 static=$2 folder=$3
source=$(cd "$(dirname "$0")/../.." && pwd)

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
skip() { printf 'skipped: %s\n' "$*"; exit 77; }

for tool in dh dpkg-buildpackage lintian; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done
triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
for tree in "$shared" "$static"; do
    [ -e "$tree/cmake_install.cmake" ] || skip "nothing was built in $tree"
    grep -qF "/lib/$triplet" "$tree"/cmake_install.cmake "$tree"/*/cmake_install.cmake \
        || skip "$tree is not configured for Debian: set CMAKE_INSTALL_PREFIX to /usr"
done

"$source/src/packaging/build.sh" --from "$shared" "$static" "$folder" || fail "no packages"
cd "$folder" || exit 1
for package in libqtamqp1 libqtamqp-dev libqtamqp-outbox1 qml6-module-qtamqp libqtamqp-test1 \
    qml6-module-qtamqp-test libqtamqp-test-dev qtamqp-tools; do
    compgen -G "${package}_*.deb" >/dev/null || fail "there is no package $package"
done
lintian --allow-root --fail-on error,warning ./*.changes || fail "lintian found something"
