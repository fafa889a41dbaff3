#!/usr/bin/python3
"""A sink, its witnesses and an agent: cosignatures collected, published and carried in receipts; witnesses that misbehave;
stores that were put back, copied or run twice; SIGKILLs of the sink while checkpoints are published.

KILLS (default 5) for the last; SEED repeats a run.
"""
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "independent")]
from policies import hold, parse_policy  # noqa: E402
from tests.support import fleet as support  # noqa: E402
from tests.support import witness as w  # noqa: E402

KILLS = int(os.environ.get("KILLS", "5"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 32))))
STALE = 4
AT_ONCE = 4


class Scene(support.Fleet):
    """Two real witnesses, which must sign, and others that misbehave."""

    def __init__(self, bad=(), **agent_options):
        super().__init__(heartbeat_s=1, seal_interval_ms=100, policy="/nowhere", **agent_options)
        self.bad = [w.BadWitness(self, name, behave) for name, behave in bad]
        self.real = [w.Witness(self, "first"), w.Witness(self, "second")]
        for witness in self.real:
            witness.start()
        self.policy = w.write_policy(self.dir / "policy", self, [*self.real, *self.bad], 2)
        self.agent_options["policy"] = self.policy
        self.write_sink_config()

    def write_sink_config(self, **more):
        if hasattr(self, "policy"):
            more = {"policy": self.policy, "publish_interval_ms": 100, "witness_timeout_s": 2, "witness_patience_s": 20} | more
        super().write_sink_config(**more)

    def start_sealing(self):
        self.start_sink()
        self.enroll()
        for name in ("sealer", "shipper"):
            self.start(name)

    def holds(self, path):
        return hold(parse_policy(self.policy.read_bytes()), path.read_bytes())

    def held(self):
        """The published checkpoint under the policy."""
        return self.holds(self.store / "fleet" / "checkpoint")

    def wait_for_quorum(self, above=0):
        published = self.store / "fleet" / "checkpoint"
        return support.wait_until("a cosigned checkpoint", lambda: published.exists() and (h := self.held()).quorum and h.checkpoint.size > above and h)

    def try_to_start(self, seconds=20):
        """Of a sink that must not: its status and what it said."""
        seen = len(self.log("sink")) if (self.dir / "log" / "sink.log").exists() else 0
        self.start("sink")
        status = self.process.pop("sink").wait(seconds)
        return status, self.log("sink")[seen:]

    def remove(self):
        for witness in [*self.real, *self.bad]:
            witness.stop()
        super().remove()


def scene(test):
    """Run with a scene of its own; what it logged is shown if it fails."""

    def run():
        fleet = Scene()
        try:
            test(fleet)
            assert not fleet.sanitizer_reports(), fleet.sanitizer_reports()
        except BaseException:
            print(f"--- sink\n{fleet.log('sink')[-3000:]}" if (fleet.dir / "log" / "sink.log").exists() else "", file=sys.stderr)
            raise
        finally:
            fleet.remove()

    run.__name__ = test.__name__
    return run


@scene
def cosigned_checkpoints_are_published_and_reach_the_agent(fleet):
    fleet.start_sealing()
    first = fleet.wait_for_quorum()
    assert set(first.times) == {b"first", b"second"}, first
    status = support.wait_until("a witnessed receipt", lambda: (s := fleet.status()) and s["witnessed"] == "quorum" and s)
    assert status["witnessed_size"] > 0 and status["witnesses"] == 2 and status["alarm"] == "", status
    assert 0 <= status["witnessed_age_s"] < 30, status
    fleet.wait_for_quorum(above=first.checkpoint.size)
    assert fleet.holds(fleet.spool / "witnessed").quorum
    fleet.stop()
    last = fleet.held()
    assert last.quorum, "the last checkpoint is cosigned too"
    fleet.verify()
    fleet.verify(fleet.spool)
    assert "witnesses=2/2" in fleet_log_text(fleet)


def fleet_log_text(fleet):
    return "".join(f.read_bytes().decode("latin-1") for f in (fleet.store / "fleet" / "tile" / "entries").rglob("*") if f.is_file())


BAD = {
    "silent": w.stay_silent,
    "dripping": w.drip,
    "flooding": w.flood,
    "refusing": w.say(500, b"no"),
    "rubbish": w.say(200, b"\x00\xff" * 100),
    "unsigned": w.say(200, b"\xe2\x80\x94 unsigned.example/w AAAA\n"),
    "boasting": w.say(409, b"9000000000\n", Content_Type="text/x.tlog.size"),
    "minus": w.say(409, b"-1\n", Content_Type="text/x.tlog.size"),
    "untyped": w.say(409, b"1\n"),
    "again": w.say(409, b"1\n", Content_Type="text/x.tlog.size"),
    "redirecting": w.say(301, b"", Location="/add-checkpoint"),
    "contradicting": w.say(422, b"no"),
}


def witnesses_that_misbehave_hurt_nobody():
    fleet = Scene(bad=BAD.items())
    try:
        fleet.start_sealing()
        for _ in range(3):
            size, receipts = fleet.wait_for_quorum().checkpoint.size, (fleet.status() or {"receipts": 0})["receipts"]
            assert set(fleet.wait_for_quorum(above=size).times) == {b"first", b"second"}
            support.wait_until("receipts", lambda: (s := fleet.status()) and s["receipts"] > receipts)
        support.wait_until("all to be asked more than once", lambda: all(bad.asked > 1 for bad in fleet.bad))
        support.wait_until("the size beyond ours in the fleet log", lambda: "boasting 9000000000" in fleet_log_text(fleet))
        assert "witness boasting claims to hold size 9000000000" in fleet.log("sink")
        assert fleet.status()["alarm"] == ""
        fleet.stop()
        fleet.verify()
        assert not fleet.sanitizer_reports(), fleet.sanitizer_reports()
    finally:
        fleet.remove()


def without_witnesses_the_agent_alarms_and_says_when_they_are_back():
    fleet = Scene(witness_within_s=2)
    try:
        fleet.start_sealing()
        support.wait_until("a witnessed receipt", lambda: (s := fleet.status()) and s["witnessed"] == "quorum")
        for witness in fleet.real:
            witness.stop()
        support.wait_until("the alarm", lambda: fleet.status()["alarm"] == "receipts are not witnessed in time")
        assert fleet.status()["witnessed"] == "late"
        size = fleet.held().checkpoint.size
        support.wait_until("publication without them", lambda: fleet.held().checkpoint.size > size)
        for witness in fleet.real:
            witness.start()
        support.wait_until("its end", lambda: fleet.status()["alarm"] == "", 70)
        assert fleet.status()["witnessed"] == "quorum"
        fleet.stop()
        fleet.verify()
    finally:
        fleet.remove()


@scene
def a_store_that_was_put_back_signs_nothing(fleet):
    fleet.start_sealing()
    fleet.wait_for_quorum()
    fleet.end("sink")
    yesterday = fleet.dir / "yesterday"
    shutil.copytree(fleet.store, yesterday)
    size = fleet.held().checkpoint.size
    fleet.start_sink()
    fleet.wait_for_quorum(above=size + 1)
    fleet.end("sink")
    today = fleet.dir / "today"
    fleet.store.rename(today)
    shutil.copytree(yesterday, fleet.store)
    before = w.tree_of(fleet.store)
    status, said = fleet.try_to_start()
    assert status == STALE, (status, said)
    assert "swornlog-sink restore" in said and "Nothing was signed" in said, said
    assert w.tree_of(fleet.store) == before, "not a byte has changed"
    # An empty store is an old one, too.
    shutil.rmtree(fleet.store)
    fleet.store.mkdir(mode=0o700)
    status, said = fleet.try_to_start()
    assert status == STALE, (status, said)
    shutil.rmtree(fleet.store)
    today.rename(fleet.store)
    fleet.start_sink()
    fleet.stop()
    fleet.verify()


@scene
def two_sinks_on_copies_of_one_store_are_caught(fleet):
    fleet.start_sealing()
    fleet.wait_for_quorum()
    fleet.end("sink")
    # Both start while no witness can be asked, as their operator has told them to.
    for witness in fleet.real:
        witness.stop()
    other = Twin(fleet)
    fleet.write_sink_config(start_without_witnesses="true", witness_patience_s=1)
    fleet.start_sink()
    other.start()
    for witness in fleet.real:
        witness.start()
    ended = support.wait_until("one of them to stop", lambda: [p for p in (fleet.process["sink"], other.process) if p.poll() is not None], 60)
    assert ended[0].returncode == STALE, ended[0].returncode
    said = fleet.log("sink") if ended[0] is fleet.process["sink"] else other.log()
    assert "nothing is signed any more" in said, said
    other.stop()


class Twin:
    """A second sink on a copy of the store."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.store = fleet.dir / "twin"
        shutil.copytree(fleet.store, self.store)
        self.config = fleet.dir / "twin.yaml"
        fleet.write_sink_config(store=self.store, listen="127.0.0.1:0", control=fleet.dir / "twin.sock", start_without_witnesses="true", witness_patience_s=1)
        (fleet.dir / "sink.yaml").rename(self.config)

    def start(self):
        with open(self.fleet.dir / "log" / "twin.log", "ab") as log:
            self.process = subprocess.Popen([support.BIN / "swornlog-sink", "--config", self.config], stdout=log, stderr=log, env=support.ENV)
        support.wait_until("the twin to listen", lambda: "listening on" in self.log())

    def log(self):
        return (self.fleet.dir / "log" / "twin.log").read_text(errors="replace")

    def stop(self):
        self.process.kill()
        self.process.wait()


@scene
def a_sink_whose_witnesses_are_silent_starts_only_when_told_to(fleet):
    fleet.start_sealing()
    fleet.wait_for_quorum()
    fleet.end("sink")
    fleet.real[1].stop()
    fleet.write_sink_config(witness_patience_s=1)
    status, said = fleet.try_to_start()
    assert status == 1 and "only 1 of 2 witnesses" in said and "start_without_witnesses" in said, (status, said)
    fleet.write_sink_config(start_without_witnesses="true", witness_patience_s=1)
    fleet.start_sink()
    assert "witnesses=1/2" in fleet_log_text(fleet) or support.wait_until("the entry", lambda: "witnesses=1/2" in fleet_log_text(fleet))
    fleet.stop()
    fleet.verify()


@scene
def a_policy_that_can_t_be_used_is_told(fleet):
    for text, words in ((b"nonsense\n", "line 1"), (None, "No such file"), (b"log vectors.example/log+c269e9a9+AVQ9qMyjW+b5FRjJu3bI6DfVXapviFFafmtkXOQCRIR1\nquorum none\n", "other logs")):
        fleet.policy.unlink(missing_ok=True)
        if text is not None:
            fleet.policy.write_bytes(text)
        status, said = fleet.try_to_start()
        assert status == 1 and words in said, (status, said)


@scene
def the_published_log_stays_consistent_whenever_the_sink_is_killed(fleet):
    rng = random.Random(SEED)
    fleet.start_sealing()
    fleet.wait_for_quorum()
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.0, 0.4))
        before = fleet.held()
        fleet.kill("sink")
        after = fleet.held()
        assert after.checkpoint.size >= before.checkpoint.size, (before, after)
    fleet.wait_for_quorum(above=fleet.held().checkpoint.size)
    assert fleet.status()["alarm"] == "", fleet.status()
    assert not re.search("does not continue|claims", fleet.log("sink")), fleet.log("sink")
    fleet.stop()
    fleet.verify()
    fleet.verify(fleet.spool)


TESTS = [
    cosigned_checkpoints_are_published_and_reach_the_agent,
    witnesses_that_misbehave_hurt_nobody,
    without_witnesses_the_agent_alarms_and_says_when_they_are_back,
    a_store_that_was_put_back_signs_nothing,
    two_sinks_on_copies_of_one_store_are_caught,
    a_sink_whose_witnesses_are_silent_starts_only_when_told_to,
    a_policy_that_can_t_be_used_is_told,
    the_published_log_stays_consistent_whenever_the_sink_is_killed,
]


def ahead(pool, test):
    """The test, begun now: they mostly wait, so several do at once. Its outcome is told when its turn comes."""
    begun = pool.submit(test)

    def outcome():
        begun.result()

    outcome.__name__ = test.__name__
    return outcome


if __name__ == "__main__":
    print(f"KILLS={KILLS} SEED={SEED}")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as workers:
        sys.exit(support.run([ahead(workers, test) for test in TESTS]))
