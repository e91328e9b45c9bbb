#!/bin/sh
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Runs a command with QTAMQP_TEST_URL and QTAMQP_TEST_TLS_URL naming a virtual host of its own. With a node
# that has no such host the command runs all the same, with the URLs as they are. An argument {url} stands
# for QTAMQP_TEST_URL; such a command is skipped (77) without a node.
#
#   in_virtual_host.sh NAME COMMAND [ARGUMENT...]

name=$1
shift
if [ -n "${QTAMQP_TEST_VIRTUAL_HOSTS-}" ] && grep -qxF "$name" "$QTAMQP_TEST_VIRTUAL_HOSTS"; then
    export QTAMQP_TEST_URL="$QTAMQP_TEST_URL/$name" QTAMQP_TEST_TLS_URL="$QTAMQP_TEST_TLS_URL/$name"
fi
for argument; do
    shift
    if [ "$argument" = "{url}" ]; then
        argument=${QTAMQP_TEST_URL-}
        [ -n "$argument" ] || { echo "no broker: QTAMQP_TEST_URL is not set"; exit 77; }
    fi
    set -- "$@" "$argument"
done
exec "$@"
