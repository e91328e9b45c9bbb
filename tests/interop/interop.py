#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""The same messages through QtAmqp and through other clients, in both directions.

    interop.py QAMQP PEER [alarms] [ARGUMENTS OF UNITTEST]

The others are Pika (package python3-pika) and librabbitmq's tools (package amqp-tools). QAMQP is our
command-line tool, PEER the program made of peer.cpp, for what the tool does not do. With "alarms" it is
what makes RabbitMQ short of memory, beside which nothing else may run; without, all the rest.
"""

import sys
import unittest

import alarms
import common  # pylint: disable=unused-import  # first, since it may skip all
import features
import messages
import values


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(map(loader.loadTestsFromModule, MODULES))


if __name__ == "__main__":
    del sys.argv[1:3]
    MODULES = (messages, values, features)
    if sys.argv[1:2] == ["alarms"]:
        del sys.argv[1]
        MODULES = (alarms,)
    unittest.main()
