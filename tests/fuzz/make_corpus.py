#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Writes the corpus of fuzz_broker: small conversations, one a file, in the form that fuzz_broker.cpp describes."""

import os
import struct
import sys


def short(text):
    return bytes([len(text)]) + text.encode()


def table(**entries):
    body = b""
    for name, value in entries.items():
        key = short(name.replace("_", "-"))
        if isinstance(value, bool):
            body += key + b"t" + bytes([value])
        elif isinstance(value, int):
            body += key + b"l" + struct.pack(">q", value)
        else:
            body += key + b"S" + struct.pack(">I", len(value)) + value.encode()
    return struct.pack(">I", len(body)) + body


def step(kind, channel, payload):
    return bytes([kind, channel]) + struct.pack(">H", len(payload)) + payload


def method(class_id, method_id, rest=b"", channel=1):
    return step(0, channel, struct.pack(">HH", class_id, method_id) + rest)


def declare(name, flags=0, **arguments):
    return method(50, 10, b"\0\0" + short(name) + bytes([flags]) + table(**arguments))


def exchange(name, kind):
    return method(40, 10, b"\0\0" + short(name) + short(kind) + b"\0" + table())


def bind(queue, source, key, **arguments):
    return method(50, 20, b"\0\0" + short(queue) + short(source) + short(key) + b"\0" + table(**arguments))


def consume(queue, tag, flags=0, **arguments):
    return method(60, 20, b"\0\0" + short(queue) + short(tag) + bytes([flags]) + table(**arguments))


def publish(name, key, body, flags=0, properties=b"\0\0", channel=1):
    steps = method(60, 40, b"\0\0" + short(name) + short(key) + bytes([flags]), channel)
    steps += step(1, channel, struct.pack(">HHQ", 60, 0, len(body)) + properties)
    return steps + (step(2, channel, body) if body else b"")


def ack(method_id, tag, flags=0):
    return method(60, method_id, struct.pack(">Q", tag) + bytes([flags]))


GET = method(60, 70, b"\0\0" + short("q") + b"\0")
READ = b"\5"


def wait(tenths):
    return bytes([4, tenths])


CONVERSATIONS = {
    "confirms": declare("q") + method(85, 10, b"\0") + publish("", "q", b"x", 1) + publish("", "no", b"y", 1) + READ,
    "settling": declare("q") + publish("", "q", b"1") * 4 + consume("q", "c") + READ + ack(80, 1) + ack(120, 3, 3)
    + ack(90, 4, 1) + method(60, 110, b"\1") + method(60, 30, short("c") + b"\0") + READ,
    "getting": declare("q") + publish("", "q", b"1") * 3 + GET * 4 + ack(120, 0, 3) + GET + READ,
    "transaction": method(90, 10) + declare("q") + publish("", "q", b"1") + GET + ack(80, 1) + method(90, 20)
    + publish("", "q", b"2") + method(90, 30) + READ,
    "topology": exchange("t", "topic") + exchange("h", "headers") + declare("q") + bind("q", "t", "a.*.#")
    + bind("q", "h", "", x_match="any", a=1)
    + method(40, 30, b"\0\0" + short("h") + short("t") + short("a.b") + b"\0" + table())
    + publish("t", "a.b.c", b"1", 1) + publish("h", "", b"2", 0, b"\x20\0" + table(a=1))
    + method(50, 50, b"\0\0" + short("q") + short("t") + short("a.*.#") + table())
    + method(40, 20, b"\0\0" + short("t") + b"\0") + method(50, 40, b"\0\0" + short("q") + b"\0") + READ,
    "dead letters": declare("d") + declare("q", 0, x_message_ttl=100, x_dead_letter_exchange="",
                                           x_dead_letter_routing_key="d", x_max_length=2)
    + publish("", "q", b"1") * 3 + wait(2) + consume("d", "c") + READ + ack(90, 1, 0) + READ,
    "circle": declare("q", 0, x_message_ttl=0, x_dead_letter_exchange="", x_dead_letter_routing_key="q")
    + publish("", "q", b"1") + wait(1) + READ,
    "priorities": declare("q", 0, x_max_priority=9) + publish("", "q", b"1", 0, b"\x08\0\5")
    + publish("", "q", b"2", 0, b"\x08\0\xff") + consume("q", "a", 0, x_priority=3) + consume("q", "b") + READ,
    "stream": declare("s", 2, x_queue_type="stream", x_max_length_bytes=5) + publish("", "s", b"123") * 3
    + method(60, 10, b"\0\0\0\0\0\2\0") + consume("s", "c", 0, x_stream_offset="first") + READ + ack(80, 1) + READ,
    "single active": declare("q", 0, x_single_active_consumer=True, x_expires=300) + consume("q", "a")
    + consume("q", "b") + publish("", "q", b"1") * 2 + method(60, 30, short("a") + b"\0") + READ + wait(9),
    "replies": consume("amq.rabbitmq.reply-to", "r", 2) + declare("q")
    + publish("", "q", b"1", 0, b"\x02\0" + short("amq.rabbitmq.reply-to")) + GET + READ,
    "channels": method(20, 10, b"\0", 2) + method(20, 10, b"\0", 3) + publish("", "q", b"", 0, b"\0\0", 2)
    + method(20, 40, struct.pack(">H", 200) + short("") + b"\0\0\0\0", 2) + publish("nowhere", "q", b"1", 0, b"\0\0", 3)
    + method(20, 41, b"", 3) + READ,
    "bytes": b"\3\0\x0c" + struct.pack(">BHI", 8, 0, 0) + b"\xce" + b"abcd" + READ + wait(255),
    "faults": bytes([6, 5, 3, 6, 4, 2, 6, 6, 2]) + declare("q") + wait(3) + READ + wait(3) + READ
    + bytes([6, 13, 2, 6, 0, 200]) + publish("", "q", b"1") + READ * 9 + wait(9),
    "end": declare("q", 4) + consume("q", "c") + publish("", "q", b"1")
    + method(10, 50, struct.pack(">H", 200) + short("") + b"\0\0\0\0", 0) + READ,
}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "corpus")
    os.makedirs(folder, exist_ok=True)
    for name, steps in CONVERSATIONS.items():
        with open(os.path.join(folder, name.replace(" ", "-")), "wb") as file:
            file.write(steps)


if __name__ == "__main__":
    main()
