#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Measures QtAmqp beside other clients, interleaved round by round, and prints tables of medians.

The measure is the CPU time (user and system) that the client's process spends per message, as each
program reports it itself; for ping-pong and connecting it is the median time of one.
Every client is called HOST PORT WORKLOAD COUNT SIZE QUEUE and prints one line of JSON.

The sink answers as a broker would and costs next to nothing, so that the client is what is measured;
"raw" moves the same bytes through a socket without any client. With --sweep, --counts or --tls only
those are measured. tests/bench/run.sh prepares it all.
"""
import argparse
import json
import os
import pathlib
import sys
import urllib.parse

sys.dont_write_bytecode = True  # it would go into the source tree

# pylint: disable=wrong-import-position
import counts
import page
import picture
import sweep
import tables
import tls
from clients import RAW, Suite, find_clients


def at_broker(suite, programs, url):
    results = {}
    suite.clients.pop(RAW, None)
    results["broker"], results["perf"] = suite.at_broker(url)
    print("\nAgainst RabbitMQ\n")
    tables.print_broker(results["broker"])
    tables.print_perf(results["perf"])
    results["blocking"] = suite.blocking(programs, url)
    results["stopped"] = suite.stopped(programs, url)
    tables.print_blocking(results["blocking"], results["stopped"])
    return results


def test_broker(suite, options):
    """What the broker for tests does in its own thread, with our client."""
    print("\nThe broker for tests\n")
    output, error = suite.call([options.programs / "bench_testbroker"], 10_000 if options.short else 1_000_000)
    if error:
        suite.failures.append(f"the broker for tests: {error}")
        return None
    found = {}
    for line in output.splitlines():
        found |= json.loads(line)
    print(f"{found['per_second']:,} messages of 16 bytes a second are published, confirmed, delivered and acknowledged;"
          f" it starts in {found['start_us']:,} µs;\na queue takes {found['bytes_per_queue']:,} bytes, a message of"
          f" 16 bytes that waits {found['bytes_per_message']:,}.")
    return found


def chosen_by(options):
    parts = [name for name in ("sweep", "counts", "tls") if getattr(options, name)]
    return parts or ["sink"]


def measure(suite, options):
    """Everything that was measured, and for the page the tables of it by their names."""
    everything, found = {}, {}
    parts = chosen_by(options)
    if "sink" in parts:
        everything["sink"] = suite.at_sink(options.programs)
        found["peers"] = tables.sink_tables(everything["sink"])
        everything["testbroker"] = test_broker(suite, options)
        print("\nAgainst the sink\n")
    if "counts" in parts:
        everything["counts"] = counts.measure(suite, options)
        found["counts"] = counts.tables(everything["counts"])
    if "sweep" in parts:
        everything["sweep"] = sweep.measure(suite, options)
        found["sweep"] = sweep.tables(everything["sweep"])
    if "tls" in parts:
        everything["tls"] = tls.measure(suite, options)
        found["tls"] = tls.tables(everything["tls"])
    for name in found:
        for rows in found[name]:
            tables.print_rows(rows)
    return everything, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, default="build/bench/tests/bench", help="where they were built")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="a hundredth of the messages, once: to see that it works")
    parser.add_argument("--broker", action="store_true", help="also against the RabbitMQ that QTAMQP_TEST_URL names")
    parser.add_argument("--sweep", action="store_true", help="how the cost of a message grows")
    parser.add_argument("--counts", action="store_true", help="instructions, allocations, bytes copied, system calls")
    parser.add_argument("--tls", action="store_true", help="reading with TLS, beside QSslSocket and OpenSSL alone")
    parser.add_argument("--svg", type=pathlib.Path, metavar="FILE", help="draw the sweep in this file")
    parser.add_argument("--page", type=pathlib.Path, metavar="FOLDER",
                        help="write the tables, and the picture of a sweep, where the reference has them: src/doc")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results of every single run")
    parser.add_argument("workload", nargs="?", help="only those whose name matches this regular expression")
    options = parser.parse_args()
    options.programs = options.programs.resolve()
    if not (options.programs / "bench_sink").exists():
        parser.error(f"there is no bench_sink in {options.programs}; tests/bench/run.sh builds it")

    suite = Suite(find_clients(options.programs), options)
    everything, found = measure(suite, options)
    if options.page:
        page.write(options.page / "performance.qdocinc", found)
    for file in (options.svg, options.page / page.PICTURE if options.page else None):
        if file and "sweep" in everything:
            file.write_text(picture.draw(sweep.panels(everything["sweep"])), encoding="utf-8")

    url = os.environ.get("QTAMQP_TEST_URL")
    if options.broker and url:
        everything |= at_broker(suite, options.programs, urllib.parse.urlsplit(url))
    elif options.broker:
        print("left out: RabbitMQ (QTAMQP_TEST_URL is not set)")
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1), encoding="utf-8")
    for failure in suite.failures:
        print("FAILED:", failure)
    return 1 if suite.failures else 0


if __name__ == "__main__":
    sys.exit(main())
