# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Pika's SelectConnection under the workloads of the plan.
usage: pika_select.py HOST PORT WORKLOAD COUNT SIZE QUEUE   (see ../run.py)"""
import json
import re
import resource
import sys
import time

import pika

if len(sys.argv) < 7:
    sys.exit(__doc__)
host, port, workload, count, size, queue = sys.argv[1:7]
count, size = int(count), int(size)
body = b"x" * size
keys = [queue + str(i) if workload == "pub-keys" else queue for i in range(1000)]
latencies = []


class Measure:
    def sample(self):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return time.monotonic(), usage.ru_utime, usage.ru_stime

    def start(self):
        self.started = self.sample()

    def stop(self):
        self.stopped = self.sample()

    def report(self):
        wall, user, sys_ = (b - a for a, b in zip(self.started, self.stopped))
        with open("/proc/self/status", encoding="ascii") as status:
            peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
        result = dict(peer="pika", wl=workload, n=count, size=size, wall=wall, user=user, sys=sys_, rss_kb=peak)
        if latencies:
            latencies.sort()
            result.update(p50_us=latencies[(count - 1) // 2] * 1e6, p99_us=latencies[(count - 1) * 99 // 100] * 1e6)
        print(json.dumps(result))


measure = Measure()


class Bench:
    """One connection with one channel; runs `work`, a method that calls finish() in the end."""

    def __init__(self, work):
        self.sent = self.acked = self.received = 0
        self.work = work

    def run(self):
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters(host, int(port), heartbeat=0),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.opened),
            on_open_error_callback=lambda connection, error: sys.exit(str(error)),
            on_close_callback=lambda connection, reason: connection.ioloop.stop())
        self.connection.ioloop.start()

    def opened(self, channel):
        self.channel = channel
        self.work(self)

    def finish(self, *_):
        measure.stop()
        self.connection.close()

    def publish(self):
        measure.start()
        self.publish_some()

    def publish_some(self):
        for _ in range(min(500, count - self.sent)):
            self.channel.basic_publish("", keys[self.sent % 1000], body)
            self.sent += 1
        if self.sent < count:
            self.connection.ioloop.call_later(0, self.publish_some)
        else:  # the reply says that all was read
            self.channel.basic_qos(prefetch_count=1, callback=self.finish)

    def confirm(self):
        def fill():
            while self.sent < min(count, self.acked + 1000):
                self.channel.basic_publish("", queue, body)
                self.sent += 1

        def confirmed(frame):
            self.acked = frame.method.delivery_tag
            if self.acked == count:
                self.finish()
            else:
                fill()

        def selected(_):
            measure.start()
            fill()

        self.channel.confirm_delivery(confirmed, callback=selected)

    def consume(self):
        every = {"cons-ack": 1, "cons-mult": 100, "cons-noack": 0, "cons-keep": 0}[workload]
        kept = [None] * 1000 if workload == "cons-keep" else None

        def receive(channel, method, properties, content):
            self.received += 1
            if kept:
                kept[self.received % 1000] = method, properties, content
            if every and self.received % every == 0:
                channel.basic_ack(method.delivery_tag, every > 1)
            if self.received == count:
                self.finish()

        def start(_=None):
            measure.start()
            self.channel.basic_consume(queue, receive, auto_ack=not every)

        if every:
            self.channel.basic_qos(prefetch_count=1000, callback=start)
        else:
            start()

    def ping(self):
        def send(_=None):
            self.start = time.monotonic()
            self.channel.basic_publish("", queue, body)

        def receive(*_):
            latencies.append(time.monotonic() - self.start)
            if len(latencies) == count:
                self.finish()
            else:
                send()

        def consuming(_):
            measure.start()
            send()

        self.channel.basic_consume(queue, receive, auto_ack=True, callback=consuming)

    def only_close(self):
        self.channel.add_on_close_callback(lambda *_: self.connection.close())
        self.channel.close()


def connections():
    measure.start()
    for _ in range(count):
        start = time.monotonic()
        Bench(Bench.only_close).run()
        latencies.append(time.monotonic() - start)
    measure.stop()


if workload == "conn":
    connections()
else:
    Bench({"pub": Bench.publish, "pub-keys": Bench.publish, "conf": Bench.confirm, "ping": Bench.ping}.get(workload, Bench.consume)).run()
measure.report()
