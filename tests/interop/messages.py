# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Bodies, properties and names."""

import random

from common import URL, Interop, Wire, longstr, qamqp, qamqp_get, run

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

LONG_NAME = "ñ" * 127 + "n"  # 255 bytes of UTF-8


def bodies():
    yield "empty", b""
    yield "text", "Grüße, 世界\n".encode()
    noise = random.Random(20261121)
    # Around the largest body frame (131072 bytes less 8), and above one frame.
    for size in (1, 131064, 131065, 1 << 20, 10 << 20):
        yield "%d bytes" % size, noise.randbytes(size)


class Messages(Interop):
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

    def test_what_get_printed_is_put_back(self):
        for name, body in bodies():
            with self.subTest(name):
                self.pika_publish(body, headers={"h": "x"}, **PROPERTIES)
                qamqp("publish", "--json-lines", stdin=qamqp("get", self.queue, "--json"))
                properties, given = self.pika_get()
                self.assert_same_body(given, body)
                self.assertEqual({name: getattr(properties, name) for name in PROPERTIES}, PROPERTIES)
                self.assertEqual(properties.headers, {"h": Wire(b"S", longstr(b"x"))})
        self.pika_publish(b"")
        qamqp("publish", "--json-lines", stdin=qamqp("consume", self.queue, "-n", "1", "--json"))
        properties, _ = self.pika_get()
        self.assertEqual({name: value for name, value in vars(properties).items() if value}, {})

    def test_names_of_255_bytes(self):
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
