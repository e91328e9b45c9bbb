# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""What the broker does for both: confirms, returns, transactions, bindings, and what it tells unasked."""

import json
import os
import subprocess

from common import QAMQP, URL, Interop, pika, qamqp, qamqp_get, run


def refused(*arguments):
    """Runs qamqp, which must fail: its status and what it says."""
    done = subprocess.run([QAMQP, "--url", URL, *arguments], capture_output=True, timeout=120,
                          check=False)
    return done.returncode, done.stderr.decode()


class Features(Interop):
    def test_nacks(self):
        queue = "interop-full"
        qamqp("declare", "queue", queue, "--argument", "x-max-length=int32:1",
              "--argument", "x-overflow=string:reject-publish")
        self.addCleanup(run, QAMQP, "--url", URL, "delete", "queue", queue)
        qamqp("publish", "-q", queue, "fits")
        with self.assertRaises(pika.exceptions.NackError):
            self.channel.basic_publish("", queue, b"theirs")
        status, text = refused("publish", "-q", queue, "ours")
        self.assertEqual(status, 4)
        self.assertIn("1 of 1 messages not taken", text)
        self.assertEqual(qamqp_get(queue)[1], b"fits")

    def test_returns(self):
        with self.assertRaises(pika.exceptions.UnroutableError) as caught:
            self.channel.basic_publish("amq.direct", "nowhere", b"theirs", mandatory=True)
        self.assertEqual(caught.exception.messages[0].body, b"theirs")
        status, text = refused("publish", "-e", "amq.direct", "-r", "nowhere", "--mandatory", "ours")
        self.assertEqual(status, 4)
        self.assertIn("312 NO_ROUTE", text)

    def test_our_transaction(self):
        peer = self.peer()
        self.assertEqual(peer("tx-select"), "ok")
        peer("publish", "", self.queue, "one")
        peer("publish", "", self.queue, "two")
        self.assertIsNone(self.channel.basic_get(self.queue)[0])
        self.assertEqual(peer("tx-commit"), "ok")
        self.assertEqual(self.pika_get()[1], b"one")
        peer("publish", "", self.queue, "dropped")
        self.assertEqual(peer("get", self.queue), "two new 0")
        self.assertEqual(peer("ack"), "ok")
        self.assertEqual(peer("tx-rollback"), "ok")
        self.assertIsNone(self.channel.basic_get(self.queue)[0])

    def test_transaction_of_pika(self):
        channel = self.connection.channel()
        channel.tx_select()
        channel.basic_publish("", self.queue, b"one")
        self.assertEqual(refused("get", self.queue)[0], 5)
        channel.tx_commit()
        channel.basic_publish("", self.queue, b"dropped")
        channel.tx_rollback()
        self.assertEqual(qamqp_get(self.queue)[1], b"one")
        self.assertEqual(refused("get", self.queue)[0], 5)

    def test_get(self):
        peer = self.peer()
        self.assertEqual(peer("get", self.queue), "empty")
        for body in (b"1", b"2", b"3"):
            self.pika_publish(body)
        self.assertEqual(peer("get", self.queue), "1 new 2")
        self.assertEqual(peer("ack"), "ok")
        self.assertEqual(peer("ack"), "error not accepted")
        method, _, body = self.channel.basic_get(self.queue, auto_ack=True)
        self.assertEqual((body, method.message_count, method.redelivered), (b"2", 1, False))

    def test_redelivery(self):
        peer = self.peer()
        self.pika_publish(b"x")
        method, _, _ = self.channel.basic_get(self.queue)
        self.channel.basic_nack(method.delivery_tag, requeue=True)
        self.assertTrue(qamqp_get(self.queue)[0]["redelivered"])
        qamqp("publish", "-q", self.queue, "y")
        self.assertEqual(peer("get", self.queue), "y new 0")
        self.assertEqual(peer("requeue"), "ok")
        method, _, body = self.channel.basic_get(self.queue)
        self.assertEqual((body, method.redelivered), (b"y", True))
        self.channel.basic_reject(method.delivery_tag, requeue=True)
        self.assertEqual(peer("get", self.queue), "y again 0")
        self.assertEqual(peer("nack"), "ok")
        self.assertEqual(peer("get", self.queue), "empty")

    def test_headers_exchange(self):
        self.channel.exchange_declare("interop-headers", "headers", auto_delete=True)
        theirs = self.declare("interop-theirs")
        self.channel.queue_bind(theirs, "interop-headers",
                                arguments={"x-match": "all", "kind": "report", "pages": 3})
        qamqp("bind", "-e", "interop-headers", "-q", self.queue, "--argument", "x-match=string:any",
              "--argument", "kind=string:report", "--argument", "pages=int32:3")
        qamqp("publish", "-e", "interop-headers", "--mandatory", "--header", "kind=string:report",
              "--header", "pages=int32:3", "both")
        self.channel.basic_publish("interop-headers", "", b"ours",
                                   pika.BasicProperties(headers={"pages": 3}), mandatory=True)
        self.assertEqual([qamqp_get(self.queue)[1] for _ in range(2)], [b"both", b"ours"])
        self.assertEqual(self.channel.basic_get(theirs, auto_ack=True)[2], b"both")
        self.assertIsNone(self.channel.basic_get(theirs)[0])

    def test_exchange_to_exchange(self):
        for name in ("interop-from", "interop-to"):
            self.channel.exchange_declare(name, "topic")
            self.addCleanup(run, QAMQP, "--url", URL, "delete", "exchange", name)
        self.channel.queue_bind(self.queue, "interop-to", "#")
        qamqp("bind", "-e", "interop-from", "--to-exchange", "interop-to", "-r", "a.*")
        self.channel.basic_publish("interop-from", "a.b", b"theirs", mandatory=True)
        self.channel.exchange_bind("interop-to", "interop-from", "c")
        qamqp("publish", "-e", "interop-from", "-r", "c", "--mandatory", "ours")
        self.assertEqual([qamqp_get(self.queue)[1] for _ in range(2)], [b"theirs", b"ours"])
        qamqp("unbind", "-e", "interop-from", "--to-exchange", "interop-to", "-r", "a.*")
        with self.assertRaises(pika.exceptions.UnroutableError):
            self.channel.basic_publish("interop-from", "a.b", b"x", mandatory=True)

    def test_priorities(self):
        queue = "interop-priorities"
        qamqp("declare", "queue", queue, "--argument", "x-max-priority=int32:10")
        self.addCleanup(run, QAMQP, "--url", URL, "delete", "queue", queue)
        for priority in (1, 9, 5):
            self.channel.basic_publish("", queue, b"%d" % priority,
                                       pika.BasicProperties(priority=priority))
            qamqp("publish", "-q", queue, "--priority", str(priority), str(priority))
        self.assertEqual([qamqp_get(queue)[1] for _ in range(3)], [b"9", b"9", b"5"])
        got = [self.channel.basic_get(queue, auto_ack=True)[2] for _ in range(3)]
        self.assertEqual(got, [b"5", b"1", b"1"])

    def dead_lettering(self):
        """A queue whose dead letters come to this test's queue."""
        return self.declare("interop-dying", arguments={
            "x-dead-letter-exchange": "", "x-dead-letter-routing-key": self.queue})

    def test_dead_letters_of_pika(self):
        dying = self.dead_lettering()
        self.channel.basic_publish("", dying, b"x")
        self.channel.basic_reject(self.channel.basic_get(dying)[0].delivery_tag, requeue=False)
        message, body = qamqp_get(self.queue)
        headers = message["properties"]["headers"]
        self.assertEqual(body, b"x")
        self.assertEqual(headers["x-first-death-reason"], {"type": "string", "value": "rejected"})
        self.assertEqual(headers["x-first-death-queue"], {"type": "string", "value": dying})
        self.assertEqual(headers["x-death"]["type"], "array")
        death, = headers["x-death"]["value"]
        self.assertEqual(death["value"].pop("time")["type"], "timestamp")
        self.assertEqual(death, {"type": "table", "value": {
            "count": {"type": "int64", "value": 1},
            "reason": {"type": "string", "value": "rejected"},
            "queue": {"type": "string", "value": dying},
            "exchange": {"type": "string", "value": ""},
            "routing-keys": {"type": "array", "value": [{"type": "string", "value": dying}]}}})

    def test_our_dead_letters(self):
        dying, peer = self.dead_lettering(), self.peer()
        for refuse in ("reject", "nack"):
            with self.subTest(refuse):
                qamqp("publish", "-q", dying, "x")
                self.assertEqual(peer("get", dying), "x new 0")
                self.assertEqual(peer(refuse), "ok")
                self.wait_for_message()
                _, properties, body = self.channel.basic_get(self.queue, auto_ack=True)
                self.assertEqual(body, b"x")
                death, = properties.headers["x-death"]
                self.assertEqual((death["reason"], death["queue"]), ("rejected", dying))
        # By time: the one that set the expiration is the other.
        qamqp("publish", "-q", dying, "--expiration", "1", "late")
        self.wait_for_message()
        _, properties, body = self.channel.basic_get(self.queue, auto_ack=True)
        death, = properties.headers["x-death"]
        self.assertEqual((body, death["reason"], death["original-expiration"]),
                         (b"late", "expired", "1"))

    def wait_for_message(self):
        for _ in range(1000):
            if self.channel.queue_declare(self.queue, passive=True).method.message_count:
                return
            self.connection.process_data_events(0.01)
        self.fail("the message does not come")

    def test_cancel_notification(self):
        ours, theirs = self.declare("interop-ours"), self.declare("interop-theirs")
        peer = self.peer()
        self.assertEqual(peer("consume", ours), "ok")
        self.channel.queue_delete(ours)
        self.assertRegex(peer("told"), "^cancelled the broker cancelled consumer .* was deleted")
        self.assertEqual(peer("get", self.queue), "empty")  # the channel goes on

        cancelled = []
        self.channel.add_on_cancel_callback(cancelled.append)
        self.channel.basic_consume(theirs, lambda *_: None, consumer_tag="theirs")
        qamqp("delete", "queue", theirs)
        for _ in range(1000):
            self.connection.process_data_events(0.01)
            if cancelled:
                break
        self.assertEqual([frame.method.consumer_tag for frame in cancelled], ["theirs"])

    def test_queues_of_librabbitmq(self):
        queue = "interop-tools"
        self.assertEqual(run("amqp-declare-queue", "-u", URL, "-q", queue, "-d").split(),
                         [queue.encode()])
        declared = json.loads(qamqp("declare", "queue", queue, "--durable", "--json"))
        self.assertEqual(declared["queue"], queue)
        status, text = refused("declare", "queue", queue)  # not durable
        self.assertEqual(status, 3)
        self.assertIn("PRECONDITION_FAILED", text)
        qamqp("publish", "-q", queue, "--count", "3", "x")
        self.assertEqual(run("amqp-get", "-u", URL, "-q", queue), b"x")
        self.assertEqual(run("amqp-delete-queue", "-u", URL, "-q", queue).split(), [b"2"])
        qamqp("declare", "queue", queue, "--durable", "--argument", "x-max-length=int32:5")
        run("amqp-publish", "-u", URL, "-r", queue, "-b", "y")
        self.assertEqual(qamqp_get(queue)[1], b"y")
        qamqp("delete", "queue", queue)

    def test_pika_calls_us(self):
        """Direct reply-to: the caller's reply queue has no name of its own."""
        server = subprocess.Popen([QAMQP, "--url", URL, "serve", "-q", self.queue, "-n", "2", "--",
                                   "tr", "a-z", "A-Z"], stderr=subprocess.PIPE)
        self.addCleanup(server.communicate, timeout=60)
        replies = []
        channel = self.connection.channel()
        channel.basic_consume("amq.rabbitmq.reply-to", auto_ack=True,
                              on_message_callback=lambda *reply: replies.append(reply))
        for number in ("1", "2"):
            channel.basic_publish("", self.queue, b"hello " + number.encode(), pika.BasicProperties(
                reply_to="amq.rabbitmq.reply-to", correlation_id=number))
        for _ in range(2000):
            self.connection.process_data_events(0.01)
            if len(replies) == 2:
                break
        self.assertEqual({(properties.correlation_id, body) for *_, properties, body in replies},
                         {("1", b"HELLO 1"), ("2", b"HELLO 2")})

    def test_we_call_pika(self):
        def serve(channel, method, properties, body):
            channel.basic_publish("", properties.reply_to, body.upper(), pika.BasicProperties(
                correlation_id=properties.correlation_id, headers={"of": "pika"}))
            channel.basic_ack(method.delivery_tag)

        self.connection.channel().basic_consume(self.queue, serve)
        caller = subprocess.Popen([QAMQP, "--url", URL, "call", "-q", self.queue, "--json", "hello"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2000):
            self.connection.process_data_events(0.01)
            if caller.poll() is not None:
                break
        output, errors = caller.communicate(timeout=60)
        self.assertEqual((caller.returncode, errors), (0, b""))
        reply = json.loads(output)
        self.assertEqual(reply["body"], "HELLO")
        self.assertEqual(reply["properties"]["headers"], {"of": {"type": "string", "value": "pika"}})
