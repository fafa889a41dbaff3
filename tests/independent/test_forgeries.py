#!/usr/bin/python3
"""Forgeries made with all keys of one party at hand: the sink, a host that was taken over, an administrator. Each has to be
found, and the same world without it has to be sound.

A world is a fleet's life, drawn from a number: hosts that seal and name the fleet head that they hold, commits, the sink's own
entries. In the end every host has sealed once more, so that what happened before has been seen by all.
"""

import random
import tempfile
import unittest
from pathlib import Path

import build
import cbor
import verify
from batches import CODEC_DEFLATE, CODEC_NONE, CODEC_ZSTD
from notes import checkpoint_text, parse_checkpoint, parse_note
from statements import check_genesis

WORLDS, OF_EACH = 20, 10
CODECS = (CODEC_NONE, CODEC_DEFLATE, CODEC_ZSTD)


class World:
    """What honest people did, as steps that another sink can take too: ("enrol", note) ("commit", batches) ("entry", item)."""

    def __init__(self, number: int):
        self.random = random.Random(number)
        self.cast = build.Cast()
        self.hosts = [build.Host(self.cast, name) for name in ("alpha", "beta", "gamma")]
        self.sink = build.Sink(self.cast)
        self.steps: list[tuple] = []
        for host in self.hosts:
            self.take("enrol", self.cast.enrol(host))
        self.epochs = [host.epoch() for host in self.hosts]
        for epoch in self.epochs:
            self.commit([epoch])
        for _ in range(self.random.randint(3, 6)):
            self.live()
        for epoch in self.epochs:
            self.commit([epoch])

    def live(self) -> None:
        if self.random.random() < 0.3:
            self.take("entry", [5, self.random.randint(10, 99), 3, b"alpha"])
        else:
            self.commit(self.random.sample(self.epochs, self.random.randint(1, 3)))

    def commit(self, epochs: list) -> None:
        self.take("commit", [self.sealed(epoch) for epoch in epochs])

    def sealed(self, epoch) -> bytes:
        epoch.add_events(self.random.randint(1, 4))
        head = [len(self.sink.leaves), build.tree_root(self.sink.leaves)]
        return epoch.seal(self.random.choice(CODECS), self.random.random() < 0.5 or None, fields={9: head})

    def take(self, what: str, it) -> None:
        self.steps.append((what, it))
        play(self.sink, self.hosts, what, it)

    def places(self, what: str) -> list[int]:
        """Steps that all hosts saw the outcome of: the last ones, a seal of each host, nobody has."""
        return [at for at, step in enumerate(self.steps[: -len(self.hosts)]) if step[0] == what]

    def batches(self) -> list[tuple[int, int]]:
        return [(at, k) for at in self.places("commit") for k in range(len(self.steps[at][1]))]


def play(sink: build.Sink, hosts: list[build.Host], what: str, it) -> None:
    if what == "enrol":
        sink.group([], [[2, sink.time, it]])
        sink.enrolled.update({h.name: (h, {}) for h in hosts if f"host {h.name}\n".encode() in it})
    elif what == "commit":
        sink.commit(*it)
    else:
        sink.group([], [it])


def another_history(world: World, steps: list[tuple]) -> build.Sink:
    """The sink's operator writes the store anew, and signs all of it with the fleet log's key."""
    sink = build.Sink(world.cast)
    for what, it in steps:
        play(sink, world.hosts, what, it)
    return sink


def with_batch(world: World, at: int, k: int, batch: bytes | None) -> list[tuple]:
    """The steps with another batch in that place, or without it."""
    batches = list(world.steps[at][1])
    batches[k : k + 1] = [batch] if batch else []
    steps = list(world.steps)
    steps[at : at + 1] = [("commit", batches)] if batches else []
    return steps


def start_of(batch: bytes) -> tuple:
    origin, bodies, _, note = build.take_apart(batch)
    return origin, parse_checkpoint(parse_note(note).text).size - len(bodies)


def changed(world: World, batch: bytes) -> tuple:
    """The parts of a batch of which one event says something else."""
    origin, bodies, seed, note = build.take_apart(batch)
    at = world.random.randrange(len(bodies) - 1)
    body = cbor.decode(bodies[at])
    body[1] += 1
    bodies[at] = cbor.encode(body)
    return origin, bodies, seed, note


def resigned(world: World, at: int, k: int, signers) -> bytes:
    """A changed batch with a checkpoint that fits, signed by others than its seal key."""
    origin, bodies, seed, _ = changed(world, world.steps[at][1][k])
    first = start_of(world.steps[at][1][k])[1]
    tree = build.Frontier()
    for what, it in world.steps:
        for batch in it if what == "commit" else ():
            if start_of(batch)[0] == origin and start_of(batch)[1] < first:
                _, earlier, its_seed, _ = build.take_apart(batch)
                add_leaves(tree, its_seed, earlier)
    add_leaves(tree, seed, bodies)
    text = checkpoint_text(str(origin), tree.size, tree.root())
    return build.make_batch(origin, first, bodies, seed, build.make_note(text, *signers(origin)), world.random.choice(CODECS))


def add_leaves(tree, seed: bytes, bodies: list[bytes]) -> None:
    for salt, body in zip(build.salts(seed, len(bodies)), bodies):
        tree.add(build.leaf_hash(salt + body))


def under_name(signer: build.Signer, name: str) -> build.Signer:
    """The same secret under another key's name."""
    other = build.Signer(name)
    other.private, other.key = signer.private, type(other.key)(name, signer.key.public, signer.key.type)
    return other


# The sink's operator


def alters_an_event(world):
    at, k = world.random.choice(world.batches())
    old = world.steps[at][1][k]
    origin, bodies, seed, note = changed(world, old)
    return another_history(world, with_batch(world, at, k, build.make_batch(origin, start_of(old)[1], bodies, seed, note, CODEC_NONE)))


def seals_a_changed_batch(world):
    at, k = world.random.choice(world.batches())
    batch = resigned(world, at, k, lambda origin: [under_name(world.cast.log, origin.seal_name)])
    return another_history(world, with_batch(world, at, k, batch))


def drops_a_batch(world):
    at, k = world.random.choice(world.batches())
    return another_history(world, with_batch(world, at, k, None))


def drops_the_end_of_a_log(world):
    at, k = world.random.choice(world.batches())
    origin, first = start_of(world.steps[at][1][k])
    return another_history(world, only(world, lambda batch: start_of(batch)[0] != origin or start_of(batch)[1] < first))


def only(world: World, keep) -> list[tuple]:
    steps = [(what, list(filter(keep, it)) if what == "commit" else it) for what, it in world.steps]
    return [step for step in steps if step[1]]


def forgets_a_host(world):
    host = world.random.choice(world.hosts)
    steps = [s for s in only(world, lambda batch: start_of(batch)[0].host != host.name) if s != ("enrol", world.cast.enrol(host))]
    return another_history(world, steps)


def swaps_two_steps(world):
    at = world.random.choice(world.places("commit"))
    steps = list(world.steps)
    steps[at], steps[at + 1] = steps[at + 1], steps[at]
    return another_history(world, steps)


def adds_an_entry(world):
    steps = list(world.steps)
    steps.insert(world.random.choice(world.places("commit")), ("entry", [5, 7, 4, b"beta"]))
    return another_history(world, steps)


def replays_a_batch(world):
    at, k = world.random.choice(world.batches())
    return another_history(world, world.steps[: at + 2] + [("commit", [world.steps[at][1][k]])] + world.steps[at + 2 :])


def moves_a_batch_to_another_commit(world):
    at, k = world.random.choice(world.batches())
    batch = world.steps[at][1][k]
    steps = with_batch(world, at, k, None)
    steps.insert(at + 1 if len(steps) == len(world.steps) else at, ("commit", [batch]))
    if steps == world.steps:
        steps.insert(at, ("entry", [5, 7, 4, b"beta"]))
    return another_history(world, steps)


# A host that was taken over: its identity key and the seal key that was to come, and a hand on the sink's disk


def fresh_keys(world):
    """Whose are the identity and the newest seal key; the used seal keys are gone."""
    return lambda origin: [next(e for e in world.epochs if e.origin == origin).seal_signer, identity(world, origin)]


def identity(world, origin):
    return next(h for h in world.hosts if h.name == origin.host).identity


def put_on_disk(world, at, k, batch):
    """In the store as the sink has signed it."""
    sink = another_history(world, world.steps)
    old = world.steps[at][1][k]
    for journal in sink.journals:
        journal.records = [(kind, batch if payload == old else payload) for kind, payload in journal.records if batch or payload != old]
    return sink


def says_something_else(world):
    at, k = world.random.choice(world.batches())
    return put_on_disk(world, at, k, resigned(world, at, k, fresh_keys(world)))


def says_it_under_the_identity_key_alone(world):
    at, k = world.random.choice(world.batches())
    return put_on_disk(world, at, k, resigned(world, at, k, lambda origin: [identity(world, origin)]))


def unsays_it(world):
    at, k = world.random.choice(world.batches())
    return put_on_disk(world, at, k, None)


def begins_its_log_anew(world):
    host = world.random.randrange(len(world.hosts))
    epoch = build.Host(world.cast, world.hosts[host].name).epoch(extra={4: build.Signer("anew", salt="0").key.public})
    epoch.seal_signer = under_name(build.Signer("anew", salt="0"), epoch.origin.seal_name)
    epoch.add_events(2)
    at = next(at for at, step in enumerate(world.steps) if step[0] == "commit" and start_of(step[1][0])[0].host == epoch.origin.host)
    return put_on_disk(world, at, 0, epoch.seal())


def speaks_for_another(world):
    """A batch under the other host's name, sealed with the own keys, committed in good faith."""
    own, other = world.random.sample(world.epochs, 2)
    other.add_events(1)
    mine = under_name(own.seal_signer, other.origin.seal_name)
    return another_history(world, world.steps + [("commit", [other.seal(signer=mine, identity=True, identity_signer=own.host.identity)])])


def skips_what_it_sealed(world):
    """The tail is destroyed, and the log goes on as if it had not been there."""
    epoch = world.random.choice(world.epochs)
    epoch.add_events(2)
    epoch.seal()
    epoch.add_events(1)
    return another_history(world, world.steps + [("commit", [epoch.seal(identity=True)])])


def counts_wrongly(world):
    """What the account says is more than there is."""
    epoch = world.random.choice(world.epochs)
    epoch.add_events(1)
    account = [epoch.stored + 9, epoch.stored + 9, 0, 0, 0]
    return another_history(world, world.steps + [("commit", [epoch.seal(fields={5: account})])])


# An administrator, whose statements the sink takes down as they come


def stranger(world):
    return build.Host(world.cast, "delta", salt=str(world.random.random()))


def with_statement(world, note, *batches):
    return another_history(world, world.steps + [("entry", [2, 1795521660_000_000, note])] + [("commit", [batch]) for batch in batches])


def enrols_alone(world):
    host = stranger(world)
    epoch = host.epoch()
    epoch.add_events(2)
    return with_statement(world, world.cast.enrol(host, [world.cast.admins[0]]), epoch.seal())


def enrols_with_a_second_administrator(world):
    host = stranger(world)
    epoch = host.epoch()
    epoch.add_events(2)
    return with_statement(world, world.cast.enrol(host, world.cast.admins), epoch.seal())


def signs_as_an_auditor(world):
    auditor = under_name(world.cast.admins[0], world.cast.auditors[0].key.name)
    return with_statement(world, world.cast.enrol(stranger(world), [world.cast.admins[1], auditor]))


def enrols_a_host_again(world):
    host = build.Host(world.cast, world.random.choice(world.hosts).name, salt="mine")
    return with_statement(world, world.cast.enrol(host, world.cast.admins))


def gives_a_host_another_name(world):
    host = stranger(world)
    host.identity = under_name(world.random.choice(world.hosts).identity, f"{world.cast.fleet}/host/{host.name}")
    return with_statement(world, world.cast.enrol(host, [world.cast.admins[0]]))


def replaces_the_genesis(world):
    other = build.Cast()
    other.auditors = [build.Signer(f"{other.fleet}/auditor/mine")]
    other.genesis = other.make_genesis()
    sink = build.Sink(other)
    for what, it in world.steps:
        play(sink, world.hosts, what, it)
    return sink


PARTIES = {
    "sink": [alters_an_event, seals_a_changed_batch, drops_a_batch, drops_the_end_of_a_log, forgets_a_host, swaps_two_steps,
             adds_an_entry, replays_a_batch, moves_a_batch_to_another_commit],
    "host": [says_something_else, says_it_under_the_identity_key_alone, unsays_it, begins_its_log_anew, speaks_for_another,
             skips_what_it_sealed, counts_wrongly],
    "administrator": [enrols_alone, enrols_with_a_second_administrator, signs_as_an_auditor, enrols_a_host_again,
                      gives_a_host_another_name, replaces_the_genesis],
}  # fmt: skip


class Forgeries(unittest.TestCase):
    def fault(self, sink: build.Sink, world: World) -> tuple[bool, list]:
        with tempfile.TemporaryDirectory() as folder:
            sink.write(Path(folder) / "store", world.random.randint(0, 1))
            outcome = verify.verify_store(Path(folder) / "store", check_genesis(world.cast.genesis))
            return outcome["fault"], outcome["findings"]

    def test_each_of_two_hundred_is_found_and_no_world_without_one(self):
        moves = [(party, move) for party, all_of in PARTIES.items() for move in all_of]
        missed = []
        for number in range(WORLDS):
            sound, findings = self.fault(World(number).sink, World(number))
            self.assertFalse(sound, f"world {number} is sound: {findings}")
            for k in range(OF_EACH):
                world = World(number)
                world.random.seed(number * OF_EACH + k)
                party, move = moves[(number * OF_EACH + k) % len(moves)]
                if not self.fault(move(world), world)[0]:
                    missed.append(f"{party} {move.__name__}, number {number * OF_EACH + k}")
        self.assertEqual(missed, [])


if __name__ == "__main__":
    unittest.main()
