#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Other clients work with the test broker, so that it is no mirror of what QtAmqp believes.

    testbroker.py [--modules NODE_MODULES] BROKER [ARGUMENT...]

BROKER is a command that runs the broker and prints its URL on a line of its own. Pika (package python3-pika) and the
tools of librabbitmq (amqp-tools) are tried, and with --modules amqp091-go (golang-go,
golang-github-rabbitmq-amqp091-go-dev) and amqplib (npm, in NODE_MODULES), each if it is there.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import pika
except ImportError:
    pika = None

HERE = pathlib.Path(__file__).resolve().parent
GO_SOURCE = pathlib.Path("/usr/share/gocode/src/github.com/rabbitmq/amqp091-go")
PATIENCE = 60
MODULES = ""
COMMAND = []


class Broker(unittest.TestCase):
    """Runs the broker for the tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.process.stdout.close)
        cls.addClassCleanup(cls.process.wait, PATIENCE)
        cls.addClassCleanup(cls.process.terminate)
        cls.url = next(word for line in cls.process.stdout for word in line.split() if word.startswith("amqp://"))

    def run_client(self, *command, stdin=b"", code=0, **environment):
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=PATIENCE, check=False,
                              env=dict(os.environ, **environment))
        self.assertEqual(done.returncode, code, (done.stdout + done.stderr).decode())
        return done


@unittest.skipUnless(pika, "Pika is missing")
class Pika(Broker):
    def setUp(self):
        self.connection = pika.BlockingConnection(pika.URLParameters(self.url))
        self.channel = self.connection.channel()
        self.queue = self.channel.queue_declare("", exclusive=True).method.queue

    def tearDown(self):
        if self.connection.is_open:
            self.connection.close()

    def test_publishes_and_gets(self):
        self.channel.confirm_delivery()
        properties = pika.BasicProperties(headers={"n": 1, "t": {"list": ["a", True, None]}}, delivery_mode=2,
                                          correlation_id="c", priority=3)
        self.channel.basic_publish("", self.queue, b"hello", properties, mandatory=True)
        self.channel.basic_publish("", self.queue, b"x" * 1_000_000)
        method, got, body = self.channel.basic_get(self.queue)
        self.assertEqual((method.message_count, method.redelivered, body), (1, False, b"hello"))
        self.assertEqual(got, properties)
        self.channel.basic_nack(method.delivery_tag)
        method, got, body = self.channel.basic_get(self.queue)
        self.assertTrue(method.redelivered)
        self.channel.basic_ack(method.delivery_tag)
        self.assertEqual(self.channel.basic_get(self.queue, auto_ack=True)[2], b"x" * 1_000_000)
        self.assertEqual(self.channel.basic_get(self.queue), (None, None, None))

    def test_what_is_unroutable_comes_back(self):
        self.channel.confirm_delivery()
        with self.assertRaises(pika.exceptions.UnroutableError) as caught:
            self.channel.basic_publish("", "nowhere", b"back", mandatory=True)
        self.assertEqual(caught.exception.messages[0].body, b"back")

    def test_consumes_with_prefetch(self):
        for i in range(100):
            self.channel.basic_publish("", self.queue, b"%d" % i)
        self.channel.basic_qos(prefetch_count=7)
        bodies = []
        for method, _, body in self.channel.consume(self.queue):
            bodies.append(body)
            self.channel.basic_ack(method.delivery_tag, multiple=len(bodies) % 3 == 0)
            if len(bodies) == 100:
                break
        self.channel.cancel()
        self.assertEqual(bodies, [b"%d" % i for i in range(100)])

    def test_answers_requests(self):
        answers = []
        self.channel.basic_consume("amq.rabbitmq.reply-to", lambda *m: answers.append(m[3]), auto_ack=True)
        self.channel.basic_publish("", self.queue, b"ask", pika.BasicProperties(reply_to="amq.rabbitmq.reply-to"))
        _, request, _ = self.channel.basic_get(self.queue, auto_ack=True)
        self.channel.basic_publish("", request.reply_to, b"answer")
        while not answers:
            self.connection.process_data_events(1)
        self.assertEqual(answers, [b"answer"])

    def test_is_told_of_errors(self):
        with self.assertRaises(pika.exceptions.ChannelClosedByBroker) as caught:
            self.channel.queue_declare("missing", passive=True)
        self.assertEqual(caught.exception.reply_code, 404)
        self.assertEqual(caught.exception.reply_text, "NOT_FOUND - no queue 'missing' in vhost '/'")
        with self.assertRaises(pika.exceptions.ProbableAuthenticationError):
            wrong = pika.URLParameters(self.url)
            wrong.credentials = pika.PlainCredentials("guest", "wrong")
            pika.BlockingConnection(wrong)

    def test_commits_and_rolls_back(self):
        self.channel.tx_select()
        self.channel.basic_publish("", self.queue, b"no")
        self.channel.tx_rollback()
        self.channel.basic_publish("", self.queue, b"yes")
        self.channel.tx_commit()
        self.assertEqual(self.channel.basic_get(self.queue, auto_ack=True)[2], b"yes")
        self.assertEqual(self.channel.basic_get(self.queue)[0], None)


@unittest.skipUnless(shutil.which("amqp-get"), "librabbitmq's tools are missing")
class Tools(Broker):
    def tool(self, name, *arguments, **keywords):
        return self.run_client("amqp-" + name, "--url=" + self.url, *arguments, **keywords).stdout

    def test_declare_publish_get_and_delete(self):
        self.assertEqual(self.tool("declare-queue", "-d", "-q", "tools").strip(), b"tools")
        self.tool("publish", "-r", "tools", "-C", "text/plain", "-p", "-b", "hello")
        self.assertEqual(self.tool("get", "-q", "tools"), b"hello")
        self.run_client("amqp-get", "--url=" + self.url, "-q", "tools", code=2) # it is empty
        self.assertEqual(self.tool("delete-queue", "-q", "tools").strip(), b"0")

    def test_consumes_from_an_exchange(self):
        consumer = subprocess.Popen(["amqp-consume", "--url=" + self.url, "-e", "amq.topic", "-r", "a.#", "-c", "2",
                                     "-p", "1", "cat"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            queue = consumer.stderr.readline().split()[-1].decode()
            self.assertTrue(queue.startswith("amq.gen-"), queue)
            end = time.monotonic() + PATIENCE
            while consumer.poll() is None and time.monotonic() < end: # it does not say when the queue is bound
                self.tool("publish", "-e", "amq.topic", "-r", "a.b", "-b", "hello ")
            self.assertEqual(consumer.communicate(timeout=PATIENCE)[0], b"hello hello ")
            self.assertEqual(consumer.returncode, 0)
        finally:
            consumer.kill()

    def test_is_told_of_errors(self):
        done = self.run_client("amqp-get", "--url=" + self.url, "-q", "missing", code=1)
        self.assertIn(b"NOT_FOUND - no queue 'missing' in vhost '/'", done.stderr)


class Programs(Broker):
    """A program each, which ends well if everything went as it should."""

    @classmethod
    def setUpClass(cls):
        if not MODULES:
            raise unittest.SkipTest("Go and Node are tried by tests/bench/run.sh")
        super().setUpClass()

    @unittest.skipUnless(shutil.which("go") and GO_SOURCE.exists(), "Go or amqp091-go is missing")
    def test_amqp091_go(self):
        with tempfile.TemporaryDirectory() as folder:
            go = {"GOPATH": "/usr/share/gocode", "GO111MODULE": "off"}
            program = os.path.join(folder, "client")
            self.run_client("go", "build", "-o", program, str(HERE / "clients/amqp091.go"), **go)
            self.run_client(program, self.url)

    def test_amqplib(self):
        if not shutil.which("node") or not os.path.exists(os.path.join(MODULES, "amqplib")):
            self.skipTest("Node or amqplib is missing")
        self.run_client("node", str(HERE / "clients/amqplib.js"), MODULES, self.url)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    COMMAND = sys.argv[1:]
    if COMMAND[:1] == ["--modules"]:
        MODULES, COMMAND = COMMAND[1], COMMAND[2:]
    unittest.main(argv=sys.argv[:1])
