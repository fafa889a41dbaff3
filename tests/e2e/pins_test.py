#!/usr/bin/python3
"""Kills the collector, acts, and starts another: what happened in between arrives once, and nothing is missing that was not declared.

Needs root: it mounts a BPF file system of its own, and takes it away again.
"""
import atexit
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import intake_frames as intake  # noqa: E402
from checks import check, finish, wait_until  # noqa: E402

BIN = pathlib.Path(os.environ.get("BIN", "build/opt")).resolve()
COLLECTOR = BIN / "swornlog-collector"
UNLINK, EXEC = 34, 17
RING_FULL, RING_GAP, COLLECTOR_DOWN = 0, 1, 8
EXACT, UPPER_BOUND = 0, 2
GAP = 500
KILLS = 8
class Scene:
    """One folder with a BPF file system, and a sink and a collector at a time."""

    def __init__(self, scratch, mount):
        self.scratch, self.mount = scratch, mount
        self.pins = mount / "swornlog"
        self.count = 0

    def start(self, *more):
        self.count += 1
        path = str(self.scratch / f"s{self.count}")
        self.sink = intake.Sink(path)
        self.log = open(self.scratch / f"log{self.count}", "w+")
        self.process = subprocess.Popen([COLLECTOR, "--events-socket", path, "--audit", "off", "--pins", self.pins, *more], stderr=self.log)
        atexit.register(self.process.kill)
        wait_until(lambda: self.sink.postures)
        self.settle()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def said(self):
        return pathlib.Path(self.log.name).read_text()

    def act(self, name, count=GAP):
        for i in range(count):
            try:
                os.unlink(self.scratch / f"{name}-{i}")
            except FileNotFoundError:
                pass

    def seen(self, name):
        prefix = f"{self.scratch}/{name}-".encode()
        return [e.fields[0] for e in self.sink.events if e.kind == UNLINK and e.fields.get(0, b"").startswith(prefix)]

    def settle(self):
        """A point of the stream: when it has arrived and been counted, so has everything before it."""
        self.act(f"point{self.count}-{time.monotonic_ns()}", 1)
        point = f"/point{self.count}-".encode()
        mark = len(self.sink.events)
        wait_until(lambda: any(point in e.fields.get(0, b"") for e in self.sink.events[max(0, mark - 1):] if e.kind == UNLINK))
        time.sleep(0.5)

    def lost(self, reason, exactness=EXACT, kind=UNLINK):
        return sum(l[3] for l in self.sink.losses if l[0] == reason and l[1] == exactness and l[2] == kind)

    def accounts_fit(self):
        emitted, filtered, lost, sent, _ = self.sink.counts[-1]
        return emitted == filtered + lost + sent and sent == len(self.sink.events)


def a_gap_is_told_once(scene):
    scene.start()
    check("programs and rings are pinned", len([p for p in next(scene.pins.iterdir()).iterdir() if p.name.startswith("link_")]) >= 4)
    scene.act("before", 50)
    scene.settle()
    check("it works as ever", len(scene.seen("before")) == 50)
    scene.kill()
    scene.act("gap")
    subprocess.run(["/bin/true", "in-the-gap"], check=True)
    scene.start()
    check("what happened meanwhile arrives, each once", sorted(scene.seen("gap")) == sorted({f"{scene.scratch}/gap-{i}".encode() for i in range(GAP)}),
          len(scene.seen("gap")))
    check("in its order", [int(p.rsplit(b"-", 1)[1]) for p in scene.seen("gap")] == list(range(GAP)))
    check("execs too", len([e for e in scene.sink.events if e.kind == EXEC and b"in-the-gap" in e.fields.get(5, [])]) == 1)
    check("what had been told is not told again", not scene.seen("before"))
    check("the new collector says that it goes on", scene.sink.resumed)
    check("nothing counts as lost", not [l for l in scene.sink.losses if l[1] == EXACT], scene.sink.losses)
    check("and the account fits", scene.accounts_fit(), scene.sink.counts[-1])


def an_orderly_stop_is_a_gap_too(scene):
    check("it stops when told to", scene.stop() == 0)
    scene.act("stopped")
    scene.start()
    check("what happened after an orderly stop arrives", len(scene.seen("stopped")) == GAP, len(scene.seen("stopped")))
    check("without any loss", not scene.sink.losses, scene.sink.losses)


def an_overflow_is_counted(scene):
    scene.stop()
    scene.start("--ring-bytes", "65536")
    scene.kill()
    scene.act("flood", 2000)
    scene.start("--ring-bytes", "65536")
    scene.settle()
    seen, lost = len(scene.seen("flood")), scene.lost(RING_FULL)
    check("a gap larger than the ring is declared to the last event", 0 < seen < 2000 and seen + lost >= 2000, (seen, lost))
    check("no number is unexplained", not [l for l in scene.sink.losses if l[0] == RING_GAP], scene.sink.losses)
    check("the account of it fits", scene.accounts_fit(), scene.sink.counts[-1])
    check("the pins of the other size are gone", len(list(scene.pins.iterdir())) == 1, list(scene.pins.iterdir()))


LOAD = """
import os, sys, time
i = 0
while not os.path.exists(sys.argv[1] + "/enough"):
    for _ in range(50):
        i += 1
        try: os.unlink(sys.argv[1] + "/load-%d" % i)
        except OSError: pass
    time.sleep(0.01)  # other tests listen to the same kernel
print(i)
"""


def kills_under_load(scene):
    """Each kill may take with it what was on its way, and the next collector says how much that is at most."""
    load = subprocess.Popen([sys.executable, "-c", LOAD, scene.scratch], stdout=subprocess.PIPE)
    sinks = [scene.sink]
    for _ in range(KILLS):
        time.sleep(0.3)
        scene.kill()
        scene.start("--ring-bytes", "65536")
        sinks.append(scene.sink)
    (scene.scratch / "enough").touch()
    made = int(load.communicate()[0])
    scene.settle()
    scene.stop()
    prefix = f"{scene.scratch}/load-".encode()
    told = [e.fields[0] for sink in sinks for e in sink.events if e.kind == UNLINK and e.fields.get(0, b"").startswith(prefix)]
    losses = [l for sink in sinks for l in sink.losses]
    full = sum(l[3] for l in losses if l[0] == RING_FULL and l[2] == UNLINK)
    bound = sum(l[3] for l in losses if l[0] == COLLECTOR_DOWN and l[1] == UPPER_BOUND)
    check(f"{KILLS} kills under load: nothing is told twice", len(told) == len(set(told)), len(told) - len(set(told)))
    others = [l for l in losses if l[0] not in (RING_FULL, COLLECTOR_DOWN)]
    check("no number is unexplained", not others, others[:5])
    check("what is missing lies within what was declared", made <= len(told) + full + bound, (made, len(told), full, bound))
    check("and the bounds are not for show", bound < made / 10, (made, len(told), full, bound))


def two_at_once(scene):
    scene.start()
    first = scene.process
    scene.start()
    check("a second collector beside the first keeps out of its rings", "busy" in scene.said(), scene.said())
    scene.stop()
    first.kill()
    first.wait()


def what_is_not_ours(scene):
    folder = next(scene.pins.iterdir())
    (folder / "files").unlink()
    (folder / "files").symlink_to(folder / "critical")
    scene.start()
    check("a symbolic link among the pins is not followed", not scene.sink.resumed and not (folder / "files").is_symlink())
    scene.kill()
    for pin in folder.iterdir():
        if pin.name.startswith("link_"):
            pin.unlink()
    scene.start()
    check("a program whose link is gone is attached anew", len([p for p in folder.iterdir() if p.name.startswith("link_")]) >= 4)
    scene.stop()
    scene.pins.chmod(0o777)
    scene.start()
    check("a folder that others may write to is refused", "not permitted" in scene.said(), scene.said())
    check("and posture says so", b"what happens while there is no collector" in scene.sink.postures[-1][3], scene.sink.postures[-1][3])
    scene.stop()
    scene.pins.chmod(0o700)
    plain = scene.scratch / "plain"
    plain.mkdir()
    kept, scene.pins = scene.pins, plain
    scene.start()
    check("so is one that is in no BPF file system", "can't keep" in scene.said(), scene.said())
    scene.stop()
    scene.pins = kept


def unpin(scene):
    (scene.pins / "somebody-else").mkdir()
    result = subprocess.run([COLLECTOR, "--unpin", scene.pins], check=False)
    check("--unpin removes what is ours", result.returncode == 0 and [p.name for p in scene.pins.iterdir()] == ["somebody-else"])


def main():
    if os.geteuid() != 0:
        finish("needs root to load BPF programs")
    with tempfile.TemporaryDirectory(prefix="swornlog-pins-") as scratch:
        mount = pathlib.Path(scratch) / "bpf"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "bpf", "swornlog-test", mount], check=False).returncode:
            finish("no BPF file system can be mounted here")
        try:
            scene = Scene(pathlib.Path(scratch), mount)
            for part in (a_gap_is_told_once, an_orderly_stop_is_a_gap_too, an_overflow_is_counted, kills_under_load, two_at_once,
                         what_is_not_ours, unpin):
                part(scene)
        finally:
            subprocess.run(["umount", "-l", mount], check=False)
    finish()


if __name__ == "__main__":
    main()
