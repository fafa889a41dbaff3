"""Go's module library as another reader of our notes and proofs: tests/golang/check.go, built with Debian's packages, without network."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "golang"


def build_checker():
    """Path of the program. A missing compiler or library is an error: `make deps` installs both."""
    OUT.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOCACHE=str(OUT / "cache"), GOFLAGS="", CGO_ENABLED="0")
    program = OUT / "check"
    subprocess.run(["go", "build", "-o", program, ROOT / "tests" / "golang" / "check.go"], env=env, check=True, timeout=300)
    return program


def run_checker(program, *arguments, stdin=b""):
    done = subprocess.run([program, *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
