#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# A private RabbitMQ node on loopback: free ports, its own data, cookie, epmd and certificates, all
# in one folder; nothing outside is touched, and no system service is needed or disturbed.
#
#   node.sh start FOLDER [FILE...]    starts it (anew if it runs) and writes FOLDER/env, to be sourced
#   node.sh stop FOLDER               stops it; without a node it does nothing
#   node.sh own FOLDER [COUNT]        starts one node, or a cluster of several, for one test alone: FOLDER/1 and so on,
#                                     each with its env and the virtual host "another", without TLS and management;
#                                     "stop FOLDER" ends all of them
#   node.sh kill FOLDER               ends a node by SIGKILL, as a machine that fails does
#   node.sh restart FOLDER            starts a node that was killed, with its data and ports
#   node.sh certificates FOLDER       makes no more than the certificates of a broker and a client
#
# Each line of a FILE names a virtual host that the node has besides "/".
# FOLDER/env exports QTAMQP_TEST_URL, QTAMQP_TEST_TLS_URL, QTAMQP_TEST_MANAGEMENT_PORT, QTAMQP_TEST_CA,
# QTAMQP_TEST_CERT, QTAMQP_TEST_KEY (a client's certificate, of the user "client"), QTAMQP_TEST_CTL (rabbitmqctl for this
# node) and QTAMQP_TEST_VIRTUAL_HOSTS (a file that lists them).

set -u
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "$0")/setup.sh"

usage()
{
    sed -n '5,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

scripts=/usr/lib/rabbitmq/bin # not /usr/sbin, whose wrappers insist on the system's user and folders

# free_port: a port nobody listens on, below the range the system hands out to clients.
free_port()
{
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        [[ " $taken " == *" $port "* ]] && continue
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    taken+=" $port"
    REPLY=$port
}
taken=

make_certificates()
{
    local tls=$1 name key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    mkdir -p "$tls"
    openssl req -x509 "${key[@]}" -days 3650 -subj "/CN=QtAmqp test CA" \
        -keyout "$tls/ca.key" -out "$tls/ca.pem" || return 1
    for name in server client; do
        openssl req "${key[@]}" -subj "/CN=$name" \
            -keyout "$tls/$name.key" -out "$tls/$name.csr" || return 1
        openssl x509 -req -in "$tls/$name.csr" -days 3650 -CA "$tls/ca.pem" -CAkey "$tls/ca.key" \
            -set_serial "0x$(openssl rand -hex 8)" -out "$tls/$name.pem" -extfile <(
                echo "basicConstraints=CA:FALSE"
                echo "extendedKeyUsage=${name}Auth"
                [ "$name" = client ] || echo "subjectAltName=DNS:localhost,IP:127.0.0.1"
            ) || return 1
    done
    # Readable also if RabbitMQ runs as another user than the tests.
    chmod 644 "$tls"/*.key
}

# Users and virtual hosts. The password of "client" is nobody's: its certificate is what lets it in.
write_definitions()
{
    local names host user
    mapfile -t names <"$folder/virtualhosts.txt"
    echo '{"users":[{"name":"guest","password":"guest","tags":"administrator"},'
    echo '{"name":"client","password":"unused","tags":""}],'
    echo '"vhosts":[{"name":"/"}'
    for host in "${names[@]}"; do
        printf ',{"name":"%s"}\n' "$host"
    done
    echo '],"permissions":['
    for host in / "${names[@]}"; do
        for user in guest client; do
            [ "$host $user" = "/ guest" ] || echo ,
            printf '{"user":"%s","vhost":"%s","configure":".*","write":".*","read":".*"}' "$user" "$host"
        done
    done
    echo ']}'
}

write_configuration()
{
    cat >"$folder/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:$amqp_port
listeners.ssl.1 = 127.0.0.1:$tls_port
ssl_options.cacertfile = $folder/tls/ca.pem
ssl_options.certfile = $folder/tls/server.pem
ssl_options.keyfile = $folder/tls/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = AMQPLAIN
auth_mechanisms.3 = EXTERNAL
auth_mechanisms.4 = RABBIT-CR-DEMO
disk_free_limit.absolute = 10MB
max_message_size = 33554432
management.tcp.ip = 127.0.0.1
management.tcp.port = $management_port
management.rates_mode = none
load_definitions = $folder/definitions.json
log.file.level = info
log.console = false
END
    write_definitions >"$folder/definitions.json"
}

# What a node has that a test starts: it is to start soon, and to leave the processors to others.
write_own_configuration()
{
    cat >"$folder/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:$amqp_port
disk_free_limit.absolute = 10MB
log.file.level = info
log.console = false
load_definitions = $folder/definitions.json
cluster_formation.peer_discovery_backend = classic_config
END
    local number
    for ((number = 1; number <= count; ++number)); do
        echo "cluster_formation.classic_config.nodes.$number = qtamqp$number@localhost"
    done >>"$folder/rabbitmq.conf"
    own=(QTAMQP_OWN="${folder%/*}" ${QTAMQP_RUN:+QTAMQP_RUN="$QTAMQP_RUN"})
    scheduling="+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
}
own=()
scheduling=

# make_environment NAME: that of the node and of rabbitmqctl; nothing of the caller's gets in.
make_environment()
{
    mkdir -p "$folder"/{data,log} "$home"
    : >"$folder/rabbitmq-env.conf"
    # Names are found also where no DNS and no /etc/hosts knows localhost.
    echo '{host, {127,0,0,1}, ["localhost"]}. {lookup, [file, native]}.' >"$folder/inetrc"
    environment=(
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        LANG=C.UTF-8
        HOME="$home"
        QTAMQP_NODE="$folder"
        "${own[@]}"
        ERL_EPMD_ADDRESS=127.0.0.1
        ERL_EPMD_PORT="$epmd_port"
        ERL_INETRC="$folder/inetrc"
        ERL_CRASH_DUMP="$folder/log/erl_crash.dump"
        RABBITMQ_NODENAME="$1@localhost"
        RABBITMQ_DIST_PORT="$dist_port"
        RABBITMQ_CONF_ENV_FILE="$folder/rabbitmq-env.conf"
        RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf"
        RABBITMQ_ADVANCED_CONFIG_FILE="$folder/advanced.config"
        RABBITMQ_GENERATED_CONFIG_DIR="$folder/data/config"
        RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins"
        RABBITMQ_MNESIA_BASE="$folder/data"
        RABBITMQ_LOG_BASE="$folder/log"
        RABBITMQ_LOGS="$folder/log/node.log"
        RABBITMQ_PID_FILE="$folder/data/rabbitmq.pid"
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} $scheduling"
        RABBITMQ_CTL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
    )
    {
        echo '#!/bin/sh'
        printf "exec env -i"
        printf " '%s'" "${environment[@]}"
        printf ' %s/rabbitmqctl "$@"\n' "$scripts"
    } >"$folder/ctl"
    chmod 755 "$folder/ctl"
    printf '%s\n' "${environment[@]}" >"$folder/environment" # for restart
    echo "$amqp_port" >"$folder/port"
}

# in_background NAME COMMAND...: in a session of its own, which Ctrl-C in a terminal does not reach, and
# without the lock that examples/run.sh has open.
# It records its own id, so that there is no moment at which it runs unrecorded. (To RabbitMQ's
# script RUNNING_UNDER_SYSTEMD says only to become the node instead of waiting for it.)
in_background()
{
    local name=$1
    shift
    # shellcheck disable=SC2016 # expanded by the inner shell
    (cd "$folder" && exec env -i "${environment[@]}" RUNNING_UNDER_SYSTEMD=yes \
        setsid sh -c 'echo $$ >"$1"; shift; exec "$@"' sh "$folder/$name.pid" "$@") \
        </dev/null >"$folder/log/$name.out" 2>&1 9>&- &
    disown
}

recorded_pid()
{
    cat "$folder/$1.pid" 2>/dev/null
}

alive()
{
    local pid
    pid=$(recorded_pid "$1") && grep -qszxF -- "QTAMQP_NODE=$folder" "/proc/$pid/environ"
}

# answers PORT: true if AMQP's greeting gets a method frame (type 1) in reply.
answers()
{
    [ "$(exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'AMQP\0\0\011\001' >&3 \
        && timeout 2 head -c 1 <&3 | od -An -tu1 | tr -d ' ')" = 1 ] 2>/dev/null
}

# Started here, epmd is a child to be stopped; left to Erlang it would stay behind for ever.
start_epmd()
{
    in_background epmd epmd -address 127.0.0.1 -port "$epmd_port"
    local tries=100
    until (exec 3<>"/dev/tcp/127.0.0.1/$epmd_port") 2>/dev/null; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.05
    done
}

await_node()
{
    local deadline=$((SECONDS + 90))
    until answers "$(cat "$folder/port")" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
        alive node || return 1
    done
}

launch()
{
    free_port && amqp_port=$REPLY
    free_port && tls_port=$REPLY
    free_port && management_port=$REPLY
    free_port && dist_port=$REPLY
    free_port && epmd_port=$REPLY
    home=$folder/home
    make_environment qtamqp
    write_configuration
    start_epmd || return 1
    in_background node "$scripts/rabbitmq-server"
    await_node
}

# launch_own BASE: they share one epmd and one cookie. All start at once; each waits for the first.
launch_own()
{
    local base=$1 number
    home=$base/home
    mkdir -p "$home"
    (umask 077 && openssl rand -hex 20 >"$home/.erlang.cookie")
    free_port && epmd_port=$REPLY
    for ((number = 1; number <= count; ++number)); do
        folder=$base/$number
        free_port && amqp_port=$REPLY
        free_port && dist_port=$REPLY
        mkdir -p "$folder"
        echo another >"$folder/virtualhosts.txt"
        write_definitions >"$folder/definitions.json"
        write_own_configuration
        make_environment "qtamqp$number"
        echo '[].' >"$folder/enabled_plugins"
        [ "$number" -gt 1 ] || start_epmd || return 1
        in_background node "$scripts/rabbitmq-server"
    done
    for ((number = 1; number <= count; ++number)); do
        folder=$base/$number
        await_node || return 1
        cat >"$folder/env" <<END
export QTAMQP_TEST_URL=amqp://guest:guest@127.0.0.1:$(cat "$folder/port")
export QTAMQP_TEST_CTL=$folder/ctl
END
    done
}

explain_failure()
{
    local file
    echo "node.sh: RabbitMQ did not start in $folder; what it said:" >&2
    for file in "$folder"/log/{tls,epmd,node}.out "$folder/log/node.log"; do
        [ -s "$file" ] || continue
        echo "--- $file"
        grep -m 12 '\[error\]' "$file" || tail -n 25 "$file"
    done >&2
    exit 1
}

# prepare FILE: empties the folder, which is a node's if it has FILE, and sees to it that nothing stays behind.
prepare()
{
    [ -x "$scripts/rabbitmq-server" ] || fail "RabbitMQ is not installed (package rabbitmq-server)"
    case $folder in *[\'\"[:space:]]*) fail "the path $folder has a space or quote in it" ;; esac
    if [ -n "$(ls -A "$folder" 2>/dev/null)" ] && [ ! -e "$folder/$1" ]; then
        fail "$folder is not empty and not a node's folder; it would be emptied"
    fi
    stop || exit 1
    rm -rf "${folder:?}"
    mkdir -p "$folder/log"
    started=
    whole=$folder
    trap '[ -n "$started" ] || { trap "" INT TERM HUP; folder=$whole; stop; }' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

start()
{
    prepare enabled_plugins
    sort -u -- "$@" /dev/null >"$folder/virtualhosts.txt" || exit 1
    echo '[rabbitmq_auth_mechanism_ssl,rabbitmq_management].' >"$folder/enabled_plugins"
    make_certificates "$folder/tls" >"$folder/log/tls.out" 2>&1 || explain_failure
    if ! launch; then
        # Somebody may have taken a port between the choice and the use: once more, with others.
        grep -qs eaddrinuse "$folder"/log/{epmd,node}.out "$folder/log/node.log" || explain_failure
        if ! stop || ! launch; then
            explain_failure
        fi
    fi
    cat >"$folder/env" <<END
export QTAMQP_TEST_URL=amqp://guest:guest@127.0.0.1:$amqp_port
export QTAMQP_TEST_TLS_URL=amqps://guest:guest@localhost:$tls_port
export QTAMQP_TEST_MANAGEMENT_PORT=$management_port
export QTAMQP_TEST_CA=$folder/tls/ca.pem
export QTAMQP_TEST_CERT=$folder/tls/client.pem
export QTAMQP_TEST_KEY=$folder/tls/client.key
export QTAMQP_TEST_CTL=$folder/ctl
export QTAMQP_TEST_VIRTUAL_HOSTS=$folder/virtualhosts.txt
END
    started=yes
}

own()
{
    prepare home
    # Somebody may have taken a port between the choice and the use: once more, with others.
    launch_own "$whole" || { folder=$whole && stop && launch_own "$whole"; } || explain_failure
    started=yes
}

end_by_kill()
{
    local tries=100
    alive node || fail "no node runs in $folder"
    kill -KILL "$(recorded_pid node)"
    while alive node && [ $((tries -= 1)) -gt 0 ]; do
        sleep 0.1
    done
    ! alive node
}

restart()
{
    ! alive node || fail "the node in $folder runs"
    mapfile -t environment <"$folder/environment"
    in_background node "$scripts/rabbitmq-server"
    await_node || explain_failure
}

# TERM to the node alone, so that it closes its files; then whatever of it is left, epmd included.
stop()
{
    local tries pid pids
    pids=$(marked_processes "QTAMQP_OWN=$folder") # nobody needs their data any more
    # shellcheck disable=SC2086 # a list of ids
    [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
    await_end 10 "QTAMQP_OWN=$folder" || return 1
    pids="$(recorded_pid node) $(recorded_pid epmd)"
    if alive node; then
        kill -TERM "$(recorded_pid node)" 2>/dev/null
        tries=150
        while alive node && [ $((tries -= 1)) -gt 0 ]; do
            sleep 0.1
        done
    fi
    if ! end_processes "QTAMQP_NODE=$folder" 3; then
        echo "node.sh: still running: $(marked_processes "QTAMQP_NODE=$folder" | tr '\n' ' ')" >&2
        return 1
    fi
    # The system's first process collects what they leave; by then they are gone from every list.
    tries=20
    for pid in $pids; do
        while kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do
            sleep 0.1
        done
    done
    rm -f "$folder"/{node,epmd}.pid "$folder/env"
}

[ $# -ge 2 ] || usage
folder=$(realpath -m -- "$2")
case $1 in
start) start "${@:3}" ;;
stop) [ $# = 2 ] || usage; stop ;;
own) count=${3:-1}; own ;;
kill) [ $# = 2 ] || usage; end_by_kill ;;
restart) [ $# = 2 ] || usage; restart ;;
certificates) make_certificates "$folder" >/dev/null 2>&1 ;;
*) usage ;;
esac
