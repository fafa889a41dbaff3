#!/usr/bin/python3
"""Records what the real collector sends while this machine is busy, as the benchmarks' input: tests/bench/events.frames.zst.

usage: [BIN=build/opt] record.py OUT    Needs root, and takes about two minutes. Kernel audit is switched on meanwhile.
Only events of the scenes' own processes are kept, in the order in which they happened.
"""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import zstandard

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.support import intake_frames as frames  # noqa: E402

BIN = ROOT / os.environ.get("BIN", "build/opt")
DEMO = pathlib.Path("/usr/src/demo")
STORM = pathlib.Path("/var/tmp/storm")
# The sizes make the shares that README.md tells.
FILES, PROGRAMS, LOGINS, BUILDS = 3750, 1250, 2, 5
PARTS = ("lib", "evidence", "sealer", "shipper", "sink", "verify")
MARK = "swornlog-storm"

MAKEFILE = """
OBJECTS := $(patsubst %.c,%.o,$(wildcard */*.c))
demo.a: $(OBJECTS)
	ar rcs $@ $(OBJECTS)
%.o: %.c
	cc -std=gnu17 -D_GNU_SOURCE -DSWORNLOG_VERSION='"demo"' -I. -MMD -c -o $@ $<
"""

# What a marked process runs. Names are drawn from a fixed seed: numbered ones would pack better than real ones do.
FILE_STORM = f"""
import os, random
draw = random.Random(1)
for i in range(16):
    os.makedirs(f"{STORM}/{{i:02d}}", exist_ok=True)
for i in range({FILES}):
    folder = f"{STORM}/{{draw.randrange(16):02d}}"
    work, done = f"{{folder}}/.work-{{draw.randrange(1 << 32):08x}}", f"{{folder}}/record-{{draw.randrange(1 << 32):08x}}.dat"
    with open(work, "w") as f:
        f.write("x")
    os.rename(work, done)
    os.chmod(done, 0o640)
    os.unlink(done)
"""
EXEC_STORM = f"import subprocess\nfor i in range({PROGRAMS}):\n    subprocess.run(['/bin/true', '--job', str(i)])\n"
LOGIN = f"import subprocess\nfor i in range({LOGINS}):\n    subprocess.run(['su', '-s', '/bin/true', 'nobody'], check=True)\n"
BUILD = f"""
import pathlib, subprocess
for i in range({BUILDS}):
    subprocess.run(['make', '-s', '-j2', '-C', '{DEMO}'], check=True)
    for made in [*pathlib.Path('{DEMO}').glob('*/*.[od]'), *pathlib.Path('{DEMO}').glob('*.a')]:
        made.unlink()
"""
SCENES = (("file storm", FILE_STORM), ("exec storm", EXEC_STORM), ("logins", LOGIN), ("build", BUILD))


class Recorder(frames.Sink):
    """Keeps the bytes of each event beside its decoded form, and the scene in which it came."""

    def __init__(self, path):
        self.raw = []
        self.scene = None
        super().__init__(path)

    def frame(self, body):
        super().frame(body)
        if body[0] == frames.EVENT:
            self.raw.append((self.scene, self.events[-1], len(body).to_bytes(4, "big") + body))


def run(code):
    env = {"PATH": "/usr/sbin:/usr/bin:/bin", "LANG": "C"}
    subprocess.run(["/usr/bin/python3", "-I", "-c", code, MARK], check=True, env=env, cwd="/", stdin=subprocess.DEVNULL)


def of_the_scenes(raw):
    """Events by processes that descend from a marked one."""
    known, kept = set(), []
    for scene, event, data in raw:
        if event.kind in (frames.PROCESS, frames.EXEC):
            argv = event.fields.get(5, [])
            if MARK.encode() in argv or event.parent in known or event.previous in known or event.process in known:
                known.add(event.self)
                kept.append((scene, data))
        elif event.process in known:
            kept.append((scene, data))
    return kept


def record(folder):
    recorder = Recorder(f"{folder}/s")
    collector = subprocess.Popen([BIN / "swornlog-collector", "--events-socket", f"{folder}/s", "--audit-enable", f"{folder}/lease"])
    try:
        while not recorder.postures:
            time.sleep(0.05)
        for recorder.scene, code in SCENES:
            run(code)
            time.sleep(1.5)  # the collector's clock for what it holds back
    finally:
        collector.terminate()
        collector.wait()
    if recorder.losses:
        sys.exit(f"events were lost, record again: {recorder.losses[:3]}")
    return of_the_scenes(recorder.raw)


def main():
    out = pathlib.Path(sys.argv[1])
    for part in PARTS:
        shutil.copytree(ROOT / part, DEMO / part)
    (DEMO / "Makefile").write_text(MAKEFILE)
    try:
        with tempfile.TemporaryDirectory() as folder:
            kept = record(folder)
    finally:
        shutil.rmtree(DEMO)
        shutil.rmtree(STORM, ignore_errors=True)
    out.write_bytes(zstandard.ZstdCompressor(level=19).compress(b"".join(data for _, data in kept)))
    print(f"{len(kept)} events, {sum(len(data) for _, data in kept)} bytes, {out.stat().st_size} packed")
    for scene, count in collections.Counter(scene for scene, _ in kept).items():
        print(f"{scene:12} {count:6}  {100 * count / len(kept):.1f} %")


if __name__ == "__main__":
    main()
