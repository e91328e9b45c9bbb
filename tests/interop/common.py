# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""What the tests share: the node, the programs, and a queue for each test.

The node is named by QTAMQP_TEST_URL; interop.py gives the programs. Whatever is missing ends the run
with 77, saying why.
"""

import base64
import json
import os
import shutil
import struct
import subprocess
import sys
import unittest
import unittest.mock


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


URL = os.environ.get("QTAMQP_TEST_URL") or skip("no broker: QTAMQP_TEST_URL is not set")
QAMQP, PEER = sys.argv[1:3]
if not shutil.which("amqp-get"):
    skip("librabbitmq's tools are missing (package amqp-tools)")
try:
    import pika
except ImportError:
    skip("Pika is missing (package python3-pika)")


class Wire:
    """A table's value as it stands on the wire: tag and bytes.

    Pika 1.2 reads some types wrongly (int8 and uint8 are swapped, floats lose their fraction) and
    writes only some of them; with this in place of its own values it carries all of them.
    """

    def __init__(self, tag, raw):
        self.tag, self.raw = tag, bytes(raw)

    def __eq__(self, other):
        return isinstance(other, Wire) and (self.tag, self.raw) == (other.tag, other.raw)

    def __repr__(self):
        return "%s %s" % (self.tag, self.raw.hex())


def write_value(pieces, value, write=pika.data.encode_value):
    if not isinstance(value, Wire):
        return write(pieces, value)
    pieces.append(value.tag + value.raw)
    return 1 + len(value.raw)


# The types of fixed size; the others have their size in front, V has none.
FIXED = {b"t": 1, b"b": 1, b"B": 1, b"s": 2, b"u": 2, b"I": 4, b"i": 4, b"l": 8, b"f": 4, b"d": 8,
         b"D": 5, b"T": 8, b"V": 0}


def read_value(encoded, offset):
    tag = encoded[offset:offset + 1]
    size = FIXED.get(tag)
    if size is None:
        size = 4 + struct.unpack_from(">I", encoded, offset + 1)[0]
    return Wire(tag, encoded[offset + 1:offset + 1 + size]), offset + 1 + size


pika.data.encode_value = write_value


def longstr(raw):
    return struct.pack(">I", len(raw)) + raw


def table(**entries):
    return longstr(b"".join(bytes([len(name.encode())]) + name.encode() + tag + raw
                            for name, (tag, raw) in entries.items()))


def run(*command, stdin=b""):
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)
    if done.returncode or done.stderr:
        raise AssertionError("%s: status %d, %s" % (command[:3], done.returncode, done.stderr))
    return done.stdout


def qamqp(*arguments, stdin=b""):
    return run(QAMQP, "--url", URL, *arguments, stdin=stdin)


def qamqp_get(queue):
    """The message that lies first in the queue, and its body."""
    message = json.loads(qamqp("get", queue, "--json"))
    if "body" in message:
        return message, message["body"].encode()
    return message, base64.b64decode(message["body_base64"])


class Peer:
    """Our side where qamqp is not enough: tests/interop/peer.cpp."""

    def __init__(self):
        self.program = subprocess.Popen([PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answer()

    def answer(self):
        return self.program.stdout.readline().decode().rstrip("\n")

    def __call__(self, *words):
        self.program.stdin.write((" ".join(word or "-" for word in words) + "\n").encode())
        self.program.stdin.flush()
        return self.answer()

    def close(self):
        self.program.communicate(timeout=60)
        return self.program.returncode


class Interop(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.connection = pika.BlockingConnection(pika.URLParameters(URL))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.queue = self.channel.queue_declare("interop", durable=False).method.queue
        self.channel.queue_purge(self.queue)

    def tearDown(self):
        self.channel.queue_delete(self.queue)
        self.connection.close()

    def pika_publish(self, body, **properties):
        self.channel.basic_publish("", self.queue, body, pika.BasicProperties(**properties))

    def pika_get(self):
        with unittest.mock.patch.object(pika.data, "decode_value", read_value):
            method, properties, body = self.channel.basic_get(self.queue, auto_ack=True)
        self.assertIsNotNone(method)
        return properties, body

    def assert_same_body(self, given, expected):
        self.assertTrue(given == expected, "%d bytes instead of %d" % (len(given), len(expected)))

    def peer(self):
        peer = Peer()
        self.addCleanup(lambda: self.assertEqual(peer.close(), 0))
        return peer

    def declare(self, name, **arguments):
        """Another queue of this connection, by Pika."""
        queue = self.channel.queue_declare(name, exclusive=False, **arguments).method.queue
        self.addCleanup(run, QAMQP, "--url", URL, "delete", "queue", queue)
        return queue
