# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Tables of medians, as Markdown."""
import statistics

import workloads
from clients import OURS, RAW


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


def rows_of(title, results, value, scale, best, targets=False):
    """A row for each workload, below a heading: what each client needs, and what we need beside the best of them."""
    clients = [c for c in (OURS, "librabbitmq", "amqp091-go", "amqplib", "Pika", RAW) if any(c in row for row in results.values())]
    rows = [[title, *clients, "to best peer", *(["at most"] if targets else []), *(["to raw"] if RAW in clients else [])]]
    for label, runs in results.items():
        values = {client: [value(run) for run in found] for client, found in runs.items()}
        median = {client: statistics.median(found) for client, found in values.items()}
        peers = [m for client, m in median.items() if client not in (OURS, RAW)]
        compared = OURS in median and bool(peers)
        row = [label, *(cell(values[c], scale) if c in values else "–" for c in clients)]
        ratio = median[OURS] / best(peers) if compared else None
        row.append(f"{ratio:.2f}" if compared else "–")
        if targets:
            row.append(f"{workloads.target(label)}{'' if round(ratio, 2) <= workloads.target(label) else ' missed'}" if compared else "–")
        if RAW in clients:
            row.append(f"{median[OURS] / median[RAW]:.1f}" if RAW in median and OURS in median else "–")
        rows.append(row)
    return rows


def print_rows(rows):
    rows = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("| " + " | ".join(text.ljust(w) for text, w in zip(row, width)) + " |")
    print(flush=True)


def print_table(title, results, value, scale, best, targets=False):
    print_rows(rows_of(title, results, value, scale, best, targets))


def timed(results):
    """Of these the time of one is measured, not what many of them cost."""
    return {label: runs for label, runs in results.items() if "p50_us" in next(iter(runs.values()))[0]}


def sink_tables(results):
    """The tables as rows."""
    plain = {label: runs for label, runs in results.items() if label not in timed(results)}
    found = []
    if plain:
        found.append(rows_of("client CPU per message", plain, cpu, in_time, min, targets=True))
    if timed(results):
        found.append(rows_of("median time of one", timed(results), latency, in_time, min, targets=True))
    return found


def print_broker(results):
    plain = {label: runs for label, runs in results.items() if label not in timed(results)}
    if plain:
        print_table("client CPU per message", plain, cpu, in_time, min)
        print_table("messages per second", plain, rate, in_rate, max)
    if timed(results):
        print_table("median time of one", timed(results), latency, in_time, min)


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
    each = results.get(workloads.BLOCKING[0].label, {}).get("Pika")
    window = results.get(workloads.BLOCKING[1].label, {}).get(OURS)
    if each and window:
        times = statistics.median(map(rate, window)) / statistics.median(map(rate, each))
        print(f"within a window, beside Pika message by message: {times:.1f} times the rate")
    if stopped:
        print(f"calls of 50 ms while the broker is stopped: {stopped['p50_us'] / 1e3:.2f} ms late, "
              f"{stopped['p99_us'] / 1e3:.2f} ms the slowest in a hundred")
