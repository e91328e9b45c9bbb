#!/usr/bin/env bash
# Measures the client against the project's own sink: client CPU per message, system calls per message.
# usage: tests/bench/run.sh [--short]      --short: a hundredth of the messages, to see that it works
#
# The sink runs on CPU 1, the client on CPU 0, each workload three times, interleaved; the medians count.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/bench
divide=1; rounds=3
[ "${1:-}" = --short ] && { divide=100; rounds=1; }

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DQTAMQP_BENCH=ON >/dev/null
cmake --build "$build" --target bench_sink bench_qtamqp >/dev/null
bin=$build/tests/bench
pin() { if command -v taskset >/dev/null && [ "$(nproc)" -gt 1 ]; then taskset -c "$@"; else shift; "$@"; fi; }

# Ports that were free a moment ago.
read -r every hundred < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in sockets])')
pin 1 "$bin/bench_sink" "$hundred" 100 & sink1=$!
pin 1 "$bin/bench_sink" "$every" 1 & sink2=$!
results=$(mktemp)
trap 'kill $sink1 $sink2 2>/dev/null || true; rm -f "$results" "$results".*' EXIT
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$every") 2>/dev/null && break; sleep 0.1; done

# label, port, workload, messages, size
workloads="
publish_16B              $hundred pub         2000000 16
publish_16B_fresh        $hundred pub-fresh   1000000 16
publish_1KiB             $hundred pub         500000  1024
publish_64KiB            $hundred pub         20000   65536
publish_1MiB             $hundred pub         1000    1048576
confirms_1KiB_by_100     $hundred conf        500000  1024
confirms_1KiB_each       $every   conf        500000  1024
confirms_1KiB_future     $hundred conf-future 200000  1024
consume_16B_ack_each     $hundred cons-ack    1000000 16
consume_16B_ack_by_100   $hundred cons-mult   1000000 16
consume_16B_no_ack       $hundred cons-noack  1000000 16
consume_1KiB_no_ack      $hundred cons-noack  500000  1024
consume_64KiB_no_ack     $hundred cons-noack  20000   65536
ping_pong_16B            $hundred ping        10000   16
connect_channel_close    $hundred conn        500     0"

run() { # label port workload messages size
    local queue=bench-none
    case $3 in cons-*) queue=bench-c-$4-$5 ;; ping) queue=bench-echo ;; esac
    "${@:6}" "$bin/bench_qtamqp" 127.0.0.1 "$2" "$3" "$4" "$5" "$queue"
}

for _ in $(seq "$rounds"); do
    while read -r label port workload messages size; do
        [ -n "$label" ] || continue
        printf '%s ' "$label" >>"$results"
        run "$label" "$port" "$workload" $((messages / divide)) "$size" pin 0 >>"$results"
    done <<<"$workloads"
done

python3 - "$results" <<'PY'
import collections, json, statistics, sys
runs = collections.OrderedDict()
for line in open(sys.argv[1]):
    label, data = line.split(" ", 1)
    runs.setdefault(label, []).append(json.loads(data))
print(f"{'workload':<24}{'CPU ns/msg':>12}{'min..max':>18}{'msg/s':>12}{'RSS MiB':>9}   p50/p99 us")
for label, all in runs.items():
    cpu = [(d["user"] + d["sys"]) / d["n"] * 1e9 for d in all]
    median = lambda key: statistics.median(key(d) for d in all)
    latency = f"   {median(lambda d: d['p50_us']):.1f}/{median(lambda d: d['p99_us']):.1f}" if "p50_us" in all[0] else ""
    print(f"{label:<24}{statistics.median(cpu):>12.0f}{f'{min(cpu):.0f}..{max(cpu):.0f}':>18}"
          f"{median(lambda d: d['n'] / d['wall']):>12,.0f}{median(lambda d: d['rss_kb'] / 1024):>9.1f}{latency}")
PY

command -v strace >/dev/null || { echo "system calls: not counted, strace is not installed"; exit 0; }
calls() { run x "$hundred" "$1" "$2" 16 strace -f -c -o "$results.strace" >/dev/null; awk '$NF == "total" {print $3 ? $3 : $4}' "$results.strace"; }
for workload in pub cons-ack; do
    few=$(calls $workload 100000); many=$(calls $workload 300000)
    echo "system calls per message, $workload: $(python3 -c "print(f'{($many - $few) / 200000:.4f}')")"
done
