#!/usr/bin/python3
"""Proof files (section 17), made from the document alone: good ones hold, and none holds that one party forges with all its keys.

A world is a fleet with two hosts, drawn from a number. The host forges what it likes up to the commit; the sink has the whole fleet
log to itself; the administrator has the sink's help as well, but no auditor's.
"""

import random
import unittest
from dataclasses import dataclass, replace

import build
import cbor
import proof
from basics import Refused, base64_text
from entries import SEAL, salts
from notes import checkpoint_text, parse_checkpoint, parse_note
from proof import Leaf, Link, Proof, check_proof
from tree import Tree, leaf_hash

WORLDS, OF_EACH = 25, 3


def leaf_line(word: str, leaf: Leaf) -> bytes:
    return f"{word} {leaf.index} {base64_text(leaf.data).decode()}\n".encode() + hashes(leaf.path)


def hashes(path: list[bytes]) -> bytes:
    return b"".join(base64_text(h) + b"\n" for h in path) + b"\n"


def sized(word: str, data: bytes) -> bytes:
    return f"{word} {len(data)}\n".encode() + data


def proof_bytes(p: Proof) -> bytes:
    parts = [b"swornlog-proof/v1\n", f"genesis {p.genesis.hex()}\norigin {p.origin}\n\n".encode()]
    parts += [leaf_line("entry", p.entry), leaf_line("seal", p.seal)]
    parts += [leaf_line("process", p.process)] if p.process else []
    for link in p.links:
        parts += [sized("link", link.note), leaf_line("seal", link.seal)]
    parts.append(sized("checkpoint", p.checkpoint))
    parts.append(f"head {p.head.size} {base64_text(p.head.root).decode()}\n".encode() + hashes(p.head_path))
    parts.append(f"commit {p.position} {p.heads}\n".encode() + hashes(p.commit_path))
    parts.append(leaf_line("fleet", p.commit))
    parts += [leaf_line("statement", leaf) for leaf in p.statements]
    return b"".join(parts) + p.note


@dataclass
class Story:
    """What somebody says that there is, true or not."""

    cast: build.Cast
    origin: object
    leaves: list[bytes]  # of the host's log
    ends: list[int]  # sizes at which batches end
    notes: list[bytes]  # at these sizes
    heads: list[tuple[str, int, bytes]]  # of the commit, sorted; the host's among them
    fleet: list[bytes]  # entries
    commit: int
    enrolment: int
    note: bytes  # of the fleet log

    def leaf(self, index: int, size: int) -> Leaf:
        return Leaf(index, self.leaves[index], build.inclusion_path(index, [leaf_hash(leaf) for leaf in self.leaves[:size]]))

    def fleet_leaf(self, index: int) -> Leaf:
        return Leaf(index, self.fleet[index], build.inclusion_path(index, [leaf_hash(entry) for entry in self.fleet]))

    def proof(self, index: int) -> Proof:
        own = next(i for i, end in enumerate(self.ends) if index < end)
        signed = [i for i, note in enumerate(self.notes) if len(parse_note(note).lines) == 2]
        chosen = next((i for i in signed if i >= own), own)
        links = [] if chosen in signed else [self.link(i) for i in range(max(i for i in signed if i < own), own)]
        size = self.ends[chosen]
        position = next(i for i, head in enumerate(self.heads) if head[0] == str(self.origin))
        head = parse_checkpoint(checkpoint_text(*self.heads[position]))
        process = cbor.decode(self.leaves[index][16:])[3]
        tops = [leaf_hash(checkpoint_text(*h)) for h in self.heads]
        return Proof(
            build.H(self.cast.genesis), self.origin, self.leaf(index, size), self.leaf(self.ends[own] - 1, size),
            None if process is None else self.leaf(process, size), links, self.notes[chosen], head,
            build.consistency_path(size, [leaf_hash(leaf) for leaf in self.leaves[: head.size]]), position, len(self.heads),
            build.inclusion_path(position, tops), self.fleet_leaf(self.commit), [self.fleet_leaf(self.enrolment)], self.note,
        )  # fmt: skip

    def link(self, i: int) -> Link:
        return Link(self.notes[i], self.leaf(self.ends[i] - 1, self.ends[i]))


class World:
    def __init__(self, number: int):
        self.random = random.Random(number)
        self.cast = build.Cast()
        self.sink = build.Sink(self.cast)
        self.host, self.other = build.Host(self.cast, "alpha"), build.Host(self.cast, "beta")
        for host in (self.host, self.other):
            self.sink.enrol(host)
        self.epoch, self.beside = self.host.epoch(), self.other.epoch()
        self.leaves, self.ends, self.notes = [], [], []
        signed = self.random.choice((2, 9))  # the third batch with the identity key's signature, or none but the first
        batches = [self.seal(True if i == signed else None) for i in range(4)]
        self.beside.add_events(2)
        self.sink.commit(*batches, self.beside.seal())
        self.sink.group([], [[5, self.sink.time, 1, b"sink 0.1"]])

    def seal(self, identity) -> bytes:
        self.epoch.add_events(self.random.randint(1, 4))
        batch = self.epoch.seal(identity=identity)
        _, bodies, seed, note = build.take_apart(batch)
        self.leaves += [salt + body for salt, body in zip(salts(seed, len(bodies)), bodies)]
        self.ends.append(len(self.leaves))
        self.notes.append(note)
        return batch

    def story(self) -> Story:
        heads = [(str(h.origin), h.size, h.root) for h in self.sink.commits["alpha"][0].heads]
        return Story(
            self.cast, self.epoch.origin, list(self.leaves), list(self.ends), list(self.notes), heads, list(self.sink.entries),
            self.sink.commits["alpha"][0].index, 1, self.sink.note,
        )  # fmt: skip

    def pick(self) -> int:
        """An entry that is no seal and no epoch's first."""
        return self.random.choice([i for i in range(1, len(self.leaves)) if i + 1 not in self.ends])


# What forgers do to a story. Each returns the proof of a lie.


def changed(leaf: bytes, rng: random.Random) -> bytes:
    kind, time, sensors, process, fields = cbor.decode(leaf[16:])
    return leaf[:16] + cbor.encode([kind, time + rng.randint(1, 1 << 40), sensors, process, fields])


def rebuild_host(world: World, story: Story, identity: build.Signer, rng: random.Random) -> None:
    """New seal keys all along, and every note signed anew."""
    key = build.Signer(story.origin.seal_name, salt=f"forged {rng.random()}")
    for i, end in enumerate(story.ends):
        following = build.Signer(story.origin.seal_name, salt=f"forged {rng.random()}")
        seal = cbor.decode(story.leaves[end - 1][16:])
        assert seal[0] == SEAL
        seal[4][4] = following.key.public
        story.leaves[end - 1] = story.leaves[end - 1][:16] + cbor.encode(seal)
        first = cbor.decode(story.leaves[0][16:])
        if i == 0:
            first[4][4] = key.key.public
            story.leaves[0] = story.leaves[0][:16] + cbor.encode(first)
        root = Tree(leaf_hash(leaf) for leaf in story.leaves[:end]).root()
        signers = [key] + ([identity] if len(parse_note(story.notes[i]).lines) == 2 else [])
        story.notes[i] = build.make_note(checkpoint_text(str(story.origin), end, root), *signers)
        key = following


def recommit(story: Story) -> None:
    """The commit and the fleet log around what is in the story now: the sink's work."""
    end = story.heads[[h[0] for h in story.heads].index(str(story.origin))][1]
    root = Tree(leaf_hash(leaf) for leaf in story.leaves[:end]).root()
    story.heads = [(name, size, root if name == str(story.origin) else r) for name, size, r in story.heads]
    tops = [leaf_hash(checkpoint_text(*head)) for head in story.heads]
    fields = cbor.decode(story.fleet[story.commit])
    story.fleet[story.commit] = cbor.encode([1, fields[1], build.tree_root(tops), len(tops)])
    resign(story)


def resign(story: Story) -> None:
    root = build.tree_root([leaf_hash(entry) for entry in story.fleet])
    story.note = build.make_note(checkpoint_text(story.cast.log.key.name, len(story.fleet), root), story.cast.log)


def host_changes_an_entry(world, story, rng):
    index = world.pick()
    story.leaves[index] = changed(story.leaves[index], rng)
    rebuild_host(world, story, world.host.identity, rng)
    return story.proof(index)


def host_claims_another_head(world, story, rng):
    index = world.pick()
    story.leaves[index] = changed(story.leaves[index], rng)
    rebuild_host(world, story, world.host.identity, rng)
    end = story.ends[-1]
    root = Tree(leaf_hash(leaf) for leaf in story.leaves[:end]).root()
    story.heads = [(name, size, root if name == str(story.origin) else r) for name, size, r in story.heads]
    return story.proof(index)


def host_speaks_for_another(world, story, rng):
    forged = story.proof(world.pick())
    return replace(forged, origin=world.beside.origin)


def host_names_another_process(world, story, rng):
    index = rng.choice([i for i in range(len(story.leaves)) if cbor.decode(story.leaves[i][16:])[3] is not None])
    forged = story.proof(index)
    process = rng.choice([i for i in range(index) if i != forged.process.index])
    return replace(forged, process=story.leaf(process, parse_checkpoint(parse_note(forged.checkpoint).text).size))


def host_takes_another_seal(world, story, rng):
    forged = story.proof(world.pick())
    size = parse_checkpoint(parse_note(forged.checkpoint).text).size
    other = rng.choice([end for end in story.ends if end <= size and end - 1 != forged.seal.index] or [2])
    return replace(forged, seal=story.leaf(other - 1, size))


def sink_changes_an_entry(world, story, rng):
    index = world.pick()
    story.leaves[index] = changed(story.leaves[index], rng)
    recommit(story)
    return story.proof(index)


def sink_makes_a_host_of_its_own(world, story, rng):
    index = world.pick()
    story.leaves[index] = changed(story.leaves[index], rng)
    identity = build.Signer(world.host.identity.key.name, salt="the sink's")
    rebuild_host(world, story, identity, rng)
    recommit(story)
    return story.proof(index)


def sink_makes_seal_keys_of_its_own(world, story, rng):
    """The identity key's lines stay as they were: they are over other roots."""
    index, notes = world.pick(), list(story.notes)
    story.leaves[index] = changed(story.leaves[index], rng)
    rebuild_host(world, story, world.cast.log, rng)
    for i, note in enumerate(notes):
        lines = note.decode().splitlines(keepends=True)
        if len(parse_note(note).lines) == 2:
            story.notes[i] = "".join(story.notes[i].decode().splitlines(keepends=True)[:-1] + lines[-1:]).encode()
    recommit(story)
    return story.proof(index)


def sink_enrols_with_its_own_key(world, story, rng):
    index = world.pick()
    identity = build.Host(world.cast, "alpha", salt="the sink's")
    signers = rng.choice([[world.cast.log], [build.Signer("test/admin/ada", salt="not hers"), build.Signer("test/auditor/cleo", salt="nor hers")]])
    story.fleet[story.enrolment] = cbor.encode([2, world.sink.time, world.cast.enrol(identity, signers)])
    story.leaves[index] = changed(story.leaves[index], rng)
    rebuild_host(world, story, identity.identity, rng)
    recommit(story)
    return story.proof(index)


def sink_commits_before_the_enrolment(world, story, rng):
    commit, enrolment = story.fleet[story.commit], story.fleet[story.enrolment]
    story.fleet[story.enrolment], story.fleet[story.commit] = commit, enrolment
    story.commit, story.enrolment = story.enrolment, story.commit
    resign(story)
    return story.proof(world.pick())


def administrator_replaces_the_identity(world, story, rng):
    """With the sink's help, but no auditor's."""
    index = world.pick()
    identity = build.Host(world.cast, "alpha", salt="the administrator's")
    signers = rng.choice([world.cast.admins, world.cast.admins[:1], [world.cast.admins[0], build.Signer("test/auditor/cleo", salt="mine")]])
    story.fleet[story.enrolment] = cbor.encode([2, world.sink.time, world.cast.enrol(identity, signers)])
    rebuild_host(world, story, identity.identity, rng)
    recommit(story)
    return story.proof(index)


def administrator_takes_another_genesis(world, story, rng):
    mine = build.Cast(need=(1, 0))
    story.cast = mine
    return story.proof(world.pick())


FORGERS = [
    host_changes_an_entry, host_claims_another_head, host_speaks_for_another, host_names_another_process, host_takes_another_seal,
    sink_changes_an_entry, sink_makes_a_host_of_its_own, sink_makes_seal_keys_of_its_own, sink_enrols_with_its_own_key,
    sink_commits_before_the_enrolment, administrator_replaces_the_identity, administrator_takes_another_genesis,
]  # fmt: skip


def forgeries(worlds=WORLDS, of_each=OF_EACH):
    """(what was done, genesis, file) of so many worlds; the forgers take turns."""
    turn = 0
    for number in range(worlds):
        world = World(number)
        for _ in range(of_each * 3):
            forger = FORGERS[turn % len(FORGERS)]
            turn += 1
            yield f"{forger.__name__} in world {number}", world.cast.genesis, proof_bytes(forger(world, world.story(), world.random))


class Proofs(unittest.TestCase):
    def test_every_entry_of_a_world_can_be_proven(self):
        linked = 0
        for number in range(4):
            world = World(number)
            for index in range(len(world.leaves)):
                data = proof_bytes(world.story().proof(index))
                checked = check_proof(data, world.cast.genesis)
                self.assertEqual(checked.entry.index, index)
                linked += bool(checked.proof.links)
        self.assertGreater(linked, 0)

    def test_a_story_that_is_signed_anew_by_everybody_holds(self):
        """So what fails below is the missing key and not the forger's craft."""
        for number in range(4):
            world = World(number)
            story = world.story()
            rebuild_host(world, story, world.host.identity, world.random)
            recommit(story)
            check_proof(proof_bytes(story.proof(world.pick())), world.cast.genesis)

    def test_what_one_party_forges_with_all_its_keys_does_not_hold(self):
        made = 0
        for what, genesis, data in forgeries():
            with self.assertRaises(Refused, msg=what):
                check_proof(data, genesis)
            made += 1
        self.assertGreaterEqual(made, 200)

    def test_a_proof_with_any_byte_changed_holds_for_no_other_entry(self):
        world = World(1)
        data = proof_bytes(world.story().proof(3))
        good = check_proof(data, world.cast.genesis).proof
        for at in range(0, len(data), 7):
            try:
                other = check_proof(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], world.cast.genesis).proof
            except Refused:
                continue
            self.assertEqual((other.entry, other.process, other.head, other.commit), (good.entry, good.process, good.head, good.commit))

    def test_limits_are_kept(self):
        world = World(1)
        data = proof_bytes(world.story().proof(3))
        with self.assertRaises(Refused):
            check_proof(data + b"\n" * proof.MAX_FILE, world.cast.genesis)
        for cut in range(0, len(data), 11):
            with self.assertRaises(Refused):
                check_proof(data[:cut], world.cast.genesis)


if __name__ == "__main__":
    unittest.main()
