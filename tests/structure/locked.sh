#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Installing waits for another process that holds one of the locks of apt and dpkg, says so once, and goes on.
# Real programs, with a folder of their own in place of the machine's, where one empty package is to be had.
#
#   tests/structure/locked.sh FOLDER [PYTHON]
#
# FOLDER is emptied and worked in.

set -u
[ $# -gt 0 ] || { sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$1 python=${2:-python3} name=qtamqp-nothing
here=$(cd "$(dirname "$0")" && pwd)
for program in apt-get dpkg-deb "$python"; do
    command -v "$program" >/dev/null || { echo "skipped: there is no $program"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: only root may install"; exit 77; }
fail() { echo "FAILED: $*" >&2; cat "$folder/said" "$folder/build/install.log" >&2; exit 1; }

rm -rf "$folder"
mkdir -p "$folder"/{package/DEBIAN,repository,etc,cache/archives/partial,lists/partial,log}
mkdir -p "$folder"/dpkg/{info,updates,triggers}
: >"$folder/dpkg/status"
printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: nothing\n' \
    "$name" >"$folder/package/DEBIAN/control"
dpkg-deb --build "$folder/package" "$folder/repository/$name.deb" >/dev/null || fail "no package was made"
{
    cat "$folder/package/DEBIAN/control"
    echo "Filename: ./$name.deb"
    echo "Size: $(stat -c %s "$folder/repository/$name.deb")"
    echo "SHA256: $(sha256sum <"$folder/repository/$name.deb" | cut -d' ' -f1)"
} >"$folder/repository/Packages"
echo "deb [trusted=yes] file:$folder/repository ./" >"$folder/etc/sources.list"
cat >"$folder/apt.conf" <<end
Dir::State::status "$folder/dpkg/status";
Dir::State::lists "$folder/lists";
Dir::Cache "$folder/cache";
Dir::Log "$folder/log";
Dir::Etc::sourcelist "$folder/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "root";
end
export APT_CONFIG=$folder/apt.conf DPKG_ADMINDIR=$folder/dpkg

# hold LOCK: until $holder is ended.
hold()
{
    rm -f "$folder/held"
    "$python" -c '
import fcntl, sys, time
lock = open(sys.argv[1], "a")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)' "$1" >"$folder/held" &
    holder=$!
    until [ -s "$folder/held" ]; do sleep 0.05; done
}

install() # as run.sh does it
{
    cd "$folder" || return
    # shellcheck source=tests/broker/setup.sh
    . "$here/../broker/setup.sh"
    # shellcheck disable=SC2317 # called by install_packages
    allow_services() { :; }
    # shellcheck disable=SC2317
    forbid_services() { :; }
    install_packages "$name"
}

for lock in dpkg/lock-frontend lists/lock cache/archives/lock; do
    : >"$folder/dpkg/status"
    rm -f "$folder/said"
    hold "$folder/$lock"
    (install) >"$folder/said" 2>&1 &
    installing=$!
    tries=0
    until grep -q "waiting for another process" "$folder/said" 2>/dev/null; do
        if ! kill -0 $installing 2>/dev/null || [ $((tries += 1)) -gt 400 ]; then
            fail "$lock was not waited for"
        fi
        sleep 0.1
    done
    kill $holder
    wait $installing || fail "with $lock it did not go on"
    grep -q "^Package: $name" "$folder/dpkg/status" || fail "nothing was installed"
    [ "$(grep -c waiting "$folder/said")" = 1 ] || fail "told more than once"
done
