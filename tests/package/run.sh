#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Installs QtAmqp, moves what was installed, and builds and runs consumer.cpp with it in the three
# ways a user has: find_package, pkg-config, add_subdirectory. Without optimisation, to be quick.
#
#   tests/package/run.sh static|shared SOURCE BUILT FOLDER
#
# SOURCE is the project's, FOLDER is emptied and worked in. One kind of library is installed from BUILT,
# where the tests were built; the other is built here, as a part of the consumer and without precompiled
# headers, as users build it: a file that forgot an include fails there. With QTAMQP_TEST_URL set each
# program also sends itself a message through that broker. CXX and CMAKE_GENERATOR are obeyed. What is built here is a
# shared library as a rule; FOLDER/library is configured for Debian in the end, for packages.sh.

set -u
[ $# = 4 ] || { sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
linkage=$1 source=$2 built=$3 folder=$4
installed=$folder/moved/qtamqp
here=$(cd "$(dirname "$0")" && pwd)
CXX=${CXX:-c++}

step() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
quietly() # COMMAND...: its output only if it fails
{
    "$@" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; fail "$*"; }
}
command -v pkg-config >/dev/null || { echo "skipped: pkg-config is not installed"; exit 77; }

# configure FOLDER CMAKE-ARGUMENT... and make FOLDER
configure()
{
    quietly cmake "${@:2}" -B "$1" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0
}
make() { quietly cmake --build "$1" --parallel "$(getconf _NPROCESSORS_ONLN)"; }

# install FOLDER: what was built there, to a folder that it knows nothing of. $lib and $qml are where it has libraries
# and QML modules.
install()
{
    DESTDIR=$folder/stage quietly cmake --install "$1" --prefix /opt/qtamqp
    mkdir -p "$folder/moved"
    mv "$folder/stage/opt/qtamqp" "$installed"
    lib=$installed/$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$1/CMakeCache.txt")
    qml=$installed/$(sed -n 's/^QTAMQP_QML_INSTALL_DIR:[A-Z]*=//p' "$1/CMakeCache.txt")
}

# ran PROGRAM: it says what a program says that works.
ran()
{
    local expected="example.com shop hello 42"$'\n'"QAmqpConnection 0" output
    [ -z "${QTAMQP_TEST_URL-}" ] || expected+=$'\n'"received hello"
    # Other tests make RabbitMQ short of memory meanwhile, which is logged: that is not looked at.
    output=$("$1" ${QTAMQP_TEST_URL:+"$QTAMQP_TEST_URL"} 2>"$folder/log") \
        || fail "$1: $output $(cat "$folder/log")"
    [ "$output" = "$expected" ] || fail "$1 said: $output"
}

# ran_test FOLDER: the example of a test, which needs no broker.
ran_test() { quietly "$1/testing/tst_orders"; }

# ran_quick PROGRAM: the same with the QML module, if there is one.
ran_quick()
{
    [ -x "$1" ] || { echo "no QML module: Qt6Qml was not found"; return; }
    local output
    output=$("$1" 2>&1) || fail "$1: $output" # it is linked with the module, and needs no path
    [ "$output" = "Not connected AmqpQueue" ] || fail "$1 said: $output"
}

# received_by_qml FOLDER: with the module there, the README's program, its URL aside, runs as it stands
# and receives the message that it sends.
received_by_qml()
{
    local log=$folder/qml.log program=$folder/hello.qml tries=0
    sed "s|amqp://localhost|$QTAMQP_TEST_URL|" "$source/examples/readme-qml/hello.qml" >"$program"
    QT_LOGGING_RULES="qt.amqp.frames=true" "$qml_tools/qml" -I "$1" "$program" >"$log" 2>&1 &
    local pid=$!
    until grep -q 'basic.deliver' "$log" || [ $((tries += 1)) -gt 900 ] || ! kill -0 $pid; do
        sleep 0.1
    done
    kill $pid
    wait $pid
    grep -q 'basic.deliver' "$log" || { cat "$log"; fail "nothing came to the README's QML program"; }
    ! grep -E 'hello.qml:|QtAmqp:' "$log" || fail "the README's QML program was warned"
}

# tested_alerts PROGRAM: the test of a user interface in examples/testing-qml, as its user builds it.
tested_alerts()
{
    [ -x "$1" ] || { echo "no module QtAmqp.Test, or no Qt Quick Test"; return; }
    QML_IMPORT_PATH=$qml QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=$folder quietly "$1"
}

# made_by_qml FOLDER: with the module there, a program in QML alone has all its types.
made_by_qml()
{
    local output types="QAmqpQuickConnection QAmqpQuickExchange QAmqpQuickQueue QAmqpQuickRpcClient QAmqpQuickOutbox QAmqpQuickMessageModel QAmqpQuickTestBroker"
    output=$(timeout 60 "$qml_tools/qml" -I "$1" "$here/types.qml" 2>&1) || fail "types.qml: $output"
    [ "$output" = "qml: $types used ''" ] || fail "types.qml said: $output"
    [ ! -x "$qml_tools/qmllint" ] || quietly "$qml_tools/qmllint" -I "$1" "$here/types.qml" \
        "$source"/examples/{*,*/*}/*.qml
}

# tested_by_qml PROGRAM: the tests of qml/quick, for an ordinary program that uses the module.
tested_by_qml()
{
    [ -x "$1" ] || { echo "Qt Quick Test was not found"; return; }
    local document
    for document in "$source"/tests/qml/quick/tst_*.qml; do
        QML_IMPORT_PATH=$qml "$1" -input "$document" >"$folder/log" 2>&1
        case $? in
        0) ;;
        77) echo "skipped for want of a broker: ${document##*/}" ;;
        *) cat "$folder/log"; fail "${document##*/}" ;;
        esac
    done
}

# What libQtAmqpTest and libQtAmqpOutbox take of the internals of a shared libQtAmqp: values/privateexport.h.
lent='QtAmqpPrivate::(FrameReader::|Assembler::|(checkTable|decodeTable|encodeTable|describeFrame)\()'
lent="$lent|QAmqpOutboxPrivate|QtAmqpPrivate::(rowOf|entryOf|newBoxId)\\("

# check_symbols LIBRARY HEADERS: strong symbols are the classes' and their free functions'. Weak ones are what
# templates and inline functions leave, and may be Qt's or the standard library's, whatever their arguments. None may
# be an internal's that is not lent: that is asked of the mangled name, which begins with whose it is.
check_symbols()
{
    local symbols=$folder/symbols strong='^[0-9a-f]+ [ABDRT] '
    nm -DC --defined-only "$1" >"$symbols"
    nm -D --defined-only "$1" | grep -E ' _Z(T[VIST]|GV)?N?[KVRO]*[0-9]+(QtAmqp|QAmqp[A-Za-z]*)Private' \
        | c++filt | grep -vE "$lent" && fail "internals are exported"
    grep -E "$strong" "$symbols" | grep -vE "QAmqp|qtAmqpVersion|$lent" && fail "what is not QtAmqp's is exported"
    sed -nE 's/^class Q_AMQP\w*_EXPORT (\w+).*/\1/p' "$2"/*.h | while read -r class; do
        grep -qE "$strong$class::" "$symbols" || fail "$class is not exported"
    done
}

rm -rf "$folder"
mkdir -p "$folder"
shared=OFF
abi_flags=
if [ "$linkage" = shared ]; then
    shared=ON
    # What src/packaging/abi.sh looks at; it costs next to nothing.
    abi_flags="-g -femit-struct-debug-baseonly -femit-class-debug-always"
    # shellcheck disable=SC2086 # two flags
    "$CXX" $abi_flags -E -x c++ /dev/null >/dev/null 2>&1 || abi_flags=
fi

step "add_subdirectory ($linkage)"
configure "$folder/add_subdirectory" -S "$here" -DQTAMQP_SOURCE="$source" -DBUILD_SHARED_LIBS=$shared \
    -DQTAMQP_BINARY="$folder/library" -DQTAMQP_INSTALL=ON -DQTAMQP_TOOL=ON -DQTAMQP_PCH=ON \
    -DCMAKE_INSTALL_PREFIX=/opt/qtamqp -DCMAKE_CXX_FLAGS="$abi_flags"
if grep -q "^BUILD_SHARED_LIBS:BOOL=$shared\$" "$built/CMakeCache.txt"; then
    install "$built"
else
    make "$folder/add_subdirectory"
    ran "$folder/add_subdirectory/consumer"
    ran_test "$folder/add_subdirectory"
    ran_quick "$folder/add_subdirectory/quick"
    install "$folder/add_subdirectory"
fi
grep -rlE "$folder|$source|$built|/opt/qtamqp" "$installed/include" "$lib"/{cmake,pkgconfig} \
    && fail "these know where they were built"
for library in QtAmqp QtAmqpOutbox QtAmqpTest; do
    diff <(ls "$source/include/$library") <(ls "$installed/include/$library") || fail "headers differ"
done
if [ "$linkage" = shared ]; then
    for library in QtAmqp QtAmqpOutbox QtAmqpTest; do
        check_symbols "$lib/lib$library.so" "$source/include/$library" \
            || fail "symbols of the shared library $library"
    done
    for library in QtAmqpOutbox QtAmqpTest; do
        ldd -r "$lib/lib$library.so" | grep 'undefined symbol' && fail "lib$library is not whole"
    done
fi
quietly "$installed/bin/qamqp" --version # finds a shared library beside it

# The reference, where the build has it: each class is in the index of the file for Assistant and Qt Creator.
docs=$installed/$(sed -n 's/^QTAMQP_DOCS_INSTALL_DIR:[A-Z]*=//p' "$built/CMakeCache.txt")
help=$docs/qtamqp.qch
if grep -qs '^QTAMQP_DOCS:BOOL=ON$' "$built/CMakeCache.txt" && [ "$linkage" = static ]; then
    step "the reference"
    [ -f "$docs/qtamqp/qtamqp-index.html" ] || fail "the HTML is not installed"
    grep -qaF io.qtamqp "$help" || fail "$help has no namespace"
    for class in QAmqpConnection QAmqpBlockingChannel QAmqpFileOutbox QAmqpTestBroker AmqpQueue AmqpTestBroker; do
        grep -qaF "$class" "$help" || fail "$help does not have $class"
    done
fi

step "find_package"
configure "$folder/find_package" -S "$here" -DCMAKE_PREFIX_PATH="$installed" \
    -DQTAMQP_QUICK_TESTS=$shared
make "$folder/find_package"
ran "$folder/find_package/consumer"
ran_test "$folder/find_package"
quietly "$folder/find_package/outbox" "$folder/box"
ran_quick "$folder/find_package/quick"
tested_alerts "$folder/find_package/alerts"

step "the README's program"
mkdir -p "$folder/readme"
awk '/^```cmake$/ { inside = 1; text = ""; next }
     /^```$/ { if (inside && text ~ /add_executable/) printf "%s", text; inside = 0 }
     inside { text = text $0 "\n" }' "$source/README.md" >"$folder/readme/CMakeLists.txt"
cp "$source/examples/readme/main.cpp" "$folder/readme/yourapp.cpp"
configure "$folder/readme/build" -S "$folder/readme" -DCMAKE_PREFIX_PATH="$installed"
make "$folder/readme/build"
[ -x "$folder/readme/build/yourapp" ] || fail "README.md shows no whole CMakeLists.txt"

if [ -d "$installed/share/doc/qtamqp/examples" ]; then
    step "the examples find what is installed"
    configure "$folder/examples" -S "$installed/share/doc/qtamqp/examples" -DCMAKE_PREFIX_PATH="$installed"
fi

# told_why EXPECTED CMAKE-ARGUMENT...: who needs a component is told why it is not there; who can do without it
# configures.
told_why()
{
    local asks=(-U'CMAKE_DISABLE_*' "${@:2}" -S "$here" -DCMAKE_PREFIX_PATH="$installed")
    configure "$folder/without" "${asks[@]}" -DQTAMQP_ASKS_FOR=OPTIONAL_COMPONENTS
    cmake "${asks[@]}" -B "$folder/without" -DQTAMQP_ASKS_FOR=COMPONENTS >"$folder/log" 2>&1 \
        && fail "a missing component was not told"
    tr -s ' \n' ' ' <"$folder/log" | grep -qF "$1" || { cat "$folder/log" >&2; fail "not told: $1"; }
}
# told_without LIBRARY EXPECTED: the same while a library is missing.
told_without()
{
    step "find_package, without $1"
    mv "$lib/cmake/QtAmqp/$linkage/$1Targets.cmake" "$folder"
    told_why "$2"
    mv "$folder/$1Targets.cmake" "$lib/cmake/QtAmqp/$linkage"
}
told_without QtAmqpOutbox "Debian: install libqtamqp-dev and libqtamqp-outbox1. From source: build QtAmqp with \
-DQTAMQP_OUTBOX=ON"
told_without QtAmqpTest "Debian: install libqtamqp-test-dev. From source: build QtAmqp with -DQTAMQP_TEST_LIBRARY=ON"
if [ -x "$folder/find_package/quick" ]; then
    step "find_package, without QtQml"
    told_why "needs Qt6Qml (Debian: qt6-declarative-dev)" -DCMAKE_DISABLE_FIND_PACKAGE_Qt6Qml=ON
    told_without QtAmqpQuick "Debian: install libqtamqp-dev and qml6-module-qtamqp. From source: build QtAmqp with \
-DQTAMQP_QML=ON"
    told_without QtAmqpTestQuick "this QtAmqp was installed without the QML module for tests"
fi
step "find_package, without the other kind of library"
other=ON
[ $shared = ON ] || other=OFF
cmake -S "$here" -B "$folder/without" -DCMAKE_PREFIX_PATH="$installed" -DQtAmqp_USE_STATIC_LIBS=$other \
    >"$folder/log" 2>&1 && fail "the other kind of library was found"
tr -s ' \n' ' ' <"$folder/log" | grep -q "not installed as a [a-z]* library, which QtAmqp_USE_STATIC_LIBS asks for" \
    || { cat "$folder/log" >&2; fail "the missing kind of library was not told"; }

qml_tools=/usr/lib/qt6/bin
export QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=$folder
if [ "$linkage" = shared ] && [ -x "$qml_tools/qml" ]; then
    step "QML programs, without a broker"
    chmod 700 "$folder"
    made_by_qml "$qml"
    quietly "$here/preview.sh" "$qml" "$source" "$folder/preview"
    step "QML tests"
    tested_by_qml "$folder/find_package/quicktests"
    if [ -n "${QTAMQP_TEST_URL-}" ]; then
        step "the README's QML program"
        received_by_qml "$folder/library/qml"
        received_by_qml "$qml"
    fi
fi

step "pkg-config"
export PKG_CONFIG_PATH=$lib/pkgconfig
name=QtAmqp
[ $shared = ON ] || name=QtAmqpStatic
flags=$(pkg-config --cflags --libs $name) || fail "pkg-config"
case "$linkage $flags" in
static*-DQTAMQP_STATIC* | shared*) ;;
*) fail "a user of the static library needs QTAMQP_STATIC: $flags" ;;
esac
# shellcheck disable=SC2086 # a list of flags
quietly "$CXX" -std=c++17 "$here/consumer.cpp" -o "$folder/consumer" $flags
LD_LIBRARY_PATH=$lib ran "$folder/consumer"
for package in "$lib"/pkgconfig/*.pc; do
    package=${package##*/}
    quietly pkg-config --cflags --libs "${package%.pc}"
done

if [ "$built" != "$folder/library" ] && [ $shared = ON ]; then
    step "the build as Debian has it"
    quietly cmake -S "$here" -B "$folder/add_subdirectory" -UCMAKE_INSTALL_LIBDIR -U'QTAMQP_*_DIR' \
        -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_SKIP_INSTALL_RPATH=ON
fi

step "done"
