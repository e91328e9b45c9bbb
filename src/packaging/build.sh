#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Makes Debian packages of QtAmqp, for Debian 12.
#
#   src/packaging/build.sh [--from SHARED STATIC] [FOLDER]
#
# The packages come into FOLDER (default: build/packages of the sources), where older ones are replaced. As root or with
# sudo this installs what is needed to build and is missing. The packages are then installed by
#
#   apt install ./FOLDER/*.deb
#
# With DEB_BUILD_OPTIONS= in the environment there are packages with debug symbols besides. With --from nothing is built:
# SHARED and STATIC are folders where that was done, configured as debian/rules does it. The tools, and the reference if
# it is there, are taken from STATIC then.

set -u
source=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
# shellcheck source-path=SCRIPTDIR source=../../tests/broker/setup.sh
. "$source/tests/broker/setup.sh"

folder=$source/build/packages
shared=
static=
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) sed -n '5,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --from)
        [ $# -ge 3 ] || fail "--from needs two folders; see --help"
        shared=$(realpath -e -- "$2") && static=$(realpath -e -- "$3") || exit 1
        shift 2 ;;
    -*) fail "unknown option $1; see --help" ;;
    *) folder=$1 ;;
    esac
    shift
done
mkdir -p "$folder" && folder=$(realpath -e -- "$folder") && cd "$source" || exit 1
case $folder in *[[:space:]]*) fail "$folder: make cannot work in a folder with a blank in its name" ;; esac

# needed: the packages that debian/control asks for, and what every build of a package needs.
needed()
{
    awk '/^Build-Depends:/ { on = 1; next } /^[^ ]/ { on = 0 } on { gsub(/[ ,]|\(.*\)|<.*>/, ""); print }' \
        src/packaging/debian/control | sed 's/^debhelper-compat$/debhelper/'
    echo dpkg-dev
    [ -n "$shared" ] || echo build-essential
}

# write_changelog: Debian's form of it, which names the version and the day. The version is lower than the first one
# of Debian itself.
write_changelog()
{
    local version day
    version=$(sed -nE 's/.*QTAMQP_VERSION_STR "(.*)"/\1/p' include/QtAmqp/qtamqpversion.h)
    day=$(git log -1 --format=%cD 2>/dev/null) || day=$(date -R -r include/QtAmqp/qtamqpversion.h)
    printf 'qtamqp (%s-0upstream1) bookworm; urgency=medium\n\n  * %s\n\n -- %s  %s\n' "$version" \
        "What is new for users is in changelog.gz." \
        "$(sed -n 's/^Maintainer: //p' src/packaging/debian/control)" "$day"
}

leave_nothing
mapfile -t packages < <(needed)
install_packages "${packages[@]}"

tree=$folder/qtamqp-build
rm -rf "$tree" "$folder"/{qtamqp-build.log,qtamqp_*.buildinfo,qtamqp_*.changes}
rm -f "$folder"/{libqtamqp,qml6-module-qtamqp,qtamqp-}*_*.deb
mkdir "$tree"
if [ -n "$shared" ]; then
    cp -r --parents .github "$tree"
elif git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    comm -z -23 <(git ls-files -z --cached --others --exclude-standard | sort -zu) <(git ls-files -z --deleted | sort -z) \
        | xargs -0 cp --parents -t "$tree" || fail "copying failed"
else
    tar --exclude=./build --exclude=./.git --exclude="./${folder#"$source"/}" -cf - . | tar -xf - -C "$tree" \
        || fail "copying failed"
fi
cp -r src/packaging/debian "$tree"
write_changelog >"$tree/debian/changelog"

log=$folder/qtamqp-build.log
options=(--build=binary --no-sign --no-pre-clean)
export QTAMQP_SHARED=$shared QTAMQP_STATIC=$static DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS-noautodbgsym}
if [ -n "$shared" ]; then
    options+=(--no-check-builddeps)
    [ -e "$static/src/doc/qtamqp.qch" ] || options+=(--build-profiles=nodoc)
fi
step "making packages (log: $log)"
cd "$tree" || exit 1
if ! run dpkg-buildpackage "${options[@]}"; then
    tail -n 40 "$log" >&2
    fail "making packages failed; all of it is in $log"
fi
cd "$folder" || exit 1
rm -rf "$tree"
step "done:"
printf '%s\n' "$folder"/*.deb
