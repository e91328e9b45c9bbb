#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Does what the page "Getting started" tells a stranger: installs packages with apt, starts a broker, sends a message in
# QML, with the tool and in C++, and builds a project of its own in all ways that the packages are for. What was typed
# and what was said is printed, and kept in FOLDER/transcript.txt.
#
#   tests/package/stranger.sh [--here | --root ROOT] PACKAGES FOLDER
#
# PACKAGES has the packages, which src/packaging/build.sh makes. FOLDER is emptied and worked in. The machine stays as
# it is: the stranger works, as root, in a copy of it in memory, an overlay over ROOT (default: /); where that cannot be
# mounted this is skipped (77). With --here the packages are installed for good, on the machine itself.

set -u
root=/
case ${1-} in
--here) root=; shift ;;
--root) root=${2-}; shift 2 ;;
esac
[ $# = 2 ] || { sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
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
# started TEXT COMMAND: in the background, until a line of it has this text.
started()
{
    local text=$1 tries=0 log=$folder/background.$#.$RANDOM
    printf '\n$ %s &\n' "$2"
    eval "exec $2" >"$log" 2>&1 &
    process=$!
    processes+=("$process")
    until grep -qF -- "$text" "$log"; do
        { [ $((tries += 1)) -lt 600 ] && kill -0 "$process" 2>/dev/null; } \
            || { cat "$log"; fail "it did not say: $text"; }
        sleep 0.1
    done
    cat "$log"
}
processes=()
ended() { kill "$1"; wait "$1"; } 2>/dev/null

# install: what apt does, in two steps, the first without a compiler.
installed_for_qml()
{
    compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null || typed "apt-get update"
    typed "apt-get install -y --no-install-recommends ./qml6-module-qtamqp_*.deb ./libqtamqp*1_*.deb \
./qtamqp-tools_*.deb qml-qt6 qml6-module-qtquick qml6-module-qtquick-window qml6-module-qtqml \
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
    local window=$process
    typed "qamqp publish --queue hello 'Hello from the command line'"
    ended "$window"
}
sent_by_tool()
{
    typed "qamqp publish --queue hello 'Hello from the command line'"
    typed "qamqp consume hello --count 1"
    heard "Hello from the command line"
}
# built HOW...: the project, and which library its program has.
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
    typed "cmake -S . -B build-static -D QtAmqp_USE_STATIC_LIBS=ON && cmake --build build-static"
    ran_program build-static/hello static
    typed 'g++ -std=c++17 main.cpp -o hello $(pkg-config --cflags --libs QtAmqp)'
    ran_program ./hello shared
    typed 'g++ -std=c++17 main.cpp -o hello-static $(pkg-config --cflags --libs QtAmqpStatic)'
    ran_program ./hello-static static
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

# Everything that is mounted and started is in namespaces of its own, and goes with the last process in them.
rm -rf "$folder"
mkdir -p "$folder" && folder=$(cd "$folder" && pwd) || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: only root can mount an overlay"; exit 77; }
unshare --mount --pid --fork true 2>"$folder/why" || { echo "skipped: $(cat "$folder/why")"; exit 77; }
cat >"$folder/enter.sh" <<'INNER'
set -u
root=$1 folder=$2 packages=$3 tests=$4 pages=$5
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
    bash /tmp/stranger/tests/package/stranger.sh --here /tmp/stranger/packages /tmp/stranger/hello || status=$?
cp tmp/stranger/hello/transcript.txt "$folder"
exit "$status"
INNER
mkdir "$folder/memory"
exec unshare --mount --pid --fork --kill-child bash "$folder/enter.sh" "$root" "$folder" "$packages" "$here" "$pages"
