# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Reading with TLS: the CPU time that a byte of the bodies takes, of ours, of a bare QSslSocket and of OpenSSL alone."""
import contextlib
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from clients import OURS, pinned, sink
from tables import digits
from workloads import KIB, MIB

SIZES = ((KIB, "1 KiB", 500_000), (64 * KIB, "64 KiB", 15_000), (MIB, "1 MiB", 1_000))
READERS = (OURS, "QSslSocket", "OpenSSL")


@contextlib.contextmanager
def relay(programs):
    """A sink that speaks TLS; gives its port and its certificate."""
    with sink(programs) as port, tempfile.TemporaryDirectory() as folder:
        key, certificate = pathlib.Path(folder) / "key.pem", pathlib.Path(folder) / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "1",
                        "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        process = subprocess.Popen(pinned(-1, [programs / "bench_tls", "relay", str(port), certificate, key]),
                                   stdout=subprocess.PIPE, text=True)
        try:
            yield int(process.stdout.readline()), str(certificate)
        finally:
            process.terminate()
            process.wait()


def measure(suite, options):
    """{size: {reader: [CPU time of a byte in ns in each round]}}"""
    if not (options.programs / "bench_tls").exists() or not shutil.which("openssl"):
        print("left out: TLS (built without OpenSSL, or no program openssl)")
        return {}
    commands = {"QSslSocket": [options.programs / "bench_tls", "qsslsocket"],
                "OpenSSL": [options.programs / "bench_tls", "openssl"]}
    results = {}
    with relay(options.programs) as (port, certificate):
        commands[OURS] = ["env", f"QTAMQP_BENCH_TLS={certificate}", *suite.clients[OURS]]
        for _ in range(suite.rounds):
            for size, text, count in SIZES:
                count = max(count // suite.divide, 10)
                for reader in READERS:
                    name = ["cons-noack"] if reader == OURS else []
                    result = suite.run_one(pinned(0, commands[reader]), "127.0.0.1", port, *name, count, size,
                                           f"bench-c-{count}-{size}")
                    if isinstance(result, str):
                        suite.failures.append(f"TLS, {text}, {reader}: {result}")
                    else:
                        spent = (result["user"] + result["sys"]) * 1e9 / (count * size)
                        results.setdefault(text, {}).setdefault(reader, []).append(spent)
    return results


def tables(results):
    rows = [["reading with TLS, CPU time of a byte", *READERS, "to QSslSocket", "to OpenSSL"]]
    for text, found in results.items():
        median = {reader: statistics.median(values) for reader, values in found.items()}
        ratios = [f"{median[OURS] / median[other]:.2f}" if OURS in median and other in median else "–" for other in READERS[1:]]
        rows.append([f"bodies of {text}", *(f"{digits(median[r])} ns" if r in median else "–" for r in READERS), *ratios])
    return [rows]
