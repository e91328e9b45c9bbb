# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Pika's BlockingConnection under the workloads of the plan.
usage: pika_blocking.py HOST PORT WORKLOAD COUNT SIZE QUEUE   (see ../run.py and ../blocking.cpp)"""
import json
import resource
import sys
import time

import pika

if len(sys.argv) < 7:
    sys.exit(__doc__)
host, port, workload, count, size, queue = sys.argv[1:7]
count, size = int(count), int(size)
body = b"x" * size
latencies = []

connection = pika.BlockingConnection(pika.ConnectionParameters(host, int(port), heartbeat=0))
channel = connection.channel()
channel.confirm_delivery()


def sample():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), usage.ru_utime, usage.ru_stime


call = {"each": lambda: channel.basic_publish("", queue, body), "call": lambda: channel.basic_qos(prefetch_count=1)}[workload]
started = sample()
for _ in range(count):
    start = time.monotonic()
    call()
    latencies.append(time.monotonic() - start)
wall, user, sys_ = (b - a for a, b in zip(started, sample()))
latencies.sort()
print(json.dumps({"peer": "pika", "wl": workload, "n": count, "size": size, "wall": wall, "user": user, "sys": sys_,
                  "p50_us": latencies[(count - 1) // 2] * 1e6, "p99_us": latencies[(count - 1) * 99 // 100] * 1e6}))
connection.close()
