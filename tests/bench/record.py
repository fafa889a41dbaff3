#!/usr/bin/python3
"""Records what the real collector sends during three storms, as the benchmarks' input: tests/bench/events.frames.zst.

usage: [BIN=build/opt] record.py OUT    Needs root. Only the storms' own processes are kept, in the order in which they acted.
"""
import os
import pathlib
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
FILES, PROGRAMS, UNITS = 1800, 400, 150
MARK = "swornlog-storm"


class Recorder(frames.Sink):
    """Keeps the bytes of each event beside its decoded form."""

    def __init__(self, path):
        self.raw = []
        super().__init__(path)

    def frame(self, body):
        super().frame(body)
        if body[0] == frames.EVENT:
            self.raw.append((self.events[-1], len(body).to_bytes(4, "big") + body))


def file_storm():
    """Create, write, rename, chmod, unlink."""
    return f"""
import os
os.makedirs("{STORM}", exist_ok=True)
for i in range({FILES}):
    name = f"{STORM}/record-{{i:05d}}.tmp"
    with open(name, "w") as f:
        f.write("x")
    os.rename(name, name[:-4] + ".dat")
    os.chmod(name[:-4] + ".dat", 0o640)
    os.unlink(name[:-4] + ".dat")
"""


def exec_storm():
    return f"import subprocess\nfor i in range({PROGRAMS}):\n    subprocess.run(['/bin/true', '--job', str(i)])\n"


def build():
    """A small program of many units, made with make and cc."""
    DEMO.mkdir(parents=True, exist_ok=True)
    for i in range(UNITS):
        (DEMO / f"unit{i}.c").write_text(f"#include <stdio.h>\nint unit{i}(int x) {{ return printf(\"%d\", x + {i}); }}\n")
    (DEMO / "main.c").write_text("".join(f"int unit{i}(int);\n" for i in range(UNITS)) + "int main(void) { return " + " + ".join(f"unit{i}({i})" for i in range(UNITS)) + "; }\n")
    objects = " ".join(f"unit{i}.o" for i in range(UNITS)) + " main.o"
    (DEMO / "Makefile").write_text(f"demo: {objects}\n\tcc -o demo {objects}\n")
    return f"import subprocess\nsubprocess.run(['make', '-s', '-C', '{DEMO}'], check=True)\n"


def run(code):
    env = {"PATH": "/usr/bin:/bin", "LANG": "C"}
    subprocess.run(["/usr/bin/python3", "-I", "-c", code, MARK], check=True, env=env, cwd="/")


def of_the_storms(raw):
    """Events by processes that descend from a marked one."""
    known, kept = set(), []
    for event, data in raw:
        if event.kind in (frames.PROCESS, frames.EXEC):
            argv = event.fields.get(5, [])
            if MARK.encode() in argv or event.parent in known or event.previous in known or event.process in known:
                known.add(event.self)
                kept.append(data)
        elif event.process in known:
            kept.append(data)
    return kept


def main():
    out = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(f"{folder}/s")
        collector = subprocess.Popen([BIN / "swornlog-collector", "--events-socket", f"{folder}/s", "--audit", "off"])
        while not recorder.postures:
            time.sleep(0.05)
        for storm in (file_storm(), exec_storm(), build()):
            run(storm)
        time.sleep(1.5)
        collector.terminate()
        collector.wait()
        if recorder.losses:
            sys.exit(f"events were lost, record again: {recorder.losses[:3]}")
        kept = of_the_storms(recorder.raw)
    subprocess.run(["rm", "-rf", DEMO, STORM], check=True)
    out.write_bytes(zstandard.ZstdCompressor(level=19).compress(b"".join(kept)))
    print(f"{len(kept)} of {len(recorder.raw)} events, {sum(map(len, kept))} bytes, {out.stat().st_size} packed")


if __name__ == "__main__":
    main()
