"""What may record the storms of collect_bench.py: this project's collector and sealer, or auditd with equal rules.

Each starts, tells what it has seen and what it has used, and ends without a trace.
"""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from tests.support import fleet as support

BPF_ENABLE_STATS = 32
BPF_CALL = {"x86_64": 321, "aarch64": 280}
KEY = "swornlog-bench"
RULES = (
    "-F arch=b64 -S open -F a1&01101",
    "-F arch=b64 -S openat -F a2&01101",
    "-F arch=b64 -S rename,renameat,renameat2,unlink,unlinkat,chmod,fchmod,fchmodat",
    "-F arch=b64 -S execve,execveat,exit_group",
)
AUDITD_CONF = """log_file = {dir}/audit.log
log_format = {format}
log_group = root
local_events = yes
write_logs = yes
flush = INCREMENTAL_ASYNC
freq = 50
num_logs = 2
max_log_file = 4096
max_log_file_action = IGNORE
space_left = 2
space_left_action = IGNORE
admin_space_left = 1
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
plugin_dir = {dir}/plugins.d
q_depth = 65536
"""
LAUREL_PLUGIN = """active = yes
direction = out
path = {laurel}
type = always
args = --config {dir}/laurel.toml
format = string
"""
LAUREL_CONF = """directory = "{dir}"
user = "root"
statusreport-period = 0
input = "stdin"

[auditlog]
file = "laurel.log"
size = 4000000000
generations = 2
"""


def on_cpu_s(pid):
    """Seconds that all threads of a process have run."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


class KernelStats:
    """Run-time statistics of BPF programs, for as long as this is open."""

    def __enter__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        attributes = (ctypes.c_uint32 * 16)()
        self.fd = libc.syscall(BPF_CALL[os.uname().machine], BPF_ENABLE_STATS, attributes, 64)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "BPF_ENABLE_STATS")
        return self

    def __exit__(self, *_):
        os.close(self.fd)


class Swornlog:
    """Collector and sealer; nothing is shipped, so that the spool keeps all of it."""
    name = "swornlog"

    def __init__(self):
        self.fleet = support.Fleet()
        self.fleet.port = 1
        self.fleet.write_agent_config()
        self.dir = self.fleet.dir

    def start(self):
        seen = len(self.fleet.log("sealer")) if (self.dir / "log/sealer.log").exists() else 0
        for name in ("sealer", "collector"):
            self.fleet.start(name)
        support.wait_until("the collector to connect", lambda: "the collector (pid" in self.fleet.log("sealer")[seen:] and self.fleet.status())

    def end(self):
        self.fleet.stop()

    def remove(self):
        self.fleet.remove()

    def pid(self, name):
        return self.fleet.process[name].pid

    def settled(self):
        """The sealer's status once nothing is under way."""
        while True:
            before = self.fleet.status()
            time.sleep(1.6)
            now = self.fleet.status()
            if now["emitted"] - before["emitted"] < 2000:
                return now

    def numbers(self):
        s = self.settled()
        return {"events": s["emitted"], "stored": s["stored"], "filtered": s["filtered"], "lost": s["lost"], "entries": s["size"],
                "bytes": s["spool_bytes"], "collector": on_cpu_s(self.pid("collector")), "sealer": on_cpu_s(self.pid("sealer"))}

    def programs(self):
        """Per program what the kernel says of it, while KernelStats is open."""
        pid, found = self.pid("collector"), {}
        tracepoints = {}
        for fd in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
            text = fd.read_text()
            facts = dict(re.findall(r"^(\w+):\s+(\S+)$", text, re.M))
            if "tp_name" in facts:
                tracepoints[facts["prog_id"]] = facts["tp_name"]
            elif "run_cnt" in facts:
                found[facts["prog_id"]] = {"ns": int(facts["run_time_ns"]), "runs": int(facts["run_cnt"])}
        return {tracepoints.get(prog, prog): facts for prog, facts in found.items()}

    def shown(self, *options):
        out = subprocess.run([support.BIN / "swornlog", "show", "--json", *map(str, options), self.fleet.spool], check=True, capture_output=True)
        return [json.loads(line) for line in out.stdout.splitlines()]


class AuditNotFree(Exception):
    pass


def audit_status():
    out = subprocess.run(["auditctl", "-s"], check=True, capture_output=True, text=True).stdout
    return {words[0]: words[1] for words in (line.split() for line in out.splitlines()) if len(words) > 1}


class Auditd:
    """auditd with rules for one user's events of the same kinds, and for nobody else's. Only where kernel audit is off and without rules."""

    def __init__(self, log_format, uid, laurel=None):
        self.format, self.uid, self.laurel = log_format, uid, laurel
        self.name = f"auditd {log_format}" + (" + laurel" if laurel else "")
        if not shutil.which("auditd"):
            raise AuditNotFree("there is no auditd")
        self.before = audit_status()
        rules = subprocess.run(["auditctl", "-l"], capture_output=True, text=True).stdout.strip()
        if self.before["enabled"] != "0" or self.before["pid"] != "0" or rules != "No rules":
            raise AuditNotFree("kernel audit is in use")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="swornlog-auditd-", dir="/var/tmp"))
        (self.dir / "plugins.d").mkdir(mode=0o750)
        self.write("auditd.conf", AUDITD_CONF)
        if laurel:
            self.write("plugins.d/laurel.conf", LAUREL_PLUGIN)
            self.write("laurel.toml", LAUREL_CONF)

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text.format(dir=self.dir, format=self.format, laurel=self.laurel))
        path.chmod(0o640)

    def start(self):
        self.process = subprocess.Popen(["auditd", "-n", "-c", self.dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        support.wait_until("auditd to own audit", lambda: audit_status()["pid"] == str(self.process.pid))
        self.control("-b", "8192")
        for rule in RULES:
            self.control("-a", "always,exit", *rule.split(), "-F", f"uid={self.uid}", "-k", KEY)
        self.control("-e", "1")

    def control(self, *args):
        subprocess.run(["auditctl", *args], check=True, stdout=subprocess.DEVNULL)

    def end(self):
        subprocess.run(["auditctl", "-D"], stdout=subprocess.DEVNULL)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.control("-e", self.before["enabled"])
        self.control("-b", self.before["backlog_limit"])

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def pids(self):
        """auditd, its plugins and the kernel's own thread."""
        found = [self.process.pid]
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                head, tail = stat.read_text().rsplit(")", 1)
            except OSError:
                continue
            if head.endswith("(kauditd") or tail.split()[1] == str(self.process.pid):
                found.append(int(stat.parent.name))
        return found

    def log(self):
        return (self.dir / "audit.log").read_bytes()

    def numbers(self):
        size = -1
        while size != (size := sum(f.stat().st_size for f in self.dir.glob("*.log"))):
            time.sleep(1.6)
        text = self.log()
        return {"events": text.count(b"type=SYSCALL"), "lost": int(audit_status()["lost"]), "bytes": size,
                "collector": sum(map(on_cpu_s, self.pids()))}
