#!/bin/bash
# How much the sink takes in: entries a second that are verified and durable, over TLS on loopback, with the sink on one
# core and its hosts on the other; and how long receipts take. BIN: folder of the programs, sink_load in its tests/.
# usage: sink_bench.sh [HOSTS [EVENTS [BATCHES [REQUESTS [PAUSE_MS]]]]]
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=$(cd "${BIN:-build/opt}" && pwd) || exit 1
hosts=${1:-4} events=${2:-20000} batches=${3:-4} requests=${4:-10} pause=${5:-0}
dir=$(mktemp -d "${SINK_BENCH_DIR:-/var/tmp}/sink-bench.XXXXXX")
pid=''
trap '[ -z "$pid" ] || kill -KILL $pid 2>/dev/null; rm -rf "$dir"' EXIT
run() { "$@" >>"$dir/made.log" 2>&1 || { cat "$dir/made.log"; exit 1; }; }

run "$bin/swornlog" fleet init "$dir/fleet" --fleet acme --sink-name localhost,127.0.0.1
cat >"$dir/sink.yaml" <<EOF
store: $dir/store
listen: 127.0.0.1:0
certificate: $dir/fleet/sink.crt
key: $dir/fleet/sink.key
ca: $dir/fleet/ca.crt
genesis: $dir/fleet/genesis
log_key: $dir/fleet/fleet-log.key
control: $dir/control.sock
EOF
taskset -c 0 "$bin/swornlog-sink" --config "$dir/sink.yaml" 2>"$dir/sink.log" &
pid=$!
for _ in $(seq 100); do
	grep -q 'listening on' "$dir/sink.log" && break
	sleep 0.1
done
port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$dir/sink.log")
dirs=()
for i in $(seq "$hosts"); do
	run "$bin/swornlog" enroll request "$dir/h$i" --fleet acme --host "h$i"
	run "$bin/swornlog" enroll approve "$dir/fleet" "$dir/h$i/request" --out "$dir/h$i"
	run "$bin/swornlog" enroll submit "$dir/h$i/enrol" --control "$dir/control.sock"
	dirs+=("$dir/h$i")
done
before=$(awk '{print $14+$15}' /proc/$pid/stat)
taskset -c 1 "$bin/tests/sink_load" "$port" "$dir/fleet/ca.crt" "$dir/fleet/genesis" "$events" "$batches" "$requests" "$pause" "${dirs[@]}" || exit 1
after=$(awk '{print $14+$15}' /proc/$pid/stat)
echo "sink: $(((after - before) * 10)) ms of CPU, $(du -sm "$dir/store" | cut -f1) MiB stored"
kill -TERM $pid && wait $pid || { cat "$dir/sink.log"; exit 1; }
pid=''
[ -n "${KEEP:-}" ] && cp -r "$dir" "$KEEP"
"$bin/swornlog" verify --anchor "$dir/fleet/genesis" "$dir/store" | tail -n 1
