#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Does what the page "Getting started" tells a stranger: installs packages with apt, starts a broker, sends a message in
# QML, with the tool and in C++. What was typed and what was said is printed, and kept in FOLDER/transcript.txt. With
# --all the project is built in all ways that the packages are for: shared and static, by CMake and by pkg-config.
#
#   tests/package/stranger.sh [--all] [--here | --root ROOT] PACKAGES FOLDER
#
# PACKAGES has the packages, which src/packaging/build.sh makes. FOLDER is emptied and worked in. The machine stays as
# it is: the stranger works, as root, in a copy of it in memory, an overlay over ROOT (default: /); where that cannot be
# mounted this is skipped (77). With --here the packages are installed for good, on the machine itself.

set -u
root=/
all=
while :; do
    case ${1-} in
    --all) all=--all; shift ;;
    --here) root=; shift ;;
    --root) root=${2-}; shift 2 ;;
    *) break ;;
    esac
done
[ $# = 2 ] || { sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ -d "$1" ] || { echo "skipped: there are no packages in $1"; exit 77; }
packages=$(realpath -e -- "$1") || exit 1
here=$(cd "$(dirname "$0")" && pwd)
pages=$(cd "$here/../../src/doc/snippets/gettingstarted" && pwd) || exit 1
folder=$2

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# typed COMMAND: as in a terminal; what it says is in $said.
typed()
{
    local status=0
    printf '\n$ %s\n' "$1"
    said=$(eval "$1" 2>&1) || status=$?
    shown
    [ "$status" = 0 ] || fail "exit status $status"
}
# apt says a line for each of hundreds of files.
shown() { grep -vE '^(\(Reading|Get:|Selecting|Preparing|Unpacking|Setting up lib|Processing|$)' <<<"$said" | tail -n 12; }
heard() # TEXT: a whole line of what was said last
{
    grep -qxF -- "$1" <<<"$said" || fail "it did not say: $1"
}
# started TEXT COMMAND: in the background, until it says this text.
started()
{
    printf '\n$ %s &\n' "$2"
    output=$folder/$RANDOM.log
    eval "exec $2" >"$output" 2>&1 &
    process=$!
    processes+=("$process")
    awaited "$1"
}
# awaited TEXT: what was started last says it.
awaited()
{
    local tries=0
    until grep -F -- "$1" "$output"; do
        { [ $((tries += 1)) -lt 600 ] && kill -0 "$process" 2>/dev/null; } \
            || { cat "$output"; fail "it did not say: $1"; }
        sleep 0.1
    done
}
processes=()

# What apt does, in two steps, the first without a compiler.
installed_for_qml()
{
    compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null || typed "apt-get update"
    typed "apt-get install -y --no-install-recommends ./libqtamqp1_*.deb ./libqtamqp-outbox1_*.deb \
./libqtamqp-test1_*.deb ./qml6-module-qtamqp_*.deb ./qtamqp-tools_*.deb qml-qt6 qml6-module-qtquick qml6-module-qtquick-window qml6-module-qtqml \
qml6-module-qtqml-models qml6-module-qtqml-workerscript"
}
installed_for_cpp()
{
    typed "apt-get install -y --no-install-recommends ./*.deb cmake make g++ pkg-config"
}

sent_in_qml()
{
    cp "$pages/hello.qml" .
    started "Hello from QML" "/usr/lib/qt6/bin/qml hello.qml"
    typed "qamqp publish --queue hello 'Hello from the command line'"
    awaited "Hello from the command line"
    kill "$process"
}
sent_by_tool()
{
    typed "qamqp publish --queue hello 'Hello from the command line'"
    typed "qamqp consume hello --count 1"
    heard "Hello from the command line"
}
# ran_program PROGRAM LIBRARY: it sends its message, and has the shared or the static library.
ran_program()
{
    local library=shared
    typed "$1"
    heard "The broker has it."
    typed "qamqp get hello"
    heard "Hello from C++"
    ldd "${1%% *}" | grep -q libQtAmqp.so.1 || library=static
    echo "(The library in ${1%% *} is $library.)"
    [ "$library" = "$2" ] || fail "it should be $2"
}
sent_in_cpp()
{
    cp "$pages/CMakeLists.txt" "$pages/main.cpp" .
    typed "cmake -S . -B build && cmake --build build"
    ran_program build/hello shared
    [ -n "$all" ] || return 0
    typed "cmake -S . -B build-static -D QtAmqp_USE_STATIC_LIBS=ON && cmake --build build-static"
    ran_program build-static/hello static
    # shellcheck disable=SC2016 # the flags are asked for when it is typed
    typed 'g++ -std=c++17 main.cpp -o hello $(pkg-config --cflags --libs QtAmqp)'
    ran_program ./hello shared
    # shellcheck disable=SC2016
    typed 'g++ -std=c++17 main.cpp -o hello-static $(pkg-config --cflags --libs QtAmqpStatic)'
    ran_program ./hello-static static
    typed "cmake -S /usr/share/doc/qtamqp/examples/million -B build-million && cmake --build build-million"
}

# The stranger's day.
walked()
{
    trap '[ ${#processes[@]} = 0 ] || kill "${processes[@]}" 2>/dev/null' EXIT
    export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=$folder
    chmod 700 "$folder"
    cd "$packages" && installed_for_qml || exit 1
    cd "$folder" || exit 1
    command -v c++ >/dev/null || echo "(There is no compiler yet.)"
    started "amqp://" "qamqp broker"
    sent_in_qml
    sent_by_tool
    cd "$packages" && installed_for_cpp || exit 1
    cd "$folder" || exit 1
    sent_in_cpp
    printf '\nAll of it works.\n'
}

if [ -z "$root" ]; then
    mkdir -p "$folder" && folder=$(cd "$folder" && pwd) || exit 1
    (walked) 2>&1 | tee "$folder/transcript.txt"
    exit "${PIPESTATUS[0]}"
fi

# Everything that is mounted and started is in namespaces of its own, and goes with the last process in them. So is the
# network, where nothing has to be downloaded: then port 5672 is free.
rm -rf "$folder"
mkdir -p "$folder" && folder=$(cd "$folder" && pwd) || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: only root can mount an overlay"; exit 77; }
namespaces=(--mount --pid --fork --kill-child)
[ "$root" != / ] || namespaces+=(--net)
unshare "${namespaces[@]}" true 2>"$folder/why" || { echo "skipped: $(cat "$folder/why")"; exit 77; }
cat >"$folder/enter.sh" <<'INNER'
set -u
# A network of its own begins with its loopback interface down.
perl -e 'socket(my $s, 2, 2, 0); my $r = pack("a16sx22", "lo", 65); ioctl($s, 0x8914, $r) or die "ioctl: $!\n"' || exit 1
root=$1 folder=$2 packages=$3 tests=$4 pages=$5 all=$6
{ mount -t tmpfs tmpfs "$folder/memory" && mkdir "$folder"/memory/{upper,work,root} \
    && mount -t overlay overlay -o "lowerdir=$root,upperdir=$folder/memory/upper,workdir=$folder/memory/work" \
        "$folder/memory/root"; } 2>"$folder/why" || { echo "skipped: $(cat "$folder/why")"; exit 77; }
cd "$folder/memory/root" || exit 1
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs tmp
mkdir -p tmp/stranger/{packages,src/doc/snippets/gettingstarted,tests/package,hello}
cp "$packages"/*.deb tmp/stranger/packages
cp "$pages"/* tmp/stranger/src/doc/snippets/gettingstarted
cp "$tests/stranger.sh" tmp/stranger/tests/package
cp /etc/resolv.conf /etc/hosts etc/ 2>/dev/null
status=0
chroot . /usr/bin/env -i PATH="$PATH" HOME=/root $(env | grep -iE '^(http|https|no)_proxy=') \
    bash /tmp/stranger/tests/package/stranger.sh $all --here /tmp/stranger/packages /tmp/stranger/hello || status=$?
cp tmp/stranger/hello/transcript.txt "$folder"
exit "$status"
INNER
mkdir "$folder/memory"
exec unshare "${namespaces[@]}" bash "$folder/enter.sh" "$root" "$folder" "$packages" "$here" "$pages" \
    "$all"
