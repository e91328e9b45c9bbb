# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""The clients that are there, and running their programs interleaved."""
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys

import workloads

OURS, RAW = "QtAmqp", "raw"
PYTHON = "/usr/bin/python3"  # the one that Debian's python3-pika is for
PEERS = pathlib.Path(__file__).resolve().parent / "peers"


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


@contextlib.contextmanager
def sink(programs, ack_every=100):
    """A sink that runs meanwhile; gives its port."""
    process = subprocess.Popen(pinned(-1, [programs / "bench_sink", "0", str(ack_every)]), stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


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
        return self.run_one(command, host, port, workload.name, count, workload.size, queue, *besides)

    def run_one(self, command, *arguments):
        """What the client says, or a text if it failed."""
        output, error = self.call(command, *arguments)
        try:
            return json.loads(output.splitlines()[-1]) if error is None else error
        except (IndexError, ValueError):
            return f"no result in {output!r}"

    def run(self, chosen, one):
        """one(client, workload, count) gives a result, or a text if it failed."""
        results = {}
        chosen = [w for w in chosen if not self.only or re.search(self.only, w.label)]
        for turn in range(self.rounds):
            for workload in chosen:
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
        chosen = workloads.one_of_each(workloads.SINK) if self.divide > 1 else workloads.SINK
        with sink(programs) as by_hundred, sink(programs, 1) as each:

            def one(client, workload, count):
                port = each if "confirms each" in workload.label else by_hundred
                return self.measure(client, workload, count, "127.0.0.1", port, workloads.queue(workload, count))

            return self.run(chosen, one)

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
        broker = self.run(workloads.BROKER, one)
        if not self.qamqp.exists():
            print("left out: qamqp perf (built without the tool)")
            return broker, {}
        self.clients = {name: command for name, command in clients.items() if name in (OURS, "amqplib")}
        through = self.run(workloads.PERF, perf)
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

        results = self.run(workloads.BLOCKING, one)
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
