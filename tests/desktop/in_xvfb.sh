#!/bin/sh
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# Runs a command in a window system of its own that has no screen.
#
#   in_xvfb.sh COMMAND [ARGUMENT...]

for needed in xvfb-run xauth; do
    command -v "$needed" >/dev/null \
        || { echo "there is no $needed here (Debian package xvfb or xauth)"; exit 77; }
done
exec xvfb-run -a -s '-screen 0 1600x1200x24' "$@"
