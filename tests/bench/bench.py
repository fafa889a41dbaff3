#!/usr/bin/python3
"""make bench: figures of this machine beside their targets, as a table and as JSON. See README.md in this folder.

usage: [BIN=build/opt] bench.py [JSON-FILE]
"""
import json
import os
import pathlib
import platform
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
ONE_PASS = 24_540  # events of the recording: a second pass over them would pack too well
QUIET, BUSY, FLOOD = 100, 5_000, 50_000  # events a second of a host; a flood fills its batches before the second is over
HOSTS = 4
IN_A_REQUEST = 4  # batches
DISK = pathlib.Path("/var/tmp")
CORES = sorted(os.sched_getaffinity(0))
SINK_CORE, LOAD_CORE = CORES[0], CORES[-1]
rows = []


def row(name, values, unit, target=None, better="more", note=""):
    """One figure: the median of what was measured, and its spread."""
    values = values if isinstance(values, list) else [values]
    value = statistics.median(values)
    met = None if target is None else (value >= target if better == "more" else value <= target)
    rows.append({"name": name, "value": value, "unit": unit, "target": target, "met": met, "runs": len(values),
                 "least": min(values), "most": max(values), "note": note})


def skipped(name, why):
    rows.append({"name": name, "value": None, "unit": "", "target": None, "met": None, "runs": 0, "note": f"skipped: {why}"})


def run(*args):
    return subprocess.run(list(map(str, args)), check=True, capture_output=True, text=True, cwd=ROOT).stdout


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
        for old in (spool, f"{spool}.state"):
            shutil.rmtree(old, ignore_errors=True)
        return json.loads(run(BIN / "tests/seal_bench", FRAMES, host, self.dir / "fleet/genesis", events, rate, spool, *more))


def seal_row(name, made, target=None, note=""):
    size = made[0]["entries"] / made[0]["batches"]
    row(name, [m["entries"] / m["cpu_ns"] * 1e9 for m in made], "entries/s per core", target, note=f"{size:,.0f} entries a batch{note}")


def bench_seal(fleet):
    host, spool = fleet.hosts[0], fleet.dir / "spool"
    busy = [fleet.seal(host, EVENTS, BUSY, spool) for _ in range(RUNS)]
    seal_row("seal, batches of a second", busy, 500_000)
    row("seal, batches of a second", [m["cpu_ns"] / m["entries"] for m in busy], "ns per entry")
    seal_row("seal, full batches", [fleet.seal(host, EVENTS, FLOOD, spool) for _ in range(RUNS)], 500_000)
    with tempfile.TemporaryDirectory(prefix="swornlog-bench-", dir=DISK) as folder:
        made = [fleet.seal(host, EVENTS // 4, BUSY, f"{folder}/spool", "real-syncs") for _ in range(RUNS)]
    seal_row("seal, with real syncs", made, note="; CPU time, so waiting for the disk is not in it")


def bench_sizes(fleet):
    for name, rate in (("quiet host", QUIET), ("busy host", BUSY), ("flood", FLOOD)):
        made = fleet.seal(fleet.hosts[0], ONE_PASS, rate, fleet.dir / "spool")
        n, size = made["entries"], f"{made['entries'] / made['batches']:,.0f} entries a batch"
        if rate == BUSY:
            row("bytes before packing", made["raw_bytes"] / n, "bytes per entry")
        row(f"bytes packed, {name}", made["packed_bytes"] / n, "bytes per entry", note=size)
        row(f"bytes all in, {name}", made["batch_bytes"] / n, "bytes per entry", note=f"{size}; header, seed, seal and signatures included")


class Sink:
    """A sink with a store of its own on the disk, on one core."""

    def __init__(self, fleet, store):
        config, log = fleet.dir / "sink.yaml", fleet.dir / "sink.log"
        config.write_text(f"""store: {store}
listen: 127.0.0.1:0
certificate: {fleet.dir}/fleet/sink.crt
key: {fleet.dir}/fleet/sink.key
ca: {fleet.dir}/fleet/ca.crt
genesis: {fleet.dir}/fleet/genesis
log_key: {fleet.dir}/fleet/fleet-log.key
control: {fleet.dir}/control.sock
""")
        with open(log, "wb") as out:
            self.process = subprocess.Popen(["taskset", "-c", str(SINK_CORE), BIN / "swornlog-sink", "--config", config], stdout=out, stderr=out)
        self.port = support.wait_until("the sink to listen", lambda: re.search(r"listening on \S*:(\d+)", log.read_text())).group(1)
        for host in fleet.hosts:
            run(BIN / "swornlog", "enroll", "submit", host / "enrol", "--control", fleet.dir / "control.sock")

    def end(self):
        """Its CPU time from start to end, that of its own helper included."""
        self.process.terminate()
        _, self.process.returncode, used = os.wait4(self.process.pid, 0)
        return used.ru_utime + used.ru_stime


def ingest_once(fleet, store):
    sink = Sink(fleet, store)
    try:
        load = json.loads(run("taskset", "-c", LOAD_CORE, BIN / "tests/sink_load", sink.port, fleet.dir / "fleet/ca.crt", fleet.dir / "fleet/genesis",
                              0, IN_A_REQUEST, 0, 0, *fleet.hosts))
    finally:
        cpu = sink.end()
    return load | {"cpu": cpu}


def bench_ingest_and_verify(fleet):
    made = [fleet.seal(host, EVENTS, BUSY, host / "spool") for host in fleet.hosts]
    batches, loads, speeds, walls = sum(m["batches"] for m in made), [], [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="swornlog-bench-", dir=DISK) as folder:
            loads.append(ingest_once(fleet, f"{folder}/store"))
            begun = os.times()
            run(BIN / "swornlog", "verify", "--anchor", fleet.dir / "fleet/genesis", f"{folder}/store")
            ended = os.times()
            walls.append(loads[-1]["entries"] / (ended.elapsed - begun.elapsed))
            speeds.append(loads[-1]["entries"] / (ended.children_user + ended.children_system - begun.children_user - begun.children_system))
    row("verify", speeds, "entries/s per core", 1_000_000)
    row("verify", walls, "entries/s", note=f"by the clock, {len(CORES)} cores, {HOSTS} hosts")
    shared = "" if SINK_CORE != LOAD_CORE else ", which the hosts share"
    row("ingest", [m["entries_per_s"] for m in loads], "entries/s, durable, receipted", 300_000,
        note=f"{HOSTS} hosts, TLS on loopback, {IN_A_REQUEST} batches a request, sink on one core{shared}")
    row("ingest", [batches / m["seconds"] for m in loads], "batches/s", note=f"{loads[0]['entries'] / batches:,.0f} entries a batch")
    row("ingest", [m["entries"] / m["cpu"] for m in loads], "entries/s per core of the sink", note="by its CPU time from start to end")
    for p in ("p50", "p99"):
        row(f"ingest, request to receipt, {p}", [m[f"{p}_ms"] for m in loads], "ms", note="at full load")


def resident_kib(pid):
    """What a process holds, BPF rings and maps left out."""
    total, skip = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"^[0-9a-f]+-[0-9a-f]+ ", line):
            skip = "bpf" in line
        elif line.startswith("Rss:") and not skip:
            total += int(line.split()[1])
    return total


def latency_rows(fleet):
    """Ordinary events first, for a login seals everything that waits with it."""
    for _ in range(100):
        subprocess.run(["/bin/true"], check=False)
        time.sleep(0.3)
    ordinary = fleet.status()["receipt_latency_ms"]["all"]
    for p, target in (("p50", None), ("p99", 1500)):
        row(f"event to receipt, {p}", ordinary[p], "ms", target, "less", f"{ordinary['count']} batches")
    for _ in range(60):
        subprocess.run(["su", "-s", "/bin/true", "nobody"], check=False, stdin=subprocess.DEVNULL, capture_output=True)
        time.sleep(0.4)  # slow enough for the bound on seals a second, which is not what is measured here
    time.sleep(1.5)
    critical = fleet.status()["receipt_latency_ms"]["critical"]
    for p, target in (("p50", None), ("p99", 250)):
        row(f"login to receipt, {p}", critical[p], "ms", target, "less", f"{critical['count']} batches")


def bench_agent():
    if os.geteuid() != 0:
        skipped("agent memory and latency", "they need root")
        return
    fleet = support.Fleet(audit="multicast", audit_enable="true")
    try:
        fleet.start_sink()
        fleet.enroll()
        fleet.start_agent()
        time.sleep(3)
        rest = sum(resident_kib(fleet.process[name].pid) for name in ("collector", "sealer", "shipper"))
        row("agent memory at rest", rest / 1024, "MiB, three processes", 40, "less", "ring pages left out")
        latency_rows(fleet)
        fleet.stop()
    finally:
        for name in list(fleet.process):
            fleet.end(name)  # with SIGTERM, or the kernel's audit would stay switched on
        fleet.remove()


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def spread(r):
    return f"median of {r['runs']}, {number(r['least'])} to {number(r['most'])}" if r["runs"] > 1 else ""


def report(json_file):
    """Print the rows, and keep them in a file too where one is named."""
    for r in rows:
        verdict = {True: "met", False: "MISSED", None: ""}[r["met"]]
        about = "; ".join(filter(None, (spread(r), r["note"])))
        print(f"{r['name']:31} {number(r['value']):>12} {r['unit']:31} {number(r['target']) if r['target'] is not None else '':>10} {verdict:7} {about}")
    if json_file:
        machine = {"cores": len(CORES), "kernel": platform.release(), "machine": platform.machine()}
        pathlib.Path(json_file).write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


def main():
    with tempfile.TemporaryDirectory(prefix="swornlog-bench-", dir="/dev/shm") as folder:
        fleet = Fleet(pathlib.Path(folder))
        bench_seal(fleet)
        bench_sizes(fleet)
        bench_ingest_and_verify(fleet)
    bench_agent()
    report(sys.argv[1] if len(sys.argv) > 1 else None)


if __name__ == "__main__":
    main()
