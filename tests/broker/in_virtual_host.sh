#!/bin/sh
# Runs a command with QTAMQP_TEST_URL and QTAMQP_TEST_TLS_URL naming a virtual host of its own. Without a
# node, or with one that has no such host, the command runs all the same, with the URLs as they are.
#
#   in_virtual_host.sh NAME COMMAND [ARGUMENT...]

name=$1
shift
if [ -n "${QTAMQP_TEST_VIRTUAL_HOSTS-}" ] && grep -qxF "$name" "$QTAMQP_TEST_VIRTUAL_HOSTS"; then
    export QTAMQP_TEST_URL="$QTAMQP_TEST_URL/$name" QTAMQP_TEST_TLS_URL="$QTAMQP_TEST_TLS_URL/$name"
    export QTAMQP_TEST_VIRTUAL_HOST="$name"
fi
exec "$@"
