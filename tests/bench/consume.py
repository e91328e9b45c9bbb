#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Compares `qamqp consume` with the consumer of `qamqp perf`: how long each takes for messages that wait in a queue.

    tests/bench/consume.py build/bench/src/tool/qamqp [--url URL] [--messages N] [--size N] [--rounds N] [--json]

Without --url the broker is `qamqp broker`. They take turns; the medians are printed, and the ratio to perf with the
prefetch that consume has by default. The exit status is 1 if consume is slower than that. consume prints each message
into /dev/null and acknowledges it then, and --json makes it print JSON; perf looks at a time stamp and acknowledges.
"""
import argparse
import statistics
import subprocess
import sys
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--url")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    broker = None
    url = options.url
    if not url:
        broker = subprocess.Popen([options.program, "broker", "--port", "0"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        url = broker.stdout.readline().strip()

    def qamqp(*arguments):
        begin = time.monotonic()
        subprocess.run([options.program, *arguments, "--url", url], check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - begin

    queue = "qamqp-bench-consume"
    count = str(options.messages)
    ways = {
        "consume": ["consume", queue, "--count", count, *(["--json"] if options.json else [])],
        "perf, no limit, ack each": ["perf", "-x", "0", "-u", queue, "-p", "-D", count],
        "perf, prefetch 250, ack every 100": ["perf", "-x", "0", "-u", queue, "-p", "-D", count, "-q", "250", "-A", "100"],
    }
    rates = {name: [] for name in ways}
    try:
        qamqp("declare", "queue", queue)
        for _ in range(options.rounds):
            for name, arguments in ways.items():
                qamqp("publish", "-q", queue, "--size", str(options.size), "--count", count)
                rates[name].append(options.messages / qamqp(*arguments))
        qamqp("delete", "queue", queue)
    finally:
        if broker:
            broker.terminate()
            broker.wait()
    medians = {name: statistics.median(each) for name, each in rates.items()}
    for name, rate in medians.items():
        print(f"{rate:10,.0f}/s  {name}")
    ratio = medians["consume"] / medians["perf, prefetch 250, ack every 100"]
    print(f"{ratio:10.2f}    consume : perf with the same prefetch")
    return 0 if ratio >= 1 else 1


sys.exit(main())
