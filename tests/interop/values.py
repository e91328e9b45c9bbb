# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""The values of tables: every type of AMQP's, and what Pika makes of Python's."""

import datetime
import decimal
import random
import struct

from common import FIXED, Interop, Wire, longstr, qamqp, qamqp_get, table

# Type, text for --header, value in JSON, tag and bytes on the wire.
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

EXTREMES = [
    Wire(tag, raw) for tag, size in FIXED.items() if tag not in b"tfdV"
    for raw in (bytes(size), b"\xff" * size, b"\x80" + bytes(size - 1),
                   b"\x7f" + b"\xff" * (size - 1))
] + [
    Wire(b"f", struct.pack(">f", value)) for value in (0.0, -0.0, 1e-45, 3.4e38, -3.4e38)
] + [
    Wire(b"d", struct.pack(">d", value)) for value in (0.0, -0.0, 5e-324, 1.7e308, -1.7e308)
] + [
    Wire(tag, longstr(raw)) for tag in (b"S", b"x")
    for raw in (b"", b"\0", b"\xff\xfe", "日本".encode(), bytes(range(256)) * 20)
] + [Wire(b"A", longstr(b"")), Wire(b"F", longstr(b"")), Wire(b"V", b"")]


def random_value(noise, depth):
    """Of any type that Pika and RabbitMQ pass on; floats are numbers."""
    tag = noise.choice([b"t", b"b", b"B", b"s", b"u", b"I", b"i", b"l", b"f", b"d", b"D", b"S", b"x",
                        b"T", b"V"] + [b"A", b"F"] * (3 if depth else 0))
    if tag == b"t":
        return Wire(tag, noise.choice([b"\0", b"\1"]))
    if tag in b"fd":
        return Wire(tag, struct.pack(b">" + tag, noise.uniform(-1e30, 1e30)))
    if tag in FIXED:
        return Wire(tag, noise.randbytes(FIXED[tag]))
    if tag in b"Sx":
        return Wire(tag, longstr(noise.randbytes(noise.randrange(40))))
    if tag == b"A":
        values = [random_value(noise, depth - 1) for _ in range(noise.randrange(5))]
        return Wire(tag, longstr(b"".join(value.tag + value.raw for value in values)))
    if tag == b"F":
        names = ["n%d" % number + "ü" * noise.randrange(3) for number in range(noise.randrange(5))]
        values = {name: random_value(noise, depth - 1) for name in names}
        return Wire(tag, table(**{name: (v.tag, v.raw) for name, v in values.items()}))
    raise AssertionError(tag)


class Values(Interop):
    def test_every_header_type_to_pika(self):
        options = []
        for number, (kind, text, *_) in enumerate(VALUES):
            options += ["--header", "ü%d=%s:%s" % (number, kind, text)]
        qamqp("publish", "-q", self.queue, *options, "body")
        headers = self.pika_get()[0].headers
        self.assertEqual(list(headers), ["ü%d" % number for number in range(len(VALUES))])
        for number, (kind, _, _, tag, raw) in enumerate(VALUES):
            with self.subTest(kind):
                self.assertEqual(headers["ü%d" % number], Wire(tag, raw))

    def test_every_header_type_from_pika(self):
        self.pika_publish(b"body", headers={"ü%d" % number: Wire(tag, raw)
                                            for number, (*_, tag, raw) in enumerate(VALUES)})
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

    def relayed(self, peer, headers):
        """What Pika reads after QtAmqp read it and wrote it again."""
        self.pika_publish(b"body", headers=headers)
        relayed = self.declare("interop-relayed")
        self.assertEqual(peer("relay", self.queue, relayed), "ok")
        self.queue, queue = relayed, self.queue
        try:
            properties, body = self.pika_get()
        finally:
            self.queue = queue
        self.assertEqual(body, b"body")
        return properties.headers

    def test_extremes_there_and_back(self):
        headers = {"ü%d" % number: value for number, value in enumerate(EXTREMES)}
        headers["n" * 255] = Wire(b"l", b"\x80" + bytes(7))
        headers["ñ" * 127 + "n"] = Wire(b"S", longstr(b"\xff"))
        given = self.relayed(self.peer(), headers)
        self.assertEqual(list(given), list(headers))
        for name, value in headers.items():
            self.assertEqual(given[name], value, name)

    def test_random_tables_there_and_back(self):
        peer = self.peer()
        for seed in range(20):
            with self.subTest(seed=seed):
                noise = random.Random(seed)
                headers = {"h%d" % number: random_value(noise, 5) for number in range(20)}
                self.assertEqual(self.relayed(peer, headers), headers)

    def put_back(self, headers):
        """What Pika reads after qamqp printed it and published what it had printed."""
        self.pika_publish(b"body", headers=headers)
        qamqp("publish", "--json-lines", stdin=qamqp("get", self.queue, "--json"))
        properties, body = self.pika_get()
        self.assertEqual(body, b"body")
        return properties.headers

    def test_what_get_printed_is_put_back(self):
        headers = {"ü%d" % number: value for number, value in enumerate(EXTREMES)}
        given = self.put_back(headers)
        self.assertEqual(list(given), list(headers))
        for name, value in headers.items():
            self.assertEqual(given[name], value, name)
        for seed in range(10):
            with self.subTest(seed=seed):
                noise = random.Random(seed)
                headers = {"h%d" % number: random_value(noise, 5) for number in range(20)}
                self.assertEqual(self.put_back(headers), headers)

    def test_tables_and_arrays_16_deep(self):
        text, raw, value = "{}", longstr(b""), {}
        for _ in range(15):
            text = '{"t": [%s]}' % text
            raw = longstr(b"\x01tA" + longstr(b"F" + raw))
            value = {"t": {"type": "array", "value": [{"type": "table", "value": value}]}}
        qamqp("publish", "-q", self.queue, "--header", "deep=table:" + text, "body")
        self.assertEqual(self.pika_get()[0].headers, {"deep": Wire(b"F", raw)})
        self.pika_publish(b"body", headers={"deep": Wire(b"F", raw)})
        self.assertEqual(qamqp_get(self.queue)[0]["properties"]["headers"],
                         {"deep": {"type": "table", "value": value}})
