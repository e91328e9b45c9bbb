#!/usr/bin/env python3
"""The same messages through qamqp and through other clients, in both directions.

The others are Pika (package python3-pika) and librabbitmq's tools (package amqp-tools). The node is
named by QTAMQP_TEST_URL, the program by the first argument. Ends with 77, saying why, if one of them
is missing.
"""

import base64
import datetime
import decimal
import json
import os
import random
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
QAMQP = sys.argv.pop(1)
if not shutil.which("amqp-get"):
    skip("librabbitmq's tools are missing (package amqp-tools)")
try:
    import pika
except ImportError:
    skip("Pika is missing (package python3-pika)")


class Wire:
    """A table's value as it stands on the wire: tag and octets.

    Pika 1.2 reads some types wrongly (int8 and uint8 are swapped, floats lose their fraction) and
    writes only some of them; with this in place of its own values it carries all of them.
    """

    def __init__(self, tag, octets):
        self.tag, self.octets = tag, bytes(octets)

    def __eq__(self, other):
        return isinstance(other, Wire) and (self.tag, self.octets) == (other.tag, other.octets)

    def __repr__(self):
        return "%s %s" % (self.tag, self.octets.hex())


def write_value(pieces, value, write=pika.data.encode_value):
    if not isinstance(value, Wire):
        return write(pieces, value)
    pieces.append(value.tag + value.octets)
    return 1 + len(value.octets)


def read_value(encoded, offset, read=pika.data.decode_value):
    _, end = read(encoded, offset)
    return Wire(encoded[offset:offset + 1], encoded[offset + 1:end]), end


pika.data.encode_value = write_value


def longstr(octets):
    return struct.pack(">I", len(octets)) + octets


def table(**entries):
    return longstr(b"".join(bytes([len(name)]) + name.encode() + tag + octets
                            for name, (tag, octets) in entries.items()))


# Type, text for --header, value in JSON, tag and octets on the wire.
VALUES = [
    ("bool", "true", True, b"t", b"\x01"),
    ("bool", "false", False, b"t", b"\x00"),
    ("int8", "-128", -128, b"b", b"\x80"),
    ("uint8", "255", 255, b"B", b"\xff"),
    ("int16", "-2", -2, b"s", b"\xff\xfe"),
    ("uint16", "65535", 65535, b"u", b"\xff\xff"),
    ("int32", "-2147483648", -2147483648, b"I", b"\x80\0\0\0"),
    ("uint32", "4294967295", 4294967295, b"i", b"\xff\xff\xff\xff"),
    ("int64", "-9223372036854775808", -9223372036854775808, b"l", b"\x80" + bytes(7)),
    ("int64", "9223372036854775807", 9223372036854775807, b"l", b"\x7f" + b"\xff" * 7),
    ("float", "0.1", 0.1, b"f", struct.pack(">f", 0.1)),
    ("double", "-1.5e300", -1.5e300, b"d", struct.pack(">d", -1.5e300)),
    ("decimal", "-12.50", "-12.50", b"D", struct.pack(">Bi", 2, -1250)),
    ("string", "", "", b"S", longstr(b"")),
    ("string", "Grüße, 世界=:", "Grüße, 世界=:", b"S", longstr("Grüße, 世界=:".encode())),
    ("string", "x" * 50000, "x" * 50000, b"S", longstr(b"x" * 50000)),
    ("bytes", "AP8=", "AP8=", b"x", longstr(b"\x00\xff")),
    ("timestamp", "1700000000", 1700000000, b"T", struct.pack(">Q", 1700000000)),
    ("array", '[1, "ü", null]',
     [{"type": "int32", "value": 1}, {"type": "string", "value": "ü"}, {"type": "void", "value": None}],
     b"A", longstr(b"I\0\0\0\1" + b"S" + longstr("ü".encode()) + b"V")),
    ("table", '{"a": {"type": "int8", "value": 5}, "b": {"c": true}}',
     {"a": {"type": "int8", "value": 5},
      "b": {"type": "table", "value": {"c": {"type": "bool", "value": True}}}},
     b"F", table(a=(b"b", b"\x05"), b=(b"F", table(c=(b"t", b"\x01"))))),
    ("void", "", None, b"V", b""),
]

PROPERTIES = {
    "content_type": "text/plän",
    "content_encoding": "gzip",
    "delivery_mode": 2,
    "priority": 7,
    "correlation_id": "ü" * 127 + "x",
    "reply_to": "réponse",
    "expiration": "3600000",
    "message_id": "m-1",
    "timestamp": 1700000000,
    "type": "t",
    "user_id": "guest",
    "app_id": "app",
    "cluster_id": "cluster",
}

LONG_NAME = "ñ" * 127 + "n"  # 255 octets of UTF-8


def bodies():
    yield "empty", b""
    yield "text", "Grüße, 世界\n".encode()
    noise = random.Random(20261121)
    # Around the largest body frame (131072 octets less 8), and above one frame.
    for size in (1, 131064, 131065, 1 << 20, 10 << 20):
        yield "%d octets" % size, noise.randbytes(size)


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
        self.assertTrue(given == expected, "%d octets instead of %d" % (len(given), len(expected)))

    def test_bodies_to_pika(self):
        for name, body in bodies():
            with self.subTest(name):
                qamqp("publish", "-q", self.queue, stdin=body)
                self.assert_same_body(self.pika_get()[1], body)

    def test_bodies_from_pika(self):
        for name, body in bodies():
            with self.subTest(name):
                self.pika_publish(body)
                self.assert_same_body(qamqp_get(self.queue)[1], body)
                self.pika_publish(body)
                self.assert_same_body(qamqp("consume", self.queue, "--count", "1"), body + b"\n")

    def test_bodies_to_librabbitmq(self):
        for name, body in bodies():
            with self.subTest(name):
                qamqp("publish", "-q", self.queue, stdin=body)
                self.assert_same_body(run("amqp-get", "-u", URL, "-q", self.queue), body)
                qamqp("publish", "-q", self.queue, stdin=body)
                consumed = run("amqp-consume", "-u", URL, "-q", self.queue, "-c", "1", "cat")
                self.assert_same_body(consumed, body)

    def test_bodies_from_librabbitmq(self):
        for name, body in bodies():
            with self.subTest(name):
                run("amqp-publish", "-u", URL, "-r", self.queue, stdin=body)
                self.assert_same_body(qamqp_get(self.queue)[1], body)

    def test_lines_from_and_to_librabbitmq(self):
        run("amqp-publish", "-u", URL, "-r", self.queue, "-l", stdin="eins\nzwölf\n".encode())
        # It leaves each line its end.
        self.assertEqual(qamqp("consume", self.queue, "-n", "2").decode(), "eins\n\nzwölf\n\n")
        qamqp("publish", "-q", self.queue, "--lines", stdin="eins\nzwölf".encode())
        got = [run("amqp-get", "-u", URL, "-q", self.queue).decode() for _ in range(2)]
        self.assertEqual(got, ["eins", "zwölf"])

    def test_properties_to_pika(self):
        options = []
        for name, value in PROPERTIES.items():
            options += ["--" + name.replace("_", "-"), str(value)]
        qamqp("publish", "-q", self.queue, "--header", "h=string:x", *options, "body")
        properties, body = self.pika_get()
        self.assertEqual(body, b"body")
        self.assertEqual({name: getattr(properties, name) for name in PROPERTIES}, PROPERTIES)
        self.assertEqual(properties.headers, {"h": Wire(b"S", longstr(b"x"))})

    def test_properties_from_pika(self):
        self.pika_publish(b"body", headers={"h": "x"}, **PROPERTIES)
        given = qamqp_get(self.queue)[0]["properties"]
        self.assertEqual(given, dict(PROPERTIES, headers={"h": {"type": "string", "value": "x"}}))
        self.pika_publish(b"body")
        self.assertEqual(qamqp_get(self.queue)[0]["properties"], {})

    def test_properties_from_librabbitmq(self):
        run("amqp-publish", "-u", URL, "-r", self.queue, "-p", "-C", "text/plain", "-E", "utf-8",
            "-t", "replies", "-H", "grüße: wert", "-b", "body")
        self.assertEqual(qamqp_get(self.queue)[0]["properties"], {
            "content_type": "text/plain", "content_encoding": "utf-8", "delivery_mode": 2,
            "reply_to": "replies", "headers": {"grüße": {"type": "string", "value": "wert"}}})

    def test_every_header_type_to_pika(self):
        options = []
        for number, (kind, text, *_) in enumerate(VALUES):
            options += ["--header", "ü%d=%s:%s" % (number, kind, text)]
        qamqp("publish", "-q", self.queue, *options, "body")
        headers = self.pika_get()[0].headers
        self.assertEqual(list(headers), ["ü%d" % number for number in range(len(VALUES))])
        for number, (kind, _, _, tag, octets) in enumerate(VALUES):
            with self.subTest(kind):
                self.assertEqual(headers["ü%d" % number], Wire(tag, octets))

    def test_every_header_type_from_pika(self):
        self.pika_publish(b"body", headers={"ü%d" % number: Wire(tag, octets)
                                            for number, (*_, tag, octets) in enumerate(VALUES)})
        headers = qamqp_get(self.queue)[0]["properties"]["headers"]
        self.assertEqual(list(headers), ["ü%d" % number for number in range(len(VALUES))])
        for number, (kind, _, value, *_) in enumerate(VALUES):
            with self.subTest(kind):
                self.assertEqual(headers["ü%d" % number], {"type": kind, "value": value})

    def test_values_of_pika(self):
        """What Pika makes of Python's own types, as its users send it."""
        when = datetime.datetime(2023, 11, 14, 22, 13, 20)
        self.pika_publish(b"", headers={"bool": True, "int": 5, "long": 1 << 40, "text": "ü",
                                        "bytes": b"\xff", "none": None, "list": [1],
                                        "dict": {"a": "b"}, "time": when,
                                        "decimal": decimal.Decimal("1.25")})
        self.assertEqual(qamqp_get(self.queue)[0]["properties"]["headers"], {
            "bool": {"type": "bool", "value": True},
            "int": {"type": "int32", "value": 5},
            "long": {"type": "int64", "value": 1 << 40},
            "text": {"type": "string", "value": "ü"},
            "bytes": {"type": "bytes", "value": "/w=="},
            "none": {"type": "void", "value": None},
            "list": {"type": "array", "value": [{"type": "int32", "value": 1}]},
            "dict": {"type": "table", "value": {"a": {"type": "string", "value": "b"}}},
            "time": {"type": "timestamp", "value": 1700000000},
            "decimal": {"type": "decimal", "value": "1.25"}})

    def test_text_that_is_not_utf8(self):
        self.pika_publish(b"\xff\xfe", headers={"latin": Wire(b"S", longstr(b"\xe9t\xe9"))})
        message, body = qamqp_get(self.queue)
        self.assertEqual(body, b"\xff\xfe")
        self.assertEqual(message["properties"]["headers"],
                         {"latin": {"type": "string", "base64": "6XTp"}})

    def test_names_of_255_octets(self):
        try:
            qamqp("declare", "queue", LONG_NAME)
            qamqp("declare", "exchange", LONG_NAME, "--type", "topic")
            qamqp("bind", "-e", LONG_NAME, "-q", LONG_NAME, "-r", LONG_NAME)
            self.channel.queue_declare(LONG_NAME, passive=True)
            self.channel.exchange_declare(LONG_NAME, passive=True)
            qamqp("publish", "-e", LONG_NAME, "-r", LONG_NAME, "--mandatory", "ours")
            method, _, body = self.channel.basic_get(LONG_NAME, auto_ack=True)
            self.assertEqual((method.exchange, method.routing_key, body),
                             (LONG_NAME, LONG_NAME, b"ours"))
            run("amqp-publish", "-u", URL, "-e", LONG_NAME, "-r", LONG_NAME, "-b", "theirs")
            message, body = qamqp_get(LONG_NAME)
            self.assertEqual((message["exchange"], message["routing_key"], body),
                             (LONG_NAME, LONG_NAME, b"theirs"))
        finally:
            qamqp("delete", "queue", LONG_NAME)
            qamqp("delete", "exchange", LONG_NAME)

    def test_arguments_of_a_queue(self):
        name = "interop-arguments"
        try:
            qamqp("declare", "queue", name, "--durable", "--argument", "x-max-length=int32:2",
                  "--argument", "x-overflow=string:reject-publish")
            # Pika declares the same, or the broker would close its channel.
            self.channel.queue_declare(name, durable=True, arguments={
                "x-max-length": 2, "x-overflow": "reject-publish"})
        finally:
            qamqp("delete", "queue", name)


if __name__ == "__main__":
    unittest.main()
