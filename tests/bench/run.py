#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Measures QtAmqp beside other clients, interleaved round by round, and prints tables of medians.

The measure is the CPU time (user and system) that the client's process spends per message, as each
program reports it itself; for ping-pong and connecting it is the median time of one.
Every client is called HOST PORT WORKLOAD COUNT SIZE QUEUE and prints one line of JSON.

The sink answers as a broker would and costs next to nothing, so that the client is what is measured;
"raw" moves the same bytes through a socket without any client. tests/bench/run.sh prepares it all.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import urllib.parse

OURS, RAW = "QtAmqp", "raw"
PYTHON = "/usr/bin/python3"  # the one that Debian's python3-pika is for
PEERS = pathlib.Path(__file__).resolve().parent / "peers"

# Messages of one run, by how fast the client is: without a client, compiled, interpreted or garbage-collected.
# `channels` are open besides, with nothing to do: what they cost is for us to know.
Workload = collections.namedtuple("Workload", "label name size raw compiled other channels", defaults=(0, 0, 0, 0))
SINK = [
    Workload("publish 16 B", "pub", 16, 10_000_000, 1_000_000, 100_000),
    Workload("publish 16 B, each a new message", "pub-fresh", 16, 0, 1_000_000),
    Workload("publish 1 KiB", "pub", 1024, 2_000_000, 500_000, 50_000),
    Workload("publish 64 KiB", "pub", 65536, 40_000, 20_000, 5_000),
    Workload("publish 1 MiB", "pub", 1048576, 2_000, 1_000, 500),
    Workload("publish 1 KiB, confirms by 100", "conf", 1024, 0, 200_000, 50_000),
    Workload("publish 1 KiB, confirms each", "conf", 1024, 0, 200_000, 50_000),
    Workload("publish 1 KiB, a future each", "conf-future", 1024, 0, 200_000),
    Workload("publish 1 KiB, confirms each, 2,000 channels", "conf", 1024, 0, 200_000, 0, 2_000),
    Workload("consume 16 B, ack each", "cons-ack", 16, 0, 500_000, 100_000),
    Workload("consume 16 B, ack each, 2,000 channels", "cons-ack", 16, 0, 500_000, 0, 2_000),
    Workload("consume 16 B, ack every 100", "cons-mult", 16, 0, 500_000, 100_000),
    Workload("consume 16 B, no ack", "cons-noack", 16, 10_000_000, 1_000_000, 100_000),
    Workload("consume 1 KiB, no ack", "cons-noack", 1024, 2_000_000, 500_000, 100_000),
    Workload("consume 64 KiB, no ack", "cons-noack", 65536, 40_000, 20_000, 5_000),
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


def find_clients(programs):
    """The command of each client that is there; says which are not."""
    modules = programs / "node_modules"
    pika = subprocess.run([PYTHON, "-c", "import pika"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    found = [
        (RAW, [programs / "bench_raw"], True, ""),
        (OURS, [programs / "bench_qtamqp"], True, ""),
        ("librabbitmq", [programs / "bench_librabbitmq"], (programs / "bench_librabbitmq").exists(),
         "built without librabbitmq-dev"),
        ("amqp091-go", [programs / "bench_amqp091"], (programs / "bench_amqp091").exists(),
         "built without golang-go and golang-github-rabbitmq-amqp091-go-dev"),
        ("amqplib", ["node", PEERS / "amqplib.js", modules],
         bool(shutil.which("node")) and (modules / "amqplib").exists(), f"no node, or no amqplib in {modules}"),
        ("Pika", [PYTHON, PEERS / "pika_select.py"], pika, "no python3-pika"),
    ]
    for name, _, there, reason in found:
        if not there:
            print(f"left out: {name} ({reason})")
    return {name: command for name, command, there, _ in found if there}


def pinned(cpu, command):
    """On a processor of its own; 0 for the client, 1 for the sink."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2 or not shutil.which("taskset"):
        return command
    return ["taskset", "-c", str(cpus[cpu]), *command]


class Suite:
    def __init__(self, clients, options):
        self.clients = clients
        self.rounds = 1 if options.short else options.rounds
        self.divide = 100 if options.short else 1
        self.only = options.workload
        self.qamqp = options.programs.parents[1] / "src" / "tool" / "qamqp"
        self.failures = []

    def count(self, workload, client):
        """0: this client has no such workload."""
        full = {RAW: workload.raw, OURS: workload.compiled, "librabbitmq": workload.compiled}.get(client, workload.other)
        if client != OURS and (workload.channels or workload.name in ("pub-fresh", "conf-future")):
            full = 0
        return max(full // self.divide, 10) if full else 0

    def call(self, command, *arguments):
        try:
            done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            return None, "not done after 120 s"
        return done.stdout, (done.stderr.strip().splitlines() or ["no message"])[-1] if done.returncode else None

    def measure(self, client, workload, count, host, port, queue):
        command = self.clients[client]
        if client not in ("amqp091-go", "amqplib"):  # these use several threads
            command = pinned(0, command)
        besides = [workload.channels] if workload.channels else []
        output, error = self.call(command, host, port, workload.name, count, workload.size, queue, *besides)
        try:
            return json.loads(output.splitlines()[-1]) if error is None else error
        except (IndexError, ValueError):
            return f"no result in {output!r}"

    def run(self, workloads, one):
        """one(client, workload, count) gives a result, or a text if it failed."""
        results = {}
        workloads = [w for w in workloads if not self.only or re.search(self.only, w.label)]
        for turn in range(self.rounds):
            for workload in workloads:
                for client in self.clients:
                    count = self.count(workload, client)
                    if count == 0:
                        continue
                    if sys.stderr.isatty():
                        print(f"\033[2K{turn + 1}/{self.rounds} {workload.label}: {client}", end="\r", file=sys.stderr)
                    result = one(client, workload, count)
                    if isinstance(result, str):
                        self.failures.append(f"{workload.label}, {client}: {result}")
                    else:
                        results.setdefault(workload.label, {}).setdefault(client, []).append(result)
        if sys.stderr.isatty():
            print(end="\033[2K", file=sys.stderr)
        return results

    def at_sink(self, programs):
        sinks = [subprocess.Popen(pinned(-1, [programs / "bench_sink", "0", every]), stdout=subprocess.PIPE, text=True)
                 for every in ("100", "1")]
        try:
            by_hundred, each = (int(sink.stdout.readline()) for sink in sinks)

            def one(client, workload, count):
                queue = {"cons": f"bench-c-{count}-{workload.size}", "ping": "bench-echo"}.get(workload.name[:4], "bench-none")
                port = each if "confirms each" in workload.label else by_hundred
                return self.measure(client, workload, count, "127.0.0.1", port, queue)

            results = self.run(SINK, one)
            calls = {} if self.divide > 1 or self.only else self.system_calls(by_hundred)
        finally:
            for sink in sinks:
                sink.terminate()
                sink.wait()
        return results, calls

    def system_calls(self, port):
        """Per message: the difference of two runs, which leaves out what opening the connection needs."""
        if not shutil.which("strace"):
            return {"not counted": "strace is not installed"}
        result = {}
        for name in ("pub", "cons-ack"):
            for client in set(self.clients) & {OURS, "librabbitmq"}:
                total = []
                for count in (20_000, 100_000):
                    command = ["strace", "-f", "-c", "-o", "/dev/stderr", *self.clients[client], "127.0.0.1", str(port), name,
                               str(count), "16", f"bench-c-{count}-16" if name == "cons-ack" else "bench-none"]
                    trace = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stderr
                    total.append(int(re.search(r"\s(\d+)\s+(?:\d+\s+)?total$", trace, re.M).group(1)))
                result[f"{name}, {client}"] = f"{(total[1] - total[0]) / 80_000:.4f}"
        return result

    def at_broker(self, url):
        host, port = url.hostname, url.port or 5672
        queue = f"qtamqp-bench-{os.getpid()}"
        helper = self.clients[OURS]

        def one(client, workload, count):
            filled = count if workload.name.startswith("cons") else 0
            error = self.call(helper, host, port, "fill", filled, workload.size, queue)[1]
            result = error or self.measure(client, workload, count, host, port, queue)
            return self.call(helper, host, port, "drop", 0, 0, queue)[1] or result

        def perf(client, workload, count):
            if client == OURS:
                return self.qamqp_perf(workload, count, url.geturl())
            return one(client, workload, count)

        clients = self.clients
        broker = self.run(BROKER, one)
        if not self.qamqp.exists():
            print("left out: qamqp perf (built without the tool)")
            return broker, {}
        self.clients = {name: command for name, command in clients.items() if name in (OURS, "amqplib")}
        through = self.run(PERF, perf)
        self.clients = clients
        return broker, through

    def blocking(self, programs, url):
        others, self.clients = self.clients, {OURS: [programs / "bench_blocking"]}
        if "Pika" in others:
            self.clients["Pika"] = [PYTHON, PEERS / "pika_blocking.py"]
        host, port = url.hostname, url.port or 5672
        queue = f"qtamqp-bench-{os.getpid()}"

        def one(client, workload, count):
            # Of two threads one waits for the other: no processor is given to them.
            output, error = self.call(others[OURS], host, port, "fill", 0, workload.size, queue)
            if error is None:
                output, error = self.call(self.clients[client], host, port, workload.name, count, workload.size, queue)
            return self.call(others[OURS], host, port, "drop", 0, 0, queue)[1] or error or json.loads(output)

        results = self.run(BLOCKING, one)
        self.clients = others
        return results

    def stopped(self, programs, url):
        control = os.environ.get("QTAMQP_TEST_CTL")
        if not control:
            print("left out: a stopped broker (QTAMQP_TEST_CTL is not set)")
            return None
        told = subprocess.run([control, "eval", "os:getpid()."], capture_output=True, text=True, check=True)
        broker = int(told.stdout.strip().strip('"'))
        try:
            output, error = self.call([programs / "bench_blocking"], url.hostname, url.port or 5672,
                                      "stopped", max(100 // self.divide, 2), 0, broker)
        finally:
            os.kill(broker, signal.SIGCONT)
        if error:
            self.failures.append(f"a stopped broker: {error}")
            return None
        return json.loads(output)

    def qamqp_perf(self, workload, count, url):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output, error = self.call(pinned(0, [self.qamqp, "perf", "--json", "-c", "1000", "-q", "1000"]),
                                  "--url", url, "-C", count, "-s", workload.size)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if error:
            return error
        result = json.loads(output)
        return {"n": count, "wall": count / result["receive_rate"],
                "user": after.ru_utime - before.ru_utime, "sys": after.ru_stime - before.ru_stime,
                "p50_us": result["latency_ms"]["p50"] * 1e3, "p99_us": result["latency_ms"]["p99"] * 1e3}


def cpu(run):
    return (run["user"] + run["sys"]) / run["n"] * 1e9


def latency(run):
    return run["p50_us"] * 1e3


def slowest_hundredth(run):
    return run["p99_us"] * 1e3


def rate(run):
    return run["n"] / run["wall"]


def in_time(ns):
    """What to divide nanoseconds by, and the unit."""
    return (1, "ns") if ns < 1e3 else (1e3, "µs") if ns < 1e6 else (1e6, "ms")


def in_rate(per_second):
    return (1e3, "k/s") if per_second >= 1e3 else (1, "/s")


def digits(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cell(values, scale):
    median = statistics.median(values)
    by, unit = scale(median)
    spread = f" ({digits(min(values) / by)}–{digits(max(values) / by)})" if len(values) > 1 else ""
    return f"{digits(median / by)} {unit}{spread}"


def print_table(title, results, value, scale, best):
    clients = [c for c in (OURS, "librabbitmq", "amqp091-go", "amqplib", "Pika", RAW) if any(c in row for row in results.values())]
    rows = [[title, *clients, "to best peer", *(["to raw"] if RAW in clients else [])]]
    for label, runs in results.items():
        values = {client: [value(run) for run in found] for client, found in runs.items()}
        median = {client: statistics.median(found) for client, found in values.items()}
        peers = [m for client, m in median.items() if client not in (OURS, RAW)]
        row = [label, *(cell(values[c], scale) if c in values else "–" for c in clients)]
        row.append(f"{median[OURS] / best(peers):.2f}" if peers and OURS in median else "–")
        if RAW in clients:
            row.append(f"{median[OURS] / median[RAW]:.1f}" if RAW in median and OURS in median else "–")
        rows.append(row)
    rows.insert(1, ["---"] * len(rows[0]))
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("| " + " | ".join(text.ljust(w) for text, w in zip(row, width)) + " |")
    print(flush=True)


def print_tables(results, with_rate):
    timed = {label: runs for label, runs in results.items() if "p50_us" in next(iter(runs.values()))[0]}
    plain = {label: runs for label, runs in results.items() if label not in timed}
    if plain:
        print_table("client CPU per message", plain, cpu, in_time, min)
    if plain and with_rate:
        print_table("messages per second", plain, rate, in_rate, max)
    if timed:
        print_table("median time of one", timed, latency, in_time, min)


def print_perf(results):
    if not results:
        return
    print("\n`qamqp perf -c 1000 -q 1000` and the same with amqplib\n")
    print_table("messages per second", results, rate, in_rate, max)
    print_table("client CPU per message", results, cpu, in_time, min)
    print_table("median latency", results, latency, in_time, min)
    print_table("99th percentile of the latency", results, slowest_hundredth, in_time, min)


def print_blocking(results, stopped):
    print("\nBlocking: QAmqpBlockingConnection and Pika's BlockingConnection, against RabbitMQ\n")
    if results:
        print_table("messages or calls per second", results, rate, in_rate, max)
    each = results.get(BLOCKING[0].label, {}).get("Pika")
    window = results.get(BLOCKING[1].label, {}).get(OURS)
    if each and window:
        times = statistics.median(map(rate, window)) / statistics.median(map(rate, each))
        print(f"within a window, beside Pika message by message: {times:.1f} times the rate")
    if stopped:
        print(f"calls of 50 ms while the broker is stopped: {stopped['p50_us'] / 1e3:.2f} ms late, "
              f"{stopped['p99_us'] / 1e3:.2f} ms the slowest in a hundred")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, default="build/bench/tests/bench", help="where they were built")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="a hundredth of the messages, once: to see that it works")
    parser.add_argument("--broker", action="store_true", help="also against the RabbitMQ that QTAMQP_TEST_URL names")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results of every single run")
    parser.add_argument("workload", nargs="?", help="only those whose name matches this regular expression")
    options = parser.parse_args()
    options.programs = options.programs.resolve()
    if not (options.programs / "bench_sink").exists():
        parser.error(f"there is no bench_sink in {options.programs}; tests/bench/run.sh builds it")

    everything = {}
    suite = Suite(find_clients(options.programs), options)
    everything["sink"], calls = suite.at_sink(options.programs)
    print("\nAgainst the sink\n")
    print_tables(everything["sink"], with_rate=False)
    for what, number in calls.items():
        print(f"system calls per message: {what}: {number}")

    url = os.environ.get("QTAMQP_TEST_URL")
    if options.broker and url:
        suite.clients.pop(RAW, None)
        everything["broker"], everything["perf"] = suite.at_broker(urllib.parse.urlsplit(url))
        print("\nAgainst RabbitMQ\n")
        print_tables(everything["broker"], with_rate=True)
        print_perf(everything["perf"])
        everything["blocking"] = suite.blocking(options.programs, urllib.parse.urlsplit(url))
        everything["stopped"] = suite.stopped(options.programs, urllib.parse.urlsplit(url))
        print_blocking(everything["blocking"], everything["stopped"])
    elif options.broker:
        print("left out: RabbitMQ (QTAMQP_TEST_URL is not set)")

    if options.json:
        options.json.write_text(json.dumps(everything, indent=1), encoding="utf-8")
    for failure in suite.failures:
        print("FAILED:", failure)
    return 1 if suite.failures else 0


if __name__ == "__main__":
    sys.exit(main())
