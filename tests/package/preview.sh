#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Shows the QML programs that have a window by qml and, as a designer does, by qmlpreview, where no
# broker is: nothing may be warned of but that. While the connection is not active there may be no socket either.
#
#   tests/package/preview.sh IMPORTS SOURCE FOLDER
#
# IMPORTS has the module QtAmqp, SOURCE is the project's, FOLDER is emptied and worked in.

set -u
[ $# = 3 ] || { sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
imports=$1 source=$2 folder=$3
tools=$(qtpaths6 --query QT_INSTALL_BINS)
plugins=$(qtpaths6 --query QT_INSTALL_PLUGINS)
children=()
trap '[ ${#children[@]} = 0 ] || kill "${children[@]}" 2>/dev/null' EXIT

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
await() # COMMAND...: until it succeeds, for 30 s at most
{
    local tries=0
    until "$@"; do
        { [ $((tries += 1)) -lt 300 ] && kill -0 "${children[0]}" 2>/dev/null; } || return 1
        sleep 0.1
    done
}
process_of() # SHELL'S-CHILD: the program itself, which qmlpreview starts in turn
{
    case $tool in
    qml) echo "$1" ;;
    *) cat "/proc/$1/task/$1/children" 2>/dev/null ;;
    esac
}
has_module() { grep -qs libQtAmqpQuick "/proc/$(process_of "$1" | tr -d ' ')/maps"; }
has_failed() { grep -q 'cannot be reached' "$1"; }
opened() # PROCESS: its TCP sockets
{
    local inodes
    inodes=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n')
    awk 'NR == FNR { mine[$1]; next } $10 in mine' <(echo "$inodes") "/proc/$1/net/tcp" \
        "/proc/$1/net/tcp6"
}

rm -rf "$folder"
mkdir -p "$folder"/{bin,imports,on,off,runtime}
chmod 700 "$folder/runtime"
# qmlpreview finds modules with a plugin in Qt's own path alone. This one is Qt's, and ours besides.
cp "$tools/qml" "$folder/bin"
ln -s "$(qtpaths6 --query QT_INSTALL_QML)"/* "$folder/imports"
rm -f "$folder/imports/QtAmqp"
cp -r "$imports/QtAmqp" "$folder/imports/QtAmqp"
export LD_LIBRARY_PATH=$imports/.. # from where it was copied its libraries are found otherwise
printf '[Paths]\nPrefix=%s\nPlugins=%s\nQmlImports=%s\n' "$(qtpaths6 --query QT_INSTALL_PREFIX)" \
    "$plugins" "$folder/imports" >"$folder/bin/qt.conf"
cp -r "$source"/examples/{readme-qml,quick-chat,quick-dashboard} "$folder/on"
sed -Ei 's,amqp://([a-z:]*@)?localhost,amqp://127.0.0.1:1,' "$folder"/on/*/*.qml
cp -r "$folder"/on/* "$folder/off"
sed -Ei 's/active: (true|online.checked)/active: false/' "$folder"/off/*/*.qml

export QT_QPA_PLATFORM=offscreen QT_QUICK_BACKEND=software XDG_RUNTIME_DIR=$folder/runtime
export QT_LOGGING_RULES="qt.amqp.connection=true"
for tool in qml qmlpreview; do
    command=("$folder/bin/qml")
    if [ "$tool" = qmlpreview ]; then
        { [ -x "$tools/qmlpreview" ] && ls "$plugins"/qmltooling/libqmldbg_preview.* >/dev/null 2>&1; } \
            || { echo "skipped: there is no qmlpreview, or no plugin for it"; continue; }
        command=("$tools/qmlpreview" "$folder/bin/qml")
    fi
    for state in on off; do
        for program in readme-qml/hello quick-chat/chat quick-dashboard/Main; do
            what="$tool $program ($state)" log=$folder/$tool-$state-${program##*/}.log
            "${command[@]}" "$folder/$state/$program.qml" >"$log" 2>&1 &
            child=$!
            children=("$child")
            await has_module "$child" || { cat "$log"; fail "$what does not load the module"; }
            process=$(process_of "$child" | tr -d ' ')
            children+=("$process")
            if [ "$state" = on ]; then
                await has_failed "$log" || { cat "$log"; fail "$what does not try to connect"; }
            else
                sleep 1
                [ -z "$(opened "$process")" ] || fail "$what has opened a socket"
                ! grep 'qt.amqp' "$log" || fail "$what has tried to connect"
            fi
            kill -0 "$process" || { cat "$log"; fail "$what ended"; }
            kill "${children[@]}"
            wait "$child"
            children=()
            ! grep -vE '^QML Debugger: Connecting|^qt.amqp.connection: .*cannot be reached|^Process (exited|crashed)' \
                "$log" || fail "$what was told that"
        done
    done
done
