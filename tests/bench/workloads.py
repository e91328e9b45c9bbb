# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""What is measured, and what QtAmqp is to reach beside the best of the other clients."""
import collections

# Messages of one run, by how fast the client is: without a client, compiled, interpreted or garbage-collected.
# `channels` are open besides, with nothing to do: what they cost is for us to know. `form` is the form of the sink's
# deliveries, see sink.cpp.
Workload = collections.namedtuple("Workload", "label name size raw compiled other channels form", defaults=(0, 0, 0, 0, ""))
KIB, MIB = 1024, 1024 * 1024


def consuming(label, name, raw=True):
    """One workload for each size of body."""
    for size, text, without, compiled, other in ((16, "16 B", 10_000_000, 500_000, 100_000),
                                                 (KIB, "1 KiB", 2_000_000, 300_000, 50_000),
                                                 (16 * KIB, "16 KiB", 150_000, 60_000, 10_000),
                                                 (64 * KIB, "64 KiB", 40_000, 20_000, 5_000),
                                                 (MIB, "1 MiB", 2_000, 1_000, 300)):
        yield Workload(f"consume {text}, {label}", name, size, without if raw else 0, compiled, other)


SINK = [
    Workload("publish 16 B", "pub", 16, 10_000_000, 1_000_000, 100_000),
    Workload("publish 16 B, each a new message", "pub-fresh", 16, 0, 1_000_000),
    Workload("publish 16 B, another routing key each", "pub-keys", 16, 0, 500_000, 50_000),
    Workload("publish 1 KiB", "pub", KIB, 2_000_000, 500_000, 50_000),
    Workload("publish 64 KiB", "pub", 64 * KIB, 40_000, 20_000, 5_000),
    Workload("publish 1 MiB", "pub", MIB, 2_000, 1_000, 500),
    Workload("publish 1 KiB, confirms by 100", "conf", KIB, 0, 200_000, 50_000),
    Workload("publish 1 KiB, confirms each", "conf", KIB, 0, 200_000, 50_000),
    Workload("publish 1 KiB, a future each", "conf-future", KIB, 0, 200_000),
    Workload("publish 1 KiB, confirms each, 2,000 channels", "conf", KIB, 0, 200_000, 0, 2_000),
    *consuming("no ack", "cons-noack"),
    *consuming("ack each", "cons-ack", raw=False),
    Workload("consume 16 B, ack each, 2,000 channels", "cons-ack", 16, 0, 500_000, 0, 2_000),
    *consuming("ack every 100", "cons-mult", raw=False),
    Workload("consume 16 B, another routing key each", "cons-noack", 16, 0, 500_000, 100_000, form="keys"),
    Workload("consume 16 B, two properties", "cons-noack", 16, 0, 500_000, 100_000, form="few"),
    Workload("consume 16 B, four properties and three headers", "cons-noack", 16, 0, 500_000, 100_000, form="many"),
    Workload("consume 16 B, the last 1,000 kept", "cons-keep", 16, 0, 500_000, 100_000),
    Workload("ping-pong 16 B", "ping", 16, 10_000, 10_000, 5_000),
    Workload("ping-pong 16 B, 2,000 channels", "ping", 16, 0, 10_000, 0, 2_000),
    Workload("connect, channel, close", "conn", 0, 0, 300, 100),
]
BROKER = [
    Workload("publish 16 B", "pub", 16, 0, 200_000, 50_000),
    Workload("publish 1 KiB", "pub", 1024, 0, 100_000, 50_000),
    Workload("publish 64 KiB", "pub", 65536, 0, 5_000, 2_000),
    Workload("publish 1 KiB, confirms", "conf", 1024, 0, 100_000, 50_000),
    Workload("consume 16 B, ack each", "cons-ack", 16, 0, 100_000, 50_000),
    Workload("consume 16 B, ack every 100", "cons-mult", 16, 0, 100_000, 50_000),
    Workload("consume 16 B, no ack", "cons-noack", 16, 0, 100_000, 50_000),
    Workload("consume 1 KiB, no ack", "cons-noack", 1024, 0, 100_000, 50_000),
    Workload("ping-pong 16 B", "ping", 16, 0, 5_000, 2_000),
    Workload("connect, channel, close", "conn", 0, 0, 100, 50),
]
# `qamqp perf` and the one peer whose program does the same: confirms, at most 1000 outstanding; prefetch 1000.
PERF = [Workload(f"through a queue, {size}", "perf", raw, 0, 100_000, 50_000)
        for size, raw in (("16 B", 16), ("1 KiB", 1024))]
# The blocking facades; Pika's has no window.
BLOCKING = [
    Workload("publish 16 B, waiting for each confirm", "each", 16, 0, 5_000, 5_000),
    Workload("publish 16 B, within a window of 1000", "window", 16, 0, 100_000),
    Workload("a request and its answer", "call", 0, 0, 5_000, 5_000),
]


def target(label):
    """At the sink: the cost beside the best other client, at most. Of large bodies the kernel's copies are most of it."""
    if label.startswith("ping"):
        return 1.1
    return 1.0 if "64 KiB" in label or "1 MiB" in label else 0.8


def one_of_each(workloads):
    """For seeing that it works: each kind once, not in every size."""
    kinds = {}
    for workload in workloads:
        kinds.setdefault((workload.name, workload.form, workload.channels, "each" in workload.label), workload)
    return list(kinds.values())


def queue(workload, count):
    """The queue that makes the sink do what the workload needs."""
    if workload.name.startswith("cons"):
        return f"bench-c-{count}-{workload.size}" + (f"-{workload.form}" if workload.form else "")
    return "bench-echo" if workload.name == "ping" else "bench-none"
