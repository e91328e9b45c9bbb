# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""What can be counted of a message: instructions, allocations, bytes that are copied, system calls. Each is the
difference of two runs, which leaves out what starting the program and opening the connection need.

Instructions are those of user space, by callgrind, without memcpy() and memmove(): there they are a matter of the bytes,
and of the processor that callgrind imitates."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from clients import OURS, sink
from workloads import KIB, MIB, Workload, queue

# `raw` is the number of messages of the shorter run, `compiled` of the longer one.
COUNTED = [Workload(label, name, size, few, many, form=form) for label, name, size, few, many, form in (
    ("consume 16 B, no ack", "cons-noack", 16, 10_000, 50_000, ""),
    ("consume 1 KiB, no ack", "cons-noack", KIB, 10_000, 50_000, ""),
    ("consume 64 KiB, no ack", "cons-noack", 64 * KIB, 400, 2_000, ""),
    ("consume 1 MiB, no ack", "cons-noack", MIB, 40, 200, ""),
    ("consume 16 B, ack each", "cons-ack", 16, 10_000, 50_000, ""),
    ("consume 1 KiB, ack each", "cons-ack", KIB, 10_000, 50_000, ""),
    ("consume 64 KiB, ack each", "cons-ack", 64 * KIB, 400, 2_000, ""),
    ("consume 16 B, ack every 100", "cons-mult", 16, 10_000, 50_000, ""),
    ("consume 16 B, another routing key each", "cons-noack", 16, 10_000, 50_000, "keys"),
    ("consume 16 B, two properties", "cons-noack", 16, 10_000, 50_000, "few"),
    ("consume 16 B, four properties and three headers", "cons-noack", 16, 10_000, 50_000, "many"),
    ("consume 16 B, the last 1,000 kept", "cons-keep", 16, 10_000, 50_000, ""),
    ("publish 16 B", "pub", 16, 10_000, 50_000, ""),
    ("publish 16 B, each a new message", "pub-fresh", 16, 10_000, 50_000, ""),
    ("publish 16 B, another routing key each", "pub-keys", 16, 10_000, 50_000, ""),
    ("publish 1 KiB", "pub", KIB, 10_000, 50_000, ""),
    ("publish 64 KiB", "pub", 64 * KIB, 400, 2_000, ""),
    ("publish 1 MiB", "pub", MIB, 40, 200, ""),
    ("publish 1 KiB, confirms by 100", "conf", KIB, 10_000, 50_000, ""),
    ("publish 1 KiB, a future each", "conf-future", KIB, 10_000, 50_000, ""),
    ("ping-pong 16 B", "ping", 16, 500, 2_500, ""),
    ("connect, channel, close", "conn", 0, 20, 100, ""),
)]
COPIES = re.compile(r"mem(cpy|move)")
COLUMNS = ("instructions", "allocations", "bytes copied", "system calls")


def instructions(profile):
    """Of a profile of callgrind: those of all functions but the ones that copy."""
    total, copying = 0, set()
    copies = inclusive = False
    for line in profile.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("fn=", "cfn=")):
            kind, _, function = line.partition("=")
            number, _, name = function.partition(" ")  # the name is there the first time only
            if COPIES.search(name):
                copying.add(number)
            if kind == "fn":
                copies = number in copying
        elif line.startswith("calls="):
            inclusive = True  # the next line is about what the callee took
        elif line and line[0] in "+-*0123456789":
            if not inclusive and not copies:
                total += int(line.split()[1])
            inclusive = False
    return total


def run(command, **environment):
    return subprocess.run(list(map(str, command)), env=os.environ | environment, capture_output=True, text=True,
                          timeout=600, check=True).stderr


def count(command, programs, folder):
    """(instructions, allocations, bytes copied, system calls) of one run; None for what cannot be counted here."""
    found = dict.fromkeys(COLUMNS)
    if shutil.which("valgrind"):
        profile = folder / "profile"
        run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", *command])
        found["instructions"] = instructions(profile)
    calls = folder / "calls"
    run(command, LD_PRELOAD=str(programs / "libbench_callcounts.so"), QTAMQP_BENCH_CALLS=str(calls))
    found["allocations"], found["bytes copied"] = map(int, calls.read_text(encoding="ascii").split())
    if shutil.which("strace"):
        trace = folder / "trace"
        run(["strace", "-f", "-c", "-o", trace, *command])
        found["system calls"] = int(re.search(r"\s(\d+)\s+(?:\d+\s+)?total$", trace.read_text(encoding="ascii"), re.M).group(1))
    return found


def measure(suite, options):
    """{workload: {client: {what: number for each message}}}"""
    results = {}
    wanted = [w for w in COUNTED if not suite.only or re.search(suite.only, w.label)]
    with sink(options.programs) as port, tempfile.TemporaryDirectory() as folder:
        for workload in wanted:
            for client in [c for c in (OURS, "librabbitmq") if c in suite.clients]:
                if client != OURS and workload.name in ("pub-fresh", "conf-future"):
                    continue
                if sys.stderr.isatty():
                    print(f"\033[2K{workload.label}: {client}", end="\r", file=sys.stderr)
                few, many = (max(n // suite.divide, 10 * (i + 1)) for i, n in enumerate((workload.raw, workload.compiled)))
                try:
                    runs = [count([*suite.clients[client], "127.0.0.1", port, workload.name, n, workload.size, queue(workload, n)],
                                  options.programs, pathlib.Path(folder)) for n in (few, many)]
                except (OSError, subprocess.SubprocessError) as error:
                    suite.failures.append(f"counting {workload.label}, {client}: {error}")
                    continue
                results.setdefault(workload.label, {})[client] = {
                    what: None if runs[0][what] is None else (runs[1][what] - runs[0][what]) / (many - few) for what in COLUMNS}
    if sys.stderr.isatty():
        print(end="\033[2K", file=sys.stderr)
    return results


def written(value):
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{max(value, 0):.3f}"


def tables(results):
    clients = sorted({client for found in results.values() for client in found}, key=lambda c: c != OURS)
    rows = [["a message", *(f"{what}: {client}" for what in COLUMNS for client in clients)]]
    for label, found in results.items():
        rows.append([label, *(written(found.get(client, {}).get(what)) for what in COLUMNS for client in clients)])
    return [rows]
