#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Checks the sources without running them. The whole tree: licence lines, words, spelling, clang-format,
# qmllint, shellcheck, desktop files, and the reference by qdoc. What changed: clang-tidy and clazy.
#
#   tests/lint.sh [--all] [--since REVISION] [BUILD-FOLDER...]
#
# What changed is what differs from REVISION. By default that is where this branch left main; on main itself,
# what the last 20 commits changed. What is not committed counts always. The 8 files that changed last are
# checked, which takes about a minute; where Git cannot say, a few files stand for all. With --all, clang-tidy,
# then with its static analyzer, and clazy check every file, which takes more than an hour.
# They need the commands of a build: of the given folders, of build/tests and build/asan, which tests/run.sh
# makes, or of build/dev, the preset for daily work. What all of them say is kept in build/lint.
# The exit status is 0 if all is clean, 1 if it is not, and 77 if a tool is missing.

set -u
cd "$(dirname "$0")/.." || exit 1

most_files=8
commits=20
sample=(src/values/qamqptable.cpp src/codec/frame.cpp src/protocol/link.cpp src/api/engine.cpp
    src/blocking/dispatcher.cpp tests/protocol/tst_requests.cpp)
output=build/lint
processors=$(getconf _NPROCESSORS_ONLN)

# What the project has decided against in names of src, include and qml, and the better word.
words=(
    'told|reported'
    'untold|unreported'
    'commanded|requested'
    'turned|changed'
)

# Tests misspell words on purpose, a method is called atLeast(), the rest are parts of words.
spellings=1nd,atleast,bu,certi,conect,nam,nd,ond,priorty,pubilsh

# Those of clazy's first two levels, and some others that find something in code like this; midRef() is not there
# in Qt 6. Outside the library a main() and a test outlive what they connect, are entered once, and need not be fast.
clazy_checks=level0,level1,base-class-event,container-inside-loop,isempty-vs-count
clazy_checks+=,no-qstring-ref,signal-with-return-value,thread-with-slots,use-chrono-in-qtimer,virtual-call-ctor
clazy_outside=,no-connect-3arg-lambda,no-container-inside-loop,no-detaching-temporary,no-lambda-in-connect
clazy_outside+=,no-non-pod-global-static,no-qproperty-without-notify,no-range-loop-detach
clazy_outside+=,no-use-static-qregularexpression

all=
analyzer='-clang-analyzer-*' # which takes as long as everything else together
since=
folders=()

fail()
{
    printf 'lint.sh: %s\n' "$*" >&2
    exit 1
}

options()
{
    while [ $# -gt 0 ]; do
        case $1 in
        --all) all=yes; analyzer= ;;
        --since) since=${2:?which revision?}; shift ;;
        -h | --help) sed -n '5,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) fail "unknown option $1; see --help" ;;
        *) folders+=("$1") ;;
        esac
        shift
    done
    folders+=(build/tests build/asan build/dev)
}

# files PATTERN...: those of the tree, also such as are not committed yet.
files()
{
    if [ -n "$git" ]; then
        git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
            [ ! -f "$file" ] || printf '%s\n' "$file"
        done | sort -u
    else
        local pattern
        for pattern in "$@"; do
            find . -path ./build -prune -o -type f -path "./$pattern" -printf '%P\n'
        done | sort -u
    fi
}

# check WHAT COMMAND...: runs the command beside at most as many others as there are processors. What it says is
# kept until report().
check()
{
    local log=$output/${#checks[@]}.log
    while [ "$(jobs -rp | wc -l)" -ge "$processors" ]; do
        wait -n
    done
    checks+=("$1")
    shift
    {
        local start=$SECONDS status=0
        "$@" >"$log" 2>&1 || status=$?
        echo "$status $((SECONDS - start))" >"$log.status"
    } &
}
checks=()

# report: true if all checks were clean.
report()
{
    local number status time bad=0
    wait
    for number in "${!checks[@]}"; do
        read -r status time <"$output/$number.log.status"
        if [ "$status" = 0 ]; then
            printf '%3d s  clean      %s\n' "$time" "${checks[number]}"
        else
            printf '%3d s  NOT CLEAN  %s\n' "$time" "${checks[number]}"
            sed -n '1,60s/^/    /p; 61s,.*,    … and more in '"$output/$number.log,p" "$output/$number.log"
            bad=$((bad + 1))
        fi
    done
    [ "$bad" = 0 ] || fail "$bad of ${#checks[@]} checks found something, see above"
    echo "lint.sh: all ${#checks[@]} checks are clean"
}

# Each file says whose it is and under which licence, or .reuse/dep5 does.
check_licence()
{
    cmp LICENSE LICENSES/MIT.txt && reuse lint
}

# Bytes are never called octets, except by MIME and by the specification; some names are not used in the library.
check_words()
{
    local entry word bad=0
    if files '*.cpp' '*.h' '*.qml' '*.qdoc' '*.md' '*.sh' | grep -vxE 'tests/(lint.sh|structure/tst_spec.cpp)' \
        | xargs grep -niE 'octets?' | grep -viE 'octet-stream|OctetStream'; then
        echo "These are bytes."
        bad=1
    fi
    for entry in "${words[@]}"; do
        word=${entry%%|*}
        # shellcheck disable=SC2016 # what is quoted is for awk
        if files 'src/*.h' 'src/*.cpp' 'include/*.h' 'qml/*.h' 'qml/*.cpp' | xargs awk -v word="$word" '
            BEGIN {
                large = toupper(substr(word, 1, 1)) substr(word, 2)
                name = "(^|[^A-Za-z]|m_)" word "([^a-z]|$)|[a-z]" large "([^a-z]|$)"
            }
            /^ *\/\*/ { comment = 1 }
            !comment {
                code = $0
                gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
                sub(/\/\/.*/, "", code)
                if (code ~ name) { print FILENAME ":" FNR ": " $0; found = 1 }
            }
            /\*\// { comment = 0 }
            END { exit !found }'; then
            echo "\"$word\" is not used in names here: use \"${entry#*|}\"."
            bad=1
        fi
    done
    return $bad
}

check_spelling()
{
    files '*' | grep -vE '\.png$' | xargs codespell --ignore-words-list "$spellings"
}

check_format()
{
    files '*.cpp' '*.h' | xargs clang-format --dry-run -Werror
}

check_shell()
{
    files '*' | grep -v '\.png$' | xargs awk '
        FNR == 1 && (/^#!.*sh$/ || FILENAME ~ /\.sh$/) { print FILENAME } { nextfile }' \
        | xargs shellcheck --external-sources
}

check_qml()
{
    local folder imports=()
    for folder in "${folders[@]}"; do
        [ ! -f "$folder/qml/QtAmqp/QtAmqpQuick.qmltypes" ] || imports+=(-I "$folder/qml")
    done
    [ ${#imports[@]} -gt 0 ] || { echo "${folders[*]}: the QML module is not built there"; return 1; }
    # A warning is not an error to qmllint 6.4.
    files '*.qml' | xargs qmllint "${imports[@]}" 2>&1 | tee "$output/qmllint" || return 1
    [ ! -s "$output/qmllint" ]
}

check_desktop_files()
{
    files '*.desktop' | xargs desktop-file-validate
}

check_docs()
{
    local folder
    for folder in "${folders[@]}"; do
        if grep -qs '^QTAMQP_DOCS:BOOL=ON$' "$folder/CMakeCache.txt"; then
            cmake --build "$folder" --target docs && return 0
            return 1
        fi
    done
    echo "${folders[*]}: none is configured with -DQTAMQP_DOCS=ON"
    return 1
}

# changed: the files for and clazy, those that changed last first.
changed()
{
    local base
    if [ -n "$all" ]; then
        files '*.cpp'
        return
    fi
    if [ -n "$git" ] && base=$(first_revision); then
        { git diff --name-only HEAD
          git ls-files --others --exclude-standard
          git log --name-only --format= "$base..HEAD"; } | awk '!seen[$0]++' | in_commands
    else
        printf '%s\n' "${sample[@]}"
    fi
}

# first_revision: what the tree is compared with.
first_revision()
{
    local main base
    if [ -n "$since" ]; then
        git rev-parse --verify --quiet "$since^{commit}" && return
        fail "there is no revision $since"
    fi
    for main in origin/main main; do
        base=$(git merge-base HEAD "$main" 2>/dev/null) || continue
        [ "$base" != "$(git rev-parse HEAD)" ] || continue
        echo "$base"
        return
    done
    git rev-parse --verify --quiet "HEAD~$commits"
}

# in_commands: of the files read, those that the compiler is given; instead of a header, what belongs to it or,
# where nothing does, what includes it.
in_commands()
{
    local file name
    while IFS= read -r file; do
        name=${file##*/}
        case $file in
        *.cpp) ;;
        *.h)
            if [ -f "${file%.h}.cpp" ]; then
                file=${file%.h}.cpp
            elif [ -f "${file%_p.h}.cpp" ]; then
                file=${file%_p.h}.cpp
            else
                file=$(files '*.cpp' | grep -E "/(tst_)?${name%%.*}\.cpp$" || files '*.cpp' \
                    | xargs grep -lE "#include [<\"](.*/)?${name}[>\"]")
                file=${file%%$'\n'*}
            fi ;;
        *) continue ;;
        esac
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done | awk '!seen[$0]++'
}

# Makes one list of commands of those of all folders, without precompiled headers: clang reads none of g++, nor one
# that was made with other options.
collect_commands()
{
    python3 - "$output" "${folders[@]}" <<'PYTHON'
import json, os, re, sys

output, *folders = sys.argv[1:]

def sources(file): # QTAMQP_UNITY makes one file of several, which includes them
    if "/Unity/" not in file:
        return [file]
    with open(file) as united:
        return re.findall(r'^#include "(.*)"', united.read(), re.M)

commands = {}
for folder in folders:
    try:
        with open(os.path.join(folder, "compile_commands.json")) as file:
            entries = json.load(file)
    except FileNotFoundError:
        continue
    for entry in entries:
        entry["command"] = re.sub(r" -Winvalid-pch|( -Xclang)? -include(-pch)?( -Xclang)? \S+/cmake_pch\.hxx\S*"
                                  r"| -Werror\b| -f(no-)?sanitize\S+",
                                  "", entry["command"])
        for file in sources(entry["file"]):
            command = entry["command"].replace(entry["file"], file)
            commands.setdefault(file, dict(entry, file=file, command=command))
with open(os.path.join(output, "compile_commands.json"), "w") as file:
    json.dump(list(commands.values()), file, indent=0)
PYTHON
}

# check_code FILE: what clang-tidy, by .clang-tidy, and clazy have to say about it.
check_code()
{
    local status=0 findings clazy=$clazy_checks
    case $1 in tests/* | examples/* | src/doc/*) clazy+=$clazy_outside ;; esac
    clang-tidy -p "$output" --quiet --checks="$analyzer" \
        --warnings-as-errors='*' "$1" 2>/dev/null || status=1
    findings=$(clazy-standalone -p "$output" -checks="$clazy" "$1" 2>&1)
    # Some connections clazy does not understand, which it calls an internal error.
    if grep -v 'internal error:' <<<"$findings" | grep -A 2 -E '(warning|error):'; then
        status=1
    fi
    return $status
}

# check_changed: gives what changed to check_code; it says what it leaves out.
check_changed()
{
    local file known=() left=0
    collect_commands
    while IFS= read -r file; do
        if ! grep -qF "/$file\"" "$output/compile_commands.json"; then
            echo "not checked, since no build compiles it: $file"
        elif [ -z "$all" ] && [ ${#known[@]} -ge $most_files ]; then
            left=$((left + 1))
        else
            known+=("$file")
        fi
    done < <(changed)
    [ "$left" = 0 ] || echo "not checked by clang-tidy and clazy, since others changed later: $left files"
    for file in "${known[@]}"; do
        check "clang-tidy, clazy: $file" check_code "$file"
    done
}

# have_tools: ends the script if one of them is missing.
have_tools()
{
    local tool missing=()
    PATH=$PATH:/usr/lib/qt6/bin # where Debian has those of Qt
    for tool in clang-format clang-tidy clazy-standalone codespell shellcheck python3 qmllint qdoc \
        desktop-file-validate reuse; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        echo "SKIP: missing are ${missing[*]}; tests/run.sh installs them"
        exit 77
    fi
}

options "$@"
have_tools
rm -rf "$output"
mkdir -p "$output"
git=
! git rev-parse --is-inside-work-tree >/dev/null 2>&1 || git=yes
trap 'kill $(jobs -rp) 2>/dev/null; exit 130' INT TERM

found=0
for folder in "${folders[@]}"; do
    [ ! -f "$folder/compile_commands.json" ] || found=1
done
[ "$found" = 1 ] || fail "no build in ${folders[*]}: run tests/run.sh, or cmake --preset dev and build that"

check "the reference, by qdoc" check_docs
check_changed
check "qmllint" check_qml
check "clang-format" check_format
check "shellcheck" check_shell
check "desktop files" check_desktop_files
check "spelling, by codespell" check_spelling
check "words" check_words
check "licence lines, by reuse" check_licence
report
