#!/usr/bin/python3
"""make bench-collect: what collecting costs, as ratios within one run. See README.md in this folder.

usage: [BIN=build/opt] [PAIRS=15] [AUDITD=1] [LAUREL=/path] collect_bench.py [JSON-FILE]

Root, by hand, on a machine that has little else to do. AUDITD=1 compares with auditd, which needs kernel audit to be
off: it is switched on for one user's events meanwhile, and off again.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import json

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.bench import bench, recorders  # noqa: E402

STORM = bench.BIN / "tests/storm"
PAIRS = int(os.environ.get("PAIRS") or 15)
FILES, EXECS, CALLS = 20_000, 2_000, 2_000_000
LONG = 5  # times as many where a second of idling around the storm would show
IN_A_FILE, IN_AN_EXEC = 4, 2  # events: open, rename, chmod, unlink; exec, exit
STORM_UID = 60_997  # of nobody else
SUSTAINED_S = 60
SUSTAINED_FILES, SUSTAINED_EXECS = 30_000 // IN_A_FILE, 700
PTRACE_TRACEME = 0


class Storms:
    """Both storms, run by a user of their own in a folder of their own on a disk."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="swornlog-storm-", dir="/var/tmp"))
        shutil.copy(STORM, self.dir / "storm")
        for path in (self.dir, self.dir / "storm"):
            path.chmod(0o755)
            os.chown(path, STORM_UID, STORM_UID)

    def command(self, *args):
        return subprocess.Popen([self.dir / "storm", *map(str, args)], user=STORM_UID, group=STORM_UID, extra_groups=[], stdout=subprocess.PIPE)

    def result(self, process):
        out = process.communicate()[0]
        if process.returncode:
            raise RuntimeError("a storm failed")
        return json.loads(out)

    def files(self, times=1):
        return self.result(self.command("files", self.dir, FILES * times))

    def execs(self, times=1):
        return self.result(self.command("execs", EXECS * times))

    def calls(self):
        return self.result(self.command("calls", CALLS))

    def sustained(self):
        both = [self.command("files", self.dir, SUSTAINED_FILES * SUSTAINED_S, SUSTAINED_FILES),
                self.command("execs", SUSTAINED_EXECS * SUSTAINED_S, SUSTAINED_EXECS)]
        return [self.result(p) for p in both]

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def difference(after, before):
    return {k: after[k] - before[k] for k in after}


def pair(storms, recorder):
    """One storm of each kind without and one with the recorder, and what it did meanwhile."""
    quiet = {"files": storms.files(), "execs": storms.execs()}
    recorder.start()
    try:
        loud, did = {}, {}
        for kind, storm in (("files", storms.files), ("execs", storms.execs)):
            before = recorder.numbers()
            loud[kind] = storm()
            did[kind] = difference(recorder.numbers(), before)
    finally:
        recorder.end()
    return quiet, loud, did


def slowdown_rows(name, made, target):
    """Wall time says what a user waits; the storm's own CPU time is not touched by what else runs on the machine."""
    for kind, limit in (("files", 1.2), ("execs", 1.1)):
        label, target_here = {"files": "file", "execs": "exec"}[kind], limit if target else None
        bench.row(f"{label} storm, {name}", [loud[kind]["seconds"] / quiet[kind]["seconds"] for quiet, loud, _ in made], "times as long", target_here, "less")
        bench.row(f"{label} storm, {name}", [loud[kind]["cpu"] / quiet[kind]["cpu"] for quiet, loud, _ in made], "times its own CPU time")


def event_rows(name, made, target):
    for kind, count in (("file", FILES * IN_A_FILE), ("exec", EXECS * IN_AN_EXEC)):
        did = [d[f"{kind}s"] for _, _, d in made]
        loud = [100 * d["events"] / count for d in did]
        bench.row(f"{kind} storm, {name}", loud, "% of its events, with others'")
        bench.row(f"{kind} storm, {name}", [d["lost"] for d in did], "events lost", 0 if target else None, "less")
        if not target:
            bench.row(f"{kind} storm, {name}", [d["collector"] * 1e6 / d["events"] for d in did if d["events"]], "us of its CPU an event")
        size = [d["bytes"] / d.get("entries", d["events"]) for d in did if d["events"]]
        bench.row(f"{kind} storm, {name}", size, "bytes stored an event", 25 if target else None, "less")


def compare(storms, recorder, target=False, pairs=PAIRS):
    try:
        made = [pair(storms, recorder) for _ in range(pairs)]
    finally:
        recorder.remove()
    slowdown_rows(recorder.name, made, target)
    event_rows(recorder.name, made, target)


def cpu_rows(kind, did):
    """From the ring to the sealed batch: the idling around the storm is in it."""
    for name, used in (("", did["collector"] + did["sealer"]), (", collector", did["collector"]), (", sealer", did["sealer"])):
        bench.row(f"{kind} storm, agent{name}", used * 1e6 / did["events"], "us of its CPU an event", None if name else 3, "less", f"{did['events']:,} events")


def counting_programs(recorder, storm):
    """What the storm returns, and what each program used meanwhile. Run-time statistics cost something themselves, so the
    slowdowns are measured without."""
    with recorders.KernelStats():
        before = recorder.programs()
        made = storm()
        return made, {name: difference(now, before[name]) for name, now in recorder.programs().items()}


def kernel_row(load, programs, events):
    bench.row(f"{load}, in the kernel", sum(p["ns"] for p in programs.values()) / events / 1000, "us an event", 1, "less",
              f"{programs['sys_exit']['runs'] / events:.1f} runs of sys_exit an event, calls of no interest included")


def bench_each(storms, recorder):
    for kind, storm in (("file", storms.files), ("exec", storms.execs)):
        before = recorder.numbers()
        _, programs = counting_programs(recorder, lambda: storm(LONG))
        did = difference(recorder.numbers(), before)
        cpu_rows(kind, did)
        kernel_row(f"{kind} storm", programs, did["events"])
        for name, p in programs.items():
            if p["runs"] > did["events"] // 50:
                bench.row(f"{kind} storm, {name}", p["ns"] / p["runs"], "ns a run")


def bench_calls(storms, recorder):
    """1-byte reads and writes: what the hook at the end of every system call costs those that don't matter."""
    base, added = [], []
    for _ in range(5):
        base.append(storms.calls()["cpu"] / (2 * CALLS) * 1e9)
        recorder.start()
        added.append(storms.calls()["cpu"] / (2 * CALLS) * 1e9 - base[-1])
        recorder.end()
    bench.row("a call of no interest, base", base, "ns")
    bench.row("a call of no interest, added", added, "ns")


def bench_idle(recorder):
    recorder.settled()
    before, cpu = recorder.fleet.status(), {name: recorders.on_cpu_s(recorder.pid(name)) for name in ("collector", "sealer")}
    time.sleep(60)
    events = recorder.fleet.status()["emitted"] - before["emitted"]
    for name, was in cpu.items():
        bench.row(f"idle, {name}", (recorders.on_cpu_s(recorder.pid(name)) - was) / 60 * 100, "% of one CPU", 0.2, "less", f"{events:,} events of others meanwhile")


def bench_sustained(storms, recorder):
    before, begun = recorder.numbers(), time.monotonic()
    (files, execs), programs = counting_programs(recorder, storms.sustained)
    did = difference(recorder.numbers(), before)
    bench.row("sustained, files", files["count"] * IN_A_FILE / files["seconds"], "events/s made", 30_000 * 0.99)
    bench.row("sustained, execs", execs["count"] / execs["seconds"], "execs/s made", 700 * 0.99)
    bench.row("sustained", did["lost"], "events lost", 0, "less", f"of {did['events']:,} in {time.monotonic() - begun:.0f} s")
    bench.row("sustained", (did["collector"] + did["sealer"]) * 1e6 / did["events"], "us of its CPU an event", 3, "less")
    kernel_row("sustained", programs, did["events"])


def trace_me():
    """A critical event, and the boot time of it."""
    if os.fork() == 0:
        ctypes.CDLL(None).ptrace(PTRACE_TRACEME, 0, 0, 0)
        os._exit(0)
    os.wait()


def sealed_at(spool):
    """Per batch its first index and the boot time at which its file was last written."""
    offset = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return sorted((int(p.stem.split("-")[1]), (p.stat().st_mtime_ns - offset) / 1000) for p in spool.glob("*.batch"))


def bench_critical(recorder):
    for _ in range(200):
        trace_me()
        time.sleep(0.12)
    recorder.settled()
    entries = recorder.shown("--kind", "80", "--since", "60s")
    if len(entries) < 200:
        bench.skipped("critical event to sealed batch", "no critical events are told here")
        return
    batches = sealed_at(recorder.fleet.spool)
    waits = [min(at for first, at in [max(b for b in batches if b[0] <= e["index"])]) - e["boot_us"] for e in entries]
    p99 = statistics.quantiles(waits, n=100)[98]
    bench.row("critical event to sealed batch, p99", p99 / 1000, "ms", 20, "less", f"{len(waits)} of them, median {statistics.median(waits) / 1000:.1f} ms")


def bench_swornlog(storms):
    compare(storms, recorders.Swornlog(), target=True)
    recorder = recorders.Swornlog()
    try:
        bench_calls(storms, recorder)
        recorder.start()
        bench_each(storms, recorder)
        bench_idle(recorder)
        bench_critical(recorder)
        bench_sustained(storms, recorder)
        recorder.end()
    finally:
        recorder.remove()


def bench_auditd(storms):
    laurel = os.environ.get("LAUREL") or shutil.which("laurel")
    kinds = [("RAW", None), ("ENRICHED", None)] + ([("RAW", laurel)] if laurel else [])
    for log_format, plugin in kinds:
        try:
            recorder = recorders.Auditd(log_format, STORM_UID, plugin)
        except recorders.AuditNotFree as e:
            bench.skipped("auditd", str(e))
            return
        compare(storms, recorder, pairs=min(PAIRS, 3))
    if not laurel:
        bench.skipped("auditd + laurel", "there is no laurel (LAUREL=/path)")


def main():
    if os.geteuid() != 0:
        sys.exit("bench-collect needs root")
    # What was changed is put back, whoever ends it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    storms = Storms()
    try:
        bench_swornlog(storms)
        if os.environ.get("AUDITD") == "1":
            bench_auditd(storms)
        else:
            bench.skipped("auditd", "compared with AUDITD=1 only")
    finally:
        storms.remove()
    bench.report(sys.argv[1] if len(sys.argv) > 1 else None)


if __name__ == "__main__":
    main()
