#!/usr/bin/python3
"""make bench: figures of this machine beside their targets, as a table and as JSON.

usage: [BIN=build/opt] bench.py [JSON-FILE]
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.support import fleet as support  # noqa: E402

BIN = support.BIN
FRAMES = ROOT / "tests/bench/events.frames.zst"
RUNS = 5
EVENTS = 1_000_000
RATE = 30_000  # events a second of a busy host: what makes its batches as large as they are
HOSTS = 4
rows = []


def row(name, value, unit, target=None, better="more", note=""):
    met = None if target is None else (value >= target if better == "more" else value <= target)
    rows.append({"name": name, "value": value, "unit": unit, "target": target, "met": met, "note": note})


def run(*args):
    return subprocess.run(list(map(str, args)), check=True, capture_output=True, text=True, cwd=ROOT).stdout


def spread(values):
    return f"median of {len(values)}, {min(values):,.0f} to {max(values):,.0f}"


class Fleet:
    """Keys and certificates of a few hosts."""

    def __init__(self, folder):
        self.dir = folder
        run(BIN / "swornlog", "fleet", "init", folder / "fleet", "--fleet", "bench", "--sink-name", "localhost,127.0.0.1")
        self.hosts = [folder / f"h{i}" for i in range(HOSTS)]
        for host in self.hosts:
            run(BIN / "swornlog", "enroll", "request", host, "--fleet", "bench", "--host", host.name)
            run(BIN / "swornlog", "enroll", "approve", folder / "fleet", host / "request", "--out", host)

    def seal(self, host, events, rate, spool, *more):
        shutil.rmtree(spool, ignore_errors=True)
        shutil.rmtree(f"{spool}.state", ignore_errors=True)
        return json.loads(run(BIN / "tests/seal_bench", FRAMES, host, self.dir / "fleet/genesis", events, rate, spool, *more))


def bench_seal(fleet):
    made = [fleet.seal(fleet.hosts[0], EVENTS, RATE, fleet.dir / "spool") for _ in range(RUNS)]
    speeds = [m["entries"] / m["cpu_ns"] * 1e9 for m in made]
    row("seal", statistics.median(speeds), "entries/s per core", 500_000, note=spread(speeds))
    row("seal", 1e9 / statistics.median(speeds), "ns per entry")
    disk = fleet.seal(fleet.hosts[0], EVENTS // 4, RATE, pathlib.Path("/var/tmp") / fleet.dir.name, "real-syncs")
    shutil.rmtree(pathlib.Path("/var/tmp") / fleet.dir.name)
    shutil.rmtree(pathlib.Path("/var/tmp") / f"{fleet.dir.name}.state")
    row("seal, with real syncs", disk["entries"] / disk["cpu_ns"] * 1e9, "entries/s per core", note="CPU time; the disk's is not in it")
    once = fleet.seal(fleet.hosts[0], 9_500, 9_500, fleet.dir / "spool")
    row("bytes before packing", once["raw_bytes"] / once["entries"], "bytes per entry", note="one pass over the recorded events")
    row("bytes packed", once["packed_bytes"] / once["entries"], "bytes per entry")
    row("bytes of a batch, all in", once["batch_bytes"] / once["entries"], "bytes per entry", note=f"{once['batches']} batches, header, seed and note included")


def start_sink(fleet):
    store = pathlib.Path(tempfile.mkdtemp(prefix="swornlog-bench-", dir="/var/tmp"))
    (fleet.dir / "sink.yaml").write_text(f"""store: {store}/store
listen: 127.0.0.1:0
certificate: {fleet.dir}/fleet/sink.crt
key: {fleet.dir}/fleet/sink.key
ca: {fleet.dir}/fleet/ca.crt
genesis: {fleet.dir}/fleet/genesis
log_key: {fleet.dir}/fleet/fleet-log.key
control: {fleet.dir}/control.sock
""")
    log = open(fleet.dir / "sink.log", "wb")
    sink = subprocess.Popen(["taskset", "-c", "0", BIN / "swornlog-sink", "--config", fleet.dir / "sink.yaml"], stdout=log, stderr=log)
    found = support.wait_until("the sink to listen", lambda: re.search(r"listening on \S*:(\d+)", (fleet.dir / "sink.log").read_text()))
    for host in fleet.hosts:
        run(BIN / "swornlog", "enroll", "submit", host / "enrol", "--control", fleet.dir / "control.sock")
    return sink, found.group(1), store


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bench_ingest_and_verify(fleet):
    for host in fleet.hosts:
        fleet.seal(host, EVENTS, RATE, host / "spool")
    sink, port, store = start_sink(fleet)
    try:
        before = cpu_seconds(sink.pid)
        load = json.loads(run("taskset", "-c", "1", BIN / "tests/sink_load", port, fleet.dir / "fleet/ca.crt", fleet.dir / "fleet/genesis", 0, 4, 0, 0, *fleet.hosts))
        spent = cpu_seconds(sink.pid) - before
        batches = sum(1 for host in fleet.hosts for _ in (host / "spool").glob("*.batch"))
        row("ingest", load["entries_per_s"], "entries/s verified and durable", 300_000, note=f"{HOSTS} hosts over TLS on loopback, the sink on one core")
        row("ingest", load["entries"] / spent, "entries/s per core of the sink")
        row("ingest", batches / load["seconds"], "batches/s", note=f"{load['entries'] / batches:,.0f} entries each")
        row("ingest, receipt p99", load["p99_ms"], "ms", note="at full load, four batches a request")
    finally:
        sink.terminate()
        sink.wait()
    speeds = []
    for _ in range(RUNS):
        begun = os.times()
        run(BIN / "swornlog", "verify", "--anchor", fleet.dir / "fleet/genesis", store / "store")
        ended = os.times()
        speeds.append(load["entries"] / (ended.children_user + ended.children_system - begun.children_user - begun.children_system))
    row("verify", statistics.median(speeds), "entries/s per core", 1_000_000, note=spread(speeds))
    shutil.rmtree(store)


def resident_kib(pid):
    """What a process holds, BPF rings and maps left out."""
    total, skip = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"^[0-9a-f]+-[0-9a-f]+ ", line):
            skip = "bpf" in line
        elif line.startswith("Rss:") and not skip:
            total += int(line.split()[1])
    return total


def bench_agent():
    if os.geteuid() != 0:
        rows.append({"name": "agent", "value": None, "unit": "", "target": None, "met": None, "note": "skipped: needs root"})
        return
    fleet = support.Fleet()
    try:
        fleet.start_sink()
        fleet.enroll()
        fleet.start_agent()
        time.sleep(3)
        rest = sum(resident_kib(fleet.process[name].pid) for name in ("collector", "sealer", "shipper"))
        row("agent memory at rest", rest / 1024, "MiB, three processes", 40, "less", "ring pages left out")
        for _ in range(40):
            subprocess.run(["/bin/true"], check=False)
            time.sleep(0.3)
        latency = fleet.status()["receipt_latency_ms"]
        row("event to receipt, p50", latency["all"]["p50"], "ms")
        row("event to receipt, p99", latency["all"]["p99"], "ms", 1500, "less")
        row("critical event to receipt, p99", latency["critical"]["p99"], "ms", 250, "less", f"{latency['critical']['count']} batches")
        fleet.stop()
    finally:
        fleet.remove()


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def main():
    with tempfile.TemporaryDirectory(prefix="swornlog-bench-", dir="/dev/shm") as folder:
        fleet = Fleet(pathlib.Path(folder))
        bench_seal(fleet)
        bench_ingest_and_verify(fleet)
    bench_agent()
    for r in rows:
        verdict = {True: "met", False: "MISSED", None: ""}[r["met"]]
        print(f"{r['name']:31} {number(r['value']):>12} {r['unit']:31} {number(r['target']) if r['target'] else '':>10} {verdict:7} {r['note']}")
    if len(sys.argv) > 1:
        pathlib.Path(sys.argv[1]).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
