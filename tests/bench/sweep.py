# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""How the cost of a message grows with the number of messages, of channels, of deliveries without an
acknowledgement, and with the size of the body: it should not grow, but for the bytes."""
import statistics
import sys

from clients import OURS, pinned, sink
from tables import cpu, digits, in_time
from workloads import KIB, MIB, Workload, queue

AXES = {
    "messages": ("messages", [10**4, 10**5, 10**6, 10**7]),
    "channels": ("open channels", [1, 10, 100, 1_000, 2_000]),
    "unacked": ("deliveries without an acknowledgement", [1, 10, 100, 1_000, 10_000]),
    "body": ("bytes of the body", [0, 16, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB]),
}
# What is measured along each axis, and the client's word for it.
LINES = {
    "messages": {"publish": "pub", "receive": "cons-noack", "receive and acknowledge": "cons-ack"},
    "channels": {"publish with confirms": "conf", "receive and acknowledge": "cons-ack"},
    "unacked": {"receive and acknowledge": "cons-ack"},
    "body": {"publish": "pub", "receive": "cons-noack"},
}
BYTES = 1_000_000_000  # of bodies in one run, at most


def point(axis, x):
    """How many messages of which size, on how many channels, with how many unacknowledged."""
    if axis == "messages":
        return x, 16, 0, 0
    if axis == "channels":
        return 300_000, 16, x - 1, 0
    if axis == "unacked":
        return 500_000, 16, 0, x
    return max(20, min(500_000, BYTES // max(x, 1))), x, 0, 0


def measure(suite, options):
    """{axis: {line: {x: [CPU time of a message in ns in each round]}}}"""
    results = {axis: {line: {} for line in LINES[axis]} for axis in AXES}
    command = pinned(0, suite.clients[OURS])
    with sink(options.programs) as port:
        for turn in range(suite.rounds):
            for axis, (title, xs) in AXES.items():
                for x in xs:
                    count, size, channels, unacked = point(axis, x)
                    count = max(count // suite.divide, 10)
                    for line, name in LINES[axis].items():
                        if sys.stderr.isatty():
                            print(f"\033[2K{turn + 1}/{suite.rounds} {line}: {x} {title}", end="\r", file=sys.stderr)
                        workload = Workload(line, name, size)
                        result = suite.run_one(command, "127.0.0.1", port, name, count, size, queue(workload, count),
                                               channels, unacked)
                        if isinstance(result, str):
                            suite.failures.append(f"{x} {title}, {line}: {result}")
                        else:
                            results[axis][line].setdefault(x, []).append(cpu(result))
    if sys.stderr.isatty():
        print(end="\033[2K", file=sys.stderr)
    return results


def medians(results, axis):
    return {line: {x: statistics.median(values) for x, values in found.items()} for line, found in results[axis].items()}


def number(axis, x):
    if axis != "body" or x < KIB:
        return f"{x:,}"
    return f"{x // KIB} KiB" if x < MIB else f"{x // MIB} MiB"


def tables(results):
    found = []
    for axis, (title, xs) in AXES.items():
        lines = medians(results, axis)
        heading = [title, *(f"{line}, a message" for line in lines)]
        if axis == "body":
            heading += [f"{line}, a byte" for line in lines]
        rows = [heading]
        for x in xs:
            values = [line.get(x) for line in lines.values()]
            row = [number(axis, x)]
            for value in values:
                by, unit = in_time(value or 0)
                row.append(f"{digits(value / by)} {unit}" if value is not None else "–")
            if axis == "body":
                row += [f"{digits(value / x)} ns" if value is not None and x else "–" for value in values]
            rows.append(row)
        found.append(rows)
    return found


def panels(results):
    """What is drawn: a title for each axis, and lines of points. Of bodies it is the cost of a byte, which the cost of
    the message itself hides in those that are smaller than 1 KiB."""
    for axis, (title, _) in AXES.items():
        lines = medians(results, axis)
        if axis == "body":
            lines = {line: {x: value / x for x, value in points.items() if x >= KIB} for line, points in lines.items()}
        yield title, "ns of CPU time per " + ("byte" if axis == "body" else "message"), lines, \
            lambda x, axis=axis: number(axis, x)
