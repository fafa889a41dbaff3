#!/usr/bin/python3
"""What `swornlog drill` promises besides catching sins: it only reads a store that it is given, leaves nothing behind, and says the same everywhere.

That it catches each sin is its own suite in `make check`.
"""
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "independent"), str(ROOT / "tests" / "support"), str(ROOT / "tests" / "e2e")]
import tamper_test  # noqa: E402
from checks import check, finish, wait_until  # noqa: E402
from drill import check_drill  # noqa: E402
from statements import check_genesis  # noqa: E402

SWORNLOG = pathlib.Path(os.environ.get("BIN", ROOT / "build/opt")).resolve() / "swornlog"


def drill(work, *words):
    return subprocess.run([SWORNLOG, "drill", *map(str, words)], capture_output=True, text=True, timeout=170, env=dict(os.environ, TMPDIR=str(work / "tmp")))


def fingerprint(folder):
    return {str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.stat().st_ctime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in folder.rglob("*") if p.is_file()}


def left_behind(work):
    running = subprocess.run(["pgrep", "-f", str(work / "tmp")], capture_output=True, text=True).stdout.split()
    return [*map(str, (work / "tmp").iterdir()), *running]


def words_of_the_command_line(work):
    listed = drill(work, "--list").stdout
    check("--list names the sin, the check and the controls", all(word in listed for word in ("kill-agent", "sink: host silent", "164.312(b)", "10.7.2")), listed)
    wrong = {
        "a sin that there is not": ("--only", "charity"),
        "a store without an anchor": ("--store", work / "store"),
        "a signature without a place for it": ("--sign", work / "key"),
    }
    for what, words in wrong.items():
        result = drill(work, *words)
        check(f"{what} is wrong usage", result.returncode == 2 and result.stderr, result)
    result = drill(work, "--store", work / "nothing", "--anchor", work / "anchor", "--only", "alter-entry")
    check("a store that is not there can't be drilled", result.returncode == 1 and "failed" in result.stdout, result)


def on_a_copy_of_a_store(work):
    before = fingerprint(work / "store")
    subprocess.run([SWORNLOG, "fleet", "init", work / "fleet", "--fleet", "acme"], check=True, capture_output=True)
    result = drill(work, "--store", work / "store", "--anchor", work / "anchor", "--json", "--html", work / "page.html",
                   "--sign", work / "fleet" / "auditor-first.key", "--out", work / "result")
    check("each sin on a store is caught", result.returncode == 0, result.stdout[:3000] + result.stderr)
    found = json.loads(result.stdout)
    check("at least a dozen are tried", found["good"] and found["counts"]["caught"] >= 12 and found["target"] == "store", found["counts"])
    check("the store is only read", fingerprint(work / "store") == before)
    page = (work / "page.html").read_text()
    check("the page has a row for each", all(one["sin"] in page and one["check"] in page for one in found["results"]))
    signed = check_drill((work / "result").read_bytes(), check_genesis((work / "fleet" / "genesis").read_bytes()))
    check("the signed result says the same", [(s.name, s.outcome) for s in signed.sins] == [(r["sin"], r["outcome"]) for r in found["results"]], signed)
    check("nothing is left behind", not left_behind(work), left_behind(work))


def a_fault_that_was_there_before_is_not_a_catch(work):
    genesis = work / "store" / "genesis"
    whole = genesis.read_bytes()
    genesis.write_bytes(whole.replace(b"admin", b"Admin", 1))
    result = drill(work, "--store", work / "store", "--anchor", work / "anchor", "--only", "alter-genesis,delete-batch", "--json")
    outcomes = {one["sin"]: one["outcome"] for one in json.loads(result.stdout)["results"]}
    genesis.write_bytes(whole)
    check("what was found before the sin does not count", outcomes == {"alter-genesis": "missed", "delete-batch": "caught"} and result.returncode == 1, outcomes)


def ended_in_the_middle(work):
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen([SWORNLOG, "drill"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(os.environ, TMPDIR=str(work / "tmp")))
        running = wait_until(lambda: len(left_behind(work)) > 8, 20)
        process.send_signal(number)
        status = process.wait(20)
        said = process.stderr.read()
        check(f"{number.name} ends it", running and status == 3 and "ended early" in said, (running, status, said))
        check("with all of its processes and its folder", wait_until(lambda: not left_behind(work), 5), left_behind(work))
    process = subprocess.Popen([SWORNLOG, "drill"], stdout=subprocess.DEVNULL, env=dict(os.environ, TMPDIR=str(work / "tmp")))
    wait_until(lambda: len(left_behind(work)) > 6, 20)
    process.kill()
    process.wait()
    time.sleep(0.2)
    running = [one for one in left_behind(work) if one.isdigit()]
    check("killed, it leaves no process behind either", not running, running)


def main():
    with tempfile.TemporaryDirectory(prefix="swornlog-drill-test-", dir="/tmp") as folder:
        work = pathlib.Path(folder)
        (work / "tmp").mkdir()
        made = tamper_test.make_store(work / "store")
        assert made == work / "anchor"
        words_of_the_command_line(work)
        on_a_copy_of_a_store(work)
        a_fault_that_was_there_before_is_not_a_catch(work)
        ended_in_the_middle(work)
    finish()


main()
