"""A scratch fleet of real processes on this machine, for the end-to-end tests.

Everything lives in one temporary folder; stop() ends what was started. BIN names the folder of the programs.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

BIN = pathlib.Path(os.environ.get("BIN", "build/opt")).resolve()
FLEET = "test.example"
HOST = "web-1"
# Sanitizers write to standard error and end the process with a status of their own, which the tests look for.
SANITIZER_STATUS = 86
ENV = dict(os.environ, ASAN_OPTIONS=f"exitcode={SANITIZER_STATUS}:detect_leaks=0", UBSAN_OPTIONS=f"exitcode={SANITIZER_STATUS}:halt_on_error=1")


def wait_until(what, condition, seconds=20.0):
    """Poll until the condition holds; its value is returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.02)


class Fleet:
    def __init__(self, **agent_options):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="swornlog-test-"))
        self.agent_options = agent_options
        self.process = {}
        self.port = 0
        self.store = self.dir / "store"
        self.spool = self.dir / "spool"
        self.anchor = self.dir / "fleet" / "genesis"
        self.control = self.dir / "sink.sock"
        for name in ("store", "spool", "state", "run", "log"):
            (self.dir / name).mkdir(mode=0o700)
        self._make()

    def _make(self):
        self.command("fleet", "init", self.dir / "fleet", "--fleet", FLEET, "--sink-name", "localhost,127.0.0.1")
        self.command("enroll", "request", self.dir / "request", "--fleet", FLEET, "--host", HOST)
        self.command("enroll", "approve", self.dir / "fleet", self.dir / "request" / "request", "--out", self.dir / "granted")
        shutil.copy(self.dir / "request" / "identity.key", self.dir / "state" / "identity.key")
        self.write_sink_config()

    def command(self, *args, status=0):
        result = subprocess.run([BIN / "swornlog", *map(str, args)], capture_output=True, text=True, env=ENV, timeout=300)
        assert result.returncode == status, f"swornlog {' '.join(map(str, args))}: status {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

    def write_sink_config(self, **more):
        lines = {
            "store": self.store,
            "listen": f"127.0.0.1:{self.port}",
            "certificate": self.dir / "fleet" / "sink.crt",
            "key": self.dir / "fleet" / "sink.key",
            "ca": self.dir / "fleet" / "ca.crt",
            "genesis": self.anchor,
            "log_key": self.dir / "fleet" / "fleet-log.key",
            "control": self.control,
        } | more
        (self.dir / "sink.yaml").write_text("".join(f"{k}: {v}\n" for k, v in lines.items()))

    def write_agent_config(self):
        lines = {
            "fleet": FLEET,
            "host": HOST,
            "state": self.dir / "state",
            "spool": self.spool,
            "run": self.dir / "run",
            "sink": f"https://localhost:{self.port}",
            "certificate": self.dir / "granted" / "host.crt",
            "key": self.dir / "request" / "host.key",
            "ca": self.dir / "fleet" / "ca.crt",
            "genesis": self.anchor,
            "enrol": self.dir / "granted" / "enrol",
            "audit": "off",
            "collector_user": "root",
            "sealer_user": "root",
            "shipper_user": "root",
            "group": "root",
        } | self.agent_options
        (self.dir / "agent.yaml").write_text("".join(f"{k}: {v}\n" for k, v in lines.items()))

    def start(self, name, *more):
        config = "sink.yaml" if name == "sink" else "agent.yaml"
        with open(self.dir / "log" / f"{name}.log", "ab") as log:
            self.process[name] = subprocess.Popen([BIN / f"swornlog-{name}", "--config", self.dir / config, *more], stdout=log, stderr=log, env=ENV)

    def log(self, name):
        return (self.dir / "log" / f"{name}.log").read_text(errors="replace")

    def start_sink(self):
        seen = len(self.log("sink")) if (self.dir / "log" / "sink.log").exists() else 0
        self.start("sink")
        found = wait_until("the sink to listen", lambda: re.search(r"listening on \S*:(\d+)", self.log("sink")[seen:]) or self._dead("sink"))
        if not self.port:
            self.port = int(found.group(1))
            self.write_sink_config()
            self.write_agent_config()

    def _dead(self, name):
        if self.process[name].poll() is not None:
            raise AssertionError(f"{name} ended with {self.process[name].returncode}:\n{self.log(name)[-2000:]}")

    def enroll(self):
        self.command("enroll", "submit", self.dir / "granted" / "enrol", "--control", self.control)

    def start_agent(self, *collector_options):
        for name in ("sealer", "shipper"):
            self.start(name)
        self.start("collector", *collector_options)
        wait_until("the collector to connect", lambda: re.search(r"the collector \(pid \d+\) is connected", self.log("sealer")) and self.status())

    def status(self, name="sealer"):
        try:
            return json.loads((self.dir / "run" / f"{name}.status").read_text())
        except (OSError, ValueError):
            return None

    def kill(self, name):
        """SIGKILL, and start anew."""
        self.process[name].kill()
        self.process[name].wait()
        self.start_sink() if name == "sink" else self.start(name)

    def end(self, name, seconds=20):
        process = self.process.pop(name, None)
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{name} did not end on SIGTERM:\n{self.log(name)[-2000:]}") from None
        assert status == 0, f"{name} ended with {status}:\n{self.log(name)[-3000:]}"

    def stop(self):
        for name in ("collector", "sealer", "shipper", "sink"):
            self.end(name)

    def verify(self, path=None, status=0):
        return json.loads(self.command("verify", "--json", "--anchor", self.anchor, path or self.store, status=status))

    def sanitizer_reports(self):
        return [line for log in (self.dir / "log").iterdir() for line in log.read_text(errors="replace").splitlines()
                if "runtime error" in line or "AddressSanitizer" in line]

    def remove(self):
        for process in self.process.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def run(tests):
    """Run the functions, print a line each and the sum; returns the exit status."""
    passed = failed = 0
    for test in tests:
        name = test.__name__.replace("_", " ")
        try:
            test()
        except Exception as e:  # a test's failure, whatever it is, is one line and its reason
            failed += 1
            print(f"not ok - {name}: {type(e).__name__}: {e}", flush=True)
        else:
            passed += 1
            print(f"ok - {name}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
